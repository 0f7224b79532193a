"""Användare, organisationer, behörigheter, åtkomstlogg och inskick."""

from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Now

from behorighet.roller import RATTIGHETER, UTESLUTNINGSGRUPP, Rattighet, Roll


class Organisationstyp(models.TextChoices):
    """Typ av organisation (`doman.md` 2)."""

    STAT = "stat", "Stat"
    KOMMUN = "kommun", "Kommun"
    REGION = "region", "Region"
    SAMORDNINGSFORBUND = "samordningsforbund", "Samordningsförbund"
    ESF = "esf", "ESF-medel"
    OVRIGA = "ovriga", "Övriga"


class Organisation(models.Model):
    """En myndighet, kommun, region eller ett förbund: arbetsgivare och part i samverkan."""

    namn = models.CharField("namn", max_length=200, unique=True)
    organisationsnummer = models.CharField("organisationsnummer", max_length=11, unique=True, null=True, blank=True)
    typ = models.CharField("typ", max_length=20, choices=Organisationstyp)

    class Meta:
        verbose_name = "organisation"
        verbose_name_plural = "organisationer"

    def __str__(self) -> str:
        return self.namn


class AnvandareManager(BaseUserManager["Anvandare"]):
    """Skapar konton. Självregistrering finns inte."""

    def create_user(self, username: str, password: str | None = None, **falt: Any) -> "Anvandare":
        """Skapar ett konto; utan lösenord går det inte att logga in med lösenord."""
        anvandare = self.model(username=username, **falt)
        anvandare.set_password(password)
        anvandare.save(using=self._db)
        return anvandare


class Anvandare(AbstractBaseUser):
    """Ett konto för en person hos en arbetsgivare. Vad den får göra står i dess behörigheter."""

    username = models.CharField("användarnamn", max_length=150, unique=True)
    fornamn = models.CharField("förnamn", max_length=100)
    efternamn = models.CharField("efternamn", max_length=100)
    epost = models.EmailField("e-post", blank=True)
    arbetsgivare = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="anstallda")
    is_active = models.BooleanField("aktiv", default=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now())

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "epost"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["fornamn", "efternamn", "arbetsgivare"]

    objects = AnvandareManager()

    class Meta:
        verbose_name = "användare"
        verbose_name_plural = "användare"

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """Förnamn och efternamn."""
        return f"{self.fornamn} {self.efternamn}"

    def get_short_name(self) -> str:
        """Förnamnet, för hälsningen på startsidan."""
        return self.fornamn

    @cached_property
    def roller_nu(self) -> list[Roll]:
        """Roller med gällande behörighet, i rollernas ordning. Läses en gång per begäran (P4)."""
        gallande = set(self.behorigheter.gallande().values_list("roll", flat=True))
        return [roll for roll in Roll if roll.value in gallande]

    def far(self, rattighet: Rattighet) -> bool:
        """Sant om någon gällande behörighet ger rättigheten. Räckvidden avgörs av `synliga_for`."""
        return any(rattighet in RATTIGHETER[roll] for roll in self.roller_nu)


class GiltigQuerySet(models.QuerySet[Any]):
    """Rader med giltighetstid."""

    def gallande(self) -> Self:
        """De som gäller just nu: från och till är datum i Europe/Stockholm, båda inräknade (R1a)."""
        return self.filter(giltighet__contains=Now())


class Giltig(models.Model):
    """Giltighet från och med ett datum till och med ett annat. *Avsluta nu* bryter genast (R1a)."""

    fran = models.DateField("från och med")
    till = models.DateField("till och med", null=True, blank=True)
    avslutad_vid = models.DateTimeField("avslutad", null=True, blank=True, editable=False)
    giltighet = models.GeneratedField(
        expression=Func(F("fran"), F("till"), F("avslutad_vid"), function="sus_giltighet"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )

    class Meta:
        abstract = True


class Behorighet(Giltig):
    """En roll som en person har under en tid, beställd av arbetsgivarens beställare."""

    anvandare = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="behorigheter")
    roll = models.CharField("roll", max_length=30, choices=Roll)
    bestalld_av = models.ForeignKey(
        Anvandare, on_delete=models.PROTECT, related_name="bestallda_behorigheter", null=True, blank=True
    )
    uteslutningsgrupp = models.GeneratedField(
        expression=Case(
            *(When(roll=roll.value, then=Value(grupp)) for roll, grupp in UTESLUTNINGSGRUPP.items()),
            output_field=models.IntegerField(),
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    objects = GiltigQuerySet.as_manager()

    class Meta:
        verbose_name = "behörighet"
        verbose_name_plural = "behörigheter"
        constraints = [
            models.CheckConstraint(
                name="behorighet_slutar_inte_fore_start",
                condition=Q(till=None) | Q(till__gte=F("fran")),
                violation_error_message="Till och med kan inte vara före från och med.",
            ),
            models.CheckConstraint(name="behorighet_roll_finns", condition=Q(roll__in=Roll.values)),
            ExclusionConstraint(
                name="roller_som_utesluter_varandra",
                expressions=[
                    ("anvandare", RangeOperators.EQUAL),
                    ("uteslutningsgrupp", RangeOperators.NOT_EQUAL),
                    ("giltighet", RangeOperators.OVERLAPS),
                ],
                condition=Q(uteslutningsgrupp__isnull=False),
                violation_error_message=(
                    "Den som är deltagaransvarig kan inte samtidigt vara samverkansadministratör eller beställare."
                ),
            ),
            ExclusionConstraint(
                name="samma_roll_en_gang_i_taget",
                expressions=[
                    ("anvandare", RangeOperators.EQUAL),
                    ("roll", RangeOperators.EQUAL),
                    ("giltighet", RangeOperators.OVERLAPS),
                ],
                violation_error_message="Personen har redan rollen under den tiden.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_roll_display()}: {self.anvandare}"


class Handelse(models.Model):
    """En rad i åtkomstloggen (R6). Utan främmande nycklar: loggen hindrar inget och försvinner inte med något.

    Innehåller id:n och koder, aldrig namn eller personnummer (P7, P10).
    """

    class Typ(models.TextChoices):
        INSATS_REGISTRERAD = "insats_registrerad", "Insats registrerad"
        INSATS_ANDRAD = "insats_andrad", "Insats ändrad"
        KATEGORISERING_LAST = "kategorisering_last", "Kategorisering låst"
        ANTAL_REGISTRERAT = "antal_registrerat", "Antal i volyminsats registrerat"
        PERSON_SOKT = "person_sokt", "Person sökt eller skapad"
        PERSON_VISAD = "person_visad", "Person visad"
        DELTAGARE_INREGISTRERAD = "deltagare_inregistrerad", "Deltagare inregistrerad"
        DELTAGARE_UTREGISTRERAD = "deltagare_utregistrerad", "Deltagare utregistrerad"
        AVIDENTIFIERAD = "avidentifierad", "Identitet borttagen"
        ANONYMA_REGISTRERADE = "anonyma_registrerade", "Anonyma deltagare registrerade"
        ANONYMA_BORTTAGNA = "anonyma_borttagna", "Anonyma deltagare borttagna"
        OMKRYPTERAT = "omkrypterat", "Identiteter omkrypterade"
        IMPORTERAT = "importerat", "Filer importerade"
        EXPORTERAT = "exporterat", "Filer exporterade"
        GENERERAT = "genererat", "Påhittade uppgifter skapade"

    tid = models.DateTimeField("tid", db_default=Now())
    av_id = models.BigIntegerField("användare", null=True)
    uppdrag_id = models.BigIntegerField("uppdrag", null=True)
    typ = models.CharField("händelse", max_length=40, choices=Typ)
    insats_id = models.BigIntegerField("insats", null=True)
    person_id = models.BigIntegerField("person", null=True)
    detaljer = models.JSONField("detaljer", default=dict)

    class Meta:
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        indexes = [
            models.Index(fields=["person_id", "tid"], name="handelse_person", condition=Q(person_id__isnull=False)),
            models.Index(fields=["av_id", "tid"], name="handelse_av"),
        ]

    def __str__(self) -> str:
        return f"{self.tid:%Y-%m-%d %H:%M} {self.get_typ_display()}"


class Inskick(models.Model):
    """Ett inskickat formulär: samma token igen ger samma svar och ingen ny rad (P15)."""

    token = models.UUIDField(primary_key=True)
    anvandare = models.ForeignKey(Anvandare, on_delete=models.CASCADE, related_name="+")
    innehall = models.BinaryField("nycklad summa av innehållet")
    svar = models.CharField("adress till svaret", max_length=200, blank=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now())

    class Meta:
        verbose_name = "inskick"
        verbose_name_plural = "inskick"

    def __str__(self) -> str:
        return str(self.token)

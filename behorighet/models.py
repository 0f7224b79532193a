"""Användare, organisationer, behörigheter, åtkomstlogg och inskick."""

from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from behorighet.roller import BESTALLS_MED, RATTIGHETER, UTESLUTNINGSGRUPP, Rattighet, Roll


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

    namn = models.CharField(
        "namn",
        max_length=200,
        unique=True,
        error_messages={"unique": "Det finns redan en organisation med det namnet."},
    )
    organisationsnummer = models.CharField(
        "organisationsnummer",
        max_length=11,
        unique=True,
        null=True,
        blank=True,
        error_messages={"unique": "Det finns redan en organisation med det numret."},
    )
    typ = models.CharField("typ", max_length=20, choices=Organisationstyp)

    class Meta:
        verbose_name = "organisation"
        verbose_name_plural = "organisationer"

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Systemadministratörens sida om organisationen."""
        return reverse("organisation", args=[self.pk])


class AnvandareQuerySet(models.QuerySet["Anvandare"]):
    """Konton."""

    def synliga_for(self, anvandare: "Anvandare", rattighet: Rattighet) -> Self:
        """De vars behörigheter användaren får hantera: beställarens egen organisation, systemadministratörens alla."""
        if not anvandare.far(rattighet):
            return self.none()
        if rattighet == Rattighet.ADMINISTRERA_SYSTEMET:
            return self.all()
        if rattighet == Rattighet.BESTALLA_BEHORIGHET:
            return self.filter(arbetsgivare=anvandare.arbetsgivare_id)
        return self.none()

    def kan_fa_lank_av(self, anvandare: "Anvandare", rattighet: Rattighet) -> Self:
        """De som användaren får ge en engångslänk: länken är nyckeln till kontot och allt det får göra.

        Beställaren ger den åt dem vars alla roller den kan beställa, systemadministratören åt beställare; ingen åt sig
        själv.
        """
        roller = set(BESTALLS_MED.get(rattighet, ())) | set(BESTALLS_MED[Rattighet.BESTALLA_BEHORIGHET])
        har = Behorighet.objects.inte_slut().filter(anvandare=OuterRef("pk"))
        konton = (
            self.synliga_for(anvandare, rattighet)
            .exclude(pk=anvandare.pk)
            .exclude(Exists(har.exclude(roll__in=roller)))
        )
        if rattighet == Rattighet.ADMINISTRERA_SYSTEMET:
            return konton.filter(Exists(har.filter(roll=Roll.BESTALLARE)))
        return konton


class AnvandareManager(BaseUserManager.from_queryset(AnvandareQuerySet)["Anvandare"]):  # type: ignore[misc]
    """Skapar konton. Självregistrering finns inte."""

    def create_user(self, username: str, password: str | None = None, **falt: Any) -> "Anvandare":
        """Skapar ett konto; utan lösenord går det inte att logga in med lösenord."""
        anvandare: Anvandare = self.model(username=username, **falt)
        anvandare.set_password(password)
        anvandare.save(using=self._db)
        return anvandare


class Anvandare(AbstractBaseUser):
    """Ett konto för en person hos en arbetsgivare. Vad den får göra står i dess behörigheter."""

    username = models.CharField(
        "användarnamn",
        max_length=150,
        unique=True,
        error_messages={"unique": "Användarnamnet är upptaget. Välj ett annat."},
    )
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


class Giltighetslage(models.TextChoices):
    """Var i sin giltighet en behörighet är."""

    GALLER = "galler", "Gäller"
    KOMMANDE = "kommande", "Kommande"
    AVSLUTAD = "avslutad", "Avslutad"


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


class BehorighetQuerySet(GiltigQuerySet):
    """Behörigheter."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """De som användaren får avsluta: rollerna som beställs med rättigheten, hos personalen som den når."""
        return self.filter(
            anvandare__in=Anvandare.objects.synliga_for(anvandare, rattighet),
            roll__in=BESTALLS_MED.get(rattighet, ()),
        )

    def inte_slut(self) -> Self:
        """De som gäller nu eller längre fram."""
        return self.filter(giltighet__isempty=False).filter(
            Q(giltighet__upper_inf=True) | Q(giltighet__endswith__gt=Now())
        )

    def i_lage(self, lage: Giltighetslage) -> Self:
        """De som gäller, ska börja gälla eller har slutat gälla."""
        if lage == Giltighetslage.GALLER:
            return self.gallande()
        kommande = Q(giltighet__startswith__gt=Now())
        if lage == Giltighetslage.KOMMANDE:
            return self.filter(kommande)
        return self.filter(Q(giltighet__isempty=True) | Q(giltighet__endswith__lte=Now()))


class Behorighet(Giltig):
    """En roll som en person har under en tid, beställd av arbetsgivarens beställare."""

    anvandare = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="behorigheter")
    roll = models.CharField("roll", max_length=30, choices=Roll)
    bestalld_av = models.ForeignKey(
        Anvandare, on_delete=models.PROTECT, related_name="bestallda_behorigheter", null=True, blank=True
    )
    # R1a: en behörighet som avslutas nu frigör rollen samma dag; den nya börjar då i det ögonblicket.
    borjar_vid = models.DateTimeField("börjar", null=True, blank=True, editable=False)
    giltighet = models.GeneratedField(
        expression=Func(F("fran"), F("till"), F("avslutad_vid"), F("borjar_vid"), function="sus_giltighet"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )
    uteslutningsgrupp = models.GeneratedField(
        expression=Case(
            *(When(roll=roll.value, then=Value(grupp)) for roll, grupp in UTESLUTNINGSGRUPP.items()),
            output_field=models.IntegerField(),
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    objects = BehorighetQuerySet.as_manager()

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

    @property
    def lage(self) -> Giltighetslage:
        """Läget just nu. Raden ska vara läst ur databasen, som räknar ut `giltighet`."""
        nu = timezone.now()
        if self.giltighet.isempty or (self.giltighet.upper and self.giltighet.upper <= nu):
            return Giltighetslage.AVSLUTAD
        return Giltighetslage.KOMMANDE if self.giltighet.lower > nu else Giltighetslage.GALLER

    @property
    def sista_dag(self) -> date | None:
        """Den sista dagen som behörigheten gäller eller gällde; None när inget slut är satt."""
        dagar = [self.till, self.avslutad_vid and timezone.localdate(self.avslutad_vid)]
        return min((dag for dag in dagar if dag), default=None)


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
        INLOGGAD = "inloggad", "Inloggning"
        INLOGGNING_MISSLYCKAD = "inloggning_misslyckad", "Inloggning misslyckad"
        KONTO_SPARRAT = "konto_sparrat", "Konto spärrat efter misslyckade inloggningar"
        LOSENORD_VALT = "losenord_valt", "Lösenord valt med engångslänk"
        LOSENORD_BYTT = "losenord_bytt", "Lösenord bytt"
        LANK_SKAPAD = "lank_skapad", "Engångslänk skapad"
        KONTO_SKAPAT = "konto_skapat", "Konto skapat"
        BEHORIGHET_BESTALLD = "behorighet_bestalld", "Behörighet beställd"
        BEHORIGHET_AVSLUTAD = "behorighet_avslutad", "Behörighet avslutad"
        ORGANISATION_REGISTRERAD = "organisation_registrerad", "Organisation registrerad"
        SAMVERKANSORGANISATION_REGISTRERAD = "samverkansorganisation_registrerad", "Samverkansorganisation registrerad"
        UPPDRAG_GIVET = "uppdrag_givet", "Uppdrag givet"
        UPPDRAG_AVSLUTAT = "uppdrag_avslutat", "Uppdrag avslutat"

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


class Inloggningsforsok(models.Model):
    """Misslyckade inloggningar i följd på ett konto, och hur länge det är spärrat (P5)."""

    anvandare = models.OneToOneField(Anvandare, on_delete=models.CASCADE, primary_key=True, related_name="+")
    i_foljd = models.PositiveSmallIntegerField("misslyckade i följd", default=0)
    sparrat_till = models.DateTimeField("spärrat till", null=True)

    class Meta:
        verbose_name = "inloggningsförsök"
        verbose_name_plural = "inloggningsförsök"

    def __str__(self) -> str:
        return str(self.pk)


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

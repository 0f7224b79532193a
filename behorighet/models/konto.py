"""Konton, vem som får hantera dem, och behörigheterna de har (`doman.md` 1.1, R1, R1a)."""

from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar, Final, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from behorighet.models.giltighet import Giltig, Giltighetslage, GiltigQuerySet
from behorighet.models.historik import med_historik
from behorighet.models.organisation import Organisation
from behorighet.roller import BESTALLS_MED, KRAVER_TVA_STEG, RATTIGHETER, UTESLUTNINGSGRUPP, Rattighet, Roll, roller_med

AF_FK: Final = ("af", "fk")  # kontorens samverkansformer
VARSEL_DAGAR: Final = 30  # så långt före slutet syns det på startsidan och i påminnelserna


def dagen_efter(falt: str) -> models.Expression:
    """Dagen efter datumet i den yttre frågans fält."""
    return ExpressionWrapper(OuterRef(falt) + Value(timedelta(days=1)), models.DateField())


class AnvandareQuerySet(models.QuerySet["Anvandare"]):
    """Konton."""

    def med_roller(self) -> Self:
        """Med rollerna som gäller nu (`roller_nu`), i samma fråga som kontot.

        `pa_kontor` är sant för den som registrerar för ett kontor i Af/FK-samarbetet (R28), och `nya_rapporter` hur
        många beställda rapporter som har blivit klara, och hur många som inte gick att göra, sedan sist: menyn och
        sidhuvudet frågar på varje sida.
        """
        gallande = Behorighet.objects.filter(anvandare=OuterRef("pk")).gallande()
        kontor = gallande.filter(
            roll__in=roller_med(Rattighet.REGISTRERA_DELTAGARE),
            uppdrag__giltighet__contains=Now(),
            uppdrag__insats__samverkansform__in=AF_FK,
        )
        return self.annotate(
            gallande_roller=ArraySubquery(gallande.values("roll")),
            pa_kontor=Exists(kontor),
            nya_rapporter=Func("pk", function="nya_rapporter", output_field=ArrayField(models.BigIntegerField())),
        )

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

        Beställaren ger den åt dem vars alla roller den kan beställa, systemadministratören åt beställare och
        systemadministratörer, men aldrig åt en deltagaransvarig: den nyckeln öppnar personuppgifter. Ingen ger den åt
        sig själv.
        """
        roller = set(BESTALLS_MED.get(rattighet, ())) | set(BESTALLS_MED[Rattighet.BESTALLA_BEHORIGHET])
        egna = set(BESTALLS_MED[Rattighet.ADMINISTRERA_SYSTEMET])
        if rattighet == Rattighet.ADMINISTRERA_SYSTEMET:
            roller.discard(Roll.DELTAGARANSVARIG)
        har = Behorighet.objects.inte_slut().filter(anvandare=OuterRef("pk"))
        konton = (
            self.synliga_for(anvandare, rattighet)
            .exclude(pk=anvandare.pk)
            .exclude(Exists(har.exclude(roll__in=roller)))
        )
        if rattighet == Rattighet.ADMINISTRERA_SYSTEMET:
            return konton.filter(Exists(har.filter(roll__in=egna)))
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
    # Ökar när kontots sessioner ska sluta gälla utan att lösenordet byts
    sessionsserie = models.PositiveIntegerField("sessionsserie", default=0, editable=False)

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

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Djangos egen summa är bara lösenordets: här slutar sessionerna också när serien ökar.
        text = f"{self.password}{self.sessionsserie}"
        return salted_hmac("behorighet.session", text, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def roller_nu(self) -> list[Roll]:
        """Roller med gällande behörighet, i rollernas ordning. Läses en gång per begäran (P4)."""
        lasta = getattr(self, "gallande_roller", None)
        gallande = set(self.behorigheter.gallande().values_list("roll", flat=True) if lasta is None else lasta)
        return [roll for roll in Roll if roll.value in gallande]

    @property
    def kraver_tva_steg(self) -> bool:
        """Sant om någon gällande roll kräver tvåstegsinloggning (P5)."""
        return not KRAVER_TVA_STEG.isdisjoint(self.roller_nu)

    def far(self, rattighet: Rattighet) -> bool:
        """Sant om någon gällande behörighet ger rättigheten. Räckvidden avgörs av `synliga_for`."""
        return any(rattighet in RATTIGHETER[roll] for roll in self.roller_nu)


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

    def slutar_snart(self) -> Self:
        """De som slutar inom `VARSEL_DAGAR` dagar utan att personen har fått rollen för tiden efter."""
        idag = timezone.localdate()
        fortsatter = Behorighet.objects.filter(
            anvandare=OuterRef("anvandare"), roll=OuterRef("roll"), avslutad_vid=None, fran=dagen_efter("till")
        )
        return self.filter(
            till__range=(idag, idag + timedelta(days=VARSEL_DAGAR)), avslutad_vid=None, anvandare__is_active=True
        ).exclude(Exists(fortsatter))

    def i_lage(self, lage: Giltighetslage) -> Self:
        """De som gäller, ska börja gälla eller har slutat gälla."""
        if lage == Giltighetslage.GALLER:
            return self.gallande()
        kommande = Q(giltighet__startswith__gt=Now())
        if lage == Giltighetslage.KOMMANDE:
            return self.filter(kommande)
        return self.filter(Q(giltighet__isempty=True) | Q(giltighet__endswith__lte=Now()))


@med_historik(exclude=["giltighet", "uteslutningsgrupp"])
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

"""Insatser med kategorisering och låset (`doman.md` 3, R9–R16)."""

from datetime import date
from typing import Final, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from behorighet.models import Anvandare, med_historik
from behorighet.roller import Rattighet
from insatser.kategorier import (
    KONTORSFORMER,
    OMRADESNAMN,
    Deltagarregistrering,
    Inriktning,
    Malgrupp,
    PreciseradInriktning,
    Samverkansform,
    malgruppstext,
    villkor,
)
from insatser.models.organisation import Samverkansorganisation
from insatser.models.uppdrag import Uppdrag

HOGST_OMRADE: Final = 100
BORTTAGEN: Final = "Insatsen är borttagen av någon annan. Det du skrev är inte sparat."


class Lasorsak(models.TextChoices):
    """Vilken registrering som låste kategoriseringen (R11)."""

    DELTAGARE = "deltagare", "en deltagare med personuppgifter"
    ANONYM = "anonym", "en anonym deltagare"
    ANTAL = "antal", "ett antal för volyminsatsen"


class InsatsQuerySet(models.QuerySet["Insats"]):
    """Vilka insatser en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Insatserna som användaren når med rättigheten; rätt och räckvidd ur samma uppdrag.

        Att visa är öppet för alla med en roll (R5). Att registrera kräver ett gällande uppdrag på insatsen
        eller, för insatsansvarig, på dess samverkansorganisation.
        """
        if not anvandare.far(rattighet):
            return self.none()
        if rattighet in {Rattighet.VISA_INSATSER, Rattighet.VISA_RAPPORT}:
            return self
        uppdrag = Uppdrag.objects.gallande_for(anvandare, rattighet)
        return self.filter(
            Q(pk__in=uppdrag.filter(insats__isnull=False).values("insats"))
            | Q(samverkansorganisation__in=uppdrag.filter(insats=None).values("samverkansorganisation"))
        )

    def las(self, pk: int) -> "Insats":
        """Insatsen, med sin rad låst till transaktionens slut.

        Ger ValidationError om någon annan har tagit bort den sedan sidan visades.
        """
        insats = self.select_for_update(of=("self",)).filter(pk=pk).first()
        if insats is None:
            raise ValidationError(BORTTAGEN, code="borttagen")
        return insats

    def kontor(self) -> Self:
        """Bara kontoren i Af/FK-samarbetet."""
        return self.filter(samverkansform__in=KONTORSFORMER)

    def utan_kontor(self) -> Self:
        """Utan kontoren i Af/FK-samarbetet, som Insatsrapporten lämnar ute."""
        return self.exclude(samverkansform__in=KONTORSFORMER)


@med_historik(exclude=[])
class Insats(models.Model):
    """En insats som en samverkansorganisation driver, eller ett kontor i Af/FK-samarbetet."""

    nyckel = models.CharField("nyckel", max_length=60, unique=True)
    samverkansorganisation = models.ForeignKey(
        Samverkansorganisation, on_delete=models.PROTECT, related_name="insatser", verbose_name="samverkansorganisation"
    )
    samverkansform = models.CharField(max_length=20, choices=Samverkansform, editable=False)
    namn = models.CharField("insatsnamn", max_length=200)
    # Bara för kontor. Filerna som läses in behöver inte ha det: databasen fyller i tomt.
    omrade = models.CharField(
        "verksamhets- eller marknadsområde", max_length=HOGST_OMRADE, blank=True, db_default="", default=""
    )
    beskrivning = models.TextField("beskrivning", blank=True)
    startdatum = models.DateField("startdatum")
    slutdatum = models.DateField("slutdatum", null=True, blank=True)
    inriktning = models.CharField("inriktning", max_length=20, choices=Inriktning, blank=True)
    preciserad_inriktning = models.CharField(
        "preciserad inriktning", max_length=40, choices=PreciseradInriktning, blank=True
    )
    deltagarregistrering = models.CharField(
        "deltagarregistrering", max_length=20, choices=Deltagarregistrering, blank=True
    )
    malgrupper = ArrayField(
        models.CharField(max_length=40, choices=Malgrupp), verbose_name="specifik målgrupp", default=list, blank=True
    )
    kategorisering_last_vid = models.DateTimeField("kategoriseringen låst", null=True, blank=True, editable=False)
    last_av = models.CharField("låst av", max_length=20, choices=Lasorsak, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = InsatsQuerySet.as_manager()

    class Meta:
        verbose_name = "insats"
        verbose_name_plural = "insatser"
        constraints = [
            models.UniqueConstraint(
                fields=["samverkansorganisation", "namn"],
                name="insatsens_namn_en_gang_i_organisationen",
                violation_error_message="Samverkansorganisationen har redan en insats med det namnet.",
            ),
            models.CheckConstraint(
                name="insats_slutar_inte_fore_start",
                condition=Q(slutdatum=None) | Q(slutdatum__gte=F("startdatum")),
                violation_error_message="Slutdatum kan inte vara före startdatum.",
            ),
            models.CheckConstraint(
                name="kategoriseringen_finns_i_tabellen",
                condition=villkor(),
                violation_error_message="Valen i kategoriseringen hör inte ihop.",
            ),
            models.CheckConstraint(
                name="annan_inriktning_har_beskrivning",
                condition=~Q(preciserad_inriktning=PreciseradInriktning.ANNAN) | ~Q(beskrivning=""),
                violation_error_message="Beskriv insatsen: Annan inriktning kräver en beskrivning.",
            ),
            models.CheckConstraint(
                name="laset_har_tid_och_orsak",
                condition=Q(kategorisering_last_vid=None, last_av="")
                | Q(kategorisering_last_vid__isnull=False, last_av__in=Lasorsak.values),
            ),
            models.CheckConstraint(
                name="bara_ett_kontor_har_omrade",
                condition=Q(omrade="") | Q(samverkansform__in=sorted(KONTORSFORMER)),
                violation_error_message="Bara ett kontor i Af/FK-samarbetet har ett område.",
            ),
            models.CheckConstraint(
                name="ett_kontor_har_inget_las",
                condition=~Q(inriktning="") | Q(kategorisering_last_vid=None),
            ),
        ]

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Insatsens sida."""
        return reverse("insatser:insats", args=[self.pk])

    @property
    def last(self) -> bool:
        """Sant om kategoriseringen är låst (R11)."""
        return self.kategorisering_last_vid is not None

    @property
    def ar_kontor(self) -> bool:
        """Sant för ett kontor i Af/FK-samarbetet."""
        return self.samverkansform in KONTORSFORMER

    @property
    def omradesnamn(self) -> str:
        """Vad området heter: Försäkringskassans kontor har verksamhetsområden, Arbetsförmedlingens marknadsområden."""
        return OMRADESNAMN.get(self.samverkansform, "")

    @property
    def ar_volyminsats(self) -> bool:
        """Sant om bara antal registreras."""
        return self.deltagarregistrering == Deltagarregistrering.ANTAL

    @property
    def malgruppstext(self) -> str:
        """Målgrupperna så som de visas."""
        return malgruppstext(self.malgrupper)

    def pagar(self, dag: date) -> bool:
        """Sant om dagen ligger inom insatsens datum."""
        return self.startdatum <= dag and (self.slutdatum is None or dag <= self.slutdatum)

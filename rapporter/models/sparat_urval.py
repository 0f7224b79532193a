"""Sparade urval till Insatsrapporten: den egnas, eller delade i organisationen (`granssnitt.md` 4)."""

from datetime import timedelta
from typing import Final, Self

from django.db import models
from django.db.models import Case, F, Func, Q, When
from django.db.models.functions import Lower, Now
from django.urls import reverse

from behorighet.models import Anvandare, Organisation
from behorighet.roller import Rattighet
from rapporter.perioder import Periodval

GAR_ATT_ATERSTALLA: Final = timedelta(days=30)


class SparatUrvalQuerySet(models.QuerySet["SparatUrval"]):
    """Vilka sparade urval en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """De egna, och de som är delade hos användarens arbetsgivare; också borttagna som går att återställa.

        Den som har bytt arbetsgivare når inte längre det hon delade hos den förra: det är organisationens.
        """
        if not anvandare.far(rattighet):
            return self.none()
        return self.hos(anvandare).filter(Q(borttagen_vid=None) | Q(borttagen_vid__gt=Now() - GAR_ATT_ATERSTALLA))

    def hos(self, anvandare: Anvandare) -> Self:
        """De privata egna, och de som är delade hos användarens arbetsgivare."""
        return self.filter(Q(agare=anvandare, delad_med=None) | Q(delad_med=anvandare.arbetsgivare_id))

    def kvar(self) -> Self:
        """De som inte är borttagna."""
        return self.filter(borttagen_vid=None)

    def borttagna(self) -> Self:
        """De borttagna, den senaste först."""
        return self.exclude(borttagen_vid=None).order_by("-borttagen_vid", "pk")

    def i_ordning(self) -> Self:
        """I svensk namnordning."""
        return self.order_by(Func(F("namn"), function="sus_sortnyckel"), "pk")

    def egna_forst(self, anvandare: Anvandare) -> Self:
        """De egna före de som andra har delat, var för sig i svensk namnordning."""
        andras = Case(When(agare=anvandare, then=0), default=1)
        return self.order_by(andras, Func(F("namn"), function="sus_sortnyckel"), "pk")


class SparatUrval(models.Model):
    """Ett urval med ett namn.

    `falt` är urvalet så som adressen skriver det (fält → värden), utan period när `period` är rörlig. `texter` är vad
    koderna hette när urvalet sparades, för den dag någon av dem inte längre finns. Är `delad_med` satt är urvalet
    organisationens: alla där kan öppna, ändra och ta bort det, men bara ägaren, om hon är kvar där, kan göra det
    privat igen.
    """

    agare = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    delad_med = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    namn = models.CharField("namn", max_length=100)
    falt = models.JSONField("urvalets fält och koder")
    texter = models.JSONField("vad koderna hette", default=dict)
    period = models.CharField("period", max_length=10, choices=Periodval, default=Periodval.FAST)
    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("sparat", db_default=Now(), editable=False)
    andrad_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    andrad_vid = models.DateTimeField("ändrat", db_default=Now(), editable=False)
    borttagen_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    borttagen_vid = models.DateTimeField("borttaget", null=True, blank=True, editable=False)

    objects = SparatUrvalQuerySet.as_manager()

    class Meta:
        verbose_name = "sparat urval"
        verbose_name_plural = "sparade urval"
        constraints = [
            models.UniqueConstraint(
                Lower("namn"),
                "agare",
                name="sparat_urval_eget_namn",
                condition=Q(delad_med=None, borttagen_vid=None),
                violation_error_message="Du har redan ett sparat urval med det namnet. Välj ett annat.",
            ),
            models.UniqueConstraint(
                Lower("namn"),
                "delad_med",
                name="sparat_urval_delat_namn",
                condition=Q(delad_med__isnull=False, borttagen_vid=None),
                violation_error_message=(
                    "I din organisation finns redan ett delat urval med det namnet. Välj ett annat."
                ),
            ),
            models.CheckConstraint(name="sparat_urval_period_finns", condition=Q(period__in=Periodval.values)),
            models.CheckConstraint(
                name="sparat_urval_borttaget_av_nagon",
                condition=Q(borttagen_vid=None, borttagen_av=None)
                | Q(borttagen_vid__isnull=False, borttagen_av__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Urvalets egen adress, som leder till rapporten med urvalet. Går att spara som bokmärke."""
        return reverse("rapporter:sparat", args=[self.pk])

    @property
    def ar_delat(self) -> bool:
        """Sant om urvalet är delat i organisationen."""
        return self.delad_med_id is not None

"""Uppdrag knyter en behörighet till en samverkansorganisation, en insats eller ett kontor (`doman.md` 1.1)."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from behorighet.models import Anvandare, Behorighet, Giltig
from behorighet.roller import Rattighet, roller_med
from insatser.models.organisation import Samverkansorganisation


class UppdragQuerySet(models.QuerySet["Uppdrag"]):
    """Uppdrag som gäller."""

    def gallande(self) -> Self:
        """De som gäller nu, liksom behörigheten de vilar på."""
        return self.filter(giltighet__contains=Now(), behorighet__giltighet__contains=Now())

    def gallande_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Användarens gällande uppdrag i en roll som ger rättigheten."""
        return self.gallande().filter(behorighet__anvandare=anvandare, behorighet__roll__in=roller_med(rattighet))


class Uppdrag(Giltig):
    """Ett uppdrag under en tid. Rollen står i behörigheten."""

    behorighet = models.ForeignKey(Behorighet, on_delete=models.PROTECT, related_name="uppdrag")
    samverkansorganisation = models.ForeignKey(
        Samverkansorganisation, on_delete=models.PROTECT, related_name="uppdrag", null=True, blank=True
    )
    insats = models.ForeignKey(
        "insatser.Insats", on_delete=models.CASCADE, related_name="uppdrag", null=True, blank=True
    )
    given_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = UppdragQuerySet.as_manager()

    class Meta:
        verbose_name = "uppdrag"
        verbose_name_plural = "uppdrag"
        constraints = [
            models.CheckConstraint(
                name="uppdrag_slutar_inte_fore_start",
                condition=Q(till=None) | Q(till__gte=F("fran")),
                violation_error_message="Till och med kan inte vara före från och med.",
            ),
            models.CheckConstraint(
                name="uppdrag_pa_organisation_eller_insats",
                condition=Q(samverkansorganisation=None, insats__isnull=False)
                | Q(samverkansorganisation__isnull=False, insats=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.behorighet} – {self.insats or self.samverkansorganisation}"

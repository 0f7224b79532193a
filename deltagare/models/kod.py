"""Kodverken för före- och efteruppgifter. En kod som har använts avslutas, den tas aldrig bort."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from deltagare.uppgifter import BUNDNA, Kodverk


class KodQuerySet(models.QuerySet["Kod"]):
    """Koder att välja bland."""

    def giltiga(self, dag: date) -> Self:
        """Koderna som gäller dagen, per kodverk i visningsordning."""
        return self.filter(
            Q(giltig_fran=None) | Q(giltig_fran__lte=dag), Q(giltig_till=None) | Q(giltig_till__gte=dag)
        ).order_by("kodverk", "ordning", "pk")


class Kod(models.Model):
    """Ett svarsalternativ."""

    kodverk = models.CharField("kodverk", max_length=30, choices=Kodverk)
    kod = models.CharField("kod", max_length=40)
    etikett = models.CharField("text", max_length=100)
    ordning = models.PositiveSmallIntegerField("ordning")
    giltig_fran = models.DateField("giltig från", null=True, blank=True)
    giltig_till = models.DateField("giltig till och med", null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = KodQuerySet.as_manager()

    class Meta:
        verbose_name = "kod"
        verbose_name_plural = "koder"
        ordering = ["kodverk", "ordning"]
        constraints = [
            models.UniqueConstraint(
                fields=["kodverk", "kod"],
                name="koden_en_gang_i_kodverket",
                violation_error_message="Kodverket har redan den koden. Välj en annan.",
            ),
            models.CheckConstraint(
                name="kod_slutar_inte_fore_start",
                condition=Q(giltig_fran=None) | Q(giltig_till=None) | Q(giltig_till__gte=F("giltig_fran")),
                violation_error_message="Giltig till och med kan inte vara före giltig från.",
            ),
        ]

    def __str__(self) -> str:
        return self.etikett

    @property
    def bunden(self) -> bool:
        """Sant om en regel hänger på koden: den går inte att avsluta."""
        return (self.kodverk, self.kod) in BUNDNA

    def galler(self, dag: date) -> bool:
        """Sant om koden går att välja den dagen."""
        return (self.giltig_fran is None or self.giltig_fran <= dag) and (
            self.giltig_till is None or dag <= self.giltig_till
        )

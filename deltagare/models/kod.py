"""Kodverken för före- och efteruppgifter. En kod som har använts avslutas, den tas aldrig bort."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from deltagare.uppgifter import Kodverk


class KodQuerySet(models.QuerySet["Kod"]):
    """Koder att välja bland."""

    def giltiga(self, dag: date) -> Self:
        """Koderna som gäller dagen, per kodverk i visningsordning."""
        return self.filter(
            Q(giltig_fran=None) | Q(giltig_fran__lte=dag), Q(giltig_till=None) | Q(giltig_till__gte=dag)
        ).order_by("kodverk", "ordning")


class Kod(models.Model):
    """Ett svarsalternativ."""

    kodverk = models.CharField("kodverk", max_length=30, choices=Kodverk)
    kod = models.CharField("kod", max_length=40)
    etikett = models.CharField("text", max_length=100)
    ordning = models.PositiveSmallIntegerField("ordning")
    giltig_fran = models.DateField("giltig från", null=True, blank=True)
    giltig_till = models.DateField("giltig till och med", null=True, blank=True)

    objects = KodQuerySet.as_manager()

    class Meta:
        verbose_name = "kod"
        verbose_name_plural = "koder"
        ordering = ["kodverk", "ordning"]
        constraints = [
            models.UniqueConstraint(fields=["kodverk", "kod"], name="koden_en_gang_i_kodverket"),
            models.CheckConstraint(
                name="kod_slutar_inte_fore_start",
                condition=Q(giltig_fran=None) | Q(giltig_till=None) | Q(giltig_till__gte=F("giltig_fran")),
            ),
        ]

    def __str__(self) -> str:
        return self.etikett

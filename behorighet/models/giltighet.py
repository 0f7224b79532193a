"""Giltighetstid för behörigheter och uppdrag (R1a)."""

from typing import Any, Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now


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

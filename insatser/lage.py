"""Läget en viss dag, räknat ur start- och slutdatum: för insatser och samverkansorganisationer."""

from datetime import date
from typing import Protocol

from django.db import models
from django.db.models import Q


class Lage(models.TextChoices):
    KOMMANDE = "kommande", "Kommande"
    PAGAENDE = "pagaende", "Pågående"
    AVSLUTAD = "avslutad", "Avslutad"


class _Daterad(Protocol):
    @property
    def startdatum(self) -> date: ...
    @property
    def slutdatum(self) -> date | None: ...


def lagestext(daterad: _Daterad, idag: date) -> str:
    """Läget i dag som text."""
    if daterad.startdatum > idag:
        return str(Lage.KOMMANDE.label)
    slut = daterad.slutdatum is not None and daterad.slutdatum < idag
    return str((Lage.AVSLUTAD if slut else Lage.PAGAENDE).label)


def i_laget(lage: Lage, idag: date) -> Q:
    """Villkoret för dem som är i läget i dag."""
    slut = Q(slutdatum__lt=idag)
    return {
        Lage.KOMMANDE: Q(startdatum__gt=idag),
        Lage.PAGAENDE: Q(startdatum__lte=idag) & ~slut,
        Lage.AVSLUTAD: slut,
    }[lage]

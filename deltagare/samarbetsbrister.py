"""Det som väntar i den deltagaransvarigas samarbeten: raderna i *Att göra*, märkena i listan, och urvalet dit."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from django.db import models
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, Subquery

from deltagare.brister import DAGAR_ATT_ARKIVERA, DAGAR_ATT_SVARA
from deltagare.models import Overgang, Samarbete, SamarbeteQuerySet, Samarbetsuppgift
from deltagare.overgangar import FORMEN, Form, Insatstyp

DAGAR_I_VANTAN: Final = 30
VANTANDE: Final = tuple(typ for typ in Insatstyp if FORMEN[typ] == Form.VANTAR)


class Samarbetsbrist(models.TextChoices):
    """Vad ett samarbete kan vänta på."""

    VANTAT_LANGE = "vantat_lange", "Har väntat i över 30 dagar"
    SAMTYCKE_EJ_ARKIVERAT = "samtycke_ej_arkiverat", "Samtycket ej arkiverat"
    UTAN_UPPGIFTER_FORE = "utan_uppgifter_fore", "Saknar uppgifter före"
    UTAN_UPPGIFTER_EFTER = "utan_uppgifter_efter", "Saknar uppgifter efter"


# Dagen då den nuvarande vistelsen började: den enda övergång som inte är lämnad.
_SEDAN: Final = Subquery(Overgang.objects.filter(samarbete=OuterRef("pk")).order_by("-ordning").values("datum")[:1])


def _vantat_lange(idag: date) -> Q:
    grans = idag - timedelta(days=DAGAR_I_VANTAN)
    aldre = Overgang.objects.filter(samarbete=OuterRef("pk"), lamnad=None, datum__lt=grans)
    return Q(Exists(aldre), insatstyp__in=VANTANDE)


def _samtycke_ej_arkiverat(idag: date) -> Q:
    lamnat = Q(samtycke__lte=idag - timedelta(days=DAGAR_ATT_ARKIVERA))
    return Q(avidentifierat=False, samtycke_arkiverat=None) & lamnat


def _utan_uppgifter_fore(idag: date) -> Q:
    """R30: frågorna före ställs vid begäran. Den som avbryter får inga, och efter ett år är svaret inte att vänta."""
    finns = Samarbetsuppgift.objects.filter(samarbete=OuterRef("pk"), tillfalle=Samarbetsuppgift.Tillfalle.FORE)
    nyss = idag - timedelta(days=DAGAR_ATT_SVARA)
    return Q(~Exists(finns), Q(slut=None) | Q(slut__gte=nyss, insatstyp=Insatstyp.AVSLUTAT), avidentifierat=False)


def _utan_uppgifter_efter(idag: date) -> Q:
    """R30: frågorna efter ställs vid Avslutat samarbete. Efter ett år är svaret inte längre att vänta."""
    finns = Samarbetsuppgift.objects.filter(samarbete=OuterRef("pk"), tillfalle=Samarbetsuppgift.Tillfalle.EFTER)
    nyss = idag - timedelta(days=DAGAR_ATT_SVARA)
    return Q(~Exists(finns), insatstyp=Insatstyp.AVSLUTAT, avidentifierat=False, slut__gte=nyss)


_VILLKOR: Final[dict[Samarbetsbrist, Callable[[date], Q]]] = {
    Samarbetsbrist.VANTAT_LANGE: _vantat_lange,
    Samarbetsbrist.SAMTYCKE_EJ_ARKIVERAT: _samtycke_ej_arkiverat,
    Samarbetsbrist.UTAN_UPPGIFTER_FORE: _utan_uppgifter_fore,
    Samarbetsbrist.UTAN_UPPGIFTER_EFTER: _utan_uppgifter_efter,
}


def med_samarbetsbrist(samarbeten: SamarbeteQuerySet, brist: Samarbetsbrist, *, idag: date) -> SamarbeteQuerySet:
    """Samarbetena bland `samarbeten` som har bristen."""
    return samarbeten.filter(_VILLKOR[brist](idag))


def med_sedan(samarbeten: SamarbeteQuerySet) -> SamarbeteQuerySet:
    """Samarbetena med `sedan`: dagen då de kom till insatstypen de är i."""
    return samarbeten.annotate(sedan=_SEDAN)


def markta_samarbeten(samarbeten: SamarbeteQuerySet, *, idag: date) -> SamarbeteQuerySet:
    """Samarbetena med varje brist som ett ja eller nej, utan en fråga per rad. Läses med `samarbetets_brister`."""
    return samarbeten.annotate(
        **{f"brist_{brist.value}": ExpressionWrapper(v(idag), BooleanField()) for brist, v in _VILLKOR.items()}
    )


def samarbetets_brister(samarbete: Samarbete) -> list[Samarbetsbrist]:
    """Bristerna hos ett samarbete ur `markta_samarbeten`."""
    return [brist for brist in Samarbetsbrist if getattr(samarbete, f"brist_{brist.value}")]


def antal_med_samarbetsbrist(samarbeten: SamarbeteQuerySet, *, idag: date) -> dict[Samarbetsbrist, int]:
    """Antalet samarbeten med varje brist: en fråga."""
    antal = samarbeten.aggregate(
        **{brist.value: Count("pk", filter=villkor(idag)) for brist, villkor in _VILLKOR.items()}
    )
    return {brist: antal[brist.value] for brist in Samarbetsbrist}

"""Det som väntar på den deltagaransvariga: raderna i *Att göra*, märkena i listan, och urvalet som de leder till."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db import models
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, Func, OuterRef, Q

from deltagare.models import Deltagande, DeltagandeQuerySet, Svar
from insatser.models import Fraga, Tillfalle
from insatser.models.fraga import Fragetillfalle

DAGAR_ATT_ARKIVERA: Final = 30
DAGAR_ATT_SVARA: Final = 365  # efter utregistreringen; sedan är svaret inte längre att vänta


class Brist(models.TextChoices):
    """Vad ett deltagande kan vänta på."""

    INSATSEN_SLUT = "insatsen_slut", "Insatsen har slutat"
    OVER_TRE_AR = "over_tre_ar", "Inregistrerad i över tre år"
    OBESVARADE_FRAGOR = "obesvarade_fragor", "Obesvarade frågor"
    SAMTYCKE_EJ_ARKIVERAT = "samtycke_ej_arkiverat", "Samtycket ej arkiverat"


_PAGAR: Final = Q(utregistrering=None)
_RAKNAS: Final = Q(felregistrerad=False)
_MED_IDENTITET: Final = Q(avidentifierat=False)


def _insatsen_slut(idag: date) -> Q:
    return _PAGAR & Q(insats__slutdatum__lt=idag)


def _over_tre_ar(idag: date) -> Q:
    """Som varningen vid registreringen (R24)."""
    skottdag = (idag.month, idag.day) == (2, 29)
    grans = date(idag.year - 3, 3, 1) if skottdag else idag.replace(year=idag.year - 3)
    return _PAGAR & Q(inregistrering__lt=grans)


def _obesvarad(tillfalle: Tillfalle, dag: str) -> Exists:
    """En fråga som ställs den dagen saknar svar."""
    svar = Svar.objects.filter(deltagande=OuterRef(OuterRef("pk")), fraga=OuterRef("pk"), tillfalle=tillfalle)
    return Exists(
        Fraga.objects.filter(
            Q(till=None) | Q(till__gte=OuterRef(dag)),
            samverkansorganisation=OuterRef("insats__samverkansorganisation"),
            fran__lte=OuterRef(dag),
            tillfalle__in=[tillfalle, Fragetillfalle.BADA],
        ).filter(~Exists(svar))
    )


def _obesvarade_fragor(idag: date) -> Q:
    nyss = _PAGAR | Q(utregistrering__gte=idag - timedelta(days=DAGAR_ATT_SVARA))
    saknas = Q(_obesvarad(Tillfalle.IN, "inregistrering")) | Q(_obesvarad(Tillfalle.UT, "utregistrering"))
    return _RAKNAS & _MED_IDENTITET & nyss & saknas


def _samtycke_ej_arkiverat(idag: date) -> Q:
    lamnat = Q(samtycke__lte=idag - timedelta(days=DAGAR_ATT_ARKIVERA))
    return _RAKNAS & _MED_IDENTITET & lamnat & Q(samtycke_arkiverat=None)


_VILLKOR: Final[dict[Brist, Callable[[date], Q]]] = {
    Brist.INSATSEN_SLUT: _insatsen_slut,
    Brist.OVER_TRE_AR: _over_tre_ar,
    Brist.OBESVARADE_FRAGOR: _obesvarade_fragor,
    Brist.SAMTYCKE_EJ_ARKIVERAT: _samtycke_ej_arkiverat,
}


class Insatsantal(NamedTuple):
    """En insats, och hur många av dess deltaganden som har varje brist."""

    insats_id: int
    namn: str
    antal: dict[Brist, int]


def med_brist(deltaganden: DeltagandeQuerySet, brist: Brist, *, idag: date) -> DeltagandeQuerySet:
    """Deltagandena bland `deltaganden` som har bristen."""
    return deltaganden.filter(_VILLKOR[brist](idag))


def markta(deltaganden: DeltagandeQuerySet, *, idag: date) -> DeltagandeQuerySet:
    """Deltagandena med varje brist som ett ja eller nej, utan en fråga per rad. Läses med `brister_for`."""
    return deltaganden.annotate(
        **{f"brist_{brist.value}": ExpressionWrapper(v(idag), BooleanField()) for brist, v in _VILLKOR.items()}
    )


def brister_for(deltagande: Deltagande) -> list[Brist]:
    """Bristerna hos ett deltagande ur `markta`."""
    return [brist for brist in Brist if getattr(deltagande, f"brist_{brist.value}")]


def antal_per_insats(deltaganden: DeltagandeQuerySet, *, idag: date) -> list[Insatsantal]:
    """Antalet med varje brist per insats, insatserna i svensk ordning: en fråga."""
    antal = {f"antal_{brist.value}": Count("pk", filter=villkor(idag)) for brist, villkor in _VILLKOR.items()}
    ordning = (Func("insats__namn", function="sus_sortnyckel"), "insats_id")
    rader: Iterable[tuple[Any, ...]] = (
        deltaganden.values_list("insats_id", "insats__namn").annotate(**antal).order_by(*ordning)
    )
    return [Insatsantal(pk, namn, dict(zip(Brist, summor, strict=True))) for pk, namn, *summor in rader]

"""Det som saknas i insatser: raderna i *Att göra* och filtren i listan som de leder till (`granssnitt.md` 3)."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Q
from django.db.models.lookups import GreaterThan

from behorighet.roller import Roll
from insatser.kategorier import KONTORSFORMER, Deltagarregistrering
from insatser.models import Budget, Budgetpost, Insats, InsatsQuerySet, Uppdrag
from insatser.models.organisation import SamverkansorganisationQuerySet


class Brist(models.TextChoices):
    """Vad en insats kan sakna."""

    UTAN_ANSVARIG = "utan_ansvarig", "Utan deltagaransvarig"
    UTAN_PLAN = "utan_plan", "Utan planerat antal eller budget i år"
    UTAN_UTFALL = "utan_utfall", "Utan utfall förra året"
    DELTAGARE_KVAR = "deltagare_kvar", "Avslutad med deltagare kvar"
    UTAN_ANTAL = "utan_antal", "Volyminsats utan antal"


class _Oppna(Func):
    """Antalet inregistrerade i insatsen: databasen säger hur många, aldrig vem (R15)."""

    function = "registreringsgranser"
    template = "(%(function)s(%(expressions)s)).oppna"
    output_field = models.BigIntegerField()


def _pagick(ar: int) -> Q:
    """Insatsen pågick någon dag under året."""
    ej_slut = Q(slutdatum=None) | Q(slutdatum__gte=date(ar, 1, 1))
    return Q(startdatum__lte=date(ar, 12, 31)) & ej_slut


def _finns(rader: models.QuerySet[Any], **villkor: Any) -> Exists:
    return Exists(rader.filter(insats=OuterRef("pk"), **villkor))


def _utan_ansvarig(idag: date) -> Q:
    uppdrag = Uppdrag.objects.inte_slut().filter(behorighet__roll=Roll.DELTAGARANSVARIG)
    kvar = Q(slutdatum=None) | Q(slutdatum__gte=idag)
    return ~Q(deltagarregistrering=Deltagarregistrering.ANTAL) & kvar & ~Q(_finns(uppdrag))


def _utan_plan(idag: date) -> Q:
    har_antal = Q(planerat_antal__isnull=False) | Q(budgeterat_antal_volym__isnull=False)
    plan = _finns(Budget.objects.filter(har_antal), ar=idag.year)
    budget = _finns(Budgetpost.objects.filter(budget__isnull=False), ar=idag.year)
    return _INTE_KONTOR & _pagick(idag.year) & ~(Q(plan) & Q(budget))


def _utan_utfall(idag: date) -> Q:
    utfall = _finns(Budgetpost.objects.filter(utfall__isnull=False), ar=idag.year - 1)
    return _INTE_KONTOR & _pagick(idag.year - 1) & ~Q(utfall)


def _deltagare_kvar(idag: date) -> Q:
    return Q(slutdatum__lt=idag) & Q(GreaterThan(_Oppna(F("pk")), 0))


def _utan_antal(idag: date) -> Q:
    """Antalet för förra året, eller för i år om insatsen började då."""

    def med_antal(ar: int) -> Q:
        return Q(Exists(Insats.objects.filter(pk=OuterRef("pk"), volymantal__ar=ar)))

    i_ar = Q(startdatum__gte=date(idag.year, 1, 1), startdatum__lte=idag) & ~med_antal(idag.year)
    forra = _pagick(idag.year - 1) & ~med_antal(idag.year - 1)
    return Q(deltagarregistrering=Deltagarregistrering.ANTAL) & (i_ar | forra)


_INTE_KONTOR: Final = ~Q(samverkansform__in=KONTORSFORMER)
_VILLKOR: Final[dict[Brist, Callable[[date], Q]]] = {
    Brist.UTAN_ANSVARIG: _utan_ansvarig,
    Brist.UTAN_PLAN: _utan_plan,
    Brist.UTAN_UTFALL: _utan_utfall,
    Brist.DELTAGARE_KVAR: _deltagare_kvar,
    Brist.UTAN_ANTAL: _utan_antal,
}


def med_brist(insatser: InsatsQuerySet, brist: Brist, *, idag: date) -> InsatsQuerySet:
    """Insatserna bland `insatser` som har bristen."""
    return insatser.filter(_VILLKOR[brist](idag))


def antal_med_brist(insatser: InsatsQuerySet, *, idag: date) -> dict[Brist, int]:
    """Hur många av `insatser` som har varje brist, i en fråga."""
    antal = {brist.value: Count("pk", filter=villkor(idag)) for brist, villkor in _VILLKOR.items()}
    summor: dict[str, int] = insatser.aggregate(**antal)
    return {Brist(kod): summa for kod, summa in summor.items()}


def utan_insatsansvarig(
    organisationer: SamverkansorganisationQuerySet, *, idag: date
) -> SamverkansorganisationQuerySet:
    """Samverkansorganisationerna som inte har slutat och där ingen är insatsansvarig, nu eller längre fram."""
    uppdrag = Uppdrag.objects.inte_slut().filter(
        samverkansorganisation=OuterRef("pk"), behorighet__roll=Roll.INSATSANSVARIG
    )
    # I Af/FK-samarbetet har insatsansvariga sina uppdrag på kontoren.
    return (
        organisationer.exclude(samverkansform__in=KONTORSFORMER)
        .filter(Q(slutdatum=None) | Q(slutdatum__gte=idag))
        .filter(~Exists(uppdrag))
    )

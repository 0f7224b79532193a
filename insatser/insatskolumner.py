"""Kolumnerna i listan av insatser: vad de visar, hur de sorteras och vad de behöver ur databasen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import models
from django.db.models import F, Func, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from insatser.models import Budget, Budgetpost, Insats, InsatsQuerySet


class Laget(models.TextChoices):
    """Läget en viss dag, räknat ur start- och slutdatum."""

    KOMMANDE = "kommande", "Kommande"
    PAGAENDE = "pagaende", "Pågående"
    AVSLUTAD = "avslutad", "Avslutad"


def laget(insats: Insats, idag: date) -> Laget:
    """Insatsens läge i dag."""
    if insats.startdatum > idag:
        return Laget.KOMMANDE
    return Laget.PAGAENDE if insats.pagar(idag) else Laget.AVSLUTAD


@dataclass(frozen=True, slots=True)
class Kolumn:
    """En kolumn. `ordning` saknas för en som inte sorteras, `hamtas` för en vars värde finns på raden."""

    kod: str
    rubrik: str
    varde: Callable[[Insats], Any]
    bredd: int = 20
    ordning: F | Func | None = None
    hamtas: Subquery | None = None
    tal: bool = False
    datum: bool = False

    @property
    def klass(self) -> str:
        """Cellens stil: tal till höger, datum på en rad."""
        return "sus-num" if self.tal else "sus-nowrap" if self.datum else ""


FORVALDA: Final = ("namn", "samverkansorganisation", "inriktning", "deltagarregistrering", "startdatum", "lage")


def kolumner(idag: date) -> list[Kolumn]:
    """Alla kolumner i visningsordning. Åren i rubrikerna räknas från `idag`."""
    ar = idag.year
    return [
        Kolumn("namn", "Insats", lambda i: i.namn, 40, Func("namn", function="sus_sortnyckel")),
        Kolumn("nyckel", "Insats-id", lambda i: i.nyckel, 14, F("nyckel")),
        Kolumn(
            "samverkansorganisation",
            "Samverkansorganisation",
            lambda i: i.samverkansorganisation.namn,
            36,
            Func("samverkansorganisation__namn", function="sus_sortnyckel"),
        ),
        Kolumn("samverkansform", "Samverkansform", lambda i: i.get_samverkansform_display(), 22, F("samverkansform")),
        Kolumn("inriktning", "Inriktning", lambda i: i.get_inriktning_display(), 20, F("inriktning")),
        Kolumn("preciserad", "Preciserad inriktning", lambda i: i.get_preciserad_inriktning_display(), 34),
        Kolumn("malgrupp", "Specifik målgrupp", lambda i: i.malgruppstext, 30),
        Kolumn(
            "deltagarregistrering",
            "Deltagarregistrering",
            lambda i: i.get_deltagarregistrering_display(),
            26,
            F("deltagarregistrering"),
        ),
        Kolumn("startdatum", "Startdatum", lambda i: i.startdatum, 12, F("startdatum"), datum=True),
        Kolumn("slutdatum", "Slutdatum", lambda i: i.slutdatum, 12, F("slutdatum"), datum=True),
        Kolumn("lage", "Läge", lambda i: laget(i, idag).label, 12),
        _ur_budgeten("plan", f"Planerat antal {ar}", _plan(ar)),
        _ur_budgeten("budget", f"Budget {ar}", _summa("budget", ar)),
        _ur_budgeten("utfall", f"Utfall {ar}", _summa("utfall", ar)),
        _ur_budgeten("utfall_forra", f"Utfall {ar - 1}", _summa("utfall", ar - 1)),
    ]


def _ur_budgeten(kod: str, rubrik: str, hamtas: Subquery) -> Kolumn:
    falt = f"k_{kod}"
    return Kolumn(kod, rubrik, lambda i: getattr(i, falt), 16, F(falt), hamtas, tal=True)


def _plan(ar: int) -> Subquery:
    budgetar = Budget.objects.filter(insats=OuterRef("pk"), ar=ar)
    return Subquery(budgetar.values(antal=Coalesce("planerat_antal", "budgeterat_antal_volym"))[:1])


def _summa(falt: str, ar: int) -> Subquery:
    poster = Budgetpost.objects.filter(insats=OuterRef("pk"), ar=ar).order_by().values("insats")
    return Subquery(poster.annotate(summa=Sum(falt)).values("summa"))


def med_kolumner(insatser: InsatsQuerySet, valda: Iterable[Kolumn]) -> InsatsQuerySet:
    """Insatserna med det som kolumnerna behöver, utan en fråga per rad."""
    return insatser.annotate(**{f"k_{kolumn.kod}": kolumn.hamtas for kolumn in valda if kolumn.hamtas is not None})

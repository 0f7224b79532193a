"""Kolumnerna i listan av insatser."""

from datetime import date
from typing import Final

from django.db.models import F, Func, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from fkui.kolumner import Kolumn, hamtad
from insatser.lage import lagestext
from insatser.models import Budget, Budgetpost

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
        Kolumn("startdatum", "Startdatum", lambda i: i.startdatum, 12, F("startdatum"), odelad=True),
        Kolumn("slutdatum", "Slutdatum", lambda i: i.slutdatum, 12, F("slutdatum"), odelad=True, tomma_sist=True),
        Kolumn("lage", "Läge", lambda i: lagestext(i, idag), 12),
        hamtad("plan", f"Planerat antal {ar}", _plan(ar)),
        hamtad("budget", f"Budget {ar}", _summa("budget", ar)),
        hamtad("utfall", f"Utfall {ar}", _summa("utfall", ar)),
        hamtad("utfall_forra", f"Utfall {ar - 1}", _summa("utfall", ar - 1)),
    ]


def _plan(ar: int) -> Subquery:
    budgetar = Budget.objects.filter(insats=OuterRef("pk"), ar=ar)
    return Subquery(budgetar.values(antal=Coalesce("planerat_antal", "budgeterat_antal_volym"))[:1])


def _summa(falt: str, ar: int) -> Subquery:
    poster = Budgetpost.objects.filter(insats=OuterRef("pk"), ar=ar).order_by().values("insats")
    return Subquery(poster.annotate(summa=Sum(falt)).values("summa"))

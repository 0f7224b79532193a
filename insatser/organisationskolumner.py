"""Kolumnerna i listan av samverkansorganisationer. Belopp är hela kronor."""

from datetime import date
from operator import attrgetter
from typing import Any, Final

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Count, F, Func, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from fkui.kolumner import Kolumn, hamtad
from insatser.lage import Lage, i_laget, lagestext
from insatser.models import Budgetpost, Finansieringspost, IngaendeOrganisation, Insats, Kommun

FORVALDA: Final = ("namn", "organisationsnummer", "samverkansform", "startdatum", "lage")


def kolumner(idag: date) -> list[Kolumn]:
    """Alla kolumner i visningsordning. Åren i rubrikerna räknas från `idag`."""
    ar = idag.year
    pagaende = Insats.objects.filter(i_laget(Lage.PAGAENDE, idag))
    return [
        _falt("namn", "Namn", 40, _svenska("namn")),
        _falt("organisationsnummer", "Organisationsnummer", 20, F("organisationsnummer"), odelad=True),
        Kolumn("samverkansform", "Samverkansform", lambda o: o.get_samverkansform_display(), 24, F("samverkansform")),
        Kolumn("kommuner", "Kommuner", lambda o: o.k_kommuner, 40, hamtas=_kommuner()),
        _falt("adress", "Adress", 30),
        _falt("postnummer", "Postnummer", 12, F("postnummer"), odelad=True),
        _falt("ort", "Ort", 20, _svenska("ort")),
        _falt("kontaktperson", "Kontaktperson", 28, _svenska("kontaktperson")),
        _falt("telefon", "Telefon", 16, odelad=True),
        _falt("epost", "E-post", 30),
        _falt("startdatum", "Startdatum", 12, F("startdatum"), odelad=True),
        _falt("slutdatum", "Slutdatum", 12, F("slutdatum"), odelad=True, tomma_sist=True),
        Kolumn("lage", "Läge", lambda o: lagestext(o, idag), 12),
        hamtad("parter", "Ingående organisationer", _antal(IngaendeOrganisation.objects.all())),
        hamtad("insatser", "Pågående insatser", _antal(pagaende)),
        hamtad("finansiering", f"Finansiering {ar}", _finansiering(ar)),
        hamtad("budget", f"Insatsernas budget {ar}", _insatsernas("budget", ar)),
        hamtad("utfall_forra", f"Insatsernas utfall {ar - 1}", _insatsernas("utfall", ar - 1)),
    ]


def _falt(
    kod: str,
    rubrik: str,
    bredd: int,
    ordning: F | Func | None = None,
    *,
    odelad: bool = False,
    tomma_sist: bool = False,
) -> Kolumn:
    return Kolumn(kod, rubrik, attrgetter(kod), bredd, ordning, odelad=odelad, tomma_sist=tomma_sist)


def _svenska(falt: str) -> Func:
    return Func(falt, function="sus_sortnyckel")


def _kommuner() -> Subquery:
    kommuner = Kommun.objects.filter(samverkansorganisationer=OuterRef("pk")).order_by()
    namn = StringAgg("namn", delimiter=", ", order_by="kod")
    return Subquery(kommuner.values("samverkansorganisationer").annotate(alla=namn).values("alla"))


def _antal(poster: QuerySet[Any]) -> Coalesce:
    egna = poster.filter(samverkansorganisation=OuterRef("pk")).order_by().values("samverkansorganisation")
    return Coalesce(Subquery(egna.annotate(antal=Count("pk")).values("antal")), 0)


def _summa(poster: QuerySet[Any], falt: str, organisation: str) -> Subquery:
    egna = poster.filter(**{organisation: OuterRef("pk")}).order_by().values(organisation)
    return Subquery(egna.annotate(summa=Sum(falt)).values("summa"))


def _finansiering(ar: int) -> Subquery:
    return _summa(Finansieringspost.objects.filter(arsbudget__ar=ar), "belopp", "arsbudget__samverkansorganisation")


def _insatsernas(falt: str, ar: int) -> Subquery:
    return _summa(Budgetpost.objects.filter(ar=ar), falt, "insats__samverkansorganisation")

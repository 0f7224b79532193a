"""Kolumnerna i listan av kontor i Af/FK-samarbetet."""

from datetime import date
from typing import Final

from django.db.models import Count, F, Func, OuterRef, Subquery
from django.db.models.functions import Coalesce

from behorighet.roller import Roll
from fkui.kolumner import Kolumn, hamtad
from insatser.lage import lagestext
from insatser.models import Uppdrag

FORVALDA: Final = ("samverkansorganisation", "omrade", "startdatum", "slutdatum", "insatsansvariga")


def kolumner(idag: date) -> list[Kolumn]:
    """Alla kolumner i visningsordning."""
    return [
        Kolumn("namn", "Kontor", lambda k: k.namn, 40, _svenska("namn")),
        Kolumn("nyckel", "Insats-id", lambda k: k.nyckel, 14, F("nyckel")),
        Kolumn(
            "samverkansorganisation",
            "Samverkansorganisation",
            lambda k: k.samverkansorganisation.namn,
            26,
            _svenska("samverkansorganisation__namn"),
        ),
        Kolumn("omrade", "Område", lambda k: k.omrade, 20, _svenska("omrade")),
        Kolumn("startdatum", "Startdatum", lambda k: k.startdatum, 12, F("startdatum"), odelad=True),
        Kolumn("slutdatum", "Slutdatum", lambda k: k.slutdatum, 12, F("slutdatum"), odelad=True, tomma_sist=True),
        Kolumn("lage", "Läge", lambda k: lagestext(k, idag), 12),
        hamtad("insatsansvariga", "Insatsansvariga", _antal(Roll.INSATSANSVARIG)),
        hamtad("deltagaransvariga", "Deltagaransvariga", _antal(Roll.DELTAGARANSVARIG)),
    ]


def _svenska(falt: str) -> Func:
    return Func(falt, function="sus_sortnyckel")


def _antal(roll: Roll) -> Coalesce:
    """Hur många som har rollens uppdrag på kontoret nu."""
    gallande = Uppdrag.objects.gallande().filter(insats=OuterRef("pk"), behorighet__roll=roll).order_by()
    personer = Count("behorighet__anvandare", distinct=True)
    return Coalesce(Subquery(gallande.values("insats").annotate(antal=personer).values("antal")), 0)

"""Sidans sortering efter en kolumn. Grupperna står kvar i sin ordning, och raderna sorteras i var och en."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from deltagare.listor import sortnyckel
from rapporter.tabell import Rad, Rapport
from rapporter.varden import Varde

NAMN = "namn"


def sortera(rapport: Rapport, sortering: str) -> Rapport:
    """Rapporten med raderna sorterade: en kolumns namn, eller `namn` för den första; med streck före är det fallande.

    Tomma värden står sist i båda riktningarna, och lika i rapportens ordning. En okänd kolumn ändrar inget.
    """
    fallande, kolumn = sortering.startswith("-"), sortering.removeprefix("-")
    varde = _varde(rapport, kolumn)
    if varde is None:
        return rapport
    rader: list[Rad] = []
    for avsnitt in rapport.avsnitt():
        med = [rad for rad in avsnitt.rader if varde(rad) is not None]
        utan = [rad for rad in avsnitt.rader if varde(rad) is None]
        rader += [*sorted(med, key=lambda rad: _nyckel(varde(rad)), reverse=fallande), *utan]
    return replace(rapport, rader=tuple(rader))


def _varde(rapport: Rapport, kolumn: str) -> Callable[[Rad], Varde] | None:
    if kolumn == NAMN:
        return lambda rad: rad.namn
    for nr, ett in enumerate(rapport.kolumner):
        if ett.namn == kolumn:
            return lambda rad: rad.varden[nr]
    return None


def _nyckel(varde: Varde) -> str | float | date:
    if varde is None:
        return ""
    return sortnyckel(varde) if isinstance(varde, str) else varde

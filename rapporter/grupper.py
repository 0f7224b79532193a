"""Insatserna som frågan gav dem, förenade över två perioder och delade i grupper."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeVar

from deltagare.listor import sortnyckel
from rapporter.urval import Gruppera, Koder, Urval
from rapporter.varden import Varde

UTAN_LAN: Final = "Utan län"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Radkalla:
    """En insats som frågan gav den: `varden` är så som de visas, i måttens ordning (`kolumner.matten`).

    `unika` är antalet olika personer i insatsens grupp: (gruppering, kön) → antal. `lan` är länskoderna.
    """

    insats_id: int
    nyckel: str
    namn: str
    beskrivning: str
    organisationsnummer: str
    organisation: str
    varden: tuple[Varde, ...]
    unika: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    lan: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Svar:
    """Frågans svar för en period: raderna i ordning, och antalet olika personer i dem alla, per kön (tomt är alla)."""

    rader: Sequence[Radkalla]
    unika: Mapping[str, int | None] = field(default_factory=dict)


# Samma namn kommer i rapport efter rapport. Ordningen räknas ut här, för databasen gör det om varje gång.
_nyckel = lru_cache(maxsize=1 << 14)(sortnyckel)


def i_ordning(kallor: Iterable[Radkalla]) -> list[Radkalla]:
    """Insatserna i rapportens ordning: efter organisationens och sedan insatsens namn, på svenska."""
    return sorted(
        kallor, key=lambda k: (_nyckel(k.organisation), _nyckel(k.namn), k.organisationsnummer, k.namn, k.nyckel)
    )


def forenade(vald: Sequence[Radkalla], fore: Sequence[Radkalla]) -> list[Radkalla]:
    """Insatserna ur båda perioderna, i rapportens ordning. Uppgifterna om en insats tas ur vald period."""
    return i_ordning({kalla.insats_id: kalla for kalla in (*fore, *vald)}.values())


def grupperade(kallor: Sequence[Radkalla], urval: Urval, koder: Koder) -> Iterator[tuple[str, str, Sequence[Radkalla]]]:
    """Gruppernas nyckel, namn och insatser; utan gruppering en enda, utan namn.

    Samverkansorganisationerna står i svensk ordning. Länen i kodens ordning, efter dem det som verkar i flera län.
    """
    if not urval.gruppera:
        yield "", "", kallor
    elif urval.gruppera == Gruppera.SAMVERKANSORGANISATION:
        for nummer, gruppens in per(kallor, lambda kalla: kalla.organisationsnummer):
            yield nummer, gruppens[0].organisation, gruppens
    else:
        for lan, gruppens in sorted(per(kallor, lambda kalla: kalla.lan), key=lambda par: _lanens_ordning(par[0])):
            yield ",".join(lan), " och ".join(koder.lan[kod] for kod in lan) or UTAN_LAN, gruppens


def per(kallor: Sequence[Radkalla], nyckel: Callable[[Radkalla], _T]) -> list[tuple[_T, list[Radkalla]]]:
    """Insatserna per nyckel, i den ordning som nycklarna kommer."""
    grupper: dict[_T, list[Radkalla]] = {}
    for kalla in kallor:
        grupper.setdefault(nyckel(kalla), []).append(kalla)
    return list(grupper.items())


def _lanens_ordning(lan: tuple[str, ...]) -> tuple[bool, bool, tuple[str, ...]]:
    return not lan, len(lan) > 1, lan

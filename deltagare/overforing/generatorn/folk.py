"""Påhittade personer: person nummer i är alltid densamma för ett frö."""

from datetime import date
from math import gcd
from typing import Final, NamedTuple

from deltagare.overforing.generatorn.skalor import Skala
from deltagare.overforing.generatorn.stoff import EFTERNAMN, KVINNONAMN, MANSNAMN

_SERIE: Final = 980
_PER_DAG: Final = 20
_VIKTER: Final = (2, 1, 2, 1, 2, 1, 2, 1, 2)


class Pahittad(NamedTuple):
    """En påhittad person."""

    nummer: str
    kon: str
    fodelsear: int
    fornamn: str
    efternamn: str


def kontrollsiffra(nio: str) -> int:
    """Den tionde siffran i ett personnummer."""
    summa = 0
    for siffra, vikt in zip(nio, _VIKTER, strict=True):
        tal = int(siffra) * vikt
        summa += tal - 9 if tal > 9 else tal
    return -summa % 10


class Folk:
    """Alla personer i en skala. Räknas fram ur numret, så att minnet inte växer med deras antal."""

    def __init__(self, skala: Skala, fro: int) -> None:
        self._forsta = date(skala.fodda[0], 1, 1).toordinal()
        dagar = date(skala.fodda[1], 12, 31).toordinal() - self._forsta + 1
        self.antal = skala.personer
        self._platser = dagar * _PER_DAG
        steg = 7_919 + 2 * fro
        while gcd(steg, self._platser) > 1:
            steg += 1
        self._steg = steg

    def kon_och_fodelsear(self, i: int) -> tuple[str, int]:
        """Person nummer i:s kön och födelseår, utan att räkna fram resten."""
        dagnr, lopnr = divmod((i * self._steg) % self._platser, _PER_DAG)
        return "man" if lopnr % 2 else "kvinna", date.fromordinal(self._forsta + dagnr).year

    def person(self, i: int) -> Pahittad:
        """Person nummer i. Var åttionde har ett samordningsnummer."""
        dagnr, lopnr = divmod((i * self._steg) % self._platser, _PER_DAG)
        ar, manad, dag = date.fromordinal(self._forsta + dagnr).isoformat().split("-")
        man = lopnr % 2 == 1
        if i % 80 == 17:
            dag = str(int(dag) + 60)
        nio = f"{ar[2:]}{manad}{dag}{_SERIE + lopnr}"
        fornamn = (MANSNAMN if man else KVINNONAMN)[(i * 31 + dagnr) % len(MANSNAMN)]
        efternamn = EFTERNAMN[(i * 17 + dagnr * 7) % len(EFTERNAMN)]
        nummer = f"{ar[:2]}{nio}{kontrollsiffra(nio)}"
        return Pahittad(nummer, "man" if man else "kvinna", int(ar), fornamn, efternamn)

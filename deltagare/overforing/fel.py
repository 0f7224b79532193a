"""Fel och varningar ur filerna, med fil, rad och kolumn. Texterna upprepar aldrig personuppgifter (P7)."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from deltagare.overforing.filformat import FILER

VISADE: Final = 100  # så många fel skrivs ut; resten räknas
_BEHALLNA: Final = 20_000  # så många hålls i minnet innan de som ändå inte visas kastas

_ORDNING: Final = {namn: plats for plats, namn in enumerate(FILER)}


class Importfel(Exception):
    """Indata är fel och inget har sparats."""


class Ogiltigt(ValueError):
    """Ett värde som inte går att läsa. Meddelandet säger vad som ska stå där."""


class Fel(NamedTuple):
    """Ett fel: rad 0 är hela filen."""

    fil: str
    rad: int
    kolumn: str
    text: str

    def __str__(self) -> str:
        return f"{self.fil}:{self.rad}:{self.kolumn + ':' if self.kolumn else ''} {self.text}"


class Lista:
    """De första felen i ordning efter fil och rad, och hur många de är tillsammans."""

    def __init__(self) -> None:
        self.antal = 0
        self._rader: list[Fel] = []

    def lagg(self, fil: str, rad: int, kolumn: str, text: str) -> None:
        """Lägger till ett fel."""
        self.antal += 1
        self._rader.append(Fel(fil, rad, kolumn, text))
        if len(self._rader) > _BEHALLNA:
            self._rader = self.forsta()

    def lagg_fler(self, fil: str, rader: Sequence[tuple[int, str, str]], antal: int) -> None:
        """Lägger till de första av `antal` fel, som (rad, kolumn, text)."""
        for rad, kolumn, text in rader:
            self.lagg(fil, rad, kolumn, text)
        self.antal += antal - len(rader)

    def forsta(self) -> list[Fel]:
        """De hundra första, sorterade."""
        ordnade = sorted(self._rader, key=lambda fel: (_ORDNING.get(fel.fil, -1), fel.fil, fel.rad))
        return ordnade[:VISADE]

    def rader(self, prefix: str = "") -> Iterable[str]:
        """Det som skrivs ut."""
        forsta = self.forsta()
        yield from (f"{prefix}{fel}" for fel in forsta)
        if fler := self.antal - len(forsta):
            yield f"{prefix}… och {fler} till."


class Utfall:
    """Felen och varningarna i en import. Varningar hindrar inget."""

    def __init__(self) -> None:
        self.fel = Lista()
        self.varningar = Lista()

"""Fel och varningar ur filerna, med fil, rad och kolumn. Texterna upprepar aldrig personuppgifter (P7)."""

import errno
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from deltagare.overforing.filformat import FILER, PERSONFILER
from deltagare.personnummer import Personnummer

VISADE: Final = 100  # så många fel skrivs ut; resten räknas
_BEHALLNA: Final = 20_000  # så många hålls i minnet innan de som ändå inte visas kastas

_KODLIK: Final = re.compile(r"[A-Za-z0-9_;-]{1,40}")
_PERSONNUMRETS_SIFFROR: Final = 10
# Med eller utan sekel, hur delarna än är skilda åt. Dagen är ökad med 60 i ett samordningsnummer.
_SOM_PERSONNUMMER: Final = re.compile(
    r"(?<!\d)((?:\d\d)?\s?\d\d[\s-]?(?:0[1-9]|1[0-2])[\s-]?(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])\s?[-+–\u2212]?\s?)"
    r"\d\d\s?\d\d(?!\d)"
)
_HELA: Final = frozenset({"organisationsnummer", "insats", "startdatum", "slutdatum", "namn"})
_ORSAKER: Final = {
    errno.EACCES: "rättighet saknas",
    errno.EPERM: "rättighet saknas",
    errno.ENOENT: "den finns inte",
    errno.ENOTDIR: "sökvägen går genom något som inte är en katalog",
    errno.EISDIR: "den är en katalog",
    errno.ELOOP: "länken leder runt till sig själv",
    errno.EEXIST: "något med det namnet finns redan",
    errno.ENAMETOOLONG: "namnet är för långt",
    errno.EIO: "disken svarar inte",
    errno.ENOSPC: "disken är full",
    errno.EDQUOT: "utrymmet är slut",
    errno.EROFS: "disken är skrivskyddad",
}

_ORDNING: Final = {namn: plats for plats, namn in enumerate(FILER)}


class Importfel(Exception):
    """Indata är fel och inget har sparats."""


class HarSkydd(Importfel):
    """Personen på en av raderna har skyddade personuppgifter (R19)."""

    def __init__(self, insats: int, nummer: Personnummer) -> None:
        super().__init__()
        self.insats, self.nummer = insats, nummer


class Ogiltigt(ValueError):
    """Ett värde som inte går att läsa. Meddelandet säger vad som ska stå där."""


def orsak(fel: OSError) -> str:
    """Varför det inte gick att läsa eller skriva, på svenska, att avsluta en mening med."""
    return _ORSAKER.get(fel.errno or 0, f"systemet säger nej (felkod {fel.errno})")


def visat(fil: str, text: str) -> str:
    """Ett värde ur filen så som det får stå i ett fel, med ett mellanslag före: ` ”I-9”`, annars inget (P7).

    Bara det som ser ut som en kod visas, och inget med så många siffror som ett personnummer. I en fil om personer
    visas inget alls: med förskjutna kolumner kan ett namn eller personnummer stå var som helst.
    """
    if fil in PERSONFILER or not _KODLIK.fullmatch(text) or mojligt_personnummer(text):
        return ""
    return f" ”{text}”"


def mojligt_personnummer(text: str) -> bool:
    """Sant om texten har siffror nog till ett personnummer, hur de än är skilda åt."""
    return sum(map(str.isdigit, text)) >= _PERSONNUMRETS_SIFFROR


def maskerad(text: str, kolumn: str) -> str:
    """Cellen så som granskningen visar den: fyra stjärnor sist i det som kan vara ett personnummer (P7).

    Kolumner som har sin egen form visas hela; i kolumnen personnummer maskeras också det som är felskrivet.
    """
    if kolumn in _HELA:
        return text
    if kolumn == "personnummer" and mojligt_personnummer(text):
        return f"{text.strip()[:-4]}****"
    return _SOM_PERSONNUMMER.sub(r"\1****", text)


class Fel(NamedTuple):
    """Ett fel: rad 0 är hela filen."""

    fil: str
    rad: int
    kolumn: str
    text: str

    def __str__(self) -> str:
        return f"{self.fil}:{self.rad}:{self.kolumn + ':' if self.kolumn else ''} {self.text}"


class Lista:
    """De första felen i ordning efter fil och rad, och hur många de är tillsammans.

    `visade` är hur många som går att visa; de andra räknas bara.
    """

    def __init__(self, visade: int = VISADE) -> None:
        self.antal, self.visade = 0, visade
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
        """De första, sorterade."""
        ordnade = sorted(self._rader, key=lambda fel: (_ORDNING.get(fel.fil, -1), fel.fil, fel.rad))
        return ordnade[: self.visade]

    def rader(self, prefix: str = "") -> Iterable[str]:
        """Det som skrivs ut."""
        forsta = self.forsta()
        yield from (f"{prefix}{fel}" for fel in forsta)
        if fler := self.antal - len(forsta):
            yield f"{prefix}… och {fler} till."


class Utfall:
    """Felen och varningarna i en import, högst `visade` av varje att visa. Varningar hindrar inget."""

    def __init__(self, visade: int = VISADE) -> None:
        self.fel = Lista(visade)
        self.varningar = Lista(visade)

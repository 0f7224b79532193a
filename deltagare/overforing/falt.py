"""Läser fälten i en rad. Det som inte går att läsa läggs bland felen, och raden skrivs då inte."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

from deltagare.overforing.fel import Lista, Ogiltigt, visat
from deltagare.overforing.filformat import FILER
from deltagare.overforing.lasning import Csvfil

T = TypeVar("T")

_DATUM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HELTAL: Final = re.compile(r"-?[0-9]{1,12}")
_ORGNR: Final = re.compile(r"([0-9]{6})-?([0-9]{4})")
FORSTA_AR: Final = 1900
SISTA_AR: Final = 2100
STORSTA_ANTAL: Final = 2_147_483_647


@lru_cache(maxsize=65_536)
def tolka_datum(text: str) -> date:
    """ÅÅÅÅ-MM-DD. Ger Ogiltigt."""
    if not _DATUM.fullmatch(text):
        raise Ogiltigt("Skriv datumet som ÅÅÅÅ-MM-DD.")
    try:
        dag = date.fromisoformat(text)
    except ValueError:
        raise Ogiltigt("Datumet finns inte i kalendern.") from None
    if not FORSTA_AR <= dag.year <= SISTA_AR:
        raise Ogiltigt(f"Året ska ligga mellan {FORSTA_AR} och {SISTA_AR}.")
    return dag


@lru_cache(maxsize=4_096)
def tolka_heltal(text: str) -> int:
    """Ett heltal, högst tolv siffror. Ger Ogiltigt."""
    if not _HELTAL.fullmatch(text):
        raise Ogiltigt("Skriv ett heltal med bara siffror, utan mellanslag och decimaler.")
    return int(text)


def tolka_organisationsnummer(text: str) -> str:
    """Tio siffror med eller utan bindestreck, med rätt kontrollsiffra, som NNNNNN-NNNN. Ger Ogiltigt."""
    traff = _ORGNR.fullmatch(text)
    if not traff:
        raise Ogiltigt("Skriv organisationsnumret med tio siffror, NNNNNN-NNNN.")
    dubblade = (int(siffra) * (2 - plats % 2) for plats, siffra in enumerate(traff[1] + traff[2]))
    if sum(tal // 10 + tal % 10 for tal in dubblade) % 10:
        raise Ogiltigt("Organisationsnumrets kontrollsiffra stämmer inte. Kontrollera numret.")
    return f"{traff[1]}-{traff[2]}"


def uppraknade(koder: Iterable[str]) -> str:
    """Tillåtna koder, till ett felmeddelande."""
    return ", ".join(koder)


class Rad:
    """En rad i taget ur en fil. Samma objekt används för alla rader, eftersom de kan vara miljoner."""

    def __init__(self, fil: Csvfil, fel: Lista, varningar: Lista) -> None:
        self._fil, self._fel, self._varningar = fil, fel, varningar
        self._plats = fil.plats
        self._saknas = {kolumn: "" for kolumn in FILER[fil.namn].kolumner if kolumn not in fil.plats}
        # Kolumnerna står i filens ordning, och då är platserna fältens egna.
        self._i_ordning = list(fil.plats.values()) == list(range(len(fil.plats)))
        self._falt: list[str] = []
        self._saknade: set[str] = set()
        self.varden: dict[str, str] = {}
        """Fälten efter kolumn, utan blanktecken i ändarna; tomma för kolumner som saknas."""
        self.nr = 0
        self.trasig = False

    def satt(self, nr: int, falt: list[str]) -> None:
        """Byter till nästa rad."""
        self.nr, self._falt, self.trasig = nr, falt, False
        i_ordning = falt if self._i_ordning else [falt[plats] for plats in self._plats.values()]
        self.varden = dict(zip(self._plats, map(str.strip, i_ordning), strict=False))
        self.varden |= self._saknas

    def fela(self, kolumn: str, text: str) -> None:
        """Lägger ett fel på raden."""
        self.trasig = True
        self._fel.lagg(self._fil.namn, self.nr, kolumn, text)

    def varna(self, kolumn: str, text: str) -> None:
        """Lägger en varning på raden."""
        self._varningar.lagg(self._fil.namn, self.nr, kolumn, text)

    def visat(self, text: str) -> str:
        """Ett värde ur raden så som det får stå i ett fel."""
        return visat(self._fil.namn, text)

    def har(self, kolumn: str) -> bool:
        """Sant om filen har kolumnen."""
        return kolumn in self._plats

    def ordagrant(self, kolumn: str) -> str:
        """Texten precis som den står, tom om kolumnen saknas."""
        plats = self._plats.get(kolumn)
        return "" if plats is None else self._falt[plats]

    def text(self, kolumn: str) -> str:
        """Texten utan blanktecken i ändarna, tom om kolumnen saknas."""
        return self.varden[kolumn]

    def saknas(self, kolumn: str, text: str = "Uppgiften saknas. Fyll i den.") -> None:
        """Fel för en uppgift som krävs. Saknas hela kolumnen sägs det en gång, för filen."""
        self.trasig = True
        if kolumn in self._plats:
            self._fel.lagg(self._fil.namn, self.nr, kolumn, text)
        elif kolumn not in self._saknade:
            self._saknade.add(kolumn)
            self._fel.lagg(self._fil.namn, 0, kolumn, "Kolumnen saknas i rubrikraden. Lägg till den.")

    def namn(self, kolumn: str, *, langd: int, kravs: bool = True) -> str:
        """Fri text som den står, högst `langd` tecken."""
        text = self.ordagrant(kolumn)
        if not text.strip():
            if kravs:
                self.saknas(kolumn)
            return ""
        if len(text) > langd:
            self.fela(kolumn, f"Texten är {len(text)} tecken. Korta den till högst {langd}.")
        return text

    def tolkad(self, kolumn: str, tolka: Callable[[str], T], *, kravs: bool = False) -> T | None:
        """Värdet tolkat med `tolka`, None om det är tomt eller inte går att läsa."""
        text = self.varden[kolumn]
        if not text:
            if kravs:
                self.saknas(kolumn)
            return None
        try:
            return tolka(text)
        except Ogiltigt as fel:
            self.fela(kolumn, str(fel))
            return None

    def datum(self, kolumn: str, *, kravs: bool = False) -> date | None:
        """Ett datum."""
        return self.tolkad(kolumn, tolka_datum, kravs=kravs)

    def heltal(
        self, kolumn: str, *, minst: int, hogst: int = STORSTA_ANTAL, kravs: bool = False, enhet: str = ""
    ) -> int | None:
        """Ett heltal mellan gränserna. `enhet` förtydligar felet."""
        tal = self.tolkad(kolumn, tolka_heltal, kravs=kravs)
        if tal is None or minst <= tal <= hogst:
            return tal
        granser = f"mellan {minst} och {hogst}" if hogst < STORSTA_ANTAL else f"minst {minst}"
        self.fela(kolumn, f"{enhet or 'Talet'} ska vara {granser}.")
        return None

    def ar(self, *, kravs: bool = True) -> int | None:
        """Kalenderåret i kolumnen `ar`."""
        return self.heltal("ar", minst=1990, hogst=SISTA_AR, kravs=kravs, enhet="Året")

    def kod(self, kolumn: str, koder: Iterable[str], *, kravs: bool = False) -> str:
        """En av koderna, tom om den inte är given."""
        text = self.varden[kolumn]
        if not text:
            if kravs:
                self.saknas(kolumn)
        elif text not in koder:
            self.fela(kolumn, f"Okänd kod{self.visat(text)}. Koderna är {uppraknade(koder)}.")
            return ""
        return text

    def lista(self, kolumn: str, koder: Mapping[str, object]) -> list[str]:
        """Koder skilda med semikolon, i kodernas ordning och var och en en gång."""
        text = self.varden[kolumn]
        if not text:
            return []
        givna = {del_.strip() for del_ in text.split(";")} - {""}
        if okanda := givna - koder.keys():
            visas = ",".join(filter(None, map(self.visat, sorted(okanda))))
            self.fela(kolumn, f"Okänd kod{visas}. Koderna är {uppraknade(koder)}; flera skiljs med semikolon.")
            return []
        return [kod for kod in koder if kod in givna]

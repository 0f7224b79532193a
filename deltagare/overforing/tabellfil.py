"""En tabell som redan är läst, ur en uppladdad fil: prövas och läses som en fil ur katalogen (`lasning.Csvfil`)."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from deltagare.overforing.fel import Lista
from deltagare.overforing.lasning import Csvfil, Framsteg


class Tabell(NamedTuple):
    """Rubriker och rader så som de stod, med radernas nummer i den uppladdade filen."""

    namn: str
    """Filformatets namn, till exempel `insatser.csv`, vad den uppladdade filen än heter."""
    rubriker: list[str]
    rader: list[tuple[int, list[str]]]
    formler: Sequence[tuple[int, str]] = ()
    """Celler med formel, som rad och kolumn."""
    filrader: Mapping[int, int] = MappingProxyType({})
    """Radens nummer → numret den hade i den fil som en felfil kom ur. Finns bara för felfiler."""


class Tabellfil(Csvfil):
    """Som `Csvfil`, ur minnet. Korta rader fylls ut, som kalkylprogram menar dem."""

    def __init__(self, tabell: Tabell, fel: Lista) -> None:
        self._tabell, self.namn, self._fel = tabell, tabell.namn, fel
        self.plats: dict[str, int] = {}
        self.duger = self._kanner_kolumnerna(tabell.rubriker)
        for rad, kolumn in tabell.formler:
            fel.lagg(self.namn, rad, kolumn, "Cellen har en formel. Kopiera den, klistra in som värde och spara om.")

    def rader(self, framsteg: Framsteg) -> Iterator[tuple[int, list[str]]]:
        """Radernas nummer och fält."""
        bredd = len(self._tabell.rubriker)
        for nr, falt in self._tabell.rader:
            yield nr, [*falt, *[""] * (bredd - len(falt))][:bredd]

"""En rapport som tabell: det som alla renderare skriver ut, och inget annat (R37)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from rapporter.diagram import Diagram
from rapporter.varden import Varde, celltext
from rapporter.variabler import Period, Slag


class Rapporturval(Protocol):
    """Det som renderarna behöver veta om ett urval."""

    @property
    def fran(self) -> date:
        """Den första dagen i periodens första månad."""

    @property
    def till(self) -> date:
        """Den första dagen i periodens sista månad."""

    @property
    def period(self) -> str:
        """Perioden i månader."""

    def som_data(self) -> dict[str, Any]:
        """Urvalet som koder, för JSON."""


@dataclass(frozen=True, slots=True)
class Kolumn:
    """En kolumn: vad den heter, vilken tid den avser och vad den betyder."""

    namn: str
    rubrik: str
    period: Period
    slag: Slag
    definition: str
    summeras: bool

    @property
    def ar_tal(self) -> bool:
        """Sant om kolumnen har tal: heltal, kronor eller decimaltal."""
        return self.slag in {Slag.HELTAL, Slag.KRONOR, Slag.DECIMALTAL}

    @property
    def ar_kronor(self) -> bool:
        """Sant om kolumnen har belopp i kronor."""
        return self.slag == Slag.KRONOR

    @property
    def ar_decimaltal(self) -> bool:
        """Sant om kolumnen har tal med två decimaler."""
        return self.slag == Slag.DECIMALTAL

    @property
    def ar_datum(self) -> bool:
        """Sant om kolumnen har datum."""
        return self.slag == Slag.DATUM

    @property
    def periodtext(self) -> str:
        """Tiden som kolumnen avser, i ord; tomt för ett faktum (R37)."""
        return str(self.period.label)


@dataclass(frozen=True, slots=True)
class Rad:
    """En rad. `nyckel` och `namn` står först; `varden` följer rapportens kolumner, None är tomt (R35).

    `koder` är det som JSON har i stället för en visad text: (kolumnens namn, kod).
    """

    nyckel: str
    namn: str
    beskrivning: str
    varden: tuple[Varde, ...]
    insats_id: int | None = None
    koder: tuple[tuple[str, Varde], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rapport:
    """En rapport. `slag` är dess namn i JSON och i filnamnet, `totalt` följer kolumnerna eller är None.

    `ledrubriker` är rubrikerna för radens nyckel och namn i CSV och Excel, eller bara för namnet; `lednamn` är vad
    de heter i JSON. `namnrubrik` står över namnen där nyckeln inte visas. `antal` är det som räknas i huvudet, och
    `tomt` vad sidan säger (rubrik, text) när rapporten inte har några rader.
    """

    slag: str
    rubrik: str
    upplysning: str
    urval: Rapporturval
    urval_i_ord: tuple[tuple[str, str], ...]
    framtagen: datetime
    ledrubriker: tuple[str, ...]
    lednamn: tuple[str, ...]
    namnrubrik: str
    kolumner: tuple[Kolumn, ...]
    rader: tuple[Rad, ...]
    totalt: tuple[Varde, ...] | None = None
    antal: int = 0
    antal_rubrik: str = ""
    antal_text: str = ""
    varningar: tuple[str, ...] = ()
    diagram: tuple[Diagram, ...] = ()
    tomt: tuple[str, str] = ("", "")

    @property
    def om_rapporten(self) -> tuple[tuple[str, str], ...]:
        """Urvalet, när rapporten togs fram och antalet: (rubrik, text)."""
        antal = ((self.antal_rubrik, celltext(self.antal)),) if self.antal_rubrik else ()
        return (*self.urval_i_ord, ("Framtagen", self.framtagen_text), *antal)

    @property
    def framtagen_text(self) -> str:
        """När rapporten togs fram, i svensk tid."""
        return f"{self.framtagen:%Y-%m-%d} kl. {self.framtagen:%H.%M}"

    @property
    def filnamn(self) -> str:
        """Filens namn utan ändelse: rapporten och perioden, aldrig något om en person (P7)."""
        return f"{self.slag}_{self.urval.fran:%Y-%m}_{self.urval.till:%Y-%m}"

    def led(self, rad: Rad) -> tuple[str, ...]:
        """Det som står först på raden i CSV och Excel."""
        return (rad.nyckel, rad.namn) if len(self.ledrubriker) == 2 else (rad.namn,)

"""En rapport som tabell: det som alla renderare skriver ut, och inget annat (R37)."""

from collections.abc import Iterator, Sequence
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
    """En kolumn: vad den heter, vilken tid den avser och vad den betyder.

    `rubrik` räcker ensam, i filer med ett huvud på en rad. Har en variabel flera kolumner (kön, jämförelseperiod)
    står `grupp` (variabelns rubrik) över dem tillsammans och `underrubrik` över var och en. `tid` är tiden som
    kolumnen avser där periodens vanliga ord inte räcker, och `del_` vad den är i en jämförelse: vald, fore eller
    skillnad.
    """

    namn: str
    rubrik: str
    period: Period
    slag: Slag
    definition: str
    summeras: bool
    grupp: str = ""
    underrubrik: str = ""
    tid: str = ""
    variabel: str = ""
    kon: str = ""
    del_: str = ""

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
        return self.tid or str(self.period.label)

    @property
    def ar_skillnad(self) -> bool:
        """Sant om kolumnen är skillnaden mellan vald period och jämförelseperioden."""
        return self.del_ == "skillnad"

    def text(self, varde: Varde) -> str:
        """Värdet så som det visas; en ökning får plustecken."""
        text = celltext(varde)
        return f"+{text}" if self.ar_skillnad and isinstance(varde, int) and varde > 0 else text


@dataclass(frozen=True, slots=True)
class Rad:
    """En rad. `nyckel` och `namn` står först; `varden` följer rapportens kolumner, None är tomt (R35).

    `koder` är det som JSON har i stället för en visad text: (kolumnens namn, kod). `organisation` är numret på
    samverkansorganisationen, som en lång PDF delas efter; tomt där raden inte har någon.
    """

    nyckel: str
    namn: str
    beskrivning: str
    varden: tuple[Varde, ...]
    insats_id: int | None = None
    koder: tuple[tuple[str, Varde], ...] = ()
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Grupp:
    """Rader som hör ihop, och deras delsumma. `antal` är hur många av rapportens rader som är gruppens."""

    nyckel: str
    namn: str
    antal: int
    delsumma: tuple[Varde, ...]


@dataclass(frozen=True, slots=True)
class Avsnitt:
    """En följd av rader ur en och samma grupp; `grupp` är None i en rapport utan grupper.

    `borjar` och `slutar` säger om gruppens första och sista rad är med. Delsumman skrivs efter den sista.
    """

    grupp: Grupp | None
    rader: Sequence[Rad]
    borjar: bool = True
    slutar: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rapport:
    """En rapport. `slag` är dess namn i JSON och i filnamnet, `totalt` följer kolumnerna eller är None.

    `ledrubriker` är rubrikerna för radens nyckel och namn i CSV och Excel, eller bara för namnet; `lednamn` är vad
    de heter i JSON. `namnrubrik` står över namnen där nyckeln inte visas. `antal` är det som räknas i huvudet,
    `antal_fore` det som kommer till därför att det finns i jämförelseperioden, och `tomt` vad sidan säger (rubrik,
    text) när rapporten inte har några rader. `grupper` delar raderna i ordning, utan lucka; `grupprubrik` är vad de
    är, till exempel Län. Delsummorna är inga rader: renderarna skriver dem för sig, se `avsnitt`.
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
    antal_fore: int = 0
    antal_rubrik: str = ""
    antal_text: str = ""
    varningar: tuple[str, ...] = ()
    diagram: tuple[Diagram, ...] = ()
    tomt: tuple[str, str] = ("", "")
    grupper: tuple[Grupp, ...] = ()
    grupprubrik: str = ""

    @property
    def om_rapporten(self) -> tuple[tuple[str, str], ...]:
        """Urvalet, när rapporten togs fram och antalet: (rubrik, text)."""
        antal = [(self.antal_rubrik, celltext(self.antal))] if self.antal_rubrik else []
        if self.antal_fore:
            antal.append((f"{self.antal_rubrik} bara i jämförelseperioden", celltext(self.antal_fore)))
        return (*self.urval_i_ord, ("Framtagen", self.framtagen_text), *antal)

    @property
    def framtagen_text(self) -> str:
        """När rapporten togs fram, i svensk tid."""
        return f"{self.framtagen:%Y-%m-%d} kl. {self.framtagen:%H.%M}"

    @property
    def filnamn(self) -> str:
        """Filens namn utan ändelse: rapporten och perioden, aldrig något om en person (P7)."""
        return f"{self.slag}_{self.urval.fran:%Y-%m}_{self.urval.till:%Y-%m}"

    @property
    def har_kolumngrupper(self) -> bool:
        """Sant om huvudet är på två rader."""
        return any(kolumn.grupp for kolumn in self.kolumner)

    def kolumngrupper(self, nummer: Sequence[int] | None = None) -> list[tuple[str, list[int]]]:
        """Huvudets övre rad: (rubrik, kolumnernas nummer). En kolumn utan grupp är för sig, med tom rubrik."""
        grupper: list[tuple[str, list[int]]] = []
        for nr in range(len(self.kolumner)) if nummer is None else nummer:
            grupp = self.kolumner[nr].grupp
            if grupp and grupper and grupper[-1][0] == grupp:
                grupper[-1][1].append(nr)
            else:
                grupper.append((grupp, [nr]))
        return grupper

    def avsnitt(self, start: int = 0, slut: int | None = None) -> Iterator[Avsnitt]:
        """Raderna från och med `start` och före `slut`, grupp för grupp."""
        slut = len(self.rader) if slut is None else min(slut, len(self.rader))
        if not self.grupper:
            yield Avsnitt(None, self.rader[start:slut])
            return
        borjan = 0
        for grupp in self.grupper:
            efter = borjan + grupp.antal
            fran, till = max(borjan, start), min(efter, slut)
            if fran < till:
                yield Avsnitt(grupp, self.rader[fran:till], borjar=fran == borjan, slutar=till == efter)
            borjan = efter

    def led(self, rad: Rad) -> tuple[str, ...]:
        """Det som står först på raden i CSV och Excel."""
        return (rad.nyckel, rad.namn) if len(self.ledrubriker) == 2 else (rad.namn,)

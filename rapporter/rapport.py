"""Rapporten som ett värde: det som alla renderare skriver ut, och inget annat (R35–R37)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from rapporter.urval import Koder, Urval
from rapporter.variabler import VARIABLER, Period, Slag, Variabel

Varde = str | int | date | None

RUBRIK: Final = "Insatsrapport"
HART_BLANKSTEG: Final = "\u00a0"
UTANFOR_PERIODEN: Final = (
    "Rapporten tar med insatser vars datum överlappar perioden. En insats som slutade före perioden är inte med, "
    "inte heller i de kolumner som visar hela kalenderår."
)
# R37: planerat (med anonyma) bredvid faktiskt (utan).
_FAKTISKA: Final = frozenset({"antal_deltagare", "antal_unika_deltagare", "antal_nystartade_deltagare"})


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
        """Sant om kolumnen har heltal eller kronor."""
        return self.slag in {Slag.HELTAL, Slag.KRONOR}

    @property
    def ar_kronor(self) -> bool:
        """Sant om kolumnen har belopp i kronor."""
        return self.slag == Slag.KRONOR

    @property
    def ar_datum(self) -> bool:
        """Sant om kolumnen har datum."""
        return self.slag == Slag.DATUM

    @property
    def periodtext(self) -> str:
        """Tiden som kolumnen avser, i ord; tomt för ett faktum (R37)."""
        return str(self.period.label)


@dataclass(frozen=True, slots=True)
class Radkalla:
    """En insats som frågan gav den: `varden` är databasens, i urvalets variablers ordning."""

    insats_id: int
    nyckel: str
    namn: str
    beskrivning: str
    organisationsnummer: str
    organisation: str
    varden: tuple[Any, ...]
    unika_i_organisationen: int | None = None


@dataclass(frozen=True, slots=True)
class Rad:
    """En rad. `nyckel` och `namn` står först; `varden` följer rapportens kolumner, None är tomt (R35)."""

    nyckel: str
    namn: str
    beskrivning: str
    varden: tuple[Varde, ...]
    insats_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rapport:
    """Insatsrapporten. `ledrubriker` är rubrikerna för radens nyckel och namn, `totalt` följer kolumnerna."""

    urval: Urval
    urval_i_ord: tuple[tuple[str, str], ...]
    framtagen: datetime
    ledrubriker: tuple[str, str]
    lednamn: tuple[str, str]
    kolumner: tuple[Kolumn, ...]
    rader: tuple[Rad, ...]
    totalt: tuple[Varde, ...]
    antal_insatser: int
    varningar: tuple[str, ...]

    @property
    def rubrik(self) -> str:
        """Rapportens namn."""
        return RUBRIK

    @property
    def namnrubrik(self) -> str:
        """Rubriken över radernas namn, där nyckeln inte visas."""
        return self.ledrubriker[1] if self.urval.per_organisation else "Insats"

    @property
    def upplysning(self) -> str:
        """Vilka insatser som är rader."""
        return UTANFOR_PERIODEN

    @property
    def om_rapporten(self) -> tuple[tuple[str, str], ...]:
        """Urvalet, när rapporten togs fram och antalet insatser: (rubrik, text)."""
        antal = ("Antal insatser", celltext(self.antal_insatser))
        return (*self.urval_i_ord, ("Framtagen", self.framtagen_text), antal)

    @property
    def framtagen_text(self) -> str:
        """När rapporten togs fram, i svensk tid."""
        return f"{self.framtagen:%Y-%m-%d} kl. {self.framtagen:%H.%M}"

    @property
    def antal_text(self) -> str:
        """Antalet insatser i urvalet, som text."""
        return f"{celltext(self.antal_insatser)} {'insats' if self.antal_insatser == 1 else 'insatser'}"

    @property
    def filnamn(self) -> str:
        """Filens namn utan ändelse: rapporten och perioden, aldrig något om en person (P7)."""
        return f"insatsrapport_{self.urval.fran:%Y-%m}_{self.urval.till:%Y-%m}"


def celltext(varde: Varde) -> str:
    """Ett värde så som det visas: 1 234 med hårt blanksteg, 2025-01-31, tomt för None."""
    if varde is None:
        return ""
    if isinstance(varde, int):
        return f"{varde:,}".replace(",", HART_BLANKSTEG)
    return varde.isoformat() if isinstance(varde, date) else varde


def summa(tal: Iterable[Any]) -> int | None:
    """Summan av talen som finns; None om inget finns (R36)."""
    kanda = [ett for ett in tal if ett is not None]
    return sum(kanda) if kanda else None


def bygg(
    kallor: Sequence[Radkalla], *, urval: Urval, koder: Koder, unika_totalt: int | None, framtagen: datetime
) -> Rapport:
    """Bygger rapporten av frågans rader, som redan är i ordning. `framtagen` är i Europe/Stockholm."""
    variabler = [VARIABLER[namn] for namn in urval.variabler]
    if urval.per_organisation:
        kolumner, rader = _summerad(kallor, variabler)
        led = (("organisationsnummer", "Organisationsnummer"), ("samverkansorganisation", "Samverkansorganisation"))
    else:
        kolumner = tuple(_kolumn(variabel) for variabel in variabler)
        rader = tuple(_rad(kalla, variabler) for kalla in kallor)
        led = (("insats", "Insats"), ("insatsnamn", "Insatsnamn"))
    return Rapport(
        urval=urval,
        urval_i_ord=urval.i_ord(koder),
        framtagen=framtagen,
        ledrubriker=(led[0][1], led[1][1]),
        lednamn=(led[0][0], led[1][0]),
        kolumner=kolumner,
        rader=rader,
        totalt=tuple(_total(kolumn, nr, rader, unika_totalt) for nr, kolumn in enumerate(kolumner)),
        antal_insatser=len(kallor),
        varningar=tuple(_varningar(urval, variabler)),
    )


def _kolumn(variabel: Variabel) -> Kolumn:
    return Kolumn(
        variabel.namn, variabel.rubrik, variabel.period, variabel.slag, variabel.definition, variabel.summeras
    )


def _visade(kalla: Radkalla, variabler: Sequence[Variabel]) -> tuple[Varde, ...]:
    return tuple(
        varde if varde is None or variabel.tolka is None else variabel.tolka(varde)
        for variabel, varde in zip(variabler, kalla.varden, strict=True)
    )


def _rad(kalla: Radkalla, variabler: Sequence[Variabel]) -> Rad:
    return Rad(kalla.nyckel, kalla.namn, kalla.beskrivning, _visade(kalla, variabler), kalla.insats_id)


def _total(kolumn: Kolumn, nr: int, rader: Sequence[Rad], unika: int | None) -> Varde:
    if not kolumn.summeras:
        return None
    tal = summa(rad.varden[nr] for rad in rader)
    # R36: samma person i två insatser räknas en gång. Utan värden är också den totalen tom.
    return unika if kolumn.namn == "antal_unika_deltagare" and tal is not None else tal


def _summerad(kallor: Sequence[Radkalla], variabler: Sequence[Variabel]) -> tuple[tuple[Kolumn, ...], tuple[Rad, ...]]:
    """En rad per samverkansorganisation; ett faktum som skiljer sig mellan insatserna är tomt."""
    antal = Kolumn(
        "antal_insatser",
        "Antal insatser",
        Period.VALD,
        Slag.HELTAL,
        "Insatser i urvalet vars datum överlappar perioden.",
        summeras=True,
    )
    # Organisationens namn står redan först på raden.
    egna = [(nr, variabel) for nr, variabel in enumerate(variabler) if variabel.namn != "samverkansorganisation"]
    grupper: dict[str, list[Radkalla]] = {}
    for kalla in kallor:
        grupper.setdefault(kalla.organisationsnummer, []).append(kalla)
    rader = []
    for nummer, grupp in grupper.items():
        visade = [_visade(kalla, variabler) for kalla in grupp]
        unika = grupp[0].unika_i_organisationen
        varden = (_gemensamt(variabel, [rad[nr] for rad in visade], unika) for nr, variabel in egna)
        rader.append(Rad(nummer, grupp[0].organisation, "", (len(grupp), *varden)))
    return (antal, *(_kolumn(variabel) for _, variabel in egna)), tuple(rader)


def _gemensamt(variabel: Variabel, varden: Sequence[Varde], unika: int | None) -> Varde:
    if not variabel.summeras:
        return varden[0] if len(set(varden)) == 1 else None
    tal = summa(varden)
    return unika if variabel.namn == "antal_unika_deltagare" and tal is not None else tal


def _varningar(urval: Urval, variabler: Sequence[Variabel]) -> Iterable[str]:
    """R37: jämförelser som haltar."""

    def rubriker(villkor: Callable[[Variabel], bool]) -> str:
        return ", ".join(variabel.rubrik for variabel in variabler if villkor(variabel))

    perioder = {variabel.period for variabel in variabler}
    namn = {variabel.namn for variabel in variabler}
    if Period.KALENDERAR in perioder and not urval.hela_kalenderar:
        ar = str(urval.ar[0]) if len(urval.ar) == 1 else f"{urval.ar[0]}–{urval.ar[-1]}"
        yield (
            f"Perioden är inte hela kalenderår, men dessa kolumner visar hela {ar}: "
            f"{rubriker(lambda v: v.period == Period.KALENDERAR)}. "
            "Jämför dem inte rakt av med kolumner för vald period."
        )
    if "budgeterat_antal_deltagare" in namn and namn & _FAKTISKA:
        yield (
            "Budgeterat antal deltagare är planerat för deltagare med personuppgifter och anonyma tillsammans. "
            f"{rubriker(lambda v: v.namn in _FAKTISKA)} räknas utan anonyma."
        )
    utan_kon = rubriker(lambda v: v.summeras and not v.har_kon)
    if urval.kon and utan_kon:
        yield f"Urvalet på kön gäller inte dessa kolumner, som inte har något kön: {utan_kon}."

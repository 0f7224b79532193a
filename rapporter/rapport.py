"""Insatsrapporten, byggd av frågans rader (R35–R37)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rapporter.tabell import Kolumn, Rad, Rapport
from rapporter.urval import Koder, Urval
from rapporter.varden import Varde, celltext
from rapporter.variabler import VARIABLER, Period, Slag, Variabel

RUBRIK: Final = "Insatsrapport"
UTANFOR_PERIODEN: Final = (
    "Rapporten tar med insatser vars datum överlappar perioden. En insats som slutade före perioden är inte med, "
    "inte heller i de kolumner som visar hela kalenderår."
)
INGA_INSATSER: Final = (
    "Inga insatser i urvalet",
    "Ingen insats i urvalet har datum som överlappar perioden. Välj en annan period eller ta bort något av urvalen.",
)
# R37: planerat (med anonyma) bredvid faktiskt (utan).
_FAKTISKA: Final = frozenset({"antal_deltagare", "antal_unika_deltagare", "antal_nystartade_deltagare"})


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
        slag="insatsrapport",
        rubrik=RUBRIK,
        upplysning=UTANFOR_PERIODEN,
        urval=urval,
        urval_i_ord=urval.i_ord(koder),
        framtagen=framtagen,
        ledrubriker=(led[0][1], led[1][1]),
        lednamn=(led[0][0], led[1][0]),
        namnrubrik=led[1][1] if urval.per_organisation else "Insats",
        kolumner=kolumner,
        rader=rader,
        totalt=tuple(_total(kolumn, nr, rader, unika_totalt) for nr, kolumn in enumerate(kolumner)),
        antal=len(kallor),
        antal_rubrik="Antal insatser",
        antal_text=f"{celltext(len(kallor))} {'insats' if len(kallor) == 1 else 'insatser'}",
        varningar=tuple(_varningar(urval, variabler)),
        tomt=INGA_INSATSER,
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

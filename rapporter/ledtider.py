"""Rapporten Ledtider: hur länge samarbetena är i varje insatstyp, och i sin helhet (R32).

Frågan ger hur många vistelser som tog så och så många dagar. Percentilerna räknas av den fördelningen, med samma
linjära interpolation som `percentile_cont`, i heltal så långt det går.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from deltagare.overgangar import PAGAENDE, Insatstyp
from rapporter.diagram import Diagram, Spridning, spridning, staplar
from rapporter.samarbetsurval import Jamforelse, Kontor, Samarbetsurval
from rapporter.svg import HOGST
from rapporter.tabell import Kolumn, Rad, Rapport
from rapporter.urval import Konsval
from rapporter.varden import Varde
from rapporter.variabler import Period, Slag

HELA: Final = "hela_samarbetet"
STEGEN: Final[Mapping[str, str]] = {
    **{typ.value: str(Insatstyp(typ).label) for typ in PAGAENDE},
    HELA: "Hela samarbetet",
}
UPPLYSNING: Final = (
    "En vistelse är tiden i en insatstyp, i kalenderdagar från övergången dit till nästa. Hela samarbetet räknas från "
    "begäran till slutet. Kontor är samarbetets två kontor den dag vistelsen tog slut, eller i dag om den pågår."
)
# Gränserna för diagrammens intervall, i dagar: till och med.
_INTERVALL: Final = (7, 30, 60, 90, 180, 365)
_ANDELAR: Final = {"median": 50, "p25": 25, "p75": 75, "p90": 90}

_KOLUMNER: Final = (
    Kolumn("antal", "Antal", Period.VALD, Slag.HELTAL, "Vistelser som tog slut i perioden.", summeras=False),
    Kolumn(
        "median",
        "Median",
        Period.VALD,
        Slag.DECIMALTAL,
        "Dagar. Hälften av vistelserna som tog slut i perioden var högst så långa.",
        summeras=False,
    ),
    Kolumn(
        "p25",
        "Undre kvartil",
        Period.VALD,
        Slag.DECIMALTAL,
        "Dagar. En fjärdedel av vistelserna som tog slut i perioden var högst så långa (25:e percentilen).",
        summeras=False,
    ),
    Kolumn(
        "p75",
        "Övre kvartil",
        Period.VALD,
        Slag.DECIMALTAL,
        "Dagar. Tre fjärdedelar av vistelserna som tog slut i perioden var högst så långa (75:e percentilen).",
        summeras=False,
    ),
    Kolumn(
        "p90",
        "90:e percentil",
        Period.VALD,
        Slag.DECIMALTAL,
        "Dagar. Nio av tio vistelser som tog slut i perioden var högst så långa.",
        summeras=False,
    ),
    Kolumn("pagaende", "Pågående", Period.IDAG, Slag.HELTAL, "Vistelser som pågår i dag.", summeras=False),
    Kolumn(
        "pagaende_median",
        "Pågående, median",
        Period.IDAG,
        Slag.DECIMALTAL,
        "Dagar hittills. Hälften av vistelserna som pågår i dag har varat högst så länge.",
        summeras=False,
    ),
)
_KONTOR: Final = Kolumn("kontor", "Kontor", Period.FAKTUM, Slag.TEXT, "Kontoret som raden gäller.", summeras=False)
_KON: Final = Kolumn("kon", "Kön", Period.FAKTUM, Slag.TEXT, "Könet som raden gäller.", summeras=False)

# Dagar och hur många vistelser som tog så många, i stigande ordning.
Fordelning = Sequence[tuple[int, int]]


class _Grupp(NamedTuple):
    """Det som jämförs: kontorets id och könet, tomma där de inte jämförs. `namn` är som i diagrammen."""

    kontor: int | None
    kon: str | None
    namn: str
    texter: tuple[str, ...]
    koder: tuple[tuple[str, Varde], ...]


def percentil(fordelning: Fordelning, procent: int) -> float | None:
    """Percentilen med linjär interpolation, som `percentile_cont`, med två decimaler. None utan vistelser."""
    antal = sum(ett for _, ett in fordelning)
    if not antal:
        return None
    plats, rest = divmod((antal - 1) * procent, 100)
    undre = _varde(fordelning, plats)
    ovre = _varde(fordelning, plats + 1) if rest else undre
    return round(undre + (ovre - undre) * rest / 100, 2)


def _varde(fordelning: Fordelning, plats: int) -> int:
    """Värdet på en plats när alla står i ordning, den första är 0."""
    for dagar, antal in fordelning:
        if plats < antal:
            return dagar
        plats -= antal
    raise IndexError(plats)


def bygg(
    rader: Iterable[tuple[Any, ...]],
    *,
    urval: Samarbetsurval,
    kontoren: Mapping[str, Kontor],
    framtagen: datetime,
) -> Rapport:
    """Bygger rapporten av frågans rader: (kontor, kön, steg, slutad, dagar, antal). `framtagen` är i svensk tid."""
    fordelningar: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for kontor, kon, steg, slutad, dagar, antal in sorted(rader, key=lambda rad: int(rad[4])):
        fordelningar.setdefault((kontor, kon, steg, slutad), []).append((dagar, antal))
    grupper = _grupper(urval, kontoren)
    jamfors = tuple(_KONTOR if ett == Jamforelse.KONTOR else _KON for ett in urval.jamfor)
    # Ett kontor i taget; kvinnor och män intill varandra.
    ordning = [
        (grupp, steg)
        for kontor in dict.fromkeys(grupp.kontor for grupp in grupper)
        for steg in STEGEN
        for grupp in grupper
        if grupp.kontor == kontor
    ]
    return Rapport(
        slag="ledtider",
        rubrik="Ledtider",
        upplysning=UPPLYSNING,
        urval=urval,
        urval_i_ord=urval.i_ord(kontoren),
        framtagen=framtagen,
        ledrubriker=("Steg", "Insatstyp"),
        lednamn=("steg",),
        namnrubrik="Insatstyp",
        kolumner=(*jamfors, *_KOLUMNER),
        rader=tuple(_rad(grupp, steg, fordelningar) for grupp, steg in ordning),
        antal_text="Ledtider i kalenderdagar",
        varningar=() if len(grupper) <= HOGST else (_FOR_MANGA,),
        diagram=tuple(_diagram(grupper, fordelningar)) if len(grupper) <= HOGST else (),
    )


_FOR_MANGA: Final = f"Diagram visas för högst {HOGST} som jämförs. Välj färre kontor för att se dem."


def _grupper(urval: Samarbetsurval, kontoren: Mapping[str, Kontor]) -> list[_Grupp]:
    valda = urval.kontor if Jamforelse.KONTOR in urval.jamfor else ()
    konen = [ett for ett in Konsval if urval.kon in ("", ett)] if Jamforelse.KON in urval.jamfor else []
    grupper = []
    for nyckel in valda or (None,):
        for kon in konen or (None,):
            texter, koder = [], []
            if nyckel is not None:
                texter.append(kontoren[nyckel].text)
                koder.append(("kontor", nyckel))
            if kon is not None:
                texter.append(str(kon.label))
                koder.append(("kon", kon.value))
            grupper.append(
                _Grupp(
                    kontoren[nyckel].id if nyckel is not None else None,
                    kon.value if kon is not None else None,
                    ", ".join(texter) or "Alla",
                    tuple(texter),
                    tuple(koder),
                )
            )
    return grupper


def _rad(grupp: _Grupp, steg: str, fordelningar: Mapping[tuple[Any, ...], Fordelning]) -> Rad:
    slutade = fordelningar.get((grupp.kontor, grupp.kon, steg, True), ())
    pagar = fordelningar.get((grupp.kontor, grupp.kon, steg, False), ())
    varden = (
        *grupp.texter,
        sum(antal for _, antal in slutade),
        *(percentil(slutade, andel) for andel in _ANDELAR.values()),
        sum(antal for _, antal in pagar),
        percentil(pagar, 50),
    )
    return Rad(steg, STEGEN[steg], "", varden, koder=grupp.koder)


def _diagram(grupper: Sequence[_Grupp], fordelningar: Mapping[tuple[Any, ...], Fordelning]) -> Iterable[Diagram]:
    def av(grupp: _Grupp, steg: str, *, slutad: bool = True) -> Fordelning:
        return fordelningar.get((grupp.kontor, grupp.kon, steg, slutad), ())

    yield spridning(
        "Spridning per insatstyp",
        "Dagar, vistelser som tog slut i perioden. Lådan är hälften i mitten, strecket medianen, linjen når nio "
        "av tio.",
        {
            text: {
                grupp.namn: Spridning(*(percentil(av(grupp, steg), andel) for andel in (25, 50, 75, 90)))
                for grupp in grupper
            }
            for steg, text in STEGEN.items()
        },
    )
    for steg, text in STEGEN.items():
        if any(av(grupp, steg) for grupp in grupper):
            yield staplar(
                text,
                "Antal vistelser som tog slut i perioden, efter längd",
                _etiketter(),
                {grupp.namn: _per_intervall(av(grupp, steg)) for grupp in grupper},
                axel="Dagar",
            )


def _etiketter() -> list[str]:
    undre = (0, *(grans + 1 for grans in _INTERVALL))
    return [*(f"{fran}–{till}" for fran, till in zip(undre, _INTERVALL, strict=False)), f"{undre[-1]}–"]


def _per_intervall(fordelning: Fordelning) -> list[int]:
    antal = [0] * (len(_INTERVALL) + 1)
    for dagar, ett in fordelning:
        antal[sum(dagar > grans for grans in _INTERVALL)] += ett
    return antal

"""Byggstenarna i diagrammen: färger, skala, linjer, rutor och text som SVG.

Färgerna står som attribut, som WeasyPrint läser, och som klasser, som sidans mörka läge färgar om.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

# Så många serier som det finns färger.
HOGST: Final = 6
FARGER: Final = ("#35805b", "#4a52b6", "#a85a12", "#8a3b74", "#2b7c93", "#6d6f73")
TEXT, SVAG, RUTNAT, AXEL = "#1b1e23", "#5f6165", "#ddddde", "#8d8e91"
BRED, HALV = 1120, 540
# Ungefär hur bred en bokstav är, i delar av teckenstorleken.
BOKSTAV: Final = 0.56


def skala(storst: float) -> tuple[int, int]:
    """Ett jämnt steg och en jämn övre gräns, så att axeln får omkring fyra streck."""
    steg = 1
    while steg * 4 < storst:
        steg = steg * 5 // 2 if str(steg)[0] == "2" else steg * 2
    return steg, max(-(-int(-(-storst // 1)) // steg) * steg, steg)


def forklaringens_hojd(serier: Sequence[str] | Mapping[str, object], bredd: float, *, alltid: bool = False) -> float:
    """Höjden som förklaringen tar över diagrammet."""
    return 22.0 * len(_rader_av(list(serier), bredd)) if len(serier) > 1 or alltid else 0


def _rader_av(serier: Sequence[str], bredd: float) -> list[list[str]]:
    rader: list[list[str]] = [[]]
    x = 0.0
    for namn in serier:
        b = 40 + 12 * BOKSTAV * len(namn)
        if rader[-1] and x + b > bredd:
            rader.append([])
            x = 0
        rader[-1].append(namn)
        x += b
    return rader


def forklaring(
    serier: Sequence[str] | Mapping[str, object],
    bredd: float,
    *,
    alltid: bool = False,
    farger: Sequence[int] = range(HOGST),
) -> str:
    """Serierna med sina färger, som nummer bland de sex. En ensam serie behöver ingen."""
    if len(serier) < 2 and not alltid:
        return ""
    ut, nr = [], 0
    for plats, rad in enumerate(_rader_av(list(serier), bredd)):
        x, y = 0.0, 12 + 22 * plats
        for namn in rad:
            ut.append(ruta(x, y - 10, 12, 12, farger[nr], namn) + skrift(x + 18, y, namn, "start", stark=True))
            x += 40 + 12 * BOKSTAV * len(namn)
            nr += 1
    return "".join(ut)


def ruta(x: float, y: float, bredd: float, hojd: float, nr: int, marke: str) -> str:
    """En fylld ruta i seriens färg (nollbaserad `nr`), med sin text för muspekaren."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(bredd, 0):.1f}" height="{max(hojd, 0):.1f}" class="ch-{nr + 1}" '
        f'fill="{FARGER[nr]}"><title>{escape(marke)}</title></rect>'
    )


def linje(x1: float, y1: float, x2: float, y2: float, *, axel: bool) -> str:
    """En rutnätslinje, eller axeln."""
    klass, farg = ("ch-x", AXEL) if axel else ("ch-g", RUTNAT)
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{klass}" stroke="{farg}" fill="none"/>'


def skrift(x: float, y: float, text: str, ankare: str, *, stark: bool = False, inuti: bool = False) -> str:
    """En text: `ankare` är start, middle eller end; `stark` i textens färg, `inuti` på en stapel."""
    klass, farg = ("ch-bgt", "#fff") if inuti else ("ch-t", TEXT) if stark else ("ch-t2", SVAG)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{ankare}" class="{klass}" fill="{farg}" '
        f'font-size="{13 if stark else 12}">{escape(text)}</text>'
    )


def kapa(text: str, langd: int) -> str:
    """Texten, kortad till `langd` tecken."""
    return text if len(text) <= langd else f"{text[: langd - 1]}…"

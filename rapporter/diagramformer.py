"""Insatsrapportens diagram som former: linjer över månader, plan mot utfall, och punkter per organisation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Final

from rapporter.diagram import Diagram
from rapporter.svg import BOKSTAV, FARGER, TEXT, kapa, linje, ruta, skala, skrift
from rapporter.varden import Varde, kort

_BREDD: Final = 920
# Så många månader får punkter; därefter blir de en gröt och linjen räcker.
_MED_PUNKTER: Final = 36
# Serierna skiljs åt också av punkternas form och av linjen, inte bara av färgen.
_FORMER: Final = (
    "M{v} {y}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z",
    "M{v} {u}h9v9h-9Z",
    "M{x} {o}L{h} {y}L{x} {n}L{l} {y}Z",
)


@dataclass(frozen=True, slots=True)
class Serie:
    """En linje: ett tal per månad, None där det inte finns något. `streckad` är jämförelseperiodens."""

    namn: str
    tal: Sequence[int | None]
    farg: int
    streckad: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Ett mått med plan och utfall: `delar` är (vad, antal), och utfallet deras summa.

    `enhet` står efter talen. `jamforbar` är falskt där utfallet inte är en andel av planen.
    """

    namn: str
    plan: int
    delar: tuple[tuple[str, int], ...]
    plantext: str
    utfallstext: str
    enhet: str = ""
    jamforbar: bool = True

    @property
    def utfall(self) -> int:
        """Delarnas summa."""
        return sum(antal for _, antal in self.delar)

    @property
    def procent(self) -> int | None:
        """Utfallet i hela procent av planen; None om planen är noll eller gäller något annat."""
        return round(100 * self.utfall / self.plan) if self.jamforbar and self.plan > 0 else None


def linjer(
    rubrik: str, text: str, axel: Sequence[str], etiketter: Sequence[str], serier: Sequence[Serie], blad: str
) -> Diagram:
    """Linjer över månader. `axel` är månaderna under diagrammet, `etiketter` raderna i dess tabell."""
    forklaringen = _forklaringens_rader(serier) if len(serier) > 1 else []
    vanster, topp, hojd = 74, 20 + 24 * len(forklaringen), 220
    bredd = _BREDD - vanster - 10
    steg, hogst = skala(max((tal for serie in serier for tal in serie.tal if tal is not None), default=0))
    plats = [vanster + bredd * (nr + 0.5) / len(axel) for nr in range(len(axel))]
    kropp = [*_linjernas_forklaring(forklaringen)]
    for varde in range(0, hogst + 1, steg):
        y = topp + hojd - hojd * varde / hogst
        kropp.append(
            linje(vanster, y, _BREDD - 10, y, axel=varde == 0) + skrift(vanster - 8, y + 4, kort(varde), "end")
        )
    glest = -(-len(axel) * 70 // bredd)
    kropp += [skrift(plats[nr], topp + hojd + 18, axel[nr], "middle") for nr in range(0, len(axel), glest)]
    for serie in serier:
        punkter = [
            (x, topp + hojd - hojd * tal / hogst, f"{etikett}, {serie.namn}: {kort(tal)}")
            for x, tal, etikett in zip(plats, serie.tal, etiketter, strict=True)
            if tal is not None
        ]
        kropp.append(_linje([(x, y) for x, y, _ in punkter], serie))
        if len(axel) <= _MED_PUNKTER:
            kropp += [_punkt(x, y, serie, marke) for x, y, marke in punkter]
    rader = [(etikett, *(kort(serie.tal[nr]) for serie in serier)) for nr, etikett in enumerate(etiketter)]
    return Diagram(
        rubrik,
        text,
        " ".join(_ytterlagen(serie, etiketter) for serie in serier),
        "".join(kropp),
        topp + hojd + 32,
        ("Månad", *(serie.namn for serie in serier)),
        tuple(rader),
        bred=True,
        bredd=_BREDD,
        varden=tuple((etikett, *(serie.tal[nr] for serie in serier)) for nr, etikett in enumerate(etiketter)),
        blad=blad,
        excel=True,
    )


def _ytterlagen(serie: Serie, etiketter: Sequence[str]) -> str:
    kanda = [(tal, etikett) for tal, etikett in zip(serie.tal, etiketter, strict=True) if tal is not None]
    if not kanda:
        return f"{serie.namn}: inga uppgifter."
    minst, mest = min(kanda, key=lambda par: par[0]), max(kanda, key=lambda par: par[0])
    return f"{serie.namn}: lägst {kort(minst[0])} ({minst[1]}), högst {kort(mest[0])} ({mest[1]})."


def _forklaringens_rader(serier: Sequence[Serie]) -> list[list[tuple[float, Serie]]]:
    """Serierna med sin plats i sidled, på så många rader som behövs."""
    rader: list[list[tuple[float, Serie]]] = [[]]
    x = 0.0
    for serie in serier:
        bredd = 72 + 13 * BOKSTAV * len(serie.namn)
        if rader[-1] and x + bredd > _BREDD:
            rader.append([])
            x = 0
        rader[-1].append((x, serie))
        x += bredd
    return rader


def _linjernas_forklaring(rader: Sequence[Sequence[tuple[float, Serie]]]) -> Iterator[str]:
    for plats, rad in enumerate(rader):
        y = 12 + 24 * plats
        for x, serie in rad:
            yield _linje([(x, y), (x + 34, y)], serie) + _punkt(x + 17, y, serie, serie.namn)
            yield skrift(x + 42, y + 4, serie.namn, "start", stark=True)


def _linje(punkter: Sequence[tuple[float, float]], serie: Serie) -> str:
    streck = ' stroke-dasharray="6 4"' if serie.streckad else ""
    vag = "L".join(f"{x:.1f} {y:.1f}" for x, y in punkter)
    return (
        f'<path d="M{vag}" class="ch-s{serie.farg + 1}" stroke="{FARGER[serie.farg]}" stroke-width="2" '
        f'fill="none"{streck}/>'
        if punkter
        else ""
    )


def _punkt(x: float, y: float, serie: Serie, marke: str) -> str:
    form = _FORMER[serie.farg % len(_FORMER)].format(
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        v=f"{x - 4.5:.1f}",
        u=f"{y - 4.5:.1f}",
        o=f"{y - 6:.1f}",
        n=f"{y + 6:.1f}",
        h=f"{x + 6:.1f}",
        l=f"{x - 6:.1f}",
    )
    return (
        f'<path d="{form}" class="ch-{serie.farg + 1}" fill="{FARGER[serie.farg]}">'
        f"<title>{escape(marke)}</title></path>"
    )


def plan_och_utfall(rubrik: str, text: str, planer: Sequence[Plan], blad: str) -> Diagram:
    """Två staplar per mått, planen och utfallet, på måttets egen skala."""
    # Det som står efter den längsta stapeln ska få plats.
    hoger = max(16 + 13 * BOKSTAV * len(_efter_stapeln(plan)) for plan in planer)
    vanster, bredd, per_matt = 250, _BREDD - 250 - max(hoger, 190), 84
    kropp = []
    for nr, plan in enumerate(planer):
        y, storst = per_matt * nr + 14, max(plan.plan, plan.utfall, 1)
        kropp.append(skrift(0, y, plan.namn, "start", stark=True))
        kropp.append(skrift(vanster - 12, y + 24, plan.plantext, "end"))
        b = max(bredd * plan.plan / storst, 1)
        kropp.append(ruta(vanster, y + 9, b, 20, 5, f"{plan.namn}, budgeterat: {_med_enhet(plan.plan, plan)}"))
        kropp.append(skrift(vanster + b + 8, y + 24, _med_enhet(plan.plan, plan), "start", stark=True))
        kropp.append(skrift(vanster - 12, y + 49, plan.utfallstext, "end"))
        x = float(vanster)
        for farg, (vad, antal) in enumerate(plan.delar):
            b = max(bredd * antal / storst, 0)
            kropp.append(ruta(x, y + 34, b, 20, farg, f"{vad}: {_med_enhet(antal, plan)}"))
            if len(plan.delar) > 1 and b > 7 * len(f"{vad} {kort(antal)}"):
                kropp.append(skrift(x + b / 2, y + 49, f"{vad} {kort(antal)}", "middle", inuti=True))
            x += b
        kropp.append(skrift(x + 8, y + 49, _efter_stapeln(plan), "start", stark=True))
    rader, varden = _planernas_rader(planer)
    return Diagram(
        rubrik,
        text,
        " ".join(f"{p.namn}: budgeterat {_med_enhet(p.plan, p)}, faktiskt {_med_enhet(p.utfall, p)}." for p in planer),
        "".join(kropp),
        per_matt * len(planer),
        ("Mått", "Budgeterat", "Faktiskt", "Faktiskt i procent av budgeterat"),
        rader,
        bred=True,
        bredd=_BREDD,
        varden=varden,
        blad=blad,
    )


def _efter_stapeln(plan: Plan) -> str:
    slut = _med_enhet(plan.utfall, plan) + (f" ({_i_procent(plan)})" if plan.procent is not None else "")
    if len(plan.delar) > 1:
        slut += f", varav {kort(plan.delar[-1][1])} {plan.delar[-1][0].lower()}"
    return slut


def _med_enhet(tal: int, plan: Plan) -> str:
    return f"{kort(tal)} {plan.enhet}".strip()


def _i_procent(plan: Plan) -> str:
    return "–" if plan.procent is None else f"{kort(plan.procent)} %"


def _planernas_rader(planer: Sequence[Plan]) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[Varde, ...], ...]]:
    rader: list[tuple[str, ...]] = []
    varden: list[tuple[Varde, ...]] = []
    for plan in planer:
        namn = f"{plan.namn}, {plan.enhet}" if plan.enhet else plan.namn
        rader.append((namn, kort(plan.plan), kort(plan.utfall), _i_procent(plan)))
        varden.append((namn, plan.plan, plan.utfall, plan.procent))
        if len(plan.delar) > 1:
            rader += [(f"varav {vad.lower()}", "", kort(antal), "") for vad, antal in plan.delar]
            varden += [(f"varav {vad.lower()}", None, antal, None) for vad, antal in plan.delar]
    return tuple(rader), tuple(varden)


@dataclass(frozen=True, slots=True)
class Punktrad:
    """Ett mått i `punkter`: organisationens nummer → talet, None där det saknas."""

    namn: str
    tal: Mapping[str, int | None]

    @property
    def kanda(self) -> list[tuple[int, str]]:
        """Talen som finns, med sina organisationer, det minsta först."""
        return sorted((tal, nummer) for nummer, tal in self.tal.items() if tal is not None)


def punkter(rubrik: str, text: str, organisationer: Mapping[str, str], matt: Sequence[Punktrad], blad: str) -> Diagram:
    """En punkt per organisation och mått, på måttets egen skala, med medianen som streck.

    `organisationer` är nummer → namn. Varje mått har minst ett känt tal.
    """
    vanster, bredd, per_matt = 260, _BREDD - 260 - 20, 66
    kropp, sammandrag = [], []
    for nr, ett in enumerate(matt):
        kanda = ett.kanda
        minst, mest = min(kanda[0][0], 0), max(kanda[-1][0], 1)

        def x(tal: float, minst: int = minst, mest: int = mest) -> float:
            return vanster + bredd * (tal - minst) / (mest - minst)

        y = per_matt * nr + 22
        mitten = median(tal for tal, _ in kanda)
        kropp.append(skrift(vanster - 16, y + 4, ett.namn, "end", stark=True))
        kropp.append(linje(vanster, y, vanster + bredd, y, axel=True))
        for tal, nummer in kanda:
            marke = f"{organisationer[nummer]}: {kort(tal)}"
            kropp.append(
                f'<circle cx="{x(tal):.1f}" cy="{y}" r="6" class="ch-1" fill="{FARGER[0]}" fill-opacity=".6">'
                f"<title>{escape(marke)}</title></circle>"
            )
        kropp.append(
            f'<path d="M{x(mitten):.1f} {y - 13}V{y + 13}" class="ch-median" stroke="{TEXT}" stroke-width="3">'
            f"<title>Median: {_halvt(mitten)}</title></path>"
        )
        lagst, hogst = (_ytterst(ord_, kanda, plats, organisationer) for ord_, plats in (("lägst", 0), ("högst", -1)))
        om = f"median {_halvt(mitten)} av {len(kanda)}"
        kropp.append(skrift(vanster - 16, y + 24, om, "end"))
        kropp.append(skrift(vanster, y + 28, lagst, "start") + skrift(vanster + bredd, y + 28, hogst, "end"))
        sammandrag.append(f"{ett.namn}: {om}, {lagst}, {hogst}.")
    rader = _punkternas_rader(organisationer, matt)
    return Diagram(
        rubrik,
        text,
        " ".join(sammandrag),
        "".join(kropp),
        per_matt * len(matt) + 4,
        ("Samverkansorganisation", *(ett.namn for ett in matt)),
        tuple((namn, *map(_halvt, talen)) for namn, talen in rader),
        bred=True,
        bredd=_BREDD,
        varden=tuple((namn, *talen) for namn, talen in rader),
        blad=blad,
    )


def _ytterst(ord_: str, kanda: Sequence[tuple[int, str]], plats: int, organisationer: Mapping[str, str]) -> str:
    """Det lägsta eller högsta talet och vems det är; hur många det är om de är flera."""
    tal = kanda[plats][0]
    lika = [nummer for ett, nummer in kanda if ett == tal]
    vem = kapa(organisationer[lika[0]], 34) if len(lika) == 1 else f"{len(lika)} organisationer"
    return f"{ord_} {kort(tal)}, {vem}"


def _halvt(tal: float | None) -> str:
    """Ett tal med högst en decimal: en median kan ligga mitt emellan två heltal."""
    return kort(tal) if tal is None or tal % 1 == 0 else kort(tal).removesuffix("0")


def _punkternas_rader(
    organisationer: Mapping[str, str], matt: Sequence[Punktrad]
) -> list[tuple[str, list[float | None]]]:
    kanda = [[tal for tal, _ in ett.kanda] for ett in matt]
    rader: list[tuple[str, list[float | None]]] = [
        ("Median", [median(tal) for tal in kanda]),
        ("Lägst", [min(tal) for tal in kanda]),
        ("Högst", [max(tal) for tal in kanda]),
    ]
    for nummer, namn in organisationer.items():
        rader.append((namn, [ett.tal.get(nummer) for ett in matt]))
    return rader

"""Diagram som SVG, samma på sidan och i PDF (`granssnitt.md` 1). Bara standardbiblioteket.

Färgerna står som attribut, som WeasyPrint läser, och som klasser, som sidans mörka läge färgar om. Varje märke har
sin text, och varje diagram bär raderna till *Visa som tabell*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rapporter.svg import (
    BOKSTAV,
    BRED,
    FARGER,
    HALV,
    HOGST,
    forklaring,
    forklaringens_hojd,
    kapa,
    linje,
    ruta,
    skala,
    skrift,
)
from rapporter.varden import Varde, kort


@dataclass(frozen=True, slots=True)
class Diagram:
    """Ett färdigt diagram. `beskrivning` säger det viktigaste i ord, `rader` är samma uppgifter som tabell.

    `varden` är raderna med talen som tal, för Excel: då får diagrammet ett eget blad som heter `blad`, och med
    `excel` ritas det där som linjer. `bredd` är bildens bredd i dess egna mått, där den inte är den vanliga.
    """

    rubrik: str
    text: str
    beskrivning: str
    kropp: str
    hojd: float
    rubriker: tuple[str, ...]
    rader: tuple[tuple[str, ...], ...]
    bred: bool = False
    varden: tuple[tuple[Varde, ...], ...] = ()
    blad: str = ""
    excel: bool = False
    bredd: int = 0

    def svg(self, nr: int, *, mm: float = 0) -> str:
        """Bilden. `nr` skiljer den från sidans andra. Med `mm` (bredden, för PDF) står beskrivningen i titeln, som
        blir bildens text för hjälpmedel.
        """
        bredd = self.bredd or (BRED if self.bred else HALV)
        mattet = f'{mm}mm" height="{mm * self.hojd / bredd:.1f}mm' if mm else f'{bredd}" height="{self.hojd:.0f}'
        titel = f"{self.rubrik}. {self.beskrivning}{self._raderna()}" if mm else self.rubrik
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {bredd} {self.hojd:.0f}" width="{mattet}" '
            f'role="img" aria-labelledby="d{nr}t d{nr}b" '
            f'font-family="Inter Variable, SUS Inter, SUS Inter Ext, sans-serif">'
            f'<title id="d{nr}t">{escape(titel)}</title><desc id="d{nr}b">{escape(self.beskrivning)}</desc>'
            f"{self.kropp}</svg>"
        )

    def _raderna(self) -> str:
        """Tabellens rader, som en PDF annars saknar; där talen redan står i beskrivningen behövs de inte."""
        if not self.varden:
            return ""
        rubriker = ", ".join(self.rubriker[1:])
        return f" {rubriker}. " + " ".join(f"{etikett}: {', '.join(tal)}." for etikett, *tal in self.rader)


def staplar(
    rubrik: str, text: str, etiketter: Sequence[str], serier: Mapping[str, Sequence[int]], *, axel: str = ""
) -> Diagram:
    """Stående staplar i grupper: en fördelning. `serier` är namn → ett tal per etikett, högst `HOGST` serier."""
    vanster, topp, hojd, botten = 44, 20 + forklaringens_hojd(serier, HALV), 150, 44
    bredd, storst = HALV - vanster - 6, max((tal for serie in serier.values() for tal in serie), default=0)
    steg, hogst = skala(storst)
    kropp = [forklaring(serier, HALV)]
    for varde in range(0, hogst + 1, steg):
        y = topp + hojd - hojd * varde / hogst
        kropp.append(linje(vanster, y, HALV - 6, y, axel=varde == 0) + skrift(vanster - 8, y + 4, kort(varde), "end"))
    fack = bredd / max(len(etiketter), 1)
    stapel = fack * 0.72 / max(len(serier), 1)
    for plats, etikett in enumerate(etiketter):
        borjan = vanster + fack * plats + fack * 0.14
        for nr, (namn, tal) in enumerate(serier.items()):
            h = hojd * tal[plats] / hogst
            marke = f"{etikett}, {namn}: {kort(tal[plats])}" if len(serier) > 1 else f"{etikett}: {kort(tal[plats])}"
            kropp.append(ruta(borjan + stapel * nr, topp + hojd - h, stapel - 1, h, nr, marke))
            if tal[plats] and stapel >= 7 * len(kort(tal[plats])):
                mitt = borjan + stapel * nr + stapel / 2
                kropp.append(skrift(mitt, topp + hojd - h - 4, kort(tal[plats]), "middle"))
        kropp.append(skrift(vanster + fack * (plats + 0.5), topp + hojd + 17, etikett, "middle"))
    kropp.append(skrift(vanster + bredd / 2, topp + hojd + 36, axel, "middle"))
    rader = [(etikett, *(kort(tal[nr]) for tal in serier.values())) for nr, etikett in enumerate(etiketter)]
    return Diagram(
        rubrik,
        text,
        _ur_tabellen(rader, list(serier)),
        "".join(kropp),
        topp + hojd + botten,
        (axel or "Grupp", *serier),
        tuple(rader),
    )


@dataclass(frozen=True, slots=True)
class Spridning:
    """En rad i `spridning`: gränserna i dagar, None där inget har avslutats."""

    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None


def spridning(rubrik: str, text: str, rader: Mapping[str, Mapping[str, Spridning]]) -> Diagram:
    """Spridningen per rad och serie: lådan är p25–p75, strecket i den medianen, linjen når till p90."""
    serier = list(next(iter(rader.values()), {}))
    vanster, topp, rad = 250, 8 + forklaringens_hojd(serier, BRED), 16
    grupp = rad * max(len(serier), 1) + 12
    bredd, hojd = BRED - vanster - 90, grupp * len(rader)
    storst = max((s.p90 for per in rader.values() for s in per.values() if s.p90 is not None), default=0)
    steg, hogst = skala(storst)
    kropp = [forklaring(serier, BRED)]
    for varde in range(0, hogst + 1, steg):
        x = vanster + bredd * varde / hogst
        kropp.append(linje(x, topp, x, topp + hojd, axel=varde == 0))
        kropp.append(skrift(x, topp + hojd + 17, kort(varde), "middle"))
    kropp.append(skrift(vanster + bredd / 2, topp + hojd + 36, "Dagar", "middle"))
    tabell = []
    for plats, (etikett, per_serie) in enumerate(rader.items()):
        y = topp + grupp * plats + 6
        kropp.append(skrift(vanster - 12, y + rad * len(serier) / 2 + 4, etikett, "end", stark=True))
        for nr, (serie, s) in enumerate(per_serie.items()):
            namn = f"{etikett}, {serie}" if len(serier) > 1 else etikett
            tabell.append((namn, *(kort(varde) for varde in (s.p25, s.median, s.p75, s.p90))))
            kropp.append(_lada(vanster, y + rad * nr, bredd / hogst, s, nr, namn))
    return Diagram(
        rubrik,
        text,
        _ur_tabellen([(namn, f"median {median} dagar") for namn, _, median, *_ in tabell], [""]),
        "".join(kropp),
        topp + hojd + 44,
        ("Steg", "Undre kvartil", "Median", "Övre kvartil", "90:e percentil"),
        tuple(tabell),
        bred=True,
    )


def _lada(vanster: float, y: float, skala: float, s: Spridning, nr: int, namn: str) -> str:
    if s.p25 is None or s.median is None or s.p75 is None or s.p90 is None:
        return skrift(vanster + 8, y + 12, "inga avslutade", "start")
    x25, x50, x75, x90 = (vanster + skala * varde for varde in (s.p25, s.median, s.p75, s.p90))
    marke = (
        f"{namn}: median {kort(s.median)}, hälften {kort(s.p25)}–{kort(s.p75)}, nio av tio högst {kort(s.p90)} dagar"
    )
    return (
        f'<path d="M{x75:.1f} {y + 8:.1f}H{x90:.1f}M{x90:.1f} {y + 4:.1f}V{y + 12:.1f}" class="ch-s{nr + 1}" '
        f'stroke="{FARGER[nr]}" stroke-width="1.5" fill="none"/>'
        f"{ruta(x25, y + 2, max(x75 - x25, 2), 12, nr, marke)}"
        f'<path d="M{x50:.1f} {y + 2:.1f}V{y + 14:.1f}" class="ch-bg" stroke="#fff" stroke-width="2"/>'
        f"{skrift(x90 + 6, y + 12, f'median {kort(s.median)}', 'start')}"
    )


def liggande(
    rubrik: str,
    text: str,
    rader: Mapping[str, Sequence[int]],
    serier: Sequence[str],
    *,
    farger: Sequence[int] = range(HOGST),
) -> Diagram:
    """Liggande staplar, delade i serier, i absoluta tal. `rader` är etikett → ett tal per serie.

    `farger` är seriernas färger, som nummer bland de sex.
    """
    langst = max((min(len(etikett), 46) for etikett in rader), default=0)
    vanster = round(20 + 13 * BOKSTAV * langst)
    topp, rad = 10 + forklaringens_hojd(serier, BRED, alltid=True), 30
    bredd, hojd = BRED - vanster - 60, rad * len(rader)
    storst = max((sum(tal) for tal in rader.values()), default=0)
    kropp = [forklaring(serier, BRED, alltid=True, farger=farger)]
    for plats, (etikett, tal) in enumerate(rader.items()):
        y, x = topp + rad * plats, float(vanster)
        kropp.append(skrift(vanster - 12, y + 17, kapa(etikett, 46), "end", stark=True))
        for nr, varde in enumerate(tal):
            b = bredd * varde / max(storst, 1)
            kropp.append(ruta(x, y + 2, b - 1, 21, farger[nr], f"{etikett}, {serier[nr]}: {kort(varde)}"))
            if b > 8 * len(kort(varde)) + 8:
                kropp.append(skrift(x + b / 2, y + 17, kort(varde), "middle", inuti=True))
            x += b
        kropp.append(skrift(x + 6, y + 17, kort(sum(tal)), "start"))
    tabell = [(etikett, *(kort(varde) for varde in tal)) for etikett, tal in rader.items()]
    return Diagram(
        rubrik,
        text,
        _ur_tabellen(tabell, serier),
        "".join(kropp),
        topp + hojd + 8,
        ("Kontor", *serier),
        tuple(tabell),
        bred=True,
    )


def flode(
    rubrik: str, text: str, vanster: Sequence[str], hoger: Sequence[str], floden: Mapping[tuple[str, str], int]
) -> Diagram:
    """Flödet mellan två spalter. `floden` är (från, till) → antal; spalternas ordning är den givna."""
    topp, lucka, nod = 26, 14, 14
    hojd = max(26 * (max(len(vanster), len(hoger))), 320)
    storst = max(sum(floden.values()), 1)
    skala = (hojd - lucka * max(len(vanster), len(hoger), 1)) / storst
    ut = {namn: sum(antal for (fran, _), antal in floden.items() if fran == namn) for namn in vanster}
    in_ = {namn: sum(antal for (_, till), antal in floden.items() if till == namn) for namn in hoger}
    fran_y, till_y = _noder(ut, topp, skala, lucka), _noder(in_, topp, skala, lucka)
    x0, x1 = 280 + nod, BRED - 280 - nod
    kropp, anvant_ut, anvant_in = [], dict(fran_y), dict(till_y)
    for nr, fran in enumerate(vanster):
        for till in hoger:
            if antal := floden.get((fran, till), 0):
                y0, y1, h = anvant_ut[fran], anvant_in[till], antal * skala
                anvant_ut[fran], anvant_in[till] = y0 + h, y1 + h
                kropp.append(_band(x0, x1, y0, y1, h, nr % HOGST, f"{fran} till {till}: {kort(antal)}"))
    for nr, namn in enumerate(vanster):
        kropp.append(ruta(x0 - nod, fran_y[namn], nod, ut[namn] * skala, nr % HOGST, f"{namn}: {kort(ut[namn])}"))
        y = fran_y[namn] + ut[namn] * skala / 2 + 4
        kropp.append(skrift(x0 - nod - 10, y, f"{namn}, {kort(ut[namn])}", "end", stark=True))
    for namn in hoger:
        kropp.append(ruta(x1, till_y[namn], nod, in_[namn] * skala, HOGST - 1, f"{namn}: {kort(in_[namn])}"))
        y = till_y[namn] + in_[namn] * skala / 2 + 4
        kropp.append(skrift(x1 + nod + 10, y, f"{namn}, {kort(in_[namn])}", "start", stark=True))
    kropp += [skrift(x0, 14, "Från", "end"), skrift(x1, 14, "Till", "start")]
    tabell = [(f"{fran} till {till}", kort(antal)) for (fran, till), antal in floden.items()]
    return Diagram(
        rubrik,
        text,
        _ur_tabellen(tabell, [""]),
        "".join(kropp),
        topp + hojd + 8,
        ("Övergång", "Antal"),
        tuple(tabell),
        bred=True,
    )


def _noder(antal: Mapping[str, int], topp: float, skala: float, lucka: float) -> dict[str, float]:
    y, noder = topp, {}
    for namn, ett in antal.items():
        noder[namn] = y
        y += ett * skala + lucka
    return noder


def _band(x0: float, x1: float, y0: float, y1: float, h: float, nr: int, marke: str) -> str:
    mitt = (x0 + x1) / 2
    return (
        f'<path d="M{x0} {y0:.1f}C{mitt} {y0:.1f} {mitt} {y1:.1f} {x1} {y1:.1f}V{y1 + h:.1f}'
        f'C{mitt} {y1 + h:.1f} {mitt} {y0 + h:.1f} {x0} {y0 + h:.1f}Z" class="ch-{nr + 1}" fill="{FARGER[nr]}" '
        f'fill-opacity=".45"><title>{escape(marke)}</title></path>'
    )


def _ur_tabellen(rader: Sequence[Sequence[str]], serier: Sequence[str]) -> str:
    """Tabellens innehåll i en mening: etikett, serie och tal."""
    delar = []
    for etikett, *celler in rader:
        varden = ", ".join(f"{serie} {cell}".strip() for serie, cell in zip(serier, celler, strict=False))
        delar.append(f"{etikett}: {varden}")
    return f"{'; '.join(delar)}." if delar else "Inga uppgifter."

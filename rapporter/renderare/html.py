"""Tabellen som HTML, för sidan och som fil. Cellerna skrivs en gång här, inte av mallfilter (`prestanda.md` 2)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from fkui.templatetags.fkui import ikon, nasta_sortering, sorteras
from rapporter.diagram import Diagram
from rapporter.tabell import Avsnitt, Kolumn, Rad, Rapport
from rapporter.varden import Varde

_STIL: Final = """
body{font:16px/1.5 sans-serif;margin:2rem;color:#1b1e23;background:#fff}
table{border-collapse:collapse;font-size:.875rem}caption{text-align:left;font-weight:600;margin-bottom:.5rem}
th,td{border-bottom:1px solid #bbbbbd;padding:.375rem .625rem;text-align:left;vertical-align:top}
thead th{background:#f4f4f4;vertical-align:bottom}.badge{display:block;font-weight:400;font-size:.75rem}
.sus-num{text-align:right;font-variant-numeric:tabular-nums}.sus-nowrap,.sus-num{white-space:nowrap}
thead .sus-num{white-space:normal}tfoot,.rapport-delsumma{font-weight:700}dt{font-weight:600}dd{margin:0 0 .5rem}
"""
_DIAGRAMSTIL: Final = """
figure{margin:1.5rem 0;max-width:70rem;break-inside:avoid}figcaption strong{display:block;font-size:1.125rem}
figure svg{max-width:100%;height:auto}figure td{text-align:right}summary{cursor:pointer}
"""


def rendera(rapport: Rapport) -> bytes:
    """Rapporten som en fristående sida."""
    om = "".join(f"<dt>{escape(rubrik)}</dt><dd>{escape(text)}</dd>" for rubrik, text in rapport.om_rapporten)
    varningar = "".join(f"<p><strong>Varning:</strong> {escape(text)}</p>" for text in rapport.varningar)
    stil = _STIL + _DIAGRAMSTIL if rapport.diagram else _STIL
    return (
        f'<!doctype html>\n<html lang="sv"><head><meta charset="utf-8"><title>{rapport.rubrik} – SUS</title>'
        f"<style>{stil}</style></head><body><main><h1>{rapport.rubrik}</h1><dl>{om}</dl>"
        f"{varningar}<p>{rapport.upplysning}</p>{tabell(rapport)}"
        f"{''.join(figurer(rapport))}</main></body></html>\n"
    ).encode()


@dataclass(frozen=True, slots=True)
class Sortering:
    """Kolumnrubrikerna som länkar: hur tabellen är sorterad nu, och adressen för en annan sortering."""

    nu: str
    adress: Callable[[str], str]
    mal: str


def tabell(
    rapport: Rapport,
    start: int = 0,
    slut: int | None = None,
    *,
    adress: Callable[[int], str] | None = None,
    sortering: Sortering | None = None,
) -> SafeString:
    """Den breda tabellen med raderna från `start` och före `slut`, och raden Totalt för hela urvalet.

    Med `adress` (insatsens id till dess sida) öppnar insatsens namn dess beskrivning; utan är namnet bara text.
    """
    klasser = _klasser(rapport)
    flera = " sus-table--tvaradig" if rapport.har_kolumngrupper else ""
    ut = [
        f'<table class="table-ng sus-table sus-table--wide{flera}"><caption id="tabell-rapport">',
        f"{rapport.rubrik}, {rapport.urval.period}</caption><thead>",
        *_huvud(rapport, klasser, sortering),
        "</thead>",
    ]
    for avsnitt in rapport.avsnitt(start, slut):
        ut += ["<tbody>", *_avsnitt(rapport, avsnitt, klasser, adress), "</tbody>"]
    if rapport.totalt is not None:
        ut += ["<tfoot>", *_summarad(rapport, "Totalt", rapport.totalt, klasser), "</tfoot>"]
    ut.append("</table>")
    return mark_safe("".join(ut))  # noqa: S308 (allt som kommer utifrån är undantaget med escape)


_RUBRIKCELL: Final = '<th scope="row" class="table-ng__cell table-ng__cell--rowheader">'


def _avsnitt(
    rapport: Rapport, avsnitt: Avsnitt, klasser: Sequence[str], adress: Callable[[int], str] | None
) -> Iterator[str]:
    """En grupps rader på sidan: namnet över dem, delsumman efter dess sista rad."""
    if avsnitt.grupp:
        forts = "" if avsnitt.borjar else " (fortsättning)"
        yield (
            f'<tr class="rapport-grupp"><th scope="rowgroup" colspan="{len(rapport.kolumner) + 1}" '
            f'class="table-ng__cell"><span>{escape(avsnitt.grupp.namn)}{forts}</span></th></tr>'
        )
    celler = [(_cellens_borjan(klass), kolumn.text) for klass, kolumn in zip(klasser, rapport.kolumner, strict=True)]
    for rad in avsnitt.rader:
        yield f'<tr class="table-ng__row">{_RUBRIKCELL}{_namn(rad, adress)}</th>'
        yield from (
            f"{borjan}{escape(text(varde))}</td>" for varde, (borjan, text) in zip(rad.varden, celler, strict=True)
        )
        yield "</tr>"
    if avsnitt.grupp and avsnitt.slutar:
        namn = f"Delsumma {avsnitt.grupp.namn}"
        yield from _summarad(rapport, namn, avsnitt.grupp.delsumma, klasser, "rapport-delsumma")


def _summarad(
    rapport: Rapport, namn: str, varden: Sequence[Varde], klasser: Sequence[str], radklass: str = ""
) -> Iterator[str]:
    yield f'<tr class="{f"table-ng__row {radklass}".strip()}">{_RUBRIKCELL}{escape(namn)}</th>'
    for varde, kolumn, klass in zip(varden, rapport.kolumner, klasser, strict=True):
        yield f"{_cellens_borjan(klass)}{escape(kolumn.text(varde))}</td>"
    yield "</tr>"


def figurer(rapport: Rapport) -> list[SafeString]:
    """Diagrammen, vart och ett med sin tabell bakom *Visa som tabell*."""
    return [mark_safe(_figur(diagram, nr)) for nr, diagram in enumerate(rapport.diagram, 1)]  # noqa: S308 (undantaget)


def _figur(diagram: Diagram, nr: int) -> str:
    namn = escape(diagram.rubrik)
    rubriker = "".join(f'<th scope="col">{escape(text)}</th>' for text in diagram.rubriker)
    rader = "".join(
        f'<tr><th scope="row">{escape(etikett)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in celler)}</tr>'
        for etikett, *celler in diagram.rader
    )
    return (
        f'<figure class="sus-chart{" sus-chart--wide" if diagram.bred else ""}"><figcaption><strong>{namn}</strong>'
        f"<span>{escape(diagram.text)}</span></figcaption>"
        f'<div class="sus-chart__scroll" role="region" aria-label="{namn}" tabindex="0">{diagram.svg(nr)}</div>'
        f'<details><summary>Visa som tabell<span class="sr-only">: {namn}</span></summary>'
        f'<div class="sus-chart__scroll" role="region" aria-label="{namn}, tabell" tabindex="0"><table>'
        f"<thead><tr>{rubriker}</tr></thead><tbody>{rader}</tbody></table></div></details></figure>"
    )


def _klasser(rapport: Rapport) -> list[str]:
    """Cellernas klasser, kolumn för kolumn. En kolumngrupp skiljs från den före med ett streck."""
    klasser = [_klass(kolumn) for kolumn in rapport.kolumner]
    if rapport.har_kolumngrupper:
        for foregaende, (grupp, nummer) in pairwise([("", []), *rapport.kolumngrupper()]):
            if grupp or foregaende[0]:
                klasser[nummer[0]] += " rapport-kant"
    return klasser


def _klass(kolumn: Kolumn) -> str:
    if kolumn.ar_skillnad:
        return " sus-num rapport-skillnad"
    if kolumn.ar_tal:
        return " sus-num"
    if kolumn.ar_datum:
        return " sus-nowrap"
    return {"insatsbeskrivning": " sus-text", "volyminsats": ""}.get(kolumn.namn, " sus-bred")


def _huvud(rapport: Rapport, klasser: Sequence[str], sortering: Sortering | None) -> Iterator[str]:
    """Huvudet: en rad, eller två där variabler har flera kolumner."""
    grupper = rapport.kolumngrupper()
    rader = ' rowspan="2"' if rapport.har_kolumngrupper else ""
    yield f"<tr>{_rubrik('namn', rapport.namnrubrik, '', '', '', sortering, rader)}"
    under: list[str] = []
    for grupp, nummer in grupper:
        kolumner = [(rapport.kolumner[nr], klasser[nr]) for nr in nummer]
        tider = {kolumn.periodtext for kolumn, _ in kolumner}
        if not grupp:
            kolumn, klass = kolumner[0]
            yield _rubrik(kolumn.namn, kolumn.rubrik, kolumn.periodtext, kolumn.definition, klass, sortering, rader)
            continue
        gemensam = tider.pop() if len(tider) == 1 else ""
        yield (
            f'<th scope="colgroup" colspan="{len(nummer)}" class="table-ng__column rapport-kant" '
            f'title="{escape(kolumner[0][0].definition)}">{grupp}{_marke(gemensam)}</th>'
        )
        under += [
            _rubrik(
                kolumn.namn,
                kolumn.underrubrik,
                "" if gemensam else kolumn.periodtext,
                kolumn.definition,
                klass,
                sortering,
                dold=grupp,
            )
            for kolumn, klass in kolumner
        ]
    yield "</tr>"
    if under:
        yield f'<tr class="rapport-under">{"".join(under)}</tr>'


def _rubrik(
    namn: str,
    text: str,
    tid: str,
    definition: str,
    klass: str,
    sortering: Sortering | None,
    rader: str = "",
    dold: str = "",
) -> str:
    titel = f' title="{escape(definition)}"' if definition else ""
    borjan = f'<th scope="col"{rader} class="table-ng__column{klass}"{titel}'
    if sortering is None:
        return f"{borjan}>{text}{_marke(tid)}</th>"
    riktning = sorteras(sortering.nu, namn)
    bild = ikon({"ascending": "caret-up", "descending": "caret-down"}.get(riktning, "sort"))
    adress = escape(sortering.adress(nasta_sortering(sortering.nu, namn)))
    rubrik = f'<span class="sr-only">{dold}, </span>{text}' if dold else text
    sorterad = f' aria-sort="{riktning}"' if riktning else ""
    return (
        f"{borjan}{sorterad}>"
        f'<a class="sus-sortera" id="sortera-{namn}" href="{adress}" hx-get="{adress}" hx-target="#{sortering.mal}" '
        f'hx-swap="outerHTML" hx-push-url="true"><span>{rubrik}</span>{bild}</a>{_marke(tid)}</th>'
    )


def _marke(tid: str) -> str:
    return f' <span class="badge badge--default-inverted">{tid}</span>' if tid else ""


def _cellens_borjan(klass: str) -> str:
    return f'<td class="table-ng__cell{klass}">'


def _namn(rad: Rad, adress: Callable[[int], str] | None) -> str:
    namn = escape(rad.namn)
    if adress is None or rad.insats_id is None:
        return namn
    text = escape(rad.beskrivning) or "Insatsen har ingen beskrivning."
    return (
        f'<details class="rapport-insats"><summary>{namn}</summary><div class="rapport-insats__text"><p>{text}</p>'
        f'<p><a class="anchor" href="{adress(rad.insats_id)}">Visa insatsen<span class="sr-only"> {namn}</span></a></p>'
        "</div></details>"
    )

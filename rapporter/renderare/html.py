"""Tabellen som HTML, för sidan och som fil. Cellerna skrivs en gång här, inte av mallfilter (`prestanda.md` 2)."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from rapporter.diagram import Diagram
from rapporter.tabell import Kolumn, Rad, Rapport
from rapporter.varden import Varde, celltext

_STIL: Final = """
body{font:16px/1.5 sans-serif;margin:2rem;color:#1b1e23;background:#fff}
table{border-collapse:collapse;font-size:.875rem}caption{text-align:left;font-weight:600;margin-bottom:.5rem}
th,td{border-bottom:1px solid #bbbbbd;padding:.375rem .625rem;text-align:left;vertical-align:top}
thead th{background:#f4f4f4;vertical-align:bottom}.badge{display:block;font-weight:400;font-size:.75rem}
.sus-num{text-align:right;font-variant-numeric:tabular-nums}.sus-nowrap,.sus-num{white-space:nowrap}
thead .sus-num{white-space:normal}tfoot{font-weight:700}dt{font-weight:600}dd{margin:0 0 .5rem}
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
        f"{varningar}<p>{rapport.upplysning}</p>{tabell(rapport, rapport.rader)}"
        f"{''.join(figurer(rapport))}</main></body></html>\n"
    ).encode()


def tabell(rapport: Rapport, rader: Sequence[Rad], adress: Callable[[int], str] | None = None) -> SafeString:
    """Den breda tabellen med `rader` (en sida av rapporten) och raden Totalt för hela urvalet.

    Med `adress` (insatsens id till dess sida) öppnar insatsens namn dess beskrivning; utan är namnet bara text.
    """
    klasser = [_klass(kolumn) for kolumn in rapport.kolumner]
    rubrikcell = '<th scope="row" class="table-ng__cell table-ng__cell--rowheader">'
    ut = [
        '<table class="table-ng sus-table sus-table--wide"><caption id="tabell-rapport">',
        f"{rapport.rubrik}, {rapport.urval.period}</caption><thead><tr>",
        f'<th scope="col" class="table-ng__column">{rapport.namnrubrik}</th>',
        *(_rubrik(kolumn, klass) for kolumn, klass in zip(rapport.kolumner, klasser, strict=True)),
        "</tr></thead><tbody>",
    ]
    for rad in rader:
        ut.append(f'<tr class="table-ng__row">{rubrikcell}{_namn(rad, adress)}</th>')
        ut += [_cell(varde, klass) for varde, klass in zip(rad.varden, klasser, strict=True)]
        ut.append("</tr>")
    ut.append("</tbody>")
    if rapport.totalt is not None:
        ut.append(f'<tfoot><tr class="table-ng__row">{rubrikcell}Totalt</th>')
        ut += [_cell(varde, klass) for varde, klass in zip(rapport.totalt, klasser, strict=True)]
        ut.append("</tr></tfoot>")
    ut.append("</table>")
    return mark_safe("".join(ut))  # noqa: S308 (allt som kommer utifrån är undantaget med escape)


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


def _klass(kolumn: Kolumn) -> str:
    if kolumn.ar_tal:
        return " sus-num"
    if kolumn.ar_datum:
        return " sus-nowrap"
    return {"insatsbeskrivning": " sus-text", "volyminsats": ""}.get(kolumn.namn, " sus-bred")


def _rubrik(kolumn: Kolumn, klass: str) -> str:
    marke = f'<span class="badge badge--default-inverted">{kolumn.periodtext}</span>' if kolumn.periodtext else ""
    titel = escape(kolumn.definition)
    return f'<th scope="col" class="table-ng__column{klass}" title="{titel}">{kolumn.rubrik} {marke}</th>'


def _cell(varde: Varde, klass: str) -> str:
    return f'<td class="table-ng__cell{klass}">{escape(celltext(varde))}</td>'


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

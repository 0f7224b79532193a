"""PDF: taggad (PDF/UA-1), liggande A4, eget typsnitt, inget hämtas utifrån (`prestanda.md` 4)."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import chain
from typing import Final

from fkui.pdf import PANGO_SAKNAS, PdfSaknas, skriv, typsnitt
from rapporter.tabell import Kolumn, Rad, Rapport
from rapporter.varden import celltext

__all__ = ["BREDD", "PANGO_SAKNAS", "PdfSaknas", "delar", "rendera"]

BREDD: Final = 277  # mm mellan marginalerna
_NAMN: Final = 38
# Bredder i mm som avviker från sortens; de längsta orden i rubrikerna ska rymmas odelade.
_BREDDER: Final = {
    "insatsbeskrivning": 54,
    "samverkansorganisation": 34,
    "preciserad_inriktning": 34,
    "malgrupp": 32,
    "volyminsats": 18,
    "antal_utregistrerade_deltagare": 22,
}
_STIL: Final = """
@page{size:A4 landscape;margin:13mm 10mm 15mm;
@bottom-left{content:string(urval);font:7pt "SUS Inter","SUS Inter Ext",sans-serif;color:#4b4d50;width:235mm}
@bottom-right{content:"Sida " counter(page) " av " counter(pages);
font:7pt "SUS Inter","SUS Inter Ext",sans-serif;color:#4b4d50}}
body{font:7.5pt/1.35 "SUS Inter","SUS Inter Ext",sans-serif;color:#1b1e23;margin:0}
h1{font-size:17pt;line-height:1.2;margin:0 0 2mm;string-set:urval attr(data-sidfot)}
h2{font-size:11pt;margin:5mm 0 1.5mm;break-after:avoid}
.om{margin:0 0 .6mm;padding-left:42mm;font-size:8.5pt}.om b{display:inline-block;width:42mm;margin-left:-42mm}
.varning{border-left:1.2mm solid #b35900;padding:.6mm 2mm;margin:0 0 1.5mm;font-size:8.5pt}
.upplysning,.varning{margin-top:2mm}.upplysning{font-size:8.5pt}
table{border-collapse:collapse;table-layout:fixed;width:100%}
th,td{border-bottom:.4pt solid #bbbbbd;padding:.9mm 1.2mm;text-align:left;vertical-align:top;overflow-wrap:anywhere;
white-space:pre-line}
th{font-weight:600}thead{display:table-header-group}
thead th{background:#f0f0f1;border-bottom:.8pt solid #1b1e23;vertical-align:bottom;font-size:7pt;line-height:1.25;
white-space:normal}
.period{display:block;font-weight:400;font-size:6.5pt;color:#3d3f42}
.tal{text-align:right;font-variant-numeric:tabular-nums}
td.tal,td.datum{white-space:nowrap;overflow-wrap:normal}
tr{break-inside:avoid}.totalt th,.totalt td{font-weight:700;border-top:.8pt solid #1b1e23;break-before:avoid}
.del{break-before:page}
"""
_DIAGRAMSTIL: Final = """
figure{margin:0 0 5mm;break-inside:avoid}figcaption{font-size:8.5pt}figcaption strong{display:block;font-size:10pt}
section{orphans:1;widows:1}figure svg{display:block;margin-top:1.5mm}
.halv{display:inline-block;width:136mm;vertical-align:top}
"""


def rendera(rapport: Rapport) -> bytes:
    """Rapporten som PDF. Ger PdfSaknas utan Pango."""
    return skriv(_dokument(rapport))


def delar(kolumner: Sequence[Kolumn]) -> list[list[int]]:
    """Kolumnernas nummer, fördelade på så få tabeller som ryms på sidans bredd, i ordning.

    Ryms de inte i en tabell står fakta om insatserna i den första och talen i den andra.
    """
    alla = list(range(len(kolumner)))
    if _summa(kolumner, alla) <= BREDD:
        return [alla]
    fakta = [nr for nr in alla if not kolumner[nr].ar_tal]
    tal = [nr for nr in alla if kolumner[nr].ar_tal]
    return [fakta, tal]


def _summa(kolumner: Sequence[Kolumn], nummer: Iterable[int]) -> float:
    return _NAMN + sum(_bredd(kolumner[nr]) for nr in nummer)


def _bredd(kolumn: Kolumn) -> float:
    sortens = 22 if kolumn.ar_kronor else 18.5 if kolumn.ar_tal else 19 if kolumn.ar_datum else 30
    return _BREDDER.get(kolumn.namn, sortens)


def _dokument(rapport: Rapport) -> str:
    titel = f"{rapport.rubrik} {rapport.urval.period}"
    om = "".join(f'<p class="om"><b>{escape(r)}</b>{escape(t)}</p>' for r, t in rapport.om_rapporten)
    varningar = "".join(f'<p class="varning">Varning: {escape(text)}</p>' for text in rapport.varningar)
    tabeller = delar(rapport.kolumner)
    ut = chain.from_iterable(
        _tabell(rapport, nummer, _delrubrik(rapport, nummer, len(tabeller)), forsta=plats == 0)
        for plats, nummer in enumerate(tabeller)
    )
    stil = _STIL + _DIAGRAMSTIL if rapport.diagram else _STIL
    return (
        f'<!doctype html><html lang="sv"><head><meta charset="utf-8"><title>{escape(titel)}</title>'
        f'<meta name="generator" content="SUS"><style>{typsnitt()}{stil}</style></head><body>'
        f'<h1 data-sidfot="{escape(_sidfot(rapport))}">{escape(rapport.rubrik)}</h1>{om}'
        f'{varningar}<p class="upplysning">{rapport.upplysning}</p>{"".join(ut)}'
        f"{''.join(_figurer(rapport))}</body></html>"
    )


def _sidfot(rapport: Rapport) -> str:
    """Urvalet på en rad, för varje sidas fot; långa listor kortas och står i sin helhet på första sidan."""
    korta = [(rubrik, text if len(text) <= 60 else f"{text[:57]}…") for rubrik, text in rapport.urval_i_ord]
    urval = " · ".join(f"{rubrik}: {text}" for rubrik, text in korta if rubrik != "Variabler")
    return f"SUS {rapport.rubrik} · {urval} · Framtagen {rapport.framtagen_text}"


def _delrubrik(rapport: Rapport, nummer: Sequence[int], antal: int) -> str:
    if antal == 1:
        return rapport.antal_text
    return "Antal och kostnader" if rapport.kolumner[nummer[0]].ar_tal else f"Uppgifter om {rapport.antal_text}"


def _tabell(rapport: Rapport, nummer: Sequence[int], rubrik: str, *, forsta: bool) -> Iterable[str]:
    kolumner = [rapport.kolumner[nr] for nr in nummer]
    klasser = ["tal" if k.ar_tal else "datum" if k.ar_datum else "" for k in kolumner]
    bredd = _summa(rapport.kolumner, nummer)
    namn = escape(rapport.namnrubrik)
    yield f"<section{'' if forsta else ' class=del'}><h2>{escape(rubrik)}</h2><table>"
    # Det som blir över delas efter kolumnernas bredd.
    yield f'<colgroup><col style="width:{_NAMN / bredd:.3%}">'
    yield from (f'<col style="width:{_bredd(kolumn) / bredd:.3%}">' for kolumn in kolumner)
    yield f'</colgroup><thead><tr><th scope="col">{namn}</th>'
    for kolumn, klass in zip(kolumner, klasser, strict=True):
        period = f' <span class="period">{kolumn.periodtext}</span>' if kolumn.periodtext else ""
        yield f'<th scope="col" class="{klass}">{escape(kolumn.rubrik)}{period}</th>'
    yield "</tr></thead><tbody>"
    yield from (_rad(rad, nummer, klasser) for rad in rapport.rader)
    # Inte tfoot: det upprepas längst ned på varje sida.
    if "tal" in klasser and rapport.totalt is not None:
        totalt = Rad("", "Totalt", "", rapport.totalt)
        yield f'</tbody><tbody class="totalt">{_rad(totalt, nummer, klasser)}'
    yield "</tbody></table></section>"


def _figurer(rapport: Rapport) -> Iterable[str]:
    if rapport.diagram:
        yield "<section><h2>Diagram</h2>"
        for nr, diagram in enumerate(rapport.diagram, 1):
            yield (
                f'<figure class="{"hel" if diagram.bred else "halv"}"><figcaption>'
                f"<strong>{escape(diagram.rubrik)}</strong>{escape(diagram.text)}</figcaption>"
                f"{diagram.svg(nr, mm=BREDD if diagram.bred else 132)}</figure>"
            )
        yield "</section>"


def _rad(rad: Rad, nummer: Sequence[int], klasser: Sequence[str]) -> str:
    celler = "".join(
        f'<td class="{klass}">{escape(celltext(rad.varden[nr]))}</td>'
        for nr, klass in zip(nummer, klasser, strict=True)
    )
    return f'<tr><th scope="row">{escape(rad.namn)}</th>{celler}</tr>'

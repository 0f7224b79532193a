"""PDF: taggad (PDF/UA-1), liggande A4, eget typsnitt, inget hämtas utifrån (`prestanda.md` 4)."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import chain, groupby
from typing import Final

from fkui.pdf import PANGO_SAKNAS, Mall, PdfSaknas, krav, skriv, typsnitt
from rapporter.tabell import Kolumn, Rapport
from rapporter.varden import Varde

__all__ = [
    "BREDD",
    "PANGO_SAKNAS",
    "SIDNUMMER",
    "Mall",
    "PdfSaknas",
    "delar",
    "delrubrik",
    "diagram",
    "dokument",
    "inledning",
    "krav",
    "rendera",
    "sidfot",
    "stil",
    "tabell",
    "titel",
]

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
@bottom-left{content:string(urval);font:7pt "SUS Inter","SUS Inter Ext",sans-serif;color:#4b4d50;width:235mm}}
body{font:7.5pt/1.35 "SUS Inter","SUS Inter Ext",sans-serif;color:#1b1e23;margin:0}
h1{font-size:17pt;line-height:1.2;margin:0 0 2mm}[data-sidfot]{string-set:urval attr(data-sidfot)}
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
.over{text-align:center;border-bottom:.4pt solid #8d8e91}
.grupp th{font-size:8.5pt;padding-top:2.5mm;break-after:avoid}.grupp{break-after:avoid}
.delsumma th,.delsumma td{font-weight:600;background:#f7f7f8;break-before:avoid}.delsumma{break-before:avoid}
tr{break-inside:avoid}.totalt th,.totalt td{font-weight:700;border-top:.8pt solid #1b1e23;break-before:avoid}
.del{break-before:page}
"""
SIDNUMMER: Final = """
@page{@bottom-right{content:"Sida " counter(page) " av " counter(pages);
font:7pt "SUS Inter","SUS Inter Ext",sans-serif;color:#4b4d50}}
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

    Ryms de inte i en tabell står fakta om insatserna i den första och talen i de följande. En variabels kolumner (kön,
    jämförelseperiod) hålls ihop.
    """
    alla = list(range(len(kolumner)))
    if _summa(kolumner, alla) <= BREDD:
        return [alla]
    tabeller = [[nr for nr in alla if not kolumner[nr].ar_tal], []]
    tal = [nr for nr in alla if kolumner[nr].ar_tal]
    for _, grupp in groupby(tal, key=lambda nr: kolumner[nr].grupp or nr):
        hela = list(grupp)
        for del_ in [hela] if _summa(kolumner, hela) <= BREDD else [[nr] for nr in hela]:
            if tabeller[-1] and _summa(kolumner, tabeller[-1] + del_) > BREDD:
                tabeller.append([])
            tabeller[-1] += del_
    return [tabell for tabell in tabeller if tabell]


def _summa(kolumner: Sequence[Kolumn], nummer: Iterable[int]) -> float:
    return _NAMN + sum(_bredd(kolumner[nr]) for nr in nummer)


def _bredd(kolumn: Kolumn) -> float:
    sortens = 22 if kolumn.ar_kronor else 18.5 if kolumn.ar_tal else 19 if kolumn.ar_datum else 30
    return _BREDDER.get(kolumn.namn, sortens)


def _dokument(rapport: Rapport) -> str:
    kropp = [*inledning(rapport), *chain.from_iterable(tabeller(rapport)), *diagram(rapport)]
    return dokument(titel(rapport), kropp, f"{stil(rapport)}{SIDNUMMER}")


def titel(rapport: Rapport) -> str:
    """Dokumentets titel: rapporten och perioden."""
    return f"{rapport.rubrik} {rapport.urval.period}"


def stil(rapport: Rapport) -> str:
    """Stilen med typsnittet, utan sidnummer."""
    return typsnitt() + _STIL + (_DIAGRAMSTIL if rapport.diagram else "")


def dokument(titel: str, kropp: Iterable[str], stil: str = "") -> str:
    """Ett HTML-dokument. Det första i `kropp` bär sidfotens text."""
    return (
        f'<!doctype html><html lang="sv"><head><meta charset="utf-8"><title>{escape(titel)}</title>'
        f'<meta name="generator" content="SUS"><style>{stil}</style></head><body>{"".join(kropp)}</body></html>'
    )


def inledning(rapport: Rapport) -> Iterable[str]:
    """Rubriken, urvalet i ord, varningarna och upplysningen."""
    yield f'<h1 data-sidfot="{escape(sidfot(rapport))}">{escape(rapport.rubrik)}</h1>'
    yield from (f'<p class="om"><b>{escape(r)}</b>{escape(t)}</p>' for r, t in rapport.om_rapporten)
    yield from (f'<p class="varning">Varning: {escape(text)}</p>' for text in rapport.varningar)
    yield f'<p class="upplysning">{rapport.upplysning}</p>'


def tabeller(rapport: Rapport) -> Iterable[Iterable[str]]:
    """Rapportens tabeller, så många som kolumnerna behöver."""
    nummer = delar(rapport.kolumner)
    for plats, ett in enumerate(nummer):
        yield tabell(rapport, ett, rubrik=delrubrik(rapport, plats, nummer), ny_sida=plats > 0)


def sidfot(rapport: Rapport) -> str:
    """Urvalet på en rad, för varje sidas fot; långa listor kortas och står i sin helhet på första sidan."""
    korta = [(rubrik, text if len(text) <= 60 else f"{text[:57]}…") for rubrik, text in rapport.urval_i_ord]
    urval = " · ".join(f"{rubrik}: {text}" for rubrik, text in korta if rubrik != "Variabler")
    return f"SUS {rapport.rubrik} · {urval} · Framtagen {rapport.framtagen_text}"


def delrubrik(rapport: Rapport, plats: int, tabellerna: Sequence[Sequence[int]]) -> str:
    """Rubriken över tabell nummer `plats`, från 0."""
    if len(tabellerna) == 1:
        return rapport.antal_text
    if not rapport.kolumner[tabellerna[plats][0]].ar_tal:
        return f"Uppgifter om {rapport.antal_text}"
    med_tal = [nr for nr, tabell in enumerate(tabellerna) if rapport.kolumner[tabell[0]].ar_tal]
    return "Antal och kostnader" + (f", del {med_tal.index(plats) + 1} av {len(med_tal)}" if len(med_tal) > 1 else "")


def tabell(
    rapport: Rapport, nummer: Sequence[int], *, rubrik: str = "", start: int = 0, slut: int | None = None, ny_sida: bool
) -> Iterable[str]:
    """En tabell med kolumnerna `nummer` och raderna från `start` och före `slut`.

    Totalt står efter rapportens sista rad, om tabellen har tal.
    """
    kolumner = [rapport.kolumner[nr] for nr in nummer]
    klasser = ["tal" if k.ar_tal else "datum" if k.ar_datum else "" for k in kolumner]
    bredd = _summa(rapport.kolumner, nummer)
    har_tal = "tal" in klasser
    yield f'<section data-sidfot="{escape(sidfot(rapport))}"{" class=del" if ny_sida else ""}>'
    yield f"<h2>{escape(rubrik)}</h2><table>" if rubrik else "<table>"
    # Det som blir över delas efter kolumnernas bredd.
    yield f'<colgroup><col style="width:{_NAMN / bredd:.3%}">'
    yield from (f'<col style="width:{_bredd(kolumn) / bredd:.3%}">' for kolumn in kolumner)
    yield f"</colgroup><thead>{''.join(_huvud(rapport, nummer))}</thead>"
    for avsnitt in rapport.avsnitt(start, slut):
        yield "<tbody>"
        if avsnitt.grupp:
            forts = "" if avsnitt.borjar else " (fortsättning)"
            namn = f"{escape(avsnitt.grupp.namn)}{forts}"
            yield f'<tr class="grupp"><th scope="rowgroup" colspan="{len(nummer) + 1}">{namn}</th></tr>'
        yield from (_rad(rad.namn, rad.varden, kolumner, nummer, klasser) for rad in avsnitt.rader)
        if avsnitt.grupp and avsnitt.slutar and har_tal:
            namn = f"Delsumma {avsnitt.grupp.namn}"
            yield _rad(namn, avsnitt.grupp.delsumma, kolumner, nummer, klasser, "delsumma")
        yield "</tbody>"
    sista = slut is None or slut >= len(rapport.rader)
    # Inte tfoot: det upprepas längst ned på varje sida.
    if sista and har_tal and rapport.totalt is not None:
        yield f'<tbody class="totalt">{_rad("Totalt", rapport.totalt, kolumner, nummer, klasser)}</tbody>'
    yield "</table></section>"


def _huvud(rapport: Rapport, nummer: Sequence[int]) -> Iterable[str]:
    """Huvudet: en rad, eller två där variabler har flera kolumner."""
    grupper = rapport.kolumngrupper(nummer)
    tva = ' rowspan="2"' if any(grupp for grupp, _ in grupper) else ""
    yield f'<tr><th scope="col"{tva}>{escape(rapport.namnrubrik)}</th>'
    under: list[str] = []
    for grupp, gruppens in grupper:
        kolumner = [rapport.kolumner[nr] for nr in gruppens]
        if grupp:
            yield f'<th scope="colgroup" colspan="{len(kolumner)}" class="over">{escape(grupp)}</th>'
            under += (_rubrik(kolumn, kolumn.underrubrik) for kolumn in kolumner)
        else:
            yield from (_rubrik(kolumn, kolumn.rubrik, tva) for kolumn in kolumner)
    yield "</tr>"
    if under:
        yield f"<tr>{''.join(under)}</tr>"


def _rubrik(kolumn: Kolumn, text: str, attribut: str = "") -> str:
    klass = "tal" if kolumn.ar_tal else "datum" if kolumn.ar_datum else ""
    period = f' <span class="period">{escape(kolumn.periodtext)}</span>' if kolumn.periodtext else ""
    return f'<th scope="col"{attribut} class="{klass}">{escape(text)}{period}</th>'


def diagram(rapport: Rapport) -> Iterable[str]:
    """Diagrammen sist, om rapporten har några."""
    if rapport.diagram:
        yield f'<section data-sidfot="{escape(sidfot(rapport))}"><h2>Diagram</h2>'
        for nr, ett in enumerate(rapport.diagram, 1):
            yield (
                f'<figure class="{"hel" if ett.bred else "halv"}"><figcaption>'
                f"<strong>{escape(ett.rubrik)}</strong>{escape(ett.text)}</figcaption>"
                f"{ett.svg(nr, mm=BREDD if ett.bred else 132)}</figure>"
            )
        yield "</section>"


def _rad(
    namn: str,
    varden: Sequence[Varde],
    kolumner: Sequence[Kolumn],
    nummer: Sequence[int],
    klasser: Sequence[str],
    radklass: str = "",
) -> str:
    celler = "".join(
        f'<td class="{klass}">{escape(kolumn.text(varden[nr]))}</td>'
        for nr, kolumn, klass in zip(nummer, kolumner, klasser, strict=True)
    )
    return f'<tr{f" class={radklass}" if radklass else ""}><th scope="row">{escape(namn)}</th>{celler}</tr>'

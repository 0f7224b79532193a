"""Excel: riktiga tal och datum, låst huvud, filter, Totalt sist (`prestanda.md` 3)."""

import io
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import LineChart, Reference, Series
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from rapporter.diagram import Diagram
from rapporter.renderare.excelblad import Blad, Cell, datumcell, overge, talcell, textcell
from rapporter.svg import FARGER
from rapporter.tabell import Kolumn, Rapport
from rapporter.varden import Varde

_HELTAL: Final = "#,##0"
_DECIMALTAL: Final = "#,##0.00"
_SKILLNAD: Final = "+#,##0;-#,##0;0"
_DATUM: Final = "yyyy-mm-dd"
# Tecken som XML inte tillåter. En sådan cell ska synas, inte stoppa filen.
_OTILLATNA: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BREDD: Final = {
    "insatsbeskrivning": 50,
    "samverkansorganisation": 36,
    "inriktning": 21,
    "preciserad_inriktning": 34,
    "malgrupp": 34,
    "kontor": 36,
    "till": 36,
}
_LEDBREDD: Final = {"Steg": 29}
_RADER_MELLAN: Final = 200


def rendera(rapport: Rapport, *, framsteg: Callable[[int], object] = lambda klara: None) -> bytes:
    """Arbetsboken: rapporten, Urval och Variabler, och sist delsummor och diagram på egna blad.

    `framsteg` får då och då antalet färdiga rader, och kan avbryta med ett undantag.
    """
    bok = Workbook(write_only=True)
    try:
        return _arbetsbok(bok, rapport, framsteg)
    except BaseException:
        for blad in bok.worksheets:
            overge(blad)
        raise


def _arbetsbok(bok: Any, rapport: Rapport, framsteg: Callable[[int], object]) -> bytes:
    _blad_rapport(bok, rapport, framsteg)
    _blad_text(bok, "Urval", _urvalsrader(rapport), (24, 100))
    rader = [["Variabel", "Period", "Betydelse"]]
    rader += [[kolumn.rubrik, kolumn.periodtext, kolumn.definition] for kolumn in rapport.kolumner]
    _blad_text(bok, "Variabler", rader, (34, 18, 100), huvud=True)
    # Sist: den som läser filen på bladens plats hittar de tre första där de alltid har stått.
    if rapport.grupper:
        _blad_delsummor(bok, rapport)
    for diagram in rapport.diagram:
        if diagram.blad:
            _blad_diagram(bok, diagram)
    bok.properties.title = f"{rapport.rubrik} {rapport.urval.period}"
    bok.properties.creator = "SUS"
    bok.properties.created = bok.properties.modified = rapport.framtagen.astimezone(UTC).replace(tzinfo=None)
    ut = io.BytesIO()
    with _Arkiv(ut, rapport.framtagen.timetuple()[:6]) as arkiv:
        ExcelWriter(bok, arkiv).write_data()
    return ut.getvalue()


class _Arkiv(ZipFile):
    """Ett zip-arkiv där varje del har rapportens tid: samma rapport ger samma fil till sista byten."""

    def __init__(self, fil: io.BytesIO, tid: tuple[Any, ...]) -> None:
        super().__init__(fil, "w", ZIP_DEFLATED)
        self._tid = tid

    def writestr(self, zinfo_or_arcname: Any, data: Any, *args: Any, **kwargs: Any) -> None:
        """En del ur minnet."""
        super().writestr(self._del(zinfo_or_arcname), data)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        """En del ur en fil, utan att hela filen läses in."""
        with Path(filename).open("rb") as kalla, self.open(self._del(arcname), "w") as mal:
            shutil.copyfileobj(kalla, mal)

    def _del(self, namn: str) -> ZipInfo:
        info = ZipInfo(namn, self._tid)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        return info


def _blad_rapport(bok: Any, rapport: Rapport, framsteg: Callable[[int], object]) -> None:
    blad = Blad(bok, rapport.rubrik)
    # Raderna är bara data, med gruppen i en egen kolumn: delsummorna har sitt blad, så att filter och pivot stämmer.
    ledrubriker = [*([rapport.grupprubrik] if rapport.grupper else []), *rapport.ledrubriker]
    led = len(ledrubriker)
    ledbredder = [36] * bool(rapport.grupper) + [_LEDBREDD.get(rubrik, 14) for rubrik in rapport.ledrubriker[:-1]]
    bredder = [*ledbredder, 36, *(_bredd(kolumn) for kolumn in rapport.kolumner)]
    _stall_in(blad, bredder, f"{get_column_letter(led + 1)}2")
    blad.auto_filter.ref = f"A1:{get_column_letter(len(bredder))}{len(rapport.rader) + 1}"
    blad.append([*map(_rubrik(blad), ledrubriker), *(_kolumnrubrik(blad, k) for k in rapport.kolumner)])
    celler = [textcell(nr, _rensad) for nr in range(1, led + 1)]
    celler += [_datacell(blad, nr, kolumn) for nr, kolumn in enumerate(rapport.kolumner, led + 1)]
    klara = 0
    for avsnitt in rapport.avsnitt():
        grupp = (avsnitt.grupp.namn,) if avsnitt.grupp else ()
        for rad in avsnitt.rader:
            blad.data((*grupp, *rapport.led(rad), *rad.varden), celler)
            klara += 1
            if klara % _RADER_MELLAN == 0:
                framsteg(klara)
    framsteg(klara)
    if rapport.totalt is not None:
        _summarad(blad, ("Totalt", *[""] * (led - 1)), rapport.totalt, rapport.kolumner)


def _blad_delsummor(bok: Any, rapport: Rapport) -> None:
    """En rad per grupp, och Totalt: bara de kolumner som summeras."""
    blad = bok.create_sheet("Delsummor")
    nummer = [nr for nr, kolumn in enumerate(rapport.kolumner) if kolumn.summeras]
    kolumner = [rapport.kolumner[nr] for nr in nummer]
    _stall_in(blad, [40, 10, *map(_bredd, kolumner)], "C2")
    rubrik = _rubrik(blad)
    blad.append([rubrik(rapport.grupprubrik), rubrik("Rader"), *(_kolumnrubrik(blad, k) for k in kolumner)])
    celler = [_formgivare(blad, kolumn) for kolumn in kolumner]
    text = _text(blad)
    for grupp in rapport.grupper:
        varden = _varden((), [grupp.delsumma[nr] for nr in nummer], celler, text)
        blad.append([text(grupp.namn), grupp.antal, *varden])
    if rapport.totalt is not None:
        _summarad(blad, ("Totalt", ""), [rapport.totalt[nr] for nr in nummer], kolumner)


def _summarad(blad: Any, led: Sequence[str], varden: Sequence[Varde], kolumner: Sequence[Kolumn]) -> None:
    fet = [_formgivare(blad, kolumn, fet=True) for kolumn in kolumner]
    blad.append(_varden(led, varden, fet, _text(blad, fet=True)))


def _blad_diagram(bok: Any, diagram: Diagram) -> None:
    """Diagrammets tal, och diagrammet ritat av Excel bredvid dem där det är en linje eller en stapel."""
    blad = bok.create_sheet(diagram.blad)
    _stall_in(blad, [40, *([18] * (len(diagram.rubriker) - 1))], "B2")
    blad.append(list(map(_rubrik(blad), diagram.rubriker)))
    text = _text(blad)
    for etikett, *tal in diagram.varden:
        blad.append([text(etikett), *(_talcell(blad, varde) for varde in tal)])
    if diagram.excel:
        blad.add_chart(_ritat(blad, diagram), f"{get_column_letter(len(diagram.rubriker) + 2)}2")


def _talcell(blad: Any, varde: Varde) -> Any:
    if not isinstance(varde, int | float):
        return None
    cell = WriteOnlyCell(blad, varde)
    cell.number_format = "#,##0.0" if isinstance(varde, float) and varde % 1 else _HELTAL
    return cell


def _ritat(blad: Any, diagram: Diagram) -> LineChart:
    ritat = LineChart()
    ritat.title = diagram.rubrik
    ritat.height, ritat.width = 9, 24
    ritat.x_axis.delete = ritat.y_axis.delete = False
    ritat.y_axis.scaling.min = 0
    ritat.y_axis.number_format = _HELTAL
    sist = len(diagram.varden) + 1
    for kolumn in range(2, len(diagram.rubriker) + 1):
        serie = Series(Reference(blad, min_col=kolumn, min_row=2, max_row=sist), title=diagram.rubriker[kolumn - 1])
        serie.graphicalProperties.line.solidFill = FARGER[(kolumn - 2) % len(FARGER)][1:]
        serie.smooth = False
        ritat.series.append(serie)
    ritat.set_categories(Reference(blad, min_col=1, min_row=2, max_row=sist))
    return ritat


def _varden(
    led: Sequence[str], varden: Sequence[Varde], celler: list[Callable[[Varde], Any]], text: Callable[[Varde], Any]
) -> list[Any]:
    return [*(text(ett or None) for ett in led), *(cell(v) for cell, v in zip(celler, varden, strict=True))]


def _datacell(blad: Any, nr: int, kolumn: Kolumn) -> Cell:
    if not (kolumn.ar_tal or kolumn.ar_datum):
        return textcell(nr, _rensad)
    cell = WriteOnlyCell(blad)
    cell.number_format = _format(kolumn)
    return (talcell if kolumn.ar_tal else datumcell)(nr, cell.style_id)


def _rensad(text: str) -> str:
    return _OTILLATNA.sub("\ufffd", text)


def _formgivare(blad: Any, kolumn: Kolumn, *, fet: bool = False) -> Callable[[Varde], Any]:
    """En funktion från värde till cell. Formatet görs en gång per kolumn, och cellen återanvänds för varje rad."""
    if not (kolumn.ar_tal or kolumn.ar_datum):
        return _text(blad, fet=fet)
    cell = WriteOnlyCell(blad)
    cell.number_format = _format(kolumn)
    if fet:
        cell.font = Font(bold=True)

    def satt(varde: Varde) -> Any:
        if varde is None:
            return None
        cell.value = varde
        return cell

    return satt


def _format(kolumn: Kolumn) -> str:
    if kolumn.ar_skillnad:
        return _SKILLNAD
    return _DECIMALTAL if kolumn.ar_decimaltal else _HELTAL if kolumn.ar_tal else _DATUM


def _text(blad: Any, *, fet: bool = False) -> Callable[[Varde], Any]:
    """En funktion från text till textcell: text som börjar med = + - @ blir aldrig en formel (P22)."""

    def satt(varde: Varde) -> Any:
        if varde is None:
            return None
        text = _rensad(str(varde))
        if not fet and not text.startswith("="):
            return text
        ny = WriteOnlyCell(blad, text)
        ny.font = Font(bold=fet)
        ny.data_type = "s"
        return ny

    return satt


def _rubrik(blad: Any) -> Callable[[str], Any]:
    def cell(text: str) -> Any:
        ny = WriteOnlyCell(blad, text)
        ny.font = Font(bold=True)
        ny.fill = PatternFill("solid", fgColor="F4F4F4")
        ny.alignment = Alignment(wrap_text=True, vertical="bottom")
        return ny

    return cell


def _kolumnrubrik(blad: Any, kolumn: Kolumn) -> Any:
    """Rubriken, med perioden och betydelsen som kommentar: cellen själv är bara rubriken, för filter och läsning."""
    cell = _rubrik(blad)(kolumn.rubrik)
    period = f"Avser {kolumn.periodtext}. " if kolumn.periodtext else ""
    cell.comment = Comment(f"{period}{kolumn.definition}", "SUS", height=120, width=260)
    return cell


def _bredd(kolumn: Kolumn) -> int:
    if kolumn.ar_tal:
        return 16
    return 12 if kolumn.ar_datum else _BREDD.get(kolumn.namn, 14)


def _stall_in(blad: Any, bredder: Any, frys: str | None) -> None:
    for nr, bredd in enumerate(bredder, 1):
        blad.column_dimensions[get_column_letter(nr)].width = bredd
    blad.freeze_panes = frys
    blad.page_setup.orientation = "landscape"
    blad.page_setup.paperSize = 9  # A4
    blad.page_setup.fitToWidth, blad.page_setup.fitToHeight = 1, 0
    blad.sheet_properties.pageSetUpPr.fitToPage = True
    if frys:
        blad.print_title_rows = "1:1"


def _urvalsrader(rapport: Rapport) -> list[list[str]]:
    rader = [["Rapport", rapport.rubrik], *(list(par) for par in rapport.om_rapporten)]
    rader += [["Varning", text] for text in rapport.varningar]
    return [*rader, ["Upplysning", rapport.upplysning]]


def _blad_text(bok: Any, namn: str, rader: list[list[str]], bredder: tuple[int, ...], *, huvud: bool = False) -> None:
    blad = bok.create_sheet(namn)
    _stall_in(blad, bredder, "A2" if huvud else None)
    for nr, rad in enumerate(rader):
        celler = []
        for kolumn, text in enumerate(rad):
            cell = WriteOnlyCell(blad, _rensad(text))
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if (huvud and nr == 0) or (not huvud and kolumn == 0):
                cell.font = Font(bold=True)
            celler.append(cell)
        blad.append(celler)

"""En tabell som arbetsbok för Excel: riktiga tal och datum, fryst huvud, och text som aldrig blir en formel (P22)."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

INNEHALLSTYP: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Tecken som XML inte tillåter. En sådan cell ska synas, inte stoppa filen.
_OTILLATNA: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FORMELTECKEN: Final = ("=", "+", "-", "@")


def arbetsbok(blad: str, kolumner: Sequence[tuple[str, int]], rader: Iterable[Sequence[Any]]) -> bytes:
    """Arbetsboken. `kolumner` är (rubrik, bredd i tecken); en rad har ett värde (text, tal, datum, None) per kolumn."""
    bok = Workbook(write_only=True)
    ark = bok.create_sheet(blad[:31])
    for nr, (_, bredd) in enumerate(kolumner, 1):
        ark.column_dimensions[get_column_letter(nr)].width = bredd
    ark.freeze_panes = "B2"
    ark.append([_rubrik(ark, text) for text, _ in kolumner])
    for rad in rader:
        ark.append([_cell(ark, varde) for varde in rad])
    bok.properties.title, bok.properties.creator = blad, "SUS"
    ut = io.BytesIO()
    bok.save(ut)
    return ut.getvalue()


def _rubrik(ark: Any, text: str) -> Any:
    cell = _text(ark, text)
    cell.font = Font(bold=True)
    return cell


def _cell(ark: Any, varde: Any) -> Any:
    if varde is None or varde == "":
        return None
    if isinstance(varde, bool):
        return "Ja" if varde else "Nej"
    if isinstance(varde, (int, date)):
        cell = WriteOnlyCell(ark)
        cell.value = varde
        cell.number_format = "yyyy-mm-dd" if isinstance(varde, date) else "#,##0"
        return cell
    return _text(ark, str(varde))


def _text(ark: Any, text: str) -> Any:
    text = _OTILLATNA.sub("\ufffd", text)
    cell = WriteOnlyCell(ark, text)
    cell.data_type = "s"
    # Apostrofen som Excel sätter framför: texten förblir text också när någon redigerar cellen.
    cell.quotePrefix = text.startswith(_FORMELTECKEN)
    return cell

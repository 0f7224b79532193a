"""Ett blad med många rader: raderna skrivs som färdig XML, inte cell för cell (`prestanda.md` 3)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from rapporter.varden import Varde

_DAG_NOLL: Final = date(1899, 12, 30)
"""Excels dag 0 för varje dag från och med 1900-03-01; före den räknar Excel en skottdag som inte fanns."""

Cell = Callable[[Varde, int], str]
"""Ett värde och radens nummer till cellens XML; tom text för ett tomt värde."""


class Blad(WriteOnlyWorksheet):
    """Som bladet i openpyxl, men tar också emot rader som redan är XML."""

    # Finns i bladet, men inte i paketets typer.
    auto_filter: Any
    _writer: Any
    _values_to_row: Callable[..., Any]

    def __init__(self, bok: Any, namn: str) -> None:
        super().__init__(bok, namn)
        self._nr = 0
        bok._add_sheet(self)  # noqa: SLF001 (create_sheet väljer själv klass)

    def data(self, varden: Sequence[Varde], celler: Sequence[Cell]) -> None:
        """Skriver en rad med data. Cellerna har typ och stil; det som är tomt skrivs inte."""
        nr = self._nr + 1
        rad = "".join([cell(v, nr) for cell, v in zip(celler, varden, strict=True) if v is not None])
        self.append((etree.fromstring(f'<row r="{nr}">{rad}</row>'),))

    def _write_rows(self) -> Iterator[None]:
        """Basklassens, utom för färdiga rader: en rad med bara ett XML-element är raden själv."""
        strom = self._writer.xf.send(True)
        with strom.element("sheetData"):
            try:
                while True:
                    rad: Any = yield
                    self._nr += 1
                    if len(rad) == 1 and isinstance(rad[0], etree._Element):  # noqa: SLF001 (lxml:s enda namn på typen)
                        strom.write(rad[0])
                    else:
                        self._writer.write_row(strom, self._values_to_row(rad, self._nr), self._nr)
            except GeneratorExit:
                pass
        self._writer.xf.send(None)


def overge(blad: Any) -> None:
    """Stänger ett blad som inte ska bli klart, och tar bort dess temporära fil. Gör inget med ett som är det."""
    skrivare = blad._writer  # noqa: SLF001 (bladet har inget eget sätt att överge)
    if skrivare is None:
        return
    # Inifrån och ut: i fel ordning, som när skräpsamlaren gör det, blir det ett fel i loggen.
    for stromdel in (blad._rows, skrivare):  # noqa: SLF001
        with suppress(Exception):  # bladet kan vara trasigt av det som avbröt det
            stromdel.close()
    with suppress(OSError, ValueError):  # redan borta
        skrivare.cleanup()


def talcell(kolumn: int, stil: int) -> Cell:
    """Celler för tal i kolumn nummer `kolumn`, med arbetsbokens stil nummer `stil`."""
    borjan, mitt = f'<c r="{get_column_letter(kolumn)}', f'" s="{stil}" t="n"><v>'

    def cell(varde: Varde, nr: int) -> str:
        if not isinstance(varde, int | float):
            raise TypeError(f"Kolumnen har tal, inte {type(varde).__name__}.")
        return f"{borjan}{nr}{mitt}{varde}</v></c>"

    return cell


def datumcell(kolumn: int, stil: int) -> Cell:
    """Celler för datum, som Excels dagnummer."""
    tal = talcell(kolumn, stil)

    def cell(varde: Varde, nr: int) -> str:
        if not isinstance(varde, date):
            raise TypeError(f"Kolumnen har datum, inte {type(varde).__name__}.")
        return tal((varde - _DAG_NOLL).days, nr)

    return cell


def textcell(kolumn: int, rensa: Callable[[str], str]) -> Cell:
    """Celler för text: aldrig en formel, vad den än börjar med (P22). `rensa` tar det som XML inte tillåter."""
    borjan = f'<c r="{get_column_letter(kolumn)}'

    def cell(varde: Varde, nr: int) -> str:
        if varde == "":
            return ""
        text = escape(rensa(str(varde)))
        bevara = "" if text == text.strip() else ' xml:space="preserve"'
        return f'{borjan}{nr}" t="inlineStr"><is><t{bevara}>{text}</t></is></c>'

    return cell

"""Raderna med fel som en fil att rätta och ladda upp igen, och mallarna att börja med."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from deltagare.overforing.fel import Fel, Ogiltigt
from deltagare.overforing.filformat import FILER
from deltagare.overforing.forklaring import FORKLARING
from deltagare.overforing.tabellfil import Tabell
from deltagare.overforing.uppladdat import FELKOLUMN, RADKOLUMN, bladnamn

EXCEL: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"
# Text som ett kalkylprogram annars skulle räkna på, även efter tabb eller radbyte (P22).
_FORMEL: Final = re.compile(r"[\t\r\n ]*[=+\-@]")
_TAL: Final = re.compile(r"-?[0-9]+")
_OTILLATNA: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FELBREDD: Final = 80


class Fil(NamedTuple):
    """En fil att hämta."""

    namn: str
    sort: str
    innehall: bytes


def felfil(tabeller: Iterable[Tabell], fel: Sequence[Fel], *, excel: bool) -> Fil:
    """Raderna som har fel, med sina rubriker och sist radens nummer i den uppladdade filen och vad som är fel."""
    med_fel = [(tabell, rader) for tabell in tabeller if (rader := _rader(tabell, fel))]
    if not excel:
        ((tabell, rader),) = med_fel
        return Fil(f"{tabell.namn.removesuffix('.csv')}-fel.csv", CSV, _som_csv(tabell, rader))
    bok = Workbook(write_only=True)
    for tabell, rader in med_fel:
        blad = bok.create_sheet(bladnamn(tabell.namn))
        _bredder(blad, [*[18] * len(tabell.rubriker), 8, _FELBREDD])
        blad.append([_cell(blad, text, fet=True) for text in _rubriker(tabell)])
        for rad in rader:
            blad.append([_cell(blad, text) for text in rad])
    namn = med_fel[0][0].namn.removesuffix(".csv") if len(med_fel) == 1 else "arbetsbok"
    return Fil(f"{namn}-fel.xlsx", EXCEL, _spara(bok))


def mall(namn: str) -> Fil:
    """En tom arbetsbok för filen `namn` i formatet: rubrikraden, och ett blad som förklarar kolumnerna."""
    bok = Workbook(write_only=True)
    blad = bok.create_sheet(bladnamn(namn))
    kolumner = FILER[namn].kolumner
    _bredder(blad, [max(14, len(kolumn) + 2) for kolumn in kolumner])
    blad.append([_cell(blad, kolumn, fet=True) for kolumn in kolumner])
    forklaring = bok.create_sheet("Förklaring")
    _bredder(forklaring, [26, 10, 100])
    forklaring.append([_cell(forklaring, text, fet=True) for text in ("Kolumn", "Krävs", "Vad som ska stå där")])
    for kolumn, kravs, text in forklarade(namn):
        forklaring.append([_cell(forklaring, ett) for ett in (kolumn, "Ja" if kravs else "Nej", text)])
    return Fil(f"{namn.removesuffix('.csv')}-mall.xlsx", EXCEL, _spara(bok))


def forklarade(namn: str) -> list[tuple[str, bool, str]]:
    """Kolumnerna i filen `namn`: namn, om kolumnen måste finnas, och vad som ska stå där."""
    format_ = FILER[namn]
    return [
        (kolumn, kolumn in format_.kravda, FORKLARING.get(f"{namn}:{kolumn}") or FORKLARING[kolumn])
        for kolumn in format_.kolumner
    ]


def sammanfoga(gamla: Sequence[Tabell], fel: Iterable[Fel], rattade: Iterable[Tabell]) -> list[Tabell]:
    """Det uppladdade med raderna med fel ersatta av de rättade, som har de gamla radnumren när de står i filen.

    Ger Ogiltigt om de rättade raderna har en kolumn som den första filen saknar.
    """
    felrader = {(ett.fil, ett.rad) for ett in fel}
    nya = {tabell.namn: tabell for tabell in rattade}
    return [
        _ersatt(tabell, {rad for fil, rad in felrader if fil == tabell.namn}, nya.get(tabell.namn)) for tabell in gamla
    ]


def _ersatt(tabell: Tabell, felrader: set[int], rattad: Tabell | None) -> Tabell:
    kvar = [(nr, falt) for nr, falt in tabell.rader if nr not in felrader]
    formler = [(nr, kolumn) for nr, kolumn in tabell.formler if nr not in felrader]
    if rattad is None:
        return tabell._replace(rader=kvar, formler=formler)
    if okanda := [kolumn for kolumn in rattad.rubriker if kolumn not in tabell.rubriker]:
        raise Ogiltigt(f"De rättade raderna har kolumnen {okanda[0][:40]}, som den första filen inte har. Ta bort den.")
    nummer = _nya_nummer(rattad, felrader, max((nr for nr, _ in tabell.rader), default=1))
    for nr, falt in rattad.rader:
        varden = dict(zip(rattad.rubriker, falt, strict=False))
        kvar.append((nummer[nr], [varden.get(kolumn, "") for kolumn in tabell.rubriker]))
    formler += [(nummer[nr], kolumn) for nr, kolumn in rattad.formler if nr in nummer]
    return tabell._replace(rader=sorted(kvar), formler=sorted(formler))


def _nya_nummer(rattad: Tabell, felrader: set[int], hogsta: int) -> dict[int, int]:
    """Radernas nummer i den första filen: det som felfilen säger, eller efter de andra."""
    lediga, nummer = set(felrader), {}
    for nr, _ in rattad.rader:
        onskat = rattad.filrader.get(nr, 0)
        if onskat in lediga:
            lediga.remove(onskat)
        else:
            hogsta = onskat = hogsta + 1
        nummer[nr] = onskat
    return nummer


def _rader(tabell: Tabell, fel: Sequence[Fel]) -> list[list[str]]:
    per_rad: dict[int, list[str]] = {}
    for ett in fel:
        if ett.fil == tabell.namn and ett.rad:
            per_rad.setdefault(ett.rad, []).append(f"{ett.kolumn}: {ett.text}" if ett.kolumn else ett.text)
    bredd = len(tabell.rubriker)
    return [
        [*[*falt, *[""] * bredd][:bredd], str(nr), " ".join(per_rad[nr])] for nr, falt in tabell.rader if nr in per_rad
    ]


def _rubriker(tabell: Tabell) -> list[str]:
    return [*tabell.rubriker, RADKOLUMN, FELKOLUMN]


def _som_csv(tabell: Tabell, rader: list[list[str]]) -> bytes:
    ut = io.StringIO()
    skrivare = csv.writer(ut, delimiter=";", lineterminator="\r\n")
    skrivare.writerow(_rubriker(tabell))
    skrivare.writerows([_skyddad(text) for text in rad] for rad in rader)
    return ut.getvalue().encode("utf-8-sig")


def _skyddad(text: str) -> str:
    return f"'{text}" if _FORMEL.match(text) and not _TAL.fullmatch(text) else text


def _cell(blad: Any, text: str, *, fet: bool = False) -> Any:
    """En textcell: det som börjar med = + - @ blir aldrig en formel, och nollor först i ett nummer står kvar."""
    cell = WriteOnlyCell(blad, _OTILLATNA.sub("\ufffd", text))
    cell.data_type, cell.number_format = "s", "@"
    cell.font, cell.alignment = Font(bold=fet), Alignment(wrap_text=len(text) > _FELBREDD, vertical="top")
    return cell


def _bredder(blad: Any, bredder: Iterable[int]) -> None:
    blad.freeze_panes = "A2"
    for plats, bredd in enumerate(bredder, 1):
        blad.column_dimensions[get_column_letter(plats)].width = bredd


def _spara(bok: Workbook) -> bytes:
    bok.properties.creator = "SUS"
    ut = io.BytesIO()
    bok.save(ut)
    return ut.getvalue()

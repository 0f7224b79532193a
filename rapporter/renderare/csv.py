"""CSV så som Excel i Sverige öppnar den: UTF-8 med BOM, semikolon, decimalkomma, delsummor och Totalt sist."""

import csv
import io
import re
from typing import Final

from rapporter.tabell import Rapport
from rapporter.varden import Varde

# Text som ett kalkylprogram annars skulle räkna på, även efter tabb eller radbyte (P22).
_FORMEL: Final = re.compile(r"[\t\r\n]|[\t\r\n ]*[=+\-@]")


def rendera(rapport: Rapport) -> bytes:
    """Rapporten som CSV: rubrikerna, raderna, delsummorna och Totalt. Tal utan blanksteg, tomt för None.

    Raderna är bara data, med gruppen först. En delsumma har ordet Delsumma där och gruppen i namnets kolumn, så att
    den som filtrerar eller pivoterar på den första kolumnen väljer bort dem alla på en gång.
    """
    ut = io.StringIO()
    skrivare = csv.writer(ut, delimiter=";", lineterminator="\r\n")
    grupprubrik = [f"Grupp: {rapport.grupprubrik}"] if rapport.grupper else []
    skrivare.writerow([*grupprubrik, *rapport.ledrubriker, *(kolumn.rubrik for kolumn in rapport.kolumner)])
    tomma = [""] * (len(rapport.ledrubriker) - 1)
    for avsnitt in rapport.avsnitt():
        grupp = [_cell(avsnitt.grupp.namn)] if avsnitt.grupp else []
        for rad in avsnitt.rader:
            skrivare.writerow([*grupp, *(_cell(varde) for varde in (*rapport.led(rad), *rad.varden))])
    for ett in rapport.grupper:
        skrivare.writerow(["Delsumma", *tomma, _cell(ett.namn), *map(_cell, ett.delsumma)])
    if rapport.totalt is not None:
        skrivare.writerow(["Totalt", *tomma, *("" for _ in grupprubrik), *map(_cell, rapport.totalt)])
    return ut.getvalue().encode("utf-8-sig")


def _cell(varde: Varde) -> Varde:
    if isinstance(varde, float):
        return f"{varde:.2f}".replace(".", ",")
    return f"'{varde}" if isinstance(varde, str) and _FORMEL.match(varde) else varde

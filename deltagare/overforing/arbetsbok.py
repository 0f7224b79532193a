"""Läser Excel-arbetsböcker (.xlsx) som kan vara gjorda för att skada: strömmande, utan DTD, med gränser (P22).

Bara delarna som behövs packas upp, och aldrig mer än de uppger i arkivets katalog.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from xml.parsers import expat

from deltagare.overforing.fel import Ogiltigt
from deltagare.overforing.lasning import FALTGRANS

UPPACKAT_HOGST: Final = 20 * 1024 * 1024  # byte, tillsammans i de delar som läses
KOLUMNER_HOGST: Final = 100
DJUP_HOGST: Final = 50
TEXTER_HOGST: Final = 300_000  # olika texter i arbetsboken; fler än så ryms inte i raderna som läses
STILAR_HOGST: Final = 66_000  # Excels egen gräns är lägre
_BIT: Final = 1 << 16
_SKADAD: Final = "Arbetsboken är skadad eller ingen riktig Excel-fil. Öppna den i Excel, spara om den och försök igen."
_FOR_STOR: Final = "Arbetsboken är för stor. Dela upp den, eller spara bladet som CSV."
_INBYGGDA_DATUM: Final = frozenset({14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 59)})
_I_FORMATKOD: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_CELL: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_XML_TECKEN: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Blad(NamedTuple):
    """Ett blads rader, var och en med sitt nummer och sina fält, och cellerna som har en formel (rad, plats)."""

    namn: str
    rader: list[tuple[int, list[str]]]
    formler: list[tuple[int, int]]


def las(data: bytes, *, hogst: int) -> list[Blad]:
    """Arbetsbokens blad, med högst `hogst` ifyllda rader av varje. Ger Ogiltigt, på svenska, om den inte går att läsa.

    Tomma rader hoppas över. Datum blir ÅÅÅÅ-MM-DD, sant och falskt `ja` och `nej`, heltal siffror utan decimaler.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as arkiv:
            _prova_slag(arkiv)
            return _Arbetsbok(arkiv).las(hogst)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        KeyError,
        ValueError,
        EOFError,
        NotImplementedError,
    ) as fel:
        if isinstance(fel, Ogiltigt):
            raise
        raise Ogiltigt(_SKADAD) from fel


def _prova_slag(arkiv: zipfile.ZipFile) -> None:
    namn = set(arkiv.namelist())
    if any(ett.lower().endswith("vbaproject.bin") for ett in namn):
        raise Ogiltigt("Arbetsboken har makron. Spara om den som ”Excel-arbetsbok (.xlsx)”, utan makron.")
    if "content.xml" in namn:
        raise Ogiltigt("Filen är ett kalkylblad från LibreOffice (.ods). Spara om den som Excel (.xlsx) eller CSV.")
    if "xl/workbook.bin" in namn:
        raise Ogiltigt("Filen är en binär arbetsbok (.xlsb). Spara om den som ”Excel-arbetsbok (.xlsx)”.")
    if "xl/workbook.xml" not in namn:
        raise Ogiltigt("Filen är ett zip-arkiv och ingen Excel-fil. Välj en Excel-fil (.xlsx) eller en CSV-fil.")


class _Arbetsbok:
    """Ett öppnat arkiv."""

    def __init__(self, arkiv: zipfile.ZipFile) -> None:
        self._arkiv, self._kvar = arkiv, UPPACKAT_HOGST

    def las(self, hogst: int) -> list[Blad]:
        """Bladen, högst tjugo."""
        bok, mal, texter, stilar = _Bok(), _Mal(), _Texter(), _Stilar()
        self._tolka("xl/workbook.xml", bok)
        self._tolka("xl/_rels/workbook.xml.rels", mal)
        for del_, mottagare in (("xl/sharedStrings.xml", texter), ("xl/styles.xml", stilar)):
            if del_ in self._arkiv.namelist():
                self._tolka(del_, mottagare)
        start = date(1904, 1, 1) if bok.fran_1904 else date(1899, 12, 30)
        ar_datum, blad = stilar.datum(), []
        for namn, rel in bok.blad[:20]:
            lasare = _Rader(texter.texter, ar_datum, start, hogst)
            with suppress(_Nog):
                self._tolka(posixpath.normpath(posixpath.join("xl", mal.vagar[rel])).lstrip("/"), lasare)
            blad.append(Blad(namn, lasare.rader, lasare.formler))
        return blad

    def _tolka(self, del_: str, mottagare: "_Mottagare") -> None:
        info = self._arkiv.getinfo(del_)
        self._kvar -= info.file_size
        if self._kvar < 0:
            raise Ogiltigt(_FOR_STOR)
        # De andra sätten att packa går inte att packa upp i bitar.
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or info.flag_bits & 1:
            raise Ogiltigt(_SKADAD)
        tolk = expat.ParserCreate(namespace_separator=" ")
        tolk.buffer_text = True
        tolk.StartDoctypeDeclHandler = _neka_dtd
        tolk.StartElementHandler = mottagare.oppna
        tolk.EndElementHandler = mottagare.stang
        tolk.CharacterDataHandler = mottagare.text
        with self._arkiv.open(info) as strom:
            for bit in iter(lambda: strom.read(_BIT), b""):
                tolk.Parse(bit, False)
            tolk.Parse(b"", True)


def _lokalt(namn: str) -> str:
    return namn.rpartition(" ")[2]


def _neka_dtd(*args: Any) -> None:
    raise Ogiltigt("Arbetsboken innehåller XML-deklarationer som Excel aldrig skriver, och läses inte.")


class _Nog(Exception):
    """Bladet har så många rader som får läsas."""


class _Mottagare:
    """Tar emot en dels XML, element för element, med namnen utan namnrymd."""

    _djup = 0

    def oppna(self, namn: str, attribut: dict[str, str]) -> None:
        """Från tolken: ett element börjar. Ogiltigt om de är många i varandra: tolken minns dem alla."""
        self._djup += 1
        if self._djup > DJUP_HOGST:
            raise Ogiltigt(_SKADAD)
        self.borjar(_lokalt(namn), {_lokalt(ett): varde for ett, varde in attribut.items()})

    def stang(self, namn: str) -> None:
        """Från tolken: ett element slutar."""
        self._djup -= 1
        self.slutar(_lokalt(namn))

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        """Ett element börjar."""

    def slutar(self, namn: str) -> None:
        """Ett element slutar."""

    def text(self, text: str) -> None:
        """En bit av elementets text."""


class _Bok(_Mottagare):
    """Bladens namn och hänvisningar, i ordning."""

    def __init__(self) -> None:
        self.blad: list[tuple[str, str]] = []
        self.fran_1904 = False

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        if namn == "sheet":
            self.blad.append((attribut["name"], attribut["id"]))
        elif namn == "workbookPr":
            self.fran_1904 = attribut.get("date1904") in {"1", "true"}


class _Mal(_Mottagare):
    """Var delarna ligger."""

    def __init__(self) -> None:
        self.vagar: dict[str, str] = {}

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        if namn == "Relationship" and attribut.get("TargetMode") != "External":
            self.vagar[attribut["Id"]] = attribut["Target"]


class _Stilar(_Mottagare):
    """Vilka cellstilar som visar datum."""

    def __init__(self) -> None:
        self._format: list[int] = []
        self._egna: dict[int, str] = {}
        self._i_celler = False

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        if namn == "numFmt" and len(self._egna) < 1000:
            self._egna[int(attribut["numFmtId"])] = attribut.get("formatCode", "")[:200]
        elif namn == "cellXfs":
            self._i_celler = True
        elif namn == "xf" and self._i_celler:
            self._format.append(int(attribut.get("numFmtId", "0")))
            if len(self._format) > STILAR_HOGST:
                raise Ogiltigt(_FOR_STOR)

    def slutar(self, namn: str) -> None:
        if namn == "cellXfs":
            self._i_celler = False

    def datum(self) -> Callable[[str], bool]:
        """En funktion som säger om en stil, som den står i cellen, visar datum."""
        egna = {nr for nr, kod in self._egna.items() if set("yYdD") & set(_I_FORMATKOD.sub("", kod))}
        visar_datum = _INBYGGDA_DATUM | egna

        def ar_datum(stil: str) -> bool:
            plats = int(stil or 0)
            return 0 <= plats < len(self._format) and self._format[plats] in visar_datum

        return ar_datum


class _Text(_Mottagare):
    """Samlar texten i elementen `namn`, högst `FALTGRANS` tecken. Uttalsledtrådar (rPh) hör inte till texten."""

    def __init__(self, *namn: str) -> None:
        self._namn, self._bitar, self._langd = namn, [""], 0
        self._samlar = self._i_uttal = False

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        if namn == "rPh":
            self._i_uttal = True
        self._samlar = namn in self._namn and not self._i_uttal

    def slutar(self, namn: str) -> None:
        if namn == "rPh":
            self._i_uttal = False
        self._samlar = False

    def text(self, text: str) -> None:
        if self._samlar:
            self._langd += len(text)
            if self._langd > FALTGRANS:
                raise Ogiltigt(f"En cell är längre än {FALTGRANS} tecken. Korta den.")
            self._bitar.append(text)

    def tom(self) -> str:
        """Det som är samlat, och börjar om."""
        samlat = "".join(self._bitar)
        self._bitar, self._langd = [], 0
        return _XML_TECKEN.sub(_tecken, samlat) if "_x" in samlat else samlat


def _tecken(traff: re.Match[str]) -> str:
    """Tecknet som `_xHHHH_` står för. Halva tecken och styrtecken finns inte i en text någon har skrivit."""
    kod = int(traff[1], 16)
    if 0xD800 <= kod <= 0xDFFF or (kod < 0x20 and chr(kod) not in "\t\n\r"):
        raise Ogiltigt(_SKADAD)
    return chr(kod)


class _Texter(_Text):
    """Arbetsbokens gemensamma texter."""

    def __init__(self) -> None:
        super().__init__("t")
        self.texter: list[str] = []

    def slutar(self, namn: str) -> None:
        super().slutar(namn)
        if namn == "si":
            self.texter.append(self.tom())
            if len(self.texter) > TEXTER_HOGST:
                raise Ogiltigt(_FOR_STOR)


class _Rader(_Text):
    """Ett blads rader."""

    def __init__(self, texter: list[str], ar_datum: Callable[[str], bool], start: date, hogst: int) -> None:
        super().__init__("v", "t")
        self._texter, self._ar_datum, self._start, self._hogst = texter, ar_datum, start, hogst
        self.rader: list[tuple[int, list[str]]] = []
        self.formler: list[tuple[int, int]] = []
        self._nr, self._plats, self._slag, self._stil = 0, -1, "", ""
        self._falt: dict[int, str] = {}

    def borjar(self, namn: str, attribut: dict[str, str]) -> None:
        super().borjar(namn, attribut)
        if namn == "row":
            nr = int(attribut.get("r", self._nr + 1))
            if nr <= self._nr:
                raise Ogiltigt(_SKADAD)
            self._nr = nr
            self._plats, self._falt = -1, {}
        elif namn == "c":
            traff = _CELL.fullmatch(attribut.get("r", ""))
            self._plats = _kolumnens_plats(traff[1]) if traff else self._plats + 1
            self._slag, self._stil = attribut.get("t", "n"), attribut.get("s", "0")
        elif namn == "f" and len(self.formler) < self._hogst:
            self.formler.append((self._nr, self._plats))

    def slutar(self, namn: str) -> None:
        super().slutar(namn)
        if namn == "c" and (text := self._varde(self.tom())):
            # Det som står längre ut hamnar i en kolumn för mycket, och blir ett fel om bladet ska läsas.
            self._falt[min(self._plats, KOLUMNER_HOGST)] = text
        elif namn == "row" and any(text.strip() for text in self._falt.values()):
            if len(self.rader) >= self._hogst:
                raise _Nog
            self.rader.append((self._nr, [self._falt.get(plats, "") for plats in range(max(self._falt) + 1)]))

    def _varde(self, text: str) -> str:
        if self._slag == "s":
            return (
                self._texter[int(text)] if text.isascii() and text.isdigit() and int(text) < len(self._texter) else ""
            )
        if self._slag == "b":
            return "ja" if text == "1" else "nej"
        if self._slag == "d":
            return text.removesuffix("T00:00:00").removesuffix("T00:00:00.000")
        return _tal(text, self._start if self._ar_datum(self._stil) else None) if self._slag == "n" and text else text


def _kolumnens_plats(bokstaver: str) -> int:
    plats = 0
    for bokstav in bokstaver:
        plats = plats * 26 + ord(bokstav) - 64
    return plats - 1


def _tal(text: str, start: date | None) -> str:
    """Ett tal som det ska läsas: heltal utan decimaler, och med `start` (dag noll) som datum."""
    try:
        tal = float(text)
    except ValueError:
        return text
    if not (tal.is_integer() and abs(tal) < 1e15):
        return text
    dagar = int(tal)
    if start and 0 < dagar < 2_958_466:
        return (start + timedelta(days=dagar)).isoformat()
    return str(dagar)

"""Läser en CSV-fil som en ström: UTF-8, komma, rubrikrad. Allt annat blir ett fel som säger hur det rättas."""

import codecs
import csv
import errno
import io
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from deltagare.overforing.fel import Importfel, Lista, mojligt_personnummer, orsak, visat
from deltagare.overforing.filformat import FILER

FALTGRANS: Final = 200_000  # tecken i ett fält; längre är ett citattecken som saknas eller en trasig fil
_BIT: Final = 1 << 20
LASANVISNINGAR: Final = frozenset({"README.md", "README.txt"})

SPARA_OM: Final = (
    "Spara om den i Excel med Arkiv > Spara som > ”CSV UTF-8 (kommaavgränsad)”, eller i LibreOffice med "
    "teckenuppsättningen Unicode (UTF-8) och fältavgränsaren komma."
)
_SEMIKOLON: Final = (
    " Blir det semikolon ändå: ändra Listavgränsare till komma i Windows (Region > Ytterligare inställningar) "
    "och spara om."
)

Framsteg = Callable[[int], None]
"""Får antalet byte som har lästs sedan sist."""


def hitta_filer(katalog: Path, fel: Lista) -> dict[str, Path]:
    """Filerna som ska läsas, efter namn. Dolda filer och README räknas inte; allt annat som är okänt är fel.

    Ger Importfel om katalogen inte går att läsa.
    """
    filer: dict[str, Path] = {}
    for vag in _innehall(katalog):
        namn = vag.name
        if namn.startswith(".") or namn in LASANVISNINGAR:
            continue
        if namn in FILER:
            filer[namn] = vag
        else:
            # Ett filnamn kan ha blivit ett personnummer (P7).
            fel.lagg(
                "fil.csv" if mojligt_personnummer(namn) or not namn.isprintable() else namn,
                0,
                "",
                f"Okänd fil. Filerna som kan läsas är {', '.join(FILER)}. Byt namn på den eller flytta den.",
            )
    if not filer and not fel.antal:
        fel.lagg("insatser.csv", 0, "", "Katalogen har ingen av filerna som kan läsas.")
    return {namn: filer[namn] for namn in FILER if namn in filer}


def _innehall(katalog: Path) -> list[Path]:
    try:
        return sorted(katalog.iterdir())
    except OSError as fel:
        text = {errno.ENOENT: "finns inte", errno.ENOTDIR: "är ingen katalog"}.get(fel.errno or 0)
        raise Importfel(f"Katalogen {katalog} {text or f'går inte att läsa: {orsak(fel)}'}.") from fel


def _hinder(vag: Path) -> str | None:
    """Varför det som har filens namn inte kan läsas som en fil, None om det kan det. Ger OSError."""
    sort = vag.stat().st_mode
    if stat.S_ISDIR(sort):
        return "den är en katalog"
    # Ett rör skulle stå och vänta på någon som skriver.
    return None if stat.S_ISREG(sort) else "den är ingen vanlig fil"


class Csvfil:
    """En fil vars kodning, avgränsare och rubriker är prövade. Med `duger` falskt finns felen i listan."""

    def __init__(self, vag: Path, fel: Lista) -> None:
        self.vag, self.namn = vag, vag.name
        self._fel = fel
        self.plats: dict[str, int] = {}
        """Kolumnens plats i raden."""
        self.duger = self._provad()

    def har(self, kolumn: str) -> bool:
        """Sant om kolumnen finns i rubrikraden."""
        return kolumn in self.plats

    def _fela(self, text: str, *, rad: int = 0, kolumn: str = "") -> bool:
        self._fel.lagg(self.namn, rad, kolumn, text)
        return False

    def _provad(self) -> bool:
        try:
            hinder = _hinder(self.vag)
            if hinder is None:
                return self._prova_byte() and self._provade_rubriker()
        except OSError as fel:
            hinder = orsak(fel)
        return self._fela(f"Filen går inte att läsa: {hinder}.")

    def _prova_byte(self) -> bool:
        avkodare = codecs.getincrementaldecoder("utf-8")()
        rad = 1
        with self.vag.open("rb") as fil:
            inledning = fil.read(4)
            if inledning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or inledning[1:2] == b"\0":
                return self._fela(f"Filen är sparad som UTF-16 (”Unicode-text”), inte UTF-8. {SPARA_OM}")
            fil.seek(0)
            while bit := fil.read(_BIT):
                try:
                    avkodare.decode(bit)
                except UnicodeDecodeError as fel:
                    rad += fel.object.count(b"\n", 0, fel.start)
                    return self._fela(
                        f"Filen är inte UTF-8 utan troligen Windows-1252 (ANSI) eller Latin-1; rad {rad}. {SPARA_OM}"
                    )
                if (noll := bit.find(b"\0")) >= 0:
                    rad += bit.count(b"\n", 0, noll)
                    return self._fela(
                        f"Filen innehåller NUL-tecken (rad {rad}) och är troligen skadad. Exportera den på nytt."
                    )
                rad += bit.count(b"\n")
        try:
            avkodare.decode(b"", final=True)
        except UnicodeDecodeError:
            return self._fela(f"Filen slutar mitt i ett tecken. Är den avklippt? {SPARA_OM}")
        return True

    def _provade_rubriker(self) -> bool:
        if skiljetecken := self._annat_skiljetecken():
            return self._fela(f"Fälten är skilda med {skiljetecken}, inte komma. {SPARA_OM}{_SEMIKOLON}")
        try:
            rubriker = [namn.strip() for namn in next(self._las(lambda _antal: None))[1]]
        except StopIteration:
            return self._fela("Filen är tom. Den ska ha minst en rubrikrad.")
        except csv.Error:
            return self._fela("Rubrikraden går inte att läsa: ett citattecken saknas eller raden är för lång.")
        return self._kanner_kolumnerna(rubriker)

    def _kanner_kolumnerna(self, rubriker: Sequence[str]) -> bool:
        """Lägger kolumnernas platser i `plats`. Falskt om någon är okänd, dubblerad eller saknas."""
        format_ = FILER[self.namn]
        innan = self._fel.antal
        for plats, namn in enumerate(rubriker):
            if namn in self.plats:
                self._fela("Kolumnen står två gånger i rubrikraden. Ta bort den ena.", kolumn=namn)
            elif namn in format_.kolumner:
                self.plats[namn] = plats
            else:
                visas = namn if visat(self.namn, namn) else f"kolumn {plats + 1}"
                tillatna = ", ".join(format_.kolumner)
                self._fela(f"Okänd kolumn. Kolumnerna är {tillatna}. Rätta eller ta bort den.", kolumn=visas)
        for namn in format_.kravda:
            if namn not in rubriker:
                self._fela("Kolumnen saknas i rubrikraden. Lägg till den.", kolumn=namn)
        return self._fel.antal == innan

    def _annat_skiljetecken(self) -> str | None:
        """Skiljetecknet som delar första raden i fler kända kolumner än komma gör, eller ensamt delar den."""
        kanda = set(FILER[self.namn].kolumner)
        # Raden som den står: med citattecken går den inte att läsa som CSV med fel skiljetecken.
        with self.vag.open(encoding="utf-8-sig", newline="") as text:
            rad = text.readline(FALTGRANS)

        def traffar(tecken: str) -> int:
            return len({del_.strip().strip('"').strip() for del_ in rad.split(tecken)} & kanda)

        med_komma = traffar(",")
        for tecken, namn in ((";", "semikolon"), ("\t", "tabb"), ("|", "lodstreck")):
            ensamt = tecken in rad and "," not in rad and not med_komma
            if ensamt or traffar(tecken) > med_komma:
                return namn
        return None

    def rader(self, framsteg: Framsteg) -> Iterator[tuple[int, list[str]]]:
        """Radernas nummer, där posten börjar, och deras fält. Rader med fel antal fält läggs bland felen."""
        strom = self._las(framsteg)
        try:
            _, rubriker = next(strom, (1, []))
            antal = len(rubriker)
            for nr, falt in strom:
                if len(falt) == antal:
                    yield nr, falt
                elif len(falt) < antal:
                    self._fela(
                        f"Raden har {len(falt)} fält, rubrikraden {antal}. Fyll på med komman, även för tomma fält.",
                        rad=nr,
                        kolumn=rubriker[len(falt)].strip(),
                    )
                else:
                    self._fela(
                        f"Raden har {len(falt)} fält, rubrikraden {antal}. Text med komma ska stå inom citattecken.",
                        rad=nr,
                        kolumn=rubriker[-1].strip(),
                    )
        except Avbruten as fel:
            self._fela(str(fel), rad=fel.rad)
        except UnicodeError:
            self._fela("Filen ändrades medan den lästes. Kör importen igen.")
        except OSError as fel:
            self._fela(f"Filen går inte att läsa: {orsak(fel)}.")

    def _las(self, framsteg: Framsteg) -> Iterator[tuple[int, list[str]]]:
        with self.vag.open("rb") as binar, io.TextIOWrapper(_Matare(binar, framsteg), "utf-8-sig", newline="") as text:
            yield from poster(text)


def poster(text: io.TextIOBase, skiljetecken: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Posterna i en CSV-text: radens nummer, där posten börjar, och fälten. Ger Avbruten när resten inte går att läsa.

    Tomma rader hoppas över.
    """
    csv.field_size_limit(FALTGRANS)
    lasare = csv.reader(_rader_med_grans(text), delimiter=skiljetecken, strict=True)
    while True:
        nr = lasare.line_num + 1
        try:
            falt = next(lasare)
        except StopIteration:
            return
        except csv.Error as fel:
            raise Avbruten(nr, str(fel)) from fel
        if falt:
            yield nr, falt


class Avbruten(csv.Error):
    """Resten av filen går inte att läsa: efter ett trasigt citattecken är det okänt var nästa post börjar."""

    def __init__(self, rad: int, orsak: str) -> None:
        self.rad = rad
        if "field larger" in orsak or "radgräns" in orsak:
            text = f"Ett fält är längre än {FALTGRANS} tecken. Saknas ett avslutande citattecken?"
        elif "unexpected end" in orsak:
            text = "Ett citattecken öppnas men stängs aldrig. Avsluta fältet med ett citattecken."
        else:
            text = "Ett citattecken står fel. Skriv fältet inom citattecken och dubblera dem som hör till texten."
        super().__init__(f"{text} Resten av filen är inte läst.")


def _rader_med_grans(text: io.TextIOBase) -> Iterator[str]:
    # En rad utan slut ska inte läsas in i minnet i sin helhet.
    grans = 8 * FALTGRANS
    while rad := text.readline(grans):
        if len(rad) >= grans:
            raise csv.Error("radgräns")
        yield rad


class _Matare(io.BufferedReader):
    """Räknar lästa byte åt förloppet."""

    def __init__(self, fil: BinaryIO, framsteg: Framsteg) -> None:
        super().__init__(fil)  # type: ignore[arg-type]
        self._framsteg = framsteg

    def read1(self, size: int = -1, /) -> bytes:
        data = super().read1(size)
        self._framsteg(len(data))
        return data

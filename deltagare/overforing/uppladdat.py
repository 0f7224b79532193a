"""En uppladdad fil, CSV eller Excel, som tabeller med filformatets namn. Tar emot det som Excel i Sverige sparar.

Kommandot är strängare (`lasning`): där är filen gjord av ett annat system och ska vara precis som formatet säger.
"""

import codecs
import io
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from deltagare.overforing import arbetsbok
from deltagare.overforing.arbetsbok import Blad
from deltagare.overforing.fel import Ogiltigt
from deltagare.overforing.filformat import FILER
from deltagare.overforing.lasning import Avbruten, poster
from deltagare.overforing.tabellfil import Tabell

RADER_HOGST: Final = 2000  # tillsammans i en uppladdning
ARBETSBOK: Final = "arbetsbok"
FELKOLUMN: Final = "fel"  # sist i en felfil, efter numret som raden hade
RADKOLUMN: Final = "filrad"
_SKILJETECKEN: Final = {";": "semikolon", ",": "komma", "\t": "tabb"}
_KODNINGAR: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_UTAN_PRICKAR: Final = str.maketrans("åäö -", "aao__")
_SKYDDAD: Final = re.compile(r"'[\t\r\n ]*[=+\-@]")
_KOMMUNKOD: Final = re.compile(r"[0-9]{3}")
_INGEN_TEXT: Final = "Filen är ingen textfil, eller skadad. Välj en Excel-fil (.xlsx) eller en CSV-fil."
FOR_MANGA: Final = (
    f"Filen har fler än {RADER_HOGST} rader. Dela upp den i flera filer och läs in dem en i taget, eller be den "
    "som driver SUS att läsa in den med kommandot importera."
)


class Uppladdat(NamedTuple):
    """Det som filen innehöll."""

    tabeller: list[Tabell]
    last_som: list[str]
    """Hur filen lästes, i meningar för användaren."""
    excel: bool


def tolka(data: bytes, *, slag: str, kanda: Sequence[str]) -> Uppladdat:
    """Läser filen som `slag`: ett av filformatets namn i `kanda`, eller ARBETSBOK med ett blad för varje.

    Ger Ogiltigt, med en text på svenska, för en fil som inte går att läsa som det den sägs vara.
    """
    if not data.strip(b"\0 \r\n\t"):
        raise Ogiltigt("Filen är tom. Välj en fil med en rubrikrad och minst en rad.")
    if data.startswith(b"PK"):
        uppladdat = _excel(data, slag, kanda)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Ogiltigt(
            "Filen är i ett äldre Excelformat (.xls) eller skyddad med lösenord. Spara om den som "
            "”Excel-arbetsbok (.xlsx)” utan lösenord."
        )
    elif slag == ARBETSBOK:
        raise Ogiltigt("En arbetsbok ska vara en Excel-fil (.xlsx). Välj vad filen innehåller, eller en Excel-fil.")
    else:
        uppladdat = _csv(data, slag)
    if sum(len(tabell.rader) for tabell in uppladdat.tabeller) > RADER_HOGST:
        raise Ogiltigt(FOR_MANGA)
    if not any(tabell.rader for tabell in uppladdat.tabeller):
        raise Ogiltigt("Filen har bara en rubrikrad. Fyll i minst en rad under den.")
    return uppladdat


# Excel


def _excel(data: bytes, slag: str, kanda: Sequence[str]) -> Uppladdat:
    blad = [ett for ett in arbetsbok.las(data, hogst=RADER_HOGST + 2) if ett.rader]
    per_namn = {_bladets_fil(ett.namn): ett for ett in reversed(blad)}
    valda = kanda if slag == ARBETSBOK else (slag,)
    hittade = {namn: per_namn[namn] for namn in valda if namn in per_namn}
    if not hittade and slag != ARBETSBOK and blad:
        hittade = {slag: blad[0]}
    if not hittade:
        namn = ", ".join(bladnamn(namn) for namn in valda)
        raise Ogiltigt(f"Arbetsboken har inget ifyllt blad som heter {namn}. Ge bladet det namnet.")
    last_som = [f"Bladet {ett.namn} lästes som {bladnamn(namn)}." for namn, ett in hittade.items()]
    lasta = [ett.namn for ett in hittade.values()]
    olasta = [ett.namn for ett in blad if ett.namn not in lasta and ett.namn != "Förklaring"]
    if olasta:
        last_som.append(f"Andra blad lästes inte: {', '.join(olasta)}.")
    tabeller = [_ur_blad(namn, ett, last_som) for namn, ett in hittade.items()]
    return Uppladdat(tabeller, last_som, excel=True)


def bladnamn(namn: str) -> str:
    """Filformatets namn som ett blad heter: `insatser.csv` blir Insatser."""
    return namn.removesuffix(".csv").capitalize()


def _bladets_fil(blad: str) -> str:
    return blad.strip().lower().removesuffix(".csv") + ".csv"


def _ur_blad(namn: str, blad: Blad, last_som: list[str]) -> Tabell:
    tabell = _tabell(namn, blad.rader, last_som, atergar=False)
    rubriker = tabell.rubriker
    formler = [(rad, rubriker[plats]) for rad, plats in blad.formler if plats < len(rubriker)]
    return tabell._replace(formler=formler)


# CSV


def _csv(data: bytes, slag: str) -> Uppladdat:
    text, kodning = _avkodad(data)
    if "\0" in text:
        raise Ogiltigt(_INGEN_TEXT)
    forsta = text.partition("\n")[0]
    if forsta.lower().startswith("sep="):  # så säger Excel vilket skiljetecken som gäller
        forsta = text.split("\n", 2)[1] if "\n" in text else ""
        text = "\n" + text.partition("\n")[2]  # radnumren ska vara filens
    tecken = _skiljetecken(forsta, slag)
    last_som = [f"Filen lästes som CSV med {_SKILJETECKEN[tecken]} mellan fälten och teckenuppsättningen {kodning}."]
    rader: list[tuple[int, list[str]]] = []
    try:
        for rad in poster(io.StringIO(text, newline=""), tecken):
            if any(falt.strip() for falt in rad[1]):
                rader.append(rad)
            if len(rader) > RADER_HOGST + 1:
                raise Ogiltigt(FOR_MANGA)
    except Avbruten as fel:
        raise Ogiltigt(f"Rad {fel.rad}: {fel}") from fel
    return Uppladdat([_tabell(slag, rader, last_som, atergar=True)], last_som, excel=False)


def _avkodad(data: bytes) -> tuple[str, str]:
    """Texten och teckenuppsättningens namn."""
    markta = [(kodning, namn) for inledning, kodning, namn in _KODNINGAR if data.startswith(inledning)]
    for kodning, namn in markta or (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            return data.decode(kodning), namn
        except UnicodeDecodeError:
            pass
    raise Ogiltigt(_INGEN_TEXT)


def _skiljetecken(rubrikrad: str, slag: str) -> str:
    """Tecknet som delar rubrikraden i flest kända kolumner; annars det som finns i den, och sist semikolon."""
    kanda = set(FILER[slag].kolumner)

    def traffar(tecken: str) -> tuple[int, int]:
        delar = {_kolumn(del_.strip().strip('"')) for del_ in rubrikrad.split(tecken)}
        return len(delar & kanda), rubrikrad.count(tecken)

    return max(_SKILJETECKEN, key=traffar)


# Gemensamt


def _kolumn(text: str) -> str:
    """En rubrik som den står i formatet: små bokstäver, utan prickar och blanksteg."""
    return text.strip().lower().translate(_UTAN_PRICKAR)


def _tabell(namn: str, rader: list[tuple[int, list[str]]], last_som: list[str], *, atergar: bool) -> Tabell:
    """Tabellen ur raderna, där den första är rubriker. En felfils kolumn *Fel*, och tomma sist, följer inte med.

    `atergar` tar bort apostrofen som felfilen i CSV har satt framför text som ser ut som en formel.
    """
    if not rader:
        raise Ogiltigt("Filen är tom. Välj en fil med en rubrikrad och minst en rad.")
    rubriker = [_kolumn(falt) for falt in rader[0][1]]
    while rubriker and not rubriker[-1]:
        rubriker.pop()
    antal = len(rubriker)
    for nr, falt in rader[1:]:
        if any(text.strip() for text in falt[antal:]):
            raise Ogiltigt(
                f"Rad {nr} har uppgifter i fler kolumner än rubrikraden. Ta bort dem, eller skriv rubriker till dem."
            )
    filrader: dict[int, int] = {}
    if rubriker[-1:] == [FELKOLUMN]:
        rubriker.pop()
        if rubriker[-1:] == [RADKOLUMN]:
            rubriker.pop()
            filrader = {nr: _filrad(falt[antal - 2 : antal - 1]) for nr, falt in rader[1:]}
    kvar = [(nr, falt[: len(rubriker)]) for nr, falt in rader[1:]]
    if len(rubriker) < antal and atergar:
        kvar = [(nr, [text[1:] if _SKYDDAD.match(text) else text for text in falt]) for nr, falt in kvar]
    _fyll_kommunkoder(rubriker, kvar, last_som)
    ifyllda = [(nr, falt) for nr, falt in kvar if any(text.strip() for text in falt)]
    return Tabell(namn, rubriker, ifyllda, filrader=filrader)


def _filrad(falt: list[str]) -> int:
    text = falt[0].strip() if falt else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _fyll_kommunkoder(rubriker: list[str], rader: list[tuple[int, list[str]]], last_som: list[str]) -> None:
    """Excel tar bort nollan i 0180."""
    if "kommun" not in rubriker:
        return
    plats, fyllda = rubriker.index("kommun"), 0
    for _, falt in rader:
        if plats < len(falt) and _KOMMUNKOD.fullmatch(falt[plats].strip()):
            falt[plats] = f"0{falt[plats].strip()}"
            fyllda += 1
    if fyllda:
        last_som.append(f"Kommunkoder med tre siffror fick en nolla först ({fyllda} rader).")

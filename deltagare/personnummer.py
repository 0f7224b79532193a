"""Personnummer och samordningsnummer: kontroll, en enda form, kön och födelseår (R17)."""

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

from personnummer import personnummer as paketet

# Bara ASCII-siffror: \d skulle släppa igenom andra skriftsystems siffror.
_FORM: Final = re.compile(r"^([0-9]{2})?([0-9]{6})([-+]?)([0-9]{4})$")

# Det som ordbehandlare gör av bindestreck: hårt, tank- och minustecken. Det som inte syns alls följer med ur
# webbsidor och meddelanden: mjukt bindestreck, tecken utan bredd och tecken för läsriktning.
_STRECK: Final = (0x2010, 0x2011, 0x2012, 0x2013, 0x2212)
_OSYNLIGA: Final = (0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF)
_TECKEN: Final = {**dict.fromkeys(_STRECK, "-"), **dict.fromkeys(_OSYNLIGA)}
FORSTA_FODELSEAR: Final = 1850  # ingen med personnummer är äldre; databasen har samma gräns

_DUBBLAD: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # siffran gånger två, med siffersumman av det

OGILTIGT: Final = "Kontrollera personnumret: skriv det som ååååmmdd-nnnn. Samordningsnummer går också bra."
FEL_SIFFRA: Final = "Kontrollera personnumret: kontrollsiffran stämmer inte, så någon av siffrorna är fel."
FEL_DATUM: Final = "Kontrollera personnumret: datumet i det finns inte."
I_FRAMTIDEN: Final = "Kontrollera personnumret: födelsedagen är i framtiden."
FOR_TIDIGT: Final = f"Kontrollera personnumret: födelseåret är före {FORSTA_FODELSEAR}."


class OgiltigtPersonnummer(ValueError):
    """Numret finns inte. Meddelandet upprepar aldrig numret (P7)."""


class Personnummer(NamedTuple):
    """Ett kontrollerat nummer med det som går att läsa ur det."""

    nummer: str
    """12 siffror, så som det lagras."""
    fodelsear: int
    kon: str
    """`kvinna` eller `man`."""
    samordningsnummer: bool

    @property
    def maskerat(self) -> str:
        """Född dag och fyra stjärnor: det som listor visar tills *Visa* väljs (P7)."""
        return f"{self.nummer[:8]}-****"

    @property
    def utskrivet(self) -> str:
        """ååååmmdd-nnnn."""
        return f"{self.nummer[:8]}-{self.nummer[8:]}"


def tolka(text: str, *, idag: date) -> Personnummer:
    """Läser ett person- eller samordningsnummer, med eller utan sekel och skiljetecken (R17).

    `idag` avgör seklet för tio siffror och vad som är framtid. Ger OgiltigtPersonnummer om datum eller
    kontrollsiffra inte stämmer, eller om födelsedagen är i framtiden eller före 1850.
    """
    if klart := tolv_siffror(text, idag):
        return klart
    rensad = "".join(unicodedata.normalize("NFC", text).split()).translate(_TECKEN)
    traff = _FORM.match(rensad)
    if not traff:
        raise OgiltigtPersonnummer(OGILTIGT)
    sekel, sexsiffrigt, skiljetecken, sista = traff.groups()
    if sekel is None:
        sekel = str(_sekel(sexsiffrigt, over_hundra=skiljetecken == "+", idag=idag))
    samordning = har_samordningsnummer(sekel + sexsiffrigt + sista)
    try:
        fodd = date(int(sekel + sexsiffrigt[:2]), int(sexsiffrigt[2:4]), int(sexsiffrigt[4:6]) - 60 * samordning)
    except ValueError as fel:
        raise OgiltigtPersonnummer(FEL_DATUM) from fel
    # Paketet räknar ålder mot dagens datum för "+"; med utskrivet sekel spelar tecknet ingen roll.
    try:
        tolkat = paketet.Personnummer(sekel + sexsiffrigt + sista)
    except paketet.PersonnummerException as fel:
        raise OgiltigtPersonnummer(OGILTIGT if sista.startswith("000") else FEL_SIFFRA) from fel
    if fodd > idag or fodd.year < FORSTA_FODELSEAR:
        raise OgiltigtPersonnummer(I_FRAMTIDEN if fodd > idag else FOR_TIDIGT)
    return Personnummer(
        nummer=sekel + sexsiffrigt + sista,
        fodelsear=fodd.year,
        kon="man" if tolkat.is_male() else "kvinna",
        samordningsnummer=samordning,
    )


def tolv_siffror(text: str, idag: date) -> Personnummer | None:
    """Ett giltigt nummer i den vanligaste formen, ååååmmdd med fyra siffror efter; None för allt annat.

    Samma regler som paketets, men många gånger fortare: en inläsning prövar en miljon.
    """
    nummer = text[:8] + text[9:] if text[8:9] == "-" else text
    if len(nummer) != 12 or not nummer.isascii() or not nummer.isdigit() or nummer[8:11] == "000":
        return None
    a, b, c, d, e, f, g, h, i, kontroll = map(int, nummer[2:])
    udda = _DUBBLAD[a] + _DUBBLAD[c] + _DUBBLAD[e] + _DUBBLAD[g] + _DUBBLAD[i]
    if (udda + b + d + f + h + kontroll) % 10:
        return None
    dag = 10 * e + f
    samordning = dag > 60
    try:
        fodd = date(int(nummer[:4]), 10 * c + d, dag - 60 * samordning)
    except ValueError:
        return None
    if fodd > idag or fodd.year < FORSTA_FODELSEAR:
        return None
    return Personnummer(nummer, fodd.year, "man" if i % 2 else "kvinna", samordning)


def har_samordningsnummer(nummer: str) -> bool:
    """Om ett lagrat nummer (12 siffror) är ett samordningsnummer: dagen är ökad med 60."""
    return int(nummer[6:8]) > 60


def _sekel(sexsiffrigt: str, *, over_hundra: bool, idag: date) -> int:
    """Seklet som gör födelsedagen till den senaste som inte är i framtiden, eller hundra år före den (+)."""
    ar, manad, dag = int(sexsiffrigt[:2]), int(sexsiffrigt[2:4]), int(sexsiffrigt[4:6])
    dag -= 60 if dag > 60 else 0
    sekel = idag.year // 100
    if (sekel * 100 + ar, manad, dag) > (idag.year, idag.month, idag.day):
        sekel -= 1
    return sekel - 1 if over_hundra else sekel

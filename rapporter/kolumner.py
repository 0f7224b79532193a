"""Vilka kolumner ett urval ger: en variabel kan delas på kön och få jämförelseperioden bredvid sig."""

from dataclasses import dataclass, replace
from typing import Final

from rapporter.tabell import Kolumn
from rapporter.urval import Jamfor, Konsval, Urval
from rapporter.variabler import VARIABLER, Period, Slag, Variabel

UNIKA: Final = "antal_unika_deltagare"
ANTAL_INSATSER: Final = Variabel(
    "antal_insatser",
    "Antal insatser",
    Period.VALD,
    Slag.HELTAL,
    "",
    "Insatser i urvalet vars datum överlappar perioden.",
)
# Vad ett kön heter i kolumnens namn, och ovanför den.
_KON: Final = {Konsval.KVINNA.value: ("kvinnor", "Kvinnor"), Konsval.MAN.value: ("man", "Män"), "": ("", "Totalt")}
_FORE: Final = {Jamfor.ARET_FORE.value: "Året före", Jamfor.PERIODEN_FORE.value: "Perioden före"}


@dataclass(frozen=True, slots=True)
class Matt:
    """En variabel så som frågan räknar den: för alla (`kon` tomt) eller för ett kön."""

    variabel: Variabel
    kon: str = ""

    @property
    def ar_unika(self) -> bool:
        """Sant om värdet är olika personer, som aldrig summeras (R36)."""
        return self.variabel.namn == UNIKA

    @property
    def jamfors(self) -> bool:
        """Sant om värdet beror på perioden: det som gäller i dag är detsamma vilken period som än ställs bredvid."""
        return self.variabel.summeras and self.variabel.period != Period.IDAG


def konen(urval: Urval) -> tuple[str, ...]:
    """Könen som räknas var för sig, och sist alla (tomt)."""
    return tuple(_KON) if urval.uppdelat_pa_kon else ("",)


def matten(urval: Urval) -> tuple[Matt, ...]:
    """Måtten i rapportens ordning: kvinnor, män och totalt för det som har kön (R34), annars ett per variabel."""
    return tuple(
        Matt(variabel, kon)
        for variabel in (VARIABLER[namn] for namn in urval.variabler)
        for kon in (konen(urval) if variabel.har_kon else ("",))
    )


def kolumner(matt: Matt, urval: Urval) -> tuple[Kolumn, ...]:
    """Måttets kolumner: värdet, och med jämförelse också det tidigare värdet och skillnaden."""
    variabel = matt.variabel
    delat = variabel.har_kon and urval.uppdelat_pa_kon
    konnamn, kontext = _KON[matt.kon] if delat else ("", "")
    jamfors = bool(urval.jamfor) and matt.jamfors
    vald = Kolumn(
        f"{variabel.namn}_{konnamn}" if konnamn else variabel.namn,
        f"{variabel.rubrik}, {kontext.lower()}" if konnamn else variabel.rubrik,
        variabel.period,
        variabel.slag,
        variabel.definition,
        variabel.summeras,
        grupp=variabel.rubrik if delat or jamfors else "",
        underrubrik=kontext,
        variabel=variabel.namn if delat or jamfors else "",
        kon=matt.kon or ("totalt" if delat else ""),
    )
    return _med_jamforelse(vald, urval) if jamfors else (vald,)


def rapportens_matt(urval: Urval) -> list[tuple[int, Matt]]:
    """Måtten i rapporten, med sitt nummer i frågan: summerad per organisation kommer antalet insatser först."""
    matt = list(enumerate(matten(urval)))
    if urval.per_organisation:
        # Organisationens namn står redan först på raden.
        matt = [(-1, Matt(ANTAL_INSATSER))] + [m for m in matt if m[1].variabel.namn != "samverkansorganisation"]
    return matt


def kolumnerna(urval: Urval) -> tuple[Kolumn, ...]:
    """Rapportens alla kolumner."""
    return tuple(kolumn for _, matt in rapportens_matt(urval) for kolumn in kolumner(matt, urval))


def _med_jamforelse(kolumn: Kolumn, urval: Urval) -> tuple[Kolumn, ...]:
    fore = urval.foregaende
    assert fore is not None  # noqa: S101 (anropas bara med jämförelse)
    hela_ar = kolumn.period == Period.KALENDERAR
    tider = [f"hela {manader.ar_text}" if hela_ar else manader.period for manader in (urval, fore)]
    kon = f"{kolumn.underrubrik}, " if kolumn.underrubrik else ""

    def rubrik(text: str) -> str:
        return f"{kon}{text.lower()}" if kon else text

    return (
        replace(kolumn, underrubrik=rubrik("Vald period"), tid=tider[0], del_="vald"),
        replace(
            kolumn,
            namn=f"{kolumn.namn}_fore",
            rubrik=f"{kolumn.rubrik}, {tider[1]}",
            underrubrik=rubrik(_FORE[urval.jamfor]),
            tid=tider[1],
            del_="fore",
        ),
        replace(
            kolumn,
            namn=f"{kolumn.namn}_skillnad",
            rubrik=f"{kolumn.rubrik}, skillnad",
            definition="Värdet för vald period minus värdet för jämförelseperioden. Tomt om något av dem är tomt.",
            underrubrik=rubrik("Skillnad"),
            tid=f"mot {_FORE[urval.jamfor].lower()}",
            del_="skillnad",
        ),
    )

"""Insatsrapportens variabler (`doman.md` 7): en rad per variabel, i rapportens ordning.

En ny variabel är en rad här. `uttryck` är SQL över tabelluttrycken i `fragor.py`: u (insatsen), d (deltaganden),
a (anonyma), b (budget), p (budgetposter) och v (volymantal). `{kon}` byts mot könets kolumn, eller mot inget.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db import models

from insatser.kategorier import Inriktning, PreciseradInriktning, malgruppstext


class Period(models.TextChoices):
    """Vilken tid en variabel avser (R37)."""

    VALD = "M", "vald period"
    KALENDERAR = "Y", "hela kalenderår"
    IDAG = "N", "i dag"
    FAKTUM = "–", ""


class Slag(models.TextChoices):
    """Vad för slags värde en kolumn har."""

    TEXT = "text"
    DATUM = "datum"
    HELTAL = "heltal"
    KRONOR = "kronor"
    DECIMALTAL = "decimaltal"


@cache
def _malgrupper(koder: tuple[str, ...]) -> str | None:
    return malgruppstext(koder) or None


@dataclass(frozen=True, slots=True)
class Variabel:
    """En variabel. `tolka` gör databasens värde (aldrig None) till det som visas, där de skiljer sig åt.

    `har_kon`: urvalet på kön verkar på variabeln (R34).
    """

    namn: str
    rubrik: str
    period: Period
    slag: Slag
    uttryck: str
    definition: str
    tolka: Callable[[Any], Any] | None = None
    har_kon: bool = False

    @property
    def summeras(self) -> bool:
        """Sant om variabeln har ett värde på raden Totalt (R36)."""
        return self.slag in {Slag.HELTAL, Slag.KRONOR}

    def sql(self, kon: str = "") -> str:
        """Uttrycket för alla, eller för ett kön."""
        return self.uttryck.replace("{kon}", f"_{kon}" if kon else "")


def _deltagare(kolumn: str) -> str:
    # R35: antal deltagare finns inte för en volyminsats, annars är inget registrerat noll.
    return f"CASE WHEN NOT u.volym THEN coalesce({kolumn}, 0) END"


_V = (
    Variabel(
        "insatsbeskrivning",
        "Insatsbeskrivning",
        Period.FAKTUM,
        Slag.TEXT,
        "u.beskrivning",
        "Beskrivningen som insatsen har fått. Den visas också när insatsens namn öppnas.",
        lambda text: text or None,
    ),
    Variabel(
        "samverkansorganisation",
        "Samverkansorganisation",
        Period.FAKTUM,
        Slag.TEXT,
        "u.organisation",
        "Namnet på samverkansorganisationen som driver insatsen, inom Finsam samordningsförbundet.",
    ),
    Variabel("startdatum", "Startdatum", Period.FAKTUM, Slag.DATUM, "u.startdatum", "Dagen då insatsen startar."),
    Variabel(
        "slutdatum",
        "Slutdatum",
        Period.FAKTUM,
        Slag.DATUM,
        "u.slutdatum",
        "Dagen då insatsen slutar. Tomt om inget slutdatum är angivet.",
    ),
    Variabel(
        "inriktning",
        "Inriktning",
        Period.FAKTUM,
        Slag.TEXT,
        "u.inriktning",
        "Om insatsen är individinriktad eller strukturövergripande.",
        dict(Inriktning.choices).get,
    ),
    Variabel(
        "preciserad_inriktning",
        "Preciserad inriktning",
        Period.FAKTUM,
        Slag.TEXT,
        "u.preciserad_inriktning",
        "Vad insatsen går ut på, inom inriktningen.",
        dict(PreciseradInriktning.choices).get,
    ),
    Variabel(
        "malgrupp",
        "Specifik målgrupp",
        Period.FAKTUM,
        Slag.TEXT,
        "u.malgrupper",
        "Målgrupperna som insatsen vänder sig till.",
        lambda koder: _malgrupper(tuple(koder)),
    ),
    Variabel(
        "budgeterat_antal_deltagare",
        "Budgeterat antal deltagare",
        Period.KALENDERAR,
        Slag.HELTAL,
        "CASE WHEN NOT u.volym THEN b.planerat_antal END",
        "Det planerade antalet deltagare, med personuppgifter och anonyma tillsammans, för alla kalenderår som "
        "perioden berör. Tomt om inget antal är planerat och för volyminsatser.",
    ),
    Variabel(
        "antal_deltagare",
        "Antal deltagare",
        Period.VALD,
        Slag.HELTAL,
        _deltagare("d.antal{kon}"),
        "Deltaganden med personuppgifter som pågick hela perioden eller en del av den. Den som deltagit flera gånger "
        "räknas varje gång. Felregistreringar räknas inte.",
        har_kon=True,
    ),
    Variabel(
        "antal_unika_deltagare",
        "Antal unika deltagare",
        Period.VALD,
        Slag.HELTAL,
        _deltagare("cardinality(d.personer{kon})"),
        "Olika personer bland Antal deltagare. På raden Totalt räknas en person en gång i hela urvalet, i en "
        "delsumma en gång i gruppen: summan av raderna eller delsummorna kan bli större än Totalt.",
        har_kon=True,
    ),
    Variabel(
        "antal_anonyma_deltagare",
        "Antal anonyma deltagare",
        Period.KALENDERAR,
        Slag.HELTAL,
        _deltagare("a.antal{kon}"),
        "Anonyma deltagare registrerade för de kalenderår som perioden berör, oavsett månad.",
        har_kon=True,
    ),
    Variabel(
        "antal_nystartade_deltagare",
        "Antal nystartade deltagare",
        Period.VALD,
        Slag.HELTAL,
        _deltagare("d.nystartade{kon}"),
        "Inregistreringar med personuppgifter under perioden. Felregistreringar räknas inte.",
        har_kon=True,
    ),
    Variabel(
        "antal_utregistrerade_deltagare",
        "Antal utregistrerade deltagare",
        Period.VALD,
        Slag.HELTAL,
        _deltagare("d.utregistrerade{kon}"),
        "Utregistreringar med personuppgifter under perioden. Felregistreringar räknas inte.",
        har_kon=True,
    ),
    Variabel(
        "antal_pagaende_deltagare",
        "Antal pågående deltagare",
        Period.IDAG,
        Slag.HELTAL,
        _deltagare("d.pagaende{kon}"),
        "Deltagare med personuppgifter som är inregistrerade och inte utregistrerade den dag rapporten tas fram, "
        "oavsett period.",
        har_kon=True,
    ),
    Variabel(
        "budgeterat_antal_volym",
        "Budgeterat antal i volyminsats",
        Period.KALENDERAR,
        Slag.HELTAL,
        "CASE WHEN u.volym THEN b.budgeterat_antal_volym END",
        "Det planerade antalet i en volyminsats, personer eller tillfällen, för alla kalenderår som perioden berör.",
    ),
    Variabel(
        "faktiskt_antal_volym",
        "Faktiskt antal i volyminsats",
        Period.KALENDERAR,
        Slag.HELTAL,
        "CASE WHEN u.volym THEN v.antal END",
        "Det faktiska antalet i en volyminsats, personer eller tillfällen, för alla kalenderår som perioden berör.",
    ),
    Variabel(
        "budgeterad_insatskostnad",
        "Budgeterad insatskostnad",
        Period.KALENDERAR,
        Slag.KRONOR,
        "p.budget",
        "Budget i kronor, insatskostnad och ESF-insatskostnad, för alla kalenderår som perioden berör.",
    ),
    Variabel(
        "utfall_insatskostnad",
        "Utfall insatskostnad",
        Period.KALENDERAR,
        Slag.KRONOR,
        "p.utfall",
        "Utfall i kronor, insatskostnad och ESF-insatskostnad, för alla kalenderår som perioden berör.",
    ),
    Variabel(
        "volyminsats",
        "Volyminsats",
        Period.FAKTUM,
        Slag.TEXT,
        "u.volym",
        "Ja om bara antal registreras för insatsen, Nej om deltagare registreras med personuppgifter "
        "eller som anonyma.",
        lambda volym: "Ja" if volym else "Nej",
    ),
)

VARIABLER: Final[Mapping[str, Variabel]] = {variabel.namn: variabel for variabel in _V}

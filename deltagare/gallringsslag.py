"""Vad som gallras, och inom vilka gränser tiden får ställas (P12, P9).

Tiderna som gäller står i tabellen `Gallringsregel`: de är data och går att ändra på sidan *Gallring*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import models


class Slag(models.TextChoices):
    """Slagen av uppgifter som har en egen regel, i den ordning de gallras."""

    IDENTITET = "identitet", "Identitet"
    HISTORIK = "historik", "Historik"
    ATKOMSTLOGG = "atkomstlogg", "Åtkomstlogg"
    UPPSLAG = "uppslag", "Uppslag i folkbokföringen"


@dataclass(frozen=True, slots=True)
class Slagfakta:
    """Det som gäller för ett slag: vad som tas bort, vad som räknas (ental, flertal), tiden i år och dess gränser."""

    vad: str
    raknas: tuple[str, str]
    grund: str
    ar: int
    minst: int
    hogst: int


SLAGEN: Final[Mapping[Slag, Slagfakta]] = {
    Slag.IDENTITET: Slagfakta(
        "Personnummer, namn, kommun, stadsdel och svar i fritext tas bort för den som är utregistrerad ur alla "
        "insatser och vars Af/FK-samarbeten är avslutade, räknat från den sista utregistreringen eller det sista "
        "avslutet. Statistiken står kvar.",
        ("registrering", "registreringar"),
        "Uppgifterna behövs för att följa upp deltagandet och rätta det i efterhand.",
        10,
        2,
        25,
    ),
    Slag.HISTORIK: Slagfakta(
        "Ändringarna av ett deltagande eller samarbete tas bort när identiteten är borttagen, eller när tiden har "
        "gått sedan det slutade. Registreringen själv står kvar.",
        ("ändring", "ändringar"),
        "Historiken behövs för att reda ut hur en uppgift har kommit till.",
        10,
        2,
        25,
    ),
    Slag.ATKOMSTLOGG: Slagfakta(
        "Rader i åtkomstloggen som är äldre än tiden tas bort.",
        ("rad", "rader"),
        "Loggen behövs för att utreda och pröva otillåten åtkomst.",
        10,
        5,
        25,
    ),
    Slag.UPPSLAG: Slagfakta(
        "Att någon som inte är registrerad i SUS har slagits upp i folkbokföringen. Går senast när loggens rad går.",
        ("uppslag", "uppslag"),
        "Uppslaget behövs för att svara den som frågar vem som har sökt uppgifter om den.",
        5,
        1,
        10,
    ),
}

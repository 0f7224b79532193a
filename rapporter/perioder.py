"""Perioder som följer med i tiden: det som ett sparat urval kan ha i stället för två bestämda månader."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict

from rapporter.falt import snabbval
from rapporter.urval import FORSTA_AR, SISTA_AR, Manader, flytta, manad


class Periodval(models.TextChoices):
    """Vilken period ett sparat urval ger när det öppnas."""

    FAST = "fast", "Samma månader varje gång"
    MANAD = "manad", "Senaste hela månaden"
    TERTIAL = "tertial", "Senaste hela tertialet"
    HALVAR = "halvar", "Senaste hela halvåret"
    DELAR = "delar", "Senaste delåret januari–augusti"
    HELAR = "helar", "Senaste hela året"
    HITTILLS = "hittills", "Innevarande år, till och med den här månaden"


# I snabbvalens ordning.
_RORLIGA = (
    Periodval.MANAD,
    Periodval.TERTIAL,
    Periodval.HALVAR,
    Periodval.DELAR,
    Periodval.HELAR,
    Periodval.HITTILLS,
)


def rorliga(idag: date) -> dict[Periodval, tuple[date, date]]:
    """Perioden som varje rörligt val ger i dag: den första dagen i dess första och dess sista månad."""
    return {val: (fran, till) for val, (_, fran, till) in zip(_RORLIGA, snabbval(idag), strict=True)}


def steg(fran: date, till: date) -> int:
    """Hur många månader *Föregående* och *Nästa* flyttar perioden.

    Hela månader, kvartal, tertial, halvår och år flyttas sin egen längd. Det som inte går jämnt upp i året, som delåret
    januari–augusti, flyttas hela år, så att samma månader jämförs.
    """
    manader = Manader(fran, till).antal_manader
    if manader % 12 == 0 or (12 % manader == 0 and (fran.month - 1) % manader == 0):
        return manader
    return -(-manader // 12) * 12


def flyttad(fran: date, till: date, *, framat: bool) -> tuple[date, date]:
    """Perioden ett steg bakåt eller framåt."""
    antal = steg(fran, till) * (1 if framat else -1)
    return flytta(fran, antal), flytta(till, antal)


def ifylld(adress: QueryDict) -> QueryDict:
    """Adressen som formuläret visar den: en knapp för perioden (`snabbval`) har satt fran och till.

    `snabbval` är två månader åtskilda av _, eller bakat och framat. Det som inte går att läsa ändrar inget.
    """
    data = adress.copy()
    val = adress.get("snabbval", "")
    try:
        if val in {"bakat", "framat"}:
            fran, till = flyttad(manad(adress.get("fran", "")), manad(adress.get("till", "")), framat=val == "framat")
        else:
            fran, till = (manad(del_) for del_ in val.split("_"))
    except (ValidationError, ValueError):
        return data
    if fran <= till and fran.year >= FORSTA_AR and till.year <= SISTA_AR:
        data["fran"], data["till"] = f"{fran:%Y-%m}", f"{till:%Y-%m}"
    return data

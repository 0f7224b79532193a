"""Vem en rad i deltaganden.csv gäller.

Personnummer lämnar aldrig raden: vidare går nycklade index, och personnycklar som inte kan vara ett personnummer.
"""

import hashlib
import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from deltagare.kryptering import fingeravtryck, personindex, pseudonym, samarbetets_avtryck
from deltagare.overforing.falt import Rad
from deltagare.overforing.lage import Insatsen, Lage
from deltagare.personnummer import OgiltigtPersonnummer, Personnummer, tolka
from deltagare.uppgifter import Kon

NAMNLANGD: Final = 200
INGET: Final = "\\N"
_SER_UT_SOM_PERSONNUMMER: Final = re.compile(r"(?<![0-9])(?:[0-9]{8}|[0-9]{6})\s*[-+–]?\s*[0-9]{4}(?![0-9])")
# Slumpad, eller en pseudonym: sifferföljder i dem betyder inget.
_EGEN_NYCKEL: Final = re.compile(r"[0-9a-f]{32}|X[0-9a-f]{24}")
_KON: Final = tuple(Kon.values)


class Person(NamedTuple):
    """Vem raden gäller, så som det står i arbetstabellerna."""

    grupp: str
    """Samma för rader med samma personnyckel, som uuid."""
    personindex: str
    """Personindex (hex) om raden har personnummer, annars \\N."""
    sokindex: str
    """Personindex att hitta en registrerad person med: som ovan, eller ur en nyckel som är ett personnummer."""
    nyckel: str
    """Den angivna personnyckeln, aldrig ett personnummer i klartext; \\N om ingen är angiven."""
    soknyckel: str
    kon: str
    fodelsear: int


@lru_cache(maxsize=100_000)
def _tolka(text: str, idag: date) -> tuple[Personnummer, str] | None:
    try:
        nummer = tolka(text, idag=idag)
    except OgiltigtPersonnummer:
        return None
    return nummer, personindex(nummer.nummer).hex()


@lru_cache(maxsize=20_000)
def _personnyckel(text: str, idag: date) -> tuple[str, str, str]:
    """Gruppen, nyckeln som den lagras och sökindex för en angiven personnyckel."""
    if _EGEN_NYCKEL.fullmatch(text):
        pass
    elif traff := _SER_UT_SOM_PERSONNUMMER.search(text):
        helt = traff[0] == text
        tolkad = _tolka(text, idag) if helt else None
        if tolkad:
            nummer, index = tolkad
            return index[:32], pseudonym(nummer.nummer), index
        text = pseudonym(text)
    elif len(text) > 60 or not text.isprintable():
        text = pseudonym(text)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest(), text, INGET


@lru_cache(maxsize=1_000)
def samarbetsnyckel(text: str) -> str:
    """Samarbetets nyckel som den lagras: aldrig ett personnummer i klartext."""
    if _SER_UT_SOM_PERSONNUMMER.search(text) and not _EGEN_NYCKEL.fullmatch(text):
        return pseudonym(text)
    return text


def las_person(rad: Rad, lage: Lage, inn: date | None) -> Person | None:
    """Vem raden gäller; None om det inte går att avgöra. Personnumret avgör kön och födelseår (R17)."""
    v = rad.varden
    nyckel, nummer = v["person"], v["personnummer"]
    if not nummer:
        return _utan_personnummer(rad, lage, nyckel, inn)
    tolkat = _tolka(nummer, lage.idag)
    for kolumn in ("fornamn", "efternamn"):
        if not 0 < len(v[kolumn]) <= NAMNLANGD:
            rad.namn(kolumn, langd=NAMNLANGD)
    if tolkat is None:
        rad.fela(
            "personnummer",
            "Person- eller samordningsnumret finns inte. Kontrollera datum och kontrollsiffra, ååååmmdd-nnnn.",
        )
        return None
    person, index = tolkat
    kon = rad.kod("kon", _KON)
    fodelsear = v["fodelsear"]
    if kon and kon != person.kon:
        rad.fela("kon", "Könet stämmer inte med personnumret. Rätta det, eller lämna kon tomt.")
    if fodelsear and fodelsear != str(person.fodelsear):
        rad.fela("fodelsear", "Födelseåret stämmer inte med personnumret. Rätta det, eller lämna fodelsear tomt.")
    if inn and person.fodelsear > inn.year:
        rad.fela("inregistrering", "Inregistreringen är före personens födelse. Kontrollera datum och personnummer.")
    grupp, lagrad, sokindex = _personnyckel(nyckel, lage.idag) if nyckel else (index[:32], INGET, index)
    if sokindex == index:  # nyckeln är personnumret självt: som om den inte vore angiven
        lagrad = INGET
    soknyckel = lagrad
    if lagrad == INGET and lage.pseudonymer_finns:
        soknyckel = pseudonym(person.nummer)
    return Person(grupp, index, index, lagrad, soknyckel, person.kon, person.fodelsear)


def _utan_personnummer(rad: Rad, lage: Lage, nyckel: str, inn: date | None) -> Person | None:
    v = rad.varden
    if lage.rackvidd:
        rad.saknas("personnummer", "Ange personnummer. Den som inte lämnar samtycke räknas som anonym, i anonyma.csv.")
        return None
    if not nyckel:
        rad.saknas(
            "personnummer" if rad.har("personnummer") else "person",
            "Ange personnummer, eller för en avidentifierad deltagare person, kon och fodelsear.",
        )
        return None
    kon = rad.kod("kon", _KON, kravs=True)
    fodelsear = rad.heltal("fodelsear", minst=1850, hogst=2100, kravs=True, enhet="Födelseåret")
    for kolumn in ("fornamn", "efternamn"):
        if v[kolumn]:
            rad.fela(
                kolumn, "Namn anges bara tillsammans med personnummer. Lämna fältet tomt eller fyll i personnummer."
            )
    if fodelsear and inn and fodelsear > inn.year:
        rad.fela("fodelsear", "Födelseåret är efter inregistreringen. Rätta ett av dem.")
    if not kon or fodelsear is None:
        return None
    grupp, lagrad, sokindex = _personnyckel(nyckel, lage.idag)
    return Person(grupp, INGET, sokindex, lagrad, lagrad, kon, fodelsear)


def avtryck_for(rad: Rad, idag: date, insatsen: Insatsen, inn: date, lopnr: int) -> list[str]:
    """Radens eget fingeravtryck först, sedan de andra som ett tidigare deltagande kan ha fått."""
    return [
        fingeravtryck(insats=insatsen.nyckel, person=text, inregistrering=inn.isoformat(), lopnr=lopnr).hex()
        for text in _avtryckets_personer(rad, idag)
    ]


def samarbetets_avtryck_for(rad: Rad, idag: date, samarbete: str) -> list[str]:
    """Som `avtryck_for`, för en rad i samarbeten.csv."""
    return [samarbetets_avtryck(samarbete=samarbete, person=text).hex() for text in _avtryckets_personer(rad, idag)]


def _avtryckets_personer(rad: Rad, idag: date) -> list[str]:
    v = rad.varden
    tolkat = _tolka(v["personnummer"], idag) if v["personnummer"] else None
    texter = [v["person"]] if v["person"] else []
    nyckelns = _tolka(texter[0], idag) if texter else None
    texter = [nyckelns[0].nummer] if nyckelns else texter
    if tolkat and tolkat[0].nummer not in texter:
        texter.append(tolkat[0].nummer)
    return texter

"""Importen i sin helhet: läs, pröva, skriv, allt i en transaktion (`import-och-kommandon.md` 2)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.db import IntegrityError, InternalError, OperationalError, transaction
from django.db.utils import DataError

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare.overforing import (
    identiteter,
    lage,
    personer,
    rader_per_ar,
    regler,
    skriv_deltaganden,
    skriv_insatser,
    staging,
    tabeller,
)
from deltagare.overforing.databasfel import pa_svenska
from deltagare.overforing.falt import Rad
from deltagare.overforing.fel import Importfel, Utfall
from deltagare.overforing.filformat import DELTAGANDEN, INSATSER, ORGANISATIONER
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.lage import Lage
from deltagare.overforing.lasning import Csvfil, Framsteg, hitta_filer
from deltagare.overforing.personrader import INGET, Person
from deltagare.overforing.rader_deltaganden import Deltaganden
from deltagare.overforing.tabeller import INSATS, ORGANISATION, PER_AR, Antal

_SEDDA = 100_000  # olika personuppgifter att minnas; fler skrivs bara flera gånger till arbetstabellen


class _Bara(Exception):
    """Kontrollen är klar; inget ska sparas."""


def importera(
    katalog: Path, *, idag: date, kontrollera: bool = False, utfall: Utfall, framsteg: Framsteg = lambda _antal: None
) -> dict[str, Antal]:
    """Läser katalogens filer och skriver dem, eller inget. Ger antalet nya, ändrade och oförändrade rader per fil.

    `idag` är den dag efter vilken allt är framtid. Felen och varningarna läggs i `utfall`; med minst ett fel
    kastas Importfel och inget är sparat. `kontrollera` prövar allt, också databasens villkor, men sparar inget.
    """
    antal: dict[str, Antal] = {}
    vagar = hitta_filer(katalog, utfall.fel)
    filer = {namn: Csvfil(vag, utfall.fel) for namn, vag in vagar.items()}
    try:
        with transaction.atomic(using=AGARE, durable=True):
            antal |= _i_transaktion(filer, idag, utfall, framsteg)
            if kontrollera:
                raise _Bara
            if any(en.nya or en.andrade for en in antal.values()):
                logga(
                    Handelse.Typ.IMPORTERAT,
                    av=None,
                    using=AGARE,
                    filer={fil: [en.nya, en.andrade, en.oforandrade] for fil, en in antal.items()},
                )
    except _Bara:
        return antal
    except (IntegrityError, DataError, InternalError, OperationalError) as fel:
        fil, text = pa_svenska(fel)
        utfall.fel.lagg(fil, 0, "", text)
        raise Importfel from fel
    return antal


def _i_transaktion(filer: dict[str, Csvfil], idag: date, utfall: Utfall, framsteg: Framsteg) -> dict[str, Antal]:
    staging.skapa()
    nulage = lage.las(idag)
    dugliga = {namn: fil for namn, fil in filer.items() if fil.duger}
    # Utan insatsfilen vore varje rad om dess insatser ett fel till: säg hellre det som är fel först.
    for namn in (ORGANISATIONER, INSATSER):
        if namn in filer and namn not in dugliga:
            raise Importfel
    for namn, fil in dugliga.items():
        if namn != DELTAGANDEN:
            staging.lagg(namn, las_rader(fil, nulage, utfall, framsteg))
    regler.prova_organisationer(nulage, utfall)
    regler.prova_namn(nulage, utfall)
    if DELTAGANDEN in dugliga:
        las_deltaganden(dugliga[DELTAGANDEN], nulage, utfall, framsteg)
    tabeller.finn(nulage, dugliga)
    personer.finn(utfall)
    if DELTAGANDEN in dugliga:
        skriv_deltaganden.fyll_saknade(dugliga[DELTAGANDEN])
    innan = utfall.fel.antal
    for namn in (*PER_AR, DELTAGANDEN):
        regler.prova_dubbletter(namn, utfall)
    regler.prova_mot_registrerat(utfall)
    if utfall.fel.antal == innan:
        regler.prova_overlapp(utfall)
    if utfall.fel.antal:
        raise Importfel
    regler.varna_for_oppna(nulage, utfall, idag)
    return _skriv(dugliga, idag, framsteg)


def las_rader(fil: Csvfil, nulage: Lage, utfall: Utfall, framsteg: Framsteg) -> Iterator[tuple[object, ...]]:
    """De felfria radernas värden, i arbetstabellens ordning. Felen läggs i `utfall`."""
    rad = Rad(fil, utfall.fel, utfall.varningar)
    las = rader_per_ar.RADER[fil.namn]
    for nr, falt in fil.rader(framsteg):
        rad.satt(nr, falt)
        if (varden := las(rad, nulage)) is not None:
            yield varden


def las_deltaganden(fil: Csvfil, nulage: Lage, utfall: Utfall, framsteg: Framsteg) -> None:
    """Lägger deltagandenas felfria rader i arbetstabellerna. Felen läggs i `utfall`."""
    rad = Rad(fil, utfall.fel, utfall.varningar)
    lasare = Deltaganden(rad, nulage)
    rader, personrader, avtryck = (
        staging.Textkopia(tabell) for tabell in ("imp_deltagande", "imp_personrad", "imp_avtryck")
    )
    sedda: set[Person] = set()
    for nr, falt in fil.rader(framsteg):
        rad.satt(nr, falt)
        last = lasare.las()
        if last is None:
            continue
        text, person, radens_avtryck = last
        if person not in sedda:
            if len(sedda) >= _SEDDA:
                sedda.clear()
            sedda.add(person)
            personrader.lagg(_persontext(nr, person))
        for ett in radens_avtryck:
            avtryck.lagg(f"{nr}\t\\\\x{ett}")
        if rader.lagg(text):
            for kopia in (rader, personrader, avtryck):
                kopia.tom()
    for kopia in (rader, personrader, avtryck):
        kopia.tom()


def _persontext(nr: int, person: Person) -> str:
    index, sokindex = (INGET if hex_ == INGET else f"\\\\x{hex_}" for hex_ in (person.personindex, person.sokindex))
    nyckel, soknyckel = (
        text if text == INGET else staging.copytext(text) for text in (person.nyckel, person.soknyckel)
    )
    return f"{nr}\t{person.grupp}\t{index}\t{sokindex}\t{nyckel}\t{soknyckel}\t{person.kon}\t{person.fodelsear}"


def _skriv(filer: dict[str, Csvfil], idag: date, framsteg: Framsteg) -> dict[str, Antal]:
    antal: dict[str, Antal] = {}
    med_kommuner = ORGANISATIONER in filer and filer[ORGANISATIONER].har("kommuner")
    antal[ORGANISATIONER] = skriv_insatser.skriv_organisationer(med_kommuner=med_kommuner)
    antal[INSATSER] = skriv_insatser.skriv_insatser()
    skriv_insatser.las_kategoriseringar()
    for fil, tabell in PER_AR.items():
        antal[fil] = skriv_insatser.skriv_per_ar(tabell)
    if DELTAGANDEN in filer:
        personer.skriv()
        deltaganden = skriv_deltaganden.skriv()
        if filer[DELTAGANDEN].har("personnummer"):
            namn = identiteter.skriv(filer[DELTAGANDEN], idag, framsteg)
            nya, andrade, oforandrade = deltaganden
            deltaganden = Antal(nya, andrade + namn, oforandrade - namn)
        antal[DELTAGANDEN] = deltaganden
    skriv_insatser.dra_ihop(INSATS, ORGANISATION)
    return {fil: en for fil, en in antal.items() if fil in filer}

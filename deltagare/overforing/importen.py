"""Importen i sin helhet: läs, pröva, skriv, allt i en transaktion (`import-och-kommandon.md` 2)."""

from collections.abc import Callable, Iterator
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
    rader_samarbeten,
    regler,
    samarbeten,
    samarbetsregler,
    skriv_deltaganden,
    skriv_insatser,
    skriv_samarbeten,
    staging,
    tabeller,
)
from deltagare.overforing.databasfel import pa_svenska
from deltagare.overforing.falt import Rad
from deltagare.overforing.fel import Importfel, Utfall
from deltagare.overforing.filformat import (
    DELTAGANDEN,
    INSATSER,
    KONTORSBYTEN,
    ORGANISATIONER,
    OVERGANGER,
    PERSONFILER,
    SAMARBETEN,
)
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.lage import Lage
from deltagare.overforing.lasning import Csvfil, Framsteg, hitta_filer
from deltagare.overforing.personrader import INGET, Person, samarbetsnyckel
from deltagare.overforing.rader_deltaganden import Deltaganden
from deltagare.overforing.tabeller import INSATS, ORGANISATION, PER_AR, Antal

# Olika personuppgifter att minnas, som ett tal var: hela landets ryms i 70 MB. Fler skrivs bara flera gånger till
# arbetstabellen.
_SEDDA = 1_000_000


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
        fil, text = pa_svenska(fel, filer)
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
        if namn in rader_per_ar.RADER:
            staging.lagg(namn, las_rader(fil, nulage, utfall, framsteg))
    regler.prova_organisationer(nulage, utfall)
    regler.prova_namn(nulage, utfall)
    if DELTAGANDEN in dugliga:
        las_deltaganden(dugliga[DELTAGANDEN], nulage, utfall, framsteg)
    if SAMARBETEN in dugliga or SAMARBETEN not in filer:
        las_samarbeten(dugliga, nulage, utfall, framsteg)
    tabeller.finn(nulage, dugliga)
    personer.finn(utfall)
    if DELTAGANDEN in dugliga:
        skriv_deltaganden.fyll_saknade(dugliga[DELTAGANDEN])
    samarbeten.finn(nulage, dugliga.get(SAMARBETEN))
    innan = utfall.fel.antal
    for namn in (*PER_AR, *PERSONFILER, OVERGANGER, KONTORSBYTEN):
        regler.prova_dubbletter(namn, utfall)
    regler.prova_mot_registrerat(utfall)
    samarbetsregler.prova(utfall, overganger_lasta=OVERGANGER in dugliga or OVERGANGER not in filer)
    if utfall.fel.antal == innan:
        regler.prova_overlapp(utfall)
        samarbetsregler.prova_personernas(utfall)
    if utfall.fel.antal:
        raise Importfel
    regler.varna_for_oppna(nulage, utfall, idag)
    samarbetsregler.varna_for_oppna(utfall, idag)
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
    _las_personrader(fil, rad, Deltaganden(rad, nulage).las, staging.Textkopia("imp_deltagande"), framsteg)


def las_samarbeten(filer: dict[str, Csvfil], nulage: Lage, utfall: Utfall, framsteg: Framsteg) -> None:
    """Som `las_deltaganden`, för samarbetena och filerna som hör till dem."""
    trasiga: set[str] = set()
    if SAMARBETEN in filer:
        fil = filer[SAMARBETEN]
        rad = Rad(fil, utfall.fel, utfall.varningar)
        kopia = staging.Textkopia("imp_samarbete", rader_samarbeten.KOLUMNER)
        trasiga |= _las_personrader(fil, rad, rader_samarbeten.Samarbeten(rad, nulage).las, kopia, framsteg)
    for namn, (tabell, las) in rader_samarbeten.RADER.items():
        if namn not in filer:
            continue
        rad = Rad(filer[namn], utfall.fel, utfall.varningar)
        kopia = staging.Textkopia(tabell)
        for nr, falt in filer[namn].rader(framsteg):
            rad.satt(nr, falt)
            if (text := las(rad, nulage)) is None:
                trasiga.add(samarbetsnyckel(rad.text("samarbete")))
            elif kopia.lagg(text):
                kopia.tom()
        kopia.tom()
    kopia = staging.Textkopia("imp_trasigt")
    for nyckel in trasiga:
        kopia.lagg(staging.copytext(nyckel))
    kopia.tom()


def _las_personrader(
    fil: Csvfil,
    rad: Rad,
    las: Callable[[], tuple[str, Person, list[str]] | None],
    rader: staging.Textkopia,
    framsteg: Framsteg,
) -> set[str]:
    """Lägger filens felfria rader i arbetstabellerna. Ger samarbetena på raderna med fel, om filen har några."""
    nummer = PERSONFILER.index(fil.namn)
    personrader, avtryck = (staging.Textkopia(tabell) for tabell in ("imp_personrad", "imp_avtryck"))
    sedda: set[int] = set()
    trasiga: set[str] = set()
    for nr, falt in fil.rader(framsteg):
        rad.satt(nr, falt)
        last = las()
        if last is None:
            if fil.namn == SAMARBETEN:
                trasiga.add(samarbetsnyckel(rad.text("samarbete")))
            continue
        text, person, radens_avtryck = last
        if (denna := hash(person)) not in sedda:
            if len(sedda) >= _SEDDA:
                sedda.clear()
            sedda.add(denna)
            personrader.lagg(_persontext(nummer, nr, person))
        for ett in radens_avtryck:
            avtryck.lagg(f"{nummer}\t{nr}\t\\\\x{ett}")
        if rader.lagg(text):
            for kopia in (rader, personrader, avtryck):
                kopia.tom()
    for kopia in (rader, personrader, avtryck):
        kopia.tom()
    return trasiga


def _persontext(fil: int, nr: int, person: Person) -> str:
    index, sokindex = (INGET if hex_ == INGET else f"\\\\x{hex_}" for hex_ in (person.personindex, person.sokindex))
    nyckel, soknyckel = (
        text if text == INGET else staging.copytext(text) for text in (person.nyckel, person.soknyckel)
    )
    return f"{fil}\t{nr}\t{person.grupp}\t{index}\t{sokindex}\t{nyckel}\t{soknyckel}\t{person.kon}\t{person.fodelsear}"


def _skriv(filer: dict[str, Csvfil], idag: date, framsteg: Framsteg) -> dict[str, Antal]:
    antal: dict[str, Antal] = {}
    # Få satser men många rader: främmandenycklarnas planer ska göras en gång, inte för varje rad.
    staging.kor("SET LOCAL plan_cache_mode = 'auto'")
    med_kommuner = ORGANISATIONER in filer and filer[ORGANISATIONER].har("kommuner")
    antal[ORGANISATIONER] = skriv_insatser.skriv_organisationer(med_kommuner=med_kommuner)
    antal[INSATSER] = skriv_insatser.skriv_insatser()
    skriv_insatser.las_kategoriseringar()
    for fil, tabell in PER_AR.items():
        antal[fil] = skriv_insatser.skriv_per_ar(tabell)
    personer.skriv()
    if DELTAGANDEN in filer:
        antal[DELTAGANDEN] = skriv_deltaganden.skriv()
    antal |= skriv_samarbeten.skriv()
    for fil, namn in identiteter.skriv(_med_personnummer(filer), idag, framsteg).items():
        nya, andrade, oforandrade = antal[fil]
        antal[fil] = Antal(nya, andrade + namn, oforandrade - namn)
    identiteter.ta_bort()
    skriv_insatser.dra_ihop(INSATS, ORGANISATION)
    return {fil: en for fil, en in antal.items() if fil in filer}


def _med_personnummer(filer: dict[str, Csvfil]) -> list[Csvfil]:
    return [filer[namn] for namn in PERSONFILER if namn in filer and filer[namn].har("personnummer")]

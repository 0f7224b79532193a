"""Exporten: samma filer som importera läser, ur en enda ögonblicksbild av databasen (`import-och-kommandon.md` 2)."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from django.db import connections, transaction

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare.kryptering import dekryptera
from deltagare.overforing.filformat import (
    ANONYMA,
    BUDGET,
    BUDGETPOSTER,
    DELTAGANDEN,
    FILER,
    INSATSER,
    KONTORSBYTEN,
    ORGANISATIONER,
    OVERGANGER,
    SAMARBETEN,
    VID_BEHOV,
    VOLYMANTAL,
)
from deltagare.overforing.forbindelse import AGARE

SAKNAS: Final = (
    "konton, behörigheter och uppdrag, åtkomstloggen, kompletterande frågor och svaren på dem, "
    "samverkansorganisationers stadsdelar, kontaktuppgifter, ingående organisationer och budget, "
    "uppgifterna före och efter Af/FK-samarbeten och vem som har registrerat deras övergångar, "
    "lås på insatser vars registreringar är borttagna, folkbokföringsregistret, och ändrade kodverk och övergångsregler"
)
"""Det som filerna inte bär med sig."""

_FRAGOR: Final = {
    ORGANISATIONER: """
        SELECT organisationsnummer, namn, samverkansform, startdatum, slutdatum, beskrivning,
               array_to_string(ARRAY(
                   SELECT kommun_id FROM insatser_samverkansorganisation_kommuner k
                   WHERE k.samverkansorganisation_id = o.id ORDER BY 1), ';')
        FROM insatser_samverkansorganisation o ORDER BY organisationsnummer
    """,
    INSATSER: """
        SELECT i.nyckel, o.organisationsnummer, i.namn, i.beskrivning, i.startdatum, i.slutdatum, i.inriktning,
               i.preciserad_inriktning, i.deltagarregistrering, array_to_string(i.malgrupper, ';'), i.omrade
        FROM insatser_insats i JOIN insatser_samverkansorganisation o ON o.id = i.samverkansorganisation_id
        ORDER BY i.nyckel COLLATE "C"
    """,
    BUDGET: """
        SELECT i.nyckel, b.ar, b.planerat_antal, b.budgeterat_antal_volym
        FROM insatser_budget b JOIN insatser_insats i ON i.id = b.insats_id ORDER BY i.nyckel COLLATE "C", b.ar
    """,
    BUDGETPOSTER: """
        SELECT i.nyckel, b.ar, b.rad, b.budgettyp, b.budget, b.utfall, b.beskrivning
        FROM insatser_budgetpost b JOIN insatser_insats i ON i.id = b.insats_id
        ORDER BY i.nyckel COLLATE "C", b.ar, b.rad
    """,
    VOLYMANTAL: """
        SELECT i.nyckel, v.ar, v.antal
        FROM deltagare_volymantal v JOIN insatser_insats i ON i.id = v.insats_id ORDER BY i.nyckel COLLATE "C", v.ar
    """,
    ANONYMA: """
        SELECT i.nyckel, a.ar, a.kon, a.antal
        FROM deltagare_anonym a JOIN insatser_insats i ON i.id = a.insats_id
        ORDER BY i.nyckel COLLATE "C", a.ar, a.kon
    """,
}
_DELTAGANDEN: Final = """
    SELECT i.nyckel, p.nyckel, d.inregistrering, d.lopnr,
           t.personnummer, p.kon, p.fodelsear, t.fornamn, t.efternamn, f.kommun_id, s.namn,
           d.samtycke, d.samtycke_arkiverat, d.utregistrering, d.avslutningsanledning, d.utbildning,
           d.tid_i_forsorjning, array_to_string(d.forsorjning_fore, ';'), array_to_string(d.forsorjning_efter, ';'),
           d.arbete_fore, d.arbete_efter, d.studier_fore, d.studier_efter,
           array_to_string(d.arbetstyp_fore, ';'), array_to_string(d.arbetstyp_efter, ';'),
           CASE d.arbetssokande_fore WHEN true THEN 'ja' WHEN false THEN 'nej' END,
           CASE d.arbetssokande_efter WHEN true THEN 'ja' WHEN false THEN 'nej' END,
           t.nyckel_id
    FROM deltagare_deltagande d
    JOIN insatser_insats i ON i.id = d.insats_id
    JOIN deltagare_person p ON p.id = d.person_id
    LEFT JOIN deltagare_folkbokforing f ON %s AND f.deltagande_id = d.id AND NOT d.avidentifierat
    LEFT JOIN insatser_stadsdel s ON s.id = f.stadsdel_id
    LEFT JOIN deltagare_identitet t ON t.person_id = d.person_id AND f.deltagande_id IS NOT NULL
    ORDER BY i.nyckel COLLATE "C", p.nyckel COLLATE "C", d.inregistrering, d.lopnr
"""
_SAMARBETEN: Final = """
    SELECT a.nyckel, p.nyckel,
           t.personnummer, p.kon, p.fodelsear, t.fornamn, t.efternamn, f.kommun_id, s.namn,
           a.samtycke, af.nyckel, fk.nyckel, a.initierad_av,
           t.nyckel_id
    FROM deltagare_samarbete a
    JOIN deltagare_samarbetskontor k ON k.samarbete_id = a.id AND k.datum = a.borjan
    JOIN insatser_insats af ON af.id = k.af_kontor_id JOIN insatser_insats fk ON fk.id = k.fk_kontor_id
    JOIN deltagare_person p ON p.id = a.person_id
    LEFT JOIN deltagare_samarbetsfolkbokforing f ON %s AND f.samarbete_id = a.id AND NOT a.avidentifierat
    LEFT JOIN insatser_stadsdel s ON s.id = f.stadsdel_id
    LEFT JOIN deltagare_identitet t ON t.person_id = a.person_id AND f.samarbete_id IS NOT NULL
    ORDER BY a.nyckel COLLATE "C"
"""
_SAMARBETENAS: Final = {
    OVERGANGER: """
        SELECT a.nyckel, o.ordning, o.till, o.datum, o.orsak
        FROM deltagare_overgang o JOIN deltagare_samarbete a ON a.id = o.samarbete_id
        ORDER BY a.nyckel COLLATE "C", o.ordning
    """,
    KONTORSBYTEN: """
        SELECT a.nyckel, k.datum, af.nyckel, fk.nyckel
        FROM deltagare_samarbetskontor k JOIN deltagare_samarbete a ON a.id = k.samarbete_id AND k.datum > a.borjan
        JOIN insatser_insats af ON af.id = k.af_kontor_id JOIN insatser_insats fk ON fk.id = k.fk_kontor_id
        ORDER BY a.nyckel COLLATE "C", k.datum
    """,
}
_HAMTADE: Final = 2_000


def exportera(katalog: Path, *, med_personuppgifter: bool) -> dict[str, int]:
    """Skriver filerna och ger antalet rader i var och en. Exporten loggas; kan den inte loggas skrivs inget.

    Utan personuppgifter är varje person avidentifierad. Personens nyckel är densamma i båda fallen, så att
    rapporterna blir lika. Filer med samma namn i katalogen ersätts när alla är klara; filerna kan bara läsas av ägaren.
    """
    katalog.mkdir(mode=0o700, parents=True, exist_ok=True)
    antal: dict[str, int] = {}
    try:
        with transaction.atomic(using=AGARE, durable=True):
            with connections[AGARE].cursor() as markor:
                markor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for namn, fraga in _FRAGOR.items():
                antal[namn] = _skriv(katalog, namn, _hamta(fraga), utan=_tomma(namn))
            for namn, fraga in {DELTAGANDEN: _DELTAGANDEN, SAMARBETEN: _SAMARBETEN}.items():
                antal[namn] = _skriv(katalog, namn, _personrader(namn, fraga, med_personuppgifter))
            for namn, fraga in _SAMARBETENAS.items():
                antal[namn] = _skriv(katalog, namn, _hamta(fraga))
            logga(Handelse.Typ.EXPORTERAT, av=None, using=AGARE, med_personuppgifter=med_personuppgifter, filer=antal)
        for namn in FILER:
            _tillfallig(katalog, namn).replace(katalog / namn)
    finally:
        for namn in FILER:
            _tillfallig(katalog, namn).unlink(missing_ok=True)
    return antal


def _tillfallig(katalog: Path, namn: str) -> Path:
    return katalog / f".{namn}.{os.getpid()}"


def _tomma(namn: str) -> str:
    """Filens kolumn som bara skrivs vid behov, när ingen rad har något i den; annars tomt."""
    kolumn = VID_BEHOV.get(namn, "")
    if kolumn and any(rad[FILER[namn].kolumner.index(kolumn)] for rad in _hamta(_FRAGOR[namn])):
        return ""
    return kolumn


def _skriv(katalog: Path, namn: str, rader: Iterator[Sequence[Any]], *, utan: str = "") -> int:
    """Skriver filen, utan kolumnen `utan`, och ger antalet rader."""
    antal = 0
    med = [nr for nr, kolumn in enumerate(FILER[namn].kolumner) if kolumn != utan]
    fd = os.open(_tillfallig(katalog, namn), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as fil:
        skrivare = csv.writer(fil, lineterminator="\n")
        skrivare.writerow([FILER[namn].kolumner[nr] for nr in med])
        for rad in rader:
            skrivare.writerow([rad[nr] for nr in med] if utan else rad)
            antal += 1
    return antal


def _hamta(fraga: str, varden: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    with connections[AGARE].chunked_cursor() as markor:
        markor.execute(fraga, varden)
        while rader := markor.fetchmany(_HAMTADE):
            yield from rader


def _personrader(fil: str, fraga: str, med_personuppgifter: bool) -> Iterator[list[Any]]:
    plats = {kolumn: nr for nr, kolumn in enumerate(FILER[fil].kolumner)}
    for rad in _hamta(fraga, [med_personuppgifter]):
        *falt, nyckel_id = rad
        if nyckel_id is None:
            # Utan identitet: kön och födelseår, men varken kommun eller stadsdel.
            falt[plats["kommun"]] = falt[plats["stadsdel"]] = None
        else:
            for namn in ("personnummer", "fornamn", "efternamn"):
                falt[plats[namn]] = dekryptera(falt[plats[namn]], falt=namn, nyckel_id=nyckel_id)
            falt[plats["kon"]] = falt[plats["fodelsear"]] = None  # framgår av personnumret
        yield falt

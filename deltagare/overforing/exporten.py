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
    ORGANISATIONER,
    VOLYMANTAL,
)
from deltagare.overforing.forbindelse import AGARE

SAKNAS: Final = (
    "konton, behörigheter och uppdrag, åtkomstloggen, kompletterande frågor och svaren på dem, "
    "samverkansorganisationers stadsdelar, kontaktuppgifter, ingående organisationer och budget, "
    "lås på insatser vars registreringar är borttagna, folkbokföringsregistret, och ändrade kodverk"
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
               i.preciserad_inriktning, i.deltagarregistrering, array_to_string(i.malgrupper, ';')
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
_HAMTADE: Final = 2_000
_PERSONNUMMER, _KON, _FODELSEAR, _FORNAMN, _EFTERNAMN, _KOMMUN, _STADSDEL = range(4, 11)


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
                antal[namn] = _skriv(katalog, namn, _hamta(fraga))
            antal[DELTAGANDEN] = _skriv(katalog, DELTAGANDEN, _deltaganden(med_personuppgifter))
            logga(Handelse.Typ.EXPORTERAT, av=None, using=AGARE, med_personuppgifter=med_personuppgifter, filer=antal)
        for namn in FILER:
            _tillfallig(katalog, namn).replace(katalog / namn)
    finally:
        for namn in FILER:
            _tillfallig(katalog, namn).unlink(missing_ok=True)
    return antal


def _tillfallig(katalog: Path, namn: str) -> Path:
    return katalog / f".{namn}.{os.getpid()}"


def _skriv(katalog: Path, namn: str, rader: Iterator[Sequence[Any]]) -> int:
    antal = 0
    fd = os.open(_tillfallig(katalog, namn), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as fil:
        skrivare = csv.writer(fil, lineterminator="\n")
        skrivare.writerow(FILER[namn].kolumner)
        for rad in rader:
            skrivare.writerow(rad)
            antal += 1
    return antal


def _hamta(fraga: str, varden: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    with connections[AGARE].chunked_cursor() as markor:
        markor.execute(fraga, varden)
        while rader := markor.fetchmany(_HAMTADE):
            yield from rader


def _deltaganden(med_personuppgifter: bool) -> Iterator[list[Any]]:
    for rad in _hamta(_DELTAGANDEN, [med_personuppgifter]):
        *falt, nyckel_id = rad
        if nyckel_id is None:
            # Utan identitet: kön och födelseår, men varken kommun eller stadsdel.
            falt[_KOMMUN] = falt[_STADSDEL] = None
        else:
            for plats, namn in ((_PERSONNUMMER, "personnummer"), (_FORNAMN, "fornamn"), (_EFTERNAMN, "efternamn")):
                falt[plats] = dekryptera(falt[plats], falt=namn, nyckel_id=nyckel_id)
            falt[_KON] = falt[_FODELSEAR] = None  # framgår av personnumret
        yield falt

"""Vilka personer raderna gäller: funna på personnummer, personnyckel eller fingeravtryck, annars nya."""

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import sql

from deltagare.overforing.fel import Utfall
from deltagare.overforing.filformat import DELTAGANDEN, PERSONFILER, SAMARBETEN
from deltagare.overforing.forbindelse import ar_agarens
from deltagare.overforing.regler import lagg_ur
from deltagare.overforing.staging import hamta, kor

# Med olika nyckel i var sin fil är personnumret ändå samma persons.
_ETT_NUMMER_I_TVA_FILER: Final = """
    CREATE TEMP TABLE imp_nygrupp ON COMMIT DROP AS
    SELECT DISTINCT ON (s.grupp) s.grupp AS fran, d.grupp AS till
    FROM imp_personrad s JOIN imp_personrad d ON d.fil = 0 AND d.index = s.index
    WHERE s.fil = 1 AND s.grupp <> d.grupp ORDER BY s.grupp, d.rad
"""
# En rad per person i filerna. `ny`: personen är inte registrerad.
_GRUPPER: Final = """
    CREATE TEMP TABLE imp_grupp ON COMMIT DROP AS
    SELECT DISTINCT ON (grupp) grupp, kon, fodelsear, fil, rad,
           index, sokindex, nyckel, soknyckel, NULL::bigint AS person_id, false AS ny, false AS identitet,
           false AS pa_avtryck
    FROM imp_personrad ORDER BY grupp, fil, rad
"""
# Flera uppgifter om samma person: den som har personnummer och den som har angiven nyckel gäller.
_SAMMANFOGA: Final = """
    UPDATE imp_grupp g SET
        index = coalesce(g.index, p.index), sokindex = coalesce(g.sokindex, p.sokindex),
        nyckel = coalesce(g.nyckel, p.nyckel), soknyckel = coalesce(g.soknyckel, p.soknyckel)
    FROM (SELECT grupp, (array_agg(index) FILTER (WHERE index IS NOT NULL))[1] AS index,
                 (array_agg(sokindex) FILTER (WHERE sokindex IS NOT NULL))[1] AS sokindex,
                 min(nyckel) AS nyckel, min(soknyckel) AS soknyckel
          FROM imp_personrad GROUP BY grupp HAVING count(*) > 1) p
    WHERE p.grupp = g.grupp AND ROW(g.index, g.sokindex, g.nyckel, g.soknyckel) IS DISTINCT FROM
          ROW(coalesce(g.index, p.index), coalesce(g.sokindex, p.sokindex),
              coalesce(g.nyckel, p.nyckel), coalesce(g.soknyckel, p.soknyckel))
"""
# Den första andra raden, med filen om den är en annan.
_VID: Final = sql.SQL(
    "(array_agg(a.rad ORDER BY a.fil, a.rad))[1] || CASE WHEN min(a.fil) < p.fil THEN ' i deltaganden.csv' ELSE '' END"
)
_MOTSAGELSER: Final = (
    # En nyckel, två personnummer.
    """
    SELECT p.fil, p.rad, 'personnummer', 'Personnyckeln står med ett annat personnummer på rad '
           || {vid} || '. En person har en nyckel och ett personnummer.'
    FROM imp_personrad p JOIN imp_personrad a
        ON a.grupp = p.grupp AND a.index <> p.index AND (a.fil, a.rad) < (p.fil, p.rad)
    GROUP BY p.fil, p.rad
    """,
    # Ett personnummer, två nycklar.
    """
    SELECT p.fil, p.rad, 'person', 'Personnumret står med en annan personnyckel på rad '
           || {vid} || '. Använd samma nyckel på alla personens rader, eller ingen.'
    FROM imp_personrad p JOIN imp_personrad a
        ON a.index = p.index AND a.grupp <> p.grupp AND (a.fil, a.rad) < (p.fil, p.rad)
    GROUP BY p.fil, p.rad
    """,
    """
    SELECT p.fil, p.rad, CASE WHEN bool_and(a.kon = p.kon) THEN 'fodelsear' ELSE 'kon' END,
           'Personen har ett annat kön eller födelseår på rad ' || {vid} || '. Rätta det ena.'
    FROM imp_personrad p JOIN imp_personrad a ON a.grupp = p.grupp AND (a.fil, a.rad) < (p.fil, p.rad)
         AND (a.kon, a.fodelsear) <> (p.kon, p.fodelsear) AND (a.index IS NULL OR p.index IS NULL OR a.index = p.index)
    GROUP BY p.fil, p.rad
    """,
)
_FINN_INDEX: Final = """
    UPDATE imp_grupp g SET person_id = i.person_id FROM deltagare_identitet i WHERE i.personindex = g.sokindex
"""
# Numret är bytt sedan filen skrevs: personens kön och födelseår följer det nya.
_FINN_TIDIGARE: Final = """
    UPDATE imp_grupp g SET person_id = p.id, kon = p.kon, fodelsear = p.fodelsear
    FROM deltagare_tidigarenummer t JOIN deltagare_person p ON p.id = t.person_id
    WHERE g.person_id IS NULL AND t.personindex = g.sokindex
"""
_FOLJ_NUMRET: Final = """
    UPDATE imp_deltagande s SET kon = g.kon, alder = extract(year FROM s.inregistrering) - g.fodelsear
    FROM imp_grupp g JOIN deltagare_tidigarenummer t ON t.personindex = g.sokindex AND t.person_id = g.person_id
    WHERE s.grupp = g.grupp
"""
_MOT_REGISTRERAT: Final = (
    # Nyckeln hör till en annan person än personnumret.
    """
    SELECT g.fil, g.rad, 'person',
           'Personnyckeln är redan registrerad för en annan person. Ge personen en annan nyckel.'
    FROM imp_grupp g JOIN deltagare_person p ON p.nyckel = g.soknyckel
    LEFT JOIN deltagare_identitet i ON i.person_id = p.id
    WHERE g.index IS NOT NULL AND (p.id <> g.person_id OR i.personindex <> g.index)
      AND NOT EXISTS (SELECT FROM deltagare_tidigarenummer t WHERE t.personindex = g.index AND t.person_id = p.id)
    """,
    """
    SELECT g.fil, g.rad, CASE WHEN p.kon <> g.kon THEN 'kon' ELSE 'fodelsear' END,
           'Kön eller födelseår stämmer inte med personens personnummer i SUS. Rätta det.'
    FROM imp_grupp g JOIN deltagare_person p ON p.id = g.person_id JOIN deltagare_identitet i ON i.person_id = p.id
    WHERE (p.kon, p.fodelsear) <> (g.kon, g.fodelsear)
    """,
)
# R19: den som har skydd i det lokala registret, på filens nummer eller ett annat av personens. På webben säger
# databasen nej när raden skrivs. Den som redan är utan identitet förblir det.
_MED_SKYDD: Final = """
    CREATE TEMP TABLE imp_skyddad ON COMMIT DROP AS
    SELECT g.grupp FROM deltagare_registerpost r JOIN imp_grupp g ON g.index = r.personindex WHERE r.skyddad
    UNION
    SELECT g.grupp FROM deltagare_registerpost r
    JOIN (SELECT person_id, personindex FROM deltagare_identitet
          UNION ALL SELECT person_id, personindex FROM deltagare_tidigarenummer) n USING (personindex)
    JOIN imp_grupp g USING (person_id) WHERE r.skyddad
"""
_SKYDDADE: Final = """
    SELECT s.rad, 'personnummer', 'Personen ska registreras som anonym deltagare. Ta bort raden ur filen.'
    FROM imp_skyddad JOIN imp_deltagande s USING (grupp)
    LEFT JOIN imp_traff t ON t.rad = s.rad LEFT JOIN deltagare_deltagande d ON d.id = t.id
    WHERE s.slag = 'i' AND d.avidentifierat IS NOT TRUE
"""
_SKYDDADE_I_SAMARBETEN: Final = """
    SELECT s.rad, 'personnummer', 'Personen ska registreras som anonym deltagare. Ta bort raden ur filen.'
    FROM imp_skyddad JOIN imp_samarbete s USING (grupp) LEFT JOIN deltagare_samarbete d ON d.nyckel = s.nyckel
    WHERE s.slag = 'i' AND d.avidentifierat IS NOT TRUE
"""
_FINN_NYCKEL: Final = """
    UPDATE imp_grupp g SET person_id = p.id FROM deltagare_person p
    WHERE g.person_id IS NULL AND p.nyckel = g.soknyckel
"""
# Deltaganden utan identitet som har, eller har haft, radens avtryck. Tabellen är ägarens: andra frågar databasen.
_AVTRYCKEN: Final = """
    CREATE TEMP TABLE imp_avtryckets ON COMMIT DROP AS
    SELECT i.rad, d.id, d.person_id FROM imp_avtryck i JOIN deltagare_avtryck a USING (avtryck)
    JOIN deltagare_deltagande d ON d.id = a.deltagande_id WHERE d.avidentifierat
"""
_AVTRYCKEN_INOM_RACKHALL: Final = """
    CREATE TEMP TABLE imp_avtryckets ON COMMIT DROP AS
    SELECT i.rad, a.deltagande_id AS id, a.person_id
    FROM avtryckens_deltaganden((SELECT array_agg(DISTINCT avtryck) FROM imp_avtryck)) a
    JOIN imp_avtryck i USING (avtryck)
"""
# Samarbeten läses bara in av ägaren.
_SAMARBETENAS_AVTRYCK: Final = """
    CREATE TEMP TABLE imp_samarbetets ON COMMIT DROP AS
    SELECT i.rad, d.id, d.person_id FROM imp_avtryck i JOIN deltagare_samarbetsavtryck a USING (avtryck)
    JOIN deltagare_samarbete d ON d.id = a.samarbete_id WHERE d.avidentifierat AND i.fil = 1
"""
_FINN_SAMARBETET: Final = """
    UPDATE imp_grupp g SET person_id = a.person_id, pa_avtryck = true
    FROM (SELECT DISTINCT ON (s.grupp) s.grupp, a.person_id FROM imp_samarbetets a JOIN imp_samarbete s USING (rad)
          ORDER BY s.grupp, a.rad, a.id) a
    WHERE coalesce(g.person_id, a.person_id) = a.person_id AND a.grupp = g.grupp
"""
_FINN_AVTRYCK: Final = """
    UPDATE imp_grupp g SET person_id = a.person_id, pa_avtryck = true
    FROM (SELECT DISTINCT ON (s.grupp) s.grupp, a.person_id FROM imp_avtryckets a JOIN imp_deltagande s USING (rad)
          ORDER BY s.grupp, a.rad, a.id) a
    WHERE coalesce(g.person_id, a.person_id) = a.person_id AND a.grupp = g.grupp
"""
# Numret kan vara ett som är bytt: kön och födelseår är då personens, inte filens.
_PERSONENS: Final = """
    UPDATE imp_grupp g SET kon = p.kon, fodelsear = p.fodelsear FROM deltagare_person p
    WHERE g.pa_avtryck AND p.id = g.person_id
"""
# Sekvensen slås upp en gång, inte för varje rad.
_NYA: Final = """
    UPDATE imp_grupp SET ny = true,
        person_id = nextval((SELECT pg_get_serial_sequence('deltagare_person', 'id')::regclass))
    WHERE person_id IS NULL
"""
# Personen som står i filen med både sitt gamla nummer och sitt nya.
_SAMMA: Final = """
    CREATE TEMP TABLE imp_samma ON COMMIT DROP AS
    SELECT g.grupp, f.forsta FROM imp_grupp g
    JOIN (SELECT person_id, (array_agg(grupp ORDER BY rad))[1] AS forsta FROM imp_grupp
          WHERE person_id IS NOT NULL AND NOT ny GROUP BY person_id HAVING count(*) > 1) f USING (person_id)
"""
# Raden är ett registrerat deltagande: funnet på fingeravtryck (även om personen inte längre går att känna igen)
# eller på nyckeln.
_TRAFFAR_PA_AVTRYCK: Final = """
    CREATE TEMP TABLE imp_avtryckstraff ON COMMIT DROP AS
    SELECT min(rad) AS rad, id FROM (
        SELECT DISTINCT ON (rad) rad, id FROM imp_avtryckets ORDER BY rad, id) t
    GROUP BY id
"""
_TRAFFAR: Final = """
    CREATE TEMP TABLE imp_traff ON COMMIT DROP AS
    SELECT rad, id FROM imp_avtryckstraff
    UNION ALL
    SELECT s.rad, d.id
    FROM imp_grupp g
    JOIN imp_deltagande s USING (grupp)
    JOIN imp_kand k USING (lokal)
    JOIN deltagare_deltagande d ON d.insats_id = k.id AND d.person_id = g.person_id
        AND d.inregistrering = s.inregistrering AND d.lopnr = s.lopnr
    WHERE NOT g.ny AND NOT EXISTS (SELECT FROM imp_avtryckstraff t WHERE t.rad = s.rad)
      AND NOT EXISTS (SELECT FROM imp_avtryckstraff t WHERE t.id = d.id)
"""
# Två rader för en registrering: vore den andra ny fick den tillbaka sin identitet.
_SAMMA_REGISTRERING: Final = """
    SELECT a.rad, 'inregistrering', 'Raden gäller samma registrering som rad ' || min(t.rad)
           || ', som har rättats i SUS. Ta bort den ena raden.'
    FROM imp_avtryckets a JOIN imp_avtryckstraff t USING (id)
    WHERE NOT EXISTS (SELECT FROM imp_traff n WHERE n.rad = a.rad) GROUP BY a.rad
"""


def finn(utfall: Utfall) -> None:
    """Ger varje person i filen ett id och varje rad som redan är registrerad sitt deltagande.

    På webben ser radskyddet till att bara personer i de egna insatserna hittas; de andra får id när de skrivs.
    """
    if ar_agarens():
        # Efter en stor import kan databasen sakna statistik, och sökningarna nedan välja fel väg.
        kor("ANALYZE deltagare_deltagande, deltagare_person, deltagare_identitet")
    kor("CREATE INDEX ON imp_personrad (grupp)")
    kor("ANALYZE imp_personrad")
    filer = [fil for (fil,) in hamta("SELECT DISTINCT fil FROM imp_personrad ORDER BY fil")]
    if len(filer) > 1:
        _sla_ihop_filernas_grupper()
    kor(_GRUPPER)
    kor(_SAMMANFOGA)
    kor("ALTER TABLE imp_grupp ADD PRIMARY KEY (grupp)")
    kor("CREATE INDEX ON imp_personrad (index)")
    _prova(_MOTSAGELSER, filer, utfall)
    kor("ANALYZE imp_grupp")
    kor(_FINN_INDEX)
    kor(_FINN_TIDIGARE)
    kor(_FOLJ_NUMRET)
    kor(_FINN_NYCKEL)
    kor(_AVTRYCKEN if ar_agarens() else _AVTRYCKEN_INOM_RACKHALL)
    kor(_FINN_AVTRYCK)
    if ar_agarens():
        kor(_SAMARBETENAS_AVTRYCK)
        kor(_FINN_SAMARBETET)
    kor(_PERSONENS)
    _prova(_MOT_REGISTRERAT, filer, utfall)
    kor(_NYA if ar_agarens() else "UPDATE imp_grupp SET ny = true WHERE person_id IS NULL")
    kor("ANALYZE imp_deltagande")
    kor(_SAMMA)
    kor(_TRAFFAR_PA_AVTRYCK)
    kor("ALTER TABLE imp_avtryckstraff ADD UNIQUE (rad), ADD UNIQUE (id)")
    kor(_TRAFFAR)
    kor("CREATE UNIQUE INDEX ON imp_traff (rad)")
    kor("CREATE INDEX ON imp_traff (id)")
    kor("ANALYZE imp_traff")
    lagg_ur(utfall.fel, DELTAGANDEN, _SAMMA_REGISTRERING)
    if ar_agarens():
        kor(_MED_SKYDD)
        lagg_ur(utfall.fel, DELTAGANDEN, _SKYDDADE)
        lagg_ur(utfall.fel, SAMARBETEN, _SKYDDADE_I_SAMARBETEN)


def _sla_ihop_filernas_grupper() -> None:
    kor(_ETT_NUMMER_I_TVA_FILER)
    kor("UPDATE imp_personrad s SET grupp = n.till FROM imp_nygrupp n WHERE s.grupp = n.fran AND s.fil = 1")
    kor("UPDATE imp_samarbete s SET grupp = n.till FROM imp_nygrupp n WHERE s.grupp = n.fran")


def _prova(fragor: Sequence[LiteralString], filer: Sequence[int], utfall: Utfall) -> None:
    """Lägger felen som frågorna (fil, rad, kolumn, text) ger på sin fil."""
    for fraga in fragor:
        for fil in filer:
            i_filen = sql.SQL("SELECT rad, kolumn, text FROM ({}) f (fil, rad, kolumn, text) WHERE fil = {}")
            lagg_ur(utfall.fel, PERSONFILER[fil], i_filen.format(sql.SQL(fraga).format(vid=_VID), sql.Literal(fil)))


def skriv() -> None:
    """Skriver nya personer, och ändrat kön och födelseår för dem som saknar identitet."""
    kor(
        """
        INSERT INTO deltagare_person (id, nyckel, kon, fodelsear)
        SELECT person_id, coalesce(nyckel, replace(gen_random_uuid()::text, '-', '')), kon, fodelsear
        FROM imp_grupp WHERE ny ORDER BY person_id
        """
    )
    kor(
        """
        UPDATE deltagare_person p SET kon = g.kon, fodelsear = g.fodelsear
        FROM imp_grupp g WHERE g.person_id = p.id AND NOT g.ny AND (p.kon, p.fodelsear) <> (g.kon, g.fodelsear)
        """
    )
    kor(
        """
        UPDATE deltagare_deltagande d SET kon = p.kon, version = d.version + 1,
               alder = extract(year FROM d.inregistrering) - p.fodelsear
        FROM imp_grupp g JOIN deltagare_person p ON p.id = g.person_id
        WHERE d.person_id = p.id AND NOT g.ny AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
          AND (d.kon, d.alder) <> (p.kon, extract(year FROM d.inregistrering) - p.fodelsear)
        """
    )

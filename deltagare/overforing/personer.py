"""Vilka personer raderna gäller: funna på personnummer, personnyckel eller fingeravtryck, annars nya."""

from typing import Final

from deltagare.overforing.fel import Utfall
from deltagare.overforing.filformat import DELTAGANDEN
from deltagare.overforing.forbindelse import ar_agarens
from deltagare.overforing.regler import lagg_ur
from deltagare.overforing.staging import kor

# En rad per person i filen. `ny`: personen är inte registrerad.
_GRUPPER: Final = """
    CREATE TEMP TABLE imp_grupp ON COMMIT DROP AS
    SELECT DISTINCT ON (grupp) grupp, kon, fodelsear, rad,
           index, sokindex, nyckel, soknyckel, NULL::bigint AS person_id, false AS ny, false AS identitet
    FROM imp_personrad ORDER BY grupp, rad
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
    WHERE p.grupp = g.grupp
"""
_MOTSAGELSER: Final = (
    # En nyckel, två personnummer.
    """
    SELECT p.rad, 'personnummer', 'Personnyckeln står med ett annat personnummer på rad '
           || min(a.rad) || '. En person har en nyckel och ett personnummer.'
    FROM imp_personrad p JOIN imp_personrad a ON a.grupp = p.grupp AND a.index <> p.index AND a.rad < p.rad
    GROUP BY p.rad
    """,
    # Ett personnummer, två nycklar.
    """
    SELECT p.rad, 'person', 'Personnumret står med en annan personnyckel på rad '
           || min(a.rad) || '. Använd samma nyckel på alla personens rader, eller ingen.'
    FROM imp_personrad p JOIN imp_personrad a ON a.index = p.index AND a.grupp <> p.grupp AND a.rad < p.rad
    GROUP BY p.rad
    """,
    """
    SELECT p.rad, CASE WHEN bool_and(a.kon = p.kon) THEN 'fodelsear' ELSE 'kon' END,
           'Personen har ett annat kön eller födelseår på rad ' || min(a.rad) || '. Rätta det ena.'
    FROM imp_personrad p JOIN imp_personrad a ON a.grupp = p.grupp AND a.rad < p.rad
         AND (a.kon, a.fodelsear) <> (p.kon, p.fodelsear) AND (a.index IS NULL OR p.index IS NULL OR a.index = p.index)
    GROUP BY p.rad
    """,
)
_FINN_INDEX: Final = """
    UPDATE imp_grupp g SET person_id = i.person_id FROM deltagare_identitet i WHERE i.personindex = g.sokindex
"""
_MOT_REGISTRERAT: Final = (
    # Nyckeln hör till en annan person än personnumret.
    """
    SELECT g.rad, 'person', 'Personnyckeln är redan registrerad för en annan person. Ge personen en annan nyckel.'
    FROM imp_grupp g JOIN deltagare_person p ON p.nyckel = g.soknyckel
    LEFT JOIN deltagare_identitet i ON i.person_id = p.id
    WHERE g.index IS NOT NULL AND (p.id <> g.person_id OR i.personindex <> g.index)
    """,
    """
    SELECT g.rad, CASE WHEN p.kon <> g.kon THEN 'kon' ELSE 'fodelsear' END,
           'Kön eller födelseår stämmer inte med personens personnummer i SUS. Rätta det.'
    FROM imp_grupp g JOIN deltagare_person p ON p.id = g.person_id JOIN deltagare_identitet i ON i.person_id = p.id
    WHERE (p.kon, p.fodelsear) <> (g.kon, g.fodelsear)
    """,
)
_FINN_NYCKEL: Final = """
    UPDATE imp_grupp g SET person_id = p.id FROM deltagare_person p
    WHERE g.person_id IS NULL AND p.nyckel = g.soknyckel
"""
_FINN_AVTRYCK: Final = """
    UPDATE imp_grupp g SET person_id = a.person_id
    FROM (SELECT DISTINCT ON (s.grupp) s.grupp, d.person_id
          FROM imp_avtryck a JOIN deltagare_deltagande d ON d.fingeravtryck = a.avtryck
          JOIN imp_deltagande s ON s.rad = a.rad ORDER BY s.grupp, a.rad) a
    WHERE g.person_id IS NULL AND a.grupp = g.grupp
"""
_NYA: Final = """
    UPDATE imp_grupp SET ny = true, person_id = nextval(pg_get_serial_sequence('deltagare_person', 'id'))
    WHERE person_id IS NULL
"""
# Raden är ett registrerat deltagande: funnet på fingeravtryck (även om personen inte längre går att känna igen)
# eller på nyckeln.
_TRAFFAR_PA_AVTRYCK: Final = """
    CREATE TEMP TABLE imp_avtryckstraff ON COMMIT DROP AS
    SELECT min(rad) AS rad, id FROM (
        SELECT DISTINCT ON (a.rad) a.rad, d.id FROM imp_avtryck a
        JOIN deltagare_deltagande d ON d.fingeravtryck = a.avtryck ORDER BY a.rad, d.id) t
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


def finn(utfall: Utfall) -> None:
    """Ger varje person i filen ett id och varje rad som redan är registrerad sitt deltagande.

    På webben ser radskyddet till att bara personer i de egna insatserna hittas; de andra får id när de skrivs.
    """
    if ar_agarens():
        # Efter en stor import kan databasen sakna statistik, och sökningarna nedan välja fel väg.
        kor("ANALYZE deltagare_deltagande, deltagare_person, deltagare_identitet")
    kor("CREATE INDEX ON imp_personrad (grupp)")
    kor("ANALYZE imp_personrad")
    kor(_GRUPPER)
    kor(_SAMMANFOGA)
    kor("ALTER TABLE imp_grupp ADD PRIMARY KEY (grupp)")
    kor("CREATE INDEX ON imp_personrad (index)")
    for fraga in _MOTSAGELSER:
        lagg_ur(utfall.fel, DELTAGANDEN, fraga)
    kor("ANALYZE imp_grupp")
    kor(_FINN_INDEX)
    kor(_FINN_NYCKEL)
    kor(_FINN_AVTRYCK)
    for fraga in _MOT_REGISTRERAT:
        lagg_ur(utfall.fel, DELTAGANDEN, fraga)
    kor(_NYA if ar_agarens() else "UPDATE imp_grupp SET ny = true WHERE person_id IS NULL")
    kor("ANALYZE imp_deltagande")
    kor(_TRAFFAR_PA_AVTRYCK)
    kor("ALTER TABLE imp_avtryckstraff ADD UNIQUE (rad), ADD UNIQUE (id)")
    kor(_TRAFFAR)
    kor("CREATE UNIQUE INDEX ON imp_traff (rad)")
    kor("CREATE INDEX ON imp_traff (id)")
    kor("ANALYZE imp_traff")


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

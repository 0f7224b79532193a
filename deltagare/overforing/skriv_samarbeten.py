"""Skriver samarbeten, deras kontor, folkbokföring och övergångar ur arbetstabellerna."""

from typing import Final

from psycopg import sql

from deltagare.overforing import avtryck
from deltagare.overforing.filformat import KONTORSBYTEN, OVERGANGER, SAMARBETEN
from deltagare.overforing.staging import hamta, kor, planera_om
from deltagare.overforing.tabeller import Antal, kolumner

# Så som samarbetena blir. Utan identitet är den som filen inte säger vem det är, eller som har återtagit sitt samtycke;
# den som redan är det får aldrig tillbaka den (R27).
_SLUTLIGA: Final = """
    CREATE TEMP TABLE imp_slutlig ON COMMIT DROP AS
    SELECT b.id, b.nyckel, b.ny, b.rad, b.person_id, b.borjan, b.slut, b.insatstyp, p.kon,
           (extract(year FROM b.borjan) - p.fodelsear)::smallint AS alder, k.af AS af_kontor_id, k.fk AS fk_kontor_id,
           coalesce(s.initierad_av, d.initierad_av) AS initierad_av, coalesce(s.samtycke, d.samtycke) AS samtycke,
           CASE WHEN b.ny THEN s.slag <> 'i' ELSE d.avidentifierat OR b.atertaget END AS avidentifierat,
           coalesce(d.fingeravtryck, CASE WHEN b.atertaget THEN s.fingeravtryck END) AS fingeravtryck
    FROM imp_blir b
    JOIN deltagare_person p ON p.id = b.person_id
    JOIN imp_kontorsvag k ON k.samarbete = b.id AND k.nasta_dag IS NULL
    LEFT JOIN imp_samarbete s ON s.rad = b.rad
    LEFT JOIN deltagare_samarbete d ON d.id = b.id
"""
_FALT: Final = (
    "borjan", "slut", "insatstyp", "kon", "alder", "af_kontor_id", "fk_kontor_id", "initierad_av", "samtycke",
    "avidentifierat", "fingeravtryck",
)  # fmt: skip
# `raden`: det som står i samarbeten.csv är ändrat, inte bara övergångar och byten.
_ANDRADE: Final = """
    CREATE TEMP TABLE imp_andrat ON COMMIT DROP AS
    SELECT s.id, s.rad IS NOT NULL AND (
               ROW(d.initierad_av, d.samtycke, d.kon, d.avidentifierat, d.fingeravtryck) IS DISTINCT FROM
               ROW(s.initierad_av, s.samtycke, s.kon, s.avidentifierat, s.fingeravtryck)
               OR d.alder <> s.alder AND d.borjan = s.borjan
               OR (k.fore_af, k.fore_fk) <> (k.af, k.fk)
               OR (NOT s.avidentifierat AND i.slag = 'i'
                   AND ROW(f.kommun_id, f.stadsdel_id) IS DISTINCT FROM ROW(i.kommun::varchar, i.stadsdel))) AS raden
    FROM imp_slutlig s
    JOIN deltagare_samarbete d USING (id)
    JOIN imp_kontorsvag k ON k.samarbete = s.id AND k.forsta
    LEFT JOIN imp_samarbete i ON i.rad = s.rad
    LEFT JOIN deltagare_samarbetsfolkbokforing f ON f.samarbete_id = s.id
"""
_BARA_ANDRADE: Final = """
    DELETE FROM imp_andrat a USING imp_slutlig s, deltagare_samarbete d
    WHERE s.id = a.id AND d.id = a.id AND NOT a.raden AND ROW({fore}) IS NOT DISTINCT FROM ROW({efter})
      AND NOT EXISTS (SELECT FROM imp_vag v WHERE v.samarbete = a.id AND v.rad IS NOT NULL AND
                      ROW(v.till, v.datum, v.orsak) IS DISTINCT FROM ROW(v.fore_till, v.fore_datum, v.fore_orsak))
      AND NOT EXISTS (SELECT FROM imp_kontorsvag k WHERE k.samarbete = a.id AND k.rad IS NOT NULL AND
                      ROW(k.af, k.fk) IS DISTINCT FROM ROW(k.fore_af, k.fore_fk))
"""
_ANDRA: Final = """
    UPDATE deltagare_samarbete d SET {satt}, version = d.version + 1
    FROM imp_andrat a JOIN imp_slutlig s USING (id) WHERE d.id = a.id
"""
_NYA: Final = """
    INSERT INTO deltagare_samarbete (id, nyckel, person_id, version, {kolumner})
    SELECT s.id, s.nyckel, s.person_id, 1, {varden} FROM imp_slutlig s WHERE s.ny ORDER BY s.id
"""
_KONTOREN: Final = (
    """
    UPDATE deltagare_samarbetskontor k SET datum = v.datum, af_kontor_id = v.af, fk_kontor_id = v.fk
    FROM imp_kontorsvag v
    WHERE v.kontor = k.id AND (k.datum, k.af_kontor_id, k.fk_kontor_id) <> (v.datum, v.af, v.fk)
    """,
    """
    INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id)
    SELECT samarbete, datum, af, fk FROM imp_kontorsvag WHERE kontor IS NULL ORDER BY samarbete, datum
    """,
)
_FOLKBOKFORING: Final = (
    """
    INSERT INTO deltagare_samarbetsfolkbokforing (samarbete_id, kommun_id, stadsdel_id)
    SELECT s.id, i.kommun, i.stadsdel FROM imp_slutlig s JOIN imp_samarbete i USING (rad)
    WHERE i.slag = 'i' AND NOT s.avidentifierat ORDER BY s.id
    ON CONFLICT (samarbete_id) DO UPDATE SET kommun_id = excluded.kommun_id, stadsdel_id = excluded.stadsdel_id
    WHERE (deltagare_samarbetsfolkbokforing.kommun_id, deltagare_samarbetsfolkbokforing.stadsdel_id)
          IS DISTINCT FROM (excluded.kommun_id, excluded.stadsdel_id)
    """,
    """
    DELETE FROM deltagare_samarbetsfolkbokforing f USING imp_slutlig s WHERE f.samarbete_id = s.id AND s.avidentifierat
    """,
)
# Databasen sätter från och lämnad; de nya raderna har dem redan, så att ingen behöver skrivas två gånger.
_OVERGANGARNA: Final = (
    """
    UPDATE deltagare_overgang o SET till = v.till, datum = v.datum, orsak = v.orsak
    FROM imp_vag v WHERE v.overgang = o.id AND (o.till, o.datum, o.orsak) <> (v.till, v.datum, v.orsak)
    """,
    """
    INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, fran, lamnad)
    SELECT samarbete, ordning, till, datum, orsak, coalesce(forra_typ, ''), nasta_dag
    FROM imp_vag WHERE overgang IS NULL ORDER BY samarbete, ordning
    """,
)
_ANTAL: Final = {
    SAMARBETEN: """
        SELECT (SELECT count(*) FROM imp_slutlig WHERE ny), (SELECT count(*) FROM imp_andrat WHERE raden),
               (SELECT count(*) FROM imp_samarbete)
    """,
    OVERGANGER: """
        SELECT count(*) FILTER (WHERE overgang IS NULL), count(*) FILTER (
                   WHERE (till, datum, orsak) <> (fore_till, fore_datum, fore_orsak)), count(*)
        FROM imp_vag WHERE rad IS NOT NULL
    """,
    KONTORSBYTEN: """
        SELECT count(*) FILTER (WHERE kontor IS NULL), count(*) FILTER (WHERE (af, fk) <> (fore_af, fore_fk)), count(*)
        FROM imp_kontorsvag WHERE rad IS NOT NULL AND NOT forsta
    """,
}


def skriv() -> dict[str, Antal]:
    """Skriver nya och ändrade samarbeten med deras kontor och övergångar, när personerna är skrivna."""
    kor(_SLUTLIGA)
    kor("CREATE INDEX ON imp_slutlig (id)")
    atertagnas = avtryck.samarbetenas()
    kor("ANALYZE imp_slutlig")
    kor(_ANDRADE)
    kor(sql.SQL(_BARA_ANDRADE).format(fore=kolumner("d", _FALT), efter=kolumner("s", _FALT)))
    # Vägarna skrivs i flera satser: att var och en har ett samarbete i taget prövas när alla är klara.
    kor("SET CONSTRAINTS ett_oppet_samarbete_per_person DEFERRED")
    satt = (sql.SQL("{} = {}").format(sql.Identifier(namn), sql.Identifier("s", namn)) for namn in _FALT)
    planera_om()
    kor(sql.SQL(_ANDRA).format(satt=sql.SQL(", ").join(satt)))
    i_tabellen = sql.SQL(", ").join(map(sql.Identifier, _FALT))
    nya = kor(sql.SQL(_NYA).format(kolumner=i_tabellen, varden=kolumner("s", _FALT)))
    avtryck.lagg_samarbetenas(atertagnas)
    for sats in (*_KONTOREN, *_FOLKBOKFORING, *_OVERGANGARNA):
        planera_om()
        kor(sats)
    kor("SET CONSTRAINTS ett_oppet_samarbete_per_person IMMEDIATE")
    kor(_FOLJ_PERSONEN)
    antal = {fil: hamta(fraga)[0] for fil, fraga in _ANTAL.items()}
    if nya != antal[SAMARBETEN][0]:
        raise RuntimeError("Alla samarbeten blev inte skrivna.")  # får inte hända: hellre inget än nästan allt
    return {fil: Antal(nya, andrade, alla - nya - andrade) for fil, (nya, andrade, alla) in antal.items()}


# Kön och födelseår som har ändrats för en person utan identitet, i samarbeten som inte står i filerna.
_FOLJ_PERSONEN: Final = """
    UPDATE deltagare_samarbete d
    SET kon = p.kon, alder = extract(year FROM d.borjan) - p.fodelsear, version = d.version + 1
    FROM imp_grupp g JOIN deltagare_person p ON p.id = g.person_id
    WHERE d.person_id = p.id AND NOT g.ny
      AND (d.kon, d.alder) <> (p.kon, extract(year FROM d.borjan) - p.fodelsear)
"""

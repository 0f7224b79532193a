"""Samarbetena så som de blir: filernas rader lagda ihop med det som redan är registrerat (R26–R31).

Vägen står sedan i `imp_vag`, kontoren i `imp_kontorsvag` och samarbetet i `imp_blir`. I dem är `rad` tom för det som
inte står i filen, och `fore_…` det som är registrerat nu.
"""

from typing import Final

from psycopg import sql

from deltagare.overforing.lage import Lage
from deltagare.overforing.lasning import Csvfil
from deltagare.overforing.personrader import INGET
from deltagare.overforing.staging import Textkopia, hamta, kor
from deltagare.overgangar import AVSLUTANDE

SLUT: Final = sql.SQL(", ").join(map(sql.Literal, AVSLUTANDE))
"""Insatstyperna som avslutar, som lista i SQL."""

# Den som har återtagit samtycket och kommit tillbaka är en ny person: raden känns igen på fingeravtrycket, och
# samarbetet är kvar hos den som hade det (R27).
_RORDA: Final = (
    """
    CREATE TEMP TABLE imp_rort ON COMMIT DROP AS
    SELECT DISTINCT ON (s.nyckel) s.nyckel, s.id, s.ny, s.rad, coalesce(a.person_id, g.person_id) AS person_id
    FROM imp_samarbete s JOIN imp_grupp g USING (grupp)
    LEFT JOIN imp_samarbetets a ON a.rad = s.rad AND a.id = s.id
    WHERE NOT EXISTS (SELECT FROM imp_trasigt t WHERE t.nyckel = s.nyckel) ORDER BY s.nyckel, s.rad
    """,
    "CREATE INDEX ON imp_rort (nyckel)",
    """
    INSERT INTO imp_rort
    SELECT d.nyckel, d.id, false, NULL, d.person_id FROM deltagare_samarbete d
    WHERE d.nyckel IN (SELECT nyckel FROM imp_overgang UNION SELECT nyckel FROM imp_kontorsbyte)
      AND NOT EXISTS (SELECT FROM imp_samarbete s WHERE s.nyckel = d.nyckel)
      AND NOT EXISTS (SELECT FROM imp_trasigt t WHERE t.nyckel = d.nyckel)
    """,
    "CREATE INDEX ON imp_rort (id)",
    "ANALYZE imp_rort",
    "ANALYZE imp_overgang",
)
# Den som har återtagit sitt samtycke har avslutat samarbetet: en äldre fil ändrar inte vägen dit (R27). Inte heller den
# till ett slut som identiteten togs bort efter: personen kan ha kommit tillbaka, och två skulle kunna pågå (R31).
_BEHALL_ATERTAGNA: Final = """
    UPDATE imp_overgang o SET till = d.till, datum = d.datum, orsak = d.orsak
    FROM imp_rort r JOIN deltagare_overgang d ON d.samarbete_id = r.id
    WHERE NOT r.ny AND r.nyckel = o.nyckel AND d.ordning = o.ordning AND EXISTS (
        SELECT FROM deltagare_overgang a WHERE a.samarbete_id = r.id AND a.orsak = 'samtycke_atertas'
        UNION ALL
        SELECT FROM deltagare_samarbete s WHERE s.id = r.id AND s.avidentifierat AND s.slut IS NOT NULL
        AND (s.fingeravtryck IS NOT NULL OR EXISTS (
            SELECT FROM deltagare_samarbetsavtryck a WHERE a.samarbete_id = s.id)))
"""
_VAGEN: Final = """
    CREATE TEMP TABLE imp_vag ON COMMIT DROP AS
    SELECT *, lag(till) OVER v AS forra_typ, lag(datum) OVER v AS forra_dag, lag(ordning) OVER v AS forra_plats,
           lag(rad) OVER v AS forra_rad, lead(datum) OVER v AS nasta_dag
    FROM (
        SELECT coalesce(o.samarbete, d.samarbete_id) AS samarbete, coalesce(o.ordning, d.ordning) AS ordning,
               coalesce(o.till, d.till) AS till, coalesce(o.datum, d.datum) AS datum,
               coalesce(o.orsak, d.orsak) AS orsak, o.rad, d.id AS overgang, d.fran AS fore_fran, d.till AS fore_till,
               d.datum AS fore_datum, d.orsak AS fore_orsak
        FROM (SELECT r.id AS samarbete, o.* FROM imp_overgang o JOIN imp_rort r USING (nyckel)) o
        FULL JOIN (SELECT d.* FROM deltagare_overgang d JOIN imp_rort r ON r.id = d.samarbete_id WHERE NOT r.ny) d
            ON d.samarbete_id = o.samarbete AND d.ordning = o.ordning) alla
    WINDOW v AS (PARTITION BY samarbete ORDER BY ordning, rad)
"""
_BLIR: Final = """
    CREATE TEMP TABLE imp_blir ON COMMIT DROP AS
    SELECT r.*, v.borjan, v.slut, v.insatstyp, v.atertaget, v.forsta_rad, v.sista_rad
    FROM imp_rort r JOIN (
        SELECT samarbete, min(datum) AS borjan, max(datum) FILTER (WHERE till IN ({slut})) AS slut,
               (array_agg(till ORDER BY ordning DESC))[1] AS insatstyp,
               bool_or(orsak = 'samtycke_atertas') AS atertaget, min(rad) AS forsta_rad, max(rad) AS sista_rad
        FROM imp_vag GROUP BY samarbete) v ON v.samarbete = r.id
"""
_ATERTAGNA: Final = """
    UPDATE imp_samarbete s SET slag = 't', kommun = NULL, stadsdel = NULL
    FROM imp_blir b WHERE b.rad = s.rad AND b.atertaget
"""
# Den första raden är kontoren i samarbeten.csv, från den dag samarbetet börjar.
_KONTOREN: Final = """
    CREATE TEMP TABLE imp_kontorsvag ON COMMIT DROP AS
    WITH registrerat AS (
        SELECT k.*, row_number() OVER (PARTITION BY k.samarbete_id ORDER BY k.datum) = 1 AS forsta
        FROM deltagare_samarbetskontor k JOIN imp_blir b ON b.id = k.samarbete_id WHERE NOT b.ny)
    SELECT *, lead(datum) OVER v AS nasta_dag, lag(af) OVER v AS forra_af, lag(fk) OVER v AS forra_fk FROM (
        SELECT b.id AS samarbete, true AS forsta, b.borjan AS datum, coalesce(a.id, k.af_kontor_id) AS af,
               coalesce(f.id, k.fk_kontor_id) AS fk, b.rad, k.id AS kontor, k.datum AS fore_datum,
               k.af_kontor_id AS fore_af, k.fk_kontor_id AS fore_fk
        FROM imp_blir b
        LEFT JOIN imp_samarbete s ON s.rad = b.rad
        LEFT JOIN imp_kand a ON a.lokal = s.af LEFT JOIN imp_kand f ON f.lokal = s.fk
        LEFT JOIN registrerat k ON k.samarbete_id = b.id AND k.forsta
        UNION ALL
        SELECT coalesce(n.samarbete, k.samarbete_id), false, coalesce(n.datum, k.datum), coalesce(n.af, k.af_kontor_id),
               coalesce(n.fk, k.fk_kontor_id), n.rad, k.id, k.datum, k.af_kontor_id, k.fk_kontor_id
        FROM (SELECT b.id AS samarbete, n.datum, a.id AS af, f.id AS fk, n.rad
              FROM imp_kontorsbyte n JOIN imp_blir b USING (nyckel)
              JOIN imp_kand a ON a.lokal = n.af JOIN imp_kand f ON f.lokal = n.fk) n
        FULL JOIN (SELECT * FROM registrerat WHERE NOT forsta) k
            ON k.samarbete_id = n.samarbete AND k.datum = n.datum) alla
    WINDOW v AS (PARTITION BY samarbete ORDER BY datum, forsta DESC, rad)
"""


def finn(lage: Lage, fil: Csvfil | None) -> None:
    """Lägger filernas rader ihop med det registrerade. `fil` är samarbeten.csv, om den finns."""
    _lagg_kontoren(lage)
    kor("UPDATE imp_samarbete s SET id = d.id FROM deltagare_samarbete d WHERE d.nyckel = s.nyckel")
    kor(
        "UPDATE imp_samarbete SET ny = true, "
        "id = nextval((SELECT pg_get_serial_sequence('deltagare_samarbete', 'id')::regclass)) WHERE id IS NULL"
    )
    _reservera_nycklar()
    if fil:
        _fyll_saknade(fil)
    kor("CREATE INDEX ON imp_samarbete (rad)")
    kor("ANALYZE imp_samarbete")
    for sats in _RORDA:
        kor(sats)
    for sats in (_BEHALL_ATERTAGNA, _VAGEN, "ANALYZE imp_vag"):
        kor(sats)
    kor(sql.SQL(_BLIR).format(slut=SLUT))
    kor("CREATE INDEX ON imp_blir (id)")
    kor("CREATE INDEX ON imp_blir (person_id)")
    for sats in ("ANALYZE imp_blir", _ATERTAGNA, _KONTOREN, "CREATE INDEX ON imp_kontorsvag (samarbete)"):
        kor(sats)
    kor("ANALYZE imp_kontorsvag")


def _lagg_kontoren(lage: Lage) -> None:
    kopia = Textkopia("imp_kontor")
    for insats in lage.insatser.values():
        if insats.organisation and insats.ar_kontor and not insats.trasig:
            sista, vems = lage.sista_dag(insats)
            kopia.lagg(f"{insats.lokal}\t{insats.start}\t{sista or INGET}\t{vems}")
    kopia.tom()


def _reservera_nycklar() -> None:
    """Ett samarbete som börjar i webbläsaren får nyckeln SUS-<nummer>: numret ska inte komma igen."""
    fraga = "SELECT max(substr(nyckel, 5)::bigint) FROM imp_samarbete WHERE nyckel ~ '^SUS-[0-9]{1,15}$'"
    if hogsta := hamta(fraga)[0][0]:
        hamta("SELECT setval('sus_samarbetsnyckel', greatest(nextval('sus_samarbetsnyckel'), %s))", [hogsta])


def _fyll_saknade(fil: Csvfil) -> None:
    """Samtycket och stadsdelen behålls när filen inte säger något om dem."""
    kor(
        """
        UPDATE imp_samarbete s SET samtycke = d.samtycke FROM deltagare_samarbete d
        WHERE d.id = s.id AND s.samtycke IS NULL AND d.samtycke IS NOT NULL
        """
    )
    if not fil.har("stadsdel"):
        kor(
            """
            UPDATE imp_samarbete s SET stadsdel = f.stadsdel_id FROM deltagare_samarbetsfolkbokforing f
            WHERE f.samarbete_id = s.id AND f.kommun_id = s.kommun
            """
        )

"""Samarbetenas väg, kontor och personer prövade mängdvis, så som de blir (R26–R31). Tabellerna är `samarbeten`s."""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString

from psycopg import sql

from deltagare.overforing.fel import Utfall
from deltagare.overforing.filformat import (
    INSATSER,
    KONTORSBYTEN,
    ORGANISATIONER,
    OVERGANGER,
    PERSONFILER,
    SAMARBETEN,
)
from deltagare.overforing.regler import lagg_ur
from deltagare.overforing.samarbeten import SLUT
from deltagare.overforing.staging import hamta, kor

_OKANDA: Final = """
    SELECT o.rad, 'samarbete', 'Samarbetet finns inte. Lägg till det i samarbeten.csv eller rätta nyckeln.'
    FROM {} o WHERE NOT EXISTS (SELECT FROM imp_rort r WHERE r.nyckel = o.nyckel)
      AND NOT EXISTS (SELECT FROM imp_trasigt t WHERE t.nyckel = o.nyckel)
"""
_TABELL: Final = {OVERGANGER: "imp_overgang", KONTORSBYTEN: "imp_kontorsbyte"}
_UTAN_VAG: Final = """
    SELECT r.rad, 'samarbete', 'Samarbetet har inga övergångar. Lägg till dem i overganger.csv, begaran först.'
    FROM imp_rort r WHERE r.rad IS NOT NULL AND NOT EXISTS (SELECT FROM imp_blir b WHERE b.id = r.id)
"""
_OVERGANGARNA: Final[tuple[LiteralString, ...]] = (
    """
    SELECT rad, 'ordning', 'Ordning ' || coalesce(forra_plats, 0) + 1
           || ' saknas före raden. Övergångarna numreras 1, 2, 3 … utan hål.'
    FROM imp_vag WHERE rad IS NOT NULL AND ordning > coalesce(forra_plats, 0) + 1
    """,
    """
    SELECT rad, 'till', 'Ett samarbete börjar med begaran. Rätta insatstypen eller ordningen.'
    FROM imp_vag WHERE rad IS NOT NULL AND ordning = 1 AND till <> 'begaran'
    """,
    """
    SELECT coalesce(rad, forra_rad), 'till', CASE WHEN rad IS NOT NULL
               THEN 'Samarbetet slutade med övergången före (' || forra_typ
                    || '). En återgång är ett nytt samarbete, med nytt samtycke.'
               ELSE 'Övergången avslutar samarbetet, men nästa är redan registrerad. Rätta insatstypen.' END
    FROM imp_vag WHERE forra_typ IN ({slut}) AND coalesce(rad, forra_rad) IS NOT NULL AND ordning = forra_plats + 1
    """,
    # En ruta som stängs gäller inte bakåt: det som redan är registrerat så prövas inte igen.
    """
    SELECT coalesce(rad, forra_rad), 'till',
           'Övergången från ' || forra_typ || ' till ' || till || ' är inte öppen. Rätta insatstypen eller ordningen.'
    FROM imp_vag v
    WHERE forra_typ NOT IN ({slut}) AND ordning = forra_plats + 1
      AND (fore_till IS NULL OR (fore_fran, fore_till) <> (forra_typ, till))
      AND NOT EXISTS (SELECT FROM deltagare_overgangsregel r WHERE r.fran = v.forra_typ AND r.till = v.till AND r.oppen)
    """,
    """
    SELECT coalesce(rad, forra_rad), 'datum', CASE WHEN rad IS NOT NULL
               THEN 'Datumet är före övergången före (' || forra_dag || '). Rätta ett av datumen.'
               ELSE 'Datumet är efter nästa övergång (' || datum || ', redan registrerad). Rätta datumet.' END
    FROM imp_vag WHERE datum < forra_dag AND ordning = forra_plats + 1
    """,
    # R7, med kontoren som de är den dagen. Samtycket går att återta också när ett av dem har stängt (R27).
    """
    SELECT v.rad, 'datum', CASE WHEN v.datum < k.start
               THEN 'Övergången är före kontorets startdatum (' || k.start || ').'
               ELSE 'Övergången är efter ' || k.vems || ' slutdatum (' || k.sista || ').' END
    FROM imp_vag v
    JOIN imp_kontorsvag p ON p.samarbete = v.samarbete AND v.datum >= p.datum
        AND (p.nasta_dag IS NULL OR v.datum < p.nasta_dag)
    JOIN (SELECT i.id, k.* FROM imp_kontor k JOIN imp_kand i USING (lokal)) k ON k.id IN (p.af, p.fk)
    WHERE v.rad IS NOT NULL AND v.orsak <> 'samtycke_atertas' AND (v.datum < k.start OR v.datum > k.sista)
    """,
    """
    SELECT b.forsta_rad, 'datum', 'Samarbetet börjar då före personens födelse. Rätta datumet eller personnumret.'
    FROM imp_blir b LEFT JOIN imp_samarbete s ON s.rad = b.rad
    LEFT JOIN imp_grupp g ON g.grupp = s.grupp AND g.person_id = b.person_id
    LEFT JOIN deltagare_person p ON p.id = b.person_id
    WHERE extract(year FROM b.borjan) < coalesce(g.fodelsear, p.fodelsear) AND b.forsta_rad IS NOT NULL
    """,
    # Övergångarna till ett samarbete som inte står i samarbeten.csv.
    """
    SELECT b.forsta_rad, 'datum',
           'Samarbetet börjar då före samtycket. Rätta datumet, eller samtycket i samarbeten.csv.'
    FROM imp_blir b JOIN deltagare_samarbete d USING (id)
    WHERE b.rad IS NULL AND b.forsta_rad IS NOT NULL AND d.samtycke > b.borjan
    """,
    """
    SELECT b.forsta_rad, 'datum', 'Samarbetet bytte kontor ' || k.datum
           || ' (redan registrerat). Det börjar före den dagen och slutar tidigast då. Rätta datumet.'
    FROM imp_blir b JOIN imp_kontorsvag k ON k.samarbete = b.id
    WHERE NOT k.forsta AND k.rad IS NULL AND b.forsta_rad IS NOT NULL AND (k.datum <= b.borjan OR k.datum > b.slut)
    """,
)
_SAMARBETENA: Final[tuple[LiteralString, ...]] = (
    """
    SELECT s.rad, 'samtycke', 'Samtycket är lämnat efter begäran (' || b.borjan
           || '). Det ska vara lämnat senast den dagen.'
    FROM imp_samarbete s JOIN imp_blir b USING (rad) WHERE s.samtycke > b.borjan
    """,
    """
    SELECT r.rad, 'samarbete', 'Nyckeln är redan registrerad för en annan persons samarbete. Ge samarbetet en annan.'
    FROM imp_rort r JOIN deltagare_samarbete d USING (id) WHERE NOT r.ny AND d.person_id <> r.person_id
    """,
)
_KONTORSBYTENA: Final[tuple[LiteralString, ...]] = (
    """
    SELECT k.rad, 'datum', CASE WHEN k.datum > b.slut THEN 'Samarbetet slutade ' || b.slut || '. Rätta datumet.'
               ELSE 'Kontoren i samarbeten.csv gäller från ' || b.borjan || '. Ange en senare dag.' END
    FROM imp_kontorsvag k JOIN imp_blir b ON b.id = k.samarbete
    WHERE NOT k.forsta AND k.rad IS NOT NULL AND (k.datum <= b.borjan OR k.datum > b.slut)
    """,
    """
    SELECT p.rad, 'datum', CASE WHEN p.datum < k.start THEN 'Bytet är före kontorets startdatum (' || k.start || ').'
               ELSE 'Bytet är efter ' || k.vems || ' slutdatum (' || k.sista || ').' END
    FROM imp_kontorsvag p
    JOIN (SELECT i.id, k.* FROM imp_kontor k JOIN imp_kand i USING (lokal)) k ON k.id IN (p.af, p.fk)
    WHERE NOT p.forsta AND p.rad IS NOT NULL AND (p.datum < k.start OR p.datum > k.sista)
    """,
)
# R7 för det registrerade, vid kontor som filen sätter. Har bytet självt fel dag är det redan sagt.
_KONTORENS_TID: Final = """
    SELECT DISTINCT ON (1, 2) p.rad, CASE k.id WHEN p.af THEN 'af_kontor' ELSE 'fk_kontor' END,
           'Kontoret finns från och med ' || k.start || coalesce(' till och med ' || k.sista, '')
           || ', men samarbetet har en övergång ' || v.datum || ' (redan registrerad). Välj ett annat kontor.'
    FROM imp_vag v
    JOIN imp_kontorsvag p ON p.samarbete = v.samarbete AND v.datum >= p.datum
        AND (p.nasta_dag IS NULL OR v.datum < p.nasta_dag)
    JOIN (SELECT i.id, k.* FROM imp_kontor k JOIN imp_kand i USING (lokal)) k ON k.id IN (p.af, p.fk)
    WHERE v.rad IS NULL AND p.rad IS NOT NULL AND p.forsta = {} AND (v.datum < k.start OR v.datum > k.sista)
      AND v.orsak <> 'samtycke_atertas'
      AND (p.forsta OR p.datum BETWEEN k.start AND coalesce(k.sista, 'infinity'))
      AND k.id IS DISTINCT FROM p.fore_af AND k.id IS DISTINCT FROM p.fore_fk
    ORDER BY 1, 2, v.datum
"""
_SAMMA_KONTOR: Final = """
    SELECT rad, 'datum', 'Kontoren är desamma som före bytet.'
    FROM imp_kontorsvag WHERE NOT forsta AND rad IS NOT NULL AND (af, fk) = (forra_af, forra_fk)
"""
_NYA_DATUM: Final = """
    SELECT i.id FROM imp_insats i JOIN insatser_insats t USING (id)
    WHERE i.samverkansform IN ('af', 'fk')
      AND (t.startdatum, t.slutdatum) IS DISTINCT FROM (i.startdatum, i.slutdatum)
"""
# När något som inte står i filerna är registrerat vid kontoret `i`.
_VID_KONTORET: Final = sql.SQL("""
    LATERAL (
        SELECT min(dag) AS forsta, max(dag) AS sista FROM (
            SELECT o.datum AS dag
            FROM (SELECT *, lead(datum) OVER (PARTITION BY samarbete_id ORDER BY datum) AS nasta
                  FROM deltagare_samarbetskontor WHERE samarbete_id IN (
                      SELECT samarbete_id FROM deltagare_samarbetskontor WHERE i.id IN (af_kontor_id, fk_kontor_id))) k
            JOIN deltagare_overgang o USING (samarbete_id)
            WHERE i.id IN (k.af_kontor_id, k.fk_kontor_id) AND o.datum >= k.datum
              AND (k.nasta IS NULL OR o.datum < k.nasta) AND o.orsak <> 'samtycke_atertas'
              AND NOT EXISTS (SELECT FROM imp_vag v WHERE v.overgang = o.id AND v.rad IS NOT NULL)
            UNION ALL
            SELECT k.datum FROM deltagare_samarbetskontor k
            WHERE i.id IN (k.af_kontor_id, k.fk_kontor_id)
              AND NOT EXISTS (SELECT FROM imp_kontorsvag v WHERE v.kontor = k.id AND v.rad IS NOT NULL)) dagar) g
""")
# R15: det ska rymmas i kontorets nya datum, och i samverkansorganisationens (R7).
_KONTORETS_DATUM: Final = """
    SELECT i.rad, CASE WHEN g.forsta < i.startdatum THEN 'startdatum' ELSE 'slutdatum' END,
           CASE WHEN g.forsta < i.startdatum THEN 'Startdatum är efter en registrering vid kontoret (' || g.forsta
                ELSE 'Slutdatum är före en registrering vid kontoret (' || g.sista END || '). Rätta datumet.'
    FROM imp_insats i CROSS JOIN {dagarna}
    WHERE i.id IN ({kontor}) AND (g.forsta < i.startdatum OR g.sista > i.slutdatum)
"""
_ORGANISATIONENS_SLUT: Final = """
    SELECT s.rad, 'slutdatum', 'Samverkansorganisationens kontor har registreringar efter slutdatumet (den senaste: '
           || max(g.sista) || '). Rätta datumet.'
    FROM imp_organisation s
    JOIN insatser_samverkansorganisation o ON o.id = s.id AND o.slutdatum IS DISTINCT FROM s.slutdatum
    JOIN insatser_insats i ON i.samverkansorganisation_id = o.id CROSS JOIN {dagarna}
    WHERE s.samverkansform IN ('af', 'fk') AND g.sista > s.slutdatum GROUP BY s.rad
"""
# Den som är utan identitet får rättat födelseår: det registrerade som inte står i filerna ska komma efter det.
_FODELSEARET: Final = """
    SELECT g.rad, 'fodelsear', 'Födelseåret är efter en registrering av personen (' || min(r.dag)
           || ', redan registrerad). Rätta det.'
    FROM imp_grupp g JOIN deltagare_person p ON p.id = g.person_id AND p.fodelsear <> g.fodelsear
    CROSS JOIN LATERAL (
        SELECT d.inregistrering AS dag FROM deltagare_deltagande d
        WHERE d.person_id = p.id AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
        UNION ALL
        SELECT s.borjan FROM deltagare_samarbete s
        WHERE s.person_id = p.id AND NOT EXISTS (
            SELECT FROM imp_blir b WHERE b.id = s.id AND b.forsta_rad IS NOT NULL)) r
    WHERE g.fil = {} AND extract(year FROM r.dag) < g.fodelsear GROUP BY g.rad
"""
# Personens samarbeten i tidsordning, med dem som inte står i filerna. Det som avslutas får följas samma dag.
_PERSONERNAS: Final = """
    CREATE TEMP TABLE imp_foljd ON COMMIT DROP AS
    SELECT *, lag(id) OVER v AS forra, lag(rad) OVER v AS forra_rad, lag(forsta_rad) OVER v AS forra_forsta_rad,
           lag(slut) OVER v AS forra_slut, lag(samtycke) OVER v AS forra_samtycke
    FROM (
        SELECT b.id, b.person_id, b.rad, b.forsta_rad, b.borjan, b.slut,
               CASE WHEN b.rad IS NULL THEN d.samtycke ELSE coalesce(s.samtycke, d.samtycke) END AS samtycke,
               coalesce(s.slag = 'i', NOT d.avidentifierat) AS identifierat
        FROM imp_blir b LEFT JOIN imp_samarbete s ON s.rad = b.rad LEFT JOIN deltagare_samarbete d ON d.id = b.id
        UNION ALL
        SELECT d.id, d.person_id, NULL, NULL, d.borjan, d.slut, d.samtycke, NOT d.avidentifierat
        FROM deltagare_samarbete d
        WHERE d.person_id IN (SELECT person_id FROM imp_blir) AND NOT EXISTS (SELECT FROM imp_blir b WHERE b.id = d.id)
    ) alla
    WINDOW v AS (PARTITION BY person_id ORDER BY borjan, slut NULLS LAST, rad)
"""
# Felet står på samarbetets rad, eller på dess första övergång om det inte står i samarbeten.csv.
_I_FOLJD: Final[dict[str, LiteralString]] = {
    SAMARBETEN: "coalesce(rad, forra_rad) AS rad, 'samarbete'",
    OVERGANGER: "coalesce(forsta_rad, forra_forsta_rad) AS rad, 'datum'",
}
_OVERLAPP: Final = """
    SELECT {var}, CASE WHEN forra_slut IS NULL OR slut IS NULL
               THEN 'Personen har ett annat samarbete som pågår då (' || {vid}
                    || '). En person har ett samarbete i taget: avsluta det första innan nästa börjar.'
               ELSE 'Personens samarbeten överlappar (' || {vid}
                    || '). Nästa börjar tidigast den dag det förra slutade.' END
    FROM imp_foljd WHERE forra IS NOT NULL AND (forra_slut IS NULL OR forra_slut > borjan) AND {har}
"""
_SAMTYCKET: Final = """
    SELECT coalesce(rad, forra_rad), 'samtycke', CASE WHEN rad IS NOT NULL
               THEN 'Samtycket gällde ett tidigare samarbete. Ett nytt behövs för varje.'
               ELSE 'Personens nästa samarbete (redan registrerat) har inte ett nyare samtycke. Rätta datumet.' END
    FROM imp_foljd
    WHERE coalesce(rad, forra_rad) IS NOT NULL AND identifierat AND samtycke <= forra_samtycke
"""
# R15: kontoret har slutat medan samarbeten pågår där.
_OPPNA: Final = """
    SELECT i.rad, 'slutdatum', 'Kontoret slutade ' || i.slutdatum || ', men ' || count(*)
           || CASE WHEN count(*) > 1 THEN ' samarbeten' ELSE ' samarbete' END
           || ' pågår där. Avsluta eller byt kontor så snart det går.'
    FROM imp_insats i JOIN (
        SELECT unnest(ARRAY[v.af, v.fk]) AS kontor
        FROM imp_kontorsvag v JOIN imp_blir b ON b.id = v.samarbete WHERE v.nasta_dag IS NULL AND b.slut IS NULL
        UNION ALL
        SELECT unnest(ARRAY[s.af_kontor_id, s.fk_kontor_id]) FROM deltagare_samarbete s
        WHERE s.slut IS NULL AND NOT EXISTS (SELECT FROM imp_rort r WHERE r.id = s.id)) o ON o.kontor = i.id
    WHERE i.slutdatum < {} GROUP BY i.rad, i.slutdatum
"""


def prova(utfall: Utfall, *, overganger_lasta: bool) -> None:
    """Vägen, kontoren och samtycket i varje samarbete. Utan läsbara övergångar sägs inte att de saknas."""
    for fil, tabell in _TABELL.items():
        lagg_ur(utfall.fel, fil, sql.SQL(_OKANDA).format(sql.Identifier(tabell)))
    if overganger_lasta:
        lagg_ur(utfall.fel, SAMARBETEN, _UTAN_VAG)
    _lagg(utfall, SAMARBETEN, _SAMARBETENA)
    _lagg(utfall, OVERGANGER, _OVERGANGARNA)
    _lagg(utfall, KONTORSBYTEN, _KONTORSBYTENA)
    for fil, i_filen in ((SAMARBETEN, True), (KONTORSBYTEN, False)):
        lagg_ur(utfall.fel, fil, sql.SQL(_KONTORENS_TID).format(sql.Literal(i_filen)))
    for plats, fil in enumerate(PERSONFILER):
        lagg_ur(utfall.fel, fil, sql.SQL(_FODELSEARET).format(sql.Literal(plats)))
    if kontor := [sql.Literal(id_) for (id_,) in hamta(_NYA_DATUM)]:
        fraga = sql.SQL(_KONTORETS_DATUM).format(dagarna=_VID_KONTORET, kontor=sql.SQL(", ").join(kontor))
        lagg_ur(utfall.fel, INSATSER, fraga)
    lagg_ur(utfall.fel, ORGANISATIONER, sql.SQL(_ORGANISATIONENS_SLUT).format(dagarna=_VID_KONTORET))
    lagg_ur(utfall.varningar, KONTORSBYTEN, _SAMMA_KONTOR)


def _lagg(utfall: Utfall, fil: str, fragor: Sequence[LiteralString]) -> None:
    for fraga in fragor:
        lagg_ur(utfall.fel, fil, sql.SQL(fraga).format(slut=SLUT))


def varna_for_oppna(utfall: Utfall, idag: date) -> None:
    """R15: ett kontor som har slutat medan samarbeten pågår där är ett lagligt läge som ska rättas."""
    lagg_ur(utfall.varningar, INSATSER, sql.SQL(_OPPNA).format(sql.Literal(idag)))


def prova_personernas(utfall: Utfall) -> None:
    """R31: en person har ett samarbete i taget, och ett nytt samtycke för varje (R27)."""
    kor(_PERSONERNAS)
    i_samarbeten = "(rad IS NOT NULL OR forra_rad IS NOT NULL)"
    vid = "CASE WHEN rad IS NOT NULL AND forra_rad IS NOT NULL THEN 'rad ' || forra_rad ELSE 'redan registrerat' END"
    for fil, har in ((SAMARBETEN, i_samarbeten), (OVERGANGER, f"NOT {i_samarbeten}")):
        fraga = sql.SQL(_OVERLAPP).format(var=sql.SQL(_I_FOLJD[fil]), vid=sql.SQL(vid), har=sql.SQL(har))
        lagg_ur(utfall.fel, fil, fraga)
    lagg_ur(utfall.fel, SAMARBETEN, _SAMTYCKET)

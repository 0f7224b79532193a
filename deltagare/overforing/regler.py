"""Regler som rör flera rader, eller rader och det som redan är registrerat, prövade mängdvis."""

from datetime import date
from typing import Final, LiteralString

from psycopg import sql

from deltagare.overforing.fel import Lista, Utfall, visat
from deltagare.overforing.filformat import (
    ANONYMA,
    BUDGET,
    BUDGETPOSTER,
    DELTAGANDEN,
    INSATSER,
    KONTORSBYTEN,
    ORGANISATIONER,
    OVERGANGER,
    SAMARBETEN,
    VOLYMANTAL,
)
from deltagare.overforing.forbindelse import ar_agarens
from deltagare.overforing.lage import Insatsen, Lage
from deltagare.overforing.staging import hamta

_NYCKLAR: Final = {
    BUDGET: ("imp_budget", ("lokal", "ar"), "ar", "insats och ar"),
    BUDGETPOSTER: ("imp_budgetpost", ("lokal", "ar", "post"), "rad", "insats, ar och rad"),
    VOLYMANTAL: ("imp_volymantal", ("lokal", "ar"), "ar", "insats och ar"),
    ANONYMA: ("imp_anonym", ("lokal", "ar", "kon"), "ar", "insats, ar och kon"),
    DELTAGANDEN: (
        "imp_deltagande",
        ("lokal", "grupp", "inregistrering", "lopnr"),
        "inregistrering",
        "insats, person, inregistrering och lopnr (ge dem olika lopnr om personen har flera)",
    ),
    SAMARBETEN: ("imp_samarbete", ("nyckel",), "samarbete", "samarbete"),
    OVERGANGER: ("imp_overgang", ("nyckel", "ordning"), "ordning", "samarbete och ordning"),
    KONTORSBYTEN: ("imp_kontorsbyte", ("nyckel", "datum"), "datum", "samarbete och datum"),
}
_DUBBLETTER: Final = """
    SELECT t.rad, {}, 'Samma rad står redan på rad ' || d.forsta || ': samma ' || {}
                  || '. Ta bort den ena.'
    FROM {} t JOIN (SELECT {}, min(rad) AS forsta FROM {} GROUP BY {} HAVING count(*) > 1) d USING ({})
    WHERE t.rad > d.forsta
"""

# Två rader för samma registrering, med personens nummer före och efter ett byte.
_BADA_NUMREN: Final = """
    SELECT t.rad, 'personnummer', 'Raden gäller samma registrering som rad ' || min(f.rad)
        || ', där personen står med ett annat nummer. Numret är bytt. Ta bort den ena raden.'
    FROM imp_traff t JOIN imp_traff f ON f.id = t.id AND f.rad < t.rad
    JOIN imp_deltagande s ON s.rad = t.rad JOIN imp_deltagande a ON a.rad = f.rad AND a.grupp <> s.grupp
    GROUP BY t.rad
"""

# Raderna och det registrerade som inte står i filen, i tidsordning per person och insats. Det senaste slutet hittills
# bär med sig sin rad: dagar i de övre 32 bitarna, raden i de nedre.
_OVERLAPP: Final = """
    SELECT rad, 'inregistrering', 'Personen är redan inregistrerad i insatsen under den tiden ('
        || CASE WHEN tidigare & 4294967295 > 0 THEN 'rad ' || (tidigare & 4294967295) ELSE 'redan registrerat' END
        || '). Nästa inregistrering är tidigast dagen efter den senaste utregistreringen.'
    FROM (
        SELECT rad, inregistrering,
               max(((coalesce(utregistrering, '9999-12-31') - date '1900-01-01')::bigint << 32) | coalesce(rad, 0))
                   OVER (PARTITION BY lokal, vem ORDER BY inregistrering, rad
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS tidigare
        FROM (
            SELECT s.rad, s.lokal, coalesce(n.forsta, s.grupp) AS vem, s.inregistrering, s.utregistrering
            FROM imp_deltagande s LEFT JOIN imp_samma n USING (grupp)
            WHERE s.avslutningsanledning <> 'felregistrering'
            UNION ALL
            SELECT NULL, k.lokal, coalesce(n.forsta, g.grupp), d.inregistrering, d.utregistrering
            FROM imp_grupp g LEFT JOIN imp_samma n USING (grupp)
            JOIN deltagare_deltagande d ON d.person_id = g.person_id AND NOT d.felregistrerad
            JOIN imp_kand k ON k.id = d.insats_id
            WHERE NOT g.ny AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
        ) alla
    ) prov
    WHERE rad IS NOT NULL AND tidigare >> 32 >= inregistrering - date '1900-01-01'
"""
# En registrerad period som börjar efter filens: felet ska stå på filens rad.
_OVERLAPP_FORE: Final = """
    SELECT s.rad, 'inregistrering', 'Personen är redan inregistrerad i insatsen från ' || d.inregistrering
        || ' (redan registrerat). Rätta datumen så att de inte överlappar.'
    FROM imp_deltagande s
    JOIN imp_grupp g USING (grupp)
    JOIN imp_kand k USING (lokal)
    JOIN deltagare_deltagande d ON d.person_id = g.person_id AND d.insats_id = k.id AND NOT d.felregistrerad
    WHERE NOT g.ny AND s.avslutningsanledning <> 'felregistrering'
      AND d.inregistrering > s.inregistrering
      AND d.inregistrering <= coalesce(s.utregistrering, 'infinity')
      AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
"""

# Det registrerade som inte står i filen ska rymmas i insatsens nya datum (R15).
_INSATSENS_DATUM: Final = """
    SELECT i.rad, CASE WHEN v.for_tidigt THEN 'startdatum' ELSE 'slutdatum' END,
           CASE WHEN v.for_tidigt THEN 'Startdatum är efter en registrering i insatsen ('
                ELSE 'Slutdatum är före en registrering i insatsen (' END || v.nar || '). Rätta datumet.'
    FROM imp_insats i
    CROSS JOIN LATERAL (
        SELECT d.inregistrering < i.startdatum AS for_tidigt,
               CASE WHEN d.inregistrering < i.startdatum THEN min(d.inregistrering)
                    ELSE max(coalesce(d.utregistrering, d.inregistrering)) END::text AS nar
        FROM deltagare_deltagande d
        WHERE d.insats_id = i.id AND NOT d.felregistrerad
          AND (d.inregistrering < i.startdatum OR coalesce(d.utregistrering, d.inregistrering) > i.slutdatum)
          AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
        GROUP BY d.inregistrering < i.startdatum
        UNION ALL
        SELECT a.ar < extract(year FROM i.startdatum), min(a.ar)::text
        FROM (SELECT insats_id, ar, antal FROM deltagare_anonym
              WHERE id NOT IN (SELECT id FROM imp_anonym WHERE id IS NOT NULL)
              UNION ALL SELECT insats_id, ar, antal FROM deltagare_volymantal
              WHERE id NOT IN (SELECT id FROM imp_volymantal WHERE id IS NOT NULL)) a
        WHERE a.insats_id = i.id AND a.antal > 0
          AND (a.ar < extract(year FROM i.startdatum) OR a.ar > extract(year FROM i.slutdatum))
        GROUP BY a.ar < extract(year FROM i.startdatum)
    ) v
    WHERE NOT i.ny
"""
# R7: det registrerade ska rymmas i organisationens nya slutdatum, också i insatser som pågår tills vidare.
_ORGANISATIONENS_SLUT: Final = """
    SELECT s.rad, 'slutdatum', 'Samverkansorganisationen har registreringar efter slutdatumet (den senaste: '
           || max(v.nar) || '). Rätta datumet.'
    FROM imp_organisation s
    JOIN insatser_samverkansorganisation o ON o.id = s.id AND o.slutdatum IS DISTINCT FROM s.slutdatum
    JOIN insatser_insats i ON i.samverkansorganisation_id = o.id
    CROSS JOIN LATERAL (
        SELECT max(coalesce(d.utregistrering, d.inregistrering))::text AS nar
        FROM deltagare_deltagande d
        WHERE d.insats_id = i.id AND NOT d.felregistrerad
          AND coalesce(d.utregistrering, d.inregistrering) > s.slutdatum
          AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)
        UNION ALL
        SELECT max(a.ar)::text
        FROM (SELECT insats_id, ar, antal FROM deltagare_anonym
              WHERE id NOT IN (SELECT id FROM imp_anonym WHERE id IS NOT NULL)
              UNION ALL SELECT insats_id, ar, antal FROM deltagare_volymantal
              WHERE id NOT IN (SELECT id FROM imp_volymantal WHERE id IS NOT NULL)) a
        WHERE a.insats_id = i.id AND a.antal > 0 AND a.ar > extract(year FROM s.slutdatum)
    ) v
    WHERE s.slutdatum IS NOT NULL AND v.nar IS NOT NULL
    GROUP BY s.rad
"""
# Samma regel för den som inte ser registreringarna (radskyddet): databasen säger bara gränserna.
_INSATSENS_GRANSER: Final = """
    SELECT i.rad, v.kolumn, v.text || '. Rätta datumet.'
    FROM imp_insats i
    JOIN insatser_insats t ON t.id = i.id AND (t.startdatum, t.slutdatum) IS DISTINCT FROM (i.startdatum, i.slutdatum)
    CROSS JOIN LATERAL registreringsgranser(i.id) g
    CROSS JOIN LATERAL (
        SELECT 'startdatum' AS kolumn, 'Startdatum är efter en registrering i insatsen ('
               || coalesce(CASE WHEN i.startdatum > g.forsta THEN g.forsta::text END, g.forsta_ar::text) || ')' AS text
        WHERE i.startdatum > g.forsta OR extract(year FROM i.startdatum) > g.forsta_ar
        UNION ALL
        SELECT 'slutdatum', 'Slutdatum är före en registrering i insatsen ('
               || coalesce(CASE WHEN i.slutdatum < g.sista THEN g.sista::text END, g.sista_ar::text) || ')'
        WHERE i.slutdatum < g.sista OR extract(year FROM i.slutdatum) < g.sista_ar
    ) v
"""
_BUDGETENS_SORT: Final = """
    SELECT i.rad, 'deltagarregistrering', 'Insatsen har ett planerat antal för ' || min(b.ar)
           || ' i budgeten som inte hör till det nya sättet. Ta med året i budget.csv, eller låt valet vara.'
    FROM imp_insats i JOIN insatser_budget b ON b.insats_id = i.id
    WHERE (CASE i.deltagarregistrering WHEN 'antal' THEN b.planerat_antal ELSE b.budgeterat_antal_volym END) IS NOT NULL
      AND NOT EXISTS (SELECT FROM imp_budget s WHERE s.id = b.id)
    GROUP BY i.rad
"""


def lagg_ur(lista: Lista, fil: str, fraga: str | sql.Composable) -> None:
    """Lägger felen som frågan (rad, kolumn, text) ger."""
    omslag = sql.SQL("SELECT *, count(*) OVER () FROM ({}) AS fel ORDER BY 1 LIMIT {}").format(
        sql.SQL(fraga) if isinstance(fraga, str) else fraga, sql.Literal(lista.visade)
    )
    if rader := hamta(omslag):
        lista.lagg_fler(fil, [(rad, kolumn, text) for rad, kolumn, text, _ in rader], rader[0][3])


def med_dag(fraga: LiteralString, dag: date) -> sql.Composed:
    """Frågan med dagen där den har `{}`."""
    return sql.SQL(fraga).format(sql.Literal(dag))


def prova_organisationer(lage: Lage, utfall: Utfall) -> None:
    """R7 och formen: en ändrad organisation ska passa sina registrerade insatser."""
    for insats in lage.insatser.values():
        fore = insats.fore or (insats if insats.id else None)
        if fore is None or fore.organisation is None:
            continue
        organisation = lage.organisationer[fore.organisation.nummer]
        if organisation.ny_form:
            organisation.ny_form = False  # ett fel räcker
            utfall.fel.lagg(
                ORGANISATIONER,
                organisation.rad,
                "samverkansform",
                "Organisationen har insatser, så samverkansformen kan inte ändras. Skriv den som är registrerad.",
            )
        if insats.rad or organisation.trasig or not organisation.rad or organisation.slut is None:
            continue
        if insats.start > organisation.slut or (insats.slut and insats.slut > organisation.slut):
            utfall.fel.lagg(
                ORGANISATIONER,
                organisation.rad,
                "slutdatum",
                f"Insatsen{visat(ORGANISATIONER, insats.nyckel)} ligger efter slutdatumet. "
                "Rätta datumet, eller insatsens i insatser.csv.",
            )


def prova_namn(lage: Lage, utfall: Utfall) -> None:
    """Insatsnamnet är unikt inom organisationen, så som det blir efter importen."""
    sedda: dict[tuple[str, str], Insatsen] = {}
    for insats in sorted(lage.insatser.values(), key=lambda insats: insats.rad):
        if insats.trasig or insats.organisation is None:
            continue
        annan = sedda.setdefault((insats.organisation.nummer, insats.namn), insats)
        if annan is not insats:
            var = f"på rad {annan.rad}" if annan.rad else "är redan registrerad"
            utfall.fel.lagg(
                INSATSER,
                insats.rad,
                "namn",
                f"Samverkansorganisationen har redan en insats med det namnet ({var}). Ge den ett eget namn.",
            )


def prova_dubbletter(fil: str, utfall: Utfall) -> None:
    """En nyckel står en gång i filen."""
    tabell, nyckel, kolumn, ord_ = _NYCKLAR[fil]
    kolumner = sql.SQL(", ").join(map(sql.Identifier, nyckel))
    namn = sql.Identifier(tabell)
    lagg_ur(
        utfall.fel,
        fil,
        sql.SQL(_DUBBLETTER).format(sql.Literal(kolumn), sql.Literal(ord_), namn, kolumner, namn, kolumner, kolumner),
    )
    if fil == DELTAGANDEN:
        lagg_ur(utfall.fel, fil, _BADA_NUMREN)


def prova_mot_registrerat(utfall: Utfall) -> None:
    """R7, R15 och R16 mot det som redan är registrerat och inte ersätts av filerna."""
    lagg_ur(utfall.fel, ORGANISATIONER, _ORGANISATIONENS_SLUT)
    lagg_ur(utfall.fel, INSATSER, _INSATSENS_DATUM if ar_agarens() else _INSATSENS_GRANSER)
    lagg_ur(utfall.fel, INSATSER, _BUDGETENS_SORT)


def prova_overlapp(utfall: Utfall) -> None:
    """R20: en persons deltaganden i en insats överlappar inte, båda dagarna inräknade."""
    lagg_ur(utfall.fel, DELTAGANDEN, _OVERLAPP)
    lagg_ur(utfall.fel, DELTAGANDEN, _OVERLAPP_FORE)


def varna_for_oppna(lage: Lage, utfall: Utfall, idag: date) -> None:
    """R15: en insats som har slutat medan deltagare är inregistrerade är ett lagligt läge som ska rättas."""
    slutade = [i for i in lage.insatser.values() if i.slut and i.slut < idag and not i.trasig]
    if not slutade:
        return
    oppna = hamta(
        """
        SELECT i.lokal, count(*), min(o.rad) FROM unnest(%s::int[]) AS i (lokal)
        JOIN (SELECT s.lokal, s.rad FROM imp_deltagande s WHERE s.utregistrering IS NULL
              UNION ALL
              SELECT k.lokal, NULL FROM imp_kand k JOIN deltagare_deltagande d ON d.insats_id = k.id
              WHERE d.utregistrering IS NULL AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.id = d.id)) o USING (lokal)
        GROUP BY i.lokal
        """,
        [[insats.lokal for insats in slutade]],
    )
    per_lokal = {insats.lokal: insats for insats in slutade}
    for lokal, antal, rad in oppna:
        insats = per_lokal[lokal]
        ord_ = "deltagare är inregistrerade" if antal > 1 else "deltagare är inregistrerad"
        fil, pa_rad, kolumn = (
            (INSATSER, insats.rad, "slutdatum") if insats.rad else (DELTAGANDEN, rad, "utregistrering")
        )
        if pa_rad:
            namn = visat(fil, insats.nyckel)
            text = f"Insatsen{namn} slutade {insats.slut}, men {antal} {ord_}. Utregistrera så snart det går."
            utfall.varningar.lagg(fil, pa_rad, kolumn, text)

"""All SQL för rapporterna om Af/FK-samarbetet: ledtider, status och övergångar (R32, `prestanda.md`).

Satserna körs som rollen sus_rapport, som läser samarbeten men aldrig en identitet (P2).
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Func, TextField
from django.utils import timezone
from psycopg import sql

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from deltagare.overgangar import PAGAENDE
from insatser.kategorier import KONTORSFORMER
from insatser.models import Insats
from rapporter import ledtider, samarbetslage
from rapporter.samarbetsurval import Jamforelse, Kontor, Samarbetsurval
from rapporter.tabell import Rapport

_ROLL_RAPPORT: Final = "SET LOCAL ROLE sus_rapport"
_ROLL_TILLAMPNING: Final = "SET LOCAL ROLE sus_app"

# Ett svep över övergångarna, där `lamnad` redan är dagen för nästa. Raderna räknas per antal dagar: percentilerna ges
# då av fördelningen utan att något sorteras, och diagrammen av samma tal. LEAST förbigår NULL.
_LEDTIDER: Final = """
WITH {kontoret} vistelse AS (
    SELECT till AS steg, samarbete_id, datum, lamnad FROM deltagare_overgang WHERE till = ANY ({pagaende})
    UNION ALL
    SELECT 'hela_samarbetet', id, borjan, slut FROM deltagare_samarbete
)
SELECT {kontor}, {kon}, v.steg, v.lamnad IS NOT NULL AND v.lamnad <= {idag} AS slutad,
       least(v.lamnad, {idag}) - v.datum AS dagar, count(*)
FROM vistelse v{med_kontor}{med_kon}
WHERE v.datum <= {idag}
  AND (v.lamnad IS NULL OR v.lamnad > {idag} OR (v.lamnad >= {fran} AND v.lamnad < {grans})){villkor}
GROUP BY 1, 2, 3, 4, 5
"""

# Kontoren och dagarna de gäller. Det första gäller också bakåt.
_KONTORET: Final = """kontoret AS MATERIALIZED (
    SELECT samarbete_id, af_kontor_id, fk_kontor_id,
           CASE WHEN lag(datum) OVER vag IS NULL THEN '-infinity'::date ELSE datum END AS galler_fran,
           lead(datum, 1, 'infinity'::date) OVER vag AS galler_till
    FROM deltagare_samarbetskontor{nagon_gang}
    WINDOW vag AS (PARTITION BY samarbete_id ORDER BY datum)
),
"""
_NAGON_GANG: Final = """
    WHERE samarbete_id IN (SELECT samarbete_id FROM deltagare_samarbetskontor
                           WHERE af_kontor_id = ANY ({ids}) OR fk_kontor_id = ANY ({ids}))"""
_MED_KONTOR: Final = """
JOIN kontoret k ON k.samarbete_id = v.samarbete_id AND {dag} >= k.galler_fran AND {dag} < k.galler_till"""
_VART_KONTOR: Final = """
CROSS JOIN LATERAL unnest(ARRAY[k.af_kontor_id, k.fk_kontor_id]) AS vart (kontor_id)"""

# En rad per samarbete som pågick någon dag i perioden, med insatstypen och kontoren den dag som läget gäller.
_STATUS: Final = """
WITH {kontoret} lage AS (
    SELECT o.till, k.af_kontor_id, k.fk_kontor_id
    FROM deltagare_samarbete v
    JOIN deltagare_overgang o ON o.samarbete_id = v.id AND o.datum <= {dag}
                             AND (o.lamnad IS NULL OR o.lamnad > {dag})
    JOIN kontoret k ON k.samarbete_id = v.id AND least(v.slut, {dag}) >= k.galler_fran
                   AND least(v.slut, {dag}) < k.galler_till
    WHERE v.borjan <= {dag} AND (v.slut IS NULL OR v.slut >= {fran}){villkor}
)
SELECT NULL, till, count(*) FROM lage GROUP BY till
UNION ALL
SELECT kontor_id, till, count(*)
FROM lage CROSS JOIN LATERAL unnest(ARRAY[af_kontor_id, fk_kontor_id]) AS vart (kontor_id) GROUP BY kontor_id, till
"""
_ANONYMA: Final = """
SELECT insats_id, ar, sum(antal)::bigint FROM deltagare_anonym
WHERE insats_id = ANY ({ids}) AND ar BETWEEN {forsta_ar} AND {sista_ar}{kon} GROUP BY insats_id, ar
"""
_OVERGANGAR: Final = """
WITH {kontoret} vistelse AS (SELECT samarbete_id, fran, till, datum FROM deltagare_overgang)
SELECT v.fran, v.till, count(*)
FROM vistelse v{med_kontor}{med_kon}
WHERE v.datum >= {fran} AND v.datum < {grans}{villkor}
GROUP BY v.fran, v.till
"""


def kontoren() -> dict[str, Kontor]:
    """Alla kontor, i svensk ordning med Arbetsförmedlingens först: nyckel → kontor."""
    rader = Insats.objects.filter(samverkansform__in=KONTORSFORMER).order_by(
        "samverkansform", Func(F("namn"), function="sus_sortnyckel", output_field=TextField()), "nyckel"
    )
    return {
        nyckel: Kontor(pk, namn, form)
        for pk, nyckel, namn, form in rader.values_list("pk", "nyckel", "namn", "samverkansform")
    }


def ledtidsrapport(
    urval: Samarbetsurval,
    *,
    kontoren: dict[str, Kontor],
    framtagen: datetime | None = None,
    for_anvandare: Anvandare | None = None,
) -> Rapport:
    """Tar fram Ledtider. `for_anvandare` None är ett kommando. Läser i en sats, med rollen sus_rapport."""
    rader = _las([ledtidssats(urval, kontoren)], for_anvandare)[0]
    return ledtider.bygg(rader, urval=urval, kontoren=kontoren, framtagen=timezone.localtime(framtagen))


def statusrapport(urval: Samarbetsurval, *, kontoren: dict[str, Kontor], for_anvandare: Anvandare) -> Rapport:
    """Tar fram Status, med de anonyma för sig."""
    delar = _delar(urval, kontoren)
    delar["kontoret"] = _kontoret(delar, alla=not urval.kontor)
    if urval.kontor:
        delar["villkor"] += _i_kontoren(delar)
    delar["ids"] = _lista(kontoren[nyckel].id for nyckel in urval.kontor or kontoren)
    lagen, anonyma = _las([sql.SQL(sats).format(**delar) for sats in (_STATUS, _ANONYMA)], for_anvandare)
    return samarbetslage.status(lagen, anonyma, urval=urval, kontoren=kontoren, framtagen=timezone.localtime())


def overgangsrapport(urval: Samarbetsurval, *, kontoren: dict[str, Kontor], for_anvandare: Anvandare) -> Rapport:
    """Tar fram Övergångar: hur många som har gått från varje insatstyp till varje annan i perioden."""
    delar = _delar(urval, kontoren)
    _avgransa(delar, urval, sql.SQL("v.datum"))
    [rader] = _las([sql.SQL(_OVERGANGAR).format(**delar)], for_anvandare)
    return samarbetslage.overgangar(rader, urval=urval, kontoren=kontoren, framtagen=timezone.localtime())


def ledtidssats(urval: Samarbetsurval, kontoren: dict[str, Kontor]) -> sql.Composed:
    """Satsen som räknar vistelserna, också för att mäta den ensam."""
    delar = _delar(urval, kontoren)
    _avgransa(delar, urval, sql.SQL("least(v.lamnad, {idag})").format(**delar))
    delar["kontor"], delar["kon"] = sql.SQL("NULL::bigint"), sql.SQL("NULL::text")
    if Jamforelse.KONTOR in urval.jamfor:
        delar["kontor"] = sql.SQL("vart.kontor_id")
        delar["med_kontor"] += sql.SQL(_VART_KONTOR)
        delar["villkor"] += sql.SQL(" AND vart.kontor_id = ANY ({ids})").format(**delar)
    if Jamforelse.KON in urval.jamfor:
        delar["kon"] = sql.SQL("s.kon")
    return sql.SQL(_LEDTIDER).format(**delar)


def _delar(urval: Samarbetsurval, kontoren: dict[str, Kontor]) -> dict[str, Any]:
    """Satsernas delar utan urval på kontor."""
    tomt = sql.SQL("")
    return {
        "fran": _dag(urval.fran),
        "grans": _dag(urval.grans),
        "idag": _dag(urval.idag),
        "dag": _dag(urval.dag),
        "forsta_ar": sql.Literal(urval.fran.year),
        "sista_ar": sql.Literal(urval.till.year),
        "pagaende": sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, PAGAENDE))),
        "ids": _lista(kontoren[nyckel].id for nyckel in urval.kontor),
        "kon": _kon(urval, ""),
        "villkor": _kon(urval, "v."),
        "kontoret": tomt,
        "med_kontor": tomt,
        "med_kon": tomt,
    }


def _avgransa(delar: dict[str, Any], urval: Samarbetsurval, dag: sql.Composable) -> None:
    """Lägger till samarbetets kontor på dagen, och dess kön, där urvalet behöver dem."""
    delar["villkor"] = _kon(urval, "s.")
    if urval.kon or Jamforelse.KON in urval.jamfor:
        delar["med_kon"] = sql.SQL("\nJOIN deltagare_samarbete s ON s.id = v.samarbete_id")
    if urval.kontor:
        delar["kontoret"] = _kontoret(delar, alla=False)
        delar["med_kontor"] = sql.SQL(_MED_KONTOR).format(dag=dag)
        delar["villkor"] += _i_kontoren(delar)


def _kontoret(delar: dict[str, Any], *, alla: bool) -> sql.Composable:
    nagon_gang = sql.SQL("") if alla else sql.SQL(_NAGON_GANG).format(**delar)
    return sql.SQL(_KONTORET).format(nagon_gang=nagon_gang)


def _i_kontoren(delar: dict[str, Any]) -> sql.Composed:
    return sql.SQL(" AND (k.af_kontor_id = ANY ({ids}) OR k.fk_kontor_id = ANY ({ids}))").format(**delar)


def _kon(urval: Samarbetsurval, tabell: str) -> sql.Composable:
    if not urval.kon:
        return sql.SQL("")
    return sql.SQL(" AND {}kon = {}").format(sql.SQL(tabell), sql.Literal(urval.kon))


def _dag(dag: date) -> sql.Composable:
    return sql.SQL("{}::date").format(sql.Literal(dag.isoformat()))


def _lista(ids: Iterable[int]) -> sql.Composable:
    return sql.SQL("ARRAY[{}]::bigint[]").format(sql.SQL(", ").join(map(sql.Literal, ids)))


def _las(satser: list[sql.Composed], anvandare: Anvandare | None) -> list[list[tuple[Any, ...]]]:
    """Satsernas rader, lästa i en transaktion. Den som inte får se rapporter får inga."""
    if anvandare and not anvandare.far(Rattighet.VISA_RAPPORT):
        return [[] for _ in satser]
    svar = []
    # Utan savepoint: går något fel här är hela transaktionen förlorad, och med den rollbytet.
    with transaction.atomic(savepoint=False), connection.cursor() as markor:
        markor.execute(_ROLL_RAPPORT)
        for sats in satser:
            markor.execute(sats)
            svar.append(markor.fetchall())
        markor.execute(_ROLL_TILLAMPNING)
    return svar

"""All SQL för rapporterna (`prestanda.md` 1): en sats ger raderna och antalet olika personer i hela urvalet.

Satsen körs som rollen sus_rapport, som läser deltaganden men aldrig en identitet (P2).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Func, Q, TextField
from django.utils import timezone
from psycopg import sql

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from insatser.kategorier import KONTORSFORMER, Deltagarregistrering
from insatser.models import Insats, Samverkansorganisation
from insatser.models.insats import InsatsQuerySet
from rapporter.rapport import Radkalla, bygg
from rapporter.tabell import Rapport
from rapporter.urval import Koder, Urval
from rapporter.variabler import VARIABLER

_ROLL_RAPPORT: Final = "SET LOCAL ROLE sus_rapport"
_ROLL_TILLAMPNING: Final = "SET LOCAL ROLE sus_app"

# Villkoret på felregistrerad är ordagrant indexets: annars läses tabellen. Pågående deltagare (variabel 14) ligger
# utanför perioden, därför tas alla utan utregistrering med och räknas var för sig.
_KARNA: Final = """
SELECT insats_id,
       count(*) FILTER (WHERE {i_perioden}) AS antal,
       array_agg(DISTINCT person_id) FILTER (WHERE {i_perioden}) AS personer,
       count(*) FILTER (WHERE inregistrering >= {fran} AND inregistrering < {efter}) AS nystartade,
       count(*) FILTER (WHERE utregistrering >= {fran} AND utregistrering < {efter}) AS utregistrerade,
       count(*) FILTER (WHERE utregistrering IS NULL AND inregistrering <= {idag}) AS pagaende
FROM deltagare_deltagande
WHERE NOT felregistrerad
  AND (utregistrering IS NULL OR (inregistrering < {efter} AND utregistrering >= {fran})){filter}
GROUP BY insats_id
"""

_INSATSRAPPORT: Final = """
WITH urval AS MATERIALIZED ({population}),
deltagande AS ({karna}),
anonym AS (
    SELECT insats_id, sum(antal)::bigint AS antal FROM deltagare_anonym
    WHERE ar BETWEEN {forsta_ar} AND {sista_ar}{kon} GROUP BY insats_id
),
budget AS (
    SELECT insats_id, sum(planerat_antal)::bigint AS planerat_antal,
           sum(budgeterat_antal_volym)::bigint AS budgeterat_antal_volym
    FROM insatser_budget WHERE ar BETWEEN {forsta_ar} AND {sista_ar} GROUP BY insats_id
),
budgetpost AS (
    SELECT insats_id, sum(budget)::bigint AS budget, sum(utfall)::bigint AS utfall
    FROM insatser_budgetpost WHERE ar BETWEEN {forsta_ar} AND {sista_ar} GROUP BY insats_id
),
volymantal AS (
    SELECT insats_id, sum(antal)::bigint AS antal
    FROM deltagare_volymantal WHERE ar BETWEEN {forsta_ar} AND {sista_ar} GROUP BY insats_id
)
SELECT u.id, u.nyckel, u.namn, u.beskrivning, u.organisationsnummer, u.organisation,
       {unika_i_organisationen}, {unika_totalt}, {variabler}
FROM urval u
LEFT JOIN deltagande d ON d.insats_id = u.id
LEFT JOIN anonym a ON a.insats_id = u.id
LEFT JOIN budget b ON b.insats_id = u.id
LEFT JOIN budgetpost p ON p.insats_id = u.id
LEFT JOIN volymantal v ON v.insats_id = u.id
{unika_per_organisation}
ORDER BY sus_sortnyckel(u.organisation), sus_sortnyckel(u.namn), u.organisationsnummer COLLATE "C",
         u.namn COLLATE "C", u.nyckel COLLATE "C"
"""

# Olika personer, i två steg: count(DISTINCT) över hela urvalet sorterar allt. Personerna finns redan per insats.
_PERSONER: Final = """
    SELECT {grupp}person_id FROM urval JOIN deltagande ON deltagande.insats_id = urval.id, unnest(personer) AS person_id
    GROUP BY {grupp}person_id
"""
_UNIKA_PER_ORGANISATION: Final = """
LEFT JOIN (SELECT organisation_id, count(*) AS antal FROM ({personer}) AS person GROUP BY organisation_id) k
    ON k.organisation_id = u.organisation_id
"""


def insatsrapport(
    urval: Urval, *, koder: Koder, framtagen: datetime | None = None, for_anvandare: Anvandare | None = None
) -> Rapport:
    """Tar fram Insatsrapporten. `for_anvandare` None är ett kommando, som når allt.

    `framtagen` är tiden som rapporten uppger; förval nu. Läser i en transaktion, med rollen sus_rapport.
    """
    population, varden = _population(urval, for_anvandare)
    fraga = _sats(urval, population)
    # Utan savepoint: går något fel här är hela transaktionen förlorad, och med den rollbytet.
    with transaction.atomic(savepoint=False), connection.cursor() as markor:
        markor.execute(_ROLL_RAPPORT)
        markor.execute(fraga, varden)
        rader = markor.fetchall()
        markor.execute(_ROLL_TILLAMPNING)
    return bygg(
        [_radkalla(rad) for rad in rader],
        urval=urval,
        koder=koder,
        unika_totalt=rader[0][7] if rader else None,
        framtagen=timezone.localtime(framtagen),
    )


def karna(urval: Urval) -> sql.Composed:
    """Räkningen per insats över hela tabellen, som resten av rapporten läggs till: för att mäta den ensam."""
    return sql.SQL(_KARNA).format(**_delar(urval))


def koder() -> Koder:
    """Allt som kan väljas i urvalet. Samverkansorganisationerna i svensk ordning, utan Af och FK."""
    organisationer = Samverkansorganisation.objects.exclude(samverkansform__in=KONTORSFORMER).order_by(
        Func(F("namn"), function="sus_sortnyckel", output_field=TextField()), "organisationsnummer"
    )
    return Koder(
        forbund=dict(organisationer.values_list("organisationsnummer", "namn")),
        variabler={variabel.namn: variabel.rubrik for variabel in VARIABLER.values()},
    )


def _population(urval: Urval, anvandare: Anvandare | None) -> tuple[str, tuple[Any, ...]]:
    """Vilka insatser som är rader: räckvidden, perioden och urvalen. Som SQL med dess värden."""
    insatser = Insats.objects.synliga_for(anvandare, Rattighet.VISA_RAPPORT) if anvandare else Insats.objects.all()
    insatser = _avgransa(insatser.utan_kontor(), urval).filter(
        Q(slutdatum=None) | Q(slutdatum__gte=urval.fran), startdatum__lt=urval.efter
    )
    sats, varden = (
        insatser.order_by()
        .values(
            "id",
            "nyckel",
            "namn",
            "beskrivning",
            "startdatum",
            "slutdatum",
            "inriktning",
            "preciserad_inriktning",
            "malgrupper",
            volym=Q(deltagarregistrering=Deltagarregistrering.ANTAL),
            organisation_id=F("samverkansorganisation_id"),
            organisation=F("samverkansorganisation__namn"),
            organisationsnummer=F("samverkansorganisation__organisationsnummer"),
        )
        .query.sql_with_params()
    )
    return sats, varden


def _avgransa(insatser: InsatsQuerySet, urval: Urval) -> InsatsQuerySet:
    """ELLER inom ett urval, OCH mellan dem."""
    organisationer = Samverkansorganisation.objects.all()
    if urval.lan:
        insatser = insatser.filter(samverkansorganisation__in=organisationer.filter(kommuner__lan__in=urval.lan))
    if urval.kommun:
        insatser = insatser.filter(samverkansorganisation__in=organisationer.filter(kommuner__in=urval.kommun))
    if urval.forbund:
        insatser = insatser.filter(samverkansorganisation__organisationsnummer__in=urval.forbund)
    if urval.inriktning:
        insatser = insatser.filter(inriktning__in=urval.inriktning)
    if urval.preciserad:
        insatser = insatser.filter(preciserad_inriktning__in=urval.preciserad)
    if urval.malgrupp:
        insatser = insatser.filter(malgrupper__overlap=list(urval.malgrupp))
    return insatser


def _delar(urval: Urval) -> dict[str, sql.Composable]:
    delar: dict[str, sql.Composable] = {
        "fran": _dag(urval.fran),
        "efter": _dag(urval.efter),
        "idag": _dag(urval.idag),
        "forsta_ar": sql.Literal(urval.fran.year),
        "sista_ar": sql.Literal(urval.till.year),
        "kon": sql.SQL(" AND kon = {}").format(sql.Literal(urval.kon)) if urval.kon else sql.SQL(""),
    }
    delar["i_perioden"] = sql.SQL(
        "(inregistrering < {efter} AND (utregistrering IS NULL OR utregistrering >= {fran}))"
    ).format(**delar)
    # I en liten del av riket läses bara dess insatser ur indexet; i hela riket är ett enda svep snabbast.
    i_urvalet = " AND insats_id = ANY (ARRAY(SELECT id FROM urval))" if urval.avgransat_geografiskt else ""
    delar["filter"] = sql.SQL(i_urvalet) + delar["kon"]
    return delar


def _sats(urval: Urval, population: str) -> sql.Composed:
    delar = _delar(urval)
    delar["karna"] = sql.SQL(_KARNA).format(**delar)
    delar |= _unika(urval, delar)
    delar["variabler"] = sql.SQL(", ").join(sql.SQL(VARIABLER[namn].uttryck) for namn in urval.variabler)
    return sql.SQL(_INSATSRAPPORT).format(population=sql.SQL(population), **delar)


def _unika(urval: Urval, delar: Mapping[str, sql.Composable]) -> dict[str, sql.Composable]:
    """Antalet olika personer (variabel 10): för hela urvalet och, om det är raderna, per samverkansorganisation."""
    tomt, null = sql.SQL(""), sql.SQL("NULL::bigint")
    unika: dict[str, sql.Composable] = {
        "unika_totalt": null,
        "unika_i_organisationen": null,
        "unika_per_organisation": tomt,
    }
    if "antal_unika_deltagare" not in urval.variabler:
        return unika
    personer = sql.SQL(_PERSONER).format(grupp=tomt, **delar)
    unika["unika_totalt"] = sql.SQL("(SELECT count(*) FROM ({personer}) AS person)").format(personer=personer)
    if urval.per_organisation:
        personer = sql.SQL(_PERSONER).format(grupp=sql.SQL("organisation_id, "), **delar)
        unika["unika_i_organisationen"] = sql.SQL("k.antal")
        unika["unika_per_organisation"] = sql.SQL(_UNIKA_PER_ORGANISATION).format(personer=personer)
    return unika


def _dag(dag: date) -> sql.Composable:
    return sql.SQL("{}::date").format(sql.Literal(dag.isoformat()))


def _radkalla(rad: tuple[Any, ...]) -> Radkalla:
    insats_id, nyckel, namn, beskrivning, nummer, organisation, unika, _, *varden = rad
    return Radkalla(insats_id, nyckel, namn, beskrivning, nummer, organisation, tuple(varden), unika)

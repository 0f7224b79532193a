"""Insatsrapportens SQL (`prestanda.md` 1): en sats ger raderna och antalet olika personer i hela urvalet.

Satsen körs som rollen sus_rapport, som läser deltaganden men aldrig en identitet (P2). En jämförelseperiod är samma
sats en gång till, så att dess tal är de som en egen rapport för den perioden visar.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Func, TextField
from django.utils import timezone
from psycopg import sql

from behorighet.models import Anvandare
from insatser.kategorier import KONTORSFORMER
from insatser.models import Samverkansorganisation
from rapporter.grupper import Radkalla, Svar, i_ordning
from rapporter.kolumner import kolumnerna, konen, matten
from rapporter.langa import Omfang
from rapporter.manadsfragor import per_manad
from rapporter.population import ROLL_RAPPORT, ROLL_TILLAMPNING, ar_kon, dag, population
from rapporter.rapport import bygg
from rapporter.tabell import Rapport
from rapporter.urval import Gruppera, Koder, Urval
from rapporter.variabler import VARIABLER

# Villkoret på felregistrerad är ordagrant indexets: annars läses tabellen. Pågående deltagare (variabel 14) ligger
# utanför perioden, därför tas alla utan utregistrering med och räknas var för sig. Den som är utregistrerad och har
# kommit förbi villkoret är därmed i perioden: räkningarna prövar inte det en gång till.
_KARNA: Final = """
SELECT insats_id, {rakningar}
FROM deltagare_deltagande
WHERE NOT felregistrerad
  AND (utregistrering IS NULL OR (inregistrering < {efter} AND utregistrering >= {fran})){filter}
GROUP BY insats_id
"""
_RAKNINGAR: Final = """
       count(*) FILTER (WHERE inregistrering < {efter}{kon}) AS {antal},
       array_agg(DISTINCT person_id) FILTER (WHERE inregistrering < {efter}{kon}) AS {personer},
       count(*) FILTER (WHERE inregistrering >= {fran} AND inregistrering < {efter}{kon}) AS {nystartade},
       count(*) FILTER (WHERE utregistrering < {efter}{kon}) AS {utregistrerade},
       count(*) FILTER (WHERE utregistrering IS NULL AND inregistrering <= {idag}{kon}) AS {pagaende}
"""

_INSATSRAPPORT: Final = """
WITH urval AS MATERIALIZED ({population}),
deltagande AS ({karna}),
anonym AS (
    SELECT insats_id, {anonyma} FROM deltagare_anonym
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
){omrade}
SELECT u.id, u.nyckel, u.namn, u.beskrivning, u.organisationsnummer, u.organisation, {lan}, {varden}
FROM urval u
LEFT JOIN deltagande d ON d.insats_id = u.id
LEFT JOIN anonym a ON a.insats_id = u.id
LEFT JOIN budget b ON b.insats_id = u.id
LEFT JOIN budgetpost p ON p.insats_id = u.id
LEFT JOIN volymantal v ON v.insats_id = u.id
{grupper}
"""

# Länen där organisationen verkar. En organisation i flera län är en grupp för sig, så att ingen rad räknas två gånger.
# Gruppen har ett nummer, som är fortare att sortera på än länen.
_OMRADE: Final = """,
omrade AS (
    SELECT id, lan, dense_rank() OVER (ORDER BY lan) AS grupp
    FROM (SELECT DISTINCT organisation_id AS id FROM urval) organisation,
         LATERAL (SELECT ARRAY(SELECT DISTINCT left(kommun_id, 2) FROM insatser_samverkansorganisation_kommuner
                               WHERE samverkansorganisation_id = organisation.id ORDER BY 1)::text[] AS lan) lanen
)
"""
_I_OMRADET: Final = "JOIN omrade ON omrade.id = organisation_id"

# Olika personer räknas ur dem som redan finns per insats. Att sortera numren, som count(DISTINCT) gör, är två till
# tre gånger så fort som att gruppera dem: ur en vektor vet planeraren inte hur många de är.
_UNIKA: Final = """
(SELECT count(DISTINCT person_id)
 FROM urval JOIN deltagande ON deltagande.insats_id = urval.id, unnest({personer}) AS person_id)
"""
_UNIKA_PER_GRUPP: Final = """
LEFT JOIN (
    SELECT {nyckel} AS grupp, count(DISTINCT person_id) AS antal
    FROM urval JOIN deltagande ON deltagande.insats_id = urval.id {omradet}, unnest({personer}) AS person_id
    GROUP BY 1
) {alias} ON {alias}.grupp = {nyckel}
"""


def insatsrapport(
    urval: Urval,
    *,
    koder: Koder,
    framtagen: datetime | None = None,
    for_anvandare: Anvandare | None = None,
    med_diagram: bool = False,
) -> Rapport:
    """Tar fram Insatsrapporten. `for_anvandare` None är ett kommando, som når allt.

    `framtagen` är tiden som rapporten uppger; förval nu. Läser i en transaktion, med rollen sus_rapport: en sats för
    perioden, en till för en jämförelseperiod, och med `med_diagram` en för månaderna i dem.
    """
    perioder = _perioderna(urval)
    populationer = [population(ett, for_anvandare) for ett in perioder]
    svar: list[Svar] = []
    manader: list[Mapping[str, Sequence[int]]] = []
    # Utan savepoint: går något fel här är hela transaktionen förlorad, och med den rollbytet.
    with transaction.atomic(savepoint=False), connection.cursor() as markor:
        markor.execute(ROLL_RAPPORT)
        for ett, (sats, varden) in zip(perioder, populationer, strict=True):
            markor.execute(_sats(ett, sats), varden)
            svar.append(_svar(markor.fetchall(), ett))
        if med_diagram and "antal_deltagare" in urval.variabler:
            manader = per_manad(markor, perioder, populationer)
        markor.execute(ROLL_TILLAMPNING)
    return bygg(
        svar[0],
        fore=svar[1] if len(svar) > 1 else None,
        manader=manader,
        urval=urval,
        koder=koder,
        framtagen=timezone.localtime(framtagen),
        med_diagram=med_diagram,
    )


def omfang(urval: Urval, *, for_anvandare: Anvandare | None = None) -> Omfang:
    """Hur stor rapporten blir, utan att räkna något i den: en sats som bara läser insatserna."""
    vad = sql.SQL("organisation_id" if urval.per_organisation else "id")
    satser = [population(ett, for_anvandare) for ett in _perioderna(urval)]
    union = sql.SQL(" UNION ").join(
        sql.SQL("SELECT DISTINCT {} FROM ({}) AS urval").format(vad, sql.SQL(sats)) for sats, _ in satser
    )
    with connection.cursor() as markor:
        markor.execute(
            sql.SQL("SELECT count(*) FROM ({}) AS rad").format(union), [ett for _, varden in satser for ett in varden]
        )
        (rader,) = markor.fetchone()
    # Numret och namnet står först på varje rad.
    return Omfang(rader, 2 + len(kolumnerna(urval)))


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


def _perioderna(urval: Urval) -> list[Urval]:
    """Urvalet, och med jämförelse samma urval för den perioden."""
    fore = urval.foregaende
    return [urval] if fore is None else [urval, replace(urval, fran=fore.fran, till=fore.till)]


def _delar(urval: Urval) -> dict[str, sql.Composable]:
    delar: dict[str, sql.Composable] = {
        "fran": dag(urval.fran),
        "efter": dag(urval.efter),
        "idag": dag(urval.idag),
        "forsta_ar": sql.Literal(urval.fran.year),
        "sista_ar": sql.Literal(urval.till.year),
        "kon": ar_kon(urval.konsfilter),
    }
    # I en liten del av riket läses bara dess insatser ur indexet; i hela riket är ett enda svep snabbast.
    i_urvalet = " AND insats_id = ANY (ARRAY(SELECT id FROM urval))" if urval.avgransat_geografiskt else ""
    delar["filter"] = sql.SQL(i_urvalet) + delar["kon"]
    delar["rakningar"] = sql.SQL(", ").join(
        sql.SQL(_RAKNINGAR).format(
            **delar | {"kon": ar_kon(kon)},
            **{namn: _kolumn(namn, kon) for namn in ("antal", "personer", "nystartade", "utregistrerade", "pagaende")},
        )
        for kon in konen(urval)
    )
    return delar


def _kolumn(namn: str, kon: str) -> sql.Composable:
    return sql.SQL(f"{namn}_{kon}" if kon else namn)


def _sats(urval: Urval, populationen: str) -> sql.Composed:
    delar = _delar(urval)
    delar["karna"] = sql.SQL(_KARNA).format(**delar)
    per_lan = urval.gruppera == Gruppera.LAN
    delar["lan"] = sql.SQL("omrade.lan" if per_lan else "NULL")
    delar["omrade"] = sql.SQL(_OMRADE if per_lan else "")
    delar["anonyma"] = sql.SQL(", ").join(
        sql.SQL("sum(antal) FILTER (WHERE true{villkor})::bigint AS {antal}").format(
            villkor=ar_kon(kon), antal=_kolumn("antal", kon)
        )
        for kon in konen(urval)
    )
    unika, kopplingar = _unika(urval)
    varden = [*unika, *(sql.SQL(matt.variabel.sql(matt.kon)) for matt in matten(urval))]
    delar["varden"] = sql.SQL(", ").join(varden)
    delar["grupper"] = sql.SQL(" ").join([sql.SQL(_I_OMRADET if per_lan else ""), *kopplingar])
    return sql.SQL(_INSATSRAPPORT).format(population=sql.SQL(populationen), **delar)


def _grupperingar(urval: Urval) -> Iterator[str]:
    """Grupperna vars olika personer räknas: det som raderna är, och det som de har delsummor för."""
    if "antal_unika_deltagare" in urval.variabler:
        if urval.per_organisation:
            yield Gruppera.SAMVERKANSORGANISATION.value
        if urval.gruppera:
            yield urval.gruppera


def _unika(urval: Urval) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """Antalet olika personer (variabel 10): för hela urvalet och för varje grupp, som uttryck och deras kopplingar."""
    if "antal_unika_deltagare" not in urval.variabler:
        return [], []
    uttryck: list[sql.Composable] = []
    kopplingar: list[sql.Composable] = []
    for kon in konen(urval):
        personer = _kolumn("personer", kon)
        uttryck.append(sql.SQL(_UNIKA).format(personer=personer))
        for gruppering in _grupperingar(urval):
            lan = gruppering == Gruppera.LAN
            alias = _kolumn(f"unika_{gruppering}", kon)
            kopplingar.append(
                sql.SQL(_UNIKA_PER_GRUPP).format(
                    nyckel=sql.SQL("omrade.grupp" if lan else "organisation_id"),
                    omradet=sql.SQL(_I_OMRADET if lan else ""),
                    personer=personer,
                    alias=alias,
                )
            )
            uttryck.append(sql.SQL("coalesce({}.antal, 0)").format(alias))
    return uttryck, kopplingar


def _svar(rader: list[tuple[Any, ...]], urval: Urval) -> Svar:
    tolkas = [(nr, ett.variabel.tolka) for nr, ett in enumerate(matten(urval)) if ett.variabel.tolka]
    grupperingar = ["", *_grupperingar(urval)] if "antal_unika_deltagare" in urval.variabler else []
    unika = [(gruppering, kon) for kon in konen(urval) for gruppering in grupperingar]
    return Svar(
        i_ordning(_radkalla(rad, tolkas, unika) for rad in rader),
        {kon: rader[0][7 + nr] for nr, (gruppering, kon) in enumerate(unika) if not gruppering} if rader else {},
    )


def _radkalla(rad: tuple[Any, ...], tolkas: list[tuple[int, Any]], unika: list[tuple[str, str]]) -> Radkalla:
    varden = list(rad[7 + len(unika) :])
    for nr, tolka in tolkas:
        if varden[nr] is not None:
            varden[nr] = tolka(varden[nr])
    per_grupp = dict(zip(unika, rad[7:], strict=False)) if len(unika) > 1 else {}
    insats_id, nyckel, namn, beskrivning, nummer, organisation, lan = rad[:7]
    return Radkalla(
        insats_id, nyckel, namn, beskrivning, nummer, organisation, tuple(varden), per_grupp, tuple(lan or ())
    )

"""Antal deltagare i var och en av periodens månader, för diagrammet: en sats, ett svep, också med jämförelse."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Any, Final

from psycopg import sql

from rapporter.kolumner import konen
from rapporter.population import ar_kon, dag
from rapporter.urval import Urval, manaderna

# Ett deltagande är en rad i sin första och sista månad, bland alla månader som frågas efter (1 är den första); så blir
# svaret litet hur många deltagandena än är. En insats räknas bara i perioderna vars rapport den är med i: `perioder`
# har en bit för var och en (en vektor gör satsen flera gånger långsammare). Volyminsatser har inga deltagare (R35).
_PER_MANAD: Final = """
WITH urval AS MATERIALIZED (
    SELECT id, bit_or(1 << period) AS perioder FROM ({populationer}) AS insats WHERE NOT volym GROUP BY id
)
SELECT perioder, kon, greatest(width_bucket(inregistrering, {granser}), 1),
       coalesce(width_bucket(utregistrering, {granser}), {antal}), count(*)
FROM deltagare_deltagande JOIN urval ON urval.id = insats_id
WHERE NOT felregistrerad
  AND inregistrering < {efter} AND (utregistrering IS NULL OR utregistrering >= {fran}){kon}
GROUP BY 1, 2, 3, 4
"""


def per_manad(
    markor: Any, perioder: Sequence[Urval], populationer: Sequence[tuple[str, tuple[Any, ...]]]
) -> list[Mapping[str, Sequence[int]]]:
    """Deltaganden som berör varje månad (variabel 9 per månad), per kön och, med tom nyckel, för alla.

    En post för var och en av `perioder`, som är samma urval i olika månader.
    """
    granser = sorted({dag for period in perioder for dag in (*manaderna(period), period.efter)})
    fraga = sql.SQL(_PER_MANAD).format(
        populationer=sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT id, volym, {} AS period FROM ({}) AS p").format(sql.Literal(nr), sql.SQL(sats))
            for nr, (sats, _) in enumerate(populationer)
        ),
        granser=sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(dag, granser))),
        antal=sql.Literal(len(granser)),
        fran=dag(granser[0]),
        efter=dag(granser[-1]),
        kon=ar_kon(perioder[0].konsfilter),
    )
    markor.execute(fraga, [varde for _, varden in populationer for varde in varden])
    rader = markor.fetchall()
    return [
        {kon: _antalen(rader, nr, kon, granser, manaderna(period)) for kon in konen(period)}
        for nr, period in enumerate(perioder)
    ]


def _antalen(
    rader: Sequence[tuple[Any, ...]], period: int, kon: str, granser: Sequence[date], vilka: Sequence[date]
) -> list[int]:
    """Antalet i var och en av månaderna: läggs till i den första och dras ifrån efter den sista."""
    andring: Counter[int] = Counter()
    for perioder, detta, forsta, sista, antal in rader:
        if perioder >> period & 1 and kon in ("", detta):
            andring[forsta - 1] += antal
            andring[sista] -= antal
    per_grans = dict(zip(granser, accumulate(andring[nr] for nr in range(len(granser))), strict=True))
    return [per_grans[manad] for manad in vilka]

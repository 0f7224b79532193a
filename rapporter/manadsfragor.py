"""Antal deltagare i var och en av periodens månader, för diagrammet: en sats, ett svep."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from psycopg import sql

from rapporter.kolumner import konen
from rapporter.population import ar_kon, dag
from rapporter.urval import Urval, manaderna

# Ett deltagande är en rad i sin första och sista månad (1 är periodens första); så blir svaret litet hur många
# deltagandena än är. Volyminsatser har inga deltagare (R35).
_PER_MANAD: Final = """
WITH urval AS MATERIALIZED ({population})
SELECT greatest(width_bucket(inregistrering, {granser}), 1) AS forsta,
       least(coalesce(width_bucket(utregistrering, {granser}), {antal}), {antal}) AS sista, kon, count(*)
FROM deltagare_deltagande
WHERE NOT felregistrerad
  AND inregistrering < {efter} AND (utregistrering IS NULL OR utregistrering >= {fran})
  AND insats_id = ANY (ARRAY(SELECT id FROM urval WHERE NOT volym)){kon}
GROUP BY 1, 2, 3
"""


def per_manad(markor: Any, urval: Urval, population: str, varden: tuple[Any, ...]) -> Mapping[str, Sequence[int]]:
    """Deltaganden som berör varje månad (variabel 9 per månad), per kön och, med tom nyckel, för alla."""
    granser = sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(dag(manad) for manad in manaderna(urval)))
    fraga = sql.SQL(_PER_MANAD).format(
        population=sql.SQL(population),
        granser=granser,
        antal=sql.Literal(urval.antal_manader),
        fran=dag(urval.fran),
        efter=dag(urval.efter),
        kon=ar_kon(urval.konsfilter),
    )
    markor.execute(fraga, varden)
    rader = markor.fetchall()
    return {
        kon: _fordela(((forsta, sista, antal) for forsta, sista, detta, antal in rader if kon in ("", detta)), urval)
        for kon in konen(urval)
    }


def _fordela(rader: Iterable[tuple[int, int, int]], urval: Urval) -> list[int]:
    """Antalet i varje månad ur (första, sista, antal): läggs till i den första och dras ifrån efter den sista."""
    andring = [0] * (urval.antal_manader + 1)
    for forsta, sista, antal in rader:
        andring[forsta - 1] += antal
        andring[sista] -= antal
    return list(accumulate(andring))[:-1]

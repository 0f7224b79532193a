"""Fingeravtrycken för dem som återtar sitt samtycke i en fil: ett för vart och ett av personens nummer (R25, R27).

En senare fil känns då igen vilket av dem den än har, som efter ett återtagande på sidan. Numren finns så länge
identiteten gör det: den tas bort när allt är skrivet.
"""

from typing import Final

from psycopg import sql

from deltagare.kryptering import dekryptera, fingeravtryck, samarbetets_avtryck
from deltagare.overforing.staging import hamta, kor

# Det som gäller har nummer 0.
_NUMREN: Final = sql.SQL("""
    (SELECT person_id, 0 AS nr, personnummer, nyckel_id FROM deltagare_identitet
     UNION ALL SELECT person_id, id, personnummer, nyckel_id FROM deltagare_tidigarenummer) n
""")
_DELTAGANDENA: Final = sql.SQL("""
    WITH atertagna AS MATERIALIZED (
        SELECT d.id, d.insats_id, n.nr, n.personnummer, n.nyckel_id
        FROM (SELECT %s + s.rad AS id FROM imp_deltagande s
              WHERE s.slag = 't' AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.rad = s.rad)
              UNION ALL SELECT id FROM imp_andrad WHERE avidentifieras) a
        JOIN deltagare_deltagande d USING (id) JOIN {numren} ON n.person_id = d.person_id)
    SELECT a.id, i.nyckel, t.inregistrering, t.lopnr, a.personnummer, a.nyckel_id
    FROM atertagna a JOIN insatser_insats i ON i.id = a.insats_id CROSS JOIN LATERAL deltagandets_tider(a.id) t
    ORDER BY a.id, t.nr, t.inregistrering, t.lopnr, a.nr
""").format(numren=_NUMREN)
_SAMARBETENA: Final = sql.SQL("""
    SELECT s.id, s.nyckel, n.personnummer, n.nyckel_id
    FROM imp_slutlig s JOIN imp_blir b USING (id) LEFT JOIN deltagare_samarbete d USING (id)
    JOIN {numren} ON n.person_id = s.person_id
    WHERE b.atertaget AND d.avidentifierat IS NOT TRUE ORDER BY s.id, n.nr
""").format(numren=_NUMREN)
_DET_FORSTA: Final = """
    UPDATE imp_slutlig s SET fingeravtryck = n.avtryck FROM (
        SELECT DISTINCT ON (id) id, avtryck
        FROM unnest(%s::bigint[], %s::bytea[]) WITH ORDINALITY AS a (id, avtryck, nr) ORDER BY id, nr) n
    WHERE n.id = s.id AND s.fingeravtryck IS NULL
"""

Avtryck = list[tuple[int, bytes]]
"""Registreringens id och ett avtryck."""


def lagg_deltagandenas(bas: int) -> None:
    """Lägger till avtrycken för deltagandena, när de är skrivna: också för tiden före en rättelse.

    De nya har id:t `bas` plus radnumret.
    """
    avtryck = [
        (id_, fingeravtryck(insats=insats, person=_klartext(*numret), inregistrering=dag.isoformat(), lopnr=lopnr))
        for id_, insats, dag, lopnr, *numret in hamta(_DELTAGANDENA, [bas])
    ]
    _lagg("lagg_till_avtryck", avtryck)


def samarbetenas() -> Avtryck:
    """Avtrycken för samarbetena, innan de är skrivna. Det som inte har ett ur filen får det första som sitt eget."""
    avtryck = [
        (id_, samarbetets_avtryck(samarbete=nyckel, person=_klartext(*numret)))
        for id_, nyckel, *numret in hamta(_SAMARBETENA)
    ]
    if avtryck:
        kor(_DET_FORSTA, [[id_ for id_, _ in avtryck], [ett for _, ett in avtryck]])
    return avtryck


def lagg_samarbetenas(avtryck: Avtryck) -> None:
    """Lägger till avtrycken, när samarbetena är skrivna."""
    _lagg("lagg_till_samarbetsavtryck", avtryck)


def _klartext(personnummer: bytes, nyckel_id: str) -> str:
    return dekryptera(personnummer, falt="personnummer", nyckel_id=nyckel_id)


def _lagg(funktion: str, avtryck: Avtryck) -> None:
    if avtryck:
        sats = sql.SQL("SELECT {}(%s::bigint[], %s::bytea[])").format(sql.Identifier(funktion))
        hamta(sats, [[id_ for id_, _ in avtryck], [ett for _, ett in avtryck]])

"""Personnummer och namn: krypteras en gång per person, ur en andra läsning av filerna (P6).

Databasens arbetstabeller har bara index och radnummer, så den rad som ska gälla för en person läses om här.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from psycopg import sql

from deltagare.kryptering import aktuell_nyckel, dekryptera, kryptera, personindex
from deltagare.overforing.fel import Importfel
from deltagare.overforing.filformat import DELTAGANDEN, PERSONFILER, SAMARBETEN
from deltagare.overforing.forbindelse import aktuell, ar_agarens
from deltagare.overforing.lasning import Csvfil, Framsteg
from deltagare.overforing.staging import hamta, kor
from deltagare.personnummer import OgiltigtPersonnummer, tolka

# Namnet vid den senaste inregistreringen eller begäran gäller, men inte över en senare som inte står i filerna. En fil
# från tiden före ett nummerbyte ändrar inte identiteten.
_GALLER: Final = """
    CREATE TEMP TABLE imp_galler ON COMMIT DROP AS
    SELECT v.fil, v.rad, g.person_id, g.index, i.personindex IS NOT NULL AS finns, i.fornamn, i.efternamn, i.nyckel_id
    FROM (
        SELECT DISTINCT ON (grupp) * FROM (
            SELECT 0 AS fil, s.rad, s.grupp, s.inregistrering AS dag
            FROM imp_deltagande s
            LEFT JOIN imp_traff t USING (rad) LEFT JOIN deltagare_deltagande d ON d.id = t.id
            WHERE s.slag = 'i' AND NOT coalesce(d.avidentifierat, false)
            UNION ALL
            SELECT 1, s.rad, s.grupp, d.borjan FROM imp_samarbete s JOIN deltagare_samarbete d USING (id)
            WHERE s.slag = 'i' AND NOT d.avidentifierat) alla
        ORDER BY grupp, dag DESC, fil DESC, rad DESC
    ) v
    JOIN imp_grupp g USING (grupp)
    LEFT JOIN deltagare_identitet i ON i.person_id = g.person_id
    WHERE i.person_id IS NULL OR i.personindex = g.index AND {inget_senare}
"""
_INGET_SENARE: Final = sql.SQL("""
    NOT EXISTS (SELECT FROM deltagare_deltagande d
                WHERE d.person_id = g.person_id AND NOT d.avidentifierat AND NOT d.felregistrerad
                AND d.inregistrering > v.dag)
    AND NOT EXISTS (SELECT FROM deltagare_samarbete d
                    WHERE d.person_id = g.person_id AND NOT d.avidentifierat AND d.borjan > v.dag)
""")
# På webben svarar databasen också för det som ligger utom räckhåll, med en fråga om alla.
_INGET_SENARE_NAGONSTANS: Final = sql.SQL("""
    (g.person_id, v.dag) NOT IN (
        SELECT s.person_id, s.dag FROM (
            SELECT array_agg(a.person_id) AS personer, array_agg(r.inregistrering) AS dagar
            FROM imp_deltagande r JOIN imp_grupp a USING (grupp)) alla
        CROSS JOIN LATERAL har_senare_registreringar(alla.personer, alla.dagar) s)
""")
_SKRIV: Final = """
    INSERT INTO deltagare_identitet (person_id, personindex, personnummer, fornamn, efternamn, nyckel_id)
    SELECT person_id, personindex, personnummer, fornamn, efternamn, nyckel_id FROM imp_identitet ORDER BY person_id
    ON CONFLICT (person_id) DO UPDATE SET personnummer = excluded.personnummer, fornamn = excluded.fornamn,
        efternamn = excluded.efternamn, nyckel_id = excluded.nyckel_id
"""
# På webben finns raden redan: person_for gjorde den.
_ANDRA: Final = """
    UPDATE deltagare_identitet i SET personnummer = s.personnummer, fornamn = s.fornamn, efternamn = s.efternamn,
        nyckel_id = s.nyckel_id
    FROM imp_identitet s WHERE s.person_id = i.person_id
"""
_TA_BORT: Final = """
    DELETE FROM deltagare_identitet i
    WHERE i.person_id IN (
        SELECT person_id FROM imp_grupp WHERE grupp IN (SELECT grupp FROM imp_deltagande WHERE slag = 't')
        UNION SELECT person_id FROM imp_blir WHERE atertaget)
      AND NOT EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = i.person_id AND NOT d.avidentifierat)
      AND NOT EXISTS (SELECT FROM deltagare_samarbete d WHERE d.person_id = i.person_id AND NOT d.avidentifierat)
"""
_ANTAL_ANDRADE: Final = {
    DELTAGANDEN: """
        SELECT count(*) FROM imp_identitet i JOIN imp_traff f ON f.rad = i.andrad_rad
        WHERE NOT EXISTS (SELECT FROM imp_andrad a WHERE a.rad = i.andrad_rad)
    """,
    SAMARBETEN: """
        SELECT count(*) FROM imp_identitet i JOIN imp_samarbete s ON s.rad = i.andrad_rad
        WHERE NOT s.ny AND NOT EXISTS (SELECT FROM imp_andrat a WHERE a.id = s.id AND a.raden)
    """,
}
_MARKOR: Final = """
    DECLARE imp_markor CURSOR FOR
    SELECT rad, person_id, index, finns, fornamn, efternamn, nyckel_id FROM imp_galler WHERE fil = %s ORDER BY rad
"""
_HAMTA: Final = "FETCH 2000 FROM imp_markor"


def skriv(filer: Iterable[Csvfil], idag: date, framsteg: Framsteg) -> dict[str, int]:
    """Skriver nya och ändrade identiteter. Ger antalet rader med ändrade namn per fil.

    Rader som är nya, eller också har andra ändringar, är redan räknade.
    """
    inget_senare = _INGET_SENARE if ar_agarens() else _INGET_SENARE_NAGONSTANS
    kor(sql.SQL(_GALLER).format(inget_senare=inget_senare))
    kor(
        "CREATE TEMP TABLE imp_identitet (person_id bigint, personindex bytea, personnummer bytea, fornamn bytea, "
        "efternamn bytea, nyckel_id text, andrad_rad int) ON COMMIT DROP"
    )
    antal = {}
    for fil in filer:
        kor("TRUNCATE imp_identitet")
        strom = fil.rader(framsteg)
        for galler in _bitvis(PERSONFILER.index(fil.namn)):
            _lagg([rad for rad in (_identitet(fil, strom, idag, *en) for en in galler) if rad])
        antal[fil.namn] = int(hamta(_ANTAL_ANDRADE[fil.namn])[0][0])
        kor(_SKRIV if ar_agarens() else _ANDRA)
    return antal


def ta_bort() -> None:
    """Tar bort identiteten för dem som har återtagit sitt samtycke och inget annat har kvar (R25, R27)."""
    kor(_TA_BORT)


def _bitvis(fil: int) -> Iterator[list[tuple[Any, ...]]]:
    kor(_MARKOR, [fil])
    while rader := hamta(_HAMTA):
        yield rader
    kor("CLOSE imp_markor")


def _identitet(
    fil: Csvfil,
    strom: Iterator[tuple[int, list[str]]],
    idag: date,
    rad: int,
    person_id: int,
    index: bytes,
    finns: bool,
    fornamn: bytes | None,
    efternamn: bytes | None,
    nyckel_id: str | None,
) -> tuple[object, ...] | None:
    """Radens identitet, krypterad; None om den redan är registrerad så."""
    falt = next((falt for nr, falt in strom if nr == rad), None)
    nummer = _nummer(falt[fil.plats["personnummer"]], idag) if falt else None
    if falt is None or nummer is None or personindex(nummer) != index:
        raise Importfel(f"{fil.namn} ändrades medan den lästes. Kör importen igen.")
    nya = {namn: falt[fil.plats[namn]] for namn in ("fornamn", "efternamn")}
    if finns and fornamn is not None and efternamn is not None and nyckel_id is not None:
        fore = {
            "fornamn": dekryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
            "efternamn": dekryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
        }
        if fore == nya:
            return None
    nyckel = aktuell_nyckel()
    klar = {namn: kryptera(text, falt=namn, nyckel_id=nyckel) for namn, text in nya.items()}
    krypterat = kryptera(nummer, falt="personnummer", nyckel_id=nyckel)
    return person_id, index, krypterat, klar["fornamn"], klar["efternamn"], nyckel, rad if finns else None


def _nummer(text: str, idag: date) -> str | None:
    try:
        return tolka(text, idag=idag).nummer
    except OgiltigtPersonnummer:
        return None


def _lagg(rader: list[tuple[object, ...]]) -> None:
    with aktuell().cursor() as markor, markor.copy("COPY imp_identitet FROM STDIN (FORMAT BINARY)") as kopia:
        kopia.set_types(["int8", "bytea", "bytea", "bytea", "bytea", "text", "int4"])
        for rad in rader:
            kopia.write_row(rad)

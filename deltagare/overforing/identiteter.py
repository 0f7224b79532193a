"""Personnummer och namn: krypteras en gång per person, ur en andra läsning av filen (P6).

Databasens arbetstabeller har bara index och radnummer, så den rad som ska gälla för en person läses om här.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from deltagare.kryptering import aktuell_nyckel, dekryptera, kryptera, personindex
from deltagare.overforing.fel import Importfel
from deltagare.overforing.forbindelse import aktuell, ar_agarens
from deltagare.overforing.lasning import Csvfil, Framsteg
from deltagare.overforing.staging import hamta, kor
from deltagare.personnummer import OgiltigtPersonnummer, tolka

# Den senaste inregistreringens namn gäller, men inte över ett senare deltagande som inte står i filen. En fil från
# tiden före ett nummerbyte ändrar inte identiteten.
_GALLER: Final = """
    CREATE TEMP TABLE imp_galler ON COMMIT DROP AS
    SELECT v.rad, g.person_id, g.index, i.personindex IS NOT NULL AS finns, i.fornamn, i.efternamn, i.nyckel_id
    FROM (
        SELECT DISTINCT ON (s.grupp) s.grupp, s.rad, s.inregistrering
        FROM imp_deltagande s
        LEFT JOIN imp_traff t USING (rad) LEFT JOIN deltagare_deltagande d ON d.id = t.id
        WHERE s.slag = 'i' AND NOT coalesce(d.avidentifierat, false)
        ORDER BY s.grupp, s.inregistrering DESC, s.rad DESC
    ) v
    JOIN imp_grupp g USING (grupp)
    LEFT JOIN deltagare_identitet i ON i.person_id = g.person_id
    WHERE i.person_id IS NULL OR i.personindex = g.index AND NOT EXISTS (
        SELECT FROM deltagare_deltagande d
        WHERE d.person_id = g.person_id AND NOT d.avidentifierat AND d.inregistrering > v.inregistrering)
"""
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
    DELETE FROM deltagare_identitet i USING imp_grupp g
    WHERE i.person_id = g.person_id AND g.grupp IN (SELECT grupp FROM imp_deltagande WHERE slag = 't')
      AND NOT EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = i.person_id AND NOT d.avidentifierat)
"""
_HAMTA: Final = "FETCH 2000 FROM imp_markor"


def skriv(fil: Csvfil, idag: date, framsteg: Framsteg) -> int:
    """Skriver nya och ändrade identiteter, tar bort dem som ska bort (R25). Ger antalet rader med ändrade namn."""
    kor(_GALLER)
    kor(
        "CREATE TEMP TABLE imp_identitet (person_id bigint, personindex bytea, personnummer bytea, fornamn bytea, "
        "efternamn bytea, nyckel_id text, andrad_rad int) ON COMMIT DROP"
    )
    strom = fil.rader(framsteg)
    for galler in _bitvis():
        _lagg([rad for rad in (_identitet(fil, strom, idag, *en) for en in galler) if rad])
    if ar_agarens():
        kor(_SKRIV)
        kor(_TA_BORT)
    else:
        kor(_ANDRA)
    # Nya rader, och de som också har ändrade svar, är redan räknade.
    andrade = "SELECT count(*) FROM imp_identitet i JOIN imp_traff f ON f.rad = i.andrad_rad WHERE true"
    return int(hamta(andrade + " AND NOT EXISTS (SELECT FROM imp_andrad a WHERE a.rad = i.andrad_rad)")[0][0])


def _bitvis() -> Iterator[list[tuple[Any, ...]]]:
    kor("DECLARE imp_markor CURSOR FOR SELECT * FROM imp_galler ORDER BY rad")
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
        raise Importfel("deltaganden.csv ändrades medan den lästes. Kör importen igen.")
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

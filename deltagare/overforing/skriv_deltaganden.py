"""Skriver deltaganden och folkbokföring ur arbetstabellerna."""

from collections.abc import Callable, Sequence
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import sql

from deltagare.overforing import avtryck
from deltagare.overforing.lasning import Csvfil
from deltagare.overforing.staging import hamta, kor, planera_om
from deltagare.overforing.tabeller import Antal, kolumner
from deltagare.uppgifter import EFTERFALT

_VARDEN: Final = (
    "utregistrering",
    "avslutningsanledning",
    "samtycke",
    "samtycke_arkiverat",
    "utbildning",
    "tid_i_forsorjning",
    "forsorjning_fore",
    "forsorjning_efter",
    "arbetstyp_fore",
    "arbetstyp_efter",
    "arbete_fore",
    "arbete_efter",
    "studier_fore",
    "studier_efter",
    "arbetssokande_fore",
    "arbetssokande_efter",
)
_PERSONENS: Final = ("kon", "alder")

# Kolumner som filen saknar behåller sina registrerade svar, så länge frågan ställs: i den här ordningen, eftersom
# villkoren ser raden så som den blir.
_ARBETSTYP: Final = ("arbetstyp_fore", "arbetstyp_efter")
_UTREGISTRERAD: Final = "s.utregistrering IS NOT NULL AND s.avslutningsanledning <> 'felregistrering'"
_BEHALLS: Final[dict[tuple[str, ...], LiteralString]] = {
    tuple(kolumn for kolumn in _VARDEN if kolumn not in {*EFTERFALT, *_ARBETSTYP}): "true",
    tuple(kolumn for kolumn in EFTERFALT if kolumn not in _ARBETSTYP): _UTREGISTRERAD,
    ("arbetstyp_fore",): "s.arbete_fore > 0",
    ("arbetstyp_efter",): _UTREGISTRERAD + " AND s.arbete_efter > 0",
}

_NYA: Final = """
    INSERT INTO deltagare_deltagande
        (id, person_id, insats_id, inregistrering, lopnr, avidentifierat, fingeravtryck, version, {kolumner})
    SELECT %s + s.rad, g.person_id, k.id, s.inregistrering, s.lopnr, s.slag <> 'i', s.fingeravtryck, 1, {varden}
    FROM imp_deltagande s JOIN imp_grupp g USING (grupp) JOIN imp_kand k USING (lokal)
    WHERE NOT EXISTS (SELECT FROM imp_traff t WHERE t.rad = s.rad)
    ORDER BY k.id, g.person_id, s.rad
"""
# En i taget, under radskyddet: samma rad, men personen är given och id:t databasens.
_ATT_SKRIVA: Final = """
    SELECT s.rad, s.grupp, k.id FROM imp_deltagande s JOIN imp_kand k USING (lokal)
    WHERE NOT EXISTS (SELECT FROM imp_traff t WHERE t.rad = s.rad) ORDER BY s.rad
"""
_NY: Final = """
    INSERT INTO deltagare_deltagande
        (person_id, insats_id, inregistrering, lopnr, avidentifierat, version, {kolumner})
    SELECT %s, k.id, s.inregistrering, s.lopnr, false, 1, {varden}
    FROM imp_deltagande s JOIN imp_kand k USING (lokal) WHERE s.rad = %s
    RETURNING id
"""
_FOLKBOKFORING: Final = """
    INSERT INTO deltagare_folkbokforing (deltagande_id, kommun_id, stadsdel_id)
    SELECT v.id, s.kommun, s.stadsdel
    FROM unnest(%s::bigint[], %s::int[]) AS v (id, rad) JOIN imp_deltagande s USING (rad) ORDER BY v.id
"""
# Kön och ålder följer personen, och identiteten tas bara bort på sidan: där har tillämpningen ingen rätt att ändra.
_ANDRADE_SVAR: Final = """
    CREATE TEMP TABLE imp_andrad ON COMMIT DROP AS
    SELECT t.id, t.rad FROM imp_traff t JOIN imp_deltagande s USING (rad) JOIN deltagare_deltagande d ON d.id = t.id
    WHERE ROW({fore}) IS DISTINCT FROM ROW({efter})
"""
_ANDRA_SVAR: Final = """
    UPDATE deltagare_deltagande d SET {satt}, version = d.version + 1
    FROM imp_andrad a JOIN imp_deltagande s USING (rad) WHERE d.id = a.id
"""
_SKRIVNA: Final = """
    SELECT d.id, d.insats_id, d.person_id FROM imp_andrad a JOIN deltagare_deltagande d USING (id) ORDER BY d.id
"""
_NY_FOLKBOKFORING: Final = """
    INSERT INTO deltagare_folkbokforing (deltagande_id, kommun_id, stadsdel_id)
    SELECT %s + s.rad, s.kommun, s.stadsdel FROM imp_deltagande s
    WHERE s.slag = 'i' AND NOT EXISTS (SELECT FROM imp_traff t WHERE t.rad = s.rad)
    ORDER BY 1
"""
# En rad som redan är utan identitet får aldrig tillbaka den, vad filen än säger (R19, R25).
_ANDRADE: Final = """
    CREATE TEMP TABLE imp_andrad ON COMMIT DROP AS
    SELECT t.id, t.rad, s.slag = 't' AND NOT d.avidentifierat AS avidentifieras
    FROM imp_traff t
    JOIN imp_deltagande s USING (rad)
    JOIN deltagare_deltagande d ON d.id = t.id
    LEFT JOIN deltagare_folkbokforing f ON f.deltagande_id = d.id
    WHERE ROW({fore}) IS DISTINCT FROM ROW({efter})
       OR (s.slag = 't' AND NOT d.avidentifierat)
       OR (s.slag = 't' AND d.fingeravtryck IS NULL
           AND NOT EXISTS (SELECT FROM deltagare_avtryck a WHERE a.avtryck = s.fingeravtryck))
       OR (s.slag = 'i' AND NOT d.avidentifierat AND ROW(f.kommun_id, f.stadsdel_id)
           IS DISTINCT FROM ROW(s.kommun::varchar, s.stadsdel))
"""
_ANDRA: Final = """
    UPDATE deltagare_deltagande d
    SET {satt}, avidentifierat = d.avidentifierat OR a.avidentifieras, version = d.version + 1,
        fingeravtryck = coalesce(d.fingeravtryck, s.fingeravtryck)
    FROM imp_andrad a JOIN imp_deltagande s USING (rad)
    WHERE d.id = a.id
"""
_ANDRA_FOLKBOKFORING: Final = """
    INSERT INTO deltagare_folkbokforing (deltagande_id, kommun_id, stadsdel_id)
    SELECT a.id, s.kommun, s.stadsdel
    FROM imp_andrad a JOIN imp_deltagande s USING (rad) JOIN deltagare_deltagande d ON d.id = a.id
    WHERE s.slag = 'i' AND NOT d.avidentifierat
    ON CONFLICT (deltagande_id) DO UPDATE SET kommun_id = excluded.kommun_id, stadsdel_id = excluded.stadsdel_id
"""
_TA_BORT_FOLKBOKFORING: Final = """
    DELETE FROM deltagare_folkbokforing f USING imp_andrad a WHERE a.avidentifieras AND f.deltagande_id = a.id
"""
_FORE_RATTELSEN: Final = "(s.inregistrering, s.lopnr) <> (d.inregistrering, d.lopnr)"
# Raden är funnen på ett tidigare avtryck, eller på ett nummer som är bytt: tiden, könet och åldern är de registrerade.
_RATTA_RADEN: Final = """
    UPDATE imp_deltagande s SET inregistrering = d.inregistrering, lopnr = d.lopnr, kon = d.kon, alder = d.alder
    FROM imp_traff t JOIN deltagare_deltagande d ON d.id = t.id, imp_grupp g
    WHERE t.rad = s.rad AND g.grupp = s.grupp AND d.avidentifierat
      AND (g.pa_avtryck OR (s.inregistrering, s.lopnr) <> (d.inregistrering, d.lopnr))
"""


PersonFor = Callable[[int, int], int]
"""Ger personens id för raden och insatsen; skapar personen om den är ny."""


class Skrivet(NamedTuple):
    """Ett deltagande som inläsningen har skrivit, som id:n."""

    deltagande: int
    insats: int
    person: int
    ny: bool


def fyll_saknade(fil: Csvfil) -> None:
    """Kolumner som filen inte har behåller det som är registrerat, liksom samtycket för den som är identifierad."""
    for falt, villkor in _BEHALLS.items():
        if saknade := [kolumn for kolumn in falt if not fil.har(kolumn)]:
            _behall(saknade, villkor)
    # Den som har återtagit sitt samtycke är utregistrerad: en äldre fil öppnar inte deltagandet igen (R25).
    _behall(_VARDEN, "s.slag <> 't' AND d.avslutningsanledning = 'atertaget_samtycke'")
    # En rad från tiden före en rättelse ändrar inte tillbaka något (R19).
    _behall(_VARDEN, _FORE_RATTELSEN)
    kor(_RATTA_RADEN)
    kor(
        """
        UPDATE imp_deltagande s SET samtycke = d.samtycke
        FROM imp_traff t JOIN deltagare_deltagande d ON d.id = t.id
        WHERE t.rad = s.rad AND s.samtycke IS NULL AND d.samtycke IS NOT NULL AND NOT d.avidentifierat
        """
    )
    if not fil.har("stadsdel"):
        kor(
            """
            UPDATE imp_deltagande s SET stadsdel = f.stadsdel_id
            FROM imp_traff t JOIN deltagare_folkbokforing f ON f.deltagande_id = t.id
            WHERE t.rad = s.rad AND f.kommun_id = s.kommun AND f.stadsdel_id IS NOT NULL
            """
        )


def _behall(falt: Sequence[str], villkor: LiteralString) -> None:
    """Ger raderna de registrerade värdena."""
    kor(
        sql.SQL(
            "UPDATE imp_deltagande s SET {} FROM imp_traff t JOIN deltagare_deltagande d ON d.id = t.id "
            "WHERE t.rad = s.rad AND {} AND ROW({}) IS DISTINCT FROM ROW({})"
        ).format(
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(namn), sql.Identifier("d", namn)) for namn in falt
            ),
            sql.SQL(villkor),
            kolumner("d", falt),
            kolumner("s", falt),
        )
    )


def skriv() -> Antal:
    """Skriver nya och ändrade deltaganden."""
    alla = (*_PERSONENS, *_VARDEN)
    bas = _reservera()
    planera_om()
    nya = kor(
        sql.SQL(_NYA).format(kolumner=sql.SQL(", ").join(map(sql.Identifier, alla)), varden=kolumner("s", alla)), [bas]
    )
    antal, traffar = hamta("SELECT (SELECT count(*) FROM imp_deltagande), (SELECT count(*) FROM imp_traff)")[0]
    if nya != antal - traffar:
        raise RuntimeError("Alla rader blev inte skrivna.")  # får inte hända: hellre inget än nästan allt
    kor(_NY_FOLKBOKFORING, [bas])
    kor(sql.SQL(_ANDRADE).format(fore=kolumner("d", alla), efter=kolumner("s", alla)))
    kor("ANALYZE imp_andrad")
    planera_om()
    andrade = kor(sql.SQL(_ANDRA).format(satt=_satt(alla)))
    kor(_ANDRA_FOLKBOKFORING)
    kor(_TA_BORT_FOLKBOKFORING)
    avtryck.lagg_deltagandenas(bas)
    return Antal(nya, andrade, antal - nya - andrade)


def skriv_en_i_taget(person_for: PersonFor) -> tuple[Antal, list[Skrivet]]:
    """Som `skriv`, under radskyddet: bara personen som `person_for` senast gav får ett nytt deltagande."""
    alla = (*_PERSONENS, *_VARDEN)
    sats = sql.SQL(_NY).format(kolumner=sql.SQL(", ").join(map(sql.Identifier, alla)), varden=kolumner("s", alla))
    kor("CREATE INDEX ON imp_deltagande (rad)")
    nya: dict[int, Skrivet] = {}
    personer: dict[UUID, int] = {}
    for rad, grupp, insats in hamta(_ATT_SKRIVA):
        person = personer[grupp] = person_for(rad, insats)
        (deltagande,) = hamta(sats, [person, rad])[0]
        nya[rad] = Skrivet(deltagande, insats, person, ny=True)
    kor(_FOLKBOKFORING, [[ett.deltagande for ett in nya.values()], list(nya)])
    # Personerna som fanns utom räckhåll, eller inte alls, är nu kända: namnen skrivs efter dem.
    kor(
        "UPDATE imp_grupp g SET person_id = v.person FROM unnest(%s::uuid[], %s::bigint[]) AS v (grupp, person) "
        "WHERE v.grupp = g.grupp",
        [list(personer), list(personer.values())],
    )
    kor(sql.SQL(_ANDRADE_SVAR).format(fore=kolumner("d", _VARDEN), efter=kolumner("s", _VARDEN)))
    kor(sql.SQL(_ANDRA_SVAR).format(satt=_satt(_VARDEN)))
    andrade = [Skrivet(en, insats, vem, ny=False) for en, insats, vem in hamta(_SKRIVNA)]
    antal = hamta("SELECT count(*) FROM imp_deltagande")[0][0]
    return Antal(len(nya), len(andrade), antal - len(nya) - len(andrade)), [*nya.values(), *andrade]


def _satt(falt: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(kolumn), sql.Identifier("s", kolumn)) for kolumn in falt
    )


def _reservera() -> int:
    """Tar id:n för alla rader på en gång, så att en rads id är basen plus radnumret. Tabellen är låst."""
    sekvens = "pg_get_serial_sequence('deltagare_deltagande', 'id')"
    hogsta = hamta("SELECT coalesce(max(rad), 0) FROM imp_deltagande")[0][0]
    sista = hamta(sql.SQL("SELECT setval({0}, nextval({0}) + %s)").format(sql.SQL(sekvens)), [hogsta])[0][0]
    return int(sista) - int(hogsta)

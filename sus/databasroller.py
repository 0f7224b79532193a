"""De tre databasrollerna: ägaren, tillämpningen och rapporterna.

Inloggningarna är medlemmar och byter roll med SET ROLE; rollerna själva loggar inte in (utom den inbäddade databasens
ägare). En inloggning som bara ska driva webben behöver inte vara medlem i ägarrollen.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import psycopg
from psycopg import sql

AGARE: Final = "sus_agare"
TILLAMPNING: Final = "sus_app"
RAPPORT: Final = "sus_rapport"
ROLLER: Final = (AGARE, TILLAMPNING, RAPPORT)

MIGRERINGSLAS: Final = 0x53555300  # nyckeln till det lås som en pågående migrering håller
_LAS: Final = 0x535553  # "SUS"; rollerna är gemensamma för klustret, så två databaser kan skapa dem samtidigt
_FORSOK: Final = 5
_KAPPLOPNING: Final = (
    psycopg.errors.DuplicateObject,
    psycopg.errors.UniqueViolation,
    psycopg.errors.InternalError_,  # tuple concurrently updated
)


class RollFel(Exception):
    """Rollerna saknas och inloggningen får inte skapa dem. Texten säger vilken SQL som behövs."""


def sakerstall_roller(forbindelse: psycopg.Connection, *, inloggning: str, agarinloggning: str, databas: str) -> None:
    """Ser till att rollerna finns, att inloggningarna är medlemmar och att ägaren får skapa i databasen.

    Gör bara det som saknas och kan köras av flera samtidigt. Förbindelsen går till `databas` och
    har autocommit. Kastar RollFel när något saknas som den inte får ordna.
    """
    for forsok in range(_FORSOK):
        try:
            with forbindelse.transaction():
                forbindelse.execute("SELECT pg_advisory_xact_lock(%s)", [_LAS])
                for sats in _saknas(forbindelse, inloggning, agarinloggning, databas):
                    forbindelse.execute(sats)
        except psycopg.errors.InsufficientPrivilege as fel:
            raise RollFel(
                "Databasrollerna är inte på plats, och inloggningen får inte ordna dem. Kör som databasens "
                f"administratör, och sedan kommandot igen:\n\n{sql_text(inloggning, agarinloggning, databas)}"
            ) from fel
        except _KAPPLOPNING:
            if forsok == _FORSOK - 1:
                raise
        else:
            return


def sakerstall_for(databaser: Mapping[str, Mapping[str, Any]]) -> None:
    """Som `sakerstall_roller`, för Djangos DATABASES: ägarens inloggning ordnar rollerna åt båda."""
    with anslut(databaser["agare"]) as forbindelse:
        sakerstall_roller(
            forbindelse,
            inloggning=databaser["default"]["USER"] or forbindelse.info.user,
            agarinloggning=forbindelse.info.user,
            databas=forbindelse.info.dbname,
        )


def anslut(databas: Mapping[str, Any]) -> psycopg.Connection:
    """En förbindelse med autocommit enligt en post i DATABASES, som inloggningen själv, utan att byta roll."""
    alternativ = {namn: varde for namn, varde in databas["OPTIONS"].items() if namn != "assume_role"}
    delar = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return psycopg.connect(
        **alternativ, **{namn: databas[del_] for namn, del_ in delar.items() if databas[del_]}, autocommit=True
    )


def sql_text(inloggning: str, agarinloggning: str, databas: str) -> str:
    """Den SQL en databasadministratör kör en gång, för tomt kluster med inloggningarna skapade."""
    satser = [_skapa_roll(roll) for roll in ROLLER]
    satser += [_medlem(roll, login) for login, roll in _medlemskap(inloggning, agarinloggning)]
    satser += _i_databasen(databas)
    return "\n".join(f"{sats.as_string(None)};" for sats in satser)


def _saknas(
    forbindelse: psycopg.Connection, inloggning: str, agarinloggning: str, databas: str
) -> Iterator[sql.Composed]:
    finns = {namn for (namn,) in forbindelse.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'sus%'")}
    yield from (_skapa_roll(roll) for roll in ROLLER if roll not in finns)
    for login, roll in _medlemskap(inloggning, agarinloggning):
        # MEMBER räcker inte från version 16: där är det SET-rätten som avgör om SET ROLE går.
        ratt = "SET" if forbindelse.info.server_version >= 160000 else "MEMBER"
        if not _sant(forbindelse, "SELECT pg_has_role(%s, %s, %s)", login, roll, ratt):
            yield _medlem(roll, login)
    if not _sant(
        forbindelse,
        "SELECT has_database_privilege(%(r)s, %(d)s, 'CREATE') AND has_schema_privilege(%(r)s, 'public', 'CREATE')",
        r=AGARE,
        d=databas,
    ):
        yield from _i_databasen(databas)


def _medlemskap(inloggning: str, agarinloggning: str) -> list[tuple[str, str]]:
    par = [(agarinloggning, AGARE), (inloggning, TILLAMPNING), (inloggning, RAPPORT)]
    par += [(agarinloggning, TILLAMPNING), (agarinloggning, RAPPORT)]  # migrationer sätter rättigheter åt dem
    return [(login, roll) for login, roll in dict.fromkeys(par) if login != roll]


def _skapa_roll(roll: str) -> sql.Composed:
    return sql.SQL("CREATE ROLE {} NOLOGIN NOINHERIT").format(sql.Identifier(roll))


def _medlem(roll: str, inloggning: str) -> sql.Composed:
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(roll), sql.Identifier(inloggning))


def _i_databasen(databas: str) -> Iterator[sql.Composed]:
    agare = sql.Identifier(AGARE)
    yield sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(databas), agare)
    yield sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(agare)


def _sant(forbindelse: psycopg.Connection, fraga: str, *varden: str, **namngivna: str) -> bool:
    rad = forbindelse.execute(fraga, namngivna or varden).fetchone()
    return bool(rad and rad[0])

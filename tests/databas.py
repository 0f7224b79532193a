"""Testens databaser: en mall migreras en gång av ägaren, och varje databas är en kopia av den.

Vanliga test (märkta django_db) går i en transaktion som rollen sus_app på `default`; `som_agare` byter roll i den.
Test som bekräftar sina transaktioner (kapplöpningar, webbläsare, kommandon) tar `egen_databas` eller
`egen_databas_modul`; båda aliasen pekar då på en egen kopia. Djangos tömning av tabeller används aldrig: den skulle ta
kodverken och stoppas av loggens vakter.
"""

import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.testcases import LiveServerThread
from psycopg import sql

from sus import inbaddad
from sus.databasroller import AGARE, TILLAMPNING, sakerstall_roller
from sus.inbaddad import plats

ALIAS = ("default", "agare")
SNABBT = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
# Som SNABBT, men det som är kvitterat har databasen lämnat ifrån sig: det ska finnas kvar när processen dödas.
SOM_DODAS = {**SNABBT, "synchronous_commit": "on"}


@contextmanager
def som_agare() -> Iterator[None]:
    """Ägarens roll på testets egen förbindelse, i dess transaktion. Även fel därinne lämnar rollen återställd."""
    with transaction.atomic(), connection.cursor() as markor:
        markor.execute(f"SET LOCAL ROLE {AGARE}")
        yield
        markor.execute(f"SET LOCAL ROLE {TILLAMPNING}")


@contextmanager
def kopia(mall: str) -> Iterator[str]:
    """En ny databas, kopierad ur `mall`, som båda aliasen pekar på tills den raderas."""
    namn = f"sus_test_{secrets.token_hex(4)}"
    _administrera("CREATE DATABASE {} TEMPLATE {}", namn, mall)
    try:
        with pekar_pa(namn):
            yield namn
    finally:
        _administrera("DROP DATABASE {} WITH (FORCE)", namn)


@contextmanager
def pekar_pa(namn: str) -> Iterator[None]:
    """Låter båda aliasen använda databasen `namn`. Får inte användas i en pågående transaktion."""
    if any(connections[alias].in_atomic_block for alias in ALIAS):
        pytest.fail("egen_databas kan inte användas i ett test som är märkt django_db")
    forra = {alias: connections.settings[alias]["NAME"] for alias in ALIAS}
    _byt(dict.fromkeys(ALIAS, namn))
    try:
        yield
    finally:
        _byt(forra)


@pytest.fixture(scope="session")
def mall(django_db_blocker: Any) -> Iterator[str]:
    """Namnet på en migrerad databas utan uppgifter, för CREATE DATABASE … TEMPLATE."""
    with django_db_blocker.unblock(), _server():
        namn = f"sus_mall_{secrets.token_hex(4)}"
        with _ny_databas(namn):
            with pekar_pa(namn):
                call_command("migrate", verbosity=0, interactive=False)
                _flytta_fram_numren()
            yield namn


@pytest.fixture(scope="session")
def django_db_setup(mall: str, django_db_blocker: Any) -> Iterator[None]:
    """Databasen för de test som går i en transaktion. Ersätter pytest-djangos."""
    with django_db_blocker.unblock(), kopia(mall):
        django_db_blocker.block()
        yield
        django_db_blocker.restore()


@pytest.fixture
def egen_databas(mall: str, django_db_blocker: Any) -> Iterator[str]:
    """En egen databas för ett test som bekräftar sina transaktioner. Värdet är dess namn."""
    with django_db_blocker.unblock(), kopia(mall) as namn:
        yield namn


@pytest.fixture(scope="module")
def egen_databas_modul(mall: str, django_db_blocker: Any) -> Iterator[str]:
    """Som `egen_databas`, gemensam för modulens test."""
    with django_db_blocker.unblock(), kopia(mall) as namn:
        yield namn


@pytest.fixture
def eget_kluster(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """En egen migrerad server, som båda aliasen pekar på. Värdet dödar den med kill -9 och startar den igen."""
    rot = Path(tempfile.mkdtemp(prefix="sus-"))
    rot.chmod(0o711)  # som root körs servern av en annan användare, som ska kunna passera
    monkeypatch.setenv("SUS_DATA", str(rot / "data"))
    forra = {alias: dict(connections.settings[alias]) for alias in ALIAS}

    def starta_om() -> None:
        fil = plats.las(rot / "data").kluster / "postmaster.pid"
        os.kill(int(fil.read_text(encoding="ascii").split()[0]), signal.SIGKILL)
        with inbaddad.instans(SOM_DODAS):
            pass

    try:
        with django_db_blocker.unblock(), inbaddad.instans(SOM_DODAS):
            _peka_om({alias: inbaddad.anslutning() for alias in ALIAS})
            call_command("migrate", verbosity=0, interactive=False)
            yield starta_om
            connections.close_all()
    finally:
        with django_db_blocker.unblock():
            _peka_om(forra)
        inbaddad.ta_bort(rot / "data")
        rot.rmdir()


@pytest.fixture
def tom_databas(mall: str) -> Iterator[str]:
    """Namnet på en egen databas utan tabeller. Aliasen pekar inte på den."""
    namn = f"sus_tom_{secrets.token_hex(4)}"
    with _ny_databas(namn):
        yield namn


@pytest.fixture
def webbserver(egen_databas: str) -> Iterator[str]:
    """Adressen till SUS på den egna databasen, i en tråd, för webbläsartest."""
    with _webb() as adress:
        yield adress


@pytest.fixture(scope="module")
def webbserver_modul(egen_databas_modul: str) -> Iterator[str]:
    """Som `webbserver`, gemensam för modulens test."""
    with _webb() as adress:
        yield adress


def databas_url(namn: str) -> str:
    """DATABASE_URL för ett kommando i en egen process på databasen `namn`."""
    grund = connections.settings["agare"]
    delar = {"host": grund["HOST"], "port": grund["PORT"], "user": grund["USER"], "password": grund["PASSWORD"]}
    return psycopg.conninfo.make_conninfo(**{del_: varde for del_, varde in delar.items() if varde}, dbname=namn)


# Som i drift: id:n är stora, och två tabellers är aldrig lika. En sida som skriver "10 000" i en adress syns då.
_FLYTTA_FRAM = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 10000 * row_number() OVER (ORDER BY sequencename))
FROM pg_sequences WHERE schemaname = 'public'
"""


def _flytta_fram_numren() -> None:
    with connections["agare"].cursor() as markor:
        markor.execute(_FLYTTA_FRAM)


@contextmanager
def _server() -> Iterator[None]:
    if not settings.INBADDAD:
        yield
        return
    with inbaddad.instans(SNABBT):
        for alias in ALIAS:
            connections.settings[alias].update(inbaddad.anslutning())
        yield


@contextmanager
def _ny_databas(namn: str) -> Iterator[None]:
    """En tom databas med rollerna på plats."""
    _administrera("CREATE DATABASE {} TEMPLATE template0", namn)
    try:
        with _administrator(namn) as forbindelse:
            sakerstall_roller(
                forbindelse,
                inloggning=connections.settings["default"]["USER"],
                agarinloggning=connections.settings["agare"]["USER"],
                databas=namn,
            )
        yield
    finally:
        _administrera("DROP DATABASE {} WITH (FORCE)", namn)


@contextmanager
def _webb() -> Iterator[str]:
    trad = LiveServerThread("127.0.0.1", StaticFilesHandler)
    trad.daemon = True
    trad.start()
    trad.is_ready.wait()
    if trad.error:
        raise trad.error
    try:
        yield f"http://127.0.0.1:{trad.port}"
    finally:
        trad.terminate()


def _peka_om(installningar: Mapping[str, Mapping[str, Any]]) -> None:
    for alias, egna in installningar.items():
        connections[alias].close()
        connections.settings[alias].update(egna)


def _byt(namn: Mapping[str, str]) -> None:
    for alias, databas in namn.items():
        connections[alias].close()
        connections.settings[alias]["NAME"] = databas


def _administrera(sats: str, *namn: str) -> None:
    """Kör en sats om hela databaser."""
    with _administrator("postgres") as forbindelse:
        forbindelse.execute(sql.SQL(sats).format(*map(sql.Identifier, namn)))


def _administrator(databas: str) -> psycopg.Connection:
    """Som superanvändare, eller med DATABASE_URL som ägarens inloggning, som då behöver CREATEDB."""
    delar = inbaddad.superanslutning() if settings.INBADDAD else connections.settings["agare"]
    return psycopg.connect(
        host=delar["HOST"], port=delar["PORT"], user=delar["USER"], password=delar["PASSWORD"], dbname=databas,
        autocommit=True,
    )  # fmt: skip

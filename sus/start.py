"""Databasen kring ett kommando: den inbäddade startas när den behövs, och en tom migreras."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from sus import inbaddad
from sus.databasroller import MIGRERINGSLAS, anslut

UTAN_DATABAS: Final = frozenset(
    {"check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages", "sendtestemail",
     "startapp", "startproject", "version"}
)  # fmt: skip
UTAN_MIGRERING: Final = frozenset(
    {"databasroller", "dbshell", "makemigrations", "migrate", "optimizemigration", "showmigrations", "sqlmigrate",
     "squashmigrations"}
)  # fmt: skip


@contextmanager
def databas_for(argv: Sequence[str]) -> Iterator[None]:
    """Databasen igång och migrerad så länge kommandot i `argv` körs. Gör inget för kommandon som inte behöver den.

    Kastar inbaddad.InbaddadFel och RollFel när det inte går.
    """
    kommando = argv[1] if len(argv) > 1 else "help"
    if kommando.startswith("-") or kommando in UTAN_DATABAS or {"-h", "--help"} & set(argv):
        yield
    elif settings.DATABASE_URL:
        _migrera(kommando)
        yield
    else:
        with inbaddad.instans():
            _lagg_till_losenord()
            _migrera(kommando)
            yield


def _lagg_till_losenord() -> None:
    """Vid första starten lästes inställningarna innan databasen och dess lösenord fanns."""
    for alias in ("default", "agare"):
        connections.settings[alias].update(inbaddad.anslutning())


def _migrera(kommando: str) -> None:
    if kommando in UTAN_MIGRERING:
        return
    django.setup()
    if _tom() or (settings.INBADDAD and _ligger_efter()):
        call_command("migrate", verbosity=0, interactive=False)
    connections["agare"].close()


def _tom() -> bool:
    """Om databasen saknar tabeller. Väntar in en migrering som pågår."""
    with anslut(connections.settings["default"]) as forbindelse:
        forbindelse.execute("SELECT pg_advisory_lock_shared(%s)", [MIGRERINGSLAS])
        rad = forbindelse.execute("SELECT to_regclass('public.django_migrations') IS NULL").fetchone()
        return bool(rad and rad[0])


def _ligger_efter() -> bool:
    utforare = MigrationExecutor(connections["agare"])
    return bool(utforare.migration_plan(utforare.loader.graph.leaf_nodes()))

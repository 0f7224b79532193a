#!/usr/bin/env python
"""Kör ett kommando, med den inbäddade databasen igång när kommandot behöver den.

Slutar med 0, med 1 och rader på standard error när indata eller miljön är fel, och med 2 vid fel användning.
"""

import difflib
import os
import sys

import django
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, execute_from_command_line, get_commands


def main(argv: list[str]) -> int:
    """Kör kommandot i `argv` och svarar med slutkoden."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sus.settings")
    if argv[1:2] == ["demo"]:
        os.environ["SUS_DEMO"] = "1"
    try:
        return _kor(argv)
    except ImproperlyConfigured as fel:
        sys.stderr.write(f"{fel}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _okant_kommando(argv: list[str]) -> str | None:
    """En rad om kommandot inte finns, innan någon databas startas för det."""
    namn = "".join(argv[2:3] if argv[1:2] == ["help"] else argv[1:2])
    if not namn or namn.startswith("-"):
        return None
    django.setup()
    kanda = {*get_commands(), "help", "version"}
    if namn in kanda:
        return None
    lika = difflib.get_close_matches(namn, kanda, n=1)
    forslag = f" Menade du {lika[0]}?" if lika else ""
    return f"Kommandot {namn} finns inte.{forslag} Kör manage.py help för att se dem som finns.\n"


def _kor(argv: list[str]) -> int:
    from django.db import OperationalError  # noqa: PLC0415 (inställningarna ska kunna fela inom main)

    from sus import inbaddad, start  # noqa: PLC0415
    from sus.databasroller import RollFel  # noqa: PLC0415

    if okant := _okant_kommando(argv):
        sys.stderr.write(okant)
        return 2
    # Med --traceback kastar Django felet hit, så att raderna skrivs som de är, utan "CommandError:" framför.
    kommando = len(argv) > 1 and not argv[1].startswith("-") and argv[1] not in {"help", "version"}
    try:
        with start.databas_for(argv):
            execute_from_command_line([*argv[:2], "--traceback", *argv[2:]] if kommando else argv)
    except CommandError as fel:
        sys.stderr.write(f"{fel}\n")
        return int(fel.returncode)
    except (OperationalError, psycopg.OperationalError) as fel:
        sys.stderr.write(f"Databasen svarar inte: {fel}\n")
        return 1
    except (inbaddad.InbaddadFel, RollFel) as fel:
        sys.stderr.write(f"{fel}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

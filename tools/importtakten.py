"""Importen mot naken COPY av samma rader: samma tabeller, index, villkor och främmande nycklar, men inga vakter.

Körs av `make prestanda`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROT: Final = Path(__file__).resolve().parent.parent

# I den ordning som främmande nycklar kräver.
TABELLER: Final = (
    "insatser_insats",
    "insatser_budget",
    "insatser_budgetpost",
    "deltagare_anonym",
    "deltagare_volymantal",
    "deltagare_person",
    "deltagare_identitet",
    "deltagare_deltagande",
    "deltagare_folkbokforing",
    "deltagare_samarbete",
    "deltagare_samarbetskontor",
    "deltagare_samarbetsfolkbokforing",
    "deltagare_overgang",
)
_KOLUMNER: Final = """
    SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""
_NYCKLAR: Final = """
    SELECT pg_get_constraintdef(oid), confrelid::regclass::text FROM pg_constraint
    WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY conname
"""


def importera(katalog: str) -> tuple[float, int]:
    """Sekunder för att läsa in katalogen i en tom databas, och processens minne i MB som mest."""
    with tempfile.TemporaryDirectory(prefix="sus-") as data:
        Path(data).chmod(0o711)
        miljo = {**os.environ, "SUS_DATA": data}
        subprocess.run([sys.executable, ROT / "manage.py", "migrate", "--verbosity", "0"], check=True, env=miljo)
        svar = subprocess.run(
            [sys.executable, "-c", _IMPORTEN, katalog],
            check=True,
            env=miljo,
            cwd=ROT,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.split()
    return float(svar[0]), int(svar[1])


# Bara importen, inte starten av databasen. I en egen process: minnet är dess eget.
_IMPORTEN: Final = """
import os, resource, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "sus.settings"
from sus import inbaddad
with inbaddad.instans():
    import django
    django.setup()
    from django.core.management import call_command
    from django.db import connections
    borjan = time.perf_counter()
    call_command("importera", sys.argv[1], tyst=True)
    tiden = time.perf_counter() - borjan
    print(tiden, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    connections.close_all()
"""


def kopiera(forbindelse: Any) -> float:
    """Sekunder för att med COPY skriva tabellernas rader till kopior med samma index och villkor."""
    with forbindelse.cursor() as markor, tempfile.TemporaryDirectory() as katalog:
        kopior = []
        for tabell in TABELLER:
            markor.execute(_KOLUMNER, [tabell])
            kopior.append((tabell, markor.fetchone()[0], Path(katalog) / tabell))
        for tabell, kolumner, fil in kopior:
            with fil.open("wb") as ut, markor.copy(f"COPY {tabell} ({kolumner}) TO STDOUT (FORMAT binary)") as fran:
                for bit in fran:
                    ut.write(bit)
            markor.execute(f"CREATE TABLE kopia_{tabell} (LIKE {tabell} INCLUDING ALL)")
        for tabell in TABELLER:
            for villkor in _nycklar(markor, tabell):
                markor.execute(f"ALTER TABLE kopia_{tabell} ADD {villkor}")
        borjan = time.perf_counter()
        for tabell, kolumner, fil in kopior:
            till = f"COPY kopia_{tabell} ({kolumner}) FROM STDIN (FORMAT binary)"
            with markor.copy(till) as in_, fil.open("rb") as kopia:
                while bit := kopia.read(1 << 20):
                    in_.write(bit)
        tiden = time.perf_counter() - borjan
        markor.execute("DROP TABLE " + ", ".join(f"kopia_{tabell}" for tabell in TABELLER))
    return tiden


def _nycklar(markor: Any, tabell: str) -> Iterator[str]:
    """Tabellens främmande nycklar, mot kopian där den finns."""
    markor.execute(_NYCKLAR, [tabell])
    for villkor, mot in markor.fetchall():
        yield villkor.replace(f"REFERENCES {mot}(", f"REFERENCES kopia_{mot}(") if mot in TABELLER else villkor

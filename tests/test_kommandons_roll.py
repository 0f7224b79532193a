"""Andra trådar, andra processer och kommandon har samma roll i databasen som webben (P2)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection, transaction

from tests import fabriker
from tests.databas import databas_url


def test_varje_ny_forbindelse_byter_roll(egen_databas):
    """I andra trådar, och i ett kommando i en egen process."""
    with ThreadPoolExecutor(1) as trad:
        assert trad.submit(_roll_i_traden).result() == "sus_app"
    kod = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "with connection.cursor() as m:\n"
        "    m.execute('SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user')\n"
        "    print(m.fetchone())\n"
    )
    svar = subprocess.run(
        [sys.executable, "-c", kod], env=_miljo(egen_databas), capture_output=True, text=True, check=True
    )
    assert svar.stdout.strip() == "('sus_app', False)"


def _roll_i_traden() -> str:
    try:
        return fabriker.roll_i_databasen()
    finally:
        connection.close()


def _miljo(databas: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": databas_url(databas), "DJANGO_SETTINGS_MODULE": "sus.settings"}


@pytest.fixture
def kanarie(egen_databas):
    """En deltagare med känt namn och nummer, bekräftad i en egen databas."""
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        insats = fabriker.insats()
        konto = fabriker.deltagaransvarig(insats)
        fabriker.inregistrera(insats, konto, nummer=nummer, fornamn="Kanariefågel", efternamn="Zzyzxsson")
    return egen_databas, nummer


def test_kommandona_lamnar_bara_ut_det_de_ska(kanarie, tmp_path):
    databas, nummer = kanarie
    hemligt = ("Kanariefågel", "Zzyzxsson", nummer.nummer, nummer.nummer[2:], nummer.utskrivet)

    def kor(*argument: str) -> str:
        svar = subprocess.run(
            [sys.executable, settings.BASE_DIR / "manage.py", *argument],
            env=_miljo(databas), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return svar.stdout + svar.stderr

    rapport = kor("insatsrapport", "--fran", "2025-01", "--till", "2025-12", "--format", "json")
    assert json.loads(rapport)["rader"]
    utskrift = kor("exportera", str(tmp_path / "utan"))
    filer = "".join(fil.read_text() for fil in (tmp_path / "utan").iterdir())
    assert "deltaganden.csv: 1 rader" in utskrift
    for ett in hemligt:
        assert ett not in rapport
        assert ett not in utskrift
        assert ett not in filer

    kor("exportera", "--med-personuppgifter", str(tmp_path / "med"))
    assert "Kanariefågel" in (tmp_path / "med" / "deltaganden.csv").read_text()

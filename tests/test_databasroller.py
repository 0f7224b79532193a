import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, connections

from sus import databasroller
from tests.databas import databas_url, som_agare

REPO = Path(__file__).resolve().parents[1]


def _manage(*argument: str, **miljo: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *argument],
        cwd=REPO,
        env={**os.environ, **miljo},
        capture_output=True,
        text=True,
        check=False,
    )


def _roll() -> tuple:
    with connection.cursor() as markor:
        markor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, "
            "EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) "
            "FROM pg_roles WHERE rolname = current_user"
        )
        return markor.fetchone()


@pytest.mark.django_db
def test_webbens_roll_ager_inget_och_far_inte_ga_forbi_radskydd():
    assert _roll() == ("sus_app", False, False)


@pytest.mark.django_db
def test_som_agare_lamnar_rollen_aterstalld():
    with som_agare():
        assert _roll()[0] == "sus_agare"
    assert _roll()[0] == "sus_app"


def test_rollerna_kan_sakerstallas_samtidigt_och_om_igen(egen_databas):
    with ThreadPoolExecutor(8) as tradar:
        list(tradar.map(lambda _: databasroller.sakerstall_for(connections.settings), range(8)))


def test_inloggning_utan_ratt_far_veta_vilken_sql_som_behovs(egen_databas):
    with databasroller.anslut(connections.settings["agare"]) as forbindelse:
        forbindelse.execute("SET ROLE sus_app")

        with pytest.raises(databasroller.RollFel, match=r'GRANT "sus_app" TO "pg_monitor";'):
            databasroller.sakerstall_roller(
                forbindelse, inloggning="pg_monitor", agarinloggning="sus_agare", databas=egen_databas
            )


def test_tom_databas_migreras_av_forsta_kommandot(tom_databas):
    svar = _manage("shell", "-c", "from insatser.models import Lan; print(Lan.objects.count())",
                   DATABASE_URL=databas_url(tom_databas))  # fmt: skip

    assert (svar.returncode, svar.stdout.splitlines()[-1:]) == (0, ["21"]), svar.stderr


@pytest.mark.parametrize(
    ("argument", "miljo", "kod", "text"),
    [
        (["migrate", "--okand"], {}, 2, "unrecognized arguments: --okand"),
        (["migrate", "okand"], {}, 1, "No installed app with label 'okand'."),
        (["demo"], {"DATABASE_URL": "postgresql://127.0.0.1:1/sus"}, 1, "Demoläget startar bara med sin egen databas."),
        (["migrate"], {"DATABASE_URL": "postgresql://127.0.0.1:1/sus"}, 1, "Databasen svarar inte: "),
        (["migrate"], {"DATABASE_URL": "mysql:x"}, 1, "DATABASE_URL ska vara av formen"),
        (["check"], {"SUS_PRODUKTION": "1", "SUS_NYCKLAR": ""}, 1, "SUS_SECRET_KEY och SUS_NYCKLAR"),
        (["check"], {"SUS_PRODUKTION": "1"}, 1, "SUS_VARDAR ska vara"),
    ],
)
def test_fel_ges_som_rader_och_slutkod(argument, miljo, kod, text):
    svar = _manage(*argument, **miljo)

    assert (svar.returncode, "Traceback" in svar.stderr) == (kod, False)
    assert text in svar.stderr

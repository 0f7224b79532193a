"""P19: det som kvitterats finns, en gång, fast databasen, webben och arbetaren dödas medan det arbetas.

`tools/last.py` i liten skala. Den stora körningen, tjugo personer och tjugo gånger, står i docs/adr/0026-last.md.
"""

import asyncio
import contextlib
import importlib
import json
import os
import re
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.staticfiles import finders
from django.db import connections
from procrastinate.exceptions import ConnectorException

from rapporter.arbetare import avbryt
from tests import fabriker
from tools import prestanda

ROT = Path(__file__).resolve().parent.parent
INSATSER = 64  # så många att rapporten, med kön och jämförelse, görs i bakgrunden
DODAS = 4  # databasen, en webbprocess, arbetaren, en av databasens processer


def ledig_port() -> int:
    with socket.socket() as prov:
        prov.bind(("127.0.0.1", 0))
        return int(prov.getsockname()[1])


def opackade(katalog: Path) -> str:
    """En katalog som säger att varje statisk fil heter som den heter: att packa dem tar längre tid än testet."""
    namn = [ett for finnare in finders.get_finders() for ett, _ in finnare.list([])]
    innehall = {"version": "1.1", "paths": {ett: ett for ett in namn}, "hash": ""}
    (katalog / "staticfiles.json").write_text(json.dumps(innehall), encoding="utf-8")
    return str(katalog)


def test_inget_kvitterat_gar_forlorat_nar_processerna_dodas(eget_kluster, tmp_path):
    organisationer = [fabriker.organisation() for _ in range(2)]
    for nr in range(INSATSER):
        fabriker.insats(organisationer[nr % 2], namn=f"Insats nummer {nr}", startdatum=date(2024, 1, 1))
    connections.close_all()

    svar = subprocess.run(
        [
            sys.executable, "tools/last.py", "--data", os.environ["SUS_DATA"], "--anvandare", "4", "--utan-paus",
            "--sekunder", "0", "--doda", str(DODAS), "--mellan", "1", "--dod-efter", "2", "--port", str(ledig_port()),
        ],
        cwd=ROT,
        env={**os.environ, "SUS_STATISKA": opackade(tmp_path)},
        capture_output=True,
        text=True,
    )  # fmt: skip

    assert svar.returncode == 0, svar.stdout + svar.stderr[-4000:]
    assert "FEL" not in svar.stdout
    assert f"{DODAS} av {DODAS} dödade" in svar.stdout
    assert "jobbet togs upp efter" in svar.stdout
    kvitton = {vad: int(antal) for vad, antal in re.findall(r"^rätt +(.+): (\d+) kvitterade", svar.stdout, re.M)}
    # Lasten håller på tills vart slag har ett kvitto, hur långsam maskinen än är.
    assert len(kvitton) == 6, svar.stdout
    assert min(kvitton.values()) > 0, svar.stdout


@pytest.fixture
def verktyg(monkeypatch):
    """Lastens moduler, som hittar varandra när katalogen är deras."""
    monkeypatch.syspath_prepend(ROT / "tools")
    return SimpleNamespace(
        **{namn: importlib.import_module(namn) for namn in ("last", "last_klient", "last_dodandet", "last_tjanster")},
        last_anvandare=importlib.import_module("last_anvandare"),
    )


def matning(verktyg, *anrop):
    """En mätning av (slut, fel)."""
    en = verktyg.last_klient.Matning()
    en.anrop = [verktyg.last_klient.Anrop("registrera deltagare: spara", slut, 0.1, fel) for slut, fel in anrop]
    return en


def test_p95_utan_lyckade_anrop_nar_inget_mal(verktyg, capsys):
    val = SimpleNamespace(utan_paus=True, webbprocesser=1, tradar=1, anvandare=1, doda=0)
    en = matning(verktyg, *[(nr, "500, egen sida") for nr in range(50)])

    verktyg.last.skriv(val, en, 1.0, (0.0, 0.0))

    mal = [rad for rad in capsys.readouterr().out.splitlines() if "mål högst" in rad]
    assert len(mal) == 2
    assert all(rad.startswith("MISSAR  inga lyckade anrop") for rad in mal)


def test_misslyckat_obesvarat_och_okvitterat_ar_fel(verktyg, capsys):
    ratt = SimpleNamespace(vad="anonyma", kvitterade=1, finns=1, ratt=True)
    tom = SimpleNamespace(vad="anonyma", kvitterade=0, finns=0, ratt=True)

    assert verktyg.last.doma([ratt], [], []) == 0
    assert "FEL" not in capsys.readouterr().out
    for argument in (([tom], [], []), ([ratt], ["ett fel"], []), ([ratt], [], ["anonyma: spara"])):
        assert verktyg.last.doma(*argument) == 1
        assert capsys.readouterr().out.count("FEL  ") == 1


@pytest.mark.parametrize(
    ("dodade", "slut", "forklarat"),
    [((), 5, False), ((10,), 9, False), ((10,), 11, True), ((10,), 71, False), ((10, 70), 71, True)],
)
def test_ett_misslyckat_anrop_forklaras_bara_av_ett_dodande_just_fore(verktyg, dodade, slut, forklarat):
    dodandet = verktyg.last_dodandet.Dodandet(
        SimpleNamespace(omstarter=0), matning(verktyg, (slut, "503"), (slut, "")), len(dodade), 0
    )
    dodandet.dodade = [verktyg.last_dodandet.Dodad("databasen", nar, 1.0, None) for nar in dodade]

    fel = dodandet.redovisa()

    assert fel == ([] if forklarat else ["1 misslyckade anrop som inget dödande förklarar: 503"])


@pytest.mark.parametrize(("jobben", "antal_fel"), [((None, None), 1), ((None, 3.0), 0)])
def test_arbetaren_ska_ha_dodats_mitt_i_en_rapport(verktyg, jobben, antal_fel):
    dodandet = verktyg.last_dodandet.Dodandet(SimpleNamespace(omstarter=2), matning(verktyg), 2, 0)
    dodandet.dodade = [verktyg.last_dodandet.Dodad("arbetaren", 1.0, 1.0, jobbet) for jobbet in jobben]

    assert len(dodandet.redovisa()) == antal_fel


def test_ett_dodande_som_ingen_dog_av_raknas_inte(verktyg, monkeypatch):
    tjanster = verktyg.last_tjanster
    monkeypatch.setattr(tjanster, "NAGON_LEVER", 0)
    dodandet = verktyg.last_dodandet.Dodandet(
        SimpleNamespace(omstarter=0, doda_databasen=lambda: tjanster.doda_en(list, "databasen"),
                        doda_en_forbindelse=None, doda_en_webbprocess=None, doda_arbetaren=None),
        matning(verktyg), 1, 0,
    )  # fmt: skip

    dodandet.kor()

    assert not dodandet.dodade
    assert "bara 0 av 1 dödade" in dodandet.redovisa()


def test_den_som_redan_ar_dod_dodas_inte_igen(verktyg):
    sover = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen(sover, stdin=subprocess.PIPE) as dod,
        subprocess.Popen(sover, stdin=subprocess.PIPE) as lever,
    ):
        dod.kill()
        os.waitid(os.P_PID, dod.pid, os.WEXITED | os.WNOWAIT)  # död, men inte inväntad
        verktyg.last_tjanster.doda_en(lambda: [dod.pid, lever.pid], "någon")
        assert lever.wait(60) == -9


@pytest.mark.parametrize("svaren", [[None], ["jobb", None], ["jobb", "jobb"]])
def test_arbetaren_dodas_bara_medan_jobbet_pagar(verktyg, svaren):
    svar = iter(svaren)
    eka = [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(7)"]
    with subprocess.Popen(eka, stdin=subprocess.PIPE) as process:
        tjanster = verktyg.last_tjanster.Tjanster(0, [], 0)
        tjanster.arbetare = process

        det = tjanster.doda_arbetaren_mitt_i(lambda: next(svar))

        process.stdin.close()
        assert (det, process.wait(60)) == (("jobb", -9) if svaren[-1] else (None, 7))


def test_vart_slag_ska_ha_ett_kvitto(verktyg):
    kvitton = verktyg.last_anvandare.Kvitton(inregistrerade=[1], utregistrerade=[1])
    assert not kvitton.ett_av_varje(False)
    kvitton.anonyma.append(1)
    assert kvitton.ett_av_varje(False)
    assert not kvitton.ett_av_varje(True)
    kvitton.bestallda.append("a")
    assert kvitton.ett_av_varje(True)


@pytest.mark.parametrize(
    ("ut", "slutkod", "visas"),
    [
        ("når     p95  10 ms  mål högst 300  x", 0, ["når     p95  10 ms  mål högst 300  x"]),
        ("hej\nFEL     ett", 1, ["FEL     ett"]),
        ("MISSAR  mål högst 300", 1, ["MISSAR  mål högst 300", "FEL     tools/last.py slutade med 1"]),
    ],
)
def test_prestanda_visar_lastens_fel(monkeypatch, capsys, ut, slutkod, visas):
    monkeypatch.setenv("SUS_DATA", "x")
    monkeypatch.setattr(prestanda.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=ut, returncode=slutkod))

    assert prestanda.last("stor") is (slutkod == 0)
    assert capsys.readouterr().out.splitlines() == visas


def test_ett_avbrott_som_blir_databasens_fel_ges_igen():
    """Annars väntar arbetaren för alltid på sin vakt, som fortsätter, och ingen tar jobben."""

    async def vakt():
        while True:
            with contextlib.suppress(ConnectorException):
                await fraga()
            await asyncio.Event().wait()

    async def fraga():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException from None

    async def kor():
        uppgift = asyncio.create_task(vakt())
        await asyncio.sleep(0)
        await asyncio.wait_for(avbryt(uppgift), 60)
        return uppgift.cancelled()

    assert asyncio.run(kor())

"""P19: det som kvitterats finns, en gång, fast databasen, webben och arbetaren dödas medan det arbetas.

`tools/last.py` i liten skala. Den stora körningen, tjugo personer och tjugo gånger, står i docs/adr/0026-last.md.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

from django.contrib.staticfiles import finders
from django.db import connections
from procrastinate.exceptions import ConnectorException

from rapporter.arbetare import avbryt
from tests import fabriker

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
    assert f"{DODAS} av {DODAS} dödade" in svar.stdout
    assert "jobbet togs upp efter" in svar.stdout
    kvitton = {vad: int(antal) for vad, antal in re.findall(r"^rätt +(.+): (\d+) kvitterade", svar.stdout, re.M)}
    assert min(kvitton.values()) > 0, svar.stdout
    assert {"inregistreringar, var och en en gång", "beställda rapporter, var och en klar en gång"} <= set(kvitton)


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

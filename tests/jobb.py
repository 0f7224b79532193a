"""Beställda rapporter i testen: en värld med rader, en arbetare i en egen process, och väntan på ett villkor."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from behorighet.models import Anvandare
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from rapporter import fragor
from rapporter.models import Bestallning
from rapporter.tjanster import bestallning as tjanster
from rapporter.urval import tolka
from tests import fabriker
from tests.databas import databas_url

ROT = Path(__file__).resolve().parent.parent
LANGST = 240  # sekunder; väl tilltaget: på en upptagen maskin ska testen vänta, inte falla


def analytiker(insatser: int = 3) -> Anvandare:
    """Någon som får se rapporter, och insatser i två samverkansorganisationer att se."""
    orgar = fabriker.organisation(), fabriker.organisation()
    for nr in range(insatser):
        fabriker.insats(orgar[nr % 2], namn=f"Insats nummer {nr}", startdatum=date(2024, 1, 1))
    return fabriker.anvandare(Roll.SUS_RAPPORT)


def bestall(konto: Anvandare, format: str = "pdf", **val: str) -> Bestallning:
    """En beställning av rapporten för 2025, eller månaderna i `val`."""
    with transaction.atomic():
        satt_sammanhang(konto)
        koder = fragor.koder()
        varden = {"fran": ["2025-01"], "till": ["2025-12"]} | {falt: [varde] for falt, varde in val.items()}
        urval = tolka(varden, koder=koder, idag=timezone.localdate())
        return tjanster.bestall(urval=urval, koder=koder, format=format, av=konto)


def vanta(villkor: Callable[[], object], vad: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Väntar tills villkoret är sant, medan processen lever."""
    slut = time.monotonic() + LANGST
    while not villkor():
        assert time.monotonic() < slut, vad
        assert process is None or process.poll() is None, "arbetaren slutade"
        threading.Event().wait(0.05)


def lage(pk: object) -> str:
    """Beställningens läge, så som databasens ägare ser det."""
    return Bestallning.objects.using("agare").get(pk=pk).lage


def forsok(pk: object) -> int:
    """Hur många gånger beställningen har tagits upp."""
    return Bestallning.objects.using("agare").get(pk=pk).forsok


@contextmanager
def arbetare(databas: str, *argument: str) -> Iterator[subprocess.Popen[bytes]]:
    """En arbetare i en egen process, som är borta efteråt."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "arbetare", "--dod-efter", "2", *argument],
        cwd=ROT,
        env={**os.environ, "DATABASE_URL": databas_url(databas), "SUS_PRODUKTION": "0"},
        stdin=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(LANGST)


def barn(pid: int) -> list[int]:
    """Processens barn som gör delar av en PDF."""
    with suppress(OSError):
        egna = [int(ett) for fil in Path(f"/proc/{pid}/task").glob("*/children") for ett in fil.read_text().split()]
        return [ett for ett in egna if b"spawn_main" in Path(f"/proc/{ett}/cmdline").read_bytes()]
    return []


@contextmanager
def stilla(pid: int) -> Iterator[None]:
    """Processens barn står stilla så länge."""
    barnen = barn(pid)
    for ett in barnen:
        os.kill(ett, signal.SIGSTOP)
    try:
        yield
    finally:
        for ett in barnen:
            with suppress(ProcessLookupError):
                os.kill(ett, signal.SIGCONT)


def lever(pid: int) -> bool:
    """Sant om processen finns kvar och inte bara väntar på att räknas som död."""
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False

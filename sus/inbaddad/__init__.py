"""Inbäddad PostgreSQL för demo, utveckling och test. I produktion pekar DATABASE_URL ut en annan.

Server och kommandon delar en instans: var och en håller ett delat fillås så länge den använder databasen, och den som
går sist stoppar den. Kärnan släpper låset även efter kill -9, så en övergiven instans tas över av nästa.
"""

import fcntl
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from sus.inbaddad import kluster, plats
from sus.inbaddad import program as programmen
from sus.inbaddad.fel import InbaddadFel
from sus.inbaddad.plats import Plats, datakatalog
from sus.inbaddad.program import Program

__all__ = ["InbaddadFel", "anslutning", "datakatalog", "instans", "superanslutning", "ta_bort"]


def anslutning(databas: str = kluster.DATABAS) -> dict[str, str]:
    """Ägarens inloggning som Djangos NAME, USER, PASSWORD, HOST. Startar inget; innan dess är lösenordet tomt."""
    return _anslutning(kluster.AGARE, databas)


def superanslutning(databas: str = "postgres") -> dict[str, str]:
    """Superanvändarens inloggning, för att skapa databaser i test. Annars som `anslutning`."""
    return _anslutning("postgres", databas)


@contextmanager
def instans(installningar: Mapping[str, str] | None = None) -> Iterator[None]:
    """Håller databasen igång: startar den eller ansluter till den som går, och stoppar den om ingen annan är kvar.

    SIGTERM och SIGHUP blir SystemExit, så att även de lämnar i ordning. `installningar` går före modulens egna när
    servern startas. Kastar InbaddadFel när den inte går att starta.
    """
    data = plats.skapa_datakatalog()
    with ExitStack() as stack:
        stack.enter_context(_signaler_avslutar())
        with _startlas(data):
            har, program = _forbered(data)
            anvandare = plats.oppna(har.rot / "anvandare.las")
            fcntl.flock(anvandare, fcntl.LOCK_SH)
            stack.callback(_lamna, har, program, anvandare, os.getpid())
            kluster.starta(har, program, installningar or {})
            kluster.ordna_databas(har)
        yield


def ta_bort(data: Path) -> None:
    """Raderar databasen och nycklarna i `data`, som ingen får använda. För test som har haft en egen SUS_DATA."""
    har = plats.las(data)
    if har is not None:
        for katalog in (har.sockel, har.rot):
            shutil.rmtree(katalog, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


def _anslutning(anvandare: str, databas: str) -> dict[str, str]:
    data = datakatalog()
    har = plats.las(data)
    return {
        "NAME": databas,
        "USER": anvandare,
        "PASSWORD": har.losenord[anvandare] if har else "",
        "HOST": str(har.sockel if har else data / "sockel"),
        "PORT": "",
    }


def _forbered(data: Path) -> tuple[Plats, Program]:
    """Platsen och programmen, med klustret skapat men inte startat."""
    har = plats.las(data)
    program = programmen.valj(data, har.kluster if har else None)
    ny = har is None
    if har is None:
        har = plats.ny(data, program)
    if not programmen.nar(program.uid, program.gid, har.rot):
        raise InbaddadFel(
            f"Databasen ligger i {har.rot}, dit uid {program.uid} inte längre når. Öppna katalogerna ovanför för "
            "genomgång (chmod o+x), eller sätt SUS_DATA till en annan katalog."
        )
    if not program.ursprungliga or (har.rot != data and "SUS_PG_BIN" not in os.environ):
        program = programmen.kopiera(program, plats.skapa_egen_rot(data))
    har = plats.ordna_sockel(har, program)
    if ny and har.rot != data and har.kluster.exists():
        # En tidigare SUS_DATA på samma plats är raderad, och med den lösenord och nycklar: ingen når det klustret.
        kluster.stoppa(har, program)
        shutil.rmtree(har.kluster)
    plats.skriv(har)
    kluster.skapa(har, program)
    return har, program


def _lamna(har: Plats, program: Program, anvandare: IO[bytes], pid: int) -> None:
    """Släpper låset och stoppar servern om ingen annan håller det. En avknoppad process (fork) stoppar inget."""
    if os.getpid() != pid:
        return
    with _startlas(har.data):
        anvandare.close()
        with plats.oppna(har.rot / "anvandare.las") as fil:
            try:
                fcntl.flock(fil, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            kluster.stoppa(har, program)


@contextmanager
def _startlas(data: Path) -> Iterator[None]:
    with plats.oppna(data / "start.las") as fil:
        fcntl.flock(fil, fcntl.LOCK_EX)
        yield


@contextmanager
def _signaler_avslutar() -> Iterator[None]:
    def avsluta(nummer: int, ram: FrameType | None) -> None:
        raise SystemExit(128 + nummer)

    egna = []
    if threading.current_thread() is threading.main_thread():
        egna = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    for nummer in egna:
        signal.signal(nummer, avsluta)
    try:
        yield
    finally:
        for nummer in egna:
            signal.signal(nummer, signal.SIG_DFL)

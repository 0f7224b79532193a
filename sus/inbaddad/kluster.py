"""Klustret: skapa, starta och stoppa. Anropas under startlåset, en process i taget."""

import os
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from sus import databasroller
from sus.inbaddad.fel import InbaddadFel
from sus.inbaddad.plats import SOCKELFIL, Plats, oppna, skapa_katalog, skriv_hemlig
from sus.inbaddad.program import Program

DATABAS: Final = "sus"
AGARE: Final = "sus_agare"
INGEN_PROCESS: Final = str(2**31 - 1)  # över varje pid_max
LOGGENS_STORLEK: Final = 10_000_000  # byte; därefter börjar nästa start på en ny
VANTETID: Final = 60  # sekunder för start och stopp

INSTALLNINGAR: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "Europe/Stockholm",
    # Personuppgifter får inte hamna i loggen: varken satsen, dess värden eller DETAIL skrivs ut (P7).
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


def skapa(plats: Plats, program: Program) -> None:
    """Skapar klustret om det inte finns. En avbruten initdb lämnar inget halvt kluster efter sig."""
    if plats.kluster.exists():
        _kontrollera(plats, program)
        return
    halvt = plats.rot / "kluster.nytt"
    shutil.rmtree(halvt, ignore_errors=True)
    losenordsfil = plats.rot / "losenord"
    skriv_hemlig(losenordsfil, plats.losenord["postgres"] + "\n")
    try:
        if program.uid is not None and program.gid is not None:
            os.chown(losenordsfil, program.uid, program.gid)
        skapa_katalog(halvt, 0o700, uid=program.uid, gid=program.gid)
        svar = program.kor(
            "initdb", "-D", halvt, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={losenordsfil}", "--no-instructions",
        )  # fmt: skip
    finally:
        losenordsfil.unlink()
    if svar.returncode != 0:
        raise InbaddadFel(f"initdb misslyckades i {plats.rot}:\n{svar.stdout.strip()}")
    halvt.rename(plats.kluster)


def starta(plats: Plats, program: Program, installningar: Mapping[str, str]) -> None:
    """Startar servern om den inte redan svarar; tar över efter en process som dödades med kill -9."""
    if _pid(plats) is not None:
        if _blir_redo(plats) and _svarar(plats):
            return
        stoppa(plats, program)
    _stada(plats)
    _skriv_installningar(plats, installningar)
    logg = plats.data / "postgres.log"
    if logg.exists() and logg.stat().st_size > LOGGENS_STORLEK:
        logg.replace(logg.with_suffix(".log.1"))
    slut = time.monotonic() + VANTETID
    while True:
        with oppna(logg) as ut:
            svar = program.kor("pg_ctl", "start", "-D", plats.kluster, "-w", "-t", str(VANTETID), "-s", ut=ut)
        if svar.returncode == 0:
            return
        # Efter kill -9 kan serverns barn leva någon sekund till och hålla det delade minnet.
        if time.monotonic() > slut or "shared memory block" not in _sista(logg):
            raise InbaddadFel(f"PostgreSQL startade inte. Slutet av {logg}:\n{_sista(logg)}")
        time.sleep(0.2)


def stoppa(plats: Plats, program: Program) -> None:
    """Stoppar servern och väntar tills den är borta. Gör inget om den inte går."""
    if _pid(plats) is None:
        return
    for satt in ("fast", "immediate"):
        svar = program.kor("pg_ctl", "stop", "-D", plats.kluster, "-m", satt, "-w", "-t", str(VANTETID), "-s")
        if svar.returncode == 0 or _pid(plats) is None:
            return
    raise InbaddadFel(f"PostgreSQL i {plats.kluster} gick inte att stoppa: {svar.stdout.strip()}")


def ordna_databas(plats: Plats) -> None:
    """Ser till att ägarens inloggning, rollerna och databasen finns. Kan köras hur många gånger som helst."""
    with _anslut(plats, "postgres") as forbindelse:
        if not forbindelse.execute("SELECT FROM pg_roles WHERE rolname = %s", [AGARE]).rowcount:
            forbindelse.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}").format(
                    sql.Identifier(AGARE), sql.Literal(plats.losenord[AGARE])
                )
            )
        if not forbindelse.execute("SELECT FROM pg_database WHERE datname = %s", [DATABAS]).rowcount:
            forbindelse.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(DATABAS), sql.Identifier(AGARE)
                )
            )
    with _anslut(plats, DATABAS) as forbindelse:
        databasroller.sakerstall_roller(forbindelse, inloggning=AGARE, agarinloggning=AGARE, databas=DATABAS)


def _anslut(plats: Plats, databas: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(plats.sockel), user="postgres", password=plats.losenord["postgres"], dbname=databas, autocommit=True
    )


def _skriv_installningar(plats: Plats, installningar: Mapping[str, str]) -> None:
    varden = {**INSTALLNINGAR, "unix_socket_directories": str(plats.sockel), **installningar}
    fil = plats.kluster / "postgresql.conf"
    rader = [f"{namn} = '{varde.replace(chr(39), chr(39) * 2)}'\n" for namn, varde in varden.items()]
    skriv_hemlig(fil, "".join(rader))


def _kontrollera(plats: Plats, program: Program) -> None:
    agare = plats.kluster.stat().st_uid
    if program.uid is None and agare != os.geteuid():
        raise InbaddadFel(f"Databasen i {plats.kluster} tillhör uid {agare}. Sätt SUS_DATA till en egen katalog.")
    version = int((plats.kluster / "PG_VERSION").read_text(encoding="ascii"))
    if version != program.version:
        raise InbaddadFel(
            f"Databasen i {plats.kluster} är skapad med PostgreSQL {version}, men programmen i {program.katalog} är "
            f"version {program.version}. Sätt SUS_DATA till en annan katalog, eller SUS_PG_BIN till version {version}."
        )


def _stada(plats: Plats) -> None:
    """Det som en dödad server lämnat. PostgreSQL gör det själv, utom när dess pid är en zombie eller någon annans.

    Resten av postmaster.pid får stå: där läser PostgreSQL om något barn ännu håller det delade minnet.
    """
    for namn in (SOCKELFIL, f"{SOCKELFIL}.lock"):
        (plats.sockel / namn).unlink(missing_ok=True)
    rader = _rader(plats)
    if rader:
        (plats.kluster / "postmaster.pid").write_text("\n".join([INGEN_PROCESS, *rader[1:], ""]), encoding="utf-8")


def _rader(plats: Plats) -> list[str]:
    try:
        return (plats.kluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _pid(plats: Plats) -> int | None:
    """Serverns pid, eller None när den inte går. Ett pid som en annan process har fått räknas inte."""
    rader = _rader(plats)
    if not rader or not rader[0].strip().isdigit():
        return None
    pid = int(rader[0])
    try:
        kommando = Path(f"/proc/{pid}/cmdline").read_bytes()
        return pid if os.fsencode(plats.kluster) in kommando else None
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    return pid


def _blir_redo(plats: Plats) -> bool:
    """Väntar in en server som håller på att starta. Falskt när den i stället stannar eller aldrig blir klar."""
    slut = time.monotonic() + VANTETID
    while time.monotonic() < slut and _pid(plats) is not None:
        rader = _rader(plats)
        lage = rader[7].strip() if len(rader) > 7 else "starting"
        if lage in {"ready", "stopping"}:
            return lage == "ready"
        time.sleep(0.05)
    return False


def _svarar(plats: Plats) -> bool:
    """Om servern lyssnar. En som just dödats kan ännu ha ett pid."""
    with socket.socket(socket.AF_UNIX) as prov:
        try:
            prov.connect(str(plats.sockel / SOCKELFIL))
        except OSError:
            return False
    return True


def _sista(logg: Path, antal: int = 12) -> str:
    return "\n".join(logg.read_text(encoding="utf-8", errors="replace").splitlines()[-antal:])

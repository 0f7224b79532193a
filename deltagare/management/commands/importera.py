import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from deltagare.overforing.falt import tolka_datum
from deltagare.overforing.fel import Importfel, Ogiltigt, Utfall
from deltagare.overforing.filformat import FILER, PERSONFILER
from deltagare.overforing.importen import importera


def datum(text: str) -> date:
    """ÅÅÅÅ-MM-DD på kommandoraden."""
    try:
        return tolka_datum(text)
    except Ogiltigt as fel:
        raise ArgumentTypeError(str(fel)) from fel


class Command(BaseCommand):
    help = "Läser in en katalog med CSV-filer. Allt eller inget: ett enda fel, och inget sparas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("katalog", metavar="KATALOG", type=Path)
        parser.add_argument("--kontrollera", action="store_true", help="pröva allt, spara inget")
        parser.add_argument("--tyst", action="store_true", help="skriv bara fel och varningar")
        parser.add_argument("--idag", type=datum, metavar="ÅÅÅÅ-MM-DD", help="dagen efter vilken allt är framtid")

    def handle(self, *, katalog: Path, kontrollera: bool, tyst: bool, idag: date | None, **options: Any) -> None:
        utfall = Utfall()
        forlopp = Forlopp(katalog, visa=not tyst and sys.stderr.isatty())
        try:
            antal = importera(
                katalog, idag=idag or localdate(), kontrollera=kontrollera, utfall=utfall, framsteg=forlopp
            )
        except Importfel as fel:
            forlopp.avsluta()
            self._skriv(utfall)
            raise CommandError(str(fel) or "Inget har sparats. Rätta felen och kör igen.") from fel
        forlopp.avsluta()
        self._skriv(utfall)
        if not tyst:
            for fil, en in antal.items():
                self.stdout.write(f"{fil}: {en}")
            if kontrollera:
                self.stdout.write("Kontrollen är klar. Inget har sparats.")

    def _skriv(self, utfall: Utfall) -> None:
        for rad in utfall.fel.rader():
            self.stderr.write(rad)
        for rad in utfall.varningar.rader("varning: "):
            self.stderr.write(rad)


def _storlek(vag: Path) -> int:
    """Filens byte; 0 för det som inte går att läsa, som blir ett fel när det ska läsas."""
    try:
        return vag.stat().st_size
    except OSError:
        return 0


class Forlopp:
    """Hur stor del av filerna som är läst, på en rad i terminalen."""

    BREDD = 40

    def __init__(self, katalog: Path, *, visa: bool) -> None:
        # Filerna med personer läses två gånger: först för att prövas, sedan för identiteterna.
        ganger = {namn: 2 if namn in PERSONFILER else 1 for namn in FILER}
        self._alla = sum(_storlek(katalog / namn) * antal for namn, antal in ganger.items()) if visa else 0
        self._lasta, self._visad, self._visa = 0, -1, visa

    def __call__(self, antal: int) -> None:
        self._lasta += antal
        andel = min(100, 100 * self._lasta // max(self._alla, 1))
        if self._visa and andel != self._visad:
            self._visad = andel
            fylld = self.BREDD * andel // 100
            sys.stderr.write(f"\r[{'█' * fylld}{'·' * (self.BREDD - fylld)}] {andel} %")
            sys.stderr.flush()

    def avsluta(self) -> None:
        """Lämnar raden, så att nästa utskrift börjar på en ny."""
        if self._visad >= 0:
            sys.stderr.write("\r" + " " * (self.BREDD + 10) + "\r")

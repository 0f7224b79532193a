from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deltagare.overforing.exporten import SAKNAS, exportera
from deltagare.overforing.fel import orsak


class Command(BaseCommand):
    help = "Skriver allt som importera kan läsa som CSV-filer i en katalog."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("katalog", metavar="KATALOG", type=Path)
        parser.add_argument(
            "--med-personuppgifter",
            action="store_true",
            help="med personnummer, namn och kommun",
        )

    def handle(self, *, katalog: Path, med_personuppgifter: bool, **options: Any) -> None:
        try:
            antal = exportera(katalog, med_personuppgifter=med_personuppgifter)
        except OSError as fel:
            raise CommandError(f"Det går inte att skriva i {katalog}: {orsak(fel)}.") from fel
        for fil, rader in antal.items():
            self.stdout.write(f"{fil}: {rader} rader")
        self.stdout.write(f"Filerna har inte med {SAKNAS}. Den fullständiga kopian är säkerhetskopian.")
        if med_personuppgifter:
            self.stdout.write("Filerna innehåller personuppgifter. Radera dem när de inte behövs längre.")

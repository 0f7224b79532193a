from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from sus.databasroller import RollFel, sakerstall_for, sql_text


class Command(BaseCommand):
    help = "Skapar databasrollerna sus_agare, sus_app och sus_rapport, eller skriver den SQL som gör det."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sql", action="store_true", help="skriv SQL åt databasens administratör, ändra inget")

    def handle(self, *, sql: bool, **options: Any) -> None:
        if sql:
            default, agare = settings.DATABASES["default"], settings.DATABASES["agare"]
            self.stdout.write(sql_text(default["USER"], agare["USER"], default["NAME"]))
            return
        try:
            sakerstall_for(settings.DATABASES)
        except RollFel as fel:
            raise CommandError(str(fel)) from fel
        self.stdout.write("Databasrollerna är på plats.")

from typing import Any

from django.core.management.base import BaseCommand

from deltagare.inlasning_tjanster import glom_gamla


class Command(BaseCommand):
    help = "Tar bort uppladdade filer som är äldre än en timme och inte lästes in. Körs var tionde minut."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{glom_gamla()} borttagna.")

from typing import Any

from django.core.management.base import BaseCommand

from deltagare.inlasning_tjanster import glom_gamla, glom_gamla_inskick


class Command(BaseCommand):
    help = (
        "Tar bort uppladdade filer som är äldre än en timme och inte lästes in, och engångsnycklar för formulär som är "
        "äldre än 30 dagar. Körs var tionde minut."
    )

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{glom_gamla()} borttagna.")
        self.stdout.write(f"{glom_gamla_inskick()} engångsnycklar borttagna.")

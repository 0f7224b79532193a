from typing import Any

from django.core.management.base import BaseCommand

from deltagare.nyckelbyte import kryptera_om
from deltagare.overforing.lage import AGARE


class Command(BaseCommand):
    help = "Krypterar om alla identiteter med den aktuella nyckeln, så att en äldre nyckel kan tas bort."

    def handle(self, *args: Any, **options: Any) -> None:
        antal = kryptera_om(using=AGARE)
        self.stdout.write(f"{antal} identiteter är omkrypterade. Nycklar som inte är aktuella används inte längre.")

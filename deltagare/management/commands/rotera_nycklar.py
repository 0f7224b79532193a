from typing import Any

from django.core.management.base import BaseCommand

from behorighet import tva_steg
from deltagare.nyckelbyte import kryptera_om
from deltagare.overforing.forbindelse import AGARE


class Command(BaseCommand):
    help = (
        "Krypterar om alla identiteter, och tvåstegsinloggningens hemligheter, med den aktuella nyckeln, "
        "så att en äldre nyckel kan tas bort."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        tva_steg.kryptera_om(using=AGARE)
        antal = kryptera_om(using=AGARE)
        self.stdout.write(f"{antal} identiteter är omkrypterade. Nycklar som inte är aktuella används inte längre.")

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deltagare import folkbokforing
from deltagare.skyddskontroll import kontrollera


class Command(BaseCommand):
    help = (
        "Frågar folkbokföringen om alla deltagare, och tar bort identiteten för dem som har fått skyddade "
        "personuppgifter. Körs varje natt, som databasens ägare. Den som avbryts fortsätter nästa gång."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--per-sekund", type=float, default=5.0, metavar="ANTAL", help="frågor i sekunden till tjänsten (förval 5)"
        )

    def handle(self, *, per_sekund: float, **options: Any) -> None:
        if not folkbokforing.finns():
            raise CommandError("Ingen folkbokföring är inställd (SUS_FOLKBOKFORING).")
        if not 0 < per_sekund <= 1000:
            raise CommandError("--per-sekund ska vara mer än 0 och högst 1000.")
        utfall = kontrollera(per_sekund=per_sekund)
        self.stdout.write(f"{utfall.provade} prövade, {utfall.skyddade} har fått skydd och är utan identitet.")
        utan_svar = f" {utfall.utan_svar} gick inte att få svar om." if utfall.utan_svar else ""
        if utfall.fel:
            raise CommandError(
                f"Kontrollen är inte klar: folkbokföringen svarar inte.{utan_svar} Nästa gång fortsätter den."
            )
        if utan_svar:
            raise CommandError(f"Alla är inte prövade:{utan_svar} Se efter i tjänsten, och kör kontrollen igen.")

"""`manage.py ledtidsrapport`: Ledtider från kommandoraden (R32, `import-och-kommandon.md` 3)."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from rapporter import samarbetsfragor
from rapporter.management.rapportkommando import Rapportkommando
from rapporter.samarbetsurval import FALT, tolka
from rapporter.tabell import Rapport


class Command(Rapportkommando):
    """Skriver Ledtider som JSON, CSV, Excel, PDF eller HTML."""

    help = "Tar fram Ledtider i Af/FK-samarbetet för ett urval."

    def urval(self, parser: ArgumentParser) -> None:
        """Samma namn som i adressen."""
        parser.add_argument(
            "--kontor", action="append", default=[], metavar="KEY", help="kontorets nyckel; kan upprepas"
        )
        parser.add_argument("--kon", default="", help="kvinna eller man")
        parser.add_argument(
            "--jamfor", action="append", default=[], help="kontor eller kon, som egna rader; kan upprepas"
        )

    def ta_fram(self, val: dict[str, Any], idag: date) -> Rapport:
        """Ledtider."""
        kontoren = samarbetsfragor.kontoren()
        varden = {namn: val[namn] if isinstance(val[namn], list) else [val[namn]] for namn in FALT}
        urval = tolka(varden, kontoren=kontoren, idag=idag)
        return samarbetsfragor.ledtidsrapport(urval, kontoren=kontoren, framtagen=val["framtagen"])

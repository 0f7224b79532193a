"""`manage.py insatsrapport`: rapporten från kommandoraden (`import-och-kommandon.md` 3)."""

from argparse import ArgumentParser
from datetime import date
from typing import Any, Final

from rapporter import fragor
from rapporter.management.rapportkommando import Rapportkommando
from rapporter.tabell import Rapport
from rapporter.urval import ETTVAL, tolka

FLERA: Final = {
    "lan": "länskod, till exempel 01",
    "kommun": "kommunkod, till exempel 0180",
    "forbund": "organisationsnummer",
    "inriktning": "inriktningens kod",
    "preciserad": "den preciserade inriktningens kod",
    "malgrupp": "målgruppens kod",
}


class Command(Rapportkommando):
    """Skriver Insatsrapporten som JSON, CSV, Excel, PDF eller HTML."""

    help = "Tar fram Insatsrapporten för ett urval."

    def urval(self, parser: ArgumentParser) -> None:
        """Samma namn som i adressen. De som kan upprepas: ELLER inom ett urval, OCH mellan dem."""
        for namn, hjalp in FLERA.items():
            parser.add_argument(f"--{namn}", action="append", default=[], help=f"{hjalp}; kan upprepas")
        parser.add_argument("--kon", default="", help="kvinna, man eller uppdelat (kvinnor, män och totalt)")
        for namn, val in ETTVAL.items():
            parser.add_argument(f"--{namn}", default="", help=f"{' eller '.join(val.values)}; förval inget")
        parser.add_argument("--variabler", action="append", default=[], help="namn, skilda med komma; förval alla")
        parser.add_argument("--diagram", action="store_true", help="också diagrammen, i xlsx, pdf och html")

    def ta_fram(self, val: dict[str, Any], idag: date) -> Rapport:
        """Insatsrapporten."""
        koder = fragor.koder()
        varden = {namn: val[namn] for namn in (*FLERA, "variabler")}
        varden |= {namn: [val[namn]] for namn in ("fran", "till", "kon", *ETTVAL)}
        return fragor.insatsrapport(
            tolka(varden, koder=koder, idag=idag),
            koder=koder,
            framtagen=val["framtagen"],
            med_diagram=val["diagram"] and val["format"] not in {"json", "csv"},
        )

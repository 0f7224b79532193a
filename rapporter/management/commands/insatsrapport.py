"""`manage.py insatsrapport`: rapporten från kommandoraden (`import-och-kommandon.md` 3)."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rapporter import fragor
from rapporter.renderare import FORMAT, rendera
from rapporter.renderare.pdf import PdfSaknas
from rapporter.urval import manad, tolka

FLERA: Final = {
    "lan": "länskod, till exempel 01",
    "kommun": "kommunkod, till exempel 0180",
    "forbund": "organisationsnummer",
    "inriktning": "inriktningens kod",
    "preciserad": "den preciserade inriktningens kod",
    "malgrupp": "målgruppens kod",
}


def _manad(text: str) -> str:
    try:
        manad(text)
    except ValidationError as fel:
        raise ArgumentTypeError(f"”{text}”: {' '.join(fel.messages)}") from fel
    return text


def _datum(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fel:
        raise ArgumentTypeError(f"”{text}”: ange datumet som åååå-mm-dd.") from fel


def _tidpunkt(text: str) -> datetime:
    try:
        tid = datetime.fromisoformat(text)
    except ValueError as fel:
        raise ArgumentTypeError(f"”{text}”: ange tiden som åååå-mm-dd eller åååå-mm-ddTtt:mm.") from fel
    return tid if timezone.is_aware(tid) else timezone.make_aware(tid)


class Command(BaseCommand):
    """Skriver Insatsrapporten som JSON, CSV, Excel, PDF eller HTML."""

    help = "Tar fram Insatsrapporten för ett urval."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Urvalen: samma namn som i adressen. De som kan upprepas: ELLER inom ett urval, OCH mellan dem."""
        parser.add_argument("--fran", type=_manad, required=True, metavar="ÅÅÅÅ-MM", help="periodens första månad")
        parser.add_argument("--till", type=_manad, required=True, metavar="ÅÅÅÅ-MM", help="periodens sista månad")
        for namn, hjalp in FLERA.items():
            parser.add_argument(f"--{namn}", action="append", default=[], help=f"{hjalp}; kan upprepas")
        parser.add_argument("--kon", default="", help="kvinna eller man")
        parser.add_argument("--variabler", action="append", default=[], help="namn, skilda med komma; förval alla")
        parser.add_argument("--idag", type=_datum, metavar="ÅÅÅÅ-MM-DD", help="vad i dag betyder; förval dagens datum")
        parser.add_argument("--framtagen", type=_tidpunkt, help="tiden som rapporten uppger; förval nu")
        parser.add_argument("--format", choices=FORMAT, default="json")
        parser.add_argument("--ut", type=Path, metavar="FIL", help="förval standard ut")

    def handle(self, **val: Any) -> None:
        """Prövar urvalet, tar fram rapporten och skriver den. Fel i urvalet ger slutkod 1."""
        koder = fragor.koder()
        varden = {namn: val[namn] for namn in (*FLERA, "variabler")}
        varden |= {namn: [val[namn]] for namn in ("fran", "till", "kon")}
        try:
            urval = tolka(varden, koder=koder, idag=val["idag"] or timezone.localdate())
        except ValidationError as fel:
            rader = [f"--{falt}: {text}" for falt, texter in fel.message_dict.items() for text in texter]
            raise CommandError("\n".join(rader)) from fel
        rapport = fragor.insatsrapport(urval, koder=koder, framtagen=val["framtagen"])
        try:
            self._skriv(rendera(rapport, val["format"]), val["ut"])
        except PdfSaknas as fel:
            raise CommandError(str(fel)) from fel

    def _skriv(self, innehall: bytes, fil: Path | None) -> None:
        if fil:
            try:
                fil.write_bytes(innehall)
            except OSError as fel:
                raise CommandError(f"Det går inte att skriva till {fil}: {fel.strerror}.") from fel
        # Bytes rakt ut: terminalens teckenkodning ska inte ändra filen.
        elif buffert := getattr(self.stdout, "buffer", None):
            buffert.write(innehall)
        else:
            self.stdout.write(innehall.decode(), ending="")

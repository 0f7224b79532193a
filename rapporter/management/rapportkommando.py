"""Det som rapporternas kommandon har gemensamt (`import-och-kommandon.md` 3)."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rapporter.renderare import FORMAT, rendera
from rapporter.renderare.pdf import PdfSaknas
from rapporter.tabell import Rapport
from rapporter.urval import manad


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


class Rapportkommando(BaseCommand):
    """Perioden, idag, framtagen, formatet och filen. Fel i urvalet ger slutkod 1, fel användning 2."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """De gemensamma argumenten, efter rapportens egna urval."""
        parser.add_argument("--fran", type=_manad, required=True, metavar="ÅÅÅÅ-MM", help="periodens första månad")
        parser.add_argument("--till", type=_manad, required=True, metavar="ÅÅÅÅ-MM", help="periodens sista månad")
        self.urval(parser)
        parser.add_argument("--idag", type=_datum, metavar="ÅÅÅÅ-MM-DD", help="vad i dag betyder; förval dagens datum")
        parser.add_argument("--framtagen", type=_tidpunkt, help="tiden som rapporten uppger; förval nu")
        parser.add_argument("--format", choices=FORMAT, default="json")
        parser.add_argument("--ut", type=Path, metavar="FIL", help="förval standard ut")

    def urval(self, parser: ArgumentParser) -> None:
        """Rapportens egna urval."""
        raise NotImplementedError

    def ta_fram(self, val: dict[str, Any], idag: date) -> Rapport:
        """Rapporten för urvalet. Ger ValidationError per fält om det inte går."""
        raise NotImplementedError

    def handle(self, **val: Any) -> None:
        """Prövar urvalet, tar fram rapporten och skriver den."""
        rapport = self._utan_fel(lambda: self.ta_fram(val, val["idag"] or timezone.localdate()))
        try:
            self._skriv(rendera(rapport, val["format"]), val["ut"])
        except PdfSaknas as fel:
            raise CommandError(str(fel)) from fel

    def _utan_fel(self, gor: Callable[[], Rapport]) -> Rapport:
        try:
            return gor()
        except ValidationError as fel:
            rader = [f"--{falt}: {text}" for falt, texter in fel.message_dict.items() for text in texter]
            raise CommandError("\n".join(rader)) from fel

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

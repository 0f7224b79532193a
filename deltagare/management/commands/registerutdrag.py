import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from deltagare import kryptering
from deltagare.overforing.fel import orsak
from deltagare.overforing.forbindelse import AGARE
from deltagare.personnummer import OgiltigtPersonnummer, tolka
from deltagare.registerutdrag import for_nummer
from deltagare.utdrag import som_pdf
from fkui.pdf import PdfSaknas


class Command(BaseCommand):
    help = (
        "Skriver det fullständiga registerutdraget för en person, som PDF och JSON. "
        "Personnumret läses från standard in, aldrig från kommandoraden."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ut", metavar="KATALOG", type=Path, required=True, help="där filerna skrivs")

    def handle(self, *, ut: Path, **options: Any) -> None:
        if sys.stdin.isatty():
            self.stderr.write("Skriv personnumret och tryck retur:")
        try:
            nummer = tolka(sys.stdin.readline(), idag=localdate())
        except OgiltigtPersonnummer as fel:
            raise CommandError(str(fel)) from fel
        utdrag = for_nummer(index=kryptering.personindex(nummer.nummer), using=AGARE)
        filer = {"registerutdrag.json": utdrag.som_json()}
        try:
            filer["registerutdrag.pdf"] = som_pdf(utdrag)
        except PdfSaknas as fel:
            self.stderr.write(str(fel))
        for namn, innehall in filer.items():
            try:
                _skriv(ut / namn, innehall)
            except FileExistsError as fel:
                raise CommandError(f"{ut / namn} finns redan. Välj en tom katalog.") from fel
            except OSError as fel:
                raise CommandError(f"Det går inte att skriva {ut / namn}: {orsak(fel)}.") from fel
            self.stdout.write(str(ut / namn))
        if not utdrag.registreringar:
            self.stdout.write("Personen är inte registrerad i SUS. Utdraget säger det.")
        self.stdout.write("Filerna innehåller personuppgifter. Radera dem när de är lämnade.")


def _skriv(vag: Path, innehall: bytes) -> None:
    """Skriver en ny fil som bara den som kör kommandot kan läsa. Ger OSError om den redan finns."""
    with os.fdopen(os.open(vag, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as fil:
        fil.write(innehall)

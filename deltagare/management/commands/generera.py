import tempfile
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction
from django.utils.timezone import localdate

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare.management.commands.importera import datum
from deltagare.overforing.fel import Importfel, Utfall, orsak
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.generatorn import folkbokforing, organisationer, uppgifter
from deltagare.overforing.generatorn.skalor import SKALOR
from deltagare.overforing.generatorn.varlden import skriv
from deltagare.overforing.importen import importera
from insatser.models import Samverkansorganisation

EFTERAT = (
    "deltagare_deltagande",
    "deltagare_person",
    "deltagare_identitet",
    "deltagare_folkbokforing",
    "deltagare_registerpost",
    "deltagare_samarbete",
    "deltagare_samarbetskontor",
    "deltagare_overgang",
    "insatser_insats",
    "insatser_budget",
    "insatser_budgetpost",
)


REFERENSDAG: Final = date(2026, 10, 31)
"""Den dag som uppgifterna slutar: samma skala och frö ger samma uppgifter också i morgon."""


class Command(BaseCommand):
    help = "Fyller en tom databas med påhittade uppgifter, eller skriver dem som filer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--skala", choices=SKALOR, required=True)
        parser.add_argument("--fro", type=int, required=True, metavar="N", help="samma frö ger samma uppgifter")
        parser.add_argument("--till", type=Path, metavar="KATALOG", help="skriv filer i stället")
        parser.add_argument(
            "--idag",
            type=datum,
            metavar="ÅÅÅÅ-MM-DD",
            help=f"den dag som uppgifterna slutar; utan den {REFERENSDAG}, men dagens datum när demon fyller databasen",
        )

    def handle(self, *, skala: str, fro: int, till: Path | None, idag: date | None, **options: Any) -> None:
        try:
            if till:
                self._skriv_filer(till, skala, fro, idag or REFERENSDAG)
            else:
                # Demon ska se ut som i dag; de andra ska gå att upprepa.
                self._fyll(skala, fro, idag or (localdate() if skala == "demo" else REFERENSDAG))
        except OSError as fel:
            raise CommandError(f"Det går inte att skriva i {till or tempfile.gettempdir()}: {orsak(fel)}.") from fel

    def _skriv_filer(self, till: Path, skala: str, fro: int, dag: date) -> None:
        if till.is_dir() and any(till.iterdir()):
            raise CommandError(f"Katalogen {till} är inte tom. Välj en ny.")
        till.mkdir(parents=True, exist_ok=True)
        skriv(till, SKALOR[skala], fro=fro, idag=dag)
        self.stdout.write(f"Filerna står i {till}.")

    def _fyll(self, skala: str, fro: int, dag: date) -> None:
        if Samverkansorganisation.objects.using(AGARE).exists():
            raise CommandError("Databasen är inte tom: påhittade uppgifter läggs bara i en tom databas.")
        with tempfile.TemporaryDirectory(prefix="sus-") as katalog:
            skriv(Path(katalog), SKALOR[skala], fro=fro, idag=dag)
            antal = self._importera(Path(katalog), dag)
        organisationer.fyll(fro=fro, idag=dag)
        folkbokforing.fyll(SKALOR[skala], fro=fro)
        if skala == "demo":
            uppgifter.fyll(fro=fro)
        with transaction.atomic(using=AGARE):
            logga(Handelse.Typ.GENERERAT, av=None, using=AGARE, skala=skala, fro=fro, idag=str(dag))
        self._stada()
        self.stdout.write(", ".join(f"{en} {fil.removesuffix('.csv')}" for fil, en in antal.items()))

    def _importera(self, katalog: Path, idag: date) -> dict[str, int]:
        utfall = Utfall()
        try:
            return {fil: en.nya for fil, en in importera(katalog, idag=idag, utfall=utfall).items()}
        except Importfel as fel:
            raise CommandError("\n".join([*utfall.fel.rader()]) or str(fel)) from fel

    def _stada(self) -> None:
        # Rapporterna läser ur index, vilket kräver att sidorna är markerade som synliga.
        with connections[AGARE].cursor() as markor:
            markor.execute("VACUUM (ANALYZE) " + ", ".join(EFTERAT))

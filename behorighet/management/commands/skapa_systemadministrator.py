import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import localdate

from behorighet import tjanster
from behorighet.models import Anvandare, Organisation, Organisationstyp
from behorighet.roller import Roll


class Command(BaseCommand):
    help = (
        "Skapar ett konto med rollen Systemadministratör: det första kontot i en ny installation. "
        "Skriver ut en engångslänk att välja lösenord med, eller läser lösenordet med --losenord."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anvandarnamn", required=True, metavar="NAMN")
        parser.add_argument("--fornamn", required=True, metavar="NAMN")
        parser.add_argument("--efternamn", required=True, metavar="NAMN")
        parser.add_argument("--epost", default="", metavar="ADRESS")
        parser.add_argument("--organisation", required=True, metavar="NAMN", help="arbetsgivaren")
        parser.add_argument("--typ", choices=Organisationstyp.values, help="krävs om organisationen inte finns än")
        parser.add_argument("--losenord", action="store_true", help="läs lösenordet från standard input")
        parser.add_argument(
            "--adress", default="", metavar="URL", help="där SUS svarar, till exempel https://sus.example"
        )

    def handle(self, *, losenord: bool, adress: str, **options: Any) -> None:
        try:
            with transaction.atomic():
                konto = _skapa(**{namn: options[namn] for namn in FALT})
                if losenord:
                    _valj(konto)
                    svar = "Lösenordet är valt."
                else:
                    lank = tjanster.skapa_lank(anvandare=konto, av=None)
                    svar = f"Välj lösenord här, en gång och inom tre dygn:\n{adress.rstrip('/')}{lank}"
        except ValidationError as fel:
            raise CommandError("\n".join([*fel.messages, "Inget har sparats."])) from fel
        self.stdout.write(f"Kontot {konto.username} är skapat med rollen {Roll.SYSTEMADMINISTRATOR.label}.")
        self.stdout.write(svar)


FALT = ("anvandarnamn", "fornamn", "efternamn", "epost", "organisation", "typ")


def _skapa(
    *, anvandarnamn: str, fornamn: str, efternamn: str, epost: str, organisation: str, typ: str | None
) -> Anvandare:
    arbetsgivare = Organisation.objects.filter(namn=organisation).first()
    if arbetsgivare is None:
        if typ is None:
            raise ValidationError(f"Organisationen {organisation} finns inte. Ange --typ för att lägga upp den.")
        arbetsgivare = tjanster.registrera_organisation(namn=organisation, organisationsnummer="", typ=typ, av=None)
    konto = Anvandare(username=anvandarnamn, fornamn=fornamn, efternamn=efternamn, epost=epost)
    konto.clean_fields(exclude=["password", "arbetsgivare", "skapad_vid"])
    konto = tjanster.skapa_konto(
        username=anvandarnamn, fornamn=fornamn, efternamn=efternamn, epost=epost, arbetsgivare=arbetsgivare, av=None
    )
    tjanster.bestall_behorighet(
        anvandare=konto, roller=[Roll.SYSTEMADMINISTRATOR], fran=localdate(), till=None, av=None
    )
    return konto


def _valj(konto: Anvandare) -> None:
    """Läser lösenordet: dolt från ett tangentbord, annars första raden på standard input."""
    text = getpass("Lösenord: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    validate_password(text, konto)
    tjanster.byt_losenord(losenord=text, av=konto)

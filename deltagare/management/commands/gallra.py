from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from deltagare.gallring import for_gallring, utfor
from deltagare.models import Gallring
from deltagare.overforing.forbindelse import AGARE


class Command(BaseCommand):
    help = "Utför den gallring som är godkänd, och tar upp den som har avbrutits. Körs varje natt."

    def handle(self, **options: Any) -> None:
        gallring = Gallring.objects.using(AGARE).filter(oppen=True, godkand_vid__isnull=False).first()
        if gallring is None:
            self.stdout.write("Ingen godkänd gallring väntar.")
            return
        try:
            utfor(gallring, using=AGARE)
        except ValidationError as fel:
            raise CommandError(" ".join(fel.messages)) from fel
        gallring.refresh_from_db(using=AGARE)
        for rad in for_gallring(gallring):
            self.stdout.write(f"{rad.slag.label}: {rad.borttaget} {rad.raknas} borttagna, {rad.kvar} kvar.")

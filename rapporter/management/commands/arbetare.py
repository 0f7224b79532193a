import os
import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rapporter.arbetare import DOD_EFTER, kor


class Command(BaseCommand):
    help = "Gör de beställda rapporterna i bakgrunden. Flera kan köras, på hur många värdar som helst."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dod-efter",
            type=float,
            default=DOD_EFTER,
            metavar="SEKUNDER",
            help="så länge får en arbetare vara tyst innan en annan tar upp det den gjorde (förval %(default)s)",
        )
        parser.add_argument(
            "--med-foraldern", action="store_true", help="sluta när standard input stängs: den som startade är borta"
        )

    def handle(self, *, dod_efter: float, med_foraldern: bool, **options: Any) -> None:
        if med_foraldern:
            threading.Thread(target=_sluta_med_foraldern, daemon=True).start()
        kor(dod_efter=dod_efter)


def _sluta_med_foraldern() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)

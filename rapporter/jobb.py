"""Jobben i kön (Procrastinate): långa rapporter, och städningen av gamla filer. Körs av `manage.py arbetare`."""

import logging
import time
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import BinaryIO, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import JobAborted

from rapporter import fragor
from rapporter.renderare import excel, pdf_delar
from rapporter.renderare.pdf import PdfSaknas
from rapporter.tabell import Rapport
from rapporter.tjanster import korning as korningar
from rapporter.tjanster.bestallning import JOBB, KO, glom_gamla
from rapporter.tjanster.korning import Inaktuell, Korning

_logg = logging.getLogger(__name__)

SEKUNDER_MELLAN: Final = 1.0
URVALET_FINNS_INTE: Final = "Urvalet finns inte längre: {} Gör ett nytt urval och beställ rapporten igen."


# Köns räknare ger aldrig upp: det gör beställningens egen, som den som beställde får se.
@app.task(name=JOBB, queue=KO, pass_context=True, retry=RetryStrategy(wait=5))
def gor_rapport(sammanhang: JobContext, *, bestallning: str) -> None:
    """Gör en beställd rapport och sparar filen. Går att köra om: effekten blir en, också när en arbetare dör."""
    korning = korningar.borja(UUID(bestallning))
    if korning is None:
        return
    try:
        rapport = _rapporten(korning)
        with TemporaryFile() as fil:
            _skriv(rapport, korning, fil, sammanhang.should_abort)
            korningar.bli_klar(korning, fil=fil)
    except Inaktuell:
        return
    except (ValidationError, PdfSaknas) as fel:
        text = URVALET_FINNS_INTE.format(" ".join(fel.messages)) if isinstance(fel, ValidationError) else str(fel)
        korningar.misslyckas(korning, fel=text)
    except JobAborted:
        raise
    except Exception as fel:
        if korningar.databasen_ar_borta(fel) or not korningar.gick_fel(korning):
            raise
        _logg.exception("Beställningen %s ges upp.", korning.pk)


@app.periodic(cron="17 3 * * *")
@app.task(name="glom_gamla_rapporter", queue=KO, queueing_lock="glom_gamla_rapporter")
def glom_gamla_rapporter(timestamp: int) -> None:
    """Tar varje natt bort rapporterna som är äldre än sju dagar."""
    glom_gamla()


@app.periodic(cron="27 3 * * *")
@app.task(name="glom_gamla_jobb", queue=KO, queueing_lock="glom_gamla_jobb", pass_context=True)
async def glom_gamla_jobb(sammanhang: JobContext, timestamp: int) -> None:
    """Tar varje natt bort det som står kvar i kön sedan mer än sju dagar: jobb som gick fel eller avbröts."""
    await sammanhang.app.job_manager.delete_old_jobs(
        nb_hours=7 * 24, queue=KO, include_failed=True, include_cancelled=True, include_aborted=True
    )


def _rapporten(korning: Korning) -> Rapport:
    with korningar.i_sammanhanget(korning, ett_ogonblick=True):
        koder = fragor.koder()
        urval = korningar.urvalet(korning, koder=koder, idag=timezone.localdate())
        rapport = fragor.insatsrapport(urval, koder=koder, for_anvandare=korning.anvandare, med_diagram=True)
    korningar.framsteg(korning, klara=0, rader=len(rapport.rader))
    return rapport


def _skriv(rapport: Rapport, korning: Korning, fil: BinaryIO, ska_avbryta: Callable[[], bool]) -> None:
    sedan = time.monotonic()

    def framsteg(klara: int) -> None:
        nonlocal sedan
        if ska_avbryta():  # arbetaren stängs av: jobbet tas upp igen av nästa
            raise JobAborted
        # Också när inget har blivit klart: den som har avbrutits får veta det här.
        if klara == len(rapport.rader) or time.monotonic() - sedan > SEKUNDER_MELLAN:
            korningar.framsteg(korning, klara=klara)
            sedan = time.monotonic()

    if korning.format == "pdf":
        pdf_delar.rendera(rapport, fil, framsteg=framsteg)
    else:
        fil.write(excel.rendera(rapport, framsteg=framsteg))

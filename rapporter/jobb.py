"""Jobben i kön (Procrastinate): långa rapporter, och städningen av gamla filer. Körs av `manage.py arbetare`."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import JobAborted

from rapporter import fragor, renderare
from rapporter.renderare import pdf_delar
from rapporter.renderare.pdf import PdfSaknas
from rapporter.tabell import Rapport
from rapporter.tjanster import korning as korningar
from rapporter.tjanster.bestallning import JOBB, KO, glom_gamla
from rapporter.tjanster.korning import GICK_INTE, HOGST_FORSOK, Inaktuell, Korning

SEKUNDER_MELLAN: Final = 1.0
URVALET_FINNS_INTE: Final = "Urvalet finns inte längre: {} Gör ett nytt urval och beställ rapporten igen."


@app.task(name=JOBB, queue=KO, pass_context=True, retry=RetryStrategy(max_attempts=HOGST_FORSOK, wait=5))
def gor_rapport(sammanhang: JobContext, *, bestallning: str) -> None:
    """Gör en beställd rapport och sparar filen. Går att köra om: effekten blir en, också när en arbetare dör."""
    korning = korningar.borja(UUID(bestallning))
    if korning is None:
        return
    try:
        rapport = _rapporten(korning)
        innehall = _innehall(rapport, korning, sammanhang.should_abort)
        korningar.bli_klar(korning, innehall=innehall)
    except Inaktuell:
        return
    except (ValidationError, PdfSaknas) as fel:
        text = URVALET_FINNS_INTE.format(" ".join(fel.messages)) if isinstance(fel, ValidationError) else str(fel)
        korningar.misslyckas(korning, fel=text)
    except JobAborted:
        raise
    except Exception:
        if korning.forsok < HOGST_FORSOK:
            raise
        korningar.misslyckas(korning, fel=GICK_INTE)
        raise


@app.periodic(cron="17 3 * * *")
@app.task(name="glom_gamla_rapporter", queue=KO, queueing_lock="glom_gamla_rapporter")
def glom_gamla_rapporter(timestamp: int) -> None:
    """Tar varje natt bort rapporterna som är äldre än sju dagar."""
    glom_gamla()


def _rapporten(korning: Korning) -> Rapport:
    with korningar.i_sammanhanget(korning):
        koder = fragor.koder()
        urval = korningar.urvalet(korning, koder=koder, idag=timezone.localdate())
        rapport = fragor.insatsrapport(urval, koder=koder, for_anvandare=korning.anvandare, med_diagram=True)
    korningar.framsteg(korning, klara=0, rader=len(rapport.rader))
    return rapport


def _innehall(rapport: Rapport, korning: Korning, ska_avbryta: Callable[[], bool]) -> bytes:
    sedan = time.monotonic()
    noterade = 0

    def framsteg(klara: int) -> None:
        nonlocal sedan, noterade
        if ska_avbryta():  # arbetaren stängs av: jobbet tas upp igen av nästa
            raise JobAborted
        if klara > noterade or time.monotonic() - sedan > SEKUNDER_MELLAN:
            korningar.framsteg(korning, klara=klara)
            sedan, noterade = time.monotonic(), klara

    if korning.format == "pdf":
        return pdf_delar.rendera(rapport, framsteg=framsteg)
    return renderare.rendera(rapport, korning.format)

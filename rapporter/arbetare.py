"""Arbetaren: tar jobb ur kön, och tar upp dem som en död arbetare lämnade.

Går databasen ned, och kommer tillbaka, börjar den om: varken den eller den som vaktar processen behöver starta den.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Final

import psycopg
from django.db import connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from rapporter.tjanster.bestallning import JOBB, KO

_logg = logging.getLogger(__name__)

# Sekunder utan livstecken innan ett jobb tas upp av en annan. Livstecken ges fyra gånger så ofta.
DOD_EFTER: Final = 20.0
SEKUNDER_MELLAN: Final = 2.0
_SEKUNDER_TILL_NASTA_AVBROTT: Final = 1.0
# Ett jobb som så många gånger har tagits upp utan att bli gjort får vänta på de andra.
_GANGER_FORE_DE_ANDRA: Final = 10


def kor(*, dod_efter: float = DOD_EFTER) -> None:
    """Arbetar tills processen får SIGTERM eller SIGINT. Ett jobb som pågår då lämnas till nästa arbetare."""
    asyncio.run(_arbeta_jamt(dod_efter))


async def _arbeta_jamt(dod_efter: float) -> None:
    slut = asyncio.Event()
    for nummer in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(nummer, slut.set)
    signalen = asyncio.create_task(slut.wait())
    while not slut.is_set():
        arbetet = asyncio.create_task(_arbeta(dod_efter))
        await asyncio.wait([arbetet, signalen], return_when=asyncio.FIRST_COMPLETED)
        arbetet.cancel()
        try:
            await arbetet
        except asyncio.CancelledError:
            pass
        except (ConnectorException, psycopg.Error, OSError) as fel:
            _logg.warning("Databasen går inte att nå: %s", type(fel.__cause__ or fel).__name__)
        if not slut.is_set():
            _logg.warning("Arbetaren börjar om om %.0f sekunder.", SEKUNDER_MELLAN)
            await asyncio.wait([signalen], timeout=SEKUNDER_MELLAN)


def forbindelse() -> PsycopgConnector:
    """Som webben: inloggningen i DATABASE_URL, med rollen sus_app."""
    roll = connections["default"].settings_dict["OPTIONS"]["assume_role"]
    delar = connector_params("default")
    egna = {"application_name": "sus_arbetare", "options": f"{delar.get('options', '')} -c role={roll}".strip()}
    return PsycopgConnector(kwargs={**delar, **egna}, min_size=1, max_size=4)


async def _arbeta(dod_efter: float) -> None:
    """Tar jobb tills databasen inte längre svarar, eller tills någon avbryter."""
    with app.replace_connector(forbindelse()) as kon:
        try:
            await kon.open_async()
            vakten = asyncio.create_task(vakta(kon, dod_efter))
            try:
                await kon.run_worker_async(
                    queues=[KO],
                    concurrency=1,  # varje jobb använder själv alla kärnor
                    shutdown_graceful_timeout=0,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    update_heartbeat_interval=dod_efter / 4,
                    stalled_worker_timeout=dod_efter,
                )
            finally:
                await avbryt(vakten)
        finally:
            await kon.close_async()


async def avbryt(uppgift: asyncio.Task[None]) -> None:
    """Avbryter uppgiften, och väntar tills den är slut.

    Ett avbrott mitt i en fråga till en databas som är borta blir databasens fel i stället: då behövs ett till.
    """
    while not uppgift.done():
        uppgift.cancel()
        await asyncio.wait([uppgift], timeout=_SEKUNDER_TILL_NASTA_AVBROTT)


async def vakta(kon: App, dod_efter: float) -> None:
    """Ser till att varje öppen beställning har ett jobb som någon tar.

    Lägger tillbaka jobben vars arbetare inte längre ger livstecken, och gör ett nytt för den beställning som inget jobb
    gäller: en arbetare som var tyst men levde kan ha tagit bort jobbet som en annan gjorde.
    """
    while True:
        try:
            await ett_varv(kon, dod_efter)
        except ConnectorException:  # databasen startar om
            pass
        except Exception:
            _logg.exception("Kön gick inte att se över. Den ses över igen om %.0f sekunder.", dod_efter / 4)
        await asyncio.sleep(dod_efter / 4)


async def ett_varv(kon: App, dod_efter: float) -> None:
    """Vaktens ena varv. Ger ConnectorException om databasen inte svarar."""
    for jobb in await kon.job_manager.get_stalled_jobs(queue=KO, seconds_since_heartbeat=dod_efter):
        with suppress(ConnectorException):  # en annan hann före
            await kon.job_manager.retry_job(jobb, priority=-(jobb.attempts // _GANGER_FORE_DE_ANDRA))
    for rad in await kon.connector.execute_query_all_async("SELECT bestallningar_utan_jobb() AS id"):
        nummer = str(rad["id"])
        with suppress(AlreadyEnqueued, ConnectorException):
            await kon.configure_task(JOBB, queue=KO, queueing_lock=nummer).defer_async(bestallning=nummer)

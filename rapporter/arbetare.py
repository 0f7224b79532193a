"""Arbetaren: tar jobb ur kön, och tar upp dem som en död arbetare lämnade."""

import asyncio
from contextlib import suppress
from typing import Final

from django.db import connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

from rapporter.tjanster.bestallning import KO

# Sekunder utan livstecken innan ett jobb tas upp av en annan. Livstecken ges fyra gånger så ofta.
DOD_EFTER: Final = 20.0


def kor(*, dod_efter: float = DOD_EFTER) -> None:
    """Arbetar tills processen får SIGTERM eller SIGINT. Ett jobb som pågår då lämnas till nästa arbetare."""
    with app.replace_connector(_forbindelse()) as kon:
        asyncio.run(_arbeta(kon, dod_efter))


def _forbindelse() -> PsycopgConnector:
    """Som webben: inloggningen i DATABASE_URL, med rollen sus_app."""
    roll = connections["default"].settings_dict["OPTIONS"]["assume_role"]
    delar = connector_params("default")
    egna = {"application_name": "sus_arbetare", "options": f"{delar.get('options', '')} -c role={roll}".strip()}
    return PsycopgConnector(kwargs={**delar, **egna}, min_size=1, max_size=4)


async def _arbeta(kon: App, dod_efter: float) -> None:
    async with kon.open_async():
        vakten = asyncio.create_task(_vakta(kon, dod_efter))
        try:
            await kon.run_worker_async(
                queues=[KO],
                concurrency=1,  # varje jobb använder själv alla kärnor
                shutdown_graceful_timeout=0,
                delete_jobs="successful",
                update_heartbeat_interval=dod_efter / 4,
                stalled_worker_timeout=dod_efter,
            )
        finally:
            vakten.cancel()
            with suppress(asyncio.CancelledError):
                await vakten


async def _vakta(kon: App, dod_efter: float) -> None:
    """Lägger tillbaka jobben vars arbetare inte längre ger livstecken."""
    while True:
        with suppress(ConnectorException):  # en annan hann före, eller databasen startar om
            for jobb in await kon.job_manager.get_stalled_jobs(queue=KO, seconds_since_heartbeat=dod_efter):
                await kon.job_manager.retry_job(jobb)
        await asyncio.sleep(dod_efter / 4)

"""Flera på en gång: handlingar i var sin tråd och förbindelse, och samma användare i flera webbläsarflikar (P15)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections
from django.http import HttpResponse
from django.test import Client

from behorighet.models import Anvandare


def samtidigt(*handlingar: Callable[[], Any]) -> list[Any]:
    """Kör handlingarna i var sin tråd och förbindelse, från samma startskott. Ger vad var och en gav, eller felet."""
    grind = threading.Barrier(len(handlingar))

    def kor(handling: Callable[[], Any]) -> Any:
        try:
            grind.wait()
            return handling()
        except (ValidationError, DatabaseError) as fel:
            return fel
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(handlingar)) as trad:
        return list(trad.map(kor, handlingar))


def flikar(konto: Anvandare, antal: int = 10) -> list[Client]:
    """Så många klienter i en och samma inloggade session, som flikar i en webbläsare."""
    inloggad = Client()
    inloggad.force_login(konto)
    alla = [inloggad, *(Client() for _ in range(antal - 1))]
    for klient in alla:
        klient.cookies[settings.SESSION_COOKIE_NAME] = inloggad.cookies[settings.SESSION_COOKIE_NAME].value
    return alla


def posta(klienter: list[Client], adress: str, *data: dict[str, Any]) -> list[HttpResponse]:
    """En POST från var och en, samtidigt: samma från alla, eller var sin om det är lika många."""
    innehall = data * len(klienter) if len(data) == 1 else data
    return samtidigt(*(partial(k.post, adress, ett) for k, ett in zip(klienter, innehall, strict=True)))

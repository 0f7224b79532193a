"""Samma beställning skickad samtidigt av flera flikar blir ett konto, med samma svar till alla (P15)."""

import threading
from uuid import uuid4

from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Anvandare, Behorighet
from behorighet.roller import Roll
from tests import fabriker


def test_tio_samtidiga_bestallningar_ger_ett_konto(egen_databas):
    bestallare = fabriker.anvandare(Roll.BESTALLARE)
    klienter = [Client() for _ in range(10)]
    for klient in klienter:
        klient.force_login(bestallare)
    data = {
        "username": "ake",
        "fornamn": "Åke",
        "efternamn": "Lund",
        "roller": ["insatsansvarig"],
        "fran": timezone.localdate().isoformat(),
        "token": str(uuid4()),
    }
    svar = []

    def bestall(klient):
        try:
            ett = klient.post(reverse("bestall_behorighet"), data)
            svar.append((ett.status_code, ett.headers.get("Location")))
        finally:
            connections.close_all()

    tradar = [threading.Thread(target=bestall, args=[klient]) for klient in klienter]
    for trad in tradar:
        trad.start()
    for trad in tradar:
        trad.join()

    konto = Anvandare.objects.get(username="ake")
    assert set(svar) == {(302, reverse("visa_lank", args=[konto.pk]))}
    assert len(svar) == 10
    assert Behorighet.objects.filter(anvandare=konto).count() == 1

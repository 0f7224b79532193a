"""Läs in samtidigt: ett dubbelklick läser in en gång, och två som läser in samma person ger en rad (P15)."""

import threading
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import inlasning_tjanster as inlasning
from deltagare.models import Deltagande, Inlasning, Omrade
from insatser.models import Budget
from tests import fabriker
from tests.importkatalog import FINSAM

pytestmark = pytest.mark.usefixtures("egen_databas")


def _i_tradar(gor, antal):
    start, svar = threading.Barrier(antal), [None] * antal

    def kor(nr):
        try:
            start.wait()
            with transaction.atomic():
                svar[nr] = gor(nr)
        finally:
            connections.close_all()

    tradar = [threading.Thread(target=kor, args=(nr,)) for nr in range(antal)]
    for trad in tradar:
        trad.start()
    for trad in tradar:
        trad.join()
    return svar


def _ladda_upp(av, data, slag, omrade):
    with transaction.atomic():
        satt_sammanhang(av)
        return inlasning.ladda_upp(data=data.encode(), slag=slag, omrade=omrade, av=av)


def _genomfor(pk, av, omrade):
    satt_sammanhang(av)
    return inlasning.genomfor(pk=pk, omrade=omrade, av=av)


def test_fem_samtidiga_tryck_laser_in_en_gang():
    org = fabriker.organisation(organisationsnummer=FINSAM)
    insats, av = fabriker.insats(org), fabriker.insatsansvarig(org)
    data = f"insats;ar;planerat_antal\n{insats.nyckel};2025;7\n"
    pk = _ladda_upp(av, data, "budget.csv", Omrade.INSATSER)

    assert _i_tradar(lambda nr: _genomfor(pk, av, Omrade.INSATSER), 5) == [True] * 5

    assert (Budget.objects.get().planerat_antal, Budget.objects.get().version) == (7, 1)
    assert Handelse.objects.filter(typ="importerat").count() == 1


def test_tio_likadana_uppladdningar_blir_en(client):
    org = fabriker.organisation(organisationsnummer=FINSAM)
    insats, av = fabriker.insats(org), fabriker.insatsansvarig(org)
    client.force_login(av)
    adress, token = reverse("inlasning:insatser"), str(uuid4())

    def skicka(planerat, webb):
        data = f"insats;ar;planerat_antal\n{insats.nyckel};2025;{planerat}\n".encode()
        fil = SimpleUploadedFile("budget.csv", data)
        return webb.post(adress, {"slag": "budget.csv", "fil": fil, "granska": "1", "token": token})

    def en_av_tio(_nr):
        webb = Client()
        webb.cookies = client.cookies
        svar = skicka(7, webb)
        return svar.status_code, svar.get("Location")

    svaren = _i_tradar(en_av_tio, 10)

    inlasningen = Inlasning.objects.using("agare").get()
    assert svaren == [(302, f"{adress}{inlasningen.pk}/")] * 10
    # Samma token med en annan fil är en annan uppladdning, och det sägs
    andra = skicka(8, client)
    assert "Formuläret har redan skickats en gång" in andra.content.decode()
    assert Inlasning.objects.using("agare").count() == 1


def test_samma_deltagare_i_tva_inlasningar_blir_en():
    insats = fabriker.insats()
    konton = [fabriker.deltagaransvarig(insats) for _ in range(4)]
    nummer = fabriker.nytt_nummer().utskrivet
    idag = timezone.localdate().isoformat()
    data = (
        "insats;personnummer;fornamn;efternamn;kommun;inregistrering;samtycke\n"
        f"{insats.nyckel};{nummer};Kim;Påhittad;1283;{idag};{idag}\n"
    )
    uppladdade = [_ladda_upp(av, data, "deltaganden.csv", Omrade.DELTAGANDEN) for av in konton]

    _i_tradar(lambda nr: _genomfor(uppladdade[nr], konton[nr], Omrade.DELTAGANDEN), 4)

    assert Deltagande.objects.using("agare").count() == 1
    assert Handelse.objects.filter(typ="deltagare_inlast").count() == 1

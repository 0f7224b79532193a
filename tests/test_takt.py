"""Gränserna för hur ofta man får logga in, söka och hämta filer (issue 3)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from lxml import html

from behorighet import takt
from behorighet.models import Handelse, Takt
from behorighet.roller import Roll
from tests import fabriker
from tests.databas import som_agare

RAPPORT = {"fran": "2025-01", "till": "2025-12", "visa": "1"}
FIL = {**RAPPORT, "format": "csv"}


@pytest.fixture
def grans(settings):
    """Tre i minuten av allt."""
    settings.SUS_TAKT = dict.fromkeys(settings.SUS_TAKT, (3, 60))


@pytest.fixture
def analytiker(client):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    client.force_login(konto)
    return konto


def hamta_fil(client, **huvuden):
    return client.get(reverse("rapporter:insats"), FIL, headers=huvuden)


def stoppade():
    return list(Handelse.objects.filter(typ=Handelse.Typ.FOR_MANGA_ANROP))


@pytest.mark.django_db
def test_det_fjarde_far_veta_nar_det_gar_igen(client, grans, analytiker):
    assert [hamta_fil(client).status_code for _ in range(3)] == [200] * 3

    svar = hamta_fil(client)

    assert svar.status_code == 429
    assert 55 <= int(svar["Retry-After"]) <= 60
    igen = {timezone.localtime() + timedelta(seconds=sekunder) for sekunder in (115, 120)}
    text = svar.content.decode()
    assert "Vänta, och försök igen klockan" in text
    assert any(f"klockan {tid:%H.%M}." in text for tid in igen)
    assert svar["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_htmx_far_bara_texten(client, grans, analytiker):
    for _ in range(3):
        hamta_fil(client)

    svar = hamta_fil(client, **{"HX-Request": "true"})

    assert (svar.status_code, svar["Content-Type"]) == (429, "text/plain; charset=utf-8")
    assert svar.content.decode().startswith("Det blev för många anrop på kort tid. Vänta, och försök igen klockan ")


@pytest.mark.django_db
def test_stoppet_loggas_en_gang_per_fonster_och_ett_nytt_borjar_om(client, grans, analytiker):
    for _ in range(6):
        hamta_fil(client)
    (handelse,) = stoppade()
    assert handelse.av_id == analytiker.pk
    assert handelse.detaljer == {"gallde": "rapportfil", "hogst": 3, "sekunder": 60}

    Takt.objects.update(fonster=timezone.now() - timedelta(seconds=61))

    assert [hamta_fil(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert len(stoppade()) == 2
    assert Takt.objects.get().antal == 4


@pytest.mark.django_db
def test_var_och_en_har_sin_egen_grans_och_sidan_gar_att_visa(client, grans, analytiker):
    for _ in range(4):
        hamta_fil(client)
    annan = Client()
    annan.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))

    assert client.get(reverse("rapporter:insats"), RAPPORT).status_code == 200
    assert hamta_fil(annan).status_code == 200


def logga_in(client, konto=None, **extra):
    data = {"username": getattr(konto, "username", "finns.inte"), "password": "hemligt" if konto else "fel"}
    return client.post(reverse("logga_in"), data, **extra)


@pytest.mark.django_db
def test_misslyckade_inloggningar_raknas_per_adress_oavsett_konto(client, grans):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    assert [logga_in(client).status_code for _ in range(3)] == [200] * 3

    nekad = logga_in(client, konto)

    assert nekad.status_code == 429
    assert "_auth_user_id" not in client.session
    assert client.get(reverse("logga_in")).status_code == 200
    assert logga_in(client, konto, REMOTE_ADDR="192.0.2.7").status_code == 302
    (handelse,) = stoppade()
    assert (handelse.av_id, handelse.detaljer["gallde"]) == (None, "inloggning")


@pytest.mark.django_db
def test_lyckade_inloggningar_raknas_inte(grans):
    """En hel myndighet kan dela adress."""
    konton = [fabriker.anvandare(Roll.SUS_RAPPORT) for _ in range(6)]

    assert [logga_in(Client(), konto).status_code for konto in konton] == [302] * 6
    assert [logga_in(Client()).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.django_db
def test_adressen_star_aldrig_i_klartext(client, grans):
    logga_in(client, REMOTE_ADDR="192.0.2.7")

    (rad,) = Takt.objects.all()
    assert rad.nyckel.startswith("inloggning:adress:")
    assert "192.0.2" not in rad.nyckel


def adress(fjarr, vidare=""):
    return takt.avsandaren(RequestFactory().get("/", REMOTE_ADDR=fjarr, headers={"X-Forwarded-For": vidare}))


@pytest.mark.parametrize("proxy", [False, True])
def test_bara_den_egna_proxyns_uppgift_tros(settings, proxy):
    settings.SUS_PROXY = proxy

    samma = adress("10.0.0.1", "203.0.113.5, 192.0.2.7") == adress("10.0.0.1", "198.51.100.9, 192.0.2.7")

    assert samma
    assert (adress("10.0.0.1", "192.0.2.7") == adress("10.0.0.1", "192.0.2.8")) is not proxy
    assert adress("10.0.0.1", "") != adress("10.0.0.2", "") or proxy


def test_ipv6_raknas_per_abonnent():
    assert adress("2001:db8:1:2::1") == adress("2001:db8:1:2:ffff::9")
    assert adress("2001:db8:1:2::1") != adress("2001:db8:1:3::1")
    assert adress("::ffff:192.0.2.7") == adress("192.0.2.7")


@pytest.mark.django_db
def test_sokning_pa_person_ar_begransad_men_inte_inregistrering(client, grans):
    insats = fabriker.insats()
    client.force_login(fabriker.deltagaransvarig(insats))
    sokning = {"insats": insats.pk, "personnummer": fabriker.nytt_nummer().utskrivet, "registrering": "ut"}
    adressen = reverse("deltagare:registrera")

    assert [client.post(adressen, sokning).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.post(adressen, {**sokning, "uppdatera": "1"}).status_code == 200
    assert client.post(adressen, {**sokning, "registrering": "in"}).status_code == 200


@pytest.mark.django_db
def test_det_skickade_gar_att_skicka_igen(client, grans, settings):
    """Den som stoppas mitt i en registrering förlorar inte det som är skrivet."""
    insats = fabriker.insats()
    client.force_login(fabriker.deltagaransvarig(insats))
    adressen = reverse("deltagare:registrera")
    skrivet = {
        "registrering": "ut",
        "insats": insats.pk,
        "personnummer": "19800115-9802",
        "forsorjning_efter": ["ingen", "annan"],
    }
    for _ in range(3):
        client.post(adressen, skrivet)

    svar = client.post(adressen, skrivet)

    assert svar.status_code == 429
    assert "no-store" in svar["Cache-Control"]
    (form,) = [form for form in html.fromstring(svar.content.decode()).forms if form.action == adressen]
    igen = [(namn, varde) for namn, varde in form.form_values()]
    assert ("personnummer", "19800115-9802") in igen
    assert [varde for namn, varde in igen if namn == "forsorjning_efter"] == ["ingen", "annan"]


@pytest.mark.django_db
def test_valj_anvandare_ar_begransad(client, grans):
    org = fabriker.organisation()
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
    client.force_login(konto)
    adressen = reverse("uppdrag:valj_i_organisation", args=[org.pk, "insatsansvarig"])

    assert [client.get(adressen, {"efternamn": "A*"}).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get(adressen).status_code == 200


@pytest.mark.django_db
def test_gamla_rader_tas_bort():
    for antal, dagar in (("gammal", 2), ("ny", 0)):
        Takt.objects.create(nyckel=antal, fonster=timezone.now() - timedelta(days=dagar), antal=1)

    takt.rakna("rapportfil:x", namn="rapportfil")

    assert set(Takt.objects.values_list("nyckel", flat=True)) == {"ny", "rapportfil:x"}


def test_tjugo_samtidiga_och_exakt_tio_slapps_igenom(egen_databas, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "rapportfil": (10, 3600)}
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    klienter = [Client() for _ in range(20)]
    for klient in klienter:
        klient.force_login(konto)
    grind = threading.Barrier(len(klienter))

    def hamta(klient):
        try:
            grind.wait()
            return hamta_fil(klient).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(klienter)) as trad:
        koder = list(trad.map(hamta, klienter))

    assert {kod: koder.count(kod) for kod in set(koder)} == {200: 10, 429: 10}
    with transaction.atomic(), som_agare():
        assert len(stoppade()) == 1


def test_ett_anrop_som_gar_fel_raknas_anda(egen_databas, monkeypatch):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    klient = Client(raise_request_exception=False)
    klient.force_login(konto)

    def fel(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("rapporter.views.fragor.insatsrapport", fel)

    assert hamta_fil(klient).status_code == 500
    assert Takt.objects.get().antal == 1


def test_gransernas_antal_ar_rimliga():
    assert settings.SUS_TAKT["inloggning"] == (30, 300)
    assert all(antal >= 30 for antal, _ in settings.SUS_TAKT.values())

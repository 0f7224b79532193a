"""Ett formulär som skickas av den som blivit utloggad följer med genom inloggningen, och bara ett äkta."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from behorighet.kontext import marke
from behorighet.roller import Roll
from insatser.models import Insats
from tests import fabriker

pytestmark = pytest.mark.django_db
LOSENORD = "ett-langt-losenord"


@pytest.fixture
def insats():
    return fabriker.insats(namn="Broar", beskrivning="")


@pytest.fixture
def konto(insats):
    ansvarig = fabriker.anvandare(password=LOSENORD)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, insats.samverkansorganisation)
    return ansvarig


def inskickat(svar):
    return re.search(r'name="inskickat" value="([^"]+)"', svar.content.decode())[1]


def test_det_inskickade_foljer_med_och_sparas_forst_pa_begaran(client, insats, konto):
    adress = reverse("insatser:andra", args=[insats.pk])
    svar = client.post(
        adress, {"namn": "Broarna", "beskrivning": "Text", "malgrupper": ["unga", "kvinnor"], "vem": marke(konto.pk)}
    )
    assert svar.status_code == 403
    assert "Det du skickade är inte sparat än." in svar.content.decode()

    igen = client.post(
        reverse("logga_in"), {"username": konto.username, "password": LOSENORD, "inskickat": inskickat(svar)}
    )

    text = igen.content.decode()
    assert f'action="{adress}"' in text
    assert '<input type="hidden" name="malgrupper" value="kvinnor">' in text
    assert LOSENORD not in text
    assert igen["Cache-Control"].count("no-store") == 1
    assert Insats.objects.get(pk=insats.pk).namn == "Broar"


def test_nagon_annan_far_aldrig_se_det_inskickade(client, insats, konto):
    adress = reverse("insatser:andra", args=[insats.pk])
    svar = client.post(adress, {"namn": "Hemligheten", "vem": marke(konto.pk)})
    annan = fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)

    igen = client.post(
        reverse("logga_in"),
        {"username": annan.username, "password": LOSENORD, "inskickat": inskickat(svar)},
        follow=True,
    )

    assert "Hemligheten" not in svar.content.decode()
    assert "Hemligheten" not in igen.content.decode()
    assert "var någon annans och visas inte" in igen.content.decode()


@pytest.mark.parametrize("inskickat", ["", "påhittat", "e30:1aaaaa:bbbb"])
def test_ett_osignerat_inskick_ar_en_vanlig_inloggning(client, konto, inskickat):
    svar = client.post(reverse("logga_in"), {"username": konto.username, "password": LOSENORD, "inskickat": inskickat})

    assert (svar.status_code, svar.url) == (302, "/")


def test_htmx_leds_till_inloggningen(client):
    svar = client.post(reverse("deltagare:registrera"), {"personnummer": "x"}, headers={"HX-Request": "true"})

    assert svar.status_code == 302


@pytest.mark.parametrize(
    ("fran", "rubrik"), [("same-origin", 'name="namn"'), ("cross-site", "kakor (cookies)"), ("", "kakor (cookies)")]
)
def test_for_gammal_token_bara_fran_sus_eget_formular(insats, konto, fran, rubrik):
    klient = Client(enforce_csrf_checks=True)
    klient.force_login(konto)

    svar = klient.post(
        reverse("insatser:andra", args=[insats.pk]),
        {"namn": "Broarna", "vem": marke(konto.pk)},
        headers={"Sec-Fetch-Site": fran},
    )

    assert "Sidan har blivit för gammal" in svar.content.decode()
    assert rubrik in svar.content.decode()
    assert Insats.objects.get(pk=insats.pk).namn == "Broar"


def test_inloggningens_egen_token_for_aldrig_med_losenordet(konto):
    klient = Client(enforce_csrf_checks=True)

    svar = klient.post(
        reverse("logga_in"),
        {"username": konto.username, "password": LOSENORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )

    assert svar.status_code == 403
    assert "inskickat" not in svar.content.decode()
    assert LOSENORD not in svar.content.decode()

"""*Att göra* för den deltagaransvariga, och startsidans väg till listan (`granssnitt.md` 3)."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from behorighet.models import Handelse
from sus.att_gora import HOGST_INSATSER, att_gora
from tests import fabriker
from tests.test_visa_deltagare import fragor, text

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()


@pytest.fixture
def konto(client):
    ansvarig = fabriker.anvandare("deltagaransvarig")
    client.force_login(ansvarig)
    return ansvarig


def insats_for(konto, namn, **falt):
    insats = fabriker.insats(namn=namn, **falt)
    fabriker.uppdrag(konto, "deltagaransvarig", insats)
    return insats


def for_dagar_sedan(insats, konto, dagar, **falt):
    return fabriker.inregistrera(insats, konto, inregistrering=IDAG - timedelta(days=dagar), **falt)


def test_varje_rad_leder_till_listan_som_den_raknar(client, konto):
    broar = insats_for(konto, "Broar")
    slutet = insats_for(konto, "Ärligt slut", slutdatum=IDAG - timedelta(days=1))
    fabriker.fraga(broar.samverkansorganisation)
    for dagar in (3, 1200, 1300):
        for_dagar_sedan(broar, konto, dagar)
    for_dagar_sedan(slutet, konto, 40)
    annan = fabriker.insats()
    for_dagar_sedan(annan, fabriker.deltagaransvarig(annan), 1200)

    rader = {rad.text: rad for rad in att_gora(konto)}

    assert {text: rad.antal for text, rad in rader.items()} == {
        "Deltagare kvar i en insats som har slutat: Ärligt slut": 1,
        "Deltagare som har varit inregistrerade i över tre år: Broar": 2,
        "Deltagare med obesvarade kompletterande frågor: Broar": 3,
        "Samtycken som inte är markerade som arkiverade: Broar": 2,
        "Samtycken som inte är markerade som arkiverade: Ärligt slut": 1,
    }
    for rad in rader.values():
        svar = client.get(rad.adress)
        assert svar.context["sida"].paginator.count == rad.antal, rad


def test_hogst_fem_insatser_av_varje_slag(client, konto):
    for nr in range(HOGST_INSATSER + 2):
        for_dagar_sedan(insats_for(konto, f"Insats {nr}"), konto, 40)

    rader = att_gora(konto)

    assert [rad.text.rpartition(": ")[2] for rad in rader] == [
        *(f"Insats {nr}" for nr in range(HOGST_INSATSER)),
        "… och 2 insatser till",
    ]
    assert rader[-1].antal == 2
    per_insats = client.get(rader[-1].adress).context["per_insats"]
    assert [(namn, antal) for namn, antal, _ in per_insats] == [(f"Insats {nr}", 1) for nr in range(HOGST_INSATSER + 2)]
    assert client.get(per_insats[-1][2]).context["sida"].paginator.count == 1


def test_startsidan_har_raderna_och_vagen_till_listan(client, konto):
    insats = insats_for(konto, "Broar")
    for_dagar_sedan(insats, konto, 40, efternamn="Zzyzx")

    sida = text(client.get("/"))

    assert "Samtycken som inte är markerade som arkiverade: Broar" in sida
    assert f'href="/deltagare/?insats={insats.pk}"' in sida
    adress = unescape(re.search(r'href="(/deltagare/\?[^"]*brist[^"]*)"', sida)[1])
    assert client.get(adress).context["rader"][0].deltagande.insats_id == insats.pk
    assert "Zzyzx" not in sida
    assert Handelse.objects.filter(typ="person_i_lista").count() == 1  # listan, inte startsidan


def test_lika_manga_fragor_hur_manga_insatser_som_helst(client, konto):
    for_dagar_sedan(insats_for(konto, "Broar"), konto, 40)
    client.get("/")
    en = fragor(lambda: client.get("/"))
    for nr in range(5):
        for_dagar_sedan(insats_for(konto, f"Nr {nr}"), konto, 40)

    assert fragor(lambda: client.get("/")) == en


def test_den_utan_uppdrag_har_inget_att_gora(client, konto):
    assert att_gora(konto) == []
    assert client.get("/").status_code == 200

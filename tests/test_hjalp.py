"""Handboken: varje sida har sitt avsnitt, och varje avsnitt finns; tillgänglighetsredogörelsen nås av alla."""

import re

import pytest
from django.urls import get_resolver, reverse

from behorighet.roller import Roll
from sus.handbok import AVSNITT, KAPITEL, avsnitt_for
from tests import fabriker
from tests.test_konsekvens import vyer

# Filer, delar av sidor, knappar utan sida, och sidor som själva är hjälp eller visas utan inloggning.
UTAN_AVSNITT = {
    "halsa", "logga_in", "account_login", "mfa_authenticate", "eid", "eid_svar", "logga_ut", "valj_losenord",
    "handbok", "handbok_kapitel", "tillganglighet",
    "inlasning:fel_insatser", "inlasning:mall_insatser", "inlasning:fel_deltaganden", "inlasning:mall_deltaganden",
}  # fmt: skip
KAPITLENS_AVSNITT = {(kapitel.slug, id_) for kapitel in KAPITEL for id_, _ in kapitel.avsnitt}


def test_varje_sida_har_ett_avsnitt():
    namn = {namn for namn, _ in vyer(get_resolver())}

    assert {ett for ett in namn if avsnitt_for(ett) is None} == UTAN_AVSNITT & namn
    assert UTAN_AVSNITT - namn == set()
    assert {ett for ett in AVSNITT if not ett.endswith(":")} - namn == set(), "avsnitt för sidor som inte finns"
    assert set(AVSNITT.values()) <= KAPITLENS_AVSNITT


@pytest.mark.django_db
@pytest.mark.parametrize("kapitel", KAPITEL, ids=lambda kapitel: kapitel.slug)
def test_kapitlets_rubriker_ar_innehallsforteckningens(client, kapitel):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    text = client.get(reverse("handbok_kapitel", args=[kapitel.slug])).content.decode()

    rubriker = re.findall(r'<section aria-labelledby="([\w-]+)">\s*<h2 id="([\w-]+)">([^<]+)</h2>', text)
    assert [(id_, rubrik) for _, id_, rubrik in rubriker] == list(kapitel.avsnitt)
    assert all(av == id_ for av, id_, _ in rubriker)
    for id_, rubrik in kapitel.avsnitt:
        assert f'href="#{id_}">{rubrik}</a>' in text


def test_varje_roll_har_ett_kapitel():
    assert {kapitel.roll for kapitel in KAPITEL} - {None} == set(Roll)


@pytest.mark.django_db
def test_sidan_leder_till_sitt_avsnitt_och_handboken_borjar_med_den_egna_rollen(client):
    org = fabriker.organisation()
    client.force_login(fabriker.insatsansvarig(org))

    assert 'href="/hjalp/insatsansvarig/#registrera">Hjälp om sidan</a>' in client.get("/insatser/ny/").content.decode()
    handbok = client.get(reverse("handbok")).content.decode()
    assert handbok.index("Din roll") < handbok.index("kapitel-insatsansvarig") < handbok.index("Det andra")
    assert client.get("/hjalp/finns-inte/").status_code == 404


@pytest.mark.django_db
def test_handboken_kraver_en_roll_men_inte_redogorelsen(client, settings):
    settings.SUS_TILLGANGLIGHET_EPOST = ""
    assert client.get(reverse("handbok")).status_code == 302
    svar = client.get(reverse("tillganglighet"))
    assert svar.status_code == 200
    assert "systemadministratören i din organisation" in svar.content.decode()
    assert "samma adress" not in svar.content.decode()
    settings.SUS_TILLGANGLIGHET_EPOST = "tillganglighet@example.org"
    assert "mailto:tillganglighet@example.org" in client.get(reverse("tillganglighet")).content.decode()
    for adress in ("/logga-in/", "/finns-inte/"):
        assert 'href="/hjalp/tillganglighet/"' in client.get(adress, follow=True).content.decode()
    client.force_login(fabriker.anvandare())
    assert client.get(reverse("handbok")).status_code == 403

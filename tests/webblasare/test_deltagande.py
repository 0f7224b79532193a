"""Registreringens sida i webbläsaren: visa, rätta, utregistrera, ångra, återta och skydda (P7, P10)."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from deltagare.models import Deltagande, Identitet, Svar
from tests import fabriker
from tests.databas import som_agare
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter

SATT = {
    "med skript": (Mus, {"matt": BRED}),
    "utan skript": (Mus, {"matt": BRED, "skript": False}),
    "tangentbord": (Tangenter, {"matt": BRED}),
    "mobil": (Mus, {"matt": SMAL}),
}


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En deltagare i en insats vars organisation ställer en fråga."""
    with transaction.atomic():
        insats = fabriker.insats(namn="Vägen vidare")
        ansvarig = fabriker.deltagaransvarig(insats)
        fraga = fabriker.fraga(insats.samverkansorganisation, "tal", text="Hur många möten?")
        ett = fabriker.inregistrera(
            insats, ansvarig, fornamn="Kim", efternamn="Påhittad", fore={"forsorjning_fore": ["sjukpenning"]}
        )
    return SimpleNamespace(insats=insats, ansvarig=ansvarig, ett=ett, fraga=fraga, sida=f"/deltagare/{ett.pk}/")


def sparat(scen: SimpleNamespace) -> Deltagande:
    with transaction.atomic(), som_agare():
        return Deltagande.objects.get(pk=scen.ett.pk)


@pytest.mark.parametrize("satt", SATT)
def test_fran_visa_till_skydd(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    sida = hand.sida
    sida.goto(scen.sida)
    _visa_numret(hand, scen)
    _ratta(hand, scen)
    _utregistrera_och_angra(hand, scen)
    _skydda(hand, scen)
    expect(sida.get_by_text("Utan identitet", exact=True)).to_be_visible()
    expect(sida.get_by_text("Kim Påhittad")).to_have_count(0)


def _visa_numret(hand: Mus, scen: SimpleNamespace) -> None:
    with transaction.atomic(), som_agare():
        nummer = Identitet.objects.get(person=scen.ett.person_id).klartext("personnummer")
    personen = hand.sida.get_by_role("region", name="Personen")
    expect(personen).to_contain_text(f"{nummer[:8]}-****")
    hand.tryck("Visa hela personnumret")
    expect(personen).to_contain_text(f"{nummer[:8]}-{nummer[8:]}")
    assert nummer[8:] not in hand.sida.url
    hand.sida.goto(scen.sida)


def _ratta(hand: Mus, scen: SimpleNamespace) -> None:
    sida = hand.sida
    hand.folj("Rätta inregistreringen")
    hand.skriv("Datum för samtycke", "2025-03-05")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    hand.skriv("Hur många möten?", "3")
    hand.tryck("Spara")
    expect(sida.locator("#felsammanfattning")).to_contain_text("senast inregistreringsdagen")
    hand.skriv("Datum för samtycke", "2025-02-27")
    hand.tryck("Spara")
    expect(sida.get_by_text("Inregistreringen är rättad.")).to_be_visible()
    ett = sparat(scen)
    assert (ett.samtycke, ett.arbete_fore, ett.forsorjning_fore) == (date(2025, 2, 27), 25, ["sjukpenning"])
    with transaction.atomic(), som_agare():
        assert Svar.objects.get(deltagande=ett, fraga=scen.fraga).tal == 3


def _utregistrera_och_angra(hand: Mus, scen: SimpleNamespace) -> None:
    sida = hand.sida
    hand.folj("Utregistrera")
    hand.skriv("Datum för utregistrering", "2025-06-01")
    hand.valj("Avslutningsanledning", "Flytt")
    hand.tryck("Spara")
    expect(sida.get_by_text("Deltagaren är utregistrerad 2025-06-01.")).to_be_visible()
    hand.folj("Ångra utregistreringen")
    hand.tryck("Ångra utregistreringen")
    expect(sida.get_by_text("Utregistreringen är ångrad.")).to_be_visible()
    assert sparat(scen).utregistrering is None


def _skydda(hand: Mus, scen: SimpleNamespace) -> None:
    hand.folj("Skyddade personuppgifter")
    expect(hand.sida.get_by_text("Det går inte att ångra.")).to_be_visible()
    hand.tryck("Ta bort identiteten")
    expect(hand.sida.get_by_text("Identiteten är borttagen ur alla insatser.")).to_be_visible()
    assert sparat(scen).avidentifierat


def test_atertaget_samtycke(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.ansvarig, matt=SMAL))
    hand.sida.goto(scen.sida)
    hand.folj("Återtaget samtycke")
    hand.skriv("Datum då samtycket återtogs", "2025-09-01")
    hand.tryck("Återta samtycket")
    expect(hand.sida.get_by_text("Samtycket är återtaget.")).to_be_visible()
    expect(hand.sida.get_by_text("Kim Påhittad")).to_have_count(0)
    assert sparat(scen).avslutningsanledning == "atertaget_samtycke"


def test_fragorna_foljer_den_nya_dagen(oppna: Callable[..., Page], scen: SimpleNamespace):
    with transaction.atomic():
        org = scen.insats.samverkansorganisation
        fabriker.fraga(org, "tal", text="Ställs bara senare?", fran=date(2025, 5, 1))
    hand = Mus(oppna(scen.ansvarig, matt=BRED))
    hand.sida.goto(f"{scen.sida}ratta/")
    expect(hand.falt("Ställs bara senare?")).to_have_count(0)
    hand.skriv("Datum för inregistrering", "2025-05-02")
    hand.sida.keyboard.press("Tab")
    expect(hand.falt("Ställs bara senare?")).to_be_visible()

"""Gången på *Registrera deltagare*: en tidigare period, det som tappas, kvittot och anonyma per insats."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande
from deltagare.tjanster import Anonymrad
from deltagare.uppgifter import Kon
from tests import fabriker
from tests.folkbokforing import lagg_in
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter

SATT = {"bred": {"matt": BRED}, "smal": {"matt": SMAL}, "utan skript": {"skript": False}}


@pytest.fixture(autouse=True)
def register(settings):
    settings.SUS_FOLKBOKFORING = "register"


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En insats med en som är inregistrerad sedan 2025-09-01, och en insats till."""
    insats = fabriker.insats(namn="Broar")
    andra = fabriker.insats(insats.samverkansorganisation, namn="Vägar")
    konto = fabriker.deltagaransvarig(insats, andra)
    vera = lagg_in(fornamn="Vera", efternamn="Provkvist")
    with transaction.atomic():
        ett = fabriker.inregistrera(
            insats, konto, nummer=vera, fornamn="Vera", efternamn="Provkvist", inregistrering=date(2025, 9, 1)
        )
        tjanster.registrera_anonyma(insats=andra, ar=2025, rader=[Anonymrad(Kon.MAN, 7)], av=konto)
    return SimpleNamespace(insats=insats, konto=konto, vera=vera, ett=ett, andra=andra)


@pytest.mark.parametrize("satt", SATT)
def test_en_tidigare_period_pa_en_sida(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    hand = Mus(oppna(scen.konto, **SATT[satt]))
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.skriv("Datum för samtycke", "2025-03-01")
    hand.skriv("Personnummer", scen.vera.utskrivet)
    hand.tryck("Hämta")
    svaret = hand.sida.get_by_role("group", name="Svar på Hämta")
    expect(svaret).to_contain_text("Personen är redan inregistrerad från 2025-09-01.")
    expect(svaret.get_by_role("link", name="Öppna registreringen")).to_be_visible()
    hand.skriv("Datum för inregistrering", "2025-03-01")
    hand.tryck("Spara")

    expect(hand.sida.locator("#felsammanfattning")).to_contain_text("från 2025-09-01. Tog den här perioden slut före")
    efter = hand.sida.get_by_role("region", name="Situationen efter")
    hand.skriv("Datum för utregistrering", "2025-08-31")
    hand.valj("Avslutningsanledning", "Fullföljd insats")
    rutan = efter.get_by_label("Sjukpenning", exact=True)
    efter.locator(f"label[for={rutan.get_attribute('id')}]").click()
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Broar 2025-03-01 och utregistrerad 2025-08-31.")).to_be_visible()
    hand.folj("Öppna registreringen")
    expect(hand.sida.get_by_role("heading", level=1)).to_be_visible()
    expect(hand.sida.get_by_text("Fullföljd insats")).to_be_visible()


def test_en_andel_bakom_ett_andrat_svar_skickas_inte(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.konto))
    hand.sida.goto(f"/deltagare/{scen.ett.pk}/ratta/")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    hand.kryssa("Subventionerat arbete")
    hand.kryssa("Nej", grupp="Arbetar")
    expect(hand.falt("Andel av arbete")).to_be_hidden()
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Inregistreringen är rättad.")).to_be_visible()
    with transaction.atomic():
        satt_sammanhang(scen.konto)
        ett = Deltagande.objects.get(pk=scen.ett.pk)
    assert (ett.arbete_fore, ett.arbetstyp_fore) == (0, [])


@pytest.mark.parametrize("skript", [True, False])
def test_anonyma_foljer_den_valda_insatsen(oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool):
    hand = Mus(oppna(scen.konto, skript=skript))
    hand.sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")
    expect(hand.sida.get_by_role("heading", name="Registrerade i Broar")).to_be_visible()
    hand.skriv("Antal kvinnor", "4")
    hand.valj("Insats", "Vägar")
    if not skript:
        hand.tryck("Uppdatera val")

    expect(hand.sida.get_by_role("heading", name="Registrerade i Vägar")).to_be_visible()
    expect(hand.sida.get_by_role("heading", name="Registrerade i Broar")).to_be_hidden()
    expect(hand.sida.get_by_role("row", name="2025")).to_contain_text("7")
    expect(hand.falt("Antal kvinnor")).to_have_value("4")


@pytest.mark.parametrize(
    ("slag", "fonster"),
    [(Mus, {}), (Mus, {"skript": False}), (Tangenter, {}), (Mus, {"matt": SMAL})],
    ids=["med skript", "utan skript", "tangentbord", "mobil"],
)
def test_tillagda_anonyma_sparas_bara_for_det_de_lades_till_for(
    oppna: Callable[..., Page], scen: SimpleNamespace, slag: type[Mus], fonster: dict
):
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")
    hand.skriv("Inregistreringsår", "2025")
    hand.skriv("Antal kvinnor", "3")
    hand.tryck("Lägg till kvinnor")
    expect(hand.sida.get_by_text("Broar 2025, kvinnor: 3")).to_be_visible()

    hand.skriv("Inregistreringsår", "2024")
    hand.tryck("Spara")

    fel = hand.sida.locator("#felsammanfattning")
    expect(fel).to_contain_text("Raderna att spara gäller Broar 2025.")
    expect(hand.sida.get_by_text("Broar 2025, kvinnor: 3")).to_be_visible()
    hand.skriv("Inregistreringsår", "2025")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("3 anonyma deltagare är registrerade i Broar för 2025.")).to_be_visible()

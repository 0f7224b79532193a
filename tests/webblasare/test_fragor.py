"""Kompletterande frågor i webbläsaren: från administrationen till svaret, med och utan skript, och med tangenter."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.roller import Roll
from deltagare.models import Svar
from insatser.models import Fraga
from tests import fabriker
from tests.databas import som_agare
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG

DAGEN = IDAG.isoformat()
SATT = {
    "med skript": (Mus, {"matt": BRED}),
    "utan skript": (Mus, {"matt": BRED, "skript": False}),
    "tangentbord": (Tangenter, {"matt": BRED}),
    "mobil": (Mus, {"matt": SMAL}),
}
PANEL = "Kompletterande frågor"


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En organisation med en insats, den som administrerar frågorna, och den som registrerar deltagare."""
    org = fabriker.organisation()
    insats = fabriker.insats(org)
    administrator = fabriker.anvandare()
    fabriker.uppdrag(administrator, Roll.SAMVERKANSADMINISTRATOR, org)
    return SimpleNamespace(
        org=org,
        insats=insats,
        administrator=administrator,
        ansvarig=fabriker.deltagaransvarig(insats),
        nummer=fabriker.nytt_nummer(),
    )


@pytest.mark.parametrize("satt", SATT)
def test_fran_ny_fraga_till_svar(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    skript = fonster.get("skript", True)
    administrera(slag(oppna(scen.administrator, **fonster)), scen)
    registrera(slag(oppna(scen.ansvarig, **fonster)), scen, skript=skript)

    with som_agare():
        svar = {ett.fraga.namn: (ett.alternativ, ett.tal) for ett in Svar.objects.filter(fraga__in=fragor(scen))}
    langre = Fraga.objects.get(samverkansorganisation=scen.org, namn="Väntan").alternativ.get(text="Längre").pk
    assert svar == {"Väntan": ([langre], None)}


def fragor(scen):
    return list(Fraga.objects.filter(samverkansorganisation=scen.org))


def administrera(hand, scen):
    """Två frågor, den andra flyttad först, och förhandsgranskade. Varje sida nås från den förra."""
    sida = hand.sida
    sida.goto(scen.org.get_absolute_url())
    hand.folj(PANEL, i=sida.get_by_role("main"))
    expect(sida.get_by_role("heading", name="Inga frågor är registrerade")).to_be_visible()
    ny_fraga(hand, "Möten", "Hur många möten har hållits?", "Tal")
    ny_fraga(hand, "Väntan", "Hur länge väntade deltagaren?", "En av flera", "Under en månad\nLängre")
    hand.tryck("Upp ett steg: Väntan")
    expect(sida.get_by_text("Frågan Väntan står på plats 1 av 2.")).to_be_visible()
    hand.folj("Förhandsgranska")
    etiketter = sida.get_by_role("region", name=PANEL).first.locator("legend, label.label")
    expect(etiketter).to_have_text(["Hur länge väntade deltagaren?", "Hur många möten har hållits?"])


def ny_fraga(hand, namn, fraga, svar, alternativ=""):
    hand.folj("Ny fråga", i=hand.sida.locator(".sus-head"))
    hand.skriv("Namn", namn)
    hand.skriv("Fråga", fraga)
    hand.kryssa(svar, grupp="Svaret är")
    if alternativ:
        hand.skriv("Alternativ", alternativ)
    hand.kryssa("Vid inregistrering", grupp="Frågan ställs")
    hand.kryssa("Jag bekräftar att frågan inte är känslig och inte pekar ut någon")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Frågan {namn} är registrerad.")).to_be_visible()


def registrera(hand, scen, *, skript):
    """Frågorna kommer när insatsen är vald, och det skrivna står kvar."""
    sida = hand.sida
    sida.goto("/deltagare/registrera/")
    panel = sida.get_by_role("region", name=PANEL)
    hand.valj("Insats", scen.insats.namn)
    if skript:
        expect(hand.falt("Insats")).to_be_focused()
    else:
        expect(panel).to_have_count(0)
        hand.tryck("Uppdatera val")
    expect(panel).to_be_visible()
    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.skriv("Förnamn", "Kim")
    hand.skriv("Efternamn", "Påhittad")
    hand.valj("Folkbokföringskommun", "Helsingborg")
    hand.kryssa("Längre", grupp="Hur länge väntade deltagaren?")
    hand.tryck("Spara")
    expect(sida.get_by_text(f"Deltagaren är inregistrerad i {scen.insats.namn} {DAGEN}.")).to_be_visible()


def test_dagen_byter_fragorna_utan_att_det_skrivna_forsvinner(oppna: Callable[..., Page], scen: SimpleNamespace):
    fabriker.fraga(scen.org, text="Alltid?")
    fabriker.fraga(scen.org, text="Bara förr?", till=IDAG.replace(year=IDAG.year - 1, month=1, day=1))
    hand = Mus(oppna(scen.ansvarig))
    sida = hand.sida
    sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.skriv("Alltid?", "Ja, varje gång")
    expect(hand.falt("Bara förr?")).to_have_count(0)

    with sida.expect_request("**/registrera/fragor/") as begaran:
        hand.skriv("Datum för inregistrering", f"{IDAG.year - 2}-06-01")
        sida.keyboard.press("Tab")

    expect(hand.falt("Bara förr?")).to_be_visible()
    expect(hand.falt("Alltid?")).to_have_value("Ja, varje gång")
    expect(hand.falt("Personnummer")).to_have_value(scen.nummer.utskrivet)
    skickat = begaran.value.post_data or ""
    assert scen.nummer.utskrivet not in skickat
    assert "Ja" not in begaran.value.url


def test_felregistrering_doljer_fragorna(oppna: Callable[..., Page], scen: SimpleNamespace):
    fabriker.fraga(scen.org, text="Hur gick det?")
    with transaction.atomic():
        fabriker.inregistrera(scen.insats, scen.ansvarig, nummer=scen.nummer)
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.kryssa("Utregistrering")
    expect(hand.knapp("Hämta")).to_be_visible()
    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.tryck("Hämta")
    expect(hand.falt("Hur gick det?")).to_be_visible()

    hand.valj("Avslutningsanledning", "Felregistrering")

    expect(hand.falt("Hur gick det?")).to_be_hidden()
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("är nu en felregistrering.")).to_be_visible()

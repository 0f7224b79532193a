"""Listorna över deltagare i webbläsaren: med och utan skript, med tangenter, på mobil, och tillbaka (P7, P26)."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare.models import Deltagande
from tests import fabriker
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG

SATT = {
    "med skript": (Mus, {"matt": BRED}),
    "utan skript": (Mus, {"matt": BRED, "skript": False}),
    "tangentbord": (Tangenter, {"matt": BRED}),
    "mobil": (Mus, {"matt": SMAL}),
}
OVERFLOD = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En insats med tre deltagare som har sina brister, och den som registrerar i den."""
    with transaction.atomic():
        insats = fabriker.insats(namn="Broar")
        konto = fabriker.deltagaransvarig(insats)
        vera = fabriker.nytt_nummer()
        for fornamn, dagar, nummer in (("Åke", 40, None), ("Vera", 1300, vera), ("Örjan", 3, None)):
            fabriker.inregistrera(
                insats,
                konto,
                nummer=nummer or fabriker.nytt_nummer(),
                fornamn=fornamn,
                efternamn=f"{fornamn}sson",
                inregistrering=IDAG - timedelta(days=dagar),
            )
    return SimpleNamespace(insats=insats, konto=konto, vera=vera, adress=f"/deltagare/?insats={insats.pk}")


def namnen(sida: Page) -> list[str]:
    return sida.locator("#deltagarlista tbody th").all_inner_texts()


@pytest.mark.parametrize("satt", SATT)
def test_listan_sorteras_och_numret_visas(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    sida = hand.sida
    sida.goto(scen.adress)
    assert namnen(sida) == ["Verasson, Vera", "Åkesson, Åke", "Örjansson, Örjan"]
    assert sida.evaluate(OVERFLOD) <= 0
    if fonster["matt"] == BRED:
        hand.folj("Inregistrering")
        expect(sida.locator("#deltagarlista tbody th").first).to_have_text("Verasson, Vera")
        expect(sida.get_by_role("columnheader", name="Inregistrering")).to_have_attribute("aria-sort", "ascending")
    hand.tryck("Visa hela personnumret för Verasson, Vera")
    expect(sida.get_by_text(scen.vera.utskrivet)).to_be_visible()
    if fonster.get("skript", True):
        expect(sida.get_by_text(scen.vera.utskrivet)).to_be_focused()
        expect(sida).to_have_title("Visa deltagare – SUS")
    else:
        expect(sida).to_have_title("Registrering av deltagare – SUS")
    with transaction.atomic():
        satt_sammanhang(scen.konto)
        person = Deltagande.objects.get(inregistrering=IDAG - timedelta(days=1300), insats=scen.insats).person_id
    assert Handelse.objects.filter(typ="personnummer_visat", person_id=person).count() == 1


@pytest.mark.parametrize("satt", SATT)
def test_urvalet_star_i_adressen_och_tillbaka_fungerar(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    sida = hand.sida
    sida.goto(scen.adress)
    hand.valj("Att göra", "Inregistrerad i över tre år")
    hand.tryck("Sök")
    expect(sida.locator("#deltagarlista tbody th")).to_have_count(1)
    expect(sida).to_have_url(re.compile("brist=over_tre_ar"))
    hand.folj("Verasson, Vera")
    expect(sida.get_by_text("Vera Verasson").first).to_be_visible()
    sida.go_back()
    expect(sida.locator("#deltagarlista tbody th")).to_have_text("Verasson, Vera")
    expect(hand.falt("Att göra")).to_have_value("over_tre_ar")


def test_tillbaka_efter_sorteringen(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.konto))
    hand.sida.goto(scen.adress)
    hand.folj("Namn")
    expect(hand.sida).to_have_url(re.compile("sortering=-namn"))
    expect(hand.sida.locator("#deltagarlista tbody th").first).to_have_text("Örjansson, Örjan")
    hand.sida.go_back()
    expect(hand.sida.locator("#deltagarlista tbody th").first).to_have_text("Verasson, Vera")


@pytest.mark.parametrize("satt", SATT)
def test_filen(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto(scen.adress)
    hand.folj("Hämta som Excel")
    hand.tryck("Hämta som Excel")
    expect(hand.sida.get_by_text("Filen är inte hämtad. Rätta följande:")).to_be_visible()
    hand.valj("Ändamål", "Revision eller tillsyn")
    with hand.sida.expect_download() as hamtning:
        hand.tryck("Hämta som Excel")
    hamtad = hamtning.value
    assert hamtad.suggested_filename == f"deltagare_{IDAG}.xlsx"
    ark = load_workbook(io.BytesIO(Path(hamtad.path()).read_bytes())).active
    assert [cell.value for cell in ark["A"]] == ["Namn", "Verasson, Vera", "Åkesson, Åke", "Örjansson, Örjan"]


@pytest.mark.parametrize("satt", SATT)
def test_historik_enskild_deltagare(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto("/deltagare/person/")
    hand.skriv("Personnummer", scen.vera.utskrivet)
    hand.tryck("Sök")
    rubrik = hand.sida.get_by_role("heading", name=f"Vera Verasson, {scen.vera.maskerat}")
    expect(rubrik).to_be_visible()
    if fonster.get("skript", True):
        expect(rubrik).to_be_focused()
    assert hand.sida.evaluate(OVERFLOD) <= 0
    assert scen.vera.nummer not in hand.sida.url
    hand.sida.get_by_role("link", name=re.compile("^Broar")).last.click()
    expect(hand.sida.get_by_role("heading", name="Registrering av deltagare", level=1)).to_be_visible()


@pytest.mark.parametrize("satt", SATT)
def test_flera_samtycken_markeras(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto(f"/deltagare/samtycken/?insats={scen.insats.pk}")
    assert hand.sida.evaluate(OVERFLOD) <= 0
    hand.tryck("Markera som arkiverade")
    expect(hand.sida.get_by_text("Markera minst ett samtycke.").first).to_be_visible()
    if fonster.get("skript", True):
        hand.tryck("Markera alla på sidan")
    else:
        for etikett in hand.sida.locator("#div_id_rad .checkbox__label").all():
            etikett.click()
    hand.skriv("Datum för arkivering", IDAG.isoformat())
    hand.tryck("Markera som arkiverade")
    expect(hand.sida.get_by_text("3 samtycken är markerade som arkiverade")).to_be_visible()
    expect(hand.sida.get_by_role("heading", name="Alla samtycken är arkiverade")).to_be_visible()

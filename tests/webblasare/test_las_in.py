"""Läs in ur en fil i webbläsaren: hela vägen med och utan skript, osparat, och en session som gått ut."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from insatser.models import Budget
from tests.webblasare.conftest import SMAL
from tests.webblasare.varld import LOSENORD, Varld


def _valj(sida: Page, rader: str) -> None:
    sida.goto("/las-in/insatser/")
    sida.get_by_label("Filen innehåller").select_option(label="Budget")
    fil = {"name": "budget.csv", "mimeType": "text/csv", "buffer": rader.encode("cp1252")}
    sida.get_by_label("Fil", exact=True).set_input_files([fil])


@pytest.mark.parametrize("skript", [True, False])
def test_fel_rattas_i_felfilen_och_allt_lases_in(oppna: Callable[..., Page], varld: Varld, skript: bool, tmp_path):
    sida = oppna(varld.insatsansvarig, matt=SMAL, skript=skript)
    nyckel, ar = varld.oppen.nyckel, 2030 + skript
    _valj(sida, f"insats;ar;planerat_antal\n{nyckel};{ar};tolv\n{varld.last.nyckel};{ar};5\n")
    sida.get_by_role("button", name="Granska filen").click()
    expect(sida).to_have_title("Fel: Granska inläsningen – SUS")
    expect(sida.get_by_role("row", name=re.compile("^budget.csv Rad: 2 Kolumn: planerat_antal Fel: "))).to_be_visible()
    expect(sida.get_by_role("button", name="Läs in", exact=True)).to_have_count(0)

    with sida.expect_download() as hamtning:
        sida.get_by_role("link", name="Hämta raderna med fel som en fil").click()
    hamtad = tmp_path / hamtning.value.suggested_filename
    assert hamtad.name == "budget-fel.csv"
    hamtning.value.save_as(hamtad)
    hamtad.write_bytes(hamtad.read_bytes().replace(b"tolv", b"12", 1))
    sida.get_by_label("Fil med de rättade raderna").set_input_files(hamtad)
    sida.get_by_role("button", name="Granska igen").click()
    expect(sida.get_by_role("row", name=re.compile("^Budget Nya: 2 Ändrade: 0 Oförändrade: 0$"))).to_be_visible()
    assert not Budget.objects.filter(ar=ar).exists()

    sida.get_by_role("button", name="Läs in", exact=True).click()
    expect(sida.get_by_role("heading", name="Inläsningen är klar")).to_be_visible()
    assert set(Budget.objects.filter(ar=ar).values_list("planerat_antal", flat=True)) == {5, 12}


def test_vald_fil_som_inte_granskats_varnar(oppna: Callable[..., Page], varld: Varld):
    sida = oppna(varld.insatsansvarig)
    _valj(sida, "insats;ar\n")
    varningar = []

    def svara(dialog):
        varningar.append(dialog.type)
        dialog.accept()

    sida.on("dialog", svara)
    sida.get_by_role("link", name="Sök insats").click()
    sida.wait_for_url("**/insatser/")
    assert varningar == ["beforeunload"]


def test_session_som_gatt_ut_ber_om_filen_igen(oppna: Callable[..., Page], varld: Varld):
    sida = oppna(varld.insatsansvarig)
    _valj(sida, f"insats;ar;planerat_antal\n{varld.oppen.nyckel};2035;1\n")
    sida.context.clear_cookies(name="sus_session")
    sida.get_by_role("button", name="Granska filen").click()
    sida.get_by_label("Användarnamn").fill(varld.insatsansvarig.username)
    sida.get_by_label("Lösenord", exact=True).fill(LOSENORD)
    sida.get_by_role("button", name="Logga in").click()
    sida.get_by_role("button", name="Fortsätt").click()

    expect(sida.get_by_role("heading", name="Läs in insatser och budget", level=1)).to_be_visible()
    expect(sida.locator("#felsammanfattning")).to_contain_text("Har du loggat in på nytt behöver filen väljas igen.")
    expect(sida.get_by_label("Filen innehåller")).to_have_value("budget.csv")


def _tryck_utan_svar(sida: Page, knapp: str, text: str) -> None:
    """Trycker två gånger, med det första skickat men utan svar: skripten har sagt sitt, och sidan blir kvar."""
    skickade = []
    sida.on("request", lambda begaran: skickade.append(begaran.url) if begaran.method == "POST" else None)
    sida.evaluate("window.addEventListener('submit', (h) => h.preventDefault(), { once: true })")
    knappen = sida.get_by_role("button", name=knapp, exact=True)
    knappen.click()
    expect(sida.get_by_role("status").filter(has_text=text)).to_be_visible()
    expect(sida.get_by_role("progressbar", name=text)).to_be_visible()
    expect(knappen).to_have_attribute("aria-disabled", "true")
    knappen.dispatch_event("click")
    assert skickade == []


@pytest.mark.parametrize("matt", [{}, {"matt": SMAL}], ids=["bred", "smal"])
def test_medan_filen_granskas_syns_det_och_ett_andra_tryck_skickar_inget(
    oppna: Callable[..., Page], varld: Varld, matt: dict
):
    sida = oppna(varld.insatsansvarig, **matt)
    sida.on("dialog", lambda dialog: dialog.accept())
    rad = f"insats;ar;planerat_antal\n{varld.oppen.nyckel};{2036 + bool(matt)};1\n"
    _valj(sida, rad)
    _tryck_utan_svar(sida, "Granska filen", "Filen granskas …")
    _valj(sida, rad)
    sida.get_by_role("button", name="Granska filen").click()
    expect(sida.get_by_role("heading", name="Granska inläsningen")).to_be_visible()

    _tryck_utan_svar(sida, "Läs in", "Raderna läses in …")
    sida.reload()
    sida.get_by_role("button", name="Läs in", exact=True).click()
    expect(sida.get_by_text("En rad är läst.")).to_be_visible()

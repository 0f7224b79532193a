"""En lång rapport i webbläsaren: beställ, lämna, kom tillbaka, hämta; med och utan skript."""

import pytest
from playwright.sync_api import expect

from tests import jobb

URVAL = "/rapporter/insats/?fran=2025-01&till=2025-12"


@pytest.fixture
def gransen_sankt(monkeypatch):
    """Också en kort rapport görs i bakgrunden."""
    monkeypatch.setattr("rapporter.langa.RADER_I_PDF", 0)


@pytest.mark.parametrize("skript", [True, False], ids=["med skript", "utan skript"])
def test_bestalla_lamna_och_hamta(oppna, varld, egen_databas_modul, gransen_sankt, skript):
    sida = oppna(varld.rapport, skript=skript)
    sida.goto(f"{URVAL}&visa=1")
    sida.get_by_role("link", name="PDF").click()
    expect(sida.get_by_role("heading", level=1)).to_have_text("Beställ Insatsrapport 2025-01 – 2025-12 som PDF")
    sida.get_by_role("button", name="Beställ").click()
    expect(sida.get_by_role("heading", name="Väntar på sin tur")).to_be_visible()
    if skript:  # att sidan hämtar sig själv flyttar inte fokus
        avbryt = sida.get_by_role("button", name="Avbryt rapporten")
        avbryt.focus()
        with sida.expect_response(lambda svar: "/rapporter/mina/" in svar.url):
            pass
        expect(avbryt).to_be_focused()

    with jobb.arbetare(egen_databas_modul):
        if skript:  # sidan hämtar sig själv
            hamta = sida.get_by_role("link", name="Hämta PDF")
            expect(hamta).to_be_visible(timeout=jobb.LANGST * 1000)
        else:
            sida.goto("/")
            jobb.vanta(lambda: _klar(sida), "rapporten blir klar")
            sida.get_by_role("link", name="En rapport som du har beställt är klar").click()
            expect(sida.get_by_role("heading", level=1)).to_have_text("Mina rapporter")
            hamta = sida.get_by_role("link", name="Hämta PDF").first
    with sida.expect_download() as nedladdning:
        hamta.click()
    assert nedladdning.value.suggested_filename == "insatsrapport_2025-01_2025-12.pdf"


def _klar(sida):
    sida.reload()
    return sida.get_by_role("link", name="En rapport som du har beställt är klar").count()


def test_avbryt_och_ta_bort_med_tangentbordet(oppna, varld, gransen_sankt):
    sida = oppna(varld.insatsansvarig, matt=(390, 844))
    sida.goto(f"{URVAL}&format=pdf")
    sida.get_by_role("button", name="Beställ").press("Enter")
    sida.get_by_role("button", name="Avbryt rapporten").press("Enter")
    expect(sida.get_by_role("heading", name="Avbruten")).to_be_visible()
    sida.goto("/rapporter/mina/")
    sida.get_by_role("button", name="Ta bort").press("Enter")
    expect(sida.get_by_text("Rapporten är borttagen.")).to_be_visible()
    expect(sida.get_by_role("heading", name="Inga beställda rapporter")).to_be_visible()

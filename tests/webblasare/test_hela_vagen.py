"""Hela vägen i webbläsaren: från inloggning till Insatsrapport, med och utan skript, med tangenter, och på mobil."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pypdf
import pytest
from playwright.sync_api import Page, expect

from behorighet.roller import Roll
from insatser.models import Insats
from tests import fabriker
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG, LOSENORD

NAMN = "Framåt tillsammans"
DAGEN = IDAG.isoformat()
# Det som registreras nedan: en in- och utregistrering samma dag
FIGURER = {
    "Antal deltagare": 1,
    "Antal unika deltagare": 1,
    "Antal anonyma deltagare": 0,
    "Antal nystartade deltagare": 1,
    "Antal utregistrerade deltagare": 1,
    "Antal pågående deltagare": 0,
}
SATT = {
    "med skript": (Mus, {"matt": BRED}),
    "utan skript": (Mus, {"matt": BRED, "skript": False}),
    "tangentbord": (Tangenter, {"matt": BRED}),
    "mobil": (Mus, {"matt": SMAL}),
}


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En egen organisation med en insatsansvarig, och en deltagaransvarig som ännu saknar uppdrag."""
    org = fabriker.organisation()
    insatsansvarig = fabriker.anvandare(password=LOSENORD)
    fabriker.uppdrag(insatsansvarig, Roll.INSATSANSVARIG, org)
    return SimpleNamespace(
        org=org,
        insatsansvarig=insatsansvarig,
        deltagaransvarig=fabriker.anvandare(Roll.DELTAGARANSVARIG, password=LOSENORD),
        nummer=fabriker.nytt_nummer(),
    )


@pytest.mark.parametrize("satt", SATT)
def test_fran_inloggning_till_rapport(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str, tmp_path: Path):
    slag, fonster = SATT[satt]
    skript = fonster.get("skript", True)
    hand = slag(oppna(**fonster))

    logga_in(hand, scen.insatsansvarig)
    registrera_insats(hand, skript=skript)
    hand.logga_ut()
    expect(hand.sida).to_have_title("Logga in – SUS")

    insats = Insats.objects.get(samverkansorganisation=scen.org, namn=NAMN)
    fabriker.uppdrag(scen.deltagaransvarig, Roll.DELTAGARANSVARIG, insats)
    logga_in(hand, scen.deltagaransvarig)
    inregistrera(hand, scen.nummer.utskrivet)
    se_laset(hand, scen.org.namn)
    utregistrera(hand, scen.nummer.utskrivet, skript=skript)
    ta_ut_rapporten(hand, scen.org.namn, tmp_path)


def logga_in(hand, konto):
    hand.sida.goto("/")
    expect(hand.sida).to_have_title("Logga in – SUS")
    hand.skriv("Användarnamn", konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(f"Hej {konto.fornamn}")


def menyval(hand, rubrik, text):
    hand.oppna_menyn()
    hand.folj(text, i=hand.sida.get_by_role("navigation", name="Huvudmeny").locator("details", has_text=rubrik))


def registrera_insats(hand, *, skript):
    menyval(hand, "Registrera insats", "Registrera insats")
    hand.skriv("Insatsnamn", NAMN)
    hand.skriv("Startdatum", f"{IDAG.year}0101")
    hand.skriv("Beskrivning", "Stöd på vägen till arbete.")
    hand.valj("Inriktning", "Individinriktad")
    if skript:
        expect(hand.falt("Inriktning")).to_be_focused()
        expect(hand.knapp("Uppdatera val")).to_have_count(0)
    else:
        hand.tryck("Uppdatera val")
        expect(hand.falt("Insatsnamn")).to_have_value(NAMN)
    hand.valj("Preciserad inriktning", "Förberedande insats")
    hand.kryssa("Personuppgifter/anonym")
    hand.kryssa("Unga")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Insatsen {NAMN} är registrerad.")).to_be_visible()
    expect(hand.sida).to_have_title(f"{NAMN} – SUS")
    expect(hand.sida.get_by_text("Låst", exact=True)).to_have_count(0)


def inregistrera(hand, nummer):
    hand.folj(f"Registrera deltagare i {NAMN}")
    expect(hand.sida).to_have_title("Registrera deltagare – SUS")
    expect(hand.falt("Insats").locator("option:checked")).to_have_text(NAMN)
    hand.skriv("Personnummer", nummer)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.skriv("Förnamn", "Kim")
    hand.skriv("Efternamn", "Påhittad")
    hand.valj("Folkbokföringskommun", "Helsingborg")
    hand.kryssa("Sjukpenning")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    hand.kryssa("Nej", grupp="Studerar")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Deltagaren är inregistrerad i {NAMN} {DAGEN}.")).to_be_visible()


def se_laset(hand, organisation):
    menyval(hand, "Sök insats", "Sök insats")
    hand.valj("Samverkansorganisation", organisation)
    hand.tryck("Sök")
    hand.folj(NAMN)
    panel = hand.sida.get_by_role("region", name="Kategorisering av insats")
    expect(panel.get_by_text("Låst", exact=True)).to_be_visible()
    expect(panel).to_contain_text(f"Den låstes {DAGEN}, när en deltagare med personuppgifter registrerades i insatsen.")
    expect(panel.locator("input, select")).to_have_count(0)


def utregistrera(hand, nummer, *, skript):
    hand.folj("Registrera deltagare", i=hand.sida.get_by_role("main"))
    expect(hand.falt("Insats").locator("option:checked")).to_have_text(NAMN)
    hand.skriv("Personnummer", nummer)
    hand.kryssa("Utregistrering")
    if not skript:
        hand.tryck("Uppdatera val")
    expect(hand.falt("Datum för inregistrering")).to_have_count(0)
    expect(hand.val("Utregistrering")).to_be_checked()
    if skript:
        expect(hand.val("Utregistrering")).to_be_focused()
    hand.tryck("Hämta")
    expect(hand.sida.get_by_role("region", name="Utregistrering")).to_contain_text("Kim Påhittad")
    hand.skriv("Datum för utregistrering", DAGEN)
    hand.valj("Avslutningsanledning", "Fullföljd insats")
    hand.kryssa("Ingen offentlig försörjning")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "100")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Deltagaren är utregistrerad ur {NAMN} {DAGEN}.")).to_be_visible()


def ta_ut_rapporten(hand, organisation, katalog):
    menyval(hand, "Rapporter", "Insats")
    expect(hand.sida).to_have_title("Insatsrapport – SUS")
    hand.oppna_lada("Samverkansorganisation")
    hand.kryssa(organisation)
    hand.tryck("Skapa rapport")
    expect(hand.sida).to_have_title(re.compile(r"^Insatsrapport \d{4}-\d{2}.* – SUS$"))
    hand.sida.wait_for_load_state()  # titeln kommer före tabellen
    rubriker = hand.sida.locator("#rapporttabell thead th").all_inner_texts()
    rad = hand.sida.locator("#rapporttabell tbody tr").locator("th, td").all_inner_texts()
    assert rad[0] == NAMN
    assert figurer([text.split("\n")[0].strip() for text in rubriker], rad) == FIGURER

    excel, pdf = hand.hamta("Excel"), hand.hamta("PDF")
    excel.save_as(katalog / "rapport.xlsx")
    pdf.save_as(katalog / "rapport.pdf")
    assert [Path(fil.suggested_filename).suffix for fil in (excel, pdf)] == [".xlsx", ".pdf"]
    rubriker, rad, _ = openpyxl.load_workbook(katalog / "rapport.xlsx").worksheets[0].iter_rows(values_only=True)
    assert rad[1] == NAMN
    assert figurer(rubriker, rad) == FIGURER
    text = "\n".join(sida.extract_text() for sida in pypdf.PdfReader(katalog / "rapport.pdf").pages)
    assert f"{NAMN} 1 1 0 1 1 0" in " ".join(text.split())


def figurer(rubriker, rad):
    """Talen i raden, efter rubrik."""
    return {rubrik: int(varde) for rubrik, varde in zip(rubriker, rad, strict=True) if rubrik in FIGURER}

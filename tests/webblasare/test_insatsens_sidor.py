"""Den insatsansvarigas väg: registrera en insats med budget och deltagaransvarig, kopiera, avsluta, ta bort, söka."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Download, Page, expect

from behorighet.roller import Roll
from insatser.insatsbudget import arsbudget
from insatser.models import Insats, Uppdrag
from tests import fabriker
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.test_hela_vagen import NAMN, logga_in, menyval, registrera_insats
from tests.webblasare.tidtagning import Tidtagare
from tests.webblasare.varld import IDAG, LOSENORD

SATT = {
    "tangentbord": (Tangenter, {"matt": BRED}),
    "utan skript": (Mus, {"matt": BRED, "skript": False}),
    "mobil": (Mus, {"matt": SMAL}),
}
TVA_MINUTER = 120  # sekunder, för den som vet vad som ska fyllas i men inte är van att skriva (tidtagning.py)
HOGST_HANDLINGAR = 26  # på mobilen öppnas menyn först


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    org = fabriker.organisation()
    ansvarig = fabriker.anvandare(password=LOSENORD)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, org)
    return SimpleNamespace(
        org=org,
        ansvarig=ansvarig,
        deltagaransvarig=fabriker.anvandare(
            Roll.DELTAGARANSVARIG, fornamn="Dora", efternamn=f"Deltag{org.pk % 1000:03}"
        ),
    )


@pytest.mark.parametrize("satt", SATT)
def test_ny_insats_med_budget_och_deltagaransvarig_pa_tva_minuter(
    oppna: Callable[..., Page], scen: SimpleNamespace, satt: str, monkeypatch: pytest.MonkeyPatch
):
    slag, fonster = SATT[satt]
    hand = slag(oppna(**fonster))
    logga_in(hand, scen.ansvarig)
    skript = fonster.get("skript", True)
    # Härifrån nås varje sida från den förra: inget annat än handen rör sidan
    raknad = Tidtagare(hand, monkeypatch)

    registrera_insats(raknad, skript=skript)
    budgetera(raknad, skript=skript)
    ge_uppdrag(raknad, scen.deltagaransvarig)

    insats = Insats.objects.get(samverkansorganisation=scen.org, namn=NAMN)
    budget = arsbudget(insats, IDAG.year)
    assert (budget.planerat, budget.summa().budget, len(budget.rader)) == (25, 1_500_000, 2)
    assert Uppdrag.objects.filter(insats=insats, behorighet__anvandare=scen.deltagaransvarig).count() == 1
    assert (insats.inriktning, insats.preciserad_inriktning, insats.malgrupper) == ("individ", "forberedande", ["unga"])
    assert raknad.handlingar <= HOGST_HANDLINGAR
    assert raknad.tid <= TVA_MINUTER, f"{raknad.handlingar} handlingar på {len(raknad.sidor)} sidor"


def test_inget_gar_forbi_tidtagaren(oppna: Callable[..., Page], scen: SimpleNamespace, monkeypatch: pytest.MonkeyPatch):
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto("/insatser/ny/")
    raknad = Tidtagare(hand, monkeypatch)
    sida, namn = hand.sida, hand.falt("Insatsnamn")
    for forbi in (
        lambda: sida.goto("/"),
        lambda: sida.reload(),
        lambda: namn.fill("Förbi"),
        lambda: namn.evaluate("el => { el.value = 'Förbi' }"),
        lambda: hand.falt("Inriktning").select_option("individ"),
        lambda: hand.knapp("Spara").click(),
        lambda: sida.keyboard.press("Enter"),
        lambda: sida.mouse.click(1, 1),
    ):
        with pytest.raises(AssertionError, match="förbi räknaren"):
            forbi()
    assert (raknad.tid, raknad.handlingar) == (0, 0)

    raknad.skriv("Insatsnamn", "Ån")
    assert (round(raknad.tid, 2), raknad.handlingar) == (4.09, 1)
    expect(namn).to_have_value("Ån")


def budgetera(hand, *, skript):
    flikar = hand.sida.get_by_role("navigation", name=f"Flikar för {NAMN}")
    hand.folj("Budget", i=flikar)
    expect(hand.sida).to_have_title(f"Budget för {NAMN} – SUS")
    hand.folj(f"Registrera budget {IDAG.year}")
    hand.skriv("Planerat antal deltagare", "25")
    hand.skriv("Budget", "1 250 000")
    hand.skriv("Beskrivning", "Personal")
    hand.tryck("Lägg till rad")
    expect(hand.sida.get_by_text("Inget är sparat än.")).to_be_visible()
    if skript:
        expect(hand.sida.get_by_role("group", name="Rad 2").get_by_label("Budgettyp")).to_be_focused()
    hand.valj("Budgettyp", "ESF-insatskostnad", grupp="Rad 2")
    hand.skriv("Budget", "250000", grupp="Rad 2")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Budgeten för {IDAG.year} är sparad.")).to_be_visible()
    expect(hand.sida.get_by_role("region", name="Insatskostnader")).to_contain_text(re.compile(r"1\s500\s000"))
    hand.folj("Uppgifter", i=hand.sida.get_by_role("navigation", name=f"Flikar för {NAMN}"))


def ge_uppdrag(hand, konto):
    hand.folj("Lägg till bland deltagaransvariga för insatsen")
    hand.skriv("Efternamn", konto.efternamn)
    hand.tryck("Sök")
    expect(hand.sida.get_by_role("link", name=re.compile("^Välj Dora"))).to_be_visible()
    hand.folj(f"Välj Dora {konto.efternamn}, behörighet från och med {fabriker.IGAR}")
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("region", name="Deltagaransvariga för insatsen").first).to_contain_text(
        konto.efternamn
    )


def test_retur_i_ett_belopp_sparar_i_stallet_for_att_ta_bort_en_rad(oppna: Callable[..., Page], scen: SimpleNamespace):
    insats = fabriker.insats(scen.org)
    hand = Tangenter(oppna(scen.ansvarig))
    hand.sida.goto(f"/insatser/{insats.pk}/budget/{IDAG.year}/andra/")
    hand.skriv("Budget", "700")
    hand.sida.keyboard.press("Enter")

    expect(hand.sida.get_by_text(f"Budgeten för {IDAG.year} är sparad.")).to_be_visible()
    assert arsbudget(insats, IDAG.year).summa().budget == 700


def test_en_ej_sparad_rad_varnar_nar_man_lamnar_sidan(oppna: Callable[..., Page], scen: SimpleNamespace):
    insats = fabriker.insats(scen.org)
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto(f"/insatser/{insats.pk}/budget/{IDAG.year}/andra/")
    hand.skriv("Budget", "700")
    hand.tryck("Lägg till rad")
    expect(hand.sida.get_by_text("Inget är sparat än.")).to_be_visible()
    fragor = []
    hand.sida.on("dialog", lambda ruta: (fragor.append(ruta.type), ruta.accept()))

    hand.folj("Avbryt")

    expect(hand.sida).to_have_title(re.compile("^Budget för"))
    assert fragor == ["beforeunload"]


@pytest.mark.parametrize("skript", [True, False])
def test_kopiera_avsluta_och_ta_bort(oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool):
    insats = fabriker.insats(scen.org, namn="Förlagan", malgrupper=["unga"])
    hand = Mus(oppna(scen.ansvarig, skript=skript))
    hand.sida.goto(insats.get_absolute_url())

    hand.folj("Kopiera")
    expect(hand.falt("Insatsnamn")).to_have_value("Förlagan (kopia)")
    expect(hand.val("Unga")).to_be_checked()
    hand.skriv("Startdatum", IDAG.isoformat())
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Insatsen Förlagan (kopia) är registrerad.")).to_be_visible()

    hand.folj("Avsluta")
    hand.skriv("Slutdatum", IDAG.isoformat())
    hand.tryck("Avsluta insatsen")
    expect(hand.sida.get_by_text(f"Insatsens slutdatum är {IDAG.isoformat()}.")).to_be_visible()

    hand.folj("Ta bort")
    hand.tryck("Ta bort insatsen")
    expect(hand.sida.get_by_text("Insatsen Förlagan (kopia) är borttagen.")).to_be_visible()
    assert list(Insats.objects.filter(samverkansorganisation=scen.org)) == [insats]


@pytest.mark.parametrize("skript", [True, False])
def test_listan_bar_sitt_urval_i_adressen_och_ger_samma_som_excel(
    oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool, tmp_path: Path
):
    for namn in ("Broar", "Åren", "Ärlan"):
        fabriker.insats(scen.org, namn=namn)
    fabriker.volyminsats(scen.org, namn="Volymen")
    hand = Mus(oppna(scen.ansvarig, skript=skript))
    hand.sida.goto("/")
    menyval(hand, "Sök insats", "Sök insats")
    hand.kryssa("Bara där jag har uppdrag")
    hand.oppna_lada("Fler urval")
    hand.sida.get_by_role("combobox", name="Deltagarregistrering").select_option(label="Personuppgifter/anonym")
    hand.oppna_lada("Välj kolumner")
    kolumnval = hand.sida.get_by_role("group", name="Kolumner")
    for namn in ("Samverkansorganisation", "Inriktning", "Deltagarregistrering", "Startdatum", "Läge"):
        expect(kolumnval.get_by_label(namn, exact=True)).to_be_checked()
        kolumnval.get_by_text(namn, exact=True).click()
    hand.kryssa("Slutdatum")
    hand.tryck("Sök")
    namnen = hand.sida.locator("#insatslista tbody th")
    expect(namnen).to_have_text(["Broar", "Åren", "Ärlan"])
    expect(hand.sida.get_by_role("columnheader")).to_have_text([re.compile("Insats"), re.compile("Slutdatum")])

    hand.folj("Insats", i=hand.sida.locator("#insatslista"))
    expect(namnen).to_have_text(["Ärlan", "Åren", "Broar"])
    expect(hand.sida).to_have_url(re.compile(r"[?&]sortering=-namn(&|$)"))
    fil = hand.hamta("Hämta listan som Excel")
    blad = load_workbook(_sparad(fil, tmp_path)).active
    assert [[cell.value for cell in rad] for rad in blad.iter_rows()] == [
        ["Insats", "Slutdatum"],
        ["Ärlan", None],
        ["Åren", None],
        ["Broar", None],
    ]
    hand.sida.reload()
    expect(namnen).to_have_text(["Ärlan", "Åren", "Broar"])


def _sparad(fil: Download, mapp: Path) -> Path:
    """Hämtningens egen fil har inget namn som säger vad den är."""
    fil.save_as(mapp / fil.suggested_filename)
    return mapp / fil.suggested_filename


def test_tillbaka_till_registrera_insats_ger_inriktningen_sina_val(oppna: Callable[..., Page], scen: SimpleNamespace):
    """Webbläsaren fyller i samverkansorganisationen igen, men valen under den kommer med htmx."""
    andra = fabriker.organisation()
    fabriker.uppdrag(scen.ansvarig, Roll.INSATSANSVARIG, andra)
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto("/insatser/ny/")
    hand.valj("Samverkansorganisation", andra.namn)
    expect(hand.falt("Inriktning")).to_be_enabled()
    hand.skriv("Insatsnamn", "Bron")
    hand.sida.on("dialog", lambda ruta: ruta.accept())
    hand.folj("Avbryt")
    expect(hand.sida).to_have_title("Insatser – SUS")

    hand.sida.go_back()

    expect(hand.falt("Insatsnamn")).to_have_value("Bron")
    expect(hand.falt("Samverkansorganisation").locator("option:checked")).to_have_text(andra.namn)
    expect(hand.falt("Inriktning")).to_be_enabled()

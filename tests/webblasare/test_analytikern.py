"""En analytikers dag: från urval till rapport och fil, spara, dela, ändra och ångra; med och utan skript."""

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.models import Anvandare
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from rapporter.models import SparatUrval
from tests import fabriker
from tests.webblasare.conftest import SMAL, Oppnare
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG

FORRA_ARET = str(IDAG.year - 1)
HELAR = (f"{FORRA_ARET}-01", f"{FORRA_ARET}-12")


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """Två analytiker hos samma arbetsgivare, och en insats att visa."""
    org = fabriker.organisation()
    return SimpleNamespace(
        org=org,
        insats=fabriker.insats(org, namn="Broar"),
        rut=fabriker.anvandare(Roll.SUS_RAPPORT),
        kollega=fabriker.anvandare(Roll.SUS_RAPPORT),
    )


def hand_for(oppna: Callable[..., Page], satt: str, konto: Anvandare) -> Mus:
    """Mus, tangenter, utan skript, eller på mobil."""
    sida = oppna(konto, matt=SMAL if satt == "mobil" else (1280, 900), skript=satt != "utan skript")
    return Tangenter(sida) if satt == "tangenter" else Mus(sida)


def perioden(hand: Mus) -> tuple[str, str]:
    return hand.falt("Från och med").input_value(), hand.falt("Till och med").input_value()


def vanta_pa_perioden(hand: Mus, fran: str, till: str) -> None:
    expect(hand.falt("Från och med")).to_have_value(fran)
    expect(hand.falt("Till och med")).to_have_value(till)


@pytest.mark.parametrize("satt", ["mus", "tangenter", "utan skript", "mobil"])
def test_en_analytikers_dag(oppna: Oppnare, scen: SimpleNamespace, satt: str):
    hand = hand_for(oppna, satt, scen.rut)
    hand.sida.goto("/")
    hand.oppna_menyn()
    hand.folj("Insats", i=hand.sida.get_by_role("navigation", name="Huvudmeny"))
    valj(hand, satt)
    skapa_och_spara(hand, scen)
    oppna_fran_startsidan(hand)
    ta_bort_och_angra(hand)


def valj(hand: Mus, satt: str) -> None:
    """Perioden med snabbval, länet i sin låda, kön bland de fler urvalen, och två variabler."""
    hand.tryck(f"Helår {FORRA_ARET}")
    vanta_pa_perioden(hand, *HELAR)
    hand.tryck("Föregående")
    vanta_pa_perioden(hand, f"{IDAG.year - 2}-01", f"{IDAG.year - 2}-12")
    hand.tryck("Nästa")
    vanta_pa_perioden(hand, *HELAR)
    hand.tryck("Inga")
    hand.kryssa("Startdatum")
    if satt == "utan skript":
        hand.oppna_lada("Visa fler urval")
        hand.tryck("Uppdatera val")
        hand.oppna_lada("Visa fler urval")
    else:
        hand.oppna_lada("Visa fler urval")
    kon = hand.sida.get_by_role("group", name="Kön", exact=True)
    expect(kon.get_by_label("Kvinnor", exact=True)).to_be_disabled()
    expect(hand.sida.get_by_text("Kön är avstängt")).to_be_visible()
    hand.kryssa("Antal deltagare vald period")
    if satt == "utan skript":
        hand.tryck("Uppdatera val")
        hand.oppna_lada("Visa fler urval")
    expect(kon.get_by_label("Kvinnor", exact=True)).to_be_enabled()
    expect(hand.sida.get_by_text("Kön är avstängt")).to_be_hidden()
    vanta_pa_perioden(hand, *HELAR)


def skapa_och_spara(hand: Mus, scen: SimpleNamespace) -> None:
    """Rapporten, filen, och urvalet sparat ur rutan ovanför den."""
    hand.tryck("Skapa rapport")
    expect(hand.sida).to_have_title(f"Insatsrapport {HELAR[0]} – {HELAR[1]} – SUS")
    expect(hand.sida.get_by_role("table").first).to_contain_text(scen.insats.namn)
    assert hand.hamta("CSV").suggested_filename == f"insatsrapport_{HELAR[0]}_{HELAR[1]}.csv"
    hand.folj("Spara urvalet")
    expect(hand.sida).to_have_title("Spara urval – SUS")
    hand.skriv("Namn", "Förra året")
    hand.kryssa(f"Senaste hela året (nu {HELAR[0]} – {HELAR[1]})")
    hand.tryck("Spara")
    expect(hand.sida).to_have_title(f"Insatsrapport {HELAR[0]} – {HELAR[1]} – SUS")
    expect(hand.sida.get_by_text("Urvalet Förra året är sparat.")).to_be_visible()
    expect(hand.sida.get_by_label("Urval", exact=True)).to_contain_text("Sparat urval: Förra året")


def oppna_fran_startsidan(hand: Mus) -> None:
    """Urvalet på startsidan leder till rapporten; därifrån ändras det."""
    hand.sida.goto("/")
    hand.folj("Förra året")
    expect(hand.sida).to_have_title(f"Insatsrapport {HELAR[0]} – {HELAR[1]} – SUS")
    hand.folj("Ändra urval")
    expect(hand.sida.get_by_text("Du ändrar det sparade urvalet Förra året")).to_be_visible()
    hand.tryck("Spara ändringarna")
    expect(hand.sida).to_have_title("Ändra sparat urval – SUS")
    hand.skriv("Namn", "Året som gick")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Urvalet Året som gick är sparat.")).to_be_visible()


def ta_bort_och_angra(hand: Mus) -> None:
    """Borttaget på ett tryck, tillbaka på ett till."""
    hand.sida.goto("/rapporter/sparade/")
    hand.tryck("Ta bort Året som gick")
    expect(hand.sida.get_by_text("Urvalet Året som gick är borttaget")).to_be_visible()
    expect(hand.sida.get_by_role("table")).to_have_count(0)
    hand.tryck("Återställ Året som gick")
    expect(hand.sida.get_by_role("link", name="Året som gick", exact=True)).to_be_visible()


def test_avstangda_val_skickas_inte_och_skalet_foljer_valen(oppna: Oppnare, scen: SimpleNamespace):
    hand = Mus(oppna(scen.rut))
    hand.sida.goto("/rapporter/insats/")
    hand.oppna_lada("Visa fler urval")
    hand.kryssa("Kvinnor", grupp="Kön")
    hand.kryssa("Utbildning", grupp="Preciserad inriktning")
    hand.kryssa("Individinriktad", grupp="Inriktning")
    expect(hand.val("Utbildning", grupp="Preciserad inriktning")).to_be_disabled()
    expect(hand.sida.get_by_text("Val som hör till en annan inriktning").first).to_be_visible()
    hand.tryck("Inga")
    hand.kryssa("Slutdatum")
    hand.kryssa("Summerad per samverkansorganisation")
    expect(hand.val("Samverkansorganisation", grupp="Delsummor per")).to_be_disabled()
    hand.tryck("Skapa rapport")

    expect(hand.sida).to_have_title(re.compile("^Insatsrapport "))
    adress = hand.sida.url
    assert "inriktning=individ" in adress
    assert "kon=" not in adress
    assert "preciserad=" not in adress


def test_snabbvalet_som_galler_ar_markt_och_retur_skapar_rapporten(oppna: Oppnare, scen: SimpleNamespace):
    hand = Mus(oppna(scen.rut))
    hand.sida.goto("/rapporter/insats/")
    helar = hand.sida.get_by_role("button", name=f"Helår {FORRA_ARET}")
    expect(helar).to_have_attribute("aria-pressed", "false")
    helar.click()
    expect(helar).to_have_attribute("aria-pressed", "true")
    hand.skriv("Från och med", f"{FORRA_ARET}-02")
    expect(helar).to_have_attribute("aria-pressed", "false")
    hand.falt("Från och med").press("Enter")
    expect(hand.sida).to_have_title(f"Insatsrapport {FORRA_ARET}-02 – {FORRA_ARET}-12 – SUS")
    # Tillbaka: det ifyllda är kvar, och det som beror på det
    hand.sida.go_back()
    vanta_pa_perioden(hand, f"{FORRA_ARET}-02", f"{FORRA_ARET}-12")
    expect(hand.sida.get_by_role("button", name=f"Helår {FORRA_ARET}")).to_have_attribute("aria-pressed", "false")


def test_flyttad_period_behaller_fokus_och_de_andra_valen(oppna: Oppnare, scen: SimpleNamespace):
    hand = Tangenter(oppna(scen.rut))
    hand.sida.goto("/rapporter/insats/")
    hand.kryssa("Samma månader året före")
    hand.tryck(f"Helår {FORRA_ARET}")
    hand.till(hand.knapp("Föregående"))
    for ar in (IDAG.year - 2, IDAG.year - 3):
        hand.sida.keyboard.press("Enter")
        vanta_pa_perioden(hand, f"{ar}-01", f"{ar}-12")
        expect(hand.knapp("Föregående")).to_be_focused()
    expect(hand.val("Samma månader året före")).to_be_checked()


@pytest.mark.parametrize("skript", [True, False])
def test_tva_delar_ett_urval_och_andrar_samtidigt(oppna: Oppnare, scen: SimpleNamespace, skript: bool):
    with transaction.atomic():
        sparat = fabriker.sparat_urval(scen.rut, namn=f"Gemensamt {skript}", delat=True)
    andra = f"/rapporter/sparade/{sparat.pk}/andra/"
    rut, kollega = Mus(oppna(scen.rut, skript=skript)), Mus(oppna(scen.kollega, skript=skript))
    for hand in (rut, kollega):
        hand.sida.goto(andra)
    rut.skriv("Namn", f"Ruts {skript}")
    rut.tryck("Spara")
    expect(rut.sida.get_by_text(f"Urvalet Ruts {skript} är sparat.")).to_be_visible()
    kollega.skriv("Namn", f"Kollegans {skript}")
    kollega.tryck("Spara")
    expect(kollega.sida.get_by_text("Någon annan har sparat ändringar")).to_be_visible()
    expect(kollega.sida.get_by_role("table")).to_contain_text(re.compile(rf"Namn\s*Ruts {skript}\s*Kollegans {skript}"))
    kollega.tryck("Spara")
    expect(kollega.sida.get_by_role("link", name=f"Kollegans {skript}", exact=True)).to_be_visible()


def test_dubbelklick_pa_spara_ger_ett_urval(oppna: Oppnare, scen: SimpleNamespace):
    sida = oppna(scen.rut, skript=False)
    sida.goto("/rapporter/sparade/nytt/?fran=2025-01&till=2025-12")
    Mus(sida).skriv("Namn", "Två tryck")
    sida.get_by_role("button", name="Spara", exact=True).dblclick()
    expect(sida.get_by_text("Urvalet Två tryck är sparat.")).to_be_visible()
    with transaction.atomic():
        satt_sammanhang(scen.rut)
        assert SparatUrval.objects.filter(namn="Två tryck").count() == 1

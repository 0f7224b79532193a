"""Inloggningens steg i webbläsaren: app, reservkod, säkerhetsnyckel och e-legitimation, också utan skript (P5)."""

import re
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from tests import fabriker
from tests.andra_steget import LOSENORD, kod, med_app, reservkoder
from tests.eid import formedlare, installning, person
from tests.webblasare.conftest import Oppnare
from tests.webblasare.hand import Mus, Tangenter

pytestmark = pytest.mark.usefixtures("tva_steg_kravs")


@pytest.fixture
def konto(webbserver_modul: str) -> Anvandare:
    return fabriker.anvandare(Roll.BESTALLARE, fornamn="Bea", efternamn="Ställare", password=LOSENORD)


@pytest.fixture
def pa_localhost(browser: Browser, webbserver_modul: str) -> Iterator[Callable[..., Page]]:
    """Säkerhetsnycklar kräver https, eller just localhost."""
    oppnare = Oppnare(browser, webbserver_modul.replace("127.0.0.1", "localhost"))
    yield oppnare
    assert oppnare.stang() == []


def forsta_steget(hand: Mus, konto: Anvandare) -> None:
    hand.sida.goto("/logga-in/")
    hand.skriv("Användarnamn", konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")


def inne(sida: Page) -> None:
    expect(sida.get_by_role("heading", level=1)).to_have_text(re.compile("^(Hej|Start)"))


@pytest.mark.parametrize("som", [Mus, Tangenter])
def test_ny_i_rollen_ordnar_appen_och_kommer_dit_den_var_pa_vag(oppna: Callable[..., Page], konto, som: type[Mus]):
    hand = som(oppna())
    hand.sida.goto("/anvandare/")
    hand.skriv("Användarnamn", konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")

    expect(hand.sida.get_by_text("Din roll kräver tvåstegsinloggning")).to_be_visible()
    hand.folj("Lägg till app")
    hemlighet = hand.sida.locator("code").inner_text().replace(" ", "")
    bild = hand.sida.get_by_alt_text(re.compile("^QR-kod"))
    assert bild.evaluate("el => el.complete && el.naturalWidth > 0")
    hand.skriv("Kod ur appen", kod(hemlighet))
    hand.tryck("Lägg till appen")

    expect(hand.sida.get_by_text("Koderna visas bara nu")).to_be_visible()
    fil = hand.hamta("Hämta som fil").path().read_text()
    assert all(ett in fil for ett in reservkoder(konto))
    hand.folj("Jag har sparat koderna")
    expect(hand.sida).to_have_title("Behörigheter – SUS")


@pytest.mark.parametrize("skript", [True, False])
def test_kod_och_reservkod_med_och_utan_skript(oppna: Callable[..., Page], konto, skript: bool):
    hemlighet = med_app(konto)
    for en in (kod(hemlighet), reservkoder(konto)[0]):
        hand = Mus(oppna(skript=skript))
        forsta_steget(hand, konto)
        hand.skriv("Kod", "000")
        hand.tryck("Logga in")
        expect(hand.sida).to_have_title("Fel: Andra steget – SUS")
        expect(hand.falt("Kod")).to_have_value("000")
        hand.skriv("Kod", en)
        hand.tryck("Logga in")
        inne(hand.sida)


def nyckel(sida: Page, *, svarar: bool = True) -> str:
    """En säkerhetsnyckel i datorn."""
    cdp = sida.context.new_cdp_session(sida)
    cdp.send("WebAuthn.enable")
    val = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": svarar}
    val["automaticPresenceSimulation"] = svarar
    return str(cdp.send("WebAuthn.addVirtualAuthenticator", {"options": val})["authenticatorId"])


def test_sakerhetsnyckel_laggs_till_och_loggar_in(pa_localhost: Callable[..., Page], konto):
    hand = Mus(pa_localhost())
    nyckel(hand.sida)
    forsta_steget(hand, konto)
    hand.folj("Lägg till säkerhetsnyckel")
    hand.tryck("Lägg till nyckeln")  # namnet saknas: webbläsaren säger till, inget skickas
    hand.skriv("Namn på nyckeln", "Blå nyckeln")
    hand.tryck("Lägg till nyckeln")
    expect(hand.sida.get_by_text("Koderna visas bara nu")).to_be_visible()
    hand.sida.goto("/konto/tva-steg/")
    expect(hand.sida.get_by_role("row", name=re.compile("Blå nyckeln"))).to_be_visible()

    # Samma nyckel två gånger går inte
    hand.folj("Lägg till säkerhetsnyckel")
    hand.skriv("Namn på nyckeln", "Igen")
    hand.tryck("Lägg till nyckeln")
    expect(hand.sida.get_by_text("Den nyckeln är redan tillagd.")).to_be_visible()

    hand.sida.goto("/")
    hand.logga_ut()
    forsta_steget(hand, konto)
    hand.tryck("Använd säkerhetsnyckel")
    inne(hand.sida)
    assert Handelse.objects.order_by("pk").filter(typ="inloggad").last().detaljer == {"satt": "losenord+webauthn"}

    hand.sida.goto("/konto/tva-steg/")
    hand.folj("Byt namn på Blå nyckeln")
    hand.skriv("Namn på nyckeln", "Röda nyckeln")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Nyckeln har fått ett nytt namn.")).to_be_visible()
    hand.folj("Ta bort Röda nyckeln")
    hand.tryck("Ta bort")
    expect(hand.sida.get_by_text("Din roll kräver tvåstegsinloggning.")).to_be_visible()
    assert Authenticator.objects.filter(user=konto, type="webauthn").count() == 1


def test_nagon_annans_nyckel_duger_inte(pa_localhost: Callable[..., Page], konto):
    hand = Mus(pa_localhost())
    nyckel(hand.sida)
    forsta_steget(hand, konto)
    hand.folj("Lägg till säkerhetsnyckel")
    hand.skriv("Namn på nyckeln", "Min")
    hand.tryck("Lägg till nyckeln")
    expect(hand.sida.get_by_text("Koderna visas bara nu")).to_be_visible()
    # Ett annat konto, med en nyckel vars hemlighet den här datorn inte har
    annan = fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)
    rad = Authenticator.objects.get(user=konto, type="webauthn")
    stulen = Mus(pa_localhost())
    nyckel(stulen.sida)
    Authenticator.objects.create(user=annan, type="webauthn", data=rad.data)
    forsta_steget(stulen, annan)
    stulen.tryck("Använd säkerhetsnyckel")

    expect(stulen.sida.get_by_role("alert").filter(has_text="Försök igen")).to_be_visible()
    stulen.sida.goto("/")
    expect(stulen.sida).to_have_title("Logga in – SUS")


@pytest.fixture(scope="module")
def utgivare() -> Iterator[str]:
    with formedlare(person("sub-1", "eva.legitimation"), person("sub-2", "ny.flik")) as url:
        yield url


def legitimera(sida: Page, sub: str) -> None:
    """På förmedlarens sida."""
    sida.get_by_role("button", name=sub).click()


def test_e_legitimation_i_webblasaren(browser: Browser, webbserver_modul: str, utgivare: str):
    """Genom förmedlarens sida och tillbaka: innehållspolicyn hindrar inte vägen dit."""
    fabriker.anvandare(Roll.DELTAGARANSVARIG, username="eva.legitimation", password=None)
    context = browser.new_context(base_url=webbserver_modul, locale="sv-SE")
    fel: list[str] = []
    context.on("console", lambda rad: fel.append(rad.text) if "Content Security Policy" in rad.text else None)
    sida = context.new_page()
    with override_settings(OIDC=installning(utgivare)):
        sida.goto("/deltagare/registrera/")
        sida.get_by_role("link", name="Logga in med Freja").click()
        legitimera(sida, "sub-1")
        expect(sida).to_have_title(re.compile("deltagare", re.IGNORECASE))
    assert sida.url == f"{webbserver_modul}/deltagare/registrera/"
    assert fel == []
    context.close()


def test_det_inskickade_kommer_tillbaka_efter_e_legitimation_i_en_ny_flik(
    browser: Browser, webbserver_modul: str, utgivare: str
):
    insats = fabriker.insats(namn="Broar")
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, username="ny.flik", password=None)
    fabriker.uppdrag(konto, Roll.INSATSANSVARIG, insats.samverkansorganisation)
    oppnare = Oppnare(browser, webbserver_modul)
    context = browser.new_context(base_url=webbserver_modul, locale="sv-SE")
    oppnare.logga_in(context, konto)
    sida = context.new_page()
    with override_settings(OIDC=installning(utgivare), TVA_STEG=False):
        sida.goto(f"/insatser/{insats.pk}/andra/")
        sida.get_by_label("Beskrivning").fill("Det jag skrev.")
        context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        sida.get_by_role("button", name="Spara").click()
        with context.expect_page() as ny:
            sida.get_by_role("link", name="Freja (ny flik)").click()
        legitimera(ny.value, "sub-2")
        inne(ny.value)
        sida.get_by_role("button", name="Fortsätt").click()
        expect(sida.get_by_role("heading", name="Du är inloggad igen")).to_be_visible()
        sida.get_by_role("button", name="Fortsätt").click()
        expect(sida.get_by_text("Det jag skrev.")).to_be_visible()
    context.close()

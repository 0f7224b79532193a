"""Hämta i webbläsaren: med tangenter och få steg, utan skript, på mobil, och för den som har skydd (R17–R19, P7)."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.models import Anvandare
from behorighet.skydd import satt_sammanhang
from deltagare.models import Deltagande
from tests import fabriker
from tests.folkbokforing import lagg_in
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
OVERFLOD = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(autouse=True)
def register(settings):
    settings.SUS_FOLKBOKFORING = "register"


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En insats, den som registrerar i den, och några i folkbokföringen."""
    insats = fabriker.insats(namn="Broar")
    konto = fabriker.deltagaransvarig(insats)
    return SimpleNamespace(
        insats=insats,
        konto=konto,
        vera=lagg_in(fornamn="Vera", efternamn="Provkvist"),
        stina=lagg_in(fornamn="Stina", efternamn="Provholm", kommun_id="0180"),
        skyddad=lagg_in(fornamn="Kanariefågel", efternamn="Zzyzxsson", skyddad=True),
        adress=f"/deltagare/registrera/?insats={insats.pk}",
    )


def sparade(konto: Anvandare) -> list[tuple[str, str, str | None]]:
    with transaction.atomic():
        satt_sammanhang(konto)
        rader = Deltagande.objects.select_related("person__identitet", "folkbokforing__stadsdel")
        return [
            (
                rad.person.identitet.namn(),
                rad.folkbokforing.kommun_id,
                rad.folkbokforing.stadsdel and rad.folkbokforing.stadsdel.namn,
            )
            for rad in rader
        ]


def hamta(hand: Mus, nummer: str) -> None:
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Personnummer", nummer)
    hand.tryck("Hämta")


@pytest.mark.parametrize("satt", SATT)
def test_hamta_och_spara(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto(scen.adress)

    hamta(hand, scen.stina.utskrivet)

    svaret = hand.sida.get_by_role("group", name="Svar på Hämta")
    expect(svaret).to_contain_text("Stina")
    expect(svaret).to_contain_text("Stockholm")
    if fonster.get("skript", True):
        expect(svaret).to_be_focused()
    expect(hand.falt("Förnamn")).to_have_count(0)
    assert hand.sida.evaluate(OVERFLOD) <= 0
    hand.valj("Stadsdel", "Bromma")
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.kryssa("Sjukpenning")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text(f"Deltagaren är inregistrerad i Broar {DAGEN}.")).to_be_visible()
    assert sparade(scen.konto) == [("Stina Provholm", "0180", "Bromma")]


@pytest.mark.parametrize("satt", SATT)
def test_spara_utan_hamta_visar_namnet_innan_det_sparas(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    hand.sida.goto(scen.adress)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Personnummer", scen.stina.utskrivet)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.tryck("Spara")

    svaret = hand.sida.get_by_role("group", name="Svar på Hämta")
    expect(svaret).to_contain_text("Inget är sparat än.")
    expect(svaret).to_contain_text("Stina")
    expect(svaret).to_be_in_viewport()
    expect(svaret).to_be_focused()
    assert sparade(scen.konto) == []
    # Stockholm, men ingen stadsdel: det sägs vid fältet innan det sparas
    paminnelse = hand.sida.get_by_text("Den frågas inte vid utregistreringen.")
    expect(paminnelse).to_be_visible()
    hand.valj("Stadsdel", "Bromma")
    if fonster.get("skript", True):
        expect(paminnelse).to_be_hidden()
    assert hand.sida.evaluate(OVERFLOD) <= 0
    hand.tryck("Spara")

    expect(hand.sida.get_by_text(f"Deltagaren är inregistrerad i Broar {DAGEN}.")).to_be_visible()
    assert sparade(scen.konto) == [("Stina Provholm", "0180", "Bromma")]


class Raknare(Tangenter):
    """Räknar stegen: ett per fält, val och knapp."""

    steg = 0

    def skriv(self, etikett, text):
        self.steg += 1
        super().skriv(etikett, text)

    def valj(self, etikett, val):
        self.steg += 1
        super().valj(etikett, val)

    def kryssa(self, etikett, *, grupp=None):
        self.steg += 1
        super().kryssa(etikett, grupp=grupp)

    def tryck(self, namn):
        self.steg += 1
        super().tryck(namn)


def test_hela_inregistreringen_pa_en_sida_med_hogst_tolv_steg(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Raknare(oppna(scen.konto))
    hand.sida.goto(scen.adress)
    hamta(hand, scen.vera.nummer)
    expect(hand.sida.get_by_role("group", name="Svar på Hämta")).to_contain_text("Vera")
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.kryssa("Sjukpenning")
    hand.valj("Tid i offentlig försörjning", "1–2 år")
    hand.valj("Högsta slutförda utbildning", "Gymnasium")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    hand.kryssa("Nej", grupp="Studerar")
    hand.kryssa("Nej", grupp="Aktivt arbetssökande")
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()
    assert hand.steg <= 12
    assert sparade(scen.konto) == [("Vera Provkvist", "1283", None)]


def test_retur_i_personnumret_hamtar_och_retur_efter_hamta_sparar(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.konto)
    hand = Mus(sida)
    sida.goto(scen.adress)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Personnummer", scen.vera.utskrivet)
    sida.keyboard.press("Enter")
    expect(sida.get_by_role("group", name="Svar på Hämta")).to_contain_text("Vera")
    assert sparade(scen.konto) == []

    hand.skriv("Datum för inregistrering", DAGEN)
    sida.keyboard.press("Enter")

    expect(sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()


def test_fyll_i_allt_for_hand_och_spara_utan_hamta(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.konto))
    hand.sida.goto(scen.adress)
    hand.skriv("Personnummer", fabriker.nytt_nummer().utskrivet)
    hand.skriv("Förnamn", "Kim")
    hand.skriv("Efternamn", "Påhittad")
    expect(hand.falt("Stadsdel")).to_be_hidden()
    hand.valj("Folkbokföringskommun", "Göteborg")
    hand.valj("Stadsdel", "Centrum")
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()
    assert sparade(scen.konto) == [("Kim Påhittad", "1480", "Centrum")]


@pytest.mark.parametrize("skript", [True, False])
def test_den_som_har_skydd_visas_inte(oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool):
    sida = oppna(scen.konto, skript=skript)
    hand = Mus(sida)
    sida.goto(scen.adress)
    hand.skriv("Förnamn", "Kanariefågel")

    hamta(hand, scen.skyddad.utskrivet)

    expect(sida.get_by_text("Personen ska registreras som anonym deltagare.")).to_be_visible()
    expect(hand.falt("Personnummer")).to_have_value("")
    expect(hand.falt("Förnamn")).to_have_value("")
    for hemligt in ("Kanariefågel", "Zzyzxsson", scen.skyddad.utskrivet, scen.skyddad.nummer):
        assert hemligt not in sida.content() + sida.url + sida.title()
    hand.folj("Registrera anonyma deltagare i Broar")
    expect(hand.falt("Insats").locator("option:checked")).to_have_text("Broar")


@pytest.mark.parametrize("skript", [True, False])
def test_mattillfalle_oppnar_den_tidigare_registreringen(oppna: Callable[..., Page], scen: SimpleNamespace, skript):
    tidigare = IDAG - timedelta(days=40)
    with transaction.atomic():
        ett = fabriker.inregistrera(scen.insats, scen.konto, nummer=scen.vera, inregistrering=tidigare)
    sida = oppna(scen.konto, skript=skript)
    hand = Mus(sida)
    sida.on("dialog", lambda dialog: pytest.fail(dialog.type))
    sida.goto(scen.adress)
    hamta(hand, scen.vera.utskrivet)
    expect(hand.falt("Mättillfälle").locator("option:checked")).to_have_text("Nyinregistrering")
    if skript:
        expect(hand.knapp("Öppna")).to_be_hidden()

    hand.valj("Mättillfälle", tidigare.isoformat())
    hand.tryck("Öppna")

    sida.wait_for_url(f"**/deltagare/{ett.pk}/ratta/?tillfalle=in")

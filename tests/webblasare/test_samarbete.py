"""Källtextens exempel i webbläsaren: begäran, det första mötet, och det sista mötet som också avslutar (R26, R30)."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.skydd import satt_sammanhang
from deltagare.models import Overgang, Samarbetsuppgift
from insatser.kategorier import Samverkansform
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
    """Två kontor, den som registrerar på FK:s, och en i folkbokföringen."""
    af = fabriker.kontor(Samverkansform.AF, namn="Arbetsförmedlingen Åmål")
    fk = fabriker.kontor(Samverkansform.FK, namn="Försäkringskassan Åmål")
    return SimpleNamespace(
        af=af,
        fk=fk,
        konto=fabriker.deltagaransvarig(fk),
        hos_af=fabriker.deltagaransvarig(af),
        vera=lagg_in(fornamn="Vera", efternamn="Provkvist"),
    )


def medverkan(hand: Mus, nummer: str) -> None:
    hand.sida.goto("/af-fk/registrera/")
    hand.valj("Arbetsförmedling", "Arbetsförmedlingen Åmål")
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Personnummer", nummer)
    hand.tryck("Hämta")
    expect(hand.sida.get_by_role("group", name="Svar på Hämta")).to_contain_text("Provkvist")
    hand.skriv("Begäran om gemensam kartläggning", DAGEN)
    hand.kryssa("Försäkringskassan", grupp="Initierad av")
    hand.tryck("Spara och fortsätt")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text("Situationen direkt före samarbetet")


def overgang(hand: Mus, till: str) -> None:
    hand.folj("Registrera övergång")
    hand.kryssa(till, grupp="Övergång till")
    hand.skriv("Datum för övergången", DAGEN)
    hand.tryck("Spara")


@pytest.mark.parametrize("satt", SATT)
def test_fran_begaran_till_det_sista_motet_som_avslutar(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    sida = hand.sida

    medverkan(hand, scen.vera.utskrivet)
    assert sida.evaluate(OVERFLOD) <= 0
    hand.folj("Fyll i senare")

    overgang(hand, "Gemensam kartläggning")
    expect(sida.get_by_text(f"Övergången till Gemensam kartläggning {DAGEN} är registrerad.")).to_be_visible()
    expect(sida.get_by_role("heading", name="Nästa steg")).to_be_visible()
    assert sida.evaluate(OVERFLOD) <= 0

    # Det sista mötet avslutar också, och uppgifterna före är inte givna: båda frågas på en gång
    overgang(hand, "Avslutat samarbete")
    expect(sida.get_by_role("heading", level=1)).to_have_text("Registrera uppgifter")
    hand.valj("Högsta slutförda utbildning", "Gymnasium")
    hand.tryck("Spara")
    expect(sida.get_by_text("Uppgifterna är sparade.")).to_be_visible()
    assert sida.evaluate(OVERFLOD) <= 0

    with transaction.atomic():
        satt_sammanhang(scen.konto)
        assert list(Overgang.objects.values_list("till", flat=True)) == ["begaran", "gemensam_kartlaggning", "avslutat"]
        givna = Samarbetsuppgift.objects.values_list("tillfalle", "utbildning")
        assert set(givna) == {("fore", "gymnasium"), ("efter", "")}


def test_den_andra_myndighetens_steg_bekraftas(oppna: Callable[..., Page], scen: SimpleNamespace):
    with transaction.atomic():
        samarbete = fabriker.samarbete(scen.af, scen.fk, scen.konto)
    hand = Mus(oppna(scen.hos_af))
    hand.sida.goto(f"/af-fk/{samarbete.pk}/overgang/")
    bekraftelse = hand.sida.get_by_label("Jag registrerar ett steg som Försäkringskassan normalt registrerar")
    expect(bekraftelse).to_be_hidden()
    hand.kryssa("Gemensam kartläggning", grupp="Övergång till")
    hand.skriv("Datum för övergången", DAGEN)
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Försäkringskassan registrerar normalt det steget.").first).to_be_visible()
    hand.kryssa("Jag registrerar ett steg som Försäkringskassan normalt registrerar")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("är registrerad.")).to_be_visible()


def test_orsaken_fragas_bara_nar_samarbetet_avbryts(oppna: Callable[..., Page], scen: SimpleNamespace):
    with transaction.atomic():
        samarbete = fabriker.samarbete(scen.af, scen.fk, scen.konto)
    hand = Tangenter(oppna(scen.konto, matt=SMAL))
    hand.sida.goto(f"/af-fk/{samarbete.pk}/overgang/")
    expect(hand.sida.get_by_role("group", name="Orsak")).to_be_hidden()
    hand.kryssa("Avbrutet samarbete", grupp="Övergång till")
    hand.skriv("Datum för övergången", DAGEN)
    hand.kryssa("Samtycket återtas", grupp="Orsak")
    expect(hand.sida.get_by_text("När samtycket återtas tas namn")).to_be_visible()
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Identiteten är borttagen.").first).to_be_visible()
    expect(hand.sida.get_by_text("Påhittad")).to_have_count(0)


def test_den_som_kommer_tillbaka_registreras_utan_att_numret_star_i_adressen(
    oppna: Callable[..., Page], scen: SimpleNamespace
):
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        samarbete = fabriker.samarbete(scen.af, scen.fk, scen.konto, ("avbrutet", 5), nummer=nummer)
    hand = Mus(oppna(scen.konto))
    hand.sida.goto(f"/af-fk/{samarbete.pk}/")
    hand.tryck("Registrera nytt samarbete")
    expect(hand.falt("Personnummer")).to_have_value(f"{nummer.nummer[:8]}-{nummer.nummer[8:]}")
    expect(hand.falt("Datum för samtycke")).to_have_value("")
    assert hand.sida.url.endswith("/af-fk/registrera/")


def test_tva_myndigheter_pa_en_gang_den_andra_ser_vad_som_hann_fore(oppna: Callable[..., Page], scen: SimpleNamespace):
    with transaction.atomic():
        samarbete = fabriker.samarbete(scen.af, scen.fk, scen.konto, ("gemensam_kartlaggning", 2))
    hos_fk, hos_af = Mus(oppna(scen.konto)), Mus(oppna(scen.hos_af))
    for hand in (hos_fk, hos_af):
        hand.sida.goto(f"/af-fk/{samarbete.pk}/overgang/")
        hand.kryssa("Planerad arbetsförberedande", grupp="Övergång till")
        hand.skriv("Datum för övergången", DAGEN)
    hos_fk.tryck("Spara")
    expect(hos_fk.sida.get_by_text("är registrerad.")).to_be_visible()
    hos_af.kryssa("Jag registrerar ett steg som Försäkringskassan normalt registrerar")
    hos_af.tryck("Spara")
    # Att spara igen ersätter inget: det vore nästa övergång, och så står det
    skillnaden = hos_af.sida.get_by_role(
        "region", name="Samarbetet har ändrats. Spara igen om det du skrev gäller ändå."
    )
    expect(skillnaden).to_contain_text(f"Planerad arbetsförberedande sedan {DAGEN}")
    with transaction.atomic():
        satt_sammanhang(scen.konto)
        assert Overgang.objects.filter(samarbete=samarbete).count() == 3


def test_vem_samarbetet_galler_star_overst_men_inte_i_titeln(oppna: Callable[..., Page], scen: SimpleNamespace):
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        samarbete = fabriker.samarbete(
            scen.af, scen.fk, scen.konto, nummer=nummer, fornamn="Vera", efternamn="Provkvist"
        )
    sida = oppna(scen.konto, matt=SMAL)
    sida.goto(f"/af-fk/{samarbete.pk}/")
    expect(sida.locator(".sus-head")).to_contain_text(f"Vera Provkvist, {nummer.nummer[:8]}-****")
    expect(sida).to_have_title("Samarbete – SUS")
    assert sida.evaluate(OVERFLOD) <= 0

"""Det som användare gör: tillbaka, dubbelklick, två flikar, lämna sidan, bli utloggad, trycka retur (P15, P7)."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from django.db import transaction
from playwright.sync_api import Dialog, Page, expect

from behorighet.models import Anvandare
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Anonym, Deltagande, Volymantal
from insatser.models import Insats
from tests import fabriker
from tests.webblasare.conftest import SMAL, Oppnare
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG, LOSENORD

DAGEN = IDAG.isoformat()


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En egen organisation, en insats av varje slag, och de två som registrerar i dem."""
    org = fabriker.organisation()
    insats = fabriker.insats(org, namn="Broar")
    ansvarig = fabriker.anvandare(password=LOSENORD)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, org)
    return SimpleNamespace(
        org=org,
        insats=insats,
        volym=fabriker.volyminsats(org, startdatum=IDAG - timedelta(days=400)),
        ansvarig=ansvarig,
        deltagaransvarig=fabriker.deltagaransvarig(insats),
        nummer=fabriker.nytt_nummer(),
    )


def fyll_i_insats(hand: Mus, namn: str) -> None:
    hand.sida.goto("/insatser/ny/")
    hand.skriv("Insatsnamn", namn)
    hand.skriv("Startdatum", DAGEN)
    hand.valj("Inriktning", "Individinriktad")
    hand.valj("Preciserad inriktning", "Förebyggande insats")
    hand.kryssa("Personuppgifter/anonym")
    hand.kryssa("Unga")


def fyll_i_deltagare(hand: Mus, nummer: str, *, fornamn: str = "Kim", efternamn: str = "Påhittad") -> None:
    hand.skriv("Personnummer", nummer)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.skriv("Förnamn", fornamn)
    hand.skriv("Efternamn", efternamn)
    hand.valj("Folkbokföringskommun", "Helsingborg")


def deltaganden(konto: Anvandare) -> int:
    with transaction.atomic():
        satt_sammanhang(konto)
        return Deltagande.objects.count()


def test_tillbaka_och_spara_igen_ger_ingen_andra_rad(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.deltagaransvarig))
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    fyll_i_deltagare(hand, scen.nummer.utskrivet)
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()

    hand.sida.go_back()
    fyll_i_deltagare(hand, scen.nummer.utskrivet)
    hand.tryck("Spara")

    expect(hand.sida.locator("#felsammanfattning")).to_be_visible()
    expect(hand.falt("Förnamn")).to_have_value("Kim")
    assert deltaganden(scen.deltagaransvarig) == 1


def test_dubbelklick_pa_spara_ger_en_rad(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.ansvarig)
    hand = Mus(sida)
    fyll_i_insats(hand, "Dubbel")

    hand.knapp("Spara").dblclick()

    expect(sida).to_have_title("Dubbel – SUS")
    expect(sida.get_by_text("Insatsen Dubbel är registrerad.")).to_have_count(1)
    assert Insats.objects.filter(samverkansorganisation=scen.org, namn="Dubbel").count() == 1


def test_tva_flikar_den_andra_far_veta_vad_som_skiljer(oppna: Callable[..., Page], scen: SimpleNamespace):
    forsta = Mus(oppna(scen.ansvarig))
    andra = Mus(forsta.sida.context.new_page())
    for hand in (forsta, andra):
        hand.sida.goto(f"/insatser/{scen.insats.pk}/andra/")
    forsta.skriv("Beskrivning", "Först.")
    forsta.tryck("Spara")
    expect(forsta.sida.get_by_text("Ändringarna är sparade.")).to_be_visible()

    andra.skriv("Beskrivning", "Sist.")
    andra.tryck("Spara")

    rad = andra.sida.get_by_role("row").filter(has_text="Beskrivning")
    expect(rad).to_contain_text("Först.")
    expect(rad).to_contain_text("Sist.")
    expect(andra.falt("Beskrivning")).to_have_value("Sist.")
    andra.tryck("Spara")
    expect(andra.sida.get_by_text("Ändringarna är sparade.")).to_be_visible()


@pytest.mark.parametrize("andra", [True, False])
def test_varning_innan_osparat_gar_forlorat(oppna: Callable[..., Page], scen: SimpleNamespace, andra: bool):
    sida = oppna(scen.ansvarig)
    hand = Mus(sida)
    sida.goto(f"/insatser/{scen.insats.pk}/andra/")
    dialoger = dialoger_pa(sida)
    if andra:
        hand.skriv("Beskrivning", "Skrivet men inte sparat.")

    hand.folj("Avbryt")

    expect(sida).to_have_title("Broar – SUS")
    assert dialoger == (["beforeunload"] if andra else [])


def test_varning_ocksa_efter_att_htmx_bytt_formularet(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.deltagaransvarig)
    hand = Mus(sida)
    sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    dialoger = dialoger_pa(sida)
    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.kryssa("Utregistrering")
    expect(hand.knapp("Hämta")).to_be_visible()

    hand.folj("Avbryt")

    expect(sida.get_by_role("heading", level=1)).to_have_text("Hej Test")
    assert dialoger == ["beforeunload"]


def test_varning_for_tillagda_rader_som_inte_ar_sparade(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.deltagaransvarig)
    hand = Mus(sida)
    sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")
    hand.skriv("Antal män", "4")
    hand.tryck("Lägg till män")
    expect(sida.get_by_text("Inget är sparat än.")).to_be_visible()
    dialoger = dialoger_pa(sida)

    hand.folj("Avbryt")

    expect(sida.get_by_role("heading", level=1)).to_have_text("Hej Test")
    assert dialoger == ["beforeunload"]


def dialoger_pa(sida: Page) -> list[str]:
    """Slagen av dialoger som visas från nu; var och en godtas."""
    visade: list[str] = []

    def godta(dialog: Dialog) -> None:
        visade.append(dialog.type)
        dialog.accept()

    sida.on("dialog", godta)
    return visade


def test_retur_i_ett_textfalt_sparar(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.ansvarig)
    hand = Mus(sida)
    fyll_i_insats(hand, "Med retur")

    hand.falt("Insatsnamn").press("Enter")

    expect(sida.get_by_text("Insatsen Med retur är registrerad.")).to_be_visible()


def test_retur_i_personnumret_hamtar_vid_utregistrering(oppna: Callable[..., Page], scen: SimpleNamespace):
    fabriker_inregistrera(scen)
    sida = oppna(scen.deltagaransvarig)
    hand = Mus(sida)
    sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.kryssa("Utregistrering")
    expect(hand.knapp("Hämta")).to_be_visible()

    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.falt("Personnummer").press("Enter")

    expect(sida.get_by_role("region", name="Utregistrering")).to_contain_text("Kim Påhittad")


def fabriker_inregistrera(scen: SimpleNamespace) -> None:
    with transaction.atomic():
        fabriker.inregistrera(scen.insats, scen.deltagaransvarig, nummer=scen.nummer)


@pytest.mark.parametrize("skript", [True, False])
def test_retur_lagger_till_anonyma_i_faltet_dar_man_star(
    oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool
):
    sida = oppna(scen.deltagaransvarig, skript=skript)
    hand = Mus(sida)
    sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")

    hand.skriv("Antal män", "4")
    hand.falt("Antal män").press("Enter")

    expect(sida.get_by_text("Sammanlagt: 0 kvinnor och 4 män. Inget är sparat än.")).to_be_visible()


@pytest.mark.parametrize("fonster", [{}, {"skript": False}, {"matt": SMAL}], ids=["med skript", "utan skript", "mobil"])
def test_anonyma_flera_rader_och_ta_bort(oppna: Callable[..., Page], scen: SimpleNamespace, fonster: dict):
    sida = oppna(scen.deltagaransvarig, **fonster)
    hand = Mus(sida)
    sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")
    for falt, knapp, antal in (
        ("Antal kvinnor", "Lägg till kvinnor", "3"),
        ("Antal män", "Lägg till män", "2"),
        ("Antal kvinnor", "Lägg till kvinnor", "1"),
    ):
        hand.skriv(falt, antal)
        hand.tryck(knapp)
    expect(sida.get_by_text("Sammanlagt: 4 kvinnor och 2 män. Inget är sparat än.")).to_be_visible()

    hand.tryck("Ta bort 3 kvinnor ur raderna att spara")
    hand.tryck("Spara")

    expect(sida.get_by_text(f"3 anonyma deltagare är registrerade i Broar för {IDAG.year}.")).to_be_visible()
    expect(sida.get_by_role("row").nth(1)).to_have_text(f"{IDAG.year} 1 2")
    hand.folj("Ta bort felregistrerade")
    hand.valj("Registrerade", f"{IDAG.year}, man: 2")
    hand.skriv("Antal att ta bort", "1")
    hand.valj("Anledning", "Fel antal")
    hand.tryck("Ta bort")
    expect(sida.get_by_text(f"1 anonym deltagare är borttagen ur Broar för {IDAG.year}.")).to_be_visible()
    assert set(Anonym.objects.filter(insats=scen.insats).values_list("kon", "antal")) == {("kvinna", 1), ("man", 1)}


@pytest.mark.parametrize(("slag", "fonster"), [(Mus, {"skript": False}), (Tangenter, {})], ids=["mus", "tangenter"])
def test_registrera_antal_fran_startsidan(oppna: Callable[..., Page], scen: SimpleNamespace, slag, fonster: dict):
    hand = slag(oppna(scen.ansvarig, **fonster))
    hand.sida.goto("/")
    hand.folj(f"Registrera antal i {scen.volym.namn}")
    hand.skriv(f"Faktiskt antal {IDAG.year}", "1 250")
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Antalet är sparat.")).to_be_visible()
    assert Volymantal.objects.get(insats=scen.volym).antal == 1250
    expect(hand.sida.get_by_role("region", name="Kategorisering av insats")).to_contain_text("Låst")


def test_last_insats_kan_byta_namn_men_inte_kategori(oppna: Callable[..., Page], scen: SimpleNamespace):
    fabriker_inregistrera(scen)
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto(f"/insatser/{scen.insats.pk}/andra/")
    panel = hand.sida.get_by_role("region", name="Kategorisering av insats")
    expect(panel).to_contain_text("Kategoriseringen går inte att ändra.")
    expect(panel.locator("input, select, button")).to_have_count(0)

    hand.skriv("Insatsnamn", "Broarna")
    hand.tryck("Spara")

    expect(hand.sida).to_have_title("Broarna – SUS")


def test_fragor_som_inte_galler_doljs_och_skickas_inte(oppna: Callable[..., Page], scen: SimpleNamespace):
    fabriker_inregistrera(scen)
    hand = Mus(oppna(scen.deltagaransvarig))
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    andel = hand.falt("Andel av arbete")
    expect(andel).to_be_hidden()
    hand.kryssa("Ja", grupp="Arbetar")
    expect(andel).to_be_visible()
    andel.fill("inte ett tal")
    hand.kryssa("Nej", grupp="Arbetar")
    expect(andel).to_be_hidden()
    expect(andel).to_be_disabled()

    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.kryssa("Utregistrering")
    hand.tryck("Hämta")
    efter = hand.sida.get_by_role("region", name="Situationen efter")
    expect(efter).to_be_visible()
    hand.valj("Avslutningsanledning", "Felregistrering")
    expect(efter).to_be_hidden()
    hand.skriv("Datum för utregistrering", DAGEN)
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Registreringen i Broar är nu en felregistrering.")).to_be_visible()


@pytest.mark.parametrize("skript", [True, False])
@pytest.mark.parametrize("kakor", ["sus_session", None], ids=["sessionen slut", "utloggad i annan flik"])
def test_utloggad_under_tiden_far_tillbaka_det_skrivna(
    oppna: Callable[..., Page], scen: SimpleNamespace, skript: bool, kakor: str | None
):
    sida = oppna(scen.ansvarig, skript=skript)
    hand = Mus(sida)
    sida.goto(f"/insatser/{scen.insats.pk}/andra/")
    hand.skriv("Beskrivning", "En lång text som ingen vill skriva igen.")
    sida.context.clear_cookies(name=kakor)
    hand.tryck("Spara")
    expect(sida.get_by_text("Det du skickade är inte sparat än.")).to_be_visible()

    hand.skriv("Användarnamn", scen.ansvarig.username)
    for losenord in ("fel", LOSENORD):
        hand.skriv("Lösenord", losenord)
        hand.tryck("Logga in")
    expect(sida).to_have_title("Du är inloggad igen – SUS")
    hand.tryck("Fortsätt")

    expect(sida.get_by_text("Ändringarna är sparade.")).to_be_visible()
    expect(sida.get_by_text("En lång text som ingen vill skriva igen.")).to_be_visible()


def test_inloggad_pa_nytt_i_annan_flik_far_tillbaka_det_skrivna(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Mus(oppna(scen.ansvarig))
    hand.sida.goto(f"/insatser/{scen.insats.pk}/andra/")
    hand.skriv("Beskrivning", "En lång text som ingen vill skriva igen.")
    andra = Mus(hand.sida.context.new_page())
    andra.sida.goto("/")
    andra.logga_ut()
    andra.skriv("Användarnamn", scen.ansvarig.username)
    andra.skriv("Lösenord", LOSENORD)
    andra.tryck("Logga in")
    expect(andra.sida.get_by_role("heading", level=1)).to_have_text("Hej Test")

    hand.tryck("Spara")

    expect(hand.sida).to_have_title("Sidan har blivit för gammal – SUS")
    hand.tryck("Fortsätt")
    expect(hand.sida.get_by_text("Ändringarna är sparade.")).to_be_visible()


def test_utloggad_under_tiden_far_veta_det_nar_valen_hamtas(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.ansvarig)
    hand = Mus(sida)
    sida.goto("/insatser/ny/")
    hand.skriv("Insatsnamn", "Påbörjad")
    sida.context.clear_cookies(name="sus_session")

    hand.valj("Inriktning", "Individinriktad")

    expect(sida.get_by_text("Du har blivit utloggad. Det du har skrivit är kvar på sidan")).to_be_visible()
    expect(hand.falt("Insatsnamn")).to_have_value("Påbörjad")


def test_personuppgifter_star_aldrig_i_adress_titel_kaka_eller_filnamn(oppna: Oppnare, scen: SimpleNamespace):
    fornamn, efternamn = "Kanariea", "Gulfjädersson"
    sida = oppna(scen.deltagaransvarig)
    hand = Mus(sida)
    titlar: list[str] = []
    sida.on("load", lambda ny: titlar.append(ny.title()))
    sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    fyll_i_deltagare(hand, scen.nummer.utskrivet, fornamn=fornamn, efternamn=efternamn)
    hand.tryck("Spara")
    expect(sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()
    fyll_i_deltagare(hand, scen.nummer.utskrivet, fornamn=fornamn, efternamn=efternamn)
    hand.tryck("Spara")  # en gång till: ett fel
    expect(sida.locator("#felsammanfattning")).to_be_visible()
    hand.kryssa("Utregistrering")
    hand.tryck("Hämta")
    expect(sida.get_by_text(f"{fornamn} {efternamn}")).to_be_visible()
    hand.skriv("Datum för utregistrering", DAGEN)
    hand.valj("Avslutningsanledning", "Flytt")
    hand.tryck("Spara")
    expect(sida.get_by_text("Deltagaren är utregistrerad")).to_be_visible()
    sida.goto("/rapporter/insats/")
    hand.tryck("Skapa rapport")
    filer = [hand.hamta(namn).suggested_filename for namn in ("PDF", "Excel", "CSV")]

    lagring = sida.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    spar = [
        *(unquote(begaran.url) for begaran in oppna.vakt(sida).begaranden),
        *(f"{kaka['name']}={unquote(kaka['value'])}" for kaka in sida.context.cookies()),
        *titlar,
        *filer,
        lagring,
        sida.content(),
    ]
    nummer = scen.nummer.nummer
    kanarier = (fornamn, efternamn, nummer, nummer[2:], f"{nummer[2:8]}-{nummer[8:]}", scen.nummer.utskrivet)
    assert len(spar) > 20
    assert [text for text in spar for kanarie in kanarier if kanarie.casefold() in text.casefold()] == []

"""Det som görs mer sällan med en registrering: med mus, enbart tangentbord, på mobil och utan skript (P26)."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from deltagare.models import Anonym, Deltagande, Identitet
from deltagare.personnummer import Personnummer, tolka
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import lagg_in
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
    """En insats, den som registrerar i den, och en deltagare med samordningsnummer."""
    with transaction.atomic():
        insats = fabriker.insats(namn="Vägen vidare")
        ansvarig = fabriker.deltagaransvarig(insats)
        fodd = fabriker.nytt_nummer().nummer[:8]
        samordning = tolka(fabriker.personnummer(f"{fodd[:6]}{int(fodd[6:]) + 60}"), idag=IDAG)
        ett = fabriker.inregistrera(insats, ansvarig, nummer=samordning)
    return SimpleNamespace(
        insats=insats, ansvarig=ansvarig, ett=ett, samordning=samordning, sida=f"/deltagare/{ett.pk}/"
    )


def sparat(scen: SimpleNamespace) -> Deltagande:
    with transaction.atomic(), som_agare():
        return Deltagande.objects.get(pk=scen.ett.pk)


def ryms(hand: Mus) -> None:
    assert hand.sida.evaluate(OVERFLOD) <= 0, f"sidan går att rulla i sidled: {hand.sida.title()}"


def valj_fil(hand: Mus, etikett: str, fil: Path) -> None:
    """Öppnar webbläsarens filväljare från fältet och väljer filen."""
    falt = hand.sida.get_by_label(etikett, exact=True)
    with hand.sida.expect_file_chooser() as valjaren:
        if isinstance(hand, Tangenter):
            hand.till(falt)
            hand.sida.keyboard.press("Enter")
        else:
            falt.click()
    valjaren.value.set_files(fil)


def lasta_rader(hand: Mus, tal: list[str]) -> None:
    """Nya, ändrade och oförändrade deltaganden."""
    rad = hand.sida.locator("tr").filter(has=hand.sida.locator("th", has_text=re.compile(r"^\s*Deltaganden\s*$")))
    expect(rad.locator("td")).to_have_text(tal)


@pytest.mark.parametrize("satt", SATT)
def test_byt_samordningsnummer(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    sida, nytt = hand.sida, fabriker.nytt_nummer()
    sida.goto(scen.sida)
    hand.folj("Byt till personnummer")
    expect(sida.get_by_text("Det går inte att ångra. Kontrollera att personnumret")).to_be_visible()
    ryms(hand)
    hand.skriv("Personnummer", scen.samordning.utskrivet)
    hand.tryck("Byt till personnummer")
    expect(sida.locator("#felsammanfattning")).to_contain_text("också ett samordningsnummer")
    ryms(hand)

    hand.skriv("Personnummer", nytt.utskrivet)
    hand.tryck("Byt till personnummer")

    expect(sida.get_by_text("Numret är bytt till personnummer.")).to_be_visible()
    expect(sida.get_by_role("region", name="Personen")).to_contain_text(nytt.maskerat)
    expect(hand.lank("Byt till personnummer")).to_have_count(0)
    assert nytt.nummer not in sida.content()
    ryms(hand)
    person = sparat(scen).person_id
    with transaction.atomic(), som_agare():
        assert Identitet.objects.get(person=person).klartext("personnummer") == nytt.nummer


@pytest.mark.parametrize("satt", SATT)
def test_las_in_deltaganden(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str, tmp_path: Path):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    sida = hand.sida
    tva = [fabriker.nytt_nummer(), fabriker.nytt_nummer()]
    sida.goto("/las-in/deltaganden/")
    ryms(hand)
    hand.valj("Filen innehåller", "Deltaganden")
    valj_fil(hand, "Fil", deltagandefil(scen, tva, tmp_path / "deltaganden.csv"))
    hand.tryck("Granska filen")
    expect(sida).to_have_title("Fel: Granska inläsningen – SUS")
    expect(sida.locator("tr", has_text="deltaganden.csv").locator("td").nth(1)).to_have_text("kommun")
    expect(hand.knapp("Läs in")).to_have_count(0)
    ryms(hand)

    rattad = tmp_path / "rattad.csv"
    hand.hamta("Hämta raderna med fel som en fil").save_as(rattad)
    rattad.write_bytes(rattad.read_bytes().replace(b"9999", b"1283"))
    valj_fil(hand, "Fil med de rättade raderna", rattad)
    hand.tryck("Granska igen")
    expect(sida).to_have_title("Granska inläsningen – SUS")
    lasta_rader(hand, ["2", "0", "0"])
    ryms(hand)
    assert inlasta(scen, tva) == []
    hand.tryck("Läs in")

    expect(sida.get_by_role("heading", name="Inläsningen är klar")).to_be_visible()
    lasta_rader(hand, ["2", "0", "0"])
    ryms(hand)
    assert inlasta(scen, tva) == ["Ada Inläst", "Bea Inläst"]


def deltagandefil(scen: SimpleNamespace, nummer: list[Personnummer], fil: Path) -> Path:
    """Två deltaganden, det andra med en kommun som inte finns."""
    fil.write_text(
        "insats;personnummer;fornamn;efternamn;kommun;samtycke;inregistrering\n"
        f"{scen.insats.nyckel};{nummer[0].utskrivet};Ada;Inläst;1283;2025-03-01;2025-03-01\n"
        f"{scen.insats.nyckel};{nummer[1].utskrivet};Bea;Inläst;9999;2025-03-01;2025-03-01\n",
        encoding="utf-8-sig",
    )
    return fil


def inlasta(scen: SimpleNamespace, nummer: list[Personnummer]) -> list[str]:
    """Namnen på dem som är registrerade i insatsen med något av numren."""
    with transaction.atomic(), som_agare():
        registrerade = Deltagande.objects.filter(insats=scen.insats).values("person_id")
        alla = list(Identitet.objects.filter(person_id__in=registrerade))
        return sorted(ett.namn() for ett in alla if ett.klartext("personnummer") in {en.nummer for en in nummer})


def test_anonyma_registreras_och_tas_bort_med_tangentbord(oppna: Callable[..., Page], scen: SimpleNamespace):
    hand = Tangenter(oppna(scen.ansvarig))
    sida = hand.sida
    sida.goto(f"/deltagare/anonyma/?insats={scen.insats.pk}")
    for kon, antal in (("kvinnor", "3"), ("män", "2"), ("kvinnor", "1")):
        hand.skriv(f"Antal {kon}", antal)
        hand.tryck(f"Lägg till {kon}")
    expect(sida.get_by_text("Sammanlagt: 4 kvinnor och 2 män. Inget är sparat än.")).to_be_visible()
    hand.tryck("Ta bort 3 kvinnor ur raderna att spara")
    expect(sida.get_by_text("Sammanlagt: 1 kvinnor och 2 män. Inget är sparat än.")).to_be_visible()
    hand.tryck("Spara")
    expect(sida.get_by_text(f"3 anonyma deltagare är registrerade i Vägen vidare för {IDAG.year}.")).to_be_visible()

    hand.folj("Ta bort felregistrerade")
    hand.valj("Registrerade", f"{IDAG.year}, man: 2")
    hand.skriv("Antal att ta bort", "1")
    hand.valj("Anledning", "Fel antal")
    hand.tryck("Ta bort")

    expect(sida.get_by_text(f"1 anonym deltagare är borttagen ur Vägen vidare för {IDAG.year}.")).to_be_visible()
    assert set(Anonym.objects.filter(insats=scen.insats).values_list("kon", "antal")) == {("kvinna", 1), ("man", 1)}


@pytest.mark.parametrize("satt", ["utan skript", "tangentbord"])
def test_aterta_samtycket(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    hand.sida.goto(scen.sida)
    expect(hand.sida.get_by_text("Kim Påhittad")).to_be_visible()
    hand.folj("Återtaget samtycke")
    expect(hand.sida.get_by_text("Det går inte att ångra.")).to_be_visible()
    hand.skriv("Datum då samtycket återtogs", "2024-01-01")
    hand.tryck("Återta samtycket")
    expect(hand.sida.locator("#felsammanfattning")).to_be_visible()
    assert sparat(scen).avslutningsanledning == ""
    hand.skriv("Datum då samtycket återtogs", "2025-09-01")
    hand.tryck("Återta samtycket")

    expect(hand.sida.get_by_text("Samtycket är återtaget.")).to_be_visible()
    expect(hand.sida.get_by_text("Kim Påhittad")).to_have_count(0)
    ett = sparat(scen)
    assert (ett.utregistrering, ett.avslutningsanledning) == (date(2025, 9, 1), "atertaget_samtycke")
    assert ett.avidentifierat


@pytest.mark.parametrize("satt", ["utan skript", "tangentbord", "mobil"])
def test_felregistrering_och_tillbaka(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    hand.sida.goto(scen.sida)
    hand.folj("Utregistrera")
    hand.skriv("Datum för utregistrering", "2025-06-01")
    hand.valj("Avslutningsanledning", "Felregistrering")
    ryms(hand)
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Registreringen är en felregistrering och räknas ingenstans.")).to_be_visible()
    assert sparat(scen).felregistrerad
    ryms(hand)

    hand.folj("Ångra utregistreringen")
    expect(hand.sida.get_by_text("Deltagaren blir pågående igen, från samma inregistrering.")).to_be_visible()
    hand.tryck("Ångra utregistreringen")

    expect(hand.sida.get_by_text("Utregistreringen är ångrad. Deltagaren är inregistrerad igen.")).to_be_visible()
    ett = sparat(scen)
    assert (ett.felregistrerad, ett.utregistrering) == (False, None)


@pytest.mark.parametrize("satt", ["tangentbord", "mobil"])
def test_en_tidigare_registrering_rattas_fran_mattillfalle(
    oppna: Callable[..., Page], scen: SimpleNamespace, settings, satt: str
):
    settings.SUS_FOLKBOKFORING = "register"
    vera = lagg_in(fornamn="Vera", efternamn="Provkvist")
    tidigare = IDAG - timedelta(days=40)
    with transaction.atomic():
        scen.ett = fabriker.inregistrera(
            scen.insats,
            scen.ansvarig,
            nummer=vera,
            fornamn="Vera",
            efternamn="Provkvist",
            inregistrering=tidigare,
        )
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.ansvarig, **fonster))
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.skriv("Datum för samtycke", IDAG.isoformat())
    hand.skriv("Personnummer", vera.utskrivet)
    hand.tryck("Hämta")
    expect(hand.sida.get_by_role("group", name="Svar på Hämta")).to_be_focused()
    hand.valj("Mättillfälle", tidigare.isoformat())
    hand.tryck("Öppna")

    expect(hand.falt("Datum för samtycke")).to_have_value(tidigare.isoformat())
    hand.skriv("Datum för samtycke", (tidigare - timedelta(days=1)).isoformat())
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    ryms(hand)
    hand.tryck("Spara")

    expect(hand.sida.get_by_text("Inregistreringen är rättad.")).to_be_visible()
    ett = sparat(scen)
    assert (ett.samtycke, ett.arbete_fore) == (tidigare - timedelta(days=1), 25)

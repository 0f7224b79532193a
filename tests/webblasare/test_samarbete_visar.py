"""Af/FK-samarbetets listor, tidslinje och matris i webbläsaren: med och utan skript, med tangenter, på mobil."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.models import Handelse
from behorighet.roller import Roll
from deltagare.models import Overgangsregel
from deltagare.overgangar import Insatstyp
from insatser.kategorier import Samverkansform
from tests import fabriker
from tests.databas import som_agare
from tests.webblasare.conftest import SMAL
from tests.webblasare.test_visa_deltagare import OVERFLOD, SATT
from tests.webblasare.varld import IDAG

GK = Insatstyp.GEMENSAM_KARTLAGGNING


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """Ett kontor med tre deltagare: en som har väntat länge, en aktiv och en som är avslutad."""
    with transaction.atomic():
        af, fk = fabriker.kontor(Samverkansform.AF, namn="Af Lund"), fabriker.kontor(Samverkansform.FK, namn="FK Lund")
        konto, vera = fabriker.deltagaransvarig(fk), fabriker.nytt_nummer()
        ett = fabriker.samarbete(
            af, fk, konto, fornamn="Vera", efternamn="Vik", nummer=vera, datum=IDAG - timedelta(days=45)
        )
        dag = IDAG - timedelta(days=90)
        fabriker.samarbete(af, fk, konto, (GK, 20), fornamn="Åke", efternamn="Åkesson", datum=dag)
        slutet = (Insatstyp.AVSLUTAT, 40)
        fabriker.samarbete(af, fk, konto, (GK, 20), slutet, fornamn="Kim", efternamn="Bo", datum=dag)
    return SimpleNamespace(konto=konto, vera=vera, ett=ett)


def namnen(sida: Page) -> list[str]:
    return sida.locator("#samarbetslista tbody th").all_inner_texts()


@pytest.mark.parametrize("satt", SATT)
def test_vem_som_vantar_och_vagen_dit(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, fonster = SATT[satt]
    hand = slag(oppna(scen.konto, **fonster))
    sida = hand.sida
    sida.goto("/af-fk/")
    # Den som väntar står före den aktiva, fast den aktiva har varit längre i sin insatstyp
    assert namnen(sida) == ["Vik, Vera", "Åkesson, Åke"]
    assert sida.evaluate(OVERFLOD) <= 0
    hand.valj("Form", "I väntan på aktivitet")
    hand.tryck("Sök")
    expect(sida.locator("#samarbetslista tbody th")).to_have_text("Vik, Vera")
    assert "form=vantar" in sida.url
    hand.tryck("Visa hela personnumret för Vik, Vera")
    expect(sida.get_by_text(scen.vera.utskrivet)).to_be_visible()
    assert scen.vera.nummer not in sida.url
    assert Handelse.objects.filter(typ="personnummer_visat", person_id=scen.ett.person_id).count() == 1

    sida.goto("/af-fk/?status=avslutade")
    hand.folj("Bo, Kim")
    tabellen = sida.locator(".samarbete-vag__tabell")
    expect(tabellen.locator("tbody tr")).to_have_count(3)
    expect(sida.locator(".samarbete-vag__summa")).to_contain_text("efter 40 dagar, varav 20 i väntan")
    for stapel in tabellen.locator("tbody .samarbete-stapel__ruta").all():
        ram, ruta = tabellen.bounding_box(), stapel.bounding_box()
        assert ruta["width"] > 1
        assert ram["x"] <= ruta["x"]
        assert ruta["x"] + ruta["width"] <= ram["x"] + ram["width"] + 1
    assert sida.evaluate(OVERFLOD) <= 0


def test_att_gora_leder_till_de_som_vantat_langst(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.konto)
    sida.goto("/")
    sida.get_by_role("link", name="Deltagare som har väntat i över 30 dagar").click()
    expect(sida.locator("#samarbetslista tbody th")).to_have_text("Vik, Vera")


@pytest.mark.parametrize("satt", SATT)
def test_en_overgang_stangs_i_matrisen(oppna: Callable[..., Page], webbserver_modul: str, satt: str):
    slag, fonster = SATT[satt]
    with transaction.atomic():
        konto = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
        with som_agare():
            Overgangsregel.objects.filter(fran="begaran", till=GK).update(oppen=True, version=1)
    hand = slag(oppna(konto, **fonster))
    sida = hand.sida
    sida.goto("/administration/overgangar/")
    assert sida.evaluate(OVERFLOD) <= 0
    hand.folj("Öppen från Begäran om gemensam kartläggning till Gemensam kartläggning, ändra")
    hand.kryssa("Stängd", grupp="Övergången är")
    hand.tryck("Spara")
    expect(sida.get_by_text("Övergången är ändrad.")).to_be_visible()
    expect(sida.get_by_text("1 ruta är ändrad sedan SUS togs i bruk")).to_be_visible()
    namn = re.compile("^Stängd från Begäran om gemensam kartläggning till Gemensam kartläggning")
    expect(sida.get_by_role("link", name=namn)).to_be_visible()
    with transaction.atomic(), som_agare():
        assert not Overgangsregel.objects.get(fran="begaran", till=GK).oppen
        Overgangsregel.objects.filter(fran="begaran", till=GK).update(oppen=True)


def test_tidslinjen_i_utskrift_och_pa_mobil(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.konto, matt=SMAL)
    sida.goto(f"/af-fk/{scen.ett.pk}/")
    assert sida.evaluate(OVERFLOD) <= 0
    sida.emulate_media(media="print")
    expect(sida.locator(".samarbete-stapel").first).to_be_visible()

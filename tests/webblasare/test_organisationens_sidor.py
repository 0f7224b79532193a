"""Samverkansadministratören beskriver sin organisation och för dess budget: på mobil, utan skript, med tangentbord."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction
from playwright.sync_api import Dialog, Page, expect

from behorighet.models import Organisation
from behorighet.roller import Roll
from insatser.organisationsbudget import organisationsar
from tests import fabriker
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus, Tangenter
from tests.webblasare.varld import IDAG, LOSENORD


@pytest.fixture
def scen(webbserver_modul: str) -> SimpleNamespace:
    """En organisation med rätt kontrollsiffra, dess samverkansadministratör, och en part att välja."""
    with transaction.atomic():
        nio = f"222000{fabriker.organisation().pk % 1000:03}"
        org = fabriker.organisation(organisationsnummer=f"{nio[:6]}-{nio[6:]}{fabriker.kontrollsiffra(nio)}")
        konto = fabriker.anvandare(password=LOSENORD)
        fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
        part = Organisation.objects.create(namn=f"Region {org.pk}", typ="region")
    return SimpleNamespace(org=org, konto=konto, part=part)


SATT = {
    "utan skript": (Mus, BRED, False),
    "tangentbord": (Tangenter, BRED, True),
    "mobil": (Mus, SMAL, True),
    "mobil utan skript": (Mus, SMAL, False),
}


@pytest.mark.parametrize("satt", SATT)
def test_hela_beskrivningen_och_budgeten(oppna: Callable[..., Page], scen: SimpleNamespace, satt: str):
    slag, matt, skript = SATT[satt]
    hand = slag(oppna(scen.konto, matt=matt, skript=skript))
    sida, sektion = hand.sida, lambda id_: hand.sida.locator(f"#{id_}")
    sida.goto(scen.org.get_absolute_url())

    hand.folj("Ändra", i=sida.locator(".sus-head"))
    hand.skriv("Postnummer", "12345")
    hand.skriv("Kontaktperson", "Kim Ek")
    hand.tryck("Spara")
    expect(sektion("kontakt")).to_contain_text("123 45")

    hand.folj("Välj kommun, stadsdel")
    hand.skriv("Kommunnamn", "göte*")
    hand.tryck("Sök")
    hand.kryssa("Hisingen")
    hand.kryssa("Götene")
    hand.tryck("Lägg till")
    expect(sida.get_by_text("3 tillagda.")).to_be_visible()
    hand.tryck("Ta bort Götene")
    expect(sida.get_by_text("Borttagen ur området.")).to_be_visible()
    hand.folj("Tillbaka")
    expect(sektion("omrade")).to_contain_text("Hisingen")

    hand.folj("Lägg till bland ingående organisationer")
    hand.skriv("Namn", scen.part.namn)
    hand.tryck("Sök")
    hand.folj(f"Välj {scen.part.namn}")
    hand.kryssa("Finansierar")
    hand.tryck("Spara")
    expect(sektion("ingaende")).to_contain_text(scen.part.namn)

    hand.folj("Budget")
    hand.folj("Ändra budget")
    hand.valj("Finansiär/Organisation", scen.part.namn)
    hand.skriv("Finansiering", "1 200 000")
    hand.tryck("Lägg till kostnad")
    # Den nya raden har fokus; den tomma före den räknas inte.
    expect(sida.get_by_label("Kostnadstyp").last).to_be_focused()
    hand.tryck("Ta bort Kostnad 1")
    hand.valj("Kostnadstyp", "Personal")
    hand.skriv("Budget", "200000")
    hand.skriv("Utfall", "-1")
    if skript:
        sida.keyboard.press("Enter")  # retur sparar, tar inte bort en rad
    else:
        hand.tryck("Spara")
    expect(sida.get_by_text(f"Budgeten för {IDAG.year} är sparad.")).to_be_visible()

    aret = organisationsar(scen.org, IDAG.year)
    assert (aret.finansierat, *aret.administration) == (1_200_000, 200_000, -1)
    expect(sektion("sammanstallning")).to_contain_text("200 001")


def test_osparad_budget_varnar(oppna: Callable[..., Page], scen: SimpleNamespace):
    sida = oppna(scen.konto)
    sida.goto(f"/samverkansorganisationer/{scen.org.pk}/budget/{IDAG.year}/andra/")
    varningar: list[str] = []

    def stanna(dialog: Dialog) -> None:
        varningar.append(dialog.type)
        dialog.accept()

    sida.on("dialog", stanna)
    sida.get_by_role("button", name="Lägg till finansiering").click()
    expect(sida.get_by_label("Finansiering", exact=True)).to_have_count(2)
    assert varningar == []

    sida.get_by_role("link", name="Avbryt").click()
    expect(sida.get_by_role("heading", level=1)).to_contain_text(f"Budget {IDAG.year}")
    assert varningar == ["beforeunload"]

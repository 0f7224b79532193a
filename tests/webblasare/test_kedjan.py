"""Hela kedjan i webbläsaren: från en systemadministratör och en tom organisation till den första deltagaren.

Var och en gör sitt på sidorna, med tvåstegsinloggning där rollen kräver det. Inget läggs till vid sidan av.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from behorighet.models import Anvandare
from behorighet.roller import Roll
from deltagare.models import Deltagande
from insatser.models import Insats, Uppdrag
from tests import fabriker
from tests.andra_steget import LOSENORD, kod
from tests.databas import som_agare
from tests.webblasare.hand import Mus
from tests.webblasare.test_hela_vagen import inregistrera, menyval, registrera_insats

pytestmark = pytest.mark.usefixtures("tva_steg_kravs")


@dataclass
class Vem:
    """En som arbetar i SUS. `app` är hemligheten i autentiseringsappen, när den har en."""

    fornamn: str
    efternamn: str
    username: str
    app: str = ""


def test_fran_systemadministrator_till_forsta_deltagaren(oppna: Callable[..., Page]):
    hand = Mus(oppna())
    nr = fabriker.nytt_nummer()
    kommun, forbund = f"Exempelkommunen {nr.nummer[-4:]}", f"Samordningsförbundet Kedjan {nr.nummer[-4:]}"
    sten, bea, sam, inga, dag = (
        Vem(fornamn, efternamn, f"{fornamn.lower()}{nr.nummer[-4:]}")
        for fornamn, efternamn in [
            ("Sten", "System"),
            ("Bea", "Beställare"),
            ("Sam", "Verkan"),
            ("Inga", "Insats"),
            ("Dag", "Deltagare"),
        ]
    )
    fabriker.anvandare(
        Roll.SYSTEMADMINISTRATOR,
        username=sten.username,
        password=LOSENORD,
        fornamn=sten.fornamn,
        efternamn=sten.efternamn,
    )

    logga_in(hand, sten, forsta=True)
    registrera_organisation(hand, kommun)
    lank = bestall(hand, bea, "Beställare", lank="Beställ behörighet")
    registrera_samverkansorganisation(hand, forbund)
    logga_ut(hand)

    valj_losenord(hand, lank)
    logga_in(hand, bea, forsta=True)
    lankar = {}
    for vem, roll in [(sam, "Samverkansadministratör"), (inga, "Insatsansvarig"), (dag, "Deltagaransvarig")]:
        menyval(hand, "Användare", "Behörigheter")
        lankar[vem.username] = bestall(hand, vem, roll, lank="Beställ behörighet")
    logga_ut(hand)

    logga_in(hand, sten)
    oppna_organisationen(hand, forbund)
    ge_uppdrag(hand, "Samverkansadministratörer", sam)
    logga_ut(hand)

    valj_losenord(hand, lankar[sam.username])
    logga_in(hand, sam)
    oppna_organisationen(hand, forbund)
    ge_uppdrag(hand, "Insatsansvariga", inga)
    logga_ut(hand)

    valj_losenord(hand, lankar[inga.username])
    logga_in(hand, inga)
    registrera_insats(hand, skript=True)
    ge_uppdrag(hand, "Deltagaransvariga för insatsen", dag)
    logga_ut(hand)

    valj_losenord(hand, lankar[dag.username])
    logga_in(hand, dag, forsta=True)
    inregistrera(hand, nr.utskrivet)
    logga_ut(hand)

    insats = Insats.objects.get(samverkansorganisation__namn=forbund)
    kedjan = Uppdrag.objects.filter(behorighet__anvandare__username__in=[sam.username, inga.username, dag.username])
    assert set(kedjan.values_list("behorighet__roll", "given_av__username")) == {
        (Roll.SAMVERKANSADMINISTRATOR, sten.username),
        (Roll.INSATSANSVARIG, sam.username),
        (Roll.DELTAGARANSVARIG, inga.username),
    }
    with som_agare():
        assert Deltagande.objects.filter(insats=insats).count() == 1
    assert Anvandare.objects.get(username=dag.username).arbetsgivare.namn == kommun


def logga_ut(hand: Mus) -> None:
    hand.logga_ut()
    expect(hand.sida).to_have_title("Logga in – SUS")


def logga_in(hand: Mus, vem: Vem, *, forsta: bool = False) -> None:
    """Med lösenordet, och koden ur appen; `forsta` gången kopplas appen först."""
    hand.sida.goto("/")
    hand.skriv("Användarnamn", vem.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    if forsta:
        hand.folj("Lägg till app")
        vem.app = hand.sida.locator("code").inner_text().replace(" ", "")
        hand.skriv("Kod ur appen", kod(vem.app))
        hand.tryck("Lägg till appen")
        hand.folj("Jag har sparat koderna")
    elif vem.app:
        # Den förra koden är förbrukad: nästa gäller redan, en halv minut för tidigt.
        hand.skriv("Kod", kod(vem.app, steg=1))
        hand.tryck("Logga in")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(f"Hej {vem.fornamn}")


def valj_losenord(hand: Mus, lank: str) -> None:
    """Engångslänken leder till att välja lösenord, och sedan till inloggningen."""
    delar = urlsplit(lank)
    hand.sida.goto(delar.path)
    hand.skriv("Nytt lösenord", LOSENORD)
    hand.skriv("Nytt lösenord igen", LOSENORD)
    hand.tryck("Spara")
    expect(hand.sida).to_have_title("Logga in – SUS")


def organisationsnummer(borjan: str, namn: str) -> str:
    """Ett giltigt nummer med namnets fyra sista siffror."""
    nio = borjan + namn[-4:]
    return f"{nio[:6]}-{nio[6:]}{fabriker.kontrollsiffra(nio)}"


def registrera_organisation(hand: Mus, namn: str) -> None:
    menyval(hand, "Administration", "Organisationer")
    hand.folj("Registrera organisation")
    hand.skriv("Namn", namn)
    hand.skriv("Organisationsnummer", organisationsnummer("21200", namn))
    hand.valj("Typ", "Kommun")
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(namn)


def bestall(hand: Mus, vem: Vem, roll: str, *, lank: str) -> str:
    """Beställer rollen åt en som saknar konto. Returnerar engångslänken."""
    hand.folj(lank, i=hand.sida.get_by_role("main"))
    hand.skriv("Förnamn", vem.fornamn)
    hand.skriv("Efternamn", vem.efternamn)
    hand.skriv("Användarnamn", vem.username)
    hand.kryssa(roll)
    hand.tryck("Spara")
    return hand.sida.locator("#lank").inner_text()


def registrera_samverkansorganisation(hand: Mus, namn: str) -> None:
    menyval(hand, "Registrera samverkansorganisation", "Registrera samverkansorganisation")
    hand.skriv("Namn", namn)
    hand.skriv("Organisationsnummer", organisationsnummer("22200", namn))
    hand.valj("Samverkansform", "Finsam")
    hand.skriv("Startdatum", "2020-01-01")
    hand.oppna_lada("Skåne län")
    hand.kryssa("Helsingborg")
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(namn)


def oppna_organisationen(hand: Mus, namn: str) -> None:
    menyval(hand, "Sök samverkansorganisation", "Sök samverkansorganisation")
    hand.skriv("Namn", namn)
    hand.tryck("Sök")
    hand.folj(namn, i=hand.sida.get_by_role("main"))
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(namn)


def ge_uppdrag(hand: Mus, panel: str, vem: Vem) -> None:
    """*Lägg till* i panelen, *Välj användare*, och från och med i dag."""
    hand.folj(f"Lägg till bland {panel.lower()}")
    hand.skriv("Efternamn", vem.efternamn)
    hand.tryck("Sök")
    rad = hand.sida.get_by_role("row").filter(has_text=f"{vem.fornamn} {vem.efternamn}").last
    hand.folj(re.compile("^Välj"), i=rad)
    hand.tryck("Spara")
    rad = hand.sida.get_by_role("region", name=panel).get_by_role("row", name=f"{vem.fornamn} {vem.efternamn}")
    expect(rad).to_contain_text("Gäller")

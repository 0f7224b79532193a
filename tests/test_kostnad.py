"""Antalet frågor till databasen: högst 12 för att visa ett formulär och 20 för att spara det (`prestanda.md` 5).

Räknas gör det som frågar eller skriver. BEGIN, COMMIT och sparpunkterna, som ramar in det, räknas inte.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Organisation
from behorighet.roller import RATTIGHETER, Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Svar
from sus.vem_far_vad import RADER, Metod, Rackvidd
from tests import fabriker
from tests.test_lackor import Formular, text
from tests.test_vem_far_vad import UPPDRAGSROLLER, adress, angrat, roll_hos, sida

pytestmark = pytest.mark.django_db

VISA, SPARA = 12, 20
RAMAR = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")


class Antal:
    """Det uppmätta."""

    fragor = 0


@contextmanager
def raknat() -> Iterator[Antal]:
    """Räknar frågorna därinne, utan transaktionens ramar."""
    antal = Antal()
    with CaptureQueriesContext(connection) as fangade:
        yield antal
    antal.fragor = sum(not fraga["sql"].startswith(RAMAR) for fraga in fangade.captured_queries)


def nar(rad: Any) -> Roll | None:
    """En roll som når sidan; None där ingen roll krävs."""
    return next((roll for roll in Roll if rad.rattighet in RATTIGHETER[roll]), None)


FORMULAR = [
    rad.namn
    for rad in RADER.values()
    if rad.metod == Metod.BADA and rad.mal.rackvidd not in {Rackvidd.OPPEN, Rackvidd.EGET}
]


@pytest.mark.parametrize("namn", FORMULAR)
def test_varje_formular_visas_med_fa_fragor(namn):
    rad, egen = RADER[namn], sida("Ett")
    roll = nar(rad)
    klient = Client()
    klient.force_login(
        roll_hos(roll, egen, uppdrag=roll in UPPDRAGSROLLER)
        if roll
        else fabriker.anvandare(arbetsgivare=egen.arbetsgivare)
    )
    plats = adress(rad, egen)
    with raknat() as antal, angrat():
        assert klient.get(plats).status_code in {200, 302}

    assert antal.fragor <= VISA


IDAG = timezone.localdate().isoformat()
KONTO = {"username": "asa.ny", "fornamn": "Åsa", "efternamn": "Ny", "epost": "", "fran": IDAG}
AVSLUTA = {"nu": "1", "till": IDAG, "avsluta": "Avsluta"}
KATEGORI = {
    "namn": "Nya vägar",
    "startdatum": "2025-01-01",
    "inriktning": "individ",
    "preciserad_inriktning": "forberedande",
    "deltagarregistrering": "personuppgifter",
    "malgrupper": "ej_tillampliga",
}
FRAGA = {
    "namn": "Väntetid",
    "text": "Hur länge?",
    "svarstyp": "fritext",
    "tillfalle": "in",
    "fran": IDAG,
    "bekraftat": "on",
}
# Det som fylls i på varje formulär, utöver det som sidan själv föreslår.
IFYLLT: dict[str, dict[str, Any]] = {
    "uppdrag:ny_organisation": {
        "namn": "Ån", "organisationsnummer": "222000-0018", "samverkansform": "finsam", "startdatum": "2025-01-01",
        "kommuner": "1283",
    },
    "uppdrag:andra_organisation": {"namn": "Älven", "organisationsnummer": "222000-0018"},
    "uppdrag:ge_i_organisation": {"fran": IDAG},
    "uppdrag:ge_forsta": {"fran": IDAG},
    "uppdrag:ge_pa_insats": {"fran": IDAG},
    "uppdrag:ge_pa_kontor": {"fran": IDAG},
    "uppdrag:avsluta_i_organisation": AVSLUTA,
    "uppdrag:avsluta_pa_insats": AVSLUTA,
    "uppdrag:avsluta_behorighet": AVSLUTA,
    "insatser:ny": KATEGORI,
    "insatser:andra": {**KATEGORI, "beskrivning": "Ny text"},
    "insatser:kopiera": KATEGORI,
    "insatser:ta_bort": {},
    "insatser:ta_bort_budgetrader": {},
    "insatser:andra_budget": {"planerat_antal": "10", "spara": "Spara"},
    "deltagare:antal": {f"antal_{IDAG[:4]}": "7"},
    "deltagare:registrera": {
        "registrering": "in", "personnummer": fabriker.personnummer(nr=1), "samtycke": "2025-03-01",
        "inregistrering": "2025-03-01", "fornamn": "Kim", "efternamn": "Påhittad", "kommun": "1283",
        "forsorjning_fore": "ingen", "stadsdel": "", "arbetar_fore": "nej", "studerar_fore": "nej",
        "arbetstyp_fore": [],
    },
    "deltagare:anonyma": {"antal_kvinnor": "3", "ar": IDAG[:4], "spara": "Spara"},
    "fragor:ny": FRAGA,
    "bestall_behorighet": {**KONTO, "roller": "insatsansvarig"},
    "bestall_behorighet_at": {"fran": IDAG, "roller": "insatsansvarig"},
    "ny_organisation": {"namn": "Kommunen Tre", "typ": "kommun", "organisationsnummer": "212000-0142"},
    "ny_bestallare": {**KONTO, "roller": "bestallare"},
    "bestallare_at": {"fran": IDAG, "roller": "bestallare"},
    "avsluta_bestallare": AVSLUTA,
    "ny_lank": {},
    "ny_bestallares_lank": {},
    "nollstall_tva_steg": {},
    "kodverk:ny": {"kod": "ny_kod", "etikett": "Ny kod", "ordning": "99", "giltig_fran": IDAG},
    "kodverk:andra": {"etikett": "Ny text"},
}  # fmt: skip


@pytest.mark.parametrize("namn", IFYLLT)
def test_varje_formular_sparas_med_fa_fragor(namn):
    rad, egen = RADER[namn], sida("Ett")
    roll = nar(rad)
    klient = Client()
    klient.force_login(roll_hos(roll, egen, uppdrag=roll in UPPDRAGSROLLER))
    plats = adress(rad, egen)
    formular = [
        falt for metod, falt in Formular(text(klient.get(plats))).formular if metod == "post" and "token" in falt
    ]
    falt = formular[-1] if formular else {}
    falt = {ett: varde for ett, varde in falt.items() if ett not in {"uppdatera", "lagg_till", "stryk", "kopiera"}}
    if "insats" in falt:
        falt["insats"] = str(egen.insats.pk)

    with raknat() as antal:
        svar = klient.post(plats, {**falt, **IFYLLT[namn]})

    assert svar.status_code == 302
    assert antal.fragor <= SPARA


def test_utregistrering_med_fa_fragor(client):
    insats = fabriker.insats()
    konto, nummer = fabriker.deltagaransvarig(insats), fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, konto, nummer=nummer)
    client.force_login(konto)
    ut = {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut"}
    adressen = reverse("deltagare:registrera")

    with raknat() as hamta:
        assert client.post(adressen, {**ut, "hamta": "1"}).status_code == 200
    sparas = {"deltagande": deltagande.pk, "version": 1, "token": str(uuid4()), "spara": "1"}
    svar = {"utregistrering": "2025-06-01", "avslutningsanledning": "fullfoljd", "forsorjning_efter": "ingen"}
    with raknat() as spara:
        assert client.post(adressen, {**ut, **sparas, **svar}).status_code == 302

    assert (hamta.fragor <= VISA, spara.fragor <= SPARA) == (True, True)


def test_rattelse_av_allt_med_fa_fragor(client):
    """Ett svar töms, ett ändras och ett är nytt; dagarna, samtycket och kommunen ändras också, och det varnas om."""
    insats = fabriker.insats(startdatum=date(2019, 1, 1))
    konto = fabriker.deltagaransvarig(insats)
    tomt, andrat, nytt = (fabriker.fraga(insats.samverkansorganisation, "tal", fran=date(2019, 1, 1)) for _ in range(3))
    ett = fabriker.inregistrera(insats, konto, svar=[(tomt, Decimal(3)), (andrat, Decimal(4))])
    client.force_login(konto)
    plats = reverse("deltagare:ratta", args=[ett.pk])
    with raknat() as visa:
        form = client.get(plats).context["form"]
    sparas = {falt.html_name: falt.value() for falt in form if falt.value() not in (None, False)}
    svar = {f"fraga_{fraga.pk}_in": varde for fraga, varde in ((tomt, ""), (andrat, "5"), (nytt, "6"))}
    dagar = {"inregistrering": "2025-02-27", "samtycke": "2025-02-26", "samtycke_arkiverat": "2025-03-02"}
    with raknat() as spara:
        klar = client.post(plats, {**sparas, **svar, **dagar, "kommun": "0180"})

    assert klar.status_code == 302
    satt_sammanhang(konto)
    assert list(Svar.objects.order_by("fraga").values_list("fraga", "tal")) == [(andrat.pk, 5), (nytt.pk, 6)]
    assert (visa.fragor <= VISA, spara.fragor <= SPARA) == (True, True), (visa.fragor, spara.fragor)


LISTOR = [rad.namn for rad in RADER.values() if rad.metod == Metod.GET and rad.vad.startswith(("Söka", "Visa person"))]


@pytest.mark.parametrize("namn", LISTOR)
def test_listan_har_lika_manga_fragor_med_en_rad_och_hundra(namn):
    egen, klient = sida("Ett"), Client()
    klient.force_login(roll_hos(nar(RADER[namn]), egen, uppdrag=False))
    klient.get(adress(RADER[namn], egen))  # sessionens första anrop skriver den
    utfall = []
    for fler in (0, 100):
        for nummer in range(fler):
            fabriker.insats(egen.org)
            fabriker.anvandare(Roll.SUS_RAPPORT, arbetsgivare=egen.arbetsgivare)
            Organisation.objects.create(namn=f"Kommun {nummer}", typ="kommun")
        for _ in range(fler):
            fabriker.organisation()
        with raknat() as antal:
            assert klient.get(adress(RADER[namn], egen)).status_code == 200
        utfall.append(antal.fragor)

    assert utfall[0] == utfall[1] <= VISA

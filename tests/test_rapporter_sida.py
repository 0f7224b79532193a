"""Sidan Insatsrapport: urvalsbild, resultat, filer och fel."""

import json
import sys
from datetime import date

import pytest
from django.urls import reverse
from lxml import html

from behorighet.roller import Roll
from rapporter import fragor
from rapporter.renderare import pdf
from tests import fabriker
from tests.test_rapporter_renderare import UtanPango

pytestmark = pytest.mark.django_db
ADRESS = "/rapporter/insats/"
URVAL = "fran=2025-01&till=2025-12"


@pytest.fixture
def inloggad(client):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    return client


def dokument(svar):
    return html.fromstring(svar.content.decode())


def hitta(del_, tagg, **attribut):
    """Elementen i ordning. `klass_` är ett av klassnamnen; andra attribut har värdet, eller finns (True)."""
    villkor = [f"contains(concat(' ', @class, ' '), ' {attribut.pop('klass_')} ')"] if "klass_" in attribut else []
    villkor += [f"@{namn}" if varde is True else f"@{namn}='{varde}'" for namn, varde in attribut.items()]
    return del_.xpath(f".//{tagg}" + "".join(f"[{ett}]" for ett in villkor))


def rader(sidan):
    return hitta(hitta(sidan, "tbody")[0], "tr")


def felrader(svar):
    [ruta] = hitta(dokument(svar), "div", id="felsammanfattning")
    return [rad.text_content().strip() for rad in hitta(ruta, "li")]


@pytest.mark.parametrize("roll", list(Roll))
def test_varje_roll_far_lasa_rapporten(client, roll):
    client.force_login(fabriker.anvandare(roll))
    assert client.get(f"{ADRESS}?{URVAL}&visa=1").status_code == 200


def test_utan_roll_visas_ingen_rapport(client):
    client.force_login(fabriker.anvandare())
    assert client.get(f"{ADRESS}?{URVAL}&visa=1").status_code == 403


def test_utan_inloggning_leder_den_till_inloggningen(client):
    assert client.get(ADRESS).headers["Location"].startswith("/logga-in/")


def test_andra_metoder_an_get_avvisas(inloggad):
    assert inloggad.post(ADRESS).status_code == 405


def test_urvalsbilden_har_alla_urval_och_alla_variabler_valda(inloggad):
    sidan = dokument(inloggad.get(ADRESS))
    assert len(hitta(sidan, "input", name="lan")) == 21
    assert len(hitta(sidan, "input", name="kommun")) == 290
    assert len(hitta(sidan, "input", name="variabler", checked=True)) == 19
    assert len(hitta(sidan, "input", name="preciserad")) == 10
    assert len(hitta(sidan, "input", name="malgrupp")) == 10
    assert [
        knapp.text_content() for knapp in hitta(hitta(sidan, "form", id="urval")[0], "button", klass_="button")
    ] == [
        "Uppdatera val",  # bara utan skript
        "Skapa rapport",
        "PDF",
        "Excel",
        "CSV",
        "Spara urvalet",
    ]


@pytest.mark.parametrize("antal", [1, 3])
def test_sidan_har_konstant_antal_fragor(inloggad, django_assert_num_queries, antal):
    org = fabriker.organisation()
    for _ in range(antal):
        fabriker.insats(org)
    # Rapporten tar fyra, med diagrammet. Resten: session, användare, roller, sammanhang, organisationer att välja,
    # transaktionerna.
    with django_assert_num_queries(13):
        svar = inloggad.get(f"{ADRESS}?{URVAL}&visa=1")
    assert len(svar.context["rapport"].rader) == antal


def test_resultatet_visar_urval_tabell_och_insatsens_beskrivning(inloggad):
    insats = fabriker.insats(fabriker.organisation(namn="Ängens <b>förbund</b>"), beskrivning="Rad 1\n<script>")
    sidan = dokument(inloggad.get(f"{ADRESS}?fran=2025-02&till=2025-12&visa=1"))
    assert hitta(sidan, "h1")[0].text_content() == "Insatsrapport 2025-02 – 2025-12"
    assert "2025-02 – 2025-12" in hitta(sidan, "section", klass_="sus-urval")[0].text_content()
    assert len(hitta(sidan, "div", klass_="sus-ruta--varning")) == 2
    rad = hitta(hitta(sidan, "tbody")[0], "tr")[0]
    assert hitta(rad, "summary")[0].text_content() == insats.namn
    assert "Rad 1\n<script>" in hitta(rad, "details")[0].text_content()
    assert hitta(rad, "a")[0].get("href") == reverse("insatser:insats", args=[insats.pk])
    assert "Ängens <b>förbund</b>" in rad.text_content()
    rubriker = [cell.text_content() for cell in hitta(hitta(sidan, "thead")[0], "th")]
    assert rubriker[0] == "Insats"
    assert rubriker[9] == "Antal deltagare vald period"
    assert rubriker[14] == "Antal pågående deltagare i dag"
    assert hitta(hitta(sidan, "tfoot")[0], "th")[0].text_content() == "Totalt"


def test_andra_urval_leder_tillbaka_med_allt_ifyllt(inloggad):
    fabriker.insats()
    val = "lan=12&malgrupp=ej_tillampliga&kon=man&variabler=antal_deltagare&rapporttyp=samverkansorganisation"
    lank = hitta(dokument(inloggad.get(f"{ADRESS}?{URVAL}&{val}&visa=1")), "a", klass_="sus-urval__change")[0].get(
        "href"
    )
    sidan = dokument(inloggad.get(f"{ADRESS}{lank}"))
    valda = sorted(
        (ruta.get("name"), ruta.get("value"))
        for ruta in hitta(hitta(sidan, "form", id="urval")[0], "input", checked=True)
    )
    assert valda == [
        ("gruppera", ""),
        ("jamfor", ""),
        ("kon", "man"),
        ("lan", "12"),
        ("malgrupp", "ej_tillampliga"),
        ("rapporttyp", "samverkansorganisation"),
        ("variabler", "antal_deltagare"),
    ]
    assert hitta(sidan, "input", id="id_fran")[0].get("value") == "2025-01"
    assert not hitta(sidan, "div", id="felsammanfattning")


def test_fel_i_adressen_visas_med_det_skrivna_kvar(inloggad):
    svar = inloggad.get(f"{ADRESS}?fran=2025-13&till=2025-12&kommun=0180&lan=99&x=1&visa=1")
    assert svar.status_code == 200
    assert felrader(svar) == [
        "Det finns inget urval som heter ”x”.",
        "Från och med: Ange månaden som åååå-mm.",
        "Län: Koden ”99” finns inte i urvalet Län.",
    ]
    sidan = dokument(svar)
    assert hitta(sidan, "title")[0].text_content().startswith("Fel: ")
    assert hitta(sidan, "input", id="id_fran")[0].get("value") == "2025-13"
    assert [ruta.get("value") for ruta in hitta(sidan, "input", name="kommun", checked=True)] == ["0180"]


@pytest.mark.parametrize(
    "adress",
    [
        "?visa=1",
        "?visa=1&fran=&till=",
        "?fran=2025-01",
        "?visa=1&fran=%00&till=%FF",
        f"?{URVAL}&visa=1&kon=%00",
        f"?{URVAL}&visa=1&variabler=,,,",
        f"?{URVAL}&format=exe",
        f"?{URVAL}&visa=1&sida=abc",
        f"?{URVAL}&visa=1&sida=-1&alla=",
        f"?{URVAL}&visa=1&rapporttyp=insats&rapporttyp=x",
        "?visa=1&fran=1990-01&till=2100-12",
        "?" + "&".join(f"fran={n}" for n in range(500)),
    ],
)
def test_ingen_adress_ger_500(inloggad, adress):
    assert inloggad.get(f"{ADRESS}{adress}").status_code == 200


def test_tom_rapport_sager_det(inloggad):
    sidan = dokument(inloggad.get(f"{ADRESS}?fran=1995-01&till=1995-12&visa=1"))
    assert hitta(sidan, "h2")[0].text_content() == "Inga insatser i urvalet"
    assert not hitta(sidan, "table")


def test_hundra_rader_per_sida_med_totalen_for_hela_urvalet(inloggad):
    org = fabriker.organisation()
    for _ in range(102):
        fabriker.insats(org)
    forsta = dokument(inloggad.get(f"{ADRESS}?{URVAL}&visa=1"))
    assert len(rader(forsta)) == 100
    assert hitta(forsta, "a", id="sida-nasta")[0].get("href") == f"?{URVAL}&visa=1&sida=2"
    assert hitta(forsta, "a", id="sida-nasta")[0].get("hx-target") == "#rapporttabell"

    andra = dokument(inloggad.get(f"{ADRESS}?{URVAL}&visa=1&sida=2", headers={"HX-Request": "true"}))
    assert andra.get("id") == "rapporttabell"
    assert len(rader(andra)) == 2
    totaler = [[cell.text_content() for cell in hitta(hitta(sidan, "tfoot")[0], "td")] for sidan in (forsta, andra)]
    assert totaler[0] == totaler[1]

    alla = dokument(inloggad.get(f"{ADRESS}{hitta(forsta, 'a', id='visa-alla')[0].get('href')}"))
    assert len(rader(alla)) == 102


@pytest.mark.parametrize(
    ("format", "typ", "borjan"),
    [
        ("pdf", "application/pdf", b"%PDF-"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfInsats;Insatsnamn;"),
        ("json", "application/json; charset=utf-8", b"{"),
    ],
)
def test_rapporten_som_fil(inloggad, format, typ, borjan):
    fabriker.insats()
    svar = inloggad.get(f"{ADRESS}?{URVAL}&format={format}")
    assert svar.headers["Content-Type"] == typ
    assert svar.headers["Content-Disposition"] == f'attachment; filename="insatsrapport_2025-01_2025-12.{format}"'
    assert svar.headers["Cache-Control"] == "no-store"
    assert svar.content.startswith(borjan)


def test_sidan_och_filen_visar_samma_varden(inloggad):
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    for dag in (date(2025, 3, 1), date(2025, 4, 1)):
        fabriker.inregistrera(insats, konto, inregistrering=dag)
    val = f"{URVAL}&variabler=antal_deltagare,antal_unika_deltagare,antal_pagaende_deltagare"
    fil = json.loads(inloggad.get(f"{ADRESS}?{val}&format=json").content)
    celler = [
        cell.text_content() for cell in hitta(hitta(dokument(inloggad.get(f"{ADRESS}?{val}&visa=1")), "tbody")[0], "td")
    ]
    assert celler == ["2", "2", "2"]
    assert [str(fil["rader"][0][kolumn["namn"]]) for kolumn in fil["kolumner"]] == celler


def test_en_lang_fil_erbjuds_utan_att_rapporten_tas_fram(inloggad, monkeypatch):
    """Över 200 rader i PDF: adressen svarar med sidan där filen beställs, och räknar inget annat än raderna."""
    org = fabriker.organisation()
    for nr in range(201):
        fabriker.insats(org, namn=f"Insats {nr:03}")
    monkeypatch.setattr(fragor, "insatsrapport", None)
    sidan = dokument(inloggad.get(f"{ADRESS}?{URVAL}&format=pdf"))
    assert "201 rader" in hitta(sidan, "main")[0].text_content()
    assert hitta(hitta(sidan, "main")[0], "form", method="post")[0].get("action").endswith(f"?{URVAL}&format=pdf")


def test_utan_pango_sager_sidan_vad_som_ska_installeras(inloggad, monkeypatch):
    fabriker.insats()
    monkeypatch.setitem(sys.modules, "weasyprint", UtanPango("weasyprint"))
    svar = inloggad.get(f"{ADRESS}?{URVAL}&format=pdf")
    assert svar.status_code == 503
    assert felrader(svar) == [pdf.PANGO_SAKNAS]

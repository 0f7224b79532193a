"""Sidorna Ledtider, Status och Övergångar: urvalsbild, resultat, diagram, filer och fel."""

import csv
import io
import json
import re

import pytest

from behorighet.roller import Roll
from rapporter import views
from rapporter.diagram import liggande
from tests import fabriker, samarbetsdata
from tests.test_rapporter_sida import dokument, felrader, hitta, rader

URVAL = "fran=2024-01&till=2025-12"
SIDOR = ["ledtider", "status", "overgangar"]


@pytest.fixture(scope="module")
def samarbeten(egen_databas_modul):
    """Slumpade samarbeten, och ett konto som får läsa rapporter."""
    samarbetsdata.lagg_in(samarbetsdata.slumpa(7, 80))
    return fabriker.anvandare(Roll.SUS_RAPPORT)


@pytest.fixture
def inloggad(samarbeten, client):
    client.force_login(samarbeten)
    return client


@pytest.mark.parametrize("sida", SIDOR)
def test_urvalsbilden_har_period_kontor_och_kon(inloggad, sida):
    bilden = dokument(inloggad.get(f"/rapporter/{sida}/"))
    assert [ruta.get("value") for ruta in hitta(bilden, "input", name="kontor")] == ["AF1", "AF2", "AF3", "FK1", "FK2"]
    assert len(hitta(bilden, "input", name="kon")) == 3
    assert len(hitta(bilden, "input", name="jamfor")) == (2 if sida == "ledtider" else 0)
    knappar = hitta(hitta(bilden, "form", id="urval")[0], "button", klass_="button")
    assert [knapp.text_content() for knapp in knappar] == ["Skapa rapport", "PDF", "Excel", "CSV", "JSON"]


@pytest.mark.parametrize("sida", SIDOR)
def test_sidan_json_och_csv_visar_samma_varden(inloggad, sida):
    adress = f"/rapporter/{sida}/?{URVAL}&kontor=AF1&kontor=FK2&kon=man"
    sidan = dokument(inloggad.get(f"{adress}&visa=1"))
    visade = [[cell.text_content() for cell in rad] for rad in rader(sidan)]
    svar = inloggad.get(f"{adress}&format=json")
    data = json.loads(svar.content)
    assert svar["Content-Disposition"] == f'attachment; filename="{data["rapport"]}_2024-01_2025-12.json"'
    assert data["urval"]["kontor"] == ["AF1", "FK2"]
    text = inloggad.get(f"{adress}&format=csv").content.decode("utf-8-sig")
    _, *filens = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    filens = filens[: len(visade)]
    assert len(visade) == len(data["rader"]) > 0
    led = 1 if sida == "overgangar" else 2
    assert [rad[led - 1 :] for rad in filens] == [[cell.replace("\u00a0", "") for cell in rad] for rad in visade]


def test_en_for_stor_pdf_hanvisar_till_excel(inloggad, monkeypatch):
    monkeypatch.setattr(views, "RADER_I_PDF", 1)
    assert re.search("högst 1: avgränsa urvalet", felrader(inloggad.get(f"/rapporter/status/?{URVAL}&format=pdf"))[0])


def test_diagrammen_har_samma_uppgifter_som_tabell(inloggad):
    sidan = dokument(inloggad.get(f"/rapporter/overgangar/?{URVAL}&visa=1"))
    [figur] = hitta(sidan, "figure")
    tabellen = {rad[0].text_content(): rad[1].text_content() for rad in hitta(figur, "tbody")[0]}
    vantat = {f"{rad[0].text_content()} till {rad[1].text_content()}": rad[2].text_content() for rad in rader(sidan)}
    assert tabellen == vantat
    marken = [ett.text_content() for ett in figur.iter("title")]
    assert {f"{vag}: {antal}" for vag, antal in vantat.items()} <= set(marken)


def test_ledtidernas_diagram_ar_tabellens_tal(inloggad):
    sidan = dokument(inloggad.get(f"/rapporter/ledtider/?{URVAL}&jamfor=kon&visa=1"))
    spridning, *fordelningar = hitta(sidan, "figure")
    median = {(rad[0].text_content(), rad[1].text_content()): rad[3].text_content() for rad in rader(sidan)}
    for rad in hitta(spridning, "tbody")[0]:
        steg, kon = rad[0].text_content().rsplit(", ", 1)
        assert rad[2].text_content() in {median[steg, kon], median[steg, kon].removesuffix(",00")}
    antal = {(rad[0].text_content(), rad[1].text_content()): int(rad[2].text_content()) for rad in rader(sidan)}
    for figur in fordelningar:
        steg = hitta(figur, "strong")[0].text_content()
        for plats, kon in ((1, "Kvinnor"), (2, "Män")):
            assert sum(int(rad[plats].text_content()) for rad in hitta(figur, "tbody")[0]) == antal[steg, kon]


def test_diagram_har_inga_stilar_och_egna_id(inloggad):
    text = inloggad.get(f"/rapporter/ledtider/?{URVAL}&visa=1").content.decode()
    assert not re.search(r"<svg[^>]*>.*?\sstyle=.*?</svg>", text, re.DOTALL)
    id_ = re.findall(r' id="(d\d+[tb])"', text)
    assert len(id_) == len(set(id_)) > 4


def test_diagram_skriver_ut_farliga_namn_som_text():
    diagram = liggande("<b>", "x", {"<script>alert(1)</script>": [1, 2]}, ["<i>", "&"])
    assert "<script>" not in diagram.svg(1) + diagram.svg(1, mm=100)
    assert "<i>" not in diagram.svg(1)


def test_andra_urval_leder_tillbaka_med_allt_ifyllt(inloggad):
    val = "kontor=FK1&kon=man&jamfor=kontor"
    lank = hitta(dokument(inloggad.get(f"/rapporter/ledtider/?{URVAL}&{val}&visa=1")), "a", klass_="sus-urval__change")
    sidan = dokument(inloggad.get(f"/rapporter/ledtider/{lank[0].get('href')}"))
    valda = [
        (ruta.get("name"), ruta.get("value"))
        for ruta in hitta(hitta(sidan, "form", id="urval")[0], "input", checked=True)
    ]
    assert sorted(valda) == [("jamfor", "kontor"), ("kon", "man"), ("kontor", "FK1")]
    assert hitta(sidan, "input", id="id_fran")[0].get("value") == "2024-01"


def test_fel_i_adressen_visas(inloggad):
    svar = inloggad.get("/rapporter/ledtider/?fran=2025-13&till=2025-12&kontor=X&jamfor=y&visa=1")
    assert felrader(svar) == [
        "Från och med: Ange månaden som åååå-mm.",
        "Kontor: Det finns inget kontor med nyckeln ”X”.",
        "Jämför: Koden ”y” finns inte. Välj bland kontor, kon.",
    ]
    svar = inloggad.get(f"/rapporter/status/?{URVAL}&jamfor=kon&visa=1")
    assert felrader(svar) == ["Det finns inget urval som heter ”jamfor”."]
    svar = inloggad.get(f"/rapporter/ledtider/?{URVAL}&jamfor=kontor&visa=1")
    assert felrader(svar) == ["Kontor: Välj de kontor som ska jämföras."]


@pytest.mark.parametrize(
    "adress",
    ["fran=2101-01&till=2101-02", "fran=1990-01&till=2100-12", f"{URVAL}&kontor=%00", f"{URVAL}&format=doc", "visa=1"],
)
@pytest.mark.parametrize("sida", SIDOR)
def test_ingen_adress_ger_500(inloggad, sida, adress):
    assert inloggad.get(f"/rapporter/{sida}/?{adress}&visa=1").status_code == 200


@pytest.mark.parametrize("sida", ["status", "overgangar"])
def test_tom_rapport_sager_det(inloggad, sida):
    sidan = dokument(inloggad.get(f"/rapporter/{sida}/?fran=1991-01&till=1991-02&visa=1"))
    assert "i urvalet" in hitta(sidan, "h2")[0].text_content()


@pytest.mark.parametrize("sida", SIDOR)
@pytest.mark.parametrize(
    ("format", "borjan"), [("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf"), ("json", b"{")]
)
def test_rapporten_som_fil(inloggad, sida, format, borjan):
    svar = inloggad.get(f"/rapporter/{sida}/?{URVAL}&format={format}")
    assert svar.status_code == 200
    assert svar.content.startswith(borjan)
    assert svar["Cache-Control"] == "no-store"


def test_utan_roll_visas_ingen_rapport(samarbeten, client):
    client.force_login(fabriker.anvandare())
    for sida in SIDOR:
        assert client.get(f"/rapporter/{sida}/?{URVAL}&visa=1").status_code == 403


@pytest.mark.parametrize("sida", SIDOR)
def test_sidan_har_konstant_antal_fragor(inloggad, django_assert_max_num_queries, sida):
    with django_assert_max_num_queries(13):
        inloggad.get(f"/rapporter/{sida}/?{URVAL}&visa=1")

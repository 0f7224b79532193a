"""Resultatet: sortering, grupper och huvud på två rader på sidan, och samma tal i Excel, CSV och PDF (R36, R37)."""

import csv
import io
import json
import subprocess
from datetime import date
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import pytest
from lxml import html
from openpyxl import load_workbook

from behorighet.roller import Roll
from deltagare.models import Anonym, Deltagande
from insatser.models import Budget
from rapporter import fragor
from rapporter.renderare import rendera
from rapporter.sortering import sortera
from rapporter.svg import BOKSTAV
from rapporter.urval import tolka
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db
ADRESS = "/rapporter/insats/"
URVAL = "fran=2025-01&till=2025-12&visa=1"
TALEN = "variabler=antal_deltagare,antal_unika_deltagare,utfall_insatskostnad"


@pytest.fixture
def inloggad(client):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    return client


@pytest.fixture
def insatser():
    """Två organisationer med två insatser var, olika många deltagare, och en som bara fanns året före."""
    skapade = {}
    for organisation, antal in (("Zorns förbund", {"Ärlig": 3, "beta": 1}), ("Åse förbund", {"Alfa": 2, "École": 0})):
        org = fabriker.organisation(namn=organisation)
        for namn, deltagare in antal.items():
            insats = fabriker.insats(org, namn=namn, startdatum=date(2025, 1, 1))
            konto = fabriker.deltagaransvarig(insats)
            for _ in range(deltagare):
                fabriker.inregistrera(insats, konto, inregistrering=date(2025, 3, 1))
            skapade[namn] = insats
    fabriker.insats(org, namn="Förr", startdatum=date(2024, 2, 1), slutdatum=date(2024, 11, 30))
    return skapade


def rapporten(**val):
    koder = fragor.koder()
    text = {namn: varde if isinstance(varde, list) else [varde] for namn, varde in val.items()}
    urval = tolka({"fran": ["2025-01"], "till": ["2025-12"], **text}, koder=koder, idag=date(2026, 10, 31))
    return fragor.insatsrapport(urval, koder=koder, med_diagram=True)


def sidan(klient, val, **huvuden):
    svar = klient.get(f"{ADRESS}?{URVAL}&{val}", headers=huvuden)
    assert svar.status_code == 200
    return html.fromstring(svar.content.decode())


def namnen(sida):
    return [cell.text_content().split("\n")[0] for cell in sida.xpath("//tbody//summary")]


@pytest.mark.parametrize(
    ("sortering", "vantat"),
    [
        ("", ["beta", "Ärlig", "Alfa", "École"]),
        ("namn", ["Alfa", "beta", "École", "Ärlig"]),
        ("-namn", ["Ärlig", "École", "beta", "Alfa"]),
        ("antal_deltagare", ["École", "beta", "Alfa", "Ärlig"]),
        ("-antal_deltagare", ["Ärlig", "Alfa", "beta", "École"]),
        ("finns_inte", ["beta", "Ärlig", "Alfa", "École"]),
        ("--namn", ["beta", "Ärlig", "Alfa", "École"]),
    ],
)
def test_sidan_sorteras_pa_vilken_kolumn_som_helst(inloggad, insatser, sortering, vantat):
    assert namnen(sidan(inloggad, f"{TALEN}&sortering={sortering}")) == vantat


@pytest.mark.parametrize("sortering", ["utfall_insatskostnad", "-utfall_insatskostnad", "slutdatum", "-slutdatum"])
def test_tomma_varden_star_sist_i_bada_riktningarna(insatser, sortering):
    rapport = rapporten(jamfor="aret_fore")
    nr = [kolumn.namn for kolumn in rapport.kolumner].index(sortering.removeprefix("-"))
    varden = [rad.varden[nr] for rad in sortera(rapport, sortering).rader]
    assert varden == sorted(varden, key=lambda varde: varde is None)


def test_sorteringen_haller_ihop_grupperna_och_totalen(inloggad, insatser):
    sida = sidan(inloggad, f"{TALEN}&gruppera=samverkansorganisation&sortering=antal_deltagare")
    delar = [
        [rad.xpath("./th")[0].text_content() for rad in del_.xpath("./tr")]
        for del_ in sida.xpath("//div[@role='region']/table[contains(@class,'wide')]/tbody")
    ]
    utan_beskrivning = [[text.split("Insatsen har")[0].split("Visa insatsen")[0] for text in del_] for del_ in delar]
    assert [(del_[0], del_[-1]) for del_ in utan_beskrivning] == [
        ("Zorns förbund", "Delsumma Zorns förbund"),
        ("Åse förbund", "Delsumma Åse förbund"),
    ]
    assert namnen(sida) == ["beta", "Ärlig", "École", "Alfa"]
    assert [cell.text_content() for cell in sida.xpath("//tfoot//td")][:1] == ["6"]
    assert [rad.xpath("./td")[0].text_content() for rad in sida.xpath("//tr[contains(@class,'delsumma')]")] == [
        "4",
        "2",
    ]


def test_rubrikerna_ar_lankar_som_fungerar_utan_skript(inloggad, insatser):
    sida = sidan(inloggad, f"{TALEN}&sida=1&alla=1&sortering=-antal_deltagare")
    lankar = {lank.get("id"): lank for lank in sida.xpath("//thead//a")}
    assert list(lankar) == [
        "sortera-namn",
        "sortera-antal_deltagare",
        "sortera-antal_unika_deltagare",
        "sortera-utfall_insatskostnad",
    ]
    fragan = parse_qs(urlsplit(lankar["sortera-antal_deltagare"].get("href")).query)
    assert fragan["sortering"] == ["antal_deltagare"]
    assert "sida" not in fragan
    assert fragan["alla"] == ["1"]
    assert sida.xpath("//th[@aria-sort]/@aria-sort") == ["descending"]
    # Filerna och Ändra urval bär urvalet, inte sidans sortering.
    assert not sida.xpath("//div[@class='sus-head__actions']//a[contains(@href,'sortering')]")


def test_huvudet_pa_tva_rader_sager_vilken_period_varje_kolumn_avser(inloggad, insatser):
    sida = sidan(inloggad, f"{TALEN}&kon=uppdelat&jamfor=aret_fore")
    over, under = (
        [" ".join(cell.text_content().split()) for cell in rad]
        for rad in sida.xpath("//table[contains(@class,'wide')]/thead/tr")
    )
    assert over == ["Insats", "Antal deltagare", "Antal unika deltagare", "Utfall insatskostnad"]
    assert under[:3] == [
        "Antal deltagare, Kvinnor, vald period 2025-01 – 2025-12",
        "Antal deltagare, Kvinnor, året före 2024-01 – 2024-12",
        "Antal deltagare, Kvinnor, skillnad mot året före",
    ]
    assert under[-3:] == [
        "Utfall insatskostnad, Vald period hela 2025",
        "Utfall insatskostnad, Året före hela 2024",
        "Utfall insatskostnad, Skillnad mot året före",
    ]
    assert [cell.get("colspan") for cell in sida.xpath("//table[contains(@class,'wide')]/thead/tr[1]/th")] == [
        None,
        "9",
        "9",
        "3",
    ]
    bredd = {
        len(rad.xpath("./td"))
        for rad in sida.xpath("//table[contains(@class,'wide')]//tr[td]")
        if not rad.xpath("./th[@scope='rowgroup']")
    }
    assert bredd == {21}


def test_en_sida_som_delar_en_grupp_sager_fortsattning(inloggad):
    org = fabriker.organisation(namn="Förbundet")
    for _ in range(103):
        fabriker.insats(org)
    val = "variabler=antal_deltagare&gruppera=samverkansorganisation"
    forsta, andra = (sidan(inloggad, f"{val}&sida={nr}") for nr in (1, 2))
    rubriker = [sida.xpath("//tr[@class='rapport-grupp']")[0].text_content() for sida in (forsta, andra)]
    assert rubriker == ["Förbundet", "Förbundet (fortsättning)"]
    assert [len(sida.xpath("//tr[contains(@class,'delsumma')]")) for sida in (forsta, andra)] == [0, 1]


def test_bladdring_hamtar_inga_diagram(inloggad, insatser, django_assert_num_queries):
    # En sats mindre än hela sidan: månaderna.
    with django_assert_num_queries(12):
        sidan(inloggad, TALEN, **{"HX-Request": "true"})


def test_filerna_visar_samma_tal_som_jsonfilen(insatser, tmp_path):
    rapport = rapporten(kon="uppdelat", jamfor="aret_fore", gruppera="samverkansorganisation", variabler=[
        "antal_deltagare", "antal_unika_deltagare", "antal_pagaende_deltagare", "utfall_insatskostnad",
    ])  # fmt: skip
    svar = json.loads(rendera(rapport, "json"))
    namn = [kolumn["namn"] for kolumn in svar["kolumner"]]
    rader = [[rad["insats"], *(rad[ett] for ett in namn)] for rad in svar["rader"]]
    delsummor = [[delsumma[ett] for ett in namn] for delsumma in svar["delsummor"]]
    totalt = [svar["totalt"][ett] for ett in namn]

    def text(varden):
        return ["" if varde is None else str(varde) for varde in varden]

    rubriker, *rest = csv.reader(io.StringIO(rendera(rapport, "csv").decode("utf-8-sig")), delimiter=";")
    assert rubriker == ["Grupp: Samverkansorganisation", "Insats", "Insatsnamn", *(k.rubrik for k in rapport.kolumner)]
    assert len(set(rubriker)) == len(rubriker)
    # Raderna är bara data. Delsummorna och Totalt står efter dem, märkta i den första kolumnen.
    assert [rad[0] for rad in rest[len(rader) :]] == ["Delsumma", "Delsumma", "Totalt"]
    assert [[rad[1], *rad[3:]] for rad in rest[: len(rader)]] == [text(rad) for rad in rader]
    assert {rad[0] for rad in rest[: len(rader)]} == {grupp.namn for grupp in rapport.grupper}
    assert [[rad[2], *rad[3:]] for rad in rest if rad[0] == "Delsumma"] == [
        [grupp.namn, *text(delsumma)] for grupp, delsumma in zip(rapport.grupper, delsummor, strict=True)
    ]
    assert rest[-1] == ["Totalt", "", "", *text(totalt)]

    bok = load_workbook(io.BytesIO(rendera(rapport, "xlsx")))
    assert bok.sheetnames == [
        "Insatsrapport", "Urval", "Variabler", "Delsummor", "Deltagare per månad", "Spridning",
    ]  # fmt: skip
    rubriker, *rest = bok["Insatsrapport"].values
    assert [[rad[1], *rad[3:]] for rad in rest[:-1]] == rader
    assert list(rest[-1][3:]) == totalt
    _, *rest = bok["Delsummor"].values
    assert [list(rad[2:]) for rad in rest] == [*delsummor, totalt]
    for diagram in rapport.diagram:
        _, *rest = bok[diagram.blad].values
        assert rest == [tuple(rad) for rad in diagram.varden]
    with ZipFile(io.BytesIO(rendera(rapport, "xlsx"))) as arkiv:
        assert [namn for namn in arkiv.namelist() if "charts/chart" in namn] == ["xl/charts/chart1.xml"]

    fil = tmp_path / "rapport.pdf"
    fil.write_bytes(rendera(rapport, "pdf"))
    utskrift = subprocess.run(["pdftotext", "-layout", fil, "-"], check=True, capture_output=True, text=True).stdout
    for vantad in ("Delsumma Zorns", "Delsumma Åse", "Totalt", "2024-01 – 2024-12", "Deltagare per månad", "Spridning"):
        assert vantad in utskrift


def test_diagrammen_star_pa_sidan_med_sina_tabeller(inloggad, insatser):
    sida = sidan(inloggad, "")
    rubriker = [figur.xpath(".//strong")[0].text for figur in sida.xpath("//figure")]
    assert rubriker == ["Deltagare per månad", "Spridning mellan samverkansorganisationer"]
    for figur in sida.xpath("//figure"):
        assert figur.xpath(".//svg/desc")[0].text
        assert figur.xpath(".//details//table//tbody/tr")
    celler = [cell.text for cell in sida.xpath("//figure[1]//tbody/tr/td")]
    assert celler == ["0", "0", *["6"] * 10]


@pytest.mark.parametrize(
    ("val", "texter"),
    [
        ({"jamfor": "aret_fore"}, []),
        ({"jamfor": "aret_fore", "fran": "2024-01", "till": "2025-12"}, ["överlappar", "Båda perioderna berör 2024,"]),
        ({"jamfor": "perioden_fore", "fran": "2025-07", "till": "2025-12"}, ["olika delar av året", "Båda perioderna"]),
        ({"jamfor": "perioden_fore", "fran": "2025-11", "till": "2026-02"}, ["olika delar", "Båda", "olika många"]),
        ({"jamfor": "aret_fore", "fran": "2026-01", "till": "2026-12"}, ["slut i dag, 2026-10-31", "är inte slut,"]),
        ({"jamfor": "aret_fore", "fran": "2026-01", "till": "2026-09"}, ["Kalenderåret 2026 är inte slut,"]),
        ({"jamfor": "aret_fore", "fran": "2026-01", "till": "2026-09", "variabler": "antal_deltagare"}, []),
        ({"jamfor": "aret_fore", "variabler": "antal_pagaende_deltagare"}, []),
        ({"jamfor": "perioden_fore", "fran": "2025-07", "variabler": "antal_pagaende_deltagare"}, []),
        ({"jamfor": "perioden_fore", "fran": "2025-07", "variabler": "antal_pagaende_deltagare",
          "rapporttyp": "samverkansorganisation"}, ["olika delar av året"]),
    ],
)  # fmt: skip
def test_ojamna_jamforelser_varnar(val, texter):
    utan = rapporten(**{namn: varde for namn, varde in val.items() if namn != "jamfor"})
    nya = [text for text in rapporten(**val).varningar if text not in utan.varningar]
    assert len(nya) == len(texter), nya
    for text, varning in zip(texter, nya, strict=True):
        assert text in varning


def test_delsummor_per_organisation_gar_inte_nar_raderna_redan_ar_organisationer(inloggad):
    val = "rapporttyp=samverkansorganisation&gruppera=samverkansorganisation"
    sida = sidan(inloggad, val)
    assert "redan en rad per samverkansorganisation" in sida.xpath("//div[@id='felsammanfattning']")[0].text_content()


def test_unika_i_delsummor_sags_inte_ga_att_lagga_ihop(insatser):
    """R36: den som deltagit i två grupper är en person i Totalt."""
    texten = "går inte att lägga ihop till raden Totalt"
    assert f"Delsummornas Antal unika deltagare {texten}" in rapporten(gruppera="lan").upplysning
    assert f"Radernas Antal unika deltagare {texten}" in rapporten(rapporttyp="samverkansorganisation").upplysning
    assert texten not in rapporten().upplysning
    assert texten not in rapporten(gruppera="lan", variabler="antal_deltagare").upplysning


def test_insatser_som_bara_fanns_i_jamforelseperioden_raknas_for_sig(inloggad, insatser):
    antal = "4 insatser i vald period, 1 bara i jämförelseperioden"
    rapport = rapporten(jamfor="aret_fore")
    assert (rapport.antal_text, len(rapport.rader)) == (antal, 5)
    assert antal in sidan(inloggad, "jamfor=aret_fore").text_content()
    urval = {rad[0]: rad[1] for rad in load_workbook(io.BytesIO(rendera(rapport, "xlsx")))["Urval"].values}
    assert (urval["Antal insatser"], urval["Antal insatser bara i jämförelseperioden"]) == ("4", "1")
    utan = rapporten()
    assert utan.antal_text == "4 insatser"
    assert [rubrik for rubrik, _ in utan.om_rapporten if rubrik.startswith("Antal")] == ["Antal insatser"]


def test_bara_jamforelseperioden_har_deltagare(insatser):
    """Månaderna visas också när alla deltaganden är i den; Totalt är noll insatser, inte tomt."""
    val = {"fran": "2026-01", "till": "2026-06", "jamfor": "aret_fore", "rapporttyp": "samverkansorganisation"}
    with som_agare():
        Deltagande.objects.update(utregistrering=date(2025, 5, 31), avslutningsanledning="fullfoljd")
    rapport = rapporten(**val)
    [diagram] = [ett for ett in rapport.diagram if ett.blad == "Deltagare per månad"]
    assert [rad[1:] for rad in diagram.varden] == [(0, 0), (0, 0), (0, 6), (0, 6), (0, 6), (0, 0)]


@pytest.mark.parametrize(
    ("val", "utfall", "procent", "texten"),
    [
        ({}, "Faktiskt, hela 2025", 70, None),
        ({"till": "2025-06"}, "Faktiskt", None, "visas därför inte i procent av planen"),
        ({"fran": "2024-01"}, "Faktiskt, hela 2024–2025", None, "ett deltagande räknas en gång i perioden"),
    ],
)
def test_bara_ett_helt_ar_ar_en_andel_av_planen(insatser, val, utfall, procent, texten):
    """R37: anonyma gäller hela året, och planen summeras per år."""
    Budget.objects.create(insats=insatser["Alfa"], ar=2025, planerat_antal=10)
    Anonym.objects.create(insats=insatser["Alfa"], ar=2025, kon="man", antal=1)
    rapport = rapporten(**val)
    [diagram] = [ett for ett in rapport.diagram if ett.blad == "Plan och utfall"]
    assert diagram.varden[0] == ("Antal deltagare", 10, 7, procent)
    assert f">{utfall}</text>" in diagram.svg(1)
    assert (texten or "") in diagram.text
    assert ("procent" in diagram.text) == (texten is not None)
    flera = [text for text in rapport.varningar if "summan av planerna för 2024–2025" in text]
    assert len(flera) == (val == {"fran": "2024-01"})
    anonyma = "varav anonyma hela 2025" if val == {"till": "2025-06"} else "varav anonyma"
    assert diagram.varden[2][:3] == (anonyma, None, 1)


def test_texten_efter_den_langsta_stapeln_far_plats(insatser):
    """Utfallet är större än planen: dess stapel fyller bredden, och det längsta står efter den."""
    Budget.objects.create(insats=insatser["Alfa"], ar=2025, planerat_antal=1)
    Anonym.objects.create(insats=insatser["Alfa"], ar=2025, kon="man", antal=1_234_567)
    [diagram] = [ett for ett in rapporten(till="2025-06").diagram if ett.blad == "Plan och utfall"]
    texter = html.fromstring(diagram.svg(1)).xpath("//text[@text-anchor='start'][starts-with(text(), '1')]")
    [slut] = [text for text in texter if "anonyma hela 2025" in text.text]
    assert float(slut.get("x")) + 13 * BOKSTAV * len(slut.text) < diagram.bredd

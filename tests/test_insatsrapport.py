"""Insatsrapporten mot exemplen, mot en oberoende beräkning och mellan formaten (P17, R33–R37)."""

import csv
import io
import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.db import transaction
from lxml import html
from openpyxl import load_workbook

from rapporter import fragor
from rapporter.rapport import celltext
from rapporter.renderare import json as jsonrendera
from rapporter.renderare import rendera
from rapporter.urval import tolka
from tests import oberoende, slumpdata

EXEMPEL = Path(__file__).parent / "exempel"
FLERA = ("lan", "kommun", "forbund", "inriktning", "preciserad", "malgrupp")


@pytest.fixture(scope="module")
def exempel(egen_databas_modul):
    """Exempelfilerna importerade i en egen databas, och deras rader."""
    call_command("importera", str(EXEMPEL / "data"), tyst=True, idag=date(2026, 10, 31), stdout=io.StringIO())
    return oberoende.las(EXEMPEL / "data")


def kor(*argument, **val):
    ut = io.StringIO()
    call_command(
        "insatsrapport", *argument, "--idag", "2026-10-31", "--framtagen", "2026-10-31T08:00", stdout=ut, **val
    )
    return ut.getvalue()


def urval_ur_filnamn(namn):
    delar = iter(namn.removesuffix(".json").split("_")[1:])
    return {
        falt: f"{kod[:4]}-{kod[4:]}" if falt in ("fran", "till") else kod
        for falt, kod in zip(delar, delar, strict=True)
    }


@pytest.mark.parametrize("fil", sorted(EXEMPEL.glob("insatsrapport_*.json")), ids=lambda fil: fil.stem)
def test_rapporten_ar_exemplets_cell_for_cell(exempel, fil):
    vantat = json.loads(fil.read_text())
    urval = urval_ur_filnamn(fil.name)

    svar = json.loads(kor(*[f"--{falt}={kod}" for falt, kod in urval.items()]))

    assert svar["rader"] == vantat["rader"]
    assert svar["totalt"] == vantat["totalt"]
    assert [list(rad) for rad in svar["rader"]] == [list(rad) for rad in vantat["rader"]]


def test_exemplen_finns():
    assert len(list(EXEMPEL.glob("insatsrapport_*.json"))) == 4


@pytest.mark.parametrize("fil", sorted(EXEMPEL.glob("insatsrapport_*.json")), ids=lambda fil: fil.stem)
def test_den_oberoende_berakningen_ger_exemplen(fil):
    """Måttstocken själv: räknar den fel säger den inget om rapporten."""
    vantat = json.loads(fil.read_text())
    urval = urval_ur_filnamn(fil.name)
    flera = {falt: [urval.pop(falt)] for falt in FLERA if falt in urval}

    svar = oberoende.rapport(oberoende.las(EXEMPEL / "data"), idag="2026-10-31", **urval, **flera)

    assert svar == vantat


def jamfor(tabeller, koder, *, idag, **val):
    """Rapporten och den oberoende beräkningen för samma urval."""
    flera = {falt: val[falt] for falt in FLERA if falt in val}
    kon = val.get("kon", "")
    text = {**flera, "fran": [val["fran"]], "till": [val["till"]], "kon": [kon]}
    urval = tolka(text, koder=koder, idag=idag)
    svar = json.loads(jsonrendera.rendera(fragor.insatsrapport(urval, koder=koder)))
    vantat = oberoende.rapport(tabeller, fran=val["fran"], till=val["till"], idag=idag.isoformat(), kon=kon, **flera)
    assert {"rader": svar["rader"], "totalt": svar["totalt"]} == vantat
    return svar


@pytest.mark.parametrize("fro", [1, 2, 3])
def test_slumpade_data_ger_samma_rapport_som_den_oberoende_berakningen(egen_databas, tmp_path, fro):
    slumpdata.skriv(tmp_path / "data", fro)
    call_command("importera", str(tmp_path / "data"), tyst=True, idag=slumpdata.IDAG, stdout=io.StringIO())
    tabeller = oberoende.las(tmp_path / "data")
    koder = fragor.koder()
    forbund = list(koder.forbund)
    perioder = [("2024-01", "2024-12"), ("2023-05", "2023-05"), ("2021-11", "2026-02"), ("2026-06", "2026-06")]
    urval = [
        {},
        {"kon": "kvinna"},
        {"kon": "man"},
        {"lan": ["01"]},
        {"lan": ["12", "14"], "kommun": ["1283", "0180"]},
        {"kommun": ["1280"]},
        {"forbund": forbund[:1]},
        {"forbund": forbund[1:3], "kon": "kvinna"},
        {"inriktning": ["individ"]},
        {"inriktning": ["struktur"], "malgrupp": ["ej_tillampliga"]},
        {"preciserad": ["annan", "utbildning", "kartlaggning_individer"]},
        {"malgrupp": ["unga", "man"], "lan": ["01", "12"], "kon": "man"},
        {"lan": ["08"]},
    ]
    svar = [
        jamfor(tabeller, koder, idag=slumpdata.IDAG, fran=fran, till=till, **val)
        for fran, till in perioder
        for val in urval
    ]
    jamfor(tabeller, koder, idag=date(2023, 8, 15), fran="2023-01", till="2023-12")

    # Annars säger likheten inget: båda slagen, tomma celler och rader som bara skiljer sig i skiftläge finns.
    rader = [rad for ett in svar for rad in ett["rader"]]
    assert {rad["volyminsats"] for rad in rader} == {"Ja", "Nej"}
    assert any(rad["antal_deltagare"] and rad["antal_unika_deltagare"] < rad["antal_deltagare"] for rad in rader)
    assert any(not ett["rader"] for ett in svar)


@pytest.mark.usefixtures("exempel")
def test_totalen_over_inga_varden_ar_tom(exempel):
    """R36: bara en volyminsats i urvalet, och sedan ingen insats alls."""
    koder = fragor.koder()
    tolkat = {"fran": ["2025-01"], "till": ["2025-12"], "preciserad": ["utbildning"]}
    rapport = fragor.insatsrapport(tolka(tolkat, koder=koder, idag=date(2026, 10, 31)), koder=koder)
    totalt = {kolumn.namn: varde for kolumn, varde in zip(rapport.kolumner, rapport.totalt, strict=True)}
    assert {rad.varden[-1] for rad in rapport.rader} == {"Ja"}
    assert totalt["antal_unika_deltagare"] is None
    assert totalt["antal_deltagare"] is None
    assert totalt["faktiskt_antal_volym"] > 0

    for typ in ("insats", "samverkansorganisation"):
        val = {**tolkat, "fran": ["1995-01"], "till": ["1995-12"], "rapporttyp": [typ]}
        tom = fragor.insatsrapport(tolka(val, koder=koder, idag=date(2026, 10, 31)), koder=koder)
        assert tom.rader == ()
        assert set(tom.totalt) == {None}
        assert set(json.loads(jsonrendera.rendera(tom))["totalt"].values()) == {None}


def test_summerad_per_samverkansorganisation(exempel):
    """Samma totaler, en rad per organisation, och olika personer räknade inom organisationen."""
    koder = fragor.koder()
    val = {"fran": ["2023-07"], "till": ["2026-03"]}
    per_insats, summerad = (
        fragor.insatsrapport(tolka({**val, "rapporttyp": [typ]}, koder=koder, idag=date(2026, 10, 31)), koder=koder)
        for typ in ("insats", "samverkansorganisation")
    )
    totalt = [dict(zip([k.namn for k in r.kolumner], r.totalt, strict=True)) for r in (per_insats, summerad)]
    assert totalt[1].pop("antal_insatser") == len(per_insats.rader) == summerad.antal
    assert totalt[1].items() <= totalt[0].items()

    for rad in summerad.rader:
        vantat = oberoende.rapport(exempel, fran="2023-07", till="2026-03", idag="2026-10-31", forbund=[rad.nyckel])
        varden = dict(zip([k.namn for k in summerad.kolumner], rad.varden, strict=True))
        assert varden["antal_insatser"] == len(vantat["rader"])
        assert {namn: varden[namn] for namn in oberoende.SUMMERAS} == vantat["totalt"]
        inriktningar = {en["inriktning"] for en in vantat["rader"]}
        assert varden["inriktning"] == (inriktningar.pop() if len(inriktningar) == 1 else None)


@pytest.fixture(scope="module")
def en_rapport(exempel):
    koder = fragor.koder()
    urval = tolka({"fran": ["2023-07"], "till": ["2026-03"]}, koder=koder, idag=date(2026, 10, 31))
    return fragor.insatsrapport(urval, koder=koder)


@pytest.fixture(scope="module")
def celler(en_rapport):
    """Rapportens celler som text, rad för rad: namn, variablerna, och Totalt sist."""
    rader = [[rad.namn, *map(celltext, rad.varden)] for rad in en_rapport.rader]
    return [*rader, ["Totalt", *map(celltext, en_rapport.totalt)]]


def pdf_tabeller(fil):
    """Tabellerna ur PDF:ens taggar, utan huvud och blanksteg: det som ett hjälpmedel läser upp."""
    text = subprocess.run(["pdfinfo", "-struct-text", fil], check=True, capture_output=True, text=True).stdout
    rader, i_huvudet = [], False
    for rad in map(str.strip, text.splitlines()):
        if rad == "TBody" or rad.startswith(("THead", "H2")):
            i_huvudet = rad != "TBody"
        elif i_huvudet:
            continue
        elif rad == "TR":
            rader.append([])
        elif rad.startswith(("TH", "TD")):
            rader[-1].append("")
        elif rad.startswith('"') and rader:
            rader[-1][-1] += "".join(rad[1:-1].split())
    return rader


def test_html_visar_samma_varden(en_rapport, celler):
    tabell = html.fromstring(rendera(en_rapport, "html").decode()).find(".//table")
    rader = [[cell.text_content() for cell in rad] for rad in tabell.iter("tr")][1:]
    assert rader == celler


def test_csv_visar_samma_varden(en_rapport, celler):
    text = rendera(en_rapport, "csv").decode("utf-8-sig")
    rubriker, *rader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert rubriker[:3] == ["Insats", "Insatsnamn", "Insatsbeskrivning"]
    assert rubriker[2:] == [kolumn.rubrik for kolumn in en_rapport.kolumner]
    tal = [kolumn.ar_tal for kolumn in en_rapport.kolumner]
    for rad, vantad in zip(rader, celler, strict=True):
        namn = rad[0] if rad[0] == "Totalt" else rad[1]
        varden = [
            celltext(int(cell)) if ar_tal and cell else cell.removeprefix("'")
            for cell, ar_tal in zip(rad[2:], tal, strict=True)
        ]
        assert [namn.removeprefix("'"), *varden] == vantad


def test_excel_visar_samma_varden(en_rapport, celler):
    bok = load_workbook(io.BytesIO(rendera(en_rapport, "xlsx")))
    assert bok.sheetnames == ["Insatsrapport", "Urval", "Variabler"]
    rubriker, *rader = bok["Insatsrapport"].values
    assert list(rubriker[2:]) == [kolumn.rubrik for kolumn in en_rapport.kolumner]
    for rad, vantad in zip(rader, celler, strict=True):
        namn = rad[0] if rad[0] == "Totalt" else rad[1]
        varden = [celltext(cell.date() if hasattr(cell, "date") else cell) for cell in rad[2:]]
        assert [namn, *varden] == vantad


def test_pdf_visar_samma_varden(en_rapport, celler, tmp_path):
    fil = tmp_path / "rapport.pdf"
    fil.write_bytes(rendera(en_rapport, "pdf"))
    fakta = [0, *(nr for nr, kolumn in enumerate(en_rapport.kolumner, 1) if not kolumn.ar_tal)]
    tal = [0, *(nr for nr, kolumn in enumerate(en_rapport.kolumner, 1) if kolumn.ar_tal)]
    vantat = [[rad[nr] for nr in fakta] for rad in celler[:-1]] + [[rad[nr] for nr in tal] for rad in celler]

    assert pdf_tabeller(fil) == [["".join(cell.split()) for cell in rad] for rad in vantat]


def test_kommandot_skriver_fil(exempel, tmp_path):
    fil = tmp_path / "rapport.csv"
    kor("--fran=2025-01", "--till=2025-12", "--format=csv", "--variabler=antal_deltagare,startdatum", f"--ut={fil}")
    rubriker = fil.read_text("utf-8-sig").splitlines()[0]
    assert rubriker == "Insats;Insatsnamn;Startdatum;Antal deltagare"


def test_kommandot_skriver_diagram_bara_nar_de_begars(exempel, tmp_path):
    for argument, nya in (([], []), (["--diagram"], ["Deltagare per månad", "Plan och utfall", "Spridning"])):
        for format in ("xlsx", "html"):
            kor("--fran=2025-01", "--till=2025-12", f"--format={format}", f"--ut={tmp_path}/r.{format}", *argument)
        bok = load_workbook(tmp_path / "r.xlsx")
        assert bok.sheetnames == ["Insatsrapport", "Urval", "Variabler", *nya]
        assert (tmp_path / "r.html").read_text().count("<figure") == len(nya)


@pytest.mark.parametrize("format", ["json", "csv", "xlsx", "pdf", "html"])
def test_samma_framtagen_ger_samma_fil(exempel, tmp_path, format):
    filer = [tmp_path / f"{nr}.{format}" for nr in (1, 2)]
    for fil in filer:
        kor("--fran=2025-01", "--till=2025-12", f"--format={format}", f"--ut={fil}")
    assert filer[0].read_bytes() == filer[1].read_bytes()


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (["--lan=02"], "--lan: Koden ”02” finns inte"),
        (["--kommun=9999"], "--kommun:"),
        (["--forbund=222222-2222"], "--forbund:"),
        (["--inriktning=individ", "--inriktning=x"], "--inriktning:"),
        (["--preciserad=x"], "--preciserad:"),
        (["--malgrupp=x"], "--malgrupp:"),
        (["--kon=k"], "--kon:"),
        (["--variabler=antal_deltagare,x"], "--variabler: Koden ”x”"),
        (["--till=2024-12"], "--till: Till och med kan inte vara före från och med."),
    ],
)
def test_okand_kod_ar_ett_fel_pa_svenska(exempel, argument, text):
    with pytest.raises(CommandError, match=text.replace("?", "")) as fel:
        kor("--fran=2025-01", *([] if argument[0].startswith("--till") else ["--till=2025-12"]), *argument)
    assert fel.value.returncode == 1


def test_kontoren_i_af_fk_gar_inte_att_valja(egen_databas, tmp_path):
    slumpdata.skriv(tmp_path / "data", 4)
    call_command("importera", str(tmp_path / "data"), tyst=True, idag=slumpdata.IDAG, stdout=io.StringIO())
    af = [rad for rad in oberoende.las(tmp_path / "data")["samverkansorganisationer"] if rad["samverkansform"] == "af"]
    with pytest.raises(CommandError, match="--forbund"):
        kor("--fran=2025-01", "--till=2025-12", f"--forbund={af[0]['organisationsnummer']}")


@pytest.mark.parametrize(
    "argument",
    [
        [],
        ["--fran=2025-01"],
        ["--fran=2025-13", "--till=2025-12"],
        ["--fran=2025-01", "--till=2025-12", "--format=doc"],
        ["--fran=2025-01", "--till=2025-12", "--idag=i morgon"],
        ["--fran=2025-01", "--till=2025-12", "--framtagen=nyss"],
        ["--fran=2025-01", "--till=2025-12", "--okand=1"],
    ],
)
def test_fel_anvandning_ger_slutkod_2(argument):
    kommando = load_command_class("rapporter", "insatsrapport")
    with pytest.raises(SystemExit) as fel:
        kommando.run_from_argv(["manage.py", "insatsrapport", *argument])
    assert fel.value.code == 2


def test_rapporten_tar_tre_satser(exempel, django_assert_num_queries):
    koder = fragor.koder()
    urval = tolka({"fran": ["2025-01"], "till": ["2025-12"]}, koder=koder, idag=date(2026, 10, 31))
    with transaction.atomic(), django_assert_num_queries(3):
        fragor.insatsrapport(urval, koder=koder)

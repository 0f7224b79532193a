"""Ledtider mot exemplen, mot en oberoende beräkning, mot databasens percentile_cont och mellan formaten (R32)."""

import csv
import io
import json
import random
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection, transaction
from lxml import html
from openpyxl import load_workbook

from rapporter import ledtider, samarbetsfragor
from rapporter.renderare import rendera
from rapporter.samarbetsurval import tolka
from rapporter.varden import celltext
from tests import oberoende_ledtider, samarbetsdata
from tests.test_insatsrapport import pdf_tabeller, urval_ur_filnamn

EXEMPEL = Path(__file__).parent / "exempel"
FILER = sorted(EXEMPEL.glob("ledtider_*.json"))


@pytest.fixture(scope="module")
def exempel(egen_databas_modul):
    """Exempelfilerna importerade i en egen databas, och deras rader."""
    call_command("importera", str(EXEMPEL / "data-af-fk"), tyst=True, idag=date(2026, 10, 31), stdout=io.StringIO())
    return oberoende_ledtider.las(EXEMPEL / "data-af-fk")


def kor(*argument):
    ut = io.StringIO()
    call_command("ledtidsrapport", *argument, "--idag", "2026-10-31", "--framtagen", "2026-10-31T08:00", stdout=ut)
    return ut.getvalue()


def test_exemplen_finns():
    assert len(FILER) == 2


@pytest.mark.parametrize("fil", FILER, ids=lambda fil: fil.stem)
def test_rapporten_ar_exemplets_cell_for_cell(exempel, fil):
    vantat = json.loads(fil.read_text())["rader"]

    svar = json.loads(kor(*[f"--{falt}={kod}" for falt, kod in urval_ur_filnamn(fil.name).items()]))

    assert svar["rader"] == vantat
    assert [list(rad) for rad in svar["rader"]] == [list(rad) for rad in vantat]
    assert list(svar) == ["rapport", "framtagen", "urval", "kolumner", "rader"]
    assert svar["rapport"] == "ledtider"


@pytest.mark.parametrize("fil", FILER, ids=lambda fil: fil.stem)
def test_den_oberoende_berakningen_ger_exemplen(fil):
    """Måttstocken själv."""
    urval = urval_ur_filnamn(fil.name)
    kontor = [urval.pop("kontor")] if "kontor" in urval else []
    tabeller = oberoende_ledtider.las(EXEMPEL / "data-af-fk")

    rader = oberoende_ledtider.ledtider(tabeller, idag="2026-10-31", kontor=kontor, **urval)

    assert rader == json.loads(fil.read_text())["rader"]


def urvalet(kontoren, *, fran="2024-01", till="2024-12", idag="2026-06-30", **val):
    text = {
        "fran": [fran],
        "till": [till],
        **{falt: [ett] if isinstance(ett, str) else ett for falt, ett in val.items()},
    }
    return tolka(text, kontoren=kontoren, idag=date.fromisoformat(idag))


@pytest.mark.parametrize("fro", [1, 2, 3])
def test_slumpade_data_ger_samma_ledtider_som_den_oberoende_berakningen(egen_databas, fro):
    tabeller = samarbetsdata.slumpa(fro)
    samarbetsdata.lagg_in(tabeller)
    kontoren = samarbetsfragor.kontoren()
    perioder = [("2024-01", "2024-12"), ("2025-03", "2025-03"), ("2023-01", "2026-06"), ("2026-05", "2027-12")]
    urval = [{}, {"kon": "man"}, {"kontor": ["AF1"]}, {"kontor": ["AF2", "FK1"]}, {"kontor": ["FK2"], "kon": "kvinna"}]
    svar = []
    for idag in ("2026-06-30", "2025-02-14", "2030-01-01"):
        for fran, till in perioder:
            for val in urval:
                prov = {"fran": fran, "till": till, "idag": idag, **val}
                rapport = samarbetsfragor.ledtidsrapport(urvalet(kontoren, **prov), kontoren=kontoren)
                rader = json.loads(rendera(rapport, "json"))["rader"]
                assert rader == oberoende_ledtider.ledtider(tabeller, **prov), prov
                svar += rader
    # Annars säger likheten inget.
    assert any(rad["p25"] == 0 and rad["antal"] > 1 for rad in svar)
    assert any(rad["pagaende"] > 5 for rad in svar)
    assert any(rad["median"] and rad["median"] % 1 for rad in svar)
    assert any(rad["antal"] == 0 and rad["median"] is None for rad in svar)


def test_jamforelsen_ar_samma_tal_som_varje_urval_for_sig(egen_databas):
    tabeller = samarbetsdata.slumpa(4)
    samarbetsdata.lagg_in(tabeller)
    kontoren = samarbetsfragor.kontoren()
    urval = urvalet(kontoren, kontor=["AF1", "FK1"], jamfor=["kon", "kontor"])

    rader = json.loads(rendera(samarbetsfragor.ledtidsrapport(urval, kontoren=kontoren), "json"))["rader"]

    assert len(rader) == 2 * 2 * 7
    assert [(rad["kontor"], rad["steg"], rad["kon"]) for rad in rader[:3]] == [
        ("AF1", "begaran", "kvinna"),
        ("AF1", "begaran", "man"),
        ("AF1", "gemensam_kartlaggning", "kvinna"),
    ]
    for kontor in ("AF1", "FK1"):
        for kon in ("kvinna", "man"):
            vantat = oberoende_ledtider.ledtider(
                tabeller, fran="2024-01", till="2024-12", idag="2026-06-30", kontor=[kontor], kon=kon
            )
            gruppens = [
                {namn: varde for namn, varde in rad.items() if namn not in ("kontor", "kon")}
                for rad in rader
                if (rad["kontor"], rad["kon"]) == (kontor, kon)
            ]
            assert gruppens == vantat


def test_percentilen_ar_databasens_percentile_cont(db):
    slump = random.Random(1)
    with connection.cursor() as markor:
        for antal in (1, 2, 3, 10, 37, 100):
            langder = sorted(slump.randint(0, 400) for _ in range(antal))
            fordelning = [(dagar, langder.count(dagar)) for dagar in sorted(set(langder))]
            for procent in (25, 50, 75, 90):
                markor.execute(
                    "SELECT round(percentile_cont(%s) WITHIN GROUP (ORDER BY dagar)::numeric, 2)::float8 "
                    "FROM unnest(%s::int[]) AS vistelse (dagar)",
                    [procent / 100, langder],
                )
                assert ledtider.percentil(fordelning, procent) == markor.fetchone()[0]
    assert ledtider.percentil([], 50) is None


def test_rapporten_tar_en_sats_som_rapportens_roll(exempel, django_assert_num_queries):
    kontoren = samarbetsfragor.kontoren()
    with transaction.atomic(), django_assert_num_queries(3):
        samarbetsfragor.ledtidsrapport(urvalet(kontoren, kontor=["FK2"], kon="man"), kontoren=kontoren)


@pytest.fixture(scope="module", params=[{}, {"kontor": ["FK2", "AF1"], "jamfor": ["kontor", "kon"]}])
def en_rapport(request, exempel):
    kontoren = samarbetsfragor.kontoren()
    urval = urvalet(kontoren, fran="2025-01", till="2025-12", idag="2026-10-31", **request.param)
    return samarbetsfragor.ledtidsrapport(urval, kontoren=kontoren)


@pytest.fixture(scope="module")
def celler(en_rapport):
    """Rapportens celler som text, ur JSON, med det visade där JSON har en kod."""
    svar = json.loads(rendera(en_rapport, "json"))
    rader = []
    for rad, visad in zip(svar["rader"], en_rapport.rader, strict=True):
        texter = dict(zip([kolumn.namn for kolumn in en_rapport.kolumner], visad.varden, strict=True))
        varden = [texter[namn] if namn in ("kontor", "kon") else varde for namn, varde in rad.items() if namn != "steg"]
        rader.append([ledtider.STEGEN[rad["steg"]], *map(celltext, varden)])
    return rader


def test_html_visar_samma_varden(en_rapport, celler):
    tabell = html.fromstring(rendera(en_rapport, "html").decode()).find(".//table")
    assert [[cell.text_content() for cell in rad] for rad in tabell.iter("tr")][1:] == celler


def test_csv_visar_samma_varden(en_rapport, celler):
    text = rendera(en_rapport, "csv").decode("utf-8-sig")
    rubriker, *rader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert rubriker == ["Steg", "Insatstyp", *(kolumn.rubrik for kolumn in en_rapport.kolumner)]
    assert [rad[1:] for rad in rader] == [[cell.replace("\u00a0", "") for cell in rad] for rad in celler]
    assert [rad[0] for rad in rader] == [rad.nyckel for rad in en_rapport.rader]


def test_excel_visar_samma_varden(en_rapport, celler):
    bok = load_workbook(io.BytesIO(rendera(en_rapport, "xlsx")))
    assert bok.sheetnames == ["Ledtider", "Urval", "Variabler"]
    rubriker, *rader = bok["Ledtider"].iter_rows()
    decimaltal = [None, None, *(kolumn.ar_decimaltal for kolumn in en_rapport.kolumner)]
    for rad, vantad in zip(rader, celler, strict=True):
        varden = [
            float(cell.value) if decimal and cell.value is not None else cell.value
            for cell, decimal in zip(rad, decimaltal, strict=True)
        ]
        assert list(map(celltext, varden[1:])) == vantad
    assert rubriker[0].value == "Steg"


def test_pdf_visar_samma_varden(en_rapport, celler, tmp_path):
    fil = tmp_path / "rapport.pdf"
    fil.write_bytes(rendera(en_rapport, "pdf"))
    assert pdf_tabeller(fil) == [["".join(cell.split()) for cell in rad] for rad in celler]


@pytest.mark.parametrize("format", ["json", "csv", "xlsx", "pdf", "html"])
def test_samma_framtagen_ger_samma_fil(exempel, tmp_path, format):
    filer = [tmp_path / f"{nr}.{format}" for nr in (1, 2)]
    for fil in filer:
        kor("--fran=2025-01", "--till=2025-12", f"--format={format}", f"--ut={fil}")
    assert filer[0].read_bytes() == filer[1].read_bytes()


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (["--kontor=X"], "--kontor: Det finns inget kontor med nyckeln ”X”."),
        (["--kon=k"], "--kon:"),
        (["--jamfor=x"], "--jamfor:"),
        (["--jamfor=kontor"], "--kontor: Välj de kontor som ska jämföras."),
        (["--till=2024-12"], "--till: Till och med kan inte vara före från och med."),
    ],
)
def test_okand_kod_ar_ett_fel_pa_svenska(exempel, argument, text):
    with pytest.raises(CommandError, match=text) as fel:
        kor("--fran=2025-01", *([] if argument[0].startswith("--till") else ["--till=2025-12"]), *argument)
    assert fel.value.returncode == 1


@pytest.mark.parametrize("argument", [[], ["--fran=2025-01"], ["--fran=2025-13", "--till=2025-12"]])
def test_fel_anvandning_ger_slutkod_2(argument):
    kommando = load_command_class("rapporter", "ledtidsrapport")
    with pytest.raises(SystemExit) as fel:
        kommando.run_from_argv(["manage.py", "ledtidsrapport", *argument])
    assert fel.value.code == 2


@pytest.mark.parametrize("fro", [5, 6])
def test_status_och_overgangar_som_den_oberoende_berakningen(egen_databas, fro):
    tabeller = samarbetsdata.slumpa(fro)
    samarbetsdata.lagg_in(tabeller)
    kontoren = samarbetsfragor.kontoren()
    for idag in ("2026-06-30", "2025-02-14"):
        for fran, till in [("2024-01", "2024-12"), ("2025-02", "2025-02"), ("2023-01", "2026-06")]:
            for val in ({}, {"kon": "man"}, {"kontor": ["AF2", "FK1"]}, {"kontor": ["FK2"], "kon": "kvinna"}):
                prov = {"fran": fran, "till": till, "idag": idag, **val}
                jamfor_laget(tabeller, urvalet(kontoren, **prov), kontoren, prov)


def jamfor_laget(tabeller, urval, kontoren, prov):
    """Status och Övergångar är den oberoende beräkningens, för urvalet `prov`."""
    rapport = samarbetsfragor.overgangsrapport(urval, kontoren=kontoren, for_anvandare=None)
    svar = json.loads(rendera(rapport, "json"))
    vantat = oberoende_ledtider.overgangar(tabeller, **prov)
    assert {(rad["fran"], rad["till"]): rad["antal"] for rad in svar["rader"]} == vantat
    assert svar["totalt"]["antal"] == sum(vantat.values())

    rapport = samarbetsfragor.statusrapport(urval, kontoren=kontoren, for_anvandare=None)
    svar = json.loads(rendera(rapport, "json"))
    vantat = oberoende_ledtider.status(tabeller, **prov)
    visade = {rad["kontor"]: rad for rad in svar["rader"]}
    assert set(vantat) - {None} <= set(visade) | (set(kontoren) if prov.get("kontor") else set())
    for nyckel, rad in [*visade.items(), (None, svar["totalt"])]:
        typer = vantat.get(nyckel, {})
        vantar = ("begaran", "planerad_arbetsforberedande", "planerad_arbetslivsinriktad")
        assert rad["samtliga"] == sum(typer.values())
        assert rad["i_vantan"] == sum(antal for typ, antal in typer.items() if typ in vantar)
        assert rad["avslutade"] == sum(antal for typ, antal in typer.items() if typ in oberoende_ledtider.SLUT)
        assert rad["samtliga"] == rad["aktuella"] + rad["i_vantan"] + rad["avslutade"]
    anonyma = [
        rad for rad in tabeller["anonyma"] if rad["insats"] in visade and prov.get("kon", rad["kon"]) == rad["kon"]
    ]
    for ar in range(int(prov["fran"][:4]), int(prov["till"][:4]) + 1):
        vantat = sum(int(rad["antal"]) for rad in anonyma if rad["ar"] == str(ar))
        assert svar["totalt"][f"anonyma_{ar}"] == vantat


@pytest.fixture(scope="module", params=["statusrapport", "overgangsrapport"])
def annan_rapport(request, exempel):
    kontoren = samarbetsfragor.kontoren()
    urval = urvalet(kontoren, fran="2024-01", till="2025-12", idag="2026-10-31")
    return getattr(samarbetsfragor, request.param)(urval, kontoren=kontoren, for_anvandare=None)


def test_status_och_overgangar_ar_lika_i_alla_format(annan_rapport, tmp_path):
    vantat = [[rad.namn, *map(celltext, rad.varden)] for rad in annan_rapport.rader]
    vantat.append(["Totalt", *map(celltext, annan_rapport.totalt)])
    assert len(vantat) > 3

    tabell = html.fromstring(rendera(annan_rapport, "html").decode()).find(".//table")
    assert [[cell.text_content() for cell in rad] for rad in tabell.iter("tr")][1:] == vantat

    led = len(annan_rapport.ledrubriker)
    text = rendera(annan_rapport, "csv").decode("utf-8-sig")
    _, *rader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert [_utan_nyckel(rad, led) for rad in rader] == vantat

    bok = load_workbook(io.BytesIO(rendera(annan_rapport, "xlsx")))
    _, *rader = bok[annan_rapport.rubrik].values
    assert [_utan_nyckel([celltext(cell) for cell in rad], led) for rad in rader] == vantat

    fil = tmp_path / "rapport.pdf"
    fil.write_bytes(rendera(annan_rapport, "pdf"))
    assert pdf_tabeller(fil) == [["".join(cell.split()) for cell in rad] for rad in vantat]


def _utan_nyckel(rad, led):
    return [rad[0] if rad[0] == "Totalt" else rad[led - 1], *rad[led:]]

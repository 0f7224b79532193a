"""Insatsrapportens tillval mot en oberoende beräkning: kön, jämförelse, delsummor, månader, spridning (R33–R37)."""

import io
import json
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from django.core.management import call_command
from django.db import transaction

from rapporter import fragor
from rapporter.renderare import json as jsonrendera
from rapporter.urval import tolka
from tests import oberoende, slumpdata
from tests import oberoende_jamforelser as facit

PERIODER = [("2024-01", "2024-12"), ("2023-05", "2023-07"), ("2021-11", "2024-02")]
TYPER = ["insats", "samverkansorganisation"]
URVAL = [{}, {"lan": ["12", "01"]}, {"malgrupp": ["unga", "ej_tillampliga"]}]


@pytest.fixture(scope="module")
def tabeller(egen_databas_modul, tmp_path_factory):
    """Slumpade filer importerade i en egen databas, och deras rader."""
    katalog = tmp_path_factory.mktemp("slump") / "data"
    slumpdata.skriv(katalog, 3)
    call_command("importera", str(katalog), tyst=True, idag=slumpdata.IDAG, stdout=io.StringIO())
    return oberoende.las(katalog)


def ta_fram(fran, till, *, idag=slumpdata.IDAG, med_diagram=False, **val):
    koder = fragor.koder()
    text = {namn: varde if isinstance(varde, list) else [varde] for namn, varde in val.items()}
    urval = tolka({"fran": [fran], "till": [till], **text}, koder=koder, idag=idag)
    return fragor.insatsrapport(urval, koder=koder, med_diagram=med_diagram)


def som_json(rapport):
    return json.loads(jsonrendera.rendera(rapport))


@pytest.mark.parametrize(
    ("jamfor", "gruppera", "kon"),
    list(product(["", "aret_fore", "perioden_fore"], ["", "samverkansorganisation", "lan"], ["", "man", "uppdelat"])),
)
def test_tillvalen_ger_samma_tal_som_den_oberoende_berakningen(tabeller, jamfor, gruppera, kon):
    fanns_delsummor = False
    for (fran, till), urval in product(PERIODER, URVAL):
        val = {"jamfor": jamfor, "gruppera": gruppera, "kon": kon, **urval}
        svar = som_json(ta_fram(fran, till, **val))
        vantat = facit.rapport(tabeller, fran=fran, till=till, idag=slumpdata.IDAG.isoformat(), **val)
        assert svar["rader"] == vantat["rader"]
        assert svar["totalt"] == vantat["totalt"]
        for delsumma in svar.get("delsummor", []):
            delsumma.pop("namn")
        assert svar.get("delsummor") == vantat.get("delsummor")
        fanns_delsummor |= len(vantat.get("delsummor", [])) > 1
    assert fanns_delsummor == bool(gruppera)


def test_slumpen_provar_det_som_kan_ga_fel(tabeller):
    """Annars säger likheten inget: unika i en delsumma är inte en summa, och insatser finns bara i den ena perioden."""
    svar = som_json(ta_fram("2024-01", "2024-12", jamfor="aret_fore", gruppera="lan", kon="uppdelat"))
    assert any("," in delsumma["grupp"] for delsumma in svar["delsummor"])
    unika = [
        (
            delsumma["antal_unika_deltagare"],
            sum(rad["antal_unika_deltagare"] or 0 for rad in svar["rader"] if rad["grupp"] == delsumma["grupp"]),
        )
        for delsumma in svar["delsummor"]
    ]
    assert any(antal is not None and antal < summan for antal, summan in unika)
    assert sum(antal or 0 for antal, _ in unika) > svar["totalt"]["antal_unika_deltagare"]
    assert any(rad["antal_deltagare"] is None and rad["antal_deltagare_fore"] is not None for rad in svar["rader"])
    assert any(rad["antal_deltagare_fore"] is None and rad["antal_deltagare"] is not None for rad in svar["rader"])


@pytest.mark.parametrize("jamfor", ["aret_fore", "perioden_fore"])
def test_jamforelsens_totaler_ar_de_som_en_egen_rapport_visar(tabeller, jamfor):
    svar = som_json(ta_fram("2024-03", "2024-08", jamfor=jamfor))
    fran, till = (svar["urval"]["jamforelseperiod"][namn] for namn in ("fran", "till"))
    egen = som_json(ta_fram(fran, till))
    assert (fran, till) == (("2023-03", "2023-08") if jamfor == "aret_fore" else ("2023-09", "2024-02"))
    jamforda = {namn: varde for namn, varde in egen["totalt"].items() if namn != facit.I_DAG}
    assert {namn: svar["totalt"][f"{namn}_fore"] for namn in jamforda} == jamforda


@pytest.mark.parametrize("kon", ["", "uppdelat"])
@pytest.mark.parametrize("jamfor", ["", "aret_fore"])
def test_summerad_per_organisation_med_delsummor_per_lan(tabeller, kon, jamfor):
    val = {"kon": kon, "jamfor": jamfor}
    svar = som_json(ta_fram("2024-01", "2024-12", rapporttyp="samverkansorganisation", gruppera="lan", **val))
    vantat = facit.rapport(
        tabeller, fran="2024-01", till="2024-12", idag=slumpdata.IDAG.isoformat(), gruppera="lan", **val
    )
    for ett, facit_ett in zip(svar["delsummor"], vantat["delsummor"], strict=True):
        assert facit_ett.items() <= ett.items()
    assert vantat["totalt"].items() <= svar["totalt"].items()
    for rad in svar["rader"]:
        organisationens = facit.rapport(
            tabeller,
            fran="2024-01",
            till="2024-12",
            idag=slumpdata.IDAG.isoformat(),
            forbund=[rad["organisationsnummer"]],
            **val,
        )
        assert organisationens["totalt"].items() <= rad.items()


@pytest.mark.parametrize(("fran", "till"), [*PERIODER, ("2026-01", "2026-12")])
@pytest.mark.parametrize("val", [{}, {"kon": "kvinna"}, {"kon": "uppdelat", "jamfor": "aret_fore"}, {"lan": ["12"]},
                                 {"jamfor": "perioden_fore"}])  # fmt: skip
def test_deltagare_per_manad(tabeller, fran, till, val):
    diagrammen = [ett for ett in ta_fram(fran, till, med_diagram=True, **val).diagram if ett.blad.startswith("Delt")]
    urval = {namn: varde for namn, varde in val.items() if namn not in {"kon", "jamfor"}}
    konen = ["kvinna", "man", ""] if val.get("kon") == "uppdelat" else [val.get("kon", "")]
    perioder = [(fran, till), *([facit.fore(fran, till, val["jamfor"])] if "jamfor" in val else [])]
    idag = slumpdata.IDAG.isoformat()
    serier = [
        list(facit.per_manad(tabeller, fran=period[0], till=period[1], idag=idag, kon=kon, **urval).values())
        for period in perioder
        for kon in konen
    ]
    if not any(any(serie) for serie in serier):
        assert diagrammen == []
        return
    [diagram] = diagrammen
    # Månader som inte har börjat visas inte.
    borjade = [manad for manad in facit.manader(fran, till) if f"{manad}-01" <= idag]
    assert [rad[1:] for rad in diagram.varden] == [tuple(serie[nr] for serie in serier) for nr in range(len(borjade))]
    assert [rad[0][:7] for rad in diagram.varden] == borjade


def test_spridningen_mellan_organisationerna(tabeller):
    rapport = ta_fram("2024-01", "2024-12", med_diagram=True)
    [diagram] = [ett for ett in rapport.diagram if ett.blad == "Spridning"]
    namn = {kolumn.rubrik: kolumn.namn for kolumn in rapport.kolumner}
    per_rad = {rad[0]: rad[1:] for rad in diagram.varden}
    assert len(diagram.rubriker) > 4
    for nr, rubrik in enumerate(diagram.rubriker[1:]):
        summor, ytterst = facit.spridning(
            tabeller, namn[rubrik], fran="2024-01", till="2024-12", idag=slumpdata.IDAG.isoformat()
        )
        assert tuple(per_rad[ett][nr] for ett in ("Median", "Lägst", "Högst")) == ytterst
        for (_, organisation), summa in summor.items():
            assert per_rad[organisation][nr] == summa


def test_plan_och_utfall_ar_raden_totalt(tabeller):
    rapport = ta_fram("2024-01", "2024-12", med_diagram=True)
    [diagram] = [ett for ett in rapport.diagram if ett.blad == "Plan och utfall"]
    totalt = som_json(rapport)["totalt"]
    varden = {rad[0]: rad[1:3] for rad in diagram.varden}
    assert varden["Insatskostnad, kr"] == (totalt["budgeterad_insatskostnad"], totalt["utfall_insatskostnad"])
    assert varden["Antal i volyminsatser"] == (totalt["budgeterat_antal_volym"], totalt["faktiskt_antal_volym"])
    assert varden["Antal deltagare"] == (
        totalt["budgeterat_antal_deltagare"],
        totalt["antal_deltagare"] + totalt["antal_anonyma_deltagare"],
    )
    med_kon = ta_fram("2024-01", "2024-12", med_diagram=True, kon="man")
    [diagram] = [ett for ett in med_kon.diagram if ett.blad == "Plan och utfall"]
    assert "Antal deltagare" not in {rad[0] for rad in diagram.varden}


def test_diagrammen_visar_bara_valda_variabler(tabeller):
    def blad(*variabler):
        rapport = ta_fram("2024-01", "2024-12", med_diagram=True, variabler=list(variabler))
        return [ett.blad for ett in rapport.diagram]

    assert blad("startdatum", "antal_unika_deltagare") == []
    assert blad("antal_deltagare") == ["Deltagare per månad", "Spridning"]
    assert blad("budgeterad_insatskostnad") == []
    assert blad("budgeterad_insatskostnad", "utfall_insatskostnad") == ["Plan och utfall", "Spridning"]


def test_ett_urval_utan_tillval_ger_samma_json_som_forut(tabeller):
    svar = som_json(ta_fram("2024-01", "2024-12"))
    assert set(svar) == {"rapport", "framtagen", "urval", "kolumner", "rader", "totalt"}
    assert set(svar["urval"]) == {
        "fran", "till", "lan", "kommun", "forbund", "inriktning", "preciserad", "malgrupp", "variabler", "kon",
        "rapporttyp", "idag",
    }  # fmt: skip
    assert {frozenset(kolumn) for kolumn in svar["kolumner"]} == {frozenset({"namn", "rubrik", "period"})}


@pytest.mark.parametrize(
    ("val", "med_diagram", "antal"),
    [({}, False, 1), ({"kon": "uppdelat", "gruppera": "lan"}, False, 1), ({"jamfor": "aret_fore"}, False, 2),
     ({}, True, 2), ({"jamfor": "aret_fore", "kon": "uppdelat", "gruppera": "lan"}, True, 3)],
)  # fmt: skip
def test_antalet_satser(tabeller, django_assert_num_queries, val, med_diagram, antal):
    """En för perioden, en till för jämförelsen, och en för månaderna i dem båda; utöver de två som byter roll."""
    koder = fragor.koder()
    text = {namn: [varde] for namn, varde in val.items()}
    urval = tolka({"fran": ["2024-01"], "till": ["2024-12"], **text}, koder=koder, idag=slumpdata.IDAG)
    with transaction.atomic(), django_assert_num_queries(antal + 2):
        fragor.insatsrapport(urval, koder=koder, med_diagram=med_diagram)


@pytest.mark.parametrize(
    ("jamfor", "rapporttyp", "kon"), list(product(["", "aret_fore", "perioden_fore"], TYPER, ["", "man", "uppdelat"]))
)
def test_omfanget_ar_rapportens(tabeller, django_assert_num_queries, jamfor, rapporttyp, kon):
    """Det som avgör om en fil görs genast räknas i en sats, utan att rapporten tas fram."""
    koder = fragor.koder()
    for (fran, till), urval in product(PERIODER, URVAL):
        val = {"jamfor": [jamfor], "rapporttyp": [rapporttyp], "kon": [kon], **urval}
        tolkat = tolka({"fran": [fran], "till": [till], **val}, koder=koder, idag=slumpdata.IDAG)
        rapport = fragor.insatsrapport(tolkat, koder=koder)
        with django_assert_num_queries(1):
            omfang = fragor.omfang(tolkat)
        kolumner = len(rapport.ledrubriker) + len(rapport.kolumner)
        assert (omfang.rader, omfang.kolumner) == (len(rapport.rader), kolumner)


def test_idag_galler_bada_perioderna(tabeller):
    """Antal pågående är i dag vilken period som än visas, och jämförs inte."""
    rapport = ta_fram("2024-01", "2024-12", jamfor="aret_fore", idag=date(2023, 8, 15))
    assert "antal_pagaende_deltagare_fore" not in {kolumn.namn for kolumn in rapport.kolumner}
    assert replace(rapport, rader=()).totalt is not None

"""Exporten: export → tom databas → import ger samma rapporter, byte för byte (P18)."""

import csv
import io
import stat

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from deltagare.overforing import exporten
from tests.databas import kopia
from tests.importkatalog import ANNA, BO, CECILIA, DAVID, grund_med_samarbeten, importera, skriv, sql

DEL = "deltaganden.csv"
URVAL = (
    ("--fran", "2023-01", "--till", "2023-12"),
    ("--fran", "2021-06", "--till", "2025-06", "--kon", "kvinna"),
    ("--fran", "2012-01", "--till", "2012-12"),
    ("--fran", "2024-02", "--till", "2024-03", "--kommun", "1280"),
)
LEDTIDSURVAL = (
    ("--fran", "2023-01", "--till", "2024-12"),
    ("--fran", "2024-01", "--till", "2024-12", "--kon", "kvinna", "--kontor", "FK2"),
)


@pytest.fixture
def ifylld(egen_databas, tmp_path):
    """Allt som är svårt att bära: återtaget samtycke, blandade personer, löpnummer, kontor, radbrytningar."""
    filer = grund_med_samarbeten()
    filer[DEL] += [
        # Samma person återtog sitt samtycke i en insats men deltar i en annan.
        filer[DEL][5] | {"insats": "N1", "utregistrering": "", "avslutningsanledning": "", "stadsdel": "Järva",
                         "kommun": "0180"},
        filer[DEL][4] | {"insats": "I1", "utregistrering": "2023-03-01", "avslutningsanledning": "atertaget_samtycke"},
    ]  # fmt: skip
    filer["insatser.csv"][0]["beskrivning"] = '=1+1\r\n"Citat", åäö – och\nen rad till;'
    assert importera(skriv(tmp_path / "in", filer)).felrader == []


def rapporter():
    """JSON för alla urval."""
    svar = []
    for urval in URVAL:
        ut = io.StringIO()
        call_command("insatsrapport", *urval, "--idag=2025-06-30", "--framtagen=2025-06-30T12:00", stdout=ut)
        svar.append(ut.getvalue())
    for urval in LEDTIDSURVAL:
        ut = io.StringIO()
        call_command("ledtidsrapport", *urval, "--idag=2025-06-30", "--framtagen=2025-06-30T12:00", stdout=ut)
        svar.append(ut.getvalue())
    return svar


def exportera(katalog, *flaggor):
    ut = io.StringIO()
    call_command("exportera", str(katalog), *flaggor, stdout=ut)
    return ut.getvalue()


@pytest.mark.parametrize("flaggor", [(), ("--med-personuppgifter",)], ids=["avidentifierat", "med_personuppgifter"])
def test_export_till_en_tom_databas_ger_samma_rapporter(ifylld, mall, tmp_path, flaggor):
    fore = rapporter()
    ut = tmp_path / "ut"
    exportera(ut, *flaggor)

    with kopia(mall):
        assert importera(ut).felrader == []
        assert rapporter() == fore
        igen = tmp_path / "igen"
        exportera(igen, *flaggor)
        assert all((ut / fil.name).read_bytes() == fil.read_bytes() for fil in igen.iterdir())
        assert all(" 0 nya, 0 ändrade" in rad for rad in importera(ut).ut)


@pytest.mark.parametrize("flaggor", [(), ("--med-personuppgifter",)])
def test_export_tillbaka_i_samma_databas_andrar_inget(ifylld, tmp_path, flaggor):
    exportera(tmp_path / "ut", *flaggor)

    svar = importera(tmp_path / "ut")

    assert svar.felrader == []
    assert all(" 0 nya, 0 ändrade" in rad for rad in svar.ut)


def test_utan_personuppgifter_star_ingen_identitet_i_filerna(ifylld, tmp_path):
    exportera(tmp_path / "ut")

    text = "".join(fil.read_text() for fil in (tmp_path / "ut").iterdir())
    for uppgift in (ANNA, BO, CECILIA, DAVID, "Cecilia", "Järva"):
        assert uppgift not in text


def test_med_personuppgifter_har_identitet_bara_for_dem_som_har_den_kvar(ifylld, tmp_path):
    exportera(tmp_path / "ut", "--med-personuppgifter")

    rader = (tmp_path / "ut" / DEL).read_text().splitlines()
    assert sum(ANNA in rad for rad in rader) == 2
    assert [rad.startswith("N1,") for rad in rader if CECILIA in rad] == [True]  # inte det återtagna
    assert all(CECILIA not in rad for rad in rader if "atertaget_samtycke" in rad)


def test_ett_samarbete_har_samma_personnyckel_som_personens_deltaganden(ifylld, tmp_path):
    exportera(tmp_path / "ut")
    filer = {}
    for fil in (DEL, "samarbeten.csv"):
        with (tmp_path / "ut" / fil).open(newline="") as text:
            filer[fil] = list(csv.DictReader(text))

    deltagare = {rad["person"] for rad in filer[DEL]}
    samarbeten = {rad["samarbete"]: rad for rad in filer["samarbeten.csv"]}
    assert [samarbeten[nyckel]["person"] in deltagare for nyckel in ("S1", "S2", "S3", "S4")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert (samarbeten["S1"]["af_kontor"], samarbeten["S1"]["fk_kontor"]) == ("AF1", "FK1")
    assert (tmp_path / "ut" / "kontorsbyten.csv").read_text().splitlines()[1:] == ["S1,2024-03-01,AF2,FK2"]


def test_ett_samarbete_exporteras_med_identitet_sa_lange_den_finns(ifylld, tmp_path):
    exportera(tmp_path / "ut", "--med-personuppgifter")

    rader = (tmp_path / "ut" / "samarbeten.csv").read_text().splitlines()
    assert [ANNA in rader[1], BO in rader[2], "Järva" in rader[2], DAVID in rader[4]] == [True, True, True, False]


def test_filerna_kan_bara_lasas_av_agaren(ifylld, tmp_path):
    exportera(tmp_path / "ut", "--med-personuppgifter")

    assert {stat.S_IMODE(fil.stat().st_mode) for fil in (tmp_path / "ut").iterdir()} == {0o600}


def test_exporten_loggas_och_sager_vad_som_saknas(ifylld, tmp_path):
    ut = exportera(tmp_path / "ut", "--med-personuppgifter")

    assert "åtkomstloggen" in ut
    assert "säkerhetskopian" in ut
    assert sql("SELECT detaljer->>'med_personuppgifter' FROM behorighet_handelse WHERE typ = 'exporterat'") == [
        ("true",)
    ]


def test_en_katalog_som_inte_gar_att_skriva_i_ar_ett_svenskt_fel(ifylld, tmp_path):
    (tmp_path / "fil").write_text("")

    with pytest.raises(
        CommandError, match=r"Det går inte att skriva i .*: sökvägen går genom något som inte är en kat"
    ):
        exportera(tmp_path / "fil" / "ut")


def test_utan_logg_skrivs_ingen_fil(ifylld, tmp_path, monkeypatch):
    def gar_inte(*args, **val):
        raise RuntimeError("loggen svarar inte")

    monkeypatch.setattr(exporten, "logga", gar_inte)

    with pytest.raises(RuntimeError):
        exportera(tmp_path / "ut")
    assert list((tmp_path / "ut").iterdir()) == []

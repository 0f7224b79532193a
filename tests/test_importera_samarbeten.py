"""Import av Af/FK-samarbeten: två gånger samma ändrar inget, ändringar, personer, identitet och varje slags fel."""

import csv
import io
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from deltagare.kryptering import personindex
from deltagare.models import Identitet, Overgang, Samarbete
from deltagare.overforing.databasfel import VAKTENS_FIL, pa_svenska
from deltagare.overforing.filformat import FILER
from tests.importkatalog import (
    AF,
    ANNA,
    BO,
    CECILIA,
    DAVID,
    grund_med_samarbeten,
    importera,
    innehall,
    personnummer,
    skriv,
    som_text,
    sql,
)

SAM, OVE, BYT, DEL, INS, ORG, ANO = (
    f"{namn}.csv"
    for namn in (
        "samarbeten", "overganger", "kontorsbyten", "deltaganden", "insatser", "samverkansorganisationer", "anonyma",
    )
)  # fmt: skip
EXEMPEL = Path(__file__).parent / "exempel"
ERIK = personnummer("19880808", 985)


@pytest.fixture
def katalog(egen_databas, tmp_path):
    """En katalog vars grundfiler redan är importerade."""
    katalog = tmp_path / "in"
    assert importera(skriv(katalog, grund_med_samarbeten())).felrader == []
    return katalog


def las_in(katalog, filer, *, idag="2025-06-30"):
    """Importerar filerna, som ska gå, och ger antalen per fil."""
    svar = importera(skriv(katalog, filer), idag=idag)
    assert svar.felrader == []
    return dict(rad.split(": ", 1) for rad in svar.ut)


def samarbete(nyckel):
    return Samarbete.objects.using("agare").get(nyckel=nyckel)


def vagen(nyckel):
    rader = Overgang.objects.using("agare").filter(samarbete__nyckel=nyckel).order_by("ordning")
    return [(o.till, str(o.datum), o.fran, o.lamnad and str(o.lamnad)) for o in rader]


def kontoren(nyckel):
    return [
        (str(dag), af, fk)
        for dag, af, fk in sql(
            "SELECT k.datum, a.nyckel, f.nyckel FROM deltagare_samarbetskontor k "
            "JOIN deltagare_samarbete s ON s.id = k.samarbete_id JOIN insatser_insats a ON a.id = k.af_kontor_id "
            "JOIN insatser_insats f ON f.id = k.fk_kontor_id WHERE s.nyckel = %s ORDER BY 1",
            [nyckel],
        )
    ]


def har_identitet(nummer):
    return Identitet.objects.using("agare").filter(personindex=personindex(nummer)).exists()


def test_forsta_importen_skriver_allt_och_den_andra_inget(egen_databas, tmp_path):
    skriv(tmp_path / "in", grund_med_samarbeten())
    svar = importera(tmp_path / "in")
    assert svar.felrader == []
    assert svar.ut[-3:] == [
        "samarbeten.csv: 4 nya, 0 ändrade, 0 oförändrade",
        "overganger.csv: 10 nya, 0 ändrade, 0 oförändrade",
        "kontorsbyten.csv: 1 nya, 0 ändrade, 0 oförändrade",
    ]
    ett = samarbete("S1")
    assert (str(ett.borjan), str(ett.slut), ett.insatstyp, ett.kon, ett.alder) == (
        "2024-01-10", "2024-10-01", "avslutat", "kvinna", 39,
    )  # fmt: skip
    assert (ett.af_kontor.nyckel, ett.fk_kontor.nyckel, ett.avidentifierat) == ("AF2", "FK2", False)
    assert kontoren("S1") == [("2024-01-10", "AF1", "FK1"), ("2024-03-01", "AF2", "FK2")]
    assert vagen("S2") == [
        ("begaran", "2024-05-01", "", "2024-05-01"),
        ("gemensam_kartlaggning", "2024-05-01", "begaran", None),
    ]
    assert ett.person_id == Identitet.objects.using("agare").get(personindex=personindex(ANNA)).person_id
    assert samarbete("S3").avidentifierat
    assert sql("SELECT kommun_id, stadsdel_id IS NULL FROM deltagare_samarbetsfolkbokforing ORDER BY 1") == [
        ("0180", False), ("1280", True),
    ]  # fmt: skip
    fore = innehall()

    igen = importera(tmp_path / "in")

    assert igen.felrader == []
    assert all(" 0 nya, 0 ändrade" in rad for rad in igen.ut)
    assert innehall() == fore


def test_kontrollera_provar_allt_och_sparar_inget(egen_databas, tmp_path):
    fore = innehall()

    svar = importera(skriv(tmp_path / "in", grund_med_samarbeten()), "--kontrollera")

    assert svar.felrader == []
    assert "samarbeten.csv: 4 nya, 0 ändrade, 0 oförändrade" in svar.ut
    assert innehall() == fore


def test_exemplet_gar_in_tva_ganger(egen_databas):
    svar = importera(EXEMPEL / "data-af-fk", idag="2026-10-31")
    assert svar.felrader == []
    assert svar.ut[-2:] == [
        "samarbeten.csv: 60 nya, 0 ändrade, 0 oförändrade",
        "overganger.csv: 243 nya, 0 ändrade, 0 oförändrade",
    ]

    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(EXEMPEL / "data-af-fk", idag="2026-10-31").ut)


def test_nya_overgangar_och_rattade_datum(katalog):
    filer = grund_med_samarbeten()
    version = samarbete("S2").version
    filer[OVE][6]["datum"] = "2024-05-20"
    filer[OVE].append({"samarbete": "S2", "ordning": "3", "till": "arbetsforberedande", "datum": "2024-06-01"})

    antal = las_in(katalog, filer)

    assert antal[OVE] == "1 nya, 1 ändrade, 9 oförändrade"
    assert antal[SAM] == "0 nya, 0 ändrade, 4 oförändrade"
    assert vagen("S2") == [
        ("begaran", "2024-05-01", "", "2024-05-20"),
        ("gemensam_kartlaggning", "2024-05-20", "begaran", "2024-06-01"),
        ("arbetsforberedande", "2024-06-01", "gemensam_kartlaggning", None),
    ]
    assert samarbete("S2").version == version + 1


def omradena():
    return dict(sql("SELECT nyckel, omrade FROM insatser_insats WHERE omrade <> '' ORDER BY nyckel"))


def test_kontorens_omraden_lases_in_och_star_kvar_nar_kolumnen_saknas(katalog, tmp_path):
    filer = grund_med_samarbeten()
    kontoren = [rad for rad in filer[INS] if rad["insats"][:2] in {"AF", "FK"}]
    for rad in kontoren[1:]:
        rad["omrade"] = f"Område {rad['insats']}"

    assert las_in(katalog, {INS: filer[INS]})[INS].endswith(
        f"{len(kontoren) - 1} ändrade, {len(filer[INS]) - len(kontoren) + 1} oförändrade"
    )
    med = {rad["insats"]: rad["omrade"] for rad in kontoren[1:]}
    assert omradena() == med
    call_command("exportera", str(tmp_path / "ut"), stdout=io.StringIO())
    with (tmp_path / "ut" / INS).open(encoding="utf-8", newline="") as fil:
        assert {rad["insats"]: rad["omrade"] for rad in csv.DictReader(fil) if rad["omrade"]} == med

    (katalog / INS).write_text(som_text(INS, filer[INS], utan=("omrade",)), encoding="utf-8")
    assert importera(katalog).felrader == []
    assert omradena() == med


def test_kolumnen_omrade_skrivs_bara_nar_nagot_kontor_har_ett(katalog, tmp_path):
    call_command("exportera", str(tmp_path / "ut"), stdout=io.StringIO())

    rubriker = (tmp_path / "ut" / INS).read_text(encoding="utf-8").partition("\n")[0].split(",")
    assert rubriker == [kolumn for kolumn in FILER[INS].kolumner if kolumn != "omrade"]


@pytest.mark.parametrize(
    ("insats", "omrade", "fel"),
    [
        ("I1", "Syd", "Bara ett kontor i Af/FK-samarbetet har ett område. Töm cellen."),
        ("FK1", "x" * 101, "Texten är 101 tecken. Korta den till högst 100."),
    ],
)
def test_fel_i_kontorets_omrade(katalog, insats, omrade, fel):
    rader = grund_med_samarbeten()[INS]
    next(rad for rad in rader if rad["insats"] == insats)["omrade"] = omrade

    felrad, _ = importera(skriv(katalog, {INS: rader})).felrader

    assert fel in felrad
    assert omradena() == {}


def test_begaran_flyttas_med_kontoren_och_aldern(katalog):
    filer = grund_med_samarbeten()
    filer[OVE][0]["datum"] = "2023-12-30"
    filer[SAM][0]["samtycke"] = "2023-12-30"

    antal = las_in(katalog, filer)

    assert antal[SAM] == "0 nya, 1 ändrade, 3 oförändrade"
    assert antal[BYT] == "0 nya, 0 ändrade, 1 oförändrade"
    assert (str(samarbete("S1").borjan), samarbete("S1").alder) == ("2023-12-30", 38)
    assert kontoren("S1")[0] == ("2023-12-30", "AF1", "FK1")


def test_ett_slut_rattas_till_en_fortsattning(katalog):
    filer = grund_med_samarbeten()
    filer[OVE][4] = {"samarbete": "S1", "ordning": "5", "till": "arbetsforberedande", "datum": "2024-10-01"}
    filer[OVE].insert(5, {"samarbete": "S1", "ordning": "6", "till": "avslutat", "datum": "2025-01-01"})

    assert las_in(katalog, filer)[OVE] == "1 nya, 1 ändrade, 9 oförändrade"
    assert (str(samarbete("S1").slut), samarbete("S1").insatstyp) == ("2025-01-01", "avslutat")


def test_andrade_uppgifter_om_samarbetet(katalog):
    filer = grund_med_samarbeten()
    filer[SAM][0] |= {"initierad_av": "af", "efternamn": "Ny"}
    filer[SAM][1] |= {"kommun": "1281", "stadsdel": ""}
    filer[SAM][2]["fk_kontor"] = "FK2"
    filer[BYT][0]["fk_kontor"] = "FK1"

    antal = las_in(katalog, filer)

    assert antal[SAM] == "0 nya, 3 ändrade, 1 oförändrade"
    assert antal[BYT] == "0 nya, 1 ändrade, 0 oförändrade"
    assert kontoren("S1")[1] == ("2024-03-01", "AF2", "FK1")
    assert (samarbete("S1").af_kontor.nyckel, samarbete("S1").fk_kontor.nyckel) == ("AF2", "FK1")
    assert samarbete("S3").fk_kontor.nyckel == "FK2"
    identitet = Identitet.objects.using("agare").get(personindex=personindex(ANNA))
    assert identitet.namn() == "Anna Ny"  # samarbetet började efter deltagandena
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)


def test_bara_namnet_andras_i_ett_samarbete(katalog):
    filer = grund_med_samarbeten()
    filer[SAM][0]["efternamn"] = "Ny"

    assert las_in(katalog, filer)[SAM] == "0 nya, 1 ändrade, 3 oförändrade"


def test_det_senaste_namnet_galler_vilken_fil_det_an_star_i(katalog):
    filer = grund_med_samarbeten()
    filer[SAM][0]["efternamn"] = "Samarbete"
    ny = {"efternamn": "Deltagande", "insats": "N1", "inregistrering": "2024-02-01", "samtycke": "2024-02-01"}
    filer[DEL].append(filer[DEL][1] | ny)

    las_in(katalog, {fil: filer[fil] for fil in (DEL, SAM, OVE)})

    assert Identitet.objects.using("agare").get(personindex=personindex(ANNA)).namn() == "Anna Deltagande"
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)


def test_bara_en_av_filerna(katalog):
    filer = grund_med_samarbeten()
    nya = [{"samarbete": "S3", "ordning": "2", "till": "gemensam_kartlaggning", "datum": "2024-07-01"}]

    assert las_in(katalog, {OVE: nya}) == {OVE: "1 nya, 0 ändrade, 0 oförändrade"}
    assert samarbete("S3").insatstyp == "gemensam_kartlaggning"
    assert las_in(katalog, {SAM: filer[SAM]})[SAM] == "0 nya, 0 ändrade, 4 oförändrade"
    byte = {"samarbete": "S2", "datum": "2024-05-02", "af_kontor": "AF2", "fk_kontor": "FK1"}
    assert las_in(katalog, {BYT: [byte]}) == {BYT: "1 nya, 0 ändrade, 0 oförändrade"}
    assert samarbete("S2").af_kontor.nyckel == "AF2"
    assert len(vagen("S1")) == 5


def test_kolumner_som_saknas_later_det_registrerade_sta(katalog):
    filer = grund_med_samarbeten()
    skriv(katalog, {})
    (katalog / SAM).write_text(som_text(SAM, filer[SAM], utan=("person", "kon", "fodelsear", "stadsdel")))

    svar = importera(katalog)

    # Den avidentifierade går inte att känna igen utan sina kolumner.
    assert [rad.split(":")[:3] for rad in svar.felrader[:-1]] == [[SAM, "4", "personnummer"]]
    (katalog / SAM).write_text(som_text(SAM, filer[SAM][:2], utan=("person", "kon", "fodelsear", "stadsdel")))
    assert importera(katalog).ut == ["samarbeten.csv: 0 nya, 0 ändrade, 2 oförändrade"]


def test_atertaget_samtycke_lagras_utan_identitet_och_kommer_inte_tillbaka(katalog):
    ett = samarbete("S4")
    assert (ett.avidentifierat, ett.insatstyp, ett.fingeravtryck is None) == (True, "avbrutet", False)
    assert not har_identitet(DAVID)
    assert sql("SELECT count(*) FROM deltagare_samarbetsfolkbokforing WHERE samarbete_id = %s", [ett.pk]) == [(0,)]

    # En fil från tiden före återtagandet.
    filer = grund_med_samarbeten()
    filer[OVE][-1] |= {"till": "gemensam_kartlaggning", "orsak": ""}
    assert all(antal.startswith("0 nya, 0 ändrade") for antal in las_in(katalog, filer).values())

    assert not har_identitet(DAVID)
    assert samarbete("S4").insatstyp == "avbrutet"
    assert samarbete("S4").person_id == ett.person_id


def test_ett_nytt_samarbete_efter_atertaget_samtycke_ar_samma_persons(katalog):
    filer = grund_med_samarbeten()
    filer[SAM].append(filer[SAM][3] | {"samarbete": "S5", "samtycke": "2024-02-01"})
    filer[OVE].append({"samarbete": "S5", "ordning": "1", "till": "begaran", "datum": "2024-02-01"})

    assert las_in(katalog, filer)[SAM] == "1 nya, 0 ändrade, 4 oförändrade"
    assert samarbete("S5").person_id == samarbete("S4").person_id
    assert har_identitet(DAVID)
    assert samarbete("S4").avidentifierat
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)


@pytest.mark.parametrize("med_samarbeten", [True, False], ids=["med_samarbeten", "bara_overganger"])
def test_ett_samtycke_som_aterkallas_i_en_ny_fil_tar_identiteten(katalog, med_samarbeten):
    filer = grund_med_samarbeten()
    filer[SAM] = [{**filer[SAM][1], "samarbete": "S5", "personnummer": ERIK, "fornamn": "Erik"}]
    filer[OVE] = [{"samarbete": "S5", "ordning": "1", "till": "begaran", "datum": "2024-05-01"}]
    las_in(katalog, {fil: filer[fil] for fil in (SAM, OVE)})
    assert har_identitet(ERIK)
    slut = {"samarbete": "S5", "ordning": "2", "till": "avbrutet", "datum": "2024-06-01", "orsak": "samtycke_atertas"}

    nya = {OVE: [slut], SAM: filer[SAM]} if med_samarbeten else {OVE: [slut]}
    assert las_in(katalog, nya)[OVE] == "1 nya, 0 ändrade, 0 oförändrade"

    assert not har_identitet(ERIK)
    assert samarbete("S5").avidentifierat
    # Den gamla filen känns igen, och inget kommer tillbaka.
    person = samarbete("S5").person_id
    assert las_in(katalog, {SAM: filer[SAM]})[SAM] == "0 nya, 0 ändrade, 1 oförändrade"
    assert (har_identitet(ERIK), samarbete("S5").person_id) == (False, person)
    assert sql("SELECT count(*) FROM deltagare_person p WHERE NOT EXISTS (SELECT FROM deltagare_deltagande d "
               "WHERE d.person_id = p.id) AND NOT EXISTS (SELECT FROM deltagare_samarbete s "
               "WHERE s.person_id = p.id)") == [(0,)]  # fmt: skip


def test_identiteten_star_kvar_sa_lange_nagot_annat_bar_den(katalog):
    filer = grund_med_samarbeten()
    filer[OVE][4] |= {"till": "avbrutet", "orsak": "samtycke_atertas"}

    las_in(katalog, filer)

    assert samarbete("S1").avidentifierat
    assert har_identitet(ANNA)  # deltagandena
    # Tvärtom: deltagandets återtagna samtycke tar inte samarbetets identitet.
    filer[DEL][3] |= {"utregistrering": "2024-02-01", "avslutningsanledning": "atertaget_samtycke"}
    las_in(katalog, {DEL: [filer[DEL][3]]})
    assert har_identitet(BO)


def test_en_person_i_bada_filerna_kan_ha_nyckel_i_den_ena(egen_databas, tmp_path):
    filer = grund_med_samarbeten()
    for rad in filer[DEL][:2]:
        rad["person"] = "P-1"
    filer[SAM][1]["person"] = "P-2"

    assert importera(skriv(tmp_path / "in", filer)).felrader == []

    assert sql("SELECT count(DISTINCT person_id) FROM deltagare_samarbete") == [(4,)]
    assert sql("SELECT nyckel FROM deltagare_person WHERE nyckel LIKE 'P-%' ORDER BY 1") == [("P-1",), ("P-2",)]
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(tmp_path / "in").ut)


def test_en_avidentifierad_persons_rattade_uppgifter_foljer_med(katalog):
    filer = grund_med_samarbeten()
    del filer[SAM], filer[OVE], filer[BYT]
    filer[DEL][4] |= {"kon": "man", "fodelsear": "1999"}

    las_in(katalog, filer)

    assert (samarbete("S3").kon, samarbete("S3").alder) == ("man", 25)


def test_en_ruta_som_stangs_galler_inte_det_som_redan_ar_registrerat(katalog):
    with connections["agare"].cursor() as markor:
        markor.execute(
            "UPDATE deltagare_overgangsregel SET oppen = false WHERE fran = 'begaran' AND till <> 'avbrutet'"
        )
    filer = grund_med_samarbeten()
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)
    filer[OVE].append({"samarbete": "S3", "ordning": "2", "till": "gemensam_kartlaggning", "datum": "2024-07-01"})

    svar = importera(skriv(katalog, filer))

    assert svar.felrader[0].startswith("overganger.csv:12:till: Övergången från begaran till gemensam_kartlaggning")


def test_en_nyckel_som_ser_ut_som_ett_personnummer_lagras_inte_i_klartext(katalog):
    filer = grund_med_samarbeten()
    filer[SAM] = [filer[SAM][0] | {"samarbete": ERIK, "personnummer": ERIK}]
    filer[OVE] = [{"samarbete": ERIK, "ordning": "1", "till": "begaran", "datum": "2025-01-01"}]
    filer[BYT] = [{"samarbete": ERIK, "datum": "2025-02-01", "af_kontor": "AF2", "fk_kontor": "FK2"}]

    assert las_in(katalog, filer)[SAM] == "1 nya, 0 ändrade, 0 oförändrade"
    assert sql("SELECT count(*) FROM deltagare_samarbete WHERE nyckel = %s", [ERIK]) == [(0,)]
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)


def test_en_nyckel_fran_en_annan_sus_reserverar_sitt_nummer(katalog):
    [(nasta,)] = sql("SELECT nextval('sus_samarbetsnyckel')")
    nyckel = f"SUS-{nasta + 41}"
    filer = grund_med_samarbeten()
    filer[SAM] = [filer[SAM][0] | {"samarbete": nyckel, "personnummer": ERIK}]
    filer[OVE] = [{"samarbete": nyckel, "ordning": "1", "till": "begaran", "datum": "2025-01-01"}]
    las_in(katalog, {fil: filer[fil] for fil in (SAM, OVE)})

    assert sql("SELECT nextval('sus_samarbetsnyckel')") == [(nasta + 42,)]


def test_ett_samarbete_avslutas_och_nasta_borjar_i_samma_fil(katalog):
    filer = grund_med_samarbeten()
    filer[OVE].append({"samarbete": "S2", "ordning": "3", "till": "avslutat", "datum": "2024-09-01"})
    filer[SAM].append(filer[SAM][1] | {"samarbete": "S9", "samtycke": "2024-09-01"})
    filer[OVE].append({"samarbete": "S9", "ordning": "1", "till": "begaran", "datum": "2024-09-01"})

    antal = las_in(katalog, filer)

    assert (antal[SAM], antal[OVE]) == ("1 nya, 0 ändrade, 4 oförändrade", "2 nya, 0 ändrade, 10 oförändrade")


def test_samma_kontor_igen_ar_en_varning(katalog):
    filer = grund_med_samarbeten()
    filer[BYT].append(filer[BYT][0] | {"datum": "2024-05-01"})

    svar = importera(skriv(katalog, filer))

    assert svar.felrader == []
    assert "varning: kontorsbyten.csv:3:datum: Kontoren är desamma som före bytet." in svar.varningar


# Felen


@pytest.fixture(scope="module")
def ifylld(egen_databas_modul, tmp_path_factory):
    """En databas där grundkatalogen redan är importerad."""
    assert importera(skriv(tmp_path_factory.mktemp("grund"), grund_med_samarbeten())).kod == 0
    return innehall()


def stoppas(katalog, filer, ifylld, *vantade):
    """Kör importen och kräver slutkod 1, just de raderna i svensk form och samma innehåll som före."""
    svar = importera(skriv(katalog, filer))
    assert svar.kod == 1
    fel = svar.felrader[:-1]
    assert [":".join(rad.split(":")[:3]) for rad in fel] == list(vantade), fel
    assert all(re.match(r"\w+\.csv:\d+:\w+: [A-ZÅÄÖ].*\.$", rad) for rad in fel), fel
    assert not any(uppgift in rad for rad in fel for uppgift in (ANNA, BO, DAVID, "Anna", "David"))
    assert innehall() == ifylld
    return fel


# (fil, rad i listan, ändrade fält, väntat: rad och kolumn, i samma fil om ingen annan sägs)
ANDRADE = {
    "samarbete_saknas": (SAM, 0, {"samarbete": ""}, "2:samarbete"),
    "for_lang_nyckel": (SAM, 3, {"samarbete": "S" * 61}, "5:samarbete"),
    "samma_samarbete_tva_ganger": (SAM, 3, {"samarbete": "S2"}, "5:samarbete"),
    "personnummer_finns_inte": (SAM, 0, {"personnummer": ANNA[:-1] + "0"}, "2:personnummer"),
    "varken_personnummer_eller_person": (SAM, 2, {"person": ""}, "4:personnummer"),
    "fornamn_saknas": (SAM, 0, {"fornamn": ""}, "2:fornamn"),
    "namn_utan_personnummer": (SAM, 2, {"fornamn": "Eva"}, "4:fornamn"),
    "kon_saknas_utan_personnummer": (SAM, 2, {"kon": ""}, "4:kon"),
    "kon_mot_personnummer": (SAM, 0, {"kon": "man"}, "2:kon"),
    "annat_fodelsear_i_deltaganden": (SAM, 2, {"fodelsear": "2001"}, "4:fodelsear"),
    "kommun_saknas": (SAM, 0, {"kommun": ""}, "2:kommun"),
    "okand_kommun": (SAM, 0, {"kommun": "9999"}, "2:kommun"),
    "okand_stadsdel": (SAM, 1, {"stadsdel": "Hisingen"}, "3:stadsdel"),
    "samtycke_saknas": (SAM, 0, {"samtycke": ""}, "2:samtycke"),
    "samtycke_efter_begaran": (SAM, 0, {"samtycke": "2024-01-11"}, "2:samtycke"),
    "af_kontor_saknas": (SAM, 0, {"af_kontor": ""}, "2:af_kontor"),
    "okant_kontor": (SAM, 0, {"fk_kontor": "FK9"}, "2:fk_kontor"),
    "kontor_hos_fel_myndighet": (SAM, 0, {"af_kontor": "FK1"}, "2:af_kontor"),
    "insats_ar_inget_kontor": (SAM, 0, {"fk_kontor": "I1"}, "2:fk_kontor"),
    "initierad_av_saknas": (SAM, 0, {"initierad_av": ""}, "2:initierad_av"),
    "okand_myndighet": (SAM, 0, {"initierad_av": "kommun"}, "2:initierad_av"),
    "annan_persons_nyckel": (SAM, 0, {"personnummer": CECILIA}, "2:samarbete"),
    "okant_samarbete": (OVE, 0, {"samarbete": "S99"}, "2:samarbete"),
    "ordning_noll": (OVE, 0, {"ordning": "0"}, "2:ordning"),
    "ordning_tva_ganger": (OVE, 1, {"ordning": "1"}, "3:ordning"),
    "hal_i_ordningen": (OVE, 6, {"ordning": "4"}, "8:ordning"),
    "okand_insatstyp": (OVE, 0, {"till": "vila"}, "2:till"),
    "till_saknas": (OVE, 0, {"till": ""}, "2:till"),
    "datum_saknas": (OVE, 0, {"datum": ""}, "2:datum"),
    "datum_i_framtiden": (OVE, 6, {"datum": "2025-07-01"}, "8:datum"),
    "datum_baklanges": (OVE, 2, {"datum": "2024-01-31"}, "4:datum"),
    "datum_finns_inte": (OVE, 2, {"datum": "2024-02-30"}, "4:datum"),
    "forst_ar_inte_begaran": (OVE, 7, {"till": "gemensam_kartlaggning"}, "9:till"),
    "overgangen_ar_inte_oppen": (OVE, 6, {"till": "arbetslivsinriktade"}, "8:till"),
    "samma_typ_igen": (OVE, 6, {"till": "begaran"}, "8:till"),
    "nagot_efter_slutet": (OVE, 3, {"till": "avslutat"}, "6:till"),
    "orsak_saknas": (OVE, 4, {"till": "avbrutet"}, "6:orsak"),
    "orsak_utan_avbrott": (OVE, 4, {"orsak": "eget_initiativ"}, "6:orsak"),
    "okand_orsak": (OVE, 4, {"till": "avbrutet", "orsak": "trott"}, "6:orsak"),
    "begaran_fore_kontoret": (OVE, 7, {"datum": "2013-01-31"}, "9:datum"),
    "byte_pa_borjans_dag": (BYT, 0, {"datum": "2024-01-10"}, "2:datum"),
    "byte_efter_slutet": (BYT, 0, {"datum": "2024-10-02"}, "2:datum"),
    "byte_i_framtiden": (BYT, 0, {"datum": "2025-07-01"}, "2:datum"),
    "byte_i_okant_samarbete": (BYT, 0, {"samarbete": "S99"}, "2:samarbete"),
    "byte_till_fel_myndighet": (BYT, 0, {"fk_kontor": "AF1"}, "2:fk_kontor"),
    "byte_utan_kontor": (BYT, 0, {"af_kontor": ""}, "2:af_kontor"),
    "byte_utan_samarbete": (BYT, 0, {"samarbete": ""}, "2:samarbete"),
    "byte_utan_datum": (BYT, 0, {"datum": ""}, "2:datum"),
    "byte_till_okant_kontor": (BYT, 0, {"fk_kontor": "FK9"}, "2:fk_kontor"),
    "bytets_datum_finns_inte": (BYT, 0, {"datum": "2024-02-30"}, "2:datum"),
    "kontoret_borjar_senare": (INS, 6, {"startdatum": "2024-03-02"}, "kontorsbyten.csv:2:datum"),
}  # fmt: skip


@pytest.mark.parametrize("namn", ANDRADE)
def test_ett_fel_pekar_pa_sin_rad_och_inget_sparas(ifylld, tmp_path, namn):
    fil, plats, falt, vantat = ANDRADE[namn]
    filer = grund_med_samarbeten()
    filer[fil][plats] |= falt

    svar = importera(skriv(tmp_path / "in", filer))

    fel = [":".join(rad.split(":")[:3]) for rad in svar.felrader[:-1]]
    assert svar.kod == 1
    assert fel[0] == (vantat if ".csv" in vantat else f"{fil}:{vantat}"), svar.felrader
    assert all(re.match(r"\w+\.csv:\d+:\w+: [A-ZÅÄÖ].*\.$", rad) for rad in svar.felrader[:-1]), svar.felrader
    assert not any(uppgift in rad for rad in svar.felrader for uppgift in (ANNA, BO, DAVID, CECILIA, "Anna", "David"))
    assert innehall() == ifylld


def test_ett_samarbete_utan_overgangar(ifylld, tmp_path):
    filer = grund_med_samarbeten()
    filer[SAM].append(filer[SAM][0] | {"samarbete": "S9", "personnummer": ERIK})

    stoppas(tmp_path / "in", filer, ifylld, "samarbeten.csv:6:samarbete")


def test_ett_samarbete_i_taget(ifylld, tmp_path):
    """Mot en annan rad i filen, mot det registrerade, och när det bara är övergångarna som står i filen."""
    filer = grund_med_samarbeten()
    rader = [filer[SAM][1] | {"samarbete": f"S{nr}", "personnummer": ERIK, "samtycke": "2024-01-01"} for nr in (8, 9)]
    vag = [
        {"samarbete": f"S{nr}", "ordning": "1", "till": "begaran", "datum": dag}
        for nr, dag in ((8, "2024-01-01"), (9, "2024-02-01"))
    ]

    fel = stoppas(
        tmp_path / "in", {SAM: rader, OVE: vag}, ifylld, "samarbeten.csv:3:samarbete", "samarbeten.csv:3:samtycke"
    )
    assert "(rad 2)" in fel[0]
    ny = filer[SAM][1] | {"samarbete": "S8", "samtycke": "2024-06-01"}
    fel = stoppas(
        tmp_path / "in", {SAM: [ny], OVE: [vag[0] | {"datum": "2024-06-01"}]}, ifylld, "samarbeten.csv:2:samarbete"
    )
    assert "(redan registrerat)" in fel[0]


def test_samarbeten_som_overlappar_i_efterhand(ifylld, tmp_path):
    filer = grund_med_samarbeten()
    ny = filer[SAM][0] | {"samarbete": "S8", "samtycke": "2024-09-01"}
    vag = [
        {"samarbete": "S8", "ordning": "1", "till": "begaran", "datum": "2024-09-01"},
        {"samarbete": "S8", "ordning": "2", "till": "avbrutet", "datum": "2024-12-01", "orsak": "eget_initiativ"},
    ]

    fel = stoppas(tmp_path / "in", {SAM: [ny], OVE: vag}, ifylld, "samarbeten.csv:2:samarbete")
    assert "överlappar (redan registrerat)" in fel[0]
    vag = [rad | {"datum": "2024-10-01"} for rad in vag]
    stoppas(tmp_path / "in", {SAM: [ny | {"samtycke": "2024-01-09"}], OVE: vag}, ifylld, "samarbeten.csv:2:samtycke")


def test_ett_samtycke_till_varje_samarbete_och_radens_fel_foljer_inte_vidare(ifylld, tmp_path):
    filer = grund_med_samarbeten()
    filer[SAM][0]["kommun"] = "9999"  # övergångarna till S1 är inget eget fel
    filer[OVE][6]["till"] = "vila"  # resten av S2 prövas inte

    stoppas(tmp_path / "in", filer, ifylld, "samarbeten.csv:2:kommun", "overganger.csv:8:till")


def test_en_trasig_samarbetsfil_ger_inga_foljdfel(ifylld, tmp_path):
    skriv(tmp_path / "in", grund_med_samarbeten())
    (tmp_path / "in" / SAM).write_text("samarbete;person\n")

    fel = importera(tmp_path / "in").felrader

    assert [rad.split(":")[0] for rad in fel[:-1]] == ["samarbeten.csv"]


def test_en_motsagelse_mellan_filerna_sager_vilken_rad(ifylld, tmp_path):
    filer = grund_med_samarbeten()
    filer[SAM][2]["kon"] = "man"

    fel = stoppas(tmp_path / "in", filer, ifylld, "samarbeten.csv:4:kon")
    assert "på rad 6 i deltaganden.csv" in fel[0]


def test_kontorets_datum_rymmer_det_registrerade(ifylld, tmp_path):
    insatser = grund_med_samarbeten()[INS]
    insatser[7]["startdatum"] = "2024-01-11"
    insatser[8]["slutdatum"] = "2024-09-30"

    stoppas(tmp_path / "in", {INS: insatser}, ifylld, "insatser.csv:9:startdatum", "insatser.csv:10:slutdatum")


def test_inget_efter_kontorets_eller_organisationens_slut(ifylld, tmp_path):
    filer = grund_med_samarbeten()
    filer["samverkansorganisationer.csv"][3]["slutdatum"] = "2025-01-01"
    filer[OVE].append({"samarbete": "S3", "ordning": "2", "till": "gemensam_kartlaggning", "datum": "2025-01-02"})

    fel = stoppas(tmp_path / "in", filer, ifylld, "overganger.csv:12:datum")
    assert "samverkansorganisationens slutdatum (2025-01-01)" in fel[0]
    assert AF not in fel[0]


def test_ett_registrerat_samarbete_andras_bara_sa_att_resten_stammer(ifylld, tmp_path):
    """Det som inte står i filen är kvar, och felet står på filens rad."""
    slut = {"samarbete": "S1", "ordning": "3", "till": "avslutat", "datum": "2024-02-20"}
    stoppas(tmp_path / "in", {OVE: [slut]}, ifylld, "overganger.csv:2:till")
    sen = {"samarbete": "S1", "ordning": "2", "till": "gemensam_kartlaggning", "datum": "2024-02-21"}
    stoppas(tmp_path / "in", {OVE: [sen]}, ifylld, "overganger.csv:2:datum")
    fore_samtycket = {"samarbete": "S1", "ordning": "1", "till": "begaran", "datum": "2024-01-08"}
    stoppas(tmp_path / "in", {OVE: [fore_samtycket]}, ifylld, "overganger.csv:2:datum")


KORT = {
    "insats": "AF3",
    "organisationsnummer": AF,
    "namn": "Kort",
    "startdatum": "2024-02-15",
    "slutdatum": "2024-09-30",
}


@pytest.mark.parametrize(
    ("fil", "rad", "vantat"),
    [
        (BYT, {"samarbete": "S1", "datum": "2024-05-01", "af_kontor": "AF3", "fk_kontor": "FK2"}, "2:af_kontor"),
        (BYT, {"samarbete": "S1", "datum": "2024-03-01", "af_kontor": "AF3", "fk_kontor": "FK2"}, "2:af_kontor"),
        (BYT, {"samarbete": "S1", "datum": "2024-02-10", "af_kontor": "AF3", "fk_kontor": "FK2"}, "2:datum"),
        (SAM, grund_med_samarbeten()[SAM][0] | {"af_kontor": "AF3"}, "2:af_kontor"),
    ],
    ids=["ett_nytt_byte", "ett_byte_rattas", "bytet_fore_kontorets_start", "de_forsta_kontoren"],
)
def test_kontoret_i_filen_rymmer_de_registrerade_overgangarna(ifylld, tmp_path, fil, rad, vantat):
    """R7: övergångarna står inte i filerna, så felet står på raden som sätter kontoret."""
    fel = stoppas(tmp_path / "in", {INS: [KORT], fil: [rad]}, ifylld, f"{fil}:{vantat}")

    assert "2024-" in fel[0]
    assert "Kort" not in fel[0]


def test_samverkansorganisationens_slut_rymmer_det_registrerade_vid_dess_kontor(ifylld, tmp_path):
    organisationer = grund_med_samarbeten()[ORG]
    organisationer[4]["slutdatum"] = "2024-09-30"

    fel = stoppas(tmp_path / "in", {ORG: organisationer}, ifylld, "samverkansorganisationer.csv:6:slutdatum")

    assert "(den senaste: 2024-10-01)" in fel[0]


@pytest.mark.parametrize("fil", [SAM, DEL])
def test_fodelsearet_rattas_inte_till_efter_det_registrerade(ifylld, tmp_path, fil):
    """S3 och deltagandet är samma person: den ena filen prövas också mot det som bara står i den andra."""
    filer = grund_med_samarbeten()
    rad = filer[SAM][2] if fil == SAM else filer[DEL][4] | {"insats": "I1", "inregistrering": "2025-01-10"}
    rad |= {"fodelsear": "2024" if fil == SAM else "2025"}

    stoppas(tmp_path / "in", {fil: [rad]}, ifylld, f"{fil}:2:fodelsear")


def test_ett_tidigare_samarbete_har_ett_aldre_samtycke_an_det_registrerade(ifylld, tmp_path):
    ny = grund_med_samarbeten()[SAM][1] | {"samarbete": "S8", "samtycke": "2023-01-01"}
    vag = [
        {"samarbete": "S8", "ordning": "1", "till": "begaran", "datum": "2023-01-01"},
        {"samarbete": "S8", "ordning": "2", "till": "avbrutet", "datum": "2023-02-01", "orsak": "eget_initiativ"},
    ]

    stoppas(tmp_path / "in", {SAM: [ny], OVE: vag}, ifylld, "samarbeten.csv:2:samtycke")


@pytest.mark.parametrize(
    ("rad", "vantat"),
    [
        ({"ar": "2023"}, "ar: Året är före kontorets startdatum (2024-02-15)."),
        ({"ar": "2025"}, "ar: Året är efter kontorets slutdatum (2024-09-30)."),
        ({"ar": "2026"}, "ar: Året är i framtiden."),
        ({"kon": "annat"}, "kon: "),
        ({"antal": "-1"}, "antal: "),
        ({"insats": "AF9"}, "insats: "),
    ],
    ids=["fore_kontoret", "efter_kontoret", "i_framtiden", "okant_kon", "negativt_antal", "okant_kontor"],
)
def test_anonyma_vid_ett_kontor(ifylld, tmp_path, rad, vantat):
    anonyma = {"insats": "AF3", "ar": "2024", "kon": "man", "antal": "2"} | rad

    fel = stoppas(tmp_path / "in", {INS: [KORT], ANO: [anonyma]}, ifylld, f"{ANO}:2:{vantat.split(':')[0]}")

    assert fel[0].startswith(f"{ANO}:2:{vantat}")


# Databasens nej, om något slipper förbi proven


def vakternas_villkor(*tabeller):
    """Villkoren som vakterna för tabellerna, och deras hjälpfunktioner, kan säga nej med."""
    rader = sql(
        r"""
        WITH vakter AS (
            SELECT DISTINCT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgrelid = ANY (%s::regclass[]::oid[]))
        SELECT DISTINCT villkor[1] FROM (
            SELECT prosrc FROM vakter
            UNION
            SELECT p.prosrc FROM pg_proc p JOIN vakter v ON strpos(v.prosrc, 'PERFORM ' || p.proname || '(') > 0
            WHERE p.pronamespace = 'public'::regnamespace) k,
            regexp_matches(prosrc, $m$(?:CONSTRAINT = |THEN |ELSE )'([a-z]+(?:_[a-z]+)+)'$m$, 'g') villkor
        """,
        [list(tabeller)],
    )
    return {villkor for (villkor,) in rader}


def test_vakternas_nej_star_pa_sin_fil(ifylld):
    """En vakts nej nämner ingen tabell: villkoret säger vilken fil det gäller."""
    kontor = vakternas_villkor("deltagare_samarbetskontor")
    vagen = vakternas_villkor("deltagare_overgang")
    insatser = vakternas_villkor("insatser_insats", "insatser_samverkansorganisation")
    assert {"kontorets_tid", "kontorsbyten_i_ordning", "slut_efter_kontorsbytet"} <= kontor
    assert {"overgangen_ar_oppen", "overgangen_inom_kontorets_tid"} <= vagen

    assert {VAKTENS_FIL.get(villkor, villkor) for villkor in kontor | vagen} == {BYT, OVE}
    assert {VAKTENS_FIL.get(villkor, villkor) for villkor in insatser} == {INS, ORG}


def nej(sats, varden=()):
    """Felet när satsen går som ägaren."""
    with pytest.raises(IntegrityError) as fel, transaction.atomic(using="agare"):
        sql(sats, list(varden))
    return fel.value


def test_databasens_nej_namner_kontorsbytenas_fil(ifylld):
    satt = "INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id) SELECT id, "
    fran = " FROM deltagare_samarbete WHERE nyckel = 'S1' RETURNING id"
    efter_slutet = nej(f"{satt} '2024-12-01', af_kontor_id, fk_kontor_id {fran}")
    fel_sort = nej(f"{satt} '2024-04-01', fk_kontor_id, af_kontor_id {fran}")

    assert pa_svenska(fel_sort) == (BYT, "Välj ett kontor hos Arbetsförmedlingen och ett hos Försäkringskassan.")
    assert pa_svenska(efter_slutet, [INS, BYT])[0] == BYT
    assert pa_svenska(efter_slutet, [SAM, OVE])[0] == OVE
    assert pa_svenska(fel_sort, [INS])[0] == INS

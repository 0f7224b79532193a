"""Importen: allt eller inget, samma filer en gång till ändrar inget, ändringar, personer och identitet (R17–R25)."""

import csv
import io
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections, transaction

from behorighet.skydd import satt_sammanhang
from deltagare.kryptering import fingeravtryck, personindex
from deltagare.models import Deltagande, Identitet, Person
from deltagare.overforing import importen, regler
from deltagare.personnummer import tolka
from deltagare.tjanster import byt_nummer, skydda_person
from insatser.models import Insats, Samverkansorganisation
from tests import fabriker
from tests.databas import databas_url
from tests.importkatalog import (
    ANNA,
    BO,
    CECILIA,
    FINSAM,
    grund,
    importera,
    innehall,
    skriv,
    som_text,
    sql,
    tabeller,
)

ORG, INS, BUD, POST, VOL, ANO, DEL = grund()
EXEMPEL = Path(__file__).parent / "exempel"

pytestmark = pytest.mark.usefixtures("egen_databas")


@pytest.fixture
def katalog(tmp_path):
    return tmp_path / "in"


def deltaganden(**villkor):
    return list(Deltagande.objects.using("agare").filter(**villkor).order_by("inregistrering", "lopnr"))


def namn(nummer):
    """Personens namn i databasen."""
    identitet = Identitet.objects.using("agare").get(personindex=personindex(nummer))
    return f"{identitet.klartext('fornamn')} {identitet.klartext('efternamn')}"


def test_forsta_importen_skriver_allt_och_den_andra_inget(katalog):
    skriv(katalog, grund())
    svar = importera(katalog)
    assert (svar.kod, svar.felrader) == (0, [])
    assert svar.ut == [
        "samverkansorganisationer.csv: 4 nya, 0 ändrade, 0 oförändrade",
        "insatser.csv: 6 nya, 0 ändrade, 0 oförändrade",
        "budget.csv: 3 nya, 0 ändrade, 0 oförändrade",
        "budgetposter.csv: 2 nya, 0 ändrade, 0 oförändrade",
        "volymantal.csv: 1 nya, 0 ändrade, 0 oförändrade",
        "anonyma.csv: 2 nya, 0 ändrade, 0 oförändrade",
        "deltaganden.csv: 6 nya, 0 ändrade, 0 oförändrade",
    ]
    fore = innehall()

    igen = importera(katalog)

    assert all(" 0 nya, 0 ändrade" in rad for rad in igen.ut)
    assert innehall() == fore


def test_kontrollera_provar_allt_och_sparar_inget(katalog):
    fore = innehall()

    svar = importera(skriv(katalog, grund()), "--kontrollera")

    assert svar.kod == 0
    assert "deltaganden.csv: 6 nya, 0 ändrade, 0 oförändrade" in svar.ut
    assert innehall() == fore


def test_tyst_skriver_bara_varningar(katalog):
    svar = importera(skriv(katalog, grund()), "--tyst")

    assert (svar.kod, svar.ut) == (0, [])
    assert svar.fel == svar.varningar != []


def test_varningar_stoppar_inget(katalog):
    filer = grund()
    filer[INS][1] |= {"deltagarregistrering": "personuppgifter", "insats": "R14", "namn": "R14"}
    filer[DEL].append(filer[DEL][2] | {"insats": "N1", "inregistrering": "2022-02-01", "samtycke": "2022-02-01",
                                       "kommun": "1480", "utregistrering": "", "avslutningsanledning": ""})  # fmt: skip
    del filer[BUD][1], filer[VOL][0]

    svar = importera(skriv(katalog, filer))

    assert svar.kod == 0
    assert [rad.split(": ")[1] for rad in svar.varningar] == [
        "insatser.csv:3:deltagarregistrering",  # R14
        "insatser.csv:4:slutdatum",  # R15: en deltagare kvar i T1, som har slutat
        "insatser.csv:7:slutdatum",
        "deltaganden.csv:8:kommun",  # R24: utanför området
        "deltaganden.csv:8:personnummer",  # R24: en man i en insats för kvinnor
        "deltaganden.csv:8:utregistrering",  # R24: mer än tre år
    ]


def test_budgetar_utanfor_datumen_lases_in_med_en_varning(katalog):
    """R7: sidan nekar dem, men andra system skickar dem (ADR 0018)."""
    filer = grund()
    filer[ORG][0]["slutdatum"] = "2024-12-31"
    filer[INS][0]["slutdatum"] = ""
    filer[BUD] = [{"insats": "I1", "ar": ar, "planerat_antal": "3"} for ar in ("2020", "2021", "2024", "2025")]
    post = {"insats": "V1", "budgettyp": "insatskostnad", "budget": "9", "rad": "1"}
    filer[POST] = [post | {"ar": "2023"}, post | {"ar": "2024"}]
    filer[VOL] = [{"insats": "V1", "ar": "2024", "antal": "0"}]

    svar = importera(skriv(katalog, filer))

    slut = "Raden läses in ändå. Kontrollera året."
    assert svar.kod == 0
    assert [rad for rad in svar.varningar if ":ar:" in rad] == [
        f"varning: budget.csv:2:ar: Året är före insatsens startdatum (2021-01-01). {slut}",
        f"varning: budget.csv:5:ar: Året är efter samverkansorganisationens slutdatum (2024-12-31). {slut}",
        f"varning: budgetposter.csv:3:ar: Året är efter insatsens slutdatum (2023-12-31). {slut}",
        f"varning: volymantal.csv:2:ar: Året är efter insatsens slutdatum (2023-12-31). {slut}",
    ]
    assert len(sql("SELECT * FROM insatser_budget")) == 4


def test_andrade_varden_uppdaterar_bara_sina_rader(katalog):
    importera(skriv(katalog, grund()))
    filer = grund()
    filer[ORG][0] |= {"namn": "Samordningsförbundet Sundet", "kommuner": "1280;1281;1290"}
    filer[INS][0]["beskrivning"] = "Ny text"
    filer[BUD][0]["planerat_antal"] = "31"
    filer[POST][0]["utfall"] = "7"
    filer[VOL][0]["antal"] = "41"
    filer[ANO][0]["antal"] = "0"
    filer[DEL][1] |= {"utregistrering": "2024-02-01", "avslutningsanledning": "flytt"}
    filer[DEL][3]["kommun"] = "1280"

    svar = importera(skriv(katalog, filer))

    assert [rad.split(": ")[1] for rad in svar.ut] == [
        "0 nya, 1 ändrade, 3 oförändrade",
        "0 nya, 1 ändrade, 5 oförändrade",
        "0 nya, 1 ändrade, 2 oförändrade",
        "0 nya, 1 ändrade, 1 oförändrade",
        "0 nya, 1 ändrade, 0 oförändrade",
        "0 nya, 1 ändrade, 1 oförändrade",
        "0 nya, 2 ändrade, 4 oförändrade",
    ]
    assert sorted(Insats.objects.using("agare").values_list("nyckel", "version")) == [
        ("AF1", 1), ("H1", 1), ("I1", 2), ("N1", 1), ("T1", 1), ("V1", 1),
    ]  # fmt: skip
    assert [(d.version, d.utregistrering) for d in deltaganden(insats__nyckel="I1", avidentifierat=False)] == [
        (1, date(2023, 6, 30)), (1, date(2023, 2, 2)), (2, None), (2, date(2024, 2, 1)),
    ]  # fmt: skip
    assert importera(katalog).ut[-1] == "deltaganden.csv: 0 nya, 0 ändrade, 6 oförändrade"


def test_en_kolumn_som_saknas_later_det_registrerade_sta(katalog):
    importera(skriv(katalog, grund()))
    fore = innehall()
    for fil, utan in (
        (DEL, ("utbildning", "arbete_fore", "forsorjning_fore", "stadsdel", "arbetssokande_fore")),
        (INS, ("beskrivning", "slutdatum")),
        (ORG, ("slutdatum", "kommuner")),
        (POST, ("utfall", "beskrivning")),
    ):
        (katalog / fil).write_text(som_text(fil, grund()[fil], utan=utan), newline="")

    assert importera(katalog).kod == 0
    assert innehall() == fore


def test_rader_som_saknas_star_kvar(katalog):
    importera(skriv(katalog, grund()))
    fore = innehall()

    svar = importera(skriv(katalog, {fil: rader[:1] for fil, rader in grund().items()}))

    assert svar.kod == 0
    assert innehall() == fore


def test_insatser_kan_byta_namn_med_varandra_och_flytta_sina_datum(katalog):
    filer = grund()
    filer[ORG][0]["slutdatum"] = "2030-12-31"
    importera(skriv(katalog, filer))
    filer[INS][0]["namn"], filer[INS][5]["namn"] = filer[INS][5]["namn"], filer[INS][0]["namn"]
    filer[ORG][0]["slutdatum"] = "2025-12-31"
    filer[INS][0]["slutdatum"] = "2024-06-30"
    filer[DEL][1] |= {"utregistrering": "2024-06-30", "avslutningsanledning": "flytt"}
    filer[DEL][3] |= {"utregistrering": "2024-06-30", "avslutningsanledning": "flytt"}

    svar = importera(skriv(katalog, filer))

    assert svar.felrader == []
    ett = Insats.objects.using("agare").get(nyckel="I1")
    assert (ett.namn, ett.slutdatum, ett.version) == ("Ny", date(2024, 6, 30), 2)
    assert Samverkansorganisation.objects.using("agare").get(organisationsnummer=FINSAM).version == 2


def test_organisationen_far_ett_slutdatum_nar_det_registrerade_ryms(katalog):
    filer = grund()
    filer[DEL][1] |= {"utregistrering": "2024-12-01", "avslutningsanledning": "flytt"}
    importera(skriv(katalog, filer))
    filer[ORG][0]["slutdatum"] = "2024-06-30"
    # Det registrerade kortas i samma import, och en felregistrering räknas inte.
    filer[DEL][1]["utregistrering"] = "2024-06-30"
    filer[DEL][2] |= {"inregistrering": "2024-07-01", "utregistrering": "2024-07-01"}

    assert importera(skriv(katalog, filer)).felrader == []
    assert Samverkansorganisation.objects.using("agare").get(organisationsnummer=FINSAM).slutdatum == date(2024, 6, 30)
    assert Insats.objects.using("agare").get(nyckel="I1").slutdatum is None


def test_efteruppgifter_foljer_utregistreringen_ocksa_nar_deras_kolumner_saknas(katalog):
    filer = grund()
    filer[DEL][0] |= {"arbetstyp_efter": "subventionerat", "forsorjning_efter": "ingen", "arbetssokande_efter": "ja",
                      "studier_efter": "25", "arbete_fore": "25", "arbetstyp_fore": "subventionerat"}  # fmt: skip
    importera(skriv(katalog, filer))
    utan = tuple(f"{svar}_efter" for svar in ("forsorjning", "arbete", "studier", "arbetstyp", "arbetssokande"))
    filer[DEL][0] |= {"avslutningsanledning": "felregistrering", "utregistrering": "2023-01-20", "arbete_fore": "0"}
    (katalog / DEL).write_text(som_text(DEL, filer[DEL], utan=(*utan, "arbetstyp_fore")))

    assert importera(katalog).felrader == []

    (rad,) = deltaganden(insats__nyckel="I1", inregistrering="2023-01-10", avidentifierat=False)
    assert (rad.forsorjning_efter, rad.arbete_efter, rad.studier_efter, rad.arbetssokande_efter) == (
        [],
        None,
        None,
        None,
    )
    assert (rad.arbetstyp_efter, rad.arbete_fore, rad.arbetstyp_fore) == ([], 0, [])


def test_en_olast_insats_byter_sort_tillsammans_med_sin_budget(katalog):
    importera(skriv(katalog, grund()))
    filer = {INS: [grund()[INS][5] | {"deltagarregistrering": "antal"}],
             BUD: [{"insats": "N1", "ar": "2023", "budgeterat_antal_volym": "9"}]}  # fmt: skip

    assert importera(skriv(katalog, filer)).felrader == []
    assert sql("SELECT planerat_antal, budgeterat_antal_volym FROM insatser_budget b JOIN insatser_insats i "
               "ON i.id = b.insats_id WHERE nyckel = 'N1'") == [(None, 9)]  # fmt: skip


def test_kategoriseringen_lases_av_den_forsta_registreringen(katalog):
    importera(skriv(katalog, grund()))

    assert dict(Insats.objects.using("agare").values_list("nyckel", "last_av")) == {
        "I1": "deltagare", "V1": "antal", "T1": "deltagare", "H1": "", "AF1": "", "N1": "",
    }  # fmt: skip
    importera(skriv(katalog, {ANO: [{"insats": "N1", "ar": "2023", "kon": "kvinna", "antal": "1"}]}))
    assert Insats.objects.using("agare").get(nyckel="N1").last_av == "anonym"


@pytest.mark.parametrize("form", ["bom", "crlf", "omkastade_kolumner", "alla_inom_citat"])
def test_andra_sorters_csv_ger_samma_innehall(katalog, form):
    skriv(katalog, grund())
    for fil in grund():
        text = (katalog / fil).read_bytes().decode()
        if form == "bom":
            text = "\ufeff" + text
        elif form == "crlf":
            text = text.replace("\r\n", "\x00").replace("\n", "\r\n").replace("\x00", "\r\n")
        elif form == "omkastade_kolumner":
            text = _med_omkastade_kolumner(fil)
        else:
            text = _med_citat_overallt(fil)
        (katalog / fil).write_bytes(text.encode())

    svar = importera(katalog)

    assert svar.felrader == []
    assert [rad.split(": ")[1].split(",")[0] for rad in svar.ut] == [f"{n} nya" for n in (4, 6, 3, 2, 1, 2, 6)]


def _med_omkastade_kolumner(fil):
    rader = list(csv.reader(io.StringIO(som_text(fil, grund()[fil]), newline="")))
    ut = io.StringIO()
    csv.writer(ut).writerows(rad[::-1] for rad in rader)
    return ut.getvalue()


def _med_citat_overallt(fil):
    rader = list(csv.reader(io.StringIO(som_text(fil, grund()[fil]), newline="")))
    ut = io.StringIO()
    csv.writer(ut, quoting=csv.QUOTE_ALL).writerows(rader)
    return ut.getvalue()


def test_text_lagras_som_den_star(katalog):
    filer = grund()
    filer[INS][0]["beskrivning"] = ' =1+1\r\nRad 2\n"citat"; och, komma\\N\t\\.'
    importera(skriv(katalog, filer))

    assert Insats.objects.using("agare").get(nyckel="I1").beskrivning == filer[INS][0]["beskrivning"]
    assert sql("SELECT beskrivning FROM insatser_budgetpost WHERE rad = 1") == [('Rad 1\r\nRad 2, "citat"',)]


@pytest.mark.parametrize("text", [ANNA, f"{ANNA[:8]}-{ANNA[8:]}", f"{ANNA[2:8]}-{ANNA[8:]}", f" {ANNA[2:]} "])
def test_personnummer_far_skrivas_pa_flera_satt(katalog, text):
    importera(skriv(katalog, grund()))

    svar = importera(skriv(katalog, {DEL: [grund()[DEL][0] | {"personnummer": text}]}))

    assert svar.ut == ["deltaganden.csv: 0 nya, 0 ändrade, 1 oförändrade"]


def test_samordningsnummer_tas_emot(katalog):
    importera(skriv(katalog, grund()))

    bo = Person.objects.using("agare").get(identitet__personindex=personindex(BO))
    assert (bo.kon, bo.fodelsear) == ("man", 1990)
    assert {d.alder for d in deltaganden(person=bo)} == {33}


def test_identiteten_ar_krypterad_och_inget_personnummer_star_i_klartext(katalog):
    filer = grund()
    filer[DEL][4] |= {"person": CECILIA, "fodelsear": "2001"}  # ett personnummer som nyckel
    importera(skriv(katalog, filer))

    assert namn(ANNA) == "Anna Ek"
    for tabell in tabeller():
        for nummer in (ANNA, BO, CECILIA, ANNA[2:], CECILIA[2:]):
            assert sql(f"SELECT count(*) FROM {tabell} t WHERE t::text LIKE %s", [f"%{nummer}%"]) == [(0,)], tabell
    avidentifierad = deltaganden(insats__nyckel="T1")[0]
    assert avidentifierad.avidentifierat
    assert avidentifierad.person.nyckel.startswith("X")


def test_avidentifierade_med_samma_nyckel_ar_samma_person(katalog):
    filer = grund()
    filer[DEL].append(filer[DEL][4] | {"insats": "I1"})
    filer[DEL].append(filer[DEL][4] | {"person": "A-2"})
    importera(skriv(katalog, filer))

    assert Person.objects.using("agare").filter(nyckel="A-1", deltaganden__isnull=False).count() == 2
    assert Person.objects.using("agare").filter(nyckel="A-2", deltaganden__isnull=False).count() == 1
    assert not Identitet.objects.using("agare").filter(person__nyckel__startswith="A-").exists()


def test_en_personnyckel_foljer_med_personnumret(katalog):
    filer = grund()
    for rad in filer[DEL][:2]:
        rad["person"] = "anna"
    filer[DEL].append(filer[DEL][4] | {"person": "anna", "fodelsear": "1985", "insats": "N1",
                                       "avslutningsanledning": "flytt", "utregistrering": "2023-08-01"})  # fmt: skip
    importera(skriv(katalog, filer))

    anna = Person.objects.using("agare").get(nyckel="anna")
    assert bytes(anna.identitet.personindex) == personindex(ANNA)
    assert [d.avidentifierat for d in deltaganden(person=anna)] == [False, True, False]


def test_den_senaste_inregistreringens_namn_galler(katalog):
    filer = grund()
    filer[DEL][1]["efternamn"] = "Ny-Ek"
    importera(skriv(katalog, filer))
    assert namn(ANNA) == "Anna Ny-Ek"
    filer[DEL][1]["efternamn"] = "Al"

    svar = importera(skriv(katalog, filer))

    assert svar.ut[-1] == "deltaganden.csv: 0 nya, 1 ändrade, 5 oförändrade"
    assert namn(ANNA) == "Anna Al"
    # En äldre rad ensam ändrar inte namnet som kom senare.
    importera(skriv(katalog, {DEL: [grund()[DEL][0] | {"efternamn": "Gammal"}]}))
    assert namn(ANNA) == "Anna Al"


def test_atertaget_samtycke_lagras_utan_identitet_och_kommer_inte_tillbaka(katalog):
    skriv(katalog, grund())
    importera(katalog)

    (rad,) = deltaganden(avslutningsanledning="atertaget_samtycke")
    assert rad.avidentifierat
    assert not hasattr(rad, "folkbokforing")
    assert bytes(rad.fingeravtryck) == fingeravtryck(insats="I1", person=CECILIA, inregistrering="2023-01-10", lopnr=1)
    assert not Identitet.objects.using("agare").filter(personindex=personindex(CECILIA)).exists()
    fore = innehall()
    assert importera(katalog).kod == 0
    assert innehall() == fore


def test_samma_person_raknas_en_gang_ocksa_efter_atertaget_samtycke(katalog):
    filer = grund()
    filer[DEL].append(filer[DEL][5] | {"insats": "N1", "utregistrering": "", "avslutningsanledning": ""})
    importera(skriv(katalog, grund()))
    (forst,) = deltaganden(avslutningsanledning="atertaget_samtycke")

    importera(skriv(katalog, filer))

    (nytt,) = deltaganden(insats__nyckel="N1")
    assert nytt.person_id == forst.person_id
    assert not nytt.avidentifierat
    (forst,) = deltaganden(avslutningsanledning="atertaget_samtycke")
    assert forst.avidentifierat
    assert namn(CECILIA) == "Cecilia Ek"


def test_ett_deltagande_vars_samtycke_aterkallas_i_en_ny_fil_avidentifieras(katalog):
    filer = grund()
    importera(skriv(katalog, filer))
    filer[DEL][1] |= {"utregistrering": "2023-09-01", "avslutningsanledning": "atertaget_samtycke"}

    svar = importera(skriv(katalog, filer))

    assert svar.ut[-1] == "deltaganden.csv: 0 nya, 1 ändrade, 5 oförändrade"
    assert namn(ANNA) == "Anna Ek"  # det första deltagandet har sitt samtycke kvar
    filer[DEL][0]["avslutningsanledning"] = "atertaget_samtycke"
    importera(skriv(katalog, filer))
    assert not Identitet.objects.using("agare").filter(personindex=personindex(ANNA)).exists()
    assert [d.avidentifierat for d in deltaganden(insats__nyckel="I1", person__fodelsear=1985)] == [True, True]
    assert sql("SELECT count(*) FROM deltagare_folkbokforing") == [(2,)]


def test_den_som_avidentifierats_i_sus_far_aldrig_tillbaka_sin_identitet(katalog):
    importera(skriv(katalog, grund()))
    for d in deltaganden(person__identitet__personindex=personindex(ANNA)):
        avtryck = fingeravtryck(insats="I1", person=ANNA, inregistrering=d.inregistrering.isoformat(), lopnr=d.lopnr)
        with connections["agare"].cursor() as markor:
            markor.execute(
                "UPDATE deltagare_deltagande SET avidentifierat = true, fingeravtryck = %s, "
                "avslutningsanledning = CASE WHEN utregistrering IS NULL THEN 'atertaget_samtycke' "
                "ELSE avslutningsanledning END, utregistrering = coalesce(utregistrering, '2024-01-01') WHERE id = %s",
                [avtryck, d.pk],
            )
            markor.execute("DELETE FROM deltagare_folkbokforing WHERE deltagande_id = %s", [d.pk])
    with connections["agare"].cursor() as markor:
        markor.execute("DELETE FROM deltagare_identitet WHERE personindex = %s", [personindex(ANNA)])
    fore = innehall()

    svar = importera(katalog)

    assert svar.ut[-1] == "deltaganden.csv: 0 nya, 0 ändrade, 6 oförändrade"
    assert innehall() == fore


@pytest.mark.parametrize("flyttad", ["1 day", "1 year"])
def test_en_fil_fran_fore_rattelsen_ger_inte_tillbaka_identiteten(katalog, flyttad):
    """R19, R25: raden känns igen på den tid den hade, och det rättade står kvar."""
    importera(skriv(katalog, grund()))
    bo = Identitet.objects.using("agare").get(personindex=personindex(BO)).person_id
    with connections["agare"].cursor() as markor:
        markor.execute(
            "UPDATE deltagare_deltagande SET inregistrering = inregistrering - %s::interval, "
            "samtycke = samtycke - %s::interval WHERE person_id = %s",
            [flyttad, flyttad, bo],
        )
    skydda_person(person_id=bo, av=None, using="agare")
    fore = innehall()

    svar = importera(katalog)

    assert svar.ut[-1] == "deltaganden.csv: 0 nya, 0 ändrade, 6 oförändrade"
    assert innehall() == fore


def test_en_fil_med_numret_fran_fore_bytet_ger_inte_tillbaka_identiteten(katalog):
    """R17, R19: också när kön och födelseår följer det nya numret."""
    importera(skriv(katalog, grund()))
    bo = Identitet.objects.using("agare").get(personindex=personindex(BO)).person_id
    hans = deltaganden(person_id=bo)[0]
    nytt = tolka(fabriker.personnummer("19911223", man=True), idag=date(2026, 1, 1))
    with transaction.atomic():
        ansvarig = fabriker.deltagaransvarig(Insats.objects.get(pk=hans.insats_id))
        satt_sammanhang(ansvarig)
        byt_nummer(deltagande=hans, nytt=nytt, av=ansvarig)
    skydda_person(person_id=bo, av=None, using="agare")
    fore = innehall()

    svar = importera(katalog)

    assert svar.ut[-1] == "deltaganden.csv: 0 nya, 0 ändrade, 6 oförändrade"
    assert innehall() == fore


@pytest.mark.parametrize(
    ("andrat", "felet"),
    [
        ({}, "där personen står med ett annat nummer. Numret är bytt. Ta bort den ena raden."),
        ({"lopnr": "7"}, "Personen är redan inregistrerad i insatsen under den tiden (rad"),
    ],
)
def test_samma_person_med_gammalt_och_nytt_nummer_i_en_fil_ar_fel_pa_raden(katalog, andrat, felet):
    filer = grund()
    importera(skriv(katalog, filer))
    bo = Identitet.objects.using("agare").get(personindex=personindex(BO)).person_id
    hans = deltaganden(person_id=bo)[0]
    nytt = tolka(fabriker.personnummer("19911223", man=True), idag=date(2026, 1, 1))
    with transaction.atomic():
        ansvarig = fabriker.deltagaransvarig(Insats.objects.get(pk=hans.insats_id))
        satt_sammanhang(ansvarig)
        byt_nummer(deltagande=hans, nytt=nytt, av=ansvarig)
    rad = next(
        rad for rad in filer[DEL] if rad["personnummer"] == BO and rad.get("avslutningsanledning") != "felregistrering"
    )
    filer[DEL].append(rad | {"personnummer": nytt.nummer, "kon": "", "fodelsear": ""} | andrat)
    fore = innehall()

    svar = importera(skriv(katalog, filer))

    assert svar.kod == 1
    assert f"deltaganden.csv:{len(filer[DEL]) + 1}:" in svar.felrader[0]
    assert felet in svar.felrader[0]
    assert innehall() == fore


def test_tva_rader_for_en_registrering_som_har_rattats_nekas(katalog):
    filer = grund()
    importera(skriv(katalog, filer))
    anna = Identitet.objects.using("agare").get(personindex=personindex(ANNA)).person_id
    with connections["agare"].cursor() as markor:
        markor.execute(
            "UPDATE deltagare_deltagande SET lopnr = 5 WHERE person_id = %s AND utregistrering IS NULL", [anna]
        )
    skydda_person(person_id=anna, av=None, using="agare")
    filer[DEL].append(filer[DEL][1] | {"lopnr": "5"})

    svar = importera(skriv(katalog, filer))

    assert svar.kod == 1
    assert "Raden gäller samma registrering som rad 3" in "".join(svar.felrader)
    assert not Identitet.objects.using("agare").filter(personindex=personindex(ANNA)).exists()


def test_en_atertagen_rad_utan_eget_avtryck_raknas_inte_som_andrad(katalog):
    """Avtrycket är redan sparat: raden ändras inte av varje inläsning."""
    importera(skriv(katalog, grund()))
    vakt = "ALTER TABLE deltagare_deltagande {} TRIGGER identiteten_kommer_inte_tillbaka"
    with connections["agare"].cursor() as markor:
        markor.execute(vakt.format("DISABLE"))
        markor.execute("UPDATE deltagare_deltagande SET fingeravtryck = NULL WHERE fingeravtryck IS NOT NULL")
        markor.execute(vakt.format("ENABLE"))

    assert importera(katalog).ut[-1] == "deltaganden.csv: 0 nya, 0 ändrade, 6 oförändrade"


def test_en_nyckel_fran_en_annan_sus_reserverar_sitt_nummer(katalog):
    filer = grund()
    for rader in filer.values():
        for rad in rader:
            if rad.get("insats") == "N1":
                rad["insats"] = "SUS-5000"
    importera(skriv(katalog, filer))

    assert sql("SELECT nextval(pg_get_serial_sequence('insatser_insats', 'id')) > 5000") == [(True,)]


def test_databasens_nej_blir_en_svensk_rad(katalog, monkeypatch):
    filer = grund()
    filer[DEL][1]["inregistrering"] = "2023-06-01"
    monkeypatch.setattr(regler, "prova_overlapp", lambda utfall: None)
    monkeypatch.setattr(importen.regler, "prova_overlapp", lambda utfall: None)
    fore = innehall()

    svar = importera(skriv(katalog, filer))

    assert svar.kod == 1
    assert svar.felrader[0] == (
        "deltaganden.csv:0: Personen är redan inregistrerad i insatsen under den tiden. "
        "Nästa inregistrering är tidigast dagen efter den senaste utregistreringen."
    )
    assert innehall() == fore


def test_importen_loggas_med_antal_men_utan_personer(katalog):
    importera(skriv(katalog, grund()))

    ((typ, av, detaljer),) = sql("SELECT typ, av_id, detaljer::text FROM behorighet_handelse")
    assert (typ, av) == ("importerat", None)
    assert '"deltaganden.csv": [6, 0, 0]' in detaljer


def test_exemplen_gar_in():
    svar = importera(EXEMPEL / "data", idag="2026-10-31")

    assert svar.felrader == []
    assert svar.ut[-1] == "deltaganden.csv: 146 nya, 0 ändrade, 0 oförändrade"


@pytest.mark.parametrize(
    ("argument", "kod", "pa_fel"),
    [
        (["importera", "{in}", "--idag", "2025-06-30", "--tyst"], 0, ""),
        (["importera", "{in}", "--idag", "2023-06-01"], 1, "i framtiden"),
        (["importera", "{in}/finns-inte"], 1, "finns inte"),
        (["importera"], 2, "usage"),
        (["importera", "{in}", "--idag", "i går"], 2, "ÅÅÅÅ-MM-DD"),
        (["generera", "--skala", "jatte", "--fro", "1"], 2, "invalid choice"),
        (["generera", "--skala", "demo", "--fro", "1", "--till", "{in}/budget.csv/ut"], 1, "Det går inte att skriva"),
        (["finnsinte"], 2, "Kommandot finnsinte finns inte."),
        (["import"], 2, "Menade du importera?"),
        (["help", "finnsinte"], 2, "Kommandot finnsinte finns inte."),
    ],
)
def test_kommandots_slutkoder(egen_databas, katalog, argument, kod, pa_fel):
    skriv(katalog, grund())
    miljo = {**os.environ, "DATABASE_URL": databas_url(egen_databas), "SUS_VARDAR": "localhost"}
    kommando = [sys.executable, "manage.py", *(del_.replace("{in}", str(katalog)) for del_ in argument)]

    svar = subprocess.run(kommando, cwd=settings.BASE_DIR, env=miljo, capture_output=True, text=True, check=False)

    assert svar.returncode == kod, svar.stderr
    assert pa_fel in svar.stderr
    assert "Traceback" not in svar.stderr
    assert "Unknown command" not in svar.stderr


def test_stora_satser_planeras_for_sina_rader_och_nycklarna_en_gang(katalog):
    """En vakts plan för inga rader tar kvadratisk tid för många; nycklarnas planer, en per rad, tar längst av allt."""
    satser = []

    def lyssna(kor, sats, *rest):
        satser.append(str(sats))
        return kor(sats, *rest)

    skriv(katalog, grund())
    with connections["agare"].execute_wrapper(lyssna):
        importera(katalog)

    def plats(text):
        return next(nr for nr, sats in enumerate(satser) if text in sats)

    for stor in ("UPDATE insatser_insats i SET kategorisering_last_vid", "INSERT INTO deltagare_deltagande"):
        assert satser[plats(stor) - 1] == "DISCARD PLANS"
    assert plats("plan_cache_mode = 'auto'") < plats("UPDATE insatser_insats i SET kategorisering_last_vid")


def test_svaren_provas_pa_varje_rad_ocksa_nar_de_har_statt_forut(katalog):
    filer = grund()
    forsta = filer["deltaganden.csv"][0]
    filer["deltaganden.csv"] += [
        {**forsta, "inregistrering": "2024-05-02", "arbete_fore": "40"},
        {**forsta, "inregistrering": "2024-06-02", "arbete_fore": "140"},
        {**forsta, "inregistrering": "2024-07-02", "arbete_fore": "140"},
    ]
    skriv(katalog, filer)
    rader = len(filer["deltaganden.csv"])

    fel = importera(katalog).felrader

    assert [rad.split(":")[1:3] for rad in fel if "arbete_fore" in rad] == [
        [str(rader), "arbete_fore"], [str(rader + 1), "arbete_fore"],
    ]  # fmt: skip

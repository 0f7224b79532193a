"""Felaktiga filer: varje slags fel blir `fil:rad:kolumn: …` på svenska, slutkod 1 och en oförändrad databas."""

import os
import re
from pathlib import Path

import pytest

from deltagare.overforing.filformat import FILER
from tests.importkatalog import (
    AF,
    ANNA,
    BO,
    CECILIA,
    FINSAM,
    TVAPART,
    grund,
    grund_med_samarbeten,
    importera,
    innehall,
    personnummer,
    skriv,
    som_text,
)

ORG, INS, BUD, POST, VOL, ANO, DEL = grund()


@pytest.fixture(scope="module")
def ifylld(egen_databas_modul, tmp_path_factory):
    """En databas där grundkatalogen redan är importerad."""
    assert importera(skriv(tmp_path_factory.mktemp("grund"), grund())).kod == 0
    return innehall()


@pytest.fixture
def katalog(tmp_path):
    return tmp_path / "in"


def stoppas(katalog, ifylld, *vantade):
    """Kör importen och kräver slutkod 1, raderna, svensk form på alla och samma innehåll som före."""
    svar = importera(katalog)
    assert svar.kod == 1
    fel = svar.felrader[:-1]
    for vantat in vantade:
        assert any(rad.startswith(vantat) for rad in fel), (vantat, fel)
    assert all(re.match(r"\S+\.\w+:\d+:((\w+|kolumn \d+):)? [A-ZÅÄÖa-zåäö]", rad) for rad in fel), fel
    assert svar.felrader[-1].startswith("Inget har sparats")
    assert "Traceback" not in "\n".join(svar.fel)
    assert innehall() == ifylld
    return svar


# (vad, fil, rad i listan, ändrade fält, väntat fel: rad och kolumn, i samma fil om ingen annan sägs)
ANDRADE = [
    ("fel_kombination", INS, 5, {"preciserad_inriktning": "utbildning"}, "7:preciserad_inriktning"),
    ("malgrupp_ur_annan_form", INS, 5, {"malgrupper": "lakare"}, "7:malgrupper"),
    ("kvinnor_och_man", INS, 5, {"malgrupper": "kvinnor;man"}, "7:malgrupper"),
    ("ej_tillampliga_med_andra", INS, 5, {"malgrupper": "ej_tillampliga;unga"}, "7:malgrupper"),
    ("malgrupp_saknas", INS, 5, {"malgrupper": ""}, "7:malgrupper"),
    ("handlingsplan_med_malgrupp", INS, 3, {"malgrupper": "unga"}, "5:malgrupper"),
    ("inriktning_saknas", INS, 5, {"inriktning": ""}, "7:inriktning"),
    ("kontor_kategoriserat", INS, 4, {"inriktning": "individ"}, "6:inriktning"),
    ("annan_utan_beskrivning", INS, 2, {"beskrivning": ""}, "4:beskrivning"),
    ("okand_inriktning", INS, 5, {"inriktning": "grupp"}, "7:inriktning"),
    ("last_inriktning_andrad", INS, 0, {"preciserad_inriktning": "forberedande"}, "2:preciserad_inriktning"),
    ("last_registrering_andrad", INS, 1, {"deltagarregistrering": "personuppgifter"}, "3:deltagarregistrering"),
    ("last_malgrupp_andrad", INS, 0, {"malgrupper": "unga"}, "2:malgrupper"),
    ("insats_i_annan_organisation", INS, 5, {"organisationsnummer": TVAPART}, "7:organisationsnummer"),
    ("okand_organisation", INS, 5, {"organisationsnummer": "222999-9990"}, "7:organisationsnummer"),
    ("insats_fore_organisationen", INS, 5, {"startdatum": "2019-12-31"}, "7:startdatum"),
    ("insats_efter_organisationen", INS, 2, {"slutdatum": "2025-01-01"}, "4:slutdatum"),
    ("insats_slutar_fore_start", INS, 5, {"slutdatum": "2021-12-31"}, "7:slutdatum"),
    ("insatsnamn_tva_ganger", INS, 5, {"namn": "Steget"}, "7:namn"),
    ("insatsnamn_saknas", INS, 5, {"namn": " "}, "7:namn"),
    ("startdatum_efter_inregistrering", INS, 0, {"startdatum": "2023-01-11"}, "deltaganden.csv:2:inregistrering"),
    ("organisationsnummer_kontrollsiffra", ORG, 0, {"organisationsnummer": "222999-0012"}, "2:organisationsnummer"),
    ("okand_samverkansform", ORG, 0, {"samverkansform": "forbund"}, "2:samverkansform"),
    ("samverkansform_andrad", ORG, 1, {"samverkansform": "finsam"}, "3:samverkansform"),
    ("organisationens_start_andrad", ORG, 0, {"startdatum": "2020-01-02"}, "2:startdatum"),
    ("organisation_slutar_fore_start", ORG, 3, {"slutdatum": "2012-01-01"}, "5:slutdatum"),
    ("organisation_slutar_fore_insats", ORG, 1, {"slutdatum": "2024-01-31"}, "insatser.csv:4:slutdatum"),
    ("okand_kommun_i_omradet", ORG, 0, {"kommuner": "1280;9999"}, "2:kommuner"),
    ("datum_i_fel_form", ORG, 0, {"slutdatum": "31/12 2030"}, "2:slutdatum"),
    ("datum_som_inte_finns", INS, 5, {"slutdatum": "2024-02-30"}, "7:slutdatum"),
    ("datum_utan_bindestreck", INS, 5, {"slutdatum": "20240630"}, "7:slutdatum"),
    ("planerat_antal_for_volyminsats", BUD, 1, {"planerat_antal": "4"}, "3:planerat_antal"),
    ("volymbudget_for_personuppgifter", BUD, 0, {"budgeterat_antal_volym": "4"}, "2:budgeterat_antal_volym"),
    ("negativt_antal", BUD, 0, {"planerat_antal": "-1"}, "2:planerat_antal"),
    ("antal_med_decimaler", BUD, 0, {"planerat_antal": "1,5"}, "2:planerat_antal"),
    ("budget_for_okand_insats", BUD, 0, {"insats": "X"}, "2:insats"),
    ("orimligt_ar", BUD, 0, {"ar": "24"}, "2:ar"),
    ("okand_budgettyp", POST, 1, {"budgettyp": "lokal"}, "4:budgettyp"),
    ("negativ_budget", POST, 1, {"budget": "-1"}, "4:budget"),
    ("belopp_med_ore", POST, 1, {"utfall": "100.50"}, "4:utfall"),
    ("radnummer_noll", POST, 1, {"rad": "0"}, "4:rad"),
    ("antal_utanfor_insatsen", VOL, 0, {"ar": "2024"}, "2:ar"),
    ("antal_i_framtiden", VOL, 0, {"ar": "2026"}, "2:ar"),
    ("antal_for_fel_sort", VOL, 0, {"insats": "I1"}, "2:insats"),
    ("anonyma_i_volyminsats", ANO, 0, {"insats": "V1", "ar": "2022"}, "2:insats"),
    ("anonyma_i_framtiden", ANO, 0, {"ar": "2026"}, "2:ar"),
    ("anonyma_fore_insatsen", ANO, 0, {"ar": "2020"}, "2:ar"),
    ("anonyma_okant_kon", ANO, 0, {"kon": "annat"}, "2:kon"),
    ("anonyma_utan_antal", ANO, 0, {"antal": ""}, "2:antal"),
    ("deltagande_i_volyminsats", DEL, 0, {"insats": "V1"}, "2:insats"),
    ("deltagande_i_kontor", DEL, 0, {"insats": "AF1"}, "2:insats"),
    ("okand_insats", DEL, 0, {"insats": "I9"}, "2:insats"),
    ("insats_saknas", DEL, 0, {"insats": ""}, "2:insats"),
    ("kontrollsiffra", DEL, 0, {"personnummer": ANNA[:-1] + str((int(ANNA[-1]) + 1) % 10)}, "2:personnummer"),
    ("fodelsedag_som_inte_finns", DEL, 0, {"personnummer": personnummer("19850231")}, "2:personnummer"),
    ("fodd_i_framtiden", DEL, 0, {"personnummer": personnummer("20260101")}, "2:personnummer"),
    ("personnummer_saknas", DEL, 0, {"personnummer": ""}, "2:personnummer"),
    ("namn_saknas", DEL, 0, {"efternamn": ""}, "2:efternamn"),
    ("kommun_saknas", DEL, 0, {"kommun": ""}, "2:kommun"),
    ("okand_kommun", DEL, 0, {"kommun": "0000"}, "2:kommun"),
    ("stadsdel_utanfor_storstad", DEL, 0, {"stadsdel": "Centrum"}, "2:stadsdel"),
    ("okand_stadsdel", DEL, 0, {"kommun": "1480", "stadsdel": "Sibirien"}, "2:stadsdel"),
    ("samtycke_saknas", DEL, 0, {"samtycke": ""}, "2:samtycke"),
    ("samtycke_efter_inregistrering", DEL, 0, {"samtycke": "2023-01-11"}, "2:samtycke"),
    ("arkiverat_fore_samtycket", DEL, 0, {"samtycke_arkiverat": "2023-01-08"}, "2:samtycke_arkiverat"),
    ("inregistrering_saknas", DEL, 0, {"inregistrering": ""}, "2:inregistrering"),
    ("inregistrering_i_framtiden", DEL, 1, {"inregistrering": "2025-07-01"}, "3:inregistrering"),
    ("utregistrering_i_framtiden", DEL, 0, {"utregistrering": "2025-07-01"}, "2:utregistrering"),
    ("ut_fore_in", DEL, 0, {"utregistrering": "2023-01-09"}, "2:utregistrering"),
    ("ut_utan_anledning", DEL, 0, {"avslutningsanledning": ""}, "2:avslutningsanledning"),
    ("anledning_utan_ut", DEL, 0, {"utregistrering": ""}, "2:utregistrering"),
    ("okand_anledning", DEL, 0, {"avslutningsanledning": "slut"}, "2:avslutningsanledning"),
    ("fore_insatsens_start", DEL, 0, {"inregistrering": "2020-12-31", "samtycke": "2020-12-01"}, "2:inregistrering"),
    ("efter_insatsens_slut", DEL, 4, {"inregistrering": "2024-07-01"}, "6:inregistrering"),
    ("overlapp", DEL, 1, {"inregistrering": "2023-06-30"}, "3:inregistrering"),
    ("okand_utbildning", DEL, 0, {"utbildning": "folkskola"}, "2:utbildning"),
    ("okand_forsorjning", DEL, 0, {"forsorjning_fore": "sjukpenning;lon"}, "2:forsorjning_fore"),
    ("ingen_med_annan", DEL, 0, {"forsorjning_fore": "ingen;sjukpenning"}, "2:forsorjning_fore"),
    ("procent_over_hundra", DEL, 0, {"arbete_efter": "101"}, "2:arbete_efter"),
    ("procent_med_tecken", DEL, 0, {"arbete_efter": "50 %"}, "2:arbete_efter"),
    ("okant_ja_nej", DEL, 0, {"arbetssokande_fore": "j"}, "2:arbetssokande_fore"),
    ("lopnr_noll", DEL, 3, {"lopnr": "0"}, "5:lopnr"),
    ("samma_nyckel", DEL, 3, {"lopnr": "1"}, "5:inregistrering"),
    ("kon_mot_personnummer", DEL, 0, {"kon": "man"}, "2:kon"),
    ("fodelsear_mot_personnummer", DEL, 0, {"fodelsear": "1986"}, "2:fodelsear"),
    ("avidentifierad_med_namn", DEL, 4, {"fornamn": "Eva"}, "6:fornamn"),
    ("avidentifierad_utan_kon", DEL, 4, {"kon": ""}, "6:kon"),
    ("avidentifierad_utan_fodelsear", DEL, 4, {"fodelsear": ""}, "6:fodelsear"),
    ("avidentifierad_fodd_efter", DEL, 4, {"fodelsear": "2024"}, "6:fodelsear"),
    ("nyckel_med_tva_personnummer", DEL, 2, {"person": "K"}, "5:person"),
    ("forsorjning_efter_utan_ut", DEL, 1, {"forsorjning_efter": "sjukpenning"}, "3:forsorjning_efter"),
    ("arbete_efter_utan_ut", DEL, 1, {"arbete_efter": "0"}, "3:arbete_efter"),
    ("arbetstyp_efter_utan_ut", DEL, 1, {"arbetstyp_efter": "subventionerat"}, "3:arbetstyp_efter"),
    ("studier_efter_utan_ut", DEL, 1, {"studier_efter": "50"}, "3:studier_efter"),
    ("arbetssokande_efter_utan_ut", DEL, 1, {"arbetssokande_efter": "nej"}, "3:arbetssokande_efter"),
    ("forsorjning_efter_felregistrering", DEL, 2, {"forsorjning_efter": "ingen"}, "4:forsorjning_efter"),
    ("arbete_efter_felregistrering", DEL, 2, {"arbete_efter": "50"}, "4:arbete_efter"),
    ("arbetstyp_efter_felregistrering", DEL, 2, {"arbetstyp_efter": "subventionerat"}, "4:arbetstyp_efter"),
    ("studier_efter_felregistrering", DEL, 2, {"studier_efter": "0"}, "4:studier_efter"),
    ("arbetssokande_efter_felregistrering", DEL, 2, {"arbetssokande_efter": "ja"}, "4:arbetssokande_efter"),
    ("arbetstyp_utan_arbete", DEL, 0, {"arbetstyp_fore": "subventionerat"}, "2:arbetstyp_fore"),
    ("arbetstyp_med_tomt_arbete", DEL, 0, {"arbete_fore": "", "arbetstyp_fore": "subventionerat"}, "2:arbetstyp_fore"),
    ("arbetstyp_efter_utan_arbete", DEL, 0, {"arbete_efter": "00", "arbetstyp_efter": "subventionerat"},
     "2:arbetstyp_efter"),
]  # fmt: skip


@pytest.mark.parametrize(("fil", "rad", "andrat", "vantat"), [f[1:] for f in ANDRADE], ids=[f[0] for f in ANDRADE])
def test_ett_andrat_falt_stoppar_importen(ifylld, katalog, fil, rad, andrat, vantat):
    filer = grund()
    filer[fil][rad] |= andrat

    stoppas(skriv(katalog, filer), ifylld, f"{vantat}: " if ".csv" in vantat else f"{fil}:{vantat}: ")


@pytest.mark.parametrize(
    ("fil", "vantat"),
    [
        (ORG, "samverkansorganisationer.csv:6:organisationsnummer: "),
        (INS, "insatser.csv:8:insats: "),
        (BUD, "budget.csv:5:ar: "),
        (POST, "budgetposter.csv:5:rad: "),
        (VOL, "volymantal.csv:3:ar: "),
        (ANO, "anonyma.csv:4:ar: "),
        (DEL, "deltaganden.csv:8:inregistrering: "),
    ],
)
def test_samma_nyckel_tva_ganger_stoppar_importen(ifylld, katalog, fil, vantat):
    filer = grund()
    filer[fil].append(dict(filer[fil][0]))

    stoppas(skriv(katalog, filer), ifylld, vantat)


def test_en_personnyckel_med_tva_personnummer_stoppar_importen(ifylld, katalog):
    filer = grund()
    for rad in filer[DEL][:4]:
        rad["person"] = "K"

    stoppas(skriv(katalog, filer), ifylld, "deltaganden.csv:4:personnummer: ")


def test_overlapp_mot_det_registrerade_stoppar_importen(ifylld, katalog):
    ny = grund()[DEL][0] | {"inregistrering": "2023-06-01", "utregistrering": "2023-06-15"}

    stoppas(skriv(katalog, {DEL: [ny]}), ifylld, "deltaganden.csv:2:inregistrering: ")


def test_overlapp_med_ett_senare_registrerat_stoppar_importen(ifylld, katalog):
    ny = grund()[DEL][1] | {"inregistrering": "2022-06-01", "samtycke": "2022-05-30"}

    stoppas(skriv(katalog, {DEL: [ny]}), ifylld, "deltaganden.csv:2:inregistrering: ")


def test_insatsens_datum_provas_mot_det_registrerade(ifylld, katalog):
    filer = {INS: grund()[INS]}
    filer[INS][0]["startdatum"] = "2023-01-11"
    filer[INS][1]["slutdatum"] = "2021-12-31"

    stoppas(skriv(katalog, filer), ifylld, "insatser.csv:2:startdatum: ", "insatser.csv:3:slutdatum: ")


def test_organisationens_slutdatum_provas_mot_det_registrerade(ifylld, katalog):
    filer = {ORG: grund()[ORG]}
    filer[ORG][1]["slutdatum"] = "2024-01-31"

    stoppas(skriv(katalog, filer), ifylld, "samverkansorganisationer.csv:3:slutdatum: ")


@pytest.mark.parametrize(
    ("fil", "rad", "andrat", "vantat"),
    [
        (DEL, 1, {"inregistrering": "2025-01-01", "samtycke": "2025-01-01"}, "3:inregistrering: Inregistreringen"),
        (
            DEL,
            1,
            {"utregistrering": "2025-01-01", "avslutningsanledning": "flytt"},
            "3:utregistrering: Utregistreringen",
        ),
        (ANO, 0, {"ar": "2025"}, "2:ar: Året"),
        (VOL, 0, {"ar": "2025"}, "2:ar: Året"),
    ],
    ids=["in", "ut", "anonyma", "volymantal"],
)
def test_inget_registreras_efter_organisationens_slutdatum(ifylld, katalog, fil, rad, andrat, vantat):
    filer = grund()
    filer[ORG][0]["slutdatum"] = "2024-12-31"
    filer[INS][0]["slutdatum"] = filer[INS][1]["slutdatum"] = ""  # insatserna tills vidare: organisationens dag gäller
    filer[fil][rad] |= andrat

    stoppas(skriv(katalog, filer), ifylld, f"{fil}:{vantat} är efter samverkansorganisationens slutdatum (2024-12-31).")


def test_organisationens_slutdatum_galler_ocksa_insatser_som_inte_star_i_filen(ifylld, katalog):
    ny = grund()[DEL][0] | {"personnummer": CECILIA, "inregistrering": "2025-01-10", "utregistrering": "2025-02-01"}

    svar = stoppas(
        skriv(katalog, {ORG: [grund()[ORG][0] | {"slutdatum": "2024-12-31"}], DEL: [ny]}),
        ifylld,
        "deltaganden.csv:2:inregistrering: Inregistreringen är efter samverkansorganisationens slutdatum (2024-12-31).",
    )

    assert len(svar.felrader) == 2


@pytest.mark.parametrize("hela", [False, True], ids=["bara_organisationerna", "alla_filer"])
def test_ett_nytt_slutdatum_pa_organisationen_provas_mot_registrerade_deltaganden(ifylld, katalog, hela):
    filer = grund() if hela else {fil: grund()[fil] for fil in (ORG, INS)}
    filer[ORG][0]["slutdatum"] = filer[INS][1]["slutdatum"] = filer[INS][5]["slutdatum"] = "2023-06-30"

    stoppas(
        skriv(katalog, filer),
        ifylld,
        "samverkansorganisationer.csv:2:slutdatum: Samverkansorganisationen har registreringar efter slutdatumet",
    )


def test_ett_nytt_slutdatum_pa_organisationen_provas_mot_registrerade_anonyma(ifylld, katalog):
    filer = {ORG: [grund()[ORG][3] | {"slutdatum": "2023-12-31"}]}

    stoppas(skriv(katalog, filer), ifylld, "samverkansorganisationer.csv:2:slutdatum: Samverkansorganisationen har reg")


def test_budgetens_sort_provas_mot_det_registrerade(ifylld, katalog):
    filer = {INS: grund()[INS]}
    filer[INS][5]["deltagarregistrering"] = "antal"

    stoppas(skriv(katalog, filer), ifylld, "insatser.csv:7:deltagarregistrering: ")


def text(fil, **val):
    return som_text(fil, grund()[fil], **val)


FILFEL = [
    ("windows_1252", INS, text(INS).encode("cp1252"), "0: Filen är inte UTF-8 utan troligen Windows-1252"),
    ("utf_16", INS, text(INS).encode("utf-16"), "0: Filen är sparad som UTF-16"),
    ("semikolon", INS, text(INS).replace(",", ";").encode(), "0: Fälten är skilda med semikolon"),
    ("tabb", INS, text(INS).replace(",", "\t").encode(), "0: Fälten är skilda med tabb"),
    ("semikolon_inom_citat", INS, text(INS).replace(",", ";").replace("insats;organisationsnummer",
     '"insats";"organisationsnummer"').encode(), "0: Fälten är skilda med semikolon, inte komma. Spara om den i Excel"),
    ("semikolon_raden_inom_citat", BUD, b'"insats;ar;planerat_antal"\n"I1;2024;1"\n', "0: Fälten är skilda med semik"),
    ("semikolon_utan_rubrikrad", BUD, b"I1;2024;1\n", "0: Fälten är skilda med semikolon"),
    ("tom", INS, b"", "0: Filen är tom"),
    ("kolumn_saknas", INS, text(INS, utan=("malgrupper",)).encode(), "0:malgrupper: "),
    ("okand_kolumn", INS, text(INS, extra=("Kommentar",)).encode(), "0:Kommentar: "),
    ("kolumn_tva_ganger", INS, text(INS, extra=("namn",)).encode(), "0:namn: "),
    ("samtycke_saknas_som_kolumn", DEL, text(DEL, utan=("samtycke",)).encode(), "0:samtycke: "),
    ("nul", DEL, text(DEL).replace("Anna", "An\0na", 1).encode(), "0: Filen innehåller NUL-tecken (rad 2)"),
    ("jattefalt", INS, text(INS).replace("Om den", "x" * 10_000_000).encode(), "4: Ett fält är längre än"),
    ("oavslutat_citat", POST, text(POST).encode() + b'I1,2024,3,insatskostnad,1,,"slut\n', "5: Ett citattecken öppnas"),
    ("citat_mitt_i", POST, text(POST).encode() + b'I1,2024,3,insatskostnad,1,,"a"b\n', "5: Ett citattecken står fel"),
    ("for_fa_falt", BUD, text(BUD).encode() + b"I1,2025\n", "5:planerat_antal: "),
    ("for_manga_falt", BUD, text(BUD).encode() + b"I1,2025,1,,9\n", "5:budgeterat_antal_volym: "),
    ("avklippt_tecken", INS, text(INS).encode() + "å".encode()[:1], "0: Filen slutar mitt i ett tecken"),
]  # fmt: skip


@pytest.mark.parametrize(("fil", "byte", "vantat"), [fall[1:] for fall in FILFEL], ids=[fall[0] for fall in FILFEL])
def test_en_fil_som_inte_gar_att_lasa_stoppar_importen(ifylld, katalog, fil, byte, vantat):
    skriv(katalog, grund())
    (katalog / fil).write_bytes(byte)

    stoppas(katalog, ifylld, f"{fil}:{vantat}")


@pytest.mark.parametrize(
    ("namn", "vantat"),
    [
        ("personer.csv", "personer.csv:0: Okänd fil"),
        ("Insatser.csv", "Insatser.csv:0: Okänd fil"),
        ("deltaganden.xlsx", "deltaganden.xlsx:0: Okänd fil"),
        ("README.csv", "README.csv:0: Okänd fil"),
        ("README.md.csv", "README.md.csv:0: Okänd fil"),
        ("LASMIG.txt", "LASMIG.txt:0: Okänd fil"),
        ("19951027-9897.csv", "fil.csv:0: Okänd fil"),
    ],
)
def test_en_fil_for_mycket_stoppar_importen(ifylld, katalog, namn, vantat):
    skriv(katalog, grund())
    (katalog / namn).write_text("a,b\n")

    stoppas(katalog, ifylld, vantat)


def test_bara_dolda_filer_och_readme_gas_forbi(ifylld, katalog):
    skriv(katalog, grund())
    for namn in ("README.md", "README.txt", ".DS_Store", ".insatser.csv.swp"):
        (katalog / namn).write_text("a;b\n")

    assert importera(katalog).kod == 0
    (katalog / "gamla").mkdir()
    svar = importera(katalog)
    assert (svar.kod, len(svar.felrader)) == (1, 2)
    assert svar.felrader[0].startswith("gamla:0: Okänd fil")
    assert innehall() == ifylld


@pytest.mark.parametrize(
    ("gor", "vantat"),
    [
        (lambda vag: vag.symlink_to("finns-inte"), "budget.csv:0: Filen går inte att läsa: den finns inte"),
        (lambda vag: vag.symlink_to(vag.name), "budget.csv:0: Filen går inte att läsa: länken leder runt"),
        (lambda vag: vag.mkdir(), "budget.csv:0: Filen går inte att läsa: den är en katalog"),
        (os.mkfifo, "budget.csv:0: Filen går inte att läsa: den är ingen vanlig fil"),
    ],
    ids=["lank_till_inget", "lank_till_sig_sjalv", "katalog", "ror"],
)
def test_det_som_inte_ar_en_fil_stoppar_importen(ifylld, katalog, gor, vantat, monkeypatch):
    filer = grund()
    del filer[BUD]
    gor(skriv(katalog, filer) / BUD)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)  # förloppet räknar också byte

    stoppas(katalog, ifylld, vantat)


def test_en_insatsfil_som_inte_gar_att_lasa_ar_ett_enda_fel(ifylld, katalog):
    filer = grund()
    del filer[INS]
    filer[BUD][0]["insats"] = "NY"
    (skriv(katalog, filer) / INS).symlink_to("finns-inte")

    assert len(stoppas(katalog, ifylld, "insatser.csv:0: Filen går inte att läsa: den finns inte").felrader) == 2


def nekar(vagrad):
    """En läsning som filsystemet nekar, för just den sökvägen."""

    def lasning(verklig):
        def las(vag, *args, **val):
            if vag == vagrad:
                raise PermissionError(13, "Permission denied", str(vag))
            return verklig(vag, *args, **val)

        return las

    return lasning


@pytest.mark.parametrize("namn", [BUD, DEL])
def test_en_fil_som_inte_far_lasas_stoppar_importen(ifylld, katalog, namn, monkeypatch):
    skriv(katalog, grund())
    monkeypatch.setattr(Path, "open", nekar(katalog / namn)(Path.open))

    stoppas(katalog, ifylld, f"{namn}:0: Filen går inte att läsa: rättighet saknas")


def test_en_fil_som_gar_sonder_under_lasningen_stoppar_importen(ifylld, katalog, monkeypatch):
    skriv(katalog, grund())

    def sonder(self, size=-1, /):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("deltagare.overforing.lasning._Matare.read1", sonder)

    stoppas(katalog, ifylld, "insatser.csv:0: Filen går inte att läsa: disken svarar inte")


def test_en_katalog_som_inte_far_lasas_stoppar_importen(ifylld, katalog, monkeypatch):
    skriv(katalog, grund())
    monkeypatch.setattr(Path, "iterdir", nekar(katalog)(Path.iterdir))

    svar = importera(katalog)

    assert (svar.kod, svar.felrader) == (1, [f"Katalogen {katalog} går inte att läsa: rättighet saknas."])
    assert innehall() == ifylld


def test_alla_fel_sags_pa_en_gang_sorterade_efter_fil_och_rad(ifylld, katalog):
    filer = grund()
    filer[DEL][4]["kon"] = "x"
    filer[DEL][0]["kommun"] = "0000"
    filer[BUD][0]["ar"] = "x"
    filer[ORG][0]["namn"] = ""

    svar = stoppas(skriv(katalog, filer), ifylld)

    assert [rad.rsplit(": ", 1)[0].split(": ")[0] for rad in svar.felrader[:-1]] == [
        "samverkansorganisationer.csv:2:namn",
        "budget.csv:2:ar",
        "deltaganden.csv:2:kommun",
        "deltaganden.csv:6:kon",
    ]


def test_efter_hundra_fel_sags_hur_manga_som_ar_kvar(ifylld, katalog):
    filer = grund()
    filer[DEL] = [filer[DEL][0] | {"kommun": "0000"}] * 130

    svar = stoppas_med_manga(skriv(katalog, filer), ifylld)

    assert len(svar.felrader) == 102
    assert svar.felrader[100] == "… och 30 till."


def stoppas_med_manga(katalog, ifylld):
    svar = importera(katalog)
    assert svar.kod == 1
    assert innehall() == ifylld
    return svar


def test_inga_fel_upprepar_personnummer_eller_namn(ifylld, katalog):
    filer = grund()
    filer[DEL][0] |= {"kon": "man", "fodelsear": "1", "personnummer": ANNA}
    filer[DEL][2] |= {"personnummer": BO[:-1] + "x", "efternamn": ""}

    text = "\n".join(importera(skriv(katalog, filer)).fel)

    assert ANNA not in text
    assert BO[:-1] not in text
    assert "Anna" not in text


NUMMER = (ANNA, f"{ANNA[:8]}-{ANNA[8:]}", f"{ANNA[2:8]}-{ANNA[8:]}", ANNA[2:], f"{ANNA[2:8]} {ANNA[8:]}")


def test_deltaganden_utan_rubrikrad_upprepar_inget_ur_raden(ifylld, katalog):
    skriv(katalog, grund())
    rader = [rad.replace(ANNA, NUMMER[1]) for rad in som_text(DEL, grund()[DEL]).splitlines()[1:]]
    (katalog / DEL).write_text("\n".join(rader))

    svar = stoppas(katalog, ifylld, "deltaganden.csv:0:kolumn 5: Okänd kolumn", "deltaganden.csv:0:insats: ")

    assert not re.search(r"Anna|Ek\b|[0-9]{4}-[0-9]{2}|[0-9]{6}", "\n".join(svar.felrader))


@pytest.mark.parametrize("varde", ["Anna", "Anna Karlsson", *NUMMER])
def test_ett_forskjutet_varde_upprepas_inte_i_deltaganden(ifylld, katalog, varde):
    filer = grund()
    filer[DEL] = [
        filer[DEL][0] | {"personnummer": BO, "inregistrering": f"2022-01-{dag:02}", kolumn: varde}
        for dag, kolumn in enumerate(FILER[DEL].kolumner, start=1)
    ]

    svar = importera(skriv(katalog, filer))

    assert svar.kod == 1
    assert not [rad for rad in svar.fel if varde in rad or varde.split()[0] in rad]
    for kolumn in ("insats", "kommun", "stadsdel", "utbildning", "forsorjning_fore", "kon", "arbetssokande_fore"):
        assert any(f":{kolumn}: " in rad for rad in svar.felrader), kolumn


@pytest.mark.parametrize("fil", [fil for fil in FILER if fil != DEL])
def test_ett_mojligt_personnummer_upprepas_inte_i_nagon_fil(ifylld, katalog, fil):
    for nummer in NUMMER:
        filer = grund_med_samarbeten()
        rader = filer[fil]
        filer[fil] = [rader[0] | {kolumn: nummer} for kolumn in FILER[fil].kolumner]
        skriv(katalog, filer)
        svar = [*importera(katalog).fel]
        (katalog / fil).write_text(som_text(fil, rader, extra=(nummer, f"Anna {nummer}")))
        svar += importera(katalog).fel

        assert not [rad for rad in svar if nummer in rad]
    assert innehall() == ifylld


def test_ett_varde_som_ser_ut_som_en_kod_visas(ifylld, katalog):
    filer = grund()
    filer[BUD][0]["insats"] = "I-9"
    filer[ANO][0]["insats"] = "Anna Ek"
    filer[ORG][0]["kommuner"] = "1280;9999"

    stoppas(
        skriv(katalog, filer),
        ifylld,
        "budget.csv:2:insats: Insatsen ”I-9” finns inte.",
        "anonyma.csv:2:insats: Insatsen finns inte.",
        "samverkansorganisationer.csv:2:kommuner: Kommunen ”9999” finns inte.",
    )


def test_en_katalog_som_inte_finns_eller_ar_tom_ar_ett_fel(ifylld, tmp_path):
    assert importera(tmp_path / "finns-inte").felrader == [f"Katalogen {tmp_path / 'finns-inte'} finns inte."]
    assert importera(tmp_path).felrader[0].startswith("insatser.csv:0: Katalogen har ingen av filerna")


def test_kontor_hor_till_af_eller_fk(ifylld, katalog):
    filer = grund()
    filer[INS][5]["organisationsnummer"] = AF
    filer[INS][5]["insats"] = "NY"
    filer[INS].append(
        filer[INS][0] | {"insats": "UTAN", "namn": "Utan", "organisationsnummer": FINSAM, "inriktning": ""}
    )

    stoppas(skriv(katalog, filer), ifylld, "insatser.csv:7:inriktning: ", "insatser.csv:8:inriktning: ")

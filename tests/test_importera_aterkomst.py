"""Filer som läses om när personen har återtagit samtycket, kommit tillbaka, bytt nummer eller fått skydd (R19, R27)."""

from datetime import date

import pytest
from django.db import transaction

from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.kryptering import personindex
from deltagare.models import Deltagande, Identitet, Samarbete
from deltagare.overgangar import Myndighet
from deltagare.personnummer import tolka
from deltagare.tjanster import samarbete as tjanster
from deltagare.tjanster.person import byt_nummer
from insatser.models import Insats
from tests import fabriker
from tests.importkatalog import BO, grund_med_samarbeten, importera, personnummer, skriv, sql
from tests.test_samarbete import borja, ga

SAM, OVE, BYT, DEL, INS = (
    f"{namn}.csv" for namn in ("samarbeten", "overganger", "kontorsbyten", "deltaganden", "insatser")
)
ERIK = personnummer("19880808", 985)
GAMLA, NYA = personnummer("19880868", 987), personnummer("19880808", 988)  # ett samordningsnummer, och det nya
BOS_NYA = personnummer("19901223", 986)
BEGARAN = {"samarbete": "S9", "ordning": "1", "till": "begaran", "datum": "2024-05-02"}
ATERTAS = {"samarbete": "S9", "ordning": "2", "till": "avbrutet", "datum": "2024-06-01", "orsak": "samtycke_atertas"}


@pytest.fixture
def katalog(egen_databas, tmp_path):
    """En katalog vars grundfiler redan är importerade."""
    katalog = tmp_path / "in"
    las_in(katalog, grund_med_samarbeten())
    return katalog


def las_in(katalog, filer):
    """Importerar filerna, som ska gå, och ger antalen per fil."""
    svar = importera(skriv(katalog, filer))
    assert svar.felrader == []
    return dict(rad.split(": ", 1) for rad in svar.ut)


def en(nummer, *steg, **falt):
    """Filerna för samarbetet S9, med begäran och stegen efter."""
    rad = grund_med_samarbeten()[SAM][0] | {"samarbete": "S9", "samtycke": "2024-05-02", "personnummer": nummer}
    return {SAM: [rad | falt], OVE: [BEGARAN, *steg]}


def samarbete(nyckel="S9"):
    return Samarbete.objects.using("agare").get(nyckel=nyckel)


def antal_avtryck():
    return sql("SELECT count(*) FROM deltagare_samarbetsavtryck WHERE samarbete_id = %s", [samarbete().pk])[0][0]


def har_identitet(nummer):
    return Identitet.objects.using("agare").filter(personindex=personindex(nummer)).exists()


def deltagaransvarig(*nycklar):
    """Ett konto med uppdrag på insatserna, som är den som frågar."""
    forst, *andra = (Insats.objects.get(nyckel=nyckel) for nyckel in nycklar)
    konto = fabriker.deltagaransvarig(forst)
    for insats in andra:
        fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats)
    satt_sammanhang(konto)
    return konto


@transaction.atomic
def aterta_pa_sidan(*, nyckel, dag):
    av = deltagaransvarig("FK1")
    ett = Samarbete.objects.get(nyckel=nyckel)
    tjanster.aterta_samtycke_for_samarbete(
        samarbete=ett, version=ett.version, dag=dag, kontor=ett.fk_kontor, myndighet=Myndighet.FK, av=av
    )


@transaction.atomic
def borja_pa_sidan(*, nummer, dag):
    """Samma persons nästa samarbete. Ger dess nyckel."""
    af, fk = (Insats.objects.get(nyckel=nyckel) for nyckel in ("AF1", "FK1"))
    av = deltagaransvarig("FK1")
    tolkat = tolka(nummer, idag=date(2025, 6, 30))
    return borja(af, fk, av, nummer=tolkat, fornamn="Erik", efternamn="Återkommen", datum=dag).nyckel


@transaction.atomic
def byt_pa_sidan(registrering, nytt, *nycklar):
    av = deltagaransvarig(*nycklar)
    assert byt_nummer(deltagande=registrering(), nytt=tolka(nytt, idag=date(2025, 6, 30)), av=av)


@transaction.atomic
def bo_byter_nummer():
    """Hans pågående samarbete slutar, och han får ett personnummer i stället för samordningsnumret."""
    av = deltagaransvarig("I1", "FK1")
    ett = Samarbete.objects.get(nyckel="S2")
    ga(ett, "avslutat", ett.fk_kontor, av, datum=date(2024, 5, 1))
    deltagandet = Deltagande.objects.filter(person=ett.person, avidentifierat=False)[0]
    assert byt_nummer(deltagande=deltagandet, nytt=tolka(BOS_NYA, idag=date(2025, 6, 30)), av=av)


def ge_skydd(nummer):
    sql(
        "INSERT INTO deltagare_registerpost (personindex, skyddad, fornamn, efternamn, nyckel_id) "
        "VALUES (%s, true, '', '', '') RETURNING id",
        [personindex(nummer)],
    )


# R27: den som har återtagit samtycket knyts inte till samarbetet igen, och filen går ändå att läsa om


def test_den_som_kom_tillbaka_efter_atertaget_samtycke_hindrar_inte_den_gamla_filen(katalog):
    filer = en(ERIK)
    las_in(katalog, filer)
    aterta_pa_sidan(nyckel="S9", dag=date(2024, 6, 1))
    forst = samarbete().person_id
    assert las_in(katalog, filer)[SAM] == "0 nya, 0 ändrade, 1 oförändrade"
    andra = samarbete(borja_pa_sidan(nummer=ERIK, dag=date(2024, 9, 1)))
    assert andra.person_id != forst

    assert las_in(katalog, filer) == {
        SAM: "0 nya, 0 ändrade, 1 oförändrade",
        OVE: "0 nya, 0 ändrade, 1 oförändrade",
    }

    ett = samarbete()
    assert (ett.avidentifierat, ett.person_id, ett.insatstyp) == (True, forst, "avbrutet")
    assert Identitet.objects.using("agare").get(personindex=personindex(ERIK)).namn() == "Erik Återkommen"
    # Också när den som kom tillbaka har återtagit igen, och nu står med båda samarbetena i filen.
    aterta_pa_sidan(nyckel=andra.nyckel, dag=date(2024, 10, 1))
    filer[SAM].append(filer[SAM][0] | {"samarbete": andra.nyckel, "samtycke": "2024-09-01"})
    assert las_in(katalog, filer)[SAM] == "0 nya, 0 ändrade, 2 oförändrade"
    assert (samarbete().person_id, samarbete(andra.nyckel).person_id) == (forst, andra.person_id)
    assert not har_identitet(ERIK)


def test_en_fil_oppnar_inte_det_som_slutade_fore_atertagandet(katalog):
    """Den som kom tillbaka är en ny person: annars kunde två samarbeten pågå samtidigt (R31)."""
    kartlaggning = BEGARAN | {"ordning": "2", "till": "gemensam_kartlaggning", "datum": "2024-05-10"}
    slut = BEGARAN | {"ordning": "3", "till": "avslutat", "datum": "2024-06-01"}
    las_in(katalog, en(ERIK, kartlaggning, slut))
    aterta_pa_sidan(nyckel="S9", dag=date(2024, 6, 2))
    borja_pa_sidan(nummer=ERIK, dag=date(2024, 9, 1))

    las_in(katalog, en(ERIK, kartlaggning, slut | {"till": "planerad_arbetsforberedande"}))

    assert (samarbete().insatstyp, samarbete().slut) == ("avslutat", date(2024, 6, 1))


def test_ett_kontor_som_slutar_med_samarbeten_varnas(katalog):
    filer = en(ERIK)
    kontoret = next(rad for rad in grund_med_samarbeten()[INS] if rad["insats"] == filer[SAM][0]["fk_kontor"])

    svar = importera(skriv(katalog, {**filer, INS: [kontoret | {"slutdatum": "2024-12-31"}]}))

    assert svar.felrader == []
    assert [rad for rad in svar.varningar if "Kontoret slutade 2024-12-31, men" in rad and "pågår där" in rad]


def test_en_annan_persons_nyckel_nekas_fortfarande(katalog):
    """Bara den som har haft samarbetet känns igen på det."""
    las_in(katalog, en(ERIK))
    aterta_pa_sidan(nyckel="S9", dag=date(2024, 6, 1))

    svar = importera(skriv(katalog, {SAM: en(NYA)[SAM]}))

    assert [rad.split(":")[:3] for rad in svar.felrader[:-1]] == [[SAM, "2", "samarbete"]]


@pytest.mark.parametrize("steg", ["gammalt", "nytt", "bara_overgangen"])
def test_ett_atertagande_ur_en_fil_galler_personens_alla_nummer(katalog, steg):
    las_in(katalog, en(GAMLA))
    byt_pa_sidan(lambda: Samarbete.objects.get(nyckel="S9"), NYA, "FK1")
    filer = {"gammalt": en(GAMLA, ATERTAS), "nytt": en(NYA, ATERTAS), "bara_overgangen": {OVE: [ATERTAS]}}
    las_in(katalog, filer[steg])
    person = samarbete().person_id
    assert not har_identitet(GAMLA)
    assert not har_identitet(NYA)
    assert antal_avtryck() == 2

    for nummer in (GAMLA, NYA):
        assert las_in(katalog, en(nummer))[SAM] == "0 nya, 0 ändrade, 1 oförändrade"
        assert (har_identitet(nummer), samarbete().person_id) == (False, person)


def test_ett_nytt_samarbete_som_redan_ar_atertaget_kanns_igen_pa_personens_alla_nummer(katalog):
    bo_byter_nummer()

    las_in(katalog, en(BO, ATERTAS, fornamn="Bo"))

    assert samarbete().avidentifierat
    assert antal_avtryck() == 2
    assert las_in(katalog, en(BOS_NYA, ATERTAS))[SAM] == "0 nya, 0 ändrade, 1 oförändrade"


@pytest.mark.parametrize("forst", [GAMLA, NYA], ids=["gammalt", "nytt"])
def test_ett_atertagande_i_en_insats_galler_personens_alla_nummer(katalog, forst):
    """R25, som R27 ovan."""
    rad = grund_med_samarbeten()[DEL][1] | {"insats": "N1", "inregistrering": "2023-09-01", "samtycke": "2023-09-01"}
    las_in(katalog, {DEL: [rad | {"personnummer": GAMLA}]})
    byt_pa_sidan(lambda: Deltagande.objects.get(insats__nyckel="N1"), NYA, "N1")
    slut = {"utregistrering": "2023-10-01", "avslutningsanledning": "atertaget_samtycke"}

    las_in(katalog, {DEL: [rad | slut | {"personnummer": forst}]})

    for nummer in (GAMLA, NYA):
        antal = las_in(katalog, {DEL: [rad | {"personnummer": nummer}]})
        assert antal[DEL] == "0 nya, 0 ändrade, 1 oförändrade"
        assert not har_identitet(nummer)


def test_ett_nytt_deltagande_som_redan_ar_atertaget_kanns_igen_pa_personens_alla_nummer(katalog):
    bo_byter_nummer()
    rad = grund_med_samarbeten()[DEL][3] | {"insats": "N1", "inregistrering": "2023-09-01", "samtycke": "2023-09-01"}
    rad |= {"lopnr": "", "utregistrering": "2023-10-01", "avslutningsanledning": "atertaget_samtycke"}

    las_in(katalog, {DEL: [rad | {"personnummer": BO}]})

    assert sql(
        "SELECT count(*) FROM deltagare_avtryck a JOIN deltagare_deltagande d ON d.id = a.deltagande_id "
        "JOIN insatser_insats i ON i.id = d.insats_id WHERE i.nyckel = 'N1'"
    ) == [(2,)]


# R19, P10: skydd på det nya numret gäller också den som står i filen med det gamla


@pytest.mark.parametrize("nummer", [BO, BOS_NYA], ids=["gammalt", "nytt"])
def test_skydd_pa_personens_andra_nummer_stoppar_raden(katalog, nummer):
    bo_byter_nummer()
    ge_skydd(BO if nummer == BOS_NYA else BOS_NYA)
    rad = grund_med_samarbeten()[DEL][3] | {"insats": "N1", "personnummer": nummer, "inregistrering": "2023-09-01"}

    filer = en(nummer) | {DEL: [rad | {"samtycke": "2023-09-01", "lopnr": "", "stadsdel": ""}]}
    svar = importera(skriv(katalog, filer))

    assert sorted(rad.split(":")[:3] for rad in svar.felrader[:-1]) == [
        [DEL, "2", "personnummer"], [SAM, "2", "personnummer"],
    ]  # fmt: skip
    assert all("anonym deltagare" in rad for rad in svar.felrader[:-1])
    assert not Samarbete.objects.using("agare").filter(nyckel="S9").exists()


def test_den_som_redan_ar_utan_identitet_forblir_det_och_stoppas_inte(katalog):
    filer = en(ERIK, ATERTAS)
    las_in(katalog, filer)
    ge_skydd(ERIK)

    assert las_in(katalog, filer)[SAM] == "0 nya, 0 ändrade, 1 oförändrade"
    assert not har_identitet(ERIK)


# R27: samtycket går att återta också när kontoret har stängt


def test_samtycket_atertas_i_en_fil_ocksa_nar_kontoret_har_stangt(katalog):
    stangt = grund_med_samarbeten()[INS][7] | {"slutdatum": "2024-06-05"}  # FK1, där S2 pågår
    del_ = {"samarbete": "S2", "ordning": "3", "till": "avbrutet", "datum": "2024-06-10"}
    filer = {INS: [stangt], OVE: [del_ | {"orsak": "eget_initiativ"}]}
    svar = importera(skriv(katalog, filer))
    assert [rad.split(":")[:3] for rad in svar.felrader[:-1]] == [[OVE, "2", "datum"]]

    filer[OVE] = [del_ | {"orsak": "samtycke_atertas"}]
    assert las_in(katalog, filer)[OVE] == "1 nya, 0 ändrade, 0 oförändrade"

    assert samarbete("S2").avidentifierat
    assert all(" 0 nya, 0 ändrade" in rad for rad in importera(katalog).ut)
    # Kontoret går ändå att stänga tidigare, så länge inget annat har hänt där sedan.
    assert las_in(katalog, {INS: [stangt | {"slutdatum": "2024-06-03", "namn": "Stängt"}]})[INS].endswith(
        " 1 ändrade, 0 oförändrade"
    )

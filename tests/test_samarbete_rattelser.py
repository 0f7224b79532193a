"""Rättelser i ett samarbete, och databasens vakter mot det som ingen sida gör (R7, R27–R31, P2, P8, P9)."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from behorighet.databasfel import som_valideringsfel
from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare.models import Identitet, Overgang, Samarbete, Samarbetskontor, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet, Orsak
from deltagare.tjanster import samarbete as tjanster
from deltagare.tjanster.person import skydda_fran_samarbete
from deltagare.tjanster.samarbetskontor import angra_byte_av_kontor, byt_kontor
from deltagare.tjanster.samarbetsuppgifter import spara_uppgifter
from insatser.kategorier import Samverkansform
from tests import fabriker
from tests.databas import som_agare
from tests.test_samarbete import borja, framme_i, ga, kontor
from tests.test_samarbete_sidor import adress, inloggad, text

pytestmark = pytest.mark.django_db
TYP = Insatstyp
DAG = date(2025, 3, 1)
AF, FK = Myndighet.AF, Myndighet.FK


def dag(antal):
    return DAG + timedelta(days=antal)


@pytest.fixture
def af():
    return kontor(Samverkansform.AF, namn="Af Ett")


@pytest.fixture
def fk():
    return kontor(Samverkansform.FK, namn="FK Ett")


@pytest.fixture
def av(fk):
    return fabriker.deltagaransvarig(fk)


def nytt_af(**falt):
    return kontor(Samverkansform.AF, **falt)


def nytt_fk(**falt):
    return kontor(Samverkansform.FK, **falt)


def byt(ett, af, fk, hos, av, *, datum=None):
    till = {AF: af, FK: fk}
    rattas = datum is None
    return byt_kontor(samarbete=ett, version=ett.version, datum=datum, rattas=rattas, till=till, kontor=hos, av=av)


def angra_bytet(ett, hos, av):
    return angra_byte_av_kontor(samarbete=ett, version=ett.version, kontor=hos, av=av)


def angra(ett, hos, av):
    return tjanster.angra_overgang(samarbete=ett, version=ett.version, kontor=hos, av=av)


def ratta(ett, hos, av, *, datum, samtycke):
    return tjanster.ratta_begaran(samarbete=ett, version=ett.version, datum=datum, samtycke=samtycke, kontor=hos, av=av)


def kod(fel):
    """Felets kod, och fältet det står på."""
    if hasattr(fel.value, "error_dict"):
        [(falt, [ett])] = fel.value.error_dict.items()
        return falt, ett.code
    return "", fel.value.code


def nekas(sats, *varden):
    """Villkoret som databasen nekar med, också det som prövas sist; tomt om satsen går igenom eller inget rör."""
    try:
        with transaction.atomic(), connection.cursor() as markor:
            markor.execute(sats, varden)
            rorda = markor.rowcount
            markor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    except DatabaseError as fel:
        return fel.__cause__.diag.constraint_name or fel.__cause__.diag.message_primary
    return "inga rader" if not rorda else ""


def loggat(typ):
    return Handelse.objects.filter(typ=typ).latest("pk").detaljer


# R31, R27: ett samarbete i taget, också hos andra kontor


@pytest.mark.parametrize("senare_pagar", [True, False])
def test_ett_avslutat_samarbete_oppnas_inte_nar_ett_senare_finns(af, fk, av, senare_pagar):
    nummer = fabriker.nytt_nummer()
    forst = ga(borja(af, fk, av, nummer=nummer), TYP.AVBRUTET, fk, av, dagar=10)
    andra_fk = nytt_fk()
    dar = fabriker.deltagaransvarig(andra_fk)
    senare = borja(nytt_af(), andra_fk, dar, nummer=nummer, datum=dag(20), samtycke=dag(20))
    if not senare_pagar:
        ga(senare, TYP.AVBRUTET, andra_fk, dar, dagar=30)
    satt_sammanhang(av)

    with pytest.raises(ValidationError, match="senare samarbete") as fel:
        angra(forst, fk, av)

    assert kod(fel) == ("", tjanster.SENARE_SAMARBETE)
    villkor = nekas("DELETE FROM deltagare_overgang WHERE samarbete_id = %s AND ordning = 2", forst.pk)
    assert villkor == "ett_oppet_samarbete_per_person"


def test_databasen_nekar_samarbeten_under_samma_tid_ocksa_avslutade(af, fk, av):
    nummer = fabriker.nytt_nummer()
    forst = ga(borja(af, fk, av, nummer=nummer), TYP.AVBRUTET, fk, av, dagar=10)
    borja(af, fk, av, nummer=nummer, datum=dag(10), samtycke=dag(10))  # samma dag som det förra slutade

    with som_agare(), pytest.raises(IntegrityError) as fel, transaction.atomic():
        Overgang.objects.filter(samarbete=forst, ordning=2).update(datum=dag(11))

    assert som_valideringsfel(fel.value).code == "ett_oppet_samarbete_per_person"


@pytest.mark.parametrize(
    ("slut", "datum", "samtycke"),
    [(None, 20, 20), (100, 20, 20), (10, 20, 0)],
    ids=["pagar", "samma_tid", "samma_samtycke"],
)
def test_hinder_hos_andra_kontor_har_ett_enda_svar_inom_rackhall_sags_vad(af, fk, av, slut, datum, samtycke):
    nummer = fabriker.nytt_nummer()
    ett = borja(af, fk, av, nummer=nummer)
    if slut is not None:
        ga(ett, TYP.AVBRUTET, fk, av, dagar=slut)
    falt = {"nummer": nummer, "datum": dag(datum), "samtycke": dag(samtycke)}
    with pytest.raises(ValidationError) as inom:
        borja(af, fk, av, **falt)
    dar_fk = nytt_fk()

    with pytest.raises(ValidationError) as utom:
        borja(nytt_af(), dar_fk, fabriker.deltagaransvarig(dar_fk), **falt)

    assert kod(utom) == ("personnummer", tjanster.ANNAT_SAMARBETE)
    assert utom.value.messages == [tjanster.ANNAT_HINDRAR]
    assert (
        kod(inom)
        == {
            None: ("personnummer", tjanster.PAGAENDE_SAMARBETE),
            100: ("datum", tjanster.FORRA_SAMARBETET),
            10: ("samtycke", tjanster.SAMTYCKET_ANVANT),
        }[slut]
    )


def test_hindret_fas_bara_for_den_som_registreras(af, fk, av):
    ett = borja(af, fk, av)
    dar = fabriker.deltagaransvarig(nytt_fk())
    satt_sammanhang(dar)
    with connection.cursor() as markor:
        markor.execute("SELECT set_config('sus.person', '', true)")
    for sats in (
        "SELECT samarbetets_hinder(%s, NULL, '2025-01-01', '2025-01-01')",
        "SELECT har_senare_registrering(%s, '2020-01-01')",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as markor:
            markor.execute(sats, [ett.person_id])
    for sats in ("har_senare_samarbete(%s)", "las_samarbetet(%s)", "ratta_kontoren(%s, 1, 1)"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as markor:
            markor.execute("SELECT " + sats, [ett.pk])


# R29: byte av kontor, och att rätta det


def test_samarbetet_slutar_inte_fore_det_senaste_bytet(af, fk, av):
    ett = byt(borja(af, fk, av), nytt_af(), fk, fk, av, datum=dag(60))

    with pytest.raises(ValidationError, match=f"byttes {dag(60)}") as fel:
        ga(ett, TYP.AVBRUTET, fk, av, dagar=30)

    assert kod(fel) == ("", "slut_efter_kontorsbytet")
    assert ga(ett, TYP.AVBRUTET, fk, av, dagar=60).slut == dag(60)


def test_ett_byte_som_angras_tar_rackvidden_med_sig(af, fk, av):
    fel_af = nytt_af()
    dar = fabriker.deltagaransvarig(fel_af)
    ett = byt(borja(af, fk, av), fel_af, fk, fk, av, datum=dag(5))
    satt_sammanhang(dar)
    assert Identitet.objects.count() == 1
    satt_sammanhang(av)

    gammal = ett
    ett = angra_bytet(ett, fk, av)

    assert (ett.af_kontor_id, ett.fk_kontor_id, ett.version) == (af.pk, fk.pk, gammal.version + 1)
    assert loggat("kontorsbyte_angrat") == {
        "samarbete": ett.pk, "datum": str(dag(5)), "fran": [fel_af.pk, fk.pk], "till": [af.pk, fk.pk],
    }  # fmt: skip
    with pytest.raises(Krock):
        angra_bytet(gammal, fk, av)
    with pytest.raises(ValidationError, match="Kontoren har inte bytts"):
        angra_bytet(ett, fk, av)
    satt_sammanhang(dar)
    for modell in (Samarbete, Samarbetskontor, Overgang, Identitet):
        assert not modell.objects.exists()


def test_den_som_har_fatt_ett_samarbete_av_misstag_ger_tillbaka_det(af, fk, av):
    fel_af, fel_fk = nytt_af(), nytt_fk()
    ett = byt(borja(af, fk, av), fel_af, fel_fk, fk, av, datum=dag(5))
    with pytest.raises(PermissionDenied):
        angra_bytet(ett, fk, av)
    dar = fabriker.deltagaransvarig(fel_fk)
    satt_sammanhang(dar)

    angra_bytet(ett, fel_fk, dar)

    assert not Samarbete.objects.exists()
    satt_sammanhang(av)
    assert Samarbete.objects.get().af_kontor_id == af.pk


def test_fel_kontor_pa_begaran_rattas_medan_inget_har_foljt(af, fk, av):
    ratt = nytt_af()
    ett = borja(ratt, fk, av)
    with pytest.raises(ValidationError, match="Ange en senare dag"):
        byt(ett, af, fk, fk, av, datum=DAG)
    ett = byt(ett, af, fk, fk, av)

    assert [(rad.datum, rad.af_kontor_id) for rad in Samarbetskontor.objects.all()] == [(DAG, af.pk)]
    assert loggat("kontor_bytt") == {
        "samarbete": ett.pk, "datum": str(DAG), "fran": [ratt.pk, fk.pk], "till": [af.pk, fk.pk], "rattat": True,
    }  # fmt: skip
    satt_sammanhang(fabriker.deltagaransvarig(ratt))
    assert not Samarbete.objects.exists()
    satt_sammanhang(av)
    ett = ga(ett, TYP.GEMENSAM_KARTLAGGNING, fk, av, dagar=3)
    with pytest.raises(ValidationError, match="gått vidare"):
        byt(ett, ratt, fk, fk, av)
    assert nekas("SELECT ratta_kontoren(%s, %s, %s)", ett.pk, ratt.pk, fk.pk) == "kontoren_byts_en_gang_om_dagen"


def test_dagens_byte_rattas_samma_dag(af, fk, av):
    idag = timezone.localdate()
    fel_af, ratt = nytt_af(), nytt_af()
    ett = ga(borja(af, fk, av), TYP.GEMENSAM_KARTLAGGNING, fk, av)
    ett = byt(ett, fel_af, fk, fk, av, datum=idag)

    ett = byt(ett, ratt, fk, fk, av)

    assert ett.af_kontor_id == ratt.pk
    vagen = Samarbetskontor.objects.order_by("datum").values_list("datum", "af_kontor")
    assert list(vagen) == [(DAG, af.pk), (idag, ratt.pk)]


def test_bara_det_senaste_bytet_tas_bort_och_aldrig_de_forsta_kontoren(af, fk, av):
    ett = byt(borja(af, fk, av), nytt_af(), fk, fk, av, datum=dag(5))
    ett = byt(ett, af, fk, fk, av, datum=dag(9))

    for villkor in (f"datum = '{dag(5)}'", "true"):
        sats = f"DELETE FROM deltagare_samarbetskontor WHERE samarbete_id = %s AND {villkor}"
        assert nekas(sats, ett.pk) == "kontorsbyten_i_ordning"


def test_bytet_har_dagar_och_kontor_i_loggen(af, fk, av):
    nytt = nytt_af()
    ett = byt(borja(af, fk, av), nytt, fk, fk, av, datum=dag(5))
    assert loggat("kontor_bytt") == {
        "samarbete": ett.pk, "datum": str(dag(5)), "fran": [af.pk, fk.pk], "till": [nytt.pk, fk.pk],
    }  # fmt: skip
    ett = ga(ett, TYP.AVBRUTET, fk, av, dagar=6)
    vad = {"samarbete": ett.pk, "fran": "begaran", "till": "avbrutet", "ordning": 2}
    assert loggat("overgang_registrerad") == {**vad, "datum": str(dag(6)), "orsak": "eget_initiativ"}
    angra(ett, fk, av)
    assert loggat("overgang_angrad") == {**vad, "datum": str(dag(6)), "orsak": "eget_initiativ"}


# Begäran rättas


def test_begaran_rattas_medan_inget_har_foljt(af, fk, av):
    ett = borja(af, fk, av)
    fore = ett.version

    ett = ratta(ett, fk, av, datum=date(2024, 12, 30), samtycke=date(2024, 12, 28))

    assert (ett.borjan, ett.samtycke, ett.version) == (date(2024, 12, 30), date(2024, 12, 28), fore + 1)
    assert ett.alder == 2024 - ett.person.fodelsear
    assert Overgang.objects.get().datum == Samarbetskontor.objects.get().datum == date(2024, 12, 30)
    assert loggat("begaran_rattad") == {
        "samarbete": ett.pk, "datum": "2024-12-30", "samtycke": "2024-12-28", "var_datum": str(DAG),
        "var_samtycke": str(DAG),
    }  # fmt: skip
    ett = ratta(ett, fk, av, datum=dag(9), samtycke=dag(9))  # och senare igen
    assert (ett.borjan, ett.samtycke) == (dag(9), dag(9))
    with pytest.raises(ValidationError, match="senast den dag samarbetet börjar"):
        ratta(ett, fk, av, datum=dag(9), samtycke=dag(10))
    ett = byt(ett, nytt_af(), fk, fk, av, datum=dag(20))
    with pytest.raises(ValidationError, match="Kontoren byttes före"):
        ratta(ett, fk, av, datum=dag(20), samtycke=dag(9))
    ett = ga(ett, TYP.GEMENSAM_KARTLAGGNING, fk, av, dagar=30)
    with pytest.raises(ValidationError, match="Ångra den först"):
        ratta(ett, fk, av, datum=DAG, samtycke=DAG)
    assert nekas("SELECT ratta_begaran(%s, '2025-01-01', '2025-01-01')", ett.pk) == "begaran_rattas_forst"


def test_begaran_rattas_inte_in_i_ett_annat_samarbete(af, fk, av):
    nummer = fabriker.nytt_nummer()
    ga(borja(af, fk, av, nummer=nummer), TYP.AVBRUTET, fk, av, dagar=10)
    ett = borja(af, fk, av, nummer=nummer, datum=dag(20), samtycke=dag(15))

    with pytest.raises(ValidationError) as tid:
        ratta(ett, fk, av, datum=dag(5), samtycke=dag(5))
    with pytest.raises(ValidationError) as samtycket:
        ratta(ett, fk, av, datum=dag(20), samtycke=DAG)

    assert kod(tid) == ("datum", tjanster.FORRA_SAMARBETET)
    assert kod(samtycket) == ("samtycke", tjanster.SAMTYCKET_ANVANT)
    assert ratta(ett, fk, av, datum=dag(10), samtycke=dag(1)).borjan == dag(10)


def test_begaran_utan_identitet_rattas_inte(af, fk, av):
    ett = borja(af, fk, av)
    with som_agare():
        Samarbete.objects.update(avidentifierat=True)
    with pytest.raises(ValidationError, match="redan borttagen"):
        ratta(ett, fk, av, datum=dag(1), samtycke=DAG)


# R27 i databasen


FALTEN = "nyckel, person_id, initierad_av, borjan, insatstyp, af_kontor_id, fk_kontor_id, kon, alder, samtycke"
NYTT = (
    f"INSERT INTO deltagare_samarbete ({FALTEN}, avidentifierat, version) "
    "VALUES ('x', %s, 'fk', %s, 'begaran', %s, %s, %s, %s, %s, false, 1)"
)
NYA_KONTOR = (
    "INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id) VALUES (%s, %s, %s, %s)"
)


def test_databasen_kraver_ett_nytt_samtycke_for_varje_samarbete(af, fk, av):
    nummer = fabriker.nytt_nummer()
    forst = ga(borja(af, fk, av, nummer=nummer), TYP.AVBRUTET, fk, av, dagar=10)
    ett = borja(af, fk, av, nummer=nummer, datum=dag(20), samtycke=dag(15))
    assert nekas("SELECT ratta_begaran(%s, %s, %s)", ett.pk, dag(20), DAG) == "samtycket_ar_nytt"
    assert nekas("SELECT ratta_begaran(%s, %s, %s)", ett.pk, dag(19), dag(1)) == ""
    ga(ett, TYP.AVBRUTET, fk, av, datum=dag(30))

    def nytt(samtycke):
        return nekas(NYTT, forst.person_id, dag(40), af.pk, fk.pk, "man", 5, samtycke)

    assert nytt(DAG) == nytt(dag(15)) == "samtycket_ar_nytt"
    assert nytt(dag(16)) == "samarbetet_har_begaran_och_kontor"  # det som står i vägen är nu ett annat
    with pytest.raises(IntegrityError) as fel, transaction.atomic(), connection.cursor() as markor:
        markor.execute(NYTT, [forst.person_id, dag(40), af.pk, fk.pk, "man", 5, DAG])
    assert som_valideringsfel(fel.value).messages == [tjanster.ANNAT_HINDRAR]


def test_kon_och_alder_ar_personens_ocksa_i_ra_sql(af, fk, av):
    ett = ga(borja(af, fk, av), TYP.AVBRUTET, fk, av)
    fel_kon = {"man": "kvinna", "kvinna": "man"}[ett.kon]

    with transaction.atomic(), connection.cursor() as markor:
        markor.execute(NYTT, [ett.person_id, dag(40), af.pk, fk.pk, fel_kon, 5, dag(40)])
        nytt = Samarbete.objects.get(nyckel="x")
        transaction.set_rollback(True)  # utan begäran och kontor

    assert (nytt.kon, nytt.alder) == (ett.kon, 2025 - ett.person.fodelsear)


# R7, R21: kontorens tid


@pytest.mark.parametrize("vad", ["startar", "slutar", "organisationen"])
def test_begaran_ligger_inom_kontorets_tid(fk, av, vad):
    dagar = {"startar": {"startdatum": dag(1)}, "slutar": {"startdatum": date(2020, 1, 1), "slutdatum": dag(-1)}}
    stangt = nytt_af(namn="Af Stängt", **dagar.get(vad, {}))
    if vad == "organisationen":
        with som_agare():
            type(stangt.samverkansorganisation).objects.filter(pk=stangt.samverkansorganisation_id).update(
                slutdatum=dag(-1)
            )

    with pytest.raises(ValidationError, match="Af Stängt finns från och med") as fel:
        borja(stangt, fk, av)

    assert kod(fel) == ("", "kontorets_tid")


def test_overgangar_och_byten_ligger_inom_kontorens_tid_den_dagen(af, fk, av):
    slutar = nytt_af(namn="Af Slutar", startdatum=date(2020, 1, 1), slutdatum=dag(30))
    ett = borja(slutar, fk, av)

    with pytest.raises(ValidationError, match="Af Slutar finns från och med") as fel:
        ga(ett, TYP.GEMENSAM_KARTLAGGNING, fk, av, dagar=31)
    assert kod(fel) == ("", "overgangen_inom_kontorets_tid")
    ett = byt(ett, af, fk, fk, av, datum=dag(31))
    ett = ga(ett, TYP.GEMENSAM_KARTLAGGNING, fk, av, dagar=31)
    with pytest.raises(ValidationError, match="byt kontor först"):  # övergången hör då till det som har slutat
        angra_bytet(ett, fk, av)
    with pytest.raises(ValidationError, match="Af Slutar finns") as fel:
        byt(ett, slutar, fk, fk, av, datum=dag(40))
    assert kod(fel) == ("", "kontorets_tid")


def stang(ett_kontor, dagen):
    with som_agare():
        type(ett_kontor).objects.filter(pk=ett_kontor.pk).update(slutdatum=dagen)


@pytest.mark.parametrize("sida", ["aterta", "overgang"])
def test_samtycket_aterts_ocksa_nar_ett_kontor_har_stangt(af, fk, av, sida):
    ett = borja(af, fk, av)
    stang(af, dag(30))
    satt_sammanhang(av)
    with pytest.raises(ValidationError, match="Af Ett finns från och med"):
        ga(ett, TYP.AVBRUTET, fk, av, dagar=100)
    hos_fk = inloggad(av)
    varden = {
        "aterta": {"dag": str(dag(100))},
        "overgang": {"till": "avbrutet", "datum": str(dag(100)), "orsak": "samtycke_atertas"},
    }[sida]

    svar = hos_fk.post(adress(sida, ett), {**varden, "version": ett.version, "token": str(uuid4())})

    assert svar.status_code == 302
    satt_sammanhang(av)
    ett = Samarbete.objects.get()
    assert (ett.avidentifierat, ett.slut) == (True, dag(100))
    stang(af, dag(60))  # återtagandet räknas inte bland kontorets registreringar
    with pytest.raises(IntegrityError, match="Slutdatum kan inte"):
        stang(af, dag(-1))


# Situationen efter


def test_situationen_efter_gar_med_avslutet(af, fk, av):
    ett = framme_i(TYP.AVSLUTAT, af, fk, av)
    efter = {"efter": (0, {"anstalld": True})}
    spara_uppgifter(samarbete=ett, uppgifter=efter, initierad_av=None, kontor_id=fk.pk, av=av)

    ett = angra(ett, fk, av)

    assert not Samarbetsuppgift.objects.exists()
    assert loggat("overgang_angrad")["uppgifter_borttagna"] == "efter"
    sats = (
        "INSERT INTO deltagare_samarbetsuppgift (samarbete_id, tillfalle, arbetstyp, forsorjning, tid_i_forsorjning, "
        "utbildning, version) VALUES (%s, 'efter', '{}', '{}', '', '', 1)"
    )
    assert nekas(sats, ett.pk) == "efter_hor_till_avslutat"


def test_andrad_initierad_av_ger_en_ny_version_av_situationen_fore(af, fk, av):
    ett = borja(af, fk, av)

    def spara(version, initierad_av, **falt):
        return spara_uppgifter(
            samarbete=ett, uppgifter={"fore": (version, falt)}, initierad_av=initierad_av, kontor_id=fk.pk, av=av
        )

    assert spara(0, FK, anstalld=True) == ["fore"]
    assert spara(1, AF, anstalld=True) == ["fore"]
    with pytest.raises(Krock):
        spara(1, FK, anstalld=False)

    assert Samarbete.objects.get().initierad_av == AF
    assert Samarbetsuppgift.objects.get().version == 2


# Namnet


def test_en_begaran_bakat_i_tiden_skriver_inte_over_namnet(af, fk, av):
    nummer = fabriker.nytt_nummer()
    borja(af, fk, av, nummer=nummer, fornamn="Nytt", datum=dag(100), samtycke=dag(100))
    insats = fabriker.insats()
    dar = fabriker.deltagaransvarig(insats)

    fabriker.inregistrera(insats, dar, nummer=nummer, fornamn="Gammalt", inregistrering=DAG, samtycke=DAG)
    assert Identitet.objects.get().klartext("fornamn") == "Nytt"
    senast = nytt_fk()
    satt_sammanhang(av)
    ga(Samarbete.objects.get(), TYP.AVBRUTET, fk, av, dagar=110)
    borja(nytt_af(), senast, fabriker.deltagaransvarig(senast), nummer=nummer, fornamn="Nyast", datum=dag(120),
          samtycke=dag(120))  # fmt: skip
    assert Identitet.objects.get().klartext("fornamn") == "Nyast"


# Rå SQL som tillämpningen


@pytest.fixture
def flyttat(af, fk, av):
    """Ett samarbete som har flyttat från användarens kontor, med uppgifter."""
    ett = framme_i(TYP.GEMENSAM_KARTLAGGNING, af, fk, av)
    spara_uppgifter(
        samarbete=ett, uppgifter={"fore": (0, {"anstalld": True})}, initierad_av=None, kontor_id=fk.pk, av=av
    )
    ett = byt(ett, nytt_af(), nytt_fk(), fk, av, datum=dag(5))
    satt_sammanhang(av)
    assert Samarbete.objects.get().pk == ett.pk
    return ett


@pytest.mark.parametrize(
    "sats",
    [
        "INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, registrerad_av) "
        "VALUES (%s, 3, 'avslutat', '2025-04-01', '', 'fk')",
        "DELETE FROM deltagare_overgang WHERE samarbete_id = %s AND ordning = 2",
        "DELETE FROM deltagare_samarbetskontor WHERE samarbete_id = %s",
        "INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id) "
        "SELECT id, '2025-05-01', fk_kontor_id, af_kontor_id FROM deltagare_samarbete WHERE id = %s",
        "UPDATE deltagare_samarbete SET initierad_av = 'af' WHERE id = %s",
        "UPDATE deltagare_samarbetsuppgift SET anstalld = false WHERE samarbete_id = %s",
        "UPDATE deltagare_identitet SET fornamn = '' WHERE person_id IN "
        "(SELECT person_id FROM deltagare_samarbete WHERE id = %s)",
        "SELECT avidentifiera_samarbete(%s, ARRAY['x'::bytea])",
        "SELECT ratta_begaran(%s, '2025-01-01', '2025-01-01')",
    ],
)
def test_det_forra_kontoret_laser_men_skriver_inte(flyttat, sats):
    svar = nekas(sats, flyttat.pk)

    assert svar == "inga rader" or "row-level security" in svar or "Uppdrag saknas" in svar


def test_det_forra_kontorets_tjanster_nekas(flyttat, af, fk, av):
    for gor in (
        lambda: ga(flyttat, TYP.AVSLUTAT, fk, av, dagar=40),
        lambda: byt(flyttat, af, fk, fk, av, datum=dag(40)),
        lambda: angra(flyttat, fk, av),
        lambda: ratta(flyttat, fk, av, datum=DAG, samtycke=DAG),
        lambda: spara_uppgifter(
            samarbete=flyttat, uppgifter={"fore": (1, {"anstalld": False})}, initierad_av=None, kontor_id=fk.pk, av=av
        ),
    ):
        with pytest.raises(PermissionDenied), transaction.atomic():
            gor()
    flyttat.version -= 1  # öppnat före flytten: det är den som sägs först
    with pytest.raises(Krock):
        ga(flyttat, TYP.AVSLUTAT, fk, av, dagar=40)


def test_samarbetet_har_alltid_begaran_och_kontor(af, fk, av):
    ett = borja(af, fk, av)
    falt = "nyckel, person_id, initierad_av, borjan, insatstyp, af_kontor_id, fk_kontor_id, kon, alder, samtycke"
    ra = f"INSERT INTO deltagare_samarbete ({falt}, slut, avidentifierat, version) VALUES "
    grund = [ett.person_id, af.pk, fk.pk]

    utan = nekas(
        ra + "('x', %s, 'fk', '2020-01-01', 'begaran', %s, %s, 'man', 5, '2020-01-01', NULL, false, 1)", *grund
    )
    assert utan == "ett_oppet_samarbete_per_person"
    angrad = nekas("DELETE FROM deltagare_overgang WHERE samarbete_id = %s", ett.pk)
    assert angrad == "begaran_star_kvar"
    slutat = "('x', %s, 'fk', '2020-01-01', 'avslutat', %s, %s, 'man', 5, '2020-01-01', '2020-02-01', false, 1)"
    assert "row-level security" in nekas(ra + slutat, *grund)
    ga(ett, TYP.AVBRUTET, fk, av, dagar=1)
    tomt = "('x', %s, 'fk', '2025-04-01', 'begaran', %s, %s, 'man', 5, '2025-04-01', NULL, false, 1)"
    assert nekas(ra + tomt, *grund) == "samarbetet_har_begaran_och_kontor"


def test_aterkallat_samtycke_angras_inte_i_ra_sql(af, fk, av):
    ett = ga(borja(af, fk, av), TYP.AVBRUTET, fk, av, orsak=Orsak.SAMTYCKE_ATERTAS)

    assert nekas("DELETE FROM deltagare_overgang WHERE samarbete_id = %s AND ordning = 2", ett.pk) == (
        "aterkallelsen_angras_inte"
    )


def test_ett_slut_utan_identitet_oppnas_inte(af, fk, av):
    """Den som är utan identitet kan ha kommit tillbaka utan att det syns: två skulle kunna pågå (R31)."""
    ett = ga(borja(af, fk, av), TYP.AVBRUTET, fk, av)
    skydda_fran_samarbete(samarbete=ett, av=av)
    ett.refresh_from_db()

    with pytest.raises(ValidationError, match="går inte att öppna igen"):
        tjanster.angra_overgang(samarbete=ett, version=ett.version, kontor=fk, av=av)
    assert nekas("DELETE FROM deltagare_overgang WHERE samarbete_id = %s AND ordning = 2", ett.pk) == (
        "utan_identitet_oppnas_inget"
    )


@pytest.mark.parametrize(
    ("dagar", "villkor"), [(-10, "kontoren_inom_samarbetets_tid"), (20, "slut_efter_kontorsbytet")]
)
def test_kontorens_dagar_ligger_inom_samarbetets(af, fk, av, dagar, villkor):
    ett = ga(borja(af, fk, av), TYP.AVBRUTET, fk, av, dagar=10)
    with som_agare():
        assert nekas(NYA_KONTOR, ett.pk, dag(dagar), nytt_af().pk, fk.pk) == villkor


@pytest.mark.parametrize("dagar", [5, 20])
def test_tillampningen_byter_inte_kontor_i_ett_avslutat_samarbete(af, fk, av, dagar):
    ett = ga(borja(af, fk, av), TYP.AVBRUTET, fk, av, dagar=10)
    assert nekas(NYA_KONTOR, ett.pk, dag(dagar), nytt_af().pk, fk.pk) == "kontor_byts_medan_det_pagar"


def test_ett_byte_i_ra_sql_ar_efter_det_senaste(af, fk, av):
    ett = byt(borja(af, fk, av), nytt_af(), fk, fk, av, datum=dag(20))
    assert nekas(NYA_KONTOR, ett.pk, dag(5), nytt_af().pk, fk.pk) == "kontorsbyten_i_ordning"
    assert nekas(NYA_KONTOR, ett.pk, dag(21), af.pk, fk.pk) == ""


def test_kontoren_i_ett_avslutat_samarbete_rattas_inte(af, fk, av):
    idag = timezone.localdate()
    ett = borja(af, fk, av, datum=idag, samtycke=idag)
    assert nekas("SELECT ratta_kontoren(%s, %s, %s)", ett.pk, nytt_af().pk, fk.pk) == ""
    ett = ga(ett, TYP.AVBRUTET, fk, av, datum=idag)
    villkor = nekas("SELECT ratta_kontoren(%s, %s, %s)", ett.pk, nytt_af().pk, fk.pk)
    assert villkor == "kontor_byts_medan_det_pagar"


def test_bytet_angras_inte_nar_samarbetet_ar_avslutat(af, fk, av):
    ett = byt(borja(af, fk, av), nytt_af(), fk, fk, av, datum=dag(5))
    ett = ga(ett, TYP.AVBRUTET, fk, av, dagar=6)

    with pytest.raises(ValidationError, match="Ångra först den sista övergången"):
        angra_bytet(ett, fk, av)

    sats = "DELETE FROM deltagare_samarbetskontor WHERE samarbete_id = %s AND datum = %s"
    assert nekas(sats, ett.pk, dag(5)) == "kontor_byts_medan_det_pagar"
    hos_fk, sidan = inloggad(av), adress("angra_bytet", ett)
    assert "Ångra först den sista övergången" in text(hos_fk.get(sidan))
    assert sidan not in hos_fk.get(adress("samarbete", ett)).content.decode()
    satt_sammanhang(av)
    ett = angra(ett, fk, av)
    assert sidan in hos_fk.get(adress("samarbete", ett)).content.decode()
    satt_sammanhang(av)
    assert angra_bytet(ett, fk, av).af_kontor_id == af.pk


def test_samtycket_andras_bara_genom_rattelsen(af, fk, av):
    ett = borja(af, fk, av)
    assert "permission denied" in nekas("UPDATE deltagare_samarbete SET samtycke = '2020-01-01' WHERE id = %s", ett.pk)

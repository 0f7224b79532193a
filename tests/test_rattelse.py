"""Rättelser: reglerna från registreringen gäller också då, och den som kommer sist får veta (R17–R25, P15, P16)."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import kryptering, tjanster
from deltagare.models import Deltagande, Folkbokforing, Identitet, Svar
from insatser.models import Kommun, Stadsdel
from tests import fabriker
from tests.databas import som_agare
from tests.samtidigt import samtidigt

IDAG = timezone.localdate()


@pytest.fixture
def insats(db):
    return fabriker.insats()


@pytest.fixture
def ansvarig(insats):
    return fabriker.deltagaransvarig(insats)


@pytest.fixture
def deltagande(insats, ansvarig):
    return fabriker.inregistrera(insats, ansvarig, fore={"forsorjning_fore": ["sjukpenning"], "arbete_fore": 50})


def ratta_in(deltagande, av, **falt):
    nu = Deltagande.objects.get(pk=deltagande.pk)
    grund = {
        "deltagande": nu,
        "version": nu.version,
        "inregistrering": nu.inregistrering,
        "samtycke": nu.samtycke,
        "samtycke_arkiverat": nu.samtycke_arkiverat,
        "kommun": Kommun.objects.get(pk="1283"),
        "stadsdel": None,
        "fore": {},
        "av": av,
    }
    return tjanster.ratta_inregistrering(**{**grund, **falt})


def ratta_ut(deltagande, av, **falt):
    nu = Deltagande.objects.get(pk=deltagande.pk)
    grund = {
        "deltagande": nu,
        "version": nu.version,
        "utregistrering": nu.utregistrering or date(2025, 6, 1),
        "avslutningsanledning": nu.avslutningsanledning,
        "efter": {},
        "av": av,
    }
    return tjanster.ratta_utregistrering(**{**grund, **falt})


def utregistrera(deltagande, av, **falt):
    nu = Deltagande.objects.get(pk=deltagande.pk)
    grund = {
        "deltagande": nu,
        "version": nu.version,
        "utregistrering": date(2025, 6, 1),
        "avslutningsanledning": "fullfoljd",
        "efter": {"arbete_efter": 50},
        "av": av,
    }
    return tjanster.utregistrera(**{**grund, **falt})


def angra(deltagande, av, **falt):
    nu = Deltagande.objects.get(pk=deltagande.pk)
    return tjanster.angra_utregistrering(**{"deltagande": nu, "version": nu.version, "av": av, **falt})


# Inregistreringen


def test_rattad_inregistrering_sparas_med_alder_och_lopnummer(ansvarig, deltagande):
    andrat = ratta_in(
        deltagande,
        ansvarig,
        inregistrering=date(2024, 12, 30),
        samtycke=date(2024, 12, 1),
        samtycke_arkiverat=date(2025, 1, 10),
        kommun=Kommun.objects.get(pk="0180"),
        stadsdel=Stadsdel.objects.filter(kommun="0180").first(),
        fore={"forsorjning_fore": ["sjukpenning"], "arbete_fore": 75, "utbildning": "gymnasium"},
    )

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.inregistrering, nu.alder, nu.version) == (date(2024, 12, 30), deltagande.alder - 1, 2)
    assert (nu.samtycke_arkiverat, nu.arbete_fore, nu.utbildning) == (date(2025, 1, 10), 75, "gymnasium")
    assert Folkbokforing.objects.get(deltagande=nu).kommun_id == "0180"
    vantat = ["arbete_fore", "inregistrering", "kommun", "samtycke", "samtycke_arkiverat", "stadsdel", "utbildning"]
    assert andrat == vantat
    handelse = Handelse.objects.get(typ="deltagande_rattat")
    assert handelse.detaljer == {"deltagande": nu.pk, "falt": vantat}  # aldrig vad det var
    assert (handelse.av_id, handelse.person_id, handelse.insats_id) == (ansvarig.pk, nu.person_id, nu.insats_id)
    assert handelse.uppdrag_id


def test_det_som_inte_ar_andrat_sparas_inte(ansvarig, deltagande):
    assert ratta_in(deltagande, ansvarig, fore={"forsorjning_fore": ["sjukpenning"]}) == []

    assert Deltagande.objects.get(pk=deltagande.pk).version == 1
    assert not Handelse.objects.filter(typ="deltagande_rattat").exists()


@pytest.mark.parametrize(
    ("falt", "ord_"),
    [
        ({"inregistrering": IDAG + timedelta(days=1)}, "framtiden"),
        ({"samtycke_arkiverat": IDAG + timedelta(days=1)}, "framtiden"),
        ({"samtycke_arkiverat": date(2025, 2, 1)}, "arkiverat innan"),
        ({"samtycke": date(2025, 3, 2)}, "Samtycket ska vara lämnat"),
        ({"samtycke": None}, "Samtycket ska vara lämnat"),
        ({"inregistrering": date(1950, 1, 1)}, "före personens födelse"),
        ({"inregistrering": date(2014, 12, 31), "samtycke": date(2014, 1, 1)}, "före 2015-01-01"),
        ({"fore": {"forsorjning_fore": ["ingen", "sjukpenning"]}}, "Ingen offentlig försörjning"),
        ({"fore": {"arbete_fore": 101}}, "procent"),
        ({"fore": {"utbildning": "finns_inte"}}, "kodverket"),
    ],
)
def test_rattad_inregistrering_nekas_pa_svenska(ansvarig, deltagande, falt, ord_):
    with pytest.raises(ValidationError, match=ord_):
        ratta_in(deltagande, ansvarig, **falt)

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.version, nu.inregistrering, nu.arbete_fore) == (1, date(2025, 3, 1), 50)


def test_inregistrering_efter_utregistreringen_nekas(ansvarig, deltagande):
    utregistrera(deltagande, ansvarig)

    with pytest.raises(ValidationError, match="före inregistreringen"):
        ratta_in(deltagande, ansvarig, inregistrering=date(2025, 6, 2))


def test_samtycket_ligger_mellan_det_forra_och_det_nasta(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    tre = []
    for manad in (1, 4, 7):
        ett = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, manad, 10))
        utregistrera(ett, ansvarig, utregistrering=date(2025, manad + 1, 10))
        tre.append(ett)

    with pytest.raises(ValidationError, match="förra samtycke i insatsen är från 2025-01-10") as fel:
        ratta_in(tre[1], ansvarig, samtycke=date(2025, 1, 10))
    assert set(fel.value.message_dict) == {"samtycke"}
    ratta_in(tre[1], ansvarig, samtycke=date(2025, 1, 11))
    with pytest.raises(ValidationError, match="nästa samtycke i insatsen är från 2025-01-11"):
        ratta_in(tre[0], ansvarig, inregistrering=date(2025, 1, 20), samtycke=date(2025, 1, 11))


def test_rattelsen_far_inte_overlappa_en_annan(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    utregistrera(forsta, ansvarig)
    andra = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 6, 2))

    with pytest.raises(ValidationError, match=r"2025-03-01 till och med 2025-06-01. Ange en inregistrering efter"):
        ratta_in(andra, ansvarig, inregistrering=date(2025, 6, 1), samtycke=date(2025, 6, 1))
    with pytest.raises(ValidationError, match=r"från 2025-06-02. Ange en utregistrering senast 2025-06-01"):
        ratta_ut(forsta, ansvarig, utregistrering=date(2025, 6, 2))
    with pytest.raises(ValidationError, match=r"från 2025-06-02. Den här registreringen kan inte bli pågående igen"):
        angra(forsta, ansvarig)


def test_lopnumret_ar_eget_nar_dagen_flyttas_till_en_felregistrerings(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    fel = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    utregistrera(fel, ansvarig, avslutningsanledning="felregistrering")
    ny = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 3, 5))

    ratta_in(ny, ansvarig, inregistrering=fel.inregistrering, samtycke=fel.inregistrering)

    assert Deltagande.objects.get(pk=ny.pk).lopnr == 2


def test_den_som_kommer_sist_far_veta(ansvarig, deltagande):
    ratta_in(deltagande, ansvarig, fore={"arbete_fore": 60})

    for gor in (ratta_in, ratta_ut, angra):
        with pytest.raises(Krock):
            gor(deltagande, ansvarig, version=1)
    with pytest.raises(Krock):
        tjanster.aterta_samtycke(deltagande=deltagande, version=1, dag=IDAG, av=ansvarig)


def test_utan_uppdrag_rattas_inget(deltagande):
    satt_sammanhang(frammande := fabriker.deltagaransvarig(fabriker.insats()))

    for gor in (
        partial(tjanster.angra_utregistrering, version=1),
        partial(tjanster.aterta_samtycke, version=1, dag=IDAG),
        partial(tjanster.byt_nummer, nytt=fabriker.nytt_nummer()),
    ):
        with pytest.raises((PermissionDenied, ValidationError)):
            gor(deltagande=deltagande, av=frammande)
    with pytest.raises(PermissionDenied):
        tjanster.skydda_person(person_id=deltagande.person_id, av=frammande)
    with som_agare():
        assert Identitet.objects.filter(person=deltagande.person_id).exists()


# Utregistreringen


def test_rattad_utregistrering_sparas_och_loggas(ansvarig, deltagande):
    utregistrera(deltagande, ansvarig)

    andrat = ratta_ut(
        deltagande, ansvarig, utregistrering=date(2025, 7, 1), avslutningsanledning="flytt", efter={"arbete_efter": 0}
    )

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.utregistrering, nu.avslutningsanledning, nu.arbete_efter) == (date(2025, 7, 1), "flytt", 0)
    assert andrat == ["arbete_efter", "avslutningsanledning", "utregistrering"]


@pytest.mark.parametrize(
    ("falt", "ord_"),
    [
        ({"utregistrering": IDAG + timedelta(days=1)}, "framtiden"),
        ({"utregistrering": date(2025, 2, 28)}, "före inregistreringen"),
        ({"avslutningsanledning": "finns_inte"}, "kodverket"),
        ({"efter": {"studier_efter": 101}}, "procent"),
    ],
)
def test_rattad_utregistrering_nekas_pa_svenska(ansvarig, deltagande, falt, ord_):
    utregistrera(deltagande, ansvarig)

    with pytest.raises(ValidationError, match=ord_):
        ratta_ut(deltagande, ansvarig, **falt)


def test_den_som_pagar_har_ingen_utregistrering_att_ratta_eller_angra(ansvarig, deltagande):
    with pytest.raises(ValidationError, match="inte utregistrerad"):
        ratta_ut(deltagande, ansvarig, avslutningsanledning="flytt")
    with pytest.raises(ValidationError, match="inte utregistrerad"):
        angra(deltagande, ansvarig)


def test_rattad_till_felregistrering_tommer_efter_men_inte_svaren(insats, ansvarig):
    fraga = fabriker.fraga(insats.samverkansorganisation, "tal")
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(fraga, Decimal(3))])
    utregistrera(ett, ansvarig, svar=[(fraga, Decimal(5))])

    ratta_ut(ett, ansvarig, avslutningsanledning="felregistrering", efter={"arbete_efter": 80})

    nu = Deltagande.objects.get(pk=ett.pk)
    assert (nu.felregistrerad, nu.arbete_efter) == (True, None)
    assert {svar.tillfalle for svar in Svar.objects.all()} == {"in", "ut"}  # till den som ångrar
    for gor in (ratta_in, ratta_ut):
        with pytest.raises(ValidationError, match="felregistrering"):
            gor(ett, ansvarig)


def test_en_felregistrering_gar_att_oppna_igen_om_den_far_plats(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    fel = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    utregistrera(fel, ansvarig, avslutningsanledning="felregistrering")

    oppnad = angra(fel, ansvarig)
    assert (oppnad.utregistrering, oppnad.avslutningsanledning) == (None, "")
    utregistrera(fel, ansvarig, avslutningsanledning="felregistrering")
    fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 3, 2))

    with pytest.raises(ValidationError, match=r"från 2025-03-02. Felregistreringen kan inte ångras"):
        angra(fel, ansvarig)


def test_angrad_felregistrering_ger_tillbaka_utregistreringen(insats, ansvarig):
    fraga = fabriker.fraga(insats.samverkansorganisation, "tal")
    ett = fabriker.inregistrera(insats, ansvarig)
    utregistrera(ett, ansvarig, efter={"arbete_efter": 80}, svar=[(fraga, Decimal("3"))])
    fore = Deltagande.objects.get(pk=ett.pk)
    ratta_ut(ett, ansvarig, avslutningsanledning="felregistrering", utregistrering=date(2025, 7, 1))

    angra(ett, ansvarig)

    nu = Deltagande.objects.get(pk=ett.pk)
    falt = ("utregistrering", "avslutningsanledning", "arbete_efter", "felregistrerad")
    assert [getattr(nu, namn) for namn in falt] == [getattr(fore, namn) for namn in falt]
    assert Svar.objects.get().tal == 3


def test_den_som_fick_skydd_medan_hon_deltog_kan_oppnas_igen(ansvarig, deltagande):
    tjanster.skydda_person(person_id=deltagande.person_id, av=ansvarig)
    utregistrera(deltagande, ansvarig)

    angra(deltagande, ansvarig)

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.utregistrering, nu.avidentifierat) == (None, True)


def test_den_som_fick_skydd_efterat_oppnas_inte(ansvarig, deltagande):
    utregistrera(deltagande, ansvarig)
    tjanster.skydda_person(person_id=deltagande.person_id, av=ansvarig)

    with pytest.raises(ValidationError, match="Identiteten är borttagen"):
        angra(deltagande, ansvarig)


def test_angrad_utregistrering_tommer_efter_och_svaren_da(insats, ansvarig):
    fraga = fabriker.fraga(insats.samverkansorganisation, "tal")
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(fraga, Decimal(3))])
    utregistrera(ett, ansvarig, svar=[(fraga, Decimal(5))])

    angra(ett, ansvarig)

    nu = Deltagande.objects.get(pk=ett.pk)
    assert (nu.utregistrering, nu.avslutningsanledning, nu.arbete_efter) == (None, "", None)
    assert [svar.tillfalle for svar in Svar.objects.all()] == ["in"]
    assert Handelse.objects.get(typ="utregistrering_angrad").detaljer["anledning"] == "fullfoljd"
    utregistrera(ett, ansvarig, svar=[(fraga, Decimal(7))])
    assert Svar.objects.get(tillfalle="ut").tal == 7


def test_atertaget_samtycke_gar_inte_att_angra_eller_ratta_bort(ansvarig, deltagande):
    utregistrera(deltagande, ansvarig, avslutningsanledning="atertaget_samtycke", efter={})

    with pytest.raises(ValidationError, match="Identiteten är borttagen"):
        angra(deltagande, ansvarig)
    with pytest.raises(ValidationError, match="Samtycket är återtaget"):
        ratta_ut(deltagande, ansvarig, avslutningsanledning="flytt")
    ratta_ut(deltagande, ansvarig, utregistrering=date(2025, 5, 5))
    with pytest.raises(IntegrityError, match="Samtycket är återtaget"), transaction.atomic():
        Deltagande.objects.filter(pk=deltagande.pk).update(avslutningsanledning="flytt")


def test_rattad_till_atertaget_samtycke_tar_bort_identiteten(ansvarig, deltagande):
    utregistrera(deltagande, ansvarig)

    ratta_ut(deltagande, ansvarig, avslutningsanledning="atertaget_samtycke", efter={"arbete_efter": 50})

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.avidentifierat, nu.avslutningsanledning, nu.arbete_efter) == (True, "atertaget_samtycke", 50)
    with som_agare():
        assert not Identitet.objects.exists()


# Återtaget samtycke


def aterta(deltagande, av, **falt):
    nu = Deltagande.objects.get(pk=deltagande.pk)
    return tjanster.aterta_samtycke(**{"deltagande": nu, "version": nu.version, "dag": IDAG, "av": av, **falt})


def test_atertaget_samtycke_utregistrerar_den_som_pagar(ansvarig, deltagande):
    aterta(deltagande, ansvarig, dag=date(2025, 9, 1))

    nu = Deltagande.objects.get(pk=deltagande.pk)
    assert (nu.utregistrering, nu.avslutningsanledning) == (date(2025, 9, 1), "atertaget_samtycke")
    assert nu.avidentifierat
    with som_agare():
        assert not Identitet.objects.exists()


def test_avtrycken_galler_ocksa_tiden_fore_rattelsen(insats, ansvarig, deltagande):
    """En fil från tiden före rättelsen känns igen, men bara av den som har insatsen och av ägaren (R25)."""
    nummer = Identitet.objects.get(person_id=deltagande.person_id).klartext("personnummer")
    dagar = [deltagande.inregistrering, deltagande.inregistrering + timedelta(days=1)]
    ratta_in(deltagande, ansvarig, inregistrering=dagar[1])
    aterta(deltagande, ansvarig)

    avtryck = [
        kryptering.fingeravtryck(insats=insats.nyckel, person=nummer, inregistrering=dag.isoformat(), lopnr=1)
        for dag in dagar
    ]
    fraga = "SELECT deltagande_id FROM avtryckens_deltaganden(%s)"
    satt_sammanhang(ansvarig)
    with connection.cursor() as markor:
        markor.execute(fraga, [avtryck])
        assert markor.fetchall() == [(deltagande.pk,)] * 2
        satt_sammanhang(fabriker.deltagaransvarig(fabriker.insats()))
        markor.execute(fraga, [avtryck])
        assert markor.fetchall() == []
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            markor.execute("SELECT * FROM deltagare_avtryck")


def test_identiteten_tas_inte_bort_utan_fingeravtryck(ansvarig, deltagande):
    satt_sammanhang(ansvarig)
    for avtryck in ([], [None], [b"x" * 32, None]):
        nekad = pytest.raises(DatabaseError, match="ska ha ett fingeravtryck")
        with nekad, transaction.atomic(), connection.cursor() as markor:
            markor.execute("SELECT avidentifiera_deltagande(%s, %s::bytea[])", [deltagande.pk, avtryck])
    assert not Deltagande.objects.get(pk=deltagande.pk).avidentifierat


def test_avidentifiera_person_ror_bara_personens_egna(insats, ansvarig, deltagande):
    annan = fabriker.insats()
    andras = fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan))
    satt_sammanhang(ansvarig)
    for deltaganden, avtryck, fel in (
        ([deltagande.pk, andras.pk], [b"a" * 32, b"b" * 32], "inte personens"),
        ([deltagande.pk], [None], "ska ha ett fingeravtryck"),
        ([deltagande.pk], [b"a" * 32, b"b" * 32], "ska ha ett fingeravtryck"),
    ):
        with pytest.raises(DatabaseError, match=fel), transaction.atomic(), connection.cursor() as markor:
            markor.execute(
                "SELECT avidentifiera_person(%s, %s::bigint[], %s::bytea[], 'skydd')",
                [deltagande.person_id, deltaganden, avtryck],
            )
    with som_agare():
        assert Folkbokforing.objects.filter(pk=andras.pk).exists()
        assert not Deltagande.objects.filter(avidentifierat=True).exists()


def test_det_atertagna_samtycket_namns_inte_for_en_ny_registrering(insats, ansvarig):
    """R25: identiteten finns kvar i en annan insats, men knyts inte till den återtagna registreringen igen."""
    annan = fabriker.insats(insats.samverkansorganisation)
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=nummer)
    borta = fabriker.inregistrera(
        insats, ansvarig, nummer=nummer, inregistrering=date(2024, 6, 1), samtycke=date(2024, 5, 30)
    )
    satt_sammanhang(ansvarig)
    aterta(borta, ansvarig, dag=date(2024, 9, 1))

    ny = fabriker.inregistrera(
        insats, ansvarig, nummer=nummer, inregistrering=date(2025, 6, 1), samtycke=date(2024, 5, 1)
    )
    ratta_in(ny, ansvarig, inregistrering=ny.inregistrering, samtycke=date(2024, 1, 1))

    assert Deltagande.objects.get(pk=ny.pk).samtycke == date(2024, 1, 1)


def test_atertaget_samtycke_av_den_som_redan_slutat_ror_inte_statistiken(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 1, 1))
    utregistrera(
        forsta,
        ansvarig,
        utregistrering=date(2025, 2, 1),
        avslutningsanledning="flytt",
        efter={"arbete_efter": 25},
    )
    andra = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 8, 1))
    with pytest.raises(ValidationError, match="inregistrerad i insatsen sedan 2025-08-01"):
        aterta(forsta, ansvarig)
    utregistrera(andra, ansvarig, utregistrering=date(2025, 9, 1))

    aterta(forsta, ansvarig)

    forsta, andra = Deltagande.objects.order_by("inregistrering")
    assert (forsta.avidentifierat, andra.avidentifierat) == (True, True)
    assert (forsta.avslutningsanledning, forsta.arbete_efter) == ("flytt", 25)
    assert andra.avslutningsanledning == "fullfoljd"
    assert andra.version == 3  # den som har den andra öppen får veta
    with som_agare():
        assert not Identitet.objects.exists()
    with pytest.raises(ValidationError, match="redan borttagen"):
        aterta(forsta, ansvarig)


@pytest.mark.parametrize(
    ("dag", "ord_"), [(IDAG + timedelta(days=1), "framtiden"), (date(2025, 2, 1), "före inregistreringen")]
)
def test_dagen_for_atertaget_samtycke_provas(ansvarig, deltagande, dag, ord_):
    with pytest.raises(ValidationError, match=ord_):
        aterta(deltagande, ansvarig, dag=dag)
    with som_agare():
        assert Identitet.objects.exists()


# Kompletterande frågor


def test_svar_laggs_till_andras_och_toms(insats, ansvarig):
    org = insats.samverkansorganisation
    tal, text, flera = fabriker.fraga(org, "tal"), fabriker.fraga(org), fabriker.fraga(org, "flera")
    alternativ = list(flera.alternativ.values_list("pk", flat=True))
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(tal, Decimal(3)), (flera, alternativ[:2])])

    assert ratta_in(ett, ansvarig, svar=[(flera, alternativ[1::-1]), (tal, Decimal("3.00"))]) == []
    andrat = ratta_in(ett, ansvarig, svar=[(tal, None), (text, "bra"), (flera, alternativ[2:])])

    assert andrat == [f"fraga_{fraga.pk}" for fraga in (tal, text, flera)]
    assert {s.fraga_id: s.fritext or s.alternativ for s in Svar.objects.all()} == {
        text.pk: "bra",
        flera.pk: alternativ[2:],
    }
    assert Handelse.objects.get(typ="deltagande_rattat").detaljer["fragor"] == [tal.pk, text.pk, flera.pk]
    assert "bra" not in str(Handelse.objects.get(typ="deltagande_rattat").detaljer)


def test_svar_pa_en_fraga_som_inte_stalls_nekas_och_star_annars_kvar(insats, ansvarig):
    fraga = fabriker.fraga(insats.samverkansorganisation, "tal", fran=date(2025, 3, 1), till=date(2025, 3, 31))
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(fraga, Decimal(3))])

    with pytest.raises(ValidationError, match="ställs inte i insatsen den dagen"):
        ratta_in(ett, ansvarig, inregistrering=date(2025, 4, 1), samtycke=date(2025, 4, 1), svar=[(fraga, Decimal(4))])
    ratta_in(ett, ansvarig, inregistrering=date(2025, 4, 1), samtycke=date(2025, 4, 1))

    assert Svar.objects.get().tal == 3


# Utan identitet


def test_utan_identitet_rattas_det_som_ar_statistik(insats, ansvarig):
    text = fabriker.fraga(insats.samverkansorganisation)
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(text, "bra")])
    tjanster.skydda_person(person_id=ett.person_id, av=ansvarig)

    andrat = ratta_in(ett, ansvarig, fore={"arbete_fore": 10}, svar=[(text, "dåligt")])
    utregistrera(ett, ansvarig, svar=[(text, "slut")])
    ratta_ut(ett, ansvarig, utregistrering=date(2025, 6, 2))

    assert andrat == ["arbete_fore"]
    assert not Svar.objects.exists()
    assert Deltagande.objects.get(pk=ett.pk).utregistrering == date(2025, 6, 2)


# Samtidigt


def test_tio_samtidiga_rattelser_en_gar_igenom(egen_databas):
    with transaction.atomic():
        insats = fabriker.insats()
        av = fabriker.deltagaransvarig(insats)
        ett = fabriker.inregistrera(insats, av)

    def ratta(andel):
        with transaction.atomic():
            satt_sammanhang(av)
            return ratta_in(ett, av, version=1, fore={"arbete_fore": andel})

    svar = samtidigt(*(partial(ratta, andel) for andel in range(1, 11)))

    assert sorted(type(ett).__name__ for ett in svar) == ["Krock"] * 9 + ["list"]


def test_rattelse_och_ny_inregistrering_samtidigt_overlappar_aldrig(egen_databas):
    with transaction.atomic():
        insats = fabriker.insats()
        av = fabriker.deltagaransvarig(insats)
    for varv in range(10):
        nummer = fabriker.nytt_nummer()
        with transaction.atomic():
            ett = fabriker.inregistrera(insats, av, nummer=nummer, inregistrering=date(2025, 3, 1))
            utregistrera(ett, av, utregistrering=date(2025, 3, 31))

        def ratta(ett=ett):
            with transaction.atomic():
                satt_sammanhang(av)
                return ratta_ut(ett, av, utregistrering=date(2025, 5, 1))

        def ny(nummer=nummer):
            with transaction.atomic():
                return fabriker.inregistrera(insats, av, nummer=nummer, inregistrering=date(2025, 4, 15))

        svar = samtidigt(ratta, ny)

        fel = [s for s in svar if isinstance(s, Exception)]
        assert [isinstance(s, ValidationError) for s in fel] == [True], (varv, svar)


# P16


DAGAR = st.dates(date(2024, 1, 1), date(2025, 12, 31))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steg=st.lists(
        st.tuples(st.sampled_from(["ny", "ut", "in", "ratta_ut", "angra", "fel"]), st.integers(0, 3), DAGAR, DAGAR),
        min_size=3,
        max_size=14,
    )
)
def test_inga_overlapp_efter_vilka_rattelser_som_helst(insats, ansvarig, steg):
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        mina = []
        for vad, vilken, dag, annan in steg:
            fore, efter = sorted((dag, annan))
            ett = mina[vilken % len(mina)] if mina else None
            try:
                if vad == "ny":
                    ny = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=efter, samtycke=fore)
                    mina.append(ny)
                elif ett is None:
                    continue
                elif vad in {"ut", "fel"}:
                    anledning = "felregistrering" if vad == "fel" else "fullfoljd"
                    utregistrera(ett, ansvarig, utregistrering=dag, avslutningsanledning=anledning)
                elif vad == "in":
                    ratta_in(ett, ansvarig, inregistrering=efter, samtycke=fore)
                elif vad == "ratta_ut":
                    ratta_ut(ett, ansvarig, utregistrering=dag)
                else:
                    angra(ett, ansvarig)
            except ValidationError:
                continue
        alla = sorted(Deltagande.objects.raknas().filter(pk__in=[m.pk for m in mina]), key=lambda d: d.inregistrering)
        for forra, nasta in pairwise(alla):
            assert forra.utregistrering
            assert forra.utregistrering < nasta.inregistrering
            assert forra.samtycke < nasta.samtycke
        fodd = nummer.fodelsear
        assert all(d.samtycke <= d.inregistrering for d in Deltagande.objects.filter(pk__in=[m.pk for m in mina]))
        assert all(d.alder == d.inregistrering.year - fodd for d in alla)
        transaction.set_rollback(True)


def test_aldern_och_lopnumret_satts_inte_for_hand(deltagande):
    for kolumn in ("alder", "lopnr", "kon", "avidentifierat", "person_id"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
            markor.execute(f"UPDATE deltagare_deltagande SET {kolumn} = {kolumn}")

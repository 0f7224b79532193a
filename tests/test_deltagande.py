"""Deltaganden: in- och utregistrering, och det som databasen nekar (R11, R17–R25)."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande, Folkbokforing, Identitet, Person
from deltagare.personnummer import tolka
from deltagare.tjanster import Anonymrad
from deltagare.uppgifter import Kon
from insatser.models import Kommun, Samverkansorganisation, Uppdrag
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db


@pytest.fixture
def insats():
    return fabriker.insats()


@pytest.fixture
def ansvarig(insats):
    return fabriker.deltagaransvarig(insats)


def utregistrera(deltagande, av, **falt):
    grund = {
        "deltagande": deltagande,
        "version": deltagande.version,
        "utregistrering": date(2025, 6, 1),
        "avslutningsanledning": "fullfoljd",
        "efter": {},
        "av": av,
    }
    return tjanster.utregistrera(**{**grund, **falt})


def test_inregistrering_sparar_person_identitet_och_svar(insats, ansvarig):
    nummer = fabriker.nytt_nummer(man=True)

    deltagande = fabriker.inregistrera(
        insats, ansvarig, nummer=nummer, fore={"forsorjning_fore": ["sjukpenning"], "arbete_fore": 50}
    )

    identitet = Identitet.objects.get(person=deltagande.person)
    assert identitet.klartext("personnummer") == nummer.nummer
    assert identitet.namn() == "Kim Påhittad"
    assert (deltagande.kon, deltagande.alder) == ("man", 2025 - nummer.fodelsear)
    assert Folkbokforing.objects.get(deltagande=deltagande).kommun_id == "1283"
    assert Deltagande.objects.get(pk=deltagande.pk).forsorjning_fore == ["sjukpenning"]


def test_inregistrering_laser_kategoriseringen_och_loggas(insats, ansvarig):
    deltagande = fabriker.inregistrera(insats, ansvarig)

    insats.refresh_from_db()
    assert insats.last
    assert insats.last_av == "deltagare"
    typer = set(Handelse.objects.filter(insats_id=insats.pk).values_list("typ", flat=True))
    assert typer == {"kategorisering_last", "person_sokt", "deltagare_inregistrerad"}
    handelse = Handelse.objects.get(typ="deltagare_inregistrerad")
    assert (handelse.person_id, handelse.av_id) == (deltagande.person_id, ansvarig.pk)
    uppdrag = Uppdrag.objects.get(behorighet__anvandare=ansvarig)
    assert handelse.uppdrag_id == Handelse.objects.get(typ="person_sokt").uppdrag_id == uppdrag.pk


def test_samma_nummer_ar_samma_person_i_tva_insatser(insats, ansvarig):
    annan = fabriker.insats()
    kollega = fabriker.deltagaransvarig(annan)
    nummer = fabriker.nytt_nummer()

    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    andra = fabriker.inregistrera(annan, kollega, nummer=nummer, efternamn="Nygift")

    assert forsta.person_id == andra.person_id
    assert Identitet.objects.get(person=andra.person).namn() == "Kim Nygift"


def test_utan_uppdrag_skapas_ingen_person(insats):
    utomstaende = fabriker.deltagaransvarig(fabriker.insats())

    with pytest.raises(PermissionDenied):
        fabriker.inregistrera(insats, utomstaende)

    with som_agare():
        assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("falt", "villkor"),
    [
        ({"samtycke": date(2025, 3, 2)}, "Samtycket ska vara lämnat"),
        ({"inregistrering": timezone.localdate() + timedelta(days=1)}, "framtiden"),
        ({"inregistrering": date(2014, 12, 31), "samtycke": date(2014, 1, 1)}, "före 2015-01-01"),
        ({"fore": {"forsorjning_fore": ["ingen", "sjukpenning"]}}, "Ingen offentlig försörjning"),
        ({"fore": {"arbete_fore": 101}}, "procent"),
        ({"fore": {"utbildning": "finns_inte"}}, "kodverket"),
    ],
)
def test_inregistrering_nekas_pa_svenska(insats, ansvarig, falt, villkor):
    with pytest.raises(ValidationError, match=villkor):
        fabriker.inregistrera(insats, ansvarig, **falt)

    assert not Deltagande.objects.exists()


@pytest.mark.parametrize(
    ("ut", "nasta", "gar"),
    [
        (None, date(2025, 5, 1), False),
        (date(2025, 6, 1), date(2025, 6, 1), False),
        (date(2025, 6, 1), date(2025, 6, 2), True),
        (date(2025, 6, 1), date(2025, 2, 1), False),
    ],
)
def test_perioder_overlappar_inte(insats, ansvarig, ut, nasta, gar):
    nummer = fabriker.nytt_nummer()
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    if ut:
        utregistrera(forsta, ansvarig, utregistrering=ut)

    if gar:
        assert fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=nasta).lopnr == 1
    else:
        with pytest.raises(ValidationError, match="redan inregistrerad"):
            fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=nasta)


def test_felregistrering_ger_plats_for_en_ny_med_samma_start(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    fel = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    utregistrera(fel, ansvarig, avslutningsanledning="felregistrering", efter={"arbete_efter": 50})

    ny = fabriker.inregistrera(insats, ansvarig, nummer=nummer)

    fel.refresh_from_db()
    assert (fel.felregistrerad, fel.arbete_efter, ny.lopnr) == (True, None, 2)
    assert list(Deltagande.objects.raknas()) == [ny]


def test_utregistrering_fore_inregistrering_nekas(insats, ansvarig):
    deltagande = fabriker.inregistrera(insats, ansvarig)

    with pytest.raises(ValidationError, match="före inregistreringen"):
        utregistrera(deltagande, ansvarig, utregistrering=date(2025, 2, 28))


def test_utregistrering_efter_slutdatum_nekas(ansvarig):
    insats = fabriker.insats(slutdatum=date(2025, 5, 31))
    av = fabriker.deltagaransvarig(insats)
    deltagande = fabriker.inregistrera(insats, av)

    with pytest.raises(ValidationError, match="senast 2025-05-31, den dag insatsen slutar"):
        utregistrera(deltagande, av, utregistrering=date(2025, 6, 1))


def test_tva_som_utregistrerar_samma_den_andra_far_veta(insats, ansvarig):
    deltagande = fabriker.inregistrera(insats, ansvarig)
    utregistrera(deltagande, ansvarig)

    with pytest.raises(Krock, match="redan utregistrerad 2025-06-01"):
        utregistrera(deltagande, ansvarig)


def test_atertaget_samtycke_tar_bort_identiteten_och_raknas_kvar(insats, ansvarig):
    deltagande = fabriker.inregistrera(insats, ansvarig)
    assert tjanster.oppet_deltagande(insats=insats, nummer=_nummer(deltagande), av=ansvarig) == deltagande

    utregistrera(deltagande, ansvarig, avslutningsanledning="atertaget_samtycke")

    deltagande.refresh_from_db()
    assert deltagande.avidentifierat
    with som_agare():
        assert not Identitet.objects.exists()
        assert not Folkbokforing.objects.exists()
        assert Person.objects.count() == 1
    assert Deltagande.objects.raknas().count() == 1


def _nummer(deltagande):
    return tolka(deltagande.person.identitet.klartext("personnummer"), idag=timezone.localdate())


def test_atertaget_samtycke_ror_inte_en_annan_insats(insats, ansvarig):
    annan = fabriker.insats()
    kollega = fabriker.deltagaransvarig(annan)
    nummer = fabriker.nytt_nummer()
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    fabriker.inregistrera(annan, kollega, nummer=nummer)

    satt_sammanhang(ansvarig)
    utregistrera(forsta, ansvarig, avslutningsanledning="atertaget_samtycke")

    assert not Identitet.objects.exists()  # den som återtog syns inte längre här
    satt_sammanhang(kollega)
    assert Identitet.objects.get().namn() == "Kim Påhittad"


def test_atertaget_samtycke_galler_personens_alla_deltaganden_i_insatsen(insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    utregistrera(forsta, ansvarig)
    andra = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 8, 1))

    utregistrera(andra, ansvarig, utregistrering=date(2025, 9, 1), avslutningsanledning="atertaget_samtycke")

    with som_agare():
        assert not Identitet.objects.exists()
        assert not Folkbokforing.objects.exists()
    assert Deltagande.objects.raknas().count() == 2


@pytest.mark.parametrize("falt", [{"inregistrering": date(2024, 1, 2)}, {}])
def test_inget_registreras_efter_organisationens_slut(falt):
    insats = fabriker.insats(fabriker.organisation(slutdatum=date(2024, 1, 1)))
    av = fabriker.deltagaransvarig(insats)

    with pytest.raises(ValidationError, match="samverkansorganisationen slutar 2024-01-01"):
        fabriker.inregistrera(insats, av, **falt)
    with pytest.raises(ValidationError, match="samverkansorganisationen slutar 2024"):
        tjanster.registrera_anonyma(insats=insats, ar=2025, rader=[Anonymrad(Kon.MAN, 1)], av=av)


def test_organisationen_kan_inte_sluta_fore_en_registrering(insats, ansvarig):
    fabriker.inregistrera(insats, ansvarig)

    with pytest.raises(IntegrityError, match="registreringar efter"), transaction.atomic():
        Samverkansorganisation.objects.filter(insatser=insats).update(slutdatum=date(2025, 2, 28))


def test_varningar_for_kommun_och_kon(ansvarig):
    insats = fabriker.insats(malgrupper=["kvinnor"])

    texter = tjanster.varningar(
        insats=insats, kommun=Kommun.objects.get(pk="0180"), kon="man", inregistrering=date(2020, 1, 1)
    )

    assert [text.split()[0] for text in texter] == ["Deltagaren", "Folkbokföringskommunen", "Insatsen"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE deltagare_deltagande SET insats_id = insats_id + 1",
        "UPDATE deltagare_deltagande SET utregistrering = '2025-01-01', avslutningsanledning = 'flytt'",
        "UPDATE deltagare_deltagande SET utregistrering = '2025-04-01'",
        "UPDATE deltagare_deltagande SET samtycke = NULL",
        "UPDATE deltagare_deltagande SET forsorjning_fore = '{ingen,annan}'",
        "UPDATE deltagare_deltagande SET avslutningsanledning = 'atertaget_samtycke', utregistrering = '2025-04-01'",
        "DELETE FROM deltagare_kod WHERE kod = 'flytt'",
    ],
)
def test_databasen_nekar(insats, ansvarig, sql):
    fabriker.inregistrera(insats, ansvarig)

    with pytest.raises(IntegrityError), som_agare(), connection.cursor() as markor:
        markor.execute(sql)


@pytest.mark.parametrize("tabell", ["deltagare_deltagande", "deltagare_person", "deltagare_identitet"])
def test_tillampningen_far_inte_ta_bort(insats, ansvarig, tabell):
    fabriker.inregistrera(insats, ansvarig)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(f"DELETE FROM {tabell}")

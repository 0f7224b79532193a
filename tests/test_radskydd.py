"""Den andra muren: databasen visar personer bara genom ett gällande uppdrag (P2, P6, P9)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare.models import Deltagande, Folkbokforing, Identitet, Person
from insatser.models import Uppdrag
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db

TABELLER = (Deltagande, Person, Identitet, Folkbokforing)


@pytest.fixture
def tva():
    """Två insatser med var sin deltagaransvarig och var sin deltagare."""
    par = []
    for _ in range(2):
        insats = fabriker.insats()
        konto = fabriker.deltagaransvarig(insats)
        par.append((insats, konto, fabriker.inregistrera(insats, konto)))
    return par


def antal():
    return [modell.objects.count() for modell in TABELLER]


def test_tillampningens_roll_ager_inget_och_star_under_radskyddet():
    with connection.cursor() as markor:
        markor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert markor.fetchone() == ("sus_app", False, False, False)
        markor.execute("SELECT count(*) FROM pg_class c WHERE pg_get_userbyid(c.relowner) = 'sus_app'")
        assert markor.fetchone() == (0,)
        markor.execute("SELECT pg_has_role('sus_app', 'sus_agare', 'MEMBER')")
        assert markor.fetchone() == (False,)


def test_utan_sammanhang_syns_inget(tva):
    satt_sammanhang(None)

    assert antal() == [0, 0, 0, 0]


def test_bara_uppdragets_rader_syns(tva):
    for _, konto, deltagande in tva:
        satt_sammanhang(konto)

        assert antal() == [1, 1, 1, 1]
        assert Deltagande.objects.get() == deltagande
        assert Identitet.objects.get().person_id == deltagande.person_id


@pytest.mark.parametrize("vad", ["uppdrag", "behorighet", "konto"])
def test_det_som_avslutas_visar_inget_langre(tva, vad):
    _, konto, _ = tva[0]
    igar = timezone.now() - timedelta(seconds=1)
    if vad == "uppdrag":
        Uppdrag.objects.filter(behorighet__anvandare=konto).update(avslutad_vid=igar)
    elif vad == "behorighet":
        konto.behorigheter.update(avslutad_vid=igar)
    else:
        type(konto).objects.filter(pk=konto.pk).update(is_active=False)

    satt_sammanhang(konto)

    assert antal() == [0, 0, 0, 0]


def test_insatsansvarig_ser_ingen_person(tva):
    insats, _, _ = tva[0]
    satt_sammanhang(fabriker.insatsansvarig(insats.samverkansorganisation))

    assert antal() == [0, 0, 0, 0]


def test_en_annans_rad_gar_inte_att_andra_eller_lagga_till(tva):
    (_, konto, egen), (_, _, annans) = tva
    satt_sammanhang(konto)

    assert Deltagande.objects.filter(pk=annans.pk).update(utregistrering=None) == 0
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Deltagande.objects.create(
            person_id=egen.person_id,
            insats_id=annans.insats_id,
            inregistrering=egen.inregistrering,
            kon=egen.kon,
            alder=40,
            samtycke=egen.inregistrering,
        )


def test_ett_eget_deltagande_ar_ingen_vag_till_en_framlings_identitet(tva):
    """Bara personen som person_for nyss gav får ett nytt deltagande, även i en egen insats."""
    (insats, konto, _), (_, _, annans) = tva
    satt_sammanhang(konto)

    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Deltagande.objects.create(
            person_id=annans.person_id,
            insats=insats,
            inregistrering=annans.inregistrering,
            kon=annans.kon,
            alder=40,
            samtycke=annans.inregistrering,
        )


def test_person_for_utan_insats_nekas(tva):
    satt_sammanhang(tva[0][1])

    with pytest.raises(DatabaseError, match="Uppdrag saknas"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SELECT person_for(NULL, ''::bytea, ''::bytea, ''::bytea, ''::bytea, '1', 'x', 'man', 1980)")


@pytest.mark.parametrize(
    "sats",
    [
        "UPDATE deltagare_deltagande SET kon = 'man'",
        "UPDATE deltagare_deltagande SET alder = 1",
        "UPDATE deltagare_deltagande SET avidentifierat = false",
        "UPDATE deltagare_folkbokforing SET kommun_id = '0180'",
        "UPDATE insatser_insats SET nyckel = 'X'",
        "UPDATE insatser_insats SET samverkansorganisation_id = 1",
        "DELETE FROM deltagare_anonym",
        "DELETE FROM behorighet_inskick",
        "TRUNCATE insatser_insats CASCADE",
    ],
)
def test_tillampningen_far_bara_andra_det_den_behover(tva, sats):
    satt_sammanhang(tva[0][1])

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats)


def test_det_som_ar_avidentifierat_forblir_det(tva):
    _, konto, deltagande = tva[0]
    satt_sammanhang(konto)
    with connection.cursor() as markor:
        markor.execute("SELECT avidentifiera_deltagande(%s, %s)", [deltagande.pk, b"x" * 32])

    with pytest.raises(DatabaseError, match="kommer inte tillbaka"), som_agare(), connection.cursor() as markor:
        markor.execute("UPDATE deltagare_deltagande SET avidentifierat = false WHERE id = %s", [deltagande.pk])


@pytest.mark.parametrize("tabell", ["deltagare_person", "deltagare_identitet"])
def test_personer_skapas_bara_genom_person_for(tabell):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(f"INSERT INTO {tabell} DEFAULT VALUES")


def test_rapportens_roll_raknar_alla_men_nar_ingen_identitet(tva):
    satt_sammanhang(None)
    with connection.cursor() as markor:
        markor.execute("SET LOCAL ROLE sus_rapport")
        markor.execute("SELECT count(*) FROM deltagare_deltagande")
        assert markor.fetchone() == (2,)
        for tabell in ("person", "identitet", "folkbokforing"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                markor.execute(f"SELECT * FROM deltagare_{tabell}")
        for sats in ("SELECT * FROM behorighet_anvandare", "SELECT * FROM behorighet_handelse"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                markor.execute(sats)
        markor.execute("SET LOCAL ROLE sus_app")


def test_insatsansvarig_far_granser_men_inga_rader(tva):
    insats, _, deltagande = tva[0]
    satt_sammanhang(None)
    with connection.cursor() as markor:
        markor.execute("SELECT forsta, oppna, antal FROM registreringsgranser(%s)", [insats.pk])
        assert markor.fetchone() == (deltagande.inregistrering, 1, 1)


def test_inget_personnummer_eller_namn_ligger_i_klartext():
    insats = fabriker.insats()
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(
        insats, fabriker.deltagaransvarig(insats), nummer=nummer, fornamn="Kanariefågel", efternamn="Zzyzx"
    )
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (tabell,) in markor.fetchall():
            markor.execute(f'SELECT t::text FROM "{tabell}" t')
            innehall = "\n".join(rad for (rad,) in markor.fetchall())
            for hemligt in (nummer.nummer, nummer.nummer[2:], nummer.utskrivet, "Kanariefågel", "Zzyzx"):
                assert hemligt not in innehall, tabell


@pytest.mark.parametrize("sats", ["UPDATE {} SET typ = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("agare", [False, True])
def test_loggen_gar_inte_att_andra(sats, agare):
    logga(Handelse.Typ.EXPORTERAT, av=None)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as markor:
        if agare:
            markor.execute("SET LOCAL ROLE sus_agare")
            markor.execute("SET LOCAL pgtrigger.ignore = '{*}'")
        markor.execute(sats.format("behorighet_handelse"))

    assert Handelse.objects.filter(typ="exporterat").count() == 1

"""Roller, behörigheter och uppdrag: vad som utesluter vad och när något gäller (R1–R3, P3, P4)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.models import Behorighet
from behorighet.roller import RATTIGHETER, UTESLUTNINGSGRUPP, Rattighet, Roll
from insatser.models import Insats, Uppdrag
from tests import fabriker

pytestmark = pytest.mark.django_db

IDAG = timezone.localdate()
PAR = [(a, b) for a in Roll for b in Roll if a < b]


def utesluter(a, b):
    return a in UTESLUTNINGSGRUPP and b in UTESLUTNINGSGRUPP and UTESLUTNINGSGRUPP[a] != UTESLUTNINGSGRUPP[b]


@pytest.mark.parametrize(("a", "b"), PAR)
def test_roller_som_utesluter_varandra_nekas_av_databasen(a, b):
    konto = fabriker.anvandare(a)

    if utesluter(a, b):
        with pytest.raises(IntegrityError, match="roller_som_utesluter_varandra"), transaction.atomic():
            fabriker.behorighet(konto, b)
    else:
        fabriker.behorighet(konto, b)


def test_bara_tva_par_utesluter_varandra():
    assert {frozenset(par) for par in PAR if utesluter(*par)} == {
        frozenset({Roll.DELTAGARANSVARIG, Roll.SAMVERKANSADMINISTRATOR}),
        frozenset({Roll.DELTAGARANSVARIG, Roll.BESTALLARE}),
    }


@pytest.mark.parametrize(("fran", "gar"), [(date(2025, 6, 30), False), (date(2025, 7, 1), True)])
def test_en_gemensam_dag_racker_for_att_nekas(fran, gar):
    konto = fabriker.anvandare()
    fabriker.behorighet(konto, Roll.DELTAGARANSVARIG, fran=date(2025, 1, 1), till=date(2025, 6, 30))

    if gar:
        fabriker.behorighet(konto, Roll.BESTALLARE, fran=fran)
    else:
        with pytest.raises(IntegrityError), transaction.atomic():
            fabriker.behorighet(konto, Roll.BESTALLARE, fran=fran)


def test_avsluta_nu_frigor_samma_dag():
    konto = fabriker.anvandare()
    rollen = fabriker.behorighet(konto, Roll.DELTAGARANSVARIG)
    Behorighet.objects.filter(pk=rollen.pk).update(avslutad_vid=timezone.now())

    with connection.cursor() as markor:  # i samma transaktion står klockan stilla: den nya börjar efter
        markor.execute(
            "INSERT INTO behorighet_behorighet (anvandare_id, roll, fran) VALUES (%s, 'bestallare', %s)",
            [konto.pk, IDAG + timedelta(days=1)],
        )


def test_nej_fran_databasen_blir_svenska():
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG)

    with pytest.raises(Exception, match="kan inte samtidigt vara samverkansadministratör"), skriver():
        fabriker.behorighet(konto, Roll.BESTALLARE)


@pytest.mark.parametrize(
    ("fran", "till", "galler"),
    [
        (IDAG, None, True),
        (IDAG, IDAG, True),
        (IDAG + timedelta(days=1), None, False),
        (IDAG - timedelta(days=9), IDAG - timedelta(days=1), False),
        (IDAG - timedelta(days=9), IDAG, True),
    ],
)
def test_giltighet_raknar_bada_dagarna(fran, till, galler):
    konto = fabriker.anvandare()
    fabriker.behorighet(konto, Roll.SUS_RAPPORT, fran=fran, till=till)

    assert konto.far(Rattighet.VISA_RAPPORT) is galler


@pytest.mark.parametrize("dag", [date(2025, 3, 30), date(2025, 10, 26)])
def test_dygnet_ar_det_i_stockholm_aven_nar_klockan_stalls_om(dag):
    rad = fabriker.behorighet(fabriker.anvandare(), Roll.SUS_RAPPORT, fran=dag, till=dag)
    rad.refresh_from_db()

    midnatt = [
        datetime.combine(d, datetime.min.time(), ZoneInfo("Europe/Stockholm")) for d in (dag, dag + timedelta(1))
    ]
    assert (rad.giltighet.lower, rad.giltighet.upper) == tuple(midnatt)


def test_avslutad_fore_sin_start_galler_aldrig():
    rad = fabriker.behorighet(
        fabriker.anvandare(), Roll.SUS_RAPPORT, fran=IDAG + timedelta(days=5), avslutad_vid=timezone.now()
    )
    rad.refresh_from_db()

    assert rad.giltighet.isempty


def test_avslutad_behorighet_ger_ingen_ratt_vid_nasta_begaran(client):
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    assert client.get("/deltagare/registrera/").status_code == 200

    Behorighet.objects.filter(anvandare=konto).update(avslutad_vid=timezone.now() - timedelta(seconds=1))

    assert client.get("/deltagare/registrera/").status_code == 403


def test_avslutat_uppdrag_ger_ingen_rackvidd_vid_nasta_begaran(client):
    volym = fabriker.volyminsats()
    konto = fabriker.insatsansvarig(volym.samverkansorganisation)
    client.force_login(konto)
    assert client.get(f"/deltagare/antal/{volym.pk}/").status_code == 200

    Uppdrag.objects.update(avslutad_vid=timezone.now() - timedelta(seconds=1))

    assert client.get(f"/deltagare/antal/{volym.pk}/").status_code == 404


def test_ratt_i_en_organisation_ger_inte_rackvidd_i_en_annan():
    egen, frammande = fabriker.insats(), fabriker.insats()
    konto = fabriker.deltagaransvarig(egen)
    fabriker.uppdrag(konto, Roll.INSATSANSVARIG, frammande.samverkansorganisation)

    def nar(rattighet):
        return set(Insats.objects.synliga_for(konto, rattighet))

    assert nar(Rattighet.REGISTRERA_DELTAGARE) == {egen}
    assert nar(Rattighet.REGISTRERA_INSATS) == {frammande}
    assert nar(Rattighet.VISA_INSATSER) == {egen, frammande}


def test_alla_roller_far_lasa_rapporter_och_bara_en_ror_deltagare():
    assert all(Rattighet.VISA_RAPPORT in RATTIGHETER[roll] for roll in Roll)  # R5
    assert [r for r in Roll if Rattighet.REGISTRERA_DELTAGARE in RATTIGHETER[r]] == [Roll.DELTAGARANSVARIG]

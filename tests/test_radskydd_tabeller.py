"""Varje tabell med radskydd visar inget utan sammanhang, och inget för den med uppdrag någon annanstans (P2)."""

import io
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from behorighet.models import Anvandare
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Inlasning, Samarbetsuppgift
from deltagare.personnummer import tolka
from insatser.kategorier import Samverkansform
from insatser.models import Insats
from rapporter.tjanster import korning as korningar
from tests import fabriker, jobb
from tests.databas import som_agare

pytestmark = pytest.mark.django_db


def tabeller_med_radskydd() -> list[str]:
    with connection.cursor() as markor:
        markor.execute("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname")
        return [namn for (namn,) in markor.fetchall()]


def antal(tabell: str) -> int:
    """Raderna som rollen ser. Den som inte får läsa tabellen alls ser inga."""
    with connection.cursor() as markor:
        try:
            with transaction.atomic():
                markor.execute(f'SELECT count(*) FROM "{tabell}"')
                return int(markor.fetchone()[0])
        except DatabaseError as fel:
            if "permission denied" in str(fel):
                return 0
            raise


def fyll(insats: Insats, konto: Anvandare) -> None:
    """Minst en rad i varje tabell med radskydd. En ny sådan tabell fylls här, genom tjänsten som skriver i den."""
    fraga = fabriker.fraga(insats.samverkansorganisation)
    deltagande = fabriker.inregistrera(insats, konto, svar=[(fraga, "Bra")])
    tjanster.utregistrera(
        deltagande=deltagande,
        version=1,
        utregistrering=date(2025, 6, 1),
        avslutningsanledning="fullfoljd",
        efter={},
        av=konto,
    )
    fodd, personnummer = (
        tolka(fabriker.personnummer(dag), idag=timezone.localdate()) for dag in ("19800161", "19800101")
    )
    bytt = fabriker.inregistrera(insats, konto, nummer=fodd)
    tjanster.byt_nummer(deltagande=bytt, nytt=personnummer, av=konto)
    fk = fabriker.kontor(Samverkansform.FK)
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, fk)
    samarbete = fabriker.samarbete(fabriker.kontor(Samverkansform.AF), fk, konto)
    Samarbetsuppgift.objects.create(samarbete=samarbete, tillfalle="fore")
    fabriker.sparat_urval(konto)
    korningar.bli_klar(korningar.borja(jobb.bestall(konto).pk), fil=io.BytesIO(b"x"))
    Inlasning.objects.create(anvandare=konto, omrade="deltaganden", kvitto={})


@pytest.fixture
def fyllt() -> tuple[Insats, Anvandare]:
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    satt_sammanhang(konto)
    fyll(insats, konto)
    return insats, konto


def frammande(roll: Roll) -> Anvandare:
    """En användare med rollen, och uppdrag någon annanstans om rollen har sin räckvidd genom uppdrag."""
    konto = fabriker.anvandare(roll)
    if roll == Roll.DELTAGARANSVARIG:
        fabriker.uppdrag(konto, roll, fabriker.insats())
    elif roll in {Roll.SAMVERKANSADMINISTRATOR, Roll.INSATSANSVARIG}:
        fabriker.uppdrag(konto, roll, fabriker.organisation())
    return konto


def test_varje_tabell_med_radskydd_ar_fylld_och_syns_for_den_som_har_uppdraget(fyllt):
    with som_agare():
        tomma = [tabell for tabell in tabeller_med_radskydd() if not antal(tabell)]
    assert tomma == [], "fyll tabellerna i fyll()"

    assert [tabell for tabell in tabeller_med_radskydd() if not antal(tabell)] == []


def test_utan_sammanhang_syns_ingen_rad_i_nagon_tabell(fyllt):
    satt_sammanhang(None)

    assert {tabell: antal(tabell) for tabell in tabeller_med_radskydd()} == dict.fromkeys(tabeller_med_radskydd(), 0)


@pytest.mark.parametrize("roll", Roll)
def test_ett_frammande_sammanhang_ser_ingen_rad_i_nagon_tabell(fyllt, roll):
    satt_sammanhang(frammande(roll))

    assert {tabell: antal(tabell) for tabell in tabeller_med_radskydd()} == dict.fromkeys(tabeller_med_radskydd(), 0)


def test_insatsansvarig_for_samma_insats_ser_ingen_rad_i_nagon_tabell(fyllt):
    insats, _ = fyllt
    satt_sammanhang(fabriker.insatsansvarig(insats.samverkansorganisation))

    assert {tabell: antal(tabell) for tabell in tabeller_med_radskydd()} == dict.fromkeys(tabeller_med_radskydd(), 0)

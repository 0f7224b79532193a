"""Kryptering av identitet och byte av nyckel (P6)."""

from base64 import b64encode
from io import StringIO

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import call_command
from django.db import transaction

from behorighet.skydd import satt_sammanhang
from deltagare import kryptering
from deltagare.folkbokforing.register import Register
from deltagare.models import Identitet
from tests import fabriker
from tests.folkbokforing import lagg_in


@pytest.fixture
def tva_nycklar(settings):
    settings.SUS_NYCKLAR = {"1": b64encode(b"a" * 32).decode(), "2": b64encode(b"b" * 32).decode()}
    settings.SUS_NYCKEL_AKTUELL = "1"
    return settings


def test_samma_text_ger_olika_chiffer_men_samma_index():
    ett, ett_till = (kryptering.kryptera("Kim", falt="fornamn", nyckel_id=kryptering.aktuell_nyckel()) for _ in "ab")

    assert ett != ett_till
    assert kryptering.personindex("199001019802") == kryptering.personindex("199001019802")
    assert len(kryptering.personindex("199001019802")) == 32


def test_ett_falt_gar_inte_att_flytta_till_ett_annat():
    nyckel = kryptering.aktuell_nyckel()
    chiffer = kryptering.kryptera("Kim", falt="fornamn", nyckel_id=nyckel)

    with pytest.raises(InvalidTag):
        kryptering.dekryptera(chiffer, falt="efternamn", nyckel_id=nyckel)


def test_pseudonymen_rojer_inte_numret():
    assert "19900101" not in kryptering.pseudonym("199001019802")
    assert kryptering.pseudonym("199001019802") == kryptering.pseudonym("199001019802")


def test_rotera_nycklar_krypterar_om_och_den_gamla_behovs_inte(egen_databas, tva_nycklar):
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    with transaction.atomic():
        for _ in range(3):
            fabriker.inregistrera(insats, konto)
    nummer = lagg_in(fornamn="Vera", efternamn="Provkvist")
    tva_nycklar.SUS_NYCKEL_AKTUELL = "2"
    ut = StringIO()

    call_command("rotera_nycklar", stdout=ut)

    del tva_nycklar.SUS_NYCKLAR["1"]
    assert ut.getvalue().startswith("3 identiteter")
    with transaction.atomic():
        satt_sammanhang(konto)
        assert [rad.namn() for rad in Identitet.objects.all()] == ["Kim Påhittad"] * 3
        assert set(Identitet.objects.values_list("nyckel_id", flat=True)) == {"2"}
        assert Register().hamta(nummer, insats.pk).fornamn == "Vera"

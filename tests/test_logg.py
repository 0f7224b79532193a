"""Loggen skrivs i samma transaktion som det den berättar om (R6, P8)."""

import pytest
from django.db import transaction

from behorighet.logg import LoggUtanTransaktion, logga
from behorighet.models import Handelse


def test_logga_vagrar_utanfor_en_transaktion(egen_databas):
    with pytest.raises(LoggUtanTransaktion):
        logga(Handelse.Typ.EXPORTERAT, av=None)

    assert not Handelse.objects.exists()


def test_det_som_inte_blev_av_star_inte_i_loggen(egen_databas):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        logga(Handelse.Typ.EXPORTERAT, av=None)
        raise ZeroDivisionError

    assert not Handelse.objects.exists()

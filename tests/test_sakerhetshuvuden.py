import logging
import sys
import time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory

from sus import sakerhetshuvuden
from sus.loggformat import UtanFeltext

INLOGGAD = SimpleNamespace(is_authenticated=True)


@pytest.fixture
def begaran():
    begaran = RequestFactory().post("/", headers={"cookie": f"{settings.SESSION_COOKIE_NAME}=x"})
    begaran.user, begaran.session = INLOGGAD, SessionStore()
    return begaran


@pytest.mark.django_db
def test_alla_svar_har_strang_innehallspolicy(client):
    for adress in ("/halsa/", "/finns-inte/"):
        huvuden = client.get(adress).headers

        assert "unsafe" not in huvuden["Content-Security-Policy"]
        assert huvuden["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; ")
        assert huvuden["X-Frame-Options"] == "DENY"
        assert huvuden["Cross-Origin-Opener-Policy"] == "same-origin"
        assert huvuden["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("sekunder", "forlangs"), [(0, False), (59, False), (61, True)])
def test_sessionen_forlangs_hogst_en_gang_i_minuten(begaran, sekunder, forlangs):
    begaran.session["aktiv"] = forra = int(time.time()) - sekunder
    begaran.session.modified = False

    sakerhetshuvuden.inloggad(lambda _: HttpResponse())(begaran)

    assert begaran.session.modified is forlangs
    assert (begaran.session["aktiv"] > forra) is forlangs


def test_utloggning_tommer_webblasaren(begaran):
    def logga_ut(begaran):
        begaran.user = AnonymousUser()
        return HttpResponse()

    svar = sakerhetshuvuden.inloggad(logga_ut)(begaran)

    assert svar.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'


def test_vanligt_anrop_tommer_inget(begaran):
    assert "Clear-Site-Data" not in sakerhetshuvuden.inloggad(lambda _: HttpResponse())(begaran).headers


def test_loggens_spar_visar_plats_och_typ_men_inte_feltext():
    try:
        try:
            raise ValueError("19990101-9999")
        except ValueError as fel:
            raise KeyError("Anna Andersson") from fel
    except KeyError:
        post = logging.LogRecord("sus", logging.ERROR, __file__, 1, "fel", None, sys.exc_info())

    text = UtanFeltext().format(post)

    assert text.index("builtins.ValueError") < text.index("builtins.KeyError")
    assert "test_loggens_spar" in text
    assert not [ord_ for ord_ in ("\nKeyError:", "ValueError: ", "KeyError: '") if ord_ in text]

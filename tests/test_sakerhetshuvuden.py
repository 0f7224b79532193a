"""Huvudena på varje svar, kakorna, och produktionens inställningar (P23)."""

import logging
import os
import re
import secrets
import subprocess
import sys
import time
from types import SimpleNamespace

import gunicorn
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from behorighet.roller import Roll
from sus import sakerhetshuvuden
from sus.loggformat import UtanFeltext
from sus.vem_far_vad import RADER
from tests import fabriker
from tests.test_vem_far_vad import MONSTER

INLOGGAD = SimpleNamespace(is_authenticated=True)


@pytest.fixture
def begaran():
    begaran = RequestFactory().post("/", headers={"cookie": f"{settings.SESSION_COOKIE_NAME}=x"})
    begaran.user, begaran.session = INLOGGAD, SessionStore()
    return begaran


@pytest.fixture
def klient():
    """Inloggad, och ett fel i en vy blir sidan 500."""
    klient = Client(raise_request_exception=False)
    klient.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    return klient


def fel_500(klient, monkeypatch):
    monkeypatch.setattr("rapporter.views.fragor.koder", lambda: 1 / 0)
    logging.disable(logging.CRITICAL)
    try:
        return klient.get("/rapporter/insats/")
    finally:
        logging.disable(logging.NOTSET)


def for_manga(klient, monkeypatch):
    monkeypatch.setattr(settings, "SUS_TAKT", {**settings.SUS_TAKT, "rapportfil": (0, 60)})
    return klient.get("/rapporter/insats/?format=csv")


SVAR = {
    "sida": (200, lambda k, m: k.get("/insatser/")),
    "htmx": (200, lambda k, m: k.get("/insatser/", headers={"HX-Request": "true"})),
    "fil": (200, lambda k, m: k.get("/rapporter/insats/?fran=2025-01&till=2025-01&visa=1&format=xlsx")),
    "hälsa": (200, lambda k, m: k.get("/halsa/")),
    "statisk fil": (200, lambda k, m: k.get("/static/sus/sus.css")),
    "inloggning": (200, lambda k, m: Client().get("/logga-in/")),
    "omledning": (302, lambda k, m: Client().get("/insatser/")),
    "utloggad som skickar": (403, lambda k, m: Client().post("/insatser/ny/")),
    "okänd värd": (400, lambda k, m: k.get("/insatser/", headers={"host": "annan.example"})),
    "saknar rätt": (403, lambda k, m: k.get("/insatser/ny/")),
    "fel token": (403, lambda k, m: Client(enforce_csrf_checks=True).post("/logga-in/")),
    "finns inte": (404, lambda k, m: k.get("/finns-inte/")),
    "statisk som saknas": (404, lambda k, m: k.get("/static/finns-inte.css")),
    "fel metod": (405, lambda k, m: k.post("/insatser/")),
    "för många": (429, for_manga),
    "fel": (500, fel_500),
}


@pytest.mark.django_db
@pytest.mark.parametrize("slag", SVAR)
def test_varje_slags_svar_har_huvudena(klient, monkeypatch, slag):
    kod, gor = SVAR[slag]

    svar = gor(klient, monkeypatch)

    svar.getvalue()  # en strömmad fil läses ut, så att den stängs
    assert svar.status_code == kod
    delar = dict(del_.split(" ", 1) for del_ in svar["Content-Security-Policy"].split("; "))
    assert delar["default-src"] == "'none'"
    assert delar["frame-ancestors"] == "'none'"
    assert delar["script-src"] == delar["style-src"] == "'self'"
    assert not [tecken for tecken in ("unsafe-", "*", "http:", "blob:") if tecken in svar["Content-Security-Policy"]]
    assert svar["Permissions-Policy"] == sakerhetshuvuden.RATTIGHETER
    assert not {"server", "x-powered-by", "x-django-version"} & {namn.lower() for namn in svar.headers}
    assert svar["X-Content-Type-Options"] == "nosniff"
    assert svar["Referrer-Policy"] == "same-origin"
    assert svar["Cross-Origin-Opener-Policy"] == "same-origin"
    if not slag.startswith("statisk") and slag != "okänd värd":
        assert svar["X-Frame-Options"] == "DENY"
        assert "no-store" in svar["Cache-Control"]


@pytest.mark.django_db
def test_ingen_sida_for_inloggade_lagras(klient):
    """Varje adress utan objekt, för den som når den eller nekas."""
    for rad in RADER.values():
        if not MONSTER[rad.namn].pattern.converters:
            svar = klient.get(reverse(rad.namn))
            assert "no-store" in svar.headers.get("Cache-Control", ""), rad.namn


@pytest.fixture
def produktion(settings):
    """Inställningarna som HTTPS styr, så som de är i produktion."""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    return Client()


@pytest.mark.django_db
def test_omledningen_till_https_har_ocksa_huvudena(produktion):
    svar = produktion.get("/insatser/")

    assert (svar.status_code, svar.url) == (301, "https://testserver/insatser/")
    assert svar["Content-Security-Policy"] == sakerhetshuvuden.CSP


@pytest.mark.django_db
def test_over_https_ett_ar_och_kakor_bara_dar(produktion):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, password="ett-langt-losenord")
    svar = produktion.get("/logga-in/", secure=True)
    assert svar["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"

    produktion.post(
        "/logga-in/", {"username": konto.username, "password": "ett-langt-losenord"}, secure=True, follow=True
    )

    for namn in ("sus_session", "sus_csrf"):
        kaka = produktion.cookies[namn]
        assert (kaka["secure"], kaka["httponly"], kaka["samesite"]) == (True, True, "Lax"), namn
        assert not kaka["domain"]
    assert not produktion.cookies["sus_session"]["max-age"]  # borta när webbläsaren stängs


@pytest.mark.django_db
def test_utloggning_over_hela_vagen_tommer_webblasaren(klient):
    svar = klient.post("/logga-ut/")

    assert svar["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert klient.get("/insatser/").status_code == 302


def test_produktionens_installningar_har_inga_anmarkningar():
    miljo = {
        **{namn: varde for namn, varde in os.environ.items() if not namn.startswith(("SUS_", "DATABASE_"))},
        "SUS_PRODUKTION": "1",
        "DATABASE_URL": "postgresql://granskning@localhost/granskning",
        "SUS_VARDAR": "sus.example",
        "SUS_SECRET_KEY": secrets.token_urlsafe(64),
        "SUS_NYCKLAR": os.environ["SUS_NYCKLAR"],
    }

    kor = subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=miljo, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert kor.returncode == 0, kor.stderr


def test_webbservern_sager_inte_sin_version():
    assert not re.search(r"\d", gunicorn.SERVER)


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

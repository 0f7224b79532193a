"""Folkbokföringen som tjänst: klienten mot en riktig HTTP-server, och det förseglade svaret (P7, P22)."""

import logging
import socket
import traceback
from base64 import b64decode, b64encode

import pytest

from deltagare.folkbokforing import Otillganglig, Svar, SvararFel, Utfall, folkbokforing, forsegling
from deltagare.folkbokforing import tjanst as klienten
from insatser.models import Stadsdel
from tests import fabriker
from tests.folkbokforing import tjanst

NYCKEL = "en-hemlig-nyckel"
VERA = {"utfall": "hittad", "fornamn": "Vera", "efternamn": "Provkvist", "kommun": "1283"}


@pytest.fixture(autouse=True)
def utan_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def nummer():
    return fabriker.nytt_nummer()


def fraga(svara, nummer, pauser=None):
    with tjanst(svara) as en:
        vanta = (pauser if pauser is not None else []).append
        return klienten.Tjanst(en.url, NYCKEL, vanta=vanta).hamta(nummer), en


@pytest.mark.django_db
def test_den_som_finns_hamtas_med_numret_i_kroppen_och_nyckeln_i_huvudet(nummer):
    svar, en = fraga(lambda _: (200, VERA), nummer)

    assert svar == Svar(Utfall.HITTAD, "Vera", "Provkvist", "1283", None)
    (plats, huvuden, kropp), *fler = en.anrop
    assert (plats, kropp, fler) == ("/personer/fraga", {"personnummer": nummer.nummer}, [])
    assert huvuden["Authorization"] == f"Bearer {NYCKEL}"


@pytest.mark.django_db
def test_stadsdelen_kanns_igen_pa_namnet_och_en_okand_ar_ingen(nummer):
    bromma = Stadsdel.objects.get(kommun_id="0180", namn="Bromma")
    hemma = {**VERA, "kommun": "0180"}

    assert fraga(lambda _: (200, {**hemma, "stadsdel": "Bromma"}), nummer)[0].stadsdel == bromma.pk
    for annan in ("Atlantis", None, 7, "Hägersten-Liljeholmen", "x" * 500, "a\x00b"):
        assert fraga(lambda _, namn=annan: (200, {**hemma, "stadsdel": namn}), nummer)[0].stadsdel is None


@pytest.mark.parametrize("svar", [(404, {}), (200, {"utfall": "saknas"})])
def test_den_som_inte_finns(nummer, svar):
    assert fraga(lambda _: svar, nummer)[0] == Svar(Utfall.SAKNAS)


def test_den_som_har_skydd_lamnar_inget_annat_efter_sig(nummer):
    svar, _ = fraga(lambda _: (200, {**VERA, "utfall": "skyddad"}), nummer)

    assert svar == Svar(Utfall.SKYDDAD)


def test_fragan_om_skydd_provar_bara_utfallet_och_skiljer_fel_svar_fran_inget(nummer):
    def skyddad(status, kropp):
        with tjanst(lambda _: (status, kropp)) as en:
            return klienten.Tjanst(en.url, NYCKEL, vanta=[].append).skyddad(nummer)

    assert skyddad(200, {"utfall": "skyddad"}) is True
    assert skyddad(404, {}) is False
    assert skyddad(200, {"utfall": "hittad", "kommun": "9999"}) is False
    for status, kropp in ((500, {}), (200, {"utfall": "kanske"}), (200, b"<html>")):
        with pytest.raises(SvararFel):
            skyddad(status, kropp)
    for status in (401, 403, 503):
        with pytest.raises(Otillganglig) as fel:
            skyddad(status, {})
        assert not isinstance(fel.value, SvararFel)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [502, 503, 504])
def test_ett_tillfalligt_fel_provas_igen_med_langre_paus(nummer, status):
    svaren, pauser = iter([(status, {}), (status, {}), (200, VERA)]), []

    svar, en = fraga(lambda _: next(svaren), nummer, pauser)

    assert (svar.fornamn, len(en.anrop), pauser) == ("Vera", 3, [0.2, 0.4])


def test_tre_forsok_och_sedan_inga_fler(nummer):
    with tjanst(lambda _: (503, {})) as en, pytest.raises(Otillganglig, match="svarar inte just nu"):
        klienten.Tjanst(en.url, NYCKEL, vanta=[].append).hamta(nummer)

    assert len(en.anrop) == 3


DALIGA = {
    "fel 500": (500, {}),
    "fel 401": (401, {}),
    "ledd vidare": (302, "http://127.0.0.1:1/annan"),
    "inte JSON": (200, b"<html>hej</html>"),
    "inget objekt": (200, [1, 2]),
    "utan utfall": (200, {"fornamn": "Vera"}),
    "okänt utfall": (200, {**VERA, "utfall": "kanske"}),
    "utan namn": (200, {"utfall": "hittad", "kommun": "1283"}),
    "tomt namn": (200, {**VERA, "fornamn": "  "}),
    "långt namn": (200, {**VERA, "efternamn": "x" * 101}),
    "styrtecken": (200, {**VERA, "efternamn": "a\x00b"}),
    "fel typ": (200, {**VERA, "fornamn": ["Vera"]}),
    "okänd kommun": (200, {**VERA, "kommun": "9999"}),
    "för stort": (200, b'{"utfall": "saknas", "mer": "' + b"x" * 70_000 + b'"}'),
    "för djupt": (200, b"[" * 60_000),
}


@pytest.mark.django_db
@pytest.mark.parametrize("slag", DALIGA)
def test_ett_svar_som_inte_duger_ar_ett_fel_pa_svenska_utan_omforsok_och_utan_personen(nummer, slag, caplog):
    caplog.set_level(logging.DEBUG)
    with tjanst(lambda _: DALIGA[slag]) as en, pytest.raises(Otillganglig) as fel:
        klienten.Tjanst(en.url, NYCKEL, vanta=[].append).hamta(nummer)

    assert "Folkbokföringen svarade på ett sätt som SUS inte förstår." in str(fel.value)
    assert len(en.anrop) == 1
    utan_personen(fel.value, caplog.text, nummer)


def utan_personen(fel, loggat, nummer):
    kedja = "".join(traceback.format_exception(fel))
    assert (fel.__cause__, fel.__suppress_context__ or fel.__context__ is None) == (None, True)
    for hemligt in (nummer.nummer, nummer.nummer[2:], "Vera", "Provkvist", NYCKEL):
        assert hemligt not in kedja + loggat


def test_den_som_svarar_for_langsamt_vantas_inte_in(nummer, monkeypatch, caplog):
    monkeypatch.setattr(klienten, "LAS", 0.2)
    with tjanst(lambda _: (en.klar.wait(5), (200, VERA))[1]) as en, pytest.raises(Otillganglig) as fel:
        klienten.Tjanst(en.url, NYCKEL, vanta=[].append).hamta(nummer)

    assert "Försök igen om en stund." in str(fel.value)
    assert len(en.anrop) == 1
    utan_personen(fel.value, caplog.text, nummer)


def test_den_som_inte_gar_att_na_provas_tre_ganger(nummer, caplog):
    with socket.socket() as ledig:
        ledig.bind(("127.0.0.1", 0))
        adress = f"http://127.0.0.1:{ledig.getsockname()[1]}/"
    pauser = []
    with pytest.raises(Otillganglig, match="svarar inte just nu") as fel:
        klienten.Tjanst(adress, NYCKEL, vanta=pauser.append).hamta(nummer)

    assert len(pauser) == 2
    utan_personen(fel.value, caplog.text, nummer)


def test_installningen_valjer_folkbokforing(settings):
    settings.SUS_FOLKBOKFORING, settings.SUS_FOLKBOKFORING_URL = "tjanst", "https://folk.example/"
    assert isinstance(folkbokforing(), klienten.Tjanst)
    settings.SUS_FOLKBOKFORING = ""
    with pytest.raises(LookupError):
        folkbokforing()


# Förseglingen


@pytest.fixture
def svar():
    return Svar(Utfall.HITTAD, "Vera", "Provkvist", "0180", 12)


def test_forseglingen_oppnas_bara_for_samma_anvandare_insats_och_nummer(nummer, svar):
    for_ = {"nummer": nummer, "insats_id": 5, "anvandare_id": 9}
    forseglat = forsegling.forsegla(svar, **for_)

    assert forsegling.oppna(forseglat, **for_) == svar
    for annat in ({"nummer": fabriker.nytt_nummer()}, {"insats_id": 6}, {"anvandare_id": 10}):
        assert forsegling.oppna(forseglat, **{**for_, **annat}) is None


def test_forseglingen_galler_en_timme_och_bar_inget_i_klartext(nummer, svar, monkeypatch):
    for_ = {"nummer": nummer, "insats_id": 5, "anvandare_id": 9}
    forseglat = forsegling.forsegla(svar, **for_)
    nu = forsegling.time.time()

    assert "Vera" not in forseglat
    assert b"Vera" not in b64decode(forseglat.partition(":")[2])
    for sekunder, vantat in ((3590, svar), (3700, None), (-60, None)):
        monkeypatch.setattr(forsegling.time, "time", lambda tid=nu + sekunder: tid)
        assert forsegling.oppna(forseglat, **for_) == vantat


def test_en_andrad_forsegling_ar_ingen(nummer, svar):
    for_ = {"nummer": nummer, "insats_id": 5, "anvandare_id": 9}
    nyckel_id, _, text = forsegling.forsegla(svar, **for_).rpartition(":")
    chiffer = bytearray(b64decode(text))
    chiffer[20] ^= 1

    for daligt in (
        f"{nyckel_id}:{b64encode(chiffer).decode()}", f"{nyckel_id}:AAAA", f"{nyckel_id}:å", "ingen:AAAA", "", ":",
        f"{nyckel_id}:{'A' * 5000}", text, "\x00",
    ):  # fmt: skip
        assert forsegling.oppna(daligt, **for_) is None

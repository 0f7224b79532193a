"""Inloggningens steg: lösenord och andra steget, spärren, koder som gäller en gång, och vägen vidare (P5)."""

import re
import threading
from base64 import b64decode
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from django.db import connection, connections
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from behorighet import hemligheter, tjanster, tva_steg
from behorighet.inloggning import FORSOK
from behorighet.kontext import marke
from behorighet.models import Handelse, Inloggningsforsok
from behorighet.roller import Roll
from insatser.models import Insats
from tests import fabriker
from tests.andra_steget import LOSENORD, andra, fel_kod, kod, losenord, med_app, reservkoder

pytestmark = pytest.mark.usefixtures("klockan_star")

NYTT = "grön-kastanj-7-trappor"


@pytest.fixture
def konto(db):
    return fabriker.anvandare(Roll.SUS_RAPPORT, username="kim", password=LOSENORD)


@pytest.fixture
def hemlighet(konto):
    return med_app(konto)


def text(svar):
    return svar.content.decode()


def typer():
    return list(Handelse.objects.order_by("pk").values_list("typ", flat=True))


def inloggad(klient):
    return klient.get("/").status_code == 200


# Lösenordet


def test_losenordet_racker_utan_andra_steg_och_loggas(client, konto):
    svar = losenord(client, konto)

    assert (svar.status_code, svar.url) == (302, "/")
    assert inloggad(client)
    assert Handelse.objects.get(typ="inloggad").detaljer == {"satt": "losenord"}


def test_okant_anvandarnamn_loggas_utan_namn(client, db):
    client.post(reverse("logga_in"), {"username": "hemligt.namn", "password": "x"})

    rad = Handelse.objects.get()
    assert (rad.typ, rad.av_id, rad.detaljer) == ("inloggning_misslyckad", None, {})


@pytest.mark.parametrize(
    ("nasta", "dit"),
    [
        ("/insatser/?q=a", "/insatser/?q=a"),
        ("https://ond.example/", "/"),
        ("//ond.example/", "/"),
        ("/\\ond.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
@pytest.mark.parametrize("med_steg", [False, True])
def test_bara_vidare_inom_sus(client, konto, nasta, dit, med_steg):
    hemlighet = med_app(konto) if med_steg else ""
    svar = client.post(f"{reverse('logga_in')}?next={nasta}", {"username": "kim", "password": LOSENORD})
    if med_steg:
        svar = andra(client, kod(hemlighet))

    assert svar.url == dit


def test_den_som_ar_inloggad_skickas_vidare(client, konto):
    client.force_login(konto)

    assert client.get("/logga-in/?next=/insatser/").url == "/insatser/"
    assert client.get(reverse("mfa_authenticate")).url == "/"


@pytest.mark.parametrize(
    "adress",
    ["accounts/signup/", "accounts/login/", "signup/", "registrera/", "accounts/email/", "accounts/password/reset/"],
)
def test_ingen_registrering_svarar(client, db, adress):
    assert client.get(f"/{adress}").status_code == 404


@pytest.mark.parametrize(
    "namn", ["account_signup", "socialaccount_signup", "account_email", "account_reset_password", "mfa_login_webauthn"]
)
def test_allauths_ovriga_sidor_finns_inte(namn):
    with pytest.raises(NoReverseMatch):
        reverse(namn)


# Andra steget


def test_losenordet_racker_inte_med_app(client, konto, hemlighet):
    svar = losenord(client, konto)

    assert svar.url == reverse("mfa_authenticate")
    assert client.get("/").url == "/logga-in/?next=/"
    assert typer() == []
    sida = client.get(svar.url)
    assert "Andra steget" in text(sida)
    assert sida["Cache-Control"].count("no-store") == 1


def test_koden_loggar_in_och_loggas(client, konto, hemlighet):
    losenord(client, konto)

    assert andra(client, f" {kod(hemlighet)[:3]} {kod(hemlighet)[3:]} ").url == "/"
    assert inloggad(client)
    assert Handelse.objects.get(typ="inloggad").detaljer == {"satt": "losenord+totp"}


def test_en_kod_galler_en_gang(konto, hemlighet):
    ratt = kod(hemlighet)
    for klient, ska in ((Client(), 302), (Client(), 200)):
        losenord(klient, konto)
        assert andra(klient, ratt).status_code == ska

    # inte heller den före, som klockans svängrum annars hade släppt igenom
    tredje = Client()
    losenord(tredje, konto)
    assert andra(tredje, kod(hemlighet, steg=-1)).status_code == 200
    assert andra(tredje, kod(hemlighet, steg=1)).status_code == 302


def test_samma_kod_samtidigt_loggar_in_en(egen_databas):
    """Åtta samtidiga försök med samma rätta kod, från var sin session: en kommer in."""
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)
    hemlighet = med_app(konto)
    klienter = [Client() for _ in range(8)]
    for klient in klienter:
        losenord(klient, konto)
    ratt, svar = kod(hemlighet), []

    def forsok(klient):
        try:
            svar.append(andra(klient, ratt).status_code)
        finally:
            connections.close_all()

    tradar = [threading.Thread(target=forsok, args=[klient]) for klient in klienter]
    for trad in tradar:
        trad.start()
    for trad in tradar:
        trad.join()

    assert svar.count(302) == 1
    assert typer().count("inloggad") == 1


def test_femte_felet_sparrar_i_femton_minuter_och_losenordet_borjar_inte_om(client, konto, hemlighet):
    for _ in range(FORSOK):
        losenord(client, konto)
        assert andra(client, fel_kod(hemlighet)).status_code == 200

    losenord(client, konto)
    svar = andra(client, kod(hemlighet))
    assert svar.status_code == 200
    assert "Koden stämmer inte." in text(svar)
    assert andra(client, reservkoder(konto)[0]).status_code == 200
    kvar = Inloggningsforsok.objects.get(anvandare=konto).steg_sparrat_till - timezone.now()
    assert timedelta(minutes=14, seconds=50) < kvar <= timedelta(minutes=15)

    Inloggningsforsok.objects.update(steg_sparrat_till=timezone.now())
    assert andra(client, kod(hemlighet)).status_code == 302
    assert typer() == [*["tva_steg_misslyckat"] * FORSOK, "konto_sparrat", "inloggad"]
    assert Handelse.objects.get(typ="konto_sparrat").detaljer == {"konto": konto.pk, "steg": 2}


def test_nytt_losenord_haver_inte_andra_stegets_sparr(client, konto, hemlighet):
    Inloggningsforsok.objects.create(anvandare=konto, steg_sparrat_till=timezone.now() + timedelta(minutes=9))
    client.post(tjanster.lank(konto), {"nytt": NYTT, "igen": NYTT})
    client.post(reverse("logga_in"), {"username": "kim", "password": NYTT})

    assert andra(client, kod(hemlighet)).status_code == 200


def test_engangslanken_gar_inte_forbi_andra_steget(client, konto, hemlighet):
    client.post(tjanster.lank(konto), {"nytt": NYTT, "igen": NYTT})

    svar = client.post(reverse("logga_in"), {"username": "kim", "password": NYTT})

    assert svar.url == reverse("mfa_authenticate")
    assert not inloggad(client)


def test_reservkoden_galler_en_gang(konto, hemlighet):
    en = reservkoder(konto)[3]
    for klient, ska in ((Client(), 302), (Client(), 200)):
        losenord(klient, konto)
        assert andra(klient, f"{en[:4]} {en[4:]}").status_code == ska

    assert len(reservkoder(konto)) == 9
    assert Handelse.objects.get(typ="inloggad").detaljer == {"satt": "losenord+recovery_codes"}


@pytest.mark.parametrize("falt", [{}, {"kod": ""}, {"kod": "åäö"}, {"kod": "1" * 999}, {"kod": "\x00"}])
def test_oriktiga_koder_far_ett_besked(client, konto, hemlighet, falt):
    losenord(client, konto)

    svar = client.post(reverse("mfa_authenticate"), falt)

    assert svar.status_code == 200
    assert not inloggad(client)


@pytest.mark.parametrize("svar", ["", "x", "5", "[]", "{}", '{"id": 1}', '{"response": {}}', "null", '"a"', "[1, {}]"])
def test_oriktiga_svar_fran_nyckeln_far_ett_besked(client, konto, hemlighet, svar):
    losenord(client, konto)

    assert client.post(reverse("mfa_authenticate"), {"kod": "", "svar": svar}).status_code == 200
    assert not inloggad(client)


def test_utan_forsta_steget_visas_inloggningen(client, db):
    for svar in (client.get(reverse("mfa_authenticate")), andra(client, "123456")):
        assert "<h1>Logga in</h1>" in text(svar)


def test_forsta_steget_galler_i_en_kvart(client, konto, hemlighet):
    losenord(client, konto)
    session = client.session
    session["account_login"] = {**session["account_login"], "initiated_at": 1}
    session.save()

    assert "<h1>Logga in</h1>" in text(andra(client, kod(hemlighet)))
    assert not inloggad(client)


@pytest.mark.parametrize("andring", ["inaktivt", "nytt lösenord"])
def test_forsta_steget_galler_inte_om_kontot_andras(client, konto, hemlighet, andring):
    losenord(client, konto)
    if andring == "inaktivt":
        konto.is_active = False
    else:
        konto.set_password(NYTT)
    konto.save()

    andra(client, kod(hemlighet))

    assert not inloggad(client)


def test_nagon_annans_kod_duger_inte(client, konto, hemlighet):
    annan = med_app(fabriker.anvandare(Roll.SUS_RAPPORT))
    losenord(client, konto)

    assert andra(client, kod(annan)).status_code == 200


# Formuläret som följer med (P15)


@pytest.mark.django_db
def test_det_inskickade_foljer_med_genom_andra_steget(client):
    insats = fabriker.insats(namn="Broar")
    ansvarig = fabriker.anvandare(password=LOSENORD)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, insats.samverkansorganisation)
    hemlighet = med_app(ansvarig)
    adress = reverse("insatser:andra", args=[insats.pk])
    svar = client.post(adress, {"namn": "Broarna", "malgrupper": ["unga", "kvinnor"], "vem": marke(ansvarig.pk)})

    for steg in (
        lambda det: losenord(client, ansvarig, inskickat=det),
        lambda det: andra(client, fel_kod(hemlighet), inskickat=det),
        lambda det: andra(client, kod(hemlighet), inskickat=det),
    ):
        svar = steg(re.search(r'name="inskickat" value="([^"]+)"', text(svar))[1])

    assert f'action="{adress}"' in text(svar)
    assert '<input type="hidden" name="malgrupper" value="kvinnor">' in text(svar)
    assert Insats.objects.get(pk=insats.pk).namn == "Broar"
    assert "Broarna" not in str(dict(client.session))


def test_det_inskickade_overlever_att_forsta_steget_blev_for_gammalt(client, konto, hemlighet):
    svar = client.post(reverse("deltagare:registrera"), {"fornamn": "Kim", "vem": marke(konto.pk)})
    det = re.search(r'name="inskickat" value="([^"]+)"', text(svar))[1]

    svar = andra(client, "123456", inskickat=det)

    assert "<h1>Logga in</h1>" in text(svar)
    assert f'name="inskickat" value="{det}"' in text(svar)


def test_det_inskickade_kommer_tillbaka_efter_inloggning_i_en_annan_flik(konto):
    klient = Client(enforce_csrf_checks=True)
    svar = Client().post(reverse("deltagare:registrera"), {"fornamn": "Kim", "vem": marke(konto.pk)})
    det = re.search(r'name="inskickat" value="([^"]+)"', text(svar))[1]
    klient.force_login(konto)

    igen = klient.post(reverse("logga_in"), {"inskickat": det}, headers={"Sec-Fetch-Site": "same-origin"})
    utifran = klient.post(reverse("logga_in"), {"inskickat": det}, headers={"Sec-Fetch-Site": "cross-site"})

    assert 'name="fornamn" value="Kim"' in text(igen)
    assert "Kim" not in text(utifran)


# Hemligheterna


def test_hemligheterna_ar_krypterade_i_databasen(client, konto):
    client.force_login(konto)
    losenord(Client(), konto)
    hemlighet = med_app(konto)
    fro = hemligheter.dekryptera(Authenticator.objects.get(type="recovery_codes").data["seed"])

    with connection.cursor() as markor:
        markor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        allt = markor.fetchone()[0]
    assert hemlighet not in allt
    assert fro not in allt
    assert all(ett not in allt for ett in reservkoder(konto))


def test_chiffret_binder_innehallet_och_nyckeln(settings):
    chiffer = hemligheter.kryptera("hemligt")

    assert hemligheter.dekryptera(chiffer) == "hemligt"
    assert chiffer != hemligheter.kryptera("hemligt")
    assert b"hemligt" not in b64decode(chiffer.rpartition(":")[2])
    with pytest.raises(InvalidTag):
        hemligheter.dekryptera(chiffer[:-4] + "AAA=")
    settings.SUS_NYCKLAR = {**settings.SUS_NYCKLAR, "ny": settings.SUS_INDEXNYCKEL}
    settings.SUS_NYCKEL_AKTUELL = "ny"
    assert hemligheter.kryptera("x").startswith("ny:")
    assert hemligheter.dekryptera(chiffer) == "hemligt"


def test_bytet_av_krypteringsnyckel_tar_med_hemligheterna(konto, hemlighet, settings):
    koder = reservkoder(konto)
    settings.SUS_NYCKLAR = {**settings.SUS_NYCKLAR, "ny": settings.SUS_INDEXNYCKEL}
    settings.SUS_NYCKEL_AKTUELL = "ny"

    assert tva_steg.kryptera_om(using="default") == 2
    assert tva_steg.kryptera_om(using="default") == 0
    settings.SUS_NYCKLAR = {"ny": settings.SUS_INDEXNYCKEL}
    assert reservkoder(konto) == koder
    assert tva_steg.prova_kod(konto=konto, kod=kod(hemlighet)) is not None


def test_den_ratta_koden_ar_den_enda(konto, hemlighet):
    assert tva_steg.prova_kod(konto=konto, kod=fel_kod(hemlighet)) is None
    assert tva_steg.prova_kod(konto=konto, kod=kod(hemlighet, steg=-2)) is None
    assert tva_steg.prova_kod(konto=konto, kod=kod(hemlighet)).type == "totp"

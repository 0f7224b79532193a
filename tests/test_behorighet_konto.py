"""Lösenord: välja med engångslänk, byta, och spärren efter fem misslyckade inloggningar (P4, P5)."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import manage
from behorighet import tjanster
from behorighet.inloggning import FORSOK, prova_losenord
from behorighet.models import Anvandare, Handelse, Inloggningsforsok, Organisation
from behorighet.roller import Roll
from tests import fabriker

LOSENORD = "ett-langt-losenord"
NYTT = "grön-kastanj-7-trappor"
BYT = "/konto/losenord/"


@pytest.fixture
def konto(db):
    return fabriker.anvandare(Roll.SUS_RAPPORT, username="kim", password=LOSENORD)


def text(svar):
    return svar.content.decode()


def typer():
    return list(Handelse.objects.order_by("pk").values_list("typ", flat=True))


def logga_in(klient, losenord, namn="kim"):
    return klient.post(reverse("logga_in"), {"username": namn, "password": losenord})


# Spärren


def test_femte_misslyckade_inloggningen_sparrar_i_femton_minuter(client, konto):
    for _ in range(FORSOK - 1):
        logga_in(client, "fel")
    assert logga_in(client, LOSENORD).status_code == 302  # fyra räcker inte, och räkningen börjar om
    client.logout()
    for _ in range(FORSOK):
        logga_in(client, "fel")

    assert logga_in(client, LOSENORD).status_code == 200
    Inloggningsforsok.objects.update(sparrat_till=timezone.now() + timedelta(seconds=60))
    assert logga_in(client, LOSENORD).status_code == 200
    Inloggningsforsok.objects.update(sparrat_till=timezone.now())
    assert logga_in(client, LOSENORD).status_code == 302

    assert typer() == [
        *["inloggning_misslyckad"] * 4,
        "inloggad",
        *["inloggning_misslyckad"] * 5,
        "konto_sparrat",
        "inloggad",
    ]
    assert Handelse.objects.filter(typ="konto_sparrat", av_id=None, detaljer={"konto": konto.pk}).exists()


def test_sparren_varar_i_femton_minuter(konto):
    for _ in range(FORSOK):
        prova_losenord(konto, "fel")

    kvar = Inloggningsforsok.objects.get(anvandare=konto).sparrat_till - timezone.now()
    assert timedelta(minutes=14, seconds=50) < kvar <= timedelta(minutes=15)


def test_svaret_ar_detsamma_vad_som_an_ar_fel(client, konto):
    fabriker.anvandare(username="inaktiv", password=LOSENORD, is_active=False)

    def svar(namn, losenord):
        return logga_in(client, losenord, namn).context["form"].errors

    fel = [svar("kim", "fel"), svar("finns-inte", "fel"), svar("inaktiv", LOSENORD)]
    fel += [svar("kim", "fel") for _ in range(FORSOK)]
    fel.append(svar("kim", LOSENORD))

    assert all(ett == fel[0] for ett in fel)
    assert "Användarnamnet eller lösenordet stämmer inte." in str(fel[0])


def test_den_som_redan_ar_inloggad_stors_inte_av_sparren(client, konto):
    client.force_login(konto)
    for _ in range(FORSOK):
        logga_in(Client(), "fel")

    assert client.get("/").status_code == 200


def test_samtidiga_forsok_far_inte_fler_an_fem(egen_databas):
    """20 samtidiga försök: de fem första prövas, resten möter spärren."""
    konto = fabriker.anvandare(password=LOSENORD)

    def forsok():
        try:
            prova_losenord(konto, "fel")
        finally:
            connections.close_all()

    tradar = [threading.Thread(target=forsok) for _ in range(20)]
    for trad in tradar:
        trad.start()
    for trad in tradar:
        trad.join()

    assert sorted(typer()) == [*["inloggning_misslyckad"] * FORSOK, "konto_sparrat"]


def test_utan_namn_eller_losenord_provas_inget(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert authenticate(username="kim") is None


# Byt lösenord


def bytt(**falt):
    return {"nuvarande": LOSENORD, "nytt": NYTT, "igen": NYTT, **falt}


def test_byt_losenord_avslutar_alla_andra_sessioner(konto):
    har, dar = Client(), Client()
    for klient in (har, dar):
        assert logga_in(klient, LOSENORD).status_code == 302

    svar = har.post(BYT, bytt(), follow=True)

    assert "Lösenordet är bytt." in text(svar)
    assert har.get("/").status_code == 200
    assert dar.get("/").url == "/logga-in/?next=/"
    assert logga_in(Client(), NYTT).status_code == 302
    assert typer() == ["inloggad", "inloggad", "losenord_bytt", "inloggad"]


@pytest.mark.parametrize(
    ("falt", "vid", "besked"),
    [
        ({"nuvarande": "fel"}, "nuvarande", "Lösenordet stämmer inte."),
        ({"nuvarande": ""}, "nuvarande", "Ange ditt nuvarande lösenord."),
        ({"nytt": "kort", "igen": "kort"}, "nytt", "12"),
        ({"nytt": "password1234", "igen": "password1234"}, "nytt", "vanligt"),
        ({"igen": "något annat som är långt"}, "igen", "De två lösenorden är olika."),
    ],
)
def test_byt_losenord_fel_vid_faltet(client, konto, falt, vid, besked):
    client.force_login(konto)

    svar = client.post(BYT, bytt(**falt))

    assert besked in str(svar.context["form"].errors[vid])
    assert "<title>Fel: " in text(svar)
    assert NYTT not in text(svar)
    konto.refresh_from_db()
    assert konto.check_password(LOSENORD)


def test_byt_losenord_gissar_inte_det_nuvarande_mer_an_fem_ganger(client, konto):
    client.force_login(konto)
    for _ in range(FORSOK):
        client.post(BYT, bytt(nuvarande="fel"))

    assert client.post(BYT, bytt()).status_code == 200
    konto.refresh_from_db()
    assert konto.check_password(LOSENORD)


def test_byt_losenord_kraver_ingen_roll_och_visas_utan_att_skriva(client, db):
    client.force_login(fabriker.anvandare())

    assert client.get(BYT).status_code == 200
    assert typer() == []


# Välj lösenord


@pytest.fixture
def utan_losenord(db):
    return fabriker.anvandare(Roll.SUS_RAPPORT, username="ny", password=None)


def valt(**falt):
    return {"nytt": NYTT, "igen": NYTT, **falt}


def test_valj_losenord_med_lanken_en_gang(client, utan_losenord):
    lank = tjanster.lank(utan_losenord)
    Inloggningsforsok.objects.create(anvandare=utan_losenord, sparrat_till=timezone.now() + timedelta(minutes=9))
    assert "användarnamnet <strong>ny</strong>" in text(client.get(lank))
    assert typer() == []

    svar = client.post(lank, valt(), follow=True)

    assert "Lösenordet är valt. Logga in med det." in text(svar)
    assert typer() == ["losenord_valt"]
    for igen in (client.get(lank), client.post(lank, valt(nytt="annat-langt-losenord-9"))):
        assert igen.status_code == 404
        assert "Länken gäller inte" in text(igen)
    assert logga_in(client, NYTT, "ny").status_code == 302  # spärren är hävd


def test_valj_losenord_avslutar_kontots_sessioner(client, konto):
    client.force_login(konto)

    Client().post(tjanster.lank(konto), valt())

    assert client.get("/").status_code == 302


def test_lanken_galler_i_tre_dygn(client, utan_losenord, settings):
    lank = tjanster.lank(utan_losenord)
    settings.PASSWORD_RESET_TIMEOUT = -1

    assert client.get(lank).status_code == 404


@pytest.mark.parametrize(
    "andring", [lambda lank: lank.replace("-", "-1", 3), lambda lank: "/valj-losenord/999999/a-b/"]
)
def test_felskriven_lank_ger_sidan_som_sager_det(client, utan_losenord, andring):
    svar = client.get(andring(tjanster.lank(utan_losenord)))

    assert svar.status_code == 404


def test_lanken_galler_inte_for_ett_inaktivt_konto_eller_nagon_annans(client, utan_losenord, konto):
    kod = tjanster.lank(utan_losenord).rstrip("/").rsplit("/", 1)[1]
    assert client.get(reverse("valj_losenord", args=[konto.pk, kod])).status_code == 404

    Anvandare.objects.filter(pk=utan_losenord.pk).update(is_active=False)
    assert client.get(reverse("valj_losenord", args=[utan_losenord.pk, kod])).status_code == 404


def test_tva_som_anvander_lanken_samtidigt(utan_losenord):
    kod = tjanster.lank(utan_losenord).rstrip("/").rsplit("/", 1)[1]
    tjanster.valj_losenord(kod=kod, losenord=NYTT, av=utan_losenord)

    with pytest.raises(Exception, match="Länken har redan använts"):
        tjanster.valj_losenord(kod=kod, losenord="annat-langt-losenord-9", av=utan_losenord)


def test_svagt_losenord_nekas(client, utan_losenord):
    svar = client.post(tjanster.lank(utan_losenord), valt(nytt="kort", igen="kort"))

    assert svar.status_code == 200
    assert "nytt" in svar.context["form"].errors
    utan_losenord.refresh_from_db()
    assert not utan_losenord.has_usable_password()


# Kommandot


def kor(*extra, namn="rot"):
    ut = StringIO()
    argument = ["--anvandarnamn", namn, "--fornamn", "Sten", "--efternamn", "Öberg", "--organisation", "Förbundet"]
    call_command("skapa_systemadministrator", *argument, *extra, stdout=ut)
    return ut.getvalue()


def test_kommandot_skapar_forsta_kontot_och_lanken_gar_att_anvanda(client, db):
    ut = kor("--typ", "samordningsforbund", "--adress", "https://sus.example/")

    konto = Anvandare.objects.get(username="rot")
    assert konto.roller_nu == [Roll.SYSTEMADMINISTRATOR]
    assert "Kontot rot är skapat med rollen Systemadministratör." in ut
    lank = ut.split()[-1]
    assert lank.startswith("https://sus.example/valj-losenord/")
    assert client.post(lank.removeprefix("https://sus.example"), valt()).status_code == 302
    assert typer() == [
        "organisation_registrerad",
        "konto_skapat",
        "behorighet_bestalld",
        "lank_skapad",
        "losenord_valt",
    ]


def test_kommandot_laser_losenordet_fran_standard_input(client, db, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO(f"{NYTT}\n"))

    ut = kor("--typ", "stat", "--losenord")

    assert "Lösenordet är valt." in ut
    assert "valj-losenord" not in ut
    assert logga_in(client, NYTT, "rot").status_code == 302


@pytest.mark.parametrize(
    ("extra", "losenord", "besked"),
    [
        ([], "", "Organisationen Förbundet finns inte."),
        (["--typ", "stat", "--losenord"], "kort", "12"),
        (["--typ", "stat", "--losenord"], "", "12"),
        (["--typ", "stat", "--epost", "fel"], "", "e-post"),
    ],
)
def test_kommandot_nekar_pa_svenska_och_sparar_inget(db, monkeypatch, extra, losenord, besked):
    monkeypatch.setattr("sys.stdin", StringIO(f"{losenord}\n"))

    with pytest.raises(CommandError, match=besked) as fel:
        kor(*extra)

    assert "Inget har sparats." in str(fel.value)
    assert fel.value.returncode == 1
    assert not Anvandare.objects.exists()
    assert not Organisation.objects.exists()


def test_kommandot_nekar_ett_upptaget_namn(konto):
    with pytest.raises(CommandError, match="Användarnamnet är upptaget"):
        kor("--typ", "stat", namn="KIM")


def test_kommandot_slutar_med_tva_vid_fel_anvandning(capsys, monkeypatch):
    monkeypatch.setattr("sus.start._migrera", lambda kommando: None)

    with pytest.raises(SystemExit) as fel:
        manage.main(["manage.py", "skapa_systemadministrator", "--anvandarnamn", "rot"])

    assert fel.value.code == 2

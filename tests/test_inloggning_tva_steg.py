"""Tvåstegsinloggning under Konto, kravet för vissa roller, och nollställningen (P5)."""

import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client, override_settings
from django.urls import reverse

from behorighet import hemligheter, tva_steg
from behorighet.kontext import marke
from behorighet.models import Handelse
from behorighet.roller import KRAVER_TVA_STEG, Roll
from behorighet.views.tva_steg import NY_APP
from insatser.models import Insats
from tests import fabriker
from tests.andra_steget import LOSENORD, andra, fel_kod, kod, losenord, med_app, reservkoder

pytestmark = pytest.mark.usefixtures("klockan_star")

SIDOR = ["tva_steg_app", "tva_steg_nyckel", "nya_reservkoder", "reservkoder"]
TVA_STEG, APP, BEKRAFTA = "/konto/tva-steg/", "/konto/tva-steg/app/", "/konto/bekrafta/"


@pytest.fixture
def konto(db):
    return fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)


@pytest.fixture
def ansvarig(db):
    """En deltagaransvarig: rollen kräver tvåstegsinloggning."""
    return fabriker.anvandare(Roll.DELTAGARANSVARIG, password=LOSENORD)


def text(svar):
    return svar.content.decode()


def typer():
    return list(Handelse.objects.order_by("pk").values_list("typ", flat=True))


def in_med_app(konto):
    """En klient som har loggat in med båda stegen, och appens hemlighet."""
    hemlighet, klient = med_app(konto), Client()
    losenord(klient, konto)
    assert andra(klient, kod(hemlighet, steg=-1)).status_code == 302
    return klient, hemlighet


def lagg_till_app(klient):
    """Går genom sidan. Returnerar appens hemlighet och svaret."""
    sida = text(klient.get(APP))
    hemlighet = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", sida)[1].replace(" ", "")
    return hemlighet, klient.post(APP, {"kod": kod(hemlighet)})


# Lägga till, byta och ta bort


def test_lagga_till_app_visar_reservkoderna_en_gang(konto):
    klient, dar = Client(), Client()
    for en in (klient, dar):
        losenord(en, konto)

    hemlighet, svar = lagg_till_app(klient)

    assert svar.url == reverse("reservkoder")
    sida = text(klient.get(svar.url))
    koder = [ett.replace(" ", "") for ett in re.findall(r"<code>(\d{4} \d{4})</code>", sida)]
    assert koder == reservkoder(konto)
    fil = b64decode(re.search(r"base64,([^\"]+)\" download", sida)[1]).decode()
    assert all(ett in fil for ett in koder)
    assert "Koderna har redan visats" in text(klient.get(svar.url))
    assert klient.get("/").status_code == 200
    assert dar.get("/").url == "/logga-in/?next=/"  # den andra sessionen slutade
    assert typer() == ["inloggad", "inloggad", "tva_steg_tillagt"]
    assert Handelse.objects.get(typ="tva_steg_tillagt").detaljer == {"slag": "totp"}
    ny = Client()
    losenord(ny, konto)
    assert andra(ny, kod(hemlighet)).status_code == 200  # koden är använd
    assert andra(ny, kod(hemlighet, steg=1)).status_code == 302


def test_hemligheten_vantar_krypterad_i_sessionen(client, konto):
    losenord(client, konto)
    sida = text(client.get(APP))

    vantar = client.session[NY_APP]
    hemlighet = hemligheter.dekryptera(vantar)
    assert hemlighet not in vantar
    bild = b64decode(re.search(r"svg\+xml;base64,([^\"]+)", sida)[1]).decode()
    assert "<svg" in bild
    assert f"secret={hemlighet}" in sida


def test_fel_kod_kopplar_ingen_app(client, konto):
    losenord(client, konto)
    client.get(APP)

    svar = client.post(APP, {"kod": "000000"})

    assert "Koden stämmer inte." in text(svar)
    assert "<title>Fel: " in text(svar)
    assert not Authenticator.objects.exists()


def test_byta_app_behaller_reservkoderna(konto):
    klient, gammal = in_med_app(konto)
    fore = reservkoder(konto)

    ny, svar = lagg_till_app(klient)

    assert svar.url == TVA_STEG
    assert reservkoder(konto) == fore
    assert tva_steg.prova_kod(konto=konto, kod=kod(gammal, steg=1)) is None
    assert tva_steg.prova_kod(konto=konto, kod=kod(ny, steg=1)) is not None
    assert typer() == ["inloggad", "tva_steg_borttaget", "tva_steg_tillagt", "tva_steg_misslyckat"]


def test_nya_reservkoder_ersatter_de_gamla(konto):
    klient, _ = in_med_app(konto)
    fore = reservkoder(konto)

    svar = klient.post(reverse("nya_reservkoder"), follow=True)

    efter = reservkoder(konto)
    assert not set(fore) & set(efter)
    assert f"{efter[0][:4]} {efter[0][4:]}" in text(svar)
    assert Handelse.objects.filter(typ="tva_steg_tillagt", detaljer={"slag": "recovery_codes"}).exists()


def test_ta_bort_det_enda_tar_reservkoderna_med_sig(konto):
    klient, _ = in_med_app(konto)
    steg = tva_steg.satten(konto).get()

    svar = klient.post(reverse("tva_steg_ta_bort", args=[steg.pk]), follow=True)

    assert "Borttaget. Du är utloggad överallt utom här." in text(svar)
    assert not Authenticator.objects.exists()
    assert typer()[-1] == "tva_steg_borttaget"
    assert losenord(Client(), konto).url == "/"


@pytest.mark.usefixtures("tva_steg_kravs")
def test_det_sista_gar_inte_att_ta_bort_nar_rollen_kraver_det(ansvarig):
    klient, _ = in_med_app(ansvarig)
    steg = tva_steg.satten(ansvarig).get()

    svar = klient.post(reverse("tva_steg_ta_bort", args=[steg.pk]))

    assert "Din roll kräver tvåstegsinloggning." in text(svar)
    assert tva_steg.har(ansvarig)
    assert klient.get("/").status_code == 200


def test_nagon_annans_satt_finns_inte(konto):
    klient, _ = in_med_app(konto)
    med_app(annan := fabriker.anvandare())
    steg = tva_steg.satten(annan).get()

    for namn in ("tva_steg_ta_bort", "tva_steg_namn"):
        assert klient.post(reverse(namn, args=[steg.pk]), {"namn": "x"}).status_code == 404
    assert tva_steg.har(annan)


def test_oversikten_visar_satten(konto):
    klient, _ = in_med_app(konto)

    sida = text(klient.get(TVA_STEG))

    assert "Du har 10 koder kvar." in sida
    assert "Byt app eller telefon" in sida


@pytest.mark.parametrize("svar", ["", "x", "5", "[]", "{}", '{"response": {"clientDataJSON": "a"}}', "null"])
def test_oriktiga_svar_fran_en_ny_nyckel_far_ett_besked(client, konto, svar):
    losenord(client, konto)
    client.get(reverse("tva_steg_nyckel"))

    igen = client.post(reverse("tva_steg_nyckel"), {"namn": "Blå", "svar": svar})

    assert igen.status_code == 200
    assert not Authenticator.objects.exists()


# Bekräfta


@pytest.mark.parametrize("namn", SIDOR)
def test_en_gammal_inloggning_maste_bekraftas_forst(client, konto, namn):
    client.force_login(konto)

    svar = client.get(reverse(namn))

    assert svar.url == f"{BEKRAFTA}?next={reverse(namn).replace('/', '%2F')}"
    fel = client.post(svar.url, {"losenord": "fel"})
    assert "Lösenordet stämmer inte." in text(fel)
    assert client.post(svar.url, {"losenord": LOSENORD}).url == reverse(namn)
    assert client.get(reverse(namn)).status_code in {200, 302}
    assert BEKRAFTA not in client.get(reverse(namn)).headers.get("Location", "")


def test_bekraftelsen_gissas_inte_mer_an_fem_ganger(client, konto):
    client.force_login(konto)
    for _ in range(5):
        client.post(BEKRAFTA, {"losenord": "fel"})

    assert client.post(BEKRAFTA, {"losenord": LOSENORD}).status_code == 200


def test_med_andra_steg_racker_inte_losenordet_som_bekraftelse(client, konto):
    hemlighet = med_app(konto)
    client.force_login(konto)

    assert client.post(BEKRAFTA, {"losenord": LOSENORD}).status_code == 200
    assert client.get(APP).url.startswith(BEKRAFTA)
    assert client.post(f"{BEKRAFTA}?next={APP}", {"kod": fel_kod(hemlighet)}).status_code == 200
    assert client.post(f"{BEKRAFTA}?next={APP}", {"kod": kod(hemlighet)}).url == APP
    assert client.get(APP).status_code == 200


def test_bekraftelsen_leder_bara_inom_sus(client, konto):
    client.force_login(konto)

    assert client.post(f"{BEKRAFTA}?next=//ond.example/", {"losenord": LOSENORD}).url == "/"


# Kravet


pa = pytest.mark.usefixtures("tva_steg_kravs")


@pa
@pytest.mark.django_db
@pytest.mark.parametrize("roll", Roll)
def test_rollerna_som_kraver_det_nar_bara_konto(roll):
    konto, klient = fabriker.anvandare(roll, password=LOSENORD), Client()
    losenord(klient, konto)

    oppet = {
        namn for namn in ("start", "insatser:lista", "rapporter:insats") if klient.get(reverse(namn)).status_code == 200
    }
    alltid = [TVA_STEG, APP, reverse("tva_steg_nyckel"), reverse("byt_losenord"), BEKRAFTA]

    assert oppet == (set() if roll in KRAVER_TVA_STEG else {"start", "insatser:lista", "rapporter:insats"})
    assert [klient.get(adress).status_code for adress in alltid] == [200] * len(alltid)
    assert klient.post("/logga-ut/").status_code == 302


@pa
def test_den_som_saknar_leds_dit_far_veta_varfor_och_sedan_tillbaka(client, ansvarig):
    losenord(client, ansvarig)

    svar = client.get("/insatser/?q=a", follow=True)
    assert svar.redirect_chain == [(TVA_STEG, 302)]
    assert "Din roll kräver tvåstegsinloggning" in text(svar)
    assert 'href="/insatser/"' not in text(svar)  # menyn
    lagg_till_app(client)

    assert 'href="/insatser/?q=a"' in text(client.get(reverse("reservkoder")))
    assert client.get("/insatser/?q=a").status_code == 200


@pa
def test_den_som_loggar_in_med_andra_steget_marker_inget(ansvarig):
    klient, _ = in_med_app(ansvarig)

    assert klient.get("/").status_code == 200


@pa
def test_en_session_med_bara_losenord_stoppas_fast_kontot_har_ett_andra_steg(client, ansvarig):
    client.force_login(ansvarig)
    hemlighet = med_app(ansvarig)

    assert client.get("/insatser/").url == TVA_STEG
    till = client.get(TVA_STEG).url
    assert till == f"{BEKRAFTA}?next=%2Finsatser%2F"
    assert client.get(APP).url.startswith(BEKRAFTA)  # den lägger inte till ett eget
    assert client.post(till, {"kod": kod(hemlighet)}).url == "/insatser/"
    assert client.get("/insatser/").status_code == 200


@pa
def test_en_roll_som_bestalls_under_sessionen_galler_vid_nasta_begaran(client, konto):
    losenord(client, konto)
    assert client.get("/").status_code == 200

    fabriker.behorighet(konto, Roll.BESTALLARE)

    assert client.get("/").url == TVA_STEG


@pa
@pytest.mark.django_db
def test_det_som_skickas_utan_andra_steg_sparas_inte_och_gar_inte_forlorat(client):
    insats = fabriker.insats(namn="Broar")
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)
    fabriker.uppdrag(konto, Roll.INSATSANSVARIG, insats.samverkansorganisation)
    losenord(client, konto)
    fabriker.behorighet(konto, Roll.SYSTEMADMINISTRATOR)
    adress = reverse("insatser:andra", args=[insats.pk])

    svar = client.post(adress, {"namn": "Broarna", "vem": marke(konto.pk)})

    assert svar.status_code == 403
    assert f'action="{adress}"' in text(svar)
    assert 'name="namn" value="Broarna"' in text(svar)
    assert Insats.objects.get().namn == "Broar"
    utan_marke = client.post(adress, {"namn": "Broarna"})
    assert utan_marke.url == TVA_STEG
    assert client.post(adress, {"namn": "B"}, headers={"HX-Request": "true"}).url == TVA_STEG


@pa
def test_kravet_kostar_ingen_fraga_nar_steget_ar_gjort(client, ansvarig, django_assert_max_num_queries):
    klient, _ = in_med_app(ansvarig)
    klient.get("/insatser/")
    with django_assert_max_num_queries(100) as med:
        klient.get("/insatser/")
    with override_settings(TVA_STEG=False), django_assert_max_num_queries(100) as utan:
        klient.get("/insatser/")

    assert len(med) == len(utan)


# Nollställa


def test_systemadministratoren_nollstaller_nagon_annans(konto):
    klient, _hemlighet = in_med_app(konto)
    system = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)

    tva_steg.nollstall_tva_steg(konto=konto, av=system)

    assert not Authenticator.objects.exists()
    assert klient.get("/").status_code == 302  # sessionen slutade
    assert losenord(Client(), konto).url == "/"
    rad = Handelse.objects.get(typ="tva_steg_nollstallt")
    assert (rad.av_id, rad.detaljer) == (system.pk, {"konto": konto.pk, "antal": 2})


@pytest.mark.parametrize("roll", [roll for roll in Roll if roll != Roll.SYSTEMADMINISTRATOR])
def test_ingen_annan_roll_nollstaller(konto, roll):
    med_app(konto)

    with pytest.raises(PermissionDenied):
        tva_steg.nollstall_tva_steg(konto=konto, av=fabriker.anvandare(roll))
    assert tva_steg.har(konto)


def test_ingen_nollstaller_sin_egen(db):
    system = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    med_app(system)

    with pytest.raises(PermissionDenied):
        tva_steg.nollstall_tva_steg(konto=system, av=system)


# Sessionerna, inställningen


def test_nytt_losenord_och_ny_nyckel_till_summan_avslutar_sessioner(konto):
    fore = konto.get_session_auth_hash()
    konto.sessionsserie += 1
    efter = konto.get_session_auth_hash()
    konto.set_password("annat-langt-losenord")

    assert len({fore, efter, konto.get_session_auth_hash()}) == 3


def kravs(**miljo):
    """Inställningen så som en egen process läser den, i `miljo` och inget annat."""
    kommando = (
        "import django; django.setup(); from django.conf import settings; print(settings.TVA_STEG, settings.DEMO)"
    )
    grund = {"DJANGO_SETTINGS_MODULE": "sus.settings", "PATH": "/usr/bin:/bin"}
    kor = subprocess.run(
        [sys.executable, "-c", kommando], env={**grund, **miljo}, cwd=settings.BASE_DIR, capture_output=True, text=True
    )
    return kor.stdout.strip() or kor.stderr.strip().splitlines()[-1]


def test_bara_demolaget_ar_utan_kravet(tmp_path: Path):
    data = {"SUS_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}

    assert kravs(**data) == "True False"
    assert kravs(**data, SUS_TVA_STEG="0") == "True False"
    assert kravs(**data, SUS_DEMO="1") == "False True"
    assert "Demoläget startar bara med sin egen databas." in kravs(
        **data, SUS_DEMO="1", DATABASE_URL="postgresql://a@localhost/b"
    )
    assert "Demoläget startar bara" in kravs(**data, SUS_DEMO="1", SUS_PRODUKTION="1")

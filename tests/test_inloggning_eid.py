"""Inloggning med e-legitimation genom en förmedlare som talar OpenID Connect (P5)."""

import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse

from behorighet import eid, tva_steg
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from tests import fabriker
from tests.andra_steget import LOSENORD, andra, kod, losenord, med_app
from tests.eid import NIVA2, NIVA3, formedlare, installning, legitimera, person

pytestmark = pytest.mark.django_db
DIT = "/logga-in/e-legitimation/"


@pytest.fixture(scope="module")
def utgivare():
    with formedlare(
        person("sub-kim", "kim"),
        person("sub-kim-2", "kim"),
        person("sub-lag", "kim", acr=NIVA2),
        person("sub-okand", "finns.inte"),
        person("sub-tom"),
    ) as url:
        yield url


@pytest.fixture
def oidc(settings, utgivare):
    settings.OIDC = installning(utgivare)
    return settings.OIDC


@pytest.fixture
def kim():
    return fabriker.anvandare(Roll.DELTAGARANSVARIG, username="kim", password=None)


def text(svar):
    return svar.content.decode()


def med_eid(klient, sub="sub-kim", nasta=""):
    """Hela vägen: till förmedlaren och tillbaka."""
    svar = klient.get(f"{DIT}?next={nasta}")
    tillbaka = urlsplit(legitimera(svar.url, sub))
    return klient.get(f"{tillbaka.path}?{tillbaka.query}")


def typer():
    return list(Handelse.objects.order_by("pk").values_list("typ", flat=True))


@pytest.mark.usefixtures("tva_steg_kravs", "oidc")
def test_e_legitimationen_loggar_in_kopplar_och_racker_som_andra_steg(client, kim):
    svar = med_eid(client, nasta="/insatser/")

    assert svar.url == "/insatser/"
    assert client.get("/insatser/").status_code == 200
    assert typer() == ["eid_kopplad", "inloggad"]
    assert Handelse.objects.get(typ="inloggad").detaljer == {"satt": "eid"}
    assert Handelse.objects.get(typ="eid_kopplad").av_id == kim.pk
    med_eid(Client())
    assert typer() == ["eid_kopplad", "inloggad", "inloggad"]


@pytest.mark.usefixtures("oidc")
def test_begaran_har_pkce_nonce_och_tillitsniva(client):
    fraga = parse_qs(urlsplit(client.get(DIT).url).query)

    assert fraga["code_challenge_method"] == ["S256"]
    assert fraga["acr_values"] == [NIVA3]
    assert fraga["redirect_uri"] == ["http://testserver/logga-in/e-legitimation/svar/"]
    assert set(fraga["scope"][0].split()) == {"openid", "profile"}
    assert fraga["nonce"][0]
    assert fraga["state"][0]


@pytest.mark.usefixtures("oidc", "kim")
def test_inget_av_det_som_lamnas_sparas(client):
    med_eid(client)

    konto = SocialAccount.objects.get()
    assert konto.extra_data == {}
    assert "sub-kim" not in konto.uid
    assert not SocialToken.objects.exists()
    with connection.cursor() as markor:
        markor.execute("SELECT string_agg(detaljer::text, ' ') FROM behorighet_handelse")
        assert "sub-kim" not in markor.fetchone()[0]
    assert "Hemlig Person" not in str(dict(client.session))
    assert "sub-kim" not in str(dict(client.session))


@pytest.mark.usefixtures("oidc")
def test_sedan_avgor_sub_och_inte_anvandarnamnet(client, kim):
    med_eid(client)
    Anvandare.objects.filter(pk=kim.pk).update(username="kim.ny")
    annan = fabriker.anvandare(Roll.SUS_RAPPORT, username="kim")
    klient = Client()

    med_eid(klient)

    assert int(klient.session["_auth_user_id"]) == kim.pk
    assert not SocialAccount.objects.filter(user=annan).exists()


@pytest.mark.usefixtures("oidc", "kim")
def test_ett_kopplat_konto_tar_inte_en_annan_identitet(client):
    med_eid(Client())

    svar = med_eid(client, "sub-kim-2")

    assert svar.status_code == 403
    assert "redan kopplat till en annan e-legitimation" in text(svar)
    assert client.get("/").status_code == 302
    assert SocialAccount.objects.count() == 1
    assert Handelse.objects.filter(typ="inloggning_misslyckad", av_id=None, detaljer={"satt": "eid"}).exists()


@pytest.mark.usefixtures("oidc", "kim")
def test_efter_nollstallning_gar_en_ny_identitet_att_koppla(client, kim):
    med_eid(Client())
    tva_steg.nollstall_tva_steg(konto=kim, av=fabriker.anvandare(Roll.SYSTEMADMINISTRATOR))

    assert med_eid(client, "sub-kim-2").url == "/"


@pytest.mark.usefixtures("oidc", "tva_steg_kravs")
def test_den_som_bara_har_losenordet_far_inte_lagga_till_ett_steg_till_ett_kopplat_konto(client, kim):
    """Annars räckte beställarens engångslänk för att ta över kontot."""
    med_eid(Client())
    tjuv = Client()
    kim.set_password(LOSENORD)
    kim.save()
    losenord(tjuv, kim)

    assert tjuv.get(reverse("tva_steg_app")).url.startswith(reverse("bekrafta"))
    svar = tjuv.post(reverse("bekrafta"), {"losenord": LOSENORD})
    assert svar.status_code == 200
    assert "Legitimera dig igen" in text(svar)
    assert tjuv.get(reverse("tva_steg_app")).url.startswith(reverse("bekrafta"))
    assert tjuv.get(reverse("deltagare:registrera")).status_code == 302


@pytest.mark.usefixtures("oidc")
@pytest.mark.parametrize("sub", ["sub-okand", "sub-tom"])
def test_utan_konto_visas_vem_man_vander_sig_till(client, kim, sub):
    svar = med_eid(client, sub)

    assert svar.status_code == 403
    assert "Vänd dig till beställaren i din organisation" in text(svar)
    assert not SocialAccount.objects.exists()
    assert not Anvandare.objects.exclude(pk=kim.pk).exists()


@pytest.mark.usefixtures("oidc")
@pytest.mark.parametrize("kopplad", [False, True])
def test_ett_inaktivt_konto_kommer_inte_in(client, kim, kopplad):
    if kopplad:
        med_eid(Client())
    Anvandare.objects.filter(pk=kim.pk).update(is_active=False)

    assert med_eid(client).status_code == 403
    assert client.get("/").status_code == 302


@pytest.mark.usefixtures("oidc", "kim")
def test_for_lag_tillitsniva_nekas(client):
    svar = med_eid(client, "sub-lag")

    assert svar.status_code == 403
    assert "inte den tillitsnivå som SUS kräver" in text(svar)


@pytest.mark.usefixtures("tva_steg_kravs")
def test_utan_tillitsniva_i_installningen_ar_den_inget_andra_steg(client, settings, utgivare, kim):
    settings.OIDC = installning(utgivare, tillit=[])
    assert "acr_values" not in client.get(DIT).url

    assert med_eid(client).url == "/"
    assert client.get("/").url == "/konto/tva-steg/"
    hemlighet = med_app(kim)
    klient = Client()
    assert med_eid(klient).url == reverse("mfa_authenticate")
    assert andra(klient, kod(hemlighet)).url == "/"
    assert klient.get("/").status_code == 200
    assert Handelse.objects.order_by("pk").last().detaljer == {"satt": "eid+totp"}


@pytest.mark.usefixtures("oidc", "kim")
def test_den_som_avbryter_far_veta_det(client):
    svar = med_eid(client, "")

    assert svar.status_code == 403
    assert "Legitimeringen avbröts." in text(svar)


@pytest.mark.usefixtures("oidc", "kim")
def test_svaret_gar_att_anvanda_en_gang_och_bara_i_samma_webblasare(client):
    tillbaka = urlsplit(legitimera(client.get(DIT).url, "sub-kim"))
    adress = f"{tillbaka.path}?{tillbaka.query}"

    assert Client().get(adress).status_code == 403
    assert client.get(adress).status_code == 302
    client.logout()
    assert client.get(adress).status_code == 403


@pytest.mark.usefixtures("oidc", "kim")
@pytest.mark.parametrize("del_", ["state", "code"])
def test_ett_andrat_svar_nekas(client, del_):
    tillbaka = urlsplit(legitimera(client.get(DIT).url, "sub-kim"))
    fraga = {namn: varde[0] for namn, varde in parse_qs(tillbaka.query).items()} | {del_: "pahittat"}

    assert client.get(tillbaka.path, fraga).status_code == 403
    assert client.get("/").status_code == 302


@pytest.mark.usefixtures("oidc", "kim")
@pytest.mark.parametrize("andring", [{"nonce": "annan"}, {"sub": ""}])
def test_ett_bevis_med_fel_nonce_eller_utan_sub_nekas(client, monkeypatch, andring):
    akta = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *arg, **kw: {**akta(*arg, **kw), **andring})

    assert med_eid(client).status_code == 403


def forfalska(bevis, huvud):
    """Samma innehåll, signerat med klientens hemlighet eller inte alls, eller med en annan signatur."""
    if huvud == "signatur":
        forst, _, sist = bevis.rpartition(".")
        return f"{forst}.{sist[::-1]}"
    innehall = jwt.decode(bevis, options={"verify_signature": False})
    return jwt.encode(innehall, "hemligt" * 8 if huvud == "HS256" else None, algorithm=huvud)


@pytest.mark.usefixtures("oidc", "kim")
@pytest.mark.parametrize("huvud", ["signatur", "HS256", "none"])
def test_ett_forfalskat_bevis_nekas(client, monkeypatch, huvud):
    akta = eid.Formedlare.pastaenden
    monkeypatch.setattr(
        eid.Formedlare,
        "pastaenden",
        lambda sig, token, nonce: akta(sig, {**token, "id_token": forfalska(token["id_token"], huvud)}, nonce),
    )

    assert med_eid(client).status_code == 403
    assert client.get("/").status_code == 302


def test_en_formedlare_som_inte_svarar(client, settings):
    settings.OIDC = installning("http://127.0.0.1:9")

    assert "svarar inte som den ska" in text(client.get(DIT))


@pytest.mark.usefixtures("oidc")
def test_en_formedlare_som_sager_sig_vara_en_annan_nekas(client, monkeypatch):
    monkeypatch.setattr(eid.Formedlare, "openid_config", {"issuer": "https://annan.example"})

    assert client.get(DIT).status_code == 403


def test_utan_installning_finns_ingen_knapp_och_inget_svar(client):
    assert "Logga in med" not in text(client.get("/logga-in/"))
    assert client.get(DIT).url == "/logga-in/"
    assert client.get(f"{DIT}svar/?code=a&state=b").url == "/logga-in/"


@pytest.mark.usefixtures("oidc")
def test_knappen_for_vidare_dit_man_var_pa_vag(client):
    assert f'href="{DIT}?next=%2Finsatser%2F"' in text(client.get("/logga-in/?next=/insatser/"))
    assert "Logga in med Freja" in text(client.get("/logga-in/"))


@pytest.mark.usefixtures("oidc", "kim")
def test_en_annan_som_redan_ar_inloggad_loggas_ut(client):
    annan = fabriker.anvandare(Roll.SUS_RAPPORT, password=LOSENORD)
    losenord(client, annan)
    client.session["spar"] = "annans"

    med_eid(client)

    assert int(client.session["_auth_user_id"]) != annan.pk
    assert "spar" not in client.session


@pytest.mark.usefixtures("oidc")
def test_den_utan_losenord_bekraftar_med_e_legitimationen(client, kim):
    med_eid(client)
    session = client.session
    session["account_authentication_methods"] = [
        {**rad, "at": time.time() - 3600} for rad in session["account_authentication_methods"]
    ]
    session.save()
    app = reverse("tva_steg_app")

    svar = client.get(app, follow=True)
    assert f'href="{DIT}?next={app.replace("/", "%2F")}"' in text(svar)
    assert "Lösenord" not in text(svar).split("<main")[1]
    assert med_eid(client, nasta=app).url == app
    assert client.get(app).status_code == 200


@pytest.mark.parametrize(
    ("miljo", "fel"),
    [
        ({"SUS_OIDC_URL": "http://eid.example"}, "https"),
        ({"SUS_OIDC_URL": "https://eid.example"}, "SUS_OIDC_KLIENT"),
        ({}, ""),
    ],
)
def test_installningarna_provas(monkeypatch, miljo, fel):
    import sus.settings as installningar  # noqa: PLC0415, TID251  # det är själva läsningen som prövas

    monkeypatch.setattr(installningar, "PRODUKTION", True)
    for namn, varde in miljo.items():
        monkeypatch.setenv(namn, varde)

    if not fel:
        assert installningar._oidc() == {}  # noqa: SLF001
    else:
        with pytest.raises(ImproperlyConfigured, match=fel):
            installningar._oidc()  # noqa: SLF001

"""*Hämta* på Registrera deltagare: folkbokföringen, skyddet, gränsen och förseglingen (R17–R19, P7, P8, P22)."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Handelse, Takt
from behorighet.skydd import satt_sammanhang
from deltagare import kryptering
from deltagare.folkbokforing import Otillganglig, Svar, Utfall, forsegling
from deltagare.models import Deltagande, Identitet, Registerpost, Uppslag
from insatser.models import Stadsdel
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import lagg_in, post
from tests.test_kostnad import SPARA, VISA, raknat

SIDAN = "/deltagare/registrera/"
IDAG = timezone.localdate()


@pytest.fixture(autouse=True)
def register(settings):
    settings.SUS_FOLKBOKFORING = "register"


@pytest.fixture
def insats(db):
    return fabriker.insats(namn="Vägen vidare")


@pytest.fixture
def ansvarig(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


def i_registret(nummer=None, **falt):
    """En person i registret, i testets transaktion."""
    nummer = nummer or fabriker.nytt_nummer()
    with som_agare():
        post(nummer, **falt).save()
    return nummer


def hamta(client, en, nummer, **falt):
    data = {"insats": en.pk, "samtycke": "2025-03-01", "personnummer": getattr(nummer, "utskrivet", nummer)}
    return client.post(SIDAN, {**data, "registrering": "in", "hamta": "1", **falt})


def sparad(insats, nummer, **falt):
    return {
        "insats": insats.pk,
        "samtycke": "2025-03-01",
        "personnummer": getattr(nummer, "utskrivet", nummer),
        "registrering": "in",
        "inregistrering": "2025-03-01",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def text(svar):
    return " ".join(svar.content.decode().split())


def forseglat(svar):
    """Det dolda fältet på sidan; tomt om det saknas."""
    traff = re.search(r'name="hamtat" value="([^"]*)"', svar.content.decode())
    return traff[1] if traff else ""


def deltaganden(ansvarig):
    satt_sammanhang(ansvarig)
    return list(Deltagande.objects.select_related("folkbokforing", "person__identitet"))


# Hämta


def test_namn_och_kommun_visas_som_text_och_uppslaget_loggas(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist")

    svar = hamta(client, insats, nummer)

    assert re.search(r"<dt>Förnamn</dt>\s*<dd>Vera</dd>", svar.content.decode())
    assert "<dd>Helsingborg</dd>" in text(svar)
    for falt in ("fornamn", "efternamn", "kommun", "stadsdel"):
        assert f'name="{falt}"' not in text(svar)
    rad = Handelse.objects.get(typ="person_hamtad")
    assert (rad.av_id, rad.insats_id, rad.person_id, rad.detaljer) == (
        ansvarig.pk,
        insats.pk,
        None,
        {"utfall": "hittad"},
    )
    assert rad.uppdrag_id
    with som_agare():
        uppslag = Uppslag.objects.get()
    assert (uppslag.handelse_id, bytes(uppslag.personindex)) == (rad.pk, kryptering.personindex(nummer.nummer))
    assert svar["Cache-Control"].count("no-store") == 1


def test_den_som_finns_i_sus_pekas_ut_av_loggen(client, insats, ansvarig):
    nummer = i_registret()
    deltagande = fabriker.inregistrera(insats, ansvarig, nummer=nummer)

    hamta(client, insats, nummer)

    assert Handelse.objects.get(typ="person_hamtad").person_id == deltagande.person_id
    with som_agare():
        assert not Uppslag.objects.exists()


def test_stadsdelen_visas_nar_den_ar_kand_och_fragas_annars_bara_i_de_tva_staderna(client, insats, ansvarig):
    kand = i_registret(kommun_id="0180", stadsdel="Bromma")
    okand = i_registret(kommun_id="1480")
    utan = i_registret(kommun_id=None)

    assert "<dd>Bromma</dd>" in text(hamta(client, insats, kand))
    assert 'name="stadsdel"' not in text(hamta(client, insats, kand))
    form = hamta(client, insats, okand).context["form"]
    assert {stadsdel.kommun_id for stadsdel in form.fields["stadsdel"].queryset} == {"1480"}
    assert "kommun" not in form.fields
    assert {"kommun", "stadsdel"} <= set(hamta(client, insats, utan).context["form"].fields)


def test_den_som_bor_dar_stadsdelar_finns_paminns_vid_faltet_om_att_valja_en(client, insats, ansvarig):
    paminnelse = "Den frågas inte vid utregistreringen."
    okand = i_registret(kommun_id="0180")
    kand, annanstans = i_registret(kommun_id="0180", stadsdel="Bromma"), i_registret()

    svar = hamta(client, insats, okand)
    assert re.search(rf'name="stadsdel".*data-visas-om="stadsdel=".*{paminnelse}', text(svar))
    assert paminnelse not in text(hamta(client, insats, kand))
    assert paminnelse not in text(hamta(client, insats, annanstans))
    for_hand = text(hamta(client, insats, fabriker.nytt_nummer()))
    assert re.search(rf'data-visas-om="kommun=0180.1480".*name="stadsdel".*{paminnelse}', for_hand)


def test_varningarna_visas_redan_vid_hamta(client, db):
    org = fabriker.organisation(kommuner=["1283"])
    kvinnor = fabriker.insats(org, malgrupper=["kvinnor"])
    client.force_login(fabriker.deltagaransvarig(kvinnor))
    nummer = i_registret(fabriker.nytt_nummer(man=True), kommun_id="0180")

    svar = text(hamta(client, kvinnor, nummer))

    assert "Folkbokföringskommunen ingår inte i samverkansorganisationens område." in svar
    assert "Insatsen är till enbart för ett annat kön än deltagarens." in svar


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"samtycke": ""}, "Ange när samtycket lämnades."),
        ({"samtycke": (IDAG + timedelta(days=1)).isoformat()}, "Datumet kan inte vara i framtiden."),
        ({"samtycke": "igår"}, "Ange datumet som åååå-mm-dd."),
        ({"insats": ""}, "Välj insats."),
        ({"personnummer": ""}, "Ange personnummer."),
        ({"personnummer": "20010101-0000"}, "Kontrollera personnumret"),
    ],
)
def test_hamta_kraver_insats_samtycke_och_nummer_och_inget_mer(client, insats, ansvarig, falt, besked):
    svar = hamta(client, insats, i_registret(), **falt)

    assert besked in text(svar)
    assert set(svar.context["form"].errors) == set(falt)
    assert not Handelse.objects.filter(typ="person_hamtad").exists()


def test_hamta_for_en_annans_insats_nekas(client, insats, ansvarig):
    svar = hamta(client, fabriker.insats(), i_registret(fornamn="Kanariefågel"))

    assert "Du har inget uppdrag på den insatsen." in text(svar)
    assert "Kanariefågel" not in text(svar)
    assert not Handelse.objects.filter(typ="person_hamtad").exists()


def test_databasen_nekar_registret_utan_uppdrag(client, insats, ansvarig):
    annan, index = fabriker.insats(), kryptering.personindex(i_registret().nummer)
    for sats in ("SELECT * FROM registerpost(%s, %s)", "SELECT logga_uppslag(%s, %s, 'hittad')"):
        satt_sammanhang(ansvarig)
        with pytest.raises(Exception, match="Uppdrag saknas"), transaction.atomic(), connection.cursor() as markor:
            markor.execute(sats, [annan.pk, index])
    for tabell in (Registerpost, Uppslag):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            list(tabell.objects.all())


STAVNINGAR = {
    "tolv siffror": "{n}",
    "tio siffror": "{k}",
    "bindestreck": "{n:.8}-{s}",
    "långt streck": "{k:.6}–{s}",
    "minustecken": "{k:.6}\u2212{s}",
    "blanksteg": "  {k:.6} - {s} ",
    "hårt blanksteg": "{n:.8}\xa0{s}",
}


@pytest.mark.parametrize("slag", STAVNINGAR)
def test_numret_hur_det_an_skrivs(client, insats, ansvarig, slag):
    nummer = i_registret(fornamn="Vera")
    skrivet = STAVNINGAR[slag].format(n=nummer.nummer, k=nummer.nummer[2:], s=nummer.nummer[8:])

    assert "<dd>Vera</dd>" in text(hamta(client, insats, skrivet))


def test_samordningsnummer_och_den_som_ar_over_hundra(client, insats, ansvarig):
    samordning = i_registret(fabriker.tolka(fabriker.personnummer("19800175"), idag=IDAG), fornamn="Samir")
    gammal = i_registret(fabriker.tolka(fabriker.personnummer("19150115"), idag=IDAG), fornamn="Gamla")

    assert "<dd>Samir</dd>" in text(hamta(client, insats, samordning))
    assert "<dd>Gamla</dd>" in text(hamta(client, insats, f"{gammal.nummer[2:8]}+{gammal.nummer[8:]}"))
    for daligt in ("nr 19800115-9802", "1980-01-15-9802", "800115 9802 Kim", "19800132-9802"):
        svar = hamta(client, insats, daligt)
        assert "Kontrollera personnumret" in text(svar)


def lik(svar):
    """Sidan utan det som alltid skiljer: skyddstoken, formulärets token, förseglingen och numret."""
    utan = re.sub(r'(csrfmiddlewaretoken|token|hamtat)" value="[^"]*"', r'\1"', svar.content.decode())
    return re.sub(r"\d{8}-\d{4}", "NUMMER", re.sub(r'"X-CSRFToken": "[^"]*"', "", utan))


def test_det_syns_inte_om_personen_deltar_i_en_annan_insats(client, insats, ansvarig):
    annan, numren = fabriker.insats(), [fabriker.nytt_nummer(), fabriker.nytt_nummer()]
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=numren[0])
    hamta(client, insats, fabriker.nytt_nummer())
    utfall = []
    for nummer in numren:
        with raknat() as antal:
            svar = hamta(client, insats, nummer)
        utfall.append((svar.status_code, lik(svar), antal.fragor))

    assert utfall[0] == utfall[1]


FIENTLIGT = ["\x00", "9" * 40, "å" * 5000, "' OR 1=1 --", "1:AAAA"]
FALTEN = ("insats", "personnummer", "samtycke", "registrering", "hamtat", "mattillfalle", "kommun", "stadsdel")


@pytest.mark.parametrize(("knapp", "slag"), [("hamta", "in"), ("spara", "in"), ("hamta", "ut"), ("oppna", "in")])
def test_fientligt_innehall_ger_aldrig_serverfel(client, insats, ansvarig, knapp, slag, settings):
    settings.SUS_TAKT = dict.fromkeys(settings.SUS_TAKT, (1_000_000, 60))
    grund = sparad(insats, i_registret(), registrering=slag)
    del grund["spara"]
    for falt in FALTEN:
        for varde in FIENTLIGT:
            assert client.post(SIDAN, {**grund, falt: varde, knapp: "1"}).status_code in {200, 302}


# R19: skyddade personuppgifter


def allt_i_databasen():
    """Varje rad i varje tabell, som text."""
    with som_agare(), connection.cursor() as markor:
        innehall = {}
        for tabell in connection.introspection.table_names(markor):
            markor.execute(f'SELECT t::text FROM "{tabell}" t')
            innehall[tabell] = sorted(rad for (rad,) in markor.fetchall())
    return innehall


@pytest.mark.parametrize("knapp", ["hamta", "spara"])
def test_den_som_har_skydd_visas_inte_och_lamnar_inget_spar(client, insats, ansvarig, knapp):
    nummer = i_registret(fornamn="Kanariefågel", efternamn="Zzyzxsson", kommun_id="0180", skyddad=True)
    client.get(SIDAN)
    fore = allt_i_databasen()
    skrivet = sparad(insats, nummer, fornamn="Kanariefågel", efternamn="Zzyzxsson", kommun="0180")
    if knapp == "hamta":
        skrivet = {**skrivet, "hamta": "1"}
        del skrivet["spara"]

    svar = client.post(SIDAN, skrivet)

    assert "Personen ska registreras som anonym deltagare." in text(svar)
    assert f'href="/deltagare/anonyma/?insats={insats.pk}"' in text(svar)
    for hemligt in ("Kanariefågel", "Zzyzxsson", nummer.utskrivet, nummer.nummer, nummer.nummer[2:]):
        assert hemligt not in svar.content.decode() + str(svar.headers) + str(dict(client.session))
    assert forseglat(svar) == ""
    efter = allt_i_databasen()
    nya = {tabell: set(efter[tabell]) - set(fore[tabell]) for tabell in efter}
    assert {tabell for tabell in nya if nya[tabell]} == {"behorighet_handelse", "behorighet_takt"}
    rad = Handelse.objects.get(typ="person_hamtad")
    assert (rad.person_id, rad.insats_id, rad.detaljer) == (None, insats.pk, {"utfall": "skyddad"})
    assert [takt.nyckel for takt in Takt.objects.all()] == [f"hamta:konto:{ansvarig.pk}"]


def test_den_som_har_skydd_registreras_inte_med_en_tidigare_forsegling_for_en_annan(client, insats, ansvarig):
    hemlig, vanlig = i_registret(skyddad=True), i_registret()
    dold = forseglat(hamta(client, insats, vanlig))

    svar = client.post(SIDAN, sparad(insats, hemlig, hamtat=dold, fornamn="Vera", efternamn="X", kommun="1283"))

    assert "Personen ska registreras som anonym deltagare." in text(svar)
    assert deltaganden(ansvarig) == []


def far_skydd(nummer):
    with som_agare():
        Registerpost.objects.filter(personindex=kryptering.personindex(nummer.nummer)).update(skyddad=True)


def test_den_som_far_skydd_mellan_hamta_och_spara_registreras_inte(client, insats, ansvarig):
    nummer = i_registret(fornamn="Kanariefågel")
    dold = forseglat(hamta(client, insats, nummer))
    far_skydd(nummer)

    svar = client.post(SIDAN, sparad(insats, nummer, hamtat=dold))

    assert "Personen ska registreras som anonym deltagare." in text(svar)
    for hemligt in ("Kanariefågel", nummer.utskrivet):
        assert hemligt not in svar.content.decode()
    assert deltaganden(ansvarig) == []
    utfall = Handelse.objects.filter(typ="person_hamtad").order_by("pk").values_list("detaljer__utfall", "person_id")
    assert list(utfall) == [("hittad", None), ("skyddad", None)]
    with som_agare():
        assert not Uppslag.objects.exists()


def test_forseglingens_timme_fornyas_inte_av_att_sidan_visas_igen(client, insats, ansvarig, monkeypatch):
    nummer = i_registret(fornamn="Vera")
    dold, nu = forseglat(hamta(client, insats, nummer)), forsegling.time.time()
    monkeypatch.setattr(forsegling.time, "time", lambda: nu + 3000)

    igen = forseglat(client.post(SIDAN, {**sparad(insats, nummer, hamtat=dold), "uppdatera": "1"}))
    med_fel = forseglat(client.post(SIDAN, sparad(insats, nummer, hamtat=dold, inregistrering="")))

    assert igen == med_fel == dold


class Folkbokforingstjanst:
    """Svarar det som `svar` är just nu."""

    def __init__(self, svar):
        self.svar, self.fragor = svar, 0

    def hamta(self, nummer, insats_id):
        self.fragor += 1
        if isinstance(self.svar, Exception):
            raise self.svar
        return self.svar


VERA = Svar(Utfall.HITTAD, "Vera", "Folkbok", "1283")


@pytest.fixture
def tjansten(settings, monkeypatch):
    settings.SUS_FOLKBOKFORING = "tjanst"
    en = Folkbokforingstjanst(VERA)
    monkeypatch.setattr("deltagare.tjanster.uppslag.folkbokforing", lambda: en)
    return en


@pytest.mark.parametrize(
    ("svar", "besked"),
    [
        (VERA, ""),
        (VERA._replace(efternamn="Ny"), "Uppgifterna är hämtade på nytt."),
        (Svar(Utfall.SKYDDAD), "Personen ska registreras som anonym deltagare."),
        (Otillganglig("Försök igen om en stund."), "Försök igen om en stund."),
    ],
)
def test_en_tjanst_fragas_igen_om_svaret_ar_aldre_an_fem_minuter(
    client, insats, ansvarig, tjansten, monkeypatch, svar, besked
):
    nummer = fabriker.nytt_nummer()
    dold, nu = forseglat(hamta(client, insats, nummer)), forsegling.time.time()
    tjansten.svar = svar
    monkeypatch.setattr(forsegling.time, "time", lambda: nu + 301)

    sida = client.post(SIDAN, sparad(insats, nummer, hamtat=dold))

    assert tjansten.fragor == 2
    assert (sida.status_code, len(deltaganden(ansvarig))) == ((200, 0) if besked else (302, 1))
    if besked:
        assert besked in text(sida)
    if isinstance(svar, Exception):
        assert forseglat(sida) == dold


def test_ett_farskt_svar_ur_tjansten_sparas_utan_en_fraga_till(client, insats, ansvarig, tjansten):
    nummer = fabriker.nytt_nummer()

    assert (
        client.post(SIDAN, sparad(insats, nummer, hamtat=forseglat(hamta(client, insats, nummer)))).status_code == 302
    )
    assert tjansten.fragor == 1


def test_den_som_har_fatt_skydd_blir_av_med_sina_uppslag_och_sin_identitet_nar_hamta_svarar(client, insats, ansvarig):
    uppslagen, registrerad, annans = i_registret(), i_registret(), i_registret()
    annan = fabriker.insats()
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=annans)
    satt_sammanhang(ansvarig)
    fabriker.inregistrera(insats, ansvarig, nummer=registrerad)
    hamta(client, insats, uppslagen)
    for nummer in (uppslagen, registrerad, annans):
        far_skydd(nummer)
        assert "Personen ska registreras som anonym deltagare." in text(hamta(client, insats, nummer))

    with som_agare():
        assert not Uppslag.objects.exists()
        kvar = {bytes(en.personindex) for en in Identitet.objects.all()}
    assert kvar == {kryptering.personindex(annans.nummer)}  # utom räckhåll: nattens kontroll
    assert [ett.avidentifierat for ett in deltaganden(ansvarig)] == [True]


def test_databasens_fraga_till_registret_loggar_sig_sjalv(client, insats, ansvarig):
    index = kryptering.personindex(i_registret().nummer)
    satt_sammanhang(ansvarig)
    with connection.cursor() as markor:
        markor.execute("SELECT skyddad FROM registerpost(%s, %s)", [insats.pk, index])
        assert markor.fetchall() == [(False,)]

    assert Handelse.objects.get(typ="person_hamtad").detaljer == {"utfall": "hittad"}


# Spara


def test_spara_efter_hamta_sparar_det_hamtade(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist", kommun_id="0180", stadsdel="Bromma")
    dold = forseglat(hamta(client, insats, nummer))

    svar = client.post(SIDAN, sparad(insats, nummer, hamtat=dold, kommun="1283"), follow=True)

    assert "Deltagaren är inregistrerad" in text(svar)
    (ett,) = deltaganden(ansvarig)
    assert ett.person.identitet.namn() == "Vera Provkvist"
    assert (ett.folkbokforing.kommun_id, ett.folkbokforing.stadsdel.namn) == ("0180", "Bromma")
    assert Handelse.objects.filter(typ="person_hamtad").count() == 1


def test_stadsdelen_for_hand_sparas_och_ska_ligga_i_kommunen(client, insats, ansvarig):
    nummer = i_registret(kommun_id="0180")
    dold = forseglat(hamta(client, insats, nummer))
    bromma, centrum = (Stadsdel.objects.filter(kommun_id=kod, giltig_till=None).first() for kod in ("0180", "1480"))

    fel = client.post(SIDAN, sparad(insats, nummer, hamtat=dold, stadsdel=centrum.pk))
    ratt = client.post(SIDAN, sparad(insats, nummer, hamtat=dold, stadsdel=bromma.pk))

    assert (fel.status_code, ratt.status_code) == (200, 302)
    (ett,) = deltaganden(ansvarig)
    assert ett.folkbokforing.stadsdel_id == bromma.pk


KONTROLLERA_NAMNET = "kontrollera att det är rätt person och välj Spara igen"


@pytest.mark.parametrize("namn", [{}, {"fornamn": "Vera"}, {"efternamn": "Provkvist"}])
def test_spara_utan_hamta_och_utan_hela_namnet_visar_forst_vem_numret_tillhor(client, insats, ansvarig, namn):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist")

    svar = client.post(SIDAN, sparad(insats, nummer, arbetar_fore="ja", arbete_fore="50", **namn))

    assert svar.status_code == 200
    assert KONTROLLERA_NAMNET in text(svar)
    assert "<dd>Vera</dd>" in text(svar)
    assert not svar.context["form"].errors
    assert 'name="arbete_fore" value="50"' in text(svar)
    assert deltaganden(ansvarig) == []
    assert client.post(SIDAN, sparad(insats, nummer, hamtat=forseglat(svar))).status_code == 302
    assert [ett.person.identitet.namn() for ett in deltaganden(ansvarig)] == ["Vera Provkvist"]
    assert Takt.objects.get(nyckel__startswith="hamta:").antal == 1


def test_namnet_behover_inte_kontrolleras_av_den_som_har_valt_hamta_eller_skriver_for_hand(client, insats, ansvarig):
    hamtad, skriven = i_registret(), fabriker.nytt_nummer()
    svar = hamta(client, insats, hamtad)

    assert KONTROLLERA_NAMNET not in text(svar)
    assert client.post(SIDAN, sparad(insats, hamtad, hamtat=forseglat(svar))).status_code == 302
    okand = client.post(SIDAN, sparad(insats, skriven))
    assert set(okand.context["form"].errors) == {"fornamn", "efternamn", "kommun"}
    assert KONTROLLERA_NAMNET not in text(okand)


@pytest.mark.parametrize("fornamn", ["Vera", " vera "])
def test_spara_utan_hamta_hamtar_sjalv(client, insats, ansvarig, fornamn):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist")

    assert (
        client.post(SIDAN, sparad(insats, nummer, kommun="0180", fornamn=fornamn, efternamn="PROVKVIST")).status_code
        == 302
    )

    (ett,) = deltaganden(ansvarig)
    assert (ett.person.identitet.namn(), ett.folkbokforing.kommun_id) == ("Vera Provkvist", "1283")
    assert Handelse.objects.filter(typ="person_hamtad").count() == 1


def test_spara_med_ett_annat_namn_an_det_hamtade_visar_vad_som_hamtades(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist")

    svar = client.post(SIDAN, sparad(insats, nummer, fornamn="Kim", efternamn="Annan", kommun="1283"))

    assert "Numret hör till någon med ett annat namn" in text(svar)
    assert "<dd>Vera</dd>" in text(svar)
    assert deltaganden(ansvarig) == []
    assert client.post(SIDAN, sparad(insats, nummer, hamtat=forseglat(svar))).status_code == 302


def test_den_som_inte_finns_skrivs_for_hand_i_ett_enda_steg(client, insats, ansvarig):
    nummer = fabriker.nytt_nummer()

    svar = client.post(SIDAN, sparad(insats, nummer, fornamn="Kim", efternamn="Ny", kommun="1283"))

    assert svar.status_code == 302
    (ett,) = deltaganden(ansvarig)
    assert (ett.person.identitet.namn(), ett.folkbokforing.kommun_id) == ("Kim Ny", "1283")


def test_den_som_inte_finns_efter_hamta_hamtas_inte_en_gang_till(client, insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    svar = hamta(client, insats, nummer, fornamn="Kim")
    assert "Personen finns inte i folkbokföringen." in text(svar)
    assert 'value="Kim"' in text(svar)

    skrivet = sparad(insats, nummer, fornamn="Kim", efternamn="Ny", kommun="1283", hamtat=forseglat(svar))

    assert client.post(SIDAN, skrivet).status_code == 302
    assert Takt.objects.get(nyckel__startswith="hamta:").antal == 1


def test_fel_i_resten_av_formularet_tappar_inte_det_hamtade(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera")

    svar = client.post(SIDAN, sparad(insats, nummer, inregistrering="", arbetar_fore="ja", arbete_fore="50"))

    assert set(svar.context["form"].errors) == {"inregistrering"}
    assert "<dd>Vera</dd>" in text(svar)
    assert 'name="arbete_fore" value="50"' in text(svar)
    assert client.post(SIDAN, sparad(insats, nummer, hamtat=forseglat(svar))).status_code == 302
    assert Takt.objects.get(nyckel__startswith="hamta:").antal == 1


def annan_forsegling(vad, insats, nummer, ansvarig):
    """En försegling av ett påhittat namn, som gäller något annat än formuläret."""
    for_ = {"nummer": nummer, "insats_id": insats.pk, "anvandare_id": ansvarig.pk}
    annat = {
        "annan användare": {"anvandare_id": ansvarig.pk + 1},
        "annan insats": {"insats_id": insats.pk + 1},
        "annat nummer": {"nummer": fabriker.nytt_nummer()},
        "för gammal": {},
    }[vad]
    return forsegling.forsegla(Svar(Utfall.HITTAD, "Falsk", "Falsksson", "0180"), **{**for_, **annat})


@pytest.mark.parametrize("vad", ["annan användare", "annan insats", "annat nummer", "för gammal", "skräp"])
def test_en_forsegling_for_nagot_annat_duger_inte(client, insats, ansvarig, vad, monkeypatch):
    nummer = i_registret(fornamn="Vera")
    if vad == "för gammal":
        nu = forsegling.time.time()
        monkeypatch.setattr(forsegling.time, "time", lambda: nu - 3700)
    dold = "1:AAAA" if vad == "skräp" else annan_forsegling(vad, insats, nummer, ansvarig)
    monkeypatch.undo()

    svar = client.post(SIDAN, sparad(insats, nummer, hamtat=dold))

    assert "Uppgifterna är hämtade på nytt. Kontrollera dem och spara igen." in text(svar)
    assert "Falsk" not in text(svar)
    assert "<dd>Vera</dd>" in text(svar)
    assert deltaganden(ansvarig) == []


def test_otillganglig_folkbokforing_tappar_inget(client, insats, ansvarig, monkeypatch):
    class Trasig:
        def hamta(self, nummer, insats_id):
            raise Otillganglig("Folkbokföringen svarar inte just nu. Försök igen om en stund.")

    monkeypatch.setattr("deltagare.tjanster.uppslag.folkbokforing", Trasig)
    nummer = fabriker.nytt_nummer()

    svar = client.post(SIDAN, sparad(insats, nummer, fornamn="Kim", efternamn="Ny", kommun="1283"))

    assert "Försök igen om en stund." in text(svar)
    assert 'value="Kim"' in text(svar)
    assert nummer.utskrivet in text(svar)
    assert deltaganden(ansvarig) == []
    rad = Handelse.objects.get(typ="person_hamtad")
    assert (rad.person_id, rad.detaljer) == (None, {"utfall": "otillganglig"})
    with som_agare():
        assert not Uppslag.objects.exists()


def test_dubbelklick_ger_en_registrering(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera", efternamn="Provkvist")
    data = sparad(insats, nummer, fornamn="Vera", efternamn="Provkvist")

    assert client.post(SIDAN, data).url == client.post(SIDAN, data).url
    assert len(deltaganden(ansvarig)) == 1


def test_utan_folkbokforing_finns_ingen_hamta_och_allt_skrivs_for_hand(client, insats, ansvarig, settings):
    settings.SUS_FOLKBOKFORING = ""
    nummer = i_registret(fornamn="Vera")

    assert "Hämta" not in text(client.get(SIDAN)).replace("Hämta ger", "")
    assert "<dd>Vera</dd>" not in text(hamta(client, insats, nummer))
    svar = client.post(SIDAN, sparad(insats, nummer, fornamn="Kim", efternamn="Ny", kommun="1283"))

    assert svar.status_code == 302
    assert not Handelse.objects.filter(typ="person_hamtad").exists()
    assert not Takt.objects.exists()


def test_uppdatera_val_utan_skript_behaller_det_hamtade(client, insats, ansvarig):
    nummer = i_registret(fornamn="Vera")
    dold = forseglat(hamta(client, insats, nummer))

    svar = client.post(SIDAN, {**sparad(insats, nummer, hamtat=dold), "uppdatera": "1"})

    assert "<dd>Vera</dd>" in text(svar)
    assert deltaganden(ansvarig) == []


# Gränsen


def test_sextio_i_timmen_av_hamta_och_spara_utan_hamta(client, insats, ansvarig):
    nummer = i_registret()
    dold = forseglat(hamta(client, insats, nummer))
    Takt.objects.update(antal=59)

    assert client.post(SIDAN, sparad(insats, nummer, inregistrering="")).status_code == 200
    assert [hamta(client, insats, nummer).status_code, client.post(SIDAN, sparad(insats, nummer)).status_code] == [
        429,
        429,
    ]
    assert "Vänta, och försök igen klockan" in text(hamta(client, insats, nummer))
    assert client.get(SIDAN).status_code == 200
    assert client.post(SIDAN, {**sparad(insats, nummer), "uppdatera": "1"}).status_code == 200
    assert client.post(SIDAN, sparad(insats, nummer, hamtat=dold)).status_code == 302


def test_oppna_utan_en_vald_dag_raknas_som_den_sokning_den_ar(client, insats, ansvarig, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "personsokning": (2, 60)}
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    data = {"insats": insats.pk, "registrering": "ut", "personnummer": nummer.utskrivet, "oppna": "1"}

    assert [client.post(SIDAN, data).status_code for _ in range(3)] == [200, 200, 429]


def test_sokningen_utan_traff_loggas_utan_person(client, insats, ansvarig):
    utskrivet = fabriker.nytt_nummer().utskrivet

    client.post(SIDAN, {"insats": insats.pk, "registrering": "ut", "personnummer": utskrivet})

    rad = Handelse.objects.get(typ="person_sokt")
    assert (rad.av_id, rad.insats_id, rad.person_id, rad.detaljer) == (
        ansvarig.pk,
        insats.pk,
        None,
        {"utfall": "utan_traff"},
    )
    assert rad.uppdrag_id


def test_beskedet_om_kommunen_namner_den_inte(client, db):
    insats = fabriker.insats(fabriker.organisation(kommuner=["1283"]))
    client.force_login(fabriker.deltagaransvarig(insats))

    vera = {"fornamn": "Vera", "efternamn": "Provkvist"}
    svar = client.post(SIDAN, sparad(insats, i_registret(**vera, kommun_id="0184"), **vera))

    besked = [str(ett) for ett in get_messages(svar.wsgi_request)]
    assert "Folkbokföringskommunen ingår inte i samverkansorganisationens område. Kontrollera kommunen." in besked
    assert "Solna" not in " ".join(besked)


def test_samtidiga_hamta_rymmer_precis_sa_manga(egen_databas, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "hamta": (5, 3600)}
    with transaction.atomic():
        insats = fabriker.insats()
        konto = fabriker.deltagaransvarig(insats)
    nummer = lagg_in()
    start = threading.Barrier(8)

    def en(_):
        klient = Client()
        klient.force_login(konto)
        start.wait()
        try:
            return hamta(klient, insats, nummer).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as trador:
        koder = sorted(trador.map(en, range(8)))

    assert koder == [200] * 5 + [429] * 3


# Mättillfälle


@pytest.fixture
def tva_ganger(insats, ansvarig):
    """En som har deltagit förra året och deltar nu."""
    nummer = i_registret(fornamn="Kim", efternamn="Påhittad")
    forsta = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=IDAG - timedelta(days=500))
    folkbokforing_fore = IDAG - timedelta(days=300)
    fabriker.tjanster.utregistrera(
        deltagande=forsta,
        version=1,
        utregistrering=folkbokforing_fore,
        avslutningsanledning="fullfoljd",
        efter={},
        av=ansvarig,
    )
    andra = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=IDAG - timedelta(days=100))
    forsta.refresh_from_db()
    return nummer, forsta, andra


def val(svar):
    form = svar.context["form"]
    return form.fields["mattillfalle"].choices if "mattillfalle" in form.fields else None


def test_mattillfalle_har_de_tidigare_dagarna_och_lasningen_loggas(client, insats, tva_ganger):
    nummer, forsta, andra = tva_ganger

    inn = hamta(client, insats, nummer)
    ut = client.post(SIDAN, {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut", "hamta": "1"})

    assert val(inn) == [
        ("", "Nyinregistrering"),
        (str(andra.pk), andra.inregistrering.isoformat()),
        (str(forsta.pk), forsta.inregistrering.isoformat()),
    ]
    assert val(ut) == [("", "Nyutregistrering"), (str(forsta.pk), forsta.utregistrering.isoformat())]
    lasta = Handelse.objects.filter(typ="person_visad").values_list("detaljer__deltagande", flat=True)
    assert sorted(lasta) == sorted([forsta.pk, andra.pk] * 2)


def test_den_som_inte_har_varit_med_har_inget_mattillfalle(client, insats, ansvarig):
    annan = fabriker.insats()
    nummer = i_registret()
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=nummer)

    assert val(hamta(client, insats, nummer)) is None


def test_utan_pagaende_registrering_gar_bara_de_tidigare_att_oppna(client, insats, ansvarig):
    nummer = fabriker.nytt_nummer()
    ett = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    fabriker.tjanster.utregistrera(
        deltagande=ett,
        version=1,
        utregistrering=IDAG,
        avslutningsanledning="fullfoljd",
        efter={},
        av=ansvarig,
    )

    svar = client.post(
        SIDAN, {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut", "hamta": "1"}
    )

    assert val(svar) == [("", "Välj en tidigare dag"), (str(ett.pk), IDAG.isoformat())]
    assert "Välj en tidigare dag i Mättillfälle" in text(svar)


@pytest.mark.parametrize("slag", ["in", "ut"])
def test_oppna_leder_till_rattelsen_och_bara_inom_rackvidden(client, insats, ansvarig, tva_ganger, slag):
    nummer, forsta, _ = tva_ganger
    annan = fabriker.insats()
    frammande = fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan))
    data = {**sparad(insats, nummer), "registrering": slag, "oppna": "1"}
    del data["spara"]

    svar = client.post(SIDAN, {**data, "mattillfalle": forsta.pk})

    assert svar.url == f"{reverse('deltagare:ratta', args=[forsta.pk])}?tillfalle={slag}"
    for daligt in (frammande.pk, "", "x", "9" * 40, "-1"):
        assert client.post(SIDAN, {**data, "mattillfalle": daligt}).status_code == 200


def test_spara_med_en_tidigare_dag_vald_sparar_inget_och_sager_vad_som_galler(client, insats, ansvarig, tva_ganger):
    nummer, forsta, _ = tva_ganger
    dold = forseglat(hamta(client, insats, nummer))

    svar = client.post(SIDAN, sparad(insats, nummer, hamtat=dold, mattillfalle=forsta.pk))

    assert "Välj Öppna för att gå till den registreringen" in text(svar)
    assert len(deltaganden(ansvarig)) == 2


# Antal frågor


def test_hamta_och_spara_med_fa_fragor(client, insats, ansvarig):
    """Med allt: stadsdel, svar, en kompletterande fråga, och låset som den första registreringen sätter."""
    fragan = fabriker.fraga(insats.samverkansorganisation, tillfalle="in")
    nummer = i_registret(kommun_id="1480", stadsdel="Centrum")
    hamta(client, insats, nummer)  # sessionens första anrop skriver den, och fönstret städar
    with raknat() as visa:
        sida = hamta(client, insats, nummer)
    namn = next(namn for namn in sida.context["form"].fields if namn.startswith("fraga_"))
    svar = {"forsorjning_fore": ["sjukpenning"], "arbetar_fore": "ja", "arbete_fore": "25", namn: "Ett svar"}
    visade = {"visade_fragor": sida.context["form"].initial["visade_fragor"]}
    with raknat() as spara:
        assert client.post(SIDAN, sparad(insats, nummer, hamtat=forseglat(sida), **svar, **visade)).status_code == 302

    assert fragan
    assert (visa.fragor <= VISA, spara.fragor <= SPARA) == (True, True), (visa.fragor, spara.fragor)


def test_spara_utan_hamta_med_fa_fragor(client, insats, ansvarig):
    """Också här med en kompletterande fråga, och låset som den första registreringen sätter."""
    fragan = fabriker.fraga(insats.samverkansorganisation, tillfalle="in")
    hamta(client, insats, fabriker.nytt_nummer())
    vera = {"fornamn": "Vera", "efternamn": "Provkvist"}
    nummer = i_registret(**vera, kommun_id="1480", stadsdel="Centrum")
    svar = {"forsorjning_fore": ["sjukpenning"], f"fraga_{fragan.pk}_in": "Ett svar", "visade_fragor": fragan.upplaga}
    with raknat() as forst:
        assert client.post(SIDAN, sparad(insats, nummer, **svar)).status_code == 200
    with raknat() as antal:
        assert client.post(SIDAN, sparad(insats, nummer, **vera, **svar)).status_code == 302

    assert (forst.fragor <= SPARA, antal.fragor <= SPARA) == (True, True), (forst.fragor, antal.fragor)

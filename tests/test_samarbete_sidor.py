"""Sidorna som registrerar i Af/FK-samarbetet: medverkan, övergång, uppgifter, kontor, ångra, samtycke (R26–R31)."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from behorighet.krock import TEXT
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Anonym, Identitet, Overgang, Overgangsregel, Samarbete, Samarbetsuppgift
from deltagare.overgangar import AVSLUTANDE, MATRISEN, Insatstyp, Myndighet, Orsak
from deltagare.personnummer import tolka
from deltagare.tjanster.person import skydda_fran_samarbete
from deltagare.tjanster.samarbetskontor import byt_kontor
from insatser.kategorier import Samverkansform
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post
from tests.test_person_skydd import nummer
from tests.test_samarbete import DAG, FK, borja, framme_i, ga, kontor

pytestmark = pytest.mark.django_db

VISA, SPARA = 12, 20
TYST = ("SAVEPOINT", "RELEASE", 'UPDATE "django_session"')  # transaktionerna, och sessionen som förlängs en gång
I = Insatstyp  # noqa: E741


@pytest.fixture
def af():
    return kontor(Samverkansform.AF, namn="Arbetsförmedlingen Vänersnäs")


@pytest.fixture
def fk():
    return kontor(Samverkansform.FK, namn="FK Vänersnäs")


@pytest.fixture
def av(fk):
    return fabriker.deltagaransvarig(fk)


@pytest.fixture
def hos_fk(av):
    return inloggad(av)


@pytest.fixture
def hos_af(af):
    return inloggad(fabriker.deltagaransvarig(af))


def inloggad(konto):
    klient = Client()
    klient.force_login(konto)
    return klient


def text(svar):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", svar.content.decode()))


def adress(sida, samarbete, *mer):
    return reverse(f"samarbete:{sida}", args=[samarbete.pk, *mer])


def medverkan(af, fk, **falt):
    return {
        "insats": fk.pk,
        "andra_kontoret": af.pk,
        "samtycke": "2025-03-01",
        "personnummer": fabriker.nytt_nummer().utskrivet,
        "fornamn": "Kim",
        "efternamn": "Påhittad",
        "kommun": "1283",
        "datum": "2025-03-01",
        "initierad_av": "fk",
        "token": str(uuid4()),
        "spara": "1",
        **falt,
    }


def steg(samarbete, till, **falt):
    orsak = {"orsak": "eget_initiativ"} if till == I.AVBRUTET else {}
    return {
        "version": samarbete.version,
        "till": till,
        "datum": DAG.isoformat(),
        "token": str(uuid4()),
        **orsak,
        **falt,
    }


# Registrera medverkan


def test_medverkan_borjar_samarbetet_och_leder_till_uppgifterna(af, fk, av, hos_fk):
    svar = hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk, samtycke_arkiverat="2025-03-02"))

    satt_sammanhang(av)
    ett = Samarbete.objects.get()
    assert svar.headers["Location"] == adress("uppgifter", ett, "fore")
    assert (ett.af_kontor, ett.fk_kontor, ett.initierad_av) == (af, fk, "fk")
    assert (ett.insatstyp, ett.samtycke, ett.samtycke_arkiverat) == (I.BEGARAN, date(2025, 3, 1), date(2025, 3, 2))
    assert Overgang.objects.get().registrerad_av == "fk"
    assert "Situationen direkt före" in text(hos_fk.get(svar.headers["Location"]))


def test_af_bekraftar_att_de_registrerar_begaran(af, fk, hos_af, hos_fk):
    """R26: Försäkringskassan registrerar normalt begäran. Det är matrisens ruta som säger det."""
    varden = medverkan(af, fk, insats=af.pk, andra_kontoret=fk.pk)
    ruta = "Jag registrerar en begäran som Försäkringskassan normalt registrerar"
    assert ruta in text(hos_af.get(reverse("samarbete:registrera")))
    assert ruta not in text(hos_fk.get(reverse("samarbete:registrera")))

    utan = hos_af.post(reverse("samarbete:registrera"), varden)
    assert "Försäkringskassan registrerar normalt begäran. Kryssa i" in text(utan)
    with som_agare():
        assert not Samarbete.objects.exists()
    svar = hos_af.post(reverse("samarbete:registrera"), {**varden, "bekraftad": "on"})

    assert svar.status_code == 302
    with som_agare():
        assert (Samarbete.objects.get().af_kontor, Overgang.objects.get().registrerad_av) == (af, "af")


def test_det_egna_kontoret_ar_valt_och_den_andra_myndighetens_listas(af, fk, hos_fk):
    annat = kontor(Samverkansform.AF, namn="Arbetsförmedlingen Bortom")
    stangt = kontor(Samverkansform.AF, namn="Arbetsförmedlingen Stängt", slutdatum=date(2020, 1, 1))
    kommande = kontor(
        Samverkansform.AF, namn="Arbetsförmedlingen Kommande", startdatum=date.today() + timedelta(days=9)
    )
    frammande = kontor(Samverkansform.FK, namn="FK Någon annanstans")

    sidan = hos_fk.get(reverse("samarbete:registrera")).content.decode()

    assert f'value="{fk.pk}" selected' in sidan
    assert af.namn in sidan
    assert annat.namn in sidan
    assert stangt.namn not in sidan
    assert kommande.namn not in sidan
    assert frammande.namn not in sidan


def test_ett_kontor_utan_uppdrag_gar_inte_att_valja(af, fk, hos_fk):
    frammande = kontor(Samverkansform.FK)

    svar = hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk, insats=frammande.pk))

    assert "Du har inget uppdrag på det kontoret." in text(svar)
    with som_agare():
        assert not Samarbete.objects.exists()


def test_den_som_saknar_kontor_far_veta_vem_den_fragar_och_ser_ingen_meny():
    klient = inloggad(fabriker.deltagaransvarig(fabriker.insats()))

    svar = klient.get(reverse("samarbete:registrera"))

    assert "Du saknar uppdrag som deltagaransvarig." in text(svar)
    assert "Registrera medverkan" not in text(klient.get("/")).replace("Registrera medverkan – SUS", "")


def test_menyn_har_samarbetet_for_den_med_kontor(hos_fk):
    assert reverse("samarbete:registrera") in hos_fk.get("/").content.decode()


def test_utan_samtycke_eller_med_nyare_samtycke_an_begaran_sparas_inget(af, fk, hos_fk):
    for samtycke, vantat in (("", "Ange när samtycket lämnades."), ("2025-03-02", "senast den dag samarbetet börjar")):
        svar = hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk, samtycke=samtycke))
        assert vantat in text(svar)
    with som_agare():
        assert not Samarbete.objects.exists()


def test_en_person_med_pagaende_samarbete_far_inget_till(af, fk, av, hos_fk):
    nummer = fabriker.nytt_nummer()
    borja(af, fk, av, nummer=nummer)

    svar = hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk, personnummer=nummer.utskrivet))

    assert "har redan ett pågående samarbete, hos Arbetsförmedlingen Vänersnäs och FK Vänersnäs" in text(svar)
    rader = Handelse.objects.filter(av_id=av.pk, typ="person_visad")
    assert [(h.insats_id, h.person_id) for h in rader] == [(fk.pk, Samarbete.objects.get().person_id)]


def test_ett_bytt_nummer_finner_samarbetet_i_historiken_och_vid_ett_nytt(af, fk, av, hos_fk):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    ett = borja(af, fk, av, nummer=gammalt)
    tjanster.byt_nummer(deltagande=ett, nytt=nytt, av=av)

    historiken = hos_fk.post(reverse("deltagare:person"), {"personnummer": gammalt.utskrivet})
    igen = hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk, personnummer=gammalt.utskrivet))

    assert "Numret är bytt." in text(historiken)
    assert adress("samarbete", ett) in historiken.content.decode()
    assert "har redan ett pågående samarbete, hos Arbetsförmedlingen Vänersnäs och FK Vänersnäs" in text(igen)
    rader = Handelse.objects.filter(av_id=av.pk, typ="person_visad", person_id=ett.person_id)
    assert [rad.insats_id for rad in rader] == [fk.pk, fk.pk]


def test_svaret_om_ett_samarbete_hos_andra_loggas_och_sager_inte_hos_vilka(af, fk, av):
    nummer = fabriker.nytt_nummer()
    ett = borja(af, fk, av, nummer=nummer)
    egna = kontor(Samverkansform.AF), kontor(Samverkansform.FK)
    annan = fabriker.deltagaransvarig(egna[1])

    svar = inloggad(annan).post(
        reverse("samarbete:registrera"), medverkan(*egna, personnummer=nummer.utskrivet, samtycke="2025-02-01")
    )

    assert "kanske hos andra kontor" in text(svar)
    assert "FK Vänersnäs" not in text(svar)
    (rad,) = Handelse.objects.filter(av_id=annan.pk, person_id=ett.person_id)
    assert (rad.typ, rad.insats_id) == ("person_sokt", egna[1].pk)
    assert not Handelse.objects.filter(typ="samarbete_borjat", av_id=annan.pk).exists()


@pytest.mark.parametrize(
    ("datum", "felet"),
    [({"startdatum": date(2025, 3, 2)}, "från 2025-03-02"), ({"slutdatum": date(2025, 2, 28)}, "till 2025-02-28")],
)
def test_medverkan_hos_ett_kontor_som_inte_finns_den_dagen_nekas(af, datum, felet):
    eget = kontor(Samverkansform.FK, namn="FK Tillfälliga", **datum)
    klient = inloggad(fabriker.deltagaransvarig(eget))

    svar = klient.post(reverse("samarbete:registrera"), medverkan(af, eget))

    assert svar.status_code == 200
    assert felet in text(svar)
    assert Samarbete.objects.count() == 0


def test_hamta_ger_namn_och_kommun_och_de_sparas(af, fk, av, hos_fk, settings):
    settings.SUS_FOLKBOKFORING = "register"
    nummer = fabriker.nytt_nummer()
    with som_agare():
        post(nummer, fornamn="Hämtad", efternamn="Hämtadsson").save()
    grund = medverkan(af, fk, personnummer=nummer.utskrivet, fornamn="", efternamn="", kommun="")
    del grund["spara"]

    svar = hos_fk.post(reverse("samarbete:registrera"), {**grund, "hamta": "1"})

    assert "Hämtadsson" in text(svar)
    forseglat = re.search(r'name="hamtat" value="([^"]+)"', svar.content.decode())[1]
    svar = hos_fk.post(reverse("samarbete:registrera"), {**grund, "hamtat": forseglat, "spara": "1"})
    assert svar.status_code == 302
    satt_sammanhang(av)
    assert Identitet.objects.get().namn() == "Hämtad Hämtadsson"


def test_spara_utan_hamta_och_utan_namn_visar_forst_vem_numret_tillhor(af, fk, hos_fk, settings):
    settings.SUS_FOLKBOKFORING = "register"
    nummer = fabriker.nytt_nummer()
    with som_agare():
        post(nummer, fornamn="Vera", efternamn="Provkvist").save()
    grund = medverkan(af, fk, personnummer=nummer.utskrivet, fornamn="", efternamn="", kommun="")

    svar = hos_fk.post(reverse("samarbete:registrera"), grund)

    assert "Inget är sparat än" in text(svar)
    assert "<dd>Vera</dd>" in svar.content.decode()
    assert Samarbete.objects.count() == 0
    forseglat = re.search(r'name="hamtat" value="([^"]+)"', svar.content.decode())[1]
    assert hos_fk.post(reverse("samarbete:registrera"), {**grund, "hamtat": forseglat}).status_code == 302
    assert Samarbete.objects.count() == 1


def test_den_som_har_skydd_lamnar_inget_spar(af, fk, hos_fk, settings):
    settings.SUS_FOLKBOKFORING = "register"
    nummer = fabriker.nytt_nummer()
    with som_agare():
        post(nummer, skyddad=True).save()

    svar = hos_fk.post(
        reverse("samarbete:registrera"), {**medverkan(af, fk, personnummer=nummer.utskrivet), "hamta": "1"}
    )

    assert "Registrera personen som anonym" in text(svar)
    assert nummer.utskrivet not in svar.content.decode()
    assert f"{reverse('deltagare:anonyma')}?insats={fk.pk}" in svar.content.decode()
    with som_agare():
        assert not Samarbete.objects.exists()


def test_kontoret_tar_emot_anonyma(fk, hos_fk):
    varden = {"insats": fk.pk, "ar": "2025", "antal_kvinnor": "2", "antal_man": "", "token": str(uuid4()), "spara": "1"}
    assert hos_fk.post(reverse("deltagare:anonyma"), varden).status_code == 302
    with som_agare():
        assert Anonym.objects.get().antal == 2


# Övergång


@pytest.mark.parametrize("fran", Insatstyp)
@pytest.mark.parametrize("myndighet", Myndighet)
def test_varje_par_erbjuds_och_gar_om_och_endast_om_det_ar_oppet(af, fk, av, fran, myndighet):
    """Alla insatstyper prövas mot sidan, av den som får: den andra myndighetens steg efter en bekräftelse (R26)."""
    konto = av if myndighet == FK else fabriker.deltagaransvarig(af)
    klient = inloggad(konto)
    regler = {r.till: r.myndighet for r in MATRISEN if r.fran == fran}
    for till in Insatstyp:
        satt_sammanhang(av)
        ett = framme_i(fran, af, fk, av)
        erbjuds = set(re.findall(r'name="till" value="(\w+)"', klient.get(adress("overgang", ett)).content.decode()))
        assert erbjuds == set(regler)

        varden = steg(ett, till)
        svar = klient.post(adress("overgang", ett), varden)
        if till in regler and regler[till] != myndighet:
            assert "registrerar normalt det steget" in text(svar)
            svar = klient.post(adress("overgang", ett), {**varden, "bekraftad": "on"})
        elif till not in regler and fran not in AVSLUTANDE and "registrerar normalt" in text(svar):
            svar = klient.post(adress("overgang", ett), {**varden, "bekraftad": "on"})

        satt_sammanhang(konto)
        nu = Samarbete.objects.get(pk=ett.pk)
        if till in regler:
            assert (svar.status_code, nu.insatstyp) == (302, till)
            assert Overgang.objects.get(samarbete=nu, till=till).registrerad_av == myndighet
        else:
            assert (svar.status_code, nu.insatstyp) == (200, ett.insatstyp)
            assert re.search("inte öppen|avslutat", text(svar))


def test_det_som_stangs_medan_sidan_ar_oppen_far_databasens_svar(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    varden = steg(ett, I.GEMENSAM_KARTLAGGNING)
    with som_agare():
        Overgangsregel.objects.filter(fran=I.BEGARAN, till=I.GEMENSAM_KARTLAGGNING).update(oppen=False)

    svar = hos_fk.post(adress("overgang", ett), varden)

    assert "Övergången är inte öppen. Välj en insatstyp som går att nå därifrån." in text(svar)
    assert 'value="gemensam_kartlaggning"' not in svar.content.decode()


def test_orsak_kravs_vid_avbrutet_och_glomms_annars(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    svar = hos_fk.post(adress("overgang", ett), steg(ett, I.AVBRUTET, orsak=""))
    assert "Välj varför samarbetet avbryts." in text(svar)

    varden = steg(ett, I.GEMENSAM_KARTLAGGNING, orsak="eget_initiativ")
    assert hos_fk.post(adress("overgang", ett), varden).status_code == 302
    satt_sammanhang(av)
    assert not Overgang.objects.exclude(orsak="").exists()


@pytest.mark.parametrize(
    ("datum", "vantat"),
    [
        ((DAG - timedelta(days=1)).isoformat(), "före den förra övergången"),
        ((date.today() + timedelta(days=2)).isoformat(), "framtiden"),
    ],
)
def test_datum_gar_varken_baklanges_eller_i_framtiden(af, fk, av, hos_fk, datum, vantat):
    ett = borja(af, fk, av)
    svar = hos_fk.post(adress("overgang", ett), steg(ett, I.GEMENSAM_KARTLAGGNING, datum=datum))
    assert vantat in text(svar)
    assert 'aria-invalid="true"' in svar.content.decode()


def test_det_sista_motet_som_ocksa_avslutar_ger_bada_uppgifterna_pa_en_gang(af, fk, av, hos_fk):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    svar = hos_fk.post(adress("overgang", ett), steg(ett, I.AVSLUTAT))
    assert svar.headers["Location"] == adress("uppgifter", ett, "efter")

    sidan = hos_fk.get(svar.headers["Location"])
    assert "Situationen direkt före" in text(sidan)
    assert "Situationen efter" in text(sidan)
    varden = {
        "version_fore": "0",
        "version_efter": "0",
        "initierad_av": "af",
        "arbetar_fore": "nej",
        "forsorjning_fore": ["sjukpenning"],
        "inskriven_af_fore": "ja",
        "utbildning": "gymnasium",
        "arbetar_efter": "ja",
        "arbete_efter": "50",
        "arbetstyp_efter": ["ej_subventionerat"],
        "anstalld_efter": "ja",
        "token": str(uuid4()),
    }
    assert hos_fk.post(svar.headers["Location"], varden).headers["Location"] == adress("samarbete", ett)
    satt_sammanhang(av)
    fore, efter = Samarbetsuppgift.objects.order_by("-tillfalle")
    assert (fore.arbete, fore.forsorjning, fore.inskriven_af, fore.utbildning) == (
        0,
        ["sjukpenning"],
        True,
        "gymnasium",
    )
    assert (efter.arbete, efter.arbetstyp, efter.anstalld, efter.eget_foretag) == (
        50,
        ["ej_subventionerat"],
        True,
        None,
    )
    assert Samarbete.objects.get().initierad_av == "af"
    # Sedan frågas de var för sig
    assert "Situationen direkt före" not in text(hos_fk.get(adress("uppgifter", ett, "efter")))


@pytest.mark.parametrize("till", [I.AVBRUTET, I.KONSULTATIVT_STOD, I.PLANERAD_ARBETSFORBEREDANDE])
def test_efter_ovriga_steg_visas_samarbetet(af, fk, av, hos_fk, till):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    svar = hos_fk.post(adress("overgang", ett), steg(ett, till))
    assert svar.headers["Location"] == adress("samarbete", ett)
    assert "Situationen efter" not in text(hos_fk.get(svar.headers["Location"]))


def test_nasta_steg_star_pa_sidan_de_egna_forst(af, fk, av, hos_fk, hos_af):
    ett = framme_i(I.PLANERAD_ARBETSFORBEREDANDE, af, fk, av)

    for klient in (hos_fk, hos_af):
        sidan = klient.get(adress("samarbete", ett)).content.decode()
        assert f"{adress('overgang', ett)}?till=arbetsforberedande" in sidan
    assert "Registreras normalt av Arbetsförmedlingen" in text(hos_fk.get(adress("samarbete", ett)))
    assert "Registreras normalt" not in text(hos_af.get(adress("samarbete", ett)))


# Uppgifter


def test_situationen_efter_kan_inte_registreras_fore_avslutet(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    assert "när samarbetet är avslutat" in text(hos_fk.get(adress("uppgifter", ett, "efter")))
    svar = hos_fk.post(adress("uppgifter", ett, "efter"), {"version_efter": "0", "token": str(uuid4())})
    assert "när samarbetet är avslutat" in text(svar)
    assert hos_fk.get(f"/af-fk/{ett.pk}/uppgifter/under/").status_code == 404


def test_uppgifterna_rattas_senare_och_den_som_hann_fore_syns(af, fk, av, hos_fk, hos_af):
    ett = borja(af, fk, av)
    plats = adress("uppgifter", ett, "fore")
    varden = {"version_fore": "0", "initierad_av": "fk", "anstalld_fore": "ja", "token": str(uuid4())}
    assert hos_fk.post(plats, varden).status_code == 302

    svar = hos_af.post(plats, {**varden, "anstalld_fore": "nej", "token": str(uuid4())})

    assert TEXT in text(svar)
    assert "Det här skiljer." in text(svar)
    assert "Anställd Ja Nej" in text(svar)
    assert 'name="version_fore" value="1"' in svar.content.decode()
    varden |= {"version_fore": "1", "anstalld_fore": "nej", "token": str(uuid4())}
    assert hos_af.post(plats, varden).status_code == 302
    satt_sammanhang(av)
    assert (Samarbetsuppgift.objects.get().anstalld, Samarbetsuppgift.objects.get().version) == (False, 2)
    assert Handelse.objects.filter(typ="samarbetsuppgifter_sparade").count() == 2


def test_ingen_forsorjning_utesluter_annan(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    varden = {"version_fore": "0", "initierad_av": "fk", "forsorjning_fore": ["ingen", "sjukpenning"]}
    assert "kan inte väljas tillsammans" in text(hos_fk.post(adress("uppgifter", ett, "fore"), varden))


# Byt kontor, ångra, samtycke, skydd


def test_byt_kontor_och_den_forra_ser_men_registrerar_inte(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    nytt = kontor(Samverkansform.FK, namn="FK Nya")
    dag = (DAG + timedelta(days=10)).isoformat()
    varden = {"version": ett.version, "af_kontor": af.pk, "fk_kontor": nytt.pk, "datum": dag, "token": str(uuid4())}

    assert hos_fk.post(adress("byt_kontor", ett), varden).status_code == 302

    sidan = hos_fk.get(adress("samarbete", ett))
    assert "FK Nya" in text(sidan)
    assert "hos andra kontor nu" in text(sidan)
    assert "Registrera övergång" not in text(sidan)
    for sida in ("overgang", "byt_kontor", "angra_bytet", "ratta", "angra", "aterta", "skydda", "byt_nummer"):
        assert hos_fk.get(adress(sida, ett)).status_code == 403
    assert hos_fk.get(adress("registerutdrag", ett)).status_code == 200
    assert inloggad(fabriker.deltagaransvarig(nytt)).get(adress("overgang", ett)).status_code == 200


def test_fel_kontor_rattas_bara_av_den_som_sager_det(af, fk, hos_fk, av):
    ett, ratt = borja(af, fk, av), kontor(Samverkansform.AF, namn="Arbetsförmedlingen Rätt")
    varden = {"version": ett.version, "af_kontor": ratt.pk, "fk_kontor": fk.pk, "token": str(uuid4())}

    assert "Ange från och med vilken dag." in text(hos_fk.post(adress("byt_kontor", ett), varden))
    svar = hos_fk.post(adress("byt_kontor", ett), {**varden, "datum": DAG.isoformat()})
    assert f"Kontoren gäller sedan {DAG}. Ange en senare dag." in text(svar)
    svar = hos_fk.post(adress("byt_kontor", ett), {**varden, "rattas": "on"}, follow=True)

    assert "Kontoren är rättade." in text(svar)
    bada = {**varden, "datum": (DAG + timedelta(days=5)).isoformat(), "rattas": "on", "token": str(uuid4())}
    assert "Ange antingen en dag eller att kontoren rättas, inte båda." in text(
        hos_fk.post(adress("byt_kontor", ett), bada)
    )
    satt_sammanhang(av)
    assert [rad.af_kontor for rad in Samarbete.objects.get(pk=ett.pk).kontor.all()] == [ratt]


def test_om_den_som_har_atertagit_samtycket_skrivs_inget_nytt(af, fk, av, hos_fk):
    ett = ga(borja(af, fk, av), I.AVBRUTET, fk, av, orsak=Orsak.SAMTYCKE_ATERTAS)

    assert "Registrera uppgifter" not in text(hos_fk.get(adress("samarbete", ett)))
    varden = {"version_fore": 0, "initierad_av": "fk", "token": str(uuid4())}
    svar = hos_fk.post(adress("uppgifter", ett, "fore"), varden)

    assert "identiteten borttagen. Uppgifterna ändras inte längre." in text(svar)
    satt_sammanhang(av)
    assert not Samarbetsuppgift.objects.exists()


def test_den_som_far_skydd_medan_samarbetet_pagar_far_uppgifter_efter(af, fk, av, hos_fk):
    """R19: statistiken står kvar och fortsätter, utan identitet."""
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    skydda_fran_samarbete(samarbete=ett, av=av)
    ett.refresh_from_db()

    svar = hos_fk.post(adress("overgang", ett), steg(ett, I.AVSLUTAT))

    assert svar.headers["Location"] == adress("uppgifter", ett, "efter")
    varden = {"version_fore": 0, "version_efter": 0, "initierad_av": "fk", "token": str(uuid4())}
    assert hos_fk.post(adress("uppgifter", ett, "efter"), varden).status_code == 302
    satt_sammanhang(av)
    assert {en.tillfalle for en in Samarbetsuppgift.objects.all()} == {"fore", "efter"}


def test_ett_byte_till_samma_kontor_sager_vad_som_ar_fel(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    dag = (DAG + timedelta(days=10)).isoformat()
    varden = {"version": ett.version, "af_kontor": af.pk, "fk_kontor": fk.pk, "datum": dag, "token": str(uuid4())}
    assert "redan hos de kontoren" in text(hos_fk.post(adress("byt_kontor", ett), varden))


def test_den_senaste_overgangen_angras_men_inte_begaran(af, fk, av, hos_fk):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    varden = {"version": ett.version, "token": str(uuid4())}
    assert "Övergången till Gemensam kartläggning" in text(hos_fk.get(adress("angra", ett)))
    assert hos_fk.post(adress("angra", ett), varden).status_code == 302
    satt_sammanhang(av)
    assert Samarbete.objects.get(pk=ett.pk).insatstyp == I.BEGARAN
    assert "Begäran går inte att ångra." in text(hos_fk.get(adress("angra", ett)))
    assert adress("angra", ett) not in hos_fk.get(adress("samarbete", ett)).content.decode()


@pytest.mark.parametrize("slut", [None, I.AVSLUTAT])
def test_aterta_samtycket_tar_bort_identiteten_ur_samarbetet(af, fk, av, hos_fk, slut):
    ett = framme_i(slut or I.BEGARAN, af, fk, av)
    varden = {"version": ett.version, "token": str(uuid4()), **({} if slut else {"dag": DAG.isoformat()})}

    assert hos_fk.post(adress("aterta", ett), varden).headers["Location"] == adress("samarbete", ett)

    satt_sammanhang(av)
    nu = Samarbete.objects.get()
    assert (nu.avidentifierat, nu.insatstyp) == (True, slut or I.AVBRUTET)
    sidan = text(hos_fk.get(adress("samarbete", ett)))
    assert "Påhittad" not in sidan
    assert "Identiteten är borttagen" in sidan
    assert "redan borttagen" in text(hos_fk.get(adress("aterta", ett)))


def test_skydd_tar_bort_identiteten_och_samarbetet_gar_vidare(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    assert hos_fk.post(adress("skydda", ett), {"token": str(uuid4())}).status_code == 302
    satt_sammanhang(av)
    nu = Samarbete.objects.get()
    assert nu.avidentifierat
    assert not Identitet.objects.exists()
    assert hos_fk.post(adress("overgang", ett), steg(nu, I.GEMENSAM_KARTLAGGNING)).status_code == 302


def test_den_som_kommer_tillbaka_far_ett_nytt_samarbete_med_nytt_samtycke(af, fk, av, hos_fk):
    nummer = fabriker.nytt_nummer()
    ett = borja(af, fk, av, nummer=nummer)
    ga(ett, I.AVBRUTET, fk, av, dagar=5)

    svar = hos_fk.post(reverse("samarbete:registrera"), {"efter": ett.pk})

    assert nummer.utskrivet in svar.content.decode()
    assert nummer.utskrivet not in svar.request["PATH_INFO"] + svar.request.get("QUERY_STRING", "")
    assert Handelse.objects.filter(typ="personnummer_visat", person_id=ett.person_id).exists()
    gammalt = medverkan(af, fk, personnummer=nummer.utskrivet, datum="2025-04-01")
    assert "Ett nytt behövs" in text(hos_fk.post(reverse("samarbete:registrera"), gammalt))
    nytt = {**gammalt, "samtycke": "2025-04-01", "token": str(uuid4())}
    assert hos_fk.post(reverse("samarbete:registrera"), nytt).status_code == 302
    satt_sammanhang(av)
    assert Samarbete.objects.filter(person=ett.person_id).count() == 2


# Rätta, ångra bytet, byt nummer och registerutdrag


def test_begaran_rattas_tills_samarbetet_har_gatt_vidare(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    plats, dag = adress("ratta", ett), (DAG + timedelta(days=2)).isoformat()
    assert plats in hos_fk.get(adress("samarbete", ett)).content.decode()
    assert f'value="{DAG}"' in hos_fk.get(plats).content.decode()

    varden = {"version": ett.version, "datum": dag, "samtycke": dag, "token": str(uuid4())}
    for falt, fel in (
        ({"samtycke": ""}, "Ange när samtycket"),
        ({"datum": DAG.isoformat()}, "senast den dag"),
    ):
        assert fel in text(hos_fk.post(plats, {**varden, **falt, "token": str(uuid4())}))
    assert hos_fk.post(plats, varden).headers["Location"] == adress("samarbete", ett)

    satt_sammanhang(av)
    nu = Samarbete.objects.get()
    assert [str(nu.borjan), str(nu.samtycke), str(Overgang.objects.get().datum)] == [dag] * 3
    svar = hos_fk.post(plats, {**varden, "token": str(uuid4())})
    assert TEXT in text(svar)
    ga(nu, I.GEMENSAM_KARTLAGGNING, fk, av, dagar=5)
    assert "har gått vidare från begäran" in text(hos_fk.get(plats))
    assert plats not in hos_fk.get(adress("samarbete", ett)).content.decode()


def test_ett_byte_till_fel_kontor_angras_och_det_kontoret_ser_inget_langre(af, fk, av, hos_af):
    ett = borja(af, fk, av)
    fel = kontor(Samverkansform.FK, namn="FK Fel")
    hos_fel = inloggad(fabriker.deltagaransvarig(fel))
    assert "Det finns inget byte att ångra" in text(hos_af.get(adress("angra_bytet", ett)))
    dag = (DAG + timedelta(days=1)).isoformat()
    varden = {"version": ett.version, "af_kontor": af.pk, "fk_kontor": fel.pk, "datum": dag, "token": str(uuid4())}
    assert hos_af.post(adress("byt_kontor", ett), varden).status_code == 302
    assert hos_fel.get(adress("samarbete", ett)).status_code == 200
    assert adress("angra_bytet", ett) in hos_af.get(adress("samarbete", ett)).content.decode()

    sidan = text(hos_fel.get(adress("angra_bytet", ett)))
    assert f"Bytet {dag} till {af.namn} och FK Fel tas bort" in sidan
    svar = hos_fel.post(adress("angra_bytet", ett), {"version": ett.version + 1, "token": str(uuid4())}, follow=True)

    assert svar.redirect_chain == [(reverse("samarbete:visa"), 302)]
    assert "Bytet av kontor är ångrat." in text(svar)
    assert hos_fel.get(adress("samarbete", ett)).status_code == 404
    with som_agare():
        nu = Samarbete.objects.get()
    assert nu.fk_kontor_id == fk.pk


def test_samordningsnumret_byts_fran_samarbetet_och_ett_nekat_byte_loggas(af, fk, av, hos_fk):
    ett = borja(af, fk, av, nummer=samordning())
    plats = adress("byt_nummer", ett)
    assert plats in hos_fk.get(adress("samarbete", ett)).content.decode()
    andras, nytt = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    annat_fk = kontor(Samverkansform.FK)
    borja(kontor(Samverkansform.AF), annat_fk, fabriker.deltagaransvarig(annat_fk), nummer=andras)
    satt_sammanhang(av)

    svar = hos_fk.post(plats, {"personnummer": andras.utskrivet, "token": str(uuid4())})
    assert "Bytet går inte att göra här" in text(svar)
    nekat = Handelse.objects.get(detaljer__utfall="nekat_byte")
    assert (nekat.insats_id, nekat.person_id, nekat.detaljer["samarbete"]) == (fk.pk, ett.person_id, ett.pk)

    svar = hos_fk.post(plats, {"personnummer": nytt.utskrivet, "token": str(uuid4())})
    assert svar.headers["Location"] == adress("samarbete", ett)
    satt_sammanhang(av)
    assert Identitet.objects.get().klartext("personnummer") == nytt.nummer
    assert "redan ett personnummer" in text(hos_fk.get(plats))
    assert plats not in hos_fk.get(adress("samarbete", ett)).content.decode()


def test_numret_for_den_som_har_skydd_byts_inte(af, fk, av, hos_fk, settings):
    settings.SUS_FOLKBOKFORING = "register"
    ett, nytt = borja(af, fk, av, nummer=samordning()), fabriker.nytt_nummer()
    with som_agare():
        post(nytt, skyddad=True).save()

    svar = hos_fk.post(adress("byt_nummer", ett), {"personnummer": nytt.utskrivet, "token": str(uuid4())})

    assert "välj Skyddade personuppgifter" in text(svar)
    assert Handelse.objects.filter(typ="person_hamtad", insats_id=fk.pk).exists()


def test_registerutdrag_ur_ett_samarbete_loggas(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    plats = adress("registerutdrag", ett)
    assert plats in hos_fk.get(adress("samarbete", ett)).content.decode()
    assert f"Samarbete från {DAG}, {af.namn} och {fk.namn}." in text(hos_fk.get(plats))
    assert not Handelse.objects.filter(typ="registerutdrag").exists()

    svar = hos_fk.post(plats, {"format": "json"})

    assert svar.headers["Content-Disposition"] == 'attachment; filename="registerutdrag.json"'
    assert "Af/FK-samarbete" in svar.content.decode()
    rad = Handelse.objects.get(typ="registerutdrag")
    assert (rad.insats_id, rad.person_id, rad.detaljer["samarbete"]) == (fk.pk, ett.person_id, ett.pk)


# P1, P7, P8, P15


ANDRINGAR = {
    "overgang": "overgang_registrerad",
    "uppgifter": "samarbetsuppgifter_sparade",
    "byt_kontor": "kontor_bytt",
    "angra_bytet": "kontorsbyte_angrat",
    "ratta": "begaran_rattad",
    "angra": "overgang_angrad",
    "aterta": "avidentifierad",
    "skydda": "avidentifierad",
    "byt_nummer": "nummer_bytt",
}


@pytest.mark.parametrize("sida", ["samarbete", "registerutdrag", *(set(ANDRINGAR) - {"uppgifter"})])
def test_utanfor_rackvidden_finns_inget(af, fk, av, sida):
    ett = borja(af, fk, av)
    assert inloggad(fabriker.deltagaransvarig(kontor(Samverkansform.FK))).get(adress(sida, ett)).status_code == 404


def test_personnumret_visas_bara_med_post_och_loggas(af, fk, av, hos_fk):
    nummer = fabriker.nytt_nummer()
    ett = borja(af, fk, av, nummer=nummer)
    assert nummer.utskrivet not in hos_fk.get(adress("samarbete", ett)).content.decode()
    assert nummer.utskrivet in hos_fk.post(adress("personnummer", ett)).content.decode()
    assert Handelse.objects.filter(typ="personnummer_visat", insats_id=fk.pk, person_id=ett.person_id).count() == 1


def test_medverkan_loggas_pa_kontoret(af, fk, av, hos_fk):
    hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk))
    assert {(h.typ, h.insats_id) for h in Handelse.objects.filter(av_id=av.pk, person_id__isnull=False)} == {
        ("person_sokt", fk.pk),
        ("samarbete_borjat", fk.pk),
    }


def redo_for(sida, af, fk, av):
    """Ett samarbete där sidan har något att göra."""
    if sida == "byt_nummer":
        return borja(af, fk, av, nummer=samordning())
    ett = framme_i(I.BEGARAN if sida == "ratta" else I.GEMENSAM_KARTLAGGNING, af, fk, av)
    if sida == "angra_bytet":
        flyttat = {FK: fk, Myndighet.AF: kontor(Samverkansform.AF)}
        byt_kontor(samarbete=ett, version=ett.version, datum=DAG + timedelta(days=2), till=flyttat, kontor=fk, av=av)
        ett.refresh_from_db()
    return ett


def samordning():
    fodd = fabriker.nytt_nummer().nummer[:8]
    return tolka(fabriker.personnummer(f"{fodd[:6]}{int(fodd[6:]) + 60}"), idag=date.today())


@pytest.mark.parametrize("sida", ANDRINGAR)
def test_varje_sida_och_varje_andring_loggas_pa_kontoret(af, fk, av, hos_fk, sida):
    ett = redo_for(sida, af, fk, av)
    plats = adress(sida, ett, *(["fore"] if sida == "uppgifter" else []))
    forut = set(Handelse.objects.values_list("pk", flat=True))
    dag = (DAG + timedelta(days=3)).isoformat()
    nytt = kontor(Samverkansform.AF).pk
    varden = {
        "version": ett.version,
        "till": "avslutat",
        "datum": dag,
        "dag": dag,
        "af_kontor": nytt,
        "fk_kontor": fk.pk,
        "samtycke": DAG.isoformat(),
        "personnummer": fabriker.nytt_nummer().utskrivet,
    }

    assert hos_fk.get(plats).status_code == 200
    lasta = Handelse.objects.exclude(pk__in=forut)
    assert [(h.typ, h.av_id, h.insats_id, h.person_id) for h in lasta] == [
        ("person_visad", av.pk, fk.pk, ett.person_id)
    ]
    assert hos_fk.post(plats, {**varden, "version_fore": "0", "initierad_av": "af"}).status_code == 302
    rad = Handelse.objects.exclude(pk__in=forut).get(typ=ANDRINGAR[sida])
    assert (rad.av_id, rad.insats_id, rad.person_id) == (av.pk, fk.pk, ett.person_id)
    assert rad.uppdrag_id


def test_krock_visar_var_samarbetet_ar_nu(af, fk, av, hos_fk, hos_af):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    varden = steg(ett, I.PLANERAD_ARBETSFORBEREDANDE)
    assert hos_fk.post(adress("overgang", ett), varden).status_code == 302

    svar = hos_af.post(adress("overgang", ett), steg(ett, I.ARBETSLIVSINRIKTADE, bekraftad="on"))

    assert TEXT in text(svar)
    assert f"Planerad arbetsförberedande sedan {DAG}" in text(svar)


def test_dubbelklick_ger_en_overgang(af, fk, av, hos_fk):
    ett = borja(af, fk, av)
    varden = steg(ett, I.AVBRUTET)
    svar = [hos_fk.post(adress("overgang", ett), varden) for _ in range(2)]
    assert {(ett.status_code, ett.headers["Location"]) for ett in svar} == {(302, adress("samarbete", ett))}
    satt_sammanhang(av)
    assert Overgang.objects.count() == 2


def fragorna(gor, status):
    with CaptureQueriesContext(connection) as fangat:
        assert gor().status_code == status
    return [fraga["sql"][:120] for fraga in fangat if not fraga["sql"].startswith(TYST)]


@pytest.mark.parametrize("sida", ["samarbete", "registerutdrag", *ANDRINGAR])
def test_sidorna_visas_med_fa_fragor(af, fk, av, hos_fk, sida):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    with som_agare():
        Samarbetsuppgift.objects.create(samarbete=ett, tillfalle="fore")
    plats = adress(sida, ett, *(["fore"] if sida == "uppgifter" else []))
    fragor = fragorna(lambda: hos_fk.get(plats), 200)
    assert len(fragor) <= VISA, fragor


def test_registrera_visas_och_sparas_med_fa_fragor(af, fk, av, hos_fk):
    fragor = fragorna(lambda: hos_fk.get(reverse("samarbete:registrera")), 200)
    assert len(fragor) <= VISA, fragor
    fragor = fragorna(lambda: hos_fk.post(reverse("samarbete:registrera"), medverkan(af, fk)), 302)
    assert len(fragor) <= SPARA, fragor


def test_overgang_och_uppgifter_sparas_med_fa_fragor(af, fk, av, hos_fk):
    ett = framme_i(I.GEMENSAM_KARTLAGGNING, af, fk, av)
    fragor = fragorna(lambda: hos_fk.post(adress("overgang", ett), steg(ett, I.AVSLUTAT)), 302)
    assert len(fragor) <= SPARA, fragor
    varden = {"version_fore": 0, "version_efter": 0, "initierad_av": "fk", "arbetar_fore": "nej", "token": str(uuid4())}
    fragor = fragorna(lambda: hos_fk.post(adress("uppgifter", ett, "efter"), varden), 302)
    assert len(fragor) <= SPARA, fragor


@pytest.mark.parametrize("sida", ["angra", "aterta", "skydda", "byt_kontor", "angra_bytet", "ratta", "byt_nummer"])
def test_det_som_bekraftas_sparas_med_fa_fragor(af, fk, av, hos_fk, sida):
    ett = redo_for(sida, af, fk, av)
    dag = (DAG + timedelta(days=10)).isoformat()
    nytt = kontor(Samverkansform.AF)
    varden = {"version": ett.version, "dag": dag, "datum": dag, "af_kontor": nytt.pk, "fk_kontor": fk.pk}
    varden |= {"samtycke": DAG.isoformat(), "personnummer": fabriker.nytt_nummer().utskrivet}
    fragor = fragorna(lambda: hos_fk.post(adress(sida, ett), varden), 302)
    assert len(fragor) <= SPARA, fragor

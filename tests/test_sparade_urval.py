"""Sparade urval: spara, öppna, dela, ändra, ta bort och återställa, och vem som når vad."""

import json
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from behorighet.krock import TEXT, Krock
from behorighet.models import Organisation, Organisationstyp
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import satt_sammanhang
from rapporter import fragor
from rapporter.models import SparatUrval
from rapporter.perioder import Periodval, flyttad, ifylld, rorliga
from rapporter.sparat import falt_av, oppna
from rapporter.tjanster import sparade
from rapporter.urval import tolka
from tests import fabriker
from tests.databas import som_agare
from tests.test_rapporter_sida import dokument, felrader, hitta

pytestmark = pytest.mark.django_db
SPARA = "/rapporter/sparade/nytt/"
LISTA = "/rapporter/sparade/"
URVAL = "fran=2025-01&till=2025-12"
IDAG = timezone.localdate()


def konto(arbetsgivare: str = "Försäkringskassan", roll: Roll = Roll.SUS_RAPPORT):
    organisation, _ = Organisation.objects.get_or_create(namn=arbetsgivare, defaults={"typ": Organisationstyp.STAT})
    return fabriker.anvandare(roll, arbetsgivare=organisation)


@pytest.fixture
def rut():
    return konto()


@pytest.fixture
def inloggad(client, rut):
    client.force_login(rut)
    return client


def inskrivet(svar, **andra):
    """Formulärets fält så som de står, med `andra` i stället."""
    form = next(ett for ett in dokument(svar).forms if "token" in ett.fields)
    return {**{namn: varde for namn, varde in form.form_values() if namn != "spara"}, **andra}


def spara(klient, adress=f"{SPARA}?{URVAL}", **falt):
    return klient.post(adress, inskrivet(klient.get(adress), **falt))


def meddelanden(svar):
    return [
        " ".join(ruta.text_content().split())
        for ruta in hitta(hitta(dokument(svar), "div", id="meddelanden")[0], "div", klass_="sus-ruta")
    ]


def urvalet(adress):
    """Fälten i en adress."""
    return parse_qs(urlsplit(adress).query)


# ---- Spara och öppna ----


def test_urvalet_sparas_och_oppnar_rapporten_med_samma_urval(inloggad):
    val = f"{URVAL}&lan=12&kon=kvinna&variabler=antal_deltagare&jamfor=aret_fore&gruppera=lan"
    svar = spara(inloggad, f"{SPARA}?{val}", namn="Skåne,  kvinnor")
    sparat = SparatUrval.objects.get()

    assert sparat.namn == "Skåne, kvinnor"
    assert svar.headers["Location"] == f"{LISTA}{sparat.pk}/?andra"
    till = inloggad.get(f"{LISTA}{sparat.pk}/").headers["Location"]
    assert urvalet(till) == {**parse_qs(val), "visa": ["1"], "sparat": [str(sparat.pk)]}
    sidan = dokument(inloggad.get(till))
    assert "Sparat urval: Skåne, kvinnor" in hitta(sidan, "section", klass_="sus-urval")[0].text_content()
    assert hitta(sidan, "a", klass_="sus-urval__change")[0].get("href").endswith(f"sparat={sparat.pk}")


def test_rapporten_sager_om_urvalet_inte_langre_ar_det_sparade(inloggad, rut):
    fabriker.insats()
    sparat = fabriker.sparat_urval(rut, namn="Riket", period="helar")
    fran, till = rorliga(IDAG)[Periodval.HELAR]
    val = f"fran={fran:%Y-%m}&till={till:%Y-%m}&visa=1&sparat={sparat.pk}"
    for andrat in ("", "&kon=man"):
        ruta = hitta(dokument(inloggad.get(f"/rapporter/insats/?{val}{andrat}")), "div", klass_="rapport-urvalslankar")[
            0
        ]
        lankar = [lank.text_content() for lank in hitta(ruta, "a")]
        assert ("med ändringar som inte är sparade" in ruta.text_content()) == bool(andrat)
        assert lankar == ["Ändra urval", *(["Spara ändringarna"] if andrat else []), "Spara som nytt urval"]
    # Länken sparar det ändrade på samma plats och leder tillbaka till rapporten
    adress = hitta(ruta, "a")[1].get("href")
    assert inloggad.post(adress, inskrivet(inloggad.get(adress))).headers["Location"] == f"{LISTA}{sparat.pk}/"
    sparat.refresh_from_db()
    assert (sparat.falt, sparat.period, sparat.version) == ({"kon": ["man"]}, "helar", 2)


def test_fran_rapporten_kommer_man_tillbaka_till_rapporten(inloggad):
    fabriker.insats()
    lank = hitta(dokument(inloggad.get(f"/rapporter/insats/?{URVAL}&visa=1")), "a", klass_="sus-urval__change")
    [spara_lank] = lank[0].getparent().xpath(".//a[starts-with(@href, '/rapporter/sparade/nytt/')]")
    svar = spara(inloggad, spara_lank.get("href"), namn="Riket")

    assert svar.headers["Location"] == f"{LISTA}{SparatUrval.objects.get().pk}/"


def test_urvalsbilden_skickar_urvalet_till_sidan_dar_det_sparas(inloggad):
    sidan = dokument(inloggad.get("/rapporter/insats/"))

    [knapp] = sidan.xpath("//button[@formaction]")
    assert (knapp.get("formaction"), knapp.text_content()) == (SPARA, "Spara urvalet")


@pytest.mark.parametrize("sida", ["spara", "andra_sparat"])
def test_fel_i_urvalet_visas_pa_urvalsbilden_dar_allt_gar_att_gora(inloggad, rut, sida):
    sparat = fabriker.sparat_urval(rut)
    adress = reverse(f"rapporter:{sida}", args=[sparat.pk] if sida == "andra_sparat" else [])
    svar = inloggad.get(f"{adress}?fran=2025-13&till=2025-12&lan=12&sparat={sparat.pk}", follow=True)
    sidan = dokument(svar)

    assert svar.request["PATH_INFO"] == "/rapporter/insats/"
    assert felrader(svar) == ["Från och med: Ange månaden som åååå-mm."]
    assert [ruta.get("value") for ruta in hitta(sidan, "input", name="lan", checked=True)] == ["12"]
    assert [knapp.text_content() for knapp in sidan.xpath("//button[@formaction]")] == [
        "Spara ändringarna",
        "Spara som nytt urval",
    ]
    assert hitta(sidan, "button", id="period-bakat")[0].get("hx-get") == "/rapporter/insats/"


def test_utan_urval_leder_sidan_till_urvalsbilden(inloggad):
    for svar in (inloggad.get(SPARA, follow=True), inloggad.post(SPARA, {"namn": "x"}, follow=True)):
        assert svar.redirect_chain[-1][0] == "/rapporter/insats/"
        assert "Välj först vad rapporten ska visa" in meddelanden(svar)[0]


@pytest.mark.parametrize(
    "adress", ["", "fran=2025-01&till=2025-12&lan=99", "skräp", "fran=%FF%00", "fran=2025-01&kon=x"]
)
def test_ett_inskickat_urval_som_inte_gar_att_lasa_sparas_inte_som_nagot_annat(inloggad, rut, adress):
    sparat = fabriker.sparat_urval(rut, falt={"lan": ["12"]})
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    for sida, urval in ((SPARA, f"{SPARA}?{URVAL}"), (andra, f"{andra}?{URVAL}&kon=man")):
        data = inskrivet(inloggad.get(urval), namn="Annat", adress=adress)
        svar = inloggad.post(sida, data, follow=True)
        assert svar.redirect_chain[-1][0] == "/rapporter/insats/"
    [kvar] = SparatUrval.objects.values_list("namn", "falt", "version")
    assert kvar == (sparat.namn, sparat.falt, 1)


def test_alla_variabler_ar_alla_ocksa_nar_det_kommer_fler(inloggad):
    spara(inloggad, namn="Alla")

    assert SparatUrval.objects.get().falt == {"fran": ["2025-01"], "till": ["2025-12"]}


@pytest.mark.parametrize("val", Periodval)
def test_perioden_ar_fast_eller_foljer_med(inloggad, val):
    spara(inloggad, namn="Period", period=val.value)
    sparat = SparatUrval.objects.get()
    koder = fragor.koder()

    for dag in (date(2026, 11, 22), date(2027, 1, 1), date(2028, 5, 31)):
        urval = oppna(sparat, koder=koder, idag=dag).urval
        vantat = (date(2025, 1, 1), date(2025, 12, 1)) if val == Periodval.FAST else rorliga(dag)[val]
        assert (urval.fran, urval.till) == vantat
    assert ("fran" in sparat.falt) == (val == Periodval.FAST)


def test_den_som_har_bytt_manader_foreslas_de_manaderna(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, period="helar")
    fran, till = rorliga(IDAG)[Periodval.HELAR]
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    for adress, vantat in (
        (andra, "helar"),
        (f"{andra}?fran={fran:%Y-%m}&till={till:%Y-%m}&lan=12", "helar"),
        (f"{andra}?fran=2020-01&till=2020-12", "fast"),
    ):
        assert inskrivet(inloggad.get(adress))["period"] == vantat


def test_forvalet_ar_samma_manader_varje_gang(inloggad):
    sidan = dokument(inloggad.get(f"{SPARA}?{URVAL}"))

    [vald] = hitta(sidan, "input", name="period", checked=True)
    assert vald.get("value") == "fast"
    assert "Samma månader varje gång: 2025-01 – 2025-12" in sidan.text_content()
    forra = IDAG.year - 1
    assert f"Senaste hela året (nu {forra}-01 – {forra}-12)" in sidan.text_content()


# ---- Namnet ----


def test_samma_namn_en_gang_till_ar_ett_fel_vid_faltet_med_allt_kvar(inloggad):
    spara(inloggad, namn="Riket")
    svar = spara(inloggad, namn="riket", period="helar")

    assert felrader(svar) == ["Namn: Du har redan ett sparat urval med det namnet. Välj ett annat."]
    assert inskrivet(svar)["period"] == "helar"
    assert SparatUrval.objects.count() == 1


def test_tva_i_organisationen_delar_inte_samma_namn_men_far_ha_var_sitt_privata(inloggad, rut):
    kollega = konto()
    fabriker.sparat_urval(kollega, namn="Länet", delat=True)
    fabriker.sparat_urval(kollega, namn="Privat")
    satt_sammanhang(rut)

    assert spara(inloggad, namn="Privat").status_code == 302
    assert felrader(spara(inloggad, namn="Länet", delat="ja")) == [
        "Namn: I din organisation finns redan ett delat urval med det namnet. Välj ett annat."
    ]
    assert spara(inloggad, namn="Länet", delat="nej").status_code == 302


@pytest.mark.parametrize("namn", ["Kim 19800115-9804", "800115 9804", "198001159804", "Kim 800175-9804"])
def test_ett_personnummer_ar_inget_namn(inloggad, namn):
    assert felrader(spara(inloggad, namn=namn)) == ["Namn: Namnet får inte innehålla ett personnummer."]


@pytest.mark.parametrize("namn", ["Förbundet 222000-1111", "2025-01 – 2025-12", "Tertial 2 2025"])
def test_organisationsnummer_och_perioder_gar_bra_i_namnet(inloggad, namn):
    assert spara(inloggad, namn=namn).status_code == 302


# ---- Vem som når vad ----


@pytest.mark.parametrize("delat", [False, True])
def test_bara_den_egna_och_organisationen_nar_urvalet(client, rut, delat):
    sparat = fabriker.sparat_urval(rut, namn="Hemligt namn", delat=delat)
    for vem, nar in ((rut, True), (konto(), delat), (konto("Arbetsförmedlingen"), False)):
        client.force_login(vem)
        svar = {
            "sparat": client.get(reverse("rapporter:sparat", args=[sparat.pk])).status_code,
            "andra": client.get(reverse("rapporter:andra_sparat", args=[sparat.pk])).status_code,
        }
        assert svar == ({"sparat": 302, "andra": 200} if nar else {"sparat": 404, "andra": 404})
        for sida in (LISTA, "/", "/rapporter/insats/", f"/rapporter/insats/?{URVAL}&visa=1&sparat={sparat.pk}"):
            text = client.get(sida).content.decode()
            visas = nar if "sparat=" in sida or delat or vem == rut else False
            assert ("Hemligt namn" in text) == visas, (vem, sida)
        if not nar:
            for atgard in ("ta_bort_sparat", "aterstall_sparat"):
                assert client.post(reverse(f"rapporter:{atgard}", args=[sparat.pk])).status_code == 404


def test_databasen_visar_bara_de_egna_och_de_delade(rut):
    kollega, frammande = konto(), konto("Arbetsförmedlingen")
    privat, delat = fabriker.sparat_urval(rut), fabriker.sparat_urval(rut, delat=True)
    ser = {}
    for vem in (rut, kollega, frammande, None):
        satt_sammanhang(vem)
        ser[vem] = set(SparatUrval.objects.values_list("pk", flat=True))
    assert ser == {rut: {privat.pk, delat.pk}, kollega: {delat.pk}, frammande: set(), None: set()}


def test_databasen_nekar_att_ta_over_gora_privat_och_spara_at_nagon_annan(rut):
    kollega, frammande = konto(), konto("Arbetsförmedlingen")
    delat = fabriker.sparat_urval(rut, delat=True)
    satt_sammanhang(kollega)
    nekat = [
        lambda: SparatUrval.objects.filter(pk=delat.pk).update(agare=kollega),
        lambda: SparatUrval.objects.filter(pk=delat.pk).update(delad_med=None),
        lambda: SparatUrval.objects.filter(pk=delat.pk).update(delad_med=frammande.arbetsgivare),
        lambda: SparatUrval.objects.create(agare=rut, andrad_av=kollega, namn="x", falt={}),
        lambda: SparatUrval.objects.create(
            agare=kollega, andrad_av=kollega, namn="x", falt={}, delad_med=frammande.arbetsgivare
        ),
        lambda: connection.cursor().execute("TRUNCATE rapporter_sparaturval"),
    ]
    for gor in nekat:
        with pytest.raises(ProgrammingError), transaction.atomic():
            gor()


def test_rapportrollen_laser_inte_sparade_urval(rut):
    fabriker.sparat_urval(rut)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SET LOCAL ROLE sus_rapport")
        markor.execute("SELECT count(*) FROM rapporter_sparaturval")


def test_en_kollega_andrar_och_tar_bort_det_delade_men_gor_det_inte_privat(client, rut):
    sparat = fabriker.sparat_urval(rut, namn="Delat", delat=True)
    kollega = konto()
    client.force_login(kollega)
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])

    svar = client.post(andra, inskrivet(client.get(andra), delat="nej"))
    assert felrader(svar) == [
        "Vem ser urvalet: Bara den som sparade urvalet kan göra det privat. Spara ett eget i stället."
    ]
    assert client.post(andra, inskrivet(client.get(andra), namn="Vårt")).status_code == 302
    text = client.get(LISTA).content.decode()
    assert "Vårt" in text
    assert kollega.get_full_name() in text
    client.post(reverse("rapporter:ta_bort_sparat", args=[sparat.pk]))
    satt_sammanhang(rut)
    borttaget = SparatUrval.objects.synliga_for(rut, Rattighet.VISA_RAPPORT).borttagna().get()
    assert borttaget.borttagen_av == kollega


def test_agaren_gor_det_delade_privat(client, rut):
    sparat = fabriker.sparat_urval(rut, delat=True)
    client.force_login(rut)
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])

    assert client.post(andra, inskrivet(client.get(andra), delat="nej")).status_code == 302
    satt_sammanhang(konto())
    assert not SparatUrval.objects.exists()


def byt_arbetsgivare(vem, till):
    with som_agare():
        type(vem).objects.filter(pk=vem.pk).update(arbetsgivare=till)
    vem.refresh_from_db()


def test_den_som_byter_arbetsgivare_lamnar_det_delade_kvar_och_tar_med_det_privata(client, rut):
    privat = fabriker.sparat_urval(rut, namn="Privat")
    delat = fabriker.sparat_urval(rut, namn="Delat", delat=True)
    kollega, ny = konto(), konto("Arbetsförmedlingen")
    fabriker.sparat_urval(ny, namn="Delat", delat=True)
    byt_arbetsgivare(rut, ny.arbetsgivare)

    client.force_login(rut)
    rubriker = [lank.text_content() for lank in hitta(dokument(client.get(LISTA)), "th", scope="row")]
    assert rubriker == ["Privat", "Delat"]  # den nya organisationens
    for sida in ("sparat", "andra_sparat"):
        assert client.get(reverse(f"rapporter:{sida}", args=[delat.pk])).status_code == 404
    assert client.post(reverse("rapporter:ta_bort_sparat", args=[delat.pk])).status_code == 404
    # Databasen håller samma gränser
    satt_sammanhang(rut)
    assert privat.pk in SparatUrval.objects.values_list("pk", flat=True)
    assert delat.pk not in SparatUrval.objects.values_list("pk", flat=True)
    assert SparatUrval.objects.filter(pk=delat.pk).update(delad_med=None) == 0
    # För kollegorna är det som förut
    satt_sammanhang(kollega)
    assert SparatUrval.objects.get(pk=delat.pk).delad_med == kollega.arbetsgivare


def test_utan_rattigheten_syns_inget(rut):
    sparat = fabriker.sparat_urval(rut)
    utan = fabriker.anvandare()

    assert not SparatUrval.objects.synliga_for(utan, Rattighet.VISA_RAPPORT).exists()
    with pytest.raises(PermissionDenied):
        sparade.ta_bort(sparat=sparat, av=utan)


# ---- Två flikar, och två som ändrar ----


def test_tva_flikar_den_andra_far_veta_vad_som_skiljer(client, rut):
    sparat = fabriker.sparat_urval(rut, namn="Riket", delat=True)
    kollega = konto()
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    client.force_login(kollega)
    hennes = inskrivet(client.get(f"{andra}?{URVAL}&lan=12"), namn="Riket kvinnor")
    client.force_login(rut)
    mitt = inskrivet(client.get(andra), namn="Hela riket", period="helar")
    assert client.post(andra, mitt).status_code == 302

    client.force_login(kollega)
    svar = client.post(andra, hennes)

    text = " ".join(dokument(svar).text_content().split())
    assert TEXT in text
    for del_ in ("Namn Hela riket Riket kvinnor", "Län – Skåne län", "Nivå Riket –"):
        assert del_ in text
    assert SparatUrval.objects.get(pk=sparat.pk).namn == "Hela riket"
    # Sparar hon igen gäller hennes
    assert client.post(andra, inskrivet(svar)).status_code == 302
    satt_sammanhang(rut)
    sparat.refresh_from_db()
    assert (sparat.namn, sparat.falt["lan"], sparat.version) == ("Riket kvinnor", ["12"], 3)


def test_den_som_byter_namn_ror_inte_urvalet_som_nagon_annan_har_andrat(client, rut):
    sparat = fabriker.sparat_urval(rut, namn="Riket", delat=True)
    kollega = konto()
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    client.force_login(kollega)
    hennes = inskrivet(client.get(andra), namn="Hela landet")
    client.force_login(rut)
    assert client.post(andra, inskrivet(client.get(f"{andra}?{URVAL}&kon=kvinna"))).status_code == 302

    client.force_login(kollega)
    svar = client.post(andra, hennes)
    tabell = " ".join(hitta(dokument(svar), "table")[0].text_content().split())
    assert "Namn Riket Hela landet" in tabell
    assert "Kvinnor" not in tabell
    assert client.post(andra, inskrivet(svar)).status_code == 302
    satt_sammanhang(rut)
    sparat.refresh_from_db()
    assert (sparat.namn, sparat.falt["kon"]) == ("Hela landet", ["kvinna"])


def test_innan_man_sparar_syns_vad_som_andras_ocksa_det_en_kollega_har_lagt_till(client, rut):
    sparat = fabriker.sparat_urval(rut, namn="Riket", delat=True)
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    kollega = konto()
    client.force_login(kollega)
    mitt = client.get(f"{LISTA}{sparat.pk}/?andra").headers["Location"].partition("?")[2]
    client.force_login(rut)
    assert client.post(andra, inskrivet(client.get(f"{andra}?{URVAL}&kon=kvinna"))).status_code == 302

    client.force_login(kollega)
    svar = client.get(f"{andra}?{mitt}&lan=12")
    text = " ".join(dokument(svar).text_content().split())
    assert f"{rut.get_full_name()} ändrade det senast" in text
    assert "Det här ändras i urvalet när du sparar." in text
    for del_ in ("Kön Kvinnor Alla", "Län – Skåne län"):
        assert del_ in text
    # Står också kvar efter ett fel, och utan ändrat urval finns ingen tabell
    assert hitta(dokument(client.post(f"{andra}?{mitt}&lan=12", inskrivet(svar, namn=""))), "table")
    assert not hitta(dokument(client.get(andra)), "table")


def test_dubbelklick_sparar_en_gang(inloggad):
    data = inskrivet(inloggad.get(f"{SPARA}?{URVAL}"), namn="En gång")
    svar = [inloggad.post(f"{SPARA}?{URVAL}", data).headers["Location"] for _ in range(2)]

    assert svar[0] == svar[1]
    assert SparatUrval.objects.count() == 1


def test_att_andra_det_borttagna_sager_vad_som_hant(inloggad, rut):
    sparat = fabriker.sparat_urval(rut)
    koder = fragor.koder()
    urval = oppna(sparat, koder=koder, idag=IDAG).urval
    sparade.ta_bort(sparat=sparat, av=rut)

    with pytest.raises(ValidationError, match="redan tagit bort"):
        sparade.andra(sparat=sparat, version=1, namn="x", urval=urval, period="fast", delat=False, koder=koder, av=rut)


def test_den_som_skriver_medan_urvalet_tas_bort_har_det_inskrivna_kvar(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Riket")
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    data = inskrivet(inloggad.get(andra), namn="Hela landet")
    inloggad.post(reverse("rapporter:ta_bort_sparat", args=[sparat.pk]))

    svar = inloggad.post(andra, data)
    assert felrader(svar) == [sparade.BORTA]
    assert inskrivet(svar)["namn"] == "Hela landet"
    # Den som kommer till sidan senare leds dit där det går att återställa
    svar = inloggad.get(andra, follow=True)
    assert svar.redirect_chain[-1][0] == f"{LISTA}?borttaget={sparat.pk}"
    assert "är borttaget. Du kan återställa det här." in meddelanden(svar)[0]


def test_fel_version_ar_en_krock(rut):
    sparat = fabriker.sparat_urval(rut)
    koder = fragor.koder()
    urval = oppna(sparat, koder=koder, idag=IDAG).urval
    with pytest.raises(Krock):
        sparade.andra(sparat=sparat, version=0, namn="x", urval=urval, period="fast", delat=False, koder=koder, av=rut)


# ---- Ta bort och återställ ----


def test_det_borttagna_gar_att_aterstalla(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Ångrat")
    svar = inloggad.post(reverse("rapporter:ta_bort_sparat", args=[sparat.pk]), follow=True)
    sidan = dokument(svar)

    assert hitta(sidan, "button", **{"data-fokus": True})[0].text_content() == "Återställ Ångrat"
    assert not hitta(sidan, "table")
    # Bokmärket leder dit där det går att återställa
    svar = inloggad.get(reverse("rapporter:sparat", args=[sparat.pk]), follow=True)
    assert "är borttaget. Du kan återställa det här." in meddelanden(svar)[0]

    for _ in range(2):
        inloggad.post(reverse("rapporter:aterstall_sparat", args=[sparat.pk]))
    sparat.refresh_from_db()
    assert (sparat.namn, sparat.borttagen_vid, sparat.borttagen_av) == ("Ångrat", None, None)
    assert "Ångrat" in hitta(dokument(inloggad.get(LISTA)), "tbody")[0].text_content()


def test_ett_namn_som_tagits_far_en_siffra_vid_aterstallningen(rut):
    forst = fabriker.sparat_urval(rut, namn="Riket")
    sparade.ta_bort(sparat=forst, av=rut)
    fabriker.sparat_urval(rut, namn="Riket")

    assert sparade.aterstall(sparat=forst, av=rut).namn == "Riket (2)"


def test_ett_namn_som_tas_i_samma_stund_sags_vid_aterstallningen(inloggad, rut, monkeypatch):
    forst = fabriker.sparat_urval(rut, namn="Riket")
    sparade.ta_bort(sparat=forst, av=rut)
    fabriker.sparat_urval(rut, namn="Riket")
    monkeypatch.setattr(sparade, "_ledigt", lambda sparat: sparat.namn)

    svar = inloggad.post(reverse("rapporter:aterstall_sparat", args=[forst.pk]), follow=True)
    assert svar.redirect_chain[-1][0] == f"{LISTA}?borttaget={forst.pk}"
    assert "Försök igen." in meddelanden(svar)[0]
    monkeypatch.undo()
    assert inloggad.post(reverse("rapporter:aterstall_sparat", args=[forst.pk]), follow=True).status_code == 200
    assert set(SparatUrval.objects.kvar().values_list("namn", flat=True)) == {"Riket", "Riket (2)"}


def test_gransen_galler_ocksa_det_aterstallda(inloggad, rut, monkeypatch):
    monkeypatch.setattr(sparade, "HOGST_PER_ANVANDARE", 1)
    forst = fabriker.sparat_urval(rut)
    sparade.ta_bort(sparat=forst, av=rut)
    fabriker.sparat_urval(rut)

    svar = inloggad.post(reverse("rapporter:aterstall_sparat", args=[forst.pk]), follow=True)
    assert "Du har redan 1 sparade urval. Ta bort något av dem först." in meddelanden(svar)[0]
    assert SparatUrval.objects.kvar().count() == 1


def borttaget_sedan(sparat, av, dagar):
    sparade.ta_bort(sparat=sparat, av=av)
    with som_agare():
        SparatUrval.objects.filter(pk=sparat.pk).update(borttagen_vid=timezone.now() - timedelta(days=dagar))


def test_databasen_tar_bara_bort_det_som_inte_langre_gar_att_aterstalla(rut):
    kollega = konto()
    delat, nyss, gammalt = (fabriker.sparat_urval(rut, delat=True) for _ in range(3))
    borttaget_sedan(nyss, rut, 29)
    borttaget_sedan(gammalt, rut, 31)
    for vem in (konto("Arbetsförmedlingen"), kollega):
        satt_sammanhang(vem)
        SparatUrval.objects.all().delete()
    satt_sammanhang(rut)
    assert set(SparatUrval.objects.values_list("pk", flat=True)) == {delat.pk, nyss.pk}


def test_det_delade_som_den_som_slutat_lamnade_borttaget_forsvinner_ocksa(rut):
    sparat = fabriker.sparat_urval(rut, delat=True)
    borttaget_sedan(sparat, rut, 31)
    fabriker.sparat_urval(konto())
    assert not SparatUrval.objects.filter(pk=sparat.pk).exists()


def test_det_som_varit_borttaget_lange_forsvinner(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Gammalt")
    sparade.ta_bort(sparat=sparat, av=rut)
    with som_agare():
        SparatUrval.objects.filter(pk=sparat.pk).update(borttagen_vid=timezone.now() - timedelta(days=31))

    assert inloggad.get(reverse("rapporter:sparat", args=[sparat.pk])).status_code == 404
    assert "Gammalt" not in inloggad.get(LISTA).content.decode()
    fabriker.sparat_urval(rut)
    assert not SparatUrval.objects.filter(pk=sparat.pk).exists()


def test_fler_an_gransen_gar_inte_att_spara(inloggad, rut, monkeypatch):
    monkeypatch.setattr(sparade, "HOGST_PER_ANVANDARE", 1)
    fabriker.sparat_urval(rut)

    assert felrader(spara(inloggad, namn="Ett till")) == ["Du har redan 1 sparade urval. Ta bort något av dem först."]


# ---- Koder som inte längre finns ----


def med_falt(sparat, **falt):
    sparat.falt = {**sparat.falt, **falt}
    sparat.texter = {"222000-9999": "Det gamla förbundet"}
    sparat.save(update_fields=["falt", "texter"])


def test_en_av_flera_koder_som_ar_borta_sags_och_rapporten_visas(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Två", falt={"lan": ["12"]})
    med_falt(sparat, lan=["12", "99"], variabler=["antal_deltagare", "avskaffad"])
    svar = inloggad.get(reverse("rapporter:sparat", args=[sparat.pk]), follow=True)

    till = urvalet(svar.redirect_chain[-1][0])
    assert (till["lan"], till["variabler"], till["visa"]) == (["12"], ["antal_deltagare"], ["1"])
    [besked] = meddelanden(svar)
    assert besked.endswith("finns inte längre och är utelämnat: Län: 99; Variabler: avskaffad.")
    assert "Något i urvalet finns inte längre." in inloggad.get(LISTA).content.decode()


def test_nar_inget_ar_kvar_av_ett_val_visas_urvalsbilden_och_ingen_rapport(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Ett förbund")
    med_falt(sparat, forbund=["222000-9999"])
    svar = inloggad.get(reverse("rapporter:sparat", args=[sparat.pk]), follow=True)

    assert "visa" not in urvalet(svar.redirect_chain[-1][0])
    assert hitta(dokument(svar), "h1")[0].text_content() == "Insatsrapport"
    [besked] = meddelanden(svar)
    assert "Samverkansorganisation: Det gamla förbundet (222000-9999)." in besked
    assert "Inget är kvar av Samverkansorganisation. Välj på nytt" in besked


@pytest.mark.parametrize("period", ["fast", "helar"])
@pytest.mark.parametrize("forbund", [["222000-9999"], ["222000-9999", "finns"]])
def test_den_som_byter_namn_och_delar_behaller_det_som_inte_langre_finns(inloggad, rut, forbund, period):
    """Annars vore urvalet nästa gång hela riket, utan att någon får veta det."""
    org = fabriker.organisation()
    sparat = fabriker.sparat_urval(rut, namn="Förbundet", falt={"lan": ["12"]})
    med_falt(sparat, forbund=[org.organisationsnummer if kod == "finns" else kod for kod in forbund], kon=["okant"])
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    svar = inloggad.get(andra)
    panel = hitta(dokument(svar), "section", id="urvalet")[0].text_content()

    assert "Det gamla förbundet (222000-9999) – finns inte längre" in panel
    assert "Riket" not in panel
    assert "Något i urvalet finns inte längre. Det står kvar" in dokument(svar).text_content()
    svar = inloggad.post(andra, inskrivet(svar, namn="Delat förbund", delat="ja", period=period))
    assert svar.status_code == 302
    efter = SparatUrval.objects.get()
    manader = {"fran", "till"} if period == "helar" else set()
    assert efter.falt == {namn: varde for namn, varde in sparat.falt.items() if namn not in manader}
    assert (efter.texter, efter.ar_delat) == (sparat.texter, True)
    besked = meddelanden(inloggad.get(reverse("rapporter:sparat", args=[sparat.pk]), follow=True))
    assert any("Det gamla förbundet (222000-9999)" in ett for ett in besked)


def test_fran_en_rorlig_period_till_en_fast_ger_de_manader_som_visades(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, period="helar", falt={"lan": ["12"]})
    andra = reverse("rapporter:andra_sparat", args=[sparat.pk])
    inloggad.post(andra, inskrivet(inloggad.get(andra), period="fast"))

    fran, till = rorliga(IDAG)[Periodval.HELAR]
    vantat = {"fran": [f"{fran:%Y-%m}"], "till": [f"{till:%Y-%m}"], "lan": ["12"]}
    assert SparatUrval.objects.get().falt == vantat


def test_den_som_valjer_om_sparar_bara_det_som_finns_och_far_veta_det(inloggad, rut):
    sparat = fabriker.sparat_urval(rut, namn="Förbundet")
    med_falt(sparat, forbund=["222000-9999"])
    andra = f"{reverse('rapporter:andra_sparat', args=[sparat.pk])}?{URVAL}&lan=12"
    svar = inloggad.get(andra)

    text = " ".join(dokument(svar).text_content().split())
    assert "Sparar du är det inte kvar i urvalet." in text
    assert "Samverkansorganisation Det gamla förbundet (222000-9999) – finns inte längre –" in text
    inloggad.post(andra, inskrivet(svar))
    assert SparatUrval.objects.get().falt == {"fran": ["2025-01"], "till": ["2025-12"], "lan": ["12"]}


@pytest.mark.parametrize(
    "falt",
    [
        {"kon": ["okant"]},
        {"jamfor": ["x"], "gruppera": ["y"]},
        {"nytt_falt": ["1"]},
        {"rapporttyp": ["samverkansorganisation"], "gruppera": ["samverkansorganisation"]},
        {"malgrupp": ["x"], "kon": ["z"], "variabler": ["w"]},
    ],
)
def test_vad_som_an_ar_sparat_gar_det_att_oppna(inloggad, rut, falt):
    sparat = fabriker.sparat_urval(rut)
    med_falt(sparat, **falt)

    svar = inloggad.get(reverse("rapporter:sparat", args=[sparat.pk]), follow=True)
    assert svar.status_code == 200
    assert "finns inte längre" in meddelanden(svar)[0]
    assert inloggad.get(LISTA).status_code == 200
    assert inloggad.get(reverse("rapporter:andra_sparat", args=[sparat.pk])).status_code == 200


@given(
    st.fixed_dictionaries(
        {
            "lan": st.lists(st.sampled_from(["01", "12", "14"]), max_size=3),
            "malgrupp": st.lists(st.sampled_from(["unga", "man"]), max_size=2),
            "variabler": st.lists(st.sampled_from(["startdatum", "antal_deltagare"]), max_size=2),
            "kon": st.sampled_from([["kvinna"], ["uppdelat"], []]),
            "jamfor": st.sampled_from([["aret_fore"], ["perioden_fore"], []]),
            "gruppera": st.sampled_from([["lan"], []]),
        }
    )
)
def test_det_sparade_ger_tillbaka_urvalet(val):
    koder = fragor.koder()
    urval = tolka({"fran": ["2025-01"], "till": ["2025-12"], **val}, koder=koder, idag=IDAG)
    falt = json.loads(json.dumps(falt_av(urval, koder, Periodval.FAST)))

    oppnat = oppna(SparatUrval(falt=falt, texter={}, period=Periodval.FAST), koder=koder, idag=IDAG)
    assert (oppnat.urval, oppnat.utelamnat, oppnat.vidgade) == (urval, (), ())


# ---- Listan, startsidan och frågorna ----


def test_startsidan_visar_de_egna_fore_de_delade(client, rut):
    kollega = konto()
    for namn, vems, delat in (("Öland", rut, False), ("Aland", kollega, True), ("Bland", rut, True)):
        fabriker.sparat_urval(vems, namn=namn, delat=delat)
    client.force_login(rut)
    sidan = dokument(client.get("/"))

    lankar = hitta(hitta(sidan, "section", **{"aria-labelledby": "sparade-urval"})[0], "a")
    assert [lank.text_content() for lank in lankar] == ["Bland", "Öland", "Aland", "Alla sparade urval"]


@pytest.mark.parametrize("antal", [1, 4])
def test_listan_har_samma_antal_fragor(inloggad, rut, django_assert_num_queries, antal):
    for _ in range(antal):
        fabriker.sparat_urval(rut, delat=True)
    inloggad.get(LISTA)
    with django_assert_num_queries(9):
        inloggad.get(LISTA)


def test_tom_lista_sager_hur_man_sparar(inloggad):
    assert "Inga sparade urval" in hitta(dokument(inloggad.get(LISTA)), "h2")[0].text_content()


# ---- Perioderna ----


@pytest.mark.parametrize(
    ("period", "fore", "efter"),
    [
        (("2025-01", "2025-12"), ("2024-01", "2024-12"), ("2026-01", "2026-12")),
        (("2025-03", "2025-03"), ("2025-02", "2025-02"), ("2025-04", "2025-04")),
        (("2025-01", "2025-04"), ("2024-09", "2024-12"), ("2025-05", "2025-08")),
        (("2025-07", "2025-12"), ("2025-01", "2025-06"), ("2026-01", "2026-06")),
        (("2025-01", "2025-08"), ("2024-01", "2024-08"), ("2026-01", "2026-08")),
        (("2025-02", "2025-05"), ("2024-02", "2024-05"), ("2026-02", "2026-05")),
        (("2024-01", "2025-12"), ("2022-01", "2023-12"), ("2026-01", "2027-12")),
        (("2024-06", "2025-08"), ("2022-06", "2023-08"), ("2026-06", "2027-08")),
    ],
)
def test_perioden_flyttas_sin_langd_eller_hela_ar(period, fore, efter):
    fran, till = (date.fromisoformat(f"{ett}-01") for ett in period)
    for framat, vantat in ((False, fore), (True, efter)):
        assert tuple(f"{ett:%Y-%m}" for ett in flyttad(fran, till, framat=framat)) == vantat


@pytest.mark.parametrize("val", ["", "x", "2025-01", "_", "2025-01_x", "2025-01_2025-02_2025-03", "2025-12_2025-01",
                                 "bakat", "framat", "\x00"])  # fmt: skip
def test_ett_snabbval_som_inte_gar_att_lasa_andrar_inget(val):
    adress = QueryDict(mutable=True)
    adress.update({"snabbval": val, "fran": "2025-13", "till": ""})

    assert (ifylld(adress)["fran"], ifylld(adress)["till"]) == ("2025-13", "")

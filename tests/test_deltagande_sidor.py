"""Sidan om en registrering, och det som görs därifrån (P7, P8, P10, P15)."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande, Identitet, Kod, Svar
from deltagare.personnummer import tolka
from insatser.models import Insats, Saknas
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post

pytestmark = pytest.mark.django_db
SIDOR = ("deltagande", "ratta", "utregistrera", "angra", "aterta", "skydda", "byt_nummer")
TYST = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


@pytest.fixture
def insats():
    return fabriker.insats(namn="Vägen vidare")


@pytest.fixture
def konto(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


@pytest.fixture
def deltagande(insats, konto):
    return fabriker.inregistrera(
        insats,
        konto,
        fornamn="Kanariefågel",
        efternamn="Zzyzx",
        fore={"forsorjning_fore": ["sjukpenning"], "arbete_fore": 50, "arbetssokande_fore": True},
    )


def adress(sida, ett):
    return reverse(f"deltagare:{sida}", args=[ett.pk])


def text(svar):
    return " ".join(svar.content.decode().split())


def formular(client, plats, **andrat):
    """Formuläret så som sidan visar det, med det ändrade."""
    svar = client.get(plats)
    sida = html.fromstring(svar.content.decode())
    (form,) = [f for f in sida.forms if f.xpath(".//input[@name='token']")]
    data = {}
    for falt in form.inputs:
        if not falt.name or falt.get("type") in {"submit", "button"}:
            continue
        if falt.get("type") in {"checkbox", "radio"} and falt.get("checked") is None:
            continue
        if falt.tag == "select" and falt.value is None:
            continue
        ruta = falt.get("type") in {"checkbox", "radio"}
        data.setdefault(falt.name, []).append((falt.get("value") if ruta else falt.value) or "")
    return {**data, **andrat}


def utregistrera(ett, konto, **falt):
    satt_sammanhang(konto)
    nu = Deltagande.objects.get(pk=ett.pk)
    grund = {"utregistrering": date(2025, 6, 1), "avslutningsanledning": "fullfoljd", "efter": {"studier_efter": 25}}
    return tjanster.utregistrera(**{"deltagande": nu, "version": nu.version, "av": konto, **grund, **falt})


def nu(ett, konto):
    satt_sammanhang(konto)
    return Deltagande.objects.get(pk=ett.pk)


def fragor(gor):
    with CaptureQueriesContext(connection) as fangat:
        svar = gor()
    return svar, [q["sql"] for q in fangat if not q["sql"].startswith(TYST)]


def test_sidan_visar_allt_med_dolt_personnummer_och_loggar_det(client, konto, deltagande):
    nummer = Identitet.objects.get(person=deltagande.person_id).klartext("personnummer")

    svar = client.get(adress("deltagande", deltagande))

    sida = text(svar)
    for ord_ in (
        "Kanariefågel Zzyzx",
        f"{nummer[:8]}-****",
        "Pågående",
        "Sjukpenning",
        "50 %",
        "Saknas",
        "Vägen vidare",
    ):
        assert ord_ in sida, ord_
    assert nummer[8:] not in re.sub(r"csrfmiddlewaretoken.*?>", "", sida)
    assert "Kanariefågel" not in re.search(r"<title>(.*?)</title>", sida)[1]
    assert "no-store" in svar.headers["Cache-Control"]
    assert Handelse.objects.filter(typ="person_visad", person_id=deltagande.person_id).count() == 1
    assert "Byt till personnummer" not in sida


def test_visa_ger_hela_personnumret_med_post_och_loggar_det(client, konto, deltagande):
    nummer = Identitet.objects.get(person=deltagande.person_id).klartext("personnummer")

    assert client.get(adress("personnummer", deltagande)).status_code == 405
    svar = client.post(adress("personnummer", deltagande))

    assert f"{nummer[:8]}-{nummer[8:]}" in text(svar)
    rad = Handelse.objects.get(typ="personnummer_visat")
    assert (rad.person_id, rad.detaljer) == (deltagande.person_id, {"deltagande": deltagande.pk})


@pytest.mark.parametrize("sida", SIDOR)
def test_utanfor_uppdragen_finns_sidan_inte(client, deltagande, sida):
    client.force_login(fabriker.deltagaransvarig(fabriker.insats()))

    assert client.get(adress(sida, deltagande)).status_code == 404
    assert client.post(adress(sida, deltagande)).status_code in ({405} if sida == "deltagande" else {404})
    assert not Handelse.objects.filter(typ="person_visad").exists()


@pytest.mark.parametrize("sida", SIDOR)
def test_hogst_tolv_fragor_att_visa(client, insats, konto, deltagande, sida):
    org = insats.samverkansorganisation
    svar = [(fabriker.fraga(org, "tal"), Decimal(3)), (fabriker.fraga(org), "bra")]
    fabriker.fraga(org, "flera")
    ett = fabriker.inregistrera(insats, konto, nummer=fabriker.nytt_nummer(), svar=svar)
    if sida in {"angra", "deltagande"}:
        utregistrera(ett, konto, svar=svar)
    client.get(adress(sida, ett))

    visad, satser = fragor(lambda: client.get(adress(sida, ett)))

    assert visad.status_code == 200
    assert len(satser) <= 12, "\n".join(satser)


def test_rattad_inregistrering(client, insats, konto, deltagande):
    fraga = fabriker.fraga(insats.samverkansorganisation, "tal")
    plats = adress("ratta", deltagande) + "?tillfalle=in"
    nej = {"arbetar_fore": "nej", "arbete_fore": "", "arbetstyp_fore": []}
    data = formular(client, plats, inregistrering="2025-03-02", arbetssokande_fore="", **nej)
    data[f"fraga_{fraga.pk}_in"] = "7,5"

    svar, satser = fragor(lambda: client.post(plats, data))

    assert (svar.status_code, svar.url) == (302, adress("deltagande", deltagande))
    assert len(satser) <= 20, "\n".join(satser)
    ett = nu(deltagande, konto)
    assert (ett.inregistrering, ett.arbete_fore, ett.arbetssokande_fore) == (date(2025, 3, 2), 0, None)
    assert ett.forsorjning_fore == ["sjukpenning"]
    assert Svar.objects.get().tal == Decimal("7.5")
    assert "Inregistreringen är rättad." in text(client.get(svar.url))
    data = formular(client, plats)
    assert data[f"fraga_{fraga.pk}_in"] == ["7.50"]
    assert "Inget var ändrat." in text(client.post(plats, data, follow=True))


def test_fel_visas_vid_sitt_falt_och_det_inskrivna_star_kvar(client, konto, deltagande):
    plats = adress("ratta", deltagande)

    svar = client.post(plats, formular(client, plats, samtycke="2025-03-05", arbete_fore="70"))

    form = svar.context["form"]
    assert form.errors["samtycke"] == [
        "Samtycket ska vara lämnat senast inregistreringsdagen. Utan samtycke registreras deltagaren som anonym."
    ]
    assert form["arbete_fore"].value() == "70"


def test_krock_visar_vad_som_skiljer_och_spara_igen_ersatter(client, konto, deltagande):
    plats = adress("ratta", deltagande)
    data = formular(client, plats, arbete_fore="70")
    client.post(plats, formular(client, plats, arbete_fore="60", utbildning="gymnasium"))

    svar = client.post(plats, data)

    assert "Någon annan har sparat ändringar" in text(svar)
    assert ("Andel av arbete", "60", "70") in svar.context["skillnader"]
    assert ("Högsta slutförda utbildning", "Gymnasium", "–") in svar.context["skillnader"]
    igen = {namn: svar.context["form"][namn].value() for namn in svar.context["form"].fields}
    igen = {namn: varde for namn, varde in igen.items() if varde is not None}
    assert client.post(plats, igen).status_code == 302
    assert nu(deltagande, konto).arbete_fore == 70


def test_en_avslutad_kod_som_registreringen_har_gar_att_behalla(client, konto, deltagande):
    with som_agare():
        Kod.objects.filter(kod="sjukpenning").update(giltig_till=date(2025, 1, 1))
    plats = adress("ratta", deltagande)

    svar = client.post(plats, formular(client, plats, arbete_fore="10"))

    assert svar.status_code == 302
    assert "Sjukpenning (används inte längre)" in text(client.get(plats))
    assert nu(deltagande, konto).forsorjning_fore == ["sjukpenning"]


def test_utregistrera_ratta_och_angra(client, konto, deltagande):
    plats = adress("utregistrera", deltagande)
    data = formular(client, plats, utregistrering="2025-06-01", avslutningsanledning="flytt", studerar_efter="ja")
    svar, satser = fragor(lambda: client.post(plats, {**data, "studier_efter": "40"}))
    assert svar.status_code == 302
    assert len(satser) <= 20, "\n".join(satser)
    assert "Avslutad" in text(client.get(svar.url))
    assert "Flytt" in text(client.get(svar.url))
    assert "redan utregistrerad" in text(client.get(plats))

    plats = adress("ratta", deltagande) + "?tillfalle=ut"
    data = formular(client, plats, avslutningsanledning="sjukdom")
    svar, satser = fragor(lambda: client.post(plats, data))
    assert svar.status_code == 302
    assert len(satser) <= 20, "\n".join(satser)
    assert (nu(deltagande, konto).avslutningsanledning, nu(deltagande, konto).studier_efter) == ("sjukdom", 40)

    plats = adress("angra", deltagande)
    assert "Det här händer" in text(client.get(plats))
    svar = client.post(plats, formular(client, plats))
    assert svar.status_code == 302
    assert nu(deltagande, konto).utregistrering is None
    assert "Deltagaren är inte utregistrerad." in text(client.get(plats))
    assert "ingen utregistrering att rätta" in text(client.get(adress("ratta", deltagande) + "?tillfalle=ut"))


def test_felregistrering_fragar_inte_efter_dag(client, konto, deltagande):
    plats = adress("utregistrera", deltagande)

    client.post(plats, formular(client, plats, avslutningsanledning="felregistrering", forsorjning_efter=["ingen"]))

    ett = nu(deltagande, konto)
    assert (ett.felregistrerad, ett.utregistrering, ett.forsorjning_efter) == (True, timezone.localdate(), [])
    sida = text(client.get(adress("deltagande", deltagande)))
    assert "Felregistrerad" in sida
    assert "Rätta inregistreringen" not in sida
    assert "Ångra utregistreringen" in sida
    assert "är en felregistrering" in text(client.get(adress("ratta", deltagande)))


def test_aterta_samtycket(client, konto, deltagande):
    plats = adress("aterta", deltagande)
    fel = client.post(plats, formular(client, plats, dag="2025-02-01"))
    assert "före inregistreringen" in str(fel.context["form"].errors["dag"])

    svar = client.post(plats, formular(client, plats, dag="2025-09-01"), follow=True)

    assert "Identiteten är borttagen." in text(svar)
    assert "Utan identitet" in text(svar)
    assert "Kanariefågel" not in text(svar)
    assert nu(deltagande, konto).avslutningsanledning == "atertaget_samtycke"
    for sida in ("angra", "aterta", "skydda", "byt_nummer"):
        igen = client.get(adress(sida, deltagande))
        assert "redan borttagen" in text(igen) or "kan inte ångras" in text(igen)


def test_skydda_och_sedan_utregistrera(client, insats, konto, deltagande):
    fraga = fabriker.fraga(insats.samverkansorganisation)
    plats = adress("skydda", deltagande)

    svar = client.post(plats, formular(client, plats), follow=True)

    assert "Identiteten är borttagen ur alla insatser." in text(svar)
    plats = adress("utregistrera", deltagande)
    assert f"fraga_{fraga.pk}_ut" not in text(client.get(plats))
    data = formular(client, plats, utregistrering="2025-06-01", avslutningsanledning="annan")
    assert client.post(plats, data).status_code == 302
    plats = adress("ratta", deltagande)
    data = formular(client, plats, arbete_fore="20")
    assert "kommun" not in data
    assert client.post(plats, data).status_code == 302
    assert nu(deltagande, konto).arbete_fore == 20


def test_utan_identitet_loggas_ingen_person(client, insats, konto, deltagande):
    """R25: sidan och historiken knyter inte personen till insatsen igen."""
    utregistrera(deltagande, konto, avslutningsanledning="atertaget_samtycke", efter={})
    fore = Handelse.objects.filter(person_id=deltagande.person_id).count()

    client.get(adress("deltagande", deltagande))
    client.post(adress("personnummer", deltagande))
    client.get(adress("historik", deltagande))

    assert Handelse.objects.filter(person_id=deltagande.person_id).count() == fore
    rader = Handelse.objects.filter(person_id=None, detaljer__deltagande=deltagande.pk).values_list("typ", flat=True)
    assert set(rader) >= {"person_visad", "personnummer_visat", "historik_visad"}


def test_fragorna_for_en_ny_dag_har_ingen_fritext_utan_identitet(client, insats, konto, deltagande):
    fritext = fabriker.fraga(insats.samverkansorganisation)
    tal = fabriker.fraga(insats.samverkansorganisation, "tal")
    plats = adress("deltagandets_fragor", deltagande)
    assert plats in client.get(adress("ratta", deltagande)).content.decode()
    data = {"insats": insats.pk, "registrering": "in", "inregistrering": deltagande.inregistrering.isoformat()}
    assert f"fraga_{fritext.pk}_in" in text(client.post(plats, data))

    satt_sammanhang(konto)
    tjanster.skydda_person(person_id=deltagande.person_id, av=konto)

    svar = text(client.post(plats, data))
    assert f"fraga_{tal.pk}_in" in svar
    assert f"fraga_{fritext.pk}_in" not in svar
    client.force_login(fabriker.deltagaransvarig(fabriker.insats()))
    assert client.post(plats, data).status_code == 404


def test_rattelsen_varnar_som_registreringen(client, insats, konto, deltagande):
    """R24, utan kommunens namn: beskedet sparas till nästa sida (P7)."""
    plats = adress("ratta", deltagande)
    data = formular(client, plats, kommun="0114", stadsdel="")
    omradet = "Folkbokföringskommunen ingår inte i samverkansorganisationens område. Kontrollera kommunen."
    assert omradet in text(client.post(plats, data, follow=True))
    lange_sedan = timezone.localdate() - timedelta(days=3 * 366)
    data = formular(client, plats, inregistrering=lange_sedan.isoformat(), samtycke=lange_sedan.isoformat())
    assert "inregistrerad i över tre år" in text(client.post(plats, data, follow=True))


def test_byt_till_personnummer(client, insats, konto):
    samordning = tolka(fabriker.personnummer("19800161", nr=0), idag=timezone.localdate())
    ett = fabriker.inregistrera(insats, konto, nummer=samordning)
    plats = adress("byt_nummer", ett)
    assert "Byt till personnummer" in text(client.get(adress("deltagande", ett)))
    fel = client.post(plats, formular(client, plats, personnummer="19800101-0000"))
    assert "Kontrollera personnumret" in str(fel.context["form"].errors["personnummer"])
    fel = client.post(plats, formular(client, plats, personnummer=samordning.utskrivet))
    assert "också ett samordningsnummer" in str(fel.context["form"].errors["personnummer"])
    nytt = tolka(fabriker.personnummer("19800101", nr=1), idag=timezone.localdate())

    data = formular(client, plats, personnummer=nytt.utskrivet)

    svar, satser = fragor(lambda: client.post(plats, data))

    assert (svar.status_code, svar.url) == (302, adress("deltagande", ett))
    assert len(satser) <= 20, "\n".join(satser)
    assert "Byt till personnummer" not in text(client.get(svar.url)).replace("Numret är bytt till personnummer", "")
    assert "Personen har redan ett personnummer." in text(client.get(plats))


def test_nummerbytet_varnar_som_registreringen(client, insats, konto):
    """R24: könet följer det nya numret."""
    with som_agare():
        Insats.objects.filter(pk=insats.pk).update(malgrupper=["kvinnor"])
    samordning = tolka(fabriker.personnummer("19800161", nr=0), idag=timezone.localdate())
    ett = fabriker.inregistrera(insats, konto, nummer=samordning)
    nytt = tolka(fabriker.personnummer("19800101", man=True), idag=timezone.localdate())
    plats = adress("byt_nummer", ett)

    svar = client.post(plats, formular(client, plats, personnummer=nytt.utskrivet), follow=True)

    assert "Insatsen är till enbart för ett annat kön än deltagarens." in text(svar)


def test_personnumret_for_den_som_har_skydd_nekas_och_fragan_loggas(client, settings, insats, konto):
    settings.SUS_FOLKBOKFORING = "register"
    ett = fabriker.inregistrera(
        insats, konto, nummer=tolka(fabriker.personnummer("19800161", nr=0), idag=timezone.localdate())
    )
    nytt = tolka(fabriker.personnummer("19800101", nr=1), idag=timezone.localdate())
    with som_agare():
        post(nytt, skyddad=True).save()
    plats = adress("byt_nummer", ett)

    svar = client.post(plats, formular(client, plats, personnummer=nytt.utskrivet))

    assert "välj Skyddade personuppgifter" in str(svar.context["form"].errors["personnummer"])
    rad = Handelse.objects.get(typ="person_hamtad")
    assert (rad.person_id, rad.detaljer) == (None, {"utfall": "skyddad"})
    assert "Byt till personnummer" in text(client.get(adress("deltagande", ett)))


def test_utan_skript_visar_uppdatera_val_fragorna_for_den_nya_dagen(client, insats, konto, deltagande):
    org = insats.samverkansorganisation
    senare = fabriker.fraga(org, "tal", fran=date(2025, 4, 1))
    plats = adress("ratta", deltagande)
    data = formular(client, plats, inregistrering="2025-04-01", arbete_fore="33", uppdatera="1")

    svar = client.post(plats, data)

    assert f"fraga_{senare.pk}_in" in text(svar)
    assert svar.context["form"]["arbete_fore"].value() == "33"
    assert nu(deltagande, konto).version == 1


def test_uppdatera_val_kryssar_inte_i_det_som_ar_avkryssat(client, insats, konto):
    org = insats.samverkansorganisation
    tal, flera = fabriker.fraga(org, "tal"), fabriker.fraga(org, "flera")
    senare = fabriker.fraga(org, "tal", fran=date(2025, 4, 1))
    ett = fabriker.inregistrera(
        insats,
        konto,
        svar=[(tal, Saknas.UPPGIFT), (flera, [flera.alternativ.first().pk])],
        fore={"forsorjning_fore": ["sjukpenning"], "arbete_fore": 50, "arbetstyp_fore": ["subventionerat"]},
    )
    namn = {f"fraga_{tal.pk}_in_saknas", f"fraga_{flera.pk}_in", "forsorjning_fore", "arbetstyp_fore"}
    kryssad = {f"fraga_{tal.pk}_in_saknas": "on"}
    data = formular(client, adress("ratta", ett), uppdatera="1", inregistrering="2025-04-01") | kryssad
    assert namn <= set(data)

    def visad(data):
        return client.post(adress("ratta", ett), data).context["form"]

    form = visad({n: v for n, v in data.items() if n not in namn})

    assert {n: form[n].value() for n in namn} == {
        f"fraga_{tal.pk}_in_saknas": False,
        f"fraga_{flera.pk}_in": [],
        "forsorjning_fore": [],
        "arbetstyp_fore": [],
    }
    assert f"fraga_{senare.pk}_in" in form.fields
    # Det som är ikryssat står kvar, och en fråga som sidan inte visade har sitt sparade svar.
    assert visad(data)[f"fraga_{tal.pk}_in_saknas"].value()
    utan_tal = {n: v for n, v in data.items() if n != f"fraga_{tal.pk}_in_saknas"}
    assert visad(utan_tal | {"visade_fragor": [""]})[f"fraga_{tal.pk}_in_saknas"].value()


def test_ett_val_bland_flera_gar_att_ta_bort(client, insats, konto):
    fraga = fabriker.fraga(insats.samverkansorganisation, "en")
    ett = fabriker.inregistrera(insats, konto, svar=[(fraga, [fraga.alternativ.first().pk])])
    plats, namn = adress("ratta", ett), f"fraga_{fraga.pk}_in"
    data = formular(client, plats)
    fragorna = client.post(adress("deltagandets_fragor", ett), data, headers={"HX-Request": "true"})

    svar = client.post(plats, data | {namn: ""})

    assert "Inte besvarad" in text(client.get(plats))
    assert "Inte besvarad" in text(fragorna)
    assert svar.status_code == 302
    satt_sammanhang(konto)
    assert not Svar.objects.exists()
    assert "Inte besvarad" not in text(client.get(reverse("deltagare:registrera")))


def test_svar_pa_fraga_som_inte_langre_stalls_visas_som_text(client, insats, konto):
    fraga = fabriker.fraga(insats.samverkansorganisation, "en", fran=date(2025, 1, 1), till=date(2025, 3, 31))
    val = fraga.alternativ.first()
    ett = fabriker.inregistrera(insats, konto, svar=[(fraga, [val.pk])])
    tjanster.ratta_inregistrering(
        deltagande=ett, version=1, inregistrering=date(2025, 4, 1), samtycke=date(2025, 4, 1), samtycke_arkiverat=None,
        kommun=None, stadsdel=None, fore={}, av=konto,
    )  # fmt: skip

    sida = text(client.get(adress("ratta", ett)))

    assert "Frågor som inte längre ställs" in sida
    assert fraga.text in sida
    assert f"fraga_{fraga.pk}_in" not in sida
    assert val.text in text(client.get(adress("deltagande", ett)))

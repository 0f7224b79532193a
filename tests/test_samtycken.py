"""Samtycken: registret per insats, och att flera markeras som arkiverade på en gång (R18, P8, P15)."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande
from tests import fabriker
from tests.test_visa_deltagare import fragor, text, ut

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
SIDAN = "/deltagare/samtycken/"
DAGEN = date(2025, 3, 1)


@pytest.fixture
def insats():
    return fabriker.insats(namn="Vägen vidare")


@pytest.fixture
def konto(client, insats):
    ansvarig = fabriker.deltagaransvarig(insats)
    client.force_login(ansvarig)
    return ansvarig


def rader(svar):
    return [rad.post.pk for rad in svar.context["form"].rader]


def skicka(client, deltaganden, arkiverat=IDAG, sok="", token=None, **falt):
    return client.post(
        f"{SIDAN}{sok}",
        {
            "rad": [f"{ett.pk}:{ett.version}" for ett in deltaganden],
            "arkiverat": str(arkiverat),
            "token": str(token or uuid4()),
            **falt,
        },
    )


def arkiverade():
    return dict(Deltagande.objects.values_list("pk", "samtycke_arkiverat"))


def test_de_som_saknas_visas_forst_och_alla_efter_val(client, insats, konto):
    saknas = fabriker.inregistrera(insats, konto)
    arkiverat = fabriker.inregistrera(insats, konto)
    Deltagande.objects.filter(pk=arkiverat.pk).update(samtycke_arkiverat=IDAG)
    avslutad = ut(fabriker.inregistrera(insats, konto), konto, date(2025, 6, 1))
    ut(fabriker.inregistrera(insats, konto), konto, date(2025, 6, 1), "atertaget_samtycke")
    ut(fabriker.inregistrera(insats, konto), konto, date(2025, 6, 1), "felregistrering")

    assert set(rader(client.get(SIDAN))) == {saknas.pk, avslutad.pk}
    svar = client.get(SIDAN, {"visas": "alla"})
    assert set(rader(svar)) == {saknas.pk, arkiverat.pk, avslutad.pk}
    assert text(svar).count('type="checkbox"') == 2
    assert "Saknas" in text(svar)
    loggade = Handelse.objects.filter(typ="person_i_lista")
    assert loggade.count() == 5
    assert {rad.person_id for rad in loggade} == {saknas.person_id, arkiverat.person_id, avslutad.person_id}


@pytest.mark.parametrize("falt", ["inregistrering", "samtycke", "samtycke_arkiverat"])
def test_ordningen(client, insats, konto, falt):
    for nr in (2, 0, 1):
        dag = DAGEN + timedelta(days=nr)
        ett = fabriker.inregistrera(insats, konto, inregistrering=dag, samtycke=dag - timedelta(days=nr * 5))
        if nr:
            Deltagande.objects.filter(pk=ett.pk).update(samtycke_arkiverat=dag)

    for fallande in (False, True):
        svar = client.get(SIDAN, {"visas": "alla", "sortering": f"{'-' if fallande else ''}{falt}"})
        varden = [getattr(rad.post, falt) for rad in svar.context["form"].rader]
        med = [varde for varde in varden if varde]
        assert varden == [*sorted(med, reverse=fallande), *[None] * (3 - len(med))]


def test_tomma_listor_och_flera_insatser(client, insats, konto):
    assert "Alla samtycken är arkiverade" in text(client.get(SIDAN))
    assert "Inga samtycken" in text(client.get(SIDAN, {"visas": "alla"}))
    fabriker.uppdrag(konto, "deltagaransvarig", fabriker.insats())
    assert "Välj insats" in text(client.get(SIDAN))


def test_flera_markeras_med_en_dag_och_loggas(client, insats, konto):
    valda = [fabriker.inregistrera(insats, konto) for _ in range(3)]
    kvar = fabriker.inregistrera(insats, konto)

    svar = skicka(client, valda, follow=True)

    assert svar.status_code == 302
    assert svar.url == f"{SIDAN}?insats={insats.pk}&visas=saknas"
    assert "3 samtycken är markerade som arkiverade" in text(client.get(svar.url))
    assert arkiverade() == {**{ett.pk: IDAG for ett in valda}, kvar.pk: None}
    assert set(Deltagande.objects.filter(pk__in=[v.pk for v in valda]).values_list("version", flat=True)) == {2}
    loggade = Handelse.objects.filter(typ="samtycke_arkiverat")
    assert {(rad.person_id, rad.insats_id, rad.av_id, rad.detaljer["deltagande"]) for rad in loggade} == {
        (ett.person_id, insats.pk, konto.pk, ett.pk) for ett in valda
    }
    assert all(rad.uppdrag_id for rad in loggade)


def test_dubbelklick_sparar_en_gang(client, insats, konto):
    ett, token = fabriker.inregistrera(insats, konto), uuid4()

    forsta, andra = skicka(client, [ett], token=token), skicka(client, [ett], token=token)

    assert (forsta.status_code, andra.status_code) == (302, 302)
    assert forsta.url == andra.url
    assert Handelse.objects.filter(typ="samtycke_arkiverat").count() == 1


def test_den_som_nagon_annan_har_andrat_pekas_ut_med_dagen(client, insats, konto):
    orord = fabriker.inregistrera(insats, konto, efternamn="Zzyzx")
    andrad = fabriker.inregistrera(insats, konto, inregistrering=date(2025, 2, 3), efternamn="Zzyzx")
    Deltagande.objects.filter(pk=andrad.pk).update(version=7, samtycke_arkiverat=date(2025, 5, 5))

    svar = skicka(client, [orord, andrad])

    fel = " ".join(svar.context["form"].non_field_errors())
    assert "inregistrerade 2025-02-03" in fel
    assert "Zzyzx" not in fel
    assert arkiverade() == {orord.pk: None, andrad.pk: date(2025, 5, 5)}
    assert svar.context["form"].markta == {str(orord.pk), str(andrad.pk)}
    assert f'value="{orord.pk}:1" checked' in text(svar)
    orord.refresh_from_db()
    assert skicka(client, [orord]).status_code == 302


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"arkiverat": ""}, "Ange dagen då blankett 9443 skickades."),
        ({"arkiverat": "2025-13-01"}, "Ange datumet som åååå-mm-dd."),
        ({"arkiverat": str(IDAG + timedelta(days=1))}, "Datumet kan inte vara i framtiden."),
        ({"arkiverat": "2025-02-28"}, "Samtycket kan inte vara arkiverat innan det lämnades."),
        ({"rad": []}, "Markera minst ett samtycke."),
        ({"rad": ["x"]}, "Ladda om sidan och markera igen."),
        ({"rad": ["1:2:3"]}, "Ladda om sidan och markera igen."),
        ({"rad": ["9" * 18 + ":1"]}, "Någon annan har ändrat några av registreringarna"),
    ],
)
def test_fel_sags_och_sparar_inget(client, insats, konto, falt, besked):
    ett = fabriker.inregistrera(insats, konto)

    svar = skicka(client, [ett], **falt)

    assert svar.status_code == 200
    assert besked in text(svar)
    assert "<title>Fel: Samtycken – SUS</title>" in text(svar)
    assert arkiverade() == {ett.pk: None}


def test_samtycket_och_arkiveringen_samma_dag_gar(insats, konto):
    ett = fabriker.inregistrera(insats, konto)
    tjanster.arkivera_samtycken(insats=insats, rader={ett.pk: 1}, arkiverat=DAGEN, av=konto)
    assert arkiverade() == {ett.pk: DAGEN}


def test_bara_i_den_valda_insatsen_inom_rackvidden(client, insats, konto):
    annan = fabriker.insats()
    utom = fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan))
    egen = fabriker.insats()
    fabriker.uppdrag(konto, "deltagaransvarig", egen)
    i_egen = fabriker.inregistrera(egen, konto)

    assert skicka(client, [utom], sok=f"?insats={annan.pk}").status_code == 404
    for ett in (utom, i_egen):
        svar = skicka(client, [ett], sok=f"?insats={insats.pk}")
        assert "Någon annan har ändrat några" in text(svar)
    # utan vald insats sparas inget
    assert skicka(client, [i_egen]).status_code == 200
    satt_sammanhang(konto)
    assert arkiverade() == {i_egen.pk: None}
    with pytest.raises(ValidationError):
        tjanster.arkivera_samtycken(insats=annan, rader={utom.pk: 1}, arkiverat=IDAG, av=konto)


def test_lika_manga_fragor_hur_manga_som_an_markeras(client, insats, konto):
    alla = [fabriker.inregistrera(insats, konto) for _ in range(101)]

    en = fragor(lambda: skicka(client, alla[:1]))
    flera = fragor(lambda: skicka(client, alla[1:]))

    assert en == flera <= 20
    assert set(arkiverade().values()) == {IDAG}
    assert fragor(lambda: client.get(SIDAN, {"visas": "alla"})) <= 12

"""Sidorna där uppdrag ges och avslutas: kedjan, räckvidden, tiderna och vad som loggas (R1a, R3, R4, P1, P4, P15)."""

import io
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from behorighet.models import Behorighet, Handelse, Organisation
from behorighet.roller import Rattighet, Roll
from insatser.models import Insats, Organisationsbudget, Samverkansorganisation, Uppdrag, Uppdragslage
from insatser.organisation_tjanster import skapa_samverkansorganisation
from insatser.uppdrag_tjanster import att_fraga, avsluta_uppdrag, avsluta_uppdrag_for, ge_uppdrag, kan_ge
from tests import fabriker

pytestmark = pytest.mark.django_db

IDAG = timezone.localdate()
IMORGON = IDAG + timedelta(days=1)
OM_EN_MANAD = IDAG + timedelta(days=30)


@pytest.fixture
def org():
    return fabriker.organisation(namn="Samordningsförbundet Älven")


@pytest.fixture
def insats(org):
    return fabriker.insats(org, namn="Vägen vidare")


def med_uppdrag(roll, pa):
    konto = fabriker.anvandare(roll)
    fabriker.uppdrag(konto, roll, pa)
    return konto


@pytest.fixture
def administrator(client, org):
    konto = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    client.force_login(konto)
    return konto


@pytest.fixture
def ansvarig(client, org):
    konto = med_uppdrag(Roll.INSATSANSVARIG, org)
    client.force_login(konto)
    return konto


@pytest.fixture
def system(client):
    konto = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    client.force_login(konto)
    return konto


def med_roll(roll, **falt):
    """Behörigheten för någon ny i rollen."""
    return fabriker.behorighet(fabriker.anvandare(**falt), roll)


def tid(**falt):
    return {"fran": IDAG.isoformat(), "till": "", "token": str(uuid4()), "spara": "Spara", **falt}


def text(svar):
    return svar.content.decode()


def loggat(typ):
    return Handelse.objects.filter(typ=typ).order_by("pk")


# Kedjan


def ge(roll, pa, av, vald=None, fran=IDAG, till=None):
    return ge_uppdrag(roll=roll, behorighet=vald or med_roll(roll), pa=pa, fran=fran, till=till, av=av)


GIVARE = {
    "samverkansadministratör": (Roll.SAMVERKANSADMINISTRATOR, {Roll.SAMVERKANSADMINISTRATOR, Roll.INSATSANSVARIG}),
    "insatsansvarig": (Roll.INSATSANSVARIG, {Roll.DELTAGARANSVARIG}),
    "deltagaransvarig": (Roll.DELTAGARANSVARIG, set()),
}


@pytest.mark.parametrize("roll", [Roll.SAMVERKANSADMINISTRATOR, Roll.INSATSANSVARIG, Roll.DELTAGARANSVARIG])
@pytest.mark.parametrize("givare", GIVARE)
@pytest.mark.parametrize("egen", [True, False])
def test_kedjan(org, insats, givare, roll, egen):
    egen_roll, ger = GIVARE[givare]
    plats = insats if egen_roll == Roll.DELTAGARANSVARIG else org
    av = med_uppdrag(egen_roll, plats if egen else fabriker.insats() if plats == insats else fabriker.organisation())
    pa = insats if roll == Roll.DELTAGARANSVARIG else org

    if egen and roll in ger:
        assert ge(roll, pa, av).given_av == av
    else:
        with pytest.raises(PermissionDenied):
            ge(roll, pa, av)


@pytest.mark.parametrize("roll", [Roll.SUS_RAPPORT, Roll.BESTALLARE])
def test_utan_plats_i_kedjan_ger_man_inget(org, roll):
    with pytest.raises(PermissionDenied):
        ge(Roll.INSATSANSVARIG, org, fabriker.anvandare(roll))


def test_systemadministratoren_ger_bara_den_forsta(org):
    av = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    with pytest.raises(PermissionDenied):
        ge(Roll.INSATSANSVARIG, org, av)

    forsta = ge(Roll.SAMVERKANSADMINISTRATOR, org, av, fran=IMORGON, vald=med_roll(Roll.SAMVERKANSADMINISTRATOR))

    assert forsta.given_av == av
    with pytest.raises(ValidationError, match="har redan en samverkansadministratör"):
        ge(Roll.SAMVERKANSADMINISTRATOR, org, av)


def test_rollen_ges_bara_pa_sin_sorts_plats(org, insats):
    with pytest.raises(ValidationError, match="har inte sina uppdrag där"):
        ge(Roll.DELTAGARANSVARIG, org, med_uppdrag(Roll.INSATSANSVARIG, org))
    with pytest.raises(ValidationError, match="har inte sina uppdrag där"):
        ge(Roll.INSATSANSVARIG, insats, med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org))


def test_ratten_och_rackvidden_kommer_ur_samma_uppdrag(org, insats):
    """Den som är deltagaransvarig här och insatsansvarig någon annanstans ger inget här."""
    av = fabriker.anvandare()
    fabriker.uppdrag(av, Roll.DELTAGARANSVARIG, insats)
    fabriker.uppdrag(av, Roll.INSATSANSVARIG, fabriker.organisation())

    assert av.far(Rattighet.GE_UPPDRAG_PA_INSATS)
    assert not Insats.objects.synliga_for(av, Rattighet.GE_UPPDRAG_PA_INSATS).filter(pk=insats.pk).exists()
    with pytest.raises(PermissionDenied):
        ge(Roll.DELTAGARANSVARIG, insats, av)


def test_det_givna_loggas_med_det_uppdrag_som_gav(org, insats):
    av = med_uppdrag(Roll.INSATSANSVARIG, org)

    uppdrag = ge(Roll.DELTAGARANSVARIG, insats, av, till=IMORGON)
    avsluta_uppdrag(uppdrag=uppdrag, nu=True, av=av)

    rader = [*loggat("uppdrag_givet"), *loggat("uppdrag_avslutat")]
    assert [(rad.av_id, rad.insats_id, rad.detaljer["uppdrag"]) for rad in rader] == [
        (av.pk, insats.pk, uppdrag.pk)
    ] * 2
    assert {rad.detaljer["genom"] for rad in rader} == {Uppdrag.objects.get(behorighet__anvandare=av).pk}
    assert [rad.detaljer["nu"] for rad in rader] == [False, True]


# Kontoren i Af/FK-samarbetet (`doman.md` 1.1, 6)


@pytest.fixture
def af():
    return fabriker.organisation(namn="Af i Af/FK-samarbete", samverkansform="af")


@pytest.fixture
def kontor(af):
    tomt = dict.fromkeys(("inriktning", "preciserad_inriktning", "deltagarregistrering"), "")
    return fabriker.insats(af, namn="Arbetsförmedlingen Vänersborg", malgrupper=[], **tomt)


def test_insatsansvarig_har_sitt_uppdrag_pa_kontoret(af, kontor):
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, af)

    uppdrag = ge(Roll.INSATSANSVARIG, kontor, av)

    assert (uppdrag.insats, uppdrag.samverkansorganisation) == (kontor, None)
    konto = uppdrag.behorighet.anvandare
    for ratt in (Rattighet.REGISTRERA_INSATS, Rattighet.GE_UPPDRAG_PA_INSATS):
        assert set(Insats.objects.synliga_for(konto, ratt)) == {kontor}
    assert ge(Roll.DELTAGARANSVARIG, kontor, konto).given_av == konto
    with pytest.raises(ValidationError, match="har inte sina uppdrag där"):
        ge(Roll.INSATSANSVARIG, af, av)


@pytest.mark.parametrize("roll", [Roll.SAMVERKANSADMINISTRATOR, Roll.INSATSANSVARIG, Roll.DELTAGARANSVARIG])
def test_pa_kontoret_ger_bara_samverkansadministratoren_i_den_egna_organisationen(af, kontor, roll):
    if roll == Roll.SAMVERKANSADMINISTRATOR:
        av = med_uppdrag(roll, fabriker.organisation(samverkansform="fk"))
    else:
        av = med_uppdrag(roll, kontor)

    with pytest.raises(PermissionDenied):
        ge(Roll.INSATSANSVARIG, kontor, av)


def test_ett_uppdrag_pa_ett_kontor_nar_inte_ett_annat(af, kontor):
    annat = fabriker.insats(
        af, namn="Annat", inriktning="", preciserad_inriktning="", deltagarregistrering="", malgrupper=[]
    )
    konto = med_uppdrag(Roll.INSATSANSVARIG, kontor)

    assert not Insats.objects.synliga_for(konto, Rattighet.REGISTRERA_INSATS).filter(pk=annat.pk).exists()
    with pytest.raises(PermissionDenied):
        ge(Roll.DELTAGARANSVARIG, annat, konto)


def test_hela_vagen_pa_kontorets_sida(client, af, kontor):
    client.force_login(med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, af))
    vald = med_roll(Roll.INSATSANSVARIG, fornamn="Åsa", efternamn="Ek")
    valj = reverse("uppdrag:valj_pa_kontor", args=[kontor.pk])
    ge_den = reverse("uppdrag:ge_pa_kontor", args=[kontor.pk, vald.pk])
    sida = text(client.get(kontor.get_absolute_url()))
    assert "Insatsansvariga för kontoret" in sida
    assert "Deltagaransvariga för kontoret" in sida
    assert f'href="{valj}"' in sida
    assert f'href="{ge_den}"' in text(client.get(valj))

    svar = client.post(ge_den, tid(), follow=True)

    assert svar.redirect_chain == [(kontor.get_absolute_url(), 302)]
    uppdrag = Uppdrag.objects.get(behorighet=vald)
    assert f'href="{avsluta_adress(uppdrag, roll=Roll.INSATSANSVARIG)}"' in text(svar)
    client.post(avsluta_adress(uppdrag, roll=Roll.INSATSANSVARIG), {"nu": "1"})
    assert "Tidigare (1)" in text(client.get(kontor.get_absolute_url()))


def test_pa_kontorets_organisation_visas_vart_uppdragen_hor(client, af, kontor, insats):
    client.force_login(med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, af))

    sida = text(client.get(af.get_absolute_url()))

    assert "I Af/FK-samarbetet har insatsansvariga sina uppdrag på kontoren." in sida
    i_organisationen = reverse("uppdrag:valj_i_organisation", args=[af.pk, "insatsansvarig"])
    assert i_organisationen not in sida
    assert client.get(i_organisationen).status_code == 404
    assert client.get(reverse("uppdrag:valj_pa_kontor", args=[insats.pk])).status_code == 404


def test_en_vanlig_insats_tar_ingen_insatsansvarig(client, org, insats, administrator):
    vald = med_roll(Roll.INSATSANSVARIG)

    assert client.get(reverse("uppdrag:valj_pa_kontor", args=[insats.pk])).status_code == 404
    assert client.post(reverse("uppdrag:ge_pa_kontor", args=[insats.pk, vald.pk]), tid()).status_code == 404
    assert not Uppdrag.objects.filter(behorighet=vald).exists()


def test_den_som_saknar_uppdrag_pa_kontoret_far_veta_vem(kontor):
    ansvarig = med_uppdrag(Roll.INSATSANSVARIG, kontor)
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, kontor, fran=date(2025, 1, 1), till=date(2025, 2, 1))

    assert kan_ge(konto, Roll.DELTAGARANSVARIG) == [ansvarig]


# Tiderna


@pytest.mark.parametrize(
    ("behorighet", "fran", "till", "falt"),
    [
        ({}, IDAG - timedelta(days=1), None, "fran"),
        ({"fran": IMORGON}, IDAG, None, "fran"),
        ({"till": IMORGON}, IDAG, None, "till"),
        ({"till": IMORGON}, IDAG, IMORGON + timedelta(days=1), "till"),
        ({}, IMORGON, IDAG, "till"),
        ({}, OM_EN_MANAD + timedelta(days=1), None, "fran"),
        ({}, IDAG, OM_EN_MANAD + timedelta(days=1), "till"),
        ({"till": IMORGON}, IDAG, IMORGON, None),
        ({}, IDAG, OM_EN_MANAD, None),
        ({}, IDAG, None, None),
    ],
)
def test_tiden_ryms_i_behorighetens_och_insatsens(org, behorighet, fran, till, falt):
    av = med_uppdrag(Roll.INSATSANSVARIG, org)
    insats = fabriker.insats(org, slutdatum=OM_EN_MANAD)
    vald = fabriker.behorighet(fabriker.anvandare(), Roll.DELTAGARANSVARIG, **behorighet)

    if falt is None:
        assert ge(Roll.DELTAGARANSVARIG, insats, av, vald, fran, till)
    else:
        with pytest.raises(ValidationError) as fel:
            ge(Roll.DELTAGARANSVARIG, insats, av, vald, fran, till)
        assert list(fel.value.message_dict) == [falt]


def test_samma_uppdrag_ges_inte_tva_ganger_for_samma_tid(org):
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    vald = med_roll(Roll.INSATSANSVARIG)
    forsta = ge(Roll.INSATSANSVARIG, org, av, vald, till=IMORGON)

    with pytest.raises(ValidationError, match="har redan uppdraget"):
        ge(Roll.INSATSANSVARIG, org, av, vald, fran=IMORGON)
    ge(Roll.INSATSANSVARIG, org, av, vald, fran=IMORGON + timedelta(days=1), till=OM_EN_MANAD)
    avsluta_uppdrag(uppdrag=forsta, nu=True, av=av)
    assert ge(Roll.INSATSANSVARIG, org, av, vald, till=IMORGON)  # avslutat i dag: ledigt samma dag


def test_en_avslutad_insats_tar_bara_uppdrag_medan_deltagare_ar_kvar(org):
    av = med_uppdrag(Roll.INSATSANSVARIG, org)
    insats = fabriker.insats(org)
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    Insats.objects.filter(pk=insats.pk).update(slutdatum=IDAG - timedelta(days=1))
    insats.refresh_from_db()

    assert ge(Roll.DELTAGARANSVARIG, insats, av)
    tom = fabriker.insats(org, slutdatum=IDAG - timedelta(days=1))
    with pytest.raises(ValidationError, match="slutar"):
        ge(Roll.DELTAGARANSVARIG, tom, av)


def test_en_samverkansorganisation_som_har_slutat_tar_uppdrag(org):
    """Utfall och rättelser kommer efter slutet. Före det ryms uppdraget i organisationens tid."""
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    Samverkansorganisation.objects.filter(pk=org.pk).update(slutdatum=IDAG)
    org.refresh_from_db()
    with pytest.raises(ValidationError, match="slutar"):
        ge(Roll.INSATSANSVARIG, org, av, till=IMORGON)
    Samverkansorganisation.objects.filter(pk=org.pk).update(slutdatum=IDAG - timedelta(days=1))
    org.refresh_from_db()

    assert ge(Roll.INSATSANSVARIG, org, av)
    assert ge(Roll.INSATSANSVARIG, org, av, till=OM_EN_MANAD)


def test_en_volyminsats_tar_inga_deltagaransvariga(org):
    with pytest.raises(ValidationError, match="volyminsats"):
        ge(Roll.DELTAGARANSVARIG, fabriker.volyminsats(org), med_uppdrag(Roll.INSATSANSVARIG, org))


@pytest.mark.parametrize("fel_behorighet", ["annan roll", "avslutad", "inaktivt konto"])
def test_bara_den_som_har_rollens_behorighet(org, fel_behorighet):
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    vald = {
        "annan roll": lambda: med_roll(Roll.SUS_RAPPORT),
        "avslutad": lambda: fabriker.behorighet(
            fabriker.anvandare(), Roll.INSATSANSVARIG, avslutad_vid=timezone.now() - timedelta(seconds=1)
        ),
        "inaktivt konto": lambda: med_roll(Roll.INSATSANSVARIG, is_active=False),
    }[fel_behorighet]()

    with pytest.raises(ValidationError, match="inte längre någon behörighet"):
        ge(Roll.INSATSANSVARIG, org, av, vald)


@pytest.mark.parametrize(
    ("till", "besked"),
    [
        (IDAG - timedelta(days=1), "har redan passerat"),
        (OM_EN_MANAD + timedelta(days=1), "slutar redan"),
        (None, "Ange ett datum"),
    ],
)
def test_avsluta_kortar_bara(org, till, besked):
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    uppdrag = ge(Roll.INSATSANSVARIG, org, av, till=OM_EN_MANAD)

    with pytest.raises(ValidationError, match=besked):
        avsluta_uppdrag(uppdrag=uppdrag, till=till, av=av)


def test_ett_avslutat_uppdrag_avslutas_inte_igen(org):
    av = med_uppdrag(Roll.SAMVERKANSADMINISTRATOR, org)
    uppdrag = ge(Roll.INSATSANSVARIG, org, av)
    avsluta_uppdrag(uppdrag=uppdrag, nu=True, av=av)

    with pytest.raises(ValidationError, match="redan avslutat"):
        avsluta_uppdrag(uppdrag=uppdrag, nu=True, av=av)


def test_lage_och_sista_dag_foljer_behorigheten(org):
    rad = fabriker.uppdrag(fabriker.anvandare(Roll.INSATSANSVARIG), Roll.INSATSANSVARIG, org, fran=IMORGON)
    assert Uppdrag.objects.get(pk=rad.pk).lage == Uppdragslage.KOMMANDE

    Behorighet.objects.filter(pk=rad.behorighet_id).update(avslutad_vid=timezone.now() - timedelta(seconds=1))

    rad = Uppdrag.objects.get(pk=rad.pk)
    assert (rad.lage, rad.sista_dag) == (Uppdragslage.AVSLUTAT, IDAG)
    assert not Uppdrag.objects.inte_slut().filter(pk=rad.pk).exists()


# Uppdragens sidor


def ge_adress(vad, pk, behorighet):
    return {
        "organisation": lambda: reverse("uppdrag:ge_i_organisation", args=[pk, "insatsansvarig", behorighet.pk]),
        "forsta": lambda: reverse("uppdrag:ge_forsta", args=[pk, behorighet.pk]),
        "insats": lambda: reverse("uppdrag:ge_pa_insats", args=[pk, behorighet.pk]),
    }[vad]()


def test_valj_anvandare_visar_bara_dem_med_rollen(client, org, administrator):
    med_roll(Roll.INSATSANSVARIG, fornamn="Åsa", efternamn="Ek")
    med_roll(Roll.DELTAGARANSVARIG, fornamn="Åsa", efternamn="Alm")
    adress = reverse("uppdrag:valj_i_organisation", args=[org.pk, "insatsansvarig"])

    svar = client.get(adress)

    assert "Åsa Ek" in text(svar)
    assert "Åsa Alm" not in text(svar)


@pytest.mark.parametrize(
    ("sokt", "traff"),
    [
        ({"fornamn": "Ås*"}, True),
        ({"fornamn": "s*"}, False),
        ({"efternamn": "ek"}, True),
        ({"arbetsgivare": "*kommun"}, True),
        ({"arbetsgivare": "region*"}, False),
        ({"fornamn": "åsa", "efternamn": "e*", "arbetsgivare": "Ystads"}, True),
        ({"efternamn": "("}, False),
    ],
)
def test_valj_anvandare_soker_med_stjarna(client, org, administrator, sokt, traff):
    kommun = Organisation.objects.create(namn="Ystads kommun", typ="kommun")
    med_roll(Roll.INSATSANSVARIG, fornamn="Åsa", efternamn="Ek", arbetsgivare=kommun)

    svar = client.get(reverse("uppdrag:valj_i_organisation", args=[org.pk, "insatsansvarig"]), sokt)

    assert ("Åsa Ek" in text(svar)) is traff
    assert ("Inga användare matchar sökningen" in text(svar)) is not traff


def test_hela_vagen_fran_panelen_till_ett_uppdrag(client, org, administrator):
    vald = med_roll(Roll.INSATSANSVARIG, fornamn="Åsa", efternamn="Ek")
    sida = client.get(org.get_absolute_url())
    valj = reverse("uppdrag:valj_i_organisation", args=[org.pk, "insatsansvarig"])
    adress = ge_adress("organisation", org.pk, vald)
    assert f'href="{valj}"' in text(sida)
    assert f'href="{adress}"' in text(client.get(valj))
    assert f'value="{IDAG.isoformat()}"' in text(client.get(adress))

    svar = client.post(adress, tid(), follow=True)

    assert svar.redirect_chain == [(org.get_absolute_url(), 302)]
    assert "Åsa Ek har fått uppdrag som insatsansvarig" in text(svar)
    assert Uppdrag.objects.get(behorighet=vald).samverkansorganisation == org


def test_insatsansvarig_ger_deltagaransvarig_pa_insatsens_sida(client, insats, ansvarig):
    vald = med_roll(Roll.DELTAGARANSVARIG, fornamn="Dag", efternamn="Ny")
    sida = text(client.get(insats.get_absolute_url()))
    assert "Deltagaransvariga för insatsen" in sida
    assert reverse("uppdrag:valj_pa_insats", args=[insats.pk]) in sida

    client.post(ge_adress("insats", insats.pk, vald), tid())

    assert "Dag Ny" in text(client.get(insats.get_absolute_url()))
    assert set(Insats.objects.synliga_for(vald.anvandare, Rattighet.REGISTRERA_DELTAGARE)) == {insats}


def test_fel_i_tiden_star_vid_faltet(client, org, administrator):
    vald = fabriker.behorighet(fabriker.anvandare(), Roll.INSATSANSVARIG, till=IMORGON)

    svar = client.post(ge_adress("organisation", org.pk, vald), tid())

    assert "Ange senast den dagen." in text(svar)
    assert list(svar.context["form"].errors) == ["till"]
    assert "<title>Fel: " in text(svar)
    assert not Uppdrag.objects.filter(behorighet=vald).exists()


def test_dubbelklick_ger_ett_uppdrag(client, org, administrator):
    vald, data = med_roll(Roll.INSATSANSVARIG), tid()

    svar = [client.post(ge_adress("organisation", org.pk, vald), data) for _ in range(2)]

    assert {ett.url for ett in svar} == {org.get_absolute_url()}
    assert Uppdrag.objects.filter(behorighet=vald).count() == 1


def test_dubbelklick_pa_den_forsta_ger_samma_svar(client, org, system):
    vald, data = med_roll(Roll.SAMVERKANSADMINISTRATOR), tid()

    svar = [client.post(ge_adress("forsta", org.pk, vald), data) for _ in range(2)]

    assert {ett.url for ett in svar} == {org.get_absolute_url()}
    assert Uppdrag.objects.filter(behorighet=vald).count() == 1


def avsluta_adress(uppdrag, *, roll=None):
    pa_insats = uppdrag.insats_id and roll != Roll.INSATSANSVARIG
    namn = "uppdrag:avsluta_pa_insats" if pa_insats else "uppdrag:avsluta_i_organisation"
    return reverse(namn, args=[uppdrag.pk])


def test_avsluta_med_sista_dag_och_i_historiken(client, org, administrator):
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)
    assert avsluta_adress(uppdrag) in text(client.get(org.get_absolute_url()))

    svar = client.post(avsluta_adress(uppdrag), {"till": IMORGON.isoformat(), "avsluta": "1"}, follow=True)

    assert f"slutar till och med {IMORGON.isoformat()}" in text(svar)
    Uppdrag.objects.filter(pk=uppdrag.pk).update(fran=IDAG - timedelta(9), till=IDAG - timedelta(1))
    assert "Tidigare (1)" in text(client.get(org.get_absolute_url()))


def test_avsluta_nu_slar_igenom_vid_nasta_begaran(client, org, insats):
    konto = fabriker.deltagaransvarig(insats)
    uppdrag = Uppdrag.objects.get(behorighet__anvandare=konto)
    client.force_login(med_uppdrag(Roll.INSATSANSVARIG, org))

    client.post(avsluta_adress(uppdrag), {"nu": "1"})

    client.force_login(konto)
    assert "Du kan inte registrera än" in text(client.get("/deltagare/registrera/"))
    uppdrag.refresh_from_db()
    assert (uppdrag.till, uppdrag.avslutad_vid is None) == (None, False)


@pytest.mark.parametrize(
    ("data", "besked"),
    [
        ({"avsluta": "1", "till": ""}, "Ange den sista dagen, eller välj Avsluta nu."),
        ({"avsluta": "1", "till": "snart"}, "Ange datumet som åååå-mm-dd."),
        ({"avsluta": "1", "till": "2020-01-01"}, "Datumet har redan passerat."),
    ],
)
def test_avsluta_med_fel(client, org, administrator, data, besked):
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)

    svar = client.post(avsluta_adress(uppdrag), data)

    assert besked in text(svar)
    assert list(svar.context["form"].errors) == ["till"]
    uppdrag.refresh_from_db()
    assert (uppdrag.till, uppdrag.avslutad_vid) == (None, None)


def test_dubbelklick_pa_avsluta_ger_samma_svar(client, org, administrator):
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)
    data = {"nu": "1", "token": str(uuid4())}

    svar = [client.post(avsluta_adress(uppdrag), data) for _ in range(2)]

    assert [ett.status_code for ett in svar] == [302, 302]
    assert loggat("uppdrag_avslutat").count() == 1
    assert "Uppdraget är redan avslutat." in text(client.get(avsluta_adress(uppdrag)))


# Rätt och räckvidd (P1)


@pytest.fixture
def adresser(org, insats):
    """Varje sida, på organisationen och insatsen."""
    insatsansvarig = fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)
    deltagaransvarig = fabriker.uppdrag(fabriker.anvandare(), Roll.DELTAGARANSVARIG, insats)
    return {
        "organisationer": reverse("uppdrag:organisationer"),
        "organisationsexport": reverse("uppdrag:organisationsexport"),
        "organisation": org.get_absolute_url(),
        "anvandare": reverse("uppdrag:anvandare", args=[org.pk]),
        "anvandares_uppdrag": reverse(
            "uppdrag:anvandares_uppdrag", args=[org.pk, insatsansvarig.behorighet.anvandare_id]
        ),
        "ny_organisation": reverse("uppdrag:ny_organisation"),
        "valj_forsta": reverse("uppdrag:valj_forsta", args=[org.pk]),
        "ge_forsta": ge_adress("forsta", org.pk, med_roll(Roll.SAMVERKANSADMINISTRATOR)),
        "valj_i_organisation": reverse("uppdrag:valj_i_organisation", args=[org.pk, "samverkansadministrator"]),
        "ge_i_organisation": ge_adress("organisation", org.pk, med_roll(Roll.INSATSANSVARIG)),
        "avsluta_i_organisation": avsluta_adress(insatsansvarig),
        "valj_pa_insats": reverse("uppdrag:valj_pa_insats", args=[insats.pk]),
        "ge_pa_insats": ge_adress("insats", insats.pk, med_roll(Roll.DELTAGARANSVARIG)),
        "avsluta_pa_insats": avsluta_adress(deltagaransvarig),
        "avsluta_behorighet": reverse("uppdrag:avsluta_behorighet", args=[med_roll(Roll.SUS_RAPPORT).pk]),
    }


OPPNA = ("organisationer", "organisationsexport", "organisation", "anvandare", "anvandares_uppdrag")
SYSTEMETS = ("ny_organisation", "valj_forsta", "ge_forsta")
I_ORGANISATION = ("valj_i_organisation", "ge_i_organisation", "avsluta_i_organisation")
PA_INSATS = ("valj_pa_insats", "ge_pa_insats", "avsluta_pa_insats")
FAR = {
    Roll.SAMVERKANSADMINISTRATOR: I_ORGANISATION,
    Roll.INSATSANSVARIG: PA_INSATS,
    Roll.DELTAGARANSVARIG: (),
    Roll.SUS_RAPPORT: (),
    Roll.BESTALLARE: ("avsluta_behorighet",),
    Roll.SYSTEMADMINISTRATOR: SYSTEMETS,
}


def svarskoder(client, adresser):
    koder = {namn: client.get(adress).status_code for namn, adress in adresser.items()}
    for namn, kod in koder.items():
        if namn not in OPPNA and kod != 200:  # den som inte får läsa får inte heller skicka
            assert client.post(adresser[namn], tid()).status_code in {kod, 405}
    return koder


@pytest.mark.parametrize("roll", Roll)
@pytest.mark.parametrize("egen", [True, False])
def test_varje_sida_for_varje_roll(client, org, insats, adresser, roll, egen):
    konto = fabriker.anvandare(roll)
    utan_plats = {Roll.SUS_RAPPORT, Roll.SYSTEMADMINISTRATOR, Roll.BESTALLARE}
    if roll not in utan_plats:
        i = insats if egen else fabriker.insats()
        fabriker.uppdrag(konto, roll, i if roll == Roll.DELTAGARANSVARIG else i.samverkansorganisation)
    if roll == Roll.BESTALLARE and not egen:
        konto.arbetsgivare = Organisation.objects.create(namn="Annan kommun", typ="kommun")
        konto.save()
    client.force_login(konto)
    fore = Uppdrag.objects.count()

    koder = svarskoder(client, adresser)

    egna = 200 if egen or roll == Roll.SYSTEMADMINISTRATOR else 404
    assert koder == {namn: 200 if namn in OPPNA else egna if namn in FAR[roll] else 403 for namn in adresser}
    assert Uppdrag.objects.count() == fore


@pytest.mark.parametrize("roll", ["deltagaransvarig", "sus_rapport", "bestallare", "finns-inte"])
def test_roller_som_inte_ges_i_organisationen(client, org, administrator, roll):
    assert client.get(f"/uppdrag/valj/organisation/{org.pk}/{roll}/").status_code == 404


def test_samma_uppdrag_nas_bara_med_sin_rattighet(client, org, insats, administrator):
    """En samverkansadministratör avslutar inte en deltagaransvarigs uppdrag genom att byta adress."""
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.DELTAGARANSVARIG, insats)

    assert client.post(f"/uppdrag/avsluta/organisation/{uppdrag.pk}/", {"nu": "1"}).status_code == 404


def test_behorighet_i_en_annan_roll_gar_inte_att_valja(client, org, administrator):
    assert client.get(ge_adress("organisation", org.pk, med_roll(Roll.SUS_RAPPORT))).status_code == 404


def test_utloggad_leds_till_inloggningen(client, adresser):
    assert {client.get(adress).url.split("?")[0] for adress in adresser.values()} == {"/logga-in/"}


def test_knapparna_finns_bara_for_den_som_far(client, org, insats, adresser):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))

    for sida in (org.get_absolute_url(), insats.get_absolute_url()):
        assert "/uppdrag/" not in text(client.get(sida))


# Samverkansorganisationer


def test_sok_samverkansorganisation(client, org, administrator):
    fabriker.organisation(namn="Samordningsförbundet Berget", slutdatum=IDAG - timedelta(days=1))

    def traffar(**sokt):
        return [o.namn for o in client.get(reverse("uppdrag:organisationer"), sokt).context["sida"]]

    assert traffar() == ["Samordningsförbundet Berget", "Samordningsförbundet Älven"]
    assert traffar(q="*älven") == ["Samordningsförbundet Älven"]
    assert traffar(lage="avslutad") == ["Samordningsförbundet Berget"]
    assert traffar(form="tvapart") == []
    assert traffar(sortering="-namn")[0] == "Samordningsförbundet Älven"
    assert "Inga samverkansorganisationer matchar" in text(
        client.get("/samverkansorganisationer/", {"q": "finns inte"})
    )


def test_listan_for_htmx_ar_bara_raderna(client, org, administrator):
    svar = client.get("/samverkansorganisationer/", headers={"HX-Request": "true"})

    assert "<html" not in text(svar)
    assert "Samordningsförbundet Älven" in text(svar)


def organisationslista(client, **urval):
    return client.get(reverse("uppdrag:organisationer"), urval)


def test_organisationernas_kolumner_valjs_sorteras_och_raknas(client, org, administrator):
    berget = fabriker.organisation(namn="Berget", ort="Luleå", slutdatum=IDAG)
    berget.kommuner.set(["2580", "0114"])
    for nr in range(2):
        fabriker.insats(berget, namn=f"Insats {nr}", slutdatum=IDAG)
    fabriker.insats(berget, startdatum=IDAG - timedelta(days=9), slutdatum=IDAG - timedelta(days=1))
    arsbudget = Organisationsbudget.objects.create(samverkansorganisation=berget, ar=IDAG.year)
    part = Organisation.objects.create(namn="Region Berg", typ="region")
    for rad, belopp in enumerate((70_000, 500), 1):
        arsbudget.finansieringsposter.create(rad=rad, organisation=part, belopp=belopp)

    svar = organisationslista(
        client, kolumner=["kommuner", "ort", "insatser", "finansiering"], sortering="-finansiering"
    )
    berg, andra = svar.context["rader"]

    assert [kolumn.kod for kolumn in svar.context["kolumner"]] == [
        "namn", "kommuner", "ort", "insatser", "finansiering"
    ]  # fmt: skip
    assert (berg[0], [varde for _, varde in berg[1]]) == (berget, ["Upplands Väsby, Luleå", "Luleå", 2, 70_500])
    assert (andra[0], [varde for _, varde in andra[1]][2:]) == (org, [0, None])
    assert "70 500" in text(svar).replace("\xa0", " ")
    # Den som inte slutar står sist åt båda hållen
    for sortering in ("slutdatum", "-slutdatum"):
        assert [post for post, _ in organisationslista(client, sortering=sortering).context["rader"]] == [berget, org]
    # En kolumn som inte visas går inte att sortera på, och inte en påhittad
    for sortering in ("-finansiering", "-namn; DROP"):
        assert organisationslista(client, sortering=sortering).context["sortering"] == "namn"


def test_organisationslistan_tar_samma_antal_fragor_och_sager_vad_den_beror_pa(
    client, org, administrator, django_assert_max_num_queries
):
    forsta = organisationslista(client)
    alla = [kod for kod, _ in forsta.context["form"].fields["kolumner"].choices]
    assert "HX-Request" in forsta["Vary"]

    def fragor():
        with django_assert_max_num_queries(20) as fragorna:
            organisationslista(client, kolumner=alla)
        return len(fragorna)

    en = fragor()
    for nr in range(100):
        fabriker.organisation(namn=f"Förbund {nr:03}")
    assert fragor() == en

    svar = organisationslista(client, q="*", sortering="-namn", kolumner=["ort"])
    assert len(svar.context["rader"]) == 100
    assert "?q=*&amp;sortering=-namn&amp;kolumner=ort&amp;sida=2" in text(svar).replace("%2A", "*")
    export = reverse("uppdrag:organisationsexport")
    assert f"{export}?q=*&amp;sortering=-namn&amp;kolumner=ort" in text(svar).replace("%2A", "*")


def test_organisationsexporten_ar_det_som_visas_och_formler_ar_text(client, org, administrator):
    fabriker.organisation(namn="=1+1", kontaktperson="@summa", startdatum=date(2024, 3, 1))
    fabriker.organisation(namn="Tvåparten", samverkansform="tvapart")

    svar = client.get(
        reverse("uppdrag:organisationsexport"),
        {"form": "finsam", "kolumner": ["kontaktperson", "startdatum", "insatser"], "sortering": "-namn"},
    )
    rader = list(load_workbook(io.BytesIO(svar.content)).active.iter_rows())

    assert [cell.value for cell in rader[0]] == ["Namn", "Kontaktperson", "Startdatum", "Pågående insatser"]
    assert [rad[0].value for rad in rader[1:]] == ["Samordningsförbundet Älven", "=1+1"]
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in rader[2][:2])
    assert rader[2][2].value.date() == date(2024, 3, 1)
    assert rader[2][3].value == 0
    assert "no-store" in svar["Cache-Control"]


def test_organisationens_alla_anvandare(client, org, insats, administrator):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, fornamn="Dag", efternamn="Ek")
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats)
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, fabriker.insats(org))
    slutat = fabriker.uppdrag(
        fabriker.anvandare(fornamn="Sven", efternamn="Slut"), Roll.INSATSANSVARIG, org,
        fran=IDAG - timedelta(days=9), till=IDAG - timedelta(days=1),
    )  # fmt: skip
    adress = reverse("uppdrag:anvandare", args=[org.pk])

    svar = text(client.get(adress))

    assert "Deltagaransvarig (2)" in svar
    assert "Sven Slut" not in svar
    assert "Dag Ek" in text(client.get(adress, {"efternamn": "e*"}))
    assert "Inga användare matchar" in text(client.get(adress, {"efternamn": "finns inte"}))
    historik = reverse("uppdrag:anvandares_uppdrag", args=[org.pk, slutat.behorighet.anvandare_id])
    assert "Avslutat" in text(client.get(historik))
    assert client.get(reverse("uppdrag:anvandares_uppdrag", args=[org.pk, 0])).status_code == 404


@pytest.mark.parametrize("antal", [1, 8])
def test_organisationens_sida_tar_samma_antal_fragor(client, org, administrator, django_assert_num_queries, antal):
    for _ in range(antal):
        fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)

    with django_assert_num_queries(15):
        client.get(org.get_absolute_url())


def orgdata(**falt):
    return {
        "namn": "Samordningsförbundet Nya",
        "organisationsnummer": "222000-1230",
        "samverkansform": "finsam",
        "startdatum": IDAG.isoformat(),
        "beskrivning": "Parterna samverkar.",
        "kommuner": ["1283", "1280"],
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def med_kontrollsiffra(nio):
    return f"{nio[:6]}-{nio[6:]}{fabriker.kontrollsiffra(nio)}"


NUMMER = med_kontrollsiffra("222000123")


def test_registrera_samverkansorganisation_och_dess_forsta_administrator(client, system):
    svar = client.post(reverse("uppdrag:ny_organisation"), orgdata(organisationsnummer=NUMMER), follow=True)

    org = Samverkansorganisation.objects.get()
    assert svar.redirect_chain == [(org.get_absolute_url(), 302)]
    assert set(org.kommuner.values_list("kod", flat=True)) == {"1280", "1283"}
    assert loggat("samverkansorganisation_registrerad").get().detaljer == {"organisation": org.pk}
    valj = reverse("uppdrag:valj_forsta", args=[org.pk])
    assert f'href="{valj}"' in text(svar)
    vald = med_roll(Roll.SAMVERKANSADMINISTRATOR)
    client.post(ge_adress("forsta", org.pk, vald), tid())
    assert Uppdrag.objects.get().behorighet == vald
    assert f'href="{valj}"' not in text(client.get(org.get_absolute_url()))


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"namn": ""}, "Ange namn."),
        ({"organisationsnummer": "222000-123"}, "Ange organisationsnumret med tio siffror"),
        ({"organisationsnummer": NUMMER[:-1] + str((int(NUMMER[-1]) + 1) % 10)}, "Kontrollera organisationsnumret."),
        ({"samverkansform": ""}, "Välj samverkansform."),
        ({"startdatum": "i går"}, "Ange datumet som åååå-mm-dd."),
        ({"kommuner": []}, "Välj minst en kommun."),
        ({"samverkansform": "handlingsplan", "startdatum": "2013-02-01"}, "fanns före 2013-02-01"),
    ],
)
def test_registrera_samverkansorganisation_med_fel(client, system, falt, besked):
    svar = client.post(reverse("uppdrag:ny_organisation"), orgdata(organisationsnummer=NUMMER) | falt)

    assert besked in text(svar)
    assert not Samverkansorganisation.objects.exists()


def test_en_historisk_samverkansorganisation_registreras(client, system):
    sida = text(client.get(reverse("uppdrag:ny_organisation")))
    assert "Handlingsplanssamverkan är en historisk form, före 2013-02-01." in sida

    data = orgdata(organisationsnummer=NUMMER, samverkansform="handlingsplan", startdatum="2013-01-31")
    client.post(reverse("uppdrag:ny_organisation"), data)

    assert Samverkansorganisation.objects.get().samverkansform == "handlingsplan"


def test_tjansten_nekar_en_form_som_inte_fanns(system):
    with pytest.raises(ValidationError, match="fanns före 2013-02-01"):
        skapa_samverkansorganisation(
            namn="Ny",
            organisationsnummer=NUMMER,
            samverkansform="handlingsplan",
            beskrivning="",
            startdatum=date(2013, 2, 1),
            kommuner=["1283"],
            kontakt={},
            av=system,
        )


def test_samma_organisationsnummer_ar_ett_fel_vid_numret(client, system):
    fabriker.organisation(namn="Den gamla", organisationsnummer=NUMMER)

    svar = client.post(reverse("uppdrag:ny_organisation"), orgdata(organisationsnummer=NUMMER))

    assert "Den gamla har redan det organisationsnumret." in text(svar)
    assert list(svar.context["form"].errors) == ["organisationsnummer"]


def test_dubbelklick_ger_en_samverkansorganisation(client, system):
    data = orgdata(organisationsnummer=NUMMER)

    svar = [client.post(reverse("uppdrag:ny_organisation"), data) for _ in range(2)]

    assert svar[0].url == svar[1].url
    assert Samverkansorganisation.objects.count() == 1


# Behörigheten tar slut (R4)


@pytest.fixture
def bestallare(client):
    konto = fabriker.anvandare(Roll.BESTALLARE)
    client.force_login(konto)
    return konto


def test_avslutad_behorighet_avslutar_uppdragen_och_sager_vilka(client, org, insats, bestallare):
    konto = fabriker.deltagaransvarig(insats, fabriker.insats(org, namn="Andra vägen"))
    vald = konto.behorigheter.get()
    adress = reverse("uppdrag:avsluta_behorighet", args=[vald.pk])
    assert "Vägen vidare" in text(client.get(adress))

    svar = client.post(adress, {"nu": "1", "token": str(uuid4())}, follow=True)

    assert svar.redirect_chain == [(reverse("behorigheter"), 302)]
    assert "Vägen vidare, Andra vägen" in text(svar) or "Andra vägen, Vägen vidare" in text(svar)
    assert not Uppdrag.objects.filter(behorighet=vald, avslutad_vid=None).exists()
    assert loggat("uppdrag_avslutat").count() == 2
    client.force_login(konto)
    assert client.get("/deltagare/registrera/").status_code == 403


def test_behorighetens_sista_dag_blir_uppdragens(org, insats):
    av = fabriker.anvandare(Roll.BESTALLARE)
    konto = fabriker.anvandare(Roll.INSATSANSVARIG)
    langt, kort, kommande, slutat = (
        fabriker.uppdrag(konto, Roll.INSATSANSVARIG, fabriker.organisation(), **falt)
        for falt in (
            {},
            {"till": IMORGON},
            {"fran": OM_EN_MANAD + timedelta(days=1)},
            {"fran": date(2025, 1, 1), "till": date(2025, 2, 1)},
        )
    )

    avslutade = avsluta_uppdrag_for(behorighet=konto.behorigheter.get(), till=OM_EN_MANAD, av=av)

    assert {rad.pk for rad in avslutade} == {langt.pk, kommande.pk}
    rader = {rad.pk: rad for rad in Uppdrag.objects.att_visa()}
    assert (rader[langt.pk].till, rader[kort.pk].till) == (OM_EN_MANAD, IMORGON)
    assert rader[kommande.pk].lage == Uppdragslage.AVSLUTAT
    assert rader[slutat.pk].till == date(2025, 2, 1)


def test_behorighet_hos_annan_arbetsgivare_eller_roll_som_inte_bestalls_ar_404(client, bestallare):
    annan = Organisation.objects.create(namn="Annan kommun", typ="kommun")
    for vald in (
        med_roll(Roll.INSATSANSVARIG, arbetsgivare=annan),
        med_roll(Roll.BESTALLARE),
        med_roll(Roll.SYSTEMADMINISTRATOR),
    ):
        assert client.post(reverse("uppdrag:avsluta_behorighet", args=[vald.pk]), {"nu": "1"}).status_code == 404


def test_inget_avslutas_om_behorigheten_inte_gar_att_avsluta(client, org, bestallare):
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.INSATSANSVARIG, org)
    adress = reverse("uppdrag:avsluta_behorighet", args=[uppdrag.behorighet_id])

    svar = client.post(adress, {"till": "2020-01-01", "avsluta": "1"})

    assert "Datumet har redan passerat." in text(svar)
    uppdrag.refresh_from_db()
    assert uppdrag.till is None


# Vem man frågar (R3)


def test_den_som_saknar_uppdrag_far_veta_vem_i_organisationerna_den_har_haft(client, org, insats):
    med_namn = fabriker.anvandare(fornamn="Inga", efternamn="Ansvar")
    fabriker.uppdrag(med_namn, Roll.INSATSANSVARIG, org)
    fabriker.uppdrag(fabriker.anvandare(fornamn="Annan", efternamn="Ort"), Roll.INSATSANSVARIG, fabriker.organisation())
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG)
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats, fran=date(2025, 1, 1), till=date(2025, 2, 1))
    client.force_login(konto)

    for sida in ("/", "/deltagare/registrera/", "/deltagare/anonyma/"):
        svar = text(client.get(sida))
        assert "Vänd dig till insatsansvarig för att få ett: Inga Ansvar (Försäkringskassan)." in svar
        assert "Annan Ort" not in svar


def test_annars_hos_samma_arbetsgivare_och_hogst_fem(org):
    annan = Organisation.objects.create(namn="Annan kommun", typ="kommun")
    for nr in range(6):
        fabriker.uppdrag(fabriker.anvandare(fornamn="Ada", efternamn=f"E{nr}"), Roll.SAMVERKANSADMINISTRATOR, org)
    fabriker.uppdrag(fabriker.anvandare(arbetsgivare=annan), Roll.SAMVERKANSADMINISTRATOR, org)

    fragade = kan_ge(fabriker.anvandare(Roll.INSATSANSVARIG), Roll.INSATSANSVARIG)

    assert [en.efternamn for en in fragade] == ["E0", "E1", "E2", "E3", "E4"]


def test_utan_nagon_att_namna_sags_rollen(client):
    konto = fabriker.anvandare(Roll.INSATSANSVARIG)
    client.force_login(konto)

    assert att_fraga(konto, Roll.INSATSANSVARIG) == "Vänd dig till samverkansadministratör för att få ett."
    assert "Vänd dig till samverkansadministratör för att få ett." in text(client.get("/insatser/ny/"))


def test_samverkansadministratoren_fragar_systemadministratoren_vid_namn(client):
    fabriker.anvandare(Roll.SYSTEMADMINISTRATOR, fornamn="Sten", efternamn="Öberg")
    client.force_login(fabriker.anvandare(Roll.SAMVERKANSADMINISTRATOR))

    assert "Vänd dig till systemadministratör för att få ett: Sten Öberg (Försäkringskassan)." in text(client.get("/"))

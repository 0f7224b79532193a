"""Sidorna: rätt innehåll, fel på svenska, dubbelklick och samtidiga ändringar (P1, P15)."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Anonym, Deltagande, Identitet, Volymantal
from insatser.models import Insats
from tests import fabriker
from tests.test_kostnad import SPARA, VISA, raknat

pytestmark = pytest.mark.django_db


@pytest.fixture
def org():
    return fabriker.organisation(namn="Samordningsförbundet Älven")


@pytest.fixture
def insatsansvarig(client, org):
    konto = fabriker.insatsansvarig(org)
    client.force_login(konto)
    return konto


@pytest.fixture
def insats(org):
    return fabriker.insats(org, namn="Vägen vidare")


@pytest.fixture
def deltagaransvarig(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


def insatsdata(org, **falt):
    return {
        "samverkansorganisation": org.pk,
        "namn": "Ny start",
        "beskrivning": "",
        "startdatum": "2024-01-01",
        "slutdatum": "",
        "inriktning": "individ",
        "preciserad_inriktning": "forberedande",
        "deltagarregistrering": "personuppgifter",
        "malgrupper": ["unga", "kvinnor"],
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def indata(insats, nummer, **falt):
    return {
        "insats": insats.pk,
        "personnummer": nummer.utskrivet,
        "registrering": "in",
        "samtycke": "2025-03-01",
        "inregistrering": "20250301",
        "fornamn": "Kim",
        "efternamn": "Påhittad",
        "kommun": "1283",
        "stadsdel": "",
        "forsorjning_fore": ["sjukpenning"],
        "tid_i_forsorjning": "1_2",
        "utbildning": "gymnasium",
        "arbetar_fore": "ja",
        "arbete_fore": "25",
        "arbetstyp_fore": ["subventionerat"],
        "studerar_fore": "nej",
        "studier_fore": "",
        "arbetssokande_fore": "",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def text(svar):
    return svar.content.decode()


def test_utan_inloggning_leds_man_till_inloggningen(client):
    svar = client.get("/insatser/")

    assert svar.status_code == 302
    assert svar.url == "/logga-in/?next=/insatser/"


def test_logga_in_med_fel_losenord_sager_inget_om_kontot(client):
    fabriker.anvandare(username="finns", password="ratt-losenord")

    for namn in ("finns", "finns-inte"):
        svar = client.post("/logga-in/", {"username": namn, "password": "fel"})
        assert "Användarnamnet eller lösenordet stämmer inte" in text(svar)


def test_konto_utan_roll_far_veta_vem_man_fragar(client):
    client.force_login(fabriker.anvandare())

    svar = client.get("/")

    assert svar.status_code == 403
    assert "Du saknar behörighet till SUS" in text(svar)


def test_startsidan_sager_vem_som_ger_uppdrag(client):
    client.force_login(fabriker.anvandare(Roll.DELTAGARANSVARIG))

    assert "Vänd dig till insatsansvarig" in text(client.get("/"))


def test_registrera_insats(client, org, insatsansvarig):
    svar = client.post(reverse("insatser:ny"), insatsdata(org), follow=True)

    insats = Insats.objects.get()
    assert svar.redirect_chain == [(f"/insatser/{insats.pk}/", 302)]
    assert (insats.nyckel, insats.malgrupper, insats.last) == (f"SUS-{insats.pk}", ["kvinnor", "unga"], False)
    assert "Insatsen Ny start är registrerad." in text(svar)


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"namn": ""}, "Ange insatsens namn."),
        ({"startdatum": "2024-1-1"}, "Ange datumet som åååå-mm-dd."),
        ({"slutdatum": "2023-12-31"}, "Slutdatum kan inte vara före startdatum."),
        ({"startdatum": "2014-12-31"}, "kan inte börja före samverkansorganisationen"),
        ({"inriktning": ""}, "Välj inriktning."),
        ({"preciserad_inriktning": ""}, "Välj preciserad inriktning."),
        ({"preciserad_inriktning": "utbildning"}, "Den preciserade inriktningen hör inte till inriktningen."),
        ({"malgrupper": []}, "Välj minst en målgrupp."),
        ({"malgrupper": ["kvinnor", "man"]}, "Kvinnor och Män kan inte väljas tillsammans"),
        ({"malgrupper": ["unga", "ej_tillampliga"]}, "Ej tillämpliga målgrupper kan inte väljas tillsammans"),
        ({"deltagarregistrering": ""}, "Välj hur deltagare ska registreras."),
    ],
)
def test_registrera_insats_fel_vid_faltet_och_inget_sparat(client, org, insatsansvarig, falt, besked):
    svar = client.post(reverse("insatser:ny"), insatsdata(org, **falt))

    assert svar.status_code == 200
    assert besked in text(svar)
    assert "<title>Fel: " in text(svar)
    assert not Insats.objects.exists()


def test_registrera_insats_i_annans_organisation_nekas(client, insatsansvarig):
    annan = fabriker.organisation()

    svar = client.post(reverse("insatser:ny"), insatsdata(annan))

    assert "Du har inget uppdrag i den samverkansorganisationen." in text(svar)
    assert not Insats.objects.exists()


def test_samma_namn_i_organisationen_ar_ett_fel_vid_namnet(client, org, insatsansvarig):
    fabriker.insats(org, namn="Ny start")

    svar = client.post(reverse("insatser:ny"), insatsdata(org))

    assert "har redan en insats med det namnet" in text(svar)
    assert "namn" in svar.context["form"].errors


def test_dubbelklick_ger_en_insats_och_samma_svar(client, org, insatsansvarig):
    data = insatsdata(org)

    forsta = client.post(reverse("insatser:ny"), data)
    andra = client.post(reverse("insatser:ny"), data)

    assert forsta.url == andra.url
    assert Insats.objects.count() == 1


def test_samma_token_med_annat_innehall_ger_formularet_tillbaka(client, org, insatsansvarig):
    data = insatsdata(org)
    client.post(reverse("insatser:ny"), data)

    svar = client.post(reverse("insatser:ny"), data | {"namn": "Något annat"})

    assert "redan skickats en gång, med andra uppgifter" in text(svar)
    assert 'value="Något annat"' in text(svar)
    assert Insats.objects.count() == 1
    ny_token = svar.context["form"]["token"].value()
    client.post(reverse("insatser:ny"), data | {"namn": "Något annat", "token": ny_token})
    assert Insats.objects.count() == 2


def test_uppdatera_val_utan_skript_byter_valen_och_sparar_inget(client, org, insatsansvarig):
    data = insatsdata(org, inriktning="struktur", visad_inriktning="individ", uppdatera="1")
    del data["spara"]

    svar = client.post(reverse("insatser:ny"), data)

    form = svar.context["form"]
    assert [kod for kod, _ in form.fields["malgrupper"].choices] == [
        "myndighetspersonal",
        "samhallet",
        "ej_tillampliga",
    ]
    assert form["deltagarregistrering"].value() == "antal"  # R10
    assert form["malgrupper"].value() == []
    assert 'value="Ny start"' in text(svar)
    assert not form.errors
    assert not Insats.objects.exists()


def test_kategorival_for_htmx_foljer_inriktningen(client, org, insatsansvarig):
    svar = client.get(
        reverse("insatser:kategorival"),
        {"samverkansorganisation": org.pk, "inriktning": "struktur", "preciserad_inriktning": "forberedande"},
    )

    assert "Dialog och kommunikation" in text(svar)
    assert "Förberedande insats" not in text(svar)


def test_andra_insats_och_den_andra_far_veta_vad_som_skiljer(client, org, insatsansvarig, insats):
    adress = reverse("insatser:andra", args=[insats.pk])
    data = insatsdata(org, namn="Ändrat namn", version="1")

    assert client.post(adress, data).status_code == 302
    mitt = insatsdata(org, namn="Mitt namn", version="1")
    svar = client.post(adress, mitt)

    assert "Någon annan har sparat ändringar" in text(svar)
    assert ("Insatsnamn", "Ändrat namn", "Mitt namn") in svar.context["skillnader"]
    assert client.post(adress, mitt | {"version": "2"}).status_code == 302
    insats.refresh_from_db()
    assert (insats.namn, insats.version) == ("Mitt namn", 3)


def test_last_kategorisering_visas_som_text_och_andras_inte(client, org, insatsansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    sida = text(client.get(reverse("insatser:andra", args=[insats.pk])))
    svar = client.post(
        reverse("insatser:andra", args=[insats.pk]),
        insatsdata(org, namn="Nytt namn", inriktning="struktur", version="2"),
    )

    assert "Kategoriseringen går inte att ändra." in sida
    assert 'name="inriktning"' not in sida
    assert svar.status_code == 302
    insats.refresh_from_db()
    assert (insats.namn, insats.inriktning) == ("Nytt namn", "individ")


def test_laset_som_kom_emellan_tappar_aldrig_valen_tyst(client, org, insatsansvarig, insats):
    adress = reverse("insatser:andra", args=[insats.pk])
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    svar = client.post(adress, insatsdata(org, preciserad_inriktning="forebyggande", version="1"))

    assert "Någon annan har sparat ändringar" in text(svar)
    assert "Kategoriseringen går inte att ändra." in text(svar)


def test_slutdatum_som_passerat_nekas_medan_deltagare_ar_kvar(client, org, insatsansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    adress = reverse("insatser:andra", args=[insats.pk])

    svar = client.post(adress, insatsdata(org, slutdatum="2025-12-31", version="2"))

    assert "1 deltagare är fortfarande inregistrerade i insatsen." in text(svar)
    kommande = (timezone.localdate() + timedelta(days=30)).isoformat()
    assert client.post(adress, insatsdata(org, slutdatum=kommande, version="2")).status_code == 302


def test_startdatum_efter_forsta_registreringen_nekas(client, org, insatsansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    svar = client.post(
        reverse("insatser:andra", args=[insats.pk]), insatsdata(org, startdatum="2025-03-02", version="2")
    )

    assert "Startdatum kan inte vara efter den första registreringen (2025-03-01)." in text(svar)


@pytest.mark.parametrize("antal", [1, 3])
def test_listan_har_samma_antal_fragor(client, insatsansvarig, org, django_assert_num_queries, antal):
    for _ in range(antal):
        fabriker.insats(org)

    with django_assert_num_queries(11):
        svar = client.get("/insatser/")

    assert svar.context["sida"].paginator.count == antal


@pytest.mark.parametrize(
    ("fraga", "namn"),
    [
        ("q=väg", {"Vägen vidare"}),
        ("q=*vidare", {"Vägen vidare"}),
        ("q=v*r*e", {"Vägen vidare"}),
        ("q=(", set()),
        ("lage=avslutad", {"Äldre"}),
        ("lage=hittepå", {"Vägen vidare", "Äldre", "Zebra"}),
    ],
)
def test_sokning_med_stjarna(client, insatsansvarig, org, insats, fraga, namn):
    fabriker.insats(org, namn="Äldre", slutdatum=date(2020, 1, 1))
    fabriker.insats(org, namn="Zebra")

    svar = client.get(f"/insatser/?{fraga}")

    assert {rad.namn for rad in svar.context["sida"]} == namn


def test_listan_star_i_svensk_ordning(client, insatsansvarig, org):
    for namn in ("Östra", "zon", "Ängen", "Åter", "Adam", "Éva", "Eva 2"):
        fabriker.insats(org, namn=namn)

    namn = [rad.namn for rad in client.get("/insatser/").context["sida"]]

    assert namn == ["Adam", "Éva", "Eva 2", "zon", "Åter", "Ängen", "Östra"]


def test_inregistrera_pa_sidan(client, insats, deltagaransvarig):
    svar = client.post(reverse("deltagare:registrera"), indata(insats, fabriker.nytt_nummer()), follow=True)

    satt_sammanhang(deltagaransvarig)
    deltagande = Deltagande.objects.get()
    assert "Deltagaren är inregistrerad i Vägen vidare 2025-03-01." in text(svar)
    assert (deltagande.arbete_fore, deltagande.studier_fore, deltagande.arbetssokande_fore) == (25, 0, None)
    assert "Påhittad" not in text(svar)
    assert svar["Cache-Control"].count("no-store") == 1


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"personnummer": "19800101-1234"}, "Kontrollera personnumret"),
        ({"personnummer": ""}, "Ange personnummer."),
        ({"samtycke": ""}, "Ange när samtycket lämnades."),
        ({"samtycke": "2025-03-02"}, "Utan samtycke registreras deltagaren som anonym."),
        ({"fornamn": ""}, "Ange förnamn."),
        ({"kommun": ""}, "Välj kommun."),
        ({"inregistrering": "2099-01-01"}, "Datumet kan inte vara i framtiden."),
        ({"arbete_fore": ""}, "Ange andelen i procent, 1–100."),
        ({"arbete_fore": "101"}, "Ange andelen i procent, 1–100."),
        ({"forsorjning_fore": ["ingen", "annan"]}, "Ingen offentlig försörjning kan inte väljas"),
    ],
)
def test_inregistrera_fel_pa_svenska_och_det_skrivna_kvar(client, insats, deltagaransvarig, falt, besked):
    svar = client.post(reverse("deltagare:registrera"), indata(insats, fabriker.nytt_nummer(), **falt))

    assert svar.status_code == 200
    assert besked in text(svar)
    assert 'value="Påhittad"' in text(svar)
    satt_sammanhang(deltagaransvarig)
    assert not Deltagande.objects.exists()


def test_inklistrat_personnummer_med_blanksteg_gar(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    skrivet = f" {nummer.nummer[2:8]} - {nummer.nummer[8:]} "

    assert client.post(reverse("deltagare:registrera"), indata(insats, nummer, personnummer=skrivet)).status_code == 302


def test_stadsdel_i_fel_kommun_nekas(client, insats, deltagaransvarig):
    form = client.get(reverse("deltagare:registrera")).context["form"]
    stadsdel = form.fields["stadsdel"].choices[1][1][0][0]

    svar = client.post(reverse("deltagare:registrera"), indata(insats, fabriker.nytt_nummer(), stadsdel=stadsdel))

    assert "ligger inte i Helsingborg" in text(svar)


def test_dubbelklick_ger_en_inregistrering(client, insats, deltagaransvarig):
    data = indata(insats, fabriker.nytt_nummer())

    assert (
        client.post(reverse("deltagare:registrera"), data).url == client.post(reverse("deltagare:registrera"), data).url
    )

    satt_sammanhang(deltagaransvarig)
    assert Deltagande.objects.count() == 1


def test_inregistrering_visas_och_sparas_med_fa_fragor(client, insats, deltagaransvarig):
    data = indata(insats, fabriker.nytt_nummer())

    with raknat() as visa:
        client.get(reverse("deltagare:registrera"))
    with raknat() as spara:
        assert client.post(reverse("deltagare:registrera"), data).status_code == 302

    assert (visa.fragor <= VISA, spara.fragor <= SPARA) == (True, True), (visa.fragor, spara.fragor)


def utdata(deltagande, nummer, **falt):
    return {
        "insats": deltagande.insats_id,
        "personnummer": nummer.utskrivet,
        "registrering": "ut",
        "deltagande": deltagande.pk,
        "version": deltagande.version,
        "utregistrering": "2025-06-01",
        "avslutningsanledning": "fullfoljd",
        "forsorjning_efter": ["ingen"],
        "arbetar_efter": "ja",
        "arbete_efter": "100",
        "arbetstyp_efter": ["ej_subventionerat"],
        "studerar_efter": "nej",
        "studier_efter": "",
        "arbetssokande_efter": "nej",
        "spara": "Spara",
        **falt,
    }


def test_utregistrera_hamtar_forst_och_sparar_sedan(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    hamta = {"insats": insats.pk, "personnummer": nummer.nummer, "registrering": "ut", "hamta": "1"}

    sida = text(client.post(reverse("deltagare:registrera"), hamta))
    svar = client.post(reverse("deltagare:registrera"), utdata(deltagande, nummer), follow=True)

    assert "Kim Påhittad" in sida
    assert Handelse.objects.filter(
        typ="person_visad", person_id=deltagande.person_id, av_id=deltagaransvarig.pk
    ).exists()
    assert "Deltagaren är utregistrerad ur Vägen vidare 2025-06-01." in text(svar)
    satt_sammanhang(deltagaransvarig)
    deltagande.refresh_from_db()
    assert (deltagande.arbete_efter, deltagande.studier_efter, deltagande.arbetssokande_efter) == (100, 0, False)
    assert (deltagande.utregistrering, deltagande.avslutningsanledning) == (date(2025, 6, 1), "fullfoljd")


def test_utregistrera_okand_person_sager_bara_att_den_inte_finns_har(client, insats, deltagaransvarig):
    annan = fabriker.insats()
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=nummer)

    svar = client.post(
        reverse("deltagare:registrera"),
        {"insats": insats.pk, "personnummer": nummer.nummer, "registrering": "ut", "hamta": "1"},
    )

    assert "Personen är inte inregistrerad i insatsen." in text(svar)
    assert "Kim" not in text(svar)


def test_felregistrering_utan_datum_gar(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)

    data = utdata(deltagande, nummer, avslutningsanledning="felregistrering", utregistrering="")
    assert client.post(reverse("deltagare:registrera"), data).status_code == 302

    satt_sammanhang(deltagaransvarig)
    deltagande.refresh_from_db()
    assert (deltagande.felregistrerad, deltagande.utregistrering) == (True, timezone.localdate())


def test_tillbaka_och_andra_efter_utregistrering_ger_besked(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    data = utdata(deltagande, nummer, token=str(uuid4()))
    client.post(reverse("deltagare:registrera"), data)

    svar = client.post(reverse("deltagare:registrera"), data | {"utregistrering": "2025-07-01"})

    assert svar.status_code == 200
    assert "Deltagaren är redan utregistrerad 2025-06-01. Det du skrev nu är inte sparat." in text(svar)


def test_samma_samtycke_racker_inte_till_en_ny_inregistrering(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    client.post(reverse("deltagare:registrera"), utdata(deltagande, nummer))

    data = indata(insats, nummer, inregistrering="2025-08-01", samtycke="2025-03-01")
    svar = client.post(reverse("deltagare:registrera"), data)

    assert "Ett nytt behövs för varje inregistrering." in text(svar)
    nytt = data | {"samtycke": "2025-08-01"}
    assert client.post(reverse("deltagare:registrera"), nytt).status_code == 302


def test_felregistrering_fragar_inget_annat(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)

    data = utdata(deltagande, nummer, avslutningsanledning="felregistrering", arbete_efter="")
    svar = client.post(reverse("deltagare:registrera"), data)

    assert svar.status_code == 302
    satt_sammanhang(deltagaransvarig)
    deltagande.refresh_from_db()
    assert (deltagande.felregistrerad, deltagande.arbete_efter, deltagande.forsorjning_efter) == (True, None, [])


def test_aterkallat_samtycke_pa_sidan(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)

    data = utdata(deltagande, nummer, avslutningsanledning="atertaget_samtycke")
    svar = client.post(reverse("deltagare:registrera"), data, follow=True)

    assert "Identiteten är borttagen." in text(svar)
    satt_sammanhang(deltagaransvarig)
    assert not Identitet.objects.exists()


def i_raderna(svar):
    """De tillagda raderna så som formuläret bär dem."""
    return re.findall(r'name="rad" value="([^"]*)"', svar.content.decode())


def test_anonyma_laggs_till_rad_for_rad_och_sparas(client, insats, deltagaransvarig):
    adress = reverse("deltagare:anonyma")
    grund = {"insats": insats.pk, "ar": "2025", "antal_kvinnor": "", "antal_man": "", "token": str(uuid4())}

    forsta = client.post(adress, grund | {"antal_kvinnor": "3", "lagg_till": "kvinna"})
    assert "Vägen vidare 2025, kvinnor: <strong>3</strong>" in text(forsta)
    assert i_raderna(forsta) == [f"{insats.pk}:2025:kvinna:3"]
    andra = client.post(adress, grund | {"rad": i_raderna(forsta), "antal_man": "2", "lagg_till": "man"})
    rader = i_raderna(andra)
    assert rader == [f"{insats.pk}:2025:kvinna:3", f"{insats.pk}:2025:man:2"]
    assert "Vägen vidare 2025, män: <strong>2</strong>" in text(andra)
    struken = client.post(adress, grund | {"rad": rader, "stryk": "0"})
    assert i_raderna(struken) == rader[1:]
    assert not Anonym.objects.exists()

    svar = client.post(adress, grund | {"rad": rader, "antal_kvinnor": "1", "spara": "Spara"}, follow=True)

    assert set(Anonym.objects.values_list("kon", "antal")) == {("kvinna", 4), ("man", 2)}
    assert "6 anonyma deltagare är registrerade i Vägen vidare för 2025." in text(svar)
    insats.refresh_from_db()
    assert insats.last_av == "anonym"


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"ar": str(timezone.localdate().year + 1)}, "Året kan inte vara i framtiden."),
        ({"ar": "2014"}, "Året kan inte vara före 2015, då insatsen startade."),
        ({"antal_kvinnor": "-1"}, "Ange ett antal"),
        ({"antal_kvinnor": ""}, "Ange minst ett antal"),
        ({"antal_kvinnor": "många"}, "Ange ett heltal"),
        ({"ar": "-1"}, "Ange året med fyra siffror"),
        ({"ar": "99999999999"}, "Ange året med fyra siffror"),
        ({"antal_kvinnor": "", "rad": ["1:2025:kvinna:00001999", "kvinna:3", "9:" * 5000]}, "Ange minst ett antal"),
    ],
)
def test_anonyma_fel(client, insats, deltagaransvarig, falt, besked):
    data = {"insats": insats.pk, "ar": "2025", "antal_kvinnor": "1", "antal_man": "", "spara": "Spara", **falt}

    svar = client.post(reverse("deltagare:anonyma"), data)

    assert besked in text(svar)
    assert not Anonym.objects.exists()
    insats.refresh_from_db()
    assert not insats.last


def test_anonyma_med_trasigt_radnummer_andrar_inget(client, insats, deltagaransvarig):
    data = {"insats": insats.pk, "ar": "2025", "rad": [f"{insats.pk}:2025:kvinna:3"], "stryk": "²"}

    assert i_raderna(client.post(reverse("deltagare:anonyma"), data)) == data["rad"]


@pytest.mark.parametrize("knapp", [{"spara": "Spara"}, {"lagg_till": "man"}], ids=["spara", "lägg till"])
@pytest.mark.parametrize("falt", ["ar", "insats"])
def test_tillagda_rader_blir_aldrig_ett_annat_ar_eller_en_annan_insats(
    client, org, insats, deltagaransvarig, falt, knapp
):
    andra = fabriker.insats(org, namn="Broar")
    fabriker.uppdrag(deltagaransvarig, Roll.DELTAGARANSVARIG, andra)
    rader = [f"{insats.pk}:2025:kvinna:3"]
    data = {"insats": insats.pk, "ar": "2025", "antal_kvinnor": "", "antal_man": "2", "rad": rader, **knapp}

    svar = client.post(reverse("deltagare:anonyma"), data | {falt: {"ar": "2024", "insats": andra.pk}[falt]})

    assert set(svar.context["form"].errors) == {falt}
    assert "Raderna att spara gäller Vägen vidare 2025. Ändra tillbaka och spara dem först, eller ta bort dem." in text(
        svar
    )
    assert i_raderna(svar) == rader
    assert "Vägen vidare 2025, kvinnor: <strong>3</strong>" in text(svar)
    assert not Anonym.objects.exists()


@pytest.mark.parametrize(
    ("falt", "besked"),
    [({"insats": ""}, "Välj insats."), ({"ar": ""}, "Ange inregistreringsår."), ({"ar": "25"}, "åååå")],
)
def test_en_rad_laggs_till_bara_for_en_vald_insats_och_ett_ar(client, insats, deltagaransvarig, falt, besked):
    data = {"insats": insats.pk, "ar": "2025", "antal_kvinnor": "3", "lagg_till": "kvinna", **falt}

    svar = client.post(reverse("deltagare:anonyma"), data)

    assert besked in text(svar)
    assert i_raderna(svar) == []
    assert 'name="antal_kvinnor" value="3"' in text(svar)


def test_ta_bort_anonyma_rattar_men_laser_inte_upp(client, insats, deltagaransvarig):
    data = {"insats": insats.pk, "ar": "2025", "antal_kvinnor": "5", "antal_man": "", "spara": "Spara"}
    client.post(reverse("deltagare:anonyma"), data)
    adress = reverse("deltagare:ta_bort_anonyma", args=[insats.pk])
    bort = {"vilka": "2025:kvinna", "antal": "6", "anledning": "fel_antal", "token": str(uuid4())}

    for_manga = client.post(adress, bort)
    svar = client.post(adress, bort | {"antal": "5"}, follow=True)

    assert "Det finns 5 registrerade att ta bort." in text(for_manga)
    assert "5 anonyma deltagare är borttagna" in text(svar)
    assert Anonym.objects.get().antal == 0
    insats.refresh_from_db()
    assert insats.last
    assert Handelse.objects.get(typ="anonyma_borttagna").detaljer["anledning"] == "fel_antal"


def test_registrera_antal_med_plan_bredvid(client, org, insatsansvarig):
    volym = fabriker.volyminsats(org, startdatum=date(2024, 5, 1), slutdatum=date(2025, 6, 1))
    adress = reverse("deltagare:antal", args=[volym.pk])

    assert client.get(adress).context["form"].aren == [2025, 2024]
    data = {"antal_2024": "1 200", "version_2024": "0", "antal_2025": "", "version_2025": "0"}
    assert client.post(adress, data).url == volym.get_absolute_url()
    krock = client.post(adress, data | {"antal_2024": "7"})

    assert "Någon annan har sparat ändringar" in text(krock)
    assert krock.context["skillnader"] == [("Faktiskt antal 2024", "1200", "7")]
    assert list(Volymantal.objects.values_list("ar", "antal")) == [(2024, 1200)]
    assert client.post(adress, data | {"antal_2024": "", "version_2024": "1"}).status_code == 302
    assert not Volymantal.objects.exists()
    volym.refresh_from_db()
    assert volym.last_av == "antal"


@pytest.mark.parametrize(
    ("antal", "besked"),
    [("99999999999999", "Antalet är för stort. Ange högst 9\xa0999\xa0999."), ("-1", "Ange ett antal, 0 eller mer.")],
)
def test_registrera_antal_sager_om_det_ar_for_stort_eller_negativt(client, org, insatsansvarig, antal, besked):
    volym = fabriker.volyminsats(org, startdatum=date(2024, 5, 1), slutdatum=date(2024, 6, 1))

    svar = client.post(reverse("deltagare:antal", args=[volym.pk]), {"antal_2024": antal, "version_2024": "0"})

    assert svar.context["form"].errors == {"antal_2024": [besked]}


def test_registrera_antal_gar_bara_for_volyminsatser_i_egen_organisation(client, org, insatsansvarig, insats):
    fradnas = fabriker.volyminsats()

    for en in (insats, fradnas):
        assert client.get(reverse("deltagare:antal", args=[en.pk])).status_code == 404

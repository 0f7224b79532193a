"""Gången på *Registrera deltagare*: den som redan är registrerad, perioder som krockar, kvitton och det som tappas."""

import re
from datetime import date
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from lxml import html

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.forms.avslut import galler
from deltagare.models import Deltagande
from deltagare.personnummer import tolka
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post
from tests.test_kostnad import SPARA, raknat

SIDAN = "/deltagare/registrera/"


@pytest.fixture
def insats(db):
    return fabriker.insats(namn="Vägen vidare", slutdatum=date(2026, 6, 30))


@pytest.fixture
def ansvarig(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


@pytest.fixture
def nummer():
    return fabriker.nytt_nummer()


@pytest.fixture
def pagaende(insats, ansvarig, nummer):
    """Inregistrerad från 2025-09-01."""
    return fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 9, 1))


def indata(insats, nummer, **falt):
    return {
        "insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "in", "samtycke": "2025-03-01",
        "inregistrering": "2025-03-01", "fornamn": "Kim", "efternamn": "Påhittad", "kommun": "1283",
        "token": str(uuid4()), "spara": "Spara", **falt,
    }  # fmt: skip


def utdata(ett, nummer, **falt):
    return {
        "insats": ett.insats_id, "personnummer": nummer.utskrivet, "registrering": "ut", "deltagande": ett.pk,
        "version": 1, "utregistrering": "2025-10-02", "avslutningsanledning": "fullfoljd", "spara": "Spara", **falt,
    }  # fmt: skip


def avslutet(insats, nummer, **falt):
    """Panelen Utregistrering, ifylld för en tidigare period."""
    return {
        "avslut": galler(nummer, insats.pk), "utregistrering": "2025-08-31", "avslutningsanledning": "fullfoljd",
        **falt,
    }  # fmt: skip


def text(svar):
    return re.sub(r"\s+", " ", html.fromstring(svar.content.decode()).find(".//main").text_content())


def lankar(svar):
    return {lank.text_content().strip(): lank.get("href") for lank in html.fromstring(svar.content).iter("a")}


def sidan_for(ett):
    return reverse("deltagare:deltagande", args=[ett.pk])


def alla(konto):
    satt_sammanhang(konto)
    return list(Deltagande.objects.order_by("inregistrering").values_list("inregistrering", "utregistrering"))


# En tidigare period när en senare finns (R20)


def test_en_tidigare_period_registreras_med_sitt_slut(client, insats, ansvarig, nummer, pagaende):
    fel = client.post(SIDAN, indata(insats, nummer))

    assert fel.context["form"].errors == {
        "inregistrering": [
            "Personen är redan inregistrerad i insatsen från 2025-09-01. Tog den här perioden slut före det? "
            "Fyll i rutan Utregistrering längre ned på sidan, senast 2025-08-31."
        ]
    }
    assert "Situationen efter" in text(fel)
    assert fel.context["form"]["fornamn"].value() == "Kim"
    avslut = {
        **avslutet(insats, nummer), "forsorjning_efter": ["ingen"], "studerar_efter": "ja", "studier_efter": "50",
    }  # fmt: skip
    with raknat() as antal:
        svar = client.post(SIDAN, indata(insats, nummer, **avslut))

    assert svar.status_code == 302
    assert antal.fragor <= SPARA
    assert "inregistrerad i Vägen vidare 2025-03-01 och utregistrerad 2025-08-31." in text(client.get(svar.url))
    assert alla(ansvarig) == [(date(2025, 3, 1), date(2025, 8, 31)), (date(2025, 9, 1), None)]
    ny = Deltagande.objects.get(inregistrering=date(2025, 3, 1))
    assert (ny.avslutningsanledning, ny.studier_efter, ny.forsorjning_efter) == ("fullfoljd", 50, ["ingen"])
    loggat = Handelse.objects.filter(detaljer__deltagande=ny.pk).values_list("typ", flat=True)
    assert set(loggat) == {"deltagare_inregistrerad", "deltagare_utregistrerad"}


@pytest.mark.parametrize(
    ("avslut", "falt", "besked"),
    [
        ({"utregistrering": "2025-09-01"}, "utregistrering", "Ange en utregistrering senast 2025-08-31."),
        ({"utregistrering": "2025-02-01"}, "utregistrering", "inregistrering 2025-03-01, utregistrering 2025-02-01."),
        ({"utregistrering": ""}, "utregistrering", "Ange datum för utregistrering."),
        ({"avslutningsanledning": ""}, "avslutningsanledning", "Välj avslutningsanledning."),
        ({"avslutningsanledning": "felregistrering"}, "avslutningsanledning", "Välj ett giltigt alternativ"),
        ({"studerar_efter": "ja"}, "studier_efter", "Ange andelen i procent"),
        ({"samtycke": "2025-03-02"}, "samtycke", "Samtycket ska vara lämnat senast inregistreringsdagen."),
    ],
)
def test_avslutet_provas_som_en_utregistrering(client, insats, ansvarig, nummer, pagaende, avslut, falt, besked):
    svar = client.post(SIDAN, indata(insats, nummer, **avslutet(insats, nummer, **avslut)))

    assert set(svar.context["form"].errors) == {falt}
    assert besked in svar.context["form"].errors[falt][0]
    assert len(alla(ansvarig)) == 1


def ifyllt(svar, **knapp):
    """Det som sidan skickar, med sina dolda fält, när knappen väljs."""
    falten = {falt.html_name: falt.value() for falt in svar.context["form"]}
    return {namn: varde for namn, varde in falten.items() if varde not in (None, "", False, [])} | knapp


@pytest.fixture
def i_folkbokforingen(settings, insats, ansvarig, nummer, pagaende):
    """Den som har en senare period, och en annan."""
    settings.SUS_FOLKBOKFORING = "register"
    annan = fabriker.nytt_nummer()
    with som_agare():
        post(nummer, fornamn="Ada").save()
        post(annan, fornamn="Bo").save()
    return annan


def test_en_annans_utregistrering_foljer_inte_med_till_hamta(client, insats, ansvarig, nummer, i_folkbokforingen):
    data = indata(insats, nummer, hamta="1", **avslutet(insats, nummer, studerar_efter="nej"))
    del data["spara"]
    kvar = client.post(SIDAN, data).context["form"]
    assert kvar["utregistrering"].value() == "2025-08-31"

    hamtat = client.post(SIDAN, {**data, "personnummer": i_folkbokforingen.utskrivet})

    assert {"utregistrering", "avslutningsanledning", "studerar_efter", "avslut"}.isdisjoint(
        hamtat.context["form"].fields
    )
    svar = client.post(SIDAN, ifyllt(hamtat, insats=insats.pk, token=str(uuid4()), spara="Spara"))
    assert svar.status_code == 302
    assert alla(ansvarig) == [(date(2025, 3, 1), None), (date(2025, 9, 1), None)]


@pytest.mark.parametrize("vad", ["personnummer", "insats"])
@pytest.mark.parametrize("folkbokforing", ["", "register"])
def test_en_annans_utregistrering_sparas_inte(client, settings, insats, ansvarig, nummer, pagaende, vad, folkbokforing):
    settings.SUS_FOLKBOKFORING = folkbokforing
    annan = fabriker.nytt_nummer()
    if folkbokforing:
        with som_agare():
            for ett in (nummer, annan):
                post(ett, fornamn="Kim", efternamn="Påhittad").save()
    andra = fabriker.insats()
    fabriker.uppdrag(ansvarig, Roll.DELTAGARANSVARIG, andra)
    bytt = {"personnummer": annan.utskrivet} if vad == "personnummer" else {"insats": andra.pk}

    svar = client.post(SIDAN, {**indata(insats, nummer, **avslutet(insats, nummer)), **bytt})

    assert svar.status_code == 200
    assert "Utregistreringen gällde ett annat personnummer eller en annan insats, och är borttagen." in text(svar)
    assert "Avslutningsanledning" not in text(svar)
    assert len(alla(ansvarig)) == 1
    igen = client.post(SIDAN, ifyllt(svar, token=str(uuid4()), spara="Spara"))
    assert igen.status_code == 302
    assert alla(ansvarig)[0] == (date(2025, 3, 1), None)


def burna(svar):
    falten = html.fromstring(svar.content).xpath("//form[@id='registrering']//input[@type='hidden']")
    return [(falt.get("name"), falt.get("value")) for falt in falten if falt.get("name") != "csrfmiddlewaretoken"]


def test_den_som_valjer_utregistrering_och_tillbaka_har_allt_kvar(client, insats, nummer, pagaende):
    data = indata(insats, nummer, **avslutet(insats, nummer, forsorjning_fore=["a-kassa", "ingen"]), fornamn='"><b>')
    del data["spara"]

    ut = client.post(SIDAN, {**data, "registrering": "ut", "uppdatera": "1"})

    dolt = burna(ut)
    assert ("fornamn", '"><b>') in dolt
    assert {"token", "uppdatera", "personnummer", "insats", "registrering"}.isdisjoint(namn for namn, _ in dolt)
    burna_falt = {namn: [varde for annat, varde in dolt if annat == namn] for namn, _ in dolt}
    grund = {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "in", "uppdatera": "1"}
    tillbaka = client.post(SIDAN, {**burna_falt, **grund}).context["form"]
    for falt in ("fornamn", "kommun", "samtycke", "inregistrering", "forsorjning_fore", "utregistrering"):
        assert tillbaka[falt].value() == data[falt]
    # Hämta utregistrerar som annars
    del grund["uppdatera"]
    hamtat = client.post(SIDAN, {**burna_falt, **grund, "registrering": "ut", "hamta": "1"}).context["form"]
    assert hamtat["deltagande"].value() == pagaende.pk
    assert not hamtat["utregistrering"].value()


def test_panelen_for_en_tidigare_period_sager_vad_den_ar_till_for(client, insats, nummer, pagaende):
    fel = client.post(SIDAN, indata(insats, nummer))

    assert "För en period som tog slut före nästa. Är dagen för inregistrering fel? Rätta den i stället" in text(fel)
    # Ett fel i numret gör inte att det ifyllda försvinner
    fel = client.post(SIDAN, indata(insats, nummer, **{**avslutet(insats, nummer), "personnummer": "1"}))
    assert fel.context["form"]["utregistrering"].value() == "2025-08-31"


@pytest.mark.parametrize(("tillfalle", "finns"), [("ut", True), ("bada", True), ("in", False)])
def test_en_tidigare_period_leder_till_fragorna(client, insats, ansvarig, nummer, pagaende, tillfalle, finns):
    with som_agare():
        fabriker.fraga(insats.samverkansorganisation, tillfalle=tillfalle)
    data = indata(insats, nummer, **avslutet(insats, nummer))
    visad = client.post(SIDAN, {**data, "uppdatera": "1"}).context["form"]
    data["visade_fragor"] = visad["visade_fragor"].value()

    with raknat() as antal:
        kvittot = client.post(SIDAN, data)

    assert kvittot.status_code == 302
    assert antal.fragor <= SPARA
    ny = alla(ansvarig) and Deltagande.objects.get(inregistrering=date(2025, 3, 1))
    lank = lankar(client.get(kvittot.url)).get("Besvara också frågorna vid utregistrering")
    assert lank == (f"{sidan_for(ny)}ratta/?tillfalle=ut" if finns else None)
    if finns:
        assert client.get(lank).status_code == 200


# Läsningen av en annan registrering loggas innan beskedet visas (P8)


def lasta(ett):
    with som_agare():
        visade = Handelse.objects.filter(typ=Handelse.Typ.PERSON_VISAD, detaljer__deltagande=ett.pk)
        return list(visade.values_list("person_id", flat=True))


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({}, "från 2025-09-01"),
        ({"samtycke": "2025-10-01", "inregistrering": "2025-10-01"}, "från 2025-09-01"),
        ({"utregistrering": "2025-09-01", "avslutningsanledning": "fullfoljd"}, "från 2025-09-01"),
    ],
)
def test_det_som_ett_nej_for_hand_visar_loggas(client, insats, ansvarig, nummer, pagaende, falt, besked):
    givet = avslutet(insats, nummer, **falt) if "utregistrering" in falt else falt

    assert besked in text(client.post(SIDAN, indata(insats, nummer, fornamn="Någon", efternamn="Annan", **givet)))

    assert lasta(pagaende) == [pagaende.person_id]


@pytest.mark.parametrize("nasta", [True, False])
def test_samtyckets_nej_loggas(client, insats, ansvarig, nummer, pagaende, nasta):
    if nasta:
        givet = {"samtycke": "2025-03-01", **avslutet(insats, nummer)}
        with som_agare():
            Deltagande.objects.filter(pk=pagaende.pk).update(samtycke=date(2025, 2, 1))
    else:
        utregistrera(pagaende, ansvarig)
        givet = {"samtycke": pagaende.samtycke.isoformat(), "inregistrering": "2025-11-01"}

    svar = client.post(SIDAN, indata(insats, nummer, **givet))

    assert list(svar.context["form"].errors) == ["samtycke"]
    assert lasta(pagaende) == [pagaende.person_id]


def test_det_som_en_rattelses_nej_visar_loggas(client, insats, ansvarig, nummer, pagaende):
    fore = fabriker.inregistrera(
        insats, ansvarig, nummer=nummer, avslut=tjanster.Avslut(date(2025, 8, 31), "fullfoljd", {}),
        samtycke=date(2025, 3, 1), inregistrering=date(2025, 3, 1),
    )  # fmt: skip
    data = {"version": 1, "utregistrering": "2025-09-02", "avslutningsanledning": "fullfoljd", "spara": "Spara"}

    svar = client.post(f"{sidan_for(fore)}ratta/?tillfalle=ut", data)

    assert "från 2025-09-01" in text(svar)
    assert lasta(pagaende) == [pagaende.person_id]


# Namnet som gäller nu


@pytest.mark.parametrize(("tidigare", "namn"), [(True, "Nya"), (False, "Gamla")])
def test_en_tidigare_period_byter_inte_namnet(insats, ansvarig, nummer, tidigare, namn):
    dag = date(2025, 9, 1)
    ett = fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=dag, fornamn="Nya")
    utregistrera(ett, ansvarig)
    andra = date(2025, 3, 1) if tidigare else date(2025, 11, 1)
    avslut = tjanster.Avslut(date(2025, 8, 31), "fullfoljd", {}) if tidigare else None

    fabriker.inregistrera(
        insats, ansvarig, nummer=nummer, inregistrering=andra, samtycke=andra, avslut=avslut, fornamn="Gamla"
    )

    ett = Deltagande.objects.select_related("person__identitet").get(pk=ett.pk)
    assert ett.person.identitet.namn().startswith(namn)


def test_det_tidigare_samtycket_ar_aldre_an_nasta_periods(insats, ansvarig, nummer):
    fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=date(2025, 9, 1), samtycke=date(2025, 2, 1))
    avslut = tjanster.Avslut(date(2025, 8, 31), "fullfoljd", {})

    with pytest.raises(ValidationError, match="nästa samtycke i insatsen är från 2025-02-01"):
        fabriker.inregistrera(insats, ansvarig, nummer=nummer, samtycke=date(2025, 2, 1), avslut=avslut)
    fabriker.inregistrera(insats, ansvarig, nummer=nummer, samtycke=date(2025, 1, 31), avslut=avslut)


@pytest.mark.parametrize("anledning", ["felregistrering", "atertaget_samtycke"])
def test_avslutet_ar_inget_aterkallande(insats, ansvarig, anledning):
    with pytest.raises(ValidationError, match="bara den som redan är inregistrerad"):
        fabriker.inregistrera(insats, ansvarig, avslut=tjanster.Avslut(date(2025, 8, 31), anledning, {}))


def test_utan_ifyllt_avslut_pagar_deltagandet(client, insats, ansvarig, nummer):
    tomt = avslutet(insats, nummer, utregistrering="", avslutningsanledning="")

    assert client.post(SIDAN, indata(insats, nummer, **tomt)).status_code == 302
    assert alla(ansvarig) == [(date(2025, 3, 1), None)]


@pytest.mark.parametrize(
    ("ut", "in_", "besked"),
    [
        (None, date(2025, 10, 1), r"från 2025-09-01\. Utregistrera den registreringen först"),
        (date(2025, 12, 1), date(2025, 12, 1), r"från 2025-09-01 till och med 2025-12-01\. .* efter 2025-12-01"),
    ],
)
def test_overlapp_sager_vilken_period_det_galler(insats, ansvarig, nummer, pagaende, ut, in_, besked):
    if ut:
        avslut = {"utregistrering": ut, "avslutningsanledning": "annan", "efter": {}}
        tjanster.utregistrera(deltagande=pagaende, version=1, av=ansvarig, **avslut)

    with pytest.raises(ValidationError, match=besked):
        fabriker.inregistrera(insats, ansvarig, nummer=nummer, inregistrering=in_)


@pytest.mark.parametrize(
    ("dag", "besked"),
    [
        (date(2014, 12, 31), "den startade 2015-01-01 och insatsen slutar 2026-06-30"),
        (date(2026, 7, 1), "den startade 2015-01-01 och insatsen slutar 2026-06-30"),
    ],
)
def test_utanfor_insatsen_sager_dagarna(insats, ansvarig, dag, besked):
    with pytest.raises(ValidationError, match=besked):
        fabriker.inregistrera(insats, ansvarig, inregistrering=dag)


# Den som redan är inregistrerad, och Mättillfälle


@pytest.fixture
def register(settings):
    settings.SUS_FOLKBOKFORING = "register"


def hamta(client, insats, nummer):
    data = {"insats": insats.pk, "samtycke": "2025-03-01", "personnummer": nummer.utskrivet}
    return client.post(SIDAN, {**data, "registrering": "in", "hamta": "1"})


@pytest.mark.parametrize("finns", [True, False])
def test_hamta_varnar_for_den_som_redan_ar_inregistrerad(client, insats, nummer, pagaende, register, finns):
    if finns:
        with som_agare():
            post(nummer).save()

    svar = hamta(client, insats, nummer)

    assert "Varning: Personen är redan inregistrerad från 2025-09-01." in text(svar)
    assert lankar(svar)["Öppna registreringen"] == sidan_for(pagaende)
    assert not svar.context["form"].errors


def test_mattillfallet_star_ocksa_utan_tidigare_registreringar(client, insats, ansvarig, nummer, register):
    svar = hamta(client, insats, nummer)

    assert "Mättillfälle Nyinregistrering" in text(svar)
    assert "redan inregistrerad" not in text(svar)
    ut = client.post(SIDAN, {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut"})
    assert "Mättillfälle" not in text(ut)


def test_mattillfallet_star_vid_utregistrering(client, insats, nummer, pagaende):
    data = {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut", "hamta": "1"}

    assert "Mättillfälle Nyutregistrering" in text(client.post(SIDAN, data))


# Det som inte hör till svaret tappas inte tyst


@pytest.mark.parametrize(
    ("svar", "falt", "besked"),
    [
        ({"arbete_fore": "50"}, "arbete_fore", "Välj Ja på Arbetar, eller ta bort andelen."),
        ({"arbetar_fore": "nej", "arbete_fore": "50"}, "arbete_fore", "Välj Ja på Arbetar, eller ta bort andelen."),
        ({"studerar_fore": "nej", "studier_fore": "5"}, "studier_fore", "Välj Ja på Studerar, eller ta bort andelen."),
        (
            {"arbetstyp_fore": ["subventionerat"]},
            "arbetstyp_fore",
            "Välj Ja på Arbetar, eller ta bort typen av arbete.",
        ),
        # Utan skript står andelen kvar, också en som inte är någon andel
        ({"arbetar_fore": "nej", "arbete_fore": "0"}, "arbete_fore", "Välj Ja på Arbetar, eller ta bort andelen."),
        ({"studier_fore": "halvtid"}, "studier_fore", "Välj Ja på Studerar, eller ta bort andelen."),
    ],
)
def test_en_andel_utan_ja_ger_besked(client, insats, ansvarig, nummer, svar, falt, besked):
    fel = client.post(SIDAN, indata(insats, nummer, **svar))

    assert fel.context["form"].errors == {falt: [besked]}


# Redan utregistrerad: att spara igen går inte


def utregistrera(ett, konto, anledning="sjukdom"):
    satt_sammanhang(konto)
    tjanster.utregistrera(
        deltagande=ett, version=1, utregistrering=date(2025, 10, 1), avslutningsanledning=anledning, efter={}, av=konto
    )


def tidigare_flik(ett, nummer, sida):
    """Det som skickas från en sida som öppnades innan någon annan utregistrerade."""
    if sida == "registrera":
        return SIDAN, utdata(ett, nummer)
    falt = {"utregistrering": "2025-10-02", "avslutningsanledning": "fullfoljd"} if sida == "utregistrera" else {}
    return reverse(f"deltagare:{sida}", args=[ett.pk]), {"version": 1, "dag": "2025-10-02", "spara": "Spara", **falt}


@pytest.mark.parametrize("anledning", ["sjukdom", "felregistrering", "atertaget_samtycke"])
@pytest.mark.parametrize("sida", ["registrera", "utregistrera"])
def test_redan_utregistrerad_leder_till_rattelsen(client, ansvarig, nummer, pagaende, sida, anledning):
    utregistrera(pagaende, ansvarig, anledning)

    svar = client.post(*tidigare_flik(pagaende, nummer, sida))

    assert "Deltagaren är redan utregistrerad 2025-10-01. Det du skrev nu är inte sparat." in text(svar)
    vag = sidan_for(pagaende) if anledning == "felregistrering" else f"{sidan_for(pagaende)}ratta/?tillfalle=ut"
    lank = "Öppna registreringen" if anledning == "felregistrering" else "Rätta utregistreringen"
    assert lankar(svar)[lank] == vag
    assert 'value="2025-10-02"' in svar.content.decode()
    assert 'name="spara"' not in svar.content.decode()
    assert ("Kim" in text(svar)) == (anledning != "atertaget_samtycke")


def test_nagon_annans_registrering_visas_inte(client, insats, ansvarig, nummer, pagaende):
    utregistrera(pagaende, ansvarig)

    svar = client.post(SIDAN, utdata(pagaende, fabriker.nytt_nummer()))

    assert "Personen är inte inregistrerad i insatsen." in text(svar)
    assert "2025-10-01" not in text(svar)


def test_den_som_ar_inregistrerad_kallas_inte_utregistrerad(client, insats, ansvarig, nummer, pagaende):
    """Formuläret gäller en som har återtagit samtycket sedan dess; numret i det är ett annat, med sin registrering."""
    annan = fabriker.nytt_nummer()
    hennes = fabriker.inregistrera(insats, ansvarig, nummer=annan, inregistrering=date(2025, 9, 8), fornamn="Bo")
    utregistrera(pagaende, ansvarig, "atertaget_samtycke")

    svar = client.post(SIDAN, utdata(pagaende, annan))

    assert "redan utregistrerad" not in text(svar)
    assert svar.context["form"]["deltagande"].value() == hennes.pk
    assert not svar.context["form"].errors


def test_att_aterta_efter_en_utregistrering_sager_vad_som_har_hant(client, ansvarig, nummer, pagaende):
    utregistrera(pagaende, ansvarig)

    svar = client.post(*tidigare_flik(pagaende, nummer, "aterta"))

    assert "Deltagaren är redan utregistrerad 2025-10-01." in text(svar)
    assert "Deltagaren utregistreras, med anledningen" not in text(svar)
    assert client.post(reverse("deltagare:aterta", args=[pagaende.pk]), {"version": 2}).status_code == 302


def test_en_rattad_inregistrering_ar_en_vanlig_krock_och_gar_att_spara(client, insats, ansvarig, nummer, pagaende):
    satt_sammanhang(ansvarig)
    tjanster.ratta_inregistrering(
        deltagande=pagaende, version=1, inregistrering=date(2025, 9, 2), samtycke=date(2025, 9, 1),
        samtycke_arkiverat=None, kommun=None, stadsdel=None, fore={}, av=ansvarig,
    )  # fmt: skip

    svar = client.post(SIDAN, utdata(pagaende, nummer))

    assert svar.context["skillnader"] == [
        ("Registreringen", "inregistrerad 2025-09-02, pågående", "utregistrerad 2025-10-02")
    ]
    version = svar.context["form"]["version"].value()
    assert client.post(SIDAN, utdata(pagaende, nummer, version=version)).status_code == 302


def test_den_som_hinner_emellan_lamnar_inte_namnet_kvar(client, insats, ansvarig, nummer, pagaende, monkeypatch):
    """Någon återtar samtycket när sidan redan har läst registreringen."""
    forut = tjanster.utregistrera

    def en_annan_hinner_fore(**givet):
        monkeypatch.undo()
        utregistrera(pagaende, ansvarig, "atertaget_samtycke")
        return forut(**givet)

    monkeypatch.setattr(tjanster, "utregistrera", en_annan_hinner_fore)
    svar = client.post(SIDAN, utdata(pagaende, nummer))

    assert "redan utregistrerad 2025-10-01." in text(svar)
    assert "Kim" not in text(svar)


# Få frågor


def test_byt_nummer_med_folkbokforing_med_fa_fragor(client, insats, ansvarig, register):
    samordning = tolka(fabriker.personnummer("19810261", nr=0), idag=timezone.localdate())
    nytt = tolka(fabriker.personnummer("19810201", nr=1), idag=timezone.localdate())
    ett = fabriker.inregistrera(insats, ansvarig, nummer=samordning)
    with som_agare():
        post(nytt, fornamn="Kim", efternamn="Påhittad").save()
    adress = reverse("deltagare:byt_nummer", args=[ett.pk])
    client.get(adress)
    with raknat() as antal:
        svar = client.post(adress, {"personnummer": nytt.utskrivet, "token": str(uuid4())})

    assert svar.status_code == 302
    assert antal.fragor <= SPARA


def test_utregistrering_pa_sidan_med_fa_fragor(client, insats, ansvarig, nummer, pagaende):
    fragan = fabriker.fraga(insats.samverkansorganisation, tillfalle="ut")
    client.get(SIDAN)
    svar = {f"fraga_{fragan.pk}_ut": "Ett svar", "visade_fragor": fragan.upplaga, "token": str(uuid4())}
    with raknat() as antal:
        assert client.post(SIDAN, utdata(pagaende, nummer, **svar)).status_code == 302

    assert antal.fragor <= SPARA


# Kvitton


def test_kvitton_leder_till_registreringen_utan_namn(client, insats, ansvarig, nummer):
    in_ = client.post(SIDAN, indata(insats, nummer), follow=True)
    ett = Deltagande.objects.get()
    ut = client.post(SIDAN, utdata(ett, nummer), follow=True)

    for svar in (in_, ut):
        assert lankar(svar)["Öppna registreringen"] == sidan_for(ett)
        assert "Kim" not in text(svar)


@pytest.mark.parametrize("sida", ["registrera", "utregistrera"])
def test_kvittot_pa_en_felregistrering_sager_vad_som_hande(client, ansvarig, nummer, pagaende, sida):
    adress, data = tidigare_flik(pagaende, nummer, sida)

    svar = client.post(adress, {**data, "avslutningsanledning": "felregistrering"}, follow=True)

    var = " i Vägen vidare" if sida == "registrera" else ""
    assert f"Registreringen{var} är nu en felregistrering. Den räknas inte någonstans." in text(svar)


# Anonyma


def test_panelen_med_anonyma_foljer_insatsen(client, ansvarig, insats):
    svar = client.get("/deltagare/anonyma/", {"insats": insats.pk})

    sidan = html.fromstring(svar.content)
    (falt,) = sidan.xpath("//select[@name='insats']")
    panelen = sidan.get_element_by_id(falt.get("hx-target").removeprefix("#"))
    assert falt.get("hx-select") == falt.get("hx-target")
    # Adressen är den som hämtas: sidan laddas om med samma insats
    assert (falt.get("hx-get"), falt.get("hx-replace-url")) == ("/deltagare/anonyma/", "true")
    assert "Registrerade i Vägen vidare" in panelen.text_content()
    tom = html.fromstring(client.get(falt.get("hx-get"), {"insats": ""}).content)
    assert tom.get_element_by_id(panelen.get("id")).text_content().strip() == ""
    # Utan skript
    val = client.post("/deltagare/anonyma/", {"insats": insats.pk, "ar": "2025", "uppdatera": "1"})
    assert "Registrerade i Vägen vidare" in text(val)
    assert not val.context["form"].errors

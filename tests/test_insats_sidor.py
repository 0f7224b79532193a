"""Insatsens sidor: reglerna för alla tre samverkansformer, kopiera, avsluta, ta bort, listan (`doman.md` 3)."""

import io
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster as deltagartjanster
from deltagare.tjanster import Arsantal
from insatser import kategorihjalp, livslopp
from insatser.budget_tjanster import spara_budget
from insatser.insatsbudget import Arsbudget, Budgetrad, arsbudget
from insatser.insatskolumner import FORVALDA
from insatser.kategorier import KATEGORIER
from insatser.models import Budget, Budgetpost, Insats, Uppdrag
from insatser.uppdrag_tjanster import ge_uppdrag
from tests import fabriker
from tests.samtidigt import samtidigt

IDAG = timezone.localdate()
I_AR = IDAG.year


@pytest.fixture
def org(db):
    return fabriker.organisation(namn="Samordningsförbundet Älven")


@pytest.fixture
def ansvarig(client, org):
    konto = fabriker.insatsansvarig(org)
    client.force_login(konto)
    return konto


@pytest.fixture
def insats(org):
    return fabriker.insats(org, namn="Vägen vidare", beskrivning="Om vägen.")


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
        "malgrupper": ["unga"],
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def post(client, vy, *arg, **falt):
    return client.post(reverse(f"insatser:{vy}", args=arg), {"token": str(uuid4()), **falt}, follow=True)


def text(svar):
    return svar.content.decode().replace("\xa0", " ")


def budgetera(insats, av, ar, *rader, planerat=None):
    spara_budget(insats=insats, ar=ar, version=0, planerat=planerat, rader=rader, av=av)


# ---- Reglerna genom sidan, för varje samverkansform ----

GIDR = [
    (form.value, inriktning.value, preciserad.value, val.malgrupper[0].value if val.malgrupper else "")
    for form, per in KATEGORIER.items()
    for inriktning, val in per.items()
    for preciserad in val.preciserade
]


@pytest.mark.parametrize(("form", "inriktning", "preciserad", "malgrupp"), GIDR)
def test_varje_val_i_tabellen_gar_att_registrera_genom_sidan(client, db, form, inriktning, preciserad, malgrupp):
    org = fabriker.organisation(samverkansform=form, startdatum=date(2005, 1, 1))
    client.force_login(fabriker.insatsansvarig(org))
    falt = {"inriktning": inriktning, "preciserad_inriktning": preciserad, "beskrivning": "Beskriven."}

    svar = client.post(reverse("insatser:ny"), insatsdata(org, **falt, malgrupper=[malgrupp] if malgrupp else []))

    assert svar.status_code == 302
    insats = Insats.objects.get()
    assert (insats.samverkansform, insats.preciserad_inriktning) == (form, preciserad)


@pytest.mark.parametrize(
    ("form", "falt", "besked"),
    [
        ("tvapart", {"preciserad_inriktning": "forberedande"}, "hör inte till inriktningen"),
        ("tvapart", {"preciserad_inriktning": "annan"}, "Annan inriktning kräver en beskrivning"),
        (
            "tvapart",
            {"inriktning": "struktur", "preciserad_inriktning": "annan", "malgrupper": ["lakare"]},
            "Annan inriktning kräver en beskrivning",
        ),
        (
            "tvapart",
            {"inriktning": "struktur", "preciserad_inriktning": "dialog", "malgrupper": ["myndighetspersonal"]},
            "Myndighetspersonal i samverkan kan inte väljas",
        ),
        (
            "finsam",
            {
                "inriktning": "struktur",
                "preciserad_inriktning": "dialog",
                "malgrupper": ["samhallet", "ej_tillampliga"],
            },
            "Ej tillämpliga målgrupper kan inte väljas tillsammans",
        ),
        ("handlingsplan", {"inriktning": "struktur"}, "Inriktningen finns inte för Handlingsplanssamverkan."),
        ("handlingsplan", {"preciserad_inriktning": "rehabilitering_till_arbete"}, "Ingen målgrupp anges"),
    ],
)
def test_fel_kategorisering_nekas_vid_faltet(client, db, form, falt, besked):
    org = fabriker.organisation(samverkansform=form)
    client.force_login(fabriker.insatsansvarig(org))

    svar = client.post(reverse("insatser:ny"), insatsdata(org, **falt))

    assert besked in text(svar)
    assert not Insats.objects.exists()


def test_datumen_ligger_inom_organisationens(client, db):
    org = fabriker.organisation(startdatum=date(2020, 1, 1), slutdatum=date(2024, 12, 31))
    client.force_login(fabriker.insatsansvarig(org))

    for falt, besked in (
        ({"startdatum": "2019-12-31"}, "kan inte börja före samverkansorganisationen"),
        ({"startdatum": "2025-01-01"}, "efter att samverkansorganisationen har slutat"),
        ({"slutdatum": "2025-01-01"}, "kan inte sluta efter samverkansorganisationen"),
    ):
        assert besked in text(client.post(reverse("insatser:ny"), insatsdata(org, **falt)))
    assert not Insats.objects.exists()


def test_varningen_for_personuppgifter_visas_genast_och_efter_spara(client, org, ansvarig):
    falt = {"inriktning": "struktur", "preciserad_inriktning": "dialog", "malgrupper": ["samhallet"]}

    fragment = text(client.get(reverse("insatser:kategorival"), {"samverkansorganisation": org.pk, **falt}))
    sparad = client.post(reverse("insatser:ny"), insatsdata(org, **falt), follow=True)

    assert 'data-visas-om="deltagarregistrering=personuppgifter"' in fragment
    assert "<noscript>Om du väljer Personuppgifter/anonym: </noscript>" in fragment
    assert "Personuppgifter/anonym är inte avsett för till exempel myndighetspersonal." in fragment
    assert "Personuppgifter/anonym är inte avsett" in text(sparad)


def test_ny_sort_nekas_vid_faltet_medan_budgeten_har_den_andra_sortens_antal(client, org, ansvarig, insats):
    budgetera(insats, ansvarig, I_AR, planerat=5)

    svar = client.post(
        reverse("insatser:andra", args=[insats.pk]),
        insatsdata(org, namn=insats.namn, startdatum="2015-01-01", deltagarregistrering="antal", version="1"),
    )

    assert "deltagarregistrering" in svar.context["form"].errors
    assert "Insatsen har ett planerat antal i budgeten." in text(svar)


# ---- Hjälp per val ----


def test_varje_val_i_tabellen_har_en_forklaring(client, org, ansvarig):
    sida = text(client.get(reverse("insatser:kategorier")))

    for form, inriktningar in kategorihjalp.alla():
        assert form in sida
        assert len(inriktningar) == len(next(per for f, per in KATEGORIER.items() if f.label == form))
        for en in inriktningar:
            for ett in (en.inriktning, *en.preciserade, *en.malgrupper):
                assert ett.namn in sida
                assert ett.text in sida


def test_hjalpen_vid_faltet_galler_samverkansformens_val(client, org, ansvarig):
    fragment = text(
        client.get(reverse("insatser:kategorival"), {"samverkansorganisation": org.pk, "inriktning": "individ"})
    )

    assert "Förberedande insats: Insatsen förbereder nästa steg mot arbete." in fragment
    assert "Kvinnor: Insatsen är till enbart för kvinnor." in fragment
    assert "Team på vårdenheten" not in fragment


# ---- Kopiera ----


def test_kopian_ar_ifylld_utan_datum_och_far_egen_nyckel(client, org, ansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    satt_sammanhang(ansvarig)

    form = client.get(reverse("insatser:kopiera", args=[insats.pk])).context["form"]
    assert form["namn"].value() == "Vägen vidare (kopia)"
    assert form["preciserad_inriktning"].value() == "forberedande"
    assert form["startdatum"].value() is None

    utan_datum = post(client, "kopiera", insats.pk, **insatsdata(org, startdatum=""))
    assert "Ange ett datum." in text(utan_datum)
    svar = post(client, "kopiera", insats.pk, **insatsdata(org, namn="Kopian", preciserad_inriktning="forebyggande"))

    kopia = Insats.objects.get(namn="Kopian")
    assert svar.redirect_chain[-1][0] == kopia.get_absolute_url()
    assert (kopia.last, kopia.preciserad_inriktning) == (False, "forebyggande")
    assert kopia.nyckel != insats.nyckel
    assert not Uppdrag.objects.filter(insats=kopia).exists()


@pytest.mark.parametrize("med", [True, False])
def test_budgeten_foljer_med_om_man_vill_till_startaret_utan_utfall(client, org, ansvarig, insats, med):
    budgetera(insats, ansvarig, I_AR - 1, Budgetrad("insatskostnad", 1, None))
    budgetera(insats, ansvarig, I_AR, Budgetrad("insatskostnad", 500, 450, "Lokal"), planerat=7)
    falt = insatsdata(org, namn="Kopian", startdatum=f"{I_AR}-02-01", **({"med_budget": "on"} if med else {}))

    post(client, "kopiera", insats.pk, **falt)

    fick = arsbudget(Insats.objects.get(namn="Kopian"), I_AR)
    assert fick == (Arsbudget(7, (Budgetrad("insatskostnad", 500, None, "Lokal", 1),)) if med else Arsbudget())


@pytest.mark.parametrize(
    ("forra", "besked"), [(500, ""), (None, "Ingen budget följde med: Vägen vidare har inget planerat.")]
)
def test_ett_ar_med_bara_utfall_ar_ingen_forlaga(client, org, ansvarig, insats, forra, besked):
    budgetera(insats, ansvarig, I_AR - 1, Budgetrad("insatskostnad", forra, 3))
    budgetera(insats, ansvarig, I_AR, Budgetrad("insatskostnad", None, 450))

    falt = insatsdata(org, namn="Kopian", startdatum=f"{I_AR}-02-01", med_budget="on")
    svar = text(post(client, "kopiera", insats.pk, **falt))

    assert arsbudget(Insats.objects.get(namn="Kopian"), I_AR).summa().budget == forra
    assert besked in svar
    assert ("Ingen budget följde med" in svar) == bool(besked)


def test_en_kopia_av_annan_sort_far_raderna_men_inte_antalet(org, ansvarig, insats):
    budgetera(insats, ansvarig, I_AR, Budgetrad("insatskostnad", 500, None), planerat=7)

    kopia = livslopp.kopiera_insats(
        forlaga=insats,
        med_budget=True,
        samverkansorganisation=org,
        namn="Volym",
        beskrivning="",
        startdatum=IDAG,
        slutdatum=None,
        inriktning="individ",
        preciserad_inriktning="forberedande",
        deltagarregistrering="antal",
        malgrupper=["unga"],
        av=ansvarig,
    )

    assert arsbudget(kopia, I_AR) == Arsbudget(None, (Budgetrad("insatskostnad", 500, None, "", 1),))


# ---- Avsluta ----


def test_avsluta_sager_hur_manga_som_hindrar_och_aldrig_vilka(client, org, ansvarig, insats):
    deltagaransvarig = fabriker.deltagaransvarig(insats)
    fabriker.inregistrera(insats, deltagaransvarig, fornamn="Hemlig", efternamn="Person")
    satt_sammanhang(ansvarig)
    insats.refresh_from_db()

    sida = text(client.get(reverse("insatser:avsluta", args=[insats.pk])))
    nekat = post(client, "avsluta", insats.pk, slutdatum=str(IDAG - timedelta(days=1)), version=insats.version)
    kommande = post(client, "avsluta", insats.pk, slutdatum=str(IDAG + timedelta(days=9)), version=insats.version)

    assert "Inregistrerade nu" in sida
    assert "Hemlig" not in sida
    assert "1 deltagare är fortfarande inregistrerade i insatsen." in text(nekat)
    assert kommande.redirect_chain
    insats.refresh_from_db()
    assert insats.slutdatum == IDAG + timedelta(days=9)
    assert Handelse.objects.filter(typ=Handelse.Typ.INSATS_ANDRAD).get().detaljer == {"falt": ["slutdatum"]}


def test_slutdatum_fore_en_registrering_nekas_vid_faltet(client, org, ansvarig):
    volym = fabriker.volyminsats(org)
    deltagartjanster.registrera_antal(insats=volym, ar={I_AR: Arsantal(5, 0)}, av=ansvarig)
    volym.refresh_from_db()

    svar = post(client, "avsluta", volym.pk, slutdatum=f"{I_AR - 1}-06-30", version=volym.version)

    assert "slutdatum" in svar.context["form"].errors
    assert str(I_AR) in text(svar)


def test_avsluta_med_gammal_version_visar_skillnaden(client, org, ansvarig, insats):
    Insats.objects.filter(pk=insats.pk).update(slutdatum=date(2030, 1, 1), version=2)

    svar = post(client, "avsluta", insats.pk, slutdatum="2031-01-01", version=1)

    assert svar.context["skillnader"] == [("Slutdatum", "2030-01-01", "2031-01-01")]
    assert svar.context["form"]["version"].value() == 2


# ---- Ta bort ----


def test_ta_bort_sager_vad_som_foljer_med_och_loggas(client, org, ansvarig, insats):
    fabriker.deltagaransvarig(insats)
    budgetera(insats, ansvarig, I_AR, Budgetrad("insatskostnad", 1, None), planerat=2)
    uppdrag = Uppdrag.objects.get(insats=insats)

    sida = text(client.get(reverse("insatser:ta_bort", args=[insats.pk])))
    svar = post(client, "ta_bort", insats.pk, version=insats.version)

    assert str(uppdrag.behorighet.anvandare) in sida
    assert str(I_AR) in sida
    assert "Insatsen Vägen vidare är borttagen." in text(svar)
    assert not Insats.objects.filter(pk=insats.pk).exists()
    assert not Budget.objects.exists()
    assert not Budgetpost.objects.exists()
    assert not Uppdrag.objects.filter(pk=uppdrag.pk).exists()
    logg = Handelse.objects.get(typ=Handelse.Typ.INSATS_BORTTAGEN)
    assert (logg.insats_id, logg.av_id) == (insats.pk, ansvarig.pk)
    assert logg.detaljer == {"uppdrag": [uppdrag.pk], "budgetar": [I_AR]}
    assert logg.uppdrag_id


def test_ta_bort_dubbelklick_ger_samma_svar(client, org, ansvarig, insats):
    data = {"token": str(uuid4()), "version": 1}
    adress = reverse("insatser:ta_bort", args=[insats.pk])

    assert client.post(adress, data).url == client.post(adress, data).url


def test_den_som_har_registreringar_tas_inte_bort(client, org, ansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    satt_sammanhang(ansvarig)

    sida = text(client.get(insats.get_absolute_url()))
    svar = post(client, "ta_bort", insats.pk, version=2)

    assert reverse("insatser:ta_bort", args=[insats.pk]) not in sida
    assert "kan inte tas bort" in text(svar)
    assert Insats.objects.filter(pk=insats.pk).exists()


def test_databasen_nekar_borttagning_av_en_last_insats(org, ansvarig, insats):
    """Vakten håller också om tjänsten har fel."""
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    with pytest.raises(Exception, match="kan inte tas bort"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("DELETE FROM insatser_uppdrag WHERE insats_id = %s", [insats.pk])
        markor.execute("DELETE FROM insatser_insats WHERE id = %s", [insats.pk])


def test_ta_bort_med_gammal_version_nekas(client, org, ansvarig, insats):
    Insats.objects.filter(pk=insats.pk).update(version=2)

    assert "Någon annan har sparat ändringar" in text(post(client, "ta_bort", insats.pk, version=1))
    assert Insats.objects.filter(pk=insats.pk).exists()


def test_borttagen_medan_sidan_var_oppen_ger_besked_i_tjansten(org, ansvarig):
    volym = fabriker.volyminsats(org)
    livslopp.ta_bort_insats(insats=Insats.objects.get(pk=volym.pk), version=1, av=ansvarig)

    with pytest.raises(ValidationError, match="borttagen av någon annan"):
        budgetera(volym, ansvarig, I_AR, planerat=1)
    with pytest.raises(ValidationError, match="borttagen av någon annan"):
        deltagartjanster.registrera_antal(insats=volym, ar={I_AR: Arsantal(1, 0)}, av=ansvarig)


# ---- Räckvidd ----

SIDOR = ("kopiera", "avsluta", "ta_bort")


@pytest.mark.parametrize("namn", SIDOR)
def test_bara_egna_insatser(client, org, ansvarig, insats, namn):
    annan = fabriker.insats()

    assert client.get(reverse(f"insatser:{namn}", args=[insats.pk])).status_code == 200
    assert client.get(reverse(f"insatser:{namn}", args=[annan.pk])).status_code == 404
    assert client.post(reverse(f"insatser:{namn}", args=[annan.pk]), {"version": 1}).status_code == 404
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    assert client.get(reverse(f"insatser:{namn}", args=[insats.pk])).status_code == 403
    assert Insats.objects.count() == 2


# ---- Listan ----


def lista(client, **urval):
    return client.get(reverse("insatser:lista"), urval)


def namnen(svar):
    return [insats.namn for insats, _ in svar.context["rader"]]


def test_urvalen_snavar_in_och_ett_okant_varde_ar_inget_urval(client, org, ansvarig):
    tvapart = fabriker.organisation(samverkansform="tvapart")
    fabriker.insats(org, namn="Broar", malgrupper=["kvinnor", "unga"])
    fabriker.volyminsats(org, namn="Stegen", slutdatum=date(2020, 1, 1))
    fabriker.insats(tvapart, namn="Teamet", preciserad_inriktning="team_vardenheten")

    for urval, traffar in (
        ({"form": "tvapart"}, ["Teamet"]),
        ({"inriktning": "struktur"}, ["Stegen"]),
        ({"preciserad": "team_vardenheten"}, ["Teamet"]),
        ({"malgrupp": "unga"}, ["Broar"]),
        ({"registrering": "antal"}, ["Stegen"]),
        ({"lage": "avslutad"}, ["Stegen"]),
        ({"mina": "on"}, ["Broar", "Stegen"]),
        ({"q": "*e*n", "organisation": org.pk}, ["Stegen"]),
        ({"form": "finns_inte", "malgrupp": "' OR 1=1"}, ["Broar", "Stegen", "Teamet"]),
        ({"sortering": "-startdatum; DROP"}, ["Broar", "Stegen", "Teamet"]),
    ):
        assert namnen(lista(client, **urval)) == traffar, urval


@pytest.mark.parametrize(("adress", "sparr"), [("", None), ("kolumner=finns_inte", None), ("kolumner=plan", {"plan"})])
def test_kryssen_visar_kolumnerna_som_visas(client, org, ansvarig, adress, sparr):
    svar = client.get(f"{reverse('insatser:lista')}?{adress}")

    visade = {kolumn.kod for kolumn in svar.context["kolumner"][1:]}
    assert set(svar.context["form"]["kolumner"].value()) == visade == (sparr or set(FORVALDA) - {"namn"})
    assert text(svar).count(" checked") == len(visade)


def test_okanda_val_i_adressen_ar_inget_fel_i_titeln(client, ansvarig):
    assert "<title>Insatser – SUS</title>" in text(lista(client, form="finns_inte", brist="x"))


def test_kolumner_valjs_och_sorteras_ocksa_budgetens(client, org, ansvarig):
    liten, stor = fabriker.insats(org, namn="Liten"), fabriker.insats(org, namn="Stor")
    fabriker.insats(org, namn="Ingen")
    budgetera(liten, ansvarig, I_AR, Budgetrad("insatskostnad", 5, None), planerat=30)
    budgetera(stor, ansvarig, I_AR, Budgetrad("insatskostnad", 70_000, 5))

    svar = lista(client, kolumner=["budget", "plan"], sortering="-budget")

    assert [kolumn.kod for kolumn in svar.context["kolumner"]] == ["namn", "plan", "budget"]
    assert namnen(svar) == ["Stor", "Liten", "Ingen"]
    assert [varde for _, varde in svar.context["rader"][1][1]] == [30, 5]
    assert "70 000" in text(svar)
    # En kolumn som inte visas går inte att sortera på: den finns inte i frågan
    assert namnen(lista(client, sortering="-budget")) == ["Ingen", "Liten", "Stor"]


def test_samma_antal_fragor_for_en_och_hundra_rader(client, org, ansvarig, django_assert_max_num_queries):
    alla = [kod for kod, _ in lista(client).context["form"].fields["kolumner"].choices]
    fabriker.insats(org)

    def fragor():
        with django_assert_max_num_queries(30) as fragorna:
            lista(client, kolumner=alla)
        return len(fragorna)

    en = fragor()
    for _ in range(99):
        fabriker.insats(org)
    assert fragor() == en


def test_hundra_per_sida_och_adressen_bar_urvalet(client, org, ansvarig):
    for nr in range(101):
        fabriker.insats(org, namn=f"Insats {nr:03}")

    svar = lista(client, q="Insats", sortering="-namn", kolumner=["nyckel"])
    andra = lista(client, q="Insats", sortering="-namn", sida="2")

    assert len(namnen(svar)) == 100
    assert namnen(andra) == ["Insats 000"]
    assert "q=Insats&amp;sortering=-namn&amp;kolumner=nyckel&amp;sida=2" in text(svar)
    assert f"{reverse('insatser:export')}?q=Insats&amp;sortering=-namn&amp;kolumner=nyckel" in text(svar)


def test_exporten_ar_det_som_visas_och_formler_ar_text(client, org, ansvarig):
    fabriker.insats(org, namn='=HYPERLINK("http://x";"y")', startdatum=date(2024, 3, 1))
    fabriker.insats(org, namn="@summa")
    fabriker.insats(org, namn="+1")
    fabriker.insats(org, namn="-2")
    fabriker.insats(org, namn="Å\x0bstyrt")
    fabriker.insats(namn="Andras")

    svar = client.get(
        reverse("insatser:export"), {"mina": "on", "kolumner": ["startdatum", "lage", "plan"], "sortering": "-namn"}
    )
    blad = load_workbook(io.BytesIO(svar.content)).active
    rader = list(blad.iter_rows())

    assert [cell.value for cell in rader[0]] == ["Insats", "Startdatum", "Läge", f"Planerat antal {I_AR}"]
    assert {rad[0].value for rad in rader[1:]} == {
        '=HYPERLINK("http://x";"y")', "@summa", "+1", "-2", "Å\ufffdstyrt"
    }  # fmt: skip
    assert {rad[0].data_type for rad in rader[1:]} == {"s"}
    assert all(rad[0].quotePrefix for rad in rader[1:] if rad[0].value[0] in "=+-@")
    assert any(rad[1].value.date() == date(2024, 3, 1) and rad[1].is_date for rad in rader[1:])
    assert svar["Cache-Control"].startswith("no-store") or "no-store" in svar["Cache-Control"]


# ---- Att göra ----


def brister(client, brist):
    return namnen(lista(client, brist=brist))


def test_bristerna_ar_de_egna_insatsernas(client, org, ansvarig):
    andras = fabriker.insats(namn="Andras")
    klar = fabriker.insats(org, namn="Klar", startdatum=date(I_AR - 3, 1, 1))
    fabriker.deltagaransvarig(klar)
    budgetera(klar, ansvarig, I_AR, Budgetrad("insatskostnad", 1, None), planerat=1)
    budgetera(klar, ansvarig, I_AR - 1, Budgetrad("insatskostnad", 1, 0))
    fabriker.insats(org, namn="Ny i år", startdatum=date(I_AR, 1, 1))
    fabriker.insats(org, namn="Slutad", startdatum=date(I_AR - 9, 1, 1), slutdatum=date(I_AR - 2, 1, 1))
    volym = fabriker.volyminsats(org, namn="Volym", startdatum=date(I_AR - 1, 1, 1))
    budgetera(volym, ansvarig, I_AR, Budgetrad("insatskostnad", 1, None))

    assert not any(andras.namn in brister(client, brist) for brist in ("utan_ansvarig", "utan_plan", "utan_utfall"))
    assert brister(client, "utan_ansvarig") == ["Ny i år"]
    assert brister(client, "utan_plan") == ["Ny i år", "Volym"]
    assert brister(client, "utan_utfall") == ["Volym"]
    assert brister(client, "utan_antal") == ["Volym"]
    deltagartjanster.registrera_antal(insats=volym, ar={I_AR - 1: Arsantal(0, 0)}, av=ansvarig)
    assert brister(client, "utan_antal") == []


def test_insatser_som_slutat_med_deltagare_kvar(client, org, ansvarig, insats):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    satt_sammanhang(ansvarig)
    assert brister(client, "deltagare_kvar") == []
    Insats.objects.filter(pk=insats.pk).update(slutdatum=IDAG - timedelta(days=1))

    assert brister(client, "deltagare_kvar") == ["Vägen vidare"]


def test_bristerna_visas_bara_for_den_som_kan_gora_nagot_at_dem(client, org, insats):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))

    svar = lista(client, brist="utan_plan")

    assert "Saknas i mina insatser" not in text(svar)
    assert namnen(svar) == ["Vägen vidare"]


def test_att_gora_leder_till_den_filtrerade_listan_med_samma_antal(client, org, ansvarig, insats):
    fabriker.insats(org, slutdatum=IDAG - timedelta(days=400))
    rader = {rad.text: rad for rad in client.get("/").context["att_gora"]}

    assert set(rader) == {
        "Insatser utan deltagaransvarig",
        f"Insatser utan planerat antal eller budget {I_AR}",
        f"Insatser utan utfall {I_AR - 1}",
    }
    for rad in rader.values():
        svar = client.get(rad.adress)
        assert svar.context["sida"].paginator.count == rad.antal
        assert "open" in text(svar).split("Fler urval")[0].rsplit("<details", 1)[1]


def test_att_gora_for_samverkansadministratoren(client, org):
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
    fabriker.organisation()
    client.force_login(konto)

    (rad,) = client.get("/").context["att_gora"]
    assert (rad.text, rad.antal) == ("Samverkansorganisationer utan insatsansvarig", 1)
    assert [o.pk for o in client.get(rad.adress).context["sida"]] == [org.pk]

    fabriker.insatsansvarig(org)
    assert client.get("/").context["att_gora"] == []


# ---- Samtidigt ----


def test_kapplopning_mellan_borttagning_och_forsta_registreringen(egen_databas):
    """Antingen finns insatsen med sin registrering, eller så finns varken eller. Den som förlorar får ett besked."""
    org = fabriker.organisation()
    ansvarig = fabriker.insatsansvarig(org)
    utfall = set()
    for varv in range(40):
        volym = varv % 2 == 0
        insats = (fabriker.volyminsats if volym else fabriker.insats)(org)
        konto = ansvarig if volym else fabriker.deltagaransvarig(insats)

        def ta_bort(insats=insats):
            livslopp.ta_bort_insats(insats=insats, version=1, av=ansvarig)

        def registrera(insats=insats, konto=konto, volym=volym):
            with transaction.atomic():
                if volym:
                    deltagartjanster.registrera_antal(insats=insats, ar={I_AR: Arsantal(1, 0)}, av=konto)
                else:
                    fabriker.inregistrera(insats, konto)

        bort, registrerad = samtidigt(ta_bort, registrera)

        finns = Insats.objects.filter(pk=insats.pk).exists()
        assert finns == (registrerad is None or not isinstance(registrerad, ValidationError))
        assert isinstance(bort, ValidationError) == finns
        utfall.add(finns)
    assert utfall == {True, False}


def test_kapplopning_mellan_borttagning_och_nytt_uppdrag(egen_databas):
    """Borttagningen går igenom, och uppdraget följer med den eller nekas med ett besked."""
    org = fabriker.organisation()
    ansvarig = fabriker.insatsansvarig(org)
    vald = fabriker.behorighet(fabriker.anvandare(), Roll.DELTAGARANSVARIG)
    for _ in range(20):
        insats = fabriker.insats(org)

        def ta_bort(insats=insats):
            livslopp.ta_bort_insats(insats=insats, version=1, av=ansvarig)

        def ge(insats=insats):
            return ge_uppdrag(roll=Roll.DELTAGARANSVARIG, behorighet=vald, pa=insats, fran=IDAG, till=None, av=ansvarig)

        bort, givet = samtidigt(ta_bort, ge)

        assert bort is None
        assert isinstance(givet, Uppdrag | ValidationError)
        assert not Insats.objects.filter(pk=insats.pk).exists()
        assert not Uppdrag.objects.filter(insats=insats.pk).exists()


def test_tva_som_sparar_samma_budgetar_samtidigt(egen_databas):
    org = fabriker.organisation()
    ansvarig, insats = fabriker.insatsansvarig(org), fabriker.insats(org)

    def spara(belopp):
        return lambda: budgetera(insats, ansvarig, I_AR, Budgetrad("insatskostnad", belopp, None))

    svar = samtidigt(*(spara(belopp) for belopp in range(1, 9)))

    assert sum(ett is None for ett in svar) == 1
    assert all(isinstance(ett, Krock) for ett in svar if ett is not None)
    assert Budgetpost.objects.count() == 1

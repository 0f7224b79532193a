"""Kompletterande frågor: administrationen, svaren på Registrera deltagare, och vad databasen nekar (`doman.md` 4)."""

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.brister import Brist, med_brist
from deltagare.models import Deltagande, Svar
from deltagare.overforing.exporten import SAKNAS
from insatser import fraga_tjanster
from insatser.forms.fragefalt import Fritextfalt
from insatser.models import Fraga, Saknas, Svarsalternativ, Svarstyp, Tillfalle
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db

IDAG = timezone.localdate()
REGISTRERA = "/deltagare/registrera/"


@pytest.fixture
def org():
    return fabriker.organisation(namn="Samordningsförbundet Älven")


@pytest.fixture
def insats(org):
    return fabriker.insats(org, namn="Vägen vidare")


@pytest.fixture
def administrator(client, org):
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
    client.force_login(konto)
    return konto


@pytest.fixture
def ansvarig(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


def uppgifter(**falt):
    return {
        "namn": "Väntetid",
        "text": "Hur länge väntade deltagaren på insatsen?",
        "svarstyp": "en",
        "alternativ": ["Under en månad", "Längre"],
        "tillfalle": "in",
        "fran": date(2024, 1, 1),
        "till": None,
        "bekraftat": True,
        **falt,
    }


def skickat(**falt):
    data = uppgifter(alternativ="Under en månad\n\n  Längre ", fran="2024-01-01", till="", bekraftat="on")
    return {**data, "token": str(uuid4()), **falt}


def indata(insats, **falt):
    return {
        "insats": insats.pk,
        "personnummer": fabriker.nytt_nummer().utskrivet,
        "registrering": "in",
        "samtycke": "2025-03-01",
        "inregistrering": "2025-03-01",
        "fornamn": "Kim",
        "efternamn": "Påhittad",
        "kommun": "1283",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def visade(*fragor):
    return " ".join(f"{fraga.pk}.{fraga.version}" for fraga in fragor)


def text(svar):
    return svar.content.decode()


def besvarad(org, av=None, **falt):
    """En fråga med ett svar i fritext."""
    fraga = fabriker.fraga(org, **falt)
    insatsen = fabriker.insats(org)
    av = av or fabriker.deltagaransvarig(insatsen)
    deltagande = fabriker.inregistrera(insatsen, av, svar=[(fraga, "Bra")])
    return fraga, deltagande, av


# Tjänsten


def test_skapa_sparar_alternativ_bekraftelse_och_logg(org, administrator):
    fraga = fraga_tjanster.skapa_fraga(samverkansorganisation=org, **uppgifter(), av=administrator)
    andra = fraga_tjanster.skapa_fraga(
        samverkansorganisation=org, **uppgifter(svarstyp="tal", alternativ=[]), av=administrator
    )

    assert list(fraga.alternativ.values_list("text", "ordning")) == [("Under en månad", 1), ("Längre", 2)]
    assert (fraga.bekraftat_av, fraga.ordning, andra.ordning) == (administrator, 1, 2)
    assert timezone.now() - fraga.bekraftat_vid < timedelta(minutes=1)
    handelse = Handelse.objects.filter(typ="fragor_andrade").earliest("pk")
    assert (handelse.av_id, handelse.detaljer) == (
        administrator.pk,
        {"organisation": org.pk, "fraga": fraga.pk, "vad": "registrerad"},
    )


@pytest.mark.parametrize(
    ("falt", "plats", "besked"),
    [
        ({"alternativ": ["Bara ett"]}, "alternativ", "minst två alternativ"),
        ({"alternativ": ["Ja", "ja"]}, "alternativ", "två gånger"),
        ({"alternativ": ["Ja", "x" * 101]}, "alternativ", "100 tecken"),
        ({"alternativ": [str(n) for n in range(31)]}, "alternativ", "högst 30"),
        ({"bekraftat": False}, "bekraftat", "kryssa för att du bekräftar"),
        ({"fran": date(2014, 12, 31)}, "fran", "börjar 2015-01-01"),
        ({"fran": date(2030, 1, 2)}, "fran", "slutar 2030-01-01"),
        ({"till": date(2030, 1, 2)}, "till", "slutar 2030-01-01"),
    ],
)
def test_tjansten_nekar_vid_ratt_falt(org, administrator, falt, plats, besked):
    org.slutdatum = date(2030, 1, 1)
    org.save(update_fields=["slutdatum"])

    with pytest.raises(ValidationError) as fel:
        fraga_tjanster.skapa_fraga(samverkansorganisation=org, **uppgifter(**falt), av=administrator)

    assert besked in fel.value.message_dict[plats][0]
    assert not Fraga.objects.exists()


def test_utan_uppdrag_i_organisationen_nekas(administrator):
    with pytest.raises(PermissionDenied):
        fraga_tjanster.skapa_fraga(samverkansorganisation=fabriker.organisation(), **uppgifter(), av=administrator)


def test_alternativ_som_star_kvar_behaller_sitt_id(org, administrator):
    fraga = fraga_tjanster.skapa_fraga(samverkansorganisation=org, **uppgifter(), av=administrator)
    fore = dict(fraga.alternativ.values_list("text", "pk"))

    ny = uppgifter(alternativ=["Ingen väntan", "längre", "Under en månad"])
    fraga_tjanster.andra_fraga(fraga=fraga, version=1, **ny, av=administrator)

    efter = dict(Fraga.objects.get().alternativ.values_list("text", "pk"))
    assert list(efter) == ["Ingen väntan", "längre", "Under en månad"]
    assert (efter["längre"], efter["Under en månad"]) == (fore["Längre"], fore["Under en månad"])


def test_tva_som_andrar_den_andra_far_veta(org, administrator):
    fraga = fabriker.fraga(org)
    fraga_tjanster.andra_fraga(fraga=fraga, version=1, **uppgifter(), av=administrator)

    with pytest.raises(Krock):
        fraga_tjanster.andra_fraga(fraga=fraga, version=1, **uppgifter(), av=administrator)
    with pytest.raises(Krock):
        fraga_tjanster.avsluta_fraga(fraga=fraga, version=1, till=IDAG, av=administrator)


def test_flytta_byter_plats_bland_dem_som_inte_har_slutat(org, administrator):
    a, slut, b, c = (fabriker.fraga(org, till=till) for till in (None, IDAG - timedelta(days=1), None, None))

    assert fraga_tjanster.flytta_fraga(fraga=c, upp=True, av=administrator) == (2, 3)
    assert fraga_tjanster.flytta_fraga(fraga=a, upp=True, av=administrator) == (1, 3)
    assert fraga_tjanster.flytta_fraga(fraga=a, upp=False, av=administrator) == (2, 3)

    kvar = Fraga.objects.filter(samverkansorganisation=org).inte_slut(IDAG).i_ordning()
    assert list(kvar) == [c, a, b]
    with pytest.raises(ValidationError, match="avslutad"):
        fraga_tjanster.flytta_fraga(fraga=slut, upp=True, av=administrator)


def test_fraga_med_svar_avslutas_men_andras_och_tas_inte_bort(org, administrator):
    fraga, _, _ = besvarad(org)

    assert fraga_tjanster.antal_svar(org) == {fraga.pk: 1}
    with pytest.raises(ValidationError, match="kan inte ändras"):
        fraga_tjanster.andra_fraga(fraga=fraga, version=1, **uppgifter(), av=administrator)
    with pytest.raises(ValidationError, match="kan inte tas bort"):
        fraga_tjanster.ta_bort_fraga(fraga=fraga, av=administrator)
    with pytest.raises(ValidationError, match="registrering från 2025-03-01"):
        fraga_tjanster.avsluta_fraga(fraga=fraga, version=1, till=date(2025, 2, 28), av=administrator)

    fraga_tjanster.avsluta_fraga(fraga=fraga, version=1, till=date(2025, 3, 1), av=administrator)

    fraga.refresh_from_db()
    assert (fraga.till, fraga.version) == (date(2025, 3, 1), 2)


@pytest.mark.parametrize("ordet", [
    "Vilken diagnos?", "Telefonnummer", "Religiös tillhörighet", "Efternamn", "sjukdomshistoria", "Brottslighet?",
    "(födelseår)", "Etniskt ursprung", "Hemadress",
])  # fmt: skip
def test_kansliga_ord_kanns_igen(ordet):
    assert fraga_tjanster.kansliga_ord("Vi undrar", ordet)


@pytest.mark.parametrize("text", [
    "Hur länge väntade deltagaren på insatsen?",
    "Hade insatsen något avbrott, eller ett genombrott?",
    "Vem tog ursprungligen kontakt?",
    "Vad brottas arbetsgivaren med?",
])  # fmt: skip
def test_en_vanlig_fraga_varnar_inte(text):
    assert fraga_tjanster.kansliga_ord(text, "Under en månad") == []


# Databasen


@pytest.mark.parametrize(
    "sats",
    [
        "UPDATE insatser_fraga SET text = 'Något annat?'",
        "UPDATE insatser_fraga SET namn = 'Annat'",
        "UPDATE insatser_fraga SET svarstyp = 'fritext'",
        "UPDATE insatser_fraga SET tillfalle = 'ut'",
        "UPDATE insatser_fraga SET fran = '2026-01-01'",
        "UPDATE insatser_fraga SET till = '2025-02-01'",
        "UPDATE insatser_fraga SET bekraftat_vid = now()",
        "DELETE FROM insatser_fraga",
        "UPDATE insatser_svarsalternativ SET text = text || '!'",
        "UPDATE insatser_svarsalternativ SET ordning = ordning + 1",
        "DELETE FROM insatser_svarsalternativ",
        "INSERT INTO insatser_svarsalternativ (fraga_id, text, ordning) SELECT id, 'Nytt', 9 FROM insatser_fraga",
    ],
)
@pytest.mark.parametrize("agare", [False, True])
def test_ra_sql_mot_en_fraga_med_svar_nekas(org, sats, agare):
    fraga = fabriker.fraga(org, "en")
    insatsen = fabriker.insats(org)
    av = fabriker.deltagaransvarig(insatsen)
    fabriker.inregistrera(insatsen, av, svar=[(fraga, [fraga.alternativ.first().pk])])

    with pytest.raises(IntegrityError, match="Frågan är besvarad"), transaction.atomic(), connection.cursor() as markor:
        if agare:
            markor.execute("SET LOCAL ROLE sus_agare")
        markor.execute(sats)

    assert Fraga.objects.filter(pk=fraga.pk, text=fraga.text).exists()
    assert fraga.alternativ.count() == 3


def test_en_fraga_utan_svar_gar_att_andra_med_ra_sql(org):
    fabriker.fraga(org, "en")
    with connection.cursor() as markor:
        markor.execute("UPDATE insatser_fraga SET text = 'Något annat?', till = '2030-01-01'")
        markor.execute("DELETE FROM insatser_svarsalternativ")
        markor.execute("DELETE FROM insatser_fraga")

    assert not Fraga.objects.exists()


def test_fritext_over_200_tecken_nekas(org):
    fraga, deltagande, _ = besvarad(org)
    with pytest.raises(DatabaseError, match="too long"), transaction.atomic():
        Svar.objects.create(deltagande=deltagande, fraga=fraga, tillfalle="ut", fritext="x" * 201)


@pytest.mark.parametrize(
    ("svarstyp", "varde"),
    [
        ("fritext", {"tal": 1}),
        ("tal", {"fritext": "ett"}),
        ("datum", {"tal": 1}),
        ("en", {"alternativ": []}),
        ("en", {"alternativ": "två"}),
        ("flera", {"alternativ": []}),
        ("flera", {"alternativ": "samma"}),
        ("en", {"alternativ": "främmande"}),
    ],
)
def test_ett_svar_har_fragans_typ_och_alternativ(org, insats, svarstyp, varde):
    fraga, annan = fabriker.fraga(org, svarstyp), fabriker.fraga(org, "en")
    egna = [ett.pk for ett in fraga.alternativ.all()]
    valda = {"två": egna[:2], "samma": egna[:1] * 2, "främmande": [annan.alternativ.first().pk]}
    if isinstance(varde.get("alternativ"), str):
        varde = {"alternativ": valda[varde["alternativ"]]}
    deltagande = fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    with pytest.raises(IntegrityError, match="passar inte till sin"), transaction.atomic():
        Svar.objects.create(deltagande=deltagande, fraga=fraga, tillfalle="in", **varde)


@pytest.mark.parametrize("varde", [{}, {"fritext": "Bra", "tal": 1}])
def test_ett_svar_har_precis_ett_varde(org, insats, varde):
    fraga = fabriker.fraga(org)
    deltagande = fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))

    with pytest.raises(IntegrityError, match="svaret_har_ett_varde"), transaction.atomic():
        Svar.objects.create(deltagande=deltagande, fraga=fraga, tillfalle="in", **varde)


@pytest.mark.parametrize(
    "falt",
    [
        {"tillfalle": "ut"},
        {"till": date(2025, 2, 28)},
        {"fran": date(2025, 3, 2)},
        {"annan": True},
    ],
)
def test_bara_fragor_som_stalls_i_insatsen_den_dagen_far_svar(org, insats, falt):
    fraga = fabriker.fraga(fabriker.organisation() if falt.pop("annan", False) else org, **falt)

    with pytest.raises(ValidationError, match="ställs inte i insatsen den dagen"):
        fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats), svar=[(fraga, "Bra")])

    assert not Deltagande.objects.exists()


def test_ett_svar_per_fraga_och_tillfalle(org):
    fraga, deltagande, _ = besvarad(org)
    with pytest.raises(IntegrityError, match="ett_svar_per_fraga"), transaction.atomic():
        Svar.objects.create(deltagande=deltagande, fraga=fraga, tillfalle="in", fritext="Igen")


# Radskyddet


def test_svaren_syns_bara_genom_uppdraget(org):
    fraga, deltagande, _ = besvarad(org)
    assert Svar.objects.get().deltagande == deltagande

    for konto in (None, fabriker.deltagaransvarig(fabriker.insats(org)), fabriker.insatsansvarig(org)):
        satt_sammanhang(konto)
        assert Svar.objects.count() == 0
    satt_sammanhang(fabriker.deltagaransvarig(fabriker.insats(org)))
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Svar.objects.create(deltagande_id=deltagande.pk, fraga=fraga, tillfalle="ut", fritext="Främmande")
    # Samverkansadministratören får antalet, inte raderna.
    assert fraga_tjanster.antal_svar(org) == {fraga.pk: 1}


@pytest.mark.parametrize("sats", ["UPDATE {} SET fraga_id = 1", "UPDATE {} SET deltagande_id = 1", "TRUNCATE {}"])
def test_ett_svar_rattas_men_flyttas_inte(org, sats):
    besvarad(org)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats.format("deltagare_svar"))


def test_rapportens_roll_nar_inga_svar(org):
    besvarad(org)
    with connection.cursor() as markor:
        markor.execute("SET LOCAL ROLE sus_rapport")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            markor.execute("SELECT * FROM deltagare_svar")
        markor.execute("SET LOCAL ROLE sus_app")


# Att svara, och att avidentifiera


def ut(deltagande, av, anledning="fullfoljd", svar=()):
    return tjanster.utregistrera(
        deltagande=deltagande,
        version=deltagande.version,
        utregistrering=date(2025, 6, 1),
        avslutningsanledning=anledning,
        efter={},
        svar=svar,
        av=av,
    )


def test_svar_sparas_vid_bada_tillfallena_och_loggas_utan_innehall(org, insats):
    av = fabriker.deltagaransvarig(insats)
    fritext, tal, dag, en, flera = (fabriker.fraga(org, typ) for typ in ("fritext", "tal", "datum", "en", "flera"))
    val = [ett.pk for ett in flera.alternativ.all()]
    svar = [
        (fritext, "Bra"),
        (tal, Decimal("7.5")),
        (dag, date(2025, 1, 1)),
        (en, [en.alternativ.first().pk]),
        (flera, val[:2]),
    ]

    deltagande = fabriker.inregistrera(insats, av, svar=svar)
    ut(deltagande, av, svar=[(tal, Decimal(3))])

    assert Svar.objects.filter(tillfalle=Tillfalle.IN).count() == 5
    assert Svar.objects.get(fraga=flera).alternativ == val[:2]
    assert set(Svar.objects.filter(fraga=tal).values_list("tillfalle", "tal")) == {("in", Decimal("7.5")), ("ut", 3)}
    handelse = Handelse.objects.get(typ="deltagare_inregistrerad")
    assert handelse.detaljer == {"deltagande": deltagande.pk, "fragor": [fraga.pk for fraga, _ in svar]}


def test_felregistrering_sparar_inga_svar(org):
    fraga, deltagande, av = besvarad(org)

    ut(deltagande, av, "felregistrering", svar=[(fraga, "Efteråt")])

    assert list(Svar.objects.values_list("tillfalle", flat=True)) == ["in"]


def test_atertaget_samtycke_tar_fritexten_men_inte_statistiken(org, insats):
    av = fabriker.deltagaransvarig(insats)
    fritext, tal = fabriker.fraga(org), fabriker.fraga(org, "tal")
    deltagande = fabriker.inregistrera(insats, av, svar=[(fritext, "Bor på Storgatan"), (tal, Decimal(2))])

    ut(deltagande, av, "atertaget_samtycke", svar=[(fritext, "Mer fritext"), (tal, Decimal(4))])

    with som_agare():
        assert list(Svar.objects.order_by("pk").values_list("fraga", "tillfalle", "tal")) == [
            (tal.pk, "in", 2),
            (tal.pk, "ut", 4),
        ]
    with pytest.raises(IntegrityError, match="ingen identitet"), transaction.atomic():
        Svar.objects.create(deltagande=deltagande, fraga=fritext, tillfalle="in", fritext="Tillbaka")


def test_exporten_sager_att_fragor_och_svar_inte_foljer_med():
    assert "kompletterande frågor och svaren på dem" in SAKNAS


# Administrationens sidor


def test_ny_fraga_pa_sidan(client, org, administrator):
    svar = client.post(reverse("fragor:ny", args=[org.pk]), skickat(), follow=True)

    fraga = Fraga.objects.get()
    assert svar.redirect_chain == [(f"/samverkansorganisationer/{org.pk}/fragor/", 302)]
    assert [ett.text for ett in fraga.alternativ.all()] == ["Under en månad", "Längre"]
    assert (fraga.fran, fraga.till, fraga.bekraftat_av) == (date(2024, 1, 1), None, administrator)
    assert "Frågan Väntetid är registrerad." in text(svar)
    assert "message-box--warning" not in text(svar)


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"bekraftat": ""}, "Läs frågan en gång till och kryssa för att du bekräftar."),
        ({"namn": ""}, "Ange frågans namn."),
        ({"text": ""}, "Skriv frågan."),
        ({"text": "x" * 301}, "Frågan får vara högst 300 tecken."),
        ({"svarstyp": ""}, "Välj hur frågan besvaras."),
        ({"svarstyp": "annat"}, "annat"),
        ({"tillfalle": ""}, "Välj när frågan ställs."),
        ({"alternativ": "Bara ett"}, "Ange minst två alternativ"),
        ({"svarstyp": "tal"}, "Alternativ finns bara för En av flera och Flera av flera."),
        ({"till": "2023-12-31"}, "Till och med kan inte vara före från och med."),
        ({"fran": "2014-01-01"}, "Frågan kan inte börja före den."),
    ],
)
def test_ny_fraga_med_fel_sparar_inget(client, org, administrator, falt, besked):
    svar = client.post(reverse("fragor:ny", args=[org.pk]), skickat(**falt))

    assert svar.status_code == 200
    assert besked in text(svar)
    assert not Fraga.objects.exists()


def test_kansligt_ord_varnar_men_sparar(client, org, administrator):
    svar = client.post(reverse("fragor:ny", args=[org.pk]), skickat(text="Vilken diagnos har deltagaren?"), follow=True)

    assert Fraga.objects.exists()
    assert "Frågan innehåller diagnos." in text(svar)


def test_dubbelklick_ger_en_fraga(client, org, administrator):
    data = skickat()
    svar = [client.post(reverse("fragor:ny", args=[org.pk]), data) for _ in range(2)]

    assert {(s.status_code, s.url) for s in svar} == {(302, f"/samverkansorganisationer/{org.pk}/fragor/")}
    assert Fraga.objects.count() == 1


def test_listan_visar_antal_men_aldrig_vilka(client, org, administrator):
    fraga, _, _ = besvarad(org, namn="Väntetid")
    fabriker.fraga(org, namn="Avslutad fråga", till=IDAG - timedelta(days=1))
    fabriker.fraga(fabriker.organisation(), namn="Främmande fråga")

    sida = text(client.get(reverse("fragor:lista", args=[org.pk])))

    assert re.search(r'data-label="Antal svar">1<', sida)
    assert "Avslutade (1)" in sida
    assert "Främmande" not in sida
    assert "Påhittad" not in sida
    assert reverse("fragor:avsluta", args=[fraga.pk]) in sida
    for namn in ("andra", "ta_bort"):
        assert reverse(f"fragor:{namn}", args=[fraga.pk]) not in sida


def test_listan_har_samma_antal_fragor_till_databasen(client, org, administrator):
    sida = reverse("fragor:lista", args=[org.pk])

    def antal():
        with CaptureQueriesContext(connection) as satser:
            client.get(sida)
        return len(satser)

    fabriker.fraga(org, "en")
    antal()  # den första efter inloggningen sparar också när
    en = antal()
    for _ in range(19):
        fabriker.fraga(org, "en")

    assert en == antal() <= 12


def test_andra_pa_sidan_och_den_andra_far_veta_vad_som_skiljer(client, org, administrator):
    fraga = fabriker.fraga(org)
    sida = reverse("fragor:andra", args=[fraga.pk])
    client.post(sida, skickat(version=1, text="Den förstas fråga?"))

    svar = text(client.post(sida, skickat(version=1, text="Den andras fråga?")))
    sparas = client.post(sida, skickat(version=2, text="Den andras fråga?"))

    assert "Det här skiljer." in svar
    assert "Den förstas fråga?" in svar
    assert 'name="version" value="2"' in svar
    assert sparas.status_code == 302
    assert Fraga.objects.get().text == "Den andras fråga?"


def test_fraga_med_svar_visas_last_och_det_inskrivna_tappas_inte(client, org, administrator):
    fraga, _, _ = besvarad(org)
    sida = reverse("fragor:andra", args=[fraga.pk])

    visad = text(client.get(sida))
    nekad = text(client.post(sida, skickat(version=1, text="Det jag skrev?")))

    assert "går inte att ändra" in visad
    assert 'name="text"' not in visad
    assert "Frågan är besvarad och kan inte ändras." in nekad
    assert "Det jag skrev?" in nekad


def test_avsluta_pa_sidan(client, org, administrator):
    fraga, _, _ = besvarad(org)
    sida = reverse("fragor:avsluta", args=[fraga.pk])
    data = {"version": 1, "token": str(uuid4())}

    tidigt = text(client.post(sida, {**data, "till": "2025-02-01"}))
    svar = client.post(sida, {**data, "till": IDAG.isoformat(), "token": str(uuid4())}, follow=True)
    krock = text(client.post(sida, {**data, "till": "2030-01-01", "token": str(uuid4())}))

    assert "Den kan inte sluta före den dagen." in tidigt
    assert f"ställs till och med {IDAG}" in text(svar)
    assert "Det här skiljer." in krock
    assert 'name="version" value="2"' in krock
    assert Fraga.objects.get().till == IDAG


def test_ta_bort_pa_sidan(client, org, administrator):
    fraga = fabriker.fraga(org, "en")
    sida = reverse("fragor:ta_bort", args=[fraga.pk])

    assert "Frågan är obesvarad." in text(client.get(sida))
    svar = client.post(sida, {"token": str(uuid4())}, follow=True)

    assert "är borttagen" in text(svar)
    assert not Fraga.objects.exists()
    assert not Svarsalternativ.objects.exists()
    assert Handelse.objects.filter(typ="fragor_andrade", detaljer__vad="borttagen").count() == 1


def test_ta_bort_en_med_svar_nekas_pa_sidan(client, org, administrator):
    fraga, _, _ = besvarad(org)
    sida = reverse("fragor:ta_bort", args=[fraga.pk])

    assert "går inte att ta bort" in text(client.get(sida))
    assert "kan inte tas bort" in text(client.post(sida, {"token": str(uuid4())}))
    assert Fraga.objects.exists()


def test_flytta_med_knapparna(client, org, administrator):
    a, b = fabriker.fraga(org), fabriker.fraga(org)

    svar = client.post(reverse("fragor:flytta", args=[b.pk]), {"upp": "1"}, follow=True)

    assert svar.redirect_chain == [(f"/samverkansorganisationer/{org.pk}/fragor/#fraga-{b.pk}", 302)]
    assert "står på plats 1 av 2" in text(svar)
    assert list(Fraga.objects.i_ordning()) == [b, a]
    assert client.get(reverse("fragor:flytta", args=[b.pk])).status_code == 405


SIDOR = ("lista", "ny", "forhandsgranska", "andra", "avsluta", "ta_bort", "flytta")


@pytest.mark.parametrize("namn", SIDOR)
def test_bara_samverkansadministratoren_och_bara_den_egna(client, org, administrator, namn):
    annan = fabriker.organisation()
    egen, annans = fabriker.fraga(org), fabriker.fraga(annan)
    om_organisationen = namn in {"lista", "ny", "forhandsgranska"}
    anropa = client.post if namn == "flytta" else client.get

    def adress(egna):
        plats, fraga = (org, egen) if egna else (annan, annans)
        return reverse(f"fragor:{namn}", args=[plats.pk if om_organisationen else fraga.pk])

    assert anropa(adress(True)).status_code in {200, 302}
    assert anropa(adress(False)).status_code == 404
    for konto in (fabriker.insatsansvarig(org), fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)):
        client.force_login(konto)
        assert anropa(adress(True)).status_code == 403


# Registrera deltagare


def panel(sida, tillfalle):
    """Frågornas panel, utan det som skiljer två visningar av samma formulär."""
    traff = re.search(rf'<section[^>]*id="kompletterande-{tillfalle}".*?</section>', sida, re.DOTALL)
    return traff and re.sub(r"\s+", " ", traff[0])


@pytest.mark.parametrize("tillfalle", Tillfalle.values)
def test_forhandsgranskningen_ar_sidans_egna_falt(client, org, insats, administrator, tillfalle):
    for typ in Svarstyp.values:
        fabriker.fraga(org, typ, text=f"Fråga om {typ}?")
    fabriker.fraga(org, "en", alternativ=[f"Alternativ {nr}" for nr in range(12)], text="En lång lista?")
    granskad = text(client.get(reverse("fragor:forhandsgranska", args=[org.pk]), {"dag": "2025-03-01"}))

    client.force_login(fabriker.deltagaransvarig(insats))
    svar = client.post(
        reverse("deltagare:fragor"),
        {"insats": insats.pk, "registrering": tillfalle, f"{tillfalle}registrering": "2025-03-01"},
    )

    assert panel(granskad, tillfalle)
    assert panel(granskad, tillfalle) == panel(text(svar), tillfalle)
    # Varje fråga, den långa listan och ingressen
    assert panel(granskad, tillfalle).count("Uppgift saknas") == len(Svarstyp.values) + 2


def test_forhandsgranskningen_visar_den_valda_dagen(client, org, administrator):
    fabriker.fraga(org, fran=IDAG + timedelta(days=10), text="Kommer snart?")
    sida = reverse("fragor:forhandsgranska", args=[org.pk])

    assert "Kommer snart?" not in text(client.get(sida))
    assert "Kommer snart?" in text(client.get(sida, {"dag": (IDAG + timedelta(days=10)).isoformat()}))
    assert client.get(sida, {"dag": "inte ett datum"}).status_code == 200


def test_fragorna_foljer_insatsen_dagen_och_rackvidden(client, org, insats, ansvarig):
    fabriker.fraga(org, text="I dag?")
    fabriker.fraga(org, text="I går?", till=IDAG - timedelta(days=1))
    fabriker.fraga(org, text="Vid ut?", tillfalle="ut")
    frammande = fabriker.organisation()
    fabriker.fraga(frammande, text="Främmande?")
    sida = reverse("deltagare:fragor")

    def visas(**falt):
        return set(re.findall(r">\s*([^<>:]*\?)\s*<", text(client.post(sida, {"registrering": "in", **falt}))))

    assert visas(insats=insats.pk) == {"I dag?"}
    assert visas(insats=insats.pk, inregistrering=(IDAG - timedelta(days=1)).isoformat()) == {"I dag?", "I går?"}
    assert visas(insats=insats.pk, registrering="ut") == {"I dag?", "Vid ut?"}
    for fel in ("", "x", "9" * 30, fabriker.insats(frammande).pk):
        assert visas(insats=fel) == set(), fel
    assert "I dag?" in text(client.get(REGISTRERA, {"insats": insats.pk}))


def test_svara_vid_inregistrering(client, org, insats, ansvarig, django_assert_max_num_queries):
    fragor = fritext, tal, dag, en, flera = [
        fabriker.fraga(org, typ) for typ in ("fritext", "tal", "datum", "en", "flera")
    ]
    tom = fabriker.fraga(org)
    val = [ett.pk for ett in flera.alternativ.all()]
    data = indata(
        insats,
        visade_fragor=visade(*fragor, tom),
        **{
            f"fraga_{fritext.pk}_in": "  Det går bra ",
            f"fraga_{tal.pk}_in": "1 234,5",
            f"fraga_{dag.pk}_in": "20250201",
            f"fraga_{en.pk}_in": en.alternativ.first().pk,
            f"fraga_{flera.pk}_in": val[1:],
            f"fraga_{tom.pk}_in": "",
        },
    )

    with django_assert_max_num_queries(30):
        assert client.post(REGISTRERA, data).status_code == 302

    satt_sammanhang(ansvarig)
    sparat = {svar.fraga_id: (svar.fritext, svar.tal, svar.datum, svar.alternativ) for svar in Svar.objects.all()}
    assert sparat == {
        fritext.pk: ("Det går bra", None, None, None),
        tal.pk: ("", Decimal("1234.5"), None, None),
        dag.pk: ("", None, date(2025, 2, 1), None),
        en.pk: ("", None, None, [en.alternativ.first().pk]),
        flera.pk: ("", None, None, val[1:]),
    }


@pytest.mark.parametrize(
    ("svarstyp", "varde", "besked"),
    [
        ("fritext", "x" * 201, "Svaret får vara högst 200 tecken."),
        ("tal", "många", "Ange ett tal med högst två decimaler"),
        ("tal", "1,234", "Ange ett tal med högst två decimaler"),
        ("tal", "9" * 20, "Ange ett tal med högst två decimaler"),
        ("datum", "2025-13-01", "Ange datumet som åååå-mm-dd."),
        ("en", "0", "Alternativet finns inte längre."),
        ("en", "x\x00", "Alternativet finns inte längre."),
        ("flera", ["0"], "Alternativet finns inte längre."),
    ],
)
def test_fel_svar_visas_vid_fragan_och_inget_sparas(client, org, insats, ansvarig, svarstyp, varde, besked):
    fraga = fabriker.fraga(org, svarstyp)

    svar = client.post(REGISTRERA, indata(insats, visade_fragor=visade(fraga), **{f"fraga_{fraga.pk}_in": varde}))

    assert svar.status_code == 200
    assert besked in text(svar)
    assert f'href="#id_fraga_{fraga.pk}_in' in text(svar)
    satt_sammanhang(ansvarig)
    assert not Deltagande.objects.exists()


def saknas(fraga, tillfalle="in"):
    """Det som *Uppgift saknas* skickar för frågan."""
    namn = f"fraga_{fraga.pk}_{tillfalle}"
    return {namn: "saknas"} if fraga.har_alternativ else {f"{namn}_saknas": "on"}


@pytest.mark.parametrize("svarstyp", Svarstyp.values)
def test_uppgift_saknas_ar_ett_besked_men_inget_svar(client, org, insats, ansvarig, svarstyp):
    fraga = fabriker.fraga(org, svarstyp, tillfalle="in")

    svar = client.post(REGISTRERA, indata(insats, visade_fragor=visade(fraga), **saknas(fraga)))

    assert svar.status_code == 302
    satt_sammanhang(ansvarig)
    sparat = Svar.objects.get()
    assert sparat.saknas
    assert (sparat.fritext, sparat.tal, sparat.datum, sparat.alternativ) == ("", None, None, None)
    deltagande = Deltagande.objects.get()
    assert not med_brist(Deltagande.objects.all(), Brist.OBESVARADE_FRAGOR, idag=IDAG).exists()
    sida = client.get(reverse("deltagare:deltagande", args=[deltagande.pk]))
    assert [rad.text for rad in sida.context["fragor"][0][1]] == ["Uppgift saknas"]
    assert fraga_tjanster.antal_svar(org) == {fraga.pk: 0}


def test_en_fraga_med_bara_uppgift_saknas_gar_inte_att_andra(client, org, insats, administrator):
    fraga = fabriker.fraga(org, "tal")
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats), svar=[(fraga, Saknas.UPPGIFT)])

    sida = text(client.get(reverse("fragor:andra", args=[fraga.pk])))

    assert "Frågan är besvarad och går inte att ändra." in sida
    assert "Antal svar: 0" in sida
    listan = text(client.get(reverse("fragor:lista", args=[org.pk])))
    assert reverse("fragor:avsluta", args=[fraga.pk]) in listan
    assert reverse("fragor:andra", args=[fraga.pk]) not in listan
    assert reverse("fragor:ta_bort", args=[fraga.pk]) not in listan
    satt_sammanhang(administrator)
    with pytest.raises(ValidationError, match="är besvarad"):
        fraga_tjanster.ta_bort_fraga(fraga=fraga, av=administrator)


@pytest.mark.parametrize(("svarstyp", "varde"), [("fritext", "Bra"), ("tal", "3"), ("datum", "2025-01-01")])
def test_bade_svar_och_uppgift_saknas_nekas_vid_fragan(client, org, insats, ansvarig, svarstyp, varde):
    fraga = fabriker.fraga(org, svarstyp)
    data = indata(insats, visade_fragor=visade(fraga), **saknas(fraga), **{f"fraga_{fraga.pk}_in": varde})

    svar = client.post(REGISTRERA, data)

    assert "Du har både svarat och valt Uppgift saknas. Välj det ena." in text(svar)
    assert f'href="#id_fraga_{fraga.pk}_in"' in text(svar)
    satt_sammanhang(ansvarig)
    assert not Deltagande.objects.exists()


def test_flera_val_och_uppgift_saknas_nekas(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org, "flera")
    valda = [fraga.alternativ.first().pk, "saknas"]

    svar = client.post(REGISTRERA, indata(insats, visade_fragor=visade(fraga), **{f"fraga_{fraga.pk}_in": valda}))

    assert "Du har både svarat och valt Uppgift saknas. Välj det ena." in text(svar)


@pytest.mark.parametrize("svarstyp", Svarstyp.values)
def test_uppgift_saknas_rattas_till_ett_svar_och_tillbaka(client, org, insats, ansvarig, svarstyp):
    fraga = fabriker.fraga(org, svarstyp, tillfalle="in")
    ett = fabriker.inregistrera(insats, ansvarig, svar=[(fraga, Saknas.UPPGIFT)])
    plats, namn = reverse("deltagare:ratta", args=[ett.pk]), f"fraga_{fraga.pk}_in"
    givet = {"fritext": "Bra", "tal": "3", "datum": "2025-01-01"}.get(svarstyp) or str(fraga.alternativ.first().pk)

    def spara(**svaret):
        form = client.get(plats).context["form"]
        data = {falt.html_name: falt.value() for falt in form if falt.value() not in (None, False)}
        data = {n: v for n, v in data.items() if not n.startswith("fraga_")} | svaret
        assert client.post(plats, data).status_code == 302
        return client.get(plats).context["form"].initial

    fran_borjan = client.get(plats).context["form"].initial
    som_svar = spara(**{namn: givet})
    sparat = [(svar.saknas, svar.varde is Saknas.UPPGIFT) for svar in Svar.objects.select_related("fraga")]
    igen = spara(**saknas(fraga))

    nyckel = namn if fraga.har_alternativ else f"{namn}_saknas"
    assert fran_borjan[nyckel] == igen[nyckel]
    assert som_svar.get(namn)
    assert som_svar.get(f"{namn}_saknas") is None
    assert sparat == [(False, False)]
    assert Svar.objects.get().saknas


def test_utan_skript_visas_fragorna_innan_nagot_sparas(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org, "flera", text="Hittade vi fram?")
    val = [ett.pk for ett in fraga.alternativ.all()]
    data = indata(insats)

    vantar = text(client.post(REGISTRERA, data))
    uppdaterad = text(client.post(REGISTRERA, {**data, f"fraga_{fraga.pk}_in": val[:2], "uppdatera": "1"}))
    sparas = client.post(REGISTRERA, {**data, "visade_fragor": visade(fraga), f"fraga_{fraga.pk}_in": val[:2]})

    assert "kompletterande frågor för den här registreringen som sidan inte visade" in vantar
    assert "Hittade vi fram?" in vantar
    assert f'value="{visade(fraga)}"' in vantar
    assert "Påhittad" in vantar
    assert panel(uppdaterad, "in").count("checked") == 2
    assert sparas.status_code == 302
    satt_sammanhang(ansvarig)
    assert Svar.objects.get().alternativ == val[:2]


def test_svar_pa_en_fraga_som_inte_galler_tappas_inte_tyst(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org, fran=date(2025, 6, 1))
    data = indata(insats, visade_fragor=visade(fraga), **{f"fraga_{fraga.pk}_in": "Skrivet innan datumet byttes"})

    svar = client.post(REGISTRERA, data)

    assert "Det du fyllde i på dem sparas inte." in text(svar)
    satt_sammanhang(ansvarig)
    assert not Deltagande.objects.exists()


def test_en_fraga_som_andrats_under_tiden_stalls_om(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org)
    sedd = visade(fraga)
    Fraga.objects.update(text="Nu med en annan mening?", version=2)
    data = indata(insats, visade_fragor=sedd, **{f"fraga_{fraga.pk}_in": "Svar på den gamla"})

    svar = text(client.post(REGISTRERA, data))

    assert "Nu med en annan mening?" in svar
    assert f'value="{fraga.pk}.2"' in svar
    satt_sammanhang(ansvarig)
    assert not Svar.objects.exists()


def utdata(deltagande, nummer, **falt):
    return {
        "insats": deltagande.insats_id,
        "personnummer": nummer.utskrivet,
        "registrering": "ut",
        "deltagande": deltagande.pk,
        "version": deltagande.version,
        "utregistrering": "2025-06-01",
        "avslutningsanledning": "fullfoljd",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def test_svara_vid_utregistrering(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org, "tal", text="Hur många möten?")
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, ansvarig, nummer=nummer)
    hamta = {"insats": insats.pk, "personnummer": nummer.nummer, "registrering": "ut", "hamta": "1"}

    assert "Hur många möten?" in text(client.post(REGISTRERA, hamta))
    svar = utdata(deltagande, nummer, visade_fragor=visade(fraga), **{f"fraga_{fraga.pk}_ut": "12"})
    assert client.post(REGISTRERA, svar).status_code == 302

    satt_sammanhang(ansvarig)
    assert list(Svar.objects.values_list("tillfalle", "tal")) == [("ut", 12)]


def test_felregistrering_fragar_inget_pa_sidan(client, org, insats, ansvarig):
    fraga = fabriker.fraga(org, "tal")
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, ansvarig, nummer=nummer)

    data = utdata(
        deltagande, nummer, avslutningsanledning="felregistrering", **{f"fraga_{fraga.pk}_ut": "inte ett tal"}
    )
    assert client.post(REGISTRERA, data).status_code == 302

    satt_sammanhang(ansvarig)
    assert not Svar.objects.exists()
    assert Deltagande.objects.get().felregistrerad


@pytest.mark.parametrize("skrivet", ["Ring 19930909-9897", "930909 9897", "199309099897.", "9309699897"])
def test_ett_personnummer_i_fritext_tas_inte_emot(skrivet):
    with pytest.raises(ValidationError, match="ser ut att innehålla ett personnummer"):
        Fritextfalt(max_length=200).clean(skrivet)


@pytest.mark.parametrize(
    "skrivet", ["", "Stöd i 12 veckor", "Telefon 0370-12 34 56", "2025-01-31", "Ärende 990000-1234"]
)
def test_annan_fritext_tas_emot(skrivet):
    assert Fritextfalt(max_length=200, required=False).clean(skrivet) == skrivet

"""Beställarens och systemadministratörens sidor: innehåll, räckvidd, fel vid fältet, dubbelklick (P1, P3, P4, P15)."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from behorighet import tjanster
from behorighet.models import Anvandare, Behorighet, Handelse, Inskick, Organisation, Organisationstyp
from behorighet.roller import Roll
from tests import fabriker

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()


@pytest.fixture
def kommun():
    return Organisation.objects.create(namn="Vänersnäs kommun", typ=Organisationstyp.KOMMUN)


@pytest.fixture
def bestallare(client, kommun):
    konto = fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun, fornamn="Birgitta", efternamn="Ek")
    client.force_login(konto)
    return konto


@pytest.fixture
def systemadministrator(client):
    konto = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR, fornamn="Sten", efternamn="Öberg")
    client.force_login(konto)
    return konto


def text(svar):
    return svar.content.decode()


def ny_person(**falt):
    return {
        "username": "ake.lund",
        "fornamn": "Åke",
        "efternamn": "Lund",
        "epost": "ake@kommun.example",
        "roller": ["insatsansvarig", "sus_rapport"],
        "fran": IDAG.isoformat(),
        "till": "",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def roller(konto):
    return set(Behorighet.objects.filter(anvandare=konto).values_list("roll", flat=True))


def typer():
    return list(Handelse.objects.order_by("pk").values_list("typ", flat=True))


# Listan


def test_listan_visar_bara_den_egna_organisationens_personal(client, bestallare, kommun):
    fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun, fornamn="Åsa", efternamn="Ärla")
    fabriker.anvandare(arbetsgivare=kommun, fornamn="Rolf", efternamn="Rollös")
    fabriker.anvandare(Roll.INSATSANSVARIG, fornamn="Frida", efternamn="Främmande")

    svar = client.get(reverse("behorigheter"))

    assert [str(konto) for konto in svar.context["sida"]] == ["Birgitta Ek", "Rolf Rollös", "Åsa Ärla"]
    assert "Ingen roll" in text(svar)
    assert "Främmande" not in text(svar)
    assert IDAG.isoformat() not in re.findall(r"<td.*", text(svar))
    assert fabriker.IGAR.isoformat() in text(svar)


def test_bestallare_och_systemadministrator_gar_inte_att_avsluta_i_listan(client, bestallare, kommun):
    fabriker.behorighet(bestallare, Roll.SYSTEMADMINISTRATOR)
    annan = fabriker.anvandare(arbetsgivare=kommun)
    behorighet = fabriker.behorighet(annan, Roll.INSATSANSVARIG)
    slut = fabriker.behorighet(annan, Roll.SUS_RAPPORT, till=fabriker.IGAR)

    sida = text(client.get(reverse("behorigheter")))

    assert re.findall(r"behorighet/(\d+)/avsluta", sida) == [str(behorighet.pk)]
    assert str(slut.pk) != str(behorighet.pk)


@pytest.mark.parametrize(
    ("fraga", "namn"),
    [
        ("fornamn=åsa", {"Åsa Ärla"}),
        ("efternamn=*rla", {"Åsa Ärla"}),
        ("efternamn=ä*", {"Åsa Ärla"}),
        ("lage=kommande", {"Karin Kommer"}),
        ("lage=avslutad", {"Sven Slutat"}),
        ("lage=galler", {"Åsa Ärla", "Birgitta Ek"}),
        ("lage=hittepå", {"Åsa Ärla", "Birgitta Ek", "Karin Kommer", "Sven Slutat"}),
        ("efternamn=(", set()),
    ],
)
def test_sok_i_listan(client, bestallare, kommun, fraga, namn):
    fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun, fornamn="Åsa", efternamn="Ärla")
    karin = fabriker.anvandare(arbetsgivare=kommun, fornamn="Karin", efternamn="Kommer")
    fabriker.behorighet(karin, Roll.SUS_RAPPORT, fran=IDAG + timedelta(days=3))
    sven = fabriker.anvandare(arbetsgivare=kommun, fornamn="Sven", efternamn="Slutat")
    fabriker.behorighet(sven, Roll.SUS_RAPPORT, fran=IDAG - timedelta(days=9), till=fabriker.IGAR)

    svar = client.get(f"{reverse('behorigheter')}?{fraga}")

    assert {str(konto) for konto in svar.context["sida"]} == namn


def test_listan_for_htmx_ar_bara_raderna(client, bestallare):
    svar = client.get(reverse("behorigheter"), {"efternamn": "zzz"}, headers={"HX-Request": "true"})

    assert "Ingen i personalen matchar sökningen" in text(svar)
    assert "<h1" not in text(svar)


@pytest.mark.parametrize("antal", [1, 4])
def test_listan_har_samma_antal_fragor(client, bestallare, kommun, django_assert_num_queries, antal):
    for _ in range(antal):
        fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun)

    with django_assert_num_queries(13):
        client.get(reverse("behorigheter"))


# Beställa


def test_bestall_at_en_ny_person_visar_lanken_en_gang(client, bestallare, kommun):
    svar = client.post(reverse("bestall_behorighet"), ny_person(), follow=True)

    konto = Anvandare.objects.get(username="ake.lund")
    assert (konto.arbetsgivare, konto.has_usable_password()) == (kommun, False)
    assert roller(konto) == {"insatsansvarig", "sus_rapport"}
    assert set(Behorighet.objects.filter(anvandare=konto).values_list("bestalld_av", flat=True)) == {bestallare.pk}
    lank = re.search(r'<code id="lank">([^<]+)</code>', text(svar))[1]
    assert lank.startswith("http://testserver/valj-losenord/")
    assert "no-store" in svar["Cache-Control"]
    igen = text(client.get(svar.request["PATH_INFO"]))
    assert "Länken har redan visats" in igen
    assert "valj-losenord" not in igen
    assert typer() == ["konto_skapat", "behorighet_bestalld", "behorighet_bestalld", "lank_skapad"]
    assert "Lund" not in str(list(Handelse.objects.values_list("detaljer", flat=True)))


def test_bestall_at_den_som_redan_har_konto(client, bestallare, kommun):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, arbetsgivare=kommun)
    adress = reverse("bestall_behorighet_at", args=[konto.pk])

    sida = text(client.get(adress))
    svar = client.post(adress, ny_person(roller=["deltagaransvarig"], till=IDAG.isoformat()), follow=True)

    assert 'name="username"' not in sida
    assert svar.redirect_chain == [(reverse("behorigheter"), 302)]
    assert "Behörighet som deltagaransvarig är beställd." in text(svar)
    assert roller(konto) == {"sus_rapport", "deltagaransvarig"}
    assert not Anvandare.objects.filter(username="ake.lund").exists()


def test_dubbelklick_ger_ett_konto_och_samma_svar(client, bestallare):
    data = ny_person()

    forsta = client.post(reverse("bestall_behorighet"), data)
    andra = client.post(reverse("bestall_behorighet"), data)

    # Formuläret prövas om: namnet är nu upptaget av det egna kontot.
    assert forsta.status_code == 302
    assert andra.status_code == 302
    assert forsta.url == andra.url
    assert Anvandare.objects.filter(username="ake.lund").count() == 1
    assert Behorighet.objects.filter(anvandare__username="ake.lund").count() == 2


@pytest.mark.parametrize(
    ("falt", "vid", "besked"),
    [
        ({"username": ""}, "username", "Ange användarnamn."),
        ({"username": "åke lund"}, "username", "får bara ha bokstäver"),
        ({"username": "UPPTAGET"}, "username", "Användarnamnet är upptaget."),
        ({"fornamn": ""}, "fornamn", "Ange förnamn."),
        ({"efternamn": " "}, "efternamn", "Ange efternamn."),
        ({"epost": "fel"}, "epost", "Ange en e-postadress"),
        ({"roller": []}, "roller", "Välj minst en roll."),
        ({"roller": ["bestallare"]}, "roller", "Rollen går inte att beställa här."),
        ({"roller": ["systemadministrator"]}, "roller", "Rollen går inte att beställa här."),
        (
            {"roller": ["deltagaransvarig", "samverkansadministrator"]},
            "roller",
            "Den som är deltagaransvarig kan inte samtidigt vara samverkansadministratör",
        ),
        ({"fran": "i dag"}, "fran", "Ange datumet som åååå-mm-dd."),
        ({"till": fabriker.IGAR.isoformat()}, "till", "Till och med kan inte vara före från och med."),
        (
            {"fran": "2025-01-01", "till": "2025-02-01"},
            "till",
            "Till och med har redan passerat.",
        ),
    ],
)
def test_bestall_fel_vid_faltet_och_inget_sparat(client, bestallare, falt, vid, besked):
    fabriker.anvandare(username="upptaget")
    fore = Anvandare.objects.count()

    svar = client.post(reverse("bestall_behorighet"), ny_person(**falt))

    assert svar.status_code == 200
    assert besked in str(svar.context["form"].errors[vid])
    assert "<title>Fel: " in text(svar)
    assert Anvandare.objects.count() == fore
    assert typer() == []


@pytest.mark.parametrize(
    ("har", "bestaller", "besked"),
    [
        (Roll.DELTAGARANSVARIG, "samverkansadministrator", "kan inte samtidigt vara samverkansadministratör"),
        (Roll.SUS_RAPPORT, "sus_rapport", "Personen har redan rollen sus-rapport under den tiden."),
    ],
)
def test_databasens_nej_star_vid_rollerna(client, bestallare, kommun, har, bestaller, besked):
    konto = fabriker.anvandare(har, arbetsgivare=kommun)

    svar = client.post(
        reverse("bestall_behorighet_at", args=[konto.pk]), ny_person(roller=["insatsansvarig", bestaller])
    )

    assert besked in str(svar.context["form"].errors["roller"])
    assert roller(konto) == {har.value}  # alla eller ingen
    assert typer() == []


def test_upptaget_anvandarnamn_i_databasen_ar_ett_svenskt_fel(bestallare, kommun):
    with pytest.raises(ValidationError, match="Användarnamnet är upptaget"):
        tjanster.skapa_konto(
            username=bestallare.username, fornamn="A", efternamn="B", epost="", arbetsgivare=kommun, av=bestallare
        )


@pytest.mark.parametrize("roll", [Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR])
def test_tjansten_nekar_bestallaren_roller_utanfor_dess_ratt(bestallare, kommun, roll):
    konto = fabriker.anvandare(arbetsgivare=kommun)

    with pytest.raises(PermissionDenied):
        tjanster.bestall_behorighet(anvandare=konto, roller=[roll], fran=IDAG, till=None, av=bestallare)


def test_tjansten_nekar_bestallaren_en_annans_personal(bestallare):
    with pytest.raises(PermissionDenied):
        tjanster.bestall_behorighet(
            anvandare=fabriker.anvandare(), roller=[Roll.SUS_RAPPORT], fran=IDAG, till=None, av=bestallare
        )


# Avsluta


def test_avsluta_nu_bryter_vid_nasta_begaran(client, kommun):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, arbetsgivare=kommun)
    client.force_login(konto)
    assert client.get("/rapporter/insats/").status_code == 200

    tjanster.avsluta_behorighet(behorighet=konto.behorigheter.get(), nu=True, av=None)

    assert client.get("/rapporter/insats/").status_code == 403
    assert Handelse.objects.get(typ="behorighet_avslutad").detaljer["nu"] is True


def test_avsluta_satter_sista_dagen():
    behorighet = fabriker.behorighet(fabriker.anvandare(), Roll.SUS_RAPPORT)

    avslutad = tjanster.avsluta_behorighet(behorighet=behorighet, till=IDAG, av=None)

    assert (avslutad.till, avslutad.avslutad_vid, avslutad.lage.label) == (IDAG, None, "Gäller")


@pytest.mark.parametrize(
    ("tider", "till", "besked"),
    [
        ({}, fabriker.IGAR, "har redan passerat"),
        ({"fran": IDAG + timedelta(days=5)}, IDAG, "före från och med"),
        ({"till": IDAG}, IDAG + timedelta(days=1), "slutar redan"),
        ({"till": fabriker.IGAR}, IDAG, "redan avslutad"),
        ({}, None, "Ange ett datum"),
    ],
)
def test_avsluta_fel(tider, till, besked):
    behorighet = fabriker.behorighet(fabriker.anvandare(), Roll.SUS_RAPPORT, **tider)

    with pytest.raises(ValidationError, match=besked):
        tjanster.avsluta_behorighet(behorighet=behorighet, till=till, av=None)


@pytest.mark.parametrize("ny", ["samverkansadministrator", "deltagaransvarig"])
def test_avsluta_nu_frigor_rollen_samma_dag(client, bestallare, kommun, ny):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, arbetsgivare=kommun)
    gammal = tjanster.avsluta_behorighet(behorighet=konto.behorigheter.get(), nu=True, av=bestallare)

    client.post(reverse("bestall_behorighet_at", args=[konto.pk]), ny_person(roller=[ny]))

    behorighet = konto.behorigheter.gallande().get()
    assert behorighet.roll == ny
    assert behorighet.giltighet.lower == gammal.giltighet.upper
    konto = Anvandare.objects.get(pk=konto.pk)
    assert konto.roller_nu == [Roll(ny)]


def test_avslutad_samma_dag_frigor_inte_dagar_som_varit(bestallare, kommun):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, arbetsgivare=kommun)
    tjanster.avsluta_behorighet(behorighet=konto.behorigheter.get(), nu=True, av=bestallare)

    with pytest.raises(ValidationError, match="kan inte samtidigt vara"):
        tjanster.bestall_behorighet(
            anvandare=konto, roller=["samverkansadministrator"], fran=fabriker.IGAR, till=None, av=bestallare
        )


# Länken


def test_ny_lank_visas_en_gang_och_gar_att_anvanda(client, bestallare, kommun):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, arbetsgivare=kommun)
    adress = reverse("ny_lank", args=[konto.pk])
    assert typer() == []
    assert "Skapa länk" in text(client.get(adress))
    assert typer() == []

    svar = client.post(adress, follow=True)

    assert "/valj-losenord/" in text(svar)
    assert typer() == ["lank_skapad"]


@pytest.mark.parametrize("roll", [Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR])
def test_bestallaren_far_ingen_nyckel_till_den_som_har_mer_ratt(client, bestallare, kommun, roll):
    konto = fabriker.anvandare(arbetsgivare=kommun)
    fabriker.behorighet(konto, roll, fran=IDAG + timedelta(days=1))

    assert client.post(reverse("ny_lank", args=[konto.pk])).status_code == 403
    assert client.post(reverse("ny_lank", args=[bestallare.pk])).status_code == 403
    assert "ny-lank" not in text(client.get(reverse("behorigheter")))


@pytest.mark.parametrize(
    ("har", "kod"),
    [
        ([Roll.BESTALLARE], 302),
        ([Roll.SYSTEMADMINISTRATOR], 302),
        ([Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR, Roll.INSATSANSVARIG], 302),
        ([Roll.INSATSANSVARIG], 403),
        ([], 403),
        # Nyckeln till en deltagaransvarigs konto öppnar personuppgifter, vilka andra roller kontot än har.
        ([Roll.DELTAGARANSVARIG], 403),
        ([Roll.DELTAGARANSVARIG, Roll.SYSTEMADMINISTRATOR], 403),
    ],
)
def test_systemadministratorens_nycklar(client, systemadministrator, har, kod):
    konto = fabriker.anvandare(*har)

    assert client.post(reverse("ny_bestallares_lank", args=[konto.pk])).status_code == kod
    assert client.post(reverse("ny_bestallares_lank", args=[systemadministrator.pk])).status_code == 403
    sida = text(client.get(konto.arbetsgivare.get_absolute_url()))
    assert re.findall(r"anvandare/(\d+)/ny-lank", sida) == ([str(konto.pk)] if kod == 302 else [])


def test_lanken_visas_bara_for_det_konto_den_gjordes_for(client, bestallare, kommun):
    ett, annat = (fabriker.anvandare(arbetsgivare=kommun) for _ in range(2))
    client.post(reverse("ny_lank", args=[ett.pk]))

    assert "valj-losenord" not in text(client.get(reverse("visa_lank", args=[annat.pk])))


# Administration


def test_registrera_organisation(client, systemadministrator):
    data = {"namn": "Region Västland", "organisationsnummer": "162321000016", "typ": "region", "token": str(uuid4())}

    svar = client.post(reverse("ny_organisation"), data, follow=True)
    client.post(reverse("ny_organisation"), data)

    organisation = Organisation.objects.get(namn="Region Västland")
    assert organisation.organisationsnummer == "232100-0016"
    assert svar.redirect_chain == [(organisation.get_absolute_url(), 302)]
    assert "Ingen i personalen har något konto" in text(svar)
    assert typer() == ["organisation_registrerad"]


@pytest.mark.parametrize(
    ("falt", "vid", "besked"),
    [
        ({"organisationsnummer": "232100-0017"}, "organisationsnummer", "Den sista siffran stämmer inte"),
        ({"organisationsnummer": "23210000"}, "organisationsnummer", "NNNNNN-NNNN"),
        ({"organisationsnummer": "801115-9802"}, "organisationsnummer", "NNNNNN-NNNN"),
        ({"organisationsnummer": ""}, "organisationsnummer", "Ange organisationsnummer."),
        ({"organisationsnummer": "202100-5489"}, "organisationsnummer", "organisation med det numret"),
        ({"namn": "Finns"}, "namn", "organisation med det namnet"),
        ({"namn": ""}, "namn", "Ange organisationens namn."),
        ({"typ": "hittepå"}, "typ", "Välj typ ur listan."),
    ],
)
def test_registrera_organisation_fel_vid_faltet(client, systemadministrator, falt, vid, besked):
    Organisation.objects.create(namn="Finns", organisationsnummer="202100-5489", typ="stat")
    data = {"namn": "Ny", "organisationsnummer": "232100-0016", "typ": "region", "token": str(uuid4()), **falt}

    svar = client.post(reverse("ny_organisation"), data)

    assert besked in str(svar.context["form"].errors[vid])
    assert not Organisation.objects.filter(namn="Ny").exists()


def test_organisationerna_gar_att_soka(client, systemadministrator, kommun):
    svar = client.get(reverse("organisationer"), {"q": "v*kommun"})

    assert [rad.namn for rad in svar.context["sida"]] == ["Vänersnäs kommun"]
    tom = client.get(reverse("organisationer"), {"q": "finns inte"}, headers={"HX-Request": "true"})
    assert "Inga organisationer matchar sökningen" in text(tom)


def test_ny_bestallare_far_sin_lank(client, systemadministrator, kommun):
    svar = client.post(reverse("ny_bestallare", args=[kommun.pk]), ny_person(roller=["bestallare"]), follow=True)

    konto = Anvandare.objects.get(username="ake.lund")
    assert (konto.arbetsgivare, roller(konto)) == (kommun, {"bestallare"})
    assert "/valj-losenord/" in text(svar)
    assert "/valj-losenord/" in text(client.post(reverse("ny_bestallares_lank", args=[konto.pk]), follow=True))


def test_gor_nagon_i_personalen_till_bestallare_och_avsluta(client, systemadministrator, kommun):
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, arbetsgivare=kommun)
    client.post(reverse("bestallare_at", args=[konto.pk]), ny_person(roller=["bestallare"]))
    behorighet = Behorighet.objects.get(anvandare=konto, roll=Roll.BESTALLARE)
    sida = text(client.get(kommun.get_absolute_url()))
    adress = reverse("avsluta_bestallare", args=[behorighet.pk])
    assert re.findall(r"behorighet/(\d+)/avsluta", sida) == [str(behorighet.pk)]

    client.get(adress)
    assert Behorighet.objects.gallande().filter(pk=behorighet.pk).exists()
    utan_dag = client.post(adress, {"avsluta": "1", "token": str(uuid4())})
    svar = client.post(adress, {"nu": "1", "till": "skräp", "token": str(uuid4())}, follow=True)

    assert "Ange den sista dagen, eller välj Avsluta nu." in text(utan_dag)
    assert "Behörigheten som beställare är avslutad." in text(svar)
    assert not Behorighet.objects.gallande().filter(pk=behorighet.pk).exists()


def test_r1_nar_en_deltagaransvarig_gors_till_bestallare(client, systemadministrator, kommun):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, arbetsgivare=kommun)

    svar = client.post(reverse("bestallare_at", args=[konto.pk]), ny_person(roller=["bestallare"]))

    assert "Den som är deltagaransvarig kan inte samtidigt vara" in text(svar)
    assert roller(konto) == {"deltagaransvarig"}


@pytest.mark.parametrize("roll", [r for r in Roll if r not in {Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR}])
def test_systemadministratoren_bestaller_inga_andra_roller(client, systemadministrator, kommun, roll):
    svar = client.post(reverse("ny_bestallare", args=[kommun.pk]), ny_person(roller=[roll]))

    assert "Rollen går inte att beställa här." in text(svar)


def avsluta(client, behorighet, **falt):
    data = {"nu": "1", "token": str(uuid4()), **falt}
    return client.post(reverse("avsluta_bestallare", args=[behorighet.pk]), data, follow=True)


def test_en_systemadministrator_till_bestalls_och_avslutas(client, systemadministrator, kommun):
    client.post(reverse("ny_bestallare", args=[kommun.pk]), ny_person(roller=["systemadministrator"]))
    behorighet = Behorighet.objects.get(anvandare__username="ake.lund")
    sida = text(client.get(kommun.get_absolute_url()))
    assert reverse("avsluta_bestallare", args=[behorighet.pk]) in sida

    svar = avsluta(client, behorighet)

    assert "Behörigheten som systemadministratör är avslutad." in text(svar)
    assert not Behorighet.objects.gallande().filter(pk=behorighet.pk).exists()


def test_ingen_avslutar_sin_egen_systemadministration(client, systemadministrator):
    fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    egen = systemadministrator.behorigheter.get()

    svar = avsluta(client, egen)

    assert "Du kan inte avsluta din egen behörighet" in text(svar)
    assert Behorighet.objects.gallande().filter(pk=egen.pk).exists()
    adress = reverse("avsluta_bestallare", args=[egen.pk])
    assert adress not in text(client.get(systemadministrator.arbetsgivare.get_absolute_url()))


@pytest.mark.parametrize(
    ("kvar", "slut", "gar"),
    [
        ({"is_active": False}, {"nu": True}, False),
        ({"till": IDAG}, {"nu": True}, False),
        ({"till": IDAG + timedelta(days=5)}, {"till": IDAG + timedelta(days=5)}, False),
        ({"till": IDAG + timedelta(days=6)}, {"till": IDAG + timedelta(days=5)}, True),
        ({"fran": IDAG + timedelta(days=1)}, {"nu": True}, False),
        ({}, {"nu": True}, True),
    ],
)
def test_sus_star_aldrig_utan_systemadministrator(kvar, slut, gar):
    konto = fabriker.anvandare(is_active=kvar.pop("is_active", True))
    fabriker.behorighet(konto, Roll.SYSTEMADMINISTRATOR, **kvar)
    avslutas = fabriker.behorighet(fabriker.anvandare(), Roll.SYSTEMADMINISTRATOR)

    if gar:
        assert tjanster.avsluta_behorighet(behorighet=avslutas, av=None, **slut)
    else:
        with pytest.raises(ValidationError, match="SUS skulle stå utan systemadministratör"):
            tjanster.avsluta_behorighet(behorighet=avslutas, av=None, **slut)


def test_nollstall_tvastegsinloggning(client, systemadministrator, kommun):
    konto = fabriker.anvandare(Roll.DELTAGARANSVARIG, arbetsgivare=kommun)
    adress = reverse("nollstall_tva_steg", args=[konto.pk])
    assert adress in text(client.get(kommun.get_absolute_url()))
    assert "Nollställ" in text(client.get(adress))
    assert typer() == []

    svar = client.post(adress, follow=True)

    assert svar.redirect_chain == [(kommun.get_absolute_url(), 302)]
    assert f"nollställd för {konto}" in text(svar)
    assert typer() == ["tva_steg_nollstallt"]
    egen = reverse("nollstall_tva_steg", args=[systemadministrator.pk])
    assert client.post(egen).status_code == 403
    assert egen not in text(client.get(systemadministrator.arbetsgivare.get_absolute_url()))


# Räckvidd och rätt


BESTALLARES = {
    "bestall_behorighet_at": "konto",
    "visa_lank": "konto",
    "ny_lank": "konto",
}
ADMINISTRATORS = {
    "organisation": "organisation",
    "ny_bestallare": "organisation",
    "bestallare_at": "konto",
    "visa_bestallares_lank": "konto",
    "ny_bestallares_lank": "konto",
    "avsluta_bestallare": "behorighet",
    "nollstall_tva_steg": "konto",
}


@pytest.mark.parametrize("namn", BESTALLARES)
def test_frammande_personal_finns_inte_for_bestallaren(client, bestallare, namn):
    frammande = fabriker.anvandare(Roll.SUS_RAPPORT)

    assert client.get(reverse(namn, args=[frammande.pk])).status_code == 404
    if namn != "visa_lank":
        assert client.post(reverse(namn, args=[frammande.pk]), ny_person()).status_code == 404
    assert roller(frammande) == {"sus_rapport"}


@pytest.mark.parametrize("namn", ADMINISTRATORS)
def test_det_som_inte_finns_ar_404_for_systemadministratoren(client, systemadministrator, namn):
    assert client.get(reverse(namn, args=[10**9])).status_code == 404


def test_systemadministratoren_avslutar_bara_bestallare(client, systemadministrator):
    behorighet = fabriker.behorighet(fabriker.anvandare(), Roll.INSATSANSVARIG)

    svar = client.post(reverse("avsluta_bestallare", args=[behorighet.pk]), {"nu": "1"})

    assert svar.status_code == 404


@pytest.mark.parametrize("roll", Roll)
def test_bara_ratt_roll_nar_sidorna(client, roll, kommun):
    konto = fabriker.anvandare(roll, arbetsgivare=kommun)
    annan = fabriker.anvandare(arbetsgivare=kommun)
    client.force_login(konto)
    behorighet = fabriker.behorighet(annan, Roll.BESTALLARE)
    pk = {"konto": annan.pk, "organisation": kommun.pk, "behorighet": behorighet.pk}

    def svarar(adress):
        return client.get(adress).status_code

    egna = [reverse("behorigheter"), reverse("bestall_behorighet")]
    egna += [reverse(namn, args=[pk[vad]]) for namn, vad in BESTALLARES.items() if namn != "ny_lank"]
    admin = [reverse("organisationer"), reverse("ny_organisation")]
    admin += [reverse(namn, args=[pk[vad]]) for namn, vad in ADMINISTRATORS.items()]
    assert {svarar(adress) for adress in egna} == {200 if roll == Roll.BESTALLARE else 403}
    assert {svarar(adress) for adress in admin} == {200 if roll == Roll.SYSTEMADMINISTRATOR else 403}


def test_att_visa_sidorna_skriver_inget(client, bestallare, kommun):
    konto = fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun)

    for adress in (
        reverse("behorigheter"),
        reverse("bestall_behorighet"),
        *(reverse(namn, args=[konto.pk]) for namn in BESTALLARES),
    ):
        assert client.get(adress).status_code == 200
    assert (typer(), Inskick.objects.count(), Behorighet.objects.count()) == ([], 0, 2)


def test_utloggad_leds_till_inloggningen(client, kommun):
    for adress in (reverse("behorigheter"), reverse("organisationer"), reverse("byt_losenord")):
        assert client.get(adress).url.startswith("/logga-in/")
    assert not AnonymousUser().is_authenticated


@pytest.mark.parametrize(
    ("roll", "lank"), [(Roll.BESTALLARE, "behorigheter"), (Roll.SYSTEMADMINISTRATOR, "organisationer")]
)
def test_menyn_leder_dit(client, roll, lank):
    client.force_login(fabriker.anvandare(roll))

    assert f'href="{reverse(lank)}"' in text(client.get("/"))

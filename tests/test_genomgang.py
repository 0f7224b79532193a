"""Genomgången av behörigheter en gång om året, och Att göra på startsidan (`doman.md` 1.1)."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InternalError, ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from behorighet.genomgang import att_granska, gor_genomgang, marken, nasta_genomgang
from behorighet.models import Behorighet, Genomgang, Genomgangsrad, Handelse, Organisation, Organisationstyp
from behorighet.roller import Roll
from insatser.models import Uppdrag
from sus.att_gora import att_gora
from tests import fabriker

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
OM_EN_VECKA = IDAG + timedelta(days=7)
SIDA = "/anvandare/genomgang/"


@pytest.fixture
def kommun():
    return Organisation.objects.create(namn="Vänersnäs kommun", typ=Organisationstyp.KOMMUN)


@pytest.fixture
def bestallare(client, kommun):
    konto = fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun, fornamn="Birgitta", efternamn="Ek")
    client.force_login(konto)
    return konto


@pytest.fixture
def asa(kommun):
    return fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun, fornamn="Åsa", efternamn="Ärla")


def text(svar):
    return svar.content.decode()


def ifyllt(kommun, **beslut):
    """Det som sidan skickar när allt behålls, utom `beslut`."""
    rader = list(att_granska(kommun))
    data = {f"beslut_{ett.pk}": "behall" for ett in rader}
    visade = " ".join(f"{pk}:{till}" for pk, till in marken(rader).items())
    return {**data, "visade": visade, "token": str(uuid4()), **beslut}


# När


@pytest.mark.parametrize(
    ("fran", "nasta"),
    [
        (date(2025, 3, 1), date(2026, 3, 1)),
        (date(2024, 2, 29), date(2025, 2, 28)),
    ],
)
def test_forsta_genomgangen_ett_ar_efter_den_forsta_behorigheten(kommun, fran, nasta):
    assert nasta_genomgang(kommun) is None
    konto = fabriker.anvandare(arbetsgivare=kommun)
    fabriker.behorighet(konto, Roll.SUS_RAPPORT, fran=fran + timedelta(days=9))
    fabriker.behorighet(konto, Roll.INSATSANSVARIG, fran=fran, till=fran)

    assert nasta_genomgang(kommun) == nasta


def test_sedan_ett_ar_efter_den_forra(client, bestallare, kommun):
    Genomgang.objects.create(organisation=kommun, gjord_av=bestallare, gjord_vid=timezone.now() - timedelta(days=9))
    client.post(SIDA, ifyllt(kommun))

    assert nasta_genomgang(kommun) == IDAG.replace(year=IDAG.year + 1)
    assert f"gjord senast {nasta_genomgang(kommun)}" in text(client.get(reverse("behorigheter")))


def test_listan_varnar_nar_genomgangen_ar_forsenad(client, bestallare):
    Behorighet.objects.filter(anvandare=bestallare).update(fran=IDAG - timedelta(days=400))

    sida = text(client.get(reverse("behorigheter")))

    assert "Genomgången av behörigheter skulle ha varit gjord senast" in sida
    assert f'href="{SIDA}"' in sida


# Sidan


def test_sidan_visar_allas_gallande_och_kommande(client, bestallare, kommun, asa):
    fabriker.behorighet(asa, Roll.SUS_RAPPORT, fran=OM_EN_VECKA, till=OM_EN_VECKA)
    fabriker.behorighet(asa, Roll.DELTAGARANSVARIG, fran=date(2025, 1, 1), till=date(2025, 2, 1))
    fabriker.anvandare(Roll.INSATSANSVARIG, efternamn="Främmande")
    fabriker.uppdrag(asa, Roll.INSATSANSVARIG, fabriker.organisation())
    with transaction.atomic():
        Handelse.objects.create(typ="inloggad", av_id=asa.pk, tid=timezone.now() - timedelta(days=40))
        Handelse.objects.create(typ="losenord_bytt", av_id=asa.pk)

    svar = client.get(SIDA)

    rader = [(str(ett.anvandare), ett.roll, uppdrag, far) for ett, _, uppdrag, far in svar.context["rader"]]
    assert rader == [
        ("Birgitta Ek", "bestallare", 0, False),
        ("Åsa Ärla", "insatsansvarig", 1, True),
        ("Åsa Ärla", "sus_rapport", 0, True),
    ]
    assert (IDAG - timedelta(days=40)).isoformat() in text(svar)
    assert "Aldrig" in text(svar)
    assert not re.search(r"type=\"radio\"[^>]*\schecked", text(svar))
    # Den som beställaren inte kan avsluta har bara ett val.
    assert len(re.findall(r'type="radio"', text(svar))) == 5


def test_spara_avslutar_det_valda_och_uppdragen_och_loggar(client, bestallare, kommun, asa):
    org = fabriker.organisation(namn="Samordningsförbundet Älven")
    uppdrag = fabriker.uppdrag(asa, Roll.INSATSANSVARIG, org)
    behorighet = asa.behorigheter.get()

    svar = client.post(SIDA, ifyllt(kommun, **{f"beslut_{behorighet.pk}": "avsluta"}), follow=True)

    assert svar.redirect_chain == [(reverse("behorigheter"), 302)]
    assert "1 behörighet avslutades." in text(svar)
    assert "Åsa Ärla: Samordningsförbundet Älven" in text(svar)
    assert not Behorighet.objects.gallande().filter(pk=behorighet.pk).exists()
    uppdrag.refresh_from_db()
    assert uppdrag.avslutad_vid is not None
    genomgang = Genomgang.objects.get()
    assert (genomgang.organisation, genomgang.gjord_av) == (kommun, bestallare)
    assert dict(genomgang.rader.values_list("behorighet", "beslut")) == {
        behorighet.pk: "avsluta",
        bestallare.behorigheter.get().pk: "behall",
    }
    typer = list(Handelse.objects.order_by("pk").values_list("typ", flat=True))
    assert typer == ["behorighet_avslutad", "genomgang_gjord", "uppdrag_avslutat"]
    detaljer = Handelse.objects.get(typ="genomgang_gjord").detaljer
    assert detaljer == {"genomgang": genomgang.pk, "organisation": kommun.pk, "antal": 2, "avslutade": 1}


def test_tidigare_genomgangar_med_utfall(client, bestallare, kommun, asa):
    client.post(SIDA, ifyllt(kommun, **{f"beslut_{asa.behorigheter.get().pk}": "avsluta"}))
    genomgang = Genomgang.objects.get()
    adress = reverse("gjord_genomgang", args=[genomgang.pk])

    assert f'href="{adress}"' in text(client.get(SIDA))
    sida = text(client.get(adress))

    assert "Gjord av Birgitta Ek" in sida
    assert re.search(r"Åsa Ärla.*?Avslutades", sida, re.DOTALL)
    client.force_login(fabriker.anvandare(Roll.BESTALLARE))
    assert client.get(adress).status_code == 404


def test_alla_ska_besvaras_och_felen_leder_till_raderna(client, bestallare, kommun, asa):
    behorighet = asa.behorigheter.get()
    data = ifyllt(kommun)
    del data[f"beslut_{behorighet.pk}"]

    svar = client.post(SIDA, data)

    sida = text(svar)
    assert list(svar.context["form"].errors) == [f"beslut_{behorighet.pk}"]
    assert f'href="#id_beslut_{behorighet.pk}_0"' in sida
    assert f'id="id_beslut_{behorighet.pk}_0"' in sida
    assert "<title>Fel: " in sida
    assert len(re.findall(r"\schecked", sida)) == 1  # det andra svaret är kvar
    assert not Genomgang.objects.exists()


@pytest.mark.parametrize("beslut", ["avsluta", "hittepå"])
def test_bestallarens_egen_roll_avslutas_inte_har(client, bestallare, kommun, beslut):
    falt = f"beslut_{bestallare.behorigheter.get().pk}"

    svar = client.post(SIDA, ifyllt(kommun, **{falt: beslut}))

    assert "avslutas av en systemadministratör" in str(svar.context["form"].errors[falt])
    assert bestallare.behorigheter.gallande().exists()


def test_dubbelklick_ger_en_genomgang(client, bestallare, kommun, asa):
    data = ifyllt(kommun, **{f"beslut_{asa.behorigheter.get().pk}": "avsluta"})

    svar = [client.post(SIDA, data) for _ in range(2)]

    assert [ett.status_code for ett in svar] == [302, 302]
    assert Genomgang.objects.count() == 1


def _ny(asa):
    fabriker.behorighet(asa, Roll.SUS_RAPPORT)


def _avslutad(asa):
    asa.behorigheter.update(avslutad_vid=timezone.now())


def _kortad(asa):
    asa.behorigheter.update(till=OM_EN_VECKA)


@pytest.mark.parametrize(
    ("gor", "besked"),
    [
        (_ny, "Ny: Åsa Ärla, sus-rapport."),
        (_avslutad, "Redan avslutad: Åsa Ärla, insatsansvarig."),
        (_kortad, f"Ändrad: Åsa Ärla, insatsansvarig gäller nu till och med {OM_EN_VECKA}."),
    ],
)
def test_det_som_andrats_sedan_sidan_visades_sags(client, bestallare, kommun, asa, gor, besked):
    data = ifyllt(kommun)
    gor(asa)

    svar = client.post(SIDA, data)

    assert "Behörigheterna har ändrats sedan du öppnade sidan." in text(svar)
    assert besked in text(svar)
    assert not Genomgang.objects.exists()
    # Sidan visar nu det som gäller: den som svarar på det kan spara.
    visade = re.search(r'name="visade" value="([^"]*)"', text(svar))[1]
    assert client.post(SIDA, {**ifyllt(kommun), "visade": visade}).status_code == 302


def test_tjansten_provar_sjalv_det_visade_besluten_och_ratten(bestallare, kommun, asa):
    rader = list(att_granska(kommun))
    beslut = {ett.pk: "behall" for ett in rader}

    def gor(**falt):
        rena = {"organisation": kommun, "visade": marken(rader), "beslut": beslut, "av": bestallare}
        return gor_genomgang(**{**rena, **falt})

    with pytest.raises(ValidationError, match="har ändrats"):
        gor(visade={})
    with pytest.raises(ValidationError, match="Välj Behåll eller Avsluta"):
        gor(beslut={})
    with pytest.raises(ValidationError, match="avslutas av en systemadministratör"):
        gor(beslut=dict.fromkeys(beslut, "avsluta"))
    for av in (asa, fabriker.anvandare(Roll.BESTALLARE), fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)):
        with pytest.raises(PermissionDenied):
            gor(av=av)
    assert not Genomgang.objects.exists()


def test_en_gjord_genomgang_andras_aldrig(client, bestallare, kommun, asa):
    client.post(SIDA, ifyllt(kommun))

    for sats in (
        "UPDATE behorighet_genomgangsrad SET beslut = 'avsluta'",
        "DELETE FROM behorighet_genomgangsrad",
        "UPDATE behorighet_genomgang SET gjord_vid = now()",
    ):
        with (
            pytest.raises((ProgrammingError, InternalError)),
            transaction.atomic(),
            connection.cursor() as markor,
        ):
            markor.execute(sats)
    assert set(Genomgangsrad.objects.values_list("beslut", flat=True)) == {"behall"}


@pytest.mark.parametrize("antal", [1, 6])
def test_sidan_tar_samma_antal_fragor(client, bestallare, kommun, django_assert_num_queries, antal):
    for _ in range(antal):
        fabriker.anvandare(Roll.INSATSANSVARIG, arbetsgivare=kommun)

    with django_assert_num_queries(13):
        client.get(SIDA)


@pytest.mark.parametrize("roll", [r for r in Roll if r != Roll.BESTALLARE])
def test_bara_bestallaren_nar_sidan(client, roll):
    client.force_login(fabriker.anvandare(roll))

    assert {client.get(SIDA).status_code, client.post(SIDA).status_code} == {403}


# Slutar snart, och Att göra


@pytest.mark.parametrize(
    ("falt", "med"),
    [
        ({"till": IDAG}, True),
        ({"till": IDAG + timedelta(days=30)}, True),
        ({"till": IDAG + timedelta(days=31)}, False),
        ({"till": fabriker.IGAR}, False),
        ({}, False),
        ({"till": OM_EN_VECKA, "avslutad_vid": timezone.now() - timedelta(hours=1)}, False),
        ({"fran": OM_EN_VECKA, "till": OM_EN_VECKA}, True),
    ],
)
def test_listan_over_dem_som_slutar(client, bestallare, kommun, falt, med):
    konto = fabriker.anvandare(arbetsgivare=kommun, fornamn="Sven", efternamn="Slut")
    fabriker.behorighet(konto, Roll.SUS_RAPPORT, **falt)
    fabriker.behorighet(konto, Roll.INSATSANSVARIG)

    svar = client.get(reverse("behorigheter"), {"slutar": "30"})

    visade = [(str(en), [b.roll for b in en.behorigheter.all()]) for en in svar.context["sida"]]
    assert visade == ([("Sven Slut", ["sus_rapport"])] if med else [])
    antal = [rad.antal for rad in att_gora(bestallare) if "slutar inom 30 dagar" in rad.text]
    assert antal == ([1] if med else [])


@pytest.mark.parametrize(("glapp", "med"), [(1, False), (2, True)])
def test_den_som_fatt_rollen_for_tiden_efter_raknas_inte(bestallare, kommun, glapp, med):
    konto = fabriker.anvandare(arbetsgivare=kommun)
    fabriker.behorighet(konto, Roll.SUS_RAPPORT, till=OM_EN_VECKA)
    fabriker.behorighet(konto, Roll.SUS_RAPPORT, fran=OM_EN_VECKA + timedelta(days=glapp))

    assert Behorighet.objects.slutar_snart().exists() is med


def test_att_gora_leder_till_listan_och_genomgangen(client, bestallare, kommun, asa):
    asa.behorigheter.update(till=OM_EN_VECKA)
    bestallare.behorigheter.update(fran=IDAG - timedelta(days=400))

    svar = text(client.get("/"))

    assert 'href="/anvandare/?slutar=30"' in svar
    assert f'href="{SIDA}"' in svar
    assert "skulle ha varit gjord senast" in svar
    Genomgang.objects.create(organisation=kommun, gjord_av=bestallare)
    assert f'href="{SIDA}"' not in text(client.get("/"))


@pytest.mark.parametrize(
    ("roll", "vem"),
    [(Roll.INSATSANSVARIG, "beställaren hos din arbetsgivare"), (Roll.BESTALLARE, "en systemadministratör")],
)
def test_den_egna_behorigheten_som_slutar(client, roll, vem):
    konto = fabriker.anvandare()
    fabriker.behorighet(konto, roll, till=OM_EN_VECKA)
    client.force_login(konto)

    sida = text(client.get("/"))

    assert f"Din behörighet som {roll.label.lower()} slutar {OM_EN_VECKA}. Vänd dig till {vem}" in sida


@pytest.mark.parametrize("fornyat", [False, True])
def test_det_egna_uppdraget_som_slutar(client, fornyat):
    insats = fabriker.insats(namn="Vägen vidare")
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats, till=OM_EN_VECKA)
    if fornyat:
        fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats, fran=OM_EN_VECKA + timedelta(days=1))
    annan = fabriker.deltagaransvarig(insats)

    rader = [rad for rad in att_gora(konto) if rad.text.startswith("Ditt uppdrag")]

    assert [(rad.antal, rad.adress) for rad in rader] == ([] if fornyat else [(None, insats.get_absolute_url())])
    assert att_gora(annan) == []
    assert Uppdrag.objects.slutar_snart().count() == (0 if fornyat else 1)

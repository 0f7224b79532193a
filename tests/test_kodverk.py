"""Kodverken: systemadministratören ändrar dem, och formulären följer med genast (`doman.md` 4)."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.roller import Roll
from deltagare.forms.falt import Kodval
from deltagare.kodverk import andra_kod, lagg_till_kod
from deltagare.models import Deltagande, Kod
from deltagare.uppgifter import BUNDNA, Kodverk
from tests import fabriker

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
IGAR = fabriker.IGAR
LISTA = "/administration/kodverk/"


@pytest.fixture
def system(client):
    konto = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    client.force_login(konto)
    return konto


@pytest.fixture
def gymnasium():
    return Kod.objects.get(kodverk=Kodverk.UTBILDNING, kod="gymnasium")


def text(svar):
    return svar.content.decode()


def adress(kod):
    return reverse("kodverk:andra", args=[kod.pk])


def ifyllt(kod, **falt):
    return {
        "etikett": kod.etikett,
        "ordning": str(kod.ordning),
        "giltig_till": "",
        "version": str(kod.version),
        "token": str(uuid4()),
        **falt,
    }


def ny(**falt):
    return {
        "kod": "folkhogskola",
        "etikett": "Folkhögskola",
        "ordning": "3",
        "giltig_fran": IDAG.isoformat(),
        "token": str(uuid4()),
        **falt,
    }


def koder(kodverk):
    return list(Kod.objects.filter(kodverk=kodverk).order_by("ordning").values_list("kod", flat=True))


def test_sidan_visar_varje_kod(client, system):
    sida = text(client.get(LISTA))

    for kod in Kod.objects.all():
        assert adress(kod) in sida
    assert all(f'id="{kodverk.value}"' in sida for kodverk in Kodverk)
    assert f'href="{LISTA}"' in text(client.get("/"))


def test_en_ny_kod_pa_sin_plats_syns_i_formularet(client, system):
    svar = client.post(f"{LISTA}utbildning/ny/", ny(), follow=True)

    assert svar.redirect_chain == [(f"{LISTA}#utbildning", 302)]
    assert koder("utbildning")[:4] == ["ej_grundskola", "grundskola", "folkhogskola", "gymnasium"]
    assert list(Kod.objects.filter(kodverk="utbildning").order_by("ordning").values_list("ordning", flat=True)) == list(
        range(1, 8)
    )
    assert Handelse.objects.get().detaljer == {
        "kodverk": "utbildning", "kod": "folkhogskola", "slag": "ny", "falt": [],
    }  # fmt: skip
    client.force_login(fabriker.deltagaransvarig(fabriker.insats()))
    val = re.search(r'name="utbildning".*?</select>', text(client.get("/deltagare/registrera/")), re.DOTALL)[0]
    assert val.index(">Grundskola<") < val.index(">Folkhögskola<") < val.index(">Gymnasium<")


def test_andrad_text_och_plats_syns_i_formularet(client, system, gymnasium):
    svar = client.post(adress(gymnasium), ifyllt(gymnasium, etikett="Gymnasieskola", ordning="1"), follow=True)

    assert "Koden är ändrad." in text(svar)
    assert koder("utbildning")[0] == "gymnasium"
    assert Kodval()[Kodverk.UTBILDNING][0] == ("gymnasium", "Gymnasieskola")
    assert Handelse.objects.get().detaljer["falt"] == ["etikett", "ordning"]


@pytest.mark.parametrize(("till", "valbar"), [(IDAG, True), (IGAR, False)])
def test_en_avslutad_kod_gar_inte_att_valja_men_finns_kvar(client, system, gymnasium, till, valbar):
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    deltagande = fabriker.inregistrera(insats, konto, fore={"utbildning": "gymnasium"})

    client.post(adress(gymnasium), ifyllt(gymnasium, giltig_till=till.isoformat()))

    assert ("gymnasium" in dict(Kodval()[Kodverk.UTBILDNING])) is valbar
    client.force_login(konto)
    assert (">Gymnasium<" in text(client.get("/deltagare/registrera/"))) is valbar
    fabriker.inregistrera(insats, konto)  # de andra registreringarna går som förut
    assert Deltagande.objects.get(pk=deltagande.pk).utbildning == "gymnasium"


def test_en_avslutad_kod_gar_att_ta_upp_igen(client, system, gymnasium):
    Kod.objects.filter(pk=gymnasium.pk).update(giltig_till=IGAR - timedelta(days=30))
    gymnasium.refresh_from_db()
    assert "Avslutad" in text(client.get(LISTA))

    client.post(adress(gymnasium), ifyllt(gymnasium))

    assert "gymnasium" in dict(Kodval()[Kodverk.UTBILDNING])


@pytest.mark.parametrize(("kodverk", "kod"), sorted(BUNDNA))
def test_koder_som_regler_hanger_pa_avslutas_inte(client, system, kodverk, kod):
    bunden = Kod.objects.get(kodverk=kodverk, kod=kod)
    assert 'name="giltig_till"' not in text(client.get(adress(bunden)))

    client.post(adress(bunden), ifyllt(bunden, etikett="Annan text", giltig_till=IGAR.isoformat()))

    bunden.refresh_from_db()
    assert (bunden.etikett, bunden.giltig_till) == ("Annan text", None)
    with pytest.raises(ValidationError, match="En regel i SUS hänger på koden"):
        andra_kod(kod=bunden, version=bunden.version, etikett="x", ordning=bunden.ordning, giltig_till=IDAG, av=system)


@pytest.mark.parametrize(
    ("falt", "vid", "besked"),
    [
        ({"etikett": ""}, "etikett", "Ange text."),
        ({"etikett": "GRUNDSKOLA"}, "etikett", "redan en kod med den texten"),
        ({"ordning": "0"}, "ordning", "Ange 1 eller mer."),
        ({"ordning": "först"}, "ordning", "Ange ett heltal."),
        ({"giltig_till": "2020-01-01"}, "giltig_till", "Ange i går eller senare."),
        ({"giltig_till": "snart"}, "giltig_till", "Ange datumet som"),
    ],
)
def test_andra_med_fel(client, system, gymnasium, falt, vid, besked):
    svar = client.post(adress(gymnasium), ifyllt(gymnasium, **falt))

    assert besked in str(svar.context["form"].errors[vid])
    assert "<title>Fel: " in text(svar)
    assert not Handelse.objects.exists()


@pytest.mark.parametrize(
    ("falt", "vid", "besked"),
    [
        ({"kod": ""}, "kod", "Ange kod."),
        ({"kod": "Folk högskola"}, "kod", "a–z, siffror och _"),
        ({"kod": "gymnasium"}, "kod", "Kodverket har redan den koden."),
        ({"etikett": "gymnasium"}, "etikett", "redan en kod med den texten"),
        ({"giltig_fran": "i dag"}, "giltig_fran", "Ange datumet som"),
    ],
)
def test_ny_med_fel(client, system, falt, vid, besked):
    svar = client.post(f"{LISTA}utbildning/ny/", ny(**falt))

    assert besked in str(svar.context["form"].errors[vid])
    assert not Handelse.objects.exists()


def test_samma_text_gar_efter_den_som_slutat(system, gymnasium):
    andra_kod(
        kod=gymnasium, version=1, etikett=gymnasium.etikett, ordning=gymnasium.ordning, giltig_till=IGAR, av=system
    )

    ny_kod = lagg_till_kod(
        kodverk=Kodverk.UTBILDNING, kod="gym2", etikett="Gymnasium", ordning=99, giltig_fran=IDAG, av=system
    )

    assert koder("utbildning")[-1] == ny_kod.kod
    assert dict(Kodval()[Kodverk.UTBILDNING])["gym2"] == "Gymnasium"


def test_ett_kodverk_star_aldrig_utan_koder(system):
    forsta, andra = Kod.objects.filter(kodverk=Kodverk.ARBETSTYP).order_by("ordning")

    def avsluta(kod, till):
        andra_kod(kod=kod, version=kod.version, etikett=kod.etikett, ordning=kod.ordning, giltig_till=till, av=system)

    avsluta(forsta, IDAG + timedelta(days=9))
    with pytest.raises(ValidationError, match="stå utan koder"):
        avsluta(andra, IDAG + timedelta(days=9))
    avsluta(andra, IDAG + timedelta(days=8))


def test_en_annans_andring_visas_och_skrivs_inte_over(client, system, gymnasium):
    data = ifyllt(gymnasium, etikett="Min text")
    andra_kod(kod=gymnasium, version=1, etikett="Annans text", ordning=gymnasium.ordning, giltig_till=None, av=system)

    svar = client.post(adress(gymnasium), data)

    assert svar.context["skillnader"] == [("Text", "Annans text", "Min text")]
    gymnasium.refresh_from_db()
    assert gymnasium.etikett == "Annans text"
    igen = {**data, "version": re.search(r'name="version" value="(\d+)"', text(svar))[1]}
    assert client.post(adress(gymnasium), igen).status_code == 302


def test_dubbelklick_ger_en_kod(client, system):
    data = ny()

    svar = [client.post(f"{LISTA}utbildning/ny/", data) for _ in range(2)]

    assert [ett.status_code for ett in svar] == [302, 302]
    assert Handelse.objects.count() == 1


def test_koden_byter_aldrig_namn_och_tas_aldrig_bort(gymnasium):
    for gor in (
        lambda: Kod.objects.filter(pk=gymnasium.pk).update(kod="annan"),
        lambda: Kod.objects.filter(pk=gymnasium.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="En kod tas aldrig bort"), transaction.atomic():
            gor()


@pytest.mark.parametrize("roll", [r for r in Roll if r != Roll.SYSTEMADMINISTRATOR])
def test_bara_systemadministratoren(client, roll, gymnasium):
    konto = fabriker.anvandare(roll)
    client.force_login(konto)

    for sida in (LISTA, f"{LISTA}utbildning/ny/", adress(gymnasium)):
        assert client.get(sida).status_code == 403
    assert client.post(adress(gymnasium), ifyllt(gymnasium)).status_code == 403
    with pytest.raises(PermissionDenied):
        lagg_till_kod(kodverk=Kodverk.UTBILDNING, kod="x", etikett="x", ordning=1, giltig_fran=None, av=konto)


def test_det_som_inte_finns_ar_404(client, system):
    assert client.get(f"{LISTA}finns-inte/ny/").status_code == 404
    assert client.get(f"{LISTA}kod/0/").status_code == 404

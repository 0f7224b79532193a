"""Kontoren i Af/FK-samarbetet: systemadministratörens sidor, området, och kontorets egna ord (`doman.md` 1.1 och 6)."""

import html
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from insatser.kategorier import Samverkansform
from insatser.kontor_tjanster import andra_kontor, registrera_kontor
from insatser.models import Insats, Samverkansorganisation
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()


@pytest.fixture
def admin():
    return fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)


@pytest.fixture
def fk():
    return fabriker.organisation(
        namn="FK i Af/FK-samarbete", samverkansform=Samverkansform.FK, kommuner=[], startdatum=date(2013, 2, 1)
    )


def ny(organisation, **falt):
    return {
        "samverkansorganisation": organisation.pk, "namn": "Försäkringskassan Ystad", "omrade": "Syd",
        "startdatum": "2020-01-01", "slutdatum": "", **falt,
    }  # fmt: skip


def andrat(kontor, **falt):
    varden = {namn: getattr(kontor, namn) for namn in ("namn", "omrade", "startdatum", "slutdatum", "beskrivning")}
    return {**varden, "version": kontor.version, **falt}


def som_post(kontor, **falt):
    return {namn: "" if varde is None else str(varde) for namn, varde in andrat(kontor, **falt).items()}


def text(svar):
    return html.unescape(svar.content.decode())


def loggat(typ):
    with som_agare():
        return Handelse.objects.filter(typ=typ).order_by("pk").last()


def test_systemadministratoren_registrerar_ett_kontor_som_loggas(client, admin, fk):
    client.force_login(admin)

    svar = client.post(reverse("kontor:ny"), ny(fk))

    kontor = Insats.objects.get(namn="Försäkringskassan Ystad")
    assert svar.url == kontor.get_absolute_url()
    assert (kontor.ar_kontor, kontor.omrade, kontor.inriktning, kontor.nyckel) == (True, "Syd", "", f"SUS-{kontor.pk}")
    rad = loggat(Handelse.Typ.INSATS_REGISTRERAD)
    assert (rad.av_id, rad.insats_id) == (admin.pk, kontor.pk)
    sidan = text(client.get(svar.url))
    assert "Verksamhetsområde" in sidan
    assert "Kategorisering" not in sidan
    assert reverse("kontor:andra", args=[kontor.pk]) in sidan


@pytest.mark.parametrize(
    ("falt", "fel"),
    [
        ({"namn": " "}, "Ange kontorets namn."),
        ({"namn": "Upptaget"}, "Samverkansorganisationen har redan ett kontor med det namnet."),
        ({"omrade": "x" * 101}, "Området får vara högst 100 tecken."),
        ({"startdatum": "2012-12-31"}, "Kontoret kan inte börja före samverkansorganisationen (2013-02-01)."),
        ({"slutdatum": "2019-12-31"}, "Slutdatum kan inte vara före startdatum."),
        ({"samverkansorganisation": ""}, "Välj samverkansorganisation."),
    ],
)
def test_felet_star_vid_faltet_och_inget_sparas(client, admin, fk, falt, fel):
    fabriker.insats(fk, namn="Upptaget", **TOM)
    client.force_login(admin)

    svar = client.post(reverse("kontor:ny"), ny(fk, **falt))

    assert svar.status_code == 200
    assert fel in text(svar)
    assert Insats.objects.count() == 1


TOM = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}


def test_ett_forbund_har_inga_kontor(client, admin, fk):
    forbund = fabriker.organisation()
    client.force_login(admin)

    assert "Samverkansorganisationen har inga kontor. Välj en i listan." in text(
        client.post(reverse("kontor:ny"), ny(forbund))
    )
    with pytest.raises(ValidationError, match="Bara de två"):
        registrera_kontor(
            samverkansorganisation=forbund, namn="A", omrade="", startdatum=IDAG, slutdatum=None, av=admin
        )


def test_bara_ett_kontor_har_omrade_i_databasen(fk):
    insats, kontor = fabriker.insats(), fabriker.insats(fk, **TOM)

    with pytest.raises(IntegrityError, match="bara_ett_kontor_har_omrade"), transaction.atomic():
        Insats.objects.filter(pk=insats.pk).update(omrade="Syd")
    assert Insats.objects.filter(pk=kontor.pk).update(omrade="Syd") == 1


def test_systemadministratoren_och_den_insatsansvariga_andrar_och_loggen_sager_vems_uppdrag(client, admin, fk):
    kontor = fabriker.insats(fk, **TOM)
    ansvarig = fabriker.anvandare(Roll.INSATSANSVARIG)
    uppdrag = fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, kontor)

    client.force_login(admin)
    svar = client.post(reverse("kontor:andra", args=[kontor.pk]), som_post(kontor, omrade="Syd"))
    assert svar.url == kontor.get_absolute_url()
    rad = loggat(Handelse.Typ.INSATS_ANDRAD)
    assert (rad.av_id, rad.uppdrag_id, rad.detaljer["falt"]) == (admin.pk, None, ["omrade"])

    kontor.refresh_from_db()
    client.force_login(ansvarig)
    sidan = text(client.get(reverse("insatser:andra", args=[kontor.pk])))
    assert "Verksamhetsområde" in sidan
    assert "Annan inriktning" not in sidan
    slut = IDAG + timedelta(days=30)
    nytt = som_post(kontor, omrade="Väst", namn="Kontoret", slutdatum=slut)
    client.post(reverse("insatser:andra", args=[kontor.pk]), nytt)
    kontor.refresh_from_db()
    assert (kontor.omrade, kontor.namn, kontor.slutdatum) == ("Väst", "Kontoret", slut)
    assert loggat(Handelse.Typ.INSATS_ANDRAD).uppdrag_id == uppdrag.pk
    historik = text(client.get(reverse("insatser:historik", args=[kontor.pk])))
    assert "Verksamhetsområde" in historik
    assert "Väst" in historik


def test_andra_kontor_nekas_den_som_inte_har_uppdrag_dar(fk):
    kontor, annat = fabriker.insats(fk, **TOM), fabriker.insats(fk, **TOM)
    ansvarig = fabriker.anvandare(Roll.INSATSANSVARIG)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, annat)

    with pytest.raises(PermissionDenied):
        andra_kontor(kontor=kontor, **andrat(kontor), av=ansvarig)
    with pytest.raises(PermissionDenied):
        registrera_kontor(samverkansorganisation=fk, namn="A", omrade="", startdatum=IDAG, slutdatum=None, av=ansvarig)


def test_systemadministratoren_andrar_inte_insatser(client, admin):
    client.force_login(admin)

    assert client.get(reverse("kontor:andra", args=[fabriker.insats().pk])).status_code == 404


def test_ett_kontor_med_samarbeten_slutar_inte_och_borjar_inte_efter_dem(admin, fk):
    af, kontor = fabriker.kontor(Samverkansform.AF), fabriker.insats(fk, **TOM)
    fabriker.samarbete(af, kontor, fabriker.deltagaransvarig(kontor))
    satt_sammanhang(admin)
    kontor.refresh_from_db()

    with pytest.raises(ValidationError, match="Kontoret kan inte börja före samverkansorganisationen"):
        andra_kontor(kontor=kontor, **andrat(kontor, startdatum=date(2012, 1, 1)), av=admin)
    with pytest.raises(ValidationError, match="1 samarbete pågår hos kontoret"):
        andra_kontor(kontor=kontor, **andrat(kontor, slutdatum=IDAG - timedelta(days=1)), av=admin)
    with pytest.raises(ValidationError, match="Startdatum kan inte vara efter den första registreringen"):
        andra_kontor(kontor=kontor, **andrat(kontor, startdatum=IDAG), av=admin)


def test_listan_soks_sorteras_och_raknar_insatsansvariga(client, admin, fk):
    af = fabriker.kontor(Samverkansform.AF, namn="Arbetsförmedlingen Åmål", omrade="Väst")
    kontor = fabriker.insats(fk, namn="Försäkringskassan Eslöv", omrade="Syd", **TOM)
    fabriker.insats(namn="Inget kontor")
    for _ in range(2):
        fabriker.uppdrag(fabriker.anvandare(Roll.INSATSANSVARIG), Roll.INSATSANSVARIG, kontor)
    fabriker.deltagaransvarig(kontor)
    client.force_login(admin)

    def namnen(**urval):
        return [rad.namn for rad, _ in client.get(reverse("kontor:lista"), urval).context["rader"]]

    alla = [af.namn, kontor.namn]
    assert namnen() == alla
    assert namnen(sortering="omrade") == alla[::-1]
    assert namnen(sortering="-insatsansvariga") == alla[::-1]
    assert namnen(q="syd") == namnen(form="fk") == [kontor.namn]
    assert namnen(utan_insatsansvarig="on") == [af.namn]
    svar = client.get(reverse("kontor:lista"))
    antal = {rad.namn: {kolumn.kod: varde for kolumn, varde in celler} for rad, celler in svar.context["rader"]}
    assert antal[kontor.namn]["insatsansvariga"] == 2
    assert antal[af.namn]["insatsansvariga"] == 0
    assert client.get(reverse("kontor:export")).status_code == 200


def test_sidan_sager_hur_organisationerna_gors_och_de_gar_att_registrera_utan_kommuner(client, admin):
    client.force_login(admin)

    for namn in ("kontor:lista", "kontor:ny"):
        sidan = text(client.get(reverse(namn)))
        assert "Af i Af/FK-samarbete är inte registrerad." in sidan
        assert "FK i Af/FK-samarbete är inte registrerad." in sidan
        assert reverse("uppdrag:ny_organisation") in sidan
    uppgifter = {"namn": "FK i Af/FK-samarbete", "organisationsnummer": "202100-5521", "startdatum": "2013-02-01"}

    nekad = client.post(reverse("uppdrag:ny_organisation"), {**uppgifter, "samverkansform": "finsam"})
    client.post(reverse("uppdrag:ny_organisation"), {**uppgifter, "samverkansform": "fk"})

    assert "Välj minst en kommun." in text(nekad)
    assert Samverkansorganisation.objects.get().samverkansform == "fk"
    sidan = text(client.get(reverse("kontor:ny")))
    assert "FK i Af/FK-samarbete är inte registrerad." not in sidan
    assert "Af i Af/FK-samarbete är inte registrerad." in sidan
    assert 'name="omrade"' in sidan


def test_den_som_bara_har_kontor_far_veta_vem_som_registrerar_kontor(client, fk):
    ansvarig = fabriker.anvandare(Roll.INSATSANSVARIG)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, fabriker.insats(fk, **TOM))
    client.force_login(ansvarig)

    sidan = text(client.get(reverse("insatser:ny")))

    assert "Du är insatsansvarig bara för kontor i Af/FK-samarbetet" in sidan
    assert "Kontor registreras av systemadministratören." in sidan
    assert "Du saknar uppdrag" not in sidan


def test_kontorets_sidor_talar_om_kontoret(client, fk):
    kontor = fabriker.insats(fk, **TOM)
    ansvarig = fabriker.anvandare(Roll.INSATSANSVARIG)
    fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, kontor)
    client.force_login(ansvarig)

    avsluta = text(client.get(reverse("insatser:avsluta", args=[kontor.pk])))
    for ord_ in ("Avsluta kontor", "Registreringar på kontoret", "Samarbeten som pågår", "Kontorets slut"):
        assert ord_ in avsluta
    ta_bort = text(client.get(reverse("insatser:ta_bort", args=[kontor.pk])))
    for ord_ in ("Ta bort kontor", "Kontoret kan inte tas bort", "Tillbaka till kontoret"):
        assert ord_ in ta_bort


def test_startsidan_leder_till_kontoret_och_medverkan(client, fk):
    kontor = fabriker.insats(fk, namn="Försäkringskassan Eslöv", **TOM)
    client.force_login(fabriker.deltagaransvarig(kontor))

    sidan = text(client.get(reverse("start")))

    assert f"{reverse('samarbete:registrera')}?kontor={kontor.pk}" in sidan
    assert f"{reverse('samarbete:visa')}?kontor={kontor.pk}" in sidan
    assert f'Deltagaransvarig: <a class="anchor" href="{kontor.get_absolute_url()}">' in sidan
    for rapport in ("ledtider", "status", "overgangar"):
        assert reverse(f"rapporter:{rapport}") in sidan
    organisationens = sidan.partition("Mina samverkansorganisationer")[2].partition("</section>")[0]
    assert organisationens.count("FK i Af/FK-samarbete") == 1

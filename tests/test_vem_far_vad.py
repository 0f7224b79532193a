"""P1: varje adress svarar varje roll som tabellen säger: eget, främmande och saknat objekt, GET och POST."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter
from django.utils import timezone

from behorighet.models import Anvandare, Genomgang, Loggkontroll, Organisation, Organisationstyp
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Gallring, Inlasning, Kod, Overgangsregel
from insatser.kategorier import Samverkansform
from insatser.models import Insats, Samverkansorganisation
from sus.vem_far_vad import RADER, TABELL, Metod, Om, Rackvidd, Rad, Svar
from tests import fabriker, jobb
from tests.databas import som_agare

FINNS_INTE = 999_999_999
# Rollerna som får sin räckvidd genom uppdrag, och på vad.
UPPDRAGSROLLER = {
    Roll.SAMVERKANSADMINISTRATOR: "org",
    Roll.INSATSANSVARIG: "org",
    Roll.DELTAGARANSVARIG: "insats",
}
UTAN_ROLL, UTLOGGAD = "utan roll", "utloggad"


def vyer(uppslag: URLResolver, plats: str = "") -> Iterator[tuple[str, URLPattern]]:
    for post in uppslag.url_patterns:
        if isinstance(post, URLResolver):
            yield from vyer(post, f"{plats}{post.namespace}:" if post.namespace else plats)
        else:
            yield f"{plats}{post.name}", post


MONSTER = dict(vyer(get_resolver()))


@dataclass
class Sida:
    """Det ena av två skilda hörn av världen: en samverkansorganisation med insatser, och en arbetsgivare."""

    arbetsgivare: Organisation
    org: Samverkansorganisation
    insats: Insats
    volym: Insats
    personal: Anvandare
    bestallare: Anvandare
    kontor: Insats
    uppdrag_i: int
    uppdrag_pa: int


def sida(namn: str) -> Sida:
    """En samverkansorganisation med uppdrag av varje slag, och personal hos en arbetsgivare."""
    arbetsgivare = Organisation.objects.create(namn=f"Kommunen {namn}", typ=Organisationstyp.KOMMUN)
    org = fabriker.organisation(namn=f"Förbundet {namn}")
    insats, volym = fabriker.insats(org), fabriker.volyminsats(org)
    personal = fabriker.anvandare(Roll.SUS_RAPPORT, arbetsgivare=arbetsgivare)
    ansvarig = fabriker.anvandare(arbetsgivare=arbetsgivare)
    af_fk = fabriker.organisation(namn=f"Af {namn}", samverkansform=Samverkansform.AF)
    tom = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
    return Sida(
        arbetsgivare=arbetsgivare,
        org=org,
        insats=insats,
        volym=volym,
        personal=personal,
        bestallare=fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=arbetsgivare),
        kontor=fabriker.insats(af_fk, **tom),
        uppdrag_i=fabriker.uppdrag(ansvarig, Roll.INSATSANSVARIG, org).pk,
        uppdrag_pa=fabriker.uppdrag(ansvarig, Roll.DELTAGARANSVARIG, insats).pk,
    )


def inlasning(s: Sida) -> Inlasning:
    """En uppladdning som en i personalen har gjort; databasen visar den bara för den."""
    satt_sammanhang(s.personal)
    return Inlasning.objects.create(anvandare=s.personal, omrade="insatser", kvitto={})


def gallring_pa(s: Sida) -> int:
    """En gallring som någon annan har föreslagit och en tredje har utfört; alla systemadministratörer når den."""
    konton = [fabriker.anvandare(arbetsgivare=s.arbetsgivare) for _ in range(2)]
    nu = timezone.now()
    with som_agare():
        return Gallring.objects.create(
            foreslagen_av=konton[0],
            granser=dict.fromkeys(("identitet", "historik", "atkomstlogg", "uppslag"), "2010-01-01"),
            antal=[],
            godkand_av=konton[1],
            godkand_vid=nu,
            paborjad_vid=nu,
            utford_vid=nu,
            utfall={"fore": {}, "borttaget": {}, "kvar": {}},
        ).pk


def samarbetet(s: Sida) -> int:
    """Ett samarbete hos sidans Af-kontor, som sidans deltagaransvariga når."""
    fk = fabriker.kontor(Samverkansform.FK)
    return fabriker.samarbete(s.kontor, fk, fabriker.deltagaransvarig(fk)).pk


OBJEKT: dict[Om, Callable[[Sida], Any]] = {
    Om.INSATS: lambda s: s.insats.pk,
    Om.VOLYMINSATS: lambda s: s.volym.pk,
    Om.SAMVERKANSORGANISATION: lambda s: s.org.pk,
    Om.ORGANISATION: lambda s: s.arbetsgivare.pk,
    Om.KONTO: lambda s: s.personal.pk,
    Om.BEHORIGHET: lambda s: s.personal.behorigheter.get().pk,
    Om.BESTALLARES_BEHORIGHET: lambda s: s.bestallare.behorigheter.get().pk,
    Om.FRAGA: lambda s: fabriker.fraga(s.org).pk,
    Om.UPPDRAG_I_ORGANISATION: lambda s: s.uppdrag_i,
    Om.UPPDRAG_PA_INSATS: lambda s: s.uppdrag_pa,
    Om.KONTOR: lambda s: s.kontor.pk,
    Om.FRAGA: lambda s: fabriker.fraga(s.org).pk,
    Om.DELTAGANDE: lambda s: fabriker.inregistrera(s.insats, fabriker.deltagaransvarig(s.insats)).pk,
    Om.SAMARBETE: samarbetet,
    Om.GENOMGANG: lambda s: Genomgang.objects.create(organisation=s.arbetsgivare, gjord_av=s.bestallare).pk,
    Om.LOGGKONTROLL: lambda s: (
        Loggkontroll.objects.create(
            organisation=s.arbetsgivare, manad=date(2025, 1, 1), antal_handelser=0, dragen_av=s.bestallare
        ).pk
    ),
    Om.GALLRING: gallring_pa,
    Om.OVERGANGSREGEL: lambda s: Overgangsregel.objects.order_by("pk").last().pk,
    Om.KOD: lambda s: Kod.objects.filter(kodverk="utbildning").first().pk,
    # Delat av en i personalen: arbetskamraterna når det.
    Om.SPARAT_URVAL: lambda s: fabriker.sparat_urval(s.personal, delat=True).pk,
    # Det som man själv har lagt in: här någon annans, som ingen annan når.
    Om.INLASNING: lambda s: inlasning(s).pk,
    Om.BESTALLNING: lambda s: jobb.bestall(s.personal).pk,
    Om.TVA_STEG: lambda s: Authenticator.objects.create(user=s.personal, type="webauthn", data={}).pk,
}
# Adresser vars objekt inte är det vanliga av sitt slag, och de som behöver något mer för att svara.
EGNA_OBJEKT: dict[str, Callable[[Sida], Any]] = {
    "ny_bestallares_lank": lambda s: s.bestallare.pk,
    "visa_bestallares_lank": lambda s: s.bestallare.pk,
}
# Det i adressen som inte är objektet.
OVRIGT: dict[str, Callable[[str, Sida], Any]] = {
    "roll": lambda namn, s: Roll.INSATSANSVARIG.value,
    "behorighet": lambda namn, s: (
        fabriker.behorighet(
            fabriker.anvandare(),
            {"ge_forsta": Roll.SAMVERKANSADMINISTRATOR, "ge_pa_insats": Roll.DELTAGARANSVARIG}.get(
                namn.rpartition(":")[2], Roll.INSATSANSVARIG
            ),
        ).pk
    ),
    "anvandare": lambda namn, s: s.org.uppdrag.get(pk=s.uppdrag_i).behorighet.anvandare_id,
    "ar": lambda namn, s: timezone.localdate().year,
    "part": lambda namn, s: s.arbetsgivare.pk,
    "tillfalle": lambda namn, s: "fore",
    "kodverk": lambda namn, s: "utbildning",
    "kapitel": lambda namn, s: "kom-igang",
    "slag": lambda namn, s: (
        "identitet" if namn == "gallring:regel" else "insatser" if namn.endswith("insatser") else "deltaganden"
    ),
    "kod": lambda namn, s: default_token_generator.make_token(s.personal),
}


def adress(rad: Rad, s: Sida, *, finns: bool = True) -> str:
    """Adressen till radens sida om ett objekt på sidan `s`, eller om ett som inte finns."""
    argument: dict[str, Any] = {}
    for namn, omvandlare in MONSTER[rad.namn].pattern.converters.items():
        if namn == "pk" and not finns:
            argument[namn] = FINNS_INTE if isinstance(omvandlare, IntConverter) else uuid4()
        elif namn == "pk":
            argument[namn] = EGNA_OBJEKT.get(rad.namn, OBJEKT[rad.mal.om])(s)
        else:
            argument[namn] = OVRIGT[namn](rad.namn, s)
    return reverse(rad.namn, kwargs=argument)


def roll_hos(roll: Roll, egen: Sida, *, uppdrag: bool) -> Anvandare:
    """Ett konto med rollen hos den egna arbetsgivaren, och med `uppdrag` på det egna."""
    konto = fabriker.anvandare(roll, arbetsgivare=egen.arbetsgivare)
    if uppdrag:
        fabriker.uppdrag(konto, roll, getattr(egen, UPPDRAGSROLLER[roll]))
        if roll == Roll.SAMVERKANSADMINISTRATOR:
            fabriker.uppdrag(konto, roll, egen.kontor.samverkansorganisation)
        if roll == Roll.DELTAGARANSVARIG:
            fabriker.uppdrag(konto, roll, egen.kontor)
    return konto


@dataclass(frozen=True)
class Vem:
    """Den som frågar. `roll` None: utan roll eller utloggad."""

    namn: str
    roll: Roll | None = None
    har_uppdrag: bool = False


VEM = [
    *(Vem(roll.value, roll, roll in UPPDRAGSROLLER) for roll in Roll),
    *(Vem(f"{roll.value} utan uppdrag", roll) for roll in UPPDRAGSROLLER),
    Vem(UTAN_ROLL),
    Vem(UTLOGGAD),
]


def vantat(rad: Rad, vem: Vem, metod: str, vilket: str) -> set[int]:
    """Statuskoderna som tabellen tillåter. `vilket` är eget, främmande eller saknas."""
    oppet = rad.mal.rackvidd == Rackvidd.OPPEN
    if vem.namn == UTLOGGAD and not oppet:
        # Det som skickas följer med genom inloggningen: sidan med den är svaret.
        return {302} if metod == "GET" else {403}
    if metod not in rad.metod.value:
        return {405}
    if vilket == "saknas" and oppet:
        return {404}
    if oppet or rad.mal.rackvidd == Rackvidd.KONTO:
        return {200, 302}
    if rad.mal.om == Om.TVA_STEG:
        return {302, 404}  # först till att bekräfta vem man är, vems sättet än är
    if vem.roll is None or rad.svar(vem.roll) == Svar.NEJ:
        return {403}
    if rad.mal.om == Om.INGET:
        return {200, 302}
    if vilket == "saknas" or rad.mal.rackvidd == Rackvidd.EGET:
        return {404}
    if rad.svar(vem.roll) == Svar.JA:
        return {200, 302}
    hos_arbetsgivaren = rad.mal.rackvidd in {Rackvidd.EGEN_PERSONAL, Rackvidd.EGET_ELLER_DELAT}
    nar = vilket == "eget" and (vem.har_uppdrag or hos_arbetsgivaren)
    return {200, 302} if nar else {404}


@contextmanager
def angrat() -> Iterator[None]:
    """Det som görs därinne görs inte."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_tabellen_har_varje_adress_och_ingen_annan():
    assert sorted(RADER) == sorted(MONSTER)
    assert len(RADER) == sum(len(rader) for rader in TABELL.values())


@pytest.mark.parametrize("namn", RADER)
def test_vyn_kraver_det_som_tabellen_sager(namn):
    vy = MONSTER[namn].callback

    assert getattr(vy, "rattighet", None) == RADER[namn].rattighet
    assert (getattr(vy, "login_required", True) is False) == (RADER[namn].mal.rackvidd == Rackvidd.OPPEN)


@pytest.mark.django_db
@pytest.mark.parametrize("namn", RADER)
def test_varje_roll_far_det_som_tabellen_sager(namn):
    rad = RADER[namn]
    egen, frammande = sida("Ett"), sida("Två")
    adresser = {"eget": adress(rad, egen)}
    if rad.mal.om != Om.INGET:
        adresser |= {"främmande": adress(rad, frammande), "saknas": adress(rad, egen, finns=False)}
    fel = []
    for vem in VEM:
        klient = Client()
        if vem.roll:
            klient.force_login(roll_hos(vem.roll, egen, uppdrag=vem.har_uppdrag))
        elif vem.namn == UTAN_ROLL:
            klient.force_login(fabriker.anvandare(arbetsgivare=egen.arbetsgivare))
        for vilket, plats in adresser.items():
            for metod in ("GET", "POST"):
                with angrat():
                    svar = getattr(klient, metod.lower())(plats)
                if svar.status_code not in (ska := vantat(rad, vem, metod, vilket)):
                    fel.append(f"{vem.namn}: {metod} {vilket} gav {svar.status_code}, ska vara {ska}")
                oppet = rad.mal.rackvidd == Rackvidd.OPPEN
                if vem.namn == UTLOGGAD and svar.status_code == 302 and metod == "GET" and not oppet:
                    assert svar.url == f"{reverse('logga_in')}?next={plats}"
    assert fel == []


@pytest.mark.django_db
@pytest.mark.parametrize("roll", Roll)
def test_sidan_vem_far_vad_visar_tabellen_for_varje_roll(client, roll):
    client.force_login(fabriker.anvandare(roll))

    svar = client.get(reverse("vem_far_vad"))
    text = svar.content.decode()

    assert svar.status_code == 200
    visade = [rad for rad in RADER.values() if rad.mal.rackvidd != Rackvidd.OPPEN]
    assert all(rad.vad in text for rad in visade)
    assert text.count("<td") == len(visade) * len(Roll)
    assert f'href="{reverse("vem_far_vad")}"' in text  # i menyn


def test_bara_en_roll_nar_deltagare_och_bara_sina_egna():
    for rad in TABELL["Deltagare"]:
        assert [roll for roll, svar in rad.per_roll if svar != Svar.NEJ] == [Roll.DELTAGARANSVARIG]


def test_metoderna_ar_de_som_provas():
    assert {metod for ett in Metod for metod in ett.value} == {"GET", "POST"}

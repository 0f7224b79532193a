"""P2: den som är deltagaransvarig i en insats når ingen i en annan, hur den än försöker.

En kanariefågel deltar i insatsen Bäcken. Angriparen har uppdrag i Ån, i samma samverkansorganisation, och provar varje
adress med varje id, varje fält i varje formulär med allt den kan ha fått tag i, sökningar, rapporter och filer. Inget
svar får bära kanariefågelns namn, personnummer, nyckel eller id. Sedan samma sak med Pythons räckvidd borttagen:
radskyddet ensamt.
"""

import base64
import io
import itertools
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pypdf
import pytest
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import (
    Deltagande,
    Folkbokforing,
    Identitet,
    Overgang,
    Person,
    Samarbete,
    Samarbetsfolkbokforing,
    Samarbetskontor,
    Samarbetsuppgift,
)
from deltagare.personnummer import Personnummer
from insatser.kategorier import Samverkansform
from insatser.models import Insats, Samverkansorganisation
from sus.vem_far_vad import RADER, Metod, Rackvidd
from tests import fabriker
from tests.databas import som_agare
from tests.test_vem_far_vad import MONSTER

pytestmark = pytest.mark.django_db

FORNAMN, EFTERNAMN = "Kanariefågel", "Zzyzxsson"
# Kanariefågelns id:n: tal som inte står på någon sida av en slump
SERIER = {
    "deltagare_person": 987_654_321_001,
    "deltagare_deltagande": 987_654_321_501,
    "deltagare_samarbete": 987_654_321_701,
}


LOGGEN = ("/logg/", "/loggkontroll/")


@dataclass
class Varld:
    """Två insatser i en samverkansorganisation, angriparen i den ena och kanariefågeln i den andra."""

    org: Samverkansorganisation
    an: Insats
    backen: Insats
    angripare: Anvandare
    vaktare: Anvandare
    nummer: Personnummer
    kanarie: Deltagande
    konton: dict[Roll, Anvandare]
    samarbete: Samarbete
    eget_samarbete: Samarbete

    @property
    def hemligt(self) -> list[str]:
        """Allt som inget svar får bära."""
        nr = self.nummer.nummer
        with som_agare():
            person = Person.objects.get(pk=self.kanarie.person_id)
            index = bytes(Identitet.objects.get(person=person).personindex)
        return [
            FORNAMN,
            EFTERNAMN,
            *{nr, nr[2:], f"{nr[:8]}-{nr[8:]}", f"{nr[2:8]}-{nr[8:]}", f"{nr[2:8]}+{nr[8:]}", f"{nr[:8]} {nr[8:]}"},
            person.nyckel,
            str(person.pk),
            str(self.kanarie.pk),
            str(self.samarbete.pk),
            index.hex(),
            base64.b64encode(index).decode(),
        ]


def _serie(tabell: str, nasta: int) -> int:
    """Låter tabellens nästa id bli `nasta`, och ger det som det annars hade blivit."""
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [tabell])
        forra = markor.fetchone()[0]
        markor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [tabell, nasta])
        return int(forra)


@pytest.fixture
def varld(settings) -> Varld:
    # Gränserna för hur ofta man får fråga provas för sig; här ska varje fråga nå vyn.
    settings.SUS_TAKT = dict.fromkeys(settings.SUS_TAKT, (1_000_000, 60))
    org = fabriker.organisation()
    an, backen = fabriker.insats(org, namn="Ån"), fabriker.insats(org, namn="Bäcken")
    angripare, vaktare = fabriker.deltagaransvarig(an), fabriker.deltagaransvarig(backen)
    fabriker.inregistrera(an, angripare)
    af, fk, annat_fk = (fabriker.kontor(Samverkansform(form)) for form in ("af", "fk", "fk"))
    fabriker.uppdrag(angripare, Roll.DELTAGARANSVARIG, annat_fk)
    fabriker.uppdrag(vaktare, Roll.DELTAGARANSVARIG, fk)
    eget_samarbete = fabriker.samarbete(af, annat_fk, angripare)
    nummer = fabriker.nytt_nummer()
    forra = {tabell: _serie(tabell, nasta) for tabell, nasta in SERIER.items()}
    kanarie = fabriker.inregistrera(backen, vaktare, nummer=nummer, fornamn=FORNAMN, efternamn=EFTERNAMN)
    samarbete = fabriker.samarbete(af, fk, vaktare, nummer=nummer, fornamn=FORNAMN, efternamn=EFTERNAMN)
    for tabell, nasta in forra.items():
        _serie(tabell, nasta)
    konton = {roll: fabriker.anvandare(roll) for roll in Roll}
    for roll, pa in ((Roll.SAMVERKANSADMINISTRATOR, org), (Roll.INSATSANSVARIG, org), (Roll.DELTAGARANSVARIG, an)):
        fabriker.uppdrag(konton[roll], roll, pa)
    return Varld(org, an, backen, angripare, vaktare, nummer, kanarie, konton, samarbete, eget_samarbete)


@dataclass
class Angrepp:
    """Skickar begäranden, en i taget och ångrade, och minns vilka svar som bar något hemligt."""

    varld: Varld
    anvandare: Anvandare
    antal: int = 0
    lackor: list[str] = field(default_factory=list)
    koder: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.klient = Client(raise_request_exception=False)
        self.klient.force_login(self.anvandare)
        self.hemligt = self.varld.hemligt

    def __call__(self, metod: str, adress: str, data: Any = None, *, utom: str = "", **huvuden: str) -> HttpResponse:
        """Svaret. Det som angriparen själv skickade får komma tillbaka: `utom` är det inskickade."""
        with angrat():
            svar = getattr(self.klient, metod)(adress, data or {}, headers=huvuden)
            allt = "\n".join([text(svar), str(svar.headers), str(self.klient.cookies)])
        self.antal += 1
        self.koder[svar.status_code] = self.koder.get(svar.status_code, 0) + 1
        skickat = f"{adress}\n{utom}"
        if adress.startswith(LOGGEN):
            # Loggen har personens löpnummer, som inte säger vem det är, för den som granskar läsningarna (P8).
            skickat += f"\n{self.varld.kanarie.person_id}"
        for ett in self.hemligt:
            if ett in allt and ett not in skickat:
                self.lackor.append(f"{metod} {adress} ({svar.status_code}): {ett}")
        return svar


@contextmanager
def angrat() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def text(svar: HttpResponse) -> str:
    """Allt som står i svaret, också i en fil."""
    innehall = svar.getvalue()
    slag = svar.headers.get("Content-Type", "")
    if "spreadsheet" in slag:
        with zipfile.ZipFile(io.BytesIO(innehall)) as bok:
            return "\n".join(bok.read(namn).decode(errors="replace") for namn in bok.namelist())
    if slag == "application/pdf":
        las = pypdf.PdfReader(io.BytesIO(innehall))
        return "\n".join([*(sida.extract_text() for sida in las.pages), str(las.metadata)])
    # Tusental skrivs med hårt blanksteg
    return innehall.decode(errors="replace").replace("\xa0", "").replace("&nbsp;", "")


class Formular(HTMLParser):
    """Sidans formulär: (metod, fält → det förvalda värdet), utan skyddstoken."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.formular: list[tuple[str, dict[str, str]]] = []
        self._val = ""
        self.feed(html)

    def handle_starttag(self, tagg: str, attribut: list[tuple[str, str | None]]) -> None:
        a = {namn: varde or "" for namn, varde in attribut}
        namn = a.get("name", "")
        if tagg == "form":
            self.formular.append((a.get("method", "get").lower(), {}))
        if not self.formular or namn == "csrfmiddlewaretoken":
            return
        falt = self.formular[-1][1]
        if tagg == "select":
            self._val = namn
            falt.setdefault(namn, "")
        elif tagg == "option" and self._val and ("selected" in a or not falt.get(self._val)):
            falt[self._val] = a.get("value", "")
        elif tagg in {"input", "textarea", "button"} and namn and (val(a) or namn not in falt):
            falt[namn] = a.get("value", "")


def val(attribut: dict[str, str]) -> bool:
    """Falskt för en ruta som inte är ifylld."""
    return attribut.get("type") not in {"radio", "checkbox"} or "checked" in attribut


def id_i_adresser(varld: Varld) -> list[int]:
    """Varje id som angriparen kan ha fått tag i, och ett som inte finns."""
    return [
        varld.an.pk,
        varld.backen.pk,
        varld.org.pk,
        varld.kanarie.pk,
        varld.kanarie.person_id,
        varld.samarbete.pk,
        varld.eget_samarbete.pk,
        varld.vaktare.pk,
        varld.vaktare.behorigheter.get().pk,
        999_999_999,
    ]


def adresser(varld: Varld, ids: list[int]) -> Iterator[tuple[str, str]]:
    """Varje adress, (namn, adress), med varje id på objektets plats."""
    for namn, rad in RADER.items():
        if rad.mal.rackvidd == Rackvidd.OPPEN:
            continue
        plats = MONSTER[namn].pattern.converters
        val = [varden(falt, type(omvandlare).__name__, ids, varld) for falt, omvandlare in plats.items()]
        for valda in itertools.product(*val):
            yield namn, reverse(namn, kwargs=dict(zip(plats, valda, strict=True)))


def varden(falt: str, sort: str, ids: list[int], varld: Varld) -> list[Any]:
    """Det som provas i adressens `falt`: allt i det som pekar ut objektet, några i de övriga."""
    if sort == "UUIDConverter":
        return [uuid4()]
    if sort != "IntConverter":
        return ["insatsansvarig", "forsorjning", "fore"]
    return ids if falt == "pk" else [varld.vaktare.pk, varld.kanarie.pk, 2025]


def gift(varld: Varld) -> list[str]:
    """Det som provas i varje fält."""
    return [
        str(varld.backen.pk),
        str(varld.kanarie.pk),
        str(varld.samarbete.pk),
        varld.nummer.utskrivet,
        f"{FORNAMN[:4]}*",
    ]


def prova_adresser(angrepp: Angrepp, ids: list[int] | None = None) -> None:
    """Varje adress, hämtad, skickad och med htmx."""
    for namn, adress in adresser(angrepp.varld, ids or id_i_adresser(angrepp.varld)):
        if RADER[namn].metod != Metod.GET:
            angrepp("post", adress)
        if angrepp("get", adress).status_code == 200:
            angrepp("get", adress, **{"HX-Request": "true"})


def prova_falt(angrepp: Angrepp, *, hogst: int | None = None) -> None:
    """Varje fält, dolda med, i varje formulär som angriparen når: ett i taget med allt det som provas."""
    varld, sedda, prov = angrepp.varld, set(), gift(angrepp.varld)[:hogst]
    for _, adress in adresser(varld, [varld.an.pk, varld.org.pk, varld.vaktare.pk, varld.eget_samarbete.pk]):
        svar = angrepp("get", adress)
        if svar.status_code != 200:
            continue
        for metod, forvalt in Formular(text(svar)).formular:
            if (metod, frozenset(forvalt)) in sedda:
                continue
            sedda.add((metod, frozenset(forvalt)))
            for namn, varde in itertools.product(forvalt, prov):
                falt = {**forvalt, namn: varde}
                if metod == "get":
                    angrepp("get", f"{adress}?{urlencode(falt)}", utom=varde)
                    continue
                angrepp("post", adress, {**falt, "token": str(uuid4())}, utom=varde)
                if "registrering" in forvalt:
                    angrepp("post", adress, {**falt, "uppdatera": "1"}, utom=varde, **{"HX-Request": "true"})
            for varde in prov:
                allt = urlencode(dict.fromkeys(["insats", "pk", "person", "deltagande", "q", "sida", *forvalt], varde))
                angrepp("get", f"{adress}?{allt}", utom=varde)


def registrering(varld: Varld, **falt: Any) -> dict[str, Any]:
    """En ifylld inregistrering."""
    return {
        "insats": varld.an.pk,
        "personnummer": varld.nummer.utskrivet,
        "registrering": "in",
        "samtycke": "2025-03-01",
        "inregistrering": "2025-03-01",
        "fornamn": "Någon",
        "efternamn": "Annan",
        "kommun": "1283",
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def prova_registreringen(angrepp: Angrepp) -> None:
    """Hämta och Spara, med kanariefågelns nummer i varje stavning och alla blandningar av insats och deltagande."""
    varld, adress = angrepp.varld, reverse("deltagare:registrera")
    nr = varld.nummer.nummer
    stavningar = [nr, nr[2:], f"{nr[:8]}-{nr[8:]}", f"{nr[2:8]}-{nr[8:]}", f" {nr[:8]} {nr[8:]} "]
    insatser = [varld.an.pk, varld.backen.pk, 999_999_999, ""]
    deltaganden = ["", varld.kanarie.pk, 999_999_999]
    for stavning, insats, deltagande in itertools.product(stavningar, insatser, deltaganden):
        ut = {
            "insats": insats,
            "personnummer": stavning,
            "registrering": "ut",
            "deltagande": deltagande,
            "version": 1,
            "utregistrering": "2025-06-01",
            "avslutningsanledning": "fullfoljd",
            "token": str(uuid4()),
        }
        for knapp, huvuden in (("hamta", {"HX-Request": "true"}), ("hamta", {}), ("spara", {}), ("uppdatera", {})):
            # Numret i den stavning som skickades får stå kvar i fältet, i vilken stavning som helst.
            angrepp("post", adress, {**ut, knapp: "1"}, utom=" ".join(stavningar), **huvuden)
    for insats in insatser:
        angrepp("post", adress, registrering(varld, insats=insats), utom=" ".join(stavningar))


def prova_rapporterna(angrepp: Angrepp) -> None:
    """Varje format och urval: ett antal får synas, aldrig vem."""
    adress = reverse("rapporter:insats")
    orgnr = angrepp.varld.org.organisationsnummer
    urval: list[dict[str, str]] = [
        {},
        {"forbund": orgnr},
        {"kommun": "1283"},
        {"lan": "12"},
        {"kon": "kvinna"},
        {"kon": "man"},
        {"rapporttyp": "samverkansorganisation"},
        {"inriktning": "individ"},
        {"forbund": str(angrepp.varld.kanarie.person_id)},
        {"variabler": "person_id"},
        {"person": str(angrepp.varld.kanarie.person_id)},
    ]
    for ett, format in itertools.product(urval, ("", "pdf", "xlsx", "csv", "json", "html", "xml")):
        if format == "pdf" and ett:
            continue  # sidorna ritas ur samma rapport, och en PDF tar en sekund
        fraga = {"fran": "2025-01", "till": "2025-12", "visa": "1", **ett, **({"format": format} if format else {})}
        angrepp("get", f"{adress}?{urlencode(fraga)}")


PROV: dict[str, Callable[[Angrepp], None]] = {
    "adresser": prova_adresser,
    "fält": prova_falt,
    "registreringen": prova_registreringen,
    "rapporter": prova_rapporterna,
}
# Minst så många begäranden ska ett prov göra: annars provar det inte det som det säger.
MINST = {"adresser": 300, "fält": 300, "registreringen": 200, "rapporter": 60}


def beratta(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """En rad i testens utskrift: hur mycket som provades."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


@pytest.mark.parametrize("prov", PROV)
def test_inget_om_en_annan_insats_deltagare(varld, prov, capsys):
    angrepp = Angrepp(varld, varld.angripare)

    PROV[prov](angrepp)

    assert angrepp.lackor == []
    assert angrepp.antal >= MINST[prov]
    assert 500 not in angrepp.koder
    beratta(capsys, f"{prov}: {angrepp.antal} begäranden, 0 läckor")


@pytest.mark.parametrize("roll", [roll for roll in Roll if roll != Roll.DELTAGARANSVARIG])
def test_de_andra_rollerna_nar_ingen_person_pa_nagon_adress(varld, roll):
    angrepp = Angrepp(varld, varld.konton[roll])

    prova_adresser(angrepp, [varld.backen.pk, varld.kanarie.pk, varld.kanarie.person_id, varld.org.pk])

    assert angrepp.lackor == []
    assert 500 not in angrepp.koder


def test_proven_hittar_det_som_den_med_uppdraget_ser(varld):
    """Utan det här kunde 0 läckor betyda att provet inte ser något."""
    angrepp = Angrepp(varld, varld.vaktare)

    prova_registreringen(angrepp)

    assert {ett.rpartition(": ")[2] for ett in angrepp.lackor} >= {FORNAMN, EFTERNAMN, str(varld.kanarie.pk)}


@pytest.fixture
def utan_rackvidd(monkeypatch):
    """Python håller ingenting inne: varje rättighet finns och varje fråga når allt. Bara databasen är kvar."""
    monkeypatch.setattr(Anvandare, "far", lambda self, rattighet: True)
    klasser = [klass for klass in underklasser(models.QuerySet) if "synliga_for" in vars(klass)]
    assert {"InsatsQuerySet", "DeltagandeQuerySet", "UppdragQuerySet"} <= {klass.__name__ for klass in klasser}
    for klass in klasser:
        monkeypatch.setattr(klass, "synliga_for", lambda self, *args, **kwargs: self.all())
    return klasser


def underklasser(klass: type) -> Iterator[type]:
    for en in klass.__subclasses__():
        yield en
        yield from underklasser(en)


@pytest.mark.parametrize("prov", PROV)
def test_radskyddet_ensamt_haller(varld, utan_rackvidd, prov, capsys):
    angrepp = Angrepp(varld, varld.angripare)

    if prov == "fält":
        prova_falt(angrepp, hogst=2)  # varje sida är öppen: insatsens och deltagandets id i varje fält
    else:
        PROV[prov](angrepp)

    assert angrepp.lackor == []
    beratta(capsys, f"{prov}, radskyddet ensamt: {angrepp.antal} begäranden, 0 läckor")


def test_utan_rackvidd_nar_insatsansvarig_anda_ingen_person(varld, utan_rackvidd):
    """En glömd räckvidd i Python gör ingen annan roll till deltagaransvarig."""
    for roll in (Roll.INSATSANSVARIG, Roll.SYSTEMADMINISTRATOR, Roll.BESTALLARE):
        angrepp = Angrepp(varld, varld.konton[roll])

        prova_registreringen(angrepp)

        assert angrepp.lackor == []


def test_varje_tabell_om_personer_ar_tom_utan_rackvidd(varld, utan_rackvidd):
    satt_sammanhang(varld.angripare)
    # Det egna deltagandet och det egna samarbetet.
    antal = {Deltagande: 1, Folkbokforing: 1, Samarbete: 1, Samarbetsfolkbokforing: 1, Samarbetskontor: 1, Overgang: 1}
    for modell, ett in {**antal, Person: 2, Identitet: 2, Samarbetsuppgift: 0}.items():
        assert modell.objects.count() == ett, modell
        assert str(varld.kanarie.person_id) not in str(list(modell.objects.values()))


def lik(svar: HttpResponse) -> str:
    """Sidan utan det som alltid skiljer: token, personnumret som skrevs och den nya registreringens egen adress."""
    innehall = re.sub(r'(csrfmiddlewaretoken|token)" value="[^"]*"', r'\1"', text(svar))
    innehall = re.sub(r'"X-CSRFToken": "[^"]*"', "", innehall)
    innehall = re.sub(r'"/deltagare/\d+/"', "REGISTRERINGEN", innehall)
    return re.sub(r"\d{8}-\d{4}", "NUMMER", innehall)


@pytest.mark.parametrize("knapp", ["hamta", "spara"])
@pytest.mark.parametrize("insats", ["an", "backen"])
def test_det_syns_inte_om_personen_finns(varld, knapp, insats):
    """Hämta svarar likadant, med lika många frågor, för kanariefågeln som för ett nummer som ingen har."""
    klient = Client()
    klient.force_login(varld.angripare)
    svaren = []
    for nummer in (varld.nummer, fabriker.nytt_nummer()):
        ut = {
            "insats": getattr(varld, insats).pk,
            "personnummer": nummer.utskrivet,
            "registrering": "ut",
            "deltagande": varld.kanarie.pk,
            "version": 1,
            knapp: "1",
        }
        with angrat(), CaptureQueriesContext(connection) as fragor:
            svar = klient.post(reverse("deltagare:registrera"), ut)
        svaren.append((svar.status_code, lik(svar), len(fragor)))

    assert svaren[0] == svaren[1]


@pytest.mark.parametrize("byt_namn", [False, True])
def test_att_registrera_avslojar_inte_att_personen_finns_i_en_annan_insats(varld, byt_namn):
    klient = Client()
    klient.force_login(varld.angripare)
    namn = {} if byt_namn else {"fornamn": FORNAMN, "efternamn": EFTERNAMN}
    utfall = []
    for nummer in (varld.nummer, fabriker.nytt_nummer()):
        with angrat(), CaptureQueriesContext(connection) as fragor:
            data = registrering(varld, personnummer=nummer.utskrivet, **namn)
            svar = klient.post(reverse("deltagare:registrera"), data)
            antal = len(fragor)
            sidan = klient.get(svar.url)
            satt_sammanhang(varld.angripare)
            handelser = list(Handelse.objects.filter(av_id=varld.angripare.pk).values_list("typ", flat=True))
        utfall.append((svar.status_code, svar.url, antal, lik(sidan), handelser))

    assert utfall[0] == utfall[1]
    assert utfall[0][0] == 302


def test_fel_vid_registreringen_avslojar_inte_heller(varld):
    klient = Client()
    klient.force_login(varld.angripare)
    fel: list[dict[str, Any]] = [
        {"inregistrering": "2099-01-01"},
        {"samtycke": "2025-12-01"},
        {"kommun": "0000"},
        {"fornamn": ""},
        {"inregistrering": "1950-01-01", "samtycke": "1950-01-01"},
        {"insats": varld.backen.pk},
    ]
    for ett in fel:
        sidor = []
        for nummer in (varld.nummer, fabriker.nytt_nummer()):
            with angrat():
                svar = klient.post(
                    reverse("deltagare:registrera"), registrering(varld, personnummer=nummer.utskrivet, **ett)
                )
            sidor.append((svar.status_code, lik(svar)))
        assert sidor[0] == sidor[1], ett


def test_ett_eget_deltagande_for_personen_visar_inte_det_andra(varld):
    """Den som har registrerat personen själv ser sin egen registrering, aldrig den i den andra insatsen."""
    fabriker.inregistrera(varld.an, varld.angripare, nummer=varld.nummer, inregistrering=date(2025, 4, 1))
    satt_sammanhang(varld.angripare)

    egna = Deltagande.objects.filter(person_id=varld.kanarie.person_id)

    assert [ett.insats_id for ett in egna] == [varld.an.pk]
    assert not Deltagande.objects.filter(pk=varld.kanarie.pk).exists()
    assert not Folkbokforing.objects.filter(pk=varld.kanarie.pk).exists()

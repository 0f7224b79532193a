"""P15 för varje formulär: tio lika POST ger en rad och samma svar, och av tio skilda ändringar går en igenom.

En ny adress som tar POST ska stå i `PROV`, eller i `UTAN_PROV` med varför. En post i `PROV` säger bara det som skrivs
utöver det sidan föreslår, och hur man ser att det är gjort en gång; objektet, kontot och adressen kommer ur tabellen
*Vem får vad*. Har formuläret en version ska posten också ha `andringar`: skilda ändringar av samma sak.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from lxml import html

from behorighet.genomgang import att_granska
from behorighet.granskning import dra_urval
from behorighet.krock import TEXT
from behorighet.models import (
    Anvandare,
    Behorighet,
    Genomgang,
    Handelse,
    Loggkontroll,
    Loggkontrollrad,
    Organisation,
)
from behorighet.roller import RATTIGHETER, Roll
from behorighet.skydd import satt_sammanhang
from deltagare import gallring, tjanster
from deltagare.models import (
    Anonym,
    Deltagande,
    Gallring,
    Gallringsregel,
    Kod,
    Overgangsregel,
    Samarbete,
    Samarbetsuppgift,
    Uppslag,
    Volymantal,
)
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.personnummer import tolka
from deltagare.tjanster import Anonymrad
from deltagare.tjanster.samarbete import registrera_overgang
from deltagare.tjanster.samarbetskontor import byt_kontor
from deltagare.uppgifter import Kon
from insatser.kategorier import Samverkansform
from insatser.models import (
    Budget,
    Budgetpost,
    Fraga,
    IngaendeOrganisation,
    Insats,
    Organisationsbudget,
    Samverkansorganisation,
    Uppdrag,
)
from rapporter.models import SparatUrval
from sus.vem_far_vad import RADER, Metod
from tests import fabriker
from tests.databas import som_agare
from tests.samtidigt import flikar, posta
from tests.test_vem_far_vad import UPPDRAGSROLLER, Sida, adress, roll_hos, sida

pytestmark = pytest.mark.usefixtures("egen_databas_modul")

IDAG = timezone.localdate()
DAG = [(IDAG + timedelta(days=dagar)).isoformat() for dagar in range(12)]
ANTAL = 10
_nummer = count(1)


@dataclass
class Scen:
    """Formuläret, den som fyller i det, och vad adressen handlar om."""

    sida: Sida
    konto: Anvandare
    adress: str = ""

    @property
    def pk(self) -> int:
        """Objektet i adressen."""
        return int(resolve(self.adress.partition("?")[0]).kwargs["pk"])

    @property
    def behorighet(self) -> int:
        """Den valda behörigheten i adressen."""
        return int(resolve(self.adress).kwargs["behorighet"])


def rader(modell: Any, **villkor: Any) -> int:
    """Antalet rader, sett av ägaren."""
    with transaction.atomic(), som_agare():
        return modell.objects.filter(**villkor).count()


@dataclass(frozen=True)
class Prov:
    """Hur ett formulär fylls i, och hur man ser att det är gjort en gång.

    `gjort` är 0 före och 1 efter. `annat` är annat innehåll att skicka med samma token; tomt när det inte finns något
    att skriva. `andringar` är skilda ändringar av samma sak, som krockar; den som kommer när det
    redan är gjort kan i stället få beskedet `eller`. `finns` är objektet, om tabellens inte duger.
    """

    gjort: Callable[[Scen], int]
    ifyllt: Callable[[Scen], dict[str, Any]] = lambda s: {}
    annat: dict[str, Any] = field(default_factory=dict)
    andringar: list[dict[str, Any]] = field(default_factory=list)
    forbered: Callable[[Scen], Any] = lambda s: None
    finns: Callable[[Scen], int | str] | None = None
    eller: str = ""
    urval: str | Callable[[Scen], str] = ""


def tio(falt: str, varden: Any) -> list[dict[str, Any]]:
    return [{falt: varde} for _, varde in zip(range(ANTAL), varden, strict=False)]


def texter(falt: str) -> list[dict[str, Any]]:
    return tio(falt, (f"Text {nr}" for nr in count()))


def organisationsnummer() -> str:
    nio = f"212{next(_nummer):03}001"
    return f"{nio[:6]}-{nio[6:]}{fabriker.kontrollsiffra(nio)}"


def ny_person(roll: str) -> Callable[[Scen], dict[str, Any]]:
    return lambda s: {"username": f"ny{s.konto.pk}", "fornamn": "Åsa", "efternamn": f"Ny{s.konto.pk}", "roller": [roll]}


def nya_personen(s: Scen) -> int:
    return rader(Behorighet, anvandare__username=f"ny{s.konto.pk}")


def insats(s: Scen) -> dict[str, Any]:
    return {
        "samverkansorganisation": s.sida.org.pk,
        "namn": f"Nya vägar {s.konto.pk}",
        "startdatum": "2024-01-01",
        "inriktning": "individ",
        "preciserad_inriktning": "forberedande",
        "deltagarregistrering": "personuppgifter",
        "malgrupper": ["unga", "kvinnor"],
    }


def fraga(s: Scen) -> dict[str, Any]:
    ny = {"namn": f"Väntan {s.konto.pk}", "text": "Hur länge?", "svarstyp": "fritext", "tillfalle": "in"}
    return {**ny, "bekraftat": "on"}


def ge(**kw: Any) -> Prov:
    return Prov(gjort=lambda s: rader(Uppdrag, behorighet=s.behorighet), annat={"till": DAG[1]}, **kw)


def uppdrag_slutar(**kw: Any) -> Prov:
    return Prov(
        ifyllt=lambda s: {"till": DAG[0], "avsluta": "Avsluta"},
        gjort=lambda s: rader(Uppdrag, pk=s.pk, till=IDAG),
        annat={"till": DAG[1]},
        **kw,
    )


def behorighet_slutar(**kw: Any) -> Prov:
    return Prov(
        ifyllt=lambda s: {"till": DAG[0], "avsluta": "Avsluta"},
        gjort=lambda s: rader(Behorighet, pk=s.pk, till=IDAG),
        annat={"till": DAG[1]},
        **kw,
    )


def part_finns(s: Scen) -> IngaendeOrganisation:
    return IngaendeOrganisation.objects.create(
        samverkansorganisation=s.sida.org, organisation=s.sida.arbetsgivare, deltar=True, finansierar=True
    )


def parten(s: Scen, **villkor: Any) -> int:
    return rader(IngaendeOrganisation, samverkansorganisation=s.sida.org, organisation=s.sida.arbetsgivare, **villkor)


def inregistrering(s: Scen) -> dict[str, Any]:
    return {
        "insats": s.sida.insats.pk, "registrering": "in", "personnummer": fabriker.nytt_nummer().utskrivet,
        "fornamn": "Kim", "efternamn": "Påhittad", "kommun": "1283", "samtycke": "2025-03-01",
        "inregistrering": "2025-03-01", "spara": "Spara",
    }  # fmt: skip


def utregistrering(s: Scen) -> dict[str, Any]:
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        deltagande = fabriker.inregistrera(s.sida.insats, s.konto, nummer=nummer)
    return {
        "insats": s.sida.insats.pk, "registrering": "ut", "personnummer": nummer.utskrivet,
        "deltagande": deltagande.pk, "version": deltagande.version, "utregistrering": "2025-06-01",
        "avslutningsanledning": "fullfoljd", "forsorjning_efter": ["ingen"], "spara": "Spara",
    }  # fmt: skip


def utregistrerad(s: Scen) -> None:
    with transaction.atomic():
        satt_sammanhang(s.konto)
        tjanster.utregistrera(
            deltagande=Deltagande.objects.get(pk=s.pk), version=1, utregistrering=date(2025, 6, 1),
            avslutningsanledning="fullfoljd", efter={}, av=s.konto,
        )  # fmt: skip


def egen_dag() -> date:
    """En födelsedag som ingen annan scen har: databasen är gemensam, och ett bytt nummer hör till sin person."""
    return date(1970, 1, 1) + timedelta(days=next(_nummer))


def med_samordningsnummer(s: Scen) -> int:
    dag = egen_dag()
    samordning = tolka(fabriker.personnummer(f"{dag:%Y%m}{dag.day + 60}", nr=0), idag=IDAG)
    with transaction.atomic():
        return fabriker.inregistrera(s.sida.insats, s.konto, nummer=samordning).pk


def andelar(falt: str) -> list[dict[str, Any]]:
    return [{falt.replace("arbete", "arbetar"): "ja", falt: str(andel)} for andel in range(10, 10 + ANTAL)]


def medverkan(s: Scen) -> dict[str, Any]:
    """Ett samarbete som börjar, för scenens kontor hos Arbetsförmedlingen."""
    return {
        "insats": s.sida.kontor.pk,
        "andra_kontoret": fabriker.kontor(Samverkansform.FK).pk,
        "samtycke": "2025-03-01",
        "personnummer": fabriker.personnummer(f"{egen_dag():%Y%m%d}", nr=0),
        "fornamn": "Kim",
        "efternamn": "Påhittad",
        "kommun": "1283",
        "datum": "2025-03-01",
        "initierad_av": "fk",
        "bekraftad": "on",
        "spara": "1",
    }


def till_kartlaggningen(s: Scen) -> None:
    """Samarbetet har gått ett steg, som går att ångra."""
    with transaction.atomic():
        satt_sammanhang(s.konto)
        registrera_overgang(
            samarbete=Samarbete.objects.get(pk=s.pk),
            version=1,
            till=Insatstyp.GEMENSAM_KARTLAGGNING,
            datum=date(2025, 6, 1),
            kontor=s.sida.kontor,
            myndighet=Myndighet.AF,
            av=s.konto,
        )


def hos_ett_annat_kontor(s: Scen) -> None:
    """Samarbetet har bytt FK-kontor, ett byte som går att ångra."""
    with transaction.atomic():
        satt_sammanhang(s.konto)
        byt_kontor(
            samarbete=Samarbete.objects.get(pk=s.pk),
            version=1,
            datum=date(2025, 6, 1),
            till={Myndighet.AF: s.sida.kontor, Myndighet.FK: fabriker.kontor(Samverkansform.FK)},
            kontor=s.sida.kontor,
            av=s.konto,
        )


def samarbete_med_samordningsnummer(s: Scen) -> int:
    dag = egen_dag()
    samordning = tolka(fabriker.personnummer(f"{dag:%Y%m}{dag.day + 60}", nr=0), idag=IDAG)
    with transaction.atomic():
        fk = fabriker.kontor(Samverkansform.FK)
        return fabriker.samarbete(s.sida.kontor, fk, fabriker.deltagaransvarig(fk), nummer=samordning).pk


def anonyma(s: Scen) -> None:
    with transaction.atomic():
        tjanster.registrera_anonyma(insats=s.sida.insats, ar=2025, rader=[Anonymrad(Kon.KVINNA, 3)], av=s.konto)


def anonyma_borttagna(s: Scen) -> int:
    with transaction.atomic(), som_agare():
        return 3 - Anonym.objects.get(insats=s.sida.insats).antal


def manaderna(s: Scen) -> None:
    """Organisationens första konto är så gammalt att flera månader är att granska."""
    forr = timezone.now() - timedelta(days=120)
    Anvandare.objects.filter(pk=s.konto.pk).update(skapad_vid=forr)


def kontroll(s: Scen) -> int:
    """En månads urval, med några läsningar att granska."""
    manaderna(s)
    manad = (IDAG.replace(day=1) - timedelta(days=1)).replace(day=1)
    tid = datetime(manad.year, manad.month, 5, 14, 30, tzinfo=timezone.get_current_timezone())
    for person in range(3):
        Handelse.objects.create(tid=tid, av_id=s.sida.personal.pk, typ="person_visad", person_id=person + 1)
    with transaction.atomic():
        return dra_urval(organisation=s.sida.arbetsgivare, manad=manad, av=s.konto).pk


def granskat(s: Scen) -> dict[str, Any]:
    return {f"utfall_{Loggkontrollrad.objects.filter(kontroll=s.pk).first().pk}": "i_ordning"}


def alla_behalls(s: Scen) -> dict[str, Any]:
    return {f"beslut_{ett.pk}": "behall" for ett in att_granska(s.sida.arbetsgivare)}


def en_stangd_overgang(s: Scen) -> int:
    return Overgangsregel.objects.filter(oppen=False, version=1, myndighet="af").order_by("pk").first().pk


def en_kod(s: Scen) -> int:
    return Kod.objects.create(kodverk="utbildning", kod=f"k{s.konto.pk}", etikett=f"Kod {s.konto.pk}", ordning=50).pk


def att_arkivera(s: Scen) -> dict[str, Any]:
    with transaction.atomic():
        satt_sammanhang(s.konto)
        vantar = Deltagande.objects.filter(insats=s.sida.insats, samtycke_arkiverat=None)
        return {"rad": [f"{ett.pk}:{ett.version}" for ett in vantar], "arkiverat": IDAG.isoformat()}


def en_deltagare(s: Scen) -> None:
    with transaction.atomic():
        fabriker.inregistrera(s.sida.insats, s.konto)


def nagot_att_gallra(s: Scen) -> None:
    """Ett gammalt uppslag, och ingen annan gallring som väntar."""
    with transaction.atomic():
        satt_sammanhang(s.konto)
        for en in Gallring.objects.filter(oppen=True):
            gallring.avbryt(en)
        with som_agare():
            Uppslag.objects.create(handelse_id=0, personindex=b"x" * 32, tid=timezone.now() - timedelta(days=3000))


def foreslagen(s: Scen) -> int:
    """En gallring som en annan systemadministratör har föreslagit."""
    nagot_att_gallra(s)
    with transaction.atomic():
        satt_sammanhang(fabriker.anvandare(Roll.SYSTEMADMINISTRATOR))
        return gallring.foresla()


REDAN_UTREGISTRERAD = "Deltagaren är redan utregistrerad 2025-06-"
ORGANISATIONENS_AR = {"f-0-belopp": "1000", "spara": "Spara"}
PROV: dict[str, Prov] = {
    # Samverkansorganisationer
    "uppdrag:ny_organisation": Prov(
        ifyllt=lambda s: {
            "namn": f"Ån {s.konto.pk}", "organisationsnummer": organisationsnummer(), "samverkansform": "finsam",
            "startdatum": "2025-01-01", "kommuner": ["1283"],
        },
        gjort=lambda s: rader(Samverkansorganisation, namn=f"Ån {s.konto.pk}"),
        annat={"beskrivning": "Något annat"},
    ),
    "uppdrag:andra_organisation": Prov(
        ifyllt=lambda s: {"organisationsnummer": organisationsnummer()},
        gjort=lambda s: rader(Samverkansorganisation, pk=s.pk, version=2),
        annat={"ort": "Någon annanstans"},
        andringar=texter("beskrivning"),
    ),
    "uppdrag:andra_organisationsbudget": Prov(
        forbered=part_finns,
        ifyllt=lambda s: {**ORGANISATIONENS_AR, "f-0-organisation": str(s.sida.arbetsgivare.pk)},
        gjort=lambda s: rader(
            Organisationsbudget, samverkansorganisation=s.pk, version=1, finansieringsposter__belopp=1000
        ),
        annat={"f-0-beskrivning": "Eget kapital"},
        andringar=tio("f-0-belopp", map(str, count(2000))),
    ),
    "uppdrag:omrade": Prov(
        urval="?lan=12",
        ifyllt=lambda s: {"kommuner": ["1280"]},
        gjort=lambda s: s.sida.org.kommuner.filter(pk="1280").count(),
        annat={"kommuner": ["1281"]},
    ),
    "uppdrag:part": Prov(
        ifyllt=lambda s: {"gor": ["deltar"]},
        gjort=parten,
        annat={"gor": ["brukar"]},
        # Tre rutor, minst en ikryssad: fler skilda ändringar än så finns inte
        andringar=[
            {"gor": val}
            for val in (["deltar"], ["finansierar"], ["brukar"], ["deltar", "finansierar"], ["deltar", "brukar"],
                        ["finansierar", "brukar"], ["deltar", "finansierar", "brukar"])
        ],
    ),
    "uppdrag:part#ta_bort": Prov(
        forbered=part_finns, ifyllt=lambda s: {"ta_bort": "Ta bort"}, gjort=lambda s: 1 - parten(s)
    ),
    # Kompletterande frågor
    "fragor:ny": Prov(
        ifyllt=fraga, gjort=lambda s: rader(Fraga, namn=f"Väntan {s.konto.pk}"), annat={"text": "Hur ofta?"}
    ),
    "fragor:andra": Prov(
        ifyllt=fraga,
        gjort=lambda s: rader(Fraga, pk=s.pk, version=2),
        annat={"text": "Hur ofta?"},
        andringar=texter("text"),
    ),
    "fragor:avsluta": Prov(
        ifyllt=lambda s: {"till": DAG[0]},
        gjort=lambda s: rader(Fraga, pk=s.pk, till=IDAG),
        annat={"till": DAG[1]},
        andringar=tio("till", DAG),
    ),
    "fragor:ta_bort": Prov(gjort=lambda s: 1 - rader(Fraga, pk=s.pk)),
    # Uppdrag
    "uppdrag:ge_i_organisation": ge(),
    "uppdrag:ge_forsta": ge(),
    "uppdrag:ge_pa_kontor": ge(),
    "uppdrag:ge_pa_insats": ge(),
    "uppdrag:avsluta_i_organisation": uppdrag_slutar(),
    "uppdrag:avsluta_pa_insats": uppdrag_slutar(),
    "uppdrag:avsluta_pa_insats#nu": Prov(
        ifyllt=lambda s: {"nu": "Avsluta nu"}, gjort=lambda s: rader(Uppdrag, pk=s.pk, avslutad_vid__isnull=False)
    ),
    # Insatser
    "insatser:ny": Prov(
        ifyllt=insats,
        gjort=lambda s: rader(Insats, namn=f"Nya vägar {s.konto.pk}"),
        annat={"beskrivning": "Något annat"},
    ),
    "insatser:kopiera": Prov(
        ifyllt=lambda s: {"namn": f"Kopian {s.konto.pk}", "startdatum": "2025-01-01"},
        gjort=lambda s: rader(Insats, namn=f"Kopian {s.konto.pk}"),
        annat={"beskrivning": "Något annat"},
    ),
    "insatser:andra": Prov(
        ifyllt=lambda s: {"beskrivning": "Ny text"},
        gjort=lambda s: rader(Insats, pk=s.pk, version=2),
        annat={"beskrivning": "Något annat"},
        andringar=texter("beskrivning"),
    ),
    "insatser:avsluta": Prov(
        ifyllt=lambda s: {"slutdatum": DAG[0]},
        gjort=lambda s: rader(Insats, pk=s.pk, slutdatum=IDAG, version=2),
        annat={"slutdatum": DAG[1]},
        andringar=tio("slutdatum", DAG),
    ),
    "insatser:ta_bort": Prov(gjort=lambda s: 1 - rader(Insats, pk=s.pk)),
    "insatser:andra_budget": Prov(
        ifyllt=lambda s: {"planerat": "10", "budget_0": "1000", "spara": "Spara"},
        gjort=lambda s: rader(Budget, insats=s.pk, version=1, insats__budgetposter__budget=1000),
        annat={"beskrivning_0": "Lokaler"},
        andringar=tio("budget_0", map(str, count(2000))),
    ),
    "insatser:ta_bort_budgetrader": Prov(
        forbered=lambda s: Budgetpost.objects.create(
            insats_id=s.sida.insats.pk, ar=IDAG.year, rad=1, budgettyp="insatskostnad", budget=5
        ),
        gjort=lambda s: 1 - rader(Budgetpost, insats=s.pk),
    ),
    "deltagare:antal": Prov(
        ifyllt=lambda s: {"antal_2025": "5"},
        gjort=lambda s: rader(Volymantal, insats=s.pk, antal=5, version=1),
        annat={"antal_2025": "6"},
        andringar=tio("antal_2025", map(str, count(20))),
    ),
    # Deltagare
    "deltagare:registrera": Prov(
        ifyllt=inregistrering,
        gjort=lambda s: rader(Deltagande, insats=s.sida.insats),
        annat={"fornamn": "Någon Annan"},
    ),
    "deltagare:registrera#ut": Prov(
        ifyllt=utregistrering,
        gjort=lambda s: rader(Deltagande, insats=s.sida.insats, version=2),
        andringar=tio("utregistrering", (f"2025-06-{dag:02}" for dag in count(1))),
        eller=REDAN_UTREGISTRERAD,
    ),
    "deltagare:ratta": Prov(
        ifyllt=lambda s: {"arbetar_fore": "ja", "arbete_fore": "50", "spara": "Spara"},
        gjort=lambda s: rader(Deltagande, pk=s.pk, arbete_fore=50, version=2),
        annat={"arbete_fore": "60"},
        andringar=andelar("arbete_fore"),
    ),
    "deltagare:ratta#ut": Prov(
        urval="?tillfalle=ut",
        forbered=utregistrerad,
        ifyllt=lambda s: {"arbetar_efter": "ja", "arbete_efter": "50", "spara": "Spara"},
        gjort=lambda s: rader(Deltagande, pk=s.pk, arbete_efter=50, version=3),
        annat={"arbete_efter": "60"},
        andringar=andelar("arbete_efter"),
    ),
    "deltagare:utregistrera": Prov(
        ifyllt=lambda s: {"utregistrering": "2025-06-01", "avslutningsanledning": "flytt", "spara": "Spara"},
        gjort=lambda s: rader(Deltagande, pk=s.pk, avslutningsanledning="flytt", version=2),
        annat={"avslutningsanledning": "annan"},
        andringar=tio("utregistrering", (f"2025-06-{dag:02}" for dag in count(1))),
        eller=REDAN_UTREGISTRERAD,
    ),
    "deltagare:angra": Prov(
        forbered=utregistrerad,
        gjort=lambda s: rader(Deltagande, pk=s.pk, utregistrering=None, version=3),
        andringar=[{}] * ANTAL,  # inget att skriva: det som skiljer är hur registreringen ser ut
        eller="Deltagaren är inte utregistrerad.",
    ),
    "deltagare:aterta": Prov(
        ifyllt=lambda s: {"dag": "2025-06-01"},
        gjort=lambda s: rader(Deltagande, pk=s.pk, avidentifierat=True, version=2),
        annat={"dag": "2025-06-02"},
        andringar=tio("dag", (f"2025-06-{dag:02}" for dag in count(1))),
        eller="Identiteten är redan borttagen.",
    ),
    "deltagare:skydda": Prov(gjort=lambda s: rader(Deltagande, pk=s.pk, avidentifierat=True, version=2)),
    "deltagare:byt_nummer": Prov(
        finns=med_samordningsnummer,
        ifyllt=lambda s: {"personnummer": fabriker.personnummer(f"{egen_dag():%Y%m%d}", nr=0)},
        gjort=lambda s: rader(Handelse, typ="nummer_bytt", detaljer__deltagande=s.pk),
        annat={"personnummer": fabriker.personnummer("19810101", nr=1)},
    ),
    "deltagare:samtycken": Prov(
        forbered=en_deltagare,
        urval=lambda s: f"?insats={s.sida.insats.pk}",
        ifyllt=att_arkivera,
        gjort=lambda s: int(rader(Deltagande, insats=s.sida.insats, samtycke_arkiverat=IDAG) > 0),
    ),
    "deltagare:anonyma": Prov(
        ifyllt=lambda s: {"insats": s.sida.insats.pk, "ar": "2025", "antal_kvinnor": "3", "spara": "Spara"},
        gjort=lambda s: rader(Anonym, insats=s.sida.insats, antal=3),
        annat={"antal_kvinnor": "4"},
    ),
    "deltagare:ta_bort_anonyma": Prov(
        forbered=anonyma,
        ifyllt=lambda s: {"vilka": "2025:kvinna", "antal": "1", "anledning": "fel_antal"},
        gjort=anonyma_borttagna,
        annat={"antal": "2"},
    ),
    # Af/FK-samarbete
    "samarbete:registrera": Prov(
        ifyllt=medverkan,
        gjort=lambda s: rader(Samarbete, af_kontor=s.sida.kontor),
        annat={"fornamn": "Någon Annan"},
    ),
    "samarbete:overgang": Prov(
        ifyllt=lambda s: {"till": "gemensam_kartlaggning", "datum": "2025-06-01", "bekraftad": "on"},
        gjort=lambda s: rader(Samarbete, pk=s.pk, insatstyp="gemensam_kartlaggning", version=2),
        annat={"datum": "2025-06-02"},
        andringar=tio("datum", (f"2025-06-{dag:02}" for dag in count(1))),
    ),
    "samarbete:uppgifter": Prov(
        ifyllt=lambda s: {"arbetar_fore": "ja", "arbete_fore": "50"},
        gjort=lambda s: rader(Samarbetsuppgift, samarbete=s.pk, arbete=50, version=1),
        annat={"arbete_fore": "60"},
        andringar=andelar("arbete_fore"),
    ),
    "samarbete:byt_kontor": Prov(
        ifyllt=lambda s: {"fk_kontor": str(fabriker.kontor(Samverkansform.FK).pk), "datum": "2025-06-01"},
        gjort=lambda s: rader(Samarbete, pk=s.pk, version=2),
        annat={"datum": "2025-06-02"},
        andringar=tio("datum", (f"2025-06-{dag:02}" for dag in count(1))),
    ),
    "samarbete:angra_bytet": Prov(
        forbered=hos_ett_annat_kontor,
        gjort=lambda s: rader(Samarbete, pk=s.pk, version=3),
        andringar=[{}] * ANTAL,
        eller="Kontoren har inte bytts.",
    ),
    "samarbete:ratta": Prov(
        ifyllt=lambda s: {"datum": "2025-06-01"},
        gjort=lambda s: rader(Samarbete, pk=s.pk, borjan="2025-06-01", version=2),
        annat={"datum": "2025-06-02"},
        andringar=tio("datum", (f"2025-06-{dag:02}" for dag in count(1))),
    ),
    "samarbete:byt_nummer": Prov(
        finns=samarbete_med_samordningsnummer,
        ifyllt=lambda s: {"personnummer": fabriker.personnummer(f"{egen_dag():%Y%m%d}", nr=0)},
        gjort=lambda s: rader(Handelse, typ="nummer_bytt", detaljer__samarbete=s.pk),
    ),
    "samarbete:angra": Prov(
        forbered=till_kartlaggningen,
        gjort=lambda s: rader(Samarbete, pk=s.pk, insatstyp="begaran", version=3),
        andringar=[{}] * ANTAL,
        eller="Begäran går inte att ångra.",
    ),
    "samarbete:aterta": Prov(
        ifyllt=lambda s: {"dag": "2025-06-01"},
        gjort=lambda s: rader(Samarbete, pk=s.pk, avidentifierat=True, insatstyp="avbrutet"),
        annat={"dag": "2025-06-02"},
        andringar=tio("dag", (f"2025-06-{dag:02}" for dag in count(1))),
        eller="Identiteten är redan borttagen.",
    ),
    "samarbete:skydda": Prov(gjort=lambda s: rader(Samarbete, pk=s.pk, avidentifierat=True)),
    # Personalens behörigheter
    "bestall_behorighet": Prov(ifyllt=ny_person("insatsansvarig"), gjort=nya_personen, annat={"fornamn": "Någon"}),
    "bestall_behorighet_at": Prov(
        ifyllt=lambda s: {"roller": ["insatsansvarig"]},
        gjort=lambda s: rader(Behorighet, anvandare=s.pk, roll="insatsansvarig"),
        annat={"till": DAG[1]},
    ),
    "uppdrag:avsluta_behorighet": behorighet_slutar(),
    "uppdrag:avsluta_behorighet#nu": Prov(
        ifyllt=lambda s: {"nu": "Avsluta nu"}, gjort=lambda s: rader(Behorighet, pk=s.pk, avslutad_vid__isnull=False)
    ),
    "uppdrag:genomgang": Prov(
        ifyllt=alla_behalls,
        gjort=lambda s: rader(Genomgang, organisation=s.sida.arbetsgivare),
    ),
    "granskning:loggkontroller": Prov(
        forbered=manaderna, gjort=lambda s: rader(Loggkontroll, organisation=s.sida.arbetsgivare)
    ),
    "granskning:loggkontroll": Prov(
        finns=kontroll, ifyllt=granskat, gjort=lambda s: rader(Loggkontrollrad, kontroll=s.pk, utfall="i_ordning")
    ),
    # Gallring
    "gallring:regel": Prov(
        finns=lambda s: "historik",
        ifyllt=lambda s: {"grund": f"Skäl {s.konto.pk}"},
        gjort=lambda s: rader(Gallringsregel, slag="historik", grund=f"Skäl {s.konto.pk}"),
        annat={"grund": "Ett annat skäl"},
        andringar=texter("grund"),
    ),
    "gallring:ny": Prov(
        forbered=nagot_att_gallra, gjort=lambda s: rader(Gallring, foreslagen_av=s.konto)
    ),
    "gallring:gallring": Prov(
        finns=foreslagen,
        ifyllt=lambda s: {"beslut": "godkann"},
        gjort=lambda s: rader(Gallring, pk=s.pk, utford_vid__isnull=False),
    ),
    # Sparade urval
    "rapporter:spara": Prov(
        urval="?fran=2025-01&till=2025-12&kon=kvinna",
        ifyllt=lambda s: {"namn": f"Urval {s.konto.pk}"},
        gjort=lambda s: rader(SparatUrval, namn=f"Urval {s.konto.pk}"),
        annat={"namn": "Något annat"},
    ),
    "rapporter:andra_sparat": Prov(
        ifyllt=lambda s: {"namn": f"Nytt namn {s.konto.pk}"},
        gjort=lambda s: rader(SparatUrval, pk=s.pk, namn=f"Nytt namn {s.konto.pk}", version=2),
        annat={"period": "helar"},
        andringar=texter("namn"),
    ),
    # Administration
    "ny_organisation": Prov(
        ifyllt=lambda s: {
            "namn": f"Kommunen {s.konto.pk}", "typ": "kommun", "organisationsnummer": organisationsnummer()
        },
        gjort=lambda s: rader(Organisation, namn=f"Kommunen {s.konto.pk}"),
        annat={"namn": "Någon annan"},
    ),
    "ny_bestallare": Prov(ifyllt=ny_person("bestallare"), gjort=nya_personen, annat={"fornamn": "Någon"}),
    "bestallare_at": Prov(
        ifyllt=lambda s: {"roller": ["bestallare"]},
        gjort=lambda s: rader(Behorighet, anvandare=s.pk, roll="bestallare"),
        annat={"till": DAG[1]},
    ),
    "avsluta_bestallare": behorighet_slutar(),
    "kodverk:ny": Prov(
        ifyllt=lambda s: {"kod": f"ny_{s.konto.pk}", "etikett": f"Ny kod {s.konto.pk}"},
        gjort=lambda s: rader(Kod, kod=f"ny_{s.konto.pk}"),
        annat={"etikett": "Någon annan"},
    ),
    "kodverk:andra": Prov(
        finns=en_kod,
        ifyllt=lambda s: {"etikett": f"Ny text {s.konto.pk}"},
        gjort=lambda s: rader(Kod, pk=s.pk, etikett=f"Ny text {s.konto.pk}", version=2),
        annat={"etikett": "Något annat"},
        andringar=texter("etikett"),
    ),
    # Kontor
    "kontor:ny": Prov(
        ifyllt=lambda s: {
            "samverkansorganisation": s.sida.kontor.samverkansorganisation_id,
            "namn": f"Kontoret i Ån {s.konto.pk}", "omrade": "Syd", "startdatum": "2024-01-01",
        },
        gjort=lambda s: rader(Insats, namn=f"Kontoret i Ån {s.konto.pk}"),
        annat={"omrade": "Väst"},
    ),
    "kontor:andra": Prov(
        ifyllt=lambda s: {"omrade": "Syd"},
        gjort=lambda s: rader(Insats, pk=s.pk, omrade="Syd", version=2),
        annat={"omrade": "Väst"},
        andringar=texter("omrade"),
    ),
    "matris:andra": Prov(
        finns=en_stangd_overgang,
        ifyllt=lambda s: {"oppen": "ja"},
        gjort=lambda s: rader(Overgangsregel, pk=s.pk, oppen=True, version=2),
        annat={"myndighet": "fk"},
        # Fler sätt att ändra en stängd ruta finns inte.
        andringar=[{"oppen": o, "myndighet": m} for o, m in (("ja", "af"), ("ja", "fk"), ("nej", "fk"))],
    ),
}  # fmt: skip

_KONTOT = "gäller det egna kontot och sessionen, och skapar inget som andra ser"
_LANKEN = "den senaste länken är samma som den förra; sidan visar den en gång"
_INLASNINGEN = "fil: tests/test_inlasning_samtidigt.py"
UTAN_PROV = {
    **dict.fromkeys(("logga_in", "account_login", "mfa_authenticate", "logga_ut", "valj_losenord"), _KONTOT),
    **dict.fromkeys(("byt_losenord", "bekrafta", "nya_reservkoder"), _KONTOT),
    **dict.fromkeys(("tva_steg_app", "tva_steg_nyckel", "tva_steg_namn", "tva_steg_ta_bort"), _KONTOT),
    **dict.fromkeys(("ny_lank", "ny_bestallares_lank"), _LANKEN),
    **dict.fromkeys(("inlasning:insatser", "inlasning:granska_insatser"), _INLASNINGEN),
    **dict.fromkeys(("inlasning:deltaganden", "inlasning:granska_deltaganden"), _INLASNINGEN),
    "nollstall_tva_steg": "andra gången finns inget att nollställa",
    "uppdrag:ta_bort_ur_omradet": "andra gången finns inget att ta bort",
    "rapporter:bestall": "fil: tests/test_jobb.py",
    **dict.fromkeys(("rapporter:avbryt", "rapporter:ta_bort"), "andra gången händer inget"),
    **dict.fromkeys(("rapporter:ta_bort_sparat", "rapporter:aterstall_sparat"), "andra gången händer inget"),
    "fragor:flytta": "ett steg per tryck, och ordningen visas direkt",
    "deltagare:fragor": "ändrar inget: visar frågorna för det ifyllda",
    "deltagare:deltagandets_fragor": "ändrar inget: visar frågorna för det ifyllda",
    "deltagare:personnummer": "ändrar inget: visar personnumret",
    "samarbete:personnummer": "ändrar inget: visar personnumret",
    "deltagare:person": "ändrar inget: visar personens registreringar",
    **dict.fromkeys(("deltagare:export", "samarbete:export"), "ändrar inget: lämnar en fil"),
    "deltagare:registerutdrag": "ändrar inget: lämnar en fil",
    "samarbete:registerutdrag": "ändrar inget: lämnar en fil",
}  # fmt: skip

BORTTAGET = ("insats_borttagen", "fragor_andrade", "samverkansorganisation_andrad")


def scen_for(namn: str) -> Scen:
    """En ny scen med en användare som når sidan, och adressen dit."""
    prov, rad = PROV[namn], RADER[namn.partition("#")[0]]
    egen = sida(f"{namn} {next(_nummer)}")
    roll = next(roll for roll in Roll if rad.rattighet in RATTIGHETER[roll])
    scen = Scen(egen, roll_hos(roll, egen, uppdrag=roll in UPPDRAGSROLLER))
    if prov.finns:
        scen.adress = reverse(rad.namn, args=[prov.finns(scen)])
    else:
        with transaction.atomic():
            scen.adress = adress(rad, egen) + (prov.urval if isinstance(prov.urval, str) else prov.urval(scen))
    prov.forbered(scen)
    return scen


def formularet(svar: HttpResponse) -> html.FormElement:
    """Sidans formulär med en token."""
    sidan = html.fromstring(svar.content.decode())
    return next(form for form in sidan.forms if "token" in form.fields)


def inskrivet(form: html.FormElement) -> dict[str, list[str]]:
    """Det som en webbläsare skickar."""
    data: dict[str, list[str]] = {}
    # lxml läser en vald knapp med tomt värde som "on"
    tomma = {knapp.get("name") for knapp in form.xpath('.//input[@type="radio"][@checked][@value=""]')}
    for namn, varde in form.form_values():
        # Det första radbrytet i en textruta hör till märkningen
        data.setdefault(namn, []).append("" if namn in tomma else varde.removeprefix("\n"))
    return data


def ifyllt(namn: str, scen: Scen, klient: Client) -> dict[str, Any]:
    svar = klient.get(scen.adress)
    assert svar.status_code == 200
    return {**inskrivet(formularet(svar)), **PROV[namn].ifyllt(scen)}


def _som_lista(varde: Any) -> list[str]:
    return [str(ett) for ett in varde] if isinstance(varde, list) else [str(varde)]


def test_varje_adress_som_tar_emot_nagot_har_ett_prov():
    tar_emot = {namn for namn, rad in RADER.items() if rad.metod != Metod.GET}
    provade = {namn.partition("#")[0] for namn in PROV}

    assert tar_emot - provade - set(UTAN_PROV) == set(), "en ny adress ska stå i PROV, eller i UTAN_PROV med varför"
    assert provade | set(UTAN_PROV) <= tar_emot
    assert not provade & set(UTAN_PROV)


@pytest.mark.parametrize("namn", PROV)
def test_tio_lika_ger_en_rad_och_samma_svar(namn: str):
    prov, scen = PROV[namn], scen_for(namn)
    klienter = flikar(scen.konto, ANTAL)
    data = ifyllt(namn, scen, klienter[0])
    assert prov.gjort(scen) == 0

    svar = posta(klienter, scen.adress, data)

    assert {(ett.status_code, ett.headers.get("Location")) for ett in svar} == {(302, svar[0]["Location"])}
    assert prov.gjort(scen) == 1
    # Ett sent dubbelklick får också samma svar
    igen = klienter[0].post(scen.adress, data)
    assert (igen.status_code, igen.headers.get("Location")) == (302, svar[0]["Location"])
    assert prov.gjort(scen) == 1


@pytest.mark.parametrize("namn", [namn for namn, prov in PROV.items() if prov.annat])
def test_samma_token_med_annat_innehall_ger_formularet_tillbaka(namn: str):
    prov, scen = PROV[namn], scen_for(namn)
    (klient,) = flikar(scen.konto, 1)
    data = ifyllt(namn, scen, klient)
    assert klient.post(scen.adress, data).status_code == 302

    svar = klient.post(scen.adress, {**data, **prov.annat})

    assert svar.status_code == 200
    nu = inskrivet(formularet(svar))
    assert {falt: nu.get(falt) for falt in prov.annat} == {
        falt: _som_lista(varde) for falt, varde in prov.annat.items()
    }
    assert prov.gjort(scen) == 1


@pytest.mark.parametrize("namn", [namn for namn, prov in PROV.items() if prov.andringar])
def test_av_tio_andringar_gar_en_igenom_och_nio_far_veta_vad_som_skiljer(namn: str):
    prov, scen = PROV[namn], scen_for(namn)
    klienter = flikar(scen.konto, len(prov.andringar))
    grund = ifyllt(namn, scen, klienter[0])
    skilda = [{**grund, **ett, "token": ""} for ett in prov.andringar]

    svar = posta(klienter, scen.adress, *skilda)

    assert sorted(ett.status_code for ett in svar) == [200] * (len(skilda) - 1) + [302]
    vann = next(nr for nr, ett in enumerate(svar) if ett.status_code == 302)
    for nr, ett in enumerate(svar):
        if nr != vann and not (prov.eller and prov.eller in ett.content.decode()):
            _ser_vad_som_skiljer(ett, prov.andringar[nr])


def _ser_vad_som_skiljer(svar: HttpResponse, skrivet: dict[str, Any]) -> None:
    text = svar.content.decode()
    assert TEXT in text
    assert '<caption class="sus-skiljer"' in text
    nu = inskrivet(formularet(svar))
    assert {falt: nu.get(falt) for falt in skrivet} == {falt: _som_lista(varde) for falt, varde in skrivet.items()}


@pytest.mark.parametrize("namn", ["insatser:ta_bort", "fragor:ta_bort", "uppdrag:part#ta_bort"])
def test_tio_som_tar_bort_samma_sak_tar_bort_en_gang(namn: str):
    prov, scen = PROV[namn], scen_for(namn)
    klienter = flikar(scen.konto, ANTAL)
    data = {**ifyllt(namn, scen, klienter[0]), "token": ""}

    svar = posta(klienter, scen.adress, data)

    koder = [ett.status_code for ett in svar]
    assert 302 in koder
    assert set(koder) <= {200, 302, 404}
    assert prov.gjort(scen) == 1
    assert rader(Handelse, av_id=scen.konto.pk, typ__in=BORTTAGET) == 1


@pytest.mark.parametrize("namn", PROV)
def test_varje_formular_med_version_provas_med_skilda_andringar(namn: str):
    scen = scen_for(namn)
    (klient,) = flikar(scen.konto, 1)
    data = ifyllt(namn, scen, klient)
    # Det som tas bort har inget att skriva: där räcker att det är borta
    har_version = any(falt.startswith("version") for falt in data) and "ta_bort" not in namn

    assert har_version == bool(PROV[namn].andringar)

"""Uppgifterna som webbläsartesten möter: en organisation med insatser av varje slag, och ett konto för varje roll."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from behorighet.models import Anvandare
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Anonym
from deltagare.personnummer import Personnummer
from deltagare.uppgifter import Kon
from insatser.models import Budget, Insats, Samverkansorganisation
from tests import fabriker

LOSENORD = "ett-langt-losenord"
IDAG = timezone.localdate()
LANGT_NAMN = "Arbetsmarknadsrehabiliteringssamordningsinsatsen Långsamt men säkert mot sysselsättning"


@dataclass
class Varld:
    org: Samverkansorganisation
    oppen: Insats
    last: Insats
    volym: Insats
    insatsansvarig: Anvandare
    deltagaransvarig: Anvandare
    rapport: Anvandare
    bestallare: Anvandare
    utan_uppdrag: Anvandare
    utan_roll: Anvandare
    samverkansadministrator: Anvandare
    systemadministrator: Anvandare
    inskriven: Personnummer = field(default_factory=fabriker.nytt_nummer)


def skapa() -> Varld:
    """Skapar allt i den databas som aliasen pekar på, och bekräftar det."""
    with transaction.atomic():
        return _skapa()


def _skapa() -> Varld:
    org = fabriker.organisation(namn="Samordningsförbundet Älvdalen")
    oppen = fabriker.insats(org, namn="Nya vägar", beskrivning="För den som är på väg tillbaka till arbete.")
    last = fabriker.insats(org, namn=LANGT_NAMN)
    volym = fabriker.volyminsats(org, namn="Utbildning i samverkan", startdatum=date(IDAG.year - 2, 2, 1))
    fabriker.insats(org, namn="Stegen", startdatum=date(2020, 1, 1), slutdatum=date(2022, 12, 31))
    fabriker.insats(org, namn="Våren", startdatum=IDAG + timedelta(days=40))
    varlden = Varld(
        org=org,
        oppen=oppen,
        last=last,
        volym=volym,
        insatsansvarig=_konto("Inga", "Ansvar"),
        deltagaransvarig=_konto("Dag", "Ansvar"),
        rapport=_konto("Rut", "Port", Roll.SUS_RAPPORT),
        bestallare=_konto("Bengt", "Ställare", Roll.BESTALLARE),
        utan_uppdrag=_konto("Ulla", "Utan", Roll.DELTAGARANSVARIG),
        utan_roll=_konto("Nils", "Nolla"),
        samverkansadministrator=_konto("Sam", "Verkan"),
        systemadministrator=_konto("Sten", "System", Roll.SYSTEMADMINISTRATOR),
    )
    fabriker.uppdrag(varlden.insatsansvarig, Roll.INSATSANSVARIG, org)
    fabriker.uppdrag(varlden.samverkansadministrator, Roll.SAMVERKANSADMINISTRATOR, org)
    slutat = _konto("Siv", "Slutat")
    dagar = {"fran": IDAG - timedelta(days=9), "till": IDAG - timedelta(days=3)}
    fabriker.behorighet(slutat, Roll.INSATSANSVARIG, fran=dagar["fran"])
    fabriker.uppdrag(slutat, Roll.INSATSANSVARIG, org, **dagar)
    for insats in (oppen, last):
        fabriker.uppdrag(varlden.deltagaransvarig, Roll.DELTAGARANSVARIG, insats)
    fabriker.inregistrera(last, varlden.deltagaransvarig, nummer=varlden.inskriven)
    Budget.objects.create(insats=volym, ar=IDAG.year, budgeterat_antal_volym=1200)
    satt_sammanhang(varlden.deltagaransvarig)
    tjanster.registrera_anonyma(
        insats=last, ar=IDAG.year, rader=[tjanster.Anonymrad(Kon.KVINNA, 3)], av=varlden.deltagaransvarig
    )
    assert Anonym.objects.exists()
    return varlden


def _konto(fornamn: str, efternamn: str, *roller: Roll) -> Anvandare:
    return fabriker.anvandare(*roller, fornamn=fornamn, efternamn=efternamn, password=LOSENORD)

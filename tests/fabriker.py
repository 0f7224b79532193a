"""Påhittade uppgifter för test. Födelsenummer 980–999 är Skatteverkets testserie."""

from datetime import date, timedelta
from itertools import count
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from behorighet.models import Anvandare, Behorighet, Organisation, Organisationstyp
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande, Samarbete
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.personnummer import Personnummer, tolka
from deltagare.tjanster import samarbete as tjanster_samarbete
from insatser.kategorier import Samverkansform
from insatser.models import Fraga, Insats, Kommun, Samverkansorganisation, Svarsalternativ, Uppdrag
from rapporter import fragor
from rapporter.models import SparatUrval
from rapporter.tjanster import sparade
from rapporter.urval import tolka as tolka_urval

_lopnummer = count(1)
START = date(2015, 1, 1)
IGAR = timezone.localdate() - timedelta(days=1)


def kontrollsiffra(nio: str) -> str:
    """Luhn över nio siffror."""
    summa = sum(sum(divmod(int(siffra) * (2 - plats % 2), 10)) for plats, siffra in enumerate(nio))
    return str(-summa % 10)


def personnummer(fodd: str = "19800115", *, man: bool = False, nr: int | None = None) -> str:
    """Ett giltigt nummer i testserien: 980–999, jämnt för kvinna och udda för man."""
    lopande = 980 + (2 * (next(_lopnummer) % 10) if nr is None else nr) + int(man)
    nio = f"{fodd[2:]}{lopande}"
    return f"{fodd}{lopande}{kontrollsiffra(nio)}"


FODELSEDAGAR: Final = 40 * 365
"""Födda 1960–1999, hur många nummer testen före än har tagit: alla är vuxna när de registreras."""


def nytt_nummer(**kw: Any) -> Personnummer:
    """Ett tolkat nummer med en födelsedag som ingen annan i testet har."""
    dag = date(1960, 1, 1) + timedelta(days=next(_lopnummer) % FODELSEDAGAR)
    return tolka(personnummer(dag.strftime("%Y%m%d"), **kw), idag=timezone.localdate())


def organisation(**falt: Any) -> Samverkansorganisation:
    """Ett samordningsförbund, om inget annat sägs."""
    nr = next(_lopnummer)
    kommuner = falt.pop("kommuner", ["1283"])
    skapad = Samverkansorganisation.objects.create(
        **{
            "organisationsnummer": f"222{nr % 1000:03}-{nr % 10000:04}",
            "namn": f"Samordningsförbundet {nr}",
            "samverkansform": Samverkansform.FINSAM,
            "startdatum": START,
            **falt,
        }
    )
    skapad.kommuner.set(Kommun.objects.filter(pk__in=kommuner))
    return skapad


def insats(organisationen: Samverkansorganisation | None = None, **falt: Any) -> Insats:
    """En individinriktad insats med personuppgifter, om inget annat sägs."""
    org = organisationen or organisation()
    nr = next(_lopnummer)
    grund: dict[str, Any] = {
        "nyckel": f"T{nr}",
        "namn": f"Insats {nr}",
        "startdatum": START,
        "inriktning": "individ",
        "preciserad_inriktning": "forberedande",
        "deltagarregistrering": "personuppgifter",
        "malgrupper": ["ej_tillampliga"],
    }
    return Insats.objects.create(samverkansorganisation=org, samverkansform=org.samverkansform, **{**grund, **falt})


def volyminsats(organisationen: Samverkansorganisation | None = None, **falt: Any) -> Insats:
    """En strukturövergripande volyminsats."""
    return insats(
        organisationen,
        **{
            "inriktning": "struktur",
            "preciserad_inriktning": "utbildning",
            "deltagarregistrering": "antal",
            "malgrupper": ["myndighetspersonal"],
            **falt,
        },
    )


def anvandare(*roller: Roll, **falt: Any) -> Anvandare:
    """Ett konto med rollerna från och med i går."""
    nr = next(_lopnummer)
    arbetsgivare, _ = Organisation.objects.get_or_create(
        namn="Försäkringskassan", defaults={"typ": Organisationstyp.STAT}
    )
    konto = Anvandare.objects.create_user(
        username=falt.pop("username", f"konto{nr}"),
        password=falt.pop("password", "hemligt"),
        **{"fornamn": "Test", "efternamn": f"Person{nr}", "arbetsgivare": arbetsgivare, **falt},
    )
    for roll in roller:
        behorighet(konto, roll)
    return konto


def behorighet(konto: Anvandare, roll: Roll, **falt: Any) -> Behorighet:
    """En behörighet från och med i går."""
    return Behorighet.objects.create(anvandare=konto, roll=roll, **{"fran": IGAR, **falt})


def uppdrag(konto: Anvandare, roll: Roll, pa: Samverkansorganisation | Insats, **falt: Any) -> Uppdrag:
    """Ett uppdrag från och med i går; behörigheten skapas om den saknas."""
    ratt = Behorighet.objects.filter(anvandare=konto, roll=roll).first() or behorighet(konto, roll)
    plats = {"insats": pa} if isinstance(pa, Insats) else {"samverkansorganisation": pa}
    return Uppdrag.objects.create(behorighet=ratt, **plats, **{"fran": IGAR, **falt})


def insatsansvarig(org: Samverkansorganisation) -> Anvandare:
    """En insatsansvarig med uppdrag i organisationen."""
    konto = anvandare(Roll.INSATSANSVARIG)
    uppdrag(konto, Roll.INSATSANSVARIG, org)
    return konto


def deltagaransvarig(*insatser: Insats) -> Anvandare:
    """En deltagaransvarig med uppdrag på insatserna."""
    konto = anvandare(Roll.DELTAGARANSVARIG)
    for en in insatser:
        uppdrag(konto, Roll.DELTAGARANSVARIG, en)
    return konto


def inregistrera(i: Insats, av: Anvandare, **falt: Any) -> Deltagande:
    """En inregistrering genom tjänsten, med användarens sammanhang i databasen."""
    satt_sammanhang(av)
    dag = falt.pop("inregistrering", date(2025, 3, 1))
    return tjanster.inregistrera(
        **{
            "insats": i,
            "nummer": nytt_nummer(),
            "fornamn": "Kim",
            "efternamn": "Påhittad",
            "kommun": Kommun.objects.get(pk="1283"),
            "stadsdel": None,
            "samtycke": dag,
            "inregistrering": dag,
            "fore": {},
            "av": av,
            **falt,
        }
    )


def kontor(form: Samverkansform, **falt: Any) -> Insats:
    """Ett kontor i Af/FK-samarbetet: en insats utan kategorisering."""
    tomt = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
    return insats(organisation(samverkansform=form, kommuner=[]), **{**tomt, **falt})


def samarbete(af: Insats, fk: Insats, av: Anvandare, *vagen: tuple[Insatstyp, int], **falt: Any) -> Samarbete:
    """Ett samarbete som började med Begäran `datum`, och sedan gick `vagen`: insatstyper och dagar från början.

    `av` har sitt uppdrag på FK-kontoret, eller på det kontor som `egen` säger.
    """
    satt_sammanhang(av)
    egen = falt.pop("egen", Myndighet.FK)
    kontoren = {Myndighet.AF: af, Myndighet.FK: fk}
    dag = falt.pop("datum", date(2025, 3, 1))
    nytt = tjanster_samarbete.borja_samarbete(
        **{
            "kontor": kontoren, "egen": egen, "nummer": nytt_nummer(), "fornamn": "Kim", "efternamn": "Påhittad",
            "kommun": Kommun.objects.get(pk="1283"), "stadsdel": None, "samtycke": dag, "datum": dag,
            "initierad_av": Myndighet.FK, "av": av, **falt,
        }
    )  # fmt: skip
    for till, dagar in vagen:
        nytt = tjanster_samarbete.registrera_overgang(
            samarbete=nytt, version=nytt.version, till=till, datum=dag + timedelta(days=dagar),
            orsak="eget_initiativ" if till == Insatstyp.AVBRUTET else "", kontor=kontoren[egen], myndighet=egen, av=av,
        )  # fmt: skip
    return nytt


def fraga(org: Samverkansorganisation, svarstyp: str = "fritext", **falt: Any) -> Fraga:
    """En kompletterande fråga som ställs sedan 2020; tre alternativ om svaret väljs."""
    alternativ = falt.pop("alternativ", ["Ja", "Nej", "Delvis"] if svarstyp in {"en", "flera"} else [])
    nr = next(_lopnummer)
    skapad = Fraga.objects.create(
        samverkansorganisation=org,
        **{
            "namn": f"Fråga {nr}",
            "text": f"Hur går det, {nr}?",
            "svarstyp": svarstyp,
            "tillfalle": "bada",
            "fran": date(2020, 1, 1),
            "ordning": nr,
            "bekraftat_av": anvandare(),
            "bekraftat_vid": timezone.now(),
            **falt,
        },
    )
    for plats, text in enumerate(alternativ, 1):
        Svarsalternativ.objects.create(fraga=skapad, text=text, ordning=plats)
    return skapad


def roll_i_databasen() -> str:
    """Rollen som databasen ser."""
    with connection.cursor() as markor:
        markor.execute("SELECT current_user")
        return str(markor.fetchone()[0])


def sparat_urval(konto: Anvandare, **val: Any) -> SparatUrval:
    """Ett sparat urval för 2025, privat om inget annat sägs. `falt` är urvalets fält utöver perioden."""
    satt_sammanhang(konto)
    koder = fragor.koder()
    falt = {"fran": ["2025-01"], "till": ["2025-12"], **val.pop("falt", {})}
    grund = {"namn": f"Urval {next(_lopnummer)}", "period": "fast", "delat": False}
    urval = tolka_urval(falt, koder=koder, idag=timezone.localdate())
    return sparade.spara(**{**grund, **val}, urval=urval, koder=koder, av=konto)

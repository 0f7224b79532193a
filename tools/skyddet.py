"""Vad radskydd, åtkomstlogg och historik kostar: samma sidor med och utan dem, turvis i samma databas.

Anropas av `tools/prestanda.py`, i en tillfällig databas. Utan betyder: policyerna av, historikens triggrar av och
ingen rad i loggen. Sammanhanget är kvar: databasens egna funktioner frågar efter det.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import uuid4

if TYPE_CHECKING:
    from django.test import Client

VARV = 20
PER_VARV = 8
TABELLER = ("deltagande", "person", "identitet", "folkbokforing")


def matt() -> Iterator[tuple[str, float, str]]:
    """(vad, kvot med skydd mot utan, de uppmätta tiderna) för listor och för sidor som sparar."""
    klient, insats = deltagaransvarig("matning")
    nummer = nya_nummer(date(1975, 1, 1))
    for vad, gor in (
        ("listor", lambda: _listor(klient)),
        ("inregistrering", lambda: inregistrera(klient, insats, next(nummer))),
        ("in- och utregistrering", lambda: _ut(klient, insats, next(nummer))),
    ):
        gor()
        par = [(_tid_utan(gor), _tid(gor)) for _ in range(VARV)]
        utan, med = (min(tider) for tider in zip(*par, strict=True))
        yield vad, med / utan, f"{1000 * med:.1f} ms mot {1000 * utan:.1f} ms"


def _tid(gor: Callable[[], object]) -> float:
    """Sekunder för den snabbaste av några: den som störts minst av annat på maskinen."""
    tider = []
    for _ in range(PER_VARV):
        borjan = time.perf_counter()
        gor()
        tider.append(time.perf_counter() - borjan)
    return min(tider)


def _tid_utan(gor: Callable[[], object]) -> float:
    with _utan_skydd():
        return _tid(gor)


@contextmanager
def _utan_skydd() -> Iterator[None]:
    from django.db import connections  # noqa: PLC0415 (Django sätts upp av prestanda.py)

    with connections["agare"].cursor() as markor:
        markor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'pgtrigger%'"
        )
        triggrar = [f"ALTER TABLE {tabell} {{}} TRIGGER {namn}" for tabell, namn in markor.fetchall()]
        radskydd = [f"ALTER TABLE deltagare_{tabell} {{}} ROW LEVEL SECURITY" for tabell in TABELLER]
        markor.execute("SELECT pg_get_functiondef('person_for'::regproc)")
        hel = markor.fetchone()[0]
        utan_logg = re.sub(r"INSERT INTO behorighet_handelse.*?;", "", hel, flags=re.S)

        def stall(vad: str, funktion: str) -> None:
            for sats in [*triggrar, *radskydd]:
                markor.execute(sats.format(vad))
            markor.execute(funktion)

        stall("DISABLE", utan_logg)
        try:
            with _utan_logg():
                yield
        finally:
            stall("ENABLE", hel)


@contextmanager
def _utan_logg() -> Iterator[None]:
    with mock.patch("behorighet.logg.logga_flera"):
        yield


def deltagaransvarig(namn: str) -> "tuple[Client, Any]":
    """En inloggad deltagaransvarig med uppdrag på en pågående insats, och insatsen."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from behorighet.models import Anvandare, Behorighet, Organisation  # noqa: PLC0415
    from behorighet.roller import Roll  # noqa: PLC0415
    from insatser.models import Insats, Uppdrag  # noqa: PLC0415

    idag = date.today()
    settings.TVA_STEG = False
    settings.SUS_TAKT = dict.fromkeys(settings.SUS_TAKT, (10**9, 60))
    insats = Insats.objects.filter(
        deltagarregistrering="personuppgifter", slutdatum=None, startdatum__lt=idag - timedelta(days=400)
    ).first()
    if insats is None:
        raise SystemExit("Det finns ingen pågående insats att mäta med.")
    arbetsgivare, _ = Organisation.objects.get_or_create(namn="Mätningen", defaults={"typ": "kommun"})
    konto = Anvandare.objects.create_user(namn, arbetsgivare=arbetsgivare, fornamn="Mät", efternamn="Ning")
    ratt = Behorighet.objects.create(anvandare=konto, roll=Roll.DELTAGARANSVARIG, fran=idag - timedelta(days=1))
    Uppdrag.objects.create(behorighet=ratt, insats=insats, fran=idag - timedelta(days=1))
    klient = Client(SERVER_NAME="localhost")
    klient.force_login(konto)
    return klient, insats


def nya_nummer(dag: date) -> Iterator[str]:
    """Nummer i testserien, ett om dagen bakåt från dagen."""
    while True:
        dag -= timedelta(days=1)
        nio = f"{dag:%y%m%d}998"
        summa = sum(sum(divmod(int(siffra) * (2 - plats % 2), 10)) for plats, siffra in enumerate(nio))
        yield f"{dag:%Y%m%d}-998{-summa % 10}"


def _listor(klient: "Client") -> None:
    for adress in ("/insatser/", "/samverkansorganisationer/", "/deltagare/registrera/"):
        if klient.get(adress).status_code != 200:
            raise SystemExit(f"{adress} gick inte att visa.")


def _posta(klient: "Client", data: dict[str, Any], kod: int) -> str:
    svar = klient.post("/deltagare/registrera/", {**data, "token": str(uuid4())})
    if svar.status_code != kod:
        raise SystemExit(f"Registreringen svarade {svar.status_code}.")
    return svar.content.decode()


def inregistrera(klient: "Client", insats: Any, nummer: str) -> str:
    """Registrerar en person i insatsen, och ger svaret."""
    dag = (date.today() - timedelta(days=30)).isoformat()
    kommun = insats.samverkansorganisation.kommuner.first()
    data = {
        "insats": insats.pk,
        "personnummer": nummer,
        "registrering": "in",
        "samtycke": dag,
        "inregistrering": dag,
        "fornamn": "Kim",
        "efternamn": "Påhittad",
        "kommun": kommun.pk if kommun else "0180",
        "spara": "Spara",
    }
    return _posta(klient, data, 302)


def _ut(klient: "Client", insats: Any, nummer: str) -> None:
    inregistrera(klient, insats, nummer)
    data: dict[str, Any] = {"insats": insats.pk, "personnummer": nummer, "registrering": "ut"}
    sida = _posta(klient, {**data, "hamta": "1"}, 200)
    traff = re.search(r'name="deltagande" value="(\d+)"', sida)
    data |= {
        "deltagande": traff[1] if traff else "",
        "version": 1,
        "utregistrering": date.today().isoformat(),
        "avslutningsanledning": "fullfoljd",
        "forsorjning_efter": ["ingen"],
        "spara": "Spara",
    }
    _posta(klient, data, 302)

"""Sidorna: rapportens sida mot dess SQL och mot en ren mallslinga, Excels minne, och antalet frågor i formulären.

Anropas av `tools/prestanda.py`, i en tillfällig databas.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import cycle, islice
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.test import Client

    from rapporter.tabell import Rapport

Matt = tuple[str, float, float, str]
"""Vad, kvot, mål och de uppmätta tiderna."""

VARV: Final = 5
RADER: Final = 10_000
TYST: Final = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")  # transaktionen, inga frågor
VISA, SPARA = 12, 20  # frågor som en sida och ett formulär får ställa
# Det som en mall utan förberedda celler gör: väljer filter per cell.
_SLINGAN: Final = """{% for namn, celler in rader %}<tr><th scope="row">{{ namn }}</th>{% for slag, cell in celler %}
<td>{% if slag == "tal" %}{{ cell|floatformat:"0g" }}{% elif slag == "datum" %}{{ cell|date:"Y-m-d" }}{% else %}
{{ cell|default_if_none:"" }}{% endif %}</td>{% endfor %}</tr>{% endfor %}"""


def sidor() -> Iterator[Matt]:
    """Sidan med hundra rader, med och utan diagram, mot rapportens SQL; tiden får vara 1,3 gånger den och 100 ms."""
    klient, ar = _analytiker(), date.today().year - 1
    adress = f"/rapporter/insats/?fran={ar}-01&till={ar}-12&visa=1"
    for vad, huvud in (("med diagram", {}), ("bara tabellen", {"HX-Request": "true"})):
        svar = [_hamta(klient, adress, huvud) for _ in range(VARV + 1)][1:]
        hela, sql, satser = (median(tider) for tider in zip(*svar, strict=True))
        matt = f"{1000 * hela:.0f} ms, varav SQL {1000 * sql:.0f} ms"
        yield f"sidan, riket ett år, 100 rader, {vad}, mot 1,3 gånger SQL och 100 ms", hela / (1.3 * sql + 0.1), 1, matt
        if not huvud:
            yield "rapportens satser, av högst 3", satser / 3, 1, f"{satser:.0f}"


def _hamta(klient: "Client", adress: str, huvud: dict[str, str]) -> tuple[float, float, int]:
    """Sekunder för sidan, sekunder för rapportens satser och hur många de är."""
    from django.db import connection  # noqa: PLC0415 (Django sätts upp av prestanda.py)

    tider: list[float] = []

    def mat(kor: Callable[..., Any], sats: Any, *rest: Any) -> Any:
        borjan = time.perf_counter()
        try:
            return kor(sats, *rest)
        finally:
            if not isinstance(sats, str):  # rapportens satser byggs av delar, ORM:s är text
                tider.append(time.perf_counter() - borjan)

    borjan = time.perf_counter()
    with connection.execute_wrapper(mat):
        svar = klient.get(adress, headers=huvud)
    hela = time.perf_counter() - borjan
    if svar.status_code != 200 or not tider:
        raise SystemExit(f"Rapportens sida svarade {svar.status_code}.")
    return hela, sum(tider), len(tider)


def slingan(rapport: "Rapport") -> Iterator[Matt]:
    """Alla rader på en sida mot en mall som väljer filter för varje cell."""
    from django.template import Context, Engine  # noqa: PLC0415 (Django sätts upp av prestanda.py)

    from rapporter.renderare.html import tabell  # noqa: PLC0415

    lang = replace(rapport, rader=tuple(islice(cycle(rapport.rader), RADER)), grupper=(), diagram=())
    slag = ["tal" if kolumn.ar_tal else "datum" if kolumn.ar_datum else "text" for kolumn in lang.kolumner]
    rader = [(rad.namn, list(zip(slag, rad.varden, strict=True))) for rad in lang.rader]
    mall = Engine.get_default().from_string(_SLINGAN)
    grund = _tid(lambda: mall.render(Context({"rader": rader})))
    matt = _tid(lambda: tabell(lang, 0, len(lang.rader)))
    yield f"alla {RADER} rader på en sida, mot mallslingan", matt / grund, 0.25, f"{matt:.2f} s mot {grund:.2f} s"


def excelns_minne(rapport: "Rapport") -> Matt:
    """Det som Excelfilen tar utöver rapporten och sig själv: lika mycket för tio gånger så många rader."""
    from rapporter import renderare  # noqa: PLC0415

    topp = []
    for antal in (RADER // 10, RADER):
        lang = replace(rapport, rader=tuple(islice(cycle(rapport.rader), antal)), grupper=(), diagram=())
        gc.collect()
        tracemalloc.start()
        storlek = len(renderare.rendera(lang, "xlsx"))
        topp.append(tracemalloc.get_traced_memory()[1] - storlek)
        tracemalloc.stop()
    matt = " och ".join(f"{minne / 1e6:.1f} MB" for minne in topp)
    return f"Excel, minne för {RADER} rader mot en tiondel så många", topp[1] / topp[0], 1.2, matt


def fragorna() -> Iterator[Matt]:
    """Frågorna för att visa och spara: in- och utregistreringen är de största formulären."""
    import skyddet  # noqa: PLC0415

    klient, insats = skyddet.deltagaransvarig("fragorna")
    nummer = skyddet.nya_nummer(date(1965, 1, 1))
    visa = max(
        _antal(partial(klient.get, sida))
        for sida in ("/insatser/", f"/insatser/{insats.pk}/", "/deltagare/registrera/")
    )
    spara = _antal(lambda: skyddet.inregistrera(klient, insats, next(nummer)))
    yield f"frågor för att visa en sida, av högst {VISA}", visa / VISA, 1, str(visa)
    yield f"frågor för att inregistrera, av högst {SPARA}", spara / SPARA, 1, str(spara)


def _antal(gor: Callable[[], object]) -> int:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    gor()  # det som görs en gång per process
    with CaptureQueriesContext(connection) as fragor:
        gor()
    return sum(not fraga["sql"].startswith(TYST) for fraga in fragor)


def _tid(gor: Callable[[], object]) -> float:
    gor()
    tider = []
    for _ in range(3):
        borjan = time.perf_counter()
        gor()
        tider.append(time.perf_counter() - borjan)
    return median(tider)


def _analytiker() -> "Client":
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from behorighet.models import Anvandare, Behorighet, Organisation  # noqa: PLC0415
    from behorighet.roller import Roll  # noqa: PLC0415

    settings.TVA_STEG = False
    settings.SUS_TAKT = dict.fromkeys(settings.SUS_TAKT, (10**9, 60))
    arbetsgivare, _ = Organisation.objects.get_or_create(namn="Mätningen", defaults={"typ": "kommun"})
    konto = Anvandare.objects.create_user("analys", arbetsgivare=arbetsgivare, fornamn="Ana", efternamn="Lys")
    Behorighet.objects.create(anvandare=konto, roll=Roll.SUS_RAPPORT, fran=date.today() - timedelta(days=1))
    klient = Client(SERVER_NAME="localhost")
    klient.force_login(konto)
    return klient

"""Ledtider mot ett rent svep av övergångarna, på de 500 000 som databasen har eller får för mätningen.

Anropas av `tools/prestanda.py`, i en tillfällig databas.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

SAMARBETEN = 125_000
FULLT = 450_000
VARV = 7
# Vägar genom matrisen, med olika längd. Den som inte slutar med ett avslut pågår.
VAGAR = (
    "begaran gemensam_kartlaggning planerad_arbetsforberedande arbetsforberedande arbetslivsinriktade avslutat",
    "begaran gemensam_kartlaggning arbetslivsinriktade avslutat",
    "begaran gemensam_kartlaggning planerad_arbetslivsinriktad arbetslivsinriktade avslutat",
    "begaran gemensam_kartlaggning avslutat",
    "begaran avbrutet",
    "begaran gemensam_kartlaggning planerad_arbetsforberedande arbetsforberedande avslutat",
    "begaran gemensam_kartlaggning planerad_arbetsforberedande arbetsforberedande",
    "begaran gemensam_kartlaggning konsultativt_stod",
)
VAKTADE = ("deltagare_samarbete", "deltagare_samarbetskontor", "deltagare_overgang", "deltagare_person")

FYLL = (
    "SELECT setseed(0.5)",
    """
    CREATE TEMP TABLE matt_samarbete AS
    SELECT nr, date '2017-01-01' + (random() * 3400)::int AS borjan,
           string_to_array((%(vagar)s::text[])[1 + nr %% cardinality(%(vagar)s::text[])], ' ') AS vag,
           CASE WHEN random() < 0.5 THEN 'kvinna' ELSE 'man' END AS kon,
           1 + (random() * 199)::int AS af, 1 + (random() * 199)::int AS fk
    FROM generate_series(1, %(antal)s) nr
    """,
    """
    CREATE TEMP TABLE matt_overgang AS
    SELECT nr, ordning, till, coalesce(lag(till) OVER vag, '') AS fran, datum, lead(datum) OVER vag AS lamnad
    FROM (SELECT nr, ordning::int, till,
                 borjan + (sum(CASE WHEN ordning = 1 THEN 0 ELSE (random() * 120)::int END)
                           OVER (PARTITION BY nr ORDER BY ordning))::int AS datum
          FROM matt_samarbete, unnest(vag) WITH ORDINALITY AS steg (till, ordning)) alla
    WINDOW vag AS (PARTITION BY nr ORDER BY ordning)
    """,
    "INSERT INTO deltagare_person (nyckel, kon, fodelsear) SELECT 'MATT' || nr, kon, 1980 FROM matt_samarbete",
    """
    INSERT INTO deltagare_samarbete (nyckel, person_id, initierad_av, borjan, slut, insatstyp, af_kontor_id,
        fk_kontor_id, kon, alder, avidentifierat, version)
    SELECT 'MATT' || nr, p.id, 'fk', m.borjan, CASE WHEN sista.till = ANY (%(slut)s) THEN sista.datum END, sista.till,
           a.id, f.id, m.kon, 40, true, 1
    FROM matt_samarbete m JOIN deltagare_person p ON p.nyckel = 'MATT' || nr
    JOIN insatser_insats a ON a.nyckel = 'MATT-af' || m.af JOIN insatser_insats f ON f.nyckel = 'MATT-fk' || m.fk
    JOIN matt_overgang sista USING (nr) WHERE sista.lamnad IS NULL
    """,
    """
    INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id)
    SELECT id, borjan, af_kontor_id, fk_kontor_id FROM deltagare_samarbete WHERE nyckel LIKE 'MATT%%'
    """,
    """
    INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, fran, lamnad)
    SELECT s.id, ordning, till, datum, CASE till WHEN 'avbrutet' THEN 'eget_initiativ' ELSE '' END, fran, lamnad
    FROM matt_overgang m JOIN deltagare_samarbete s ON s.nyckel = 'MATT' || nr ORDER BY datum
    """,
)
SVEP = """
SELECT count(*) FROM deltagare_overgang
WHERE till = ANY (%(pagaende)s) AND datum <= %(idag)s
  AND (lamnad IS NULL OR lamnad > %(idag)s OR (lamnad >= %(fran)s AND lamnad < %(grans)s))
"""


def fyll() -> None:
    """Lägger in samarbeten om de är för få, förbi vakterna: de prövar en väg i taget, och vägarna här är hela."""
    from django.db import connections, transaction  # noqa: PLC0415 (Django sätts upp av den som mäter)
    from psycopg import sql  # noqa: PLC0415

    from deltagare.models import Overgang  # noqa: PLC0415
    from deltagare.overgangar import AVSLUTANDE  # noqa: PLC0415

    if Overgang.objects.using("agare").count() >= FULLT:
        return
    delar: dict[str, Any] = {"antal": SAMARBETEN, "vagar": list(VAGAR), "slut": [str(typ) for typ in AVSLUTANDE]}
    with transaction.atomic("agare"), connections["agare"].cursor() as markor:
        for vad in ("DISABLE", "ENABLE"):
            if vad == "ENABLE":
                _kontor()
                for sats in FYLL:
                    markor.execute(sats, delar)
                markor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for tabell in VAKTADE:
                markor.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(tabell), sql.SQL(vad)))
    with connections["agare"].cursor() as markor:
        markor.execute("VACUUM ANALYZE deltagare_overgang, deltagare_samarbete, deltagare_samarbetskontor")


def _kontor() -> None:
    from insatser.models import Insats, Samverkansorganisation  # noqa: PLC0415

    start = date(2015, 1, 1)
    for form in ("af", "fk"):
        organisation = Samverkansorganisation.objects.using("agare").create(
            organisationsnummer=f"20219{form == 'fk':d}-0001",
            namn=f"Mätningens {form}",
            samverkansform=form,
            startdatum=start,
        )
        Insats.objects.using("agare").bulk_create(
            Insats(
                nyckel=f"MATT-{form}{nr}",
                samverkansorganisation=organisation,
                samverkansform=form,
                namn=f"Kontor {form}{nr}",
                startdatum=start,
                malgrupper=[],
            )
            for nr in range(1, 201)
        )


def matt() -> Iterator[tuple[str, float, float, str]]:
    """Kvoterna: (vad, kvot, mål, de uppmätta tiderna)."""
    from django.db import connections  # noqa: PLC0415

    from deltagare.overgangar import PAGAENDE  # noqa: PLC0415
    from rapporter import samarbetsfragor  # noqa: PLC0415
    from rapporter.samarbetsurval import Samarbetsurval  # noqa: PLC0415

    forbindelse = connections["default"]
    kontoren = samarbetsfragor.kontoren()
    i_ar = date.today().year
    fran, till = date(i_ar - 1, 1, 1), date(i_ar - 1, 12, 1)
    ett = Samarbetsurval(fran, till, date.today())
    varden: dict[str, Any] = {
        "pagaende": [str(t) for t in PAGAENDE],
        "fran": fran,
        "grans": ett.grans,
        "idag": ett.idag,
    }

    def svep() -> None:
        with forbindelse.cursor() as markor:
            markor.execute(SVEP, varden)
            markor.fetchall()

    def sats(urval: Any) -> Callable[[], None]:
        fraga = samarbetsfragor.ledtidssats(urval, kontoren)

        def gor() -> None:
            with forbindelse.cursor() as markor:
                markor.execute(fraga)
                markor.fetchall()

        return gor

    with forbindelse.cursor() as markor:
        markor.execute("SELECT count(*) FROM deltagare_overgang")
        markor.execute("SET max_parallel_workers_per_gather = 0")
        markor.execute("SET ROLE sus_rapport")
        markor.execute("SELECT count(*) FROM deltagare_overgang")
        antal = markor.fetchone()[0]
    nyckel = next(iter(kontoren))
    jamforda = {
        f"Ledtider, ett år av {antal} övergångar, mot ett rent svep": (ett, 3.0),
        "Ledtider för ett kontor, mot ett rent svep": (Samarbetsurval(fran, till, ett.idag, (nyckel,)), 3.0),
        "Ledtider, kvinnor och män var för sig, mot ett rent svep": (
            Samarbetsurval(fran, till, ett.idag, jamfor=("kon",)),
            5.0,  # läser också varje samarbetes kön, och räknar dubbelt så många grupper
        ),
    }
    for vad, (urval, mal) in jamforda.items():
        kvoter, tider = [], []
        gor = sats(urval)
        for _ in range(VARV):
            grund, tid = _tid(svep), _tid(gor)
            kvoter.append(tid / grund)
            tider.append((tid, grund))
        tid, grund = statistics.median(t for t, _ in tider), statistics.median(g for _, g in tider)
        yield vad, statistics.median(kvoter), mal, f"{tid * 1000:.0f} ms mot {grund * 1000:.0f} ms"
    with forbindelse.cursor() as markor:
        markor.execute("SET ROLE sus_app")
        markor.execute("RESET max_parallel_workers_per_gather")


def _tid(gor: Callable[[], None]) -> float:
    borjan = time.perf_counter()
    gor()
    return time.perf_counter() - borjan

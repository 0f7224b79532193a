"""Kvoterna i prestandakraven, tagna i en och samma körning: maskiner skiljer sig åt, kvoter inte.

    make prestanda                SKALA=stor (100 000 deltaganden), riket (1 M) eller riket10 (10 M)

Fyller en egen tillfällig databas med `manage.py generera` och skriver varje kvot med sitt mål. Slutkoden är 0 vad
kvoterna än blir: det är en mätning, inte ett test. Den är 1 om något gick fel under lasten.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rapporter.urval import Urval

ROT = Path(__file__).resolve().parent.parent
VARV = 5
RADER_I_EXCEL = 10_000


def tid(gor: Callable[[], Any], varv: int = VARV) -> float:
    """Sekunder för det mittersta av några varv, efter ett som värmer upp."""
    gor()
    tider = []
    for _ in range(varv):
        borjan = time.perf_counter()
        gor()
        tider.append(time.perf_counter() - borjan)
    return statistics.median(tider)


def skriv(vad: str, kvot: float, mal: float, matt: str) -> None:
    """En rad: vad, kvot, mål och de uppmätta tiderna."""
    print(f"{'når' if kvot <= mal else 'MISSAR':7} {kvot:7.2f}  mål högst {mal:<5}  {vad}  ({matt})", flush=True)


def urvalet(fran: tuple[int, int], till: tuple[int, int], **urval: Any) -> "Urval":
    """Månaderna med alla variabler."""
    from rapporter.urval import Urval  # noqa: PLC0415
    from rapporter.variabler import VARIABLER  # noqa: PLC0415

    return Urval(date(*fran, 1), date(*till, 1), variabler=tuple(VARIABLER), idag=date.today(), **urval)


def rapporten() -> None:
    """Insatsrapporten mot ett rent svep av tabellen (S1) och en ren räkning (S0)."""
    from django.db import connections  # noqa: PLC0415 (Django sätts upp i main)
    from psycopg import sql  # noqa: PLC0415

    from rapporter import fragor  # noqa: PLC0415
    from rapporter.population import population  # noqa: PLC0415

    forbindelse = connections["default"]
    koder = fragor.koder()
    i_ar = date.today().year

    def svep(sats: str, varden: Sequence[Any]) -> Callable[[], None]:
        def gor() -> None:
            with forbindelse.cursor() as markor:
                markor.execute(sats, varden)
                markor.fetchall()

        return gor

    def karnan(urval: "Urval") -> Callable[[], None]:
        return svep(fragor.karna(urval).as_string(forbindelse.connection), [])

    with forbindelse.cursor() as markor:
        markor.execute("SET max_parallel_workers_per_gather = 0")
        markor.execute("SET ROLE sus_rapport")
        markor.execute("SET enable_indexscan = off")
        markor.execute("SET enable_indexonlyscan = off")
        markor.execute("SET enable_bitmapscan = off")
    s0 = tid(svep("SELECT count(*) FROM deltagare_deltagande", []))

    def s1(urval: Any) -> float:
        return tid(svep(S1, [urval.efter, urval.fran, urval.fran, urval.efter, urval.fran, urval.efter, urval.idag]))

    ar = urvalet((i_ar - 1, 1), (i_ar - 1, 12))
    manad = urvalet((i_ar - 1, 3), (i_ar - 1, 3))
    tio = urvalet((i_ar - 9, 1), (i_ar, 12))
    grund = {id(urval): s1(urval) for urval in (ar, manad, tio)}
    with forbindelse.cursor() as markor:
        for vag in ("indexscan", "indexonlyscan", "bitmapscan"):
            markor.execute(f"RESET enable_{vag}")
    for namn, urval, mal in (("riket, ett år", ar, 1.3), ("riket, en månad", manad, 1.3), ("riket, tio år", tio, 2.2)):
        matt = tid(karnan(urval))
        skriv(f"kärnan i Insatsrapporten, {namn}, mot S1", matt / grund[id(urval)], mal, f"{matt:.3f} s")
    forbund = urvalet((i_ar - 1, 1), (i_ar - 1, 12), forbund=(next(iter(koder.forbund)),))
    insatserna, varden = population(forbund, None)
    hela = sql.SQL("WITH urval AS MATERIALIZED ({}) {}").format(sql.SQL(insatserna), fragor.karna(forbund))
    matt = tid(svep(hela.as_string(forbindelse.connection), varden))
    skriv("kärnan i Insatsrapporten, ett förbund och ett år, mot S0", matt / s0, 0.1, f"{matt:.4f} s, S0 {s0:.4f} s")
    with forbindelse.cursor() as markor:
        markor.execute("SET ROLE sus_app")
    matt = tid(lambda: fragor.insatsrapport(forbund, koder=koder))
    skriv("hela rapporten, ett förbund och ett år, mot S0", matt / s0, 1, f"{matt:.4f} s, S0 {s0:.4f} s")
    matt = tid(lambda: fragor.insatsrapport(ar, koder=koder))
    skriv("hela rapporten som värde, riket ett år, mot S0", matt / s0, 4, f"{matt:.3f} s")


S1 = """
SELECT count(*) FILTER (WHERE inregistrering < %s AND (utregistrering IS NULL OR utregistrering >= %s)),
       count(*) FILTER (WHERE inregistrering >= %s AND inregistrering < %s),
       count(*) FILTER (WHERE utregistrering >= %s AND utregistrering < %s),
       count(*) FILTER (WHERE utregistrering IS NULL AND inregistrering <= %s)
FROM deltagare_deltagande WHERE NOT felregistrerad
"""


def excel() -> None:
    """Excelfilen mot den nakna skrivningen av lika många celler utan stil."""
    from io import BytesIO  # noqa: PLC0415

    import openpyxl  # noqa: PLC0415

    from rapporter import fragor, renderare  # noqa: PLC0415

    i_ar = date.today().year
    rapport = fragor.insatsrapport(urvalet((i_ar - 9, 1), (i_ar, 12)), koder=fragor.koder())
    celler = [[rad.nyckel, rad.namn, *rad.varden] for rad in rapport.rader][:RADER_I_EXCEL]
    platta = [[cell if isinstance(cell, int | date | None) else str(cell) for cell in rad] for rad in celler]

    def naken() -> None:
        bok = openpyxl.Workbook(write_only=True)
        blad = bok.create_sheet()
        for rad in platta:
            blad.append(rad)
        bok.save(BytesIO())

    grund, matt = tid(naken, 3), tid(lambda: renderare.rendera(rapport, "xlsx"), 3)
    skriv(f"Excel, {len(platta)} rader, mot naken skrivning", matt / grund, 1.4, f"{matt:.2f} s mot {grund:.2f} s")


def skyddet() -> None:
    """Radskydd, åtkomstlogg och historik mot samma sidor utan dem."""
    import skyddet as kostnaden  # noqa: PLC0415

    for vad, kvot, tider in kostnaden.matt():
        skriv(f"radskydd, logg och historik: {vad}, mot utan", kvot, 1.15, tider)


def ledtider() -> None:
    """Ledtider mot ett rent svep av övergångarna."""
    import ledtiden  # noqa: PLC0415

    ledtiden.fyll()
    for vad, kvot, mal, tider in ledtiden.matt():
        skriv(vad, kvot, mal, tider)


def sidor() -> None:
    """Rapportens sida, en lång sida, minnet för Excel, och frågorna som sidor och formulär ställer."""
    import sidmatten  # noqa: PLC0415

    from rapporter import fragor  # noqa: PLC0415

    i_ar = date.today().year
    rapport = fragor.insatsrapport(urvalet((i_ar - 9, 1), (i_ar, 12)), koder=fragor.koder())
    for rad in sidmatten.sidor():
        skriv(*rad)
    for rad in sidmatten.slingan(rapport):
        skriv(*rad)
    skriv(*sidmatten.excelns_minne(rapport))
    for rad in sidmatten.fragorna():
        skriv(*rad)


def last(skala: str) -> bool:
    """Tjugo personer samtidigt en kort stund, mot samma databas. Sant om inget gick fel. Hela lasten: `make last`."""
    kommando: list[str | Path] = [
        sys.executable,
        ROT / "tools" / "last.py",
        "--data",
        os.environ["SUS_DATA"],
        "--sekunder",
        "30",
    ]
    svar = subprocess.run([*kommando, "--skala", skala], stdout=subprocess.PIPE, text=True, check=False)
    rader = [rad for rad in svar.stdout.splitlines() if "mål högst" in rad or rad.startswith("FEL")]
    if svar.returncode and not any(rad.startswith("FEL") for rad in rader):
        rader.append(f"FEL     tools/last.py slutade med {svar.returncode}")
    print("\n".join(rader), flush=True)
    return svar.returncode == 0


def importen(skala: str) -> None:
    """Importen mot naken COPY av samma rader, med index och villkor men utan vakter, och importens minne."""
    import importtakten  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    copy = importtakten.kopiera(connections["agare"])
    with tempfile.TemporaryDirectory() as katalog:
        manage("generera", "--skala", skala, "--fro", "1", "--till", katalog)
        tiden, minne = importtakten.importera(katalog)
    skriv(f"importera, skala {skala}, mot naken COPY", tiden / copy, 2, f"{tiden:.1f} s mot {copy:.1f} s")
    # Lika för en miljon rader som för tio: det som minns har en gräns.
    skriv("importera, minne av 300 MB", minne / 300, 1, f"{minne} MB")


def pdf_i_delar(rader: int = 800, rader_i_minnet: int = 3440) -> None:
    """En lång PDF i delar av två processer mot en, och minnet: två varv var, turvis, det bästa gäller."""
    import pdfmatt  # noqa: PLC0415

    tider: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(2):
        for processer, egna in tider.items():
            egna.append(pdfmatt.matt(rader=rader, processer=processer)["sekunder"])
    en, tva = min(tider[1]), min(tider[2])
    text = f"{rader / tva:.0f} rader/s mot {rader / en:.0f}, {en / tva:.2f} gånger så fort"
    skriv(f"PDF i delar, {rader} rader, två processer mot en", tva / en, 0.625, text)
    # Lika många rader som hela landet ett år, vilken skala det än är: raderna upprepas.
    hela = pdfmatt.matt(rader=rader_i_minnet, processer=2)
    for vad, minne in (("arbetaren", hela["minne"]), ("en process som gör delar", hela["barn"])):
        skriv(f"PDF, {rader_i_minnet} rader: minne i {vad}, av 250 MB", minne / 250, 1, f"{minne} MB")


def manage(*argument: str, miljo: dict[str, str] | None = None) -> None:
    """Ett kommando i en egen process; slutar mätningen om det misslyckas."""
    subprocess.run([sys.executable, ROT / "manage.py", *argument], check=True, env=miljo, stdout=subprocess.DEVNULL)


def main() -> int:
    """Fyller en tillfällig databas och mäter. Ger slutkoden."""
    tolk = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tolk.add_argument("--skala", choices=("stor", "riket", "riket10"), default="stor")
    skala = tolk.parse_args().skala
    with tempfile.TemporaryDirectory(prefix="sus-") as data:
        Path(data).chmod(0o711)  # som root körs databasen av en annan användare, som ska kunna passera
        os.environ["SUS_DATA"] = data
        os.environ["DJANGO_SETTINGS_MODULE"] = "sus.settings"
        sys.path.insert(0, str(ROT))
        from sus import inbaddad  # noqa: PLC0415 (efter SUS_DATA)

        with inbaddad.instans():
            import django  # noqa: PLC0415 (när databasen är igång vet inställningarna var den är)

            django.setup()
            borjan = time.perf_counter()
            manage("generera", "--skala", skala, "--fro", "1")
            print(f"generera --skala {skala}: {time.perf_counter() - borjan:.0f} s (mål för riket: högst 240 s)")
            rapporten()
            sidor()
            excel()
            pdf_i_delar()
            skyddet()
            importen(skala)
            felfritt = last(skala)
            ledtider()  # sist: lägger till egna rader
            from django.db import connections  # noqa: PLC0415

            connections.close_all()
    return int(not felfritt)


if __name__ == "__main__":
    sys.exit(main())

"""Last: tjugo personer samtidigt, i riktiga HTTP-anrop mot gunicorn, och sedan frågan om något gick förlorat (P19).

    make last                          två minuter, en tillfällig databas i SKALA=stor
    tools/last.py --data KATALOG       en databas som redan är fylld, till exempel med riket
    tools/last.py --doda 20            medan databasen, webbens processer och arbetaren dödas i tur och ordning
    tools/last.py --utan-paus          utan betänketid: genomströmningen

Bara påhittade uppgifter, och bara på 127.0.0.1. Slutkoden är 1 om något som kvitterats saknas eller finns två gånger,
om något aldrig kvitterades, eller om ett anrop misslyckades eller ett formulär aldrig fick svar. Med --doda får ett
anrop misslyckas den närmaste minuten, om det säger att servern är nere. Tiderna är en mätning, inte ett test.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from last_klient import Matning

if TYPE_CHECKING:
    from last_anvandare import Anvandare

ROT: Final = Path(__file__).resolve().parent.parent
PAUS: Final = (1.0, 3.0)  # sekunder mellan klicken: raskare än någon arbetar en hel dag
MAL_MS: Final = 300  # prestanda.md 5
KVITTON: Final = 120.0  # sekunder efter lastens slut: så länge väntas det på att vart slag har ett kvitto
MAL: Final = {
    "sidorna där man registrerar": ("registrera", "utregistrera", "anonyma", "deltagande"),
    "startsidan och listorna": ("startsidan", "lista"),
}


def main() -> int:
    """Fyller databasen om den är tom, kör lasten och jämför med databasen."""
    val = _val()
    with ExitStack() as stack:
        os.environ["SUS_DATA"] = str(val.data or stack.enter_context(_tillfallig()))
        os.environ |= {"DJANGO_SETTINGS_MODULE": "sus.settings", "SUS_DEMO": "1", "SUS_FOLKBOKFORING": ""}
        sys.path.insert(0, str(ROT))
        from sus import start  # noqa: PLC0415 (efter SUS_DATA)

        stack.enter_context(start.databas_for(["last.py", "last"]))  # igång och migrerad
        _fyll(val.skala)
        return _kor(val)


def _val() -> Any:
    tolk = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tolk.add_argument(
        "--data", type=Path, metavar="KATALOG", help="SUS_DATA med en fylld databas; annars en tillfällig"
    )
    tolk.add_argument("--skala", default="stor", help="det som en tom databas fylls med (förval %(default)s)")
    tolk.add_argument("--anvandare", type=int, default=20, metavar="N")
    tolk.add_argument("--sekunder", type=float, default=120, metavar="N", help="hur länge (förval %(default)s)")
    tolk.add_argument("--webbprocesser", type=int, default=2, metavar="N")
    tolk.add_argument("--tradar", type=int, default=1, metavar="N", help="trådar i varje webbprocess")
    tolk.add_argument("--utan-paus", action="store_true", help="ingen betänketid mellan klicken")
    tolk.add_argument("--bestall", action="store_true", help="långa rapporter beställs också")
    tolk.add_argument("--doda", type=int, default=0, metavar="N", help="så många kill -9, medan rapporter beställs")
    tolk.add_argument("--mellan", type=float, default=5, metavar="S", help="från att allt går igen till nästa kill -9")
    tolk.add_argument("--dod-efter", type=float, default=20, metavar="S", help="som för manage.py arbetare")
    tolk.add_argument("--port", type=int, default=8799)
    return tolk.parse_args()


def _tillfallig() -> "tempfile.TemporaryDirectory[str]":
    katalog = tempfile.TemporaryDirectory(prefix="sus-")
    Path(katalog.name).chmod(0o711)  # som root körs databasen av en annan användare, som ska kunna passera
    return katalog


def _fyll(skala: str) -> None:
    from django.core.management import call_command  # noqa: PLC0415 (när databasen är igång)

    from insatser.models import Insats  # noqa: PLC0415

    if not Insats.objects.using("agare").exists():
        call_command("generera", skala=skala, fro=7)
    if "SUS_STATISKA" not in os.environ:
        call_command("collectstatic", interactive=False, verbosity=0)


def _kor(val: Any) -> int:
    import last_varlden as varlden  # noqa: PLC0415 (när Django är uppsatt)
    from django.db import connections  # noqa: PLC0415
    from last_anvandare import Anvandare, Kvitton  # noqa: PLC0415
    from last_dodandet import Dodandet  # noqa: PLC0415
    from last_tjanster import Tjanster, gunicorn, vanta  # noqa: PLC0415

    alla = varlden.personer(val.anvandare)
    nummer = _lasta(varlden.nummer())
    facit = varlden.Facit([pk for en in alla for pk in en.insatser])
    matning, kvitton, sluta = Matning(), Kvitton(), threading.Event()
    tjanster = Tjanster(val.port, gunicorn(val.port, val.webbprocesser, val.tradar), val.dod_efter)
    dodandet = Dodandet(tjanster, matning, val.doda, val.mellan)
    paus, bestaller = (0.0, 0.0) if val.utan_paus else PAUS, bool(val.bestall or val.doda)
    anvandarna = [
        Anvandare(
            en, port=val.port, matning=matning, kvitton=kvitton, paus=paus, nummer=nummer, sluta=sluta,
            bestaller=bestaller,
        )
        for en in alla
    ]  # fmt: skip
    with tjanster.igang():
        for en in anvandarna:
            en.logga_in()
        inloggning = [ett for ett in matning.anrop if ett.sida.startswith("logga in")]
        matning.anrop.clear()
        ovantade: list[str] = []
        borjan, fore = time.monotonic(), tjanster.processortid()
        tradar = [threading.Thread(target=_arbeta, args=(en, ovantade)) for en in anvandarna]
        for trad in tradar:
            trad.start()
        try:
            dodandet.kor()
            sluta.wait(max(val.sekunder - (time.monotonic() - borjan), 0))
            with suppress(TimeoutError):  # det som då saknas blir ett FEL
                vanta(lambda: kvitton.ett_av_varje(bestaller) or ovantade, KVITTON, "vart slag har ett kvitto")
        finally:
            sluta.set()
        for trad in tradar:
            trad.join()
        sekunder = time.monotonic() - borjan
        raknat = tuple(nu - da for nu, da in zip(tjanster.processortid(), fore, strict=True))
        skriv(val, matning, sekunder, raknat)
        matning.anrop += inloggning
        print("\n".join(matning.tabell()))
        fel = [*ovantade, *dodandet.redovisa()]
        connections.close_all()  # de kan höra till en databas som är död
        utfall = facit.jamfor(kvitton)
        if bestaller:
            utfall.append(varlden.rapporterna([ett.split()[1] for ett in kvitton.bestallda]))
    return doma(utfall, fel, kvitton.obesvarade)


def _arbeta(en: "Anvandare", ovantade: list[str]) -> None:
    try:
        en.arbeta()
    except Exception as fel:
        ovantade.append(f"{en.person.namn} slutade: {type(fel).__name__}: {fel}")


def skriv(val: Any, matning: Matning, sekunder: float, raknat: tuple[float, ...]) -> None:
    """Skriver tiderna mot målen och vad som misslyckades. `raknat`: sekunder för webben och för databasen."""
    antal, last = len(matning.anrop), os.getloadavg()[0]
    paus = "utan paus" if val.utan_paus else f"{PAUS[0]:g}–{PAUS[1]:g} s mellan klicken"
    webben = f"{val.webbprocesser} webbprocesser à {val.tradar} tråd"
    print(f"{val.anvandare} användare, {paus}, {sekunder:.0f} s, {webben}, {os.cpu_count()} kärnor, last {last:.1f}")
    print(f"{antal} anrop, {antal / sekunder:.1f} i sekunden")
    webb, databas = (1000 * ett / max(antal, 1) for ett in raknat)
    if not val.doda:
        print(f"processortid per anrop: webben {webb:.0f} ms, databasen {databas:.0f} ms")
    for vad, borjan in MAL.items():
        p95 = matning.p95(borjan)
        matt = "inga lyckade anrop" if p95 is None else f"p95 {p95:5.0f} ms"
        print(f"{'MISSAR' if p95 is None or p95 > MAL_MS else 'når':7} {matt}  mål högst {MAL_MS}  {vad}")
    for fel, hur_manga in matning.fel().most_common():
        print(f"{hur_manga:5} {fel}")
    sys.stdout.flush()


def doma(utfall: list[Any], fel: list[str], obesvarade: list[str]) -> int:
    """Skriver utfallet och ger slutkoden. Det som aldrig kvitterades är inte prövat, och alltså inte rätt."""
    ratt = [bool(ett.ratt and ett.kvitterade) for ett in utfall]
    for ett, sant in zip(utfall, ratt, strict=True):
        print(f"{'rätt' if sant else 'FEL':7} {ett.vad}: {ett.kvitterade} kvitterade, {ett.finns} finns")
    utan_svar = [f"{antal} formulär fick aldrig något svar: {sida}" for sida, antal in Counter(obesvarade).items()]
    for text in (*fel, *utan_svar):
        print(f"FEL     {text}")
    return int(bool(fel or utan_svar) or not all(ratt))


def _lasta(nummer: Any) -> Any:
    """En iterator som flera trådar får dela."""
    las = threading.Lock()

    def ett() -> str:
        with las:
            return str(next(nummer))

    return iter(ett, None)


if __name__ == "__main__":
    sys.exit(main())

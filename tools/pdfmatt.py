"""En lång PDF i delar: tiden, minnet i arbetaren och i processerna som gör delarna, och att filen stämmer.

    python tools/pdfmatt.py --processer 2 --rader 3440 --kontrollera

Går i en egen process per mätning, så att minnet är en enda rapports. `tools/prestanda.py` kör den; ensam mäter den
databasen i SUS_DATA. Skriver en rad JSON.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rapporter.tabell import Rapport

ROT = Path(__file__).resolve().parent.parent


def matt(*, rader: int, processer: int, ar: int = 1) -> dict[str, Any]:
    """En mätning i en egen process: sekunder, byte, MB i arbetaren (`minne`) och i den största processen (`barn`)."""
    argument = ["--rader", str(rader), "--processer", str(processer), "--ar", str(ar)]
    svar = subprocess.run([sys.executable, __file__, *argument], check=True, stdout=subprocess.PIPE, cwd=ROT)
    utfall: dict[str, Any] = json.loads(svar.stdout)
    return utfall


def rapporten(rader: int, ar: int) -> "Rapport":
    """Hela landet de senaste åren, med så många rader; de upprepas om de inte räcker. Alla rader om `rader` är 0."""
    from rapporter import fragor  # noqa: PLC0415 (Django sätts upp i main)
    from rapporter.urval import Urval  # noqa: PLC0415
    from rapporter.variabler import VARIABLER  # noqa: PLC0415

    i_ar = date.today().year
    urval = Urval(date(i_ar - ar, 1, 1), date(i_ar - 1, 12, 1), variabler=tuple(VARIABLER), idag=date.today())
    hela = fragor.insatsrapport(urval, koder=fragor.koder(), med_diagram=True)
    alla = hela.rader * (rader // len(hela.rader) + 1) if rader else hela.rader
    return replace(hela, rader=alla[: rader or None])


def kontrollera(fil: Path, rapport: "Rapport") -> dict[str, Any]:
    """Sidorna, hur många av dem som nås från strukturträdet, och hur många rader som har samma tal som JSON."""
    import pikepdf  # noqa: PLC0415

    with pikepdf.open(fil) as pdf:
        alla = {sida.obj.objgen for sida in pdf.pages}
        nadda = set(_sidorna(pdf.Root.StructTreeRoot))
    svar = subprocess.run(["pdftotext", "-raw", fil, "-"], check=True, capture_output=True)
    lika = _lika(_tatt(svar.stdout.decode()), rapport)
    return {"sidor": len(alla), "nadda": len(alla & nadda), "lika_json": lika}


def _sidorna(element: Any) -> Iterator[tuple[int, int]]:
    """Sidorna som strukturelementen står på, uppifrån."""
    import pikepdf  # noqa: PLC0415

    vantar = [element]
    while vantar:
        ett = vantar.pop()
        if "/Pg" in ett:
            yield ett.Pg.objgen
        barn = ett.get("/K", [])
        alla = barn if isinstance(barn, pikepdf.Array) else [barn]
        vantar += [nasta for nasta in alla if isinstance(nasta, pikepdf.Dictionary)]


def _lika(text: str, rapport: "Rapport") -> int:
    """Hur många rader som i varje tabell, i ordning, har cellerna som JSON har."""
    from rapporter.renderare import json as json_renderare  # noqa: PLC0415
    from rapporter.renderare import pdf  # noqa: PLC0415
    from rapporter.varden import celltext  # noqa: PLC0415

    facit = json.loads(json_renderare.rendera(rapport))["rader"]
    lika = []
    plats = 0
    for nummer in pdf.delar(rapport.kolumner):
        namn = [rapport.kolumner[nr].namn for nr in nummer]
        lika.append(0)
        for rad in facit:
            celler = "".join(_text(rad, ett, celltext) for ett in namn)
            funnen = text.find(_tatt(rad[rapport.lednamn[1]] + celler), plats)
            if funnen >= 0:
                plats = funnen + 1
                lika[-1] += 1
    return min(lika)


def _text(rad: Mapping[str, Any], namn: str, celltext: Any) -> str:
    varde = rad[namn]
    return celltext(varde) if isinstance(varde, int) else str(varde or "")


def _tatt(text: str) -> str:
    return re.sub(r"\s+", "", text)


def main() -> None:
    """En mätning."""
    tolk = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tolk.add_argument("--rader", type=int, default=0)
    tolk.add_argument("--processer", type=int, default=2)
    tolk.add_argument("--ar", type=int, default=1)
    tolk.add_argument("--kontrollera", action="store_true")
    val = tolk.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "sus.settings"
    sys.path.insert(0, str(ROT))
    from sus import inbaddad  # noqa: PLC0415

    with (
        inbaddad.instans(),
        tempfile.TemporaryDirectory() as katalog,
        (Path(katalog) / "rapport.pdf").open("wb") as fil,
    ):
        import django  # noqa: PLC0415 (när databasen är igång vet inställningarna var den är)

        django.setup()
        from rapporter.renderare import pdf_delar  # noqa: PLC0415

        rapport = rapporten(val.rader, val.ar)
        borjan = time.perf_counter()
        pdf_delar.rendera(rapport, fil, processer=val.processer)
        tid = time.perf_counter() - borjan
        fil.flush()
        utfall: dict[str, Any] = {
            "rader": len(rapport.rader),
            "processer": val.processer,
            "sekunder": round(tid, 1),
            "byte": fil.tell(),
            "minne": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "barn": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            "last": round(os.getloadavg()[0], 1),
        }
        if val.kontrollera:
            utfall |= kontrollera(Path(fil.name), rapport)
        print(json.dumps(utfall))


if __name__ == "__main__":
    main()

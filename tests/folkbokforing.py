"""Personer i det påhittade folkbokföringsregistret, och en påhittad tjänst på den egna datorn."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deltagare import kryptering
from deltagare.models import Registerpost
from deltagare.personnummer import Personnummer
from insatser.models import Stadsdel
from tests import fabriker


def post(nummer: Personnummer, **falt: Any) -> Registerpost:
    """En rad i registret, som ägaren lägger in."""
    nyckel_id = kryptering.aktuell_nyckel()
    namn = {"fornamn": falt.pop("fornamn", "Vera"), "efternamn": falt.pop("efternamn", "Folkbok")}
    krypterat = {falt: kryptering.kryptera(text, falt=falt, nyckel_id=nyckel_id) for falt, text in namn.items()}
    if (stadsdel := falt.pop("stadsdel", None)) is not None:
        falt["stadsdel"] = Stadsdel.objects.get(namn=stadsdel, kommun_id=falt["kommun_id"])
    return Registerpost(
        personindex=kryptering.personindex(nummer.nummer),
        nyckel_id=nyckel_id,
        **krypterat,
        **{"kommun_id": "1283", **falt},
    )


def lagg_in(nummer: Personnummer | None = None, **falt: Any) -> Personnummer:
    """Lägger en person i registret genom ägarens förbindelse, för test med egen databas."""
    nummer = nummer or fabriker.nytt_nummer()
    post(nummer, **falt).save(using="agare")
    return nummer


Svarare = Callable[[dict[str, Any]], tuple[int, Any]]


class Tjanst:
    """En HTTP-tjänst som svarar det som `svara` ger: status och JSON, byte eller en adress att leda om till."""

    def __init__(self, svara: Svarare) -> None:
        self.svara, self.anrop = svara, list[tuple[str, dict[str, str], Any]]()
        self.klar = threading.Event()
        tjanst = self

        class Hanterare(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kropp = self.rfile.read(int(self.headers["Content-Length"]))
                tjanst.anrop.append((self.path, dict(self.headers), json.loads(kropp)))
                status, innehall = tjanst.svara(json.loads(kropp))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", innehall)
                    innehall = b""
                data = innehall if isinstance(innehall, bytes) else json.dumps(innehall).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                """Tyst."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hanterare)
        self.url = f"http://127.0.0.1:{self.server.server_port}/personer/fraga"


@contextmanager
def tjanst(svara: Svarare) -> Iterator[Tjanst]:
    """Tjänsten, i en egen tråd."""
    en = Tjanst(svara)
    trad = threading.Thread(target=en.server.serve_forever, daemon=True)
    trad.start()
    try:
        yield en
    finally:
        en.klar.set()
        en.server.shutdown()
        en.server.server_close()
        trad.join()

"""En webbläsare som den syns från servern: kakor, dolda fält, gzip, ett anrop i taget, och en klocka på varje anrop."""

import gzip
import http.client
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from http.cookies import SimpleCookie
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from lxml import html  # type: ignore[import-untyped]

LANGSTA_SVAR: Final = 60.0  # sekunder
AVBRUTEN: Final = "avbruten förbindelse"
NERE: Final = {500: "500, egen sida", 503: "503"}
FELSIDAN: Final = "Felet är vårt och har loggats"

Falt = list[tuple[str, str]]


class Svar(NamedTuple):
    """Det som kom tillbaka. `status` är 0 när förbindelsen bröts."""

    status: int
    adress: str
    text: str

    def formular(self, falt: str) -> Falt:
        """Det som formuläret med fältet skickar, utan knappar, så som en webbläsare skickar det."""
        for form in html.fromstring(self.text).forms:
            if falt in form.fields:
                return list(_varden(form))
        raise Ovantat(f"sidan har inget formulär med {falt}")

    def val(self, falt: str) -> list[str]:
        """Värdena som går att välja i en lista, utan det tomma."""
        valen = html.fromstring(self.text).xpath("//select[@name=$namn]//option/@value", namn=falt)
        return [str(ett) for ett in valen if ett]


class Ovantat(Exception):
    """Ett svar som inte är rätt och inte heller säger att servern är nere."""


class Anrop(NamedTuple):
    """Ett mätt anrop: vilken sida, när det slutade, sekunderna det tog, och vad som gick fel, om något."""

    sida: str
    slut: float
    sekunder: float
    fel: str


class Matning:
    """Alla anrop. Trådar lägger till; läses när de är klara."""

    def __init__(self) -> None:
        self.anrop: list[Anrop] = []

    def tabell(self) -> list[str]:
        """En rad per sida: antal, median, p95, längsta (millisekunder) och misslyckade."""
        sidor: dict[str, list[Anrop]] = defaultdict(list)
        for ett in self.anrop:
            sidor[ett.sida].append(ett)
        rader = [f"{'sida':44} {'antal':>6} {'median':>7} {'p95':>7} {'längst':>7} {'fel':>4}"]
        for sida, egna in sorted(sidor.items()):
            tider = [1000 * ett.sekunder for ett in egna if not ett.fel] or [0.0]
            matt = f"{statistics.median(tider):7.0f} {percentil(tider, 95):7.0f} {max(tider):7.0f}"
            rader.append(f"{sida:44} {len(egna):6} {matt} {sum(bool(ett.fel) for ett in egna):4}")
        return rader

    def fel(self) -> Counter[str]:
        """Hur många anrop som gick fel på vilket sätt."""
        return Counter(ett.fel for ett in self.anrop if ett.fel)

    def oforklarade(self, dodade: Sequence[float], hogst: float) -> Counter[str]:
        """Som `fel`, men utan dem som slutade inom `hogst` sekunder efter att något dödades: de är väntade."""
        return Counter(
            ett.fel for ett in self.anrop if ett.fel and not any(0 <= ett.slut - nar <= hogst for nar in dodade)
        )

    def p95(self, borjan: tuple[str, ...]) -> float | None:
        """P95 i millisekunder för sidorna vars namn börjar med något av det; None utan ett enda lyckat anrop."""
        tider = [1000 * ett.sekunder for ett in self.anrop if ett.sida.startswith(borjan) and not ett.fel]
        return percentil(tider, 95) if tider else None


def percentil(tider: list[float], hur_mycket: int) -> float:
    """Det minsta värde som så många procent av tiderna inte överstiger."""
    ordnade = sorted(tider)
    return ordnade[max(-(-len(ordnade) * hur_mycket // 100) - 1, 0)]


class Webblasare:
    """En persons webbläsare. Följer inga omdirigeringar av sig själv: varje anrop mäts för sig."""

    def __init__(self, port: int, matning: Matning) -> None:
        self.port = port
        self.matning = matning
        self.kakor: dict[str, str] = {}
        self.sida = ""

    def hamta(self, sida: str, adress: str, *, status: int = 200) -> Svar:
        """Hämtar en sida, som mäts under namnet `sida`. Ger Ovantat om svaret har en annan status och inte är NERE."""
        return self._anrop(sida, "GET", adress, None, status)

    def skicka(self, sida: str, adress: str, falt: Falt, *, status: int = 302) -> Svar:
        """Skickar ett formulär."""
        return self._anrop(sida, "POST", adress, urlencode(falt), status)

    def _anrop(self, sida: str, metod: str, adress: str, kropp: str | None, status: int) -> Svar:
        borjan = time.perf_counter()
        try:
            svar = self._fraga(metod, adress, kropp)
        except (OSError, http.client.HTTPException):
            svar = Svar(0, "", "")
        sekunder = time.perf_counter() - borjan
        fel = _fel(svar, status)
        self.matning.anrop.append(Anrop(sida, time.monotonic(), sekunder, fel))
        if svar.status not in {0, status, *NERE}:
            raise Ovantat(f"{sida}: {fel}")
        if metod == "GET" and not fel:
            self.sida = adress
        return svar

    def _fraga(self, metod: str, adress: str, kropp: str | None) -> Svar:
        huvuden = {
            "Accept-Encoding": "gzip",
            "Cookie": "; ".join(f"{namn}={varde}" for namn, varde in self.kakor.items()),
            "Referer": f"http://127.0.0.1:{self.port}{self.sida}",
        }
        if kropp is not None:
            huvuden |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://127.0.0.1:{self.port}",
            }
        forbindelse = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LANGSTA_SVAR)
        try:
            forbindelse.request(metod, adress, kropp, huvuden)
            svar = forbindelse.getresponse()
            innehall = svar.read()
        finally:
            forbindelse.close()
        for rad in svar.headers.get_all("Set-Cookie") or []:
            for namn, kaka in SimpleCookie(rad).items():
                self.kakor[namn] = kaka.value
        if svar.headers.get("Content-Encoding") == "gzip":
            innehall = gzip.decompress(innehall)
        ar_text = "text/html" in svar.headers.get("Content-Type", "")
        text = innehall.decode() if ar_text else innehall[:4].decode("latin-1")
        return Svar(svar.status, svar.headers.get("Location", ""), text)


def _varden(form: Any) -> Iterator[tuple[str, str]]:
    for ett in form.xpath(".//input[@name] | .//select[@name] | .//textarea[@name]"):
        sort = ett.get("type", "")
        if sort in {"submit", "button", "file"} or ett.get("disabled") is not None:
            continue
        if sort in {"radio", "checkbox"}:
            if ett.get("checked") is not None:
                yield ett.name, ett.get("value", "on")
        elif isinstance(ett.value, str):
            yield ett.name, ett.value


def _fel(svar: Svar, status: int) -> str:
    """Vad som är fel med svaret; tomt om det är det väntade."""
    if svar.status == 0:
        return AVBRUTEN
    if svar.status == 302 and svar.adress.startswith("/logga-in/"):
        return "oväntat: utloggad"
    if svar.status == status:
        return ""
    if svar.status == 500 and FELSIDAN not in svar.text:
        return "oväntat: 500 utan sidan som säger vad man gör"
    return NERE.get(svar.status, f"oväntat: {svar.status} {_besked(svar)}")


def _besked(svar: Svar) -> str:
    """Felen på en sida, kort. Inget av det inskrivna."""
    if not svar.text.strip().startswith("<"):
        return ""
    texter = html.fromstring(svar.text).xpath("//*[contains(@class, 'error')]//text() | //h1/text()")
    return " ".join(" ".join(str(text) for text in texter).split())[:300]

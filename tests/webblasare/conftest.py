"""Webbläsartesten: systemets Chromium mot SUS på en egen databas, utan nät utanför den egna datorn.

Varje sida vakas: ett fel i konsolen, en överträdelse av innehållspolicyn, ett svar över 499, en fil som saknas eller
en begäran till en annan värd gör att testet faller.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect

from behorighet.models import Anvandare
from tests.webblasare.varld import Varld, skapa

SAKNAS = "Chromium saknas. Installera med: sudo apt-get install -y chromium"
# ms. Väl tilltaget: på en upptagen maskin ska testen vänta, inte falla.
VANTETID = 30_000
expect.set_options(timeout=VANTETID)
BRED, SMAL = (1280, 900), (390, 844)


@pytest.fixture(scope="session", autouse=True)
def _django_i_playwrights_slinga() -> Iterator[None]:
    """Playwright håller en händelseslinga öppen i tråden, och Django vägrar då databasen om inget annat sägs."""
    with pytest.MonkeyPatch.context() as miljo:
        miljo.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Systemets Chromium. `SUS_CHROMIUM` pekar ut en annan."""
    namn = (os.environ.get("SUS_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    program = next((sokvag for ett in namn if ett and (sokvag := shutil.which(ett))), None)
    if not program:
        pytest.fail(SAKNAS)
    return {
        "executable_path": program,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-quic",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ],
    }


@dataclass
class Vakt:
    """Det som inte får hända på en sida, och alla begäranden som gjorts."""

    adress: str
    fel: list[str] = field(default_factory=list)
    begaranden: list[Request] = field(default_factory=list)

    def bevaka(self, context: BrowserContext) -> None:
        """Lyssnar på allt som sidorna i fönstret gör."""
        context.on("request", self._begaran)
        context.on("response", self._svar)
        context.on("console", lambda rad: self._konsol(rad.type, rad.text))
        context.on("weberror", lambda fel: self.fel.append(f"skriptfel: {fel.error}"))

    def _begaran(self, begaran: Request) -> None:
        self.begaranden.append(begaran)
        if begaran.url.startswith(("http:", "https:", "ws")) and not begaran.url.startswith(self.adress):
            self.fel.append(f"begäran utanför datorn: {begaran.url}")

    def _svar(self, svar: Response) -> None:
        # En sida får vara 403 eller 404; det som sidan hämtar ska alltid finnas.
        if svar.status >= (500 if svar.request.resource_type == "document" else 400):
            self.fel.append(f"{svar.status} för {urlsplit(svar.url).path}")

    def _konsol(self, slag: str, text: str) -> None:
        if slag == "error" and not text.startswith("Failed to load resource"):
            self.fel.append(f"konsolen: {text}")


@dataclass
class Oppnare:
    """Öppnar fönster i webbläsaren; alla stängs och kontrolleras efter testet."""

    browser: Browser
    adress: str
    vakter: list[tuple[BrowserContext, Vakt]] = field(default_factory=list)

    def __call__(
        self,
        anvandare: Anvandare | None = None,
        *,
        matt: tuple[int, int] = BRED,
        skript: bool = True,
        morkt: bool = False,
    ) -> Page:
        """En ny sida i ett eget fönster, inloggad som `anvandare` om en ges."""
        context = self.fonster(matt=matt, skript=skript, morkt=morkt)
        if anvandare:
            self.logga_in(context, anvandare)
        return context.new_page()

    def fonster(self, *, matt: tuple[int, int] = BRED, skript: bool = True, morkt: bool = False) -> BrowserContext:
        """Ett nytt fönster, bevakat."""
        context = self.browser.new_context(
            base_url=self.adress,
            viewport={"width": matt[0], "height": matt[1]},
            locale="sv-SE",
            timezone_id="Europe/Stockholm",
            java_script_enabled=skript,
            color_scheme="dark" if morkt else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(VANTETID)
        vakt = Vakt(self.adress)
        vakt.bevaka(context)
        self.vakter.append((context, vakt))
        return context

    def logga_in(self, context: BrowserContext, anvandare: Anvandare) -> None:
        """En session utan att gå genom inloggningssidan."""
        klient = Client()
        klient.force_login(anvandare)
        kaka = klient.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": kaka.key, "value": kaka.value, "url": self.adress, "httpOnly": True}])

    def vakt(self, sida: Page) -> Vakt:
        """Vakten för sidans fönster."""
        return next(vakt for context, vakt in self.vakter if context == sida.context)

    def stang(self) -> list[str]:
        """Stänger fönstren och returnerar felen."""
        for context, _ in self.vakter:
            context.close()
        return [fel for _, vakt in self.vakter for fel in vakt.fel]


@dataclass
class Delade:
    """Ett fönster för varje konto, som modulens test delar: formatmallar och skript hämtas då en gång."""

    oppnare: Oppnare
    fonster: dict[str, BrowserContext] = field(default_factory=dict)

    def __call__(self, anvandare: Anvandare | None = None) -> Page:
        """En ny sida i kontots fönster, med en ny session."""
        namn = anvandare.username if anvandare else ""
        if namn not in self.fonster:
            self.fonster[namn] = self.oppnare.fonster()
        context = self.fonster[namn]
        context.clear_cookies()
        if anvandare:
            self.oppnare.logga_in(context, anvandare)
        return context.new_page()

    def stada(self) -> list[str]:
        """Stänger sidorna, glömmer det de har sparat i webbläsaren och returnerar felen."""
        for context, _ in self.oppnare.vakter:
            for sida in context.pages:
                if sida.url.startswith(self.oppnare.adress):
                    sida.evaluate("localStorage.clear()")
                sida.close()
        fel = [fel for _, vakt in self.oppnare.vakter for fel in vakt.fel]
        for _, vakt in self.oppnare.vakter:
            vakt.fel.clear()
            vakt.begaranden.clear()
        return fel


@pytest.fixture(scope="module")
def _delade(browser: Browser, webbserver_modul: str) -> Iterator[Delade]:
    delade = Delade(Oppnare(browser, webbserver_modul))
    yield delade
    assert delade.oppnare.stang() == []


@pytest.fixture
def oppna_delat(_delade: Delade) -> Iterator[Callable[..., Page]]:
    """`oppna_delat(anvandare)` ger en sida, bred och ljus, i ett fönster som modulens test delar."""
    yield _delade
    assert _delade.stada() == []


@pytest.fixture
def oppna(browser: Browser, webbserver_modul: str) -> Iterator[Callable[..., Page]]:
    """`oppna(anvandare, matt=SMAL, skript=False, morkt=True)` ger en sida."""
    oppnare = Oppnare(browser, webbserver_modul)
    yield oppnare
    assert oppnare.stang() == []


@pytest.fixture(scope="module")
def varld(webbserver_modul: str) -> Varld:
    """Organisationer, insatser och konton, gemensamma för modulen."""
    return skapa()

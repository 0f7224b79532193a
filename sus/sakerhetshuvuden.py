"""Säkerhetshuvuden på varje svar, och sessionens längd (P5, P23)."""

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
RATTIGHETER: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
HAMTAR_SJALV: Final = "framsteg"  # delen av en sida som hämtar sig själv: den är ingen aktivitet av användaren
FORLANG_EFTER: Final = 60  # sekunder; en skrivning i minuten i stället för en per anrop


@sync_only_middleware
def sakerhetshuvuden(svara: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: innehållspolicy (CSP) och rättighetspolicy på alla svar.

    Ytterst, så att också felsidor, statiska filer och omledningen till HTTPS får dem.
    """

    def mellan(request: HttpRequest) -> HttpResponse:
        svar = svara(request)
        svar.headers.setdefault("Content-Security-Policy", CSP)
        svar.headers.setdefault("Permissions-Policy", RATTIGHETER)
        return svar

    return mellan


@sync_only_middleware
def inloggad(svara: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware för sidorna: de lagras aldrig, sessionen lever 30 minuter efter senaste anrop, utloggning tömmer."""

    def mellan(request: HttpRequest) -> HttpResponse:
        # Utan sessionskaka frågas inte efter användaren: öppna sidor ska kosta noll frågor.
        var_inloggad = settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
        if var_inloggad and request.headers.get("HX-Trigger") != HAMTAR_SJALV:
            _forlang(request)
        svar = svara(request)
        svar.headers.setdefault("Cache-Control", "no-store")
        if var_inloggad and not request.user.is_authenticated:
            svar.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
        return svar

    return mellan


def _forlang(request: HttpRequest) -> None:
    nu = int(time.time())
    if nu - int(request.session.get("aktiv", 0)) >= FORLANG_EFTER:
        request.session["aktiv"] = nu

"""Inloggningen, och vad som händer med ett formulär som skickas av den som blivit utloggad (P15).

Det inskickade följer med genom inloggningen, krypterat, och skickas igen när användaren säger till. Det sparas
ingenstans: det finns bara på de två sidorna, som webbläsaren inte lagrar. Bara den som formuläret visades för får
tillbaka det (P7).
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.csrf import csrf_failure

from behorighet.forms import LoggaInForm
from behorighet.kontext import FALT, visades_for

SALT: Final = "behorighet.inskickat"
GILTIGT: Final = 3600  # sekunder från det att formuläret skickades


@login_not_required
def logga_in(request: HttpRequest) -> HttpResponseBase:
    """Inloggningssidan. Den som loggar in med ett formulär på väg kommer tillbaka till det."""
    svar = LoginView.as_view(
        template_name="registration/logga_in.html",
        authentication_form=LoggaInForm,
        redirect_authenticated_user=True,
    )(request)
    inskickat = _las(request.POST.get("inskickat", ""))
    if inskickat and request.user.is_authenticated:
        if _ar_for(request, inskickat):
            return _visa_inskickat(request, inskickat, rubrik="Du är inloggad igen")
        messages.warning(request, "Formuläret som inte sparades var någon annans och visas inte.")
    return svar


class KravInloggning(LoginRequiredMiddleware):
    """Som Djangos, men tappar inte det som skickas: inloggningssidan visas som svar, med det inskickade i sig."""

    def handle_no_permission(  # type: ignore[override]  # Django lovar bara en omledning
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Leder till inloggningen. Ett htmx-anrop leds också dit, och sus.js säger vad som hänt."""
        if request.method == "POST" and "HX-Request" not in request.headers:
            return _be_om_inloggning(request)
        return super().handle_no_permission(request, view_func)


def csrf_fel(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Formulärets skyddstoken är för gammal: användaren har loggat ut eller in i en annan flik.

    Bara när webbläsaren intygar att formuläret kommer från SUS får det följa med, annars är det Djangos nej.
    """
    vy = request.resolver_match.func if request.resolver_match else None
    if request.headers.get("Sec-Fetch-Site") != "same-origin" or not getattr(vy, "login_required", True):
        return csrf_failure(request, reason)
    if "HX-Request" in request.headers:
        return csrf_failure(request, reason)
    if not request.user.is_authenticated:
        return _be_om_inloggning(request)
    inskickat = _inskickat(request)
    if not _ar_for(request, inskickat):
        return csrf_failure(request, reason)
    return _visa_inskickat(request, inskickat, rubrik="Sidan har blivit för gammal")


def _inskickat(request: HttpRequest) -> dict[str, Any]:
    bort = {"csrfmiddlewaretoken", FALT}
    falt = [(namn, varden) for namn, varden in request.POST.lists() if namn not in bort]
    return {"till": request.get_full_path(), "vem": request.POST.get(FALT, ""), "falt": falt}


def _ar_for(request: HttpRequest, inskickat: dict[str, Any]) -> bool:
    return request.user.pk is not None and visades_for(inskickat["vem"], request.user.pk)


def _las(text: str) -> dict[str, Any] | None:
    try:
        inskickat: dict[str, Any] = json.loads(_nyckel().decrypt(text.encode(), ttl=GILTIGT))
    except InvalidToken:
        return None
    return inskickat


def _nyckel() -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(f"{SALT}{settings.SECRET_KEY}".encode()).digest()))


def _be_om_inloggning(request: HttpRequest) -> HttpResponse:
    text = _nyckel().encrypt(json.dumps(_inskickat(request)).encode()).decode()
    form = LoggaInForm(request, initial={"inskickat": text})
    return render(request, "registration/logga_in.html", {"form": form, "inskickat": True}, status=403)


def _visa_inskickat(request: HttpRequest, inskickat: dict[str, Any], *, rubrik: str) -> HttpResponse:
    falt = [(namn, varde) for namn, varden in inskickat["falt"] for varde in varden]
    return render(request, "registration/skicka_igen.html", {"rubrik": rubrik, "till": inskickat["till"], "falt": falt})

"""Inloggningen, och vad som händer med ett formulär som skickas av den som blivit utloggad (P15).

Det inskickade följer med genom inloggningen, signerat, och skickas igen när användaren säger till. Det sparas
ingenstans: det finns bara på de två sidorna, som webbläsaren inte lagrar.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import LoginView
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.csrf import csrf_failure

from behorighet.forms import LoggaInForm

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
        return _visa_inskickat(request, inskickat, rubrik="Du är inloggad igen")
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
    return _visa_inskickat(request, _inskickat(request), rubrik="Sidan har blivit för gammal")


def _inskickat(request: HttpRequest) -> dict[str, Any]:
    falt = [(namn, varden) for namn, varden in request.POST.lists() if namn != "csrfmiddlewaretoken"]
    return {"till": request.get_full_path(), "falt": falt}


def _las(text: str) -> dict[str, Any] | None:
    try:
        inskickat: dict[str, Any] = signing.loads(text, salt=SALT, max_age=GILTIGT)
    except signing.BadSignature:
        return None
    return inskickat


def _be_om_inloggning(request: HttpRequest) -> HttpResponse:
    text = signing.dumps(_inskickat(request), salt=SALT, compress=True)
    form = LoggaInForm(request, initial={"inskickat": text})
    return render(request, "registration/logga_in.html", {"form": form, "inskickat": True}, status=403)


def _visa_inskickat(request: HttpRequest, inskickat: dict[str, Any], *, rubrik: str) -> HttpResponse:
    falt = [(namn, varde) for namn, varden in inskickat["falt"] for varde in varden]
    return render(request, "registration/skicka_igen.html", {"rubrik": rubrik, "till": inskickat["till"], "falt": falt})

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

from allauth.account.internal.flows.login import clear_authentication_records, perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from behorighet import tva_steg
from behorighet.adapter import AndraSteget
from behorighet.forms import AndraStegetForm, LoggaInForm
from behorighet.kontext import FALT, visades_for
from behorighet.models import Anvandare

SALT: Final = "behorighet.inskickat"
GILTIGT: Final = 3600  # sekunder från det att formuläret skickades
SEDAN: Final = "tva_steg_sedan"  # i sessionen: sidan som den som saknade ett andra steg var på väg till


@login_not_required
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def logga_in(request: HttpRequest) -> HttpResponseBase:
    """Inloggningssidan. Den som loggar in med ett formulär på väg kommer tillbaka till det."""
    if request.user.is_authenticated:
        return _vidare(request, redirect(nasta(request)))
    form = LoggaInForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        konto = form.get_user()
        return _vidare(request, genom_stegen(request, konto, "password", nasta=nasta(request)))
    return _inloggningssida(request, form)


def genom_stegen(request: HttpRequest, konto: Any, metod: str, *, nasta: str, **om: Any) -> HttpResponseBase:
    """Tar kontot vidare genom allauths steg, när lösenordet eller e-legitimationen är prövad.

    `om` antecknas i sessionen om metoden.
    """
    clear_authentication_records(request)
    record_authentication(request, konto, metod, **om)
    steg = Login(user=konto, redirect_url=nasta, state={"konto": konto.get_session_auth_hash()})
    svar: HttpResponseBase = perform_login(request, steg)
    return svar


@login_not_required
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def andra_steget(request: HttpRequest) -> HttpResponseBase:
    """Det andra steget: en kod, en reservkod eller en säkerhetsnyckel. Den som dröjt för länge börjar om."""
    if request.user.is_authenticated:
        return _vidare(request, redirect("start"))
    steg = _pa_vag(request)
    if steg is None:
        inskickat = request.POST.get("inskickat", "")
        return _inloggningssida(request, LoggaInForm(request, initial={"inskickat": inskickat}))
    konto = steg.login.user
    form = AndraStegetForm(request.POST or None, konto=konto, nyckel=tva_steg.har_nyckel(konto))
    if form.is_bound and form.is_valid() and form.steg:
        tva_steg.gick_igenom(request, form.steg)
        return _vidare(request, steg.exit())
    return _visa_andra_steget(request, konto, form)


def _pa_vag(request: HttpRequest) -> LoginStage | None:
    """Inloggningen som väntar på det andra steget, om kontot är oförändrat sedan det första."""
    steg = LoginStageController.enter(request, AndraSteget.key)
    if steg is None or not steg.login.user or not steg.login.user.is_active:
        return None
    da = str(steg.login.state.get("konto", ""))
    return steg if constant_time_compare(da, steg.login.user.get_session_auth_hash()) else None


def _visa_andra_steget(request: HttpRequest, konto: Anvandare, form: AndraStegetForm) -> HttpResponse:
    if tva_steg.har_nyckel(konto):
        form.erbjud_nyckel(tva_steg.utmaning(konto), gor="get")
    return render(request, "registration/andra_steget.html", {"form": form})


def _inloggningssida(request: HttpRequest, form: LoggaInForm) -> HttpResponse:
    eid = f"{reverse('eid')}?{request.GET.urlencode()}".rstrip("?") if settings.OIDC else ""
    sammanhang = {"form": form, "eid": eid, "eid_namn": settings.OIDC.get("namn", "")}
    return render(request, "registration/logga_in.html", {**sammanhang, "inskickat": form["inskickat"].value()})


def nasta(request: HttpRequest) -> str:
    """Sidan som användaren var på väg till, om den är i SUS; annars startsidan."""
    adress = request.POST.get("next", request.GET.get("next", ""))
    inom = url_has_allowed_host_and_scheme(
        adress, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return adress if inom else reverse("start")


def _vidare(request: HttpRequest, svar: HttpResponseBase) -> HttpResponseBase:
    """Svaret på inloggningens steg, eller det inskickade: vidare till nästa steg eller tillbaka till sin användare."""
    text = request.POST.get("inskickat", "")
    inskickat = _las(text)
    if not inskickat:
        return svar
    if not request.user.is_authenticated:
        steg = _pa_vag(request)
        if steg is None:
            return svar
        konto = steg.login.user
        form = AndraStegetForm(konto=konto, nyckel=tva_steg.har_nyckel(konto), initial={"inskickat": text})
        return _visa_andra_steget(request, konto, form)
    if _ar_for(request, inskickat):
        return _visa_inskickat(request, inskickat, rubrik="Du är inloggad igen")
    messages.warning(request, "Formuläret som inte sparades var någon annans och visas inte.")
    return svar


class KravInloggning(LoginRequiredMiddleware):
    """Som Djangos, men tappar inte det som skickas: inloggningssidan visas som svar, med det inskickade i sig.

    Den som är inloggad med en roll som kräver ett andra steg når inget annat innan det är gjort (P5).
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """None när vyn får köras, annars svaret i dess ställe."""
        svar: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if svar is not None or not request.user.is_authenticated or not getattr(view_func, "login_required", True):
            return svar
        if getattr(view_func, "far_utan_tva_steg", False) or not tva_steg.saknas(request):
            return None
        return _be_om_tva_steg(request)

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
    fran_sus = request.headers.get("Sec-Fetch-Site") == "same-origin"
    vy = request.resolver_match
    if vy and vy.view_name == "logga_in" and fran_sus and request.user.is_authenticated:
        # Loggade in i en annan flik (e-legitimation): det inskickade är krypterat av SUS och bundet till användaren.
        return _vidare(request, csrf_failure(request, reason))
    if not fran_sus or not getattr(vy and vy.func, "login_required", True):
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
    svar = _inloggningssida(request, LoggaInForm(request, initial={"inskickat": text}))
    svar.status_code = 403
    return svar


def _be_om_tva_steg(request: HttpRequest) -> HttpResponse:
    """Leder till *Tvåstegsinloggning*, och sedan tillbaka. Det som skickades följer med på en sida som är kvar."""
    if request.method == "POST" and "HX-Request" not in request.headers:
        inskickat = _inskickat(request)
        if _ar_for(request, inskickat):
            svar = _visa_inskickat(request, inskickat, rubrik="Du behöver tvåstegsinloggning", steg=True)
            svar.status_code = 403
            return svar
    if request.method == "GET" and "HX-Request" not in request.headers:
        request.session[SEDAN] = request.get_full_path()
    return redirect("tva_steg")


def _visa_inskickat(
    request: HttpRequest, inskickat: dict[str, Any], *, rubrik: str, steg: bool = False
) -> HttpResponse:
    falt = [(namn, varde) for namn, varden in inskickat["falt"] for varde in varden]
    sammanhang = {"rubrik": rubrik, "till": inskickat["till"], "falt": falt, "steg": steg}
    if steg:
        sammanhang["meny"] = ()  # inget i den går att nå än
    return render(request, "registration/skicka_igen.html", sammanhang)

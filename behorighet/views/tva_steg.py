"""Tvåstegsinloggning under Konto: sätten, reservkoderna och att bekräfta vem man är (P5)."""

from base64 import b64encode
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec
from urllib.parse import urlencode

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from behorighet import hemligheter, tva_steg
from behorighet.forms import AppForm, BekraftaForm, NyckelForm, NyckelnamnForm
from behorighet.skydd import Begaran
from behorighet.tva_steg import far_utan_tva_steg
from behorighet.views.inloggning import SEDAN, nasta
from fkui.fel import visa_fel

NY_APP: Final = "tva_steg_ny_app"  # i sessionen: den krypterade hemligheten, tills appen är kopplad
VISA_KODER: Final = "visa_reservkoder"  # i sessionen: koderna ska visas en gång

P = ParamSpec("P")


def bekraftad(vy: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Den som ändrar sätten ska nyss ha loggat in eller bekräftat, så att en lämnad skärm inte räcker."""

    @wraps(vy)
    def bekraftas(request: Begaran, *args: Any, **kwargs: Any) -> HttpResponse:
        if tva_steg.nyligen_bekraftad(request):
            return vy(request, *args, **kwargs)
        return redirect(f"{reverse('bekrafta')}?{urlencode({'next': request.path})}")

    return bekraftas


@never_cache
@require_safe
@far_utan_tva_steg
def oversikt(request: Begaran) -> HttpResponse:
    """Kontots sätt, och varför den som leddes hit behöver ett."""
    konto = request.user
    saknas = tva_steg.saknas(request)
    if saknas and tva_steg.har(konto):
        return redirect(f"{reverse('bekrafta')}?{urlencode({'next': request.session.pop(SEDAN, '/')})}")
    satten = list(tva_steg.satten(konto))
    sammanhang = {
        "appen": next((ett for ett in satten if ett.type == tva_steg.APP), None),
        "nycklar": [ett.wrap() for ett in satten if ett.type == tva_steg.NYCKEL],
        "har": bool(satten),
        "antal_koder": tva_steg.antal_reservkoder(konto),
        "kravs": settings.TVA_STEG and konto.kraver_tva_steg,
        "saknas": saknas,
        "sedan": "" if saknas else request.session.get(SEDAN, ""),
        **({"meny": ()} if saknas else {}),
    }
    return render(request, "konto/tva_steg.html", sammanhang)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
def bekrafta(request: Begaran) -> HttpResponse:
    """Bekräfta att det är du: med andra steget om kontot har ett, annars lösenordet, annars e-legitimation."""
    konto = request.user
    med_steg, nyckel = tva_steg.har(konto), tva_steg.har_nyckel(konto)
    bara_eid = not med_steg and tva_steg.har_eid(konto)
    form = BekraftaForm(None if bara_eid else request.POST or None, konto=konto, med_steg=med_steg, nyckel=nyckel)
    if form.is_bound and form.is_valid():
        if form.steg:
            tva_steg.gick_igenom(request, form.steg)
        else:
            record_authentication(request, konto, "password")
        request.session.cycle_key()
        return redirect(nasta(request))
    if nyckel:
        form.erbjud_nyckel(tva_steg.utmaning(konto), gor="get")
    eid = f"{reverse('eid')}?{urlencode({'next': nasta(request)})}" if settings.OIDC and not med_steg else ""
    losenord = konto.has_usable_password() and not bara_eid
    sammanhang = {
        "form": form,
        "med_steg": med_steg,
        "losenord": losenord,
        "eid": eid,
    }
    return _sida(request, "konto/bekrafta.html", sammanhang)


@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
@bekraftad
def app(request: Begaran) -> HttpResponse:
    """Lägg till eller byt autentiseringsapp. Hemligheten väntar krypterad i sessionen tills koden är rätt."""
    form = AppForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or NY_APP not in request.session:
        request.session[NY_APP] = hemligheter.kryptera(generate_totp_secret())
    hemlighet = hemligheter.dekryptera(request.session[NY_APP])
    if form.is_bound and form.is_valid():
        nya_koder = not tva_steg.antal_reservkoder(request.user)
        try:
            steg = tva_steg.lagg_till_app(hemlighet=hemlighet, kod=form.cleaned_data["kod"], av=request.user)
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            del request.session[NY_APP]
            return _tillagt(request, steg, "Autentiseringsappen är tillagd.", nya_koder=nya_koder)
    adapter = get_adapter()
    adress = adapter.build_totp_url(request.user, hemlighet)
    bild = b64encode(adapter.build_totp_svg(adress).encode()).decode()
    fyrtal = " ".join(hemlighet[plats : plats + 4] for plats in range(0, len(hemlighet), 4))
    sammanhang = {"form": form, "bild": bild, "hemlighet": fyrtal, "adress": adress}
    return _sida(request, "konto/app.html", sammanhang)


@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
@bekraftad
def nyckel(request: Begaran) -> HttpResponse:
    """Lägg till en säkerhetsnyckel eller passkey."""
    form = NyckelForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data, nya_koder = form.cleaned_data, not tva_steg.antal_reservkoder(request.user)
        try:
            steg = tva_steg.lagg_till_nyckel(namn=data["namn"], svar=data["svar"], av=request.user)
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return _tillagt(request, steg, "Säkerhetsnyckeln är tillagd.", nya_koder=nya_koder)
    form.erbjud_nyckel(tva_steg.utmaning(request.user, ny=True), gor="create")
    return _sida(request, "konto/nyckel.html", {"form": form})


def _tillagt(request: Begaran, steg: Authenticator, text: str, *, nya_koder: bool) -> HttpResponse:
    """Sessionen lever vidare och har därmed ett andra steg. Reservkoder som skapades på köpet visas."""
    update_session_auth_hash(request, request.user)
    tva_steg.gick_igenom(request, steg)
    messages.success(request, f"{text} Du är utloggad överallt utom här.")
    if not nya_koder:
        return redirect("tva_steg")
    request.session[VISA_KODER] = True
    return redirect("reservkoder")


@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
@bekraftad
def namn(request: Begaran, pk: int) -> HttpResponse:
    """Byt namn på en säkerhetsnyckel."""
    nyckel = get_object_or_404(tva_steg.satten(request.user), pk=pk, type=tva_steg.NYCKEL)
    form = NyckelnamnForm(request.POST or None, initial={"namn": nyckel.wrap().name})
    if form.is_bound and form.is_valid():
        tva_steg.byt_namn(nyckel=nyckel, namn=form.cleaned_data["namn"], av=request.user)
        messages.success(request, "Nyckeln har fått ett nytt namn.")
        return redirect("tva_steg")
    return _sida(request, "konto/nyckelnamn.html", {"form": form})


@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
@bekraftad
def ta_bort(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort ett sätt. Det sista går inte att ta bort så länge en roll kräver det."""
    steg = get_object_or_404(tva_steg.satten(request.user), pk=pk)
    fel = ""
    if request.method == "POST":
        try:
            tva_steg.ta_bort(steg=steg, av=request.user)
        except ValidationError as nej:
            fel = nej.messages[0]
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, "Borttaget. Du är utloggad överallt utom här.")
            return redirect("tva_steg")
    return _sida(request, "konto/ta_bort.html", {"steg": steg, "app": steg.type == tva_steg.APP, "fel": fel})


@never_cache
@require_safe
@far_utan_tva_steg
@bekraftad
def reservkoder(request: Begaran) -> HttpResponse:
    """Reservkoderna, en enda gång efter att de skapats, att skriva ut eller hämta."""
    koder = tva_steg.reservkoder(request.user) if request.session.pop(VISA_KODER, False) else []
    text = "\n".join(["Reservkoder till SUS. Varje kod går att använda en gång.", "", *koder, ""])
    fil = b64encode(text.encode()).decode() if koder else ""
    sedan = request.session.pop(SEDAN, reverse("tva_steg")) if koder else reverse("tva_steg")
    return _sida(request, "konto/reservkoder.html", {"koder": koder, "fil": fil, "sedan": sedan})


@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
@bekraftad
def nya_reservkoder(request: Begaran) -> HttpResponse:
    """Nya reservkoder i stället för de gamla."""
    if not tva_steg.har(request.user):
        return redirect("tva_steg")
    if request.method == "POST":
        tva_steg.nya_reservkoder(av=request.user)
        request.session[VISA_KODER] = True
        return redirect("reservkoder")
    return _sida(request, "konto/nya_reservkoder.html", {})


def _sida(request: Begaran, mall: str, sammanhang: dict[str, Any]) -> HttpResponse:
    """Sidan. Menyn visas inte för den som inget når i den än."""
    utan = {"meny": ()} if tva_steg.saknas(request) else {}
    return render(request, mall, {**sammanhang, **utan})

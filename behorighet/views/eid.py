"""Inloggning med e-legitimation: dit och tillbaka. Finns bara när en förmedlare är inställd."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from behorighet import eid
from behorighet.logg import logga
from behorighet.models import Handelse
from behorighet.views.inloggning import genom_stegen, nasta


@never_cache
@login_not_required
@require_safe
def till_eid(request: HttpRequest) -> HttpResponseBase:
    """Till förmedlaren. En länk och inte ett formulär: innehållspolicyn släpper inte formulär till andra värdar."""
    if not settings.OIDC:
        return redirect("logga_in")
    try:
        return eid.borja(request, nasta=nasta(request))
    except eid.EidFel as fel:
        return _nekad(request, fel)


@never_cache
@login_not_required
@require_safe
def eid_svar(request: HttpRequest) -> HttpResponseBase:
    """Tillbaka från förmedlaren: genom samma steg som efter ett lösenord."""
    if not settings.OIDC:
        return redirect("logga_in")
    try:
        legitimering = eid.ta_emot(request)
    except eid.EidFel as fel:
        if str(fel) != eid.FOR_GAMMAL:  # den som bara hämtar adressen fyller inte loggen
            logga(Handelse.Typ.INLOGGNING_MISSLYCKAD, av=None, satt="eid")
        return _nekad(request, fel)
    if request.user.is_authenticated and request.user != legitimering.konto:
        logout(request)
    return genom_stegen(request, legitimering.konto, "eid", nasta=legitimering.nasta, racker=legitimering.racker)


def _nekad(request: HttpRequest, fel: eid.EidFel) -> HttpResponse:
    return render(request, "registration/eid_fel.html", {"text": str(fel), "igen": nasta(request)}, status=403)

"""Engångslänken som en ny användare väljer lösenord med: visas en gång för den som beställde kontot.

Sessionen bär bara vilket konto det gäller. Adressen räknas ut när sidan visas och lagras ingenstans.
"""

from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from behorighet import tjanster
from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver

VISA_LANK: Final = "visa_lank"  # i sessionen: kontot vars länk ska visas en gång
VISA: Final = {Rattighet.BESTALLA_BEHORIGHET: "visa_lank", Rattighet.ADMINISTRERA_SYSTEMET: "visa_bestallares_lank"}
NY: Final = {Rattighet.BESTALLA_BEHORIGHET: "ny_lank", Rattighet.ADMINISTRERA_SYSTEMET: "ny_bestallares_lank"}


def visa_en_gang(request: Begaran, konto: Anvandare) -> str:
    """Skapar en engångslänk och returnerar adressen till sidan som visar den en gång."""
    tjanster.skapa_lank(anvandare=konto, av=request.user)
    request.session[VISA_LANK] = konto.pk
    return reverse(VISA[request.rattighet], args=[konto.pk])


@never_cache
@require_safe
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def visa_lank(request: Begaran, pk: int) -> HttpResponse:
    """Engångslänken till en i den egna organisationen."""
    return _visa(request, pk)


@never_cache
@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def visa_bestallares_lank(request: Begaran, pk: int) -> HttpResponse:
    """Engångslänken till en beställare."""
    return _visa(request, pk)


def _visa(request: Begaran, pk: int) -> HttpResponse:
    konto = get_object_or_404(Anvandare.objects.synliga_for(request.user, request.rattighet), pk=pk)
    lank = ""
    if request.session.get(VISA_LANK) == konto.pk:
        del request.session[VISA_LANK]
        lank = request.build_absolute_uri(tjanster.lank(konto))
    sammanhang = {"konto": konto, "lank": lank, "ny": reverse(NY[request.rattighet], args=[konto.pk])}
    return render(request, "behorighet/lank.html", {**sammanhang, **_ovanfor(request, konto)})


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def ny_lank(request: Begaran, pk: int) -> HttpResponse:
    """En ny engångslänk åt den som har tappat den förra eller glömt lösenordet."""
    return _ny(request, pk)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny_bestallares_lank(request: Begaran, pk: int) -> HttpResponse:
    """En ny engångslänk åt en beställare."""
    return _ny(request, pk)


def _ny(request: Begaran, pk: int) -> HttpResponse:
    konto = get_object_or_404(Anvandare.objects.synliga_for(request.user, request.rattighet), pk=pk)
    if not Anvandare.objects.kan_fa_lank_av(request.user, request.rattighet).filter(pk=pk).exists():
        raise PermissionDenied
    if request.method == "POST":
        return redirect(visa_en_gang(request, konto))
    return render(request, "behorighet/ny_lank.html", {"konto": konto, **_ovanfor(request, konto)})


def _ovanfor(request: Begaran, konto: Anvandare) -> dict[str, str]:
    if request.rattighet == Rattighet.ADMINISTRERA_SYSTEMET:
        return {"niva": konto.arbetsgivare.namn, "tillbaka": konto.arbetsgivare.get_absolute_url()}
    return {"niva": "Behörigheter", "tillbaka": reverse("behorigheter")}

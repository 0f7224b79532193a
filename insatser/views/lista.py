"""Listan av insatser, som sida och som arbetsbok för Excel, och tabellen över kategorier."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui import kalkyl
from insatser import kategorihjalp
from insatser.forms import Sokform
from insatser.models import Insats, InsatsQuerySet

RADER_PER_SIDA = 100


def _sokning(request: Begaran) -> tuple[Sokform, InsatsQuerySet]:
    form = Sokform(request.GET, anvandare=request.user, idag=timezone.localdate())
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    return form, form.urval(insatser)


@require_safe
@kraver(Rattighet.VISA_INSATSER)
@vary_on_headers("HX-Request")
def lista(request: Begaran) -> HttpResponse:
    """Alla insatser: sök, urval, sortering och kolumner i adressen, hundra på varje sida."""
    form, insatser = _sokning(request)
    sida = Paginator(insatser, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    kolumner = form.valda_kolumner
    return render(
        request,
        "insatser/_insats_rader.html" if request.htmx else "insatser/insats_lista.html",
        {
            "form": form,
            "sida": sida,
            "kolumner": kolumner,
            "rader": [(insats, [(kolumn, kolumn.varde(insats)) for kolumn in kolumner[1:]]) for insats in sida],
            "sortering": form.ordning,
            "sokt": form.har_urval,
            "idag": timezone.localdate(),
            "far_registrera": request.user.far(Rattighet.REGISTRERA_INSATS),
        },
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def export(request: Begaran) -> HttpResponse:
    """Listan som den visas, alla sidor, för Excel."""
    form, insatser = _sokning(request)
    kolumner = form.valda_kolumner
    innehall = kalkyl.arbetsbok(
        "Insatser",
        [(kolumn.rubrik, kolumn.bredd) for kolumn in kolumner],
        ([kolumn.varde(insats) for kolumn in kolumner] for insats in insatser),
    )
    filnamn = content_disposition_header(as_attachment=True, filename=f"insatser_{timezone.localdate()}.xlsx")
    return HttpResponse(
        innehall,
        content_type=kalkyl.INNEHALLSTYP,
        headers={"Content-Disposition": filnamn or "attachment", "Cache-Control": "no-store"},
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def kategorier(request: Begaran) -> HttpResponse:
    """Vad varje inriktning, preciserad inriktning och målgrupp är till för."""
    return render(
        request,
        "insatser/kategorier.html",
        {"former": kategorihjalp.alla(), "registrering": kategorihjalp.registreringssatten()},
    )

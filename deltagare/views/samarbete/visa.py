"""Visa deltagare för kontoren i Af/FK-samarbetet: vem som väntar, på vad och sedan när. Allt visat är loggat (P8)."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import samarbetslistor, tjanster
from deltagare.forms.samarbete.visa import Samarbetsurval
from deltagare.forms.visa import Exportform
from deltagare.listor import sidan
from deltagare.models import Samarbete, SamarbeteQuerySet
from deltagare.views.egna import egna_kontor, saknar
from deltagare.views.visa import filsvar
from insatser.models import Insats


def _nadda(request: Begaran, urval: Samarbetsurval) -> SamarbeteQuerySet:
    samarbeten = Samarbete.objects.synliga_for(request.user, request.rattighet)
    return urval.urval(samarbeten, idag=timezone.localdate())


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
@vary_on_headers("HX-Request")
def visa(request: Begaran) -> HttpResponse:
    """De som är eller har varit hos de egna kontoren, de som väntat längst först (R28)."""
    kontor = list(egna_kontor(request))
    form = Samarbetsurval(request.GET, kontor=kontor)
    samarbeten = _nadda(request, form)
    sida = sidan(samarbetslistor.ordnade(samarbeten, form.ordning), request.GET.get("sida"))
    rader = samarbetslistor.rader(samarbeten, sida.object_list, egna=kontor, idag=timezone.localdate())
    tjanster.logga_samarbetslista(samarbeten=[rad.samarbete for rad in rader], av=request.user)
    kontext = {
        "form": form,
        "saknar": saknar(request, kontor),
        "sida": sida,
        "rader": rader,
        "sortering": form.ordning,
        "rensad": reverse("samarbete:visa"),
    }
    return render(request, "samarbete/_visa_rader.html" if request.htmx else "samarbete/visa.html", kontext)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def export(request: Begaran) -> HttpResponse:
    """Listan som den visas, alla sidor, som Excel: först ändamålet, sedan filen."""
    kontor = list(egna_kontor(request))
    if not kontor:
        return redirect("samarbete:visa")
    urval = Samarbetsurval(request.GET, kontor=kontor)
    samarbeten = _nadda(request, urval)
    ordning = samarbetslistor.ordnade(samarbeten, urval.ordning)
    form = Exportform(
        request.POST if request.method == "POST" else None,
        urval=[*urval.som_text(), ("Antal", len(ordning))],
        avbryt=reverse("samarbete:visa", query=request.GET),
    )
    if form.is_bound and form.is_valid():
        return _fil(request, samarbeten, ordning, kontor, **form.cleaned_data)
    return render(request, "samarbete/visa_export.html", {"form": form})


def _fil(
    request: Begaran,
    samarbeten: SamarbeteQuerySet,
    ordning: list[int],
    kontor: list[Insats],
    *,
    andamal: str,
    personnummer: bool,
) -> HttpResponse:
    idag = timezone.localdate()
    rader = samarbetslistor.rader(samarbeten, ordning, egna=kontor, idag=idag, maskera=not personnummer)
    tjanster.logga_samarbetsexport(
        samarbeten=[rad.samarbete for rad in rader], andamal=andamal, personnummer=personnummer, av=request.user
    )
    celler = (samarbetslistor.celler(rad) for rad in rader)
    return filsvar(f"samarbeten_{idag}.xlsx", samarbetslistor.KOLUMNER, celler)

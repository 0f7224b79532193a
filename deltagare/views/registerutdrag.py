"""Registerutdrag för personen bakom ett deltagande eller samarbete (P13).

Varken adress, titel eller filnamn säger vem det är (P7).
"""

from collections.abc import Callable, Mapping
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from behorighet.takt import begransa, skickat
from deltagare.forms.registerutdrag import Utdragsform
from deltagare.models import Deltagande, Samarbete
from deltagare.registerutdrag import for_anvandare, inom_rackhall, samarbeten_inom_rackhall
from deltagare.utdrag import Registerutdrag, som_pdf
from fkui import pdf

SOM_FIL: Final[Mapping[str, tuple[str, Callable[[Registerutdrag], bytes]]]] = {
    "pdf": ("application/pdf", som_pdf),
    "json": ("application/json; charset=utf-8", Registerutdrag.som_json),
}


@begransa("registerutdrag", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def registerutdrag(request: Begaran, pk: int) -> HttpResponse:
    """Vad utdraget innehåller, och det som PDF eller JSON. Att det tas fram loggas först (P8)."""
    deltaganden = Deltagande.objects.synliga_for(request.user, request.rattighet).select_related("insats")
    ett = get_object_or_404(deltaganden, pk=pk)
    om = f"Inregistrerad {ett.inregistrering.isoformat()} i {ett.insats.namn}."
    return _svara(request, ett, om, reverse("deltagare:deltagande", args=[ett.pk]))


@begransa("registerutdrag", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def samarbetets(request: Begaran, pk: int) -> HttpResponse:
    """Som `registerutdrag`, för personen bakom ett Af/FK-samarbete."""
    samarbeten = Samarbete.objects.synliga_for(request.user, request.rattighet)
    ett = get_object_or_404(samarbeten.select_related("af_kontor", "fk_kontor"), pk=pk)
    om = f"Samarbete från {ett.borjan.isoformat()}, {ett.af_kontor.namn} och {ett.fk_kontor.namn}."
    return _svara(request, ett, om, reverse("samarbete:samarbete", args=[ett.pk]))


def _svara(request: Begaran, ett: Deltagande | Samarbete, om: str, tillbaka: str) -> HttpResponse:
    if request.method == "POST" and ett.avidentifierat:
        raise Http404
    form = Utdragsform(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _fil(request, ett, form.cleaned_data["format"])
    kontext = {
        "avidentifierat": ett.avidentifierat,
        "om": om,
        "form": form,
        "antal": inom_rackhall(ett, request.user).count() + samarbeten_inom_rackhall(ett, request.user).count(),
        "registreringen": tillbaka,
        "niva": "Samarbetet" if isinstance(ett, Samarbete) else "Registreringen",
    }
    return render(request, "deltagare/registerutdrag.html", kontext)


def _fil(request: Begaran, deltagande: Deltagande | Samarbete, format: str) -> HttpResponse:
    typ, rendera = SOM_FIL[format]
    utdrag = for_anvandare(deltagande=deltagande, format=format, av=request.user)
    try:
        innehall = rendera(utdrag)
    except pdf.PdfSaknas as fel:
        messages.error(request, str(fel))
        return redirect(request.path)
    filnamn = f'attachment; filename="registerutdrag.{format}"'
    return HttpResponse(
        innehall, content_type=typ, headers={"Content-Disposition": filnamn, "Cache-Control": "no-store"}
    )

"""Samtycken: registret per insats, och att flera markeras som arkiverade på en gång (R18)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import samarbetslistor, tjanster
from deltagare.forms.samtycken import Arkiveringsform, Samtyckesrad, Samtyckesurval
from deltagare.listor import sidan
from deltagare.models import Samarbete
from deltagare.views.egna import saknar
from deltagare.views.visa import insatserna, nadda, visade_rader
from fkui.fel import visa_fel
from insatser.models import Insats

VILLKORENS_FALT = {
    "samtycke_arkiverat_efter_samtycke": "arkiverat",
    "samarbetets_samtycke_arkiverat_efterat": "arkiverat",
}


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def samtycken(request: Begaran) -> HttpResponse:
    """Vem som har lämnat samtycke när, och om det är arkiverat."""
    insatser, vald = insatserna(request, kontor=True)
    urval = Samtyckesurval(request.GET, insatser=insatser, vald=vald)
    fel: ValidationError | None = None
    if request.method == "POST" and vald:
        form = Arkiveringsform(request.POST, rader=[], lista={})
        if form.is_valid():
            try:
                return redirect(en_gang(request, lambda: _arkivera(form, vald, urval, request)))
            except ValidationError as nej:
                fel = nej
    sida, rader = _kontorets(request, vald, urval) if vald and vald.ar_kontor else _insatsens(request, vald, urval)
    lista = {"sida": sida, "sortering": urval.ordning, "insats": vald}
    form = Arkiveringsform(request.POST if request.method == "POST" else None, rader=rader, lista=lista)
    if fel:
        form.is_valid()
        visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "urval": urval, "saknar": saknar(request, insatser), **lista}
    return render(request, "deltagare/samtycken.html", kontext)


def _insatsens(
    request: Begaran, insats: Insats | None, urval: Samtyckesurval
) -> tuple["Page[Any]", list[Samtyckesrad]]:
    """De som har ett samtycke och en identitet: utan identitet går det inte att säga vems det är."""
    valda = nadda(request, insats).raknas().filter(**_villkor(urval))
    sida, rader = visade_rader(request, valda, urval.ordning)
    return sida, [
        Samtyckesrad(ett, rad.namn, rad.nummer, ett.inregistrering, reverse("deltagare:deltagande", args=[ett.pk]))
        for rad in rader
        for ett in [rad.deltagande]
    ]


def _kontorets(request: Begaran, kontor: Insats, urval: Samtyckesurval) -> tuple["Page[Any]", list[Samtyckesrad]]:
    """Som för en insats, med samarbetena som är hos kontoret."""
    nadda_nu = Samarbete.objects.synliga_for(request.user, request.rattighet).hos(kontor)
    valda = nadda_nu.filter(**_villkor(urval))
    sida = sidan(
        samarbetslistor.ordnade(valda, urval.ordning.replace("inregistrering", "borjan")), request.GET.get("sida")
    )
    rader = samarbetslistor.rader(valda, sida.object_list, egna=[kontor], idag=timezone.localdate())
    tjanster.logga_samarbetslista(samarbeten=[rad.samarbete for rad in rader], av=request.user)
    return sida, [
        Samtyckesrad(ett, rad.namn, rad.nummer, ett.borjan, reverse("samarbete:samarbete", args=[ett.pk]))
        for rad in rader
        for ett in [rad.samarbete]
    ]


def _villkor(urval: Samtyckesurval) -> dict[str, Any]:
    med_samtycke: dict[str, Any] = {"samtycke__isnull": False, "avidentifierat": False}
    return med_samtycke if urval.alla else {**med_samtycke, "samtycke_arkiverat": None}


def _arkivera(form: Arkiveringsform, insats: Insats, urval: Samtyckesurval, request: Begaran) -> str:
    data = form.cleaned_data
    arkivera = tjanster.arkivera_samarbetens_samtycken if insats.ar_kontor else tjanster.arkivera_samtycken
    antal = arkivera(insats=insats, rader=data["rad"], arkiverat=data["arkiverat"], av=request.user)
    vad = "1 samtycke är markerat som arkiverat" if antal == 1 else f"{antal} samtycken är markerade som arkiverade"
    messages.success(request, f"{vad} {data['arkiverat'].isoformat()}.")
    return reverse("deltagare:samtycken", query={"insats": insats.pk, "visas": urval.data["visas"]})

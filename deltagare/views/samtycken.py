"""Samtycken: registret per insats, och att flera markeras som arkiverade på en gång (R18)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms.samtycken import Arkiveringsform, Samtyckesurval
from deltagare.models import DeltagandeQuerySet
from deltagare.views.egna import saknar
from deltagare.views.visa import insatserna, nadda, visade_rader
from fkui.fel import visa_fel
from insatser.models import Insats

VILLKORENS_FALT = {"samtycke_arkiverat_efter_samtycke": "arkiverat"}


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def samtycken(request: Begaran) -> HttpResponse:
    """Vem som har lämnat samtycke när, och om det är arkiverat."""
    insatser, vald = insatserna(request)
    urval = Samtyckesurval(request.GET, insatser=insatser, vald=vald)
    fel: ValidationError | None = None
    if request.method == "POST" and vald:
        form = Arkiveringsform(request.POST, rader=[], lista={})
        if form.is_valid():
            try:
                return redirect(en_gang(request, lambda: _arkivera(form, vald, urval, request)))
            except ValidationError as nej:
                fel = nej
    sida, rader = visade_rader(request, _de_som_visas(request, vald, urval), urval.ordning)
    lista = {"sida": sida, "sortering": urval.ordning, "insats": vald}
    form = Arkiveringsform(request.POST if request.method == "POST" else None, rader=rader, lista=lista)
    if fel:
        form.is_valid()
        visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "urval": urval, "saknar": saknar(request, insatser), **lista}
    return render(request, "deltagare/samtycken.html", kontext)


def _de_som_visas(request: Begaran, insats: Insats | None, urval: Samtyckesurval) -> DeltagandeQuerySet:
    """De som har ett samtycke och en identitet: utan identitet går det inte att säga vems det är."""
    med_samtycke = nadda(request, insats).raknas().filter(samtycke__isnull=False, avidentifierat=False)
    return med_samtycke if urval.alla else med_samtycke.filter(samtycke_arkiverat=None)


def _arkivera(form: Arkiveringsform, insats: Insats, urval: Samtyckesurval, request: Begaran) -> str:
    data = form.cleaned_data
    antal = tjanster.arkivera_samtycken(insats=insats, rader=data["rad"], arkiverat=data["arkiverat"], av=request.user)
    vad = "1 samtycke är markerat som arkiverat" if antal == 1 else f"{antal} samtycken är markerade som arkiverade"
    messages.success(request, f"{vad} {data['arkiverat'].isoformat()}.")
    return reverse("deltagare:samtycken", query={"insats": insats.pk, "visas": urval.data["visas"]})

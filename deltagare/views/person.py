"""Historik enskild deltagare: personens registreringar i alla egna insatser. Numret skickas alltid med POST (P7)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster, visning
from deltagare.forms.visa import Personform
from deltagare.tidslinje import tidslinjer
from deltagare.uppgifter import Kodverk


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def person(request: Begaran) -> HttpResponse:
    """Sökningen, och det den ger. Den som inte finns och den som finns hos andra får samma svar (P2)."""
    form = Personform(request.POST if request.method == "POST" else None)
    kontext: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        funna, samarbeten = tjanster.personens_registreringar(nummer=form.cleaned_data["personnummer"], av=request.user)
        texter = visning.Kodtexter()
        rader = [
            (ett, texter.en(Kodverk.AVSLUTNINGSANLEDNING, ett.avslutningsanledning) if ett.utregistrering else "")
            for ett in funna
        ]
        linjer = tidslinjer(samarbeten, idag=timezone.localdate())
        ett_av_dem = funna[0] if funna else samarbeten[0] if samarbeten else None
        identitet = ett_av_dem.person.identitet if ett_av_dem else None
        kontext |= {
            "sokt": True,
            "rader": rader,
            "samarbeten": [(ett, linjer[ett.pk]) for ett in samarbeten],
            "namn": identitet.namn() if identitet else "",
            "nummer": identitet.maskerat_personnummer() if identitet else "",
            "bytt": identitet is not None and not identitet.har_nummer(form.cleaned_data["personnummer"].nummer),
        }
    return render(request, "deltagare/person.html", kontext)

"""Registrera uppgifter: situationen direkt före samarbetet och efter det (R30)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare.forms.samarbete.uppgifter import RUBRIK, Uppgiftsform
from deltagare.models import Samarbete, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.tjanster.samarbetsuppgifter import INTE_AVSLUTAT, UTAN_IDENTITET, spara_uppgifter, tar_emot_uppgifter
from deltagare.views.deltagande import vem
from deltagare.views.samarbete.grund import Oppnat, adressen, att_andra, nadda
from fkui.fel import visa_fel

Tillfalle = Samarbetsuppgift.Tillfalle


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def uppgifter(request: Begaran, pk: int, tillfalle: str) -> HttpResponse:
    """Situationen vid tillfället. Avslutas samarbetet innan den före är given frågas båda på en gång."""
    if tillfalle not in Tillfalle.values:
        raise Http404
    oppnat = att_andra(request, pk)
    ett = oppnat.samarbete
    hinder = INTE_AVSLUTAT if tillfalle == Tillfalle.EFTER and ett.insatstyp != Insatstyp.AVSLUTAT else ""
    if not tar_emot_uppgifter(ett):
        hinder = UTAN_IDENTITET
    sparade = _sparade(ett)
    tillfallen = [Tillfalle(tillfalle)]
    bada = f"version_{Tillfalle.FORE}" in request.POST if request.method == "POST" else Tillfalle.FORE not in sparade
    if tillfalle == Tillfalle.EFTER and bada:
        tillfallen = [Tillfalle.FORE, Tillfalle.EFTER]
    form = Uppgiftsform(
        request.POST if request.method == "POST" else None,
        samarbete=ett,
        uppgifter=sparade,
        tillfallen=tillfallen,
        avbryt=adressen(ett),
    )
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _spara(request, oppnat, form)))
        except Krock as fel:
            nu = nadda(request).get(pk=ett.pk)
            form, skillnader = form.efter_krock(nu, _sparade(nu), fel)
            return _visa(request, nu, form, skillnader=skillnader)
        except ValidationError as fel:
            visa_fel(form, fel)
    return _visa(request, ett, form, hinder=hinder)


def _sparade(samarbete: Samarbete) -> dict[str, Samarbetsuppgift]:
    return {en.tillfalle: en for en in Samarbetsuppgift.objects.filter(samarbete=samarbete)}


def _spara(request: Begaran, oppnat: Oppnat, form: Uppgiftsform) -> str:
    givet = form.cleaned_data.get("initierad_av")
    andrade = spara_uppgifter(
        samarbete=oppnat.samarbete,
        uppgifter=form.att_spara(),
        initierad_av=Myndighet(givet) if givet else None,
        kontor_id=oppnat.kontor_for().pk,
        av=request.user,
    )
    messages.success(request, "Uppgifterna är sparade." if andrade else "Inget var ändrat.")
    return adressen(oppnat.samarbete)


def _visa(
    request: Begaran,
    ett: Samarbete,
    form: Uppgiftsform,
    *,
    hinder: str = "",
    skillnader: list[tuple[str, str, str]] | None = None,
) -> HttpResponse:
    rubrik = "Registrera uppgifter" if len(form.tillfallen) > 1 else RUBRIK[form.tillfallen[0]]
    kontext = {"samarbete": ett, "personen": vem(ett), "rubrik": rubrik, "form": form, "hinder": hinder}
    return render(request, "samarbete/uppgifter.html", {**kontext, "skillnader": skillnader or []})

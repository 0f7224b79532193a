"""Rätta en in- eller utregistrering, och utregistrera ett deltagande som man redan har framme."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from behorighet.inskick import dubbelklick
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster, visning
from deltagare.forms import RattaInregistrering, RattaUtregistrering
from deltagare.forms.fragor import Frageform
from deltagare.forms.rattelse import Rattelseform
from deltagare.models import Deltagande
from deltagare.tjanster.rattelse import FELREGISTRERAD
from deltagare.uppgifter import FELREGISTRERING
from deltagare.views.deltagande import deltagande_att_visa, nadda, varna, vem
from deltagare.views.egna import (
    inskrivet,
    spara_en_gang,
    utregistreringens_kvitto,
    visa_redan_utregistrerad,
)
from fkui.fel import visa_fel
from insatser.models import Insats, Tillfalle

Spara = Callable[[Rattelseform, Deltagande, Begaran], str]

INTE_UT = "Deltagaren är inte utregistrerad, så det finns ingen utregistrering att rätta."
REDAN_UT = "Deltagaren är redan utregistrerad. Välj Rätta utregistreringen om något är fel."


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def ratta(request: Begaran, pk: int) -> HttpResponse:
    """Rätta inregistreringen, eller med `?tillfalle=ut` utregistreringen."""
    ett = deltagande_att_visa(request, pk)
    if ett.felregistrerad:
        return _gar_inte(request, ett, "Rätta", FELREGISTRERAD)
    if request.GET.get("tillfalle") != "ut":
        return _visa(request, ett, RattaInregistrering, _ratta_in, "Rätta inregistreringen")
    if ett.utregistrering is None:
        return _gar_inte(request, ett, "Rätta utregistreringen", INTE_UT)
    return _visa(request, ett, RattaUtregistrering, _ratta_ut, "Rätta utregistreringen")


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def utregistrera(request: Begaran, pk: int) -> HttpResponse:
    """Utregistrera, med samma fält som på *Registrera deltagare*. Går också utan identitet."""
    ett = deltagande_att_visa(request, pk)
    if ett.utregistrering and "spara" in request.POST:
        return _redan_utregistrerad(request, ett)
    if ett.utregistrering:
        return _gar_inte(request, ett, "Utregistrera", REDAN_UT)
    return _visa(request, ett, RattaUtregistrering, _utregistrera, "Utregistrera")


@never_cache
@require_POST
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def fragor(request: Begaran, pk: int) -> HttpResponse:
    """De kompletterande frågorna för deltagandet och den ifyllda dagen, för htmx. Inga svar som är sparade."""
    ett = get_object_or_404(Deltagande.objects.synliga_for(request.user, request.rattighet), pk=pk)
    form = Frageform(
        initial={**inskrivet(request), "insats": ett.insats_id},
        insatser=Insats.objects.filter(pk=ett.insats_id),
        tillfalle=Tillfalle.UT if request.POST.get("registrering") == Tillfalle.UT else Tillfalle.IN,
        fritext=not ett.avidentifierat,
        gar_att_tomma=True,
    )
    return render(request, "deltagare/_fragor.html", {"form": form})


def _gar_inte(request: Begaran, ett: Deltagande, rubrik: str, hinder: str) -> HttpResponse:
    if (svar := dubbelklick(request)) is not None:
        return redirect(svar)
    kontext = {"deltagande": ett, "insats": ett.insats, "personen": vem(ett), "rubrik": rubrik, "hinder": hinder}
    return render(request, "deltagare/deltagande_ratta.html", kontext)


def _redan_utregistrerad(request: Begaran, ett: Deltagande) -> HttpResponse:
    """Det inskrivna, och att utregistreringen redan finns; det var kanske samma formulär som gjorde den."""
    if svar := dubbelklick(request):
        return redirect(svar)
    avbryt = reverse("deltagare:deltagande", args=[ett.pk])
    form = RattaUtregistrering(request.POST, deltagande=ett, svar=visning.svar_for(ett), avbryt=avbryt)
    form.is_valid()
    visa_redan_utregistrerad(form, ett)
    kontext = {"form": form, "deltagande": ett, "insats": ett.insats, "personen": vem(ett), "rubrik": "Utregistrera"}
    return render(request, "deltagare/deltagande_ratta.html", kontext)


def _visa(request: Begaran, ett: Deltagande, klass: type[Rattelseform], spara: Spara, rubrik: str) -> HttpResponse:
    svar, avbryt = visning.svar_for(ett), reverse("deltagare:deltagande", args=[ett.pk])
    skickat = request.method == "POST" and "uppdatera" not in request.POST
    initial = inskrivet(request) if request.method == "POST" and not skickat else None
    form = klass(request.POST if skickat else None, deltagande=ett, svar=svar, avbryt=avbryt, initial=initial)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(spara_en_gang(request, lambda: spara(form, ett, request)))
        except tjanster.RedanUtregistrerad:
            return _redan_utregistrerad(request, nadda(request).get(pk=ett.pk))
        except Krock as fel:
            ett = nadda(request).get(pk=ett.pk)
            form, skillnader = form.efter_krock(ett, visning.svar_for(ett), fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=form.villkorens_falt)
    kontext = {"form": form, "deltagande": ett, "insats": ett.insats, "personen": vem(ett)}
    return render(request, "deltagare/deltagande_ratta.html", {**kontext, "rubrik": rubrik, "skillnader": skillnader})


def _ratta_in(form: Rattelseform, ett: Deltagande, request: Begaran) -> str:
    data = form.cleaned_data
    andrade = tjanster.ratta_inregistrering(
        deltagande=ett,
        **{falt: data[falt] for falt in ("version", "inregistrering", "samtycke", "samtycke_arkiverat")},
        kommun=data.get("kommun"),
        stadsdel=data.get("stadsdel"),
        fore=form.svar(),
        svar=form.fragornas_svar(),
        lasta=form.sparade.values(),
        av=request.user,
    )
    messages.success(request, "Inregistreringen är rättad." if andrade else "Inget var ändrat.")
    if andrade:
        varna(request, ett, kommun=data.get("kommun"), inregistrering=data["inregistrering"])
    return reverse("deltagare:deltagande", args=[ett.pk])


def _ratta_ut(form: Rattelseform, ett: Deltagande, request: Begaran) -> str:
    andrade = tjanster.ratta_utregistrering(
        deltagande=ett,
        **{falt: form.cleaned_data[falt] for falt in ("version", "utregistrering", "avslutningsanledning")},
        efter=form.svar(),
        svar=form.fragornas_svar(),
        lasta=form.sparade.values(),
        av=request.user,
    )
    data, text = form.cleaned_data, "Utregistreringen är rättad." if andrade else "Inget var ändrat."
    if andrade and data["avslutningsanledning"] == FELREGISTRERING:
        text = utregistreringens_kvitto("", data["utregistrering"], FELREGISTRERING)
    messages.success(request, text)
    return reverse("deltagare:deltagande", args=[ett.pk])


def _utregistrera(form: Rattelseform, ett: Deltagande, request: Begaran) -> str:
    data = form.cleaned_data
    tjanster.utregistrera(
        deltagande=ett,
        **{falt: data[falt] for falt in ("version", "utregistrering", "avslutningsanledning")},
        efter=form.svar(),
        svar=form.fragesvar(),
        av=request.user,
    )
    messages.success(request, utregistreringens_kvitto("", data["utregistrering"], data["avslutningsanledning"]))
    return reverse("deltagare:deltagande", args=[ett.pk])

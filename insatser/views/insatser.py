"""Sidor för insatser: lista, visa, registrera och ändra."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Func, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import kategorier, tjanster
from insatser.forms import VILLKORENS_FALT, InsatsForm, Kategoripanel, Sokform, kategorival, lastext
from insatser.models import Insats, Samverkansorganisation, Uppdrag
from insatser.uppdrag_tjanster import att_fraga
from insatser.views.paneler import panel_for_insats

RADER_PER_SIDA = 100
RATTIGHETER_PA_SIDAN = (
    Rattighet.REGISTRERA_INSATS,
    Rattighet.REGISTRERA_ANTAL,
    Rattighet.REGISTRERA_DELTAGARE,
    Rattighet.REGISTRERA_ANONYMA,
)


def egna_organisationer(request: Begaran) -> QuerySet[Samverkansorganisation]:
    """Samverkansorganisationerna där användaren har uppdrag som insatsansvarig."""
    uppdrag = Uppdrag.objects.gallande_for(request.user, request.rattighet).filter(insats=None)
    return Samverkansorganisation.objects.filter(pk__in=uppdrag.values("samverkansorganisation")).order_by(
        Func("namn", function="sus_sortnyckel")
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def lista(request: Begaran) -> HttpResponse:
    """Alla insatser, sökbara på namn med `*` och på samverkansorganisation, form och läge."""
    form = Sokform(request.GET)
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    insatser = form.urval(insatser, idag=timezone.localdate(), anvandare=request.user)
    sida = Paginator(insatser, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    mall = "insatser/_insats_rader.html" if request.htmx else "insatser/insats_lista.html"
    return render(
        request,
        mall,
        {
            "form": form,
            "sida": sida,
            "sortering": form.sortering,
            "sokt": form.har_urval,
            "idag": timezone.localdate(),
            "far_registrera": request.user.far(Rattighet.REGISTRERA_INSATS),
        },
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def insats(request: Begaran, pk: int) -> HttpResponse:
    """En insats: beskrivning, datum och kategorisering, med det som användaren får göra."""
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    insats = get_object_or_404(insatser, pk=pk)
    far = {
        rattighet.value: Insats.objects.synliga_for(request.user, rattighet).filter(pk=pk).exists()
        for rattighet in RATTIGHETER_PA_SIDAN
        if request.user.far(rattighet)
    }
    return render(
        request,
        "insatser/insats.html",
        {
            "insats": insats,
            "far": far,
            "idag": timezone.localdate(),
            "lastext": lastext(insats) if insats.last else "",
            "panel": panel_for_insats(insats, request.user),
        },
    )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def ny(request: Begaran) -> HttpResponse:
    """Registrera insats."""
    organisationer = egna_organisationer(request)
    argument: dict[str, Any] = {"organisationer": organisationer, "avbryt": reverse("insatser:lista")}
    if request.method == "POST" and "uppdatera" in request.POST:
        form = InsatsForm(initial=_uppdaterat(request, organisationer), **argument)
    else:
        form = InsatsForm(request.POST if request.method == "POST" else None, **argument)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _skapa(form, request))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(
        request,
        "insatser/insats_form.html",
        {
            "form": form,
            "rubrik": "Registrera insats",
            "saknar": "" if organisationer else att_fraga(request.user, Roll.INSATSANSVARIG),
        },
    )


def _skapa(form: InsatsForm, request: Begaran) -> str:
    insats = tjanster.skapa_insats(
        samverkansorganisation=form.cleaned_data["samverkansorganisation"], **form.uppgifter(), av=request.user
    )
    messages.success(request, f"Insatsen {insats.namn} är registrerad.")
    _varna(request, insats)
    return insats.get_absolute_url()


def _andra(form: InsatsForm, insats: Insats, request: Begaran) -> str:
    insats = tjanster.andra_insats(
        insats=insats, version=form.cleaned_data["version"] or 0, **form.uppgifter(), av=request.user
    )
    messages.success(request, "Ändringarna är sparade.")
    _varna(request, insats)
    return insats.get_absolute_url()


def _varna(request: Begaran, insats: Insats) -> None:
    text = kategorier.varning(inriktning=insats.inriktning, deltagarregistrering=insats.deltagarregistrering)
    if text and not insats.last:
        messages.warning(request, text)


def _uppdaterat(request: Begaran, organisationer: QuerySet[Samverkansorganisation]) -> dict[str, Any]:
    """Det inskrivna, med de beroende valen anpassade: för den som inte har skript."""
    organisation = next((o for o in organisationer if str(o.pk) == request.POST.get("samverkansorganisation")), None)
    if organisation is None and len(organisationer) == 1:
        organisation = organisationer[0]
    val = _valda(request.POST)
    return {
        **request.POST.dict(),
        "samverkansorganisation": organisation.pk if organisation else None,
        **kategorival(val, form=organisation.samverkansform if organisation else ""),
    }


def _valda(data: QueryDict) -> dict[str, Any]:
    return {**data.dict(), "malgrupper": data.getlist("malgrupper")}


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra en insats. Är kategoriseringen låst visas den som text (R11)."""
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    insats = get_object_or_404(insatser, pk=pk)
    argument: dict[str, Any] = {
        "organisationer": Samverkansorganisation.objects.none(),
        "insats": insats,
        "avbryt": insats.get_absolute_url(),
    }
    sparat = {namn: getattr(insats, namn) for namn in InsatsForm.base_fields if hasattr(insats, namn)}
    if request.method == "POST" and "uppdatera" in request.POST:
        inskrivet = {**request.POST.dict(), **kategorival(_valda(request.POST), form=insats.samverkansform)}
        form = InsatsForm(initial=sparat | inskrivet, **argument)
    else:
        form = InsatsForm(request.POST if request.method == "POST" else None, initial=sparat, **argument)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _andra(form, insats, request))
        except Krock as fel:
            form, skillnader = form.efter_krock(insats, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(
        request,
        "insatser/insats_form.html",
        {"form": form, "insats": insats, "rubrik": f"Ändra {insats.namn}", "skillnader": skillnader},
    )


@require_safe
@kraver(Rattighet.REGISTRERA_INSATS)
def kategorivalen(request: Begaran) -> HttpResponse:
    """De beroende valen i panelen, för htmx. Utan skript gör knappen *Uppdatera val* samma sak."""
    form = request.GET.get("form", "")
    if organisation := request.GET.get("samverkansorganisation", ""):
        egna = {str(o.pk): o.samverkansform for o in egna_organisationer(request)}
        form = egna.get(organisation, "")
    panel = Kategoripanel(initial=kategorival(_valda(request.GET), form=form), form=form)
    return render(request, "insatser/_kategorival.html", {"form": panel})

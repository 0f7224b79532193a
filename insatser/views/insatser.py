"""Sidor för en insats: visa, registrera, kopiera och ändra."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
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
from insatser import kategorier, livslopp, tjanster
from insatser.forms import VILLKORENS_FALT, InsatsForm, Kategoripanel, kategorival, lastext
from insatser.insatsbudget import senaste_grund
from insatser.models import Insats, Samverkansorganisation, Uppdrag
from insatser.uppdrag_tjanster import att_fraga
from insatser.views.kontor import andra_kontoret
from insatser.views.paneler import paneler_for_insats

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


def flikar(insats: Insats, *, vald: str) -> list[tuple[str, str, bool]]:
    """Insatsens flikar: (text, adress, vald). Ett kontor har ingen budget, och därför inga flikar."""
    if insats.ar_kontor:
        return []
    return [
        ("Uppgifter", insats.get_absolute_url(), vald == "uppgifter"),
        ("Budget", reverse("insatser:budget", args=[insats.pk]), vald == "budget"),
    ]


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
            "paneler": paneler_for_insats(insats, request.user),
            "flikar": flikar(insats, vald="uppgifter"),
            "far_andra_kontoret": insats.ar_kontor and request.user.far(Rattighet.ADMINISTRERA_SYSTEMET),
            "far_ta_bort": "registrera_insats" in far and not livslopp.hinder_att_ta_bort(insats),
        },
    )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def ny(request: Begaran) -> HttpResponse:
    """Registrera insats."""
    return _registrera(request, rubrik="Registrera insats", avbryt=reverse("insatser:lista"))


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def kopiera(request: Begaran, pk: int) -> HttpResponse:
    """Registrera en ny insats med en annan som förlaga: allt utom datumen är ifyllt. Registreringar följer inte med."""
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).utan_kontor()
    forlaga = get_object_or_404(insatser.select_related("samverkansorganisation"), pk=pk)
    return _registrera(request, rubrik="Kopiera insats", avbryt=forlaga.get_absolute_url(), forlaga=forlaga)


def _registrera(request: Begaran, *, rubrik: str, avbryt: str, forlaga: Insats | None = None) -> HttpResponse:
    organisationer = egna_organisationer(request)
    argument: dict[str, Any] = {"organisationer": organisationer, "kopia": forlaga is not None, "avbryt": avbryt}
    if request.method == "POST" and "uppdatera" in request.POST:
        form = InsatsForm(initial=_uppdaterat(request, organisationer), **argument)
    elif request.method == "POST":
        form = InsatsForm(request.POST, **argument)
    else:
        form = InsatsForm(initial=_som_forlagan(forlaga) if forlaga else None, **argument)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _skapa(form, request, forlaga))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    saknar = "" if organisationer else _saknar(request)
    kontext = {"form": form, "rubrik": rubrik, "forlaga": forlaga, "saknar": saknar}
    return render(request, "insatser/insats_form.html", kontext)


def _saknar(request: Begaran) -> tuple[str, str]:
    """Varför användaren inte har någon samverkansorganisation att registrera i: rubrik och text."""
    if Insats.objects.synliga_for(request.user, request.rattighet).kontor().exists():
        return "Du är insatsansvarig bara för kontor i Af/FK-samarbetet", "Kontor registreras av systemadministratören."
    return "Du saknar uppdrag som insatsansvarig", att_fraga(request.user, Roll.INSATSANSVARIG)


def _som_forlagan(forlaga: Insats) -> dict[str, Any]:
    """Det som en kopia börjar med. Namnet är unikt i organisationen, och datumen är den nya insatsens egna."""
    lika = ("beskrivning", "inriktning", "preciserad_inriktning", "deltagarregistrering", "malgrupper")
    return {
        "samverkansorganisation": forlaga.samverkansorganisation_id,
        "namn": f"{forlaga.namn[:190]} (kopia)",
        **{namn: getattr(forlaga, namn) for namn in lika},
    }


def _skapa(form: InsatsForm, request: Begaran, forlaga: Insats | None) -> str:
    uppgifter = {"samverkansorganisation": form.cleaned_data["samverkansorganisation"], **form.uppgifter()}
    if forlaga:
        med_budget = form.cleaned_data["med_budget"]
        insats = livslopp.kopiera_insats(forlaga=forlaga, med_budget=med_budget, **uppgifter, av=request.user)
        if med_budget and senaste_grund(forlaga) is None:
            messages.info(request, f"Ingen budget följde med: {forlaga.namn} har inget planerat.")
    else:
        insats = tjanster.skapa_insats(**uppgifter, av=request.user)
    messages.success(request, f"Insatsen {insats.namn} är registrerad.")
    varna(request, insats)
    return insats.get_absolute_url()


def _andra(form: InsatsForm, insats: Insats, request: Begaran) -> str:
    insats = tjanster.andra_insats(
        insats=insats, version=form.cleaned_data["version"] or 0, **form.uppgifter(), av=request.user
    )
    messages.success(request, "Ändringarna är sparade.")
    varna(request, insats)
    return insats.get_absolute_url()


def varna(request: Begaran, insats: Insats) -> None:
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
    """Ändra en insats, eller ett kontor. Är kategoriseringen låst visas den som text (R11)."""
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    insats = get_object_or_404(insatser, pk=pk)
    if insats.ar_kontor:
        return andra_kontoret(request, insats)
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

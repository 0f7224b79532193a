"""Sidorna *Avsluta insats* och *Ta bort insats*."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from behorighet.inskick import dubbelklick, en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from fkui.templatetags.fkui import vardetext
from insatser import livslopp, tjanster
from insatser.forms import VILLKORENS_FALT, Insatsborttagsform, Insatsslutform
from insatser.insatsbudget import registrerade_ar
from insatser.models import Insats, Uppdrag


def _egen(request: Begaran, pk: int) -> Insats:
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    return get_object_or_404(insatser, pk=pk)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def avsluta(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta insats: sätt slutdatum, med det som hindrar ett passerat (R15)."""
    insats = _egen(request, pk)
    granser = tjanster.registreringsgranser(insats)
    argument: dict[str, Any] = {
        "laget": _laget(insats, granser),
        "oppna": granser.oppna,
        "kontor": insats.ar_kontor,
        "avbryt": insats.get_absolute_url(),
    }
    sparat = {"slutdatum": insats.slutdatum, "version": insats.version}
    form = Insatsslutform(request.POST if request.method == "POST" else None, initial=sparat, **argument)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _avsluta(form, insats, request))
        except Krock as fel:
            insats.refresh_from_db()
            skillnader = [("Slutdatum", vardetext(insats.slutdatum), vardetext(form.cleaned_data["slutdatum"]))]
            form = Insatsslutform({**request.POST.dict(), "version": insats.version}, **argument)
            visa_fel(form, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "insatser/avsluta.html", {"form": form, "insats": insats, "skillnader": skillnader})


def _laget(insats: Insats, granser: tjanster.Registreringsgranser) -> list[tuple[str, Any]]:
    """Det den insatsansvariga behöver veta för att välja dag: antal och dagar, aldrig vem."""
    sista_ar = str(granser.sista_ar or "")
    if insats.ar_volyminsats:
        return [("Startdatum", insats.startdatum), ("Sista år med antal", sista_ar)]
    if insats.ar_kontor:
        return [
            ("Startdatum", insats.startdatum),
            ("Samarbeten som pågår", granser.oppna),
            ("Senaste övergång eller byte av kontor", granser.sista),
            ("Sista år med anonyma", sista_ar),
        ]
    return [
        ("Startdatum", insats.startdatum),
        ("Inregistrerade nu", granser.oppna),
        ("Senaste in- eller utregistrering", granser.sista),
        ("Sista år med anonyma", sista_ar),
    ]


def _avsluta(form: Insatsslutform, insats: Insats, request: Begaran) -> str:
    slut = form.cleaned_data["slutdatum"]
    version = form.cleaned_data["version"] or 0
    insats = tjanster.avsluta_insats(insats=insats, version=version, slutdatum=slut, av=request.user)
    messages.success(request, f"{'Kontorets' if insats.ar_kontor else 'Insatsens'} slutdatum är {slut.isoformat()}.")
    return insats.get_absolute_url()


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def ta_bort(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort en insats som inget är registrerat i, efter en bekräftelse som säger vad som följer med."""
    try:
        insats = _egen(request, pk)
    except Http404:
        if svar := dubbelklick(request):
            return redirect(svar)
        raise
    form = Insatsborttagsform(
        request.POST if request.method == "POST" else None,
        initial={"version": insats.version},
        foljer_med=_foljer_med(insats),
        avbryt=insats.get_absolute_url(),
    )
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _ta_bort(form, insats, request)))
        except ValidationError as fel:
            visa_fel(form, fel)
    hinder = livslopp.hinder_att_ta_bort(insats)
    rubrik = f"{'Kontoret' if insats.ar_kontor else 'Insatsen'} kan inte tas bort"
    kontext = {"form": form, "insats": insats, "hinder": hinder, "rubrik": rubrik}
    return render(request, "insatser/ta_bort.html", kontext)


def _foljer_med(insats: Insats) -> list[tuple[str, Any]]:
    uppdrag = Uppdrag.objects.filter(insats=insats).att_visa()
    personer = [f"{ett.behorighet.anvandare} ({ett.lage.label.lower()})" for ett in uppdrag]
    return [
        ("Insats", f"{insats.namn}, {insats.samverkansorganisation.namn}"),
        ("Uppdrag som deltagaransvarig", personer or "Inga"),
        ("Insatsbudget för", [str(ar) for ar in registrerade_ar(insats)] or "Inget år"),
    ]


def _ta_bort(form: Insatsborttagsform, insats: Insats, request: Begaran) -> str:
    livslopp.ta_bort_insats(insats=insats, version=form.cleaned_data["version"] or 0, av=request.user)
    messages.success(request, f"Insatsen {insats.namn} är borttagen.")
    return reverse("insatser:lista")

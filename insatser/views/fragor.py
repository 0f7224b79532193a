"""Kompletterande frågor: samverkansadministratörens sidor (`doman.md` 4)."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from behorighet.inskick import dubbelklick, en_gang
from behorighet.krock import Krock
from behorighet.models import Giltighetslage
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import fraga_tjanster
from insatser.forms.fragefalt import Frageform
from insatser.forms.fragor import VILLKORENS_FALT, Borttagning, FragaForm, Fragaslut, Granskningsdag, sparat_i
from insatser.models import Fraga, Samverkansorganisation, Tillfalle
from insatser.views.organisationer import flikar, visad_organisation


@dataclass(frozen=True, slots=True)
class Fragerad:
    """En rad i listan."""

    fraga: Fraga
    antal: int
    lage: Giltighetslage
    last: bool
    """Sant om frågan är besvarad, om också bara med *Uppgift saknas*."""

    @property
    def alternativ(self) -> list[str]:
        """Det som går att välja."""
        return [ett["text"] for ett in getattr(self.fraga, "val", [])]


def _fraga(request: Begaran, pk: int) -> Fraga:
    fragor = Fraga.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    return get_object_or_404(fragor, pk=pk)


def _listan(fraga: Fraga) -> str:
    return reverse("fragor:lista", args=[fraga.samverkansorganisation_id])


def _lage(fraga: Fraga, dag: date) -> Giltighetslage:
    if fraga.till and fraga.till < dag:
        return Giltighetslage.AVSLUTAD
    return Giltighetslage.KOMMANDE if fraga.fran > dag else Giltighetslage.GALLER


@require_safe
@kraver(Rattighet.ANDRA_ORGANISATION)
def lista(request: Begaran, pk: int) -> HttpResponse:
    """Samverkansorganisationens frågor i ordning, med antalet svar men aldrig vilkas."""
    organisation = visad_organisation(request, pk)
    idag = timezone.localdate()
    antal = fraga_tjanster.antal_svar(organisation)
    fragor = Fraga.objects.filter(samverkansorganisation=organisation).i_ordning().med_alternativ()
    rader = [Fragerad(f, antal.get(f.pk, 0), _lage(f, idag), last=f.pk in antal) for f in fragor]
    return render(
        request,
        "fragor/lista.html",
        {
            "organisation": organisation,
            "flikar": flikar(organisation, "Kompletterande frågor", med_fragor=True),
            "idag": idag,
            "rader": [rad for rad in rader if rad.lage != Giltighetslage.AVSLUTAD],
            "avslutade": [rad for rad in rader if rad.lage == Giltighetslage.AVSLUTAD],
        },
    )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def ny(request: Begaran, pk: int) -> HttpResponse:
    """Ny fråga."""
    organisation = visad_organisation(request, pk)
    form = FragaForm(
        request.POST if request.method == "POST" else None,
        initial={"fran": max(timezone.localdate(), organisation.startdatum)},
        avbryt=reverse("fragor:lista", args=[pk]),
    )
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _skapa(form, organisation, request))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "fragor/form.html", {"form": form, "organisation": organisation, "rubrik": "Ny fråga"})


def _skapa(form: FragaForm, organisation: Samverkansorganisation, request: Begaran) -> str:
    fraga = fraga_tjanster.skapa_fraga(samverkansorganisation=organisation, **form.uppgifter(), av=request.user)
    messages.success(request, f"Frågan {fraga.namn} är registrerad.")
    _varna(request, form)
    return _listan(fraga)


def _varna(request: Begaran, form: FragaForm) -> None:
    data = form.cleaned_data
    if ord_ := fraga_tjanster.kansliga_ord(data["namn"], data["text"], *data["alternativ"]):
        messages.warning(
            request,
            f"Frågan innehåller {', '.join(ord_)}. Kontrollera att den inte pekar ut någon eller är känslig, och ta "
            "annars bort den.",
        )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra en fråga som saknar svar. Har den svar visas den som text."""
    fraga = _fraga(request, pk)
    organisation = fraga.samverkansorganisation
    kontext = {"fraga": fraga, "organisation": organisation, "rubrik": f"Ändra {fraga.namn}"}
    antal = fraga_tjanster.antal_svar(organisation).get(fraga.pk)
    if request.method == "GET" and antal is not None:
        val = [str(ett) for ett in fraga.alternativ.all()]
        return render(request, "fragor/last.html", {**kontext, "antal": antal, "val": val})
    avbryt = _listan(fraga)
    form = FragaForm(request.POST if request.method == "POST" else None, initial=sparat_i(fraga), avbryt=avbryt)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _andra(form, fraga, request))
        except Krock as fel:
            form, skillnader = form.efter_krock(fraga, fel, avbryt=avbryt)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "fragor/form.html", {**kontext, "form": form, "skillnader": skillnader})


def _andra(form: FragaForm, fraga: Fraga, request: Begaran) -> str:
    version = form.cleaned_data["version"] or 0
    fraga_tjanster.andra_fraga(fraga=fraga, version=version, **form.uppgifter(), av=request.user)
    messages.success(request, "Ändringarna är sparade.")
    _varna(request, form)
    return _listan(fraga)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def avsluta(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta en fråga: den enda ändring som en fråga med svar kan få."""
    fraga = _fraga(request, pk)
    form = Fragaslut(
        request.POST if request.method == "POST" else None,
        initial={"till": fraga.till or max(timezone.localdate(), fraga.fran), "version": fraga.version},
        avbryt=_listan(fraga),
    )
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _avsluta(form, fraga, request))
        except Krock as fel:
            form, skillnader = form.efter_krock(fraga, fel, avbryt=_listan(fraga))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "fragor/avsluta.html", {"form": form, "fraga": fraga, "skillnader": skillnader})


def _avsluta(form: Fragaslut, fraga: Fraga, request: Begaran) -> str:
    data = form.cleaned_data
    avslutad = fraga_tjanster.avsluta_fraga(
        fraga=fraga, version=data["version"] or 0, till=data["till"], av=request.user
    )
    messages.success(request, f"Frågan {avslutad.namn} ställs till och med {data['till'].isoformat()}.")
    return _listan(fraga)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def ta_bort(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort en fråga som saknar svar, efter en bekräftelse."""
    try:
        fraga = _fraga(request, pk)
    except Http404:
        if svar := dubbelklick(request):
            return redirect(svar)
        raise
    form = Borttagning(request.POST if request.method == "POST" else None, avbryt=_listan(fraga))
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _ta_bort(fraga, request))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    har_svar = fraga.pk in fraga_tjanster.antal_svar(fraga.samverkansorganisation)
    return render(request, "fragor/ta_bort.html", {"form": form, "fraga": fraga, "har_svar": har_svar})


def _ta_bort(fraga: Fraga, request: Begaran) -> str:
    adress = _listan(fraga)
    fraga_tjanster.ta_bort_fraga(fraga=fraga, av=request.user)
    messages.success(request, f"Frågan {fraga.namn} är borttagen.")
    return adress


@require_POST
@kraver(Rattighet.ANDRA_ORGANISATION)
def flytta(request: Begaran, pk: int) -> HttpResponse:
    """Flyttar frågan ett steg i ordningen, upp eller ned."""
    fraga = _fraga(request, pk)
    try:
        plats, antal = fraga_tjanster.flytta_fraga(fraga=fraga, upp="upp" in request.POST, av=request.user)
    except ValidationError as fel:
        messages.error(request, " ".join(fel.messages))
    else:
        messages.success(request, f"Frågan {fraga.namn} står på plats {plats} av {antal}.")
    # Till raden, så att den som använder tangentbord är kvar där.
    return redirect(f"{_listan(fraga)}#fraga-{fraga.pk}")


@require_safe
@kraver(Rattighet.ANDRA_ORGANISATION)
def forhandsgranska(request: Begaran, pk: int) -> HttpResponse:
    """Frågorna så som de står på *Registrera deltagare* för en registrering en viss dag. Inget sparas."""
    organisation = visad_organisation(request, pk)
    sok = Granskningsdag(request.GET)
    egna = Fraga.objects.filter(samverkansorganisation=organisation)
    per_tillfalle = [
        (tillfalle, list(egna.att_stalla(tillfalle=tillfalle.value, dag=sok.dagen))) for tillfalle in Tillfalle
    ]
    delar = [
        (tillfalle.label, Frageform(fragor=fragor, tillfalle=tillfalle.value) if fragor else None)
        for tillfalle, fragor in per_tillfalle
    ]
    kontext = {"organisation": organisation, "sok": sok, "delar": delar}
    return render(request, "fragor/forhandsgranska.html", kontext)

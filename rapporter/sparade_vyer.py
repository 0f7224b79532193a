"""Sparade urval: spara, öppna, ändra, dela, ta bort och återställa (`granssnitt.md` 4)."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from rapporter import fragor
from rapporter.forms import UrvalForm
from rapporter.models import SparatUrval, SparatUrvalQuerySet
from rapporter.perioder import Periodval
from rapporter.sparade_formular import VILLKORENS_FALT, SparatUrvalForm, sparat_i, urval_i
from rapporter.sparat import Oppnat, oppna
from rapporter.tjanster import sparade as tjanster
from rapporter.urval import Koder, Urval

VALJ_FORST = "Välj först vad rapporten ska visa. Spara sedan urvalet."


@dataclass(frozen=True, slots=True)
class Listrad:
    """Ett sparat urval i listan, med det som det ger i dag."""

    sparat: SparatUrval
    oppnat: Oppnat
    i_ord: tuple[tuple[str, str], ...]
    eget: bool

    @property
    def periodtext(self) -> str:
        """Perioden som urvalet ger i dag."""
        return self.oppnat.urval.period

    @property
    def rorlig(self) -> str:
        """Vad som styr perioden när den följer med i tiden; tomt när den är fast."""
        return "" if self.sparat.period == Periodval.FAST else str(Periodval(self.sparat.period).label)


def _synliga(request: Begaran) -> SparatUrvalQuerySet:
    return SparatUrval.objects.synliga_for(request.user, request.rattighet)


@require_safe
@kraver(Rattighet.VISA_RAPPORT)
def lista(request: Begaran) -> HttpResponse:
    """De egna och de delade, och de nyss borttagna."""
    koder = fragor.koder()
    kvar = [_listrad(ett, request, koder) for ett in _synliga(request).kvar().select_related("andrad_av").i_ordning()]
    borttagna = list(_synliga(request).borttagna().select_related("borttagen_av"))
    return render(
        request,
        "rapporter/sparade.html",
        {
            "egna": [rad for rad in kvar if not rad.sparat.ar_delat],
            "delade": [rad for rad in kvar if rad.sparat.ar_delat],
            "borttagna": borttagna,
            "nyss": request.GET.get("borttaget", ""),
            "organisation": request.user.arbetsgivare.namn,
        },
    )


def _listrad(sparat: SparatUrval, request: Begaran, koder: Koder) -> Listrad:
    oppnat = oppna(sparat, koder=koder, idag=timezone.localdate())
    i_ord = tuple(par for par in oppnat.urval.i_ord(koder) if par[0] not in {"Period", "Variabler"})
    return Listrad(sparat, oppnat, i_ord, sparat.agare_id == request.user.pk)


@require_safe
@kraver(Rattighet.VISA_RAPPORT)
def sparat(request: Begaran, pk: int) -> HttpResponse:
    """Urvalets egen adress, som går att spara som bokmärke: leder till rapporten med urvalet så som det är i dag.

    Finns något i urvalet inte längre sägs det. Skulle rapporten då gälla mer än det som sparades leder adressen till
    urvalsbilden i stället, så att ingen får andra tal än de som menades.
    """
    raden = get_object_or_404(_synliga(request), pk=pk)
    if raden.borttagen_vid:
        messages.warning(request, f"Urvalet {raden.namn} är borttaget. Du kan återställa det här.")
        return redirect(f"{reverse('rapporter:sparade')}?borttaget={pk}")
    koder = fragor.koder()
    oppnat = oppna(raden, koder=koder, idag=timezone.localdate())
    if oppnat.utelamnat:
        messages.warning(request, _utelamnat(raden, oppnat))
    visa = {} if oppnat.vidgade or "andra" in request.GET else {"visa": "1"}
    return redirect(f"{reverse('rapporter:insats')}?{oppnat.urval.adress(koder, **visa, sparat=str(pk))}")


def _utelamnat(raden: SparatUrval, oppnat: Oppnat) -> str:
    delar = "; ".join(f"{rubrik}: {text}" for rubrik, text in oppnat.utelamnat)
    besked = f"Det här i urvalet {raden.namn} finns inte längre och är utelämnat: {delar}."
    if oppnat.vidgade:
        besked += f" Inget är kvar av {', '.join(oppnat.vidgade)}. Välj på nytt innan du skapar rapporten."
    return besked


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.VISA_RAPPORT)
def spara(request: Begaran) -> HttpResponse:
    """Spara urvalet i adressen under ett nytt namn."""
    koder = fragor.koder()
    urval = _urvalet(request, koder)
    if not isinstance(urval, Urval):
        return urval
    form = _formular(request, urval, koder, initial={})
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _spara(form, request)))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    return render(request, "rapporter/spara_urval.html", {"form": form, "rubrik": "Spara urval"})


def _spara(form: SparatUrvalForm, request: Begaran) -> str:
    raden = tjanster.spara(**form.uppgifter(), av=request.user)
    return _sparad(form, request, raden)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.VISA_RAPPORT)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra namn, period och vem som ser det; med ett urval i adressen ersätter det också urvalet."""
    raden = get_object_or_404(_synliga(request).kvar(), pk=pk)
    koder = fragor.koder()
    nu = oppna(raden, koder=koder, idag=timezone.localdate()).urval
    urval = _urvalet(request, koder, annars=nu)
    if not isinstance(urval, Urval):
        return urval
    form = _formular(request, urval, koder, initial={**sparat_i(raden), **_bytt_period(urval, nu)})
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, request, raden)))
        except Krock as fel:
            raden.refresh_from_db()
            sparade = oppna(raden, koder=koder, idag=timezone.localdate()).urval
            form, skillnader = form.efter_krock(raden, sparade, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "rubrik": "Ändra sparat urval", "raden": raden, "skillnader": skillnader}
    return render(request, "rapporter/spara_urval.html", kontext)


def _bytt_period(urval: Urval, nu: Urval) -> dict[str, Any]:
    """Den som har valt andra månader än det sparade ger menar dem, inte en period som följer med."""
    return {} if (urval.fran, urval.till) == (nu.fran, nu.till) else {"period": Periodval.FAST}


def _andra(form: SparatUrvalForm, request: Begaran, raden: SparatUrval) -> str:
    version = form.cleaned_data["version"] or 0
    andrat = tjanster.andra(sparat=raden, version=version, **form.uppgifter(), av=request.user)
    return _sparad(form, request, andrat)


def _sparad(form: SparatUrvalForm, request: Begaran, raden: SparatUrval) -> str:
    messages.success(request, f"Urvalet {raden.namn} är sparat.")
    platser = {"rapport": raden.get_absolute_url(), "urval": f"{raden.get_absolute_url()}?andra"}
    return platser.get(form.cleaned_data["sida"], f"{reverse('rapporter:sparade')}#urval-{raden.pk}")


def _urvalet(request: Begaran, koder: Koder, *, annars: Urval | None = None) -> Urval | HttpResponse:
    """Urvalet som ska sparas, ur formuläret eller adressen; annars sidan där det väljs."""
    idag = timezone.localdate()
    if request.method == "POST":
        urval = urval_i(request.POST.get("adress", ""), koder=koder, idag=idag) or annars
    elif "fran" not in request.GET:
        urval = annars
    else:
        val = UrvalForm(request.GET, koder=koder, idag=idag)
        if not val.is_valid():
            return render(request, "rapporter/urval.html", {"form": val})
        urval = val.urval
    if urval is None:
        messages.info(request, VALJ_FORST)
        return redirect("rapporter:insats")
    return urval


def _formular(request: Begaran, urval: Urval, koder: Koder, *, initial: dict[str, Any]) -> SparatUrvalForm:
    adress = urval.adress(koder)
    sida = "rapport" if "visa" in request.GET else "urval" if "fran" in request.GET else "lista"
    tillbaka = f"{reverse('rapporter:insats')}?{adress}{'&visa=1' if sida == 'rapport' else ''}"
    return SparatUrvalForm(
        request.POST if request.method == "POST" else None,
        initial={**initial, "adress": adress, "sida": sida},
        urval=urval,
        koder=koder,
        idag=timezone.localdate(),
        organisation=request.user.arbetsgivare.namn,
        avbryt=tillbaka if sida != "lista" else reverse("rapporter:sparade"),
    )


@require_POST
@kraver(Rattighet.VISA_RAPPORT)
def ta_bort(request: Begaran, pk: int) -> HttpResponse:
    """Tar bort ett sparat urval utan att fråga: det går att ångra."""
    raden = get_object_or_404(_synliga(request), pk=pk)
    borttaget = tjanster.ta_bort(sparat=raden, av=request.user)
    messages.success(request, f"Urvalet {borttaget.namn} är borttaget. Ångrar du dig, välj Återställ.")
    return redirect(f"{reverse('rapporter:sparade')}?borttaget={pk}")


@require_POST
@kraver(Rattighet.VISA_RAPPORT)
def aterstall(request: Begaran, pk: int) -> HttpResponse:
    """Återställer ett borttaget urval."""
    raden = get_object_or_404(_synliga(request), pk=pk)
    aterstallt = tjanster.aterstall(sparat=raden, av=request.user)
    messages.success(request, f"Urvalet {aterstallt.namn} är återställt.")
    return redirect(f"{reverse('rapporter:sparade')}#urval-{pk}")

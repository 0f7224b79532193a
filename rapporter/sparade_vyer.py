"""Sparade urval: spara, öppna, ändra, dela, ta bort och återställa (`granssnitt.md` 4)."""

from dataclasses import dataclass
from typing import Any, Final

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

LISTAN: Final = "lista"
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
    oppnat = _oppnat(sparat, koder)
    i_ord = tuple(par for par in oppnat.i_ord(koder) if par[0] not in {"Period", "Variabler"})
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
        return _borttaget(request, raden)
    koder = fragor.koder()
    oppnat = _oppnat(raden, koder)
    if oppnat.utelamnat:
        messages.warning(request, _utelamnat(raden, oppnat))
    visa = {} if oppnat.vidgade or "andra" in request.GET else {"visa": "1"}
    return redirect(f"{reverse('rapporter:insats')}?{oppnat.urval.adress(koder, **visa, sparat=str(pk))}")


def _borttaget(request: Begaran, raden: SparatUrval) -> HttpResponse:
    messages.warning(request, f"Urvalet {raden.namn} är borttaget. Du kan återställa det här.")
    return redirect(f"{reverse('rapporter:sparade')}?borttaget={raden.pk}")


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
    valt = _valt(request, koder)
    if not isinstance(valt, Oppnat):
        return valt
    form = _formular(request, valt, koder, initial={})
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
    """Ändra namn, period och vem som ser det; med ett urval i adressen ersätter det också urvalet.

    Utan ett urval i adressen står det sparade kvar som det är, också det i det som inte längre finns.
    """
    raden = _med_andrare(request, pk)
    if raden.borttagen_vid and request.method == "GET":
        return _borttaget(request, raden)
    koder = fragor.koder()
    nu, behall = _oppnat(raden, koder), _kom_fran(request) == LISTAN
    valt = nu if behall else _valt(request, koder)
    if not isinstance(valt, Oppnat):
        return valt
    form = _formular(request, valt, koder, initial={**sparat_i(raden), **_bytt_period(valt.urval, nu.urval)})
    kontext: dict[str, Any] = {"form": form, "raden": raden, "behall": behall, "skillnader": form.andrat(nu)}
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, request, raden, behall=behall)))
        except Krock as fel:
            raden = _med_andrare(request, pk)
            form, skillnader = form.efter_krock(raden, nu := _oppnat(raden, koder), fel, behall=behall)
            kontext |= {"form": form, "raden": raden, "skillnader": skillnader, "krock": True}
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext |= {"rubrik": "Ändra sparat urval", "borta": nu.utelamnat}
    return render(request, "rapporter/spara_urval.html", kontext)


def _med_andrare(request: Begaran, pk: int) -> SparatUrval:
    return get_object_or_404(_synliga(request).select_related("andrad_av"), pk=pk)


def _oppnat(raden: SparatUrval, koder: Koder) -> Oppnat:
    return oppna(raden, koder=koder, idag=timezone.localdate())


def _bytt_period(urval: Urval, nu: Urval) -> dict[str, Any]:
    """Den som har valt andra månader än det sparade ger menar dem, inte en period som följer med."""
    return {} if (urval.fran, urval.till) == (nu.fran, nu.till) else {"period": Periodval.FAST}


def _andra(form: SparatUrvalForm, request: Begaran, raden: SparatUrval, *, behall: bool) -> str:
    version = form.cleaned_data["version"] or 0
    andrat = tjanster.andra(sparat=raden, version=version, **form.uppgifter(), behall=behall, av=request.user)
    return _sparad(form, request, andrat)


def _sparad(form: SparatUrvalForm, request: Begaran, raden: SparatUrval) -> str:
    messages.success(request, f"Urvalet {raden.namn} är sparat.")
    platser = {"rapport": raden.get_absolute_url(), "urval": f"{raden.get_absolute_url()}?andra"}
    return platser.get(form.cleaned_data["sida"], f"{reverse('rapporter:sparade')}#urval-{raden.pk}")


def _kom_fran(request: Begaran) -> str:
    """Sidan som man kom från, och är tillbaka på när urvalet är sparat: rapport, urval eller lista."""
    if request.method == "POST":
        return request.POST.get("sida", "")
    return LISTAN if "fran" not in request.GET else "rapport" if "visa" in request.GET else "urval"


def _valt(request: Begaran, koder: Koder) -> Oppnat | HttpResponse:
    """Urvalet som ska sparas, ur formuläret eller adressen; annars sidan där det väljs."""
    idag = timezone.localdate()
    urval: Urval | None = None
    if request.method == "POST":
        urval = urval_i(request.POST.get("adress", ""), koder=koder, idag=idag)
    elif "fran" in request.GET:
        val = UrvalForm(request.GET, koder=koder, idag=idag)
        if not val.is_valid():
            # Urvalsbilden visar vad som är fel, och alla dess knappar leder rätt
            return redirect(f"{reverse('rapporter:insats')}?{request.GET.urlencode()}")
        urval = val.urval
    if urval is None:
        messages.info(request, VALJ_FORST)
        return redirect("rapporter:insats")
    return Oppnat(urval)


def _formular(request: Begaran, valt: Oppnat, koder: Koder, *, initial: dict[str, Any]) -> SparatUrvalForm:
    adress, sida = valt.urval.adress(koder), _kom_fran(request)
    tillbaka = f"{reverse('rapporter:insats')}?{adress}{'&visa=1' if sida == 'rapport' else ''}"
    return SparatUrvalForm(
        request.POST if request.method == "POST" else None,
        initial={**initial, "adress": adress, "sida": sida},
        oppnat=valt,
        koder=koder,
        idag=timezone.localdate(),
        organisation=request.user.arbetsgivare.namn,
        avbryt=tillbaka if sida != LISTAN else reverse("rapporter:sparade"),
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
    try:
        aterstallt = tjanster.aterstall(sparat=raden, av=request.user)
    except ValidationError as fel:
        messages.error(request, " ".join(fel.messages))
        return redirect(f"{reverse('rapporter:sparade')}?borttaget={pk}")
    messages.success(request, f"Urvalet {aterstallt.namn} är återställt.")
    return redirect(f"{reverse('rapporter:sparade')}#urval-{pk}")

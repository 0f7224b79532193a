"""Sidor som ger och avslutar uppdrag (`doman.md` 1.1). En adress per rättighet: rätt och räckvidd ur samma uppdrag."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.models import Behorighet
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from behorighet.tjanster import avsluta_behorighet as avsluta_behorigheten
from fkui.fel import visa_fel
from insatser.forms import Anvandarsok, Avslutaform, Uppdragsform, slut_for
from insatser.kategorier import KONTORSFORMER
from insatser.models import RATT_ATT_GE, Insats, Samverkansorganisation, Uppdrag, Uppdragslage
from insatser.uppdrag_tjanster import (
    avsluta_uppdrag,
    avsluta_uppdrag_for,
    ge_uppdrag,
    roller_i_organisation,
    valbara_behorigheter,
    vilar_pa,
)

RADER_PER_SIDA = 100


@dataclass(frozen=True, slots=True)
class Plats:
    """Vilken roll som ges var. `ge` är namnet på sidan där tiden fylls i, `argument` dess adress före behörigheten."""

    roll: Roll
    pa: Samverkansorganisation | Insats
    ge: str
    argument: tuple[int | str, ...]
    valj: str

    @property
    def tillbaka(self) -> str:
        """Sidan med panelen."""
        return self.pa.get_absolute_url()


def _i_organisation(request: Begaran, pk: int, roll: str) -> Plats:
    """404 för en roll som inte ges i en samverkansorganisation, och för en organisation utanför räckvidden."""
    if RATT_ATT_GE.get(Roll(roll) if roll in Roll.values else Roll.SUS_RAPPORT) != request.rattighet:
        raise Http404
    organisation = get_object_or_404(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet), pk=pk)
    if roll not in roller_i_organisation(organisation):
        raise Http404
    valj = reverse("uppdrag:valj_i_organisation", args=[pk, roll])
    return Plats(Roll(roll), organisation, "uppdrag:ge_i_organisation", (pk, roll), valj)


def _forsta(request: Begaran, pk: int) -> Plats:
    organisation = get_object_or_404(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet), pk=pk)
    valj = reverse("uppdrag:valj_forsta", args=[pk])
    return Plats(Roll.SAMVERKANSADMINISTRATOR, organisation, "uppdrag:ge_forsta", (pk,), valj)


def _pa_insats(request: Begaran, pk: int) -> Plats:
    insats = get_object_or_404(Insats.objects.synliga_for(request.user, request.rattighet), pk=pk)
    valj = reverse("uppdrag:valj_pa_insats", args=[pk])
    return Plats(Roll.DELTAGARANSVARIG, insats, "uppdrag:ge_pa_insats", (pk,), valj)


def _pa_kontor(request: Begaran, pk: int) -> Plats:
    """404 för en insats som inte är ett kontor: där har insatsansvariga sina uppdrag på organisationen."""
    inom_rackvidd = Insats.objects.synliga_for(request.user, request.rattighet)
    kontor = get_object_or_404(inom_rackvidd.filter(samverkansform__in=KONTORSFORMER), pk=pk)
    valj = reverse("uppdrag:valj_pa_kontor", args=[pk])
    return Plats(Roll.INSATSANSVARIG, kontor, "uppdrag:ge_pa_kontor", (pk,), valj)


@require_safe
@kraver(Rattighet.GE_UPPDRAG_I_ORGANISATION)
def valj_i_organisation(request: Begaran, pk: int, roll: str) -> HttpResponse:
    """Välj användare för ett uppdrag i samverkansorganisationen."""
    return _valj(request, _i_organisation(request, pk, roll))


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def valj_forsta(request: Begaran, pk: int) -> HttpResponse:
    """Välj användare som blir samverkansorganisationens första samverkansadministratör."""
    return _valj(request, _forsta(request, pk))


@require_safe
@kraver(Rattighet.GE_UPPDRAG_PA_INSATS)
def valj_pa_insats(request: Begaran, pk: int) -> HttpResponse:
    """Välj användare för ett uppdrag som deltagaransvarig."""
    return _valj(request, _pa_insats(request, pk))


@require_safe
@kraver(Rattighet.GE_UPPDRAG_I_ORGANISATION)
def valj_pa_kontor(request: Begaran, pk: int) -> HttpResponse:
    """Välj användare för ett uppdrag som insatsansvarig på ett kontor i Af/FK-samarbetet."""
    return _valj(request, _pa_kontor(request, pk))


def _valj(request: Begaran, plats: Plats) -> HttpResponse:
    """Bara de som har rollens behörighet, nu eller framöver, går att välja (R4)."""
    form = Anvandarsok(request.GET)
    behorigheter = form.urval(valbara_behorigheter(plats.roll), vag="anvandare__")
    sida = Paginator(behorigheter, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    rader = [(rad, reverse(plats.ge, args=[*plats.argument, rad.pk])) for rad in sida]
    return render(request, "uppdrag/valj.html", {"plats": plats, "form": form, "sida": sida, "rader": rader})


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GE_UPPDRAG_I_ORGANISATION)
def ge_i_organisation(request: Begaran, pk: int, roll: str, behorighet: int) -> HttpResponse:
    """Ge ett uppdrag i samverkansorganisationen."""
    return _ge(request, _i_organisation(request, pk, roll), behorighet)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ge_forsta(request: Begaran, pk: int, behorighet: int) -> HttpResponse:
    """Ge samverkansorganisationen dess första samverkansadministratör."""
    return _ge(request, _forsta(request, pk), behorighet)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GE_UPPDRAG_PA_INSATS)
def ge_pa_insats(request: Begaran, pk: int, behorighet: int) -> HttpResponse:
    """Ge ett uppdrag som deltagaransvarig."""
    return _ge(request, _pa_insats(request, pk), behorighet)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GE_UPPDRAG_I_ORGANISATION)
def ge_pa_kontor(request: Begaran, pk: int, behorighet: int) -> HttpResponse:
    """Ge ett uppdrag som insatsansvarig på ett kontor i Af/FK-samarbetet."""
    return _ge(request, _pa_kontor(request, pk), behorighet)


def _ge(request: Begaran, plats: Plats, behorighet: int) -> HttpResponse:
    vald = get_object_or_404(valbara_behorigheter(plats.roll), pk=behorighet)
    form = Uppdragsform(
        request.POST if request.method == "POST" else None, behorighet=vald, pa=plats.pa, avbryt=plats.tillbaka
    )
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _spara(form, plats, vald, request))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    return render(request, "uppdrag/ge.html", {"form": form, "plats": plats})


def _spara(form: Uppdragsform, plats: Plats, vald: Behorighet, request: Begaran) -> str:
    data = form.cleaned_data
    ge_uppdrag(roll=plats.roll, behorighet=vald, pa=plats.pa, fran=data["fran"], till=data["till"], av=request.user)
    namn = vald.anvandare.get_full_name()
    messages.success(request, f"{namn} har fått uppdrag som {plats.roll.label.lower()}: {plats.pa}.")
    return plats.tillbaka


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GE_UPPDRAG_I_ORGANISATION)
def avsluta_i_organisation(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta ett uppdrag i samverkansorganisationen, eller på ett av dess kontor."""
    return _avsluta(request, pk)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GE_UPPDRAG_PA_INSATS)
def avsluta_pa_insats(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta ett uppdrag som deltagaransvarig."""
    return _avsluta(request, pk)


def _avsluta(request: Begaran, pk: int) -> HttpResponse:
    inom_rackvidd = Uppdrag.objects.synliga_for(request.user, request.rattighet)
    uppdrag = get_object_or_404(inom_rackvidd.att_visa(), pk=pk)
    form = Avslutaform(
        request.POST if request.method == "POST" else None,
        rubrik="Avsluta uppdrag",
        ingress="Ange den sista dagen, eller avsluta genast. Uppdraget finns kvar i historiken.",
        avbryt=uppdrag.plats.get_absolute_url(),
    )
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _spara_slut(form, uppdrag, request))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    slut = uppdrag.lage == Uppdragslage.AVSLUTAT
    return render(request, "uppdrag/avsluta.html", {"form": form, "uppdrag": uppdrag, "slut": slut})


def _spara_slut(form: Avslutaform, uppdrag: Uppdrag, request: Begaran) -> str:
    avslutat = avsluta_uppdrag(uppdrag=uppdrag, **form.slut(), av=request.user)
    namn = avslutat.behorighet.anvandare.get_full_name()
    nar = "är avslutat" if form.nu else f"slutar {slut_for(avslutat)}"
    messages.success(request, f"Uppdraget för {namn} {nar}.")
    return uppdrag.plats.get_absolute_url()


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def avsluta_behorighet(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta en behörighet, och med den uppdragen som vilar på den (R4). Bara i den egna organisationen."""
    inom_rackvidd = Behorighet.objects.synliga_for(request.user, request.rattighet)
    behorighet = get_object_or_404(inom_rackvidd.select_related("anvandare__arbetsgivare"), pk=pk)
    form = Avslutaform(
        request.POST if request.method == "POST" else None,
        rubrik="Avsluta behörighet",
        ingress="Ange den sista dagen, eller avsluta genast. Uppdragen som vilar på behörigheten avslutas samtidigt.",
        avbryt=reverse("behorigheter"),
    )
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _spara_behorighetens_slut(form, behorighet, request))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    kontext = {"form": form, "behorighet": behorighet, "uppdrag": list(vilar_pa(behorighet))}
    return render(request, "uppdrag/avsluta_behorighet.html", kontext)


def _spara_behorighetens_slut(form: Avslutaform, behorighet: Behorighet, request: Begaran) -> str:
    """Behörigheten och dess uppdrag i en transaktion: `en_gang` håller den."""
    avsluta_behorigheten(behorighet=behorighet, **form.slut(), av=request.user)
    avslutade = avsluta_uppdrag_for(behorighet=behorighet, **form.slut(), av=request.user)
    vem = f"{behorighet.anvandare.get_full_name()}: {behorighet.get_roll_display().lower()}"
    slut = "är avslutad" if form.nu else f"slutar {form.cleaned_data['till'].isoformat()}"
    messages.success(request, f"Behörigheten {slut}. {vem}.")
    if avslutade:
        vilka = ", ".join(str(uppdrag.plats) for uppdrag in avslutade)
        messages.warning(request, f"Uppdragen som vilade på den avslutas samtidigt: {vilka}.")
    return reverse("behorigheter")

"""Systemadministratörens sidor: organisationer, beställare, systemadministratörer och nollställd inloggning."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Func
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from behorighet import tjanster
from behorighet.forms import VILLKORENS_FALT, Avslutningsform, Organisationsform, Organisationssok
from behorighet.inskick import en_gang
from behorighet.models import Anvandare, Behorighet, Organisation
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from behorighet.tva_steg import nollstall_tva_steg
from behorighet.views.anvandare import bestallning, personal
from fkui.fel import visa_fel

RADER_PER_SIDA = 100
ADRESSER = {
    "bestall": "bestallare_at",
    "avsluta": "avsluta_bestallare",
    "lank": "ny_bestallares_lank",
    "historik": "uppdrag:kontots_historik",
    "bestall_text": "Beställ",
    "nollstall": "nollstall_tva_steg",
}


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def organisationer(request: Begaran) -> HttpResponse:
    """Alla organisationer, sökbara på namn med `*`."""
    form = Organisationssok(request.GET)
    rader = form.urval(Organisation.objects.all()).order_by(Func("namn", function="sus_sortnyckel"), "pk")
    sida = Paginator(rader, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    mall = "behorighet/_organisation_rader.html" if request.htmx else "behorighet/organisation_lista.html"
    return render(request, mall, {"form": form, "sida": sida, "sokt": form.har_urval})


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny_organisation(request: Begaran) -> HttpResponse:
    """Registrera organisation."""
    form = Organisationsform(request.POST if request.method == "POST" else None, avbryt=reverse("organisationer"))
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _registrera(form, request))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "behorighet/organisation_form.html", {"form": form})


def _registrera(form: Organisationsform, request: Begaran) -> str:
    data = form.cleaned_data
    organisation = tjanster.registrera_organisation(
        namn=data["namn"], organisationsnummer=data["organisationsnummer"], typ=data["typ"], av=request.user
    )
    messages.success(request, f"Organisationen {organisation.namn} är registrerad.")
    return organisation.get_absolute_url()


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def organisation(request: Begaran, pk: int) -> HttpResponse:
    """En organisation, dess beställare och övriga personal."""
    organisation = get_object_or_404(Organisation, pk=pk)
    mall = "behorighet/_anvandare_rader.html" if request.htmx else "behorighet/organisation.html"
    sammanhang = {**personal(request, organisation), "organisation": organisation, "adresser": ADRESSER}
    return render(request, mall, sammanhang)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny_bestallare(request: Begaran, pk: int) -> HttpResponse:
    """Lägg till en beställare eller systemadministratör som inte har något konto."""
    organisation = get_object_or_404(Organisation, pk=pk)
    return _lagg_till(request, organisation, None)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def bestallare_at(request: Begaran, pk: int) -> HttpResponse:
    """Gör en i organisationens personal till beställare eller systemadministratör."""
    konton = Anvandare.objects.synliga_for(request.user, request.rattighet).select_related("arbetsgivare")
    person = get_object_or_404(konton, pk=pk)
    return _lagg_till(request, person.arbetsgivare, person)


def _lagg_till(request: Begaran, organisation: Organisation, person: Anvandare | None) -> HttpResponse:
    return bestallning(
        request,
        arbetsgivare=organisation,
        person=person,
        rubrik="Beställ behörighet",
        niva=organisation.namn,
        tillbaka=organisation.get_absolute_url(),
    )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def avsluta_bestallare(request: Begaran, pk: int) -> HttpResponse:
    """Avsluta behörigheten som beställare eller systemadministratör. Inga uppdrag vilar på den."""
    behorigheter = Behorighet.objects.synliga_for(request.user, request.rattighet)
    behorighet = get_object_or_404(behorigheter.select_related("anvandare__arbetsgivare"), pk=pk)
    tillbaka = behorighet.anvandare.arbetsgivare.get_absolute_url()
    form = Avslutningsform(request.POST if request.method == "POST" else None, avbryt=tillbaka)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _avsluta(form, behorighet, request, tillbaka))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return render(request, "behorighet/avsluta.html", {"form": form, "behorighet": behorighet, "tillbaka": tillbaka})


def _avsluta(form: Avslutningsform, behorighet: Behorighet, request: Begaran, tillbaka: str) -> str:
    tjanster.avsluta_behorighet(behorighet=behorighet, till=form.cleaned_data["till"], nu=form.nu, av=request.user)
    slut = "är avslutad" if form.nu else f"slutar {form.cleaned_data['till'].isoformat()}"
    messages.success(request, f"Behörigheten som {behorighet.get_roll_display().lower()} {slut}.")
    return tillbaka


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def nollstall(request: Begaran, pk: int) -> HttpResponse:
    """Nollställ tvåstegsinloggningen åt den som har tappat både telefon och reservkoder. Aldrig den egna."""
    konton = Anvandare.objects.synliga_for(request.user, request.rattighet).select_related("arbetsgivare")
    konto = get_object_or_404(konton, pk=pk)
    if konto == request.user:
        raise PermissionDenied
    if request.method == "POST":
        nollstall_tva_steg(konto=konto, av=request.user)
        messages.success(request, f"Tvåstegsinloggningen är nollställd för {konto}.")
        return redirect(konto.arbetsgivare.get_absolute_url())
    return render(request, "behorighet/nollstall_tva_steg.html", {"konto": konto})

"""Sidor för samverkansorganisationer: sök, visa, registrera, och användarna där."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Func, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.models import Anvandare
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import tjanster
from insatser.forms import Anvandarsok, Organisationsform, Organisationssok
from insatser.models import Samverkansorganisation, Uppdrag
from insatser.models.uppdrag import UppdragQuerySet
from insatser.views.paneler import paneler_for_organisation

RADER_PER_SIDA = 100


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def lista(request: Begaran) -> HttpResponse:
    """Alla samverkansorganisationer, sökbara på namn med `*`, form och läge."""
    form = Organisationssok(request.GET)
    organisationer = form.urval(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet))
    mall = "uppdrag/_organisation_rader.html" if request.htmx else "uppdrag/organisation_lista.html"
    return render(
        request,
        mall,
        {
            "form": form,
            "sida": Paginator(organisationer, RADER_PER_SIDA).get_page(request.GET.get("sida")),
            "sortering": form.sortering,
            "sokt": form.har_urval,
            "idag": timezone.localdate(),
            "far_registrera": request.user.far(Rattighet.ADMINISTRERA_SYSTEMET),
        },
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def organisation(request: Begaran, pk: int) -> HttpResponse:
    """En samverkansorganisation: basuppgifter, och vilka som har uppdrag där."""
    organisation = _organisation(request, pk)
    return render(
        request,
        "uppdrag/organisation.html",
        {
            "organisation": organisation,
            "kommuner": [kommun.namn for kommun in organisation.kommuner.order_by("kod")],
            "paneler": paneler_for_organisation(organisation, request.user),
            "idag": timezone.localdate(),
        },
    )


def _organisation(request: Begaran, pk: int) -> Samverkansorganisation:
    return get_object_or_404(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet), pk=pk)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny(request: Begaran) -> HttpResponse:
    """Registrera samverkansorganisation. Den första samverkansadministratören väljs sedan på dess sida."""
    form = Organisationsform(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _skapa(form, request))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    return render(request, "uppdrag/organisation_form.html", {"form": form})


def _skapa(form: Organisationsform, request: Begaran) -> str:
    organisation = tjanster.skapa_samverkansorganisation(**form.uppgifter(), av=request.user)
    messages.success(
        request, f"{organisation.namn} är registrerad. Lägg till den första samverkansadministratören nedan."
    )
    return organisation.get_absolute_url()


def _uppdrag_i(organisation: Samverkansorganisation) -> UppdragQuerySet:
    """Uppdragen i organisationen och på dess insatser."""
    return Uppdrag.objects.filter(
        Q(samverkansorganisation=organisation) | Q(insats__samverkansorganisation=organisation)
    ).att_visa()


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def anvandare(request: Begaran, pk: int) -> HttpResponse:
    """Samverkansorganisationens alla användare: de som har uppdrag där eller på dess insatser nu eller framöver."""
    organisation = _organisation(request, pk)
    form = Anvandarsok(request.GET)
    i_organisationen = _uppdrag_i(organisation).inte_slut()
    traffar = form.urval(Anvandare.objects.filter(pk__in=i_organisationen.order_by().values("behorighet__anvandare")))
    traffar = traffar.select_related("arbetsgivare").order_by(
        Func("efternamn", function="sus_sortnyckel"), Func("fornamn", function="sus_sortnyckel"), "pk"
    )
    sida = Paginator(traffar, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    roller: dict[int, list[Roll]] = {}
    for person, roll in i_organisationen.filter(behorighet__anvandare__in=list(sida)).values_list(
        "behorighet__anvandare", "behorighet__roll"
    ):
        roller.setdefault(person, []).append(Roll(roll))
    rader = [
        (en, [f"{roll.label} ({roller[en.pk].count(roll)})" for roll in Roll if roll in roller[en.pk]]) for en in sida
    ]
    kontext = {"organisation": organisation, "form": form, "sida": sida, "rader": rader}
    return render(request, "uppdrag/anvandare.html", kontext)


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def anvandares_uppdrag(request: Begaran, pk: int, anvandare: int) -> HttpResponse:
    """Visa användare: uppdrag i samverkansorganisationen, även de som har slutat."""
    organisation = _organisation(request, pk)
    uppdrag = list(_uppdrag_i(organisation).filter(behorighet__anvandare=anvandare).order_by("-fran", "pk"))
    if not uppdrag:
        raise Http404
    return render(
        request,
        "uppdrag/anvandares_uppdrag.html",
        {"organisation": organisation, "uppdrag": uppdrag, "person": uppdrag[0].behorighet.anvandare},
    )

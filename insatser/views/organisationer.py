"""Sidor för samverkansorganisationer: visa, registrera, ändra, och användarna där."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Func, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.models import Anvandare
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import organisation_tjanster
from insatser.forms import ORGANISATIONSVILLKOR, Andringsform, Anvandarsok, Organisationsform
from insatser.models import Kommun, Samverkansorganisation, Stadsdel, Uppdrag
from insatser.models.uppdrag import UppdragQuerySet
from insatser.views.paneler import paneler_for_organisation

RADER_PER_SIDA = 100


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def organisation(request: Begaran, pk: int) -> HttpResponse:
    """En samverkansorganisation: uppgifter, område, ingående organisationer, och vilka som har uppdrag där."""
    organisation = visad_organisation(request, pk)
    far = far_andra(request, organisation)
    parter = organisation.ingaende_organisationer.select_related("organisation").order_by(
        Func("organisation__namn", function="sus_sortnyckel"), "pk"
    )
    return render(
        request,
        "uppdrag/organisation.html",
        {
            "organisation": organisation,
            "flikar": flikar(organisation, "Uppgifter", med_fragor=far),
            "omrade": omradet(organisation),
            "parter": parter,
            "far_andra": far,
            "paneler": paneler_for_organisation(organisation, request.user),
            "idag": timezone.localdate(),
        },
    )


def visad_organisation(request: Begaran, pk: int) -> Samverkansorganisation:
    """Samverkansorganisationen inom räckvidden för vyns rättighet; annars 404."""
    return get_object_or_404(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet), pk=pk)


def far_andra(request: Begaran, organisation: Samverkansorganisation) -> bool:
    """Sant om användaren är samverkansadministratör där."""
    egna = Samverkansorganisation.objects.synliga_for(request.user, Rattighet.ANDRA_ORGANISATION)
    return egna.filter(pk=organisation.pk).exists()


def flikar(organisation: Samverkansorganisation, vald: str, *, med_fragor: bool) -> list[tuple[str, str, bool]]:
    """Flikarna Uppgifter och Budget, och för samverkansadministratören Kompletterande frågor: (text, adress, vald)."""
    adresser = {
        "Uppgifter": organisation.get_absolute_url(),
        "Budget": reverse("uppdrag:organisationsbudget", args=[organisation.pk]),
    }
    if med_fragor:
        adresser["Kompletterande frågor"] = reverse("fragor:lista", args=[organisation.pk])
    return [(text, adress, text == vald) for text, adress in adresser.items()]


def omradet(organisation: Samverkansorganisation) -> list[tuple[Kommun, list[Stadsdel]]]:
    """Kommunerna, i kodordning, var och en med sina valda stadsdelar; utan stadsdelar är det hela kommunen."""
    stadsdelar: dict[str, list[Stadsdel]] = {}
    for stadsdel in organisation.stadsdelar.order_by(Func("namn", function="sus_sortnyckel")):
        stadsdelar.setdefault(stadsdel.kommun_id, []).append(stadsdel)
    return [
        (kommun, stadsdelar.get(kommun.pk, []))
        for kommun in organisation.kommuner.select_related("lan").order_by("kod")
    ]


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny(request: Begaran) -> HttpResponse:
    """Registrera samverkansorganisation. Den första samverkansadministratören väljs sedan på dess sida."""
    form = Organisationsform(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _skapa(form, request))
        except ValidationError as fel:
            visa_fel(form, fel, falt=ORGANISATIONSVILLKOR)
        else:
            return redirect(adress)
    return render(request, "uppdrag/organisation_form.html", {"form": form})


def _skapa(form: Organisationsform, request: Begaran) -> str:
    organisation = organisation_tjanster.skapa_samverkansorganisation(**form.uppgifter(), av=request.user)
    messages.success(
        request, f"{organisation.namn} är registrerad. Lägg till den första samverkansadministratören nedan."
    )
    return organisation.get_absolute_url()


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra samverkansorganisationens uppgifter. Formen är text när det finns insatser."""
    organisation = visad_organisation(request, pk)
    form = Andringsform(
        request.POST if request.method == "POST" else None,
        organisation=organisation,
        fast_form=organisation_tjanster.har_insatser(organisation),
    )
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _andra(form, organisation, request))
        except Krock as fel:
            form, skillnader = form.efter_krock(fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=ORGANISATIONSVILLKOR)
        else:
            return redirect(adress)
    kontext = {"form": form, "organisation": organisation, "skillnader": skillnader}
    return render(request, "organisation/andra.html", kontext)


def _andra(form: Andringsform, organisation: Samverkansorganisation, request: Begaran) -> str:
    organisation_tjanster.andra_samverkansorganisation(
        organisation=organisation, version=form.cleaned_data["version"] or 0, **form.uppgifter(), av=request.user
    )
    messages.success(request, "Ändringarna är sparade.")
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
    organisation = visad_organisation(request, pk)
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
    organisation = visad_organisation(request, pk)
    uppdrag = list(_uppdrag_i(organisation).filter(behorighet__anvandare=anvandare).order_by("-fran", "pk"))
    if not uppdrag:
        raise Http404
    return render(
        request,
        "uppdrag/anvandares_uppdrag.html",
        {"organisation": organisation, "uppdrag": uppdrag, "person": uppdrag[0].behorighet.anvandare},
    )

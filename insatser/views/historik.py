"""Historiken för insatser, samverkansorganisationer och användare (P9)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from behorighet.historik import historik
from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from insatser.historik import for_anvandare, for_insats, for_organisation
from insatser.models import Insats, Samverkansorganisation


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def insats(request: Begaran, pk: int) -> HttpResponse:
    """Insatsens historik: uppgifter, kategorisering och uppdrag."""
    insats = get_object_or_404(Insats.objects.synliga_for(request.user, request.rattighet), pk=pk)
    kontext = {
        "rubrik": f"Historik: {insats.namn}",
        "niva": "Insatser",
        "niva_url": reverse("insatser:lista"),
        "niva2": insats.namn,
        "niva2_url": insats.get_absolute_url(),
        "ingress": "Kontorets uppgifter, och uppdragen på kontoret."
        if insats.ar_kontor
        else "Insatsens uppgifter och kategorisering, och uppdragen på insatsen.",
        "sida": historik(for_insats(insats), sida=request.GET.get("sida")),
    }
    return render(request, "historik/historik.html", kontext)


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def organisation(request: Begaran, pk: int) -> HttpResponse:
    """Samverkansorganisationens historik: uppgifter och uppdrag."""
    organisationer = Samverkansorganisation.objects.synliga_for(request.user, request.rattighet)
    organisation = get_object_or_404(organisationer, pk=pk)
    kontext = {
        "rubrik": f"Historik: {organisation.namn}",
        "niva": "Samverkansorganisationer",
        "niva_url": reverse("uppdrag:organisationer"),
        "niva2": organisation.namn,
        "niva2_url": organisation.get_absolute_url(),
        "ingress": "Samverkansorganisationens uppgifter, och uppdragen i den. Varje insats har sin egen historik.",
        "sida": historik(for_organisation(organisation), sida=request.GET.get("sida")),
    }
    return render(request, "historik/historik.html", kontext)


@require_safe
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def anvandare(request: Begaran, pk: int) -> HttpResponse:
    """Behörigheter och uppdrag för en i den egna organisationens personal."""
    return _anvandare(request, pk)


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def konto(request: Begaran, pk: int) -> HttpResponse:
    """Behörigheter och uppdrag för vilken användare som helst."""
    return _anvandare(request, pk)


def _anvandare(request: Begaran, pk: int) -> HttpResponse:
    konton = Anvandare.objects.synliga_for(request.user, request.rattighet).select_related("arbetsgivare")
    person = get_object_or_404(konton, pk=pk)
    egen = request.rattighet == Rattighet.BESTALLA_BEHORIGHET
    kontext = {
        "rubrik": f"Historik: {person.get_full_name()}",
        "niva": "Behörigheter" if egen else person.arbetsgivare.namn,
        "niva_url": reverse("behorigheter") if egen else person.arbetsgivare.get_absolute_url(),
        "ingress": f"Behörigheter och uppdrag. {person.arbetsgivare.namn}, användarnamn {person.username}.",
        "sida": historik(for_anvandare(person), sida=request.GET.get("sida")),
    }
    return render(request, "historik/historik.html", kontext)

"""Beställarens sidor: personalens behörigheter, beställning och engångslänkar."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet import tjanster
from behorighet.forms import VILLKORENS_FALT, Bestallningsform, Sokform
from behorighet.genomgang import nasta_genomgang
from behorighet.inskick import en_gang
from behorighet.models import Anvandare, Organisation
from behorighet.roller import BESTALLS_MED, Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from behorighet.views.lank import visa_en_gang
from fkui.fel import visa_fel

RADER_PER_SIDA = 50  # personer
# Adresserna som raderna om personalen leder till.
ADRESSER = {
    "bestall": "bestall_behorighet_at",
    "avsluta": "uppdrag:avsluta_behorighet",
    "lank": "ny_lank",
    "historik": "uppdrag:anvandares_historik",
    "bestall_text": "Beställ",
}


@require_safe
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def lista(request: Begaran) -> HttpResponse:
    """Personalen i den egna organisationen med roller, tider och status."""
    mall = "behorighet/_anvandare_rader.html" if request.htmx else "behorighet/anvandare_lista.html"
    arbetsgivare = request.user.arbetsgivare
    nasta = nasta_genomgang(arbetsgivare)
    return render(
        request,
        mall,
        {
            **personal(request, arbetsgivare),
            "adresser": ADRESSER,
            "nasta_genomgang": nasta,
            "forsenad": nasta is not None and nasta < timezone.localdate(),
        },
    )


def personal(request: Begaran, arbetsgivare: Organisation) -> dict[str, Any]:
    """Det som raderna om en organisations personal behöver: sökningen, sidan och rollerna som går att avsluta."""
    form = Sokform(request.GET)
    konton = Anvandare.objects.synliga_for(request.user, request.rattighet).filter(arbetsgivare=arbetsgivare)
    med_lank = Anvandare.objects.kan_fa_lank_av(request.user, request.rattighet).filter(pk=OuterRef("pk"))
    konton = konton.annotate(far_lank=Exists(med_lank))
    return {
        "form": form,
        "sida": Paginator(form.urval(konton), RADER_PER_SIDA).get_page(request.GET.get("sida")),
        "sokt": form.har_urval,
        "arbetsgivare": arbetsgivare,
        "bestallbara": BESTALLS_MED[request.rattighet],
    }


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def bestall(request: Begaran, pk: int | None = None) -> HttpResponse:
    """Beställ behörighet, åt en ny person eller åt en som redan har ett konto i organisationen."""
    konton = Anvandare.objects.synliga_for(request.user, request.rattighet)
    person = get_object_or_404(konton, pk=pk) if pk else None
    return bestallning(
        request,
        arbetsgivare=request.user.arbetsgivare,
        person=person,
        rubrik="Beställ behörighet",
        niva="Behörigheter",
        tillbaka=reverse("behorigheter"),
    )


def bestallning(
    request: Begaran, *, arbetsgivare: Organisation, person: Anvandare | None, rubrik: str, niva: str, tillbaka: str
) -> HttpResponse:
    """Sidan med beställningen: rollerna är de som begärans rättighet ger rätt att beställa."""
    argument: dict[str, Any] = {
        "roller": BESTALLS_MED[request.rattighet],
        "person": person,
        "avbryt": tillbaka,
    }
    form = Bestallningsform(request.POST if request.method == "POST" else None, **argument)
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _bestall(form, arbetsgivare, request, tillbaka))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    sammanhang = {"arbetsgivare": arbetsgivare, "person": person, "rubrik": rubrik, "niva": niva, "tillbaka": tillbaka}
    return render(request, "behorighet/bestall.html", {"form": form, **sammanhang})


def _bestall(form: Bestallningsform, arbetsgivare: Organisation, request: Begaran, tillbaka: str) -> str:
    data = form.cleaned_data
    person = form.person or tjanster.skapa_konto(
        **{namn: data[namn] for namn in ("username", "fornamn", "efternamn", "epost")},
        arbetsgivare=arbetsgivare,
        av=request.user,
    )
    roller = data["roller"]
    tjanster.bestall_behorighet(anvandare=person, roller=roller, fran=data["fran"], till=data["till"], av=request.user)
    vad = ", ".join(Roll(roll).label.lower() for roll in roller)
    messages.success(request, f"Behörighet som {vad} är beställd.")
    return tillbaka if form.person else visa_en_gang(request, person)

"""Registrera deltagare: in- och utregistrering."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from behorighet.inskick import en_gang, tidigare_svar
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms import (
    UTREGISTRERING,
    VILLKORENS_FALT,
    Inregistreringsform,
    Registreringsform,
    Utregistreringsform,
)
from deltagare.forms.fragor import Frageform
from deltagare.models import Deltagande
from deltagare.uppgifter import ATERTAGET_SAMTYCKE
from deltagare.views.egna import egna_insatser, saknar
from fkui.fel import visa_fel
from insatser.forms.fragefalt import PREFIX
from insatser.models import Insats, Tillfalle


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def registrera(request: Begaran) -> HttpResponse:
    """Registrera deltagare: in- och utregistrering på en sida. Personnumret kommer alltid med POST (P7)."""
    insatser = egna_insatser(request)
    if request.method == "GET":
        form: Registreringsform = Inregistreringsform(initial={"insats": request.GET.get("insats")}, insatser=insatser)
        return _visa_registrering(request, form)
    ut = request.POST.get("registrering") == UTREGISTRERING
    if "uppdatera" in request.POST:
        return _visa_registrering(request, _omstalld(request, insatser, ut=ut))
    if ut:
        return _utregistrera(request, insatser)
    form = Inregistreringsform(request.POST, insatser=insatser)
    if form.is_valid():
        try:
            adress = en_gang(request, lambda: _inregistrera(form, request))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return _visa_registrering(request, form)


def _omstalld(request: Begaran, insatser: QuerySet[Insats], *, ut: bool) -> Registreringsform:
    """Formuläret för det nyss valda slaget av registrering, med det inskrivna kvar och utan fel."""
    return (Utregistreringsform if ut else Inregistreringsform)(initial=_inskrivet(request), insatser=insatser)


def _inskrivet(request: Begaran) -> dict[str, Any]:
    inskrivet = {namn: request.POST.getlist(namn) for namn in request.POST}
    flera = {namn for namn in inskrivet if namn.startswith(("forsorjning_", "arbetstyp_", PREFIX))}
    return {namn: v if namn in flera else v[-1] for namn, v in inskrivet.items() if v}


@never_cache
@require_POST
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def fragor(request: Begaran) -> HttpResponse:
    """De kompletterande frågorna för insatsen och dagen, för htmx. Utan skript gör *Uppdatera val* samma sak."""
    tillfalle = Tillfalle.UT if request.POST.get("registrering") == UTREGISTRERING else Tillfalle.IN
    form = Frageform(initial=_inskrivet(request), insatser=egna_insatser(request), tillfalle=tillfalle)
    return render(request, "deltagare/_fragor.html", {"form": form})


def _visa_registrering(
    request: Begaran, form: Registreringsform, skillnader: list[tuple[str, str, str]] | None = None
) -> HttpResponse:
    return render(
        request,
        "deltagare/registrera.html",
        {"form": form, "saknar": saknar(request, form.insatser()), "skillnader": skillnader or []},
    )


def _inregistrera(form: Registreringsform, request: Begaran) -> str:
    data = form.cleaned_data
    insats = data["insats"]
    deltagande = tjanster.inregistrera(
        insats=insats,
        nummer=data["personnummer"],
        **{namn: data[namn] for namn in ("fornamn", "efternamn", "kommun", "stadsdel", "samtycke", "inregistrering")},
        fore=form.svar(),
        svar=form.fragesvar(),
        av=request.user,
    )
    # Inget namn i beskedet: det sparas i webbläsaren till nästa sida (P7).
    messages.success(request, f"Deltagaren är inregistrerad i {insats.namn} {deltagande.inregistrering.isoformat()}.")
    for text in tjanster.varningar(
        insats=insats, kommun=data["kommun"], kon=deltagande.kon, inregistrering=deltagande.inregistrering
    ):
        messages.warning(request, text)
    return f"{reverse('deltagare:registrera')}?insats={insats.pk}"


def _utregistrera(request: Begaran, insatser: QuerySet[Insats]) -> HttpResponse:
    """Hämtar den pågående registreringen och, när *Spara* valts, utregistrerar den."""
    forsta = Utregistreringsform(request.POST, insatser=insatser)
    if not forsta.is_valid():
        return _visa_registrering(request, forsta)
    insats, nummer = forsta.cleaned_data["insats"], forsta.cleaned_data["personnummer"]
    deltagande = tjanster.oppet_deltagande(insats=insats, nummer=nummer, av=request.user)
    if deltagande is None:
        try:
            if svar := tidigare_svar(request):
                return redirect(svar)  # ett dubbelklick: den första har redan utregistrerat
        except ValidationError as fel:
            visa_fel(forsta, fel)
        forsta.add_error("personnummer", "Personen är inte inregistrerad i insatsen. Kontrollera numret och insatsen.")
        return _visa_registrering(request, forsta)
    argument: dict[str, Any] = {"insatser": insatser, "deltagande": deltagande}
    hamtad = request.POST.get("deltagande") == str(deltagande.pk)
    if "spara" not in request.POST or not hamtad:
        initial = {"insats": insats, "personnummer": nummer.utskrivet, "registrering": UTREGISTRERING}
        return _visa_registrering(request, Utregistreringsform(initial=initial, **argument))
    form = Utregistreringsform(request.POST, **argument)
    if form.is_valid():
        try:
            adress = en_gang(request, lambda: _spara_utregistrering(form, deltagande, request))
        except Krock as fel:
            visa_fel(form, fel)
            return _visa_registrering(request, form, _skillnader(deltagande, form))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return _visa_registrering(request, form)


def _skillnader(deltagande: Deltagande, form: Registreringsform) -> list[tuple[str, str, str]]:
    deltagande.refresh_from_db()
    ut = deltagande.utregistrering
    return [
        (
            "Utregistrering",
            ut.isoformat() if ut else "inte utregistrerad",
            form.cleaned_data["utregistrering"].isoformat(),
        )
    ]


def _spara_utregistrering(form: Registreringsform, deltagande: Deltagande, request: Begaran) -> str:
    data = form.cleaned_data
    tjanster.utregistrera(
        deltagande=deltagande,
        version=data["version"],
        utregistrering=data["utregistrering"],
        avslutningsanledning=data["avslutningsanledning"],
        efter=form.svar(),
        svar=form.fragesvar(),
        av=request.user,
    )
    text = f"Deltagaren är utregistrerad ur {deltagande.insats.namn} {data['utregistrering'].isoformat()}."
    if data["avslutningsanledning"] == ATERTAGET_SAMTYCKE:
        text += " Identiteten är borttagen."
    messages.success(request, text)
    return f"{reverse('deltagare:registrera')}?insats={deltagande.insats_id}"

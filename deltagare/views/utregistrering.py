"""Registrera deltagare: utregistrering. Nås genom `registrering.registrera`."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from behorighet.inskick import en_gang, tidigare_svar
from behorighet.krock import Krock
from behorighet.skydd import Begaran
from deltagare import tjanster
from deltagare.forms import UTREGISTRERING, VILLKORENS_FALT, Registreringsform, Utregistreringsform
from deltagare.models import Deltagande
from deltagare.uppgifter import ATERTAGET_SAMTYCKE
from deltagare.views.egna import visa_registrering
from fkui.fel import visa_fel
from insatser.models import Insats

EN_TIDIGARE: str = (
    "Personen är inte inregistrerad i insatsen nu. Välj en tidigare dag i Mättillfälle och sedan Öppna, eller "
    "kontrollera numret och insatsen."
)
INTE_HAR: str = "Personen är inte inregistrerad i insatsen. Kontrollera numret och insatsen."


def utregistrera(request: Begaran, insatser: QuerySet[Insats]) -> HttpResponse:
    """Hämtar den pågående registreringen och, när *Spara* valts, utregistrerar den."""
    forsta = Utregistreringsform(request.POST, insatser=insatser)
    if not forsta.is_valid():
        return visa_registrering(request, forsta)
    insats, nummer = forsta.cleaned_data["insats"], forsta.cleaned_data["personnummer"]
    alla = tjanster.registreringar(insats_id=insats.pk, nummer=nummer, av=request.user)
    deltagande = next((ett for ett in alla if ett.utregistrering is None), None)
    tidigare = [ett for ett in alla if ett.utregistrering]
    if deltagande is None:
        return _ingen_pagar(request, forsta, tidigare)
    argument: dict[str, Any] = {"insatser": insatser, "deltagande": deltagande}
    if "spara" not in request.POST or request.POST.get("deltagande") != str(deltagande.pk):
        initial = {"insats": insats, "personnummer": nummer.utskrivet, "registrering": UTREGISTRERING}
        form = Utregistreringsform(initial=initial, **argument)
        form.valj_tillfalle(tidigare, nytt="Nyutregistrering")
        return visa_registrering(request, form)
    form = Utregistreringsform(request.POST, **argument)
    form.valj_tillfalle(tidigare, nytt="Nyutregistrering")
    return _spara(request, form, deltagande)


def _ingen_pagar(request: Begaran, form: Utregistreringsform, tidigare: list[Deltagande]) -> HttpResponse:
    try:
        if svar := tidigare_svar(request):
            return redirect(svar)  # ett dubbelklick: den första har redan utregistrerat
    except ValidationError as fel:
        visa_fel(form, fel)
    if not tidigare:
        tjanster.logga_utan_traff(insats_id=form.cleaned_data["insats"].pk, av=request.user)
    form.add_error("personnummer", EN_TIDIGARE if tidigare else INTE_HAR)
    form.valj_tillfalle(tidigare, nytt="")
    return visa_registrering(request, form)


def _spara(request: Begaran, form: Utregistreringsform, deltagande: Deltagande) -> HttpResponse:
    if form.is_valid():
        try:
            adress = en_gang(request, lambda: _utregistrera(form, deltagande, request))
        except Krock as fel:
            visa_fel(form, fel)
            return visa_registrering(request, form, _skillnader(deltagande, form))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return visa_registrering(request, form)


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


def _utregistrera(form: Registreringsform, deltagande: Deltagande, request: Begaran) -> str:
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

"""Registrera deltagare: utregistrering. Nås genom `registrering.registrera`."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from behorighet.inskick import dubbelklick, tidigare_svar
from behorighet.krock import Krock
from behorighet.skydd import Begaran
from deltagare import tjanster
from deltagare.forms import UTREGISTRERING, VILLKORENS_FALT, Registreringsform, Utregistreringsform
from deltagare.models import Deltagande
from deltagare.models.person import personer_med
from deltagare.personnummer import Personnummer
from deltagare.views.egna import (
    kort,
    med_lank,
    spara_en_gang,
    utregistreringens_kvitto,
    visa_redan_utregistrerad,
    visa_registrering,
)
from fkui.falt import STORSTA_ID, heltal_hogst
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
    samma = deltagande is not None and "spara" in request.POST and request.POST.get("deltagande") == str(deltagande.pk)
    if not samma and (redan := _nyss_utregistrerad(request, insats, nummer, kand=bool(alla))):
        return _redan_utregistrerad(request, insatser, redan)
    if deltagande is None:
        return _ingen_pagar(request, forsta, tidigare)
    argument: dict[str, Any] = {"insatser": insatser, "deltagande": deltagande}
    if not samma:
        initial = {"insats": insats, "personnummer": nummer.utskrivet, "registrering": UTREGISTRERING}
        form = Utregistreringsform(initial=initial, **argument)
        form.valj_tillfalle(tidigare, nytt="Nyutregistrering")
        return visa_registrering(request, form)
    form = Utregistreringsform(request.POST, **argument)
    form.valj_tillfalle(tidigare, nytt="Nyutregistrering")
    return _spara(request, form, deltagande)


def _nyss_utregistrerad(request: Begaran, insats: Insats, nummer: Personnummer, *, kand: bool) -> Deltagande | None:
    """Personens registrering som sidan gällde när *Spara* valdes, om någon har utregistrerat den sedan dess.

    Den som är utan identitet syns inte längre bland personens registreringar. Är numret `kand`, en annan som har sina
    registreringar kvar, är sidans registrering inte den personens.
    """
    pk = heltal_hogst(request.POST.get("deltagande", ""), STORSTA_ID) if "spara" in request.POST else None
    if pk is None:
        return None
    personens = Q(person__in=personer_med(nummer.nummer))
    if not kand:
        personens |= Q(avidentifierat=True)
    nadda = Deltagande.objects.synliga_for(request.user, request.rattighet).select_related(
        "insats", "person__identitet"
    )
    return nadda.filter(personens, pk=pk, insats=insats, utregistrering__isnull=False).first()


def _redan_utregistrerad(request: Begaran, insatser: QuerySet[Insats], ett: Deltagande) -> HttpResponse:
    if svar := dubbelklick(request):
        return redirect(svar)  # det var samma formulär som utregistrerade
    tjanster.logga_visning(deltagande=ett, av=request.user)
    form = Utregistreringsform(request.POST, insatser=insatser, deltagande=ett)
    form.is_valid()
    visa_redan_utregistrerad(form, ett)
    return visa_registrering(request, form)


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
            adress = spara_en_gang(request, lambda: _utregistrera(form, deltagande, request))
        except tjanster.RedanUtregistrerad as fel:
            return _redan_utregistrerad(request, form.inom_rackvidd, fel.deltagande)
        except Krock as fel:
            return _efter_krock(request, form, deltagande, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
        else:
            return redirect(adress)
    return visa_registrering(request, form)


def _efter_krock(request: Begaran, form: Utregistreringsform, deltagande: Deltagande, fel: Krock) -> HttpResponse:
    """Formuläret mot registreringen så som den är nu, och hur den är."""
    deltagande.refresh_from_db()
    data = request.POST.copy()
    data["version"] = str(deltagande.version)
    form.data = data
    visa_fel(form, fel)
    skrivet = f"utregistrerad {form.cleaned_data['utregistrering'].isoformat()}"
    return visa_registrering(request, form, [("Registreringen", kort(deltagande), skrivet)])


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
    kvitto = utregistreringens_kvitto(deltagande.insats.namn, data["utregistrering"], data["avslutningsanledning"])
    messages.success(request, med_lank(kvitto, deltagande))
    return f"{reverse('deltagare:registrera')}?insats={deltagande.insats_id}"

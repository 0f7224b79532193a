"""Registrera deltagare: in- och utregistrering på en sida."""

from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import folkbokforing
from deltagare.forms import UTREGISTRERING, Inregistreringsform, Registreringsform, Utregistreringsform
from deltagare.forms.fragor import Frageform
from deltagare.models import Deltagande
from deltagare.views.egna import egna_insatser, inskrivet, visa_registrering
from deltagare.views.inregistrering import inregistrera, med_det_hamtade, oppnat
from deltagare.views.utregistrering import utregistrera
from fkui.falt import STORSTA_ID, heltal_hogst
from insatser.models import Insats, Tillfalle

BARS_INTE: Final = {
    *("csrfmiddlewaretoken", "token", "mattillfalle", "deltagande", "version"),
    *("hamta", "oppna", "spara", "uppdatera"),
}


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def registrera(request: Begaran) -> HttpResponse:
    """Registrera deltagare: in- och utregistrering på en sida. Personnumret kommer alltid med POST (P7)."""
    insatser = egna_insatser(request)
    if request.method == "GET":
        form: Registreringsform = Inregistreringsform(initial={"insats": request.GET.get("insats")}, insatser=insatser)
        return visa_registrering(request, form)
    ut = _ut(request)
    if "oppna" in request.POST and (adress := _tidigare_tillfalle(request, ut=ut)):
        return redirect(adress)
    if "uppdatera" in request.POST or (not ut and _sparas_inte(request)):
        return visa_registrering(request, _omstalld(request, insatser, ut=ut))
    return (utregistrera if ut else inregistrera)(request, insatser)


def takten(request: HttpRequest) -> str:
    """Vilken gräns som anropet räknas mot, i `settings.SUS_TAKT`; tomt om det inte slår upp någon."""
    if request.method != "POST" or "uppdatera" in request.POST:
        return ""
    if _ut(request):
        return "personsokning"  # också Öppna: utan en vald dag söks personen
    if "oppna" in request.POST:
        return ""
    slar_upp = folkbokforing.finns() and ("hamta" in request.POST or oppnat(request) is None)
    return "hamta" if slar_upp else ""


def _sparas_inte(request: HttpRequest) -> bool:
    """*Öppna* utan en vald dag, eller *Hämta* när det inte längre går att hämta."""
    return "oppna" in request.POST or ("hamta" in request.POST and not folkbokforing.finns())


def _ut(request: HttpRequest) -> bool:
    return request.POST.get("registrering") == UTREGISTRERING


def _tidigare_tillfalle(request: Begaran, *, ut: bool) -> str:
    """Adressen till den tidigare registrering som valts i *Mättillfälle*; tom om ingen är det."""
    pk = heltal_hogst(request.POST.get("mattillfalle", ""), STORSTA_ID)
    nadda = Deltagande.objects.synliga_for(request.user, request.rattighet)
    if pk is None or not nadda.filter(pk=pk, avidentifierat=False).exists():
        return ""
    return f"{reverse('deltagare:ratta', args=[pk])}?tillfalle={'ut' if ut else 'in'}"


def _att_bara(request: HttpRequest) -> list[tuple[str, str]]:
    """Det inskrivna, fält för fält, utom det som hör till just den här sidan: knappar, valet av dag och dess token."""
    return [(namn, ett) for namn in request.POST if namn not in BARS_INTE for ett in request.POST.getlist(namn) if ett]


def _omstalld(request: Begaran, insatser: QuerySet[Insats], *, ut: bool) -> Registreringsform:
    """Formuläret för det nyss valda slaget av registrering, med det inskrivna och det hämtade kvar och utan fel."""
    initial = inskrivet(request)
    if ut:
        return Utregistreringsform(initial=initial, insatser=insatser, buret=_att_bara(request))
    if oppnad := oppnat(request):
        return med_det_hamtade(request, insatser, oppnad)
    return Inregistreringsform(initial=initial, insatser=insatser)


@never_cache
@require_POST
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def fragor(request: Begaran) -> HttpResponse:
    """De kompletterande frågorna för insatsen och dagen, för htmx. Utan skript gör *Uppdatera val* samma sak."""
    tillfalle = Tillfalle.UT if _ut(request) else Tillfalle.IN
    form = Frageform(initial=inskrivet(request), insatser=egna_insatser(request), tillfalle=tillfalle)
    return render(request, "deltagare/_fragor.html", {"form": form})

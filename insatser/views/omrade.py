"""Sidan *Välj kommun, stadsdel*: samverkansorganisationens område (`doman.md` 2, R8)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Func, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from behorighet.inskick import dubbelklick, en_gang
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import organisation_tjanster
from insatser.forms import Kommunsok, Omradesform
from insatser.models import Kommun, Samverkansorganisation, Stadsdel
from insatser.views.organisationer import omradet, visad_organisation


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def valj(request: Begaran, pk: int) -> HttpResponse:
    """Välj kommun, stadsdel: sökningen står i adressen, och det som kryssas läggs till området."""
    organisation = visad_organisation(request, pk)
    sok = Kommunsok(request.GET)
    kommuner, stadsdelar = _att_valja(organisation, sok)
    form = None
    if kommuner or stadsdelar:
        form = Omradesform(
            request.POST if request.method == "POST" else None,
            kommuner=kommuner,
            stadsdelar=stadsdelar,
            avbryt=organisation.get_absolute_url(),
        )
    if form and form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _utoka(form, organisation, request)))
        except ValidationError as fel:
            visa_fel(form, fel)
    elif svar := dubbelklick(request):
        return redirect(svar)
    kontext = {"organisation": organisation, "sok": sok, "form": form, "omrade": omradet(organisation)}
    return render(request, "organisation/omrade.html", kontext)


def _att_valja(organisation: Samverkansorganisation, sok: Kommunsok) -> tuple[list[Kommun], list[Stadsdel]]:
    """Det som sökningen träffar och som inte redan är valt; inget innan något är sökt."""
    if not sok.har_urval:
        return [], []
    traffar = sok.urval(Kommun.objects.all())
    # Stadsdelar som ersattes innan organisationen började hör inte hit.
    giltiga = Stadsdel.objects.filter(Q(giltig_till=None) | Q(giltig_till__gte=organisation.startdatum))
    stadsdelar = giltiga.filter(kommun__in=traffar).exclude(samverkansorganisationer=organisation)
    return (
        list(traffar.exclude(samverkansorganisationer=organisation)),
        list(
            stadsdelar.select_related("kommun").order_by(
                "kommun", F("giltig_till").desc(nulls_first=True), Func("namn", function="sus_sortnyckel")
            )
        ),
    )


def _utoka(form: Omradesform, organisation: Samverkansorganisation, request: Begaran) -> str:
    antal = organisation_tjanster.utoka_omradet(organisation=organisation, **form.valda(), av=request.user)
    messages.success(request, "1 tillagd." if antal == 1 else f"{antal} tillagda.")
    return request.get_full_path()


@require_POST
@kraver(Rattighet.ANDRA_ORGANISATION)
def ta_bort(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort en kommun (`kommun`, kod) eller en stadsdel (`stadsdel`, id) ur området."""
    organisation = visad_organisation(request, pk)
    stadsdel, kommun = request.POST.get("stadsdel", ""), request.POST.get("kommun", "")
    if stadsdel and not (stadsdel.isascii() and stadsdel.isdecimal() and len(stadsdel) < 10):
        raise Http404
    try:
        organisation_tjanster.minska_omradet(
            organisation=organisation,
            kommun=kommun,
            stadsdel=int(stadsdel) if stadsdel else None,
            av=request.user,
        )
    except ValidationError as fel:
        messages.error(request, " ".join(fel.messages))
    else:
        messages.success(request, "Borttagen ur området.")
    return redirect("uppdrag:omrade", pk=organisation.pk)

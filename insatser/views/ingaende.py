"""Sidorna för ingående organisationer: välja en, säga vad den gör, ta bort den (`doman.md` 2)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.models import Organisation
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import organisation_tjanster
from insatser.forms import Ingaendeform, Partsok
from insatser.models import Samverkansorganisation
from insatser.views.organisationer import visad_organisation

RADER_PER_SIDA = 100


@require_safe
@kraver(Rattighet.ANDRA_ORGANISATION)
def valj(request: Begaran, pk: int) -> HttpResponse:
    """Välj organisation: de som inte redan ingår."""
    organisation = visad_organisation(request, pk)
    form = Partsok(request.GET)
    traffar = form.urval(Organisation.objects.exclude(ingar_i__samverkansorganisation=organisation))
    sida = Paginator(traffar, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    kontext = {"organisation": organisation, "form": form, "sida": sida}
    return render(request, "organisation/valj_part.html", kontext)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def part(request: Begaran, pk: int, part: int) -> HttpResponse:
    """Vad en ingående organisation gör. Ingår den inte än läggs den till."""
    organisation = visad_organisation(request, pk)
    den = get_object_or_404(Organisation, pk=part)
    ingaende = organisation.ingaende_organisationer.filter(organisation=den).first()
    form = Ingaendeform(
        request.POST if request.method == "POST" else None,
        organisation=den,
        ingaende=ingaende,
        avbryt=organisation.get_absolute_url(),
    )
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and ("ta_bort" in request.POST or form.is_valid()):
        try:
            return redirect(en_gang(request, lambda: _spara(form, organisation, den, request)))
        except Krock as fel:
            form, skillnader = form.efter_krock(
                organisation.ingaende_organisationer.filter(organisation=den).first(), fel
            )
        except ValidationError as fel:
            visa_fel(form, fel)
    kontext = {"organisation": organisation, "form": form, "part": den, "skillnader": skillnader}
    return render(request, "organisation/part.html", kontext)


def _spara(form: Ingaendeform, organisation: Samverkansorganisation, den: Organisation, request: Begaran) -> str:
    if "ta_bort" in request.POST:
        organisation_tjanster.ta_bort_ingaende(samverkansorganisation=organisation, organisation=den, av=request.user)
        messages.success(request, f"{den.namn} ingår inte längre.")
        return organisation.get_absolute_url()
    ny = not form.cleaned_data["version"]
    organisation_tjanster.spara_ingaende(
        samverkansorganisation=organisation,
        organisation=den,
        version=form.cleaned_data["version"] or 0,
        **form.uppgifter(),
        av=request.user,
    )
    messages.success(request, f"{den.namn} är tillagd." if ny else "Ändringarna är sparade.")
    return organisation.get_absolute_url()

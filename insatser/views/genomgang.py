"""Sidan *Genomgång av behörigheter*. Den avslutar också uppdragen som vilar på det som avslutas (R4)."""

from collections import Counter

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from behorighet.forms import Genomgangsform
from behorighet.genomgang import (
    FORANDRAT,
    att_granska,
    forandringar,
    gar_att_avsluta,
    gor_genomgang,
    marken,
    nasta_genomgang,
    tidigare_genomgangar,
)
from behorighet.inskick import en_gang, tidigare_svar
from behorighet.models import Organisation
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser.models import Uppdrag
from insatser.uppdrag_tjanster import avsluta_uppdrag_for


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def genomgang(request: Begaran) -> HttpResponse:
    """Alla behörigheter i den egna organisationen, ett beslut om var och en."""
    organisation = request.user.arbetsgivare
    form = _form(organisation, request.POST if request.method == "POST" else None)
    if form.is_bound:
        try:
            # Prövas först: efter ett dubbelklick är det som avslutades inte längre det som visades.
            if svar := tidigare_svar(request):
                return redirect(svar)
            if form.is_valid():
                return redirect(en_gang(request, lambda: _spara(form, organisation, request)))
        except ValidationError as fel:
            # Någon annan hann före: visa det som nu gäller, med svaren kvar.
            form = _form(organisation, request.POST)
            if not form.non_field_errors():
                visa_fel(form, fel)
    vilar, nasta = _antal_uppdrag(organisation), nasta_genomgang(organisation)
    return render(
        request,
        "behorighet/genomgang.html",
        {
            "form": form,
            "organisation": organisation,
            "rader": [(ett, falt, vilar[ett.pk], gar_att_avsluta(ett)) for ett, falt in form.rader()],
            "visade": " ".join(f"{pk}:{till}" for pk, till in marken(form.behorigheter).items()),
            "nasta": nasta,
            "forsenad": nasta is not None and nasta < timezone.localdate(),
            "tidigare": tidigare_genomgangar(organisation),
        },
    )


def _form(organisation: Organisation, data: QueryDict | None) -> Genomgangsform:
    """Formuläret för det som gäller nu. Det som ändrats sedan sidan visades sägs, en rad per behörighet."""
    behorigheter = list(att_granska(organisation))
    form = Genomgangsform(data, behorigheter=behorigheter, valbara={b.pk for b in behorigheter if gar_att_avsluta(b)})
    if form.is_bound and "visade" not in form.errors:
        andrat = forandringar(form.cleaned_data["visade"], behorigheter, organisation)
        if andrat:
            form.add_error(None, ValidationError([FORANDRAT, *andrat]))
    return form


def _antal_uppdrag(organisation: Organisation) -> Counter[int]:
    """Hur många uppdrag som vilar på varje behörighet, nu eller framöver."""
    uppdrag = Uppdrag.objects.inte_slut().filter(behorighet__anvandare__arbetsgivare=organisation)
    return Counter(uppdrag.values_list("behorighet", flat=True))


def _spara(form: Genomgangsform, organisation: Organisation, request: Begaran) -> str:
    """Genomgången, behörigheterna och deras uppdrag i en transaktion: `en_gang` håller den."""
    _, avslutade = gor_genomgang(
        organisation=organisation, visade=form.cleaned_data["visade"], beslut=form.beslut(), av=request.user
    )
    uppdrag = [u for ett in avslutade for u in avsluta_uppdrag_for(behorighet=ett, nu=True, av=request.user)]
    antal = f"{len(avslutade)} {'behörighet' if len(avslutade) == 1 else 'behörigheter'}"
    messages.success(request, f"Genomgången är sparad. {antal} avslutades." if avslutade else "Genomgången är sparad.")
    if uppdrag:
        per_person: dict[str, list[str]] = {}
        for ett in uppdrag:
            per_person.setdefault(str(ett.behorighet.anvandare), []).append(str(ett.plats))
        vilka = " ".join(f"{namn}: {', '.join(platser)}." for namn, platser in per_person.items())
        messages.warning(request, f"Uppdragen som vilade på dem avslutades samtidigt. {vilka}")
    return reverse("behorigheter")

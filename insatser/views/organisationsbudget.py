"""Fliken *Budget* för en samverkansorganisation: ett kalenderår i taget (`doman.md` 2)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Func, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.models import Organisation
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser.forms import FINANSIERING, KOSTNADER, Organisationsbudgetform
from insatser.insatsbudget import HAR_REDAN_RADER
from insatser.kategorier import Samverkansform
from insatser.models import Samverkansorganisation
from insatser.organisationsbudget import (
    Finansieringsrad,
    Kostnadsrad,
    Organisationsar,
    ar_med_budget,
    budgetaren,
    organisationsar,
    till_nytt_ar,
)
from insatser.organisationsbudget_tjanster import spara_organisationsbudget
from insatser.views.organisationer import far_andra, flikar, visad_organisation


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def budget(request: Begaran, pk: int, ar: int | None = None) -> HttpResponse:
    """Ett års budget, med summor och skillnaden mellan plan och utfall. Utan år visas det innevarande."""
    organisation = visad_organisation(request, pk)
    aren = budgetaren(organisation)
    valt = min(max(timezone.localdate().year, aren[0]), aren[-1]) if ar is None else ar
    if valt not in aren:
        raise Http404
    far = far_andra(request, organisation)
    return render(
        request,
        "organisation/budget.html",
        {
            "organisation": organisation,
            "flikar": flikar(organisation, "Budget", med_fragor=far),
            "ar": valt,
            "aren": [(ett, _adress("organisationsbudget_ar", organisation, ett)) for ett in reversed(aren)],
            "med_budget": ar_med_budget(organisation),
            "budget": organisationsar(organisation, valt, med_insatser=True),
            "finsam": organisation.samverkansform == Samverkansform.FINSAM,
            "far_andra": far,
            "idag": timezone.localdate(),
        },
    )


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ANDRA_ORGANISATION)
def andra(request: Begaran, pk: int, ar: int) -> HttpResponse:
    """Ändra ett års budget. *Lägg till*, *Ta bort* och *Kopiera* ändrar raderna på sidan; *Spara* sparar."""
    organisation = visad_organisation(request, pk)
    if ar not in budgetaren(organisation):
        raise Http404
    sparat = organisationsar(organisation, ar)
    argument = _argument(organisation, ar, sparat)
    if request.method == "GET":
        form = Organisationsbudgetform(rader=_rader(sparat), initial={"version": sparat.version}, **argument)
    else:
        form = Organisationsbudgetform(request.POST, **argument)
        if "spara" not in request.POST:
            form = _med_andrade_rader(form, organisation, ar, request)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _spara(form, organisation, ar, request)))
        except Krock as fel:
            nu = organisationsar(organisation, ar)
            form, skillnader = form.efter_krock(_rader(nu), nu.version, fel)
        except ValidationError as fel:
            visa_fel(form, fel)
    return _visa(request, organisation, ar, form=form, skillnader=skillnader)


def _visa(request: Begaran, organisation: Samverkansorganisation, ar: int, **kontext: Any) -> HttpResponse:
    kontext |= {
        "organisation": organisation,
        "ar": ar,
        "budget_url": _adress("organisationsbudget_ar", organisation, ar),
    }
    return render(request, "organisation/budget_form.html", kontext)


def _adress(namn: str, organisation: Samverkansorganisation, ar: int) -> str:
    return reverse(f"uppdrag:{namn}", args=[organisation.pk, ar])


def _argument(organisation: Samverkansorganisation, ar: int, sparat: Organisationsar) -> dict[str, Any]:
    """Finansiärerna är de som finansierar nu, och de som redan står i årets budget."""
    egna = Q(ingar_i__samverkansorganisation=organisation, ingar_i__finansierar=True)
    kvar = Q(pk__in={rad.organisation for rad in sparat.finansiering})
    finansiarer = Organisation.objects.filter(egna | kvar).distinct()
    forra = ar - 1 if till_nytt_ar(organisationsar(organisation, ar - 1)).finns else None
    return {
        "finansiarer": sorted(finansiarer.annotate(ordning=Func("namn", function="sus_sortnyckel")), key=_ordning),
        "med_kostnader": organisation.samverkansform == Samverkansform.FINSAM,
        "avbryt": _adress("organisationsbudget_ar", organisation, ar),
        "forra": forra,
    }


def _ordning(organisation: Any) -> tuple[str, int]:
    return organisation.ordning, organisation.pk


def _rader(ar: Organisationsar) -> dict[str, list[dict[str, Any]]]:
    """Raderna så som formuläret tar dem."""
    finansiering = [{**rad._asdict(), "organisation": str(rad.organisation)} for rad in ar.finansiering]
    return {FINANSIERING: finansiering, KOSTNADER: [rad._asdict() for rad in ar.kostnader]}


def _med_andrade_rader(
    form: Organisationsbudgetform, organisation: Samverkansorganisation, ar: int, request: Begaran
) -> Organisationsbudgetform:
    kopiera = None
    if "kopiera" in request.POST:
        kopiera = _rader(till_nytt_ar(organisationsar(organisation, ar - 1)))
        if form.har_rader:
            messages.error(request, HAR_REDAN_RADER)
    return form.med_andrade_rader(
        lagg_till=request.POST.get("lagg_till", ""), stryk=request.POST.get("stryk", ""), kopiera=kopiera
    )


def _spara(form: Organisationsbudgetform, organisation: Samverkansorganisation, ar: int, request: Begaran) -> str:
    finansiering = [
        Finansieringsrad(**{**rad, "organisation": int(rad["organisation"])}) for rad in form.ifyllda(FINANSIERING)
    ]
    andrat = spara_organisationsbudget(
        organisation=organisation,
        ar=ar,
        version=form.cleaned_data["version"] or 0,
        finansiering=finansiering,
        kostnader=[Kostnadsrad(**rad) for rad in form.ifyllda(KOSTNADER)],
        av=request.user,
    )
    messages.success(request, f"Budgeten för {ar} är sparad." if andrat else "Inget var ändrat.")
    return _adress("organisationsbudget_ar", organisation, ar)

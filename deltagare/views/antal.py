"""Registrera antal för en volyminsats."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms import Antalsform
from deltagare.models import Volymantal
from deltagare.tjanster import Arsantal
from fkui.fel import visa_fel
from insatser.kategorier import Deltagarregistrering
from insatser.models import Budget, Insats


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_ANTAL)
def antal(request: Begaran, pk: int) -> HttpResponse:
    """Registrera antal för en volyminsats, med det budgeterade antalet bredvid."""
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    insats = get_object_or_404(insatser.filter(deltagarregistrering=Deltagarregistrering.ANTAL), pk=pk)
    form = Antalsform(
        request.POST if request.method == "POST" else None, ar=_aren(insats), avbryt=insats.get_absolute_url()
    )
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        inskrivet = {ar: Arsantal(*varden) for ar, varden in form.per_ar().items()}
        try:
            adress = en_gang(request, lambda: _spara_antal(insats, inskrivet, request))
        except Krock as fel:
            form, skillnader = _efter_krock(insats, inskrivet, fel)
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    return render(request, "deltagare/antal.html", {"form": form, "insats": insats, "skillnader": skillnader})


def _spara_antal(insats: Insats, inskrivet: dict[int, Arsantal], request: Begaran) -> str:
    andrade = tjanster.registrera_antal(insats=insats, ar=inskrivet, av=request.user)
    messages.success(request, "Antalet är sparat." if andrade else "Inget var ändrat.")
    return insats.get_absolute_url()


def _aren(insats: Insats) -> list[tuple[int, int | None, int, int | None]]:
    """(år, antal, version, budgeterat) för vart år insatsen har pågått, det senaste först."""
    idag = timezone.localdate()
    sista = min(insats.slutdatum or idag, idag).year
    sparade = {rad.ar: rad for rad in Volymantal.objects.filter(insats=insats)}
    plan = dict(Budget.objects.filter(insats=insats).values_list("ar", "budgeterat_antal_volym"))
    aren = sorted({*range(insats.startdatum.year, sista + 1), *sparade}, reverse=True)
    return [
        (ar, sparade[ar].antal if ar in sparade else None, sparade[ar].version if ar in sparade else 0, plan.get(ar))
        for ar in aren
    ]


def _efter_krock(
    insats: Insats, inskrivet: dict[int, Arsantal], fel: Krock
) -> tuple[Antalsform, list[tuple[str, str, str]]]:
    """Formuläret mot det som nu är sparat, med det inskrivna kvar, och vad som skiljer."""
    aren = _aren(insats)
    sparat = {ar: _som_text(antal) for ar, antal, _, _ in aren}
    skrivet = {ar: _som_text(inskrivet[ar].antal) if ar in inskrivet else sparat[ar] for ar in sparat}
    data = {f"antal_{ar}": text for ar, text in skrivet.items()}
    data |= {f"version_{ar}": str(version) for ar, _, version, _ in aren}
    form = Antalsform(data, ar=aren, avbryt=insats.get_absolute_url())
    form.is_valid()
    visa_fel(form, fel)
    return form, [
        (f"Faktiskt antal {ar}", sparat[ar] or "–", skrivet[ar] or "–") for ar in sparat if sparat[ar] != skrivet[ar]
    ]


def _som_text(antal: int | None) -> str:
    return "" if antal is None else str(antal)

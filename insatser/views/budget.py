"""Fliken *Budget* för en insats: året som visas, översikten, och sidan där året ändras (`doman.md` 3.2)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.falt import heltal_hogst
from fkui.fel import visa_fel
from insatser.budget_tjanster import FOR_MANGA_RADER, spara_budget, ta_bort_arets_rader
from insatser.forms import Budgetform, Radborttagsform, antal_rader, budget_inskriven, budget_skillnader, budget_sparad
from insatser.insatsbudget import (
    FLEST_RADER,
    HAR_REDAN_RADER,
    Arsbudget,
    alla_ar,
    arsbudget,
    budgetaren,
    har_grund,
    kan_ha_budget,
    till_nytt_ar,
)
from insatser.models import Budgettyp, Insats
from insatser.views.insatser import flikar


def _insats(request: Begaran, pk: int) -> Insats:
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).utan_kontor()
    return get_object_or_404(insatser.select_related("samverkansorganisation"), pk=pk)


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def budget(request: Begaran, pk: int) -> HttpResponse:
    """Insatsbudgeten för ett år, och alla år i översikt. Läses av var och en med en roll (R5)."""
    insats = _insats(request, pk)
    aren = budgetaren(insats)
    ar = _valt_ar(request.GET.get("ar", ""), aren)
    aret = arsbudget(insats, ar)
    far = Insats.objects.synliga_for(request.user, Rattighet.REGISTRERA_INSATS).filter(pk=pk).exists()
    return render(
        request,
        "insatser/budget.html",
        {
            "insats": insats,
            "flikar": flikar(insats, vald="budget"),
            "aren": aren,
            "ar": ar,
            "budget": aret,
            "rader": [(Budgettyp(rad.budgettyp).label, rad) for rad in aret.rader],
            "delsummor": _delsummor(aret),
            "summa": aret.summa(),
            "utan_utfall": sum(rad.utfall is None for rad in aret.rader),
            "alla_ar": alla_ar(insats),
            "idag": timezone.localdate(),
            "far_andra": far,
            "for_manga_rader": FOR_MANGA_RADER if far and len(aret.rader) > FLEST_RADER else "",
        },
    )


def _valt_ar(text: str, aren: list[int]) -> int:
    """Året i adressen om insatsen har det, annars det närmast innevarande."""
    if (valt := heltal_hogst(text, 9999)) in aren:
        return valt
    i_ar = timezone.localdate().year
    return min(aren, key=lambda ar: abs(ar - i_ar))


def _delsummor(aret: Arsbudget) -> list[tuple[str, Any]]:
    """En summa per budgettyp, när raderna har mer än en."""
    typer = [typ for typ in Budgettyp if any(rad.budgettyp == typ for rad in aret.rader)]
    return [(typ.label, aret.summa(typ)) for typ in typer] if len(typer) > 1 else []


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def andra(request: Begaran, pk: int, ar: int) -> HttpResponse:
    """Ändra insatsbudgeten för ett år. Bara *Spara* sparar; de andra knapparna ändrar raderna på sidan."""
    insats = _insats(request, pk)
    if not kan_ha_budget(insats, ar):
        raise Http404
    tillbaka = f"{reverse('insatser:budget', args=[pk])}?ar={ar}"
    argument: dict[str, Any] = {"insats": insats, "ar": ar, "avbryt": tillbaka, "forra": har_grund(insats, ar - 1)}
    skillnader: list[tuple[str, str, str]] = []
    if request.method == "GET":
        aret = arsbudget(insats, ar)
        if len(aret.rader) > FLEST_RADER:
            messages.error(request, FOR_MANGA_RADER)
            return redirect(tillbaka)
        form = Budgetform(initial=budget_sparad(aret), rader=len(aret.rader), **argument)
    elif "spara" not in request.POST:
        form = _med_andrade_rader(request, argument)
    else:
        form = Budgetform(request.POST, rader=antal_rader(request.POST), **argument)
        if form.is_valid():
            try:
                return redirect(en_gang(request, lambda: _spara(form, insats, ar, request, tillbaka)))
            except Krock as fel:
                form, skillnader = _efter_krock(request, insats, ar, form, fel, argument)
            except ValidationError as fel:
                visa_fel(form, fel)
    kontext = {"form": form, "insats": insats, "ar": ar, "tillbaka": tillbaka, "skillnader": skillnader}
    return render(request, "insatser/budget_form.html", kontext)


def _med_andrade_rader(request: Begaran, argument: dict[str, Any]) -> Budgetform:
    """*Lägg till rad*, *Ta bort* och *Kopiera från*: det inskrivna med en ändring, och inget sparat."""
    data = request.POST
    stryk = heltal_hogst(data.get("stryk", ""), FLEST_RADER)
    if "kopiera" in data:
        return _kopierad(request, argument)
    if stryk is not None:
        initial = budget_inskriven(data, stryk=stryk)
        fokus = max(initial["antal"], 1)
    else:
        initial = budget_inskriven(data)
        fokus = initial["antal"]
        initial["antal"] += 1
    return Budgetform(initial=initial, rader=initial["antal"], andrad=True, fokus=fokus, **argument)


def _kopierad(request: Begaran, argument: dict[str, Any]) -> Budgetform:
    """Förra årets plan och rader i ett år utan rader. Annars det inskrivna som det var, och varför."""
    data = request.POST
    initial = budget_inskriven(data)
    forra = till_nytt_ar(arsbudget(argument["insats"], argument["ar"] - 1))
    form = Budgetform(initial=initial, rader=initial["antal"], andrad=True, **argument)
    if form.har_rader:
        messages.error(request, HAR_REDAN_RADER)
        return form
    if len(forra.rader) > FLEST_RADER:
        messages.error(request, f"Det blir fler än {FLEST_RADER} rader. Inget är kopierat.")
        return form
    initial = budget_inskriven(data, tillagg=forra)
    return Budgetform(initial=initial, rader=initial["antal"], andrad=True, fokus=0, **argument)


def _spara(form: Budgetform, insats: Insats, ar: int, request: Begaran, tillbaka: str) -> str:
    skrivet = form.budget()
    andrad = spara_budget(
        insats=insats,
        ar=ar,
        version=form.cleaned_data["version"] or 0,
        planerat=skrivet.planerat,
        rader=skrivet.rader,
        av=request.user,
    )
    messages.success(request, f"Budgeten för {ar} är sparad." if andrad else "Inget var ändrat.")
    return tillbaka


def _efter_krock(
    request: Begaran, insats: Insats, ar: int, form: Budgetform, fel: Krock, argument: dict[str, Any]
) -> tuple[Budgetform, list[tuple[str, str, str]]]:
    """Formuläret mot det som nu är sparat, med det inskrivna kvar, och vad som skiljer."""
    sparat = arsbudget(insats, ar)
    data = request.POST.copy()
    data["version"] = str(sparat.version)
    nytt = Budgetform(data, rader=antal_rader(data), **argument)
    nytt.is_valid()
    visa_fel(nytt, fel)
    return nytt, budget_skillnader(sparat, form.budget())


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def ta_bort_rader(request: Begaran, pk: int, ar: int) -> HttpResponse:
    """Ta bort ett års alla rader, efter en bekräftelse: för året som en fil har gett fler än sidan kan ändra."""
    insats = _insats(request, pk)
    if not kan_ha_budget(insats, ar):
        raise Http404
    tillbaka = f"{reverse('insatser:budget', args=[pk])}?ar={ar}"
    aret = arsbudget(insats, ar)
    form = Radborttagsform(
        request.POST if request.method == "POST" else None,
        initial={"version": aret.version},
        tas_bort=_tas_bort(insats, ar, aret),
        avbryt=tillbaka,
    )
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _ta_bort_rader(form, insats, ar, request, tillbaka)))
        except ValidationError as fel:
            visa_fel(form, fel)
    kontext = {"form": form, "insats": insats, "ar": ar, "tillbaka": tillbaka, "tomt": not aret.rader}
    return render(request, "insatser/ta_bort_budgetrader.html", kontext)


def _tas_bort(insats: Insats, ar: int, aret: Arsbudget) -> list[tuple[str, Any]]:
    summa = aret.summa()
    return [
        ("Insats", f"{insats.namn}, {insats.samverkansorganisation.namn}"),
        ("Budgetår", str(ar)),
        ("Rader", len(aret.rader)),
        ("Budget i kronor", summa.budget),
        ("Utfall i kronor", summa.utfall),
    ]


def _ta_bort_rader(form: Radborttagsform, insats: Insats, ar: int, request: Begaran, tillbaka: str) -> str:
    version = form.cleaned_data["version"] or 0
    antal = ta_bort_arets_rader(insats=insats, ar=ar, version=version, av=request.user)
    rader = "En rad är borttagen" if antal == 1 else f"{antal} rader är borttagna"
    messages.success(request, f"{rader} ur budgeten för {ar}.")
    return tillbaka

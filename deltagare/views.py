"""Sidor för den som registrerar: deltagare, anonyma deltagare och antal i volyminsatser."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Func, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang, tidigare_svar
from behorighet.krock import Krock
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms import (
    UTREGISTRERING,
    VILLKORENS_FALT,
    AnonymBorttagsform,
    Anonymform,
    Antalsform,
    Inregistreringsform,
    Registreringsform,
    Utregistreringsform,
)
from deltagare.models import Anonym, Deltagande, Volymantal
from deltagare.tjanster import Anonymrad, Arsantal
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, Kon
from fkui.fel import visa_fel
from insatser.kategorier import Deltagarregistrering
from insatser.models import Budget, Insats
from insatser.uppdrag_tjanster import att_fraga


def _saknar(request: Begaran, insatser: list[Insats]) -> str:
    """Vem den som saknar uppdrag vänder sig till (R3); tomt för den som har något att registrera i."""
    if insatser:
        return ""
    return f"Du saknar uppdrag som deltagaransvarig. {att_fraga(request.user, Roll.DELTAGARANSVARIG)}"


def _egna_insatser(request: Begaran, *, kontor: bool = False) -> QuerySet[Insats]:
    """Insatserna som användaren registrerar i: inte volyminsatser, och kontor bara för anonyma."""
    sorter = [Deltagarregistrering.PERSONUPPGIFTER.value, *([""] if kontor else [])]
    return (
        Insats.objects.synliga_for(request.user, request.rattighet)
        .filter(deltagarregistrering__in=sorter)
        .select_related("samverkansorganisation")
        .order_by(Func("namn", function="sus_sortnyckel"))
    )


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def registrera(request: Begaran) -> HttpResponse:
    """Registrera deltagare: in- och utregistrering på en sida. Personnumret kommer alltid med POST (P7)."""
    insatser = _egna_insatser(request)
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
    inskrivet = {namn: request.POST.getlist(namn) for namn in request.POST}
    flera = {namn for namn in inskrivet if namn.startswith(("forsorjning_", "arbetstyp_"))}
    initial: dict[str, Any] = {namn: v if namn in flera else v[-1] for namn, v in inskrivet.items() if v}
    return (Utregistreringsform if ut else Inregistreringsform)(initial=initial, insatser=insatser)


def _visa_registrering(
    request: Begaran, form: Registreringsform, skillnader: list[tuple[str, str, str]] | None = None
) -> HttpResponse:
    saknar = _saknar(request, form.insatser())
    return render(
        request, "deltagare/registrera.html", {"form": form, "saknar": saknar, "skillnader": skillnader or []}
    )


def _inregistrera(form: Registreringsform, request: Begaran) -> str:
    data = form.cleaned_data
    insats = data["insats"]
    deltagande = tjanster.inregistrera(
        insats=insats,
        nummer=data["personnummer"],
        **{namn: data[namn] for namn in ("fornamn", "efternamn", "kommun", "stadsdel", "samtycke", "inregistrering")},
        fore=form.svar(),
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
        av=request.user,
    )
    text = f"Deltagaren är utregistrerad ur {deltagande.insats.namn} {data['utregistrering'].isoformat()}."
    if data["avslutningsanledning"] == ATERTAGET_SAMTYCKE:
        text += " Identiteten är borttagen."
    messages.success(request, text)
    return f"{reverse('deltagare:registrera')}?insats={deltagande.insats_id}"


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_ANONYMA)
def anonyma(request: Begaran) -> HttpResponse:
    """Registrera anonyma deltagare: rader läggs till, *Spara* registrerar dem."""
    insatser = _egna_insatser(request, kontor=True)
    if request.method == "GET":
        initial = {"insats": request.GET.get("insats"), "ar": timezone.localdate().year}
        form = Anonymform(initial=initial, insatser=insatser, rader=[])
    elif "spara" in request.POST:
        form = Anonymform(request.POST, insatser=insatser, rader=request.POST.getlist("rad"))
        if form.is_valid():
            try:
                adress = en_gang(request, lambda: _registrera_anonyma(form, request))
            except ValidationError as fel:
                visa_fel(form, fel, falt=VILLKORENS_FALT)
            else:
                return redirect(adress)
    else:
        form = _med_andrade_rader(request, insatser)
    return _visa_anonyma(request, form)


def _med_andrade_rader(request: Begaran, insatser: QuerySet[Insats]) -> Anonymform:
    """*Lägg till* och *Ta bort* på raderna som inte är sparade än."""
    rader = request.POST.getlist("rad")
    if (plats := request.POST.get("stryk", "")).isdecimal() and plats.isascii() and int(plats) < len(rader):
        del rader[int(plats)]
        return Anonymform(initial=request.POST.dict(), insatser=insatser, rader=rader)
    falten = {"kvinna": "antal_kvinnor", "man": "antal_man"}
    kon = request.POST.get("lagg_till", "")
    # Retur i ett fält trycker på sidans första knapp: är bara det andra fältet ifyllt är det som menas.
    if kon in falten and not request.POST.get(falten[kon]):
        kon = next((annat for annat, namn in falten.items() if request.POST.get(namn)), kon)
    falt = falten.get(kon, "")
    bunden = Anonymform(request.POST, insatser=insatser, rader=rader)
    bunden.is_valid()
    if not falt or not bunden.cleaned_data.get(falt):
        if falt and falt not in bunden.errors:
            bunden.add_error(falt, "Ange ett antal att lägga till.")
        for annat in set(bunden.errors) - {falt}:
            del bunden.errors[annat]
        return bunden
    antal = bunden.cleaned_data[falt]
    initial = {**request.POST.dict(), falt: ""}
    return Anonymform(initial=initial, insatser=insatser, rader=[*rader, f"{kon}:{antal}"])


def _visa_anonyma(request: Begaran, form: Anonymform) -> HttpResponse:
    vald = form["insats"].value()
    pk = str(getattr(vald, "pk", vald) or "")
    insats = next((i for i in form.insatser() if str(i.pk) == pk), None)
    registrerade: dict[int, dict[str, int]] = {}
    for rad in Anonym.objects.filter(insats=insats, antal__gt=0).order_by("-ar") if insats else []:
        registrerade.setdefault(rad.ar, {})[rad.kon] = rad.antal
    return render(
        request,
        "deltagare/anonyma.html",
        {
            "form": form,
            "insats": insats,
            "saknar": _saknar(request, form.insatser()),
            "registrerade": [
                (ar, antal.get(Kon.KVINNA, 0), antal.get(Kon.MAN, 0)) for ar, antal in registrerade.items()
            ],
        },
    )


def _registrera_anonyma(form: Anonymform, request: Begaran) -> str:
    data = form.cleaned_data
    rader = [Anonymrad(Kon(kon), antal) for kon, antal in form.med_inskrivet()]
    tjanster.registrera_anonyma(insats=data["insats"], ar=data["ar"], rader=rader, av=request.user)
    antal = sum(rad.antal for rad in rader)
    messages.success(request, f"{antal} anonyma deltagare är registrerade i {data['insats'].namn} för {data['ar']}.")
    return f"{reverse('deltagare:anonyma')}?insats={data['insats'].pk}"


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_ANONYMA)
def ta_bort_anonyma(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort felregistrerade anonyma deltagare, med anledning."""
    insats = get_object_or_404(_egna_insatser(request, kontor=True), pk=pk)
    registrerade = list(Anonym.objects.filter(insats=insats, antal__gt=0).order_by("-ar", "kon"))
    tillbaka = f"{reverse('deltagare:anonyma')}?insats={insats.pk}"
    form = AnonymBorttagsform(
        request.POST if request.method == "POST" else None, registrerade=registrerade, avbryt=tillbaka
    )
    if form.is_bound and form.is_valid():
        try:
            adress = en_gang(request, lambda: _ta_bort(form, insats, request, tillbaka))
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            return redirect(adress)
    return render(request, "deltagare/ta_bort_anonyma.html", {"form": form, "insats": insats, "tillbaka": tillbaka})


def _ta_bort(form: AnonymBorttagsform, insats: Insats, request: Begaran, tillbaka: str) -> str:
    data = form.cleaned_data
    ar, kon = data["vilka"].split(":")
    tjanster.ta_bort_anonyma(
        insats=insats, ar=int(ar), kon=kon, antal=data["antal"], anledning=data["anledning"], av=request.user
    )
    messages.success(request, f"{data['antal']} anonyma deltagare är borttagna ur {insats.namn} för {ar}.")
    return tillbaka


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

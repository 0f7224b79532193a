"""Anonyma deltagare: registreras som antal per år och kön, och tas bort med anledning."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms import VILLKORENS_FALT, AnonymBorttagsform, Anonymform
from deltagare.forms.anonyma import Rad
from deltagare.models import Anonym
from deltagare.tjanster import Anonymrad
from deltagare.uppgifter import Kon
from deltagare.views.egna import egna_insatser, saknar
from fkui.falt import heltal_hogst
from fkui.fel import visa_fel
from insatser.models import Insats


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_ANONYMA)
def anonyma(request: Begaran) -> HttpResponse:
    """Registrera anonyma deltagare: rader läggs till, *Spara* registrerar dem."""
    insatser = egna_insatser(request, kontor=True)
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
    plats = heltal_hogst(request.POST.get("stryk", ""), len(rader))
    if plats is not None and plats < len(rader):
        del rader[plats]
        return Anonymform(initial=request.POST.dict(), insatser=insatser, rader=rader)
    falten = {"kvinna": "antal_kvinnor", "man": "antal_man"}
    kon = request.POST.get("lagg_till", "")
    # Retur i ett fält trycker på sidans första knapp: är bara det andra fältet ifyllt är det som menas.
    if kon in falten and not request.POST.get(falten[kon]):
        kon = next((annat for annat, namn in falten.items() if request.POST.get(namn)), kon)
    falt = falten.get(kon, "")
    bunden = Anonymform(request.POST, insatser=insatser, rader=rader)
    bunden.is_valid()
    if falt and not bunden.cleaned_data.get(falt) and falt not in bunden.errors:
        bunden.add_error(falt, "Ange ett antal att lägga till.")
    # Raden hör till insatsen och året som är valda när den läggs till.
    for annat in set(bunden.errors) - ({"insats", "ar", falt} if falt else set()):
        del bunden.errors[annat]
    if not falt or bunden.errors:
        return bunden
    data = bunden.cleaned_data
    ny = Rad(data["insats"].pk, data["ar"], kon, data[falt])
    return Anonymform(initial={**request.POST.dict(), falt: ""}, insatser=insatser, rader=[*rader, str(ny)])


def _visa_anonyma(request: Begaran, form: Anonymform) -> HttpResponse:
    form.namnge_insatserna()
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
            "saknar": saknar(request, form.insatser()),
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
    vad = "1 anonym deltagare är registrerad" if antal == 1 else f"{antal} anonyma deltagare är registrerade"
    messages.success(request, f"{vad} i {data['insats'].namn} för {data['ar']}.")
    return f"{reverse('deltagare:anonyma')}?insats={data['insats'].pk}"


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_ANONYMA)
def ta_bort_anonyma(request: Begaran, pk: int) -> HttpResponse:
    """Ta bort felregistrerade anonyma deltagare, med anledning."""
    insats = get_object_or_404(egna_insatser(request, kontor=True), pk=pk)
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
    antal = data["antal"]
    vad = "1 anonym deltagare är borttagen" if antal == 1 else f"{antal} anonyma deltagare är borttagna"
    messages.success(request, f"{vad} ur {insats.namn} för {ar}.")
    return tillbaka

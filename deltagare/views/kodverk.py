"""Systemadministratörens sidor för kodverken. En ändring gäller i formulären från nästa sida som visas."""

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
from deltagare.forms import Kodform, NyKodform
from deltagare.kodverk import andra_kod, lagg_till_kod
from deltagare.models import Kod
from deltagare.uppgifter import Kodverk
from fkui.fel import visa_fel
from fkui.templatetags.fkui import vardetext

VILLKORENS_FALT = {"koden_en_gang_i_kodverket": "kod", "kod_slutar_inte_fore_start": "giltig_till"}


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def kodverk(request: Begaran) -> HttpResponse:
    """Alla kodverk med sina koder, även de som inte längre gäller."""
    koder: dict[str, list[tuple[Kod, str]]] = {}
    for kod in Kod.objects.order_by("ordning", "pk"):
        koder.setdefault(kod.kodverk, []).append((kod, _lage(kod)))
    listor = [(ett, koder.get(ett.value, [])) for ett in Kodverk]
    return render(request, "kodverk/kodverk.html", {"listor": listor})


def _lage(kod: Kod) -> str:
    idag = timezone.localdate()
    if kod.galler(idag):
        return "galler"
    return "kommande" if kod.giltig_fran and kod.giltig_fran > idag else "avslutad"


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny_kod(request: Begaran, kodverk: str) -> HttpResponse:
    """Lägg till en kod."""
    if kodverk not in Kodverk.values:
        raise Http404
    i = Kodverk(kodverk)
    form = NyKodform(
        request.POST if request.method == "POST" else None,
        kodverk=i,
        platser=Kod.objects.filter(kodverk=i).count(),
        avbryt=_tillbaka(i),
    )
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _lagg_till(form, i, request)))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    return render(request, "kodverk/kod.html", {"form": form, "rubrik": f"Lägg till kod: {i.label}"})


def _lagg_till(form: NyKodform, i: Kodverk, request: Begaran) -> str:
    falt = ("kod", "etikett", "ordning", "giltig_fran")
    kod = lagg_till_kod(kodverk=i, **{namn: form.cleaned_data[namn] for namn in falt}, av=request.user)
    messages.success(request, f"{kod.etikett} är tillagd i {i.label}.")
    return _tillbaka(i)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra en kods text och plats, eller avsluta den."""
    kod = get_object_or_404(Kod, pk=pk)
    i = Kodverk(kod.kodverk)
    form = Kodform(request.POST if request.method == "POST" else None, kod=kod, avbryt=_tillbaka(i))
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, kod, request)))
        except Krock as fel:
            form, skillnader = _efter_krock(request, kod, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    sammanhang = {"form": form, "rubrik": f"Ändra kod: {kod.etikett}", "skillnader": skillnader, "finns": True}
    return render(request, "kodverk/kod.html", sammanhang)


def _andra(form: Kodform, kod: Kod, request: Begaran) -> str:
    andrad = andra_kod(kod=kod, **form.uppgifter(), av=request.user)
    messages.success(request, "Koden är ändrad." if andrad else "Inget var ändrat.")
    return _tillbaka(Kodverk(kod.kodverk))


def _efter_krock(request: Begaran, kod: Kod, fel: Krock) -> tuple[Kodform, list[tuple[str, str, str]]]:
    """Formuläret mot det som nu är sparat, med det inskrivna kvar, och vad som skiljer."""
    kod.refresh_from_db()
    data = request.POST.copy()
    data["version"] = str(kod.version)
    form = Kodform(data, kod=kod, avbryt=_tillbaka(Kodverk(kod.kodverk)))
    form.is_valid()
    visa_fel(form, fel)
    skrivet = form.cleaned_data
    par = [(str(falt.label), getattr(kod, falt.name), skrivet.get(falt.name)) for falt in form.visible_fields()]
    return form, [(namn, vardetext(sparat), vardetext(nytt)) for namn, sparat, nytt in par if sparat != nytt]


def _tillbaka(i: Kodverk) -> str:
    return f"{reverse('kodverk:kodverk')}#{i.value}"

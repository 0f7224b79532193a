"""Systemadministratörens sidor för gallring (P12): reglerna, förslaget, beslutet och intyget."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from behorighet.takt import begransa
from deltagare import gallring as tjanster
from deltagare.forms.gallring import Beslutsform, Forslagsform, Regelform
from deltagare.gallringsslag import SLAGEN, Slag
from deltagare.models import Gallring, Gallringsregel
from fkui import pdf
from fkui.fel import visa_fel
from fkui.templatetags.fkui import vardetext

VISADE: Final = 50
VILLKORENS_FALT: Final = {"gallringsregeln_ar_rimlig": "ar"}


def _lage(gallring: Gallring) -> tuple[str, str]:
    """Märkets slag och text."""
    if gallring.utford_vid:
        return "success-inverted", "Utförd"
    if gallring.avbruten_vid:
        return "default", "Avbruten"
    if gallring.paborjad_vid:
        return "warning-inverted", "Pågår"
    return ("default-inverted", "Godkänd") if gallring.godkand_vid else ("warning-inverted", "Väntar på godkännande")


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def lista(request: Begaran) -> HttpResponse:
    """Reglerna med vad de betyder, och gallringarna, den senaste först."""
    regler = {regel.slag: regel for regel in Gallringsregel.objects.all()}
    gallringar = Gallring.objects.select_related("foreslagen_av").order_by("-pk")[:VISADE]
    kontext = {
        "regler": [(regler[slag], SLAGEN[slag]) for slag in Slag],
        "gallringar": [(en, *_lage(en)) for en in gallringar],
        "vantar": any(en.oppen for en in gallringar),
    }
    return render(request, "gallring/lista.html", kontext)


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def regel(request: Begaran, slag: str) -> HttpResponse:
    """Ändra hur länge ett slags uppgifter får finnas kvar."""
    regeln = get_object_or_404(Gallringsregel, slag=slag)
    form = Regelform(request.POST if request.method == "POST" else None, regel=regeln, avbryt=_listan())
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, regeln, request)))
        except Krock as fel:
            form, skillnader = _efter_krock(request, regeln, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "rubrik": f"Ändra gallringsregel: {regeln.get_slag_display()}", "skillnader": skillnader}
    return render(request, "gallring/regel.html", kontext)


def _andra(form: Regelform, regel: Gallringsregel, request: Begaran) -> str:
    falt = {namn: form.cleaned_data[namn] for namn in ("version", "ar", "grund")}
    andrad = tjanster.andra_regel(regel=regel, **falt, av=request.user)
    messages.success(request, "Regeln är ändrad. Den gäller från nästa förslag." if andrad else "Inget var ändrat.")
    return _listan()


def _efter_krock(request: Begaran, regel: Gallringsregel, fel: Krock) -> tuple[Regelform, list[tuple[str, str, str]]]:
    """Formuläret mot det som nu är sparat, med det inskrivna kvar, och vad som skiljer."""
    regel.refresh_from_db()
    data = request.POST.copy()
    data["version"] = str(regel.version)
    form = Regelform(data, regel=regel, avbryt=_listan())
    form.is_valid()
    visa_fel(form, fel)
    par = [
        (str(falt.label), getattr(regel, falt.name), form.cleaned_data.get(falt.name)) for falt in form.visible_fields()
    ]
    return form, [(namn, vardetext(sparat), vardetext(nytt)) for namn, sparat, nytt in par if sparat != nytt]


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny(request: Begaran) -> HttpResponse:
    """Vad reglerna skulle gallra i dag, och *Föreslå gallring*. Inget tas bort här."""
    form = Forslagsform(request.POST if request.method == "POST" else None, avbryt=_listan())
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _foresla(request)))
        except ValidationError as fel:
            visa_fel(form, fel)
    granser = tjanster.granser_nu()
    antal = tjanster.antal_nu(granser)
    kontext = {
        "form": form,
        "rader": tjanster.slagrader(granser, antal),
        "organisationer": tjanster.per_organisation(antal),
        "slag": list(Slag),
        "vantar": Gallring.objects.filter(oppen=True).first(),
    }
    return render(request, "gallring/ny.html", kontext)


def _foresla(request: Begaran) -> str:
    pk = tjanster.foresla()
    messages.success(request, "Gallringen är föreslagen. En annan systemadministratör ska godkänna den.")
    return reverse("gallring:gallring", args=[pk])


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def gallring(request: Begaran, pk: int) -> HttpResponse:
    """En gallring: förslaget, beslutet, och när den är utförd intyget."""
    en = get_object_or_404(Gallring.objects.select_related("foreslagen_av", "godkand_av", "avbruten_av"), pk=pk)
    form = _beslutsform(request, en)
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _besluta(form, en, request)))
        except ValidationError as fel:
            en.refresh_from_db()
            form = _beslutsform(request, en)
            form.is_valid()
            visa_fel(form, fel)
    return render(request, "gallring/gallring.html", {**_om(en), "form": form, "egen": _egen(request, en)})


def _egen(request: Begaran, gallring: Gallring) -> bool:
    return gallring.foreslagen_av_id == request.user.pk


def _beslutsform(request: Begaran, gallring: Gallring) -> Beslutsform:
    return Beslutsform(
        request.POST if request.method == "POST" else None,
        far_godkanna=not gallring.godkand_vid and not _egen(request, gallring),
        godkann="Godkänn och gallra" if tjanster.ryms(gallring) else "Godkänn, gallra i natt",
    )


def _om(gallring: Gallring) -> dict[str, Any]:
    """Det som sidan och intyget visar om gallringen."""
    marke, lage = _lage(gallring)
    rader = tjanster.for_gallring(gallring)
    borttaget = gallring.utfall.get("borttaget", {})
    return {
        "gallring": gallring,
        "marke": marke,
        "lage": lage,
        "rader": rader,
        "skiljer": any(rad.skiljer for rad in rader),
        "ryms": tjanster.ryms(gallring),
        "borttaget": [
            (text, borttaget.get(namn, 0))
            for namn, text in (
                ("personer", "Personers personnummer och namn"),
                ("kommun", "Deltagandens kommun och stadsdel"),
                ("fritext", "Svar i fritext"),
            )
        ],
        "organisationer": tjanster.per_organisation(gallring.antal),
        "slag": list(Slag),
    }


def _besluta(form: Beslutsform, gallring: Gallring, request: Begaran) -> str:
    if form.cleaned_data["beslut"] == form.AVBRYT:
        tjanster.avbryt(gallring)
        messages.success(request, "Gallringen är avbruten. Inget är borttaget.")
    else:
        tjanster.godkann(gallring)
        if tjanster.ryms(gallring):
            tjanster.utfor(gallring)
            messages.success(request, "Gallringen är godkänd och utförd.")
        else:
            messages.success(request, "Gallringen är godkänd. Den utförs i natt.")
    return reverse("gallring:gallring", args=[gallring.pk])


@begransa("rapportfil")
@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def intyg(request: Begaran, pk: int) -> HttpResponse:
    """Intyget som PDF, för en utförd gallring."""
    en = get_object_or_404(
        Gallring.objects.select_related("foreslagen_av__arbetsgivare", "godkand_av__arbetsgivare"), pk=pk
    )
    if not en.utford_vid:
        raise Http404
    regler = [(slag.label, SLAGEN[slag].vad) for slag in Slag]
    html = render_to_string("gallring/intyg.html", {**_om(en), "regler": regler, "framtaget": timezone.localtime()})
    try:
        innehall = pdf.staende(html)
    except pdf.PdfSaknas as fel:
        messages.error(request, str(fel))
        return redirect("gallring:gallring", pk=pk)
    return HttpResponse(
        innehall,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="gallringsintyg-{pk}.pdf"', "Cache-Control": "no-store"},
    )


def _listan() -> str:
    return reverse("gallring:lista")

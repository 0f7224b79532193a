"""Rapporternas sidor: urvalsbilden, resultatet och filerna."""

from collections.abc import Callable
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from behorighet.takt import begransa
from fkui.falt import STORSTA_ID, heltal_hogst
from rapporter import fragor, renderare, samarbetsfragor
from rapporter.forms import UrvalForm
from rapporter.jobbvyer import erbjud
from rapporter.models import SparatUrval
from rapporter.renderare.html import Sortering, figurer, tabell
from rapporter.renderare.pdf import PdfSaknas
from rapporter.samarbetsformular import LedtiderForm, OvergangarForm, SamarbetsurvalForm, StatusForm
from rapporter.sortering import sortera
from rapporter.sparat import oppna
from rapporter.tabell import Rapport
from rapporter.varden import celltext

RADER_PER_SIDA: Final = 100
# En PDF tar omkring 40 ms per rad. Rapporterna om samarbeten, som aldrig blir så långa, görs inte i bakgrunden.
RADER_I_PDF: Final = 500

SPARADE_PA_URVALSBILDEN: Final = 8

Formular = UrvalForm | SamarbetsurvalForm


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def insats(request: Begaran) -> HttpResponse:
    """Insatsrapporten: urvalsbilden, med `visa` i adressen rapporten för urvalet, med `format` den som fil."""
    koder = fragor.koder()
    form = UrvalForm(request.GET, koder=koder, idag=timezone.localdate())
    if form.format in {"pdf", "xlsx"} and form.is_valid():
        # En lång fil beställs: då räcker det att räkna raderna.
        omfang = fragor.omfang(form.urval, for_anvandare=request.user)
        if omfang.ar_lang(form.format):
            return erbjud(request, form.urval, omfang, adress=form.adress, format=form.format)
    # Diagrammen tar en sats till, och finns varken i CSV eller i tabellen som byts för sig.
    diagram = form.format in {"pdf", "xlsx"} or not (form.format or request.htmx)
    return _svara(
        request,
        form,
        lambda: fragor.insatsrapport(form.urval, koder=koder, for_anvandare=request.user, med_diagram=diagram),
    )


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def ledtider(request: Begaran) -> HttpResponse:
    """Ledtider i Af/FK-samarbetet (R32)."""
    return _om_samarbeten(request, LedtiderForm, samarbetsfragor.ledtidsrapport)


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def status(request: Begaran) -> HttpResponse:
    """Var samarbetena är, per kontor."""
    return _om_samarbeten(request, StatusForm, samarbetsfragor.statusrapport)


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def overgangar(request: Begaran) -> HttpResponse:
    """Övergångarna mellan insatstyperna, som tabell och flöde."""
    return _om_samarbeten(request, OvergangarForm, samarbetsfragor.overgangsrapport)


def _om_samarbeten(
    request: Begaran, formularet: type[SamarbetsurvalForm], ta_fram: Callable[..., Rapport]
) -> HttpResponse:
    kontoren = samarbetsfragor.kontoren()
    form = formularet(request.GET, kontoren=kontoren, idag=timezone.localdate())
    return _svara(request, form, lambda: ta_fram(form.urval, kontoren=kontoren, for_anvandare=request.user))


def _svara(request: Begaran, form: Formular, ta_fram: Callable[[], Rapport]) -> HttpResponse:
    if not form.begard or not form.is_valid():
        return _urvalsbilden(request, form)
    rapport = ta_fram()
    return _fil(request, form, rapport) if form.format else _sida(request, form, rapport)


def _urvalsbilden(request: Begaran, form: Formular, **svar: Any) -> HttpResponse:
    kontext: dict[str, Any] = {"form": form}
    if isinstance(form, UrvalForm):
        sparade = list(
            SparatUrval.objects.synliga_for(request.user, request.rattighet)
            .kvar()
            .egna_forst(request.user)[: SPARADE_PA_URVALSBILDEN + 1]
        )
        kontext["sparade"] = sparade[:SPARADE_PA_URVALSBILDEN]
        kontext["fler"] = len(sparade) > SPARADE_PA_URVALSBILDEN
        kontext["sparat"] = _sparat(request, form)
    return render(request, "rapporter/urval.html", kontext, **svar)


def _sparat(request: Begaran, form: Formular) -> SparatUrval | None:
    """Det sparade urval som adressen kommer ur, om det finns kvar."""
    pk = heltal_hogst(form.sparat, STORSTA_ID) if isinstance(form, UrvalForm) else None
    if pk is None:
        return None
    return SparatUrval.objects.synliga_for(request.user, request.rattighet).kvar().filter(pk=pk).first()


def _om_det_sparade(request: Begaran, form: Formular) -> dict[str, Any]:
    """Det sparade urvalet som rapporten kommer ur, och om urvalet har ändrats sedan det öppnades."""
    sparat = _sparat(request, form)
    if sparat is None or not isinstance(form, UrvalForm):
        return {}
    return {"sparat": sparat, "avviker": oppna(sparat, koder=form.koder, idag=form.idag).urval != form.urval}


def _fil(request: Begaran, form: Formular, rapport: Rapport) -> HttpResponse:
    if form.format == "pdf" and isinstance(form, SamarbetsurvalForm) and len(rapport.rader) > RADER_I_PDF:
        form.add_error(
            None,
            f"Rapporten har {celltext(len(rapport.rader))} rader. En PDF kan ha högst {RADER_I_PDF}: "
            "avgränsa urvalet, eller hämta rapporten som Excel.",
        )
        return _urvalsbilden(request, form)
    try:
        innehall = renderare.rendera(rapport, form.format)
    except PdfSaknas as fel:
        form.add_error(None, str(fel))
        return _urvalsbilden(request, form, status=503)
    filnamn = content_disposition_header(as_attachment=True, filename=f"{rapport.filnamn}.{form.format}")
    return HttpResponse(
        innehall,
        content_type=renderare.INNEHALLSTYP[form.format],
        headers={"Content-Disposition": filnamn or "attachment", "Cache-Control": "no-store"},
    )


def _sorterad(request: Begaran, sortering: str) -> str:
    adress = request.GET.copy()
    adress["sortering"] = sortering
    adress.pop("sida", None)
    return f"?{adress.urlencode()}"


def _sida(request: Begaran, form: Formular, rapport: Rapport) -> HttpResponse:
    alla = "alla" in request.GET
    per_sida = max(len(rapport.rader), 1) if alla else RADER_PER_SIDA
    nu = request.GET.get("sortering", "")
    rapport = sortera(rapport, nu)
    sida = Paginator(rapport.rader, per_sida).get_page(request.GET.get("sida"))
    insatser = reverse("insatser:lista")
    filer = [("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv")]
    filer += [("JSON", "json")] if isinstance(form, SamarbetsurvalForm) else []
    return render(
        request,
        "rapporter/_rapport_rader.html" if request.htmx else "rapporter/resultat.html",
        {
            "rapport": rapport,
            "sida": sida,
            "tabell": tabell(
                rapport,
                sida.start_index() - 1,
                sida.end_index(),
                adress=lambda pk: f"{insatser}{pk}/",
                sortering=Sortering(nu, lambda ny: _sorterad(request, ny), "rapporttabell"),
            ),
            "figurer": [] if request.htmx else figurer(rapport),
            "adress": form.adress,
            **_om_det_sparade(request, form),
            "gar_att_spara": isinstance(form, UrvalForm),
            "format": [(text, f"{form.adress}&format={kod}") for text, kod in filer],
        },
    )

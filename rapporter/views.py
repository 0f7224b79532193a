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
from rapporter import fragor, renderare, samarbetsfragor
from rapporter.forms import UrvalForm
from rapporter.renderare.html import figurer, tabell
from rapporter.renderare.pdf import PdfSaknas
from rapporter.samarbetsformular import LedtiderForm, OvergangarForm, SamarbetsurvalForm, StatusForm
from rapporter.tabell import Rapport
from rapporter.varden import celltext

RADER_PER_SIDA: Final = 100
# En PDF tar omkring 40 ms per rad. Större än så ska den göras i bakgrunden, inte medan någon väntar.
RADER_I_PDF: Final = 500

Formular = UrvalForm | SamarbetsurvalForm


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def insats(request: Begaran) -> HttpResponse:
    """Insatsrapporten: urvalsbilden, med `visa` i adressen rapporten för urvalet, med `format` den som fil."""
    koder = fragor.koder()
    form = UrvalForm(request.GET, koder=koder, idag=timezone.localdate())
    return _svara(request, form, lambda: fragor.insatsrapport(form.urval, koder=koder, for_anvandare=request.user))


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
    return render(request, "rapporter/urval.html", {"form": form}, **svar)


def _fil(request: Begaran, form: Formular, rapport: Rapport) -> HttpResponse:
    if form.format == "pdf" and len(rapport.rader) > RADER_I_PDF:
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


def _sida(request: Begaran, form: Formular, rapport: Rapport) -> HttpResponse:
    alla = "alla" in request.GET
    per_sida = max(len(rapport.rader), 1) if alla else RADER_PER_SIDA
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
            "tabell": tabell(rapport, list(sida), lambda pk: f"{insatser}{pk}/"),
            "figurer": [] if request.htmx else figurer(rapport),
            "adress": form.adress,
            "format": [(text, f"{form.adress}&format={kod}") for text, kod in filer],
        },
    )

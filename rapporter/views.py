"""Sidan *Insatsrapport*: urvalsbilden, resultatet och filerna."""

from typing import Final

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
from rapporter import fragor, renderare
from rapporter.forms import UrvalForm
from rapporter.rapport import Rapport, celltext
from rapporter.renderare.html import tabell
from rapporter.renderare.pdf import PdfSaknas

RADER_PER_SIDA: Final = 100
# En PDF tar omkring 40 ms per rad. Större än så ska den göras i bakgrunden, inte medan någon väntar.
RADER_I_PDF: Final = 500


@begransa("rapportfil", nar=lambda request: "format" in request.GET)
@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def insats(request: Begaran) -> HttpResponse:
    """Urvalsbilden. Med `visa` i adressen rapporten för urvalet, med `format` rapporten som fil."""
    koder = fragor.koder()
    form = UrvalForm(request.GET, koder=koder, idag=timezone.localdate())
    if not form.begard or not form.is_valid():
        return render(request, "rapporter/urval.html", {"form": form})
    rapport = fragor.insatsrapport(form.urval, koder=koder, for_anvandare=request.user)
    return _fil(request, form, rapport) if form.format else _sida(request, form, rapport)


def _fil(request: Begaran, form: UrvalForm, rapport: Rapport) -> HttpResponse:
    if form.format == "pdf" and len(rapport.rader) > RADER_I_PDF:
        form.add_error(
            None,
            f"Rapporten har {celltext(len(rapport.rader))} rader. En PDF kan ha högst {RADER_I_PDF}: "
            "avgränsa urvalet, eller hämta rapporten som Excel.",
        )
        return render(request, "rapporter/urval.html", {"form": form})
    try:
        innehall = renderare.rendera(rapport, form.format)
    except PdfSaknas as fel:
        form.add_error(None, str(fel))
        return render(request, "rapporter/urval.html", {"form": form}, status=503)
    filnamn = content_disposition_header(as_attachment=True, filename=f"{rapport.filnamn}.{form.format}")
    return HttpResponse(
        innehall,
        content_type=renderare.INNEHALLSTYP[form.format],
        headers={"Content-Disposition": filnamn or "attachment", "Cache-Control": "no-store"},
    )


def _sida(request: Begaran, form: UrvalForm, rapport: Rapport) -> HttpResponse:
    alla = "alla" in request.GET
    per_sida = max(len(rapport.rader), 1) if alla else RADER_PER_SIDA
    sida = Paginator(rapport.rader, per_sida).get_page(request.GET.get("sida"))
    insatser = reverse("insatser:lista")
    adress = rapport.urval.adress(form.koder)
    return render(
        request,
        "rapporter/_rapport_rader.html" if request.htmx else "rapporter/resultat.html",
        {
            "rapport": rapport,
            "sida": sida,
            "tabell": tabell(rapport, list(sida), lambda pk: f"{insatser}{pk}/"),
            "adress": adress,
            "format": [
                (text, f"{adress}&format={kod}") for text, kod in (("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv"))
            ],
        },
    )

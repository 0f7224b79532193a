"""Långa rapporter: beställa, följa, avbryta och hämta; sidan *Mina rapporter* (`docs/adr/0024-langa-rapporter.md`)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from behorighet.takt import begransa
from rapporter import fragor, renderare
from rapporter.forms import UrvalForm
from rapporter.langa import GRANSER, Omfang
from rapporter.models import MED_BESKED, Bestallning, BestallningQuerySet, Filformat
from rapporter.rapport import RUBRIK
from rapporter.renderare import pdf
from rapporter.renderare.pdf import PdfSaknas
from rapporter.tjanster import bestallning as tjanster
from rapporter.urval import Urval
from rapporter.varden import celltext

# Så länge väntar en beställning innan sidan ser efter om någon arbetare är igång.
VANTAR_HOGST: Final = timedelta(minutes=1)
# Ungefär hur många celler som görs i sekunden, för att säga hur lång tid det tar.
_I_SEKUNDEN: Final = {"pdf": 450, "xlsx": 50_000}


def erbjud(request: Begaran, urval: Urval, omfang: Omfang, *, adress: str, format: str) -> HttpResponse:
    """Sidan som säger att rapporten är lång och görs i bakgrunden, med knappen som beställer den."""
    hinder = _hinder(format)
    return render(
        request,
        "rapporter/bestall.html",
        {
            "rubrik": RUBRIK,
            "period": urval.period,
            "format": Filformat(format),
            "rader": celltext(omfang.rader),
            "celler": celltext(omfang.celler),
            "adress": adress,
            "tid": ungefar(omfang.celler / _I_SEKUNDEN[format]),
            "hinder": hinder,
        },
        status=503 if hinder else 200,
    )


@begransa("bestallning")
@require_POST
@kraver(Rattighet.VISA_RAPPORT)
def bestall(request: Begaran) -> HttpResponse:
    """Beställer rapporten för urvalet i adressen. Ett dubbelklick leder till samma beställning."""
    koder = fragor.koder()
    form = UrvalForm(request.GET, koder=koder, idag=timezone.localdate())
    if not form.is_valid() or form.format not in Filformat.values or not isinstance(form.urval, Urval):
        return redirect(f"{reverse('rapporter:insats')}?{request.GET.urlencode()}")
    try:
        if hinder := _hinder(form.format):
            raise ValidationError(hinder, code="pdf_saknas")
        egen = tjanster.bestall(urval=form.urval, koder=koder, format=form.format, av=request.user)
    except ValidationError as fel:
        messages.error(request, " ".join(fel.messages))
        return redirect("rapporter:mina")
    return redirect(egen)


@require_safe
@kraver(Rattighet.VISA_RAPPORT)
def mina(request: Begaran) -> HttpResponse:
    """De egna beställda rapporterna: de som görs, och filerna i sju dagar."""
    tjanster.se(av=request.user)  # före listan: den som blir klar emellan står kvar som ny
    egna = list(_egna(request).order_by("-bestalld_vid"))
    return render(
        request,
        "rapporter/mina_rapporter.html",
        {
            "rapporter": [(ett, tid_kvar(ett)) for ett in egna],
            "utan_besked": True,
            "ingen_arbetare": any(map(_har_vantat, egna)) and not tjanster.nagon_arbetar(),
            "granser": GRANSER,
        },
    )


@require_safe
@kraver(Rattighet.VISA_RAPPORT)
@vary_on_headers("HX-Request")
def bestallning(request: Begaran, pk: UUID) -> HttpResponse:
    """En beställd rapport: hur långt den har kommit, och filen när den är klar."""
    egen = _egna(request).filter(pk=pk).first()
    if request.htmx and (egen is None or not egen.ar_oppen):
        # Sidan läses om, och slutar hämta sig själv: också när beställningen är borttagen.
        return HttpResponse(headers={"HX-Refresh": "true"})
    if egen is None:
        raise Http404
    if egen.lage in MED_BESKED and egen.sedd_vid is None:
        tjanster.se(av=request.user, pk=egen.pk)
    mall = "rapporter/_framsteg.html" if request.htmx else "rapporter/bestallning.html"
    ingen = _har_vantat(egen) and not tjanster.nagon_arbetar()
    return render(request, mall, {"bestallning": egen, "tid_kvar": tid_kvar(egen), "ingen_arbetare": ingen})


@require_safe
@kraver(Rattighet.VISA_RAPPORT)
def hamta(request: Begaran, pk: UUID) -> HttpResponse:
    """Filen. Bara för den som beställde den, och bara så länge den får se rapporter."""
    egen = get_object_or_404(_egna(request), pk=pk)
    if not egen.ar_klar:
        raise Http404
    innehall = b"".join(bytes(bit) for bit in egen.delar.order_by("nr").values_list("innehall", flat=True))
    if len(innehall) != egen.storlek:  # togs bort emellan
        raise Http404
    return HttpResponse(
        innehall,
        content_type=renderare.INNEHALLSTYP[egen.format],
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=egen.fil) or "attachment",
            "Cache-Control": "no-store",
        },
    )


@require_POST
@kraver(Rattighet.VISA_RAPPORT)
def avbryt(request: Begaran, pk: UUID) -> HttpResponse:
    """Avbryter en rapport som väntar eller görs."""
    try:
        tjanster.avbryt(pk=pk, av=request.user)
    except Bestallning.DoesNotExist as fel:
        raise Http404 from fel
    return redirect("rapporter:bestallning", pk)


@require_POST
@kraver(Rattighet.VISA_RAPPORT)
def ta_bort(request: Begaran, pk: UUID) -> HttpResponse:
    """Tar bort en rapport ur Mina rapporter."""
    try:
        tjanster.ta_bort(pk=pk, av=request.user)
    except Bestallning.DoesNotExist as fel:
        raise Http404 from fel
    messages.success(request, "Rapporten är borttagen.")
    return redirect("rapporter:mina")


def tid_kvar(bestallning: Bestallning) -> str:
    """Ungefär hur länge till den tar, i ord; tomt när det inte går att säga."""
    sekunder = bestallning.sekunder_kvar
    return "" if sekunder is None else ungefar(sekunder)


def ungefar(sekunder: float) -> str:
    """Sekunderna i ord, avrundade uppåt."""
    if sekunder < 60:
        return "mindre än en minut"
    minuter = -(-int(sekunder) // 60)
    return "ungefär en minut" if minuter == 1 else f"ungefär {minuter} minuter"


def _hinder(format: str) -> str:
    """Varför servern inte kan göra formatet; tomt om den kan."""
    try:
        if format == Filformat.PDF:
            pdf.krav()
    except PdfSaknas as fel:
        return str(fel)
    return ""


def _har_vantat(bestallning: Bestallning) -> bool:
    """Sant om den är öppen, och borde ha börjat om någon arbetade."""
    return bestallning.ar_oppen and timezone.now() - bestallning.bestalld_vid > VANTAR_HOGST


def _egna(request: Begaran) -> BestallningQuerySet:
    return Bestallning.objects.synliga_for(request.user, request.rattighet)

"""Visa deltagare: listan över deltagarna i en av de egna insatserna, och den som fil. Allt som visas är loggat (P8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.paginator import Page
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import listor, tjanster
from deltagare.brister import antal_per_insats
from deltagare.forms.visa import Deltagarurval, Exportform
from deltagare.models import Deltagande, DeltagandeQuerySet
from deltagare.views.egna import egna_insatser, saknar
from fkui import kalkyl
from insatser.models import Insats


def insatserna(request: Begaran, *, kontor: bool = False) -> tuple[list[Insats], Insats | None]:
    """De egna insatserna, och den som adressen säger; den enda är vald på förhand. En annans ger 404.

    Med `kontor` är kontoren i Af/FK-samarbetet också med.
    """
    insatser = list(egna_insatser(request, kontor=kontor))
    text = request.GET.get("insats", "")
    if not text:
        return insatser, insatser[0] if len(insatser) == 1 else None
    vald = next((insats for insats in insatser if str(insats.pk) == text), None)
    if vald is None:
        raise Http404
    return insatser, vald


def nadda(request: Begaran, insats: Insats | None) -> DeltagandeQuerySet:
    """Insatsens deltaganden, inom räckvidden; inga utan insats."""
    deltaganden = Deltagande.objects.synliga_for(request.user, request.rattighet)
    return deltaganden.filter(insats=insats) if insats else deltaganden.none()


def visade_rader(
    request: Begaran, deltaganden: DeltagandeQuerySet, ordning: str
) -> tuple["Page[Any]", list[listor.Deltagarrad]]:
    """En sida av listan och dess rader, loggade innan de visas (P8)."""
    sida = listor.sidan(listor.ordnade(deltaganden, ordning), request.GET.get("sida"))
    rader = listor.rader(deltaganden, sida.object_list, idag=timezone.localdate())
    tjanster.logga_lista(deltaganden=[rad.deltagande for rad in rader], av=request.user)
    return sida, rader


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
@vary_on_headers("HX-Request")
def visa(request: Begaran) -> HttpResponse:
    """Deltagarna i en insats: urval, sortering och sida i adressen, aldrig vem någon är (P7)."""
    insatser, vald = insatserna(request)
    form = Deltagarurval(request.GET, insatser=insatser, vald=vald)
    deltaganden = form.urval(nadda(request, vald), idag=timezone.localdate())
    sida, rader = visade_rader(request, deltaganden, form.ordning)
    kontext = {
        "form": form,
        "insats": vald,
        "saknar": saknar(request, insatser),
        "sida": sida,
        "rader": rader,
        "sortering": form.ordning,
        "per_insats": _per_insats(request, form) if vald is None else [],
        "rensad": reverse("deltagare:visa", query={"insats": vald.pk} if vald else None),
    }
    return render(request, "deltagare/_visa_rader.html" if request.htmx else "deltagare/visa.html", kontext)


def _per_insats(request: Begaran, form: Deltagarurval) -> list[tuple[str, int, str]]:
    """Insatserna där något väntar, hur många och listan dit: dit *Att göra* leder när insatserna är flera."""
    brist = form.vald_brist
    if brist is None:
        return []
    egna = Deltagande.objects.synliga_for(request.user, request.rattighet)
    return [
        (
            en.namn,
            en.antal[brist],
            reverse("deltagare:visa", query={"insats": en.insats_id, "status": "alla", "brist": brist.value}),
        )
        for en in antal_per_insats(egna, idag=timezone.localdate())
        if en.antal[brist]
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def export(request: Begaran) -> HttpResponse:
    """Listan som den visas, alla sidor, som Excel: först ändamålet, sedan filen."""
    insatser, vald = insatserna(request)
    if vald is None:
        return redirect("deltagare:visa")
    urval = Deltagarurval(request.GET, insatser=insatser, vald=vald)
    deltaganden = urval.urval(nadda(request, vald), idag=timezone.localdate())
    ordning = listor.ordnade(deltaganden, urval.ordning)
    form = Exportform(
        request.POST if request.method == "POST" else None,
        urval=[("Insats", vald.namn), *urval.som_text(), ("Antal", len(ordning))],
        avbryt=f"{reverse('deltagare:visa')}?{request.GET.urlencode()}",
    )
    if form.is_bound and form.is_valid():
        return _fil(request, deltaganden, ordning, **form.cleaned_data)
    return render(request, "deltagare/visa_export.html", {"form": form, "insats": vald})


def _fil(
    request: Begaran, deltaganden: DeltagandeQuerySet, ordning: list[int], *, andamal: str, personnummer: bool
) -> HttpResponse:
    idag = timezone.localdate()
    rader = listor.rader(deltaganden, ordning, idag=idag, maskera=not personnummer)
    tjanster.logga_export(
        deltaganden=[rad.deltagande for rad in rader], andamal=andamal, personnummer=personnummer, av=request.user
    )
    return filsvar(f"deltagare_{idag}.xlsx", listor.KOLUMNER, (listor.celler(rad) for rad in rader))


def filsvar(filnamn: str, kolumner: Sequence[tuple[str, int]], celler: Iterable[Sequence[Any]]) -> HttpResponse:
    """Deltagarna som en fil att spara, som ingen mellanlagrar."""
    disposition = content_disposition_header(as_attachment=True, filename=filnamn)
    return HttpResponse(
        kalkyl.arbetsbok("Deltagare", kolumner, celler),
        content_type=kalkyl.INNEHALLSTYP,
        headers={"Content-Disposition": disposition or "attachment", "Cache-Control": "no-store"},
    )

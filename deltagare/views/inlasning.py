"""Läs in ur en fil: ladda upp, granska, läs in allt eller inget, kvitto.

Två områden med var sin rättighet och samma steg: insatser med budget, och deltaganden.
"""

import re
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import RedanSkickat, en_gang
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from behorighet.takt import begransa, skickat
from deltagare import inlasning_tjanster as tjanster
from deltagare.forms.inlasning import Rattningsform, Uppladdningsform
from deltagare.inlasning_tjanster import Granskning
from deltagare.models import Inlasning, Omrade
from deltagare.overforing.fel import Fel, Ogiltigt, maskerad
from deltagare.overforing.felfil import Fil, felfil, forklarade, mall
from deltagare.overforing.filformat import FILER
from deltagare.overforing.uppladdat import ARBETSBOK, bladnamn
from fkui.fel import visa_fel
from insatser.uppdrag_tjanster import att_fraga

RUBRIK: Final = {
    Omrade.INSATSER: "Läs in insatser och budget",
    Omrade.DELTAGANDEN: "Läs in deltaganden",
}
_FORSTA_RADERNA: Final = 5
_DATUM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VISADE_FEL: Final = 200
_ROLL: Final = {Omrade.INSATSER: Roll.INSATSANSVARIG, Omrade.DELTAGANDEN: Roll.DELTAGARANSVARIG}


@begransa("inlasning", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def insatser(request: Begaran) -> HttpResponse:
    """Ladda upp en fil med insatser, budget, budgetposter eller antal."""
    return _ladda_upp(request, Omrade.INSATSER)


@begransa("inlasning", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_INSATS)
def granska_insatser(request: Begaran, pk: UUID) -> HttpResponse:
    """Vad filen ger, och *Läs in*."""
    return _granska(request, Omrade.INSATSER, pk)


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_INSATS)
def fel_insatser(request: Begaran, pk: UUID) -> HttpResponse:
    """Raderna med fel som en fil."""
    return _felfil(request, Omrade.INSATSER, pk)


@require_safe
@kraver(Rattighet.REGISTRERA_INSATS)
def mall_insatser(request: Begaran, slag: str) -> HttpResponse:
    """En tom fil att fylla i."""
    return _mall(Omrade.INSATSER, slag)


@begransa("inlasning", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def deltaganden(request: Begaran) -> HttpResponse:
    """Ladda upp en fil med deltaganden eller anonyma deltagare."""
    return _ladda_upp(request, Omrade.DELTAGANDEN)


@begransa("inlasning", nar=skickat)
@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def granska_deltaganden(request: Begaran, pk: UUID) -> HttpResponse:
    """Vad filen ger, och *Läs in*."""
    return _granska(request, Omrade.DELTAGANDEN, pk)


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def fel_deltaganden(request: Begaran, pk: UUID) -> HttpResponse:
    """Raderna med fel som en fil."""
    return _felfil(request, Omrade.DELTAGANDEN, pk)


@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def mall_deltaganden(request: Begaran, slag: str) -> HttpResponse:
    """En tom fil att fylla i."""
    return _mall(Omrade.DELTAGANDEN, slag)


def _ladda_upp(request: Begaran, omrade: Omrade) -> HttpResponse:
    slag = [(namn, bladnamn(namn)) for namn in tjanster.FILER[omrade]]
    val = [*slag, (ARBETSBOK, "Arbetsbok i Excel med ett blad för varje")]
    form = Uppladdningsform(request.POST or None, request.FILES or None, slag=val)
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _ta_emot(form, omrade, request)))
        except Ogiltigt as fel:
            form.add_error("fil", str(fel))
        except RedanSkickat as fel:
            visa_fel(form, fel)
    mallar = [(text, reverse(f"inlasning:mall_{omrade}", args=[bladnamn(namn).lower()]), forklarade(namn))
              for namn, text in slag]  # fmt: skip
    rackvidd = tjanster.rackvidd(omrade, request.user)
    saknar = "" if rackvidd.insatser or rackvidd.organisationer else att_fraga(request.user, _ROLL[omrade])
    return render(
        request,
        "inlasning/ladda_upp.html",
        {"form": form, "rubrik": RUBRIK[omrade], "omrade": omrade, "mallar": mallar, "saknar": saknar},
    )


def _ta_emot(form: Uppladdningsform, omrade: Omrade, request: Begaran) -> str:
    data = form.cleaned_data
    pk = tjanster.ladda_upp(data=data["fil"].read(), slag=data["slag"], omrade=omrade, av=request.user)
    return reverse(f"inlasning:granska_{omrade}", args=[pk])


def _granska(request: Begaran, omrade: Omrade, pk: UUID) -> HttpResponse:
    form = Rattningsform(*((request.POST, request.FILES) if "ratta" in request.POST else ()))
    try:
        if request.method == "POST" and _gor(request, omrade, pk, form):
            return redirect(request.path)
    except Inlasning.DoesNotExist:
        return render(request, "inlasning/borta.html", _ram(omrade), status=404)
    except Ogiltigt as fel:
        form.add_error("fil", str(fel))
    except RedanSkickat as fel:
        visa_fel(form, fel)
    if "avbryt" in request.POST:
        messages.success(request, "Inläsningen är avbruten, och den uppladdade filen är borttagen.")
        return redirect(f"inlasning:{omrade}")
    return _visa(request, omrade, pk, form)


def _gor(request: Begaran, omrade: Omrade, pk: UUID, form: Rattningsform) -> bool:
    """Det som knappen säger. Sant om sidan ska visas på nytt."""
    if "las_in" in request.POST:
        tjanster.genomfor(pk=pk, omrade=omrade, av=request.user)
        return True
    if "avbryt" in request.POST:
        tjanster.avbryt(pk=pk, omrade=omrade, av=request.user)
        return False
    if form.is_valid():
        en_gang(request, lambda: _ratta(request, omrade, pk, form))
        return True
    return False


def _ratta(request: Begaran, omrade: Omrade, pk: UUID, form: Rattningsform) -> str:
    tjanster.ratta(pk=pk, data=form.cleaned_data["fil"].read(), omrade=omrade, av=request.user)
    return request.path


def _ram(omrade: Omrade) -> dict[str, object]:
    return {"rubrik_ovan": RUBRIK[omrade], "ladda_upp": reverse(f"inlasning:{omrade}"), "omrade": omrade}


def _visa(request: Begaran, omrade: Omrade, pk: UUID, form: Rattningsform) -> HttpResponse:
    inlasning = Inlasning.objects.egna(request.user, omrade).filter(pk=pk).first()
    if inlasning and inlasning.kvitto is not None:
        rader = sum(sum(antal) for antal in inlasning.kvitto.values())
        kvitto = {"antal": _antalen(inlasning.kvitto), "rader": rader}
        return render(request, "inlasning/kvitto.html", {**_ram(omrade), **kvitto})
    granskad = tjanster.granskning(inlasning) if inlasning else None
    if granskad is None:
        return render(request, "inlasning/borta.html", _ram(omrade), status=404)
    return render(request, "inlasning/granska.html", {**_ram(omrade), **_sammanhang(granskad), "form": form})


def _sammanhang(granskad: Granskning) -> dict[str, object]:
    tabeller = granskad.uppladdat.tabeller
    return {
        "pk": granskad.pk,
        "last_som": granskad.uppladdat.last_som,
        "antal": _antalen(granskad.antal),
        "nagot_att_gora": any(nya or andrade for nya, andrade, _ in granskad.antal.values()),
        "fel": _platser(granskad.fel, granskad.uppladdat.excel),
        "alla_fel": granskad.alla_fel,
        "rader_med_fel": any(fel.rad for fel in granskad.fel),
        "varningar": _platser(granskad.varningar, granskad.uppladdat.excel),
        "alla_varningar": granskad.alla_varningar,
        "excel": granskad.uppladdat.excel,
        "tabeller": [(bladnamn(t.namn), t.rubriker, _forsta(t.rubriker, t.rader), len(t.rader)) for t in tabeller],
    }


def _antalen(antal: dict[str, list[int]]) -> list[tuple[str, list[int]]]:
    return [(bladnamn(namn), antal[namn]) for namn in FILER if namn in antal]


def _platser(fel: list[Fel], excel: bool) -> list[tuple[str, int, str, str]]:
    """Felen som (fil eller blad, rad, kolumn, text)."""
    return [(bladnamn(ett.fil) if excel else ett.fil, ett.rad, ett.kolumn, ett.text) for ett in fel[:_VISADE_FEL]]


def _forsta(rubriker: list[str], rader: list[tuple[int, list[str]]]) -> list[tuple[int, list[tuple[str, bool]]]]:
    """De första raderna, som text och om den är ett datum, med personnumren maskerade (P7)."""

    def cell(text: str, kolumn: str) -> tuple[str, bool]:
        return maskerad(text, kolumn), bool(_DATUM.fullmatch(text.strip()))

    utfyllda = [(nr, [*falt, *[""] * len(rubriker)]) for nr, falt in rader[:_FORSTA_RADERNA]]
    return [(nr, [cell(*par) for par in zip(falt, rubriker, strict=False)]) for nr, falt in utfyllda]


def _felfil(request: Begaran, omrade: Omrade, pk: UUID) -> HttpResponse:
    inlasning = Inlasning.objects.egna(request.user, omrade).filter(pk=pk).first()
    granskad = tjanster.granskning(inlasning) if inlasning else None
    if granskad is None or not any(fel.rad for fel in granskad.fel):
        raise Http404
    return _som_svar(felfil(granskad.uppladdat.tabeller, granskad.fel, excel=granskad.uppladdat.excel))


def _mall(omrade: Omrade, slag: str) -> HttpResponse:
    if (namn := f"{slag}.csv") not in tjanster.FILER[omrade]:
        raise Http404
    return _som_svar(mall(namn))


def _som_svar(fil: Fil) -> HttpResponse:
    return HttpResponse(
        fil.innehall,
        content_type=fil.sort,
        headers={"Content-Disposition": f'attachment; filename="{fil.namn}"'},
    )

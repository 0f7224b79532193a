"""Listorna av insatser, samverkansorganisationer och kontor, som sida och arbetsbok, och tabellen över kategorier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui import kalkyl
from fkui.kolumner import Kolumnsok
from insatser import kategorihjalp
from insatser.forms import Kontorssok, Organisationssok, Sokform
from insatser.models import Insats, Samverkansorganisation
from insatser.views.kontor import organisationer_som_saknas

RADER_PER_SIDA = 100


@dataclass(frozen=True, slots=True)
class _Lista:
    """Det som skiljer listorna åt. `mal` är id på det som htmx byter, adresserna är namn i urls, och `tomt` säger vem
    som registrerar.
    """

    en: str
    flera: str
    mal: str
    adress: str
    export: str
    ny: str
    far_registrera: Rattighet
    tomt: str
    rubrik: str = ""

    @property
    def inga_traffar(self) -> str:
        return f"Inga {self.flera} matchar sökningen"

    @property
    def inga(self) -> str:
        return f"Inga {self.flera} är registrerade"


_INSATSER: Final = _Lista(
    en="insats",
    flera="insatser",
    mal="insatslista",
    adress="insatser:lista",
    export="insatser:export",
    ny="insatser:ny",
    far_registrera=Rattighet.REGISTRERA_INSATS,
    tomt="Den insatsansvariga registrerar insatser.",
)
_ORGANISATIONER: Final = _Lista(
    en="samverkansorganisation",
    flera="samverkansorganisationer",
    mal="organisationslista",
    adress="uppdrag:organisationer",
    export="uppdrag:organisationsexport",
    ny="uppdrag:ny_organisation",
    far_registrera=Rattighet.ADMINISTRERA_SYSTEMET,
    tomt="Systemadministratören registrerar samverkansorganisationer.",
)
_KONTOR: Final = _Lista(
    en="kontor",
    flera="kontor",
    mal="kontorslista",
    adress="kontor:lista",
    export="kontor:export",
    ny="kontor:ny",
    far_registrera=Rattighet.ADMINISTRERA_SYSTEMET,
    tomt="Registrera Arbetsförmedlingens och Försäkringskassans kontor, eller läs in dem ur filer.",
    rubrik="Kontor i Af/FK",
)


def _insatser(request: Begaran) -> tuple[Kolumnsok, QuerySet[Any]]:
    form = Sokform(request.GET, anvandare=request.user, idag=timezone.localdate())
    insatser = Insats.objects.synliga_for(request.user, request.rattighet).select_related("samverkansorganisation")
    return form, form.urval(insatser)


def _organisationer(request: Begaran) -> tuple[Kolumnsok, QuerySet[Any]]:
    form = Organisationssok(request.GET, anvandare=request.user, idag=timezone.localdate())
    return form, form.urval(Samverkansorganisation.objects.synliga_for(request.user, request.rattighet))


def _kontor(request: Begaran) -> tuple[Kolumnsok, QuerySet[Any]]:
    form = Kontorssok(request.GET, idag=timezone.localdate())
    return form, form.urval(Insats.objects.kontor().select_related("samverkansorganisation"))


@require_safe
@kraver(Rattighet.VISA_INSATSER)
@vary_on_headers("HX-Request")
def insatser(request: Begaran) -> HttpResponse:
    """Alla insatser: sök, urval, sortering och kolumner i adressen, hundra på varje sida."""
    return _sida(request, _INSATSER, *_insatser(request))


@require_safe
@kraver(Rattighet.VISA_INSATSER)
@vary_on_headers("HX-Request")
def organisationer(request: Begaran) -> HttpResponse:
    """Alla samverkansorganisationer, på samma sätt."""
    return _sida(request, _ORGANISATIONER, *_organisationer(request))


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
@vary_on_headers("HX-Request")
def kontor(request: Begaran) -> HttpResponse:
    """Kontoren i Af/FK-samarbetet, och vad som saknas för att registrera fler."""
    return _sida(request, _KONTOR, *_kontor(request), saknas=organisationer_som_saknas())


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def kontorsexport(request: Begaran) -> HttpResponse:
    """Listan över kontor som den visas, alla sidor, för Excel."""
    return _arbetsbok(_KONTOR, *_kontor(request))


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def insatsexport(request: Begaran) -> HttpResponse:
    """Listan över insatser som den visas, alla sidor, för Excel."""
    return _arbetsbok(_INSATSER, *_insatser(request))


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def organisationsexport(request: Begaran) -> HttpResponse:
    """Listan över samverkansorganisationer som den visas, alla sidor, för Excel."""
    return _arbetsbok(_ORGANISATIONER, *_organisationer(request))


def _sida(
    request: Begaran, lista: _Lista, form: Kolumnsok, poster: QuerySet[Any], saknas: Sequence[str] = ()
) -> HttpResponse:
    sida = Paginator(poster, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    kolumner = form.valda_kolumner
    return render(
        request,
        "insatser/_lista_rader.html" if request.htmx else "insatser/lista.html",
        {
            "lista": lista,
            "form": form,
            "sida": sida,
            "kolumner": kolumner,
            "rader": [(post, [(kolumn, kolumn.varde(post)) for kolumn in kolumner[1:]]) for post in sida],
            "sortering": form.ordning,
            "sokt": form.har_urval,
            "idag": timezone.localdate(),
            "far_registrera": request.user.far(lista.far_registrera),
            "saknas": saknas,
        },
    )


def _arbetsbok(lista: _Lista, form: Kolumnsok, poster: QuerySet[Any]) -> HttpResponse:
    kolumner = form.valda_kolumner
    innehall = kalkyl.arbetsbok(
        lista.flera.capitalize(),
        [(kolumn.rubrik, kolumn.bredd) for kolumn in kolumner],
        ([kolumn.varde(post) for kolumn in kolumner] for post in poster),
    )
    filnamn = content_disposition_header(as_attachment=True, filename=f"{lista.flera}_{timezone.localdate()}.xlsx")
    return HttpResponse(
        innehall,
        content_type=kalkyl.INNEHALLSTYP,
        headers={"Content-Disposition": filnamn or "attachment", "Cache-Control": "no-store"},
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def kategorier(request: Begaran) -> HttpResponse:
    """Vad varje inriktning, preciserad inriktning och målgrupp är till för."""
    return render(
        request,
        "insatser/kategorier.html",
        {"former": kategorihjalp.alla(), "registrering": kategorihjalp.registreringssatten()},
    )

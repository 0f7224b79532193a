"""Ett deltagande: allt om det på en sida, med personnumret dolt tills *Visa* väljs (P7, P8)."""

from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from behorighet.models import Handelse
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster, visning
from deltagare.models import Deltagande, Samarbete
from deltagare.personnummer import har_samordningsnummer
from deltagare.uppgifter import Kodverk
from insatser.models import Fraga, Kommun, Samverkansorganisation, Tillfalle

LAGE: Final = {
    "felregistrerad": ("Felregistrerad", "warning"),
    "pagar": ("Pågående", "success"),
    "avslutad": ("Avslutad", "default"),
}


def deltagande_att_visa(request: Begaran, pk: int, *, typ: Handelse.Typ = Handelse.Typ.PERSON_VISAD) -> Deltagande:
    """Deltagandet med person och folkbokföring, om det är inom räckhåll. Läsningen loggas innan något visas (P8)."""
    deltagande = get_object_or_404(nadda(request), pk=pk)
    # Kommunerna till varningen om en annan kommun, utan en fråga till.
    deltagande.insats.omradets_kommuner = deltagande.omradets_kommuner  # type: ignore[attr-defined]
    tjanster.logga_visning(deltagande=deltagande, typ=typ, av=request.user)
    return deltagande


def _omradet() -> QuerySet[Any, Any]:
    kommuner = Samverkansorganisation.kommuner.through.objects
    return kommuner.filter(samverkansorganisation_id=OuterRef("insats__samverkansorganisation_id")).values("kommun_id")


def nadda(request: Begaran) -> QuerySet[Deltagande]:
    """Deltagandena inom räckhåll, med det som sidorna visar."""
    return (
        Deltagande.objects.synliga_for(request.user, request.rattighet)
        .select_related(
            "insats__samverkansorganisation",
            "person__identitet",
            "folkbokforing__kommun",
            "folkbokforing__stadsdel",
        )
        .annotate(omradets_kommuner=ArraySubquery(_omradet()))
    )


def vem(registrering: Deltagande | Samarbete) -> dict[str, Any]:
    """Vem deltagandet eller samarbetet gäller, för sidorna: utan identitet bara att den är borta."""
    if registrering.avidentifierat:
        return {"namn": "", "nummer": "", "samordningsnummer": False}
    identitet = registrering.person.identitet
    return {
        "namn": identitet.namn(),
        "nummer": identitet.maskerat_personnummer(),
        "samordningsnummer": har_samordningsnummer(identitet.klartext("personnummer")),
    }


def varna(request: Begaran, ett: Deltagande, *, kommun: Kommun | None, inregistrering: date, kon: str = "") -> None:
    """Besked om det som är värt att se efter när något har ändrats (R24). Tiden varnas bara den som pågår för."""
    dag = None if ett.utregistrering else inregistrering
    for text in tjanster.varningar(insats=ett.insats, kommun=kommun, kon=kon or ett.kon, inregistrering=dag):
        messages.warning(request, text)


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def deltagande(request: Begaran, pk: int) -> HttpResponse:
    """Allt om ett deltagande, och det som går att göra med det."""
    return _visa(request, deltagande_att_visa(request, pk))


@never_cache
@require_POST
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def personnummer(request: Begaran, pk: int) -> HttpResponse:
    """*Visa*: sidan med hela personnumret. POST, och loggat för sig: det hamnar aldrig i en adress (P7).

    I listan byter htmx bara cellen.
    """
    ett = deltagande_att_visa(request, pk, typ=Handelse.Typ.PERSONNUMMER_VISAT)
    utskrivet = "" if ett.avidentifierat else ett.person.identitet.utskrivet_personnummer()
    if request.htmx:
        return render(request, "deltagare/_personnummer.html", {"nummer": utskrivet})
    return _visa(request, ett, nummer=utskrivet)


def _visa(request: Begaran, ett: Deltagande, *, nummer: str = "") -> HttpResponse:
    texter, svar = visning.Kodtexter(), visning.svar_for(ett)
    fragor = [
        (tillfalle.label, visning.fragor(_stallda(ett, tillfalle), svar, tillfalle)) for tillfalle in _tillfallen(ett)
    ]
    uppgifter: dict[str, Any] = {
        "deltagande": ett,
        "insats": ett.insats,
        "lage": _lage(ett),
        "personen": vem(ett),
        "nummer": nummer,
        "kon": ett.get_kon_display(),
        "anledning": texter.en(Kodverk.AVSLUTNINGSANLEDNING, ett.avslutningsanledning),
        "fore": visning.fore(ett, texter),
        "efter": visning.efter(ett, texter) if ett.utregistrering and not ett.felregistrerad else None,
        "fragor": fragor,
        "har_fragor": any(rader for _, rader in fragor),
        "gar": _gar(ett),
    }
    return render(request, "deltagare/deltagande.html", uppgifter)


def _lage(ett: Deltagande) -> tuple[str, str]:
    if ett.felregistrerad:
        return LAGE["felregistrerad"]
    return LAGE["avslutad" if ett.utregistrering else "pagar"]


def _tillfallen(ett: Deltagande) -> list[Tillfalle]:
    return [Tillfalle.IN, *([Tillfalle.UT] if ett.utregistrering and not ett.felregistrerad else [])]


def _stallda(ett: Deltagande, tillfalle: Tillfalle) -> list[Fraga]:
    """Frågorna som ställs den dagen; inga nya i en felregistrering, och ingen fritext utan identitet."""
    dag = ett.inregistrering if tillfalle == Tillfalle.IN else ett.utregistrering
    if ett.felregistrerad or dag is None:
        return []
    fragor = Fraga.objects.filter(samverkansorganisation=ett.insats.samverkansorganisation_id)
    stallda = fragor.att_stalla(tillfalle=tillfalle.value, dag=dag)
    return [fraga for fraga in stallda if not (ett.avidentifierat and fraga.svarstyp == "fritext")]


def _gar(ett: Deltagande) -> dict[str, bool]:
    """Vad som går att göra med deltagandet; tjänsterna säger detsamma."""
    ut, med_identitet = ett.utregistrering is not None, not ett.avidentifierat
    return {
        "ratta_in": not ett.felregistrerad,
        "utregistrera": not ut,
        "ratta_ut": ut and not ett.felregistrerad,
        "angra": tjanster.gar_att_angra(ett),
        "identitet": med_identitet,
    }

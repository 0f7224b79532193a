"""Insatserna som användaren registrerar i, vem den som saknar dem vänder sig till, och sidan att registrera på."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from behorighet.roller import Roll
from behorighet.skydd import Begaran
from deltagare.forms import Registreringsform
from insatser.forms.fragefalt import PREFIX
from insatser.kategorier import Deltagarregistrering
from insatser.models import Insats, Samverkansorganisation
from insatser.uppdrag_tjanster import att_fraga


def saknar(request: Begaran, insatser: list[Insats]) -> str:
    """Vem den som saknar uppdrag vänder sig till (R3); tomt för den som har något att registrera i."""
    if insatser:
        return ""
    return f"Du saknar uppdrag som deltagaransvarig. {att_fraga(request.user, Roll.DELTAGARANSVARIG)}"


def egna_insatser(request: Begaran, *, kontor: bool = False) -> QuerySet[Insats]:
    """Insatserna som användaren registrerar i, var och en med sitt `omrade` (kommunernas koder).

    Inte volyminsatser, och kontor bara för anonyma.
    """
    omrade = Samverkansorganisation.kommuner.through.objects.filter(
        samverkansorganisation_id=OuterRef("samverkansorganisation_id")
    )
    sorter = [Deltagarregistrering.PERSONUPPGIFTER.value, *([""] if kontor else [])]
    return (
        Insats.objects.synliga_for(request.user, request.rattighet)
        .filter(deltagarregistrering__in=sorter)
        .select_related("samverkansorganisation")
        .annotate(omrade=ArraySubquery(omrade.values("kommun_id")))
        .order_by(Func("namn", function="sus_sortnyckel"))
    )


def visa_registrering(
    request: Begaran, form: Registreringsform, skillnader: list[tuple[str, str, str]] | None = None
) -> HttpResponse:
    """*Registrera deltagare* med formuläret."""
    return render(
        request,
        "deltagare/registrera.html",
        {"form": form, "saknar": saknar(request, form.insatser()), "skillnader": skillnader or []},
    )


def inskrivet(request: Begaran) -> dict[str, Any]:
    """Det inskickade, så som ett formulär tar det som förval."""
    givet = {namn: request.POST.getlist(namn) for namn in request.POST}
    flera = {namn for namn in givet if namn.startswith(("forsorjning_", "arbetstyp_", PREFIX))}
    return {namn: v if namn in flera else v[-1] for namn, v in givet.items() if v}

"""Insatserna som användaren registrerar i, vem den som saknar dem vänder sig till, och sidan att registrera på."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import Func, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from behorighet.inskick import en_gang
from behorighet.roller import Roll
from behorighet.skydd import Begaran
from deltagare import tjanster
from deltagare.forms import Registreringsform, utan_att_spara
from deltagare.models import Deltagande
from deltagare.overgangar import Myndighet
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, FELREGISTRERING
from fkui.fel import visa_fel
from fkui.layout import Lank
from insatser.forms.fragefalt import PREFIX
from insatser.kategorier import Deltagarregistrering
from insatser.models import Insats, Samverkansorganisation
from insatser.uppdrag_tjanster import att_fraga


def saknar(request: Begaran, insatser: list[Insats]) -> str:
    """Vem den som saknar uppdrag vänder sig till (R3); tomt för den som har något att registrera i."""
    if insatser:
        return ""
    if egna_kontor(request).exists():
        return "Du har uppdrag bara på kontor i Af/FK-samarbetet. Deras deltagare finns i menyn Af/FK-samarbete."
    return f"Du saknar uppdrag som deltagaransvarig. {att_fraga(request.user, Roll.DELTAGARANSVARIG)}"


def egna_insatser(request: Begaran, *, kontor: bool = False) -> QuerySet[Insats]:
    """Insatserna som användaren registrerar i, var och en med `omradets_kommuner` (deras koder).

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
        .annotate(omradets_kommuner=ArraySubquery(omrade.values("kommun_id")))
        .order_by(Func("namn", function="sus_sortnyckel"))
    )


def egna_kontor(request: Begaran) -> QuerySet[Insats]:
    """Kontoren i Af/FK-samarbetet där användaren registrerar, i namnordning (R28)."""
    return (
        Insats.objects.synliga_for(request.user, request.rattighet)
        .filter(samverkansform__in=Myndighet.values)
        .select_related("samverkansorganisation")
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


def spara_en_gang(request: Begaran, spara: Callable[[], str]) -> str:
    """Som `en_gang`. Säger nejet något om en annan av personens registreringar loggas läsningen av den (P8)."""
    try:
        return en_gang(request, spara)
    except tjanster.VisarAnnan as fel:
        tjanster.logga_visning(deltagande=fel.annan, av=request.user)
        raise


def visa_redan_utregistrerad(form: forms.Form, ett: Deltagande) -> None:
    """Säger i formuläret att utregistreringen redan finns, med länken dit den rättas: att spara igen går inte.

    Det inskrivna visas kvar, för den som vill föra in det i den utregistrering som finns.
    """
    lank, adress = "Rätta utregistreringen", reverse("deltagare:ratta", args=[ett.pk]) + "?tillfalle=ut"
    registreringen = reverse("deltagare:deltagande", args=[ett.pk])
    if ett.felregistrerad:
        lank, adress = "Öppna registreringen", registreringen
    redan = tjanster.RedanUtregistrerad(ett).messages[0]
    text = format_html('{} Det du skrev nu är inte sparat. <a class="anchor" href="{}">{}</a>', redan, adress, lank)
    form.errors.clear()
    visa_fel(form, ValidationError(text, code="redan_utregistrerad"))
    utan_att_spara(form, Lank(lank, adress, sort="primary"), Lank("Avbryt", registreringen))


def kort(ett: Deltagande) -> str:
    """Hur registreringen är, på en rad."""
    text = f"inregistrerad {ett.inregistrering.isoformat()}"
    text += f", utregistrerad {ett.utregistrering.isoformat()}" if ett.utregistrering else ", pågående"
    return f"{text}, utan identitet" if ett.avidentifierat else text


def utregistreringens_kvitto(insats: str, dag: date, anledning: str) -> str:
    """Vad som hände med den som utregistrerades, utan namn (P7). `insats` är tom på sidan som redan säger vilken."""
    if anledning == FELREGISTRERING:
        return f"Registreringen{f' i {insats}' if insats else ''} är nu en felregistrering. Den räknas inte någonstans."
    text = f"Deltagaren är utregistrerad{f' ur {insats}' if insats else ''} {dag.isoformat()}."
    return f"{text} Identiteten är borttagen." if anledning == ATERTAGET_SAMTYCKE else text


def med_lank(text: str, ett: Deltagande) -> SafeString:
    """Beskedet med en länk till registreringen. Länken säger inget om personen (P7)."""
    return format_html(
        '{} <a class="anchor" href="{}">Öppna registreringen</a>', text, reverse("deltagare:deltagande", args=[ett.pk])
    )

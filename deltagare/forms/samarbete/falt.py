"""Fält som samarbetets formulär delar: kontoren hos de två myndigheterna."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from django import forms
from django.db.models import Func, Q, QuerySet
from django.utils import timezone

from deltagare.overgangar import Myndighet
from fkui.falt import modellfalt
from insatser.models import Insats

KONTORETS_ETIKETT = {Myndighet.AF: "Arbetsförmedling", Myndighet.FK: "FK-kontor"}


def kontoren(myndigheter: Iterable[Myndighet]) -> QuerySet[Insats]:
    """Myndigheternas kontor som finns i dag, i namnordning."""
    idag = timezone.localdate()
    finns = Q(slutdatum=None) | Q(slutdatum__gte=idag)
    kontor = Insats.objects.filter(finns, startdatum__lte=idag, samverkansform__in=[ett.value for ett in myndigheter])
    return kontor.order_by(Func("namn", function="sus_sortnyckel"))


def kontorsval(kontor: Iterable[Insats]) -> list[tuple[str, Any]]:
    """Val bland kontoren, grupperade efter myndighet om de är av båda slagen."""
    grupper: dict[str, list[tuple[int, str]]] = {}
    for ett in kontor:
        grupper.setdefault(Myndighet(ett.samverkansform).label, []).append((ett.pk, ett.namn))
    val = list(grupper.items())
    return [("", "Välj kontor"), *(val if len(val) > 1 else val[0][1] if val else [])]


def krav_oppna(form: forms.Form, dag: date | None, *namn: str) -> None:
    """Ger fel vid de kontor som inte finns den dagen (R7, R21)."""
    for falt in namn:
        kontor = form.cleaned_data.get(falt)
        if kontor and dag and not kontor.pagar(dag):
            tider = f"från {kontor.startdatum}" + (f" till {kontor.slutdatum}" if kontor.slutdatum else "")
            form.add_error(falt, f"{kontor.namn} finns {tider}. Välj ett annat kontor, eller en annan dag.")


class Kontorsfalt(forms.ModelChoiceField):  # type: ignore[type-arg]  # tar inga typargument när det körs
    """Ett kontor."""

    def __init__(self, etikett: str, **kwargs: Any) -> None:
        fel = {"required": "Välj kontor.", "invalid_choice": "Välj ett kontor i listan."}
        super().__init__(Insats.objects.none(), label=etikett, empty_label=None, error_messages=fel, **kwargs)


def ge_kontor(form: forms.BaseForm, namn: str, kontor: QuerySet[Insats]) -> None:
    """Ger fältet dess kontor. De läses en gång, och bara när formuläret visas."""
    falt = modellfalt(form, namn)
    falt.queryset = kontor
    falt.choices = cache(lambda: kontorsval(kontor))

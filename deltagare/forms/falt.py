"""Fält som registreringens formulär delar."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from deltagare.models import Kod
from deltagare.personnummer import OgiltigtPersonnummer, Personnummer, tolka
from deltagare.uppgifter import Kodverk
from fkui.falt import marka, modellfalt
from fkui.widgets import PersonnummerText
from insatser.models import Insats


class Kodval:
    """Kodverkens val en viss dag, lästa med en fråga."""

    def __init__(self) -> None:
        dag = timezone.localdate()
        self._val: dict[str, list[tuple[str, str]]] = {}
        for kod in Kod.objects.giltiga(dag):
            self._val.setdefault(kod.kodverk, []).append((kod.kod, kod.etikett))

    def __getitem__(self, kodverk: Kodverk) -> list[tuple[str, str]]:
        return self._val.get(kodverk, [])


class Insatsfalt(forms.ModelChoiceField):  # type: ignore[type-arg]  # tar inga typargument när det körs
    """Insatserna som användaren når, grupperade efter samverkansorganisation om de är flera."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Insats.objects.none(),
            label="Insats",
            empty_label="Välj insats",
            error_messages={"required": "Välj insats.", "invalid_choice": "Du har inget uppdrag på den insatsen."},
            **kwargs,
        )
        self.lasta: Iterable[Insats] = ()
        """Insatser inom räckhåll som redan är lästa: en av dem hämtas inte en gång till."""

    def to_python(self, value: Any) -> Any:
        """Insatsen, bland de redan lästa om den finns där."""
        return next((en for en in self.lasta if str(en.pk) == value), None) or super().to_python(value)


def redan_lasta(form: forms.BaseForm, insatser: Iterable[Insats]) -> None:
    """Låter formulärets fält `insats` känna igen insatser som redan är lästa, av dem som användaren når."""
    falt = form.fields["insats"]
    if isinstance(falt, Insatsfalt):
        falt.lasta = insatser


def insatsval(insatser: Iterable[Insats]) -> list[tuple[str, Any]]:
    """Val bland insatserna, grupperade efter samverkansorganisation om de är flera."""
    grupper: dict[str, list[tuple[int, str]]] = {}
    for insats in insatser:
        grupper.setdefault(insats.samverkansorganisation.namn, []).append((insats.pk, insats.namn))
    flera = len(grupper) > 1
    return [("", "Välj insats"), *(grupper.items() if flera else chain.from_iterable(grupper.values()))]


def ge_insatser(form: forms.BaseForm, insatser: QuerySet[Insats]) -> Callable[[], list[Insats]]:
    """Ger formulärets fält `insats` sina val, och returnerar en funktion som ger dem som lista.

    De läses en gång, och bara när formuläret visas.
    """

    @cache
    def lasta() -> list[Insats]:
        return list(insatser)

    @cache
    def val() -> list[tuple[str, Any]]:
        return insatsval(lasta())

    falt = modellfalt(form, "insats")
    falt.queryset = insatser
    falt.choices = val
    return lasta


class Personnummerfalt(forms.CharField):
    """Person- eller samordningsnummer. Ger `Personnummer`; felet upprepar aldrig numret."""

    widget = PersonnummerText

    def clean(self, value: Any) -> Personnummer | None:
        """Kontrollerar numret (R17)."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return tolka(text, idag=timezone.localdate())
        except OgiltigtPersonnummer as fel:
            raise ValidationError(str(fel), code="invalid") from fel


def ett_av(etikett: str, val: Iterable[tuple[str, str]], *, required: bool = False) -> forms.ChoiceField:
    falt = forms.ChoiceField(
        label=etikett,
        choices=[("", "Välj"), *val],
        required=required,
        error_messages={"required": f"Välj {etikett.lower()}."},
    )
    marka(falt, dolj_valfritt=True)
    return falt

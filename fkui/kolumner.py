"""Listor med valbara kolumner: vad en kolumn visar, hur den sorteras och vad den behöver ur databasen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from crispy_forms.layout import Div, Layout
from django import forms
from django.db.models import F, Func, OrderBy, QuerySet, Subquery
from django.http import QueryDict

from fkui.falt import valfalt
from fkui.layout import Knapp, Lada
from fkui.sokform import Sokformular

Poster = TypeVar("Poster", bound=QuerySet[Any])
_INTE_URVAL: Final = ("kolumner", "sortering")


@dataclass(frozen=True, slots=True)
class Kolumn:
    """En kolumn. `ordning` saknas för en som inte sorteras, `hamtas` för en vars värde finns på raden.

    `tomma_sist` gör att rader utan värde står sist åt båda hållen; det gör de alltid när värdet hämtas.
    """

    kod: str
    rubrik: str
    varde: Callable[[Any], Any]
    bredd: int = 20
    ordning: F | Func | None = None
    hamtas: Subquery | Func | None = None
    tal: bool = False
    odelad: bool = False
    tomma_sist: bool = False

    @property
    def klass(self) -> str:
        """Cellens stil: tal till höger, det som inte ska brytas på en rad."""
        return "sus-num" if self.tal else "sus-nowrap" if self.odelad else ""


def hamtad(kod: str, rubrik: str, hamtas: Subquery | Func) -> Kolumn:
    """En kolumn med ett tal som hämtas i samma fråga som raderna."""
    falt = f"k_{kod}"
    return Kolumn(kod, rubrik, lambda post: getattr(post, falt), 16, F(falt), hamtas, tal=True)


def med_kolumner(poster: Poster, valda: Iterable[Kolumn]) -> Poster:
    """Posterna med det som kolumnerna behöver, utan en fråga per rad."""
    return poster.annotate(**{f"k_{kolumn.kod}": kolumn.hamtas for kolumn in valda if kolumn.hamtas is not None})


class Kolumnsok(Sokformular):
    """Sökningen över en lista med valbara kolumner: urval, kolumner och sortering, allt i adressen.

    `mojliga` är listans alla kolumner; den första visas alltid. `forvalda` visas när inget är valt, och urvalen i
    `fler` ligger bakom *Fler urval*.
    """

    forvalda: tuple[str, ...]
    fler: tuple[str, ...] = ()

    kolumner = forms.MultipleChoiceField(label="Kolumner", required=False, widget=forms.CheckboxSelectMultiple)
    sortering = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, mojliga: Sequence[Kolumn]) -> None:
        self.mojliga = mojliga
        super().__init__(self._med_kolumner(data))
        self.ordning: str = self._ordning(data.get("sortering", ""))
        self.helper.layout = self._layout()

    def full_clean(self) -> None:
        """Ger fälten sina val innan de tolkas; basklassen tolkar redan när formuläret görs."""
        valfalt(self, "kolumner").choices = [(kolumn.kod, kolumn.rubrik) for kolumn in self.mojliga[1:]]
        super().full_clean()

    def _med_kolumner(self, data: QueryDict) -> QueryDict:
        """Adressens kolumner, de som finns; annars de förvalda, så att kryssen visar vad listan visar."""
        koder = [kolumn.kod for kolumn in self.mojliga[1:]]
        valda = [kod for kod in data.getlist("kolumner") if kod in koder]
        ny = data.copy()
        ny.setlist("kolumner", valda or [kod for kod in self.forvalda if kod in koder])
        return ny

    def _layout(self) -> Layout:
        fler = [namn for namn in self.fler if namn in self.fields]
        valda = any(self.cleaned_data.get(namn) for namn in fler)
        return Layout(
            *(namn for namn in self.fields if namn not in (*fler, *_INTE_URVAL)),
            Div(Knapp("Sök"), css_class="sus-filter__go"),
            *([Lada("Fler urval", *fler, oppen=valda)] if fler else []),
            Lada("Välj kolumner", "kolumner", Knapp("Visa kolumnerna")),
            "sortering",
        )

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än hela listan är valt. Kolumner och ordning är inget urval."""
        return any(varde for namn, varde in self.cleaned_data.items() if namn not in _INTE_URVAL)

    @property
    def valda_kolumner(self) -> list[Kolumn]:
        """Kolumnerna att visa, i visningsordning. Den första är alltid med."""
        valda = {self.mojliga[0].kod, *self.cleaned_data["kolumner"]}
        return [kolumn for kolumn in self.mojliga if kolumn.kod in valda]

    def _ordning(self, text: str) -> str:
        """Kolumnens kod, med - för fallande. Bara kolumner som går att sortera, och som finns i frågan."""
        kod = text.removeprefix("-")
        hamtade = {kolumn.kod for kolumn in self.valda_kolumner}
        gar = {k.kod for k in self.mojliga if k.ordning is not None and (k.hamtas is None or k.kod in hamtade)}
        return text if kod in gar else self.mojliga[0].kod

    def ordnade(self, poster: Poster) -> Poster:
        """Posterna med de valda kolumnernas värden, sorterade; lika i ordning efter när de registrerades."""
        kod, fallande = self.ordning.removeprefix("-"), self.ordning.startswith("-")
        kolumn = next(kolumn for kolumn in self.mojliga if kolumn.kod == kod)
        tomma_sist = True if kolumn.tomma_sist or kolumn.hamtas is not None else None
        ordning = OrderBy(kolumn.ordning or F("pk"), descending=fallande, nulls_last=tomma_sist)
        return med_kolumner(poster, self.valda_kolumner).order_by(ordning, "pk")

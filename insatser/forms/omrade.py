"""Sidan *Välj kommun, stadsdel* (`doman.md` 2, R8)."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.db.models import QuerySet

from behorighet.sok import monster
from fkui.falt import Tokenfalt, marka, valfalt
from fkui.layout import Knapprad, Lank, Panel
from fkui.sokform import Sokformular
from insatser.models import Kommun, Lan, Stadsdel


class Kommunsok(Sokformular):
    """Sökningen efter kommuner: Län och Kommunnamn, med `*`."""

    etikett = "Kommuner"

    lan = forms.ModelChoiceField(Lan.objects.all(), label="Län", required=False, empty_label="Alla")
    namn = forms.CharField(label="Kommunnamn", required=False, max_length=60, help_text="* ersätter valfria tecken.")

    def urval(self, kommuner: QuerySet[Kommun]) -> QuerySet[Kommun]:
        """Kommunerna som sökningen träffar, i kodordning."""
        data = self.cleaned_data
        if lan := data.get("lan"):
            kommuner = kommuner.filter(lan=lan)
        if namn := data.get("namn"):
            kommuner = kommuner.filter(namn__iregex=monster(namn))
        return kommuner.order_by("kod")


class Omradesform(forms.Form):
    """Kommunerna och stadsdelarna som sökningen träffade, att lägga till."""

    kommuner = forms.MultipleChoiceField(
        label="Kommuner",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Kommunen hör redan till området."},
    )
    stadsdelar = forms.TypedMultipleChoiceField(
        label="Stadsdelar",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Stadsdelens kommun följer med.",
        error_messages={"invalid_choice": "Stadsdelen hör redan till området."},
    )
    token = Tokenfalt()

    def __init__(
        self, *args: Any, kommuner: Iterable[Kommun], stadsdelar: Iterable[Stadsdel], avbryt: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        valfalt(self, "kommuner").choices = [(kommun.kod, kommun.namn) for kommun in kommuner]
        per_kommun: dict[str, list[tuple[int, str]]] = {}
        for stadsdel in stadsdelar:
            per_kommun.setdefault(stadsdel.kommun.namn, []).append((stadsdel.pk, _med_slut(stadsdel)))
        valfalt(self, "stadsdelar").choices = list(per_kommun.items())
        for namn in ("kommuner", "stadsdelar"):
            marka(self.fields[namn], dolj_valfritt=True)
            if not valfalt(self, namn).choices:
                del self.fields[namn]
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Lägg till",
                *(Field(namn, wrapper_class="sus-spalter") for namn in self.fields if namn != "token"),
                "token",
                css_id="lagg-till",
            ),
            Knapprad(Submit("spara", "Lägg till"), Lank("Tillbaka", avbryt)),
        )

    def clean(self) -> dict[str, Any]:
        """Minst en kommun eller stadsdel ska vara vald."""
        data = super().clean() or {}
        if not self.errors and not (data.get("kommuner") or data.get("stadsdelar")):
            self.add_error(next(iter(self.fields)), "Välj minst en att lägga till.")
        return data

    def valda(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        return {namn: self.cleaned_data.get(namn, []) for namn in ("kommuner", "stadsdelar")}


def _med_slut(stadsdel: Stadsdel) -> str:
    return f"{stadsdel.namn} (till och med {stadsdel.giltig_till})" if stadsdel.giltig_till else stadsdel.namn

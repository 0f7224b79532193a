"""Sidan *Registrera antal* för en volyminsats (`doman.md` 3.3)."""

from collections.abc import Iterable
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms

from fkui.falt import Heltalsfalt, Tokenfalt, marka
from fkui.layout import Knapprad, Lank, Panel, Uppgift
from fkui.templatetags.fkui import vardetext

HOGST: Final = 9_999_999
"""Mer än så är ett skrivfel."""


class Antalsform(forms.Form):
    """Sidan *Registrera antal*: det faktiska antalet per kalenderår i en volyminsats."""

    def __init__(
        self, *args: Any, ar: Iterable[tuple[int, int | None, int, int | None]], avbryt: str, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.aren: list[int] = []
        layout: list[Any] = []
        for aret, antal, version, plan in ar:
            self.aren.append(aret)
            self.fields[f"antal_{aret}"] = Heltalsfalt(
                label=f"Faktiskt antal {aret}",
                required=False,
                min_value=0,
                max_value=HOGST,
                initial=antal,
                error_messages={
                    "min_value": "Ange ett antal, 0 eller mer.",
                    "max_value": f"Antalet är för stort. Ange högst {vardetext(HOGST)}.",
                },
            )
            marka(self.fields[f"antal_{aret}"], dolj_valfritt=True)
            self.fields[f"version_{aret}"] = forms.IntegerField(
                widget=forms.HiddenInput, initial=version, required=False, min_value=0
            )
            layout += [
                Div(
                    Field(f"antal_{aret}", wrapper_class="sus-short"),
                    Uppgift(("Budgeterat antal", plan), ("Faktiskt minus budgeterat", _skillnad(antal, plan))),
                    css_class="sus-antalsar",
                ),
                f"version_{aret}",
            ]
        self.fields["token"] = Tokenfalt()
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Antal per kalenderår",
                *layout,
                "token",
                css_id="antal",
                ingress=(
                    "Antalet kan vara personer, till exempel på en utbildning, eller tillfällen, till exempel "
                    "informationsmöten. Lämna ett år tomt om inget antal ska stå där."
                ),
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def per_ar(self) -> dict[int, tuple[int | None, int]]:
        """Antal och version per år."""
        data = self.cleaned_data
        return {aret: (data[f"antal_{aret}"], data[f"version_{aret}"] or 0) for aret in self.aren}


def _skillnad(antal: int | None, plan: int | None) -> int | None:
    """Det sparade antalet mot det budgeterade, när båda finns."""
    return None if antal is None or plan is None else antal - plan

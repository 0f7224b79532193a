"""Sidorna *Avsluta insats*, *Ta bort insats* och *Ta bort årets budgetrader*."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout, Submit
from django import forms

from fkui.falt import Datumfalt, Tokenfalt
from fkui.layout import Knapprad, Lank, Panel, Uppgift


class Insatsslutform(forms.Form):
    """Insatsens slutdatum, med det som hindrar det intill: hur många som är kvar, aldrig vilka (R15)."""

    slutdatum = Datumfalt(label="Slutdatum", error_messages={"required": "Ange insatsens sista dag."})
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    token = Tokenfalt()

    def __init__(
        self, *args: Any, laget: list[tuple[str, Any]], oppna: int, avbryt: str, kontor: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        vad, i_vad, vars_ = "insatsen", "i insatsen", "Insatsens"
        if kontor:
            vad, i_vad, vars_ = "kontoret", "på kontoret", "Kontorets"
            self.fields["slutdatum"].error_messages["required"] = "Ange kontorets sista dag."
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                f"Registreringar {i_vad}",
                Uppgift(*laget),
                *([HTML(f'{{% include "insatser/_kvar.html" with kontor={kontor} only %}}')] if oppna else []),
                css_id="laget",
            ),
            Panel(
                f"{vars_} slut",
                Field("slutdatum", wrapper_class="sus-date"),
                "version",
                "token",
                css_id="slut",
                ingress=f"{vars_} sista dag. Efter den går det inte att registrera något {i_vad}.",
            ),
            Knapprad(Submit("avsluta", f"Avsluta {vad}"), Lank("Avbryt", avbryt)),
        )


class Radborttagsform(forms.Form):
    """Bekräftelsen: årets budgetrader, som är för många för att ändras på sidan."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    token = Tokenfalt()

    def __init__(self, *args: Any, tas_bort: list[tuple[str, Any]], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            Panel(
                "Det här tas bort",
                Uppgift(*tas_bort),
                "version",
                "token",
                css_id="borttagning",
                ingress="Det går inte att ångra. Det planerade antalet står kvar. Borttagningen loggas.",
            ),
            Knapprad(Submit("ta_bort", "Ta bort raderna"), Lank("Avbryt", avbryt)),
        )


class Insatsborttagsform(forms.Form):
    """Bekräftelsen: insatsen, och det som försvinner med den."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    token = Tokenfalt()

    def __init__(self, *args: Any, foljer_med: list[tuple[str, Any]], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            Panel(
                "Det här tas bort",
                Uppgift(*foljer_med),
                "version",
                "token",
                css_id="borttagning",
                ingress="Det går inte att ångra. Borttagningen loggas.",
            ),
            Knapprad(Submit("ta_bort", "Ta bort insatsen"), Lank("Avbryt", avbryt)),
        )

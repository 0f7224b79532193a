"""Att bekräfta det som inte går att ta tillbaka, eller som ändrar mer än det syns: en sida, en knapp."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms

from deltagare.forms.falt import Personnummerfalt
from fkui.falt import Datumfalt, Tokenfalt
from fkui.layout import Knapprad, Lank, Panel


class Bekraftelse(forms.Form):
    """En knapp som gör det, en gång."""

    token = Tokenfalt()

    def __init__(self, *args: Any, knapp: str, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        dolda = [namn for namn in ("version", "token") if namn in self.fields]
        self.helper.layout = Layout(
            *self.paneler(), *dolda, Knapprad(Submit("bekrafta", knapp), Lank("Avbryt", avbryt))
        )

    def paneler(self) -> list[Any]:
        """Det som frågas utöver bekräftelsen: inget, om inget annat sägs."""
        return []


class Andring(Bekraftelse):
    """Det som ändrar registreringen så som den såg ut när sidan visades."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class Aterkallelse(Andring):
    """När samtycket återtogs, för den som är inregistrerad."""

    dag = Datumfalt(label="Datum då samtycket återtogs")

    def paneler(self) -> list[Any]:
        """Dagen, som blir dagen för utregistrering."""
        ingress = "Deltagaren utregistreras den dagen, med anledningen Återtaget samtycke."
        return [Panel("Utregistrering", Field("dag", wrapper_class="sus-date"), css_id="ut", ingress=ingress)]


class Nummerbyte(Bekraftelse):
    """Det nya personnumret."""

    personnummer = Personnummerfalt(
        label="Personnummer",
        max_length=20,
        help_text="ååååmmdd-nnnn",
        error_messages={"required": "Ange personnumret.", "max_length": "Kontrollera personnumret: det är för långt."},
    )

    def paneler(self) -> list[Any]:
        """Numret."""
        ingress = "Personnumret som personen har fått i stället för samordningsnumret."
        return [
            Panel("Nytt nummer", Field("personnummer", wrapper_class="sus-narrow"), css_id="nummer", ingress=ingress)
        ]

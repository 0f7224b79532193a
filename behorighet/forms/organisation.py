"""Formulär för att söka och registrera organisationer."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.db.models import QuerySet

from behorighet.models import Organisation, Organisationstyp
from behorighet.sok import monster
from fkui.falt import Organisationsnummerfalt, Tokenfalt
from fkui.layout import Knapprad, Lank, Panel
from fkui.sokform import Sokformular


class Organisationssok(Sokformular):
    """Sökningen över organisationerna."""

    etikett = "Organisationer"

    q = forms.CharField(label="Namn", required=False, max_length=200, help_text="* ersätter valfria tecken.")

    def urval(self, organisationer: QuerySet[Organisation]) -> QuerySet[Organisation]:
        """Organisationerna som sökningen träffar."""
        sokt = self.cleaned_data.get("q")
        return organisationer.filter(namn__iregex=monster(sokt)) if sokt else organisationer


class Organisationsform(forms.Form):
    """Namn, organisationsnummer och typ."""

    namn = forms.CharField(
        label="Namn",
        max_length=200,
        error_messages={"required": "Ange organisationens namn.", "max_length": "Namnet får vara högst 200 tecken."},
    )
    organisationsnummer = Organisationsnummerfalt(label="Organisationsnummer", help_text="NNNNNN-NNNN")
    typ = forms.ChoiceField(
        label="Typ",
        choices=[("", "Välj typ"), *Organisationstyp.choices],
        error_messages={"required": "Välj typ.", "invalid_choice": "Välj typ ur listan."},
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Basuppgifter",
                "namn",
                Field("organisationsnummer", wrapper_class="sus-short"),
                Field("typ", wrapper_class="sus-short"),
                "token",
                css_id="bas",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

"""Sökningen ovanför en lista: GET, utan felbesked, med *Sök* sist."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.http import QueryDict

from fkui.falt import marka
from fkui.layout import Knapp


class Sokformular(forms.Form):
    """Fälten i den ordning de är skrivna. Ett okänt värde i adressen är som inget urval alls.

    `etikett` är sökningens namn för hjälpmedel. Efter skapandet är formuläret redan tolkat: läs `cleaned_data`.
    """

    etikett: str

    def __init__(self, data: QueryDict, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.is_valid()
        for falt in self.fields.values():
            marka(falt, dolj_valfritt=True)
        self.helper = FormHelper()
        self.helper.form_method = "get"
        self.helper.form_class = "sus-filter"
        self.helper.form_show_errors = False
        self.helper.attrs = {"role": "search", "aria-label": self.etikett}
        self.helper.layout = Layout(*self.fields, Div(Knapp("Sök"), css_class="sus-filter__go"))

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än hela listan är valt."""
        return any(self.cleaned_data.get(namn) for namn in self.fields)

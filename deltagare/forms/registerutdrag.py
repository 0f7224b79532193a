"""Valet av format för ett registerutdrag."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from fkui.layout import Knapp, Knapprad

FORMAT: Final = (("pdf", "Hämta som PDF"), ("json", "Hämta som JSON"))


class Utdragsform(forms.Form):
    """En knapp per format. Inget sparas, så det finns inget att varna för."""

    format = forms.ChoiceField(choices=FORMAT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.utan_varning = True
        knappar = [
            Knapp(text, namn="format", varde=varde, sort="primary" if varde == "pdf" else "secondary")
            for varde, text in FORMAT
        ]
        self.helper.layout = Layout(Knapprad(*knappar))

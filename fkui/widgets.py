"""Inmatningar som är vanliga textfält: webbläsarens egna datum- och talväljare följer inte svensk form."""

from typing import Any, Final

from django import forms

DATUMFORMAT: Final = "%Y-%m-%d"


class DatumText(forms.DateInput):
    """Datum som text, åååå-mm-dd. Siffertangentbord på mobil och ingen automatisk ifyllning."""

    input_type = "text"

    def __init__(self, attrs: dict[str, Any] | None = None, format: str = DATUMFORMAT) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})}, format)


class TalText(forms.TextInput):
    """Heltal som text, utan webbläsarens pilar och utan att hjulet råkar ändra värdet."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})})


class PersonnummerText(forms.TextInput):
    """Personnummer som text. Webbläsaren ska varken spara, föreslå eller rätta det."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", **(attrs or {})})

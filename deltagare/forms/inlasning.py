"""Sidan *Läs in*: en fil och vad den innehåller."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout, Submit
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from fkui.falt import Tokenfalt, valfalt
from fkui.layout import Knapprad, Lank, Panel

# En fil följer inte med genom inloggningen, som det andra i formuläret gör.
_VALJ = "Välj en fil. Har du loggat in på nytt behöver filen väljas igen."

# Sägs medan filen laddas upp och granskas; platsen för det måste finnas på sidan innan.
_GRANSKAS = "Filen granskas …"
_FORLOPP = HTML('<div class="sus-forlopp" role="status"></div>')


class _Filfalt(forms.FileField):
    """En uppladdad fil, högst `settings.SUS_STORSTA_FIL` byte."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
            error_messages=dict.fromkeys(("required", "invalid", "missing"), _VALJ)
            | {"empty": "Filen är tom. Välj en fil med en rubrikrad och minst en rad."},
            **kwargs,
        )

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Filen, med sin storlek prövad."""
        fil = super().clean(data, initial)
        if fil and (fil.size or 0) > settings.SUS_STORSTA_FIL:
            mb = settings.SUS_STORSTA_FIL // 1024**2
            raise ValidationError(f"Filen är större än {mb} MB. Dela upp den och läs in delarna en i taget.")
        return fil


class Uppladdningsform(forms.Form):
    """Vad filen innehåller, och filen."""

    slag = forms.ChoiceField(label="Filen innehåller", error_messages={"required": "Välj vad filen innehåller."})
    fil = _Filfalt(label="Fil", help_text="Excel (.xlsx) eller CSV, högst 5 MB och 2 000 rader.")
    token = Tokenfalt()

    def __init__(self, *args: Any, slag: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        valfalt(self, "slag").choices = [("", "Välj"), *slag]
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Fil att läsa in",
                Field("slag", wrapper_class="sus-narrow"),
                Field("fil", wrapper_class="sus-narrow"),
                css_id="fil",
                ingress="Filen granskas först. Du ser vad som blir nytt och ändrat innan något sparas.",
            ),
            "token",
            Knapprad(Submit("granska", "Granska filen", data_forlopp=_GRANSKAS), Lank("Avbryt", "/")),
            _FORLOPP,
        )


class Rattningsform(forms.Form):
    """De rättade raderna, ur filen med fel."""

    fil = _Filfalt(label="Fil med de rättade raderna")
    token = Tokenfalt()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Ladda upp de rättade raderna",
                Field("fil", wrapper_class="sus-narrow"),
                css_id="ratta",
                ingress=(
                    "De ersätter raderna med fel. Rader som du tar bort ur filen läses inte in. "
                    "Sedan granskas allt igen."
                ),
            ),
            "token",
            Knapprad(Submit("ratta", "Granska igen", data_forlopp=_GRANSKAS)),
            _FORLOPP,
        )

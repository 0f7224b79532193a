"""Formulär för loggkontrollen: dra en månads urval, och granska händelserna i det."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError

from behorighet.models import Loggkontrollrad
from fkui.falt import Tokenfalt, marka
from fkui.layout import Knapprad, Lank, Panel, Uppgift

# Kommentaren står kvar för alltid: den får inte säga vem händelsen gällde (P10).
PERSONNUMMER: Final = re.compile(r"(?<!\d)(?:\d{2})?\d{6}\s?[-+]?\s?\d{4}(?!\d)")


class Urvalsform(forms.Form):
    """Vilken månad urvalet dras för."""

    manad = forms.ChoiceField(
        label="Månad",
        error_messages={"required": "Välj månad.", "invalid_choice": "Urvalet är redan draget. Välj en annan månad."},
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, manader: Iterable[tuple[date, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["manad"].choices = [  # type: ignore[attr-defined]
            (manad.isoformat(), text) for manad, text in manader
        ]
        self.helper = FormHelper()
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            Panel(
                "Dra urval",
                Field("manad", wrapper_class="sus-short"),
                "token",
                Knapprad(Submit("dra", "Dra urval")),
                css_id="urval",
                ingress="Urvalet dras en gång, av slumpen. Börja med den äldsta månaden.",
            )
        )

    def clean_manad(self) -> date:
        """Månadens första dag."""
        return date.fromisoformat(self.cleaned_data["manad"])


@dataclass(frozen=True, slots=True)
class AttGranska:
    """En händelse i urvalet: radens id, rubriken och det som visas om den."""

    rad: int
    rubrik: str
    uppgifter: tuple[tuple[str, Any], ...]
    lank: str


class Granskningsform(forms.Form):
    """Utfall och kommentar för var och en av händelserna. De som lämnas tomma granskas senare."""

    token = Tokenfalt()

    def __init__(self, *args: Any, handelser: list[AttGranska], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handelser = handelser
        paneler = []
        for en in handelser:
            self.fields[f"utfall_{en.rad}"] = forms.ChoiceField(
                label="Utfall", choices=Loggkontrollrad.Utfall.choices, widget=forms.RadioSelect, required=False
            )
            self.fields[f"kommentar_{en.rad}"] = forms.CharField(
                label="Kommentar",
                required=False,
                max_length=500,
                widget=forms.Textarea(attrs={"rows": 2}),
                help_text="Vad som ska följas upp. Skriv inte vem händelsen gällde.",
                error_messages={"max_length": "Kommentaren får vara högst 500 tecken."},
            )
            for namn in (f"utfall_{en.rad}", f"kommentar_{en.rad}"):
                marka(self.fields[namn], dolj_valfritt=True)
            folj_upp = f"utfall_{en.rad}={Loggkontrollrad.Utfall.FOLJ_UPP.value}"
            paneler.append(
                Panel(
                    en.rubrik,
                    Uppgift(*en.uppgifter),
                    Lank("Visa användarens dag", en.lank, sort="secondary button--small"),
                    Field(f"utfall_{en.rad}", wrapper_class="radio-button-group--horizontal"),
                    Div(f"kommentar_{en.rad}", data_visas_om=folj_upp),
                    css_id=f"handelse-{en.rad}",
                )
            )
        self.helper = FormHelper()
        self.helper.layout = Layout(*paneler, "token", Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)))

    def clean(self) -> dict[str, Any]:
        """Minst en händelse är granskad, och det som ska följas upp har en kommentar."""
        data = super().clean() or {}
        if not self.errors and not any(data.get(f"utfall_{en.rad}") for en in self.handelser):
            raise ValidationError("Ange utfall för minst en händelse.")
        for en in self.handelser:
            falt = f"kommentar_{en.rad}"
            kommentar = (data.get(falt) or "").strip()
            if data.get(f"utfall_{en.rad}") != Loggkontrollrad.Utfall.FOLJ_UPP:
                continue
            if not kommentar and falt not in self.errors:
                self.add_error(falt, "Skriv en kommentar om det som ska följas upp.")
            if PERSONNUMMER.search(kommentar):
                self.add_error(falt, "Skriv inget personnummer i kommentaren.")
        return data

    def svar(self) -> dict[int, tuple[str, str]]:
        """Radens id → (utfall, kommentar) för de händelser som har ett utfall."""
        data = self.cleaned_data
        folj_upp = Loggkontrollrad.Utfall.FOLJ_UPP
        return {
            en.rad: (utfall, data[f"kommentar_{en.rad}"].strip() if utfall == folj_upp else "")
            for en in self.handelser
            if (utfall := data.get(f"utfall_{en.rad}"))
        }

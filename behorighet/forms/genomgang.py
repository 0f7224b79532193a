"""Formuläret för genomgången: ett beslut per behörighet, inget valt på förhand."""

import re
from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from behorighet.models import Behorighet, Genomgangsrad
from fkui.falt import Tokenfalt

MARKE: Final = re.compile(r"(\d{1,18}):(\d{4}-\d\d-\d\d)?", re.ASCII)


class Genomgangsform(forms.Form):
    """Ett val, *Behåll* eller *Avsluta*, för varje behörighet som gäller nu.

    `visade` följer med sidan: de behörigheter som användaren såg. Det läses ur det inskickade men skrivs alltid ut
    på nytt, så att den som fått veta vad som ändrats kan spara.
    """

    token = Tokenfalt()
    visade = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, behorigheter: list[Behorighet], valbara: set[int], **kwargs: Any) -> None:
        """`valbara` är id för dem som användaren får avsluta."""
        super().__init__(*args, **kwargs)
        self.behorigheter = behorigheter
        for ett in behorigheter:
            self.fields[f"beslut_{ett.pk}"] = forms.ChoiceField(
                label=f"{ett.anvandare}, {ett.get_roll_display().lower()}",
                choices=[
                    (beslut.value, beslut.label)
                    for beslut in Genomgangsrad.Beslut
                    if beslut == Genomgangsrad.Beslut.BEHALL or ett.pk in valbara
                ],
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Välj Behåll eller Avsluta." if ett.pk in valbara else "Välj Behåll.",
                    "invalid_choice": "Den här behörigheten avslutas av en systemadministratör.",
                },
            )

    def clean_visade(self) -> dict[int, str]:
        """Behörigheterna som sidan visade: id och sista dag."""
        traffar = [MARKE.fullmatch(del_) for del_ in self.cleaned_data["visade"].split()]
        if None in traffar:
            raise ValidationError("Ladda om sidan och försök igen.")
        return {int(traff[1]): traff[2] or "" for traff in traffar if traff}

    def rader(self) -> Iterator[tuple[Behorighet, BoundField]]:
        """Varje behörighet med sitt val."""
        for ett in self.behorigheter:
            yield ett, self[f"beslut_{ett.pk}"]

    def beslut(self) -> dict[int, str]:
        """De tagna besluten efter behörighetens id."""
        return {ett.pk: self.cleaned_data[f"beslut_{ett.pk}"] for ett in self.behorigheter}

"""En ruta i övergångsmatrisen: öppen eller stängd, och vem som normalt registrerar övergången."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms

from deltagare.models import Overgangsregel
from deltagare.overgangar import Myndighet
from fkui.falt import Tokenfalt, marka
from fkui.layout import Knapprad, Lank, Panel, Uppgift

OPPEN = (("ja", "Öppen"), ("nej", "Stängd"))


class Regelform(forms.Form):
    """Rutan. Den som alltid är öppen har bara myndigheten att välja."""

    oppen = forms.ChoiceField(
        label="Övergången är",
        choices=OPPEN,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj om övergången är öppen eller stängd."},
    )
    myndighet = forms.ChoiceField(
        label="Registreras normalt av",
        choices=Myndighet.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vilken myndighet som normalt registrerar övergången."},
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, regel: Overgangsregel, fran: str, last: str, kvar: int, avbryt: str, **kwargs: Any
    ) -> None:
        """`last` säger varför övergången alltid är öppen; `kvar` är hur många samarbeten som står där den börjar."""
        sparat = {
            "oppen": "ja" if regel.oppen else "nej",
            "myndighet": regel.myndighet,
            "version": regel.version,
        }
        super().__init__(*args, **{"initial": sparat, **kwargs})
        marka(
            self.fields["oppen"],
            hjalp=(
                "Den som är stängd går inte att välja i Övergång till, och databasen tar inte emot den. Det som redan "
                "är registrerat står kvar."
            ),
        )
        marka(
            self.fields["myndighet"],
            hjalp="Den andra myndigheten kan registrera övergången, men får först bekräfta att den gör det.",
        )
        laget: Any = "oppen"
        if last:
            del self.fields["oppen"]
            laget = Uppgift(("Övergången är", last))
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Övergången",
                Uppgift(
                    ("Från", fran),
                    ("Till", regel.get_till_display()),
                    *([("Pågående samarbeten där nu", kvar)] if regel.fran else []),
                    css_class="sus-outputs",
                ),
                laget,
                "myndighet",
                "token",
                "version",
                css_id="overgangen",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def uppgifter(self) -> dict[str, Any]:
        """Det som tjänsten tar emot."""
        data = self.cleaned_data
        return {
            "version": data["version"],
            "oppen": data.get("oppen", "ja") == "ja",
            "myndighet": Myndighet(data["myndighet"]),
        }

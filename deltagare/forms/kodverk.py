"""Formulär för koderna i ett kodverk."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.utils import timezone

from deltagare.models import Kod
from deltagare.uppgifter import Kodverk
from fkui.falt import Datumfalt, Heltalsfalt, Tokenfalt, marka
from fkui.layout import Knapprad, Lank, Panel, Uppgift


class _Kodform(forms.Form):
    """Texten och platsen, som alla koder har."""

    etikett = forms.CharField(
        label="Text",
        max_length=100,
        help_text="Så som den som registrerar ser den.",
        error_messages={"required": "Ange text.", "max_length": "Texten får vara högst 100 tecken."},
    )
    ordning = Heltalsfalt(
        label="Plats i listan",
        min_value=1,
        max_value=999,
        help_text="1 är först. De andra flyttas.",
        error_messages={
            "required": "Ange platsen som ett tal, 1 är först.",
            "min_value": "Ange 1 eller mer.",
            "max_value": "Ange högst 999.",
        },
    )
    token = Tokenfalt()


class NyKodform(_Kodform):
    """En ny kod i ett kodverk."""

    field_order = ("kod", "etikett", "ordning", "giltig_fran")

    kod = forms.RegexField(
        r"^[a-z0-9_]+\Z",
        label="Kod",
        max_length=40,
        help_text="Så som den står i filer. a–z, siffror och _. Går inte att ändra sedan.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Ange kod.",
            "invalid": "Koden får bara ha a–z, siffror och _.",
            "max_length": "Koden får vara högst 40 tecken.",
        },
    )
    giltig_fran = Datumfalt(label="Giltig från", required=False, help_text="åååå-mm-dd. Tomt är sedan alltid.")

    def __init__(self, *args: Any, kodverk: Kodverk, platser: int, avbryt: str, **kwargs: Any) -> None:
        """`platser` är antalet koder som kodverket har."""
        super().__init__(*args, **{"initial": {"ordning": platser + 1, "giltig_fran": timezone.localdate()}, **kwargs})
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                kodverk.label,
                Row(Field("kod"), Field("etikett")),
                Row(Field("ordning", wrapper_class="sus-date"), Field("giltig_fran", wrapper_class="sus-date")),
                "token",
                css_id="kod",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )


class Kodform(_Kodform):
    """Text, plats och sista dag för en kod som finns. Den som en regel hänger på har ingen sista dag."""

    giltig_till = Datumfalt(label="Giltig till och med", required=False, help_text="åååå-mm-dd. Tomt är tills vidare.")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, kod: Kod, avbryt: str, **kwargs: Any) -> None:
        sparat = {namn: getattr(kod, namn) for namn in ("etikett", "ordning", "giltig_till", "version")}
        super().__init__(*args, **{"initial": sparat, **kwargs})
        marka(
            self.fields["giltig_till"],
            hjalp=(
                "Den sista dagen som koden går att välja. Skriv gårdagens datum om den inte ska gå att välja mer. "
                "Det som redan är registrerat står kvar."
            ),
        )
        if kod.bunden:
            del self.fields["giltig_till"]
        slut: Any = (
            Uppgift(("Giltig till och med", "Tills vidare. En regel i SUS hänger på koden: den går inte att avsluta."))
            if kod.bunden
            else Field("giltig_till", wrapper_class="sus-date")
        )
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                kod.get_kodverk_display(),
                Uppgift(("Kod", kod.kod), ("Giltig från", kod.giltig_fran), css_class="sus-outputs"),
                "etikett",
                Field("ordning", wrapper_class="sus-date"),
                slut,
                "token",
                "version",
                css_id="kod",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def uppgifter(self) -> dict[str, Any]:
        """Det som tjänsten tar emot."""
        return {
            **{namn: self.cleaned_data[namn] for namn in ("version", "etikett", "ordning")},
            "giltig_till": self.cleaned_data.get("giltig_till"),
        }

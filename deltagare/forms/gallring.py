"""Formulär för gallringens regler och beslut."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms

from deltagare.gallringsslag import SLAGEN, Slag
from deltagare.models import Gallringsregel
from fkui.falt import Heltalsfalt, Tokenfalt, marka
from fkui.layout import Knapp, Knapprad, Lank, Panel


class Regelform(forms.Form):
    """Tiden och skälet för ett slag."""

    ar = Heltalsfalt(label="Antal år", error_messages={"required": "Ange antal år."})
    grund = forms.CharField(
        label="Skäl",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Varför uppgifterna behövs så länge. Står i registerutdragen och i intyget.",
        error_messages={"required": "Ange skälet.", "max_length": "Skälet får vara högst 300 tecken."},
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, regel: Gallringsregel, avbryt: str, **kwargs: Any) -> None:
        sparat = {namn: getattr(regel, namn) for namn in ("ar", "grund", "version")}
        super().__init__(*args, **{"initial": sparat, **kwargs})
        slagets = SLAGEN[Slag(regel.slag)]
        self.granser = (slagets.minst, slagets.hogst)
        self.fields["ar"].help_text = f"Mellan {slagets.minst} och {slagets.hogst} år."
        marka(self.fields["ar"], hjalp=slagets.vad)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                regel.get_slag_display(),
                Field("ar", wrapper_class="sus-date"),
                "grund",
                "token",
                "version",
                css_id="regel",
                ingress=slagets.vad,
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def clean_ar(self) -> int:
        """Året inom slagets gränser."""
        ar: int = self.cleaned_data["ar"]
        minst, hogst = self.granser
        if not minst <= ar <= hogst:
            raise forms.ValidationError(f"Ange ett tal mellan {minst} och {hogst}.")
        return ar


class Forslagsform(forms.Form):
    """Lägg fram förslaget som visas."""

    token = Tokenfalt()

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            "token", Knapprad(Submit("spara", "Föreslå gallring"), Lank("Avbryt", avbryt, sort="secondary"))
        )


class Beslutsform(forms.Form):
    """Godkänn eller avbryt. Den som själv har föreslagit kan bara avbryta."""

    GODKANN, AVBRYT = "godkann", "avbryt"

    beslut = forms.ChoiceField(choices=[(GODKANN, "Godkänn"), (AVBRYT, "Avbryt")], required=True)
    token = Tokenfalt()

    def __init__(self, *args: Any, far_godkanna: bool, godkann: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        knappar = [Knapp("Avbryt gallringen", namn="beslut", varde=self.AVBRYT)]
        if far_godkanna:
            knappar.insert(0, Knapp(godkann, namn="beslut", varde=self.GODKANN, sort="primary"))
        self.helper = FormHelper()
        self.helper.layout = Layout("token", Knapprad(*knappar))

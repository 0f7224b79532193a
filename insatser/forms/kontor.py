"""Sidorna *Registrera kontor* och *Ändra kontor*: kontoren i Af/FK-samarbetet (`doman.md` 6)."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.http import QueryDict

from behorighet.krock import Krock
from fkui.falt import Datumfalt, Tokenfalt
from fkui.layout import Knapprad, Lank, Panel, Uppgift
from fkui.templatetags.fkui import utdata
from insatser.models import Insats, Samverkansorganisation
from insatser.models.insats import HOGST_OMRADE

_FALT: Final = ("namn", "omrade", "startdatum", "slutdatum")


class Kontorsform(forms.Form):
    """Det som går att ange om ett kontor, både när det registreras och när det ändras."""

    namn = forms.CharField(
        label="Namn",
        max_length=200,
        help_text="Till exempel myndigheten och orten. Namnet visas i listor och rapporter.",
        error_messages={"required": "Ange kontorets namn.", "max_length": "Namnet får vara högst 200 tecken."},
    )
    omrade = forms.CharField(
        label="Verksamhetsområde eller marknadsområde",
        required=False,
        max_length=HOGST_OMRADE,
        help_text="Försäkringskassans verksamhetsområde, eller Arbetsförmedlingens marknadsområde.",
        error_messages={"max_length": f"Området får vara högst {HOGST_OMRADE} tecken."},
    )
    startdatum = Datumfalt(label="Startdatum")
    slutdatum = Datumfalt(label="Slutdatum", required=False)

    def clean(self) -> dict[str, Any]:
        """Slutdatum inte före startdatum; resten prövar tjänsten och databasen."""
        data = super().clean() or {}
        start, slut = data.get("startdatum"), data.get("slutdatum")
        if start and slut and slut < start:
            self.add_error("slutdatum", "Slutdatum kan inte vara före startdatum.")
        return data

    def hjalpare(self, forsta: Any, *fler: Any, avbryt: str) -> FormHelper:
        """Sidans panel och knappar. `forsta` står intill namnet, och `fler` sist i panelen."""
        helper = FormHelper()
        helper.layout = Layout(
            Panel(
                "Basuppgifter",
                Row(forsta, "namn"),
                Field("omrade", wrapper_class="sus-narrow"),
                Row(Field("startdatum", wrapper_class="sus-date"), Field("slutdatum", wrapper_class="sus-date")),
                *fler,
                "token",
                css_id="bas",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )
        return helper


class NyttKontorform(Kontorsform):
    """Sidan *Registrera kontor*."""

    # Som på sidan, så att felsammanfattningen följer den
    field_order = ("samverkansorganisation", *_FALT)

    samverkansorganisation = forms.ModelChoiceField(
        Samverkansorganisation.objects.med_kontor(),
        label="Samverkansorganisation",
        empty_label="Välj samverkansorganisation",
        error_messages={
            "required": "Välj samverkansorganisation.",
            "invalid_choice": "Samverkansorganisationen har inga kontor. Välj en i listan.",
        },
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = self.hjalpare("samverkansorganisation", avbryt=avbryt)

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        return {namn: self.cleaned_data[namn] for namn in ("samverkansorganisation", *_FALT)}


class Kontorsandringsform(Kontorsform):
    """Sidan *Ändra kontor*, för systemadministratören och för den insatsansvariga. Organisationen är text."""

    beskrivning = forms.CharField(
        label="Beskrivning",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Skriv inga personuppgifter.",
        error_messages={"max_length": "Beskrivningen får vara högst 4 000 tecken."},
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, kontor: Insats, avbryt: str, **kwargs: Any) -> None:
        self.kontor, self.avbryt = kontor, avbryt
        sparat = {namn: getattr(kontor, namn) for namn in self.base_fields if hasattr(kontor, namn)}
        super().__init__(*args, **{"initial": sparat, **kwargs})
        self.fields["omrade"].label = kontor.omradesnamn
        self.fields["omrade"].help_text = ""
        self.helper = self.hjalpare(
            Uppgift(("Samverkansorganisation", kontor.samverkansorganisation.namn)),
            Field("beskrivning", wrapper_class="sus-wide"),
            "version",
            avbryt=avbryt,
        )

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        return {namn: self.cleaned_data[namn] for namn in (*_FALT, "beskrivning")}

    def efter_krock(self, fel: Krock) -> tuple["Kontorsandringsform", list[tuple[str, str, str]]]:
        """Samma formulär mot det sparade kontoret, och vad som skiljer: (fält, sparat, inskrivet)."""
        self.kontor.refresh_from_db()
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(self.kontor.version)
        nytt = Kontorsandringsform(data, kontor=self.kontor, avbryt=self.avbryt)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = Kontorsandringsform(kontor=self.kontor, avbryt=self.avbryt)
        par = [
            (str(nytt[namn].label), utdata(sparat[namn]), utdata(nytt[namn]))
            for namn in nytt.fields
            if namn in sparat.initial and namn != "version"
        ]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]

"""Sidorna *Sök*, *Registrera* och *Ändra samverkansorganisation* (`doman.md` 2)."""

from itertools import groupby
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from behorighet.krock import Krock
from fkui.falt import BLANKSTEG, Datumfalt, Organisationsnummerfalt, Tokenfalt, valfalt
from fkui.layout import Knapprad, Lank, Panel, Uppgift
from fkui.templatetags.fkui import utdata
from fkui.widgets import TalText
from insatser.kategorier import HANDLINGSPLANENS_SLUT, KONTORSFORMER, Samverkansform, formens_hinder
from insatser.models import Kommun, Samverkansorganisation

KONTAKTFALT: Final = ("adress", "postnummer", "ort", "kontaktperson", "telefon", "epost")

# Vilket fält databasens nej hör till.
ORGANISATIONSVILLKOR: Final = {
    "insatser_samverkansorganisation_organisationsnummer_key": "organisationsnummer",
    "organisationsnummer_har_ratt_form": "organisationsnummer",
    "postnummer_har_ratt_form": "postnummer",
    "samverkansorganisation_slutar_inte_fore_start": "slutdatum",
    "organisationen_rymmer_sina_insatser": "slutdatum",
    "organisationen_rymmer_sina_registreringar": "slutdatum",
    "organisationen_rymmer_sin_budget": "slutdatum",
    "administrativa_kostnader_inom_finsam": "samverkansform",
}


class Uppgiftsform(forms.Form):
    """Det som går att ange både när samverkansorganisationen registreras och när den ändras."""

    namn = forms.CharField(
        label="Namn",
        max_length=200,
        error_messages={"required": "Ange namn.", "max_length": "Namnet får vara högst 200 tecken."},
    )
    organisationsnummer = Organisationsnummerfalt(label="Organisationsnummer", help_text="NNNNNN-NNNN")
    samverkansform = forms.ChoiceField(
        label="Samverkansform",
        choices=[("", "Välj samverkansform"), *Samverkansform.choices],
        error_messages={"required": "Välj samverkansform."},
    )
    beskrivning = forms.CharField(
        label="Beskrivning",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "Beskrivningen får vara högst 4 000 tecken."},
    )
    adress = forms.CharField(
        label="Adress",
        required=False,
        max_length=200,
        error_messages={"max_length": "Adressen får vara högst 200 tecken."},
    )
    postnummer = forms.CharField(label="Postnummer", required=False, widget=TalText, help_text="NNN NN")
    ort = forms.CharField(
        label="Ort", required=False, max_length=100, error_messages={"max_length": "Orten får vara högst 100 tecken."}
    )
    kontaktperson = forms.CharField(
        label="Kontaktperson",
        required=False,
        max_length=200,
        help_text="Förnamn och efternamn.",
        error_messages={"max_length": "Namnet får vara högst 200 tecken."},
    )
    telefon = forms.RegexField(
        r"\+?[0-9][0-9 ()/-]{4,38}",
        label="Telefon",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
        error_messages={"invalid": "Ange telefonnumret med siffror, till exempel 08-123 45 67."},
    )
    epost = forms.EmailField(
        label="E-post",
        required=False,
        max_length=254,
        error_messages={"invalid": "Ange en e-postadress, till exempel namn@kommun.example."},
    )

    def clean_postnummer(self) -> str:
        """Fem siffror, med eller utan mellanslag, som NNN NN."""
        siffror = BLANKSTEG.sub("", self.cleaned_data["postnummer"])
        if siffror and not (len(siffror) == 5 and siffror.isascii() and siffror.isdecimal()):
            raise ValidationError("Ange postnumret med fem siffror, NNN NN.")
        return f"{siffror[:3]} {siffror[3:]}".strip()

    def kontaktpanel(self) -> Panel:
        """Panelen *Kontaktinformation*."""
        return Panel(
            "Kontaktinformation",
            Field("adress"),
            Row(Field("postnummer", wrapper_class="sus-short"), "ort"),
            Row("kontaktperson", "telefon"),
            Field("epost", wrapper_class="sus-narrow"),
            css_id="kontakt",
            ingress="Visas för alla som använder SUS. Kontaktpersonen är någon i samverkansorganisationens personal.",
        )

    def kontakt(self) -> dict[str, str]:
        """Adressen och kontaktpersonen, så som tjänsten tar emot dem."""
        return {namn: self.cleaned_data[namn] for namn in KONTAKTFALT}


class Organisationsform(Uppgiftsform):
    """Sidan *Registrera samverkansorganisation*."""

    # Som på sidan, så att felsammanfattningen följer den
    field_order = ("namn", "organisationsnummer", "samverkansform", "startdatum", "beskrivning")

    startdatum = Datumfalt(label="Startdatum")
    kommuner = forms.MultipleChoiceField(
        label="Kommuner",
        widget=forms.CheckboxSelectMultiple,
        help_text="Välj en eller flera. Öppna länet för att se dess kommuner. I Af/FK-samarbetet väljs ingen.",
        error_messages={"required": "Välj minst en kommun."},
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "samverkansform"
        ].help_text = f"Handlingsplanssamverkan är en historisk form, före {HANDLINGSPLANENS_SLUT}."
        kommuner = Kommun.objects.select_related("lan").order_by("lan__kod", "kod")
        valfalt(self, "kommuner").choices = [
            (lan.namn, [(kommun.kod, kommun.namn) for kommun in grupp])
            for lan, grupp in groupby(kommuner, key=lambda kommun: kommun.lan)
        ]
        # Kontoren i Af/FK-samarbetet finns i hela landet.
        self.fields["kommuner"].required = self.data.get("samverkansform") not in KONTORSFORMER
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Basuppgifter",
                Row("namn", Field("organisationsnummer", wrapper_class="sus-date")),
                Row("samverkansform", Field("startdatum", wrapper_class="sus-date")),
                Field("beskrivning", wrapper_class="sus-wide"),
                css_id="bas",
                ingress=(
                    "Startdatum går inte att ändra sedan, och samverkansformen inte när det finns insatser. "
                    "Resten ändrar samverkansadministratören."
                ),
            ),
            self.kontaktpanel(),
            Panel(
                "Kommun, Stadsdel",
                Field("kommuner", template="organisation/_kommunval.html"),
                "token",
                css_id="kommun",
                ingress="Stadsdelar i Stockholm och Göteborg väljs när samverkansorganisationen är sparad.",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("uppdrag:organisationer"))),
        )

    def clean(self) -> dict[str, Any]:
        """Formen ska ha funnits på startdatumet."""
        data = super().clean() or {}
        start = data.get("startdatum")
        if start and (hinder := formens_hinder(data.get("samverkansform", ""), start)):
            self.add_error("startdatum", hinder)
        return data

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        utom = {"token", *KONTAKTFALT}
        uppgifter = {namn: varde for namn, varde in self.cleaned_data.items() if namn not in utom}
        return {**uppgifter, "kontakt": self.kontakt()}


class Andringsform(Uppgiftsform):
    """Sidan *Ändra samverkansorganisation*. Startdatum är text, och samverkansformen när den är fast."""

    field_order = ("namn", "organisationsnummer", "samverkansform", "slutdatum", "beskrivning")

    slutdatum = Datumfalt(
        label="Slutdatum", required=False, help_text="åååå-mm-dd. Anges bara när verksamheten upphör."
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, organisation: Samverkansorganisation, fast_form: bool, **kwargs: Any) -> None:
        self.organisation, self.fast_form = organisation, fast_form
        sparat = {namn: getattr(organisation, namn) for namn in self.base_fields if hasattr(organisation, namn)}
        super().__init__(*args, **{"initial": sparat, **kwargs})
        if fast_form:
            del self.fields["samverkansform"]
        else:
            mojliga = [val for val in Samverkansform.choices if not formens_hinder(val[0], organisation.startdatum)]
            valfalt(self, "samverkansform").choices = mojliga
        self.helper = FormHelper()
        self.helper.layout = self._layout()

    def _layout(self) -> Layout:
        organisation = self.organisation
        form = (
            Uppgift(("Samverkansform", organisation.get_samverkansform_display()))
            if self.fast_form
            else Field("samverkansform")
        )
        return Layout(
            Panel(
                "Basuppgifter",
                Row("namn", Field("organisationsnummer", wrapper_class="sus-date")),
                form,
                Row(
                    Uppgift(("Startdatum", organisation.startdatum)),
                    Field("slutdatum", wrapper_class="sus-date"),
                ),
                Field("beskrivning", wrapper_class="sus-wide"),
                "version",
                "token",
                css_id="bas",
                ingress="Samverkansformen går inte att ändra när det finns insatser." if self.fast_form else "",
            ),
            self.kontaktpanel(),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", organisation.get_absolute_url())),
        )

    def clean(self) -> dict[str, Any]:
        """Slutdatum inte före startdatum; resten prövar tjänsten."""
        data = super().clean() or {}
        slut = data.get("slutdatum")
        if slut and slut < self.organisation.startdatum:
            self.add_error("slutdatum", "Slutdatum kan inte vara före startdatum.")
        return data

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        data = self.cleaned_data
        falt = ("namn", "organisationsnummer", "beskrivning", "slutdatum")
        return {
            **{namn: data[namn] for namn in falt},
            "samverkansform": data.get("samverkansform", self.organisation.samverkansform),
            "kontakt": self.kontakt(),
        }

    def efter_krock(self, fel: Krock) -> tuple["Andringsform", list[tuple[str, str, str]]]:
        """Samma formulär mot det som nu är sparat, och vad som skiljer: (fält, sparat, inskrivet)."""
        self.organisation.refresh_from_db()
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(self.organisation.version)
        nytt = Andringsform(data, organisation=self.organisation, fast_form=self.fast_form)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = Andringsform(organisation=self.organisation, fast_form=self.fast_form)
        par = [
            (str(nytt[namn].label), utdata(sparat[namn]), utdata(nytt[namn]))
            for namn in nytt.fields
            if namn in sparat.initial and namn != "version"
        ]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]

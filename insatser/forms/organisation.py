"""Sidorna *Sök samverkansorganisation* och *Registrera samverkansorganisation* (`doman.md` 2)."""

from itertools import groupby
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.db.models import F, Func, OrderBy, Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from behorighet.sok import monster
from fkui.falt import Datumfalt, Organisationsnummerfalt, Tokenfalt, valfalt
from fkui.layout import Knapprad, Lank, Panel
from fkui.sokform import Sokformular
from insatser.forms.sok import Laget
from insatser.kategorier import Samverkansform
from insatser.models import Kommun
from insatser.models.organisation import SamverkansorganisationQuerySet

# Handlingsplanssamverkan upphörde 2013; gamla kommer med importen.
VALBARA_FORMER: Final = [(form.value, form.label) for form in Samverkansform if form != Samverkansform.HANDLINGSPLAN]


class Organisationssok(Sokformular):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Samverkansorganisationer"

    SORTERINGAR: Final[dict[str, F | Func]] = {
        "namn": Func("namn", function="sus_sortnyckel"),
        "startdatum": F("startdatum"),
    }

    q = forms.CharField(label="Namn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    form = forms.ChoiceField(label="Samverkansform", required=False, choices=[("", "Alla"), *Samverkansform.choices])
    lage = forms.ChoiceField(label="Läge", required=False, choices=[("", "Alla"), *Laget.choices])

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        sortering = data.get("sortering", "")
        self.sortering = sortering if sortering.removeprefix("-") in self.SORTERINGAR else "namn"

    def urval(self, organisationer: SamverkansorganisationQuerySet) -> SamverkansorganisationQuerySet:
        """Samverkansorganisationerna som sökningen träffar, sorterade."""
        data = self.cleaned_data
        idag = timezone.localdate()
        if sokt := data.get("q"):
            organisationer = organisationer.filter(namn__iregex=monster(sokt))
        if form := data.get("form"):
            organisationer = organisationer.filter(samverkansform=form)
        slut = Q(slutdatum__lt=idag)
        lagen = {
            Laget.KOMMANDE: Q(startdatum__gt=idag),
            Laget.PAGAENDE: Q(startdatum__lte=idag) & ~slut,
            Laget.AVSLUTAD: slut,
        }
        if lage := data.get("lage"):
            organisationer = organisationer.filter(lagen[Laget(lage)])
        ordning = self.SORTERINGAR[self.sortering.removeprefix("-")]
        return organisationer.order_by(OrderBy(ordning, descending=self.sortering.startswith("-")), "pk")


class Organisationsform(forms.Form):
    """Sidan *Registrera samverkansorganisation*."""

    namn = forms.CharField(
        label="Namn",
        max_length=200,
        error_messages={"required": "Ange namn.", "max_length": "Namnet får vara högst 200 tecken."},
    )
    organisationsnummer = Organisationsnummerfalt(label="Organisationsnummer", help_text="NNNNNN-NNNN")
    samverkansform = forms.ChoiceField(
        label="Samverkansform",
        choices=[("", "Välj samverkansform"), *VALBARA_FORMER],
        error_messages={"required": "Välj samverkansform."},
    )
    startdatum = Datumfalt(label="Startdatum")
    beskrivning = forms.CharField(
        label="Beskrivning",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "Beskrivningen får vara högst 4 000 tecken."},
    )
    kommuner = forms.MultipleChoiceField(
        label="Kommuner",
        widget=forms.SelectMultiple(attrs={"size": 12}),
        help_text="Välj en eller flera. Håll ned Ctrl för att välja flera.",
        error_messages={"required": "Välj minst en kommun."},
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kommuner = Kommun.objects.select_related("lan").order_by("lan__kod", "kod")
        valfalt(self, "kommuner").choices = [
            (lan.namn, [(kommun.kod, kommun.namn) for kommun in grupp])
            for lan, grupp in groupby(kommuner, key=lambda kommun: kommun.lan)
        ]
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Basuppgifter",
                Row("namn", Field("organisationsnummer", wrapper_class="sus-date")),
                Row("samverkansform", Field("startdatum", wrapper_class="sus-date")),
                Field("beskrivning", wrapper_class="sus-wide"),
                css_id="bas",
                ingress="Startdatum och samverkansform går inte att ändra sedan.",
            ),
            Panel("Kommun", Field("kommuner", wrapper_class="sus-narrow"), "token", css_id="kommun"),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("uppdrag:organisationer"))),
        )

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        return {namn: varde for namn, varde in self.cleaned_data.items() if namn != "token"}

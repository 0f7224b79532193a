"""Formulär för att söka bland personalen och att beställa och avsluta behörigheter."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.db.models import Exists, Func, OuterRef, Prefetch
from django.utils import timezone

from behorighet.models import Anvandare, AnvandareQuerySet, Behorighet, Giltighetslage
from behorighet.models.konto import VARSEL_DAGAR
from behorighet.roller import UTESLUTNINGSGRUPP, Roll
from behorighet.sok import monster
from fkui.falt import Datumfalt, Tokenfalt, marka
from fkui.layout import Knapp, Knapprad, Lank, Panel, Uppgift
from fkui.sokform import Sokformular

# Vilket fält databasens nej hör till.
VILLKORENS_FALT: Final = {
    "roller_som_utesluter_varandra": "roller",
    "samma_roll_en_gang_i_taget": "roller",
    "behorighet_slutar_inte_fore_start": "till",
    "behorighet_anvandare_username_key": "username",
    "behorighet_organisation_namn_key": "namn",
    "behorighet_organisation_organisationsnummer_key": "organisationsnummer",
}
UTESLUTER: Final = "Den som är deltagaransvarig kan inte samtidigt vara samverkansadministratör eller beställare."


class Sokform(Sokformular):
    """Sökningen bland personalen. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Behörigheter"

    fornamn = forms.CharField(label="Förnamn", required=False, max_length=100, help_text="* ersätter valfria tecken.")
    efternamn = forms.CharField(
        label="Efternamn", required=False, max_length=100, help_text="* ersätter valfria tecken."
    )
    lage = forms.ChoiceField(label="Status", required=False, choices=[("", "Alla"), *Giltighetslage.choices])
    slutar = forms.ChoiceField(
        label="Slutar", required=False, choices=[("", "Alla"), (str(VARSEL_DAGAR), f"Inom {VARSEL_DAGAR} dagar")]
    )

    def urval(self, konton: AnvandareQuerySet) -> AnvandareQuerySet:
        """Kontona som sökningen träffar, i svensk ordning, med behörigheterna i det valda läget."""
        data = self.cleaned_data
        for namn in ("fornamn", "efternamn"):
            if sokt := data.get(namn):
                konton = konton.filter(**{f"{namn}__iregex": monster(sokt)})
        behorigheter = Behorighet.objects.order_by("fran", "pk")
        if lage := data.get("lage"):
            behorigheter = behorigheter.i_lage(Giltighetslage(lage))
        if data.get("slutar"):
            behorigheter = behorigheter.slutar_snart()
        if lage or data.get("slutar"):
            konton = konton.filter(Exists(behorigheter.filter(anvandare=OuterRef("pk"))))
        return konton.prefetch_related(Prefetch("behorigheter", behorigheter)).order_by(
            Func("efternamn", function="sus_sortnyckel"), Func("fornamn", function="sus_sortnyckel"), "pk"
        )


class Bestallningsform(forms.Form):
    """Roller åt en person under en tid. Utan `person` läggs ett konto upp."""

    # Som på sidan, så att felsammanfattningen följer den
    field_order = ("fornamn", "efternamn", "username", "epost", "roller", "fran", "till")

    username = forms.RegexField(
        r"^[\w.@+-]+\Z",
        label="Användarnamn",
        max_length=150,
        help_text="Det som personen loggar in med. Bokstäver, siffror och . @ + - _",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Ange användarnamn.",
            "invalid": "Användarnamnet får bara ha bokstäver, siffror och tecknen . @ + - _",
            "max_length": "Användarnamnet får vara högst 150 tecken.",
        },
    )
    fornamn = forms.CharField(
        label="Förnamn",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Ange förnamn.", "max_length": "Förnamnet får vara högst 100 tecken."},
    )
    efternamn = forms.CharField(
        label="Efternamn",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Ange efternamn.", "max_length": "Efternamnet får vara högst 100 tecken."},
    )
    epost = forms.EmailField(
        label="E-post",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "Ange en e-postadress, till exempel namn@kommun.example."},
    )
    roller = forms.MultipleChoiceField(
        label="Roller",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Välj minst en roll.", "invalid_choice": "Rollen går inte att beställa här."},
    )
    fran = Datumfalt(label="Från och med")
    till = Datumfalt(label="Till och med", required=False)
    token = Tokenfalt()

    def __init__(
        self, *args: Any, roller: tuple[Roll, ...], person: Anvandare | None, avbryt: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["fran"].initial = timezone.localdate
        self.fields["roller"].choices = [(roll.value, roll.label) for roll in roller]  # type: ignore[attr-defined]
        if person:
            for namn in ("username", "fornamn", "efternamn", "epost"):
                del self.fields[namn]
        self.helper = FormHelper()
        self.helper.layout = self._layout(avbryt)

    def _layout(self, avbryt: str) -> Layout:
        if self.person:
            falt: list[Any] = [Uppgift(("Namn", str(self.person)), ("Användarnamn", self.person.username))]
        else:
            falt = [Row("fornamn", "efternamn"), Row("username", "epost")]
        return Layout(
            Panel("Person", *falt, css_id="person"),
            Panel(
                "Behörighet",
                "roller",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                "token",
                css_id="behorighet",
                ingress="Båda dagarna räknas med. Utan till och med gäller behörigheten tills den avslutas.",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def clean(self) -> dict[str, Any]:
        """Roller som utesluter varandra och tider som vänder sägs på en gång; databasen håller regeln (R1)."""
        data = super().clean() or {}
        grupper = {UTESLUTNINGSGRUPP[Roll(r)] for r in data.get("roller", ()) if Roll(r) in UTESLUTNINGSGRUPP}
        if len(grupper) > 1:
            self.add_error("roller", UTESLUTER)
        fran, till = data.get("fran"), data.get("till")
        if fran and till and till < fran:
            self.add_error("till", "Till och med kan inte vara före från och med.")
        return data


class Avslutningsform(forms.Form):
    """*Avsluta* efter en dag, eller *Avsluta nu*."""

    till = Datumfalt(label="Till och med", required=False)
    token = Tokenfalt()

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        marka(self.fields["till"], dolj_valfritt=True)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Field("till", wrapper_class="sus-date"),
            "token",
            Knapprad(
                Submit("avsluta", "Avsluta"),
                Knapp("Avsluta nu", namn="nu"),
                Lank("Avbryt", avbryt, sort="tertiary"),
            ),
        )

    @property
    def nu(self) -> bool:
        """Sant om *Avsluta nu* trycktes."""
        return "nu" in self.data

    def clean(self) -> dict[str, Any]:
        """*Avsluta* behöver en dag."""
        data = super().clean() or {}
        if not self.nu and not data.get("till") and "till" not in self.errors:
            self.add_error("till", "Ange den sista dagen, eller välj Avsluta nu.")
        elif self.nu:
            self.errors.pop("till", None)
            data["till"] = None
        return data

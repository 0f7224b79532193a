"""Ingående organisationer: välja en organisation, och vad den gör i samverkan (`doman.md` 2)."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Func, QuerySet
from django.http import QueryDict

from behorighet.krock import Krock
from behorighet.models import Organisation, Organisationstyp
from behorighet.sok import monster
from fkui.falt import Tokenfalt
from fkui.layout import Knapp, Knapprad, Lank, Panel, Uppgift
from fkui.sokform import Sokformular
from fkui.templatetags.fkui import vardetext
from insatser.models import IngaendeOrganisation

GOR: Final = (("deltar", "Deltar"), ("finansierar", "Finansierar"), ("brukar", "Brukar"))


class Partsok(Sokformular):
    """Sökningen efter organisationer: Namn, med `*`, och Typ."""

    etikett = "Organisationer"

    namn = forms.CharField(label="Namn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    typ = forms.ChoiceField(label="Typ", required=False, choices=[("", "Alla"), *Organisationstyp.choices])

    def urval(self, organisationer: QuerySet[Organisation]) -> QuerySet[Organisation]:
        """Organisationerna som sökningen träffar, i svensk ordning."""
        data = self.cleaned_data
        if namn := data.get("namn"):
            organisationer = organisationer.filter(namn__iregex=monster(namn))
        if typ := data.get("typ"):
            organisationer = organisationer.filter(typ=typ)
        return organisationer.order_by(Func("namn", function="sus_sortnyckel"), "pk")


class Ingaendeform(forms.Form):
    """Vad en ingående organisation gör. Med `ingaende` ändras eller tas den bort, annars läggs den till."""

    gor = forms.MultipleChoiceField(
        label="Organisationen",
        choices=GOR,
        widget=forms.CheckboxSelectMultiple,
        help_text="En eller flera. Bara de som finansierar går att välja som finansiär i budgeten.",
        error_messages={"required": "Välj minst ett av deltar, finansierar och brukar."},
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, organisation: Organisation, ingaende: IngaendeOrganisation | None, avbryt: str, **kw: Any
    ) -> None:
        self.organisation, self.ingaende, self.avbryt = organisation, ingaende, avbryt
        sparat = {"gor": _gor(ingaende), "version": ingaende.version if ingaende else 0}
        super().__init__(*args, **{"initial": sparat, **kw})
        knappar: list[Any] = [Submit("spara", "Spara"), Lank("Avbryt", avbryt)]
        if ingaende:
            knappar.append(Knapp("Ta bort", namn="ta_bort", sort="tertiary"))
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Ingående organisation",
                Uppgift(
                    ("Namn", organisation.namn),
                    ("Typ", organisation.get_typ_display()),
                    ("Organisationsnummer", organisation.organisationsnummer),
                    css_class="sus-outputs",
                ),
                Field("gor"),
                "version",
                "token",
                css_id="ingaende",
            ),
            Knapprad(*knappar),
        )

    def uppgifter(self) -> dict[str, bool]:
        """Det tjänsten tar emot."""
        return {falt: falt in self.cleaned_data["gor"] for falt, _ in GOR}

    def efter_krock(
        self, ingaende: IngaendeOrganisation | None, fel: Krock
    ) -> tuple["Ingaendeform", list[tuple[str, str, str]]]:
        """Samma formulär mot det som nu är sparat, och vad som skiljer: (fält, sparat, inskrivet)."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(ingaende.version if ingaende else 0)
        nytt = Ingaendeform(data, organisation=self.organisation, ingaende=ingaende, avbryt=self.avbryt)
        nytt.is_valid()
        nytt.add_error(None, ValidationError(fel.messages))
        sparat, valt = _gor(ingaende), data.getlist("gor")
        par = [(text, falt in sparat, falt in valt) for falt, text in GOR]
        return nytt, [(text, vardetext(fore), vardetext(efter)) for text, fore, efter in par if fore != efter]


def _gor(ingaende: IngaendeOrganisation | None) -> list[str]:
    return [falt for falt, _ in GOR if ingaende and getattr(ingaende, falt)]

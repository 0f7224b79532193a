"""De kompletterande frågorna som fält: samma på *Registrera deltagare* och i förhandsgranskningen."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.exceptions import ValidationError

from fkui.falt import BLANKSTEG, Datumfalt, marka
from fkui.layout import Panel
from fkui.widgets import TalText
from insatser.models import Fraga, Svarstyp
from insatser.models.fraga import HOGST_I_FRITEXT

PREFIX: Final = "fraga_"
SAKNAS: Final = ("", "Uppgift saknas")
# Fler än så blir en rullista.
HOGST_RADIOKNAPPAR: Final = 7
# Siffrorna i ett person- eller samordningsnummer, så som någon skriver det mitt i en text.
_PERSONNUMMER: Final = re.compile(
    r"(?<![0-9])(?:[0-9]{2})?[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]|[6-8][0-9]|9[01])"
    r"[ +\-\u2010-\u2015\u2212]{0,3}[0-9]{4}(?![0-9])"
)
TALFORM: Final = re.compile(r"-?[0-9]{1,10}([.,][0-9]{1,2})?")

ANDRADE: Final = (
    "Samverkansorganisationen har kompletterande frågor för den här registreringen som sidan inte visade. "
    "Besvara dem, eller lämna dem tomma, och spara igen."
)
BORTFALLNA: Final = (
    "En del av de kompletterande frågorna hörde till en annan insats eller dag. Svaren på dem är borttagna. "
    "Kontrollera uppgifterna och spara igen."
)


class Talfalt(forms.DecimalField):
    """Tal med högst två decimaler, med komma eller punkt. Ger `Decimal` eller None."""

    widget = TalText
    default_error_messages = {"invalid": "Ange ett tal med högst två decimaler, till exempel 12 eller 7,5."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # är i typerna ett heltalsfält
        """Tolkar texten. Blanksteg är tusentalstecken."""
        if isinstance(value, str):
            value = BLANKSTEG.sub("", value).replace("\u2212", "-")
            if value and not TALFORM.fullmatch(value):
                raise ValidationError(self.error_messages["invalid"], code="invalid")
            value = value.replace(",", ".")
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Sifferknappar med decimaltecken på mobil."""
        return {"inputmode": "decimal"}


class Fritextfalt(forms.CharField):
    """Kort fritext. Det som ser ut som ett personnummer tas inte emot: svaret lagras som det skrivs (P6)."""

    def clean(self, value: Any) -> Any:
        """Ger ValidationError om texten innehåller något som ser ut som ett personnummer."""
        text = super().clean(value)
        if text and _PERSONNUMMER.search(text):
            raise ValidationError(
                "Svaret ser ut att innehålla ett personnummer. Ta bort det: skriv inga personuppgifter."
            )
        return text


def faltnamn(fraga: Fraga, tillfalle: str) -> str:
    """Fältets namn för frågan vid tillfället."""
    return f"{PREFIX}{fraga.pk}_{tillfalle}"


def _falt(fraga: Fraga) -> forms.Field:
    """Frågan som fält. Alternativen är `fraga.val`, se `FragaQuerySet.med_alternativ`."""
    grund: dict[str, Any] = {"label": fraga.text, "required": False}
    falt: forms.Field
    if fraga.svarstyp == Svarstyp.FRITEXT:
        falt = Fritextfalt(
            max_length=HOGST_I_FRITEXT,
            help_text=f"Högst {HOGST_I_FRITEXT} tecken. Skriv inga personuppgifter.",
            error_messages={"max_length": f"Svaret får vara högst {HOGST_I_FRITEXT} tecken."},
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            **grund,
        )
    elif fraga.svarstyp == Svarstyp.TAL:
        falt = Talfalt(help_text="Högst två decimaler.", **grund)
    elif fraga.svarstyp == Svarstyp.DATUM:
        falt = Datumfalt(**grund)
    else:
        falt = _valfalt(fraga, grund)
    marka(falt, dolj_valfritt=True)
    return falt


def _valfalt(fraga: Fraga, grund: dict[str, Any]) -> forms.Field:
    val = [(str(ett["id"]), ett["text"]) for ett in getattr(fraga, "val", [])]
    fel = {"invalid_choice": "Alternativet finns inte längre. Välj ett av dem som visas."}
    if fraga.svarstyp == Svarstyp.FLERA:
        return forms.TypedMultipleChoiceField(
            choices=val,
            coerce=int,
            widget=forms.CheckboxSelectMultiple,
            help_text="Välj alla som stämmer.",
            error_messages=fel,
            **grund,
        )
    knappar = len(val) <= HOGST_RADIOKNAPPAR
    return forms.TypedChoiceField(
        choices=[*val, SAKNAS] if knappar else [SAKNAS, *val],
        coerce=lambda vald: [int(vald)],
        widget=forms.RadioSelect if knappar else forms.Select,
        initial="",
        error_messages=fel,
        **grund,
    )


_KLASS: Final = {
    Svarstyp.TAL: "sus-narrow",
    Svarstyp.DATUM: "sus-date",
    Svarstyp.FRITEXT: "sus-wide",
    Svarstyp.EN: "sus-alternativ",
    Svarstyp.FLERA: "sus-alternativ",
}


class Fragedel(forms.Form):
    """Ett formulär med kompletterande frågor.

    Fältet `visade_fragor` bär vilka frågor som sidan visade, så att ingen sparar utan att ha fått dem som gäller.
    """

    stallda: Mapping[str, Fraga] = {}

    def stall(self, fragor: Iterable[Fraga], tillfalle: str) -> Div:
        """Lägger till fälten och returnerar delen av sidan, som htmx kan byta ut. Utan frågor är den tom."""
        self.stallda = {faltnamn(fraga, tillfalle): fraga for fraga in fragor}
        self.fields.update({namn: _falt(fraga) for namn, fraga in self.stallda.items()})
        self.fields["visade_fragor"] = forms.CharField(widget=forms.HiddenInput, required=False)
        if not self.is_bound:
            self.initial = {**self.initial, **self._inskrivet(), "visade_fragor": self._upplagor()}
        delar: list[Any] = [
            Field(namn, wrapper_class=_KLASS[Svarstyp(fraga.svarstyp)]) for namn, fraga in self.stallda.items()
        ]
        if delar:
            ingress = "Samverkansorganisationens egna frågor. Lämna en fråga tom om uppgift saknas."
            delar = [Panel("Kompletterande frågor", *delar, css_id=f"kompletterande-{tillfalle}", ingress=ingress)]
        return Div(*delar, "visade_fragor", css_id=f"fragor-{tillfalle}")

    def _upplagor(self) -> str:
        return " ".join(fraga.upplaga for fraga in self.stallda.values())

    def _inskrivet(self) -> dict[str, Any]:
        """Det inskrivna kommer som listor; bara flera av flera är en."""
        en = {namn for namn, fraga in self.stallda.items() if fraga.svarstyp != Svarstyp.FLERA}
        return {
            namn: varde[-1] for namn, varde in self.initial.items() if namn in en and isinstance(varde, list) and varde
        }

    def prova_visade(self) -> None:
        """Lägger ett fel i formuläret om frågorna inte är de som sidan visade. Anropas av `clean`."""
        data: Any = self.data
        visade = set(data.get("visade_fragor", "").split())
        ovisade = [namn for namn, fraga in self.stallda.items() if fraga.upplaga not in visade]
        bortfallna = any(
            namn.startswith(PREFIX) and namn not in self.fields and any(data.getlist(namn)) for namn in data
        )
        # Sidan som nu visas igen har frågorna som gäller.
        self.data = data = data.copy()
        data["visade_fragor"] = self._upplagor()
        if ovisade:
            self.add_error(ovisade[0], ANDRADE)
        if bortfallna:
            self.add_error(None, BORTFALLNA)

    def glom_fragor(self) -> None:
        """Ingen av frågorna räknas, inte heller det som är fel i dem."""
        for namn in self.stallda:
            self.errors.pop(namn, None)
        self.stallda = {}

    def fragesvar(self) -> list[tuple[Fraga, Any]]:
        """Svaren så som de lagras. En fråga utan svar är inte med: uppgift saknas."""
        givna = [(fraga, self.cleaned_data.get(namn)) for namn, fraga in self.stallda.items()]
        return [(fraga, varde) for fraga, varde in givna if varde not in (None, "", [])]


class Frageform(Fragedel):
    """Bara frågorna, för htmx och för förhandsgranskningen."""

    def __init__(self, *args: Any, fragor: Iterable[Fraga], tillfalle: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(self.stall(fragor, tillfalle))

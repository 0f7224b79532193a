"""De kompletterande frågorna som fält: samma på *Registrera deltagare* och i förhandsgranskningen."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from fkui.falt import BLANKSTEG, Datumfalt, marka
from fkui.layout import Panel
from fkui.widgets import TalText
from insatser.models import Fraga, Saknas, Svarstyp
from insatser.models.fraga import HOGST_I_FRITEXT

PREFIX: Final = "fraga_"
SAKNAS: Final = (Saknas.UPPGIFT.value, "Uppgift saknas")
# Så som svaret visas när det inte finns.
OBESVARAD: Final = ("", "Inte besvarad")
# Kryssrutan vid de frågor som inte har några val heter som frågan, och så här.
SAKNAS_EFTER: Final = f"_{Saknas.UPPGIFT.value}"
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
    "En del av de kompletterande frågorna ställs inte i insatsen den dagen. Det du fyllde i på dem sparas inte. "
    "Kontrollera uppgifterna och spara igen."
)
BADE_OCH: Final = "Du har både svarat och valt Uppgift saknas. Välj det ena."


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


def forval(fraga: Fraga, tillfalle: str, varde: Any) -> dict[str, Any]:
    """Ett sparat svar, också `Saknas`, som fältens förval."""
    namn = faltnamn(fraga, tillfalle)
    if varde is not Saknas.UPPGIFT:
        return {namn: varde}
    if not fraga.har_alternativ:
        return {namn + SAKNAS_EFTER: True}
    return {namn: [SAKNAS[0]] if fraga.svarstyp == Svarstyp.FLERA else SAKNAS[0]}


def _saknasfalt(fraga: Fraga) -> forms.BooleanField:
    """Rutan *Uppgift saknas*. Den som hör etiketten ensam hör också vilken fråga det är."""
    etikett = format_html('Uppgift saknas<span class="sr-only">: {}</span>', fraga.text)
    return forms.BooleanField(label=etikett, required=False, initial=False)


def _lagrat(vald: str) -> list[int] | Saknas:
    return Saknas.UPPGIFT if vald == SAKNAS[0] else [int(vald)]


def _falt(fraga: Fraga, *, gar_att_tomma: bool) -> forms.Field:
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
        falt = _valfalt(fraga, grund, gar_att_tomma=gar_att_tomma)
    marka(falt, dolj_valfritt=True)
    return falt


def _valfalt(fraga: Fraga, grund: dict[str, Any], *, gar_att_tomma: bool) -> forms.Field:
    val = [(str(ett["id"]), ett["text"]) for ett in getattr(fraga, "val", [])]
    fel = {"invalid_choice": "Alternativet finns inte längre. Välj ett av dem som visas."}
    if fraga.svarstyp == Svarstyp.FLERA:
        return forms.TypedMultipleChoiceField(
            choices=[*val, SAKNAS],
            coerce=lambda vald: Saknas.UPPGIFT if vald == SAKNAS[0] else int(vald),
            widget=forms.CheckboxSelectMultiple,
            help_text="Välj alla som stämmer.",
            error_messages=fel,
            **grund,
        )
    knappar = len(val) <= HOGST_RADIOKNAPPAR
    utan = [OBESVARAD] if gar_att_tomma else []
    return forms.TypedChoiceField(
        choices=[*val, SAKNAS, *utan] if knappar else [("", "Välj"), *val, SAKNAS],
        coerce=_lagrat,
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
    bortfallna: str = BORTFALLNA
    gar_att_tomma: bool = False
    """Sant där ett svar rättas: radioknapparna har då ett val som tar bort det."""

    def stall(self, fragor: Iterable[Fraga], tillfalle: str) -> Div:
        """Lägger till fälten och returnerar delen av sidan, som htmx kan byta ut. Utan frågor är den tom."""
        self.stallda = {faltnamn(fraga, tillfalle): fraga for fraga in fragor}
        for namn, fraga in self.stallda.items():
            self.fields[namn] = _falt(fraga, gar_att_tomma=self.gar_att_tomma)
            if not fraga.har_alternativ:
                self.fields[namn + SAKNAS_EFTER] = _saknasfalt(fraga)
        self.fields["visade_fragor"] = forms.CharField(widget=forms.HiddenInput, required=False)
        if not self.is_bound:
            self.initial = {**self.initial, **self._inskrivet(), "visade_fragor": self._upplagor()}
        delar: list[Any] = [self._del(namn, fraga) for namn, fraga in self.stallda.items()]
        if delar:
            ingress = (
                "Samverkansorganisationens egna frågor. Välj Uppgift saknas om svaret inte går att få. "
                "En fråga som du lämnar tom kan du svara på senare."
            )
            delar = [Panel("Kompletterande frågor", *delar, css_id=f"kompletterande-{tillfalle}", ingress=ingress)]
        return Div(*delar, "visade_fragor", css_id=f"fragor-{tillfalle}")

    def _del(self, namn: str, fraga: Fraga) -> Any:
        falt = Field(namn, wrapper_class=_KLASS[Svarstyp(fraga.svarstyp)])
        return falt if fraga.har_alternativ else Div(falt, namn + SAKNAS_EFTER, css_class="sus-kan-saknas")

    def _upplagor(self) -> str:
        return " ".join(fraga.upplaga for fraga in self.stallda.values())

    def _inskrivet(self) -> dict[str, Any]:
        """Det inskrivna kommer som listor; bara flera av flera är en."""
        en = {namn for namn, fraga in self.stallda.items() if fraga.svarstyp != Svarstyp.FLERA}
        en |= {namn + SAKNAS_EFTER for namn in en}
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
            self.add_error(None, self.bortfallna)

    def glom_fragor(self) -> None:
        """Ingen av frågorna räknas, inte heller det som är fel i dem."""
        for namn in self.stallda:
            self.errors.pop(namn, None)
        self.stallda = {}

    def clean(self) -> dict[str, Any]:
        """Den som har svarat har inte också valt *Uppgift saknas*."""
        data = super().clean() or {}
        for namn, fraga in self.stallda.items():
            varde = data.get(namn)
            if fraga.svarstyp == Svarstyp.FLERA:
                bada = Saknas.UPPGIFT in (varde or ()) and len(varde or ()) > 1
            else:
                bada = varde not in (None, "") and bool(data.get(namn + SAKNAS_EFTER))
            if bada:
                self.add_error(namn, BADE_OCH)
        return data

    def fragesvar(self) -> list[tuple[Fraga, Any]]:
        """Svaren så som de lagras, också `Saknas`. En fråga som ingen har svarat på är inte med."""
        givna = [(fraga, self._svaret(namn)) for namn, fraga in self.stallda.items()]
        return [(fraga, varde) for fraga, varde in givna if varde not in (None, "", [])]

    def _svaret(self, namn: str) -> Any:
        varde = self.cleaned_data.get(namn)
        saknas = self.cleaned_data.get(namn + SAKNAS_EFTER) or varde == [Saknas.UPPGIFT]
        return Saknas.UPPGIFT if saknas else varde


class Frageform(Fragedel):
    """Bara frågorna, för htmx och för förhandsgranskningen."""

    def __init__(self, *args: Any, fragor: Iterable[Fraga], tillfalle: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(self.stall(fragor, tillfalle))

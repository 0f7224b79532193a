"""Sidorna för anonyma deltagare (`doman.md` 5)."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit, TemplateNameMixin
from django import forms
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from deltagare.forms.falt import Insatsfalt, ge_insatser
from deltagare.models import Anonym
from deltagare.uppgifter import ANLEDNINGAR_ATT_TA_BORT, Kon
from fkui.falt import STORSTA_ID, Heltalsfalt, Tokenfalt, heltal_hogst, marka, valfalt
from fkui.layout import Knapp, Knapprad, Lank, Panel, uppdatera_val
from insatser.models import Insats

RADFORM: Final = re.compile(r"(?P<insats>[0-9]{1,19}):(?P<ar>[0-9]{4}):(?P<kon>[a-z]+):(?P<antal>[1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Rad:
    """En tillagd rad. Den hör till insatsen och året som den lades till för, vad som än väljs sedan."""

    insats_id: int
    ar: int
    kon: str
    antal: int

    def __str__(self) -> str:
        """Så som raden följer med i formuläret: `17:2025:kvinna:3`."""
        return f"{self.insats_id}:{self.ar}:{self.kon}:{self.antal}"


class Anonymform(forms.Form):
    """Sidan *Registrera anonyma deltagare*: ett år i taget, flera rader före *Spara* (`doman.md` 5).

    Raderna som är tillagda följer med som dolda fält, så att sidan klarar sig utan skript.
    """

    insats = Insatsfalt()
    ar = Heltalsfalt(
        label="Inregistreringsår",
        help_text="Kalenderåret som deltagarna räknas för, åååå.",
        min_value=1990,
        max_value=2100,
        error_messages={
            "required": "Ange inregistreringsår.",
            **dict.fromkeys(("min_value", "max_value"), "Ange året med fyra siffror, åååå."),
        },
    )
    antal_kvinnor = Heltalsfalt(label="Antal kvinnor", required=False, min_value=1, max_value=9999)
    antal_man = Heltalsfalt(label="Antal män", required=False, min_value=1, max_value=9999)
    token = Tokenfalt()

    def __init__(self, *args: Any, insatser: QuerySet[Insats], rader: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.insatser = ge_insatser(self, insatser)
        self.rader = [rad for rad in map(_tolka_rad, rader) if rad]
        for namn in ("antal_kvinnor", "antal_man"):
            marka(self.fields[namn], dolj_valfritt=True)
            self.fields[namn].error_messages |= dict.fromkeys(("min_value", "max_value"), "Ange ett antal, 1–9 999.")
        # Det som redan är registrerat följer den valda insatsen.
        self.fields["insats"].widget.attrs |= {
            "hx-get": reverse("deltagare:anonyma"),
            "hx-trigger": "change",
            "hx-target": "#registrerade-anonyma",
            "hx-select": "#registrerade-anonyma",
            "hx-swap": "outerHTML",
            "hx-sync": "this:replace",
            # GET till sidans egen adress: den som laddar om ser samma insats.
            "hx-replace-url": "true",
        }
        self.helper = FormHelper()
        self.helper.form_id = "anonyma"
        self.helper.form_action = reverse("deltagare:anonyma")
        self.helper.osparat = bool(self.rader)
        self.helper.layout = Layout(
            Panel(
                "Anonyma deltagare",
                Field("insats", wrapper_class="sus-narrow"),
                Field("ar", wrapper_class="sus-short"),
                Div(
                    Field("antal_kvinnor", wrapper_class="sus-short"),
                    Knapp("Lägg till", namn="lagg_till", varde="kvinna", aria_label="Lägg till kvinnor"),
                    css_class="sus-lagg-till",
                ),
                Div(
                    Field("antal_man", wrapper_class="sus-short"),
                    Knapp("Lägg till", namn="lagg_till", varde="man", aria_label="Lägg till män"),
                    css_class="sus-lagg-till",
                ),
                "token",
                Tillagda(),
                uppdatera_val(),
                css_id="anonyma-deltagare",
                ingress=(
                    "För dem som inte samtycker och dem med skyddade personuppgifter. Bara år och kön registreras. "
                    "Den som ska räknas ett år till registreras igen för det året."
                ),
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def namnge_insatserna(self) -> None:
        """Etiketten för den som registrerar på kontor i Af/FK-samarbetet. Före fältet visas första gången."""
        kontor = [insats.ar_kontor for insats in self.insatser()]
        if any(kontor):
            self.fields["insats"].label = "Kontor" if all(kontor) else "Insats eller kontor"

    def clean(self) -> dict[str, Any]:
        """De tillagda raderna gäller insatsen och året som är valda: de sparas aldrig som något annat."""
        data = super().clean() or {}
        for falt, varde in (("insats", getattr(data.get("insats"), "pk", None)), ("ar", data.get("ar"))):
            annan = next((rad for rad in self.rader if (rad.insats_id if falt == "insats" else rad.ar) != varde), None)
            if annan and falt not in self.errors:
                self.add_error(
                    falt,
                    f"Raderna att spara gäller {self.insatsens_namn(annan)} {annan.ar}. "
                    "Ändra tillbaka och spara dem först, eller ta bort dem.",
                )
        return data

    def insatsens_namn(self, rad: Rad) -> str:
        """Namnet på radens insats, om användaren når den."""
        return next((insats.namn for insats in self.insatser() if insats.pk == rad.insats_id), "en annan insats")

    def med_inskrivet(self) -> list[tuple[str, int]]:
        """Tillagda rader och det som står ifyllt men inte är tillagt: *Spara* tappar inget som skrivits."""
        data = self.cleaned_data
        ifyllt = [("kvinna", data.get("antal_kvinnor")), ("man", data.get("antal_man"))]
        tillagda = [(rad.kon, rad.antal) for rad in self.rader]
        return [*tillagda, *((kon, antal) for kon, antal in ifyllt if antal)]


class Tillagda(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """Raderna som är tillagda men inte sparade, var och en med *Ta bort*."""

    template = "deltagare/_anonyma_rader.html"

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        """Raderna som HTML, med summan."""
        summa: Counter[str] = Counter(dict.fromkeys(Kon.values, 0))
        for rad in form.rader:
            summa[rad.kon] += rad.antal
        rader = [(rad, form.insatsens_namn(rad)) for rad in form.rader]
        return render_to_string(self.template, {"rader": rader, "summa": summa})


def _tolka_rad(text: str) -> Rad | None:
    traff = RADFORM.fullmatch(text)
    insats_id = heltal_hogst(traff["insats"], STORSTA_ID) if traff else None
    if traff is None or insats_id is None or traff["kon"] not in Kon.values:
        return None
    return Rad(insats_id, int(traff["ar"]), traff["kon"], int(traff["antal"]))


class AnonymBorttagsform(forms.Form):
    """*Ta bort*: rättar fel, är ingen utregistrering (`doman.md` 5)."""

    vilka = forms.ChoiceField(label="Registrerade", error_messages={"required": "Välj vilka som ska tas bort."})
    antal = Heltalsfalt(
        label="Antal att ta bort",
        min_value=1,
        error_messages={"required": "Ange hur många.", "min_value": "Ange hur många som ska tas bort."},
    )
    anledning = forms.ChoiceField(label="Anledning", error_messages={"required": "Välj anledning."})
    token = Tokenfalt()

    def __init__(self, *args: Any, registrerade: Iterable[Anonym], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vilka = [
            (f"{rad.ar}:{rad.kon}", f"{rad.ar}, {Kon(rad.kon).label.lower()}: {rad.antal}") for rad in registrerade
        ]
        valfalt(self, "vilka").choices = [("", "Välj år och kön"), *vilka]
        valfalt(self, "anledning").choices = [("", "Välj anledning"), *ANLEDNINGAR_ATT_TA_BORT]
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Ta bort felregistrerade",
                Field("vilka", wrapper_class="sus-narrow"),
                Field("antal", wrapper_class="sus-short"),
                Field("anledning", wrapper_class="sus-narrow"),
                "token",
                css_id="ta-bort",
                ingress="Ta bort är till för att rätta fel. Anonyma deltagare utregistreras inte.",
            ),
            Knapprad(Submit("ta_bort", "Ta bort"), Lank("Avbryt", avbryt)),
        )

"""Panelen *Kategorisering av insats*: beroende val, med htmx och utan skript (R9, R10)."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout
from django import forms
from django.urls import reverse

from fkui.falt import marka, valfalt
from insatser import kategorier, kategorihjalp
from insatser.kategorier import Deltagarregistrering, Inriktning

BYT_VALEN: Final = {
    "hx-trigger": "change",
    "hx-target": "#kategorival",
    "hx-swap": "outerHTML",
    "hx-include": "#kategorival, [name=samverkansorganisation]",
    "hx-indicator": "#kategori-vantar",
}

KATEGORIFALT: Final = ("inriktning", "preciserad_inriktning", "deltagarregistrering", "malgrupper")


def _val(poster: list[Any], tomt: str) -> list[tuple[str, str]]:
    return [("", tomt), *((post.value, post.label) for post in poster)]


class Kategoriform(forms.Form):
    """Panelen *Kategorisering av insats*: varje val avgör vilka nästa har (R9)."""

    inriktning = forms.ChoiceField(label="Inriktning", required=False)
    preciserad_inriktning = forms.ChoiceField(label="Preciserad inriktning", required=False)
    deltagarregistrering = forms.ChoiceField(
        label="Deltagarregistrering", choices=Deltagarregistrering.choices, widget=forms.RadioSelect, required=False
    )
    malgrupper = forms.MultipleChoiceField(
        label="Specifik målgrupp", widget=forms.CheckboxSelectMultiple, required=False
    )
    # Inriktningen som valen på sidan gäller för: skiljer sig den från den valda ska valen bytas.
    visad_inriktning = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, form: str, valbar: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.samverkansform = form
        if valbar:
            self._ge_val()
        else:
            for namn in (*KATEGORIFALT, "visad_inriktning"):
                del self.fields[namn]

    def _varde(self, namn: str) -> str:
        varde = self.data.get(self.add_prefix(namn)) if self.is_bound else self.initial.get(namn)
        return varde or ""

    def _ge_val(self) -> None:
        inriktning = self._varde("inriktning")
        mojliga = kategorier.val(self.samverkansform, inriktning)
        inriktningar = kategorier.inriktningar(self.samverkansform)
        valfalt(self, "inriktning").choices = _val(
            inriktningar, "Välj inriktning" if inriktningar else "Välj samverkansorganisation först"
        )
        valfalt(self, "preciserad_inriktning").choices = _val(
            list(mojliga.preciserade), "Välj preciserad inriktning" if mojliga.preciserade else "Välj inriktning först"
        )
        valfalt(self, "malgrupper").choices = [(m.value, m.label) for m in mojliga.malgrupper]
        if not mojliga.malgrupper:
            self.fields["malgrupper"].help_text = (
                "Ingen målgrupp anges för samverkansformen." if inriktning else "Välj inriktning först."
            )
        self.fields["visad_inriktning"].initial = inriktning
        hjalp = self._hjalp(inriktning)
        for namn in KATEGORIFALT:
            # Panelen är obligatorisk i sin helhet; reglerna om den ger bättre besked än "obligatoriskt".
            marka(self.fields[namn], hjalp=kategorihjalp.som_text(hjalp[namn]), dolj_valfritt=True)
        if not inriktningar:
            self.fields["inriktning"].widget.attrs["disabled"] = True
        if not mojliga.preciserade:
            self.fields["preciserad_inriktning"].widget.attrs["disabled"] = True
        self.fields["inriktning"].widget.attrs |= {
            "hx-get": reverse("insatser:kategorival", query={"form": self.samverkansform}),
            **BYT_VALEN,
        }

    def _varning(self) -> list[Div]:
        """R14, så snart valen ger den: villkor.js visar rutan för det ena sättet. Utan skript visas den för båda."""
        satt = Deltagarregistrering.PERSONUPPGIFTER.value
        text = kategorier.varning(inriktning=self._varde("inriktning"), deltagarregistrering=satt)
        if not text:
            return []
        villkor = f"Om du väljer {Deltagarregistrering.PERSONUPPGIFTER.label}:"
        return [Div(HTML(_varningen(text, villkor)), data_visas_om=f"deltagarregistrering={satt}")]

    def _hjalp(self, inriktning: str) -> dict[str, list[kategorihjalp.Forklarad]]:
        """Vad valen som just nu visas är till för."""
        under = kategorihjalp.for_inriktning(self.samverkansform, inriktning)
        return {
            "inriktning": kategorihjalp.inriktningarna(self.samverkansform),
            "preciserad_inriktning": under.preciserade if under else [],
            "deltagarregistrering": kategorihjalp.registreringssatten(),
            "malgrupper": under.malgrupper if under else [],
        }

    def delar(self) -> Div:
        """Fälten som htmx byter ut när inriktningen väljs."""
        return Div(
            Field("inriktning", wrapper_class="sus-narrow"),
            Field("preciserad_inriktning", wrapper_class="sus-narrow"),
            "deltagarregistrering",
            *self._varning(),
            "malgrupper",
            "visad_inriktning",
            css_id="kategorival",
        )


def _varningen(text: str, villkor: str) -> str:
    return f'{{% include "_ruta.html" with slag="varning" utan_skript="{villkor}" text="{text}" only %}}'


def kategorival(data: dict[str, Any], *, form: str) -> dict[str, Any]:
    """Valen efter att inriktningen valts: det som inte längre passar rensas, och R10:s förval sätts."""
    inriktning = data.get("inriktning") or ""
    if inriktning not in kategorier.inriktningar(form):
        inriktning = ""
    mojliga = kategorier.val(form, inriktning)
    registrering = data.get("deltagarregistrering") or ""
    if inriktning != (data.get("visad_inriktning") or ""):
        forval = kategorier.FORVALD_REGISTRERING.get(Inriktning(inriktning)) if inriktning else None
        forvald_forut = registrering == Deltagarregistrering.ANTAL
        registrering = forval.value if forval else ("" if forvald_forut else registrering)
    preciserad = data.get("preciserad_inriktning") or ""
    return {
        "inriktning": inriktning,
        "preciserad_inriktning": preciserad if preciserad in mojliga.preciserade else "",
        "deltagarregistrering": registrering,
        "malgrupper": [m for m in data.get("malgrupper", []) if m in mojliga.malgrupper],
    }


class Kategoripanel(Kategoriform):
    """Bara de beroende valen, för htmx."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(self.delar())

"""Det som in- och utregistrering har gemensamt på *Registrera deltagare*. Reglerna står i tjänsten och i databasen."""

from collections.abc import Iterable
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from deltagare.forms.falt import Insatsfalt, Personnummerfalt, ge_insatser
from deltagare.forms.fragor import MedFragor
from deltagare.forms.situation import Svarsdel
from deltagare.models import Deltagande
from deltagare.uppgifter import FELREGISTRERING
from fkui.falt import marka
from fkui.layout import Forvald, Knapp, Knapprad, Lank, Panel, Uppgift, uppdatera_val
from insatser.models import Insats

INREGISTRERING, UTREGISTRERING = "in", "ut"

VILLKORENS_FALT: Final = {
    "samtycke_finns_fore_inregistrering": "samtycke",
    "utregistrering_inte_fore_inregistrering": "utregistrering",
    "inregistrering_inom_insatsen": "inregistrering",
    "numret_fore_inregistreringen": "inregistrering",
    "utregistrering_inom_insatsen": "utregistrering",
    "deltaganden_overlappar_inte": "inregistrering",
    "krockar_med_en_senare": "inregistrering",
    "insatsen_tar_emot_registreringen": "insats",
    "aret_ligger_inom_insatsen": "ar",
}

# Byter formuläret mot ett som frågar efter det som gäller. POST: personnumret står aldrig i en adress (P7).
BYT_FORMULAR: Final[dict[str, Any]] = {
    "hx-target": "#registrering",
    "hx-select": "#registrering",
    "hx-swap": "outerHTML",
    "hx-include": "closest form",
}

NUMRET_AR_BYTT: Final = "Numret är bytt. Registreringarna finns under personnumret som gäller nu."


class Registreringsform(MedFragor, Svarsdel):
    """Sidan *Registrera deltagare*. Vad som frågas beror på om deltagaren in- eller utregistreras."""

    insats = Insatsfalt()
    personnummer = Personnummerfalt(
        label="Personnummer",
        max_length=20,
        help_text="ååååmmdd-nnnn. Samordningsnummer går också bra.",
        error_messages={"required": "Ange personnummer.", "max_length": "Kontrollera personnumret: det är för långt."},
    )
    registrering = forms.ChoiceField(
        label="Registrering",
        choices=[(INREGISTRERING, "Inregistrering"), (UTREGISTRERING, "Utregistrering")],
        widget=forms.RadioSelect,
        initial=INREGISTRERING,
        error_messages={"required": "Välj inregistrering eller utregistrering."},
    )

    def __init__(self, *args: Any, insatser: QuerySet[Insats], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.insatser = ge_insatser(self, insatser)
        self.inom_rackvidd = insatser
        self.fields["registrering"].widget.attrs |= {
            "hx-post": reverse("deltagare:registrera"),
            "hx-trigger": "change",
            "hx-vals": '{"uppdatera": "1"}',
            **BYT_FORMULAR,
        }
        self._mattillfalle = Div(css_id="mattillfallet")
        self.helper = FormHelper()
        self.helper.form_id = "registrering"
        self.helper.form_action = reverse("deltagare:registrera")
        self.helper.attrs = {"autocomplete": "off"}

    def forsta_panel(self, *, fore: Iterable[Any] = (), hamta: bool, efter: Iterable[Any] = ()) -> Panel:
        """Insats, det som frågas `fore` personnumret, *Hämta*, det hämtade (`efter`), registrering och mättillfälle."""
        nummer: Any = Field("personnummer", wrapper_class="sus-narrow")
        if hamta:
            nummer = Div("personnummer", _hamta(), css_class="sus-hamta")
        return Panel(
            "Deltagare",
            Field("insats", wrapper_class="sus-narrow"),
            *fore,
            nummer,
            *efter,
            "registrering",
            uppdatera_val(),
            self._mattillfalle,
            css_id="deltagare",
        )

    def _har_bytt_nummer(self, tidigare: Deltagande) -> bool:
        """Sant om det angivna numret är ett som personen hade före ett byte (R17)."""
        try:
            nummer = self.fields["personnummer"].clean(self["personnummer"].value())
        except forms.ValidationError:
            return False
        return not tidigare.person.identitet.har_nummer(nummer.nummer)

    def valj_tillfalle(self, tidigare: Iterable[Deltagande], *, nytt: str) -> None:
        """Lägger till *Mättillfälle*: `nytt` (tomt om inget nytt går), eller dagen för en tidigare registrering.

        Utan tidigare registreringar står det nya som text. Går också att anropa efter `is_valid`, för det formulär
        som visas igen.
        """
        tidigare = list(tidigare)
        if not tidigare:
            self._mattillfalle.fields = [Uppgift(("Mättillfälle", nytt), css_class="sus-outputs")] if nytt else []
            return
        dagar = [(str(ett.pk), self._dagen_for(ett)) for ett in tidigare]
        falt = forms.ChoiceField(
            label="Mättillfälle",
            choices=[("", nytt or "Välj en tidigare dag"), *dagar],
            required=False,
            help_text=NUMRET_AR_BYTT if self._har_bytt_nummer(tidigare[0]) else "",
        )
        marka(
            falt,
            dolj_valfritt=True,
            hjalp="Välj en tidigare dag för att rätta den registreringen, eller svara på dess kompletterande frågor.",
        )
        self.fields["mattillfalle"] = falt
        self._mattillfalle.fields = [
            Div(
                "mattillfalle",
                Div(Knapp("Öppna", namn="oppna"), data_visas_om="mattillfalle!="),
                css_class="sus-hamta",
            )
        ]

    def _dagen_for(self, deltagande: Deltagande) -> str:
        dag = deltagande.inregistrering if self.tillfalle == "fore" else deltagande.utregistrering
        return dag.isoformat() if dag else ""

    def clean(self) -> dict[str, Any]:
        """Prövar svaren mot varandra (`doman.md` 4)."""
        data = super().clean() or {}
        if data.get("avslutningsanledning") == FELREGISTRERING and not self.data.get("utregistrering"):
            # R22: inget annat frågas, inte heller datumet.
            self.errors.pop("utregistrering", None)
            data["utregistrering"] = timezone.localdate()
        if f"forsorjning_{self.tillfalle}" in self.fields and data.get("avslutningsanledning") != FELREGISTRERING:
            self.prova_svar(data)
        return data


def utan_att_spara(form: forms.Form, *lankar: Lank) -> None:
    """Det inskrivna visas kvar, men i stället för *Spara* finns länkarna till det som går att göra."""
    layout = form.helper.layout  # type: ignore[attr-defined]  # varje formulär har en
    layout.fields = [del_ for del_ in layout.fields if not isinstance(del_, (Forvald, Knapprad))]
    layout.fields.append(Knapprad(*lankar))


def _hamta() -> Knapp:
    return Knapp(
        "Hämta", namn="hamta", hx_post=reverse("deltagare:registrera"), hx_vals='{"hamta": "1"}', **BYT_FORMULAR
    )

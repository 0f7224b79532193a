"""*Registrera medverkan*: kontoren, personen med *Hämta*, samtycket och begäran (`doman.md` 6, R26, R27)."""

from collections.abc import Iterable
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit
from django import forms
from django.urls import reverse

from deltagare import folkbokforing
from deltagare.forms.falt import Insatsfalt, Personnummerfalt
from deltagare.forms.inregistrering import FOLKBOKFORT, Folkbokforingsdel, Hamtat, Hamtruta, Skyddruta
from deltagare.forms.registrering import BYT_FORMULAR
from deltagare.forms.samarbete.falt import KONTORETS_ETIKETT, Kontorsfalt, ge_kontor, kontoren, kontorsval, krav_oppna
from deltagare.models import Overgangsregel
from deltagare.overgangar import Myndighet
from fkui.falt import Datumfalt, Tokenfalt, marka, modellfalt
from fkui.layout import Forvald, Knapp, Knapprad, Lank, Panel
from insatser.models import Insats

VILLKORENS_FALT: Final = {
    "samtycke_finns_fore_samarbetet": "samtycke",
    "samarbetets_samtycke_arkiverat_efterat": "samtycke_arkiverat",
    "kontoren_ar_ett_av_varje": "andra_kontoret",
    "ett_oppet_samarbete_per_person": "personnummer",
    "samtycket_ar_nytt": "personnummer",
    "numret_fore_inregistreringen": "datum",
    "overgangen_inom_kontorets_tid": "datum",
    "kontorets_tid": "datum",
}
ANDRA: Final = {Myndighet.AF: Myndighet.FK, Myndighet.FK: Myndighet.AF}


class Medverkansform(Folkbokforingsdel):
    """Det som börjar ett samarbete. Fältet `insats` är det egna kontoret, och det som *Hämta* vilar på (R19)."""

    # Som på sidan, så att felsammanfattningen följer den
    field_order = (
        *("insats", "andra_kontoret", "samtycke", "samtycke_arkiverat", "personnummer"),
        *FOLKBOKFORT,
        *("datum", "initierad_av", "bekraftad"),
    )

    insats = Insatsfalt()
    andra_kontoret = Kontorsfalt("Den andra myndighetens kontor")
    samtycke = Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})
    samtycke_arkiverat = Datumfalt(label="Samtycket arkiverat", required=False)
    personnummer = Personnummerfalt(
        label="Personnummer",
        max_length=20,
        help_text="ååååmmdd-nnnn. Samordningsnummer går också bra.",
        error_messages={"required": "Ange personnummer.", "max_length": "Kontrollera personnumret: det är för långt."},
    )
    datum = Datumfalt(
        label="Begäran om gemensam kartläggning",
        help_text="åååå-mm-dd. Dagen då begäran skickades eller kom in.",
        error_messages={"required": "Ange när begäran skickades eller kom in."},
    )
    initierad_av = forms.ChoiceField(
        label="Initierad av",
        choices=Myndighet.choices[::-1],
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vem som tog initiativet."},
    )
    bekraftad = forms.BooleanField(required=False)
    token = Tokenfalt()

    def __init__(
        self,
        *args: Any,
        kontor: list[Insats],
        hamtat: Hamtat | None = None,
        skyddad: Insats | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._borjar = Myndighet(Overgangsregel.objects.get(fran="").myndighet)
        self._ge_kontoren(kontor)
        marka(
            self.fields["samtycke"],
            hjalp="Skriftligt samtycke ska finnas innan personuppgifter registreras, och gäller hela samarbetet. Den "
            "som tar initiativet hämtar in det. Den som kommer tillbaka lämnar ett nytt. Utan samtycke registreras "
            "deltagaren som anonym.",
        )
        marka(
            self.fields["samtycke_arkiverat"], hjalp="Den dag då det undertecknade samtycket skickades för arkivering."
        )
        self.ta_emot(hamtat)
        self.helper = FormHelper()
        self.helper.form_id = "registrering"
        self.helper.form_action = reverse("samarbete:registrera")
        self.helper.attrs = {"autocomplete": "off"}
        self.helper.osparat = hamtat is not None
        self.helper.layout = self._layout(skyddad, self._bekraftelse(kontor))

    def _ge_kontoren(self, kontor: list[Insats]) -> None:
        egna = {Myndighet(ett.samverkansform) for ett in kontor}
        falt = modellfalt(self, "insats")
        falt.queryset = Insats.objects.filter(pk__in=[ett.pk for ett in kontor])
        falt.choices = kontorsval(kontor)
        falt.error_messages |= {"required": "Välj kontor.", "invalid_choice": "Du har inget uppdrag på det kontoret."}
        if isinstance(falt, Insatsfalt):
            falt.lasta = kontor
        falt.label = "Ditt kontor"
        if len(kontor) == 1 and not self.initial.get("insats"):
            self.initial["insats"] = kontor[0].pk
        if len(egna) == 1:
            (egen,) = egna
            falt.label = f"Ditt {'kontor hos Arbetsförmedlingen' if egen == Myndighet.AF else 'FK-kontor'}"
            self.fields["andra_kontoret"].label = KONTORETS_ETIKETT[ANDRA[egen]]
            egna = {ANDRA[egen]}
        ge_kontor(self, "andra_kontoret", kontoren(egna or Myndighet))

    def _bekraftelse(self, kontor: list[Insats]) -> list[Any]:
        """Rutan för kontoren vars myndighet normalt inte registrerar begäran (R26)."""
        marka(self.fields["bekraftad"], dolj_valfritt=True)
        self.fields["bekraftad"].label = f"Jag registrerar en begäran som {self._borjar.label} normalt registrerar"
        andras = [str(ett.pk) for ett in kontor if ett.samverkansform != self._borjar]
        return [Div("bekraftad", data_visas_om=f"insats={'|'.join(andras)}")] if andras else []

    def _layout(self, skyddad: Insats | None, bekraftelse: list[Any]) -> Layout:
        hamta, hamtat = folkbokforing.finns(), self.hamtat
        nummer: Any = Field("personnummer", wrapper_class="sus-narrow")
        if hamta:
            nummer = Div("personnummer", _hamta(), css_class="sus-hamta")
        rutor: list[Any] = [Skyddruta(skyddad)] if skyddad else []
        return Layout(
            *([Forvald()] if hamtat else []),
            Panel("Kontor", Row("insats", "andra_kontoret"), css_id="kontor"),
            Panel(
                "Deltagare",
                Row(*(Field(falt, wrapper_class="sus-date") for falt in ("samtycke", "samtycke_arkiverat"))),
                nummer,
                *([Hamtruta(hamtat)] if hamtat else rutor),
                *self.folkbokforingen(),
                css_id="deltagare",
                ingress=(
                    "Hämta ger namn och kommun. Skriv dem själv bara om personen saknas i folkbokföringen."
                    if hamta and not hamtat
                    else ""
                ),
            ),
            Panel(
                "Begäran",
                Field("datum", wrapper_class="sus-date"),
                Field("initierad_av", wrapper_class="radio-button-group--horizontal"),
                *bekraftelse,
                "token",
                *(["hamtat"] if hamtat else []),
                css_id="begaran",
            ),
            Knapprad(Submit("spara", "Spara och fortsätt"), Lank("Avbryt", reverse("samarbete:visa"))),
        )

    def clean(self) -> dict[str, Any]:
        """Stadsdelen hör till kommunen, och kontoren är ett hos var myndighet."""
        data = super().clean() or {}
        kommun, stadsdel = data.get("kommun"), data.get("stadsdel")
        if kommun and stadsdel and stadsdel.kommun_id != kommun.pk:
            self.add_error("stadsdel", f"{stadsdel.namn} ligger inte i {kommun.namn}.")
        eget, andra = data.get("insats"), data.get("andra_kontoret")
        if eget and andra and eget.samverkansform == andra.samverkansform:
            self.add_error("andra_kontoret", "Välj ett kontor hos den andra myndigheten.")
        krav_oppna(self, data.get("datum"), "insats", "andra_kontoret")
        if eget and eget.samverkansform != self._borjar and not data.get("bekraftad"):
            text = f"{self._borjar.label} registrerar normalt begäran. Kryssa i att du registrerar den ändå."
            self.add_error("bekraftad", text)
        return data

    @property
    def egen(self) -> Myndighet:
        """Myndigheten vars kontor användaren registrerar för."""
        return Myndighet(self.cleaned_data["insats"].samverkansform)

    def par(self) -> dict[Myndighet, Insats]:
        """De två kontoren, per myndighet."""
        valda: Iterable[Insats] = (self.cleaned_data["insats"], self.cleaned_data["andra_kontoret"])
        return {Myndighet(ett.samverkansform): ett for ett in valda}


def _hamta() -> Knapp:
    return Knapp(
        "Hämta", namn="hamta", hx_post=reverse("samarbete:registrera"), hx_vals='{"hamta": "1"}', **BYT_FORMULAR
    )

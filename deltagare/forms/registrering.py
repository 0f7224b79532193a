"""Sidan *Registrera deltagare*. Reglerna står i tjänsten och i databasen."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from deltagare.forms.falt import Insatsfalt, Kodval, Personnummerfalt, ett_av, ge_insatser
from deltagare.forms.fragor import MedFragor, byt_fragor
from deltagare.models import Deltagande
from deltagare.uppgifter import FELREGISTRERING, HJALP, Kodverk, fel_i_forsorjning
from fkui.falt import Datumfalt, Heltalsfalt, Tokenfalt, marka, modellfalt
from fkui.layout import Knapp, Knapprad, Lank, Panel, Uppgift, uppdatera_val
from insatser.models import Insats, Kommun, Stadsdel, Tillfalle

INREGISTRERING, UTREGISTRERING = "in", "ut"

VILLKORENS_FALT: Final = {
    "samtycke_finns_fore_inregistrering": "samtycke",
    "utregistrering_inte_fore_inregistrering": "utregistrering",
    "inregistrering_inom_insatsen": "inregistrering",
    "utregistrering_inom_insatsen": "utregistrering",
    "deltaganden_overlappar_inte": "inregistrering",
    "insatsen_tar_emot_registreringen": "insats",
    "aret_ligger_inom_insatsen": "ar",
}

JA_NEJ: Final = (("ja", "Ja"), ("nej", "Nej"))
JA_NEJ_RAD: Final = "radio-button-group--horizontal"

# Byter formuläret mot ett som frågar efter det som gäller. POST: personnumret står aldrig i en adress (P7).
BYT_FORMULAR: Final[dict[str, Any]] = {
    "hx-target": "#registrering",
    "hx-select": "#registrering",
    "hx-swap": "outerHTML",
    "hx-include": "closest form",
}


def _svarsfalt(tillfalle: str, kodval: Kodval) -> dict[str, forms.Field]:
    """Fälten som finns både före och efter (`doman.md` 4). `tillfalle` är `fore` eller `efter`."""
    falt: dict[str, forms.Field] = {
        "forsorjning": forms.MultipleChoiceField(
            label="Försörjning", choices=kodval[Kodverk.FORSORJNING], widget=forms.CheckboxSelectMultiple
        ),
        "arbetar": forms.ChoiceField(label="Arbetar", choices=JA_NEJ, widget=forms.RadioSelect),
        "arbete": Heltalsfalt(label="Andel av arbete", help_text="1–100 %", min_value=1, max_value=100),
        "arbetstyp": forms.MultipleChoiceField(
            label="Typ av arbete", choices=kodval[Kodverk.ARBETSTYP], widget=forms.CheckboxSelectMultiple
        ),
        "studerar": forms.ChoiceField(label="Studerar", choices=JA_NEJ, widget=forms.RadioSelect),
        "studier": Heltalsfalt(label="Andel av studier", help_text="1–100 %", min_value=1, max_value=100),
        "arbetssokande": forms.ChoiceField(label="Aktivt arbetssökande", choices=JA_NEJ, widget=forms.RadioSelect),
    }
    for namn, ett in falt.items():
        ett.required = False
        marka(ett, hjalp=HJALP.get(namn, ""), dolj_valfritt=True)
    for namn in ("arbete", "studier"):
        falt[namn].error_messages |= dict.fromkeys(("min_value", "max_value"), "Ange andelen i procent, 1–100.")
    return {f"{namn}_{tillfalle}": ett for namn, ett in falt.items()}


def _svarslayout(tillfalle: str) -> list[Any]:
    def namn(falt: str) -> str:
        return f"{falt}_{tillfalle}"

    return [
        Field(namn("forsorjning"), wrapper_class="sus-spalter"),
        Field(namn("arbetar"), wrapper_class=JA_NEJ_RAD),
        Div(
            Row(Field(namn("arbete"), wrapper_class="sus-short"), namn("arbetstyp")),
            data_visas_om=f"{namn('arbetar')}=ja",
        ),
        Field(namn("studerar"), wrapper_class=JA_NEJ_RAD),
        Div(Field(namn("studier"), wrapper_class="sus-short"), data_visas_om=f"{namn('studerar')}=ja"),
        Field(namn("arbetssokande"), wrapper_class=JA_NEJ_RAD),
    ]


class Registreringsform(MedFragor):
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

    tillfalle: str

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
        self.helper = FormHelper()
        self.helper.form_id = "registrering"
        self.helper.form_action = reverse("deltagare:registrera")
        self.helper.attrs = {"autocomplete": "off"}

    def _forsta_panel(self, *ovrigt: Any) -> Panel:
        return Panel(
            "Deltagare",
            Field("insats", wrapper_class="sus-narrow"),
            Field("personnummer", wrapper_class="sus-narrow"),
            "registrering",
            uppdatera_val(),
            *ovrigt,
            css_id="deltagare",
        )

    def clean(self) -> dict[str, Any]:
        """Prövar svaren mot varandra (`doman.md` 4)."""
        data = super().clean() or {}
        if data.get("avslutningsanledning") == FELREGISTRERING and not self.data.get("utregistrering"):
            # R22: inget annat frågas, inte heller datumet.
            self.errors.pop("utregistrering", None)
            data["utregistrering"] = timezone.localdate()
        if f"forsorjning_{self.tillfalle}" in self.fields and data.get("avslutningsanledning") != FELREGISTRERING:
            self._prova_svar(data)
        return data

    def _prova_svar(self, data: Mapping[str, Any]) -> None:
        forsorjning = f"forsorjning_{self.tillfalle}"
        if fel := fel_i_forsorjning(data.get(forsorjning) or []):
            self.add_error(forsorjning, fel)
        for fraga, andel in (("arbetar", "arbete"), ("studerar", "studier")):
            falt = f"{andel}_{self.tillfalle}"
            if data.get(f"{fraga}_{self.tillfalle}") == "ja" and data.get(falt) is None and falt not in self.errors:
                self.add_error(falt, "Ange andelen i procent, 1–100.")

    def svar(self) -> dict[str, Any]:
        """Svaren så som de lagras: andel 0 är nej, tomt är uppgift saknas."""
        data, efter = self.cleaned_data, f"_{self.tillfalle}"
        andel = {"ja": None, "nej": 0, "": None}
        lagras = {
            f"forsorjning{efter}": data[f"forsorjning{efter}"],
            f"arbetssokande{efter}": {"ja": True, "nej": False}.get(data[f"arbetssokande{efter}"]),
            f"arbetstyp{efter}": data[f"arbetstyp{efter}"] if data[f"arbetar{efter}"] == "ja" else [],
        }
        for fraga, falt in (("arbetar", "arbete"), ("studerar", "studier")):
            givet = data[f"{fraga}{efter}"]
            lagras[f"{falt}{efter}"] = data[f"{falt}{efter}"] if givet == "ja" else andel[givet]
        for namn in ("utbildning", "tid_i_forsorjning"):
            if namn in data:
                lagras[namn] = data[namn]
        return lagras


class Inregistreringsform(Registreringsform):
    """In: samtycke, namn, folkbokföring och situationen direkt före."""

    tillfalle = "fore"

    samtycke = Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})
    inregistrering = Datumfalt(label="Datum för inregistrering")
    fornamn = forms.CharField(label="Förnamn", max_length=100, error_messages={"required": "Ange förnamn."})
    efternamn = forms.CharField(label="Efternamn", max_length=100, error_messages={"required": "Ange efternamn."})
    kommun = forms.ModelChoiceField(
        Kommun.objects.none(),
        label="Folkbokföringskommun",
        empty_label="Välj kommun",
        error_messages={"required": "Välj kommun.", "invalid_choice": "Välj en kommun i listan."},
    )
    stadsdel = forms.ModelChoiceField(
        Stadsdel.objects.none(),
        label="Stadsdel",
        required=False,
        empty_label="Ingen stadsdel",
        help_text="Anges för den som är folkbokförd i Stockholm eller Göteborg.",
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kodval = Kodval()
        falt = self.fields
        marka(
            falt["samtycke"],
            hjalp="Skriftligt samtycke ska finnas innan personuppgifter registreras. Ett nytt behövs för varje "
            "inregistrering. Utan samtycke registreras deltagaren som anonym.",
        )
        kommun, stadsdel = modellfalt(self, "kommun"), modellfalt(self, "stadsdel")
        kommun.queryset, stadsdel.queryset = Kommun.objects.all(), Stadsdel.objects.filter(giltig_till=None)
        kommun.choices, stadsdel.choices = cache(_kommuner), cache(_stadsdelar)
        marka(stadsdel, dolj_valfritt=True)
        falt["tid_i_forsorjning"] = ett_av("Tid i offentlig försörjning", kodval[Kodverk.TID_I_FORSORJNING])
        falt["utbildning"] = ett_av("Högsta slutförda utbildning", kodval[Kodverk.UTBILDNING])
        for namn in ("tid_i_forsorjning", "utbildning"):
            marka(falt[namn], hjalp=HJALP[namn])
        falt.update(_svarsfalt("fore", kodval))
        for namn in ("insats", "inregistrering"):
            falt[namn].widget.attrs |= byt_fragor(Tillfalle.IN)
        forsorjning, *resten = _svarslayout("fore")
        self.helper.layout = Layout(
            self._forsta_panel(),
            Panel(
                "Inregistrering",
                Row(Field("samtycke", wrapper_class="sus-date"), Field("inregistrering", wrapper_class="sus-date")),
                Row("fornamn", "efternamn"),
                Row("kommun", "stadsdel"),
                "token",
                css_id="in",
            ),
            Panel(
                "Situationen direkt före",
                forsorjning,
                Row("tid_i_forsorjning", "utbildning"),
                *resten,
                css_id="fore",
                ingress="Lämna en fråga tom om uppgift saknas.",
            ),
            self.stall_for(self.inom_rackvidd, Tillfalle.IN),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def clean(self) -> dict[str, Any]:
        """Stadsdelen hör till kommunen."""
        data = super().clean()
        kommun, stadsdel = data.get("kommun"), data.get("stadsdel")
        if kommun and stadsdel and stadsdel.kommun_id != kommun.pk:
            self.add_error("stadsdel", f"{stadsdel.namn} ligger inte i {kommun.namn}.")
        return data


class Utregistreringsform(Registreringsform):
    """Ut: datum, avslutningsanledning och situationen efter. Frågorna kommer när deltagaren är hämtad."""

    tillfalle = "efter"

    def __init__(self, *args: Any, deltagande: Deltagande | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hamta = Knapp(
            "Hämta",
            namn="hamta",
            hx_post=reverse("deltagare:registrera"),
            hx_vals='{"hamta": "1"}',
            **BYT_FORMULAR,
        )
        if deltagande is None:
            self.helper.layout = Layout(self._forsta_panel(hamta), Knapprad(Lank("Avbryt", reverse("start"))))
            return
        kodval = Kodval()
        falt = self.fields
        falt["deltagande"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.pk)
        falt["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.version)
        falt["token"] = Tokenfalt()
        falt["utregistrering"] = Datumfalt(label="Datum för utregistrering")
        falt["avslutningsanledning"] = ett_av(
            "Avslutningsanledning", kodval[Kodverk.AVSLUTNINGSANLEDNING], required=True
        )
        marka(
            falt["avslutningsanledning"],
            hjalp="Felregistrering används när inregistreringen var fel: den räknas ingenstans och inget annat frågas. "
            "Vid återtaget samtycke tas identiteten bort, och deltagaren registreras inte som anonym i stället.",
        )
        falt.update(_svarsfalt("efter", kodval))
        falt["utregistrering"].widget.attrs |= byt_fragor(Tillfalle.UT)
        self.helper.layout = Layout(
            self._forsta_panel(hamta),
            Panel(
                "Utregistrering",
                Uppgift(
                    ("Namn", deltagande.person.identitet.namn()),
                    ("Inregistrering", deltagande.inregistrering),
                    css_class="sus-outputs",
                ),
                Lank("Historik", reverse("deltagare:historik", args=[deltagande.pk]), sort="secondary button--small"),
                Row(Field("utregistrering", wrapper_class="sus-date"), "avslutningsanledning"),
                "deltagande",
                "version",
                "token",
                css_id="ut",
            ),
            Div(
                Panel(
                    "Situationen efter",
                    *_svarslayout("efter"),
                    css_id="efter",
                    ingress="Lämna en fråga tom om uppgift saknas.",
                ),
                self.stall_for(self.inom_rackvidd, Tillfalle.UT),
                data_visas_om=f"avslutningsanledning!={FELREGISTRERING}",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )


# Funktioner, inte listor: de läses bara när formuläret visas, inte när det sparas.
def _kommuner() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[str, str]]] = {}
    for kommun in Kommun.objects.select_related("lan"):
        grupper.setdefault(kommun.lan.namn, []).append((kommun.pk, kommun.namn))
    return [("", "Välj kommun"), *grupper.items()]


def _stadsdelar() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[int, str]]] = {}
    for stadsdel in Stadsdel.objects.filter(giltig_till=None).select_related("kommun").order_by("kommun", "namn"):
        grupper.setdefault(stadsdel.kommun.namn, []).append((stadsdel.pk, stadsdel.namn))
    return [("", "Ingen stadsdel"), *grupper.items()]

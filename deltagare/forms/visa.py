"""Listorna över deltagare: urvalet i adressen, ändamålet med en fil, och sökningen på en person."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms
from django.db import models
from django.db.models import Q
from django.http import QueryDict

from deltagare.brister import Brist, med_brist
from deltagare.forms.falt import Personnummerfalt, insatsval
from deltagare.listor import NAMN, ORDNINGAR
from deltagare.models import DeltagandeQuerySet, Kod
from deltagare.uppgifter import Kodverk, Kon
from fkui.falt import Datumfalt, marka, valfalt
from fkui.layout import Knapp, Knapprad, Lada, Lank, Panel, Uppgift
from fkui.sokform import Sokformular
from fkui.templatetags.fkui import utdata
from insatser.models import Insats


class Status(models.TextChoices):
    """Vilka registreringar listan visar."""

    PAGAENDE = "pagaende", "Pågående"
    AVSLUTADE = "avslutade", "Avslutade"
    FELREGISTRERADE = "felregistrerade", "Felregistrerade"
    ALLA = "alla", "Alla"


_STATUS: Final = {
    Status.PAGAENDE: Q(utregistrering=None),
    Status.AVSLUTADE: Q(utregistrering__isnull=False, felregistrerad=False),
    Status.FELREGISTRERADE: Q(felregistrerad=True),
    Status.ALLA: Q(),
}
# Gränserna: fältet i formuläret → villkoret
_GRANSER: Final = {
    "in_fran": "inregistrering__gte",
    "in_till": "inregistrering__lte",
    "ut_fran": "utregistrering__gte",
    "ut_till": "utregistrering__lte",
}
FEL_GRANS: Final = "Till och med kan inte vara före från och med."

# Varför en fil lämnas ut: koder, så att loggen aldrig bär fritext.
ANDAMAL: Final = (
    ("uppfoljning", "Följa upp insatsen"),
    ("kontroll", "Kontrollera och rätta det som är registrerat"),
    ("samtycken", "Stämma av samtycken mot arkivet"),
    ("begaran", "Svara på en begäran från den registrerade"),
    ("tillsyn", "Revision eller tillsyn"),
)


class Insatsurval(Sokformular):
    """Sökningen i en av de egna insatserna, en i taget. `ordningar` är det som listan kan sorteras på."""

    ordningar: tuple[str, ...] = ORDNINGAR

    insats = forms.ChoiceField(label="Insats", required=False)
    sortering = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, insatser: Sequence[Insats], vald: Insats | None) -> None:
        self.insatser = insatser
        ifyllt = data.copy()
        if vald:
            ifyllt["insats"] = str(vald.pk)
        super().__init__(ifyllt)
        self.helper.form_show_errors = True
        self.helper.form_error_title = "Listan visas inte. Rätta följande:"
        sorteras = data.get("sortering", "")
        self.ordning: str = sorteras if sorteras.removeprefix("-") in self.ordningar else NAMN

    def full_clean(self) -> None:
        """Ger insatsen sina val innan de tolkas; basklassen tolkar redan när formuläret görs."""
        valfalt(self, "insats").choices = insatsval(self.insatser)
        super().full_clean()


class Deltagarurval(Insatsurval):
    """Urvalet över *Visa deltagare*. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Deltagare"
    fler = ("in_fran", "in_till", "ut_fran", "ut_till", "kon", "anledning")

    status = forms.ChoiceField(label="Status", required=False, choices=Status.choices)
    brist = forms.ChoiceField(label="Att göra", required=False, choices=[("", "Alla"), *Brist.choices])
    in_fran = Datumfalt(label="Inregistrerad från och med", required=False)
    in_till = Datumfalt(label="Inregistrerad till och med", required=False)
    ut_fran = Datumfalt(label="Utregistrerad från och med", required=False)
    ut_till = Datumfalt(label="Utregistrerad till och med", required=False)
    kon = forms.ChoiceField(label="Kön", required=False, choices=[("", "Alla"), *Kon.choices])
    anledning = forms.ChoiceField(label="Avslutningsanledning", required=False)

    def __init__(self, data: QueryDict, **kwargs: Any) -> None:
        super().__init__(_med_status(data), **kwargs)
        oppen = any(self.data.get(namn) for namn in self.fler)
        self.helper.layout = Layout(
            Field("insats", wrapper_class="sus-filter__bred"),
            "status",
            Field("brist", wrapper_class="sus-filter__bred"),
            Div(Knapp("Sök"), css_class="sus-filter__go"),
            Lada(
                "Fler urval",
                *(Field(namn, wrapper_class="sus-date") for namn in _GRANSER),
                "kon",
                "anledning",
                oppen=oppen,
            ),
            "sortering",
        )

    def full_clean(self) -> None:
        """Anledningarna är kodverkets, också de avslutade. Bara ett datum kan vara fel skrivet."""
        koder = Kod.objects.filter(kodverk=Kodverk.AVSLUTNINGSANLEDNING).order_by("ordning", "pk")
        valfalt(self, "anledning").choices = [("", "Alla"), *((kod.kod, kod.etikett) for kod in koder)]
        super().full_clean()
        for namn in set(self.errors) - set(_GRANSER):
            del self.errors[namn]

    def clean(self) -> dict[str, Any]:
        """Från är inte efter till."""
        data = super().clean() or {}
        for vad in ("in", "ut"):
            fran, till = data.get(f"{vad}_fran"), data.get(f"{vad}_till")
            if fran and till and fran > till:
                self.add_error(f"{vad}_till", FEL_GRANS)
        return data

    @property
    def vald_brist(self) -> Brist | None:
        """Det valda som väntar på att göras."""
        vald = self.cleaned_data.get("brist")
        return Brist(vald) if vald in Brist.values else None

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än insatsens pågående deltagare är valt."""
        return self.cleaned_data.get("status") != Status.PAGAENDE or any(
            self.cleaned_data.get(namn) for namn in ("brist", *self.fler)
        )

    def urval(self, deltaganden: DeltagandeQuerySet, *, idag: date) -> DeltagandeQuerySet:
        """Deltagandena som urvalet träffar; inga om ett datum är fel skrivet."""
        data = self.cleaned_data
        if self.errors:
            return deltaganden.none()
        deltaganden = deltaganden.filter(_STATUS[Status(data.get("status") or Status.PAGAENDE)])
        lika = {"kon": data.get("kon"), "avslutningsanledning": data.get("anledning")}
        granser = {villkor: data.get(namn) for namn, villkor in _GRANSER.items()}
        deltaganden = deltaganden.filter(**{falt: varde for falt, varde in (lika | granser).items() if varde})
        return med_brist(deltaganden, Brist(data["brist"]), idag=idag) if data.get("brist") else deltaganden

    def som_text(self) -> list[tuple[str, str]]:
        """Urvalet som etikett och text, det som är valt."""
        namnen = ("status", "brist", *self.fler)
        return [(str(self.fields[namn].label), self._text(namn)) for namn in namnen if self.cleaned_data.get(namn)]

    def _text(self, namn: str) -> str:
        varde = self.cleaned_data[namn]
        return varde.isoformat() if isinstance(varde, date) else utdata(self[namn])


def _med_status(data: QueryDict) -> QueryDict:
    """Adressen med *Pågående* om den inte säger något känt."""
    ifyllt = data.copy()
    if data.get("status") not in Status.values:
        ifyllt["status"] = Status.PAGAENDE.value
    return ifyllt


class Exportform(forms.Form):
    """Ändamålet, och om hela personnumren ska med. Inget sparas, så det finns inget att varna för."""

    andamal = forms.ChoiceField(
        label="Ändamål",
        choices=[("", "Välj ändamål"), *ANDAMAL],
        error_messages={"required": "Välj vad filen ska användas till."},
    )
    personnummer = forms.BooleanField(
        label="Ta med hela personnummer", required=False, help_text="Annars står bara födelsedagen i filen."
    )

    def __init__(self, *args: Any, urval: Sequence[tuple[str, Any]], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        marka(self.fields["andamal"], hjalp="Ändamålet skrivs i åtkomstloggen för varje person i filen.")
        marka(self.fields["personnummer"], dolj_valfritt=True)
        self.helper = FormHelper()
        self.helper.form_error_title = "Filen är inte hämtad. Rätta följande:"
        self.helper.attrs = {"data-ger-fil": ""}
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            Panel("Filen", Uppgift(*urval, css_class="sus-outputs"), css_id="filen"),
            Panel(
                "Varför",
                Field("andamal", wrapper_class="sus-narrow"),
                "personnummer",
                css_id="varfor",
                ingress="Radera filen när du inte längre behöver den.",
            ),
            Knapprad(Submit("hamta", "Hämta som Excel"), Lank("Avbryt", avbryt)),
        )


class Personform(forms.Form):
    """Sökningen på ett personnummer. Det skickas med POST och hamnar aldrig i adressen (P7)."""

    personnummer = Personnummerfalt(
        label="Personnummer",
        max_length=20,
        help_text="ååååmmdd-nnnn. Samordningsnummer går också bra.",
        error_messages={"required": "Ange personnummer.", "max_length": "Kontrollera personnumret: det är för långt."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"autocomplete": "off"}
        self.helper.form_error_title = "Inget är sökt. Rätta följande:"
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            Panel(
                "Person",
                Div("personnummer", Knapp("Sök", sort="primary"), css_class="sus-hamta"),
                css_id="person",
                ingress="Visar personens registreringar i insatser och hos kontor där du har uppdrag. Det loggas.",
            ),
        )

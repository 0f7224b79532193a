"""Urvalsbilden för rapporterna om Af/FK-samarbetet, prövad av `samarbetsurval.tolka`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from deltagare.overgangar import Myndighet
from fkui.fel import visa_fel
from fkui.layout import Knapp, Knapprad, Panel
from rapporter.falt import FORMAT, LADA, STYRNING, Ett, Flera, Manad, ge_period, snabbval
from rapporter.perioder import ifylld
from rapporter.samarbetsurval import FALT, Jamforelse, Kontor, Samarbetsurval, tolka
from rapporter.urval import Konsval


class SamarbetsurvalForm(forms.Form):
    """Period, kontor och kön. Efter `is_valid` finns det prövade urvalet i `urval`."""

    rubrik = ""
    ingress = ""
    kontorens_ingress = "Utan val är alla kontor med."
    falten: tuple[str, ...] = tuple(falt for falt in FALT if falt != "jamfor")

    fran = Manad(label="Från och med", help_text="åååå-mm", required=False)
    till = Manad(label="Till och med", help_text="åååå-mm", required=False)
    kontor = Flera(label="Kontor", required=False)
    kon = Ett(label="Kön", choices=[("", "Alla"), *Konsval.choices], required=False)

    urval: Samarbetsurval

    def __init__(self, adress: QueryDict, *, kontoren: Mapping[str, Kontor], idag: date) -> None:
        self.kontoren, self.idag = kontoren, idag
        self.begard = "visa" in adress or "format" in adress
        self.format = adress.get("format", "")
        self.ifyllt = ifylld(adress)
        self.ifyllt.setdefault("kon", "")
        start = {"fran": f"{idag:%Y}-01", "till": f"{idag:%Y-%m}", "kon": ""}
        if not self.begard:
            ge_period(self.ifyllt, start)
        super().__init__(self.ifyllt if adress else None, initial=start)
        self.fields["kontor"].choices = [  # type: ignore[attr-defined]  # ett flerval
            (
                myndighet.label,
                [(nyckel, ett.namn) for nyckel, ett in kontoren.items() if ett.myndighet == myndighet],
            )
            for myndighet in Myndighet
        ]

    def clean(self) -> dict[str, Any]:
        """Prövar hela urvalet på en gång."""
        varden = {namn: varden for namn, varden in self.ifyllt.lists() if namn not in STYRNING}
        if self.format and self.format not in FORMAT:
            self.add_error(None, f"Formatet ”{self.format}” finns inte. Välj bland {', '.join(FORMAT)}.")
        try:
            self.urval = tolka(varden, kontoren=self.kontoren, idag=self.idag, falten=self.falten)
        except ValidationError as fel:
            visa_fel(self, fel)
        return self.cleaned_data

    @property
    def adress(self) -> str:
        """Det prövade urvalet som en adress efter frågetecknet."""
        return self.urval.adress

    @property
    def perioder(self) -> list[tuple[str, str, str]]:
        """Snabbvalen för perioden: (text, från, till)."""
        return [(text, f"{fran:%Y-%m}", f"{till:%Y-%m}") for text, fran, till in snabbval(self.idag)]

    @cached_property
    def helper(self) -> FormHelper:
        """Formulärets uppställning."""
        helper = FormHelper()
        helper.form_method = "get"
        helper.form_id = "urval"
        helper.form_error_title = "Rapporten kan inte tas fram. Rätta följande:"
        helper.layout = Layout(
            Panel(
                "Period",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                HTML('{% include "rapporter/_perioder.html" %}'),
                css_id="period",
            ),
            Panel(
                "Kontor och kön",
                Field("kontor", template=LADA),
                Row(*(falt for falt in ("kon", "jamfor") if falt in self.fields)),
                css_id="kontoren",
                ingress=self.kontorens_ingress,
            ),
            Knapprad(
                Knapp("Skapa rapport", namn="visa", sort="primary"),
                *(
                    Knapp(text, namn="format", varde=format)
                    for text, format in (("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv"), ("JSON", "json"))
                ),
            ),
        )
        return helper


class LedtiderForm(SamarbetsurvalForm):
    """Urvalet till Ledtider."""

    rubrik = "Ledtider"
    ingress = (
        "Hur många dagar samarbeten är i varje insatstyp, och hur länge de som väntar har väntat. "
        "Rapporten innehåller inga uppgifter om enskilda personer."
    )
    kontorens_ingress = (
        "Utan val är alla kontor med. Ett samarbete hör till sina två kontor den dag vistelsen tog slut."
    )
    falten = FALT

    jamfor = Flera(
        label="Jämför",
        choices=Jamforelse.choices,
        required=False,
        help_text="Ger egna rader för varje valt kontor, eller för kvinnor och män.",
    )


class StatusForm(SamarbetsurvalForm):
    """Urvalet till Status."""

    rubrik = "Status"
    ingress = (
        "Hur många samarbeten varje kontor har, var de är, och hur många anonyma deltagare som är registrerade. "
        "Rapporten innehåller inga uppgifter om enskilda personer."
    )


class OvergangarForm(SamarbetsurvalForm):
    """Urvalet till Övergångar."""

    rubrik = "Övergångar"
    ingress = (
        "Hur deltagarna går mellan insatstyperna, som tabell och som flöde. "
        "Rapporten innehåller inga uppgifter om enskilda personer."
    )

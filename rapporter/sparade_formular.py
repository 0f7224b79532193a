"""Formuläret för ett sparat urval: namn, period och vem som ser det."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from behorighet.krock import Krock
from fkui.falt import Tokenfalt, valfalt
from fkui.layout import Knapprad, Lank, Panel, Uppgift
from fkui.templatetags.fkui import utdata
from rapporter.falt import STYRNING
from rapporter.models import SparatUrval
from rapporter.perioder import Periodval, rorliga
from rapporter.sparat import Oppnat
from rapporter.urval import Koder, Manader, Urval, tolka

VILLKORENS_FALT: Final[Mapping[str, str]] = {"sparat_urval_eget_namn": "namn", "sparat_urval_delat_namn": "namn"}
PRIVAT: Final = "nej"
DELAT: Final = "ja"
# (fält, sparat, det som är valt eller inskrivet)
Skillnader = list[tuple[str, str, str]]


class SparatUrvalForm(forms.Form):
    """Ett urval att spara, nytt eller ändrat. `oppnat` är det prövade urvalet, och det i det som inte längre finns."""

    namn = forms.CharField(
        label="Namn",
        max_length=100,
        help_text="Till exempel Tertialuppföljning norra länet. Skriv inget som pekar ut en person.",
        error_messages={"required": "Ange ett namn.", "max_length": "Namnet får vara högst 100 tecken."},
    )
    period = forms.ChoiceField(
        label="Period när urvalet öppnas",
        widget=forms.RadioSelect,
        initial=Periodval.FAST,
        error_messages={"required": "Välj vilken period urvalet ska ha."},
    )
    delat = forms.ChoiceField(
        label="Vem ser urvalet",
        widget=forms.RadioSelect,
        initial=PRIVAT,
        error_messages={"required": "Välj vem som ser urvalet."},
    )
    adress = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    # Sidan som man kom från, och är tillbaka på när urvalet är sparat: rapport, urval eller annars listan.
    sida = forms.CharField(widget=forms.HiddenInput, required=False, max_length=10)
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, oppnat: Oppnat, koder: Koder, idag: date, organisation: str, avbryt: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.oppnat, self.koder, self.idag = oppnat, koder, idag
        self.organisation, self.avbryt = organisation, avbryt
        valfalt(self, "period").choices = _periodval(oppnat.urval, idag)
        valfalt(self, "delat").choices = [
            (PRIVAT, "Bara jag"),
            (DELAT, f"Alla i {organisation} som får ta fram rapporter"),
        ]
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel("Urvalet", Uppgift(*oppnat.i_ord(koder)), css_id="urvalet"),
            Panel(
                "Spara som",
                Field("namn", wrapper_class="sus-narrow"),
                "period",
                "delat",
                css_id="spara-som",
                ingress="Ett delat urval är organisationens: alla som ser det kan också ändra och ta bort det. Det "
                "borttagna går att återställa i 30 dagar.",
            ),
            Div("adress", "sida", "version", "token"),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        data = self.cleaned_data
        return {
            "namn": data["namn"],
            "urval": self.oppnat.urval,
            "period": data["period"],
            "delat": data["delat"] == DELAT,
            "koder": self.koder,
        }

    def efter_krock(
        self, sparat: SparatUrval, sparade: Oppnat, fel: Krock, *, behall: bool
    ) -> tuple["SparatUrvalForm", Skillnader]:
        """Samma formulär mot det sparade, och vad som skiljer. Med `behall` gäller också det sparade urvalet."""
        data = self.data.copy()  # type: ignore[attr-defined]  # QueryDict
        data["version"] = str(sparat.version)
        fasta: dict[str, Any] = {"koder": self.koder, "idag": self.idag, "organisation": self.organisation}
        nytt = SparatUrvalForm(data, oppnat=sparade if behall else self.oppnat, avbryt=self.avbryt, **fasta)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        fore = SparatUrvalForm(initial=sparat_i(sparat), oppnat=sparade, avbryt="", **fasta)
        par = [(str(nytt[falt].label), utdata(fore[falt]), utdata(nytt[falt])) for falt in ("namn", "period", "delat")]
        return nytt, [*(ett for ett in par if ett[1] != ett[2]), *nytt.andrat(sparade)]

    def andrat(self, sparade: Oppnat) -> Skillnader:
        """Vad som skiljer formulärets urval från det sparade."""
        nu, da = dict(self.oppnat.i_ord(self.koder)), dict(sparade.i_ord(self.koder))
        par = [(rubrik, da.get(rubrik, "–"), nu.get(rubrik, "–")) for rubrik in dict.fromkeys([*da, *nu])]
        return [ett for ett in par if ett[1] != ett[2]]


def sparat_i(sparat: SparatUrval) -> dict[str, Any]:
    """Det sparade så som formuläret visar det."""
    return {
        "namn": sparat.namn,
        "period": sparat.period,
        "delat": DELAT if sparat.ar_delat else PRIVAT,
        "version": sparat.version,
    }


def urval_i(adress: str, *, koder: Koder, idag: date) -> Urval | None:
    """Urvalet i en adress, eller None om den inte ger ett."""
    falt = {namn: varden for namn, varden in QueryDict(adress).lists() if namn not in STYRNING}
    try:
        return tolka(falt, koder=koder, idag=idag)
    except ValidationError:
        return None


def _periodval(urval: Urval, idag: date) -> list[tuple[str, str]]:
    """Valen med perioden som vart och ett ger i dag."""
    fast = (Periodval.FAST.value, f"{Periodval.FAST.label}: {urval.period}")
    nu = [(val.value, f"{val.label} (nu {Manader(*grans).period})") for val, grans in rorliga(idag).items()]
    return [fast, *nu]

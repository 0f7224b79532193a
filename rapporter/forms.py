"""Urvalsbilden: samma fält som adressen och kommandot, prövade av `urval.tolka`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from fkui.fel import visa_fel
from fkui.layout import Knapp, Knapprad, Panel
from insatser.kategorier import KATEGORIER, Inriktning, Malgrupp, PreciseradInriktning
from rapporter.falt import FORMAT, LADA, STYRNING, Ett, Flera, Manad, snabbval
from rapporter.urval import FLERVAL, Koder, Konsval, Rapporttyp, Urval, tolka
from rapporter.variabler import VARIABLER


class UrvalForm(forms.Form):
    """Urvalet till Insatsrapporten. Efter `is_valid` finns det prövade urvalet i `urval`."""

    rubrik = "Insatsrapport"
    ingress = (
        "En rad per insats vars datum överlappar perioden, med de variabler du väljer. "
        "Rapporten innehåller inga uppgifter om enskilda personer."
    )

    fran = Manad(label="Från och med", help_text="åååå-mm", required=False)
    till = Manad(label="Till och med", help_text="åååå-mm", required=False)
    rapporttyp = Ett(label="Rapporttyp", choices=Rapporttyp.choices, required=False)
    lan = Flera(label="Län", required=False)
    kommun = Flera(label="Kommun", required=False)
    forbund = Flera(label="Samverkansorganisation", required=False)
    inriktning = Flera(label="Inriktning", choices=Inriktning.choices, required=False)
    preciserad = Flera(label="Preciserad inriktning", required=False)
    malgrupp = Flera(label="Specifik målgrupp", required=False)
    kon = Ett(label="Kön", choices=[("", "Alla"), *Konsval.choices], required=False)
    variabler = Flera(label="Variabler", required=False)

    urval: Urval

    def __init__(self, adress: QueryDict, *, koder: Koder, idag: date) -> None:
        self.koder, self.idag = koder, idag
        self.begard = "visa" in adress or "format" in adress
        self.format = adress.get("format", "")
        self.ifyllt = _komplett(adress, koder)
        super().__init__(self.ifyllt if adress else None, initial=_forval(idag, koder))
        self._ge_val()

    def _ge_val(self) -> None:
        val: Mapping[str, Any] = {
            "lan": list(self.koder.lan.items()),
            "kommun": [
                (namn, [(kod, text) for kod, text in self.koder.kommun.items() if kod[:2] == lan])
                for lan, namn in self.koder.lan.items()
            ],
            "forbund": list(self.koder.forbund.items()),
            "preciserad": _per_inriktning(PreciseradInriktning, "preciserade"),
            "malgrupp": _per_inriktning(Malgrupp, "malgrupper"),
            "variabler": list(self.koder.variabler.items()),
        }
        for falt, valen in val.items():
            self.fields[falt].choices = valen  # type: ignore[attr-defined]  # alla är _Flera

    def clean(self) -> dict[str, Any]:
        """Prövar hela urvalet på en gång."""
        varden = {namn: varden for namn, varden in self.ifyllt.lists() if namn not in STYRNING}
        if self.format and self.format not in FORMAT:
            self.add_error(None, f"Formatet ”{self.format}” finns inte. Välj bland {', '.join(FORMAT)}.")
        try:
            self.urval = tolka(varden, koder=self.koder, idag=self.idag)
        except ValidationError as fel:
            visa_fel(self, fel)
        return self.cleaned_data

    @property
    def adress(self) -> str:
        """Det prövade urvalet som en adress efter frågetecknet."""
        return self.urval.adress(self.koder)

    @property
    def perioder(self) -> list[tuple[str, str, str]]:
        """Snabbvalen för perioden: (text, från, till)."""
        return [(text, f"{fran:%Y-%m}", f"{till:%Y-%m}") for text, fran, till in snabbval(self.idag)]

    @property
    def variabelval(self) -> list[tuple[Any, Any]]:
        """Kryssrutorna för variablerna, var och en med sin variabel."""
        return list(zip(self["variabler"].subwidgets, VARIABLER.values(), strict=True))

    @property
    def antal_valda(self) -> Mapping[str, int]:
        """Hur många som är valda i varje flerval."""
        return {falt: len(self[falt].value() or ()) for falt in FLERVAL}

    @property
    def fler_urval_oppet(self) -> bool:
        """Om *Visa fler urval* ska stå öppet: något i det är valt eller fel."""
        falt = ("inriktning", "preciserad", "malgrupp", "kon")
        return any(self[namn].value() or (self.is_bound and self[namn].errors) for namn in falt)

    @cached_property
    def helper(self) -> FormHelper:
        """Formulärets uppställning."""
        helper = FormHelper()
        helper.form_method = "get"
        helper.form_id = "urval"
        helper.form_error_title = "Rapporten kan inte tas fram. Rätta följande:"
        helper.layout = Layout(
            Panel(
                "Period och rapporttyp",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                HTML('{% include "rapporter/_perioder.html" %}'),
                "rapporttyp",
                css_id="period",
            ),
            Panel(
                "Nivå",
                *(Field(falt, template=LADA) for falt in ("lan", "kommun", "forbund")),
                css_id="niva",
                ingress="Utan val gäller rapporten hela riket. Med val: insatser hos de samverkansorganisationer som "
                "verkar där, eller hos dem du väljer.",
            ),
            Div(
                Row("inriktning", "kon"),
                Row("preciserad", "malgrupp"),
                template="rapporter/_fler_urval.html",
                open=self.fler_urval_oppet,
            ),
            Panel("Variabler", Field("variabler", template="rapporter/_variabelval.html"), css_id="variabelval"),
            Knapprad(
                Knapp("Skapa rapport", namn="visa", sort="primary"),
                *(
                    Knapp(text, namn="format", varde=format)
                    for text, format in (("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv"))
                ),
            ),
        )
        return helper


def _forval(idag: date, koder: Koder) -> dict[str, Any]:
    """Året hittills, hela riket, alla variabler."""
    return {
        "fran": f"{idag:%Y}-01",
        "till": f"{idag:%Y-%m}",
        "rapporttyp": Rapporttyp.INSATS,
        "kon": "",
        "variabler": list(koder.variabler),
    }


def _komplett(adress: QueryDict, koder: Koder) -> QueryDict:
    """Adressen med det som inte skrivs ut i den ifyllt, och listor med komma delade: så som formuläret visar den."""
    data = adress.copy()
    for falt in FLERVAL:
        delar = [kod.strip() for varde in data.getlist(falt) for kod in varde.split(",") if kod.strip()]
        if delar or falt in data:
            data.setlist(falt, delar)
    if not data.getlist("variabler"):
        data.setlist("variabler", list(koder.variabler))
    data.setdefault("rapporttyp", Rapporttyp.INSATS.value)
    data.setdefault("kon", "")
    return data


def _per_inriktning(val: type[PreciseradInriktning] | type[Malgrupp], falt: str) -> list[Any]:
    """Valen grupperade under inriktningen som de hör till; det som hör till båda står för sig, sist."""
    hor_till = {
        inriktning: {ett for former in KATEGORIER.values() for ett in getattr(former.get(inriktning), falt, ())}
        for inriktning in Inriktning
    }
    bada = set.intersection(*hor_till.values())
    grupper = [
        (inriktning.label, [(v.value, v.label) for v in val if v in valen - bada])
        for inriktning, valen in hor_till.items()
    ]
    return [*grupper, ("Båda", [(v.value, v.label) for v in val if v in bada])]

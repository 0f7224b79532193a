"""Urvalsbilden: samma fält som adressen och kommandot, prövade av `urval.tolka`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from fkui.fel import visa_fel
from fkui.layout import Panel
from insatser.kategorier import KATEGORIER, Inriktning, Malgrupp, PreciseradInriktning
from rapporter.falt import FORMAT, LADA, STYRNING, Ett, Flera, Manad, ge_period, snabbval
from rapporter.perioder import ifylld
from rapporter.urval import FLERVAL, Gruppera, Jamfor, Koder, Konsurval, Rapporttyp, Urval, tolka
from rapporter.variabler import VARIABLER, Period
from rapporter.villkor import Kryssrutor, Radioknappar, Regel

# Vad som stänger av ett val, och varför. Utan ikryssade variabler gäller alla.
_MED_KON = Regel("variabler", ("", *(v.namn for v in VARIABLER.values() if v.har_kon)))
_MED_PERIOD = Regel(
    "variabler",
    ("", *(v.namn for v in VARIABLER.values() if v.summeras and v.period in {Period.VALD, Period.KALENDERAR})),
)
# Summerad per organisation jämförs också antalet insatser, vilka variabler som än är valda.
_MED_JAMFORELSE = replace(_MED_PERIOD, eller=Regel("rapporttyp", (Rapporttyp.SAMVERKANSORGANISATION.value,)))
_RADER_FINNS_REDAN = Regel("rapporttyp", (Rapporttyp.SAMVERKANSORGANISATION.value,), inte=True)
SKAL: Mapping[str, str] = {
    "kon": "Kön är avstängt: ingen av de valda variablerna räknar deltagare efter kön.",
    "jamfor": "Jämförelsen är avstängd: ingen av de valda variablerna räknas för en period.",
    "gruppera": "Rapporten har redan en rad per samverkansorganisation.",
    "preciserad": "Val som hör till en annan inriktning är avstängda.",
    "malgrupp": "Val som hör till en annan inriktning är avstängda.",
}


class UrvalForm(forms.Form):
    """Urvalet till Insatsrapporten. Efter `is_valid` finns det prövade urvalet i `urval`."""

    rubrik = "Insatsrapport"
    ingress = (
        "En rad per insats vars datum överlappar perioden, med de variabler du väljer. "
        "Rapporten innehåller inga uppgifter om enskilda personer."
    )

    fran = Manad(label="Från och med", help_text="åååå-mm", required=False)
    till = Manad(label="Till och med", help_text="åååå-mm", required=False)
    jamfor = Ett(
        label="Jämför med",
        choices=[("", "Ingen jämförelse"), *Jamfor.choices],
        required=False,
        widget=Radioknappar,
    )
    rapporttyp = Ett(label="Rapporttyp", choices=Rapporttyp.choices, required=False)
    gruppera = Ett(
        label="Delsummor per", choices=[("", "Inga delsummor"), *Gruppera.choices], required=False, widget=Radioknappar
    )
    lan = Flera(label="Län", required=False)
    kommun = Flera(label="Kommun", required=False)
    forbund = Flera(label="Samverkansorganisation", required=False)
    inriktning = Flera(label="Inriktning", choices=Inriktning.choices, required=False)
    preciserad = Flera(label="Preciserad inriktning", required=False, widget=Kryssrutor)
    malgrupp = Flera(label="Specifik målgrupp", required=False, widget=Kryssrutor)
    kon = Ett(label="Kön", choices=[("", "Alla"), *Konsurval.choices], required=False, widget=Radioknappar)
    variabler = Flera(label="Variabler", required=False)

    urval: Urval

    def __init__(self, adress: QueryDict, *, koder: Koder, idag: date) -> None:
        self.koder, self.idag = koder, idag
        self.begard = "visa" in adress or "format" in adress
        self.format = adress.get("format", "")
        self.sparat = adress.get("sparat", "")
        self.ifyllt = _komplett(ifylld(adress), koder)
        forval = _forval(idag, koder)
        if not self.begard:
            ge_period(self.ifyllt, forval)
        super().__init__(self.ifyllt if adress else None, initial=forval)
        self._ge_val()
        self._ge_regler()

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

    def _ge_regler(self) -> None:
        valda = {"variabler": self["variabler"].value() or [], "inriktning": self["inriktning"].value() or []}
        valda["rapporttyp"] = [self["rapporttyp"].value()]
        regler: Mapping[str, Callable[[str], Regel | None]] = {
            "kon": lambda varde: _MED_KON,
            "jamfor": lambda varde: _MED_JAMFORELSE,
            "gruppera": lambda varde: _RADER_FINNS_REDAN if varde == Gruppera.SAMVERKANSORGANISATION else None,
            "preciserad": _inriktningens("preciserade"),
            "malgrupp": _inriktningens("malgrupper"),
        }
        for falt, regel in regler.items():
            widget: Any = self.fields[falt].widget
            widget.regel, widget.valda = regel, valda

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
        """Det prövade urvalet som en adress efter frågetecknet, med det sparade urval som det kommer ur."""
        return self.urval.adress(self.koder, **({"sparat": self.sparat} if self.sparat.isdecimal() else {}))

    @cached_property
    def skal(self) -> list[tuple[str, str, bool]]:
        """Skälen till att val är avstängda: (fält, text, om något i fältet är avstängt nu)."""
        return [(falt, text, self._nagot_avstangt(falt)) for falt, text in SKAL.items()]

    def _nagot_avstangt(self, falt: str) -> bool:
        return any(ett.data["attrs"].get("disabled") for ett in self[falt].subwidgets)

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
                "Period",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                HTML('{% include "rapporter/_perioder.html" %}'),
                "jamfor",
                _skal("jamfor"),
                css_id="period",
            ),
            Panel("Rader", Row("rapporttyp", Div("gruppera", _skal("gruppera"))), css_id="rader"),
            Panel(
                "Nivå",
                *(Field(falt, template=LADA) for falt in ("lan", "kommun", "forbund")),
                css_id="niva",
                ingress="Utan val gäller rapporten hela riket. Med val: insatser hos de samverkansorganisationer som "
                "verkar där, eller hos dem du väljer.",
            ),
            Div(
                Row("inriktning", Div("kon", _skal("kon"))),
                Row(Div("preciserad", _skal("preciserad")), Div("malgrupp", _skal("malgrupp"))),
                template="rapporter/_fler_urval.html",
                open=self.fler_urval_oppet,
            ),
            Panel("Variabler", Field("variabler", template="rapporter/_variabelval.html"), css_id="variabelval"),
            HTML('{% include "rapporter/_urvalets_knappar.html" %}'),
        )
        return helper


def _forval(idag: date, koder: Koder) -> dict[str, Any]:
    """Året hittills, hela riket, alla variabler."""
    return {
        "fran": f"{idag:%Y}-01",
        "till": f"{idag:%Y-%m}",
        "rapporttyp": Rapporttyp.INSATS,
        "kon": "",
        "jamfor": "",
        "gruppera": "",
        "variabler": list(koder.variabler),
    }


def _komplett(adress: QueryDict, koder: Koder) -> QueryDict:
    """Adressen med det som inte skrivs ut i den ifyllt, och listor med komma delade: så som formuläret visar den."""
    data = adress.copy()
    for falt in FLERVAL:
        delar = [kod.strip() for varde in data.getlist(falt) for kod in varde.split(",") if kod.strip()]
        if delar or falt in data:
            data.setlist(falt, delar)
    if data.get("kryssa") == "inga":
        data.setlist("variabler", [])
    elif data.get("kryssa") == "alla" or not data.getlist("variabler"):
        data.setlist("variabler", list(koder.variabler))
    data.setdefault("rapporttyp", Rapporttyp.INSATS.value)
    for falt in ("kon", "jamfor", "gruppera"):
        data.setdefault(falt, "")
    return data


def _skal(falt: str) -> HTML:
    return HTML(f'{{% include "rapporter/_skal.html" with falt="{falt}" %}}')


def _inriktningens(valen: str) -> Callable[[str], Regel | None]:
    """Regeln för ett val som bara hör till vissa inriktningar; None för det som hör till alla."""
    hor_till = _hor_till(valen)

    def regel(varde: str) -> Regel | None:
        inriktningar = [inriktning.value for inriktning, egna in hor_till.items() if varde in egna]
        return Regel("inriktning", ("", *inriktningar)) if len(inriktningar) < len(hor_till) else None

    return regel


def _hor_till(valen: str) -> dict[Inriktning, set[Any]]:
    return {
        inriktning: {ett for former in KATEGORIER.values() for ett in getattr(former.get(inriktning), valen, ())}
        for inriktning in Inriktning
    }


def _per_inriktning(val: type[PreciseradInriktning] | type[Malgrupp], falt: str) -> list[Any]:
    """Valen grupperade under inriktningen som de hör till; det som hör till båda står för sig, sist."""
    hor_till = _hor_till(falt)
    bada = set.intersection(*hor_till.values())
    grupper = [
        (inriktning.label, [(v.value, v.label) for v in val if v in valen - bada])
        for inriktning, valen in hor_till.items()
    ]
    return [*grupper, ("Båda", [(v.value, v.label) for v in val if v in bada])]

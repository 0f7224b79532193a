"""*Registrera uppgifter*: situationen direkt före samarbetet och efter det, en i taget eller båda (R30)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.http import QueryDict

from behorighet.krock import Krock
from deltagare.forms.falt import Kodval, ett_av
from deltagare.forms.situation import JA_NEJ, JA_NEJ_RAD, Svarsdel, svarsfalt, svarslayout
from deltagare.models import Kod, Samarbete, Samarbetsuppgift
from deltagare.overgangar import Myndighet
from deltagare.uppgifter import HJALP, Kodverk
from fkui.falt import Tokenfalt, marka, valfalt
from fkui.layout import Knapprad, Lank, Panel
from fkui.templatetags.fkui import utdata

Tillfalle = Samarbetsuppgift.Tillfalle
SAKNAS: Final = ("", "Uppgift saknas")
EGNA: Final = {
    "anstalld": "Anställd",
    "eget_foretag": "Eget företag",
    "inskriven_af": "Inskriven hos Arbetsförmedlingen",
}
RUBRIK: Final = {Tillfalle.FORE: "Situationen direkt före samarbetet", Tillfalle.EFTER: "Situationen efter samarbetet"}
FORSORJNINGENS_HJALP: Final = {
    Tillfalle.FORE: "Försörjningen under den sista veckan innan samarbetet började. Föräldrapenning och pension räknas "
    "som Ingen offentlig försörjning.",
    Tillfalle.EFTER: "Försörjningen när samarbetet är slut. Föräldrapenning och pension räknas som Ingen offentlig "
    "försörjning.",
}


class Kodvalen(Kodval):
    """Kodverkens val i dag, och de avslutade koderna som redan är sparade."""

    def __init__(self, uppgifter: Mapping[str, Samarbetsuppgift]) -> None:
        super().__init__()
        sparade = {
            par
            for en in uppgifter.values()
            for par in (
                (Kodverk.UTBILDNING, en.utbildning),
                (Kodverk.TID_I_FORSORJNING, en.tid_i_forsorjning),
                *((Kodverk.FORSORJNING, kod) for kod in en.forsorjning),
                *((Kodverk.ARBETSTYP, kod) for kod in en.arbetstyp),
            )
        }
        saknas = {(kodverk, kod) for kodverk, kod in sparade if kod and kod not in dict(self[kodverk])}
        if saknas:
            for kod in Kod.objects.filter(kod__in={kod for _, kod in saknas}).order_by("ordning"):
                if (kod.kodverk, kod.kod) in saknas:
                    self._val.setdefault(kod.kodverk, []).append((kod.kod, f"{kod.etikett} (används inte längre)"))


class Uppgiftsform(Svarsdel):
    """Uppgifterna vid ett eller två tillfällen. Fälten heter som på *Registrera deltagare*."""

    token = Tokenfalt()

    def __init__(
        self,
        *args: Any,
        samarbete: Samarbete,
        uppgifter: Mapping[str, Samarbetsuppgift],
        tillfallen: Sequence[Samarbetsuppgift.Tillfalle],
        avbryt: str,
        **kwargs: Any,
    ) -> None:
        self.samarbete, self.uppgifter, self.tillfallen, self.avbryt = samarbete, uppgifter, tillfallen, avbryt
        super().__init__(*args, **{**kwargs, "initial": self._sparat()})
        kodval = Kodvalen(uppgifter)
        for ett in tillfallen:
            self._lagg_till(ett, kodval)
        self.helper = FormHelper()
        self.helper.form_id = "uppgifter"
        self.helper.attrs = {"autocomplete": "off"}
        self.helper.layout = Layout(
            *(self._panel(ett) for ett in tillfallen),
            *(f"version_{ett.value}" for ett in tillfallen),
            "token",
            Knapprad(Submit("spara", "Spara"), Lank("Fyll i senare", avbryt)),
        )

    def _lagg_till(self, tillfalle: Samarbetsuppgift.Tillfalle, kodval: Kodval) -> None:
        falt = svarsfalt(tillfalle.value, kodval)
        del falt[f"arbetssokande_{tillfalle.value}"]
        marka(falt[f"forsorjning_{tillfalle.value}"], hjalp=FORSORJNINGENS_HJALP[tillfalle], dolj_valfritt=True)
        for namn, etikett in EGNA.items():
            falt[f"{namn}_{tillfalle.value}"] = _ja_nej(etikett)
        falt[f"version_{tillfalle.value}"] = forms.IntegerField(widget=forms.HiddenInput)
        self.fields.update(falt)
        for fraga in ("arbetar", "studerar"):
            valfalt(self, f"{fraga}_{tillfalle.value}").choices = [*JA_NEJ, SAKNAS]
        if tillfalle == Tillfalle.FORE:
            self.fields["initierad_av"] = forms.ChoiceField(
                label="Initierad av", choices=Myndighet.choices[::-1], widget=forms.RadioSelect
            )
            self.fields["tid_i_forsorjning"] = ett_av("Tid i offentlig försörjning", kodval[Kodverk.TID_I_FORSORJNING])
            self.fields["utbildning"] = ett_av("Högsta slutförda utbildning", kodval[Kodverk.UTBILDNING])
            for namn in ("tid_i_forsorjning", "utbildning"):
                marka(self.fields[namn], hjalp=HJALP[namn], dolj_valfritt=True)

    def _panel(self, tillfalle: Samarbetsuppgift.Tillfalle) -> Panel:
        fore = tillfalle == Tillfalle.FORE
        forsorjning, *resten = [
            ett
            for ett in svarslayout(tillfalle.value)
            if getattr(ett, "fields", [""])[0] != f"arbetssokande_{tillfalle}"
        ]
        return Panel(
            RUBRIK[tillfalle],
            *([Field("initierad_av", wrapper_class=JA_NEJ_RAD)] if fore else []),
            *(Field(f"{namn}_{tillfalle.value}", wrapper_class=JA_NEJ_RAD) for namn in EGNA),
            *resten,
            forsorjning,
            *([Row("tid_i_forsorjning", "utbildning")] if fore else []),
            css_id=tillfalle.value,
            ingress="Lämna en fråga tom om uppgift saknas. Uppgifterna går att fylla i och rätta senare.",
        )

    def _sparat(self) -> dict[str, Any]:
        varden: dict[str, Any] = {"initierad_av": self.samarbete.initierad_av}
        for ett in self.tillfallen:
            en = self.uppgifter.get(ett.value)
            varden |= _sparade(en, ett.value) if en else {f"version_{ett.value}": 0}
        return varden

    def clean(self) -> dict[str, Any]:
        """Prövar svaren mot varandra, vid vart tillfälle för sig."""
        data = super().clean() or {}
        for ett in self.tillfallen:
            self.tillfalle = ett.value
            self.prova_svar(data)
        return data

    def att_spara(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Per tillfälle: versionen som ändrades, och fälten så som de lagras."""
        return {
            ett.value: (self.cleaned_data[f"version_{ett.value}"], self._lagras(ett.value)) for ett in self.tillfallen
        }

    def _lagras(self, tillfalle: str) -> dict[str, Any]:
        self.tillfalle = tillfalle
        self.cleaned_data.setdefault(f"arbetssokande_{tillfalle}", "")
        svaren = self.svar()
        lagras = {namn: svaren[f"{namn}_{tillfalle}"] for namn in ("forsorjning", "arbete", "arbetstyp", "studier")}
        if tillfalle == Tillfalle.FORE:
            lagras |= {namn: svaren[namn] for namn in ("tid_i_forsorjning", "utbildning")}
        egna = {namn: {"ja": True, "nej": False}.get(self.cleaned_data[f"{namn}_{tillfalle}"]) for namn in EGNA}
        return {**lagras, **egna}

    def efter_krock(
        self, samarbete: Samarbete, uppgifter: Mapping[str, Samarbetsuppgift], fel: Krock
    ) -> tuple["Uppgiftsform", list[tuple[str, str, str]]]:
        """Samma formulär mot det som nu är sparat, och vad som skiljer: (fält, sparat, inskrivet)."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for ett in self.tillfallen:
            data[f"version_{ett.value}"] = str(uppgifter[ett.value].version if ett.value in uppgifter else 0)
        argument: dict[str, Any] = {
            "samarbete": samarbete,
            "uppgifter": uppgifter,
            "tillfallen": self.tillfallen,
            "avbryt": self.avbryt,
        }
        nytt, sparat = type(self)(data, **argument), type(self)(**argument)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        namnen = [falt.name for falt in nytt.visible_fields()]
        par = [(str(nytt[namn].label), utdata(sparat[namn]), utdata(nytt[namn])) for namn in namnen]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]


def _ja_nej(etikett: str) -> forms.ChoiceField:
    falt = forms.ChoiceField(label=etikett, choices=[*JA_NEJ, SAKNAS], widget=forms.RadioSelect, required=False)
    marka(falt, dolj_valfritt=True)
    return falt


def _sparade(en: Samarbetsuppgift, tillfalle: str) -> dict[str, Any]:
    varden: dict[str, Any] = {f"version_{tillfalle}": en.version}
    for fraga, andel in (("arbetar", "arbete"), ("studerar", "studier")):
        sparad = getattr(en, andel)
        varden[f"{fraga}_{tillfalle}"] = "" if sparad is None else "ja" if sparad else "nej"
        varden[f"{andel}_{tillfalle}"] = sparad or None
    for falt in ("forsorjning", "arbetstyp"):
        varden[f"{falt}_{tillfalle}"] = getattr(en, falt)
    for falt in EGNA:
        varden[f"{falt}_{tillfalle}"] = {True: "ja", False: "nej"}.get(getattr(en, falt), "")
    if tillfalle == Tillfalle.FORE:
        varden |= {"tid_i_forsorjning": en.tid_i_forsorjning, "utbildning": en.utbildning}
    return varden

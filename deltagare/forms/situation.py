"""Situationen direkt före och efter: samma fält vid in- och utregistrering, och när de rättas (`doman.md` 4)."""

from collections.abc import Mapping
from typing import Any, Final

from crispy_forms.layout import Div, Field, Row
from django import forms

from deltagare.forms.falt import Kodval
from deltagare.uppgifter import HJALP, Kodverk, fel_i_forsorjning
from fkui.falt import Heltalsfalt, marka

JA_NEJ: Final = (("ja", "Ja"), ("nej", "Nej"))
JA_NEJ_RAD: Final = "radio-button-group--horizontal"


def svarsfalt(tillfalle: str, kodval: Kodval) -> dict[str, forms.Field]:
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
        marka(ett, hjalp=HJALP.get(f"{namn}_{tillfalle}", HJALP.get(namn, "")), dolj_valfritt=True)
    for namn in ("arbete", "studier"):
        falt[namn].error_messages |= dict.fromkeys(("min_value", "max_value"), "Ange andelen i procent, 1–100.")
    return {f"{namn}_{tillfalle}": ett for namn, ett in falt.items()}


def svarslayout(tillfalle: str) -> list[Any]:
    """Fälten i ordning; andelarna visas när svaret är ja."""

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


class Svarsdel(forms.Form):
    """Ett formulär med situationen vid ett tillfälle, `fore` eller `efter`."""

    tillfalle: str

    def prova_svar(self, data: Mapping[str, Any], tillfalle: str = "") -> None:
        """Prövar svaren mot varandra, vid formulärets tillfälle eller ett annat. Anropas av `clean`."""
        till = tillfalle or self.tillfalle
        forsorjning = f"forsorjning_{till}"
        if fel := fel_i_forsorjning(data.get(forsorjning) or []):
            self.add_error(forsorjning, fel)
        for fraga, andel in (("arbetar", "arbete"), ("studerar", "studier")):
            falt = f"{andel}_{till}"
            ja, given = data.get(f"{fraga}_{till}") == "ja", bool(str(self.data.get(falt, "")).strip())
            if ja and not given and falt not in self.errors:
                self.add_error(falt, "Ange andelen i procent, 1–100.")
            # Med skript skickas inte det som inte frågas. Utan skript syns det, och ska inte tappas tyst.
            if given and not ja:
                self.errors.pop(falt, None)  # andelen själv behöver inte vara en andel
                self.add_error(falt, f"Välj Ja på {fraga.capitalize()}, eller ta bort andelen.")
        arbetstyp = f"arbetstyp_{till}"
        if data.get(arbetstyp) and data.get(f"arbetar_{till}") != "ja":
            self.add_error(arbetstyp, "Välj Ja på Arbetar, eller ta bort typen av arbete.")

    def svar(self, tillfalle: str = "") -> dict[str, Any]:
        """Svaren så som de lagras: andel 0 är nej, tomt är uppgift saknas."""
        data, efter = self.cleaned_data, f"_{tillfalle or self.tillfalle}"
        andel = {"ja": None, "nej": 0, "": None}
        lagras = {
            f"forsorjning{efter}": data[f"forsorjning{efter}"],
            f"arbetssokande{efter}": {"ja": True, "nej": False}.get(data[f"arbetssokande{efter}"]),
            f"arbetstyp{efter}": data[f"arbetstyp{efter}"] if data[f"arbetar{efter}"] == "ja" else [],
        }
        for fraga, falt in (("arbetar", "arbete"), ("studerar", "studier")):
            givet = data[f"{fraga}{efter}"]
            lagras[f"{falt}{efter}"] = data[f"{falt}{efter}"] if givet == "ja" else andel[givet]
        for namn in ("utbildning", "tid_i_forsorjning") if efter == "_fore" else ():
            if namn in data:
                lagras[namn] = data[namn]
        return lagras

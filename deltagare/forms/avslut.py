"""Utregistreringen av en period som redan är slut när den inregistreras (R20).

Frågas när personen har en senare period i insatsen: utan ett slut går den här in i den.
"""

from typing import Any, Final

from crispy_forms.layout import Field, Row
from django import forms

from deltagare.forms.falt import Kodval, ett_av
from deltagare.forms.situation import Svarsdel, svarsfalt, svarslayout
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, FELREGISTRERING, Kodverk
from fkui.falt import Datumfalt, marka
from fkui.layout import Panel

FALT: Final = "avslut"
GALLER_DEN_SOM_AR_INNE: Final = (ATERTAGET_SAMTYCKE, FELREGISTRERING)


class Avslutsdel(Svarsdel):
    """Ett formulär för inregistrering som också kan fråga hur deltagandet avslutades."""

    def fraga_om_avslutet(self, kodval: Kodval) -> list[Any]:
        """Lägger till fälten, och returnerar panelerna."""
        falt = self.fields
        falt[FALT] = forms.CharField(widget=forms.HiddenInput, required=False, initial="1")
        falt["utregistrering"] = Datumfalt(label="Datum för utregistrering", required=False)
        val = [(kod, text) for kod, text in kodval[Kodverk.AVSLUTNINGSANLEDNING] if kod not in GALLER_DEN_SOM_AR_INNE]
        falt["avslutningsanledning"] = ett_av("Avslutningsanledning", val)
        marka(falt["utregistrering"], dolj_valfritt=True)
        falt.update(svarsfalt("efter", kodval))
        return [
            Panel(
                "Utregistrering",
                Row(Field("utregistrering", wrapper_class="sus-date"), "avslutningsanledning"),
                FALT,
                css_id="ut",
                ingress="För det deltagande som redan är avslutat. Lämna allt tomt om det pågår.",
            ),
            Panel(
                "Situationen efter",
                *svarslayout("efter"),
                css_id="efter",
                ingress="Lämna en fråga tom om uppgift saknas.",
            ),
        ]

    def prova_avslutet(self, data: dict[str, Any]) -> None:
        """Är något ifyllt ska dagen och anledningen vara det. Anropas av `clean`."""
        if FALT not in self.fields:
            return
        self.prova_svar(data, "efter")
        avslutas = ("utregistrering", "avslutningsanledning")
        if not any(data.get(namn) for namn in (*avslutas, *svarsnamn(self))):
            return
        for namn, text in zip(avslutas, ("Ange datum för utregistrering.", "Välj avslutningsanledning."), strict=True):
            if not data.get(namn) and namn not in self.errors:
                self.add_error(namn, text)

    def avslutet(self) -> dict[str, Any]:
        """Utregistreringen, så som `tjanster.Avslut` tar den; tom om deltagandet pågår."""
        namn = ("utregistrering", "avslutningsanledning")
        if FALT not in self.fields or not self.cleaned_data.get(namn[0]):
            return {}
        return {**{ett: self.cleaned_data[ett] for ett in namn}, "efter": self.svar("efter")}


def svarsnamn(form: forms.BaseForm) -> list[str]:
    """Fälten om situationen efter."""
    return [namn for namn in form.fields if namn.endswith("_efter")]

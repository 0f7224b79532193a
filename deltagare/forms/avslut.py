"""Utregistreringen av en period som redan är slut när den inregistreras (R20).

Frågas när personen har en senare period i insatsen: utan ett slut går den här in i den. Svaret hör till den personen
i den insatsen, och följer inte med när numret eller insatsen byts i formuläret.
"""

from collections.abc import Mapping
from typing import Any, Final

from crispy_forms.layout import Field, Row
from django import forms
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from deltagare.forms.falt import Kodval, ett_av
from deltagare.forms.situation import Svarsdel, svarsfalt, svarslayout
from deltagare.personnummer import OgiltigtPersonnummer, Personnummer, tolka
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, FELREGISTRERING, Kodverk
from fkui.falt import Datumfalt, marka
from fkui.layout import Panel

FALT: Final = "avslut"
AVSLUTAS: Final = ("utregistrering", "avslutningsanledning")
GALLER_DEN_SOM_AR_INNE: Final = (ATERTAGET_SAMTYCKE, FELREGISTRERING)
GALLDE_ETT_ANNAT: Final = (
    "Utregistreringen gällde ett annat personnummer eller en annan insats, och är borttagen. Kontrollera uppgifterna "
    "och spara igen."
)


def galler(nummer: Personnummer, insats_id: int) -> str:
    """Vem frågan om utregistreringen gäller, för det dolda fältet: går inte att läsa, bara att jämföra."""
    return salted_hmac("deltagare.avslut", f"{insats_id} {nummer.nummer}", algorithm="sha256").hexdigest()


def galler_annat(given: str, *, personnummer: str, insats_id: int | None) -> bool:
    """Sant om frågan ställdes om någon annan än den som står i formuläret. Går numret inte att läsa vet man inte."""
    try:
        nummer = tolka(personnummer, idag=timezone.localdate())
    except OgiltigtPersonnummer:
        return False
    return insats_id is not None and not constant_time_compare(given, galler(nummer, insats_id))


class Avslutsdel(Svarsdel):
    """Ett formulär för inregistrering som också kan fråga hur deltagandet avslutades."""

    def fraga_om_avslutet(self, kodval: Kodval) -> list[Any]:
        """Lägger till fälten, och returnerar panelerna."""
        falt = self.fields
        falt[FALT] = forms.CharField(widget=forms.HiddenInput, required=False)
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
                ingress="För en period som tog slut före nästa. Är dagen för inregistrering fel? Rätta den i stället, "
                "och lämna det här tomt.",
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
        if not any(data.get(namn) for namn in (*AVSLUTAS, *svarsnamn(self))):
            return
        for namn, text in zip(AVSLUTAS, ("Ange datum för utregistrering.", "Välj avslutningsanledning."), strict=True):
            if not data.get(namn) and namn not in self.errors:
                self.add_error(namn, text)

    def avslutet(self) -> dict[str, Any]:
        """Utregistreringen, så som `tjanster.Avslut` tar den; tom om deltagandet pågår."""
        if FALT not in self.fields or not self.cleaned_data.get("utregistrering"):
            return {}
        return {**{ett: self.cleaned_data[ett] for ett in AVSLUTAS}, "efter": self.svar("efter")}


def nagot_ifyllt(inskickat: Mapping[str, Any]) -> bool:
    """Om något om utregistreringen står i det inskickade."""
    return any(varde for namn, varde in inskickat.items() if namn in AVSLUTAS or namn.endswith("_efter"))


def svarsnamn(form: forms.BaseForm) -> list[str]:
    """Fälten om situationen efter."""
    return [namn for namn in form.fields if namn.endswith("_efter")]

"""Formulär för uppdrag: välja användare, från och till, avsluta (`doman.md` 1.1, R1a, R4)."""

from datetime import date
from typing import Any, TypeVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Row, Submit
from django import forms
from django.db.models import Model, QuerySet
from django.utils import timezone

from behorighet.forms import Avslutningsform
from behorighet.models import Behorighet
from behorighet.sok import monster
from fkui.falt import Datumfalt, Tokenfalt
from fkui.layout import Knapprad, Lank, Panel, Uppgift
from fkui.sokform import Sokformular
from insatser.models import Insats, Samverkansorganisation, Uppdrag

M = TypeVar("M", bound=Model)


class Anvandarsok(Sokformular):
    """Sökningen efter användare: Förnamn, Efternamn, Arbetsgivare, med `*` (R4)."""

    etikett = "Användare"

    fornamn = forms.CharField(label="Förnamn", required=False, max_length=100, help_text="* ersätter valfria tecken.")
    efternamn = forms.CharField(label="Efternamn", required=False, max_length=100)
    arbetsgivare = forms.CharField(label="Arbetsgivare", required=False, max_length=200)

    def urval(self, rader: "QuerySet[M]", *, vag: str = "") -> "QuerySet[M]":
        """Raderna som sökningen träffar. `vag` är vägen till användaren, till exempel `anvandare__`."""
        kolumner = {"fornamn": "fornamn", "efternamn": "efternamn", "arbetsgivare": "arbetsgivare__namn"}
        sokta = {kolumner[namn]: text for namn, text in self.cleaned_data.items() if text}
        return rader.filter(**{f"{vag}{kolumn}__iregex": monster(text) for kolumn, text in sokta.items()})


class Uppdragsform(forms.Form):
    """Från och till för ett nytt uppdrag. Den valda användaren står som text."""

    fran = Datumfalt(label="Från och med")
    till = Datumfalt(label="Till och med", required=False, help_text="åååå-mm-dd. Tomt är tills vidare.")
    token = Tokenfalt()

    def __init__(
        self,
        *args: Any,
        behorighet: Behorighet,
        pa: Samverkansorganisation | Insats,
        avbryt: str,
        **kwargs: Any,
    ) -> None:
        forslag = {
            "fran": max(timezone.localdate(), behorighet.fran, pa.startdatum),
            "till": behorighet.till,
        }
        super().__init__(*args, **{"initial": forslag, **kwargs})
        anvandare = behorighet.anvandare
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Användare",
                Uppgift(
                    ("Namn", anvandare.get_full_name()),
                    ("Arbetsgivare", anvandare.arbetsgivare.namn),
                    ("Behörighet", behorighet.get_roll_display()),
                    ("Behörigheten gäller", period(behorighet.fran, behorighet.till)),
                    css_class="sus-outputs",
                ),
                css_id="anvandare",
            ),
            Panel(
                "Uppdrag",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                "token",
                css_id="uppdrag",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def clean(self) -> dict[str, Any]:
        """Till får inte vara före från; resten prövar tjänsten."""
        data = super().clean() or {}
        fran, till = data.get("fran"), data.get("till")
        if fran and till and till < fran:
            self.add_error("till", "Till och med kan inte vara före från och med.")
        return data


class Avslutaform(Avslutningsform):
    """Avsluta efter en viss dag, eller genast (R1a), i en panel som säger vad som avslutas."""

    def __init__(self, *args: Any, rubrik: str, ingress: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["till"].help_text = "Sista dagen, åååå-mm-dd."
        falt = self.helper.layout.fields
        falt[:-1] = [Panel(rubrik, *falt[:-1], css_id="avsluta", ingress=ingress)]

    def slut(self) -> dict[str, Any]:
        """Det tjänsterna tar emot."""
        return {"nu": True} if self.nu else {"till": self.cleaned_data["till"]}


def period(fran: date, till: date | None) -> str:
    """En giltighet som text."""
    return f"{fran.isoformat()} – {till.isoformat()}" if till else f"från och med {fran.isoformat()}, tills vidare"


def slut_for(uppdrag: Uppdrag) -> str:
    """När uppdraget slutar, som text efter ett namn."""
    return f"till och med {uppdrag.sista_dag.isoformat()}" if uppdrag.sista_dag else "tills vidare"

"""Sidan *Kompletterande frågor*: registrera, ändra och avsluta en fråga (`doman.md` 4)."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit
from django import forms
from django.http import QueryDict
from django.utils import timezone

from behorighet.krock import Krock
from fkui.falt import Datumfalt, Tokenfalt, marka
from fkui.layout import Knapp, Knapprad, Lank, Panel
from fkui.sokform import Sokformular
from fkui.templatetags.fkui import utdata
from insatser.models import Fraga, Fragetillfalle, Svarstyp
from insatser.models.fraga import MED_ALTERNATIV

PAMINNELSE: Final = (
    "Frågorna ställs om en person som har samtyckt till det som SUS frågar efter. Fråga inte efter något som pekar ut "
    "personen (namn, personnummer, adress, telefon) eller som är känsligt (hälsa, diagnos, religion, politisk "
    "åsikt, etniskt ursprung, sexualliv, brott)."
)
VILLKORENS_FALT: Final = {
    "fragan_slutar_inte_fore_start": "till",
    "fragan_slutar_efter_svaren": "till",
    "alternativet_en_gang_i_fragan": "alternativ",
}


class FragaForm(forms.Form):
    """En ny fråga, eller en som saknar svar och ändras."""

    namn = forms.CharField(
        label="Namn",
        max_length=100,
        help_text="Ett kort namn för listor och rapporter. Deltagaransvariga ser frågan, inte namnet.",
        error_messages={"required": "Ange frågans namn.", "max_length": "Namnet får vara högst 100 tecken."},
    )
    text = forms.CharField(
        label="Fråga",
        max_length=300,
        help_text="Så som den ska stå på sidan Registrera deltagare.",
        error_messages={"required": "Skriv frågan.", "max_length": "Frågan får vara högst 300 tecken."},
    )
    svarstyp = forms.ChoiceField(
        label="Svaret är",
        choices=Svarstyp.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj hur frågan besvaras."},
    )
    alternativ = forms.CharField(
        label="Alternativ",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Ett på varje rad, i den ordning de ska visas. Uppgift saknas går alltid att lämna.",
        error_messages={"max_length": "Alternativen får tillsammans vara högst 4 000 tecken."},
    )
    tillfalle = forms.ChoiceField(
        label="Frågan ställs",
        choices=Fragetillfalle.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj när frågan ställs."},
    )
    fran = Datumfalt(label="Från och med")
    till = Datumfalt(label="Till och med", required=False, help_text="åååå-mm-dd. Tomt är tills vidare.")
    bekraftat = forms.BooleanField(
        label="Jag bekräftar att frågan inte är känslig och inte pekar ut någon",
        error_messages={"required": "Läs frågan en gång till och kryssa för att du bekräftar."},
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        marka(self.fields["alternativ"], dolj_valfritt=True)
        marka(
            self.fields["fran"],
            hjalp="Dagen som räknas är den som deltagaren in- eller utregistreras, inte dagen det skrivs in.",
        )
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Frågan",
                Field("namn", wrapper_class="sus-narrow"),
                Field("text", wrapper_class="sus-wide"),
                "svarstyp",
                Div(
                    Field("alternativ", wrapper_class="sus-wide"),
                    data_visas_om=f"svarstyp={Svarstyp.EN.value}|{Svarstyp.FLERA.value}",
                ),
                css_id="fragan",
            ),
            Panel(
                "När den ställs",
                "tillfalle",
                Row(Field("fran", wrapper_class="sus-date"), Field("till", wrapper_class="sus-date")),
                css_id="nar",
            ),
            Panel(
                "Innehållet",
                "bekraftat",
                "version",
                "token",
                css_id="innehallet",
                ingress=PAMINNELSE,
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def clean(self) -> dict[str, Any]:
        """Till får inte vara före från; alternativ hör bara till svar som väljs bland dem."""
        data = super().clean() or {}
        fran, till = data.get("fran"), data.get("till")
        if fran and till and till < fran:
            self.add_error("till", "Till och med kan inte vara före från och med.")
        rader = [" ".join(rad.split()) for rad in (data.get("alternativ") or "").splitlines()]
        data["alternativ"] = [rad for rad in rader if rad]
        if data["alternativ"] and data.get("svarstyp") and data["svarstyp"] not in MED_ALTERNATIV:
            self.add_error("alternativ", "Alternativ finns bara för En av flera och Flera av flera. Ta bort dem.")
        return data

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        return {namn: varde for namn, varde in self.cleaned_data.items() if namn not in {"token", "version"}}

    def efter_krock(self, fraga: Fraga, fel: Krock, *, avbryt: str) -> tuple["FragaForm", list[tuple[str, str, str]]]:
        """Samma formulär mot den sparade frågan, och vad som skiljer: (fält, sparat, inskrivet)."""
        nytt = FragaForm(_mot_sparad(self.data, fraga), avbryt=avbryt)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = FragaForm(initial=sparat_i(fraga), avbryt="")
        par = [
            (str(nytt[namn].label), utdata(sparat[namn]), utdata(nytt[namn]))
            for namn in nytt.fields
            if namn in sparat.initial and namn != "version"
        ]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]


def sparat_i(fraga: Fraga) -> dict[str, Any]:
    """Frågan så som formuläret visar den. Bekräftelsen ges på nytt varje gång."""
    falt = ("namn", "text", "svarstyp", "tillfalle", "fran", "till", "version")
    alternativ = "\n".join(fraga.alternativ.values_list("text", flat=True))
    return {**{namn: getattr(fraga, namn) for namn in falt}, "alternativ": alternativ}


class Fragaslut(forms.Form):
    """Frågans sista dag."""

    till = Datumfalt(label="Till och med", help_text="Sista dagen, åååå-mm-dd.")
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Avsluta frågan",
                Field("till", wrapper_class="sus-date"),
                "version",
                "token",
                css_id="avsluta",
                ingress="Frågan ställs inte för registreringar efter den dagen. Svaren som finns står kvar.",
            ),
            Knapprad(Submit("avsluta", "Avsluta"), Lank("Avbryt", avbryt)),
        )

    def efter_krock(self, fraga: Fraga, fel: Krock, *, avbryt: str) -> tuple["Fragaslut", list[tuple[str, str, str]]]:
        """Samma formulär mot den sparade frågan, och vad som skiljer."""
        nytt = Fragaslut(_mot_sparad(self.data, fraga), avbryt=avbryt)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = fraga.till.isoformat() if fraga.till else "tills vidare"
        return nytt, [("Till och med", sparat, self.cleaned_data["till"].isoformat())]


def _mot_sparad(data: Any, fraga: Fraga) -> QueryDict:
    """Det inskrivna, men utgående från frågan så som den är sparad nu."""
    fraga.refresh_from_db()
    nya = QueryDict(mutable=True)
    nya.update(data)
    nya["version"] = str(fraga.version)
    return nya


class Borttagning(forms.Form):
    """Bekräftelsen att frågan ska tas bort."""

    token = Tokenfalt()

    def __init__(self, *args: Any, avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout("token", Knapprad(Submit("ta_bort", "Ta bort"), Lank("Avbryt", avbryt)))


class Granskningsdag(Sokformular):
    """Vilken dag förhandsgranskningen gäller. Ett värde som inte är ett datum ger i dag."""

    etikett = "Förhandsgranska"

    dag = Datumfalt(label="Dag för registreringen", required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.dagen = self.cleaned_data.get("dag") or timezone.localdate()
        # Fältet visar dagen som gäller, också när ingen eller en felskriven gavs
        self.data = {"dag": self.dagen.isoformat()}
        self.helper.layout = Layout(
            Field("dag", wrapper_class="sus-date"), Div(Knapp("Visa"), css_class="sus-filter__go")
        )

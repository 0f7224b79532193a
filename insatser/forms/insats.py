"""Sidan *Registrera insats*. Formuläret tolkar; reglerna står i `kategorier` och prövas igen i tjänsten."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout, Row, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from fkui.falt import Datumfalt, Tokenfalt, modellfalt
from fkui.fel import visa_fel
from fkui.layout import Knapprad, Lank, Panel, Uppgift, uppdatera_val
from fkui.templatetags.fkui import utdata
from insatser import kategorier
from insatser.forms.kategori import BYT_VALEN, KATEGORIFALT, Kategoriform
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning
from insatser.models import Insats, Samverkansorganisation

# Vilket fält databasens nej hör till.
VILLKORENS_FALT: Final = {
    "insatsens_namn_en_gang_i_organisationen": "namn",
    "insats_slutar_inte_fore_start": "slutdatum",
    "insatsen_borjar_inom_organisationen": "startdatum",
    "insatsen_slutar_inom_organisationen": "slutdatum",
    "startdatum_fore_registreringarna": "startdatum",
    "slutdatum_efter_registreringarna": "slutdatum",
    "annan_inriktning_har_beskrivning": "beskrivning",
    "insatsens_sort_har_ratt_budget": "deltagarregistrering",
}


class InsatsForm(Kategoriform):
    """Sidan *Registrera insats*, för en ny insats eller för att ändra en som finns."""

    # Som på sidan, så att felsammanfattningen följer den
    field_order = ("samverkansorganisation", "namn", "startdatum", "slutdatum", "beskrivning", *KATEGORIFALT)

    samverkansorganisation = forms.ModelChoiceField(
        Samverkansorganisation.objects.none(),
        label="Samverkansorganisation",
        empty_label="Välj samverkansorganisation",
        error_messages={
            "required": "Välj samverkansorganisation.",
            "invalid_choice": "Du har inget uppdrag i den samverkansorganisationen.",
        },
    )
    namn = forms.CharField(
        label="Insatsnamn",
        max_length=200,
        help_text="Namnet visas i listor och rapporter. Skriv inga personuppgifter.",
        error_messages={"required": "Ange insatsens namn.", "max_length": "Namnet får vara högst 200 tecken."},
    )
    beskrivning = forms.CharField(
        label="Beskrivning",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=(
            "Syfte, målgrupp och arbetssätt. Krävs för Annan inriktning. Visas i Insatsrapporten. "
            "Skriv inga personuppgifter."
        ),
        error_messages={"max_length": "Beskrivningen får vara högst 4 000 tecken."},
    )
    startdatum = Datumfalt(label="Startdatum")
    slutdatum = Datumfalt(label="Slutdatum", required=False)
    med_budget = forms.BooleanField(
        label="Ta med budgeten",
        required=False,
        help_text="Det senaste planerade årets antal och rader blir budget för startåret. Utfall följer inte med.",
    )
    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        organisationer: QuerySet[Samverkansorganisation],
        insats: Insats | None = None,
        kopia: bool = False,
        avbryt: str,
        **kwargs: Any,
    ) -> None:
        self.insats = insats
        valbar = insats is None or not insats.last
        form = insats.samverkansform if insats else self._form_for(organisationer, args, kwargs)
        super().__init__(*args, form=form, valbar=valbar, **kwargs)
        if not kopia:
            del self.fields["med_budget"]
        if insats:
            del self.fields["samverkansorganisation"]
        else:
            self._ge_organisationer(organisationer)
        self.helper = FormHelper()
        self.helper.form_id = "insatsform"
        self.helper.layout = self._layout(avbryt)

    @staticmethod
    def _form_for(
        organisationer: QuerySet[Samverkansorganisation], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> str:
        """Samverkansformen hos den valda organisationen, eller hos den enda som finns att välja."""
        data = args[0] if args else kwargs.get("data")
        vald = (data if data is not None else kwargs.get("initial") or {}).get("samverkansorganisation")
        pk = getattr(vald, "pk", vald)
        alla = list(organisationer)
        traff = next((o for o in alla if str(o.pk) == str(pk)), alla[0] if len(alla) == 1 else None)
        return traff.samverkansform if traff else ""

    def _ge_organisationer(self, organisationer: QuerySet[Samverkansorganisation]) -> None:
        falt = modellfalt(self, "samverkansorganisation")
        falt.queryset = organisationer
        if len(organisationer) == 1:
            falt.initial = organisationer[0].pk
        falt.widget.attrs |= {
            "hx-get": reverse("insatser:kategorival"),
            **BYT_VALEN,
        }

    def _layout(self, avbryt: str) -> Layout:
        forsta = (
            Uppgift(("Samverkansorganisation", self.insats.samverkansorganisation.namn))
            if self.insats
            else Field("samverkansorganisation")
        )
        bas = Panel(
            "Basuppgifter",
            Row(forsta, "namn"),
            Row(Field("startdatum", wrapper_class="sus-date"), Field("slutdatum", wrapper_class="sus-date")),
            Field("beskrivning", wrapper_class="sus-wide"),
            *(["med_budget"] if "med_budget" in self.fields else []),
            "version",
            "token",
            css_id="bas",
        )
        return Layout(
            bas,
            self._kategoripanel(),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def _kategoripanel(self) -> Any:
        rubrik = "Kategorisering av insats"
        insats = self.insats
        if insats is None or not insats.last:
            return Panel(
                rubrik,
                self.delar(),
                HTML('{% include "_vantar.html" with id="kategori-vantar" text="Hämtar val …" only %}'),
                uppdatera_val(),
                HTML('{% include "insatser/_kategorilank.html" %}'),
                css_id="kategori",
                ingress=(
                    "Kategoriseringen avgör vilka rapporter insatsen ingår i. "
                    "Den låses när den första deltagaren eller det första antalet registreras."
                ),
            )
        return Panel(rubrik, uppgifter_om_kategorisering(insats), css_id="kategori", last=lastext(insats))

    def clean(self) -> dict[str, Any]:
        """Prövar kategoriseringen som helhet, så att alla fel visas på en gång."""
        data = super().clean() or {}
        start, slut = data.get("startdatum"), data.get("slutdatum")
        if start and slut and slut < start:
            self.add_error("slutdatum", "Slutdatum kan inte vara före startdatum.")
        if "inriktning" in self.fields and self.samverkansform:
            self._prova_kategorin(data)
        return data

    def _prova_kategorin(self, data: dict[str, Any]) -> None:
        """Tabellen säger vad som är fel med valen; Djangos egna besked om listorna säger mindre."""
        for namn in KATEGORIFALT:
            self.errors.pop(namn, None)
            inmatning = self.fields[namn].widget
            data[namn] = inmatning.value_from_datadict(self.data, self.files, self.add_prefix(namn)) or (
                [] if namn == "malgrupper" else ""
            )
        try:
            kategorier.kontrollera(
                form=self.samverkansform,
                beskrivning=data.get("beskrivning", ""),
                **{namn: data[namn] for namn in KATEGORIFALT},
            )
        except ValidationError as fel:
            visa_fel(self, fel)

    def kategori(self) -> dict[str, Any]:
        """De fyra valen, eller insatsens egna där de är låsta."""
        if self.insats and "inriktning" not in self.fields:
            return {namn: getattr(self.insats, namn) for namn in KATEGORIFALT}
        return {namn: self.cleaned_data[namn] for namn in KATEGORIFALT}

    def uppgifter(self) -> dict[str, Any]:
        """Det tjänsten tar emot."""
        falt = ("namn", "beskrivning", "startdatum", "slutdatum")
        return {**{namn: self.cleaned_data[namn] for namn in falt}, **self.kategori()}

    def efter_krock(self, insats: Insats, fel: Krock) -> tuple["InsatsForm", list[tuple[str, str, str]]]:
        """Samma formulär mot den sparade insatsen, och vad som skiljer: (fält, sparat, inskrivet)."""
        insats.refresh_from_db()
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(insats.version)
        nytt = InsatsForm(
            data, organisationer=Samverkansorganisation.objects.none(), insats=insats, avbryt=insats.get_absolute_url()
        )
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = InsatsForm(
            initial={namn: getattr(insats, namn) for namn in nytt.fields if hasattr(insats, namn)},
            organisationer=Samverkansorganisation.objects.none(),
            insats=insats,
            avbryt="",
        )
        par = [
            (str(nytt[namn].label), utdata(sparat[namn]), utdata(nytt[namn]))
            for namn in nytt.fields
            if namn in sparat.initial
        ]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]


def lastext(insats: Insats) -> str:
    """Varför panelen är låst, och sedan när (R11); tomt om den inte är det."""
    if insats.kategorisering_last_vid is None:
        return ""
    dag = timezone.localdate(insats.kategorisering_last_vid)
    return (
        f"Kategoriseringen går inte att ändra. Den låstes {dag.isoformat()}, när {insats.get_last_av_display()} "
        "registrerades i insatsen. Behöver insatsen en annan kategorisering, sätt ett slutdatum och registrera en ny."
    )


def uppgifter_om_kategorisering(insats: Insats) -> Uppgift:
    """Kategoriseringen som text."""
    return Uppgift(
        ("Inriktning", Inriktning(insats.inriktning).label),
        ("Preciserad inriktning", PreciseradInriktning(insats.preciserad_inriktning).label),
        ("Deltagarregistrering", Deltagarregistrering(insats.deltagarregistrering).label),
        ("Specifik målgrupp", [Malgrupp(kod).label for kod in kategorier.i_ordning(insats.malgrupper)]),
        css_class="sus-outputs",
    )

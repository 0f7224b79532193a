"""Formulär för insatser. De tolkar inmatningen; reglerna står i `kategorier` och prövas igen i tjänsten."""

from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout, Row, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Func, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from fkui.falt import Datumfalt
from fkui.fel import visa_fel
from fkui.layout import Knapprad, Lank, Panel, Uppgift, uppdatera_val
from fkui.templatetags.fkui import utdata
from insatser import kategorier
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning
from insatser.models import Insats, InsatsQuerySet, Samverkansorganisation
from insatser.sok import monster

# Vilket fält databasens nej hör till.
VILLKORENS_FALT: Final = {
    "insatsens_namn_en_gang_i_organisationen": "namn",
    "insats_slutar_inte_fore_start": "slutdatum",
    "insatsen_borjar_inom_organisationen": "startdatum",
    "insatsen_slutar_inom_organisationen": "slutdatum",
    "startdatum_fore_registreringarna": "startdatum",
    "slutdatum_efter_registreringarna": "slutdatum",
    "annan_inriktning_har_beskrivning": "beskrivning",
}

BYT_VALEN: Final = {
    "hx-trigger": "change",
    "hx-target": "#kategorival",
    "hx-swap": "outerHTML",
    "hx-include": "#kategorival, [name=samverkansorganisation]",
    "hx-indicator": "#kategori-vantar",
}

KATEGORIFALT: Final = ("inriktning", "preciserad_inriktning", "deltagarregistrering", "malgrupper")


def _val(poster: list[Any], tomt: str) -> list[tuple[str, str]]:
    return [("", tomt), *((post.value, post.label) for post in poster)]


class Kategoriform(forms.Form):
    """Panelen *Kategorisering av insats*: varje val avgör vilka nästa har (R9)."""

    inriktning = forms.ChoiceField(label="Inriktning", required=False)
    preciserad_inriktning = forms.ChoiceField(label="Preciserad inriktning", required=False)
    deltagarregistrering = forms.ChoiceField(
        label="Deltagarregistrering", choices=Deltagarregistrering.choices, widget=forms.RadioSelect, required=False
    )
    malgrupper = forms.MultipleChoiceField(
        label="Specifik målgrupp", widget=forms.CheckboxSelectMultiple, required=False
    )
    # Inriktningen som valen på sidan gäller för: skiljer sig den från den valda ska valen bytas.
    visad_inriktning = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, form: str, valbar: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.samverkansform = form
        if valbar:
            self._ge_val()
        else:
            for namn in (*KATEGORIFALT, "visad_inriktning"):
                del self.fields[namn]

    def _varde(self, namn: str) -> str:
        varde = self.data.get(self.add_prefix(namn)) if self.is_bound else self.initial.get(namn)
        return varde or ""

    def _ge_val(self) -> None:
        inriktning = self._varde("inriktning")
        mojliga = kategorier.val(self.samverkansform, inriktning)
        inriktningar = kategorier.inriktningar(self.samverkansform)
        falt = self.fields
        falt["inriktning"].choices = _val(
            inriktningar, "Välj inriktning" if inriktningar else "Välj samverkansorganisation först"
        )
        falt["preciserad_inriktning"].choices = _val(
            list(mojliga.preciserade), "Välj preciserad inriktning" if mojliga.preciserade else "Välj inriktning först"
        )
        falt["malgrupper"].choices = [(m.value, m.label) for m in mojliga.malgrupper]
        falt["visad_inriktning"].initial = inriktning
        for namn in KATEGORIFALT:
            # Panelen är obligatorisk i sin helhet; reglerna om den ger bättre besked än "obligatoriskt".
            falt[namn].dolj_valfritt = True
        if not inriktningar:
            falt["inriktning"].widget.attrs["disabled"] = True
        if not mojliga.preciserade:
            falt["preciserad_inriktning"].widget.attrs["disabled"] = True
        falt["inriktning"].widget.attrs |= {
            "hx-get": reverse("insatser:kategorival", query={"form": self.samverkansform}),
            **BYT_VALEN,
        }

    @staticmethod
    def delar() -> Div:
        """Fälten som htmx byter ut när inriktningen väljs."""
        return Div(
            Field("inriktning", wrapper_class="sus-narrow"),
            Field("preciserad_inriktning", wrapper_class="sus-narrow"),
            "deltagarregistrering",
            "malgrupper",
            "visad_inriktning",
            css_id="kategorival",
        )


def kategorival(data: dict[str, Any], *, form: str) -> dict[str, Any]:
    """Valen efter att inriktningen valts: det som inte längre passar rensas, och R10:s förval sätts."""
    inriktning = data.get("inriktning") or ""
    if inriktning not in kategorier.inriktningar(form):
        inriktning = ""
    mojliga = kategorier.val(form, inriktning)
    registrering = data.get("deltagarregistrering") or ""
    if inriktning != (data.get("visad_inriktning") or ""):
        forval = kategorier.FORVALD_REGISTRERING.get(Inriktning(inriktning)) if inriktning else None
        forvald_forut = registrering == Deltagarregistrering.ANTAL
        registrering = forval.value if forval else ("" if forvald_forut else registrering)
    preciserad = data.get("preciserad_inriktning") or ""
    return {
        "inriktning": inriktning,
        "preciserad_inriktning": preciserad if preciserad in mojliga.preciserade else "",
        "deltagarregistrering": registrering,
        "malgrupper": [m for m in data.get("malgrupper", []) if m in mojliga.malgrupper],
    }


class Kategoripanel(Kategoriform):
    """Bara de beroende valen, för htmx."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(self.delar())


class InsatsForm(Kategoriform):
    """Sidan *Registrera insats*, för en ny insats eller för att ändra en som finns."""

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
        help_text="Syfte, målgrupp och arbetssätt. Visas i Insatsrapporten. Skriv inga personuppgifter.",
        error_messages={"max_length": "Beskrivningen får vara högst 4 000 tecken."},
    )
    startdatum = Datumfalt(label="Startdatum")
    slutdatum = Datumfalt(label="Slutdatum", required=False)
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        organisationer: QuerySet[Samverkansorganisation],
        insats: Insats | None = None,
        avbryt: str,
        **kwargs: Any,
    ) -> None:
        self.insats = insats
        valbar = insats is None or not (insats.last or insats.ar_kontor)
        form = insats.samverkansform if insats else self._form_for(organisationer, args, kwargs)
        super().__init__(*args, form=form, valbar=valbar, **kwargs)
        if insats:
            del self.fields["samverkansorganisation"]
        else:
            self._ge_organisationer(organisationer)
            self.fields["token"].initial = uuid4
        self.helper = FormHelper()
        self.helper.form_id = "insatsform"
        self.helper.attrs = {"data-osparat": ""}
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
        falt = self.fields["samverkansorganisation"]
        assert isinstance(falt, forms.ModelChoiceField)
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
            "version" if self.insats else "token",
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
        if insats is None or not (insats.last or insats.ar_kontor):
            return Panel(
                rubrik,
                self.delar(),
                HTML('{% include "_vantar.html" with id="kategori-vantar" text="Hämtar val …" only %}'),
                uppdatera_val(),
                css_id="kategori",
                ingress=(
                    "Kategoriseringen avgör vilka rapporter insatsen ingår i. "
                    "Den låses när den första deltagaren registreras."
                ),
            )
        if insats.ar_kontor:
            return Panel(rubrik, css_id="kategori", ingress="Ett kontor i Af/FK-samarbetet kategoriseras inte.")
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
            data[namn] = self.data.getlist("malgrupper") if namn == "malgrupper" else self.data.get(namn, "")
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
        data = self.data.copy()
        data["version"] = insats.version
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
            (nytt[namn].label, utdata(sparat[namn]), utdata(nytt[namn]))
            for namn in nytt.fields
            if namn in sparat.initial
        ]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]

    def token_eller_ny(self) -> UUID:
        """Formulärets token; ett formulär utan en får en egen."""
        return self.cleaned_data.get("token") or uuid4()


def lastext(insats: Insats) -> str:
    """Varför panelen är låst, och sedan när (R11)."""
    assert insats.kategorisering_last_vid
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


class Laget(models.TextChoices):
    """Insatsens läge en viss dag, räknat ur dess datum."""

    KOMMANDE = "kommande", "Kommande"
    PAGAENDE = "pagaende", "Pågående"
    AVSLUTAD = "avslutad", "Avslutad"


class Sokform(forms.Form):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    SORTERINGAR: Final = {
        "namn": Func("namn", function="sus_sortnyckel"),
        "samverkansorganisation": Func("samverkansorganisation__namn", function="sus_sortnyckel"),
        "startdatum": models.F("startdatum"),
    }

    q = forms.CharField(label="Insatsnamn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    organisation = forms.ModelChoiceField(
        Samverkansorganisation.objects.order_by(Func("namn", function="sus_sortnyckel")),
        label="Samverkansorganisation",
        required=False,
        empty_label="Alla",
    )
    lage = forms.ChoiceField(label="Läge", required=False, choices=[("", "Alla"), *Laget.choices])
    mina = forms.BooleanField(label="Bara där jag har uppdrag", required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.is_valid()
        for falt in self.fields.values():
            falt.dolj_valfritt = True
        sortering = data.get("sortering", "")
        self.sortering = sortering if sortering.removeprefix("-") in self.SORTERINGAR else "namn"
        self.helper = FormHelper()
        self.helper.form_method = "get"
        self.helper.form_class = "sus-filter"
        self.helper.form_show_errors = False
        self.helper.attrs = {"role": "search", "aria-label": "Insatser"}
        self.helper.layout = Layout(
            "q",
            "organisation",
            "lage",
            "mina",
            Div(Submit("", "Sök", css_class="button button--secondary button--medium"), css_class="sus-filter__sok"),
        )

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än hela listan är valt."""
        return any(self.cleaned_data.get(namn) for namn in self.fields)

    def urval(self, insatser: InsatsQuerySet, *, idag: date, anvandare: Anvandare) -> InsatsQuerySet:
        """Insatserna som sökningen träffar, sorterade; namnlika i nyckelordning."""
        data = self.cleaned_data
        if sokt := data.get("q"):
            insatser = insatser.filter(namn__iregex=monster(sokt))
        if organisation := data.get("organisation"):
            insatser = insatser.filter(samverkansorganisation=organisation)
        slut = models.Q(slutdatum__lt=idag)
        lagen = {
            Laget.KOMMANDE: models.Q(startdatum__gt=idag),
            Laget.PAGAENDE: models.Q(startdatum__lte=idag) & ~slut,
            Laget.AVSLUTAD: slut,
        }
        if lage := data.get("lage"):
            insatser = insatser.filter(lagen[Laget(lage)])
        if data.get("mina"):
            egna = [
                Insats.objects.synliga_for(anvandare, rattighet).values("pk")
                for rattighet in (Rattighet.REGISTRERA_INSATS, Rattighet.REGISTRERA_DELTAGARE)
            ]
            insatser = insatser.filter(models.Q(pk__in=egna[0]) | models.Q(pk__in=egna[1]))
        ordning = self.SORTERINGAR[self.sortering.removeprefix("-")]
        return insatser.order_by(ordning.desc() if self.sortering.startswith("-") else ordning.asc(), "pk")

"""Formulär för registrering av deltagare. Reglerna står i tjänsten och i databasen."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final
from uuid import uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit, TemplateNameMixin
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from deltagare.models import Anonym, Deltagande, Kod
from deltagare.personnummer import OgiltigtPersonnummer, Personnummer, tolka
from deltagare.uppgifter import ANLEDNINGAR_ATT_TA_BORT, FELREGISTRERING, HJALP, Kodverk, Kon, fel_i_forsorjning
from fkui.falt import Datumfalt, Heltalsfalt
from fkui.layout import Knapp, Knapprad, Lank, Panel, Uppgift
from fkui.widgets import PersonnummerText
from insatser.models import Insats, Kommun, Stadsdel

INREGISTRERING, UTREGISTRERING = "in", "ut"

VILLKORENS_FALT: Final = {
    "samtycke_finns_fore_inregistrering": "samtycke",
    "utregistrering_inte_fore_inregistrering": "utregistrering",
    "inregistrering_inom_insatsen": "inregistrering",
    "utregistrering_inom_insatsen": "utregistrering",
    "deltaganden_overlappar_inte": "inregistrering",
    "insatsen_tar_emot_registreringen": "insats",
    "aret_ligger_inom_insatsen": "ar",
}

JA_NEJ: Final = (("ja", "Ja"), ("nej", "Nej"))

# Byter formuläret mot ett som frågar efter det som gäller. POST: personnumret står aldrig i en adress (P7).
BYT_FORMULAR: Final = {
    "hx-target": "#registrering",
    "hx-select": "#registrering",
    "hx-swap": "outerHTML",
    "hx-include": "closest form",
}


class Kodval:
    """Kodverkens val en viss dag, lästa med en fråga."""

    def __init__(self) -> None:
        dag = timezone.localdate()
        self._val: dict[str, list[tuple[str, str]]] = {}
        for kod in Kod.objects.giltiga(dag):
            self._val.setdefault(kod.kodverk, []).append((kod.kod, kod.etikett))

    def __getitem__(self, kodverk: Kodverk) -> list[tuple[str, str]]:
        return self._val.get(kodverk, [])


class Insatsfalt(forms.ModelChoiceField):
    """Insatserna som användaren når, grupperade efter samverkansorganisation."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Insats.objects.none(),
            label="Insats",
            empty_label="Välj insats",
            error_messages={"required": "Välj insats.", "invalid_choice": "Du har inget uppdrag på den insatsen."},
            **kwargs,
        )


class Personnummerfalt(forms.CharField):
    """Person- eller samordningsnummer. Ger `Personnummer`; felet upprepar aldrig numret."""

    widget = PersonnummerText

    def clean(self, value: Any) -> Personnummer | None:
        """Kontrollerar numret (R17)."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return tolka(text, idag=timezone.localdate())
        except OgiltigtPersonnummer as fel:
            raise ValidationError(str(fel), code="invalid") from fel


def _svarsfalt(tillfalle: str, kodval: Kodval) -> dict[str, forms.Field]:
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
        ett.dolj_valfritt = True
        ett.hjalp = HJALP.get(namn, "")
    for namn in ("arbete", "studier"):
        falt[namn].error_messages |= dict.fromkeys(("min_value", "max_value"), "Ange andelen i procent, 1–100.")
    return {f"{namn}_{tillfalle}": ett for namn, ett in falt.items()}


def _svarslayout(tillfalle: str) -> list[Any]:
    def namn(falt: str) -> str:
        return f"{falt}_{tillfalle}"

    return [
        namn("forsorjning"),
        Field(namn("arbetar"), inline=True),
        Div(
            Row(Field(namn("arbete"), wrapper_class="sus-short"), namn("arbetstyp")),
            data_visas_om=f"{namn('arbetar')}=ja",
        ),
        Field(namn("studerar")),
        Div(Field(namn("studier"), wrapper_class="sus-short"), data_visas_om=f"{namn('studerar')}=ja"),
        Field(namn("arbetssokande")),
    ]


class Registreringsform(forms.Form):
    """Sidan *Registrera deltagare*. Vad som frågas beror på om deltagaren in- eller utregistreras."""

    insats = Insatsfalt()
    personnummer = Personnummerfalt(
        label="Personnummer",
        max_length=20,
        help_text="ååååmmdd-nnnn. Samordningsnummer går också bra.",
        error_messages={"required": "Ange personnummer.", "max_length": "Kontrollera personnumret: det är för långt."},
    )
    registrering = forms.ChoiceField(
        label="Registrering",
        choices=[(INREGISTRERING, "Inregistrering"), (UTREGISTRERING, "Utregistrering")],
        widget=forms.RadioSelect,
        initial=INREGISTRERING,
        error_messages={"required": "Välj inregistrering eller utregistrering."},
    )

    tillfalle: str

    def __init__(self, *args: Any, insatser: QuerySet[Insats], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        insatsfalt = self.fields["insats"]
        assert isinstance(insatsfalt, forms.ModelChoiceField)
        insatsfalt.queryset = insatser
        self.fields["registrering"].widget.attrs |= {
            "hx-post": reverse("deltagare:registrera"),
            "hx-trigger": "change",
            "hx-vals": '{"uppdatera": "1"}',
            **BYT_FORMULAR,
        }
        self.helper = FormHelper()
        self.helper.form_id = "registrering"
        self.helper.form_action = reverse("deltagare:registrera")
        self.helper.attrs = {"data-osparat": "", "autocomplete": "off"}

    def _forsta_panel(self, *ovrigt: Any) -> Panel:
        return Panel(
            "Deltagare",
            Field("insats", wrapper_class="sus-narrow"),
            Field("personnummer", wrapper_class="sus-narrow"),
            "registrering",
            Knapp("Uppdatera val", namn="uppdatera", utan_skript=True),
            *ovrigt,
            css_id="deltagare",
        )

    def clean(self) -> dict[str, Any]:
        """Prövar svaren mot varandra (`doman.md` 4)."""
        data = super().clean() or {}
        if f"forsorjning_{self.tillfalle}" in self.fields and data.get("avslutningsanledning") != FELREGISTRERING:
            self._prova_svar(data)
        return data

    def _prova_svar(self, data: Mapping[str, Any]) -> None:
        forsorjning = f"forsorjning_{self.tillfalle}"
        if fel := fel_i_forsorjning(data.get(forsorjning) or []):
            self.add_error(forsorjning, fel)
        for fraga, andel in (("arbetar", "arbete"), ("studerar", "studier")):
            falt = f"{andel}_{self.tillfalle}"
            if data.get(f"{fraga}_{self.tillfalle}") == "ja" and data.get(falt) is None and falt not in self.errors:
                self.add_error(falt, "Ange andelen i procent, 1–100.")

    def svar(self) -> dict[str, Any]:
        """Svaren så som de lagras: andel 0 är nej, tomt är uppgift saknas."""
        data, efter = self.cleaned_data, f"_{self.tillfalle}"
        andel = {"ja": None, "nej": 0, "": None}
        lagras = {
            f"forsorjning{efter}": data[f"forsorjning{efter}"],
            f"arbetssokande{efter}": {"ja": True, "nej": False}.get(data[f"arbetssokande{efter}"]),
            f"arbetstyp{efter}": data[f"arbetstyp{efter}"] if data[f"arbetar{efter}"] == "ja" else [],
        }
        for fraga, falt in (("arbetar", "arbete"), ("studerar", "studier")):
            givet = data[f"{fraga}{efter}"]
            lagras[f"{falt}{efter}"] = data[f"{falt}{efter}"] if givet == "ja" else andel[givet]
        for namn in ("utbildning", "tid_i_forsorjning"):
            if namn in data:
                lagras[namn] = data[namn]
        return lagras


class Inregistreringsform(Registreringsform):
    """In: samtycke, namn, folkbokföring och situationen direkt före."""

    tillfalle = "fore"

    samtycke = Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})
    inregistrering = Datumfalt(label="Datum för inregistrering")
    fornamn = forms.CharField(label="Förnamn", max_length=100, error_messages={"required": "Ange förnamn."})
    efternamn = forms.CharField(label="Efternamn", max_length=100, error_messages={"required": "Ange efternamn."})
    kommun = forms.ModelChoiceField(
        Kommun.objects.none(),
        label="Folkbokföringskommun",
        empty_label="Välj kommun",
        error_messages={"required": "Välj kommun.", "invalid_choice": "Välj en kommun i listan."},
    )
    stadsdel = forms.ModelChoiceField(
        Stadsdel.objects.none(),
        label="Stadsdel",
        required=False,
        empty_label="Ingen stadsdel",
        help_text="Anges för den som är folkbokförd i Stockholm eller Göteborg.",
    )
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kodval = Kodval()
        falt = self.fields
        falt["samtycke"].hjalp = (
            "Skriftligt samtycke ska finnas innan personuppgifter registreras. Ett nytt samtycke behövs för varje "
            "inregistrering. Utan samtycke registreras deltagaren som anonym."
        )
        falt["kommun"].queryset = Kommun.objects.all()  # type: ignore[attr-defined]
        falt["kommun"].choices = cache(_kommuner)  # type: ignore[attr-defined]
        falt["stadsdel"].queryset = Stadsdel.objects.filter(giltig_till=None)  # type: ignore[attr-defined]
        falt["stadsdel"].choices = cache(_stadsdelar)  # type: ignore[attr-defined]
        falt["stadsdel"].dolj_valfritt = True
        falt["token"].initial = uuid4
        falt["tid_i_forsorjning"] = _ett_av("Tid i offentlig försörjning", kodval[Kodverk.TID_I_FORSORJNING])
        falt["utbildning"] = _ett_av("Högsta slutförda utbildning", kodval[Kodverk.UTBILDNING])
        for namn in ("tid_i_forsorjning", "utbildning"):
            falt[namn].hjalp = HJALP[namn]
        falt.update(_svarsfalt("fore", kodval))
        forsorjning, *resten = _svarslayout("fore")
        self.helper.layout = Layout(
            self._forsta_panel(),
            Panel(
                "Inregistrering",
                Row(Field("samtycke", wrapper_class="sus-date"), Field("inregistrering", wrapper_class="sus-date")),
                Row("fornamn", "efternamn"),
                Row("kommun", "stadsdel"),
                "token",
                css_id="in",
            ),
            Panel(
                "Situationen direkt före",
                forsorjning,
                Row("tid_i_forsorjning", "utbildning"),
                *resten,
                css_id="fore",
                ingress="Lämna en fråga tom om uppgift saknas.",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def clean(self) -> dict[str, Any]:
        """Stadsdelen hör till kommunen."""
        data = super().clean()
        kommun, stadsdel = data.get("kommun"), data.get("stadsdel")
        if kommun and stadsdel and stadsdel.kommun_id != kommun.pk:
            self.add_error("stadsdel", f"{stadsdel.namn} ligger inte i {kommun.namn}.")
        return data


class Utregistreringsform(Registreringsform):
    """Ut: datum, avslutningsanledning och situationen efter. Frågorna kommer när deltagaren är hämtad."""

    tillfalle = "efter"

    def __init__(self, *args: Any, deltagande: Deltagande | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hamta = Knapp(
            "Hämta", namn="hamta", hx_post=reverse("deltagare:registrera"), hx_vals='{"hamta": "1"}', **_htmx(BYT_FORMULAR)
        )
        if deltagande is None:
            self.helper.layout = Layout(
                self._forsta_panel(hamta), Knapprad(Lank("Avbryt", reverse("start")))
            )
            return
        kodval = Kodval()
        falt = self.fields
        falt["deltagande"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.pk)
        falt["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.version)
        falt["utregistrering"] = Datumfalt(label="Datum för utregistrering")
        falt["avslutningsanledning"] = _ett_av(
            "Avslutningsanledning", kodval[Kodverk.AVSLUTNINGSANLEDNING], required=True
        )
        falt["avslutningsanledning"].hjalp = (
            "Felregistrering används när inregistreringen var fel: den räknas då ingenstans och inget annat frågas. "
            "Vid återtaget samtycke tas deltagarens identitet bort, och deltagaren registreras inte som anonym i stället."
        )
        falt.update(_svarsfalt("efter", kodval))
        self.helper.layout = Layout(
            self._forsta_panel(hamta),
            Panel(
                "Utregistrering",
                Uppgift(
                    ("Namn", deltagande.person.identitet.namn()),
                    ("Inregistrering", deltagande.inregistrering),
                    css_class="sus-outputs",
                ),
                Row(Field("utregistrering", wrapper_class="sus-date"), "avslutningsanledning"),
                "deltagande",
                "version",
                css_id="ut",
            ),
            Div(
                Panel(
                    "Situationen efter",
                    *_svarslayout("efter"),
                    css_id="efter",
                    ingress="Lämna en fråga tom om uppgift saknas.",
                ),
                data_visas_om=f"avslutningsanledning!={FELREGISTRERING}",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )


def _htmx(attribut: Mapping[str, str]) -> dict[str, str]:
    return {namn.replace("-", "_"): varde for namn, varde in attribut.items()}


def _ett_av(etikett: str, val: Iterable[tuple[str, str]], *, required: bool = False) -> forms.ChoiceField:
    falt = forms.ChoiceField(
        label=etikett,
        choices=[("", "Välj"), *val],
        required=required,
        error_messages={"required": f"Välj {etikett.lower()}."},
    )
    falt.dolj_valfritt = True  # type: ignore[attr-defined]
    return falt


# Funktioner, inte listor: de läses bara när formuläret visas, inte när det sparas.
def _kommuner() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[str, str]]] = {}
    for kommun in Kommun.objects.select_related("lan"):
        grupper.setdefault(kommun.lan.namn, []).append((kommun.pk, kommun.namn))
    return [("", "Välj kommun"), *grupper.items()]


def _stadsdelar() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[int, str]]] = {}
    for stadsdel in Stadsdel.objects.filter(giltig_till=None).select_related("kommun").order_by("kommun", "namn"):
        grupper.setdefault(stadsdel.kommun.namn, []).append((stadsdel.pk, stadsdel.namn))
    return [("", "Ingen stadsdel"), *grupper.items()]


class Anonymform(forms.Form):
    """Sidan *Registrera anonyma deltagare*: ett år i taget, flera rader före *Spara* (`doman.md` 5).

    Raderna som är tillagda följer med som dolda fält, `kvinna:3`, så att sidan klarar sig utan skript.
    """

    insats = Insatsfalt()
    ar = Heltalsfalt(
        label="Inregistreringsår",
        help_text="Året då deltagarna började i insatsen, åååå.",
        error_messages={"required": "Ange inregistreringsår."},
    )
    antal_kvinnor = Heltalsfalt(label="Antal kvinnor", required=False, min_value=1, max_value=9999)
    antal_man = Heltalsfalt(label="Antal män", required=False, min_value=1, max_value=9999)
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, insatser: QuerySet[Insats], rader: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        insatsfalt = self.fields["insats"]
        assert isinstance(insatsfalt, forms.ModelChoiceField)
        insatsfalt.queryset = insatser
        self.rader = [rad for rad in map(_tolka_rad, rader) if rad]
        self.fields["token"].initial = uuid4
        for namn in ("antal_kvinnor", "antal_man"):
            self.fields[namn].dolj_valfritt = True
            self.fields[namn].error_messages |= dict.fromkeys(("min_value", "max_value"), "Ange ett antal, 1–9 999.")
        self.helper = FormHelper()
        self.helper.form_id = "anonyma"
        self.helper.form_action = reverse("deltagare:anonyma")
        self.helper.attrs = {"data-osparat": ""}
        self.helper.layout = Layout(
            Panel(
                "Anonyma deltagare",
                Field("insats", wrapper_class="sus-narrow"),
                Field("ar", wrapper_class="sus-short"),
                Div(
                    Field("antal_kvinnor", wrapper_class="sus-short"),
                    Knapp("Lägg till", namn="lagg_till", varde="kvinna", aria_label="Lägg till kvinnor"),
                    css_class="sus-lagg-till",
                ),
                Div(
                    Field("antal_man", wrapper_class="sus-short"),
                    Knapp("Lägg till", namn="lagg_till", varde="man", aria_label="Lägg till män"),
                    css_class="sus-lagg-till",
                ),
                "token",
                Tillagda(),
                css_id="anonyma-deltagare",
                ingress=(
                    "För dem som inte samtycker och dem med skyddade personuppgifter. Bara år och kön registreras. "
                    "Den som ska räknas ett år till registreras igen för det året."
                ),
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def med_inskrivet(self) -> list[tuple[str, int]]:
        """Tillagda rader och det som står ifyllt men inte är tillagt: *Spara* tappar inget som skrivits."""
        data = self.cleaned_data
        ifyllt = [("kvinna", data.get("antal_kvinnor")), ("man", data.get("antal_man"))]
        return [*self.rader, *((kon, antal) for kon, antal in ifyllt if antal)]


class Tillagda(TemplateNameMixin):
    """Raderna som är tillagda men inte sparade, var och en med *Ta bort*."""

    template = "deltagare/_anonyma_rader.html"

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        """Raderna som HTML, med summan."""
        summa = {kon: sum(antal for k, antal in form.rader if k == kon) for kon in Kon.values}
        rader = [(plats, Kon(kon).label, antal, f"{kon}:{antal}") for plats, (kon, antal) in enumerate(form.rader)]
        return render_to_string(self.template, {"rader": rader, "summa": summa})


def _tolka_rad(text: str) -> tuple[str, int] | None:
    kon, _, antal = text.partition(":")
    if kon in Kon.values and antal.isascii() and antal.isdigit() and 0 < int(antal[:6]) <= 9999:
        return kon, int(antal)
    return None


class AnonymBorttagsform(forms.Form):
    """*Ta bort*: rättar fel, är ingen utregistrering (`doman.md` 5)."""

    vilka = forms.ChoiceField(label="Registrerade", error_messages={"required": "Välj vilka som ska tas bort."})
    antal = Heltalsfalt(
        label="Antal att ta bort",
        min_value=1,
        error_messages={"required": "Ange hur många.", "min_value": "Ange hur många som ska tas bort."},
    )
    anledning = forms.ChoiceField(label="Anledning", error_messages={"required": "Välj anledning."})
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, registrerade: Iterable[Anonym], avbryt: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vilka = [(f"{rad.ar}:{rad.kon}", f"{rad.ar}, {Kon(rad.kon).label.lower()}: {rad.antal}") for rad in registrerade]
        self.fields["vilka"].choices = [("", "Välj år och kön"), *vilka]  # type: ignore[attr-defined]
        self.fields["anledning"].choices = [("", "Välj anledning"), *ANLEDNINGAR_ATT_TA_BORT]  # type: ignore[attr-defined]
        self.fields["token"].initial = uuid4
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Panel(
                "Ta bort felregistrerade",
                Field("vilka", wrapper_class="sus-narrow"),
                Field("antal", wrapper_class="sus-short"),
                Field("anledning", wrapper_class="sus-narrow"),
                "token",
                css_id="ta-bort",
                ingress="Ta bort är till för att rätta fel. Anonyma deltagare utregistreras inte.",
            ),
            Knapprad(Submit("ta_bort", "Ta bort"), Lank("Avbryt", avbryt)),
        )


class Antalsform(forms.Form):
    """Sidan *Registrera antal*: det faktiska antalet per kalenderår i en volyminsats."""

    def __init__(self, *args: Any, ar: Iterable[tuple[int, int | None, int, int | None]], avbryt: str, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.aren: list[int] = []
        layout: list[Any] = []
        for aret, antal, version, plan in ar:
            self.aren.append(aret)
            self.fields[f"antal_{aret}"] = Heltalsfalt(
                label=f"Faktiskt antal {aret}",
                required=False,
                min_value=0,
                max_value=9_999_999,
                initial=antal,
                help_text=f"Budgeterat antal: {plan if plan is not None else 'inte angivet'}",
                error_messages=dict.fromkeys(("min_value", "max_value"), "Ange ett antal, 0 eller mer."),
            )
            self.fields[f"antal_{aret}"].dolj_valfritt = True
            self.fields[f"version_{aret}"] = forms.IntegerField(
                widget=forms.HiddenInput, initial=version, required=False, min_value=0
            )
            layout += [Field(f"antal_{aret}", wrapper_class="sus-short"), f"version_{aret}"]
        self.helper = FormHelper()
        self.helper.attrs = {"data-osparat": ""}
        self.helper.layout = Layout(
            Panel(
                "Antal per kalenderår",
                *layout,
                css_id="antal",
                ingress=(
                    "Antalet kan vara personer, till exempel på en utbildning, eller tillfällen, till exempel "
                    "informationsmöten. Lämna ett år tomt om inget antal ska stå där."
                ),
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def per_ar(self) -> dict[int, tuple[int | None, int]]:
        """Antal och version per år."""
        data = self.cleaned_data
        return {aret: (data[f"antal_{aret}"], data[f"version_{aret}"] or 0) for aret in self.aren}

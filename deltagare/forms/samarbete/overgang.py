"""*Övergång till*: nästa steg i ett samarbete, och byte av kontor (`doman.md` 6, R26, R29)."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from deltagare.forms.bekraftelse import Aterkallelse
from deltagare.forms.samarbete.falt import KONTORETS_ETIKETT, Kontorsfalt, ge_kontor, kontoren, krav_oppna
from deltagare.models import Overgangsregel, Samarbete
from deltagare.overgangar import Insatstyp, Myndighet, Orsak
from fkui.falt import Datumfalt, Tokenfalt, marka, valfalt
from fkui.layout import Knapprad, Lank, Panel

OVERGANGENS_FALT: Final = {
    "overgangen_ar_oppen": "till",
    "inget_efter_slutet": "till",
    "datum_gar_inte_baklanges": "datum",
    "slut_efter_kontorsbytet": "datum",
    "overgangen_inom_kontorets_tid": "datum",
    "orsak_vid_avbrutet": "orsak",
}
KONTORETS_FALT: Final = {
    "kontoren_ar_ett_av_varje": "af_kontor",
    "kontoren_byts_en_gang_om_dagen": "datum",
    "kontorets_tid": "datum",
    "kontoren_inom_samarbetets_tid": "datum",
}
BEGARANS_FALT: Final = {
    "samtycke_finns_fore_samarbetet": "samtycke",
    "samarbetets_samtycke_arkiverat_efterat": "samtycke",
    "datum_gar_inte_baklanges": "datum",
    "overgangen_inom_kontorets_tid": "datum",
    "kontorets_tid": "datum",
    "kontoren_inom_samarbetets_tid": "datum",
}
IDENTITETEN_TAS_BORT: Final = (
    "När samtycket återtas tas namn, personnummer, kommun och stadsdel bort ur samarbetet. Det går inte att ångra."
)


class Varning:
    """En ruta i ett formulär."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render(self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Rutan som HTML."""
        return render_to_string("_ruta.html", {"slag": "varning", "text": self._text})


class Stegval(forms.ChoiceField):
    """Insatstyperna som är öppna härifrån.

    Också en som har stängts sedan sidan visades går att skicka: databasen svarar på den, med varför.
    """

    def valid_value(self, value: Any) -> bool:
        """Sant för varje insatstyp."""
        return value in Insatstyp.values


class Samarbetsform(forms.Form):
    """Det som ändrar ett samarbete så som det såg ut när sidan visades."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    token = Tokenfalt()

    def satt_layout(self, *paneler: Any, knapp: str, avbryt: str) -> None:
        """Panelerna, och raden med knapparna."""
        self.helper = FormHelper()
        self.helper.form_id = "samarbete"
        self.helper.attrs = {"autocomplete": "off"}
        rad = Knapprad(Submit("spara", knapp), Lank("Avbryt", avbryt))
        self.helper.layout = Layout(*paneler, "version", "token", rad)


class Overgangsform(Samarbetsform):
    """Nästa övergång. Stegen som den andra myndigheten normalt registrerar kräver en bekräftelse (R26)."""

    till = Stegval(
        label="Övergång till", widget=forms.RadioSelect, error_messages={"required": "Välj vart deltagaren går."}
    )
    datum = Datumfalt(label="Datum för övergången", error_messages={"required": "Ange datum för övergången."})
    orsak = forms.ChoiceField(
        label="Orsak",
        choices=Orsak.choices,
        widget=forms.RadioSelect,
        required=False,
        help_text="Anges för Avbrutet samarbete.",
    )
    bekraftad = forms.BooleanField(required=False)
    field_order = ("till", "bekraftad", "datum", "orsak")

    def __init__(
        self,
        *args: Any,
        samarbete: Samarbete,
        regler: Sequence[Overgangsregel],
        egna: Collection[Myndighet],
        avbryt: str,
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = {"version": samarbete.version, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self._andras = {regel.till: Myndighet(regel.myndighet) for regel in regler if regel.myndighet not in egna}
        valfalt(self, "till").choices = stegval(regler, egna)
        marka(self.fields["orsak"], dolj_valfritt=True)
        marka(self.fields["bekraftad"], dolj_valfritt=True)
        andras = [regel.till for regel in regler if regel.oppen and regel.till in self._andras]
        bekraftelse: list[Any] = []
        if andras or set(self.data.getlist("till") if hasattr(self.data, "getlist") else ()) & set(self._andras):
            myndighet = next(iter(self._andras.values())).label
            self.fields["bekraftad"].label = f"Jag registrerar ett steg som {myndighet} normalt registrerar"
            bekraftelse = [Div("bekraftad", data_visas_om=f"till={'|'.join(self._andras)}")]
        self.satt_layout(
            Panel(
                "Övergång",
                "till",
                *bekraftelse,
                Field("datum", wrapper_class="sus-date"),
                Div("orsak", data_visas_om=f"till={Insatstyp.AVBRUTET}"),
                Div(Varning(IDENTITETEN_TAS_BORT), data_visas_om=f"orsak={Orsak.SAMTYCKE_ATERTAS}"),
                css_id="overgang",
            ),
            knapp="Spara",
            avbryt=avbryt,
        )

    def clean(self) -> dict[str, Any]:
        """Orsak bara när samarbetet avbryts, och bekräftelse för den andra myndighetens steg."""
        data = super().clean() or {}
        till = data.get("till")
        if till == Insatstyp.AVBRUTET and not data.get("orsak") and "orsak" not in self.errors:
            self.add_error("orsak", "Välj varför samarbetet avbryts.")
        if till != Insatstyp.AVBRUTET:
            self.errors.pop("orsak", None)
            data["orsak"] = ""
        myndighet = self._andras.get(till or "")
        if myndighet and not data.get("bekraftad"):
            self.add_error(
                "bekraftad" if self.fields["bekraftad"].label else "till",
                f"{myndighet.label} registrerar normalt det steget. Kryssa i att du registrerar det ändå.",
            )
        return data


def stegval(regler: Sequence[Overgangsregel], egna: Collection[Myndighet]) -> list[tuple[str, list[tuple[str, str]]]]:
    """De öppna stegen, grupperade efter vem som normalt registrerar dem: de egna först."""
    grupper: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for typ in Insatstyp:
        for regel in regler:
            if regel.oppen and regel.till == typ:
                grupper[regel.myndighet in egna].append((typ.value, typ.label))
    andras = next((Myndighet(r.myndighet).label for r in regler if r.oppen and r.myndighet not in egna), "")
    rubriker = {True: "Registreras normalt av dig" if grupper[False] else "", False: f"Registreras normalt av {andras}"}
    return [(rubriker[vilka], val) for vilka, val in grupper.items() if val]


class Kontorsbytesform(Samarbetsform):
    """De två kontoren från och med en dag (R29)."""

    af_kontor = Kontorsfalt(KONTORETS_ETIKETT[Myndighet.AF])
    fk_kontor = Kontorsfalt(KONTORETS_ETIKETT[Myndighet.FK])
    datum = Datumfalt(label="Från och med", required=False)
    rattas = forms.BooleanField(
        label="De nuvarande kontoren angavs av misstag och rättas",
        required=False,
        help_text="Kryssa i bara om samarbetet aldrig har varit hos dem. De når det inte efteråt. Dagen behövs inte.",
    )

    def __init__(self, *args: Any, samarbete: Samarbete, avbryt: str, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "version": samarbete.version,
            "af_kontor": samarbete.af_kontor_id,
            "fk_kontor": samarbete.fk_kontor_id,
        }
        super().__init__(*args, **kwargs)
        self._samarbete = samarbete
        for falt, myndighet in (("af_kontor", Myndighet.AF), ("fk_kontor", Myndighet.FK)):
            ge_kontor(self, falt, kontoren([myndighet]))
        for namn in ("datum", "rattas"):
            marka(self.fields[namn], dolj_valfritt=True)
        self.satt_layout(
            Panel(
                "Kontor",
                Row("af_kontor", "fk_kontor"),
                Field("datum", wrapper_class="sus-date"),
                "rattas",
                css_id="kontor",
            ),
            knapp="Byt kontor",
            avbryt=avbryt,
        )

    def clean(self) -> dict[str, Any]:
        """Dagen behövs när kontoren byts, och båda finns då."""
        data = super().clean() or {}
        dag, rattas = data.get("datum"), data.get("rattas")
        if rattas and dag:
            self.add_error("rattas", "Ange antingen en dag eller att kontoren rättas, inte båda.")
        elif not rattas and not dag and "datum" not in self.errors:
            self.add_error("datum", "Ange från och med vilken dag.")
        if rattas:
            dag = self._samarbete.kontor.aggregate(senast=Max("datum"))["senast"]
        krav_oppna(self, dag, "af_kontor", "fk_kontor")
        return data


class Begaransrattelse(Samarbetsform):
    """Begärans datum, och samtycket som samarbetet vilar på."""

    datum = Datumfalt(
        label="Begäran om gemensam kartläggning",
        help_text="åååå-mm-dd. Dagen då begäran skickades eller kom in.",
        error_messages={"required": "Ange när begäran skickades eller kom in."},
    )
    samtycke = Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})

    def __init__(self, *args: Any, samarbete: Samarbete, avbryt: str, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "version": samarbete.version,
            "datum": samarbete.borjan,
            "samtycke": samarbete.samtycke,
        }
        super().__init__(*args, **kwargs)
        falten = (Field(falt, wrapper_class="sus-date") for falt in ("datum", "samtycke"))
        self.satt_layout(Panel("Begäran", *falten, css_id="begaran"), knapp="Spara", avbryt=avbryt)


class Samtyckesaterkallelse(Aterkallelse):
    """När samtycket återtogs, för ett pågående samarbete."""

    def paneler(self) -> list[Any]:
        """Dagen, som blir samarbetets sista."""
        ingress = "Samarbetet avbryts den dagen."
        return [Panel("Avbrutet samarbete", Field("dag", wrapper_class="sus-date"), css_id="ut", ingress=ingress)]

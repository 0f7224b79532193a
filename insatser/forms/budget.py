"""Sidan *Ändra insatsbudget*: ett kalenderår, med så många rader som behövs (`doman.md` 3.2)."""

from collections.abc import Mapping
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Fieldset, Layout, Submit
from django import forms
from django.http import QueryDict

from fkui.falt import Heltalsfalt, Tokenfalt, heltal_hogst, marka
from fkui.layout import Forvald, Knapp, Knapprad, Lank, Panel
from fkui.templatetags.fkui import vardetext
from insatser.insatsbudget import BELOPPSGRANS, FLEST_RADER, Arsbudget, Budgetrad
from insatser.models import Budgettyp, Insats

_RADFALT: Final = ("budgettyp", "budget", "utfall", "beskrivning", "rad")


class Budgetform(forms.Form):
    """Ett års budget. Fälten är numrerade efter sin plats: `budget_0`, `utfall_0` och så vidare.

    En tom rad sparas inte. `andrad` är sant när formuläret visar något som inte är sparat, och
    `fokus` är platsen som har det nya.
    """

    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        insats: Insats,
        ar: int,
        rader: int,
        avbryt: str,
        forra: bool = False,
        andrad: bool = False,
        fokus: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rader = min(max(rader, 1), FLEST_RADER)
        # Förra året kopieras bara till ett år utan rader.
        self.har_rader = _nagot_ifyllt(self.data if self.is_bound else self.initial, self.rader)
        self.fields["planerat"] = _antalsfalt(insats)
        self.fields["antal_rader"] = forms.IntegerField(
            widget=forms.HiddenInput, required=False, initial=self.rader, max_value=FLEST_RADER
        )
        for plats in range(self.rader):
            self.fields |= _radens_falt(plats)
        if fokus is not None and fokus < self.rader:
            self.fields[f"budgettyp_{fokus}"].widget.attrs["data-fokus"] = ""
        self.helper = FormHelper()
        self.helper.form_id = "budgetform"
        self.helper.osparat = andrad
        self.helper.layout = self._layout(
            insats, ar, avbryt, forra=forra and not self.har_rader, till_knapp=fokus == self.rader
        )

    def _layout(self, insats: Insats, ar: int, avbryt: str, *, forra: bool, till_knapp: bool) -> Layout:
        kopiera = [Knapp(f"Kopiera från {ar - 1}", namn="kopiera")] if forra else []
        lagg_till = Knapp("Lägg till rad", namn="lagg_till", data_fokus=till_knapp)
        return Layout(
            Forvald(),
            Panel(
                "Planerat antal" if not insats.ar_volyminsats else "Budgeterat antal",
                Field("planerat", wrapper_class="sus-short"),
                css_id="planerat",
            ),
            Panel(
                "Insatskostnader",
                *(_radens_layout(plats) for plats in range(self.rader)),
                Div(lagg_till, *kopiera, css_class="sus-radknappar"),
                "antal_rader",
                "version",
                "token",
                css_id="rader",
                ingress=(
                    "Hela kronor. Utfall fylls i när det är känt, och kan vara negativt om det rättar ett tidigare. "
                    "En tom rad sparas inte."
                ),
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", avbryt)),
        )

    def clean(self) -> dict[str, Any]:
        """En beskrivning utan belopp är en halv rad: säg det i stället för att tappa den."""
        data = super().clean() or {}
        for plats in range(self.rader):
            belopp = [data.get(f"{namn}_{plats}") for namn in ("budget", "utfall")]
            fel = any(f"{namn}_{plats}" in self.errors for namn in ("budget", "utfall"))
            if data.get(f"beskrivning_{plats}") and belopp == [None, None] and not fel:
                self.add_error(f"budget_{plats}", f"Rad {plats + 1}: ange budget eller utfall, eller ta bort raden.")
        return data

    def budgetrader(self) -> list[Budgetrad]:
        """Raderna som har något, i ordning."""
        rader = [Budgetrad(**self._radens(plats)) for plats in range(self.rader)]
        return [rad for rad in rader if rad.budget is not None or rad.utfall is not None]

    def _radens(self, plats: int) -> dict[str, Any]:
        return {namn: self.cleaned_data.get(f"{namn}_{plats}") for namn in _RADFALT}

    def budget(self) -> Arsbudget:
        """Det inskrivna. Formuläret är prövat."""
        return Arsbudget(self.cleaned_data["planerat"], tuple(self.budgetrader()))


def _antalsfalt(insats: Insats) -> Heltalsfalt:
    volym = insats.ar_volyminsats
    falt = Heltalsfalt(
        label="Budgeterat antal" if volym else "Planerat antal deltagare",
        required=False,
        min_value=0,
        max_value=9_999_999,
        help_text=(
            "Personer eller tillfällen under budgetåret, så som antalet sedan registreras."
            if volym
            else "Under budgetåret, de med personuppgifter och anonyma tillsammans."
        ),
        error_messages=dict.fromkeys(("min_value", "max_value"), "Ange ett antal, 0 eller mer."),
    )
    marka(falt, dolj_valfritt=True)
    return falt


def _radens_falt(plats: int) -> dict[str, forms.Field]:
    rad = f"Rad {plats + 1}: "
    fel = {"invalid": f"{rad}ange beloppet i hela kronor."}
    granser = dict.fromkeys(("min_value", "max_value"), f"{rad}beloppet kan vara högst {vardetext(BELOPPSGRANS)} kr.")
    negativ = {"min_value": f"{rad}budget kan inte vara negativ. En rättelse skrivs som negativt utfall."}
    falt: dict[str, forms.Field] = {
        "budgettyp": forms.ChoiceField(
            label="Budgettyp",
            choices=Budgettyp.choices,
            initial=Budgettyp.INSATSKOSTNAD,
            error_messages={"required": f"{rad}välj budgettyp.", "invalid_choice": f"{rad}välj budgettyp."},
        ),
        "budget": Heltalsfalt(
            label="Budget",
            required=False,
            min_value=0,
            max_value=BELOPPSGRANS,
            error_messages=fel | granser | negativ,
        ),
        "utfall": Heltalsfalt(
            label="Utfall",
            required=False,
            min_value=-BELOPPSGRANS,
            max_value=BELOPPSGRANS,
            error_messages=fel | granser,
        ),
        "beskrivning": forms.CharField(
            label="Beskrivning",
            required=False,
            max_length=500,
            error_messages={"max_length": f"{rad}beskrivningen får vara högst 500 tecken."},
        ),
        "rad": forms.IntegerField(widget=forms.HiddenInput, required=False),
    }
    for ett in falt.values():
        marka(ett, dolj_valfritt=True)
    return {f"{namn}_{plats}": ett for namn, ett in falt.items()}


def _radens_layout(plats: int) -> Fieldset:
    stryk = Knapp("Ta bort", namn="stryk", varde=str(plats), sort="tertiary", aria_label=f"Ta bort rad {plats + 1}")
    return Fieldset(
        f"Rad {plats + 1}",
        *(f"{namn}_{plats}" for namn in _RADFALT),
        Div(stryk, css_class="sus-budgetrad__stryk"),
        css_class="sus-budgetrad",
    )


def sparat(budget: Arsbudget) -> dict[str, Any]:
    """Det sparade som formulärets första värden, beloppen skrivna på svenska."""
    return {"planerat": _skrivet(budget.planerat), "version": budget.version} | _radvarden(budget.rader)


def _radvarden(rader: tuple[Budgetrad, ...], fran: int = 0) -> dict[str, Any]:
    varden: dict[str, Any] = {}
    for plats, rad in enumerate(rader, fran):
        varden |= {f"{namn}_{plats}": _skrivet(varde) for namn, varde in rad._asdict().items() if namn != "rad"}
        varden[f"rad_{plats}"] = rad.rad
    return varden


def _skrivet(varde: Any) -> Any:
    return vardetext(varde) if isinstance(varde, int) else varde


def _nagot_ifyllt(varden: Mapping[str, Any], rader: int) -> bool:
    """Sant om någon rad har belopp eller beskrivning."""
    skrivna = (varden.get(f"{namn}_{nr}") for nr in range(rader) for namn in ("budget", "utfall", "beskrivning"))
    return any(str(varde).strip() for varde in skrivna if varde is not None)


def antal_rader(data: Mapping[str, Any]) -> int:
    """Hur många rader det skickade har."""
    antal = heltal_hogst(str(data.get("antal_rader", "")), FLEST_RADER)
    return 1 if antal is None else antal


def inskrivet(data: QueryDict, *, stryk: int | None = None, tillagg: Arsbudget | None = None) -> dict[str, Any]:
    """Det skickade som första värden i ett nytt formulär: utan raden `stryk`, eller med `tillagg` sist.

    Tomma rader lämnas plats åt det som läggs till. `antal` i svaret är hur många rader det blev.
    """
    rader = [
        {namn: data.get(f"{namn}_{plats}", "") for namn in _RADFALT}
        for plats in range(antal_rader(data))
        if plats != stryk
    ]
    varden: dict[str, Any] = {namn: data.get(namn, "") for namn in ("planerat", "version", "token")}
    if tillagg:
        rader = [rad for rad in rader if rad["budget"] or rad["utfall"] or rad["beskrivning"]]
        varden["planerat"] = varden["planerat"] or _skrivet(tillagg.planerat)
    for plats, rad in enumerate(rader):
        varden |= {f"{namn}_{plats}": varde for namn, varde in rad.items()}
    nya = tillagg.rader if tillagg else ()
    return varden | _radvarden(nya, len(rader)) | {"antal": len(rader) + len(nya)}


def skillnader(sparat_nu: Arsbudget, skrivet: Arsbudget) -> list[tuple[str, str, str]]:
    """Vad som skiljer efter en krock: (vad, sparat, inskrivet)."""
    par = [("Planerat antal", vardetext(sparat_nu.planerat), vardetext(skrivet.planerat))]
    fore = {rad.rad: _som_text(rad) for rad in sparat_nu.rader}
    for nr, rad in enumerate(skrivet.rader, 1):
        par.append((f"Rad {nr}", fore.pop(rad.rad, "–"), _som_text(rad)))
    par += [("Rad som du inte har", text, "–") for text in fore.values()]
    return [(vad, sparad, ny) for vad, sparad, ny in par if sparad != ny]


def _som_text(rad: Budgetrad) -> str:
    delar = [Budgettyp(rad.budgettyp).label, f"budget {vardetext(rad.budget)}", f"utfall {vardetext(rad.utfall)}"]
    return ", ".join([*delar, *([rad.beskrivning] if rad.beskrivning else [])])

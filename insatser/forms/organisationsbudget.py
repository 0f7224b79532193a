"""Samverkansorganisationsbudgeten ett år: rader som läggs till, ändras och tas bort, också utan skript."""

from collections.abc import Sequence
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Fieldset, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict

from behorighet.krock import Krock
from behorighet.models import Organisation
from fkui.falt import Heltalsfalt, Tokenfalt, heltal_hogst, marka
from fkui.layout import Forvald, Knapp, Knapprad, Lank, Panel
from fkui.templatetags.fkui import utdata, vardetext
from insatser.models import Kostnadstyp

# Så mycket rymmer kolumnen; mer är ett skrivfel.
STORST: Final = 999_999_999_999
HOGST_RADER: Final = 200

Rad = dict[str, Any]
FINANSIERING, KOSTNADER = "f", "k"
RADENS_NAMN: Final = {FINANSIERING: "Finansiering", KOSTNADER: "Kostnad"}
RUBRIKER: Final = {
    FINANSIERING: {"organisation": "Finansiär/Organisation", "belopp": "Finansiering", "beskrivning": "Beskrivning"},
    KOSTNADER: {"kostnadstyp": "Kostnadstyp", "budget": "Budget", "utfall": "Utfall", "beskrivning": "Beskrivning"},
}


def _belopp(rad: str, minst: int, fel: str) -> Heltalsfalt:
    return Heltalsfalt(
        required=False,
        min_value=minst,
        max_value=STORST,
        error_messages={
            "invalid": f"{rad}: ange hela kronor, utan decimaler.",
            "min_value": f"{rad}: {fel}",
            "max_value": f"{rad}: beloppet är för stort. Ange hela kronor.",
        },
    )


def _val(rad: str, val: list[tuple[str, str]], vad: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False,
        choices=[("", f"Välj {vad}"), *val],
        error_messages={"invalid_choice": f"{rad}: välj {vad} ur listan."},
    )


class Organisationsbudgetform(forms.Form):
    """Årets rader. Fälten heter `f-0-belopp` och så vidare; en rad där inget är ifyllt räknas inte.

    `rader` är de rader som visas från början, för vart slag; av ett ifyllt formulär läses de ur `data`.
    """

    token = Tokenfalt()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        rader: dict[str, list[Rad]] | None = None,
        finansiarer: Sequence[Organisation],
        med_kostnader: bool,
        avbryt: str,
        forra: int | None = None,
        fokus: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.finansiarer, self.med_kostnader, self.avbryt, self.forra = finansiarer, med_kostnader, avbryt, forra
        self.slag = [FINANSIERING, *([KOSTNADER] if med_kostnader else [])]
        visade = rader or {}
        self.antal = {
            slag: _antal(data, slag) if data is not None else max(1, len(visade.get(slag, []))) for slag in self.slag
        }
        for slag in self.slag:
            for nr in range(self.antal[slag]):
                sparad = visade.get(slag, [])[nr : nr + 1]
                self._lagg_rad(slag, nr, sparad[0] if sparad else {})
            self.fields[f"{slag}-antal"] = forms.IntegerField(
                widget=forms.HiddenInput, required=False, initial=self.antal[slag]
            )
        if fokus in self.fields:
            self.fields[fokus].widget.attrs["autofocus"] = True
        # Förra året kopieras bara till ett år utan rader.
        self.har_rader = any(any(rad.values()) for slag in self.slag for rad in visade.get(slag, []))
        if data is not None:
            self.har_rader = any(self._ifylld(slag, nr) for slag in self.slag for nr in range(self.antal[slag]))
        self.helper = FormHelper()
        self.helper.form_id = "organisationsbudget"
        # Mallen läser det: crispy ger ett sant värde för det som inte är satt.
        self.helper.osparat = False
        self.helper.layout = self._layout(fokus)

    def _lagg_rad(self, slag: str, nr: int, sparad: Rad) -> None:
        rad = f"{RADENS_NAMN[slag]} {nr + 1}"
        if slag == FINANSIERING:
            finansiarer = [(str(en.pk), en.namn) for en in self.finansiarer]
            falt: dict[str, forms.Field] = {
                "organisation": _val(rad, finansiarer, "finansiär"),
                "belopp": _belopp(rad, 0, "finansiering kan inte vara negativ."),
            }
        else:
            falt = {
                "kostnadstyp": _val(rad, list(Kostnadstyp.choices), "kostnadstyp"),
                "budget": _belopp(rad, 0, "budget kan inte vara negativ. En rättelse skrivs som negativt utfall."),
                "utfall": _belopp(rad, -STORST, "beloppet är för stort. Ange hela kronor."),
            }
        falt["beskrivning"] = forms.CharField(
            required=False,
            max_length=500,
            error_messages={"max_length": f"{rad}: beskrivningen får vara högst 500 tecken."},
        )
        for namn, ett in falt.items():
            ett.label = RUBRIKER[slag][namn]
            ett.initial = vardetext(sparad[namn]) if isinstance(sparad.get(namn), int) else sparad.get(namn)
            marka(ett, dolj_valfritt=True)
            self.fields[f"{slag}-{nr}-{namn}"] = ett

    def _layout(self, fokus: str) -> Layout:
        kopiera = [Knapp(f"Kopiera från {self.forra}", namn="kopiera")] if self.forra and not self.har_rader else []
        ingresser = {
            FINANSIERING: (
                "Hela kronor. Finansiärerna är de ingående organisationer som finansierar. Ett överskott från "
                "tidigare år har beskrivningen Eget kapital. En tom rad sparas inte."
            ),
            KOSTNADER: (
                "Hela kronor. Utfall fylls i när det är känt, och kan vara negativt om det rättar ett tidigare. "
                "En tom rad sparas inte."
            ),
        }
        rubriker = {FINANSIERING: "Samverkansorganisationsbudget", KOSTNADER: "Administrativa kostnader"}
        return Layout(
            Forvald(),
            *(
                Panel(
                    rubriker[slag],
                    *(self._rad(slag, nr) for nr in range(self.antal[slag])),
                    f"{slag}-antal",
                    Div(self._lagg_till(slag, fokus), css_class="sus-radknappar"),
                    css_id="finansiering" if slag == FINANSIERING else "kostnader",
                    ingress=ingresser[slag],
                )
                for slag in self.slag
            ),
            "version",
            "token",
            Knapprad(
                Submit("spara", "Spara"),
                *kopiera,
                Lank("Avbryt", self.avbryt, sort="tertiary" if kopiera else "secondary"),
            ),
        )

    def _rad(self, slag: str, nr: int) -> Fieldset:
        rad = f"{RADENS_NAMN[slag]} {nr + 1}"
        stryk = Knapp("Ta bort", namn="stryk", varde=f"{slag}-{nr}", sort="tertiary", aria_label=f"Ta bort {rad}")
        return Fieldset(
            rad,
            *(f"{slag}-{nr}-{namn}" for namn in RUBRIKER[slag]),
            Div(stryk, css_class="sus-budgetrad__stryk"),
            css_class="sus-budgetrad sus-budgetrad--tre" if slag == FINANSIERING else "sus-budgetrad",
        )

    def _lagg_till(self, slag: str, fokus: str) -> Knapp:
        attribut: dict[str, Any] = {"autofocus": True} if fokus == slag else {}
        return Knapp(f"Lägg till {RADENS_NAMN[slag].lower()}", namn="lagg_till", varde=slag, **attribut)

    def clean(self) -> dict[str, Any]:
        """Det som fattas i en påbörjad rad, vid sitt fält."""
        data = super().clean() or {}
        for slag, prova in ((FINANSIERING, self._prova_finansiering), (KOSTNADER, self._prova_kostnad)):
            for nr in range(self.antal.get(slag, 0)):
                if self._ifylld(slag, nr):
                    prova(data, f"{slag}-{nr}-")
        return data

    def _ifylld(self, slag: str, nr: int) -> bool:
        return any(str(self.data.get(f"{slag}-{nr}-{namn}", "")).strip() for namn in RUBRIKER[slag])

    def _prova_finansiering(self, data: dict[str, Any], rad: str) -> None:
        self._krav(rad + "organisation", data.get(rad + "organisation"), "välj finansiär.")
        self._krav(rad + "belopp", data.get(rad + "belopp") is not None, "ange finansiering i hela kronor.")

    def _prova_kostnad(self, data: dict[str, Any], rad: str) -> None:
        self._krav(rad + "kostnadstyp", data.get(rad + "kostnadstyp"), "välj kostnadstyp.")
        kanda = [data.get(rad + namn) is not None or rad + namn in self.errors for namn in ("budget", "utfall")]
        self._krav(rad + "budget", any(kanda), "ange budget eller utfall, eller ta bort raden.")

    def _krav(self, falt: str, finns: Any, text: str) -> None:
        if not finns and falt not in self.errors:
            slag, nr, _ = falt.split("-")
            self.add_error(falt, f"{RADENS_NAMN[slag]} {int(nr) + 1}: {text}")

    def ifyllda(self, slag: str) -> list[Rad]:
        """Raderna som är ifyllda, tolkade, i ordning."""
        return [
            {namn: self.cleaned_data[f"{slag}-{nr}-{namn}"] for namn in RUBRIKER[slag]}
            for nr in range(self.antal.get(slag, 0))
            if self._ifylld(slag, nr)
        ]

    def med_andrade_rader(
        self, *, lagg_till: str = "", stryk: str = "", kopiera: dict[str, list[Rad]] | None = None
    ) -> "Organisationsbudgetform":
        """Samma formulär, osparat, efter *Lägg till* (`f`), *Ta bort* (`f-0`) eller *Kopiera* (raderna).

        Det som kopieras ersätter tomma rader. Är någon rad ifylld kopieras inget: se `har_rader`.
        """
        rader = {slag: self._inskrivna(slag) for slag in self.slag}
        fokus = ""
        if lagg_till in rader and len(rader[lagg_till]) < HOGST_RADER:
            fokus = f"{lagg_till}-{len(rader[lagg_till])}-{next(iter(RUBRIKER[lagg_till]))}"
            rader[lagg_till].append({})
        slag, _, nr = stryk.partition("-")
        plats = heltal_hogst(nr, HOGST_RADER)
        if slag in rader and plats is not None and plats < len(rader[slag]):
            del rader[slag][plats]
            fokus = slag
        if kopiera and not self.har_rader:
            rader |= kopiera
        nytt = Organisationsbudgetform(
            rader=rader,
            **self._argument(),
            fokus=fokus,
            initial={namn: self.data.get(namn) for namn in ("version", "token")},
        )
        nytt.helper.osparat = True
        return nytt

    def _inskrivna(self, slag: str) -> list[Rad]:
        return [
            {namn: self.data.get(f"{slag}-{nr}-{namn}", "") for namn in RUBRIKER[slag]}
            for nr in range(self.antal[slag])
        ]

    def _argument(self) -> dict[str, Any]:
        namn = ("finansiarer", "med_kostnader", "avbryt", "forra")
        return {ett: getattr(self, ett) for ett in namn}

    def efter_krock(
        self, rader: dict[str, list[Rad]], version: int, fel: Krock
    ) -> tuple["Organisationsbudgetform", list[tuple[str, str, str]]]:
        """Samma formulär mot det som nu är sparat, och vad som skiljer: (rad, sparat, inskrivet)."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(version)
        nytt = Organisationsbudgetform(data, **self._argument())
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        sparat = Organisationsbudgetform(rader=rader, **self._argument())
        skillnader = []
        for slag, rubrik in RADENS_NAMN.items():
            for nr in range(max(nytt.antal.get(slag, 0), sparat.antal.get(slag, 0))):
                fore, efter = (form.rad_som_text(slag, nr) for form in (sparat, nytt))
                if fore != efter:
                    skillnader.append((f"{rubrik} {nr + 1}", fore, efter))
        return nytt, skillnader

    def rad_som_text(self, slag: str, nr: int) -> str:
        """Raden så som den läses; ett tankstreck om den saknas eller är tom."""
        if nr >= self.antal.get(slag, 0):
            return "–"
        delar = [self._varde_som_text(self[f"{slag}-{nr}-{namn}"]) for namn in RUBRIKER[slag]]
        return ", ".join(del_ for del_ in delar if del_ != "–") or "–"

    def _varde_som_text(self, falt: BoundField) -> str:
        if not isinstance(falt.field, Heltalsfalt):
            return utdata(falt)
        try:
            return vardetext(falt.field.clean(falt.value()))
        except ValidationError:
            return str(falt.value())


def _antal(data: QueryDict, slag: str) -> int:
    return heltal_hogst(data.get(f"{slag}-antal", ""), HOGST_RADER) or 0

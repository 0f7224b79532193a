"""Fälten och snabbvalen som rapporternas urvalsbilder har gemensamt."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict

from fkui.widgets import DatumText

# Det i adressen som styr svaret men inte hör till urvalet.
STYRNING: Final = frozenset(
    {"visa", "format", "sida", "alla", "sortering", "uppdatera", "snabbval", "kryssa", "sparat"}
)
MANADER: Final = frozenset({"fran", "till"})
FORMAT: Final = ("pdf", "xlsx", "csv", "json")
LADA: Final = "rapporter/_val_i_lada.html"


class Flera(forms.MultipleChoiceField):
    """Kryssrutor. urvalets tolka prövar koderna, så att felen är desamma som i kommandot."""

    widget = forms.CheckboxSelectMultiple
    dolj_valfritt = True

    def validate(self, value: Any) -> None:
        """Prövas av urvalets tolka."""


class Ett(forms.ChoiceField):
    """Radioknappar, prövade av urvalets tolka."""

    widget = forms.RadioSelect
    dolj_valfritt = True

    def validate(self, value: Any) -> None:
        """Prövas av urvalets tolka."""


class Manad(forms.CharField):
    """En månad som text, prövad av urvalets tolka."""

    widget = DatumText
    dolj_valfritt = True


def ge_period(ifyllt: QueryDict, forval: Mapping[str, Any]) -> None:
    """Ger en adress utan period, till exempel ?lan=12, förvalets: urvalsbilden visas då ifylld, och utan fel."""
    if not MANADER & ifyllt.keys():
        for namn in MANADER:
            ifyllt[namn] = forval[namn]


def snabbval(idag: date) -> list[tuple[str, date, date]]:
    """Den senaste avslutade månaden, tertialet, halvåret, delåret (jan–aug) och helåret, och året hittills.

    Returnerar (text, första månaden, sista månaden); månaderna är dess första dag.
    """
    forra = (idag.replace(day=1) - timedelta(days=1)).replace(day=1)
    val = [("Förra månaden", forra, forra)]
    for text, manader in (("Tertial", 4), ("Halvår", 6)):
        nummer = forra.month // manader
        ar, nummer = (forra.year, nummer) if nummer else (forra.year - 1, 12 // manader)
        slut = date(ar, nummer * manader, 1)
        val.append((f"{text} {nummer} {ar}", slut.replace(month=slut.month - manader + 1), slut))
    ar = forra.year if forra.month >= 8 else forra.year - 1
    val.append((f"Delår jan–aug {ar}", date(ar, 1, 1), date(ar, 8, 1)))
    helar = idag.year - 1
    val.append((f"Helår {helar}", date(helar, 1, 1), date(helar, 12, 1)))
    val.append((f"Hittills {idag.year}", date(idag.year, 1, 1), idag.replace(day=1)))
    return val

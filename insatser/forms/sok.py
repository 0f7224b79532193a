"""Sökningen över listan av insatser: urval, sortering och kolumner, allt i adressen."""

from datetime import date
from typing import Final

from crispy_forms.layout import Div, Layout
from django import forms
from django.db.models import F, Func, OrderBy, Q
from django.http import QueryDict

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.sok import monster
from fkui.falt import valfalt
from fkui.layout import Knapp, Lada
from fkui.sokform import Sokformular
from insatser.brister import Brist, med_brist
from insatser.insatskolumner import FORVALDA, Kolumn, Laget, kolumner, med_kolumner
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning, Samverkansform
from insatser.models import Insats, InsatsQuerySet, Samverkansorganisation

# Urvalen som är lika med ett fält på insatsen.
_LIKA: Final = {
    "organisation": "samverkansorganisation",
    "form": "samverkansform",
    "inriktning": "inriktning",
    "preciserad": "preciserad_inriktning",
    "registrering": "deltagarregistrering",
}
_FLER: Final = ("form", "inriktning", "preciserad", "malgrupp", "registrering")
_INTE_URVAL: Final = ("kolumner", "sortering")


def _alla(val: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "Alla"), *val]


class Sokform(Sokformular):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Insatser"

    q = forms.CharField(label="Insatsnamn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    organisation = forms.ModelChoiceField(
        Samverkansorganisation.objects.order_by(Func("namn", function="sus_sortnyckel")),
        label="Samverkansorganisation",
        required=False,
        empty_label="Alla",
    )
    lage = forms.ChoiceField(label="Läge", required=False, choices=_alla(Laget.choices))
    mina = forms.BooleanField(label="Bara där jag har uppdrag", required=False)
    form = forms.ChoiceField(label="Samverkansform", required=False, choices=_alla(Samverkansform.choices))
    inriktning = forms.ChoiceField(label="Inriktning", required=False, choices=_alla(Inriktning.choices))
    preciserad = forms.ChoiceField(
        label="Preciserad inriktning", required=False, choices=_alla(PreciseradInriktning.choices)
    )
    malgrupp = forms.ChoiceField(label="Specifik målgrupp", required=False, choices=_alla(Malgrupp.choices))
    registrering = forms.ChoiceField(
        label="Deltagarregistrering", required=False, choices=_alla(Deltagarregistrering.choices)
    )
    brist = forms.ChoiceField(label="Saknas i mina insatser", required=False, choices=_alla(Brist.choices))
    kolumner = forms.MultipleChoiceField(label="Kolumner", required=False, widget=forms.CheckboxSelectMultiple)
    sortering = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, anvandare: Anvandare, idag: date) -> None:
        self.anvandare, self.idag, self.mojliga = anvandare, idag, kolumner(idag)
        super().__init__(data)
        self.ordning: str = self._sortering(data.get("sortering", ""))
        self.helper.layout = self._layout()

    def full_clean(self) -> None:
        """Ger fälten sina val innan de tolkas; basklassen tolkar redan när formuläret görs."""
        valfalt(self, "kolumner").choices = [(k.kod, k.rubrik) for k in self.mojliga if k.kod != "namn"]
        if not self.anvandare.far(Rattighet.REGISTRERA_INSATS):
            self.fields.pop("brist", None)
        super().full_clean()

    def _layout(self) -> Layout:
        fler = [namn for namn in (*_FLER, "brist") if namn in self.fields]
        return Layout(
            "q",
            "organisation",
            "lage",
            "mina",
            Div(Knapp("Sök"), css_class="sus-filter__go"),
            Lada("Fler urval", *fler, oppen=any(self.cleaned_data.get(namn) for namn in fler)),
            Lada("Välj kolumner", "kolumner", Knapp("Visa kolumnerna")),
            "sortering",
        )

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än hela listan är valt. Kolumner och ordning är inget urval."""
        return any(varde for namn, varde in self.cleaned_data.items() if namn not in _INTE_URVAL)

    @property
    def valda_kolumner(self) -> list[Kolumn]:
        """Kolumnerna att visa, i visningsordning. Insatsens namn är alltid med."""
        valda = {"namn", *(self.cleaned_data.get("kolumner") or FORVALDA)}
        return [kolumn for kolumn in self.mojliga if kolumn.kod in valda]

    def _sortering(self, text: str) -> str:
        """Kolumnens kod, med - för fallande. Bara kolumner som går att sortera, och som finns i frågan."""
        kod = text.removeprefix("-")
        hamtade = {kolumn.kod for kolumn in self.valda_kolumner}
        gar = {k.kod for k in self.mojliga if k.ordning is not None and (k.hamtas is None or k.kod in hamtade)}
        return text if kod in gar else "namn"

    def urval(self, insatser: InsatsQuerySet) -> InsatsQuerySet:
        """Insatserna som sökningen träffar, sorterade; lika i ordning efter när de registrerades."""
        data = self.cleaned_data
        if sokt := data.get("q"):
            insatser = insatser.filter(namn__iregex=monster(sokt))
        insatser = insatser.filter(**{falt: data[namn] for namn, falt in _LIKA.items() if data.get(namn)})
        if malgrupp := data.get("malgrupp"):
            insatser = insatser.filter(malgrupper__contains=[malgrupp])
        if lage := data.get("lage"):
            insatser = insatser.filter(self._i_laget(Laget(lage)))
        if data.get("mina"):
            insatser = self._mina(insatser, Rattighet.REGISTRERA_INSATS, Rattighet.REGISTRERA_DELTAGARE)
        if brist := data.get("brist"):
            egna = self._mina(insatser, Rattighet.REGISTRERA_INSATS)
            insatser = med_brist(egna, Brist(brist), idag=self.idag)
        return self._sorterade(med_kolumner(insatser, self.valda_kolumner))

    def _i_laget(self, lage: Laget) -> Q:
        slut = Q(slutdatum__lt=self.idag)
        return {
            Laget.KOMMANDE: Q(startdatum__gt=self.idag),
            Laget.PAGAENDE: Q(startdatum__lte=self.idag) & ~slut,
            Laget.AVSLUTAD: slut,
        }[lage]

    def _mina(self, insatser: InsatsQuerySet, *rattigheter: Rattighet) -> InsatsQuerySet:
        villkor = Q()
        for rattighet in rattigheter:
            villkor |= Q(pk__in=Insats.objects.synliga_for(self.anvandare, rattighet).values("pk"))
        return insatser.filter(villkor)

    def _sorterade(self, insatser: InsatsQuerySet) -> InsatsQuerySet:
        kod, fallande = self.ordning.removeprefix("-"), self.ordning.startswith("-")
        kolumn = next(kolumn for kolumn in self.mojliga if kolumn.kod == kod)
        # Det som saknas står sist åt båda hållen.
        tomma_sist = True if kod == "slutdatum" or kolumn.hamtas is not None else None
        ordning = OrderBy(kolumn.ordning or F("pk"), descending=fallande, nulls_last=tomma_sist)
        return insatser.order_by(ordning, "pk")

"""Sökningen över listan av insatser: urval, sortering och kolumner, allt i adressen."""

from datetime import date
from typing import Final

from django import forms
from django.db.models import Func, Q
from django.http import QueryDict

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.sok import monster
from fkui.kolumner import Kolumnsok
from insatser.brister import Brist, med_brist
from insatser.insatskolumner import FORVALDA, kolumner
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning, Samverkansform
from insatser.lage import Lage, i_laget
from insatser.models import Insats, InsatsQuerySet, Samverkansorganisation

# Urvalen som är lika med ett fält på insatsen.
_LIKA: Final = {
    "organisation": "samverkansorganisation",
    "form": "samverkansform",
    "inriktning": "inriktning",
    "preciserad": "preciserad_inriktning",
    "registrering": "deltagarregistrering",
}


def _alla(val: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "Alla"), *val]


class Sokform(Kolumnsok):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Insatser"
    forvalda = FORVALDA
    fler = ("form", "inriktning", "preciserad", "malgrupp", "registrering", "brist")

    q = forms.CharField(label="Insatsnamn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    organisation = forms.ModelChoiceField(
        Samverkansorganisation.objects.order_by(Func("namn", function="sus_sortnyckel")),
        label="Samverkansorganisation",
        required=False,
        empty_label="Alla",
    )
    lage = forms.ChoiceField(label="Läge", required=False, choices=_alla(Lage.choices))
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

    def __init__(self, data: QueryDict, *, anvandare: Anvandare, idag: date) -> None:
        self.anvandare, self.idag = anvandare, idag
        super().__init__(data, mojliga=kolumner(idag))

    def full_clean(self) -> None:
        """Bristerna är till för den som kan göra något åt dem."""
        if not self.anvandare.far(Rattighet.REGISTRERA_INSATS):
            self.fields.pop("brist", None)
        super().full_clean()

    def urval(self, insatser: InsatsQuerySet) -> InsatsQuerySet:
        """Insatserna som sökningen träffar, sorterade; lika i ordning efter när de registrerades."""
        data = self.cleaned_data
        if sokt := data.get("q"):
            insatser = insatser.filter(namn__iregex=monster(sokt))
        insatser = insatser.filter(**{falt: data[namn] for namn, falt in _LIKA.items() if data.get(namn)})
        if malgrupp := data.get("malgrupp"):
            insatser = insatser.filter(malgrupper__contains=[malgrupp])
        if lage := data.get("lage"):
            insatser = insatser.filter(i_laget(Lage(lage), self.idag))
        if data.get("mina"):
            insatser = self._mina(insatser, Rattighet.REGISTRERA_INSATS, Rattighet.REGISTRERA_DELTAGARE)
        if brist := data.get("brist"):
            egna = self._mina(insatser, Rattighet.REGISTRERA_INSATS)
            insatser = med_brist(egna, Brist(brist), idag=self.idag)
        return self.ordnade(insatser)

    def _mina(self, insatser: InsatsQuerySet, *rattigheter: Rattighet) -> InsatsQuerySet:
        villkor = Q()
        for rattighet in rattigheter:
            villkor |= Q(pk__in=Insats.objects.synliga_for(self.anvandare, rattighet).values("pk"))
        return insatser.filter(villkor)

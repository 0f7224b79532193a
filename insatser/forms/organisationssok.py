"""Sökningen över listan av samverkansorganisationer: urval, sortering och kolumner, allt i adressen."""

from datetime import date

from django import forms
from django.http import QueryDict

from behorighet.models import Anvandare
from behorighet.sok import monster
from fkui.kolumner import Kolumnsok
from insatser.brister import utan_insatsansvarig
from insatser.kategorier import Samverkansform
from insatser.lage import Lage, i_laget
from insatser.models import Uppdrag
from insatser.models.organisation import SamverkansorganisationQuerySet
from insatser.organisationskolumner import FORVALDA, kolumner


class Organisationssok(Kolumnsok):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Samverkansorganisationer"
    forvalda = FORVALDA
    fler = ("utan_insatsansvarig",)

    q = forms.CharField(label="Namn", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    form = forms.ChoiceField(label="Samverkansform", required=False, choices=[("", "Alla"), *Samverkansform.choices])
    lage = forms.ChoiceField(label="Läge", required=False, choices=[("", "Alla"), *Lage.choices])
    mina = forms.BooleanField(label="Bara där jag har uppdrag", required=False)
    utan_insatsansvarig = forms.BooleanField(label="Utan insatsansvarig", required=False)

    def __init__(self, data: QueryDict, *, anvandare: Anvandare, idag: date) -> None:
        self.anvandare, self.idag = anvandare, idag
        super().__init__(data, mojliga=kolumner(idag))

    def urval(self, organisationer: SamverkansorganisationQuerySet) -> SamverkansorganisationQuerySet:
        """Samverkansorganisationerna som sökningen träffar, sorterade."""
        data = self.cleaned_data
        if sokt := data.get("q"):
            organisationer = organisationer.filter(namn__iregex=monster(sokt))
        if form := data.get("form"):
            organisationer = organisationer.filter(samverkansform=form)
        if lage := data.get("lage"):
            organisationer = organisationer.filter(i_laget(Lage(lage), self.idag))
        if data.get("mina"):
            egna = Uppdrag.objects.gallande().filter(behorighet__anvandare=self.anvandare, insats=None)
            organisationer = organisationer.filter(pk__in=egna.values("samverkansorganisation"))
        if data.get("utan_insatsansvarig"):
            organisationer = utan_insatsansvarig(organisationer, idag=self.idag)
        return self.ordnade(organisationer)

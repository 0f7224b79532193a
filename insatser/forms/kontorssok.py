"""Sökningen över listan av kontor i Af/FK-samarbetet: urval, sortering och kolumner, allt i adressen."""

from datetime import date

from django import forms
from django.db.models import Q
from django.http import QueryDict

from behorighet.roller import Roll
from behorighet.sok import monster
from fkui.kolumner import Kolumnsok
from insatser.kategorier import KONTORSFORMER, Samverkansform
from insatser.kontorskolumner import FORVALDA, kolumner
from insatser.lage import Lage, i_laget
from insatser.models import InsatsQuerySet, Uppdrag


class Kontorssok(Kolumnsok):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Kontor"
    forvalda = FORVALDA
    fler = ("utan_insatsansvarig",)

    q = forms.CharField(label="Kontor eller område", required=False, max_length=200, help_text="* ersätter tecken.")
    form = forms.ChoiceField(
        label="Samverkansorganisation",
        required=False,
        choices=[("", "Båda"), *((form.value, form.label) for form in Samverkansform if form in KONTORSFORMER)],
    )
    lage = forms.ChoiceField(label="Läge", required=False, choices=[("", "Alla"), *Lage.choices])
    utan_insatsansvarig = forms.BooleanField(label="Utan insatsansvarig", required=False)

    def __init__(self, data: QueryDict, *, idag: date) -> None:
        self.idag = idag
        super().__init__(data, mojliga=kolumner(idag))

    def urval(self, kontor: InsatsQuerySet) -> InsatsQuerySet:
        """Kontoren som sökningen träffar, sorterade."""
        data = self.cleaned_data
        if sokt := data.get("q"):
            kontor = kontor.filter(Q(namn__iregex=monster(sokt)) | Q(omrade__iregex=monster(sokt)))
        if form := data.get("form"):
            kontor = kontor.filter(samverkansform=form)
        if lage := data.get("lage"):
            kontor = kontor.filter(i_laget(Lage(lage), self.idag))
        if data.get("utan_insatsansvarig"):
            har = Uppdrag.objects.gallande().filter(insats__isnull=False, behorighet__roll=Roll.INSATSANSVARIG)
            kontor = kontor.exclude(pk__in=har.values("insats"))
        return self.ordnade(kontor)

"""Sökningen över listan av insatser."""

from datetime import date
from typing import Final

from django import forms
from django.db import models
from django.db.models import F, Func, OrderBy
from django.http import QueryDict

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.sok import monster
from fkui.sokform import Sokformular
from insatser.models import Insats, InsatsQuerySet, Samverkansorganisation


class Laget(models.TextChoices):
    """Insatsens läge en viss dag, räknat ur dess datum."""

    KOMMANDE = "kommande", "Kommande"
    PAGAENDE = "pagaende", "Pågående"
    AVSLUTAD = "avslutad", "Avslutad"


class Sokform(Sokformular):
    """Sökningen över listan. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Insatser"

    SORTERINGAR: Final[dict[str, F | Func]] = {
        "namn": Func("namn", function="sus_sortnyckel"),
        "samverkansorganisation": Func("samverkansorganisation__namn", function="sus_sortnyckel"),
        "startdatum": F("startdatum"),
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
        sortering = data.get("sortering", "")
        self.sortering = sortering if sortering.removeprefix("-") in self.SORTERINGAR else "namn"

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
        return insatser.order_by(OrderBy(ordning, descending=self.sortering.startswith("-")), "pk")

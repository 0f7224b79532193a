"""Sökningen i åtkomstloggen."""

from datetime import date, timedelta
from typing import Any, Final

from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import QueryDict

from behorighet.models import Anvandare, Handelse, HandelseQuerySet, Organisation
from behorighet.sok import monster
from fkui.falt import Datumfalt
from fkui.layout import Knapp
from fkui.sokform import Sokformular
from insatser.models import Insats

DAGAR: Final = 30  # som visas om inget annat sägs
HOGST_ID: Final = 20  # som loggas om sökningen


class Loggsok(Sokformular):
    """Sökningen i loggen. Utan dagar i adressen visas de senaste `DAGAR` dagarna."""

    etikett = "Åtkomstlogg"

    anvandare = forms.CharField(
        label="Namn eller användarnamn", required=False, max_length=200, help_text="* ersätter valfria tecken."
    )
    typ = forms.ChoiceField(
        label="Händelse",
        required=False,
        choices=[("", "Alla"), *sorted(Handelse.Typ.choices, key=lambda val: str(val[1]))],
    )
    insats = forms.CharField(label="Insats", required=False, max_length=200, help_text="* ersätter valfria tecken.")
    fran = Datumfalt(label="Från och med", required=False)
    till = Datumfalt(label="Till och med", required=False)

    def __init__(self, data: QueryDict, *, idag: date) -> None:
        ifyllt = data.copy()
        if "fran" not in data and "till" not in data:
            ifyllt["fran"] = (idag - timedelta(days=DAGAR)).isoformat()
            ifyllt["till"] = idag.isoformat()
        super().__init__(ifyllt)
        self.helper.form_show_errors = True
        self.helper.layout = Layout(
            "anvandare",
            Field("typ", wrapper_class="sus-filter__bred"),
            "insats",
            Field("fran", wrapper_class="sus-date"),
            Field("till", wrapper_class="sus-date"),
            Div(Knapp("Sök"), css_class="sus-filter__go"),
        )
        self.konton: list[int] | None = None
        self.insatser: list[int] | None = None

    def clean(self) -> dict[str, Any]:
        """Från är inte efter till."""
        data = super().clean() or {}
        if data.get("fran") and data.get("till") and data["fran"] > data["till"]:
            self.add_error("till", "Till och med kan inte vara före från och med.")
        return data

    def urval(self, handelser: HandelseQuerySet, organisation: Organisation) -> HandelseQuerySet:
        """Händelserna som sökningen träffar, den senaste först; inga om sökningen har fel."""
        if self.errors:
            return handelser.none()
        data = self.cleaned_data
        if sokt := data["anvandare"]:
            personal = Anvandare.objects.filter(arbetsgivare=organisation)
            self.konton = list(_konton(personal, sokt).values_list("pk", flat=True))
            handelser = handelser.filter(av_id__in=self.konton)
        if typ := data["typ"]:
            handelser = handelser.filter(typ=typ)
        if sokt := data["insats"]:
            traffar = Insats.objects.filter(Q(namn__iregex=monster(sokt)) | Q(nyckel__iexact=sokt))
            self.insatser = list(traffar.values_list("pk", flat=True))
            handelser = handelser.filter(insats_id__in=self.insatser)
        return handelser.mellan(data["fran"], data["till"]).order_by("-tid", "-pk")

    def koder(self) -> dict[str, Any]:
        """Sökningen som koder och id, för loggen: det som skrevs kan vara ett namn (P7)."""
        data = self.cleaned_data
        koder: dict[str, Any] = {"handelse": data.get("typ") or None}
        for namn, traffar in (("konton", self.konton), ("insatser", self.insatser)):
            if traffar is not None:
                koder |= {namn: traffar[:HOGST_ID], f"antal_{namn}": len(traffar)}
        for namn in ("fran", "till"):
            koder[namn] = data[namn].isoformat() if data.get(namn) else None
        return {namn: varde for namn, varde in koder.items() if varde is not None}


def _konton(personal: QuerySet[Anvandare], sokt: str) -> QuerySet[Anvandare]:
    """Ett helt användarnamn är ett konto; annars de vars för- och efternamn eller användarnamn liknar det sökta."""
    exakt = personal.filter(username__iexact=sokt)
    if exakt.exists():
        return exakt
    uttryck = monster(sokt)
    return personal.annotate(hela=Concat("fornamn", Value(" "), "efternamn")).filter(
        Q(hela__iregex=uttryck) | Q(username__iregex=uttryck)
    )

"""Urvalet över *Visa deltagare* för kontoren i Af/FK-samarbetet: i adressen, aldrig vem någon är (P7)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.db import models
from django.db.models import Q
from django.http import QueryDict

from deltagare.models import SamarbeteQuerySet, Samarbetskontor
from deltagare.overgangar import FORMEN, Form, Insatstyp
from deltagare.samarbetsbrister import Samarbetsbrist, med_samarbetsbrist
from deltagare.samarbetslistor import LANGST_FORST, ORDNINGAR
from fkui.falt import valfalt
from fkui.layout import Knapp
from fkui.sokform import Sokformular
from fkui.templatetags.fkui import utdata
from insatser.models import Insats

ALLA: Final = ("", "Alla")


class Samarbetsstatus(models.TextChoices):
    """Vilka samarbeten listan visar. De flyttade har varit hos kontoret och är nu hos ett annat (R28, R29)."""

    PAGAENDE = "pagaende", "Pågående"
    AVSLUTADE = "avslutade", "Avslutade"
    HOS = "hos", "Pågående och avslutade"
    FLYTTADE = "flyttade", "Flyttade till ett annat kontor"
    ALLA = "alla", "Alla, också flyttade"


class Samarbetsurval(Sokformular):
    """Urvalet. Ett okänt värde i adressen är som inget urval alls."""

    etikett = "Deltagare i Af/FK-samarbetet"

    kontor = forms.ChoiceField(label="Kontor", required=False)
    form = forms.ChoiceField(label="Form", required=False, choices=[ALLA, *Form.choices])
    insatstyp = forms.ChoiceField(label="Insatstyp", required=False, choices=[ALLA, *Insatstyp.choices])
    status = forms.ChoiceField(label="Status", required=False, choices=Samarbetsstatus.choices)
    brist = forms.ChoiceField(label="Att göra", required=False, choices=[ALLA, *Samarbetsbrist.choices])
    sortering = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, kontor: Sequence[Insats]) -> None:
        self.kontoren = kontor
        ifyllt = data.copy()
        if data.get("status") not in Samarbetsstatus.values:
            ifyllt["status"] = Samarbetsstatus.PAGAENDE.value
        super().__init__(ifyllt)
        sorteras = data.get("sortering", "")
        self.ordning: str = sorteras if sorteras.removeprefix("-") in ORDNINGAR else LANGST_FORST
        self.helper.layout = Layout(
            *([Field("kontor", wrapper_class="sus-filter__bred")] if len(kontor) > 1 else []),
            "form",
            Field("insatstyp", wrapper_class="sus-filter__bred"),
            "status",
            Field("brist", wrapper_class="sus-filter__bred"),
            "sortering",
            Div(Knapp("Sök"), css_class="sus-filter__go"),
        )

    def full_clean(self) -> None:
        """Ger kontoret sina val innan de tolkas; basklassen tolkar redan när formuläret görs. Inget kan vara fel."""
        val = [(str(ett.pk), ett.namn) for ett in self.kontoren]
        valfalt(self, "kontor").choices = [("", "Alla mina kontor"), *val]
        super().full_clean()
        self.errors.clear()

    @property
    def har_urval(self) -> bool:
        """Sant om något annat än alla pågående är valt."""
        data = self.cleaned_data
        valda = any(data.get(namn) for namn in ("kontor", "form", "insatstyp", "brist"))
        return valda or data.get("status") != Samarbetsstatus.PAGAENDE

    def valda_kontor(self) -> list[int]:
        """Id för det valda kontoret, eller för alla egna."""
        vald = self.cleaned_data.get("kontor")
        return [int(vald)] if vald else [ett.pk for ett in self.kontoren]

    def urval(self, samarbeten: SamarbeteQuerySet, *, idag: date) -> SamarbeteQuerySet:
        """Samarbetena som urvalet träffar."""
        data, kontor = self.cleaned_data, self.valda_kontor()
        hos = Q(af_kontor__in=kontor) | Q(fk_kontor__in=kontor)
        varit = Samarbetskontor.objects.filter(hos)
        samarbeten = samarbeten.filter(_status(data.get("status", ""), hos, Q(pk__in=varit.values("samarbete"))))
        if form := data.get("form"):
            samarbeten = samarbeten.filter(insatstyp__in=[typ for typ in Insatstyp if FORMEN[typ] == form])
        if insatstyp := data.get("insatstyp"):
            samarbeten = samarbeten.filter(insatstyp=insatstyp)
        if brist := data.get("brist"):
            samarbeten = med_samarbetsbrist(samarbeten, Samarbetsbrist(brist), idag=idag)
        return samarbeten

    def som_text(self) -> list[tuple[str, Any]]:
        """Urvalet som etikett och text, det som är valt."""
        namnen = ("kontor", "form", "insatstyp", "status", "brist")
        return [(str(self.fields[namn].label), utdata(self[namn])) for namn in namnen if self.cleaned_data.get(namn)]


def _status(status: str, hos: Q, varit: Q) -> Q:
    return {
        Samarbetsstatus.AVSLUTADE.value: hos & Q(slut__isnull=False),
        Samarbetsstatus.HOS.value: hos,
        Samarbetsstatus.FLYTTADE.value: varit & ~hos,
        Samarbetsstatus.ALLA.value: hos | varit,
    }.get(status, hos & Q(slut=None))

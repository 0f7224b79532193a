"""De kompletterande frågorna på *Registrera deltagare*: de följer den valda insatsen och dagen (`doman.md` 4)."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse_lazy
from django.utils import timezone

from deltagare.uppgifter import FELREGISTRERING
from fkui.falt import Datumfalt
from insatser.forms.fragefalt import Fragedel
from insatser.models import Fraga, Insats, Svarstyp, Tillfalle

DAGEN: Final = {Tillfalle.IN: "inregistrering", Tillfalle.UT: "utregistrering"}


def byt_fragor(tillfalle: Tillfalle, *, deltagande: int | None = None) -> dict[str, Any]:
    """Attribut för fälten som avgör vilka frågor som ställs. POST: svaren står aldrig i en adress (P7).

    `deltagande` är id för det som rättas; utan det är insatsen den valda.
    """
    adress = reverse_lazy("deltagare:fragor")
    if deltagande is not None:
        adress = reverse_lazy("deltagare:deltagandets_fragor", args=[deltagande])
    return {
        "hx-post": adress,
        "hx-trigger": "change",
        "hx-target": f"#fragor-{tillfalle.value}",
        "hx-swap": "outerHTML",
        "hx-sync": "closest form:replace",
        "hx-params": "not personnummer,fornamn,efternamn",
    }


class MedFragor(Fragedel):
    """Ett formulär med insats och dag, och frågorna som insatsens samverkansorganisation ställer den dagen."""

    def stall_for(self, insatser: QuerySet[Insats], tillfalle: Tillfalle) -> Div:
        """Frågorna för den valda insatsen, om den är en av `insatser`, och den angivna dagen: i dag om ingen är det."""
        insats = self._vald_insats()
        if insats is None:
            return self.stall([], tillfalle.value)
        fragor = Fraga.objects.for_insats(insatser, insats)
        return self.stall(fragor.att_stalla(tillfalle=tillfalle.value, dag=self._dag(tillfalle)), tillfalle.value)

    def _inmatat(self, namn: str) -> Any:
        return self.data.get(namn) if self.is_bound else self.initial.get(namn)

    def _vald_insats(self) -> int | None:
        vald = self._inmatat("insats")
        text = str(getattr(vald, "pk", vald) or "")
        # Större än så är inget id
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def _dag(self, tillfalle: Tillfalle) -> date:
        try:
            return Datumfalt(required=False).clean(self._inmatat(DAGEN[tillfalle])) or timezone.localdate()
        except ValidationError:
            return timezone.localdate()

    def clean(self) -> dict[str, Any]:
        """Frågorna ska vara de som sidan visade. Vid felregistrering frågas inget (R22)."""
        data = super().clean() or {}
        if data.get("avslutningsanledning") == FELREGISTRERING:
            self.glom_fragor()
        elif "visade_fragor" in self.fields:
            self.prova_visade()
        return data


class Frageform(MedFragor):
    """Bara frågorna, för htmx.

    `fritext` är falskt för den som är utan identitet (P10); `gar_att_tomma` sant när svaren rättas.
    """

    def __init__(
        self,
        *args: Any,
        insatser: QuerySet[Insats],
        tillfalle: Tillfalle,
        fritext: bool = True,
        gar_att_tomma: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._fritext, self.gar_att_tomma = fritext, gar_att_tomma
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(self.stall_for(insatser, tillfalle))

    def stall(self, fragor: Iterable[Fraga], tillfalle: str) -> Div:
        """Som annars, utan fritext om den inte frågas."""
        return super().stall([f for f in fragor if self._fritext or f.svarstyp != Svarstyp.FRITEXT], tillfalle)

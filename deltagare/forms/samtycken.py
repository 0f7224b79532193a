"""Registret över samtycken i en insats, och att markera flera som arkiverade."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit, TemplateNameMixin
from django import forms
from django.db import models
from django.http import QueryDict

from deltagare.forms.visa import Insatsurval
from deltagare.listor import NAMN
from deltagare.models import Deltagande, Samarbete
from fkui.falt import Datumfalt, Tokenfalt
from fkui.layout import Forvald, Knapprad, Panel

MARKE: Final = re.compile(r"(\d{1,18}):(\d{1,9})", re.ASCII)


class Visas(models.TextChoices):
    """Vilka samtycken listan visar."""

    SAKNAS = "saknas", "Ej arkiverade"
    ALLA = "alla", "Alla"


class Samtyckesurval(Insatsurval):
    """Insatsen, och om bara de samtycken som inte är arkiverade visas."""

    etikett = "Samtycken"
    ordningar = (NAMN, "inregistrering", "samtycke", "samtycke_arkiverat")

    visas = forms.ChoiceField(label="Visa", required=False, choices=Visas.choices)

    def __init__(self, data: QueryDict, **kwargs: Any) -> None:
        ifyllt = data.copy()
        if data.get("visas") not in Visas.values:
            ifyllt["visas"] = Visas.SAKNAS.value
        super().__init__(ifyllt, **kwargs)

    @property
    def alla(self) -> bool:
        """Sant om också de arkiverade visas."""
        return bool(self.data["visas"] == Visas.ALLA)


class Samtyckesrad(NamedTuple):
    """Ett samtycke: deltagandet eller samarbetet, vems det är, när det som samtycket gäller började, och sidan dit."""

    post: Deltagande | Samarbete
    namn: str
    nummer: str
    dag: date
    adress: str


class Radval(forms.MultipleChoiceField):
    """De kryssade raderna, `id:version`. Ger versionen per id; tjänsten prövar dem mot det sparade."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: str) -> bool:
        """Formen på ett märke: vilka rader som finns kan ha ändrats sedan sidan visades."""
        return MARKE.fullmatch(value) is not None

    def clean(self, value: Any) -> dict[int, int]:
        """Versionen per deltagandes eller samarbetes id."""
        par = (MARKE.fullmatch(ett) for ett in super().clean(value))
        return {int(traff[1]): int(traff[2]) for traff in par if traff}


class Arkiveringsform(forms.Form):
    """*Blankett 9443 skickad*: de markerade samtyckena och dagen."""

    rad = Radval(
        label="Samtycken",
        error_messages={
            "required": "Markera minst ett samtycke.",
            "invalid_choice": "Ladda om sidan och markera igen.",
        },
    )
    arkiverat = Datumfalt(
        label="Datum för arkivering", error_messages={"required": "Ange dagen då blankett 9443 skickades."}
    )
    token = Tokenfalt()

    def __init__(self, *args: Any, rader: Sequence[Samtyckesrad], lista: dict[str, Any], **kwargs: Any) -> None:
        """`rader` är de som visas, och `lista` det som tabellen behöver av sidan."""
        super().__init__(*args, **kwargs)
        self.rader, self.lista = rader, lista
        gar = any(gar_att_arkivera(rad.post) for rad in rader)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Forvald(),
            Samtyckestabell(),
            *([_arkivera(), Knapprad(Submit("arkivera", "Markera som arkiverade"))] if gar else []),
            "token",
        )

    @property
    def markta(self) -> set[str]:
        """Id för raderna som är kryssade."""
        kryssade = self.data.getlist("rad") if isinstance(self.data, QueryDict) else []
        return {ett.partition(":")[0] for ett in kryssade}


def gar_att_arkivera(post: Deltagande | Samarbete) -> bool:
    """Sant om samtycket väntar på att markeras. Det som är markerat rättas på registreringens sida."""
    return post.samtycke is not None and post.samtycke_arkiverat is None


def _arkivera() -> Panel:
    return Panel(
        "Blankett 9443 skickad",
        Field("arkiverat", wrapper_class="sus-date"),
        css_id="arkivera",
        ingress="Dagen då de markerade samtyckena skickades för arkivering.",
    )


class Samtyckestabell(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """Samtyckena, med en kryssruta för vart och ett som inte är arkiverat."""

    template = "deltagare/_samtycken_rader.html"

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        """Tabellen som HTML."""
        rader = [(rad, gar_att_arkivera(rad.post), str(rad.post.pk) in form.markta) for rad in form.rader]
        # Fältet är visat här: crispy ska inte skriva ut det en gång till.
        form.rendered_fields.add("rad")
        # Med sidans egen kontext: länkarna i rubrikerna behöver dess adress.
        with context.push(**form.lista, rader=rader, form=form):
            return str(context.template.engine.get_template(self.template).render(context))

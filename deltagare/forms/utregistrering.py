"""Utregistrering på *Registrera deltagare*."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import Div, Field, Layout, Row, Submit
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from deltagare.forms.falt import Kodval, ett_av
from deltagare.forms.fragor import byt_fragor
from deltagare.forms.registrering import Registreringsform
from deltagare.forms.situation import svarsfalt, svarslayout
from deltagare.models import Deltagande
from deltagare.uppgifter import FELREGISTRERING, Kodverk
from fkui.falt import Datumfalt, Tokenfalt, marka
from fkui.layout import Forvald, Knapprad, Lank, Panel, Uppgift
from insatser.models import Tillfalle


class Buret:
    """Det som är inskrivet för en inregistrering, dolt: den som väljer Inregistrering igen har det kvar."""

    def __init__(self, falten: Iterable[tuple[str, str]]) -> None:
        self._falten = list(falten)

    def render(self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Fälten som formuläret inte har själv."""
        burna = ((namn, varde) for namn, varde in self._falten if namn not in form.fields)
        return format_html_join("", '<input type="hidden" name="{}" value="{}">', burna)


class Utregistreringsform(Registreringsform):
    """Ut: datum, avslutningsanledning och situationen efter. Frågorna kommer när deltagaren är hämtad."""

    tillfalle = "efter"

    def __init__(
        self,
        *args: Any,
        deltagande: Deltagande | None = None,
        buret: Iterable[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        panel = self.forsta_panel(hamta=True)
        if deltagande is None:
            self.helper.layout = Layout(panel, Buret(buret), Knapprad(Lank("Avbryt", reverse("start"))))
            return
        self._lagg_till_falten(deltagande)
        self.helper.layout = Layout(
            Forvald(),
            panel,
            Panel(
                "Utregistrering",
                Uppgift(*_vem(deltagande), ("Inregistrering", deltagande.inregistrering), css_class="sus-outputs"),
                Lank("Historik", reverse("deltagare:historik", args=[deltagande.pk]), sort="secondary button--small"),
                Row(Field("utregistrering", wrapper_class="sus-date"), "avslutningsanledning"),
                "deltagande",
                "version",
                "token",
                css_id="ut",
            ),
            Div(
                Panel(
                    "Situationen efter",
                    *svarslayout("efter"),
                    css_id="efter",
                    ingress="Lämna en fråga tom om uppgift saknas.",
                ),
                self.stall_for(self.inom_rackvidd, Tillfalle.UT),
                data_visas_om=f"avslutningsanledning!={FELREGISTRERING}",
            ),
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def _lagg_till_falten(self, deltagande: Deltagande) -> None:
        kodval, falt = Kodval(), self.fields
        falt["deltagande"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.pk)
        falt["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=deltagande.version)
        falt["token"] = Tokenfalt()
        falt["utregistrering"] = Datumfalt(label="Datum för utregistrering")
        falt["avslutningsanledning"] = ett_av(
            "Avslutningsanledning", kodval[Kodverk.AVSLUTNINGSANLEDNING], required=True
        )
        marka(
            falt["avslutningsanledning"],
            hjalp="Felregistrering används när inregistreringen var fel: den räknas ingenstans och inget annat frågas. "
            "Vid återtaget samtycke tas identiteten bort, och deltagaren registreras inte som anonym i stället.",
        )
        falt.update(svarsfalt("efter", kodval))
        falt["utregistrering"].widget.attrs |= byt_fragor(Tillfalle.UT)


def _vem(deltagande: Deltagande) -> list[tuple[str, str]]:
    return [] if deltagande.avidentifierat else [("Namn", deltagande.person.identitet.namn())]

"""Layoutobjekt för mallpaketet fkui. Fältnamn, HTML och crispys egna objekt kan blandas i dem."""

from typing import Any

from crispy_forms.layout import ButtonHolder, LayoutObject, TemplateNameMixin
from crispy_forms.utils import TEMPLATE_PACK, flatatt
from django.forms import BaseForm
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


class Panel(LayoutObject):  # type: ignore[misc]  # crispy saknar typer
    """Panel med rubrik (h2).

    `css_id` är panelens id. `badge` är en kort märkning vid rubriken. `last` låser panelen: texten säger varför
    och sedan när, och visas i en ruta med hänglås. En låst panel innehåller `Output` och `Uppgift`, aldrig
    avstängda inmatningar. `ingress` är en mening under rubriken. Övriga argument blir HTML-attribut på sektionen.
    """

    template = "%s/layout/panel.html"

    def __init__(
        self,
        rubrik: str,
        *fields: Any,
        css_id: str,
        css_class: str = "",
        badge: str = "",
        last: str = "",
        ingress: str = "",
        **attribut: Any,
    ) -> None:
        self.rubrik, self.fields, self.css_id, self.css_class = rubrik, list(fields), css_id, css_class
        self.badge, self.last, self.ingress = badge, last, ingress
        self.flat_attrs = flatatt(attribut)

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Panelen som HTML."""
        falt = self.get_rendered_fields(form, context, template_pack, **kwargs)
        kontext: dict[str, Any] = {**context.flatten(), "panel": self, "fields": falt}  # type: ignore[dict-item]
        return render_to_string(self.get_template_name(template_pack), kontext)


class Output(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """Formulärfält som text, etikett och värde: för låsta paneler. Fälten räknas som visade av crispy."""

    template = "%s/layout/output.html"

    def __init__(self, *fields: str, css_class: str = "") -> None:
        self.fields, self.css_class = list(fields), css_class

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Fälten som en definitionslista."""
        # Sätts av crispys FormHelper.render_layout; saknas när objektet renderas för sig
        if (visade := getattr(form, "rendered_fields", None)) is not None:
            visade.update(self.fields)
        return render_to_string(
            self.get_template_name(template_pack),
            {"falt": [form[namn] for namn in self.fields], "css_class": self.css_class},
        )


class Uppgift(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """Etikett och värde som text, för uppgifter som inte är fält i formuläret. Par: `("Startdatum", date(…)), …`."""

    template = "%s/layout/uppgift.html"

    def __init__(self, *par: tuple[str, Any], css_class: str = "") -> None:
        self.par, self.css_class = par, css_class

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Paren som en definitionslista."""
        return render_to_string(self.get_template_name(template_pack), {"par": self.par, "css_class": self.css_class})


class Lank(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """En länk som ser ut som en knapp, för *Avbryt* och liknande. `sort` är primary, secondary eller tertiary."""

    template = "%s/layout/lank.html"

    def __init__(self, text: str, url: str, *, sort: str = "secondary", **attribut: Any) -> None:
        self.text, self.url, self.sort = text, url, sort
        self.flat_attrs = flatatt(attribut)

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Länken som HTML."""
        return render_to_string(self.get_template_name(template_pack), {"lank": self})


class Knapp(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """En knapp utöver `Submit`: egen `sort` (primary, secondary, tertiary) och eget `varde` skilt från texten.

    `namn` och `varde` skickas med när knappen trycks. `utan_skript` ger en knapp som bara finns när skript är av.
    Övriga argument blir HTML-attribut (`formaction`, `hx_post` …).
    """

    template = "%s/layout/knapp.html"

    def __init__(
        self,
        text: str,
        *,
        namn: str = "",
        varde: str = "1",
        sort: str = "secondary",
        typ: str = "submit",
        utan_skript: bool = False,
        **attribut: Any,
    ) -> None:
        self.text, self.namn, self.varde, self.sort, self.typ = text, namn, varde, sort, typ
        self.utan_skript = utan_skript
        self.flat_attrs = flatatt(attribut)

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Knappen som HTML."""
        return render_to_string(self.get_template_name(template_pack), {"knapp": self})


class Knapprad(ButtonHolder):  # type: ignore[misc]  # crispy saknar typer
    """Raden med *Spara* och *Avbryt* sist i formuläret. Crispys `ButtonHolder` med vårt namn."""


class Lada(LayoutObject):  # type: ignore[misc]  # crispy saknar typer
    """Fält som ligger hopfällda bakom `rubrik`. `oppen` visar dem från början, till exempel när något är valt där."""

    template = "%s/layout/lada.html"

    def __init__(self, rubrik: str, *fields: Any, oppen: bool = False) -> None:
        self.rubrik, self.fields, self.oppen = rubrik, list(fields), oppen

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Lådan som HTML."""
        falt = self.get_rendered_fields(form, context, template_pack, **kwargs)
        return render_to_string(self.get_template_name(template_pack), {"lada": self, "fields": falt})


class Forvald(TemplateNameMixin):  # type: ignore[misc]  # crispy saknar typer
    """Först i ett formulär med fler knappar: retur i ett fält sparar, i stället för att trycka på den första av dem."""

    template = "%s/layout/forvald.html"

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Knappen som HTML; den varken syns eller får fokus."""
        return render_to_string(self.get_template_name(template_pack))


def uppdatera_val() -> Knapp:
    """Knappen *Uppdatera val* för beroende val utan skript. Vyn visar formuläret igen och sparar ingenting."""
    return Knapp("Uppdatera val", namn="uppdatera", utan_skript=True)

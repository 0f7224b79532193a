"""Malltaggar och filter för mallpaketet fkui och de gemensamma delarna i templates/."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django import forms, template
from django.conf import settings
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Ordningen avgör: CheckboxSelectMultiple är en RadioSelect, som är en Select
SORTER: Final[tuple[tuple[type[forms.Widget], str], ...]] = (
    (forms.CheckboxSelectMultiple, "kryssrutor"),
    (forms.RadioSelect, "radioknappar"),
    (forms.CheckboxInput, "kryssruta"),
    (forms.SelectMultiple, "lista"),
    (forms.Select, "rullista"),
    (forms.Textarea, "textyta"),
    (forms.FileInput, "fil"),
)
MEDDELANDEN: Final = {"error": "fel", "warning": "varning"}


@register.simple_tag
def ikon(namn: str, css_class: str = "") -> SafeString:
    """Ikon ur FKUI, för ögat bara: texten intill säger samma sak. `namn` utan prefix, till exempel `search`."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#f-icon-{}"></use></svg>',
        css_class,
        static("vendor/fkui/icons.svg"),
        namn,
    )


@register.simple_tag
def demolage() -> bool:
    """Sant när systemet körs med påhittade uppgifter. En tagg, så att också felsidor utan kontext kan säga det."""
    return bool(settings.DEMO)


@register.filter
def sort(falt: BoundField) -> str:
    """Vilket av FKUI:s mönster som visar fältet."""
    return next((namn for klass, namn in SORTER if isinstance(falt.field.widget, klass)), "text")


@register.filter
def inmatning(falt: BoundField, klasser: str) -> SafeString:
    """Fältets inmatning med FKUI:s klasser utöver de egna. Formulärets egen widget ändras inte."""
    egna = falt.field.widget.attrs.get("class", "")
    return falt.as_widget(attrs={"class": f"{klasser} {egna}".strip()})


@register.filter
def hjalp(falt: BoundField) -> str:
    """Den långa hjälptexten bakom i-ikonen: `form.fields["x"].hjalp`, annars tom."""
    return getattr(falt.field, "hjalp", "")


@register.filter
def visar_valfritt(falt: BoundField) -> bool:
    """Om etiketten ska säga (valfritt). `form.fields["x"].dolj_valfritt = True` tystar den."""
    return not falt.field.required and not getattr(falt.field, "dolj_valfritt", False)


@register.filter
def fokus_id(falt: BoundField) -> str:
    """Id som felsammanfattningens länk leder till: inmatningen, eller första valet i en grupp."""
    if sort(falt) in {"radioknappar", "kryssrutor"}:
        forsta = next(iter(falt.subwidgets), None)
        return forsta.id_for_label if forsta and forsta.id_for_label else f"div_{falt.auto_id}"
    return falt.id_for_label or str(falt.auto_id)


@register.filter
def vardetext(varde: Any) -> str:
    """Ett värde som text på svenska: Ja/Nej, åååå-mm-dd, 1 234, listor med komma; inget värde är ett tankstreck."""
    if isinstance(varde, bool):
        return "Ja" if varde else "Nej"
    if isinstance(varde, date):
        return varde.isoformat()[:10]
    if isinstance(varde, (list, tuple)):
        return ", ".join(vardetext(ett) for ett in varde) or "–"
    return "–" if varde is None or varde == "" else str(localize(varde))


@register.filter
def utdata(falt: BoundField) -> str:
    """Fältets värde som användaren känner det: valets etikett i stället för dess kod."""
    varde = falt.value()
    val = getattr(falt.field, "choices", None)
    if val is None:
        return vardetext(varde)
    etiketter = dict(_etiketter(val))
    valda = varde if isinstance(varde, (list, tuple)) else [varde]
    return vardetext([etiketter.get(str(ett), str(ett)) for ett in valda if ett not in (None, "")])


def _etiketter(val: Any) -> Iterator[tuple[str, str]]:
    """Alla val, även de i grupper, som (kod, etikett)."""
    for kod, etikett in val:
        if isinstance(etikett, (list, tuple)):
            yield from _etiketter(etikett)
        else:
            yield str(kod), str(etikett)


@register.filter
def knappklasser(knapp: Any) -> str:
    """FKUI:s klasser för en av crispys knappar. Bootstraps klasser, som crispy lägger på, tas bort."""
    klasser = [klass for klass in knapp.field_classes.split() if not klass.startswith("btn") and klass != "hidden"]
    if not any(klass.startswith("button--") for klass in klasser):
        klasser = ["button", "button--primary" if knapp.input_type == "submit" else "button--secondary", *klasser]
    return " ".join([*klasser, "button-group__item"])


@register.filter
def meddelandesort(niva: str) -> str:
    """Djangos nivå som ett av de tre slagen information, varning och fel."""
    return MEDDELANDEN.get(niva, "information")


@register.filter
def sidnummer(sida: Page[Any]) -> list[int | str]:
    """Sidnumren att visa, med … för de överhoppade."""
    return list(sida.paginator.get_elided_page_range(sida.number, on_each_side=2, on_ends=1))


@register.filter
def sorteras(nu: str, kolumn: str) -> str:
    """Hur tabellen är sorterad på kolumnen: `ascending`, `descending` eller tomt. `nu` är adressens `sortering`."""
    return {kolumn: "ascending", f"-{kolumn}": "descending"}.get(nu, "")


@register.filter
def nasta_sortering(nu: str, kolumn: str) -> str:
    """Värdet för kolumnrubrikens länk: stigande först, annars omvänt mot nu."""
    return f"-{kolumn}" if nu == kolumn else kolumn

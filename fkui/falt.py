"""Formulärfält för svenska datum, månader och heltal."""

import re
from datetime import date
from typing import Any, Final, NoReturn
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from fkui.widgets import DATUMFORMAT, DatumText, TalText

# Samma gränser som i importerade filer: det som går att skriva ska gå att föra över.
FORSTA_AR: Final = 1900
SISTA_AR: Final = 2100
DATUMFORM: Final = re.compile(r"\d{4}(-?)\d{2}\1\d{2}", re.ASCII)
MANADSFORM: Final = re.compile(r"(\d{4})-?(\d{2})", re.ASCII)
# Tredje siffran är minst 2: det skiljer organisationer från personer
ORGANISATIONSNUMMER: Final = re.compile(r"(?:16)?(\d{2}[2-9]\d{3})-?(\d{4})", re.ASCII)
TALFORM: Final = re.compile(r"[-\u2212]?[0-9]+")
# Det svenska tusentalstecknet är ett hårt blanksteg; inklistrade tal har ibland smalt eller vanligt
BLANKSTEG: Final = re.compile(r"[\s\u00a0\u2009\u202f]")


class Datumfalt(forms.DateField):
    """Datum som åååå-mm-dd eller ååååmmdd. Ger `datetime.date`; allt annat är ett fel på svenska."""

    widget = DatumText
    default_error_messages = {"required": "Ange ett datum.", "invalid": "Ange datumet som åååå-mm-dd."}

    def __init__(self, *, help_text: str = "åååå-mm-dd", **kwargs: Any) -> None:
        super().__init__(input_formats=[DATUMFORMAT, "%Y%m%d"], help_text=help_text, **kwargs)

    def to_python(self, value: Any) -> date | None:
        """Tolkar texten. `strptime` ensam skulle även ta 2025-1-1 och läsa 2025111 som den 1 november."""
        if isinstance(value, str) and (text := value.strip()) and not DATUMFORM.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        dag = super().to_python(value)
        if dag is not None and not FORSTA_AR <= dag.year <= SISTA_AR:
            raise ValidationError(f"Året ska ligga mellan {FORSTA_AR} och {SISTA_AR}.", code="invalid")
        return dag


class Manadsfalt(forms.DateField):
    """Månad som åååå-mm eller ååååmm. Ger den första dagen i månaden som `datetime.date`."""

    widget = DatumText(format="%Y-%m")
    default_error_messages = {"required": "Ange en månad.", "invalid": "Ange månaden som åååå-mm."}

    def __init__(self, *, help_text: str = "åååå-mm", **kwargs: Any) -> None:
        super().__init__(help_text=help_text, **kwargs)

    def to_python(self, value: Any) -> date | None:
        """Tolkar texten till månadens första dag; tomt ger None."""
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value.replace(day=1)
        traff = MANADSFORM.fullmatch(str(value).strip())
        try:
            return date(int(traff[1]), int(traff[2]), 1) if traff else self._ogiltig()
        except ValueError:
            self._ogiltig()

    def _ogiltig(self) -> NoReturn:
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class Heltalsfalt(forms.IntegerField):
    """Heltal, även skrivet med blanksteg som tusentalstecken (1 234). Ger `int` eller None."""

    widget = TalText
    default_error_messages = {"required": "Ange ett tal.", "invalid": "Ange ett heltal."}

    def to_python(self, value: Any) -> int | None:
        """Tolkar texten. Bara ASCII-siffror räknas, och decimaler är ett fel också när de är noll."""
        if isinstance(value, str):
            value = BLANKSTEG.sub("", value).replace("\u2212", "-")
            if value and not TALFORM.fullmatch(value):
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Inga min- och max-attribut: de har ingen verkan på ett textfält."""
        return {}


class Organisationsnummerfalt(forms.CharField):
    """Organisationsnummer, med eller utan bindestreck och sekel (16). Ger NNNNNN-NNNN med rätt kontrollsiffra."""

    widget = TalText
    default_error_messages = {
        "required": "Ange organisationsnummer.",
        "invalid": "Ange organisationsnumret med tio siffror, NNNNNN-NNNN.",
        "kontrollsiffra": "Kontrollera organisationsnumret. Den sista siffran stämmer inte med de andra.",
    }

    def to_python(self, value: Any) -> str:
        """Tolkar texten; tomt ger tom text."""
        text = BLANKSTEG.sub("", super().to_python(value) or "")
        if not text:
            return ""
        traff = ORGANISATIONSNUMMER.fullmatch(text)
        if not traff:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        siffror = traff[1] + traff[2]
        if sum(sum(divmod(int(siffra) * (2 - plats % 2), 10)) for plats, siffra in enumerate(siffror)) % 10:
            raise ValidationError(self.error_messages["kontrollsiffra"], code="kontrollsiffra")
        return f"{traff[1]}-{traff[2]}"


class Tokenfalt(forms.CharField):
    """Dolt fält som gör att formuläret sparas en gång, hur många gånger det än skickas."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid4, max_length=40)


def marka(falt: forms.Field, *, hjalp: str = "", dolj_valfritt: bool = False) -> None:
    """Ger fältet det som mallpaketet läser: lång hjälp bakom i-ikonen, och om (valfritt) ska tystas."""
    if hjalp:
        vars(falt)["hjalp"] = hjalp
    if dolj_valfritt:
        vars(falt)["dolj_valfritt"] = True


def valfalt(form: forms.BaseForm, namn: str) -> forms.ChoiceField:
    """Formulärets fält `namn`, som är ett val. Ger TypeError om det inte är det."""
    falt = form.fields[namn]
    if not isinstance(falt, forms.ChoiceField):
        raise TypeError(namn)
    return falt


def modellfalt(form: forms.BaseForm, namn: str) -> "forms.ModelChoiceField[Any]":
    """Formulärets fält `namn`, som väljer en rad i en tabell. Ger TypeError om det inte är det."""
    falt = form.fields[namn]
    if not isinstance(falt, forms.ModelChoiceField):
        raise TypeError(namn)
    return falt


STORSTA_ID: Final = 2**63 - 1
"""Det högsta id som databasen kan ha: för `heltal_hogst`."""


def heltal_hogst(text: str, hogst: int) -> int | None:
    """Talet i ett dolt fält eller en adress, högst `hogst`; None om det inte är ett tal. Tål vilken text som helst."""
    if not (text.isascii() and text.isdecimal()):
        return None
    return min(int(text), hogst) if len(text) <= len(str(hogst)) + 1 else hogst

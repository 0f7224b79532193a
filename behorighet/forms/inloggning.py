"""Formulär för inloggning och lösenord."""

from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.urls import reverse

from behorighet.inloggning import prova_losenord
from behorighet.models import Anvandare
from fkui.layout import Knapprad, Lank

# Sägs alltid, även om kontot saknas eller redan är spärrat.
FEL_INLOGGNING: Final = (
    "Användarnamnet eller lösenordet stämmer inte. Kontrollera båda och försök igen. "
    "Efter fem misslyckade försök är kontot spärrat i 15 minuter."
)
KRAV: Final = "Minst 12 tecken. Undvik namn, vanliga ord och lösenord som du använder någon annanstans."


class LoggaInForm(AuthenticationForm):
    """Användarnamn och lösenord. Samma besked vad som än är fel: det avslöjar inget om vilka konton som finns."""

    # Formuläret som den utloggade skickade, krypterat av behorighet.views
    inskickat = forms.CharField(widget=forms.HiddenInput, required=False)

    error_messages = {"invalid_login": FEL_INLOGGNING, "inactive": FEL_INLOGGNING}

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "Användarnamn"
        self.fields["username"].error_messages["required"] = "Ange ditt användarnamn."
        self.fields["password"].label = "Lösenord"
        self.fields["password"].error_messages["required"] = "Ange ditt lösenord."
        self.helper = FormHelper()
        self.helper.form_error_title = "Du är inte inloggad"
        if self.initial.get("inskickat"):
            self.helper.form_action = reverse("logga_in")
        self.helper.layout = Layout("username", "password", "inskickat", Submit("logga_in", "Logga in"))


class ValjLosenordForm(forms.Form):
    """Ett nytt lösenord, skrivet två gånger."""

    nytt = forms.CharField(
        label="Nytt lösenord",
        strip=False,
        max_length=200,
        help_text=KRAV,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Ange ett nytt lösenord.", "max_length": "Lösenordet får vara högst 200 tecken."},
    )
    igen = forms.CharField(
        label="Nytt lösenord igen",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Skriv det nya lösenordet igen."},
    )

    def __init__(self, *args: Any, konto: Anvandare, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.konto = konto
        self.helper = FormHelper()
        self.helper.layout = self.layout()

    def layout(self) -> Layout:
        """Fälten och knapparna, uppifrån."""
        return Layout("nytt", "igen", Knapprad(Submit("spara", "Spara")))

    def clean(self) -> dict[str, Any]:
        """De två ska vara lika, och lösenordet svårt att gissa."""
        data = super().clean() or {}
        nytt, igen = data.get("nytt"), data.get("igen")
        if nytt and igen and nytt != igen:
            self.add_error("igen", "De två lösenorden är olika. Skriv samma i båda.")
        if nytt:
            try:
                password_validation.validate_password(nytt, self.konto)
            except forms.ValidationError as fel:
                self.add_error("nytt", fel)
        return data


class BytLosenordForm(ValjLosenordForm):
    """Det nuvarande lösenordet och ett nytt. Fel nuvarande lösenord räknas som en misslyckad inloggning (P5)."""

    field_order = ("nuvarande", "nytt", "igen")

    nuvarande = forms.CharField(
        label="Nuvarande lösenord",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Ange ditt nuvarande lösenord."},
    )

    def layout(self) -> Layout:
        """Fälten och knapparna, uppifrån."""
        return Layout("nuvarande", "nytt", "igen", Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))))

    def clean_nuvarande(self) -> str:
        """Prövar det nuvarande lösenordet, med samma spärr som inloggningen."""
        nuvarande: str = self.cleaned_data["nuvarande"]
        if not prova_losenord(self.konto, nuvarande):
            raise forms.ValidationError(
                "Lösenordet stämmer inte. Efter fem misslyckade försök är kontot spärrat i 15 minuter."
            )
        return nuvarande

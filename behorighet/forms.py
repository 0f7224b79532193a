"""Formulär för inloggning."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.urls import reverse


class LoggaInForm(AuthenticationForm):
    """Användarnamn och lösenord. Samma besked vad som än är fel: det avslöjar inget om vilka konton som finns."""

    # Formuläret som den utloggade skickade, krypterat av behorighet.views
    inskickat = forms.CharField(widget=forms.HiddenInput, required=False)

    error_messages = {
        "invalid_login": "Användarnamnet eller lösenordet stämmer inte. Kontrollera båda och försök igen.",
        "inactive": "Användarnamnet eller lösenordet stämmer inte. Kontrollera båda och försök igen.",
    }

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

"""Formulären för inloggning, konton, behörigheter och organisationer."""

from behorighet.forms.behorighet import (
    VILLKORENS_FALT,
    Avslutningsform,
    Bestallningsform,
    Sokform,
)
from behorighet.forms.inloggning import BytLosenordForm, LoggaInForm, ValjLosenordForm
from behorighet.forms.organisation import Organisationsform, Organisationssok

__all__ = [
    "VILLKORENS_FALT",
    "Avslutningsform",
    "Bestallningsform",
    "BytLosenordForm",
    "LoggaInForm",
    "Organisationsform",
    "Organisationssok",
    "Sokform",
    "ValjLosenordForm",
]

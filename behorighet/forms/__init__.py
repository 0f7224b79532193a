"""Formulären för inloggning, konton, behörigheter och organisationer."""

from behorighet.forms.behorighet import (
    VILLKORENS_FALT,
    Avslutningsform,
    Bestallningsform,
    Sokform,
)
from behorighet.forms.genomgang import Genomgangsform
from behorighet.forms.granskning import AttGranska, Granskningsform, Urvalsform
from behorighet.forms.inloggning import BytLosenordForm, LoggaInForm, ValjLosenordForm
from behorighet.forms.organisation import Organisationsform, Organisationssok
from behorighet.forms.tva_steg import AndraStegetForm, AppForm, BekraftaForm, NyckelForm, NyckelnamnForm

__all__ = [
    "VILLKORENS_FALT",
    "AndraStegetForm",
    "AppForm",
    "AttGranska",
    "Avslutningsform",
    "BekraftaForm",
    "Bestallningsform",
    "BytLosenordForm",
    "Genomgangsform",
    "Granskningsform",
    "LoggaInForm",
    "NyckelForm",
    "NyckelnamnForm",
    "Organisationsform",
    "Organisationssok",
    "Sokform",
    "Urvalsform",
    "ValjLosenordForm",
]

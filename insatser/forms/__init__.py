"""Formulär för insatser, samverkansorganisationer och uppdrag."""

from insatser.forms.insats import VILLKORENS_FALT, InsatsForm, lastext
from insatser.forms.kategori import Kategoripanel, kategorival
from insatser.forms.organisation import Organisationsform, Organisationssok
from insatser.forms.sok import Sokform
from insatser.forms.uppdrag import Anvandarsok, Avslutaform, Uppdragsform, slut_for

__all__ = [
    "VILLKORENS_FALT",
    "Anvandarsok",
    "Avslutaform",
    "InsatsForm",
    "Kategoripanel",
    "Organisationsform",
    "Organisationssok",
    "Sokform",
    "Uppdragsform",
    "kategorival",
    "lastext",
    "slut_for",
]

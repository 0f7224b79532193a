"""Formulär för registrering."""

from deltagare.forms.anonyma import AnonymBorttagsform, Anonymform
from deltagare.forms.antal import Antalsform
from deltagare.forms.kodverk import Kodform, NyKodform
from deltagare.forms.registrering import (
    UTREGISTRERING,
    VILLKORENS_FALT,
    Inregistreringsform,
    Registreringsform,
    Utregistreringsform,
)

__all__ = [
    "UTREGISTRERING",
    "VILLKORENS_FALT",
    "AnonymBorttagsform",
    "Anonymform",
    "Antalsform",
    "Inregistreringsform",
    "Kodform",
    "NyKodform",
    "Registreringsform",
    "Utregistreringsform",
]

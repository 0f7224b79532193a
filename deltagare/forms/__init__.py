"""Formulär för registrering."""

from deltagare.forms.anonyma import AnonymBorttagsform, Anonymform
from deltagare.forms.antal import Antalsform
from deltagare.forms.bekraftelse import Andring, Aterkallelse, Bekraftelse, Nummerbyte
from deltagare.forms.inregistrering import Hamtat, Hamtform, Inregistreringsform, jamforbart
from deltagare.forms.kodverk import Kodform, NyKodform
from deltagare.forms.rattelse import RattaInregistrering, RattaUtregistrering
from deltagare.forms.registrering import UTREGISTRERING, VILLKORENS_FALT, Registreringsform, utan_att_spara
from deltagare.forms.utregistrering import Utregistreringsform

__all__ = [
    "UTREGISTRERING",
    "VILLKORENS_FALT",
    "Andring",
    "AnonymBorttagsform",
    "Anonymform",
    "Antalsform",
    "Aterkallelse",
    "Bekraftelse",
    "Hamtat",
    "Hamtform",
    "Inregistreringsform",
    "Kodform",
    "Nummerbyte",
    "NyKodform",
    "RattaInregistrering",
    "RattaUtregistrering",
    "Registreringsform",
    "Utregistreringsform",
    "jamforbart",
    "utan_att_spara",
]

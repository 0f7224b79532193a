"""Allt som skriver deltaganden, anonyma och antal (`doman.md` 3.3, 4 och 5)."""

from deltagare.tjanster.anonyma import Anonymrad, registrera_anonyma, ta_bort_anonyma
from deltagare.tjanster.antal import Arsantal, registrera_antal
from deltagare.tjanster.person import person_for
from deltagare.tjanster.registrering import inregistrera, logga_historik, oppet_deltagande, utregistrera, varningar

__all__ = [
    "Anonymrad",
    "Arsantal",
    "inregistrera",
    "logga_historik",
    "oppet_deltagande",
    "person_for",
    "registrera_anonyma",
    "registrera_antal",
    "ta_bort_anonyma",
    "utregistrera",
    "varningar",
]

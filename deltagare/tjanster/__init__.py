"""Allt som skriver deltaganden, anonyma och antal (`doman.md` 3.3, 4 och 5)."""

from deltagare.tjanster.anonyma import Anonymrad, registrera_anonyma, ta_bort_anonyma
from deltagare.tjanster.antal import Arsantal, registrera_antal
from deltagare.tjanster.arkivering import Arkivkrock, arkivera_samarbetens_samtycken, arkivera_samtycken
from deltagare.tjanster.lista import logga_export, logga_lista, logga_utan_traff
from deltagare.tjanster.period import EN_SENARE, RedanUtregistrerad, VisarAnnan
from deltagare.tjanster.person import (
    byt_nummer,
    logga_nekat_byte,
    logga_visning,
    nekat_byte,
    person_for,
    skydda_deltagaren,
    skydda_person,
)
from deltagare.tjanster.rattelse import (
    angra_utregistrering,
    fore_felregistreringen,
    gar_att_angra,
    ratta_inregistrering,
    ratta_utregistrering,
)
from deltagare.tjanster.registrering import (
    Avslut,
    inregistrera,
    logga_historik,
    oppet_deltagande,
    utregistrera,
    varningar,
)
from deltagare.tjanster.samarbetslista import (
    logga_hinder,
    logga_nekat_samarbetsbyte,
    logga_samarbetsexport,
    logga_samarbetslista,
    logga_samarbetsvisning,
    personens_registreringar,
)
from deltagare.tjanster.samtycke import aterta_samtycke
from deltagare.tjanster.uppslag import hamta, hittad_med_skydd, registreringar

__all__ = [
    "EN_SENARE",
    "Anonymrad",
    "Arkivkrock",
    "Arsantal",
    "Avslut",
    "RedanUtregistrerad",
    "VisarAnnan",
    "angra_utregistrering",
    "arkivera_samarbetens_samtycken",
    "arkivera_samtycken",
    "aterta_samtycke",
    "byt_nummer",
    "fore_felregistreringen",
    "gar_att_angra",
    "hamta",
    "hittad_med_skydd",
    "inregistrera",
    "logga_export",
    "logga_hinder",
    "logga_historik",
    "logga_lista",
    "logga_nekat_byte",
    "logga_nekat_samarbetsbyte",
    "logga_samarbetsexport",
    "logga_samarbetslista",
    "logga_samarbetsvisning",
    "logga_utan_traff",
    "logga_visning",
    "nekat_byte",
    "oppet_deltagande",
    "person_for",
    "personens_registreringar",
    "ratta_inregistrering",
    "ratta_utregistrering",
    "registrera_anonyma",
    "registrera_antal",
    "registreringar",
    "skydda_deltagaren",
    "skydda_person",
    "ta_bort_anonyma",
    "utregistrera",
    "varningar",
]

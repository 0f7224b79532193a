"""Personer, deltaganden, anonyma och volymantal."""

from deltagare.models.antal import Anonym, Volymantal
from deltagare.models.deltagande import Avtryck, Deltagande, DeltagandeQuerySet
from deltagare.models.gallring import Gallring, Gallringsregel
from deltagare.models.inlasning import Inlasning, Omrade
from deltagare.models.kod import Kod
from deltagare.models.person import Folkbokforing, Identitet, Person, TidigareNummer
from deltagare.models.samarbete import (
    Overgang,
    Overgangsregel,
    Samarbete,
    SamarbeteQuerySet,
    Samarbetsavtryck,
    Samarbetsfolkbokforing,
    Samarbetskontor,
    Samarbetsuppgift,
)
from deltagare.models.svar import Svar
from deltagare.models.uppslag import Registerpost, Uppslag

__all__ = [
    "Anonym",
    "Avtryck",
    "Deltagande",
    "DeltagandeQuerySet",
    "Folkbokforing",
    "Gallring",
    "Gallringsregel",
    "Identitet",
    "Inlasning",
    "Kod",
    "Omrade",
    "Overgang",
    "Overgangsregel",
    "Person",
    "Registerpost",
    "Samarbete",
    "SamarbeteQuerySet",
    "Samarbetsavtryck",
    "Samarbetsfolkbokforing",
    "Samarbetskontor",
    "Samarbetsuppgift",
    "Svar",
    "TidigareNummer",
    "Uppslag",
    "Volymantal",
]

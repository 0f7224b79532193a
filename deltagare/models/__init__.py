"""Personer, deltaganden, anonyma och volymantal."""

from deltagare.models.antal import Anonym, Volymantal
from deltagare.models.deltagande import Deltagande, DeltagandeQuerySet
from deltagare.models.inlasning import Inlasning, Omrade
from deltagare.models.kod import Kod
from deltagare.models.person import Folkbokforing, Identitet, Person
from deltagare.models.svar import Svar
from deltagare.models.uppslag import Registerpost, Uppslag

__all__ = [
    "Anonym",
    "Deltagande",
    "DeltagandeQuerySet",
    "Folkbokforing",
    "Identitet",
    "Inlasning",
    "Kod",
    "Omrade",
    "Person",
    "Registerpost",
    "Svar",
    "Uppslag",
    "Volymantal",
]

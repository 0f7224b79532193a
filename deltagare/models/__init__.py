"""Personer, deltaganden, anonyma och volymantal."""

from deltagare.models.antal import Anonym, Volymantal
from deltagare.models.deltagande import Deltagande, DeltagandeQuerySet
from deltagare.models.kod import Kod
from deltagare.models.person import Folkbokforing, Identitet, Person

__all__ = [
    "Anonym",
    "Deltagande",
    "DeltagandeQuerySet",
    "Folkbokforing",
    "Identitet",
    "Kod",
    "Person",
    "Volymantal",
]

"""Geografi, samverkansorganisationer, insatser med kategorisering, budget och uppdrag."""

from insatser.models.budget import Budget, Budgetpost, Budgettyp
from insatser.models.fraga import Fraga, Fragetillfalle, Saknas, Svarsalternativ, Svarstyp, Tillfalle
from insatser.models.geografi import Kommun, Lan, Stadsdel
from insatser.models.insats import Insats, InsatsQuerySet, Lasorsak
from insatser.models.organisation import IngaendeOrganisation, Samverkansorganisation
from insatser.models.organisationsbudget import (
    AdministrativKostnad,
    Finansieringspost,
    Kostnadstyp,
    Organisationsbudget,
)
from insatser.models.uppdrag import RATT_ATT_GE, Uppdrag, Uppdragslage

__all__ = [
    "RATT_ATT_GE",
    "AdministrativKostnad",
    "Budget",
    "Budgetpost",
    "Budgettyp",
    "Finansieringspost",
    "Fraga",
    "Fragetillfalle",
    "IngaendeOrganisation",
    "Insats",
    "InsatsQuerySet",
    "Kommun",
    "Kostnadstyp",
    "Lan",
    "Lasorsak",
    "Organisationsbudget",
    "Saknas",
    "Samverkansorganisation",
    "Stadsdel",
    "Svarsalternativ",
    "Svarstyp",
    "Tillfalle",
    "Uppdrag",
    "Uppdragslage",
]

"""Geografi, samverkansorganisationer, insatser med kategorisering, budget och uppdrag."""

from insatser.models.budget import Budget, Budgetpost, Budgettyp
from insatser.models.geografi import Kommun, Lan, Stadsdel
from insatser.models.insats import Insats, InsatsQuerySet, Lasorsak
from insatser.models.organisation import Samverkansorganisation
from insatser.models.uppdrag import RATT_ATT_GE, Uppdrag, Uppdragslage

__all__ = [
    "RATT_ATT_GE",
    "Budget",
    "Budgetpost",
    "Budgettyp",
    "Insats",
    "InsatsQuerySet",
    "Kommun",
    "Lan",
    "Lasorsak",
    "Samverkansorganisation",
    "Stadsdel",
    "Uppdrag",
    "Uppdragslage",
]

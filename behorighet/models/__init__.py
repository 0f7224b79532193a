"""Användare, organisationer, behörigheter, åtkomstlogg, historik och granskning."""

from behorighet.models.giltighet import Giltig, Giltighetslage, GiltigQuerySet
from behorighet.models.granskning import Genomgang, Genomgangsrad, Loggkontroll, Loggkontrollrad
from behorighet.models.handelse import Handelse, HandelseQuerySet
from behorighet.models.historik import Andringstyp, Historikrad, med_historik
from behorighet.models.inloggning import Inloggningsforsok, Inskick, Takt
from behorighet.models.konto import Anvandare, AnvandareQuerySet, Behorighet
from behorighet.models.organisation import Organisation, Organisationstyp

__all__ = [
    "Andringstyp",
    "Anvandare",
    "AnvandareQuerySet",
    "Behorighet",
    "Genomgang",
    "Genomgangsrad",
    "Giltig",
    "GiltigQuerySet",
    "Giltighetslage",
    "Handelse",
    "HandelseQuerySet",
    "Historikrad",
    "Inloggningsforsok",
    "Inskick",
    "Loggkontroll",
    "Loggkontrollrad",
    "Organisation",
    "Organisationstyp",
    "Takt",
    "med_historik",
]

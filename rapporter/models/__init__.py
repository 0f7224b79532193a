"""Rapporternas modeller."""

from rapporter.models.bestallning import (
    MED_BESKED,
    OPPNA,
    SPARAS,
    Bestallning,
    BestallningQuerySet,
    Bestallningsdel,
    Filformat,
    Lage,
)
from rapporter.models.sparat_urval import SparatUrval, SparatUrvalQuerySet

__all__ = [
    "MED_BESKED",
    "OPPNA",
    "SPARAS",
    "Bestallning",
    "BestallningQuerySet",
    "Bestallningsdel",
    "Filformat",
    "Lage",
    "SparatUrval",
    "SparatUrvalQuerySet",
]

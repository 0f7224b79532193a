"""Rapporternas modeller."""

from rapporter.models.bestallning import (
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

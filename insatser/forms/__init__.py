"""Formulär för insatser."""

from insatser.forms.insats import VILLKORENS_FALT, InsatsForm, lastext
from insatser.forms.kategori import Kategoripanel, kategorival
from insatser.forms.sok import Sokform

__all__ = ["VILLKORENS_FALT", "InsatsForm", "Kategoripanel", "Sokform", "kategorival", "lastext"]

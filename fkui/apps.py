"""Appen fkui: mallpaketet templates/fkui och dess taggar."""

from django.apps import AppConfig


class FkuiConfig(AppConfig):
    """Registrerar malltaggarna. Appen har inga tabeller."""

    name = "fkui"
    verbose_name = "Gränssnitt"

from django.apps import AppConfig


class SusConfig(AppConfig):
    name = "sus"
    verbose_name = "SUS"

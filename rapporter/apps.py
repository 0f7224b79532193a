from django.apps import AppConfig


class RapporterConfig(AppConfig):
    name = "rapporter"
    verbose_name = "Rapporter"
    default_auto_field = "django.db.models.BigAutoField"

from django.apps import AppConfig


class BehorighetConfig(AppConfig):
    name = "behorighet"
    verbose_name = "Behörighet"
    default_auto_field = "django.db.models.BigAutoField"

from django.apps import AppConfig


class DeltagareConfig(AppConfig):
    name = "deltagare"
    verbose_name = "Deltagare"
    default_auto_field = "django.db.models.BigAutoField"

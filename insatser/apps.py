from django.apps import AppConfig


class InsatserConfig(AppConfig):
    name = "insatser"
    verbose_name = "Insatser"
    default_auto_field = "django.db.models.BigAutoField"

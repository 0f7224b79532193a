from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0006_historikens_vakt")]

    operations = [
        migrations.AddField("kod", "version", models.PositiveIntegerField(default=1, editable=False)),
        migrations.AlterConstraint(
            "kod",
            "koden_en_gang_i_kodverket",
            models.UniqueConstraint(
                fields=["kodverk", "kod"],
                name="koden_en_gang_i_kodverket",
                violation_error_message="Kodverket har redan den koden. Välj en annan.",
            ),
        ),
        migrations.AlterConstraint(
            "kod",
            "kod_slutar_inte_fore_start",
            models.CheckConstraint(
                name="kod_slutar_inte_fore_start",
                condition=Q(giltig_fran=None) | Q(giltig_till=None) | Q(giltig_till__gte=F("giltig_fran")),
                violation_error_message="Giltig till och med kan inte vara före giltig från.",
            ),
        ),
    ]

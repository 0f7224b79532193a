"""Spärren för andra steget, och serien som avslutar ett kontos sessioner (P5)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("behorighet", "0008_handelser")]

    operations = [
        migrations.AddField(
            model_name="inloggningsforsok",
            name="steg_i_foljd",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="fel i andra steget i följd"),
        ),
        migrations.AddField(
            model_name="inloggningsforsok",
            name="steg_sparrat_till",
            field=models.DateTimeField(null=True, verbose_name="andra steget spärrat till"),
        ),
        migrations.AddField(
            model_name="anvandare",
            name="sessionsserie",
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name="sessionsserie"),
        ),
    ]

"""Uppladdade filer som väntar på att läsas in: bara den egna syns, och de för gamla för att kunna tas bort (P22)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

RADSKYDD = """
REVOKE TRUNCATE ON deltagare_inlasning FROM sus_app;
ALTER TABLE deltagare_inlasning ENABLE ROW LEVEL SECURITY;
CREATE POLICY egen ON deltagare_inlasning FOR ALL TO sus_app
    USING (anvandare_id = (SELECT sus_anvandare()) OR skapad_vid <= now() - interval '1 hour')
    WITH CHECK (anvandare_id = (SELECT sus_anvandare()));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("deltagare", "0008_svar"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Inlasning",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "omrade",
                    models.CharField(
                        choices=[("insatser", "Insatser och budget"), ("deltaganden", "Deltaganden")],
                        max_length=20,
                        verbose_name="område",
                    ),
                ),
                ("innehall", models.BinaryField(null=True, verbose_name="krypterat innehåll")),
                ("nyckel_id", models.CharField(blank=True, max_length=40, verbose_name="krypteringsnyckel")),
                (
                    "kvitto",
                    models.JSONField(null=True, verbose_name="kvitto: nya, ändrade och oförändrade rader per fil"),
                ),
                (
                    "skapad_vid",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="skapad"),
                ),
                (
                    "anvandare",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "inläsning",
                "verbose_name_plural": "inläsningar",
                "indexes": [models.Index(fields=["skapad_vid"], name="inlasning_skapad")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(innehall__isnull=False, kvitto__isnull=True)
                        | Q(innehall__isnull=True, kvitto__isnull=False),
                        name="inlasningen_har_innehall_eller_kvitto",
                    ),
                    models.CheckConstraint(
                        condition=Q(omrade__in=["insatser", "deltaganden"]), name="inlasningens_omrade_finns"
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            RADSKYDD,
            "DROP POLICY egen ON deltagare_inlasning; ALTER TABLE deltagare_inlasning DISABLE ROW LEVEL SECURITY",
        ),
    ]

"""Kompletterande frågor med alternativ (`doman.md` 4). Vakterna som ser svaren står i deltagare/migrations/0008_svar.py."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Bekräftelsen och allt annat än organisationen går att ändra tills frågan har svar.
RATTIGHETER = """
REVOKE UPDATE, TRUNCATE ON insatser_fraga, insatser_svarsalternativ FROM sus_app;
GRANT UPDATE (namn, text, svarstyp, tillfalle, fran, till, ordning, bekraftat_av_id, bekraftat_vid, version)
    ON insatser_fraga TO sus_app;
GRANT UPDATE (text, ordning) ON insatser_svarsalternativ TO sus_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("insatser", "0006_organisationer_och_budget"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Fraga",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("namn", models.CharField(max_length=100, verbose_name="namn")),
                ("text", models.CharField(max_length=300, verbose_name="fråga")),
                (
                    "svarstyp",
                    models.CharField(
                        choices=[
                            ("fritext", "Kort fritext"),
                            ("en", "En av flera"),
                            ("flera", "Flera av flera"),
                            ("tal", "Tal"),
                            ("datum", "Datum"),
                        ],
                        max_length=10,
                        verbose_name="svarstyp",
                    ),
                ),
                (
                    "tillfalle",
                    models.CharField(
                        choices=[
                            ("in", "Vid inregistrering"),
                            ("ut", "Vid utregistrering"),
                            ("bada", "Vid både in- och utregistrering"),
                        ],
                        max_length=10,
                        verbose_name="ställs",
                    ),
                ),
                ("fran", models.DateField(verbose_name="från och med")),
                ("till", models.DateField(blank=True, null=True, verbose_name="till och med")),
                ("ordning", models.PositiveIntegerField(verbose_name="ordning")),
                ("bekraftat_vid", models.DateTimeField(verbose_name="innehållet bekräftat")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "skapad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="skapad"
                    ),
                ),
                (
                    "bekraftat_av",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "samverkansorganisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fragor",
                        to="insatser.samverkansorganisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "kompletterande fråga",
                "verbose_name_plural": "kompletterande frågor",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("till", None), ("till__gte", models.F("fran")), _connector="OR"),
                        name="fragan_slutar_inte_fore_start",
                        violation_error_message="Till och med kan inte vara före från och med.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("svarstyp__in", ["fritext", "en", "flera", "tal", "datum"])),
                        name="fragans_svarstyp_finns",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tillfalle__in", ["in", "ut", "bada"])), name="fragans_tillfalle_finns"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True), models.Q(("namn", ""), _negated=True)
                        ),
                        name="fragan_har_en_text",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Svarsalternativ",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=100, verbose_name="alternativ")),
                ("ordning", models.PositiveSmallIntegerField(verbose_name="ordning")),
                (
                    "fraga",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alternativ", to="insatser.fraga"
                    ),
                ),
            ],
            options={
                "verbose_name": "svarsalternativ",
                "verbose_name_plural": "svarsalternativ",
                "ordering": ["ordning", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("fraga"),
                        models.Func("text", function="lower"),
                        name="alternativet_en_gang_i_fragan",
                        violation_error_message="Samma alternativ står två gånger.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="alternativet_har_en_text"
                    ),
                ],
            },
        ),
        migrations.RunSQL(RATTIGHETER, "GRANT UPDATE ON insatser_fraga, insatser_svarsalternativ TO sus_app"),
    ]

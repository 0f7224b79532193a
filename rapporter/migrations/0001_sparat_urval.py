"""Sparade urval: bara de egna och de som är delade i den egna organisationen syns (P2)."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# Vems ett urval är ändras aldrig. Ett delat urval är organisationens: byter ägaren arbetsgivare blir det kvar där. Bara
# ägaren kan göra det privat: annars vore det borta för den som gör det. Det som tas bort går att återställa i 30 dagar.
_ARBETSGIVARE = "(SELECT arbetsgivare_id FROM behorighet_anvandare WHERE id = sus_anvandare())"
_NAR = f"(delad_med_id = {_ARBETSGIVARE} OR (delad_med_id IS NULL AND agare_id = (SELECT sus_anvandare())))"
RADSKYDD = f"""
REVOKE UPDATE, TRUNCATE ON rapporter_sparaturval FROM sus_app;
GRANT UPDATE (delad_med_id, namn, falt, texter, period, version, andrad_av_id, andrad_vid, borttagen_av_id,
    borttagen_vid) ON rapporter_sparaturval TO sus_app;
ALTER TABLE rapporter_sparaturval ENABLE ROW LEVEL SECURITY;
CREATE POLICY ser ON rapporter_sparaturval FOR SELECT TO sus_app
    USING {_NAR};
CREATE POLICY sparar ON rapporter_sparaturval FOR INSERT TO sus_app
    WITH CHECK (agare_id = (SELECT sus_anvandare()) AND (delad_med_id IS NULL OR delad_med_id = {_ARBETSGIVARE}));
CREATE POLICY andrar ON rapporter_sparaturval FOR UPDATE TO sus_app
    USING {_NAR}
    WITH CHECK {_NAR};
CREATE POLICY tar_bort ON rapporter_sparaturval FOR DELETE TO sus_app
    USING ({_NAR} AND borttagen_vid <= now() - interval '30 days');
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("behorighet", "0012_samarbetenas_handelser"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SparatUrval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("namn", models.CharField(max_length=100, verbose_name="namn")),
                ("falt", models.JSONField(verbose_name="urvalets fält och koder")),
                ("texter", models.JSONField(default=dict, verbose_name="vad koderna hette")),
                (
                    "period",
                    models.CharField(
                        choices=[
                            ("fast", "Samma månader varje gång"),
                            ("manad", "Senaste hela månaden"),
                            ("tertial", "Senaste hela tertialet"),
                            ("halvar", "Senaste hela halvåret"),
                            ("delar", "Senaste delåret januari–augusti"),
                            ("helar", "Senaste hela året"),
                            ("hittills", "Innevarande år, till och med den här månaden"),
                        ],
                        default="fast",
                        max_length=10,
                        verbose_name="period",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "skapad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="sparat"
                    ),
                ),
                (
                    "andrad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="ändrat"
                    ),
                ),
                (
                    "borttagen_vid",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="borttaget"),
                ),
                (
                    "agare",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "andrad_av",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "borttagen_av",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delad_med",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="behorighet.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "sparat urval",
                "verbose_name_plural": "sparade urval",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("namn"),
                        models.F("agare"),
                        condition=models.Q(("borttagen_vid", None), ("delad_med", None)),
                        name="sparat_urval_eget_namn",
                        violation_error_message="Du har redan ett sparat urval med det namnet. Välj ett annat.",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("namn"),
                        models.F("delad_med"),
                        condition=models.Q(("borttagen_vid", None), ("delad_med__isnull", False)),
                        name="sparat_urval_delat_namn",
                        violation_error_message="I din organisation finns redan ett delat urval med det namnet. Välj ett annat.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("period__in", ["fast", "manad", "tertial", "halvar", "delar", "helar", "hittills"])
                        ),
                        name="sparat_urval_period_finns",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("borttagen_av", None), ("borttagen_vid", None)),
                            models.Q(("borttagen_av__isnull", False), ("borttagen_vid__isnull", False)),
                            _connector="OR",
                        ),
                        name="sparat_urval_borttaget_av_nagon",
                    ),
                ],
            },
        ),
        migrations.RunSQL(RADSKYDD, migrations.RunSQL.noop),
    ]

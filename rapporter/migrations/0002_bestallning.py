"""Rapporter i bakgrunden: bara den som beställde ser beställningen och filen, och den blir klar en gång (P2, P19)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Vems en beställning är, och vad den gäller, ändras aldrig. Filens bitar skrivs en gång.
RADSKYDD = """
REVOKE UPDATE, TRUNCATE ON rapporter_bestallning FROM sus_app;
GRANT UPDATE (lage, klara, rader, forsok, misslyckanden, borjade_vid, avslutad_vid, storlek, fel, sedd_vid)
    ON rapporter_bestallning TO sus_app;
REVOKE UPDATE, TRUNCATE ON rapporter_bestallningsdel FROM sus_app;
ALTER TABLE rapporter_bestallning ENABLE ROW LEVEL SECURITY;
CREATE POLICY egen ON rapporter_bestallning FOR ALL TO sus_app
    USING (anvandare_id = (SELECT sus_anvandare())) WITH CHECK (anvandare_id = (SELECT sus_anvandare()));
ALTER TABLE rapporter_bestallningsdel ENABLE ROW LEVEL SECURITY;
CREATE POLICY egen ON rapporter_bestallningsdel FOR ALL TO sus_app
    USING (EXISTS (SELECT FROM rapporter_bestallning b WHERE b.id = bestallning_id))
    WITH CHECK (EXISTS (SELECT FROM rapporter_bestallning b WHERE b.id = bestallning_id));
"""
RADSKYDD_BAK = """
DROP POLICY egen ON rapporter_bestallningsdel;
DROP POLICY egen ON rapporter_bestallning;
"""

# Det som är avslutat är avslutat, och ett försök får aldrig skriva efter ett senare.
VAKT = """
CREATE FUNCTION vakta_bestallning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lage NOT IN ('vantar', 'pagar') AND (NEW.lage, NEW.forsok, NEW.storlek) IS DISTINCT FROM
        (OLD.lage, OLD.forsok, OLD.storlek) THEN
        RAISE EXCEPTION 'beställningen är avslutad' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'bestallningen_avslutas_en_gang';
    END IF;
    IF NEW.forsok < OLD.forsok THEN
        RAISE EXCEPTION 'ett senare försök pågår' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'bestallningens_forsok_vaxer';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER vakta_bestallning BEFORE UPDATE ON rapporter_bestallning
    FOR EACH ROW EXECUTE FUNCTION vakta_bestallning();
"""
VAKT_BAK = """
DROP TRIGGER vakta_bestallning ON rapporter_bestallning;
DROP FUNCTION vakta_bestallning();
"""

# Ägarens funktioner. Arbetaren vet bara beställningens nummer och får veta i vems sammanhang den ska göras; sidhuvudet
# får veta hur många som är klara och hur många som inte gick att göra, i samma fråga som läser kontot; den som städar
# ska inte kunna läsa. Arbetarna får veta numren på de öppna som inget jobb i kön längre gäller.
FUNKTIONER = """
CREATE FUNCTION bestallningens_anvandare(p_id uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT anvandare_id FROM rapporter_bestallning WHERE id = p_id
$$;
REVOKE EXECUTE ON FUNCTION bestallningens_anvandare(uuid) FROM PUBLIC, sus_rapport;
CREATE FUNCTION nya_rapporter(p_anvandare bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ARRAY[count(*) FILTER (WHERE lage = 'klar'), count(*) FILTER (WHERE lage = 'misslyckad')]
    FROM rapporter_bestallning
    WHERE anvandare_id = p_anvandare AND lage IN ('klar', 'misslyckad') AND sedd_vid IS NULL
        AND avslutad_vid > now() - interval '7 days'
$$;
REVOKE EXECUTE ON FUNCTION nya_rapporter(bigint) FROM PUBLIC, sus_rapport;
CREATE FUNCTION bestallningar_utan_jobb() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT b.id FROM rapporter_bestallning b
    WHERE b.lage IN ('vantar', 'pagar') AND b.bestalld_vid > now() - interval '7 days' AND NOT EXISTS (
        SELECT FROM procrastinate_jobs j
        WHERE j.status IN ('todo', 'doing') AND j.task_name = 'gor_rapport' AND j.args ->> 'bestallning' = b.id::text
    )
$$;
REVOKE EXECUTE ON FUNCTION bestallningar_utan_jobb() FROM PUBLIC, sus_rapport;
CREATE FUNCTION glom_gamla_rapporter() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gamla AS (
        SELECT id FROM rapporter_bestallning WHERE coalesce(avslutad_vid, bestalld_vid) <= now() - interval '7 days'
    ),
    delar AS (DELETE FROM rapporter_bestallningsdel WHERE bestallning_id IN (SELECT id FROM gamla)),
    bort AS (DELETE FROM rapporter_bestallning WHERE id IN (SELECT id FROM gamla) RETURNING 1)
    SELECT count(*) FROM bort
$$;
REVOKE EXECUTE ON FUNCTION glom_gamla_rapporter() FROM PUBLIC, sus_rapport;
"""
FUNKTIONER_BAK = """
DROP FUNCTION glom_gamla_rapporter();
DROP FUNCTION bestallningar_utan_jobb();
DROP FUNCTION nya_rapporter(bigint);
DROP FUNCTION bestallningens_anvandare(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("behorighet", "0012_samarbetenas_handelser"),
        ("deltagare", "0023_matrisen"),
        ("procrastinate", "0041_post_retry_failed_job"),
        ("rapporter", "0001_sparat_urval"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Bestallning",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("urval", models.JSONField(verbose_name="urvalet")),
                ("urval_i_ord", models.JSONField(verbose_name="urvalet i ord: par av rubrik och text")),
                ("adress", models.TextField(verbose_name="urvalet som adress")),
                ("summa", models.CharField(max_length=64, verbose_name="urvalets summa")),
                ("filnamn", models.CharField(max_length=100, verbose_name="filens namn utan ändelse")),
                (
                    "format",
                    models.CharField(choices=[("pdf", "PDF"), ("xlsx", "Excel")], max_length=4, verbose_name="format"),
                ),
                (
                    "lage",
                    models.CharField(
                        choices=[
                            ("vantar", "Väntar på sin tur"),
                            ("pagar", "Görs nu"),
                            ("klar", "Klar"),
                            ("avbruten", "Avbruten"),
                            ("misslyckad", "Blev inte gjord"),
                        ],
                        default="vantar",
                        max_length=10,
                        verbose_name="läge",
                    ),
                ),
                ("rader", models.PositiveIntegerField(default=0, verbose_name="rader; 0 innan de är räknade")),
                ("klara", models.PositiveIntegerField(default=0, verbose_name="färdiga rader")),
                ("forsok", models.PositiveSmallIntegerField(default=0, verbose_name="försök")),
                (
                    "misslyckanden",
                    models.PositiveSmallIntegerField(default=0, verbose_name="försök som slutade med ett fel"),
                ),
                (
                    "bestalld_vid",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="beställd"),
                ),
                ("borjade_vid", models.DateTimeField(null=True, verbose_name="började")),
                ("avslutad_vid", models.DateTimeField(null=True, verbose_name="avslutad")),
                ("storlek", models.PositiveBigIntegerField(default=0, verbose_name="filens storlek i byte")),
                ("fel", models.CharField(blank=True, max_length=300, verbose_name="varför den inte blev gjord")),
                ("sedd_vid", models.DateTimeField(null=True, verbose_name="sedd som avslutad")),
                (
                    "anvandare",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "beställd rapport",
                "verbose_name_plural": "beställda rapporter",
            },
        ),
        migrations.CreateModel(
            name="Bestallningsdel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nr", models.PositiveIntegerField(verbose_name="bitens nummer, från 0")),
                ("innehall", models.BinaryField(verbose_name="innehåll")),
                (
                    "bestallning",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="delar", to="rapporter.bestallning"
                    ),
                ),
            ],
            options={
                "verbose_name": "bit av en rapportfil",
                "verbose_name_plural": "bitar av rapportfiler",
            },
        ),
        migrations.AddIndex(
            model_name="bestallning",
            index=models.Index(fields=["anvandare", "bestalld_vid"], name="bestallning_anvandare"),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lage__in", ("vantar", "pagar"))),
                fields=("anvandare", "format", "summa"),
                name="en_bestallning_at_gangen",
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.CheckConstraint(
                condition=models.Q(("lage__in", ["vantar", "pagar", "klar", "avbruten", "misslyckad"])),
                name="bestallningens_lage_finns",
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ["pdf", "xlsx"])), name="bestallningens_format_finns"
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.CheckConstraint(
                condition=models.Q(("klara__lte", models.F("rader"))), name="bestallningens_rader_racker"
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("avslutad_vid", None), ("lage__in", ("vantar", "pagar"))),
                    models.Q(
                        models.Q(("lage__in", ("vantar", "pagar")), _negated=True), ("avslutad_vid__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="bestallningen_avslutas_en_gang",
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallning",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lage", "klar"), ("storlek__gt", 0)),
                    models.Q(models.Q(("lage", "klar"), _negated=True), ("storlek", 0)),
                    _connector="OR",
                ),
                name="bestallningen_har_fil_nar_den_ar_klar",
            ),
        ),
        migrations.AddConstraint(
            model_name="bestallningsdel",
            constraint=models.UniqueConstraint(fields=("bestallning", "nr"), name="en_bit_en_gang"),
        ),
        migrations.RunSQL(RADSKYDD, RADSKYDD_BAK),
        migrations.RunSQL(VAKT, VAKT_BAK),
        migrations.RunSQL(FUNKTIONER, FUNKTIONER_BAK),
    ]

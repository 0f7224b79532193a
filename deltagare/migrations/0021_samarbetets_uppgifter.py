"""Uppgifterna före och efter ett samarbete (R30)."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

UPPGIFTER = """
ALTER TABLE deltagare_samarbetsuppgift ENABLE ROW LEVEL SECURITY;
CREATE POLICY uppdrag ON deltagare_samarbetsuppgift FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id));
CREATE POLICY uppdrag_nytt ON deltagare_samarbetsuppgift FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY uppdrag_andra ON deltagare_samarbetsuppgift FOR UPDATE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY rapport ON deltagare_samarbetsuppgift FOR SELECT TO sus_rapport USING (true);
GRANT SELECT ON deltagare_samarbetsuppgift TO sus_rapport;
REVOKE DELETE, TRUNCATE ON deltagare_samarbetsuppgift FROM sus_app;

-- Som för deltaganden: svaren finns i kodverket, och uppgifterna flyttas inte till ett annat samarbete.
CREATE FUNCTION samarbetets_svar_finns_i_kodverket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    okand text;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.samarbete_id, NEW.tillfalle) <> (OLD.samarbete_id, OLD.tillfalle) THEN
        RAISE EXCEPTION 'Uppgifterna flyttas inte till ett annat samarbete.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registreringen_flyttas_inte';
    END IF;
    IF NEW.tillfalle = 'efter' THEN
        -- Den som samtidigt ångrar avslutet väntar, och tar sedan med sig raden.
        PERFORM FROM deltagare_samarbete WHERE id = NEW.samarbete_id FOR SHARE;
        IF EXISTS (SELECT FROM deltagare_samarbete WHERE id = NEW.samarbete_id AND insatstyp <> 'avslutat') THEN
            RAISE EXCEPTION 'Situationen efter registreras när samarbetet är avslutat.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'efter_hor_till_avslutat';
        END IF;
    END IF;
    WITH svar (kodverk, kod) AS (
        SELECT 'utbildning', NEW.utbildning UNION SELECT 'tid_i_forsorjning', NEW.tid_i_forsorjning
        UNION SELECT 'forsorjning', unnest(NEW.forsorjning) UNION SELECT 'arbetstyp', unnest(NEW.arbetstyp))
    SELECT s.kodverk || ': ' || s.kod INTO okand FROM svar s
        WHERE s.kod <> '' AND NOT EXISTS (
            SELECT FROM deltagare_kod k WHERE k.kodverk = s.kodverk AND k.kod = s.kod) LIMIT 1;
    IF okand IS NOT NULL THEN
        RAISE EXCEPTION 'Svaret finns inte i kodverket (%).', okand
            USING ERRCODE = 'check_violation', CONSTRAINT = 'svaren_finns_i_kodverket';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER samarbetets_svar_finns_i_kodverket BEFORE INSERT OR UPDATE ON deltagare_samarbetsuppgift
    FOR EACH ROW EXECUTE FUNCTION samarbetets_svar_finns_i_kodverket();
""".replace(
    "@HOS_MIG",
    "(af_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[]) "
    "OR fk_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[]))",
)


class Migration(migrations.Migration):
    dependencies = [
        ("deltagare", "0020_samarbetenas_vakter"),
    ]

    operations = [
        migrations.CreateModel(
            name="Samarbetsuppgift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tillfalle",
                    models.CharField(
                        choices=[("fore", "Direkt före"), ("efter", "Efter")], max_length=10, verbose_name="tillfälle"
                    ),
                ),
                ("anstalld", models.BooleanField(blank=True, null=True, verbose_name="anställd")),
                ("eget_foretag", models.BooleanField(blank=True, null=True, verbose_name="eget företag")),
                (
                    "inskriven_af",
                    models.BooleanField(blank=True, null=True, verbose_name="inskriven hos Arbetsförmedlingen"),
                ),
                ("arbete", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="andel av arbete")),
                (
                    "arbetstyp",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="typ av arbete",
                    ),
                ),
                ("studier", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="andel av studier")),
                (
                    "forsorjning",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="försörjning",
                    ),
                ),
                (
                    "tid_i_forsorjning",
                    models.CharField(blank=True, max_length=40, verbose_name="tid i offentlig försörjning"),
                ),
                ("utbildning", models.CharField(blank=True, max_length=40, verbose_name="högsta slutförda utbildning")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "samarbete",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uppgifter",
                        to="deltagare.samarbete",
                    ),
                ),
            ],
            options={
                "verbose_name": "uppgifter om samarbetet",
                "verbose_name_plural": "uppgifter om samarbeten",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("samarbete", "tillfalle"), name="uppgifterna_en_gang_per_tillfalle"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("arbete", None), ("arbete__range", (0, 100)), _connector="OR"),
                            models.Q(("studier", None), ("studier__range", (0, 100)), _connector="OR"),
                        ),
                        name="samarbetets_andelar_ar_procent",
                        violation_error_message="Andel anges i procent, 1–100 (0 om personen inte arbetar eller studerar).",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("forsorjning__contains", ["ingen"]), _negated=True),
                            ("forsorjning__len", 1),
                            _connector="OR",
                        ),
                        name="samarbetets_forsorjning_utesluter",
                        violation_error_message="Ingen offentlig försörjning kan inte väljas tillsammans med annan.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tillfalle", "fore"),
                            models.Q(("tid_i_forsorjning", ""), ("utbildning", "")),
                            _connector="OR",
                        ),
                        name="tid_och_utbildning_bara_fore",
                    ),
                ],
            },
        ),
        migrations.RunSQL(UPPGIFTER, "DROP FUNCTION samarbetets_svar_finns_i_kodverket() CASCADE"),
    ]

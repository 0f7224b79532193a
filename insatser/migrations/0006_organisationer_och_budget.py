"""Kontaktuppgifter, ingående organisationer och budget för samverkansorganisationen, med databasens vakter."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Startdatum sätts när organisationen registreras och ändras aldrig (`doman.md` 2).
STARTDATUM = """
REVOKE UPDATE ON insatser_samverkansorganisation FROM sus_app;
GRANT UPDATE (organisationsnummer, namn, samverkansform, beskrivning, slutdatum, adress, postnummer, ort,
    kontaktperson, telefon, epost, version) ON insatser_samverkansorganisation TO sus_app;
"""

# R7: budgetåret ligger inom organisationens tid, och administrativa kostnader finns bara inom Finsam; från båda hållen.
# FOR SHARE: den som samtidigt ändrar organisationen väntar.
BUDGET = """
REVOKE UPDATE ON insatser_organisationsbudget FROM sus_app;
GRANT UPDATE (version) ON insatser_organisationsbudget TO sus_app;

CREATE FUNCTION organisationsbudgeten_ryms() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_samverkansorganisation WHERE id IN (
        SELECT b.samverkansorganisation_id FROM insatser_organisationsbudget b JOIN nya n ON n.arsbudget_id = b.id
    ) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM nya n JOIN insatser_organisationsbudget b ON b.id = n.arsbudget_id
               JOIN insatser_samverkansorganisation o ON o.id = b.samverkansorganisation_id
               WHERE b.ar < extract(year FROM o.startdatum) OR b.ar > extract(year FROM o.slutdatum)) THEN
        RAISE EXCEPTION 'Budgetåret ligger utanför samverkansorganisationens datum.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budgetaret_inom_organisationen';
    END IF;
    IF TG_TABLE_NAME = 'insatser_administrativkostnad' AND EXISTS (
        SELECT FROM nya n JOIN insatser_organisationsbudget b ON b.id = n.arsbudget_id
        JOIN insatser_samverkansorganisation o ON o.id = b.samverkansorganisation_id
        WHERE o.samverkansform <> 'finsam'
    ) THEN
        RAISE EXCEPTION 'Administrativa kostnader registreras bara inom Finsam.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'administrativa_kostnader_inom_finsam';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER organisationsbudgeten_ryms_ny AFTER INSERT ON insatser_finansieringspost
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION organisationsbudgeten_ryms();
CREATE TRIGGER organisationsbudgeten_ryms_andrad AFTER UPDATE ON insatser_finansieringspost
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION organisationsbudgeten_ryms();
CREATE TRIGGER organisationsbudgeten_ryms_ny AFTER INSERT ON insatser_administrativkostnad
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION organisationsbudgeten_ryms();
CREATE TRIGGER organisationsbudgeten_ryms_andrad AFTER UPDATE ON insatser_administrativkostnad
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION organisationsbudgeten_ryms();

CREATE FUNCTION organisationen_rymmer_sin_budget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM insatser_organisationsbudget b WHERE b.samverkansorganisation_id = NEW.id
               AND (b.ar < extract(year FROM NEW.startdatum) OR b.ar > extract(year FROM NEW.slutdatum))
               AND (EXISTS (SELECT FROM insatser_finansieringspost f WHERE f.arsbudget_id = b.id)
                    OR EXISTS (SELECT FROM insatser_administrativkostnad k WHERE k.arsbudget_id = b.id))) THEN
        RAISE EXCEPTION 'Samverkansorganisationen har budget för år utanför de datumen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organisationen_rymmer_sin_budget';
    END IF;
    IF NEW.samverkansform <> 'finsam' AND EXISTS (
        SELECT FROM insatser_administrativkostnad k JOIN insatser_organisationsbudget b ON b.id = k.arsbudget_id
        WHERE b.samverkansorganisation_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'Samverkansorganisationen har administrativa kostnader, som bara finns inom Finsam.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'administrativa_kostnader_inom_finsam';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER organisationen_rymmer_sin_budget
    AFTER UPDATE OF startdatum, slutdatum, samverkansform ON insatser_samverkansorganisation
    FOR EACH ROW EXECUTE FUNCTION organisationen_rymmer_sin_budget();
"""

# Stadsdelen ligger i en av organisationens kommuner: rapporternas urval och filerna läser bara kommunen.
OMRADE = """
CREATE FUNCTION stadsdelens_kommun_ar_i_omradet() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM insatser_samverkansorganisation_stadsdelar os
               JOIN insatser_stadsdel s ON s.id = os.stadsdel_id
               WHERE os.samverkansorganisation_id = NEW.samverkansorganisation_id AND NOT EXISTS (
                   SELECT FROM insatser_samverkansorganisation_kommuner ok
                   WHERE ok.samverkansorganisation_id = os.samverkansorganisation_id
                     AND ok.kommun_id = s.kommun_id)) THEN
        RAISE EXCEPTION 'Stadsdelens kommun hör inte till samverkansorganisationens område.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stadsdelens_kommun_ar_i_omradet';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION kommunens_stadsdelar_foljer_med() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM insatser_samverkansorganisation_stadsdelar os USING insatser_stadsdel s
    WHERE s.id = os.stadsdel_id AND os.samverkansorganisation_id = OLD.samverkansorganisation_id
      AND s.kommun_id = OLD.kommun_id;
    RETURN NULL;
END $$;

CREATE TRIGGER stadsdelens_kommun_ar_i_omradet AFTER INSERT OR UPDATE ON insatser_samverkansorganisation_stadsdelar
    FOR EACH ROW EXECUTE FUNCTION stadsdelens_kommun_ar_i_omradet();
CREATE TRIGGER kommunens_stadsdelar_foljer_med AFTER DELETE ON insatser_samverkansorganisation_kommuner
    FOR EACH ROW EXECUTE FUNCTION kommunens_stadsdelar_foljer_med();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("behorighet", "0008_handelser"),
        ("insatser", "0005_historikens_vakt"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdministrativKostnad",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rad", models.PositiveIntegerField(verbose_name="rad")),
                (
                    "kostnadstyp",
                    models.CharField(
                        choices=[("kringkostnader", "Kringkostnader"), ("personal", "Personal")],
                        max_length=20,
                        verbose_name="kostnadstyp",
                    ),
                ),
                ("budget", models.BigIntegerField(blank=True, null=True, verbose_name="budget")),
                ("utfall", models.BigIntegerField(blank=True, null=True, verbose_name="utfall")),
                ("beskrivning", models.CharField(blank=True, max_length=500, verbose_name="beskrivning")),
            ],
            options={
                "verbose_name": "administrativ kostnad",
                "verbose_name_plural": "administrativa kostnader",
            },
        ),
        migrations.CreateModel(
            name="Finansieringspost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rad", models.PositiveIntegerField(verbose_name="rad")),
                ("belopp", models.BigIntegerField(verbose_name="finansiering")),
                ("beskrivning", models.CharField(blank=True, max_length=500, verbose_name="beskrivning")),
            ],
            options={
                "verbose_name": "finansieringspost",
                "verbose_name_plural": "finansieringsposter",
            },
        ),
        migrations.CreateModel(
            name="IngaendeOrganisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deltar", models.BooleanField(default=False, verbose_name="deltar")),
                ("finansierar", models.BooleanField(default=False, verbose_name="finansierar")),
                ("brukar", models.BooleanField(default=False, verbose_name="brukar")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "ingående organisation",
                "verbose_name_plural": "ingående organisationer",
            },
        ),
        migrations.CreateModel(
            name="Organisationsbudget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ar", models.PositiveSmallIntegerField(verbose_name="budgetår")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "samverkansorganisationsbudget",
                "verbose_name_plural": "samverkansorganisationsbudgetar",
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="samverkansorganisation",
            name="ny_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="samverkansorganisation",
            name="andrad_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="samverkansorganisation",
            name="borttagen_delete",
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="adress",
            field=models.CharField(blank=True, db_default="", max_length=200, verbose_name="adress"),
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="epost",
            field=models.EmailField(blank=True, db_default="", max_length=254, verbose_name="e-post"),
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="kontaktperson",
            field=models.CharField(blank=True, db_default="", max_length=200, verbose_name="kontaktperson"),
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="ort",
            field=models.CharField(blank=True, db_default="", max_length=100, verbose_name="ort"),
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="postnummer",
            field=models.CharField(blank=True, db_default="", max_length=6, verbose_name="postnummer"),
        ),
        migrations.AddField(
            model_name="samverkansorganisation",
            name="telefon",
            field=models.CharField(blank=True, db_default="", max_length=40, verbose_name="telefon"),
        ),
        migrations.AddField(
            model_name="samverkansorganisationhistorikrad",
            name="adress",
            field=models.CharField(blank=True, db_default="", max_length=200, verbose_name="adress"),
        ),
        migrations.AddField(
            model_name="samverkansorganisationhistorikrad",
            name="ort",
            field=models.CharField(blank=True, db_default="", max_length=100, verbose_name="ort"),
        ),
        migrations.AddField(
            model_name="samverkansorganisationhistorikrad",
            name="postnummer",
            field=models.CharField(blank=True, db_default="", max_length=6, verbose_name="postnummer"),
        ),
        migrations.AlterField(
            model_name="samverkansorganisation",
            name="organisationsnummer",
            field=models.CharField(
                error_messages={"unique": "En annan samverkansorganisation har redan det organisationsnumret."},
                max_length=11,
                unique=True,
                verbose_name="organisationsnummer",
            ),
        ),
        migrations.AlterField(
            model_name="samverkansorganisationhistorikrad",
            name="organisationsnummer",
            field=models.CharField(
                error_messages={"unique": "En annan samverkansorganisation har redan det organisationsnumret."},
                max_length=11,
                verbose_name="organisationsnummer",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samverkansorganisation",
            trigger=pgtrigger.compiler.Trigger(
                name="ny_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_samverkansorganisationhistorikrad" ("adress", "beskrivning", "id", "namn", "organisationsnummer", "ort", "pgh_created_at", "pgh_label", "pgh_obj_id", "postnummer", "samverkansform", "slutdatum", "startdatum") SELECT new_values."adress", new_values."beskrivning", new_values."id", new_values."namn", new_values."organisationsnummer", new_values."ort", NOW(), \'ny\', new_values."id", new_values."postnummer", new_values."samverkansform", new_values."slutdatum", new_values."startdatum" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="696bcfc23c4b4aa04af33c1f94403ae29e6e3cb2",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_ny_insert_bb27f",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="insatser_samverkansorganisation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samverkansorganisation",
            trigger=pgtrigger.compiler.Trigger(
                name="andrad_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_samverkansorganisationhistorikrad" ("adress", "beskrivning", "id", "namn", "organisationsnummer", "ort", "pgh_created_at", "pgh_label", "pgh_obj_id", "postnummer", "samverkansform", "slutdatum", "startdatum") SELECT new_values."adress", new_values."beskrivning", new_values."id", new_values."namn", new_values."organisationsnummer", new_values."ort", NOW(), \'andrad\', new_values."id", new_values."postnummer", new_values."samverkansform", new_values."slutdatum", new_values."startdatum" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."adress" IS DISTINCT FROM (new_values."adress") OR old_values."beskrivning" IS DISTINCT FROM (new_values."beskrivning") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."namn" IS DISTINCT FROM (new_values."namn") OR old_values."organisationsnummer" IS DISTINCT FROM (new_values."organisationsnummer") OR old_values."ort" IS DISTINCT FROM (new_values."ort") OR old_values."postnummer" IS DISTINCT FROM (new_values."postnummer") OR old_values."samverkansform" IS DISTINCT FROM (new_values."samverkansform") OR old_values."slutdatum" IS DISTINCT FROM (new_values."slutdatum") OR old_values."startdatum" IS DISTINCT FROM (new_values."startdatum")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="583e37310dfd6bc143bc682c2d8be3e7ede8627b",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_andrad_update_2ef36",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="insatser_samverkansorganisation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samverkansorganisation",
            trigger=pgtrigger.compiler.Trigger(
                name="borttagen_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_samverkansorganisationhistorikrad" ("adress", "beskrivning", "id", "namn", "organisationsnummer", "ort", "pgh_created_at", "pgh_label", "pgh_obj_id", "postnummer", "samverkansform", "slutdatum", "startdatum") SELECT old_values."adress", old_values."beskrivning", old_values."id", old_values."namn", old_values."organisationsnummer", old_values."ort", NOW(), \'borttagen\', old_values."id", old_values."postnummer", old_values."samverkansform", old_values."slutdatum", old_values."startdatum" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="ef38bd1f271cc5cf420417d4736d80ef7a3331ed",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_borttagen_delete_15ebe",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="insatser_samverkansorganisation",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="samverkansorganisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("postnummer", ""), ("postnummer__regex", "^\\d{3} \\d{2}$"), _connector="OR"),
                name="postnummer_har_ratt_form",
                violation_error_message="Postnummer skrivs med fem siffror, NNN NN.",
            ),
        ),
        migrations.AddField(
            model_name="finansieringspost",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="finansieringsposter",
                to="behorighet.organisation",
            ),
        ),
        migrations.AddField(
            model_name="ingaendeorganisation",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="ingar_i", to="behorighet.organisation"
            ),
        ),
        migrations.AddField(
            model_name="ingaendeorganisation",
            name="samverkansorganisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ingaende_organisationer",
                to="insatser.samverkansorganisation",
            ),
        ),
        migrations.AddField(
            model_name="organisationsbudget",
            name="samverkansorganisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="organisationsbudgetar",
                to="insatser.samverkansorganisation",
            ),
        ),
        migrations.AddField(
            model_name="finansieringspost",
            name="arsbudget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="finansieringsposter",
                to="insatser.organisationsbudget",
            ),
        ),
        migrations.AddField(
            model_name="administrativkostnad",
            name="arsbudget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="administrativa_kostnader",
                to="insatser.organisationsbudget",
            ),
        ),
        migrations.AddConstraint(
            model_name="ingaendeorganisation",
            constraint=models.UniqueConstraint(
                fields=("samverkansorganisation", "organisation"),
                name="en_organisation_ingar_en_gang",
                violation_error_message="Organisationen ingår redan. Ändra den i listan i stället.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ingaendeorganisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("deltar", True), ("finansierar", True), ("brukar", True), _connector="OR"),
                name="ingaende_organisation_gor_nagot",
                violation_error_message="Välj minst ett av deltar, finansierar och brukar.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationsbudget",
            constraint=models.UniqueConstraint(
                fields=("samverkansorganisation", "ar"), name="en_organisationsbudget_per_ar"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationsbudget",
            constraint=models.CheckConstraint(
                condition=models.Q(("ar__range", (1990, 2100))), name="organisationsbudgetens_ar_rimligt"
            ),
        ),
        migrations.AddConstraint(
            model_name="finansieringspost",
            constraint=models.UniqueConstraint(fields=("arsbudget", "rad"), name="en_finansieringspost_per_rad"),
        ),
        migrations.AddConstraint(
            model_name="finansieringspost",
            constraint=models.CheckConstraint(
                condition=models.Q(("belopp__gte", 0)),
                name="finansiering_ar_inte_negativ",
                violation_error_message="Finansiering kan inte vara negativ.",
            ),
        ),
        migrations.AddConstraint(
            model_name="administrativkostnad",
            constraint=models.UniqueConstraint(fields=("arsbudget", "rad"), name="en_administrativ_kostnad_per_rad"),
        ),
        migrations.AddConstraint(
            model_name="administrativkostnad",
            constraint=models.CheckConstraint(
                condition=models.Q(("kostnadstyp__in", ["kringkostnader", "personal"])), name="kostnadstyp_finns"
            ),
        ),
        migrations.AddConstraint(
            model_name="administrativkostnad",
            constraint=models.CheckConstraint(
                condition=models.Q(("budget", None), ("budget__gte", 0), _connector="OR"),
                name="administrativ_budget_ar_inte_negativ",
                violation_error_message="Budget kan inte vara negativ. En rättelse skrivs som negativt utfall.",
            ),
        ),
        migrations.AddConstraint(
            model_name="administrativkostnad",
            constraint=models.CheckConstraint(
                condition=models.Q(("budget__isnull", False), ("utfall__isnull", False), _connector="OR"),
                name="administrativ_kostnad_har_belopp",
                violation_error_message="Ange budget eller utfall.",
            ),
        ),
        migrations.RunSQL(
            STARTDATUM,
            "REVOKE UPDATE ON insatser_samverkansorganisation FROM sus_app;"
            "GRANT UPDATE ON insatser_samverkansorganisation TO sus_app",
        ),
        migrations.RunSQL(
            BUDGET,
            "DROP FUNCTION organisationsbudgeten_ryms() CASCADE; DROP FUNCTION organisationen_rymmer_sin_budget() CASCADE",
        ),
        migrations.RunSQL(
            OMRADE,
            "DROP FUNCTION stadsdelens_kommun_ar_i_omradet() CASCADE;"
            "DROP FUNCTION kommunens_stadsdelar_foljer_med() CASCADE",
        ),
    ]

"""Verksamhetsområde eller Marknadsområde för ett kontor i Af/FK-samarbetet."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Den insatsansvariga och systemadministratören ändrar det; nyckel, organisation och form ändras aldrig.
RATTIGHETER = "GRANT UPDATE (omrade) ON insatser_insats TO sus_app"


class Migration(migrations.Migration):
    dependencies = [
        ("insatser", "0008_fragor"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="insats",
            name="ny_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="insats",
            name="andrad_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="insats",
            name="borttagen_delete",
        ),
        migrations.AddField(
            model_name="insats",
            name="omrade",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=100, verbose_name="verksamhets- eller marknadsområde"
            ),
        ),
        migrations.AddField(
            model_name="insatshistorikrad",
            name="omrade",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=100, verbose_name="verksamhets- eller marknadsområde"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="insats",
            trigger=pgtrigger.compiler.Trigger(
                name="ny_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_insatshistorikrad" ("beskrivning", "deltagarregistrering", "id", "inriktning", "kategorisering_last_vid", "last_av", "malgrupper", "namn", "nyckel", "omrade", "pgh_created_at", "pgh_label", "pgh_obj_id", "preciserad_inriktning", "samverkansform", "samverkansorganisation_id", "slutdatum", "startdatum") SELECT new_values."beskrivning", new_values."deltagarregistrering", new_values."id", new_values."inriktning", new_values."kategorisering_last_vid", new_values."last_av", new_values."malgrupper", new_values."namn", new_values."nyckel", new_values."omrade", NOW(), \'ny\', new_values."id", new_values."preciserad_inriktning", new_values."samverkansform", new_values."samverkansorganisation_id", new_values."slutdatum", new_values."startdatum" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="59e5927219f0a476dbf59150759b854fbea95573",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_ny_insert_5697b",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="insatser_insats",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="insats",
            trigger=pgtrigger.compiler.Trigger(
                name="andrad_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_insatshistorikrad" ("beskrivning", "deltagarregistrering", "id", "inriktning", "kategorisering_last_vid", "last_av", "malgrupper", "namn", "nyckel", "omrade", "pgh_created_at", "pgh_label", "pgh_obj_id", "preciserad_inriktning", "samverkansform", "samverkansorganisation_id", "slutdatum", "startdatum") SELECT new_values."beskrivning", new_values."deltagarregistrering", new_values."id", new_values."inriktning", new_values."kategorisering_last_vid", new_values."last_av", new_values."malgrupper", new_values."namn", new_values."nyckel", new_values."omrade", NOW(), \'andrad\', new_values."id", new_values."preciserad_inriktning", new_values."samverkansform", new_values."samverkansorganisation_id", new_values."slutdatum", new_values."startdatum" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."beskrivning" IS DISTINCT FROM (new_values."beskrivning") OR old_values."deltagarregistrering" IS DISTINCT FROM (new_values."deltagarregistrering") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."inriktning" IS DISTINCT FROM (new_values."inriktning") OR old_values."kategorisering_last_vid" IS DISTINCT FROM (new_values."kategorisering_last_vid") OR old_values."last_av" IS DISTINCT FROM (new_values."last_av") OR old_values."malgrupper" IS DISTINCT FROM (new_values."malgrupper") OR old_values."namn" IS DISTINCT FROM (new_values."namn") OR old_values."nyckel" IS DISTINCT FROM (new_values."nyckel") OR old_values."omrade" IS DISTINCT FROM (new_values."omrade") OR old_values."preciserad_inriktning" IS DISTINCT FROM (new_values."preciserad_inriktning") OR old_values."samverkansform" IS DISTINCT FROM (new_values."samverkansform") OR old_values."samverkansorganisation_id" IS DISTINCT FROM (new_values."samverkansorganisation_id") OR old_values."slutdatum" IS DISTINCT FROM (new_values."slutdatum") OR old_values."startdatum" IS DISTINCT FROM (new_values."startdatum")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="2bd98f7e988932234e73aecc86fb6bd349dac24c",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_andrad_update_9ab71",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="insatser_insats",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="insats",
            trigger=pgtrigger.compiler.Trigger(
                name="borttagen_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "insatser_insatshistorikrad" ("beskrivning", "deltagarregistrering", "id", "inriktning", "kategorisering_last_vid", "last_av", "malgrupper", "namn", "nyckel", "omrade", "pgh_created_at", "pgh_label", "pgh_obj_id", "preciserad_inriktning", "samverkansform", "samverkansorganisation_id", "slutdatum", "startdatum") SELECT old_values."beskrivning", old_values."deltagarregistrering", old_values."id", old_values."inriktning", old_values."kategorisering_last_vid", old_values."last_av", old_values."malgrupper", old_values."namn", old_values."nyckel", old_values."omrade", NOW(), \'borttagen\', old_values."id", old_values."preciserad_inriktning", old_values."samverkansform", old_values."samverkansorganisation_id", old_values."slutdatum", old_values."startdatum" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="85f9e63e78c0ff1e62b9546b100891ba8ba656de",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_borttagen_delete_ed108",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="insatser_insats",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="insats",
            constraint=models.CheckConstraint(
                condition=models.Q(("omrade", ""), ("samverkansform__in", ["af", "fk"]), _connector="OR"),
                name="bara_ett_kontor_har_omrade",
                violation_error_message="Bara ett kontor i Af/FK-samarbetet har ett område.",
            ),
        ),
        migrations.RunSQL(RATTIGHETER, "REVOKE UPDATE (omrade) ON insatser_insats FROM sus_app"),
    ]

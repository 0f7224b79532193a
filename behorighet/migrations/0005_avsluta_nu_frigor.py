"""R1a: en behörighet som avslutas nu frigör rollen samma dag. Den nya börjar i det ögonblicket, inte vid midnatt."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations, models

# Greatest hoppar över NULL: utan början är det dygnets.
GILTIGHET = """
CREATE FUNCTION sus_giltighet(fran date, till date, avslutad timestamptz, borjar timestamptz) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tstzrange(
    greatest(timezone('Europe/Stockholm', fran::timestamp), borjar),
    CASE WHEN till IS NOT NULL OR avslutad IS NOT NULL THEN greatest(
        timezone('Europe/Stockholm', fran::timestamp),
        borjar,
        least(avslutad, timezone('Europe/Stockholm', (till + 1)::timestamp))
    ) END
);
"""


def giltighet(*kolumner):
    return models.GeneratedField(
        db_persist=True,
        expression=models.Func(*map(models.F, kolumner), function="sus_giltighet"),
        output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
    )


class Migration(migrations.Migration):
    dependencies = [("behorighet", "0004_konton")]

    operations = [
        migrations.RunSQL(GILTIGHET, "DROP FUNCTION sus_giltighet(date, date, timestamptz, timestamptz)"),
        migrations.AddField(
            model_name="behorighet",
            name="borjar_vid",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="börjar"),
        ),
        # En uträknad kolumn går inte att ändra: villkoren och kolumnen görs om.
        migrations.RemoveConstraint(model_name="behorighet", name="roller_som_utesluter_varandra"),
        migrations.RemoveConstraint(model_name="behorighet", name="samma_roll_en_gang_i_taget"),
        migrations.RemoveField(model_name="behorighet", name="giltighet"),
        migrations.AddField(
            model_name="behorighet",
            name="giltighet",
            field=giltighet("fran", "till", "avslutad_vid", "borjar_vid"),
        ),
        migrations.AddConstraint(
            model_name="behorighet",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("uteslutningsgrupp__isnull", False)),
                expressions=[
                    ("anvandare", RangeOperators.EQUAL),
                    ("uteslutningsgrupp", RangeOperators.NOT_EQUAL),
                    ("giltighet", RangeOperators.OVERLAPS),
                ],
                name="roller_som_utesluter_varandra",
                violation_error_message="Den som är deltagaransvarig kan inte samtidigt vara samverkansadministratör eller beställare.",
            ),
        ),
        migrations.AddConstraint(
            model_name="behorighet",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("anvandare", RangeOperators.EQUAL),
                    ("roll", RangeOperators.EQUAL),
                    ("giltighet", RangeOperators.OVERLAPS),
                ],
                name="samma_roll_en_gang_i_taget",
                violation_error_message="Personen har redan rollen under den tiden.",
            ),
        ),
    ]

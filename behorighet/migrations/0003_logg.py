"""Loggen går bara att lägga till i (R6, P9)."""

from django.db import migrations

# Första muren är rättigheterna, den andra triggern: den gäller även ägaren och går inte att stänga av
# med en inställning i sessionen.
VAKT = """
REVOKE UPDATE, DELETE, TRUNCATE ON behorighet_handelse FROM sus_app;
REVOKE DELETE, TRUNCATE ON behorighet_inskick FROM sus_app;

CREATE FUNCTION loggen_andras_aldrig() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Åtkomstloggen går inte att ändra.'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'loggen_andras_aldrig';
END $$;

CREATE TRIGGER loggen_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_handelse
    FOR EACH STATEMENT EXECUTE FUNCTION loggen_andras_aldrig();
"""

BAK = """
DROP TRIGGER loggen_andras_aldrig ON behorighet_handelse;
DROP FUNCTION loggen_andras_aldrig();
GRANT UPDATE, DELETE ON behorighet_handelse TO sus_app;
GRANT DELETE ON behorighet_inskick TO sus_app;
"""

# Djangos egen tabell är äldre än rättigheterna ovan.
MIGRERINGAR = "GRANT SELECT ON django_migrations TO sus_app"


class Migration(migrations.Migration):
    dependencies = [("behorighet", "0002_initial")]

    operations = [
        migrations.RunSQL(VAKT, BAK),
        migrations.RunSQL(MIGRERINGAR, "REVOKE SELECT ON django_migrations FROM sus_app"),
    ]

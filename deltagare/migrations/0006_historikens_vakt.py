"""Deltagandenas historik syns som de själva, och går bara att lägga till (P2, P9)."""

from django.db import migrations

VAKT = """
REVOKE UPDATE, DELETE, TRUNCATE ON deltagare_deltagandehistorikrad FROM sus_app;
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON deltagare_deltagandehistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();

ALTER TABLE deltagare_deltagandehistorikrad ENABLE ROW LEVEL SECURITY;
CREATE POLICY uppdrag ON deltagare_deltagandehistorikrad FOR SELECT TO sus_app
    USING (insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]));
CREATE POLICY uppdrag_nytt ON deltagare_deltagandehistorikrad FOR INSERT TO sus_app
    WITH CHECK (insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]));
"""

BAK = """
DROP POLICY uppdrag ON deltagare_deltagandehistorikrad;
DROP POLICY uppdrag_nytt ON deltagare_deltagandehistorikrad;
ALTER TABLE deltagare_deltagandehistorikrad DISABLE ROW LEVEL SECURITY;
DROP TRIGGER historiken_andras_aldrig ON deltagare_deltagandehistorikrad;
GRANT UPDATE, DELETE ON deltagare_deltagandehistorikrad TO sus_app;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0005_historik"), ("behorighet", "0007_vakter")]

    operations = [migrations.RunSQL(VAKT, BAK)]

"""Historik och granskning går bara att lägga till, och cachen som inloggningens skydd använder (P5, P8, P9)."""

from django.db import migrations

# Första muren är rättigheterna, den andra triggern, som gäller även ägaren.
HISTORIK = """
CREATE FUNCTION historiken_andras_aldrig() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Historiken går inte att ändra.'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'historiken_andras_aldrig';
END $$;

REVOKE UPDATE, DELETE, TRUNCATE ON behorighet_behorighethistorikrad, behorighet_genomgang, behorighet_genomgangsrad,
    behorighet_loggkontroll FROM sus_app;
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_behorighethistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_genomgang
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_genomgangsrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_loggkontroll
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
"""

HISTORIK_BAK = """
DROP FUNCTION historiken_andras_aldrig() CASCADE;
GRANT UPDATE, DELETE ON behorighet_behorighethistorikrad, behorighet_genomgang, behorighet_genomgangsrad,
    behorighet_loggkontroll TO sus_app;
"""

# En rad i urvalet granskas en gång. Vilken händelse den gäller ändras aldrig.
LOGGKONTROLL = """
REVOKE UPDATE, DELETE, TRUNCATE ON behorighet_loggkontrollrad FROM sus_app;
GRANT UPDATE (utfall, kommentar, granskad_av_id, granskad_vid) ON behorighet_loggkontrollrad TO sus_app;

CREATE FUNCTION granskningen_star_kvar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Händelsen är redan granskad.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'granskningen_star_kvar';
END $$;
CREATE TRIGGER granskningen_star_kvar BEFORE UPDATE ON behorighet_loggkontrollrad
    FOR EACH ROW WHEN (OLD.utfall <> '') EXECUTE FUNCTION granskningen_star_kvar();
CREATE TRIGGER historiken_andras_aldrig BEFORE DELETE OR TRUNCATE ON behorighet_loggkontrollrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
"""

LOGGKONTROLL_BAK = """
DROP TRIGGER historiken_andras_aldrig ON behorighet_loggkontrollrad;
DROP FUNCTION granskningen_star_kvar() CASCADE;
GRANT UPDATE, DELETE ON behorighet_loggkontrollrad TO sus_app;
"""

# Så som createcachetable gör den. Den bär nyckeltal om inloggningar, aldrig uppgifter om personer (P7).
CACHE = """
CREATE TABLE sus_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX sus_cache_expires ON sus_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("behorighet", "0006_historik_och_granskning")]

    operations = [
        migrations.RunSQL(HISTORIK, HISTORIK_BAK),
        migrations.RunSQL(LOGGKONTROLL, LOGGKONTROLL_BAK),
        migrations.RunSQL(CACHE, "DROP TABLE sus_cache"),
    ]

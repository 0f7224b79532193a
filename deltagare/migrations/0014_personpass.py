"""Vem ett nytt deltagande får gälla står i en tabell som bara `person_for` skriver, inte i en inställning (P2)."""

from django.db import migrations

# En rad per förbindelse: den andra registreringen på samma förbindelse ersätter den första. Utan WAL: den gäller bara
# transaktionen ut.
PERSONPASS = """
CREATE UNLOGGED TABLE deltagare_personpass (
    pid int PRIMARY KEY, xid xid8 NOT NULL, anvandare_id bigint, person_id bigint NOT NULL);
REVOKE ALL ON deltagare_personpass FROM sus_app, sus_rapport;

CREATE FUNCTION ge_personpass(p_person bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO deltagare_personpass VALUES (pg_backend_pid(), pg_current_xact_id(), sus_anvandare(), p_person)
    ON CONFLICT (pid) DO UPDATE
    SET xid = excluded.xid, anvandare_id = excluded.anvandare_id, person_id = excluded.person_id
$$;
REVOKE EXECUTE ON FUNCTION ge_personpass(bigint) FROM PUBLIC, sus_app, sus_rapport;

CREATE OR REPLACE FUNCTION sus_person() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person_id FROM deltagare_personpass
    WHERE pid = pg_backend_pid() AND xid = pg_current_xact_id_if_assigned() AND anvandare_id = sus_anvandare()
$$;
"""
PERSONPASS_BAK = """
CREATE OR REPLACE FUNCTION sus_person() RETURNS bigint LANGUAGE sql STABLE
RETURN nullif(current_setting('sus.person', true), '')::bigint;
DROP FUNCTION ge_personpass(bigint);
DROP TABLE deltagare_personpass;
"""

# Den gamla platsen i funktionen, och den nya.
FORR = "PERFORM set_config('sus.person', v_person::text, true);"
NU = "PERFORM ge_personpass(v_person);"


def byt(fran: str, till: str):
    """Byter raden i `person_for` så som den står i databasen."""

    def kor(apps, schema_editor):
        with schema_editor.connection.cursor() as markor:
            markor.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'person_for' "
                "AND pronamespace = 'public'::regnamespace"
            )
            (text,) = markor.fetchone()
            if fran not in text:
                raise RuntimeError("person_for ser inte ut som väntat.")
            markor.execute(text.replace(fran, till))

    return kor


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0013_gallring")]

    operations = [
        migrations.RunSQL(PERSONPASS, PERSONPASS_BAK),
        migrations.RunPython(byt(FORR, NU), byt(NU, FORR)),
    ]

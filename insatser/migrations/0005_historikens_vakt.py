"""Historiken går bara att lägga till (P9)."""

from django.db import migrations

TABELLER = ("insatshistorikrad", "samverkansorganisationhistorikrad", "uppdraghistorikrad")


class Migration(migrations.Migration):
    dependencies = [("insatser", "0004_historik"), ("behorighet", "0007_vakter")]

    operations = [
        migrations.RunSQL(
            f"""
            REVOKE UPDATE, DELETE, TRUNCATE ON insatser_{tabell} FROM sus_app;
            CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON insatser_{tabell}
                FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
            """,
            f"""
            DROP TRIGGER historiken_andras_aldrig ON insatser_{tabell};
            GRANT UPDATE, DELETE ON insatser_{tabell} TO sus_app;
            """,
        )
        for tabell in TABELLER
    ]

"""Matrisens vakt: samtycket går alltid att återta. Och hur många som står i varje insatstyp, för den som ändrar den."""

from django.db import migrations, models

# Systemadministratören når inga samarbeten: funktionen ger bara antal, som i rapporterna.
ANTAL = """
CREATE FUNCTION pagaende_per_insatstyp() RETURNS TABLE (insatstyp text, antal bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_systemadministrator();
    RETURN QUERY SELECT s.insatstyp::text, count(*) FROM deltagare_samarbete s WHERE s.slut IS NULL
        GROUP BY s.insatstyp;
END $$;
REVOKE EXECUTE ON FUNCTION pagaende_per_insatstyp() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pagaende_per_insatstyp() TO sus_app;
"""

# Bara systemadministratören ändrar matrisen, också i rå SQL. Svarar med rutan så som den var; är versionen en annan än
# den som ändringen utgår från ändras inget.
ANDRA = """
CREATE FUNCTION andra_overgangsregel(p_regel bigint, p_version int, p_oppen boolean, p_myndighet text)
RETURNS TABLE (version int, oppen boolean, myndighet text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_systemadministrator();
    RETURN QUERY SELECT r.version, r.oppen, r.myndighet::text FROM deltagare_overgangsregel r
        WHERE r.id = p_regel FOR UPDATE;
    UPDATE deltagare_overgangsregel r SET oppen = p_oppen, myndighet = p_myndighet, version = r.version + 1
        WHERE r.id = p_regel AND r.version = p_version AND (r.oppen, r.myndighet) <> (p_oppen, p_myndighet);
END $$;
REVOKE EXECUTE ON FUNCTION andra_overgangsregel(bigint, int, boolean, text) FROM PUBLIC, sus_rapport;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0022_samarbetenas_identitet")]

    operations = [
        migrations.AddConstraint(
            model_name="overgangsregel",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("till", "avbrutet"), _negated=True), ("oppen", True), _connector="OR"),
                name="samtycket_gar_att_aterta",
                violation_error_message="Övergången till Avbrutet samarbete är alltid öppen: samtycket ska gå att återta.",
            ),
        ),
        migrations.RunSQL(ANTAL, "DROP FUNCTION pagaende_per_insatstyp()"),
        migrations.RunSQL(ANDRA, "DROP FUNCTION andra_overgangsregel(bigint, int, boolean, text)"),
    ]

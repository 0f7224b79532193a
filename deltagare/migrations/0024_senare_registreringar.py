"""En fil på webben ändrar inte namnet förbi en senare registrering som ligger utom räckhåll (P2)."""

from django.db import migrations

# Som har_senare_registrering, för alla personer i en fil på en gång. Svarar bara om dem som den som frågar når, med
# paren som den angav: aldrig med dagen för en registrering.
SENARE = """
CREATE FUNCTION har_senare_registreringar(p_personer bigint[], p_dagar date[])
RETURNS TABLE (person_id bigint, dag date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT f.person_id, f.dag FROM unnest(p_personer, p_dagar) AS f (person_id, dag)
        WHERE EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = f.person_id AND NOT d.avidentifierat
                      AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]))
          AND (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = f.person_id AND d.inregistrering > f.dag
                       AND NOT d.felregistrerad AND NOT d.avidentifierat)
               OR EXISTS (SELECT FROM deltagare_samarbete s WHERE s.person_id = f.person_id AND s.borjan > f.dag
                          AND NOT s.avidentifierat));
END $$;
REVOKE EXECUTE ON FUNCTION har_senare_registreringar(bigint[], date[]) FROM PUBLIC, sus_rapport;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0023_matrisen")]

    operations = [migrations.RunSQL(SENARE, "DROP FUNCTION har_senare_registreringar(bigint[], date[])")]

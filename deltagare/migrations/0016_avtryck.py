"""Flera fingeravtryck per deltagande: också det som det hade före en rättelse eller ett nummerbyte (R19, R25)."""

import django.db.models.deletion
from django.db import migrations, models

# Ägarens tabell: tillämpningen skriver genom funktionerna som tar bort identiteten, och frågar om en fils rader.
AVTRYCK = """
REVOKE ALL ON deltagare_avtryck FROM sus_app, sus_rapport;

-- Deltagandets eget avtryck går före ett tidigare som ett annat deltagande har haft.
CREATE FUNCTION avtrycket_sparas() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO deltagare_avtryck (avtryck, deltagande_id) VALUES (NEW.fingeravtryck, NEW.id)
        ON CONFLICT (avtryck) DO UPDATE SET deltagande_id = excluded.deltagande_id;
    RETURN NULL;
END $$;
CREATE TRIGGER avtrycket_sparas AFTER INSERT OR UPDATE OF fingeravtryck ON deltagare_deltagande
    FOR EACH ROW WHEN (NEW.fingeravtryck IS NOT NULL) EXECUTE FUNCTION avtrycket_sparas();

-- Inregistreringen och löpnumret som de är (nr 0), och som de har varit: en gammal fil har de gamla.
CREATE FUNCTION deltagandets_tider(p_deltagande bigint) RETURNS TABLE (nr int, inregistrering date, lopnr int)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 0, d.inregistrering, d.lopnr::int FROM deltagare_deltagande d WHERE d.id = p_deltagande
    UNION ALL
    SELECT DISTINCT 1, h.inregistrering, h.lopnr::int
    FROM deltagare_deltagandehistorikrad h JOIN deltagare_deltagande d ON d.id = h.pgh_obj_id
    WHERE d.id = p_deltagande AND (h.inregistrering, h.lopnr) <> (d.inregistrering, d.lopnr)
$$;
REVOKE EXECUTE ON FUNCTION deltagandets_tider(bigint) FROM PUBLIC, sus_app, sus_rapport;

-- Ett avtryck per par. Ett deltagande kan stå flera gånger: första gången är det som gäller nu.
CREATE FUNCTION krav_avtryck(p_deltaganden bigint[], p_avtryck bytea[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (cardinality(p_deltaganden) = cardinality(p_avtryck)) IS NOT TRUE
            OR array_position(p_deltaganden, NULL) IS NOT NULL OR array_position(p_avtryck, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'Varje deltagande ska ha ett fingeravtryck.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deltagandet_har_avtryck';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_avtryck(bigint[], bytea[]) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION lagg_till_avtryck(p_deltaganden bigint[], p_avtryck bytea[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO deltagare_avtryck (avtryck, deltagande_id)
    SELECT a.avtryck, a.id FROM unnest(p_deltaganden, p_avtryck) WITH ORDINALITY AS a (id, avtryck, nr) ORDER BY a.nr
    ON CONFLICT (avtryck) DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION lagg_till_avtryck(bigint[], bytea[]) FROM PUBLIC, sus_app, sus_rapport;

-- Vilka deltaganden utan identitet som en fils rader är. Den som frågar får veta det om sina insatser, ägaren om alla.
CREATE FUNCTION avtryckens_deltaganden(p_avtryck bytea[])
RETURNS TABLE (avtryck bytea, deltagande_id bigint, person_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_alla boolean := current_setting('role') = 'sus_agare';
BEGIN
    RETURN QUERY SELECT a.avtryck, d.id, d.person_id
        FROM unnest(p_avtryck) AS s (avtryck) JOIN deltagare_avtryck a ON a.avtryck = s.avtryck
        JOIN deltagare_deltagande d ON d.id = a.deltagande_id
        WHERE d.avidentifierat AND (v_alla OR d.insats_id = ANY (sus_mina_insatser()));
END $$;
REVOKE EXECUTE ON FUNCTION avtryckens_deltaganden(bytea[]) FROM PUBLIC, sus_rapport;
"""
AVTRYCK_BAK = """
DROP FUNCTION avtryckens_deltaganden(bytea[]);
DROP FUNCTION lagg_till_avtryck(bigint[], bytea[]);
DROP FUNCTION krav_avtryck(bigint[], bytea[]);
DROP FUNCTION deltagandets_tider(bigint);
DROP FUNCTION avtrycket_sparas() CASCADE;
"""

# P10 för en insats: fritexten går med identiteten, övriga svar står kvar som statistik.
AVIDENTIFIERA = """
DROP FUNCTION avidentifiera_deltagande(bigint, {fran});
CREATE FUNCTION avidentifiera_deltagande(p_deltagande bigint, {namn} {till}) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande FOR UPDATE;
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;{krav}
    UPDATE deltagare_deltagande SET avidentifierat = true, fingeravtryck = {eget} WHERE id = d.id;{spara}
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = d.id;
    DELETE FROM deltagare_svar WHERE deltagande_id = d.id AND fritext <> '';
    DELETE FROM deltagare_identitet WHERE person_id = d.person_id AND NOT EXISTS (
        SELECT FROM deltagare_deltagande a WHERE a.person_id = d.person_id AND NOT a.avidentifierat);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', d.insats_id), 'avidentifierad',
                d.insats_id, d.person_id, jsonb_build_object('deltagande', d.id));
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_deltagande(bigint, {till}) FROM PUBLIC, sus_rapport;
"""
MED_FLERA = AVIDENTIFIERA.format(
    fran="bytea",
    till="bytea[]",
    namn="p_avtryck",
    eget="p_avtryck[1]",
    krav="\n    IF p_avtryck[1] IS NULL OR array_position(p_avtryck, NULL) IS NOT NULL THEN"
    "\n        RAISE EXCEPTION 'Varje deltagande ska ha ett fingeravtryck.'"
    "\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'deltagandet_har_avtryck';\n    END IF;",
    spara="\n    PERFORM lagg_till_avtryck(array_fill(d.id, ARRAY[cardinality(p_avtryck)]), p_avtryck);",
)
MED_ETT = AVIDENTIFIERA.format(
    fran="bytea[]", till="bytea", namn="p_fingeravtryck", eget="p_fingeravtryck", krav="", spara=""
)

REDAN_SPARADE = """
INSERT INTO deltagare_avtryck (avtryck, deltagande_id)
SELECT fingeravtryck, id FROM deltagare_deltagande WHERE fingeravtryck IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0015_tidigare_nummer")]

    operations = [
        migrations.CreateModel(
            name="Avtryck",
            fields=[
                (
                    "avtryck",
                    models.BinaryField(max_length=32, primary_key=True, serialize=False, verbose_name="fingeravtryck"),
                ),
                (
                    "deltagande",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="deltagare.deltagande"
                    ),
                ),
            ],
            options={"verbose_name": "fingeravtryck", "verbose_name_plural": "fingeravtryck"},
        ),
        migrations.RunSQL(AVTRYCK, AVTRYCK_BAK),
        migrations.RunSQL(MED_FLERA, MED_ETT),
        migrations.RunSQL(REDAN_SPARADE, migrations.RunSQL.noop),
    ]

"""Radskydd (P2): identitet, personer och deltaganden syns bara genom ett gällande uppdrag."""

from django.db import migrations

# Uppdragen läses av databasen själv: applikationen säger vem som frågar, inte vad den personen når.
SAMMANHANG = """
CREATE FUNCTION sus_anvandare() RETURNS bigint LANGUAGE sql STABLE
RETURN nullif(current_setting('sus.anvandare', true), '')::bigint;

-- Personen som person_for senast gav i transaktionen: den enda som får ett nytt deltagande.
CREATE FUNCTION sus_person() RETURNS bigint LANGUAGE sql STABLE
RETURN nullif(current_setting('sus.person', true), '')::bigint;

CREATE FUNCTION sus_mina_insatser() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(u.insats_id), '{}')
    FROM insatser_uppdrag u
    JOIN behorighet_behorighet b ON b.id = u.behorighet_id
    JOIN behorighet_anvandare a ON a.id = b.anvandare_id
    WHERE a.id = sus_anvandare() AND a.is_active AND b.roll = 'deltagaransvarig'
      AND u.insats_id IS NOT NULL AND u.giltighet @> now() AND b.giltighet @> now()
$$;
"""

# Underfrågan gör att uppdragen läses en gång per sats, inte en gång per rad.
POLICYER = """
ALTER TABLE deltagare_deltagande ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_identitet ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_folkbokforing ENABLE ROW LEVEL SECURITY;

CREATE POLICY uppdrag ON deltagare_deltagande FOR SELECT TO sus_app
    USING (insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]));
CREATE POLICY uppdrag_andra ON deltagare_deltagande FOR UPDATE TO sus_app
    USING (insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]));
-- Annars vore ett eget deltagande för en främmande person en väg till dess identitet.
CREATE POLICY uppdrag_nytt ON deltagare_deltagande FOR INSERT TO sus_app
    WITH CHECK (insats_id = ANY ((SELECT sus_mina_insatser())::bigint[]) AND person_id = sus_person());
CREATE POLICY rapport ON deltagare_deltagande FOR SELECT TO sus_rapport USING (true);

CREATE POLICY uppdrag ON deltagare_person FOR ALL TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = deltagare_person.id
                   AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));

-- Ett deltagande vars identitet är borttagen visar ingen, även om personen har identitet i en annan insats.
CREATE POLICY uppdrag ON deltagare_identitet FOR ALL TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = deltagare_identitet.person_id
                   AND NOT d.avidentifierat AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));

CREATE POLICY uppdrag ON deltagare_folkbokforing FOR ALL TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.id = deltagare_folkbokforing.deltagande_id
                   AND NOT d.avidentifierat AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));

-- Personer och identiteter skapas bara genom person_for.
REVOKE INSERT ON deltagare_person, deltagare_identitet FROM sus_app;
GRANT SELECT ON deltagare_deltagande, deltagare_anonym, deltagare_volymantal, deltagare_kod TO sus_rapport;
"""

# En rad per person i hela systemet. Ägarens funktion: under en policy som frågar efter ett deltagande
# går varken INSERT … RETURNING eller ON CONFLICT. Säger bara id, och loggar vem som frågade.
PERSON_FOR = """
CREATE FUNCTION person_for(
    p_insats bigint, p_index bytea, p_personnummer bytea, p_fornamn bytea, p_efternamn bytea, p_nyckel_id text,
    p_nyckel text, p_kon text, p_fodelsear int
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_person bigint;
BEGIN
    IF (p_insats = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Två som registrerar samma nya person samtidigt: den andra väntar och får samma rad.
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(p_index, 'hex'), 0));
    SELECT person_id INTO v_person FROM deltagare_identitet WHERE personindex = p_index;
    IF v_person IS NULL THEN
        INSERT INTO deltagare_person (nyckel, kon, fodelsear) VALUES (p_nyckel, p_kon, p_fodelsear)
            RETURNING id INTO v_person;
        INSERT INTO deltagare_identitet (person_id, personindex, personnummer, fornamn, efternamn, nyckel_id)
            VALUES (v_person, p_index, p_personnummer, p_fornamn, p_efternamn, p_nyckel_id);
    END IF;
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', p_insats), 'person_sokt',
                p_insats, v_person, '{}');
    PERFORM set_config('sus.person', v_person::text, true);
    RETURN v_person;
END $$;
REVOKE EXECUTE ON FUNCTION person_for(bigint, bytea, bytea, bytea, bytea, text, text, text, int)
    FROM PUBLIC, sus_rapport;
"""

# P10, R25: identiteten för ett deltagande tas bort; personens egen när inget deltagande längre bär den.
# Ägarens funktion, för personen kan delta i insatser som den som utför det inte når.
AVIDENTIFIERA = """
CREATE FUNCTION avidentifiera_deltagande(p_deltagande bigint, p_fingeravtryck bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande FOR UPDATE;
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE deltagare_deltagande SET avidentifierat = true, fingeravtryck = p_fingeravtryck WHERE id = d.id;
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = d.id;
    DELETE FROM deltagare_identitet WHERE person_id = d.person_id AND NOT EXISTS (
        SELECT FROM deltagare_deltagande a WHERE a.person_id = d.person_id AND NOT a.avidentifierat);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', d.insats_id), 'avidentifierad',
                d.insats_id, d.person_id, jsonb_build_object('deltagande', d.id));
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_deltagande(bigint, bytea) FROM PUBLIC, sus_rapport;
REVOKE DELETE, TRUNCATE ON deltagare_identitet, deltagare_folkbokforing FROM sus_app;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0003_vakter")]

    operations = [
        migrations.RunSQL(
            SAMMANHANG,
            "DROP FUNCTION sus_mina_insatser(); DROP FUNCTION sus_anvandare(); DROP FUNCTION sus_person()",
        ),
        migrations.RunSQL(
            POLICYER,
            "".join(
                f"ALTER TABLE deltagare_{tabell} DISABLE ROW LEVEL SECURITY; DROP POLICY uppdrag ON deltagare_{tabell};"
                for tabell in ("deltagande", "person", "identitet", "folkbokforing")
            )
            + "DROP POLICY rapport ON deltagare_deltagande; DROP POLICY uppdrag_andra ON deltagare_deltagande;"
            "DROP POLICY uppdrag_nytt ON deltagare_deltagande;"
            "GRANT INSERT ON deltagare_person, deltagare_identitet TO sus_app;"
            "REVOKE ALL ON deltagare_deltagande, deltagare_anonym, deltagare_volymantal, deltagare_kod FROM sus_rapport",
        ),
        migrations.RunSQL(
            PERSON_FOR,
            "DROP FUNCTION person_for(bigint, bytea, bytea, bytea, bytea, text, text, text, int)",
        ),
        migrations.RunSQL(
            AVIDENTIFIERA,
            "DROP FUNCTION avidentifiera_deltagande(bigint, bytea);"
            "GRANT DELETE ON deltagare_identitet, deltagare_folkbokforing TO sus_app",
        ),
    ]

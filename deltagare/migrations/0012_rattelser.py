"""Att rätta ett deltagande, och det som gäller en hel person: skydd som kommer senare, och byte till personnummer (R17, R19)."""

from django.db import migrations

# R23 gäller utregistreringen; ett fel i det som skrevs vid inregistreringen går att rätta. Svar likaså.
RATTA = """
GRANT UPDATE (kommun_id, stadsdel_id) ON deltagare_folkbokforing TO sus_app;
GRANT UPDATE (fritext, alternativ, tal, datum), DELETE ON deltagare_svar TO sus_app;
CREATE POLICY uppdrag_andra ON deltagare_svar FOR UPDATE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.id = deltagare_svar.deltagande_id
                   AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));
CREATE POLICY uppdrag_bort ON deltagare_svar FOR DELETE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.id = deltagare_svar.deltagande_id
                   AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));

-- R25: den som har återtagit samtycket är utregistrerad, och förblir det.
CREATE FUNCTION atertaget_samtycke_star_kvar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Samtycket är återtaget. Utregistreringen kan inte ändras.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'atertaget_samtycke_star_kvar';
END $$;
CREATE TRIGGER atertaget_samtycke_star_kvar BEFORE UPDATE OF avslutningsanledning ON deltagare_deltagande
    FOR EACH ROW WHEN (OLD.avslutningsanledning = 'atertaget_samtycke'
                       AND NEW.avslutningsanledning <> OLD.avslutningsanledning)
    EXECUTE FUNCTION atertaget_samtycke_star_kvar();
"""

RATTA_BAK = """
DROP FUNCTION atertaget_samtycke_star_kvar() CASCADE;
DROP POLICY uppdrag_andra ON deltagare_svar;
DROP POLICY uppdrag_bort ON deltagare_svar;
REVOKE UPDATE, DELETE ON deltagare_svar FROM sus_app;
REVOKE UPDATE ON deltagare_folkbokforing FROM sus_app;
"""

# Ägaren (kommandon) når alla; andra den som har ett deltagande med identitet inom sina uppdrag.
RACKVIDD = """
CREATE FUNCTION krav_nar_personen(p_person bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('role') <> 'sus_agare' AND NOT EXISTS (
            SELECT FROM deltagare_deltagande WHERE person_id = p_person AND NOT avidentifierat
            AND insats_id = ANY (sus_mina_insatser())) THEN
        RAISE EXCEPTION 'Uppdrag saknas på personens insatser.' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_nar_personen(bigint) FROM PUBLIC, sus_rapport;
"""

# R19: skydd som kommer senare tar bort identiteten överallt, också i insatser som den som utför det inte når.
# Fingeravtrycken räknas av tillämpningen (nyckeln finns inte i databasen); därför två steg i en transaktion.
SKYDD = """
CREATE FUNCTION personens_deltaganden(p_person bigint)
RETURNS TABLE (deltagande bigint, insats text, inregistrering date, lopnr int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    PERFORM FROM deltagare_person WHERE id = p_person FOR UPDATE;
    RETURN QUERY SELECT d.id, i.nyckel::text, d.inregistrering, d.lopnr::int
        FROM deltagare_deltagande d JOIN insatser_insats i ON i.id = d.insats_id
        WHERE d.person_id = p_person AND NOT d.avidentifierat ORDER BY d.id FOR UPDATE OF d;
END $$;
REVOKE EXECUTE ON FUNCTION personens_deltaganden(bigint) FROM PUBLIC, sus_rapport;

CREATE FUNCTION avidentifiera_person(p_person bigint, p_deltaganden bigint[], p_avtryck bytea[], p_grund text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    PERFORM FROM deltagare_person WHERE id = p_person FOR UPDATE;
    IF EXISTS (SELECT FROM deltagare_deltagande
               WHERE person_id = p_person AND NOT avidentifierat AND id <> ALL (p_deltaganden)) THEN
        RAISE EXCEPTION 'Personen har fått ett deltagande till. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hela_personen_avidentifieras';
    END IF;
    UPDATE deltagare_deltagande d SET avidentifierat = true, fingeravtryck = a.avtryck, version = d.version + 1
        FROM unnest(p_deltaganden, p_avtryck) AS a (id, avtryck)
        WHERE d.id = a.id AND d.person_id = p_person AND NOT d.avidentifierat;
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = ANY (p_deltaganden);
    DELETE FROM deltagare_svar WHERE deltagande_id = ANY (p_deltaganden) AND fritext <> '';
    DELETE FROM deltagare_identitet WHERE person_id = p_person;
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', d.insats_id), 'avidentifierad',
               d.insats_id, p_person, jsonb_build_object('deltagande', d.id, 'grund', p_grund)
        FROM deltagare_deltagande d WHERE d.id = ANY (p_deltaganden) ORDER BY d.id;
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_person(bigint, bigint[], bytea[], text) FROM PUBLIC, sus_rapport;
"""

SKYDD_BAK = """
DROP FUNCTION avidentifiera_person(bigint, bigint[], bytea[], text);
DROP FUNCTION personens_deltaganden(bigint);
"""

# R17: samordningsnumret byts mot personnumret. Finns personen redan under personnumret blir de två en.
NUMMERBYTE = """
CREATE OR REPLACE FUNCTION registreringen_flyttas_inte() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Bara byt_personnummer sätter det, och bara ägaren får alls ändra vems ett deltagande är.
    IF TG_TABLE_NAME = 'deltagare_deltagande' AND NEW.insats_id = OLD.insats_id
            AND current_setting('sus.nummerbyte', true) = OLD.person_id::text THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'En registrering flyttas inte till en annan insats eller person.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'registreringen_flyttas_inte';
END $$;

CREATE FUNCTION byt_personnummer(
    p_deltagande bigint, p_gammalt bytea, p_nytt bytea, p_personnummer bytea, p_fornamn bytea, p_efternamn bytea,
    p_nyckel_id text, p_kon text, p_fodelsear int
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d record;
    v_fran bigint;
    v_till bigint;
    v_las bigint[] := ARRAY[hashtextextended(encode(p_gammalt, 'hex'), 0), hashtextextended(encode(p_nytt, 'hex'), 0)];
BEGIN
    SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande;
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE OR d.avidentifierat THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Samma lås som person_for, alltid i samma ordning.
    PERFORM pg_advisory_xact_lock(las) FROM (SELECT DISTINCT unnest(v_las) AS las ORDER BY 1) l;
    SELECT person_id INTO v_fran FROM deltagare_identitet WHERE personindex = p_gammalt;
    SELECT person_id INTO v_till FROM deltagare_identitet WHERE personindex = p_nytt;
    PERFORM FROM deltagare_person WHERE id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    IF v_fran IS DISTINCT FROM d.person_id THEN
        RAISE EXCEPTION 'Personens nummer är redan ändrat. Öppna sidan på nytt.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_ar_redan_bytt';
    END IF;
    IF v_till IS NULL THEN
        v_till := v_fran;
        UPDATE deltagare_identitet SET personindex = p_nytt, personnummer = p_personnummer, fornamn = p_fornamn,
            efternamn = p_efternamn, nyckel_id = p_nyckel_id WHERE person_id = v_fran;
    ELSE
        PERFORM set_config('sus.nummerbyte', v_fran::text, true);
        BEGIN
            UPDATE deltagare_deltagande f SET person_id = v_till, version = f.version + 1, lopnr = f.lopnr + coalesce(
                (SELECT max(t.lopnr) FROM deltagare_deltagande t WHERE t.person_id = v_till
                 AND t.insats_id = f.insats_id AND t.inregistrering = f.inregistrering), 0)
            WHERE f.person_id = v_fran;
        EXCEPTION WHEN exclusion_violation THEN
            RAISE EXCEPTION 'Personen är redan registrerad med personnumret i samma insats under samma tid. '
                'Rätta eller felregistrera den ena registreringen först.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numren_har_samma_tid';
        END;
        PERFORM set_config('sus.nummerbyte', '', true);
        DELETE FROM deltagare_identitet WHERE person_id = v_fran;
        DELETE FROM deltagare_person WHERE id = v_fran;
    END IF;
    UPDATE deltagare_person SET kon = p_kon, fodelsear = p_fodelsear WHERE id = v_till;
    UPDATE deltagare_deltagande SET kon = p_kon, alder = extract(year FROM inregistrering) - p_fodelsear
        WHERE person_id = v_till AND (kon, alder) <> (p_kon, extract(year FROM inregistrering) - p_fodelsear);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', d.insats_id), 'nummer_bytt',
                d.insats_id, v_till, jsonb_build_object('deltagande', d.id)
                || CASE WHEN v_till <> v_fran THEN jsonb_build_object('fran_person', v_fran) ELSE '{}' END);
    RETURN v_till;
END $$;
REVOKE EXECUTE ON FUNCTION byt_personnummer(bigint, bytea, bytea, bytea, bytea, bytea, text, text, int)
    FROM PUBLIC, sus_rapport;
"""

NUMMERBYTE_BAK = """
DROP FUNCTION byt_personnummer(bigint, bytea, bytea, bytea, bytea, bytea, text, text, int);
CREATE OR REPLACE FUNCTION registreringen_flyttas_inte() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'En registrering flyttas inte till en annan insats eller person.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'registreringen_flyttas_inte';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0011_folkbokforing"), ("behorighet", "0011_deltagarnas_handelser")]

    operations = [
        migrations.RunSQL(RATTA, RATTA_BAK),
        migrations.RunSQL(RACKVIDD, "DROP FUNCTION krav_nar_personen(bigint)"),
        migrations.RunSQL(SKYDD, SKYDD_BAK),
        migrations.RunSQL(NUMMERBYTE, NUMMERBYTE_BAK),
    ]

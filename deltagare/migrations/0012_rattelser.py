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

-- Åldern och löpnumret följer inregistreringen när den flyttas. Ingen sätter dem för hand.
CREATE FUNCTION inregistreringen_flyttas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.alder := OLD.alder + extract(year FROM NEW.inregistrering) - extract(year FROM OLD.inregistrering);
    NEW.lopnr := 1 + coalesce((SELECT max(d.lopnr) FROM deltagare_deltagande d WHERE d.id <> NEW.id
        AND d.insats_id = NEW.insats_id AND d.person_id = NEW.person_id
        AND d.inregistrering = NEW.inregistrering), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER inregistreringen_flyttas BEFORE UPDATE OF inregistrering ON deltagare_deltagande
    FOR EACH ROW WHEN (NEW.inregistrering <> OLD.inregistrering) EXECUTE FUNCTION inregistreringen_flyttas();

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

-- Den som ändrar en persons tider i en insats går före den som ändrar dem samtidigt: först numret, som person_for,
-- sedan deltagandena i ordning, sist personen. Alla som tar låsen tar dem så.
CREATE FUNCTION las_personen(p_deltagande bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d record;
    v_person bigint;
BEGIN
    SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande;
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    LOOP
        v_person := d.person_id;
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(personindex, 'hex'), 0))
            FROM deltagare_identitet WHERE person_id = v_person;
        PERFORM FROM deltagare_deltagande
            WHERE person_id = v_person AND insats_id = d.insats_id ORDER BY id FOR UPDATE;
        -- Under väntan kan numret ha bytts, och deltagandet höra till en annan person.
        SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande;
        EXIT WHEN d.person_id = v_person;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION las_personen(bigint) FROM PUBLIC, sus_rapport;
"""

RATTA_BAK = """
DROP FUNCTION atertaget_samtycke_star_kvar() CASCADE;
DROP FUNCTION inregistreringen_flyttas() CASCADE;
DROP FUNCTION las_personen(bigint);
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
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(personindex, 'hex'), 0))
        FROM deltagare_identitet WHERE person_id = p_person;
    PERFORM FROM deltagare_deltagande WHERE person_id = p_person ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_person WHERE id = p_person FOR UPDATE;
    -- P8: svaret gäller också insatser som den som frågar inte når.
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', min(d.insats_id)), 'person_sokt',
               min(d.insats_id), p_person, '{"utfall": "alla_insatser"}'
        FROM deltagare_deltagande d WHERE d.person_id = p_person AND NOT d.avidentifierat
        AND d.insats_id = ANY (sus_mina_insatser());
    -- Ett deltagande står flera gånger om dess tid har rättats: det som gäller nu först.
    RETURN QUERY SELECT d.id, i.nyckel::text, t.inregistrering, t.lopnr
        FROM deltagare_deltagande d JOIN insatser_insats i ON i.id = d.insats_id
        CROSS JOIN LATERAL deltagandets_tider(d.id) t
        WHERE d.person_id = p_person AND NOT d.avidentifierat ORDER BY d.id, t.nr, t.inregistrering, t.lopnr;
END $$;
REVOKE EXECUTE ON FUNCTION personens_deltaganden(bigint) FROM PUBLIC, sus_rapport;

CREATE FUNCTION avidentifiera_person(p_person bigint, p_deltaganden bigint[], p_avtryck bytea[], p_grund text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    PERFORM krav_avtryck(p_deltaganden, p_avtryck);
    PERFORM FROM deltagare_person WHERE id = p_person FOR UPDATE;
    IF EXISTS (SELECT FROM unnest(p_deltaganden) AS a (id) LEFT JOIN deltagare_deltagande d USING (id)
               WHERE (d.person_id = p_person AND NOT d.avidentifierat) IS NOT TRUE) THEN
        RAISE EXCEPTION 'Deltagandet är inte personens, eller redan utan identitet.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM deltagare_deltagande
               WHERE person_id = p_person AND NOT avidentifierat AND id <> ALL (p_deltaganden)) THEN
        RAISE EXCEPTION 'Personen har fått ett deltagande till. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hela_personen_avidentifieras';
    END IF;
    -- Det första avtrycket är deltagandets eget, de andra det har haft.
    UPDATE deltagare_deltagande d SET avidentifierat = true, version = d.version + 1,
        fingeravtryck = p_avtryck[array_position(p_deltaganden, d.id)]
        WHERE d.id = ANY (p_deltaganden) AND d.person_id = p_person;
    PERFORM lagg_till_avtryck(p_deltaganden, p_avtryck);
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

# R17: samordningsnumret byts mot personnumret. Finns personen redan under personnumret blir de två en, om den som byter
# når alla dess deltaganden; annars är svaret NULL och inget är ändrat.
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
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF d.avidentifierat THEN
        RAISE EXCEPTION 'Identiteten är borttagen. Numret går inte att byta.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_ar_redan_bytt';
    END IF;
    -- Samma lås som person_for, alltid i samma ordning.
    PERFORM pg_advisory_xact_lock(las) FROM (SELECT DISTINCT unnest(v_las) AS las ORDER BY 1) l;
    SELECT person_id INTO v_fran FROM deltagare_identitet WHERE personindex = p_gammalt;
    SELECT person_id INTO v_till FROM deltagare_identitet WHERE personindex = p_nytt;
    PERFORM FROM deltagare_deltagande WHERE person_id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_person WHERE id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    IF v_fran IS DISTINCT FROM d.person_id THEN
        RAISE EXCEPTION 'Personens nummer är redan ändrat. Öppna sidan på nytt.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_ar_redan_bytt';
    END IF;
    -- Det som hindrar utom räckhåll har ett enda svar: inget sägs om personer i andras insatser (P2).
    IF EXISTS (SELECT FROM deltagare_deltagande a WHERE (a.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE
               AND (a.person_id = v_till OR a.person_id = v_fran
                    AND p_fodelsear > extract(year FROM a.inregistrering))) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM deltagare_deltagande a WHERE a.person_id IN (v_fran, v_till)
               AND p_fodelsear > extract(year FROM a.inregistrering)) THEN
        RAISE EXCEPTION 'Enligt numret är personen född efter inregistreringen. Kontrollera numret.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_fore_inregistreringen';
    END IF;
    -- R18: den som blir två personers tid i samma insats har ett nytt samtycke för varje inregistrering.
    IF EXISTS (SELECT FROM deltagare_deltagande a JOIN deltagare_deltagande b ON b.insats_id = a.insats_id
               AND b.person_id <> a.person_id AND b.inregistrering > a.inregistrering AND b.samtycke <= a.samtycke
               WHERE a.person_id IN (v_fran, v_till) AND b.person_id IN (v_fran, v_till)
               AND NOT (a.felregistrerad OR b.felregistrerad OR a.avidentifierat OR b.avidentifierat)) THEN
        RAISE EXCEPTION 'Personen är redan registrerad med personnumret i samma insats, och den senare registreringen '
            'har inte ett nyare samtycke än den tidigare. Rätta samtycket på den ena först.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numren_har_samtycken_i_ordning';
    END IF;
    -- Uppslagen följer numret, så att de går med identiteten (P10).
    UPDATE deltagare_uppslag SET personindex = p_nytt WHERE personindex = p_gammalt;
    IF v_till IS NULL THEN
        v_till := v_fran;
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
        INSERT INTO deltagare_tidigarenummer (person_id, personindex, personnummer, nyckel_id)
            SELECT v_till, i.personindex, i.personnummer, i.nyckel_id FROM deltagare_identitet i
            WHERE i.person_id = v_fran;
        UPDATE deltagare_tidigarenummer SET person_id = v_till WHERE person_id = v_fran;
        DELETE FROM deltagare_identitet WHERE person_id = v_fran;
        DELETE FROM deltagare_person WHERE id = v_fran;
    END IF;
    -- Namnet är det som stod under samordningsnumret, eller hämtades: aldrig ett som den som byter inte har sett.
    UPDATE deltagare_identitet SET personindex = p_nytt, personnummer = p_personnummer, fornamn = p_fornamn,
        efternamn = p_efternamn, nyckel_id = p_nyckel_id WHERE person_id = v_till;
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

# Den som återtar samtycket, kommer tillbaka samma dag och återtar det igen ger samma avtryck: det första räcker för att
# känna igen raden i en fil.
AVTRYCK = """
CREATE FUNCTION avtrycket_en_gang() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_deltagande WHERE fingeravtryck = NEW.fingeravtryck) THEN
        NEW.fingeravtryck := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER avtrycket_en_gang BEFORE UPDATE OF fingeravtryck ON deltagare_deltagande
    FOR EACH ROW WHEN (OLD.fingeravtryck IS NULL AND NEW.fingeravtryck IS NOT NULL)
    EXECUTE FUNCTION avtrycket_en_gang();
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0011_folkbokforing"), ("behorighet", "0011_deltagarnas_handelser")]

    operations = [
        migrations.RunSQL(RATTA, RATTA_BAK),
        migrations.RunSQL(RACKVIDD, "DROP FUNCTION krav_nar_personen(bigint)"),
        migrations.RunSQL(SKYDD, SKYDD_BAK),
        migrations.RunSQL(NUMMERBYTE, NUMMERBYTE_BAK),
        migrations.RunSQL(AVTRYCK, "DROP FUNCTION avtrycket_en_gang() CASCADE"),
    ]

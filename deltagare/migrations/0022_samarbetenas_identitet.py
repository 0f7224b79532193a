"""En person bärs av deltaganden och samarbeten: skydd, återtaget samtycke, nummerbyte, gallring, registerutdrag.

Funktionerna som gäller hela personen tar med samarbetena (R17, R19, R27, P10, P12, P13). Låsen tas alltid i samma
ordning: numret, deltagandena, samarbetena, personen.
"""

import importlib

import django.db.models.deletion
from django.db import migrations, models

tidigare = importlib.import_module("deltagare.migrations.0015_tidigare_nummer")

# Ägarens tabell, som deltagandenas: också avtrycken på de nummer som har bytts.
AVTRYCK = """
REVOKE ALL ON deltagare_samarbetsavtryck FROM sus_app, sus_rapport;

CREATE FUNCTION samarbetets_avtryck_sparas() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO deltagare_samarbetsavtryck (avtryck, samarbete_id) VALUES (NEW.fingeravtryck, NEW.id)
        ON CONFLICT (avtryck) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER samarbetets_avtryck_sparas AFTER INSERT OR UPDATE OF fingeravtryck ON deltagare_samarbete
    FOR EACH ROW WHEN (NEW.fingeravtryck IS NOT NULL) EXECUTE FUNCTION samarbetets_avtryck_sparas();
INSERT INTO deltagare_samarbetsavtryck (avtryck, samarbete_id)
    SELECT fingeravtryck, id FROM deltagare_samarbete WHERE fingeravtryck IS NOT NULL;

CREATE FUNCTION lagg_till_samarbetsavtryck(p_samarbeten bigint[], p_avtryck bytea[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO deltagare_samarbetsavtryck (avtryck, samarbete_id)
    SELECT a.avtryck, a.id FROM unnest(p_samarbeten, p_avtryck) AS a (id, avtryck)
    ON CONFLICT (avtryck) DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION lagg_till_samarbetsavtryck(bigint[], bytea[]) FROM PUBLIC, sus_app, sus_rapport;
"""

# Vad den som frågar når, och låsen.
RACKVIDD = """
-- Kontoret där den som frågar har sitt uppdrag, det senaste först; NULL om samarbetet är utom räckhåll (R28).
CREATE FUNCTION mitt_kontor(p_samarbete bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT v.kontor FROM deltagare_samarbetskontor k
    CROSS JOIN LATERAL (VALUES (k.af_kontor_id), (k.fk_kontor_id)) v (kontor)
    WHERE k.samarbete_id = p_samarbete AND v.kontor = ANY ((SELECT sus_mina_insatser())::bigint[])
    ORDER BY k.datum DESC, v.kontor LIMIT 1
$$;
-- Det egna kontor som samarbetet är hos nu: de som det har varit hos läser, men ändrar inget (R29).
CREATE FUNCTION hos_mitt_kontor(p_samarbete bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT v.kontor FROM deltagare_samarbete s
    CROSS JOIN LATERAL (VALUES (s.af_kontor_id), (s.fk_kontor_id)) v (kontor)
    WHERE s.id = p_samarbete AND v.kontor = ANY ((SELECT sus_mina_insatser())::bigint[]) ORDER BY v.kontor LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION mitt_kontor(bigint), hos_mitt_kontor(bigint) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION krav_hos_mitt_kontor(p_samarbete bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF hos_mitt_kontor(p_samarbete) IS NULL THEN
        RAISE EXCEPTION 'Uppdrag saknas på kontoret.' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_hos_mitt_kontor(bigint) FROM PUBLIC, sus_app, sus_rapport;

CREATE OR REPLACE FUNCTION krav_nar_personen(p_person bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('role') <> 'sus_agare' AND NOT EXISTS (
            SELECT FROM deltagare_deltagande WHERE person_id = p_person AND NOT avidentifierat
            AND insats_id = ANY (sus_mina_insatser())) AND NOT EXISTS (
            SELECT FROM deltagare_samarbete s WHERE s.person_id = p_person AND NOT s.avidentifierat
            AND mitt_kontor(s.id) IS NOT NULL) THEN
        RAISE EXCEPTION 'Uppdrag saknas på personens insatser.' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION las_personerna(p_personer bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(las) FROM (
        SELECT hashtextextended(encode(personindex, 'hex'), 0) AS las FROM deltagare_identitet
        WHERE person_id = ANY (p_personer) ORDER BY 1) l;
    PERFORM FROM deltagare_deltagande WHERE person_id = ANY (p_personer) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_samarbete WHERE person_id = ANY (p_personer) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_person WHERE id = ANY (p_personer) ORDER BY id FOR UPDATE;
END $$;

-- Som las_personen: först numret, sedan samarbetet.
CREATE FUNCTION las_samarbetet(p_samarbete bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_person bigint;
BEGIN
    PERFORM krav_hos_mitt_kontor(p_samarbete);
    LOOP
        SELECT person_id INTO v_person FROM deltagare_samarbete WHERE id = p_samarbete;
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(personindex, 'hex'), 0))
            FROM deltagare_identitet WHERE person_id = v_person;
        PERFORM FROM deltagare_samarbete WHERE id = p_samarbete FOR UPDATE;
        -- Under väntan kan numret ha bytts, och samarbetet höra till en annan person.
        EXIT WHEN v_person = (SELECT person_id FROM deltagare_samarbete WHERE id = p_samarbete);
    END LOOP;
    PERFORM krav_hos_mitt_kontor(p_samarbete);  -- och kontoret kan ha bytts
END $$;
REVOKE EXECUTE ON FUNCTION las_samarbetet(bigint) FROM PUBLIC, sus_rapport;

CREATE POLICY samarbete ON deltagare_tidigarenummer FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s
                   WHERE s.person_id = deltagare_tidigarenummer.person_id AND NOT s.avidentifierat));
"""

# R19 och R17 när ett samarbete börjar, som när ett deltagande gör det.
BORJAN = """
CREATE TRIGGER personen_har_skydd AFTER INSERT ON deltagare_samarbete
    FOR EACH ROW WHEN (NOT NEW.avidentifierat AND current_setting('role') <> 'sus_agare')
    EXECUTE FUNCTION personen_har_skydd();

-- En registrering säger vem den gäller: den som väntade medan en fil tog bort identiteten får försöka igen.
CREATE FUNCTION personen_har_identitet() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM deltagare_identitet WHERE person_id = NEW.person_id) THEN
        RAISE EXCEPTION 'Någon annan ändrade samma uppgifter samtidigt. Inget sparades. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'personen_har_identitet';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER personen_har_identitet AFTER INSERT ON deltagare_deltagande
    FOR EACH ROW WHEN (NOT NEW.avidentifierat AND current_setting('role') = 'sus_app')
    EXECUTE FUNCTION personen_har_identitet();
CREATE TRIGGER personen_har_identitet AFTER INSERT ON deltagare_samarbete
    FOR EACH ROW WHEN (NOT NEW.avidentifierat AND current_setting('role') = 'sus_app')
    EXECUTE FUNCTION personen_har_identitet();

CREATE FUNCTION samarbetet_foljer_numret() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT kon, extract(year FROM NEW.borjan) - fodelsear INTO NEW.kon, NEW.alder
        FROM deltagare_person WHERE id = NEW.person_id;
    IF NEW.alder < 0 THEN
        RAISE EXCEPTION 'Begäran är före personens födelse, enligt det nummer som gäller nu. Kontrollera datumet.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_fore_inregistreringen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER samarbetet_foljer_numret BEFORE INSERT ON deltagare_samarbete
    FOR EACH ROW WHEN (current_setting('role') = 'sus_app') EXECUTE FUNCTION samarbetet_foljer_numret();

CREATE OR REPLACE FUNCTION inregistreringen_foljer_numret() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_tidigarenummer WHERE person_id = NEW.person_id) THEN
        SELECT kon, extract(year FROM NEW.inregistrering) - fodelsear INTO NEW.kon, NEW.alder
            FROM deltagare_person WHERE id = NEW.person_id;
    END IF;
    IF NEW.alder < 0 THEN
        RAISE EXCEPTION 'Inregistreringen är före personens födelse, enligt det nummer som gäller nu. '
            'Kontrollera datumet.' USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_fore_inregistreringen';
    END IF;
    RETURN NEW;
END $$;
"""
# Funktionen ur 0015.
BORJAN_BAK = (
    "DROP FUNCTION personen_har_identitet() CASCADE; DROP FUNCTION samarbetet_foljer_numret() CASCADE;"
    + tidigare.SKYDD[
        tidigare.SKYDD.index("CREATE FUNCTION inregistreringen_foljer_numret()") : tidigare.SKYDD.index(
            "CREATE TRIGGER inregistreringen_foljer_numret"
        )
    ].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
)

# R27, R29, R31: det som rättas, och det som prövas mot personens samarbeten hos andra kontor.
RATTELSER = """
-- Vad som hindrar att personen har ett pågående samarbete från dagen, med samtycket: ett annat som pågår, som slutade
-- senare, eller som vilar på samma samtycke. Det som ligger utom räckhåll har ett enda svar, utan dag (P2). Den som har
-- återtagit samtycket knyts inte till det samarbetet igen.
CREATE FUNCTION samarbetets_hinder(p_person bigint, p_samarbete bigint, p_borjan date, p_samtycke date)
RETURNS TABLE (hinder text, dag date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_person IS DISTINCT FROM sus_person() AND NOT EXISTS (
            SELECT FROM deltagare_samarbete WHERE id = p_samarbete AND person_id = p_person
            AND hos_mitt_kontor(id) IS NOT NULL) THEN
        RAISE EXCEPTION 'Uppdrag saknas på kontoret.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT CASE WHEN v.nar THEN v.slag ELSE 'annat' END, CASE WHEN v.nar THEN v.dag END FROM (
        SELECT mitt_kontor(a.id) IS NOT NULL AND NOT a.avidentifierat AS nar, a.slut AS dag,
               CASE WHEN a.slut IS NULL THEN 'pagar' WHEN greatest(a.borjan, a.slut) > p_borjan THEN 'tid'
                    ELSE 'samtycke' END AS slag
        FROM deltagare_samarbete a
        WHERE a.person_id = p_person AND a.id IS DISTINCT FROM p_samarbete
          AND (a.slut IS NULL OR a.slut > p_borjan OR a.samtycke >= p_samtycke AND NOT a.avidentifierat)) v
    ORDER BY v.nar DESC, array_position(ARRAY['pagar', 'tid', 'samtycke'], v.slag), v.dag DESC LIMIT 1;
END $$;
REVOKE EXECUTE ON FUNCTION samarbetets_hinder(bigint, bigint, date, date) FROM PUBLIC, sus_rapport;

-- R27 också i rå SQL, och när begäran rättas. Hindret kan ligga utom räckhåll: svaret är det enda som sägs då (P2).
CREATE FUNCTION samtycket_ar_nytt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_samarbete WHERE person_id = NEW.person_id AND id <> NEW.id
               AND samtycke >= NEW.samtycke AND NOT avidentifierat) THEN
        RAISE EXCEPTION 'Personen har redan ett samarbete, kanske hos andra kontor, som pågår, slutade efter den dagen '
            'eller vilar på ett lika nytt samtycke. Kontrollera datumen, och fråga den andra myndigheten eller en '
            'insatsansvarig för kontoret.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'samtycket_ar_nytt';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER samtycket_ar_nytt AFTER INSERT OR UPDATE OF samtycke ON deltagare_samarbete
    FOR EACH ROW WHEN (current_setting('role') = 'sus_app') EXECUTE FUNCTION samtycket_ar_nytt();

-- Ett samarbete som har följts av ett annat öppnas inte igen.
CREATE FUNCTION har_senare_samarbete(p_samarbete bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_hos_mitt_kontor(p_samarbete);
    RETURN EXISTS (SELECT FROM deltagare_samarbete s JOIN deltagare_samarbete a
                   ON a.person_id = s.person_id AND (a.borjan, coalesce(a.slut, 'infinity'), a.id)
                      > (s.borjan, coalesce(s.slut, 'infinity'), s.id) WHERE s.id = p_samarbete);
END $$;
REVOKE EXECUTE ON FUNCTION har_senare_samarbete(bigint) FROM PUBLIC, sus_rapport;

-- Namnet är den senaste registreringens, också när den finns utom räckhåll.
CREATE FUNCTION har_senare_registrering(p_person bigint, p_dag date) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_person IS DISTINCT FROM sus_person() THEN
        RAISE EXCEPTION 'Personen är inte den som registreras.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN EXISTS (SELECT FROM deltagare_deltagande WHERE person_id = p_person AND inregistrering > p_dag
                   AND NOT felregistrerad AND NOT avidentifierat)
        OR EXISTS (SELECT FROM deltagare_samarbete WHERE person_id = p_person AND borjan > p_dag
                   AND NOT avidentifierat);
END $$;
REVOKE EXECUTE ON FUNCTION har_senare_registrering(bigint, date) FROM PUBLIC, sus_rapport;

-- Begäran rättas medan inget har följt på den: dagen flyttar också de första kontoren.
CREATE FUNCTION ratta_begaran(p_samarbete bigint, p_datum date, p_samtycke date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM las_samarbetet(p_samarbete);
    IF (SELECT count(*) FROM deltagare_overgang WHERE samarbete_id = p_samarbete) <> 1 THEN
        RAISE EXCEPTION 'En senare övergång är registrerad. Ångra den först.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'begaran_rattas_forst';
    ELSIF (SELECT avidentifierat FROM deltagare_samarbete WHERE id = p_samarbete) THEN
        RAISE EXCEPTION 'Identiteten är redan borttagen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'begaran_har_identitet';
    ELSIF p_datum >= (SELECT datum FROM deltagare_samarbetskontor WHERE samarbete_id = p_samarbete
                      ORDER BY datum OFFSET 1 LIMIT 1) THEN
        RAISE EXCEPTION 'Kontoren byttes före den dagen. Ange en tidigare dag, eller ångra bytet först.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kontoren_inom_samarbetets_tid';
    END IF;
    UPDATE deltagare_samarbete s SET borjan = p_datum, samtycke = p_samtycke, version = s.version + 1,
        alder = extract(year FROM p_datum) - p.fodelsear
        FROM deltagare_person p WHERE p.id = s.person_id AND s.id = p_samarbete;
    -- I en sats: vakterna prövar raderna när båda är flyttade.
    WITH kontoren AS (
        UPDATE deltagare_samarbetskontor SET datum = p_datum WHERE samarbete_id = p_samarbete AND datum = (
            SELECT min(datum) FROM deltagare_samarbetskontor WHERE samarbete_id = p_samarbete))
    UPDATE deltagare_overgang SET datum = p_datum WHERE samarbete_id = p_samarbete;
END $$;
REVOKE EXECUTE ON FUNCTION ratta_begaran(bigint, date, date) FROM PUBLIC, sus_rapport;

-- Fel kontor rättas samma dag som de angavs, eller medan inget har följt på begäran. Annars är det ett byte (R29).
CREATE FUNCTION ratta_kontoren(p_samarbete bigint, p_af bigint, p_fk bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_senast date;
BEGIN
    PERFORM las_samarbetet(p_samarbete);
    IF (SELECT slut FROM deltagare_samarbete WHERE id = p_samarbete) IS NOT NULL THEN
        RAISE EXCEPTION 'Samarbetet är avslutat. Kontor byts bara medan det pågår.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kontor_byts_medan_det_pagar';
    END IF;
    SELECT max(datum) INTO v_senast FROM deltagare_samarbetskontor WHERE samarbete_id = p_samarbete;
    IF v_senast <> timezone('Europe/Stockholm', now())::date
            AND (SELECT count(*) FROM deltagare_overgang WHERE samarbete_id = p_samarbete) <> 1 THEN
        RAISE EXCEPTION 'Kontoren gäller sedan %. Ange en senare dag.', v_senast
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kontoren_byts_en_gang_om_dagen';
    END IF;
    UPDATE deltagare_samarbetskontor SET af_kontor_id = p_af, fk_kontor_id = p_fk
        WHERE samarbete_id = p_samarbete AND datum = v_senast;
END $$;
REVOKE EXECUTE ON FUNCTION ratta_kontoren(bigint, bigint, bigint) FROM PUBLIC, sus_rapport;
"""

# P10: att återta samtycket i en insats, eller i ett samarbete, gäller bara den eller det. Personens identitet går när
# inget längre bär den.
AVIDENTIFIERA = """
CREATE FUNCTION ta_bort_oburen_identitet(p_person bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Den som registrerar personen med ett tidigare nummer har inte numrets lås gemensamt: den ena väntar här, och
    -- satsen efteråt ser vad den andra gjorde.
    PERFORM FROM deltagare_person WHERE id = p_person FOR UPDATE;
    DELETE FROM deltagare_identitet WHERE person_id = p_person AND NOT EXISTS (
        SELECT FROM deltagare_deltagande WHERE person_id = p_person AND NOT avidentifierat) AND NOT EXISTS (
        SELECT FROM deltagare_samarbete WHERE person_id = p_person AND NOT avidentifierat);
END $$;
REVOKE EXECUTE ON FUNCTION ta_bort_oburen_identitet(bigint) FROM PUBLIC, sus_app, sus_rapport;

DROP FUNCTION avidentifiera_samarbete(bigint, bytea);
CREATE FUNCTION avidentifiera_samarbete(p_samarbete bigint, p_avtryck bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s record;
    v_kontor bigint := hos_mitt_kontor(p_samarbete);
BEGIN
    PERFORM las_samarbetet(p_samarbete);
    SELECT * INTO s FROM deltagare_samarbete WHERE id = p_samarbete;
    IF p_avtryck[1] IS NULL OR array_position(p_avtryck, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'Varje samarbete ska ha ett fingeravtryck.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deltagandet_har_avtryck';
    END IF;
    UPDATE deltagare_samarbete SET avidentifierat = true, fingeravtryck = p_avtryck[1] WHERE id = s.id;
    PERFORM lagg_till_samarbetsavtryck(array_fill(s.id, ARRAY[cardinality(p_avtryck)]), p_avtryck);
    DELETE FROM deltagare_samarbetsfolkbokforing WHERE samarbete_id = s.id;
    PERFORM ta_bort_oburen_identitet(s.person_id);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', v_kontor), 'avidentifierad',
                v_kontor, s.person_id, jsonb_build_object('samarbete', s.id));
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_samarbete(bigint, bytea[]) FROM PUBLIC, sus_rapport;
"""
# Raden i `avidentifiera_deltagande` som tog bort identiteten.
FORR = """DELETE FROM deltagare_identitet WHERE person_id = d.person_id AND NOT EXISTS (
        SELECT FROM deltagare_deltagande a WHERE a.person_id = d.person_id AND NOT a.avidentifierat);"""
NU = "PERFORM ta_bort_oburen_identitet(d.person_id);"

SKYDD = """
CREATE OR REPLACE FUNCTION personens_deltaganden(p_person bigint)
RETURNS TABLE (deltagande bigint, insats text, inregistrering date, lopnr int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    PERFORM las_personerna(ARRAY[p_person]);
    -- P8: svaret gäller också insatser som den som frågar inte når.
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', min(m.insats)), 'person_sokt',
               min(m.insats), p_person, '{"utfall": "alla_insatser"}'
        FROM (SELECT d.insats_id FROM deltagare_deltagande d WHERE d.person_id = p_person AND NOT d.avidentifierat
              AND d.insats_id = ANY (sus_mina_insatser())
              UNION ALL
              SELECT mitt_kontor(s.id) FROM deltagare_samarbete s WHERE s.person_id = p_person
              AND NOT s.avidentifierat) m (insats);
    -- Ett deltagande står flera gånger om dess tid har rättats: det som gäller nu först.
    RETURN QUERY SELECT d.id, i.nyckel::text, t.inregistrering, t.lopnr
        FROM deltagare_deltagande d JOIN insatser_insats i ON i.id = d.insats_id
        CROSS JOIN LATERAL deltagandets_tider(d.id) t
        WHERE d.person_id = p_person AND NOT d.avidentifierat ORDER BY d.id, t.nr, t.inregistrering, t.lopnr;
END $$;

-- Frågas efter personens_deltaganden, som låser och loggar.
CREATE FUNCTION personens_samarbeten(p_person bigint) RETURNS TABLE (samarbete bigint, nyckel text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    RETURN QUERY SELECT s.id, s.nyckel::text FROM deltagare_samarbete s
        WHERE s.person_id = p_person AND NOT s.avidentifierat ORDER BY s.id;
END $$;
REVOKE EXECUTE ON FUNCTION personens_samarbeten(bigint) FROM PUBLIC, sus_rapport;

DROP FUNCTION avidentifiera_person(bigint, bigint[], bytea[], text);
CREATE FUNCTION avidentifiera_person(
    p_person bigint, p_deltaganden bigint[], p_avtryck bytea[], p_grund text,
    p_samarbeten bigint[] DEFAULT '{}', p_samarbetsavtryck bytea[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    PERFORM krav_avtryck(p_deltaganden, p_avtryck);
    PERFORM krav_avtryck(p_samarbeten, p_samarbetsavtryck);
    PERFORM las_personerna(ARRAY[p_person]);
    IF EXISTS (SELECT FROM unnest(p_deltaganden) AS a (id) LEFT JOIN deltagare_deltagande d USING (id)
               WHERE (d.person_id = p_person AND NOT d.avidentifierat) IS NOT TRUE)
            OR EXISTS (SELECT FROM unnest(p_samarbeten) AS a (id) LEFT JOIN deltagare_samarbete s USING (id)
                       WHERE (s.person_id = p_person AND NOT s.avidentifierat) IS NOT TRUE) THEN
        RAISE EXCEPTION 'Registreringen är inte personens, eller redan utan identitet.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM deltagare_deltagande
               WHERE person_id = p_person AND NOT avidentifierat AND id <> ALL (p_deltaganden))
            OR EXISTS (SELECT FROM deltagare_samarbete
                       WHERE person_id = p_person AND NOT avidentifierat AND id <> ALL (p_samarbeten)) THEN
        RAISE EXCEPTION 'Personen har fått en registrering till. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hela_personen_avidentifieras';
    END IF;
    -- Det första avtrycket är registreringens eget, de andra det har haft.
    UPDATE deltagare_deltagande d SET avidentifierat = true, version = d.version + 1,
        fingeravtryck = p_avtryck[array_position(p_deltaganden, d.id)]
        WHERE d.id = ANY (p_deltaganden) AND d.person_id = p_person;
    UPDATE deltagare_samarbete s SET avidentifierat = true, version = s.version + 1,
        fingeravtryck = p_samarbetsavtryck[array_position(p_samarbeten, s.id)]
        WHERE s.id = ANY (p_samarbeten) AND s.person_id = p_person;
    PERFORM lagg_till_avtryck(p_deltaganden, p_avtryck);
    PERFORM lagg_till_samarbetsavtryck(p_samarbeten, p_samarbetsavtryck);
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = ANY (p_deltaganden);
    DELETE FROM deltagare_samarbetsfolkbokforing WHERE samarbete_id = ANY (p_samarbeten);
    DELETE FROM deltagare_svar WHERE deltagande_id = ANY (p_deltaganden) AND fritext <> '';
    DELETE FROM deltagare_identitet WHERE person_id = p_person;
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', v.insats), 'avidentifierad',
               v.insats, p_person, v.vad || jsonb_build_object('grund', p_grund)
        FROM (SELECT 0, d.id, d.insats_id, jsonb_build_object('deltagande', d.id)
              FROM deltagare_deltagande d WHERE d.id = ANY (p_deltaganden)
              UNION ALL
              SELECT 1, s.id, coalesce(mitt_kontor(s.id), s.fk_kontor_id), jsonb_build_object('samarbete', s.id)
              FROM deltagare_samarbete s WHERE s.id = ANY (p_samarbeten)) v (slag, id, insats, vad)
        ORDER BY v.slag, v.id;
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_person(bigint, bigint[], bytea[], text, bigint[], bytea[])
    FROM PUBLIC, sus_rapport;
"""

# R17. Utgår från ett deltagande, eller från ett samarbete (då är p_deltagande NULL).
NUMMERBYTE = """
DROP FUNCTION byt_personnummer(bigint, bytea, bytea, bytea, bytea, bytea, text, text, int);
CREATE FUNCTION byt_personnummer(
    p_deltagande bigint, p_gammalt bytea, p_nytt bytea, p_personnummer bytea, p_fornamn bytea, p_efternamn bytea,
    p_nyckel_id text, p_kon text, p_fodelsear int, p_samarbete bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    r record;
    v_fran bigint;
    v_till bigint;
    v_las bigint[] := ARRAY[hashtextextended(encode(p_gammalt, 'hex'), 0), hashtextextended(encode(p_nytt, 'hex'), 0)];
BEGIN
    SELECT d.person_id, d.avidentifierat, d.insats_id, jsonb_build_object('deltagande', d.id) AS vad INTO r
        FROM deltagare_deltagande d WHERE d.id = p_deltagande AND d.insats_id = ANY (sus_mina_insatser())
        UNION ALL
        SELECT s.person_id, s.avidentifierat, hos_mitt_kontor(s.id), jsonb_build_object('samarbete', s.id)
        FROM deltagare_samarbete s
        WHERE p_deltagande IS NULL AND s.id = p_samarbete AND hos_mitt_kontor(s.id) IS NOT NULL;
    IF r.person_id IS NULL THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF r.avidentifierat THEN
        RAISE EXCEPTION 'Identiteten är borttagen. Numret går inte att byta.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_ar_redan_bytt';
    END IF;
    -- Samma lås som person_for, alltid i samma ordning.
    PERFORM pg_advisory_xact_lock(las) FROM (SELECT DISTINCT unnest(v_las) AS las ORDER BY 1) l;
    SELECT person_id INTO v_fran FROM deltagare_identitet WHERE personindex = p_gammalt;
    SELECT person_id INTO v_till FROM deltagare_identitet WHERE personindex = p_nytt;
    PERFORM FROM deltagare_deltagande WHERE person_id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_samarbete WHERE person_id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_person WHERE id IN (v_fran, v_till) ORDER BY id FOR UPDATE;
    IF v_fran IS DISTINCT FROM r.person_id THEN
        RAISE EXCEPTION 'Personens nummer är redan ändrat. Öppna sidan på nytt.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_ar_redan_bytt';
    END IF;
    -- Det som hindrar utom räckhåll har ett enda svar: inget sägs om personer i andras insatser (P2).
    IF EXISTS (SELECT FROM deltagare_deltagande a WHERE (a.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE
               AND (a.person_id = v_till OR a.person_id = v_fran
                    AND p_fodelsear > extract(year FROM a.inregistrering)))
            OR EXISTS (SELECT FROM deltagare_samarbete a WHERE a.person_id IN (v_fran, v_till)
                       AND (a.person_id = v_till OR p_fodelsear > extract(year FROM a.borjan))
                       AND mitt_kontor(a.id) IS NULL) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM deltagare_deltagande a WHERE a.person_id IN (v_fran, v_till)
               AND p_fodelsear > extract(year FROM a.inregistrering)) THEN
        RAISE EXCEPTION 'Enligt numret är personen född efter inregistreringen. Kontrollera numret.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numret_fore_inregistreringen';
    END IF;
    IF EXISTS (SELECT FROM deltagare_samarbete a WHERE a.person_id IN (v_fran, v_till)
               AND p_fodelsear > extract(year FROM a.borjan)) THEN
        RAISE EXCEPTION 'Enligt numret är personen född efter att samarbetet började. Kontrollera numret.'
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
    IF v_till IS NOT NULL THEN
        PERFORM krav_samarbeten_i_foljd(v_fran, v_till);
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
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
        UPDATE deltagare_samarbete s SET person_id = v_till, version = s.version + 1 WHERE s.person_id = v_fran;
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
    UPDATE deltagare_samarbete SET kon = p_kon, alder = extract(year FROM borjan) - p_fodelsear
        WHERE person_id = v_till AND (kon, alder) <> (p_kon, extract(year FROM borjan) - p_fodelsear);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', r.insats_id), 'nummer_bytt',
                r.insats_id, v_till, r.vad
                || CASE WHEN v_till <> v_fran THEN jsonb_build_object('fran_person', v_fran) ELSE '{}' END);
    RETURN v_till;
END $$;
REVOKE EXECUTE ON FUNCTION byt_personnummer(bigint, bytea, bytea, bytea, bytea, bytea, text, text, int, bigint)
    FROM PUBLIC, sus_rapport;

-- R31, R27: två personer som blir en har sina samarbeten efter varandra, vart och ett med nytt samtycke. Av dem som
-- började samma dag kommer det först som slutade först. Ingen rad är svaret att hindret ligger utom räckhåll: då sägs
-- inte vad det är (P2).
CREATE FUNCTION krav_samarbeten_i_foljd(p_fran bigint, p_till bigint) RETURNS SETOF boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_hinder record;
BEGIN
    SELECT bool_or(v.nar) AS nar, bool_or(v.samtidigt AND v.nar) AS samtidigt INTO v_hinder FROM (
        SELECT mitt_kontor(a.id) IS NOT NULL AND mitt_kontor(b.id) IS NOT NULL AS nar,
               b.borjan < a.slut IS NOT FALSE AS samtidigt
        FROM deltagare_samarbete a JOIN deltagare_samarbete b ON b.person_id <> a.person_id
            AND (b.borjan, coalesce(b.slut, 'infinity'), b.id) > (a.borjan, coalesce(a.slut, 'infinity'), a.id)
        WHERE a.person_id IN (p_fran, p_till) AND b.person_id IN (p_fran, p_till)
          AND (b.borjan < a.slut IS NOT FALSE OR b.samtycke <= a.samtycke
               AND NOT (a.avidentifierat OR b.avidentifierat))) v;
    IF v_hinder.samtidigt THEN
        RAISE EXCEPTION 'Personen har samarbeten under samma tid med de två numren. Avsluta det ena först, eller vänd '
            'dig till systemadministratören.' USING ERRCODE = 'check_violation', CONSTRAINT = 'numren_har_samma_tid';
    ELSIF v_hinder.nar THEN
        RAISE EXCEPTION 'Personens senare samarbete har inte ett nyare samtycke än det tidigare. Rätta samtycket på '
            'det ena först.' USING ERRCODE = 'check_violation', CONSTRAINT = 'numren_har_samtycken_i_ordning';
    ELSIF v_hinder.nar IS NULL THEN
        RETURN NEXT true;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_samarbeten_i_foljd(bigint, bigint) FROM PUBLIC, sus_app, sus_rapport;
"""

GALLRING = """
-- De vars sista registrering i hela systemet slutade före dagen, och som ännu har identitet.
CREATE OR REPLACE FUNCTION gallringens_personer(p_grans date) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person_id FROM (
        SELECT person_id, utregistrering AS slut, avidentifierat FROM deltagare_deltagande
        UNION ALL
        SELECT person_id, slut, avidentifierat FROM deltagare_samarbete) r JOIN deltagare_identitet USING (person_id)
    GROUP BY person_id
    HAVING bool_and(slut IS NOT NULL) AND max(slut) < p_grans AND bool_or(NOT avidentifierat)
$$;

CREATE OR REPLACE FUNCTION gallringens_antal(p_granser jsonb)
RETURNS TABLE (slag text, organisation_id bigint, antal bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_systemadministrator();
    RETURN QUERY
    WITH personer AS MATERIALIZED (
        SELECT p AS person_id FROM gallringens_personer((p_granser->>'identitet')::date) p
    ), bort AS MATERIALIZED (
        SELECT d.id, d.insats_id FROM deltagare_deltagande d JOIN personer USING (person_id) WHERE NOT d.avidentifierat
    ), samarbeten AS MATERIALIZED (
        SELECT s.id, s.fk_kontor_id FROM deltagare_samarbete s JOIN personer USING (person_id) WHERE NOT s.avidentifierat
    ), traffar (vad, insats_id, rader) AS (
        SELECT 'identitet', b.insats_id, count(*) FROM bort b GROUP BY b.insats_id
        UNION ALL
        -- Ett samarbete har två kontor: det räknas hos Försäkringskassans, som börjar det.
        SELECT 'identitet', s.fk_kontor_id, count(*) FROM samarbeten s GROUP BY s.fk_kontor_id
        UNION ALL
        SELECT 'historik', h.insats_id, count(*) FROM deltagare_deltagandehistorikrad h
        JOIN deltagare_deltagande d ON d.id = h.pgh_obj_id
        WHERE d.avidentifierat OR d.utregistrering < (p_granser->>'historik')::date OR d.id IN (SELECT b.id FROM bort b)
        GROUP BY h.insats_id
        UNION ALL
        SELECT 'historik', h.fk_kontor_id, count(*) FROM deltagare_samarbetehistorikrad h
        JOIN deltagare_samarbete s ON s.id = h.pgh_obj_id
        WHERE s.avidentifierat OR s.slut < (p_granser->>'historik')::date OR s.id IN (SELECT b.id FROM samarbeten b)
        GROUP BY h.fk_kontor_id
        UNION ALL
        SELECT 'atkomstlogg', e.insats_id, count(*) FROM behorighet_handelse e
        WHERE e.tid < timezone('Europe/Stockholm', (p_granser->>'atkomstlogg')::timestamp) GROUP BY e.insats_id
        UNION ALL
        SELECT 'uppslag', e.insats_id, count(*) FROM deltagare_uppslag u
        LEFT JOIN behorighet_handelse e ON e.id = u.handelse_id
        WHERE u.tid < timezone('Europe/Stockholm', (p_granser->>'uppslag')::timestamp) GROUP BY e.insats_id
    )
    SELECT t.vad, i.samverkansorganisation_id, sum(t.rader)::bigint
    FROM traffar t LEFT JOIN insatser_insats i ON i.id = t.insats_id GROUP BY 1, 2 ORDER BY 1, 2;
END $$;

-- Allt som personens registreringar har av slut: det som gallringen prövar när den har låst dem.
CREATE FUNCTION alla_slutade_fore(p_person bigint, p_grans date) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM deltagare_deltagande
                       WHERE person_id = p_person AND (utregistrering < p_grans) IS NOT TRUE)
       AND NOT EXISTS (SELECT FROM deltagare_samarbete WHERE person_id = p_person AND (slut < p_grans) IS NOT TRUE)
$$;
REVOKE EXECUTE ON FUNCTION alla_slutade_fore(bigint, date) FROM PUBLIC, sus_app, sus_rapport;

-- Ett samarbete är en rad med sin nyckel, utan dag.
DROP FUNCTION gallringens_underlag(bigint, int);
CREATE FUNCTION gallringens_underlag(p_gallring bigint, p_hogst int)
RETURNS TABLE (registrering bigint, nyckel text, inregistrering date, lopnr int, personnummer bytea, nyckel_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
    v_grans date := (g.granser->>'identitet')::date;
    v_personer bigint[];
BEGIN
    LOOP
        SELECT array_agg(p) INTO v_personer
            FROM (SELECT p FROM gallringens_personer(v_grans) p ORDER BY p LIMIT p_hogst) v;
        EXIT WHEN v_personer IS NULL;
        -- Låsen i samma ordning som las_personen. En ny registrering väntar; den som hann före syns i satsen efteråt.
        PERFORM las_personerna(v_personer);
        RETURN QUERY
            WITH personer AS MATERIALIZED (
                SELECT p.id FROM unnest(v_personer) p (id) WHERE alla_slutade_fore(p.id, v_grans)
            ), nummer AS MATERIALIZED (
                SELECT 0::bigint AS nr, t.person_id, t.personnummer, t.nyckel_id::text
                FROM deltagare_identitet t JOIN personer p ON p.id = t.person_id
                UNION ALL
                SELECT t.id, t.person_id, t.personnummer, t.nyckel_id::text
                FROM deltagare_tidigarenummer t JOIN personer p ON p.id = t.person_id
            )
            SELECT r.id, r.nyckel, r.dag, r.lopnr, n.personnummer, n.nyckel_id FROM (
                SELECT 0 AS slag, d.id, d.person_id, i.nyckel::text, t.nr, t.inregistrering AS dag, t.lopnr
                FROM deltagare_deltagande d JOIN insatser_insats i ON i.id = d.insats_id
                CROSS JOIN LATERAL deltagandets_tider(d.id) t
                WHERE d.person_id = ANY (v_personer) AND NOT d.avidentifierat
                UNION ALL
                SELECT 1, s.id, s.person_id, s.nyckel::text, 0, NULL, NULL FROM deltagare_samarbete s
                WHERE s.person_id = ANY (v_personer) AND NOT s.avidentifierat) r
            JOIN nummer n ON n.person_id = r.person_id
            ORDER BY r.slag, r.id, r.nr, r.dag, r.lopnr, n.nr;
        EXIT WHEN FOUND;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION gallringens_underlag(bigint, int) FROM PUBLIC, sus_rapport;

DROP FUNCTION utfor_gallring(bigint, bigint[], bytea[]);
CREATE FUNCTION utfor_gallring(
    p_gallring bigint, p_deltaganden bigint[], p_avtryck bytea[],
    p_samarbeten bigint[] DEFAULT '{}', p_samarbetsavtryck bytea[] DEFAULT '{}'
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
    v_grans date := (g.granser->>'identitet')::date;
    v_personer bigint[];
    v_historik bigint[];
    v_deltaganden bigint;
    v_samarbeten bigint;
    v_kommun bigint;
    v_samarbetskommun bigint;
    v_fritext bigint;
    v_identiteter bigint;
BEGIN
    SELECT array_agg(DISTINCT r.person_id) INTO v_personer FROM (
        SELECT person_id FROM deltagare_deltagande WHERE id = ANY (p_deltaganden)
        UNION ALL
        SELECT person_id FROM deltagare_samarbete WHERE id = ANY (p_samarbeten)) r;
    PERFORM las_personerna(v_personer);
    IF cardinality(p_deltaganden) <> cardinality(p_avtryck) OR array_position(p_avtryck, NULL) IS NOT NULL
            OR cardinality(p_samarbeten) <> cardinality(p_samarbetsavtryck)
            OR array_position(p_samarbetsavtryck, NULL) IS NOT NULL
            OR EXISTS (SELECT FROM unnest(v_personer) p (id) WHERE NOT alla_slutade_fore(p.id, v_grans))
            OR EXISTS (SELECT FROM deltagare_deltagande WHERE person_id = ANY (v_personer) AND NOT avidentifierat
                       AND id <> ALL (p_deltaganden))
            OR EXISTS (SELECT FROM deltagare_samarbete WHERE person_id = ANY (v_personer) AND NOT avidentifierat
                       AND id <> ALL (p_samarbeten)) THEN
        RAISE EXCEPTION 'Gallringen gäller inte hela personen. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hela_personen_gallras';
    END IF;
    v_historik := ARRAY[
        (SELECT coalesce(max(pgh_id), 0) FROM deltagare_deltagandehistorikrad WHERE pgh_obj_id = ANY (p_deltaganden)),
        (SELECT coalesce(max(pgh_id), 0) FROM deltagare_samarbetehistorikrad WHERE pgh_obj_id = ANY (p_samarbeten))];
    UPDATE deltagare_deltagande d SET avidentifierat = true, version = d.version + 1,
        fingeravtryck = p_avtryck[array_position(p_deltaganden, d.id)]
        WHERE d.id = ANY (p_deltaganden) AND NOT d.avidentifierat;
    GET DIAGNOSTICS v_deltaganden = ROW_COUNT;
    UPDATE deltagare_samarbete s SET avidentifierat = true, version = s.version + 1,
        fingeravtryck = p_samarbetsavtryck[array_position(p_samarbeten, s.id)]
        WHERE s.id = ANY (p_samarbeten) AND NOT s.avidentifierat;
    GET DIAGNOSTICS v_samarbeten = ROW_COUNT;
    PERFORM lagg_till_avtryck(p_deltaganden, p_avtryck);
    PERFORM lagg_till_samarbetsavtryck(p_samarbeten, p_samarbetsavtryck);
    -- Historiken går med identiteten. Raderna som satserna ovan skrev räknas inte: de berättar om gallringen själv.
    DELETE FROM deltagare_deltagandehistorikrad WHERE pgh_obj_id = ANY (p_deltaganden) AND pgh_id > v_historik[1];
    DELETE FROM deltagare_samarbetehistorikrad WHERE pgh_obj_id = ANY (p_samarbeten) AND pgh_id > v_historik[2];
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = ANY (p_deltaganden);
    GET DIAGNOSTICS v_kommun = ROW_COUNT;
    DELETE FROM deltagare_samarbetsfolkbokforing WHERE samarbete_id = ANY (p_samarbeten);
    GET DIAGNOSTICS v_samarbetskommun = ROW_COUNT;
    DELETE FROM deltagare_svar WHERE deltagande_id = ANY (p_deltaganden) AND fritext <> '';
    GET DIAGNOSTICS v_fritext = ROW_COUNT;
    DELETE FROM deltagare_identitet WHERE person_id = ANY (v_personer);
    GET DIAGNOSTICS v_identiteter = ROW_COUNT;
    INSERT INTO behorighet_handelse (av_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), 'avidentifierad', v.insats, v.person,
               v.vad || jsonb_build_object('grund', 'gallring', 'gallring', p_gallring)
        FROM (SELECT 0, d.id, d.insats_id, d.person_id, jsonb_build_object('deltagande', d.id)
              FROM deltagare_deltagande d WHERE d.id = ANY (p_deltaganden)
              UNION ALL
              SELECT 1, s.id, s.fk_kontor_id, s.person_id, jsonb_build_object('samarbete', s.id)
              FROM deltagare_samarbete s WHERE s.id = ANY (p_samarbeten)) v (slag, id, insats, person, vad)
        ORDER BY v.slag, v.id;
    PERFORM rakna_gallrat(p_gallring, jsonb_build_object('identitet', v_deltaganden + v_samarbeten,
        'personer', v_identiteter, 'kommun', v_kommun + v_samarbetskommun, 'fritext', v_fritext));
    RETURN v_deltaganden + v_samarbeten;
END $$;
REVOKE EXECUTE ON FUNCTION utfor_gallring(bigint, bigint[], bytea[], bigint[], bytea[]) FROM PUBLIC, sus_rapport;

CREATE OR REPLACE FUNCTION gallra_rader(p_gallring bigint, p_slag text, p_hogst int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
    v_fore timestamptz := timezone('Europe/Stockholm', (g.granser->>p_slag)::timestamp);
    v_antal bigint := 0;
BEGIN
    IF p_slag = 'historik' THEN
        DELETE FROM deltagare_deltagandehistorikrad WHERE pgh_id IN (
            SELECT h.pgh_id FROM deltagare_deltagandehistorikrad h JOIN deltagare_deltagande d ON d.id = h.pgh_obj_id
            WHERE d.avidentifierat OR d.utregistrering < (g.granser->>'historik')::date LIMIT p_hogst);
        GET DIAGNOSTICS v_antal = ROW_COUNT;
        IF v_antal = 0 THEN
            DELETE FROM deltagare_samarbetehistorikrad WHERE pgh_id IN (
                SELECT h.pgh_id FROM deltagare_samarbetehistorikrad h JOIN deltagare_samarbete s ON s.id = h.pgh_obj_id
                WHERE s.avidentifierat OR s.slut < (g.granser->>'historik')::date LIMIT p_hogst);
            GET DIAGNOSTICS v_antal = ROW_COUNT;
        END IF;
    ELSIF p_slag = 'atkomstlogg' THEN
        DELETE FROM behorighet_handelse WHERE id IN (
            SELECT id FROM behorighet_handelse WHERE tid < v_fore LIMIT p_hogst);
        GET DIAGNOSTICS v_antal = ROW_COUNT;
    ELSIF p_slag = 'uppslag' THEN
        DELETE FROM deltagare_uppslag WHERE id IN (SELECT id FROM deltagare_uppslag WHERE tid < v_fore LIMIT p_hogst);
        GET DIAGNOSTICS v_antal = ROW_COUNT;
    END IF;
    IF v_antal > 0 THEN
        PERFORM rakna_gallrat(p_gallring, jsonb_build_object(p_slag, v_antal));
    END IF;
    RETURN v_antal;
END $$;

-- Samarbetenas historik släpps som deltagandenas: till ägaren, inom den godkända gallringens gräns.
CREATE OR REPLACE FUNCTION bara_gallring_tar_bort() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fel boolean := true;
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'sus_agare' THEN
        IF TG_WHEN = 'BEFORE' THEN
            fel := gallringens_grans(TG_ARGV[0]) IS NULL;
        ELSIF TG_TABLE_NAME = 'deltagare_samarbetehistorikrad' THEN
            fel := EXISTS (SELECT FROM borttagna b LEFT JOIN deltagare_samarbete s ON s.id = b.pgh_obj_id
                WHERE (s.avidentifierat OR s.slut < gallringens_grans('historik')) IS NOT TRUE);
        ELSIF TG_ARGV[0] = 'historik' THEN
            fel := EXISTS (SELECT FROM borttagna b LEFT JOIN deltagare_deltagande d ON d.id = b.pgh_obj_id
                WHERE (d.avidentifierat OR d.utregistrering < gallringens_grans('historik')) IS NOT TRUE);
        ELSE
            fel := EXISTS (SELECT FROM borttagna b WHERE (b.tid < timezone(
                'Europe/Stockholm', gallringens_grans('atkomstlogg')::timestamp)) IS NOT TRUE);
        END IF;
    END IF;
    IF fel THEN
        RAISE EXCEPTION '% går inte att ändra.', CASE TG_ARGV[0] WHEN 'historik' THEN 'Historiken' ELSE 'Åtkomstloggen' END
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER historiken_andras_aldrig ON deltagare_samarbetehistorikrad;
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON deltagare_samarbetehistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('historik');
CREATE TRIGGER historiken_gallras_inom_gransen AFTER DELETE ON deltagare_samarbetehistorikrad
    REFERENCING OLD TABLE AS borttagna FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('historik');
"""

# P13: den som har återtagit samtycket i ett samarbete knyts inte till det igen (R27). Slutet av `registerutdragets_logg`.
LOGGEN_FORR = """AND k.insats_id = h.insats_id AND NOT k.avidentifierat))))))"""
LOGGEN_NU = """AND k.insats_id = h.insats_id AND NOT k.avidentifierat))))
              AND NOT EXISTS (
              SELECT FROM deltagare_samarbete s WHERE s.avidentifierat AND (
                  s.id = (h.detaljer->>'samarbete')::bigint
                  OR (NOT h.detaljer ? 'samarbete' AND s.person_id = ANY (v_personer)
                      AND samarbetet_har_kontoret(s.id, h.insats_id)
                      AND NOT EXISTS (SELECT FROM deltagare_samarbete k WHERE k.person_id = ANY (v_personer)
                                      AND NOT k.avidentifierat AND samarbetet_har_kontoret(k.id, h.insats_id)))))))"""
KONTORET = """
CREATE FUNCTION samarbetet_har_kontoret(p_samarbete bigint, p_kontor bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM deltagare_samarbetskontor
                   WHERE samarbete_id = p_samarbete AND p_kontor IN (af_kontor_id, fk_kontor_id))
$$;
REVOKE EXECUTE ON FUNCTION samarbetet_har_kontoret(bigint, bigint) FROM PUBLIC, sus_app, sus_rapport;
"""

# R15 för ett kontor: dagarna då något hände i samarbetena medan de hörde dit, och de som pågår där nu. Ett samtycke får
# återtas när kontoret har stängt (R27), och räknas inte.
GRANSER = """
CREATE OR REPLACE FUNCTION registreringsgranser(p_insats bigint,
    OUT forsta date, OUT sista date, OUT oppna bigint, OUT antal bigint, OUT forsta_ar int, OUT sista_ar int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT least(d.forsta, s.forsta), greatest(d.sista, s.sista), d.oppna + s.oppna, d.antal + s.antal,
           a.forsta_ar, a.sista_ar
    FROM (SELECT min(inregistrering) AS forsta, max(coalesce(utregistrering, inregistrering)) AS sista,
                 count(*) FILTER (WHERE utregistrering IS NULL) AS oppna, count(*) AS antal
          FROM deltagare_deltagande WHERE insats_id = p_insats AND NOT felregistrerad) d,
         (SELECT min(k.datum) AS forsta, max(greatest(k.datum, o.sista)) AS sista,
                 count(DISTINCT s.id) FILTER (
                     WHERE s.slut IS NULL AND p_insats IN (s.af_kontor_id, s.fk_kontor_id)) AS oppna,
                 count(DISTINCT s.id) AS antal
          FROM deltagare_samarbetskontor k JOIN deltagare_samarbete s ON s.id = k.samarbete_id
          CROSS JOIN LATERAL (
              SELECT max(o.datum) AS sista FROM deltagare_overgang o
              WHERE o.samarbete_id = k.samarbete_id AND o.datum >= k.datum AND o.orsak <> 'samtycke_atertas'
                AND NOT EXISTS (
                  SELECT FROM deltagare_samarbetskontor n
                  WHERE n.samarbete_id = k.samarbete_id AND n.datum > k.datum AND n.datum <= o.datum)) o
          WHERE k.af_kontor_id = p_insats OR k.fk_kontor_id = p_insats) s,
         (SELECT min(ar) AS forsta_ar, max(ar) AS sista_ar
          FROM (SELECT ar FROM deltagare_anonym WHERE insats_id = p_insats AND antal > 0
                UNION ALL SELECT ar FROM deltagare_volymantal WHERE insats_id = p_insats AND antal > 0) v) a
$$;
"""


def byt(funktion: str, fran: str, till: str):
    """Byter en del av funktionen så som den står i databasen."""

    def kor(apps, schema_editor):
        with schema_editor.connection.cursor() as markor:
            markor.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s "
                "AND pronamespace = 'public'::regnamespace",
                [funktion],
            )
            (text,) = markor.fetchone()
            if fran not in text:
                raise RuntimeError(f"{funktion} ser inte ut som väntat.")
            markor.execute(text.replace(fran, till))

    return kor


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0021_samarbetets_uppgifter")]

    operations = [
        migrations.CreateModel(
            name="Samarbetsavtryck",
            fields=[
                (
                    "avtryck",
                    models.BinaryField(max_length=32, primary_key=True, serialize=False, verbose_name="fingeravtryck"),
                ),
                (
                    "samarbete",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="deltagare.samarbete"
                    ),
                ),
            ],
            options={"verbose_name": "samarbetets fingeravtryck", "verbose_name_plural": "samarbetenas fingeravtryck"},
        ),
        migrations.RunSQL(AVTRYCK, migrations.RunSQL.noop),
        migrations.RunSQL(RACKVIDD, migrations.RunSQL.noop),
        migrations.RunSQL(BORJAN, BORJAN_BAK),
        migrations.RunSQL(RATTELSER, migrations.RunSQL.noop),
        migrations.RunSQL(AVIDENTIFIERA, migrations.RunSQL.noop),
        migrations.RunPython(byt("avidentifiera_deltagande", FORR, NU), byt("avidentifiera_deltagande", NU, FORR)),
        migrations.RunSQL(SKYDD, migrations.RunSQL.noop),
        migrations.RunSQL(NUMMERBYTE, migrations.RunSQL.noop),
        migrations.RunSQL(GALLRING, migrations.RunSQL.noop),
        migrations.RunSQL(KONTORET, migrations.RunSQL.noop),
        migrations.RunPython(byt("registerutdragets_logg", LOGGEN_FORR, LOGGEN_NU), migrations.RunPython.noop),
        migrations.RunSQL(GRANSER, migrations.RunSQL.noop),
    ]

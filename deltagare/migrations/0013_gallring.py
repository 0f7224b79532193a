"""Gallring (P12), loggens egen tid (P9) och registerutdragets logg (P13).

En gallring föreslås av en systemadministratör och godkänns av en annan. Allt som tar bort något är ägarens funktioner;
vakterna för historik och logg släpper bara fram ägaren, och bara rader som den godkända gallringen gäller.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from deltagare.gallringsslag import SLAGEN

SKRIVS_AV_FUNKTIONER = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON deltagare_gallring, deltagare_gallringsregel FROM sus_app;
GRANT UPDATE (ar, grund, version) ON deltagare_gallringsregel TO sus_app;

CREATE FUNCTION krav_systemadministrator() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('role') <> 'sus_agare' AND NOT EXISTS (
            SELECT FROM behorighet_behorighet b JOIN behorighet_anvandare a ON a.id = b.anvandare_id
            WHERE a.id = sus_anvandare() AND a.is_active AND b.roll = 'systemadministrator'
              AND b.giltighet @> now()) THEN
        RAISE EXCEPTION 'Bara en systemadministratör gallrar.' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_systemadministrator() FROM PUBLIC, sus_rapport;

-- Det som är utfört eller avbrutet, och det som föreslogs och godkändes, ändras aldrig: det är intyget.
CREATE FUNCTION gallringen_star_fast() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Gallringen är avgjord och går inte att ändra.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'gallringen_star_fast';
END $$;
CREATE TRIGGER gallringen_star_fast BEFORE UPDATE ON deltagare_gallring
    FOR EACH ROW WHEN (
        OLD.utford_vid IS NOT NULL OR OLD.avbruten_vid IS NOT NULL
        OR (NEW.id, NEW.foreslagen_av_id, NEW.foreslagen_vid, NEW.granser, NEW.antal)
           IS DISTINCT FROM (OLD.id, OLD.foreslagen_av_id, OLD.foreslagen_vid, OLD.granser, OLD.antal)
        OR (OLD.godkand_vid IS NOT NULL
            AND (NEW.godkand_av_id, NEW.godkand_vid) IS DISTINCT FROM (OLD.godkand_av_id, OLD.godkand_vid)))
    EXECUTE FUNCTION gallringen_star_fast();
CREATE TRIGGER historiken_andras_aldrig BEFORE DELETE OR TRUNCATE ON deltagare_gallring
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
"""
SKRIVS_AV_FUNKTIONER_BAK = """
DROP TRIGGER historiken_andras_aldrig ON deltagare_gallring;
DROP FUNCTION gallringen_star_fast() CASCADE;
DROP FUNCTION krav_systemadministrator();
"""

# Första raden är rättigheterna, som inte ändras: sus_app får inte ta bort. Sedan två vakter, som gäller även ägaren.
# Den före satsen kräver en pågående godkänd gallring, den efter prövar varje borttagen rad mot dess gräns.
VAKTER = """
CREATE FUNCTION gallringens_grans(p_slag text) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT (granser->>p_slag)::date FROM deltagare_gallring
    WHERE oppen AND godkand_vid IS NOT NULL AND paborjad_vid IS NOT NULL
$$;
REVOKE EXECUTE ON FUNCTION gallringens_grans(text) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION bara_gallring_tar_bort() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fel boolean := true;
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'sus_agare' THEN
        IF TG_WHEN = 'BEFORE' THEN
            fel := gallringens_grans(TG_ARGV[0]) IS NULL;
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

DROP TRIGGER historiken_andras_aldrig ON deltagare_deltagandehistorikrad;
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON deltagare_deltagandehistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('historik');
CREATE TRIGGER historiken_gallras_inom_gransen AFTER DELETE ON deltagare_deltagandehistorikrad
    REFERENCING OLD TABLE AS borttagna FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('historik');
DROP TRIGGER loggen_andras_aldrig ON behorighet_handelse;
CREATE TRIGGER loggen_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_handelse
    FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('atkomstlogg');
CREATE TRIGGER loggen_gallras_inom_gransen AFTER DELETE ON behorighet_handelse
    REFERENCING OLD TABLE AS borttagna FOR EACH STATEMENT EXECUTE FUNCTION bara_gallring_tar_bort('atkomstlogg');
"""
VAKTER_BAK = """
DROP FUNCTION bara_gallring_tar_bort() CASCADE;
DROP FUNCTION gallringens_grans(text);
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON deltagare_deltagandehistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();
CREATE TRIGGER loggen_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON behorighet_handelse
    FOR EACH STATEMENT EXECUTE FUNCTION loggen_andras_aldrig();
"""

FORSLAG = """
-- Dagarna som reglerna ger i dag: det som är äldre än dagen gallras. Ett uppslag pekar på en rad i loggen, och går med den.
CREATE FUNCTION gallringens_granser() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH g AS (SELECT slag, (timezone('Europe/Stockholm', now())::date - make_interval(years => ar))::date AS dag
               FROM deltagare_gallringsregel)
    SELECT jsonb_object_agg(slag, CASE slag WHEN 'uppslag'
        THEN greatest(dag, (SELECT dag FROM g WHERE slag = 'atkomstlogg')) ELSE dag END) FROM g
$$;
REVOKE EXECUTE ON FUNCTION gallringens_granser() FROM PUBLIC, sus_rapport;

-- De vars sista registrering i hela systemet slutade före dagen, och som ännu har identitet.
CREATE FUNCTION gallringens_personer(p_grans date) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person_id FROM deltagare_deltagande JOIN deltagare_identitet USING (person_id) GROUP BY person_id
    HAVING bool_and(utregistrering IS NOT NULL) AND max(utregistrering) < p_grans AND bool_or(NOT avidentifierat)
$$;
REVOKE EXECUTE ON FUNCTION gallringens_personer(date) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION gallringens_antal(p_granser jsonb) RETURNS TABLE (slag text, organisation_id bigint, antal bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_systemadministrator();
    RETURN QUERY
    WITH bort AS MATERIALIZED (
        SELECT d.id, d.insats_id FROM deltagare_deltagande d WHERE NOT d.avidentifierat
        AND d.person_id IN (SELECT gallringens_personer((p_granser->>'identitet')::date))
    ), traffar (vad, insats_id, rader) AS (
        SELECT 'identitet', b.insats_id, count(*) FROM bort b GROUP BY b.insats_id
        UNION ALL
        SELECT 'historik', h.insats_id, count(*) FROM deltagare_deltagandehistorikrad h
        JOIN deltagare_deltagande d ON d.id = h.pgh_obj_id
        WHERE d.avidentifierat OR d.utregistrering < (p_granser->>'historik')::date OR d.id IN (SELECT b.id FROM bort b)
        GROUP BY h.insats_id
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
REVOKE EXECUTE ON FUNCTION gallringens_antal(jsonb) FROM PUBLIC, sus_rapport;

CREATE FUNCTION gallringens_summor(p_granser jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_object_agg(r.slag, coalesce(a.antal, 0)) FROM deltagare_gallringsregel r
    LEFT JOIN (SELECT slag, sum(antal) AS antal FROM gallringens_antal(p_granser) GROUP BY slag) a ON a.slag = r.slag
$$;
REVOKE EXECUTE ON FUNCTION gallringens_summor(jsonb) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION foresla_gallring() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_granser jsonb := gallringens_granser();
    v_antal jsonb;
    v_id bigint;
BEGIN
    PERFORM krav_systemadministrator();
    SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]') INTO v_antal FROM gallringens_antal(v_granser) a;
    IF v_antal = '[]' THEN
        RAISE EXCEPTION 'Det finns inget att gallra enligt reglerna.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nagot_att_gallra';
    END IF;
    INSERT INTO deltagare_gallring (foreslagen_av_id, granser, antal, utfall)
        VALUES (sus_anvandare(), v_granser, v_antal, '{}') RETURNING id INTO v_id;
    INSERT INTO behorighet_handelse (av_id, typ, detaljer)
        VALUES (sus_anvandare(), 'gallring_foreslagen', jsonb_build_object('gallring', v_id));
    RETURN v_id;
END $$;
REVOKE EXECUTE ON FUNCTION foresla_gallring() FROM PUBLIC, sus_rapport;

CREATE FUNCTION avgor_gallring(p_gallring bigint, p_godkand boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring;
BEGIN
    PERFORM krav_systemadministrator();
    SELECT * INTO g FROM deltagare_gallring WHERE id = p_gallring FOR UPDATE;
    IF g.oppen IS NOT TRUE OR g.paborjad_vid IS NOT NULL OR (p_godkand AND g.godkand_vid IS NOT NULL) THEN
        RAISE EXCEPTION 'Gallringen är redan avgjord. Läs vad som gäller på sidan.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gallringen_star_fast';
    END IF;
    IF p_godkand AND g.foreslagen_av_id = sus_anvandare() THEN
        RAISE EXCEPTION 'Du har själv föreslagit gallringen. Den ska godkännas av en annan systemadministratör.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gallringen_godkanns_av_en_annan';
    END IF;
    IF p_godkand THEN
        UPDATE deltagare_gallring SET godkand_av_id = sus_anvandare(), godkand_vid = now() WHERE id = p_gallring;
    ELSE
        UPDATE deltagare_gallring SET avbruten_av_id = sus_anvandare(), avbruten_vid = now() WHERE id = p_gallring;
    END IF;
    INSERT INTO behorighet_handelse (av_id, typ, detaljer)
        VALUES (sus_anvandare(), CASE WHEN p_godkand THEN 'gallring_godkand' ELSE 'gallring_avbruten' END,
                jsonb_build_object('gallring', p_gallring));
END $$;
REVOKE EXECUTE ON FUNCTION avgor_gallring(bigint, boolean) FROM PUBLIC, sus_rapport;
"""
FORSLAG_BAK = """
DROP FUNCTION avgor_gallring(bigint, boolean);
DROP FUNCTION foresla_gallring();
DROP FUNCTION gallringens_summor(jsonb);
DROP FUNCTION gallringens_antal(jsonb);
DROP FUNCTION gallringens_personer(date);
DROP FUNCTION gallringens_granser();
"""

# Parti för parti, var och en i en transaktion: avbryts gallringen tas den upp där den slutade, och utfallet stämmer.
UTFOR = """
-- Låser gallringen. Den som godkände utför den, eller ägaren (kommandot).
CREATE FUNCTION krav_godkand_gallring(p_gallring bigint) RETURNS deltagare_gallring
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring;
BEGIN
    PERFORM krav_systemadministrator();
    SELECT * INTO g FROM deltagare_gallring WHERE id = p_gallring FOR UPDATE;
    IF current_setting('role') <> 'sus_agare' AND g.godkand_av_id IS DISTINCT FROM sus_anvandare() THEN
        RAISE EXCEPTION 'Bara den som godkände gallringen utför den.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF g.oppen IS NOT TRUE OR g.godkand_vid IS NULL THEN
        RAISE EXCEPTION 'Gallringen är inte godkänd, eller redan avslutad.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gallringen_ar_godkand';
    END IF;
    RETURN g;
END $$;
REVOKE EXECUTE ON FUNCTION krav_godkand_gallring(bigint) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION rakna_gallrat(p_gallring bigint, p_antal jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE deltagare_gallring g SET utfall = jsonb_set(g.utfall, '{borttaget}', (
        SELECT jsonb_object_agg(n, coalesce((g.utfall->'borttaget'->>n)::bigint, 0) + coalesce((p_antal->>n)::bigint, 0))
        FROM (SELECT jsonb_object_keys(g.utfall->'borttaget') UNION SELECT jsonb_object_keys(p_antal)) k (n)))
    WHERE g.id = p_gallring;
    INSERT INTO behorighet_handelse (av_id, typ, detaljer)
        VALUES (sus_anvandare(), 'gallrat', jsonb_build_object('gallring', p_gallring) || p_antal);
END $$;
REVOKE EXECUTE ON FUNCTION rakna_gallrat(bigint, jsonb) FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION paborja_gallring(p_gallring bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
BEGIN
    IF g.paborjad_vid IS NULL THEN
        UPDATE deltagare_gallring SET paborjad_vid = now(), utfall = jsonb_build_object(
            'fore', gallringens_summor(g.granser), 'borttaget', '{}'::jsonb) WHERE id = p_gallring;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION paborja_gallring(bigint) FROM PUBLIC, sus_rapport;

CREATE FUNCTION las_personerna(p_personer bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(las) FROM (
        SELECT hashtextextended(encode(personindex, 'hex'), 0) AS las FROM deltagare_identitet
        WHERE person_id = ANY (p_personer) ORDER BY 1) l;
    PERFORM FROM deltagare_deltagande WHERE person_id = ANY (p_personer) ORDER BY id FOR UPDATE;
    PERFORM FROM deltagare_person WHERE id = ANY (p_personer) ORDER BY id FOR UPDATE;
END $$;
REVOKE EXECUTE ON FUNCTION las_personerna(bigint[]) FROM PUBLIC, sus_app, sus_rapport;

-- Det som fingeravtrycken räknas på (nyckeln finns inte i databasen): krypterade nummer, för högst så många personer.
CREATE FUNCTION gallringens_underlag(p_gallring bigint, p_hogst int)
RETURNS TABLE (deltagande bigint, insats text, inregistrering date, lopnr int, personnummer bytea, nyckel_id text)
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
        RETURN QUERY SELECT d.id, i.nyckel::text, p.inregistrering, p.lopnr, n.personnummer, n.nyckel_id
            FROM deltagare_deltagande d JOIN insatser_insats i ON i.id = d.insats_id
            CROSS JOIN LATERAL deltagandets_tider(d.id) p
            CROSS JOIN LATERAL (
                SELECT 0, t.personnummer, t.nyckel_id::text FROM deltagare_identitet t WHERE t.person_id = d.person_id
                UNION ALL
                SELECT t.id, t.personnummer, t.nyckel_id::text FROM deltagare_tidigarenummer t
                WHERE t.person_id = d.person_id) n (nr, personnummer, nyckel_id)
            WHERE d.person_id = ANY (v_personer) AND NOT d.avidentifierat AND NOT EXISTS (
                SELECT FROM deltagare_deltagande a WHERE a.person_id = d.person_id
                AND (a.utregistrering < v_grans) IS NOT TRUE)
            ORDER BY d.id, p.nr, p.inregistrering, p.lopnr, n.nr FOR UPDATE OF d;
        EXIT WHEN FOUND;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION gallringens_underlag(bigint, int) FROM PUBLIC, sus_rapport;

CREATE FUNCTION utfor_gallring(p_gallring bigint, p_deltaganden bigint[], p_avtryck bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
    v_grans date := (g.granser->>'identitet')::date;
    v_personer bigint[];
    v_historik bigint;
    v_deltaganden bigint;
    v_kommun bigint;
    v_fritext bigint;
    v_identiteter bigint;
BEGIN
    SELECT array_agg(DISTINCT person_id) INTO v_personer FROM deltagare_deltagande WHERE id = ANY (p_deltaganden);
    PERFORM las_personerna(v_personer);
    IF cardinality(p_deltaganden) <> cardinality(p_avtryck) OR array_position(p_avtryck, NULL) IS NOT NULL OR EXISTS (
            SELECT FROM deltagare_deltagande WHERE person_id = ANY (v_personer)
            AND ((utregistrering < v_grans) IS NOT TRUE OR (NOT avidentifierat AND id <> ALL (p_deltaganden)))) THEN
        RAISE EXCEPTION 'Gallringen gäller inte hela personen. Försök igen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hela_personen_gallras';
    END IF;
    SELECT coalesce(max(pgh_id), 0) INTO v_historik FROM deltagare_deltagandehistorikrad
        WHERE pgh_obj_id = ANY (p_deltaganden);
    UPDATE deltagare_deltagande d SET avidentifierat = true, version = d.version + 1,
        fingeravtryck = p_avtryck[array_position(p_deltaganden, d.id)]
        WHERE d.id = ANY (p_deltaganden) AND NOT d.avidentifierat;
    GET DIAGNOSTICS v_deltaganden = ROW_COUNT;
    PERFORM lagg_till_avtryck(p_deltaganden, p_avtryck);
    -- Historiken går med identiteten. Raden som satsen ovan skrev räknas inte: den berättar om gallringen själv.
    DELETE FROM deltagare_deltagandehistorikrad WHERE pgh_obj_id = ANY (p_deltaganden) AND pgh_id > v_historik;
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = ANY (p_deltaganden);
    GET DIAGNOSTICS v_kommun = ROW_COUNT;
    DELETE FROM deltagare_svar WHERE deltagande_id = ANY (p_deltaganden) AND fritext <> '';
    GET DIAGNOSTICS v_fritext = ROW_COUNT;
    DELETE FROM deltagare_identitet WHERE person_id = ANY (v_personer);
    GET DIAGNOSTICS v_identiteter = ROW_COUNT;
    INSERT INTO behorighet_handelse (av_id, typ, insats_id, person_id, detaljer)
        SELECT sus_anvandare(), 'avidentifierad', d.insats_id, d.person_id,
               jsonb_build_object('deltagande', d.id, 'grund', 'gallring', 'gallring', p_gallring)
        FROM deltagare_deltagande d WHERE d.id = ANY (p_deltaganden) ORDER BY d.id;
    PERFORM rakna_gallrat(p_gallring, jsonb_build_object('identitet', v_deltaganden, 'personer', v_identiteter,
        'kommun', v_kommun, 'fritext', v_fritext));
    RETURN v_deltaganden;
END $$;
REVOKE EXECUTE ON FUNCTION utfor_gallring(bigint, bigint[], bytea[]) FROM PUBLIC, sus_rapport;

CREATE FUNCTION gallra_rader(p_gallring bigint, p_slag text, p_hogst int) RETURNS bigint
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
    ELSIF p_slag = 'atkomstlogg' THEN
        DELETE FROM behorighet_handelse WHERE id IN (
            SELECT id FROM behorighet_handelse WHERE tid < v_fore LIMIT p_hogst);
    ELSIF p_slag = 'uppslag' THEN
        DELETE FROM deltagare_uppslag WHERE id IN (SELECT id FROM deltagare_uppslag WHERE tid < v_fore LIMIT p_hogst);
    END IF;
    GET DIAGNOSTICS v_antal = ROW_COUNT;
    IF v_antal > 0 THEN
        PERFORM rakna_gallrat(p_gallring, jsonb_build_object(p_slag, v_antal));
    END IF;
    RETURN v_antal;
END $$;
REVOKE EXECUTE ON FUNCTION gallra_rader(bigint, text, int) FROM PUBLIC, sus_rapport;

CREATE FUNCTION avsluta_gallring(p_gallring bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g deltagare_gallring := krav_godkand_gallring(p_gallring);
BEGIN
    IF g.paborjad_vid IS NULL THEN
        RAISE EXCEPTION 'Gallringen är inte påbörjad.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gallringen_godkanns_fore_den_utfors';
    END IF;
    UPDATE deltagare_gallring SET utford_vid = now(),
        utfall = jsonb_set(utfall, '{kvar}', gallringens_summor(granser)) WHERE id = p_gallring;
END $$;
REVOKE EXECUTE ON FUNCTION avsluta_gallring(bigint) FROM PUBLIC, sus_rapport;
"""
UTFOR_BAK = """
DROP FUNCTION avsluta_gallring(bigint);
DROP FUNCTION gallra_rader(bigint, text, int);
DROP FUNCTION utfor_gallring(bigint, bigint[], bytea[]);
DROP FUNCTION gallringens_underlag(bigint, int);
DROP FUNCTION las_personerna(bigint[]);
DROP FUNCTION paborja_gallring(bigint);
DROP FUNCTION rakna_gallrat(bigint, jsonb);
DROP FUNCTION krav_godkand_gallring(bigint);
"""

# P13: vem som har läst, utan vem i personalen. Den som frågar får det som gäller dess insatser; ägaren allt, också
# uppslag av den som inte finns i SUS (p_index), och raderna från tiden före ett nummerbyte.
REGISTERUTDRAG = """
CREATE FUNCTION registerutdragets_logg(p_person bigint, p_index bytea)
RETURNS TABLE (tid timestamptz, typ text, roll text, arbetsgivare text, insats text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_alla boolean := current_setting('role') = 'sus_agare';
    v_index bytea := p_index;
    v_personer bigint[];
BEGIN
    IF NOT v_alla THEN
        PERFORM krav_nar_personen(p_person);
        SELECT t.personindex INTO v_index FROM deltagare_identitet t WHERE t.person_id = p_person;
    END IF;
    WITH RECURSIVE tidigare (id) AS (
        SELECT p_person
        UNION
        SELECT (h.detaljer->>'fran_person')::bigint FROM tidigare t JOIN behorighet_handelse h ON h.person_id = t.id
        WHERE h.typ = 'nummer_bytt' AND h.detaljer ? 'fran_person'
    )
    SELECT array_agg(t.id) INTO v_personer FROM tidigare t WHERE t.id IS NOT NULL;
    RETURN QUERY SELECT h.tid, h.typ::text, coalesce(b.roll, '')::text, coalesce(o.namn, '')::text,
            coalesce(i.namn, '')::text
        FROM behorighet_handelse h
        LEFT JOIN insatser_uppdrag u ON u.id = h.uppdrag_id
        LEFT JOIN behorighet_behorighet b ON b.id = u.behorighet_id
        LEFT JOIN behorighet_anvandare a ON a.id = h.av_id
        LEFT JOIN behorighet_organisation o ON o.id = a.arbetsgivare_id
        LEFT JOIN insatser_insats i ON i.id = h.insats_id
        WHERE h.id IN (SELECT e.id FROM behorighet_handelse e WHERE e.person_id = ANY (v_personer)
                       UNION SELECT s.handelse_id FROM deltagare_uppslag s WHERE s.personindex = v_index)
          -- Den som har återtagit samtycket i en insats knyts inte till den igen (R25).
          AND (v_alla OR (h.insats_id = ANY (sus_mina_insatser()) AND NOT EXISTS (
              SELECT FROM deltagare_deltagande d WHERE d.avidentifierat AND (
                  d.id = (h.detaljer->>'deltagande')::bigint
                  OR (NOT h.detaljer ? 'deltagande' AND d.person_id = ANY (v_personer) AND d.insats_id = h.insats_id
                      AND NOT EXISTS (SELECT FROM deltagare_deltagande k WHERE k.person_id = ANY (v_personer)
                                      AND k.insats_id = h.insats_id AND NOT k.avidentifierat))))))
        ORDER BY h.tid, h.id;
END $$;
REVOKE EXECUTE ON FUNCTION registerutdragets_logg(bigint, bytea) FROM PUBLIC, sus_rapport;
"""

# Ett formulär som skickades för länge sedan skickas inte igen (P15). Ägarens funktion: sus_app får inte ta bort.
INSKICK = """
CREATE FUNCTION glom_gamla_inskick() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH bort AS (DELETE FROM behorighet_inskick WHERE skapad_vid <= now() - interval '30 days' RETURNING 1)
    SELECT count(*) FROM bort
$$;
REVOKE EXECUTE ON FUNCTION glom_gamla_inskick() FROM PUBLIC, sus_rapport;
"""


def regler(apps, schema_editor):
    """Reglerna som en ny databas får."""
    regel = apps.get_model("deltagare", "Gallringsregel")
    for slag, slagets in SLAGEN.items():
        regel.objects.using(schema_editor.connection.alias).create(slag=slag.value, ar=slagets.ar, grund=slagets.grund)


class Migration(migrations.Migration):
    dependencies = [
        ("deltagare", "0012_rattelser"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Gallringsregel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slag",
                    models.CharField(
                        choices=[
                            ("identitet", "Identitet"),
                            ("historik", "Historik"),
                            ("atkomstlogg", "Åtkomstlogg"),
                            ("uppslag", "Uppslag i folkbokföringen"),
                        ],
                        max_length=20,
                        unique=True,
                        verbose_name="slag",
                    ),
                ),
                ("ar", models.PositiveSmallIntegerField(verbose_name="år")),
                ("grund", models.CharField(max_length=300, verbose_name="skäl")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "gallringsregel",
                "verbose_name_plural": "gallringsregler",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(slag="identitet", ar__range=(2, 25))
                        | Q(slag="historik", ar__range=(2, 25))
                        | Q(slag="atkomstlogg", ar__range=(5, 25))
                        | Q(slag="uppslag", ar__range=(1, 10)),
                        name="gallringsregeln_ar_rimlig",
                        violation_error_message="Tiden ligger utanför det som är tillåtet för slaget.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Gallring",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "foreslagen_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="föreslagen"
                    ),
                ),
                ("granser", models.JSONField(verbose_name="gränser")),
                ("antal", models.JSONField(verbose_name="antal vid förslaget")),
                ("godkand_vid", models.DateTimeField(null=True, verbose_name="godkänd")),
                ("avbruten_vid", models.DateTimeField(null=True, verbose_name="avbruten")),
                ("paborjad_vid", models.DateTimeField(null=True, verbose_name="påbörjad")),
                ("utford_vid", models.DateTimeField(null=True, verbose_name="utförd")),
                ("utfall", models.JSONField(default=dict, verbose_name="utfall")),
                (
                    "oppen",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            Q(utford_vid=None, avbruten_vid=None), output_field=models.BooleanField()
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "avbruten_av",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "foreslagen_av",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "godkand_av",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "gallring",
                "verbose_name_plural": "gallringar",
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(oppen=True),
                        fields=("oppen",),
                        name="en_gallring_i_taget",
                        violation_error_message="En annan gallring väntar. Den ska godkännas eller avbrytas först.",
                    ),
                    models.CheckConstraint(
                        condition=Q(godkand_av=None, godkand_vid=None)
                        | (Q(godkand_av__isnull=False, godkand_vid__isnull=False) & ~Q(godkand_av=F("foreslagen_av"))),
                        name="gallringen_godkanns_av_en_annan",
                        violation_error_message="Du har själv föreslagit gallringen. Den ska godkännas av en annan.",
                    ),
                    models.CheckConstraint(
                        condition=(Q(paborjad_vid=None) | Q(godkand_vid__isnull=False))
                        & (Q(utford_vid=None) | Q(paborjad_vid__isnull=False)),
                        name="gallringen_godkanns_fore_den_utfors",
                    ),
                    models.CheckConstraint(
                        condition=Q(avbruten_av=None, avbruten_vid=None)
                        | Q(avbruten_av__isnull=False, avbruten_vid__isnull=False, paborjad_vid=None),
                        name="avbruten_gallring_ar_inte_paborjad",
                    ),
                ],
            },
        ),
        migrations.RunPython(regler, migrations.RunPython.noop),
        migrations.RunSQL(SKRIVS_AV_FUNKTIONER, SKRIVS_AV_FUNKTIONER_BAK),
        migrations.RunSQL(VAKTER, VAKTER_BAK),
        migrations.RunSQL(FORSLAG, FORSLAG_BAK),
        migrations.RunSQL(UTFOR, UTFOR_BAK),
        migrations.RunSQL(REGISTERUTDRAG, "DROP FUNCTION registerutdragets_logg(bigint, bytea)"),
        migrations.RunSQL(INSKICK, "DROP FUNCTION glom_gamla_inskick()"),
    ]

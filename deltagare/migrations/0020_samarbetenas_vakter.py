"""Matrisen, vakterna för övergångar och kontor, och radskyddet för samarbeten (R26–R31, P2, P9)."""

from django.db import migrations

from deltagare.overgangar import MATRISEN, PAGAENDE, Insatstyp, Myndighet

# En sats prövar och räknar om hela vägen för samarbetena som rörts: ordning, datum, slut, matris. Mot matrisen prövas
# bara övergångar som är nya eller ändrade: den som stängs senare gäller inte bakåt. Tillämpningen skriver aldrig
# `fran`, så en ny rad känns igen på att den inte stämmer med sin granne.
OVERGANGAR = """
CREATE FUNCTION overgangarna_hanger_ihop() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_slut varchar[] := ARRAY['avslutat', 'avbrutet', 'konsultativt_stod'];
    v_rorda bigint[];
    v_bytta bigint[] := '{}';
    v_fel record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT samarbete_id ORDER BY samarbete_id) INTO v_rorda FROM gamla;
    ELSE
        SELECT array_agg(DISTINCT samarbete_id ORDER BY samarbete_id) INTO v_rorda FROM nya;
    END IF;
    IF v_rorda IS NULL THEN
        RETURN NULL;  -- den egna uppdateringen nedan hade inget kvar att göra
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(array_agg(n.id), '{}') INTO v_bytta FROM nya n JOIN gamla g USING (id) WHERE n.till <> g.till;
    END IF;
    -- Två som registrerar i samma samarbete kommer efter varandra.
    PERFORM FROM deltagare_samarbete WHERE id = ANY (v_rorda) ORDER BY id FOR UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT FROM gamla WHERE orsak = 'samtycke_atertas') THEN
            RAISE EXCEPTION 'Samtycket är återtaget, och identiteten borttagen. Det går inte att ångra.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'aterkallelsen_angras_inte';
        END IF;
        -- Utan identitet syns inte om personen har kommit tillbaka: två skulle kunna pågå samtidigt (R31).
        IF EXISTS (SELECT FROM gamla g JOIN deltagare_samarbete s ON s.id = g.samarbete_id
                   WHERE g.till = ANY (v_slut) AND s.avidentifierat) THEN
            RAISE EXCEPTION 'Identiteten är borttagen. Samarbetet går inte att öppna igen.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'utan_identitet_oppnas_inget';
        END IF;
        IF EXISTS (SELECT FROM unnest(v_rorda) r (id) WHERE NOT EXISTS (
                SELECT FROM deltagare_overgang o WHERE o.samarbete_id = r.id)) THEN
            RAISE EXCEPTION 'Begäran går inte att ångra. Registrera Avbrutet samarbete i stället.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'begaran_star_kvar';
        END IF;
    END IF;
    SELECT * INTO v_fel FROM (
        SELECT o.*, row_number() OVER v AS plats, coalesce(lag(till) OVER v, '') AS fran_nu, lag(datum) OVER v AS forra
        FROM deltagare_overgang o WHERE samarbete_id = ANY (v_rorda)
        WINDOW v AS (PARTITION BY samarbete_id ORDER BY ordning)) vag
    WHERE ordning <> plats OR datum < forra OR fran_nu = ANY (v_slut)
       OR ((fran <> fran_nu OR fran_nu = '' OR id = ANY (v_bytta)) AND NOT EXISTS (
           SELECT FROM deltagare_overgangsregel r WHERE r.fran = fran_nu AND r.till = vag.till AND r.oppen))
    ORDER BY samarbete_id, ordning LIMIT 1;
    IF FOUND AND v_fel.ordning <> v_fel.plats THEN
        RAISE EXCEPTION 'Övergångarna ska komma i ordning, och bara den senaste går att ångra.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'overgangarna_i_ordning';
    ELSIF FOUND AND v_fel.fran_nu = ANY (v_slut) THEN
        RAISE EXCEPTION 'Samarbetet är avslutat. En återgång är ett nytt samarbete, med nytt samtycke.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inget_efter_slutet';
    ELSIF FOUND AND v_fel.datum < v_fel.forra THEN
        RAISE EXCEPTION 'Datumet är före den förra övergången, %. Ange den dagen eller en senare.', v_fel.forra
            USING ERRCODE = 'check_violation', CONSTRAINT = 'datum_gar_inte_baklanges';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'Övergången är inte öppen. Välj en insatstyp som går att nå därifrån.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'overgangen_ar_oppen';
    END IF;
    UPDATE deltagare_overgang o SET fran = v.fran_nu, lamnad = v.nasta FROM (
        SELECT id, coalesce(lag(till) OVER v, '') AS fran_nu, lead(datum) OVER v AS nasta
        FROM deltagare_overgang WHERE samarbete_id = ANY (v_rorda)
        WINDOW v AS (PARTITION BY samarbete_id ORDER BY ordning)) v
    WHERE v.id = o.id AND (o.fran <> v.fran_nu OR o.lamnad IS DISTINCT FROM v.nasta);
    UPDATE deltagare_samarbete s SET borjan = a.borjan, insatstyp = a.insatstyp, slut = a.slut FROM (
        SELECT samarbete_id, min(datum) AS borjan, (array_agg(till ORDER BY ordning DESC))[1] AS insatstyp,
               max(datum) FILTER (WHERE till = ANY (v_slut)) AS slut
        FROM deltagare_overgang WHERE samarbete_id = ANY (v_rorda) GROUP BY samarbete_id) a
    WHERE a.samarbete_id = s.id
      AND (s.borjan <> a.borjan OR s.insatstyp <> a.insatstyp OR s.slut IS DISTINCT FROM a.slut);
    -- R30: situationen efter hör till ett avslutat samarbete, och går med avslutet.
    DELETE FROM deltagare_samarbetsuppgift u USING deltagare_samarbete s
        WHERE s.id = u.samarbete_id AND s.id = ANY (v_rorda) AND u.tillfalle = 'efter' AND s.insatstyp <> 'avslutat';
    PERFORM krav_kontorens_dagar(v_rorda);
    IF TG_OP <> 'DELETE' THEN
        PERFORM krav_kontorens_tid(v_rorda);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER overgangarna_hanger_ihop_nya AFTER INSERT ON deltagare_overgang
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION overgangarna_hanger_ihop();
CREATE TRIGGER overgangarna_hanger_ihop_andrade AFTER UPDATE ON deltagare_overgang
    REFERENCING OLD TABLE AS gamla NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION overgangarna_hanger_ihop();
CREATE TRIGGER overgangarna_hanger_ihop_borttagna AFTER DELETE ON deltagare_overgang
    REFERENCING OLD TABLE AS gamla FOR EACH STATEMENT EXECUTE FUNCTION overgangarna_hanger_ihop();
"""

# R29: ett kontor av varje sort, från den dag samarbetet börjar till den dag det slutar; samarbetet bär de senaste.
KONTOR = """
CREATE FUNCTION krav_kontorens_dagar(p_samarbeten bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_sista date;
BEGIN
    SELECT k.datum INTO v_sista FROM deltagare_samarbetskontor k JOIN deltagare_samarbete s ON s.id = k.samarbete_id
        WHERE k.samarbete_id = ANY (p_samarbeten) AND k.datum > s.slut ORDER BY k.samarbete_id, k.datum DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Kontoren byttes %. Ange den dagen eller en senare, eller ångra bytet först.', v_sista
            USING ERRCODE = 'check_violation', CONSTRAINT = 'slut_efter_kontorsbytet';
    END IF;
    IF EXISTS (SELECT FROM deltagare_samarbete s JOIN (
                   SELECT samarbete_id, min(datum) AS forst FROM deltagare_samarbetskontor
                   WHERE samarbete_id = ANY (p_samarbeten) GROUP BY samarbete_id) k ON k.samarbete_id = s.id
               WHERE s.borjan <> k.forst) THEN
        RAISE EXCEPTION 'De första kontoren gäller från den dag samarbetet börjar. Ange en senare dag för ett byte.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kontoren_inom_samarbetets_tid';
    END IF;
END $$;

-- R7, R21: begäran, byten och övergångar ligger inom kontorens tid. Samtycket går alltid att återta (R27), också när ett
-- kontor har stängt. FOR SHARE: den som samtidigt ändrar ett kontors datum väntar, och prövas sedan.
CREATE FUNCTION krav_kontorens_tid(p_samarbeten bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_fel record;
BEGIN
    PERFORM FROM insatser_insats WHERE id IN (
        SELECT af_kontor_id FROM deltagare_samarbetskontor WHERE samarbete_id = ANY (p_samarbeten)
        UNION SELECT fk_kontor_id FROM deltagare_samarbetskontor WHERE samarbete_id = ANY (p_samarbeten))
        ORDER BY id FOR SHARE;
    WITH kontoren AS MATERIALIZED (
        SELECT samarbete_id, datum, af_kontor_id, fk_kontor_id,
               lead(datum) OVER (PARTITION BY samarbete_id ORDER BY datum) AS nasta
        FROM deltagare_samarbetskontor WHERE samarbete_id = ANY (p_samarbeten)
    ), dagar AS (
        SELECT samarbete_id, 0 AS ordning, datum AS dag, af_kontor_id, fk_kontor_id FROM kontoren
        UNION ALL
        SELECT o.samarbete_id, o.ordning, o.datum, k.af_kontor_id, k.fk_kontor_id
        FROM deltagare_overgang o JOIN kontoren k ON k.samarbete_id = o.samarbete_id
            AND o.datum >= k.datum AND (k.nasta IS NULL OR o.datum < k.nasta)
        WHERE o.samarbete_id = ANY (p_samarbeten) AND o.orsak <> 'samtycke_atertas'
    )
    SELECT d.ordning, i.namn, i.startdatum, least(i.slutdatum, g.slutdatum) AS sista INTO v_fel
    FROM dagar d CROSS JOIN LATERAL (VALUES (d.af_kontor_id), (d.fk_kontor_id)) v (id)
    JOIN insatser_insats i ON i.id = v.id JOIN insatser_samverkansorganisation g ON g.id = i.samverkansorganisation_id
    WHERE d.dag < i.startdatum OR d.dag > least(i.slutdatum, g.slutdatum)
    ORDER BY d.samarbete_id, d.ordning, d.dag, i.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% finns från och med %. %', v_fel.namn,
                v_fel.startdatum || coalesce(' till och med ' || v_fel.sista, ''),
                CASE v_fel.ordning WHEN 0 THEN 'Välj ett annat kontor eller en annan dag.'
                    ELSE 'Ange en dag inom den tiden, eller byt kontor först.' END
            USING ERRCODE = 'check_violation', CONSTRAINT = CASE v_fel.ordning
                WHEN 0 THEN 'kontorets_tid' ELSE 'overgangen_inom_kontorets_tid' END;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION krav_kontorens_dagar(bigint[]), krav_kontorens_tid(bigint[])
    FROM PUBLIC, sus_app, sus_rapport;

CREATE FUNCTION kontoren_ar_ett_av_varje() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_rorda bigint[];
    v_sista date;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT samarbete_id ORDER BY samarbete_id) INTO v_rorda FROM gamla;
    ELSE
        SELECT array_agg(DISTINCT samarbete_id ORDER BY samarbete_id) INTO v_rorda FROM nya;
    END IF;
    IF v_rorda IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM deltagare_samarbete WHERE id = ANY (v_rorda) ORDER BY id FOR UPDATE;
    -- En fil, som ägaren läser in, har hela vägen och får ändra den. Den som registrerar lägger till det senaste bytet,
    -- eller tar bort det, medan samarbetet pågår.
    IF current_setting('role') = 'sus_app' THEN
        IF TG_OP <> 'UPDATE' AND EXISTS (
                SELECT FROM deltagare_samarbete WHERE id = ANY (v_rorda) AND slut IS NOT NULL) THEN
            RAISE EXCEPTION 'Samarbetet är avslutat. %', CASE TG_OP WHEN 'INSERT' THEN
                    'Kontor byts bara medan det pågår.' ELSE 'Ångra först den sista övergången.' END
                USING ERRCODE = 'check_violation', CONSTRAINT = 'kontor_byts_medan_det_pagar';
        END IF;
        IF TG_OP = 'INSERT' THEN
            SELECT max(k.datum) INTO v_sista FROM nya n JOIN deltagare_samarbetskontor k
                ON k.samarbete_id = n.samarbete_id AND k.id <> n.id AND k.datum > n.datum;
            IF v_sista IS NOT NULL THEN
                RAISE EXCEPTION 'Kontoren gäller sedan %. Ange en senare dag.', v_sista
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'kontorsbyten_i_ordning';
            END IF;
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT FROM gamla g WHERE (g.datum > (
                SELECT max(k.datum) FROM deltagare_samarbetskontor k WHERE k.samarbete_id = g.samarbete_id)) IS NOT TRUE)
        THEN
            RAISE EXCEPTION 'Bara det senaste bytet av kontor går att ångra. De första kontoren står kvar.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'kontorsbyten_i_ordning';
        END IF;
    ELSIF EXISTS (SELECT FROM nya n JOIN insatser_insats a ON a.id = n.af_kontor_id
               JOIN insatser_insats f ON f.id = n.fk_kontor_id
               WHERE a.samverkansform <> 'af' OR f.samverkansform <> 'fk') THEN
        RAISE EXCEPTION 'Välj ett kontor hos Arbetsförmedlingen och ett hos Försäkringskassan.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kontoren_ar_ett_av_varje';
    END IF;
    UPDATE deltagare_samarbete s SET af_kontor_id = k.af_kontor_id, fk_kontor_id = k.fk_kontor_id FROM (
        SELECT DISTINCT ON (samarbete_id) samarbete_id, af_kontor_id, fk_kontor_id FROM deltagare_samarbetskontor
        WHERE samarbete_id = ANY (v_rorda) ORDER BY samarbete_id, datum DESC) k
    WHERE k.samarbete_id = s.id AND (s.af_kontor_id, s.fk_kontor_id) <> (k.af_kontor_id, k.fk_kontor_id);
    PERFORM krav_kontorens_dagar(v_rorda);
    PERFORM krav_kontorens_tid(v_rorda);
    RETURN NULL;
END $$;
CREATE TRIGGER kontoren_ar_ett_av_varje_nya AFTER INSERT ON deltagare_samarbetskontor
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION kontoren_ar_ett_av_varje();
CREATE TRIGGER kontoren_ar_ett_av_varje_andrade AFTER UPDATE ON deltagare_samarbetskontor
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION kontoren_ar_ett_av_varje();
CREATE TRIGGER kontoren_ar_ett_av_varje_borttagna AFTER DELETE ON deltagare_samarbetskontor
    REFERENCING OLD TABLE AS gamla FOR EACH STATEMENT EXECUTE FUNCTION kontoren_ar_ett_av_varje();

-- Ett samarbete har alltid en begäran och kontor. En fil, som ägaren läser in, prövas mängdvis i stället.
CREATE FUNCTION samarbetet_har_begaran_och_kontor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_samarbete WHERE id = NEW.id)
            AND NOT (EXISTS (SELECT FROM deltagare_overgang WHERE samarbete_id = NEW.id)
                     AND EXISTS (SELECT FROM deltagare_samarbetskontor WHERE samarbete_id = NEW.id)) THEN
        RAISE EXCEPTION 'Ett samarbete börjar med en begäran, hos två kontor.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'samarbetet_har_begaran_och_kontor';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER samarbetet_har_begaran_och_kontor AFTER INSERT ON deltagare_samarbete
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (current_setting('role') = 'sus_app')
    EXECUTE FUNCTION samarbetet_har_begaran_och_kontor();
"""

FLYTTAS_INTE = """
CREATE TRIGGER registreringen_flyttas_inte BEFORE UPDATE OF person_id ON deltagare_samarbete
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION samarbetet_flyttas_inte();
CREATE TRIGGER identiteten_kommer_inte_tillbaka BEFORE UPDATE OF avidentifierat, fingeravtryck ON deltagare_samarbete
    FOR EACH ROW WHEN (OLD.avidentifierat AND (NOT NEW.avidentifierat OR NEW.fingeravtryck IS DISTINCT FROM
                       coalesce(OLD.fingeravtryck, NEW.fingeravtryck)))
    EXECUTE FUNCTION identiteten_kommer_inte_tillbaka();
"""

SAMMA_PERSON = """
CREATE FUNCTION samarbetet_flyttas_inte() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Bara byt_personnummer sätter det, och bara ägaren får alls ändra vems ett samarbete är.
    IF current_setting('sus.nummerbyte', true) = OLD.person_id::text THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Ett samarbete flyttas inte till en annan person.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'registreringen_flyttas_inte';
END $$;
"""

HOS_MIG = (
    "(af_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[]) "
    "OR fk_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[]))"
)
RADSKYDD = """
ALTER TABLE deltagare_samarbete ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_samarbetskontor ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_samarbetsfolkbokforing ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_overgang ENABLE ROW LEVEL SECURITY;
ALTER TABLE deltagare_samarbetehistorikrad ENABLE ROW LEVEL SECURITY;

-- R28: samarbetena som är eller har varit hos de egna kontoren. Ägarens funktion, så att kontorens rader kan läsas
-- utan att deras eget skydd frågar tillbaka.
CREATE FUNCTION sus_mina_samarbeten() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT samarbete_id FROM deltagare_samarbetskontor
    WHERE af_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[])
       OR fk_kontor_id = ANY ((SELECT sus_mina_insatser())::bigint[])
$$;

-- Den som är eller har varit vid ett av kontoren läser; bara de som samarbetet är hos nu skriver.
CREATE POLICY uppdrag ON deltagare_samarbete FOR SELECT TO sus_app
    USING (@HOS_MIG OR id IN (SELECT sus_mina_samarbeten()));
CREATE POLICY uppdrag_andra ON deltagare_samarbete FOR UPDATE TO sus_app USING (@HOS_MIG);
CREATE POLICY uppdrag_nytt ON deltagare_samarbete FOR INSERT TO sus_app
    WITH CHECK (person_id = sus_person() AND @HOS_MIG AND slut IS NULL AND insatstyp = 'begaran'
                AND NOT avidentifierat AND fingeravtryck IS NULL AND version = 1);
CREATE POLICY uppdrag ON deltagare_samarbetskontor FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id));
CREATE POLICY uppdrag_nytt ON deltagare_samarbetskontor FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY uppdrag_bort ON deltagare_samarbetskontor FOR DELETE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY uppdrag ON deltagare_overgang FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id));
CREATE POLICY uppdrag_nytt ON deltagare_overgang FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY uppdrag_bort ON deltagare_overgang FOR DELETE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND @HOS_MIG));
CREATE POLICY uppdrag ON deltagare_samarbetsfolkbokforing FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = samarbete_id AND NOT s.avidentifierat));
CREATE POLICY uppdrag_nytt ON deltagare_samarbetsfolkbokforing FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_samarbete s
                        WHERE s.id = samarbete_id AND NOT s.avidentifierat AND @HOS_MIG));
CREATE POLICY uppdrag ON deltagare_samarbetehistorikrad FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = pgh_obj_id));
CREATE POLICY uppdrag_nytt ON deltagare_samarbetehistorikrad FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.id = pgh_obj_id));
CREATE POLICY rapport ON deltagare_samarbete FOR SELECT TO sus_rapport USING (true);
CREATE POLICY rapport ON deltagare_samarbetskontor FOR SELECT TO sus_rapport USING (true);
CREATE POLICY rapport ON deltagare_overgang FOR SELECT TO sus_rapport USING (true);
GRANT SELECT ON deltagare_samarbete, deltagare_samarbetskontor, deltagare_overgang, deltagare_overgangsregel
    TO sus_rapport;

REVOKE UPDATE, DELETE, TRUNCATE ON deltagare_samarbetehistorikrad FROM sus_app;
CREATE TRIGGER historiken_andras_aldrig BEFORE UPDATE OR DELETE OR TRUNCATE ON deltagare_samarbetehistorikrad
    FOR EACH STATEMENT EXECUTE FUNCTION historiken_andras_aldrig();

REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON deltagare_overgang, deltagare_samarbete, deltagare_samarbetskontor,
    deltagare_samarbetsfolkbokforing, deltagare_overgangsregel FROM sus_app;
GRANT INSERT (samarbete_id, ordning, till, datum, orsak, registrerad_av), DELETE ON deltagare_overgang TO sus_app;
GRANT INSERT, UPDATE (samtycke_arkiverat, initierad_av, version) ON deltagare_samarbete TO sus_app;
GRANT INSERT, DELETE ON deltagare_samarbetskontor TO sus_app;
GRANT INSERT ON deltagare_samarbetsfolkbokforing TO sus_app;

CREATE POLICY samarbete ON deltagare_person FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s WHERE s.person_id = deltagare_person.id));
CREATE POLICY samarbete ON deltagare_identitet FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s
                   WHERE s.person_id = deltagare_identitet.person_id AND NOT s.avidentifierat));
CREATE POLICY samarbete_andra ON deltagare_identitet FOR UPDATE TO sus_app
    USING (EXISTS (SELECT FROM deltagare_samarbete s
                   WHERE s.person_id = deltagare_identitet.person_id AND NOT s.avidentifierat AND @HOS_MIG));
""".replace("@HOS_MIG", HOS_MIG)

NYCKLAR = "CREATE SEQUENCE sus_samarbetsnyckel; GRANT USAGE ON SEQUENCE sus_samarbetsnyckel TO sus_app"

# R27, P10: identiteten för ett samarbete tas bort; personens egen när inget längre bär den.
AVIDENTIFIERA = """
CREATE FUNCTION avidentifiera_samarbete(p_samarbete bigint, p_fingeravtryck bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s record;
    v_kontor bigint;
BEGIN
    SELECT * INTO s FROM deltagare_samarbete WHERE id = p_samarbete FOR UPDATE;
    SELECT k INTO v_kontor FROM unnest(ARRAY[s.af_kontor_id, s.fk_kontor_id]) k WHERE k = ANY (sus_mina_insatser());
    IF v_kontor IS NULL THEN
        RAISE EXCEPTION 'Uppdrag saknas på kontoret.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM deltagare_person WHERE id = s.person_id FOR UPDATE;
    UPDATE deltagare_samarbete SET avidentifierat = true, fingeravtryck = p_fingeravtryck WHERE id = s.id;
    DELETE FROM deltagare_samarbetsfolkbokforing WHERE samarbete_id = s.id;
    DELETE FROM deltagare_identitet WHERE person_id = s.person_id AND NOT EXISTS (
        SELECT FROM deltagare_deltagande d WHERE d.person_id = s.person_id AND NOT d.avidentifierat)
        AND NOT EXISTS (
        SELECT FROM deltagare_samarbete a WHERE a.person_id = s.person_id AND NOT a.avidentifierat);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', v_kontor), 'avidentifierad',
                v_kontor, s.person_id, jsonb_build_object('samarbete', s.id));
END $$;
REVOKE EXECUTE ON FUNCTION avidentifiera_samarbete(bigint, bytea) FROM PUBLIC, sus_rapport;
"""


def fyll_matrisen(apps, schema_editor):
    """Alla rutor som kan finnas. De som `doman.md` inte öppnar är stängda, med den myndighet som har steget."""
    regler = {(regel.fran or "", regel.till): regel for regel in MATRISEN}
    forst = {Insatstyp.BEGARAN, Insatstyp.GEMENSAM_KARTLAGGNING}
    rutor = [("", Insatstyp.BEGARAN)]
    rutor += [(fran, till) for fran in PAGAENDE for till in Insatstyp if till not in {fran, Insatstyp.BEGARAN}]
    modell = apps.get_model("deltagare", "Overgangsregel")
    modell.objects.using(schema_editor.connection.alias).bulk_create(
        modell(
            fran=fran,
            till=till,
            myndighet=regel.myndighet
            if (regel := regler.get((fran, till)))
            else Myndighet.FK
            if fran in forst
            else Myndighet.AF,
            oppen=(fran, till) in regler,
        )
        for fran, till in rutor
    )


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0019_samarbeten"), ("behorighet", "0012_samarbetenas_handelser")]

    operations = [
        migrations.RunPython(fyll_matrisen, migrations.RunPython.noop),
        migrations.RunSQL(OVERGANGAR, "DROP FUNCTION overgangarna_hanger_ihop() CASCADE"),
        migrations.RunSQL(
            KONTOR,
            "DROP FUNCTION kontoren_ar_ett_av_varje() CASCADE; DROP FUNCTION samarbetet_har_begaran_och_kontor() CASCADE;"
            "DROP FUNCTION krav_kontorens_dagar(bigint[]); DROP FUNCTION krav_kontorens_tid(bigint[])",
        ),
        migrations.RunSQL(SAMMA_PERSON, "DROP FUNCTION samarbetet_flyttas_inte() CASCADE"),
        migrations.RunSQL(FLYTTAS_INTE, "DROP TRIGGER identiteten_kommer_inte_tillbaka ON deltagare_samarbete"),
        migrations.RunSQL(RADSKYDD, migrations.RunSQL.noop),
        migrations.RunSQL(NYCKLAR, "DROP SEQUENCE sus_samarbetsnyckel"),
        migrations.RunSQL(AVIDENTIFIERA, "DROP FUNCTION avidentifiera_samarbete(bigint, bytea)"),
    ]

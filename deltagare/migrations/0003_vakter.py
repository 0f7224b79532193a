"""Databasens vakter för registreringar: låset och sorten (R11, R16), datumen (R15, R21), kodverken."""

from django.db import migrations

# En registrering kräver att kategoriseringen är låst och att insatsen är av rätt sort. Ett kontor har
# ingen kategorisering: det tar anonyma och inget annat. TG_ARGV[0] är tabellens sort.
# FOR SHARE på insatsen: den som samtidigt ändrar dess datum eller kategorisering väntar, och prövas sedan.
REGISTRERING = """
CREATE FUNCTION insatsen_tar_emot_registreringen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_insats WHERE id IN (SELECT insats_id FROM nya) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM (SELECT DISTINCT insats_id FROM nya) n JOIN insatser_insats i ON i.id = n.insats_id
               WHERE i.deltagarregistrering <> TG_ARGV[0]
                 AND NOT (i.inriktning = '' AND TG_TABLE_NAME = 'deltagare_anonym')) THEN
        RAISE EXCEPTION '%', CASE TG_ARGV[0]
                WHEN 'antal' THEN 'Antal registreras bara för volyminsatser.'
                ELSE 'Insatsen tar inte emot deltagare: bara antal registreras för den.' END
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsen_tar_emot_registreringen';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT insats_id FROM nya) n JOIN insatser_insats i ON i.id = n.insats_id
               WHERE i.inriktning <> '' AND i.kategorisering_last_vid IS NULL) THEN
        RAISE EXCEPTION 'Kategoriseringen ska låsas innan något registreras i insatsen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kategoriseringen_lases_forst';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER insatsen_tar_emot_registreringen AFTER INSERT ON deltagare_deltagande
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT
    EXECUTE FUNCTION insatsen_tar_emot_registreringen('personuppgifter');
CREATE TRIGGER insatsen_tar_emot_registreringen AFTER INSERT ON deltagare_anonym
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT
    EXECUTE FUNCTION insatsen_tar_emot_registreringen('personuppgifter');
CREATE TRIGGER insatsen_tar_emot_registreringen AFTER INSERT ON deltagare_volymantal
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT
    EXECUTE FUNCTION insatsen_tar_emot_registreringen('antal');

-- En registrering byter aldrig insats, person eller år: då vore vakten ovan kringgången.
CREATE FUNCTION registreringen_flyttas_inte() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'En registrering flyttas inte till en annan insats eller person.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'registreringen_flyttas_inte';
END $$;
CREATE TRIGGER registreringen_flyttas_inte BEFORE UPDATE OF insats_id, person_id ON deltagare_deltagande
    FOR EACH ROW WHEN (NEW.insats_id <> OLD.insats_id OR NEW.person_id <> OLD.person_id)
    EXECUTE FUNCTION registreringen_flyttas_inte();

-- R25: det som är avidentifierat förblir det.
CREATE FUNCTION identiteten_kommer_inte_tillbaka() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Identiteten är borttagen och kommer inte tillbaka.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'identiteten_kommer_inte_tillbaka';
END $$;
CREATE TRIGGER identiteten_kommer_inte_tillbaka BEFORE UPDATE OF avidentifierat, fingeravtryck ON deltagare_deltagande
    FOR EACH ROW WHEN (OLD.avidentifierat AND (NOT NEW.avidentifierat OR NEW.fingeravtryck IS DISTINCT FROM
                       coalesce(OLD.fingeravtryck, NEW.fingeravtryck)))
    EXECUTE FUNCTION identiteten_kommer_inte_tillbaka();

CREATE TRIGGER registreringen_flyttas_inte BEFORE UPDATE OF insats_id, ar ON deltagare_anonym
    FOR EACH ROW WHEN (NEW.insats_id <> OLD.insats_id OR NEW.ar <> OLD.ar)
    EXECUTE FUNCTION registreringen_flyttas_inte();
CREATE TRIGGER registreringen_flyttas_inte BEFORE UPDATE OF insats_id, ar ON deltagare_volymantal
    FOR EACH ROW WHEN (NEW.insats_id <> OLD.insats_id OR NEW.ar <> OLD.ar)
    EXECUTE FUNCTION registreringen_flyttas_inte();
"""

# R15, R21: registreringen ligger inom insatsens datum, från båda hållen. En felregistrering räknas inte.
DATUM = """
CREATE FUNCTION deltagandet_ligger_inom_insatsen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_insats WHERE id IN (SELECT insats_id FROM nya) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM nya n JOIN insatser_insats i ON i.id = n.insats_id
               JOIN insatser_samverkansorganisation o ON o.id = i.samverkansorganisation_id
               WHERE NOT n.felregistrerad
                 AND (n.inregistrering < i.startdatum OR n.inregistrering > least(i.slutdatum, o.slutdatum))) THEN
        RAISE EXCEPTION 'Inregistreringen ska ligga inom insatsens och samverkansorganisationens datum.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inregistrering_inom_insatsen';
    END IF;
    IF EXISTS (SELECT FROM nya n JOIN insatser_insats i ON i.id = n.insats_id
               JOIN insatser_samverkansorganisation o ON o.id = i.samverkansorganisation_id
               WHERE NOT n.felregistrerad AND n.utregistrering > least(i.slutdatum, o.slutdatum)) THEN
        RAISE EXCEPTION 'Utregistreringen ska vara senast den dag insatsen eller samverkansorganisationen slutar.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'utregistrering_inom_insatsen';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER deltagandet_ligger_inom_insatsen_nytt AFTER INSERT ON deltagare_deltagande
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION deltagandet_ligger_inom_insatsen();
CREATE TRIGGER deltagandet_ligger_inom_insatsen_andrat AFTER UPDATE ON deltagare_deltagande
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION deltagandet_ligger_inom_insatsen();

CREATE FUNCTION aret_ligger_inom_insatsen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_insats WHERE id IN (SELECT insats_id FROM nya) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM nya n JOIN insatser_insats i ON i.id = n.insats_id
               JOIN insatser_samverkansorganisation o ON o.id = i.samverkansorganisation_id
               WHERE n.antal > 0 AND (n.ar < extract(year FROM i.startdatum)
                                      OR n.ar > extract(year FROM least(i.slutdatum, o.slutdatum)))) THEN
        RAISE EXCEPTION 'Året ska ligga inom insatsens och samverkansorganisationens datum.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'aret_ligger_inom_insatsen';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER aret_ligger_inom_insatsen_nytt AFTER INSERT ON deltagare_anonym
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION aret_ligger_inom_insatsen();
CREATE TRIGGER aret_ligger_inom_insatsen_andrat AFTER UPDATE ON deltagare_anonym
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION aret_ligger_inom_insatsen();
CREATE TRIGGER aret_ligger_inom_insatsen_nytt AFTER INSERT ON deltagare_volymantal
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION aret_ligger_inom_insatsen();
CREATE TRIGGER aret_ligger_inom_insatsen_andrat AFTER UPDATE ON deltagare_volymantal
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION aret_ligger_inom_insatsen();

CREATE FUNCTION insatsen_rymmer_sina_registreringar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    g record;
BEGIN
    SELECT * INTO g FROM registreringsgranser(NEW.id);
    IF NEW.startdatum > g.forsta OR extract(year FROM NEW.startdatum) > g.forsta_ar THEN
        RAISE EXCEPTION 'Startdatum kan inte vara efter den första registreringen (%).',
                coalesce(g.forsta::text, g.forsta_ar::text)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'startdatum_fore_registreringarna';
    END IF;
    IF NEW.slutdatum < g.sista OR extract(year FROM NEW.slutdatum) < g.sista_ar THEN
        RAISE EXCEPTION 'Slutdatum kan inte vara före en registrering (den senaste: %).',
                coalesce(g.sista::text, g.sista_ar::text)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'slutdatum_efter_registreringarna';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER insatsen_rymmer_sina_registreringar AFTER UPDATE OF startdatum, slutdatum ON insatser_insats
    FOR EACH ROW EXECUTE FUNCTION insatsen_rymmer_sina_registreringar();

CREATE FUNCTION organisationen_rymmer_sina_registreringar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Insatserna låses: den som samtidigt registrerar väntar, och prövas sedan mot det nya slutdatumet.
    PERFORM FROM insatser_insats WHERE samverkansorganisation_id = NEW.id ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM insatser_insats i, registreringsgranser(i.id) g
               WHERE i.samverkansorganisation_id = NEW.id
                 AND (g.sista > NEW.slutdatum OR g.sista_ar > extract(year FROM NEW.slutdatum))) THEN
        RAISE EXCEPTION 'Samverkansorganisationen har registreringar efter det slutdatumet.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organisationen_rymmer_sina_registreringar';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER organisationen_rymmer_sina_registreringar AFTER UPDATE OF slutdatum ON insatser_samverkansorganisation
    FOR EACH ROW WHEN (NEW.slutdatum IS DISTINCT FROM OLD.slutdatum)
    EXECUTE FUNCTION organisationen_rymmer_sina_registreringar();
"""

# Vad den insatsansvarige får veta om registreringarna: datum och antal, aldrig vem (R15).
GRANSER = """
CREATE FUNCTION registreringsgranser(p_insats bigint,
    OUT forsta date, OUT sista date, OUT oppna bigint, OUT antal bigint, OUT forsta_ar int, OUT sista_ar int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT d.forsta, d.sista, d.oppna, d.antal, a.forsta_ar, a.sista_ar
    FROM (SELECT min(inregistrering) AS forsta, max(coalesce(utregistrering, inregistrering)) AS sista,
                 count(*) FILTER (WHERE utregistrering IS NULL) AS oppna, count(*) AS antal
          FROM deltagare_deltagande WHERE insats_id = p_insats AND NOT felregistrerad) d,
         (SELECT min(ar) AS forsta_ar, max(ar) AS sista_ar
          FROM (SELECT ar FROM deltagare_anonym WHERE insats_id = p_insats AND antal > 0
                UNION ALL SELECT ar FROM deltagare_volymantal WHERE insats_id = p_insats AND antal > 0) v) a
$$;
"""

# Svaren finns i kodverket. Kodverket är data, så en CHECK räcker inte; en kod som har använts tas inte bort.
KODVERK = """
CREATE FUNCTION svaren_finns_i_kodverket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    okand text;
BEGIN
    WITH svar (kodverk, kod) AS (
        SELECT DISTINCT 'utbildning', utbildning FROM nya
        UNION SELECT 'tid_i_forsorjning', tid_i_forsorjning FROM nya
        UNION SELECT 'avslutningsanledning', avslutningsanledning FROM nya
        UNION SELECT 'forsorjning', unnest(forsorjning_fore || forsorjning_efter) FROM nya
        UNION SELECT 'arbetstyp', unnest(arbetstyp_fore || arbetstyp_efter) FROM nya
    )
    SELECT s.kodverk || ': ' || s.kod INTO okand FROM svar s
        WHERE s.kod <> '' AND NOT EXISTS (
            SELECT FROM deltagare_kod k WHERE k.kodverk = s.kodverk AND k.kod = s.kod)
        LIMIT 1;
    IF okand IS NOT NULL THEN
        RAISE EXCEPTION 'Svaret finns inte i kodverket (%).', okand
            USING ERRCODE = 'check_violation', CONSTRAINT = 'svaren_finns_i_kodverket';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER svaren_finns_i_kodverket_nya AFTER INSERT ON deltagare_deltagande
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION svaren_finns_i_kodverket();
CREATE TRIGGER svaren_finns_i_kodverket_andrade AFTER UPDATE ON deltagare_deltagande
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION svaren_finns_i_kodverket();

CREATE FUNCTION koden_tas_inte_bort() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'En kod tas aldrig bort. Ge den ett sista giltighetsdatum i stället.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'koden_tas_inte_bort';
END $$;
CREATE TRIGGER koden_tas_inte_bort BEFORE DELETE ON deltagare_kod
    FOR EACH ROW EXECUTE FUNCTION koden_tas_inte_bort();
CREATE TRIGGER koden_byter_inte_namn BEFORE UPDATE OF kodverk, kod ON deltagare_kod
    FOR EACH ROW WHEN (NEW.kodverk <> OLD.kodverk OR NEW.kod <> OLD.kod) EXECUTE FUNCTION koden_tas_inte_bort();
"""

# R22, R23: en registrering tas aldrig bort, och det som är givet vid inregistreringen ändras inte i efterhand.
BORTTAGNING = """
REVOKE DELETE, TRUNCATE ON deltagare_deltagande, deltagare_person, deltagare_anonym FROM sus_app;
REVOKE UPDATE ON deltagare_deltagande, deltagare_person, deltagare_folkbokforing FROM sus_app;
GRANT UPDATE (inregistrering, utregistrering, avslutningsanledning, samtycke, samtycke_arkiverat, utbildning,
    tid_i_forsorjning, forsorjning_fore, forsorjning_efter, arbete_fore, arbete_efter, arbetstyp_fore, arbetstyp_efter,
    studier_fore, studier_efter, arbetssokande_fore, arbetssokande_efter, version) ON deltagare_deltagande TO sus_app;
"""

# Index-only scan i rapporten kräver att sidorna är markerade som synliga: städa tabellen ofta.
AUTOVACUUM = """
ALTER TABLE deltagare_deltagande SET (
    autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02)
"""


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0002_kodverk"), ("insatser", "0003_vakter")]

    operations = [
        migrations.RunSQL(GRANSER, "DROP FUNCTION registreringsgranser(bigint)"),
        migrations.RunSQL(
            REGISTRERING,
            "DROP FUNCTION insatsen_tar_emot_registreringen() CASCADE; DROP FUNCTION registreringen_flyttas_inte() CASCADE;"
            "DROP FUNCTION identiteten_kommer_inte_tillbaka() CASCADE",
        ),
        migrations.RunSQL(
            DATUM,
            "DROP FUNCTION deltagandet_ligger_inom_insatsen() CASCADE; DROP FUNCTION aret_ligger_inom_insatsen() CASCADE;"
            "DROP FUNCTION insatsen_rymmer_sina_registreringar() CASCADE;"
            "DROP FUNCTION organisationen_rymmer_sina_registreringar() CASCADE",
        ),
        migrations.RunSQL(
            KODVERK,
            "DROP FUNCTION svaren_finns_i_kodverket() CASCADE; DROP FUNCTION koden_tas_inte_bort() CASCADE",
        ),
        migrations.RunSQL(
            BORTTAGNING,
            "GRANT UPDATE, DELETE ON deltagare_deltagande, deltagare_person, deltagare_anonym, deltagare_folkbokforing "
            "TO sus_app",
        ),
        migrations.RunSQL(
            AUTOVACUUM,
            "ALTER TABLE deltagare_deltagande RESET (autovacuum_vacuum_insert_scale_factor, "
            "autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)",
        ),
    ]

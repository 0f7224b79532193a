"""Databasens vakter för insatser: låset (R11), formen och datumen (R7), budgetens sort (R16)."""

from django.db import migrations

# Samverkansformen är kopierad till insatsen, så att CHECK kan pröva kategoriseringen; de hålls lika här.
FORM = """
ALTER TABLE insatser_insats ADD CONSTRAINT insatsens_form_ar_organisationens
    FOREIGN KEY (samverkansorganisation_id, samverkansform)
    REFERENCES insatser_samverkansorganisation (id, samverkansform) DEFERRABLE INITIALLY IMMEDIATE
"""

# R11: ett lås tas aldrig upp igen. Tar emot även rå SQL; ingen inställning i sessionen stänger av det.
LAS = """
CREATE FUNCTION kategoriseringen_ar_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.kategorisering_last_vid IS NOT NULL THEN
            RAISE EXCEPTION 'Insatsen har registreringar och kan inte tas bort. Sätt ett slutdatum i stället.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'kategoriseringen_ar_last';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.samverkansorganisation_id <> OLD.samverkansorganisation_id THEN
        RAISE EXCEPTION 'En insats kan inte flyttas till en annan samverkansorganisation.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsen_byter_inte_organisation';
    END IF;
    IF OLD.kategorisering_last_vid IS NOT NULL AND (
        NEW.inriktning, NEW.preciserad_inriktning, NEW.deltagarregistrering, NEW.malgrupper,
        NEW.kategorisering_last_vid, NEW.last_av
    ) IS DISTINCT FROM (
        OLD.inriktning, OLD.preciserad_inriktning, OLD.deltagarregistrering, OLD.malgrupper,
        OLD.kategorisering_last_vid, OLD.last_av
    ) THEN
        RAISE EXCEPTION 'Kategoriseringen är låst: den första deltagaren är registrerad i insatsen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kategoriseringen_ar_last';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER kategoriseringen_ar_last BEFORE UPDATE OR DELETE ON insatser_insats
    FOR EACH ROW EXECUTE FUNCTION kategoriseringen_ar_last();
REVOKE UPDATE, TRUNCATE ON insatser_insats FROM sus_app;
GRANT UPDATE (namn, beskrivning, startdatum, slutdatum, inriktning, preciserad_inriktning, deltagarregistrering,
    malgrupper, kategorisering_last_vid, last_av, version) ON insatser_insats TO sus_app;
"""

# R7: insatsen ligger inom organisationens tid, från båda hållen. FOR SHARE: två som ändrar samtidigt väntar.
DATUM = """
CREATE FUNCTION insatsen_ligger_inom_organisationen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    o record;
BEGIN
    SELECT startdatum, slutdatum INTO o FROM insatser_samverkansorganisation
        WHERE id = NEW.samverkansorganisation_id FOR SHARE;
    IF NEW.startdatum < o.startdatum THEN
        RAISE EXCEPTION 'Insatsen kan inte börja före samverkansorganisationen (%).', o.startdatum
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsen_borjar_inom_organisationen';
    END IF;
    IF o.slutdatum IS NOT NULL AND NEW.startdatum > o.slutdatum THEN
        RAISE EXCEPTION 'Insatsen kan inte börja efter att samverkansorganisationen har slutat (%).', o.slutdatum
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsen_borjar_inom_organisationen';
    END IF;
    IF o.slutdatum IS NOT NULL AND NEW.slutdatum > o.slutdatum THEN
        RAISE EXCEPTION 'Insatsen kan inte sluta efter samverkansorganisationen (%).', o.slutdatum
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsen_slutar_inom_organisationen';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER insatsen_ligger_inom_organisationen
    AFTER INSERT OR UPDATE OF startdatum, slutdatum ON insatser_insats
    FOR EACH ROW EXECUTE FUNCTION insatsen_ligger_inom_organisationen();

CREATE FUNCTION organisationen_rymmer_sina_insatser() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM insatser_insats i WHERE i.samverkansorganisation_id = NEW.id
               AND (i.startdatum < NEW.startdatum OR i.startdatum > NEW.slutdatum OR i.slutdatum > NEW.slutdatum)) THEN
        RAISE EXCEPTION 'Samverkansorganisationen har insatser utanför de datumen.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organisationen_rymmer_sina_insatser';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER organisationen_rymmer_sina_insatser
    AFTER UPDATE OF startdatum, slutdatum ON insatser_samverkansorganisation
    FOR EACH ROW EXECUTE FUNCTION organisationen_rymmer_sina_insatser();
"""

# R16 och 3.2: det planerade antalet är det som insatsens sort har, från båda hållen.
BUDGET = """
CREATE FUNCTION budgeten_har_insatsens_sort() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_insats WHERE id IN (SELECT insats_id FROM nya) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM nya n JOIN insatser_insats i ON i.id = n.insats_id
               WHERE (n.planerat_antal IS NOT NULL AND i.deltagarregistrering = 'antal')
                  OR (n.budgeterat_antal_volym IS NOT NULL AND i.deltagarregistrering <> 'antal')) THEN
        RAISE EXCEPTION 'Det planerade antalet hör inte till insatsens sätt att registrera deltagare.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budgeten_har_insatsens_sort';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER budgeten_har_insatsens_sort_ny AFTER INSERT ON insatser_budget
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION budgeten_har_insatsens_sort();
CREATE TRIGGER budgeten_har_insatsens_sort_andrad AFTER UPDATE ON insatser_budget
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION budgeten_har_insatsens_sort();

CREATE FUNCTION insatsens_sort_har_ratt_budget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.deltagarregistrering <> OLD.deltagarregistrering AND EXISTS (
        SELECT FROM insatser_budget b WHERE b.insats_id = NEW.id
        AND (b.planerat_antal IS NOT NULL OR b.budgeterat_antal_volym IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'Insatsen har ett planerat antal i budgeten. Ta bort det innan deltagarregistreringen ändras.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'insatsens_sort_har_ratt_budget';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER insatsens_sort_har_ratt_budget AFTER UPDATE OF deltagarregistrering ON insatser_insats
    FOR EACH ROW EXECUTE FUNCTION insatsens_sort_har_ratt_budget();
"""

# R6: loggen säger vilket uppdrag någon hade: rollens på insatsen, eller på dess samverkansorganisation.
UPPDRAG = """
CREATE FUNCTION sus_uppdrag(p_anvandare bigint, p_roll text, p_insats bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.id FROM insatser_uppdrag u
    JOIN behorighet_behorighet b ON b.id = u.behorighet_id
    JOIN insatser_insats i ON i.id = p_insats
        AND (u.insats_id = i.id OR u.samverkansorganisation_id = i.samverkansorganisation_id)
    WHERE b.anvandare_id = p_anvandare AND b.roll = p_roll AND u.giltighet @> now() AND b.giltighet @> now()
    ORDER BY u.insats_id NULLS LAST, u.id LIMIT 1
$$;
"""

# Svensk ordning i listor och rapporter.
ORDNING = """
CREATE INDEX insats_i_svensk_ordning ON insatser_insats (sus_sortnyckel(namn));
CREATE INDEX samverkansorganisation_i_svensk_ordning ON insatser_samverkansorganisation (sus_sortnyckel(namn));
"""

# R5: rapporterna läser med en egen roll, som bara når det här.
RAPPORT = """
GRANT SELECT ON insatser_lan, insatser_kommun, insatser_samverkansorganisation,
    insatser_samverkansorganisation_kommuner, insatser_insats, insatser_budget, insatser_budgetpost TO sus_rapport
"""


class Migration(migrations.Migration):
    dependencies = [("insatser", "0002_geografi"), ("behorighet", "0003_logg")]

    operations = [
        migrations.RunSQL(FORM, "ALTER TABLE insatser_insats DROP CONSTRAINT insatsens_form_ar_organisationens"),
        migrations.RunSQL(
            LAS,
            "DROP TRIGGER kategoriseringen_ar_last ON insatser_insats; DROP FUNCTION kategoriseringen_ar_last()",
        ),
        migrations.RunSQL(
            DATUM,
            "DROP FUNCTION insatsen_ligger_inom_organisationen() CASCADE;"
            "DROP FUNCTION organisationen_rymmer_sina_insatser() CASCADE",
        ),
        migrations.RunSQL(
            BUDGET,
            "DROP FUNCTION budgeten_har_insatsens_sort() CASCADE; DROP FUNCTION insatsens_sort_har_ratt_budget() CASCADE",
        ),
        migrations.RunSQL(UPPDRAG, "DROP FUNCTION sus_uppdrag(bigint, text, bigint)"),
        migrations.RunSQL(
            ORDNING, "DROP INDEX insats_i_svensk_ordning; DROP INDEX samverkansorganisation_i_svensk_ordning"
        ),
        migrations.RunSQL(
            RAPPORT,
            "REVOKE ALL ON insatser_lan, insatser_kommun, insatser_samverkansorganisation, "
            "insatser_samverkansorganisation_kommuner, insatser_insats, insatser_budget, insatser_budgetpost "
            "FROM sus_rapport",
        ),
    ]

"""Numret som personen hade före bytet leder till samma person, så länge identiteten finns (R17, R20, P10)."""

import importlib

import django.db.models.deletion
from django.db import migrations, models

personpass = importlib.import_module("deltagare.migrations.0014_personpass")

# Ägarens tabell. Den som läser in en fil ser det nycklade numret för dem den når, aldrig det krypterade.
SKYDD = """
REVOKE ALL ON deltagare_tidigarenummer FROM sus_app, sus_rapport;
GRANT SELECT (person_id, personindex) ON deltagare_tidigarenummer TO sus_app;
ALTER TABLE deltagare_tidigarenummer ENABLE ROW LEVEL SECURITY;
CREATE POLICY uppdrag ON deltagare_tidigarenummer FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.person_id = deltagare_tidigarenummer.person_id
                   AND NOT d.avidentifierat AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));

CREATE FUNCTION person_med_index(p_index bytea) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT person_id FROM deltagare_identitet WHERE personindex = p_index),
                    (SELECT person_id FROM deltagare_tidigarenummer WHERE personindex = p_index))
$$;
REVOKE EXECUTE ON FUNCTION person_med_index(bytea) FROM PUBLIC, sus_app, sus_rapport;

-- För fingeravtrycken, som räknas på numret i klartext.
CREATE FUNCTION personens_tidigare_nummer(p_person bigint) RETURNS TABLE (personnummer bytea, nyckel_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM krav_nar_personen(p_person);
    RETURN QUERY SELECT t.personnummer, t.nyckel_id::text FROM deltagare_tidigarenummer t
        WHERE t.person_id = p_person ORDER BY t.id;
END $$;
REVOKE EXECUTE ON FUNCTION personens_tidigare_nummer(bigint) FROM PUBLIC, sus_rapport;

-- Numret följer med när identiteten byter nummer. Blir två personer en finns det gamla kvar hos den som blir kvar.
CREATE FUNCTION tidigare_nummer_sparas() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO deltagare_tidigarenummer (person_id, personindex, personnummer, nyckel_id)
        VALUES (NEW.person_id, OLD.personindex, OLD.personnummer, OLD.nyckel_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tidigare_nummer_sparas AFTER UPDATE OF personindex ON deltagare_identitet
    FOR EACH ROW WHEN (NEW.personindex <> OLD.personindex) EXECUTE FUNCTION tidigare_nummer_sparas();

-- P10: de går med identiteten, och med dem uppslagen under det gamla numret. Personen som blir en med en annan finns
-- inte kvar, och dess nummer står då redan hos den andra.
CREATE FUNCTION tidigare_nummer_foljer_identiteten() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    WITH bort AS (DELETE FROM deltagare_tidigarenummer WHERE person_id = OLD.person_id RETURNING personindex)
    DELETE FROM deltagare_uppslag WHERE personindex IN (SELECT personindex FROM bort);
    RETURN NULL;
END $$;
CREATE TRIGGER tidigare_nummer_foljer_identiteten AFTER DELETE ON deltagare_identitet
    FOR EACH ROW EXECUTE FUNCTION tidigare_nummer_foljer_identiteten();

-- Den som registreras med sitt gamla nummer får kön och ålder ur det som gäller.
CREATE FUNCTION inregistreringen_foljer_numret() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_tidigarenummer WHERE person_id = NEW.person_id) THEN
        SELECT kon, extract(year FROM NEW.inregistrering) - fodelsear INTO NEW.kon, NEW.alder
            FROM deltagare_person WHERE id = NEW.person_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inregistreringen_foljer_numret BEFORE INSERT ON deltagare_deltagande
    FOR EACH ROW WHEN (current_setting('role') = 'sus_app') EXECUTE FUNCTION inregistreringen_foljer_numret();
"""
SKYDD_BAK = """
DROP FUNCTION inregistreringen_foljer_numret() CASCADE;
DROP FUNCTION tidigare_nummer_foljer_identiteten() CASCADE;
DROP FUNCTION tidigare_nummer_sparas() CASCADE;
DROP FUNCTION personens_tidigare_nummer(bigint);
DROP FUNCTION person_med_index(bytea);
"""

# Raden i `person_for` som hittar personen.
FORR = "SELECT person_id INTO v_person FROM deltagare_identitet WHERE personindex = p_index;"
NU = "v_person := person_med_index(p_index);"


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0014_personpass")]

    operations = [
        migrations.CreateModel(
            name="TidigareNummer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("personindex", models.BinaryField(max_length=32, unique=True, verbose_name="nycklat index")),
                ("personnummer", models.BinaryField(verbose_name="personnummer, krypterat")),
                ("nyckel_id", models.CharField(max_length=40, verbose_name="krypteringsnyckel")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tidigare_nummer",
                        to="deltagare.person",
                    ),
                ),
            ],
            options={"verbose_name": "tidigare nummer", "verbose_name_plural": "tidigare nummer"},
        ),
        migrations.RunSQL(SKYDD, SKYDD_BAK),
        migrations.RunPython(personpass.byt(FORR, NU), personpass.byt(NU, FORR)),
    ]

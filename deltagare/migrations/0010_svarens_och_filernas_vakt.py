"""Identiteten tas bort en i taget, en fråga har svar också när utregistreringen som de gavs vid är öppnad igen, och gamla filer syns inte för andra."""

import importlib

from django.db import migrations

radskydd = importlib.import_module("deltagare.migrations.0004_radskydd")
svar = importlib.import_module("deltagare.migrations.0008_svar")

FORR = "IF senaste IS NULL THEN"
NU = "IF NOT EXISTS (SELECT FROM deltagare_svar WHERE fraga_id = OLD.id) THEN"


def fragan(villkor: str) -> str:
    """Funktionen `fragan_har_svar` ur 0008, med villkoret för när inget skydd behövs."""
    borjan = svar.FRAGOR.index("CREATE FUNCTION fragan_har_svar()")
    slut = svar.FRAGOR.index("CREATE TRIGGER fragan_har_svar")
    return svar.FRAGOR[borjan:slut].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(FORR, villkor)


# Ägarens funktion: den som städar ska inte kunna läsa.
FILER = """
ALTER POLICY egen ON deltagare_inlasning USING (anvandare_id = (SELECT sus_anvandare()));
CREATE FUNCTION glom_gamla_inlasningar() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH bort AS (DELETE FROM deltagare_inlasning WHERE skapad_vid <= now() - interval '1 hour' RETURNING 1)
    SELECT count(*) FROM bort
$$;
REVOKE EXECUTE ON FUNCTION glom_gamla_inlasningar() FROM PUBLIC, sus_rapport;
"""
FILER_BAK = """
DROP FUNCTION glom_gamla_inlasningar();
ALTER POLICY egen ON deltagare_inlasning
    USING (anvandare_id = (SELECT sus_anvandare()) OR skapad_vid <= now() - interval '1 hour');
"""

# Personens rad låses: två insatser som tar bort samma identitet, eller en ny inregistrering under tiden, väntar på
# varandra. Varje sats ser vad den andra gjorde.
TAR_BORT = "    UPDATE deltagare_deltagande SET avidentifierat = true"
LASER = "    PERFORM FROM deltagare_person WHERE id = d.person_id FOR UPDATE;\n"
HITTAR = "    SELECT person_id INTO v_person FROM deltagare_identitet WHERE personindex = p_index;\n"
HITTAR_KVAR = """    IF v_person IS NOT NULL THEN
        PERFORM FROM deltagare_person WHERE id = v_person FOR KEY SHARE;
        PERFORM FROM deltagare_identitet WHERE person_id = v_person;
        IF NOT FOUND THEN
            v_person := NULL;
        END IF;
    END IF;
"""


def avidentifiera(*, laser: bool) -> str:
    """Funktionen `avidentifiera_deltagande` ur 0008, med eller utan låset på personen."""
    text = svar.AVIDENTIFIERA.format(fritext=svar.FRITEXT)
    return text.replace(TAR_BORT, LASER + TAR_BORT) if laser else text


def person_for(*, laser: bool) -> str:
    """Funktionen `person_for` ur 0004, med eller utan låset på en person som redan finns."""
    slut = radskydd.PERSON_FOR.index("REVOKE EXECUTE")
    text = radskydd.PERSON_FOR[:slut].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return text.replace(HITTAR, HITTAR + HITTAR_KVAR) if laser else text


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0009_inlasning")]

    operations = [
        migrations.RunSQL(fragan(NU), fragan(FORR)),
        migrations.RunSQL(FILER, FILER_BAK),
        migrations.RunSQL(avidentifiera(laser=True), avidentifiera(laser=False)),
        migrations.RunSQL(person_for(laser=True), person_for(laser=False)),
    ]

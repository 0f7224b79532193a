"""Uppslag, skydd och registerutdrag följer också numren som personen har bytt (R17, R19, P8); en besvarad fråga."""

from django.db import migrations

PERSONEN = """
CREATE FUNCTION personen_skyddas(p_person bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM (SELECT personindex FROM deltagare_identitet WHERE person_id = p_person
                     UNION ALL SELECT personindex FROM deltagare_tidigarenummer WHERE person_id = p_person) n
        JOIN deltagare_registerpost r USING (personindex) WHERE r.skyddad)
$$;
REVOKE EXECUTE ON FUNCTION personen_skyddas(bigint) FROM PUBLIC, sus_app, sus_rapport;
"""

# Funktion, det som står i den, och det som ska stå.
BYTEN = (
    (
        "logga_uppslag",
        "SELECT person_id INTO v_person FROM deltagare_identitet WHERE personindex = p_index;",
        "v_person := person_med_index(p_index);",
    ),
    (
        "personen_har_skydd",
        "EXISTS (SELECT FROM deltagare_identitet i JOIN deltagare_registerpost r USING (personindex)\n"
        "               WHERE i.person_id = NEW.person_id AND r.skyddad)",
        "personen_skyddas(NEW.person_id)",
    ),
    (
        "deltaganden_med_skydd",
        "deltagare_deltagande d JOIN deltagare_identitet i USING (person_id)\n"
        "    JOIN deltagare_registerpost r USING (personindex)\n"
        "    WHERE d.id = ANY (p_deltaganden) AND NOT d.avidentifierat AND r.skyddad AND",
        "deltagare_deltagande d\n"
        "    WHERE d.id = ANY (p_deltaganden) AND NOT d.avidentifierat AND personen_skyddas(d.person_id) AND",
    ),
    (
        "registerutdragets_logg",
        "s.personindex = v_index)",
        "s.personindex = v_index\n"
        "                          OR s.personindex IN (SELECT t.personindex FROM deltagare_tidigarenummer t\n"
        "                                               WHERE t.person_id = p_person))",
    ),
    ("fragan_har_svar", "Frågan har svar och kan inte tas bort.", "Frågan är besvarad och kan inte tas bort."),
    ("fragan_har_svar", "Frågan har svar och kan inte ändras.", "Frågan är besvarad och kan inte ändras."),
    ("fragan_har_svar", "Frågan har svar från %.", "Frågan är besvarad i en registrering från %."),
    (
        "alternativets_fraga_har_svar",
        "Frågan har svar, och dess alternativ kan inte ändras.",
        "Frågan är besvarad, och dess alternativ kan inte ändras.",
    ),
)


def byt(byten):
    """Byter text i funktionerna så som de står i databasen."""

    def kor(apps, schema_editor):
        with schema_editor.connection.cursor() as markor:
            for namn, fran, till in byten:
                markor.execute(
                    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s "
                    "AND pronamespace = 'public'::regnamespace",
                    [namn],
                )
                (text,) = markor.fetchone()
                if text.count(fran) != 1:
                    raise RuntimeError(f"{namn} ser inte ut som väntat.")
                markor.execute(text.replace(fran, till))

    return kor


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0017_uppgift_saknas")]

    operations = [
        migrations.RunSQL(PERSONEN, "DROP FUNCTION personen_skyddas(bigint)"),
        migrations.RunPython(byt(BYTEN), byt([(namn, till, fran) for namn, fran, till in reversed(BYTEN)])),
    ]

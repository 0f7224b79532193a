"""*Uppgift saknas* som svar på en kompletterande fråga, som inte räknas som ett svar; och skydd hos den i en fil (R19)."""

import importlib

from django.db import migrations, models

svar = importlib.import_module("deltagare.migrations.0008_svar")

PASSAR = "               WHERE (CASE f.svarstyp\n"
PASSAR_ELLER_SAKNAS = "               WHERE NOT n.saknas AND (CASE f.svarstyp\n"
ALLA = "SELECT s.fraga_id, count(*) FROM"
UTAN_SAKNAS = "SELECT s.fraga_id, count(*) FILTER (WHERE NOT s.saknas) FROM"


# Den som läser in en fil får veta det om deltagandena som filen gäller och som är inom räckhåll, och det loggas.
SKYDD = """
CREATE FUNCTION deltaganden_med_skydd(p_deltaganden bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT d.id FROM deltagare_deltagande d JOIN deltagare_identitet i USING (person_id)
    JOIN deltagare_registerpost r USING (personindex)
    WHERE d.id = ANY (p_deltaganden) AND NOT d.avidentifierat AND r.skyddad AND d.insats_id = ANY (sus_mina_insatser())
$$;
REVOKE EXECUTE ON FUNCTION deltaganden_med_skydd(bigint[]) FROM PUBLIC, sus_rapport;
"""


def vakten(*, saknas: bool) -> str:
    """Funktionen `svaret_hor_till_fragan` ur 0008, med eller utan svaret att uppgiften saknas."""
    slut = svar.SVAR.index("CREATE TRIGGER")
    text = svar.SVAR[:slut].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return text.replace(PASSAR, PASSAR_ELLER_SAKNAS) if saknas else text


def antal(*, saknas: bool) -> str:
    """Funktionen `antal_svar` ur 0008. En fråga med bara *Uppgift saknas* har noll svar, men är besvarad."""
    text = svar.ANTAL.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return text.replace(ALLA, UTAN_SAKNAS) if saknas else text


def _bara(kolumn: str) -> models.Q:
    tomt = {"fritext": ("fritext", ""), "alternativ": ("alternativ", None), "tal": ("tal", None)}
    tomt |= {"datum": ("datum", None), "saknas": ("saknas", False)}
    villkor = models.Q(tomt.pop(kolumn), _negated=True)
    return models.Q(villkor, *tomt.values())


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0016_avtryck")]

    operations = [
        migrations.AddField(
            model_name="svar",
            name="saknas",
            field=models.BooleanField(db_default=False, default=False, verbose_name="uppgift saknas"),
        ),
        migrations.RemoveConstraint(model_name="svar", name="svaret_har_ett_varde"),
        migrations.AddConstraint(
            model_name="svar",
            constraint=models.CheckConstraint(
                name="svaret_har_ett_varde",
                condition=_bara("fritext") | _bara("alternativ") | _bara("tal") | _bara("datum") | _bara("saknas"),
            ),
        ),
        migrations.RunSQL(vakten(saknas=True), vakten(saknas=False)),
        migrations.RunSQL(antal(saknas=True), antal(saknas=False)),
        migrations.RunSQL(SKYDD, "DROP FUNCTION deltaganden_med_skydd(bigint[])"),
        migrations.RunSQL(
            "GRANT UPDATE (saknas) ON deltagare_svar TO sus_app",
            "REVOKE UPDATE (saknas) ON deltagare_svar FROM sus_app",
        ),
    ]

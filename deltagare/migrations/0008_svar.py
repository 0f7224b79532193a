"""Svar på kompletterande frågor: radskyddet (P2), och vakterna för svar och för frågor som har svar (`doman.md` 4)."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# Svaren syns som deltagandet självt. De läggs till, och står sedan kvar.
RADSKYDD = """
REVOKE UPDATE, DELETE, TRUNCATE ON deltagare_svar FROM sus_app;
ALTER TABLE deltagare_svar ENABLE ROW LEVEL SECURITY;
CREATE POLICY uppdrag ON deltagare_svar FOR SELECT TO sus_app
    USING (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.id = deltagare_svar.deltagande_id
                   AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));
CREATE POLICY uppdrag_nytt ON deltagare_svar FOR INSERT TO sus_app
    WITH CHECK (EXISTS (SELECT FROM deltagare_deltagande d WHERE d.id = deltagare_svar.deltagande_id
                        AND d.insats_id = ANY ((SELECT sus_mina_insatser())::bigint[])));
"""

# Ett svar hör till en fråga som ställs i insatsen, vid tillfället och den dagen, och har frågans typ.
# FOR SHARE på frågan: den som samtidigt ändrar den väntar, och nekas sedan.
SVAR = """
CREATE FUNCTION svaret_hor_till_fragan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM insatser_fraga WHERE id IN (SELECT fraga_id FROM nya) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM nya n JOIN insatser_fraga f ON f.id = n.fraga_id
               JOIN deltagare_deltagande d ON d.id = n.deltagande_id JOIN insatser_insats i ON i.id = d.insats_id
               WHERE (f.samverkansorganisation_id = i.samverkansorganisation_id
                      AND f.tillfalle IN (n.tillfalle, 'bada') AND NOT d.felregistrerad
                      AND CASE n.tillfalle WHEN 'in' THEN d.inregistrering ELSE d.utregistrering END
                          BETWEEN f.fran AND coalesce(f.till, 'infinity')) IS NOT TRUE) THEN
        RAISE EXCEPTION 'En av de kompletterande frågorna ställs inte i insatsen den dagen. Öppna sidan på nytt.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fragan_stalls_den_dagen';
    END IF;
    IF EXISTS (SELECT FROM nya n JOIN insatser_fraga f ON f.id = n.fraga_id
               WHERE (CASE f.svarstyp
                      WHEN 'fritext' THEN n.fritext <> '' WHEN 'tal' THEN n.tal IS NOT NULL
                      WHEN 'datum' THEN n.datum IS NOT NULL WHEN 'en' THEN cardinality(n.alternativ) = 1
                      WHEN 'flera' THEN cardinality(n.alternativ) > 0 END) IS NOT TRUE
                  OR cardinality(n.alternativ) <> (
                      SELECT count(DISTINCT a.id) FROM insatser_svarsalternativ a
                      WHERE a.fraga_id = f.id AND a.id = ANY (n.alternativ))) THEN
        RAISE EXCEPTION 'Ett svar passar inte till sin kompletterande fråga. Öppna sidan på nytt.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'svaret_passar_fragan';
    END IF;
    -- P10: fritext kan peka ut den som inte längre har någon identitet.
    IF EXISTS (SELECT FROM nya n JOIN deltagare_deltagande d ON d.id = n.deltagande_id
               WHERE d.avidentifierat AND n.fritext <> '') THEN
        RAISE EXCEPTION 'Deltagandet har ingen identitet, och kan inte få svar i fritext.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ingen_fritext_utan_identitet';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER svaret_hor_till_fragan_nytt AFTER INSERT ON deltagare_svar
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION svaret_hor_till_fragan();
CREATE TRIGGER svaret_hor_till_fragan_andrat AFTER UPDATE ON deltagare_svar
    REFERENCING NEW TABLE AS nya FOR EACH STATEMENT EXECUTE FUNCTION svaret_hor_till_fragan();
"""

# En fråga med svar står som den ställdes: den avslutas och flyttas i ordningen, inget annat.
FRAGOR = """
CREATE FUNCTION fragan_har_svar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    senaste date;
BEGIN
    SELECT max(CASE s.tillfalle WHEN 'in' THEN d.inregistrering ELSE d.utregistrering END) INTO senaste
        FROM deltagare_svar s JOIN deltagare_deltagande d ON d.id = s.deltagande_id WHERE s.fraga_id = OLD.id;
    IF senaste IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Frågan har svar och kan inte tas bort. Avsluta den i stället.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fragan_har_svar';
    END IF;
    IF (NEW.samverkansorganisation_id, NEW.namn, NEW.text, NEW.svarstyp, NEW.tillfalle, NEW.fran,
        NEW.bekraftat_av_id, NEW.bekraftat_vid) IS DISTINCT FROM
       (OLD.samverkansorganisation_id, OLD.namn, OLD.text, OLD.svarstyp, OLD.tillfalle, OLD.fran,
        OLD.bekraftat_av_id, OLD.bekraftat_vid) THEN
        RAISE EXCEPTION 'Frågan har svar och kan inte ändras. Avsluta den och registrera en ny.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fragan_har_svar';
    END IF;
    IF NEW.till IS DISTINCT FROM OLD.till AND NEW.till < senaste THEN
        RAISE EXCEPTION 'Frågan har svar från %. Den kan inte sluta före den dagen.', senaste
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fragan_slutar_efter_svaren';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fragan_har_svar BEFORE UPDATE OR DELETE ON insatser_fraga
    FOR EACH ROW EXECUTE FUNCTION fragan_har_svar();

CREATE FUNCTION alternativets_fraga_har_svar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fragor bigint[] := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.fraga_id] WHEN 'DELETE' THEN ARRAY[OLD.fraga_id]
                       ELSE ARRAY[OLD.fraga_id, NEW.fraga_id] END;
BEGIN
    -- Den som samtidigt svarar väntar, och prövas sedan mot de nya alternativen.
    PERFORM FROM insatser_fraga WHERE id = ANY (fragor) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM deltagare_svar WHERE fraga_id = ANY (fragor)) THEN
        RAISE EXCEPTION 'Frågan har svar, och dess alternativ kan inte ändras. Avsluta den och registrera en ny.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fragan_har_svar';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER alternativets_fraga_har_svar BEFORE INSERT OR UPDATE OR DELETE ON insatser_svarsalternativ
    FOR EACH ROW EXECUTE FUNCTION alternativets_fraga_har_svar();
"""

# Vad samverkansadministratören får veta om svaren: hur många, aldrig vilkas.
ANTAL = """
CREATE FUNCTION antal_svar(p_organisation bigint) RETURNS TABLE (fraga_id bigint, antal bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.fraga_id, count(*) FROM deltagare_svar s JOIN insatser_fraga f ON f.id = s.fraga_id
    WHERE f.samverkansorganisation_id = p_organisation GROUP BY s.fraga_id
$$
"""

# P10: fritexten går med identiteten; övriga svar står kvar som statistik.
AVIDENTIFIERA = """
CREATE OR REPLACE FUNCTION avidentifiera_deltagande(p_deltagande bigint, p_fingeravtryck bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM deltagare_deltagande WHERE id = p_deltagande FOR UPDATE;
    IF (d.insats_id = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE deltagare_deltagande SET avidentifierat = true, fingeravtryck = p_fingeravtryck WHERE id = d.id;
    DELETE FROM deltagare_folkbokforing WHERE deltagande_id = d.id;{fritext}
    DELETE FROM deltagare_identitet WHERE person_id = d.person_id AND NOT EXISTS (
        SELECT FROM deltagare_deltagande a WHERE a.person_id = d.person_id AND NOT a.avidentifierat);
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', d.insats_id), 'avidentifierad',
                d.insats_id, d.person_id, jsonb_build_object('deltagande', d.id));
END $$
"""
FRITEXT = "\n    DELETE FROM deltagare_svar WHERE deltagande_id = d.id AND fritext <> '';"


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0007_kodens_version"), ("insatser", "0008_fragor")]

    operations = [
        migrations.CreateModel(
            name="Svar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tillfalle",
                    models.CharField(
                        choices=[("in", "Vid inregistrering"), ("ut", "Vid utregistrering")],
                        max_length=10,
                        verbose_name="tillfälle",
                    ),
                ),
                ("fritext", models.CharField(blank=True, max_length=200, verbose_name="fritext")),
                (
                    "alternativ",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        blank=True,
                        null=True,
                        size=None,
                        verbose_name="valda alternativ",
                    ),
                ),
                (
                    "tal",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="tal"),
                ),
                ("datum", models.DateField(blank=True, null=True, verbose_name="datum")),
                (
                    "skapad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="skapad"
                    ),
                ),
                (
                    "deltagande",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="svar",
                        to="deltagare.deltagande",
                    ),
                ),
                (
                    "fraga",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="svar", to="insatser.fraga"
                    ),
                ),
            ],
            options={
                "verbose_name": "svar",
                "verbose_name_plural": "svar",
                "constraints": [
                    models.UniqueConstraint(fields=("deltagande", "fraga", "tillfalle"), name="ett_svar_per_fraga"),
                    models.CheckConstraint(
                        condition=models.Q(("tillfalle__in", ["in", "ut"])), name="svarets_tillfalle_finns"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("fritext", ""), _negated=True),
                                ("alternativ", None),
                                ("tal", None),
                                ("datum", None),
                            ),
                            models.Q(
                                models.Q(("alternativ", None), _negated=True),
                                ("fritext", ""),
                                ("tal", None),
                                ("datum", None),
                            ),
                            models.Q(
                                models.Q(("tal", None), _negated=True),
                                ("fritext", ""),
                                ("alternativ", None),
                                ("datum", None),
                            ),
                            models.Q(
                                models.Q(("datum", None), _negated=True),
                                ("fritext", ""),
                                ("alternativ", None),
                                ("tal", None),
                            ),
                            _connector="OR",
                        ),
                        name="svaret_har_ett_varde",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            RADSKYDD,
            "ALTER TABLE deltagare_svar DISABLE ROW LEVEL SECURITY; DROP POLICY uppdrag ON deltagare_svar;"
            "DROP POLICY uppdrag_nytt ON deltagare_svar",
        ),
        migrations.RunSQL(SVAR, "DROP FUNCTION svaret_hor_till_fragan() CASCADE"),
        migrations.RunSQL(
            FRAGOR,
            "DROP FUNCTION fragan_har_svar() CASCADE; DROP FUNCTION alternativets_fraga_har_svar() CASCADE",
        ),
        migrations.RunSQL(ANTAL, "DROP FUNCTION antal_svar(bigint)"),
        migrations.RunSQL(AVIDENTIFIERA.format(fritext=FRITEXT), AVIDENTIFIERA.format(fritext="")),
    ]

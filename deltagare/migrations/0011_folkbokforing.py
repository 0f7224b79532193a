"""Det lokala folkbokföringsregistret, och vilka som har slagits upp (R19, P8)."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# Registret är ägarens. En deltagaransvarig frågar efter ett nummer i taget, och bara med uppdrag på insatsen; den som
# har skydd ger svaret att skydd finns och inget annat (R19). Funktionen som svarar loggar frågan (P8).
REGISTER = """
REVOKE ALL ON deltagare_registerpost, deltagare_uppslag FROM sus_app, sus_rapport;

CREATE FUNCTION registerpost(p_insats bigint, p_index bytea)
RETURNS TABLE (skyddad boolean, fornamn bytea, efternamn bytea, nyckel_id text, kommun_id text, stadsdel_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM logga_uppslag(p_insats, p_index, coalesce(
        (SELECT CASE WHEN r.skyddad THEN 'skyddad' ELSE 'hittad' END
         FROM deltagare_registerpost r WHERE r.personindex = p_index), 'saknas'));
    RETURN QUERY SELECT r.skyddad,
            CASE WHEN NOT r.skyddad THEN r.fornamn END, CASE WHEN NOT r.skyddad THEN r.efternamn END,
            CASE WHEN NOT r.skyddad THEN r.nyckel_id::text END, CASE WHEN NOT r.skyddad THEN r.kommun_id::text END,
            CASE WHEN NOT r.skyddad THEN r.stadsdel_id END
        FROM deltagare_registerpost r WHERE r.personindex = p_index;
END $$;
REVOKE EXECUTE ON FUNCTION registerpost(bigint, bytea) FROM PUBLIC, sus_rapport;

-- P8: vem som slogs upp. Finns personen i SUS pekar raden på den, annars på ett uppslag. Den som har skydd lämnar
-- inget spår, och de tidigare uppslagen går. Säger aldrig om personen finns.
CREATE FUNCTION logga_uppslag(p_insats bigint, p_index bytea, p_utfall text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_person bigint;
    v_handelse bigint;
BEGIN
    IF (p_insats = ANY (sus_mina_insatser())) IS NOT TRUE THEN
        RAISE EXCEPTION 'Uppdrag saknas på insatsen.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_utfall <> 'skyddad' THEN
        SELECT person_id INTO v_person FROM deltagare_identitet WHERE personindex = p_index;
    END IF;
    INSERT INTO behorighet_handelse (av_id, uppdrag_id, typ, insats_id, person_id, detaljer)
        VALUES (sus_anvandare(), sus_uppdrag(sus_anvandare(), 'deltagaransvarig', p_insats), 'person_hamtad',
                p_insats, v_person, jsonb_build_object('utfall', p_utfall))
        RETURNING id INTO v_handelse;
    IF p_utfall = 'skyddad' THEN
        DELETE FROM deltagare_uppslag WHERE personindex = p_index;
    ELSIF v_person IS NULL THEN
        INSERT INTO deltagare_uppslag (handelse_id, personindex) VALUES (v_handelse, p_index);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION logga_uppslag(bigint, bytea, text) FROM PUBLIC, sus_rapport;

-- R19: den som fick skydd mellan Hämta och Spara, eller som står i en fil. Ägarens import prövar sina rader själv.
CREATE FUNCTION personen_har_skydd() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM deltagare_identitet i JOIN deltagare_registerpost r USING (personindex)
               WHERE i.person_id = NEW.person_id AND r.skyddad) THEN
        RAISE EXCEPTION 'Personen ska registreras som anonym deltagare.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'personen_har_skydd';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER personen_har_skydd AFTER INSERT ON deltagare_deltagande
    FOR EACH ROW WHEN (NOT NEW.avidentifierat AND current_setting('role') <> 'sus_agare')
    EXECUTE FUNCTION personen_har_skydd();

-- P10: uppslagen går med identiteten.
CREATE FUNCTION uppslagen_foljer_identiteten() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM deltagare_uppslag WHERE personindex = OLD.personindex;
    RETURN NULL;
END $$;
CREATE TRIGGER uppslagen_foljer_identiteten AFTER DELETE ON deltagare_identitet
    FOR EACH ROW EXECUTE FUNCTION uppslagen_foljer_identiteten();
"""

REGISTER_BAK = """
DROP FUNCTION registerpost(bigint, bytea);
DROP FUNCTION logga_uppslag(bigint, bytea, text);
DROP FUNCTION uppslagen_foljer_identiteten() CASCADE;
DROP FUNCTION personen_har_skydd() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("deltagare", "0010_svarens_och_filernas_vakt"),
        ("insatser", "0008_fragor"),
    ]

    operations = [
        migrations.CreateModel(
            name="Uppslag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("handelse_id", models.BigIntegerField(verbose_name="rad i åtkomstloggen")),
                ("personindex", models.BinaryField(max_length=32, verbose_name="nycklat index")),
                ("tid", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="tid")),
            ],
            options={
                "verbose_name": "uppslag",
                "verbose_name_plural": "uppslag",
                "indexes": [models.Index(fields=["personindex"], name="uppslag_person")],
            },
        ),
        migrations.CreateModel(
            name="Registerpost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("personindex", models.BinaryField(max_length=32, unique=True, verbose_name="nycklat index")),
                ("fornamn", models.BinaryField(verbose_name="förnamn, krypterat")),
                ("efternamn", models.BinaryField(verbose_name="efternamn, krypterat")),
                ("nyckel_id", models.CharField(max_length=40, verbose_name="krypteringsnyckel")),
                ("skyddad", models.BooleanField(default=False, verbose_name="skyddade personuppgifter")),
                (
                    "kommun",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="insatser.kommun"
                    ),
                ),
                (
                    "stadsdel",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="insatser.stadsdel"
                    ),
                ),
            ],
            options={
                "verbose_name": "post i folkbokföringsregistret",
                "verbose_name_plural": "poster i folkbokföringsregistret",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stadsdel", None), ("kommun__isnull", False), _connector="OR"),
                        name="registerpostens_stadsdel_har_kommun",
                    )
                ],
            },
        ),
        migrations.RunSQL(REGISTER, REGISTER_BAK),
    ]

"""Det som tabellerna vilar på: rättigheter för rollerna, tillägg och två funktioner."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

# Tabeller som skapas härefter: applikationen får läsa och skriva, men inte äga. Det som den inte ska få
# (loggen, identitet) tas ifrån den i respektive apps egen migration.
RATTIGHETER = """
GRANT USAGE ON SCHEMA public TO sus_app, sus_rapport;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sus_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO sus_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO sus_app, sus_rapport;
"""

RATTIGHETER_BAK = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM sus_app, sus_rapport;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM sus_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM sus_app;
REVOKE USAGE ON SCHEMA public FROM sus_app, sus_rapport;
"""

# R1a: från och till är dygn i Europe/Stockholm, båda inräknade; "Avsluta nu" klipper av tiden.
# Greatest: den som avslutas före sin start får en tom period, inte ett fel.
GILTIGHET = """
CREATE FUNCTION sus_giltighet(fran date, till date, avslutad timestamptz) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tstzrange(
    timezone('Europe/Stockholm', fran::timestamp),
    CASE WHEN till IS NOT NULL OR avslutad IS NOT NULL THEN greatest(
        timezone('Europe/Stockholm', fran::timestamp),
        least(avslutad, timezone('Europe/Stockholm', (till + 1)::timestamp))
    ) END
);
"""

# Svensk ordning: å ä ö sist, é som e, versaler som gemener; oberoende av ICU och glibc.
SORTNYCKEL = """
CREATE FUNCTION sus_sortnyckel(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN translate(
    lower(translate(normalize(t, NFC), 'ÅÄÖÆØÉÈÊËÜÁÀ', 'åäöæøéèêëüáà')),
    'åäæöøéèêëüáà', '{||}}eeeeyaa'
) COLLATE "C";
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    run_before = [("contenttypes", "0001_initial"), ("sessions", "0001_initial")]

    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(RATTIGHETER, RATTIGHETER_BAK),
        migrations.RunSQL(GILTIGHET, "DROP FUNCTION sus_giltighet(date, date, timestamptz)"),
        migrations.RunSQL(SORTNYCKEL, "DROP FUNCTION sus_sortnyckel(text)"),
    ]

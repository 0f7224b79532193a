#!/usr/bin/env bash
# Körs av PostgreSQL-behållaren första gången: rollerna och de två inloggningarna. Webbens är inte medlem i ägaren.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v agare_losenord="$SUS_AGARE_LOSENORD" -v webb_losenord="$SUS_WEBB_LOSENORD" <<'SQL'
CREATE ROLE sus_agare NOLOGIN NOINHERIT;
CREATE ROLE sus_app NOLOGIN NOINHERIT;
CREATE ROLE sus_rapport NOLOGIN NOINHERIT;
CREATE ROLE sus_migrering LOGIN NOINHERIT PASSWORD :'agare_losenord';
CREATE ROLE sus_webb LOGIN NOINHERIT PASSWORD :'webb_losenord';
GRANT sus_agare, sus_app, sus_rapport TO sus_migrering;
GRANT sus_app, sus_rapport TO sus_webb;
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO sus_agare;
GRANT ALL ON SCHEMA public TO sus_agare;
SQL

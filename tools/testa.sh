#!/usr/bin/env bash
# Alla test: webbläsartesten i en egen process bredvid de övriga (docs/adr/0022-testens-tid.md).
#   tools/testa.sh [argument till pytest]   Med argument: en process, bara det som argumenten säger.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$#" -gt 0 ]; then
    exec .venv/bin/python -m pytest "$@"
fi

logg="$(mktemp)"
.venv/bin/python -m pytest tests/webblasare >"$logg" 2>&1 &
webblasare=$!
trap 'kill "$webblasare" 2>/dev/null || true; rm -f "$logg"' EXIT
fel=0
.venv/bin/python -m pytest --ignore tests/webblasare || fel=1
wait "$webblasare" || fel=1
echo "Webbläsartesten"
cat "$logg"
exit "$fel"

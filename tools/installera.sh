#!/usr/bin/env bash
# Sätter upp .venv ur requirements.lock och systempaketen som pip inte kan hämta.
#   tools/installera.sh [demo|test]   Med test krävs Chromium, Pango och poppler-utils; med demo varnas för Pango.
# Går på under sekunden när inget har ändrats.
set -euo pipefail
cd "$(dirname "$0")/.."
mal="${1:-demo}"
stampel=.venv/.installerad

fel() { printf '%s\n' "$@" >&2; exit 1; }

hitta_python() {
    local namn
    for namn in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$namn" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$namn"
            return
        fi
    done
    fel "Python 3.11 eller senare behövs. På Debian och Ubuntu: apt-get install python3 python3-venv"
}

installera_miljo() {
    local python summa
    python="$(hitta_python)"
    summa="$(cksum <requirements.lock)"
    if [ -x .venv/bin/python ] && [ "$(cat "$stampel" 2>/dev/null)" = "$summa" ] && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    echo "Installerar Pythonpaketen i .venv …"
    if ! { [ -x .venv/bin/python ] && .venv/bin/python -m pip --version; } >/dev/null 2>&1; then
        "$python" -m venv --clear .venv || fel "Kunde inte skapa .venv. På Debian och Ubuntu: apt-get install python3-venv"
    fi
    .venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
    echo "$summa" >"$stampel"
}

finns_bibliotek() { .venv/bin/python -c 'import ctypes, sys; [ctypes.CDLL(namn) for namn in sys.argv[1:]]' "$@" 2>/dev/null; }

finns_chromium() {
    [ -n "${SUS_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null
}

saknade_paket() {
    finns_bibliotek libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0 ||
        echo libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
    if [ "$mal" = test ]; then
        finns_chromium || echo chromium
        command -v pdftotext >/dev/null || echo poppler-utils
    fi
}

# Som root direkt, annars med sudo efter en fråga. Svarar falskt när det inte gick.
installera_med_apt() {
    local svar
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    elif command -v sudo >/dev/null && [ -t 0 ]; then
        read -r -p "Systempaketen $* saknas. Installera dem med sudo apt-get? [j/N] " svar
        [[ "$svar" == [jJ]* ]] || return 1
        sudo apt-get update -qq && sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        return 1
    fi
}

installera_system() {
    local paket
    read -r -a paket <<<"$(saknade_paket | tr '\n' ' ')"
    [ "${#paket[@]}" = 0 ] && return
    echo "Systempaket saknas: ${paket[*]}"
    installera_med_apt "${paket[@]}" || true
    read -r -a paket <<<"$(saknade_paket | tr '\n' ' ')"
    [ "${#paket[@]}" = 0 ] && return
    if [ "$mal" = test ]; then
        fel "Testen behöver systempaket som saknas. Installera dem så här och försök igen:" \
            "  sudo apt-get install -y ${paket[*]}"
    fi
    printf '%s\n' "Utan dessa systempaket fungerar allt utom PDF. Installera dem så här:" \
        "  sudo apt-get install -y ${paket[*]}" >&2
}

[ "$(uname -s)" = Linux ] || echo "SUS är prövat på Linux; på $(uname -s) kan systempaketen heta annorlunda." >&2
installera_miljo
installera_system

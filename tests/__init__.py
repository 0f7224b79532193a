"""Testens miljö, satt innan inställningarna läses: en egen databas och nycklar som bara gäller här."""

import atexit
import base64
import json
import os
import tempfile
from pathlib import Path

import django
from django.conf import settings

from sus import inbaddad


def _test_nyckel(tecken: str) -> str:
    return base64.b64encode(tecken.encode() * 32).decode()


_data = Path(tempfile.mkdtemp(prefix="sus-test-"))
_data.chmod(0o711)  # den som kör databasen när testen körs som root ska kunna passera
atexit.register(inbaddad.ta_bort, _data)

for _namn in ("SUS_DEMO", "SUS_DEBUG", "SUS_VARDAR", "SUS_PROXY"):
    os.environ.pop(_namn, None)
os.environ.update(
    DJANGO_SETTINGS_MODULE="sus.settings",
    SUS_DATA=str(_data),
    SUS_PRODUKTION="0",
    SUS_SECRET_KEY="bara-for-test-" * 5,
    SUS_NYCKLAR=json.dumps({"aktuell": "1", "nycklar": {"1": _test_nyckel("n")}, "index": _test_nyckel("i")}),
)
django.setup()
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

"""En förmedlare av e-legitimation i test: en OpenID-leverantör på den egna datorn, i en egen process."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

NIVA3 = "http://id.elegnamnden.se/loa/1.0/loa3"
NIVA2 = "http://id.elegnamnden.se/loa/1.0/loa2"


@contextmanager
def formedlare(*personer: dict[str, str]) -> Iterator[str]:
    """Adressen till en förmedlare som känner personerna."""
    with socket.create_server(("127.0.0.1", 0)) as ledig:
        port = ledig.getsockname()[1]
    kommando = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    for en in personer:
        kommando += ["--user-claims", json.dumps(en)]
    with subprocess.Popen(kommando, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            with requests.Session() as session:
                session.mount(url, HTTPAdapter(max_retries=Retry(connect=100, backoff_factor=0.1, backoff_max=1)))
                session.get(f"{url}/.well-known/openid-configuration", timeout=30).raise_for_status()
            yield url
        finally:
            process.terminate()


def person(sub: str, anvandarnamn: str = "", acr: str = NIVA3) -> dict[str, str]:
    """Den som kan legitimera sig."""
    return {"sub": sub, "preferred_username": anvandarnamn, "name": "Hemlig Person", "acr": acr}


def installning(url: str, **andrat: Any) -> dict[str, Any]:
    """`settings.OIDC` för förmedlaren."""
    grund = {"url": url, "klient": "sus", "hemlighet": "hemligt", "namn": "Freja", "falt": "preferred_username"}
    return {**grund, "tillit": [NIVA3], **andrat}


def legitimera(adress: str, sub: str) -> str:
    """Legitimerar sig som `sub` hos förmedlaren, eller avbryter om den är tom. Returnerar adressen tillbaka."""
    val = {"sub": sub} if sub else {"action": "deny"}
    svar = requests.post(adress, data=val, allow_redirects=False, timeout=10)
    return str(svar.headers["Location"])

"""Det som inloggningen håller hemligt i databasen: krypterat eller nycklat med nycklarna utanför den (P5, P6)."""

import hmac
import os
from base64 import b64decode, b64encode
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE: Final = 12
_SYFTE: Final = b"behorighet.tva_steg"


def kryptera(text: str) -> str:
    """Krypterar med AES-256-GCM. Svaret säger vilken nyckel det har: `<nyckelns id>:<base64>`."""
    nyckel_id, nonce = str(settings.SUS_NYCKEL_AKTUELL), os.urandom(_NONCE)
    chiffer = nonce + _aes(nyckel_id).encrypt(nonce, text.encode(), _SYFTE)
    return f"{nyckel_id}:{b64encode(chiffer).decode()}"


def dekryptera(text: str) -> str:
    """Läser det som `kryptera` gav. Ger InvalidTag om det är ändrat, och KeyError om nyckeln är borttagen."""
    chiffer = b64decode(text.rpartition(":")[2])
    return _aes(nyckel_id(text)).decrypt(chiffer[:_NONCE], chiffer[_NONCE:], _SYFTE).decode()


def nyckel_id(text: str) -> str:
    """Nyckeln som texten är krypterad med."""
    return text.rpartition(":")[0]


def kannetecken(*delar: str) -> str:
    """En nycklad summa (64 tecken): samma delar ger samma, och delarna går inte att läsa ut eller gissa sig till."""
    text = "\x00".join(["behorighet.eid", *delar])
    return hmac.new(b64decode(settings.SUS_INDEXNYCKEL), text.encode(), "sha256").hexdigest()


def _aes(nyckel_id: str) -> AESGCM:
    # En egen nyckel för det här, härledd ur den som identiteterna krypteras med.
    harled = HKDF(SHA256(), 32, salt=None, info=_SYFTE)
    return AESGCM(harled.derive(b64decode(settings.SUS_NYCKLAR[nyckel_id])))

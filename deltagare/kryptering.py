"""Kryptering av identitet: AES-256-GCM per fält och ett nycklat index för att hitta igen (P6).

Nycklarna ligger utanför databasen (`settings.SUS_NYCKLAR`). Varje rad säger vilken nyckel den har.
"""

import hmac
import os
from base64 import b64decode
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE = 12


# Nycklarna görs i ordning en gång: en inläsning krypterar en miljon fält.
@lru_cache(maxsize=8)
def _fardig(base64: str) -> AESGCM:
    return AESGCM(b64decode(base64))


def _aes(nyckel_id: str) -> AESGCM:
    return _fardig(settings.SUS_NYCKLAR[nyckel_id])


def aktuell_nyckel() -> str:
    """Id för nyckeln som nya rader krypteras med."""
    return str(settings.SUS_NYCKEL_AKTUELL)


def nycklar() -> list[str]:
    """Alla nycklars id, den aktuella först."""
    return sorted(settings.SUS_NYCKLAR, key=lambda nyckel_id: nyckel_id != settings.SUS_NYCKEL_AKTUELL)


def kryptera(text: str, *, falt: str, nyckel_id: str) -> bytes:
    """Krypterar ett fält. `falt` binder chiffertexten till sitt fält, så att två kolumner inte kan bytas."""
    nonce = os.urandom(_NONCE)
    return nonce + _aes(nyckel_id).encrypt(nonce, text.encode(), falt.encode())


def dekryptera(chiffer: bytes | memoryview, *, falt: str, nyckel_id: str) -> str:
    """Läser ett krypterat fält. Ger InvalidTag om innehåll, fält eller nyckel inte stämmer."""
    data = bytes(chiffer)
    return _aes(nyckel_id).decrypt(data[:_NONCE], data[_NONCE:], falt.encode()).decode()


@lru_cache(maxsize=2)
def _indexnyckel(base64: str) -> hmac.HMAC:
    return hmac.new(b64decode(base64), digestmod="sha256")


def _summa(syfte: str, text: str) -> bytes:
    summa = _indexnyckel(settings.SUS_INDEXNYCKEL).copy()
    summa.update(f"{syfte}\x00{text}".encode())
    return summa.digest()


def personindex(nummer: str) -> bytes:
    """Nycklat index för ett personnummer (12 siffror): samma nummer ger samma 32 byte."""
    return _summa("personnummer", nummer)


def fingeravtryck(*, insats: str, person: str, inregistrering: str, lopnr: int) -> bytes:
    """Igenkänning av en importerad rad vars identitet är borttagen (R25).

    Ett per deltagande, inte per person: det går att känna igen samma rad i samma fil, inget annat.
    """
    return _summa("deltagande", "\x00".join([insats, person, inregistrering, str(lopnr)]))


def samarbetets_avtryck(*, samarbete: str, person: str) -> bytes:
    """Som `fingeravtryck`, för en rad i samarbeten.csv (R27)."""
    return _summa("samarbete", "\x00".join([samarbete, person]))


def pseudonym(text: str) -> str:
    """En nycklad ersättning för en personnyckel som ser ut som ett personnummer."""
    return "X" + _summa("personnyckel", text).hex()[:24]

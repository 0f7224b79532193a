"""Det hämtade följer med formuläret i ett dolt fält, krypterat: *Spara* använder det, och inte det som någon skriver.

Förseglingen gäller en användare, en insats, ett nummer och en timme. Stämmer inte allt går den inte att öppna.
"""

import json
import time
from base64 import b64decode, b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from django.conf import settings

from deltagare.folkbokforing.granssnitt import Svar, Utfall
from deltagare.kryptering import aktuell_nyckel, dekryptera, kryptera, personindex
from deltagare.personnummer import Personnummer

GALLER: Final = 3600
"""Sekunder."""
FARSK: Final = 300
"""Sekunder som en tjänsts svar går att spara utan att den frågas igen (R19)."""
LANGST: Final = 4000
"""Tecken i ett dolt fält som alls prövas."""


def forsegla(svar: Svar, *, nummer: Personnummer, insats_id: int, anvandare_id: int) -> str:
    """Svaret som text för ett dolt fält: `<nyckelns id>:<base64>`."""
    nyckel_id = aktuell_nyckel()
    falt = _galler(nummer, insats_id, anvandare_id)
    chiffer = kryptera(json.dumps([int(time.time()), *svar]), falt=falt, nyckel_id=nyckel_id)
    return f"{nyckel_id}:{b64encode(chiffer).decode()}"


def oppna(text: str, *, nummer: Personnummer, insats_id: int, anvandare_id: int, galler: int = GALLER) -> Svar | None:
    """Det förseglade svaret; None om det gäller något annat, är ändrat eller är äldre än `galler` sekunder."""
    nyckel_id, _, chiffer = text.rpartition(":")
    if nyckel_id not in settings.SUS_NYCKLAR or len(text) > LANGST:
        return None
    try:
        falt = _galler(nummer, insats_id, anvandare_id)
        tid, utfall, *resten = json.loads(dekryptera(b64decode(chiffer), falt=falt, nyckel_id=nyckel_id))
    except (InvalidTag, ValueError):
        return None
    return Svar(Utfall(utfall), *resten) if 0 <= time.time() - tid <= galler else None


def _galler(nummer: Personnummer, insats_id: int, anvandare_id: int) -> str:
    return f"folkbokforing:{anvandare_id}:{insats_id}:{personindex(nummer.nummer).hex()}"

"""Ett formulär som skickas två gånger sparas en gång (P15)."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from behorighet.models import Anvandare, Inskick

ANDRAT = "Formuläret har redan skickats med andra uppgifter. Kontrollera vad som sparades innan du sparar igen."


class RedanSkickat(ValidationError):
    """Samma token med annat innehåll: det inskrivna ska visas igen, aldrig tappas."""


def _summa(innehall: Mapping[str, list[str]]) -> bytes:
    # Nycklad: innehållet kan vara personuppgifter, och en vanlig summa av ett personnummer går att gissa.
    text = json.dumps({k: innehall[k] for k in sorted(innehall)}, ensure_ascii=False)
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).digest()


def en_gang(token: UUID, *, innehall: Mapping[str, list[str]], spara: Callable[[], str], av: Anvandare) -> str:
    """Kör `spara` en gång per token och returnerar adressen den gav; ett dubbelklick får samma adress.

    En samtidig likadan inskickning väntar tills den första är klar. Ger RedanSkickat om samma token
    kommer med annat innehåll eller från en annan användare.
    """
    summa = _summa({k: v for k, v in innehall.items() if k != "csrfmiddlewaretoken"})
    with transaction.atomic():
        if not _ny(token, av, summa):
            tidigare = Inskick.objects.get(token=token)
            if tidigare.anvandare_id != av.pk or not hmac.compare_digest(bytes(tidigare.innehall), summa):
                raise RedanSkickat(ANDRAT)
            return tidigare.svar
        svar = spara()
        Inskick.objects.filter(token=token).update(svar=svar)
        return svar


def _ny(token: UUID, av: Anvandare, summa: bytes) -> bool:
    """Lägger in token. Falskt om den redan finns; en samtidig väntas in först."""
    with connection.cursor() as markor:
        markor.execute(
            "INSERT INTO behorighet_inskick (token, anvandare_id, innehall, svar) VALUES (%s, %s, %s, '') "
            "ON CONFLICT (token) DO NOTHING",
            [token, av.pk, summa],
        )
        return bool(markor.rowcount)

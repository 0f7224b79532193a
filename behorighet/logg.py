"""Åtkomstloggen (R6, P8, P9): skrivs i samma transaktion som det den berättar om."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction

from behorighet.models import Anvandare, Handelse


class LoggUtanTransaktion(RuntimeError):
    """Loggen skulle kunna överleva, eller sakna, det den berättar om."""


def logga(
    typ: Handelse.Typ,
    *,
    av: Anvandare | None,
    insats_id: int | None = None,
    person_id: int | None = None,
    uppdrag_id: int | None = None,
    using: str = DEFAULT_DB_ALIAS,
    **detaljer: Any,
) -> Handelse:
    """Lägger en rad i åtkomstloggen och returnerar den.

    `av` är den som gjorde det (None: ett kommando), `detaljer` får bara vara koder, antal och id:n,
    aldrig namn eller personnummer (P7). Ger LoggUtanTransaktion utanför en transaktion.
    """
    if not transaction.get_connection(using).in_atomic_block:
        raise LoggUtanTransaktion(typ)
    return Handelse.objects.using(using).create(
        typ=typ,
        av_id=av.pk if av else None,
        uppdrag_id=uppdrag_id,
        insats_id=insats_id,
        person_id=person_id,
        detaljer=detaljer,
    )

"""Åtkomstloggen (R6, P8, P9): skrivs i samma transaktion som det den berättar om."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Func, Value

from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll


class LoggUtanTransaktion(RuntimeError):
    """Loggen skulle kunna överleva, eller sakna, det den berättar om."""


def logga(
    typ: Handelse.Typ,
    *,
    av: Anvandare | None,
    roll: Roll | None = None,
    insats_id: int | None = None,
    person_id: int | None = None,
    using: str = DEFAULT_DB_ALIAS,
    **detaljer: Any,
) -> None:
    """Lägger en rad i åtkomstloggen.

    `av` är den som gjorde det (None: ett kommando) och `roll` den som användes: databasen skriver in uppdraget
    som rollen vilade på. `detaljer` får bara vara koder, antal och id:n, aldrig namn eller personnummer (P7).
    Ger LoggUtanTransaktion utanför en transaktion.
    """
    if not transaction.get_connection(using).in_atomic_block:
        raise LoggUtanTransaktion(typ)
    av_id = av.pk if av else None
    uppdrag = Func(Value(av_id), Value(roll), Value(insats_id), function="sus_uppdrag") if roll else None
    Handelse.objects.using(using).create(
        typ=typ, av_id=av_id, uppdrag_id=uppdrag, insats_id=insats_id, person_id=person_id, detaljer=detaljer
    )

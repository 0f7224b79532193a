"""Åtkomstloggen (R6, P8, P9): skrivs i samma transaktion som det den berättar om."""

from collections.abc import Iterable
from typing import Any, NamedTuple

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
    logga_flera(typ, [Rad(insats_id, person_id, detaljer)], av=av, roll=roll, using=using)


class Rad(NamedTuple):
    """Vad en rad i loggen gäller, som id:n, och dess detaljer."""

    insats_id: int | None
    person_id: int | None
    detaljer: dict[str, Any]


def logga_flera(
    typ: Handelse.Typ,
    rader: Iterable[Rad],
    *,
    av: Anvandare | None,
    roll: Roll | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> None:
    """Som `logga`, flera rader på en gång: det som en inläst fil skriver."""
    if not transaction.get_connection(using).in_atomic_block:
        raise LoggUtanTransaktion(typ)
    av_id = av.pk if av else None
    handelser = [
        Handelse(
            typ=typ,
            av_id=av_id,
            uppdrag_id=Func(Value(av_id), Value(roll), Value(rad.insats_id), function="sus_uppdrag") if roll else None,
            insats_id=rad.insats_id,
            person_id=rad.person_id,
            detaljer=rad.detaljer,
        )
        for rad in rader
    ]
    Handelse.objects.using(using).bulk_create(handelser, batch_size=500)

"""Radhistorik: varje ändring av en rad, med den som gjorde den (P9).

Databasens triggrar skriver den, så att också SQL utanför tjänsterna syns. Identitet får aldrig historik (P10).
"""

from collections.abc import Callable
from typing import Final, TypeVar

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast, NullIf
from pghistory.models import Event


class Andringstyp(models.TextChoices):
    """Vad som hände med raden."""

    NY = "ny", "Registrerad"
    ANDRAD = "andrad", "Ändrad"
    BORTTAGEN = "borttagen", "Borttagen"


class NuvarandeAnvandare(models.Func):
    """Den som databasens sammanhang säger gör detta; null i ett kommando."""

    function = "current_setting"
    output_field = models.TextField()

    def __init__(self) -> None:
        super().__init__(Value("sus.anvandare"), Value(True))


class Historikrad(Event):
    """Raden så som den blev (för en borttagen: så som den var), när, och av vem."""

    pgh_id = models.BigAutoField(primary_key=True)
    av_id = models.BigIntegerField(
        "användare", null=True, db_default=Cast(NullIf(NuvarandeAnvandare(), Value("")), models.BigIntegerField())
    )

    class Meta:
        abstract = True


M = TypeVar("M", bound=models.Model)

UTAN_HISTORIK: Final = ("version", "skapad_vid")


def med_historik(*, exclude: list[str]) -> Callable[[type[M]], type[M]]:
    """Dekorerar en modell så att dess rader får historik i `<Modell>Historikrad`, utom fälten i `exclude`."""
    dekorera: Callable[[type[M]], type[M]] = pghistory.track(
        pghistory.InsertEvent(Andringstyp.NY.value),
        pghistory.UpdateEvent(Andringstyp.ANDRAD.value),
        pghistory.DeleteEvent(Andringstyp.BORTTAGEN.value),
        exclude=[*UTAN_HISTORIK, *exclude],
        context_field=None,  # type: ignore[arg-type]  # tillåtet, men inte i pghistorys typer
        base_model=Historikrad,
        level=pgtrigger.Statement,
    )
    return dekorera

"""Databasens nej som ett svenskt meddelande (P15)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    models,
    transaction,
)

CHECK_VIOLATION: Final = "23514"
SAMTIDIGT: Final = "Någon annan ändrade samma uppgifter samtidigt. Inget sparades. Försök igen."


def _meddelande(villkor: str) -> str | None:
    for modell in apps.get_models():
        for constraint in modell._meta.constraints:
            if (
                constraint.name == villkor
                and constraint.violation_error_message != constraint.default_violation_error_message
            ):
                return str(constraint.violation_error_message)
        for falt in modell._meta.local_fields:
            if falt.unique and villkor == f"{modell._meta.db_table}_{falt.column}_key":
                text = falt.error_messages["unique"]
                return None if text == models.Field.default_error_messages["unique"] else str(text)
    return None


def som_valideringsfel(fel: IntegrityError) -> ValidationError:
    """Översätter ett brutet villkor till sitt meddelande; `code` är villkorets namn.

    Villkor som inget formulär kan bryta (utan eget meddelande) ger felet vidare, så att det syns.
    """
    orsak = fel.__cause__
    if not isinstance(orsak, psycopg.Error) or not orsak.diag.constraint_name:
        raise fel
    villkor = orsak.diag.constraint_name
    # Våra egna triggrar talar svenska redan i databasen: felet kommer ur PL/pgSQL och gäller ingen tabell. Ett CHECK
    # som faller för en sats i en funktion har sin tabell, och en text på engelska.
    ur_plpgsql = "PL/pgSQL" in (orsak.diag.context or "") and not orsak.diag.table_name
    trigger = ur_plpgsql and orsak.sqlstate == CHECK_VIOLATION
    text = orsak.diag.message_primary if trigger else _meddelande(villkor)
    if not text:
        raise fel
    return ValidationError(text, code=villkor)


@contextmanager
def skriver(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """En transaktion (eller sparpunkt) där databasens nej blir ValidationError, och radskyddets PermissionDenied.

    Felet fångas utanför `atomic`, så att transaktionen utanför går att fortsätta i.
    """
    try:
        with transaction.atomic(using=using):
            yield
    except IntegrityError as fel:
        raise som_valideringsfel(fel) from fel
    except DataError as fel:
        raise ValidationError("Ett tal eller datum är för stort för att sparas. Kontrollera det du skrev.") from fel
    except OperationalError as fel:
        # Två väntade på varandra, och databasen avbröt den här.
        if isinstance(fel.__cause__, psycopg.errors.DeadlockDetected):
            raise ValidationError(SAMTIDIGT, code="samtidigt") from fel
        raise
    except ProgrammingError as fel:
        # Radskyddet sade nej: uppdraget tog slut medan sidan var öppen.
        if isinstance(fel.__cause__, psycopg.errors.InsufficientPrivilege):
            raise PermissionDenied from fel
        raise

"""Databasens nej som ett svenskt meddelande (P15)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, models, transaction


def _meddelande(villkor: str) -> str | None:
    for modell in apps.get_models():
        for constraint in modell._meta.constraints:
            if constraint.name == villkor:
                return str(constraint.violation_error_message)
    return None


def som_valideringsfel(fel: IntegrityError) -> ValidationError:
    """Översätter ett brutet villkor till sitt meddelande; `code` är villkorets namn.

    Villkor som inget formulär kan bryta (utan eget meddelande) ger felet vidare, så att det syns.
    """
    diag = getattr(fel.__cause__, "diag", None)
    villkor = getattr(diag, "constraint_name", None) or ""
    if text := _meddelande(villkor):
        if text != str(models.BaseConstraint.default_violation_error_message) % {"name": villkor}:
            return ValidationError(text, code=villkor)
    elif villkor and getattr(diag, "sqlstate", "") == "23514" and getattr(diag, "message_primary", ""):
        # Våra egna triggrar talar svenska redan i databasen.
        if getattr(diag, "context", None) and "PL/pgSQL" in (diag.context or ""):
            return ValidationError(str(diag.message_primary), code=villkor)
    raise fel


@contextmanager
def skriver(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """En transaktion (eller sparpunkt) där databasens nej blir ValidationError.

    Felet fångas utanför `atomic`, så att transaktionen utanför går att fortsätta i.
    """
    try:
        with transaction.atomic(using=using):
            yield
    except IntegrityError as fel:
        raise som_valideringsfel(fel) from fel

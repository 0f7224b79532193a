"""Vilken databasförbindelse inläsningen använder: kommandots är ägarens, webbsidans den vanliga med radskydd."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

AGARE: Final = "agare"
_alias: ContextVar[str] = ContextVar("inlasningens_forbindelse", default=AGARE)


@contextmanager
def genom(alias: str) -> Iterator[None]:
    """Låter allt i paketet gå genom förbindelsen `alias`."""
    tidigare = _alias.set(alias)
    try:
        yield
    finally:
        _alias.reset(tidigare)


def alias() -> str:
    """Alias för förbindelsen som används."""
    return _alias.get()


def aktuell() -> BaseDatabaseWrapper:
    """Förbindelsen som används."""
    return connections[_alias.get()]


def ar_agarens() -> bool:
    """Sant när inläsningen går som databasens ägare, utan radskydd."""
    return _alias.get() == AGARE

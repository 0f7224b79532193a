"""Två som ändrar samma sak: den andra får veta vad som skiljer och skriver aldrig över (P15)."""

from django.core.exceptions import ValidationError

TEXT = "Någon annan har sparat ändringar sedan du öppnade sidan. Inget av det du skrev är sparat än."


class Krock(ValidationError):
    """Versionen som användaren utgick från är inte längre den sparade."""

    def __init__(self) -> None:
        super().__init__(TEXT, code="krock")


def krav_version(sparad: int, version: int) -> None:
    """Ger Krock om den sparade versionen inte är den som ändringen utgår från. Anropas med raden låst."""
    if sparad != version:
        raise Krock

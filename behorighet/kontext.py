"""Vem ett formulär visades för: följer med det, så att det aldrig visas för någon annan (P7)."""

from typing import Any, Final

from django.core import signing
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

FALT: Final = "vem"
SALT: Final = "behorighet.formular"


def formularets_anvandare(request: HttpRequest) -> dict[str, Any]:
    """Kontextprocessor: det signerade märke som formulär bär i fältet `vem`. Tom för utloggade."""
    anvandare = getattr(request, "user", None)
    if anvandare is None or not anvandare.is_authenticated:
        return {}
    return {FALT: marke(anvandare.pk)}


def marke(pk: int) -> str:
    """Märket för en användare: samma varje gång, och går inte att göra utan nyckeln."""
    return signing.Signer(salt=SALT).sign(str(pk))


def visades_for(falt: str, pk: int) -> bool:
    """Sant om märket är användarens."""
    return constant_time_compare(falt, marke(pk))

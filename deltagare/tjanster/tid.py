"""Inget registreras i framtiden (R21)."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone


def krav_inte_framtid(falt: str, dag: date) -> None:
    """Ger ValidationError på fältet om dagen inte har varit."""
    if dag > timezone.localdate():
        raise ValidationError({falt: "Datumet kan inte vara i framtiden."})


def krav_ar_inte_framtid(falt: str, ar: int) -> None:
    """Ger ValidationError på fältet om året inte har börjat."""
    if ar > timezone.localdate().year:
        raise ValidationError({falt: "Året kan inte vara i framtiden."})

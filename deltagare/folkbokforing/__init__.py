"""*Hämta*: namn, kommun och stadsdel ur folkbokföringen (`doman.md` 4, R19)."""

from django.conf import settings

from deltagare.folkbokforing.granssnitt import Folkbokforing, Otillganglig, Svar, SvararFel, Utfall
from deltagare.folkbokforing.register import Register
from deltagare.folkbokforing.tjanst import Tjanst

__all__ = [
    "Folkbokforing",
    "Otillganglig",
    "Register",
    "Svar",
    "SvararFel",
    "Tjanst",
    "Utfall",
    "finns",
    "folkbokforing",
]


def finns() -> bool:
    """Om någon folkbokföring är inställd. Annars skrivs namn och kommun för hand."""
    return bool(settings.SUS_FOLKBOKFORING)


def folkbokforing() -> Register | Tjanst:
    """Den inställda folkbokföringen. Ger LookupError om ingen är det."""
    if settings.SUS_FOLKBOKFORING == "register":
        return Register()
    if settings.SUS_FOLKBOKFORING == "tjanst":
        return Tjanst(settings.SUS_FOLKBOKFORING_URL, settings.SUS_FOLKBOKFORING_NYCKEL)
    raise LookupError(settings.SUS_FOLKBOKFORING)

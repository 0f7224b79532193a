"""Vad en folkbokföring svarar, oavsett om den är det lokala registret eller en tjänst (`docs/folkbokforing.md`)."""

from enum import StrEnum
from typing import NamedTuple, Protocol

from deltagare.personnummer import Personnummer

HOGST_I_NAMN = 100
"""Tecken i förnamn och i efternamn, här som i formulären."""


class Utfall(StrEnum):
    """Hur det gick att hämta personen."""

    HITTAD = "hittad"
    SKYDDAD = "skyddad"
    SAKNAS = "saknas"


class Svar(NamedTuple):
    """Ett svar. Bara den som är hittad har namn och kommun; stadsdel bara när den är känd."""

    utfall: Utfall
    fornamn: str = ""
    efternamn: str = ""
    kommun: str = ""
    """Kommunens kod; tom för den som inte är folkbokförd i en kommun."""
    stadsdel: int | None = None
    """Stadsdelens id."""

    @property
    def hittad(self) -> bool:
        return self.utfall == Utfall.HITTAD

    @property
    def skyddad(self) -> bool:
        return self.utfall == Utfall.SKYDDAD


class Otillganglig(Exception):
    """Folkbokföringen går inte att nå, eller svarar fel. Texten är till användaren, och bär ingen person (P7)."""


class SvararFel(Otillganglig):
    """Folkbokföringen går att nå, men svaret duger inte. Det kan gälla bara den personen."""


class Folkbokforing(Protocol):
    """Det som *Hämta* frågar."""

    def hamta(self, nummer: Personnummer, insats_id: int) -> Svar:
        """Slår upp ett nummer för en insats som användaren når. Ger Otillganglig om det inte går."""
        ...

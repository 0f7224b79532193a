"""Vem som får vad: roller, rättigheter och vilka roller som utesluter varandra (`doman.md` 1.1)."""

from collections.abc import Mapping
from typing import Final

from django.db import models


class Roll(models.TextChoices):
    """Behörighetsrollerna i SUS."""

    SAMVERKANSADMINISTRATOR = "samverkansadministrator", "Samverkansadministratör"
    INSATSANSVARIG = "insatsansvarig", "Insatsansvarig"
    DELTAGARANSVARIG = "deltagaransvarig", "Deltagaransvarig"
    SUS_RAPPORT = "sus_rapport", "SUS-rapport"
    BESTALLARE = "bestallare", "Beställare"
    SYSTEMADMINISTRATOR = "systemadministrator", "Systemadministratör"


class Rattighet(models.TextChoices):
    """Det som en vy kan kräva. Räckvidden kommer ur samma uppdrag, se `synliga_for`."""

    VISA_INSATSER = "visa_insatser", "Visa insatser"
    REGISTRERA_INSATS = "registrera_insats", "Registrera och ändra insatser"
    REGISTRERA_ANTAL = "registrera_antal", "Registrera antal för volyminsatser"
    REGISTRERA_DELTAGARE = "registrera_deltagare", "Registrera deltagare"
    REGISTRERA_ANONYMA = "registrera_anonyma", "Registrera anonyma deltagare"
    VISA_RAPPORT = "visa_rapport", "Visa rapporter"
    BESTALLA_BEHORIGHET = "bestalla_behorighet", "Beställa och avsluta behörigheter i den egna organisationen"
    GRANSKA_LOGG = "granska_logg", "Granska åtkomstloggen för den egna organisationens personal"
    ANDRA_ORGANISATION = "andra_organisation", "Beskriva samverkansorganisationen och föra dess budget"
    GE_UPPDRAG_I_ORGANISATION = "ge_uppdrag_i_organisation", "Ge uppdrag i samverkansorganisationen"
    GE_UPPDRAG_PA_INSATS = "ge_uppdrag_pa_insats", "Ge uppdrag som deltagaransvarig"
    ADMINISTRERA_SYSTEMET = "administrera_systemet", "Lägga upp organisationer, beställare och samverkansorganisationer"


# R5: rapporter är öppna för alla med en roll.
_ALLA: Final = frozenset({Rattighet.VISA_INSATSER, Rattighet.VISA_RAPPORT})

RATTIGHETER: Final[Mapping[Roll, frozenset[Rattighet]]] = {
    Roll.SAMVERKANSADMINISTRATOR: _ALLA | {Rattighet.ANDRA_ORGANISATION, Rattighet.GE_UPPDRAG_I_ORGANISATION},
    Roll.INSATSANSVARIG: _ALLA
    | {Rattighet.REGISTRERA_INSATS, Rattighet.REGISTRERA_ANTAL, Rattighet.GE_UPPDRAG_PA_INSATS},
    Roll.DELTAGARANSVARIG: _ALLA | {Rattighet.REGISTRERA_DELTAGARE, Rattighet.REGISTRERA_ANONYMA},
    Roll.SUS_RAPPORT: _ALLA,
    Roll.BESTALLARE: _ALLA | {Rattighet.BESTALLA_BEHORIGHET, Rattighet.GRANSKA_LOGG},
    Roll.SYSTEMADMINISTRATOR: _ALLA | {Rattighet.ADMINISTRERA_SYSTEMET},
}

# R1: roller i olika grupper får inte gälla samma dag för samma person. Roller utan grupp går alltid ihop.
UTESLUTNINGSGRUPP: Final[Mapping[Roll, int]] = {
    Roll.DELTAGARANSVARIG: 1,
    Roll.SAMVERKANSADMINISTRATOR: 2,
    Roll.BESTALLARE: 2,
}

# P5: rollerna som kräver ett andra steg vid inloggningen (inte i demoläget).
KRAVER_TVA_STEG: Final = frozenset({Roll.DELTAGARANSVARIG, Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR})

# Vilka roller som beställs och avslutas med vilken rättighet. Den första systemadministratören ges av ett kommando.
BESTALLS_MED: Final[Mapping[Rattighet, tuple[Roll, ...]]] = {
    Rattighet.BESTALLA_BEHORIGHET: (
        Roll.SAMVERKANSADMINISTRATOR,
        Roll.INSATSANSVARIG,
        Roll.DELTAGARANSVARIG,
        Roll.SUS_RAPPORT,
    ),
    Rattighet.ADMINISTRERA_SYSTEMET: (Roll.BESTALLARE, Roll.SYSTEMADMINISTRATOR),
}

# Vem den som saknar uppdrag vänder sig till (R3): ett steg upp i kedjan.
GER_UPPDRAG: Final[Mapping[Roll, Roll]] = {
    Roll.DELTAGARANSVARIG: Roll.INSATSANSVARIG,
    Roll.INSATSANSVARIG: Roll.SAMVERKANSADMINISTRATOR,
    Roll.SAMVERKANSADMINISTRATOR: Roll.SYSTEMADMINISTRATOR,
}


def roller_med(rattighet: Rattighet) -> list[Roll]:
    """Rollerna som ger rättigheten, i rollernas ordning."""
    return [roll for roll in Roll if rattighet in RATTIGHETER[roll]]

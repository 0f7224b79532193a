"""Huvudmenyn: en tabell över vad som finns att öppna och vilken rättighet det kräver."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from behorighet.roller import Rattighet
from deltagare.overgangar import Myndighet
from insatser.models import Uppdrag

# (rubrik, [(text, adressens namn, rättighet)]). En rubrik utan något att öppna visas inte.
MENY: Final[tuple[tuple[str, tuple[tuple[str, str, Rattighet], ...]], ...]] = (
    (
        "Samverkansorganisation",
        (
            ("Sök samverkansorganisation", "uppdrag:organisationer", Rattighet.VISA_INSATSER),
            ("Registrera samverkansorganisation", "uppdrag:ny_organisation", Rattighet.ADMINISTRERA_SYSTEMET),
        ),
    ),
    (
        "Insats",
        (
            ("Sök insats", "insatser:lista", Rattighet.VISA_INSATSER),
            ("Registrera insats", "insatser:ny", Rattighet.REGISTRERA_INSATS),
            ("Läs in ur fil", "inlasning:insatser", Rattighet.REGISTRERA_INSATS),
            ("Kategorier", "insatser:kategorier", Rattighet.VISA_INSATSER),
        ),
    ),
    (
        "Deltagande",
        (
            ("Registrera deltagare", "deltagare:registrera", Rattighet.REGISTRERA_DELTAGARE),
            ("Visa deltagare", "deltagare:visa", Rattighet.REGISTRERA_DELTAGARE),
            ("Historik enskild deltagare", "deltagare:person", Rattighet.REGISTRERA_DELTAGARE),
            ("Samtycken", "deltagare:samtycken", Rattighet.REGISTRERA_DELTAGARE),
            ("Registrera anonyma deltagare", "deltagare:anonyma", Rattighet.REGISTRERA_ANONYMA),
            ("Läs in ur fil", "inlasning:deltaganden", Rattighet.REGISTRERA_DELTAGARE),
        ),
    ),
    (
        "Af/FK-samarbete",
        (
            ("Registrera medverkan", "samarbete:registrera", Rattighet.REGISTRERA_DELTAGARE),
            ("Visa deltagare", "samarbete:visa", Rattighet.REGISTRERA_DELTAGARE),
        ),
    ),
    (
        "Rapporter",
        (
            ("Insats", "rapporter:insats", Rattighet.VISA_RAPPORT),
            ("Sparade urval", "rapporter:sparade", Rattighet.VISA_RAPPORT),
            ("Mina rapporter", "rapporter:mina", Rattighet.VISA_RAPPORT),
            ("Ledtider", "rapporter:ledtider", Rattighet.VISA_RAPPORT),
            ("Status i Af/FK", "rapporter:status", Rattighet.VISA_RAPPORT),
            ("Övergångar i Af/FK", "rapporter:overgangar", Rattighet.VISA_RAPPORT),
        ),
    ),
    (
        "Användare",
        (
            ("Behörigheter", "behorigheter", Rattighet.BESTALLA_BEHORIGHET),
            ("Loggkontroll", "granskning:loggkontroller", Rattighet.GRANSKA_LOGG),
            ("Åtkomstlogg", "granskning:logg", Rattighet.GRANSKA_LOGG),
        ),
    ),
    (
        "Administration",
        (
            ("Organisationer", "organisationer", Rattighet.ADMINISTRERA_SYSTEMET),
            ("Kodverk", "kodverk:kodverk", Rattighet.ADMINISTRERA_SYSTEMET),
            ("Kontor i Af/FK", "kontor:lista", Rattighet.ADMINISTRERA_SYSTEMET),
            ("Övergångar i Af/FK", "matris:matris", Rattighet.ADMINISTRERA_SYSTEMET),
            ("Gallring", "gallring:lista", Rattighet.ADMINISTRERA_SYSTEMET),
        ),
    ),
    (
        "Hjälp",
        (
            ("Handbok", "handbok", Rattighet.VISA_INSATSER),
            ("Vem får vad", "vem_far_vad", Rattighet.VISA_INSATSER),
        ),
    ),
)

BARA_MED_KONTOR: Final = frozenset({"Af/FK-samarbete"})
"""Rubrikerna som bara visas för den som har ett uppdrag på ett kontor."""


@dataclass(frozen=True, slots=True)
class Punkt:
    """En rad i menyn: en länk (`adress`) eller en rubrik över `punkter`."""

    text: str
    adress: str = ""
    aktuell: bool = False
    punkter: tuple["Punkt", ...] = ()


def meny(request: HttpRequest) -> dict[str, Any]:
    """Kontextprocessor: `meny` är det som användaren får öppna, med den visade sidan märkt. Tom för utloggade.

    `nya_rapporter` är hur många beställda rapporter som är klara, och som inte gick att göra, för den som får se dem.
    """
    # Felsidor kan visas innan någon användare är satt
    anvandare = getattr(request, "user", None)
    if anvandare is None or not anvandare.is_authenticated:
        return {"meny": ()}
    visad = request.resolver_match.view_name if request.resolver_match else ""
    start = Punkt("Start", "/", aktuell=request.path == "/")
    # Lat: det som renderas utan menyn frågar inte efter kontor.
    nya = getattr(anvandare, "nya_rapporter", None) if anvandare.far(Rattighet.VISA_RAPPORT) else None
    return {"meny": SimpleLazyObject(lambda: (start, *_rubriker(anvandare, visad))), "nya_rapporter": nya}


def har_kontor(anvandare: Any) -> bool:
    """Sant för den som registrerar för ett kontor i Af/FK-samarbetet (R28)."""
    if not anvandare.far(Rattighet.REGISTRERA_DELTAGARE):
        return False
    lasta = getattr(anvandare, "pa_kontor", None)
    if lasta is not None:  # sessionens användare har det med sig
        return bool(lasta)
    uppdrag = Uppdrag.objects.gallande_for(anvandare, Rattighet.REGISTRERA_DELTAGARE)
    return uppdrag.filter(insats__samverkansform__in=Myndighet.values).exists()


def _rubriker(anvandare: Any, visad: str) -> Iterator[Punkt]:
    for rubrik, rader in MENY:
        punkter = tuple(
            Punkt(text, reverse(namn), aktuell=namn == visad)
            for text, namn, rattighet in rader
            if anvandare.far(rattighet)
        )
        if punkter and (rubrik not in BARA_MED_KONTOR or har_kontor(anvandare)):
            yield Punkt(rubrik, punkter=punkter)

"""Registerutdraget som värde (P13): vad det innehåller, i ord, och som JSON och PDF."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone

from fkui import pdf

OM: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "Varför uppgifterna behandlas",
        (
            "SUS används för att följa upp samverkan och finansiell samordning inom rehabiliteringsområdet: hur många "
            "som deltar i insatserna, och hur deras försörjning, arbete och studier ser ut före och efter.",
            "Behandlingen är nödvändig för en uppgift av allmänt intresse (artikel 6.1 e i dataskyddsförordningen). "
            "Den som registreras med namn och personnummer har dessutom lämnat ett skriftligt samtycke till det. Utan "
            "samtycke räknas deltagaren som anonym.",
        ),
    ),
    (
        "Varifrån uppgifterna kommer",
        (
            "Namn, kommun och stadsdel kommer från folkbokföringen eller från den som registrerade. Det andra kommer "
            "från dig och från dem som arbetar med insatsen.",
        ),
    ),
    (
        "Vem som tar del av uppgifterna",
        (
            "Bara de som är deltagaransvariga för en insats ser vem som deltar i den. Rapporterna innehåller antal, "
            "aldrig vem. Varje läsning skrivs i en logg, och loggen granskas.",
            "Uppgifterna lämnas inte till något land utanför EU och EES, och inga beslut fattas automatiskt.",
        ),
    ),
    (
        "Dina rättigheter",
        (
            "Du kan begära att felaktiga uppgifter rättas, och att uppgifter raderas eller begränsas. Du kan göra "
            "invändningar mot behandlingen.",
            "Du kan när som helst återta ditt samtycke. Då tas ditt personnummer, ditt namn och din kommun bort ur "
            "insatsen; antalen står kvar som statistik.",
            "Vänd dig till den som lämnade utdraget. Är du inte nöjd kan du klaga hos Integritetsskyddsmyndigheten "
            "(imy.se).",
        ),
    ),
)


class Uppgift(NamedTuple):
    """En uppgift i ord: fältets namn, etiketten och värdet som text."""

    namn: str
    etikett: str
    text: str
    iso: str = ""
    """Tiden med sin zon, om det är en."""


class Fragesvar(NamedTuple):
    """Svaret på en kompletterande fråga."""

    tillfalle: str
    fraga: str
    svar: str


class Andring(NamedTuple):
    """En ändring: när, vad, och fälten med det som gällde före och efter."""

    tid: datetime
    vad: str
    falt: list[tuple[str, str, str]]


class Lasning(NamedTuple):
    """En rad ur åtkomstloggen, utan vem i personalen."""

    tid: datetime
    vad: str
    roll: str
    arbetsgivare: str
    insats: str


@dataclass(frozen=True, slots=True)
class Registrering:
    """Ett deltagande i en insats, eller ett Af/FK-samarbete, med allt som är registrerat."""

    insats: str
    samverkansorganisation: str
    uppgifter: list[Uppgift]
    fragor: list[Fragesvar]


@dataclass(frozen=True, slots=True)
class Registerutdrag:
    """Allt om en person. `hela` är falskt när bara en användares insatser är med."""

    framtaget: datetime
    hela: bool
    identitet: list[Uppgift]
    folkbokforing: list[Uppgift]
    """Personens rad i det lokala folkbokföringsregistret; bara i det fullständiga utdraget."""
    registreringar: list[Registrering]
    andringar: list[Andring]
    lasningar: list[Lasning]
    bevaras: list[tuple[str, str]]
    om: tuple[tuple[str, tuple[str, ...]], ...] = OM

    @property
    def omfattning(self) -> str:
        """Vad utdraget täcker, i en mening."""
        if self.hela:
            return "Utdraget är fullständigt: det omfattar alla insatser och Af/FK-samarbeten i SUS."
        return (
            "Utdraget omfattar de insatser där den som tog fram det är deltagaransvarig. Det kan finnas uppgifter i "
            "andra insatser och i det lokala folkbokföringsregistret; det fullständiga utdraget lämnas av den som är "
            "personuppgiftsansvarig för SUS."
        )

    def som_json(self) -> bytes:
        """Utdraget som JSON i UTF-8."""
        innehall = {
            "framtaget": isotid(self.framtaget),
            "omfattning": self.omfattning,
            "identitet": _som_data(self.identitet),
            "folkbokforing": _som_data(self.folkbokforing),
            "registreringar": [
                {**asdict(en), "uppgifter": _som_data(en.uppgifter), "fragor": [svar._asdict() for svar in en.fragor]}
                for en in self.registreringar
            ],
            "andringar": [
                {
                    "tid": isotid(en.tid),
                    "vad": en.vad,
                    "falt": [dict(zip(("uppgift", "fore", "efter"), falt, strict=True)) for falt in en.falt],
                }
                for en in self.andringar
            ],
            "lasningar": [{**en._asdict(), "tid": isotid(en.tid)} for en in self.lasningar],
            "bevaras": dict(self.bevaras),
            "om": {rubrik: list(stycken) for rubrik, stycken in self.om},
        }
        return (json.dumps(innehall, ensure_ascii=False, indent=1) + "\n").encode()


def som_pdf(utdrag: Registerutdrag) -> bytes:
    """Utdraget som PDF. Ger PdfSaknas utan Pango."""
    return pdf.staende(render_to_string("deltagare/registerutdrag_pdf.html", {"utdrag": utdrag}))


def tidtext(tid: datetime) -> str:
    """Tiden så som den visas, i svensk tid."""
    return f"{timezone.localtime(tid):%Y-%m-%d %H:%M}"


def isotid(tid: datetime) -> str:
    """ISO 8601 i svensk tid, med skillnaden mot UTC: samma i hela filen."""
    return timezone.localtime(tid).isoformat(timespec="seconds")


def _som_data(uppgifter: Iterable[Uppgift]) -> dict[str, dict[str, str]]:
    return {en.namn: {"uppgift": en.etikett, "varde": en.iso or en.text} for en in uppgifter}

"""Urvalet till rapporterna om Af/FK-samarbetet (R32). Samma tolkning för adress, formulär och kommando."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import models

from rapporter.urval import Konsval, Manader, prova_ett, prova_perioden

FALT: Final = ("fran", "till", "kontor", "kon", "jamfor")


class Jamforelse(models.TextChoices):
    KONTOR = "kontor", "Kontor"
    KON = "kon", "Kvinnor och män"


class Kontor(NamedTuple):
    """Ett kontor som kan väljas. `id` är insatsens, `myndighet` är af eller fk."""

    id: int
    namn: str
    myndighet: str

    @property
    def text(self) -> str:
        """Namnet med myndigheten: de två kan ha kontor som heter lika."""
        return f"{self.namn} ({'Af' if self.myndighet == 'af' else 'FK'})"


@dataclass(frozen=True, slots=True)
class Samarbetsurval(Manader):
    """Ett prövat urval. Utan `kontor` gäller det alla. `jamfor` är det som ger egna rader."""

    idag: date
    kontor: tuple[str, ...] = ()
    kon: str = ""
    jamfor: tuple[str, ...] = ()

    @property
    def grans(self) -> date:
        """Dagen efter den sista dag som räknas: periodens slut, men aldrig efter idag."""
        return min(self.efter, self.idag + timedelta(days=1))

    @property
    def dag(self) -> date:
        """Dagen som läget gäller: periodens sista, eller idag om den inte har kommit."""
        return min(self.sista_dag, self.idag)

    def som_data(self) -> dict[str, Any]:
        """Urvalet som koder, för JSON."""
        return {
            "fran": f"{self.fran:%Y-%m}",
            "till": f"{self.till:%Y-%m}",
            "kontor": list(self.kontor),
            "kon": self.kon or None,
            "jamfor": list(self.jamfor),
            "idag": self.idag.isoformat(),
        }

    @property
    def adress(self) -> str:
        """Urvalet som en adress efter frågetecknet."""
        par = [("fran", f"{self.fran:%Y-%m}"), ("till", f"{self.till:%Y-%m}")]
        par += [("kontor", nyckel) for nyckel in self.kontor]
        par += [("kon", self.kon)] if self.kon else []
        return urlencode(par + [("jamfor", ett) for ett in self.jamfor])

    def i_ord(self, kontoren: Mapping[str, Kontor]) -> tuple[tuple[str, str], ...]:
        """Urvalet så som det visas: (rubrik, text)."""
        rader = [
            ("Period", self.period),
            ("Kontor", ", ".join(kontoren[nyckel].text for nyckel in self.kontor) or "Alla"),
            ("Kön", Konsval(self.kon).label if self.kon else "Alla"),
        ]
        if self.jamfor:
            rader.append(("Jämför", ", ".join(Jamforelse(ett).label for ett in self.jamfor)))
        return (*rader, ("I dag", self.idag.isoformat()))


def tolka(
    varden: Mapping[str, Sequence[str]], *, kontoren: Mapping[str, Kontor], idag: date, falten: Sequence[str] = FALT
) -> Samarbetsurval:
    """Prövar ett urval skrivet som text, fält → värden (`falten`), och returnerar det.

    Kontoren läggs i visningsordning. Ger ValidationError med fältets namn som nyckel.
    """
    fel: dict[str, list[str]] = {}
    fran, till = prova_perioden(varden, falten, fel)
    givna = [nyckel.strip() for nyckel in varden.get("kontor", ()) if nyckel.strip()]
    if okanda := [nyckel for nyckel in dict.fromkeys(givna) if nyckel not in kontoren]:
        fel["kontor"] = [f"Det finns inget kontor med nyckeln ”{nyckel}”." for nyckel in okanda]
    kon = prova_ett(varden.get("kon", ()), "kon", Konsval, fel)
    jamfor = [ett.strip() for ett in varden.get("jamfor", ()) if ett.strip()]
    for ett in jamfor:
        prova_ett([ett], "jamfor", Jamforelse, fel)
    if Jamforelse.KONTOR in jamfor and not givna:
        fel.setdefault("kontor", ["Välj de kontor som ska jämföras."])
    if fel or not fran or not till:
        raise ValidationError(fel)
    return Samarbetsurval(
        fran,
        till,
        idag,
        kontor=tuple(nyckel for nyckel in kontoren if nyckel in givna),
        kon=kon,
        jamfor=tuple(ett.value for ett in Jamforelse if ett in jamfor),
    )

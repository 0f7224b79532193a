"""Vad påminnelserna handlar om, roll för roll: det som annars står i *Att göra* (`granssnitt.md` 3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.utils import timezone

from behorighet.genomgang import nasta_genomgang
from behorighet.models import Anvandare, Behorighet
from behorighet.models.konto import VARSEL_DAGAR
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import satt_sammanhang
from behorighet.utskick import Laget
from deltagare.brister import Brist, med_brist
from deltagare.models import Deltagande


@dataclass(frozen=True)
class Bestallarens:
    """Det som väntar på beställaren: id för behörigheterna som slutar, och genomgången i text."""

    amne: ClassVar[str] = "SUS: behörigheter att se över"
    nyckel: ClassVar[str] = "behorigheter"

    behorigheter: list[int]
    genomgang: str  # dagen, med "forsenad" framför när den har passerat; tom när den är långt borta

    def rader(self) -> list[str]:
        """Antalet behörigheter, och dagen för genomgången."""
        rader = []
        if antal := len(self.behorigheter):
            vad = "1 behörighet" if antal == 1 else f"{antal} behörigheter"
            rader.append(f"{vad} i din organisation slutar inom {VARSEL_DAGAR} dagar.")
        if self.genomgang:
            nar = "skulle ha varit gjord" if self.genomgang.startswith("forsenad") else "ska vara gjord"
            rader.append(f"Genomgången av behörigheter {nar} senast {self.genomgang.removeprefix('forsenad ')}.")
        return rader

    def detaljer(self) -> dict[str, Any]:
        """Id för behörigheterna, och genomgången."""
        return {"behorigheter": self.behorigheter, "genomgang": self.genomgang}

    def nytt_sedan(self, forra: Mapping[str, Any]) -> bool:
        """Sant om en behörighet har tillkommit, eller om genomgången har blivit nära eller försenad."""
        nya = set(self.behorigheter) - set(forra["behorigheter"])
        return bool(nya) or self.genomgang not in ("", forra["genomgang"])


def bestallarens(konto: Anvandare) -> Bestallarens:
    """Läget för en beställare, i den egna organisationen."""
    slutar = Behorighet.objects.slutar_snart().filter(anvandare__arbetsgivare=konto.arbetsgivare_id)
    dag, idag = nasta_genomgang(konto.arbetsgivare), timezone.localdate()
    genomgang = ""
    if dag and dag <= idag + timedelta(days=VARSEL_DAGAR):
        genomgang = f"forsenad {dag}" if dag < idag else str(dag)
    return Bestallarens(sorted(slutar.values_list("pk", flat=True)), genomgang)


# Meningen för en och för flera. Utan insatser och personer.
_MENINGAR: Final[Mapping[Brist, tuple[str, str]]] = {
    Brist.INSATSEN_SLUT: (
        "1 deltagare är kvar i en insats som har slutat.",
        "{antal} deltagare är kvar i insatser som har slutat.",
    ),
    Brist.OVER_TRE_AR: (
        "1 deltagare har varit inregistrerad i över tre år.",
        "{antal} deltagare har varit inregistrerade i över tre år.",
    ),
    Brist.OBESVARADE_FRAGOR: (
        "1 deltagare har obesvarade kompletterande frågor.",
        "{antal} deltagare har obesvarade kompletterande frågor.",
    ),
    Brist.SAMTYCKE_EJ_ARKIVERAT: (
        "1 samtycke är inte markerat som arkiverat.",
        "{antal} samtycken är inte markerade som arkiverade.",
    ),
}


@dataclass(frozen=True)
class Deltagaransvarigas:
    """Det som väntar på den deltagaransvariga: id för deltagandena, per brist."""

    amne: ClassVar[str] = "SUS: deltagare att se över"
    nyckel: ClassVar[str] = "deltaganden"

    deltaganden: Mapping[str, list[int]]

    def rader(self) -> list[str]:
        """En mening per brist, med antalet."""
        antal = {brist: len(self.deltaganden.get(brist, [])) for brist in Brist}
        return [_MENINGAR[brist][flera > 1].format(antal=flera) for brist, flera in antal.items() if flera]

    def detaljer(self) -> dict[str, Any]:
        """Id för deltagandena, per brist."""
        return {"deltaganden": dict(self.deltaganden)}

    def nytt_sedan(self, forra: Mapping[str, Any]) -> bool:
        """Sant om något deltagande har fått en brist det inte hade då."""
        return any(set(nu) - set(forra["deltaganden"].get(brist, [])) for brist, nu in self.deltaganden.items())


def deltagaransvarigas(konto: Anvandare) -> Deltagaransvarigas:
    """Läget för en deltagaransvarig, räknat med dess egen räckvidd också i databasen (P2). I en transaktion."""
    satt_sammanhang(konto)
    egna, idag = Deltagande.objects.synliga_for(konto, Rattighet.REGISTRERA_DELTAGARE), timezone.localdate()
    funna = {brist.value: sorted(med_brist(egna, brist, idag=idag).values_list("pk", flat=True)) for brist in Brist}
    return Deltagaransvarigas({brist: pks for brist, pks in funna.items() if pks})


PER_ROLL: Final[tuple[tuple[Roll, Callable[[Anvandare], Laget]], ...]] = (
    (Roll.BESTALLARE, bestallarens),
    (Roll.DELTAGARANSVARIG, deltagaransvarigas),
)
"""Rollerna som får påminnelser, och läget för den som har rollen."""

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
from deltagare.models import Deltagande, Samarbete
from deltagare.samarbetsbrister import Samarbetsbrist, med_samarbetsbrist


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


# I Af/FK-samarbetet, för den som registrerar på ett kontor.
_SAMARBETENAS: Final[Mapping[Samarbetsbrist, tuple[str, str]]] = {
    Samarbetsbrist.VANTAT_LANGE: (
        "1 deltagare har väntat i över 30 dagar i Af/FK-samarbetet.",
        "{antal} deltagare har väntat i över 30 dagar i Af/FK-samarbetet.",
    ),
    Samarbetsbrist.SAMTYCKE_EJ_ARKIVERAT: (
        "1 samtycke i Af/FK-samarbetet är inte markerat som arkiverat.",
        "{antal} samtycken i Af/FK-samarbetet är inte markerade som arkiverade.",
    ),
    Samarbetsbrist.UTAN_UPPGIFTER_FORE: (
        "1 samarbete saknar uppgifter före.",
        "{antal} samarbeten saknar uppgifter före.",
    ),
    Samarbetsbrist.UTAN_UPPGIFTER_EFTER: (
        "1 avslutat samarbete saknar uppgifter efter.",
        "{antal} avslutade samarbeten saknar uppgifter efter.",
    ),
}


@dataclass(frozen=True)
class Deltagaransvarigas:
    """Det som väntar på den deltagaransvariga: id för deltagandena och för samarbetena, per brist."""

    amne: ClassVar[str] = "SUS: deltagare att se över"
    nyckel: ClassVar[str] = "deltaganden"

    deltaganden: Mapping[str, list[int]]
    samarbeten: Mapping[str, list[int]]

    def rader(self) -> list[str]:
        """En mening per brist, med antalet."""
        return [*_meningar(_SAMARBETENAS, self.samarbeten), *_meningar(_MENINGAR, self.deltaganden)]

    def detaljer(self) -> dict[str, Any]:
        """Id för deltagandena, och för samarbetena om de är några, per brist."""
        samarbeten = {"samarbeten": dict(self.samarbeten)} if self.samarbeten else {}
        return {"deltaganden": dict(self.deltaganden), **samarbeten}

    def nytt_sedan(self, forra: Mapping[str, Any]) -> bool:
        """Sant om något deltagande eller samarbete har fått en brist det inte hade då."""
        par = ((self.deltaganden, forra["deltaganden"]), (self.samarbeten, forra.get("samarbeten", {})))
        return any(set(pks) - set(da.get(brist, [])) for nu, da in par for brist, pks in nu.items())


def _meningar(texter: Mapping[Any, tuple[str, str]], funna: Mapping[str, list[int]]) -> list[str]:
    antal = {brist: len(funna.get(brist, [])) for brist in texter}
    return [texter[brist][flera > 1].format(antal=flera) for brist, flera in antal.items() if flera]


def deltagaransvarigas(konto: Anvandare) -> Deltagaransvarigas:
    """Läget för en deltagaransvarig, räknat med dess egen räckvidd också i databasen (P2). I en transaktion."""
    satt_sammanhang(konto)
    egna, idag = Deltagande.objects.synliga_for(konto, Rattighet.REGISTRERA_DELTAGARE), timezone.localdate()
    funna = {brist.value: sorted(med_brist(egna, brist, idag=idag).values_list("pk", flat=True)) for brist in Brist}
    hos = Samarbete.objects.hos_kontor_for(konto, Rattighet.REGISTRERA_DELTAGARE)
    samarbetena = {
        brist.value: sorted(med_samarbetsbrist(hos, brist, idag=idag).values_list("pk", flat=True))
        for brist in Samarbetsbrist
    }
    return Deltagaransvarigas(
        {brist: pks for brist, pks in funna.items() if pks},
        {brist: pks for brist, pks in samarbetena.items() if pks},
    )


PER_ROLL: Final[tuple[tuple[Roll, Callable[[Anvandare], Laget]], ...]] = (
    (Roll.BESTALLARE, bestallarens),
    (Roll.DELTAGARANSVARIG, deltagaransvarigas),
)
"""Rollerna som får påminnelser, och läget för den som har rollen."""

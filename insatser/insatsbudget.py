"""Läser insatsbudgeten: planerat antal, rader och summor per kalenderår (`doman.md` 3.2). Belopp är hela kronor."""

import hashlib
import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db.models import Sum
from django.utils import timezone

from insatser.models import Budget, Budgetpost, Insats

# Så långt fram från innevarande år visas år att planera för.
FLEST_RADER: Final = 100  # per år, på sidan; en fil kan ge fler
AR_FRAMAT: Final = 2
# När *Kopiera från* trycks fast året inte är tomt: en andra kopia skulle dubbla raderna.
HAR_REDAN_RADER: Final = "Året har redan rader. Ta bort dem först."
# Samma gräns som i importerade filer.
BELOPPSGRANS: Final = 999_999_999_999


class Budgetrad(NamedTuple):
    """En rad i ett års budget. `rad` är radens nummer, None för en ny."""

    budgettyp: str
    budget: int | None
    utfall: int | None
    beskrivning: str = ""
    rad: int | None = None

    @property
    def skillnad(self) -> int | None:
        """Budget minus utfall, när båda finns."""
        return Summa(self.budget, self.utfall).skillnad


class Summa(NamedTuple):
    """Summor i kronor; None där ingen rad har något belopp (som i Insatsrapporten, R35)."""

    budget: int | None
    utfall: int | None

    @property
    def skillnad(self) -> int | None:
        """Budget minus utfall, när båda finns."""
        return None if self.budget is None or self.utfall is None else self.budget - self.utfall


class Arsbudget(NamedTuple):
    """Ett års budget. `planerat` är det antal som insatsens sort har: deltagare, eller volyminsatsens antal."""

    planerat: int | None = None
    rader: tuple[Budgetrad, ...] = ()

    @property
    def version(self) -> int:
        """Ett tal som blir ett annat när något i året ändras, vem som än gör det: också en inläst fil."""
        text = json.dumps([self.planerat, self.rader])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) if self.finns else 0

    @property
    def finns(self) -> bool:
        """Sant om något är registrerat."""
        return self.planerat is not None or bool(self.rader)

    def summa(self, typ: str = "") -> Summa:
        """Summan av alla rader, eller av dem med budgettypen."""
        rader = [rad for rad in self.rader if typ in ("", rad.budgettyp)]
        return Summa(_summa(rad.budget for rad in rader), _summa(rad.utfall for rad in rader))


def _summa(belopp: Iterable[int | None]) -> int | None:
    kanda = [ett for ett in belopp if ett is not None]
    return sum(kanda) if kanda else None


def _egna_ar(insats: Insats) -> range:
    """Åren som insatsen pågår, inom samverkansorganisationens datum (R7); utan slutdatum några år framåt."""
    organisation = insats.samverkansorganisation
    forsta = max(insats.startdatum, organisation.startdatum).year
    slut = [dag.year for dag in (insats.slutdatum, organisation.slutdatum) if dag]
    sista = min(slut, default=timezone.localdate().year + AR_FRAMAT)
    return range(forsta, max(sista, forsta) + 1)


def budgetaren(insats: Insats) -> list[int]:
    """Åren som insatsen kan ha budget för, stigande: de som den pågår, och de som redan har något registrerat."""
    return sorted({*_egna_ar(insats), *registrerade_ar(insats)})


def registrerade_ar(insats: Insats) -> list[int]:
    """Åren som har något registrerat, det senaste först."""
    planer = Budget.objects.filter(insats=insats).values_list("ar")
    poster = Budgetpost.objects.filter(insats=insats).values_list("ar")
    return sorted((ar for (ar,) in planer.union(poster)), reverse=True)


def kan_ha_budget(insats: Insats, ar: int) -> bool:
    """Sant om året är ett av `budgetaren`."""
    return ar in _egna_ar(insats) or ar in budgetaren(insats)


def arsbudget(insats: Insats, ar: int) -> Arsbudget:
    """Det som är registrerat för insatsen ett år, raderna i nummerordning."""
    budget = Budget.objects.filter(insats=insats, ar=ar).first()
    rader = Budgetpost.objects.filter(insats=insats, ar=ar).order_by("rad")
    return Arsbudget(
        getattr(budget, planfalt(insats)) if budget else None,
        tuple(Budgetrad(post.budgettyp, post.budget, post.utfall, post.beskrivning, post.rad) for post in rader),
    )


class Arssumma(NamedTuple):
    """En rad i översikten över åren. `antal` är det registrerade i en volyminsats, None där inget är registrerat."""

    ar: int
    planerat: int | None
    summa: Summa
    antal: int | None


def alla_ar(insats: Insats) -> list[Arssumma]:
    """Översikten: vart år med något registrerat, det senaste först."""
    planer = {budget.ar: getattr(budget, planfalt(insats)) for budget in Budget.objects.filter(insats=insats)}
    summor = {
        rad["ar"]: Summa(rad["b"], rad["u"])
        for rad in Budgetpost.objects.filter(insats=insats).values("ar").annotate(b=Sum("budget"), u=Sum("utfall"))
    }
    antal = dict(_volymantal(insats))
    return [
        Arssumma(ar, planer.get(ar), summor.get(ar, Summa(None, None)), antal.get(ar))
        for ar in sorted({*planer, *summor, *antal}, reverse=True)
    ]


def _volymantal(insats: Insats) -> Iterable[tuple[int, int]]:
    """År och antal, läst genom insatsen: tabellen är deltagares."""
    antal = Insats.objects.filter(pk=insats.pk, volymantal__isnull=False)
    return antal.values_list("volymantal__ar", "volymantal__antal")


def planfalt(insats: Insats) -> str:
    """Det planerade antal som insatsens sort har (3.2)."""
    return "budgeterat_antal_volym" if insats.ar_volyminsats else "planerat_antal"


def till_nytt_ar(budget: Arsbudget) -> Arsbudget:
    """Budgeten som grund för ett annat år eller en annan insats: samma plan och rader, utan utfall."""
    rader = tuple(rad._replace(utfall=None, rad=None) for rad in budget.rader if rad.budget is not None)
    return Arsbudget(budget.planerat, rader)


def har_grund(insats: Insats, ar: int) -> bool:
    """Sant om året har något som `till_nytt_ar` tar med."""
    plan = Budget.objects.filter(insats=insats, ar=ar, **{f"{planfalt(insats)}__isnull": False})
    poster = Budgetpost.objects.filter(insats=insats, ar=ar, budget__isnull=False)
    return plan.values("ar").union(poster.values("ar")).exists()


def senaste_grund(insats: Insats) -> int | None:
    """Det senaste året som har något att ta med till en kopia; None om inget har."""
    return next((ar for ar in registrerade_ar(insats) if har_grund(insats, ar)), None)

"""Läser samverkansorganisationens budget: rader och summor per kalenderår (`doman.md` 2). Belopp är hela kronor."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db.models import Count, Func, Q, Sum
from django.utils import timezone

from insatser.insatsbudget import AR_FRAMAT, Summa
from insatser.models import (
    AdministrativKostnad,
    Budgetpost,
    Finansieringspost,
    Insats,
    Kostnadstyp,
    Organisationsbudget,
    Samverkansorganisation,
)

EGET_KAPITAL: Final = "eget kapital"  # finansieringens beskrivning, med små bokstäver


class Finansieringsrad(NamedTuple):
    """Vem (organisationens id) som finansierar, med hur mycket. `namn` är till för att visas."""

    organisation: int
    belopp: int
    beskrivning: str
    namn: str = ""


class Kostnadsrad(NamedTuple):
    """En administrativ kostnad; None är inte angivet."""

    kostnadstyp: str
    budget: int | None
    utfall: int | None
    beskrivning: str

    @property
    def typ(self) -> str:
        """Kostnadstypen så som den visas."""
        return Kostnadstyp(self.kostnadstyp).label

    @property
    def summa(self) -> Summa:
        """Radens belopp, med skillnaden."""
        return Summa(self.budget, self.utfall)


class Insatsrad(NamedTuple):
    """Det som är budgeterat i en insats."""

    pk: int
    namn: str
    summa: Summa
    utan_utfall: int


class Organisationsar(NamedTuple):
    """Allt om ett år. `version` är 0 när inget har sparats för året."""

    version: int
    finansiering: tuple[Finansieringsrad, ...]
    kostnader: tuple[Kostnadsrad, ...]
    insatser: tuple[Insatsrad, ...] = ()

    @property
    def finns(self) -> bool:
        """Sant om någon rad är registrerad för året."""
        return bool(self.finansiering or self.kostnader)

    @property
    def finansierat(self) -> int | None:
        """Finansieringen sammanlagt; None utan rader."""
        return _summa(rad.belopp for rad in self.finansiering)

    @property
    def administration(self) -> Summa:
        """De administrativa kostnaderna sammanlagt."""
        return _summera(rad.summa for rad in self.kostnader)

    @property
    def insatskostnader(self) -> Summa:
        """Budgeterat i insatserna sammanlagt."""
        return _summera(rad.summa for rad in self.insatser)

    @property
    def kostnad(self) -> Summa:
        """Administration och insatser sammanlagt."""
        return _summera([self.administration, self.insatskostnader])

    @property
    def kvar(self) -> Summa:
        """Finansieringen minus kostnaderna, budgeterade och faktiska; None där någon av dem saknas."""
        if self.finansierat is None:
            return Summa(None, None)
        return Summa(*(None if ett is None else self.finansierat - ett for ett in self.kostnad))

    @property
    def utan_utfall(self) -> int:
        """Hur många rader, här och i insatserna, som har budget men inget utfall."""
        egna = sum(rad.budget is not None and rad.utfall is None for rad in self.kostnader)
        return egna + sum(rad.utan_utfall for rad in self.insatser)


def _summa(belopp: Iterable[int | None]) -> int | None:
    kanda = [ett for ett in belopp if ett is not None]
    return sum(kanda) if kanda else None


def _summera(summor: Iterable[Summa]) -> Summa:
    alla = list(summor)
    return Summa(_summa(ett.budget for ett in alla), _summa(ett.utfall for ett in alla))


def budgetaren(organisation: Samverkansorganisation) -> range:
    """Åren som organisationen kan ha budget för (R7), stigande: från startåret till slutåret eller några år framåt."""
    sista = max(timezone.localdate().year + AR_FRAMAT, organisation.startdatum.year)
    if organisation.slutdatum:
        sista = organisation.slutdatum.year
    return range(organisation.startdatum.year, sista + 1)


def organisationsar(organisation: Samverkansorganisation, ar: int, *, med_insatser: bool = False) -> Organisationsar:
    """Det som är registrerat för ett år, i radernas ordning, och om man vill vad som är budgeterat i insatserna."""
    budget = Organisationsbudget.objects.filter(samverkansorganisation=organisation, ar=ar).first()
    finansiering = Finansieringspost.objects.filter(arsbudget=budget).select_related("organisation").order_by("rad")
    kostnader = AdministrativKostnad.objects.filter(arsbudget=budget).order_by("rad")
    return Organisationsar(
        version=budget.version if budget else 0,
        finansiering=tuple(
            Finansieringsrad(post.organisation_id, post.belopp, post.beskrivning, post.organisation.namn)
            for post in (finansiering if budget else ())
        ),
        kostnader=tuple(
            Kostnadsrad(post.kostnadstyp, post.budget, post.utfall, post.beskrivning)
            for post in (kostnader if budget else ())
        ),
        insatser=tuple(_i_insatserna(organisation, ar)) if med_insatser else (),
    )


def till_nytt_ar(ar: Organisationsar) -> Organisationsar:
    """Året som grund för nästa: det budgeterade utan utfall, och inte det egna kapitalet, som är årets eget."""
    finansiering = tuple(rad for rad in ar.finansiering if rad.beskrivning.strip().casefold() != EGET_KAPITAL)
    kostnader = tuple(rad._replace(utfall=None) for rad in ar.kostnader if rad.budget is not None)
    return ar._replace(finansiering=finansiering, kostnader=kostnader, insatser=())


def _i_insatserna(organisation: Samverkansorganisation, ar: int) -> Iterable[Insatsrad]:
    summor = {
        rad["insats"]: (Summa(rad["b"], rad["u"]), rad["utan"])
        for rad in Budgetpost.objects.filter(insats__samverkansorganisation=organisation, ar=ar)
        .values("insats")
        .annotate(
            b=Sum("budget"),
            u=Sum("utfall"),
            utan=Count("pk", filter=Q(budget__isnull=False, utfall=None)),
        )
    }
    namn = Insats.objects.filter(pk__in=summor).order_by(Func("namn", function="sus_sortnyckel"), "pk")
    return [Insatsrad(pk, text, *summor[pk]) for pk, text in namn.values_list("pk", "namn")]


def ar_med_budget(organisation: Samverkansorganisation) -> set[int]:
    """Åren som har något registrerat för organisationen själv."""
    budgetar = Organisationsbudget.objects.filter(samverkansorganisation=organisation)
    finansierade = budgetar.filter(finansieringsposter__isnull=False).values_list("ar")
    return {
        ar for (ar,) in finansierade.union(budgetar.filter(administrativa_kostnader__isnull=False).values_list("ar"))
    }

"""Skriver insatsbudgeten, ett kalenderår i taget (`doman.md` 3.2). Belopp är hela kronor."""

from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from insatser.insatsbudget import FLEST_RADER, Arsbudget, Budgetrad, arsbudget, kan_ha_budget, planfalt
from insatser.models import Budget, Budgetpost, Budgettyp, Insats

FOR_MANGA_RADER: Final = (
    f"Året har fler än {FLEST_RADER} budgetrader, inlästa ur en fil. Så många går inte att ändra på sidan: ändra dem "
    "med en fil, under Läs in ur fil, eller ta bort årets rader och skriv dem på nytt."
)


def spara_budget(
    *, insats: Insats, ar: int, version: int, planerat: int | None, rader: Iterable[Budgetrad], av: Anvandare
) -> bool:
    """Sparar ett års budget: det som inte finns i `rader` tas bort. Returnerar om något ändrades.

    Ger Krock om någon annan har ändrat året sedan `version`, ValidationError för ett år utanför insatsens.
    """
    with skriver():
        # Insatsens rad låses, så att två som sparar samma år kommer efter varandra.
        insats = Insats.objects.las(insats.pk)
        if insats.ar_kontor:
            raise ValidationError("Ett kontor i Af/FK-samarbetet har ingen insatsbudget.")
        if not kan_ha_budget(insats, ar):
            raise ValidationError(f"Insatsen pågår inte {ar}.")
        sparad = arsbudget(insats, ar)
        krav_version(sparad.version, version)
        if len(sparad.rader) > FLEST_RADER:
            raise ValidationError(FOR_MANGA_RADER)
        ny = Arsbudget(planerat, _numrerade(rader, sparad))
        if ny == sparad:
            return False
        _skriv(insats, ar, sparad, ny)
        logga(
            Handelse.Typ.BUDGET_ANDRAD,
            av=av,
            roll=Roll.INSATSANSVARIG,
            insats_id=insats.pk,
            ar=ar,
            rader=len(ny.rader),
        )
    return True


def ta_bort_arets_rader(*, insats: Insats, ar: int, version: int, av: Anvandare) -> int:
    """Tar bort ett års alla budgetrader, inte det planerade antalet, och returnerar hur många de var.

    För ett år som en fil har gett fler rader än sidan kan ändra. Ger Krock om någon har ändrat året sedan `version`.
    """
    with skriver():
        insats = Insats.objects.las(insats.pk)
        krav_version(arsbudget(insats, ar).version, version)
        borta, _ = Budgetpost.objects.filter(insats=insats, ar=ar).delete()
        if borta:
            logga(Handelse.Typ.BUDGET_ANDRAD, av=av, roll=Roll.INSATSANSVARIG, insats_id=insats.pk, ar=ar, rader=0)
    return borta


def _numrerade(rader: Iterable[Budgetrad], sparad: Arsbudget) -> tuple[Budgetrad, ...]:
    """Raderna med nummer: de sparades egna, och nya nummer efter dem för de andra."""
    kvar = {rad.rad for rad in sparad.rader}
    nasta = max((rad.rad or 0 for rad in sparad.rader), default=0) + 1
    numrerade = []
    for rad in rader:
        if rad.rad in kvar:
            kvar.discard(rad.rad)
            numrerade.append(rad)
        else:
            numrerade.append(rad._replace(rad=nasta))
            nasta += 1
    return tuple(sorted(numrerade, key=lambda rad: rad.rad or 0))


def _skriv(insats: Insats, ar: int, sparad: Arsbudget, ny: Arsbudget) -> None:
    if ny.planerat != sparad.planerat:
        _skriv_plan(insats, ar, sparad.planerat, ny.planerat)
    fore = {rad.rad: rad for rad in sparad.rader}
    kvar = {rad.rad for rad in ny.rader}
    if bort := [nummer for nummer in fore if nummer is not None and nummer not in kvar]:
        Budgetpost.objects.filter(insats=insats, ar=ar, rad__in=bort).delete()
    skrivs = [Budgetpost(insats=insats, ar=ar, **_varden(rad)) for rad in ny.rader if rad != fore.get(rad.rad)]
    Budgetpost.objects.bulk_create(
        skrivs,
        update_conflicts=True,
        unique_fields=["insats", "ar", "rad"],
        update_fields=["budgettyp", "budget", "utfall", "beskrivning"],
    )


def _skriv_plan(insats: Insats, ar: int, fore: int | None, efter: int | None) -> None:
    budgetar = Budget.objects.filter(insats=insats, ar=ar)
    if efter is None:
        budgetar.delete()
    elif fore is not None:
        budgetar.update(**{planfalt(insats): efter}, version=F("version") + 1)
    else:
        # En inläst fil kan ha året utan antal: då finns raden redan.
        ny = Budget(insats=insats, ar=ar, **{planfalt(insats): efter})
        Budget.objects.bulk_create(
            [ny], update_conflicts=True, unique_fields=["insats", "ar"], update_fields=[planfalt(insats)]
        )


def _varden(rad: Budgetrad) -> dict[str, Any]:
    if rad.budgettyp not in Budgettyp.values:
        raise ValidationError("Välj budgettyp.")
    return rad._asdict()

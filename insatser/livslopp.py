"""Att kopiera en insats till en ny, och att ta bort en som inget är registrerat i (R11)."""

from typing import Any

from django.core.exceptions import ValidationError

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from insatser.budget_tjanster import spara_budget
from insatser.insatsbudget import arsbudget, registrerade_ar, senaste_grund, till_nytt_ar
from insatser.models import Insats, Uppdrag
from insatser.tjanster import skapa_insats


def kopiera_insats(*, forlaga: Insats, med_budget: bool, av: Anvandare, **uppgifter: Any) -> Insats:
    """Registrerar en ny insats med `uppgifter` (se `skapa_insats`) och returnerar den.

    Registreringar och uppdrag följer aldrig med. Med `med_budget` blir förlagans senaste år med något planerat den nya
    insatsens budget för startåret: raderna utan utfall, och det planerade antalet om de två registrerar på samma sätt.
    """
    with skriver():
        insats = skapa_insats(**uppgifter, av=av)
        ar = senaste_grund(forlaga) if med_budget else None
        if ar is not None:
            budget = till_nytt_ar(arsbudget(forlaga, ar))
            samma_sort = forlaga.ar_volyminsats == insats.ar_volyminsats
            spara_budget(
                insats=insats,
                ar=insats.startdatum.year,
                version=0,
                planerat=budget.planerat if samma_sort else None,
                rader=budget.rader,
                av=av,
            )
    return insats


def hinder_att_ta_bort(insats: Insats) -> str:
    """Varför insatsen inte kan tas bort, och vad man gör i stället; tomt om den kan det."""
    if insats.ar_kontor:
        return "Ett kontor i Af/FK-samarbetet tas inte bort. Sätt ett slutdatum i stället."
    if insats.last:
        return "Insatsen har eller har haft registreringar och kan inte tas bort. Sätt ett slutdatum i stället."
    return ""


def ta_bort_insats(*, insats: Insats, version: int, av: Anvandare) -> None:
    """Tar bort en insats som inget är registrerat i, med dess uppdrag och budget.

    Raden låses: en registrering som hann före hindrar borttagningen, en som kommer efter nekas. Ger Krock om någon har
    ändrat insatsen sedan `version`, ValidationError om den har registreringar; databasen prövar det igen.
    """
    with skriver():
        insats = Insats.objects.las(insats.pk)
        if hinder := hinder_att_ta_bort(insats):
            raise ValidationError(hinder)
        krav_version(insats.version, version)
        logga(
            Handelse.Typ.INSATS_BORTTAGEN,
            av=av,
            roll=Roll.INSATSANSVARIG,
            insats_id=insats.pk,
            uppdrag=list(Uppdrag.objects.filter(insats=insats).order_by("pk").values_list("pk", flat=True)),
            budgetar=registrerade_ar(insats),
        )
        insats.delete()

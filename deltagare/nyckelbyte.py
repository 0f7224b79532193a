"""Byte av krypteringsnyckel (P6): varje identitet, och registret, krypteras om med den aktuella nyckeln."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import models, transaction

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare import kryptering
from deltagare.models import Identitet, Registerpost, TidigareNummer

FALT: Final[Mapping[type[models.Model], tuple[str, ...]]] = {
    Identitet: ("personnummer", "fornamn", "efternamn"),
    TidigareNummer: ("personnummer",),
    Registerpost: ("fornamn", "efternamn"),
}


def kryptera_om(*, using: str, parti: int = 1000) -> int:
    """Krypterar om alla identiteter och registerposter som har en annan nyckel än den aktuella.

    Returnerar hur många identiteter. Körs som ägaren, parti för parti i egna transaktioner, så att den kan avbrytas
    och tas upp igen.
    """
    antal = {modell: _kryptera_om(modell, falten, using=using, parti=parti) for modell, falten in FALT.items()}
    return antal[Identitet]


def _kryptera_om(modell: Any, falten: tuple[str, ...], *, using: str, parti: int) -> int:
    aktuell = kryptering.aktuell_nyckel()
    kvar = modell.objects.using(using).exclude(nyckel_id=aktuell).order_by("pk")
    antal = 0
    while True:
        with transaction.atomic(using=using):
            rader = list(kvar.select_for_update(of=("self",))[:parti])
            if not rader:
                break
            for rad in rader:
                for falt in falten:
                    klartext = kryptering.dekryptera(getattr(rad, falt), falt=falt, nyckel_id=rad.nyckel_id)
                    setattr(rad, falt, kryptering.kryptera(klartext, falt=falt, nyckel_id=aktuell))
                rad.nyckel_id = aktuell
            modell.objects.using(using).bulk_update(rader, [*falten, "nyckel_id"])
            antal += len(rader)
            logga(Handelse.Typ.OMKRYPTERAT, av=None, using=using, antal=len(rader))
    return antal

"""Byte av krypteringsnyckel (P6): varje identitet krypteras om med den aktuella nyckeln."""

from django.db import transaction

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare import kryptering
from deltagare.models import Identitet

FALT = ("personnummer", "fornamn", "efternamn")


def kryptera_om(*, using: str, parti: int = 1000) -> int:
    """Krypterar om alla identiteter som har en annan nyckel än den aktuella. Returnerar hur många.

    Körs som ägaren, parti för parti i egna transaktioner, så att den kan avbrytas och tas upp igen.
    """
    aktuell = kryptering.aktuell_nyckel()
    kvar = Identitet.objects.using(using).exclude(nyckel_id=aktuell).order_by("pk")
    antal = 0
    while True:
        with transaction.atomic(using=using):
            rader = list(kvar.select_for_update(of=("self",))[:parti])
            if not rader:
                break
            for rad in rader:
                for falt in FALT:
                    setattr(rad, falt, kryptering.kryptera(rad.klartext(falt), falt=falt, nyckel_id=aktuell))
                rad.nyckel_id = aktuell
            Identitet.objects.using(using).bulk_update(rader, [*FALT, "nyckel_id"])
            antal += len(rader)
            logga(Handelse.Typ.OMKRYPTERAT, av=None, using=using, antal=len(rader))
    return antal

"""Faktiskt antal i en volyminsats (`doman.md` 3.3)."""

from collections.abc import Mapping
from typing import NamedTuple

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Volymantal
from deltagare.tjanster.tid import krav_ar_inte_framtid
from insatser.models import Insats, Lasorsak
from insatser.tjanster import las_kategorisering


class Arsantal(NamedTuple):
    """Ett års antal så som det skrevs, och versionen det utgår från (0: inget fanns)."""

    antal: int | None
    version: int


def registrera_antal(*, insats: Insats, ar: Mapping[int, Arsantal], av: Anvandare) -> int:
    """Sparar det faktiska antalet per kalenderår i en volyminsats och låser kategoriseringen (R11, R16).

    Ett tomt antal tar bort årets registrering. Returnerar hur många år som ändrades. Ger Krock om någon annan
    har ändrat ett av åren, ValidationError för år i framtiden eller utanför insatsens datum.
    """
    with skriver():
        # Raden låses, så att två som sparar samtidigt kommer efter varandra.
        insats = Insats.objects.las(insats.pk)
        sparade = {rad.ar: rad for rad in Volymantal.objects.filter(insats=insats, ar__in=ar)}
        andrade = {}
        for aret, nytt in ar.items():
            rad = sparade.get(aret)
            if (rad.antal if rad else None) == nytt.antal:
                continue
            krav_version(rad.version if rad else 0, nytt.version)
            krav_ar_inte_framtid(f"antal_{aret}", aret)
            andrade[aret] = nytt.antal
            if rad is None:
                las_kategorisering(insats=insats, orsak=Lasorsak.ANTAL, av=av)
                rad = Volymantal(insats=insats, ar=aret, version=0)
            if nytt.antal is None:
                rad.delete()
            else:
                rad.antal, rad.version = nytt.antal, rad.version + 1
                rad.save()
        if andrade:
            logga(
                Handelse.Typ.ANTAL_REGISTRERAT,
                av=av,
                roll=Roll.INSATSANSVARIG,
                insats_id=insats.pk,
                antal={str(a): n for a, n in andrade.items()},
            )
    return len(andrade)

"""Vad som visas i historiken för insatser, samverkansorganisationer och användare (P9)."""

from typing import Any, Final

from django.db.models import Q, QuerySet

from behorighet.historik import Kalla, rader_for
from behorighet.models import Anvandare, Behorighet
from insatser.models import Insats, Samverkansorganisation, Uppdrag

ETIKETTER: Final = {
    "samverkansform": "Samverkansform",
    "kategorisering_last_vid": "Kategoriseringen låst",
    "avslutad_vid": "Avslutad genast",
    "bestalld_av": "Beställd av",
    "given_av": "Givet av",
}


def for_insats(insats: Insats) -> list[Kalla]:
    """Insatsen med kategorisering, och uppdragen på den."""
    return [
        Kalla(
            "Kontoret" if insats.ar_kontor else "Insatsen",
            rader_for(Insats).filter(pgh_obj=insats.pk),
            etiketter={**ETIKETTER, "namn": "Namn", "omrade": insats.omradesnamn} if insats.ar_kontor else ETIKETTER,
        ),
        _uppdrag(rader_for(Uppdrag).filter(insats=insats.pk), "behorighet"),
    ]


def for_organisation(organisation: Samverkansorganisation) -> list[Kalla]:
    """Samverkansorganisationen, och uppdragen i den. Insatserna har var sin historik."""
    egna = rader_for(Samverkansorganisation).filter(pgh_obj=organisation.pk)
    return [
        Kalla("Samverkansorganisationen", egna, etiketter=ETIKETTER),
        _uppdrag(rader_for(Uppdrag).filter(samverkansorganisation=organisation.pk), "behorighet"),
    ]


def for_anvandare(konto: Anvandare) -> list[Kalla]:
    """En persons behörigheter och uppdrag."""
    behorigheter = rader_for(Behorighet).filter(anvandare=konto.pk)
    # Också på behörigheter som är äldre än historiken, eller borttagna.
    vilar_pa = Q(behorighet__in=Behorighet.objects.filter(anvandare=konto).values("pk")) | Q(
        behorighet__in=behorigheter.values("pgh_obj")
    )
    return [
        Kalla("Behörighet", behorigheter, galler=("roll",), etiketter=ETIKETTER, utan=frozenset({"anvandare", "roll"})),
        _uppdrag(rader_for(Uppdrag).filter(vilar_pa), "behorighet", "insats", "samverkansorganisation"),
    ]


def _uppdrag(rader: QuerySet[Any], *galler: str) -> Kalla:
    utan = frozenset({"behorighet", "insats", "samverkansorganisation"})
    return Kalla("Uppdrag", rader, galler=galler, etiketter=ETIKETTER, utan=utan)

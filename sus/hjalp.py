"""Sidan *Vem får vad*, som också handboken hänvisar till."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver
from sus.vem_far_vad import TABELL, Rackvidd


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def vem_far_vad(request: Begaran) -> HttpResponse:
    """*Vem får vad*: varje sida och vad varje roll får på den, ur samma tabell som testen prövar."""
    omraden = [
        (omrade, [rad for rad in rader if rad.mal.rackvidd != Rackvidd.OPPEN]) for omrade, rader in TABELL.items()
    ]
    roller = [(_delbar(roll.label), roll in request.user.roller_nu) for roll in Roll]
    return render(request, "hjalp/vem_far_vad.html", {"omraden": omraden, "roller": roller})


def _delbar(rubrik: str) -> str:
    """Rubriken med mjuka bindestreck där en smal kolumn får dela den."""
    for led in ("administratör", "ansvarig"):
        rubrik = rubrik.replace(led, f"\N{SOFT HYPHEN}{led}")
    return rubrik

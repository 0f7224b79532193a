"""De genomgångar av behörigheter som redan är gjorda."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from behorighet.genomgang import tidigare_genomgangar
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver


@require_safe
@kraver(Rattighet.BESTALLA_BEHORIGHET)
def gjord_genomgang(request: Begaran, pk: int) -> HttpResponse:
    """En genomgång i den egna organisationen, med beslutet om varje behörighet."""
    genomgang = get_object_or_404(tidigare_genomgangar(request.user.arbetsgivare), pk=pk)
    rader = genomgang.rader.select_related("behorighet__anvandare").order_by("pk")  # ordningen på sidan då
    return render(request, "behorighet/gjord_genomgang.html", {"genomgang": genomgang, "rader": rader})

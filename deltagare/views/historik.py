"""Historiken för ett deltagande, för den som registrerar i insatsen (P8, P9)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from behorighet.historik import historik as rader_ur_historiken
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare.historik import for_deltagande
from deltagare.models import Deltagande
from deltagare.tjanster import logga_historik


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def historik(request: Begaran, pk: int) -> HttpResponse:
    """Deltagandets historik. Varken sidan eller adressen säger vem det är (P7); läsningen loggas först (P8)."""
    deltaganden = Deltagande.objects.synliga_for(request.user, request.rattighet).select_related("insats")
    deltagande = get_object_or_404(deltaganden, pk=pk)
    logga_historik(deltagande=deltagande, av=request.user)
    kontext = {
        "rubrik": "Deltagandets historik",
        "niva": "Registreringen",
        "niva_url": reverse("deltagare:deltagande", args=[deltagande.pk]),
        "ingress": f"Inregistrerad {deltagande.inregistrering.isoformat()} i {deltagande.insats.namn}. "
        "Att du läser historiken skrivs i åtkomstloggen.",
        "avidentifierat": deltagande.avidentifierat,
        "sida": rader_ur_historiken(for_deltagande(deltagande), sida=request.GET.get("sida")),
    }
    return render(request, "historik/historik.html", kontext)

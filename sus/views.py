"""Startsidan."""

from django.db.models import Func
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from behorighet.models import Anvandare
from behorighet.roller import GER_UPPDRAG, Rattighet, Roll
from behorighet.skydd import Begaran, satt_sammanhang
from insatser.kategorier import Deltagarregistrering
from insatser.models import Insats, Uppdrag
from insatser.uppdrag_tjanster import att_fraga
from rapporter.models import SparatUrval
from sus.att_gora import att_gora

SPARADE_URVAL = 8  # fler finns bakom en länk


def _insatser(anvandare: Anvandare, roll: Roll, sort: Deltagarregistrering | None) -> list[Insats]:
    """Insatserna, eller kontoren när `sort` är None, som användaren registrerar i med rollen, i svensk ordning."""
    uppdrag = Uppdrag.objects.gallande().filter(behorighet__anvandare=anvandare, behorighet__roll=roll)
    if roll == Roll.DELTAGARANSVARIG:
        insatser = Insats.objects.filter(pk__in=uppdrag.filter(insats__isnull=False).values("insats"))
    else:
        insatser = Insats.objects.filter(
            samverkansorganisation__in=uppdrag.filter(insats=None).values("samverkansorganisation")
        )
    insatser = insatser.filter(deltagarregistrering=sort) if sort else insatser.kontor()
    return list(insatser.select_related("samverkansorganisation").order_by(Func("namn", function="sus_sortnyckel")))


def _sparade(anvandare: Anvandare) -> list[SparatUrval]:
    """De första av de sparade urvalen, de egna före de delade."""
    satt_sammanhang(anvandare)
    synliga = SparatUrval.objects.synliga_for(anvandare, Rattighet.VISA_RAPPORT)
    return list(synliga.kvar().egna_forst(anvandare)[:SPARADE_URVAL])


@require_safe
def start(request: Begaran) -> HttpResponse:
    """Startsidan efter roll: insatserna att registrera i, uppdragen, och vem man vänder sig till (R3)."""
    anvandare = request.user
    roller = anvandare.roller_nu
    if not roller:
        return render(request, "utan_behorighet.html", status=403)
    uppdrag = list(
        Uppdrag.objects.gallande()
        .filter(behorighet__anvandare=anvandare)
        .select_related("behorighet", "samverkansorganisation", "insats__samverkansorganisation")
        .order_by("behorighet__roll", "pk")
    )
    med_uppdrag = {ett.behorighet.roll for ett in uppdrag}
    organisationer = {
        o.pk: o
        for ett in uppdrag
        if (o := ett.samverkansorganisation or (ett.insats and ett.insats.samverkansorganisation))
    }
    deltagarinsatser, kontor, volyminsatser = [], [], []
    if Roll.DELTAGARANSVARIG in med_uppdrag:
        deltagarinsatser = _insatser(anvandare, Roll.DELTAGARANSVARIG, Deltagarregistrering.PERSONUPPGIFTER)
        kontor = _insatser(anvandare, Roll.DELTAGARANSVARIG, None)
    if Roll.INSATSANSVARIG in med_uppdrag:
        volyminsatser = _insatser(anvandare, Roll.INSATSANSVARIG, Deltagarregistrering.ANTAL)
    return render(
        request,
        "start.html",
        {
            "att_gora": att_gora(anvandare),
            "deltagarinsatser": deltagarinsatser,
            "kontor": kontor,
            "volyminsatser": volyminsatser,
            "organisationer": list(organisationer.values()),
            "uppdrag": uppdrag,
            "sparade": _sparade(anvandare),
            "saknas": [
                (roll, att_fraga(anvandare, roll)) for roll in roller if roll in GER_UPPDRAG and roll not in med_uppdrag
            ],
        },
    )

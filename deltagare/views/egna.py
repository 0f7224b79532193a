"""Insatserna som användaren registrerar i, och vem den som saknar dem vänder sig till."""

from django.db.models import Func, QuerySet

from behorighet.roller import Roll
from behorighet.skydd import Begaran
from insatser.kategorier import Deltagarregistrering
from insatser.models import Insats
from insatser.uppdrag_tjanster import att_fraga


def saknar(request: Begaran, insatser: list[Insats]) -> str:
    """Vem den som saknar uppdrag vänder sig till (R3); tomt för den som har något att registrera i."""
    if insatser:
        return ""
    return f"Du saknar uppdrag som deltagaransvarig. {att_fraga(request.user, Roll.DELTAGARANSVARIG)}"


def egna_insatser(request: Begaran, *, kontor: bool = False) -> QuerySet[Insats]:
    """Insatserna som användaren registrerar i: inte volyminsatser, och kontor bara för anonyma."""
    sorter = [Deltagarregistrering.PERSONUPPGIFTER.value, *([""] if kontor else [])]
    return (
        Insats.objects.synliga_for(request.user, request.rattighet)
        .filter(deltagarregistrering__in=sorter)
        .select_related("samverkansorganisation")
        .order_by(Func("namn", function="sus_sortnyckel"))
    )

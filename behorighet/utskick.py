"""Påminnelser med e-post: vem som får dem, hur ofta, och brevets ram. Innehållet är antal, aldrig vilka (P7)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, Protocol

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Anvandare, Behorighet, Handelse
from behorighet.roller import Roll

DAGAR_EMELLAN: Final = 7


class Laget(Protocol):
    """Det som väntar på en mottagare. Läget loggas med brevet, och jämförs med nästa."""

    amne: ClassVar[str]
    nyckel: ClassVar[str]
    """Den av detaljerna i loggen som skiljer slagets brev från andra."""

    def rader(self) -> list[str]:
        """Brevets meningar; inga när inget väntar."""

    def detaljer(self) -> dict[str, Any]:
        """Läget för loggen: koder, antal och id."""

    def nytt_sedan(self, forra: Mapping[str, Any]) -> bool:
        """Sant om något har tillkommit sedan det förra brevet, vars `detaljer` ges."""


def mottagare(roll: Roll) -> list[Anvandare]:
    """De som nu har rollen och en e-postadress."""
    gallande = Behorighet.objects.gallande().filter(roll=roll).values("anvandare")
    konton = Anvandare.objects.filter(pk__in=gallande, is_active=True).exclude(epost="")
    return list(konton.select_related("arbetsgivare").order_by("pk"))


@transaction.atomic
def paminn(konto: Anvandare, laget_for: Callable[[Anvandare], Laget]) -> bool:
    """Skickar en påminnelse om något är nytt och en vecka har gått, och loggar den. Sant om den skickades."""
    # Låst: körs kommandot på två datorer samtidigt går ändå ett brev.
    Anvandare.objects.select_for_update(of=("self",), no_key=True).get(pk=konto.pk)
    laget = laget_for(konto)
    rader = laget.rader()
    if not rader or not _dags(konto, laget):
        return False
    logga(Handelse.Typ.PAMINNELSE_SKICKAD, av=None, konto=konto.pk, **laget.detaljer())
    send_mail(laget.amne, _text(rader), None, [konto.epost])
    return True


def _dags(konto: Anvandare, laget: Laget) -> bool:
    skickade = Handelse.objects.filter(av_id=None, typ=Handelse.Typ.PAMINNELSE_SKICKAD, detaljer__konto=konto.pk)
    senaste = skickade.order_by("-tid", "-pk").first()
    if senaste and timezone.localdate() - timezone.localdate(senaste.tid) < timedelta(days=DAGAR_EMELLAN):
        return False
    forra = skickade.filter(detaljer__has_key=laget.nyckel).order_by("-tid", "-pk").first()
    return forra is None or laget.nytt_sedan(forra.detaljer)


def _text(rader: list[str]) -> str:
    sist = "Det här brevet kommer högst en gång i veckan och går inte att svara på."
    return "\n".join([*rader, "", f"Logga in i SUS för att se vilka det gäller: {settings.SUS_ADRESS}", "", sist, ""])

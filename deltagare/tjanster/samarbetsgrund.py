"""Det som allt som ändrar ett samarbete delar: låset, versionen och raden i loggen."""

from typing import Any

from django.core.exceptions import PermissionDenied

from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Samarbete
from insatser.models import Insats


def last(samarbete: Samarbete, version: int, kontor: Insats) -> Samarbete:
    """Samarbetet så som det står nu, låst.

    Ger Krock om någon har ändrat det sedan `version`, PermissionDenied om det inte är hos kontoret längre (R29).
    """
    nu = las(samarbete, kontor.pk, version=version)
    krav_version(nu.version, version)
    return nu


def las(samarbete: Samarbete, kontor_id: int, *, version: int | None = None) -> Samarbete:
    """Samarbetet låst till transaktionens slut.

    Ger PermissionDenied om det inte är hos kontoret längre (R29); Krock om det flyttades sedan `version`.
    """
    nu = Samarbete.objects.select_for_update(of=("self",)).filter(pk=samarbete.pk).first()
    if nu is None or kontor_id not in {nu.af_kontor_id, nu.fk_kontor_id}:
        flyttat = nu or Samarbete.objects.filter(pk=samarbete.pk).first()
        if flyttat and version is not None:
            krav_version(flyttat.version, version)
        raise PermissionDenied
    return nu


def ny_version(samarbete: Samarbete) -> None:
    """Höjer versionen av det låsta samarbetet. Före ett byte: sedan kan det vara hos kontor utom räckhåll."""
    samarbete.version += 1
    samarbete.save(update_fields=["version"])


def logga_andring(typ: Handelse.Typ, samarbete: Samarbete, kontor: Insats, av: Anvandare, **detaljer: Any) -> None:
    """Skriver i loggen vad som ändrades: dagar, koder och kontorens id:n, aldrig vem det gäller i klartext (P7)."""
    logga(
        typ,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=kontor.pk,
        person_id=samarbete.person_id,
        samarbete=samarbete.pk,
        **detaljer,
    )

"""Uppgifterna före och efter ett samarbete (R30)."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F

from behorighet.databasfel import skriver
from behorighet.historik import rader_for
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Samarbete, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.tjanster.samarbetsgrund import las

INTE_AVSLUTAT: Final = "Situationen efter registreras när samarbetet är avslutat."
UTAN_IDENTITET: Final = "Samarbetet är avslutat och identiteten borttagen. Uppgifterna ändras inte längre."


def tar_emot_uppgifter(samarbete: Samarbete) -> bool:
    """Falskt när samtycket är återtaget: om den personen skrivs inget nytt (P10).

    Den som har fått skydd medan samarbetet pågick räknas som alla andra (R19).
    """
    if samarbete.slut is None or not samarbete.avidentifierat:
        return True
    return rader_for(Samarbete).filter(pgh_obj=samarbete.pk, avidentifierat=True, slut=None).exists()


def spara_uppgifter(
    *,
    samarbete: Samarbete,
    uppgifter: Mapping[str, tuple[int, Mapping[str, Any]]],
    initierad_av: Myndighet | None,
    kontor_id: int,
    av: Anvandare,
) -> list[str]:
    """Sparar situationen vid ett eller två tillfällen, alla eller inga (R30). Går att rätta senare.

    `uppgifter` har per tillfälle versionen som användaren utgick från (0 om inget var sparat) och fälten i
    `Samarbetsuppgift`. `initierad_av` är None när det inte frågas. Returnerar tillfällena som ändrades.
    Ger Krock om någon annan har sparat sedan dess, PermissionDenied om samarbetet inte är hos kontoret längre,
    ValidationError om situationen efter inte kan finnas än, eller om samtycket är återtaget.
    """
    with skriver():
        samarbete = las(samarbete, kontor_id)
        if not tar_emot_uppgifter(samarbete):
            raise ValidationError(UTAN_IDENTITET)
        if Samarbetsuppgift.Tillfalle.EFTER in uppgifter and samarbete.insatstyp != Insatstyp.AVSLUTAT:
            raise ValidationError(INTE_AVSLUTAT)
        sparade = {en.tillfalle: en for en in Samarbetsuppgift.objects.filter(samarbete=samarbete)}
        for tillfalle, (version, _) in uppgifter.items():
            krav_version(sparade[tillfalle].version if tillfalle in sparade else 0, version)
        andrade = {
            tillfalle: falten
            for tillfalle, (_, falt) in uppgifter.items()
            if (falten := _spara(samarbete, tillfalle, sparade, falt))
        }
        if initierad_av and initierad_av != samarbete.initierad_av:
            samarbete.initierad_av = initierad_av
            samarbete.save(update_fields=["initierad_av"])
            if Samarbetsuppgift.Tillfalle.FORE not in andrade:
                # Vem som tog initiativet visas och sparas med situationen före: den som har den öppen får veta det.
                Samarbetsuppgift.objects.filter(samarbete=samarbete, tillfalle=Samarbetsuppgift.Tillfalle.FORE).update(
                    version=F("version") + 1
                )
            andrade.setdefault(Samarbetsuppgift.Tillfalle.FORE.value, []).append("initierad_av")
        if andrade:
            logga(
                Handelse.Typ.SAMARBETSUPPGIFTER_SPARADE,
                av=av,
                roll=Roll.DELTAGARANSVARIG,
                insats_id=kontor_id,
                person_id=samarbete.person_id,
                samarbete=samarbete.pk,
                falt=andrade,
            )
    return list(andrade)


def _spara(
    samarbete: Samarbete, tillfalle: str, sparade: Mapping[str, Samarbetsuppgift], falt: Mapping[str, Any]
) -> list[str]:
    """Sparar, och ger namnen på fälten som ändrades. Ett första tillfälle har alltid fält, om också tomma."""
    sparad = sparade.get(tillfalle)
    if sparad is None:
        Samarbetsuppgift.objects.create(samarbete=samarbete, tillfalle=tillfalle, **falt)
        return list(falt)
    andrade = [namn for namn, varde in falt.items() if getattr(sparad, namn) != varde]
    for namn in andrade:
        setattr(sparad, namn, falt[namn])
    if andrade:
        sparad.version += 1
        sparad.save(update_fields=["version", *andrade])
    return andrade

"""Byta kontor i ett samarbete, rätta kontoren och ångra bytet (R29)."""

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.models import Anvandare, Handelse
from deltagare.models import Overgang, Samarbete, Samarbetskontor
from deltagare.overgangar import Myndighet
from deltagare.tjanster.person import las_samarbetet
from deltagare.tjanster.samarbetsgrund import last, logga_andring, ny_version
from deltagare.tjanster.tid import krav_inte_framtid
from insatser.models import Insats

ANGRA_SLUTET_FORST: Final = "Samarbetet är avslutat. Ångra först den sista övergången."
INTE_ATT_RATTA: Final = (
    "Kontoren går inte att rätta: samarbetet har gått vidare hos dem. Låt rutan vara tom, och ange från och med vilken "
    "dag de byts."
)


def byt_kontor(
    *,
    samarbete: Samarbete,
    version: int,
    datum: date | None,
    rattas: bool = False,
    till: dict[Myndighet, Insats],
    kontor: Insats,
    av: Anvandare,
) -> Samarbete:
    """Flyttar samarbetet till andra kontor från och med en dag; de förra står kvar i historiken (R29).

    Om kontoren `rattas` gäller de nya från samma dag som de nuvarande, som då aldrig har haft samarbetet och inte når
    det. Det går om den dagen är i dag eller om inget har följt på begäran. Ger Krock, PermissionDenied om det inte är
    hos `kontor` längre, ValidationError om inget byts, om samarbetet är avslutat eller om dagen är för tidig.
    """
    if datum:
        krav_inte_framtid("datum", datum)
    with skriver():
        if rattas:
            las_samarbetet(samarbete)  # numret före samarbetet, som överallt
        samarbete = last(samarbete, version, kontor)
        if samarbete.slut:
            raise ValidationError("Samarbetet är avslutat. Kontor byts bara medan det pågår.")
        fran, nya = (samarbete.af_kontor_id, samarbete.fk_kontor_id), (till[Myndighet.AF].pk, till[Myndighet.FK].pk)
        if fran == nya:
            raise ValidationError("Samarbetet är redan hos de kontoren. Välj ett annat.")
        senast = _kontoren(samarbete)[0].datum
        if rattas and not _gar_att_ratta(samarbete, senast):
            raise ValidationError({"rattas": INTE_ATT_RATTA})
        galler = senast if rattas or datum is None else datum
        if not rattas and galler <= senast:
            raise ValidationError({"datum": f"Kontoren gäller sedan {senast}. Ange en senare dag."})
        ny_version(samarbete)
        if rattas:
            with connection.cursor() as markor:
                markor.execute("SELECT ratta_kontoren(%s, %s, %s)", [samarbete.pk, *nya])
        else:
            Samarbetskontor.objects.create(
                samarbete=samarbete, datum=galler, af_kontor=till[Myndighet.AF], fk_kontor=till[Myndighet.FK]
            )
        rattat = {"rattat": True} if rattas else {}
        dag = galler.isoformat()
        logga_andring(Handelse.Typ.KONTOR_BYTT, samarbete, kontor, av, datum=dag, fran=[*fran], till=[*nya], **rattat)
    return _efter(samarbete)


def angra_byte_av_kontor(*, samarbete: Samarbete, version: int, kontor: Insats, av: Anvandare) -> Samarbete:
    """Tar bort det senaste bytet av kontor: de som det flyttades till har då aldrig haft det (R29).

    De första kontoren står kvar. Efteråt kan samarbetet vara utom räckhåll för den som ångrade. Ger Krock,
    PermissionDenied om det inte är hos `kontor` längre, ValidationError om det inte går: samarbetet är avslutat, eller
    kontoren har inte bytts.
    """
    with skriver():
        samarbete = last(samarbete, version, kontor)
        if samarbete.slut:
            raise ValidationError(ANGRA_SLUTET_FORST)
        senaste, *tidigare = _kontoren(samarbete)
        if not tidigare:
            raise ValidationError("Kontoren har inte bytts. Det finns inget byte att ångra.")
        ny_version(samarbete)
        senaste.delete()
        logga_andring(
            Handelse.Typ.KONTORSBYTE_ANGRAT,
            samarbete,
            kontor,
            av,
            datum=senaste.datum.isoformat(),
            fran=[senaste.af_kontor_id, senaste.fk_kontor_id],
            till=[tidigare[0].af_kontor_id, tidigare[0].fk_kontor_id],
        )
    return _efter(samarbete)


def _kontoren(samarbete: Samarbete) -> list[Samarbetskontor]:
    return list(Samarbetskontor.objects.filter(samarbete=samarbete).order_by("-datum"))


def _gar_att_ratta(samarbete: Samarbete, datum: date) -> bool:
    """Databasen säger detsamma (`ratta_kontoren`)."""
    return datum == timezone.localdate() or Overgang.objects.filter(samarbete=samarbete).count() == 1


def _efter(samarbete: Samarbete) -> Samarbete:
    """Samarbetet så som det blev, eller så som det var om det nu är utom räckhåll."""
    return Samarbete.objects.filter(pk=samarbete.pk).first() or samarbete

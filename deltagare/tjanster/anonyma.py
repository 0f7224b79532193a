"""Anonyma deltagare: antal per kalenderår och kön (`doman.md` 5)."""

from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import F

from behorighet.databasfel import skriver
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Anonym
from deltagare.tjanster.period import krav_pa_aret
from deltagare.tjanster.tid import krav_ar_inte_framtid
from deltagare.uppgifter import Kon
from insatser.models import Insats, Lasorsak
from insatser.tjanster import las_kategorisering


class Anonymrad(NamedTuple):
    """Ett antal anonyma av ett kön."""

    kon: Kon
    antal: int


def registrera_anonyma(*, insats: Insats, ar: int, rader: Iterable[Anonymrad], av: Anvandare) -> None:
    """Lägger till anonyma deltagare för ett kalenderår och låser kategoriseringen (`doman.md` 5, R11).

    Antalen läggs till dem som redan är registrerade. Ger ValidationError för år i framtiden eller utanför
    insatsens datum, och för en insats som inte tar emot anonyma.
    """
    krav_ar_inte_framtid("ar", ar)
    summor: dict[Kon, int] = {}
    for rad in rader:
        summor[rad.kon] = summor.get(rad.kon, 0) + rad.antal
    if not summor or min(summor.values()) < 1:
        raise ValidationError("Ange minst ett antal och lägg till det innan du sparar.")
    with krav_pa_aret(insats.pk), skriver():
        las_kategorisering(insats=insats, orsak=Lasorsak.ANONYM, av=av)
        for kon, antal in summor.items():
            sparad, _ = Anonym.objects.get_or_create(insats=insats, ar=ar, kon=kon, defaults={"antal": 0})
            Anonym.objects.filter(pk=sparad.pk).update(antal=F("antal") + antal)
        logga(
            Handelse.Typ.ANONYMA_REGISTRERADE,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            ar=ar,
            antal={kon.value: antal for kon, antal in summor.items()},
        )


def ta_bort_anonyma(*, insats: Insats, ar: int, kon: str, antal: int, anledning: str, av: Anvandare) -> None:
    """Tar bort felregistrerade anonyma; det är ingen utregistrering (`doman.md` 5). Låset står kvar (R11).

    Ger ValidationError om fler tas bort än som är registrerade.
    """
    with skriver():
        rad = Anonym.objects.select_for_update(of=("self",)).filter(insats=insats, ar=ar, kon=kon).first()
        finns = rad.antal if rad else 0
        if rad is None or antal > finns:
            raise ValidationError({"antal": f"Det finns {finns} registrerade att ta bort."})
        rad.antal -= antal
        rad.save(update_fields=["antal"])
        logga(
            Handelse.Typ.ANONYMA_BORTTAGNA,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            ar=ar,
            kon=kon,
            antal=antal,
            anledning=anledning,
        )

"""Spara, ändra, ta bort och återställa sparade urval.

Ett delat urval är organisationens: var och en där får ändra och ta bort det. Därför sägs vem som gjorde det senast, den
som ändrar samtidigt får veta vad som skiljer (P15), och det borttagna går att återställa i 30 dagar. Radskyddet i
databasen håller gränserna; här blir de begripliga fel.
"""

import re
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone

from behorighet.databasfel import SAMTIDIGT, skriver
from behorighet.krock import krav_version
from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from rapporter.falt import MANADER
from rapporter.models import SparatUrval
from rapporter.models.sparat_urval import GAR_ATT_ATERSTALLA
from rapporter.perioder import Periodval
from rapporter.sparat import falt_av, texter_av
from rapporter.urval import Koder, Urval

HOGST_PER_ANVANDARE: Final = 200
HOGSTA_NAMN: Final = 100
BORTA: Final = "Någon annan har redan tagit bort urvalet. Det går att återställa på sidan Sparade urval."
# Det som ser ut som ett person- eller samordningsnummer hör inte hemma i ett namn (P7).
_PERSONNUMMER: Final = re.compile(
    r"(?<!\d)(\d{2})?\d{2}(0[1-9]|1[0-2])([0-3]|[6-9])\d[-+ \u2010-\u2013\u2212]?\d{4}(?!\d)", re.ASCII
)


def spara(*, namn: str, urval: Urval, period: str, delat: bool, koder: Koder, av: Anvandare) -> SparatUrval:
    """Sparar urvalet under ett nytt namn. Ger ValidationError om namnet är upptaget eller har ett personnummer."""
    namn = _provat(namn)
    with skriver():
        _glom_gamla(av)
        _prova_antalet(av)
        return SparatUrval.objects.create(
            agare=av,
            delad_med_id=av.arbetsgivare_id if delat else None,
            namn=namn,
            period=period,
            andrad_av=av,
            **_innehall(urval, koder, period),
        )


def andra(
    *,
    sparat: SparatUrval,
    version: int,
    namn: str,
    urval: Urval,
    period: str,
    delat: bool,
    koder: Koder,
    av: Anvandare,
    behall: bool = False,
) -> SparatUrval:
    """Ändrar ett urval som ingen annan har ändrat sedan `version`. Ger Krock, annars ValidationError per fält.

    Med `behall` står det sparade urvalet kvar som det är, också det i det som inte längre finns: bara månaderna kan bli
    en period som följer med, eller tvärtom de i `urval`.
    """
    namn = _provat(namn)
    with skriver():
        sparat = _last(sparat, av)
        krav_version(sparat.version, version)
        if sparat.ar_delat and not delat and sparat.agare_id != av.pk:
            raise ValidationError(
                {"delat": "Bara den som sparade urvalet kan göra det privat. Spara ett eget i stället."}
            )
        nya: dict[str, Any] = {
            "namn": namn,
            "delad_med_id": av.arbetsgivare_id if delat else None,
            "period": period,
            "version": sparat.version + 1,
            "andrad_av": av,
            "andrad_vid": timezone.now(),
            **(_behallet(sparat, urval, period) if behall else _innehall(urval, koder, period)),
        }
        _skriv(sparat, nya)
    return sparat


def ta_bort(*, sparat: SparatUrval, av: Anvandare) -> SparatUrval:
    """Tar bort urvalet; det går att återställa i 30 dagar. Är det redan borttaget händer inget."""
    with skriver():
        _glom_gamla(av)
        sparat = _last(sparat, av, borttaget=True)
        if not sparat.borttagen_vid:
            _skriv(sparat, {"borttagen_vid": timezone.now(), "borttagen_av": av, "version": sparat.version + 1})
    return sparat


def aterstall(*, sparat: SparatUrval, av: Anvandare) -> SparatUrval:
    """Återställer ett borttaget urval. Har namnet tagits under tiden får det återställda en siffra efter sig.

    Ger ValidationError om användaren redan har så många som får sparas, eller om namnet togs i samma stund.
    """
    try:
        with skriver():
            sparat = _last(sparat, av, borttaget=True)
            if sparat.borttagen_vid:
                if sparat.agare_id == av.pk:
                    _prova_antalet(av)
                nya = {"borttagen_vid": None, "borttagen_av": None, "namn": _ledigt(sparat)}
                _skriv(sparat, {**nya, "version": sparat.version + 1})
    except ValidationError as fel:
        if isinstance(fel.__cause__, IntegrityError):
            raise ValidationError(SAMTIDIGT, code="samtidigt") from fel
        raise
    return sparat


def _skriv(sparat: SparatUrval, nya: dict[str, Any]) -> None:
    for falt, varde in nya.items():
        setattr(sparat, falt, varde)
    sparat.save(update_fields=[falt.removesuffix("_id") for falt in nya])


def _innehall(urval: Urval, koder: Koder, period: str) -> dict[str, Any]:
    return {"falt": falt_av(urval, koder, period), "texter": texter_av(urval, koder)}


def _behallet(sparat: SparatUrval, urval: Urval, period: str) -> dict[str, Any]:
    if period != Periodval.FAST:
        return {"falt": {namn: varden for namn, varden in sparat.falt.items() if namn not in MANADER}}
    return {"falt": {"fran": [f"{urval.fran:%Y-%m}"], "till": [f"{urval.till:%Y-%m}"], **sparat.falt}}


def _prova_antalet(av: Anvandare) -> None:
    if SparatUrval.objects.kvar().filter(agare=av).count() >= HOGST_PER_ANVANDARE:
        raise ValidationError(f"Du har redan {HOGST_PER_ANVANDARE} sparade urval. Ta bort något av dem först.")


def _provat(namn: str) -> str:
    namn = " ".join(namn.split())
    if not namn:
        raise ValidationError({"namn": "Ange ett namn."})
    if _PERSONNUMMER.search(namn):
        raise ValidationError({"namn": "Namnet får inte innehålla ett personnummer."})
    return namn


def _last(sparat: SparatUrval, av: Anvandare, *, borttaget: bool = False) -> SparatUrval:
    """Raden, låst. Ger PermissionDenied utanför räckvidden och ValidationError om den är borttagen."""
    raden = (
        SparatUrval.objects.synliga_for(av, Rattighet.VISA_RAPPORT)
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=sparat.pk)
        .first()
    )
    if raden is None:
        raise PermissionDenied
    if raden.borttagen_vid and not borttaget:
        raise ValidationError(BORTA)
    return raden


def _ledigt(sparat: SparatUrval) -> str:
    kvar = SparatUrval.objects.kvar()
    samma = (
        kvar.filter(delad_med=sparat.delad_med_id)
        if sparat.ar_delat
        else kvar.filter(agare=sparat.agare_id, delad_med=None)
    )
    tagna = {namn.casefold() for namn in samma.values_list("namn", flat=True)}
    nya = (f"{sparat.namn[: HOGSTA_NAMN - 6]} ({nr})" for nr in range(2, len(tagna) + 3))
    return next(namn for namn in (sparat.namn, *nya) if namn.casefold() not in tagna)


def _glom_gamla(av: Anvandare) -> None:
    """Det som varit borttaget så länge att det inte går att återställa försvinner helt."""
    SparatUrval.objects.hos(av).filter(borttagen_vid__lte=Now() - GAR_ATT_ATERSTALLA).delete()

"""Ändrar kodverken (`doman.md` 4). En kod byter aldrig namn och tas aldrig bort: den avslutas."""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet
from deltagare.models import Kod
from deltagare.uppgifter import Kodverk


def lagg_till_kod(
    *, kodverk: Kodverk, kod: str, etikett: str, ordning: int, giltig_fran: date | None, av: Anvandare
) -> Kod:
    """Lägger en kod på platsen `ordning` (1 är först) i kodverket och returnerar den.

    Ger ValidationError om kodverket redan har koden, eller en kod som gäller med samma text, och PermissionDenied för
    den som inte administrerar systemet.
    """
    _krav_ratt(av)
    with skriver():
        rader = _las(kodverk)
        _krav_egen_text(rader, None, etikett, giltig_fran)
        ny = Kod.objects.create(
            kodverk=kodverk, kod=kod, etikett=etikett, ordning=len(rader) + 1, giltig_fran=giltig_fran
        )
        _placera(rader, ny, ordning)
        _logga(ny, av, slag="ny", falt=[])
    return ny


def andra_kod(*, kod: Kod, version: int, etikett: str, ordning: int, giltig_till: date | None, av: Anvandare) -> bool:
    """Ändrar kodens text, plats och sista giltiga dag. Sant om något ändrades.

    Ger Krock om någon annan har ändrat den sedan `version`, och ValidationError, per fält, om en regel hänger på en kod
    som avslutas, om dagen ligger längre tillbaka än i går eller om kodverket skulle stå utan koder.
    """
    _krav_ratt(av)
    with skriver():
        rader = _las(Kodverk(kod.kodverk))
        sparad = next(rad for rad in rader if rad.pk == kod.pk)
        krav_version(sparad.version, version)
        nytt: dict[str, Any] = {"etikett": etikett, "giltig_till": giltig_till}
        andrat = [namn for namn, varde in nytt.items() if getattr(sparad, namn) != varde]
        if "giltig_till" in andrat:
            _krav_slut(rader, sparad, giltig_till)
        _krav_egen_text([rad for rad in rader if rad.pk != sparad.pk], giltig_till, etikett, sparad.giltig_fran)
        if sparad.ordning != ordning:
            _placera([rad for rad in rader if rad.pk != sparad.pk], sparad, ordning)
            andrat.append("ordning")
        if andrat:
            Kod.objects.filter(pk=sparad.pk).update(**nytt, version=F("version") + 1)
            _logga(sparad, av, slag="andrad", falt=andrat, giltig_till=giltig_till.isoformat() if giltig_till else None)
    return bool(andrat)


def _krav_ratt(av: Anvandare) -> None:
    if not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied


def _las(kodverk: Kodverk) -> list[Kod]:
    """Kodverkets koder i ordning, låsta: två som ändrar samma kodverk går en i taget."""
    return sorted(
        Kod.objects.select_for_update().filter(kodverk=kodverk).order_by("pk"), key=lambda kod: (kod.ordning, kod.pk)
    )


def _krav_slut(rader: list[Kod], kod: Kod, till: date | None) -> None:
    if till is None:
        return
    if kod.bunden:
        raise ValidationError({"giltig_till": "En regel i SUS hänger på koden. Den går inte att avsluta."})
    if till < timezone.localdate() - timedelta(days=1):
        raise ValidationError({"giltig_till": "Ange i går eller senare. Med i går går koden inte längre att välja."})
    if not any(rad.galler(till + timedelta(days=1)) for rad in rader if rad.pk != kod.pk):
        raise ValidationError({"giltig_till": "Kodverket skulle stå utan koder. Lägg till en annan först."})


def _krav_egen_text(ovriga: list[Kod], till: date | None, etikett: str, fran: date | None) -> None:
    """Två koder med samma text som gäller samtidigt går inte att skilja åt."""
    for annan in ovriga:
        fore = till is not None and annan.giltig_fran is not None and till < annan.giltig_fran
        efter = fran is not None and annan.giltig_till is not None and annan.giltig_till < fran
        if annan.etikett.casefold() == etikett.casefold() and not fore and not efter:
            raise ValidationError({"etikett": "Kodverket har redan en kod med den texten. Skriv en annan."})


def _placera(ovriga: list[Kod], kod: Kod, plats: int) -> None:
    """Ställer koden på sin plats och numrerar om de andra."""
    ordnade = [*ovriga[: plats - 1], kod, *ovriga[plats - 1 :]]
    for nummer, rad in enumerate(ordnade, start=1):
        if rad.ordning != nummer:
            Kod.objects.filter(pk=rad.pk).update(ordning=nummer)


def _logga(kod: Kod, av: Anvandare, **detaljer: Any) -> None:
    logga(Handelse.Typ.KODVERK_ANDRAT, av=av, kodverk=kod.kodverk, kod=kod.kod, **detaljer)

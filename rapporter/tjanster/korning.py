"""Det som arbetaren skriver medan en beställd rapport görs.

Arbetaren går i beställarens sammanhang, som webben: databasens radskydd gäller, och rätten prövas på nytt. `Korning`
är ett försök; har ett senare börjat, eller beställningen avbrutits, får det inte skriva mer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import SEEK_END
from typing import BinaryIO, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least, Now

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from behorighet.skydd import satt_sammanhang
from rapporter.models import Bestallning, Bestallningsdel, Lage
from rapporter.urval import FALT, Koder, Urval, tolka

# Så många fel innan en beställning ges upp.
HOGST_MISSLYCKANDEN: Final = 5
# Så många gånger får den tas upp i allt: en rapport som gång på gång dödar sin arbetare ska inte hålla på för alltid.
HOGST_FORSOK: Final = 50
BIT: Final = 1024 * 1024  # byte i en bit av filen
INTE_LANGRE: Final = "Du har inte längre behörighet att se rapporter."
# SQLSTATE: förbindelsen, stängs av eller startar, för många förbindelser.
_BORTA: Final = ("08", "57P", "53300")
GICK_INTE: Final = "Rapporten gick inte att göra. Försök igen, eller avgränsa urvalet."


class Inaktuell(Exception):
    """Beställningen är avbruten eller borttagen, eller ett senare försök har tagit över."""


@dataclass(frozen=True, slots=True)
class Korning:
    """Ett försök att göra en beställd rapport."""

    pk: UUID
    anvandare: Anvandare
    forsok: int
    format: str
    urval: dict[str, object]


def borja(pk: UUID) -> Korning | None:
    """Tar upp beställningen. None om den inte ska göras: den är avslutad, borta, har prövats för många gånger, eller
    beställaren får inte längre se rapporter.
    """
    with transaction.atomic():
        anvandare = _anvandare(pk)
        if anvandare is None:
            return None
        satt_sammanhang(anvandare)
        egen = Bestallning.objects.oppna().select_for_update().filter(pk=pk).first()
        if egen is None:
            return None
        korning = Korning(pk, anvandare, egen.forsok + 1, egen.format, egen.urval)
        if egen.forsok >= HOGST_FORSOK or not anvandare.is_active or not anvandare.far(Rattighet.VISA_RAPPORT):
            fel = GICK_INTE if egen.forsok >= HOGST_FORSOK else INTE_LANGRE
            Bestallning.objects.filter(pk=pk).update(lage=Lage.MISSLYCKAD, avslutad_vid=Now(), fel=fel)
            return None
        Bestallning.objects.filter(pk=pk).update(lage=Lage.PAGAR, forsok=korning.forsok, borjade_vid=Now(), klara=0)
    return korning


@contextmanager
def i_sammanhanget(korning: Korning, *, ett_ogonblick: bool = False) -> Iterator[None]:
    """En transaktion i beställarens sammanhang. Med `ett_ogonblick` ser alla dess frågor samma ögonblick."""
    with transaction.atomic():
        if ett_ogonblick:
            with connection.cursor() as markor:
                markor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        satt_sammanhang(korning.anvandare)
        yield


def urvalet(korning: Korning, *, koder: Koder, idag: date) -> Urval:
    """Det beställda urvalet, prövat på nytt. Ger ValidationError om någon kod inte längre finns."""
    varden = {falt: korning.urval.get(falt) for falt in FALT}
    listor = {falt: varde if isinstance(varde, list) else [str(varde)] for falt, varde in varden.items() if varde}
    return tolka(listor, koder=koder, idag=idag)


def framsteg(korning: Korning, *, klara: int, rader: int | None = None) -> None:
    """Noterar hur många rader som är färdiga, och hur många de är om `rader` ges. Ger Inaktuell."""
    with i_sammanhanget(korning):
        if rader is not None:
            _skriv(korning, rader=rader, klara=klara)
        else:
            _skriv(korning, klara=Least(klara, F("rader")))


def bli_klar(korning: Korning, *, fil: BinaryIO) -> None:
    """Sparar filen och avslutar beställningen, allt eller inget. Ger Inaktuell om en annan redan har gjort det."""
    storlek = fil.seek(0, SEEK_END)
    fil.seek(0)
    with i_sammanhanget(korning):
        _skriv(korning, lage=Lage.KLAR, klara=F("rader"), avslutad_vid=Now(), storlek=storlek)
        # En bit i taget, så att filen aldrig är hel i minnet.
        for nr, innehall in enumerate(iter(lambda: fil.read(BIT), b"")):
            Bestallningsdel.objects.create(bestallning_id=korning.pk, nr=nr, innehall=innehall)


def misslyckas(korning: Korning, *, fel: str) -> None:
    """Avslutar beställningen utan fil. `fel` säger varför, för den som beställde. Ger Inaktuell."""
    with i_sammanhanget(korning):
        _skriv(korning, lage=Lage.MISSLYCKAD, avslutad_vid=Now(), fel=fel[:300])


def gick_fel(korning: Korning) -> bool:
    """Räknar ett misslyckat försök. Sant om beställningen därmed ges upp. Ger Inaktuell."""
    with i_sammanhanget(korning):
        _skriv(korning, misslyckanden=F("misslyckanden") + 1)
        ges_upp = Bestallning.objects.filter(pk=korning.pk, misslyckanden__gte=HOGST_MISSLYCKANDEN).exists()
        if ges_upp:
            _skriv(korning, lage=Lage.MISSLYCKAD, avslutad_vid=Now(), fel=GICK_INTE)
    return ges_upp


def databasen_ar_borta(fel: Exception) -> bool:
    """Sant om felet är att databasen inte går att nå: den startar om, eller förbindelsen har brutits."""
    if not isinstance(fel, OperationalError | InterfaceError):
        return False
    kod = getattr(fel.__cause__, "sqlstate", None)
    return kod is None or kod.startswith(_BORTA)


def _skriv(korning: Korning, **varden: object) -> None:
    mitt: QuerySet[Bestallning] = Bestallning.objects.filter(pk=korning.pk, lage=Lage.PAGAR, forsok=korning.forsok)
    if not mitt.update(**varden):
        raise Inaktuell


def _anvandare(pk: UUID) -> Anvandare | None:
    with connection.cursor() as markor:
        markor.execute("SELECT bestallningens_anvandare(%s)", [pk])
        [anvandare] = markor.fetchone()
    return Anvandare.objects.med_roller().filter(pk=anvandare).first() if anvandare else None

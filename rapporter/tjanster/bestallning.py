"""Beställa, avbryta och ta bort en rapport som görs i bakgrunden (`docs/adr/0024-langa-rapporter.md`)."""

import hashlib
import json
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateWorker

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from rapporter.models import MED_BESKED, Bestallning, Lage
from rapporter.urval import Koder, Urval

KO: Final = "rapporter"
JOBB: Final = "gor_rapport"
HOGST_OPPNA: Final = 5
FOR_MANGA: Final = (
    f"Du har redan {HOGST_OPPNA} rapporter som väntar eller görs. Vänta tills någon av dem är klar, eller avbryt en."
)


def bestall(*, urval: Urval, koder: Koder, format: str, av: Anvandare) -> Bestallning:
    """Beställer Insatsrapporten för urvalet som fil.

    Väntar eller görs samma rapport redan ges den i stället: ett dubbelklick är ett jobb. Ger ValidationError om
    användaren redan har för många på gång.
    """
    data = urval.som_data()
    del data["idag"]  # dagen då rapporten görs gäller
    summa = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        glom_gamla()
        # En i taget per användare, så att två samtidiga ser varandras.
        Anvandare.objects.select_for_update(no_key=True).only("pk").get(pk=av.pk)
        oppna = Bestallning.objects.filter(anvandare=av).oppna()
        if finns := oppna.filter(format=format, summa=summa).first():
            return finns
        if oppna.count() >= HOGST_OPPNA:
            raise ValidationError(FOR_MANGA, code="for_manga")
        ny = Bestallning.objects.create(
            anvandare=av,
            urval=data,
            urval_i_ord=[list(par) for par in urval.i_ord(koder)],
            adress=urval.adress(koder, visa="1"),
            summa=summa,
            filnamn=f"insatsrapport_{urval.fran:%Y-%m}_{urval.till:%Y-%m}",
            format=format,
        )
        # I samma transaktion: jobbet finns om och bara om beställningen gör det.
        app.configure_task(JOBB, queue=KO).defer(bestallning=str(ny.pk))
    return ny


def avbryt(*, pk: UUID, av: Anvandare) -> None:
    """Avbryter en beställning som väntar eller görs; en avslutad lämnas som den är. Ger Bestallning.DoesNotExist."""
    with transaction.atomic():
        egen = _egen(pk, av)
        if egen.ar_oppen:
            Bestallning.objects.filter(pk=pk).update(lage=Lage.AVBRUTEN, avslutad_vid=Now())


def ta_bort(*, pk: UUID, av: Anvandare) -> None:
    """Tar bort en avslutad beställning och dess fil. Ger Bestallning.DoesNotExist, också för en som görs."""
    with transaction.atomic():
        egen = _egen(pk, av)
        if egen.ar_oppen:
            raise Bestallning.DoesNotExist
        egen.delar.all().delete()
        egen.delete()


def se(*, av: Anvandare, pk: UUID | None = None) -> None:
    """Märker användarens klara och misslyckade rapporter, eller bara en, som sedda: inget mer besked om dem."""
    nya = Bestallning.objects.filter(anvandare=av, lage__in=MED_BESKED, sedd_vid=None)
    (nya.filter(pk=pk) if pk else nya).update(sedd_vid=Now())


def nagon_arbetar() -> bool:
    """Sant om någon arbetare har gett livstecken den senaste minuten."""
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=Now() - timedelta(minutes=1)).exists()


def glom_gamla() -> int:
    """Tar bort allas beställningar och filer som är äldre än sju dagar. Returnerar hur många."""
    with connection.cursor() as markor:
        markor.execute("SELECT glom_gamla_rapporter()")
        return int(markor.fetchone()[0])


def _egen(pk: UUID, av: Anvandare) -> Bestallning:
    egna = Bestallning.objects.synliga_for(av, Rattighet.VISA_RAPPORT)
    return egna.select_for_update(of=("self",)).get(pk=pk)

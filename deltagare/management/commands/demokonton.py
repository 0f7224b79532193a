from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from behorighet.models import Anvandare, Behorighet, Organisation, Organisationstyp
from behorighet.roller import Roll
from behorighet.tjanster import bestall_behorighet
from insatser.kategorier import Deltagarregistrering, Samverkansform
from insatser.models import Insats, Samverkansorganisation, Uppdrag

LOSENORD: Final = "demo"


class Konto(NamedTuple):
    """Ett demokonto. Användarnamnet är rollens, med myndigheten för den som har sitt uppdrag på ett kontor."""

    anvandarnamn: str
    roll: Roll
    fornamn: str
    efternamn: str
    arbetsgivare: tuple[str, Organisationstyp]
    kontor: Samverkansform | None = None


_KOMMUN: Final = ("Vänersnäs kommun", Organisationstyp.KOMMUN)
_FK: Final = ("Försäkringskassan", Organisationstyp.STAT)
_AF: Final = ("Arbetsförmedlingen", Organisationstyp.STAT)
_REGION: Final = ("Region Västland", Organisationstyp.REGION)

KONTON: Final = (
    Konto("insatsansvarig", Roll.INSATSANSVARIG, "Ingrid", "Sandberg", _REGION),
    Konto("deltagaransvarig", Roll.DELTAGARANSVARIG, "David", "Lindqvist", _KOMMUN),
    Konto("samverkansadministrator", Roll.SAMVERKANSADMINISTRATOR, "Samira", "Nordin", _AF),
    Konto("rapport", Roll.SUS_RAPPORT, "Rolf", "Åkesson", _FK),
    Konto("bestallare", Roll.BESTALLARE, "Birgitta", "Ek", _KOMMUN),
    Konto("systemadministrator", Roll.SYSTEMADMINISTRATOR, "Sten", "Öberg", _FK),
    Konto("deltagaransvarig_fk", Roll.DELTAGARANSVARIG, "Frida", "Kvist", _FK, Samverkansform.FK),
    Konto("deltagaransvarig_af", Roll.DELTAGARANSVARIG, "Adam", "Fors", _AF, Samverkansform.AF),
    Konto("insatsansvarig_fk", Roll.INSATSANSVARIG, "Inga", "Fredin", _FK, Samverkansform.FK),
)


class Command(BaseCommand):
    help = "Skapar demokontona med behörigheter och uppdrag. Kan köras igen; det som finns står kvar."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demokonton skapas bara i demoläget (SUS_DEMO=ja): lösenordet är känt av alla.")
        idag = localdate()
        with transaction.atomic():
            behorigheter = {}
            for konto in KONTON:
                behorighet = _behorighet(konto, idag)
                if konto.kontor:
                    _ge(behorighet, _kontor(konto.kontor, idag))
                else:
                    behorigheter[konto.roll] = behorighet
            organisationer = _organisationer(idag)
            if organisationer:
                _ge(behorigheter[Roll.INSATSANSVARIG], organisationer[:3])
                _ge(behorigheter[Roll.SAMVERKANSADMINISTRATOR], organisationer[:1])
                _ge(behorigheter[Roll.DELTAGARANSVARIG], _insatser(organisationer[0], idag)[:8])
        for konto in KONTON:
            self.stdout.write(f"{konto.anvandarnamn} ({konto.roll.label})")


def _behorighet(konto: Konto, idag: date) -> Behorighet:
    """Kontots behörighet, med konto och arbetsgivare om de saknas."""
    namn, typ = konto.arbetsgivare
    arbetsgivare, _ = Organisation.objects.get_or_create(namn=namn, defaults={"typ": typ})
    anvandare = Anvandare.objects.filter(username=konto.anvandarnamn).first()
    if anvandare is None:
        anvandare = Anvandare.objects.create_user(
            konto.anvandarnamn,
            LOSENORD,
            fornamn=konto.fornamn,
            efternamn=konto.efternamn,
            arbetsgivare=arbetsgivare,
            epost=f"{konto.anvandarnamn}@sus.example",
        )
    gallande: Behorighet | None = anvandare.behorigheter.gallande().filter(roll=konto.roll).first()
    if gallande:
        return gallande
    # Genom tjänsten: en som avslutades i demon tidigare i dag ger plats åt den nya (R1a).
    fran = date(idag.year - 1, 1, 1) if not anvandare.behorigheter.exists() else idag
    return bestall_behorighet(anvandare=anvandare, roller=[konto.roll], fran=fran, till=None, av=None)[0]


def _organisationer(idag: date) -> list[Samverkansorganisation]:
    """Samordningsförbund att ge uppdrag på, det med flest pågående insatser med deltagare först."""
    forbund = Samverkansorganisation.objects.filter(
        Q(slutdatum=None) | Q(slutdatum__gte=idag), samverkansform=Samverkansform.FINSAM
    )
    return sorted(forbund, key=lambda organisation: (-len(_insatser(organisation, idag)), organisation.pk))


def _insatser(organisation: Samverkansorganisation, idag: date) -> list[Insats]:
    """Pågående insatser med deltagare registrerade."""
    return list(
        Insats.objects.filter(
            Q(slutdatum=None) | Q(slutdatum__gte=idag),
            samverkansorganisation=organisation,
            deltagarregistrering=Deltagarregistrering.PERSONUPPGIFTER,
            kategorisering_last_vid__isnull=False,
        ).order_by("pk")
    )


def _kontor(form: Samverkansform, idag: date) -> list[Insats]:
    """Myndighetens största kontor: på samma ort hos båda."""
    kontor = Insats.objects.filter(Q(slutdatum=None) | Q(slutdatum__gte=idag), samverkansform=form)
    return list(kontor.order_by("nyckel")[:1])


def _ge(behorighet: Behorighet, vad: Iterable[Samverkansorganisation | Insats]) -> None:
    """Uppdrag från och med behörighetens första dag, om behörigheten inte redan har några."""
    if Uppdrag.objects.filter(behorighet=behorighet).exists():
        return
    for en in vad:
        Uppdrag.objects.create(
            behorighet=behorighet,
            samverkansorganisation=en if isinstance(en, Samverkansorganisation) else None,
            insats=en if isinstance(en, Insats) else None,
            fran=behorighet.fran,
        )

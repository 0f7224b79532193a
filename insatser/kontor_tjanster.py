"""Kontoren i Af/FK-samarbetet: att registrera och ändra dem (`doman.md` 1.1 och 6)."""

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet, Roll
from insatser.kategorier import KONTORSFORMER
from insatser.models import Insats, Samverkansorganisation
from insatser.tjanster import krav_tomt_vid_passerat_slut, ny_nyckel, spara_andrade


def registrera_kontor(
    *,
    samverkansorganisation: Samverkansorganisation,
    namn: str,
    omrade: str,
    startdatum: date,
    slutdatum: date | None,
    av: Anvandare,
) -> Insats:
    """Registrerar ett kontor, en insats utan kategorisering, och returnerar det.

    `omrade` är verksamhetsområdet eller marknadsområdet, tomt om det inte är känt. Ger PermissionDenied om `av` inte är
    systemadministratör, och ValidationError per fält om organisationen inte är en av de två, om namnet finns där, eller
    om datumen inte ryms i den (R7).
    """
    if not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    if samverkansorganisation.samverkansform not in KONTORSFORMER:
        raise ValidationError({"samverkansorganisation": "Bara de två i Af/FK-samarbetet har kontor."})
    with skriver():
        _krav_inom_organisationen(samverkansorganisation, startdatum, slutdatum)
        _krav_eget_namn(samverkansorganisation.pk, namn)
        pk, nyckel = ny_nyckel()
        kontor = Insats.objects.create(
            pk=pk,
            nyckel=nyckel,
            samverkansorganisation=samverkansorganisation,
            samverkansform=samverkansorganisation.samverkansform,
            namn=namn,
            omrade=omrade,
            startdatum=startdatum,
            slutdatum=slutdatum,
        )
        logga(Handelse.Typ.INSATS_REGISTRERAD, av=av, insats_id=kontor.pk)
    return kontor


def andra_kontor(
    *,
    kontor: Insats,
    version: int,
    namn: str,
    omrade: str,
    startdatum: date,
    slutdatum: date | None,
    beskrivning: str,
    av: Anvandare,
) -> Insats:
    """Ändrar ett kontor som ingen annan har ändrat sedan `version`, och returnerar det (R7, R15).

    Ger PermissionDenied om `av` varken är systemadministratör eller insatsansvarig för kontoret, Krock om någon annan
    hann före, annars ValidationError per fält. Ett slutdatum som har passerat går inte att sätta medan samarbeten pågår
    där, och databasen håller datumen kring det som är registrerat.
    """
    roll = _roll(kontor, av)
    with skriver():
        kontor = Insats.objects.las(kontor.pk)
        krav_version(kontor.version, version)
        _krav_inom_organisationen(kontor.samverkansorganisation, startdatum, slutdatum)
        _krav_eget_namn(kontor.samverkansorganisation_id, namn, utom=kontor.pk)
        krav_tomt_vid_passerat_slut(kontor, slutdatum)
        nya = {
            "namn": namn,
            "omrade": omrade,
            "startdatum": startdatum,
            "slutdatum": slutdatum,
            "beskrivning": beskrivning,
        }
        spara_andrade(kontor, nya, roll=roll, av=av)
    return kontor


def _roll(kontor: Insats, av: Anvandare) -> Roll | None:
    """Rollen som ändringen vilar på: uppdraget på kontoret; None för systemadministratören, som inte har något."""
    if Insats.objects.synliga_for(av, Rattighet.REGISTRERA_INSATS).kontor().filter(pk=kontor.pk).exists():
        return Roll.INSATSANSVARIG
    if av.far(Rattighet.ADMINISTRERA_SYSTEMET) and kontor.ar_kontor:
        return None
    raise PermissionDenied


def _krav_inom_organisationen(organisation: Samverkansorganisation, start: date, slut: date | None) -> None:
    """Säger det om kontoret; databasen prövar detsamma."""
    if start < organisation.startdatum:
        raise ValidationError(
            {"startdatum": f"Kontoret kan inte börja före samverkansorganisationen ({organisation.startdatum})."}
        )
    if organisation.slutdatum is None:
        return
    if start > organisation.slutdatum:
        text = f"Kontoret kan inte börja efter att samverkansorganisationen har slutat ({organisation.slutdatum})."
        raise ValidationError({"startdatum": text})
    if slut and slut > organisation.slutdatum:
        text = f"Kontoret kan inte sluta efter samverkansorganisationen ({organisation.slutdatum})."
        raise ValidationError({"slutdatum": text})


def _krav_eget_namn(organisation: int, namn: str, *, utom: int | None = None) -> None:
    """Databasen prövar detsamma när två registrerar samtidigt."""
    lika = Insats.objects.filter(samverkansorganisation=organisation, namn=namn)
    if (lika if utom is None else lika.exclude(pk=utom)).exists():
        raise ValidationError({"namn": "Samverkansorganisationen har redan ett kontor med det namnet."})

"""Allt som skriver insatser (`doman.md` 3).

Regeln prövas här, i formuläret syns den, i databasen håller den.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from insatser import kategorier
from insatser.models import Insats, Lasorsak, Samverkansorganisation
from insatser.models.insats import BORTTAGEN


class Registreringsgranser(NamedTuple):
    """Vad den insatsansvarige får veta om registreringarna i insatsen: aldrig vem (R15)."""

    forsta: date | None
    sista: date | None
    oppna: int
    antal: int
    forsta_ar: int | None
    sista_ar: int | None


def registreringsgranser(insats: Insats) -> Registreringsgranser:
    """Första och sista dag, antal öppna och alla, samt första och sista år med anonyma eller antal."""
    with connection.cursor() as markor:
        markor.execute("SELECT * FROM registreringsgranser(%s)", [insats.pk])
        return Registreringsgranser(*markor.fetchone())


def ny_nyckel() -> tuple[int, str]:
    """Id och nyckel för en insats som görs i webbläsaren: `SUS-<id>`, även om en fil redan har tagit numret."""
    with connection.cursor() as markor:
        while True:
            markor.execute("SELECT nextval(pg_get_serial_sequence('insatser_insats', 'id'))")
            pk = markor.fetchone()[0]
            if not Insats.objects.filter(nyckel=f"SUS-{pk}").exists():
                return pk, f"SUS-{pk}"


def skapa_insats(
    *,
    samverkansorganisation: Samverkansorganisation,
    namn: str,
    beskrivning: str,
    startdatum: date,
    slutdatum: date | None,
    inriktning: str,
    preciserad_inriktning: str,
    deltagarregistrering: str,
    malgrupper: Iterable[str],
    av: Anvandare,
) -> Insats:
    """Registrerar en ny insats med kategorisering och returnerar den (R7, R9, R12, R13).

    Ger ValidationError, per fält, om kategoriseringen inte finns i tabellen eller datumen inte ryms.
    """
    valda = list(malgrupper)
    kategorier.kontrollera(
        form=samverkansorganisation.samverkansform,
        inriktning=inriktning,
        preciserad_inriktning=preciserad_inriktning,
        deltagarregistrering=deltagarregistrering,
        malgrupper=valda,
        beskrivning=beskrivning,
    )
    with skriver():
        pk, nyckel = ny_nyckel()
        insats = Insats.objects.create(
            pk=pk,
            nyckel=nyckel,
            samverkansorganisation=samverkansorganisation,
            samverkansform=samverkansorganisation.samverkansform,
            namn=namn,
            beskrivning=beskrivning,
            startdatum=startdatum,
            slutdatum=slutdatum,
            inriktning=inriktning,
            preciserad_inriktning=preciserad_inriktning,
            deltagarregistrering=deltagarregistrering,
            malgrupper=kategorier.i_ordning(valda),
        )
        logga(Handelse.Typ.INSATS_REGISTRERAD, av=av, roll=Roll.INSATSANSVARIG, insats_id=insats.pk)
    return insats


def andra_insats(
    *,
    insats: Insats,
    version: int,
    namn: str,
    beskrivning: str,
    startdatum: date,
    slutdatum: date | None,
    inriktning: str,
    preciserad_inriktning: str,
    deltagarregistrering: str,
    malgrupper: Iterable[str],
    av: Anvandare,
) -> Insats:
    """Ändrar en insats som ingen annan har ändrat sedan `version`, och returnerar den (R9–R15).

    Ger Krock om någon annan hann före, annars ValidationError per fält. En låst kategorisering ändras
    aldrig (R11). Ett slutdatum som har passerat går inte att sätta medan deltagare är inregistrerade (R15).
    """
    valda = list(malgrupper)
    with skriver():
        insats = Insats.objects.las(insats.pk)
        krav_version(insats.version, version)
        kategorier.kontrollera(
            form=insats.samverkansform,
            inriktning=inriktning,
            preciserad_inriktning=preciserad_inriktning,
            deltagarregistrering=deltagarregistrering,
            malgrupper=valda,
            beskrivning=beskrivning,
        )
        krav_tomt_vid_passerat_slut(insats, slutdatum)
        nya = {
            "namn": namn,
            "beskrivning": beskrivning,
            "startdatum": startdatum,
            "slutdatum": slutdatum,
            "inriktning": inriktning,
            "preciserad_inriktning": preciserad_inriktning,
            "deltagarregistrering": deltagarregistrering,
            "malgrupper": kategorier.i_ordning(valda),
        }
        spara_andrade(insats, nya, roll=Roll.INSATSANSVARIG, av=av)
    return insats


def avsluta_insats(*, insats: Insats, version: int, slutdatum: date, av: Anvandare) -> Insats:
    """Sätter insatsens slutdatum och returnerar den (R15).

    Ger Krock om någon annan har ändrat insatsen sedan `version`, annars ValidationError på `slutdatum`. En dag som har
    passerat går inte medan deltagare är inregistrerade.
    """
    with skriver():
        insats = Insats.objects.las(insats.pk)
        krav_version(insats.version, version)
        krav_tomt_vid_passerat_slut(insats, slutdatum)
        spara_andrade(insats, {"slutdatum": slutdatum}, roll=Roll.INSATSANSVARIG, av=av)
    return insats


def spara_andrade(insats: Insats, nya: dict[str, Any], *, roll: Roll | None, av: Anvandare) -> None:
    """Sparar och loggar fälten som skiljer, och höjer versionen. Raden är låst; ändringen vilar på rollens uppdrag."""
    andrade = [falt for falt, varde in nya.items() if getattr(insats, falt) != varde]
    if not andrade:
        return
    for falt in andrade:
        setattr(insats, falt, nya[falt])
    insats.version += 1
    insats.save(update_fields=[*andrade, "version"])
    logga(Handelse.Typ.INSATS_ANDRAD, av=av, roll=roll, insats_id=insats.pk, falt=andrade)


def krav_tomt_vid_passerat_slut(insats: Insats, slutdatum: date | None) -> None:
    """Ger ValidationError på `slutdatum` om det har passerat medan deltagare är kvar (R15). Raden är låst."""
    if slutdatum is None or slutdatum == insats.slutdatum or slutdatum >= timezone.localdate():
        return
    oppna = registreringsgranser(insats).oppna
    if oppna and insats.ar_kontor:
        samarbeten = "1 samarbete" if oppna == 1 else f"{oppna} samarbeten"
        raise ValidationError(
            {"slutdatum": f"{samarbeten} pågår hos kontoret. De ska avslutas eller byta kontor först."}
        )
    if oppna:
        deltagare = "1 deltagare är" if oppna == 1 else f"{oppna} deltagare är"
        raise ValidationError(
            {"slutdatum": f"{deltagare} fortfarande inregistrerade i insatsen. De ska utregistreras först."}
        )


def las_kategorisering(*, insats: Insats, orsak: Lasorsak, av: Anvandare | None) -> None:
    """Låser kategoriseringen inför den första registreringen (R11). Ett kontor har inget att låsa.

    Tar insatsens rad: den som samtidigt ändrar kategoriseringen, eller tar bort insatsen, väntar och nekas sedan. Ett
    lås tas aldrig upp. Ger ValidationError om insatsen hann tas bort.
    """
    last = Insats.objects.filter(pk=insats.pk, kategorisering_last_vid=None).exclude(inriktning="")
    # Versionen höjs: den som har Ändra öppen får veta att panelen är låst, i stället för att valen tyst tappas.
    if last.update(kategorisering_last_vid=timezone.now(), last_av=orsak, version=F("version") + 1):
        logga(Handelse.Typ.KATEGORISERING_LAST, av=av, insats_id=insats.pk, orsak=orsak.value)
    elif not insats.last and not insats.ar_kontor and not Insats.objects.filter(pk=insats.pk).exists():
        # Någon tog bort insatsen medan vi väntade på raden.
        raise ValidationError(BORTTAGEN, code="borttagen")

"""*Hämta* ur folkbokföringen, och personens tidigare registreringar i insatsen (R19, P8)."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection

from behorighet.databasfel import skriver
from behorighet.logg import Rad, logga, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare import kryptering
from deltagare.folkbokforing import Otillganglig, Register, Svar, Utfall, folkbokforing
from deltagare.models import Deltagande
from deltagare.models.person import personer_med
from deltagare.personnummer import Personnummer
from deltagare.tjanster.person import skydda_person
from deltagare.tjanster.tid import krav_inte_framtid
from insatser.models import Insats


def hamta(*, insats: Insats, nummer: Personnummer, samtycke: date, av: Anvandare) -> Svar:
    """Slår upp personen i folkbokföringen, med dagen för samtycket som underlag. Uppslaget loggas innan något visas.

    Loggen pekar på personen, eller på det nycklade numret om den inte finns i SUS; för den som har skydd på ingen.
    Finns den som har skydd redan inom räckhåll tas identiteten bort, i alla insatser (R19).
    Ger ValidationError om samtycket är i framtiden, och Otillganglig om folkbokföringen inte svarar.
    """
    krav_inte_framtid("samtycke", samtycke)
    try:
        with skriver():
            vald = folkbokforing()
            svar = vald.hamta(nummer, insats.pk)
            if not isinstance(vald, Register):  # registret loggar i samma fråga
                _logga_uppslag(insats.pk, nummer, svar.utfall)
            if svar.skyddad:
                _skydda(nummer, av)
    except Otillganglig:
        # Numret kan höra till någon med skydd: utan svar pekar loggen inte på någon.
        logga(
            Handelse.Typ.PERSON_HAMTAD,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            utfall="otillganglig",
        )
        raise
    return svar


def hittad_med_skydd(*, insats: Insats, nummer: Personnummer, av: Anvandare) -> None:
    """Loggar att databasen vägrade registrera den som har skydd, som ett uppslag, och tar bort identiteten (R19)."""
    with skriver():
        _logga_uppslag(insats.pk, nummer, Utfall.SKYDDAD)
        _skydda(nummer, av)


def _logga_uppslag(insats_id: int, nummer: Personnummer, utfall: Utfall) -> None:
    with connection.cursor() as markor:
        index = kryptering.personindex(nummer.nummer)
        markor.execute("SELECT logga_uppslag(%s, %s, %s)", [insats_id, index, utfall.value])


def _skydda(nummer: Personnummer, av: Anvandare) -> None:
    """Den som inte nås här tar `kontrollera_skydd` om hand."""
    funna = list(personer_med(nummer.nummer))
    if not funna:
        return
    person_id = funna[0]["person_id"]
    try:
        skydda_person(person_id=person_id, av=av)
    except ValidationError:
        return  # någon annan hann före


def registreringar(*, insats_id: int, nummer: Personnummer, av: Anvandare) -> list[Deltagande]:
    """Personens registreringar i insatsen, den senaste först. Felregistrerade är inte med. Läsningen loggas (P8).

    Numret får vara ett som personen har bytt (R17).
    """
    funna = list(
        Deltagande.objects.raknas()
        .filter(
            insats_id=insats_id,
            avidentifierat=False,
            person__in=personer_med(nummer.nummer),
        )
        .select_related("person__identitet", "insats")
        .order_by("-inregistrering", "-lopnr")
    )
    if funna:
        logga_flera(
            Handelse.Typ.PERSON_VISAD,
            [Rad(insats_id, ett.person_id, {"deltagande": ett.pk}) for ett in funna],
            av=av,
            roll=Roll.DELTAGARANSVARIG,
        )
    return funna

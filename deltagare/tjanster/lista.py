"""Att läsa flera personers uppgifter på en gång: allt loggas, en rad per person, innan något visas (P8)."""

from collections.abc import Iterable

from behorighet.logg import Rad, logga, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet, Roll
from deltagare.models import Deltagande
from deltagare.models.person import personer_med
from deltagare.personnummer import Personnummer


def logga_lista(*, deltaganden: Iterable[Deltagande], av: Anvandare) -> None:
    """Skriver i loggen att personerna visas i en lista. De utan identitet visar ingen, och loggas inte."""
    _logga(Handelse.Typ.PERSON_I_LISTA, deltaganden, {}, av)


def logga_export(*, deltaganden: Iterable[Deltagande], andamal: str, personnummer: bool, av: Anvandare) -> None:
    """Skriver i loggen att personerna lämnas ut i en fil, varför (en kod) och om hela personnumren är med."""
    _logga(Handelse.Typ.DELTAGARE_EXPORTERAD, deltaganden, {"andamal": andamal, "personnummer": personnummer}, av)


def registreringar_for(*, nummer: Personnummer, av: Anvandare) -> list[Deltagande]:
    """Personens registreringar i alla insatser som `av` når, den senaste först. Läsningen loggas.

    Numret får vara ett som personen har bytt (R17).

    Tom både för den som inte finns och för den som bara finns utom räckhåll (P2).
    """
    funna = list(
        Deltagande.objects.synliga_for(av, Rattighet.REGISTRERA_DELTAGARE)
        .filter(
            avidentifierat=False,
            person__in=personer_med(nummer.nummer),
        )
        .select_related("person__identitet", "insats__samverkansorganisation")
        .order_by("-inregistrering", "-lopnr", "pk")
    )
    _logga(Handelse.Typ.PERSON_VISAD, funna, {}, av)
    return funna


def logga_utan_traff(*, insats_id: int | None, av: Anvandare) -> None:
    """Skriver i loggen att någon söktes som inte finns inom räckhåll. Raden pekar inte på någon (P2, P8)."""
    logga(Handelse.Typ.PERSON_SOKT, av=av, roll=Roll.DELTAGARANSVARIG, insats_id=insats_id, utfall="utan_traff")


def _logga(
    typ: Handelse.Typ, deltaganden: Iterable[Deltagande], detaljer: dict[str, str | bool], av: Anvandare
) -> None:
    logga_flera(
        typ,
        [
            Rad(ett.insats_id, ett.person_id, {"deltagande": ett.pk, **detaljer})
            for ett in deltaganden
            if not ett.avidentifierat
        ],
        av=av,
        roll=Roll.DELTAGARANSVARIG,
    )

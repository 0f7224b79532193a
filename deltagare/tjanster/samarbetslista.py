"""Att läsa flera personers samarbeten på en gång: allt loggas, en rad per person, innan något visas (P8)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from behorighet.databasfel import skriver
from behorighet.logg import Rad, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet, Roll
from deltagare.models import Deltagande, Samarbete, Samarbetskontor
from deltagare.models.person import personer_med
from deltagare.overgangar import Myndighet
from deltagare.personnummer import Personnummer
from deltagare.tjanster.lista import logga_utan_traff, registreringar_for
from deltagare.tjanster.person import person_for
from insatser.models import Insats


def logga_samarbetslista(*, samarbeten: Iterable[Samarbete], av: Anvandare) -> None:
    """Skriver i loggen att personerna visas i en lista. De utan identitet visar ingen, och loggas inte."""
    _logga(Handelse.Typ.PERSON_I_LISTA, samarbeten, {}, av)


def logga_samarbetsexport(*, samarbeten: Iterable[Samarbete], andamal: str, personnummer: bool, av: Anvandare) -> None:
    """Skriver i loggen att personerna lämnas ut i en fil, varför (en kod) och om hela personnumren är med."""
    _logga(Handelse.Typ.DELTAGARE_EXPORTERAD, samarbeten, {"andamal": andamal, "personnummer": personnummer}, av)


def logga_samarbetsvisning(
    *, samarbete: Samarbete, typ: Handelse.Typ, kontor_id: int | None = None, av: Anvandare
) -> None:
    """Skriver i loggen att samarbetet visas (P8), och för den som har en identitet vem det gäller.

    `kontor_id` är det egna kontor som samarbetet är hos, om det redan är känt.
    """
    kontor = kontor_id or _uppdragens_kontor([samarbete], av).get(samarbete.pk)
    person_id = None if samarbete.avidentifierat else samarbete.person_id
    rader = [Rad(kontor, person_id, {"samarbete": samarbete.pk})]
    logga_flera(typ, rader, av=av, roll=Roll.DELTAGARANSVARIG)


def personens_registreringar(*, nummer: Personnummer, av: Anvandare) -> tuple[list[Deltagande], list[Samarbete]]:
    """Personens deltaganden och samarbeten som `av` når, de senaste först. Läsningen loggas, också den utan träff.

    Tomma både för den som inte finns och för den som bara finns utom räckhåll (P2).
    """
    deltaganden, samarbeten = registreringar_for(nummer=nummer, av=av), samarbeten_for(nummer=nummer, av=av)
    if not deltaganden and not samarbeten:
        logga_utan_traff(insats_id=None, av=av)
    return deltaganden, samarbeten


def logga_nekat_samarbetsbyte(*, samarbete: Samarbete, kontor: Insats, av: Anvandare) -> None:
    """Som `logga_nekat_byte`, från ett samarbete hos kontoret."""
    rad = Rad(kontor.pk, samarbete.person_id, {"samarbete": samarbete.pk, "utfall": "nekat_byte"})
    logga_flera(Handelse.Typ.PERSON_SOKT, [rad], av=av, roll=Roll.DELTAGARANSVARIG)


def logga_hinder(
    *, kontor: Insats, nummer: Personnummer, fornamn: str, efternamn: str, av: Anvandare
) -> list[Samarbete]:
    """Skriver i loggen att svaret på ett försök att registrera sade något om personen (P8).

    Databasen loggar personen som sökt på kontoret, också den som bara finns utom räckhåll. Returnerar personens
    samarbeten som `av` når; att de visas loggas.
    """
    with skriver():
        person_for(insats=kontor, nummer=nummer, fornamn=fornamn, efternamn=efternamn)
        return samarbeten_for(nummer=nummer, av=av)


def samarbeten_for(*, nummer: Personnummer, av: Anvandare) -> list[Samarbete]:
    """Personens samarbeten som `av` når, det senaste först. Läsningen loggas.

    Tom både för den som inte finns och för den som bara finns utom räckhåll (P2).
    """
    funna = list(
        Samarbete.objects.synliga_for(av, Rattighet.REGISTRERA_DELTAGARE)
        .filter(avidentifierat=False, person__in=personer_med(nummer.nummer))
        .select_related("person__identitet", "af_kontor", "fk_kontor")
        .order_by("-borjan", "-pk")
    )
    _logga(Handelse.Typ.PERSON_VISAD, funna, {}, av)
    return funna


def _logga(typ: Handelse.Typ, samarbeten: Iterable[Samarbete], detaljer: dict[str, Any], av: Anvandare) -> None:
    visade = [ett for ett in samarbeten if not ett.avidentifierat]
    kontor = _uppdragens_kontor(visade, av) if visade else {}
    rader = [Rad(kontor.get(ett.pk), ett.person_id, {"samarbete": ett.pk, **detaljer}) for ett in visade]
    logga_flera(typ, rader, av=av, roll=Roll.DELTAGARANSVARIG)


def _uppdragens_kontor(samarbeten: list[Samarbete], av: Anvandare) -> dict[int, int]:
    """Kontoret som läsningen vilar på, per samarbete: det egna som det är hos, annars ett som det har varit hos."""
    nadda = Insats.objects.synliga_for(av, Rattighet.REGISTRERA_DELTAGARE).filter(samverkansform__in=Myndighet.values)
    egna = set(nadda.values_list("pk", flat=True))
    funna = {ett.pk: pk for ett in samarbeten for pk in (ett.af_kontor_id, ett.fk_kontor_id) if pk in egna}
    if saknar := [ett.pk for ett in samarbeten if ett.pk not in funna]:
        tidigare = Samarbetskontor.objects.filter(Q(af_kontor__in=egna) | Q(fk_kontor__in=egna), samarbete__in=saknar)
        for pk, *par in tidigare.order_by("datum").values_list("samarbete", "af_kontor", "fk_kontor"):
            funna[pk] = next(ett for ett in par if ett in egna)
    return funna

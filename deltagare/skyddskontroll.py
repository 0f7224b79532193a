"""Frågar folkbokföringen vilka i SUS som har fått skyddade personuppgifter, och tar bort deras identitet (R19)."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Handelse
from deltagare.folkbokforing import Otillganglig, Register, SvararFel, Tjanst, folkbokforing
from deltagare.models import Identitet
from deltagare.overforing.forbindelse import AGARE
from deltagare.personnummer import Personnummer, tolka
from deltagare.tjanster import skydda_person

PARTI: Final = 200
TYSTA_I_RAD: Final = 3
"""Så många frågor i rad utan svar, och tjänsten är inte igång. Ett felaktigt svar är ett svar."""
TAS_UPP_INOM: Final = timedelta(hours=20)
"""En kontroll som avbröts för längre sedan än så börjar om."""

_I_REGISTRET: Final = """
SELECT n.person_id, bool_or(coalesce(r.skyddad, false))
FROM (SELECT person_id, personindex FROM deltagare_identitet
      UNION ALL SELECT person_id, personindex FROM deltagare_tidigarenummer) n
LEFT JOIN deltagare_registerpost r USING (personindex) GROUP BY 1 ORDER BY 1
"""
# Den som slogs upp men aldrig registrerades, och sedan fick skydd, ska inte heller gå att känna igen.
_UPPSLAGEN: Final = """
DELETE FROM deltagare_uppslag u USING deltagare_registerpost r WHERE r.skyddad AND r.personindex = u.personindex
"""


class Utfall(NamedTuple):
    """Antal personer som prövades, och hur många av dem som hade skydd.

    `utan_svar` är de som tjänsten inte gav något svar som duger för. `fel` är tomt om kontrollen kom till slutet.
    """

    provade: int
    skyddade: int
    utan_svar: int = 0
    fel: str = ""


def kontrollera(*, per_sekund: float, vanta: Callable[[float], None] = time.sleep) -> Utfall:
    """Prövar alla med identitet, som ägaren. Varje parti bekräftas för sig, och en avbruten kontroll tas upp igen.

    En tjänst frågas högst `per_sekund` gånger i sekunden; det lokala registret med en sats.
    """
    vald = folkbokforing()
    if isinstance(vald, Register):
        return _ur_registret()
    provade = skyddade = 0
    fragor = _Fragor(vald, per_sekund, vanta)
    for personer, sista in _partier(_fortsatt_efter()):
        funna = fragor.om(personer)
        provade += len(funna)
        # Ett avbrutet parti tas om från början nästa gång: de som redan skyddats finns då inte kvar.
        lage = "" if fragor.slut else sista
        skyddade += _skydda([person_id for person_id, skyddad in funna if skyddad], len(funna), lage)
        if fragor.slut:
            return Utfall(provade, skyddade, fragor.utan_svar, fragor.slut)
    _skydda([], 0, "klart")
    return Utfall(provade, skyddade, fragor.utan_svar)


def _ur_registret() -> Utfall:
    with connections[AGARE].cursor() as markor:
        markor.execute(_I_REGISTRET)
        alla = markor.fetchall()
        markor.execute(_UPPSLAGEN)
    skyddade = _skydda([person_id for person_id, skyddad in alla if skyddad], len(alla), "klart")
    return Utfall(len(alla), skyddade)


def _partier(efter: int) -> Iterator[tuple[list[Identitet], str]]:
    while personer := list(Identitet.objects.using(AGARE).filter(pk__gt=efter).order_by("pk")[:PARTI]):
        efter = personer[-1].pk
        yield personer, str(efter)


class _Fragor:
    """Frågar tjänsten om en person i taget. Den som det inte går att få svar om ska inte hindra de andra."""

    def __init__(self, tjanst: Tjanst, per_sekund: float, vanta: Callable[[float], None]) -> None:
        self._tjanst, self._paus, self._vanta = tjanst, 1 / per_sekund, vanta
        self._tysta = 0
        self.utan_svar = 0
        self.slut = ""
        """Varför frågorna tog slut; tomt om de inte gjorde det."""

    def om(self, personer: list[Identitet]) -> list[tuple[int, bool]]:
        """De som det gick att få svar om, och vilka av dem som har skydd."""
        funna = []
        for person in personer:
            skyddad = self._en(tolka(person.klartext("personnummer"), idag=timezone.localdate()))
            if self.slut:
                break
            if skyddad is not None:
                funna.append((person.pk, skyddad))
            self._vanta(self._paus)
        return funna

    def _en(self, nummer: Personnummer) -> bool | None:
        try:
            skyddad = self._tjanst.skyddad(nummer)
        except SvararFel:
            self._tysta = 0
        except Otillganglig as fel:
            self._tysta += 1
            self.slut = str(fel) if self._tysta == TYSTA_I_RAD else ""
        else:
            self._tysta = 0
            return skyddad
        self.utan_svar += 1
        return None


def _skydda(personer: list[int], provade: int, lage: str) -> int:
    """Tar bort identiteten för dem som har skydd, och loggar hur långt kontrollen kom (`lage`)."""
    antal = 0
    with transaction.atomic(using=AGARE):
        for person_id in personer:
            try:
                skydda_person(person_id=person_id, av=None, using=AGARE)
            except ValidationError:
                continue  # någon annan hann före
            antal += 1
        logga(Handelse.Typ.SKYDD_KONTROLLERAT, av=None, using=AGARE, provade=provade, skyddade=antal, sista=lage)
    return antal


def _fortsatt_efter() -> int:
    """Personen som en avbruten kontroll kom till; 0 om ingen är avbruten."""
    rader = Handelse.objects.using(AGARE).filter(
        typ=Handelse.Typ.SKYDD_KONTROLLERAT, tid__gte=timezone.now() - TAS_UPP_INOM
    )
    for sista in rader.order_by("-tid", "-pk").values_list("detaljer__sista", flat=True):
        if sista == "klart":
            return 0
        if sista:
            return int(sista)
    return 0

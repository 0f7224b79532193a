"""Påhittade deltaganden: försörjningen minskar och arbetet ökar, men inte för alla."""

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Final

from deltagare.overforing.generatorn.folk import Folk, Pahittad
from deltagare.overforing.generatorn.stoff import ANLEDNING, FORSORJNING_FORE, TID, UTBILDNING
from insatser.geografi import STADSDELAR

_STADSDELAR: Final[dict[str, list[str]]] = {}
for _kommun, _namn, _till in STADSDELAR:
    if _till is None:
        _STADSDELAR.setdefault(_kommun, []).append(_namn)

_KON: Final = {"kvinnor": "kvinna", "man": "man"}
_INGA_SVAR: Final = ("", "", "", "", "", "", "", "", "", "", "", "")


class _Vagt:
    """Val efter vikt."""

    def __init__(self, val: Sequence[tuple[str, float]]) -> None:
        self._val = [kod for kod, _ in val]
        self._granser = list(accumulate(vikt for _, vikt in val))

    def dra(self, slump: random.Random) -> str:
        return self._val[bisect(self._granser, slump.random() * self._granser[-1])]


_FORE: Final = _Vagt(FORSORJNING_FORE)
_TID: Final = _Vagt(TID)
_UTBILDNING: Final = _Vagt(UTBILDNING)
_ANLEDNING: Final = _Vagt(ANLEDNING)
_LYCKADE: Final = frozenset({"fullfoljd", "fortsatt"})


class Deltagandekalla:
    """Raderna till en insats i deltaganden.csv."""

    def __init__(
        self,
        folk: Folk,
        slump: random.Random,
        idag: date,
        langsta: int,
        malgrupper: Sequence[str],
        kommuner: Sequence[str],
    ) -> None:
        self._folk, self._slump, self._idag, self._langsta, self._kommuner = folk, slump, idag, langsta, kommuner
        self._kon = next((_KON[malgrupp] for malgrupp in malgrupper if malgrupp in _KON), None)
        self._unga = "unga" in malgrupper

    def rader(self, insats: str, start: date, slut: date | None, antal: int) -> Iterator[Sequence[Any]]:
        """`antal` rader, i ordning efter person och tid."""
        slump, sista = self._slump, min(slut, self._idag) if slut else self._idag
        dagar = max(1, (sista - start).days)
        gjorda = 0
        sedda: set[int] = set()
        while gjorda < antal:
            i = slump.randrange(self._folk.antal)
            inn = start + timedelta(days=slump.randrange(dagar))
            if i in sedda or not self._passar(i, inn.year):
                continue
            sedda.add(i)
            person = self._folk.person(i)
            kommun = slump.choice(self._kommuner)
            for _ in range(1 + (slump.random() < 0.12)):
                ut, anledning = self._slut(inn, slut)
                yield self._rad(insats, person, inn, ut, anledning, kommun)
                gjorda += 1
                inn = (ut or sista) + timedelta(days=slump.randrange(20, 200))
                if ut is None or inn >= sista or gjorda == antal:
                    break

    def _passar(self, i: int, ar: int) -> bool:
        kon, fodelsear = self._folk.kon_och_fodelsear(i)
        return 16 <= ar - fodelsear <= (29 if self._unga else 66) and self._kon in {None, kon}

    def _slut(self, inn: date, slut: date | None) -> tuple[date | None, str]:
        langd = int(30 + self._slump.betavariate(1.6, 3.2) * self._langsta)
        ut = inn + timedelta(days=langd)
        if slut and slut <= self._idag:
            ut = min(ut, slut)
        if ut > self._idag:
            return None, ""
        return ut, _ANLEDNING.dra(self._slump)

    def _rad(
        self, insats: str, person: Pahittad, inn: date, ut: date | None, anledning: str, kommun: str
    ) -> Sequence[Any]:
        slump = self._slump
        samtycke = inn - timedelta(days=slump.randrange(15))
        arkiverat = samtycke + timedelta(days=slump.randrange(5, 40)) if slump.random() < 0.7 else None
        stadsdelar = _STADSDELAR.get(kommun)
        return (
            insats,
            "",
            inn,
            "",
            person.nummer,
            "",
            "",
            person.fornamn,
            person.efternamn,
            kommun,
            slump.choice(stadsdelar) if stadsdelar else "",
            samtycke,
            arkiverat if arkiverat and arkiverat <= self._idag else "",
            ut or "",
            anledning,
            *self._svar(ut, anledning),
        )

    def _svar(self, ut: date | None, anledning: str) -> Sequence[Any]:
        """Före- och efteruppgifterna, i filens ordning."""
        slump = self._slump
        if slump.random() < 0.03:  # uppgift saknas
            return _INGA_SVAR
        fore = _FORE.dra(slump)
        arbete = slump.choice((25, 25, 50, 50, 75)) if slump.random() < 0.12 else 0
        studier = slump.choice((25, 50, 100)) if slump.random() < 0.06 else 0
        typ = "" if not arbete else slump.choice(("subventionerat", "ej_subventionerat"))
        soker = slump.random() < 0.2
        grund = (_UTBILDNING.dra(slump), "ingen" if fore == "ingen" else _TID.dra(slump), fore)
        if ut is None or anledning == "felregistrering":
            return *grund, "", arbete, "", studier, "", typ, "", _ja(soker), ""
        lyckat = slump.random() < (0.42 if anledning in _LYCKADE else 0.12)
        efter, arbete_efter, studier_efter, typ_efter = fore, arbete, studier, typ
        if lyckat and slump.random() < 0.7:
            arbete_efter = max(arbete, slump.choice((25, 50, 50, 75, 100, 100)))
            typ_efter = typ or slump.choice(("subventionerat", "ej_subventionerat", "ej_subventionerat"))
            efter = "ingen" if arbete_efter >= 75 else fore
        elif lyckat:
            studier_efter, efter = slump.choice((50, 100, 100)), "studiestod"
        soker_efter = slump.random() < (0.25 if lyckat else 0.3)
        return (
            *grund, efter, arbete, arbete_efter, studier, studier_efter, typ, typ_efter, _ja(soker), _ja(soker_efter),
        )  # fmt: skip


def _ja(sant: bool) -> str:
    return "ja" if sant else "nej"

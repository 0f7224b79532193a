"""Påhittade Af/FK-samarbeten: kontor, vägar genom insatstyperna, kontorsbyten och anonyma per kontor.

Eget slumptal: de andra påhittade uppgifterna blir desamma med och utan.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from math import gcd
from pathlib import Path
from typing import Any, Final, NamedTuple

from deltagare.overforing.filformat import FILER, KONTORSBYTEN, OVERGANGER, SAMARBETEN
from deltagare.overforing.generatorn.folk import Folk
from deltagare.overforing.generatorn.skalor import Skala
from deltagare.overgangar import AVSLUTANDE, Insatstyp, Orsak
from insatser.geografi import KOMMUNER

Rad = Sequence[Any]
_I: Final = Insatstyp
_START: Final = date(2013, 2, 1)  # då Af/FK-samarbetet började
ORGANISATIONER: Final = (("af", "Af i Af/FK-samarbete"), ("fk", "FK i Af/FK-samarbete"))
_MYNDIGHETER: Final = {"af": "Arbetsförmedlingen", "fk": "Försäkringskassan"}
# Demons kontor ligger där dess förbund är.
_DEMOORTER: Final = ("1492", "1495", "1960", "0187", "0880")
# Deras verksamhets- och marknadsområden, efter länet.
_OMRADEN: Final = {"01": "Mitt", "08": "Syd", "14": "Väst", "19": "Mitt"}

# Vart man går från en insatstyp, med vikt, och hur många dagar man har varit där: minst och som längst.
_VAGAR: Final[dict[Insatstyp, tuple[tuple[tuple[Insatstyp, int], ...], int, int]]] = {
    _I.BEGARAN: (((_I.GEMENSAM_KARTLAGGNING, 87), (_I.AVBRUTET, 13)), 3, 90),
    _I.GEMENSAM_KARTLAGGNING: (
        (
            (_I.PLANERAD_ARBETSFORBEREDANDE, 28),
            (_I.PLANERAD_ARBETSLIVSINRIKTAD, 38),
            (_I.ARBETSFORBEREDANDE, 4),
            (_I.ARBETSLIVSINRIKTADE, 5),
            (_I.AVSLUTAT, 11),
            (_I.AVBRUTET, 6),
            (_I.KONSULTATIVT_STOD, 8),
        ),
        0,
        60,
    ),
    _I.PLANERAD_ARBETSFORBEREDANDE: (
        (
            (_I.ARBETSFORBEREDANDE, 76),
            (_I.PLANERAD_ARBETSLIVSINRIKTAD, 8),
            (_I.ARBETSLIVSINRIKTADE, 4),
            (_I.AVSLUTAT, 4),
            (_I.AVBRUTET, 8),
        ),
        5,
        180,
    ),
    _I.PLANERAD_ARBETSLIVSINRIKTAD: (
        (
            (_I.ARBETSLIVSINRIKTADE, 78),
            (_I.PLANERAD_ARBETSFORBEREDANDE, 5),
            (_I.ARBETSFORBEREDANDE, 5),
            (_I.AVSLUTAT, 5),
            (_I.AVBRUTET, 7),
        ),
        5,
        150,
    ),
    _I.ARBETSFORBEREDANDE: (
        (
            (_I.ARBETSLIVSINRIKTADE, 42),
            (_I.PLANERAD_ARBETSLIVSINRIKTAD, 12),
            (_I.AVSLUTAT, 35),
            (_I.AVBRUTET, 11),
        ),
        30,
        400,
    ),
    _I.ARBETSLIVSINRIKTADE: (
        (
            (_I.AVSLUTAT, 76),
            (_I.PLANERAD_ARBETSFORBEREDANDE, 5),
            (_I.ARBETSFORBEREDANDE, 7),
            (_I.AVBRUTET, 12),
        ),
        30,
        450,
    ),
}
_LANGST: Final = 12  # steg; den som har gått så långt avslutar


class Kontor(NamedTuple):
    """Ett påhittat kontor, ett av de två på orten."""

    nyckel: str
    myndighet: str
    ort: str


class Ort(NamedTuple):
    """En ort med ett kontor hos var myndighet."""

    kommun: str
    af: Kontor
    fk: Kontor


def orter(skala: Skala) -> list[Ort]:
    """Orterna där skalan har kontor."""
    namn = dict(KOMMUNER)
    if har_omraden(skala):
        koder: Sequence[str] = _DEMOORTER
    else:
        koder = [KOMMUNER[len(KOMMUNER) * i // skala.kontor][0] for i in range(skala.kontor)]
    return [
        Ort(kod, *(Kontor(f"{form.upper()}{nr:03d}", form, namn[kod]) for form in _MYNDIGHETER))
        for nr, kod in enumerate(koder, start=1)
    ]


def organisationsrader(nummer: Sequence[str]) -> Iterator[Rad]:
    """De två organisationerna i samverkansorganisationer.csv."""
    for (form, namn), ett in zip(ORGANISATIONER, nummer, strict=True):
        yield ett, namn, form, _START, None, "", ""


def kontorsrader(skala: Skala, nummer: Sequence[str]) -> Iterator[Rad]:
    """Kontoren i insatser.csv."""
    per_form = dict(zip(_MYNDIGHETER, nummer, strict=True))
    for ort in orter(skala):
        for kontor in (ort.af, ort.fk):
            namn = f"{_MYNDIGHETER[kontor.myndighet]} {kontor.ort}"
            omrade = _OMRADEN[ort.kommun[:2]] if har_omraden(skala) else ""
            yield kontor.nyckel, per_form[kontor.myndighet], namn, "", _START, None, "", "", "", "", omrade


def har_omraden(skala: Skala) -> bool:
    """Sant om kontoren har verksamhets- eller marknadsområden: bara demons har det."""
    return skala.kontor == len(_DEMOORTER)


def anonyma(skala: Skala, *, fro: int, idag: date) -> Iterator[Rad]:
    """Kontorens rader i anonyma.csv: de flesta lämnar samtycke."""
    slump = random.Random(f"kontorens anonyma {fro}")  # noqa: S311 (påhittade uppgifter, ska gå att upprepa)
    for ort in orter(skala):
        for kontor in (ort.af, ort.fk):
            for ar in range(idag.year - skala.ar + 1, idag.year + 1):
                for kon in ("kvinna", "man"):
                    if slump.random() < 0.5:
                        yield kontor.nyckel, ar, kon, slump.randrange(1, 9)


def skriv(katalog: Path, skala: Skala, folk: Folk, *, fro: int, idag: date) -> None:
    """Skriver samarbetena, övergångarna och kontorsbytena."""
    with ExitStack() as stack:
        skrivare = {}
        for namn in (SAMARBETEN, OVERGANGER, KONTORSBYTEN):
            fil = stack.enter_context((katalog / namn).open("w", encoding="utf-8", newline=""))
            skrivare[namn] = csv.writer(fil, lineterminator="\n")
            skrivare[namn].writerow(FILER[namn].kolumner)
        for samarbete, vag, byten in _Kalla(skala, folk, fro, idag).samarbeten():
            skrivare[SAMARBETEN].writerow(samarbete)
            skrivare[OVERGANGER].writerows(vag)
            skrivare[KONTORSBYTEN].writerows(byten)


class _Kalla:
    """Samarbetena, ett i taget."""

    def __init__(self, skala: Skala, folk: Folk, fro: int, idag: date) -> None:
        self._slump = random.Random(f"samarbeten {fro}")  # noqa: S311 (påhittade uppgifter, ska gå att upprepa)
        self._skala, self._folk, self._idag = skala, folk, idag
        self._orter = orter(skala) if skala.kontor else []
        self._forsta = max(_START, date(idag.year - skala.ar + 1, 1, 1))
        self._lopnr = 0

    def samarbeten(self) -> Iterator[tuple[Rad, list[Rad], list[Rad]]]:
        """Samarbetet, dess övergångar och dess byten, tills skalans övergångar är gjorda."""
        kvar = self._skala.overgangar
        for i in self._personer() if kvar else ():
            borjan: date | None = self._borjan()
            if borjan and not self._passar(i, borjan):
                continue
            while borjan and kvar:
                vag = self._vag(borjan)[:kvar]
                kvar -= len(vag)
                yield self._samarbete(i, vag)
                borjan = self._atergang(vag)
            if not kvar:
                return

    def _personer(self) -> Iterator[int]:
        """Alla personer, var och en en gång, så att ingen får två samarbeten samtidigt."""
        antal = self._folk.antal
        steg = antal * 5 // 13 | 1
        while gcd(steg, antal) > 1:
            steg += 2
        return (i * steg % antal for i in range(antal))

    def _passar(self, i: int, borjan: date) -> bool:
        return 18 <= borjan.year - self._folk.kon_och_fodelsear(i)[1] <= 64

    def _borjan(self) -> date:
        """Fler på senare tid, så att många väntar."""
        return self._idag - timedelta(days=int((self._idag - self._forsta).days * self._slump.random() ** 1.6))

    def _atergang(self, vag: list[tuple[Insatstyp, date, str]]) -> date | None:
        """Dagen då den som har avslutat kommer tillbaka, om den gör det."""
        till, slut, _ = vag[-1]
        if till not in AVSLUTANDE or self._slump.random() > 0.05:
            return None
        dag = slut + timedelta(days=self._slump.randrange(60, 500))
        return dag if dag <= self._idag else None

    def _vag(self, borjan: date) -> list[tuple[Insatstyp, date, str]]:
        slump = self._slump
        vag: list[tuple[Insatstyp, date, str]] = [(_I.BEGARAN, borjan, "")]
        while (nu := vag[-1][0]) not in AVSLUTANDE:
            val, minst, hogst = _VAGAR[nu]
            till = slump.choices([typ for typ, _ in val], [vikt for _, vikt in val])[0]
            dag = vag[-1][1] + timedelta(days=int(minst + slump.betavariate(1.4, 3) * (hogst - minst)))
            if dag > self._idag:
                break
            if len(vag) == _LANGST - 1:
                till = _I.AVSLUTAT
            orsak = ""
            if till == _I.AVBRUTET:
                orsak = Orsak.SAMTYCKE_ATERTAS if slump.random() < 0.15 else Orsak.EGET_INITIATIV
            vag.append((till, dag, orsak))
        return vag

    def _samarbete(self, i: int, vag: list[tuple[Insatstyp, date, str]]) -> tuple[Rad, list[Rad], list[Rad]]:
        slump, person = self._slump, self._folk.person(i)
        self._lopnr += 1
        nyckel = f"S{self._lopnr:06d}"
        # Det första kontoret är störst.
        ort = self._orter[int(len(self._orter) * slump.random() ** 1.3)]
        annan = slump.choice(self._orter) if slump.random() < 0.08 else ort
        borjan, slut = vag[0][1], vag[-1][1] if vag[-1][0] in AVSLUTANDE else self._idag
        rad = (
            nyckel,
            "",
            person.nummer,
            "",
            "",
            person.fornamn,
            person.efternamn,
            ort.kommun,
            "",
            borjan - timedelta(days=slump.randrange(15)),
            ort.af.nyckel,
            annan.fk.nyckel,
            "af" if slump.random() < 0.2 else "fk",
        )
        vagen = [(nyckel, ordning, typ.value, dag, str(orsak)) for ordning, (typ, dag, orsak) in enumerate(vag, 1)]
        return rad, list(vagen), list(self._byten(nyckel, borjan, slut, annan))

    def _byten(self, nyckel: str, borjan: date, slut: date, fran: Ort) -> Iterator[Rad]:
        if len(self._orter) > 1 and (slut - borjan).days > 1 and self._slump.random() < 0.02:
            till = self._slump.choice([ort for ort in self._orter if ort != fran])
            dag = borjan + timedelta(days=self._slump.randrange(1, (slut - borjan).days))
            yield nyckel, dag, till.af.nyckel, till.fk.nyckel

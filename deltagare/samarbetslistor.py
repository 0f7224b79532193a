"""Listan över samarbetena hos de egna kontoren: vem som väntar, på vad och sedan när, på sidan och som fil.

Den som visar raderna loggar dem först (P8). Personnumret är maskerat om inget annat sägs (P7).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Case, F, Func, OrderBy, Value, When

from deltagare.listor import NAMN, i_namnordning, namn_och_nummer
from deltagare.models import Samarbete, SamarbeteQuerySet
from deltagare.overgangar import FORMEN, Form, Insatstyp
from deltagare.samarbetsbrister import VANTANDE, Samarbetsbrist, markta_samarbeten, med_sedan, samarbetets_brister
from insatser.models import Insats

VANTAR: Final = "vantar"
DAGAR: Final = "dagar"
KONTOR: Final = "kontor"
ORDNINGAR: Final = (VANTAR, DAGAR, NAMN, "insatstyp", KONTOR)
LANGST_FORST: Final = VANTAR
"""De som väntar först, och av dem den som har väntat längst. Sedan de aktiva och sist de avslutade."""
_KONTOR: Final = ("af_kontor", "fk_kontor")


@dataclass(frozen=True, slots=True)
class Samarbetsrad:
    """En rad: samarbetet, personens namn och nummer, var deltagaren är, sedan när och i hur många dagar.

    `dagar` är None för det som är avslutat: då väntar ingen.
    """

    samarbete: Samarbete
    namn: str
    nummer: str
    insatstyp: Insatstyp
    form: Form
    sedan: date
    dagar: int | None
    brister: list[Samarbetsbrist]

    @property
    def vantar(self) -> bool:
        """Sant när deltagaren väntar på aktivitet."""
        return self.form == Form.VANTAR


KOLUMNER: Final = (
    ("Namn", 30),
    ("Personnummer", 16),
    ("Kön", 10),
    ("Ålder det år samarbetet började", 14),
    ("Insatstyp", 34),
    ("Form", 24),
    ("Sedan", 14),
    ("Dagar", 10),
    ("Arbetsförmedling", 30),
    ("FK-kontor", 30),
    ("Samarbetet började", 14),
    ("Samarbetet slutade", 14),
    ("Datum för samtycke", 14),
    ("Samtycket arkiverat", 14),
    ("Att göra", 40),
)
"""Filens kolumner: rubrik och bredd i tecken."""


def ordnade(samarbeten: SamarbeteQuerySet, ordning: str) -> list[int]:
    """Id för samarbetena i ordning. `ordning` är en av `ORDNINGAR` eller ett datum, med - för fallande.

    Efter dagar står de avslutade sist åt båda hållen, det senaste först, och efter namn de utan identitet.
    """
    kod, fallande = ordning.removeprefix("-"), ordning.startswith("-")
    if kod == NAMN:
        rader = samarbeten.select_related("person__identitet").order_by("borjan", "pk")
        return i_namnordning(rader, fallande=fallande)
    if kod in {VANTAR, DAGAR}:  # flest dagar är den som kom dit först
        forst_pagaende = OrderBy(F("slut"), descending=True, nulls_first=True)
        langst_forst = fallande or kod == VANTAR
        vantande = [_vantar()] if kod == VANTAR else []
        grund = med_sedan(samarbeten).order_by(forst_pagaende, *vantande, "sedan" if langst_forst else "-sedan", "pk")
        return list(grund.values_list("pk", flat=True))
    if kod == KONTOR:
        falt: list[Any] = [Func(F(f"{ett}__namn"), function="sus_sortnyckel") for ett in _KONTOR]
    else:
        falt = [_plats() if kod == "insatstyp" else F(kod)]
    villkor = [OrderBy(ett, descending=fallande, nulls_last=True) for ett in falt]
    return list(samarbeten.order_by(*villkor, "borjan", "pk").values_list("pk", flat=True))


def _vantar() -> Case:
    """Före de aktiva. De avslutade är redan sist."""
    return Case(When(insatstyp__in=VANTANDE, then=Value(0)), default=Value(1))


def _plats() -> Case:
    """Insatstypen i den ordning de visas, inte i bokstavsordning."""
    return Case(*(When(insatstyp=typ, then=Value(plats)) for plats, typ in enumerate(Insatstyp)))


def rader(
    samarbeten: SamarbeteQuerySet, pks: Iterable[int], *, egna: Iterable[Insats], idag: date, maskera: bool = True
) -> list[Samarbetsrad]:
    """Raderna för samarbetena med `pks`, i den ordningen: en fråga hur många de än är.

    `egna` är användarens kontor: det som är att göra står bara på samarbeten som är hos ett av dem.
    """
    kontoren = {ett.pk for ett in egna}
    ordning = list(pks)
    valda = markta_samarbeten(med_sedan(samarbeten.filter(pk__in=ordning)), idag=idag)
    funna = {ett.pk: ett for ett in valda.select_related("person__identitet", *_KONTOR)}
    return [_rad(funna[pk], kontoren, idag, maskera=maskera) for pk in ordning if pk in funna]


def _rad(ett: Any, egna: set[int], idag: date, *, maskera: bool) -> Samarbetsrad:
    namn, nummer = namn_och_nummer(ett, maskera=maskera)
    insatstyp = Insatstyp(ett.insatstyp)
    dagar = None if ett.slut else (idag - ett.sedan).days
    brister = samarbetets_brister(ett) if egna & {ett.af_kontor_id, ett.fk_kontor_id} else []
    return Samarbetsrad(ett, namn, nummer, insatstyp, FORMEN[insatstyp], ett.sedan, dagar, brister)


def celler(rad: Samarbetsrad) -> list[Any]:
    """Radens värden i kolumnernas ordning, för filen."""
    ett = rad.samarbete
    return [
        rad.namn,
        rad.nummer,
        ett.get_kon_display(),
        ett.alder,
        rad.insatstyp.label,
        rad.form.label,
        rad.sedan,
        rad.dagar,
        ett.af_kontor.namn,
        ett.fk_kontor.namn,
        ett.borjan,
        ett.slut,
        ett.samtycke,
        ett.samtycke_arkiverat,
        ", ".join(str(brist.label) for brist in rad.brister),
    ]

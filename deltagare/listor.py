"""Listan över deltagarna i en insats: ordningen, sidan, och raderna så som de visas och hämtas som fil.

Den som visar raderna loggar dem först (P8). Personnumret är maskerat om inget annat sägs (P7).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import F, OrderBy

from deltagare.brister import Brist, brister_for, markta
from deltagare.models import Deltagande, DeltagandeQuerySet, Identitet, Kod, Samarbete
from deltagare.uppgifter import Kodverk

RADER_PER_SIDA: Final = 100
UTAN_IDENTITET: Final = "Utan identitet"

# Samma ordning som databasens sus_sortnyckel: namnen ligger krypterade och sorteras här.
_STORA: Final = str.maketrans("ÅÄÖÆØÉÈÊËÜÁÀ", "åäöæøéèêëüáà")
_ORDNING: Final = str.maketrans("åäæöøéèêëüáà", "{||}}eeeeyaa")

NAMN: Final = "namn"
ORDNINGAR: Final = (NAMN, "inregistrering", "utregistrering", "alder")
_TOMMA_SIST: Final = ("utregistrering", "samtycke_arkiverat")


def sortnyckel(text: str) -> str:
    """Nyckeln för svensk ordning, densamma som databasens `sus_sortnyckel`."""
    return unicodedata.normalize("NFC", text).translate(_STORA).lower().translate(_ORDNING)


@dataclass(frozen=True, slots=True)
class Deltagarrad:
    """En rad: deltagandet, personens namn och nummer, och koderna som text."""

    deltagande: Deltagande
    namn: str
    nummer: str
    anledning: str
    brister: list[Brist]


KOLUMNER: Final = (
    ("Namn", 30),
    ("Personnummer", 16),
    ("Kön", 10),
    ("Ålder vid inregistreringen", 14),
    ("Inregistrering", 14),
    ("Utregistrering", 14),
    ("Avslutningsanledning", 30),
    ("Datum för samtycke", 14),
    ("Samtycket arkiverat", 14),
    ("Att göra", 40),
)
"""Filens kolumner: rubrik och bredd i tecken."""


def ordnade(deltaganden: DeltagandeQuerySet, ordning: str) -> list[int]:
    """Id för deltagandena i ordning. `ordning` är namn eller ett fält, med - för fallande.

    De utan identitet står sist i namnordning, och de utan datum sist i datumets ordning, åt båda hållen.
    """
    kod, fallande = ordning.removeprefix("-"), ordning.startswith("-")
    if kod == NAMN:
        poster = deltaganden.select_related("person__identitet").order_by("inregistrering", "pk")
        return i_namnordning(poster, fallande=fallande)
    kolumn = OrderBy(F(kod), descending=fallande, nulls_last=True if kod in _TOMMA_SIST else None)
    return list(deltaganden.order_by(kolumn, "pk").values_list("pk", flat=True))


def i_namnordning(poster: Iterable[Deltagande | Samarbete], *, fallande: bool) -> list[int]:
    """Id för posterna i namnordning, de utan identitet sist. Lika namn står i posternas ordning."""
    med: list[tuple[str, int]] = []
    utan: list[int] = []
    for ett in poster:
        if ett.avidentifierat:
            utan.append(ett.pk)
        else:
            med.append((sortnyckel(namnet(ett.person.identitet)), ett.pk))
    med.sort(key=lambda par: par[0], reverse=fallande)
    return [*(pk for _, pk in med), *utan]


def namnet(identitet: Identitet) -> str:
    """Efternamnet först, som listan är ordnad."""
    return f"{identitet.klartext('efternamn')}, {identitet.klartext('fornamn')}"


def sidan(ordning: Sequence[int], nummer: str | None) -> "Page[Any]":
    """En sida av listan; en okänd sida är den första."""
    return Paginator(ordning, RADER_PER_SIDA).get_page(nummer)


def rader(
    deltaganden: DeltagandeQuerySet, pks: Iterable[int], *, idag: date, maskera: bool = True
) -> list[Deltagarrad]:
    """Raderna för deltagandena med `pks`, i den ordningen: två frågor hur många de än är."""
    ordning = list(pks)
    valda = markta(deltaganden.filter(pk__in=ordning), idag=idag).select_related("person__identitet")
    funna = {ett.pk: ett for ett in valda}
    texter = dict(Kod.objects.filter(kodverk=Kodverk.AVSLUTNINGSANLEDNING).values_list("kod", "etikett"))
    return [_rad(funna[pk], texter, maskera=maskera) for pk in ordning if pk in funna]


def _rad(ett: Deltagande, texter: dict[str, str], *, maskera: bool) -> Deltagarrad:
    namn, nummer = namn_och_nummer(ett, maskera=maskera)
    anledning = texter.get(ett.avslutningsanledning, ett.avslutningsanledning)
    return Deltagarrad(ett, namn, nummer, anledning, brister_for(ett))


def namn_och_nummer(ett: Deltagande | Samarbete, *, maskera: bool) -> tuple[str, str]:
    """Personens namn och nummer så som listan visar dem; utan identitet bara att den är borta."""
    if ett.avidentifierat:
        return UTAN_IDENTITET, ""
    identitet = ett.person.identitet
    return namnet(identitet), identitet.maskerat_personnummer() if maskera else identitet.utskrivet_personnummer()


def celler(rad: Deltagarrad) -> list[Any]:
    """Radens värden i kolumnernas ordning, för filen."""
    ett = rad.deltagande
    return [
        rad.namn,
        rad.nummer,
        ett.get_kon_display(),
        ett.alder,
        ett.inregistrering,
        ett.utregistrering,
        rad.anledning,
        ett.samtycke,
        ett.samtycke_arkiverat,
        ", ".join(str(brist.label) for brist in rad.brister),
    ]

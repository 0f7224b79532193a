"""Läsning av radhistoriken: vem ändrade vad, och vad fältet var före och blev efter (P9).

Databasen skriver raden så som den blev (`behorighet.models.historik`). Skillnaden mot raden före räknas ut här, för en
sida i taget, med lika många frågor hur många rader historiken än har.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Max, QuerySet, Value, Window
from django.db.models.functions import Lag
from django.utils import timezone

from behorighet.models import Andringstyp, Anvandare, Historikrad
from fkui.templatetags.fkui import vardetext

RADER_PER_SIDA: Final = 100
KOMMANDO: Final = "Kommando eller inläsning"


@dataclass(frozen=True, slots=True)
class Kalla:
    """Ett slags rader på en historiksida, till exempel insatsen själv eller dess uppdrag.

    `galler` är fälten som säger vilken rad det är när flera finns. `etiketter` ersätter fältens egna namn, `koder`
    ger texten för ett fälts koder, och fälten i `utan` visas inte.
    """

    namn: str
    rader: QuerySet[Any]
    galler: tuple[str, ...] = ()
    etiketter: Mapping[str, str] = field(default_factory=dict)
    koder: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    utan: frozenset[str] = frozenset()

    @property
    def falt(self) -> list[Any]:
        """Fälten som visas, i modellens ordning."""
        egna = {falt.name for falt in Historikrad._meta.get_fields()} | {"id", "pgh_obj"} | self.utan
        return [falt for falt in self.rader.model._meta.concrete_fields if falt.name not in egna]


@dataclass(frozen=True, slots=True)
class Faltandring:
    """Ett fält före och efter, som text."""

    etikett: str
    fore: str
    efter: str


@dataclass(frozen=True, slots=True)
class Andring:
    """En händelse i historiken. `utan_fore` är sant när det som gällde före den inte har bevarats."""

    tid: datetime
    vem: str
    arbetsgivare: str
    typ: Andringstyp
    vad: str
    falt: list[Faltandring]
    utan_fore: bool


def rader_for(modell: type[models.Model]) -> QuerySet[Any]:
    """Alla historikrader för en modell som har `med_historik`."""
    return QuerySet(modell.pgh_event_model)  # type: ignore[attr-defined]


# (källa, radens id, id för raden före den)
Plats = tuple[int, int, int | None]


def historik(kallor: Iterable[Kalla], *, sida: str | None) -> Page[Any]:
    """En sida ur historiken, det senaste först, som `Andring`. En okänd sida är den första."""
    givna = list(kallor)
    delar = [_platser(nummer, kalla) for nummer, kalla in enumerate(givna)]
    platser = (delar[0].union(*delar[1:], all=True) if len(delar) > 1 else delar[0]).order_by(
        "-ordning", "kalla", "-pgh_id"
    )
    visad = Paginator(platser, RADER_PER_SIDA).get_page(sida)
    valda: list[Plats] = [(kalla, rad, fore) for _, kalla, rad, fore in visad.object_list]
    visad.object_list = _andringar(givna, valda)
    return visad


def _platser(nummer: int, kalla: Kalla) -> QuerySet[Any, Any]:
    """Varje rad och raden före den. Radernas id följer ändringarna; tiden är när transaktionen började."""
    tidigare: dict[str, Any] = {"partition_by": "pgh_obj_id", "order_by": "pgh_id"}
    platser: QuerySet[Any, Any] = kalla.rader.annotate(
        ordning=Window(Max("pgh_created_at"), **tidigare),
        kalla=Value(nummer, output_field=models.IntegerField()),
        fore=Window(Lag("pgh_id"), **tidigare),
    ).values_list("ordning", "kalla", "pgh_id", "fore")
    return platser


def _andringar(kallor: list[Kalla], platser: list[Plats]) -> list[Andring]:
    rader: list[dict[int, Any]] = []
    for nummer, kalla in enumerate(kallor):
        behovs = {pk for egen, *par in platser if egen == nummer for pk in par if pk is not None}
        rader.append(QuerySet(kalla.rader.model, using=kalla.rader.db).in_bulk(behovs) if behovs else {})
    anvandare = Anvandare.objects.select_related("arbetsgivare").in_bulk(
        {rader[nummer][pk].av_id for nummer, pk, _ in platser} - {None}
    )
    texter = _Texter(kallor, rader)
    andringar = []
    for nummer, pk, fore in platser:
        kalla, rad = kallor[nummer], rader[nummer][pk]
        vem = anvandare.get(rad.av_id)
        typ = Andringstyp(rad.pgh_label)
        andringar.append(
            Andring(
                tid=rad.pgh_created_at,
                vem=_vem(rad.av_id, vem),
                arbetsgivare=vem.arbetsgivare.namn if vem else "",
                typ=typ,
                vad=" – ".join([kalla.namn, *(t for namn in kalla.galler if (t := texter.galler(rad, namn)))]),
                falt=_skillnader(kalla, typ, rader[nummer].get(fore or 0), rad, texter),
                utan_fore=fore is None and typ != Andringstyp.NY,
            )
        )
    return andringar


def _vem(av_id: int | None, vem: Anvandare | None) -> str:
    if av_id is None:
        return KOMMANDO
    return vem.get_full_name() if vem else f"Användare {av_id}"


def _skillnader(kalla: Kalla, typ: Andringstyp, fore: Any, rad: Any, texter: "_Texter") -> list[Faltandring]:
    """Fälten som ändrades; allt som var ifyllt för en rad som är ny, borttagen eller saknar en rad före."""
    if typ == Andringstyp.BORTTAGEN:
        fore, rad = rad, None
    elif typ == Andringstyp.NY:
        fore = None
    andrade = []
    for falt in kalla.falt:
        par = [texter.text(kalla, falt, ett) if ett else vardetext(None) for ett in (fore, rad)]
        varden = [getattr(ett, falt.attname) if ett else None for ett in (fore, rad)]
        if varden[0] != varden[1] and not (None in (fore, rad) and par[0] == par[1]):
            etikett = kalla.etiketter.get(falt.name) or str(falt.verbose_name).capitalize()
            andrade.append(Faltandring(etikett, *par))
    return andrade


class _Texter:
    """Det som ett värde heter för användaren. Det som raderna pekar på läses med en fråga per modell."""

    def __init__(self, kallor: list[Kalla], rader: list[dict[int, Any]]) -> None:
        behovs: dict[type[models.Model], set[Any]] = {}
        for kalla, egna in zip(kallor, rader, strict=True):
            for falt in [*kalla.falt, *(kalla.rader.model._meta.get_field(namn) for namn in kalla.galler)]:
                if falt.related_model:
                    behovs.setdefault(falt.related_model, set()).update(
                        varde for rad in egna.values() if (varde := getattr(rad, falt.attname)) is not None
                    )
        self.objekt = {modell: _hamta(modell, pk) for modell, pk in behovs.items() if pk}

    def galler(self, rad: Any, namn: str) -> str:
        """Vad en rad gäller, ur ett av dess fält; tomt när fältet är tomt."""
        falt = rad._meta.get_field(namn)
        varde = getattr(rad, falt.attname)
        return "" if varde in (None, "") else self._ett(falt, varde, {})

    def text(self, kalla: Kalla, falt: Any, rad: Any) -> str:
        """Fältets värde i raden."""
        varde = getattr(rad, falt.attname)
        koder = kalla.koder.get(falt.name, {})
        if isinstance(falt, ArrayField):
            return vardetext([self._ett(falt.base_field, ett, koder) for ett in varde or []])
        return self._ett(falt, varde, koder)

    def _ett(self, falt: Any, varde: Any, koder: Mapping[str, str]) -> str:
        if varde in (None, ""):
            return vardetext(None)
        if falt.related_model:
            traff = self.objekt.get(falt.related_model, {}).get(varde)
            return str(traff) if traff else f"{falt.related_model._meta.verbose_name} {varde} (finns inte längre)"
        if isinstance(varde, datetime):
            return f"{timezone.localtime(varde):%Y-%m-%d %H:%M}"
        etiketter: Mapping[Any, Any] = koder or dict(falt.flatchoices)
        return vardetext(etiketter.get(varde, varde))


def _hamta(modell: type[models.Model], pk: set[Any]) -> dict[Any, Any]:
    egna: QuerySet[Any] = QuerySet(modell)
    # En behörighet heter efter sin person.
    return (egna.select_related("anvandare") if hasattr(modell, "anvandare") else egna).in_bulk(pk)

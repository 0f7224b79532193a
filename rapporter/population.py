"""Vilka insatser som är rader i Insatsrapporten, som SQL med dess värden."""

from datetime import date
from typing import Any, Final

from django.db.models import F, Q
from psycopg import sql

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from insatser.kategorier import Deltagarregistrering
from insatser.models import Insats, Samverkansorganisation
from insatser.models.insats import InsatsQuerySet
from rapporter.urval import Urval

ROLL_RAPPORT: Final = "SET LOCAL ROLE sus_rapport"
ROLL_TILLAMPNING: Final = "SET LOCAL ROLE sus_app"


def population(urval: Urval, anvandare: Anvandare | None) -> tuple[str, tuple[Any, ...]]:
    """Räckvidden, perioden och urvalen. `anvandare` None är ett kommando, som når allt."""
    insatser = Insats.objects.synliga_for(anvandare, Rattighet.VISA_RAPPORT) if anvandare else Insats.objects.all()
    insatser = _avgransa(insatser.utan_kontor(), urval).filter(
        Q(slutdatum=None) | Q(slutdatum__gte=urval.fran), startdatum__lt=urval.efter
    )
    sats, varden = (
        insatser.order_by()
        .values(
            "id",
            "nyckel",
            "namn",
            "beskrivning",
            "startdatum",
            "slutdatum",
            "inriktning",
            "preciserad_inriktning",
            "malgrupper",
            volym=Q(deltagarregistrering=Deltagarregistrering.ANTAL),
            organisation_id=F("samverkansorganisation_id"),
            organisation=F("samverkansorganisation__namn"),
            organisationsnummer=F("samverkansorganisation__organisationsnummer"),
        )
        .query.sql_with_params()
    )
    return sats, varden


def _avgransa(insatser: InsatsQuerySet, urval: Urval) -> InsatsQuerySet:
    """ELLER inom ett urval, OCH mellan dem."""
    organisationer = Samverkansorganisation.objects.all()
    if urval.lan:
        insatser = insatser.filter(samverkansorganisation__in=organisationer.filter(kommuner__lan__in=urval.lan))
    if urval.kommun:
        insatser = insatser.filter(samverkansorganisation__in=organisationer.filter(kommuner__in=urval.kommun))
    if urval.forbund:
        insatser = insatser.filter(samverkansorganisation__organisationsnummer__in=urval.forbund)
    if urval.inriktning:
        insatser = insatser.filter(inriktning__in=urval.inriktning)
    if urval.preciserad:
        insatser = insatser.filter(preciserad_inriktning__in=urval.preciserad)
    if urval.malgrupp:
        insatser = insatser.filter(malgrupper__overlap=list(urval.malgrupp))
    return insatser


def dag(dagen: date) -> sql.Composable:
    """En dag som SQL."""
    return sql.SQL("{}::date").format(sql.Literal(dagen.isoformat()))


def ar_kon(kon: str) -> sql.Composable:
    """Villkoret på kön, med AND före; tomt utan kön."""
    return sql.SQL(" AND kon = {}").format(sql.Literal(kon)) if kon else sql.SQL("")

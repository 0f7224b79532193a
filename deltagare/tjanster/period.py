"""Personens perioder i en insats: databasens nej om datumen, med dagarna det gäller och vad man gör (R20, R21)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q

from behorighet.krock import Krock
from deltagare.models import Deltagande
from insatser.models import Insats

OVERLAPP: Final = "deltaganden_overlappar_inte"
EN_SENARE: Final = "krockar_med_en_senare"
"""Koden när perioden går in i en som börjar efter den."""
ARET: Final = "aret_ligger_inom_insatsen"
DAGEN_FORE: Final = timedelta(days=1)


class RedanUtregistrerad(Krock):
    """Deltagandet är redan utregistrerat: det går att rätta, inte att utregistrera igen."""

    def __init__(self, deltagande: Deltagande) -> None:
        self.deltagande = deltagande
        dag = deltagande.utregistrering
        text = f"Deltagaren är redan utregistrerad {dag.isoformat() if dag else ''}."
        ValidationError.__init__(self, text, code="redan_utregistrerad")


class VisarAnnan(ValidationError):
    """Ett nej som säger något om `annan`, en annan av personens registreringar i insatsen.

    Den som visar det loggar först läsningen (P8): här skulle raden gå tillbaka med det som inte sparades.
    """

    def __init__(self, annan: Deltagande, nej: str | dict[str, str], code: str | None = None) -> None:
        self.annan = annan
        super().__init__(nej, code=code)


class Period(NamedTuple):
    """En persons period i en insats, så som den skulle bli. `personen` säger vems, i en fråga på deltaganden."""

    insats_id: int
    personen: Q
    inregistrering: date
    utregistrering: date | None
    pk: int | None = None
    """Deltagandet som perioden hör till; det krockar aldrig med sig självt."""


def perioden_for(deltagande: Deltagande) -> Period:
    """Deltagandets egen period."""
    return Period(
        deltagande.insats_id,
        Q(person_id=deltagande.person_id),
        deltagande.inregistrering,
        deltagande.utregistrering,
        deltagande.pk,
    )


@contextmanager
def krav_pa_perioden(
    period: Callable[[], Period], rad: Callable[[Deltagande], str], *, sista: bool = False
) -> Iterator[None]:
    """Ger databasens nej om datumen vidare med dagarna i. Används utanför `skriver`, som då har gått tillbaka.

    `rad` säger vad man gör åt perioden som krockar: den första av dem, eller den `sista`.
    """
    try:
        yield
    except ValidationError as fel:
        kod: str = getattr(fel, "code", "") or ""
        annan = _krockar_med(period(), sista=sista) if kod == OVERLAPP else None
        if annan:
            text = f"Personen är redan inregistrerad i insatsen {_dagarna(annan)}. {rad(annan)}"
            senare = annan.inregistrering > period().inregistrering
            raise VisarAnnan(annan, text, code=EN_SENARE if senare else kod) from fel
        if datum := _om_datumen(kod, period):
            raise ValidationError(datum, code=kod) from fel
        raise


def _om_datumen(kod: str, period: Callable[[], Period]) -> str:
    if kod in {"inregistrering_inom_insatsen", "utregistrering_inom_insatsen"}:
        return _utanfor(period().insats_id, "Inregistreringen" if kod.startswith("in") else "Utregistreringen")
    if kod == "utregistrering_inte_fore_inregistrering":
        tiden = period()
        fran, till = tiden.inregistrering, tiden.utregistrering or tiden.inregistrering
        return (
            f"Utregistreringen kan inte vara före inregistreringen: "
            f"inregistrering {fran.isoformat()}, utregistrering {till.isoformat()}."
        )
    return ""


def _krockar_med(period: Period, *, sista: bool) -> Deltagande | None:
    """En av de andra perioderna som krockar. De utan identitet nämns inte: de knyts inte till personen (R25)."""
    fran, till = period.inregistrering, period.utregistrering
    andra = Deltagande.objects.raknas().filter(
        period.personen,
        Q(utregistrering=None) | Q(utregistrering__gte=fran),
        insats_id=period.insats_id,
        avidentifierat=False,
    )
    if till:
        andra = andra.filter(inregistrering__lte=till)
    if period.pk:
        andra = andra.exclude(pk=period.pk)
    return andra.order_by("-inregistrering" if sista else "inregistrering").first()


def _dagarna(ett: Deltagande) -> str:
    if ett.utregistrering is None:
        return f"från {ett.inregistrering.isoformat()}"
    return f"från {ett.inregistrering.isoformat()} till och med {ett.utregistrering.isoformat()}"


def _utanfor(insats_id: int, vad: str, *, ar: bool = False) -> str:
    insats = Insats.objects.select_related("samverkansorganisation").get(pk=insats_id)
    dagar = [dag for dag in (insats.slutdatum, insats.samverkansorganisation.slutdatum) if dag]
    start, slut = (str(dag.year if ar else dag) if dag else "" for dag in (insats.startdatum, min(dagar, default=None)))
    if not slut:
        return f"{vad} kan inte vara före {start}, då insatsen startade."
    vems = "insatsen" if insats.slutdatum == min(dagar) else "samverkansorganisationen"
    if vad == "Utregistreringen":
        return f"{vad} ska vara senast {slut}, den dag {vems} slutar."
    return f"{vad} ska ligga inom insatsens tid: den startade {start} och {vems} slutar {slut}."


@contextmanager
def krav_pa_aret(insats_id: int) -> Iterator[None]:
    """Ger databasens nej om ett kalenderår vidare med insatsens år i. Används utanför `skriver`."""
    try:
        yield
    except ValidationError as fel:
        if getattr(fel, "code", "") != ARET:
            raise
        raise ValidationError(_utanfor(insats_id, "Året", ar=True), code=ARET) from fel


def fore_dagen(dag: date) -> str:
    """Dagen före, utskriven."""
    return (dag - DAGEN_FORE).isoformat()

"""Granskningen av åtkomstloggen: ett slumpmässigt urval av varje månads händelser om personer (P8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Now, TruncDate, TruncMonth
from django.utils import timezone
from django.utils.formats import date_format

from behorighet.databasfel import skriver
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse, HandelseQuerySet, Loggkontroll, Loggkontrollrad, Organisation

MANADER_BAKAT: Final = 24
DYGN: Final = timedelta(days=1)


class Granskning(NamedTuple):
    """Vad granskningen kom fram till om en händelse."""

    utfall: str
    kommentar: str


@dataclass(frozen=True, slots=True)
class Manad:
    """En månad att granska. `antal` är händelserna om personer; `kvar` de i urvalet som inte är granskade."""

    manad: date
    antal: int
    kontroll: Loggkontroll | None = None
    rader: int = 0
    kvar: int = 0
    pagar: bool = False

    @property
    def granskade(self) -> int:
        """Hur många i urvalet som är granskade."""
        return self.rader - self.kvar

    @property
    def klar(self) -> bool:
        """Sant när urvalet är draget och varje händelse i det är granskad."""
        return self.kontroll is not None and self.kvar == 0


def _nasta(manad: date) -> date:
    return date(manad.year + manad.month // 12, manad.month % 12 + 1, 1)


def _om_personer(organisation: Organisation, fran: date, till: date) -> HandelseQuerySet:
    return Handelse.objects.av_personal(organisation).om_personer().mellan(fran, till)


def granser(manad: date) -> tuple[date, date]:
    """Månadens första och sista dag."""
    return manad, _nasta(manad) - DYGN


def manadsnamn(manad: date) -> str:
    """Till exempel september 2026."""
    return date_format(manad, "F Y")


def manader(organisation: Organisation, *, idag: date) -> list[Manad]:
    """Månaderna sedan organisationens första konto, högst två år bakåt, den senaste först."""
    nu = idag.replace(day=1)
    kontroller = {
        kontroll.manad: kontroll
        for kontroll in Loggkontroll.objects.filter(organisation=organisation)
        .select_related("dragen_av")
        .annotate(antal_rader=Count("rader"), antal_kvar=Count("rader", filter=Q(rader__utfall="")))
    }
    alla = _sedan_forsta_kontot(organisation, nu)
    odragna = [manad for manad in alla if manad not in kontroller]
    antal = _antal_per_manad(organisation, min(odragna), idag)
    return [
        Manad(m, kontroll.antal_handelser, kontroll, kontroll.antal_rader, kontroll.antal_kvar)
        if (kontroll := kontroller.get(m))
        else Manad(m, antal.get(m, 0), pagar=m == nu)
        for m in alla
    ]


def _sedan_forsta_kontot(organisation: Organisation, nu: date) -> list[date]:
    forsta = Anvandare.objects.filter(arbetsgivare=organisation).aggregate(forsta=Min("skapad_vid"))["forsta"]
    borjan = timezone.localdate(forsta).replace(day=1) if forsta else nu
    alla = [nu]
    while alla[-1] > borjan and len(alla) <= MANADER_BAKAT:
        alla.append((alla[-1] - DYGN).replace(day=1))
    return alla


def _antal_per_manad(organisation: Organisation, fran: date, till: date) -> dict[date, int]:
    per_manad = (
        _om_personer(organisation, fran, till)
        .annotate(manad=TruncMonth("tid"))
        .values("manad")
        .annotate(antal=Count("pk"))
        .values_list("manad", "antal")
    )
    return {timezone.localdate(manad): antal for manad, antal in per_manad}


def ogranskade_manader(organisation: Organisation, *, idag: date) -> int:
    """Hur många av månaderna som har slutat vars granskning inte är klar."""
    _, *slutade = _sedan_forsta_kontot(organisation, idag.replace(day=1))
    kvar = Loggkontrollrad.objects.filter(kontroll=OuterRef("pk"), utfall="")
    klara = Loggkontroll.objects.filter(organisation=organisation, manad__in=slutade).exclude(Exists(kvar))
    return len(slutade) - klara.count() if slutade else 0


def dra_urval(*, organisation: Organisation, manad: date, av: Anvandare) -> Loggkontroll:
    """Drar månadens urval, högst `SUS_LOGGKONTROLL_ANTAL` händelser, och returnerar kontrollen.

    Är det redan draget returneras det som finns: urvalet går inte att dra om. En månad utan händelser är därmed
    granskad. Ger ValidationError för en månad som inte har slutat.
    """
    if _nasta(manad) > timezone.localdate():
        raise ValidationError({"manad": "Månaden har inte slutat. Välj en månad som har slutat."})
    with skriver():
        handelser = _om_personer(organisation, *granser(manad))
        kontroll, ny = Loggkontroll.objects.get_or_create(
            organisation=organisation,
            manad=manad,
            defaults={"antal_handelser": handelser.count(), "dragen_av": av},
        )
        if ny:
            # Databasens slump: ingen väljer vad som granskas.
            valda = handelser.order_by("?").values_list("pk", flat=True)[: settings.SUS_LOGGKONTROLL_ANTAL]
            rader = [Loggkontrollrad(kontroll=kontroll, handelse_id=pk) for pk in sorted(valda)]
            Loggkontrollrad.objects.bulk_create(rader)
            logga(
                Handelse.Typ.LOGGKONTROLL_DRAGEN,
                av=av,
                kontroll=kontroll.pk,
                manad=f"{manad:%Y-%m}",
                handelser=kontroll.antal_handelser,
                urval=len(rader),
            )
    return kontroll


def granska(*, kontroll: Loggkontroll, utfall: Mapping[int, Granskning], av: Anvandare) -> int:
    """Sparar granskningen av raderna (radens id → utfall) och returnerar hur många som är kvar i urvalet.

    Det granskade ändras aldrig. Ger ValidationError, och sparar inget, om en rad redan är granskad eller om
    händelsen är den egna: den granskas av någon annan.
    """
    with skriver():
        egna = Handelse.objects.filter(
            pk__in=kontroll.rader.filter(pk__in=utfall).values("handelse_id"), av_id=av.pk
        ).exists()
        if egna:
            raise ValidationError("Dina egna händelser granskas av en annan beställare.")
        per_svar: dict[Granskning, list[int]] = {}
        for rad, svar in utfall.items():
            per_svar.setdefault(svar, []).append(rad)
        sparade = 0
        for svar, rader in per_svar.items():
            sparade += kontroll.rader.filter(pk__in=rader, utfall="").update(
                utfall=svar.utfall, kommentar=svar.kommentar, granskad_av=av, granskad_vid=Now()
            )
        if sparade != len(utfall):
            raise ValidationError(
                "Någon annan har granskat en eller flera av händelserna under tiden. De står nu bland de granskade. "
                "Dina svar på de andra är inte sparade: spara igen."
            )
        kvar = kontroll.rader.filter(utfall="").count()
        logga(
            Handelse.Typ.LOGGKONTROLL_GRANSKAD,
            av=av,
            kontroll=kontroll.pk,
            granskade=sparade,
            folj_upp=sum(svar.utfall == Loggkontrollrad.Utfall.FOLJ_UPP for svar in utfall.values()),
            kvar=kvar,
        )
    return kvar


def antal_per_dag(handelser: HandelseQuerySet) -> dict[tuple[int, date], int]:
    """Hur många händelser varje användare har per dag, i svensk tid."""
    per_dag = (
        handelser.annotate(dag=TruncDate("tid"))
        .values("av_id", "dag")
        .annotate(antal=Count("pk"))
        .values_list("av_id", "dag", "antal")
    )
    return {(av, dag): antal for av, dag, antal in per_dag if av is not None}

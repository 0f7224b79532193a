"""Den årliga genomgången av en organisations behörigheter (`doman.md` 1.1): när den ska göras, och vad den gör.

En genomgång är en enda handling: alla behörigheter får ett beslut, och de som inte längre behövs avslutas genast.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Func, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.logg import logga
from behorighet.models import Anvandare, Behorighet, Genomgang, Genomgangsrad, Handelse, Organisation
from behorighet.roller import BESTALLS_MED, Rattighet
from behorighet.tjanster import avsluta_behorighet

Beslut = Genomgangsrad.Beslut

FORANDRAT: Final = "Behörigheterna har ändrats sedan du öppnade sidan. Inget är sparat än."
RATT: Final = Rattighet.BESTALLA_BEHORIGHET


def nasta_genomgang(organisation: Organisation) -> date | None:
    """Sista dagen för nästa genomgång: ett år efter den förra, eller efter organisationens första behörighet.

    None för en organisation som aldrig har haft någon behörighet.
    """
    genomgangar = Genomgang.objects.filter(organisation=OuterRef("pk")).order_by("-gjord_vid")
    behorigheter = Behorighet.objects.filter(anvandare__arbetsgivare=OuterRef("pk")).order_by("fran")
    forra, forsta = Organisation.objects.values_list(
        Subquery(genomgangar.values("gjord_vid")[:1]), Subquery(behorigheter.values("fran")[:1])
    ).get(pk=organisation.pk)
    dag: date | None = timezone.localdate(forra) if forra else forsta
    return dag and _ett_ar_efter(dag)


def _ett_ar_efter(dag: date) -> date:
    skottdag = (dag.month, dag.day) == (2, 29)
    return dag.replace(year=dag.year + 1, day=28 if skottdag else dag.day)


def att_granska(organisation: Organisation) -> QuerySet[Behorighet]:
    """Personalens behörigheter som gäller eller ska börja gälla, med `senast_inloggad`, i svensk namnordning."""
    inloggningar = Handelse.objects.filter(av_id=OuterRef("anvandare_id"), typ=Handelse.Typ.INLOGGAD)
    behorigheter: QuerySet[Behorighet] = Behorighet.objects.inte_slut()
    return (
        behorigheter.filter(anvandare__arbetsgivare=organisation, avslutad_vid=None)
        .select_related("anvandare")
        .annotate(senast_inloggad=Subquery(inloggningar.order_by("-tid").values("tid")[:1]))
        .order_by(
            Func("anvandare__efternamn", function="sus_sortnyckel"),
            Func("anvandare__fornamn", function="sus_sortnyckel"),
            "fran",
            "pk",
        )
    )


def gar_att_avsluta(behorighet: Behorighet) -> bool:
    """Sant om beställaren får avsluta behörigheten; de andra avslutas av en systemadministratör."""
    return behorighet.roll in BESTALLS_MED[RATT]


def marken(behorigheter: Iterable[Behorighet]) -> dict[int, str]:
    """Vad en genomgång utgår från: id och sista dag (tomt utan slut) för varje behörighet."""
    return {ett.pk: ett.till.isoformat() if ett.till else "" for ett in behorigheter}


def forandringar(visade: Mapping[int, str], nu: Iterable[Behorighet], organisation: Organisation) -> list[str]:
    """Vad som skiljer det visade från det som nu gäller, en rad per behörighet; tom när inget skiljer."""
    nu = list(nu)
    nya = [f"Ny: {_vem(ett)}." for ett in nu if ett.pk not in visade]
    flyttade = [
        f"Ändrad: {_vem(ett)} gäller nu {f'till och med {ett.till}' if ett.till else 'tills vidare'}."
        for ett in nu
        if ett.pk in visade and visade[ett.pk] != marken([ett])[ett.pk]
    ]
    borta = set(visade) - {ett.pk for ett in nu}
    slutade = Behorighet.objects.filter(pk__in=borta, anvandare__arbetsgivare=organisation)
    return [
        *nya,
        *flyttade,
        *(f"Redan avslutad: {_vem(ett)}." for ett in slutade.select_related("anvandare").order_by("pk")),
    ]


def _vem(behorighet: Behorighet) -> str:
    return f"{behorighet.anvandare}, {behorighet.get_roll_display().lower()}"


def gor_genomgang(
    *, organisation: Organisation, visade: Mapping[int, str], beslut: Mapping[int, str], av: Anvandare
) -> tuple[Genomgang, list[Behorighet]]:
    """Sparar genomgången med ett beslut per behörighet, och returnerar den och behörigheterna som den avslutade.

    Uppdragen som vilar på dem avslutas av insatsernas tjänst, i samma transaktion. `visade` är `marken` för det som
    besluten togs på. Ger PermissionDenied utanför den egna organisationen, och ValidationError om behörigheterna har
    ändrats sedan dess, om något beslut saknas, eller om en roll som beställaren inte beställer skulle avslutas.
    """
    if not av.far(RATT) or av.arbetsgivare_id != organisation.pk:
        raise PermissionDenied
    with skriver():
        # Två genomgångar i samma organisation går en i taget, och ingen behörighet ändras under tiden.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        alla = Behorighet.objects.filter(anvandare__arbetsgivare=organisation, avslutad_vid=None)
        list(alla.select_for_update().order_by("pk").values_list("pk"))
        behorigheter = list(att_granska(organisation))
        if andrat := forandringar(visade, behorigheter, organisation):
            raise ValidationError([FORANDRAT, *andrat])
        _krav_beslut(behorigheter, beslut)
        genomgang = Genomgang.objects.create(organisation=organisation, gjord_av=av)
        Genomgangsrad.objects.bulk_create(
            Genomgangsrad(genomgang=genomgang, behorighet=ett, beslut=beslut[ett.pk]) for ett in behorigheter
        )
        avslutas = [ett for ett in behorigheter if beslut[ett.pk] == Beslut.AVSLUTA]
        for ett in avslutas:
            avsluta_behorighet(behorighet=ett, nu=True, av=av)
        logga(
            Handelse.Typ.GENOMGANG_GJORD,
            av=av,
            genomgang=genomgang.pk,
            organisation=organisation.pk,
            antal=len(behorigheter),
            avslutade=len(avslutas),
        )
    return genomgang, avslutas


def _krav_beslut(behorigheter: list[Behorighet], beslut: Mapping[int, str]) -> None:
    for ett in behorigheter:
        if beslut.get(ett.pk) not in Beslut.values:
            raise ValidationError("Välj Behåll eller Avsluta för varje behörighet.")
        if beslut[ett.pk] == Beslut.AVSLUTA and not gar_att_avsluta(ett):
            raise ValidationError(f"{_vem(ett)}: den behörigheten avslutas av en systemadministratör.")


def tidigare_genomgangar(organisation: Organisation) -> QuerySet[Genomgang]:
    """Organisationens genomgångar med antalet behållna och avslutade, den senaste först."""
    return (
        Genomgang.objects.filter(organisation=organisation)
        .select_related("gjord_av")
        .annotate(
            behallna=Count("rader", filter=Q(rader__beslut=Beslut.BEHALL)),
            avslutade=Count("rader", filter=Q(rader__beslut=Beslut.AVSLUTA)),
        )
        .order_by("-gjord_vid", "-pk")
    )

"""Samtycket: ett nytt för varje inregistrering (R18), och att det återtas (R25)."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Max, Min, Q

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.models import Anvandare
from deltagare.models import Deltagande
from deltagare.tjanster.period import VisarAnnan
from deltagare.tjanster.person import REDAN_BORTTAGEN, avidentifiera, las_personen
from deltagare.tjanster.registrering import utregistrera
from deltagare.tjanster.tid import krav_inte_framtid
from deltagare.uppgifter import ATERTAGET_SAMTYCKE


def last(deltagande: Deltagande, *, version: int) -> Deltagande:
    """Deltagandet så som det står nu, med personen låst. Ger Krock om någon har ändrat det sedan `version`."""
    las_personen(deltagande)
    nu = Deltagande.objects.select_related("insats", "folkbokforing").get(pk=deltagande.pk)
    krav_version(nu.version, version)
    return nu


def aterta_samtycke(*, deltagande: Deltagande, version: int, dag: date, av: Anvandare) -> Deltagande:
    """Personen återtar samtycket: identiteten tas bort ur insatsen, statistiken står kvar (R25). Går inte att ångra.

    Den som är inregistrerad utregistreras `dag` med anledningen Återtaget samtycke. För den som redan är utregistrerad
    står dag och anledning kvar. Ger Krock, eller ValidationError: bland annat om det är en annan, pågående registrering
    i insatsen som samtycket ska återtas på.
    """
    krav_inte_framtid("dag", dag)
    with skriver():
        nu = last(deltagande, version=version)
        if nu.avidentifierat:
            raise ValidationError(REDAN_BORTTAGEN)
        if nu.utregistrering is None:
            return utregistrera(
                deltagande=nu,
                version=version,
                utregistrering=dag,
                avslutningsanledning=ATERTAGET_SAMTYCKE,
                efter={},
                av=av,
            )
        ta_bort_identiteten(nu)
        nu.version += 1
        nu.save(update_fields=["version"])
    return nu


def ta_bort_identiteten(deltagande: Deltagande) -> None:
    """Tar bort identiteten ur insatsen för den som är utregistrerad. Deltagandet är låst av anroparen.

    Ger ValidationError om personen har en pågående registrering i insatsen.
    """
    pagaende = Deltagande.objects.raknas().filter(
        person_id=deltagande.person_id, insats_id=deltagande.insats_id, utregistrering=None, avidentifierat=False
    )
    if annat := pagaende.exclude(pk=deltagande.pk).first():
        raise VisarAnnan(
            annat,
            f"Personen är inregistrerad i insatsen sedan {annat.inregistrering.isoformat()}. "
            "Återta samtycket på den registreringen: identiteten tas då bort från dem alla.",
        )
    avidentifiera(deltagande)
    deltagande.avidentifierat = True  # så som databasens funktion lämnade raden


def krav_samtyckenas_ordning(deltagande: Deltagande, *, inregistrering: date, samtycke: date | None) -> None:
    """Ger ValidationError om samtycket inte är nyare än den förra registreringens och äldre än den nästas (R18).

    Registreringar utan identitet räknas inte, och nämns inte: de knyts inte till personen igen (R25).
    """
    ovriga = (
        Deltagande.objects.raknas()
        .filter(
            insats_id=deltagande.insats_id,
            person_id=deltagande.person_id,
            samtycke__isnull=False,
            avidentifierat=False,
        )
        .exclude(pk=deltagande.pk)
    )
    fore, efter = Q(inregistrering__lt=inregistrering), Q(inregistrering__gt=inregistrering)
    granser = ovriga.aggregate(forra=Max("samtycke", filter=fore), nasta=Min("samtycke", filter=efter))
    if samtycke is None:
        return
    if granser["forra"] and samtycke <= granser["forra"]:
        raise VisarAnnan(
            ovriga.filter(fore, samtycke=granser["forra"])[0],
            {
                "samtycke": f"Personens förra samtycke i insatsen är från {granser['forra'].isoformat()}. "
                "Ett nytt behövs för varje inregistrering: ange en senare dag."
            },
        )
    if granser["nasta"] and samtycke >= granser["nasta"]:
        raise VisarAnnan(
            ovriga.filter(efter, samtycke=granser["nasta"])[0],
            {
                "samtycke": f"Personens nästa samtycke i insatsen är från {granser['nasta'].isoformat()}. "
                "Ett nytt behövs för varje inregistrering: ange en tidigare dag."
            },
        )

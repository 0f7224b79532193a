"""Allt som skriver samverkansorganisationer: uppgifter, område och ingående organisationer (`doman.md` 2).

Regeln prövas här, i formuläret syns den, i databasen håller den.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse, Organisation
from behorighet.roller import Rattighet
from insatser.kategorier import formens_hinder
from insatser.models import IngaendeOrganisation, Insats, Kommun, Samverkansorganisation, Stadsdel

HOGST_NAMN: Final = 5


def skapa_samverkansorganisation(
    *,
    namn: str,
    organisationsnummer: str,
    samverkansform: str,
    beskrivning: str,
    startdatum: date,
    kommuner: Iterable[str],
    kontakt: dict[str, str],
    av: Anvandare,
) -> Samverkansorganisation:
    """Registrerar en samverkansorganisation med sina kommuner (koder) och returnerar den.

    `kontakt` är adress, postnummer, ort, kontaktperson, telefon och epost; det som saknas är tomt. Ger
    PermissionDenied om `av` inte är systemadministratör, och ValidationError om organisationsnumret finns eller om
    formen är en som inte fanns då.
    """
    if not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    if hinder := formens_hinder(samverkansform, startdatum):
        raise ValidationError({"startdatum": hinder})
    with skriver():
        organisation, ny = Samverkansorganisation.objects.get_or_create(
            organisationsnummer=organisationsnummer,
            defaults={
                "namn": namn,
                "samverkansform": samverkansform,
                "beskrivning": beskrivning,
                "startdatum": startdatum,
                **kontakt,
            },
        )
        if not ny:
            raise ValidationError({"organisationsnummer": f"{organisation.namn} har redan det organisationsnumret."})
        organisation.kommuner.set(Kommun.objects.filter(pk__in=kommuner))
        logga(Handelse.Typ.SAMVERKANSORGANISATION_REGISTRERAD, av=av, organisation=organisation.pk)
    return organisation


def andra_samverkansorganisation(
    *,
    organisation: Samverkansorganisation,
    version: int,
    namn: str,
    organisationsnummer: str,
    samverkansform: str,
    beskrivning: str,
    slutdatum: date | None,
    kontakt: dict[str, str],
    av: Anvandare,
) -> Samverkansorganisation:
    """Ändrar en samverkansorganisation som ingen annan har ändrat sedan `version`, och returnerar den (R7).

    Ger PermissionDenied om `av` inte är samverkansadministratör där, Krock om någon annan hann före, annars
    ValidationError per fält: formen är fast när det finns insatser, och slutdatum rymmer allt som är registrerat.
    """
    with skriver():
        organisation = last_organisation(organisation, av=av)
        krav_version(organisation.version, version)
        nya = {
            "namn": namn,
            "organisationsnummer": organisationsnummer,
            "samverkansform": samverkansform,
            "beskrivning": beskrivning,
            "slutdatum": slutdatum,
            **kontakt,
        }
        andrade = [falt for falt, varde in nya.items() if getattr(organisation, falt) != varde]
        if "samverkansform" in andrade and organisation.insatser.exists():
            raise ValidationError(
                {"samverkansform": "Samverkansformen går inte att ändra när samverkansorganisationen har insatser."}
            )
        if "samverkansform" in andrade and (hinder := formens_hinder(samverkansform, organisation.startdatum)):
            raise ValidationError({"samverkansform": hinder})
        if "slutdatum" in andrade and slutdatum:
            _krav_slutdatum_rymmer_allt(organisation, slutdatum)
        if andrade:
            for falt in andrade:
                setattr(organisation, falt, nya[falt])
            organisation.version += 1
            organisation.save(update_fields=[*andrade, "version"])
            _logga(organisation, av, falt=andrade)
    return organisation


def last_organisation(organisation: Samverkansorganisation, *, av: Anvandare) -> Samverkansorganisation:
    """Organisationen, låst till transaktionens slut. PermissionDenied om `av` inte är samverkansadministratör där."""
    egna = Samverkansorganisation.objects.synliga_for(av, Rattighet.ANDRA_ORGANISATION)
    if not egna.filter(pk=organisation.pk).exists():
        raise PermissionDenied
    return Samverkansorganisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)


def _krav_slutdatum_rymmer_allt(organisation: Samverkansorganisation, slut: date) -> None:
    """Säger vad som ligger efter slutdatumet; databasen prövar detsamma."""
    efter = organisation.insatser.filter(Q(startdatum__gt=slut) | Q(slutdatum__gt=slut)).order_by("pk")
    if antal := len(efter):
        namn = ", ".join(f"{insats.namn}" for insats in efter[:HOGST_NAMN])
        fler = f" och {antal - HOGST_NAMN} till" if antal > HOGST_NAMN else ""
        raise ValidationError({"slutdatum": f"Insatser som börjar eller slutar senare: {namn}{fler}. Ändra dem först."})
    sista, sista_ar, oppna = _registreringar(organisation)
    if sista and sista > slut:
        raise ValidationError({"slutdatum": f"Det finns registreringar efter slutdatumet. Den senaste är {sista}."})
    if sista_ar and sista_ar > slut.year:
        raise ValidationError({"slutdatum": f"Det finns anonyma deltagare eller antal registrerade för {sista_ar}."})
    if oppna and slut < timezone.localdate():
        deltagare = "1 deltagare är" if oppna == 1 else f"{oppna} deltagare är"
        raise ValidationError({"slutdatum": f"{deltagare} fortfarande inregistrerade. De ska utregistreras först."})


def _registreringar(organisation: Samverkansorganisation) -> tuple[date | None, int | None, int]:
    """Sista dag, sista år med anonyma eller antal, och antal öppna deltaganden i alla insatserna: aldrig vem."""
    with connection.cursor() as markor:
        markor.execute(
            "SELECT max(g.sista), max(g.sista_ar), coalesce(sum(g.oppna), 0)::bigint "
            "FROM insatser_insats i, registreringsgranser(i.id) g WHERE i.samverkansorganisation_id = %s",
            [organisation.pk],
        )
        sista, sista_ar, oppna = markor.fetchone()
    return sista, sista_ar, oppna


def utoka_omradet(
    *, organisation: Samverkansorganisation, kommuner: Iterable[str], stadsdelar: Iterable[int], av: Anvandare
) -> int:
    """Lägger kommuner (koder) och stadsdelar (id) till området, och returnerar hur många som är nya.

    En stadsdel har sin kommun med sig. Ger PermissionDenied om `av` inte är samverkansadministratör där.
    """
    with skriver():
        organisation = last_organisation(organisation, av=av)
        valda = set(Stadsdel.objects.filter(pk__in=stadsdelar).exclude(samverkansorganisationer=organisation))
        koder = {*kommuner, *(stadsdel.kommun_id for stadsdel in valda)}
        nya = set(Kommun.objects.filter(pk__in=koder).exclude(samverkansorganisationer=organisation))
        organisation.kommuner.add(*nya)
        organisation.stadsdelar.add(*valda)
        if nya or valda:
            tillagda = {"kommuner": sorted(kommun.pk for kommun in nya), "stadsdelar": sorted(s.pk for s in valda)}
            _logga(organisation, av, falt=["omrade"], tillagda=tillagda)
    return len(nya) + len(valda)


def minska_omradet(
    *, organisation: Samverkansorganisation, kommun: str = "", stadsdel: int | None = None, av: Anvandare
) -> None:
    """Tar bort en kommun, med sina stadsdelar, eller en stadsdel ur området. Det som redan är borta är inget fel.

    Ger ValidationError om det är den sista kommunen, och PermissionDenied som `utoka_omradet`.
    """
    with skriver():
        organisation = last_organisation(organisation, av=av)
        egna = set(organisation.kommuner.values_list("pk", flat=True))
        if stadsdel is not None and organisation.stadsdelar.filter(pk=stadsdel).exists():
            organisation.stadsdelar.remove(stadsdel)
            _logga(organisation, av, falt=["omrade"], borttagna={"stadsdelar": [stadsdel]})
        if kommun in egna:
            if egna == {kommun}:
                raise ValidationError("Minst en kommun ska finnas kvar. Lägg till en annan innan du tar bort den.")
            # Stadsdelarna följer med kommunen: databasens trigger.
            organisation.kommuner.remove(Kommun.objects.get(pk=kommun))
            _logga(organisation, av, falt=["omrade"], borttagna={"kommuner": [kommun]})


def spara_ingaende(
    *,
    samverkansorganisation: Samverkansorganisation,
    organisation: Organisation,
    version: int,
    deltar: bool,
    finansierar: bool,
    brukar: bool,
    av: Anvandare,
) -> IngaendeOrganisation:
    """Lägger till en ingående organisation (version 0) eller ändrar vad den gör, och returnerar den.

    Ger Krock om någon annan hann före, ValidationError om inget av de tre är valt eller om organisationen redan
    ingår, och PermissionDenied om `av` inte är samverkansadministratör där.
    """
    with skriver():
        samverkansorganisation = last_organisation(samverkansorganisation, av=av)
        ingaende = samverkansorganisation.ingaende_organisationer.filter(organisation=organisation).first()
        krav_version(ingaende.version if ingaende else 0, version)
        gor = {"deltar": deltar, "finansierar": finansierar, "brukar": brukar}
        if ingaende is None:
            ingaende = samverkansorganisation.ingaende_organisationer.create(organisation=organisation, **gor)
        elif not any(getattr(ingaende, falt) != varde for falt, varde in gor.items()):
            return ingaende
        else:
            for falt, varde in gor.items():
                setattr(ingaende, falt, varde)
            ingaende.version += 1
            ingaende.save(update_fields=[*gor, "version"])
        _logga(samverkansorganisation, av, falt=["ingaende"], part=organisation.pk, **gor)
    return ingaende


def ta_bort_ingaende(
    *, samverkansorganisation: Samverkansorganisation, organisation: Organisation, av: Anvandare
) -> None:
    """Tar bort en ingående organisation. Det som den har finansierat står kvar i budgeten för sina år.

    Det som redan är borta är inget fel. Ger PermissionDenied om `av` inte är samverkansadministratör där.
    """
    with skriver():
        samverkansorganisation = last_organisation(samverkansorganisation, av=av)
        borta, _ = samverkansorganisation.ingaende_organisationer.filter(organisation=organisation).delete()
        if borta:
            _logga(samverkansorganisation, av, falt=["ingaende"], part=organisation.pk, borttagen=True)


def har_insatser(organisation: Samverkansorganisation) -> bool:
    """Sant om samverkansformen är fast: organisationen har en insats."""
    return Insats.objects.filter(samverkansorganisation=organisation).exists()


def _logga(organisation: Samverkansorganisation, av: Anvandare, **detaljer: Any) -> None:
    logga(Handelse.Typ.SAMVERKANSORGANISATION_ANDRAD, av=av, organisation=organisation.pk, **detaljer)

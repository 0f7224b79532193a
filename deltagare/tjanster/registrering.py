"""In- och utregistrering av deltagare med personuppgifter (`doman.md` 4)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max, Q
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare import kryptering
from deltagare.models import Deltagande, Folkbokforing, Svar
from deltagare.models.svar import Svarsvarde
from deltagare.personnummer import Personnummer
from deltagare.tjanster.person import avidentifiera, las_personen, person_for, uppdatera_namn
from deltagare.tjanster.tid import krav_inte_framtid
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, EFTERFALT, FELREGISTRERING, FOREFALT, Kon, tomma_svar
from insatser.kategorier import Malgrupp
from insatser.models import Fraga, Insats, Kommun, Lasorsak, Stadsdel, Tillfalle
from insatser.tjanster import las_kategorisering

MALGRUPPENS_KON = {Malgrupp.KVINNOR: Kon.KVINNA, Malgrupp.MAN: Kon.MAN}


def inregistrera(
    *,
    insats: Insats,
    nummer: Personnummer,
    fornamn: str,
    efternamn: str,
    kommun: Kommun,
    stadsdel: Stadsdel | None,
    samtycke: date,
    inregistrering: date,
    fore: Mapping[str, Any],
    svar: Iterable[tuple[Fraga, Svarsvarde]] = (),
    av: Anvandare,
) -> Deltagande:
    """Inregistrerar en deltagare med personuppgifter och låser insatsens kategorisering (R11, R17–R21).

    `fore` har fälten i `FOREFALT`; de som saknas är utan svar. `svar` är de på kompletterande frågor.
    Ger ValidationError, per fält, om något inte stämmer, också när en samtidig registrering hann före.
    """
    krav_inte_framtid("inregistrering", inregistrering)
    if nummer.fodelsear > inregistrering.year:
        raise ValidationError({"inregistrering": "Inregistreringen kan inte vara före personens födelse."})
    with skriver():
        las_kategorisering(insats=insats, orsak=Lasorsak.DELTAGARE, av=av)
        person_id = person_for(insats=insats, nummer=nummer, fornamn=fornamn, efternamn=efternamn)
        lopnr = _nytt_lopnr(insats, person_id, samtycke, inregistrering)
        deltagande = Deltagande.objects.create(
            person_id=person_id,
            insats=insats,
            inregistrering=inregistrering,
            lopnr=lopnr,
            kon=nummer.kon,
            alder=inregistrering.year - nummer.fodelsear,
            samtycke=samtycke,
            **{**tomma_svar(FOREFALT), **fore},
        )
        Folkbokforing.objects.create(deltagande=deltagande, kommun=kommun, stadsdel=stadsdel)
        uppdatera_namn(person_id, fornamn=fornamn, efternamn=efternamn)
        fragor = Svar.objects.lagg_till(deltagande=deltagande, tillfalle=Tillfalle.IN, svar=svar)
        logga(
            Handelse.Typ.DELTAGARE_INREGISTRERAD,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            person_id=person_id,
            deltagande=deltagande.pk,
            **_besvarade(fragor),
        )
    return deltagande


def _besvarade(fragor: list[int]) -> dict[str, Any]:
    """Vilka kompletterande frågor som fick svar, för loggen. Svaren själva står aldrig där."""
    return {"fragor": fragor} if fragor else {}


def _nytt_lopnr(insats: Insats, person_id: int, samtycke: date, inregistrering: date) -> int:
    """Löpnumret bland personens inregistreringar i insatsen samma dag.

    Ger ValidationError om samtycket är det som redan en tidigare inregistrering vilar på (R18).
    """
    # Den som har återtagit samtycket knyts inte till den registreringen igen (R25).
    tidigare = Q(
        felregistrerad=False, avidentifierat=False, inregistrering__lt=inregistrering, utregistrering__isnull=False
    )
    finns = Deltagande.objects.filter(insats=insats, person_id=person_id).aggregate(
        samtycke=Max("samtycke", filter=tidigare), lopnr=Max("lopnr", filter=Q(inregistrering=inregistrering))
    )
    if finns["samtycke"] and finns["samtycke"] >= samtycke:
        raise ValidationError(
            {"samtycke": "Samtycket gällde en tidigare inregistrering. Ett nytt behövs för varje inregistrering."}
        )
    return (finns["lopnr"] or 0) + 1


def utregistrera(
    *,
    deltagande: Deltagande,
    version: int,
    utregistrering: date,
    avslutningsanledning: str,
    efter: Mapping[str, Any],
    svar: Iterable[tuple[Fraga, Svarsvarde]] = (),
    av: Anvandare,
) -> Deltagande:
    """Utregistrerar en deltagare (R21, R22, R25).

    Vid Felregistrering sparas inga efteruppgifter. Vid Återtaget samtycke tas identiteten bort, och med den svaren i
    fritext; statistiken står kvar. Ger Krock om någon annan har ändrat sedan `version`, annars ValidationError per
    fält.
    """
    krav_inte_framtid("utregistrering", utregistrering)
    with skriver():
        las_personen(deltagande)
        deltagande = Deltagande.objects.select_related("insats").get(pk=deltagande.pk)
        krav_version(deltagande.version, version)
        if deltagande.utregistrering:
            raise ValidationError(f"Deltagaren är redan utregistrerad, {deltagande.utregistrering.isoformat()}.")
        if avslutningsanledning == ATERTAGET_SAMTYCKE and not deltagande.avidentifierat:
            avidentifiera(deltagande)
            deltagande.avidentifierat = True  # så som databasens funktion lämnade raden
        utan_svar = avslutningsanledning == FELREGISTRERING
        uppgifter = {**tomma_svar(EFTERFALT), **({} if utan_svar else efter)}
        deltagande.utregistrering = utregistrering
        deltagande.avslutningsanledning = avslutningsanledning
        for falt, varde in uppgifter.items():
            setattr(deltagande, falt, varde)
        deltagande.version += 1
        deltagande.save(update_fields=["utregistrering", "avslutningsanledning", "version", *uppgifter])
        fragor = Svar.objects.lagg_till(deltagande=deltagande, tillfalle=Tillfalle.UT, svar=() if utan_svar else svar)
        logga(
            Handelse.Typ.DELTAGARE_UTREGISTRERAD,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=deltagande.insats_id,
            person_id=deltagande.person_id,
            deltagande=deltagande.pk,
            anledning=avslutningsanledning,
            **_besvarade(fragor),
        )
    return deltagande


def oppet_deltagande(*, insats: Insats, nummer: Personnummer, av: Anvandare) -> Deltagande | None:
    """Personens pågående registrering i insatsen, om den finns inom räckhåll. Läsningen loggas (P8)."""
    deltagande = (
        Deltagande.objects.raknas()
        .filter(
            insats=insats,
            utregistrering=None,
            avidentifierat=False,
            person__identitet__personindex=kryptering.personindex(nummer.nummer),
        )
        .select_related("person__identitet", "insats")
        .first()
    )
    if deltagande:
        logga(
            Handelse.Typ.PERSON_VISAD,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            person_id=deltagande.person_id,
            deltagande=deltagande.pk,
        )
    return deltagande


def logga_historik(*, deltagande: Deltagande, av: Anvandare) -> None:
    """Skriver i loggen att deltagandets historik läses, innan något av den visas (P8). Utan identitet inte vems."""
    logga(
        Handelse.Typ.HISTORIK_VISAD,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=deltagande.insats_id,
        person_id=None if deltagande.avidentifierat else deltagande.person_id,
        deltagande=deltagande.pk,
    )


def varningar(*, insats: Insats, kommun: Kommun | None, kon: str, inregistrering: date | None = None) -> list[str]:
    """Det som är värt att se efter men inte fel (R24). Vid *Hämta* finns ingen dag för inregistreringen än."""
    texter = []
    idag = timezone.localdate()
    if inregistrering and (inregistrering.year + 3, inregistrering.month, inregistrering.day) < (
        idag.year,
        idag.month,
        idag.day,
    ):
        texter.append("Deltagaren har varit inregistrerad i över tre år. Kontrollera om utregistrering saknas.")
    omrade = _omradet(insats) if kommun else []
    if kommun and omrade and kommun.pk not in omrade:
        # Utan kommunens namn: texten kan bli ett besked, som sparas till nästa sida (P7).
        texter.append("Folkbokföringskommunen ingår inte i samverkansorganisationens område. Kontrollera kommunen.")
    enda_kon = {MALGRUPPENS_KON[m] for m in MALGRUPPENS_KON if m in insats.malgrupper}
    if enda_kon and kon not in enda_kon:
        texter.append("Insatsen är till enbart för ett annat kön än deltagarens. Kontrollera insatsen.")
    return texter


def _omradet(insats: Insats) -> list[str]:
    """Kommunerna i samverkansorganisationens område, ur den lästa insatsen om de följde med den."""
    last: list[str] | None = getattr(insats, "omrade", None)
    if last is not None:
        return last
    return list(insats.samverkansorganisation.kommuner.values_list("pk", flat=True))

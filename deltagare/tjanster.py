"""Allt som skriver deltaganden, anonyma och antal (`doman.md` 3.3, 4 och 5)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Max, Q
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare import kryptering
from deltagare.models import Anonym, Deltagande, Folkbokforing, Identitet, Svar, Volymantal
from deltagare.models.person import ny_personnyckel
from deltagare.models.svar import Svarsvarde
from deltagare.personnummer import Personnummer
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, EFTERFALT, FELREGISTRERING, FOREFALT, Kon, tomma_svar
from insatser.kategorier import Malgrupp
from insatser.models import Fraga, Insats, Kommun, Lasorsak, Stadsdel, Tillfalle
from insatser.tjanster import las_kategorisering

MALGRUPPENS_KON = {Malgrupp.KVINNOR: Kon.KVINNA, Malgrupp.MAN: Kon.MAN}


class Anonymrad(NamedTuple):
    """Ett antal anonyma av ett kön."""

    kon: Kon
    antal: int


def person_for(*, insats: Insats, nummer: Personnummer, fornamn: str, efternamn: str) -> int:
    """Personens id; skapar personen om numret är nytt (P2). Databasen loggar vem som frågade.

    Ger ProgrammingError (otillräcklig rättighet) om den som frågar saknar uppdrag på insatsen.
    """
    nyckel_id = kryptering.aktuell_nyckel()
    with connection.cursor() as markor:
        markor.execute(
            "SELECT person_for(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                insats.pk,
                kryptering.personindex(nummer.nummer),
                kryptering.kryptera(nummer.nummer, falt="personnummer", nyckel_id=nyckel_id),
                kryptering.kryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
                kryptering.kryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
                nyckel_id,
                ny_personnyckel(),
                nummer.kon,
                nummer.fodelsear,
            ],
        )
        return int(markor.fetchone()[0])


def _uppdatera_namn(person_id: int, *, fornamn: str, efternamn: str) -> None:
    """Den senaste registreringens namn gäller för personen.

    Skrivs alltid: antalet frågor säger då inte om personen redan fanns, i en insats som användaren inte når (P2).
    """
    namn = {"fornamn": fornamn, "efternamn": efternamn}
    for nyckel_id in kryptering.nycklar():
        krypterat = {falt: kryptering.kryptera(text, falt=falt, nyckel_id=nyckel_id) for falt, text in namn.items()}
        if Identitet.objects.filter(person_id=person_id, nyckel_id=nyckel_id).update(**krypterat):
            return


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
    _krav_inte_framtid("inregistrering", inregistrering)
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
        _uppdatera_namn(person_id, fornamn=fornamn, efternamn=efternamn)
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
    tidigare = Q(felregistrerad=False, inregistrering__lt=inregistrering, utregistrering__isnull=False)
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
    _krav_inte_framtid("utregistrering", utregistrering)
    with skriver():
        deltagande = Deltagande.objects.select_for_update(of=("self",)).select_related("insats").get(pk=deltagande.pk)
        krav_version(deltagande.version, version)
        if deltagande.utregistrering:
            raise ValidationError(f"Deltagaren är redan utregistrerad, {deltagande.utregistrering.isoformat()}.")
        if avslutningsanledning == ATERTAGET_SAMTYCKE:
            _avidentifiera(deltagande)
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


def _avidentifiera(deltagande: Deltagande) -> None:
    """Tar bort identiteten för personens alla deltaganden i insatsen (R25, P10).

    Fingeravtrycken hindrar att en fil återställer den.
    """
    nummer = Identitet.objects.get(person_id=deltagande.person_id).klartext("personnummer")
    insatsen = Deltagande.objects.filter(person_id=deltagande.person_id, insats_id=deltagande.insats_id)
    for ett in insatsen.filter(avidentifierat=False):
        avtryck = kryptering.fingeravtryck(
            insats=deltagande.insats.nyckel,
            person=nummer,
            inregistrering=ett.inregistrering.isoformat(),
            lopnr=ett.lopnr,
        )
        with connection.cursor() as markor:
            markor.execute("SELECT avidentifiera_deltagande(%s, %s)", [ett.pk, avtryck])


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
    """Skriver i loggen att deltagandets historik läses, innan något av den visas (P8)."""
    logga(
        Handelse.Typ.HISTORIK_VISAD,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=deltagande.insats_id,
        person_id=deltagande.person_id,
        deltagande=deltagande.pk,
    )


def varningar(*, insats: Insats, kommun: Kommun, kon: str, inregistrering: date) -> list[str]:
    """Det som är värt att se efter men inte fel (R24), för en deltagare som just är inregistrerad."""
    texter = []
    idag = timezone.localdate()
    if (inregistrering.year + 3, inregistrering.month, inregistrering.day) < (idag.year, idag.month, idag.day):
        texter.append("Deltagaren har varit inregistrerad i över tre år. Kontrollera om utregistrering saknas.")
    kommuner = {k.pk for k in insats.samverkansorganisation.kommuner.all()}
    if kommuner and kommun.pk not in kommuner:
        texter.append(f"{kommun.namn} ingår inte i samverkansorganisationens område. Kontrollera kommunen.")
    enda_kon = {MALGRUPPENS_KON[m] for m in MALGRUPPENS_KON if m in insats.malgrupper}
    if enda_kon and kon not in enda_kon:
        texter.append("Insatsen är till enbart för ett annat kön än deltagarens. Kontrollera insatsen.")
    return texter


def registrera_anonyma(*, insats: Insats, ar: int, rader: Iterable[Anonymrad], av: Anvandare) -> None:
    """Lägger till anonyma deltagare för ett kalenderår och låser kategoriseringen (`doman.md` 5, R11).

    Antalen läggs till dem som redan är registrerade. Ger ValidationError för år i framtiden eller utanför
    insatsens datum, och för en insats som inte tar emot anonyma.
    """
    _krav_ar_inte_framtid("ar", ar)
    summor: dict[Kon, int] = {}
    for rad in rader:
        summor[rad.kon] = summor.get(rad.kon, 0) + rad.antal
    if not summor or min(summor.values()) < 1:
        raise ValidationError("Ange minst ett antal och lägg till det innan du sparar.")
    with skriver():
        las_kategorisering(insats=insats, orsak=Lasorsak.ANONYM, av=av)
        for kon, antal in summor.items():
            sparad, _ = Anonym.objects.get_or_create(insats=insats, ar=ar, kon=kon, defaults={"antal": 0})
            Anonym.objects.filter(pk=sparad.pk).update(antal=F("antal") + antal)
        logga(
            Handelse.Typ.ANONYMA_REGISTRERADE,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            ar=ar,
            antal={kon.value: antal for kon, antal in summor.items()},
        )


def ta_bort_anonyma(*, insats: Insats, ar: int, kon: str, antal: int, anledning: str, av: Anvandare) -> None:
    """Tar bort felregistrerade anonyma; det är ingen utregistrering (`doman.md` 5). Låset står kvar (R11).

    Ger ValidationError om fler tas bort än som är registrerade.
    """
    with skriver():
        rad = Anonym.objects.select_for_update(of=("self",)).filter(insats=insats, ar=ar, kon=kon).first()
        finns = rad.antal if rad else 0
        if rad is None or antal > finns:
            raise ValidationError({"antal": f"Det finns {finns} registrerade att ta bort."})
        rad.antal -= antal
        rad.save(update_fields=["antal"])
        logga(
            Handelse.Typ.ANONYMA_BORTTAGNA,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=insats.pk,
            ar=ar,
            kon=kon,
            antal=antal,
            anledning=anledning,
        )


class Arsantal(NamedTuple):
    """Ett års antal så som det skrevs, och versionen det utgår från (0: inget fanns)."""

    antal: int | None
    version: int


def registrera_antal(*, insats: Insats, ar: Mapping[int, Arsantal], av: Anvandare) -> int:
    """Sparar det faktiska antalet per kalenderår i en volyminsats och låser kategoriseringen (R11, R16).

    Ett tomt antal tar bort årets registrering. Returnerar hur många år som ändrades. Ger Krock om någon annan
    har ändrat ett av åren, ValidationError för år i framtiden eller utanför insatsens datum.
    """
    with skriver():
        # Raden låses, så att två som sparar samtidigt kommer efter varandra.
        insats = Insats.objects.las(insats.pk)
        sparade = {rad.ar: rad for rad in Volymantal.objects.filter(insats=insats, ar__in=ar)}
        andrade = {}
        for aret, nytt in ar.items():
            rad = sparade.get(aret)
            if (rad.antal if rad else None) == nytt.antal:
                continue
            krav_version(rad.version if rad else 0, nytt.version)
            _krav_ar_inte_framtid(f"antal_{aret}", aret)
            andrade[aret] = nytt.antal
            if rad is None:
                las_kategorisering(insats=insats, orsak=Lasorsak.ANTAL, av=av)
                rad = Volymantal(insats=insats, ar=aret, version=0)
            if nytt.antal is None:
                rad.delete()
            else:
                rad.antal, rad.version = nytt.antal, rad.version + 1
                rad.save()
        if andrade:
            logga(
                Handelse.Typ.ANTAL_REGISTRERAT,
                av=av,
                roll=Roll.INSATSANSVARIG,
                insats_id=insats.pk,
                antal={str(a): n for a, n in andrade.items()},
            )
    return len(andrade)


def _krav_inte_framtid(falt: str, dag: date) -> None:
    if dag > timezone.localdate():
        raise ValidationError({falt: "Datumet kan inte vara i framtiden."})


def _krav_ar_inte_framtid(falt: str, ar: int) -> None:
    if ar > timezone.localdate().year:
        raise ValidationError({falt: "Året kan inte vara i framtiden."})

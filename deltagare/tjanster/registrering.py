"""In- och utregistrering av deltagare med personuppgifter (`doman.md` 4)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Max, Min, Q
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare import kryptering
from deltagare.models import Deltagande, Folkbokforing, Svar
from deltagare.models.person import personer_med
from deltagare.models.svar import Svarsvarde
from deltagare.personnummer import Personnummer
from deltagare.tjanster.period import (
    Period,
    RedanUtregistrerad,
    VisarAnnan,
    fore_dagen,
    krav_pa_perioden,
    perioden_for,
)
from deltagare.tjanster.person import avidentifiera, las_personen, person_for, uppdatera_namn
from deltagare.tjanster.tid import krav_inte_framtid
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, EFTERFALT, FELREGISTRERING, FOREFALT, Kon, tomma_svar
from insatser.kategorier import Malgrupp
from insatser.models import Fraga, Insats, Kommun, Lasorsak, Stadsdel, Tillfalle
from insatser.tjanster import las_kategorisering

MALGRUPPENS_KON = {Malgrupp.KVINNOR: Kon.KVINNA, Malgrupp.MAN: Kon.MAN}


class Avslut(NamedTuple):
    """Utregistreringen av ett deltagande som redan är slut när det registreras. `efter` har fälten i `EFTERFALT`."""

    utregistrering: date
    avslutningsanledning: str
    efter: Mapping[str, Any]

    def uppgifter(self) -> dict[str, Any]:
        """Det som sparas på deltagandet; vid felregistrering inga efteruppgifter (R22)."""
        utan_svar = self.avslutningsanledning == FELREGISTRERING
        return {
            "utregistrering": self.utregistrering,
            "avslutningsanledning": self.avslutningsanledning,
            **tomma_svar(EFTERFALT),
            **({} if utan_svar else self.efter),
        }


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
    avslut: Avslut | None = None,
    av: Anvandare,
) -> Deltagande:
    """Inregistrerar en deltagare med personuppgifter och låser insatsens kategorisering (R11, R17–R21).

    `fore` har fälten i `FOREFALT`; de som saknas är utan svar. `svar` är de på kompletterande frågor. Med `avslut`
    är deltagandet utregistrerat från början: en period som tog slut innan den registrerades.
    Ger ValidationError, per fält, om något inte stämmer, också när en samtidig registrering hann före.
    """
    krav_inte_framtid("inregistrering", inregistrering)
    if avslut:
        krav_inte_framtid("utregistrering", avslut.utregistrering)
        if avslut.avslutningsanledning in {FELREGISTRERING, ATERTAGET_SAMTYCKE}:
            raise ValidationError({"avslutningsanledning": "Anledningen gäller bara den som redan är inregistrerad."})
    if nummer.fodelsear > inregistrering.year:
        raise ValidationError({"inregistrering": "Inregistreringen kan inte vara före personens födelse."})
    period = Period(
        insats.pk, Q(person__in=personer_med(nummer.nummer)), inregistrering, avslut.utregistrering if avslut else None
    )
    with krav_pa_perioden(lambda: period, lambda annan: _rad_vid_inregistrering(annan, period)), skriver():
        las_kategorisering(insats=insats, orsak=Lasorsak.DELTAGARE, av=av)
        person_id = person_for(insats=insats, nummer=nummer, fornamn=fornamn, efternamn=efternamn)
        lopnr = _nytt_lopnr(insats, person_id, samtycke, inregistrering, avslutat=avslut is not None)
        deltagande = Deltagande.objects.create(
            person_id=person_id,
            insats=insats,
            inregistrering=inregistrering,
            lopnr=lopnr,
            kon=nummer.kon,
            alder=inregistrering.year - nummer.fodelsear,
            samtycke=samtycke,
            **{**tomma_svar(FOREFALT), **fore},
            **(avslut.uppgifter() if avslut else {}),
        )
        Folkbokforing.objects.create(deltagande=deltagande, kommun=kommun, stadsdel=stadsdel)
        uppdatera_namn(person_id, fornamn=fornamn, efternamn=efternamn, dag=inregistrering)
        fragor = Svar.objects.lagg_till(deltagande=deltagande, tillfalle=Tillfalle.IN, svar=svar)
        logga(Handelse.Typ.DELTAGARE_INREGISTRERAD, av=av, **_om(deltagande), **_besvarade(fragor))
        if avslut:
            _logga_utregistrering(deltagande, av=av)
    return deltagande


def _rad_vid_inregistrering(annan: Deltagande, period: Period) -> str:
    """Vad man gör när personen redan är inregistrerad i insatsen en del av tiden."""
    if annan.inregistrering <= period.inregistrering:
        if annan.utregistrering is None:
            return "Utregistrera den registreringen först, eller kontrollera datumet."
        return f"Ange en inregistrering efter {annan.utregistrering.isoformat()}, eller kontrollera datumet."
    senast = fore_dagen(annan.inregistrering)
    if period.utregistrering:
        return f"Ange en utregistrering senast {senast}."
    return f"Tog den här perioden slut före det? Fyll i rutan Utregistrering längre ned på sidan, senast {senast}."


def _om(deltagande: Deltagande) -> dict[str, Any]:
    """Vad loggens rad gäller."""
    return {
        "roll": Roll.DELTAGARANSVARIG,
        "insats_id": deltagande.insats_id,
        "person_id": deltagande.person_id,
        "deltagande": deltagande.pk,
    }


def _logga_utregistrering(deltagande: Deltagande, *, fragor: list[int] | None = None, av: Anvandare) -> None:
    logga(
        Handelse.Typ.DELTAGARE_UTREGISTRERAD,
        av=av,
        anledning=deltagande.avslutningsanledning,
        **_om(deltagande),
        **_besvarade(fragor or []),
    )


def _besvarade(fragor: list[int]) -> dict[str, Any]:
    """Vilka kompletterande frågor som fick svar, för loggen. Svaren själva står aldrig där."""
    return {"fragor": fragor} if fragor else {}


def _nytt_lopnr(insats: Insats, person_id: int, samtycke: date, inregistrering: date, *, avslutat: bool) -> int:
    """Löpnumret bland personens inregistreringar i insatsen samma dag.

    Ger ValidationError om samtycket är det som redan en annan inregistrering vilar på (R18).
    """
    # Den som har återtagit samtycket knyts inte till den registreringen igen (R25).
    raknas = Q(felregistrerad=False, avidentifierat=False)
    tidigare = raknas & Q(inregistrering__lt=inregistrering, utregistrering__isnull=False)
    senare = raknas & Q(inregistrering__gt=inregistrering)
    personens = Deltagande.objects.filter(insats=insats, person_id=person_id)
    finns = personens.aggregate(
        forra=Max("samtycke", filter=tidigare),
        nasta=Min("samtycke", filter=senare),
        lopnr=Max("lopnr", filter=Q(inregistrering=inregistrering)),
    )
    if finns["forra"] and finns["forra"] >= samtycke:
        raise VisarAnnan(
            personens.filter(tidigare, samtycke=finns["forra"])[0],
            {"samtycke": "Samtycket gällde en tidigare inregistrering. Ett nytt behövs för varje inregistrering."},
        )
    # Utan ett slut före den nästa säger databasen nej ändå, om tiden.
    if avslutat and finns["nasta"] and finns["nasta"] <= samtycke:
        raise VisarAnnan(
            personens.filter(senare, samtycke=finns["nasta"])[0],
            {
                "samtycke": f"Personens nästa samtycke i insatsen är från {finns['nasta'].isoformat()}. "
                "Ett nytt behövs för varje inregistrering: ange en tidigare dag."
            },
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
    fritext; statistiken står kvar. Ger RedanUtregistrerad om någon hann före, Krock om någon annan har ändrat
    något annat sedan `version`, annars ValidationError per fält.
    """
    krav_inte_framtid("utregistrering", utregistrering)
    avslut = Avslut(utregistrering, avslutningsanledning, efter)

    def perioden() -> Period:
        return perioden_for(deltagande)._replace(utregistrering=utregistrering)

    with krav_pa_perioden(perioden, utregistreras_fore), skriver():
        las_personen(deltagande)
        deltagande = Deltagande.objects.select_related("insats").get(pk=deltagande.pk)
        if deltagande.utregistrering:
            raise RedanUtregistrerad(deltagande)
        krav_version(deltagande.version, version)
        if avslutningsanledning == ATERTAGET_SAMTYCKE and not deltagande.avidentifierat:
            avidentifiera(deltagande)
            deltagande.avidentifierat = True  # så som databasens funktion lämnade raden
        uppgifter = avslut.uppgifter()
        for falt, varde in uppgifter.items():
            setattr(deltagande, falt, varde)
        deltagande.version += 1
        deltagande.save(update_fields=["version", *uppgifter])
        utan_svar = avslutningsanledning == FELREGISTRERING
        fragor = Svar.objects.lagg_till(deltagande=deltagande, tillfalle=Tillfalle.UT, svar=() if utan_svar else svar)
        _logga_utregistrering(deltagande, fragor=fragor, av=av)
    return deltagande


def utregistreras_fore(annan: Deltagande) -> str:
    """Vad man gör när en utregistrering går in i personens nästa period."""
    return f"Ange en utregistrering senast {fore_dagen(annan.inregistrering)}."


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
    last: list[str] | None = getattr(insats, "omradets_kommuner", None)
    if last is not None:
        return last
    return list(insats.samverkansorganisation.kommuner.values_list("pk", flat=True))

"""Rättelser av det som är registrerat (`doman.md` 4). Reglerna är de som gäller när det registreras."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from behorighet.databasfel import skriver
from behorighet.historik import rader_for
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Deltagande, Folkbokforing, Svar
from deltagare.models.svar import KOLUMN, Svarsvarde
from deltagare.tjanster.period import Period, krav_pa_perioden, perioden_for
from deltagare.tjanster.registrering import utregistreras_fore
from deltagare.tjanster.samtycke import krav_samtyckenas_ordning, last, ta_bort_identiteten
from deltagare.tjanster.tid import krav_inte_framtid
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, EFTERFALT, FELREGISTRERING, tomma_svar
from insatser.models import Fraga, Kommun, Saknas, Stadsdel, Svarstyp, Tillfalle

Frageandring = Iterable[tuple[Fraga, Svarsvarde | None]]
"""Frågorna som ställdes, med svaret; None tömmer det. En fråga som inte är med behåller sitt svar."""

FELREGISTRERAD = "Registreringen är en felregistrering. Ångra utregistreringen om den ska gälla igen."


def ratta_inregistrering(
    *,
    deltagande: Deltagande,
    version: int,
    inregistrering: date,
    samtycke: date | None,
    samtycke_arkiverat: date | None,
    kommun: Kommun | None,
    stadsdel: Stadsdel | None,
    fore: Mapping[str, Any],
    svar: Frageandring = (),
    lasta: Iterable[Svar] | None = None,
    av: Anvandare,
) -> list[str]:
    """Rättar det som registrerades vid inregistreringen (R18–R23). Ålder och löpnummer följer dagen.

    `kommun` och `stadsdel` räknas inte för ett deltagande utan identitet. `lasta` är deltagandets svar, om de lästes
    efter `deltagande`; annars läses de här. Returnerar namnen på det som ändrades; tomt
    om inget gjorde det. Ger Krock om någon annan har ändrat sedan `version`, annars ValidationError per fält.
    """
    krav_inte_framtid("inregistrering", inregistrering)
    if samtycke_arkiverat:
        krav_inte_framtid("samtycke_arkiverat", samtycke_arkiverat)

    def perioden() -> Period:
        return perioden_for(deltagande)._replace(inregistrering=inregistrering)

    with krav_pa_perioden(perioden, _inregistreras_efter, sista=True), skriver():
        nu = last(deltagande, version=version)
        if nu.felregistrerad:
            raise ValidationError(FELREGISTRERAD)
        if inregistrering.year < nu.inregistrering.year - nu.alder:
            raise ValidationError({"inregistrering": "Inregistreringen kan inte vara före personens födelse."})
        if (inregistrering, samtycke) != (nu.inregistrering, nu.samtycke):
            krav_samtyckenas_ordning(nu, inregistrering=inregistrering, samtycke=samtycke)
        nytt = {
            "inregistrering": inregistrering,
            "samtycke": samtycke,
            "samtycke_arkiverat": samtycke_arkiverat,
            **fore,
        }
        bosatt = [] if nu.avidentifierat or kommun is None else _folkbokford(nu, kommun, stadsdel)
        lasta = _galler_an(lasta, deltagande, version)
        return _spara(nu, nytt, _svarsandring(nu, Tillfalle.IN, svar, lasta), bosatt=bosatt, av=av)


def ratta_utregistrering(
    *,
    deltagande: Deltagande,
    version: int,
    utregistrering: date,
    avslutningsanledning: str,
    efter: Mapping[str, Any],
    svar: Frageandring = (),
    lasta: Iterable[Svar] | None = None,
    av: Anvandare,
) -> list[str]:
    """Rättar en utregistrering (R21, R22, R25).

    Blir anledningen Felregistrering töms efteruppgifterna; blir den Återtaget samtycke tas identiteten bort.
    Returnerar och ger fel som `ratta_inregistrering`.
    """
    krav_inte_framtid("utregistrering", utregistrering)

    def perioden() -> Period:
        return perioden_for(deltagande)._replace(utregistrering=utregistrering)

    with krav_pa_perioden(perioden, utregistreras_fore), skriver():
        nu = last(deltagande, version=version)
        if nu.utregistrering is None:
            raise ValidationError("Deltagaren är inte utregistrerad. Utregistrera i stället.")
        if nu.felregistrerad:
            raise ValidationError(FELREGISTRERAD)
        if nu.avslutningsanledning == ATERTAGET_SAMTYCKE != avslutningsanledning:
            raise ValidationError({"avslutningsanledning": "Samtycket är återtaget, och anledningen kan inte ändras."})
        if avslutningsanledning == ATERTAGET_SAMTYCKE and not nu.avidentifierat:
            ta_bort_identiteten(nu)
        fel = avslutningsanledning == FELREGISTRERING
        nytt = {
            "utregistrering": utregistrering,
            "avslutningsanledning": avslutningsanledning,
            **(tomma_svar(EFTERFALT) if fel else efter),
        }
        # En felregistrering frågar inget; svaren som finns står kvar till den som ångrar.
        svaren = _svarsandring(nu, Tillfalle.UT, () if fel else svar, _galler_an(lasta, deltagande, version))
        return _spara(nu, nytt, svaren, av=av)


def _inregistreras_efter(annan: Deltagande) -> str:
    """Vad man gör när en inregistrering flyttas in i en annan period."""
    if annan.utregistrering is None:
        return "Kontrollera datumet."
    return f"Ange en inregistrering efter {annan.utregistrering.isoformat()}."


def _blir_inte_pagaende(annan: Deltagande) -> str:
    return "Den här registreringen kan inte bli pågående igen. Rätta utregistreringen i stället om något är fel i den."


def _raknas_inte_igen(annan: Deltagande) -> str:
    return "Felregistreringen kan inte ångras medan den registreringen räknas."


def gar_att_angra(deltagande: Deltagande) -> bool:
    """Sant om utregistreringen går att ångra. Utan identitet bara när den gjordes efter att identiteten togs bort.

    Då var det skydd, och personen deltog fortfarande. Den som har återtagit sitt samtycke förblir utregistrerad (R25).
    """
    if deltagande.utregistrering is None or deltagande.avslutningsanledning == ATERTAGET_SAMTYCKE:
        return False
    pagick_utan = rader_for(Deltagande).filter(pgh_obj=deltagande.pk, avidentifierat=True, utregistrering=None)
    return not deltagande.avidentifierat or pagick_utan.exists()


def fore_felregistreringen(deltagande: Deltagande) -> dict[str, Any] | None:
    """Utregistreringen som gällde innan deltagandet rättades till en felregistrering, ur historiken; annars None."""
    if not deltagande.felregistrerad:
        return None
    rader = rader_for(Deltagande).filter(pgh_obj=deltagande.pk).exclude(avslutningsanledning=FELREGISTRERING)
    forra = rader.order_by("-pgh_id").first()
    if forra is None or forra.utregistrering is None:
        return None
    return {falt: getattr(forra, falt) for falt in ("utregistrering", "avslutningsanledning", *EFTERFALT)}


def angra_utregistrering(*, deltagande: Deltagande, version: int, av: Anvandare) -> Deltagande:
    """Öppnar ett deltagande igen: utregistreringen, efteruppgifterna och svaren då tas bort (R18, R20).

    En utregistrering som rättades till Felregistrering får tillbaka det som gällde innan, svaren också. Ger Krock,
    eller ValidationError om deltagandet inte är utregistrerat, om identiteten är borttagen (se `gar_att_angra`) eller
    om det inte får plats: personen har en senare registrering i insatsen.
    """

    def perioden() -> Period:
        forr = fore_felregistreringen(deltagande)
        return perioden_for(deltagande)._replace(utregistrering=forr["utregistrering"] if forr else None)

    blir_inte = _raknas_inte_igen if deltagande.felregistrerad else _blir_inte_pagaende
    with krav_pa_perioden(perioden, blir_inte), skriver():
        nu = last(deltagande, version=version)
        if nu.utregistrering is None:
            raise ValidationError("Deltagaren är inte utregistrerad.")
        if not gar_att_angra(nu):
            raise ValidationError("Identiteten är borttagen, och utregistreringen kan inte ångras.")
        if nu.felregistrerad:  # den räknas igen, och med den samtycket
            krav_samtyckenas_ordning(nu, inregistrering=nu.inregistrering, samtycke=nu.samtycke)
        anledning = nu.avslutningsanledning
        if forr := fore_felregistreringen(nu):
            _skriv(nu, forr)
        else:
            _skriv(nu, {"utregistrering": None, "avslutningsanledning": "", **tomma_svar(EFTERFALT)})
            _alla_bort(nu, Tillfalle.UT).verkstall(nu, Tillfalle.UT)
        logga(
            Handelse.Typ.UTREGISTRERING_ANGRAD,
            av=av,
            roll=Roll.DELTAGARANSVARIG,
            insats_id=nu.insats_id,
            person_id=nu.person_id,
            deltagande=nu.pk,
            anledning=anledning,
        )
    return nu


def _galler_an(lasta: Iterable[Svar] | None, deltagande: Deltagande, version: int) -> Iterable[Svar] | None:
    """Svaren som redan är lästa, om de är de som gäller: varje ändring av ett svar ger deltagandet en ny version."""
    return lasta if deltagande.version == version else None


class _Svarsandring(NamedTuple):
    """Det som skiljer mellan de sparade svaren och de givna."""

    satts: list[tuple[Fraga, Svarsvarde]]
    """De nya och de ändrade."""
    bort: list[Svar]

    @property
    def fragor(self) -> list[int]:
        """Frågornas id, i ordning."""
        return sorted([fraga.pk for fraga, _ in self.satts] + [svar.fraga_id for svar in self.bort])

    def verkstall(self, deltagande: Deltagande, tillfalle: Tillfalle) -> None:
        """Skriver ändringen."""
        if self.bort:
            Svar.objects.filter(pk__in=[svar.pk for svar in self.bort]).delete()
        Svar.objects.satt(deltagande=deltagande, tillfalle=tillfalle, svar=self.satts)


def _alla_bort(deltagande: Deltagande, tillfalle: Tillfalle) -> _Svarsandring:
    return _Svarsandring([], list(Svar.objects.filter(deltagande=deltagande, tillfalle=tillfalle)))


def _svarsandring(
    deltagande: Deltagande, tillfalle: Tillfalle, svar: Frageandring, lasta: Iterable[Svar] | None
) -> _Svarsandring:
    andring = _Svarsandring([], [])
    alla = Svar.objects.filter(deltagande=deltagande, tillfalle=tillfalle) if lasta is None else lasta
    sparade = {ett.fraga_id: ett for ett in alla if ett.tillfalle == tillfalle}
    for fraga, varde in svar:
        if deltagande.avidentifierat and fraga.svarstyp == Svarstyp.FRITEXT:
            continue
        sparat = sparade.get(fraga.pk)
        if sparat is None:
            if varde is not None:
                andring.satts.append((fraga, varde))
        elif varde is None:
            andring.bort.append(sparat)
        elif not _lika(Saknas.UPPGIFT if sparat.saknas else getattr(sparat, KOLUMN[fraga.svarstyp]), varde):
            andring.satts.append((fraga, varde))
    return andring


def _lika(sparat: Any, nytt: Any) -> bool:
    """Flera val är samma oavsett ordning."""
    if isinstance(sparat, list) and isinstance(nytt, list):
        return sorted(sparat) == sorted(nytt)
    return bool(sparat == nytt)


def _folkbokford(deltagande: Deltagande, kommun: Kommun, stadsdel: Stadsdel | None) -> list[str]:
    """Rättar kommun och stadsdel. Returnerar namnen på det som ändrades."""
    ny = {"kommun_id": kommun.pk, "stadsdel_id": stadsdel.pk if stadsdel else None}
    sparad = deltagande.folkbokforing
    andrade = [falt for falt, varde in ny.items() if getattr(sparad, falt) != varde]
    if andrade:
        Folkbokforing.objects.filter(deltagande=deltagande).update(**ny)
    return [falt.removesuffix("_id") for falt in andrade]


def _skriv(deltagande: Deltagande, uppgifter: Mapping[str, Any]) -> list[str]:
    """Sparar det som skiljer, och en ny version också när inget gör det. Returnerar namnen."""
    andrade = [falt for falt, varde in uppgifter.items() if not _lika(getattr(deltagande, falt), varde)]
    for falt in andrade:
        setattr(deltagande, falt, uppgifter[falt])
    deltagande.version += 1
    deltagande.save(update_fields=[*andrade, "version"])
    return andrade


def _spara(
    deltagande: Deltagande,
    uppgifter: Mapping[str, Any],
    svar: _Svarsandring,
    *,
    bosatt: Iterable[str] = (),
    av: Anvandare,
) -> list[str]:
    andrade = any(not _lika(getattr(deltagande, falt), varde) for falt, varde in uppgifter.items())
    if not (andrade or bosatt or svar.fragor):
        return []
    falt = sorted([*_skriv(deltagande, uppgifter), *bosatt])
    # Efter deltagandet: frågorna prövas mot den nya dagen.
    svar.verkstall(deltagande, Tillfalle.UT if "utregistrering" in uppgifter else Tillfalle.IN)
    fragor: dict[str, Any] = {"fragor": svar.fragor} if svar.fragor else {}
    logga(
        Handelse.Typ.DELTAGANDE_RATTAT,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=deltagande.insats_id,
        person_id=deltagande.person_id,
        deltagande=deltagande.pk,
        falt=falt,
        **fragor,
    )
    return [*falt, *(f"fraga_{pk}" for pk in svar.fragor)]

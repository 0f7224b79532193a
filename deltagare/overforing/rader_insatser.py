"""Raderna om samverkansorganisationer och insatser, var och en för sig.

Varje funktion lämnar radens värden i tabellens ordning (se `staging`), None om raden inte kan skrivas.
"""

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError

from deltagare.overforing.falt import Rad, tolka_organisationsnummer
from deltagare.overforing.lage import Insatsen, Kategorisering, Lage, Organisation
from insatser.kategorier import (
    KONTORSFORMER,
    Deltagarregistrering,
    Inriktning,
    Malgrupp,
    PreciseradInriktning,
    Samverkansform,
    i_ordning,
    kontrollera,
    varning,
)
from insatser.models.insats import HOGST_OMRADE

Varden = tuple[object, ...] | None
# Samma ord vare sig insatsen finns eller inte.
UTOM_RACKHALL: Final = "Insatsen finns inte, eller så har du inget uppdrag på den. Rätta nyckeln."
_KATEGORIER: Final = ("inriktning", "preciserad_inriktning", "deltagarregistrering", "malgrupper")


def organisation(rad: Rad, lage: Lage) -> Varden:
    """En rad i samverkansorganisationer.csv. Lägger organisationen i läget, så som den blir."""
    nummer = rad.tolkad("organisationsnummer", tolka_organisationsnummer, kravs=True)
    namn = rad.namn("namn", langd=200)
    form = rad.kod("samverkansform", Samverkansform.values, kravs=True)
    start = rad.datum("startdatum", kravs=True)
    slut = rad.datum("slutdatum")
    kommuner = sorted({kod for kod in _delar(rad.text("kommuner")) if _kommun_finns(rad, kod, lage)})
    if start and slut and slut < start:
        rad.fela("slutdatum", "Slutdatum kan inte vara före startdatum.")
    if nummer is None:
        return None
    fore = lage.organisationer.get(nummer)
    if fore and fore.rad:
        rad.fela(
            "organisationsnummer", f"Samma organisationsnummer står redan på rad {fore.rad}. Ta bort den ena raden."
        )
        return None
    if fore and start and start != fore.start:
        rad.fela("startdatum", f"Startdatum är {fore.start} och kan inte ändras när organisationen är registrerad.")
    lage.organisationer[nummer] = Organisation(
        nummer=nummer,
        id=fore.id if fore else None,
        form=form,
        start=start or date.min,
        slut=slut if rad.har("slutdatum") or not fore else fore.slut,
        kommuner=frozenset(kommuner) if rad.har("kommuner") or not fore else fore.kommuner,
        trasig=rad.trasig,
        ny_form=bool(fore and form and form != fore.form),
        rad=rad.nr,
    )
    if rad.trasig:
        return None
    return rad.nr, nummer, namn, form, start, slut, rad.ordagrant("beskrivning"), kommuner


def _delar(text: str) -> list[str]:
    return [del_.strip() for del_ in text.split(";") if del_.strip()]


def _kommun_finns(rad: Rad, kod: str, lage: Lage) -> bool:
    if kod in lage.kommuner:
        return True
    rad.fela(
        "kommuner",
        f"Kommunen{rad.visat(kod)} finns inte. Skriv SCB:s kommunkoder, fyra siffror, skilda med semikolon.",
    )
    return False


def insats(rad: Rad, lage: Lage) -> Varden:
    """En rad i insatser.csv. Lägger insatsen i läget, så som den blir."""
    nyckel = rad.namn("insats", langd=60).strip()
    namn = rad.namn("namn", langd=200)
    start = rad.datum("startdatum", kravs=True)
    slut = rad.datum("slutdatum")
    nummer = rad.tolkad("organisationsnummer", tolka_organisationsnummer, kravs=True)
    if not nyckel:
        return None
    fore = lage.insatser.get(nyckel)
    if fore and fore.rad:
        rad.fela("insats", f"Samma insats står redan på rad {fore.rad}. Ta bort den ena raden.")
        return None
    if lage.rackvidd and not _far_skrivas(rad, nyckel, fore, lage):
        return None
    beskrivning = rad.ordagrant("beskrivning")
    if fore and not rad.har("beskrivning"):
        beskrivning = fore.beskrivning
    if fore and not rad.har("slutdatum"):
        slut = fore.slut
    organisation = _insatsens_organisation(rad, nummer, fore, lage)
    kategorisering = _kategorisering(rad, organisation, beskrivning)
    omrade = _omrade(rad, organisation)
    _prova_las(rad, kategorisering, fore)
    _prova_insatsens_datum(rad, start, slut, organisation)
    blir = Insatsen(
        lokal=fore.lokal if fore else len(lage.insatser),
        nyckel=nyckel,
        id=fore.id if fore else None,
        organisation=organisation,
        namn=namn,
        beskrivning=beskrivning,
        start=start or date.min,
        slut=slut,
        kategorisering=kategorisering,
        last=bool(fore and fore.last),
        trasig=rad.trasig,
        rad=rad.nr,
        fore=fore,
    )
    lage.insatser[nyckel] = blir
    if rad.trasig or organisation is None:
        return None
    k = kategorisering
    val = (k.inriktning, k.preciserad_inriktning, k.deltagarregistrering, list(k.malgrupper), omrade)
    return rad.nr, blir.lokal, nyckel, organisation.nummer, organisation.form, namn, beskrivning, start, slut, *val


def _far_skrivas(rad: Rad, nyckel: str, fore: Insatsen | None, lage: Lage) -> bool:
    """På webben skrivs bara insatser inom räckhåll, och SUS ger själv nycklarna som börjar med SUS-."""
    if fore and not lage.nar_insatsen(fore):
        rad.fela("insats", UTOM_RACKHALL)
    elif fore is None and nyckel.upper().startswith("SUS-"):
        rad.fela("insats", "Insatsen finns inte. Nycklar som börjar med SUS- ger SUS själv: välj en egen nyckel.")
    else:
        return True
    return False


def _insatsens_organisation(rad: Rad, nummer: str | None, fore: Insatsen | None, lage: Lage) -> Organisation | None:
    if nummer is None:
        return None
    organisation = lage.organisationer.get(nummer)
    if lage.rackvidd and (organisation is None or not lage.nar_organisationen(organisation)):
        rad.fela(
            "organisationsnummer",
            "Samverkansorganisationen finns inte, eller så har du inget uppdrag som insatsansvarig i den. "
            "Rätta numret.",
        )
        return None
    if organisation is None:
        rad.fela(
            "organisationsnummer",
            "Samverkansorganisationen finns inte. Lägg till den i samverkansorganisationer.csv eller rätta numret.",
        )
    elif fore and fore.organisation and fore.organisation.nummer != nummer:
        rad.fela(
            "organisationsnummer",
            "Insatsen tillhör redan en annan samverkansorganisation och kan inte flyttas. Ge den en annan nyckel.",
        )
    elif organisation.trasig:
        rad.trasig = True  # felet är redan sagt, på organisationens rad
    return organisation


def _kategorisering(rad: Rad, organisation: Organisation | None, beskrivning: str) -> Kategorisering:
    malgrupper = _delar(rad.text("malgrupper"))
    kategorisering = Kategorisering(
        rad.kod("inriktning", Inriktning.values),
        rad.kod("preciserad_inriktning", PreciseradInriktning.values),
        rad.kod("deltagarregistrering", Deltagarregistrering.values),
        tuple(i_ordning(malgrupper)),
    )
    okanda = [kod for kod in malgrupper if kod not in Malgrupp.values]
    if okanda:
        rad.fela("malgrupper", f"Okänd kod{rad.visat(okanda[0])}. Koderna är {', '.join(Malgrupp.values)}.")
    if organisation is None or organisation.trasig or _okand_kod(rad, kategorisering) or okanda:
        return kategorisering
    k = kategorisering
    try:
        kontrollera(
            form=organisation.form,
            inriktning=k.inriktning,
            preciserad_inriktning=k.preciserad_inriktning,
            deltagarregistrering=k.deltagarregistrering,
            malgrupper=k.malgrupper,
            beskrivning=beskrivning,
        )
    except ValidationError as fel:
        for kolumn, texter in fel.message_dict.items():
            rad.fela(kolumn, " ".join(texter))
    else:
        if text := varning(inriktning=k.inriktning, deltagarregistrering=k.deltagarregistrering):
            rad.varna("deltagarregistrering", text)
    return kategorisering


def _omrade(rad: Rad, organisation: Organisation | None) -> str:
    """Kontorets verksamhets- eller marknadsområde; andra insatser har inget."""
    omrade = rad.namn("omrade", langd=HOGST_OMRADE, kravs=False).strip()
    if omrade and organisation and not organisation.trasig and organisation.form not in KONTORSFORMER:
        rad.fela("omrade", "Bara ett kontor i Af/FK-samarbetet har ett område. Töm cellen.")
    return omrade


def _okand_kod(rad: Rad, k: Kategorisering) -> bool:
    lasta = (k.inriktning, k.preciserad_inriktning, k.deltagarregistrering)
    return any(rad.text(kolumn) and not kod for kolumn, kod in zip(_KATEGORIER, lasta, strict=False))


def _prova_las(rad: Rad, blir: Kategorisering, fore: Insatsen | None) -> None:
    if not (fore and fore.last) or rad.trasig:
        return
    for kolumn in _KATEGORIER:
        if getattr(blir, kolumn) != getattr(fore.kategorisering, kolumn):
            rad.fela(
                kolumn,
                "Kategoriseringen är låst sedan insatsens första registrering. Skriv det värde som är registrerat.",
            )


def _prova_insatsens_datum(rad: Rad, start: date | None, slut: date | None, organisation: Organisation | None) -> None:
    if start and slut and slut < start:
        rad.fela("slutdatum", "Slutdatum kan inte vara före startdatum.")
        return
    if organisation is None or organisation.trasig or start is None:
        return
    if start < organisation.start:
        rad.fela(
            "startdatum", f"Insatsen börjar före samverkansorganisationen ({organisation.start}). Rätta ett av datumen."
        )
    if organisation.slut is None:
        return
    if start > organisation.slut:
        rad.fela("startdatum", f"Insatsen börjar efter att samverkansorganisationen har slutat ({organisation.slut}).")
    elif slut and slut > organisation.slut:
        rad.fela(
            "slutdatum", f"Insatsen slutar efter samverkansorganisationen ({organisation.slut}). Rätta ett av datumen."
        )

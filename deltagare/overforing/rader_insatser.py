"""Raderna om samverkansorganisationer, insatser, budget och antal, var och en för sig.

Varje funktion lämnar radens värden i tabellens ordning (se `staging`), None om raden inte kan skrivas.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError

from deltagare.overforing.falt import Rad, forkortat, tolka_organisationsnummer
from deltagare.overforing.lage import Insatsen, Kategorisering, Lage, Organisation
from deltagare.uppgifter import Kon
from insatser.kategorier import (
    Deltagarregistrering,
    Inriktning,
    Malgrupp,
    PreciseradInriktning,
    Samverkansform,
    i_ordning,
    kontrollera,
    varning,
)
from insatser.models import Budgettyp

Varden = tuple[object, ...] | None
BELOPPSGRANS: Final = 999_999_999_999
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
        f"Kommunen ”{forkortat(kod)}” finns inte. Skriv SCB:s kommunkoder, fyra siffror, skilda med semikolon.",
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
    beskrivning = rad.ordagrant("beskrivning")
    if fore and not rad.har("beskrivning"):
        beskrivning = fore.beskrivning
    if fore and not rad.har("slutdatum"):
        slut = fore.slut
    organisation = _insatsens_organisation(rad, nummer, fore, lage)
    kategorisering = _kategorisering(rad, organisation, beskrivning)
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
    val = (k.inriktning, k.preciserad_inriktning, k.deltagarregistrering, list(k.malgrupper))
    return rad.nr, blir.lokal, nyckel, organisation.nummer, organisation.form, namn, beskrivning, start, slut, *val


def _insatsens_organisation(rad: Rad, nummer: str | None, fore: Insatsen | None, lage: Lage) -> Organisation | None:
    if nummer is None:
        return None
    organisation = lage.organisationer.get(nummer)
    if organisation is None:
        rad.fela(
            "organisationsnummer",
            "Samverkansorganisationen finns inte. Lägg till den i samverkansorganisationer.csv eller rätta numret.",
        )
    elif fore and fore.organisation and fore.organisation.nummer != nummer:
        rad.fela(
            "organisationsnummer",
            f"Insatsen tillhör redan {fore.organisation.nummer} och kan inte flyttas. Ge den en annan nyckel.",
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
        rad.fela("malgrupper", f"Okänd kod ”{forkortat(okanda[0])}”. Koderna är {', '.join(Malgrupp.values)}.")
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
                "Kategoriseringen är låst sedan den första registreringen i insatsen. Skriv det värde som är registrerat.",
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


def kand_insats(rad: Rad, lage: Lage) -> Insatsen | None:
    """Insatsen som raden hör till. None om den saknas, är okänd eller själv har fel."""
    nyckel = rad.text("insats")
    if not nyckel:
        rad.saknas("insats")
        return None
    insatsen = lage.insatser.get(nyckel)
    if insatsen is None:
        rad.fela(
            "insats", f"Insatsen ”{forkortat(nyckel)}” finns inte. Lägg till den i insatser.csv eller rätta nyckeln."
        )
    elif insatsen.trasig:
        rad.trasig = True
        return None
    return insatsen


def budget(rad: Rad, lage: Lage) -> Varden:
    """En rad i budget.csv: det planerade antal som insatsens sort har."""
    insatsen = kand_insats(rad, lage)
    ar = rad.ar()
    planerat = rad.heltal("planerat_antal", minst=0, enhet="Antalet")
    volym = rad.heltal("budgeterat_antal_volym", minst=0, enhet="Antalet")
    if insatsen and planerat is not None and insatsen.ar_volyminsats:
        rad.fela("planerat_antal", "Insatsen är en volyminsats. Skriv antalet i budgeterat_antal_volym.")
    if insatsen and volym is not None and not insatsen.ar_volyminsats:
        rad.fela("budgeterat_antal_volym", "Insatsen är ingen volyminsats. Skriv antalet i planerat_antal.")
    if rad.trasig or insatsen is None:
        return None
    return rad.nr, insatsen.lokal, ar, planerat, volym


def budgetpost(rad: Rad, lage: Lage) -> Varden:
    """En rad i budgetposter.csv. Belopp är hela kronor; utfall kan vara negativt."""
    insatsen = kand_insats(rad, lage)
    ar = rad.ar()
    post = rad.heltal("rad", minst=1, kravs=True, enhet="Radnumret")
    typ = rad.kod("budgettyp", Budgettyp.values, kravs=True)
    budget = _belopp(rad, "budget", minst=0)
    utfall = _belopp(rad, "utfall", minst=-BELOPPSGRANS)
    beskrivning = rad.namn("beskrivning", langd=500, kravs=False) and rad.ordagrant("beskrivning")
    if rad.trasig or insatsen is None:
        return None
    return rad.nr, insatsen.lokal, ar, post, typ, budget, utfall, beskrivning


def _belopp(rad: Rad, kolumn: str, *, minst: int) -> int | None:
    return rad.heltal(kolumn, minst=minst, hogst=BELOPPSGRANS, enhet="Beloppet, i hela kronor,")


def volymantal(rad: Rad, lage: Lage) -> Varden:
    """En rad i volymantal.csv: det faktiska antalet ett år."""
    insatsen = kand_insats(rad, lage)
    ar = rad.ar()
    antal = rad.heltal("antal", minst=0, kravs=True, enhet="Antalet")
    if insatsen and not insatsen.ar_volyminsats:
        rad.fela("insats", "Antal registreras bara för volyminsatser, och insatsen är ingen.")
    _prova_ar(rad, insatsen, ar, antal, lage.idag)
    if rad.trasig or insatsen is None:
        return None
    return rad.nr, insatsen.lokal, ar, antal


def anonyma(rad: Rad, lage: Lage) -> Varden:
    """En rad i anonyma.csv: antalet av ett kön ett år. Kontor tar också anonyma."""
    insatsen = kand_insats(rad, lage)
    ar = rad.ar()
    kon = rad.kod("kon", Kon.values, kravs=True)
    antal = rad.heltal("antal", minst=0, kravs=True, enhet="Antalet")
    if insatsen and insatsen.ar_volyminsats:
        rad.fela("insats", "Insatsen är en volyminsats: bara antal registreras för den, i volymantal.csv.")
    _prova_ar(rad, insatsen, ar, antal, lage.idag)
    if rad.trasig or insatsen is None:
        return None
    return rad.nr, insatsen.lokal, ar, kon, antal


def _prova_ar(rad: Rad, insatsen: Insatsen | None, ar: int | None, antal: int | None, idag: date) -> None:
    if ar is None:
        return
    if ar > idag.year:
        rad.fela("ar", f"Året är i framtiden. Antal registreras till och med {idag.year}.")
    elif insatsen and antal and not (insatsen.start.year <= ar <= (insatsen.slut or date.max).year):
        slut = insatsen.slut.year if insatsen.slut else "tills vidare"
        rad.fela("ar", f"Året ligger utanför insatsens datum ({insatsen.start.year}–{slut}).")


RADER: Final[dict[str, Callable[[Rad, Lage], Varden]]] = {
    "samverkansorganisationer.csv": organisation,
    "insatser.csv": insats,
    "budget.csv": budget,
    "budgetposter.csv": budgetpost,
    "volymantal.csv": volymantal,
    "anonyma.csv": anonyma,
}

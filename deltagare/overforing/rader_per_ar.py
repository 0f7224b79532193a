"""Raderna om budget och antal per insats och år, var och en för sig (`doman.md` 3.2, 3.3 och 5)."""

from collections.abc import Callable
from typing import Final

from deltagare.overforing.falt import Rad
from deltagare.overforing.filformat import ANONYMA, BUDGET, BUDGETPOSTER, INSATSER, ORGANISATIONER, VOLYMANTAL
from deltagare.overforing.lage import Insatsen, Lage
from deltagare.overforing.rader_insatser import UTOM_RACKHALL, Varden, insats, organisation
from deltagare.uppgifter import Kon
from insatser.models import Budgettyp

BELOPPSGRANS: Final = 999_999_999_999


def kand_insats(rad: Rad, lage: Lage) -> Insatsen | None:
    """Insatsen som raden hör till. None om den saknas, är okänd eller själv har fel."""
    nyckel = rad.text("insats")
    if not nyckel:
        rad.saknas("insats")
        return None
    insatsen = lage.insatser.get(nyckel)
    if insatsen is None or not lage.nar_insatsen(insatsen):
        rad.fela("insats", UTOM_RACKHALL if lage.rackvidd else _okand(rad, nyckel))
        return None
    if insatsen.trasig:
        rad.trasig = True
        return None
    return insatsen


def _okand(rad: Rad, nyckel: str) -> str:
    return f"Insatsen{rad.visat(nyckel)} finns inte. Lägg till den i insatser.csv eller rätta nyckeln."


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
    _varna_for_ar(rad, lage, insatsen, ar)
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
    _varna_for_ar(rad, lage, insatsen, ar)
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
    _prova_ar(rad, lage, insatsen, ar, antal)
    if rad.trasig or insatsen is None:
        return None
    _varna_for_ar(rad, lage, insatsen, ar)
    return rad.nr, insatsen.lokal, ar, antal


def anonyma(rad: Rad, lage: Lage) -> Varden:
    """En rad i anonyma.csv: antalet av ett kön ett år. Kontor tar också anonyma."""
    insatsen = kand_insats(rad, lage)
    ar = rad.ar()
    kon = rad.kod("kon", Kon.values, kravs=True)
    antal = rad.heltal("antal", minst=0, kravs=True, enhet="Antalet")
    if insatsen and insatsen.ar_volyminsats:
        rad.fela("insats", "Insatsen är en volyminsats: bara antal registreras för den, i volymantal.csv.")
    _prova_ar(rad, lage, insatsen, ar, antal)
    if rad.trasig or insatsen is None:
        return None
    return rad.nr, insatsen.lokal, ar, kon, antal


def _prova_ar(rad: Rad, lage: Lage, insatsen: Insatsen | None, ar: int | None, antal: int | None) -> None:
    if ar is None:
        return
    if ar > lage.idag.year:
        rad.fela("ar", f"Året är i framtiden. Antal registreras till och med {lage.idag.year}.")
    elif insatsen and antal and (text := _utanfor(lage, insatsen, ar)):
        rad.fela("ar", text)


def _varna_for_ar(rad: Rad, lage: Lage, insatsen: Insatsen, ar: int | None) -> None:
    """R7: sidan nekar året, men andra system skickar sådana rader. De läses in, och det sägs."""
    if ar is not None and (text := _utanfor(lage, insatsen, ar)):
        rad.varna("ar", f"{text} Raden läses in ändå. Kontrollera året.")


def _utanfor(lage: Lage, insatsen: Insatsen, ar: int) -> str:
    """Hur året ligger utanför insatsens och samverkansorganisationens datum; tomt om det är inom dem."""
    sista, vems = lage.sista_dag(insatsen)
    if ar < insatsen.start.year:
        return f"Året är före {insatsen.vars} startdatum ({insatsen.start})."
    return f"Året är efter {vems} slutdatum ({sista})." if sista and ar > sista.year else ""


RADER: Final[dict[str, Callable[[Rad, Lage], Varden]]] = {
    ORGANISATIONER: organisation,
    INSATSER: insats,
    BUDGET: budget,
    BUDGETPOSTER: budgetpost,
    VOLYMANTAL: volymantal,
    ANONYMA: anonyma,
}

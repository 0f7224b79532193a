"""Raderna i samarbeten.csv, overganger.csv och kontorsbyten.csv, var och en för sig (`doman.md` 6).

Som för deltaganden blir raden text för COPY, och personnummer och namn lämnar den aldrig. Hur övergångarna följer på
varandra prövas mängdvis (`samarbetsregler`).
"""

from collections.abc import Callable
from typing import Final

from deltagare.overforing.falt import Rad
from deltagare.overforing.filformat import KONTORSBYTEN, OVERGANGER
from deltagare.overforing.lage import Insatsen, Lage
from deltagare.overforing.personrader import (
    INGET,
    Person,
    las_person,
    samarbetets_avtryck_for,
    samarbetsnyckel,
)
from deltagare.overforing.rader_deltaganden import AVIDENTIFIERAD, IDENTIFIERAD, bostad
from deltagare.overforing.staging import copytext
from deltagare.overgangar import Insatstyp, Myndighet, Orsak

NYCKELLANGD: Final = 60
_TYPER: Final = tuple(Insatstyp.values)
_ORSAKER: Final = tuple(Orsak.values)
_MYNDIGHETER: Final = tuple(Myndighet.values)
_KONTOR: Final = {"af_kontor": Myndighet.AF, "fk_kontor": Myndighet.FK}


def nyckel(rad: Rad) -> str:
    """Radens samarbete så som det lagras, tomt om det saknas."""
    text = rad.text("samarbete")
    if not text:
        rad.saknas("samarbete")
    elif len(text) > NYCKELLANGD:
        rad.fela("samarbete", f"Nyckeln är {len(text)} tecken. Korta den till högst {NYCKELLANGD}.")
    return samarbetsnyckel(text)


class Samarbeten:
    """Prövar rader i samarbeten.csv och gör dem till text för COPY."""

    def __init__(self, rad: Rad, lage: Lage) -> None:
        self._rad, self._lage = rad, lage

    def las(self) -> tuple[str, Person, list[str]] | None:
        """Den aktuella radens värden till arbetstabellen, personen och fingeravtrycken att söka; None med fel."""
        rad, lage = self._rad, self._lage
        samarbete = nyckel(rad)
        person = las_person(rad, lage, None)
        samtycke = rad.datum("samtycke")
        if rad.text("personnummer") and not rad.text("samtycke"):
            rad.saknas(
                "samtycke", "Datum för samtycket saknas. Utan samtycke räknas deltagaren som anonym, i anonyma.csv."
            )
        kommun, stadsdel = bostad(rad, lage)
        kontor = _kontoren(rad, lage)
        initierad_av = rad.kod("initierad_av", _MYNDIGHETER, kravs=True)
        if person is None or rad.trasig:
            return None
        slag = IDENTIFIERAD if person.personindex != INGET else AVIDENTIFIERAD
        if slag != IDENTIFIERAD:
            kommun = stadsdel = INGET
        avtryck = samarbetets_avtryck_for(rad, lage.idag, samarbete)
        text = "\t".join(
            (
                str(rad.nr),
                copytext(samarbete),
                person.grupp,
                slag,
                initierad_av,
                samtycke.isoformat() if samtycke else INGET,
                *(str(ett.lokal) for ett in kontor),
                kommun,
                stadsdel,
                "\\\\x" + avtryck[0],
            )
        )
        return text, person, avtryck if lage.samarbetsavtryck_finns else []


KOLUMNER: Final = (
    "rad", "nyckel", "grupp", "slag", "initierad_av", "samtycke", "af", "fk", "kommun", "stadsdel", "fingeravtryck",
)  # fmt: skip
"""Kolumnerna i arbetstabellen för samarbeten som filens rader fyller."""


def _kontoren(rad: Rad, lage: Lage) -> list[Insatsen]:
    """Radens kontor, hos Arbetsförmedlingen och hos Försäkringskassan."""
    return [kontor for kolumn in _KONTOR if (kontor := _kontor(rad, lage, kolumn))]


def _kontor(rad: Rad, lage: Lage, kolumn: str) -> Insatsen | None:
    text, myndighet = rad.text(kolumn), _KONTOR[kolumn]
    if not text:
        rad.saknas(kolumn)
        return None
    kontor = lage.insatser.get(text)
    if kontor is None:
        rad.fela(kolumn, f"Kontoret{rad.visat(text)} finns inte. Lägg till det i insatser.csv eller rätta nyckeln.")
        return None
    if kontor.trasig or kontor.organisation is None:
        rad.trasig = True  # felet är redan sagt, på kontorets rad
        return None
    if lage.organisationer[kontor.organisation.nummer].form != myndighet:
        rad.fela(kolumn, f"Insatsen är inget kontor hos {myndighet.label}. Rätta nyckeln.")
        return None
    return kontor


def overgang(rad: Rad, lage: Lage) -> str | None:
    """En rad i overganger.csv som text för COPY; None med fel."""
    v = rad.varden
    samarbete = nyckel(rad)
    ordning = rad.heltal("ordning", minst=1, hogst=32_767, kravs=True, enhet="Ordningen")
    till = rad.kod("till", _TYPER, kravs=True)
    datum = rad.datum("datum", kravs=True)
    orsak = rad.kod("orsak", _ORSAKER)
    if datum and datum > lage.idag:
        rad.fela("datum", "Övergången är i framtiden. Rätta datumet.")
    if till == Insatstyp.AVBRUTET and not v["orsak"]:
        rad.saknas("orsak", f"Orsak saknas. Den krävs vid avbrutet: {_ORSAKER[0]} eller {_ORSAKER[1]}.")
    elif till and till != Insatstyp.AVBRUTET and v["orsak"]:
        rad.fela("orsak", "Orsak anges bara vid avbrutet. Lämna fältet tomt.")
    if rad.trasig or datum is None:
        return None
    return f"{rad.nr}\t{copytext(samarbete)}\t{ordning}\t{till}\t{datum.isoformat()}\t{orsak}"


def kontorsbyte(rad: Rad, lage: Lage) -> str | None:
    """En rad i kontorsbyten.csv som text för COPY; None med fel."""
    samarbete = nyckel(rad)
    datum = rad.datum("datum", kravs=True)
    kontor = _kontoren(rad, lage)
    if datum and datum > lage.idag:
        rad.fela("datum", "Dagen är i framtiden. Rätta datumet.")
    if rad.trasig or datum is None:
        return None
    af, fk = kontor
    return f"{rad.nr}\t{copytext(samarbete)}\t{datum.isoformat()}\t{af.lokal}\t{fk.lokal}"


RADER: Final[dict[str, tuple[str, Callable[[Rad, Lage], str | None]]]] = {
    OVERGANGER: ("imp_overgang", overgang),
    KONTORSBYTEN: ("imp_kontorsbyte", kontorsbyte),
}
"""Arbetstabellen och läsaren för filerna som hör till samarbeten."""

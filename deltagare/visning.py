"""Ett deltagande som text: kodverkens texter, andelar och svar så som de visas på sidan och i ett utdrag."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from deltagare.models import Deltagande, Kod, Samarbetsuppgift, Svar
from deltagare.models.svar import KOLUMN
from deltagare.uppgifter import Kodverk
from fkui.templatetags.fkui import vardetext
from insatser.models import Fraga, Svarstyp, Tillfalle

SAKNAS: Final = "Uppgift saknas"
OBESVARAD: Final = "Inte besvarad"

Uppgifter = list[tuple[str, Any]]


class Kodtexter:
    """Kodverkens texter, också för de avslutade koderna, lästa med en fråga."""

    def __init__(self) -> None:
        self._texter: dict[str, dict[str, str]] = {}
        for kod in Kod.objects.order_by("kodverk", "ordning", "pk"):
            self._texter.setdefault(kod.kodverk, {})[kod.kod] = kod.etikett

    def en(self, kodverk: Kodverk, kod: str) -> str:
        """Kodens text; *Uppgift saknas* för den som är tom."""
        return self._texter.get(kodverk, {}).get(kod, kod) or SAKNAS

    def flera(self, kodverk: Kodverk, koder: Iterable[str]) -> str:
        """Kodernas texter i kodverkets ordning."""
        givna = set(koder)
        return ", ".join(text for kod, text in self._texter.get(kodverk, {}).items() if kod in givna) or SAKNAS


def fore(deltagande: Deltagande, texter: Kodtexter) -> Uppgifter:
    """Situationen direkt före, som etikett och text."""
    gemensamt = _situation(deltagande, "fore", texter)
    egna = [
        ("Tid i offentlig försörjning", texter.en(Kodverk.TID_I_FORSORJNING, deltagande.tid_i_forsorjning)),
        ("Högsta slutförda utbildning", texter.en(Kodverk.UTBILDNING, deltagande.utbildning)),
    ]
    return [gemensamt[0], *egna, *gemensamt[1:]]


def efter(deltagande: Deltagande, texter: Kodtexter) -> Uppgifter:
    """Situationen efter, som etikett och text."""
    return _situation(deltagande, "efter", texter)


def _situation(deltagande: Deltagande, tillfalle: str, texter: Kodtexter) -> Uppgifter:
    def varde(falt: str) -> Any:
        return getattr(deltagande, f"{falt}_{tillfalle}")

    rader: Uppgifter = [("Försörjning", texter.flera(Kodverk.FORSORJNING, varde("forsorjning")))]
    rader.append(("Arbetar", _ja_nej(varde("arbete"))))
    if varde("arbete"):
        rader.append(("Andel av arbete", f"{varde('arbete')} %"))
        rader.append(("Typ av arbete", texter.flera(Kodverk.ARBETSTYP, varde("arbetstyp"))))
    rader.append(("Studerar", _ja_nej(varde("studier"))))
    if varde("studier"):
        rader.append(("Andel av studier", f"{varde('studier')} %"))
    rader.append(("Aktivt arbetssökande", _ja_nej(varde("arbetssokande"))))
    return rader


def _ja_nej(varde: int | bool | None) -> str:
    if varde is None:
        return SAKNAS
    return "Ja" if varde else "Nej"


class Besvarad(NamedTuple):
    """En fråga vid ett tillfälle, med sitt svar som text."""

    fraga: Fraga
    text: str
    besvarad: bool


def svar_for(deltagande: Deltagande) -> dict[tuple[int, str], Svar]:
    """Deltagandets svar per fråga och tillfälle, med frågornas alternativ: en fråga till databasen."""
    return {(ett.fraga_id, ett.tillfalle): ett for ett in Svar.objects.filter(deltagande=deltagande).med_fragor()}


def fragor(stallda: Iterable[Fraga], svar: Mapping[tuple[int, str], Svar], tillfalle: Tillfalle) -> list[Besvarad]:
    """Frågorna som ställs vid tillfället, och sist de som inte längre gör det men har ett svar."""
    stallda = list(stallda)
    rader = []
    for fraga in stallda:
        givet = svar.get((fraga.pk, tillfalle.value))
        rader.append(Besvarad(fraga, svarstext(givet) if givet else OBESVARAD, givet is not None))
    kanda = {fraga.pk for fraga in stallda}
    ovriga = [ett for (fraga, nar), ett in svar.items() if nar == tillfalle.value and fraga not in kanda]
    ovriga.sort(key=lambda ett: (ett.fraga.ordning, ett.fraga_id))
    return [*rader, *(Besvarad(ett.fraga, svarstext(ett), True) for ett in ovriga)]


def svarstext(svar: Svar) -> str:
    """Svaret som text."""
    if svar.saknas:
        return SAKNAS
    varde = getattr(svar, KOLUMN[svar.fraga.svarstyp])
    if svar.fraga.svarstyp in {Svarstyp.EN, Svarstyp.FLERA}:
        return ", ".join(ett["text"] for ett in getattr(svar.fraga, "val", []) if ett["id"] in varde)
    if svar.fraga.svarstyp == Svarstyp.TAL:
        return f"{varde.normalize():f}".replace(".", ",")
    return vardetext(varde)


def samarbetets(uppgift: Samarbetsuppgift, texter: Kodtexter) -> Uppgifter:
    """Situationen före eller efter ett samarbete, som etikett och text."""
    rader: Uppgifter = [
        ("Anställd", _ja_nej(uppgift.anstalld)),
        ("Eget företag", _ja_nej(uppgift.eget_foretag)),
        ("Inskriven hos Arbetsförmedlingen", _ja_nej(uppgift.inskriven_af)),
        ("Arbetar", _ja_nej(uppgift.arbete)),
    ]
    if uppgift.arbete:
        rader.append(("Andel av arbete", f"{uppgift.arbete} %"))
        rader.append(("Typ av arbete", texter.flera(Kodverk.ARBETSTYP, uppgift.arbetstyp)))
    rader.append(("Studerar", _ja_nej(uppgift.studier)))
    if uppgift.studier:
        rader.append(("Andel av studier", f"{uppgift.studier} %"))
    rader.append(("Försörjning", texter.flera(Kodverk.FORSORJNING, uppgift.forsorjning)))
    if uppgift.tillfalle == Samarbetsuppgift.Tillfalle.FORE:
        rader.append(("Tid i offentlig försörjning", texter.en(Kodverk.TID_I_FORSORJNING, uppgift.tid_i_forsorjning)))
        rader.append(("Högsta slutförda utbildning", texter.en(Kodverk.UTBILDNING, uppgift.utbildning)))
    return rader

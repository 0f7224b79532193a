"""Från urval till det som sparas av det, och tillbaka när koderna kan ha ändrats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import QueryDict

from rapporter.falt import MANADER
from rapporter.models import SparatUrval
from rapporter.perioder import Periodval, rorliga
from rapporter.urval import FALT, FLERVAL, Koder, Urval, tolka

RUBRIKER: Mapping[str, str] = {**FLERVAL, "kon": "Kön", "rapporttyp": "Rapporttyp", "jamfor": "Jämför med",
                               "gruppera": "Delsummor per"}  # fmt: skip
_NIVAER: Final = frozenset(FLERVAL[namn] for namn in ("lan", "kommun", "forbund"))


@dataclass(frozen=True, slots=True)
class Oppnat:
    """Ett sparat urval så som det är i dag.

    `utelamnat` är det som inte längre finns, som (rubrik, text). `vidgade` är rubrikerna för de val där inget är kvar:
    utan dem skulle rapporten gälla allt, alltså mer än den som sparade urvalet menade.
    """

    urval: Urval
    utelamnat: tuple[tuple[str, str], ...] = ()
    vidgade: tuple[str, ...] = ()

    def i_ord(self, koder: Koder) -> tuple[tuple[str, str], ...]:
        """Urvalet så som det visas: (rubrik, text). Det som inte längre finns står efter det som finns."""
        i_ord = dict(self.urval.i_ord(koder))
        if _NIVAER.intersection(self.vidgade):
            i_ord.pop("Nivå", None)
        for rubrik, text in self.utelamnat:
            borta = f"{text} – finns inte längre"
            i_ord[rubrik] = f"{i_ord[rubrik]}; {borta}" if rubrik in i_ord else borta
        return tuple(i_ord.items())


def falt_av(urval: Urval, koder: Koder, period: str) -> dict[str, list[str]]:
    """Urvalet så som adressen skriver det, utan månaderna när perioden är rörlig."""
    falt = {namn: [str(varde) for varde in varden] for namn, varden in QueryDict(urval.adress(koder)).lists()}
    return falt if period == Periodval.FAST else {n: v for n, v in falt.items() if n not in MANADER}


def texter_av(urval: Urval, koder: Koder) -> dict[str, str]:
    """Vad de valda samverkansorganisationerna heter: de andra koderna ändras bara med systemet."""
    return {kod: koder.forbund[kod] for kod in urval.forbund}


def oppna(sparat: SparatUrval, *, koder: Koder, idag: date) -> Oppnat:
    """Urvalet som det sparade ger i dag, med det som inte längre finns utelämnat och nämnt."""
    falt: dict[str, list[str]] = {namn: list(varden) for namn, varden in sparat.falt.items()}
    utelamnat: list[tuple[str, str]] = []
    vidgade: list[str] = []
    if sparat.period != Periodval.FAST:
        fran, till = rorliga(idag)[Periodval(sparat.period)]
        falt |= {"fran": [f"{fran:%Y-%m}"], "till": [f"{till:%Y-%m}"]}
    for namn in [namn for namn in falt if namn not in FALT]:
        utelamnat += [(namn, ", ".join(falt.pop(namn)))]
    for namn in [namn for namn in FLERVAL if namn in falt]:
        finns = koder.for_falt(namn)
        borta = [kod for kod in falt[namn] if kod not in finns]
        utelamnat += [(FLERVAL[namn], _text(kod, sparat.texter)) for kod in borta]
        falt[namn] = [kod for kod in falt[namn] if kod in finns]
        if borta and not falt[namn]:
            vidgade.append(FLERVAL[namn])
    urval, ovriga = _tolkat(falt, koder=koder, idag=idag)
    return Oppnat(urval, (*utelamnat, *ovriga), (*vidgade, *(rubrik for rubrik, _ in ovriga)))


def _tolkat(falt: dict[str, list[str]], *, koder: Koder, idag: date) -> tuple[Urval, list[tuple[str, str]]]:
    """Prövar fälten; det som inte längre går att välja tas bort, ett fel i taget, och returneras för sig."""
    borta: list[tuple[str, str]] = []
    while True:
        try:
            return tolka(falt, koder=koder, idag=idag), borta
        except ValidationError as fel:
            trasiga = [namn for namn in fel.message_dict if namn in falt and namn not in MANADER]
            if not trasiga:
                raise
            borta += [(RUBRIKER.get(namn, namn), ", ".join(falt.pop(namn))) for namn in trasiga]


def _text(kod: str, texter: Mapping[str, Any]) -> str:
    return f"{texter[kod]} ({kod})" if kod in texter else kod

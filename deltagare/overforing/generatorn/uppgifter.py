"""Det som filerna inte bär för samarbetena: situationen före och efter (R30).

Eget slumptal: de andra påhittade uppgifterna blir desamma med och utan.
"""

import random
from typing import Final

from deltagare.models import Samarbete, Samarbetsuppgift
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.generatorn.stoff import FORSORJNING_FORE, TID, UTBILDNING
from deltagare.overgangar import Insatstyp

Tillfalle = Samarbetsuppgift.Tillfalle
_SVARAR: Final = {Tillfalle.FORE: 0.85, Tillfalle.EFTER: 0.75}
"""Så stor del som har uppgifter: för de andra står det under Att göra."""
_ANDELAR: Final = (25, 50, 75, 100)


def fyll(*, fro: int) -> None:
    """Ger de flesta samarbeten uppgifter före, och de flesta avslutade också uppgifter efter."""
    slump = random.Random(f"uppgifter {fro}")  # noqa: S311 (påhittade uppgifter, ska gå att upprepa)
    Samarbetsuppgift.objects.using(AGARE).bulk_create(
        _uppgift(samarbete, tillfalle, slump)
        for samarbete in Samarbete.objects.using(AGARE).order_by("nyckel")
        for tillfalle in _tillfallen(samarbete)
        if slump.random() < _SVARAR[tillfalle]
    )


def _tillfallen(samarbete: Samarbete) -> list[Samarbetsuppgift.Tillfalle]:
    return [Tillfalle.FORE, *([Tillfalle.EFTER] if samarbete.insatstyp == Insatstyp.AVSLUTAT else [])]


def _uppgift(samarbete: Samarbete, tillfalle: Samarbetsuppgift.Tillfalle, slump: random.Random) -> Samarbetsuppgift:
    fore = tillfalle == Tillfalle.FORE
    arbetar = slump.random() < (0.15 if fore else 0.45)
    forsorjning = _dra(FORSORJNING_FORE, slump).split(";")
    ingen = forsorjning == ["ingen"]
    return Samarbetsuppgift(
        samarbete=samarbete,
        tillfalle=tillfalle,
        anstalld=arbetar or slump.random() < 0.2,
        eget_foretag=slump.random() < 0.03,
        inskriven_af=slump.random() < 0.7,
        arbete=slump.choice(_ANDELAR) if arbetar else 0,
        arbetstyp=[slump.choice(("subventionerat", "ej_subventionerat"))] if arbetar else [],
        studier=slump.choice(_ANDELAR) if slump.random() < 0.1 else 0,
        forsorjning=forsorjning,
        tid_i_forsorjning=("ingen" if ingen else _dra(TID, slump)) if fore else "",
        utbildning=_dra(UTBILDNING, slump) if fore else "",
    )


def _dra(vagt: tuple[tuple[str, float], ...], slump: random.Random) -> str:
    varden, vikter = zip(*vagt, strict=True)
    return str(slump.choices(varden, vikter)[0])

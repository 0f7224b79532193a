"""JSON: talen som tal, datum som text, tomt som null (`import-och-kommandon.md` 3)."""

import json
from collections.abc import Sequence
from typing import Any

from rapporter.tabell import Kolumn, Rapport
from rapporter.varden import Varde


def rendera(rapport: Rapport) -> bytes:
    """Rapporten som JSON i UTF-8, i rapportens ordning."""
    namn = [kolumn.namn for kolumn in rapport.kolumner]
    innehall: dict[str, Any] = {
        "rapport": rapport.slag,
        "framtagen": rapport.framtagen.isoformat(timespec="seconds"),
        "urval": rapport.urval.som_data(),
        "kolumner": [
            {"namn": kolumn.namn, "rubrik": kolumn.rubrik, "period": kolumn.period.value} | _del(kolumn)
            for kolumn in rapport.kolumner
        ],
        "rader": [
            dict(zip(rapport.lednamn, (rad.nyckel, rad.namn), strict=False))
            | dict(zip(namn, rad.varden, strict=True))
            | dict(rad.koder)
            | ({"grupp": avsnitt.grupp.nyckel} if avsnitt.grupp else {})
            for avsnitt in rapport.avsnitt()
            for rad in avsnitt.rader
        ],
    }
    if rapport.grupper:
        innehall["delsummor"] = [
            {"grupp": grupp.nyckel, "namn": grupp.namn} | _summor(rapport, grupp.delsumma) for grupp in rapport.grupper
        ]
    if rapport.totalt is not None:
        innehall["totalt"] = _summor(rapport, rapport.totalt)
    return (json.dumps(innehall, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def _summor(rapport: Rapport, varden: Sequence[Varde]) -> dict[str, Varde]:
    return {kolumn.namn: varde for kolumn, varde in zip(rapport.kolumner, varden, strict=True) if kolumn.summeras}


def _del(kolumn: Kolumn) -> dict[str, str]:
    """Vad kolumnen är av sin variabel, där en variabel har flera kolumner."""
    delar = {"variabel": kolumn.variabel, "kon": kolumn.kon, "del": kolumn.del_, "avser": kolumn.tid}
    return {namn: varde for namn, varde in delar.items() if varde} if kolumn.grupp else {}

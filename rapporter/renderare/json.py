"""JSON: talen som tal, datum som text, tomt som null (`import-och-kommandon.md` 3)."""

import json
from typing import Any

from rapporter.tabell import Rapport


def rendera(rapport: Rapport) -> bytes:
    """Rapporten som JSON i UTF-8, i rapportens ordning."""
    namn = [kolumn.namn for kolumn in rapport.kolumner]
    innehall: dict[str, Any] = {
        "rapport": rapport.slag,
        "framtagen": rapport.framtagen.isoformat(timespec="seconds"),
        "urval": rapport.urval.som_data(),
        "kolumner": [
            {"namn": kolumn.namn, "rubrik": kolumn.rubrik, "period": kolumn.period.value} for kolumn in rapport.kolumner
        ],
        "rader": [
            dict(zip(rapport.lednamn, (rad.nyckel, rad.namn), strict=False))
            | dict(zip(namn, rad.varden, strict=True))
            | dict(rad.koder)
            for rad in rapport.rader
        ],
    }
    if rapport.totalt is not None:
        innehall["totalt"] = {
            kolumn.namn: varde
            for kolumn, varde in zip(rapport.kolumner, rapport.totalt, strict=True)
            if kolumn.summeras
        }
    return (json.dumps(innehall, ensure_ascii=False, indent=1, default=str) + "\n").encode()

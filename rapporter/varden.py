"""Ett värde i en rapport, och hur det visas."""

from datetime import date
from typing import Final

Varde = str | int | float | date | None

HART_BLANKSTEG: Final = "\u00a0"


def celltext(varde: Varde) -> str:
    """Ett värde så som det visas: 1 234 med hårt blanksteg, 78,75, 2025-01-31, tomt för None."""
    if varde is None:
        return ""
    if isinstance(varde, float):
        return f"{varde:,.2f}".replace(",", HART_BLANKSTEG).replace(".", ",")
    if isinstance(varde, int):
        return f"{varde:,}".replace(",", HART_BLANKSTEG)
    return varde.isoformat() if isinstance(varde, date) else varde


def kort(varde: float | None) -> str:
    """Ett tal utan decimaler som är noll: 45 och 78,75. Streck för None."""
    if varde is None:
        return "–"
    return celltext(int(varde)) if varde == int(varde) else celltext(float(varde))

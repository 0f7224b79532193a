"""När en rapport är så lång att den görs i bakgrunden (`prestanda.md` 4)."""

from typing import Final

from rapporter.tabell import Rapport

RADER_I_PDF: Final = 200
# Tiden beror på cellerna: 200 rader med alla variabler, eller färre rader med kön och jämförelse.
CELLER_I_PDF: Final = 200 * 21
CELLER_I_EXCEL: Final = 20_000


def ar_lang(rapport: Rapport, format: str) -> bool:
    """Sant om rapporten är för lång för att göras i formatet medan någon väntar."""
    if format == "pdf":
        return len(rapport.rader) > RADER_I_PDF or celler(rapport) > CELLER_I_PDF
    return format == "xlsx" and celler(rapport) > CELLER_I_EXCEL


def celler(rapport: Rapport) -> int:
    """Cellerna i tabellen, med det som står först på varje rad."""
    return len(rapport.rader) * (len(rapport.ledrubriker) + len(rapport.kolumner))

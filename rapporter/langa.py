"""När en rapport är så lång att den görs i bakgrunden (`prestanda.md` 4)."""

from dataclasses import dataclass
from typing import Final

from rapporter.varden import celltext
from rapporter.variabler import VARIABLER

RADER_I_PDF: Final = 200
# Tiden beror på cellerna: 200 rader med alla variabler, eller färre rader med kön och jämförelse.
CELLER_I_PDF: Final = RADER_I_PDF * (len(VARIABLER) + 2)
CELLER_I_EXCEL: Final = 20_000
# För den som läser: cellerna är tabellens, med det som står först på varje rad.
GRANSER: Final = (
    f"En PDF med fler än {RADER_I_PDF} rader eller {celltext(CELLER_I_PDF)} celler, och en Excelfil med fler än "
    f"{celltext(CELLER_I_EXCEL)} celler"
)


@dataclass(frozen=True, slots=True)
class Omfang:
    """Hur stor en rapport blir: raderna, och kolumnerna med dem som står först på varje rad."""

    rader: int
    kolumner: int

    @property
    def celler(self) -> int:
        """Cellerna i tabellen."""
        return self.rader * self.kolumner

    def ar_lang(self, format: str) -> bool:
        """Sant om rapporten är för lång för att göras i formatet medan någon väntar."""
        if format == "pdf":
            return self.rader > RADER_I_PDF or self.celler > CELLER_I_PDF
        return format == "xlsx" and self.celler > CELLER_I_EXCEL

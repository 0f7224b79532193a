"""Loggformat som visar var ett fel uppstod men aldrig dess text, som kan bära personuppgifter (P7)."""

import logging
import traceback
from types import TracebackType


class UtanFeltext(logging.Formatter):
    """Spår med filer, rader och feltyper. Databasens DETAIL och formulärens värden skrivs aldrig ut."""

    def formatException(  # noqa: N802 (namnet är logging-modulens)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Undantaget och dess orsaker, den yttersta sist."""
        delar: list[str] = []
        fel = ei[1]
        while fel is not None:
            spar = "".join(traceback.format_tb(fel.__traceback__))
            delar.append(f"{spar}{type(fel).__module__}.{type(fel).__qualname__}")
            fel = fel.__cause__ or (None if fel.__suppress_context__ else fel.__context__)
        return "\n\n".join(reversed(delar))

"""Val som inte har någon betydelse för rapporten stängs av, med skälet intill.

Regeln skrivs i HTML och följs av `static/sus/urval.js` medan man väljer; här prövas samma regel när sidan visas, så
att den gäller också utan skript.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms


@dataclass(frozen=True, slots=True)
class Regel:
    """När ett val har betydelse: något av `varden` är valt i `falt`, eller, med `inte`, inget av dem.

    Med `eller` räcker det att den regeln gäller. Är inget valt i fältet räknas det som ett tomt värde.
    """

    falt: str
    varden: tuple[str, ...]
    inte: bool = False
    eller: "Regel | None" = None

    def __str__(self) -> str:
        eller = f";{self.eller}" if self.eller else ""
        return f"{self.falt}{'!' if self.inte else ''}={'|'.join(self.varden)}{eller}"

    def galler(self, valda: Mapping[str, Sequence[str]]) -> bool:
        """Sant om valet har betydelse när detta är valt."""
        nu = valda.get(self.falt) or [""]
        if any(varde in self.varden for varde in nu) != self.inte:
            return True
        return self.eller is not None and self.eller.galler(valda)


class _MedRegler:
    """Ger varje val sin regel, och stänger av dem som inte gäller. `regel` ger ett vals regel, eller None."""

    regel: Callable[[str], Regel | None] = staticmethod(lambda varde: None)
    valda: Mapping[str, Sequence[str]] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        val: dict[str, Any] = super().create_option(name, value, *args, **kwargs)  # type: ignore[misc]
        if regel := self.regel(str(value)):
            val["attrs"]["data-galler-om"] = str(regel)
            if not regel.galler(self.valda):
                val["attrs"]["disabled"] = True
        return val


class Kryssrutor(_MedRegler, forms.CheckboxSelectMultiple):
    """Kryssrutor, där de som inte har betydelse är avstängda."""


class Radioknappar(_MedRegler, forms.RadioSelect):
    """Radioknappar, där de som inte har betydelse är avstängda."""

"""Insatstyperna i Af/FK-samarbetet och vilka övergångar som finns mellan dem (`doman.md` 6, R26).

`MATRISEN` är den som en ny databas får. Det som gäller står i tabellen `Overgangsregel`, som en systemadministratör
öppnar och stänger.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from django.db import models

_DELAS: Final = re.compile(r"arbetslivs|arbets(?=f)|(?<=arbets)för|kart(?=l)", re.IGNORECASE)


class Insatstyp(models.TextChoices):
    """Var ett samarbete befinner sig, i den ordning de visas."""

    BEGARAN = "begaran", "Begäran om gemensam kartläggning"
    GEMENSAM_KARTLAGGNING = "gemensam_kartlaggning", "Gemensam kartläggning"
    PLANERAD_ARBETSFORBEREDANDE = "planerad_arbetsforberedande", "Planerad arbetsförberedande"
    PLANERAD_ARBETSLIVSINRIKTAD = "planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"
    ARBETSFORBEREDANDE = "arbetsforberedande", "Arbetsförberedande"
    ARBETSLIVSINRIKTADE = "arbetslivsinriktade", "Arbetslivsinriktade"
    AVSLUTAT = "avslutat", "Avslutat samarbete"
    AVBRUTET = "avbrutet", "Avbrutet samarbete"
    KONSULTATIVT_STOD = "konsultativt_stod", "Konsultativt stöd"

    @property
    def mjuk(self) -> str:
        """Texten med mjuka bindestreck, för smala kolumner."""
        return _DELAS.sub(lambda traff: traff[0] + "\u00ad", str(self.label))


class Form(models.TextChoices):
    """Vad insatstypen innebär för deltagaren."""

    VANTAR = "vantar", "I väntan på aktivitet"
    AKTIV = "aktiv", "Aktiv"
    AVSLUTAR = "avslutar", "Avslutar samarbetet"


class Myndighet(models.TextChoices):
    """De två som samarbetar. Koderna är också samverkansorganisationernas former."""

    AF = "af", "Arbetsförmedlingen"
    FK = "fk", "Försäkringskassan"


class Orsak(models.TextChoices):
    """Varför ett samarbete avbröts."""

    SAMTYCKE_ATERTAS = "samtycke_atertas", "Samtycket återtas"
    EGET_INITIATIV = "eget_initiativ", "Eget initiativ"


_I = Insatstyp

FORMEN: Final[Mapping[Insatstyp, Form]] = {
    _I.BEGARAN: Form.VANTAR,
    _I.PLANERAD_ARBETSFORBEREDANDE: Form.VANTAR,
    _I.PLANERAD_ARBETSLIVSINRIKTAD: Form.VANTAR,
    _I.GEMENSAM_KARTLAGGNING: Form.AKTIV,
    _I.ARBETSFORBEREDANDE: Form.AKTIV,
    _I.ARBETSLIVSINRIKTADE: Form.AKTIV,
    _I.AVSLUTAT: Form.AVSLUTAR,
    _I.AVBRUTET: Form.AVSLUTAR,
    _I.KONSULTATIVT_STOD: Form.AVSLUTAR,
}
AVSLUTANDE: Final = tuple(typ for typ in _I if FORMEN[typ] == Form.AVSLUTAR)
PAGAENDE: Final = tuple(typ for typ in _I if FORMEN[typ] != Form.AVSLUTAR)


class Regel(NamedTuple):
    """En övergång, och vem som normalt registrerar den. `fran` är None för den som börjar samarbetet."""

    fran: Insatstyp | None
    till: Insatstyp
    myndighet: Myndighet


def _rad(fran: Insatstyp, myndighet: Myndighet, *till: Insatstyp) -> list[Regel]:
    return [Regel(fran, ett, myndighet) for ett in till]


_AF, _FK = Myndighet.AF, Myndighet.FK
_SLUT: Final = (_I.AVSLUTAT, _I.AVBRUTET)

MATRISEN: Final[tuple[Regel, ...]] = (
    Regel(None, _I.BEGARAN, _FK),
    *_rad(_I.BEGARAN, _FK, _I.GEMENSAM_KARTLAGGNING, _I.AVBRUTET),
    *_rad(
        _I.GEMENSAM_KARTLAGGNING,
        _FK,
        _I.PLANERAD_ARBETSFORBEREDANDE,
        _I.PLANERAD_ARBETSLIVSINRIKTAD,
        _I.ARBETSFORBEREDANDE,
        _I.ARBETSLIVSINRIKTADE,
        *_SLUT,
        _I.KONSULTATIVT_STOD,
    ),
    *_rad(
        _I.PLANERAD_ARBETSFORBEREDANDE,
        _AF,
        _I.PLANERAD_ARBETSLIVSINRIKTAD,
        _I.ARBETSFORBEREDANDE,
        _I.ARBETSLIVSINRIKTADE,
        *_SLUT,
    ),
    *_rad(
        _I.PLANERAD_ARBETSLIVSINRIKTAD,
        _AF,
        _I.PLANERAD_ARBETSFORBEREDANDE,
        _I.ARBETSFORBEREDANDE,
        _I.ARBETSLIVSINRIKTADE,
        *_SLUT,
    ),
    *_rad(_I.ARBETSFORBEREDANDE, _AF, _I.PLANERAD_ARBETSLIVSINRIKTAD, _I.ARBETSLIVSINRIKTADE, *_SLUT),
    *_rad(_I.ARBETSLIVSINRIKTADE, _AF, _I.PLANERAD_ARBETSFORBEREDANDE, _I.ARBETSFORBEREDANDE, *_SLUT),
)

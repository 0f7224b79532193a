"""Hur stor den påhittade världen är."""

from typing import Final, NamedTuple


class Skala(NamedTuple):
    """En storlek. Åren är kalenderår bakåt från dagen, dagens år inräknat."""

    organisationer: int
    insatser: int
    ar: int
    personer: int
    deltaganden: int
    fodda: tuple[int, int]
    """Första och sista födelseår. Testserien räcker till 20 personer per födelsedag."""
    langsta: int
    """Det längsta deltagandet i dagar; ju längre, desto fler pågår ännu."""
    kontor: int = 0
    """Orter med ett kontor hos Arbetsförmedlingen och ett hos Försäkringskassan."""
    overgangar: int = 0


# I riket deltar 300 000: så många till finns, i åldrar som insatserna tar emot sällan eller aldrig.
SKALOR: Final = {
    "demo": Skala(15, 126, 4, 2_900, 4_200, (1958, 2006), 760, 5, 1_500),
    "stor": Skala(40, 2_000, 10, 60_000, 100_000, (1953, 2000), 960, 40, 50_000),
    "riket": Skala(80, 10_000, 10, 357_000, 1_000_000, (1953, 2004), 960, 150, 500_000),
    "riket10": Skala(80, 10_000, 10, 300_000, 10_000_000, (1953, 2000), 960, 150, 500_000),
}

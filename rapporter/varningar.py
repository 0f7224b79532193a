"""R37: jämförelser som haltar."""

from collections.abc import Callable, Iterator
from typing import Final

from rapporter.kolumner import ANTAL_INSATSER, matten
from rapporter.urval import Jamfor, Manader, Urval
from rapporter.variabler import VARIABLER, Period, Variabel

# Planerat (med anonyma) bredvid faktiskt (utan).
_FAKTISKA: Final = frozenset({"antal_deltagare", "antal_unika_deltagare", "antal_nystartade_deltagare"})


def varningarna(urval: Urval) -> Iterator[str]:
    """Varningarna för urvalet: månader bredvid hela år, planerat bredvid faktiskt, kön, och ojämna perioder."""
    variabler = [ANTAL_INSATSER] * urval.per_organisation + [VARIABLER[namn] for namn in urval.variabler]

    def rubriker(villkor: Callable[[Variabel], bool]) -> str:
        return ", ".join(variabel.rubrik for variabel in variabler if villkor(variabel))

    hela_ar = rubriker(lambda v: v.period == Period.KALENDERAR)
    namn = {variabel.namn for variabel in variabler}
    if hela_ar and not urval.hela_kalenderar:
        yield (
            f"Perioden är inte hela kalenderår, men dessa kolumner visar hela {urval.ar_text}: {hela_ar}. "
            "Jämför dem inte rakt av med kolumner för vald period."
        )
    if "budgeterat_antal_deltagare" in namn and namn & _FAKTISKA:
        yield (
            "Budgeterat antal deltagare är planerat för deltagare med personuppgifter och anonyma tillsammans. "
            f"{rubriker(lambda v: v.namn in _FAKTISKA)} räknas utan anonyma."
        )
        if len(urval.ar) > 1:
            yield (
                f"Budgeterat antal deltagare är summan av planerna för {urval.ar_text}. Den som deltar i flera av åren "
                "är med i planen för vart och ett, men ett deltagande räknas en gång i perioden."
            )
    utan_kon = rubriker(lambda v: v.summeras and not v.har_kon)
    if urval.konsfilter and utan_kon:
        yield f"Urvalet på kön gäller inte dessa kolumner, som inte har något kön: {utan_kon}."
    fore = urval.foregaende
    if fore and (urval.per_organisation or any(matt.jamfors for matt in matten(urval))):
        yield from _ojamna(urval, fore, med_manader=any(v.period == Period.VALD for v in variabler), hela_ar=hela_ar)


def _ojamna(urval: Urval, fore: Manader, *, med_manader: bool, hela_ar: str) -> Iterator[str]:
    """Vald period och jämförelseperioden, där de inte är lika långa, lika hela eller skilda åt."""
    if fore.till >= urval.fran:
        yield f"Perioderna överlappar varandra: {urval.period} och {fore.period} har månader gemensamt."
    if med_manader and urval.idag <= urval.sista_dag:
        yield (
            f"Vald period är inte slut i dag, {urval.idag.isoformat()}, men jämförs med hela {fore.period}. "
            "Skillnaderna kan bli andra."
        )
    if med_manader and urval.jamfor == Jamfor.PERIODEN_FORE and urval.antal_manader % 12:
        yield f"{urval.period} och {fore.period} är olika delar av året."
    if not hela_ar:
        return
    if gemensamma := sorted(set(urval.ar) & set(fore.ar)):
        yield (
            f"Båda perioderna berör {', '.join(map(str, gemensamma))}, som därför ingår på båda sidor i kolumnerna för "
            f"hela kalenderår: {hela_ar}."
        )
    if len(urval.ar) != len(fore.ar):
        yield (
            f"Perioderna berör olika många kalenderår, {urval.ar_text} och {fore.ar_text}. "
            f"Det gör skillnaderna missvisande för {hela_ar}."
        )
    elif urval.idag.year in urval.ar and urval.idag.year not in fore.ar:
        yield f"Kalenderåret {urval.idag.year} är inte slut, men jämförs med hela {fore.ar_text}: {hela_ar}."

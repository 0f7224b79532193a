"""Uppgifterna som registreras om en deltagare: kodverk och hjälp (`doman.md` 4).

Listorna är de som en ny databas får. Det som gäller står i tabellen `Kod`, så att ett kodverk kan
ändras utan ny kod: en kod avslutas, den tas aldrig bort.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import models


class Kodverk(models.TextChoices):
    FORSORJNING = "forsorjning", "Försörjning"
    TID_I_FORSORJNING = "tid_i_forsorjning", "Tid i offentlig försörjning"
    UTBILDNING = "utbildning", "Högsta slutförda utbildning"
    ARBETSTYP = "arbetstyp", "Typ av arbete"
    AVSLUTNINGSANLEDNING = "avslutningsanledning", "Avslutningsanledning"


class Kon(models.TextChoices):
    KVINNA = "kvinna", "Kvinna"
    MAN = "man", "Man"


INGEN_FORSORJNING: Final = "ingen"
FELREGISTRERING: Final = "felregistrering"
ATERTAGET_SAMTYCKE: Final = "atertaget_samtycke"

# Koderna som regler i programmet och databasen hänger på. De går inte att avsluta.
BUNDNA: Final = frozenset(
    {
        (Kodverk.FORSORJNING.value, INGEN_FORSORJNING),
        (Kodverk.AVSLUTNINGSANLEDNING.value, FELREGISTRERING),
        (Kodverk.AVSLUTNINGSANLEDNING.value, ATERTAGET_SAMTYCKE),
    }
)

KODER: Final[Mapping[Kodverk, tuple[tuple[str, str], ...]]] = {
    Kodverk.FORSORJNING: (
        ("sjukpenning", "Sjukpenning"),
        ("rehabiliteringspenning", "Rehabiliteringspenning"),
        ("sjukersattning", "Sjukersättning"),
        ("aktivitetsersattning", "Aktivitetsersättning"),
        ("arbetsloshetsersattning", "Arbetslöshetsersättning"),
        ("aktivitetsstod", "Aktivitetsstöd eller utvecklingsersättning"),
        ("etableringsersattning", "Etableringsersättning"),
        ("forsorjningsstod", "Ekonomiskt bistånd (försörjningsstöd)"),
        ("studiestod", "Studiestöd"),
        ("annan", "Annan offentlig försörjning"),
        (INGEN_FORSORJNING, "Ingen offentlig försörjning"),
    ),
    Kodverk.TID_I_FORSORJNING: (
        ("ingen", "Ingen tid"),
        ("hogst_1", "Högst 1 år"),
        ("1_2", "1–2 år"),
        ("3_4", "3–4 år"),
        ("5_6", "5–6 år"),
        ("7_9", "7–9 år"),
        ("10_mer", "10 år eller mer"),
    ),
    Kodverk.UTBILDNING: (
        ("ej_grundskola", "Ej slutförd grundskola"),
        ("grundskola", "Grundskola"),
        ("gymnasium", "Gymnasium"),
        ("eftergymnasial_kort", "Eftergymnasial, kortare än 2 år"),
        ("eftergymnasial_lang", "Eftergymnasial, 2 år eller längre"),
        ("saknas", "Uppgift saknas"),
    ),
    Kodverk.ARBETSTYP: (
        ("subventionerat", "Subventionerat arbete"),
        ("ej_subventionerat", "Ej subventionerat arbete"),
    ),
    Kodverk.AVSLUTNINGSANLEDNING: (
        ("fullfoljd", "Fullföljd insats"),
        ("fortsatt", "Fortsatt rehabilitering eller annan insats"),
        ("sjukdom", "Sjukdom"),
        ("flytt", "Flytt"),
        ("egen_begaran", "Avbrott på egen begäran"),
        (ATERTAGET_SAMTYCKE, "Återtaget samtycke"),
        ("avliden", "Avliden"),
        ("annan", "Annan anledning"),
        (FELREGISTRERING, "Felregistrering"),
    ),
}

# Varför anonyma tas bort: koder, så att loggen aldrig bär fritext.
ANLEDNINGAR_ATT_TA_BORT: Final = (
    ("fel_antal", "Fel antal"),
    ("fel_ar", "Fel år"),
    ("fel_kon", "Fel kön"),
    ("fel_insats", "Fel insats"),
    ("dubbelt", "Registrerat två gånger"),
)

# Fälten som finns både före och efter, utan ändelse.
FORE_OCH_EFTER: Final = ("forsorjning", "arbete", "arbetstyp", "studier", "arbetssokande")
FOREFALT: Final = ("utbildning", "tid_i_forsorjning", *(f"{falt}_fore" for falt in FORE_OCH_EFTER))
EFTERFALT: Final = tuple(f"{falt}_efter" for falt in FORE_OCH_EFTER)

HJALP: Final[Mapping[str, str]] = {
    "forsorjning_fore": (
        "Försörjningen direkt före är den under den sista veckan innan insatsen började. Föräldrapenning och pension "
        "räknas som Ingen offentlig försörjning."
    ),
    "forsorjning_efter": (
        "Försörjningen när insatsen är slut. Föräldrapenning och pension räknas som Ingen offentlig försörjning."
    ),
    "tid_i_forsorjning": (
        "Den sammanhängande tiden i offentlig försörjning, oavsett vilken. Uppehåll på högst en månad bryter inte."
    ),
    "utbildning": "Utländsk utbildning anges som den svenska nivå som ligger närmast.",
    "arbetar": (
        "Det som faktiskt görs räknas: den som är anställd men frånvarande på grund av sjukdom arbetar inte. "
        "100 % är 40 timmar i veckan."
    ),
    "studerar": "Arbetsmarknadsutbildning räknas som studier. 100 % är heltid.",
    "arbetssokande": "Söker arbete aktivt, oavsett om personen är inskriven hos Arbetsförmedlingen.",
}


def fel_i_forsorjning(koder: Iterable[str]) -> str | None:
    """Ingen offentlig försörjning utesluter de andra; annars None."""
    givna = list(koder)
    if INGEN_FORSORJNING in givna and len(givna) > 1:
        return "Ingen offentlig försörjning kan inte väljas tillsammans med annan."
    return None


def tomma_svar(falt: Iterable[str]) -> dict[str, Any]:
    """Fälten utan svar, så som de lagras när uppgift saknas."""
    tomt: dict[str, Any] = {"forsorjning": [], "arbetstyp": [], "utbildning": "", "tid_i_forsorjning": ""}
    return {namn: tomt.get(namn.removesuffix("_fore").removesuffix("_efter")) for namn in falt}

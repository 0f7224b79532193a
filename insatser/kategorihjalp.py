"""Vad varje val i kategoriseringen är till för, efter kategoriseringens vägledning (`doman.md` 3.1).

Texterna följer samma tabell som valen: samverkansformen avgör där samma val betyder olika saker.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from insatser.kategorier import (
    KATEGORIER,
    Deltagarregistrering,
    Inriktning,
    Malgrupp,
    PreciseradInriktning,
    Samverkansform,
    inriktningar,
    val,
)

_F, _I, _P, _M = Samverkansform, Inriktning, PreciseradInriktning, Malgrupp

_INDIVID: Final = (
    "Insatsen vänder sig till enskilda som behöver arbetslivsinriktad rehabilitering eller stöd på väg tillbaka till "
    "arbete."
)
_STRUKTUR: Final = (
    "Insatsen vänder sig till dem som samverkar, eller ökar kunskapen om vad olika grupper behöver för att komma "
    "tillbaka till arbete."
)
_UTBILDNING: Final = "Till exempel en konferens, eller en utbildning om nya regler i sjukförsäkringen."
_ANNAN: Final = (
    "När ingen av de andra stämmer med insatsens syfte och mål. Förklara tydligt i Beskrivning: den är då obligatorisk."
)
_EJ_INDIVID: Final = "När insatsen varken är för unga eller för bara det ena könet."
_EJ_STRUKTUR: Final = "När ingen av de andra målgrupperna stämmer."

INRIKTNING: Final[Mapping[tuple[Samverkansform, Inriktning], str]] = {
    (_F.FINSAM, _I.INDIVID): _INDIVID,
    (_F.FINSAM, _I.STRUKTUR): _STRUKTUR,
    (_F.TVAPART, _I.INDIVID): _INDIVID,
    (_F.TVAPART, _I.STRUKTUR): _STRUKTUR,
    (_F.HANDLINGSPLAN, _I.INDIVID): (
        "Insatsen vänder sig till enskilda som behöver arbetslivsinriktad rehabilitering, och resultatet mäts för "
        "var och en efter insatsen."
    ),
}

PRECISERAD: Final[Mapping[tuple[Samverkansform, PreciseradInriktning], str]] = {
    (_F.FINSAM, _P.REHABILITERING): (
        "Insatsen ska föra den enskilda tillbaka till arbete, utbildning eller liknande, eller minska behovet av "
        "offentlig försörjning."
    ),
    (_F.FINSAM, _P.FORBEREDANDE): (
        "Insatsen förbereder nästa steg mot arbete. Målet på kort sikt behöver inte vara ett arbete: deltagaren ska "
        "först rustas för det."
    ),
    (_F.FINSAM, _P.KARTLAGGNING_INDIVIDER): (
        "Till exempel utredning och bedömning av vilken rehabilitering den enskilda behöver. Syftet är att se vilket "
        "stöd som ska följa."
    ),
    (_F.FINSAM, _P.FOREBYGGANDE): (
        "Insatsen arbetar förebyggande, så att den enskilda inte hamnar i utanförskap, arbetslöshet eller ohälsa."
    ),
    (_F.FINSAM, _P.UTBILDNING): _UTBILDNING,
    (_F.FINSAM, _P.DIALOG): (
        "Fördjupat arbete mellan flera myndigheter: sprida information, förenkla arbetssätt, höja kompetensen "
        "tillsammans eller underlätta det gemensamma arbetet."
    ),
    (_F.FINSAM, _P.KARTLAGGNING): (
        "Till exempel en kartläggning av dem som har en viss ersättning, av vilken rehabilitering en grupp kommer att "
        "behöva, eller av vad personalen behöver lära sig. Syftet är att se vilka insatser som behövs framöver."
    ),
    (_F.TVAPART, _P.KARTLAGGNING_INDIVIDER): (
        "Till exempel en kartläggning av dem som har en viss ersättning, av vilken rehabilitering en grupp kommer att "
        "behöva, eller av vad en enskild person behöver. Syftet är att se vilka insatser och vilket stöd som ska följa."
    ),
    (_F.TVAPART, _P.TEAM_VARDENHETEN): (
        "Till exempel ett team med flera yrken som tillsammans arbetar med enskildas rehabilitering. Syftet är bättre "
        "hälsa, och på sikt arbete."
    ),
    (_F.TVAPART, _P.ANNAN): _ANNAN,
    (_F.TVAPART, _P.UTBILDNING): _UTBILDNING,
    (_F.TVAPART, _P.DIALOG): (
        "Fördjupat arbete mellan Försäkringskassan och vården: sprida information, förenkla arbetssätt, höja "
        "kompetensen tillsammans eller underlätta det gemensamma arbetet."
    ),
    (_F.TVAPART, _P.KARTLAGGNING): (
        "Till exempel en kartläggning av sjukskrivningsmönster eller av vad personalen behöver lära sig. Syftet är att "
        "se vad organisationerna och personalen behöver."
    ),
    (_F.HANDLINGSPLAN, _P.REHABILITERING_TILL_ARBETE): (
        "Insatsen ska föra den enskilda tillbaka till arbete, utbildning eller liknande, eller minska behovet av "
        "offentlig försörjning."
    ),
}

MALGRUPP: Final[Mapping[tuple[Inriktning, Malgrupp], str]] = {
    (_I.INDIVID, _M.KVINNOR): "Insatsen är till enbart för kvinnor.",
    (_I.INDIVID, _M.MAN): "Insatsen är till enbart för män.",
    (_I.INDIVID, _M.UNGA): "Insatsen är till för unga.",
    (_I.INDIVID, _M.EJ_TILLAMPLIGA): _EJ_INDIVID,
    (_I.STRUKTUR, _M.MYNDIGHETSPERSONAL): (
        "Personalen hos dem som samverkar: Arbetsförmedlingen, Försäkringskassan, kommunen eller regionen."
    ),
    (_I.STRUKTUR, _M.SAMHALLET): "Andra myndigheter och organisationer i samhället.",
    (_I.STRUKTUR, _M.LAKARE): "Läkare på vårdenheten eller vårdenheterna.",
    (_I.STRUKTUR, _M.VARDPERSONAL): (
        "Till exempel sjuksköterskor, undersköterskor, kuratorer, fysioterapeuter och arbetsterapeuter."
    ),
    (_I.STRUKTUR, _M.PERSONAL_FK): "Anställda vid Försäkringskassan.",
    (_I.STRUKTUR, _M.ANNAN_MYNDIGHETSPERSONAL): "Personal vid till exempel Arbetsförmedlingen eller en kommun.",
    (_I.STRUKTUR, _M.EJ_TILLAMPLIGA): _EJ_STRUKTUR,
}

REGISTRERING: Final[Mapping[Deltagarregistrering, str]] = {
    Deltagarregistrering.PERSONUPPGIFTER: (
        "För en insats med deltagare. De registreras med personnummer och uppgifter före och efter insatsen, eller som "
        "anonyma om de inte samtycker eller har skyddade personuppgifter. Inte för till exempel myndighetspersonal."
    ),
    Deltagarregistrering.ANTAL: (
        "För en insats som mäts med en summa, till exempel hur många som gick en utbildning eller hur många möten som "
        "hölls. Den insatsansvariga registrerar antalet per år, och ingen deltagaransvarig behövs."
    ),
}


class Forklarad(NamedTuple):
    """Ett val och vad det är till för."""

    namn: str
    text: str


class Inriktningshjalp(NamedTuple):
    """En inriktning med allt som kan väljas under den, i visningsordning."""

    inriktning: Forklarad
    preciserade: list[Forklarad]
    malgrupper: list[Forklarad]


def for_inriktning(form: str, inriktning: str) -> Inriktningshjalp | None:
    """Förklaringarna till valen under en inriktning; None om samverkansformen inte har den."""
    if inriktning not in inriktningar(form):
        return None
    formen, vald = Samverkansform(form), Inriktning(inriktning)
    mojliga = val(form, inriktning)
    return Inriktningshjalp(
        Forklarad(vald.label, INRIKTNING[formen, vald]),
        [Forklarad(p.label, PRECISERAD[formen, p]) for p in mojliga.preciserade],
        [Forklarad(m.label, MALGRUPP[vald, m]) for m in mojliga.malgrupper],
    )


def alla() -> list[tuple[str, list[Inriktningshjalp]]]:
    """Hela tabellen: varje samverkansform med sina inriktningar."""
    return [
        (form.label, [hjalp for inriktning in per if (hjalp := for_inriktning(form, inriktning))])
        for form, per in KATEGORIER.items()
    ]


def inriktningarna(form: str) -> list[Forklarad]:
    """Samverkansformens inriktningar."""
    return [Forklarad(i.label, INRIKTNING[Samverkansform(form), i]) for i in inriktningar(form)]


def registreringssatten() -> list[Forklarad]:
    """De två sätten att registrera deltagare."""
    return [Forklarad(satt.label, text) for satt, text in REGISTRERING.items()]


def som_text(val_: list[Forklarad]) -> str:
    """Förklaringarna som stycken, för hjälpen bakom i-ikonen."""
    return "\n\n".join(f"{ett.namn}: {ett.text}" for ett in val_)

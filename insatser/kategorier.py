"""Kategorisering av insats: vilka val som hör ihop (`doman.md` 3.1, R9–R14).

Tabellen här är den enda. Formulär, tjänst, htmx-vy, import, databasens CHECK och hjälpen läser den.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain, combinations
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models


class Samverkansform(models.TextChoices):
    FINSAM = "finsam", "Finsam"
    TVAPART = "tvapart", "Tvåpartsfinans"
    HANDLINGSPLAN = "handlingsplan", "Handlingsplanssamverkan"
    AF = "af", "Af i Af/FK-samarbete"
    FK = "fk", "FK i Af/FK-samarbete"


class Inriktning(models.TextChoices):
    INDIVID = "individ", "Individinriktad"
    STRUKTUR = "struktur", "Strukturövergripande"


class PreciseradInriktning(models.TextChoices):
    REHABILITERING = "rehabilitering", "Rehabilitering mot arbete/utbildning"
    FORBEREDANDE = "forberedande", "Förberedande insats"
    KARTLAGGNING_INDIVIDER = "kartlaggning_individer", "Kartläggning av individer"
    FOREBYGGANDE = "forebyggande", "Förebyggande insats"
    UTBILDNING = "utbildning", "Utbildning"
    DIALOG = "dialog", "Dialog och kommunikation"
    KARTLAGGNING = "kartlaggning", "Kartläggning"
    TEAM_VARDENHETEN = "team_vardenheten", "Team på vårdenheten"
    ANNAN = "annan", "Annan inriktning"
    REHABILITERING_TILL_ARBETE = "rehabilitering_till_arbete", "Rehabilitering till arbete och utbildning"


class Deltagarregistrering(models.TextChoices):
    PERSONUPPGIFTER = "personuppgifter", "Personuppgifter/anonym"
    ANTAL = "antal", "Endast antal (volyminsats)"


class Malgrupp(models.TextChoices):
    KVINNOR = "kvinnor", "Kvinnor"
    MAN = "man", "Män"
    UNGA = "unga", "Unga"
    MYNDIGHETSPERSONAL = "myndighetspersonal", "Myndighetspersonal i samverkan"
    SAMHALLET = "samhallet", "Samhället i övrigt"
    LAKARE = "lakare", "Läkare"
    VARDPERSONAL = "vardpersonal", "Övrig vårdpersonal"
    PERSONAL_FK = "personal_fk", "Personal på Försäkringskassan"
    ANNAN_MYNDIGHETSPERSONAL = "annan_myndighetspersonal", "Annan myndighetspersonal"
    EJ_TILLAMPLIGA = "ej_tillampliga", "Ej tillämpliga målgrupper"


class Val(NamedTuple):
    """Vad som kan väljas under en inriktning, i visningsordning."""

    preciserade: tuple[PreciseradInriktning, ...]
    malgrupper: tuple[Malgrupp, ...]


_P, _M = PreciseradInriktning, Malgrupp
_INDIVIDENS_MALGRUPPER: Final = (_M.KVINNOR, _M.MAN, _M.UNGA, _M.EJ_TILLAMPLIGA)

KATEGORIER: Final[Mapping[Samverkansform, Mapping[Inriktning, Val]]] = {
    Samverkansform.FINSAM: {
        Inriktning.INDIVID: Val(
            (_P.REHABILITERING, _P.FORBEREDANDE, _P.KARTLAGGNING_INDIVIDER, _P.FOREBYGGANDE),
            _INDIVIDENS_MALGRUPPER,
        ),
        Inriktning.STRUKTUR: Val(
            (_P.UTBILDNING, _P.DIALOG, _P.KARTLAGGNING),
            (_M.MYNDIGHETSPERSONAL, _M.SAMHALLET, _M.EJ_TILLAMPLIGA),
        ),
    },
    Samverkansform.TVAPART: {
        Inriktning.INDIVID: Val(
            (_P.KARTLAGGNING_INDIVIDER, _P.TEAM_VARDENHETEN, _P.ANNAN),
            _INDIVIDENS_MALGRUPPER,
        ),
        Inriktning.STRUKTUR: Val(
            (_P.UTBILDNING, _P.DIALOG, _P.KARTLAGGNING, _P.ANNAN),
            (_M.LAKARE, _M.VARDPERSONAL, _M.PERSONAL_FK, _M.ANNAN_MYNDIGHETSPERSONAL, _M.EJ_TILLAMPLIGA),
        ),
    },
    Samverkansform.HANDLINGSPLAN: {
        Inriktning.INDIVID: Val((_P.REHABILITERING_TILL_ARBETE,), ()),
    },
}

# Ett kontor i Af/FK-samarbetet är en insats utan kategorisering (`doman.md` 6).
HANDLINGSPLANENS_SLUT: Final = date(2013, 2, 1)  # en sådan samverkansorganisation började före dagen
OMRADESNAMN: Final[Mapping[str, str]] = {
    Samverkansform.AF: "Marknadsområde",
    Samverkansform.FK: "Verksamhetsområde",
}
KONTORSFORMER: Final = frozenset({Samverkansform.AF, Samverkansform.FK})

# R10: förvalet när inriktningen väljs. Det kan ändras.
FORVALD_REGISTRERING: Final[Mapping[Inriktning, Deltagarregistrering]] = {
    Inriktning.STRUKTUR: Deltagarregistrering.ANTAL,
}

VARNING_R14: Final = (
    "Personuppgifter/anonym är inte avsett för till exempel myndighetspersonal. "
    "Välj Endast antal (volyminsats) om insatsen inte vänder sig till enskilda deltagare."
)


def inriktningar(form: str) -> list[Inriktning]:
    """Inriktningarna som samverkansformen har; tom för kontor och okänd form."""
    return list(KATEGORIER[Samverkansform(form)]) if form in KATEGORIER else []


def val(form: str, inriktning: str) -> Val:
    """Preciserade inriktningar och målgrupper som kan väljas (R9); tomma om kombinationen inte finns."""
    if inriktning not in inriktningar(form):
        return Val((), ())
    return KATEGORIER[Samverkansform(form)][Inriktning(inriktning)]


def malgruppskombinationer(malgrupper: Iterable[Malgrupp]) -> list[list[str]]:
    """Alla tillåtna uppsättningar, var och en i tabellens ordning (R12).

    Kvinnor och Män går inte ihop, Ej tillämpliga målgrupper utesluter alla andra. Utan målgrupper att
    välja är den tomma uppsättningen den enda.
    """
    alla = [m for m in malgrupper if m != Malgrupp.EJ_TILLAMPLIGA]
    if not alla:
        return [[]]
    delmangder = chain.from_iterable(combinations(alla, n) for n in range(1, len(alla) + 1))
    tillatna = [[m.value for m in d] for d in delmangder if not {Malgrupp.KVINNOR, Malgrupp.MAN} <= set(d)]
    return [*tillatna, [Malgrupp.EJ_TILLAMPLIGA.value]]


def i_ordning(malgrupper: Iterable[str]) -> list[str]:
    """Koderna i tabellens ordning, så som de lagras och visas. Okända koder och dubbletter blir kvar sist."""
    givna = list(malgrupper)
    ordning = {m.value: plats for plats, m in enumerate(Malgrupp)}
    return sorted(givna, key=lambda kod: ordning.get(kod, len(ordning)))


def malgruppstext(malgrupper: Iterable[str]) -> str:
    """Målgrupperna så som de visas: kommaseparerade, i tabellens ordning."""
    return ", ".join(Malgrupp(kod).label for kod in i_ordning(malgrupper))


def _fel_i_malgrupper(malgrupper: list[str], mojliga: tuple[Malgrupp, ...]) -> str | None:
    if not mojliga:
        return "Ingen målgrupp anges för Handlingsplanssamverkan." if malgrupper else None
    if not malgrupper:
        return "Välj minst en målgrupp."
    if len(set(malgrupper)) < len(malgrupper):
        return "Samma målgrupp är angiven två gånger."
    if okanda := [kod for kod in malgrupper if kod not in mojliga]:
        namn = ", ".join(Malgrupp(kod).label if kod in Malgrupp.values else f"”{kod}”" for kod in okanda)
        return f"{namn} kan inte väljas för den inriktningen."
    if {Malgrupp.KVINNOR, Malgrupp.MAN} <= set(malgrupper):
        return "Kvinnor och Män kan inte väljas tillsammans: välj det kön som insatsen är till enbart för, eller inget."
    if Malgrupp.EJ_TILLAMPLIGA in malgrupper and len(malgrupper) > 1:
        return "Ej tillämpliga målgrupper kan inte väljas tillsammans med andra målgrupper."
    return None


def formens_hinder(form: str, startdatum: date) -> str:
    """Varför en samverkansorganisation som börjar då inte kan ha formen; tomt om den kan det."""
    if form == Samverkansform.HANDLINGSPLAN and startdatum >= HANDLINGSPLANENS_SLUT:
        return (
            f"Handlingsplanssamverkan fanns före {HANDLINGSPLANENS_SLUT}. Välj en annan form, eller rätta startdatum."
        )
    return ""


def kontrollera(
    *,
    form: str,
    inriktning: str,
    preciserad_inriktning: str,
    deltagarregistrering: str,
    malgrupper: Iterable[str],
    beskrivning: str,
) -> None:
    """Prövar en hel kategorisering mot tabellen (R9, R12, R13).

    Ger ValidationError med fältets namn som nyckel. Ett kontor (form `af` eller `fk`) ska sakna allt.
    """
    givna = list(malgrupper)
    fel: dict[str, str] = {}
    if form in KONTORSFORMER:
        falt = {"inriktning": inriktning, "preciserad_inriktning": preciserad_inriktning}
        falt |= {"deltagarregistrering": deltagarregistrering, "malgrupper": ";".join(givna)}
        fel = {namn: "Ett kontor i Af/FK-samarbetet kategoriseras inte." for namn, varde in falt.items() if varde}
        if fel:
            raise ValidationError(fel)
        return

    mojliga = val(form, inriktning)
    if not inriktning:
        fel["inriktning"] = "Välj inriktning."
    elif not mojliga.preciserade:
        namn = Samverkansform(form).label if form in Samverkansform.values else form
        fel["inriktning"] = f"Inriktningen finns inte för {namn}."
    else:
        if not preciserad_inriktning:
            fel["preciserad_inriktning"] = "Välj preciserad inriktning."
        elif preciserad_inriktning not in mojliga.preciserade:
            fel["preciserad_inriktning"] = "Den preciserade inriktningen hör inte till inriktningen."
        elif preciserad_inriktning == PreciseradInriktning.ANNAN and not beskrivning.strip():
            fel["beskrivning"] = "Beskriv insatsen: Annan inriktning kräver en beskrivning."
        if malgruppsfel := _fel_i_malgrupper(givna, mojliga.malgrupper):
            fel["malgrupper"] = malgruppsfel
    if not deltagarregistrering:
        fel["deltagarregistrering"] = "Välj hur deltagare ska registreras."
    elif deltagarregistrering not in Deltagarregistrering.values:
        fel["deltagarregistrering"] = "Okänt sätt att registrera deltagare."
    if fel:
        raise ValidationError(fel)


def varning(*, inriktning: str, deltagarregistrering: str) -> str | None:
    """Varningen i R14, om valen ger den."""
    if inriktning == Inriktning.STRUKTUR and deltagarregistrering == Deltagarregistrering.PERSONUPPGIFTER:
        return VARNING_R14
    return None


def villkor() -> models.Q:
    """Tabellen som villkor för databasens CHECK: exakt kombinationerna ovan och inga andra (R9, R12)."""
    q = models.Q(
        samverkansform__in=sorted(form.value for form in KONTORSFORMER),
        inriktning="",
        preciserad_inriktning="",
        deltagarregistrering="",
        malgrupper=[],
    )
    for form, per_inriktning in KATEGORIER.items():
        for inriktning, mojliga in per_inriktning.items():
            q |= models.Q(
                samverkansform=form.value,
                inriktning=inriktning.value,
                preciserad_inriktning__in=[p.value for p in mojliga.preciserade],
                deltagarregistrering__in=Deltagarregistrering.values,
                malgrupper__in=malgruppskombinationer(mojliga.malgrupper),
            )
    return q

"""Filerna som importera läser och exportera skriver (`import-och-kommandon.md` 2)."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Fil(NamedTuple):
    """En fils kolumner, i den ordning de skrivs."""

    kolumner: tuple[str, ...]
    kravda: tuple[str, ...]
    """Kolumner som rubrikraden måste ha. De andra får saknas: då står det som redan är registrerat kvar."""


ORGANISATIONER: Final = "samverkansorganisationer.csv"
INSATSER: Final = "insatser.csv"
BUDGET: Final = "budget.csv"
BUDGETPOSTER: Final = "budgetposter.csv"
VOLYMANTAL: Final = "volymantal.csv"
ANONYMA: Final = "anonyma.csv"
DELTAGANDEN: Final = "deltaganden.csv"
SAMARBETEN: Final = "samarbeten.csv"
OVERGANGER: Final = "overganger.csv"
KONTORSBYTEN: Final = "kontorsbyten.csv"

# I den ordning som filerna läses och felen skrivs: det som annat hänvisar till först.
FILER: Final[Mapping[str, Fil]] = {
    ORGANISATIONER: Fil(
        ("organisationsnummer", "namn", "samverkansform", "startdatum", "slutdatum", "beskrivning", "kommuner"),
        ("organisationsnummer", "namn", "samverkansform", "startdatum"),
    ),
    INSATSER: Fil(
        (
            "insats",
            "organisationsnummer",
            "namn",
            "beskrivning",
            "startdatum",
            "slutdatum",
            "inriktning",
            "preciserad_inriktning",
            "deltagarregistrering",
            "malgrupper",
            "omrade",
        ),
        (
            "insats",
            "organisationsnummer",
            "namn",
            "startdatum",
            "inriktning",
            "preciserad_inriktning",
            "deltagarregistrering",
            "malgrupper",
        ),
    ),
    BUDGET: Fil(("insats", "ar", "planerat_antal", "budgeterat_antal_volym"), ("insats", "ar")),
    BUDGETPOSTER: Fil(
        ("insats", "ar", "rad", "budgettyp", "budget", "utfall", "beskrivning"), ("insats", "ar", "rad", "budgettyp")
    ),
    VOLYMANTAL: Fil(("insats", "ar", "antal"), ("insats", "ar", "antal")),
    ANONYMA: Fil(("insats", "ar", "kon", "antal"), ("insats", "ar", "kon", "antal")),
    DELTAGANDEN: Fil(
        (
            "insats",
            "person",
            "inregistrering",
            "lopnr",
            "personnummer",
            "kon",
            "fodelsear",
            "fornamn",
            "efternamn",
            "kommun",
            "stadsdel",
            "samtycke",
            "samtycke_arkiverat",
            "utregistrering",
            "avslutningsanledning",
            "utbildning",
            "tid_i_forsorjning",
            "forsorjning_fore",
            "forsorjning_efter",
            "arbete_fore",
            "arbete_efter",
            "studier_fore",
            "studier_efter",
            "arbetstyp_fore",
            "arbetstyp_efter",
            "arbetssokande_fore",
            "arbetssokande_efter",
        ),
        ("insats", "inregistrering"),
    ),
    SAMARBETEN: Fil(
        (
            "samarbete",
            "person",
            "personnummer",
            "kon",
            "fodelsear",
            "fornamn",
            "efternamn",
            "kommun",
            "stadsdel",
            "samtycke",
            "af_kontor",
            "fk_kontor",
            "initierad_av",
        ),
        ("samarbete", "af_kontor", "fk_kontor", "initierad_av"),
    ),
    OVERGANGER: Fil(("samarbete", "ordning", "till", "datum", "orsak"), ("samarbete", "ordning", "till", "datum")),
    KONTORSBYTEN: Fil(
        ("samarbete", "datum", "af_kontor", "fk_kontor"), ("samarbete", "datum", "af_kontor", "fk_kontor")
    ),
}

# Kolumner som bara skrivs när någon rad har ett värde: bara kontoren i Af/FK-samarbetet har ett område.
VID_BEHOV: Final[Mapping[str, str]] = {INSATSER: "omrade"}

# Filer med uppgifter om personer: deras värden står aldrig i ett fel (P7).
PERSONFILER: Final = (DELTAGANDEN, SAMARBETEN)

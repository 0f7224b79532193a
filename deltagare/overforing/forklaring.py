"""Vad som ska stå i filernas kolumner, på svenska: i mallarna och på sidan *Läs in*."""

from typing import Final

from deltagare.overforing.filformat import ANONYMA, BUDGETPOSTER, DELTAGANDEN, INSATSER, VOLYMANTAL
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning
from insatser.models import Budgettyp

_SVAR: Final = "Tomt när uppgift saknas."
_EFTER: Final = "Bara tillsammans med utregistrering. Tomt när uppgift saknas."
_FORSORJNING: Final = (
    "Koder skilda med semikolon: sjukpenning, rehabiliteringspenning, sjukersattning, aktivitetsersattning, "
    "arbetsloshetsersattning, aktivitetsstod, etableringsersattning, forsorjningsstod, studiestod, annan, eller "
    "ensamt ingen."
)


def _koder(val: type[Inriktning] | type[PreciseradInriktning] | type[Malgrupp] | type[Budgettyp]) -> str:
    return ", ".join(f"{kod} ({text})" for kod, text in val.choices)


# Kolumnens namn, med filens namn först där samma kolumn betyder olika.
FORKLARING: Final[dict[str, str]] = {
    "insats": "Insatsens nyckel i SUS. Den står under insatsens namn på insatsens sida, till exempel SUS-12.",
    f"{INSATSER}:insats": (
        "Insatsens nyckel. För en insats som finns: nyckeln på insatsens sida. För en ny: en egen nyckel som ingen "
        "annan insats har, högst 60 tecken. Den får inte börja med SUS-."
    ),
    "organisationsnummer": "Samverkansorganisationens organisationsnummer, NNNNNN-NNNN.",
    "namn": "Insatsnamn, högst 200 tecken. Bara en insats i samverkansorganisationen kan ha namnet.",
    "beskrivning": "Fri text. Krävs för annan inriktning.",
    f"{BUDGETPOSTER}:beskrivning": "Fri text, högst 500 tecken.",
    "startdatum": "ÅÅÅÅ-MM-DD.",
    "slutdatum": "ÅÅÅÅ-MM-DD. Tomt när insatsen pågår tills vidare.",
    "inriktning": f"En kod: {_koder(Inriktning)}.",
    "preciserad_inriktning": f"En kod som hör till inriktningen: {_koder(PreciseradInriktning)}.",
    "deltagarregistrering": f"En kod: {', '.join(f'{kod} ({text})' for kod, text in Deltagarregistrering.choices)}.",
    "malgrupper": f"Koder skilda med semikolon: {_koder(Malgrupp)}.",
    "omrade": "Bara för ett kontor i Af/FK-samarbetet: verksamhets- eller marknadsområdet, högst 100 tecken.",
    "ar": "Kalenderåret, fyra siffror.",
    "planerat_antal": "Planerat antal deltagare. Tomt för en volyminsats.",
    "budgeterat_antal_volym": "Budgeterat antal för en volyminsats. Tomt för andra.",
    "rad": "Radens nummer i årets budget: 1, 2, 3 …",
    "budgettyp": f"En kod: {_koder(Budgettyp)}.",
    "budget": "Hela kronor, bara siffror. Tomt när beloppet inte är bestämt.",
    "utfall": "Hela kronor, bara siffror, med minus för en rättelse. Tomt tills det är känt.",
    f"{VOLYMANTAL}:antal": "Det faktiska antalet personer eller tillfällen det året.",
    f"{ANONYMA}:antal": "Alla anonyma deltagare av det könet det året, inte bara de nya.",
    f"{ANONYMA}:kon": "kvinna eller man.",
    "person": "Behöver inte fyllas i: personnumret avgör vem raden gäller.",
    "inregistrering": "ÅÅÅÅ-MM-DD.",
    "lopnr": (
        "Behövs bara när en person har flera rader med samma inregistrering, som efter en felregistrering: 1, 2 …"
    ),
    "personnummer": "Personnummer eller samordningsnummer, ååååmmdd-nnnn. Krävs på varje rad.",
    "kon": "Behöver inte fyllas i: följer av personnumret.",
    "fodelsear": "Behöver inte fyllas i: följer av personnumret.",
    "fornamn": "Krävs.",
    "efternamn": "Krävs.",
    "kommun": "Krävs. Folkbokföringskommunens kod hos SCB, fyra siffror, till exempel 0180.",
    "stadsdel": "Bara för Stockholm (0180) och Göteborg (1480): stadsdelens namn.",
    "samtycke": "Krävs. Dagen då samtycket lämnades, senast inregistreringen. ÅÅÅÅ-MM-DD.",
    "samtycke_arkiverat": "Dagen då samtycket arkiverades. ÅÅÅÅ-MM-DD, eller tomt.",
    "utregistrering": "ÅÅÅÅ-MM-DD. Tomt så länge deltagaren är kvar.",
    "avslutningsanledning": (
        "Krävs med utregistrering. En kod: fullfoljd, fortsatt, sjukdom, flytt, egen_begaran, avliden, annan, "
        "felregistrering. Återtaget samtycke registreras på sidan Registrera deltagare."
    ),
    "utbildning": (
        "En kod: ej_grundskola, grundskola, gymnasium, eftergymnasial_kort, eftergymnasial_lang, saknas. " + _SVAR
    ),
    "tid_i_forsorjning": "En kod: ingen, hogst_1, 1_2, 3_4, 5_6, 7_9, 10_mer (år). " + _SVAR,
    "forsorjning_fore": f"{_FORSORJNING} {_SVAR}",
    "forsorjning_efter": f"{_FORSORJNING} {_EFTER}",
    "arbete_fore": f"Andel av heltid i procent, 0 om personen inte arbetar. {_SVAR}",
    "arbete_efter": f"Andel av heltid i procent, 0 om personen inte arbetar. {_EFTER}",
    "studier_fore": f"Andel av heltid i procent, 0 om personen inte studerar. {_SVAR}",
    "studier_efter": f"Andel av heltid i procent, 0 om personen inte studerar. {_EFTER}",
    "arbetstyp_fore": f"subventionerat eller ej_subventionerat, bara för den som arbetar. {_SVAR}",
    "arbetstyp_efter": f"subventionerat eller ej_subventionerat, bara för den som arbetar. {_EFTER}",
    "arbetssokande_fore": f"ja eller nej. {_SVAR}",
    "arbetssokande_efter": f"ja eller nej. {_EFTER}",
    f"{DELTAGANDEN}:insats": (
        "Insatsens nyckel i SUS, för en insats där du har uppdrag. Den står under insatsens namn på insatsens sida."
    ),
}

"""Insatsrapporten räknad en gång till, för sig: vanlig Python över CSV-filernas rader (P17).

Använder ingenting ur projektet, så att ett fel i satsen eller i tabellerna inte kan upprepas här. Texterna är
avskrivna ur `doman.md` 3.1.
"""

import calendar
import csv
import unicodedata
from datetime import date
from pathlib import Path

INRIKTNING = {"individ": "Individinriktad", "struktur": "Strukturövergripande"}
PRECISERAD = {
    "rehabilitering": "Rehabilitering mot arbete/utbildning",
    "forberedande": "Förberedande insats",
    "kartlaggning_individer": "Kartläggning av individer",
    "forebyggande": "Förebyggande insats",
    "utbildning": "Utbildning",
    "dialog": "Dialog och kommunikation",
    "kartlaggning": "Kartläggning",
    "team_vardenheten": "Team på vårdenheten",
    "annan": "Annan inriktning",
    "rehabilitering_till_arbete": "Rehabilitering till arbete och utbildning",
}
MALGRUPP = {
    "kvinnor": "Kvinnor",
    "man": "Män",
    "unga": "Unga",
    "myndighetspersonal": "Myndighetspersonal i samverkan",
    "samhallet": "Samhället i övrigt",
    "lakare": "Läkare",
    "vardpersonal": "Övrig vårdpersonal",
    "personal_fk": "Personal på Försäkringskassan",
    "annan_myndighetspersonal": "Annan myndighetspersonal",
    "ej_tillampliga": "Ej tillämpliga målgrupper",
}
SUMMERAS = (
    "budgeterat_antal_deltagare",
    "antal_deltagare",
    "antal_unika_deltagare",
    "antal_anonyma_deltagare",
    "antal_nystartade_deltagare",
    "antal_utregistrerade_deltagare",
    "antal_pagaende_deltagare",
    "budgeterat_antal_volym",
    "faktiskt_antal_volym",
    "budgeterad_insatskostnad",
    "utfall_insatskostnad",
)
FILER = ("samverkansorganisationer", "insatser", "budget", "budgetposter", "volymantal", "anonyma", "deltaganden")
_SORT = str.maketrans("åäæöøéèêëüáà", "{||}}eeeeyaa")


def las(katalog):
    """CSV-filernas rader, per fil."""
    tabeller = {}
    for namn in FILER:
        fil = Path(katalog) / f"{namn}.csv"
        if fil.exists():
            with fil.open(encoding="utf-8-sig", newline="") as oppen:
                tabeller[namn] = list(csv.DictReader(oppen))
        else:
            tabeller[namn] = []
    return tabeller


def rapport(tabeller, *, fran, till, idag, **urval):
    """Returnerar {"rader": …, "totalt": …} för perioden `fran`–`till` (åååå-mm) och urvalen, listor med koder.

    `urval`: lan, kommun, forbund, inriktning, preciserad, malgrupp (listor) och kon (text).
    """
    rader = population(tabeller, fran=fran, till=till, idag=idag, **urval)
    personer = set().union(*(ett["personer"] for ett in rader)) if rader else set()
    totalt = {namn: _summa(ett["rad"][namn] for ett in rader) for namn in SUMMERAS}
    if totalt["antal_unika_deltagare"] is not None:
        totalt["antal_unika_deltagare"] = len(personer)
    return {"rader": [ett["rad"] for ett in rader], "totalt": totalt}


def population(tabeller, *, fran, till, idag, **urval):
    """Insatserna som är rader, i ordning: deras ordning, rad, personer och organisation."""
    dag_ett, sista = f"{fran}-01", sista_dagen(till)
    aren = {str(ett) for ett in range(int(fran[:4]), int(till[:4]) + 1)}
    organisationer = {rad["organisationsnummer"]: rad for rad in tabeller["samverkansorganisationer"]}
    rader = []
    for insats in tabeller["insatser"]:
        organisation = organisationer[insats["organisationsnummer"]]
        if organisation["samverkansform"] in ("af", "fk") or not _i_urvalet(insats, organisation, urval):
            continue
        if insats["startdatum"] > sista or (insats["slutdatum"] and insats["slutdatum"] < dag_ett):
            continue
        ordning, rad, personer = _rad(tabeller, insats, organisation, dag_ett, sista, aren, idag, urval.get("kon", ""))
        rader.append({"ordning": ordning, "rad": rad, "personer": personer, "organisation": organisation})
    return sorted(rader, key=lambda ett: ett["ordning"])


def sista_dagen(manad):
    """Månadens (åååå-mm) sista dag."""
    ar, nummer = map(int, manad.split("-"))
    return date(ar, nummer, calendar.monthrange(ar, nummer)[1]).isoformat()


def _i_urvalet(insats, organisation, urval):
    kommuner = [kod for kod in organisation["kommuner"].split(";") if kod]
    malgrupper = insats["malgrupper"].split(";")
    return (
        (not urval.get("lan") or any(kod[:2] in urval["lan"] for kod in kommuner))
        and (not urval.get("kommun") or any(kod in urval["kommun"] for kod in kommuner))
        and (not urval.get("forbund") or organisation["organisationsnummer"] in urval["forbund"])
        and (not urval.get("inriktning") or insats["inriktning"] in urval["inriktning"])
        and (not urval.get("preciserad") or insats["preciserad_inriktning"] in urval["preciserad"])
        and (not urval.get("malgrupp") or any(kod in urval["malgrupp"] for kod in malgrupper))
    )


def _rad(tabeller, insats, organisation, dag_ett, sista, aren, idag, kon):
    nyckel = insats["insats"]
    volym = insats["deltagarregistrering"] == "antal"

    def av(fil):
        return [rad for rad in tabeller[fil] if rad["insats"] == nyckel]

    def i_aren(fil):
        return [rad for rad in av(fil) if rad["ar"] in aren]

    deltaganden = [
        rad for rad in av("deltaganden") if rad["avslutningsanledning"] != "felregistrering" and kon in ("", _kon(rad))
    ]
    i_perioden = [
        rad
        for rad in deltaganden
        if rad["inregistrering"] <= sista and (not rad["utregistrering"] or rad["utregistrering"] >= dag_ett)
    ]
    personer = {_person(rad) for rad in i_perioden}
    anonyma = sum(int(rad["antal"]) for rad in i_aren("anonyma") if kon in ("", rad["kon"]))
    nya = sum(dag_ett <= rad["inregistrering"] <= sista for rad in deltaganden)
    slutade = sum(dag_ett <= rad["utregistrering"] <= sista for rad in deltaganden if rad["utregistrering"])
    pagar = sum(rad["inregistrering"] <= idag and not rad["utregistrering"] for rad in deltaganden)
    malgrupper = [MALGRUPP[kod] for kod in MALGRUPP if kod in insats["malgrupper"].split(";")]
    rad = {
        "insats": nyckel,
        "insatsnamn": insats["namn"],
        "insatsbeskrivning": insats["beskrivning"] or None,
        "samverkansorganisation": organisation["namn"],
        "startdatum": insats["startdatum"],
        "slutdatum": insats["slutdatum"] or None,
        "inriktning": INRIKTNING[insats["inriktning"]],
        "preciserad_inriktning": PRECISERAD[insats["preciserad_inriktning"]],
        "malgrupp": ", ".join(malgrupper) or None,
        "budgeterat_antal_deltagare": None if volym else _kolumn(i_aren("budget"), "planerat_antal"),
        "antal_deltagare": None if volym else len(i_perioden),
        "antal_unika_deltagare": None if volym else len(personer),
        "antal_anonyma_deltagare": None if volym else anonyma,
        "antal_nystartade_deltagare": None if volym else nya,
        "antal_utregistrerade_deltagare": None if volym else slutade,
        "antal_pagaende_deltagare": None if volym else pagar,
        "budgeterat_antal_volym": _kolumn(i_aren("budget"), "budgeterat_antal_volym") if volym else None,
        "faktiskt_antal_volym": _kolumn(i_aren("volymantal"), "antal") if volym else None,
        "budgeterad_insatskostnad": _kolumn(i_aren("budgetposter"), "budget"),
        "utfall_insatskostnad": _kolumn(i_aren("budgetposter"), "utfall"),
        "volyminsats": "Ja" if volym else "Nej",
    }
    ordning = (
        sortnyckel(organisation["namn"]),
        sortnyckel(insats["namn"]),
        organisation["organisationsnummer"],
        insats["namn"],
        nyckel,
    )
    return ordning, rad, personer


def sortnyckel(text):
    """Svensk ordning: å ä ö sist, é som e, stora och små bokstäver lika."""
    return unicodedata.normalize("NFC", text).lower().translate(_SORT)


def _kon(rad):
    return rad.get("kon") or ("man" if int(rad["personnummer"][-2]) % 2 else "kvinna")


def _person(rad):
    return rad.get("person") or rad["personnummer"]


def _kolumn(rader, namn):
    return _summa(int(rad[namn]) if rad[namn] else None for rad in rader)


def _summa(tal):
    kanda = [ett for ett in tal if ett is not None]
    return sum(kanda) if kanda else None

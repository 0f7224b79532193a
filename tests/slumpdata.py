"""Slumpade men tillåtna CSV-filer för `importera`, samma för samma frö."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.fabriker import kontrollsiffra

# Namn som prövar ordningen: å ä ö, é, stora och små bokstäver, och samma namn två gånger.
ORGANISATIONER = (
    "Ängens förbund",
    "ängens förbund",
    "Östra förbundet",
    "Åse förbund",
    "Édens förbund",
    "Zorns förbund",
)
INSATSER = (
    "Steget",
    "steget",
    "Åter",
    "Ärlig",
    "Öppen",
    "École",
    "eclair",
    "=1+1",
    "-minus",
    "@hem",
    "Zebra",
    "Mitten",
)
BESKRIVNINGAR = ("", "Rad 1\nRad 2", "<b>fet</b> & co", "=SUM(A1)", "\tindragen; med semikolon", 'med "citat"')
KOMMUNER = ("0180", "0114", "1283", "1280", "1480", "2480", "0980")
FORMER: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "finsam": {
        "individ": (
            ("rehabilitering", "forberedande", "kartlaggning_individer", "forebyggande"),
            ("kvinnor", "unga", "man;unga", "ej_tillampliga", "kvinnor;unga"),
        ),
        "struktur": (("utbildning", "dialog", "kartlaggning"), ("myndighetspersonal;samhallet", "ej_tillampliga")),
    },
    "tvapart": {
        "individ": (("kartlaggning_individer", "team_vardenheten", "annan"), ("man", "ej_tillampliga")),
        "struktur": (("utbildning", "annan"), ("lakare;vardpersonal", "personal_fk", "ej_tillampliga")),
    },
}
FORSTA, SISTA = date(2021, 1, 1), date(2026, 6, 30)
IDAG = date(2026, 6, 30)


def skriv(katalog: Path, fro: int) -> None:
    """Skriver alla filerna i katalogen, som skapas."""
    katalog.mkdir(parents=True)
    slump = random.Random(fro)
    organisationer = [_organisation(slump, nr, fro) for nr in range(7)]
    personer = [_person(slump) for _ in range(25)]
    filer: dict[str, list[dict[str, Any]]] = {
        "samverkansorganisationer": organisationer,
        "insatser": [],
        "budget": [],
        "budgetposter": [],
        "volymantal": [],
        "anonyma": [],
        "deltaganden": [],
    }
    for nr in range(24):
        organisation = slump.choice(organisationer)
        insats = _insats(slump, nr, organisation)
        filer["insatser"].append(insats)
        if insats["inriktning"]:
            _budget(slump, insats, filer)
            _registreringar(slump, insats, personer, filer)
    for namn, rader in filer.items():
        if rader:
            with (katalog / f"{namn}.csv").open("w", encoding="utf-8", newline="") as ut:
                skrivare = csv.DictWriter(ut, rader[0])
                skrivare.writeheader()
                skrivare.writerows(rader)


def _dag(slump: random.Random, fran: date, till: date) -> date:
    return fran + timedelta(days=slump.randint(0, (till - fran).days))


def _organisation(slump: random.Random, nr: int, fro: int) -> dict[str, Any]:
    form = "af" if nr == 6 else slump.choice(list(FORMER))
    nio = f"222{fro % 100:02}{nr:04}"
    return {
        "organisationsnummer": f"{nio[:6]}-{nio[6:]}{kontrollsiffra(nio)}",
        "namn": "Af i Af/FK-samarbete" if form == "af" else ORGANISATIONER[nr],
        "samverkansform": form,
        "startdatum": "2015-01-01",
        "slutdatum": "",
        "beskrivning": "",
        "kommuner": ";".join(sorted(slump.sample(KOMMUNER, slump.randint(1, 3)))),
    }


def _insats(slump: random.Random, nr: int, organisation: dict[str, Any]) -> dict[str, Any]:
    start = _dag(slump, FORSTA, SISTA - timedelta(days=30))
    slut = "" if slump.random() < 0.4 else _dag(slump, start, SISTA + timedelta(days=200)).isoformat()
    insats: dict[str, Any] = {
        "insats": f"N{nr:03}",
        "organisationsnummer": organisation["organisationsnummer"],
        "namn": "",
        "beskrivning": slump.choice(BESKRIVNINGAR),
        "startdatum": start.isoformat(),
        "slutdatum": slut,
        **dict.fromkeys(("inriktning", "preciserad_inriktning", "deltagarregistrering", "malgrupper"), ""),
    }
    # Unikt i organisationen, men lika i ordningen ibland: "Steget 3" och "steget 3".
    insats["namn"] = f"{INSATSER[nr % len(INSATSER)]} {nr // 2}"
    form = organisation["samverkansform"]
    if form in FORMER:
        inriktning = slump.choice(("individ", "individ", "struktur"))
        preciserade, malgrupper = FORMER[form][inriktning]
        insats |= {
            "inriktning": inriktning,
            "preciserad_inriktning": slump.choice(preciserade),
            "deltagarregistrering": slump.choice(("personuppgifter", "personuppgifter", "antal")),
            "malgrupper": slump.choice(malgrupper),
        }
        if insats["preciserad_inriktning"] == "annan":
            insats["beskrivning"] = "Något annat"
    return insats


def _ar(insats: dict[str, Any]) -> range:
    slut = insats["slutdatum"] or SISTA.isoformat()
    return range(int(insats["startdatum"][:4]), min(int(slut[:4]), SISTA.year) + 1)


def _budget(slump: random.Random, insats: dict[str, Any], filer: dict[str, list[dict[str, Any]]]) -> None:
    volym = insats["deltagarregistrering"] == "antal"
    for ar in _ar(insats):
        if slump.random() < 0.7:
            antal = str(slump.randint(0, 50))
            rad = {"insats": insats["insats"], "ar": ar, "planerat_antal": "", "budgeterat_antal_volym": ""}
            filer["budget"].append({**rad, "budgeterat_antal_volym" if volym else "planerat_antal": antal})
        for nr in range(slump.randint(0, 3)):
            filer["budgetposter"].append(
                {
                    "insats": insats["insats"],
                    "ar": ar,
                    "rad": nr + 1,
                    "budgettyp": slump.choice(("insatskostnad", "esf_insatskostnad")),
                    "budget": slump.choice(("", str(slump.randint(0, 10**7)))),
                    "utfall": slump.choice(("", str(slump.randint(-5000, 10**7)))),
                    "beskrivning": "",
                }
            )


def _registreringar(
    slump: random.Random, insats: dict[str, Any], personer: list[str], filer: dict[str, list[dict[str, Any]]]
) -> None:
    nyckel = insats["insats"]
    for ar in _ar(insats):
        if insats["deltagarregistrering"] == "antal":
            if slump.random() < 0.7:
                filer["volymantal"].append({"insats": nyckel, "ar": ar, "antal": slump.randint(0, 500)})
            continue
        for kon in ("kvinna", "man"):
            if slump.random() < 0.5:
                filer["anonyma"].append({"insats": nyckel, "ar": ar, "kon": kon, "antal": slump.randint(1, 40)})
    if insats["deltagarregistrering"] == "personuppgifter" and slump.random() < 0.85:
        for person in slump.sample(personer, slump.randint(0, 12)):
            filer["deltaganden"] += _deltaganden(slump, insats, person)


def _deltaganden(slump: random.Random, insats: dict[str, Any], person: str) -> list[dict[str, Any]]:
    """Upp till tre deltaganden efter varandra för en person; ett som är felregistrerat får överlappa."""
    rader: list[dict[str, Any]] = []
    dag = date.fromisoformat(insats["startdatum"])
    sista = min(SISTA, date.fromisoformat(insats["slutdatum"] or SISTA.isoformat()))
    while dag <= sista and len(rader) < 3:
        fran = _dag(slump, dag, sista)
        anledning = slump.choice(("fullfoljd", "flytt", "felregistrering", ""))
        ut = _dag(slump, fran, sista) if anledning else None
        rader.append(
            {
                "insats": insats["insats"],
                "personnummer": person,
                "inregistrering": fran.isoformat(),
                "lopnr": len(rader) + 1,
                "fornamn": "Förnamn",
                "efternamn": "Efternamn",
                "kommun": slump.choice(("1283", "2480")),
                "samtycke": fran.isoformat(),
                "utregistrering": ut.isoformat() if ut else "",
                "avslutningsanledning": anledning,
            }
        )
        if not ut:
            break
        dag = fran if anledning == "felregistrering" else ut + timedelta(days=1)
    return rader


def _person(slump: random.Random) -> str:
    fodd = _dag(slump, date(1950, 1, 1), date(2004, 12, 31))
    nio = f"{fodd:%y%m%d}{slump.randint(980, 999)}"
    return f"{fodd:%Y%m%d}{nio[6:]}{kontrollsiffra(nio)}"

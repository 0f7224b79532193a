"""Ledtider räknade en gång till, för sig: vanlig Python över CSV-filernas rader (P17, R32).

Använder ingenting ur projektet. Vistelserna görs en och en, sorteras och interpoleras rakt efter definitionen.
"""

import csv
from calendar import monthrange
from datetime import date
from fractions import Fraction
from pathlib import Path

STEG = (
    "begaran",
    "gemensam_kartlaggning",
    "planerad_arbetsforberedande",
    "planerad_arbetslivsinriktad",
    "arbetsforberedande",
    "arbetslivsinriktade",
)
SLUT = ("avslutat", "avbrutet", "konsultativt_stod")
FILER = ("samarbeten", "overganger", "kontorsbyten", "insatser", "samverkansorganisationer", "anonyma")


def las(katalog):
    """CSV-filernas rader, per fil."""
    tabeller = {}
    for namn in FILER:
        fil = Path(katalog) / f"{namn}.csv"
        tabeller[namn] = []
        if fil.exists():
            with fil.open(encoding="utf-8-sig", newline="") as oppen:
                tabeller[namn] = list(csv.DictReader(oppen))
    return tabeller


def ledtider(tabeller, *, fran, till, idag, kontor=(), kon=""):
    """Raderna för perioden `fran`–`till` (åååå-mm). `idag` är åååå-mm-dd."""
    idag = date.fromisoformat(idag)
    ett, sista = perioden(fran, till)
    langder = {(steg, slutad): [] for steg in (*STEG, "hela_samarbetet") for slutad in (True, False)}
    for samarbete in tabeller["samarbeten"]:
        if kon and konet(samarbete) != kon:
            continue
        for steg, borjan, slut in vistelser(tabeller, samarbete, idag):
            dag = slut or idag
            if kontor and not set(kontoren(tabeller, samarbete, dag)) & set(kontor):
                continue
            if slut is None:
                langder[steg, False].append((idag - borjan).days)
            elif ett <= slut <= sista:
                langder[steg, True].append((slut - borjan).days)
    return [
        {
            "steg": steg,
            "antal": len(langder[steg, True]),
            "median": percentil(langder[steg, True], Fraction(1, 2)),
            "p25": percentil(langder[steg, True], Fraction(1, 4)),
            "p75": percentil(langder[steg, True], Fraction(3, 4)),
            "p90": percentil(langder[steg, True], Fraction(9, 10)),
            "pagaende": len(langder[steg, False]),
            "pagaende_median": percentil(langder[steg, False], Fraction(1, 2)),
        }
        for steg in (*STEG, "hela_samarbetet")
    ]


def vistelser(tabeller, samarbete, idag):
    """Samarbetets vistelser: (steg, början, slut eller None). Övergångar efter idag finns inte."""
    vagen = [
        (rad["till"], date.fromisoformat(rad["datum"]))
        for rad in sorted(tabeller["overganger"], key=lambda rad: int(rad["ordning"]))
        if rad["samarbete"] == samarbete["samarbete"] and date.fromisoformat(rad["datum"]) <= idag
    ]
    alla = []
    for nr, (steg, borjan) in enumerate(vagen):
        if steg not in SLUT:
            alla.append((steg, borjan, vagen[nr + 1][1] if nr + 1 < len(vagen) else None))
    if vagen:
        alla.append(("hela_samarbetet", vagen[0][1], vagen[-1][1] if vagen[-1][0] in SLUT else None))
    return alla


def overgangar(tabeller, *, fran, till, idag, kontor=(), kon=""):
    """Övergångarna i perioden: {(från, till): antal}, tomt från för den som börjar samarbetet."""
    ett, sista = perioden(fran, till)
    antal = {}
    for samarbete in tabeller["samarbeten"]:
        if kon and konet(samarbete) != kon:
            continue
        forra = ""
        vagen = [rad for rad in tabeller["overganger"] if rad["samarbete"] == samarbete["samarbete"]]
        for rad in sorted(vagen, key=lambda rad: int(rad["ordning"])):
            dag = date.fromisoformat(rad["datum"])
            har = not kontor or set(kontoren(tabeller, samarbete, dag)) & set(kontor)
            if ett <= dag <= min(sista, date.fromisoformat(idag)) and har:
                antal[forra, rad["till"]] = antal.get((forra, rad["till"]), 0) + 1
            forra = rad["till"]
    return antal


def status(tabeller, *, fran, till, idag, kontor=(), kon=""):
    """Läget på periodens sista dag eller idag: {kontor eller None: {insatstyp: antal}}, None är alla en gång."""
    ett, sista = perioden(fran, till)
    dag = min(sista, date.fromisoformat(idag))
    lagen = {}
    for samarbete in tabeller["samarbeten"]:
        if kon and konet(samarbete) != kon:
            continue
        vagen = [
            (date.fromisoformat(rad["datum"]), rad["till"])
            for rad in sorted(tabeller["overganger"], key=lambda rad: int(rad["ordning"]))
            if rad["samarbete"] == samarbete["samarbete"] and date.fromisoformat(rad["datum"]) <= dag
        ]
        if not vagen or (vagen[-1][1] in SLUT and vagen[-1][0] < ett):
            continue
        slut = vagen[-1][0] if vagen[-1][1] in SLUT else dag
        hos = kontoren(tabeller, samarbete, slut)
        if kontor and not set(hos) & set(kontor):
            continue
        for ett_kontor in (None, *hos):
            per_typ = lagen.setdefault(ett_kontor, {})
            per_typ[vagen[-1][1]] = per_typ.get(vagen[-1][1], 0) + 1
    return lagen


def perioden(fran, till):
    """Periodens första och sista dag."""
    ar, manad = map(int, till.split("-"))
    return date.fromisoformat(f"{fran}-01"), date(ar, manad, monthrange(ar, manad)[1])


def kontoren(tabeller, samarbete, dag):
    """Samarbetets två kontor den dagen: det senaste bytet till och med den, annars de från början."""
    byten = [
        rad
        for rad in tabeller["kontorsbyten"]
        if rad["samarbete"] == samarbete["samarbete"] and date.fromisoformat(rad["datum"]) <= dag
    ]
    rad = max(byten, key=lambda rad: rad["datum"]) if byten else samarbete
    return rad["af_kontor"], rad["fk_kontor"]


def konet(samarbete):
    """Könet, ur numret om det finns."""
    return samarbete.get("kon") or ("man" if int(samarbete["personnummer"][-2]) % 2 else "kvinna")


def percentil(langder, andel):
    """Linjär interpolation mellan de två närmaste, två decimaler."""
    if not langder:
        return None
    i_ordning = sorted(langder)
    plats = andel * (len(i_ordning) - 1)
    undre = int(plats)
    ovre = min(undre + 1, len(i_ordning) - 1)
    return round(float(i_ordning[undre] + (i_ordning[ovre] - i_ordning[undre]) * (plats - undre)), 2)

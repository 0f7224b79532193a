"""Insatsrapportens tillval räknade för sig, i vanlig Python: kön, jämförelseperiod, delsummor, månader och spridning.

Bygger på `oberoende.population` och använder som den ingenting ur projektet.
"""

from tests import oberoende

MED_KON = (
    "antal_deltagare",
    "antal_unika_deltagare",
    "antal_anonyma_deltagare",
    "antal_nystartade_deltagare",
    "antal_utregistrerade_deltagare",
    "antal_pagaende_deltagare",
)
I_DAG = "antal_pagaende_deltagare"
UNIKA = "antal_unika_deltagare"
NAMN = {"kvinna": "_kvinnor", "man": "_man", "": ""}


def flytta(manad, antal):
    """Månaden (åååå-mm) `antal` månader senare."""
    ar, nummer = map(int, manad.split("-"))
    summa = ar * 12 + nummer - 1 + antal
    return f"{summa // 12:04}-{summa % 12 + 1:02}"


def manader(fran, till):
    """Månaderna från och med `fran` till och med `till`."""
    alla = [fran]
    while alla[-1] < till:
        alla.append(flytta(alla[-1], 1))
    return alla


def fore(fran, till, jamfor):
    """Jämförelseperioden."""
    steg = 12 if jamfor == "aret_fore" else len(manader(fran, till))
    return flytta(fran, -steg), flytta(till, -steg)


def rapport(tabeller, *, fran, till, idag, kon="", jamfor="", gruppera="", **urval):
    """{"rader", "totalt"} och med gruppering "delsummor", som rapportens JSON."""
    konen = ("kvinna", "man", "") if kon == "uppdelat" else ("",)
    filter_ = "" if kon == "uppdelat" else kon
    perioder = [(fran, till), *([fore(fran, till, jamfor)] if jamfor else [])]
    # perioder och kön → insatsens nyckel → dess rad, personer och organisation
    svar = [
        {
            ett: {
                rad["rad"]["insats"]: rad
                for rad in oberoende.population(
                    tabeller, fran=period[0], till=period[1], idag=idag, kon=ett or filter_, **urval
                )
            }
            for ett in konen
        }
        for period in perioder
    ]
    alla = {}
    for period in reversed(svar):
        alla |= period[""]
    nycklar = sorted(alla, key=lambda nyckel: alla[nyckel]["ordning"])
    grupper = {nyckel: grupp(alla[nyckel]["organisation"], gruppera) for nyckel in nycklar}
    ordning = list(dict.fromkeys(grupper.values()))
    if gruppera == "lan":
        ordning.sort(key=lambda lan: (lan == "", "," in lan, lan))
    rader, delsummor = [], []
    for ett in ordning:
        gruppens = [nyckel for nyckel in nycklar if grupper[nyckel] == ett]
        for nyckel in gruppens:
            fakta = {n: v for n, v in alla[nyckel]["rad"].items() if n not in oberoende.SUMMERAS}
            rader.append(fakta | tal(svar, [nyckel]) | ({"grupp": ett} if gruppera else {}))
        delsummor.append({"grupp": ett} | tal(svar, gruppens))
    return {"rader": rader, "totalt": tal(svar, nycklar)} | ({"delsummor": delsummor} if gruppera else {})


def grupp(organisation, gruppera):
    """Gruppens nyckel."""
    if gruppera == "lan":
        return ",".join(sorted({kod[:2] for kod in organisation["kommuner"].split(";") if kod}))
    return organisation["organisationsnummer"] if gruppera else ""


def tal(svar, nycklar):
    """Talen för en mängd insatser: en rad, en delsumma eller Totalt."""
    ut = {}
    for namn in oberoende.SUMMERAS:
        for kon in list(svar[0]) if namn in MED_KON else [""]:
            kolumn = namn + NAMN[kon]
            per_period = [ett_tal([period[kon][n] for n in nycklar if n in period[kon]], namn) for period in svar]
            ut[kolumn] = per_period[0]
            if len(svar) > 1 and namn != I_DAG:
                nu, da = per_period
                ut[f"{kolumn}_fore"] = da
                ut[f"{kolumn}_skillnad"] = None if nu is None or da is None else nu - da
    return ut


def ett_tal(rader, namn):
    """Summan, eller olika personer; None över inga värden."""
    kanda = [rad["rad"][namn] for rad in rader if rad["rad"][namn] is not None]
    if not kanda:
        return None
    return len(set().union(*(rad["personer"] for rad in rader))) if namn == UNIKA else sum(kanda)


def per_manad(tabeller, *, fran, till, idag, kon="", **urval):
    """Antal deltagare (variabel 9) i var och en av månaderna, bland insatserna i hela periodens rapport."""
    insatser = {
        rad["rad"]["insats"]
        for rad in oberoende.population(tabeller, fran=fran, till=till, idag=idag, **urval)
        if rad["rad"]["volyminsats"] == "Nej"
    }
    svar = {}
    for manad in manader(fran, till):
        borjar, slutar = f"{manad}-01", oberoende.sista_dagen(manad)
        svar[manad] = sum(
            rad["insats"] in insatser
            and rad["avslutningsanledning"] != "felregistrering"
            and rad["inregistrering"] <= slutar
            and (rad["utregistrering"] or "9999") >= borjar
            and kon in ("", "man" if int(rad["personnummer"][-2]) % 2 else "kvinna")
            for rad in tabeller["deltaganden"]
        )
    return svar


def spridning(tabeller, namn, **val):
    """Variabelns summa per organisation (namnen) och (median, lägst, högst); None om färre än två har något tal."""
    per = {}
    for rad in oberoende.population(tabeller, **val):
        organisation = rad["organisation"]
        per.setdefault((organisation["organisationsnummer"], organisation["namn"]), []).append(rad["rad"][namn])
    summor = {
        nyckel: sum(t for t in talen if t is not None)
        for nyckel, talen in per.items()
        if any(t is not None for t in talen)
    }
    kanda = sorted(summor.values())
    if len(kanda) < 2:
        return None
    mitt = len(kanda) // 2
    median = kanda[mitt] if len(kanda) % 2 else (kanda[mitt - 1] + kanda[mitt]) / 2
    return summor, (median, kanda[0], kanda[-1])

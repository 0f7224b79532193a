"""Slumpade samarbeten som CSV-filernas rader, och rader lagda rakt i databasen som ägaren.

Vägarna går genom den öppna matrisen. Raderna har kontorsbyten, vistelser på 0 dagar, flera övergångar på en dag och
samarbeten som pågår.
"""

import random
from datetime import date, timedelta

from django.db import connections

from deltagare.overgangar import MATRISEN
from tests import fabriker

AF, FK = ("AF1", "AF2", "AF3"), ("FK1", "FK2")
VIDARE = {}
for _regel in MATRISEN:
    VIDARE.setdefault(_regel.fran or "", []).append(str(_regel.till))
FORSTA, SISTA = date(2023, 1, 1), date(2026, 6, 30)


def slumpa(fro, antal=120):
    """Tabeller som `oberoende_ledtider.las` ger dem."""
    slump = random.Random(fro)
    tabeller = {"samarbeten": [], "overganger": [], "kontorsbyten": [], "anonyma": []}
    for nr in range(antal):
        nyckel = f"S{fro}-{nr:04}"
        dag = FORSTA + timedelta(days=slump.randrange((SISTA - FORSTA).days))
        tabeller["samarbeten"].append(
            {
                "samarbete": nyckel,
                "kon": slump.choice(("kvinna", "man")),
                "af_kontor": slump.choice(AF),
                "fk_kontor": slump.choice(FK),
            }
        )
        sista = _vagen(slump, nyckel, dag, tabeller)
        byte = dag
        for _ in range(slump.choice((0, 0, 1, 2))):
            byte += timedelta(days=slump.randint(1, 120))
            if sista and byte > sista:
                break  # kontoren byts bara medan samarbetet pågår
            rad = {"samarbete": nyckel, "datum": byte.isoformat()}
            tabeller["kontorsbyten"].append({**rad, "af_kontor": slump.choice(AF), "fk_kontor": slump.choice(FK)})
    for kontor in (*AF, *FK):
        for ar in (2024, 2025):
            tabeller["anonyma"].append(
                {"insats": kontor, "ar": str(ar), "kon": "man", "antal": str(slump.randint(1, 9))}
            )
    return tabeller


def _vagen(slump, nyckel, dag, tabeller):
    """Lägger till övergångarna. Svarar med dagen då samarbetet slutade, None om det pågår."""
    till, ordning = "begaran", 1
    while True:
        tabeller["overganger"].append(
            {
                "samarbete": nyckel,
                "ordning": str(ordning),
                "till": till,
                "datum": dag.isoformat(),
                "orsak": "eget_initiativ" if till == "avbrutet" else "",
            }
        )
        if till not in VIDARE:
            return dag
        dag += timedelta(days=slump.choice((0, 0, 1, 7, 14, 45, slump.randint(1, 200))))
        if dag > SISTA or slump.random() < 0.1:
            return None
        till, ordning = slump.choice(VIDARE[till]), ordning + 1


def lagg_in(tabeller):
    """Lägger raderna i databasen, utan identiteter, med kontoren de nämner. Svarar med kontorens id per nyckel."""
    namnda = {
        rad[falt] for rad in tabeller["samarbeten"] + tabeller["kontorsbyten"] for falt in ("af_kontor", "fk_kontor")
    }
    datum = {rad["samarbete"]: rad["datum"] for rad in tabeller["overganger"] if rad["ordning"] == "1"}
    tomt = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
    kontor = {}
    for form in ("af", "fk"):
        organisation = fabriker.organisation(samverkansform=form, namn=f"{form} i Af/FK-samarbete", kommuner=[])
        for nyckel in sorted(ett for ett in namnda if ett.lower().startswith(form)):
            kontor[nyckel] = fabriker.insats(organisation, nyckel=nyckel, namn=f"Kontoret {nyckel}", **tomt).pk
    with connections["agare"].cursor() as markor:
        for rad in tabeller["samarbeten"]:
            _lagg_in_samarbete(markor, rad, kontor, datum[rad["samarbete"]])
        for rad in tabeller["kontorsbyten"]:
            _lagg_in_kontor(markor, rad["samarbete"], rad["datum"], rad, kontor)
        for rad in sorted(tabeller["overganger"], key=lambda rad: (rad["samarbete"], int(rad["ordning"]))):
            markor.execute(
                "INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak) "
                "SELECT id, %s, %s, %s, %s FROM deltagare_samarbete WHERE nyckel = %s",
                [rad["ordning"], rad["till"], rad["datum"], rad["orsak"], rad["samarbete"]],
            )
        for rad in tabeller["anonyma"]:
            if rad["insats"] in kontor:
                markor.execute(
                    "INSERT INTO deltagare_anonym (insats_id, ar, kon, antal) VALUES (%s, %s, %s, %s)",
                    [kontor[rad["insats"]], rad["ar"], rad["kon"], rad["antal"]],
                )
    return kontor


def _lagg_in_samarbete(markor, rad, kontor, dag):
    kon = rad.get("kon") or ("man" if int(rad["personnummer"][-2]) % 2 else "kvinna")
    markor.execute(
        "INSERT INTO deltagare_person (nyckel, kon, fodelsear) VALUES (%s, %s, 1980) RETURNING id",
        [rad["samarbete"], kon],
    )
    [person] = markor.fetchone()
    markor.execute(
        "INSERT INTO deltagare_samarbete (nyckel, person_id, initierad_av, borjan, insatstyp, af_kontor_id, "
        "fk_kontor_id, kon, alder, avidentifierat, version) "
        "VALUES (%s, %s, 'fk', %s, 'begaran', %s, %s, %s, 40, true, 1)",
        [rad["samarbete"], person, dag, kontor[rad["af_kontor"]], kontor[rad["fk_kontor"]], kon],
    )
    _lagg_in_kontor(markor, rad["samarbete"], dag, rad, kontor)


def _lagg_in_kontor(markor, samarbete, dag, rad, kontor):
    markor.execute(
        "INSERT INTO deltagare_samarbetskontor (samarbete_id, datum, af_kontor_id, fk_kontor_id) "
        "SELECT id, %s, %s, %s FROM deltagare_samarbete WHERE nyckel = %s",
        [dag, kontor[rad["af_kontor"]], kontor[rad["fk_kontor"]], samarbete],
    )

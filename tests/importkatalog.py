"""En liten katalog att importera, som testen ändrar på ett ställe i taget, och databasens innehåll att jämföra."""

import csv
import io
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from deltagare.overforing.filformat import FILER
from deltagare.overforing.generatorn.folk import kontrollsiffra
from deltagare.overforing.generatorn.varlden import organisationsnummer

IDAG = "2025-06-30"
FINSAM, TVAPART, HANDLINGSPLAN, AF, FK = (organisationsnummer(nr) for nr in range(1, 6))


def personnummer(dag: str, lopnr: int = 980) -> str:
    """Ett personnummer ur testserien, för en födelsedag ÅÅÅÅMMDD (dag + 60 ger ett samordningsnummer)."""
    nio = f"{dag[2:]}{lopnr}"
    return f"{dag}{lopnr}{kontrollsiffra(nio)}"


ANNA = personnummer("19850412", 980)
BO = personnummer("19901283", 981)  # samordningsnummer: född den 23
CECILIA = personnummer("20010101", 982)
DAVID = personnummer("19790315", 983)
UTAN_SVAR = {"utbildning": "", "tid_i_forsorjning": ""}


def _deltagande(**falt: str) -> dict[str, str]:
    grund = {
        "insats": "I1",
        "personnummer": ANNA,
        "inregistrering": "2023-01-10",
        "fornamn": "Anna",
        "efternamn": "Ek",
        "kommun": "1280",
        "samtycke": "2023-01-09",
        "utbildning": "gymnasium",
        "tid_i_forsorjning": "1_2",
        "forsorjning_fore": "sjukpenning;forsorjningsstod",
        "arbete_fore": "0",
        "arbetssokande_fore": "nej",
    }
    return {**grund, **falt}


def _insats(nyckel: str, organisation: str, namn: str, start: str, slut: str, val: str, beskrivning: str = "") -> dict:
    inriktning, preciserad, registrering, malgrupper = val.split("/") if val else ("", "", "", "")
    return {
        "insats": nyckel,
        "organisationsnummer": organisation,
        "namn": namn,
        "beskrivning": beskrivning,
        "startdatum": start,
        "slutdatum": slut,
        "inriktning": inriktning,
        "preciserad_inriktning": preciserad,
        "deltagarregistrering": registrering,
        "malgrupper": malgrupper,
    }


def _organisation(nummer: str, namn: str, form: str, start: str, slut: str = "", kommuner: str = "") -> dict:
    return {
        "organisationsnummer": nummer,
        "namn": namn,
        "samverkansform": form,
        "startdatum": start,
        "slutdatum": slut,
        "kommuner": kommuner,
    }


def grund() -> dict[str, list[dict[str, str]]]:
    """Filernas rader. Rad 0 i listan står på rad 2 i filen."""
    return {
        "samverkansorganisationer.csv": [
            _organisation(FINSAM, "Samordningsförbundet Öresund", "finsam", "2020-01-01", "", "1280;1281"),
            _organisation(TVAPART, "Tvåpart Åsen", "tvapart", "2020-01-01", "2024-12-31"),
            _organisation(HANDLINGSPLAN, "Handlingsplan Ån", "handlingsplan", "2010-01-01", "2013-01-31"),
            _organisation(AF, "Af i Af/FK-samarbete", "af", "2013-02-01"),
        ],
        "insatser.csv": [
            _insats("I1", FINSAM, "Steget", "2021-01-01", "", "individ/rehabilitering/personuppgifter/ej_tillampliga"),
            _insats("V1", FINSAM, "Kursen", "2021-01-01", "2023-12-31", "struktur/utbildning/antal/myndighetspersonal"),
            _insats("T1", TVAPART, "Annat", "2021-01-01", "2024-06-30", "individ/annan/personuppgifter/unga", "Om den"),
            _insats(
                "H1", HANDLINGSPLAN, "Förr", "2010-02-01", "2013-01-31",
                "individ/rehabilitering_till_arbete/personuppgifter/",
            ),
            _insats("AF1", AF, "Arbetsförmedlingen Ätran", "2013-02-01", "", ""),
            _insats("N1", FINSAM, "Ny", "2022-01-01", "2024-06-30", "individ/forberedande/personuppgifter/kvinnor"),
        ],
        "budget.csv": [
            {"insats": "I1", "ar": "2024", "planerat_antal": "30"},
            {"insats": "V1", "ar": "2023", "budgeterat_antal_volym": "100"},
            {"insats": "N1", "ar": "2023", "planerat_antal": "5"},
        ],
        "budgetposter.csv": [
            {
                "insats": "I1", "ar": "2024", "rad": "1", "budgettyp": "insatskostnad", "budget": "100000",
                "utfall": "-5000", "beskrivning": 'Rad 1\r\nRad 2, "citat"',
            },
            {"insats": "I1", "ar": "2024", "rad": "2", "budgettyp": "esf_insatskostnad", "budget": "250000"},
        ],
        "volymantal.csv": [{"insats": "V1", "ar": "2022", "antal": "40"}],
        "anonyma.csv": [
            {"insats": "I1", "ar": "2024", "kon": "kvinna", "antal": "3"},
            {"insats": "AF1", "ar": "2024", "kon": "man", "antal": "2"},
        ],
        "deltaganden.csv": [
            _deltagande(utregistrering="2023-06-30", avslutningsanledning="fullfoljd", arbete_efter="50"),
            _deltagande(inregistrering="2023-07-01"),
            _deltagande(
                personnummer=BO, fornamn="Bo", inregistrering="2023-02-01", utregistrering="2023-02-02",
                avslutningsanledning="felregistrering",
            ),
            _deltagande(personnummer=BO, fornamn="Bo", inregistrering="2023-02-01", lopnr="2", kommun="1281"),
            _deltagande(
                insats="T1", personnummer="", person="A-1", kon="kvinna", fodelsear="2000", fornamn="", efternamn="",
                kommun="", samtycke="",
            ),
            _deltagande(
                personnummer=CECILIA, fornamn="Cecilia", utregistrering="2023-05-01",
                avslutningsanledning="atertaget_samtycke",
            ),
        ],
    }  # fmt: skip


def _samarbete(nyckel: str, **falt: str) -> dict[str, str]:
    grund = {
        "samarbete": nyckel,
        "fornamn": "Anna",
        "efternamn": "Ek",
        "kommun": "1280",
        "samtycke": "2023-01-01",
        "af_kontor": "AF1",
        "fk_kontor": "FK1",
        "initierad_av": "fk",
    }
    return {**grund, **falt}


def _vag(nyckel: str, *steg: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"samarbete": nyckel, "ordning": str(nr), "till": till, "datum": datum}
        for nr, (till, datum) in enumerate(steg, start=1)
    ]


def grund_med_samarbeten() -> dict[str, list[dict[str, str]]]:
    """Som `grund`, med kontor hos båda myndigheterna och fyra samarbeten; två av personerna är också deltagare."""
    filer = grund()
    filer["samverkansorganisationer.csv"].append(_organisation(FK, "FK i Af/FK-samarbete", "fk", "2013-02-01"))
    filer["insatser.csv"] += [
        _insats("AF2", AF, "Arbetsförmedlingen Åmål", "2013-02-01", "", ""),
        _insats("FK1", FK, "Försäkringskassan Ätran", "2013-02-01", "", ""),
        _insats("FK2", FK, "Försäkringskassan Åmål", "2013-02-01", "", ""),
    ]
    utan_namn = {"fornamn": "", "efternamn": "", "kommun": "", "samtycke": ""}
    filer["samarbeten.csv"] = [
        _samarbete("S1", personnummer=ANNA, samtycke="2024-01-09"),
        _samarbete("S2", personnummer=BO, fornamn="Bo", initierad_av="af", stadsdel="Järva", kommun="0180"),
        _samarbete("S3", person="A-1", kon="kvinna", fodelsear="2000", **utan_namn),
        _samarbete("S4", personnummer=DAVID, fornamn="David"),
    ]
    filer["overganger.csv"] = [
        *_vag("S1", ("begaran", "2024-01-10"), ("gemensam_kartlaggning", "2024-02-01"),
              ("planerad_arbetslivsinriktad", "2024-02-20"), ("arbetslivsinriktade", "2024-04-01"),
              ("avslutat", "2024-10-01")),
        *_vag("S2", ("begaran", "2024-05-01"), ("gemensam_kartlaggning", "2024-05-01")),
        *_vag("S3", ("begaran", "2024-06-01")),
        *_vag("S4", ("begaran", "2023-03-01"), ("avbrutet", "2023-03-15")),
    ]  # fmt: skip
    filer["overganger.csv"][-1]["orsak"] = "samtycke_atertas"
    filer["kontorsbyten.csv"] = [{"samarbete": "S1", "datum": "2024-03-01", "af_kontor": "AF2", "fk_kontor": "FK2"}]
    return filer


def som_text(fil: str, rader: list[dict[str, str]], *, utan: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> str:
    """En fil som text, med rubrikraden utan några kolumner eller med extra."""
    kolumner = [kolumn for kolumn in FILER[fil].kolumner if kolumn not in utan] + list(extra)
    ut = io.StringIO()
    skrivare = csv.DictWriter(ut, kolumner, lineterminator="\n", extrasaction="ignore", restval="")
    skrivare.writeheader()
    skrivare.writerows(rader)
    return ut.getvalue()


def skriv(katalog: Path, filer: dict[str, list[dict[str, str]]]) -> Path:
    """Skriver filerna i katalogen, i stället för dem som står där."""
    katalog.mkdir(exist_ok=True)
    for gammal in katalog.glob("*.csv"):
        gammal.unlink()
    for fil, rader in filer.items():
        (katalog / fil).write_bytes(som_text(fil, rader).encode())
    return katalog


class Svar:
    """Hur det gick för ett kommando."""

    def __init__(self, kod: int, ut: str, fel: str) -> None:
        self.kod, self.ut, self.fel = kod, ut.splitlines(), fel.splitlines()

    @property
    def felrader(self) -> list[str]:
        """Raderna på standard error utan varningarna."""
        return [rad for rad in self.fel if not rad.startswith("varning: ")]

    @property
    def varningar(self) -> list[str]:
        """Varningarna på standard error."""
        return [rad for rad in self.fel if rad.startswith("varning: ")]


def importera(katalog: Path, *flaggor: str, idag: str = IDAG) -> Svar:
    """Kör importera."""
    ut, fel = io.StringIO(), io.StringIO()
    try:
        call_command("importera", str(katalog), f"--idag={idag}", *flaggor, stdout=ut, stderr=fel)
    except CommandError as stopp:
        return Svar(stopp.returncode, ut.getvalue(), fel.getvalue() + f"{stopp}\n")
    return Svar(0, ut.getvalue(), fel.getvalue())


def sql(fraga: str, varden: list | None = None) -> list[tuple]:
    """Svaret på en fråga, som databasens ägare."""
    with connections["agare"].cursor() as markor:
        markor.execute(fraga, varden)
        return markor.fetchall()


def tabeller() -> list[str]:
    """Alla tabeller."""
    return [namn for (namn,) in sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]


def innehall() -> dict[str, str]:
    """En summa av varje tabells rader."""
    return {
        tabell: sql(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {tabell} t")[0][0]
        for tabell in tabeller()
    }

"""Tabellerna som filerna skrivs till, och vilka rader som redan är registrerade."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from psycopg import sql

from deltagare.overforing.filformat import ANONYMA, BUDGET, BUDGETPOSTER, INSATSER, ORGANISATIONER, VOLYMANTAL
from deltagare.overforing.forbindelse import ar_agarens
from deltagare.overforing.lage import Lage
from deltagare.overforing.lasning import Csvfil
from deltagare.overforing.staging import Textkopia, copytext, hamta, kor


class Antal(NamedTuple):
    """Hur det gick för en fils rader."""

    nya: int = 0
    andrade: int = 0
    oforandrade: int = 0

    def __str__(self) -> str:
        return f"{self.nya} nya, {self.andrade} ändrade, {self.oforandrade} oförändrade"


class Tabell(NamedTuple):
    """En tabell, dess arbetstabell och kolumnerna: (i tabellen, i arbetstabellen, i filen)."""

    namn: str
    arbets: str
    nyckel: tuple[tuple[str, str], ...]
    varden: tuple[tuple[str, str, str], ...]
    versionerad: bool


def _lika(*namn: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((kolumn, kolumn, kolumn) for kolumn in namn)


ORGANISATION: Final = Tabell(
    "insatser_samverkansorganisation",
    "imp_organisation",
    (("organisationsnummer", "organisationsnummer"),),
    _lika("namn", "samverkansform", "startdatum", "slutdatum", "beskrivning"),
    versionerad=True,
)
INSATS: Final = Tabell(
    "insatser_insats",
    "imp_insats",
    (("nyckel", "nyckel"),),
    _lika(
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
    versionerad=True,
)
_AR: Final = (("insats_id", "lokal"), ("ar", "ar"))
PER_AR: Final = {
    BUDGET: Tabell(
        "insatser_budget", "imp_budget", _AR, _lika("planerat_antal", "budgeterat_antal_volym"), versionerad=True
    ),
    BUDGETPOSTER: Tabell(
        "insatser_budgetpost",
        "imp_budgetpost",
        (*_AR, ("rad", "post")),
        _lika("budgettyp", "budget", "utfall", "beskrivning"),
        versionerad=False,
    ),
    VOLYMANTAL: Tabell("deltagare_volymantal", "imp_volymantal", _AR, _lika("antal"), versionerad=True),
    ANONYMA: Tabell("deltagare_anonym", "imp_anonym", (*_AR, ("kon", "kon")), _lika("antal"), versionerad=False),
}


def lista(delar: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(delar)


def kolumner(prefix: str, namn: Iterable[str]) -> sql.Composed:
    return lista(sql.Identifier(prefix, kolumn) for kolumn in namn)


def fyll_saknade(tabell: Tabell, fil: Csvfil) -> None:
    """Kolumner som filen inte har behåller det som är registrerat."""
    saknade = [(i_tabell, arbets) for i_tabell, arbets, i_filen in tabell.varden if not fil.har(i_filen)]
    if saknade:
        kor(
            sql.SQL("UPDATE {arbets} s SET {satt} FROM {tabell} t WHERE t.id = s.id").format(
                arbets=sql.Identifier(tabell.arbets),
                tabell=sql.Identifier(tabell.namn),
                satt=lista(
                    sql.SQL("{} = {}").format(sql.Identifier(arbets), sql.Identifier("t", i_tabell))
                    for i_tabell, arbets in saknade
                ),
            )
        )


def finn(lage: Lage, filer: dict[str, Csvfil]) -> None:
    """Ger raderna de id:n som de har eller kommer att få, och fyller tabellen över kända insatser."""
    if ar_agarens():  # på webben tas inga sådana nycklar emot
        _reservera_nycklar(lage)
    for tabell in (ORGANISATION, INSATS):
        (i_tabell, arbets), *_ = tabell.nyckel
        namn = {
            "arbets": sql.Identifier(tabell.arbets),
            "tabell": sql.Identifier(tabell.namn),
            "a": sql.Identifier("s", arbets),
            "t": sql.Identifier("t", i_tabell),
            "namn": sql.Literal(tabell.namn),
        }
        kor(sql.SQL("UPDATE {arbets} s SET id = t.id FROM {tabell} t WHERE {t} = {a}").format(**namn))
        kor(
            sql.SQL(
                "UPDATE {arbets} SET ny = true, id = nextval(pg_get_serial_sequence({namn}, 'id')) WHERE id IS NULL"
            ).format(**namn)
        )
    kopia = Textkopia("imp_kand")
    for insats in lage.insatser.values():
        if insats.id:
            kopia.lagg(f"{insats.lokal}\t{insats.id}\t{copytext(insats.nyckel)}")
    kopia.tom()
    kor("INSERT INTO imp_kand SELECT lokal, id, nyckel FROM imp_insats WHERE ny")
    kor("ANALYZE imp_kand")
    for fil, tabell in ((ORGANISATIONER, ORGANISATION), (INSATSER, INSATS)):
        if fil in filer:
            fyll_saknade(tabell, filer[fil])
    for fil, tabell in PER_AR.items():
        if fil in filer:
            _finn_per_ar(tabell)
            fyll_saknade(tabell, filer[fil])


def _reservera_nycklar(lage: Lage) -> None:
    """En insats som registreras i webbläsaren får nyckeln SUS-<id>: det id:t ska inte komma igen."""
    nummer = [
        int(nyckel[4:])
        for nyckel in lage.insatser
        if nyckel[:4] == "SUS-" and nyckel[4:].isdecimal() and len(nyckel) < 14
    ]
    if nummer:
        sekvens = "pg_get_serial_sequence('insatser_insats', 'id')"
        hamta(
            sql.SQL("SELECT setval({0}, greatest(nextval({0}), %s))").format(sql.SQL(sekvens)),
            [max(nummer)],
        )


def _finn_per_ar(tabell: Tabell) -> None:
    resten = sql.SQL("").join(
        sql.SQL(" AND {} = {}").format(sql.Identifier("t", i_tabell), sql.Identifier("s", arbets))
        for i_tabell, arbets in tabell.nyckel[1:]
    )
    kor(
        sql.SQL(
            "UPDATE {} s SET id = t.id FROM imp_kand k, {} t WHERE k.lokal = s.lokal AND t.insats_id = k.id{}"
        ).format(sql.Identifier(tabell.arbets), sql.Identifier(tabell.namn), resten)
    )

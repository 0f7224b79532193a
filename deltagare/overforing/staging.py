"""Arbetstabeller: raderna ur filerna, lagda i databasen med COPY för att prövas och skrivas mängdvis.

Tabellerna är tillfälliga och försvinner med transaktionen. I dem står inga personnummer och inga namn på personer.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg import sql

from deltagare.overforing.filformat import ANONYMA, BUDGET, BUDGETPOSTER, INSATSER, ORGANISATIONER, VOLYMANTAL
from deltagare.overforing.forbindelse import aktuell, ar_agarens

TABELLER: Final = """
CREATE TEMP TABLE imp_organisation (
    rad int, organisationsnummer text, namn text, samverkansform text, startdatum date, slutdatum date,
    beskrivning text, kommuner text[], id bigint, ny bool NOT NULL DEFAULT false) ON COMMIT DROP;
CREATE TEMP TABLE imp_insats (
    rad int, lokal int, nyckel text, organisationsnummer text, samverkansform text, namn text, beskrivning text,
    startdatum date, slutdatum date, inriktning text, preciserad_inriktning text, deltagarregistrering text,
    malgrupper varchar[], omrade text, id bigint, ny bool NOT NULL DEFAULT false) ON COMMIT DROP;
-- Alla kända insatser, även de som inte står i filen: deltaganden och antal hänvisar hit med numret lokal.
CREATE TEMP TABLE imp_kand (lokal int PRIMARY KEY, id bigint, nyckel text) ON COMMIT DROP;
CREATE TEMP TABLE imp_budget (
    rad int, lokal int, ar smallint, planerat_antal int, budgeterat_antal_volym int, id bigint) ON COMMIT DROP;
CREATE TEMP TABLE imp_budgetpost (
    rad int, lokal int, ar smallint, post int, budgettyp text, budget bigint, utfall bigint, beskrivning text,
    id bigint) ON COMMIT DROP;
CREATE TEMP TABLE imp_volymantal (rad int, lokal int, ar smallint, antal int, id bigint) ON COMMIT DROP;
CREATE TEMP TABLE imp_anonym (rad int, lokal int, ar smallint, kon text, antal int, id bigint) ON COMMIT DROP;
CREATE TEMP TABLE imp_deltagande (
    rad int, lokal int, grupp uuid, slag "char", inregistrering date, lopnr smallint, utregistrering date,
    avslutningsanledning text, kon text, alder smallint, samtycke date, samtycke_arkiverat date,
    utbildning text, tid_i_forsorjning text, forsorjning_fore varchar[], forsorjning_efter varchar[],
    arbetstyp_fore varchar[], arbetstyp_efter varchar[], arbete_fore smallint, arbete_efter smallint,
    studier_fore smallint, studier_efter smallint, arbetssokande_fore bool, arbetssokande_efter bool,
    kommun text, stadsdel bigint, fingeravtryck bytea) ON COMMIT DROP;
-- Olika uppgifter om personer, med den första raden som har dem. Filens nummer är platsen i PERSONFILER.
CREATE TEMP TABLE imp_personrad (
    fil smallint, rad int, grupp uuid, index bytea, sokindex bytea, nyckel text, soknyckel text, kon text,
    fodelsear smallint) ON COMMIT DROP;
CREATE TEMP TABLE imp_avtryck (fil smallint, rad int, avtryck bytea) ON COMMIT DROP;
CREATE TEMP TABLE imp_samarbete (
    rad int, nyckel text, grupp uuid, slag "char", initierad_av text, samtycke date, af int, fk int, kommun text,
    stadsdel bigint, fingeravtryck bytea, id bigint, ny bool NOT NULL DEFAULT false) ON COMMIT DROP;
CREATE TEMP TABLE imp_overgang (rad int, nyckel text, ordning smallint, till text, datum date, orsak text)
    ON COMMIT DROP;
CREATE TEMP TABLE imp_kontorsbyte (rad int, nyckel text, datum date, af int, fk int) ON COMMIT DROP;
-- Samarbeten med en rad som inte går att läsa: resten av deras väg säger inget.
CREATE TEMP TABLE imp_trasigt (nyckel text) ON COMMIT DROP;
CREATE TEMP TABLE imp_kontor (lokal int, start date, sista date, vems text) ON COMMIT DROP;
"""

TABELL: Final = {
    ORGANISATIONER: ("imp_organisation", 8),
    INSATSER: ("imp_insats", 14),
    BUDGET: ("imp_budget", 5),
    BUDGETPOSTER: ("imp_budgetpost", 8),
    VOLYMANTAL: ("imp_volymantal", 4),
    ANONYMA: ("imp_anonym", 5),
}
_BIT: Final = 256 * 1024


def kor(sats: str | sql.Composable, varden: Sequence[Any] | None = None) -> int:
    """Kör en sats och ger antalet rader som den rörde."""
    with aktuell().cursor() as markor:
        markor.execute(sats, varden)
        return int(markor.rowcount)


def hamta(sats: str | sql.Composable, varden: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    """Alla rader som en fråga ger. Bara för frågor vars svar är litet eller har LIMIT."""
    with aktuell().cursor() as markor:
        markor.execute(sats, varden)
        return list(markor.fetchall())


def skapa() -> None:
    """Skapar arbetstabellerna och låser det som importen skriver i: läsning går, andras skrivning väntar.

    På webben låses bara insatserna som raderna gäller (`inlasning`), så att andra kan arbeta samtidigt.
    """
    if ar_agarens():
        kor(
            "LOCK TABLE insatser_samverkansorganisation, insatser_insats, insatser_budget, insatser_budgetpost, "
            "deltagare_volymantal, deltagare_anonym, deltagare_person, deltagare_identitet, deltagare_deltagande, "
            "deltagare_folkbokforing, deltagare_samarbete, deltagare_samarbetskontor, "
            "deltagare_samarbetsfolkbokforing, deltagare_overgang, deltagare_overgangsregel IN SHARE ROW EXCLUSIVE MODE"
        )
    kor(TABELLER)
    # Felen ska komma från satsen som orsakar dem, inte vid COMMIT.
    kor("SET CONSTRAINTS ALL IMMEDIATE")
    kor("SET LOCAL work_mem = '128MB'")
    # Historikens triggrar planerar om för varje sats: en plan gjord för några rader tar kvadratisk tid för många.
    kor("SET LOCAL plan_cache_mode = 'force_custom_plan'")


def planera_om() -> None:
    """Glömmer sessionens sparade planer, före en sats som kan skriva många rader.

    En vakt eller historiktrigger utan parametrar planeras annars bara en gång, för första satsens rader: en plan för
    några rader tar kvadratisk tid för många.
    """
    kor("DISCARD PLANS")


def lagg(fil: str, rader: Iterable[Sequence[object]]) -> int:
    """Lägger en liten fils rader i sin arbetstabell och ger deras antal."""
    tabell, antal_kolumner = TABELL[fil]
    antal = 0
    with aktuell().cursor() as markor:
        kolumner = [rad[0] for rad in hamta(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
            [tabell],
        )][:antal_kolumner]  # fmt: skip
        sats = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(tabell), sql.SQL(", ").join(map(sql.Identifier, kolumner))
        )
        with markor.copy(sats) as kopia:
            for rad in rader:
                kopia.write_row(rad)
                antal += 1
    return antal


class Textkopia:
    """Skriver färdiga COPY-rader till en tabell, i bitar."""

    def __init__(self, tabell: str, kolumner: Sequence[str] = ()) -> None:
        namn = sql.SQL(", ").join(map(sql.Identifier, kolumner))
        lista = sql.SQL(" ({})").format(namn) if kolumner else sql.SQL("")
        self._sats = sql.SQL("COPY {}{} FROM STDIN").format(sql.Identifier(tabell), lista)
        self._rader: list[str] = []
        self._langd = 0

    def lagg(self, rad: str) -> bool:
        """Lägger till en rad. Sant när det är dags att tömma."""
        self._rader.append(rad)
        self._langd += len(rad)
        return self._langd > 16 * _BIT

    def tom(self) -> None:
        """Skriver det som är samlat."""
        if not self._rader:
            return
        with aktuell().cursor() as markor, markor.copy(self._sats) as kopia:
            for start in range(0, len(self._rader), 1000):
                kopia.write("\n".join(self._rader[start : start + 1000]) + "\n")
        self._rader, self._langd = [], 0


def copytext(text: str) -> str:
    """Fri text så som COPY läser den."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

"""En påhittad person går genom sidorna, och står sedan ingenstans i klartext: inte i loggen, inte i databasen (P6, P7).

Servern är gunicorn, med åtkomstlogg och allt annat den kan skriva.
"""

import base64
import io
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from playwright.sync_api import Browser, expect

from deltagare.models import Identitet
from deltagare.personnummer import Personnummer
from sus import inbaddad
from tests import fabriker
from tests.andra_steget import kod, med_app
from tests.databas import databas_url
from tests.importkatalog import sql
from tests.jobb import ROT, vanta
from tests.test_last import ledig_port
from tests.webblasare.conftest import Oppnare
from tests.webblasare.hand import Mus
from tests.webblasare.varld import IDAG, LOSENORD

DAGEN = IDAG.isoformat()
# Bara a–z: en skrivare som byter ut å, ä och ö kan inte dölja namnet.
FORNAMN, EFTERNAMN = "Kanariella", "Zzyzxqvist"
SPARR = "Provfelet"
TABELLER = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


def skrivsatt(ord_: str) -> set[str]:
    """Ordet så som det kan stå: som det är, i en adress, i hexadecimala byte, och i base64 med varje början.

    De yttersta tecknen i base64 beror på vad som står intill, och är inte med.
    """
    byte = ord_.encode()
    i_base64 = {base64.b64encode(b"\0" * n + byte).decode()[4 * (n > 0) :].rstrip("=")[1:-1] for n in range(3)}
    return {ord_.casefold(), quote(ord_).casefold(), byte.hex(), *(text.casefold() for text in i_base64)}


def traffar(text: str, kanarier: list[str]) -> list[tuple[str, str]]:
    """Kanarien, och raden den står i, för varje ställe."""
    former = [(kanarie, form) for kanarie in kanarier for form in skrivsatt(kanarie)]
    return [(kanarie, rad[:200]) for rad in text.casefold().splitlines() for kanarie, form in former if form in rad]


def kanariernas(nummer: Personnummer) -> list[str]:
    """Namnen och numret, i de former som folk skriver det."""
    tolv = nummer.nummer
    return [FORNAMN, EFTERNAMN, tolv, nummer.utskrivet, tolv[2:], f"{tolv[2:8]}-{tolv[8:]}"]


@pytest.mark.parametrize(
    "klartext",
    [
        "x Kanariella y",
        "KANARIELLA",
        "\\x00" + b"Kanariella".hex(),
        *(base64.b64encode(b"\1" * n + b"Kanariella, och mer").decode() for n in range(3)),
    ],
)
def test_sokningen_ser_namnet_hur_det_an_skrivs(klartext: str):
    assert traffar(f"före\n{klartext}\nefter", [FORNAMN, EFTERNAMN])[0][0] == FORNAMN
    assert traffar(f"före\n{klartext[:-8]}\nefter", [EFTERNAMN]) == []


@contextmanager
def gunicorn(databas: str, logg: Path) -> Iterator[str]:
    """Adressen till gunicorn på databasen. Allt det skriver hamnar i `logg`."""
    adress = f"127.0.0.1:{ledig_port()}"
    argument = ("-c", "python:sus.gunicorn_demo", "-b", adress, "--workers=1", "--threads=4")
    utforligt = ("--log-level=debug", "--access-logfile=-", "--capture-output")
    with (
        logg.open("wb") as ut,
        subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *argument, *utforligt, "sus.wsgi"],
            cwd=ROT,
            env={**os.environ, "DATABASE_URL": databas_url(databas), "SUS_PRODUKTION": "0"},
            stdin=subprocess.PIPE,
            stdout=ut,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            vanta(lambda: _svarar(adress), "webben svarar", process)
            yield f"http://{adress}"
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(60)


def _svarar(adress: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{adress}/halsa/", timeout=5) as svar:
            return svar.status == 200
    except (URLError, OSError):
        return False


@pytest.fixture
def scen(egen_databas: str, settings) -> SimpleNamespace:
    """En insats och den som registrerar i den, med autentiseringsapp."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # som servern läser
    with transaction.atomic():
        insats = fabriker.insats(namn="Burfågeln")
        konto = fabriker.anvandare(password=LOSENORD)
        fabriker.uppdrag(konto, fabriker.Roll.DELTAGARANSVARIG, insats)
        hemlighet = med_app(konto)
    return SimpleNamespace(
        insats=insats, konto=konto, hemlighet=hemlighet, nummer=fabriker.nytt_nummer(), andra=fabriker.nytt_nummer()
    )


def test_personen_star_inte_i_loggen_eller_databasen(
    browser: Browser, egen_databas: str, scen: SimpleNamespace, tmp_path: Path
):
    logg, databaslogg = tmp_path / "server.log", Databaslogg()
    with gunicorn(egen_databas, logg) as adress:
        oppnare = Oppnare(browser, adress)
        hand = Mus(oppnare())
        logga_in(hand, scen)
        registrera(hand, scen)
        lista_och_visa(hand, scen)
        ratta_och_historik(hand, scen)
        ta_ut_filer(hand, scen, tmp_path)
        las_in_till_halften(hand, scen, tmp_path)
        krascha(hand, scen)
        hand.sida.goto("/finns-inte/")
        # Det enda som fick gå fel
        assert oppnare.stang() == ["500 för /deltagare/registrera/"]
    kanarier = kanariernas(scen.nummer) + kanariernas(scen.andra)

    skrivet = logg.read_text(encoding="utf-8", errors="replace")
    for vantat in (
        "POST /deltagare/registrera/ ",
        "POST /deltagare/person/ ",
        "Not Found: /finns-inte/",
        "utils.InternalError",
    ):
        assert vantat in skrivet, f"loggen saknar {vantat}"
    assert traffar(skrivet, kanarier) == []
    if settings.INBADDAD:
        assert SPARR in databaslogg.nytt()
        assert traffar(databaslogg.nytt(), kanarier) == []

    dump = hela_databasen()
    with transaction.atomic(using="agare"):
        krypterat = [bytes(ett.personnummer).hex() for ett in Identitet.objects.using("agare")]
    assert len(krypterat) == 1
    for vantat in ("Burfågeln", krypterat[0], "person_sokt"):
        assert vantat in dump, f"dumpen saknar {vantat}"
    assert sql("SELECT count(*) FROM deltagare_inlasning WHERE innehall IS NOT NULL") == [(1,)]
    assert traffar(dump, kanarier) == []


class Databaslogg:
    """Det som den inbäddade databasen har skrivit i sin logg sedan nu."""

    def __init__(self) -> None:
        self.fil = inbaddad.datakatalog() / "postgres.log"
        self.fran = self.fil.stat().st_size if settings.INBADDAD else 0

    def nytt(self) -> str:
        """Loggen från början av testet."""
        return self.fil.read_bytes()[self.fran :].decode(errors="replace")


def hela_databasen() -> str:
    """Varje rad i varje tabell, så som pg_dump skriver dem, och sessionerna uppackade."""
    ut = io.BytesIO()
    with transaction.atomic(using="agare"), connections["agare"].cursor() as markor:
        markor.execute(TABELLER)
        tabeller = [namn for (namn,) in markor.fetchall()]
        for tabell in tabeller:
            ut.write(f"\n-- {tabell}\n".encode())
            with markor.copy(f"COPY {tabell} TO STDOUT") as rader:
                for del_ in rader:
                    ut.write(del_)
        sessioner = [ett.get_decoded() for ett in Session.objects.using("agare")]
    assert len(tabeller) > 40
    assert sessioner
    return ut.getvalue().decode() + "".join(f"\n{session}" for session in sessioner)


def logga_in(hand: Mus, scen: SimpleNamespace) -> None:
    hand.sida.goto("/")
    hand.skriv("Användarnamn", scen.konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    hand.skriv("Kod", kod(scen.hemlighet))
    hand.tryck("Logga in")
    expect(hand.sida.get_by_role("heading", level=1)).to_have_text(f"Hej {scen.konto.fornamn}")


def fyll_i(hand: Mus, scen: SimpleNamespace, nummer: Personnummer) -> None:
    hand.sida.goto(f"/deltagare/registrera/?insats={scen.insats.pk}")
    hand.skriv("Personnummer", nummer.utskrivet)
    hand.skriv("Datum för samtycke", DAGEN)
    hand.skriv("Datum för inregistrering", DAGEN)
    hand.skriv("Förnamn", FORNAMN)
    hand.skriv("Efternamn", EFTERNAMN)
    hand.valj("Folkbokföringskommun", "Helsingborg")


def registrera(hand: Mus, scen: SimpleNamespace) -> None:
    """En gång, och en gång till, som är fel."""
    fyll_i(hand, scen, scen.nummer)
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Deltagaren är inregistrerad")).to_be_visible()
    fyll_i(hand, scen, scen.nummer)
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_visible()


def lista_och_visa(hand: Mus, scen: SimpleNamespace) -> None:
    hand.sida.goto(f"/deltagare/?insats={scen.insats.pk}")
    hand.tryck(f"Visa hela personnumret för {EFTERNAMN}, {FORNAMN}")
    expect(hand.sida.get_by_text(scen.nummer.utskrivet)).to_be_visible()
    hand.sida.goto("/deltagare/person/")
    hand.skriv("Personnummer", scen.nummer.utskrivet)
    hand.tryck("Sök")
    expect(hand.sida.get_by_role("heading", name=f"{FORNAMN} {EFTERNAMN}, {scen.nummer.maskerat}")).to_be_visible()


def ratta_och_historik(hand: Mus, scen: SimpleNamespace) -> None:
    oppna_registreringen(hand, scen)
    hand.folj("Rätta inregistreringen")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.skriv("Andel av arbete", "25")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Inregistreringen är rättad.")).to_be_visible()
    hand.folj("Historik")
    expect(hand.sida.get_by_role("heading", level=1)).to_be_visible()


def oppna_registreringen(hand: Mus, scen: SimpleNamespace) -> None:
    hand.sida.goto(f"/deltagare/?insats={scen.insats.pk}")
    hand.folj(f"{EFTERNAMN}, {FORNAMN}")
    expect(hand.sida.get_by_text(f"{FORNAMN} {EFTERNAMN}").first).to_be_visible()


def ta_ut_filer(hand: Mus, scen: SimpleNamespace, katalog: Path) -> None:
    """Excel, och registerutdraget i båda formaten: där står hon."""
    hand.sida.goto(f"/deltagare/?insats={scen.insats.pk}")
    hand.folj("Hämta som Excel")
    hand.valj("Ändamål", "Revision eller tillsyn")
    spara_filen(hand, "Hämta som Excel", katalog / "lista.xlsx")
    oppna_registreringen(hand, scen)
    hand.folj("Registerutdrag")
    spara_filen(hand, "Hämta som PDF", katalog / "utdrag.pdf")
    spara_filen(hand, "Hämta som JSON", katalog / "utdrag.json")
    assert traffar((katalog / "utdrag.json").read_text(encoding="utf-8"), [EFTERNAMN])


def spara_filen(hand: Mus, knapp: str, fil: Path) -> None:
    with hand.sida.expect_download() as hamtning:
        hand.tryck(knapp)
    hamtning.value.save_as(fil)


def las_in_till_halften(hand: Mus, scen: SimpleNamespace, katalog: Path) -> None:
    """En fil med en till, som har ett fel: den ligger kvar i databasen och väntar."""
    fil = katalog / f"{EFTERNAMN}.csv"
    fil.write_text(
        "insats;personnummer;fornamn;efternamn;kommun;samtycke;inregistrering\n"
        f"{scen.insats.nyckel};{scen.andra.utskrivet};{FORNAMN};{EFTERNAMN};9999;{DAGEN};{DAGEN}\n",
        encoding="utf-8",
    )
    hand.sida.goto("/las-in/deltaganden/")
    hand.valj("Filen innehåller", "Deltaganden")
    hand.sida.get_by_label("Fil", exact=True).set_input_files(fil)
    hand.tryck("Granska filen")
    expect(hand.sida).to_have_title("Fel: Granska inläsningen – SUS")


def krascha(hand: Mus, scen: SimpleNamespace) -> None:
    """Ett fel i databasen vars DETAIL bär namnet: undantagets text gör det också."""
    with connections["agare"].cursor() as markor:
        markor.execute(
            f"CREATE FUNCTION provfel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{SPARR}' "
            f"USING DETAIL = 'Raden innehåller ' || lower('{EFTERNAMN}'), ERRCODE = 'internal_error'; END $$"
        )
        markor.execute("CREATE TRIGGER provfel BEFORE INSERT ON deltagare_deltagande EXECUTE FUNCTION provfel()")
    fyll_i(hand, scen, scen.andra)
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("heading", level=1)).to_contain_text("fel")

"""WCAG 2.0–2.2 A och AA med axe på varje sida och läge, bred och smal, ljus och mörk (P26)."""

import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from behorighet import tjanster
from behorighet.genomgang import att_granska, gor_genomgang, marken
from behorighet.models import Anvandare, Handelse, Loggkontroll, Organisation
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import gallring
from deltagare.kryptering import personindex
from deltagare.models import Deltagande, Gallring, Overgangsregel, Registerpost, Samarbete, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.personnummer import tolka
from deltagare.tjanster import utregistrera
from deltagare.tjanster.samarbetskontor import byt_kontor
from insatser.kategorier import Samverkansform
from insatser.models import Budgetpost, Fraga, IngaendeOrganisation, Insats, Organisationsbudget, Svarstyp, Uppdrag
from rapporter.models import Bestallning, SparatUrval
from rapporter.tjanster import korning as korningar
from rapporter.tjanster.sparade import ta_bort
from tests import fabriker, jobb, samarbetsdata
from tests.andra_steget import kod, med_app
from tests.eid import installning as eid_installning
from tests.folkbokforing import lagg_in
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus
from tests.webblasare.varld import IDAG, LANGT_NAMN, LOSENORD, Varld

TAGGAR: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# De av reglerna som ser på färg. Mörkt läge byter bara färger (`test_morkt_lage_byter_bara_farger`).
FARGREGLER: Final = ("color-contrast", "link-in-text-block")
KOR_AXE: Final = """async (vilka) => (await axe.run(document, {
  runOnly: vilka, resultTypes: ['violations']})).violations.map(
  v => `${v.id}: ${v.nodes.map(n => n.target.join(' ') + ' ' + n.html.slice(0, 150)).join(' | ')}`)"""
MORKT_BLOCK: Final = re.compile(r"@media[^{]*\(prefers-color-scheme: dark\)\s*\{[^{}]+\{([^{}]*)\}\s*\}")
FARG: Final = re.compile(
    r"color-scheme:\s*dark|--[\w-]+:\s*(#[0-9a-f]{3,8}|var\(--[\w-]+\)|rgba?\([\d., %/]+\)|transparent)"
)
# Sidan ska rymmas på bredden; det som rullar i en egen ruta räknas inte
OVERFLOD: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _inloggningsfel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/logga-in/")
    hand.skriv("Användarnamn", varld.rapport.username)
    hand.skriv("Lösenord", f"{LOSENORD}fel")
    hand.tryck("Logga in")
    expect(hand.sida).to_have_title("Fel: Logga in – SUS")


def _utloggad(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.oppen.pk}/andra/")
    hand.sida.context.clear_cookies(name="sus_session")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Du har blivit utloggad")).to_be_visible()


def _inloggad_igen(hand: Mus, varld: Varld) -> None:
    _utloggad(hand, varld)
    hand.skriv("Användarnamn", varld.insatsansvarig.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    expect(hand.sida.get_by_role("button", name="Fortsätt")).to_be_visible()


def _menyn_oppen(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/")
    hand.oppna_lada("Konto")


def _tom_sokning(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/insatser/")
    hand.skriv("Insatsnamn", "finns inte")
    hand.tryck("Sök")
    expect(hand.sida.get_by_text("Inga insatser matchar sökningen")).to_be_visible()


def _insats_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/insatser/ny/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _insats_med_val(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/insatser/ny/")
    hand.valj("Inriktning", "Strukturövergripande")
    expect(hand.val("Endast antal (volyminsats)")).to_be_checked()


def _insats_krock(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.oppen.pk}/andra/")
    varld.oppen.refresh_from_db()
    varld.oppen.beskrivning += " Ändrad under tiden."
    varld.oppen.version += 1
    varld.oppen.save(update_fields=["beskrivning", "version"])
    hand.skriv("Beskrivning", "Mitt.")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Det här skiljer.")).to_be_visible()


def _insats_varnar(hand: Mus, varld: Varld) -> None:
    _insats_med_val(hand, varld)
    hand.kryssa("Personuppgifter/anonym")
    hand.sida.locator("summary", has_text="Hjälp om Preciserad inriktning").click()
    expect(hand.sida.get_by_text("Personuppgifter/anonym är inte avsett")).to_be_visible()


def _lista_allt_oppet(hand: Mus, varld: Varld) -> None:
    koder = ("nyckel", "preciserad", "malgrupp", "slutdatum", "lage", "plan", "budget", "utfall")
    hand.sida.goto("/insatser/?inriktning=individ&" + "&".join(f"kolumner={kod}" for kod in koder))
    hand.oppna_lada("Välj kolumner")


def _organisationer_allt_oppet(hand: Mus, varld: Varld) -> None:
    koder = ("organisationsnummer", "kommuner", "kontaktperson", "slutdatum", "lage", "insatser", "finansiering")
    hand.sida.goto("/samverkansorganisationer/?" + "&".join(f"kolumner={kod}" for kod in koder))
    hand.oppna_lada("Välj kolumner")


def _budget_med_rader(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.oppen.pk}/budget/{IDAG.year}/andra/")
    hand.skriv("Budget", "12 500")
    hand.tryck("Lägg till rad")
    expect(hand.sida.get_by_text("Inget är sparat än.")).to_be_visible()


def _budget_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.oppen.pk}/budget/{IDAG.year}/andra/")
    hand.skriv("Budget", "många")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _budget_sparad(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.last.pk}/budget/{IDAG.year - 1}/andra/")
    hand.skriv("Planerat antal deltagare", "12")
    hand.skriv("Budget", "1 234 567")
    hand.skriv("Utfall", "-890")
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("region", name="Insatskostnader")).to_be_visible()


def _ta_bort_budgetrader(hand: Mus, varld: Varld) -> None:
    rad = {"insats": varld.last, "ar": IDAG.year, "rad": 1, "budgettyp": "insatskostnad"}
    Budgetpost.objects.get_or_create(**rad, defaults={"budget": 1_234_567})
    hand.sida.goto(f"/insatser/{varld.last.pk}/budget/{IDAG.year}/ta-bort/")
    expect(hand.knapp("Ta bort raderna")).to_be_visible()


def _avsluta_insats_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.last.pk}/avsluta/")
    hand.skriv("Slutdatum", "2020")
    hand.tryck("Avsluta insatsen")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _hjalp(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/registrera/")
    hand.sida.locator("summary", has_text="Hjälp om Datum för samtycke").click()
    hand.kryssa("Ja", grupp="Arbetar")


def _inregistrering_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/registrera/")
    hand.kryssa("Ja", grupp="Arbetar")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _registreringen(
    sida: str, *, utregistrerad: bool = False, samordning: bool = False
) -> Callable[[Mus, Varld], None]:
    """Sidan, eller en under den, för en nyss inregistrerad deltagare."""

    def ga(hand: Mus, varld: Varld) -> None:
        nummer = fabriker.nytt_nummer()
        if samordning:
            nummer = tolka(fabriker.personnummer("19800161"), idag=timezone.localdate())
        with transaction.atomic():
            ett = fabriker.inregistrera(varld.last, varld.deltagaransvarig, nummer=nummer)
            if utregistrerad:
                utregistrera(
                    deltagande=ett,
                    version=1,
                    utregistrering=date(2025, 6, 1),
                    avslutningsanledning="flytt",
                    efter={"arbete_efter": 50},
                    av=varld.deltagaransvarig,
                )
        hand.sida.goto(f"/deltagare/{ett.pk}/{sida}")

    return ga


def _deltagarlista(hand: Mus, varld: Varld) -> None:
    _registreringen("", utregistrerad=True)(hand, varld)
    hand.sida.goto(f"/deltagare/?insats={varld.last.pk}&status=alla")
    hand.oppna_lada("Fler urval")


def _deltagarlista_med_numret(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/?insats={varld.last.pk}")
    hand.sida.get_by_role("button", name=re.compile("^Visa hela personnumret")).first.click()
    expect(hand.sida.locator("td [data-fokus]")).to_be_focused()


def _deltagarlista_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/?insats={varld.last.pk}&in_fran=nyss")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _deltagarfil_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/export/?insats={varld.last.pk}&status=alla&kon=man")
    hand.tryck("Hämta som Excel")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _enskild_deltagare(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/person/")
    hand.skriv("Personnummer", varld.inskriven.utskrivet)
    hand.tryck("Sök")
    expect(hand.sida.locator("h2[data-fokus]")).to_be_focused()


def _enskild_som_inte_finns(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/person/")
    hand.skriv("Personnummer", fabriker.nytt_nummer().utskrivet)
    hand.tryck("Sök")
    expect(hand.sida.get_by_text("Ingen registrering med det numret")).to_be_visible()


def _samtycken_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/samtycken/?insats={varld.last.pk}")
    hand.tryck("Markera som arkiverade")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _personnumret_visat(hand: Mus, varld: Varld) -> None:
    _registreringen("")(hand, varld)
    hand.tryck("Visa hela personnumret")


def _ratta_med_fel(hand: Mus, varld: Varld) -> None:
    _registreringen("ratta/")(hand, varld)
    hand.skriv("Datum för samtycke", "2025-04-01")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _utregistrering(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/registrera/?insats={varld.last.pk}")
    hand.kryssa("Utregistrering")
    expect(hand.knapp("Hämta")).to_be_visible()


def _hamta_med_fel(hand: Mus, varld: Varld) -> None:
    _utregistrering(hand, varld)
    hand.tryck("Hämta")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _hamtad(hand: Mus, varld: Varld) -> None:
    _utregistrering(hand, varld)
    hand.skriv("Personnummer", varld.inskriven.utskrivet)
    hand.tryck("Hämta")
    expect(hand.sida.get_by_role("region", name="Utregistrering")).to_be_visible()


def _folkbokford(hand: Mus, varld: Varld, **falt: Any) -> None:
    """*Hämta* vid inregistrering: `inskriven` i insatsen som den deltar i, eller någon annan."""
    nummer = falt.pop("nummer", None) or fabriker.nytt_nummer()
    if not Registerpost.objects.using("agare").filter(personindex=personindex(nummer.nummer)).exists():
        lagg_in(nummer, **falt)
    hand.sida.goto(f"/deltagare/registrera/?insats={varld.last.pk}")
    hand.skriv("Datum för samtycke", IDAG.isoformat())
    hand.skriv("Personnummer", nummer.utskrivet)
    hand.tryck("Hämta")
    expect(hand.sida.get_by_role("group", name="Svar på Hämta")).to_be_focused()


def _folkbokford_i_stockholm(hand: Mus, varld: Varld) -> None:
    with override_settings(SUS_FOLKBOKFORING="register"):
        _folkbokford(hand, varld, kommun_id="0180")


def _folkbokford_med_skydd(hand: Mus, varld: Varld) -> None:
    with override_settings(SUS_FOLKBOKFORING="register"):
        _folkbokford(hand, varld, skyddad=True)


def _mattillfalle(hand: Mus, varld: Varld) -> None:
    with override_settings(SUS_FOLKBOKFORING="register"):
        _folkbokford(hand, varld, nummer=varld.inskriven)
    hand.falt("Mättillfälle").select_option(index=1)
    expect(hand.knapp("Öppna")).to_be_visible()


def _krock_med_perioden(hand: Mus, varld: Varld) -> None:
    with override_settings(SUS_FOLKBOKFORING="register"):
        _folkbokford(hand, varld, nummer=varld.inskriven)
        hand.skriv("Datum för samtycke", "2024-02-01")
        hand.tryck("Hämta")
        expect(hand.sida.get_by_role("group", name="Svar på Hämta")).to_be_focused()
        hand.skriv("Datum för inregistrering", "2024-02-01")
        hand.tryck("Spara")
        expect(hand.sida.get_by_role("region", name="Situationen efter")).to_be_visible()


def _redan_utregistrerad(hand: Mus, varld: Varld) -> None:
    with transaction.atomic():
        ett = fabriker.inregistrera(varld.last, varld.deltagaransvarig, nummer=fabriker.nytt_nummer())
    hand.sida.goto(f"/deltagare/{ett.pk}/utregistrera/")
    ut = {"utregistrering": date(2025, 6, 1), "avslutningsanledning": "flytt", "efter": {"arbete_efter": 50}}
    with transaction.atomic():
        satt_sammanhang(varld.deltagaransvarig)
        utregistrera(deltagande=ett, version=1, **ut, av=varld.deltagaransvarig)
    hand.skriv("Datum för utregistrering", IDAG.isoformat())
    hand.valj("Avslutningsanledning", "Fullföljd insats")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Deltagaren är redan utregistrerad")).to_be_visible()


def _ur_folkbokforingen_med_fel(hand: Mus, varld: Varld) -> None:
    with override_settings(SUS_FOLKBOKFORING="register"):
        _folkbokford(hand, varld)
        hand.tryck("Spara")
        expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _utregistrering_med_fel(hand: Mus, varld: Varld) -> None:
    _hamtad(hand, varld)
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _anonyma_rader(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/anonyma/?insats={varld.last.pk}")
    hand.skriv("Antal kvinnor", "3")
    hand.tryck("Lägg till kvinnor")
    expect(hand.sida.get_by_text("Inget är sparat än.")).to_be_visible()


def _anonyma_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/anonyma/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _ta_bort_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/anonyma/{varld.last.pk}/ta-bort/")
    hand.tryck("Ta bort")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _antal_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/deltagare/antal/{varld.volym.pk}/")
    hand.sida.get_by_label(re.compile("Faktiskt antal")).first.fill("många")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _fler_urval(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/rapporter/insats/")
    for lada in ("Län", "Kommun", "Samverkansorganisation", "Visa fler urval"):
        hand.oppna_lada(lada)


def _resultat(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/rapporter/insats/")
    hand.tryck("Skapa rapport")
    expect(hand.sida.get_by_role("link", name="Ändra urval")).to_be_visible()


def _resultat_med_tillval(hand: Mus, varld: Varld) -> None:
    """Kön, jämförelseperiod och delsummor, sorterat, med diagrammens tabeller öppna."""
    hand.sida.goto(
        "/rapporter/insats/?fran=2025-01&till=2025-06&kon=uppdelat&jamfor=aret_fore"
        "&gruppera=samverkansorganisation&sortering=-antal_deltagare&visa=1"
    )
    for lada in hand.sida.get_by_text("Visa som tabell").all():
        lada.click()
    expect(hand.sida.get_by_role("row", name="Delsumma").first).to_be_visible()


def _avstangda_val(hand: Mus, varld: Varld) -> None:
    """Val utan betydelse avstängda, skälen synliga och en variabels betydelse öppen."""
    hand.sida.goto(
        "/rapporter/insats/?fran=2025-01&till=2025-12&variabler=startdatum&inriktning=individ"
        "&rapporttyp=samverkansorganisation&uppdatera=1"
    )
    hand.sida.get_by_text("Vad Startdatum betyder").locator("..").click()
    expect(hand.sida.get_by_text("Kön är avstängt")).to_be_visible()


def _sparade_urval(hand: Mus, varld: Varld) -> None:
    """Ett privat, ett delat med lång text, och ett borttaget."""
    with transaction.atomic():
        if not SparatUrval.objects.using("agare").filter(agare=varld.insatsansvarig).exists():
            fabriker.sparat_urval(varld.insatsansvarig, namn="Förra månaden", period="manad")
            lan = {"lan": ["01", "03", "04", "05", "06", "07", "08", "12"]}
            fabriker.sparat_urval(varld.insatsansvarig, namn=LANGT_NAMN, delat=True, falt=lan)
            borta = fabriker.sparat_urval(varld.insatsansvarig, namn="Borttaget")
            ta_bort(sparat=borta, av=varld.insatsansvarig)
    hand.sida.goto("/rapporter/sparade/")
    hand.oppna_lada("Borttagna")


def _urval_med_sparade(hand: Mus, varld: Varld) -> None:
    _sparade_urval(hand, varld)
    hand.folj("Ändra urvalet i Förra månaden")
    expect(hand.sida.get_by_text("Du ändrar det sparade urvalet")).to_be_visible()


def _andra_sparat_med_krock(hand: Mus, varld: Varld) -> None:
    """Någon annan har ändrat emellan: vad som skiljer visas."""
    _sparade_urval(hand, varld)
    hand.folj("Byt namn eller dela Förra månaden")
    with transaction.atomic():
        satt_sammanhang(varld.insatsansvarig)
        egna = SparatUrval.objects.filter(agare=varld.insatsansvarig, period="manad")
        egna.update(version=F("version") + 1)
    hand.skriv("Namn", "Den månad som gick")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Någon annan har sparat ändringar")).to_be_visible()


def _andra_sparat_med_det_som_inte_finns(adress: str) -> Callable[[Mus, Varld], None]:
    """En samverkansorganisation i urvalet finns inte längre. `adress` är urvalet som ersätter det sparade."""

    def gor(hand: Mus, varld: Varld) -> None:
        _sparade_urval(hand, varld)
        with transaction.atomic():
            satt_sammanhang(varld.insatsansvarig)
            delat = SparatUrval.objects.get(agare=varld.insatsansvarig, namn=LANGT_NAMN)
            delat.falt["forbund"] = ["222000-9999"]
            delat.save(update_fields=["falt"])
        hand.sida.goto(f"/rapporter/sparade/{delat.pk}/andra/{adress}")
        expect(hand.sida.get_by_text("finns inte längre").first).to_be_visible()

    return gor


def _spara_urval_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/rapporter/sparade/nytt/?fran=2025-01&till=2025-12&lan=12&kon=kvinna")
    hand.skriv("Namn", "Kim 800115-9804")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _bestallningarna(varld: Varld) -> dict[str, Bestallning]:
    """En som väntar, en som görs, en klar och en som inte blev gjord: var sin period."""
    egna = {}
    with transaction.atomic():
        satt_sammanhang(varld.rapport)
        for manad, lage in enumerate(("vantar", "pagar", "klar", "misslyckad"), 1):
            till = f"2025-{manad:02}"
            finns = Bestallning.objects.filter(filnamn=f"insatsrapport_2025-01_{till}").first()
            egna[lage] = finns or jobb.bestall(varld.rapport, till=till)
            if not finns and lage != "vantar":
                korning = korningar.borja(egna[lage].pk)
                korningar.framsteg(korning, klara=1200, rader=3400)
                if lage == "klar":
                    korningar.bli_klar(korning, fil=io.BytesIO(b"x" * 6_000_000))
                elif lage == "misslyckad":
                    korningar.misslyckas(korning, fel=korningar.GICK_INTE)
            egna[lage].refresh_from_db()
    return egna


def _bestallning(lage: str) -> Callable[[Mus, Varld], None]:
    def visa(hand: Mus, varld: Varld) -> None:
        egen = _bestallningarna(varld)[lage]
        hand.sida.goto(egen.get_absolute_url())
        expect(hand.sida.get_by_role("heading", name=egen.get_lage_display())).to_be_visible()

    return visa


def _mina_rapporter(hand: Mus, varld: Varld) -> None:
    _bestallningarna(varld)
    hand.sida.goto("/rapporter/mina/")


def _ny_rapport(hand: Mus, varld: Varld) -> None:
    """Beskedet om en klar rapport, på en annan sida."""
    egen = _bestallningarna(varld)["klar"]
    Bestallning.objects.using("agare").filter(pk=egen.pk).update(sedd_vid=None)
    hand.sida.goto("/hjalp/")
    expect(hand.sida.get_by_role("link", name="En rapport som du har beställt är klar")).to_be_visible()


def _om_samarbeten(hand: Mus, adress: str) -> None:
    """En rapport om samarbeten, med diagrammens tabeller öppna."""
    if not Insats.objects.using("agare").filter(nyckel="AF1").exists():
        samarbetsdata.lagg_in(samarbetsdata.slumpa(1, 40))
    hand.sida.goto(adress)
    for lada in hand.sida.get_by_text("Visa som tabell").all():
        lada.click()
    expect(hand.sida.get_by_role("link", name="Ändra urval")).to_be_visible()


def _ledtider(hand: Mus, varld: Varld) -> None:
    _om_samarbeten(hand, "/rapporter/ledtider/?fran=2024-01&till=2025-12&visa=1")


def _ledtider_jamforda(hand: Mus, varld: Varld) -> None:
    _om_samarbeten(
        hand, "/rapporter/ledtider/?fran=2024-01&till=2025-12&kontor=AF1&kontor=FK2&jamfor=kontor&jamfor=kon&visa=1"
    )


def _status(hand: Mus, varld: Varld) -> None:
    _om_samarbeten(hand, "/rapporter/status/?fran=2024-01&till=2025-12&visa=1")


def _overgangar(hand: Mus, varld: Varld) -> None:
    _om_samarbeten(hand, "/rapporter/overgangar/?fran=2024-01&till=2025-12&visa=1")


def _uppdragens_panel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/")
    hand.oppna_lada("Tidigare")
    expect(hand.sida.get_by_text("Siv Slutat").first).to_be_visible()


def _valj_utan_traff(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/uppdrag/valj/insats/{varld.oppen.pk}/")
    hand.skriv("Efternamn", "finns inte")
    hand.tryck("Sök")
    expect(hand.sida.get_by_text("Inga användare matchar sökningen")).to_be_visible()


def _ge_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/uppdrag/valj/insats/{varld.oppen.pk}/")
    hand.sida.get_by_role("link", name=re.compile("^Välj Ulla Utan")).click()
    hand.skriv("Från och med", "2020-01-01")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _avsluta_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/insatser/{varld.last.pk}/")
    hand.sida.get_by_role("link", name=re.compile("^Avsluta uppdraget för Dag Ansvar")).click()
    hand.tryck("Avsluta")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _avsluta_behorighet(hand: Mus, varld: Varld) -> None:
    behorighet = varld.deltagaransvarig.behorigheter.get()
    hand.sida.goto(f"/anvandare/behorighet/{behorighet.pk}/avsluta/")


def _organisation_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/samverkansorganisationer/ny/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _genomgang_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/anvandare/genomgang/")
    hand.tryck("Spara genomgången")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _gjord_genomgang(hand: Mus, varld: Varld) -> None:
    organisation = varld.bestallare.arbetsgivare
    rader = list(att_granska(organisation))
    beslut = {ett.pk: "behall" for ett in rader}
    gjord, _ = gor_genomgang(organisation=organisation, visade=marken(rader), beslut=beslut, av=varld.bestallare)
    hand.sida.goto("/anvandare/genomgang/")
    hand.sida.locator(f'a[href="/anvandare/genomgang/{gjord.pk}/"]').click()
    expect(hand.sida.get_by_role("cell", name="Behölls").first).to_be_visible()


def _andra_kod(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/administration/kodverk/")
    hand.sida.get_by_role("link", name=re.compile("^Gymnasium")).click()
    hand.skriv("Text", "")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _bestallning_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/anvandare/bestall/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _lank(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/anvandare/{varld.rapport.pk}/ny-lank/")
    hand.tryck("Skapa länk")
    expect(hand.sida.locator("#lank")).to_be_visible()


def _arbetsgivare_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/administration/organisationer/ny/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _avsluta_bestallare(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/administration/behorighet/{varld.bestallare.behorigheter.get().pk}/avsluta/")
    hand.tryck("Avsluta")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _las_in(omrade: str, slag: str, rader: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(f"/las-in/{omrade}/")
        hand.valj("Filen innehåller", slag)
        fil = {"name": "fil.csv", "mimeType": "text/csv", "buffer": rader.format(v=varld).encode()}
        hand.sida.get_by_label("Fil", exact=True).set_input_files([fil])
        hand.tryck("Granska filen")
        expect(hand.sida.get_by_role("heading", name="Granska inläsningen", level=1)).to_be_visible()

    return ga


def _fil_granskas(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/las-in/insatser/")
    hand.sida.evaluate("window.addEventListener('submit', (h) => h.preventDefault(), { once: true })")
    hand.tryck("Granska filen")
    expect(hand.sida.get_by_role("progressbar", name="Filen granskas …")).to_be_visible()


def _las_in_utan_fil(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/las-in/insatser/")
    hand.tryck("Granska filen")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _mallen_oppen(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/las-in/deltaganden/")
    hand.oppna_lada("Deltaganden")


def _las_in_ratta_utan_fil(hand: Mus, varld: Varld) -> None:
    _las_in("insatser", "Budget", "insats;ar;planerat_antal\n{v.oppen.nyckel};2024;tolv\n")(hand, varld)
    hand.tryck("Granska igen")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _inlast(hand: Mus, varld: Varld) -> None:
    _las_in("insatser", "Budget", "insats;ar;planerat_antal\n{v.oppen.nyckel};2024;12\n")(hand, varld)
    hand.tryck("Läs in")
    expect(hand.sida.get_by_role("heading", name="Inläsningen är klar")).to_be_visible()


def _byt_losenord_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/konto/losenord/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _valj_losenord(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(tjanster.lank(varld.utan_roll))


def _foreslagen(varld: Varld) -> Gallring:
    """En gallring som väntar, med något att gallra."""
    with transaction.atomic():
        insats = fabriker.insats(fabriker.organisation(startdatum=date(2010, 1, 1)), startdatum=date(2010, 1, 1))
        konto = fabriker.deltagaransvarig(insats)
        gammalt = fabriker.inregistrera(insats, konto, inregistrering=date(2012, 1, 1))
        utregistrera(
            deltagande=gammalt, version=gammalt.version, utregistrering=date(2012, 6, 1),
            avslutningsanledning="fullfoljd", efter={}, av=konto,
        )  # fmt: skip
        if Gallring.objects.filter(oppen=True).exists():
            return Gallring.objects.get(oppen=True)
        satt_sammanhang(fabriker.anvandare(Roll.SYSTEMADMINISTRATOR))
        return Gallring.objects.get(pk=gallring.foresla())


def _foresla_gallring(hand: Mus, varld: Varld) -> None:
    en = _foreslagen(varld)
    with transaction.atomic():
        satt_sammanhang(en.foreslagen_av)
        gallring.avbryt(en)
    hand.sida.goto("/administration/gallring/ny/")
    expect(hand.sida.get_by_role("button", name="Föreslå gallring")).to_be_visible()


def _egen_gallring(hand: Mus, varld: Varld) -> None:
    _foresla_gallring(hand, varld)
    hand.tryck("Föreslå gallring")
    expect(hand.sida.get_by_text("Du har själv föreslagit gallringen.")).to_be_visible()
    with transaction.atomic():
        satt_sammanhang(varld.systemadministrator)
        gallring.avbryt(Gallring.objects.get(oppen=True))


def _gallring_att_godkanna(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/administration/gallring/{_foreslagen(varld).pk}/")
    expect(hand.sida.get_by_role("button", name="Godkänn och gallra")).to_be_visible()


def _utford_gallring(hand: Mus, varld: Varld) -> None:
    _gallring_att_godkanna(hand, varld)
    hand.tryck("Godkänn och gallra")
    expect(hand.sida.get_by_role("link", name="Hämta intyget (PDF)")).to_be_visible()


def _gallringsregel_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/administration/gallring/regel/identitet/")
    hand.skriv("Antal år", "100")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _registerutdrag(hand: Mus, varld: Varld) -> None:
    deltagande = Deltagande.objects.using("agare").filter(insats=varld.last, avidentifierat=False).first()
    hand.sida.goto(f"/deltagare/{deltagande.pk}/registerutdrag/")
    expect(hand.sida.get_by_role("button", name="Hämta som PDF")).to_be_visible()


def _deltagandets_historik(hand: Mus, varld: Varld) -> None:
    _hamtad(hand, varld)
    hand.folj("Historik")
    expect(hand.sida).to_have_title("Deltagandets historik – SUS")


def _andrad_insats(hand: Mus, varld: Varld) -> None:
    Insats.objects.filter(pk=varld.last.pk).update(beskrivning="En ny beskrivning.", slutdatum=None)
    hand.sida.goto(f"/insatser/{varld.last.pk}/historik/")
    expect(hand.sida.get_by_text("En ny beskrivning.")).to_be_visible()


def _manaden_fore(varld: Varld) -> date:
    """Förra månaden har tre läsningar av en person, och organisationens första konto är så gammalt."""
    manad = (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)
    dag = datetime(manad.year, manad.month, 5, 14, 30, tzinfo=timezone.get_current_timezone())
    Anvandare.objects.filter(pk=varld.bestallare.pk).update(skapad_vid=dag)
    konto = varld.deltagaransvarig
    uppdrag = Uppdrag.objects.get(behorighet__anvandare=konto, insats=varld.last)
    for person in (1, 2, 3):
        Handelse.objects.create(
            tid=dag,
            av_id=konto.pk,
            uppdrag_id=uppdrag.pk,
            typ="person_visad",
            insats_id=varld.last.pk,
            person_id=person,
        )
    return manad


def _dra_urval(hand: Mus, varld: Varld) -> None:
    _manaden_fore(varld)
    hand.sida.goto("/loggkontroll/")
    expect(hand.knapp("Dra urval")).to_be_visible()


def _granska(hand: Mus, varld: Varld) -> None:
    _dra_urval(hand, varld)
    hand.tryck("Dra urval")
    expect(hand.sida.get_by_role("heading", level=1)).to_contain_text("Loggkontroll för")


def _granska_med_fel(hand: Mus, varld: Varld) -> None:
    kontroll = Loggkontroll.objects.filter(organisation=varld.bestallare.arbetsgivare).first()
    if kontroll:
        hand.sida.goto(f"/loggkontroll/{kontroll.pk}/")
    else:
        _granska(hand, varld)
    hand.sida.get_by_text("Följ upp", exact=True).first.click()
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _granskad(hand: Mus, varld: Varld) -> None:
    _granska_med_fel(hand, varld)
    hand.sida.get_by_label("Kommentar").first.fill("Fråga varför.")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("1 händelse är granskad.")).to_be_visible()


def _fragor(varld: Varld) -> list[Fraga]:
    """En fråga av varje slag, den första med svar och en avslutad."""
    if not Fraga.objects.exists():
        for typ in Svarstyp:
            fabriker.fraga(varld.org, typ.value, namn=typ.label, text=f"Vad svarar deltagaren ({typ.label.lower()})?")
        fabriker.fraga(varld.org, namn="Avslutad", till=date(2024, 1, 1))
        insats = fabriker.insats(varld.org)
        with transaction.atomic():
            svar = [(Fraga.objects.i_ordning()[0], "Bra")]
            fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats), svar=svar)
    return list(Fraga.objects.i_ordning())


def _fragelista(hand: Mus, varld: Varld) -> None:
    _fragor(varld)
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/fragor/")
    hand.oppna_lada("Avslutade")
    expect(hand.sida.get_by_role("region", name="Avslutade frågor")).to_be_visible()


def _fraga_flyttad(hand: Mus, varld: Varld) -> None:
    _fragor(varld)
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/fragor/")
    hand.sida.get_by_role("button", name=re.compile("^Ned")).first.click()
    expect(hand.sida.get_by_text(re.compile("står på plats 2 av"))).to_be_visible()


def _fraga_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/fragor/ny/")
    expect(hand.falt("Alternativ")).to_be_hidden()
    hand.kryssa("En av flera")
    expect(hand.falt("Alternativ")).to_be_visible()
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _fraga_sidan(namn: str, *, har_svar: bool = False) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        fragor = _fragor(varld)
        besvarad = min(fragor, key=lambda fraga: fraga.pk)
        fraga = besvarad if har_svar else next(en for en in fragor if en != besvarad)
        hand.sida.goto(f"/fragor/{fraga.pk}/{namn}/")

    return ga


def _forhandsgranska(hand: Mus, varld: Varld) -> None:
    _fragor(varld)
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/fragor/forhandsgranska/")
    expect(hand.sida.get_by_role("region", name="Kompletterande frågor")).to_have_count(2)


def _inregistrering_med_fragor(hand: Mus, varld: Varld) -> None:
    fragor = _fragor(varld)
    hand.sida.goto("/deltagare/registrera/")
    hand.valj("Insats", varld.oppen.namn)
    expect(hand.sida.get_by_role("region", name="Kompletterande frågor")).to_be_visible()
    tal = next(fraga for fraga in fragor if fraga.svarstyp == Svarstyp.TAL)
    hand.skriv(tal.text, "många")
    hand.tryck("Spara")
    expect(hand.sida.get_by_role("region", name="Kompletterande frågor").get_by_text("Ange ett tal")).to_be_visible()


def _med_finansiar(varld: Varld) -> Organisation:
    """Försäkringskassan finansierar, och årets budget har en rad av varje slag."""
    part = varld.bestallare.arbetsgivare
    with transaction.atomic():
        IngaendeOrganisation.objects.get_or_create(
            samverkansorganisation=varld.org, organisation=part, defaults={"finansierar": True, "deltar": True}
        )
        budget, ny = Organisationsbudget.objects.get_or_create(samverkansorganisation=varld.org, ar=IDAG.year)
        if ny:
            budget.finansieringsposter.create(rad=1, organisation=part, belopp=1_250_000, beskrivning="Eget kapital")
            budget.administrativa_kostnader.create(rad=1, kostnadstyp="personal", budget=800_000, utfall=-5_000)
            Budgetpost.objects.create(
                insats=varld.oppen, ar=IDAG.year, rad=77, budgettyp="insatskostnad", budget=400_000, utfall=None
            )
    return part


def _organisationens(sida: str) -> Callable[[Mus, Varld], None]:
    """En sida om samverkansorganisationen, när den har en finansiär och en budget."""

    def ga(hand: Mus, varld: Varld) -> None:
        part = _med_finansiar(varld)
        hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/{sida.format(part=part.pk, ar=IDAG.year)}")

    return ga


def _kontorets(sida: str) -> Callable[[Mus, Varld], None]:
    """En sida om ett kontor i Af/FK-samarbetet: insatsen, dess organisation, eller att välja insatsansvarig."""

    def ga(hand: Mus, varld: Varld) -> None:
        kontor = Insats.objects.filter(samverkansform=Samverkansform.AF).first() or _nytt_kontor(varld)
        adresser = {"insats": kontor.get_absolute_url(), "valj": f"/uppdrag/valj/kontor/{kontor.pk}/"}
        hand.sida.goto(adresser.get(sida, kontor.samverkansorganisation.get_absolute_url()))

    return ga


def _nytt_kontor(varld: Varld) -> Insats:
    org = fabriker.organisation(namn="Af/FK Dalarna", samverkansform=Samverkansform.AF)
    fabriker.uppdrag(varld.samverkansadministrator, Roll.SAMVERKANSADMINISTRATOR, org)
    tom = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
    kontor = fabriker.insats(org, namn="Kontoret i Älvdalen", **tom)
    fabriker.uppdrag(varld.insatsansvarig, Roll.INSATSANSVARIG, kontor)
    fabriker.uppdrag(varld.deltagaransvarig, Roll.DELTAGARANSVARIG, kontor)
    return kontor


def _andra_organisation_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/samverkansorganisationer/{varld.org.pk}/andra/")
    hand.skriv("Postnummer", "1")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _part_med_fel(hand: Mus, varld: Varld) -> None:
    _organisationens("ingaende/{part}/")(hand, varld)
    hand.sida.get_by_text("Finansierar", exact=True).click()
    hand.sida.get_by_text("Deltar", exact=True).click()
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _budgetrad_med_fel(hand: Mus, varld: Varld) -> None:
    _organisationens("budget/{ar}/andra/")(hand, varld)
    hand.tryck("Lägg till kostnad")
    hand.sida.get_by_label("Utfall", exact=True).last.fill("1,5")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _organisationsbudget_krock(hand: Mus, varld: Varld) -> None:
    _organisationens("budget/{ar}/andra/")(hand, varld)
    Organisationsbudget.objects.filter(ar=IDAG.year).update(version=F("version") + 1)
    hand.sida.get_by_label("Finansiering", exact=True).first.fill("99")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Det här skiljer.")).to_be_visible()


def _konto_med_app() -> tuple[Anvandare, str]:
    konto = fabriker.anvandare(Roll.SUS_RAPPORT, fornamn="Tova", efternamn="Steg", password=LOSENORD)
    return konto, med_app(konto)


def _till_andra_steget(hand: Mus, konto: Anvandare) -> None:
    hand.sida.goto("/logga-in/")
    hand.skriv("Användarnamn", konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    expect(hand.sida).to_have_title("Andra steget – SUS")


def _andra_steget(hand: Mus, varld: Varld) -> None:
    _till_andra_steget(hand, _konto_med_app()[0])


def _andra_steget_med_fel(hand: Mus, varld: Varld) -> None:
    _andra_steget(hand, varld)
    hand.skriv("Kod", "abc")
    hand.tryck("Logga in")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _andra_steget_med_det_inskickade(hand: Mus, varld: Varld) -> None:
    konto, _ = _konto_med_app()
    _utloggad(hand, varld)
    hand.skriv("Användarnamn", konto.username)
    hand.skriv("Lösenord", LOSENORD)
    hand.tryck("Logga in")
    expect(hand.sida.get_by_text("Ett steg kvar")).to_be_visible()


def _bekrafta_med_kod(hand: Mus, varld: Varld) -> None:
    konto, hemlighet = _konto_med_app()
    _till_andra_steget(hand, konto)
    hand.skriv("Kod", kod(hemlighet))
    hand.tryck("Logga in")
    expect(hand.sida.get_by_role("heading", level=1)).not_to_have_text("Andra steget")
    hand.sida.goto("/konto/bekrafta/")


def _med_eid(gor: Callable[[Mus, Varld], None]) -> Callable[[Mus, Varld], None]:
    def med(hand: Mus, varld: Varld) -> None:
        with override_settings(OIDC=eid_installning("http://127.0.0.1:9")):
            gor(hand, varld)

    return med


def _bekraftad(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(adress)
        hand.skriv("Lösenord", LOSENORD)
        hand.tryck("Fortsätt")
        expect(hand.sida).not_to_have_title(re.compile("Bekräfta"))

    return ga


def _bekrafta_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/konto/bekrafta/")
    hand.tryck("Fortsätt")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _app_med_fel(hand: Mus, varld: Varld) -> None:
    _bekraftad("/konto/tva-steg/app/")(hand, varld)
    hand.skriv("Kod ur appen", "000")
    hand.tryck("Lägg till appen")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _inne_med_app(hand: Mus) -> Anvandare:
    konto, hemlighet = _konto_med_app()
    _till_andra_steget(hand, konto)
    hand.skriv("Kod", kod(hemlighet))
    hand.tryck("Logga in")
    expect(hand.sida.get_by_role("heading", level=1)).not_to_have_text("Andra steget")
    Authenticator.objects.create(user=konto, type="webauthn", data={"name": "Blå nyckeln", "credential": {}})
    return konto


def _inne(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        konto = _inne_med_app(hand)
        nyckel = Authenticator.objects.get(user=konto, type="webauthn")
        hand.sida.goto(adress.format(nyckel=nyckel.pk))

    return ga


def _reservkoder(hand: Mus, varld: Varld) -> None:
    _inne("/konto/tva-steg/reservkoder/nya/")(hand, varld)
    hand.tryck("Skapa nya reservkoder")
    expect(hand.sida.get_by_text("Koderna visas bara nu")).to_be_visible()


def _ta_bort_nekad(hand: Mus, varld: Varld) -> None:
    konto = _inne_med_app(hand)
    Authenticator.objects.filter(user=konto, type="webauthn").delete()
    fabriker.behorighet(konto, Roll.BESTALLARE)
    with override_settings(TVA_STEG=True):
        hand.sida.goto(f"/konto/tva-steg/{Authenticator.objects.get(user=konto, type='totp').pk}/ta-bort/")
        hand.tryck("Ta bort")
        expect(hand.sida.get_by_text("Lägg till ett annat sätt först")).to_be_visible()


def _kravs(hand: Mus, varld: Varld) -> None:
    with override_settings(TVA_STEG=True):
        hand.sida.goto("/")
        expect(hand.sida).to_have_title("Tvåstegsinloggning – SUS")


def _skickat_utan_steg(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/anvandare/bestall/")
    with override_settings(TVA_STEG=True):
        hand.tryck("Spara")
        expect(hand.sida).to_have_title("Du behöver tvåstegsinloggning – SUS")


def _for_manga(hand: Mus, varld: Varld) -> None:
    for _ in range(30):
        hand.sida.request.get("/rapporter/insats/?format=csv")
    hand.sida.goto("/rapporter/insats/?format=csv")


def _hos_kontoret(varld: Varld) -> int:
    """Ett kontor där den deltagaransvariga har uppdrag, med en som väntar och en som är avslutad."""
    with transaction.atomic():
        af, fk = fabriker.kontor(Samverkansform.AF), fabriker.kontor(Samverkansform.FK)
        konto = varld.deltagaransvarig
        fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, fk)
        dag = IDAG - timedelta(days=80)
        fabriker.samarbete(af, fk, konto, datum=dag)
        vagen = ((Insatstyp.GEMENSAM_KARTLAGGNING, 20), (Insatstyp.AVBRUTET, 50))
        return fabriker.samarbete(af, fk, konto, *vagen, datum=dag).pk


def _kontorets(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(adress.format(samarbete=_hos_kontoret(varld)))

    return ga


def _det_som_pagar(varld: Varld) -> int:
    _hos_kontoret(varld)
    with transaction.atomic():
        satt_sammanhang(varld.deltagaransvarig)
        return Samarbete.objects.filter(slut=None).latest("pk").pk


def _pagaende(sida: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(f"/af-fk/{_det_som_pagar(varld)}/{sida}")

    return ga


def _bytt_kontor(hand: Mus, varld: Varld) -> None:
    pk = _det_som_pagar(varld)
    with transaction.atomic():
        satt_sammanhang(varld.deltagaransvarig)
        ett = Samarbete.objects.get(pk=pk)
        byt_kontor(
            samarbete=ett,
            version=ett.version,
            datum=IDAG,
            till={Myndighet.AF: fabriker.kontor(Samverkansform.AF), Myndighet.FK: ett.fk_kontor},
            kontor=ett.fk_kontor,
            av=varld.deltagaransvarig,
        )
    hand.sida.goto(f"/af-fk/{pk}/byt-kontor/angra/")


def _samarbetets_nummerbyte(hand: Mus, varld: Varld) -> None:
    with transaction.atomic():
        af, fk = fabriker.kontor(Samverkansform.AF), fabriker.kontor(Samverkansform.FK)
        fabriker.uppdrag(varld.deltagaransvarig, Roll.DELTAGARANSVARIG, fk)
        samordning = tolka(fabriker.personnummer("19770470"), idag=IDAG)
        pk = fabriker.samarbete(af, fk, varld.deltagaransvarig, nummer=samordning).pk
    hand.sida.goto(f"/af-fk/{pk}/byt-nummer/")


def _medverkan_med_fel(hand: Mus, varld: Varld) -> None:
    _kontorets("/af-fk/registrera/")(hand, varld)
    hand.tryck("Spara och fortsätt")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _overgang_med_fel(hand: Mus, varld: Varld) -> None:
    _pagaende("overgang/")(hand, varld)
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _overgang_avbrutet(hand: Mus, varld: Varld) -> None:
    _pagaende("overgang/?till=avbrutet")(hand, varld)
    hand.kryssa("Samtycket återtas", grupp="Orsak")


def _uppgifter_krock(hand: Mus, varld: Varld) -> None:
    pk = _det_som_pagar(varld)
    hand.sida.goto(f"/af-fk/{pk}/uppgifter/fore/")
    with transaction.atomic():
        satt_sammanhang(varld.deltagaransvarig)
        Samarbetsuppgift.objects.create(samarbete_id=pk, tillfalle="fore", anstalld=True)
    hand.kryssa("Nej", grupp="Anställd")
    hand.tryck("Spara")
    expect(hand.sida.get_by_text("Det här skiljer.")).to_be_visible()


def _ruta_i_matrisen(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/administration/overgangar/{Overgangsregel.objects.get(fran='begaran', till='avslutat').pk}/")


def _ruta_som_alltid_ar_oppen(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(f"/administration/overgangar/{Overgangsregel.objects.get(fran='begaran', till='avbrutet').pk}/")


def _kontorets_sida(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        with transaction.atomic():
            pk = fabriker.kontor(Samverkansform.FK, omrade="Syd").pk
        hand.sida.goto(adress.format(pk=pk))

    return ga


def _kontor_med_fel(hand: Mus, varld: Varld) -> None:
    _kontorets_sida("/administration/kontor/ny/")(hand, varld)
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _avsluta_kontor(hand: Mus, varld: Varld) -> None:
    with transaction.atomic():
        kontor = fabriker.kontor(Samverkansform.FK)
        fabriker.uppdrag(varld.insatsansvarig, Roll.INSATSANSVARIG, kontor)
    hand.sida.goto(f"/insatser/{kontor.pk}/avsluta/")


def _pa(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(adress.format(v=varld))

    return ga


# läge: (vem, vad som görs)
LAGEN: Final = {
    "inloggning": ("", _pa("/logga-in/")),
    "inloggning med fel": ("", _inloggningsfel),
    "inloggning med e-legitimation": ("", _med_eid(_pa("/logga-in/?next=/insatser/"))),
    "e-legitimation nekad": ("", _med_eid(_pa("/logga-in/e-legitimation/svar/?error=access_denied"))),
    "andra steget": ("", _andra_steget),
    "andra steget med fel": ("", _andra_steget_med_fel),
    "andra steget med det inskickade": ("insatsansvarig", _andra_steget_med_det_inskickade),
    "tvåstegsinloggning krävs": ("deltagaransvarig", _kravs),
    "skickat utan andra steg": ("bestallare", _skickat_utan_steg),
    "tvåstegsinloggning utan": ("rapport", _pa("/konto/tva-steg/")),
    "tvåstegsinloggning med": ("", _inne("/konto/tva-steg/")),
    "bekräfta": ("rapport", _pa("/konto/bekrafta/")),
    "bekräfta med fel": ("rapport", _bekrafta_med_fel),
    "bekräfta med kod": ("", _bekrafta_med_kod),
    "lägg till app": ("rapport", _bekraftad("/konto/tva-steg/app/")),
    "lägg till app med fel": ("rapport", _app_med_fel),
    "lägg till nyckel": ("rapport", _bekraftad("/konto/tva-steg/nyckel/")),
    "byt namn på nyckel": ("", _inne("/konto/tva-steg/{nyckel}/namn/")),
    "ta bort nyckel": ("", _inne("/konto/tva-steg/{nyckel}/ta-bort/")),
    "ta bort nekad": ("", _ta_bort_nekad),
    "reservkoder": ("", _reservkoder),
    "reservkoder redan visade": ("", _inne("/konto/tva-steg/reservkoder/")),
    "nya reservkoder": ("", _inne("/konto/tva-steg/reservkoder/nya/")),
    "utloggad": ("insatsansvarig", _utloggad),
    "utloggad med e-legitimation": ("insatsansvarig", _med_eid(_utloggad)),
    "inloggad igen": ("insatsansvarig", _inloggad_igen),
    "start insatsansvarig": ("insatsansvarig", _pa("/")),
    "start deltagaransvarig": ("deltagaransvarig", _pa("/")),
    "start rapport": ("rapport", _pa("/")),
    "start beställare": ("bestallare", _pa("/")),
    "start utan uppdrag": ("utan_uppdrag", _pa("/")),
    "konto öppet": ("rapport", _menyn_oppen),
    "utan behörighet": ("utan_roll", _pa("/")),
    "lista": ("insatsansvarig", _pa("/insatser/")),
    "lista tom": ("insatsansvarig", _tom_sokning),
    "insats": ("insatsansvarig", _pa("/insatser/{v.oppen.pk}/")),
    "insats låst": ("deltagaransvarig", _pa("/insatser/{v.last.pk}/")),
    "kontor": ("samverkansadministrator", _kontorets("insats")),
    "kontor för deltagaransvarig": ("deltagaransvarig", _kontorets("insats")),
    "kontorets organisation": ("samverkansadministrator", _kontorets("organisation")),
    "välj insatsansvarig för kontor": ("samverkansadministrator", _kontorets("valj")),
    "registrera insats": ("insatsansvarig", _pa("/insatser/ny/")),
    "registrera insats med fel": ("insatsansvarig", _insats_med_fel),
    "registrera insats med val": ("insatsansvarig", _insats_med_val),
    "ändra": ("insatsansvarig", _pa("/insatser/{v.oppen.pk}/andra/")),
    "ändra låst": ("insatsansvarig", _pa("/insatser/{v.last.pk}/andra/")),
    "ändra krock": ("insatsansvarig", _insats_krock),
    "registrera insats varnar": ("insatsansvarig", _insats_varnar),
    "lista med kolumner och urval": ("insatsansvarig", _lista_allt_oppet),
    "kategorier": ("rapport", _pa("/insatser/kategorier/")),
    "kopiera insats": ("insatsansvarig", _pa("/insatser/{v.oppen.pk}/kopiera/")),
    "avsluta insats": ("insatsansvarig", _pa("/insatser/{v.last.pk}/avsluta/")),
    "avsluta insats med fel": ("insatsansvarig", _avsluta_insats_med_fel),
    "ta bort insats": ("insatsansvarig", _pa("/insatser/{v.oppen.pk}/ta-bort/")),
    "ta bort insats går inte": ("insatsansvarig", _pa("/insatser/{v.last.pk}/ta-bort/")),
    "insatsbudget tom": ("rapport", _pa("/insatser/{v.oppen.pk}/budget/")),
    "insatsbudget": ("insatsansvarig", _budget_sparad),
    "insatsbudget volym": ("insatsansvarig", _pa("/insatser/{v.volym.pk}/budget/")),
    "insatsbudget ändras": ("insatsansvarig", _budget_med_rader),
    "insatsbudget med fel": ("insatsansvarig", _budget_med_fel),
    "insatsbudget, ta bort rader": ("insatsansvarig", _ta_bort_budgetrader),
    "insatsbudget, inga rader att ta bort": (
        "insatsansvarig",
        _pa(f"/insatser/{{v.oppen.pk}}/budget/{IDAG.year}/ta-bort/"),
    ),
    "antal": ("insatsansvarig", _pa("/deltagare/antal/{v.volym.pk}/")),
    "antal med fel": ("insatsansvarig", _antal_fel),
    "inregistrering": ("deltagaransvarig", _hjalp),
    "inregistrering med fel": ("deltagaransvarig", _inregistrering_med_fel),
    "hämtad ur folkbokföringen": ("deltagaransvarig", _folkbokford_i_stockholm),
    "hämtad ur folkbokföringen, fel": ("deltagaransvarig", _ur_folkbokforingen_med_fel),
    "hämtad, skyddade personuppgifter": ("deltagaransvarig", _folkbokford_med_skydd),
    "mättillfälle": ("deltagaransvarig", _mattillfalle),
    "krock med en senare period": ("deltagaransvarig", _krock_med_perioden),
    "redan utregistrerad": ("deltagaransvarig", _redan_utregistrerad),
    "utregistrering": ("deltagaransvarig", _utregistrering),
    "hämta med fel": ("deltagaransvarig", _hamta_med_fel),
    "hämtad": ("deltagaransvarig", _hamtad),
    "utregistrering med fel": ("deltagaransvarig", _utregistrering_med_fel),
    "registreringen": ("deltagaransvarig", _registreringen("")),
    "registreringen, personnumret visat": ("deltagaransvarig", _personnumret_visat),
    "registreringen, avslutad": ("deltagaransvarig", _registreringen("", utregistrerad=True)),
    "rätta inregistreringen": ("deltagaransvarig", _registreringen("ratta/")),
    "rätta inregistreringen med fel": ("deltagaransvarig", _ratta_med_fel),
    "rätta utregistreringen": ("deltagaransvarig", _registreringen("ratta/?tillfalle=ut", utregistrerad=True)),
    "utregistrera på registreringens sida": ("deltagaransvarig", _registreringen("utregistrera/")),
    "ångra utregistreringen": ("deltagaransvarig", _registreringen("angra-utregistrering/", utregistrerad=True)),
    "ångra går inte": ("deltagaransvarig", _registreringen("angra-utregistrering/")),
    "återta samtycke": ("deltagaransvarig", _registreringen("aterta-samtycke/")),
    "skyddade personuppgifter": ("deltagaransvarig", _registreringen("skyddade-personuppgifter/")),
    "byt nummer": ("deltagaransvarig", _registreringen("byt-nummer/", samordning=True)),
    "registrera utan uppdrag": ("utan_uppdrag", _pa("/deltagare/registrera/")),
    "visa deltagare": ("deltagaransvarig", _deltagarlista),
    "visa deltagare med numret visat": ("deltagaransvarig", _deltagarlista_med_numret),
    "visa deltagare med fel": ("deltagaransvarig", _deltagarlista_med_fel),
    "visa deltagare utan vald insats": ("deltagaransvarig", _pa("/deltagare/")),
    "visa deltagare utan träffar": ("deltagaransvarig", _pa("/deltagare/?insats={v.oppen.pk}")),
    "visa deltagare utan uppdrag": ("utan_uppdrag", _pa("/deltagare/")),
    "hämta deltagare som fil": ("deltagaransvarig", _deltagarfil_med_fel),
    "historik enskild deltagare": ("deltagaransvarig", _enskild_deltagare),
    "historik enskild deltagare utan träff": ("deltagaransvarig", _enskild_som_inte_finns),
    "visa deltagare hos kontoret": ("deltagaransvarig", _kontorets("/af-fk/?status=alla")),
    "visa deltagare hos kontoret utan träffar": ("deltagaransvarig", _kontorets("/af-fk/?form=aktiv")),
    "visa deltagare hos kontoret utan uppdrag": ("utan_uppdrag", _pa("/af-fk/")),
    "hämta kontorets deltagare som fil": ("deltagaransvarig", _kontorets("/af-fk/export/")),
    "samarbete": ("deltagaransvarig", _kontorets("/af-fk/{samarbete}/")),
    "samarbete som pågår": ("deltagaransvarig", _pagaende("")),
    "registrera medverkan": ("deltagaransvarig", _kontorets("/af-fk/registrera/")),
    "registrera medverkan med fel": ("deltagaransvarig", _medverkan_med_fel),
    "registrera medverkan utan uppdrag": ("utan_uppdrag", _pa("/af-fk/registrera/")),
    "registrera övergång": ("deltagaransvarig", _pagaende("overgang/")),
    "registrera övergång med fel": ("deltagaransvarig", _overgang_med_fel),
    "övergång avbrutet": ("deltagaransvarig", _overgang_avbrutet),
    "registrera övergång i ett avslutat": ("deltagaransvarig", _kontorets("/af-fk/{samarbete}/overgang/")),
    "samarbetets uppgifter": ("deltagaransvarig", _pagaende("uppgifter/fore/")),
    "samarbetets uppgifter med krock": ("deltagaransvarig", _uppgifter_krock),
    "byt kontor": ("deltagaransvarig", _pagaende("byt-kontor/")),
    "ångra byte av kontor": ("deltagaransvarig", _bytt_kontor),
    "ångra byte av kontor utan byte": ("deltagaransvarig", _pagaende("byt-kontor/angra/")),
    "rätta begäran": ("deltagaransvarig", _pagaende("begaran/")),
    "byt nummer i ett samarbete": ("deltagaransvarig", _samarbetets_nummerbyte),
    "registerutdrag ur ett samarbete": ("deltagaransvarig", _pagaende("registerutdrag/")),
    "ångra övergång": ("deltagaransvarig", _kontorets("/af-fk/{samarbete}/angra/")),
    "ångra begäran": ("deltagaransvarig", _pagaende("angra/")),
    "återta samtycket i ett samarbete": ("deltagaransvarig", _pagaende("aterta-samtycke/")),
    "skydd i ett samarbete": ("deltagaransvarig", _pagaende("skyddade-personuppgifter/")),
    "lista över kontor": ("systemadministrator", _kontorets_sida("/administration/kontor/")),
    "kontor utan organisationer": ("systemadministrator", _pa("/administration/kontor/?q=finns-inte")),
    "registrera kontor med fel": ("systemadministrator", _kontor_med_fel),
    "ändra kontor": ("systemadministrator", _kontorets_sida("/administration/kontor/{pk}/")),
    "kontorets sida": ("systemadministrator", _kontorets_sida("/insatser/{pk}/")),
    "avsluta kontor": ("insatsansvarig", _avsluta_kontor),
    "övergångsmatrisen": ("systemadministrator", _pa("/administration/overgangar/")),
    "ändra övergång": ("systemadministrator", _ruta_i_matrisen),
    "ändra övergång alltid öppen": ("systemadministrator", _ruta_som_alltid_ar_oppen),
    "samtycken": ("deltagaransvarig", _pa("/deltagare/samtycken/?insats={v.last.pk}&visas=alla")),
    "samtycken med fel": ("deltagaransvarig", _samtycken_med_fel),
    "samtycken utan vald insats": ("deltagaransvarig", _pa("/deltagare/samtycken/")),
    "anonyma": ("deltagaransvarig", _pa("/deltagare/anonyma/")),
    "anonyma rader": ("deltagaransvarig", _anonyma_rader),
    "anonyma med fel": ("deltagaransvarig", _anonyma_fel),
    "ta bort": ("deltagaransvarig", _pa("/deltagare/anonyma/{v.last.pk}/ta-bort/")),
    "ta bort med fel": ("deltagaransvarig", _ta_bort_fel),
    "urval": ("rapport", _fler_urval),
    "urval med fel": ("rapport", _pa("/rapporter/insats/?fran=2025-13&till=&visa=1")),
    "urval avstängda val": ("rapport", _avstangda_val),
    "urval med sparade": ("insatsansvarig", _urval_med_sparade),
    "mina rapporter": ("rapport", _mina_rapporter),
    "mina rapporter tom": ("samverkansadministrator", _pa("/rapporter/mina/")),
    "rapport som väntar": ("rapport", _bestallning("vantar")),
    "rapport som görs": ("rapport", _bestallning("pagar")),
    "beställd rapport klar": ("rapport", _bestallning("klar")),
    "beställd rapport som inte blev gjord": ("rapport", _bestallning("misslyckad")),
    "besked om klar rapport": ("rapport", _ny_rapport),
    "sparade urval": ("insatsansvarig", _sparade_urval),
    "sparade urval tom": ("samverkansadministrator", _pa("/rapporter/sparade/")),
    "spara urval": ("rapport", _pa("/rapporter/sparade/nytt/?fran=2025-01&till=2025-12")),
    "spara urval med fel": ("rapport", _spara_urval_med_fel),
    "ändra sparat urval med krock": ("insatsansvarig", _andra_sparat_med_krock),
    "ändra sparat urval och det som inte finns": (
        "insatsansvarig",
        _andra_sparat_med_det_som_inte_finns("?fran=2025-01&till=2025-12&lan=12&jamfor=aret_fore&gruppera=lan"),
    ),
    "byt namn på sparat urval med det som inte finns": ("insatsansvarig", _andra_sparat_med_det_som_inte_finns("")),
    "rapport": ("rapport", _resultat),
    "rapport med tillval": ("rapport", _resultat_med_tillval),
    "ledtider urval": ("rapport", _pa("/rapporter/ledtider/")),
    "ledtider urval med fel": ("rapport", _pa("/rapporter/ledtider/?fran=2025-13&till=&kontor=x&jamfor=kontor&visa=1")),
    "ledtider": ("rapport", _ledtider),
    "ledtider jämförda": ("rapport", _ledtider_jamforda),
    "status": ("rapport", _status),
    "status tom": ("rapport", _pa("/rapporter/status/?fran=1991-01&till=1991-02&visa=1")),
    "övergångar": ("rapport", _overgangar),
    "övergångar tom": ("rapport", _pa("/rapporter/overgangar/?fran=1991-01&till=1991-02&visa=1")),
    "rapport tom": ("rapport", _pa("/rapporter/insats/?fran=1991-01&till=1991-02&visa=1")),
    "samverkansorganisationer": ("rapport", _pa("/samverkansorganisationer/")),
    "samverkansorganisationer med kolumner": ("samverkansadministrator", _organisationer_allt_oppet),
    "samverkansorganisationer tom": ("rapport", _pa("/samverkansorganisationer/?q=finns+inte")),
    "samverkansorganisation": ("samverkansadministrator", _uppdragens_panel),
    "alla användare": ("rapport", _pa("/samverkansorganisationer/{v.org.pk}/anvandare/")),
    "användares uppdrag": (
        "rapport",
        _pa("/samverkansorganisationer/{v.org.pk}/anvandare/{v.deltagaransvarig.pk}/"),
    ),
    "välj användare": (
        "samverkansadministrator",
        _pa("/uppdrag/valj/organisation/{v.org.pk}/insatsansvarig/"),
    ),
    "välj användare utan träff": ("insatsansvarig", _valj_utan_traff),
    "ge uppdrag med fel": ("insatsansvarig", _ge_med_fel),
    "avsluta uppdrag med fel": ("insatsansvarig", _avsluta_med_fel),
    "avsluta behörighet": ("bestallare", _avsluta_behorighet),
    "registrera samverkansorganisation": ("systemadministrator", _pa("/samverkansorganisationer/ny/")),
    "registrera samverkansorganisation med fel": ("systemadministrator", _organisation_med_fel),
    "samverkansorganisation med parter": ("samverkansadministrator", _organisationens("")),
    "ändra samverkansorganisation": ("samverkansadministrator", _organisationens("andra/")),
    "ändra samverkansorganisation med fel": ("samverkansadministrator", _andra_organisation_med_fel),
    "välj kommun": ("samverkansadministrator", _organisationens("omrade/")),
    "välj kommun sökt": ("samverkansadministrator", _organisationens("omrade/?lan=01")),
    "välj kommun utan träff": ("samverkansadministrator", _organisationens("omrade/?namn=finns-inte")),
    "välj organisation": ("samverkansadministrator", _organisationens("ingaende/")),
    "ingående organisation": ("samverkansadministrator", _organisationens("ingaende/{part}/")),
    "ingående organisation med fel": ("samverkansadministrator", _part_med_fel),
    "organisationens budget": ("rapport", _organisationens("budget/{ar}/")),
    "organisationens budget tom": ("samverkansadministrator", _organisationens("budget/2016/")),
    "ändra organisationens budget": ("samverkansadministrator", _organisationens("budget/{ar}/andra/")),
    "ändra organisationens budget tom": ("samverkansadministrator", _organisationens("budget/2016/andra/")),
    "ändra organisationens budget med fel": ("samverkansadministrator", _budgetrad_med_fel),
    "ändra organisationens budget krock": ("samverkansadministrator", _organisationsbudget_krock),
    "behörigheter": ("bestallare", _pa("/anvandare/")),
    "behörigheter tom": ("bestallare", _pa("/anvandare/?efternamn=finns-inte")),
    "behörigheter som slutar": ("bestallare", _pa("/anvandare/?slutar=30")),
    "genomgång": ("bestallare", _pa("/anvandare/genomgang/")),
    "genomgång med fel": ("bestallare", _genomgang_med_fel),
    "gjord genomgång": ("bestallare", _gjord_genomgang),
    "registerutdrag": ("deltagaransvarig", _registerutdrag),
    "gallring": ("systemadministrator", _pa("/administration/gallring/")),
    "ändra gallringsregel med fel": ("systemadministrator", _gallringsregel_med_fel),
    "föreslå gallring": ("systemadministrator", _foresla_gallring),
    "gallring man själv har föreslagit": ("systemadministrator", _egen_gallring),
    "gallring att godkänna": ("systemadministrator", _gallring_att_godkanna),
    "utförd gallring": ("systemadministrator", _utford_gallring),
    "kodverk": ("systemadministrator", _pa("/administration/kodverk/")),
    "ny kod": ("systemadministrator", _pa("/administration/kodverk/utbildning/ny/")),
    "ändra kod med fel": ("systemadministrator", _andra_kod),
    "nollställ tvåstegsinloggning": (
        "systemadministrator",
        _pa("/administration/anvandare/{v.deltagaransvarig.pk}/nollstall/"),
    ),
    "beställ behörighet": ("bestallare", _pa("/anvandare/bestall/")),
    "beställ behörighet med fel": ("bestallare", _bestallning_med_fel),
    "beställ behörighet åt någon": ("bestallare", _pa("/anvandare/{v.rapport.pk}/bestall/")),
    "länk": ("bestallare", _lank),
    "länk redan visad": ("bestallare", _pa("/anvandare/{v.rapport.pk}/lank/")),
    "ny länk": ("bestallare", _pa("/anvandare/{v.rapport.pk}/ny-lank/")),
    "organisationer": ("systemadministrator", _pa("/administration/organisationer/")),
    "organisationer tom": ("systemadministrator", _pa("/administration/organisationer/?q=finns-inte")),
    "organisation": (
        "systemadministrator",
        _pa("/administration/organisationer/{v.bestallare.arbetsgivare_id}/"),
    ),
    "registrera organisation": ("systemadministrator", _pa("/administration/organisationer/ny/")),
    "registrera organisation med fel": ("systemadministrator", _arbetsgivare_med_fel),
    "lägg till beställare": (
        "systemadministrator",
        _pa("/administration/organisationer/{v.bestallare.arbetsgivare_id}/bestallare/"),
    ),
    "avsluta beställare": ("systemadministrator", _avsluta_bestallare),
    "byt lösenord": ("utan_roll", _pa("/konto/losenord/")),
    "byt lösenord med fel": ("utan_roll", _byt_losenord_med_fel),
    "välj lösenord": ("", _valj_losenord),
    "länken gäller inte": ("", _pa("/valj-losenord/1/a-b/")),
    "historik insats": ("rapport", _andrad_insats),
    "historik samverkansorganisation": ("rapport", _pa("/samverkansorganisationer/{v.org.pk}/historik/")),
    "historik användare": ("bestallare", _pa("/anvandare/{v.deltagaransvarig.pk}/historik/")),
    "historik deltagande": ("deltagaransvarig", _deltagandets_historik),
    "åtkomstlogg": ("bestallare", _pa("/logg/")),
    "åtkomstlogg tom": ("bestallare", _pa("/logg/?anvandare=finns-inte")),
    "åtkomstlogg med fel": ("bestallare", _pa("/logg/?fran=2026-02-01&till=2026-01-01")),
    "loggkontroller": ("bestallare", _dra_urval),
    "loggkontroll": ("bestallare", _granska),
    "loggkontroll med fel": ("bestallare", _granska_med_fel),
    "loggkontroll granskad": ("bestallare", _granskad),
    "kompletterande frågor tom": (
        "samverkansadministrator",
        _pa("/samverkansorganisationer/{v.org.pk}/fragor/"),
    ),
    "kompletterande frågor": ("samverkansadministrator", _fragelista),
    "kompletterande fråga flyttad": ("samverkansadministrator", _fraga_flyttad),
    "ny fråga": ("samverkansadministrator", _pa("/samverkansorganisationer/{v.org.pk}/fragor/ny/")),
    "ny fråga med fel": ("samverkansadministrator", _fraga_med_fel),
    "ändra fråga": ("samverkansadministrator", _fraga_sidan("andra")),
    "ändra fråga med svar": ("samverkansadministrator", _fraga_sidan("andra", har_svar=True)),
    "avsluta fråga": ("samverkansadministrator", _fraga_sidan("avsluta")),
    "ta bort fråga": ("samverkansadministrator", _fraga_sidan("ta-bort")),
    "ta bort fråga med svar": ("samverkansadministrator", _fraga_sidan("ta-bort", har_svar=True)),
    "förhandsgranska frågorna": ("samverkansadministrator", _forhandsgranska),
    "inregistrering med frågor och fel": ("deltagaransvarig", _inregistrering_med_fragor),
    "läs in insatser": ("insatsansvarig", _pa("/las-in/insatser/")),
    "läs in med fel": ("insatsansvarig", _las_in_utan_fil),
    "läs in, mallen öppen": ("deltagaransvarig", _mallen_oppen),
    "läs in, filen granskas": ("insatsansvarig", _fil_granskas),
    "läs in, granskning med varning": (
        "insatsansvarig",
        _las_in("insatser", "Budget", "insats;ar;planerat_antal\n{v.oppen.nyckel};1995;12\n"),
    ),
    "läs in, granskning": (
        "insatsansvarig",
        _las_in("insatser", "Budget", "insats;ar;planerat_antal\n{v.oppen.nyckel};2023;12\n"),
    ),
    "läs in, granskning med fel": (
        "deltagaransvarig",
        _las_in("deltaganden", "Anonyma", "insats;ar;kon;antal\n{v.last.nyckel};2024;x;3\nFINNS-INTE;20;man;-1\n"),
    ),
    "läs in, fel i rubrikraden": (
        "insatsansvarig",
        _las_in("insatser", "Budget", "insats;ar;hittepa\n{v.oppen.nyckel};2024;12\n"),
    ),
    "läs in, rätta utan fil": ("insatsansvarig", _las_in_ratta_utan_fil),
    "läs in, kvitto": ("insatsansvarig", _inlast),
    "läs in, finns inte kvar": (
        "insatsansvarig",
        _pa("/las-in/insatser/00000000-0000-4000-8000-000000000000/"),
    ),
    "läs in utan uppdrag": ("utan_uppdrag", _pa("/las-in/deltaganden/")),
    "handbok": ("insatsansvarig", _pa("/hjalp/")),
    "handbokens kapitel": ("deltagaransvarig", _pa("/hjalp/deltagaransvarig/")),
    "tillgänglighetsredogörelse": ("", _pa("/hjalp/tillganglighet/")),
    "vem får vad": ("rapport", _pa("/hjalp/vem-far-vad/")),
    "för många anrop": ("bestallare", _for_manga),
    "403": ("rapport", _pa("/insatser/ny/")),
    "404": ("rapport", _pa("/finns-inte/")),
}


def _prova_med_axe(sida: Page, var: str) -> None:
    """Alla regler i ljust läge, och de som ser på färg i mörkt."""
    for tema, vilka in (("light", {"type": "tag", "values": TAGGAR}), ("dark", {"type": "rule", "values": FARGREGLER})):
        sida.emulate_media(color_scheme=tema)
        assert sida.evaluate(KOR_AXE, vilka) == [], f"{var}, {tema}"


def test_morkt_lage_byter_bara_farger():
    css = [fil.read_text(encoding="utf-8") for fil in (settings.BASE_DIR / "static").rglob("*.css")]
    block = [block for text in css for block in MORKT_BLOCK.findall(text)]
    stilar = [stil.strip() for ett in block for stil in ett.split(";") if stil.strip()]

    assert len(block) == sum(text.count("prefers-color-scheme") for text in css) > 0
    assert [stil for stil in stilar if not FARG.fullmatch(stil)] == []


def test_axe_har_inga_fler_regler_om_farg(oppna_delat: Callable[..., Page]):
    sida = oppna_delat()
    sida.goto("/logga-in/")
    sida.evaluate(AXE_SCRIPT)
    regler = sida.evaluate("taggar => axe.getRules(taggar).map(r => [r.ruleId, r.tags])", TAGGAR)
    assert {namn for namn, taggar in regler if "cat.color" in taggar} == set(FARGREGLER)


@pytest.mark.parametrize("lage", LAGEN)
def test_inga_brister(oppna_delat: Callable[..., Page], varld: Varld, lage: str):
    vem, gor = LAGEN[lage]
    sida = oppna_delat(getattr(varld, vem) if vem else None)
    gor(Mus(sida), varld)

    sida.wait_for_load_state()
    assert sida.locator("html").get_attribute("lang") == "sv"
    rubriker = sida.get_by_role("heading", level=1).all_inner_texts()
    assert [f"{rubrik} – SUS" for rubrik in rubriker] == [sida.title().removeprefix("Fel: ")]

    sida.evaluate(AXE_SCRIPT)
    for matt in (BRED, SMAL):
        sida.set_viewport_size({"width": matt[0], "height": matt[1]})
        _prova_med_axe(sida, f"{matt[0]} px")
    for bredd in (1280, 390, 320):
        sida.set_viewport_size({"width": bredd, "height": 800})
        assert sida.evaluate(OVERFLOD) <= 0, f"sidan rullar i sidled vid {bredd} px"


LISTOR = (
    "lista",
    "samverkansorganisationer",
    "organisationer",
    "behörigheter",
    "samverkansorganisation med parter",
    "visa deltagare",
    "visa deltagare hos kontoret",
    "samtycken",
)
OMKRING: Final = "[...document.querySelectorAll('.sus-scroll')].map(ruta => ruta.scrollWidth - ruta.clientWidth)"


@pytest.mark.parametrize("lage", LISTOR)
def test_listans_forvalda_kolumner_ryms(oppna: Callable[..., Page], varld: Varld, lage: str):
    vem, gor = LAGEN[lage]
    sida = oppna(getattr(varld, vem))
    gor(Mus(sida), varld)
    sida.wait_for_load_state()
    for matt in (BRED, SMAL):
        sida.set_viewport_size({"width": matt[0], "height": matt[1]})
        assert not any(sida.evaluate(OMKRING)), f"{matt[0]} px"


def test_menyn_pa_mobil(oppna: Callable[..., Page], varld: Varld):
    sida = oppna(varld.deltagaransvarig, matt=SMAL)
    sida.goto("/")
    meny = sida.get_by_role("navigation", name="Huvudmeny")
    expect(meny).to_be_hidden()

    sida.get_by_role("button", name="Meny").click()

    expect(meny).to_be_visible()
    sida.evaluate(AXE_SCRIPT)
    _prova_med_axe(sida, "390 px")

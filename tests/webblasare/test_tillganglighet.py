"""WCAG 2.0–2.2 A och AA med axe på varje sida och läge, bred och smal, ljus och mörk (P26)."""

import json
import re
from collections.abc import Callable
from typing import Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from behorighet import tjanster
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.hand import Mus
from tests.webblasare.varld import LOSENORD, Varld

REGLER: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
KOR_AXE: Final = f"""async () => (await axe.run(document, {json.dumps(REGLER)})).violations.map(
  v => `${{v.id}}: ${{v.nodes.map(n => n.target.join(' ') + ' ' + n.html.slice(0, 150)).join(' | ')}}`)"""
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


def _hjalp(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/registrera/")
    hand.sida.locator("summary", has_text="Hjälp om Datum för samtycke").click()
    hand.kryssa("Ja", grupp="Arbetar")


def _inregistrering_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/deltagare/registrera/")
    hand.kryssa("Ja", grupp="Arbetar")
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


def _byt_losenord_med_fel(hand: Mus, varld: Varld) -> None:
    hand.sida.goto("/konto/losenord/")
    hand.tryck("Spara")
    expect(hand.sida.locator("#felsammanfattning")).to_be_focused()


def _valj_losenord(hand: Mus, varld: Varld) -> None:
    hand.sida.goto(tjanster.lank(varld.utan_roll))


def _pa(adress: str) -> Callable[[Mus, Varld], None]:
    def ga(hand: Mus, varld: Varld) -> None:
        hand.sida.goto(adress.format(v=varld))

    return ga


# läge: (vem, vad som görs)
LAGEN: Final = {
    "inloggning": ("", _pa("/logga-in/")),
    "inloggning med fel": ("", _inloggningsfel),
    "utloggad": ("insatsansvarig", _utloggad),
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
    "registrera insats": ("insatsansvarig", _pa("/insatser/ny/")),
    "registrera insats med fel": ("insatsansvarig", _insats_med_fel),
    "registrera insats med val": ("insatsansvarig", _insats_med_val),
    "ändra": ("insatsansvarig", _pa("/insatser/{v.oppen.pk}/andra/")),
    "ändra låst": ("insatsansvarig", _pa("/insatser/{v.last.pk}/andra/")),
    "ändra krock": ("insatsansvarig", _insats_krock),
    "antal": ("insatsansvarig", _pa("/deltagare/antal/{v.volym.pk}/")),
    "antal med fel": ("insatsansvarig", _antal_fel),
    "inregistrering": ("deltagaransvarig", _hjalp),
    "inregistrering med fel": ("deltagaransvarig", _inregistrering_med_fel),
    "utregistrering": ("deltagaransvarig", _utregistrering),
    "hämta med fel": ("deltagaransvarig", _hamta_med_fel),
    "hämtad": ("deltagaransvarig", _hamtad),
    "utregistrering med fel": ("deltagaransvarig", _utregistrering_med_fel),
    "registrera utan uppdrag": ("utan_uppdrag", _pa("/deltagare/registrera/")),
    "anonyma": ("deltagaransvarig", _pa("/deltagare/anonyma/")),
    "anonyma rader": ("deltagaransvarig", _anonyma_rader),
    "anonyma med fel": ("deltagaransvarig", _anonyma_fel),
    "ta bort": ("deltagaransvarig", _pa("/deltagare/anonyma/{v.last.pk}/ta-bort/")),
    "ta bort med fel": ("deltagaransvarig", _ta_bort_fel),
    "urval": ("rapport", _fler_urval),
    "urval med fel": ("rapport", _pa("/rapporter/insats/?fran=2025-13&till=&visa=1")),
    "rapport": ("rapport", _resultat),
    "rapport tom": ("rapport", _pa("/rapporter/insats/?fran=1991-01&till=1991-02&visa=1")),
    "samverkansorganisationer": ("rapport", _pa("/samverkansorganisationer/")),
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
    "behörigheter": ("bestallare", _pa("/anvandare/")),
    "behörigheter tom": ("bestallare", _pa("/anvandare/?efternamn=finns-inte")),
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
    "403": ("rapport", _pa("/insatser/ny/")),
    "404": ("rapport", _pa("/finns-inte/")),
}


@pytest.mark.parametrize("lage", LAGEN)
def test_inga_brister(oppna: Callable[..., Page], varld: Varld, lage: str):
    vem, gor = LAGEN[lage]
    sida = oppna(getattr(varld, vem) if vem else None)
    gor(Mus(sida), varld)

    assert sida.locator("html").get_attribute("lang") == "sv"
    rubriker = sida.get_by_role("heading", level=1).all_inner_texts()
    assert [f"{rubrik} – SUS" for rubrik in rubriker] == [sida.title().removeprefix("Fel: ")]

    sida.evaluate(AXE_SCRIPT)
    for matt in (BRED, SMAL):
        sida.set_viewport_size({"width": matt[0], "height": matt[1]})
        for tema in ("light", "dark"):
            sida.emulate_media(color_scheme=tema)
            assert sida.evaluate(KOR_AXE) == [], f"{matt[0]} px, {tema}"
    for bredd in (1280, 390, 320):
        sida.set_viewport_size({"width": bredd, "height": 800})
        assert sida.evaluate(OVERFLOD) <= 0, f"sidan rullar i sidled vid {bredd} px"


def test_menyn_pa_mobil(oppna: Callable[..., Page], varld: Varld):
    sida = oppna(varld.deltagaransvarig, matt=SMAL)
    sida.goto("/")
    meny = sida.get_by_role("navigation", name="Huvudmeny")
    expect(meny).to_be_hidden()

    sida.get_by_role("button", name="Meny").click()

    expect(meny).to_be_visible()
    sida.evaluate(AXE_SCRIPT)
    for tema in ("light", "dark"):
        sida.emulate_media(color_scheme=tema)
        assert sida.evaluate(KOR_AXE) == [], tema

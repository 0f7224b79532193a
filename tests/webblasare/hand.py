"""Två sätt att göra samma sak på en sida: med mus, och med enbart tangentbord."""

import re

from playwright.sync_api import Download, Locator, Page, expect

# Fokus ska synas: FKUI:s fokusring eller webbläsarens egen, på elementet eller på dess etikett.
SYNS = """el => {
  const ring = document.createElement('div');
  ring.style.boxShadow = 'var(--f-focus-box-shadow)';
  document.body.append(ring);
  const skugga = getComputedStyle(ring).boxShadow;
  ring.remove();
  const etikett = el.labels && el.labels[0];
  const stilar = [getComputedStyle(el)];
  if (etikett) stilar.push(...[null, '::before', '::after'].map(del => getComputedStyle(etikett, del)));
  const ringar = stilar.some(s => s.boxShadow === skugga || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0
    && !/rgba?\\(.*, 0\\)|transparent/.test(s.outlineColor)));
  const [ruta, hojd] = [(etikett || el).getBoundingClientRect(), innerHeight];
  return { ringar, inom: ruta.bottom > 0 && ruta.top < hojd && ruta.width > 0, vad: el.outerHTML.slice(0, 120) };
}"""
AKTIV = "document.activeElement"


class Mus:
    """Fyller i, väljer och trycker som den som har mus."""

    def __init__(self, sida: Page) -> None:
        self.sida = sida

    def falt(self, etikett: str, *, grupp: str | None = None) -> Locator:
        """Inmatningen med etiketten, i gruppen om en sådan nämns."""
        fyllbara = self.sida.locator("input:not([type=checkbox], [type=radio]), select, textarea")
        plats = self.sida.get_by_role("group", name=grupp, exact=True) if grupp else self.sida
        return plats.get_by_label(re.compile(rf"^\s*{re.escape(etikett)}\s*(\(valfritt\))?\s*$")).and_(fyllbara)

    def val(self, etikett: str, *, grupp: str | None = None) -> Locator:
        """Kryssrutan eller radioknappen, i gruppen om en sådan nämns."""
        plats = self.sida.get_by_role("group", name=grupp) if grupp else self.sida
        return plats.get_by_label(etikett, exact=True)

    def knapp(self, namn: str) -> Locator:
        """Knappen i innehållet."""
        return self.sida.get_by_role("main").get_by_role("button", name=namn, exact=True)

    def lank(self, namn: str, i: Locator | None = None) -> Locator:
        """Länken, på hela sidan eller i en del av den."""
        return (i or self.sida).get_by_role("link", name=namn, exact=True)

    def skriv(self, etikett: str, text: str, *, grupp: str | None = None) -> None:
        """Skriver i fältet."""
        self.falt(etikett, grupp=grupp).fill(text)

    def valj(self, etikett: str, val: str, *, grupp: str | None = None) -> None:
        """Väljer i rullistan, som då har fokus."""
        falt = self.falt(etikett, grupp=grupp)
        falt.focus()
        falt.select_option(label=val)

    def kryssa(self, etikett: str, *, grupp: str | None = None) -> None:
        """Kryssar för eller väljer. FKUI ritar rutan på etiketten, så det är den man trycker på."""
        ruta = self.val(etikett, grupp=grupp)
        self.sida.locator(f"label[for={ruta.get_attribute('id')}]").click()
        expect(ruta).to_be_checked()

    def tryck(self, namn: str) -> None:
        """Trycker på knappen."""
        self.knapp(namn).click()

    def folj(self, namn: str, *, i: Locator | None = None) -> None:
        """Följer länken."""
        self.lank(namn, i).click()

    def oppna_lada(self, rubrik: str) -> None:
        """Öppnar ett details-element."""
        self.lada(rubrik).click()

    def oppna_menyn(self) -> None:
        """På mobil ligger huvudmenyn bakom en knapp; annars händer inget."""
        meny = self.sida.get_by_role("button", name="Meny")
        if meny.is_visible():
            meny.click()
            expect(meny).to_have_attribute("aria-expanded", "true")

    def lada(self, rubrik: str) -> Locator:
        """Rubriken på ett details-element."""
        return self.sida.locator("summary:not(nav summary)").filter(has_text=re.compile(rf"^\s*{re.escape(rubrik)}"))

    def logga_ut(self) -> None:
        """Genom menyn Konto."""
        self.oppna_lada("Konto")
        self.sida.get_by_role("button", name="Logga ut").click()

    def hamta(self, namn: str) -> Download:
        """Filen som länken ger."""
        with self.sida.expect_download() as hamtning:
            self.folj(namn)
        return hamtning.value


class Tangenter(Mus):
    """Samma saker, bara med tangenter. Varje stopp på vägen ska synas."""

    def till(self, mal: Locator) -> None:
        """Tabbar tills målet har fokus. Sidans första stopp, *Hoppa till innehållet*, används när målet ligger där."""
        mal.wait_for(state="attached")
        i_innehallet = mal.evaluate("el => el.closest('#innehall') !== null")
        for _ in range(150):
            if mal.evaluate(f"el => {AKTIV} === el"):
                return
            self.sida.keyboard.press("Tab")
            self._fokus_syns()
            if i_innehallet and self.sida.evaluate(f"{AKTIV}.getAttribute('href') === '#innehall'"):
                self.sida.keyboard.press("Enter")
        raise AssertionError(f"når inte {mal} med tangentbordet")

    def _fokus_syns(self) -> None:
        lage = self.sida.evaluate(f"({SYNS})({AKTIV})")
        if not lage["vad"].startswith("<body"):
            assert lage["ringar"], f"fokus syns inte på {lage['vad']}"
            assert lage["inom"], f"fokus är utanför fönstret på {lage['vad']}"

    def skriv(self, etikett: str, text: str, *, grupp: str | None = None) -> None:
        """Skriver i fältet, i stället för det som står där."""
        self.till(self.falt(etikett, grupp=grupp))
        self.sida.keyboard.press("Control+a")
        self.sida.keyboard.type(text)

    def valj(self, etikett: str, val: str, *, grupp: str | None = None) -> None:
        """Pilar till valet. Varje pil kan byta ut fältet, så läget läses om."""
        falt = self.falt(etikett, grupp=grupp)
        self.till(falt)
        for _ in range(40):
            if self._valt(falt) == val:
                return
            self.sida.keyboard.press("ArrowDown")
            expect(self.sida.locator(".htmx-request")).to_have_count(0)
            expect(falt).to_be_focused()
        # En lång lista söks med bokstäver
        self.sida.keyboard.type(val)
        assert self._valt(falt) == val

    @staticmethod
    def _valt(falt: Locator) -> str:
        return str(falt.evaluate("el => el.selectedOptions[0].label"))

    def kryssa(self, etikett: str, *, grupp: str | None = None) -> None:
        """Mellanslag på en kryssruta, pilar mellan radioknappar."""
        mal = self.val(etikett, grupp=grupp)
        if mal.get_attribute("type") == "radio":
            self._pila(mal)
        else:
            self.till(mal)
            self.sida.keyboard.press("Space")
        expect(mal).to_be_checked()

    def _pila(self, mal: Locator) -> None:
        namn = mal.get_attribute("name")
        for _ in range(150):
            if self.sida.evaluate(f"{AKTIV}.name") == namn:
                break
            self.sida.keyboard.press("Tab")
            self._fokus_syns()
        for _ in range(10):
            if mal.is_checked():
                return
            vid_malet = mal.evaluate(f"el => {AKTIV} === el")
            self.sida.keyboard.press("Space" if vid_malet else "ArrowDown")
            expect(self.sida.locator(".htmx-request")).to_have_count(0)

    def tryck(self, namn: str) -> None:
        """Retur på knappen."""
        self._retur(self.knapp(namn))

    def folj(self, namn: str, *, i: Locator | None = None) -> None:
        """Retur på länken."""
        self._retur(self.lank(namn, i))

    def oppna_lada(self, rubrik: str) -> None:
        """Retur på rubriken."""
        self._retur(self.lada(rubrik))

    def logga_ut(self) -> None:
        """Genom menyn Konto."""
        self.oppna_lada("Konto")
        self._retur(self.sida.get_by_role("button", name="Logga ut"))

    def _retur(self, mal: Locator) -> None:
        self.till(mal)
        self.sida.keyboard.press("Enter")

"""Hur lång tid det tar: varje handling räknas, och inget når sidan förbi räknaren.

Tiden är den som *keystroke-level model* (Card, Moran och Newell) ger: att tänka ut vad som ska göras, peka, trycka och
skriva, och att vänta på sidan. Modellen gäller den som vet vad som ska fyllas i och inte gör fel.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Frame, Keyboard, Locator, Mouse, Page

from tests.webblasare.hand import Mus

# Sekunder, ur modellen. En tangent som den som inte är van att skriva: 40 ord i minuten. Samma tangent en gång till,
# som tabb efter tabb, är två motoriska cykler. En sida väntas in en sekund (`prestanda.md`).
TANKA, PEKA, TANGENT, SAMMA_IGEN, SIDBYTE = 1.35, 1.1, 0.28, 0.14, 1.0
# Musen till tangentbordet och tillbaka
BYTA_HAND = 2 * 0.4
TRYCKA = PEKA + TANGENT

HANDLINGAR = ("skriv", "valj", "kryssa", "tryck", "folj", "oppna_lada", "oppna_menyn")
KOSTAR: dict[tuple[type, str], Callable[..., float]] = {
    (Locator, "fill"): lambda text, **kw: TRYCKA + BYTA_HAND + TANGENT * len(text),
    (Locator, "click"): lambda **kw: TRYCKA,
    (Locator, "select_option"): lambda **kw: 2 * TRYCKA,
    (Keyboard, "press"): lambda tangenter, **kw: TANGENT * len(tangenter.split("+")),
    (Keyboard, "type"): lambda text, **kw: TANGENT * len(text),
}
GRATIS: dict[type, tuple[str, ...]] = {Locator: ("focus", "evaluate"), Page: ("evaluate",)}
ALDRIG: dict[type, tuple[str, ...]] = {
    Locator: (
        "check", "clear", "dblclick", "dispatch_event", "drag_to", "evaluate_all", "evaluate_handle", "press",
        "press_sequentially", "select_text", "set_checked", "set_input_files", "tap", "type", "uncheck",
    ),
    Page: (
        "check", "click", "dblclick", "dispatch_event", "drag_and_drop", "eval_on_selector", "evaluate_handle", "fill",
        "focus", "go_back", "go_forward", "goto", "press", "reload", "select_option", "set_checked", "set_content",
        "set_input_files", "tap", "type", "uncheck",
    ),
    Frame: ("check", "click", "evaluate", "fill", "goto", "press", "select_option", "type"),
    Keyboard: ("down", "insert_text", "up"),
    Mouse: ("click", "dblclick", "down", "move", "up", "wheel"),
}  # fmt: skip


class Tidtagare:
    """En hand vars handlingar tar tid. `tid` är sekunder, `sidor` adresserna som besökts, `handlingar` antalet."""

    def __init__(self, hand: Mus, byt: pytest.MonkeyPatch) -> None:
        self._hand, self._igang = hand, False
        self._forra: tuple[Any, ...] = ()
        self.tid, self.handlingar, self.sidor = 0.0, 0, [hand.sida.url]
        hand.sida.on("framenavigated", lambda ram: self._sida(ram.url))
        for (slag, namn), kostar in KOSTAR.items():
            byt.setattr(slag, namn, self._raknad(getattr(slag, namn), kostar))
        for slag, alla in GRATIS.items():
            for namn in alla:
                byt.setattr(slag, namn, self._raknad(getattr(slag, namn), lambda *arg, **kw: 0))
        for slag, alla in ALDRIG.items():
            for namn in alla:
                byt.setattr(slag, namn, self._nekad)

    def _sida(self, adress: str) -> None:
        self.sidor.append(adress)
        self.tid += SIDBYTE

    def _raknad(self, riktig: Callable[..., Any], kostar: Callable[..., float]) -> Callable[..., Any]:
        def handling(pa: Any, *arg: Any, **kw: Any) -> Any:
            if not self._igang:
                self._nekad(pa)
            if isinstance(pa, Keyboard):
                igen, self._forra = arg == self._forra, arg
                self.tid += SAMMA_IGEN if igen else kostar(*arg, **kw)
            else:
                self.tid += kostar(*arg, **kw)
            return riktig(pa, *arg, **kw)

        return handling

    @staticmethod
    def _nekad(pa: Any, *arg: Any, **kw: Any) -> None:
        raise AssertionError(f"det som görs med {pa} går förbi räknaren: använd handen")

    def __getattr__(self, namn: str) -> Any:
        vad = getattr(self._hand, namn)
        if namn not in HANDLINGAR:
            return vad

        def raknad(*arg: Any, **kw: Any) -> Any:
            self.handlingar += 1
            self.tid += TANKA
            self._igang = True
            try:
                return vad(*arg, **kw)
            finally:
                self._igang = False

        return raknad

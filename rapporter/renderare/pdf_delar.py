"""En lång rapport som PDF: i delar av flera processer, sammanfogade till ett dokument (`prestanda.md` 4).

En del slutar efter en samverkansorganisations sista rad. Minnet i processerna som gör delarna är lika stort hur lång
rapporten än är.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import chain
from typing import Any, Final, NamedTuple

from fkui.pdf import skriv
from rapporter.renderare import pdf
from rapporter.renderare.pdffil import skriv_dokument
from rapporter.renderare.taggar import Bit, stamplar, ta_isar
from rapporter.tabell import Rad, Rapport

# En del är färdig efter så många rader, vid nästa gräns mellan organisationer, och delas alltid vid den högsta.
RADER_PER_DEL: Final = 80
HOGST_PER_DEL: Final = 160
SEKUNDER_MELLAN: Final = 0.5
_STRYPT: Final = 10
_STAMPLAR_PER_DEL: Final = 100


class Del(NamedTuple):
    """En del: HTML, och hur mycket av rapportens rader den är (en rad i den ena av två tabeller är en halv)."""

    html: str
    rader: float


def rendera(
    rapport: Rapport, *, processer: int | None = None, framsteg: Callable[[int], object] = lambda klara: None
) -> bytes:
    """Rapporten som PDF. `framsteg` får antalet färdiga rader, och kan avbryta med ett undantag; den anropas ofta.

    Ger PdfSaknas utan Pango.
    """
    delarna = list(_delar(rapport))
    bitar: dict[int, Bit] = {}
    with _Processer(min(processer or os.cpu_count() or 1, len(delarna))) as arbetare:
        vantar = {arbetare.submit(_gor_del, del_.html, nr): nr for nr, del_ in enumerate(delarna)}
        while vantar:
            for ett in wait(vantar, SEKUNDER_MELLAN, FIRST_COMPLETED).done:
                bitar[vantar.pop(ett)] = ett.result()
            klara = round(sum(delarna[nr].rader for nr in bitar))
            framsteg(klara)
        sidor = sum(len(bit.sidor) for bit in bitar.values())
        stampla = [arbetare.submit(_gor_stamplar, html) for html in _stampelns_html(rapport, sidor)]
        while wait(stampla, SEKUNDER_MELLAN).not_done:
            framsteg(klara)
        return skriv_dokument([bitar[nr] for nr in range(len(delarna))], [ett.result() for ett in stampla])


def gruppera(rader: Sequence[Rad]) -> Iterator[tuple[int, int]]:
    """Raderna i delar (från och med, före), som slutar efter en samverkansorganisations sista rad.

    Har en organisation fler rader än som ryms i en del delas den.
    """
    start = 0
    for slut in range(1, len(rader) + 1):
        sist = slut == len(rader)
        grans = sist or rader[slut].organisation != rader[slut - 1].organisation
        if sist or slut - start == HOGST_PER_DEL or (grans and slut - start >= RADER_PER_DEL):
            yield start, slut
            start = slut


def _delar(rapport: Rapport) -> Iterator[Del]:
    tabeller = pdf.delar(rapport.kolumner)
    grupper = list(gruppera(rapport.rader))
    inledning = list(pdf.inledning(rapport))
    for plats, nummer in enumerate(tabeller):
        rubrik = pdf.delrubrik(rapport, plats, tabeller)
        for start, slut in grupper:
            tabell = pdf.tabell(rapport, nummer, rubrik=rubrik, start=start, slut=slut, ny_sida=False)
            yield Del(pdf.dokument(rapport, chain(inledning, tabell)), (slut - start) / len(tabeller))
            inledning, rubrik = [], ""
    if rapport.diagram:
        yield Del(pdf.dokument(rapport, pdf.diagram(rapport)), 0)


def _stampelns_html(rapport: Rapport, sidor: int) -> Iterator[str]:
    """Tomma sidor med bara sidnumret, tillsammans lika många som det hela har."""
    nummer = "@page{@bottom-right{content:string(nr)}}.sida{string-set:nr attr(data-nr);break-after:page}"
    stil = f"{pdf.SIDNUMMER}{nummer}"
    for borjan in range(0, sidor, _STAMPLAR_PER_DEL):
        slut = min(borjan + _STAMPLAR_PER_DEL, sidor)
        tomma = (f'<div class="sida" data-nr="Sida {nr} av {sidor}"></div>' for nr in range(borjan + 1, slut + 1))
        yield pdf.dokument(rapport, tomma, stil)


def _gor_del(html: str, nr: int) -> Bit:
    return ta_isar(skriv(html), nr)


def _gor_stamplar(html: str) -> Bit:
    return stamplar(skriv(html))


class _Processer(ProcessPoolExecutor):
    """Nya processer, utan något av den egnas minne. De slutar med den som startade dem, också efter kill -9."""

    def __init__(self, antal: int) -> None:
        super().__init__(antal, mp_context=multiprocessing.get_context("spawn"), initializer=_borja)

    def __exit__(self, *fel: Any) -> None:
        # Vid ett fel eller ett avbrott ska ingen vänta på delar som inte längre behövs.
        if fel[0] is not None:
            processer = list((self._processes or {}).values())
            self.shutdown(wait=False, cancel_futures=True)
            for process in processer:
                process.terminate()
                process.join()
        self.shutdown(wait=True)


def _borja() -> None:
    """I varje ny process: låg prioritet, så att webben går före, och ett öga på den som startade den."""
    os.nice(_STRYPT)
    threading.Thread(target=_sluta_med_foraldern, daemon=True).start()


def _sluta_med_foraldern() -> None:
    foraldern = multiprocessing.parent_process()
    if foraldern is not None:
        foraldern.join()
        os._exit(1)

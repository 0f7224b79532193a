"""En lång rapport som PDF: i delar av flera processer, sammanfogade till ett dokument (`prestanda.md` 4).

En del slutar efter en samverkansorganisations sista rad. Delarna skickas till processerna efter hand och skrivs till
filen i ordning, så minnet är lika stort hur lång rapporten än är.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import cache
from itertools import chain
from typing import Any, BinaryIO, Final, NamedTuple

from rapporter.renderare import pdf
from rapporter.renderare.pdffil import Pdffil
from rapporter.renderare.taggar import Bit, stamplar, ta_isar
from rapporter.tabell import Rad, Rapport

# En del är färdig efter så många rader, vid nästa gräns mellan organisationer, och delas alltid vid den högsta.
RADER_PER_DEL: Final = 80
HOGST_PER_DEL: Final = 160
SEKUNDER_MELLAN: Final = 0.5
# Så många delar per process som högst är på gång: en görs, och nästa väntar.
_PA_GANG: Final = 2
_STRYPT: Final = 10
_STAMPLAR_PER_DEL: Final = 100


class Del(NamedTuple):
    """En del: HTML, och hur mycket av rapportens rader den är (en rad i den ena av två tabeller är en halv)."""

    html: str
    rader: float


def rendera(
    rapport: Rapport,
    ut: BinaryIO,
    *,
    processer: int | None = None,
    framsteg: Callable[[int], object] = lambda klara: None,
) -> None:
    """Skriver rapporten som PDF till `ut`, som kan läsas efteråt.

    `framsteg` får antalet färdiga rader, och kan avbryta med ett undantag; den anropas ofta. Ger PdfSaknas utan Pango.
    """
    if not rapport.rader:
        ut.write(pdf.rendera(rapport))
        return
    fil = Pdffil(ut)
    klara = 0.0

    def medan() -> None:
        framsteg(round(klara))

    # Fler processer än delar gör ingen nytta.
    antal = min(processer or os.cpu_count() or 1, len(list(gruppera(rapport.rader))))
    with _Processer(antal, pdf.titel(rapport), pdf.stil(rapport)) as arbetare:
        delarnas = deque[float]()

        def anropen() -> Iterator[tuple[Callable[..., Bit], str, int]]:
            for nr, del_ in enumerate(delar(rapport)):
                delarnas.append(del_.rader)
                yield _gor_del, del_.html, nr

        for bit in arbetare.i_ordning(anropen(), medan):
            fil.lagg_till(bit)
            klara += delarnas.popleft()
            medan()
        stampla = ((_gor_stamplar, *html) for html in _stampelns_html(fil.antal_sidor))
        fil.avsluta(list(arbetare.i_ordning(stampla, medan)))


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


def delar(rapport: Rapport) -> Iterator[Del]:
    """Delarna i ordning, en i taget."""
    tabeller = pdf.delar(rapport.kolumner)
    inledning = list(pdf.inledning(rapport))
    for plats, nummer in enumerate(tabeller):
        rubrik = pdf.delrubrik(rapport, plats, tabeller)
        for start, slut in gruppera(rapport.rader):
            tabell = pdf.tabell(rapport, nummer, rubrik=rubrik, start=start, slut=slut, ny_sida=False)
            yield Del("".join(chain(inledning, tabell)), (slut - start) / len(tabeller))
            inledning, rubrik = [], ""
    if rapport.diagram:
        yield Del("".join(pdf.diagram(rapport)), 0)


def _stampelns_html(sidor: int) -> Iterator[tuple[str, str]]:
    """Tomma sidor med bara sidnumret, tillsammans lika många som det hela har, och deras stil."""
    nummer = "@page{@bottom-right{content:string(nr)}}.sida{string-set:nr attr(data-nr);break-after:page}"
    for borjan in range(0, sidor, _STAMPLAR_PER_DEL):
        slut = min(borjan + _STAMPLAR_PER_DEL, sidor)
        tomma = (f'<div class="sida" data-nr="Sida {nr} av {sidor}"></div>' for nr in range(borjan + 1, slut + 1))
        yield "".join(tomma), f"{pdf.SIDNUMMER}{nummer}"


def _gor_del(kropp: str, nr: int) -> Bit:
    return ta_isar(_skriv(kropp), nr)


def _gor_stamplar(kropp: str, stil: str) -> Bit:
    return stamplar(_skriv(kropp, stil))


class _Process:
    """Det som varje process har från början: dokumentets titel, och stilen som läses en gång."""

    titel = ""
    stil = ""


def _skriv(kropp: str, stil: str = "") -> bytes:
    return _mall().skriv(pdf.dokument(_Process.titel, [kropp], stil))


@cache
def _mall() -> pdf.Mall:
    return pdf.Mall(_Process.stil)


class _Processer(ProcessPoolExecutor):
    """Nya processer, utan något av den egnas minne. De slutar med den som startade dem, också efter kill -9."""

    def __init__(self, antal: int, titel: str, stil: str) -> None:
        sammanhang = multiprocessing.get_context("spawn")
        super().__init__(antal, mp_context=sammanhang, initializer=_borja, initargs=(titel, stil))
        self._antal = antal

    def i_ordning(
        self, anropen: Iterable[tuple[Callable[..., Bit], *tuple[Any, ...]]], medan: Callable[[], object]
    ) -> Iterator[Bit]:
        """Svaren på anropen, i ordning. Bara några åt gången är på gång, och `medan` anropas i väntan på dem."""
        vantar = deque[Future[Bit]]()
        for gor, *argument in anropen:
            vantar.append(self.submit(gor, *argument))
            if len(vantar) == _PA_GANG * self._antal:
                yield _svaret(vantar.popleft(), medan)
        while vantar:
            yield _svaret(vantar.popleft(), medan)

    def __exit__(self, *fel: Any) -> None:
        # Vid ett fel eller ett avbrott ska ingen vänta på delar som inte längre behövs.
        if fel[0] is not None:
            processer = list((self._processes or {}).values())
            self.shutdown(wait=False, cancel_futures=True)
            for process in processer:
                process.terminate()
                process.join()
        self.shutdown(wait=True)


def _svaret(ett: Future[Bit], medan: Callable[[], object]) -> Bit:
    while wait([ett], SEKUNDER_MELLAN).not_done:
        medan()
    return ett.result()


def _borja(titel: str, stil: str) -> None:
    """I varje ny process: låg prioritet, så att webben går före, och ett öga på den som startade den."""
    os.nice(_STRYPT)
    threading.Thread(target=_sluta_med_foraldern, daemon=True).start()
    _Process.titel, _Process.stil = titel, stil


def _sluta_med_foraldern() -> None:
    foraldern = multiprocessing.parent_process()
    if foraldern is not None:
        foraldern.join()
        os._exit(1)

"""En PDF-del med taggar, isärtagen till objekt som `pdffil` skriver in i ett större dokument (`prestanda.md` 4).

Inget biblioteks sammanslagning behåller strukturträdet, och den som ympar in det har hela dokumentet i minnet. Därför
tas varje del isär för sig, i processen som gjorde den.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pikepdf import (
    Array,
    Dictionary,
    Name,
    OutlineItem,
    Pdf,
    Stream,
    String,
    parse_content_stream,
    unparse_content_stream,
)

# Objekten som är hela dokumentets har samma nummer överallt; en dels egna räknas från det första lediga.
KATALOG, SIDOR, STRUKTUR, DOKUMENT, FORALDRATRAD, FORE, EFTER, BOKMARKEN, STAMPEL = range(1, 10)
LEDIGT: Final = 10
STAMPELNS_NAMN: Final = "/SusSida"
# Nycklarna i ParentTree: delens nummer gånger detta, plus dess egna.
_PER_DEL: Final = 100_000
# En hänvisning. Det som står i en sträng, där qpdf skriver omvänt snedstreck före parenteser, hoppas över.
_HANVISNING: Final = re.compile(rb"\((?:[^\\()]|\\.)*\)|\b(\d+) 0 R\b", re.DOTALL)
_MARKT: Final = re.compile(rb"/\w+\s*<<\s*/MCID (\d+)\s*>>\s*BDC")
_DOKUMENTETS: Final = ("/Type", "/Pages", "/StructTreeRoot", "/Outlines", "/PageMode", "/Names", "/Dests")


@dataclass(frozen=True, slots=True)
class Bit:
    """En del som `antal` objekt, numrerade från `LEDIGT`. `packad` är deras text, en per rad.

    `sidor` är sidornas nummer (eller stämplarnas), `barn` strukturelementen överst, `nycklar` delens gren av
    ParentTree och `bokmarken` (text, sida i delen från 0, x, y). `katalog` är det som mer hör till katalogen och
    `info` dokumentets uppgifter; de gäller den första delen.
    """

    antal: int
    packad: bytes
    strommar: dict[int, bytes]
    sidor: Sequence[int]
    barn: Sequence[int] = ()
    nycklar: int = 0
    bokmarken: Sequence[tuple[str, int, float, float]] = ()
    katalog: int = 0
    info: int = 0

    @property
    def objekt(self) -> list[bytes]:
        """Objektens text i ordning."""
        return zlib.decompress(self.packad).split(b"\n")


def ta_isar(innehall: bytes, nr: int) -> Bit:
    """Del nummer `nr` som objekt. /ID och nycklarna i ParentTree blir delens egna."""
    with Pdf.open(io.BytesIO(innehall)) as pdf:
        rot = pdf.Root.StructTreeRoot
        bokmarken = list(_bokmarken(pdf))
        barn = list(rot.K[0].K)
        for plats, tabell in enumerate(_av_slag(rot, {"/Table"})):
            _egna_id(tabell, f"{nr}.{plats}.")
        _gor_artefakter(pdf)
        nycklar = _egna_nycklar(pdf, nr * _PER_DEL)
        platser = {nummer: pdf.make_indirect(Dictionary()) for nummer in (FORE, EFTER, STAMPEL)}
        egna = {STRUKTUR: rot, DOKUMENT: rot.K[0], SIDOR: pdf.Root.Pages, KATALOG: pdf.Root, **platser}
        for sida in pdf.pages:
            _gor_plats(sida.obj, platser)
        hela = _Objekt(pdf, {_nr(objekt): nytt for nytt, objekt in egna.items()})
        sidor = [hela.med(sida.obj) for sida in pdf.pages]
        barnen = [hela.med(ett) for ett in barn]
        grenen = hela.med(nycklar)
        # Hela dokumentets titel, språk och metadata är den första delens.
        info = hela.med(pdf.trailer.Info) if nr == 0 and "/Info" in pdf.trailer else 0
        resten = {namn: ett for namn, ett in pdf.Root.items() if nr == 0 and namn not in _DOKUMENTETS}
        katalog = hela.med(pdf.make_indirect(Dictionary(resten)))
        return Bit(
            sidor=sidor, barn=barnen, nycklar=grenen, bokmarken=bokmarken, katalog=katalog, info=info, **hela.alla()
        )


def stamplar(innehall: bytes) -> Bit:
    """Sidorna i ett dokument som formulärobjekt, att lägga över var sin sida."""
    with Pdf.open(io.BytesIO(innehall)) as pdf:
        for sida in pdf.pages:
            # Det som stämpeln läggs i är redan artefakt.
            satser = [sats for sats in parse_content_stream(sida) if str(sats.operator) not in {"BDC", "BMC", "EMC"}]
            sida.Contents = _strom(pdf, unparse_content_stream(satser))
        hela = _Objekt(pdf, {})
        return Bit(sidor=[hela.med(pdf.make_indirect(ett.as_form_xobject())) for ett in pdf.pages], **hela.alla())


def numrera(text: bytes, nytt: Callable[[int], int]) -> bytes:
    """Objektets text med hänvisningarna omnumrerade."""
    return _HANVISNING.sub(lambda traff: b"%d 0 R" % nytt(int(traff[1])) if traff[1] else traff[0], text)


class _Objekt:
    """Objekten som nås från dem som tas med, i den ordning de hittas, med nya nummer."""

    def __init__(self, pdf: Pdf, nummer: dict[int, int]) -> None:
        self._pdf = pdf
        self._nummer = nummer
        self._texter: list[bytes] = []
        self._strommar: dict[int, bytes] = {}
        self._vantar: list[int] = []

    def med(self, objekt: Any) -> int:
        """Tar med objektet och allt det hänvisar till. Ger dess nya nummer."""
        nytt = self._nytt(_nr(objekt))
        while self._vantar:
            ett = self._pdf.get_object(self._vantar.pop(), 0)
            plats = self._nummer[_nr(ett)] - LEDIGT
            if isinstance(ett, Stream):
                data = ett.read_raw_bytes()
                ett.stream_dict.Length = len(data)
                self._strommar[plats] = data
                self._texter[plats] = self.text(ett.stream_dict)
            else:
                self._texter[plats] = self.text(ett)
        return nytt

    def text(self, objekt: Any) -> bytes:
        """Objektets text med de nya numren."""
        text = numrera(objekt.unparse(resolved=True), self._nytt)
        if b"\n" in text:
            raise ValueError("radslut i ett objekt")
        return text

    def alla(self) -> dict[str, Any]:
        """Objekten, som `Bit` vill ha dem."""
        packad = zlib.compress(b"\n".join(self._texter), 1)
        return {"antal": len(self._texter), "packad": packad, "strommar": self._strommar}

    def _nytt(self, gammalt: int) -> int:
        if gammalt not in self._nummer:
            self._nummer[gammalt] = LEDIGT + len(self._texter)
            self._texter.append(b"null")
            self._vantar.append(gammalt)
        return self._nummer[gammalt]


def _nr(objekt: Any) -> int:
    nummer: int = objekt.objgen[0]
    return nummer


def _gor_artefakter(pdf: Pdf) -> None:
    """Gör sidfotens text till artefakt: WeasyPrint märker den som innehåll, men hänger den inte i strukturträdet."""
    rot = pdf.Root.StructTreeRoot
    dokumentet = _nr(rot.K[0])
    overst = {_nr(ett) for ett in rot.K[0].K}
    nums = rot.ParentTree.Nums
    for sida, rad in zip(pdf.pages, nums[1 : 2 * len(pdf.pages) : 2], strict=True):
        losa = {plats for plats, ett in enumerate(rad) if not _hanger(ett, dokumentet, overst)}
        if losa:
            sida.Contents = _strom(pdf, _utan_mcid(sida.Contents.read_bytes(), losa))
            for plats in losa:
                rad[plats] = None


def _hanger(element: Any, dokumentet: int, overst: set[int]) -> bool:
    while _nr(element.P) != dokumentet:
        element = element.P
    return _nr(element) in overst


def _strom(pdf: Pdf, data: bytes) -> Stream:
    return pdf.make_stream(zlib.compress(data), Filter=Name.FlateDecode)


def _utan_mcid(innehall: bytes, losa: set[int]) -> bytes:
    def byt(traff: re.Match[bytes]) -> bytes:
        return b"/Artifact\nBMC" if int(traff[1]) in losa else traff[0]

    return _MARKT.sub(byt, innehall)


def _egna_nycklar(pdf: Pdf, forsta: int) -> Any:
    """Flyttar sidornas och länkarnas nycklar. Ger delens gren av ParentTree, med varje sidas rad för sig."""
    nums = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
    for sida in pdf.pages:
        lankar = ((lank, "/StructParent") for lank in sida.obj.get("/Annots", []))
        for ett, namn in [(sida.obj, "/StructParents"), *lankar]:
            if namn in ett:
                ett[namn] = int(ett[namn]) + forsta
    par = [(int(nyckel) + forsta, varde) for nyckel, varde in zip(nums[::2], nums[1::2], strict=True)]
    rader = [ett for nyckel, varde in par for ett in (nyckel, pdf.make_indirect(varde))]
    return pdf.make_indirect(Dictionary(Limits=Array([par[0][0], par[-1][0]]), Nums=Array(rader)))


def _gor_plats(sida: Any, platser: dict[int, Any]) -> None:
    """Ger sidan egna resurser med en plats för stämpeln, och innehållet som ritar den sist."""
    resurser = Dictionary(dict(sida.Resources.items()))
    bilder = dict(resurser.get("/XObject", Dictionary()).items())
    resurser.XObject = Dictionary({**bilder, STAMPELNS_NAMN: platser[STAMPEL]})
    sida.Resources = resurser
    innehall = sida.Contents
    sida.Contents = Array([platser[FORE], *(innehall if isinstance(innehall, Array) else [innehall]), platser[EFTER]])


def _barn(element: Any) -> Iterator[Any]:
    """Strukturelementen direkt under ett element."""
    barn = element.get("/K")
    for ett in barn if isinstance(barn, Array) else [barn]:
        if isinstance(ett, Dictionary) and "/S" in ett:
            yield ett


def _av_slag(element: Any, slag: set[str]) -> Iterator[Any]:
    """De översta elementen av ett slag."""
    for barn in _barn(element):
        if str(barn.S) in slag:
            yield barn
        else:
            yield from _av_slag(barn, slag)


def _egna_id(tabell: Any, inledning: str) -> None:
    """Gör rubrikernas /ID, och cellernas hänvisningar till dem, egna för tabellen."""
    for cell in _av_slag(tabell, {"/TH", "/TD"}):
        if "/ID" in cell:
            cell.ID = String(f"{inledning}{cell.ID}")
        if "/A" in cell and "/Headers" in cell.A:
            cell.A.Headers = Array([String(f"{inledning}{ett}") for ett in cell.A.Headers])


def _bokmarken(pdf: Pdf) -> Iterator[tuple[str, int, float, float]]:
    sidor = {_nr(sida.obj): nr for nr, sida in enumerate(pdf.pages)}
    with pdf.open_outline() as trad:
        for ett in _alla(trad.root):
            if isinstance(ett.destination, Array):
                sida, _, x, y = list(ett.destination)[:4]
                yield ett.title, sidor[_nr(sida)], float(x), float(y)


def _alla(poster: Iterable[OutlineItem]) -> Iterator[OutlineItem]:
    for post in poster:
        yield post
        yield from _alla(post.children)

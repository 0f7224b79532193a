"""Skriver delar som objekt till en PDF: ett strukturträd, en innehållsförteckning, ett sidnummer på varje sida.

En del i taget skrivs till filen och glöms. Kvar i minnet är bara sju byte per objekt: var det finns. Objekten läggs i
objektströmmar (PDF 1.5): strukturträdet är många små.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

from rapporter.renderare.taggar import (
    BOKMARKEN,
    DOKUMENT,
    EFTER,
    FORALDRATRAD,
    FORE,
    KATALOG,
    LEDIGT,
    SIDOR,
    STAMPEL,
    STAMPELNS_NAMN,
    STRUKTUR,
    Bit,
    numrera,
)

_I_EN_STROM: Final = 200
# Var ett objekt finns: (1, byte, 0), eller (2, objektströmmens nummer, plats i den).
_PLATS: Final = struct.Struct(">BIH")


class _Bokmarke(NamedTuple):
    text: str
    sida: int
    x: float
    y: float


class Pdffil:
    """Ett dokument av delar, med den förstas titel, språk och metadata."""

    def __init__(self, ut: BinaryIO) -> None:
        self._fil = _Fil(ut)
        self._sidor: list[int] = []
        self._stamplarnas: list[int] = []
        self._barn: list[int] = []
        self._grenar: list[int] = []
        self._bokmarken: list[_Bokmarke] = []
        self._katalog = b""
        self._info = 0

    @property
    def antal_sidor(self) -> int:
        """Sidorna hittills."""
        return len(self._sidor)

    def lagg_till(self, bit: Bit) -> None:
        """Skriver nästa del. Varje sida får ett nummer för stämpeln som ritas sist på den."""
        if not self._sidor:
            self._katalog, self._info = bit.objekt[bit.katalog - LEDIGT].strip()[2:-2], bit.info
        borjan = self._fil.reservera(bit.antal) - LEDIGT
        forsta = self._fil.reservera(len(bit.sidor))
        stamplar = {sida: forsta + plats for plats, sida in enumerate(bit.sidor)}
        self._skriv(bit, lambda nr: nr + borjan, stamplar)
        self._bokmarken += [_Bokmarke(text, self.antal_sidor + sida, x, y) for text, sida, x, y in bit.bokmarken]
        self._sidor += [nr + borjan for nr in bit.sidor]
        self._stamplarnas += stamplar.values()
        self._barn += [nr + borjan for nr in bit.barn]
        self._grenar.append(bit.nycklar + borjan)

    def avsluta(self, stamplar: Sequence[Bit]) -> None:
        """Skriver det som är hela dokumentets. `stamplar` har tillsammans en stämpel per sida.

        Stämpeln ritas som artefakt: utanför strukturträdet.
        """
        if sum(len(bit.sidor) for bit in stamplar) != self.antal_sidor:
            raise ValueError("Det ska vara en stämpel per sida.")
        platser = iter(self._stamplarnas)
        for bit in stamplar:
            egna = {nr: next(platser) for nr in bit.sidor}
            alla = range(LEDIGT, LEDIGT + bit.antal)
            nya = {nr: egna.get(nr) or self._fil.reservera(1) for nr in alla}
            self._skriv(bit, nya.__getitem__, {})
        fil, sidor = self._fil, self._sidor
        ritar = f"\nQ\n/Artifact <</Type /Pagination /Subtype /Footer>> BDC q {STAMPELNS_NAMN} Do Q EMC\n"
        fil.strom(FORE, b"<</Length 2>>", b"q\n")
        fil.strom(EFTER, b"<</Length %d>>" % len(ritar), ritar.encode("ascii"))
        fil.objekt(SIDOR, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(sidor), _hanvisa(sidor)))
        rot = (_hanvisa([DOKUMENT]), _hanvisa([FORALDRATRAD]))
        fil.objekt(STRUKTUR, b"<</Type/StructTreeRoot/K[%s]/ParentTree %s>>" % rot)
        dokumentet = (_hanvisa([STRUKTUR]), _hanvisa(self._barn))
        fil.objekt(DOKUMENT, b"<</Type/StructElem/S/Document/P %s/K[%s]>>" % dokumentet)
        fil.objekt(FORALDRATRAD, b"<</Kids[%s]>>" % _hanvisa(self._grenar))
        self._skriv_bokmarken()
        egna_i = b"/Pages %s/StructTreeRoot %s/Outlines %s" % tuple(
            _hanvisa([nr]) for nr in (SIDOR, STRUKTUR, BOKMARKEN)
        )
        fil.objekt(KATALOG, b"<</Type/Catalog%s%s>>" % (egna_i, self._katalog))
        fil.avsluta(self._info)

    def _skriv(self, bit: Bit, nummer: Callable[[int], int], stamplar: Mapping[int, int]) -> None:
        """Skriver bitens objekt med nya nummer. `stamplar` är sida → stämpel."""
        for plats, text in enumerate(bit.objekt):
            stampel = stamplar.get(LEDIGT + plats, 0)

            def nytt(nr: int, stampel: int = stampel) -> int:
                return stampel if nr == STAMPEL else nr if nr < LEDIGT else nummer(nr)

            eget, omnumrerad = nummer(LEDIGT + plats), numrera(text, nytt)
            if plats in bit.strommar:
                self._fil.strom(eget, omnumrerad, bit.strommar[plats])
            else:
                self._fil.objekt(eget, omnumrerad)

    def _skriv_bokmarken(self) -> None:
        """Det första är dokumentets rubrik, och de andra står under det."""
        forsta = self._fil.reservera(len(self._bokmarken))
        sista = forsta + len(self._bokmarken) - 1
        for nummer, (text, sida, x, y) in enumerate(self._bokmarken, forsta):
            rubrik = nummer == forsta
            par = [("Parent", BOKMARKEN if rubrik else forsta)]
            par += [("Prev", nummer - 1)] if nummer > forsta + 1 else []
            par += [("Next", nummer + 1)] if forsta < nummer < sista else []
            par += [("First", forsta + 1), ("Last", sista)] if rubrik and sista > forsta else []
            lankar = b"".join(b"/%s %d 0 R" % (namn.encode("ascii"), till) for namn, till in par)
            antal = b"/Count %d" % (sista - forsta) if rubrik and sista > forsta else b""
            titel = (b"\xfe\xff" + text.encode("utf-16-be")).hex().encode("ascii")
            mal = b"%d 0 R/XYZ %.2f %.2f 0" % (self._sidor[sida], x, y)
            self._fil.objekt(nummer, b"<</Title<%s>/Dest[%s]%s%s>>" % (titel, mal, lankar, antal))
        alla = (forsta, forsta, len(self._bokmarken))
        self._fil.objekt(BOKMARKEN, b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % alla)


def _hanvisa(nummer: Sequence[int]) -> bytes:
    return b" ".join(b"%d 0 R" % nr for nr in nummer)


class _Fil:
    """En PDF-fil, objekt för objekt. Ett nummer reserveras innan dess objekt skrivs."""

    def __init__(self, ut: BinaryIO) -> None:
        self._ut = ut
        self._langd = 0
        self._summa = hashlib.sha256()
        self._platser = bytearray(LEDIGT * _PLATS.size)
        self._samlade: list[tuple[int, bytes]] = []
        self._skriv(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def reservera(self, antal: int) -> int:
        """Så många nummer i följd. Ger det första."""
        forsta = len(self._platser) // _PLATS.size
        self._platser.extend(bytes(antal * _PLATS.size))
        return forsta

    def objekt(self, nummer: int, text: bytes) -> None:
        """Ett objekt utan ström."""
        self._samlade.append((nummer, text))
        if len(self._samlade) == _I_EN_STROM:
            self._skriv_samlade()

    def strom(self, nummer: int, ordlista: bytes, data: bytes) -> None:
        """Ett objekt med ström; ordlistan har dess längd."""
        self._finns(nummer, 1, self._langd, 0)
        self._skriv(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (nummer, ordlista, data))

    def avsluta(self, info: int) -> None:
        """Korsreferenserna sist."""
        self._skriv_samlade()
        summa = self._summa.hexdigest()[:32].encode("ascii")
        borjan, nummer = self._langd, self.reservera(1)
        self._finns(nummer, 1, borjan, 0)
        data = zlib.compress(self._platser)
        egna = b"/Type/XRef/W[1 4 2]/Size %d/Root %d 0 R/ID[<%s><%s>]" % (nummer + 1, KATALOG, summa, summa)
        egna += b"/Info %d 0 R" % info if info else b""
        self.strom(nummer, b"<<%s/Filter/FlateDecode/Length %d>>" % (egna, len(data)), data)
        self._skriv(b"startxref\n%d\n%%%%EOF\n" % borjan)

    def _skriv(self, data: bytes) -> None:
        self._ut.write(data)
        self._summa.update(data)
        self._langd += len(data)

    def _finns(self, nummer: int, slag: int, var: int, plats: int) -> None:
        _PLATS.pack_into(self._platser, nummer * _PLATS.size, slag, var, plats)

    def _skriv_samlade(self) -> None:
        if not self._samlade:
            return
        strommen = self.reservera(1)
        platser, langd = [], 0
        for plats, (nummer, text) in enumerate(self._samlade):
            self._finns(nummer, 2, strommen, plats)
            platser.append(b"%d %d" % (nummer, langd))
            langd += len(text) + 1
        huvud = b" ".join(platser) + b"\n"
        data = zlib.compress(huvud + b"\n".join(text for _, text in self._samlade))
        ordlista = b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>"
        self.strom(strommen, ordlista % (len(self._samlade), len(huvud), len(data)), data)
        self._samlade.clear()

"""Skriver delar som objekt till en PDF: ett strukturträd, en innehållsförteckning, ett sidnummer på varje sida.

En del i taget packas upp, så minnet växer bara med den färdiga filen. Objekten läggs i objektströmmar (PDF 1.5):
strukturträdet är många små.
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

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


def skriv_dokument(bitar: Sequence[Bit], stamplar: Sequence[Bit]) -> bytes:
    """Delarna i ordning som ett dokument, med den förstas titel, språk och metadata.

    `stamplar` har tillsammans en stämpel per sida. Den ritas sist, som artefakt: utanför strukturträdet.
    """
    bokmarken = list(_alla_bokmarken(bitar))
    stamplarnas = sum(bit.antal for bit in bitar)
    bokmarkenas = LEDIGT + stamplarnas + sum(bit.antal for bit in stamplar)
    fil = _Fil(bokmarkenas + len(bokmarken))
    per_sida: list[int] = []
    for bit in stamplar:
        per_sida += [nr + stamplarnas for nr in bit.sidor]
        _skriv_bit(fil, bit, stamplarnas, {})
        stamplarnas += bit.antal
    if len(per_sida) != sum(len(bit.sidor) for bit in bitar):
        raise ValueError("Det ska vara en stämpel per sida.")
    sidor: list[int] = []
    barn: list[int] = []
    grenar: list[int] = []
    borjan = 0
    for bit in bitar:
        egna = per_sida[len(sidor) : len(sidor) + len(bit.sidor)]
        _skriv_bit(fil, bit, borjan, dict(zip(bit.sidor, egna, strict=True)))
        sidor += [nr + borjan for nr in bit.sidor]
        barn += [nr + borjan for nr in bit.barn]
        grenar.append(bit.nycklar + borjan)
        borjan += bit.antal
    ritar = f"\nQ\n/Artifact <</Type /Pagination /Subtype /Footer>> BDC q {STAMPELNS_NAMN} Do Q EMC\n".encode("ascii")
    fil.strom(FORE, b"<</Length 2>>", b"q\n")
    fil.strom(EFTER, b"<</Length %d>>" % len(ritar), ritar)
    fil.objekt(SIDOR, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(sidor), _hanvisa(sidor)))
    fil.objekt(
        STRUKTUR, b"<</Type/StructTreeRoot/K[%s]/ParentTree %s>>" % (_hanvisa([DOKUMENT]), _hanvisa([FORALDRATRAD]))
    )
    fil.objekt(DOKUMENT, b"<</Type/StructElem/S/Document/P %s/K[%s]>>" % (_hanvisa([STRUKTUR]), _hanvisa(barn)))
    fil.objekt(FORALDRATRAD, b"<</Kids[%s]>>" % _hanvisa(grenar))
    _skriv_bokmarken(fil, bokmarken, sidor, bokmarkenas)
    forsta = bitar[0]
    egna_i = b"/Pages %s/StructTreeRoot %s/Outlines %s" % tuple(_hanvisa([nr]) for nr in (SIDOR, STRUKTUR, BOKMARKEN))
    fil.objekt(KATALOG, b"<</Type/Catalog%s%s>>" % (egna_i, forsta.objekt[forsta.katalog - LEDIGT].strip()[2:-2]))
    return fil.avsluta(forsta.info)


def _skriv_bit(fil: "_Fil", bit: Bit, borjan: int, stamplar: Mapping[int, int]) -> None:
    """Skriver bitens objekt med nummer från `borjan`. `stamplar` är sida → stämpel."""
    for plats, text in enumerate(bit.objekt):
        stampel = stamplar.get(LEDIGT + plats, 0)

        def nytt(nr: int, stampel: int = stampel) -> int:
            return stampel if nr == STAMPEL else nr if nr < LEDIGT else nr + borjan

        nummer, omnumrerad = LEDIGT + plats + borjan, numrera(text, nytt)
        if plats in bit.strommar:
            fil.strom(nummer, omnumrerad, bit.strommar[plats])
        else:
            fil.objekt(nummer, omnumrerad)


def _alla_bokmarken(bitar: Sequence[Bit]) -> Iterator[tuple[str, int, float, float]]:
    borjan = 0
    for bit in bitar:
        yield from ((text, borjan + sida, x, y) for text, sida, x, y in bit.bokmarken)
        borjan += len(bit.sidor)


def _skriv_bokmarken(
    fil: "_Fil", bokmarken: Sequence[tuple[str, int, float, float]], sidor: Sequence[int], forsta: int
) -> None:
    """Det första är dokumentets rubrik, och de andra står under det."""
    sista = forsta + len(bokmarken) - 1
    for nummer, (text, sida, x, y) in enumerate(bokmarken, forsta):
        rubrik = nummer == forsta
        par = [("Parent", BOKMARKEN if rubrik else forsta)]
        par += [("Prev", nummer - 1)] if nummer > forsta + 1 else []
        par += [("Next", nummer + 1)] if forsta < nummer < sista else []
        par += [("First", forsta + 1), ("Last", sista)] if rubrik and sista > forsta else []
        lankar = b"".join(b"/%s %d 0 R" % (namn.encode("ascii"), till) for namn, till in par)
        antal = b"/Count %d" % (sista - forsta) if rubrik and sista > forsta else b""
        titel = (b"\xfe\xff" + text.encode("utf-16-be")).hex().encode("ascii")
        mal = b"%d 0 R/XYZ %.2f %.2f 0" % (sidor[sida], x, y)
        fil.objekt(nummer, b"<</Title<%s>/Dest[%s]%s%s>>" % (titel, mal, lankar, antal))
    fil.objekt(BOKMARKEN, b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % (forsta, forsta, len(bokmarken)))


def _hanvisa(nummer: Sequence[int]) -> bytes:
    return b" ".join(b"%d 0 R" % nr for nr in nummer)


class _Fil:
    """En PDF-fil, objekt för objekt. Objektströmmarna numreras från `ledigt`."""

    def __init__(self, ledigt: int) -> None:
        self._ut = io.BytesIO()
        self._ut.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._ledigt = ledigt
        # Var varje objekt finns: (1, byte, 0), eller (2, objektströmmens nummer, plats i den).
        self._plats: dict[int, tuple[int, int, int]] = {}
        self._samlade: list[tuple[int, bytes]] = []

    def objekt(self, nummer: int, text: bytes) -> None:
        """Ett objekt utan ström."""
        self._samlade.append((nummer, text))
        if len(self._samlade) == _I_EN_STROM:
            self._skriv_samlade()

    def strom(self, nummer: int, ordlista: bytes, data: bytes) -> None:
        """Ett objekt med ström; ordlistan har dess längd."""
        self._plats[nummer] = (1, self._ut.tell(), 0)
        self._ut.write(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (nummer, ordlista, data))

    def avsluta(self, info: int) -> bytes:
        """Korsreferenserna sist. Ger hela filen."""
        self._skriv_samlade()
        summa = hashlib.sha256(self._ut.getbuffer()).hexdigest()[:32].encode("ascii")
        borjan, nummer = self._ut.tell(), self._ledigt
        self._plats[nummer] = (1, borjan, 0)
        rader = b"".join(struct.pack(">BIH", *self._plats.get(nr, (0, 0, 0))) for nr in range(nummer + 1))
        data = zlib.compress(rader)
        egna = b"/Type/XRef/W[1 4 2]/Size %d/Root %d 0 R/ID[<%s><%s>]" % (nummer + 1, KATALOG, summa, summa)
        egna += b"/Info %d 0 R" % info if info else b""
        self.strom(nummer, b"<<%s/Filter/FlateDecode/Length %d>>" % (egna, len(data)), data)
        self._ut.write(b"startxref\n%d\n%%%%EOF\n" % borjan)
        return self._ut.getvalue()

    def _skriv_samlade(self) -> None:
        if not self._samlade:
            return
        platser, langd = [], 0
        for plats, (nummer, text) in enumerate(self._samlade):
            self._plats[nummer] = (2, self._ledigt, plats)
            platser.append(b"%d %d" % (nummer, langd))
            langd += len(text) + 1
        huvud = b" ".join(platser) + b"\n"
        data = zlib.compress(huvud + b"\n".join(text for _, text in self._samlade))
        ordlista = b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>"
        self.strom(self._ledigt, ordlista % (len(self._samlade), len(huvud), len(data)), data)
        self._ledigt += 1
        self._samlade.clear()

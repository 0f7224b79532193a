"""Ett samarbetes väg som tidslinje: var deltagaren har varit, hos vilka kontor, hur länge och i väntan på vad."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from deltagare.models import Overgang, Samarbete, Samarbetskontor
from deltagare.overgangar import FORMEN, Form, Insatstyp, Orsak

# Så smal som en stapel får bli, i delar av tidslinjen: en vistelse på noll dagar syns också.
SMALAST: Final = 0.008


@dataclass(frozen=True, slots=True)
class Kontorspar:
    """Kontoren under en vistelse. `fran` är dagen för bytet, None för dem som gällde från vistelsens början."""

    af_kontor: str
    fk_kontor: str
    fran: date | None


@dataclass(frozen=True, slots=True)
class Steg:
    """En vistelse i en insatstyp. `till` är None för den som pågår och för den som avslutade samarbetet.

    `dagar` är kalenderdagarna till nästa övergång, eller hittills; None för den som avslutade. `plats` och `bredd` är
    stapelns läge på tidslinjen, i procent med punkt: de skrivs som SVG:s attribut.
    """

    insatstyp: Insatstyp
    kontor: tuple[Kontorspar, ...]
    fran: date
    till: date | None
    dagar: int | None
    orsak: str
    plats: str
    bredd: str

    @property
    def form(self) -> Form:
        """I väntan, aktiv eller avslutar samarbetet."""
        return FORMEN[self.insatstyp]

    @property
    def vantar(self) -> bool:
        """Sant när deltagaren väntar på aktivitet."""
        return self.form == Form.VANTAR

    @property
    def avslutar(self) -> bool:
        """Sant för insatstypen som avslutade samarbetet."""
        return self.form == Form.AVSLUTAR

    @property
    def pagar(self) -> bool:
        """Sant för vistelsen som inte är lämnad."""
        return self.till is None and not self.avslutar


@dataclass(frozen=True, slots=True)
class Tidslinje:
    """Samarbetets steg i ordning, och dess dagar: sammanlagt, och de i väntan."""

    samarbete_id: int
    steg: tuple[Steg, ...]
    borjan: date
    slut: date | None
    dagar: int
    vantan: int
    byten: int
    """Antalet byten av kontor."""

    @property
    def css_id(self) -> str:
        """Samarbetets id som text, för elementens id på sidan."""
        return str(self.samarbete_id)

    @property
    def nu(self) -> Steg:
        """Det senaste steget."""
        return self.steg[-1]


def tidslinje(samarbete: Samarbete, *, idag: date) -> Tidslinje:
    """Tidslinjen för ett samarbete: två frågor."""
    return tidslinjer([samarbete], idag=idag)[samarbete.pk]


def tidslinjer(samarbeten: Iterable[Samarbete], *, idag: date) -> dict[int, Tidslinje]:
    """Tidslinjen per samarbetes id, två frågor hur många de än är. De utan övergångar är inte med."""
    pks = [samarbete.pk for samarbete in samarbeten]
    vagar: dict[int, list[Overgang]] = {}
    for overgang in Overgang.objects.filter(samarbete__in=pks).order_by("samarbete", "ordning"):
        vagar.setdefault(overgang.samarbete_id, []).append(overgang)
    kontoren: dict[int, list[Samarbetskontor]] = {}
    byten = Samarbetskontor.objects.filter(samarbete__in=pks).select_related("af_kontor", "fk_kontor")
    for byte in byten.order_by("samarbete", "datum"):
        kontoren.setdefault(byte.samarbete_id, []).append(byte)
    return {pk: _tidslinje(pk, vagen, kontoren.get(pk, []), idag) for pk, vagen in vagar.items()}


def _tidslinje(pk: int, vagen: list[Overgang], kontor: list[Samarbetskontor], idag: date) -> Tidslinje:
    borjan, sista = vagen[0].datum, vagen[-1]
    slut = sista.datum if FORMEN[Insatstyp(sista.till)] == Form.AVSLUTAR else None
    slutar = slut or max(idag, sista.datum)
    hela = (slutar - borjan).days
    steg = tuple(_steg(overgang, kontor, slutar, (borjan, hela)) for overgang in vagen)
    vantan = sum(ett.dagar or 0 for ett in steg if ett.vantar)
    return Tidslinje(pk, steg, borjan, slut, hela, vantan, max(len(kontor) - 1, 0))


def _steg(overgang: Overgang, kontor: list[Samarbetskontor], slutar: date, axeln: tuple[date, int]) -> Steg:
    borjan, hela = axeln
    insatstyp = Insatstyp(overgang.till)
    avslutar = FORMEN[insatstyp] == Form.AVSLUTAR
    tills = overgang.lamnad or slutar
    dagar = (tills - overgang.datum).days
    bredd = max(dagar / hela if hela and not avslutar else 0, SMALAST)
    plats = min((overgang.datum - borjan).days / hela if hela else 0, 1 - bredd)
    return Steg(
        insatstyp=insatstyp,
        kontor=_under(kontor, overgang.datum, overgang.lamnad, slutar),
        fran=overgang.datum,
        till=overgang.lamnad,
        dagar=None if avslutar else dagar,
        orsak=Orsak(overgang.orsak).label if overgang.orsak else "",
        plats=f"{plats:.2%}",
        bredd=f"{bredd:.2%}",
    )


def _under(kontor: list[Samarbetskontor], fran: date, lamnad: date | None, slutar: date) -> tuple[Kontorspar, ...]:
    """De kontor som gällde under vistelsen, i ordning: de från dess början, och de som kom sedan.

    Den dag vistelsen lämnas hör till nästa. Är den inte lämnad är dagens kontor också dess.
    """
    vid_start = [byte for byte in kontor if byte.datum <= fran][-1:]
    sedan = [byte for byte in kontor if fran < byte.datum and (byte.datum < lamnad if lamnad else byte.datum <= slutar)]
    return (
        *(Kontorspar(byte.af_kontor.namn, byte.fk_kontor.namn, None) for byte in vid_start),
        *(Kontorspar(byte.af_kontor.namn, byte.fk_kontor.namn, byte.datum) for byte in sedan),
    )

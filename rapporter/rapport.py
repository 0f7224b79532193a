"""Insatsrapporten, byggd av frågans rader (R35–R37)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rapporter.grupper import Radkalla, Svar, forenade, grupperade, per
from rapporter.insatsdiagram import SPRIDDA, Underlag, diagrammen
from rapporter.kolumner import ANTAL_INSATSER, UNIKA, Matt, kolumnerna, matten, rapportens_matt
from rapporter.tabell import Grupp, Kolumn, Rad, Rapport
from rapporter.urval import Gruppera, Koder, Urval
from rapporter.varden import Varde, celltext
from rapporter.varningar import varningarna

RUBRIK: Final = "Insatsrapport"
UTANFOR_PERIODEN: Final = (
    "Rapporten tar med insatser vars datum överlappar perioden. En insats som slutade före perioden är inte med, "
    "inte heller i de kolumner som visar hela kalenderår."
)
INGA_INSATSER: Final = (
    "Inga insatser i urvalet",
    "Ingen insats i urvalet har datum som överlappar perioden. Välj en annan period eller ta bort något av urvalen.",
)


@dataclass(frozen=True, slots=True)
class _Mangd:
    """Insatserna bakom en rad, en delsumma eller Totalt: för vald period och för jämförelseperioden.

    `gruppering` säger var deras olika personer finns räknade. Tomt är i insatsen själv.
    """

    vald: Sequence[Radkalla]
    fore: Sequence[Radkalla]
    gruppering: str = ""


@dataclass(frozen=True, slots=True)
class _Underlag:
    """Det som cellerna räknas ur: måtten (med sitt nummer i frågan), deras kolumner och de två svaren."""

    matt: Sequence[tuple[int, Matt]]
    kolumner: tuple[Kolumn, ...]
    jamfor: bool
    unika: tuple[Mapping[str, int | None], Mapping[str, int | None]]


def summa(tal: Iterable[Any]) -> int | None:
    """Summan av talen som finns; None om inget finns (R36)."""
    kanda = [ett for ett in tal if ett is not None]
    return sum(kanda) if kanda else None


def _summa(nr: int, kallor: Sequence[Radkalla]) -> int | None:
    return summa([kalla.varden[nr] for kalla in kallor])


def bygg(
    vald: Svar,
    *,
    urval: Urval,
    koder: Koder,
    framtagen: datetime,
    fore: Svar | None = None,
    manader: Sequence[Mapping[str, Sequence[int]]] = (),
    med_diagram: bool = False,
) -> Rapport:
    """Bygger rapporten av frågans svar, vars rader är i ordning. `framtagen` är i Europe/Stockholm.

    `fore` är svaret för jämförelseperioden och `manader` antalet deltagare per månad i vald period och i den.
    """
    underlag = _underlaget(urval, vald, fore)
    alla = forenade(vald.rader, fore.rader) if fore else vald.rader
    fanns = {kalla.insats_id: kalla for kalla in fore.rader} if fore else {}
    finns = {kalla.insats_id for kalla in vald.rader} if fore else set()

    def mangd(kallor: Sequence[Radkalla], gruppering: str = "") -> _Mangd:
        if fore is None:
            return _Mangd(kallor, (), gruppering)
        nu = [kalla for kalla in kallor if kalla.insats_id in finns]
        return _Mangd(nu, [fanns[k.insats_id] for k in kallor if k.insats_id in fanns], gruppering)

    grupper: list[Grupp] = []
    rader: list[Rad] = []
    for nyckel, namn, kallor in grupperade(alla, urval, koder):
        gruppens = list(_rader(kallor, mangd, underlag, urval))
        rader += gruppens
        if urval.gruppera:
            delsumma = _celler(mangd(kallor, urval.gruppera), underlag, med_fakta=False)
            grupper.append(Grupp(nyckel, namn, len(gruppens), delsumma))
    totalt = _celler(mangd(alla, "totalt"), underlag, med_fakta=False)
    led = _LED_ORGANISATION if urval.per_organisation else _LED_INSATS
    antal, bara_fore = len(vald.rader), len(alla) - len(vald.rader)
    return Rapport(
        slag="insatsrapport",
        rubrik=RUBRIK,
        upplysning=" ".join([UTANFOR_PERIODEN, *_om_jamforelsen(urval, bara_fore), *_om_unika(urval)]),
        urval=urval,
        urval_i_ord=urval.i_ord(koder),
        framtagen=framtagen,
        ledrubriker=(led[0][1], led[1][1]),
        lednamn=(led[0][0], led[1][0]),
        namnrubrik=led[1][1] if urval.per_organisation else "Insats",
        kolumner=underlag.kolumner,
        rader=tuple(rader),
        totalt=totalt,
        antal=antal,
        antal_fore=bara_fore,
        antal_rubrik="Antal insatser",
        antal_text=_antalet(antal, bara_fore),
        varningar=tuple(varningarna(urval)),
        diagram=diagrammen(_for_diagram(urval, vald, totalt, underlag, manader)) if med_diagram else (),
        tomt=INGA_INSATSER,
        grupper=tuple(grupper),
        grupprubrik=Gruppera(urval.gruppera).label if urval.gruppera else "",
    )


_LED_INSATS: Final = (("insats", "Insats"), ("insatsnamn", "Insatsnamn"))
_LED_ORGANISATION: Final = (
    ("organisationsnummer", "Organisationsnummer"),
    ("samverkansorganisation", "Samverkansorganisation"),
)


def _underlaget(urval: Urval, vald: Svar, fore: Svar | None) -> _Underlag:
    return _Underlag(
        rapportens_matt(urval),
        kolumnerna(urval),
        fore is not None,
        (vald.unika, fore.unika if fore else {}),
    )


def _rader(
    kallor: Sequence[Radkalla], mangd: Callable[..., _Mangd], underlag: _Underlag, urval: Urval
) -> Iterator[Rad]:
    if urval.per_organisation:
        for nummer, gruppens in per(kallor, lambda kalla: kalla.organisationsnummer):
            varden = _celler(mangd(gruppens, Gruppera.SAMVERKANSORGANISATION.value), underlag)
            yield Rad(nummer, gruppens[0].organisation, "", varden, organisation=nummer)
        return
    plan = [(nr, matt.variabel.summeras, matt.jamfors) for nr, matt in underlag.matt]
    for kalla in kallor:
        # Utan jämförelse är frågans värden radens.
        varden = _jamforda(mangd((kalla,)), plan) if underlag.jamfor else kalla.varden
        yield Rad(
            kalla.nyckel,
            kalla.namn,
            kalla.beskrivning,
            varden,
            kalla.insats_id,
            organisation=kalla.organisationsnummer,
        )


def _jamforda(insatsen: _Mangd, plan: Sequence[tuple[int, bool, bool]]) -> tuple[Varde, ...]:
    """En insats värden: de valda, de tidigare och skillnaden. `plan` är (nummer, är ett tal, jämförs)."""
    vald = insatsen.vald[0].varden if insatsen.vald else None
    fore = insatsen.fore[0].varden if insatsen.fore else None
    fakta = vald or fore or ()
    celler: list[Varde] = []
    for nr, ar_tal, jamfors in plan:
        varde = vald[nr] if vald else None
        celler.append(varde if ar_tal else fakta[nr])
        if jamfors:
            tidigare = fore[nr] if fore else None
            skillnad = varde - tidigare if isinstance(varde, int) and isinstance(tidigare, int) else None
            celler += [tidigare, skillnad]
    return tuple(celler)


def _celler(mangd: _Mangd, underlag: _Underlag, *, med_fakta: bool = True) -> tuple[Varde, ...]:
    """Summorna, och med `med_fakta` det som insatserna har gemensamt; delsummor och Totalt är bara summor."""
    if not mangd.vald and not mangd.fore:
        # Utan insatser är också deras antal tomt: en summa över inga värden är tom (R36).
        return (None,) * len(underlag.kolumner)
    celler: list[Varde] = []
    for nr, matt in underlag.matt:
        if not matt.variabel.summeras:
            celler.append(_gemensamt(nr, mangd) if med_fakta else None)
            continue
        vald = _tal(nr, matt, mangd.vald, mangd.gruppering, underlag.unika[0])
        celler.append(vald)
        if underlag.jamfor and matt.jamfors:
            fore = _tal(nr, matt, mangd.fore, mangd.gruppering, underlag.unika[1])
            celler += [fore, None if vald is None or fore is None else vald - fore]
    return tuple(celler)


def _tal(
    nr: int, matt: Matt, kallor: Sequence[Radkalla], gruppering: str, unika: Mapping[str, int | None]
) -> int | None:
    """Summan; för olika personer deras antal i gruppen, aldrig en summa. Över inga värden är det tomt (R36)."""
    if matt.variabel is ANTAL_INSATSER:
        return len(kallor)
    tal = _summa(nr, kallor)
    if not matt.ar_unika or not gruppering or tal is None:
        return tal
    return unika.get(matt.kon) if gruppering == "totalt" else kallor[0].unika.get((gruppering, matt.kon))


def _gemensamt(nr: int, mangd: _Mangd) -> Varde:
    """Ett faktum om insatserna; tomt om det skiljer sig mellan dem."""
    varden = [kalla.varden[nr] for kalla in mangd.vald or mangd.fore]
    return varden[0] if len(set(varden)) == 1 else None


def _om_jamforelsen(urval: Urval, bara_fore: int) -> Iterator[str]:
    fore = urval.foregaende
    if fore is None:
        return
    yield (
        f"Insatser vars datum överlappar jämförelseperioden {fore.period} är också med, så att dess tal är de som "
        "rapporten för den perioden visar."
    )
    if bara_fore:
        vad = "En insats" if bara_fore == 1 else f"{celltext(bara_fore)} insatser"
        yield f"{vad} har datum bara i jämförelseperioden, och inga tal för vald period."


def _om_unika(urval: Urval) -> Iterator[str]:
    if UNIKA in urval.variabler and (urval.gruppera or urval.per_organisation):
        vilka = "Delsummornas" if urval.gruppera else "Radernas"
        yield (
            f"{vilka} Antal unika deltagare går inte att lägga ihop till raden Totalt: den som har deltagit i flera "
            "räknas i var och en, men en gång i Totalt."
        )


def _antalet(vald: int, bara_fore: int) -> str:
    """Antalet insatser i ord, till exempel 12 insatser; med jämförelse också de som inte har någon vald period."""
    text = f"{celltext(vald)} {'insats' if vald == 1 else 'insatser'}"
    return f"{text} i vald period, {celltext(bara_fore)} bara i jämförelseperioden" if bara_fore else text


def _for_diagram(
    urval: Urval,
    vald: Svar,
    totalt: tuple[Varde, ...],
    underlag: _Underlag,
    manader: Sequence[Mapping[str, Sequence[int]]],
) -> Underlag:
    organisationerna = per(vald.rader, lambda kalla: kalla.organisationsnummer)
    return Underlag(
        urval=urval,
        manader=manader,
        totalt={
            kolumn.namn: varde
            for kolumn, varde in zip(underlag.kolumner, totalt, strict=True)
            if isinstance(varde, int)
        },
        per_organisation={
            ett.variabel.namn: {
                (nummer, gruppens[0].organisation): _summa(nr, gruppens) for nummer, gruppens in organisationerna
            }
            for nr, ett in enumerate(matten(urval))
            if ett.variabel in SPRIDDA and not ett.kon
        },
    )

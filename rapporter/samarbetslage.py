"""Rapporterna Status och Övergångar om Af/FK-samarbetet (`doman.md` 8)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from deltagare.overgangar import FORMEN, Form, Insatstyp, Myndighet
from rapporter.diagram import flode, liggande
from rapporter.samarbetsurval import Kontor, Samarbetsurval
from rapporter.tabell import Kolumn, Rad, Rapport
from rapporter.varden import Varde
from rapporter.variabler import Period, Slag

START: Final = "Nytt samarbete"
# Fler år än så får en kolumn tillsammans, och fler kontor än så inget diagram.
_AREN_VAR_FOR_SIG: Final = 6
_KONTOR_I_DIAGRAM: Final = 30
# Samma färger som på tidslinjen över ett samarbete.
_FARGERNA: Final = (0, 2, 5)
_LAGEN: Final = {Form.AKTIV: "Aktuella", Form.VANTAR: "I väntan", Form.AVSLUTAR: "Avslutade"}
_UPPLYSNING: Final = (
    "Samarbeten som pågick någon dag i perioden, efter var de var på periodens sista dag, eller i dag om den inte har "
    "kommit. Ett samarbete räknas hos båda sina kontor men en gång på raden Totalt. Anonyma deltagare räknas för sig, "
    "för hela kalenderår."
)
_TOMT: Final = "Välj en annan period eller ta bort något av urvalen."
_OVERGANGARNA: Final = (
    "Övergångar som gjordes i perioden, efter vilken insatstyp deltagaren kom från och gick till. Kontor är "
    "samarbetets två kontor den dag övergången gjordes."
)


def _antal(namn: str, rubrik: str, definition: str, period: Period = Period.VALD) -> Kolumn:
    return Kolumn(namn, rubrik, period, Slag.HELTAL, definition, summeras=True)


_MYNDIGHET: Final = Kolumn(
    "myndighet", "Myndighet", Period.FAKTUM, Slag.TEXT, "Myndigheten som kontoret hör till.", summeras=False
)
_STATUS: Final = (
    _antal("samtliga", "Samtliga", "Samarbeten som pågick någon dag i perioden."),
    _antal("aktuella", "Aktuella", "De som är i en aktiv insatstyp: Gemensam kartläggning eller en arbetsinsats."),
    _antal("i_vantan", "I väntan", "De som väntar på aktivitet: begäran, eller en planerad insats."),
    _antal("avslutade", "Avslutade", "De som har avslutats eller avbrutits, eller gått till konsultativt stöd."),
)


def status(
    lagen: Iterable[tuple[Any, ...]],
    anonyma: Iterable[tuple[Any, ...]],
    *,
    urval: Samarbetsurval,
    kontoren: Mapping[str, Kontor],
    framtagen: datetime,
) -> Rapport:
    """Bygger Status. `lagen` är (kontor eller None för alla, insatstyp, antal), `anonyma` (kontor, år, antal)."""
    per_kontor: dict[int | None, Counter[Form]] = {}
    for kontor, typ, antal in lagen:
        per_kontor.setdefault(kontor, Counter())[FORMEN[Insatstyp(typ)]] += antal
    aren = _aren(urval)
    anonymas: dict[int, Counter[int]] = {}
    for kontor, ar, antal in anonyma:
        anonymas.setdefault(kontor, Counter())[ar] += antal
    valda = [
        (nyckel, kontor)
        for nyckel, kontor in kontoren.items()
        if (nyckel in urval.kontor if urval.kontor else kontor.id in per_kontor or kontor.id in anonymas)
    ]
    rader = tuple(
        Rad(
            nyckel,
            kontor.namn,
            "",
            (
                Myndighet(kontor.myndighet).label,
                *_talen(per_kontor.get(kontor.id, Counter())),
                *_anonymas_tal(anonymas.get(kontor.id, Counter()), aren),
            ),
            koder=(("myndighet", kontor.myndighet),),
        )
        for nyckel, kontor in valda
    )
    alla_anonyma = sum((anonymas.get(kontor.id, Counter()) for _, kontor in valda), Counter[int]())
    totalt = (None, *_talen(per_kontor.get(None, Counter())), *_anonymas_tal(alla_anonyma, aren))
    i_diagram = {
        kontor.text: [_heltal(tal) for tal in rad.varden[2:5]] for (_, kontor), rad in zip(valda, rader, strict=True)
    }
    diagram = liggande("Läget per kontor", "Antal samarbeten", i_diagram, list(_LAGEN.values()), farger=_FARGERNA)
    return Rapport(
        slag="status",
        rubrik="Status",
        upplysning=_UPPLYSNING,
        urval=urval,
        urval_i_ord=(*urval.i_ord(kontoren), ("Läget den", urval.dag.isoformat())),
        framtagen=framtagen,
        ledrubriker=("Kontor", "Kontorsnamn"),
        lednamn=("kontor", "kontorsnamn"),
        namnrubrik="Kontor",
        kolumner=(_MYNDIGHET, *_STATUS, *(_anonymkolumn(ar) for ar in aren)),
        rader=rader,
        totalt=totalt,
        antal=len(rader),
        antal_rubrik="Antal kontor",
        antal_text=f"{len(rader)} kontor",
        diagram=(diagram,) if 0 < len(rader) <= _KONTOR_I_DIAGRAM else (),
        tomt=("Inga samarbeten i urvalet", _TOMT),
    )


def _aren(urval: Samarbetsurval) -> list[range]:
    if len(urval.ar) > _AREN_VAR_FOR_SIG:
        return [urval.ar]
    return [range(ar, ar + 1) for ar in urval.ar]


def _anonymkolumn(aren: range) -> Kolumn:
    text = str(aren[0]) if len(aren) == 1 else f"{aren[0]}–{aren[-1]}"
    namn = f"anonyma_{text}".replace("–", "_")
    return _antal(namn, f"Anonyma {text}", f"Anonyma deltagare registrerade på kontoret för {text}.", Period.KALENDERAR)


def _talen(lagen: Counter[Form]) -> tuple[int, ...]:
    return (lagen.total(), *(lagen[form] for form in _LAGEN))


def _anonymas_tal(per_ar: Counter[int], aren: Sequence[range]) -> tuple[int, ...]:
    return tuple(sum(per_ar[ar] for ar in nagra) for nagra in aren)


def _heltal(varde: Varde) -> int:
    return varde if isinstance(varde, int) else 0


def overgangar(
    antalen: Iterable[tuple[str, str, int]],
    *,
    urval: Samarbetsurval,
    kontoren: Mapping[str, Kontor],
    framtagen: datetime,
) -> Rapport:
    """Bygger Övergångar av frågans rader: (från, till, antal). Tomt från är övergången som börjar samarbetet."""
    ordning = ["", *Insatstyp.values]
    rader = sorted(antalen, key=lambda rad: (ordning.index(rad[0]), ordning.index(rad[1])))
    namn = {"": START, **dict(Insatstyp.choices)}
    floden = {(namn[fran], namn[till]): antal for fran, till, antal in rader}
    diagram = flode(
        "Flödet mellan insatstyperna",
        "Antal övergångar i perioden",
        [namn[ett] for ett in ordning if any(fran == ett for fran, _, _ in rader)],
        [namn[ett] for ett in ordning if any(till == ett for _, till, _ in rader)],
        floden,
    )
    summa = sum(floden.values())
    return Rapport(
        slag="overgangar",
        rubrik="Övergångar",
        upplysning=_OVERGANGARNA,
        urval=urval,
        urval_i_ord=urval.i_ord(kontoren),
        framtagen=framtagen,
        ledrubriker=("Från",),
        lednamn=("fran",),
        namnrubrik="Från",
        kolumner=(
            Kolumn("till", "Till", Period.FAKTUM, Slag.TEXT, "Insatstypen som deltagaren gick till.", summeras=False),
            _antal("antal", "Antal", "Övergångar som gjordes i perioden."),
        ),
        rader=tuple(
            Rad(fran, namn[fran], "", (namn[till], antal), koder=(("till", till),)) for fran, till, antal in rader
        ),
        totalt=(None, summa),
        antal=summa,
        antal_rubrik="Antal övergångar",
        antal_text=f"{summa} övergångar" if summa != 1 else "1 övergång",
        diagram=(diagram,) if rader else (),
        tomt=("Inga övergångar i urvalet", _TOMT),
    )

"""Insatsrapportens diagram: deltagare per månad, plan och utfall, och spridningen mellan organisationerna.

De visar bara de variabler som är valda, och samma tal som tabellen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapporter.diagram import Diagram
from rapporter.diagramformer import Plan, Punktrad, Serie, linjer, plan_och_utfall, punkter
from rapporter.urval import Konsval, Urval, manaderna
from rapporter.variabler import VARIABLER, Period

_SERIER: Final = {"": "Alla", Konsval.KVINNA.value: "Kvinnor", Konsval.MAN.value: "Män"}
# Planer jämförs inte mellan organisationer, bara det som blev av dem.
SPRIDDA: Final = tuple(
    variabel
    for variabel in VARIABLER.values()
    if variabel.summeras and not variabel.namn.startswith("budgetera") and variabel.namn != "antal_unika_deltagare"
)


@dataclass(frozen=True, slots=True)
class Underlag:
    """Talen som diagrammen ritas av.

    `manader` är antalet deltagare per månad, kön → tal, för vald period och för jämförelseperioden. `totalt` är
    raden Totalt, kolumn → tal. `per_organisation` är variabel (en av `SPRIDDA`) → (organisationsnummer, namn) → tal.
    """

    urval: Urval
    manader: Sequence[Mapping[str, Sequence[int]]]
    totalt: Mapping[str, int]
    per_organisation: Mapping[str, Mapping[tuple[str, str], int | None]]


def diagrammen(underlag: Underlag) -> tuple[Diagram, ...]:
    """Diagrammen som urvalet har underlag för."""
    return (*_manader(underlag), *_planer(underlag), *_spridning(underlag))


def _manader(underlag: Underlag) -> Iterator[Diagram]:
    urval = underlag.urval
    # En månad som inte har börjat har inga deltagare att visa.
    axel = [manad for manad in manaderna(urval) if manad <= urval.idag]
    if len(axel) < 2 or not any(antal for period in underlag.manader for tal in period.values() for antal in tal):
        return
    perioder = [urval, *([urval.foregaende] if urval.foregaende else [])]
    serier = []
    for period, (vad, tal) in enumerate(zip(perioder, underlag.manader, strict=True)):
        for farg, (kon, per_manad) in enumerate(tal.items()):
            namn = _SERIER[kon if urval.uppdelat_pa_kon else urval.kon]
            if len(perioder) > 1:
                namn = f"{namn}, {vad.period}" if urval.uppdelat_pa_kon else vad.period
            serier.append(Serie(namn, per_manad[: len(axel)], farg + 3 * period, streckad=period > 0))
    etiketter = [f"{manad:%Y-%m}" for manad in axel]
    fore = [f" ({manad:%Y-%m})" for manad in manaderna(perioder[1])] if len(perioder) > 1 else [""] * len(axel)
    yield linjer(
        "Deltagare per månad",
        "Deltaganden med personuppgifter som pågick hela månaden eller en del av den. Den som deltar flera månader "
        "räknas i var och en.",
        etiketter,
        [f"{manad}{annan}" for manad, annan in zip(etiketter, fore, strict=False)],
        serier,
        "Deltagare per månad",
    )


def _planer(underlag: Underlag) -> Iterator[Diagram]:
    """Planen gäller hela kalenderår; det som mäts i månader säger det (R37)."""
    urval, totalt = underlag.urval, underlag.totalt
    aren, hela = f"hela {urval.ar_text}", urval.hela_kalenderar
    planer = []
    deltagare = ("budgeterat_antal_deltagare", "antal_deltagare", "antal_anonyma_deltagare")
    # Planen har inget kön, och gäller anonyma också: utan dem alla går den inte att jämföra.
    if not urval.konsfilter and all(namn in totalt for namn in deltagare):
        plan, med_uppgifter, anonyma = (totalt[namn] for namn in deltagare)
        planer.append(
            Plan(
                "Antal deltagare",
                plan,
                (
                    (f"Med personuppgifter{'' if hela else f' {urval.period}'}", med_uppgifter),
                    (f"Anonyma{'' if hela else f' {aren}'}", anonyma),
                ),
                f"Budgeterat, {aren}",
                f"Faktiskt, {aren}" if hela else "Faktiskt",
                # Bara ett helt år mot dess plan är en andel: annars saknas månader, eller räknas samma deltagande en
                # gång mot flera års planer.
                jamforbar=hela and len(urval.ar) == 1,
            )
        )
    for namn, budget, utfall, enhet in (
        ("Antal i volyminsatser", "budgeterat_antal_volym", "faktiskt_antal_volym", ""),
        ("Insatskostnad", "budgeterad_insatskostnad", "utfall_insatskostnad", "kr"),
    ):
        if budget in totalt and utfall in totalt:
            planer.append(
                Plan(
                    namn,
                    totalt[budget],
                    (("Utfall", totalt[utfall]),),
                    f"Budgeterat, {aren}",
                    f"Faktiskt, {aren}",
                    enhet,
                )
            )
    if planer:
        text = "Hela urvalet, också insatser där bara plan eller bara utfall är registrerat. Varje mått har sin skala."
        if planer[0].namn == "Antal deltagare":
            if not hela:
                text += (
                    f" Deltagare med personuppgifter gäller {urval.period}, allt annat {aren}: antalet visas därför "
                    "inte i procent av planen."
                )
            elif len(urval.ar) > 1:
                text += (
                    " Antal deltagare visas inte i procent av planen: planen är summan av årens planer, men ett "
                    "deltagande räknas en gång i perioden."
                )
        yield plan_och_utfall("Plan och utfall", text, planer, "Plan och utfall")


def _spridning(underlag: Underlag) -> Iterator[Diagram]:
    organisationer: dict[str, str] = {}
    matt = []
    for variabel in SPRIDDA:
        tal = underlag.per_organisation.get(variabel.namn, {})
        organisationer |= dict(tal.keys())
        if sum(varde is not None for varde in tal.values()) > 1:
            hela = underlag.urval.ar_text if variabel.period == Period.KALENDERAR else ""
            namn = f"{variabel.rubrik}, {hela}" if hela and not underlag.urval.hela_kalenderar else variabel.rubrik
            matt.append(Punktrad(namn, {nummer: varde for (nummer, _), varde in tal.items()}))
    if matt:
        yield punkter(
            "Spridning mellan samverkansorganisationer",
            "En punkt per samverkansorganisation, summan av dess insatser i urvalet. Strecket är medianen. Varje mått "
            "har sin skala.",
            organisationer,
            matt,
            "Spridning",
        )

"""Det som raderna prövas mot: organisationer och insatser efter importen, geografi och kodverk.

Det som växer med antalet deltagare finns inte här utan i databasen.
"""

from dataclasses import dataclass, field
from datetime import date

from deltagare.models import Kod
from deltagare.overforing.forbindelse import aktuell, alias
from deltagare.uppgifter import Kodverk
from insatser.models import Insats, Kommun, Samverkansorganisation, Stadsdel


@dataclass(slots=True)
class Organisation:
    """En samverkansorganisation så som den blir. Trasig: raden har fel, och det som hänvisar till den prövas inte."""

    nummer: str
    id: int | None
    form: str
    start: date
    slut: date | None
    kommuner: frozenset[str] = frozenset()
    trasig: bool = False
    ny_form: bool = False
    rad: int = 0


@dataclass(slots=True)
class Kategorisering:
    """De fyra valen i kategoriseringen."""

    inriktning: str = ""
    preciserad_inriktning: str = ""
    deltagarregistrering: str = ""
    malgrupper: tuple[str, ...] = ()


@dataclass(slots=True)
class Insatsen:
    """En insats så som den blir. `lokal` är dess nummer under importen, `rad` dess rad i filen (0: inte i filen)."""

    lokal: int
    nyckel: str
    id: int | None
    organisation: Organisation | None
    namn: str
    beskrivning: str
    start: date
    slut: date | None
    kategorisering: Kategorisering
    last: bool = False
    trasig: bool = False
    rad: int = 0
    fore: "Insatsen | None" = None
    """Insatsen som den är i databasen, för en som ändras."""

    @property
    def ar_kontor(self) -> bool:
        """Sant för ett kontor i Af/FK-samarbetet."""
        return not self.kategorisering.inriktning

    @property
    def vars(self) -> str:
        """Vems, i en mening: insatsens eller kontorets."""
        return "kontorets" if self.ar_kontor else "insatsens"

    @property
    def ar_volyminsats(self) -> bool:
        """Sant om bara antal registreras."""
        return self.kategorisering.deltagarregistrering == "antal"


Giltighet = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Rackvidd:
    """Vad den som läser in på webben når, som id:n. Kommandot når allt och har ingen."""

    organisationer: frozenset[int]
    insatser: frozenset[int]


@dataclass
class Lage:
    """Allt som raderna prövas mot."""

    idag: date
    rackvidd: Rackvidd | None = None
    organisationer: dict[str, Organisation] = field(default_factory=dict)
    insatser: dict[str, Insatsen] = field(default_factory=dict)
    kommuner: frozenset[str] = frozenset()
    stadsdelar: dict[str, dict[str, int]] = field(default_factory=dict)
    """Kommun → normaliserat namn → id."""
    stadsdelsnamn: dict[str, list[str]] = field(default_factory=dict)
    koder: dict[Kodverk, dict[str, Giltighet]] = field(default_factory=dict)
    fingeravtryck_finns: bool = False
    pseudonymer_finns: bool = False
    samarbetsavtryck_finns: bool = False

    def nar_organisationen(self, organisation: Organisation) -> bool:
        """Sant om den som läser in har uppdrag i organisationen."""
        return self.rackvidd is None or organisation.id in self.rackvidd.organisationer

    def nar_insatsen(self, insats: Insatsen) -> bool:
        """Sant om den som läser in har uppdrag på insatsen, eller lägger upp den i samma inläsning."""
        return self.rackvidd is None or insats.id is None or insats.id in self.rackvidd.insatser

    def sista_dag(self, insats: Insatsen) -> tuple[date | None, str]:
        """Insatsens sista dag för registreringar och vems slutdatum det är: det tidigaste gäller (R7, R21)."""
        organisation = insats.organisation and self.organisationer[insats.organisation.nummer]
        tidigare = organisation and not organisation.trasig and organisation.slut
        if tidigare and (insats.slut is None or tidigare < insats.slut):
            return tidigare, "samverkansorganisationens"
        return insats.slut, insats.vars


def namnform(namn: str) -> str:
    """Ett stadsdelsnamn så som det jämförs: bindestreck och tankstreck lika, liksom gemener och versaler."""
    return " ".join(namn.replace("–", "-").casefold().split())


def las(idag: date, rackvidd: Rackvidd | None = None) -> Lage:
    """Läget i databasen, för den som når `rackvidd` (None: allt)."""
    lage = Lage(idag, rackvidd)
    organisationer: dict[int, Organisation] = {}
    omraden: dict[int, set[str]] = {}
    for organisation_id, kommun in Samverkansorganisation.kommuner.through.objects.using(alias()).values_list(
        "samverkansorganisation_id", "kommun_id"
    ):
        omraden.setdefault(organisation_id, set()).add(kommun)
    for rad in Samverkansorganisation.objects.using(alias()).order_by("pk"):
        kommuner = frozenset(omraden.get(rad.pk, ()))
        organisation = Organisation(
            rad.organisationsnummer, rad.pk, rad.samverkansform, rad.startdatum, rad.slutdatum, kommuner
        )
        organisationer[rad.pk] = lage.organisationer[organisation.nummer] = organisation
    for lokal, insats in enumerate(Insats.objects.using(alias()).order_by("pk").iterator()):
        lage.insatser[insats.nyckel] = Insatsen(
            lokal=lokal,
            nyckel=insats.nyckel,
            id=insats.pk,
            organisation=organisationer[insats.samverkansorganisation_id],
            namn=insats.namn,
            beskrivning=insats.beskrivning,
            start=insats.startdatum,
            slut=insats.slutdatum,
            kategorisering=Kategorisering(
                insats.inriktning,
                insats.preciserad_inriktning,
                insats.deltagarregistrering,
                tuple(insats.malgrupper),
            ),
            last=insats.last,
        )
    lage.kommuner = frozenset(Kommun.objects.using(alias()).values_list("kod", flat=True))
    for stadsdel in Stadsdel.objects.using(alias()).order_by("namn"):
        lage.stadsdelar.setdefault(stadsdel.kommun_id, {})[namnform(stadsdel.namn)] = stadsdel.pk
        lage.stadsdelsnamn.setdefault(stadsdel.kommun_id, []).append(stadsdel.namn)
    for kod in Kod.objects.using(alias()).order_by("kodverk", "ordning"):
        lage.koder.setdefault(Kodverk(kod.kodverk), {})[kod.kod] = (kod.giltig_fran, kod.giltig_till)
    with aktuell().cursor() as markor:
        markor.execute(
            "SELECT EXISTS (SELECT FROM deltagare_deltagande WHERE fingeravtryck IS NOT NULL), "
            "EXISTS (SELECT FROM deltagare_person WHERE nyckel LIKE 'X%'), "
            "EXISTS (SELECT FROM deltagare_samarbete WHERE avidentifierat AND fingeravtryck IS NOT NULL)"
        )
        lage.fingeravtryck_finns, lage.pseudonymer_finns, lage.samarbetsavtryck_finns = markor.fetchone()
    return lage

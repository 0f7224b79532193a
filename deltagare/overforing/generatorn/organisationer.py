"""Det som filerna inte bär för samverkansorganisationerna: kontaktuppgifter, ingående organisationer och budget.

Eget slumptal: de andra påhittade uppgifterna blir desamma med och utan.
"""

import random
from datetime import date
from typing import Final

from django.db import transaction
from django.db.models import Sum

from behorighet.models import Organisation, Organisationstyp
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.generatorn.stoff import EFTERNAMN, KVINNONAMN, MANSNAMN, REGIONER
from insatser.kategorier import KONTORSFORMER, Samverkansform
from insatser.models import (
    AdministrativKostnad,
    Budgetpost,
    Finansieringspost,
    IngaendeOrganisation,
    Kostnadstyp,
    Organisationsbudget,
    Samverkansorganisation,
)

_STATEN: Final = ("Försäkringskassan", "Arbetsförmedlingen")
_GATOR: Final = ("Storgatan", "Kyrkogatan", "Järnvägsgatan", "Torggatan", "Skolgatan", "Hamngatan")
_VOKALER_OCH_S: Final = tuple("aeiouyåäösxz")


def fyll(*, fro: int, idag: date) -> None:
    """Ger varje samverkansorganisation kontaktuppgifter, ingående organisationer och budget till och med årets."""
    slump = random.Random(f"organisationer {fro}")  # noqa: S311 (påhittade uppgifter, ska gå att upprepa)
    with transaction.atomic(using=AGARE):
        organisationer = Samverkansorganisation.objects.using(AGARE).exclude(samverkansform__in=KONTORSFORMER)
        for organisation in organisationer.prefetch_related("kommuner").order_by("organisationsnummer"):
            _kontakt(organisation, slump)
            parter = _parter(organisation)
            if organisation.samverkansform != Samverkansform.HANDLINGSPLAN:
                _budget(organisation, parter, slump, idag)


def _kontakt(organisation: Samverkansorganisation, slump: random.Random) -> None:
    kommuner = sorted(organisation.kommuner.all(), key=lambda kommun: kommun.kod)
    organisation.adress = f"{slump.choice(_GATOR)} {slump.randrange(1, 60)}"
    organisation.postnummer = f"{slump.randrange(111, 985)} {slump.randrange(10, 99)}"
    organisation.ort = kommuner[0].namn if kommuner else ""
    organisation.kontaktperson = f"{slump.choice((*KVINNONAMN, *MANSNAMN))} {slump.choice(EFTERNAMN)}"
    # Post- och telestyrelsens nummer för böcker och filmer.
    organisation.telefon = f"070-174 06 {slump.randrange(5, 100):02d}"
    organisation.epost = f"kontakt.{organisation.organisationsnummer}@sus.example"
    organisation.save(using=AGARE, update_fields=["adress", "postnummer", "ort", "kontaktperson", "telefon", "epost"])


def _parter(organisation: Samverkansorganisation) -> list[Organisation]:
    """Staten, regionerna och kommunerna, som alla deltar och brukar; de som finansierar returneras."""
    kommuner = sorted(organisation.kommuner.all(), key=lambda kommun: kommun.kod)
    lan = dict.fromkeys(kommun.lan_id for kommun in kommuner)
    namn = [(en, Organisationstyp.STAT) for en in _STATEN]
    namn += [(REGIONER[kod], Organisationstyp.REGION) for kod in lan]
    if organisation.samverkansform != Samverkansform.TVAPART:
        namn += [(kommunens_namn(kommun.namn), Organisationstyp.KOMMUN) for kommun in kommuner]
    finansierar = []
    for text, typ in namn:
        part, _ = Organisation.objects.using(AGARE).get_or_create(namn=text, defaults={"typ": typ})
        # Arbetsförmedlingens del av statens medel går genom Försäkringskassan.
        betalar = text != "Arbetsförmedlingen"
        IngaendeOrganisation.objects.using(AGARE).create(
            samverkansorganisation=organisation, organisation=part, deltar=True, finansierar=betalar, brukar=True
        )
        if betalar:
            finansierar.append(part)
    return finansierar


def kommunens_namn(ort: str) -> str:
    """Kommunen som organisation: Åmåls kommun, Kristinehamns kommun, Habo kommun."""
    return f"{ort} kommun" if ort.endswith(_VOKALER_OCH_S) else f"{ort}s kommun"


def _budget(organisation: Samverkansorganisation, parter: list[Organisation], slump: random.Random, idag: date) -> None:
    poster = Budgetpost.objects.using(AGARE).filter(insats__samverkansorganisation=organisation)
    for rad in poster.values("ar").annotate(budget=Sum("budget")).order_by("ar"):
        budget = Organisationsbudget.objects.using(AGARE).create(samverkansorganisation=organisation, ar=rad["ar"])
        kostnader = _kostnader(budget, slump, klart=rad["ar"] < idag.year) if _finsam(organisation) else []
        behov = rad["budget"] + sum(kostnad.budget or 0 for kostnad in kostnader)
        Finansieringspost.objects.using(AGARE).bulk_create(_finansiering(budget, parter, behov, slump))
        AdministrativKostnad.objects.using(AGARE).bulk_create(kostnader)


def _finsam(organisation: Samverkansorganisation) -> bool:
    return organisation.samverkansform == Samverkansform.FINSAM


def _finansiering(
    budget: Organisationsbudget, parter: list[Organisation], behov: int, slump: random.Random
) -> list[Finansieringspost]:
    """Staten står för hälften, regionerna och kommunerna för resten; ibland finns ett överskott kvar."""
    stat = [part for part in parter if part.typ == Organisationstyp.STAT]
    andra = [part for part in parter if part.typ != Organisationstyp.STAT]
    mal = behov * slump.uniform(0.98, 1.06)
    rader = [(part, mal / (2 * len(grupp)), "") for grupp in (stat, andra) for part in grupp]
    if slump.random() < 0.4:
        rader.append((stat[0], behov * slump.uniform(0.01, 0.04), "Eget kapital"))
    return [
        Finansieringspost(
            arsbudget=budget, rad=nr, organisation=part, belopp=round(belopp / 1000) * 1000, beskrivning=text
        )
        for nr, (part, belopp, text) in enumerate(rader, start=1)
    ]


def _kostnader(budget: Organisationsbudget, slump: random.Random, *, klart: bool) -> list[AdministrativKostnad]:
    """Årets utfall är inte känt än."""
    poster = (
        (Kostnadstyp.PERSONAL, "Förbundschef", 850_000),
        (Kostnadstyp.KRINGKOSTNADER, "Lokal och revision", 190_000),
    )
    rader = []
    for nr, (typ, text, grund) in enumerate(poster, start=1):
        belopp = round(grund * slump.uniform(0.8, 1.3) / 1000) * 1000
        utfall = round(belopp * slump.uniform(0.85, 1.08)) if klart else None
        rader.append(
            AdministrativKostnad(
                arsbudget=budget, rad=nr, kostnadstyp=typ, budget=belopp, utfall=utfall, beskrivning=text
            )
        )
    return rader

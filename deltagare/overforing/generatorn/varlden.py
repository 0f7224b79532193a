"""Skriver den påhittade världen som filer i `import-och-kommandon.md` 2:s form."""

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from deltagare.overforing.filformat import (
    ANONYMA,
    BUDGET,
    BUDGETPOSTER,
    DELTAGANDEN,
    FILER,
    INSATSER,
    ORGANISATIONER,
    VID_BEHOV,
    VOLYMANTAL,
)
from deltagare.overforing.generatorn import samarbeten
from deltagare.overforing.generatorn.deltaganden import Deltagandekalla
from deltagare.overforing.generatorn.folk import Folk
from deltagare.overforing.generatorn.skalor import Skala
from deltagare.overforing.generatorn.stoff import DEMOFORBUND, MALLAR, Forbund, Insatsmall
from insatser.geografi import KOMMUNER

Rad = Sequence[Any]
_ORTER: Final = dict(KOMMUNER)
_HANDLINGSPLANENS_SLUT: Final = date(2013, 1, 31)


class Organisation(NamedTuple):
    """En påhittad organisation."""

    nummer: str
    forbund: Forbund
    start: date
    slut: date | None


class Insats(NamedTuple):
    """En påhittad insats."""

    nyckel: str
    organisation: Organisation
    mall: Insatsmall
    namn: str
    start: date
    slut: date | None
    malgrupper: tuple[str, ...]

    def ar(self, till: int) -> range:
        """Åren som insatsen pågår, till och med ett år."""
        return range(self.start.year, min(till, self.slut.year if self.slut else till) + 1)


def skriv(katalog: Path, skala: Skala, *, fro: int, idag: date) -> None:
    """Skriver alla filer. Samma skala, frö och dag ger samma byte."""
    slump = random.Random(fro)  # noqa: S311 (påhittade uppgifter, ska gå att upprepa)
    organisationer = list(_organisationer(skala, idag))
    insatser = list(_insatser(skala, organisationer, slump, idag))
    folk = Folk(skala, fro)
    forbunden = (_organisationsrad(organisation) for organisation in organisationer)
    _fil(katalog, ORGANISATIONER, chain(forbunden, samarbeten.organisationsrader(_AF_OCH_FK) if skala.kontor else ()))
    deras = (_insatsrad(insats) for insats in insatser)
    kontoren = samarbeten.kontorsrader(skala, _AF_OCH_FK)
    _fil(katalog, INSATSER, chain(deras, kontoren), utan="" if samarbeten.har_omraden(skala) else VID_BEHOV[INSATSER])
    _fil(katalog, BUDGET, _budget(insatser, slump, idag))
    _fil(katalog, BUDGETPOSTER, _budgetposter(insatser, slump, idag))
    _fil(katalog, VOLYMANTAL, _volymantal(insatser, slump, idag))
    kontorens = samarbeten.anonyma(skala, fro=fro, idag=idag)
    _fil(katalog, ANONYMA, chain(_anonyma(insatser, slump, idag), kontorens))
    _fil(katalog, DELTAGANDEN, _deltaganden(insatser, skala, folk, slump, idag))
    samarbeten.skriv(katalog, skala, folk, fro=fro, idag=idag)


def _fil(katalog: Path, namn: str, rader: Iterable[Rad], *, utan: str = "") -> None:
    """Skriver filen, utan kolumnen `utan`."""
    kolumner = FILER[namn].kolumner
    med = [nr for nr, kolumn in enumerate(kolumner) if kolumn != utan]
    with (katalog / namn).open("w", encoding="utf-8", newline="") as fil:
        skrivare = csv.writer(fil, lineterminator="\n")
        skrivare.writerow([kolumner[nr] for nr in med])
        skrivare.writerows(([rad[nr] for nr in med] for rad in rader) if utan else rader)


def organisationsnummer(lopnr: int) -> str:
    """Ett påhittat organisationsnummer med rätt kontrollsiffra."""
    nio = f"222999{lopnr:03d}"
    summa = sum(sum(divmod(int(siffra) * (2 - plats % 2), 10)) for plats, siffra in enumerate(nio))
    return f"{nio[:6]}-{nio[6:]}{-summa % 10}"


_AF_OCH_FK: Final = (organisationsnummer(901), organisationsnummer(902))


def _organisationer(skala: Skala, idag: date) -> Iterator[Organisation]:
    if skala.organisationer == len(DEMOFORBUND):
        forbunden: Sequence[Forbund] = DEMOFORBUND
    else:
        forbunden = _rikets_forbund(skala.organisationer)
    for lopnr, forbund in enumerate(forbunden, start=1):
        if forbund.form == "handlingsplan":
            yield Organisation(organisationsnummer(lopnr), forbund, date(2010, 1, 1), _HANDLINGSPLANENS_SLUT)
        else:
            yield Organisation(organisationsnummer(lopnr), forbund, date(idag.year - skala.ar - 2, 1, 1), None)


def _rikets_forbund(antal: int) -> list[Forbund]:
    """Landets kommuner delade på så många organisationer; var tjugonde är Tvåpartsfinans."""
    grupper = [KOMMUNER[len(KOMMUNER) * i // antal : len(KOMMUNER) * (i + 1) // antal] for i in range(antal)]
    return [
        Forbund(
            f"{'Tvåpartssamverkan' if i % 20 == 19 else 'Samordningsförbundet'} {grupp[0][1]} med omnejd",
            "tvapart" if i % 20 == 19 else "finsam",
            tuple(kod for kod, _ in grupp),
            "Påhittad organisation för prov av prestanda.",
        )
        for i, grupp in enumerate(grupper)
    ]


def _insatser(skala: Skala, organisationer: list[Organisation], slump: random.Random, idag: date) -> Iterator[Insats]:
    upptagna: set[tuple[str, str]] = set()
    for lopnr in range(1, skala.insatser + 1):
        organisation = organisationer[(lopnr - 1) % len(organisationer)]
        egna = [mall for mall in MALLAR if mall.form == organisation.forbund.form]
        # Individinriktade insatser är vanligast.
        mall = slump.choice([mall for mall in egna for _ in range(3 if mall.inriktning == "individ" else 1)])
        start, slut = _period(organisation, skala, slump, idag)
        namn = _namn(mall, organisation, upptagna, slump)
        malgrupper = slump.choice(mall.malgrupper)
        yield Insats(f"I{lopnr:05d}", organisation, mall, namn, start, slut, malgrupper)


def _period(organisation: Organisation, skala: Skala, slump: random.Random, idag: date) -> tuple[date, date | None]:
    if organisation.slut:
        start = organisation.start + timedelta(days=slump.randrange(30, 500))
        return start, organisation.slut
    forsta = date(idag.year - skala.ar + 1, 1, 1) - timedelta(days=120)
    # Insatser börjar oftast vid ett års eller en termins början.
    start = forsta + timedelta(days=slump.randrange((idag - forsta).days - 40))
    if slump.random() < 0.5:
        start = date(start.year, 1 if start.month < 8 else 9, 1)
    start = max(start, organisation.start)
    slut = start + timedelta(days=slump.choice((365, 540, 730, 730, 1095, 1460)) + slump.randrange(-30, 31))
    if slut < idag - timedelta(days=20):
        # En fjärdedel av dem som skulle ha slutat har blivit löpande verksamhet.
        return start, None if slump.random() < 0.25 else slut
    return start, slut if slump.random() < 0.4 and slut > idag else None


def _namn(mall: Insatsmall, organisation: Organisation, upptagna: set[tuple[str, str]], slump: random.Random) -> str:
    orter = [_ORTER[kod] for kod in organisation.forbund.kommuner]
    grund = slump.choice(mall.namn)
    forslag = [grund, *(f"{grund} {ort}" for ort in slump.sample(orter, len(orter)))]
    nummer = 2
    while (organisation.nummer, forslag[0]) in upptagna:
        if len(forslag) > 1:
            forslag.pop(0)
        else:
            forslag = [f"{grund} {nummer}"]
            nummer += 1
    upptagna.add((organisation.nummer, forslag[0]))
    return forslag[0]


def _organisationsrad(organisation: Organisation) -> Rad:
    forbund = organisation.forbund
    tid = (organisation.start, organisation.slut)
    return organisation.nummer, forbund.namn, forbund.form, *tid, forbund.beskrivning, ";".join(forbund.kommuner)


def _insatsrad(insats: Insats) -> Rad:
    mall = insats.mall
    val = (mall.inriktning, mall.preciserad, mall.registrering, ";".join(insats.malgrupper))
    return insats.nyckel, insats.organisation.nummer, insats.namn, mall.beskrivning, insats.start, insats.slut, *val, ""


def _budget(insatser: list[Insats], slump: random.Random, idag: date) -> Iterator[Rad]:
    for insats in insatser:
        for ar in insats.ar(idag.year):
            if insats.mall.registrering == "antal":
                yield insats.nyckel, ar, None, slump.randrange(40, 400, 10)
            else:
                yield insats.nyckel, ar, slump.randrange(15, 70, 5), None


def _budgetposter(insatser: list[Insats], slump: random.Random, idag: date) -> Iterator[Rad]:
    for insats in insatser:
        skalning = 0.15 if insats.mall.registrering == "antal" else 1.0
        esf = slump.random() < 0.12
        for ar in insats.ar(idag.year):
            poster = [("insatskostnad", "Personal", 900_000), ("insatskostnad", "Lokaler och övrigt", 220_000)]
            if esf:
                poster.append(("esf_insatskostnad", "Medfinansiering från ESF", 600_000))
            for rad, (typ, text, grund) in enumerate(poster, start=1):
                budget = round(grund * skalning * slump.uniform(0.6, 1.8) / 1000) * 1000
                # Årets utfall är inte känt än.
                utfall = round(budget * slump.uniform(0.7, 1.1)) if ar < idag.year else None
                yield insats.nyckel, ar, rad, typ, budget, utfall, text


def _volymantal(insatser: list[Insats], slump: random.Random, idag: date) -> Iterator[Rad]:
    for insats in insatser:
        if insats.mall.registrering == "antal":
            for ar in insats.ar(idag.year):
                andel = idag.timetuple().tm_yday / 366 if ar == idag.year else 1.0
                yield insats.nyckel, ar, round(slump.randrange(30, 420) * andel)


def _anonyma(insatser: list[Insats], slump: random.Random, idag: date) -> Iterator[Rad]:
    for insats in insatser:
        if insats.mall.registrering == "antal":
            continue
        for ar in insats.ar(idag.year):
            for kon, utesluts in (("kvinna", "man"), ("man", "kvinnor")):
                if utesluts not in insats.malgrupper and slump.random() < 0.3:
                    yield insats.nyckel, ar, kon, slump.randrange(1, 9)


def _deltaganden(insatser: list[Insats], skala: Skala, folk: Folk, slump: random.Random, idag: date) -> Iterator[Rad]:
    egna = [insats for insats in insatser if insats.mall.registrering == "personuppgifter"]
    # Långa insatser har fler deltagare, och ingen har så få att den ser tom ut.
    vikter = [
        (slump.random() + 0.4) * max(60, ((min(insats.slut, idag) if insats.slut else idag) - insats.start).days)
        for insats in egna
    ]
    granser = list(accumulate(vikter))
    gjorda = 0
    for insats, grans in zip(egna, granser, strict=True):
        antal = round(skala.deltaganden * grans / granser[-1]) - gjorda
        gjorda += antal
        kalla = Deltagandekalla(
            folk, slump, idag, skala.langsta, insats.malgrupper, insats.organisation.forbund.kommuner
        )
        yield from kalla.rader(insats.nyckel, insats.start, insats.slut, antal)

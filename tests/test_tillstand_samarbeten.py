"""Inga steg i någon ordning bryter reglerna för Af/FK-samarbeten, och rapporterna följer med (R26–R32, P10).

En modell i vanlig Python säger före varje steg om det ska gå. Efteråt jämförs tabellerna med den, raderna prövas mot
reglerna för sig, och sist i varje följd jämförs ledtider, övergångar och status med den oberoende beräkningen.
"""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import (
    Identitet,
    Overgang,
    Overgangsregel,
    Samarbete,
    Samarbetsfolkbokforing,
    Samarbetskontor,
    Samarbetsuppgift,
)
from deltagare.overgangar import AVSLUTANDE, MATRISEN, PAGAENDE, Insatstyp, Myndighet, Orsak
from deltagare.tjanster import matrisen, samarbetskontor, samarbetsuppgifter
from deltagare.tjanster import samarbete as tjanst
from deltagare.tjanster.person import byt_nummer, skydda_fran_samarbete
from deltagare.uppgifter import Kon
from insatser.kategorier import Samverkansform
from insatser.models import Insats, Kommun
from rapporter import samarbetsfragor
from rapporter.renderare import rendera
from tests import fabriker, oberoende_ledtider
from tests.databas import som_agare
from tests.test_ledtider import jamfor_laget, urvalet
from tests.test_tillstand import nummer

FORSTA = date(2025, 1, 10)
DAGAR = st.integers(0, 12).map(lambda nr: FORSTA + timedelta(days=4 * nr))
AF, FK = Myndighet.AF, Myndighet.FK
FORE, EFTER = Samarbetsuppgift.Tillfalle
# Ett kontor som börjar senare, och ett som slutar medan samarbeten pågår (R7).
KONTOREN = {
    "AF1": (AF, fabriker.START, None),
    "AF2": (AF, FORSTA + timedelta(days=12), None),
    "FK1": (FK, fabriker.START, None),
    "FK2": (FK, fabriker.START, FORSTA + timedelta(days=40)),
}
PAR = st.tuples(st.sampled_from(["AF1", "AF2"]), st.sampled_from(["FK1", "FK2"]))
SAMORDNING, PERSONNUMRET = 2, 3  # de två numren är samma persons
VEM = st.sampled_from([SAMORDNING, PERSONNUMRET, SAMORDNING, PERSONNUMRET, 0, 1])


@dataclass(frozen=True)
class Steg:
    """En övergång."""

    till: Insatstyp
    datum: date
    orsak: str
    av: Myndighet


@dataclass(frozen=True)
class Rad:
    """Ett samarbete så som det ska vara. `person` är modellens egen nyckel."""

    person: int
    kon: str
    samtycke: date
    vagen: tuple[Steg, ...]
    kontoren: tuple[tuple[date, str, str], ...]
    initierad_av: Myndighet
    avidentifierat: bool = False
    uppgifter: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Version och andel arbete per tillfälle."""

    @property
    def borjan(self) -> date:
        return self.vagen[0].datum

    @property
    def insatstyp(self) -> Insatstyp:
        return self.vagen[-1].till

    @property
    def slut(self) -> date | None:
        return self.vagen[-1].datum if self.insatstyp in AVSLUTANDE else None

    @property
    def ordning(self) -> tuple[date, date]:
        """Bland personens samarbeten. Av två som började samma dag kom det först som slutade först."""
        return self.borjan, self.slut or date.max

    @property
    def hos(self) -> tuple[str, str]:
        return self.kontoren[-1][1:]

    @property
    def ryms(self) -> bool:
        """Kontoren byts inom samarbetets tid (R29), och allt utom ett återtaget samtycke inom kontorens egen (R7)."""
        slutet = [nasta[0] for nasta in self.kontoren[1:]] + [date.max]
        vid = [(dag, (af, fk)) for dag, af, fk in self.kontoren]
        vid += [
            (steg.datum, (af, fk))
            for steg in self.vagen
            for (dag, af, fk), till in zip(self.kontoren, slutet, strict=True)
            if dag <= steg.datum < till and steg.orsak != Orsak.SAMTYCKE_ATERTAS
        ]
        return (
            self.kontoren[0][0] == self.borjan
            and all(a[0] < b[0] for a, b in pairwise(self.kontoren))
            and self.kontoren[-1][0] <= (self.slut or date.max)
            and all(KONTOREN[ett][1] <= dag <= (KONTOREN[ett][2] or date.max) for dag, par in vid for ett in par)
        )


class Samarbetena(RuleBasedStateMachine):
    """Fyra nummer, två av dem samma persons, och fyra kontor med en deltagaransvarig för alla."""

    prov: Counter[str] = Counter()
    """Vad följderna har kommit åt: annars säger de inget."""

    def __init__(self) -> None:
        super().__init__()
        self.transaktion = transaction.atomic()
        self.transaktion.__enter__()
        form = {AF: Samverkansform.AF, FK: Samverkansform.FK}
        self.kontor = {
            nyckel: fabriker.kontor(form[vems], nyckel=nyckel, startdatum=start, slutdatum=slut)
            for nyckel, (vems, start, slut) in KONTOREN.items()
        }
        self.av = fabriker.deltagaransvarig(*self.kontor.values())
        self.admin = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
        satt_sammanhang(self.av)
        self.nummer = [
            nummer("19800101"),
            nummer("19810202", man=True),
            nummer("19820363"),
            nummer("19820303", man=True),
        ]
        self.person: list[int | None] = [None] * 4
        self.nasta_person = 0
        self.rader: dict[int, Rad] = {}
        self.oppna = {(regel.fran or "", regel.till) for regel in MATRISEN}
        self.har_varit_oppna = set(self.oppna)
        self.anonyma: Counter[tuple[str, str]] = Counter()
        self.loggat: Counter[str] = Counter()
        self.steg = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaktion.__exit__(None, None, None)

    # Modellens regler

    def prova(self, gar: bool, steg, *, hos: bool = True) -> Samarbete | None:
        """Utför steget. Det ska gå precis när modellen säger det, och nekas den som inte har samarbetet nu (R29)."""
        svar = nej = None
        try:
            with transaction.atomic():
                svar = steg()
        except (ValidationError, PermissionDenied) as fel:
            nej = fel
        assert isinstance(nej, PermissionDenied) != hos, nej
        assert (gar and hos) == (nej is None), nej or "gick, fast en regel bryts"
        self.prov[f"nekat {type(nej).__name__}" if nej else "gick"] += 1
        return svar or (True if nej is None else None)

    def hinder(self, person: int, borjan: date, samtycke: date, utom: int | None = None) -> bool:
        """Om ett annat av personens samarbeten hindrar ett pågående från dagen (R31, R27)."""
        return any(
            rad.slut is None or rad.slut > borjan or (rad.samtycke >= samtycke and not rad.avidentifierat)
            for pk, rad in self.rader.items()
            if pk != utom and rad.person == person
        )

    def utan_identitet(self, vilka) -> None:
        """Raderna förlorar identiteten, och numren sin person när ingen rad längre bär den."""
        for pk, rad in self.rader.items():
            if vilka(pk, rad) and not rad.avidentifierat:
                self.rader[pk] = replace(rad, avidentifierat=True)
                self.loggat["avidentifierad"] += 1
        kvar = {rad.person for rad in self.rader.values() if not rad.avidentifierat}
        self.person = [person if person in kvar else None for person in self.person]

    def ett(self, data, villkor=lambda rad: True) -> tuple[int, Rad, Samarbete, str]:
        """Ett av samarbetena, och kontoret där användaren säger sig ha det: oftast ett som det är hos."""
        pk = data.draw(st.sampled_from(sorted(pk for pk, rad in self.rader.items() if villkor(rad))))
        rad = self.rader[pk]
        kontor = data.draw(st.sampled_from([*rad.hos * 8, *KONTOREN]))
        return pk, rad, Samarbete.objects.get(pk=pk), kontor

    # Stegen

    @rule(vem=VEM, par=PAR, egen=st.sampled_from(Myndighet), dag=DAGAR, fore=st.integers(0, 9))
    def borja(self, vem, par, egen, dag, fore):
        self.borja_med(vem, par, egen, dag, fore)

    @rule(
        vem=VEM,
        par=PAR,
        egen=st.sampled_from(Myndighet),
        dag=DAGAR,
        dagar=st.integers(0, 2),
        slut=st.sampled_from(AVSLUTANDE),
    )
    def hela_samarbetet(self, vem, par, egen, dag, dagar, slut):
        """Börjar och avslutar i ett steg: följderna hinner då till det som kommer efter."""
        pk = self.borja_med(vem, par, egen, dag, fore=0)
        kontor = par[egen == FK]
        orsak = Orsak.EGET_INITIATIV if slut == Insatstyp.AVBRUTET else ""
        for till in (Insatstyp.GEMENSAM_KARTLAGGNING, slut) if pk else ():
            if not self.ga_over(
                pk, Steg(till, dag + timedelta(days=4 * dagar), orsak if till == slut else "", egen), kontor
            ):
                return

    def borja_med(self, vem, par, egen, dag, fore) -> int | None:
        person = self.person[vem] if self.person[vem] is not None else self.nasta_person
        kand = next((rad.kon for rad in self.rader.values() if rad.person == person), self.nummer[vem].kon)
        samtycke = dag - timedelta(days=fore)
        rad = Rad(person, kand, samtycke, (Steg(Insatstyp.BEGARAN, dag, "", egen),), ((dag, *par),), egen)

        nytt = self.prova(
            rad.ryms and not self.hinder(person, dag, samtycke),
            lambda: tjanst.borja_samarbete(
                kontor=dict(zip((AF, FK), (self.kontor[ett] for ett in par), strict=True)),
                egen=egen,
                nummer=self.nummer[vem],
                fornamn="Kim",
                efternamn="Påhittad",
                kommun=Kommun.objects.get(pk="1283"),
                stadsdel=None,
                samtycke=samtycke,
                datum=dag,
                initierad_av=egen,
                av=self.av,
            ),
        )

        if nytt:
            ater = any(r.person == person and r.slut for r in self.rader.values())
            self.prov["ett nytt efter slutet"] += ater
            self.rader[nytt.pk] = rad
            self.person[vem] = person
            self.nasta_person = max(self.nasta_person, person + 1)
            self.loggat["samarbete_borjat"] += 1
        return nytt and nytt.pk

    @precondition(lambda self: self.rader)
    @rule(data=st.data(), dagar=st.integers(-1, 6), inaktuell=st.integers(0, 9))
    def overgang(self, data, dagar, inaktuell):
        pk, rad, _, kontor = self.ett(data)
        vidare = sorted(till for fran, till in self.oppna if fran == rad.insatstyp)
        till = Insatstyp(data.draw(st.sampled_from([*vidare, *vidare, *Insatstyp.values])))
        orsak = data.draw(st.sampled_from(Orsak.values)) if till == Insatstyp.AVBRUTET else ""
        dag = rad.vagen[-1].datum + timedelta(days=4 * dagar)
        self.ga_over(pk, Steg(till, dag, orsak, KONTOREN[kontor][0]), kontor, inaktuell=inaktuell == 0)

    def ga_over(self, pk, steg, kontor, *, inaktuell=False) -> Samarbete | None:
        rad, samarbete = self.rader[pk], Samarbete.objects.get(pk=pk)
        ny = replace(rad, vagen=(*rad.vagen, steg))
        oppen = rad.slut is None and (rad.insatstyp, steg.till) in self.oppna

        gick = self.prova(
            oppen and steg.datum >= rad.vagen[-1].datum and ny.ryms and not inaktuell,
            lambda: tjanst.registrera_overgang(
                samarbete=samarbete,
                version=samarbete.version - inaktuell,
                till=steg.till,
                datum=steg.datum,
                orsak=steg.orsak,
                kontor=self.kontor[kontor],
                myndighet=steg.av,
                av=self.av,
            ),
            hos=kontor in rad.hos or inaktuell,
        )

        if gick:
            self.rader[pk] = ny
            self.loggat["overgang_registrerad"] += 1
            if steg.orsak == Orsak.SAMTYCKE_ATERTAS:
                self.utan_identitet(lambda nr, _: nr == pk)
        return gick

    @precondition(lambda self: self.rader)
    @rule(data=st.data())
    def angra_overgang(self, data):
        pk, rad, samarbete, kontor = self.ett(data)
        ny = replace(rad, vagen=rad.vagen[:-1])
        senare = any(
            r.person == rad.person and (*r.ordning, nr) > (*rad.ordning, pk) for nr, r in self.rader.items() if nr != pk
        )
        utan_identitet = rad.avidentifierat and rad.slut is not None

        gick = self.prova(
            len(rad.vagen) > 1 and not utan_identitet and not (rad.slut and senare),
            lambda: tjanst.angra_overgang(
                samarbete=samarbete, version=samarbete.version, kontor=self.kontor[kontor], av=self.av
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            kvar = {nar: svar for nar, svar in rad.uppgifter.items() if nar == FORE}
            self.rader[pk] = replace(ny, uppgifter=kvar)
            self.loggat["overgang_angrad"] += 1
            self.prov["ett slut ångrat"] += rad.slut is not None

    @precondition(lambda self: self.rader)
    @rule(data=st.data(), dagar=st.integers(-3, 3), fore=st.integers(0, 9))
    def ratta_begaran(self, data, dagar, fore):
        pk, rad, samarbete, kontor = self.ett(data)
        dag = rad.borjan + timedelta(days=4 * dagar)
        samtycke = dag - timedelta(days=fore)
        _, *fran = rad.kontoren[0]
        ny = replace(
            rad,
            samtycke=samtycke,
            vagen=(replace(rad.vagen[0], datum=dag), *rad.vagen[1:]),
            kontoren=((dag, *fran), *rad.kontoren[1:]),
        )
        samma = (rad.borjan, rad.samtycke) == (dag, samtycke)
        gar = not rad.avidentifierat and len(rad.vagen) == 1
        gar = gar and (samma or (ny.ryms and not self.hinder(rad.person, dag, samtycke, utom=pk)))

        gick = self.prova(
            gar,
            lambda: tjanst.ratta_begaran(
                samarbete=samarbete,
                version=samarbete.version,
                datum=dag,
                samtycke=samtycke,
                kontor=self.kontor[kontor],
                av=self.av,
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            self.rader[pk] = ny
            self.loggat["begaran_rattad"] += not samma

    @precondition(lambda self: self.rader)
    @rule(data=st.data(), par=PAR, dagar=st.integers(-1, 4), rattas=st.booleans())
    def byt_kontor(self, data, par, dagar, rattas):
        pk, rad, samarbete, kontor = self.ett(data)
        senast = rad.kontoren[-1][0]
        dag = senast if rattas else senast + timedelta(days=4 * dagar)
        tidigare = rad.kontoren[:-1] if rattas else rad.kontoren
        ny = replace(rad, kontoren=(*tidigare, (dag, *par)))
        gar = rad.slut is None and par != rad.hos and (len(rad.vagen) == 1 if rattas else dag > senast) and ny.ryms

        gick = self.prova(
            gar,
            lambda: samarbetskontor.byt_kontor(
                samarbete=samarbete,
                version=samarbete.version,
                datum=None if rattas else dag,
                rattas=rattas,
                till=dict(zip((AF, FK), (self.kontor[ett] for ett in par), strict=True)),
                kontor=self.kontor[kontor],
                av=self.av,
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            self.rader[pk] = ny
            self.loggat["kontor_bytt"] += 1
            self.prov["kontoren rättade"] += rattas

    @precondition(lambda self: self.rader)
    @rule(data=st.data())
    def angra_byte(self, data):
        pk, rad, samarbete, kontor = self.ett(data)
        ny = replace(rad, kontoren=rad.kontoren[:-1] or rad.kontoren)

        gick = self.prova(
            rad.slut is None and len(rad.kontoren) > 1 and ny.ryms,
            lambda: samarbetskontor.angra_byte_av_kontor(
                samarbete=samarbete, version=samarbete.version, kontor=self.kontor[kontor], av=self.av
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            self.rader[pk] = ny
            self.loggat["kontorsbyte_angrat"] += 1

    @precondition(lambda self: self.rader)
    @rule(data=st.data(), nar=st.sampled_from([(FORE,), (EFTER,), (FORE, EFTER)]), andel=st.integers(0, 100))
    def uppgifter(self, data, nar, andel):
        pk, rad, samarbete, kontor = self.ett(data)
        ny = {nu: (rad.uppgifter.get(nu, (0, None))[0] + 1, andel) for nu in nar}
        ny = {nu: rad.uppgifter[nu] if rad.uppgifter.get(nu, (0, None))[1] == andel else ny[nu] for nu in nar}

        gick = self.prova(
            (EFTER not in nar or rad.insatstyp == Insatstyp.AVSLUTAT) and not (rad.slut and rad.avidentifierat),
            lambda: (
                samarbetsuppgifter.spara_uppgifter(
                    samarbete=samarbete,
                    uppgifter={nu: (rad.uppgifter.get(nu, (0, 0))[0], {"arbete": andel}) for nu in nar},
                    initierad_av=None,
                    kontor_id=self.kontor[kontor].pk,
                    av=self.av,
                )
                and samarbete
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            self.loggat["samarbetsuppgifter_sparade"] += any(ny[nu] != rad.uppgifter.get(nu) for nu in nar)
            self.rader[pk] = replace(rad, uppgifter=rad.uppgifter | ny)
            self.prov["situationen efter"] += EFTER in nar

    @precondition(lambda self: self.rader)
    @rule(data=st.data(), dagar=st.integers(-1, 6))
    def aterta_samtycke(self, data, dagar):
        pk, rad, samarbete, kontor = self.ett(data)
        myndighet = KONTOREN[kontor][0]
        dag = rad.vagen[-1].datum + timedelta(days=4 * dagar)
        steg = Steg(Insatstyp.AVBRUTET, dag, Orsak.SAMTYCKE_ATERTAS, myndighet)
        ny = rad if rad.slut else replace(rad, vagen=(*rad.vagen, steg))

        gick = self.prova(
            not rad.avidentifierat and (rad.slut is not None or (dagar >= 0 and ny.ryms)),
            lambda: tjanst.aterta_samtycke_for_samarbete(
                samarbete=samarbete,
                version=samarbete.version,
                dag=dag,
                kontor=self.kontor[kontor],
                myndighet=myndighet,
                av=self.av,
            ),
            hos=kontor in rad.hos,
        )

        if gick:
            self.rader[pk] = ny
            self.loggat["overgang_registrerad"] += rad.slut is None
            self.utan_identitet(lambda nr, _: nr == pk)

    @precondition(lambda self: self.rader)
    @rule(data=st.data())
    def skydda(self, data):
        _, rad, samarbete, _ = self.ett(data)

        if self.prova(not rad.avidentifierat, lambda: skydda_fran_samarbete(samarbete=samarbete, av=self.av)):
            self.utan_identitet(lambda _, r: r.person == rad.person)

    @precondition(lambda self: self.person[SAMORDNING] is not None)
    @rule(data=st.data())
    def byt_nummer(self, data):
        gammal, ny = self.person[SAMORDNING], self.person[PERSONNUMRET]
        _, _, samarbete, _ = self.ett(data, lambda rad: rad.person == gammal and not rad.avidentifierat)
        bada = sorted(((*r.ordning, pk), r) for pk, r in self.rader.items() if r.person in {gammal, ny})
        krockar = any(
            b.borjan < (a.slut or date.max) or (b.samtycke <= a.samtycke and not (a.avidentifierat or b.avidentifierat))
            for plats, (_, a) in enumerate(bada)
            for _, b in bada[plats + 1 :]
            if a.person != b.person
        )

        gick = self.prova(
            gammal != ny and (ny is None or not krockar),
            lambda: byt_nummer(deltagande=samarbete, nytt=self.nummer[PERSONNUMRET], av=self.av),
        )

        if gick:
            blir = gammal if ny is None else ny
            for pk, r in self.rader.items():
                if r.person in {gammal, blir}:
                    self.rader[pk] = replace(r, person=blir, kon=self.nummer[PERSONNUMRET].kon)
            self.person[SAMORDNING] = self.person[PERSONNUMRET] = blir
            self.loggat["nummer_bytt"] += 1
            self.prov["två personer blev en"] += ny is not None

    @rule(fran=st.sampled_from(PAGAENDE), till=st.sampled_from(Insatstyp), oppen=st.booleans())
    def andra_matrisen(self, fran, till, oppen):
        regel = Overgangsregel.objects.filter(fran=fran, till=till).first()
        if regel is None:
            return
        satt_sammanhang(self.admin)

        gick = self.prova(
            oppen or till != Insatstyp.AVBRUTET,
            lambda: (
                matrisen.andra_overgangsregel(
                    regel=regel, version=regel.version, oppen=oppen, myndighet=regel.myndighet, av=self.admin
                )
                or True
            ),
        )

        satt_sammanhang(self.av)
        if gick:
            self.loggat["matrisen_andrad"] += oppen != ((fran, till) in self.oppna)
            self.oppna = self.oppna | {(fran, till)} if oppen else self.oppna - {(fran, till)}
            self.har_varit_oppna |= self.oppna

    @rule(kontor=st.sampled_from(["AF1", "FK1"]), kon=st.sampled_from(Kon), antal=st.integers(1, 5))
    def registrera_anonyma(self, kontor, kon, antal):
        rader = [tjanster.Anonymrad(kon, antal)]
        tjanster.registrera_anonyma(insats=self.kontor[kontor], ar=2025, rader=rader, av=self.av)
        self.anonyma[kontor, kon.value] += antal

    # Efter varje steg

    @invariant()
    def tabellerna_ar_modellen(self):
        nycklar = dict(
            Insats.objects.filter(pk__in=[ett.pk for ett in self.kontor.values()]).values_list("pk", "nyckel")
        )
        vagar, kontoren, uppgifter = (
            per_samarbete(modell, falt)
            for modell, falt in (
                (Overgang.objects.order_by("ordning"), ("till", "datum", "orsak", "registrerad_av")),
                (Samarbetskontor.objects.order_by("datum"), ("datum", "af_kontor_id", "fk_kontor_id")),
                (Samarbetsuppgift.objects, ("tillfalle", "version", "arbete")),
            )
        )
        sparade = {s.pk: s for s in Samarbete.objects.all()}
        assert sparade.keys() == self.rader.keys()
        personer: dict[int, int] = {}
        for pk, rad in self.rader.items():
            s = sparade[pk]
            assert (s.borjan, s.slut, s.insatstyp, s.samtycke, s.kon, s.avidentifierat) == (
                rad.borjan, rad.slut, rad.insatstyp, rad.samtycke, rad.kon, rad.avidentifierat,
            )  # fmt: skip
            assert vagar[pk] == [(steg.till, steg.datum, steg.orsak, steg.av) for steg in rad.vagen]
            assert [(dag, nycklar[af], nycklar[fk]) for dag, af, fk in kontoren[pk]] == list(rad.kontoren)
            assert (nycklar[s.af_kontor_id], nycklar[s.fk_kontor_id]) == rad.hos
            sagt = {nar: (version, andel) for nar, version, andel in uppgifter.get(pk, [])}
            assert sagt == rad.uppgifter
            assert personer.setdefault(rad.person, s.person_id) == s.person_id
        assert len(set(personer.values())) == len(personer)

    @invariant()
    def raderna_foljer_reglerna(self):
        """R26, R27 och R29–R31 över det som står i tabellerna, utan modellen."""
        vagar = per_samarbete(Overgang.objects.order_by("ordning"), ("ordning", "fran", "till", "datum", "lamnad"))
        kontoren = per_samarbete(Samarbetskontor.objects.order_by("datum"), ("datum",))
        efter = set(Samarbetsuppgift.objects.filter(tillfalle=EFTER).values_list("samarbete_id", flat=True))
        per_person: dict[int, list[Samarbete]] = {}
        for s in Samarbete.objects.order_by("borjan", "pk"):
            per_person.setdefault(s.person_id, []).append(s)
            vagen = vagar[s.pk]
            assert [steg[0] for steg in vagen] == list(range(1, len(vagen) + 1))
            assert vagen[0][1:3] == ("", Insatstyp.BEGARAN)
            for (_, _, till, datum, lamnad), (_, fran, nasta, nar, _) in pairwise(vagen):
                assert till == fran
                assert (fran, nasta) in self.har_varit_oppna
                assert fran not in AVSLUTANDE
                assert datum <= nar == lamnad
            assert vagen[-1][4] is None
            assert vagen[0][3] == kontoren[s.pk][0][0] == s.borjan
            assert kontoren[s.pk][-1][0] <= (s.slut or date.max)
            assert s.avidentifierat or (s.samtycke and s.samtycke <= s.borjan)
            assert s.pk not in efter or s.insatstyp == Insatstyp.AVSLUTAT
        for samarbeten in per_person.values():
            assert sum(s.slut is None for s in samarbeten) <= 1
            # Två samma dag: det som slutade den dagen kom först.
            samarbeten.sort(key=lambda s: (s.borjan, s.slut or date.max))
            assert all(a.slut and a.slut <= b.borjan for a, b in pairwise(samarbeten))
            burna = [s for s in samarbeten if not s.avidentifierat]
            assert all(a.samtycke < b.samtycke for a, b in pairwise(burna))

    @invariant()
    def identiteten_finns_bara_dar_den_far(self):
        with som_agare():
            numren = {ett.klartext("personnummer") for ett in Identitet.objects.all()}
            kommuner = set(Samarbetsfolkbokforing.objects.values_list("samarbete_id", flat=True))
        gallande = {
            person: nr.nummer for nr, person in zip(self.nummer, self.person, strict=True) if person is not None
        }
        assert numren == set(gallande.values())
        assert kommuner == {pk for pk, rad in self.rader.items() if not rad.avidentifierat}

    @invariant()
    def allt_ar_loggat(self):
        with som_agare():
            typer = Counter(Handelse.objects.filter(typ__in=list(self.loggat)).values_list("typ", flat=True))
        assert typer == +self.loggat

    @invariant()
    def rapporterna_ar_den_oberoende_berakningen(self):
        self.steg += 1
        if self.steg % 8:
            return  # de tar tid
        kontoren = samarbetsfragor.kontoren()
        tabeller = self.tabeller()
        for val in ({}, {"kon": "man"}, {"kontor": ["AF2", "FK2"]}):
            prov = {"fran": "2025-01", "till": "2025-02", "idag": "2025-03-10", **val}
            urval = urvalet(kontoren, **prov)
            rapport = samarbetsfragor.ledtidsrapport(urval, kontoren=kontoren)
            rader = json.loads(rendera(rapport, "json"))["rader"]
            assert rader == oberoende_ledtider.ledtider(tabeller, **prov)
            jamfor_laget(tabeller, urval, kontoren, prov)

    def tabeller(self) -> dict[str, list[dict[str, str]]]:
        """Modellens rader så som i filerna."""
        tabeller = {"samarbeten": [], "overganger": [], "kontorsbyten": []}
        for pk, rad in self.rader.items():
            nyckel = {"samarbete": str(pk)}
            (_, af, fk), *byten = rad.kontoren
            tabeller["samarbeten"].append({**nyckel, "kon": rad.kon, "af_kontor": af, "fk_kontor": fk})
            tabeller["overganger"] += [
                {**nyckel, "ordning": str(nr), "till": steg.till.value, "datum": steg.datum.isoformat()}
                for nr, steg in enumerate(rad.vagen, start=1)
            ]
            tabeller["kontorsbyten"] += [
                {**nyckel, "datum": dag.isoformat(), "af_kontor": nya_af, "fk_kontor": nya_fk}
                for dag, nya_af, nya_fk in byten
            ]
        anonyma = [
            {"insats": kontor, "ar": "2025", "kon": kon, "antal": str(antal)}
            for (kontor, kon), antal in self.anonyma.items()
        ]
        return {**tabeller, "anonyma": anonyma}


def per_samarbete(rader, falt):
    """Fältens värden per samarbete, i frågans ordning."""
    svar: dict[int, list[tuple]] = {}
    for pk, *varden in rader.values_list("samarbete_id", *falt):
        svar.setdefault(pk, []).append(tuple(varden))
    return svar


class Val:
    """Svarar som `data`, med valen i tur och ordning."""

    def __init__(self, *val) -> None:
        self.val = iter(val)

    def draw(self, _):
        return next(self.val)


@pytest.mark.django_db
def test_det_ovanliga():
    """Det som slumpen sällan når, steg för steg mot samma modell."""
    Samarbetena.prov.clear()
    maskin = Samarbetena()
    hos = {"par": ("AF1", "FK1"), "egen": FK}

    def steg(namn, *val, **varden):
        getattr(maskin, namn)(**({"data": Val(*val)} if val else {}), **varden)
        maskin.steg = 7  # rapporterna jämförs efter varje steg
        for vad in (
            maskin.tabellerna_ar_modellen,
            maskin.raderna_foljer_reglerna,
            maskin.identiteten_finns_bara_dar_den_far,
            maskin.allt_ar_loggat,
            maskin.rapporterna_ar_den_oberoende_berakningen,
        ):
            vad()
        return max(maskin.rader)

    try:
        ett = steg("hela_samarbetet", vem=SAMORDNING, dag=FORSTA, dagar=1, slut=Insatstyp.AVSLUTAT, **hos)
        steg("uppgifter", ett, "AF1", nar=(FORE, EFTER), andel=50)
        steg("angra_overgang", ett, "FK1")
        steg("overgang", ett, "FK1", Insatstyp.AVSLUTAT, dagar=0, inaktuell=0)
        steg("overgang", ett, "FK2", Insatstyp.AVSLUTAT, dagar=0, inaktuell=1)
        steg("overgang", ett, "FK1", Insatstyp.AVSLUTAT, dagar=0, inaktuell=1)
        dag = FORSTA + timedelta(days=20)
        tva = steg("borja", vem=PERSONNUMRET, dag=dag, fore=1, **hos)
        steg("byt_kontor", tva, "FK1", par=("AF1", "FK2"), dagar=0, rattas=True)
        steg("byt_kontor", tva, "AF1", par=("AF2", "FK1"), dagar=1, rattas=False)
        steg("byt_nummer", ett, "FK1")
        steg("borja", vem=SAMORDNING, dag=dag, fore=0, **hos)  # pågår redan, under personens andra nummer
        steg("angra_overgang", ett, "FK1")  # det har följts av ett annat
        steg("overgang", tva, "AF2", Insatstyp.AVBRUTET, Orsak.SAMTYCKE_ATERTAS, dagar=6, inaktuell=1)
        tre = steg("borja", vem=SAMORDNING, dag=dag + timedelta(days=28), fore=1, **hos)
        steg("skydda", tre, "FK1")
        steg("overgang", tre, "FK1", Insatstyp.GEMENSAM_KARTLAGGNING, dagar=1, inaktuell=1)
    finally:
        maskin.teardown()

    assert maskin.person == [None] * 4
    assert len(maskin.rader) == 3
    assert +Samarbetena.prov == {
        "gick": 14,
        "nekat Krock": 1,
        "nekat PermissionDenied": 1,
        "nekat ValidationError": 2,
        "situationen efter": 1,
        "ett slut ångrat": 1,
        "kontoren rättade": 1,
        "två personer blev en": 1,
        "ett nytt efter slutet": 1,
    }


@pytest.mark.django_db
def test_inga_steg_i_nagon_ordning_bryter_en_regel():
    Samarbetena.prov.clear()

    run_state_machine_as_test(
        Samarbetena,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            # Krympningen av en fällande följd kan ta lång tid; följden som föll räcker för att se felet.
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert {"gick", "nekat PermissionDenied", "nekat ValidationError"} <= set(+Samarbetena.prov)

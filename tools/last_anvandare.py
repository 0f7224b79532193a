"""De tjugo vid sina skrivbord: konton i databasen, och vad var och en gör mellan sina pauser."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from last_klient import Falt, Matning, Ovantat, Svar, Webblasare

LOSENORD: Final = "lasten pa svenska"
INSATSER_VAR: Final = 8
TALAMOD: Final = 90.0  # sekunder som en person försöker skicka samma formulär igen
OMTAG: Final = 0.5  # sekunder mellan försöken
Klick = tuple[int, Callable[[], object]]
"""Hur ofta, i förhållande till det andra, och vad."""
_DELTAGANDE: Final = re.compile(r'href="/deltagare/(\d+)/"')


@dataclass
class Kvitton:
    """Det som servern har sagt är sparat. Formulär som aldrig fick svar står i `obesvarade`."""

    inregistrerade: list[tuple[int, str, date]] = field(default_factory=list)
    """(insats, personnummer med tolv siffror, dag)"""
    utregistrerade: list[tuple[int, date]] = field(default_factory=list)
    """(deltagande, dag)"""
    anonyma: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(insats, år, kvinnor, män)"""
    bestallda: list[str] = field(default_factory=list)
    """Beställningarnas adresser."""
    obesvarade: list[str] = field(default_factory=list)

    def ett_av_varje(self, bestallningar: bool) -> bool:
        """Sant när vart slag har ett kvitto; beställda rapporter bara med `bestallningar`."""
        slagen = (self.inregistrerade, self.utregistrerade, self.anonyma, *([self.bestallda] if bestallningar else []))
        return all(slagen)


@dataclass(frozen=True)
class Person:
    """En användare: kontot, insatserna att registrera i, och förbund att ta fram rapporter för."""

    namn: str
    roll: str
    insatser: tuple[int, ...] = ()
    forbund: tuple[str, ...] = ()


class Anvandare:
    """En person som arbetar tills den ombeds sluta. `paus` är (kortast, längst) i sekunder mellan klicken."""

    def __init__(
        self,
        person: Person,
        *,
        port: int,
        matning: Matning,
        kvitton: Kvitton,
        paus: tuple[float, float],
        nummer: Iterator[str],
        sluta: threading.Event,
        bestaller: bool,
    ) -> None:
        self.person, self.kvitton, self.paus, self.nummer, self.sluta = person, kvitton, paus, nummer, sluta
        self.webb = Webblasare(port, matning)
        self.slump = random.Random(person.namn)  # noqa: S311 (vad någon klickar på är ingen hemlighet)
        self.utregistrerade: set[int] = set()
        self.idag = date.today()
        vanliga: list[Klick] = [(2, self.startsidan), (2, self.insatslistan)]
        registrerar: list[Klick] = [(4, self.lista), (4, self.inregistrera), (2, self.utregistrera), (1, self.anonyma)]
        raknar: list[Klick] = [
            (2, self.urvalsbilden),
            (2, self.manad),
            (2, self.ar),
            (2, self.forbund),
            (1, self.excel),
        ]
        self.bestaller = bestaller and person.roll == "sus_rapport"
        bestallningar: list[Klick] = [(3, self.bestall)] if self.bestaller else []
        self.val = vanliga + (registrerar if person.insatser else [*raknar, *bestallningar])

    def logga_in(self) -> None:
        """Som en människa: sidan, formuläret, startsidan."""
        falt = self.webb.hamta("logga in, visa", "/logga-in/").formular("username")
        svar = self.webb.skicka(
            "logga in, skicka", "/logga-in/", _satt(falt, username=self.person.namn, password=LOSENORD)
        )
        if svar.status != 302:
            raise Ovantat("inloggningen gick inte")
        self.startsidan()

    def arbeta(self) -> None:
        """Klickar tills `sluta` är satt. Ger Ovantat vid ett svar som inte är rätt."""
        self.vila()
        if self.bestaller:
            self.bestall()
        while not self.sluta.is_set():
            vikter = [vikt for vikt, _ in self.val]
            [(_, gor)] = self.slump.choices(self.val, vikter)
            gor()
            self.vila()

    def vila(self) -> None:
        """Pausen mellan två klick."""
        self.sluta.wait(self.slump.uniform(*self.paus))

    def startsidan(self) -> None:
        self.webb.hamta("startsidan", "/")

    def insatslistan(self) -> None:
        self.webb.hamta("lista: insatser", f"/insatser/?sida={self.slump.randint(1, 5)}")

    def lista(self) -> Svar:
        return self.webb.hamta("lista: deltagare", f"/deltagare/?insats={self.slump.choice(self.person.insatser)}")

    # Registrera

    def inregistrera(self) -> None:
        """En ny person, som ingen annan har registrerat."""
        insats, nummer = self.slump.choice(self.person.insatser), next(self.nummer)
        adress = f"/deltagare/registrera/?insats={insats}"
        sidan = self.webb.hamta("registrera deltagare: visa", adress)
        if sidan.status != 200:
            return
        dag = self.idag - timedelta(days=self.slump.randint(0, 30))
        falt = _satt(
            sidan.formular("personnummer"), personnummer=nummer, samtycke=dag.isoformat(),
            inregistrering=dag.isoformat(), fornamn="Påhittad", efternamn="Testperson",
            kommun=self.slump.choice(sidan.val("kommun")), spara="Spara",
        )  # fmt: skip
        self.vila()
        if svar := self._spara("registrera deltagare: spara", "/deltagare/registrera/", falt, f"insats={insats}"):
            self.kvitton.inregistrerade.append((insats, nummer.replace("-", ""), dag))
            self.webb.hamta("registrera deltagare: kvitto", svar.adress)

    def utregistrera(self) -> None:
        """Någon i listan."""
        traffar = {int(pk) for pk in _DELTAGANDE.findall(self.lista().text)} - self.utregistrerade
        if not traffar:
            return
        pk = self.slump.choice(sorted(traffar))
        self.utregistrerade.add(pk)
        self.vila()
        self.webb.hamta("deltagande: visa", f"/deltagare/{pk}/")
        sidan = self.webb.hamta("utregistrera: visa", f"/deltagare/{pk}/utregistrera/")
        if sidan.status != 200 or 'name="utregistrering"' not in sidan.text:
            return
        falt = _satt(
            sidan.formular("utregistrering"), utregistrering=self.idag.isoformat(), avslutningsanledning="fullfoljd",
            spara="Spara",
        )  # fmt: skip
        self.vila()
        if svar := self._spara("utregistrera: spara", f"/deltagare/{pk}/utregistrera/", falt, f"/deltagare/{pk}/"):
            self.kvitton.utregistrerade.append((pk, self.idag))
            self.webb.hamta("deltagande: visa", svar.adress)

    def anonyma(self) -> None:
        """Några anonyma i år."""
        insats = self.slump.choice(self.person.insatser)
        sidan = self.webb.hamta("anonyma: visa", f"/deltagare/anonyma/?insats={insats}")
        if sidan.status != 200:
            return
        kvinnor, man = self.slump.randint(1, 3), self.slump.randint(1, 3)
        falt = _satt(
            sidan.formular("antal_kvinnor"), insats=str(insats), antal_kvinnor=str(kvinnor), antal_man=str(man),
            spara="Spara",
        )  # fmt: skip
        ar = int(dict(falt)["ar"])
        self.vila()
        if svar := self._spara("anonyma: spara", "/deltagare/anonyma/", falt, f"insats={insats}"):
            self.kvitton.anonyma.append((insats, ar, kvinnor, man))
            self.webb.hamta("anonyma: kvitto", svar.adress)

    def _spara(self, sida: str, adress: str, falt: Falt, leder: str) -> Svar | None:
        """Skickar formuläret, och samma formulär igen när svaret uteblir. None om det inte blev något svar i tid."""
        slut = time.monotonic() + TALAMOD
        while True:
            svar = self.webb.skicka(sida, adress, falt)
            if svar.status == 302:
                if leder not in svar.adress:
                    raise Ovantat(f"{sida}: leder till {svar.adress}")
                return svar
            if time.monotonic() > slut:
                self.kvitton.obesvarade.append(sida)
                return None
            time.sleep(OMTAG)

    # Rapporter

    def urvalsbilden(self) -> None:
        self.webb.hamta("rapport: urvalsbilden", "/rapporter/insats/")

    def manad(self) -> None:
        i = self.slump.randint(1, 12)
        self._rapport(
            "rapport: riket, en månad", fran=f"{self.idag.year - 1}-{i:02}", till=f"{self.idag.year - 1}-{i:02}"
        )

    def ar(self) -> None:
        """Ett år för hela landet, hundra rader; ibland en sida till."""
        sida = self.slump.choice((1, 1, 2, 7))
        self._rapport("rapport: riket, ett år", sida=str(sida))

    def forbund(self) -> None:
        self._rapport("rapport: ett förbund, ett år", forbund=self.slump.choice(self.person.forbund))

    def excel(self) -> None:
        self._rapport("rapport: ett förbund, Excel", forbund=self.slump.choice(self.person.forbund), format="xlsx")

    def bestall(self) -> None:
        """Beställer en lång rapport, om den förra är klar, och tittar på Mina rapporter."""
        mina = self.webb.hamta("rapport: Mina rapporter", "/rapporter/mina/")
        egna = [adress for adress in self.kvitton.bestallda if adress.startswith(f"{self.person.namn} ")]
        if mina.status != 200 or (egna and not _klar(mina, egna[-1].split()[1])):
            return
        manad = self.slump.randint(1, 12)
        period = {"fran": f"{self.idag.year - 2}-{manad:02}", "till": f"{self.idag.year - 1}-{manad:02}"}
        varden = _adress({**period, "kon": "uppdelat", "jamfor": "perioden_fore", "format": "pdf"})
        varden += "".join(f"&forbund={ett}" for ett in self.person.forbund)
        sidan = self.webb.hamta("rapport: erbjudandet", f"/rapporter/insats/?{varden}")
        if sidan.status != 200 or "csrfmiddlewaretoken" not in sidan.text:
            return
        csrf = dict(sidan.formular("csrfmiddlewaretoken"))["csrfmiddlewaretoken"]
        adress = f"/rapporter/bestall/?{varden}"
        if svar := self._spara("rapport: beställ", adress, [("csrfmiddlewaretoken", csrf)], "/rapporter/mina/"):
            self.kvitton.bestallda.append(f"{self.person.namn} {svar.adress}")

    def _rapport(self, vilken: str, **val: Any) -> None:
        period = {"fran": f"{self.idag.year - 1}-01", "till": f"{self.idag.year - 1}-12"}
        self.webb.hamta(vilken, f"/rapporter/insats/?visa=1&{_adress({**period, **val})}")


def _adress(val: dict[str, str]) -> str:
    return "&".join(f"{namn}={varde}" for namn, varde in val.items())


def _klar(mina: Svar, adress: str) -> bool:
    return f'href="{adress}fil/"' in mina.text


def _satt(falt: Falt, **nya: str) -> Falt:
    return [(namn, varde) for namn, varde in falt if namn not in nya] + list(nya.items())

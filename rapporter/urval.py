"""Urvalet: vad en rapport frågar efter (`doman.md` 7). Samma tolkning för adress, formulär och kommando."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import models

from insatser.geografi import KOMMUNER, LAN
from insatser.kategorier import Inriktning, Malgrupp, PreciseradInriktning

FORSTA_AR: Final = 1990
SISTA_AR: Final = 2100
_MANAD: Final = re.compile(r"(\d{4})-?(\d{2})", re.ASCII)
_ORGNR: Final = re.compile(r"(\d{6})-?(\d{4})", re.ASCII)


class Rapporttyp(models.TextChoices):
    INSATS = "insats", "Per insats"
    SAMVERKANSORGANISATION = "samverkansorganisation", "Summerad per samverkansorganisation"


class Konsval(models.TextChoices):
    KVINNA = "kvinna", "Kvinnor"
    MAN = "man", "Män"


class Konsurval(models.TextChoices):
    """Urvalet på kön i Insatsrapporten: ett kön, eller båda och totalt bredvid varandra."""

    KVINNA = Konsval.KVINNA.value, Konsval.KVINNA.label
    MAN = Konsval.MAN.value, Konsval.MAN.label
    UPPDELAT = "uppdelat", "Kvinnor, män och totalt"


class Jamfor(models.TextChoices):
    """Perioden som ställs bredvid den valda."""

    ARET_FORE = "aret_fore", "Samma månader året före"
    PERIODEN_FORE = "perioden_fore", "Perioden före"


class Gruppera(models.TextChoices):
    """Det som raderna grupperas efter, med en delsumma för varje grupp."""

    SAMVERKANSORGANISATION = "samverkansorganisation", "Samverkansorganisation"
    LAN = "lan", "Län"


# Urvalen som tar flera koder, i den ordning de visas, och vad de heter i ord.
FLERVAL: Final[Mapping[str, str]] = {
    "lan": "Län",
    "kommun": "Kommun",
    "forbund": "Samverkansorganisation",
    "inriktning": "Inriktning",
    "preciserad": "Preciserad inriktning",
    "malgrupp": "Specifik målgrupp",
    "variabler": "Variabler",
}
# Urvalen som tar en kod eller ingen: val som inte gjorts skrivs inte ut, varken i adressen eller i JSON.
ETTVAL: Final[Mapping[str, type[models.TextChoices]]] = {"jamfor": Jamfor, "gruppera": Gruppera}
FALT: Final = ("fran", "till", *FLERVAL, "kon", "rapporttyp", *ETTVAL)


@dataclass(frozen=True, slots=True)
class Koder:
    """Det som kan väljas: kod → text, i visningsordning. Förbunden och variablerna kommer utifrån."""

    forbund: Mapping[str, str]
    variabler: Mapping[str, str]
    lan: Mapping[str, str] = field(default_factory=lambda: dict(LAN))
    kommun: Mapping[str, str] = field(default_factory=lambda: dict(KOMMUNER))
    inriktning: Mapping[str, str] = field(default_factory=lambda: dict(Inriktning.choices))
    preciserad: Mapping[str, str] = field(default_factory=lambda: dict(PreciseradInriktning.choices))
    malgrupp: Mapping[str, str] = field(default_factory=lambda: dict(Malgrupp.choices))

    def for_falt(self, falt: str) -> Mapping[str, str]:
        """Koderna för ett av `FLERVAL`."""
        koder: Mapping[str, str] = getattr(self, falt)
        return koder


@dataclass(frozen=True, slots=True)
class Manader:
    """En period i hela månader: `fran` och `till` är den första dagen i den första och den sista."""

    fran: date
    till: date

    @property
    def efter(self) -> date:
        """Dagen efter periodens sista dag."""
        return (self.till.replace(day=28) + timedelta(days=4)).replace(day=1)

    @property
    def sista_dag(self) -> date:
        """Periodens sista dag."""
        return self.efter - timedelta(days=1)

    @property
    def ar(self) -> range:
        """Kalenderåren som perioden berör."""
        return range(self.fran.year, self.till.year + 1)

    @property
    def hela_kalenderar(self) -> bool:
        """Sant om perioden är ett eller flera hela kalenderår."""
        return self.fran.month == 1 and self.till.month == 12

    @property
    def period(self) -> str:
        """Perioden i månader, till exempel 2025-01 – 2025-12."""
        fran, till = f"{self.fran:%Y-%m}", f"{self.till:%Y-%m}"
        return fran if fran == till else f"{fran} – {till}"

    @property
    def antal_manader(self) -> int:
        """Hur många månader perioden har."""
        return (self.till.year - self.fran.year) * 12 + self.till.month - self.fran.month + 1

    @property
    def ar_text(self) -> str:
        """Kalenderåren i ord: 2025 eller 2024–2025."""
        return str(self.fran.year) if len(self.ar) == 1 else f"{self.fran.year}–{self.till.year}"


@dataclass(frozen=True, slots=True)
class Urval(Manader):
    """Ett prövat urval till Insatsrapporten.

    En tom tupel betyder alla; `variabler` är aldrig tom. `idag` är dagen för Antal pågående deltagare.
    """

    variabler: tuple[str, ...]
    idag: date
    lan: tuple[str, ...] = ()
    kommun: tuple[str, ...] = ()
    forbund: tuple[str, ...] = ()
    inriktning: tuple[str, ...] = ()
    preciserad: tuple[str, ...] = ()
    malgrupp: tuple[str, ...] = ()
    kon: str = ""
    rapporttyp: str = Rapporttyp.INSATS.value
    jamfor: str = ""
    gruppera: str = ""

    @property
    def per_organisation(self) -> bool:
        """Sant för rapporttypen Summerad per samverkansorganisation."""
        return self.rapporttyp == Rapporttyp.SAMVERKANSORGANISATION

    @property
    def uppdelat_pa_kon(self) -> bool:
        """Sant om kvinnor, män och totalt visas bredvid varandra."""
        return self.kon == Konsurval.UPPDELAT

    @property
    def konsfilter(self) -> str:
        """Könet som urvalet begränsas till, eller tomt."""
        return "" if self.uppdelat_pa_kon else self.kon

    @property
    def foregaende(self) -> Manader | None:
        """Perioden som ställs bredvid: samma månader året före, eller lika många månader närmast före."""
        if not self.jamfor:
            return None
        manader = 12 if self.jamfor == Jamfor.ARET_FORE else self.antal_manader
        return Manader(flytta(self.fran, -manader), flytta(self.till, -manader))

    @property
    def avgransat_geografiskt(self) -> bool:
        """Sant om urvalet är en mindre del av riket; då läses bara dess insatser ur registret."""
        return bool(self.lan or self.kommun or self.forbund)

    def som_data(self) -> dict[str, Any]:
        """Urvalet som koder, för JSON."""
        return {
            "fran": f"{self.fran:%Y-%m}",
            "till": f"{self.till:%Y-%m}",
            **{falt: list(getattr(self, falt)) for falt in FLERVAL},
            "kon": self.kon or None,
            "rapporttyp": self.rapporttyp,
            "idag": self.idag.isoformat(),
            **{falt: getattr(self, falt) for falt in ETTVAL if getattr(self, falt)},
            **self._jamforelseperioden(),
        }

    def _jamforelseperioden(self) -> dict[str, Any]:
        fore = self.foregaende
        return {"jamforelseperiod": {"fran": f"{fore.fran:%Y-%m}", "till": f"{fore.till:%Y-%m}"}} if fore else {}

    def adress(self, koder: Koder, **ovrigt: str) -> str:
        """Urvalet som en adress efter frågetecknet; alla variabler är förvalet och skrivs inte ut."""
        par = [("fran", f"{self.fran:%Y-%m}"), ("till", f"{self.till:%Y-%m}")]
        for falt in FLERVAL:
            if falt != "variabler" or len(self.variabler) < len(koder.variabler):
                par += [(falt, kod) for kod in getattr(self, falt)]
        par += [("kon", self.kon)] if self.kon else []
        par += [("rapporttyp", self.rapporttyp)] if self.per_organisation else []
        par += [(falt, getattr(self, falt)) for falt in ETTVAL if getattr(self, falt)]
        return urlencode(par + list(ovrigt.items()))

    def i_ord(self, koder: Koder) -> tuple[tuple[str, str], ...]:
        """Urvalet så som det visas: (rubrik, text)."""
        rader = [("Period", self.period)]
        if fore := self.foregaende:
            rader.append(("Jämförs med", f"{fore.period} ({Jamfor(self.jamfor).label.lower()})"))
        if not self.avgransat_geografiskt:
            rader.append(("Nivå", "Riket"))
        for falt, rubrik in FLERVAL.items():
            valda = getattr(self, falt)
            if valda and falt != "variabler":
                rader.append((rubrik, ", ".join(koder.for_falt(falt)[kod] for kod in valda)))
        rader.append(("Kön", Konsurval(self.kon).label if self.kon else "Alla"))
        if self.per_organisation:
            rader.append(("Rapporttyp", Rapporttyp(self.rapporttyp).label))
        if self.gruppera:
            rader.append(("Delsummor per", Gruppera(self.gruppera).label))
        if len(self.variabler) < len(koder.variabler):
            rader.append(("Variabler", ", ".join(koder.variabler[namn] for namn in self.variabler)))
        return tuple(rader)


def manad(text: str) -> date:
    """Tolkar åååå-mm (eller ååååmm) till månadens första dag. Ger ValidationError."""
    traff = _MANAD.fullmatch(text.strip())
    if not traff or not 1 <= int(traff[2]) <= 12:
        raise ValidationError("Ange månaden som åååå-mm.")
    if not FORSTA_AR <= int(traff[1]) <= SISTA_AR:
        raise ValidationError(f"Året ska vara mellan {FORSTA_AR} och {SISTA_AR}.")
    return date(int(traff[1]), int(traff[2]), 1)


def flytta(manaden: date, antal: int) -> date:
    """Månaden (dess första dag) `antal` månader senare; negativt är tidigare."""
    ar, nollbaserad = divmod(manaden.year * 12 + manaden.month - 1 + antal, 12)
    return date(ar, nollbaserad + 1, 1)


def manaderna(period: Manader) -> list[date]:
    """Den första dagen i var och en av periodens månader."""
    return [flytta(period.fran, nr) for nr in range(period.antal_manader)]


def tolka(varden: Mapping[str, Sequence[str]], *, koder: Koder, idag: date) -> Urval:
    """Prövar ett urval skrivet som text, fält → värden (`FALT`), och returnerar det.

    Listor kan också skrivas med komma. Koderna läggs i visningsordning, så att samma urval alltid ger samma
    rapport. Ger ValidationError med fältets namn som nyckel.
    """
    fel: dict[str, list[str]] = {}
    fran, till = prova_perioden(varden, FALT, fel)
    listor = {falt: _prova_koder(varden.get(falt, ()), falt, koder, fel) for falt in FLERVAL}
    kon = prova_ett(varden.get("kon", ()), "kon", Konsurval, fel)
    typ = prova_ett(varden.get("rapporttyp", ()), "rapporttyp", Rapporttyp, fel)
    jamfor, gruppera = (prova_ett(varden.get(falt, ()), falt, val, fel) for falt, val in ETTVAL.items())
    if typ == Rapporttyp.SAMVERKANSORGANISATION and gruppera == Gruppera.SAMVERKANSORGANISATION:
        fel["gruppera"] = ["Rapporten har redan en rad per samverkansorganisation. Välj delsummor per län, eller inga."]
    if fel or not fran or not till:
        raise ValidationError(fel)
    listor["variabler"] = listor["variabler"] or tuple(koder.variabler)
    typ = typ or Rapporttyp.INSATS.value
    return Urval(fran=fran, till=till, idag=idag, kon=kon, rapporttyp=typ, jamfor=jamfor, gruppera=gruppera, **listor)


def prova_perioden(
    varden: Mapping[str, Sequence[str]], falten: Sequence[str], fel: dict[str, list[str]]
) -> tuple[date | None, date | None]:
    """Prövar att bara `falten` finns, och perioden. Felen läggs i `fel`, per fält; en månad med fel är None."""
    okanda = [namn for namn in varden if namn not in falten]
    if okanda:
        fel["__all__"] = [f"Det finns inget urval som heter ”{namn}”." for namn in okanda]
    fran, till = (_prova_manad(varden.get(falt, ()), falt, fel) for falt in ("fran", "till"))
    if fran and till and till < fran:
        fel["till"] = ["Till och med kan inte vara före från och med."]
    return fran, till


def _prova_manad(varden: Sequence[str], falt: str, fel: dict[str, list[str]]) -> date | None:
    text = varden[-1] if varden else ""
    if not text.strip():
        fel[falt] = ["Ange en månad."]
        return None
    try:
        return manad(text)
    except ValidationError as manadsfel:
        fel[falt] = manadsfel.messages
        return None


def _delar(varden: Iterable[str]) -> list[str]:
    return [del_.strip() for varde in varden for del_ in varde.split(",") if del_.strip()]


def _prova_koder(varden: Sequence[str], falt: str, koder: Koder, fel: dict[str, list[str]]) -> tuple[str, ...]:
    kanda = koder.for_falt(falt)
    givna = _delar(varden)
    if falt == "forbund":
        givna = [f"{traff[1]}-{traff[2]}" if (traff := _ORGNR.fullmatch(kod)) else kod for kod in givna]
    if okanda := [kod for kod in dict.fromkeys(givna) if kod not in kanda]:
        fel[falt] = [f"Koden ”{kod}” finns inte i urvalet {FLERVAL[falt]}." for kod in okanda]
    return tuple(kod for kod in kanda if kod in givna)


def prova_ett(varden: Sequence[str], falt: str, val: type[models.TextChoices], fel: dict[str, list[str]]) -> str:
    """Prövar ett urval som tar högst en kod. Felet läggs i `fel`."""
    kod = varden[-1].strip() if varden else ""
    if kod and kod not in val.values:
        fel[falt] = [f"Koden ”{kod}” finns inte. Välj bland {', '.join(val.values)}."]
    return kod

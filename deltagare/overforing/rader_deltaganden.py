"""Raderna i deltaganden.csv, var och en för sig.

En rad blir text för COPY direkt: allt som står kvar är prövade datum, tal och koder. Personnummer och namn
lämnar aldrig raden; i databasens arbetstabeller står bara nycklade index (P6).
"""

import sys
from collections.abc import Mapping
from datetime import date
from typing import Final

from deltagare.overforing.falt import Rad
from deltagare.overforing.lage import Giltighet, Insatsen, Lage, namnform
from deltagare.overforing.personrader import INGET, Person, avtryck_for, las_person
from deltagare.overforing.rader_per_ar import kand_insats
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, EFTERFALT, FELREGISTRERING, Kodverk, Kon

_JA_NEJ: Final = {"ja": "t", "nej": "f"}
_ANDELAR: Final = ("arbete_fore", "arbete_efter", "studier_fore", "studier_efter")
_ARBETSTYPER: Final = (("arbetstyp_fore", "arbete_fore"), ("arbetstyp_efter", "arbete_efter"))

_ETT_SVAR: Final = {"utbildning": Kodverk.UTBILDNING, "tid_i_forsorjning": Kodverk.TID_I_FORSORJNING}
_FLERA_SVAR: Final = {
    "forsorjning_fore": Kodverk.FORSORJNING,
    "forsorjning_efter": Kodverk.FORSORJNING,
    "arbetstyp_fore": Kodverk.ARBETSTYP,
    "arbetstyp_efter": Kodverk.ARBETSTYP,
}

_ALLA_SVAR: Final = (*_ETT_SVAR, *_FLERA_SVAR, *_ANDELAR, "arbetssokande_fore", "arbetssokande_efter")
_SEDDA_SVAR: Final = 100_000

# Vad raden säger om identiteten.
IDENTIFIERAD: Final = "i"
AVIDENTIFIERAD: Final = "a"
ATERTAGEN: Final = "t"


def bostad(rad: Rad, lage: Lage) -> tuple[str, str]:
    """Radens kommun och stadsdel som text för COPY."""
    v = rad.varden
    kommun, stadsdel = v["kommun"], v["stadsdel"]
    if not kommun:
        if v["personnummer"]:
            rad.saknas("kommun")
        elif stadsdel:
            rad.fela("kommun", "Kommun saknas. Den krävs när stadsdel är ifylld.")
        return INGET, INGET
    if kommun not in lage.kommuner:
        rad.fela("kommun", "Kommunen finns inte. Skriv SCB:s kommunkod, fyra siffror.")
        return INGET, INGET
    if not stadsdel:
        return kommun, INGET
    stadsdelar = lage.stadsdelar.get(kommun)
    if stadsdelar is None:
        rad.fela("stadsdel", "Stadsdel anges bara för Stockholm (0180) och Göteborg (1480). Lämna fältet tomt.")
    elif stadsdel_id := stadsdelar.get(namnform(stadsdel)):
        return kommun, str(stadsdel_id)
    else:
        kanda = ", ".join(lage.stadsdelsnamn[kommun])
        rad.fela("stadsdel", f"Stadsdelen finns inte i kommunen. De som finns: {kanda}.")
    return kommun, INGET


class Deltaganden:
    """Prövar rader och gör dem till text för COPY."""

    def __init__(self, rad: Rad, lage: Lage) -> None:
        self._rad, self._lage, self._idag = rad, lage, lage.idag
        self._listor: dict[tuple[str, str], str] = {}
        self._felfria: dict[tuple[str, ...], list[str]] = {}
        """Svaren som de står i filen, och så som de skrivs. De flesta rader har svar som någon har haft förut."""
        self._daterade_koder = any(fran or till for koder in lage.koder.values() for fran, till in koder.values())

    def las(self) -> tuple[str, Person, list[str]] | None:
        """Den aktuella radens värden till arbetstabellen, personen och fingeravtrycken att söka; None med fel."""
        rad = self._rad
        v = rad.varden
        insatsen = kand_insats(rad, self._lage)
        inn = rad.datum("inregistrering", kravs=True)
        ut = rad.datum("utregistrering")
        lopnr = rad.heltal("lopnr", minst=1, hogst=32_767, enhet="Löpnumret") if v["lopnr"] else 1
        koder = self._lage.koder
        anledning = rad.kod("avslutningsanledning", koder[Kodverk.AVSLUTNINGSANLEDNING])
        self._prova_period(insatsen, inn, ut, anledning)
        person = las_person(rad, self._lage, inn)
        samtycke, arkiverat = self._samtycke(inn, person)
        kommun, stadsdel = bostad(rad, self._lage)
        svar = self._svar(inn, ut)
        self._prova_sammanhang(anledning)
        if person is None or insatsen is None or inn is None or rad.trasig:
            return None
        self._varna(insatsen, inn, ut, anledning, person, kommun)
        slag = IDENTIFIERAD if person.personindex != INGET else AVIDENTIFIERAD
        if anledning == ATERTAGET_SAMTYCKE:
            slag = ATERTAGEN
        if slag != IDENTIFIERAD:
            kommun = stadsdel = INGET
        avtryck = avtryck_for(rad, self._idag, insatsen, inn, lopnr or 1) if self._soker_avtryck(slag) else []
        eget = "\\\\x" + avtryck[0] if slag == ATERTAGEN else INGET
        text = "\t".join(
            (
                str(rad.nr),
                str(insatsen.lokal),
                person.grupp,
                slag,
                inn.isoformat(),
                str(lopnr),
                ut.isoformat() if ut else INGET,
                anledning,
                person.kon,
                str(inn.year - person.fodelsear),
                samtycke.isoformat() if samtycke else INGET,
                arkiverat.isoformat() if arkiverat else INGET,
                *svar,
                kommun,
                stadsdel,
                eget,
            )
        )
        return text, person, avtryck

    def _soker_avtryck(self, slag: str) -> bool:
        return slag == ATERTAGEN or self._lage.fingeravtryck_finns

    def _prova_period(self, insatsen: Insatsen | None, inn: date | None, ut: date | None, anledning: str) -> None:
        rad, idag = self._rad, self._idag
        v = rad.varden
        if insatsen and insatsen.ar_kontor:
            rad.fela("insats", "Insatsen är ett kontor, som inte tar emot deltaganden. Kontrollera insatsnyckeln.")
        elif insatsen and insatsen.ar_volyminsats:
            rad.fela(
                "insats", "Insatsen är en volyminsats och tar inte emot deltagare. Skriv antalet i volymantal.csv."
            )
        if inn and inn > idag:
            rad.fela("inregistrering", "Inregistreringen är i framtiden. Rätta datumet.")
        if ut and ut > idag:
            rad.fela(
                "utregistrering",
                "Utregistreringen är i framtiden. Rätta datumet, eller lämna det tomt tills den dagen.",
            )
        if inn and ut and ut < inn:
            rad.fela("utregistrering", "Utregistreringen är före inregistreringen. Rätta ett av datumen.")
        if v["utregistrering"] and not v["avslutningsanledning"]:
            rad.fela("avslutningsanledning", "Avslutningsanledning saknas. Den krävs när utregistrering är ifylld.")
        if v["avslutningsanledning"] and not v["utregistrering"]:
            rad.fela("utregistrering", "Utregistrering saknas. Den krävs när avslutningsanledning är ifylld.")
        # En felregistrering räknas inte någonstans, och insatsens datum får ha ändrats sedan dess.
        if insatsen is None or inn is None or anledning == FELREGISTRERING:
            return
        if inn < insatsen.start:
            rad.fela("inregistrering", f"Inregistreringen är före insatsens startdatum ({insatsen.start}).")
        sista, vems = self._lage.sista_dag(insatsen)
        if sista and inn > sista:
            rad.fela("inregistrering", f"Inregistreringen är efter {vems} slutdatum ({sista}).")
        elif sista and ut and ut > sista:
            rad.fela("utregistrering", f"Utregistreringen är efter {vems} slutdatum ({sista}).")

    def _samtycke(self, inn: date | None, person: Person | None) -> tuple[date | None, date | None]:
        rad = self._rad
        v = rad.varden
        identifierad = bool(v["personnummer"])
        samtycke, arkiverat = rad.datum("samtycke"), rad.datum("samtycke_arkiverat")
        if identifierad and not v["samtycke"]:
            rad.saknas(
                "samtycke", "Datum för samtycket saknas. Utan samtycke räknas deltagaren som anonym, i anonyma.csv."
            )
        if samtycke and inn and samtycke > inn:
            rad.fela("samtycke", "Samtycket är lämnat efter inregistreringen. Det ska vara lämnat senast den dagen.")
        if arkiverat and arkiverat > self._idag:
            rad.fela("samtycke_arkiverat", "Datumet är i framtiden. Rätta det.")
        if arkiverat and samtycke and arkiverat < samtycke:
            rad.fela("samtycke_arkiverat", "Samtycket kan inte vara arkiverat innan det lämnades.")
        return samtycke, arkiverat

    def _svar(self, inn: date | None, ut: date | None) -> list[str]:
        """Före- och efteruppgifterna, i arbetstabellens ordning."""
        givna = tuple(map(self._rad.varden.__getitem__, _ALLA_SVAR))
        svar = self._felfria.get(givna)
        if svar is None:
            svar = self._lasta_svar()
            if not self._rad.trasig:
                if len(self._felfria) >= _SEDDA_SVAR:
                    self._felfria.clear()
                # Texterna är få: en av varje räcker, hur många svar som än minns.
                self._felfria[tuple(map(sys.intern, givna))] = list(map(sys.intern, svar))
        if self._daterade_koder:
            self._prova_giltighet(inn, ut)
        return svar

    def _lasta_svar(self) -> list[str]:
        rad = self._rad
        v = rad.varden
        svar = [v[kolumn] and rad.kod(kolumn, self._lage.koder[kodverk]) for kolumn, kodverk in _ETT_SVAR.items()]
        svar += [self._lista(kolumn, kodverk, v[kolumn]) for kolumn, kodverk in _FLERA_SVAR.items()]
        for kolumn in _ANDELAR:
            andel = rad.heltal(kolumn, minst=0, hogst=100, enhet="Andelen, i procent,") if v[kolumn] else None
            svar.append(INGET if andel is None else str(andel))
        for kolumn in ("arbetssokande_fore", "arbetssokande_efter"):
            kod = v[kolumn] and rad.kod(kolumn, _JA_NEJ)
            svar.append(_JA_NEJ[kod] if kod else INGET)
        return svar

    def _prova_sammanhang(self, anledning: str) -> None:
        """Svar på frågor som inte ställs: efter utan utregistrering, efter en felregistrering, typ utan arbete."""
        rad = self._rad
        v = rad.varden
        if anledning == FELREGISTRERING or not v["utregistrering"]:
            text = (
                "En felregistrering har inga uppgifter om tiden efter. Lämna fältet tomt."
                if anledning == FELREGISTRERING
                else "Uppgifter om tiden efter hör till utregistreringen. Lämna fältet tomt tills den är ifylld."
            )
            for kolumn in EFTERFALT:
                if v[kolumn]:
                    rad.fela(kolumn, text)
        for typ, arbete in _ARBETSTYPER:
            if v[typ] and not v[arbete].strip("-0"):
                rad.fela(
                    typ, f"Typ av arbete anges bara för den som arbetar. Fyll i {arbete}, eller lämna fältet tomt."
                )

    def _lista(self, kolumn: str, kodverk: Kodverk, text: str) -> str:
        if not text:
            return "{}"
        if klar := self._listor.get((kolumn, text)):
            return klar
        koder = self._rad.lista(kolumn, self._lage.koder[kodverk])
        if "ingen" in koder and len(koder) > 1 and kodverk == Kodverk.FORSORJNING:
            self._rad.fela(kolumn, "ingen kan inte stå tillsammans med annan försörjning. Ta bort den ena.")
        elif koder:
            klar = self._listor[kolumn, text] = "{" + ",".join(koder) + "}"
            return klar
        return "{}"

    def _prova_giltighet(self, inn: date | None, ut: date | None) -> None:
        """En avslutad kod gäller inte för registreringar efter sitt sista datum (`doman.md` 4)."""
        for kolumn, kodverk in {
            **_ETT_SVAR,
            **_FLERA_SVAR,
            "avslutningsanledning": Kodverk.AVSLUTNINGSANLEDNING,
        }.items():
            dag = ut if kolumn.endswith("_efter") or kolumn == "avslutningsanledning" else inn
            koder: Mapping[str, Giltighet] = self._lage.koder[kodverk]
            for kod in self._rad.varden[kolumn].split(";") if dag else ():
                fran, till = koder.get(kod.strip(), (None, None))
                if dag and ((fran and dag < fran) or (till and dag > till)):
                    self._rad.fela(kolumn, "Koden gällde inte den dagen. Välj en som gällde då.")

    def _varna(
        self, insatsen: Insatsen, inn: date, ut: date | None, anledning: str, person: Person, kommun: str
    ) -> None:
        """R24: det som är ovanligt men tillåtet."""
        if anledning == FELREGISTRERING:
            return
        rad = self._rad
        v = rad.varden
        organisation = insatsen.organisation and self._lage.organisationer.get(insatsen.organisation.nummer)
        if organisation and kommun != INGET and organisation.kommuner and kommun not in organisation.kommuner:
            rad.varna("kommun", "Kommunen ligger utanför samverkansorganisationens område.")
        enbart = {"kvinnor": Kon.KVINNA, "man": Kon.MAN}
        for malgrupp in insatsen.kategorisering.malgrupper:
            if malgrupp in enbart and person.kon != enbart[malgrupp]:
                rad.varna(
                    "personnummer" if v["personnummer"] else "kon",
                    "Personens kön är ett annat än insatsens målgrupp.",
                )
        if ut is None and (self._idag - inn).days > 3 * 365.25:
            rad.varna("utregistrering", "Deltagaren har varit inregistrerad i mer än tre år utan utregistrering.")

"""Vem får vad (P1): varje adress, vilken rättighet den kräver och hur långt den når.

Tabellen är både sidan *Vem får vad* och facit för `tests/test_vem_far_vad.py`, som prövar varje rad mot vyn: för varje
roll, med eget och främmande objekt. En ny adress är en ny rad.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from behorighet.roller import RATTIGHETER, Rattighet, Roll


class Rackvidd(Enum):
    """Vad sidan når. Värdet är hur det sägs."""

    OPPEN = "öppen utan inloggning"
    KONTO = "alla med ett konto"
    ROLL = "alla med en roll"
    INGET = "inget objekt"
    ALLA = "alla"
    EGEN_ORGANISATION = "uppdragets samverkansorganisation"
    EGEN_INSATS = "uppdragets insatser"
    EGEN_PERSONAL = "den egna organisationens personal"
    EGET = "det man själv har lagt in"
    EGET_ELLER_DELAT = "det man själv har sparat, och det som är delat i den egna organisationen"


class Om(Enum):
    """Vad `pk` i adressen pekar på."""

    INGET = "inget"
    INSATS = "insats"
    VOLYMINSATS = "volyminsats"
    SAMVERKANSORGANISATION = "samverkansorganisation"
    ORGANISATION = "organisation"
    KONTO = "konto"
    BEHORIGHET = "behörighet"
    BESTALLARES_BEHORIGHET = "beställares behörighet"
    FRAGA = "kompletterande fråga"
    UPPDRAG_I_ORGANISATION = "uppdrag i samverkansorganisation"
    UPPDRAG_PA_INSATS = "uppdrag på insats"
    KONTOR = "kontor"
    DELTAGANDE = "deltagande"
    SAMARBETE = "samarbete"
    GENOMGANG = "genomgång"
    LOGGKONTROLL = "loggkontroll"
    KOD = "kod"
    OVERGANGSREGEL = "övergång i matrisen"
    GALLRING = "gallring"
    INLASNING = "inläsning"
    BESTALLNING = "beställd rapport"
    TVA_STEG = "sätt i tvåstegsinloggningen"
    SPARAT_URVAL = "sparat urval"


class Metod(Enum):
    """Vad som går att göra på adressen: hämta, hämta och skicka, eller bara skicka."""

    GET = ("GET",)
    BADA = ("GET", "POST")
    POST = ("POST",)


class Svar(Enum):
    """Vad en roll får."""

    JA = "Ja"
    EGNA = "Egna"
    NEJ = "Nej"


class Mal(NamedTuple):
    """Hur långt sidan når, och vad den handlar om."""

    rackvidd: Rackvidd
    om: Om = Om.INGET


@dataclass(frozen=True, slots=True)
class Rad:
    """En adress. Är `rattighet` None säger `mal` vem som når sidan: alla, eller de med ett konto eller en roll."""

    namn: str
    vad: str
    rattighet: Rattighet | None
    mal: Mal
    metod: Metod = Metod.GET

    def svar(self, roll: Roll) -> Svar:
        """Vad den som har rollen får. Egna: inom sina uppdrag, eller i den egna organisationen."""
        if self.rattighet is None:
            return Svar.EGNA if self.forklaring else Svar.JA
        if self.rattighet not in RATTIGHETER[roll]:
            return Svar.NEJ
        return Svar.JA if self.mal.rackvidd in {Rackvidd.INGET, Rackvidd.ALLA} else Svar.EGNA

    @property
    def forklaring(self) -> str:
        """Vad *Egna* betyder på sidan; tomt när rättigheten når allt."""
        return self.mal.rackvidd.value if self.mal.rackvidd.name.startswith("EGE") else ""

    @property
    def per_roll(self) -> list[tuple[Roll, Svar]]:
        """Svaret för varje roll, i rollernas ordning."""
        return [(roll, self.svar(roll)) for roll in Roll]


_GET, _BADA, _POST = Metod.GET, Metod.BADA, Metod.POST
_OPPEN, _KONTO, _ROLL = Mal(Rackvidd.OPPEN), Mal(Rackvidd.KONTO), Mal(Rackvidd.ROLL)
_SIDA = Mal(Rackvidd.INGET)
_MED_KOD, _EGET_SATT = Mal(Rackvidd.OPPEN, Om.KONTO), Mal(Rackvidd.EGET, Om.TVA_STEG)
_INSATSER, _EGEN_INSATS = Mal(Rackvidd.ALLA, Om.INSATS), Mal(Rackvidd.EGEN_INSATS, Om.INSATS)
_EGEN_VOLYMINSATS = Mal(Rackvidd.EGEN_INSATS, Om.VOLYMINSATS)
_SAMVERKAN = Mal(Rackvidd.ALLA, Om.SAMVERKANSORGANISATION)
_EGEN_SAMVERKAN = Mal(Rackvidd.EGEN_ORGANISATION, Om.SAMVERKANSORGANISATION)
_EGEN_FRAGA = Mal(Rackvidd.EGEN_ORGANISATION, Om.FRAGA)
_UPPDRAG_I_EGEN = Mal(Rackvidd.EGEN_ORGANISATION, Om.UPPDRAG_I_ORGANISATION)
_UPPDRAG_PA_EGEN = Mal(Rackvidd.EGEN_INSATS, Om.UPPDRAG_PA_INSATS)
_EGEN_PERSONAL = Mal(Rackvidd.EGEN_PERSONAL, Om.KONTO)
_PERSONALENS_BEHORIGHET = Mal(Rackvidd.EGEN_PERSONAL, Om.BEHORIGHET)
_ORGANISATIONER, _KONTON = Mal(Rackvidd.ALLA, Om.ORGANISATION), Mal(Rackvidd.ALLA, Om.KONTO)
_BESTALLARE = Mal(Rackvidd.ALLA, Om.BESTALLARES_BEHORIGHET)
_EGET_KONTOR, _EGET_DELTAGANDE = Mal(Rackvidd.EGEN_ORGANISATION, Om.KONTOR), Mal(Rackvidd.EGEN_INSATS, Om.DELTAGANDE)
_EGET_SAMARBETE = Mal(Rackvidd.EGEN_INSATS, Om.SAMARBETE)
_EGEN_GENOMGANG = Mal(Rackvidd.EGEN_PERSONAL, Om.GENOMGANG)
_EGEN_LOGGKONTROLL = Mal(Rackvidd.EGEN_PERSONAL, Om.LOGGKONTROLL)
_KONTOREN = Mal(Rackvidd.ALLA, Om.KONTOR)
_GALLRINGAR = Mal(Rackvidd.ALLA, Om.GALLRING)
_OVERGANGSREGLER = Mal(Rackvidd.ALLA, Om.OVERGANGSREGEL)
_SPARAT_URVAL = Mal(Rackvidd.EGET_ELLER_DELAT, Om.SPARAT_URVAL)
_EGEN_BESTALLNING = Mal(Rackvidd.EGET, Om.BESTALLNING)
_KODER, _EGEN_INLASNING = Mal(Rackvidd.ALLA, Om.KOD), Mal(Rackvidd.EGET, Om.INLASNING)

_VISA, _RAPPORT = Rattighet.VISA_INSATSER, Rattighet.VISA_RAPPORT
_ANDRA = Rattighet.ANDRA_ORGANISATION
_INSATS, _ANTAL = Rattighet.REGISTRERA_INSATS, Rattighet.REGISTRERA_ANTAL
_DELTAGARE, _ANONYMA = Rattighet.REGISTRERA_DELTAGARE, Rattighet.REGISTRERA_ANONYMA
_GE_I, _GE_PA = Rattighet.GE_UPPDRAG_I_ORGANISATION, Rattighet.GE_UPPDRAG_PA_INSATS
_BESTALLA, _GRANSKA = Rattighet.BESTALLA_BEHORIGHET, Rattighet.GRANSKA_LOGG
_SYSTEMET = Rattighet.ADMINISTRERA_SYSTEMET

TABELL: Final[Mapping[str, tuple[Rad, ...]]] = {
    "Konto": (
        Rad("logga_in", "Logga in", None, _OPPEN, _BADA),
        Rad("account_login", "Logga in", None, _OPPEN, _BADA),
        Rad("mfa_authenticate", "Andra steget vid inloggningen", None, _OPPEN, _BADA),
        Rad("eid", "Till e-legitimationen", None, _OPPEN),
        Rad("eid_svar", "Tillbaka från e-legitimationen", None, _OPPEN),
        Rad("logga_ut", "Logga ut", None, _OPPEN, _POST),
        Rad("valj_losenord", "Välja lösenord med en engångslänk", None, _MED_KOD, _BADA),
        Rad("byt_losenord", "Byta sitt lösenord", None, _KONTO, _BADA),
        Rad("bekrafta", "Bekräfta vem man är", None, _KONTO, _BADA),
        Rad("tva_steg", "Visa sin tvåstegsinloggning", None, _KONTO),
        Rad("tva_steg_app", "Lägga till en autentiseringsapp", None, _KONTO, _BADA),
        Rad("tva_steg_nyckel", "Lägga till en säkerhetsnyckel", None, _KONTO, _BADA),
        Rad("tva_steg_namn", "Döpa om sin säkerhetsnyckel", None, _EGET_SATT, _BADA),
        Rad("tva_steg_ta_bort", "Ta bort ett sätt i sin tvåstegsinloggning", None, _EGET_SATT, _BADA),
        Rad("reservkoder", "Visa sina nya reservkoder", None, _KONTO),
        Rad("nya_reservkoder", "Skapa nya reservkoder", None, _KONTO, _BADA),
        Rad("start", "Startsidan", None, _ROLL),
        Rad("vem_far_vad", "Vem får vad", _VISA, _SIDA),
        Rad("handbok", "Handboken", _VISA, _SIDA),
        Rad("handbok_kapitel", "Ett kapitel i handboken", _VISA, _SIDA),
        Rad("tillganglighet", "Tillgänglighetsredogörelsen", None, _OPPEN),
        Rad("halsa", "Systemets hälsa, för övervakning", None, _OPPEN),
    ),
    "Samverkansorganisationer": (
        Rad("uppdrag:organisationer", "Söka samverkansorganisation", _VISA, _SIDA),
        Rad("uppdrag:organisationsexport", "Hämta listan över samverkansorganisationer som Excel", _VISA, _SIDA),
        Rad("uppdrag:organisation", "Visa samverkansorganisation", _VISA, _SAMVERKAN),
        Rad("uppdrag:anvandare", "Visa en samverkansorganisations alla användare", _VISA, _SAMVERKAN),
        Rad("uppdrag:anvandares_uppdrag", "Visa en användares uppdrag där", _VISA, _SAMVERKAN),
        Rad("uppdrag:historik", "Visa samverkansorganisationens historik", _VISA, _SAMVERKAN),
        Rad("uppdrag:organisationsbudget", "Visa samverkansorganisationens budget", _VISA, _SAMVERKAN),
        Rad("uppdrag:organisationsbudget_ar", "Visa ett års budget", _VISA, _SAMVERKAN),
        Rad("uppdrag:andra_organisationsbudget", "Ändra ett års budget", _ANDRA, _EGEN_SAMVERKAN, _BADA),
        Rad("uppdrag:andra_organisation", "Ändra samverkansorganisation", _ANDRA, _EGEN_SAMVERKAN, _BADA),
        Rad("uppdrag:omrade", "Välja kommun och stadsdel", _ANDRA, _EGEN_SAMVERKAN, _BADA),
        Rad("uppdrag:ta_bort_ur_omradet", "Ta bort kommun eller stadsdel", _ANDRA, _EGEN_SAMVERKAN, _POST),
        Rad("uppdrag:valj_part", "Välja ingående organisation", _ANDRA, _EGEN_SAMVERKAN),
        Rad("uppdrag:part", "Ändra en ingående organisation", _ANDRA, _EGEN_SAMVERKAN, _BADA),
        Rad("uppdrag:ny_organisation", "Registrera samverkansorganisation", _SYSTEMET, _SIDA, _BADA),
    ),
    "Kompletterande frågor": (
        Rad("fragor:lista", "Visa en samverkansorganisations kompletterande frågor", _ANDRA, _EGEN_SAMVERKAN),
        Rad("fragor:ny", "Registrera kompletterande fråga", _ANDRA, _EGEN_SAMVERKAN, _BADA),
        Rad("fragor:forhandsgranska", "Förhandsgranska frågorna", _ANDRA, _EGEN_SAMVERKAN),
        Rad("fragor:andra", "Ändra fråga", _ANDRA, _EGEN_FRAGA, _BADA),
        Rad("fragor:avsluta", "Avsluta fråga", _ANDRA, _EGEN_FRAGA, _BADA),
        Rad("fragor:ta_bort", "Ta bort fråga", _ANDRA, _EGEN_FRAGA, _BADA),
        Rad("fragor:flytta", "Flytta fråga i ordningen", _ANDRA, _EGEN_FRAGA, _POST),
    ),
    "Uppdrag": (
        Rad("uppdrag:valj_i_organisation", "Välja användare i samverkansorganisationen", _GE_I, _EGEN_SAMVERKAN),
        Rad("uppdrag:ge_i_organisation", "Ge uppdrag i samverkansorganisationen", _GE_I, _EGEN_SAMVERKAN, _BADA),
        Rad("uppdrag:avsluta_i_organisation", "Avsluta uppdrag där", _GE_I, _UPPDRAG_I_EGEN, _BADA),
        Rad("uppdrag:valj_forsta", "Välja den första samverkansadministratören", _SYSTEMET, _SAMVERKAN),
        Rad("uppdrag:ge_forsta", "Ge den första samverkansadministratören uppdrag", _SYSTEMET, _SAMVERKAN, _BADA),
        Rad("uppdrag:valj_pa_kontor", "Välja insatsansvarig för ett kontor", _GE_I, _EGET_KONTOR),
        Rad("uppdrag:ge_pa_kontor", "Ge uppdrag som insatsansvarig på ett kontor", _GE_I, _EGET_KONTOR, _BADA),
        Rad("uppdrag:valj_pa_insats", "Välja deltagaransvarig för en insats", _GE_PA, _EGEN_INSATS),
        Rad("uppdrag:ge_pa_insats", "Ge uppdrag som deltagaransvarig", _GE_PA, _EGEN_INSATS, _BADA),
        Rad("uppdrag:avsluta_pa_insats", "Avsluta uppdrag som deltagaransvarig", _GE_PA, _UPPDRAG_PA_EGEN, _BADA),
    ),
    "Insatser": (
        Rad("insatser:lista", "Söka insats", _VISA, _SIDA),
        Rad("insatser:insats", "Visa insats", _VISA, _INSATSER),
        Rad("insatser:export", "Hämta listan över insatser som Excel", _VISA, _SIDA),
        Rad("insatser:kategorier", "Visa kategorierna", _VISA, _SIDA),
        Rad("insatser:historik", "Visa insatsens historik", _VISA, _INSATSER),
        Rad("insatser:budget", "Visa insatsens budget", _VISA, _INSATSER),
        Rad("insatser:andra_budget", "Ändra insatsens budget", _INSATS, _EGEN_INSATS, _BADA),
        Rad("insatser:ta_bort_budgetrader", "Ta bort ett års budgetrader", _INSATS, _EGEN_INSATS, _BADA),
        Rad("insatser:ny", "Registrera insats", _INSATS, _SIDA, _BADA),
        Rad("insatser:kopiera", "Kopiera insats", _INSATS, _EGEN_INSATS, _BADA),
        Rad("insatser:avsluta", "Avsluta insats", _INSATS, _EGEN_INSATS, _BADA),
        Rad("insatser:ta_bort", "Ta bort insats utan registreringar", _INSATS, _EGEN_INSATS, _BADA),
        Rad("inlasning:insatser", "Läsa in insatser och budget ur filer", _INSATS, _SIDA, _BADA),
        Rad("inlasning:granska_insatser", "Granska sin inläsning av insatser", _INSATS, _EGEN_INLASNING, _BADA),
        Rad("inlasning:fel_insatser", "Hämta felen i sin inläsning av insatser", _INSATS, _EGEN_INLASNING),
        Rad("inlasning:mall_insatser", "Hämta en tom fil för insatser", _INSATS, _SIDA),
        Rad("insatser:kategorival", "Se valen i kategoriseringen", _INSATS, _SIDA),
        Rad("insatser:andra", "Ändra insats", _INSATS, _EGEN_INSATS, _BADA),
        Rad("deltagare:antal", "Registrera antal för volyminsats", _ANTAL, _EGEN_VOLYMINSATS, _BADA),
    ),
    "Deltagare": (
        Rad("deltagare:registrera", "In- och utregistrera deltagare med personuppgifter", _DELTAGARE, _SIDA, _BADA),
        Rad("deltagare:visa", "Visa deltagarna i en insats", _DELTAGARE, _SIDA),
        Rad("deltagare:export", "Hämta listan över deltagare som Excel", _DELTAGARE, _SIDA, _BADA),
        Rad("deltagare:person", "Söka en deltagares alla registreringar", _DELTAGARE, _SIDA, _BADA),
        Rad("deltagare:samtycken", "Visa samtycken och markera dem som arkiverade", _DELTAGARE, _SIDA, _BADA),
        Rad("deltagare:fragor", "Se insatsens kompletterande frågor", _DELTAGARE, _SIDA, _POST),
        Rad("deltagare:deltagande", "Visa en registrering av en deltagare", _DELTAGARE, _EGET_DELTAGANDE),
        Rad("deltagare:personnummer", "Visa hela personnumret", _DELTAGARE, _EGET_DELTAGANDE, _POST),
        Rad("deltagare:ratta", "Rätta en in- eller utregistrering", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:deltagandets_fragor", "Se frågorna till en registrering", _DELTAGARE, _EGET_DELTAGANDE, _POST),
        Rad("deltagare:utregistrera", "Utregistrera ur registreringen", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:angra", "Ångra en utregistrering", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:aterta", "Återta ett samtycke", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:skydda", "Ta bort identiteten: skyddade personuppgifter", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:byt_nummer", "Byta samordningsnummer mot personnummer", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("deltagare:historik", "Visa ett deltagandes historik", _DELTAGARE, _EGET_DELTAGANDE),
        Rad("deltagare:registerutdrag", "Ta fram ett registerutdrag", _DELTAGARE, _EGET_DELTAGANDE, _BADA),
        Rad("inlasning:deltaganden", "Läsa in deltaganden ur filer", _DELTAGARE, _SIDA, _BADA),
        Rad(
            "inlasning:granska_deltaganden", "Granska sin inläsning av deltaganden", _DELTAGARE, _EGEN_INLASNING, _BADA
        ),
        Rad("inlasning:fel_deltaganden", "Hämta felen i sin inläsning av deltaganden", _DELTAGARE, _EGEN_INLASNING),
        Rad("inlasning:mall_deltaganden", "Hämta en tom fil för deltaganden", _DELTAGARE, _SIDA),
        Rad("deltagare:anonyma", "Registrera anonyma deltagare", _ANONYMA, _SIDA, _BADA),
        Rad("deltagare:ta_bort_anonyma", "Ta bort felregistrerade anonyma", _ANONYMA, _EGEN_INSATS, _BADA),
    ),
    "Af/FK-samarbete": (
        Rad("samarbete:visa", "Visa deltagarna hos ett kontor", _DELTAGARE, _SIDA),
        Rad("samarbete:export", "Hämta listan över kontorets deltagare som Excel", _DELTAGARE, _SIDA, _BADA),
        Rad("samarbete:registrera", "Registrera medverkan", _DELTAGARE, _SIDA, _BADA),
        Rad("samarbete:samarbete", "Visa ett samarbete", _DELTAGARE, _EGET_SAMARBETE),
        Rad("samarbete:personnummer", "Visa hela personnumret i ett samarbete", _DELTAGARE, _EGET_SAMARBETE, _POST),
        Rad("samarbete:overgang", "Registrera en övergång", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:uppgifter", "Registrera uppgifter före och efter", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:byt_kontor", "Byta kontor", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:angra_bytet", "Ångra ett byte av kontor", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:ratta", "Rätta begärans datum och samtycke", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:angra", "Ångra den senaste övergången", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:aterta", "Återta samtycket i ett samarbete", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:skydda", "Ta bort identiteten ur samarbetet: skydd", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:byt_nummer", "Byta nummer från ett samarbete", _DELTAGARE, _EGET_SAMARBETE, _BADA),
        Rad("samarbete:registerutdrag", "Registerutdrag från ett samarbete", _DELTAGARE, _EGET_SAMARBETE, _BADA),
    ),
    "Rapporter": (
        Rad("rapporter:insats", "Insatsrapporten, för alla insatser", _RAPPORT, _SIDA),
        Rad("rapporter:sparade", "Visa sparade urval", _RAPPORT, _SIDA),
        Rad("rapporter:spara", "Spara ett urval till Insatsrapporten", _RAPPORT, _SIDA, _BADA),
        Rad("rapporter:sparat", "Öppna ett sparat urval", _RAPPORT, _SPARAT_URVAL),
        Rad("rapporter:andra_sparat", "Ändra eller dela ett sparat urval", _RAPPORT, _SPARAT_URVAL, _BADA),
        Rad("rapporter:ta_bort_sparat", "Ta bort ett sparat urval", _RAPPORT, _SPARAT_URVAL, _POST),
        Rad("rapporter:aterstall_sparat", "Återställa ett sparat urval", _RAPPORT, _SPARAT_URVAL, _POST),
        Rad("rapporter:bestall", "Beställa en lång rapport", _RAPPORT, _SIDA, _POST),
        Rad("rapporter:mina", "Visa sina beställda rapporter", _RAPPORT, _SIDA),
        Rad("rapporter:bestallning", "Följa en rapport man har beställt", _RAPPORT, _EGEN_BESTALLNING),
        Rad("rapporter:hamta", "Hämta en rapport man har beställt", _RAPPORT, _EGEN_BESTALLNING),
        Rad("rapporter:avbryt", "Avbryta en rapport man har beställt", _RAPPORT, _EGEN_BESTALLNING, _POST),
        Rad("rapporter:ta_bort", "Ta bort en rapport man har beställt", _RAPPORT, _EGEN_BESTALLNING, _POST),
        Rad("rapporter:ledtider", "Ledtider i Af/FK-samarbetet, för alla kontor", _RAPPORT, _SIDA),
        Rad("rapporter:status", "Status i Af/FK-samarbetet, för alla kontor", _RAPPORT, _SIDA),
        Rad("rapporter:overgangar", "Övergångarna i Af/FK-samarbetet, för alla kontor", _RAPPORT, _SIDA),
    ),
    "Personalens behörigheter": (
        Rad("behorigheter", "Visa personalens behörigheter", _BESTALLA, _SIDA),
        Rad("bestall_behorighet", "Beställa behörighet åt en ny person", _BESTALLA, _SIDA, _BADA),
        Rad("bestall_behorighet_at", "Beställa åt den som har ett konto", _BESTALLA, _EGEN_PERSONAL, _BADA),
        Rad("uppdrag:avsluta_behorighet", "Avsluta behörighet", _BESTALLA, _PERSONALENS_BEHORIGHET, _BADA),
        Rad("ny_lank", "Skapa en ny engångslänk", _BESTALLA, _EGEN_PERSONAL, _BADA),
        Rad("visa_lank", "Visa engångslänken", _BESTALLA, _EGEN_PERSONAL),
        Rad("uppdrag:anvandares_historik", "Visa historiken över behörigheter", _BESTALLA, _EGEN_PERSONAL),
        Rad("uppdrag:genomgang", "Göra genomgången av behörigheter", _BESTALLA, _SIDA, _BADA),
        Rad("gjord_genomgang", "Visa en tidigare genomgång", _BESTALLA, _EGEN_GENOMGANG),
        Rad("granskning:logg", "Visa åtkomstloggen för den egna personalen", _GRANSKA, _SIDA),
        Rad("granskning:loggkontroller", "Dra urval för loggkontroll", _GRANSKA, _SIDA, _BADA),
        Rad("granskning:loggkontroll", "Granska ett urval ur loggen", _GRANSKA, _EGEN_LOGGKONTROLL, _BADA),
    ),
    "Administration": (
        Rad("organisationer", "Söka organisation", _SYSTEMET, _SIDA),
        Rad("ny_organisation", "Registrera organisation", _SYSTEMET, _SIDA, _BADA),
        Rad("organisation", "Visa organisation och dess personal", _SYSTEMET, _ORGANISATIONER),
        Rad("ny_bestallare", "Lägga till beställare som saknar konto", _SYSTEMET, _ORGANISATIONER, _BADA),
        Rad("bestallare_at", "Göra någon i personalen till beställare", _SYSTEMET, _KONTON, _BADA),
        Rad("avsluta_bestallare", "Avsluta behörigheten som beställare", _SYSTEMET, _BESTALLARE, _BADA),
        Rad("ny_bestallares_lank", "Skapa en ny engångslänk åt en beställare", _SYSTEMET, _KONTON, _BADA),
        Rad("visa_bestallares_lank", "Visa beställarens engångslänk", _SYSTEMET, _KONTON),
        Rad("nollstall_tva_steg", "Nollställa någons tvåstegsinloggning", _SYSTEMET, _KONTON, _BADA),
        Rad("uppdrag:kontots_historik", "Visa ett kontos historik", _SYSTEMET, _KONTON),
        Rad("kodverk:kodverk", "Visa kodverken", _SYSTEMET, _SIDA),
        Rad("kodverk:ny", "Lägga till en kod", _SYSTEMET, _SIDA, _BADA),
        Rad("kodverk:andra", "Ändra eller avsluta en kod", _SYSTEMET, _KODER, _BADA),
        Rad("kontor:lista", "Söka kontor i Af/FK-samarbetet", _SYSTEMET, _SIDA),
        Rad("kontor:export", "Hämta listan över kontor som Excel", _SYSTEMET, _SIDA),
        Rad("kontor:ny", "Registrera kontor", _SYSTEMET, _SIDA, _BADA),
        Rad("kontor:andra", "Ändra kontor", _SYSTEMET, _KONTOREN, _BADA),
        Rad("matris:matris", "Visa övergångarna i Af/FK-samarbetet", _SYSTEMET, _SIDA),
        Rad("matris:andra", "Öppna eller stänga en övergång", _SYSTEMET, _OVERGANGSREGLER, _BADA),
        Rad("gallring:lista", "Visa gallringens regler och gallringarna", _SYSTEMET, _SIDA),
        Rad("gallring:regel", "Ändra en gallringsregel", _SYSTEMET, _SIDA, _BADA),
        Rad("gallring:ny", "Föreslå gallring", _SYSTEMET, _SIDA, _BADA),
        Rad("gallring:gallring", "Godkänna eller avbryta en gallring", _SYSTEMET, _GALLRINGAR, _BADA),
        Rad("gallring:intyg", "Hämta ett gallringsintyg", _SYSTEMET, _GALLRINGAR),
    ),
}

RADER: Final[Mapping[str, Rad]] = {rad.namn: rad for rader in TABELL.values() for rad in rader}

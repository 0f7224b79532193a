"""Inläsningen på webben: samma regler och satser som importen, men genom radskyddet och inom användarens uppdrag (P2).

Kommandot går som databasens ägare och låser tabellerna. Här låses bara insatserna som berörs, och nya deltaganden
skrivs en i taget: databasen släpper bara in den person som `person_for` senast gav.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    transaction,
)
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from deltagare.overforing import (
    forbindelse,
    identiteter,
    importen,
    lage,
    personer,
    regler,
    skriv_deltaganden,
    skriv_insatser,
    staging,
    tabeller,
)
from deltagare.overforing.databasfel import pa_svenska
from deltagare.overforing.fel import HarSkydd, Importfel, Utfall
from deltagare.overforing.filformat import BUDGETPOSTER, DELTAGANDEN, FILER, INSATSER
from deltagare.overforing.lage import Lage, Rackvidd
from deltagare.overforing.skriv_deltaganden import Skrivet
from deltagare.overforing.tabeller import INSATS, PER_AR, Antal
from deltagare.overforing.tabellfil import Tabell, Tabellfil
from deltagare.personnummer import Personnummer, tolka
from insatser.insatsbudget import FLEST_RADER
from insatser.models import Insats

PersonFor = Callable[[int, Personnummer, str, str], int]
"""Personens id ur insatsens id, personnumret, förnamn och efternamn. Skapar den som är ny, och loggar."""

# Den som har återtagit sitt samtycke utan att det är registrerat: det görs på sidan, där identiteten tas bort.
_ATERTAGNA: Final = """
    SELECT s.rad, 'avslutningsanledning', 'Återtaget samtycke läses inte in: utregistrera deltagaren på sidan '
           'Registrera deltagare, så att identiteten tas bort. Ta bort raden ur filen.'
    FROM imp_deltagande s LEFT JOIN imp_traff t USING (rad) LEFT JOIN deltagare_deltagande d ON d.id = t.id
    WHERE s.slag = 't' AND d.avidentifierat IS NOT TRUE
"""
# R23: det som gällde vid inregistreringen. Kommandot får rätta det, sidorna inte.
_ANDRAD_KOMMUN: Final = """
    SELECT s.rad, CASE WHEN f.kommun_id <> s.kommun THEN 'kommun' ELSE 'stadsdel' END,
           'Kommun och stadsdel är de som gällde vid inregistreringen och ändras inte. Skriv det som är registrerat.'
    FROM imp_deltagande s JOIN imp_traff t USING (rad) JOIN deltagare_folkbokforing f ON f.deltagande_id = t.id
    WHERE s.slag = 'i' AND ROW(f.kommun_id, f.stadsdel_id) IS DISTINCT FROM ROW(s.kommun::varchar, s.stadsdel)
"""
# R15: den som läser in insatser ser inte registreringarna, men får veta hur många som är kvar.
_OPPNA: Final = """
    SELECT i.rad, 'slutdatum', CASE
           WHEN k.samverkansform IN ('af', 'fk') THEN 'Kontoret slutade ' || i.slutdatum || ', men ' || g.oppna
           || CASE WHEN g.oppna > 1 THEN ' samarbeten pågår där' ELSE ' samarbete pågår där' END
           || '. Be den deltagaransvariga att avsluta eller byta kontor så snart det går.'
           ELSE 'Insatsen slutade ' || i.slutdatum || ', men ' || g.oppna
           || CASE WHEN g.oppna > 1 THEN ' deltagare är inregistrerade' ELSE ' deltagare är inregistrerad' END
           || '. Be den deltagaransvariga att utregistrera så snart det går.' END
    FROM imp_insats i JOIN insatser_insats k ON k.id = i.id CROSS JOIN LATERAL registreringsgranser(i.id) g
    WHERE NOT i.ny AND i.slutdatum < {} AND g.oppna > 0
"""
# Fler rader kan sidan Ändra insatsbudget varken visa eller ta bort. Kommandot tar emot dem.
_FOR_MANGA_BUDGETRADER: Final = """
    SELECT rad, 'rad', 'Insatsen får fler än ' || {0} || ' budgetrader för ' || ar || ', och så många går inte att '
           'ändra i SUS. Slå ihop raderna till färre.'
    FROM (
        SELECT s.rad, s.ar, row_number() OVER (PARTITION BY s.lokal, s.ar ORDER BY s.rad)
               + (SELECT count(*) FROM insatser_budgetpost p WHERE p.insats_id = k.id AND p.ar = s.ar) AS nummer
        FROM imp_budgetpost s JOIN imp_kand k USING (lokal) WHERE s.id IS NULL
    ) nya
    WHERE nummer > {0}
"""
_BYTTA_NAMN: Final = """
    SELECT d.id, d.insats_id, d.person_id FROM imp_identitet i JOIN imp_traff t ON t.rad = i.andrad_rad
    JOIN deltagare_deltagande d ON d.id = t.id
    WHERE NOT EXISTS (SELECT FROM imp_andrad a WHERE a.rad = i.andrad_rad) ORDER BY d.id
"""


class Resultat(NamedTuple):
    """Vad inläsningen skrev, eller skulle skriva."""

    antal: dict[str, Antal]
    """Nya, ändrade och oförändrade rader per fil."""
    skrivna: list[Skrivet]
    lasta: list[int]
    """Insatserna vars kategorisering låstes (R11), som id:n."""


_HAR_SKYDD: Final = "Personen ska registreras som anonym deltagare. Ta bort raden ur filen."
# Deltagandet är redan räknat: som anonym skulle det räknas en gång till.
_REDAN_RAKNAD: Final = "Raden går inte att läsa in. Ta bort den ur filen."
_SAMMA_TID: Final = frozenset({"deltaganden_overlappar_inte", "deltagandet_en_gang_per_lopnummer"})
_OVERLAPPAR: Final = (
    "Personen är redan inregistrerad i insatsen under den tiden. Rätta datumen så att de inte överlappar."
)
# Den som redan är registrerad, och har fått skydd sedan dess.
_REGISTRERAD_MED_SKYDD: Final = """
    SELECT t.rad, d.insats_id FROM deltaganden_med_skydd((SELECT array_agg(id) FROM imp_traff)) AS s (id)
    JOIN imp_traff t USING (id) JOIN deltagare_deltagande d USING (id) ORDER BY t.rad LIMIT 1
"""


class _Bara(Exception):
    """Kontrollen är klar; inget ska sparas."""


def las_in(
    tabellerna: Iterable[Tabell],
    *,
    idag: date,
    rackvidd: Rackvidd,
    person_for: PersonFor,
    utfall: Utfall,
    bokfor: Callable[[Resultat], None] | None = None,
) -> Resultat:
    """Prövar tabellerna och skriver dem, eller inget. Utan `bokfor` prövas allt, men inget sparas.

    `bokfor` anropas i samma transaktion, när allt är skrivet. Felen och varningarna läggs i `utfall`; med minst ett
    fel kastas Importfel; är det HarSkydd loggar anroparen det och tar bort identiteten. Ger PermissionDenied om ett
    uppdrag har tagit slut under tiden.
    """
    resultat = Resultat({}, [], [])
    try:
        with forbindelse.genom(DEFAULT_DB_ALIAS), transaction.atomic():
            resultat = _i_transaktion(tabellerna, idag, rackvidd, person_for, utfall)
            if bokfor is None:
                raise _Bara
            bokfor(resultat)
            staging.kor("DISCARD TEMP")
    except _Bara:
        return resultat
    except (IntegrityError, DataError, InternalError, OperationalError) as fel:
        fil, text = pa_svenska(fel)
        utfall.fel.lagg(fil, 0, "", text)
        raise Importfel from fel
    except ProgrammingError as fel:
        if isinstance(fel.__cause__, InsufficientPrivilege):
            raise PermissionDenied from fel
        raise
    return resultat


def _i_transaktion(
    tabellerna: Iterable[Tabell], idag: date, rackvidd: Rackvidd, person_for: PersonFor, utfall: Utfall
) -> Resultat:
    staging.skapa()
    i_ordning = sorted(tabellerna, key=lambda tabell: list(FILER).index(tabell.namn))
    filer = {tabell.namn: Tabellfil(tabell, utfall.fel) for tabell in i_ordning}
    if not all(fil.duger for fil in filer.values()):
        raise Importfel
    _las_insatserna(filer, rackvidd)
    nulage = lage.las(idag, rackvidd)
    for namn, fil in filer.items():
        if namn == DELTAGANDEN:
            importen.las_deltaganden(fil, nulage, utfall, _tyst)
        else:
            staging.lagg(namn, importen.las_rader(fil, nulage, utfall, _tyst))
    _prova(filer, nulage, utfall)
    if utfall.fel.antal:
        raise Importfel
    regler.varna_for_oppna(nulage, utfall, idag)
    regler.lagg_ur(utfall.varningar, INSATSER, regler.med_dag(_OPPNA, idag))
    return _skriv(filer, idag, person_for, utfall)


def _tyst(antal: int) -> None:
    """Inget förlopp: det är få rader."""


def _las_insatserna(filer: Mapping[str, Tabellfil], rackvidd: Rackvidd) -> None:
    """Låser insatserna som raderna gäller, i ordning, så att en samtidig registrering kommer före eller efter."""
    nycklar = {falt[fil.plats["insats"]].strip() for fil in filer.values() for _, falt in fil.rader(_tyst)}
    insatser = Insats.objects.filter(nyckel__in=nycklar, pk__in=rackvidd.insatser).order_by("pk")
    list(insatser.select_for_update(of=("self",)).values_list("pk"))


def _prova(filer: Mapping[str, Tabellfil], nulage: Lage, utfall: Utfall) -> None:
    """Reglerna som rör flera rader, eller rader och det som redan är registrerat."""
    regler.prova_namn(nulage, utfall)
    tabeller.finn(nulage, dict(filer))
    personer.finn(utfall)
    if DELTAGANDEN in filer:
        skriv_deltaganden.fyll_saknade(filer[DELTAGANDEN])
        for fraga in (_ATERTAGNA, _ANDRAD_KOMMUN):
            regler.lagg_ur(utfall.fel, DELTAGANDEN, fraga)
    innan = utfall.fel.antal
    for namn in (*PER_AR, DELTAGANDEN):
        regler.prova_dubbletter(namn, utfall)
    regler.prova_mot_registrerat(utfall)
    regler.lagg_ur(utfall.fel, BUDGETPOSTER, sql.SQL(_FOR_MANGA_BUDGETRADER).format(sql.Literal(FLEST_RADER)))
    if utfall.fel.antal == innan:
        regler.prova_overlapp(utfall)


def _skriv(filer: Mapping[str, Tabellfil], idag: date, person_for: PersonFor, utfall: Utfall) -> Resultat:
    antal = {INSATSER: skriv_insatser.skriv_insatser()}
    lasta = skriv_insatser.las_kategoriseringar()
    antal |= {fil: skriv_insatser.skriv_per_ar(tabell) for fil, tabell in PER_AR.items()}
    skrivna: list[Skrivet] = []
    if DELTAGANDEN in filer:
        antal[DELTAGANDEN], skrivna = _skriv_deltaganden(filer[DELTAGANDEN], idag, person_for, utfall)
    skriv_insatser.dra_ihop(INSATS)
    return Resultat({fil: antal[fil] for fil in filer}, skrivna, lasta)


def _skriv_deltaganden(
    fil: Tabellfil, idag: date, person_for: PersonFor, utfall: Utfall
) -> tuple[Antal, list[Skrivet]]:
    # Varken vem som har skydd eller hur många får synas på annat sätt än att raden inte går att läsa in (R19).
    rader = dict(fil.rader(_tyst))
    plats = fil.plats

    def nummer(rad: int) -> Personnummer:
        return tolka(rader[rad][plats["personnummer"]].strip(), idag=idag)

    if skyddad := staging.hamta(_REGISTRERAD_MED_SKYDD):
        ((rad, insats),) = skyddad
        utfall.fel.lagg(DELTAGANDEN, rad, "personnummer", _REDAN_RAKNAD)
        raise HarSkydd(insats, nummer(rad))
    skrivs = gallde = 0

    def person(rad: int, insats: int) -> int:
        nonlocal skrivs, gallde
        skrivs, gallde = rad, insats
        falt = rader[rad]
        return person_for(insats, nummer(rad), falt[plats["fornamn"]], falt[plats["efternamn"]])

    try:
        (nya, andrade, oforandrade), skrivna = skriv_deltaganden.skriv_en_i_taget(person)
    except IntegrityError as fel:
        villkor = getattr(getattr(fel.__cause__, "diag", None), "constraint_name", None)
        if villkor in _SAMMA_TID:  # personen står med två nummer, och fanns bara utom räckhåll
            utfall.fel.lagg(DELTAGANDEN, skrivs, "inregistrering", _OVERLAPPAR)
            raise Importfel from None
        if villkor != "personen_har_skydd":
            raise
        utfall.fel.lagg(DELTAGANDEN, skrivs, "personnummer", f"{pa_svenska(fel)[1]} Ta bort raden ur filen.")
        raise HarSkydd(gallde, nummer(skrivs)) from None
    namn = identiteter.skriv([fil], idag, _tyst)[DELTAGANDEN]
    skrivna += [Skrivet(en, insats, vem, ny=False) for en, insats, vem in staging.hamta(_BYTTA_NAMN)]
    return Antal(nya, andrade + namn, oforandrade - namn), skrivna

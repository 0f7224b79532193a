"""Inläsning av uppladdade filer på webben: granska, läs in allt eller inget, avbryt (P22).

Det uppladdade ligger krypterat i databasen mellan granskningen och inläsningen, aldrig i sessionen eller på disken.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection, transaction
from django.utils import timezone

from behorighet.logg import Rad, logga, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet, Roll
from deltagare import kryptering
from deltagare.models import Inlasning, Omrade
from deltagare.overforing.fel import Fel, HarSkydd, Importfel, Ogiltigt, Utfall
from deltagare.overforing.felfil import sammanfoga
from deltagare.overforing.filformat import ANONYMA, BUDGET, BUDGETPOSTER, DELTAGANDEN, INSATSER, VOLYMANTAL
from deltagare.overforing.inlasning import Resultat, las_in
from deltagare.overforing.lage import Rackvidd
from deltagare.overforing.tabellfil import Tabell
from deltagare.overforing.uppladdat import ARBETSBOK, FOR_MANGA, RADER_HOGST, Uppladdat, tolka
from deltagare.personnummer import Personnummer
from deltagare.tjanster import hittad_med_skydd, person_for
from insatser.models import Insats, Samverkansorganisation

# En rad kan ha flera fel; fler än så visas inte, men räknas.
VISADE_FEL: Final = 2 * RADER_HOGST
# Så många uppladdningar har en användare kvar; en äldre tas bort när en ny kommer.
HOGST_PER_ANVANDARE: Final = 5

FILER: Final[Mapping[Omrade, tuple[str, ...]]] = {
    Omrade.INSATSER: (INSATSER, BUDGET, BUDGETPOSTER, VOLYMANTAL),
    Omrade.DELTAGANDEN: (DELTAGANDEN, ANONYMA),
}
RATTIGHET: Final[Mapping[Omrade, Rattighet]] = {
    Omrade.INSATSER: Rattighet.REGISTRERA_INSATS,
    Omrade.DELTAGANDEN: Rattighet.REGISTRERA_DELTAGARE,
}
_ROLL: Final[Mapping[Omrade, Roll]] = {
    Omrade.INSATSER: Roll.INSATSANSVARIG,
    Omrade.DELTAGANDEN: Roll.DELTAGARANSVARIG,
}


@dataclass(frozen=True, slots=True)
class Granskning:
    """Det uppladdade och vad granskningen gav."""

    pk: UUID
    uppladdat: Uppladdat
    antal: dict[str, list[int]]
    """Nya, ändrade och oförändrade rader per fil; tomt med fel."""
    fel: list[Fel]
    alla_fel: int
    """Hur många felen är, också de som inte ryms i `fel`."""
    varningar: list[Fel]
    alla_varningar: int


def ladda_upp(*, data: bytes, slag: str, omrade: Omrade, av: Anvandare) -> UUID:
    """Läser filen, granskar den mot det registrerade och sparar den krypterad. Ger uppladdningens id.

    `slag` är ett av filformatets namn, eller ARBETSBOK. Ger Ogiltigt, på svenska, för en fil som inte går att läsa.
    """
    uppladdat = tolka(data, slag=slag, kanda=FILER[omrade])
    utfall, resultat = _prova(uppladdat.tabeller, omrade, av)
    with transaction.atomic():
        _stada(av)
        inlasning = Inlasning(anvandare=av, omrade=omrade)
        _spara(inlasning, _som_json(uppladdat, utfall, resultat))
    return inlasning.pk


def ratta(*, pk: UUID, data: bytes, omrade: Omrade, av: Anvandare) -> None:
    """Ersätter raderna med fel i en uppladdning med dem i filen, och granskar allt igen.

    Ger Ogiltigt, på svenska, om filen inte går att läsa eller inte hör till uppladdningen, och
    Inlasning.DoesNotExist om den inte finns kvar.
    """
    inlasning = Inlasning.objects.egna(av, omrade).select_for_update(of=("self",)).get(pk=pk)
    granskad = granskning(inlasning)
    if granskad is None:
        raise Inlasning.DoesNotExist
    gamla = granskad.uppladdat.tabeller
    slag = gamla[0].namn if len(gamla) == 1 else ARBETSBOK
    rattat = tolka(data, slag=slag, kanda=[tabell.namn for tabell in gamla])
    uppladdat = granskad.uppladdat._replace(tabeller=sammanfoga(gamla, granskad.fel, rattat.tabeller))
    if sum(len(tabell.rader) for tabell in uppladdat.tabeller) > RADER_HOGST:
        raise Ogiltigt(FOR_MANGA)
    _spara(inlasning, _som_json(uppladdat, *_prova(uppladdat.tabeller, omrade, av)))


def granskning(inlasning: Inlasning) -> Granskning | None:
    """Uppladdningen i klartext. None om den inte längre går att läsa: den är inläst, eller nyckeln är utbytt."""
    if inlasning.innehall is None:
        return None
    try:
        klartext = kryptering.dekryptera(inlasning.innehall, falt=_falt(inlasning), nyckel_id=inlasning.nyckel_id)
    except (InvalidTag, KeyError):
        return None
    return _ur_json(inlasning.pk, json.loads(klartext))


def genomfor(*, pk: UUID, omrade: Omrade, av: Anvandare) -> bool:
    """Läser in uppladdningen, allt eller inget, och tar bort innehållet. Falskt om något inte längre stämmer.

    Reglerna prövas på nytt, mot det som nu är registrerat; blir det fel sparas de i granskningen. Ett andra tryck
    väntar på det första och gör inget. Ger Inlasning.DoesNotExist om uppladdningen inte finns kvar.
    """
    with transaction.atomic():
        inlasning = Inlasning.objects.egna(av, omrade).select_for_update(of=("self",)).get(pk=pk)
        if inlasning.kvitto is not None:
            return True
        granskad = granskning(inlasning)
        if granskad is None:
            inlasning.delete()
            raise Inlasning.DoesNotExist
        utfall = Utfall(VISADE_FEL)
        try:
            resultat = las_in(
                granskad.uppladdat.tabeller,
                idag=timezone.localdate(),
                rackvidd=rackvidd(omrade, av),
                person_for=_person_for,
                utfall=utfall,
                bokfor=lambda klart: _bokfor(klart, omrade, av),
            )
        except Importfel as fel:
            _med_skydd(fel, av)
            _spara(inlasning, _som_json(granskad.uppladdat, utfall, None))
            return False
        inlasning.innehall, inlasning.nyckel_id, inlasning.kvitto = None, "", _som_listor(resultat)
        inlasning.save(update_fields=["innehall", "nyckel_id", "kvitto"])
    return True


def avbryt(*, pk: UUID, omrade: Omrade, av: Anvandare) -> None:
    """Tar bort uppladdningen. Ger Inlasning.DoesNotExist om den inte finns kvar."""
    Inlasning.objects.egna(av, omrade).get(pk=pk).delete()


def rackvidd(omrade: Omrade, anvandare: Anvandare) -> Rackvidd:
    """Samverkansorganisationerna och insatserna som användaren läser in för, ur sina gällande uppdrag."""
    insatser = Insats.objects.synliga_for(anvandare, RATTIGHET[omrade])
    organisationer = Samverkansorganisation.objects.none()
    if omrade == Omrade.INSATSER:
        organisationer = Samverkansorganisation.objects.synliga_for(anvandare, RATTIGHET[omrade])
    return Rackvidd(
        organisationer=frozenset(organisationer.values_list("pk", flat=True)),
        insatser=frozenset(insatser.values_list("pk", flat=True)),
    )


def _prova(tabeller: Sequence[Tabell], omrade: Omrade, av: Anvandare) -> tuple[Utfall, Resultat | None]:
    utfall = Utfall(VISADE_FEL)
    try:
        resultat = las_in(
            tabeller,
            idag=timezone.localdate(),
            rackvidd=rackvidd(omrade, av),
            person_for=_person_for,
            utfall=utfall,
        )
    except Importfel as fel:
        with transaction.atomic():
            _med_skydd(fel, av)
        return utfall, None
    return utfall, resultat


def _med_skydd(fel: Importfel, av: Anvandare) -> None:
    """En rad som nekades för att personen har skydd är som när *Hämta* svarar det (R19).

    Loggen pekar inte på någon, och finns personen inom räckhåll tas identiteten bort.
    """
    if isinstance(fel, HarSkydd):
        hittad_med_skydd(insats=Insats(pk=fel.insats), nummer=fel.nummer, av=av)


def _person_for(insats: int, nummer: Personnummer, fornamn: str, efternamn: str) -> int:
    return person_for(insats=Insats(pk=insats), nummer=nummer, fornamn=fornamn, efternamn=efternamn)


def _bokfor(resultat: Resultat, omrade: Omrade, av: Anvandare) -> None:
    """Loggar det inlästa: varje deltagande för sig (R6), låsta kategoriseringar (R11) och sist antalen."""
    roll = _ROLL[omrade]
    rader = (Rad(ett.insats, ett.person, {"deltagande": ett.deltagande, "ny": ett.ny}) for ett in resultat.skrivna)
    logga_flera(Handelse.Typ.DELTAGARE_INLAST, rader, av=av, roll=roll)
    for insats in resultat.lasta:
        logga(Handelse.Typ.KATEGORISERING_LAST, av=av, roll=roll, insats_id=insats)
    if any(en.nya or en.andrade for en in resultat.antal.values()):
        logga(Handelse.Typ.IMPORTERAT, av=av, filer=_som_listor(resultat))


def glom_gamla() -> int:
    """Tar bort allas uppladdningar som är äldre än en timme (P22). Returnerar hur många."""
    with connection.cursor() as markor:
        markor.execute("SELECT glom_gamla_inlasningar()")
        return int(markor.fetchone()[0])


def glom_gamla_inskick() -> int:
    """Tar bort engångsnycklarna för formulär som skickades för mer än 30 dagar sedan (P15). Returnerar hur många."""
    with connection.cursor() as markor:
        markor.execute("SELECT glom_gamla_inskick()")
        return int(markor.fetchone()[0])


def _stada(av: Anvandare) -> None:
    """Tar bort de för gamla, allas, och den egna äldsta om de är många."""
    glom_gamla()
    egna = Inlasning.objects.filter(anvandare=av).order_by("-skapad_vid", "pk").values_list("pk", flat=True)
    Inlasning.objects.filter(pk__in=list(egna[HOGST_PER_ANVANDARE - 1 :])).delete()


def _spara(inlasning: Inlasning, innehall: str) -> None:
    inlasning.nyckel_id = kryptering.aktuell_nyckel()
    inlasning.innehall = kryptering.kryptera(innehall, falt=_falt(inlasning), nyckel_id=inlasning.nyckel_id)
    inlasning.save()


def _falt(inlasning: Inlasning) -> str:
    # Binder chiffertexten till raden och användaren.
    return f"inlasning:{inlasning.pk}:{inlasning.anvandare_id}"


def _som_listor(resultat: Resultat) -> dict[str, list[int]]:
    return {fil: list(antal) for fil, antal in resultat.antal.items()}


def _som_json(uppladdat: Uppladdat, utfall: Utfall, resultat: Resultat | None) -> str:
    return json.dumps(
        {
            "tabeller": [[t.namn, t.rubriker, t.rader, t.formler] for t in uppladdat.tabeller],
            "last_som": uppladdat.last_som,
            "excel": uppladdat.excel,
            "antal": _som_listor(resultat) if resultat else {},
            "fel": utfall.fel.forsta(),
            "alla_fel": utfall.fel.antal,
            "varningar": utfall.varningar.forsta(),
            "alla_varningar": utfall.varningar.antal,
        },
        ensure_ascii=False,
    )


def _ur_json(pk: UUID, data: dict[str, Any]) -> Granskning:
    tabeller = [
        Tabell(namn, rubriker, [(nr, falt) for nr, falt in rader], [(nr, kolumn) for nr, kolumn in formler])
        for namn, rubriker, rader, formler in data["tabeller"]
    ]
    return Granskning(
        pk=pk,
        uppladdat=Uppladdat(tabeller, data["last_som"], data["excel"]),
        antal=data["antal"],
        fel=[Fel(*fel) for fel in data["fel"]],
        alla_fel=data["alla_fel"],
        varningar=[Fel(*fel) for fel in data["varningar"]],
        alla_varningar=data["alla_varningar"],
    )

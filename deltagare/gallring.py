"""Gallring (P12): regler, förslag, godkännande av en annan, och utförandet parti för parti.

Allt som tar bort något gör databasens funktioner. Här räknas fingeravtrycken, som behöver nyckeln utanför databasen.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Func

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet
from deltagare import kryptering
from deltagare.gallringsslag import SLAGEN, Slag
from deltagare.models import Gallring, Gallringsregel
from fkui.templatetags.fkui import vardetext
from insatser.models import Samverkansorganisation

# Så mycket tas bort medan någon väntar på sidan. Mer än så gör kommandot gallra, om natten.
HOGST_DELTAGANDEN: Final = 5_000
HOGST_RADER: Final = 50_000
PERSONER_PER_PARTI: Final = 500
RADER_PER_PARTI: Final = 10_000
UTAN_ORGANISATION: Final = "Utan samverkansorganisation"


@dataclass(frozen=True, slots=True)
class Slagrad:
    """Ett slag i en gallring: gränsen (det äldre gallras) och antalen, None där de ännu inte finns."""

    slag: Slag
    grans: date
    foreslaget: int
    fore: int | None
    borttaget: int | None
    kvar: int | None

    @property
    def raknas(self) -> str:
        """Vad antalet är antal av, i flertal."""
        return SLAGEN[self.slag].raknas[1]

    @property
    def forslaget(self) -> str:
        """Förslagets antal, med vad det är antal av."""
        return f"{vardetext(self.foreslaget)} {SLAGEN[self.slag].raknas[self.foreslaget != 1]}"

    @property
    def skiljer(self) -> str:
        """Vad som skiljer mellan förslaget och när gallringen började, som text; tom när inget skiljer."""
        return _skillnad(self.foreslaget, self.fore)


def _skillnad(forr: int, nu: int | None) -> str:
    if nu is None or nu == forr:
        return ""
    return f"{abs(nu - forr)} {'fler' if nu > forr else 'färre'} än i förslaget"


def granser_nu() -> dict[str, str]:
    """Dagarna som reglerna ger i dag, slag → åååå-mm-dd."""
    with connections[DEFAULT_DB_ALIAS].cursor() as markor:
        markor.execute("SELECT gallringens_granser()::text")
        granser: dict[str, str] = json.loads(markor.fetchone()[0])
        return granser


def antal_nu(granser: Mapping[str, str]) -> list[dict[str, Any]]:
    """Vad som nu är äldre än gränserna: slag, organisation_id och antal. Bara för systemadministratörer."""
    with connections[DEFAULT_DB_ALIAS].cursor() as markor:
        markor.execute("SELECT slag, organisation_id, antal FROM gallringens_antal(%s::jsonb)", [json.dumps(granser)])
        return [dict(zip(("slag", "organisation_id", "antal"), rad, strict=True)) for rad in markor.fetchall()]


def slagrader(
    granser: Mapping[str, str], antal: Iterable[Mapping[str, Any]], utfall: Mapping[str, Any] | None = None
) -> list[Slagrad]:
    """Gallringens tal per slag."""
    summor: Counter[str] = Counter()
    for rad in antal:
        summor[rad["slag"]] += rad["antal"]
    return [
        Slagrad(slag, date.fromisoformat(granser[slag]), summor[slag], *_utfall(slag, utfall or {})) for slag in Slag
    ]


def _utfall(slag: Slag, utfall: Mapping[str, Any]) -> Iterator[int | None]:
    for del_ in ("fore", "borttaget", "kvar"):
        yield utfall[del_].get(slag.value, 0) if del_ in utfall else None


def per_organisation(antal: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[int]]]:
    """Antalet per samverkansorganisation, i slagens ordning; sist det som inte hör till någon."""
    summor: dict[int | None, Counter[str]] = {}
    for rad in antal:
        summor.setdefault(rad["organisation_id"], Counter())[rad["slag"]] += rad["antal"]
    namn = Samverkansorganisation.objects.filter(pk__in=[pk for pk in summor if pk]).order_by(
        Func("namn", function="sus_sortnyckel"), "pk"
    )
    platser = [*namn.values_list("pk", "namn"), (None, UTAN_ORGANISATION)]
    return [(text, [summor[pk][slag] for slag in Slag]) for pk, text in platser if pk in summor]


def for_gallring(gallring: Gallring) -> list[Slagrad]:
    """Gallringens tal, vid förslaget och så långt den har kommit. Har den inte börjat är *före* antalet just nu."""
    utfall = gallring.utfall
    if gallring.oppen and not gallring.paborjad_vid:
        nu = slagrader(gallring.granser, antal_nu(gallring.granser))
        utfall = {"fore": {rad.slag.value: rad.foreslaget for rad in nu}}
    return slagrader(gallring.granser, gallring.antal, utfall)


def andra_regel(*, regel: Gallringsregel, version: int, ar: int, grund: str, av: Anvandare) -> bool:
    """Ändrar tiden och skälet. Falskt om inget var ändrat. En gallring som redan är föreslagen berörs inte.

    Ger Krock om någon annan har ändrat sedan `version`, ValidationError utanför slagets gränser, och PermissionDenied
    för den som inte administrerar systemet.
    """
    if not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    with skriver():
        nu = Gallringsregel.objects.select_for_update().get(pk=regel.pk)
        krav_version(nu.version, version)
        if (nu.ar, nu.grund) == (ar, grund):
            return False
        Gallringsregel.objects.filter(pk=nu.pk).update(ar=ar, grund=grund, version=version + 1)
        logga(Handelse.Typ.GALLRINGSREGEL_ANDRAD, av=av, slag=nu.slag, fran=nu.ar, till=ar)
    return True


def foresla() -> int:
    """Lägger ett förslag med dagens gränser och antal, och returnerar dess id. Databasen vet och loggar vem.

    Ger ValidationError om inget finns att gallra eller om en annan gallring väntar.
    """
    with skriver():
        return int(_kor("SELECT foresla_gallring()", []))


def godkann(gallring: Gallring) -> None:
    """Godkänner förslaget. Ger ValidationError för den som själv har föreslagit det, och när det är avgjort."""
    with skriver():
        _kor("SELECT avgor_gallring(%s, true)", [gallring.pk])


def avbryt(gallring: Gallring) -> None:
    """Avbryter en gallring som inte har börjat. Ger ValidationError annars."""
    with skriver():
        _kor("SELECT avgor_gallring(%s, false)", [gallring.pk])


def ryms(gallring: Gallring) -> bool:
    """Sant om gallringen är liten nog att utföras medan den som godkänner väntar."""
    rader = slagrader(gallring.granser, gallring.antal)
    deltaganden = sum(rad.foreslaget for rad in rader if rad.slag == Slag.IDENTITET)
    return deltaganden <= HOGST_DELTAGANDEN and sum(rad.foreslaget for rad in rader) <= HOGST_RADER


def utfor(gallring: Gallring, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Utför en godkänd gallring till slutet, och tar upp den som har avbrutits.

    Varje parti är en transaktion när anropet inte redan är i en. Den som godkände, eller ägaren, får utföra den.
    """
    with skriver(using):
        _kor("SELECT paborja_gallring(%s)", [gallring.pk], using)
    while identiteter(gallring, using):
        pass
    for slag in (Slag.HISTORIK, Slag.UPPSLAG, Slag.ATKOMSTLOGG):
        while _rader(gallring, slag, using):
            pass
    with skriver(using):
        _kor("SELECT avsluta_gallring(%s)", [gallring.pk], using)


def identiteter(gallring: Gallring, using: str) -> int:
    """Tar bort identiteten för ett parti hela personer och returnerar antalet registreringar; 0 när det är klart."""
    with skriver(using):
        with connections[using].cursor() as markor:
            markor.execute("SELECT * FROM gallringens_underlag(%s, %s)", [gallring.pk, PERSONER_PER_PARTI])
            underlag = markor.fetchall()
        if not underlag:
            return 0
        deltaganden: tuple[list[int], list[bytes]] = ([], [])
        samarbeten: tuple[list[int], list[bytes]] = ([], [])
        for pk, nyckel, dag, lopnr, nummer, nyckel_id in underlag:
            person = kryptering.dekryptera(nummer, falt="personnummer", nyckel_id=nyckel_id)
            ider, avtryck = deltaganden if dag else samarbeten
            ider.append(pk)
            avtryck.append(
                kryptering.fingeravtryck(insats=nyckel, person=person, inregistrering=dag.isoformat(), lopnr=lopnr)
                if dag
                else kryptering.samarbetets_avtryck(samarbete=nyckel, person=person)
            )
        sats = "SELECT utfor_gallring(%s, %s::bigint[], %s::bytea[], %s::bigint[], %s::bytea[])"
        return int(_kor(sats, [gallring.pk, *deltaganden, *samarbeten], using))


def _rader(gallring: Gallring, slag: Slag, using: str) -> int:
    with skriver(using):
        return int(_kor("SELECT gallra_rader(%s, %s, %s)", [gallring.pk, slag.value, RADER_PER_PARTI], using))


def _kor(sats: str, varden: list[Any], using: str = DEFAULT_DB_ALIAS) -> Any:
    with connections[using].cursor() as markor:
        markor.execute(sats, varden)
        return markor.fetchone()[0]

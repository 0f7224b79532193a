"""Den påhittade folkbokföringen: alla i filerna, några som inte deltar någonstans, och några med skydd (R19)."""

from typing import Final, NamedTuple

from django.db import connections

from deltagare import kryptering
from deltagare.models import Registerpost
from deltagare.overforing.forbindelse import AGARE
from deltagare.overforing.generatorn.folk import Folk, kontrollsiffra
from deltagare.overforing.generatorn.skalor import Skala
from insatser.models import Kommun

UTANFOR: Final = 60
"""Antal som inte deltar i någon insats. Var tionde av dem har skyddade personuppgifter."""

# De som redan är i SUS har samma kryptering där som i registret.
_DE_SOM_DELTAR: Final = """
INSERT INTO deltagare_registerpost (personindex, fornamn, efternamn, nyckel_id, skyddad, kommun_id, stadsdel_id)
SELECT i.personindex, i.fornamn, i.efternamn, i.nyckel_id, false, f.kommun_id, f.stadsdel_id
FROM deltagare_identitet i LEFT JOIN (
    SELECT DISTINCT ON (d.person_id) d.person_id, f.kommun_id, f.stadsdel_id
    FROM deltagare_folkbokforing f JOIN deltagare_deltagande d ON d.id = f.deltagande_id
    ORDER BY d.person_id, d.inregistrering DESC, d.id DESC) f ON f.person_id = i.person_id
"""


class Provperson(NamedTuple):
    """En person att prova *Hämta* med i demon. Född utanför skalornas år, så att ingen annan har numret."""

    nio: str
    fornamn: str
    efternamn: str
    kommun: str
    vad: str
    skyddad: bool = False

    @property
    def nummer(self) -> str:
        """Tolv siffror."""
        return f"20{self.nio}{kontrollsiffra(self.nio)}"

    @property
    def utskrivet(self) -> str:
        """ååååmmdd-nnnn."""
        return f"{self.nummer[:8]}-{self.nummer[8:]}"


PROVA: Final = (
    Provperson("070115980", "Vera", "Provlund", "1438", "hämtas med namn och kommun"),
    Provperson("070220981", "Sixten", "Provholm", "0180", "bor i Stockholm, stadsdelen väljs för hand"),
    Provperson("070325982", "Hedda", "Provstam", "0180", "har skyddade personuppgifter", skyddad=True),
)


def fyll(skala: Skala, *, fro: int) -> None:
    """Skriver registret. Körs som ägaren, när filerna är inlästa."""
    with connections[AGARE].cursor() as markor:
        markor.execute(_DE_SOM_DELTAR)
    folk, kommuner = Folk(skala, fro), list(Kommun.objects.using(AGARE).values_list("pk", flat=True))
    andra = [folk.person(skala.personer + nr) for nr in range(UTANFOR)]
    poster = [
        _post(en.nummer, en.fornamn, en.efternamn, kommuner[nr * 7 % len(kommuner)], skyddad=nr % 10 == 0)
        for nr, en in enumerate(andra)
    ]
    poster += [_post(en.nummer, en.fornamn, en.efternamn, en.kommun, skyddad=en.skyddad) for en in PROVA]
    Registerpost.objects.using(AGARE).bulk_create(poster)


def _post(nummer: str, fornamn: str, efternamn: str, kommun: str, *, skyddad: bool) -> Registerpost:
    nyckel_id = kryptering.aktuell_nyckel()
    return Registerpost(
        personindex=kryptering.personindex(nummer),
        fornamn=kryptering.kryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
        efternamn=kryptering.kryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
        nyckel_id=nyckel_id,
        kommun_id=kommun,
        skyddad=skyddad,
    )

"""Personen bakom ett deltagande: finns eller skapas, får sitt namn, och blir av med sin identitet."""

from django.db import connection

from deltagare import kryptering
from deltagare.models import Deltagande, Identitet
from deltagare.models.person import ny_personnyckel
from deltagare.personnummer import Personnummer
from insatser.models import Insats


def person_for(*, insats: Insats, nummer: Personnummer, fornamn: str, efternamn: str) -> int:
    """Personens id; skapar personen om numret är nytt (P2). Databasen loggar vem som frågade.

    Ger ProgrammingError (otillräcklig rättighet) om den som frågar saknar uppdrag på insatsen.
    """
    nyckel_id = kryptering.aktuell_nyckel()
    with connection.cursor() as markor:
        markor.execute(
            "SELECT person_for(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                insats.pk,
                kryptering.personindex(nummer.nummer),
                kryptering.kryptera(nummer.nummer, falt="personnummer", nyckel_id=nyckel_id),
                kryptering.kryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
                kryptering.kryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
                nyckel_id,
                ny_personnyckel(),
                nummer.kon,
                nummer.fodelsear,
            ],
        )
        return int(markor.fetchone()[0])


def uppdatera_namn(person_id: int, *, fornamn: str, efternamn: str) -> None:
    """Den senaste registreringens namn gäller för personen.

    Skrivs alltid: antalet frågor säger då inte om personen redan fanns, i en insats som användaren inte når (P2).
    """
    namn = {"fornamn": fornamn, "efternamn": efternamn}
    for nyckel_id in kryptering.nycklar():
        krypterat = {falt: kryptering.kryptera(text, falt=falt, nyckel_id=nyckel_id) for falt, text in namn.items()}
        if Identitet.objects.filter(person_id=person_id, nyckel_id=nyckel_id).update(**krypterat):
            return


def avidentifiera(deltagande: Deltagande) -> None:
    """Tar bort identiteten för personens alla deltaganden i insatsen (R25, P10).

    Fingeravtrycken hindrar att en fil återställer den.
    """
    nummer = Identitet.objects.get(person_id=deltagande.person_id).klartext("personnummer")
    insatsen = Deltagande.objects.filter(person_id=deltagande.person_id, insats_id=deltagande.insats_id)
    for ett in insatsen.filter(avidentifierat=False):
        avtryck = kryptering.fingeravtryck(
            insats=deltagande.insats.nyckel,
            person=nummer,
            inregistrering=ett.inregistrering.isoformat(),
            lopnr=ett.lopnr,
        )
        with connection.cursor() as markor:
            markor.execute("SELECT avidentifiera_deltagande(%s, %s)", [ett.pk, avtryck])

"""Det lokala registret: en tabell som bara går att fråga om ett nummer i taget (R19)."""

from django.db import connection

from deltagare.folkbokforing.granssnitt import Svar, Utfall
from deltagare.kryptering import dekryptera, personindex
from deltagare.personnummer import Personnummer


class Register:
    """Frågar databasens funktion `registerpost`, som loggar, och aldrig lämnar ut den som har skydd."""

    def hamta(self, nummer: Personnummer, insats_id: int) -> Svar:
        """Personen med numret."""
        with connection.cursor() as markor:
            markor.execute("SELECT * FROM registerpost(%s, %s)", [insats_id, personindex(nummer.nummer)])
            rad = markor.fetchone()
        if rad is None:
            return Svar(Utfall.SAKNAS)
        skyddad, fornamn, efternamn, nyckel_id, kommun, stadsdel = rad
        if skyddad:
            return Svar(Utfall.SKYDDAD)
        return Svar(
            Utfall.HITTAD,
            dekryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
            dekryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
            kommun or "",
            stadsdel,
        )

"""Inloggning med lösenord, och spärren efter fem misslyckade försök i följd (P5).

Spärren står i databasen, så att den gäller på alla värdar. Svaret är detsamma, och tar lika lång tid, vare sig kontot
saknas, är spärrat eller lösenordet är fel: det avslöjar inget om vilka konton som finns.
"""

from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse, Inloggningsforsok

FORSOK: Final = 5
SPARRTID: Final = timedelta(minutes=15)


class Losenord(ModelBackend):
    """Användarnamn och lösenord, med spärr. Ett konto som saknas loggas inte: det finns ingen att berätta om."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Anvandare | None:
        """Kontot, eller None om namnet eller lösenordet är fel eller kontot är spärrat eller inte aktivt."""
        if username is None or password is None:
            return None
        konto: Anvandare | None = Anvandare.objects.filter(username=username, is_active=True).first()
        if konto is None:
            make_password(password)  # lika lång tid som för ett konto som finns
            return None
        with transaction.atomic():
            if not prova_losenord(konto, password):
                return None
            logga(Handelse.Typ.INLOGGAD, av=konto)
        return konto


def prova_losenord(konto: Anvandare, losenord: str) -> bool:
    """Sant om lösenordet är kontots och kontot inte är spärrat. Räknar och loggar de misslyckade försöken.

    Samtidiga försök på samma konto tar en i taget, så att inga utöver de fem prövas.
    """
    with transaction.atomic():
        Inloggningsforsok.objects.bulk_create([Inloggningsforsok(anvandare=konto)], ignore_conflicts=True)
        forsok = Inloggningsforsok.objects.select_for_update().get(anvandare=konto)
        ratt = konto.check_password(losenord)
        nu = timezone.now()
        if forsok.sparrat_till and forsok.sparrat_till > nu:
            return False
        if ratt:
            glom_forsoken(konto)
            return True
        forsok.i_foljd += 1
        logga(Handelse.Typ.INLOGGNING_MISSLYCKAD, av=None, konto=konto.pk)
        if forsok.i_foljd >= FORSOK:
            forsok.i_foljd, forsok.sparrat_till = 0, nu + SPARRTID
            logga(Handelse.Typ.KONTO_SPARRAT, av=None, konto=konto.pk)
        forsok.save(update_fields=["i_foljd", "sparrat_till"])
        return False


def glom_forsoken(konto: Anvandare) -> None:
    """Börjar om räkningen och häver spärren: efter en inloggning eller ett nytt lösenord."""
    Inloggningsforsok.objects.filter(anvandare=konto).update(i_foljd=0, sparrat_till=None)

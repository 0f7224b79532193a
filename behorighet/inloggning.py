"""Inloggning med lösenord, och spärrarna efter fem fel i följd på lösenordet och på det andra steget (P5).

Spärren står i databasen, så att den gäller på alla värdar. Svaret är detsamma, och tar lika lång tid, vare sig kontot
saknas, är spärrat eller lösenordet är fel: det avslöjar inget om vilka konton som finns.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse, Inloggningsforsok

FORSOK: Final = 5
SPARRTID: Final = timedelta(minutes=15)

T = TypeVar("T")


class Losenord(ModelBackend):
    """Användarnamn och lösenord, med spärr. Är namnet okänt loggas bara att någon försökte, aldrig namnet."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Anvandare | None:
        """Kontot, eller None om namnet eller lösenordet är fel eller kontot är spärrat eller inte aktivt."""
        if username is None or password is None:
            return None
        konto: Anvandare | None = Anvandare.objects.filter(username=username, is_active=True).first()
        if konto is None:
            make_password(password)  # lika lång tid som för ett konto som finns
            with transaction.atomic():
                logga(Handelse.Typ.INLOGGNING_MISSLYCKAD, av=None)
            return None
        return konto if prova_losenord(konto, password) else None

    def get_user(self, user_id: int) -> Anvandare | None:
        """Den som sessionen gäller, med sina roller: en fråga vid varje begäran (P4). None om kontot inte är aktivt."""
        konto: Anvandare | None = Anvandare.objects.med_roller().filter(pk=user_id, is_active=True).first()
        return konto


def prova_losenord(konto: Anvandare, losenord: str) -> bool:
    """Sant om lösenordet är kontots och kontot inte är spärrat. Räknar och loggar de misslyckade försöken.

    Samtidiga försök på samma konto tar en i taget, så att inga utöver de fem prövas.
    """
    with transaction.atomic():
        forsok = _forsok(konto)
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


def prova_andra_steget(konto: Anvandare, prov: Callable[[], T | None]) -> T | None:
    """Det som `prov` ger, eller None om det inte ger något eller andra steget är spärrat. Räknar och loggar felen.

    Räknas skilt från lösenordet: den som kan det ska inte kunna börja om på koderna genom att logga in igen.
    """
    with transaction.atomic():
        forsok = _forsok(konto)
        nu = timezone.now()
        if forsok.steg_sparrat_till and forsok.steg_sparrat_till > nu:
            return None
        utfall = prov()
        if utfall is not None:
            glom_andra_stegets_forsok(konto)
            return utfall
        forsok.steg_i_foljd += 1
        logga(Handelse.Typ.TVA_STEG_MISSLYCKAT, av=None, konto=konto.pk)
        if forsok.steg_i_foljd >= FORSOK:
            forsok.steg_i_foljd, forsok.steg_sparrat_till = 0, nu + SPARRTID
            logga(Handelse.Typ.KONTO_SPARRAT, av=None, konto=konto.pk, steg=2)
        forsok.save(update_fields=["steg_i_foljd", "steg_sparrat_till"])
        return None


def _forsok(konto: Anvandare) -> Inloggningsforsok:
    """Kontots räkning, låst till transaktionens slut."""
    Inloggningsforsok.objects.bulk_create([Inloggningsforsok(anvandare=konto)], ignore_conflicts=True)
    return Inloggningsforsok.objects.select_for_update().get(anvandare=konto)


def glom_forsoken(konto: Anvandare) -> None:
    """Börjar om räkningen och häver spärren: efter en inloggning eller ett nytt lösenord."""
    Inloggningsforsok.objects.filter(anvandare=konto).update(i_foljd=0, sparrat_till=None)


def glom_andra_stegets_forsok(konto: Anvandare) -> None:
    """Som `glom_forsoken`, för det andra steget: efter en rätt kod, eller när stegen är nollställda."""
    Inloggningsforsok.objects.filter(anvandare=konto).update(steg_i_foljd=0, steg_sparrat_till=None)

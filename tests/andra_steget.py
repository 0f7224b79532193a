"""Det andra steget i test: en autentiseringsapp utan telefon, och sessioner som har gått igenom det."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.urls import reverse

from behorighet.models import Anvandare

LOSENORD = "ett-langt-losenord"


def med_app(konto: Anvandare) -> str:
    """Ger kontot en autentiseringsapp och reservkoder. Returnerar appens hemlighet."""
    hemlighet = generate_totp_secret()
    TOTP.activate(konto, hemlighet)
    RecoveryCodes.activate(konto)
    return hemlighet


def kod(hemlighet: str, *, steg: int = 0) -> str:
    """Koden som appen visar nu, eller så många steg (om 30 sekunder) före eller efter."""
    return format_hotp_value(hotp_value(hemlighet, int(time.time()) // 30 + steg))


def fel_kod(hemlighet: str) -> str:
    """En kod som inte är någon av dem som duger nu."""
    ratta = {kod(hemlighet, steg=steg) for steg in range(-3, 4)}
    return next(f"{tal:06}" for tal in range(100) if f"{tal:06}" not in ratta)


def reservkoder(konto: Anvandare) -> list[str]:
    """Kontots oanvända reservkoder."""
    rad = Authenticator.objects.get(user=konto, type=Authenticator.Type.RECOVERY_CODES)
    return list(RecoveryCodes(rad).get_unused_codes())


def losenord(klient: Client, konto: Anvandare, **falt: str):
    """Skickar inloggningssidan."""
    return klient.post(reverse("logga_in"), {"username": konto.username, "password": LOSENORD, **falt})


def andra(klient: Client, kod: str, **falt: str):
    """Skickar andra steget."""
    return klient.post(reverse("mfa_authenticate"), {"kod": kod, **falt})

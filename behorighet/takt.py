"""Hur ofta något får göras, räknat i databasen så att det gäller på alla webbvärdar (`docs/adr/0017-takt.md`).

Fönstret är fast och börjar med det första anropet. Räkningen bekräftas för sig, före vyn: den håller inget lås medan
vyn arbetar, och står kvar också när anropet går fel.
"""

import hashlib
import hmac
import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Handelse

# En sats: två samtidiga anrop räknas efter varandra. Talet slutar växa strax över gränsen.
_RAKNA: Final = """
INSERT INTO behorighet_takt AS takt (nyckel, fonster, antal) VALUES (%(nyckel)s, clock_timestamp(), 1)
ON CONFLICT (nyckel) DO UPDATE SET
    antal = CASE WHEN takt.fonster <= excluded.fonster - make_interval(secs => %(langd)s) THEN 1
                 ELSE least(takt.antal, %(hogst)s + 1) + 1 END,
    fonster = CASE WHEN takt.fonster <= excluded.fonster - make_interval(secs => %(langd)s) THEN excluded.fonster
                   ELSE takt.fonster END
RETURNING antal, greatest(extract(epoch FROM fonster + make_interval(secs => %(langd)s) - clock_timestamp()), 0)
"""
_AVRAKNA: Final = "UPDATE behorighet_takt SET antal = antal - 1 WHERE nyckel = %s AND antal > 0"
# Nycklarna för adresser är hur många som helst. Det som någon annan just räknar rörs inte.
_STADA: Final = """
DELETE FROM behorighet_takt WHERE nyckel IN (
    SELECT nyckel FROM behorighet_takt WHERE fonster < clock_timestamp() - interval '1 day'
    LIMIT 100 FOR UPDATE SKIP LOCKED)
"""

Vy = Callable[..., HttpResponseBase]


class Utfall(NamedTuple):
    """Vad räkningen gav: hur många i fönstret, och sekunder kvar av det."""

    antal: int
    kvar: float


def anvandaren(request: HttpRequest) -> str:
    """Räknas per användare. Vyn kräver inloggning."""
    return f"konto:{request.user.pk}"


def avsandaren(request: HttpRequest) -> str:
    """Räknas per nätadress, som bara står som nycklad summa: för den som ännu inte är någon."""
    adress = request.META.get("REMOTE_ADDR", "")
    if settings.SUS_PROXY:
        # Den sista har den egna proxyn skrivit; de före den har klienten kunnat hitta på.
        adress = request.headers.get("X-Forwarded-For", adress).rpartition(",")[2].strip()
    summa = hmac.new(settings.SECRET_KEY.encode(), f"takt:{_nat(adress)}".encode(), hashlib.sha256)
    return f"adress:{summa.hexdigest()[:32]}"


def _nat(adress: str) -> str:
    """Adressen, för IPv6 dess /64: en enda abonnent har alla adresser i det."""
    try:
        ip = ip_address(adress)
    except ValueError:
        return adress
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip.packed[:8].hex())


def alltid(request: HttpRequest) -> bool:
    """Varje anrop räknas."""
    return True


def skickat(request: HttpRequest) -> bool:
    """Bara det som skickas räknas, inte att sidan visas."""
    return request.method == "POST"


def sokt(request: HttpRequest) -> bool:
    """Bara sökningar räknas, inte listan som sidan börjar med."""
    return bool(request.GET)


def gick_vidare(request: HttpRequest, svar: HttpResponseBase) -> bool:
    """Sant om inloggningens steg lyckades: då leder svaret vidare, eller så är användaren inloggad."""
    return svar.status_code == 302 or request.user.is_authenticated


def begransa(
    namn: str | Callable[[HttpRequest], str],
    *,
    per: Callable[[HttpRequest], str] = anvandaren,
    nar: Callable[[HttpRequest], bool] = alltid,
    lyckat: Callable[[HttpRequest, HttpResponseBase], bool] | None = None,
) -> Callable[[Any], Any]:
    """Högst så många anrop som `settings.SUS_TAKT[namn]` (antal, sekunder) säger. De därutöver får 429 på svenska.

    `namn` kan vara en funktion, där olika anrop har olika gräns; tomt är ingen. `per` ger vem som räknas och `nar`
    vilka anrop. Ett anrop som `lyckat` säger gick väl räknas inte: då gäller gränsen misslyckade försök. Sätts ytterst
    på vyn, som fortfarande går i en egen transaktion. Det första nekade anropet i ett fönster loggas.
    """

    def dekorera(vy: Vy) -> Vy:
        @transaction.non_atomic_requests
        @wraps(vy)
        def begransad(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
            nyckel, grans = "", namn if isinstance(namn, str) else namn(request)
            if grans and nar(request):
                nyckel = f"{grans}:{per(request)}"
                if (utfall := rakna(nyckel, namn=grans, av=request.user)) is not None:
                    return for_manga(request, utfall)
            with transaction.atomic():
                svar = vy(request, *args, **kwargs)
            if nyckel and lyckat and lyckat(request, svar):
                _avrakna(nyckel)
            return svar

        return begransad

    return dekorera


def rakna(nyckel: str, *, namn: str, av: Any = None) -> Utfall | None:
    """Räknar ett anrop under nyckeln. None om det ryms i `settings.SUS_TAKT[namn]`, annars utfallet."""
    hogst, sekunder = settings.SUS_TAKT[namn]
    with transaction.atomic(), connection.cursor() as markor:
        markor.execute(_RAKNA, {"nyckel": nyckel, "langd": sekunder, "hogst": hogst})
        antal, kvar = markor.fetchone()
        if antal == hogst + 1:
            inloggad = av if av is not None and av.is_authenticated else None
            logga(Handelse.Typ.FOR_MANGA_ANROP, av=inloggad, gallde=namn, hogst=hogst, sekunder=sekunder)
        if antal == 1:
            markor.execute(_STADA)
    return Utfall(antal, float(kvar)) if antal > hogst else None


def _avrakna(nyckel: str) -> None:
    with connection.cursor() as markor:
        markor.execute(_AVRAKNA, [nyckel])


def _inskrivet(request: HttpRequest) -> list[tuple[str, str]]:
    """Det som skickades, så att det går att skicka om. Inte filer, och inte det som en utloggad skrev: lösenord."""
    if request.FILES or not request.user.is_authenticated:
        return []
    return [(namn, varde) for namn in request.POST for varde in request.POST.getlist(namn)]


def for_manga(request: HttpRequest, utfall: Utfall) -> HttpResponse:
    """Svaret 429: sidan med när det går igen, och det skickade att skicka om. Ett htmx-anrop får bara texten."""
    sekunder = max(math.ceil(utfall.kvar), 1)
    # Avrundat uppåt till hel minut: den som väntar till dess ska aldrig mötas av samma nej.
    igen = timezone.localtime() + timedelta(seconds=sekunder + 59)
    text = f"Det blev för många anrop på kort tid. Vänta, och försök igen klockan {igen:%H.%M}."
    if "HX-Request" in request.headers:
        svar = HttpResponse(text, status=429, content_type="text/plain; charset=utf-8")
    else:
        svar = render(request, "429.html", {"text": text, "inskrivet": _inskrivet(request)}, status=429)
    svar.headers["Retry-After"] = str(sekunder)
    return svar

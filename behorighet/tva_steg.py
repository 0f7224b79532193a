"""Tvåstegsinloggning: vilka sätt ett konto har, och om sessionen har gått igenom ett av dem (P5).

Sätten är autentiseringsapp (TOTP), säkerhetsnyckel eller passkey (WebAuthn) och reservkoder. De ligger i allauths
tabell, med hemligheterna krypterade (`behorighet.hemligheter`). Vad sessionen har gått igenom står i allauths lista
över inloggningens steg, som är bunden till kontot.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest

from behorighet import hemligheter
from behorighet.databasfel import skriver
from behorighet.inloggning import glom_andra_stegets_forsok, prova_andra_steget
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet

APP: Final = Authenticator.Type.TOTP
NYCKEL: Final = Authenticator.Type.WEBAUTHN
RESERVKODER: Final = Authenticator.Type.RECOVERY_CODES
BEKRAFTAD: Final = 5 * 60  # sekunder som en inloggning räcker för att öppna en sida som ändrar sätten
BEKRAFTAD_SPARA: Final = 15 * 60  # och för att spara den
FEL_KOD: Final = "Koden stämmer inte. Vänta på nästa kod i appen och skriv den."
SISTA: Final = "Din roll kräver tvåstegsinloggning. Lägg till ett annat sätt först, sedan kan du ta bort det här."

V = TypeVar("V", bound=Callable[..., Any])


# Vad sessionen har gått igenom


def far_utan_tva_steg(vy: V) -> V:
    """Dekorerar en vy som nås också av den som ännu inte har gått igenom det andra steget."""
    vy.far_utan_tva_steg = True  # type: ignore[attr-defined]
    return vy


def saknas(request: HttpRequest) -> bool:
    """Sant om den inloggades roll kräver ett andra steg som sessionen inte har gått igenom.

    Prövas vid varje begäran, så att en roll som beställs under sessionen gäller genast.
    """
    return bool(settings.TVA_STEG) and not passerat(request) and request.user.kraver_tva_steg  # type: ignore[union-attr]


def passerat(request: HttpRequest, konto: Anvandare | None = None) -> bool:
    """Sant om sessionen har gått igenom ett andra steg, eller kom med e-legitimation på tillräcklig nivå."""
    return any(
        rad["method"] == "mfa" or (rad["method"] == "eid" and rad.get("racker"))
        for rad in get_authentication_records(request, konto or request.user)
    )


def nyligen_bekraftad(request: HttpRequest) -> bool:
    """Sant om användaren nyss loggade in eller bekräftade, med det andra steget om kontot har ett."""
    if (har(request.user) or har_eid(request.user)) and not passerat(request):  # type: ignore[arg-type]
        return False
    rader = get_authentication_records(request, request.user)
    grans = BEKRAFTAD if request.method == "GET" else BEKRAFTAD_SPARA
    return bool(rader) and time.time() - rader[-1]["at"] < grans


def gick_igenom(request: HttpRequest, steg: Authenticator) -> None:
    """Antecknar i sessionen att steget är gjort."""
    steg.record_usage()
    record_authentication(request, steg.user, "mfa", type=steg.type)


def satt(request: HttpRequest, konto: Anvandare) -> str:
    """Hur sessionen loggade in, för loggen: till exempel `losenord+totp` eller `eid`."""
    rader = get_authentication_records(request, konto)
    namn = {"password": "losenord", "mfa": ""}
    return "+".join(dict.fromkeys(namn.get(rad["method"], rad["method"]) or rad["type"] for rad in rader))


# Kontots sätt


def satten(konto: Anvandare) -> QuerySet[Authenticator]:
    """Kontots sätt, utom reservkoderna."""
    rader: QuerySet[Authenticator] = Authenticator.objects.filter(user=konto).exclude(type=RESERVKODER)
    return rader.order_by("created_at", "pk")


def har(konto: Anvandare) -> bool:
    """Sant om kontot har ett andra steg."""
    return satten(konto).exists()


def har_eid(konto: Anvandare) -> bool:
    """Sant om kontot är kopplat till en e-legitimation som räcker som andra steg: då räcker inte lösenordet."""
    return bool(settings.OIDC and settings.OIDC["tillit"]) and SocialAccount.objects.filter(user=konto).exists()


def har_nyckel(konto: Anvandare) -> bool:
    """Sant om kontot har en säkerhetsnyckel."""
    return satten(konto).filter(type=NYCKEL).exists()


def utmaning(konto: Anvandare, *, ny: bool = False) -> str:
    """Det som webbläsaren behöver för att använda en av kontots säkerhetsnycklar, eller för en `ny`, som JSON.

    Utmaningen står i sessionen, så att bara svaret på den duger.
    """
    val = webauthn.begin_registration(konto, False) if ny else webauthn.begin_authentication(konto)
    return json.dumps(val, default=dict)


def antal_reservkoder(konto: Anvandare) -> int:
    """Hur många oanvända reservkoder kontot har."""
    rad = Authenticator.objects.filter(user=konto, type=RESERVKODER).first()
    return len(RecoveryCodes(rad).get_unused_codes()) if rad else 0


def reservkoder(konto: Anvandare) -> list[str]:
    """Kontots oanvända reservkoder i klartext, för sidan som visar dem en gång."""
    rad = Authenticator.objects.filter(user=konto, type=RESERVKODER).first()
    return RecoveryCodes(rad).get_unused_codes() if rad else []


def prova_kod(*, konto: Anvandare, kod: str) -> Authenticator | None:
    """Appens kod eller en reservkod. Ger sättet som koden hör till; None om den är fel, redan använd eller spärrad."""

    def prov() -> Authenticator | None:
        rader = Authenticator.objects.filter(user=konto).exclude(type=NYCKEL).select_related("user")
        for rad in rader:
            ratt = _prova_app(rad, kod) if rad.type == APP else RecoveryCodes(rad).validate_code(kod)
            if ratt:
                rad.refresh_from_db(fields=["data"])
                return rad
        return None

    return prova_andra_steget(konto, prov)


def _prova_app(rad: Authenticator, kod: str) -> bool:
    raknare = _raknare(decrypt(rad.data["secret"]), kod)
    # En kod gäller en gång, också den från nyss: kontots försök går ett i taget, så talet kan inte läsas för tidigt.
    if raknare is None or raknare <= rad.data.get("senast", 0):
        return False
    rad.data["senast"] = raknare
    rad.save(update_fields=["data"])
    return True


def _raknare(hemlighet: str, kod: str) -> int | None:
    raknare: int
    for raknare in totp.yield_hotp_counters_from_time():
        ratt = totp.format_hotp_value(totp.hotp_value(hemlighet, raknare))
        if totp.compare_user_code(actual=kod, expected=ratt):
            return raknare
    return None


def prova_nyckel(*, konto: Anvandare, svar: Any) -> Authenticator | None:
    """Säkerhetsnyckelns svar på sessionens utmaning. Ger nyckeln, eller None om svaret inte duger."""

    def prov() -> Authenticator | None:
        try:
            webauthn.parse_authentication_response(svar)
            return webauthn.complete_authentication(konto, svar)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
            return None

    return prova_andra_steget(konto, prov)


# Ändra sätten


def lagg_till_app(*, hemlighet: str, kod: str, av: Anvandare) -> Authenticator:
    """Kopplar en autentiseringsapp, i stället för den förra om det fanns en. Returnerar den.

    `kod` är appens, som bevis på att den har hemligheten. Kontots andra sessioner slutar gälla. Ger ValidationError
    om koden är fel.
    """
    raknare = _raknare(hemlighet, kod)
    if raknare is None:
        raise ValidationError({"kod": FEL_KOD})
    with skriver():
        _las(av)
        for tidigare in satten(av).filter(type=APP):
            tidigare.delete()
            logga(Handelse.Typ.TVA_STEG_BORTTAGET, av=av, slag=APP.value)
        rad = totp.TOTP.activate(av, hemlighet).instance
        rad.data["senast"] = raknare
        rad.save(update_fields=["data"])
        _tillagt(rad, av)
    return rad


def lagg_till_nyckel(*, namn: str, svar: Any, av: Anvandare) -> Authenticator:
    """Kopplar en säkerhetsnyckel och returnerar den. Ger ValidationError om nyckelns svar inte duger."""
    try:
        webauthn.parse_registration_response(svar)
        webauthn.complete_registration(svar)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as fel:
        raise ValidationError("Nyckeln gick inte att lägga till. Försök igen.") from fel
    with skriver():
        _las(av)
        rad = webauthn.WebAuthn.add(av, namn, svar).instance
        _tillagt(rad, av)
    return rad


def _tillagt(rad: Authenticator, av: Anvandare) -> None:
    if not antal_reservkoder(av):
        _byt_reservkoder(av)
    logga(Handelse.Typ.TVA_STEG_TILLAGT, av=av, slag=rad.type)
    _avsluta_sessioner(av)


def byt_namn(*, nyckel: Authenticator, namn: str, av: Anvandare) -> None:
    """Ger en av de egna säkerhetsnycklarna ett annat namn."""
    with skriver():
        rad = satten(av).select_for_update().get(pk=nyckel.pk, type=NYCKEL)
        rad.data["name"] = namn
        rad.save(update_fields=["data"])


def ta_bort(*, steg: Authenticator, av: Anvandare) -> None:
    """Tar bort ett av de egna sätten, och reservkoderna med det sista. Kontots andra sessioner slutar gälla.

    Ger ValidationError om det är det sista och någon roll kräver tvåstegsinloggning.
    """
    with skriver():
        _las(av)
        sista = not satten(av).exclude(pk=steg.pk).exists()
        if sista and settings.TVA_STEG and av.kraver_tva_steg:
            raise ValidationError(SISTA)
        satten(av).filter(pk=steg.pk).delete()
        if sista:
            Authenticator.objects.filter(user=av, type=RESERVKODER).delete()
        logga(Handelse.Typ.TVA_STEG_BORTTAGET, av=av, slag=steg.type)
        _avsluta_sessioner(av)


def nya_reservkoder(*, av: Anvandare) -> None:
    """Byter kontots reservkoder mot nya; de gamla slutar gälla. Ger ValidationError om kontot saknar andra steg."""
    with skriver():
        _las(av)
        if not har(av):
            raise ValidationError("Lägg till en app eller en säkerhetsnyckel först.")
        _byt_reservkoder(av)
        logga(Handelse.Typ.TVA_STEG_TILLAGT, av=av, slag=RESERVKODER.value)


def nollstall_tva_steg(*, konto: Anvandare, av: Anvandare) -> None:
    """Tar bort kontots alla sätt, reservkoder och koppling till e-legitimation, och avslutar dess sessioner.

    För den som har tappat både telefon och reservkoder. Ger PermissionDenied om `av` inte är systemadministratör,
    eller om kontot är det egna.
    """
    if av.pk == konto.pk or not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    with skriver():
        _las(konto)
        antal, _ = Authenticator.objects.filter(user=konto).delete()
        SocialAccount.objects.filter(user=konto).delete()
        glom_andra_stegets_forsok(konto)
        logga(Handelse.Typ.TVA_STEG_NOLLSTALLT, av=av, konto=konto.pk, antal=antal)
        _avsluta_sessioner(konto)


def kryptera_om(*, using: str) -> int:
    """Krypterar om hemligheterna som har en annan nyckel än den aktuella. Returnerar hur många. Körs som ägaren."""
    antal = 0
    for falt in ("secret", "seed"):
        rader = Authenticator.objects.using(using).filter(**{f"data__{falt}__isnull": False})
        with transaction.atomic(using=using):
            for rad in rader.select_for_update():
                if hemligheter.nyckel_id(rad.data[falt]) != str(settings.SUS_NYCKEL_AKTUELL):
                    rad.data[falt] = hemligheter.kryptera(hemligheter.dekryptera(rad.data[falt]))
                    rad.save(using=using, update_fields=["data"])
                    antal += 1
    return antal


def _byt_reservkoder(konto: Anvandare) -> None:
    Authenticator.objects.filter(user=konto, type=RESERVKODER).delete()
    RecoveryCodes.activate(konto)


def _las(konto: Anvandare) -> None:
    """Kontots ändringar av sätten görs en i taget."""
    Anvandare.objects.select_for_update(no_key=True).get(pk=konto.pk)


def _avsluta_sessioner(konto: Anvandare) -> None:
    """Alla kontots sessioner slutar gälla; vyn behåller den egna med `update_session_auth_hash`."""
    Anvandare.objects.filter(pk=konto.pk).update(sessionsserie=F("sessionsserie") + 1)
    konto.refresh_from_db(fields=["sessionsserie"])

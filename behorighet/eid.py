"""Inloggning med e-legitimation: en förmedlare som talar OpenID Connect, med allauth som klient (P5).

Förmedlaren säger vem som legitimerade sig. Första gången kopplas den identiteten (`sub`) till kontot vars användarnamn
är lika med fältet `SUS_OIDC_FALT`; därefter avgör bara `sub`. Av det förmedlaren lämnar sparas ingenting utom en
nycklad summa av `sub`, som kan vara ett personnummer.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import jwtkit, statekit
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from requests import RequestException

from behorighet.databasfel import skriver
from behorighet.hemligheter import kannetecken
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse

# Bara signaturer med förmedlarens privata nyckel; aldrig med klientens hemlighet, aldrig osignerat.
ALGORITMER: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
AVBRUTEN: Final = "Legitimeringen avbröts. Försök igen, eller logga in med lösenord."
FOR_GAMMAL: Final = "Legitimeringen tog för lång tid, eller började i ett annat fönster. Försök igen."
GICK_INTE: Final = "Tjänsten för e-legitimation svarar inte som den ska. Försök igen om en stund."
FOR_LAG: Final = "Din e-legitimation har inte den tillitsnivå som SUS kräver. Använd en annan e-legitimation."
INGET_KONTO: Final = (
    "Din e-legitimation hör inte till något konto i SUS. Vänd dig till beställaren i din organisation, som beställer "
    "behörighet och kontrollerar användarnamnet."
)
ANNAN: Final = "Kontot är redan kopplat till en annan e-legitimation. En systemadministratör kan släppa den kopplingen."


# Det som en förmedlare som svarar fel, eller inte alls, ger upphov till
FEL: Final = (OAuth2Error, RequestException, jwt.PyJWTError, PermissionDenied, LookupError, ValueError, TypeError)


class EidFel(Exception):
    """Inloggningen gick inte. Texten är till användaren."""


@dataclass(frozen=True, slots=True)
class Legitimering:
    """Vem som legitimerade sig, om det räcker som andra steg, och vart användaren var på väg."""

    konto: Anvandare
    racker: bool
    nasta: str


class Formedlare(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth saknar typer
    """Allauths klient mot förmedlaren i inställningarna, med SUS egen adress för svaret."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, settings.OIDC["url"])
        self.app = self.get_provider().app

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Adressen som förmedlaren skickar tillbaka till."""
        return request.build_absolute_uri(reverse("eid_svar"))

    def klient(self) -> Any:
        """Klienten, när förmedlarens beskrivning av sig själv är dess egen."""
        if str(self.openid_config["issuer"]).rstrip("/") != settings.OIDC["url"]:
            raise OAuth2Error("issuer")
        return self.get_client(self.request, self.app)

    def pastaenden(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Det som det signerade id-beviset säger, och fältet för användarnamnet om det bara finns i userinfo."""
        bevis = self._provat(token["id_token"])
        if not constant_time_compare(str(bevis.get("nonce", "")), nonce) or not bevis.get("sub"):
            raise OAuth2Error("nonce")
        falt = settings.OIDC["falt"]
        if falt not in bevis:
            mer = self._fetch_user_info(token["access_token"])
            if mer["sub"] != bevis["sub"]:
                raise OAuth2Error("sub")
            bevis[falt] = mer.get(falt, "")
        return dict(bevis)

    def _provat(self, bevis: str) -> dict[str, Any]:
        """Id-beviset, när signaturen, utgivaren, mottagaren och tiden stämmer. Det går att använda en gång."""
        with get_adapter().get_requests_session() as session:
            nycklar = jwt.PyJWKSet.from_dict(session.get(self.openid_config["jwks_uri"]).json()).keys
        kid = jwt.get_unverified_header(bevis).get("kid")
        nyckel = next((en for en in nycklar if en.key_id == kid), None) if kid else nycklar[0]
        if nyckel is None:
            raise OAuth2Error("kid")
        innehall: dict[str, Any] = jwt.decode(
            bevis,
            key=nyckel.key,
            algorithms=ALGORITMER,
            issuer=self.openid_config["issuer"],
            audience=self.app.client_id,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        jwtkit.verify_jti(innehall)
        return innehall


def borja(request: HttpRequest, *, nasta: str) -> HttpResponse:
    """Skickar användaren till förmedlaren. Ger EidFel om den inte svarar."""
    utmaning, nonce = generate_code_challenge(), secrets.token_urlsafe(24)
    try:
        formedlare = Formedlare(request)
        klient = formedlare.klient()
        adress = formedlare.authorize_url
    except FEL as fel:
        raise EidFel(GICK_INTE) from fel
    tillstand = {"nasta": nasta, "kod": utmaning.pop("code_verifier"), "nonce": nonce}
    klient.state = statekit.stash_state(request, provider_id=formedlare.provider_id, state=tillstand)
    val = {**utmaning, "nonce": nonce, "ui_locales": "sv"}
    if settings.OIDC["tillit"]:
        val["acr_values"] = " ".join(settings.OIDC["tillit"])
    return HttpResponseRedirect(klient.get_redirect_url(adress, ["openid", "profile"], val))


def ta_emot(request: HttpRequest) -> Legitimering:
    """Tar emot förmedlarens svar. Ger EidFel om det inte leder till ett konto."""
    if request.GET.get("error") == "access_denied":
        raise EidFel(AVBRUTEN)
    tillstand = statekit.unstash_state(request, state_id=request.GET.get("state", ""), provider_id=settings.OIDC["url"])
    if tillstand is None:
        raise EidFel(FOR_GAMMAL)
    if "code" not in request.GET:
        raise EidFel(GICK_INTE)
    try:
        formedlare = Formedlare(request)
        token = formedlare.get_access_token_data(
            request, formedlare.app, formedlare.klient(), pkce_code_verifier=tillstand["kod"]
        )
        vem = formedlare.pastaenden(token, tillstand["nonce"])
    except FEL as fel:
        raise EidFel(GICK_INTE) from fel
    tillit = settings.OIDC["tillit"]
    if tillit and vem.get("acr") not in tillit:
        raise EidFel(FOR_LAG)
    konto = koppla(sub=str(vem["sub"]), namn=str(vem[settings.OIDC["falt"]]))
    return Legitimering(konto, racker=bool(tillit), nasta=tillstand["nasta"])


def koppla(*, sub: str, namn: str) -> Anvandare:
    """Kontot som identiteten `sub` hör till; första gången det vars användarnamn är `namn`, som då kopplas.

    Ger EidFel om inget aktivt konto har namnet, eller om kontot redan hör till en annan identitet.
    """
    utgivare = settings.OIDC["url"]
    uid = kannetecken(utgivare, sub)
    with skriver():
        konto: Anvandare | None = Anvandare.objects.filter(
            socialaccount__provider=utgivare, socialaccount__uid=uid
        ).first()
        if konto is not None:
            if not konto.is_active:
                raise EidFel(INGET_KONTO)
            return konto
        # Låst: två identiteter kan inte kopplas till samma konto samtidigt
        konto = Anvandare.objects.select_for_update(no_key=True).filter(username=namn, is_active=True).first()
        if konto is None:
            raise EidFel(INGET_KONTO)
        tidigare = SocialAccount.objects.filter(provider=utgivare, user=konto).first()
        if tidigare and tidigare.uid != uid:
            raise EidFel(ANNAN)
        if not tidigare:
            SocialAccount.objects.create(provider=utgivare, user=konto, uid=uid)
            logga(Handelse.Typ.EID_KOPPLAD, av=konto)
        return konto

"""Så som allauth ska bete sig i SUS: stegen i inloggningen, krypterade hemligheter och förmedlaren av e-legitimation.

Pekas ut av inställningarna (`ACCOUNT_ADAPTER`, `MFA_ADAPTER`, `SOCIALACCOUNT_ADAPTER`).
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import LoginStage
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from behorighet import hemligheter, tva_steg
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse


class AndraSteget(LoginStage):  # type: ignore[misc]  # allauth saknar typer
    """Det andra steget vid inloggningen. Den som har ett kommer aldrig förbi det med bara lösenordet."""

    key = AuthenticateStage.key
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Leder till andra steget, om kontot har ett som inte redan är gjort."""
        konto = self.login.user
        if not tva_steg.har(konto) or tva_steg.passerat(self.request, konto):
            return None, True
        return HttpResponseRedirect(reverse(self.urlname)), True


class Kontoadapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Inloggningens steg. Ingen registrering, inga meddelanden, ingen e-post."""

    def get_login_stages(self) -> list[str]:
        """Stegen efter lösenordet eller e-legitimationen."""
        return ["behorighet.adapter.AndraSteget"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Aldrig: konton beställs."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Allauths egna meddelanden visas inte."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Allauths e-post skickas inte."""

    def respond_user_inactive(self, request: HttpRequest, user: Anvandare) -> HttpResponse:
        """Ett konto som inte är aktivt kommer inte in."""
        return redirect("logga_in")

    def post_login(
        self, request: HttpRequest, user: Anvandare, *, redirect_url: str | None, **ovrigt: Any
    ) -> HttpResponse:
        """Alla steg är gjorda: loggar inloggningen. `redirect_url` är redan prövad av vyn."""
        logga(Handelse.Typ.INLOGGAD, av=user, satt=tva_steg.satt(request, user))
        return redirect(redirect_url or settings.LOGIN_REDIRECT_URL)


class Stegadapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Det andra steget: krypterade hemligheter, och det som appen och nyckeln visar."""

    def encrypt(self, text: str) -> str:
        """Krypterar en hemlighet som läggs i databasen."""
        return hemligheter.kryptera(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Läser en hemlighet ur databasen."""
        return hemligheter.dekryptera(encrypted_text)

    def get_totp_label(self, user: Anvandare) -> str:
        """Det som appen visar bredvid koden."""
        return user.username

    def get_totp_issuer(self) -> str:
        """Det som appen visar över koden."""
        return "SUS"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Den som nyckeln gäller för: värdnamnet."""
        return {"id": context.request.get_host().partition(":")[0], "name": "SUS"}

    def get_public_key_credential_user_entity(self, user: Anvandare) -> dict[str, Any]:
        """Det som nyckeln minns om kontot."""
        return {"id": str(user.pk).encode(), "display_name": user.get_full_name(), "name": user.username}


class Eidadapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Den enda förmedlaren är den som inställningarna pekar ut. Den skapar aldrig konton."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Aldrig: konton beställs."""
        return False

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Förmedlaren i `settings.OIDC`, om det finns en. Databasens tabell används inte."""
        if not settings.OIDC:
            return []
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=settings.OIDC["url"],
                name=settings.OIDC["namn"],
                client_id=settings.OIDC["klient"],
                secret=settings.OIDC["hemlighet"],
                settings={"server_url": settings.OIDC["url"]},
            )
        ]

"""Skyddet framför varje vy: rättigheten (403) och sammanhanget för radskyddet i databasen (P1, P2)."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from behorighet.models import Anvandare
from behorighet.roller import Rattighet

P = ParamSpec("P")


class Begaran(HttpRequest):
    """En begäran från en inloggad användare, efter `kraver`."""

    user: Anvandare
    htmx: HtmxDetails
    rattighet: Rattighet


Vy = Callable[Concatenate[Begaran, P], HttpResponse]


def satt_sammanhang(anvandare: Anvandare | None) -> None:
    """Talar om för databasens radskydd vem som frågar, till transaktionens slut (P2)."""
    with connection.cursor() as markor:
        markor.execute(
            "SELECT set_config('sus.anvandare', %s, true)",
            [str(anvandare.pk) if anvandare else ""],
        )


def kraver(rattighet: Rattighet) -> Callable[[Vy[P]], Vy[P]]:
    """403 utan rättigheten. Vyn ger `request.rattighet` vidare till `synliga_for`, som ger 404 utanför räckvidden."""

    def dekorera(vy: Vy[P]) -> Vy[P]:
        @wraps(vy)
        def skyddad(request: Begaran, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.roller_nu:
                return render(request, "utan_behorighet.html", status=403)  # R3
            if not request.user.far(rattighet):
                raise PermissionDenied
            satt_sammanhang(request.user)
            request.rattighet = rattighet
            return vy(request, *args, **kwargs)

        skyddad.rattighet = rattighet  # type: ignore[attr-defined]  # läses av tests/test_konsekvens.py
        return skyddad

    return dekorera

"""Folkbokföringen som tjänst över HTTP (`docs/folkbokforing.md`).

Personnumret står i kroppen, aldrig i adressen. Felen kedjas inte: undantagen under bär anropet, och numret (P7).
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import requests
from requests.auth import AuthBase

from deltagare.folkbokforing.granssnitt import HOGST_I_NAMN, Otillganglig, Svar, SvararFel, Utfall
from deltagare.personnummer import Personnummer
from insatser.models import Kommun, Stadsdel

ANSLUT, LAS, ALLT = 3.0, 5.0, 15.0
"""Sekunder: för att ansluta, mellan två läsningar, och för hela anropet med omförsök."""
FORSOK: Final = 3
PAUS: Final = 0.2
"""Sekunder före det andra försöket; det dubbla före det tredje."""
STORSTA_SVAR: Final = 64 * 1024
TILLFALLIGA: Final = frozenset({502, 503, 504})
NEKAR: Final = frozenset({401, 403})
"""Nyckeln duger inte: det gäller alla frågor."""

SVARAR_INTE: Final = (
    "Folkbokföringen svarar inte just nu. Inget är sparat, och det du har skrivit är kvar. Försök igen om en stund."
)
SVARAR_FEL: Final = (
    "Folkbokföringen svarade på ett sätt som SUS inte förstår. Inget är sparat, och det du har skrivit är kvar. "
    "Försök igen, och säg till den som driver SUS om det inte går."
)


class _Nyckel(AuthBase):
    """Nyckeln i `Authorization`. En egen klass: annars tar requests hellre det som står i användarens .netrc."""

    def __init__(self, nyckel: str) -> None:
        self._nyckel = nyckel

    def __call__(self, anrop: requests.PreparedRequest) -> requests.PreparedRequest:
        anrop.headers["Authorization"] = f"Bearer {self._nyckel}"
        return anrop


class Tjanst:
    """Frågar tjänsten på `url`. `vanta` är hur man väntar mellan försöken."""

    def __init__(self, url: str, nyckel: str, *, vanta: Callable[[float], None] = time.sleep) -> None:
        self._url, self._nyckel, self._vanta = url, _Nyckel(nyckel), vanta

    def hamta(self, nummer: Personnummer, insats_id: int = 0) -> Svar:
        """Personen med numret. Tjänsten får inte veta vilken insats det gäller."""
        utfall, data = self._utfall(nummer)
        return _tolka(data) if utfall == Utfall.HITTAD else Svar(utfall)

    def skyddad(self, nummer: Personnummer) -> bool:
        """Om personen har skyddade personuppgifter. Resten av svaret prövas inte."""
        return self._utfall(nummer)[0] == Utfall.SKYDDAD

    def _utfall(self, nummer: Personnummer) -> tuple[Utfall, Any]:
        status, innehall = self._fraga({"personnummer": nummer.nummer})
        if status == 404:
            return Utfall.SAKNAS, {}
        if status in NEKAR:
            raise Otillganglig(SVARAR_FEL)
        last = _las(innehall) if status == 200 else None
        if last is None:
            raise SvararFel(SVARAR_FEL)
        return last

    def _fraga(self, fraga: dict[str, str]) -> tuple[int, bytes]:
        slut = time.monotonic() + ALLT
        for nr in range(FORSOK):
            if nr:
                self._vanta(PAUS * 2 ** (nr - 1))
            svar = self._en_gang(fraga, slut)
            if svar is not None and svar[0] not in TILLFALLIGA:
                return svar
            if time.monotonic() > slut:
                break
        raise Otillganglig(SVARAR_INTE)

    def _en_gang(self, fraga: dict[str, str], slut: float) -> tuple[int, bytes] | None:
        """Status och kropp; None om förbindelsen inte kom till stånd och det är värt att försöka igen."""
        try:
            with requests.post(
                self._url, json=fraga, auth=self._nyckel, timeout=(ANSLUT, LAS), allow_redirects=False, stream=True
            ) as svar:
                return svar.status_code, _kropp(svar, slut) if svar.status_code == 200 else b""
        except (requests.exceptions.SSLError, requests.ReadTimeout):
            fel = SVARAR_INTE
        except requests.ConnectionError:
            return None
        except requests.RequestException:
            raise SvararFel(SVARAR_FEL) from None
        raise Otillganglig(fel)


def _kropp(svar: requests.Response, slut: float) -> bytes:
    innehall = b""
    for bit in svar.iter_content(8192):
        innehall += bit
        if len(innehall) > STORSTA_SVAR:
            raise SvararFel(SVARAR_FEL)
        if time.monotonic() > slut:
            raise Otillganglig(SVARAR_INTE)
    return innehall


def _las(innehall: bytes) -> tuple[Utfall, Any] | None:
    try:
        data = json.loads(innehall)
        return Utfall(data["utfall"]), data
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _tolka(data: Any) -> Svar:
    kommun = _text(data.get("kommun") or "", hogst=4)
    if kommun and not Kommun.objects.filter(pk=kommun).exists():
        raise SvararFel(SVARAR_FEL)
    fornamn, efternamn = (_text(data.get(falt), hogst=HOGST_I_NAMN) for falt in ("fornamn", "efternamn"))
    if not fornamn or not efternamn:
        raise SvararFel(SVARAR_FEL)
    return Svar(Utfall.HITTAD, fornamn, efternamn, kommun, _stadsdel(kommun, data.get("stadsdel")))


def _text(varde: Any, *, hogst: int) -> str:
    if not isinstance(varde, str) or len(text := " ".join(varde.split())) > hogst or not text.isprintable():
        raise SvararFel(SVARAR_FEL)
    return text


def _stadsdel(kommun: str, namn: Any) -> int | None:
    """Stadsdelen, om den är en av dem som gäller. Annars väljs den för hand."""
    if not kommun or not isinstance(namn, str) or len(namn) > HOGST_I_NAMN or not namn.isprintable():
        return None
    giltiga = Stadsdel.objects.filter(kommun_id=kommun, namn=namn, giltig_till=None)
    return giltiga.values_list("pk", flat=True).first()

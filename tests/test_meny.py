"""Huvudmenyn visar bara det som användaren får öppna, och märker sidan som visas."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from behorighet.roller import RATTIGHETER, Roll
from sus import meny

SOK_ORGANISATION = {"Samverkansorganisation": ["Sök samverkansorganisation"]}
RAPPORTER = ["Insats", "Sparade urval", "Mina rapporter", "Ledtider", "Status i Af/FK", "Övergångar i Af/FK"]
HJALP = {"Hjälp": ["Handbok", "Vem får vad"]}


@pytest.fixture(autouse=True)
def _adresser(monkeypatch):
    monkeypatch.setattr(meny, "reverse", lambda namn: f"/{namn}/")
    monkeypatch.setattr(meny, "har_kontor", lambda anvandare: False)


def begaran(roll=None, adress="/", visad=""):
    request = RequestFactory().get(adress)
    rattigheter = RATTIGHETER[roll] if roll else frozenset()
    request.user = SimpleNamespace(is_authenticated=True, far=rattigheter.__contains__)
    request.resolver_match = SimpleNamespace(view_name=visad)
    return request


def texter(request):
    return {punkt.text: [under.text for under in punkt.punkter] for punkt in meny.meny(request)["meny"]}


@pytest.mark.parametrize(
    ("roll", "vantat"),
    [
        (None, {"Start": []}),
        (
            Roll.SUS_RAPPORT,
            {"Start": [], **SOK_ORGANISATION, "Insats": ["Sök insats", "Kategorier"], "Rapporter": RAPPORTER, **HJALP},
        ),
        (
            Roll.INSATSANSVARIG,
            {
                "Start": [],
                **SOK_ORGANISATION,
                "Insats": ["Sök insats", "Registrera insats", "Läs in ur fil", "Kategorier"],
                "Rapporter": RAPPORTER,
                **HJALP,
            },
        ),
        (
            Roll.DELTAGARANSVARIG,
            {
                "Start": [],
                **SOK_ORGANISATION,
                "Insats": ["Sök insats", "Kategorier"],
                "Deltagande": [
                    "Registrera deltagare",
                    "Visa deltagare",
                    "Historik enskild deltagare",
                    "Samtycken",
                    "Registrera anonyma deltagare",
                    "Läs in ur fil",
                ],
                "Rapporter": RAPPORTER,
                **HJALP,
            },
        ),
    ],
)
def test_menyn_har_det_som_rollen_far_oppna(roll, vantat):
    assert texter(begaran(roll)) == vantat


def test_den_visade_sidan_ar_den_enda_som_marks():
    rader = meny.meny(begaran(Roll.INSATSANSVARIG, "/insatser/ny/", "insatser:ny"))["meny"]

    marka = [punkt.text for rubrik in rader for punkt in (rubrik, *rubrik.punkter) if punkt.aktuell]
    assert marka == ["Registrera insats"]


def test_startsidan_marks():
    assert meny.meny(begaran())["meny"][0].aktuell


def test_utloggad_och_begaran_utan_anvandare_har_ingen_meny():
    utloggad = RequestFactory().get("/")
    utloggad.user = AnonymousUser()

    assert meny.meny(utloggad) == {"meny": ()}
    assert meny.meny(RequestFactory().get("/")) == {"meny": ()}


def test_samarbetet_star_bara_for_den_som_har_ett_kontor(monkeypatch):
    assert "Af/FK-samarbete" not in texter(begaran(Roll.DELTAGARANSVARIG))

    monkeypatch.setattr(meny, "har_kontor", lambda anvandare: True)
    assert texter(begaran(Roll.DELTAGARANSVARIG))["Af/FK-samarbete"] == ["Registrera medverkan", "Visa deltagare"]
    assert "Af/FK-samarbete" not in texter(begaran(Roll.INSATSANSVARIG))

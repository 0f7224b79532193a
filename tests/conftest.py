"""Fixturer för alla test, och urvalet till andra varvet."""

import time
from collections.abc import Iterator

import hypothesis
import pytest
from django.test import override_settings

from tests.andra_varvet import galler_databasen

pytest_plugins = ["tests.databas"]

# Hur länge ett försök tar är maskinens sak, och andra test kan gå samtidigt.
hypothesis.settings.register_profile("sus", deadline=None)
hypothesis.settings.load_profile("sus")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--andra-varvet", action="store_true", help="bara de test som en annan version av PostgreSQL kan påverka"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Väljer testen till andra varvet."""
    if config.getoption("--andra-varvet"):
        med = {test: isinstance(test, pytest.Function) and galler_databasen(test) for test in items}
        config.hook.pytest_deselected(items=[test for test in items if not med[test]])
        items[:] = [test for test in items if med[test]]


@pytest.fixture(scope="session", autouse=True)
def _utan_tva_steg() -> Iterator[None]:
    """De flesta test loggar in utan andra steg. De som prövar kravet slår på det med `tva_steg_kravs`."""
    with override_settings(TVA_STEG=False):
        yield


@pytest.fixture
def tva_steg_kravs() -> Iterator[None]:
    """Som i drift: roller som kräver tvåstegsinloggning när inget annat innan den är gjord (P5)."""
    with override_settings(TVA_STEG=True):
        yield


@pytest.fixture
def klockan_star(monkeypatch: pytest.MonkeyPatch) -> None:
    """Klockan som engångskoderna räknas ur står, mitt i ett steg: ingen kod byts medan testet går."""
    nu = time.time() // 30 * 30 + 15
    monkeypatch.setattr(time, "time", lambda: nu)

"""Fixturer för alla test."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

pytest_plugins = ["tests.databas"]


@pytest.fixture(scope="session", autouse=True)
def _utan_tva_steg() -> Iterator[None]:
    """De flesta test loggar in utan andra steg. De som prövar kravet slår på det med `tva_steg_kravs`."""
    with override_settings(TVA_STEG=False):
        yield


@pytest.fixture
def tva_steg_kravs() -> Iterator[None]:
    """Som i drift: roller som kräver tvåstegsinloggning når inget annat innan den är gjord (P5)."""
    with override_settings(TVA_STEG=True):
        yield

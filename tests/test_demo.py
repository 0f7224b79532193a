"""Kommandot `demo`: väntan på att webbservern svarar."""

import subprocess
import urllib.request
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.core.management import CommandError

from sus.management.commands.demo import _vanta_pa_svar


def server(lever: bool) -> SimpleNamespace:
    def wait(timeout):
        raise subprocess.TimeoutExpired("server", timeout)

    return SimpleNamespace(poll=lambda: None if lever else 1, wait=wait)


def test_en_port_som_svarar_sent_ar_inget_fel(monkeypatch):
    svar = iter([TimeoutError, ConnectionRefusedError, None])

    def oppna(adress, timeout):
        if fel := next(svar):
            raise fel
        return nullcontext()

    monkeypatch.setattr(urllib.request, "urlopen", oppna)

    _vanta_pa_svar(server(lever=True), "http://127.0.0.1/halsa/")

    assert next(svar, "slut") == "slut"


@pytest.mark.parametrize(("lever", "besked"), [(True, "svarar inte"), (False, "startade inte")])
def test_en_server_som_inte_kommer_igang_sags(monkeypatch, lever, besked):
    def oppna(adress, timeout):
        raise TimeoutError

    monkeypatch.setattr(urllib.request, "urlopen", oppna)

    with pytest.raises(CommandError, match=besked):
        _vanta_pa_svar(server(lever), "http://127.0.0.1/halsa/", sekunder=-1)

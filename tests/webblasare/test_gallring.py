"""Gallring och registerutdrag i webbläsaren: hela vägen, med och utan skript, på bred och smal skärm."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Deltagande, Gallring
from deltagare.tjanster import utregistrera
from tests import fabriker
from tests.webblasare.conftest import BRED, SMAL
from tests.webblasare.varld import Varld


def _gammal() -> Deltagande:
    with transaction.atomic():
        insats = fabriker.insats(fabriker.organisation(startdatum=date(2010, 1, 1)), startdatum=date(2010, 1, 1))
        konto = fabriker.deltagaransvarig(insats)
        gammalt = fabriker.inregistrera(insats, konto, inregistrering=date(2012, 1, 1))
        utregistrera(
            deltagande=gammalt, version=gammalt.version, utregistrering=date(2012, 6, 1),
            avslutningsanledning="fullfoljd", efter={}, av=konto,
        )  # fmt: skip
    return gammalt


@pytest.mark.parametrize(("skript", "matt"), [(True, BRED), (False, SMAL)])
def test_tva_personer_gallrar_och_hamtar_intyget(
    oppna: Callable[..., Page], varld: Varld, skript: bool, matt: tuple[int, int], tmp_path: Path
):
    gammalt = _gammal()
    andra = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    sida = oppna(varld.systemadministrator, skript=skript, matt=matt)
    sida.goto("/administration/gallring/")
    sida.get_by_role("link", name="Föreslå gallring").click()
    expect(sida.get_by_role("row", name=re.compile("^Identitet "))).to_contain_text("1 registrering")
    sida.get_by_role("button", name="Föreslå gallring").click()
    expect(sida.get_by_text("Du har själv föreslagit gallringen.")).to_be_visible()
    expect(sida.get_by_role("button", name="Godkänn och gallra")).to_have_count(0)

    annan = oppna(andra, skript=skript, matt=matt)
    annan.goto(sida.url)
    annan.get_by_role("button", name="Godkänn och gallra").click()
    expect(annan.get_by_text("Gallringen är godkänd och utförd.")).to_be_visible()
    with annan.expect_download() as hamtning:
        annan.get_by_role("link", name="Hämta intyget (PDF)").click()
    fil = tmp_path / hamtning.value.suggested_filename
    assert re.fullmatch(r"gallringsintyg-\d+\.pdf", fil.name)
    hamtning.value.save_as(fil)
    assert fil.read_bytes().startswith(b"%PDF")
    assert Deltagande.objects.using("agare").get(pk=gammalt.pk).avidentifierat


def test_den_som_foreslog_kan_avbryta(oppna: Callable[..., Page], varld: Varld):
    _gammal()
    sida = oppna(varld.systemadministrator)
    sida.goto("/administration/gallring/ny/")
    sida.get_by_role("button", name="Föreslå gallring").click()
    sida.get_by_role("button", name="Avbryt gallringen").click()
    expect(sida.get_by_text("Gallringen är avbruten. Inget är borttaget.")).to_be_visible()
    assert not Gallring.objects.filter(oppen=True).exists()


@pytest.mark.parametrize(("skript", "matt"), [(True, BRED), (False, SMAL)])
def test_registerutdraget_hamtas_i_bada_formaten(
    oppna: Callable[..., Page], varld: Varld, skript: bool, matt: tuple[int, int], tmp_path: Path
):
    with transaction.atomic():
        satt_sammanhang(varld.deltagaransvarig)
        deltagande = Deltagande.objects.filter(insats=varld.last).first()
    sida = oppna(varld.deltagaransvarig, skript=skript, matt=matt)
    sida.goto(f"/deltagare/{deltagande.pk}/registerutdrag/")
    for knapp, namn in (("Hämta som PDF", "registerutdrag.pdf"), ("Hämta som JSON", "registerutdrag.json")):
        with sida.expect_download() as hamtning:
            sida.get_by_role("button", name=knapp).click()
        assert hamtning.value.suggested_filename == namn
        hamtning.value.save_as(tmp_path / namn)
    assert (tmp_path / "registerutdrag.pdf").read_bytes().startswith(b"%PDF")
    assert varld.inskriven.utskrivet in (tmp_path / "registerutdrag.json").read_text()

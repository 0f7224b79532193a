"""Det som ska gälla i hela projektet."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

ROT = Path(settings.BASE_DIR)
# Byt lösenord får var och en med ett konto, också utan roll.
OPPNA_VYER = {"halsa", "logga_in", "logga_ut", "start", "byt_losenord", "valj_losenord"}


def vyer(uppslag: URLResolver, plats: str = "") -> Iterator[tuple[str, object]]:
    for post in uppslag.url_patterns:
        if isinstance(post, URLResolver):
            yield from vyer(post, f"{plats}{post.namespace}:" if post.namespace else plats)
        elif isinstance(post, URLPattern):
            yield f"{plats}{post.name}", post.callback


def test_varje_vy_kraver_en_rattighet():
    oskyddade = {namn for namn, vy in vyer(get_resolver()) if not hasattr(vy, "rattighet")}

    assert oskyddade == OPPNA_VYER


@pytest.mark.django_db
def test_bara_inloggning_och_halsa_ar_oppna_utan_inloggning(client):
    oppna = {namn for namn, vy in vyer(get_resolver()) if getattr(vy, "login_required", True) is False}

    assert oppna == {"halsa", "logga_in", "logga_ut", "valj_losenord"}


def test_varje_mall_anvands():
    mallar = {str(p.relative_to(ROT / "templates")) for p in (ROT / "templates").rglob("*.html")}
    kalla = "\n".join(
        p.read_text()
        for app in ("sus", "behorighet", "insatser", "deltagare", "rapporter", "fkui", "templates")
        for p in (ROT / app).rglob("*")
        if p.suffix in {".py", ".html"}
    )
    sjalvklara = {mall for mall in mallar if mall.startswith("fkui/") or re.fullmatch(r"\d{3}.*\.html", mall)}

    assert {mall for mall in mallar - sjalvklara if f'"{mall}"' not in kalla} == set()


def test_inga_skript_eller_stilar_i_mallarna():
    for mall in (ROT / "templates").rglob("*.html"):
        text = mall.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), mall
        assert "|safe" not in text or mall.is_relative_to(ROT / "templates" / "fkui"), mall


def test_regelregistret_har_varje_regel_och_filer_som_finns():
    text = (ROT / "docs" / "regler.md").read_text()
    rader = {m[1]: m[0] for m in re.finditer(r"^\|\s*\**(R\d+a?)\**\s*\|.*$", text, re.MULTILINE)}

    assert set(rader) == {f"R{n}" for n in range(1, 38)} | {"R1a"}
    for fil in set(re.findall(r"[\w/]+\.py", text)):
        assert (ROT / fil).exists(), fil
    for fil, namn in set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)):
        assert re.search(rf"def {namn}\b", (ROT / fil).read_text()), f"{fil}::{namn}"


def test_sql_skrivs_bara_dar_den_hor_hemma():
    """P24: frågor sätts aldrig ihop av indata."""
    tillatna = {"rapporter/fragor.py"}
    for app in ("sus", "behorighet", "insatser", "deltagare", "rapporter", "fkui"):
        for fil in (ROT / app).rglob("*.py"):
            plats = str(fil.relative_to(ROT))
            if plats in tillatna or "/migrations/" in plats:
                continue
            text = fil.read_text()
            assert not re.search(r"\.raw\(|\.extra\(|RawSQL", text), plats
            assert not re.search(r"execute\(\s*f[\"']", text), plats

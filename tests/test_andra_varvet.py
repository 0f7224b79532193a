"""Urvalet till andra varvet: varje vakt i databasen prövas där, och listan nämner bara filer som finns."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from tests.andra_varvet import SIDOR, galler_databasen

TESTEN = Path(__file__).parent
FIL = re.compile(r"`tests/([\w/]+\.py)[`:]")


def _vaktade_regler() -> list[tuple[str, list[str]]]:
    """Reglerna som databasen vaktar och som har test, med testens filer, ur docs/regler.md."""
    rader = (settings.BASE_DIR / "docs" / "regler.md").read_text(encoding="utf-8").splitlines()
    celler = [[cell.strip() for cell in rad.strip("| ").split(" | ")] for rad in rader if re.match(r"\| [RP]\d", rad)]
    return [(cell[0], FIL.findall(cell[4])) for cell in celler if not cell[3].startswith("–") and FIL.search(cell[4])]


def test_filerna_finns():
    assert [fil for fil in sorted(SIDOR) if not (TESTEN / fil).exists()] == []


def test_varje_vakt_i_databasen_provas_i_andra_varvet():
    regler = _vaktade_regler()

    assert len(regler) > 20
    assert [regel for regel, filer in regler if SIDOR.issuperset(filer)] == []


def _ror_sidan() -> None:
    assert SIDOR


def _ror_databasen(som_agare: object) -> None:
    assert som_agare


@pytest.mark.parametrize(
    ("fil", "fixturer", "funktion", "med"),
    [
        ("test_ny_fil.py", [], _ror_sidan, True),
        ("test_sidor.py", [], _ror_sidan, False),
        ("test_sidor.py", [], _ror_databasen, True),
        ("test_sidor.py", ["egen_databas"], _ror_sidan, True),
        ("webblasare/test_ny_fil.py", ["egen_databas"], _ror_databasen, False),
    ],
)
def test_en_ny_fil_och_det_som_ror_databasen_ar_med(fil, fixturer, funktion, med):
    test = SimpleNamespace(path=TESTEN / fil, fixturenames=fixturer, function=funktion)

    assert galler_databasen(test) is med

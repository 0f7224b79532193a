import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from sus import nycklar


def _text(**andrat: object) -> str:
    return json.dumps({**asdict(nycklar.nya()), **andrat})


def test_nya_nycklar_gar_att_tolka():
    nya = nycklar.nya()

    assert nycklar.tolka(json.dumps(asdict(nya)), "SUS_NYCKLAR") == nya


@pytest.mark.parametrize(
    ("text", "fel"),
    [
        ("nyckel", "ska vara JSON"),
        ("[]", "ska vara JSON"),
        ('{"aktuell": "1"}', "ska vara JSON"),
        (_text(aktuell="2"), "aktuella nyckeln finns inte"),
        (_text(nycklar={"1": "a2" * 16}), "nyckeln 1 ska vara 32 byte"),
        (_text(nycklar={"1": "ö"}), "nyckeln 1 ska vara 32 byte"),
        (_text(index="a2V5"), "nyckeln index ska vara 32 byte"),
    ],
)
def test_felaktiga_nycklar_sags_utan_att_visas(text, fel):
    with pytest.raises(nycklar.NyckelFel, match=f"^SUS_NYCKLAR.*{fel}") as undantag:
        nycklar.tolka(text, "SUS_NYCKLAR")

    assert "a2" not in str(undantag.value)


def test_nycklar_i_katalog_skapas_en_gang_och_bara_agaren_laser(tmp_path):
    with ThreadPoolExecutor(8) as tradar:
        svar = list(tradar.map(lambda _: nycklar.fran_katalog(tmp_path), range(8)))

    assert svar == [svar[0]] * 8
    assert [fil.name for fil in tmp_path.iterdir()] == [nycklar.FIL]
    assert stat.S_IMODE((tmp_path / nycklar.FIL).stat().st_mode) == 0o600

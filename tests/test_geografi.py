"""Tabellen över län, kommuner och stadsdelar (R8)."""

import re
from collections import Counter
from datetime import date

import pytest

from insatser.geografi import KOMMUNER, LAN, STADSDELAR

KOMMUNER_PER_LAN = {
    "01": 26,
    "03": 8,
    "04": 9,
    "05": 13,
    "06": 13,
    "07": 8,
    "08": 12,
    "09": 1,
    "10": 5,
    "12": 33,
    "13": 6,
    "14": 49,
    "17": 16,
    "18": 12,
    "19": 10,
    "20": 15,
    "21": 10,
    "22": 7,
    "23": 8,
    "24": 15,
    "25": 14,
}


@pytest.mark.parametrize(("tabell", "antal", "siffror"), [(LAN, 21, 2), (KOMMUNER, 290, 4)])
def test_antal_koder_och_ordning(tabell, antal, siffror):
    koder = [kod for kod, _ in tabell]
    assert len(koder) == len(set(koder)) == antal
    assert koder == sorted(koder)
    assert all(re.fullmatch(rf"\d{{{siffror}}}", kod) for kod in koder)
    assert len({namn for _, namn in tabell}) == antal


def test_namnen_ar_svenska_bokstaver_utan_kringliggande_blanksteg():
    namnen = [namn for _, namn in LAN + KOMMUNER] + [namn for _, namn, _ in STADSDELAR]
    fel = [namn for namn in namnen if not re.fullmatch(r"[A-ZÅÄÖ][a-zåäöé]+(?:[ -][A-ZÅÄÖa-z][a-zåäöé]+)*", namn)]
    assert fel == []


def test_varje_kommun_hor_till_ett_lan_och_antalet_per_lan_stammer():
    per_lan = Counter(kod[:2] for kod, _ in KOMMUNER)
    assert per_lan.keys() == {kod for kod, _ in LAN}
    assert per_lan == KOMMUNER_PER_LAN
    assert sum(KOMMUNER_PER_LAN.values()) == 290


@pytest.mark.parametrize(
    ("kod", "namn"),
    [
        ("0139", "Upplands-Bro"),
        ("0305", "Håbo"),
        ("0330", "Knivsta"),
        ("0331", "Heby"),
        ("0643", "Habo"),
        ("0980", "Gotland"),
        ("2023", "Malung-Sälen"),
    ],
)
def test_kommuner_som_ar_latta_att_fa_fel(kod, namn):
    assert dict(KOMMUNER)[kod] == namn
    assert "1917" not in dict(KOMMUNER)  # Hebys kod före 2007


def test_stadsdelar_finns_bara_for_stockholm_och_goteborg_med_unika_namn():
    assert {kod for kod, _, _ in STADSDELAR} == {"0180", "1480"}
    assert len({(kod, namn) for kod, namn, _ in STADSDELAR}) == len(STADSDELAR)


@pytest.mark.parametrize(
    ("dag", "stockholm", "goteborg"),
    [
        (date(2020, 6, 30), 14, 10),
        (date(2020, 7, 1), 13, 10),
        (date(2021, 1, 1), 13, 4),
        (date(2023, 7, 1), 11, 4),
    ],
)
def test_antal_stadsdelar_som_gallde_en_viss_dag(dag, stockholm, goteborg):
    # Tabellen har bara slutdatum; vilka som hade börjat gälla följer av sammanslagningarna.
    borjar = {
        "Hägersten-Älvsjö": date(2020, 7, 1),
        "Järva": date(2023, 7, 1),
        "Norra innerstaden": date(2023, 7, 1),
        "Hisingen": date(2021, 1, 1),
        "Nordost": date(2021, 1, 1),
        "Sydväst": date(2021, 1, 1),
    }
    gallande = Counter(
        kod for kod, namn, till in STADSDELAR if borjar.get(namn, date.min) <= dag and (till is None or dag <= till)
    )
    assert gallande == {"0180": stockholm, "1480": goteborg}


def test_stadsdelarna_star_i_svensk_namnordning_inom_kommunen():
    alfabet = " -abcdefghijklmnopqrstuvwxyzåäö"
    nycklar = [
        (kod, [alfabet.index(tecken) for tecken in namn.lower().replace("é", "e")]) for kod, namn, _ in STADSDELAR
    ]
    assert nycklar == sorted(nycklar)

"""Urvalet: tolkning, adress och text, lika för adressen, formuläret och kommandot."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from rapporter.falt import snabbval
from rapporter.urval import Koder, tolka
from rapporter.variabler import VARIABLER

KODER = Koder(
    forbund={"222000-1111": "Förbundet Ett", "222000-2222": "Förbundet Två"},
    variabler={namn: variabel.rubrik for namn, variabel in VARIABLER.items()},
)
IDAG = date(2026, 10, 31)


def urval(**val):
    return tolka({"fran": ["2025-01"], "till": ["2025-12"], **val}, koder=KODER, idag=IDAG)


def test_utan_val_galler_allt():
    svar = urval()
    assert (svar.fran, svar.till, svar.efter, svar.sista_dag) == (
        date(2025, 1, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2025, 12, 31),
    )
    assert svar.variabler == tuple(VARIABLER)
    assert svar.hela_kalenderar
    assert svar.i_ord(KODER) == (("Period", "2025-01 – 2025-12"), ("Nivå", "Riket"), ("Kön", "Alla"))


def test_koderna_laggs_i_visningsordning_och_en_gang():
    svar = urval(lan=["14", "01", "14"], variabler=["volyminsats,startdatum"], forbund=["2220002222"])
    assert svar.lan == ("01", "14")
    assert svar.variabler == ("startdatum", "volyminsats")
    assert svar.forbund == ("222000-2222",)


def test_urvalet_i_ord_sager_allt_som_ar_valt():
    svar = urval(lan=["01"], malgrupp=["man", "unga"], kon=["kvinna"], variabler=["startdatum"])
    assert svar.i_ord(KODER) == (
        ("Period", "2025-01 – 2025-12"),
        ("Län", "Stockholms län"),
        ("Specifik målgrupp", "Män, Unga"),
        ("Kön", "Kvinnor"),
        ("Variabler", "Startdatum"),
    )


@pytest.mark.parametrize(
    ("val", "falt"),
    [
        ({"fran": []}, "fran"),
        ({"fran": [" "]}, "fran"),
        ({"fran": ["2025-13"]}, "fran"),
        ({"fran": ["2025-00"]}, "fran"),
        ({"fran": ["2025-1"]}, "fran"),
        ({"fran": ["0000-01"]}, "fran"),
        ({"till": ["9999-12"]}, "till"),
        ({"till": ["٢٠٢٥-01"]}, "till"),
        ({"fran": ["2025-02"], "till": ["2025-01"]}, "till"),
        ({"lan": ["1"]}, "lan"),
        ({"kommun": ["0180", "018"]}, "kommun"),
        ({"forbund": ["222000-3333"]}, "forbund"),
        ({"inriktning": ["Individ"]}, "inriktning"),
        ({"preciserad": ["x\x00"]}, "preciserad"),
        ({"malgrupp": ["män"]}, "malgrupp"),
        ({"kon": ["kvinnor"]}, "kon"),
        ({"rapporttyp": ["x"]}, "rapporttyp"),
        ({"jamfor": ["forra"]}, "jamfor"),
        ({"gruppera": ["kommun"]}, "gruppera"),
        ({"gruppera": ["samverkansorganisation"], "rapporttyp": ["samverkansorganisation"]}, "gruppera"),
        ({"variabler": ["antal"]}, "variabler"),
        ({"kommmun": ["0180"]}, "__all__"),
    ],
)
def test_det_som_inte_finns_ar_ett_fel_vid_sitt_falt(val, falt):
    with pytest.raises(ValidationError) as fel:
        urval(**val)
    assert list(fel.value.message_dict) == [falt]


koder = {
    falt: st.lists(st.sampled_from(sorted(KODER.for_falt(falt))), max_size=4)
    for falt in ("lan", "kommun", "forbund", "inriktning", "preciserad", "malgrupp", "variabler")
}


@given(
    st.fixed_dictionaries(
        {
            **koder,
            "kon": st.sampled_from([["kvinna"], ["man"], ["uppdelat"], []]),
            "rapporttyp": st.sampled_from([["insats"], ["samverkansorganisation"], []]),
            "jamfor": st.sampled_from([["aret_fore"], ["perioden_fore"], []]),
            "gruppera": st.sampled_from([["lan"], []]),
        }
    )
)
def test_adressen_ger_tillbaka_urvalet(val):
    svar = urval(**val)
    adress = QueryDict(svar.adress(KODER))
    assert tolka(dict(adress.lists()), koder=KODER, idag=IDAG) == svar


@pytest.mark.parametrize(
    ("idag", "vantat"),
    [
        (
            date(2026, 10, 31),
            ["2026-09 2026-09", "2026-05 2026-08", "2026-01 2026-06", "2026-01 2026-08", "2025-01 2025-12"],
        ),
        (
            date(2026, 1, 1),
            ["2025-12 2025-12", "2025-09 2025-12", "2025-07 2025-12", "2025-01 2025-08", "2025-01 2025-12"],
        ),
        (
            date(2026, 3, 15),
            ["2026-02 2026-02", "2025-09 2025-12", "2025-07 2025-12", "2025-01 2025-08", "2025-01 2025-12"],
        ),
        (
            date(2026, 9, 1),
            ["2026-08 2026-08", "2026-05 2026-08", "2026-01 2026-06", "2026-01 2026-08", "2025-01 2025-12"],
        ),
    ],
)
def test_snabbvalen_ar_de_senast_avslutade(idag, vantat):
    perioder = [f"{fran:%Y-%m} {till:%Y-%m}" for _, fran, till in snabbval(idag)]
    assert perioder == [*vantat, f"{idag:%Y}-01 {idag:%Y-%m}"]


@pytest.mark.parametrize(
    ("fran", "till", "jamfor", "vantat"),
    [
        ("2025-01", "2025-12", "aret_fore", "2024-01 – 2024-12"),
        ("2025-03", "2025-05", "aret_fore", "2024-03 – 2024-05"),
        ("2024-01", "2025-12", "aret_fore", "2023-01 – 2024-12"),
        ("2025-01", "2025-12", "perioden_fore", "2024-01 – 2024-12"),
        ("2025-03", "2025-05", "perioden_fore", "2024-12 – 2025-02"),
        ("2025-01", "2025-01", "perioden_fore", "2024-12"),
        ("1990-01", "1990-02", "perioden_fore", "1989-11 – 1989-12"),
    ],
)
def test_jamforelseperioden(fran, till, jamfor, vantat):
    svar = urval(fran=[fran], till=[till], jamfor=[jamfor])
    assert svar.foregaende.period == vantat
    assert dict(svar.i_ord(KODER))["Jämförs med"].startswith(f"{vantat} (")
    assert urval(fran=[fran], till=[till]).foregaende is None

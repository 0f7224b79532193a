"""Person- och samordningsnummer (R17)."""

from datetime import date
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltagare import personnummer
from deltagare.overforing.generatorn.folk import kontrollsiffra
from deltagare.personnummer import OgiltigtPersonnummer, tolka

IDAG = date(2026, 10, 31)


def nummer(fodd, lopnr=980, samordning=False):
    nio = f"{fodd:%y%m}{fodd.day + 60 * samordning:02d}{lopnr:03d}"
    return f"{fodd.year // 100}{nio}{kontrollsiffra(nio)}"


@given(
    st.dates(date(1900, 1, 1), IDAG),
    st.integers(980, 999),
    st.booleans(),
    st.sampled_from(["{0}{1}{2}", "{0}{1}-{2}", " {0}{1} {2}", "{0}{1}–{2}"]),
)
def test_ett_giltigt_nummer_far_en_form(fodd, lopnr, samordning, form):
    helt = nummer(fodd, lopnr, samordning)

    svar = tolka(form.format(helt[:2], helt[2:8], helt[8:]), idag=IDAG)

    assert svar == (helt, fodd.year, "man" if lopnr % 2 else "kvinna", samordning)


@given(st.dates(date(1926, 11, 1), IDAG), st.integers(980, 999))
def test_utan_sekel_ar_det_den_senaste_som_inte_ar_i_framtiden(fodd, lopnr):
    helt = nummer(fodd, lopnr)

    assert tolka(helt[2:], idag=IDAG).nummer == helt
    assert tolka(f"{helt[2:8]}-{helt[8:]}", idag=IDAG).nummer == helt


@given(st.dates(date(1826, 11, 1), date(1926, 10, 31)).filter(lambda dag: dag.year >= 1850))
def test_plus_ar_hundra_ar_aldre(fodd):
    helt = nummer(fodd)

    assert tolka(f"{helt[2:8]}+{helt[8:]}", idag=IDAG).nummer == helt


@given(st.dates(date(1900, 1, 1), IDAG), st.integers(1, 9))
def test_fel_kontrollsiffra_nekas(fodd, avvikelse):
    helt = nummer(fodd)
    fel = helt[:-1] + str((int(helt[-1]) + avvikelse) % 10)

    with pytest.raises(OgiltigtPersonnummer):
        tolka(fel, idag=IDAG)


@pytest.mark.parametrize(
    ("fel", "besked"),
    [
        ("1985-04-12-9803", personnummer.OGILTIGT),
        ("19850412-9809", personnummer.FEL_SIFFRA),
        ("850412-9809", personnummer.FEL_SIFFRA),
        ("19850231-9808", personnummer.FEL_DATUM),
        ("19850492-9807", personnummer.FEL_DATUM),
        (nummer(date(2026, 11, 1)), personnummer.I_FRAMTIDEN),
        (nummer(date(1849, 12, 31)), personnummer.FOR_TIDIGT),
    ],
)
def test_felet_sager_vad_som_inte_stammer(fel, besked):
    with pytest.raises(OgiltigtPersonnummer, match=f"^{besked}$"):
        tolka(fel, idag=IDAG)


@pytest.mark.parametrize("osynligt", "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad")
def test_tecken_som_inte_syns_tas_bort_ur_det_inklistrade(osynligt):
    helt = nummer(date(1985, 4, 12))

    assert tolka(f"{osynligt}{helt[:8]}{osynligt}-{helt[8:]}{osynligt}", idag=IDAG).nummer == helt


@pytest.mark.parametrize(
    "text",
    [
        "", "98", "19850412", "1985041298030", "98504129803", "19850412-98O3", "19850412--9803", "1985-04-12-9803",
        nummer(date(2026, 11, 1)),  # i framtiden
        "198502319808", "198513019800", "198500009806",  # datum som inte finns
        "198504929807",  # dag 92
        "19850412٩٨٠٣",  # noqa: RUF001 andra skriftsystems siffror
        "19850412０００３",  # noqa: RUF001
        "198504120008",  # födelsenummer 000
        nummer(date(1849, 12, 31)), nummer(date(1700, 1, 1)),  # före alla nummer
        "000001019808",
        "x" * 10_000,
    ],
)  # fmt: skip
def test_det_som_inte_ar_ett_nummer_nekas_utan_att_upprepas(text):
    with pytest.raises(OgiltigtPersonnummer) as fel:
        tolka(text, idag=IDAG)

    assert not text or text not in str(fel.value)


@given(st.text(max_size=20))
def test_vilken_text_som_helst_ger_ett_nummer_eller_ett_nej(text):
    try:
        svar = tolka(text, idag=IDAG)
    except OgiltigtPersonnummer:
        return
    assert len(svar.nummer) == 12
    assert svar.nummer.isascii()


def test_fodd_i_dag_gar_men_inte_i_morgon():
    assert tolka(nummer(IDAG)[2:], idag=IDAG).fodelsear == 2026
    assert tolka(nummer(IDAG), idag=IDAG).fodelsear == 2026
    with pytest.raises(OgiltigtPersonnummer):
        tolka(nummer(IDAG), idag=date(2026, 10, 30))


def test_det_som_visas():
    svar = tolka(nummer(date(1985, 4, 12)), idag=IDAG)

    assert svar.maskerat == "19850412-****"
    assert svar.utskrivet == f"19850412-{svar.nummer[8:]}"


@given(
    st.one_of(
        st.from_regex(r"(18|19|20)[0-9]{2}(0[1-9]|1[0-2])[0-9]{2}-?[0-9]{4}", fullmatch=True),
        st.builds(nummer, st.dates(date(1840, 1, 1), date(2030, 1, 1)), st.integers(0, 999), st.booleans()),
    )
)
def test_den_snabba_vagen_svarar_som_paketet(text):
    """Tolv siffror prövas utan paketet: samma nummer godtas, och samma avvisas."""
    snabbt = personnummer.tolv_siffror(text, IDAG)
    with mock.patch.object(personnummer, "tolv_siffror", return_value=None):
        try:
            paketets = tolka(text, idag=IDAG)
        except OgiltigtPersonnummer:
            paketets = None

    assert snabbt == paketets

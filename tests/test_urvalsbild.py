"""Urvalsbilden: snabbval, avstängda val med skäl, variablernas betydelse, och det som går utan skript."""

import pytest

from behorighet.roller import Roll
from rapporter.falt import snabbval
from rapporter.forms import SKAL, UrvalForm
from rapporter.variabler import VARIABLER, Period
from rapporter.villkor import Regel
from tests import fabriker
from tests.test_rapporter_sida import dokument, hitta
from tests.test_sparade_urval import IDAG

pytestmark = pytest.mark.django_db
ADRESS = "/rapporter/insats/"
PILAR = "\u2039\u203a "
URVAL = "fran=2025-01&till=2025-12"


@pytest.fixture
def inloggad(client):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    return client


def urvalsbilden(klient, adress=""):
    svar = klient.get(f"{ADRESS}?{adress}" if adress else ADRESS)
    assert svar.status_code == 200
    return dokument(svar)


def avstangda(sidan):
    return sorted({(ruta.get("name"), ruta.get("value")) for ruta in hitta(sidan, "input", disabled=True)})


def synliga_skal(sidan):
    return {ett.get("data-skal") for ett in hitta(sidan, "p", klass_="rapport-skal") if ett.get("hidden") is None}


def vardena(sidan, namn):
    return [ruta.get("value") for ruta in hitta(sidan, "input", name=namn) if ruta.get("checked") is not None]


# ---- Perioden ----


def test_snabbvalen_finns_och_det_som_galler_ar_markt(inloggad):
    sidan = urvalsbilden(inloggad)
    knappar = hitta(sidan, "button", name="snabbval")

    assert [knapp.text_content().strip(PILAR) for knapp in knappar] == [
        *(text for text, _, _ in snabbval(IDAG)),
        "Föregående",
        "Nästa",
    ]
    assert [knapp.text_content() for knapp in hitta(sidan, "button", **{"aria-pressed": "true"})] == [
        f"Hittills {IDAG.year}"
    ]


@pytest.mark.parametrize(
    ("val", "vantat"),
    [
        ("2024-05_2024-08", ("2024-05", "2024-08")),
        ("bakat", ("2024-01", "2024-12")),
        ("framat", ("2026-01", "2026-12")),
        ("skräp", ("2025-01", "2025-12")),
    ],
)
def test_ett_snabbval_utan_skript_behaller_allt_annat(inloggad, val, vantat):
    sidan = urvalsbilden(inloggad, f"{URVAL}&lan=12&kon=man&variabler=antal_deltagare&snabbval={val}")

    assert tuple(hitta(sidan, "input", id=f"id_{ett}")[0].get("value") for ett in ("fran", "till")) == vantat
    assert [vardena(sidan, namn) for namn in ("lan", "kon", "variabler")] == [["12"], ["man"], ["antal_deltagare"]]
    assert not hitta(sidan, "table")


@pytest.mark.parametrize("rapport", ["ledtider", "status", "overgangar"])
def test_snabbvalen_gar_utan_skript_i_alla_rapporter(inloggad, rapport):
    sidan = dokument(inloggad.get(f"/rapporter/{rapport}/?{URVAL}&snabbval=bakat"))

    assert hitta(sidan, "input", id="id_fran")[0].get("value") == "2024-01"


def test_retur_i_ett_falt_skapar_rapporten(inloggad):
    sidan = urvalsbilden(inloggad)
    forsta = hitta(hitta(sidan, "form", id="urval")[0], "button", type="submit")[0]

    assert (forsta.get("name"), forsta.get("aria-hidden"), forsta.get("tabindex")) == ("visa", "true", "-1")


@pytest.mark.parametrize("adress", ["sparat=5", "kryssa=inga", "lan=12", "uppdatera=1"])
def test_en_adress_utan_period_ger_forvalet_och_inga_fel(inloggad, adress):
    sidan = urvalsbilden(inloggad, adress)

    assert not hitta(sidan, "div", id="felsammanfattning")
    manader = [hitta(sidan, "input", id=f"id_{ett}")[0].get("value") for ett in ("fran", "till")]
    assert manader == [f"{IDAG:%Y}-01", f"{IDAG:%Y-%m}"]
    assert vardena(sidan, "lan") == (["12"] if adress == "lan=12" else [])
    assert bool(vardena(sidan, "variabler")) == (adress != "kryssa=inga")


@pytest.mark.parametrize("adress", ["visa=1", "fran=&till=2025-12", "format=csv&lan=12"])
def test_en_begard_rapport_utan_period_ar_ett_fel(inloggad, adress):
    assert hitta(urvalsbilden(inloggad, adress), "div", id="felsammanfattning")


def test_ett_kontor_i_adressen_utan_period_ger_forvalet(inloggad):
    sidan = dokument(inloggad.get("/rapporter/ledtider/?kon=man"))

    assert not hitta(sidan, "div", id="felsammanfattning")
    assert hitta(sidan, "input", id="id_fran")[0].get("value") == f"{IDAG:%Y}-01"


# ---- Variablerna ----


def test_varje_variabel_har_sin_betydelse_och_sin_period(inloggad):
    rader = hitta(urvalsbilden(inloggad), "div", klass_="rapport-variabel")

    for rad, variabel in zip(rader, VARIABLER.values(), strict=True):
        assert hitta(rad, "div", klass_="sus-hjalp__text")[0].text_content() == variabel.definition
        marken = [marke.text_content() for marke in hitta(rad, "span", klass_="badge")]
        assert marken == ([variabel.period.label] if variabel.period != Period.FAKTUM else [])


@pytest.mark.parametrize(("val", "antal"), [("alla", 19), ("inga", 0)])
def test_alla_och_inga_utan_skript(inloggad, val, antal):
    sidan = urvalsbilden(inloggad, f"{URVAL}&variabler=startdatum&kryssa={val}")

    assert len(vardena(sidan, "variabler")) == antal


# ---- Val utan betydelse ----


def test_fran_borjan_ar_inget_avstangt(inloggad):
    sidan = urvalsbilden(inloggad)

    assert avstangda(sidan) == []
    assert synliga_skal(sidan) == set()
    assert len(hitta(sidan, "p", klass_="rapport-skal")) == len(SKAL)


def test_kon_och_jamforelse_stangs_av_nar_ingen_variabel_har_dem(inloggad):
    sidan = urvalsbilden(inloggad, f"{URVAL}&variabler=startdatum&variabler=volyminsats&uppdatera=1")

    assert {namn for namn, _ in avstangda(sidan)} == {"kon", "jamfor"}
    assert synliga_skal(sidan) == {"kon", "jamfor"}


@pytest.mark.parametrize(
    ("variabel", "vantat"),
    [
        ("antal_deltagare", set()),
        ("antal_anonyma_deltagare", set()),
        ("antal_pagaende_deltagare", {"jamfor"}),
        ("budgeterad_insatskostnad", {"kon"}),
        ("inriktning", {"kon", "jamfor"}),
    ],
)
def test_varje_slags_variabel_stanger_av_det_den_saknar(inloggad, variabel, vantat):
    assert synliga_skal(urvalsbilden(inloggad, f"{URVAL}&variabler={variabel}")) == vantat


def test_val_som_hor_till_en_annan_inriktning_stangs_av(inloggad):
    sidan = urvalsbilden(inloggad, f"{URVAL}&inriktning=individ")
    av = avstangda(sidan)

    assert ("preciserad", "utbildning") in av
    assert ("malgrupp", "myndighetspersonal") in av
    assert not {("preciserad", "forberedande"), ("malgrupp", "unga"), ("malgrupp", "ej_tillampliga")} & set(av)
    assert avstangda(urvalsbilden(inloggad, f"{URVAL}&inriktning=individ&inriktning=struktur")) == []


def test_delsummor_per_samverkansorganisation_stangs_av_nar_raderna_ar_det(inloggad):
    sidan = urvalsbilden(inloggad, f"{URVAL}&rapporttyp=samverkansorganisation")

    assert avstangda(sidan) == [("gruppera", "samverkansorganisation")]
    assert synliga_skal(sidan) == {"gruppera"}


def test_skalen_raknas_en_gang_per_falt(inloggad, monkeypatch):
    raknade = []
    monkeypatch.setattr(UrvalForm, "_nagot_avstangt", lambda form, falt: bool(raknade.append(falt)))
    urvalsbilden(inloggad)

    assert raknade == list(SKAL)


def test_det_avstangda_i_en_adress_ar_inget_fel(inloggad):
    """En adress som någon har sparat ger samma rapport som förut."""
    fabriker.insats()
    svar = inloggad.get(f"{ADRESS}?{URVAL}&variabler=startdatum&kon=kvinna&inriktning=individ&malgrupp=unga&visa=1")

    assert svar.status_code == 200
    assert svar.context["rapport"].urval.kon == "kvinna"


@pytest.mark.parametrize(
    ("regel", "valda", "vantat"),
    [
        (Regel("a", ("x", "y")), {"a": ["y"]}, True),
        (Regel("a", ("x",)), {"a": ["y"]}, False),
        (Regel("a", ("x",)), {}, False),
        (Regel("a", ("", "x")), {"a": []}, True),
        (Regel("a", ("x",), inte=True), {"a": ["x"]}, False),
        (Regel("a", ("x",), inte=True), {"a": ["y"]}, True),
    ],
)
def test_regeln(regel, valda, vantat):
    assert regel.galler(valda) == vantat


def test_regeln_i_html():
    assert str(Regel("a", ("", "x"))) == "a=|x"
    assert str(Regel("a", ("x",), inte=True)) == "a!=x"


# ---- Sparade urval på urvalsbilden ----


def test_de_sparade_urvalen_star_pa_urvalsbilden(client):
    rut = fabriker.anvandare(Roll.SUS_RAPPORT)
    client.force_login(rut)
    assert not hitta(urvalsbilden(client), "nav", klass_="rapport-sparade")
    for nr in range(9):
        fabriker.sparat_urval(rut, namn=f"Urval {nr}", delat=nr == 0)

    lankar = hitta(hitta(urvalsbilden(client), "nav", klass_="rapport-sparade")[0], "a")
    assert [lank.text_content() for lank in lankar] == [*(f"Urval {nr}" for nr in range(8)), "Alla sparade urval"]


def test_ett_oppnat_urval_sparas_pa_samma_plats_eller_som_nytt(client):
    rut = fabriker.anvandare(Roll.SUS_RAPPORT)
    client.force_login(rut)
    sparat = fabriker.sparat_urval(rut, namn="Riket")
    sidan = urvalsbilden(client, f"{URVAL}&sparat={sparat.pk}")

    assert [(knapp.get("formaction"), knapp.text_content()) for knapp in sidan.xpath("//button[@formaction]")] == [
        (f"/rapporter/sparade/{sparat.pk}/andra/", "Spara ändringarna"),
        ("/rapporter/sparade/nytt/", "Spara som nytt urval"),
    ]
    # Nästa sida vet också vilket det var
    [dolt] = hitta(hitta(sidan, "form", id="urval")[0], "input", name="sparat")
    assert dolt.get("value") == str(sparat.pk)


@pytest.mark.parametrize("sparat", ["0", "99999999999999999999999", "x", "-1", "٣", "1 OR 1=1", "\x00"])
def test_ett_sparat_urval_som_inte_finns_marks_inte(inloggad, sparat):
    for visa in ({}, {"visa": "1"}):
        val = {"fran": "2025-01", "till": "2025-12", "sparat": sparat, **visa}
        assert inloggad.get(ADRESS, val).status_code == 200


def test_jamforelsen_gar_att_valja_for_antalet_insatser(inloggad):
    """Summerad per samverkansorganisation jämförs antalet insatser, fast variabeln gäller i dag."""
    adress = f"{URVAL}&variabler=antal_pagaende_deltagare"
    assert "jamfor" in synliga_skal(urvalsbilden(inloggad, adress))
    sidan = urvalsbilden(inloggad, f"{adress}&rapporttyp=samverkansorganisation")
    assert "jamfor" not in synliga_skal(sidan)
    [ruta] = hitta(sidan, "input", name="jamfor", value="aret_fore")
    assert ruta.get("data-galler-om").endswith(";rapporttyp=samverkansorganisation")

"""Mallpaketet fkui: det som skärmläsare, fellänkar och skript är beroende av, och fältens tolkning."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Button, Field, Layout, Row, Submit
from crispy_forms.utils import render_crispy_form
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory
from lxml import html

from fkui.falt import Datumfalt, Heltalsfalt, Manadsfalt
from fkui.layout import Knapp, Knapprad, Lank, Output, Panel, Uppgift, uppdatera_val
from fkui.templatetags.fkui import utdata, vardetext
from tools import vendor_ui

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"
STATISKT = Path(settings.BASE_DIR) / "static" / "sus"
MALLAR = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


class Provform(forms.Form):
    """Ett fält av varje slag."""

    namn = forms.CharField(label="Insatsnamn", help_text="Skriv inga <personuppgifter>.")
    start = Datumfalt(label="Startdatum")
    antal = Heltalsfalt(label="Antal kvinnor", required=False)
    inriktning = forms.ChoiceField(label="Inriktning", choices=[("", "Välj"), ("i", "Individinriktad")])
    registrering = forms.ChoiceField(
        label="Registrering", widget=forms.RadioSelect, choices=[("in", "Inregistrering"), ("ut", "Utregistrering")]
    )
    forsorjning = forms.MultipleChoiceField(
        label="Försörjning",
        widget=forms.CheckboxSelectMultiple,
        choices=[("Ersättning", [("1000", "Sjukpenning")]), ("ingen", "Ingen offentlig försörjning")],
        help_text="En eller flera.",
        required=False,
    )
    arkiverat = forms.BooleanField(label="Arkiverat")
    beskrivning = forms.CharField(label="Beskrivning", widget=forms.Textarea, required=False)
    fil = forms.FileField(label="Fil", required=False)
    token = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args, layout=None, metod="post", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["start"].hjalp = "Första dagen.\n\nMer om den."
        self.helper = FormHelper()
        self.helper.form_method = metod
        self.helper.layout = layout


def visa(form):
    return html.fromstring(f"<main>{render_crispy_form(form)}</main>")


def test_ledtext_och_fel_binds_till_inmatningen_utanfor_etiketten():
    sida = visa(Provform({}))

    namn = sida.get_element_by_id("id_namn")
    assert namn.get("aria-describedby").split() == ["id_namn_helptext", "id_namn_error"]
    assert namn.get("aria-invalid") == "true"
    for del_id in namn.get("aria-describedby").split():
        assert not sida.get_element_by_id(del_id).xpath("ancestor::label")
    assert sida.xpath("//label[@for='id_namn']")[0].text_content().strip() == "Insatsnamn"
    assert "<personuppgifter>" in sida.get_element_by_id("id_namn_helptext").text_content()


def test_grupper_ar_fieldset_med_legend_och_beskrivning():
    sida = visa(Provform({}))

    grupp = sida.get_element_by_id("div_id_forsorjning")
    assert grupp.tag == "fieldset"
    assert grupp.get("aria-describedby") == "id_forsorjning_helptext"
    assert grupp[0].tag == "legend"
    assert " ".join(grupp[0].text_content().split()) == "Försörjning (valfritt)"
    assert [ruta.get("value") for ruta in grupp.xpath(".//input")] == ["1000", "ingen"]


def test_felsammanfattningens_lankar_leder_till_inmatningar():
    sida = visa(Provform({}))

    lankar = sida.xpath("//*[@id='felsammanfattning']//a/@href")
    assert lankar == ["#id_namn", "#id_start", "#id_inriktning", "#id_registrering_0", "#id_arkiverat"]
    for lank in lankar:
        assert sida.get_element_by_id(lank[1:]).tag in {"input", "select"}
    assert "Detta fält måste fyllas i." in sida.xpath("//*[@id='felsammanfattning']//li[not(a)]")[0].text_content()


def test_lang_hjalp_oppnas_utan_skript_och_sager_vad_den_handlar_om():
    sida = visa(Provform())

    (hjalp,) = sida.xpath("//details")
    assert hjalp.xpath("./summary")[0].text_content().strip() == "Hjälp om Startdatum"
    assert len(hjalp.xpath(".//p")) == 2


def test_postformular_varnar_for_osparat_och_ar_novalidate():
    (nytt,) = visa(Provform()).xpath("//form")
    (med_fel,) = visa(Provform({})).xpath("//form")
    (sok,) = visa(Provform(metod="get")).xpath("//form")

    assert nytt.get("data-osparat") == ""
    assert med_fel.get("data-osparat") == "andrat"
    assert sok.get("data-osparat") is None
    assert nytt.get("novalidate") is not None
    assert nytt.get("enctype") == "multipart/form-data"


def test_formularets_widgetar_andras_inte_av_att_visas():
    form = Provform()
    visa(form)

    assert "class" not in form.fields["namn"].widget.attrs


def test_last_panel_visar_text_och_inga_inmatningar():
    layout = Layout(
        Panel(
            "Kategorisering av insats",
            Output("inriktning"),
            Uppgift(("Låst", date(2026, 3, 2)), ("Antal", 1234), ("Volyminsats", False)),
            css_id="kategori",
            last="Kategoriseringen är låst sedan 2026-03-02.",
        ),
    )
    panel = visa(Provform(initial={"inriktning": "i"}, layout=layout)).get_element_by_id("kategori")

    assert not panel.xpath(".//input | .//select | .//textarea")
    assert panel.get("aria-labelledby") == "kategori-rubrik"
    assert "Låst" in panel.xpath(".//h2")[0].text_content()
    assert "låst sedan 2026-03-02" in panel.text_content()
    assert [dd.text_content() for dd in panel.xpath(".//dd")] == ["Individinriktad", "2026-03-02", "1\xa0234", "Nej"]


def test_knappar_har_fkuis_klasser_och_inga_andras():
    layout = Layout(
        Row("namn", Field("start", wrapper_class="sus-date")),
        uppdatera_val(),
        Knapprad(
            Submit("spara", "Spara"), Button("mer", "Mer"), Knapp("Lägg till", namn="fler"), Lank("Avbryt", "/x/")
        ),
    )
    sida = visa(Provform(layout=layout))

    rad = sida.xpath("//*[contains(@class, 'sus-actions')]")[0]
    assert [(e.tag, e.get("class")) for e in rad] == [
        ("button", "button button--primary button-group__item"),
        ("button", "button button--secondary button-group__item"),
        ("button", "button button--secondary button-group__item"),
        ("a", "button button--secondary button-group__item"),
    ]
    assert sida.xpath("//noscript//button/@name") == ["uppdatera"]
    assert "sus-date" in sida.get_element_by_id("div_id_start").get("class")


@pytest.mark.parametrize(
    ("text", "vantat"),
    [("2025-01-31", date(2025, 1, 31)), ("20250131", date(2025, 1, 31)), (" 2025-01-31 ", date(2025, 1, 31))],
)
def test_datum_tas_i_bada_formerna(text, vantat):
    assert Datumfalt().clean(text) == vantat


@pytest.mark.parametrize(
    "text", ["2025-1-1", "2025111", "2025-0131", "2025-02-30", "31/1 2025", "\u0662\u0660\u0662\u0665-01-31", "x\x00"]
)
def test_annat_an_ett_datum_ar_ett_fel(text):
    with pytest.raises(ValidationError, match="åååå-mm-dd"):
        Datumfalt().clean(text)


@pytest.mark.parametrize(("text", "vantat"), [("2025-01", date(2025, 1, 1)), ("202512", date(2025, 12, 1))])
def test_manad_blir_dess_forsta_dag(text, vantat):
    assert Manadsfalt().clean(text) == vantat


@pytest.mark.parametrize("text", ["2025-13", "2025-1", "2025", "0000-01", "2025-01-01"])
def test_annat_an_en_manad_ar_ett_fel(text):
    with pytest.raises(ValidationError, match="åååå-mm"):
        Manadsfalt().clean(text)


@pytest.mark.parametrize(("text", "vantat"), [("12", 12), ("1 234", 1234), ("1\xa0234", 1234), ("\u2212500", -500)])
def test_heltal_tas_som_svenskar_skriver_dem(text, vantat):
    assert Heltalsfalt().clean(text) == vantat


@pytest.mark.parametrize("text", ["1,5", "1.0", "tio", "1e3", "\u0661\u0662", "--1", "9" * 5000])
def test_annat_an_ett_heltal_ar_ett_fel(text):
    with pytest.raises(ValidationError):
        Heltalsfalt(max_value=10**9).clean(text)


@pytest.mark.parametrize(
    ("varde", "text"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0"),
        (12345, "12\xa0345"),
        (True, "Ja"),
        (date(2025, 1, 31), "2025-01-31"),
        (["a", "b"], "a, b"),
        ([], "–"),
    ],
)
def test_vardetext_ar_svensk(varde, text):
    assert vardetext(varde) == text


def test_utdata_visar_valens_etiketter():
    form = Provform(initial={"forsorjning": ["1000", "ingen"], "registrering": "ut"})

    assert utdata(form["forsorjning"]) == "Sjukpenning, Ingen offentlig försörjning"
    assert utdata(form["registrering"]) == "Utregistrering"
    assert utdata(form["inriktning"]) == "–"


def blad(sida, **extra):
    request = RequestFactory().get("/insatser/?q=väg&sida=2")
    kontext = {"sida": Paginator(range(5000), 10).page(sida), **extra}
    return html.fromstring(render_to_string("_sidor.html", kontext, request=request))


def test_bladdring_behaller_urvalet_och_markerar_sidan():
    nav = blad(2)

    assert nav.xpath(".//a[@aria-current]/text()") == ["2"]
    assert nav.xpath(".//a[@rel='next']/@href") == ["?q=v%C3%A4g&sida=3"]
    assert not nav.xpath(".//@hx-get")


def test_bladdring_med_htmx_ar_ocksa_lankar():
    lankar = blad(2, mal="insatslista").xpath(".//a")

    assert [lank.get("href") for lank in lankar] == [lank.get("hx-get") for lank in lankar]
    assert {lank.get("hx-target") for lank in lankar} == {"#insatslista"}


def test_kolumnrubrik_vander_sorteringen():
    request = RequestFactory().get("/insatser/?q=a&sida=3&sortering=namn")
    kontext = {"kolumn": "namn", "text": "Insats", "nu": "namn"}
    rad = html.fromstring(f"<table><tr>{render_to_string('_kolumnrubrik.html', kontext, request=request)}</tr></table>")

    assert rad.xpath("//th/@aria-sort") == ["ascending"]
    assert rad.xpath("//th/a/@href") == ["?q=a&sortering=-namn"]


@pytest.mark.parametrize("mall", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_felsidor_visas_utan_kontext_och_har_samma_rubrik_som_titel(mall):
    sida = html.document_fromstring(render_to_string(mall))

    (rubrik,) = sida.xpath("//h1")
    assert sida.xpath("//title")[0].text == f"{rubrik.text} – SUS"
    assert sida.xpath("//main//a[@href='/']")


@pytest.mark.parametrize("demo", [True, False])
def test_demo_star_pa_varje_sida(settings, demo):
    settings.DEMO = demo

    assert ("Demoläge: påhittade uppgifter, och tvåstegsinloggning är avstängd" in render_to_string("500.html")) is demo


@pytest.mark.parametrize("mall", MALLAR, ids=lambda fil: fil.name)
def test_mallar_har_ingen_inbaddad_stil_eller_kod(mall):
    text = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", mall.read_text(), flags=re.DOTALL)

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text)


def test_vendor_ar_det_som_verktyget_lamnar():
    forteckning = json.loads((VENDOR / "VENDOR.json").read_text())

    assert {namn: (p["version"], p["integrity"]) for namn, p in forteckning.items()} == {
        namn: (paket.version, f"sha512-{paket.sha512}") for namn, paket in vendor_ui.PAKET.items()
    }
    filer = {fil for paket in forteckning.values() for fil in paket["filer"]} | {"VENDOR.json"}
    assert filer == {fil.relative_to(VENDOR).as_posix() for fil in VENDOR.rglob("*") if fil.is_file()}
    assert (VENDOR / "fkui" / "LICENSE").exists()
    assert (VENDOR / "inter" / "LICENSE").exists()


def test_fel_summa_stoppar_hamtningen(monkeypatch):
    def npm(kommando, **_):
        (Path(kommando[4]) / "paket.tgz").write_bytes(b"utbytt")

    monkeypatch.setattr(vendor_ui.subprocess, "run", npm)

    with pytest.raises(SystemExit, match="sha512"):
        vendor_ui.hamta("@fkui/design", vendor_ui.PAKET["@fkui/design"])


def test_temat_slas_ihop_till_det_som_skiljer():
    ljust, morkt = b":root{\n  --a:1;\n  --b:2;\n}\n", b":root{\n  --a:1;\n  --b:3;\n}\n"

    tema = vendor_ui.sla_ihop_teman(ljust, morkt, "1.0").decode()

    assert tema.count("--a:1;") == 1
    assert tema.count("--b:3;") == 2


def test_ikonerna_som_anvands_finns():
    finns = set(re.findall(r'id="f-icon-([^"]+)"', (VENDOR / "fkui" / "icons.svg").read_text()))
    anvanda = {namn for mall in MALLAR for namn in re.findall(r'\{% ikon "([^"]+)"', mall.read_text())}

    assert anvanda <= finns


def test_egna_filer_hamtar_inget_utifran():
    for fil in [*STATISKT.glob("*.css"), *STATISKT.glob("*.js")]:
        assert not re.search(r"https?://|@import", fil.read_text()), fil

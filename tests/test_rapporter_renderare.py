"""Filerna: läsbara, utan formler, med urval och period (R37, P22)."""

import csv
import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from types import ModuleType

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from rapporter.grupper import Radkalla, Svar
from rapporter.kolumner import matten
from rapporter.rapport import bygg, celltext
from rapporter.renderare import pdf, rendera
from rapporter.urval import Koder, tolka
from rapporter.variabler import VARIABLER

KODER = Koder(
    forbund={"222000-1111": "Förbundet Ett"},
    variabler={namn: variabel.rubrik for namn, variabel in VARIABLER.items()},
)
FRAMTAGEN = datetime(2026, 10, 31, 8, 0, tzinfo=UTC)
FARLIGA = ["=1+1", "+46", "-minus", "@SUM(A1)", "\t=1+1", "\r=1+1"]


class UtanPango(ModuleType):
    """WeasyPrint så som det beter sig på en server utan Pango."""

    def __getattr__(self, namn):
        raise OSError("cannot load library 'libpango-1.0-0'")


def radkalla(namn="Steget", beskrivning="En beskrivning", **varden):
    grund = {
        "insatsbeskrivning": beskrivning,
        "samverkansorganisation": "Samordningsförbundet Västra Götalands skärgårdskommuner",
        "startdatum": date(2024, 1, 1),
        "slutdatum": date(2026, 12, 31),
        "inriktning": "struktur",
        "preciserad_inriktning": "rehabilitering_till_arbete",
        "malgrupp": ["myndighetspersonal", "samhallet", "annan_myndighetspersonal"],
        **{namn: 1_234_567 for namn, variabel in VARIABLER.items() if variabel.summeras},
        "budgeterad_insatskostnad": 123_456_789,
        "utfall_insatskostnad": -123_456_789,
        "volyminsats": False,
        **varden,
    }
    visade = {n: VARIABLER[n].tolka(v) if VARIABLER[n].tolka else v for n, v in grund.items()}
    return Radkalla(1, "I1", namn, beskrivning, "222000-1111", "Förbundet", tuple(visade[n] for n in VARIABLER))


def rapport(*kallor, fran="2025-01", till="2025-12", **val):
    urval = tolka({"fran": [fran], "till": [till], **val}, koder=KODER, idag=date(2026, 10, 31))
    nummer = [list(VARIABLER).index(matt.variabel.namn) for matt in matten(urval)]
    valda = [replace(kalla, varden=tuple(kalla.varden[nr] for nr in nummer)) for kalla in kallor]
    return bygg(Svar(valda, {"": len(kallor)}), urval=urval, koder=KODER, framtagen=FRAMTAGEN)


@pytest.mark.parametrize("text", FARLIGA)
def test_text_som_liknar_en_formel_ar_text(text):
    en = rapport(radkalla(namn=text, beskrivning=text, utfall_insatskostnad=-5))

    rader = list(csv.reader(io.StringIO(rendera(en, "csv").decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rader[1][1:3] == [f"'{text}", f"'{text}"]
    assert rader[1][-2] == "-5"

    celler = load_workbook(io.BytesIO(rendera(en, "xlsx")))["Insatsrapport"][2]
    assert {cell.data_type for cell in celler[:3]} == {"s"}
    assert celler[-2].value == -5


def test_tecken_som_xml_inte_tillater_stoppar_ingen_fil():
    en = rapport(radkalla(beskrivning="a\x01b\x0bc\uffff", namn="\x02"))
    for format in ("csv", "xlsx", "json", "html", "pdf"):
        assert rendera(en, format)


def test_excel_ar_formad_for_arbete():
    bok = load_workbook(io.BytesIO(rendera(rapport(radkalla(), radkalla(), fran="2025-03"), "xlsx")))
    blad = bok["Insatsrapport"]
    assert blad.freeze_panes == "C2"
    assert blad.auto_filter.ref == "A1:U3"
    assert blad["A4"].value == "Totalt"
    assert (blad["E2"].number_format, blad["E2"].value.date()) == ("yyyy-mm-dd", date(2024, 1, 1))
    assert (blad["J2"].number_format, blad["J4"].value) == ("#,##0", 2 * 1_234_567)
    assert blad["K1"].comment.text.startswith("Avser vald period.")

    urval = {rad[0]: rad[1] for rad in bok["Urval"].values}
    assert urval["Period"] == "2025-03 – 2025-12"
    assert urval["Framtagen"] == "2026-10-31 kl. 08.00"
    assert "inte hela kalenderår" in urval["Varning"] or "anonyma" in urval["Varning"]
    perioder = {rad[0]: rad[1] for rad in bok["Variabler"].values}
    assert perioder["Antal anonyma deltagare"] == "hela kalenderår"
    assert len(perioder) == 1 + len(VARIABLER)


@pytest.mark.parametrize(
    ("val", "antal"),
    [
        ({}, 1),
        ({"fran": "2025-02"}, 2),
        ({"variabler": ["antal_deltagare"], "fran": "2025-02"}, 0),
        ({"variabler": ["utfall_insatskostnad"], "fran": "2025-02"}, 1),
        ({"variabler": ["budgeterat_antal_deltagare", "antal_unika_deltagare"]}, 1),
        ({"variabler": ["budgeterat_antal_deltagare"]}, 0),
        ({"variabler": ["antal_deltagare", "startdatum"], "kon": ["man"]}, 0),
        ({"variabler": ["antal_deltagare", "utfall_insatskostnad"], "kon": ["man"]}, 1),
    ],
)
def test_varningarna_galler_jamforelser_som_haltar(val, antal):
    assert len(rapport(radkalla(), **val).varningar) == antal


def test_tal_visas_med_hart_blanksteg_och_tomt_ar_inte_noll():
    assert [celltext(v) for v in (1234567, 0, -5000, None, "", date(2025, 1, 31))] == [
        "1\u00a0234\u00a0567",
        "0",
        "-5\u00a0000",
        "",
        "",
        "2025-01-31",
    ]


def pdf_av(en, tmp_path):
    fil = tmp_path / "rapport.pdf"
    fil.write_bytes(rendera(en, "pdf"))
    return fil


def test_pdf_ar_taggad_liggande_och_har_urvalet_pa_varje_sida(tmp_path):
    fil = pdf_av(rapport(*[radkalla()] * 60, lan=["14"]), tmp_path)
    lasare = PdfReader(fil)
    rot = lasare.trailer["/Root"]
    assert rot["/MarkInfo"]["/Marked"]
    assert rot["/Lang"] == "sv"
    assert b'pdfuaid:part="1"' in rot["/Metadata"].get_data() or b"<pdfuaid:part>1<" in rot["/Metadata"].get_data()
    antal = len(lasare.pages)
    assert antal > 3
    for nummer, sida in enumerate(lasare.pages, 1):
        assert sida.mediabox.width > sida.mediabox.height
        text = sida.extract_text()
        assert f"Sida {nummer} av {antal}" in text
        assert "Västra Götalands län" in text
        assert "Framtagen 2026-10-31 kl. 08.00" in text
        assert "Insats" in text
    typsnitt = subprocess.run(["pdffonts", fil], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert all("SUS-Inter" in rad for rad in typsnitt), typsnitt


@pytest.mark.parametrize("variabler", [list(VARIABLER), list(VARIABLER)[6:14], ["antal_deltagare"]])
def test_pdf_klipper_och_overlappar_ingenting(tmp_path, variabler):
    """Ord ur PDF:en med sina rutor: inget utanför sidans marginaler och inga två ovanpå varandra."""
    fil = pdf_av(
        rapport(radkalla(), radkalla(namn="Ett mycket långt namn på en insats i Ätradalen"), variabler=variabler),
        tmp_path,
    )
    rader = subprocess.run(["pdftotext", "-tsv", fil, "-"], check=True, capture_output=True, text=True).stdout
    sidor = {}
    for rad in csv.DictReader(io.StringIO(rader), delimiter="\t", quoting=csv.QUOTE_NONE):
        if rad["level"] == "5":
            left, top, bredd, hojd = (float(rad[namn]) for namn in ("left", "top", "width", "height"))
            sidor.setdefault(rad["page_num"], []).append((left, top, left + bredd, top + hojd, rad["text"]))
    for ord_pa_sidan in sidor.values():
        for a in ord_pa_sidan:
            assert a[0] >= 28
            assert a[2] <= 842 - 28
            krockar = [
                b
                for b in ord_pa_sidan
                if b is not a and b[0] < a[2] - 0.5 and a[0] < b[2] - 0.5 and b[1] < a[3] - 3 and a[1] < b[3] - 3
            ]
            assert krockar == [], a


def test_pdf_delas_bara_nar_kolumnerna_inte_ryms():
    alla = rapport(radkalla()).kolumner
    assert len(pdf.delar(alla)) == 2
    assert pdf.delar(alla[6:14]) == [list(range(8))]


def test_pdf_utan_pango_sager_vad_som_ska_installeras(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", UtanPango("weasyprint"))
    with pytest.raises(pdf.PdfSaknas, match="apt-get install libpango"):
        rendera(rapport(radkalla()), "pdf")


def test_excel_skriver_varje_slag_av_varde_som_det_ar():
    text = "  <två> & blanksteg "
    en = rapport(radkalla(namn=text, budgeterat_antal_deltagare=None, startdatum=date(2024, 2, 29)))
    blad = load_workbook(io.BytesIO(rendera(en, "xlsx")))["Insatsrapport"]
    rubriker = [cell.value for cell in blad[1]]
    rad = dict(zip(rubriker[2:], blad[2][2:], strict=True))

    assert blad["B2"].value == text
    for kolumn, varde in zip(en.kolumner, en.rader[0].varden, strict=True):
        cell = rad[kolumn.rubrik]
        lasta = cell.value.date() if kolumn.ar_datum and cell.value else cell.value
        assert lasta == (None if varde == "" else varde)
        if varde is not None and not isinstance(varde, str):
            assert cell.data_type == ("d" if kolumn.ar_datum else "n")
            assert cell.number_format == ("yyyy-mm-dd" if kolumn.ar_datum else "#,##0")

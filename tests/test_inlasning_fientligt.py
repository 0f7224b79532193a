"""Fientliga filer på Läs in (P22): aldrig 500, under 300 MB minne, och ett besked på svenska."""

import io
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deltagare.overforing.fel import Ogiltigt
from deltagare.overforing.filformat import BUDGET, BUDGETPOSTER, INSATSER, VOLYMANTAL
from deltagare.overforing.uppladdat import ARBETSBOK, tolka
from tests import fabriker
from tests.importkatalog import FINSAM

KANDA = (INSATSER, BUDGET, BUDGETPOSTER, VOLYMANTAL)
MB = 1024 * 1024

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOK = (
    f'<workbook {NS} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Budget" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
REL = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="x" Target="worksheets/sheet1.xml"/></Relationships>'
)
HUVUD = "".join(
    f'<c r="{ref}1" t="inlineStr"><is><t>{namn}</t></is></c>' for ref, namn in (("A", "insats"), ("B", "ar"))
)
HUVUD = f'<row r="1">{HUVUD}</row>'


def arbetsbok(rader="", *, sort=zipfile.ZIP_DEFLATED, **delar):
    """En arbetsbok skriven för hand, där delar kan bytas ut."""
    innehall = {
        "xl/workbook.xml": BOK,
        "xl/_rels/workbook.xml.rels": REL,
        "xl/worksheets/sheet1.xml": f"<worksheet {NS}><sheetData>{HUVUD}{rader}</sheetData></worksheet>",
        **delar,
    }
    ut = io.BytesIO()
    with zipfile.ZipFile(ut, "w", sort) as arkiv:
        for namn, text in innehall.items():
            arkiv.writestr(namn, text)
    return ut.getvalue()


def arkiv(namn):
    """Ett zip-arkiv med en enda fil."""
    ut = io.BytesIO()
    with zipfile.ZipFile(ut, "w") as zip_:
        zip_.writestr(namn, "x")
    return ut.getvalue()


def med_egen_storlek(data, uppgiven):
    """Arkivet med en annan uppackad storlek i katalogen än den verkliga, för bladet."""
    plats = data.index(b"PK\x01\x02", data.index(b"xl/worksheets"))
    while data[plats + 46 : plats + 59] != b"xl/worksheets":
        plats = data.index(b"PK\x01\x02", plats + 1)
    return data[: plats + 24] + uppgiven.to_bytes(4, "little") + data[plats + 28 :]


BOMB = f"<worksheet {NS}><sheetData>{HUVUD}" + "<row>" * (10 * MB) + "</sheetData></worksheet>"
XXE = (
    f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet {NS}><sheetData>{HUVUD}'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
)
SKRATT = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><sst>&b;</sst>'

FIENTLIGA = {
    "tom": (b"", "Filen är tom."),
    "bara blanktecken": (b"\r\n \n\0", "Filen är tom."),
    "bild": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "Filen är ingen textfil"),
    "NUL i csv": (b"insats;ar\nA;2024\0\n", "Filen är ingen textfil"),
    "halvt tecken": (arbetsbok('<row r="2"><c t="inlineStr"><is><t>a_xD800_b</t></is></c></row>'), "skadad"),
    "NUL i excel": (arbetsbok('<row r="2"><c t="inlineStr"><is><t>a_x0000_b</t></is></c></row>'), "skadad"),
    "samma rad två gånger": (arbetsbok('<row r="2"><c><v>1</v></c></row><row r="2"><c><v>2</v></c></row>'), "skadad"),
    "gammal excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "äldre Excelformat"),
    "trasigt arkiv": (b"PK\x03\x04" + b"skrap" * 100, "skadad"),
    "avklippt arbetsbok": (arbetsbok('<row r="2"><c><v>1</v></c></row>')[:-200], "skadad"),
    "arkiv utan arbetsbok": (arkiv("a.txt"), "zip-arkiv"),
    "makron": (arbetsbok(**{"xl/vbaProject.bin": "x"}), "makron"),
    "ods": (arbetsbok(**{"content.xml": "x"}), ".ods"),
    "xlsb": (arbetsbok(**{"xl/workbook.bin": "x"}), ".xlsb"),
    "bomb": (arbetsbok(**{"xl/worksheets/sheet1.xml": BOMB}), "för stor"),
    "bomb som ljuger om sin storlek": (
        med_egen_storlek(arbetsbok(**{"xl/worksheets/sheet1.xml": BOMB}), 1000), "skadad"
    ),
    "bomb i texterna": (arbetsbok(**{"xl/sharedStrings.xml": "<sst>" + "<si/>" * (5 * MB) + "</sst>"}), "för stor"),
    "packad på ett sätt som inte går att strömma": (arbetsbok(sort=zipfile.ZIP_BZIP2), "skadad"),
    "djupt": (arbetsbok("<row>" * 3_000_000), "skadad"),
    "xxe": (arbetsbok(**{"xl/worksheets/sheet1.xml": XXE}), "XML-deklarationer"),
    "en miljard skratt": (arbetsbok(**{"xl/sharedStrings.xml": SKRATT}), "XML-deklarationer"),
    "trasig xml": (arbetsbok(**{"xl/workbook.xml": "<workbook><sheets>"}), "skadad"),
    "bladet saknas": (arbetsbok(**{"xl/_rels/workbook.xml.rels": REL.replace("sheet1", "sheet9")}), "skadad"),
    "blad utanför arkivet": (
        arbetsbok(**{"xl/_rels/workbook.xml.rels": REL.replace("worksheets/sheet1.xml", "../../../etc/passwd")}),
        "skadad",
    ),
    "stil utan tal": (arbetsbok(**{"xl/styles.xml": '<x><numFmts><numFmt numFmtId="x"/></numFmts></x>'}),
                      "skadad"),
    "radnummer utan tal": (arbetsbok('<row r="x"><c><v>1</v></c></row>'), "skadad"),
    "tio MB i ett fält": (("insats;ar\n" + "a" * (10 * MB)).encode(), "längre än 200000 tecken"),
    "citattecken som aldrig stängs": (b'insats;ar\n"A;2024\n' + b"x" * MB, "citattecken"),
    "en lång cell i excel": (
        arbetsbok(f'<row r="2"><c r="A2" t="inlineStr"><is><t>{"a" * 300_000}</t></is></c></row>'), "längre än"
    ),
    "en miljon rader": (b"insats;ar\n" + b"A;2024\n" * 1_000_000, "fler än 2000 rader"),
    "en miljon rader i excel": (arbetsbok("<row><c><v>1</v></c></row>" * 700_000), "fler än 2000 rader"),
    "tusen kolumner": (b";".join(b"k%d" % nr for nr in range(1000)) + b"\n" + b"1;" * 1000 + b"\n", None),
    "bara rubriker": (b"insats;ar\n", "bara en rubrikrad"),
    "fel teckenuppsättning": (b"insats;ar\n\x81\x8d;2024\n", "ingen textfil"),
    "udda UTF-16": (b"\xff\xfea", "ingen textfil"),
}  # fmt: skip


@pytest.mark.parametrize("vad", FIENTLIGA)
def test_fientlig_fil_nekas_pa_svenska(vad):
    data, besked = FIENTLIGA[vad]
    if besked is None:
        tolka(data, slag=BUDGET, kanda=KANDA)
        return
    with pytest.raises(Ogiltigt, match=re.escape(besked)):
        tolka(data, slag=BUDGET, kanda=KANDA)


@pytest.mark.django_db
@pytest.mark.parametrize("vad", FIENTLIGA)
def test_sidan_svarar_med_formularet_aldrig_500(client, vad):
    org = fabriker.organisation(organisationsnummer=FINSAM)
    client.force_login(fabriker.insatsansvarig(org))
    data, _ = FIENTLIGA[vad]
    for slag in (BUDGET, ARBETSBOK):
        svar = client.post(reverse("inlasning:insatser"), {"slag": slag, "fil": SimpleUploadedFile("x", data)})
        assert svar.status_code in {200, 302}
        if svar.status_code == 200:
            assert "felsammanfattning" in svar.content.decode()


@pytest.mark.django_db
def test_fel_typer_i_varje_kolumn_ar_radfel(client):
    org = fabriker.organisation(organisationsnummer=FINSAM)
    insats = fabriker.insats(org)
    client.force_login(fabriker.insatsansvarig(org))
    ont = [
        "=cmd|'/c calc'!A0",
        "9" * 400,
        "-1",
        "1e9999",
        "2024-02-30",
        "Ⅷ",
        "\u202e",
        "'; DROP TABLE x; --",
        "😀" * 50,
    ]
    for slag, kolumner in (
        (BUDGET, "insats;ar;planerat_antal;budgeterat_antal_volym"),
        (BUDGETPOSTER, "insats;ar;rad;budgettyp;budget;utfall"),
        (VOLYMANTAL, "insats;ar;antal"),
        (INSATSER, "insats;organisationsnummer;namn;startdatum;slutdatum;inriktning;preciserad_inriktning;"
                   "deltagarregistrering;malgrupper"),
    ):  # fmt: skip
        antal = kolumner.count(";") + 1
        rader = [";".join(['"' + ett + '"'] * antal) for ett in ont]
        rader += [";".join([insats.nyckel, *['"' + ett + '"'] * (antal - 1)]) for ett in ont]
        data = "\n".join([kolumner, *rader]).encode()
        svar = client.post(
            reverse("inlasning:insatser"), {"slag": slag, "fil": SimpleUploadedFile("x", data)}, follow=True
        )
        assert svar.status_code == 200
        assert "Inget har lästs in." in svar.content.decode()
        felfil = client.get(f"{svar.redirect_chain[-1][0]}fel/")
        assert felfil.status_code == 200
        for falt in re.split(r"[;\r\n]+", felfil.content.decode("utf-8-sig")):
            assert not re.match(r'"?[=+@]', falt), falt


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400), st.sampled_from([*KANDA, ARBETSBOK]))
def test_godtyckliga_byte_ger_ett_besked_eller_en_tabell(data, slag):
    for inledning in (b"", b"insats;ar\n", b"PK\x03\x04", b"\xff\xfe"):
        with suppress(Ogiltigt):
            tolka(inledning + data, slag=slag, kanda=KANDA)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 255))
def test_en_andrad_byte_i_en_arbetsbok_ger_ett_besked_eller_en_tabell(plats, byte):
    data = bytearray(arbetsbok('<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="b"><v>1</v></c></row>'))
    data[plats % len(data)] = byte
    with suppress(Ogiltigt):
        tolka(bytes(data), slag=BUDGET, kanda=KANDA)


@pytest.mark.django_db
def test_for_stor_fil_nekas_och_ligger_aldrig_pa_disken(client, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client.force_login(fabriker.insatsansvarig(fabriker.organisation(organisationsnummer=FINSAM)))
    fil = SimpleUploadedFile("x", b"a" * (5 * MB + 1))
    svar = client.post(reverse("inlasning:insatser"), {"slag": BUDGET, "fil": fil})
    assert "Filen är större än 5 MB." in svar.content.decode()
    assert list(tmp_path.iterdir()) == []


def test_minnet_halls_under_300_mb(tmp_path):
    """Alla filerna efter varandra i en egen process, med Django laddat: toppen är under gränsen."""
    # Värsta fall inom gränserna: fullt av små texter, rader med många celler, och stilar.
    varsta = {
        "texter": arbetsbok(**{"xl/sharedStrings.xml": "<sst>" + "<si><t>ab</t></si>" * 1_100_000 + "</sst>"}),
        "celler": arbetsbok("<row>" + "<c><v>12</v></c>" * 600_000 + "</row>"),
        "stilar": arbetsbok(**{"xl/styles.xml": "<x><cellXfs>" + "<xf/>" * 3_900_000 + "</cellXfs></x>"}),
    }
    vagar = []
    for nr, data in enumerate([*(data for data, _ in FIENTLIGA.values()), *varsta.values()]):
        vagar.append(tmp_path / str(nr))
        vagar[-1].write_bytes(data)
    program = """
import sys
from pathlib import Path
import tests
from deltagare.overforing.fel import Ogiltigt
from deltagare.overforing.uppladdat import tolka
for vag in sys.argv[1:]:
    try:
        tolka(Path(vag).read_bytes(), slag="budget.csv", kanda=("budget.csv",))
    except Ogiltigt:
        pass
# Inte ru_maxrss: den ärver föräldrens topp.
print(next(rad.split()[1] for rad in Path("/proc/self/status").read_text().splitlines() if rad.startswith("VmHWM")))
"""
    svar = subprocess.run(
        [sys.executable, "-c", program, *map(str, vagar)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert int(svar.stdout.split()[-1]) // 1024 < 300

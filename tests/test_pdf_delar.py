"""En lång rapport som PDF i delar: ett dokument, ett strukturträd till varje sida, och samma tal som i JSON."""

import io
import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pikepdf
import pytest
from pypdf import PdfReader

from rapporter.diagram import staplar
from rapporter.renderare import json as json_renderare
from rapporter.renderare import pdf, pdf_delar
from rapporter.renderare.pdffil import Pdffil
from rapporter.renderare.taggar import stamplar, ta_isar
from rapporter.tabell import Grupp, Kolumn, Rad, Rapport
from rapporter.urval import Koder, tolka
from rapporter.variabler import VARIABLER
from tests import jobb

KODER = Koder(
    forbund={"222000-1111": "Förbundet Ett"},
    variabler={namn: variabel.rubrik for namn, variabel in VARIABLER.items()},
)
FAKTA = {
    "insatsbeskrivning": "En beskrivning (med parentes) och \\ och 12 0 R",
    "samverkansorganisation": "Samordningsförbundet Västra Götaland",
    "startdatum": date(2024, 1, 1),
    "slutdatum": date(2026, 12, 31),
    "inriktning": "Strukturpåverkande",
    "preciserad_inriktning": "Rehabilitering till arbete",
    "malgrupp": "Myndighetspersonal",
    "volyminsats": "Nej",
}


def lang_rapport(antal: int, per_organisation: int = 9, **falt: object) -> Rapport:
    """En rapport med alla variabler; rad nummer n har talet 100 000 + n i varje kolumn med tal."""
    urval = tolka({"fran": ["2025-01"], "till": ["2025-12"]}, koder=KODER, idag=date(2026, 10, 31))
    kolumner = tuple(Kolumn(v.namn, v.rubrik, v.period, v.slag, v.definition, v.summeras) for v in VARIABLER.values())
    rader = tuple(
        Rad(
            f"I{nr}",
            f"Insats{nr:05}",
            "",
            tuple(FAKTA.get(kolumn.namn, 100_000 + nr) for kolumn in kolumner),
            organisation=f"222000-{nr // per_organisation:04}",
        )
        for nr in range(antal)
    )
    totalt = tuple(
        sum(rad.varden[nr] for rad in rader) if kolumn.ar_tal else None for nr, kolumn in enumerate(kolumner)
    )
    return replace(
        Rapport(
            slag="insatsrapport",
            rubrik="Insatsrapport",
            upplysning="En upplysning.",
            urval=urval,
            urval_i_ord=urval.i_ord(KODER),
            framtagen=datetime(2026, 10, 31, 8, 0, tzinfo=UTC),
            ledrubriker=("Insats", "Insatsnamn"),
            lednamn=("insats", "insatsnamn"),
            namnrubrik="Insats",
            kolumner=kolumner,
            rader=rader,
            totalt=totalt,
            antal=antal,
            antal_rubrik="Antal insatser",
            antal_text=f"{antal} insatser",
            varningar=("En varning.",),
        ),
        **falt,
    )


def gor(rapport: Rapport, **val: object) -> bytes:
    ut = io.BytesIO()
    pdf_delar.rendera(rapport, ut, **val)
    return ut.getvalue()


@pytest.fixture(scope="module")
def rapport():
    return lang_rapport(60, diagram=(staplar("Deltagare", "Per månad", ["jan", "feb"], {"Alla": [1, 2]}),))


@pytest.fixture(scope="module")
def framsteg():
    return []


@pytest.fixture(scope="module")
def fil(rapport, framsteg):
    with pytest.MonkeyPatch.context() as m:
        m.setattr(pdf_delar, "RADER_PER_DEL", 20)
        return gor(rapport, processer=2, framsteg=framsteg.append)


@pytest.fixture
def dokument(fil):
    with pikepdf.open(io.BytesIO(fil)) as oppnat:
        yield oppnat


@pytest.fixture(scope="module")
def sidor(fil):
    return [sida.extract_text() for sida in PdfReader(io.BytesIO(fil)).pages]


def mcid_i_strukturen(dokument):
    """(sida, mcid) → hur många gånger den nås uppifrån, och objekten som pekar på sin förälder."""
    sidans = {sida.obj.objgen: nr for nr, sida in enumerate(dokument.pages)}
    funna = Counter()

    def ga(element, sida):
        if "/Pg" in element:
            sida = sidans[element.Pg.objgen]
        barn = element.get("/K", [])
        for ett in barn if isinstance(barn, pikepdf.Array) else [barn]:
            if isinstance(ett, int):
                funna[sida, ett] += 1
            elif ett.get("/Type") != "/OBJR":
                assert ett.P.objgen == element.objgen
                ga(ett, sida)

    ga(dokument.Root.StructTreeRoot, None)
    return funna


def mcid_pa_sidorna(dokument):
    return {
        (nr, int(operand[1].MCID))
        for nr, sida in enumerate(dokument.pages)
        for operand, operator in pikepdf.parse_content_stream(sida)
        if str(operator) == "BDC" and isinstance(operand[1], pikepdf.Dictionary) and "/MCID" in operand[1]
    }


def test_strukturen_nar_allt_markt_innehall_pa_varje_sida_en_gang(dokument):
    funna = mcid_i_strukturen(dokument)
    assert len(dokument.pages) >= 6
    assert {sida for sida, _ in funna} == set(range(len(dokument.pages)))
    assert set(funna) == mcid_pa_sidorna(dokument)
    assert set(funna.values()) == {1}


def test_foraldratradet_leder_tillbaka_till_samma_element(dokument):
    """ParentTree: sidans nyckel ger för varje mcid elementet som har den."""
    nycklar = {}
    for gren in dokument.Root.StructTreeRoot.ParentTree.Kids:
        par = list(gren.Nums)
        nycklar |= dict(zip(map(int, par[::2]), par[1::2], strict=True))
        assert (min(map(int, par[::2])), max(map(int, par[::2]))) == tuple(map(int, gren.Limits))
    assert sorted(nycklar) == [int(sida.obj.StructParents) for sida in dokument.pages]
    for sida in dokument.pages:
        rad = list(nycklar[int(sida.obj.StructParents)])
        assert sum(ett is None for ett in rad) == 1, "sidfoten är en artefakt"
        for mcid, element in enumerate(rad):
            if element is None:
                continue
            assert element.Pg.objgen == sida.obj.objgen
            assert mcid in [int(ett) for ett in element.K if isinstance(ett, int)]


def test_rubrikcellernas_id_ar_egna_och_cellerna_hittar_dem(dokument):
    celler, tabeller = [], []

    def ga(element):
        barn = element.get("/K", [])
        for ett in barn if isinstance(barn, pikepdf.Array) else [barn]:
            if isinstance(ett, pikepdf.Dictionary) and "/S" in ett:
                if ett.S == "/Table":
                    tabeller.append(ett)
                if ett.S in ("/TH", "/TD"):
                    celler.append(ett)
                ga(ett)

    ga(dokument.Root.StructTreeRoot)
    id_ = [str(cell.ID) for cell in celler if "/ID" in cell]
    assert len(id_) == len(set(id_)) > 60
    assert len(tabeller) >= 6
    hanvisade = {str(ett) for cell in celler if cell.S == "/TD" for ett in cell.A.get("/Headers", [])}
    assert hanvisade <= set(id_)
    assert hanvisade


def test_dokumentet_ar_ett_och_filen_hel(fil, dokument, tmp_path):
    assert dokument.check_pdf_syntax() == []
    assert (str(dokument.Root.Lang), bool(dokument.Root.MarkInfo.Marked)) == ("sv", True)
    assert bool(dokument.Root.ViewerPreferences.DisplayDocTitle)
    assert str(dokument.docinfo.Title) == "Insatsrapport 2025-01 – 2025-12"
    assert re.search(rb'pdfuaid:part(="1"|>1<)', dokument.Root.Metadata.read_bytes())
    assert [str(ett.S) for ett in dokument.Root.StructTreeRoot.K] == ["/Document"]
    with dokument.open_outline() as trad:
        [rubrik] = trad.root
        assert (rubrik.title, [barn.title for barn in rubrik.children]) == (
            "Insatsrapport",
            ["Uppgifter om 60 insatser", "Antal och kostnader", "Diagram"],
        )
        [forsta] = [nr for nr, sida in enumerate(dokument.pages) if sida.obj.objgen == rubrik.destination[0].objgen]
        assert forsta == 0
    sokvag = tmp_path / "lang.pdf"
    sokvag.write_bytes(fil)
    svar = subprocess.run(["pdfinfo", "-struct-text", sokvag], capture_output=True, text=True, check=True)
    assert svar.stderr == ""
    assert '"Insats00059"' in svar.stdout


def test_sidnumret_star_pa_varje_sida_utanfor_strukturen(dokument, sidor):
    assert [re.search(r"Sida (\d+) av (\d+)", sida).groups() for sida in sidor] == [
        (str(nr), str(len(sidor))) for nr in range(1, len(sidor) + 1)
    ]
    for sida in dokument.pages:
        satser = [(str(operator), operander) for operander, operator in pikepdf.parse_content_stream(sida)]
        [plats] = [nr for nr, (operator, op) in enumerate(satser) if operator == "Do" and op[0] == "/SusSida"]
        assert [operator for operator, _ in satser[plats - 2 : plats + 3]] == ["BDC", "q", "Do", "Q", "EMC"]
        assert satser[plats - 2][1][0] == "/Artifact"
        djup = 0
        for operator, _ in satser[: plats - 2]:
            djup += {"BDC": 1, "BMC": 1, "EMC": -1}.get(operator, 0)
        assert djup == 0, "stämpeln ligger i något annat"
        stampel = sida.obj.Resources.XObject["/SusSida"]
        assert not mcid_i(stampel)


def mcid_i(form):
    return [
        operand
        for operand, operator in pikepdf.parse_content_stream(form)
        if str(operator) == "BDC" and "MCID" in str(operand[1])
    ]


def test_varje_rad_star_en_gang_i_varje_tabell_med_talen_i_json(rapport, sidor):
    facit = json.loads(json_renderare.rendera(rapport))
    text = "\n".join(sidor)
    i_ordning = re.findall(r"Insats\d{5}", text)
    namn = [rad["insatsnamn"] for rad in facit["rader"]]
    assert i_ordning == namn * 2
    tal = text.replace("\u00a0", "")
    for rad in facit["rader"]:
        antal = sum(1 for varde in rad.values() if isinstance(varde, int))
        assert antal == 11
        assert len(re.findall(rf"\b{rad['antal_deltagare']}\b", tal)) == antal


def test_totalt_star_bara_sist_i_tabellen(rapport, sidor):
    med_totalt = [nr for nr, sida in enumerate(sidor) if "Totalt" in sida]
    sista_raden = max(nr for nr, sida in enumerate(sidor) if "Insats00059" in sida)
    assert med_totalt == [sista_raden]
    summa = f"{facit_summa(rapport):,}".replace(",", "\u00a0")
    assert summa in sidor[sista_raden]


def facit_summa(rapport):
    return sum(100_000 + nr for nr in range(len(rapport.rader)))


def test_framsteget_vaxer_till_alla_rader(framsteg):
    assert framsteg == sorted(framsteg)
    assert framsteg[-1] == 60


@pytest.mark.parametrize(
    ("antal", "per", "vantat"),
    [
        (50, 10, [(0, 20), (20, 40), (40, 50)]),
        (50, 15, [(0, 30), (30, 50)]),
        (70, 100, [(0, 40), (40, 70)]),
        (5, 2, [(0, 5)]),
        (0, 1, []),
    ],
)
def test_en_del_slutar_efter_en_organisations_sista_rad(monkeypatch, antal, per, vantat):
    monkeypatch.setattr(pdf_delar, "RADER_PER_DEL", 20)
    monkeypatch.setattr(pdf_delar, "HOGST_PER_DEL", 40)
    assert list(pdf_delar.gruppera(lang_rapport(antal, per).rader)) == vantat


def test_delsummor_och_kolumngrupper_foljer_med(monkeypatch):
    monkeypatch.setattr(pdf_delar, "RADER_PER_DEL", 3)
    rapport = lang_rapport(6, 3)
    tal = [nr for nr, kolumn in enumerate(rapport.kolumner) if kolumn.ar_tal]
    kolumner = tuple(
        replace(kolumn, grupp="Tre tal", underrubrik=f"Del {nr}") if nr in tal[:3] else kolumn
        for nr, kolumn in enumerate(rapport.kolumner)
    )
    grupper = tuple(Grupp(str(nr), f"Grupp {nr}", 3, rapport.totalt) for nr in range(2))
    innehall = gor(replace(rapport, kolumner=kolumner, grupper=grupper, grupprubrik="Grupp"), processer=1)
    text = "\n".join(sida.extract_text() for sida in PdfReader(io.BytesIO(innehall)).pages)
    assert [text.count(f"Delsumma Grupp {nr}") for nr in range(2)] == [1, 1]
    assert "Tre tal" in text
    assert "Del 0" not in text
    assert all(f"Del {nr}" in text for nr in tal[:3])


def test_manga_kolumner_delas_pa_fler_tabeller_och_en_grupp_halls_ihop():
    mall = next(kolumn for kolumn in lang_rapport(1).kolumner if kolumn.ar_tal)
    kolumner = [replace(mall, namn=f"tal{nr}", grupp=f"Grupp {nr // 3}") for nr in range(60)]
    tabeller = pdf.delar(kolumner)
    assert [nr for tabell in tabeller for nr in tabell] == list(range(60))
    assert len(tabeller) > 2
    assert all(len(tabell) % 3 == 0 for tabell in tabeller)


def test_ett_avbrott_slutar_processerna():
    class Avbrutet(Exception):
        pass

    def avbryt(klara):
        raise Avbrutet

    with pytest.raises(Avbrutet):
        gor(lang_rapport(20), processer=1, framsteg=avbryt)
    assert jobb.barn(os.getpid()) == []


def test_en_stampel_for_lite_ar_ett_fel():
    del_ = pdf.rendera(lang_rapport(1))
    fil = Pdffil(io.BytesIO())
    fil.lagg_till(ta_isar(del_, 0))
    fil.lagg_till(ta_isar(del_, 1))
    with pytest.raises(ValueError, match="en stämpel per sida"):
        fil.avsluta([stamplar(del_)])


def test_en_tom_rapport_blir_en_fil():
    innehall = gor(lang_rapport(0, tomt="Inga insatser"))
    assert "Insatsrapport" in PdfReader(io.BytesIO(innehall)).pages[0].extract_text()


def test_bara_nagra_delar_ar_pa_gang_at_gangen(monkeypatch):
    """Minnet beror inte på hur lång rapporten är: en del görs som HTML först när en tidigare är skriven."""
    monkeypatch.setattr(pdf_delar, "RADER_PER_DEL", 5)
    gjorda, skrivna, mest = 0, 0, 0
    riktiga, lagg_till = pdf_delar.delar, Pdffil.lagg_till

    def delar(rapport):
        nonlocal gjorda, mest
        for del_ in riktiga(rapport):
            gjorda += 1
            mest = max(mest, gjorda - skrivna)
            yield del_

    def skriv(self, bit):
        nonlocal skrivna
        skrivna += 1
        lagg_till(self, bit)

    monkeypatch.setattr(pdf_delar, "delar", delar)
    monkeypatch.setattr(Pdffil, "lagg_till", skriv)
    gor(lang_rapport(20, 5), processer=1)
    assert gjorda == skrivna == 8
    assert mest == 2  # en görs, och en väntar på sin process


def test_en_eller_flera_processer_ger_samma_fil(monkeypatch):
    monkeypatch.setattr(pdf_delar, "RADER_PER_DEL", 5)
    rapport = lang_rapport(15, 5)
    assert gor(rapport, processer=1) == gor(rapport, processer=2)

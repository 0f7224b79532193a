"""Långa rapporter som jobb: beställningen, arbetaren som gör den, och att effekten blir en (P2, P4, P15, P19)."""

import asyncio
import gc
import io
import json
import signal
import sys
import tempfile
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.utils import timezone
from openpyxl import load_workbook
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, JobAborted
from pypdf import PdfReader

from behorighet.models import Behorighet
from behorighet.roller import Rattighet, Roll
from behorighet.skydd import satt_sammanhang
from insatser.models import Insats
from rapporter import arbetare, fragor, jobbvyer, langa
from rapporter import jobb as jobben
from rapporter.models import Bestallning, Bestallningsdel, Lage
from rapporter.renderare import excel, pdf, rendera
from rapporter.tjanster import bestallning as tjanster
from rapporter.tjanster import korning as korningar
from rapporter.urval import tolka
from rapporter.variabler import VARIABLER
from tests import fabriker, jobb, oberoende, oberoende_jamforelser, slumpdata
from tests.databas import som_agare
from tests.samtidigt import samtidigt
from tests.test_pdf_delar import lang_rapport

URVAL = "fran=2025-01&till=2025-12"
MINA = "/rapporter/mina/"


def sidan(bestallning, del_=""):
    return f"{MINA}{bestallning.pk}/{del_}"


@pytest.fixture
def konto():
    konto = jobb.analytiker()
    satt_sammanhang(konto)
    return konto


@pytest.fixture
def bestallning(konto):
    return jobb.bestall(konto)


def gor_klar(bestallning, innehall=b"%PDF-1.7 x"):
    korning = korningar.borja(bestallning.pk)
    korningar.bli_klar(korning, fil=io.BytesIO(innehall))
    bestallning.refresh_from_db()
    return bestallning


def aldre(bestallning, **tid):
    """Flyttar beställningen bakåt i tiden, som ägaren: ingen annan får ändra när den gjordes."""
    with som_agare():
        gammal = timezone.now() - timedelta(**tid)
        with connection.cursor() as markor:
            markor.execute(
                "UPDATE rapporter_bestallning SET bestalld_vid = %s, avslutad_vid = CASE WHEN avslutad_vid IS NULL "
                "THEN NULL ELSE %s END WHERE id = %s",
                [gammal, gammal, bestallning.pk],
            )


@pytest.mark.django_db
class TestBestalla:
    def test_jobbet_finns_om_bestallningen_finns_och_sager_bara_dess_nummer(self, konto, bestallning):
        [jobbet] = ProcrastinateJob.objects.all()
        assert (jobbet.task_name, jobbet.args) == ("gor_rapport", {"bestallning": str(bestallning.pk)})

    def test_samma_bestallning_igen_ar_samma_jobb(self, konto, bestallning):
        assert jobb.bestall(konto) == bestallning
        assert ProcrastinateJob.objects.count() == 1
        assert jobb.bestall(konto, "xlsx") != bestallning
        assert jobb.bestall(konto, till="2025-11") != bestallning

    def test_en_avslutad_kan_bestallas_pa_nytt(self, konto, bestallning):
        gor_klar(bestallning)
        assert jobb.bestall(konto) != bestallning

    def test_hogst_fem_at_gangen(self, konto):
        for manad in range(1, 1 + tjanster.HOGST_OPPNA):
            jobb.bestall(konto, fran=f"2025-{manad:02}")
        with pytest.raises(ValidationError, match="Vänta tills någon av dem är klar"):
            jobb.bestall(konto, fran="2024-01")

    def test_adressen_som_far_en_lang_rapport_erbjuder_att_bestalla_den(self, client, konto, monkeypatch):
        monkeypatch.setattr("rapporter.langa.RADER_I_PDF", 2)
        monkeypatch.setattr("rapporter.langa.CELLER_I_EXCEL", 2)
        client.force_login(konto)
        for format, namn in (("pdf", "PDF"), ("xlsx", "Excel")):
            svar = client.get(f"/rapporter/insats/?{URVAL}&format={format}")
            assert svar.status_code == 200
            assert f"Beställ Insatsrapport 2025-01 – 2025-12 som {namn}" in svar.content.decode()
        assert client.get(f"/rapporter/insats/?{URVAL}&format=csv").headers["Content-Type"].startswith("text/csv")
        assert not Bestallning.objects.exists()

    def test_knappen_bestaller_och_leder_till_sidan(self, client, konto):
        client.force_login(konto)
        forsta = client.post(f"/rapporter/bestall/?{URVAL}&format=pdf")
        andra = client.post(f"/rapporter/bestall/?{URVAL}&format=pdf")
        [egen] = Bestallning.objects.all()
        assert forsta.headers["Location"] == andra.headers["Location"] == sidan(egen)
        assert "Väntar på sin tur" in client.get(sidan(egen)).content.decode()

    def test_utan_pango_erbjuds_ingen_pdf(self, client, konto, monkeypatch):
        def saknas():
            raise pdf.PdfSaknas("Pango saknas")

        monkeypatch.setattr(pdf, "krav", saknas)
        monkeypatch.setattr("rapporter.langa.RADER_I_PDF", 2)
        client.force_login(konto)
        svar = client.get(f"/rapporter/insats/?{URVAL}&format=pdf")
        assert svar.status_code == 503
        assert "Pango saknas" in svar.content.decode()
        assert ">Beställ</button>" not in svar.content.decode()
        assert "Pango saknas" in client.post(f"/rapporter/bestall/?{URVAL}&format=pdf", follow=True).content.decode()
        assert not Bestallning.objects.exists()

    def test_erbjudandet_sager_cellerna_och_raknar_tiden_pa_dem(self, client, konto, monkeypatch):
        monkeypatch.setattr("rapporter.langa.CELLER_I_PDF", 2)
        monkeypatch.setattr("rapporter.jobbvyer._I_SEKUNDEN", {"pdf": 0.5})
        client.force_login(konto)
        svar = client.get(f"/rapporter/insats/?{URVAL}&format=pdf").content.decode()
        celler = 3 * (2 + len(VARIABLER))
        assert f"3 rader och {celler} celler" in svar
        assert f"ungefär {-(-celler * 2 // 60)} minuter" in svar

    @pytest.mark.parametrize("fraga", ["format=pdf", f"{URVAL}", f"{URVAL}&format=csv", f"{URVAL}&lan=99&format=pdf"])
    def test_ett_urval_som_inte_gar_leder_till_urvalsbilden(self, client, konto, fraga):
        client.force_login(konto)
        svar = client.post(f"/rapporter/bestall/?{fraga}")
        assert svar.headers["Location"].startswith("/rapporter/insats/?")
        assert not Bestallning.objects.exists()

    def test_utan_roll_gar_inget(self, client, bestallning):
        client.force_login(fabriker.anvandare())
        for adress in (MINA, sidan(bestallning), sidan(bestallning, "fil/")):
            assert client.get(adress).status_code == 403
        assert client.post(f"/rapporter/bestall/?{URVAL}&format=pdf").status_code == 403


@pytest.mark.django_db
class TestMinaRapporter:
    def test_bara_den_som_bestallde_nar_den(self, client, bestallning):
        gor_klar(bestallning)
        client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
        for del_ in ("", "fil/"):
            assert client.get(sidan(bestallning, del_)).status_code == 404
        for del_ in ("avbryt/", "ta-bort/"):
            assert client.post(sidan(bestallning, del_)).status_code == 404
        assert "Inga beställda rapporter" in client.get(MINA).content.decode()
        assert client.get(f"{MINA}{uuid4()}/").status_code == 404

    def test_filen_hamtas_och_har_inget_om_nagon_i_namnet(self, client, konto, bestallning):
        gor_klar(bestallning, b"x" * (2 * korningar.BIT + 5))
        assert Bestallningsdel.objects.count() == 3
        client.force_login(konto)
        svar = client.get(sidan(bestallning, "fil/"))
        assert (svar.content, svar.headers["Content-Type"]) == (b"x" * (2 * korningar.BIT + 5), "application/pdf")
        assert svar.headers["Content-Disposition"] == 'attachment; filename="insatsrapport_2025-01_2025-12.pdf"'
        assert svar.headers["Cache-Control"] == "no-store"

    def test_filen_finns_inte_forran_den_ar_klar_och_inte_utan_behorighet(self, client, konto, bestallning):
        client.force_login(konto)
        assert client.get(sidan(bestallning, "fil/")).status_code == 404
        gor_klar(bestallning)
        Behorighet.objects.filter(anvandare=konto).update(till=timezone.localdate() - timedelta(days=1))
        assert client.get(sidan(bestallning, "fil/")).status_code == 403
        assert "sus-klart" not in client.get("/").content.decode()  # sidan som beskedet leder till nås inte

    def test_beskedet_star_pa_varje_sida_tills_listan_har_oppnats(self, client, konto, bestallning):
        client.force_login(konto)
        assert "sus-klart" not in client.get("/").content.decode()
        gor_klar(bestallning)
        for adress in ("/", "/rapporter/insats/", "/hjalp/"):
            assert "En rapport som du har beställt är klar" in client.get(adress).content.decode()
        client.get(MINA)
        assert "sus-klart" not in client.get("/").content.decode()

    def test_beskedet_ar_bara_den_egnas(self, client, bestallning):
        gor_klar(bestallning)
        client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
        assert "sus-klart" not in client.get("/").content.decode()

    def test_beskedet_sager_ocksa_det_som_inte_gick(self, client, konto, bestallning):
        client.force_login(konto)
        korningar.misslyckas(korningar.borja(bestallning.pk), fel="x")
        assert "En rapport som du har beställt gick inte att göra" in client.get("/").content.decode()
        client.get(sidan(bestallning))
        assert "sus-klart" not in client.get("/").content.decode()

    def test_det_som_marks_som_sett_star_i_listan(self, client, konto, bestallning, monkeypatch):
        """Också den som blir klar just innan: annars försvinner beskedet om en rapport som ingen har sett."""
        client.force_login(konto)
        riktiga = tjanster.se

        def se(**val):
            gor_klar(bestallning)
            riktiga(**val)

        monkeypatch.setattr(tjanster, "se", se)
        assert "Hämta PDF" in client.get(MINA).content.decode()

    def test_sidan_som_hamtar_sig_sjalv_slutar_nar_bestallningen_ar_borta(self, client, konto):
        client.force_login(konto)
        svar = client.get(f"{MINA}{uuid4()}/", headers={"HX-Request": "true"})
        assert (svar.status_code, svar.headers["HX-Refresh"]) == (200, "true")
        assert client.get(f"{MINA}{uuid4()}/").status_code == 404

    def test_filen_ges_hel_eller_inte_alls(self, client, konto, bestallning):
        gor_klar(bestallning, b"x" * (korningar.BIT + 1))
        with som_agare():
            Bestallningsdel.objects.filter(nr=1).delete()
        client.force_login(konto)
        assert client.get(sidan(bestallning, "fil/")).status_code == 404

    def test_filen_finns_till_ett_klockslag(self, client, konto, bestallning):
        gor_klar(bestallning)
        client.force_login(konto)
        slut = timezone.localtime(bestallning.tas_bort)
        assert f"{slut:%Y-%m-%d} kl. {slut:%H.%M}" in client.get(sidan(bestallning)).content.decode()
        assert f"{slut:%Y-%m-%d} kl. {slut:%H.%M}" in client.get(MINA).content.decode()

    def test_utan_arbetare_sager_sidan_det_efter_en_minut(self, client, konto, bestallning):
        client.force_login(konto)
        text = "programmet som gör dem är inte igång"
        for adress in (MINA, sidan(bestallning)):
            assert text not in client.get(adress).content.decode()
        aldre(bestallning, minutes=2)
        for adress in (MINA, sidan(bestallning)):
            assert text in client.get(adress).content.decode()
        with connection.cursor() as markor:
            markor.execute("SELECT procrastinate_register_worker_v1()")
        for adress in (MINA, sidan(bestallning)):
            assert text not in client.get(adress).content.decode()

    def test_framsteget_hamtar_sig_sjalvt_tills_det_ar_klart(self, client, konto, bestallning):
        client.force_login(konto)
        korning = korningar.borja(bestallning.pk)
        korningar.framsteg(korning, klara=0, rader=4000)
        korningar.framsteg(korning, klara=1000)
        svar = client.get(sidan(bestallning), headers={"HX-Request": "true"}).content.decode()
        assert '<div id="framsteg"' in svar
        assert "<html" not in svar
        assert 'hx-trigger="every 2s"' in svar
        assert 'max="4000" value="1000"' in svar
        assert "minut" in svar
        korningar.bli_klar(korning, fil=io.BytesIO(b"x"))
        svar = client.get(sidan(bestallning), headers={"HX-Request": "true"})
        assert (svar.content, svar.headers["HX-Refresh"]) == (b"", "true")
        svar = client.get(sidan(bestallning)).content.decode()
        assert "hx-trigger" not in svar
        assert "Hämta PDF" in svar

    def test_att_sidan_hamtar_sig_sjalv_forlanger_inte_sessionen(self, client, konto, bestallning):
        client.force_login(konto)
        client.get(sidan(bestallning), headers={"HX-Request": "true", "HX-Trigger": "framsteg"})
        assert "aktiv" not in client.session
        client.get(sidan(bestallning))
        assert "aktiv" in client.session

    def test_avbryt_och_ta_bort(self, client, konto, bestallning):
        client.force_login(konto)
        korning = korningar.borja(bestallning.pk)
        assert client.post(sidan(bestallning, "ta-bort/")).status_code == 404
        assert client.post(sidan(bestallning, "avbryt/"), follow=True).status_code == 200
        bestallning.refresh_from_db()
        assert bestallning.lage == Lage.AVBRUTEN
        with pytest.raises(korningar.Inaktuell):
            korningar.framsteg(korning, klara=1)
        with pytest.raises(korningar.Inaktuell):
            korningar.bli_klar(korning, fil=io.BytesIO(b"x"))
        assert korningar.borja(bestallning.pk) is None
        assert client.post(sidan(bestallning, "ta-bort/"), follow=True).status_code == 200
        assert not Bestallning.objects.exists()

    def test_en_klar_gar_inte_att_avbryta_men_att_ta_bort(self, client, konto, bestallning):
        gor_klar(bestallning)
        client.force_login(konto)
        client.post(sidan(bestallning, "avbryt/"))
        bestallning.refresh_from_db()
        assert bestallning.ar_klar
        client.post(sidan(bestallning, "ta-bort/"))
        assert (Bestallning.objects.count(), Bestallningsdel.objects.count()) == (0, 0)

    def test_listan_kostar_lika_mycket_med_en_som_med_flera(self, client, konto, django_assert_num_queries):
        client.force_login(konto)
        client.get(MINA)
        with connection.execute_wrapper(lambda kor, *rest: (satser.append(rest[0]), kor(*rest))[1]):
            satser = []
            client.get(MINA)
            utan = len(satser)
            for manad in range(1, 5):
                jobb.bestall(konto, fran=f"2025-{manad:02}")
            satser = []
            client.get(MINA)
        assert len(satser) == utan


@pytest.mark.django_db
class TestSjuDagar:
    def test_efter_sju_dagar_syns_den_inte_och_sedan_finns_den_inte(self, client, konto, bestallning):
        gor_klar(bestallning)
        client.force_login(konto)
        aldre(bestallning, days=6, hours=23)
        assert tjanster.glom_gamla() == 0
        assert client.get(sidan(bestallning, "fil/")).status_code == 200
        aldre(bestallning, days=7, minutes=1)
        assert client.get(sidan(bestallning, "fil/")).status_code == 404
        assert "sus-klart" not in client.get("/").content.decode()
        assert tjanster.glom_gamla() == 1
        assert (Bestallning.objects.count(), Bestallningsdel.objects.count()) == (0, 0)

    def test_allas_gamla_stadas_utan_att_den_som_stadar_ser_dem(self, konto, bestallning):
        gor_klar(bestallning)
        aldre(bestallning, days=8)
        satt_sammanhang(None)
        assert (Bestallning.objects.count(), tjanster.glom_gamla()) == (0, 1)


@pytest.mark.django_db
class TestKorningen:
    """Arbetaren utan kö: försöken, och beställarens rätt."""

    def test_ett_senare_forsok_tar_over(self, bestallning):
        forsta, andra = korningar.borja(bestallning.pk), korningar.borja(bestallning.pk)
        assert (forsta.forsok, andra.forsok) == (1, 2)
        for gor in (
            lambda: korningar.framsteg(forsta, klara=0),
            lambda: korningar.bli_klar(forsta, fil=io.BytesIO(b"gammal")),
            lambda: korningar.misslyckas(forsta, fel="x"),
        ):
            with pytest.raises(korningar.Inaktuell):
                gor()
        korningar.bli_klar(andra, fil=io.BytesIO(b"ny"))
        with pytest.raises(korningar.Inaktuell):
            korningar.bli_klar(andra, fil=io.BytesIO(b"en gang till"))
        [del_] = Bestallningsdel.objects.all()
        assert bytes(del_.innehall) == b"ny"
        assert korningar.borja(bestallning.pk) is None

    def test_databasen_slapper_inte_en_avslutad(self, bestallning):
        gor_klar(bestallning)
        for andring in ({"lage": Lage.PAGAR, "avslutad_vid": None, "storlek": 0}, {"storlek": 3}, {"forsok": 9}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Bestallning.objects.filter(pk=bestallning.pk).update(**andring)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Bestallning.objects.filter(pk=bestallning.pk).update(urval={})
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Bestallningsdel.objects.update(innehall=b"annat")

    def test_den_som_inte_langre_far_se_rapporter_far_ingen(self, konto, bestallning):
        Behorighet.objects.filter(anvandare=konto).update(till=timezone.localdate() - timedelta(days=1))
        assert korningar.borja(bestallning.pk) is None
        bestallning.refresh_from_db()
        assert (bestallning.lage, bestallning.fel) == (Lage.MISSLYCKAD, korningar.INTE_LANGRE)

    def test_efter_fem_fel_ges_den_upp(self, bestallning):
        svar = [korningar.gick_fel(korningar.borja(bestallning.pk)) for _ in range(5)]
        assert svar == [False, False, False, False, True]
        assert korningar.borja(bestallning.pk) is None
        bestallning.refresh_from_db()
        assert (bestallning.lage, bestallning.fel) == (Lage.MISSLYCKAD, korningar.GICK_INTE)

    def test_en_arbetare_som_stangs_av_eller_dor_ar_inget_fel(self, bestallning):
        for _ in range(30):
            assert korningar.borja(bestallning.pk)
        bestallning.refresh_from_db()
        assert (bestallning.lage, bestallning.misslyckanden) == (Lage.PAGAR, 0)

    def test_den_som_jamt_dodar_sin_arbetare_ges_till_slut_upp(self, bestallning):
        for _ in range(korningar.HOGST_FORSOK):
            assert korningar.borja(bestallning.pk)
        assert korningar.borja(bestallning.pk) is None
        bestallning.refresh_from_db()
        assert (bestallning.lage, bestallning.fel) == (Lage.MISSLYCKAD, korningar.GICK_INTE)

    @pytest.mark.parametrize(
        ("fel", "borta"),
        [
            (psycopg.errors.AdminShutdown(), True),
            (psycopg.errors.CannotConnectNow(), True),
            (psycopg.OperationalError("server closed the connection unexpectedly"), True),
            (psycopg.errors.QueryCanceled(), False),
            (psycopg.errors.DiskFull(), False),
        ],
    )
    def test_att_databasen_startar_om_ar_inte_rapportens_fel(self, fel, borta):
        django_fel = OperationalError()
        django_fel.__cause__ = fel
        assert korningar.databasen_ar_borta(django_fel) == borta
        assert not korningar.databasen_ar_borta(ValueError())

    def test_en_borttagen_eller_okand_gors_inte(self):
        assert korningar.borja(uuid4()) is None

    def test_urvalet_ar_det_som_bestalldes(self, konto):
        koder = fragor.koder()
        varden = {"fran": ["2025-02"], "till": ["2025-03"], "lan": ["14", "01"], "kon": ["kvinna"],
                  "variabler": ["antal_deltagare"]}  # fmt: skip
        urval = tolka(varden, koder=koder, idag=timezone.localdate())
        egen = tjanster.bestall(urval=urval, koder=koder, format="pdf", av=konto)
        korning = korningar.borja(egen.pk)
        assert korningar.urvalet(korning, koder=koder, idag=timezone.localdate()) == urval

    def test_ingen_ser_nagon_annans_i_databasen(self, bestallning):
        gor_klar(bestallning)
        satt_sammanhang(fabriker.anvandare(Roll.SYSTEMADMINISTRATOR))
        assert (Bestallning.objects.count(), Bestallningsdel.objects.count()) == (0, 0)
        assert not Bestallning.objects.synliga_for(fabriker.anvandare(), Rattighet.VISA_RAPPORT)


def test_ett_dubbelklick_ar_ett_jobb(egen_databas):
    konto = jobb.analytiker()

    svar = samtidigt(*(lambda: jobb.bestall(konto).pk for _ in range(6)))

    assert len(set(svar)) == 1
    assert ProcrastinateJob.objects.count() == 1


def test_arbetaren_gor_pdf_och_excel_med_samma_siffror_som_json(egen_databas, tmp_path):
    slumpdata.skriv(tmp_path / "data", 3)
    call_command("importera", str(tmp_path / "data"), tyst=True, idag=slumpdata.IDAG, stdout=io.StringIO())
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    val = {"fran": "2024-03", "till": "2024-11", "kon": "uppdelat", "jamfor": "aret_fore"}
    egna = {format: jobb.bestall(konto, format, **val) for format in ("pdf", "xlsx")}

    with jobb.arbetare(egen_databas) as process:
        jobb.vanta(
            lambda: {jobb.lage(ett.pk) for ett in egna.values()} == {Lage.KLAR}, "rapporterna blir klara", process
        )

    koder, idag = fragor.koder(), timezone.localdate()
    urval = tolka({falt: [varde] for falt, varde in val.items()}, koder=koder, idag=idag)
    rapport = fragor.insatsrapport(urval, koder=koder)
    facit = json.loads(rendera(rapport, "json"))
    vantat = oberoende_jamforelser.rapport(oberoende.las(tmp_path / "data"), idag=idag.isoformat(), **val)
    assert {"rader": facit["rader"], "totalt": facit["totalt"]} == vantat
    # Annars säger likheten inget: deltaganden av båda könen, anonyma, budget och utfall, och skillnader åt båda håll.
    namn = [kolumn["namn"] for kolumn in facit["kolumner"]]
    noll = [ett for ett in namn if facit["totalt"].get(ett) == 0]
    assert not [ett for ett in noll if not ett.endswith("_skillnad") and not ett.startswith("antal_pagaende")]
    assert {-1, 1} <= {(ett > 0) - (ett < 0) for ett in facit["totalt"].values()}

    blad = load_workbook(io.BytesIO(hela(egna["xlsx"])))["Insatsrapport"]
    assert excelrader(blad)[0] == ["Insats", "Insatsnamn", *(kolumn["rubrik"] for kolumn in facit["kolumner"])]
    led = ("insats", "insatsnamn")
    assert excelrader(blad)[1:-1] == [[rad[ett] for ett in (*led, *namn)] for rad in facit["rader"]]
    assert excelrader(blad)[-1] == ["Totalt", None, *(facit["totalt"].get(ett) for ett in namn)]

    text = "".join(sida.extract_text() for sida in PdfReader(io.BytesIO(hela(egna["pdf"]))).pages)
    text, plats = "".join(text.split()), 0
    for tabell in pdf.delar(rapport.kolumner):
        rader = [(rad["insatsnamn"], rad) for rad in facit["rader"]]
        har_tal = any(rapport.kolumner[nr].ar_tal for nr in tabell)
        for radnamn, rad in [*rader, ("Totalt", facit["totalt"])] if har_tal else rader:
            vantad = "".join(f"{radnamn}{''.join(pdftext(namn[nr], rad.get(namn[nr])) for nr in tabell)}".split())
            assert vantad in text[plats:], (radnamn, vantad)
            plats = text.index(vantad, plats) + len(vantad)
    assert ProcrastinateJob.objects.count() == 0


def excelrader(blad):
    """Bladets alla celler, med datum som text."""
    return [
        [varde.date().isoformat() if isinstance(varde, datetime) else varde for varde in rad]
        for rad in blad.iter_rows(values_only=True)
    ]


def pdftext(namn, varde):
    """Cellen så som den står i PDF:en, utan mellanrum."""
    if varde is None:
        return ""
    return f"{varde:+}" if namn.endswith("_skillnad") and varde else str(varde)


def hela(bestallning):
    delar = Bestallningsdel.objects.using("agare").filter(bestallning_id=bestallning.pk).order_by("nr")
    return b"".join(bytes(del_.innehall) for del_ in delar)


def test_en_dodad_arbetares_jobb_tas_upp_och_filen_blir_en(egen_databas):
    konto = jobb.analytiker(12)
    egen = jobb.bestall(konto)

    with jobb.arbetare(egen_databas) as forsta:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.PAGAR and jobb.barn(forsta.pid), "jobbet börjar", forsta)
        barnen = jobb.barn(forsta.pid)
        forsta.kill()
        forsta.wait(jobb.LANGST)
        jobb.vanta(lambda: not any(jobb.lever(pid) for pid in barnen), "barnen slutar med arbetaren")
        assert jobb.lage(egen.pk) == Lage.PAGAR
    with jobb.arbetare(egen_databas) as andra:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.KLAR, "en annan arbetare tar upp det", andra)

    egen = Bestallning.objects.using("agare").get(pk=egen.pk)
    assert (egen.forsok, egen.klara, egen.storlek) == (2, 12, len(hela(egen)))
    assert len(PdfReader(io.BytesIO(hela(egen))).pages) > 1
    assert ProcrastinateJob.objects.count() == 0


def test_en_arbetare_som_dodas_gang_pa_gang_blir_anda_klar_en_gang(egen_databas):
    """Fler gånger än ett fel får hända: att dö är inget fel."""
    konto = jobb.analytiker(12)
    egen = jobb.bestall(konto)

    for gang in range(1, korningar.HOGST_MISSLYCKANDEN + 2):
        with jobb.arbetare(egen_databas) as process:
            jobb.vanta(lambda gang=gang: jobb.forsok(egen.pk) == gang, f"försök {gang} börjar", process)
            process.kill()
    with jobb.arbetare(egen_databas) as sista:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.KLAR, "den sista gör det", sista)
        jobb.vanta(lambda: not ProcrastinateJob.objects.exists(), "jobbet är borta", sista)

    egen = Bestallning.objects.using("agare").get(pk=egen.pk)
    assert (egen.misslyckanden, egen.storlek) == (0, len(hela(egen)))
    assert len(PdfReader(io.BytesIO(hela(egen))).pages) > 1


def test_en_bestallning_utan_jobb_far_ett_nytt(egen_databas):
    """En arbetare som var tyst men levde kan ha tagit bort jobbet som en annan gjorde, och dog med."""
    konto = jobb.analytiker()
    oppen, avbruten = jobb.bestall(konto, "xlsx"), jobb.bestall(konto)
    with transaction.atomic():
        satt_sammanhang(konto)
        tjanster.avbryt(pk=avbruten.pk, av=konto)
    with connections["agare"].cursor() as markor:
        markor.execute("DELETE FROM procrastinate_jobs")

    with jobb.arbetare(egen_databas) as process:
        jobb.vanta(lambda: jobb.lage(oppen.pk) == Lage.KLAR, "beställningen görs", process)
    assert jobb.lage(avbruten.pk) == Lage.AVBRUTEN
    assert ProcrastinateJob.objects.count() == 0


def test_arbetaren_lever_nar_databasen_dodas_och_startar_om(eget_kluster):
    """P19: kill -9 av databasen mitt i ett jobb. Ingen startar om arbetaren, och filen blir en."""
    konto = jobb.analytiker(12)
    egen = jobb.bestall(konto)

    with jobb.arbetare("sus") as process:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.PAGAR and jobb.barn(process.pid), "jobbet börjar", process)
        connections.close_all()
        with jobb.stilla(process.pid):  # annars kan filen bli klar innan databasen hinner dö
            eget_kluster()
            assert jobb.lage(egen.pk) == Lage.PAGAR
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.KLAR, "jobbet görs om", process)
        andra = jobb.bestall(konto, "xlsx")
        jobb.vanta(lambda: jobb.lage(andra.pk) == Lage.KLAR, "nästa beställning görs", process)
    assert process.returncode == 0

    egen = Bestallning.objects.using("agare").get(pk=egen.pk)
    assert (egen.misslyckanden, egen.storlek) == (0, len(hela(egen)))
    assert egen.forsok > 1


def test_rapportens_fragor_ser_samma_ogonblick(egen_databas):
    konto = jobb.analytiker()
    korning = korningar.borja(jobb.bestall(konto).pk)

    def antal():
        return sum(1 for _ in Insats.objects.all())

    with korningar.i_sammanhanget(korning, ett_ogonblick=True):
        fore = antal()
        samtidigt(lambda: fabriker.insats(fabriker.organisation()))
        assert antal() == fore
    assert antal() == fore + 1


def test_det_som_star_kvar_i_kon_stadas_efter_sju_dagar(egen_databas):
    with connections["agare"].cursor() as markor:
        for lage, dagar in (("failed", 8), ("aborted", 8), ("failed", 6), ("todo", 8)):
            markor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('rapporter', 'gor_rapport') "
                "RETURNING id"
            )
            [nummer] = markor.fetchone()
            for nytt in ("doing", lage):
                markor.execute(
                    "UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status WHERE id = %s", [nytt, nummer]
                )
            markor.execute(
                "UPDATE procrastinate_events SET at = now() - make_interval(days => %s) WHERE job_id = %s",
                [dagar, nummer],
            )

    async def stada():
        with app.replace_connector(arbetare.forbindelse()) as kon:
            async with kon.open_async():
                await jobben.glom_gamla_jobb(SimpleNamespace(app=kon), timestamp=0)

    asyncio.run(stada())
    assert sorted(ProcrastinateJob.objects.values_list("status", flat=True)) == ["failed", "todo"]


def test_excel_sager_hur_langt_den_har_kommit_och_gar_att_avbryta():
    class Avbrutet(Exception):
        pass

    def avbryt(klara):
        raise Avbrutet

    rapport, framsteg = lang_rapport(450), []
    assert excel.rendera(rapport, framsteg=framsteg.append)[:2] == b"PK"
    assert framsteg == [200, 400, 450]
    with pytest.raises(Avbrutet):
        excel.rendera(rapport, framsteg=avbryt)


@pytest.mark.parametrize("efter", [0, 1])
def test_ett_avbrutet_excel_lamnar_ingen_fil_och_inget_fel(monkeypatch, tmp_path, efter):
    """Avbrutet när raderna skrivs, och när allt utom det sista bladet är skrivet."""
    ohanterade = []
    monkeypatch.setattr(sys, "unraisablehook", ohanterade.append)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    filerna = []

    def avbryt(*_):
        filerna.extend(tmp_path.iterdir())
        raise JobAborted

    rapport = lang_rapport(450)
    if efter:
        monkeypatch.setattr(excel.ExcelWriter, "write_data", avbryt)
    with pytest.raises(JobAborted):
        excel.rendera(rapport, framsteg=(lambda klara: None) if efter else avbryt)
    gc.collect()
    assert len(filerna) == (3 if efter else 1)
    assert list(tmp_path.iterdir()) == []
    assert ohanterade == []

    monkeypatch.undo()
    assert excel.rendera(rapport)[:2] == b"PK"


def test_ett_jobb_som_en_annan_hann_fore_med_hindrar_inte_de_andra():
    tagna, nya = [], []

    async def stannade(**_):
        return [SimpleNamespace(id=nr, attempts=1) for nr in range(3)]

    async def ta_igen(jobbet, **_):
        tagna.append(jobbet.id)
        if jobbet.id == 0:
            raise ConnectorException("Job was not found")

    async def utan_jobb(_):
        return [{"id": nr} for nr in range(3)]

    async def lagg(*, bestallning):
        nya.append(bestallning)
        if bestallning != "2":
            raise AlreadyEnqueued if bestallning == "0" else ConnectorException

    kon = SimpleNamespace(
        job_manager=SimpleNamespace(get_stalled_jobs=stannade, retry_job=ta_igen),
        connector=SimpleNamespace(execute_query_all_async=utan_jobb),
        configure_task=lambda *_, **__: SimpleNamespace(defer_async=lagg),
    )
    asyncio.run(arbetare.ett_varv(kon, 1))
    assert (tagna, nya) == ([0, 1, 2], ["0", "1", "2"])


def test_vakten_loggar_ett_ovantat_fel_och_fortsatter(monkeypatch, caplog):
    varv = []

    async def ett_varv(*_):
        varv.append(1)
        if len(varv) == 1:
            raise ConnectorException  # databasen startar om: väntat
        if len(varv) == 2:
            raise ValueError("något annat")
        raise asyncio.CancelledError

    monkeypatch.setattr(arbetare, "ett_varv", ett_varv)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(arbetare.vakta(None, 0))
    [rad] = [rad for rad in caplog.records if rad.name == arbetare.__name__]
    assert (len(varv), rad.exc_info[0]) == (3, ValueError)


def test_en_arbetare_som_stangs_av_lamnar_jobbet_till_nasta(egen_databas):
    konto = jobb.analytiker(12)
    egen = jobb.bestall(konto)

    with jobb.arbetare(egen_databas) as forsta:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.PAGAR and jobb.barn(forsta.pid), "jobbet börjar", forsta)
        forsta.send_signal(signal.SIGTERM)
        assert forsta.wait(jobb.LANGST) == 0
    assert jobb.lage(egen.pk) == Lage.PAGAR
    with jobb.arbetare(egen_databas) as nasta:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.KLAR, "nästa arbetare gör det", nasta)


def test_en_avbruten_slutar_goras(egen_databas):
    konto = jobb.analytiker(12)
    egen = jobb.bestall(konto)

    with jobb.arbetare(egen_databas) as process:
        jobb.vanta(lambda: jobb.lage(egen.pk) == Lage.PAGAR and jobb.barn(process.pid), "jobbet börjar", process)
        barnen = jobb.barn(process.pid)
        with transaction.atomic():
            satt_sammanhang(konto)
            tjanster.avbryt(pk=egen.pk, av=konto)
        jobb.vanta(lambda: not any(jobb.lever(pid) for pid in barnen), "processerna slutar")
        jobb.vanta(lambda: not ProcrastinateJob.objects.exists(), "jobbet är borta")
    assert (jobb.lage(egen.pk), hela(egen)) == (Lage.AVBRUTEN, b"")


def test_arbetaren_slutar_med_den_som_startade_den(egen_databas):
    with jobb.arbetare(egen_databas, "--med-foraldern") as process:
        process.stdin.close()
        assert process.wait(jobb.LANGST) in {0, -signal.SIGTERM}  # före eller efter att den börjat lyssna


def test_granserna_ar_de_som_sags():
    assert (langa.RADER_I_PDF, langa.CELLER_I_PDF, langa.CELLER_I_EXCEL) == (200, 4_200, 20_000)
    # Med alla variabler är det raderna som avgör; med fler kolumner cellerna.
    alla = 2 + len(VARIABLER)
    assert [langa.Omfang(200, alla).ar_lang("pdf"), langa.Omfang(201, alla).ar_lang("pdf")] == [False, True]
    assert langa.Omfang(58, 73).ar_lang("pdf")
    assert [jobbvyer.ungefar(sekunder) for sekunder in (5, 60, 61, 600)] == [
        "mindre än en minut",
        "ungefär en minut",
        "ungefär 2 minuter",
        "ungefär 10 minuter",
    ]

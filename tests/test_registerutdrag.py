"""Registerutdraget: allt som SUS har om en person, som PDF och JSON, loggat (P13)."""

import io
import json
import stat
import sys
from datetime import datetime

import pikepdf
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import kryptering, tjanster
from deltagare.models import Deltagande, Gallringsregel, Uppslag
from deltagare.personnummer import tolka
from deltagare.registerutdrag import for_anvandare
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post
from tests.test_rapporter_renderare import UtanPango


def adress(deltagande):
    return reverse("deltagare:registerutdrag", args=[deltagande.pk])


def text(svar):
    return " ".join(svar.content.decode().split())


@pytest.fixture
def insats(db):
    satt_sammanhang(None)
    return fabriker.insats(fabriker.organisation(namn="Förbundet Älven"), namn="Vägen vidare")


@pytest.fixture
def nummer():
    return fabriker.nytt_nummer()


@pytest.fixture
def konto(insats):
    return fabriker.deltagaransvarig(insats)


@pytest.fixture
def registrerad(insats, konto, nummer):
    fritext = fabriker.fraga(insats.samverkansorganisation, text="Vad vill du?")
    flera = fabriker.fraga(insats.samverkansorganisation, "flera", text="Vilka?")
    val = [ett.pk for ett in flera.alternativ.all()[:2]]
    deltagande = fabriker.inregistrera(
        insats,
        konto,
        nummer=nummer,
        fornamn="Kanariefågel",
        efternamn="Zzyzx",
        fore={"utbildning": "gymnasium", "forsorjning_fore": ["sjukpenning", "studiestod"], "arbete_fore": 0},
        svar=[(fritext, "Arbeta med djur"), (flera, val)],
    )
    tjanster.utregistrera(
        deltagande=deltagande,
        version=deltagande.version,
        utregistrering=fabriker.IGAR,
        avslutningsanledning="fullfoljd",
        efter={"studier_efter": 50},
        av=konto,
    )
    return deltagande


def utdrag(client, konto, deltagande, format="json"):
    client.force_login(konto)
    return client.post(adress(deltagande), {"format": format})


def test_allt_om_personen_i_ord(client, konto, registrerad, nummer):
    data = json.loads(utdrag(client, konto, registrerad).content)

    assert {namn: en["varde"] for namn, en in data["identitet"].items()} | {"skapad_vid": ""} == {
        "personnummer": nummer.utskrivet,
        "fornamn": "Kanariefågel",
        "efternamn": "Zzyzx",
        "kon": "Kvinna" if nummer.kon == "kvinna" else "Man",
        "fodelsear": str(nummer.fodelsear),
        "skapad_vid": "",
    }
    (registrering,) = data["registreringar"]
    uppgifter = {namn: en["varde"] for namn, en in registrering["uppgifter"].items()}
    assert (registrering["insats"], registrering["samverkansorganisation"]) == ("Vägen vidare", "Förbundet Älven")
    assert uppgifter["inregistrering"] == "2025-03-01"
    assert uppgifter["utregistrering"] == fabriker.IGAR.isoformat()
    assert uppgifter["avslutningsanledning"] == "Fullföljd insats"
    assert uppgifter["utbildning"] == "Gymnasium"
    assert uppgifter["forsorjning_fore"] == "Sjukpenning, Studiestöd"
    assert (uppgifter["arbete_fore"], uppgifter["studier_efter"], uppgifter["arbete_efter"]) == ("0", "50", "–")
    assert (uppgifter["samtycke"], uppgifter["samtycke_arkiverat"]) == ("2025-03-01", "–")
    assert uppgifter["kommun"] == registrerad.folkbokforing.kommun.namn
    assert [(en["fraga"], en["svar"]) for en in registrering["fragor"]] == [
        ("Vad vill du?", "Arbeta med djur"),
        ("Vilka?", "Ja, Nej"),
    ]
    andringar = [(en["vad"], {falt["uppgift"] for falt in en["falt"]}) for en in data["andringar"]]
    assert andringar[0][0] == "Deltagandet – Vägen vidare: registrerad"
    assert "Datum för utregistrering" in andringar[-1][1]
    assert any(en["vad"] == "Deltagare inregistrerad" for en in data["lasningar"])
    assert all(
        (en["roll"], en["arbetsgivare"], en["insats"]) == ("Deltagaransvarig", "Försäkringskassan", "Vägen vidare")
        for en in data["lasningar"]
    )
    assert konto.get_full_name() not in json.dumps(data, ensure_ascii=False)
    for regel in Gallringsregel.objects.all():
        assert f"{regel.ar} år." in data["bevaras"][regel.get_slag_display()]
    assert {"Varför uppgifterna behandlas", "Varifrån uppgifterna kommer", "Dina rättigheter"} <= set(data["om"])
    assert data["lasningar"][-1]["vad"] == "Registerutdrag framtaget"  # det loggades först


def test_bara_det_som_nas_och_sidan_sager_det(client, insats, konto, registrerad, nummer):
    annan = fabriker.insats(namn="Hemliga insatsen")
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=nummer)
    client.force_login(konto)

    sida = text(client.get(adress(registrerad)))
    fil = utdrag(client, konto, registrerad).content.decode()

    assert "den registrering av personen som du når" in sida
    assert "kommandot registerutdrag" in sida
    assert "Hemliga insatsen" not in sida + fil
    assert "Det kan finnas uppgifter i andra insatser" in fil
    assert len(json.loads(fil)["registreringar"]) == 1


def test_sidan_och_filen_sager_inte_vem_i_adress_titel_eller_namn(client, konto, registrerad, nummer):
    client.force_login(konto)
    sida = client.get(adress(registrerad))
    fil = utdrag(client, konto, registrerad, "pdf")

    for hemligt in ("Kanariefågel", "Zzyzx", nummer.nummer[:8]):
        assert hemligt not in text(sida)
        assert hemligt not in fil.headers["Content-Disposition"]
    assert "no-store" in sida.headers["Cache-Control"]
    assert "no-store" in fil.headers["Cache-Control"]
    assert fil.headers["Content-Disposition"] == 'attachment; filename="registerutdrag.pdf"'
    assert {rad.detaljer["format"] for rad in Handelse.objects.filter(typ="registerutdrag")} == {"pdf"}


def test_pdf_ar_taggad_staende_och_har_allt(client, konto, registrerad, nummer):
    innehall = utdrag(client, konto, registrerad, "pdf").content

    lasare = PdfReader(io.BytesIO(innehall))
    hela = " ".join("\n".join(sida.extract_text() for sida in lasare.pages).split())
    assert lasare.metadata.title == "Registerutdrag ur SUS"
    bredd, hojd = (float(matt) for matt in lasare.pages[0].mediabox[2:])
    assert (round(bredd), round(hojd)) == (595, 842)
    for text_ in (nummer.utskrivet, "Kanariefågel", "Vägen vidare", "Gymnasium", "Arbeta med djur", "Deltagaransvarig"):
        assert text_ in hela, text_
    with pikepdf.open(io.BytesIO(innehall)) as fil:
        assert fil.Root.MarkInfo.Marked
        assert str(fil.Root.Lang) == "sv"


def test_utan_identitet_finns_inget_att_lamna_ut(client, insats, konto):
    deltagande = fabriker.inregistrera(insats, konto)
    tjanster.utregistrera(
        deltagande=deltagande, version=deltagande.version, utregistrering=fabriker.IGAR,
        avslutningsanledning="atertaget_samtycke", efter={}, av=konto,
    )  # fmt: skip
    client.force_login(konto)

    sida = text(client.get(adress(deltagande)))
    assert "Identiteten är borttagen" in sida
    assert "Hämta som PDF" not in sida
    assert utdrag(client, konto, deltagande).status_code == 404
    assert not Handelse.objects.filter(typ="registerutdrag").exists()


def test_fel_format_och_utan_pango(client, konto, registrerad, monkeypatch):
    svar = utdrag(client, konto, registrerad, "exe")
    assert svar.status_code == 200
    assert "Kanariefågel" not in text(svar)
    monkeypatch.setitem(sys.modules, "weasyprint", UtanPango("weasyprint"))
    svar = client.post(adress(registrerad), {"format": "pdf"}, follow=True)
    assert "apt-get install libpango" in text(svar)


def test_taket(client, konto, registrerad, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "registerutdrag": (1, 60)}
    assert utdrag(client, konto, registrerad).status_code == 200
    assert utdrag(client, konto, registrerad).status_code == 429
    assert client.get(adress(registrerad)).status_code == 200


def test_samma_antal_fragor_for_en_och_flera_registreringar(konto, registrerad, nummer):
    def antal():
        satt_sammanhang(konto)
        with CaptureQueriesContext(connection) as fragor:
            for_anvandare(deltagande=registrerad, format="json", av=konto)
        return len([en for en in fragor if not en["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    antal()  # kontots roller läses en gång
    en = antal()
    for _ in range(2):
        annan = fabriker.insats()
        fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, annan)
        fabriker.inregistrera(annan, konto, nummer=nummer)
    assert antal() == en <= 20
    satt_sammanhang(konto)
    assert len(for_anvandare(deltagande=registrerad, format="json", av=konto).registreringar) == 3


# Loggens funktion


def loggen(person, index=None):
    with connection.cursor() as markor:
        markor.execute("SELECT typ FROM registerutdragets_logg(%s, %s)", [person, index])
        return [typ for (typ,) in markor.fetchall()]


def test_loggen_bara_for_den_som_nar_personen(registrerad, konto):
    satt_sammanhang(fabriker.deltagaransvarig(fabriker.insats()))
    for person in (registrerad.person_id, None):
        with pytest.raises(DatabaseError, match="Uppdrag saknas"), transaction.atomic():
            loggen(person, b"x" * 32)
    satt_sammanhang(konto)
    assert "deltagare_inregistrerad" in loggen(registrerad.person_id)


def test_den_som_atertagit_samtycket_knyts_inte_till_insatsen_igen(insats, konto, registrerad, nummer):
    annan = fabriker.insats(insats.samverkansorganisation)
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, annan)
    satt_sammanhang(konto)
    kvar = fabriker.inregistrera(annan, konto, nummer=nummer)
    tjanster.aterta_samtycke(
        deltagande=registrerad,
        version=Deltagande.objects.get(pk=registrerad.pk).version,
        dag=timezone.localdate(),
        av=konto,
    )
    with connection.cursor() as markor:
        markor.execute("SELECT DISTINCT insats FROM registerutdragets_logg(%s, NULL)", [kvar.person_id])
        assert {namn for (namn,) in markor.fetchall()} == {annan.namn}
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT DISTINCT insats FROM registerutdragets_logg(%s, NULL)", [kvar.person_id])
        assert {namn for (namn,) in markor.fetchall()} == {annan.namn, insats.namn}


def test_loggen_foljer_nummerbyte_och_uppslag(insats, konto, registrerad):
    satt_sammanhang(konto)
    with som_agare():
        index = registrerad.person.identitet.personindex
        for typ, person, detaljer in (
            ("person_visad", 999_001, {}),
            ("nummer_bytt", 999_000, {"fran_person": 999_001}),
            ("nummer_bytt", registrerad.person_id, {"fran_person": 999_000}),
        ):
            Handelse.objects.create(typ=typ, person_id=person, insats_id=insats.pk, detaljer=detaljer)
        uppslag = Handelse.objects.create(typ="person_hamtad", insats_id=insats.pk)
        Uppslag.objects.create(handelse_id=uppslag.pk, personindex=index)
        Handelse.objects.create(typ="person_visad", person_id=registrerad.person_id)  # utan insats: bara ägaren
        assert loggen(registrerad.person_id, index).count("person_visad") == 2
    satt_sammanhang(konto)
    rader = loggen(registrerad.person_id)
    assert rader.count("nummer_bytt") == 2
    assert rader.count("person_hamtad") == 1
    assert rader.count("person_visad") == 1


# Kommandot


def kor(monkeypatch, ut, nummer):
    skrivet = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{nummer}\n"))
    call_command("registerutdrag", ut=ut, stdout=skrivet, stderr=skrivet)
    return skrivet.getvalue()


def test_kommandot_tar_med_alla_insatser(egen_databas, monkeypatch, tmp_path):
    nummer = fabriker.nytt_nummer()
    with transaction.atomic():
        for namn in ("Ett", "Två"):
            insats = fabriker.insats(namn=namn)
            fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats), nummer=nummer, fornamn="Kanariefågel")

    svar = kor(monkeypatch, tmp_path, nummer.utskrivet)

    data = json.loads((tmp_path / "registerutdrag.json").read_text())
    assert [en["insats"] for en in data["registreringar"]] == ["Ett", "Två"]
    assert data["identitet"]["personnummer"]["varde"] == nummer.utskrivet
    assert len(data["andringar"]) == 2
    assert data["omfattning"].startswith("Utdraget är fullständigt")
    assert {en["insats"] for en in data["lasningar"]} == {"Ett", "Två", ""}
    assert (tmp_path / "registerutdrag.pdf").read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE((tmp_path / "registerutdrag.pdf").stat().st_mode) == 0o600
    assert nummer.nummer not in svar
    assert "Kanariefågel" not in svar
    assert data["folkbokforing"] == {}
    rad = Handelse.objects.get(typ="registerutdrag")
    assert (rad.av_id, rad.detaljer) == (None, {"hela": True})
    with pytest.raises(CommandError, match="finns redan"):
        kor(monkeypatch, tmp_path, nummer.utskrivet)


def test_kommandot_for_den_som_inte_finns_och_fel_nummer(egen_databas, monkeypatch, tmp_path):
    svar = kor(monkeypatch, tmp_path, fabriker.nytt_nummer().utskrivet)
    assert "inte registrerad" in svar
    assert json.loads((tmp_path / "registerutdrag.json").read_text())["registreringar"] == []
    with pytest.raises(CommandError, match="Kontrollera personnumret"):
        kor(monkeypatch, tmp_path, "19800101-0000")


@pytest.mark.parametrize("skyddad", [False, True])
def test_det_fullstandiga_har_raden_i_folkbokforingsregistret(egen_databas, monkeypatch, tmp_path, skyddad):
    nummer = fabriker.nytt_nummer()
    with transaction.atomic(), som_agare():
        post(nummer, fornamn="Kanariefågel", skyddad=skyddad).save()

    kor(monkeypatch, tmp_path, nummer.utskrivet)

    raden = json.loads((tmp_path / "registerutdrag.json").read_text())["folkbokforing"]
    assert raden["kalla"]["varde"].startswith("Det lokala folkbokföringsregistret")
    assert raden["skyddad"]["varde"] == ("Ja" if skyddad else "Nej")
    assert ("fornamn" in raden) is not skyddad
    assert skyddad or raden["fornamn"]["varde"] == "Kanariefågel"
    hela = " ".join(sida.extract_text() for sida in PdfReader(tmp_path / "registerutdrag.pdf").pages)
    assert "Folkbokföringsuppgifter" in hela
    assert ("Kanariefågel" in hela) is not skyddad


def tva_nummer():
    """Ett samordningsnummer, och personnumret som det byts mot."""
    return (tolka(fabriker.personnummer(dag), idag=timezone.localdate()) for dag in ("19800161", "19810101"))


def deltagaransvarig_pa_insats():
    """Kontot, som frågorna sedan ställs som, och dess insats."""
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    satt_sammanhang(konto)
    return konto, insats


def test_det_gamla_numret_ger_samma_utdrag(egen_databas, monkeypatch, tmp_path):
    gammalt, nytt = tva_nummer()
    with transaction.atomic():
        konto, insats = deltagaransvarig_pa_insats()
        tjanster.byt_nummer(deltagande=fabriker.inregistrera(insats, konto, nummer=gammalt), nytt=nytt, av=konto)

    kor(monkeypatch, tmp_path, gammalt.utskrivet)

    data = json.loads((tmp_path / "registerutdrag.json").read_text())
    assert data["identitet"]["personnummer"]["varde"] == nytt.utskrivet
    assert data["identitet"]["tidigare_nummer"]["varde"] == gammalt.utskrivet
    assert len(data["registreringar"]) == 1


def test_uppslag_och_registerpost_under_ett_bytt_nummer_ar_med(egen_databas, monkeypatch, tmp_path):
    gammalt, nytt = tva_nummer()
    with transaction.atomic():
        konto, insats = deltagaransvarig_pa_insats()
        _hamtad(insats, gammalt)  # finns inte i SUS: ett uppslag
        ett = fabriker.inregistrera(insats, konto, nummer=gammalt)
        tjanster.byt_nummer(deltagande=ett, nytt=nytt, av=konto)
        _hamtad(insats, gammalt)  # efter bytet: på personen
        assert list(Handelse.objects.filter(typ="person_hamtad", person_id=ett.person_id).values_list("insats_id")) == [
            (insats.pk,)
        ]
        assert loggen(ett.person_id).count("person_hamtad") == 2
        with som_agare():
            post(gammalt, fornamn="Kanariefågel").save()

    kor(monkeypatch, tmp_path, nytt.utskrivet)

    data = json.loads((tmp_path / "registerutdrag.json").read_text())
    hamtad = Handelse.Typ.PERSON_HAMTAD.label
    assert [rad["vad"] for rad in data["lasningar"]].count(hamtad) == 2
    assert data["folkbokforing"]["fornamn"]["varde"] == "Kanariefågel"


def test_bada_numren_i_folkbokforingsregistret(egen_databas, monkeypatch, tmp_path):
    gammalt, nytt = tva_nummer()
    with transaction.atomic():
        konto, insats = deltagaransvarig_pa_insats()
        tjanster.byt_nummer(deltagande=fabriker.inregistrera(insats, konto, nummer=gammalt), nytt=nytt, av=konto)
        with som_agare():
            post(gammalt, fornamn="Gammal").save()
            post(nytt, fornamn="Ny").save()

    kor(monkeypatch, tmp_path, gammalt.utskrivet)

    raden = json.loads((tmp_path / "registerutdrag.json").read_text())["folkbokforing"]
    assert raden["fornamn"] == {"uppgift": "Förnamn", "varde": "Ny"}
    assert raden["fornamn_1"] == {"uppgift": "Förnamn (tidigare nummer)", "varde": "Gammal"}


def _hamtad(insats, nummer):
    with connection.cursor() as markor:
        index = kryptering.personindex(nummer.nummer)
        markor.execute("SELECT logga_uppslag(%s, %s, 'saknas')", [insats.pk, index])


def test_varje_tid_ar_svensk_med_sin_zon(client, konto, registrerad):
    data = json.loads(utdrag(client, konto, registrerad).content)

    tider = [data["framtaget"], data["identitet"]["skapad_vid"]["varde"]]
    tider += [en["tid"] for en in (*data["andringar"], *data["lasningar"])]
    tider += [en["uppgifter"]["skapad_vid"]["varde"] for en in data["registreringar"]]
    lasta = [datetime.fromisoformat(tid) for tid in tider]
    assert len(lasta) > 4
    assert all(tid.utcoffset() == timezone.localtime(tid).utcoffset() for tid in lasta)

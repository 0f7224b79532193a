"""En person bärs av deltaganden och samarbeten: skydd, samtycke, nummerbyte, gallring (R17, R19, R27, P10)."""

import json
import threading
from datetime import date, timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import gallring, kryptering, skyddskontroll, tjanster
from deltagare.models import (
    Deltagande,
    Gallring,
    Identitet,
    Overgang,
    Person,
    Samarbete,
    Samarbetsavtryck,
    Samarbetsfolkbokforing,
    Samarbetsuppgift,
    TidigareNummer,
)
from deltagare.overgangar import Insatstyp, Myndighet, Orsak
from deltagare.registerutdrag import for_anvandare, for_nummer
from deltagare.tjanster import registrering, samarbetskontor
from deltagare.tjanster import samarbete as samarbeten
from deltagare.tjanster.person import byt_nummer, skydda_fran_samarbete
from deltagare.utdrag import som_pdf
from insatser.kategorier import Samverkansform
from insatser.livslopp import ta_bort_insats
from insatser.models import Kommun
from insatser.tjanster import registreringsgranser
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post
from tests.importkatalog import importera, sql
from tests.samtidigt import samtidigt
from tests.test_person_skydd import hela_databasen, nummer
from tests.test_registreringens_gang import indata
from tests.test_samarbete_sidor import inloggad, medverkan

DAG = date(2025, 3, 1)
AF, FK = Myndighet.AF, Myndighet.FK
ALDST = {"startdatum": date(2010, 1, 1)}


class Varld:
    """Kontoren, en insats, och den som har uppdrag på FK-kontoret och på insatsen; `af_konto` har AF-kontoret."""

    def __init__(self):
        org = fabriker.organisation(**ALDST)
        self.insats = fabriker.insats(org, **ALDST)
        self.af, self.fk = (self.kontor(form) for form in (Samverkansform.AF, Samverkansform.FK))
        self.av = fabriker.deltagaransvarig(self.fk)
        fabriker.uppdrag(self.av, Roll.DELTAGARANSVARIG, self.insats)
        self.af_konto = fabriker.deltagaransvarig(self.af)

    @staticmethod
    def kontor(form):
        tomt = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
        org = fabriker.organisation(samverkansform=form, kommuner=[], **ALDST)
        return fabriker.insats(org, **ALDST, **tomt)

    def borja(self, *vagen, **falt):
        return fabriker.samarbete(self.af, self.fk, self.av, *vagen, **falt)

    def ga(self, ett, till, dagar=0, **falt):
        grund = {"version": ett.version, "kontor": self.fk, "myndighet": FK, "av": self.av}
        grund["orsak"] = Orsak.EGET_INITIATIV if till == Insatstyp.AVBRUTET else ""
        dag = ett.borjan + timedelta(days=dagar)
        return samarbeten.registrera_overgang(**{**grund, "samarbete": ett, "till": till, "datum": dag, **falt})

    def inregistrera(self, **falt):
        return fabriker.inregistrera(self.insats, self.av, **falt)

    def aterta(self, ett, **falt):
        grund = {"version": ett.version, "dag": DAG + timedelta(days=9), "kontor": self.fk, "myndighet": FK}
        return samarbeten.aterta_samtycke_for_samarbete(**{**grund, "samarbete": ett, "av": self.av, **falt})


@pytest.fixture
def v(db):
    return Varld()


@pytest.fixture
def bekraftat(egen_databas):
    with transaction.atomic():
        return Varld()


def identiteter():
    with som_agare():
        return Identitet.objects.count()


def slut(ett, av, dag):
    tjanster.utregistrera(
        deltagande=ett, version=ett.version, utregistrering=dag, avslutningsanledning="fullfoljd", efter={}, av=av
    )


# En person, en identitet


def test_insatsen_och_samarbetet_har_samma_person_at_bada_hallen(v):
    forst_insats, forst_samarbete = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    deltagande = v.inregistrera(nummer=forst_insats)
    assert v.borja(nummer=forst_insats).person_id == deltagande.person_id
    ett = v.borja(nummer=forst_samarbete)
    assert v.inregistrera(nummer=forst_samarbete, fornamn="Kim", efternamn="Nytt").person_id == ett.person_id

    assert identiteter() == 2
    assert Identitet.objects.get(person=ett.person_id).namn() == "Kim Nytt"


def test_samtycket_i_insatsen_galler_insatsen_och_i_samarbetet_samarbetet(v):
    nr = fabriker.nytt_nummer()
    deltagande, ett = v.inregistrera(nummer=nr), v.borja(nummer=nr)

    tjanster.aterta_samtycke(deltagande=deltagande, version=1, dag=date(2025, 6, 1), av=v.av)
    assert identiteter() == 1
    assert not Samarbete.objects.get(pk=ett.pk).avidentifierat
    ett = v.aterta(ett)

    assert (ett.avidentifierat, ett.insatstyp, ett.slut) == (True, "avbrutet", DAG + timedelta(days=9))
    assert identiteter() == 0
    with som_agare():
        assert Person.objects.filter(pk=ett.person_id).exists()


def test_samarbetet_forst_och_insatsen_bar_identiteten_vidare(v):
    nr = fabriker.nytt_nummer()
    deltagande, ett = v.inregistrera(nummer=nr), v.borja(nummer=nr)
    v.aterta(ett)

    assert identiteter() == 1
    assert not Deltagande.objects.get(pk=deltagande.pk).avidentifierat
    satt_sammanhang(v.af_konto)  # når bara samarbetet
    assert not Identitet.objects.exists()
    assert not Samarbetsfolkbokforing.objects.exists()


def test_ett_avslutat_samarbete_behaller_sitt_slut(v):
    ett = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 3), (Insatstyp.AVSLUTAT, 5))

    efter = v.aterta(ett)

    assert (efter.avidentifierat, efter.insatstyp, efter.slut) == (True, "avslutat", DAG + timedelta(days=5))
    assert efter.version == ett.version + 1
    assert Overgang.objects.filter(samarbete=ett).count() == 3
    with pytest.raises(ValidationError, match="redan borttagen"):
        v.aterta(efter)
    with pytest.raises(Krock):
        v.aterta(v.borja(), version=7)


def test_ett_annat_samarbete_behaller_identiteten(v):
    nr = fabriker.nytt_nummer()
    forsta = v.borja((Insatstyp.AVBRUTET, 2), nummer=nr)
    andra = v.borja(nummer=nr, datum=DAG + timedelta(days=30))

    v.aterta(forsta)

    assert not Samarbete.objects.get(pk=andra.pk).avidentifierat
    assert identiteter() == 1
    v.aterta(andra, dag=DAG + timedelta(days=31))
    assert identiteter() == 0


def test_utan_uppdrag_pa_kontoret_gar_det_inte(v):
    ett = v.borja()
    framling = fabriker.deltagaransvarig(Varld.kontor(Samverkansform.FK))
    satt_sammanhang(framling)

    for gor in (lambda: v.aterta(ett, av=framling), lambda: skydda_fran_samarbete(samarbete=ett, av=framling)):
        with pytest.raises(PermissionDenied), transaction.atomic():
            gor()
    satser = (
        ("SELECT las_samarbetet(%s)", [ett.pk]),
        ("SELECT avidentifiera_samarbete(%s, %s::bytea[])", [ett.pk, [b"x" * 32]]),
        ("SELECT * FROM personens_samarbeten(%s)", [ett.person_id]),
    )
    for sats, varden in satser:
        with pytest.raises(DatabaseError, match="Uppdrag saknas"), transaction.atomic(), connection.cursor() as markor:
            markor.execute(sats, varden)
    assert identiteter() == 1


@pytest.mark.parametrize(
    "sats",
    [
        "SELECT mitt_kontor(1)",
        "SELECT ta_bort_oburen_identitet(1)",
        "SELECT lagg_till_samarbetsavtryck('{}', '{}')",
        "SELECT krav_samarbeten_i_foljd(1, 2)",
        "SELECT alla_slutade_fore(1, '2025-01-01')",
        "SELECT samarbetet_har_kontoret(1, 1)",
        "SELECT * FROM deltagare_samarbetsavtryck",
        "INSERT INTO deltagare_samarbetsavtryck VALUES ('x', 1)",
    ],
)
def test_det_som_ar_agarens_nar_inte_tillampningen(v, sats):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats)


def test_varje_samarbete_ska_ha_sitt_avtryck(v):
    ett = v.borja()
    with pytest.raises(IntegrityError, match="fingeravtryck"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SELECT avidentifiera_samarbete(%s, '{}'::bytea[])", [ett.pk])
    # Som den gamla kallelsen, utan samarbetena: hela personen eller inget.
    with pytest.raises(IntegrityError, match="till"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SELECT avidentifiera_person(%s, '{}', '{}', 'skydd')", [ett.person_id])
    annan = v.borja()
    with pytest.raises(DatabaseError, match="inte personens"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(
            "SELECT avidentifiera_person(%s, '{}', '{}', 'skydd', %s::bigint[], %s::bytea[])",
            [ett.person_id, [ett.pk, annan.pk], [b"a" * 32, b"b" * 32]],
        )


# Skydd


def test_skydd_tar_identiteten_ur_alla_tabeller_och_antalen_star_kvar(bekraftat):
    v, hennes = bekraftat, nummer()
    namn = {"nummer": hennes, "fornamn": "Kanariefågel", "efternamn": "Zzyzx", "kommun": Kommun.objects.get(pk="1480")}
    with transaction.atomic():
        forsta = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 3), (Insatstyp.AVSLUTAT, 5), **namn)
        andra = v.borja(**namn, datum=DAG + timedelta(days=30))
        Samarbetsuppgift.objects.create(samarbete=andra, tillfalle="fore", anstalld=True)
        v.inregistrera(**namn)
        v.borja()
    identitet = Identitet.objects.using("agare").get(person_id=forsta.person_id)
    kanda = [bytes(getattr(identitet, f)).hex() for f in ("personindex", "personnummer", "fornamn", "efternamn")]
    fore = hela_databasen()
    assert all(any(ett in text for text in fore.values()) for ett in kanda)

    with transaction.atomic():
        satt_sammanhang(v.af_konto)  # når samarbetena, men inte insatsen
        assert skydda_fran_samarbete(samarbete=andra, av=v.af_konto) == 3

    efter = hela_databasen()
    kanda += ["Kanariefågel", "Zzyzx", hennes.nummer]
    assert [(ett, t) for ett in kanda for t, text in efter.items() if ett in text] == []
    assert sql("SELECT count(*) FROM deltagare_samarbetsfolkbokforing") == [(1,)]
    orort = ("deltagare_overgang", "deltagare_samarbetskontor", "deltagare_samarbetsuppgift", "deltagare_person")
    assert [t for t in orort if fore[t] != efter[t]] == []
    assert sql("SELECT slut FROM deltagare_samarbete WHERE id = %s", [andra.pk]) == [(None,)]  # det som pågår pågår
    rader = Handelse.objects.filter(typ="avidentifierad").order_by("pk").values_list("detaljer", "insats_id")
    assert [rad["grund"] for rad, _ in rader] == ["skydd"] * 3
    assert [(rad.get("samarbete"), insats) for rad, insats in rader[1:]] == [
        (forsta.pk, v.af.pk),
        (andra.pk, v.af.pk),
    ]


def test_den_som_har_skydd_borjar_inget_samarbete(v):
    nr = fabriker.nytt_nummer()
    with som_agare():
        post(nr, skyddad=True).save()

    with pytest.raises(ValidationError) as fel, transaction.atomic():
        v.borja(nummer=nr)

    assert fel.value.code == "personen_har_skydd"
    assert identiteter() == 0


def test_kontrollera_skydd_hittar_den_som_bara_har_samarbeten(bekraftat, settings):
    settings.SUS_FOLKBOKFORING = "register"
    nr = fabriker.nytt_nummer()
    with transaction.atomic():
        ett = bekraftat.borja(nummer=nr)
        bekraftat.borja()
    with transaction.atomic(using="agare"):
        post(nr, skyddad=True).save(using="agare")

    assert skyddskontroll.kontrollera(per_sekund=100) == skyddskontroll.Utfall(2, 1)

    assert sql("SELECT id FROM deltagare_samarbete WHERE avidentifierat") == [(ett.pk,)]
    assert sql("SELECT count(*) FROM deltagare_identitet") == [(1,)]


def exportera(katalog):
    """Samarbetenas filer, med personuppgifter. Fabrikernas organisationer går inte att läsa in."""
    call_command("exportera", str(katalog), "--med-personuppgifter", stdout=StringIO())
    for fil in katalog.iterdir():
        if fil.name not in {"samarbeten.csv", "overganger.csv", "kontorsbyten.csv"}:
            fil.unlink()
    return katalog


def test_en_gammal_fil_aterstaller_inget_och_exporten_har_ingen_identitet(bekraftat, tmp_path):
    v = bekraftat
    samordning, nytt = nummer(samordning=True), nummer("19810101")
    with transaction.atomic():
        ett = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 3), nummer=samordning)
        tva = v.borja()
    fore = exportera(tmp_path / "fore")
    assert samordning.nummer in (fore / "samarbeten.csv").read_text()
    with transaction.atomic():
        satt_sammanhang(v.av)
        byt_nummer(deltagande=ett, nytt=nytt, av=v.av)
        skydda_fran_samarbete(samarbete=ett, av=v.av)
    efter = exportera(tmp_path / "efter")
    text = (efter / "samarbeten.csv").read_text()
    assert ett.nyckel in text
    assert not any(ord_ in text for ord_ in (samordning.nummer, nytt.nummer))
    lage = hela_databasen()

    for katalog in (fore, efter):
        svar = importera(katalog, idag=timezone.localdate().isoformat())
        assert svar.felrader == []
        nu = hela_databasen()
        assert {t for t in lage if lage[t] != nu[t]} <= {"behorighet_handelse"}, katalog
    assert sql("SELECT person_id FROM deltagare_identitet") == [(tva.person_id,)]


def test_den_som_har_skydd_kommer_inte_in_genom_samarbetenas_fil(bekraftat, tmp_path):
    nr = fabriker.nytt_nummer()
    with transaction.atomic():
        bekraftat.borja(nummer=nr)
    katalog = exportera(tmp_path / "ut")
    with transaction.atomic(using="agare"):
        post(nr, skyddad=True).save(using="agare")

    svar = importera(katalog, idag=timezone.localdate().isoformat())

    assert any("anonym deltagare" in str(rad) for rad in svar.felrader)


# Nummerbyte


def test_bytet_foljer_samarbetet_och_gar_att_gora_darifran(v):
    ett = v.borja(nummer=nummer(samordning=True))
    nytt = nummer("19810101")

    byt_nummer(deltagande=ett, nytt=nytt, av=v.av)

    efter = Samarbete.objects.get(pk=ett.pk)
    assert (efter.kon, efter.alder) == (nytt.kon, 2025 - 1981)
    assert Identitet.objects.get().klartext("personnummer") == nytt.nummer
    assert Handelse.objects.get(typ="nummer_bytt").detaljer == {"samarbete": ett.pk}
    assert list(TidigareNummer.objects.values_list("person", flat=True)) == [ett.person_id]
    satt_sammanhang(v.af_konto)
    assert Identitet.objects.get().klartext("personnummer") == nytt.nummer


def test_den_som_borjar_med_sitt_gamla_nummer_ar_samma_person(v):
    gammalt = nummer(samordning=True)
    ett = v.borja((Insatstyp.AVBRUTET, 1), nummer=gammalt)
    byt_nummer(deltagande=ett, nytt=nummer("19810101"), av=v.av)

    andra = v.borja(nummer=gammalt, datum=DAG + timedelta(days=10))

    assert andra.person_id == ett.person_id
    assert Samarbete.objects.get(pk=andra.pk).alder == 2025 - 1981


def test_tva_personer_blir_en_med_sina_samarbeten(v):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    forsta = v.borja((Insatstyp.AVBRUTET, 1), nummer=nytt)
    ett = v.borja(nummer=gammalt, datum=DAG + timedelta(days=10))
    deltagande = v.inregistrera(nummer=gammalt)

    assert byt_nummer(deltagande=deltagande, nytt=nytt, av=v.av) == forsta.person_id

    assert {s.person_id for s in Samarbete.objects.all()} == {forsta.person_id}
    assert Samarbete.objects.get(pk=ett.pk).version == ett.version + 1
    assert identiteter() == 1


def test_tva_oppna_samarbeten_blir_inte_ett(v):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    v.borja(nummer=nytt)
    ett = v.borja(nummer=gammalt)

    with pytest.raises(ValidationError, match="samma tid") as fel, transaction.atomic():
        byt_nummer(deltagande=ett, nytt=nytt, av=v.av)

    assert fel.value.code == "numren_har_samma_tid"
    assert identiteter() == 2


def test_samtyckena_ska_komma_i_ordning(v):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    v.borja((Insatstyp.AVBRUTET, 1), nummer=nytt)
    ett = v.borja(nummer=gammalt, datum=DAG + timedelta(days=10), samtycke=DAG)

    with pytest.raises(ValidationError, match="nyare samtycke"), transaction.atomic():
        byt_nummer(deltagande=ett, nytt=nytt, av=v.av)


@pytest.mark.parametrize("hindret", ["nytt", "gammalt"])
def test_det_som_hindrar_utom_rackhall_har_ett_svar(v, hindret):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    af, fk = Varld.kontor(Samverkansform.AF), Varld.kontor(Samverkansform.FK)
    kollega = fabriker.deltagaransvarig(fk)
    deltagande = v.inregistrera(nummer=gammalt)
    if hindret == "nytt":
        fabriker.samarbete(af, fk, kollega, nummer=nytt)
    else:
        fabriker.samarbete(af, fk, kollega, nummer=gammalt)
        v.borja(nummer=nytt)
    satt_sammanhang(v.av)

    with pytest.raises(ValidationError) as fel, transaction.atomic():
        byt_nummer(deltagande=deltagande, nytt=nytt, av=v.av)

    assert fel.value.code == "bytet_nekas"


def test_numret_ar_inte_fott_efter_att_samarbetet_borjade(v):
    ett = v.borja(nummer=nummer(samordning=True), datum=date(2025, 1, 10))

    with pytest.raises(ValidationError, match="född efter att samarbetet"):
        byt_nummer(deltagande=ett, nytt=nummer("20260101"), av=v.av)


# Gallring


def gallra():
    forslag, godkanner = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR), fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    satt_sammanhang(forslag)
    en = Gallring.objects.get(pk=gallring.foresla())
    satt_sammanhang(godkanner)
    gallring.godkann(en)
    gallring.utfor(en)
    en.refresh_from_db()
    return en


def test_gallringen_raknar_samarbetena_som_registreringar(v):
    bara, bada, oppet, sent = (fabriker.nytt_nummer() for _ in range(4))
    gammalt = {"datum": date(2012, 1, 1)}
    borta = v.borja((Insatstyp.AVBRUTET, 30), nummer=bara, **gammalt)
    med = v.borja((Insatstyp.AVBRUTET, 30), nummer=bada, **gammalt)
    slut(v.inregistrera(nummer=bada, inregistrering=date(2012, 1, 1)), v.av, date(2012, 6, 1))
    slut(v.inregistrera(nummer=oppet, inregistrering=date(2012, 1, 1)), v.av, date(2012, 6, 1))
    kvar = v.borja(nummer=oppet, **gammalt)  # pågår
    v.borja((Insatstyp.AVBRUTET, 30), nummer=sent, **gammalt)
    slut(v.inregistrera(nummer=sent), v.av, date(2025, 6, 1))

    en = gallra()

    assert en.utfall["borttaget"]["identitet"] == 3
    assert (en.utfall["borttaget"]["personer"], en.utfall["borttaget"]["kommun"]) == (2, 3)
    assert en.utfall["fore"]["identitet"] == 3
    assert en.utfall["kvar"] == {"identitet": 0, "historik": 0, "atkomstlogg": 0, "uppslag": 0}
    with som_agare():
        utan = set(Samarbete.objects.filter(avidentifierat=True).values_list("pk", flat=True))
        assert utan == {borta.pk, med.pk}
        historik = Samarbete.pgh_event_model.objects
        # Ett äldre, avslutat samarbetes ändringar går också; det som pågår har sina kvar.
        assert set(historik.values_list("pgh_obj_id", flat=True)) == {kvar.pk}
        assert Identitet.objects.count() == 2
        assert Overgang.objects.filter(samarbete=borta).count() == 2


def test_historiken_slapps_bara_av_gallringen(v):
    v.borja()
    for sats in ("DELETE FROM", "UPDATE"):
        hela = f"{sats} deltagare_samarbetehistorikrad" + (" SET alder = 1" if sats == "UPDATE" else "")
        with pytest.raises(DatabaseError, match="Historiken går inte"), som_agare(), transaction.atomic():
            connection.cursor().execute(hela)


# Registerutdraget


def test_utdraget_har_samarbetet_vagen_kontoren_och_uppgifterna(v):
    nr = fabriker.nytt_nummer()
    ett = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 3), nummer=nr)
    Samarbetsuppgift.objects.create(
        samarbete=ett, tillfalle="fore", anstalld=True, arbete=50, forsorjning=["sjukpenning"], utbildning="gymnasium"
    )
    nytt_fk = Varld.kontor(Samverkansform.FK)
    ett = samarbetskontor.byt_kontor(
        samarbete=ett, version=ett.version, datum=DAG + timedelta(days=4), till={AF: v.af, FK: nytt_fk},
        kontor=v.fk, av=v.av,
    )  # fmt: skip

    utdrag = for_anvandare(deltagande=ett, format="json", av=v.av)

    data = json.loads(utdrag.som_json())
    (registrering,) = data["registreringar"]
    uppgifter = {en["uppgift"]: en["varde"] for en in registrering["uppgifter"].values()}
    assert data["identitet"]["personnummer"]["varde"] == nr.utskrivet
    assert registrering["insats"] == f"Af/FK-samarbete: {v.af.namn} och {nytt_fk.namn}"
    assert uppgifter["Övergång 2025-03-01"].startswith("Begäran om gemensam kartläggning")
    assert "registrerad av Försäkringskassan" in uppgifter["Övergång 2025-03-04"]
    assert uppgifter["Kontor från 2025-03-05"] == f"{v.af.namn} och {nytt_fk.namn}"
    assert uppgifter["Samtycke"] == "2025-03-01"
    assert uppgifter["Försörjning, direkt före"] == "Sjukpenning"
    assert uppgifter["Anställd, direkt före"] == "Ja"
    assert any(en["vad"].startswith("Samarbetet") for en in data["andringar"])
    assert len(data["lasningar"]) >= 4
    rad = Handelse.objects.get(typ="registerutdrag")
    assert (rad.insats_id, rad.detaljer["samarbete"]) == (v.fk.pk, ett.pk)
    assert som_pdf(utdrag).startswith(b"%PDF")
    with som_agare():
        hela = for_nummer(index=kryptering.personindex(nr.nummer), using="default")
    assert len(hela.registreringar) == 1


def test_utdraget_har_bara_det_som_nas_och_inget_utan_identitet(v):
    nr = fabriker.nytt_nummer()
    deltagande, ett = v.inregistrera(nummer=nr), v.borja(nummer=nr)
    satt_sammanhang(v.af_konto)
    assert len(for_anvandare(deltagande=ett, format="json", av=v.af_konto).registreringar) == 1
    satt_sammanhang(v.av)
    assert len(for_anvandare(deltagande=deltagande, format="json", av=v.av).registreringar) == 2
    v.aterta(ett)

    utdrag = for_anvandare(deltagande=deltagande, format="json", av=v.av)

    assert [en.insats for en in utdrag.registreringar] == [v.insats.namn]
    assert v.fk.namn not in utdrag.som_json().decode()


# Kontoret


def test_kontorets_granser_raknar_samarbetena_och_hindrar(v):
    ett = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 20))
    nytt_fk = Varld.kontor(Samverkansform.FK)
    ett = samarbetskontor.byt_kontor(
        samarbete=ett, version=ett.version, datum=DAG + timedelta(days=30), till={AF: v.af, FK: nytt_fk},
        kontor=v.fk, av=v.av,
    )  # fmt: skip

    def granser(kontor):
        g = registreringsgranser(kontor)
        return g.forsta, g.sista, g.oppna, g.antal

    assert granser(v.fk) == (DAG, DAG + timedelta(days=20), 0, 1)
    assert granser(v.af) == (DAG, DAG + timedelta(days=30), 1, 1)
    assert granser(nytt_fk) == (DAG + timedelta(days=30), DAG + timedelta(days=30), 1, 1)
    with pytest.raises(IntegrityError, match="Slutdatum kan inte"), som_agare(), transaction.atomic():
        type(v.fk).objects.filter(pk=v.fk.pk).update(slutdatum=DAG + timedelta(days=10))


def test_kontoret_tas_inte_bort_och_byter_inte_form(v):
    v.borja()
    ansvarig = fabriker.insatsansvarig(v.fk.samverkansorganisation)
    satt_sammanhang(ansvarig)
    with pytest.raises(ValidationError, match="kontor"):
        ta_bort_insats(insats=v.fk, version=1, av=ansvarig)
    org = v.fk.samverkansorganisation_id
    for sats in (
        f"DELETE FROM insatser_insats WHERE id = {v.fk.pk}",
        f"UPDATE insatser_insats SET samverkansform = 'af' WHERE id = {v.fk.pk}",
        f"UPDATE insatser_samverkansorganisation SET samverkansform = 'finsam' WHERE id = {org}",
    ):
        with pytest.raises(IntegrityError), som_agare(), transaction.atomic(), connection.cursor() as markor:
            markor.execute(sats)
            markor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# Samtidigt


def i_sammanhang(konto, gor):
    def kor():
        with transaction.atomic():
            satt_sammanhang(konto)
            return gor()

    return kor


@pytest.mark.parametrize("omgang", range(3))
def test_tva_myndigheter_registrerar_samtidigt_en_ordning_inget_forlorat(bekraftat, omgang):
    v = bekraftat
    with transaction.atomic():
        ett = v.borja((Insatstyp.GEMENSAM_KARTLAGGNING, 3))

    def ga(till, kontor, myndighet, av):
        return v.ga(ett, till, 5, kontor=kontor, myndighet=myndighet, av=av)

    svar = samtidigt(
        i_sammanhang(v.av, partial(ga, Insatstyp.PLANERAD_ARBETSFORBEREDANDE, v.fk, FK, v.av)),
        i_sammanhang(v.af_konto, partial(ga, Insatstyp.ARBETSFORBEREDANDE, v.af, AF, v.af_konto)),
    )

    assert sorted(type(ett) is Samarbete for ett in svar) == [False, True]
    assert any(isinstance(fel, Krock) for fel in svar)
    rader = sql("SELECT ordning, fran, till FROM deltagare_overgang ORDER BY ordning")
    assert [ordning for ordning, *_ in rader] == [1, 2, 3]
    vinnaren = next(ett for ett in svar if type(ett) is Samarbete)
    assert rader[-1][1:] == ("gemensam_kartlaggning", vinnaren.insatstyp)
    with transaction.atomic():  # den andra läser om, och fortsätter därifrån
        satt_sammanhang(v.av)
        nu = Samarbete.objects.get(pk=ett.pk)
        assert v.ga(nu, Insatstyp.ARBETSLIVSINRIKTADE, 6).insatstyp == "arbetslivsinriktade"


@pytest.mark.parametrize("omgang", range(3))
def test_samtidiga_aterkallelser_tar_identiteten_nar_bada_ar_klara(bekraftat, omgang):
    v, nr = bekraftat, fabriker.nytt_nummer()
    with transaction.atomic():
        deltagande, ett = v.inregistrera(nummer=nr), v.borja(nummer=nr)

    svar = samtidigt(
        i_sammanhang(
            v.av,
            lambda: tjanster.aterta_samtycke(deltagande=deltagande, version=1, dag=date(2025, 6, 1), av=v.av),
        ),
        i_sammanhang(v.af_konto, lambda: v.aterta(ett, kontor=v.af, myndighet=AF, av=v.af_konto)),
    )

    assert [type(ett) for ett in svar] == [Deltagande, Samarbete], svar
    assert sql("SELECT count(*) FROM deltagare_identitet") == [(0,)]


@pytest.mark.parametrize("omgang", range(3))
def test_skydd_aterkallelse_byte_och_overgang_laser_varandra_aldrig_fast(bekraftat, omgang):
    v, gammalt, nytt = bekraftat, nummer(samordning=True), nummer("19810101")
    with transaction.atomic():
        deltagande, ett = v.inregistrera(nummer=gammalt), v.borja(nummer=gammalt)

    svar = samtidigt(
        i_sammanhang(v.av, lambda: tjanster.skydda_deltagaren(deltagande=deltagande, av=v.av)),
        i_sammanhang(v.af_konto, lambda: v.aterta(ett, kontor=v.af, myndighet=AF, av=v.af_konto)),
        i_sammanhang(v.av, lambda: byt_nummer(deltagande=ett, nytt=nytt, av=v.av)),
        i_sammanhang(v.av, lambda: v.ga(ett, Insatstyp.GEMENSAM_KARTLAGGNING, 1)),
    )

    assert all(isinstance(fel, (int, Samarbete, ValidationError)) for fel in svar), svar
    assert sql("SELECT count(*) FROM deltagare_identitet") == [(0,)]
    assert sql("SELECT count(*) FROM deltagare_samarbete WHERE NOT avidentifierat") == [(0,)]


@pytest.fixture
def utan_identitet():
    """Registreringarna som säger vem de gäller men saknar identitet: det får inga göra."""
    fraga = (
        "SELECT r.person_id FROM (SELECT person_id, avidentifierat FROM deltagare_deltagande "
        "UNION ALL SELECT person_id, avidentifierat FROM deltagare_samarbete) r "
        "LEFT JOIN deltagare_identitet i USING (person_id) WHERE NOT r.avidentifierat AND i.person_id IS NULL"
    )
    return lambda: sql(fraga)


@pytest.mark.parametrize("forst", ["aterta", "registrera"])
@pytest.mark.parametrize("sort", ["samarbete", "deltagande"])
def test_den_som_registreras_med_gamla_numret_medan_samtycket_atertas_har_identitet(
    bekraftat, utan_identitet, sort, forst
):
    v, gammalt = bekraftat, nummer(samordning=True)
    with transaction.atomic():
        satt_sammanhang(v.av)
        ett = (
            v.borja((Insatstyp.AVBRUTET, 5), nummer=gammalt) if sort == "samarbete" else v.inregistrera(nummer=gammalt)
        )
        byt_nummer(deltagande=ett, nytt=nummer("19810101"), av=v.av)
        ett = type(ett).objects.get(pk=ett.pk)
    gjort, klara = threading.Event(), threading.Event()

    def aterta():
        if sort == "samarbete":
            return v.aterta(ett)
        return tjanster.aterta_samtycke(deltagande=ett, version=ett.version, dag=date(2025, 6, 1), av=v.av)

    def registrera():
        return v.borja(nummer=gammalt, datum=date(2025, 6, 5), samtycke=date(2025, 6, 5))

    def den_ena(gor):
        with transaction.atomic():
            satt_sammanhang(v.av)
            svar = gor()
            gjort.set()
            while not (klara.is_set() or sql("SELECT 1 FROM pg_locks WHERE NOT granted")):
                pass  # tills den andra väntar, eller är klar
        return svar

    def den_andra(gor):
        gjort.wait()
        try:
            return i_sammanhang(v.av, gor)()
        finally:
            klara.set()

    ena, andra = (aterta, registrera) if forst == "aterta" else (registrera, aterta)
    svar = samtidigt(partial(den_ena, ena), partial(den_andra, andra))

    assert all(isinstance(ett, (Samarbete, Deltagande)) for ett in svar), svar
    assert utan_identitet() == []
    assert sql("SELECT count(*) FROM deltagare_samarbete WHERE NOT avidentifierat") == [(1,)]
    assert sql("SELECT count(*) FROM deltagare_identitet") == [(1,)]
    assert inloggad(v.av).get(reverse("samarbete:visa")).status_code == 200


@pytest.mark.parametrize("sort", ["samarbete", "deltagande"])
def test_en_identitet_som_gick_under_tiden_stoppar_registreringen(v, monkeypatch, sort):
    """Ägaren läser in en fil där samtycket är återtaget: den som registrerar väntar på tabellen, inte på personen."""
    modul, namn = {"samarbete": (samarbeten, "_ny_nyckel"), "deltagande": (registrering, "_nytt_lopnr")}[sort]
    gor = getattr(modul, namn)

    def och_identiteten_gar(*varden, **falt):
        with som_agare():
            Identitet.objects.all().delete()
        return gor(*varden, **falt)

    monkeypatch.setattr(modul, namn, och_identiteten_gar)

    with pytest.raises(ValidationError, match="Försök igen") as fel:
        v.borja() if sort == "samarbete" else v.inregistrera()

    assert fel.value.code == "personen_har_identitet"


# Det gamla numret, och dagar före det nyas födelseår


def test_begaran_med_gamla_numret_fore_personens_fodelse_ar_ett_fel_vid_datumet(v):
    gammalt = nummer("19610101", samordning=True)
    byt_nummer(deltagande=v.inregistrera(nummer=gammalt), nytt=nummer("20130101"), av=v.av)
    dag = {"samtycke": "2012-01-01", "datum": "2012-01-01"}

    svar = inloggad(v.av).post(
        reverse("samarbete:registrera"), medverkan(v.af, v.fk, personnummer=gammalt.utskrivet, **dag)
    )

    assert svar.status_code == 200
    [fel] = svar.context["form"].errors["datum"]
    assert fel.startswith("Begäran är före personens födelse")


def test_inregistreringen_med_gamla_numret_fore_personens_fodelse_ar_ett_fel_vid_datumet(v):
    gammalt = nummer("19610101", samordning=True)
    byt_nummer(deltagande=v.borja(nummer=gammalt), nytt=nummer("20130101"), av=v.av)
    dag = {"samtycke": "2012-01-01", "inregistrering": "2012-01-01"}

    svar = inloggad(v.av).post(reverse("deltagare:registrera"), indata(v.insats, gammalt, **dag))

    assert svar.status_code == 200
    [fel] = svar.context["form"].errors["inregistrering"]
    assert fel.startswith("Inregistreringen är före personens födelse")


def test_samarbeten_som_borjar_samma_dag_kommer_i_den_ordning_de_slutade(v):
    gammalt, nytt = nummer(samordning=True), nummer("19810101")
    pagar = v.borja(nummer=nytt)
    slutat = v.borja((Insatstyp.AVBRUTET, 0), nummer=gammalt, samtycke=DAG - timedelta(days=1))
    assert slutat.pk > pagar.pk

    assert byt_nummer(deltagande=slutat, nytt=nytt, av=v.av) == pagar.person_id
    satt_sammanhang(v.av)
    with pytest.raises(ValidationError, match="senare samarbete"):
        samarbeten.angra_overgang(
            samarbete=slutat, version=Samarbete.objects.get(pk=slutat.pk).version, kontor=v.fk, av=v.av
        )


def test_avtrycken_blir_ett_for_varje_nummer(v):
    ett = v.borja(nummer=nummer(samordning=True))
    byt_nummer(deltagande=ett, nytt=nummer("19810101"), av=v.av)
    v.aterta(Samarbete.objects.get(pk=ett.pk))

    with som_agare():
        assert Samarbetsavtryck.objects.filter(samarbete=ett).count() == 2

"""Läs in på webben: granskning, allt eller inget, räckvidd genom radskyddet, felfil, kvitto (issue 4, P7, P8, P22)."""

import csv
import io
import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.kryptering import personindex
from deltagare.models import Anonym, Deltagande, Identitet, Inlasning, Omrade, Volymantal
from deltagare.overforing.filformat import FILER
from deltagare.overforing.uppladdat import RADER_HOGST
from deltagare.personnummer import tolka
from insatser.kategorier import Samverkansform
from insatser.models import Budget, Budgetpost, Insats
from insatser.models.insats import InsatsQuerySet
from tests import fabriker
from tests.databas import som_agare
from tests.folkbokforing import post
from tests.importkatalog import FINSAM, HANDLINGSPLAN, TVAPART
from tests.test_samarbete import borja, kontor

pytestmark = pytest.mark.django_db

GRUND = {"kommun": "1283", "fornamn": "Kim", "efternamn": "Påhittad", "inregistrering": "2025-03-01",
         "samtycke": "2025-03-01"}  # fmt: skip


def som_csv(fil, rader, *, skiljetecken=";", kodning="utf-8-sig", kolumner=None):
    ut = io.StringIO()
    kolumner = kolumner or [k for k in FILER[fil].kolumner if any(k in rad for rad in rader)]
    skrivare = csv.DictWriter(ut, kolumner, delimiter=skiljetecken, lineterminator="\r\n", restval="")
    skrivare.writeheader()
    skrivare.writerows(rader)
    return ut.getvalue().encode(kodning)


def som_excel(**blad):
    bok = Workbook()
    bok.remove(bok.active)
    for namn, rader in blad.items():
        ett = bok.create_sheet(namn)
        for rad in rader:
            ett.append(rad)
    ut = io.BytesIO()
    bok.save(ut)
    return ut.getvalue()


def ladda_upp(client, data, slag, *, omrade="insatser"):
    fil = SimpleUploadedFile("198001019999.csv", data)
    return client.post(reverse(f"inlasning:{omrade}"), {"slag": slag, "fil": fil, "granska": "1"})


def granskad(client, data, slag, *, omrade="insatser"):
    """Adressen till granskningen, och sidan."""
    svar = ladda_upp(client, data, slag, omrade=omrade)
    assert svar.status_code == 302, re.findall(r"error-message[^<]*<[^<]*", svar.content.decode())
    return svar["Location"], client.get(svar["Location"])


def las_in(client, adress):
    return client.post(adress, {"las_in": "1"}, follow=True)


def texten(svar):
    return " ".join(re.sub(r"<[^>]+>", " ", svar.content.decode()).replace("\xa0", " ").split())


@pytest.fixture
def org():
    return fabriker.organisation(organisationsnummer=FINSAM)


@pytest.fixture
def insats(org):
    return fabriker.insats(org)


@pytest.fixture
def insatsansvarig(client, org):
    konto = fabriker.insatsansvarig(org)
    client.force_login(konto)
    return konto


@pytest.fixture
def deltagaransvarig(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    client.force_login(konto)
    return konto


def insatsrad(org, nyckel, **falt):
    return {
        "insats": nyckel,
        "organisationsnummer": org.organisationsnummer,
        "namn": f"Insatsen {nyckel}",
        "beskrivning": 'Åäö; och "citat"',
        "startdatum": "2020-01-01",
        "inriktning": "individ",
        "preciserad_inriktning": "forberedande",
        "deltagarregistrering": "personuppgifter",
        "malgrupper": "ej_tillampliga",
        **falt,
    }


# Insatser och budget


@pytest.mark.parametrize("skiljetecken", [";", ",", "\t"])
@pytest.mark.parametrize("kodning", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
def test_insatser_ur_csv_som_excel_sparar_den(client, org, insatsansvarig, skiljetecken, kodning):
    rader = [insatsrad(org, "A-1"), insatsrad(org, "A-2", slutdatum="2030-12-31")]
    adress, sida = granskad(
        client, som_csv("insatser.csv", rader, skiljetecken=skiljetecken, kodning=kodning), "insatser.csv"
    )

    assert "Insatser 2 0 0" in texten(sida)
    assert not Insats.objects.filter(nyckel__startswith="A-").exists()
    kvitto = las_in(client, adress)
    assert "Inläsningen är klar" in texten(kvitto)
    assert "Insatser 2 0 0" in texten(kvitto)
    ny = Insats.objects.get(nyckel="A-1")
    assert (ny.samverkansorganisation, ny.namn, ny.beskrivning) == (org, "Insatsen A-1", 'Åäö; och "citat"')
    rad = Handelse.objects.get(typ="importerat")
    assert (rad.av_id, rad.detaljer) == (insatsansvarig.pk, {"filer": {"insatser.csv": [2, 0, 0]}})


def test_arbetsbok_med_ett_blad_for_varje(client, org, insats, insatsansvarig):
    volym = fabriker.volyminsats(org)
    data = som_excel(
        Insatser=[
            ["Insats", "Organisationsnummer", "Namn", "Startdatum", "Inriktning", "Preciserad inriktning",
             "Deltagarregistrering", "Målgrupper"],
            ["B1", org.organisationsnummer, "Ny", date(2024, 1, 1), "individ", "forberedande", "personuppgifter",
             "unga"],
        ],
        Budget=[["insats", "ar", "planerat_antal"], [insats.nyckel, 2025, 30], ["B1", 2025, 12.0]],
        Budgetposter=[
            ["insats", "ar", "rad", "budgettyp", "budget", "utfall"],
            [insats.nyckel, 2025, 1, "insatskostnad", 1_250_000, -500],
        ],
        Volymantal=[["insats", "ar", "antal"], [volym.nyckel, 2024, 40]],
        Anteckningar=[["det här", "ska inte läsas"]],
    )  # fmt: skip
    adress, sida = granskad(client, data, "arbetsbok")

    assert "Andra blad lästes inte: Anteckningar." in texten(sida)
    las_in(client, adress)
    assert Insats.objects.get(nyckel="B1").startdatum == date(2024, 1, 1)
    assert dict(Budget.objects.values_list("insats__nyckel", "planerat_antal")) == {insats.nyckel: 30, "B1": 12}
    post = Budgetpost.objects.get()
    assert (post.budget, post.utfall) == (1_250_000, -500)
    assert Volymantal.objects.get().antal == 40
    volym.refresh_from_db()
    assert volym.last
    # En gång till ändrar inget, och det sägs.
    _, igen = granskad(client, data, "arbetsbok")
    assert "Allt i filen är redan registrerat så." in texten(igen)
    assert "las_in" not in igen.content.decode()


def test_utanfor_uppdraget_ar_fel_med_samma_ord_som_det_som_inte_finns(client, org, insatsansvarig):
    annan = fabriker.insats(fabriker.organisation(organisationsnummer=TVAPART))
    rader = [
        {"insats": annan.nyckel, "ar": "2025", "planerat_antal": "1"},
        {"insats": "FINNS-INTE", "ar": "2025", "planerat_antal": "1"},
    ]
    _, sida = granskad(client, som_csv("budget.csv", rader), "budget.csv")
    fel = "Insatsen finns inte, eller så har du inget uppdrag på den. Rätta nyckeln."
    assert texten(sida).count(fel) == 2
    assert "budget.csv 2 insats" in texten(sida)

    rader = [insatsrad(annan.samverkansorganisation, "X-1"), insatsrad(org, annan.nyckel), insatsrad(org, "SUS-7")]
    rader.append({**insatsrad(org, "X-2"), "organisationsnummer": HANDLINGSPLAN})
    _, sida = granskad(client, som_csv("insatser.csv", rader), "insatser.csv")
    ord_ = texten(sida)
    assert "insatser.csv 2 organisationsnummer" in ord_
    assert "insatser.csv 3 insats" in ord_
    assert "insatser.csv 4 insats" in ord_
    assert ord_.count("Samverkansorganisationen finns inte, eller så har du inget uppdrag") == 2
    assert not Insats.objects.filter(nyckel__in=["X-1", "X-2", "SUS-7"]).exists()


def test_budgetar_utanfor_datumen_varnar_innan_filen_lases_in(client, org, insatsansvarig):
    insats = fabriker.insats(org, startdatum=date(2023, 1, 1), slutdatum=date(2024, 12, 31))
    rader = [{"insats": insats.nyckel, "ar": ar, "planerat_antal": "4"} for ar in ("2022", "2024", "2025")]
    adress, sida = granskad(client, som_csv("budget.csv", rader), "budget.csv")
    ord_ = texten(sida)

    assert "budget.csv 2 ar Året är före insatsens startdatum (2023-01-01). Raden läses in ändå." in ord_
    assert "budget.csv 4 ar Året är efter insatsens slutdatum (2024-12-31). Raden läses in ändå." in ord_
    assert ord_.index("Raden läses in ändå.") < ord_.index("Avbryt inläsningen")
    las_in(client, adress)
    assert list(Budget.objects.order_by("ar").values_list("ar", flat=True)) == [2022, 2024, 2025]


def test_fel_i_rubrikraden_ger_en_vag_vidare_och_bladets_namn(client, org, insatsansvarig):
    data = som_excel(Insatser=[["Insats", "Hittepå"], ["A-1", "x"]])

    _, sida = granskad(client, data, "insatser.csv")

    ord_ = texten(sida)
    assert "Blad Rad Kolumn Fel Insatser rubrikraden" in ord_
    assert "insatser.csv" not in ord_
    assert f'href="{reverse("inlasning:insatser")}">Ladda upp en annan fil' in sida.content.decode()
    assert "Ladda upp de rättade raderna" not in ord_


def test_granskningen_maskerar_bara_det_som_kan_vara_ett_personnummer(client, org, insatsansvarig):
    # 980–999 är Skatteverkets testserie
    rad = {
        **insatsrad(org, "2024010112"),
        "namn": "8001019802",
        "beskrivning": "Ring 010-123 45 67 89 om 19800101-9802, 800161 9802 och 8013019802",
    }

    _, sida = granskad(client, som_csv("insatser.csv", [rad]), "insatser.csv")

    ((_, _, ((_, celler),), _),) = sida.context["tabeller"]
    visat = [text for text, _ in celler]
    assert visat[:3] == ["2024010112", org.organisationsnummer, "8001019802"]
    assert visat[3] == "Ring 010-123 45 67 89 om 19800101-****, 800161 **** och 8013019802"
    assert 'sus-nowrap">2020-01-01' in sida.content.decode()


def test_kvittot_leder_till_insatserna(client, org, insatsansvarig):
    adress, _ = granskad(client, som_csv("insatser.csv", [insatsrad(org, "K-1")]), "insatser.csv")

    kvitto = las_in(client, adress).content.decode()

    assert f'href="{reverse("insatser:lista")}?mina=on"' in kvitto


def test_fler_budgetrader_an_sidan_kan_andra_ar_fel_pa_raderna(client, org, insats, insatsansvarig):
    Budgetpost.objects.bulk_create(
        Budgetpost(insats=insats, ar=2025, rad=nr, budgettyp="insatskostnad", budget=1) for nr in range(1, 99)
    )
    nya = [
        {"insats": insats.nyckel, "ar": "2025", "rad": nr, "budgettyp": "insatskostnad", "budget": "2"}
        for nr in (1, 99, 100, 101, 102)
    ]

    adress, sida = granskad(client, som_csv("budgetposter.csv", nya), "budgetposter.csv")
    assert [plats for *plats, _ in sida.context["fel"]] == [["budgetposter.csv", rad, "rad"] for rad in (5, 6)]
    assert "Insatsen får fler än 100 budgetrader för 2025" in texten(sida)

    adress, _ = granskad(client, som_csv("budgetposter.csv", nya[:3]), "budgetposter.csv")
    las_in(client, adress)
    assert Budgetpost.objects.filter(insats=insats, ar=2025).count() == 100


def test_datum_som_inte_rymmer_registreringarna_ar_fel_fast_de_inte_syns(client, org, insats, insatsansvarig):
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    rad = insatsrad(org, insats.nyckel, namn=insats.namn, slutdatum="2025-02-01")
    _, sida = granskad(client, som_csv("insatser.csv", [rad]), "insatser.csv")

    assert "Slutdatum är före en registrering i insatsen (2025-03-01)" in texten(sida)


def test_det_som_andras_mellan_granskning_och_inlasning_ger_fel_och_inget_sparas(client, org, insats, insatsansvarig):
    rader = [insatsrad(org, "N1", namn="Nya"), insatsrad(org, "N2", namn="Krocken")]
    adress, sida = granskad(client, som_csv("insatser.csv", rader), "insatser.csv")
    assert "Insatser 2 0 0" in texten(sida)
    fabriker.insats(org, namn="Krocken")

    svar = las_in(client, adress)

    assert "redan en insats med det namnet" in texten(svar)
    assert not Insats.objects.filter(nyckel__in=["N1", "N2"]).exists()


# Felfilen


@pytest.mark.parametrize("excel", [False, True])
def test_raderna_med_fel_rattas_och_laddas_upp_igen(client, org, insats, insatsansvarig, excel):
    rader = [
        {"insats": insats.nyckel, "ar": "2023", "planerat_antal": "10"},
        {"insats": insats.nyckel, "ar": "2024", "planerat_antal": "tolv"},
        {"insats": insats.nyckel, "ar": "2025", "planerat_antal": "14"},
        {"insats": "=1+1", "ar": "2025", "planerat_antal": "-3"},
    ]
    data = som_csv("budget.csv", rader)
    if excel:
        data = som_excel(Budget=[["insats", "ar", "planerat_antal"], *(list(rad.values()) for rad in rader)])
    adress, _ = granskad(client, data, "budget.csv")
    svar = client.get(f"{adress}fel/")
    namn = "budget-fel.xlsx" if excel else "budget-fel.csv"
    assert svar["Content-Disposition"] == f'attachment; filename="{namn}"'
    if excel:
        blad = load_workbook(io.BytesIO(svar.content))["Budget"]
        hamtat = [[cell.value for cell in rad] for rad in blad.iter_rows()]
        assert all(cell.data_type in {"s", "inlineStr"} for rad in blad.iter_rows() for cell in rad)
    else:
        assert svar.content.startswith(b"\xef\xbb\xbfinsats;ar;planerat_antal;filrad;fel\r\n")
        hamtat = list(csv.reader(io.StringIO(svar.content.decode("utf-8-sig")), delimiter=";"))
        assert hamtat[2][:3] == ["'=1+1", "2025", "-3"]
    assert [rad[3] for rad in hamtat[1:]] == ["3", "5"]
    assert hamtat[1][4].startswith("planerat_antal: Skriv ett heltal")

    hamtat[1][2] = "12"
    rattat = som_excel(Budget=hamtat[:2])
    if not excel:
        ut = io.StringIO()
        csv.writer(ut, delimiter=";").writerows(hamtat[:2])
        rattat = ut.getvalue().encode("cp1252")
    token = str(uuid4())
    svaren = [
        client.post(adress, {"ratta": "1", "fil": SimpleUploadedFile("x", rattat), "token": token}, follow=True)
        for _ in range(2)
    ]

    assert all("Budget 3 0 0" in texten(svar) for svar in svaren)
    las_in(client, adress)
    assert dict(Budget.objects.values_list("ar", "planerat_antal")) == {2023: 10, 2024: 12, 2025: 14}


def test_rattade_rader_som_inte_gar_att_lasa_ger_sidan_igen(client, insats, insatsansvarig):
    adress, _ = granskad(client, b"insats;ar\nFEL;2024\n", "budget.csv")
    svar = client.post(adress, {"ratta": "1", "fil": SimpleUploadedFile("x", b"insats;ar;antal\nA;2024;1\n")})
    assert "De rättade raderna har kolumnen antal" in texten(svar)
    svar = client.post(adress, {"ratta": "1"})
    assert "Välj en fil." in texten(svar)
    assert "FEL" in texten(svar)


# Deltaganden


def deltagandefil(insats, *nummer, **falt):
    rader = [{"insats": insats.nyckel, "personnummer": ett.utskrivet, **GRUND, **falt} for ett in nummer]
    return som_csv("deltaganden.csv", rader)


def test_deltaganden_skrivs_genom_radskyddet_och_loggas(client, insats, deltagaransvarig):
    ny, tva = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    data = deltagandefil(insats, ny, tva, forsorjning_fore="sjukpenning;forsorjningsstod", arbete_fore="50")
    adress, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")

    assert "Deltaganden 2 0 0" in texten(sida)
    assert not Handelse.objects.exclude(typ="inloggad").exists()
    assert ny.maskerat in sida.content.decode()
    assert ny.nummer[8:] not in sida.content.decode()
    assert sida["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    las_in(client, adress)

    satt_sammanhang(deltagaransvarig)
    deltaganden = list(Deltagande.objects.order_by("pk"))
    assert len(deltaganden) == 2
    assert deltaganden[0].forsorjning_fore == ["sjukpenning", "forsorjningsstod"]
    assert deltaganden[0].arbete_fore == 50
    identitet = Identitet.objects.get(personindex=personindex(ny.nummer))
    assert (identitet.klartext("fornamn"), identitet.klartext("personnummer")) == ("Kim", ny.nummer)
    inlasta = Handelse.objects.filter(typ="deltagare_inlast").order_by("pk")
    assert [(rad.av_id, rad.insats_id, rad.person_id, rad.detaljer) for rad in inlasta] == [
        (deltagaransvarig.pk, insats.pk, ett.person_id, {"deltagande": ett.pk, "ny": True}) for ett in deltaganden
    ]
    assert all(rad.uppdrag_id for rad in inlasta)
    insats.refresh_from_db()
    assert (insats.last, insats.last_av) == (True, "deltagare")
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT innehall FROM deltagare_inlasning")
        assert markor.fetchall() == [(None,)]


def test_utregistrering_och_namn_i_en_ny_fil_ar_andringar(client, insats, deltagaransvarig):
    nummer, samma = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    adress, _ = granskad(client, deltagandefil(insats, nummer, samma), "deltaganden.csv", omrade="deltaganden")
    las_in(client, adress)
    rad = {"insats": insats.nyckel, **GRUND}
    data = som_csv(
        "deltaganden.csv",
        [
            {**rad, "personnummer": nummer.nummer, "utregistrering": "2025-06-01", "avslutningsanledning": "fullfoljd"},
            {**rad, "personnummer": samma.nummer, "efternamn": "Bytt"},
        ],
    )
    adress, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "Deltaganden 0 2 0" in texten(sida)
    las_in(client, adress)

    satt_sammanhang(deltagaransvarig)
    assert list(Deltagande.objects.order_by("pk").values_list("utregistrering", flat=True)) == [date(2025, 6, 1), None]
    assert Identitet.objects.get(personindex=personindex(samma.nummer)).klartext("efternamn") == "Bytt"
    assert Handelse.objects.filter(typ="deltagare_inlast", detaljer__ny=False).count() == 2


def test_ett_senare_namn_utom_rackhall_skrivs_inte_over(client, insats, deltagaransvarig):
    """Namnet är den senaste registreringens, också ett samarbetes eller ett deltagandes som filens läsare inte ser."""
    i_samarbete, i_insats, tidigare = (fabriker.nytt_nummer() for _ in range(3))
    fk, frammande = kontor(Samverkansform.FK), fabriker.insats()
    hos_fk, dar = fabriker.deltagaransvarig(fk), fabriker.deltagaransvarig(frammande)
    borja(kontor(Samverkansform.AF), fk, hos_fk, nummer=i_samarbete, efternamn="Senast", datum=date(2025, 4, 1))
    for nummer, dag in ((i_insats, date(2025, 4, 1)), (tidigare, date(2025, 2, 1))):
        fabriker.inregistrera(frammande, dar, nummer=nummer, efternamn="Senast", inregistrering=dag, samtycke=dag)
    satt_sammanhang(None)

    data = deltagandefil(insats, i_samarbete, i_insats, tidigare)
    las_in(client, granskad(client, data, "deltaganden.csv", omrade="deltaganden")[0])

    satt_sammanhang(deltagaransvarig)
    namnen = [
        Identitet.objects.get(personindex=personindex(nummer.nummer)).klartext("efternamn")
        for nummer in (i_samarbete, i_insats, tidigare)
    ]
    assert namnen == ["Senast", "Senast", "Påhittad"]


def test_senare_registreringar_fragas_bara_om_dem_man_nar(insats, deltagaransvarig):
    frammande = fabriker.insats()
    ett = fabriker.inregistrera(frammande, fabriker.deltagaransvarig(frammande))
    fragan = "SELECT * FROM har_senare_registreringar(%s, ARRAY['2000-01-01'::date])"
    with connection.cursor() as markor:
        satt_sammanhang(deltagaransvarig)
        markor.execute(fragan, [[ett.person_id]])
        assert markor.fetchall() == []
        satt_sammanhang(fabriker.deltagaransvarig(frammande))
        markor.execute(fragan, [[ett.person_id]])
        assert markor.fetchall() == [(ett.person_id, date(2000, 1, 1))]


def test_kommunen_vid_inregistreringen_andras_inte(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    data = deltagandefil(insats, nummer, kommun="1280")
    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "deltaganden.csv 2 kommun Kommun och stadsdel är de som gällde" in texten(sida)


def test_en_person_i_en_annan_insats_marks_inte(client, insats, deltagaransvarig):
    """Samma sida och samma antal vare sig personen finns någon annanstans eller inte, och samma person efteråt."""
    frammande = fabriker.insats()
    finns, ny = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    dar = fabriker.inregistrera(
        frammande, fabriker.deltagaransvarig(frammande), nummer=finns, fornamn="Hemlig", efternamn="Annan"
    )
    sidor = {}
    for nummer in (finns, ny):
        satt_sammanhang(None)
        data = deltagandefil(insats, nummer)
        adress, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
        kvitto = las_in(client, adress)
        sidor[nummer] = texten(sida).replace(nummer.maskerat, "NR"), texten(kvitto)
    assert sidor[finns] == sidor[ny]
    assert "Deltaganden 1 0 0" in sidor[finns][1]
    satt_sammanhang(deltagaransvarig)
    assert Deltagande.objects.filter(person_id=dar.person_id, insats=insats).exists()


def test_frammande_insats_nekas_aven_nar_koden_glommer_rackvidden(client, insats, deltagaransvarig, monkeypatch):
    frammande = fabriker.insats()
    data = deltagandefil(frammande, fabriker.nytt_nummer())
    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "har du inget uppdrag på den" in texten(sida)
    monkeypatch.setattr(InsatsQuerySet, "synliga_for", lambda self, *_: self.all())

    svar = ladda_upp(client, data, "deltaganden.csv", omrade="deltaganden")

    assert svar.status_code == 403
    with som_agare():
        assert not Deltagande.objects.exists()


def test_deltagare_utan_personnummer_och_atertaget_samtycke_lases_inte_in(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    rader = [
        {"insats": insats.nyckel, **GRUND, "person": "A-1", "kon": "kvinna", "fodelsear": "1980"},
        {"insats": insats.nyckel, **GRUND, "personnummer": nummer.utskrivet, "utregistrering": "2025-05-01",
         "avslutningsanledning": "atertaget_samtycke"},
    ]  # fmt: skip
    _, sida = granskad(client, som_csv("deltaganden.csv", rader), "deltaganden.csv", omrade="deltaganden")
    assert "deltaganden.csv 2 personnummer Ange personnummer." in texten(sida)
    _, sida = granskad(client, som_csv("deltaganden.csv", rader[1:]), "deltaganden.csv", omrade="deltaganden")
    assert "Återtaget samtycke läses inte in" in texten(sida)


def test_en_aldre_fil_ger_inte_tillbaka_identiteten(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    tjanster.utregistrera(
        deltagande=deltagande, version=1, utregistrering=date(2025, 5, 1), avslutningsanledning="atertaget_samtycke",
        efter={}, av=deltagaransvarig,
    )  # fmt: skip
    _, sida = granskad(client, deltagandefil(insats, nummer), "deltaganden.csv", omrade="deltaganden")
    assert "Deltaganden 0 0 1" in texten(sida)
    satt_sammanhang(deltagaransvarig)
    assert not Identitet.objects.exists()


def test_den_som_har_skydd_ar_fel_pa_raden_och_lamnar_inget_spar(client, insats, deltagaransvarig):
    vanlig, hemlig = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    with som_agare():
        post(hemlig, skyddad=True).save()

    adress, sida = granskad(client, deltagandefil(insats, vanlig, hemlig), "deltaganden.csv", omrade="deltaganden")
    las_in(client, adress)

    assert "3 personnummer Personen ska registreras som anonym deltagare. Ta bort raden ur filen." in texten(sida)
    rader = Handelse.objects.filter(typ="person_hamtad").values_list("insats_id", "person_id", "detaljer")
    assert set(map(str, rader)) == {str((insats.pk, None, {"utfall": "skyddad"}))}
    with som_agare():
        assert not Deltagande.objects.exists()
        assert not Identitet.objects.exists()


def test_den_registrerade_som_har_fatt_skydd_ar_fel_pa_raden_och_blir_av_med_identiteten(
    client, insats, deltagaransvarig
):
    vanlig, hemlig = fabriker.nytt_nummer(), fabriker.nytt_nummer()
    fabriker.inregistrera(insats, deltagaransvarig, nummer=hemlig)
    annan = fabriker.insats(insats.samverkansorganisation)
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=hemlig)
    with som_agare():
        post(hemlig, skyddad=True).save()
    satt_sammanhang(deltagaransvarig)
    data = deltagandefil(insats, vanlig, hemlig)

    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")

    assert "3 personnummer Raden går inte att läsa in. Ta bort den ur filen." in texten(sida)
    assert "anonym deltagare" not in texten(sida)
    satt_sammanhang(deltagaransvarig)
    rader = Handelse.objects.filter(typ="person_hamtad").values_list("insats_id", "person_id", "detaljer")
    assert list(map(str, rader)) == [str((insats.pk, None, {"utfall": "skyddad"}))]
    with som_agare():
        assert list(Deltagande.objects.values_list("avidentifierat", flat=True)) == [True, True]
        assert not Identitet.objects.exists()
        assert Handelse.objects.filter(typ="avidentifierad", av_id=deltagaransvarig.pk).count() == 2
    # Raden känns igen på sitt avtryck: deltagandet räknas en gång.
    adress, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "Deltaganden 1 0 1" in texten(sida)
    las_in(client, adress)
    with som_agare():
        assert Deltagande.objects.count() == 3


def test_skydd_hos_den_utom_rackhall_syns_inte_i_databasens_svar(insats, deltagaransvarig):
    annan = fabriker.insats()
    hemlig, kollega = fabriker.nytt_nummer(), fabriker.deltagaransvarig(annan)
    ett = fabriker.inregistrera(annan, kollega, nummer=hemlig)
    with som_agare():
        post(hemlig, skyddad=True).save()

    def svaret(konto):
        satt_sammanhang(konto)
        with connection.cursor() as markor:
            markor.execute("SELECT * FROM deltaganden_med_skydd(%s)", [[ett.pk]])
            return markor.fetchall()

    assert svaret(kollega) == [(ett.pk,)]
    assert svaret(deltagaransvarig) == []


@pytest.mark.parametrize("nar", [True, False])
def test_gammalt_och_nytt_nummer_i_en_fil_ar_fel_pa_raden(client, insats, deltagaransvarig, nar):
    """Också när personen bara finns i en insats som den som läser in inte når: då är det databasen som ser det."""
    registrerad_i = insats if nar else fabriker.insats()
    kollega = deltagaransvarig if nar else fabriker.deltagaransvarig(registrerad_i)
    gammalt, nytt = (tolka(fabriker.personnummer(dag), idag=timezone.localdate()) for dag in ("19800161", "19810101"))
    satt_sammanhang(kollega)
    ett = fabriker.inregistrera(registrerad_i, kollega, nummer=gammalt)
    tjanster.utregistrera(
        deltagande=ett, version=1, utregistrering=date(2025, 3, 1), avslutningsanledning="fullfoljd", efter={},
        av=kollega,
    )  # fmt: skip
    tjanster.byt_nummer(deltagande=ett, nytt=nytt, av=kollega)
    satt_sammanhang(deltagaransvarig)
    data = deltagandefil(insats, gammalt, nytt, inregistrering="2025-04-01", samtycke="2025-04-01")

    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")

    assert "3 inregistrering Personen är redan inregistrerad i insatsen under den tiden" in texten(sida)


def test_overlapp_och_dubbletter_ar_fel_pa_raden(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(insats, deltagaransvarig, nummer=nummer)
    data = deltagandefil(insats, nummer, inregistrering="2025-04-01")
    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "deltaganden.csv 2 inregistrering Personen är redan inregistrerad i insatsen under den tiden" in texten(sida)


def test_anonyma_for_egna_insatser(client, insats, deltagaransvarig):
    rader = [{"insats": insats.nyckel, "ar": "2025", "kon": "kvinna", "antal": "4"}]
    adress, _ = granskad(client, som_csv("anonyma.csv", rader), "anonyma.csv", omrade="deltaganden")
    las_in(client, adress)
    assert Anonym.objects.get().antal == 4
    insats.refresh_from_db()
    assert insats.last_av == "anonym"
    assert Handelse.objects.filter(typ="kategorisering_last", insats_id=insats.pk, av_id=deltagaransvarig.pk).exists()


def test_kommunkoden_far_tillbaka_nollan(client, insats, deltagaransvarig):
    data = deltagandefil(insats, fabriker.nytt_nummer(), kommun="180")
    _, sida = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    assert "fick en nolla först (1 rader)" in texten(sida)
    assert "Deltaganden 1 0 0" in texten(sida)


# Uppladdningen: bunden till den som gjorde den, krypterad, borta inom en timme


def test_uppladdningen_ar_krypterad_och_ingen_annans(client, insats, deltagaransvarig):
    nummer = fabriker.nytt_nummer()
    adress, _ = granskad(client, deltagandefil(insats, nummer), "deltaganden.csv", omrade="deltaganden")
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT innehall FROM deltagare_inlasning")
        innehall = bytes(markor.fetchone()[0])
    assert nummer.nummer.encode() not in innehall
    assert b"deltaganden" not in innehall
    assert nummer.nummer not in adress

    client.force_login(fabriker.deltagaransvarig(insats))
    assert client.get(adress).status_code == 404
    assert client.get(f"{adress}fel/").status_code == 404
    for knapp in ("las_in", "avbryt", "ratta"):
        fil = {"fil": SimpleUploadedFile("x", b"insats;ar\nA;1\n")} if knapp == "ratta" else {}
        assert client.post(adress, {knapp: "1", **fil}).status_code == 404
    with som_agare():
        assert Inlasning.objects.count() == 1
        assert not Deltagande.objects.exists()


def test_radskyddet_visar_bara_egna_uppladdningar(client, insats, deltagaransvarig):
    granskad(client, deltagandefil(insats, fabriker.nytt_nummer()), "deltaganden.csv", omrade="deltaganden")
    satt_sammanhang(fabriker.deltagaransvarig(insats))
    assert not Inlasning.objects.exists()
    satt_sammanhang(None)
    assert not Inlasning.objects.exists()


def test_uppladdningen_ar_borta_efter_en_timme(client, insats, deltagaransvarig):
    data = deltagandefil(insats, fabriker.nytt_nummer())
    adress, _ = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    with som_agare():
        Inlasning.objects.update(skapad_vid=timezone.now() - timedelta(minutes=61))
    svar = client.get(adress)
    assert svar.status_code == 404
    assert "Ladda upp filen igen" in texten(svar)
    assert client.post(adress, {"las_in": "1"}).status_code == 404
    # Nästa uppladdning, av vem som helst, tar bort den.
    client.force_login(fabriker.deltagaransvarig(insats))
    granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    with som_agare():
        assert Inlasning.objects.count() == 1


def test_avbryt_tar_bort_och_dubbelklick_laser_in_en_gang(client, insats, deltagaransvarig):
    data = deltagandefil(insats, fabriker.nytt_nummer())
    adress, _ = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    svar = client.post(adress, {"avbryt": "1"}, follow=True)
    assert "Inläsningen är avbruten" in texten(svar)
    with som_agare():
        assert not Inlasning.objects.exists()
    adress, _ = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    forsta, andra = las_in(client, adress), las_in(client, adress)
    assert texten(forsta) == texten(andra)
    assert "En rad är läst. Allt i filen är registrerat" in texten(forsta)
    assert Handelse.objects.filter(typ="importerat").count() == 1


def test_hogst_fem_uppladdningar_var(client, insats, deltagaransvarig):
    for _ in range(7):
        granskad(client, deltagandefil(insats, fabriker.nytt_nummer()), "deltaganden.csv", omrade="deltaganden")
    satt_sammanhang(deltagaransvarig)
    assert Inlasning.objects.count() == 5


def test_uppdrag_som_tagit_slut_stoppar_inlasningen(client, insats, deltagaransvarig):
    data = deltagandefil(insats, fabriker.nytt_nummer())
    adress, _ = granskad(client, data, "deltaganden.csv", omrade="deltaganden")
    with som_agare():
        deltagaransvarig.behorigheter.get().uppdrag.update(till=fabriker.IGAR)
    assert "har du inget uppdrag på den" in texten(las_in(client, adress))
    with som_agare():
        assert not Deltagande.objects.exists()


def test_bara_ratt_roll_laser_in(client, insats, org):
    for konto, omrade in (
        (fabriker.deltagaransvarig(insats), "insatser"),
        (fabriker.insatsansvarig(org), "deltaganden"),
    ):
        client.force_login(konto)
        assert client.get(reverse(f"inlasning:{omrade}")).status_code == 403
        assert ladda_upp(client, b"a;b\n1;2", "budget.csv", omrade=omrade).status_code == 403


def test_slaget_som_hor_till_den_andra_sidan_tas_inte_emot(client, insats, insatsansvarig):
    svar = ladda_upp(client, deltagandefil(insats, fabriker.nytt_nummer()), "deltaganden.csv")
    assert svar.status_code == 200
    assert client.get(reverse("inlasning:mall_insatser", args=["deltaganden"])).status_code == 404


@pytest.mark.parametrize(("omrade", "slag"), [("insatser", "insatser"), ("insatser", "budgetposter"),
                                              ("deltaganden", "deltaganden"), ("deltaganden", "anonyma")])  # fmt: skip
def test_mallarna_har_rubrikerna_och_en_forklaring(client, insatsansvarig, insats, omrade, slag):
    if omrade == "deltaganden":
        client.force_login(fabriker.deltagaransvarig(insats))
    svar = client.get(reverse(f"inlasning:mall_{omrade}", args=[slag]))
    bok = load_workbook(io.BytesIO(svar.content))
    assert bok.sheetnames == [slag.capitalize(), "Förklaring"]
    kolumner = list(FILER[f"{slag}.csv"].kolumner)
    assert [cell.value for cell in bok[slag.capitalize()][1]] == kolumner
    assert [rad[0].value for rad in bok["Förklaring"].iter_rows(min_row=2)] == kolumner
    # Mallen som den är, utan rader, tas emot men sägs vara tom.
    svar = ladda_upp(client, svar.content, f"{slag}.csv", omrade=omrade)
    assert "Filen har bara en rubrikrad" in texten(svar)


def test_utan_uppdrag_far_man_veta_vem_man_fragar(client):
    client.force_login(fabriker.anvandare(Roll.INSATSANSVARIG))
    svar = client.get(reverse("inlasning:insatser"))
    assert "Vänd dig till samverkansadministratör för att få ett" in texten(svar)


def test_for_manga_uppladdningar_stoppas(client, settings, insatsansvarig):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "inlasning": (2, 600)}
    koder = [ladda_upp(client, b"x", "budget.csv").status_code for _ in range(3)]
    assert koder == [200, 200, 429]


def test_tusentals_rader_ryms_och_fler_nekas(client, insats, insatsansvarig):
    rad = f"{insats.nyckel};%d;%d;insatskostnad;1\n"  # högst hundra rader per år
    huvud = "insats;ar;rad;budgettyp;budget\n"
    data = huvud + "".join(rad % (2015 + nr // 100, nr + 1) for nr in range(RADER_HOGST))
    adress, sida = granskad(client, data.encode(), "budgetposter.csv")
    assert "Budgetposter 2 000 0 0" in texten(sida)
    las_in(client, adress)
    assert Budgetpost.objects.count() == RADER_HOGST
    svar = ladda_upp(client, (data + rad % (2015, 9999)).encode(), "budgetposter.csv")
    assert "fler än 2000 rader" in texten(svar)


def test_omradena_har_sina_filer():
    assert set(Omrade.values) == {"insatser", "deltaganden"}

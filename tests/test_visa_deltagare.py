"""Visa deltagare: urval, ordning, räckvidd, logg och fil (P2, P7, P8, P22)."""

import io
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import brister, listor, tjanster
from deltagare.brister import Brist
from deltagare.models import Deltagande, Svar
from tests import fabriker
from tests.test_logg import utan_logg

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
SIDAN = "/deltagare/"


@pytest.fixture
def insats():
    return fabriker.insats(namn="Vägen vidare")


@pytest.fixture
def konto(client, insats):
    ansvarig = fabriker.deltagaransvarig(insats)
    client.force_login(ansvarig)
    return ansvarig


def ut(deltagande, konto, dag, anledning="fullfoljd"):
    satt_sammanhang(konto)
    return tjanster.utregistrera(
        deltagande=deltagande,
        version=deltagande.version,
        utregistrering=dag,
        avslutningsanledning=anledning,
        efter={},
        av=konto,
    )


def namnen(svar):
    return [rad.namn for rad in svar.context["rader"]]


def text(svar):
    return " ".join(svar.content.decode().split())


@pytest.fixture
def blandat(insats, konto):
    """Fyra i olika lägen: Åsa och Örjan pågår, Anna har slutat, Érik är felregistrerad."""

    def en(fornamn, efternamn, dag, *, man=False):
        nummer = fabriker.nytt_nummer(man=man)
        return fabriker.inregistrera(
            insats, konto, nummer=nummer, fornamn=fornamn, efternamn=efternamn, inregistrering=dag
        )

    en("Åsa", "Ärla", date(2025, 3, 1))
    en("Örjan", "Öst", date(2020, 1, 1), man=True)
    ut(en("Anna", "Zander", date(2024, 5, 5)), konto, date(2025, 2, 2), "flytt")
    ut(en("Érik", "Ek", date(2025, 1, 1), man=True), konto, date(2025, 1, 1), "felregistrering")
    return insats


ALLA = [
    # (efternamn, kön, in, ut, anledning)
    ("Ärla, Åsa", "kvinna", date(2025, 3, 1), None, ""),
    ("Öst, Örjan", "man", date(2020, 1, 1), None, ""),
    ("Zander, Anna", "kvinna", date(2024, 5, 5), date(2025, 2, 2), "flytt"),
    ("Ek, Érik", "man", date(2025, 1, 1), date(2025, 1, 1), "felregistrering"),
]


@pytest.mark.parametrize(
    ("sok", "villkor"),
    [
        ({}, lambda r: r[3] is None),
        ({"status": "pagaende"}, lambda r: r[3] is None),
        ({"status": "okand"}, lambda r: r[3] is None),
        ({"status": "avslutade"}, lambda r: r[3] and r[4] != "felregistrering"),
        ({"status": "felregistrerade"}, lambda r: r[4] == "felregistrering"),
        ({"status": "alla"}, lambda r: True),
        ({"status": "alla", "in_fran": "2025-01-01"}, lambda r: r[2] >= date(2025, 1, 1)),
        ({"status": "alla", "in_till": "20250101"}, lambda r: r[2] <= date(2025, 1, 1)),
        ({"status": "alla", "ut_fran": "2025-02-02"}, lambda r: r[3] and r[3] >= date(2025, 2, 2)),
        ({"status": "alla", "ut_till": "2025-02-01"}, lambda r: r[3] and r[3] <= date(2025, 2, 1)),
        ({"status": "alla", "kon": "man"}, lambda r: r[1] == "man"),
        ({"status": "alla", "kon": "annat"}, lambda r: True),
        ({"status": "alla", "anledning": "flytt"}, lambda r: r[4] == "flytt"),
        ({"status": "alla", "brist": "over_tre_ar"}, lambda r: r[3] is None and r[2] < date(IDAG.year - 3, 1, 1)),
        ({"status": "alla", "brist": "finns_inte"}, lambda r: True),
    ],
)
def test_varje_urval(client, blandat, sok, villkor):
    svar = client.get(SIDAN, {"insats": blandat.pk, **sok})

    assert set(namnen(svar)) == {rad[0] for rad in ALLA if villkor(rad)}


@pytest.mark.parametrize(
    ("kod", "nyckel"),
    [
        ("namn", lambda r: listor.sortnyckel(r[0])),
        ("inregistrering", lambda r: r[2]),
        ("finns_inte", lambda r: listor.sortnyckel(r[0])),
    ],
)
@pytest.mark.parametrize("fallande", [False, True])
def test_varje_ordning(client, blandat, kod, nyckel, fallande):
    svar = client.get(SIDAN, {"insats": blandat.pk, "status": "alla", "sortering": f"-{kod}" if fallande else kod})

    stigande_bara = kod == "finns_inte"
    vantat = [rad[0] for rad in sorted(ALLA, key=nyckel, reverse=fallande and not stigande_bara)]
    assert namnen(svar) == vantat


def test_svensk_ordning_pa_namnen(client, blandat):
    assert namnen(client.get(SIDAN, {"status": "alla"})) == ["Ek, Érik", "Zander, Anna", "Ärla, Åsa", "Öst, Örjan"]


def test_de_utan_utregistrering_star_sist_at_bada_hallen(client, blandat):
    for tecken in ("", "-"):
        funna = namnen(client.get(SIDAN, {"status": "alla", "sortering": f"{tecken}utregistrering"}))
        assert set(funna[2:]) == {"Ärla, Åsa", "Öst, Örjan"}
        assert funna[:2] == (["Ek, Érik", "Zander, Anna"] if not tecken else ["Zander, Anna", "Ek, Érik"])


def test_aldersordningen(client, insats, konto):
    for fodd in ("19900101", "19500101", "19700101"):
        nummer = listor_nummer(fodd)
        fabriker.inregistrera(insats, konto, nummer=nummer)

    rader = client.get(SIDAN, {"sortering": "alder"}).context["rader"]
    assert [rad.deltagande.alder for rad in rader] == sorted(rad.deltagande.alder for rad in rader)
    assert len({rad.deltagande.alder for rad in rader}) == 3


def listor_nummer(fodd):
    return fabriker.tolka(fabriker.personnummer(fodd), idag=IDAG)


@pytest.mark.parametrize(
    "text", ["Åsa", "åsa", "ÄRLA", "Öst", "Ek", "Érik", "Zzyzx", "Æther", "Ülle", "Àk", "e\u0301k"]
)
def test_sortnyckeln_ar_databasens(text):
    with connection.cursor() as markor:
        markor.execute("SELECT sus_sortnyckel(%s)", [text])
        assert listor.sortnyckel(text) == markor.fetchone()[0]


def test_datum_som_ar_fel_sags_och_visar_inget(client, blandat):
    svar = client.get(SIDAN, {"in_fran": "i går"})
    assert namnen(svar) == []
    assert "Ange datumet som åååå-mm-dd." in text(svar)
    assert "<title>Fel: Visa deltagare – SUS</title>" in text(svar)
    omvant = client.get(SIDAN, {"ut_fran": "2025-02-02", "ut_till": "2025-02-01"})
    assert "Till och med kan inte vara före från och med." in text(omvant)


def test_den_enda_insatsen_ar_vald_och_flera_valjs(client, konto, insats, blandat):
    assert client.get(SIDAN).context["insats"] == insats
    annan = fabriker.insats(namn="Broar")
    fabriker.uppdrag(konto, "deltagaransvarig", annan)

    svar = client.get(SIDAN)

    assert svar.context["insats"] is None
    assert "Välj insats" in text(svar)
    assert namnen(svar) == []
    assert not Handelse.objects.filter(typ="person_i_lista", insats_id=annan.pk).exists()
    assert "Inga pågående deltagare" in text(client.get(SIDAN, {"insats": annan.pk}))
    inga = client.get(SIDAN, {"insats": annan.pk, "status": "alla"})
    assert "Inga deltagare matchar urvalet" in text(inga)
    assert f'href="/deltagare/?insats={annan.pk}"' in text(inga)


def test_utan_uppdrag_sags_vem_man_vander_sig_till(client):
    client.force_login(fabriker.anvandare("deltagaransvarig"))

    assert "Du saknar uppdrag som deltagaransvarig." in text(client.get(SIDAN))


# Räckvidd


def test_en_annans_insats_finns_inte(client, konto, insats):
    annan = fabriker.insats()
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan))

    for namn in ("deltagare:visa", "deltagare:export", "deltagare:samtycken"):
        for vad in (annan.pk, 999_999, "x", "9" * 40, "\x00"):
            assert client.get(reverse(namn), {"insats": vad}).status_code == 404, (namn, vad)
    assert client.post(f"{reverse('deltagare:export')}?insats={annan.pk}", {"andamal": "kontroll"}).status_code == 404


def test_en_person_i_tva_insatser_visas_bara_i_den_egna(client, konto, insats):
    nummer = fabriker.nytt_nummer()
    annan = fabriker.insats(namn="Bortom räckhåll")
    fabriker.inregistrera(annan, fabriker.deltagaransvarig(annan), nummer=nummer, efternamn="Annan")
    eget = fabriker.inregistrera(insats, konto, nummer=nummer, efternamn="Eken")

    svar = client.get(SIDAN, {"status": "alla"})

    assert [rad.deltagande.pk for rad in svar.context["rader"]] == [eget.pk]
    assert "Bortom räckhåll" not in text(svar)


def test_utan_identitet_visas_ingen_och_loggas_ingen(client, konto, insats):
    nummer = fabriker.nytt_nummer()
    kvar = fabriker.insats()
    fabriker.uppdrag(konto, "deltagaransvarig", kvar)
    fabriker.inregistrera(kvar, konto, nummer=nummer, efternamn="Zzyzx")
    borttagen = fabriker.inregistrera(insats, konto, nummer=nummer, efternamn="Zzyzx")
    ut(borttagen, konto, date(2025, 6, 1), "atertaget_samtycke")
    Handelse.objects.filter(typ="person_i_lista").count()

    svar = client.get(SIDAN, {"insats": insats.pk, "status": "alla"})

    (rad,) = svar.context["rader"]
    assert (rad.namn, rad.nummer) == ("Utan identitet", "")
    assert "Zzyzx" not in text(svar)
    assert not Handelse.objects.filter(typ="person_i_lista").exists()


def test_de_utan_identitet_star_sist_i_namnordningen(client, konto, insats):
    ut(fabriker.inregistrera(insats, konto, efternamn="Aaa"), konto, date(2025, 6, 1), "atertaget_samtycke")
    fabriker.inregistrera(insats, konto, efternamn="Öst")

    for ordning in ("namn", "-namn"):
        svar = client.get(SIDAN, {"status": "alla", "sortering": ordning})
        assert namnen(svar) == ["Öst, Kim", "Utan identitet"]


# P7 och P8


def test_en_rad_i_loggen_per_person_som_visas(client, konto, insats):
    visade = [fabriker.inregistrera(insats, konto) for _ in range(3)]
    ut(fabriker.inregistrera(insats, konto), konto, date(2025, 6, 1))

    svar = client.get(SIDAN)

    rader = Handelse.objects.filter(typ="person_i_lista")
    assert {(r.person_id, r.insats_id, r.av_id, r.detaljer["deltagande"]) for r in rader} == {
        (d.person_id, insats.pk, konto.pk, d.pk) for d in visade
    }
    assert all(r.uppdrag_id for r in rader)
    assert "no-store" in svar.headers["Cache-Control"]


def test_personnumret_ar_maskerat_tills_visa(client, konto, insats):
    nummer = fabriker.nytt_nummer()
    ett = fabriker.inregistrera(insats, konto, nummer=nummer)

    lista = text(client.get(SIDAN))

    assert f"{nummer.nummer[:8]}-****" in lista
    for hemligt in (nummer.nummer, nummer.utskrivet, nummer.nummer[2:]):
        assert hemligt not in lista
    cell = client.post(reverse("deltagare:personnummer", args=[ett.pk]), headers={"HX-Request": "true"})
    assert text(cell) == f'<span class="sus-nowrap" tabindex="-1" data-fokus>{nummer.utskrivet}</span>'
    assert Handelse.objects.filter(typ="personnummer_visat", person_id=ett.person_id).count() == 1


def test_htmx_far_bara_raderna(client, blandat):
    svar = client.get(SIDAN, headers={"HX-Request": "true"})

    assert svar.content.decode().strip().startswith('<section id="deltagarlista">')
    assert "HX-Request" in svar.headers["Vary"]


@pytest.mark.parametrize("vad", ["lista", "export", "person", "samtycken"])
def test_utan_logg_visas_inget(insats, konto, vad):
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(insats, konto, nummer=nummer, fornamn="Kanariefågel", efternamn="Zzyzx")
    client = Client(raise_request_exception=False)
    client.force_login(konto)
    gor = {
        "lista": lambda: client.get(SIDAN),
        "export": lambda: client.post("/deltagare/export/", {"andamal": "kontroll"}),
        "person": lambda: client.post("/deltagare/person/", {"personnummer": nummer.nummer}),
        "samtycken": lambda: client.get("/deltagare/samtycken/"),
    }
    assert gor[vad]().status_code == 200
    with utan_logg():
        svar = gor[vad]()
    assert svar.status_code in {403, 500}
    assert b"Zzyzx" not in svar.content


def test_inget_namn_eller_nummer_i_adress_titel_eller_logg(client, konto, insats, caplog):
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(insats, konto, nummer=nummer, fornamn="Kanariefågel", efternamn="Zzyzx")
    svaren = [
        client.get(SIDAN, {"sortering": "-namn"}),
        client.get("/deltagare/export/"),
        client.post("/deltagare/person/", {"personnummer": nummer.nummer}),
        client.get("/deltagare/samtycken/"),
    ]
    fil = client.post("/deltagare/export/", {"andamal": "kontroll", "personnummer": "on"})

    hemligt = ("Kanariefågel", "Zzyzx", nummer.nummer, nummer.utskrivet, nummer.nummer[2:])
    for svar in svaren:
        sida = svar.content.decode()
        titel = sida[sida.index("<title>") : sida.index("</title>")]
        adresser = "\n".join(del_.split('"')[0] for del_ in sida.split('href="')[1:])
        for ett in hemligt:
            assert ett not in titel
            assert ett not in adresser
    loggat = "\n".join(str(rad.detaljer) for rad in Handelse.objects.all()) + caplog.text
    for ett in hemligt:
        assert ett not in loggat
        assert ett not in fil.headers["Content-Disposition"]


# Antal frågor


def test_lika_manga_fragor_med_en_och_hundra(client, konto, insats):
    fabriker.fraga(insats.samverkansorganisation)
    fabriker.inregistrera(insats, konto)
    client.get(SIDAN)
    en = fragor(lambda: client.get(SIDAN))
    for nr in range(119):
        fabriker.inregistrera(insats, konto, efternamn=f"Nr{nr}")

    svar = client.get(SIDAN)
    hundra = fragor(lambda: client.get(SIDAN))

    assert len(svar.context["rader"]) == 100
    assert "<strong>120</strong> registreringar, visar 1–100" in text(svar)
    assert len(client.get(SIDAN, {"sida": 2}).context["rader"]) == 20
    assert en == hundra <= 12
    assert fragor(lambda: client.get(SIDAN, {"sortering": "alder"})) == hundra


def fragor(gor):
    with CaptureQueriesContext(connection) as fangade:
        gor()
    return len([f for f in fangade if not f["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))])


# Det som väntar


def facit(ett, frageid, idag):
    """Bristerna räknade i Python, ur de sparade raderna."""
    funna = set()
    pagar = ett.utregistrering is None
    slut = ett.insats.slutdatum
    if pagar and slut and slut < idag:
        funna.add(Brist.INSATSEN_SLUT)
    tre = (ett.inregistrering.year + 3, ett.inregistrering.month, ett.inregistrering.day)
    if pagar and tre < (idag.year, idag.month, idag.day):
        funna.add(Brist.OVER_TRE_AR)
    raknas = not ett.felregistrerad and not ett.avidentifierat
    gammalt = ett.samtycke and ett.samtycke <= idag - timedelta(days=30)
    if raknas and gammalt and ett.samtycke_arkiverat is None:
        funna.add(Brist.SAMTYCKE_EJ_ARKIVERAT)
    dagar = {"in": ett.inregistrering, "ut": ett.utregistrering}
    svarade = set(Svar.objects.filter(deltagande=ett).values_list("fraga_id", "tillfalle"))
    nyss = pagar or ett.utregistrering >= idag - timedelta(days=365)
    for fraga in frageid:
        for nar, dag in dagar.items():
            stalls = dag and fraga.tillfalle in {nar, "bada"} and fraga.fran <= dag <= (fraga.till or dag)
            if raknas and nyss and stalls and (fraga.pk, nar) not in svarade:
                funna.add(Brist.OBESVARADE_FRAGOR)
    return funna


def test_bristerna_ar_de_som_raknas_for_hand(client, konto, insats):
    org = insats.samverkansorganisation
    fragan = fabriker.fraga(org, "tal", tillfalle="bada", fran=IDAG - timedelta(days=800))
    fabriker.fraga(org, "tal", tillfalle="in", fran=date(2016, 1, 1), till=date(2016, 12, 31))
    fabriker.fraga(fabriker.organisation(), "tal")
    dagar = [
        IDAG - timedelta(days=antal) for antal in (0, 29, 30, 31, 300, 799, 800, 801, 1090, 1094, 1095, 1096, 1097)
    ]
    dagar += [date(2016, 6, 1), date(2015, 6, 1)]
    for nr, dag in enumerate(dagar):
        svar = [(fragan, 5)] if nr % 3 == 0 and dag >= fragan.fran else []
        fabriker.inregistrera(insats, konto, inregistrering=dag, svar=svar)
        till = fabriker.inregistrera(insats, konto, inregistrering=dag)
        if nr % 2:
            anledning = ("fullfoljd", "felregistrering", "atertaget_samtycke")[nr % 3]
            ut(till, konto, min(IDAG, dag + timedelta(days=10)), anledning)
    Deltagande.objects.filter(inregistrering=dagar[4]).update(samtycke_arkiverat=IDAG)
    fragorna = [fragan, *type(fragan).objects.filter(samverkansorganisation=org).exclude(pk=fragan.pk)]

    rader = client.get(SIDAN, {"status": "alla"}).context["rader"]

    assert len(rader) == 2 * len(dagar)
    for rad in rader:
        ett = Deltagande.objects.select_related("insats").get(pk=rad.deltagande.pk)
        assert set(rad.brister) == facit(ett, fragorna, IDAG), (ett.inregistrering, ett.utregistrering)
    assert {b for rad in rader for b in rad.brister} == set(Brist) - {Brist.INSATSEN_SLUT}
    for brist in Brist:
        funna = client.get(SIDAN, {"status": "alla", "brist": brist.value}).context["rader"]
        assert {r.deltagande.pk for r in funna} == {r.deltagande.pk for r in rader if brist in r.brister}


def test_insatsen_har_slutat(client, konto):
    slut = fabriker.insats(slutdatum=IDAG - timedelta(days=1))
    fabriker.uppdrag(konto, "deltagaransvarig", slut)
    fabriker.inregistrera(slut, konto)

    (rad,) = client.get(SIDAN, {"insats": slut.pk, "brist": "insatsen_slut"}).context["rader"]
    assert Brist.INSATSEN_SLUT in rad.brister


@pytest.mark.parametrize(
    ("dag", "idag", "over"),
    [
        (date(2021, 11, 21), date(2024, 11, 22), True),
        (date(2021, 11, 22), date(2024, 11, 22), False),
        (date(2024, 2, 29), date(2027, 2, 28), False),
        (date(2024, 2, 29), date(2027, 3, 1), True),
        (date(2021, 2, 28), date(2024, 2, 29), True),
        (date(2021, 3, 1), date(2024, 2, 29), False),
    ],
)
def test_tre_ar_och_skottdagen(konto, insats, dag, idag, over):
    ett = fabriker.inregistrera(insats, konto, inregistrering=dag)
    egna = Deltagande.objects.filter(pk=ett.pk)

    assert brister.med_brist(egna, Brist.OVER_TRE_AR, idag=idag).exists() is over


# Filen


def filen(client, sok="", **falt):
    svar = client.post(f"/deltagare/export/{sok}", {"andamal": "kontroll", **falt})
    assert svar.headers["Content-Type"].startswith("application/vnd.openxmlformats"), text(svar)
    return svar, load_workbook(io.BytesIO(svar.content)).active


def test_filen_ar_listan_som_den_visas(client, konto, insats, blandat):
    svar, ark = filen(client, "?status=alla&sortering=-namn")

    rader = [[cell.value for cell in rad] for rad in ark.iter_rows()]
    assert rader[0] == [rubrik for rubrik, _ in listor.KOLUMNER]
    visade = client.get(SIDAN, {"status": "alla", "sortering": "-namn"}).context["rader"]
    assert [rad[0] for rad in rader[1:]] == [rad.namn for rad in visade]
    zander = next(rad for rad in rader if rad[0] == "Zander, Anna")
    assert zander[2] == "Kvinna"
    assert zander[4].date() == date(2024, 5, 5)
    assert zander[5].date() == date(2025, 2, 2)
    assert zander[6] == "Flytt"
    assert zander[1].endswith("-****")
    assert svar.headers["Content-Disposition"] == f'attachment; filename="deltagare_{IDAG}.xlsx"'
    assert "no-store" in svar.headers["Cache-Control"]


def test_hela_personnummer_bara_nar_det_valts_och_andamalet_i_loggen(client, konto, insats):
    nummer = fabriker.nytt_nummer()
    ett = fabriker.inregistrera(insats, konto, nummer=nummer)

    _, maskerad = filen(client)
    _, hel = filen(client, andamal="begaran", personnummer="on")

    assert maskerad["B2"].value == f"{nummer.nummer[:8]}-****"
    assert hel["B2"].value == nummer.utskrivet
    rader = Handelse.objects.filter(typ="deltagare_exporterad").order_by("pk")
    assert [(r.person_id, r.detaljer) for r in rader] == [
        (ett.person_id, {"deltagande": ett.pk, "andamal": "kontroll", "personnummer": False}),
        (ett.person_id, {"deltagande": ett.pk, "andamal": "begaran", "personnummer": True}),
    ]


@pytest.mark.parametrize("andamal", ["", "annat", "för att jag vill"])
def test_utan_andamal_ingen_fil(client, konto, insats, andamal):
    fabriker.inregistrera(insats, konto, efternamn="Zzyzx")

    svar = client.post("/deltagare/export/", {"andamal": andamal})

    assert svar.headers["Content-Type"].startswith("text/html")
    assert "Filen är inte hämtad. Rätta följande:" in text(svar)
    assert "Zzyzx" not in text(svar)
    assert not Handelse.objects.filter(typ="deltagare_exporterad").exists()


@pytest.mark.parametrize("namn", ["=SUM(1)", "+46", "-1", "@a"])
def test_fientliga_namn_blir_text(client, konto, insats, namn):
    fabriker.inregistrera(insats, konto, efternamn=namn)

    _, ark = filen(client)

    assert ark["A2"].value == f"{namn}, Kim"
    assert (ark["A2"].data_type, ark["A2"].quotePrefix) == ("s", True)


def test_filen_ar_begransad(client, konto, insats, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "deltagarfil": (1, 600)}
    filen(client)

    assert client.get("/deltagare/export/").status_code == 200
    assert client.post("/deltagare/export/", {"andamal": "kontroll"}).status_code == 429


# Historik enskild deltagare


def test_personens_registreringar_i_alla_egna_insatser(client, konto, insats):
    nummer = fabriker.nytt_nummer()
    annan, bortom = fabriker.insats(namn="Broar"), fabriker.insats(namn="Bortom räckhåll")
    fabriker.uppdrag(konto, "deltagaransvarig", annan)
    fabriker.inregistrera(bortom, fabriker.deltagaransvarig(bortom), nummer=nummer)
    forsta = ut(fabriker.inregistrera(insats, konto, nummer=nummer), konto, date(2025, 4, 1), "flytt")
    andra = fabriker.inregistrera(annan, konto, nummer=nummer, inregistrering=date(2025, 5, 1))
    fabriker.inregistrera(insats, konto)

    svar = client.post("/deltagare/person/", {"personnummer": nummer.utskrivet[2:]})

    sida = text(svar)
    assert [ett.pk for ett, _ in svar.context["rader"]] == [andra.pk, forsta.pk]
    for finns in ("Broar", "Vägen vidare", "Flytt", "Kim Påhittad", f'href="/deltagare/{forsta.pk}/"'):
        assert finns in sida
    assert "Bortom räckhåll" not in sida
    rader = Handelse.objects.filter(typ="person_visad")
    assert {(r.person_id, r.insats_id, r.detaljer["deltagande"]) for r in rader} == {
        (forsta.person_id, insats.pk, forsta.pk),
        (forsta.person_id, annan.pk, andra.pk),
    }


def test_den_som_inte_finns_och_den_utom_rackhall_far_samma_svar(client, konto, insats):
    bortom = fabriker.insats()
    utom, finns_inte, borta = fabriker.nytt_nummer(), fabriker.nytt_nummer(), fabriker.nytt_nummer()
    fabriker.inregistrera(bortom, fabriker.deltagaransvarig(bortom), nummer=utom, efternamn="Zzyzx")
    ut(fabriker.inregistrera(insats, konto, nummer=borta), konto, date(2025, 6, 1), "atertaget_samtycke")

    svaren, antal = set(), set()
    for nummer in (utom, finns_inte, borta):
        svar = client.post("/deltagare/person/", {"personnummer": nummer.utskrivet})
        sida = text(svar).replace(nummer.utskrivet, "").split("<main")[1]
        svaren.add(re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", sida))
        antal.add(fragor(lambda n=nummer: client.post("/deltagare/person/", {"personnummer": n.utskrivet})))

    (sida,) = svaren
    assert "Ingen registrering med det numret" in sida
    assert len(antal) == 1
    assert max(antal) <= 12


def test_personsokningen_utan_traff_loggas_utan_person(client, konto, insats):
    client.post("/deltagare/person/", {"personnummer": fabriker.nytt_nummer().utskrivet})

    rad = Handelse.objects.get(typ="person_sokt")
    assert (rad.av_id, rad.insats_id, rad.person_id, rad.detaljer) == (konto.pk, None, None, {"utfall": "utan_traff"})


def test_personsokningen_raknas_bara_nar_den_skickas(client, konto, insats, settings):
    settings.SUS_TAKT = {**settings.SUS_TAKT, "personsokning": (1, 60)}
    for _ in range(3):
        assert client.get("/deltagare/person/").status_code == 200
    assert client.post("/deltagare/person/", {"personnummer": "x"}).status_code == 200
    assert client.post("/deltagare/person/", {"personnummer": "x"}).status_code == 429


def test_felet_upprepar_inte_numret_utanfor_faltet(client, konto, insats):
    svar = client.post("/deltagare/person/", {"personnummer": "19800115-1234"})

    assert "Kontrollera personnumret" in text(svar)
    assert text(svar).count("19800115-1234") == 1  # i fältet
